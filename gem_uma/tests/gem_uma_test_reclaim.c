// SPDX-License-Identifier: GPL-2.0
/* Tests of the reclaim part alone: filing and scanning. */
#include <linux/workqueue.h>

#include "gem_uma_fake.h"

/* How many objects of a stage may refuse before a scan goes on. */
#define PATIENCE	64
#define STATES		(GEM_UMA_UNRECLAIMABLE + 1)

static void reclaim_init_files_nothing(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_create(room, NULL, 0);

	KUNIT_EXPECT_EQ(test, fake->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	KUNIT_EXPECT_FALSE(test, gem_uma_fake_is_listed(fake));
	KUNIT_EXPECT_EQ(test, reclaim_objects(room), 0);
	KUNIT_EXPECT_EQ(test, reclaim_pages(room), 0);
}

static void reclaim_fini_of_zeroed_does_nothing(struct kunit *test)
{
	struct gem_uma_reclaim *reclaim = gem_uma_mock_zalloc(test, sizeof(*reclaim));

	gem_uma_reclaim_fini(reclaim);
	KUNIT_EXPECT_NULL(test, reclaim->rdev);
}

/* Every state after every other, on the list of that name and no other. */
static void reclaim_update_files_by_state(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_create(room, NULL, 0);
	unsigned int from, to, list;

	for (from = 0; from < STATES; from++) {
		for (to = 0; to < STATES; to++) {
			bool listed = to != GEM_UMA_UNRECLAIMABLE;

			gem_uma_fake_file(fake, from, 3);
			gem_uma_fake_file(fake, to, 5);
			for (list = 0; list < GEM_UMA_RECLAIM_LISTS; list++)
				KUNIT_EXPECT_EQ_MSG(test, reclaim_count(room, list),
						    list == to, "%u -> %u: list %u",
						    from, to, list);
			KUNIT_EXPECT_EQ(test, fake->reclaim.state, to);
			KUNIT_EXPECT_EQ(test, gem_uma_fake_is_listed(fake), listed);
			KUNIT_EXPECT_EQ(test, reclaim_objects(room), listed);
			KUNIT_EXPECT_EQ(test, reclaim_pages(room), listed ? 5 : 0);
		}
	}
}

static void reclaim_update_without_change_keeps_the_place(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 3);
	u64 listed = fake->reclaim.listed;

	gem_uma_fake_file(fake, GEM_UMA_UNUSED, 3);
	KUNIT_EXPECT_EQ(test, fake->reclaim.listed, listed);
	/* The clock of a guest may be coarse. */
	msleep(50);
	gem_uma_fake_file(fake, GEM_UMA_UNUSED, 4);
	KUNIT_EXPECT_GT(test, fake->reclaim.listed, listed);
	KUNIT_EXPECT_EQ(test, reclaim_pages(room), 4);
	KUNIT_EXPECT_EQ(test, reclaim_objects(room), 1);
}

static void reclaim_free_unlists(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_CPU_MAPPED, 3);

	gem_uma_fake_put(fake);
	KUNIT_EXPECT_EQ(test, room->frees, 1);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_CPU_MAPPED), 0);
	KUNIT_EXPECT_EQ(test, reclaim_objects(room), 0);
	KUNIT_EXPECT_EQ(test, reclaim_pages(room), 0);
}

static void reclaim_run_without_objects_is_zero(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);

	KUNIT_EXPECT_EQ(test, reclaim_run(room, 100), 0);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 0), 0);
}

static void reclaim_scan_goes_from_cheap_to_costly(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	int i;

	gem_uma_mock_needs_swap(test);
	/* Filed the other way round, and all used at the same time. */
	for (i = GEM_UMA_RECLAIM_LISTS - 1; i >= 0; i--)
		gem_uma_fake_filed(room, i, i, 2);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 2 * GEM_UMA_RECLAIM_LISTS),
			2 * GEM_UMA_RECLAIM_LISTS);
	KUNIT_ASSERT_EQ(test, room->nr_order, GEM_UMA_RECLAIM_LISTS);
	for (i = 0; i < GEM_UMA_RECLAIM_LISTS; i++)
		KUNIT_EXPECT_EQ(test, room->order[i], i);
}

static void reclaim_scan_takes_least_recently_used(struct kunit *test)
{
	static const int used[] = { 5, 3, 9, 1, 7 }, expected[] = { 3, 1, 0, 4, 2 };
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < ARRAY_SIZE(used); i++)
		gem_uma_fake_filed(room, i, GEM_UMA_UNUSED, 1)->reclaim.used = used[i];
	KUNIT_EXPECT_EQ(test, reclaim_run(room, ARRAY_SIZE(used)), ARRAY_SIZE(used));
	KUNIT_ASSERT_EQ(test, room->nr_order, ARRAY_SIZE(used));
	for (i = 0; i < ARRAY_SIZE(used); i++)
		KUNIT_EXPECT_EQ(test, room->order[i], expected[i]);
}

