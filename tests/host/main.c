// SPDX-License-Identifier: GPL-2.0
/* Tests of the pure logic of gem_uma, in user space. */
#include <time.h>

#include "host.h"

static u64 state;

u64 host_random(void)
{
	/* xorshift64* */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

u64 host_random_below(u64 n)
{
	return host_random() % n;
}

static void seed(void)
{
	const char *given = getenv("HOST_SEED");
	struct timespec now;

	if (given) {
		state = strtoull(given, NULL, 0);
	} else {
		clock_gettime(CLOCK_REALTIME, &now);
		state = (u64)now.tv_sec * 1000000000 + now.tv_nsec;
	}
	state = state ?: 1;
	ktap_note("HOST_SEED=%llu", state);
}

int main(int argc, char **argv)
{
	static const struct host_tests *const all[] = {
		&host_range_tests, &host_range_16k_tests, &host_range_64k_tests,
		&host_state_tests, &host_reclaim_tests, &host_vm_tests,
	};
	static struct ktap_test tests[128];
	struct ktap_suite suite = { .tests = tests, .closing_line = true };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (suite.count + all[i]->count > ARRAY_SIZE(tests))
			ktap_bail_out("more tests than the table can hold");
		memcpy(&tests[suite.count], all[i]->tests, all[i]->count * sizeof(tests[0]));
		suite.count += all[i]->count;
	}
	seed();
	return ktap_main(&suite, argc, argv, NULL, NULL);
}
