// SPDX-License-Identifier: GPL-2.0
/* Range maths where a page of the CPU has 64K. */
#define PAGE_SHIFT	16
#define RANGE_TESTS	host_range_64k_tests
#define RANGE_OF	"_of_64K_pages"
#include "range.c"