static void reclaim_scan_spares_what_was_used_since_panthor_23(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *a, *b;

	gem_uma_mock_needs_swap(test);
	a = gem_uma_fake_filed(room, 0, GEM_UMA_DEV_MAPPED, 1);
	b = gem_uma_fake_filed(room, 1, GEM_UMA_DEV_MAPPED, 1);
	/* No change of state, and so no new place on the list. */
	gem_uma_reclaim_mark_used(&a->reclaim);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 1);
	KUNIT_EXPECT_EQ(test, a->evicts, 0);
	KUNIT_EXPECT_EQ(test, b->evicts, 1);
}

static void reclaim_scan_takes_the_used_when_nothing_else_is_left(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 1);

	gem_uma_mock_needs_swap(test);
	gem_uma_reclaim_mark_used(&fake->reclaim);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 1);
	KUNIT_EXPECT_EQ(test, fake->evicts, 1);
}

static void reclaim_scan_stops_when_it_is_enough(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < 8; i++)
		gem_uma_fake_filed(room, i, GEM_UMA_UNUSED, 4);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 10), 12);
	KUNIT_EXPECT_EQ(test, room->nr_order, 3);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_UNUSED), 5);
}

/* Each stage bounds how many may refuse, and what was looked at is unlocked again. */
static void reclaim_scan_loses_patience_with_busy_objects_panthor_39(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fakes[3 * PATIENCE];
	unsigned int i, asked = 0;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < ARRAY_SIZE(fakes); i++) {
		fakes[i] = gem_uma_fake_filed(room, i, GEM_UMA_UNUSED, 1);
		fakes[i]->evict_ret = -EBUSY;
	}
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1000), 0);
	KUNIT_EXPECT_GE(test, room->nr_order, 1);
	KUNIT_EXPECT_LE(test, room->nr_order, PATIENCE);
	for (i = 0; i < ARRAY_SIZE(fakes); i++) {
		asked += fakes[i]->evicts;
		/* None twice: there were others that had not refused yet. */
		KUNIT_EXPECT_LE(test, fakes[i]->evicts, 1);
		KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(fakes[i]->base.resv));
	}
	KUNIT_EXPECT_EQ(test, asked, room->nr_order);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_UNUSED), ARRAY_SIZE(fakes));
	KUNIT_EXPECT_EQ(test, reclaim_objects(room), ARRAY_SIZE(fakes));
}

/* Progress gives the scan its patience back. */
static void reclaim_scan_finds_the_idle_among_many(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < 4 * PATIENCE; i++)
		gem_uma_fake_filed(room, i, GEM_UMA_UNUSED, 1);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 4 * PATIENCE), 4 * PATIENCE);
}

static void reclaim_scan_files_anew_what_became_costlier(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 2);

	gem_uma_mock_needs_swap(test);
	fake->evict_ret = -EBUSY;
	/* As mmap() does: it tells nobody. */
	fake->state = GEM_UMA_CPU_MAPPED;
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 0);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_UNUSED), 0);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_CPU_MAPPED), 1);
	/* Asked in the stage where it is at home, not before. */
	KUNIT_EXPECT_EQ(test, fake->evicts, room->nr_order);
	KUNIT_EXPECT_GE(test, fake->evicts, 1);
}

static void reclaim_scan_does_not_evict_what_became_unreclaimable(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_DEV_MAPPED, 2);

	gem_uma_mock_needs_swap(test);
	fake->state = GEM_UMA_UNRECLAIMABLE;
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 0);
	KUNIT_EXPECT_EQ(test, fake->evicts, 0);
	KUNIT_EXPECT_FALSE(test, gem_uma_fake_is_listed(fake));
	KUNIT_EXPECT_EQ(test, reclaim_objects(room), 0);
	KUNIT_EXPECT_EQ(test, reclaim_pages(room), 0);
}

static void reclaim_scan_skips_what_another_task_holds(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *a = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 1);
	struct gem_uma_fake *b = gem_uma_fake_filed(room, 1, GEM_UMA_UNUSED, 1);
	struct gem_uma_mock_holder *holder;

	gem_uma_mock_needs_swap(test);
	holder = gem_uma_mock_hold(test, &a->base, 0);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 2), 1);
	KUNIT_EXPECT_EQ(test, a->evicts, 0);
	KUNIT_EXPECT_EQ(test, b->evicts, 1);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_UNUSED), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&a->base.refcount), 1);
	gem_uma_mock_unhold(test, holder);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 2), 1);
	KUNIT_EXPECT_EQ(test, a->evicts, 1);
}

/* Allocating under resv ends up here, with the resv held by the very task that scans. */
static void reclaim_scan_skips_what_its_own_task_holds(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 1);

	gem_uma_mock_needs_swap(test);
	scoped_guard(gem_uma_resv, fake->base.resv)
		KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 0);
	KUNIT_EXPECT_EQ(test, fake->evicts, 0);
	KUNIT_EXPECT_TRUE(test, gem_uma_fake_is_listed(fake));
}

static void reclaim_drop_test_reference(struct gem_uma_fake *fake)
{
	gem_uma_fake_put(fake);
}

