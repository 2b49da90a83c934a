// SPDX-License-Identifier: GPL-2.0
/* Decisions of a scan, against tables written by hand. */
#include "host.h"

#include "gem_uma_reclaim_logic.h"

static struct gem_uma_reclaim_stage stage_of(unsigned int bits)
{
	return (struct gem_uma_reclaim_stage) {
		.needs_swap = bits & 1, .needs_io = bits & 2, .busy = bits & 4,
	};
}

static struct gem_uma_reclaim_means means_of(unsigned int bits)
{
	return (struct gem_uma_reclaim_means) {
		.swap = bits & 1, .io = bits & 2, .wait = bits & 4,
	};
}

/* Each need has its means; one that is missing keeps the stage from running. */
static void stage_runs_with_all_means(void)
{
	unsigned int needs, means;

	for (needs = 0; needs < 8; needs++)
		for (means = 0; means < 8; means++) {
			struct gem_uma_reclaim_stage stage = stage_of(needs);
			struct gem_uma_reclaim_means have = means_of(means);

			if (gem_uma_reclaim_stage_can_run(&stage, &have) != !(needs & ~means))
				KT_FAIL("needs %#x, means %#x", needs, means);
		}
}

/* Without swap, I/O or time: what needs none of them goes on. */
static void stage_without_needs_always_runs(void)
{
	struct gem_uma_reclaim_stage stage = { .name = "discardable" };
	struct gem_uma_reclaim_means none = { .swap = false };

	KT_EQ(gem_uma_reclaim_stage_can_run(&stage, &none), true);
	stage.needs_swap = true;
	KT_EQ(gem_uma_reclaim_stage_can_run(&stage, &none), false);
}

static void weight_before_age(void)
{
	KT_EQ(gem_uma_reclaim_is_better(1, 9, 2, 3), true);
	KT_EQ(gem_uma_reclaim_is_better(2, 3, 1, 9), false);
	KT_EQ(gem_uma_reclaim_is_better(2, 3, 2, 9), true);
	KT_EQ(gem_uma_reclaim_is_better(2, 9, 2, 3), false);
	/* Or the first found would change places with its equals for ever. */
	KT_EQ(gem_uma_reclaim_is_better(2, 3, 2, 3), false);
	KT_EQ(gem_uma_reclaim_is_better(0, U64_MAX, 1, 0), true);
}

static void buckets_are_powers_of_two(void)
{
	unsigned int i;

	KT_EQ(gem_uma_reclaim_bucket(0), 0);
	for (i = 1; i < GEM_UMA_RECLAIM_BUCKETS - 1; i++) {
		KT_EQ(gem_uma_reclaim_bucket(1ULL << (i - 1)), i);
		KT_EQ(gem_uma_reclaim_bucket((1ULL << i) - 1), i);
	}
	KT_EQ(gem_uma_reclaim_bucket(1ULL << (i - 1)), GEM_UMA_RECLAIM_BUCKETS - 1);
	KT_EQ(gem_uma_reclaim_bucket(U64_MAX), GEM_UMA_RECLAIM_BUCKETS - 1);
}

static const struct ktap_test tests[] = {
	{ "reclaim_stage_runs_with_all_means_panthor-28_panthor-45", stage_runs_with_all_means,
	  0, 0 },
	{ "reclaim_stage_without_needs_always_runs_panthor-46", stage_without_needs_always_runs,
	  0, 0 },
	{ "reclaim_weight_comes_before_age", weight_before_age, 0, 0 },
	{ "reclaim_buckets_are_powers_of_two", buckets_are_powers_of_two, 0, 0 },
};

const struct host_tests host_reclaim_tests = HOST_TESTS(tests);
