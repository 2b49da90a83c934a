// SPDX-License-Identifier: GPL-2.0
/* Tests of the reclaim part: stages, waiting, the driver's policy, what is counted. */
#include <linux/dma-fence.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>

#include "gem_uma_fake.h"
#include "gem_uma_test_object.h"

/* Objects of each stage that may refuse a scan; waits of kswapd after each count. */
#define PATIENCE	64
#define WAITS		4

/* A job of nobody. */
struct stages_fence {
	struct dma_fence base;
	/* The lock of the fence. */
	spinlock_t lock;
	/* Ends as soon as somebody waits for it. */
	bool ends_when_waited_for;
	/* How often it was asked whether it has ended. */
	atomic_t asked;
};

static struct stages_fence *to_stages_fence(struct dma_fence *fence)
{
	return container_of(fence, struct stages_fence, base);
}

static const char *stages_fence_name(struct dma_fence *fence)
{
	return "gem-uma-stages";
}

static bool stages_fence_signaled(struct dma_fence *fence)
{
	atomic_inc(&to_stages_fence(fence)->asked);
	return false;
}

static bool stages_fence_enable(struct dma_fence *fence)
{
	return !to_stages_fence(fence)->ends_when_waited_for;
}

static const struct dma_fence_ops stages_fence_ops = {
	.get_driver_name = stages_fence_name, .get_timeline_name = stages_fence_name,
	.signaled = stages_fence_signaled, .enable_signaling = stages_fence_enable,
};

static void stages_fence_end(void *fence)
{
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/* Explicit submission registers nothing but BOOKKEEP. */
static struct stages_fence *stages_make_busy(struct kunit *test, struct dma_resv *resv)
{
	struct stages_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &stages_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, stages_fence_end,
							   &fence->base));
	dma_resv_lock(resv, NULL);
	KUNIT_ASSERT_EQ(test, 0, dma_resv_reserve_fences(resv, 1));
	dma_resv_add_fence(resv, &fence->base, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_unlock(resv);
	return fence;
}

static unsigned long stages_scan(struct gem_uma_fake_room *room, unsigned long nr_pages,
				 unsigned long *nr_scanned)
{
	struct shrinker *shrinker = room->rdev->shrinker;
	struct shrink_control sc = {
		.gfp_mask = GFP_KERNEL, .nid = room->nid, .nr_to_scan = nr_pages,
		.nr_scanned = nr_pages,
	};
	unsigned long ret;

	fs_reclaim_acquire(sc.gfp_mask);
	ret = shrinker->scan_objects(shrinker, &sc);
	fs_reclaim_release(sc.gfp_mask);
	if (nr_scanned)
		*nr_scanned = sc.nr_scanned;
	return ret;
}

/* As kswapd does, which is known by this flag. */
static unsigned long stages_scan_kswapd(struct gem_uma_fake_room *room,
					unsigned long nr_pages, unsigned long *nr_scanned)
{
	unsigned long ret;

	current->flags |= PF_KSWAPD;
	ret = stages_scan(room, nr_pages, nr_scanned);
	current->flags &= ~PF_KSWAPD;
	return ret;
}

/* What scans have counted for a list so far. */
static long stages_count(struct gem_uma_fake_room *room, enum gem_uma_reclaim_state list,
			 enum gem_uma_reclaim_count count)
{
	return atomic64_read(&room->rdev->stats.stages[list].counts[count]);
}

/* All of them private to one VM, so to speak. */
static struct stages_fence *stages_busy_vm(struct gem_uma_fake_room *room, unsigned int nr)
{
	struct gem_uma_fake *root = gem_uma_fake_create(room, NULL, -1);
	unsigned int i;

	room->resv = root->base.resv;
	for (i = 0; i < nr; i++)
		gem_uma_fake_filed(room, i, GEM_UMA_DEV_MAPPED, 1);
	room->resv = NULL;
	return stages_make_busy(room->test, root->base.resv);
}

static void stages_busy_is_left_alone_but_by_kswapd_panthor_29(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_DEV_MAPPED, 3);

	gem_uma_mock_needs_swap(test);
	stages_make_busy(test, fake->base.resv)->ends_when_waited_for = true;
	KUNIT_EXPECT_EQ(test, stages_scan(room, 3, NULL), 0);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 3), 0);
	KUNIT_EXPECT_EQ(test, fake->evicts, 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_WAITED), 0);

	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 3, NULL), 3);
	KUNIT_EXPECT_EQ(test, fake->evicts, 1);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_WAITED), 1);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_PAGES), 3);
}