/* Freeing takes locks that reclaim must not take: somebody else has to do it. */
static void reclaim_last_put_in_a_scan_is_deferred_panthor_6_43_50(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 1);

	gem_uma_mock_needs_swap(test);
	fake->on_evict = reclaim_drop_test_reference;
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 1);
	flush_work(&room->rdev->put_work);
	KUNIT_EXPECT_EQ(test, READ_ONCE(room->frees), 1);
	KUNIT_EXPECT_PTR_NE(test, room->freed_by, current);
	KUNIT_EXPECT_EQ(test, reclaim_objects(room), 0);
}

/* Refused, so it is on the list again when its last reference goes. */
static void reclaim_last_put_of_a_listed_object_panthor_51(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 1);

	gem_uma_mock_needs_swap(test);
	fake->evict_ret = -EBUSY;
	fake->on_evict = reclaim_drop_test_reference;
	/* Whether the work item ran before the scan looks again is open. */
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 0);
	flush_work(&room->rdev->put_work);
	KUNIT_EXPECT_EQ(test, READ_ONCE(room->frees), 1);
	KUNIT_EXPECT_PTR_NE(test, room->freed_by, current);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_UNUSED), 0);
}

static void reclaim_scan_while_freeing(struct gem_uma_fake *fake)
{
	struct gem_uma_fake_room *room = fake->room;

	KUNIT_EXPECT_EQ(room->test, kref_read(&fake->base.refcount), 0);
	KUNIT_EXPECT_EQ(room->test, reclaim_run(room, 100), 0);
	KUNIT_EXPECT_EQ(room->test, fake->evicts, 0);
	KUNIT_EXPECT_FALSE(room->test, dma_resv_is_locked(fake->base.resv));
}

static void reclaim_scan_leaves_the_dying_alone_panthor_51_52(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 1);

	gem_uma_mock_needs_swap(test);
	fake->on_free = reclaim_scan_while_freeing;
	gem_uma_fake_put(fake);
	KUNIT_EXPECT_EQ(test, room->frees, 1);
}

static void reclaim_writeback_keeps_the_rest_listed(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_EVICTED, 10);

	gem_uma_mock_needs_swap(test);
	fake->writeback_ret = 4;
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 3), 4);
	KUNIT_EXPECT_EQ(test, fake->writebacks, 1);
	KUNIT_EXPECT_EQ(test, fake->evicts, 0);
	KUNIT_EXPECT_EQ(test, fake->asked, 3);
	KUNIT_EXPECT_EQ(test, reclaim_pages(room), 6);
	KUNIT_EXPECT_EQ(test, reclaim_count(room, GEM_UMA_EVICTED), 1);
	/* More than it has is no less than nothing. */
	fake->writeback_ret = 100;
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 100);
	KUNIT_EXPECT_EQ(test, reclaim_pages(room), 0);
}

static void reclaim_writeback_of_nothing_ends(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_EVICTED, 10);

	gem_uma_mock_needs_swap(test);
	fake->writeback_ret = 0;
	fake->evict_ret = 0;
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 0);
	KUNIT_EXPECT_GE(test, fake->writebacks, 1);
	KUNIT_EXPECT_EQ(test, fake->evicts, fake->writebacks);
	KUNIT_EXPECT_LE(test, fake->writebacks, PATIENCE);
	KUNIT_EXPECT_EQ(test, reclaim_pages(room), 10);
}

static struct kunit_case gem_uma_reclaim_cases[] = {
	KUNIT_CASE(reclaim_init_files_nothing),
	KUNIT_CASE(reclaim_fini_of_zeroed_does_nothing),
	KUNIT_CASE(reclaim_update_files_by_state),
	KUNIT_CASE(reclaim_update_without_change_keeps_the_place),
	KUNIT_CASE(reclaim_free_unlists),
	KUNIT_CASE(reclaim_run_without_objects_is_zero),
	KUNIT_CASE(reclaim_scan_goes_from_cheap_to_costly),
	KUNIT_CASE(reclaim_scan_takes_least_recently_used),
	KUNIT_CASE(reclaim_scan_spares_what_was_used_since_panthor_23),
	KUNIT_CASE(reclaim_scan_takes_the_used_when_nothing_else_is_left),
	KUNIT_CASE(reclaim_scan_stops_when_it_is_enough),
	KUNIT_CASE(reclaim_scan_loses_patience_with_busy_objects_panthor_39),
	KUNIT_CASE(reclaim_scan_finds_the_idle_among_many),
	KUNIT_CASE(reclaim_scan_files_anew_what_became_costlier),
	KUNIT_CASE(reclaim_scan_does_not_evict_what_became_unreclaimable),
	KUNIT_CASE(reclaim_scan_skips_what_another_task_holds),
	KUNIT_CASE(reclaim_scan_skips_what_its_own_task_holds),
	KUNIT_CASE(reclaim_last_put_in_a_scan_is_deferred_panthor_6_43_50),
	KUNIT_CASE(reclaim_last_put_of_a_listed_object_panthor_51),
	KUNIT_CASE(reclaim_scan_leaves_the_dying_alone_panthor_51_52),
	KUNIT_CASE(reclaim_writeback_keeps_the_rest_listed),
	KUNIT_CASE(reclaim_writeback_of_nothing_ends),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_reclaim);
