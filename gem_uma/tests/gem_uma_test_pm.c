// SPDX-License-Identifier: GPL-2.0
/* Tests of what happens before the system sleeps. */
#include <linux/sched/signal.h>
#include <linux/suspend.h>

#include <drm/drm_managed.h>
#include <drm/gem_uma/gem_uma_pm.h>

#include "gem_uma_fake.h"

struct pm_rig {
	struct gem_uma_fake_room *room;
	struct gem_uma_pm *pm;
};

static void pm_forget_pages(void *data)
{
	struct gem_uma_device *udev = data;

	atomic_long_set(&udev->resident_pages, 0);
}

/* Fake objects have no pages, so the device is told how many there are. */
static struct pm_rig pm_rig(struct kunit *test, u32 when, long pages)
{
	struct pm_rig rig;

	gem_uma_mock_needs_swap(test);
	rig.room = gem_uma_fake_room_create(test);
	rig.pm = drmm_kzalloc(&rig.room->mock->drm, sizeof(*rig.pm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rig.pm);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_pm_init(rig.pm, rig.room->udev, when));
	atomic_long_set(&rig.room->udev->resident_pages, pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, pm_forget_pages,
							   rig.room->udev));
	return rig;
}

static void pm_unknown_bits_are_EINVAL(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_pm *pm = gem_uma_mock_zalloc(test, sizeof(*pm));

	KUNIT_EXPECT_EQ(test, gem_uma_pm_init(pm, room->udev, BIT(2)), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_pm_init(pm, room->udev, GEM_UMA_PM_DEFAULT | BIT(31)),
			-EINVAL);
}

/* Each event with each choice: who is asked, and that sleep goes on in all cases. */
static void pm_events_are_told_apart(struct kunit *test)
{
	static const struct {
		unsigned long event;
		u32 when;
	} rows[] = {
		{ PM_HIBERNATION_PREPARE, GEM_UMA_PM_HIBERNATE },
		{ PM_RESTORE_PREPARE, GEM_UMA_PM_HIBERNATE },
		{ PM_SUSPEND_PREPARE, GEM_UMA_PM_SUSPEND },
		{ PM_POST_HIBERNATION, 0 },
		{ PM_POST_SUSPEND, 0 },
		{ PM_POST_RESTORE, 0 },
	};
	struct pm_rig rig = pm_rig(test, 0, 100);
	struct gem_uma_fake *fake = gem_uma_fake_create(rig.room, NULL, 0);
	unsigned int i, asked = 0;
	u32 when;

	fake->evict_ret = 1;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (when = 0; when < 4; when++) {
			gem_uma_fake_file(fake, GEM_UMA_UNUSED, 1);
			rig.pm->when = when;
			KUNIT_EXPECT_EQ(test, rig.pm->nb.notifier_call(&rig.pm->nb,
								       rows[i].event, NULL),
					NOTIFY_DONE);
			asked += !!(when & rows[i].when);
			KUNIT_EXPECT_EQ_MSG(test, fake->evicts, asked, "event %lu, when %u",
					    rows[i].event, when);
			KUNIT_EXPECT_EQ(test, rig.pm->runs, asked);
		}
	}
}

static void pm_evicts_of_all_lists_and_writes_nothing_rev_C5(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 1000);
	struct gem_uma_fake *fakes[GEM_UMA_RECLAIM_LISTS];
	int i;

	for (i = 0; i < GEM_UMA_RECLAIM_LISTS; i++)
		fakes[i] = gem_uma_fake_filed(rig.room, i, i, 2);
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), 2 * GEM_UMA_RECLAIM_LISTS);
	for (i = 0; i < GEM_UMA_RECLAIM_LISTS; i++) {
		KUNIT_EXPECT_EQ(test, fakes[i]->purges, i < GEM_UMA_EVICTED);
		KUNIT_EXPECT_EQ(test, fakes[i]->evicts, i >= GEM_UMA_EVICTED);
		KUNIT_EXPECT_EQ(test, fakes[i]->writebacks, 0);
	}
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_DONE);
}

/* A second chance is for those who may be needed again soon. */
static void pm_evicts_what_was_just_used(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 1000);
	struct gem_uma_fake *fakes[200];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fakes); i++) {
		fakes[i] = gem_uma_fake_filed(rig.room, i, GEM_UMA_DEV_MAPPED, 1);
		gem_uma_reclaim_mark_used(&fakes[i]->reclaim);
	}
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), ARRAY_SIZE(fakes));
	for (i = 0; i < ARRAY_SIZE(fakes); i++)
		KUNIT_EXPECT_EQ(test, fakes[i]->evicts, 1);
}