static void stages_shared_busy_comes_last(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *busy_shared = gem_uma_fake_filed(room, 0, GEM_UMA_DEV_SHARED, 1);
	struct gem_uma_fake *busy = gem_uma_fake_filed(room, 1, GEM_UMA_DEV_MAPPED, 1);

	gem_uma_mock_needs_swap(test);
	gem_uma_fake_filed(room, 2, GEM_UMA_DEV_SHARED, 1);
	stages_make_busy(test, busy_shared->base.resv)->ends_when_waited_for = true;
	stages_make_busy(test, busy->base.resv)->ends_when_waited_for = true;
	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 3, NULL), 3);
	KUNIT_ASSERT_EQ(test, room->nr_order, 3);
	KUNIT_EXPECT_EQ(test, room->order[0], 2);
	KUNIT_EXPECT_EQ(test, room->order[1], 1);
	KUNIT_EXPECT_EQ(test, room->order[2], 0);
}

/* One object of @pages each was filed, in the order of @lists: the last has gone first. */
static void stages_expect_reversed(struct gem_uma_fake_room *room,
				   const enum gem_uma_reclaim_state *lists, unsigned int nr,
				   unsigned long pages)
{
	struct kunit *test = room->test;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, room->nr_order, nr);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, room->order[i], nr - 1 - i);
		KUNIT_EXPECT_EQ(test, stages_count(room, lists[i], GEM_UMA_RECLAIM_OBJECTS), 1);
		KUNIT_EXPECT_EQ(test, stages_count(room, lists[i], GEM_UMA_RECLAIM_PAGES), pages);
	}
}

/* Each in a stage of its own, and none of them needs swap. */
static void stages_what_need_not_be_kept_goes_first_panthor_46(struct kunit *test)
{
	static const enum gem_uma_reclaim_state stages[] = {
		GEM_UMA_NEVER_WRITTEN, GEM_UMA_PURGEABLE, GEM_UMA_DISCARDABLE,
	};
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fakes[ARRAY_SIZE(stages)], *other;
	unsigned int i, nr = ARRAY_SIZE(stages);

	other = gem_uma_fake_filed(room, nr, GEM_UMA_UNUSED, 2);
	for (i = 0; i < nr; i++)
		fakes[i] = gem_uma_fake_filed(room, i, stages[i], 2);
	KUNIT_EXPECT_EQ(test, stages_scan(room, 2 * nr, NULL), 2 * nr);
	stages_expect_reversed(room, stages, nr, 2);
	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, fakes[i]->purges, 1);
		KUNIT_EXPECT_EQ(test, fakes[i]->evicts, 0);
	}
	KUNIT_EXPECT_EQ(test, other->purges + other->evicts, 0);
}

/* As with those that have to be kept: nobody's allocation waits for jobs. */
static void stages_busy_is_purged_by_kswapd_alone_panthor_29(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fakes[GEM_UMA_EVICTED];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fakes); i++) {
		fakes[i] = gem_uma_fake_filed(room, i, i, 3);
		stages_make_busy(test, fakes[i]->base.resv)->ends_when_waited_for = true;
	}
	KUNIT_EXPECT_EQ(test, stages_scan(room, 9, NULL), 0);
	KUNIT_EXPECT_EQ(test, room->nr_order, 0);
	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 9, NULL), 9);
	for (i = 0; i < ARRAY_SIZE(fakes); i++) {
		KUNIT_EXPECT_EQ(test, fakes[i]->purges, 1);
		KUNIT_EXPECT_EQ(test, stages_count(room, i, GEM_UMA_RECLAIM_WAITED), 1);
		KUNIT_EXPECT_EQ(test, stages_count(room, i, GEM_UMA_RECLAIM_PAGES), 3);
	}
}

/* What no job uses may share its resv with what jobs use: it goes before that. */
static void stages_busy_and_not_bound_goes_before_bound(struct kunit *test)
{
	static const enum gem_uma_reclaim_state stages[] = {
		GEM_UMA_DEV_MAPPED, GEM_UMA_CPU_MAPPED, GEM_UMA_UNUSED,
	};
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	unsigned int i, nr = ARRAY_SIZE(stages);

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < nr; i++) {
		struct gem_uma_fake *fake = gem_uma_fake_filed(room, i, stages[i], 3);

		stages_make_busy(test, fake->base.resv)->ends_when_waited_for = true;
	}
	KUNIT_EXPECT_EQ(test, stages_scan(room, 9, NULL), 0);
	KUNIT_EXPECT_EQ(test, room->nr_order, 0);
	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 9, NULL), 9);
	stages_expect_reversed(room, stages, nr, 3);
}

