// SPDX-License-Identifier: GPL-2.0
/* Tests of the backing part: pins, also by several tasks at once. */
#include <linux/kthread.h>
#include <linux/sched.h>

#include "gem_uma_mock.h"

#define PAGES		5
#define ROUNDS		300
#define PINNERS		3

static struct gem_uma_backing *pins_backing(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);

	return &gem_uma_mock_object_create(test, mock, PAGES * PAGE_SIZE, 0)->base.backing;
}

static void pin_makes_all_resident(struct kunit *test)
{
	struct gem_uma_backing *b = pins_backing(test);

	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin(b), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&b->pins), 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(b), PAGES);
	gem_uma_backing_unpin(b);
	KUNIT_EXPECT_EQ(test, atomic_read(&b->pins), 0);
	/* Unpinning frees nothing. */
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(b), PAGES);
}

static void pin_counts(struct kunit *test)
{
	struct gem_uma_backing *b = pins_backing(test);

	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin(b), 0);
	dma_resv_lock(b->obj->resv, NULL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin_locked(b), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin_locked(b), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&b->pins), 3);
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_unpin_locked(b));
	KUNIT_EXPECT_EQ(test, atomic_read(&b->pins), 2);
	dma_resv_unlock(b->obj->resv);
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_unpin(b));
	KUNIT_EXPECT_EQ(test, atomic_read(&b->pins), 1);
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_unpin(b));
	KUNIT_EXPECT_EQ(test, atomic_read(&b->pins), 0);
}

static void pin_needs_resv_only_for_the_first(struct kunit *test)
{
	struct gem_uma_backing *b = pins_backing(test);

	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin(b), 0);
	dma_resv_lock(b->obj->resv, NULL);
	/* Would hang otherwise. */
	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin(b), 0);
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_unpin(b));
	dma_resv_unlock(b->obj->resv);
	gem_uma_backing_unpin(b);
}

static void pin_restores_evicted_pages_panthor_18(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj =
		&gem_uma_mock_object_create(test, mock, PAGES * PAGE_SIZE, 0)->base;

	gem_uma_mock_fill(test, uobj, 3);
	scoped_guard(gem_uma_resv, uobj->base.resv)
		KUNIT_EXPECT_EQ(test, gem_uma_backing_release_locked(&uobj->backing), PAGES);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin(&uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), PAGES);
	gem_uma_mock_expect_content(test, uobj, 3);
	gem_uma_backing_unpin(&uobj->backing);
}

/* Tasks that pin one backing at the same time. */
struct pins_crew {
	struct gem_uma_backing *b;
	struct completion start;
	atomic_t working;
	atomic_t done;
	atomic_t wrong;
	unsigned int rounds;
	bool keep;
};

static int pins_work(void *data)
{
	struct pins_crew *crew = data;
	struct gem_uma_backing *b = crew->b;
	unsigned int i;

	wait_for_completion(&crew->start);
	for (i = 0; i < crew->rounds; i++) {
		if (gem_uma_backing_pin(b)) {
			atomic_inc(&crew->wrong);
			continue;
		}
		/* This is what a pin promises. */
		if (gem_uma_backing_resident(b) != PAGES || atomic_read(&b->pins) < 1)
			atomic_inc(&crew->wrong);
		cond_resched();
		if (gem_uma_backing_resident(b) != PAGES)
			atomic_inc(&crew->wrong);
		if (!crew->keep)
			gem_uma_backing_unpin(b);
	}
	atomic_inc(&crew->done);
	atomic_dec(&crew->working);
	/* The owner of the crew stops it. */
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* Evicts what is not pinned while they work. Returns how often it could. */
static unsigned int pins_evict(struct pins_crew *crew)
{
	struct gem_uma_backing *b = crew->b;
	unsigned int evicted = 0;

	while (atomic_read(&crew->working)) {
		dma_resv_lock(b->obj->resv, NULL);
		if (!atomic_read(&b->pins) && gem_uma_backing_release_locked(b))
			evicted++;
		dma_resv_unlock(b->obj->resv);
		schedule_timeout_interruptible(1);
	}
	return evicted;
}

static void pins_run(struct kunit *test, struct pins_crew *crew)
{
	struct task_struct *task[PINNERS];
	unsigned int i, n = 0;

	init_completion(&crew->start);
	for (i = 0; i < PINNERS; i++) {
		task[n] = kthread_run(pins_work, crew, "gem-uma-pin-%u", i);
		KUNIT_EXPECT_FALSE(test, IS_ERR(task[n]));
		if (!IS_ERR(task[n]))
			n++;
	}
	atomic_set(&crew->working, n);
	complete_all(&crew->start);
	pins_evict(crew);
	for (i = 0; i < n; i++)
		kthread_stop(task[i]);
	KUNIT_EXPECT_EQ(test, atomic_read(&crew->done), PINNERS);
	KUNIT_EXPECT_EQ(test, atomic_read(&crew->wrong), 0);
}

static void pin_races_with_last_unpin_panthor_3_panthor_5(struct kunit *test)
{
	struct pins_crew crew = { .b = pins_backing(test), .rounds = ROUNDS };

	pins_run(test, &crew);
	KUNIT_EXPECT_EQ(test, atomic_read(&crew.b->pins), 0);
}

static void pin_by_several_first_users_panthor_4(struct kunit *test)
{
	struct gem_uma_backing *b = pins_backing(test);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct pins_crew crew = { .b = b, .rounds = 1, .keep = true };

		pins_run(test, &crew);
		/* Each of them counts. */
		KUNIT_ASSERT_EQ(test, atomic_read(&b->pins), PINNERS);
		gem_uma_backing_unpin(b);
		gem_uma_backing_unpin(b);
		gem_uma_backing_unpin(b);
		KUNIT_ASSERT_EQ(test, atomic_read(&b->pins), 0);
		scoped_guard(gem_uma_resv, b->obj->resv)
			KUNIT_EXPECT_EQ(test, gem_uma_backing_release_locked(b), PAGES);
	}
}

static struct kunit_case gem_uma_backing_pins_cases[] = {
	KUNIT_CASE(pin_makes_all_resident),
	KUNIT_CASE(pin_counts),
	KUNIT_CASE(pin_needs_resv_only_for_the_first),
	KUNIT_CASE(pin_restores_evicted_pages_panthor_18),
	KUNIT_CASE(pin_races_with_last_unpin_panthor_3_panthor_5),
	KUNIT_CASE(pin_by_several_first_users_panthor_4),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_backing_pins);