static void pm_gives_up_on_the_busy(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 1000);
	struct gem_uma_fake *busy[200], *idle;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		busy[i] = gem_uma_fake_filed(rig.room, i, GEM_UMA_UNUSED, 1);
		busy[i]->evict_ret = -EBUSY;
	}
	idle = gem_uma_fake_filed(rig.room, i, GEM_UMA_UNUSED, 7);
	rig.pm->timeout_ms = 3600 * MSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), 7);
	KUNIT_EXPECT_EQ(test, idle->evicts, 1);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_DONE);
}

static void pm_come_back(struct gem_uma_fake *fake)
{
	fake->state = GEM_UMA_UNUSED;
}

/* No more than there was at the start, however much is filed meanwhile. */
static void pm_pages_are_bounded(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 32);
	unsigned int i;

	for (i = 0; i < 4; i++)
		gem_uma_fake_filed(rig.room, i, GEM_UMA_UNUSED, 4)->on_evict = pm_come_back;
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), 32);
	KUNIT_EXPECT_EQ(test, rig.room->nr_order, 8);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_DONE);
}

/* What was evicted earlier is purged, too, and does not count as held. */
static void pm_purges_and_evicts(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 4);
	struct gem_uma_fake *held = gem_uma_fake_filed(rig.room, 0, GEM_UMA_UNUSED, 4);

	gem_uma_fake_filed(rig.room, 1, GEM_UMA_PURGEABLE, 6);
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), 10);
	KUNIT_EXPECT_EQ(test, held->evicts, 1);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_DONE);
}

static void pm_take_long(struct gem_uma_fake *fake)
{
	msleep(50);
}

static void pm_time_is_bounded(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 200000);
	unsigned int i;

	/* Each as much as is done between two looks at the clock. */
	for (i = 0; i < 100; i++)
		gem_uma_fake_filed(rig.room, i, GEM_UMA_UNUSED, 1024)->on_evict = pm_take_long;
	rig.pm->timeout_ms = 20;
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), 1024);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_TIMEOUT);
	/* The next attempt has its own time. */
	rig.pm->timeout_ms = 3600 * MSEC_PER_SEC;
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), 99 * 1024);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_DONE);
	KUNIT_EXPECT_EQ(test, rig.pm->runs, 2);
	KUNIT_EXPECT_EQ(test, rig.pm->pages, 100 * 1024);
}

static void pm_signal(struct gem_uma_fake *fake)
{
	set_thread_flag(TIF_SIGPENDING);
}

static void pm_ends_on_a_signal(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 200000);
	unsigned long first, second;
	unsigned int i;

	for (i = 0; i < 4; i++)
		gem_uma_fake_filed(rig.room, i, GEM_UMA_UNUSED, 1024);
	gem_uma_fake_filed(rig.room, i, GEM_UMA_EVICTED, 1);
	set_thread_flag(TIF_SIGPENDING);
	first = gem_uma_pm_evict(rig.pm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, first, 0);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_SIGNAL);

	/* In the middle. */
	gem_uma_fake_filed(rig.room, 5, GEM_UMA_CPU_MAPPED, 1024)->on_evict = pm_signal;
	gem_uma_fake_filed(rig.room, 6, GEM_UMA_DEV_MAPPED, 1024);
	second = gem_uma_pm_evict(rig.pm);
	clear_thread_flag(TIF_SIGPENDING);
	KUNIT_EXPECT_EQ(test, second, 5 * 1024 + 1);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_SIGNAL);
	KUNIT_EXPECT_EQ(test, rig.pm->nb.notifier_call(&rig.pm->nb, PM_HIBERNATION_PREPARE,
						       NULL), NOTIFY_DONE);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_DONE);
	KUNIT_EXPECT_EQ(test, rig.pm->pages, 6 * 1024 + 1);
}

static void pm_of_nothing_is_done(struct kunit *test)
{
	struct pm_rig rig = pm_rig(test, GEM_UMA_PM_DEFAULT, 0);

	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_NEVER);
	KUNIT_EXPECT_EQ(test, gem_uma_pm_evict(rig.pm), 0);
	KUNIT_EXPECT_EQ(test, rig.pm->end, GEM_UMA_PM_DONE);
}

static struct kunit_case gem_uma_pm_cases[] = {
	KUNIT_CASE(pm_unknown_bits_are_EINVAL),
	KUNIT_CASE(pm_events_are_told_apart),
	KUNIT_CASE(pm_evicts_of_all_lists_and_writes_nothing_rev_C5),
	KUNIT_CASE(pm_evicts_what_was_just_used),
	KUNIT_CASE(pm_gives_up_on_the_busy),
	KUNIT_CASE(pm_pages_are_bounded),
	KUNIT_CASE(pm_purges_and_evicts),
	KUNIT_CASE(pm_time_is_bounded),
	KUNIT_CASE(pm_ends_on_a_signal),
	KUNIT_CASE(pm_of_nothing_is_done),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_pm);