/* 200 buffers of one VM whose job does not end: one wait, not 200. */
static void stages_one_wait_for_all_of_a_vm_panthor_38(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);

	gem_uma_mock_needs_swap(test);
	stages_busy_vm(room, 200);
	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 1000, NULL), 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_WAITED), 1);
	KUNIT_EXPECT_EQ(test, room->nr_order, 0);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_DEV_MAPPED), 200);
}

/* And when it ends, the wait was for all of them. */
static void stages_a_wait_that_helped_helps_all_of_the_vm(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);

	gem_uma_mock_needs_swap(test);
	stages_busy_vm(room, 200)->ends_when_waited_for = true;
	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 200, NULL), 200);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_WAITED), 1);
}

/* kswapd counts, and then scans as often as it takes. */
static void stages_waits_of_kswapd_are_bounded_panthor_38(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nid = room->nid };
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < 3 * WAITS; i++)
		stages_make_busy(test, gem_uma_fake_filed(room, i, GEM_UMA_DEV_MAPPED,
							  1)->base.resv);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 1000, NULL), 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_WAITED),
			WAITS);
	current->flags |= PF_KSWAPD;
	KUNIT_EXPECT_GT(test, room->rdev->shrinker->count_objects(room->rdev->shrinker, &sc), 0);
	current->flags &= ~PF_KSWAPD;
	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 1000, NULL), 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_WAITED),
			2 * WAITS);
}

/* A batch does not walk the list of busy buffers, nor ask each of them. */
static void stages_a_batch_looks_at_few_of_the_busy_panthor_39(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct stages_fence *fence;
	unsigned long scanned;

	gem_uma_mock_needs_swap(test);
	fence = stages_busy_vm(room, 10 * PATIENCE);
	KUNIT_EXPECT_EQ(test, stages_scan(room, 128, &scanned), 0);
	KUNIT_EXPECT_LE(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_LOOKED),
			PATIENCE);
	KUNIT_EXPECT_GE(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_LOOKED),
			PATIENCE / 2);
	KUNIT_EXPECT_GE(test, scanned, 128);
	/* They are of one VM: once is enough. */
	KUNIT_EXPECT_EQ(test, atomic_read(&fence->asked), 1);
	KUNIT_EXPECT_EQ(test, room->nr_order, 0);
}

/* The core goes on, so that what lies behind them is found. */
static void stages_idle_behind_many_busy_is_found_panthor_39(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	unsigned long freed = 0, ret, batches;
	struct gem_uma_fake *idle;

	gem_uma_mock_needs_swap(test);
	stages_busy_vm(room, 10 * PATIENCE);
	idle = gem_uma_fake_filed(room, 500, GEM_UMA_DEV_MAPPED, 1);
	/* Those compared in a batch are met twice in it. */
	for (batches = 0; batches < 20 && !freed; batches++) {
		ret = stages_scan(room, 128, NULL);
		KUNIT_ASSERT_NE(test, ret, SHRINK_STOP);
		freed += ret;
	}
	KUNIT_EXPECT_EQ(test, freed, 1);
	KUNIT_EXPECT_EQ(test, idle->evicts, 1);
}

/* Or one large buffer would be looked at for each 128 of its pages. */
static void stages_looks_in_vain_count_their_pages_panthor_31(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_DEV_MAPPED, 100000);
	unsigned long scanned;

	gem_uma_mock_needs_swap(test);
	stages_make_busy(test, fake->base.resv);
	KUNIT_EXPECT_EQ(test, stages_scan(room, 128, &scanned), 0);
	KUNIT_EXPECT_GE(test, scanned, 100000);
}

static void stages_lightest_goes_first(struct kunit *test)
{
	static const u32 weight[] = { 7, 2, 9, 2, 5 }, expected[] = { 1, 3, 4, 0, 2 };
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < ARRAY_SIZE(weight); i++) {
		struct gem_uma_fake *fake = gem_uma_fake_filed(room, i, GEM_UMA_UNUSED, 1);

		fake->weight = weight[i];
		fake->reclaim.used = 100 + i;
	}
	/* Costlier to get, so it comes later, however light it is. */
	gem_uma_fake_filed(room, 5, GEM_UMA_CPU_MAPPED, 1)->weight = 0;
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 6), 6);
	KUNIT_ASSERT_EQ(test, room->nr_order, 6);
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		KUNIT_EXPECT_EQ(test, room->order[i], expected[i]);
	KUNIT_EXPECT_EQ(test, room->order[5], 5);
}

