// SPDX-License-Identifier: GPL-2.0
/* Tests of the reserve part. */
#include <linux/cgroup.h>
#include <linux/kthread.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>

#include "gem_uma_mock_heap.h"

#define WANT	5

KUNIT_DEFINE_ACTION_WRAPPER(reserve_pool_put, gem_uma_reserve_pool_put,
			    struct gem_uma_reserve_pool *);

static struct gem_uma_reserve_pool *reserve_pool(struct kunit *test,
						 struct gem_uma_mock_heaps *heaps)
{
	struct gem_uma_reserve_pool *pool = gem_uma_reserve_pool_get(heaps->reserve);

	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, reserve_pool_put, pool));
	return pool;
}

static unsigned long reserve_scan(struct gem_uma_reserve *reserve, unsigned long nr)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = nr };
	unsigned long freed;

	fs_reclaim_acquire(GFP_KERNEL);
	freed = reserve->shrinker->scan_objects(reserve->shrinker, &sc);
	fs_reclaim_release(GFP_KERNEL);
	return freed;
}

static unsigned long reserve_count(struct gem_uma_reserve *reserve)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };

	return reserve->shrinker->count_objects(reserve->shrinker, &sc);
}

/* Each size: zeroed, as many as were wanted, and none when they are gone. */
static void reserve_has_what_was_put_aside(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_reserve_pool *pool = reserve_pool(test, &heaps);
	unsigned int order, i;
	struct page *page;

	for (order = 0; order < GEM_UMA_RESERVE_ORDERS; order++) {
		heaps.reserve->cap = WANT << order;
		KUNIT_EXPECT_NULL(test, gem_uma_reserve_take(pool, order));
		KUNIT_ASSERT_EQ(test, 0, gem_uma_reserve_refill(pool, order, WANT));
		KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), WANT << order);
		for (i = 0; i < WANT; i++) {
			page = gem_uma_reserve_take(pool, order);
			KUNIT_ASSERT_NOT_NULL(test, page);
			KUNIT_EXPECT_EQ(test, compound_order(page), order);
			KUNIT_EXPECT_NULL(test, memchr_inv(page_address(page), 0,
							   PAGE_SIZE << order));
			__free_pages(page, order);
		}
		KUNIT_EXPECT_NULL(test, gem_uma_reserve_take(pool, order));
		KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), 0);
	}
}

/* Large for the largest demand, and not larger than the machine allows. */
static void reserve_is_as_large_as_the_largest_demand_sparse_R7(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_reserve_pool *pool = reserve_pool(test, &heaps);

	KUNIT_EXPECT_GT(test, heaps.reserve->cap, 0);
	KUNIT_EXPECT_LT(test, heaps.reserve->cap, totalram_pages() / 10);
	heaps.reserve->cap = 3 * WANT;
	KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 0, WANT), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), WANT);
	__free_pages(gem_uma_reserve_take(pool, 0), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), WANT);
	/* That there is no more is no error. */
	KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 0, 100 * WANT), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), 3 * WANT);
	KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 1, 1), 0);
	KUNIT_EXPECT_NULL(test, gem_uma_reserve_take(pool, 1));
}

/* Who is interrupted again and again still gets there. */
static void reserve_refill_is_interrupted_after_progress(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_reserve_pool *pool = reserve_pool(test, &heaps);
	unsigned int i;

	gem_uma_mock_set_killed(true);
	for (i = 1; i <= WANT; i++) {
		KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 0, WANT), -ERESTARTSYS);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), i);
	}
	KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 0, WANT), 0);
	gem_uma_mock_set_killed(false);
}

static void reserve_shrinks_when_idle(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_reserve_pool *pool = reserve_pool(test, &heaps);
	struct gem_uma_reserve *r = heaps.reserve;
	struct gem_uma_reserve_jobs jobs = {};

	KUNIT_ASSERT_EQ(test, 0, gem_uma_reserve_refill(pool, 0, WANT));
	gem_uma_reserve_active_get(r, &jobs);
	gem_uma_reserve_active_get(r, &jobs);
	KUNIT_EXPECT_EQ(test, reserve_count(r), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, reserve_scan(r, WANT), SHRINK_STOP);
	gem_uma_reserve_active_put(r, &jobs);
	KUNIT_EXPECT_EQ(test, reserve_count(r), SHRINK_EMPTY);
	gem_uma_reserve_active_put(r, &jobs);
	KUNIT_EXPECT_EQ(test, reserve_count(r), WANT);
	KUNIT_EXPECT_EQ(test, reserve_scan(r, 2), 2);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->pages), WANT - 2);
	/* The demand is learned again. */
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reserve_refill(pool, 0, 1));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&r->pages), WANT - 2);
	KUNIT_EXPECT_EQ(test, reserve_scan(r, 1000), WANT - 2);
	KUNIT_EXPECT_EQ(test, reserve_count(r), SHRINK_EMPTY);
	/* Others may have the lock. */
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reserve_refill(pool, 0, WANT));
	mutex_lock(&r->lock);
	KUNIT_EXPECT_EQ(test, r->shrinker->scan_objects(r->shrinker,
							&(struct shrink_control) {
								.nr_to_scan = 1 }), SHRINK_STOP);
	mutex_unlock(&r->lock);
}

