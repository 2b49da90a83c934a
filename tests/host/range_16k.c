// SPDX-License-Identifier: GPL-2.0
/* Range maths where a page of the CPU has 16K. */
#define PAGE_SHIFT	14
#define RANGE_TESTS	host_range_16k_tests
#define RANGE_OF	"_of_16K_pages"
#include "range.c"