static void stages_driver_can_keep_an_object(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *kept = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 4);
	struct gem_uma_fake *other;

	gem_uma_mock_needs_swap(test);
	kept->weight = GEM_UMA_RECLAIM_WEIGHT_KEEP;
	/* Even when there is nothing else, and by whom it may be. */
	KUNIT_EXPECT_EQ(test, stages_scan(room, 100, NULL), 0);
	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 100, NULL), 0);
	other = gem_uma_fake_filed(room, 1, GEM_UMA_UNUSED, 4);
	KUNIT_EXPECT_EQ(test, stages_scan(room, 100, NULL), 4);
	KUNIT_EXPECT_EQ(test, kept->evicts, 0);
	KUNIT_EXPECT_EQ(test, other->evicts, 1);
	KUNIT_EXPECT_GE(test, stages_count(room, GEM_UMA_UNUSED, GEM_UMA_RECLAIM_SPARED), 3);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_UNUSED), 1);
	/* What it evicted earlier is not a matter of policy. */
	kept->weight = GEM_UMA_RECLAIM_WEIGHT_NORMAL;
	KUNIT_EXPECT_EQ(test, stages_scan(room, 100, NULL), 4);
}

/* A short list is gone through twice, not until the patience of a long one ends. */
static void stages_locked_object_counts_at_most_twice_rev_C11(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *locked = gem_uma_fake_filed(room, 0, GEM_UMA_PURGEABLE, 6);
	unsigned long scanned = 0;

	gem_uma_mock_hold(test, &locked->base, 0);
	KUNIT_EXPECT_EQ(test, stages_scan(room, 1, &scanned), 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_PURGEABLE, GEM_UMA_RECLAIM_LOCKED), 2);
	KUNIT_EXPECT_EQ(test, scanned, 2 * 6);
}

/* Pages that truncation gives back are not on the LRU: the core is told of them. */
static void stages_purged_pages_count_as_reclaimed_rev_C11(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct reclaim_state state = {}, *old = current->reclaim_state;

	gem_uma_mock_needs_swap(test);
	gem_uma_fake_filed(room, 0, GEM_UMA_PURGEABLE, 6);
	gem_uma_fake_filed(room, 1, GEM_UMA_UNUSED, 5);
	current->reclaim_state = &state;
	KUNIT_EXPECT_EQ(test, stages_scan(room, 100, NULL), 11);
	current->reclaim_state = old;
	KUNIT_EXPECT_EQ(test, state.reclaimed, 6);
}

static void stages_numbers_are_what_happened(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_reclaim_stats *stats = &room->rdev->stats;
	struct gem_uma_fake *locked, *busy;

	gem_uma_mock_needs_swap(test);
	gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 5);
	locked = gem_uma_fake_filed(room, 1, GEM_UMA_CPU_MAPPED, 6);
	busy = gem_uma_fake_filed(room, 2, GEM_UMA_DEV_SHARED, 7);
	stages_make_busy(test, busy->base.resv);
	gem_uma_mock_hold(test, &locked->base, 0);
	KUNIT_EXPECT_EQ(test, stages_scan(room, 100, NULL), 5);

	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_UNUSED, GEM_UMA_RECLAIM_OBJECTS), 1);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_UNUSED, GEM_UMA_RECLAIM_PAGES), 5);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_UNUSED, GEM_UMA_RECLAIM_LOOKED), 1);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_CPU_MAPPED, GEM_UMA_RECLAIM_OBJECTS), 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_CPU_MAPPED, GEM_UMA_RECLAIM_LOOKED),
			stages_count(room, GEM_UMA_CPU_MAPPED, GEM_UMA_RECLAIM_LOCKED));
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_CPU_MAPPED, GEM_UMA_RECLAIM_LOOKED), 2);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_SHARED, GEM_UMA_RECLAIM_BUSY),
			stages_count(room, GEM_UMA_DEV_SHARED, GEM_UMA_RECLAIM_LOOKED));
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_MAPPED, GEM_UMA_RECLAIM_LOOKED), 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_DEV_SHARED, GEM_UMA_RECLAIM_WAITED), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->scans), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->kswapd), 0);
	/* 4 to 7 pages. */
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->pages[3]), 1);

	KUNIT_EXPECT_EQ(test, stages_scan_kswapd(room, 100, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->scans), 2);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->kswapd), 1);
	KUNIT_EXPECT_EQ(test, atomic64_read(&stats->pages[0]), 1);
}

