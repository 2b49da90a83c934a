// SPDX-License-Identifier: GPL-2.0
/* Decisions of a scan, against tables written by hand. */
#include "host.h"

#include "gem_uma_reclaim_logic.h"

/* Each list needs its means; without one of them it is left out. */
static void lists_need_their_means(void)
{
	static const unsigned int needs[GEM_UMA_RECLAIM_LISTS] = {
		/* swap 1, I/O 2 */
		[GEM_UMA_EVICTED] = 3, [GEM_UMA_UNUSED] = 1, [GEM_UMA_CPU_MAPPED] = 1,
		[GEM_UMA_DEV_MAPPED] = 1, [GEM_UMA_DEV_SHARED] = 1,
	};
	unsigned int list, bits;

	for (list = 0; list < GEM_UMA_RECLAIM_LISTS; list++)
		for (bits = 0; bits < 8; bits++) {
			struct gem_uma_reclaim_means means = {
				.swap = bits & 1, .io = bits & 2, .wait = bits & 4,
			};

			if (gem_uma_reclaim_can_take(list, &means) != !(needs[list] & ~bits))
				KT_FAIL("list %u, means %#x", list, bits);
			/* Hibernation needs no I/O. */
			means.held = true;
			if (gem_uma_reclaim_can_take(list, &means) !=
			    !(needs[list] & ~bits & ~2))
				KT_FAIL("list %u, means %#x, held", list, bits);
		}
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
	{ .name = "reclaim_lists_need_their_means_panthor-28_panthor-45_panthor-46",
	  .run = lists_need_their_means },
	{ .name = "reclaim_weight_comes_before_age", .run = weight_before_age },
	{ .name = "reclaim_buckets_are_powers_of_two", .run = buckets_are_powers_of_two },
};

const struct host_tests host_reclaim_tests = HOST_TESTS(tests);
