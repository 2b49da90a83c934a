/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOST_H
#define HOST_H

#include "shim.h"
#include "ktap.h"

struct host_tests {
	const struct ktap_test *tests;
	size_t count;
};

extern const struct host_tests host_range_tests, host_range_16k_tests, host_range_64k_tests;
extern const struct host_tests host_state_tests;
extern const struct host_tests host_reclaim_tests;
extern const struct host_tests host_vm_tests;

#define HOST_TESTS(_tests) { .tests = (_tests), .count = ARRAY_SIZE(_tests) }

/*
 * Random numbers of a test. The seed is printed; HOST_SEED=<number> in the
 * environment repeats a run.
 */
u64 host_random(void);
/* 0 to @n - 1. */
u64 host_random_below(u64 n);

#endif /* HOST_H */