static void stages_mapped_in_several_vms_is_shared(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, mock, SZ_64K, 0);
	unsigned int vms;

	KUNIT_ASSERT_EQ(test, 0, object_populate(&mobj->base, 0, SZ_64K));
	for (vms = 0; vms < 4; vms++) {
		mobj->dev_mapped = vms;
		scoped_guard(object, &mobj->base)
			gem_uma_object_update_locked(&mobj->base);
		KUNIT_EXPECT_EQ(test, mobj->base.reclaim.state,
				vms > 1 ? GEM_UMA_DEV_SHARED :
				vms ? GEM_UMA_DEV_MAPPED : GEM_UMA_UNUSED);
	}
}

/* The word for people is that of the stage; what is on no list has none. */
static void stages_state_has_the_name_of_its_stage(struct kunit *test)
{
	static const char *const names[] = {
		[GEM_UMA_DISCARDABLE] = "discardable",
		[GEM_UMA_PURGEABLE] = "purgeable",
		[GEM_UMA_NEVER_WRITTEN] = "never-written",
		[GEM_UMA_EVICTED] = "evicted",
		[GEM_UMA_UNUSED] = "unused",
		[GEM_UMA_CPU_MAPPED] = "cpu-mapped",
		[GEM_UMA_DEV_MAPPED] = "one-vm",
		[GEM_UMA_DEV_SHARED] = "shared",
		[GEM_UMA_UNRECLAIMABLE] = "-",
	};
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		gem_uma_fake_file(fake, i, 1);
		KUNIT_EXPECT_STREQ(test, gem_uma_reclaim_state_name(&fake->reclaim), names[i]);
	}
}

/* Pages are evicted once, and leave memory when they are written. */
static void stages_each_page_is_freed_once_panthor_44(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_mock_object *mobj;
	unsigned long pages = SZ_256K >> PAGE_SHIFT, freed = 0, ret;
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	mobj = gem_uma_mock_object_create(test, room->mock, SZ_256K, 0);
	gem_uma_mock_fill(test, &mobj->base, 1);
	room->nid = mobj->base.reclaim.nid;
	for (i = 0; i < 100 && gem_uma_backing_in_memory(&mobj->base.backing); i++) {
		ret = stages_scan_kswapd(room, 128, NULL);
		KUNIT_ASSERT_NE(test, ret, SHRINK_STOP);
		freed += ret;
	}
	KUNIT_EXPECT_EQ(test, freed, pages);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&mobj->base.backing), 0);
	KUNIT_EXPECT_EQ(test, stages_count(room, GEM_UMA_EVICTED, GEM_UMA_RECLAIM_PAGES), pages);
	/* The list is told by the next look. */
	while (stages_scan_kswapd(room, 128, NULL) != SHRINK_STOP && i++ < 200)
		;
	KUNIT_EXPECT_EQ(test, reclaim_objects(room), 0);
	gem_uma_mock_expect_content(test, &mobj->base, 1);
}

static struct kunit_case gem_uma_reclaim_stages_cases[] = {
	KUNIT_CASE(stages_busy_is_left_alone_but_by_kswapd_panthor_29),
	KUNIT_CASE(stages_shared_busy_comes_last),
	KUNIT_CASE(stages_what_need_not_be_kept_goes_first_panthor_46),
	KUNIT_CASE(stages_busy_is_purged_by_kswapd_alone_panthor_29),
	KUNIT_CASE(stages_busy_and_not_bound_goes_before_bound),
	KUNIT_CASE(stages_one_wait_for_all_of_a_vm_panthor_38),
	KUNIT_CASE(stages_a_wait_that_helped_helps_all_of_the_vm),
	KUNIT_CASE(stages_waits_of_kswapd_are_bounded_panthor_38),
	KUNIT_CASE(stages_a_batch_looks_at_few_of_the_busy_panthor_39),
	KUNIT_CASE(stages_idle_behind_many_busy_is_found_panthor_39),
	KUNIT_CASE(stages_looks_in_vain_count_their_pages_panthor_31),
	KUNIT_CASE(stages_lightest_goes_first),
	KUNIT_CASE(stages_driver_can_keep_an_object),
	KUNIT_CASE(stages_locked_object_counts_at_most_twice_rev_C11),
	KUNIT_CASE(stages_purged_pages_count_as_reclaimed_rev_C11),
	KUNIT_CASE(stages_numbers_are_what_happened),
	KUNIT_CASE(stages_mapped_in_several_vms_is_shared),
	KUNIT_CASE(stages_state_has_the_name_of_its_stage),
	KUNIT_CASE(stages_each_page_is_freed_once_panthor_44),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_reclaim_stages);