static void reserve_last_user_of_a_pool_frees_it(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_reserve_pool *pool = gem_uma_reserve_pool_get(heaps.reserve);

	KUNIT_ASSERT_NOT_NULL(test, pool);
	KUNIT_EXPECT_PTR_EQ(test, gem_uma_reserve_pool_get(heaps.reserve), pool);
	KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(pool, 0, WANT), 0);
	gem_uma_reserve_pool_put(pool);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), WANT);
	gem_uma_reserve_pool_put(pool);
	gem_uma_mock_heaps_expect_empty(test, &heaps);
}

#ifdef CONFIG_MEMCG
/* A pool is charged to whom it serves, and serves nobody else. */
static void reserve_pool_belongs_to_a_cgroup(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_reserve_pool *mine = reserve_pool(test, &heaps), *other;
	struct cgroup *cgroup = cgroup_get_from_path("/gem-uma-kunit");
	struct mem_cgroup *memcg = NULL, *old;

	if (IS_ERR(cgroup))
		kunit_skip(test, "no cgroup: tests/kunit/inject-setup.sh makes it");
	rcu_read_lock();
	memcg = mem_cgroup_from_css(rcu_dereference(cgroup->subsys[memory_cgrp_id]));
	rcu_read_unlock();
	KUNIT_EXPECT_NOT_NULL(test, memcg);
	if (memcg) {
		long before = page_counter_read(&memcg->memory);

		old = set_active_memcg(memcg);
		other = gem_uma_reserve_pool_get(heaps.reserve);
		set_active_memcg(old);
		KUNIT_EXPECT_NOT_NULL(test, other);
		KUNIT_EXPECT_PTR_NE(test, other, mine);
		/* By whomever: beyond what a CPU takes in advance. */
		KUNIT_EXPECT_EQ(test, gem_uma_reserve_refill(other, 0, 200), 0);
		KUNIT_EXPECT_GE(test, page_counter_read(&memcg->memory) - before, 200 - 64);
		KUNIT_EXPECT_NULL(test, gem_uma_reserve_take(mine, 0));
		gem_uma_reserve_pool_put(other);
	}
	cgroup_put(cgroup);
}
#endif

struct reserve_crew {
	struct gem_uma_reserve_pool *pool;
	struct completion done;
	unsigned int taken;
	bool takes;
};

static int reserve_crew_run(void *data)
{
	struct reserve_crew *crew = data;
	struct page *page;
	unsigned int i;
	bool cookie;

	for (i = 0; i < 300; i++) {
		if (!crew->takes) {
			gem_uma_reserve_refill(crew->pool, 0, 8);
			continue;
		}
		cookie = dma_fence_begin_signalling();
		page = gem_uma_reserve_take(crew->pool, 0);
		dma_fence_end_signalling(cookie);
		if (page) {
			__free_pages(page, 0);
			crew->taken++;
		}
		cond_resched();
	}
	complete(&crew->done);
	return 0;
}

/* Refilling, which waits for memory, and taking, which must not, at the same time. */
static void reserve_refill_and_take_by_eight_sparse_R8(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_reserve_pool *pool = reserve_pool(test, &heaps);
	struct reserve_crew *crews = gem_uma_mock_zalloc(test, 8 * sizeof(*crews));
	unsigned int i, taken = 0;

	heaps.reserve->cap = 6;
	for (i = 0; i < 8; i++) {
		struct task_struct *task;

		init_completion(&crews[i].done);
		crews[i].pool = pool;
		crews[i].takes = i & 1;
		task = kthread_run(reserve_crew_run, &crews[i], "reserve-crew");
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread");
			complete(&crews[i].done);
		}
	}
	for (i = 0; i < 8; i++) {
		wait_for_completion(&crews[i].done);
		taken += crews[i].taken;
	}
	KUNIT_EXPECT_GT(test, taken, 0);
	KUNIT_EXPECT_LE(test, atomic_long_read(&heaps.reserve->pages), 6);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), pool->shelves[0].nr);
}

static struct kunit_case gem_uma_reserve_cases[] = {
	KUNIT_CASE(reserve_has_what_was_put_aside),
	KUNIT_CASE(reserve_is_as_large_as_the_largest_demand_sparse_R7),
	KUNIT_CASE(reserve_refill_is_interrupted_after_progress),
	KUNIT_CASE(reserve_shrinks_when_idle),
	KUNIT_CASE(reserve_last_user_of_a_pool_frees_it),
#ifdef CONFIG_MEMCG
	KUNIT_CASE(reserve_pool_belongs_to_a_cgroup),
#endif
	KUNIT_CASE(reserve_refill_and_take_by_eight_sparse_R8),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_reserve);
