// SPDX-License-Identifier: GPL-2.0
/* Tests of the heap part. */
#include <linux/bitmap.h>
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/shrinker.h>

#include "gem_uma_mock_heap.h"
#include "gem_uma_reclaim_lists.h"

#define PAGES	40u
#define SIZE	(PAGES * PAGE_SIZE)

static struct gem_uma_mock_heap *heap_create(struct kunit *test,
					     struct gem_uma_mock_heaps *heaps, u64 hint)
{
	return gem_uma_mock_heap_create(test, heaps, SIZE, PAGE_SIZE, hint,
					GEM_UMA_HEAP_FAIL_JOB);
}

static void heap_expect_grown(struct gem_uma_mock_heap *heap, unsigned long index)
{
	KUNIT_EXPECT_EQ(heap->test, gem_uma_heap_grow(&heap->base, index * heap->granule),
			GEM_UMA_HEAP_GROWN);
}

static void heap_init_without_a_policy_is_EINVAL_sparse_R2_R12(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = gem_uma_mock_heap_alloc(test, SIZE, PAGE_SIZE);
	static const u64 granules[] = { 0, 1, PAGE_SIZE / 2, PAGE_SIZE + 1, 3 * PAGE_SIZE,
					SZ_4M, BIT_ULL(63), U64_MAX };
	static const u64 sizes[] = { 0, 1, PAGE_SIZE - 1, PAGE_SIZE + 1, U64_MAX };
	unsigned int i;

	/* The policy of one who declares nothing. */
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_init(heap, heaps.reserve, SIZE, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_init(heap, heaps.reserve, SIZE, 0,
						     GEM_UMA_HEAP_LOSE_DEVICE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_init(heap, heaps.reserve, SIZE, SIZE + 1,
						     GEM_UMA_HEAP_FAIL_JOB), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_init(heap, heaps.reserve, sizes[i], 0,
							     GEM_UMA_HEAP_FAIL_JOB), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(granules); i++) {
		heap->granule = granules[i];
		KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_init(heap, heaps.reserve, SIZE, 0,
							     GEM_UMA_HEAP_FAIL_JOB), -EINVAL);
	}
	gem_uma_mock_heaps_expect_empty(test, &heaps);
}

/* Every granule that there is, the last of each heap short, and the memory zero. */
static void heap_granules_of_every_size_sparse_B12(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap;
	u64 granule;

	for (granule = PAGE_SIZE; granule <= SZ_2M; granule *= 2) {
		u64 size = 2 * granule + PAGE_SIZE;

		heap = gem_uma_mock_heap_create(test, &heaps, size, granule, 0,
						GEM_UMA_HEAP_FAIL_JOB);
		/* Large ones may have to be put aside. */
		KUNIT_ASSERT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
		/* The offset is rounded down. */
		KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, granule - 1),
				GEM_UMA_HEAP_GROWN);
		KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, size - 1),
				GEM_UMA_HEAP_GROWN);
		gem_uma_mock_heap_expect_zero(heap, 0);
		gem_uma_mock_heap_expect_zero(heap, 2);
		KUNIT_EXPECT_EQ(test, heap->ptes[1], 0);
		KUNIT_EXPECT_EQ(test, heap->sizes[2], PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, gem_uma_heap_resident(&heap->base), 2 * granule);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->held),
				2 * granule >> PAGE_SHIFT);
		gem_uma_mock_heap_fini(test, heap);
		gem_uma_mock_heaps_expect_empty(test, &heaps);
	}
}

static void heap_behind_the_end_there_is_no_memory(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 0);

	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, SIZE), GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, U64_MAX), GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 0);
	/* And nothing is learned from that. */
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(&heap->base), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, SIZE, 1), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, U64_MAX, U64_MAX), 0);
}

/* What is there is neither allocated nor mapped again. */
static void heap_grows_once_for_each_granule_sparse_B3_B6(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 4 * PAGE_SIZE);
	u64 pte;

	heap_expect_grown(heap, 2);
	heap_expect_grown(heap, 6);
	pte = heap->ptes[2];
	heap_expect_grown(heap, 2);
	KUNIT_EXPECT_EQ(test, heap->maps, 2);
	/* Fills in around it. */
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 5);
	KUNIT_EXPECT_EQ(test, heap->maps, 5);
	KUNIT_EXPECT_EQ(test, heap->ptes[2], pte);
	heap_expect_grown(heap, 4);
	KUNIT_EXPECT_EQ(test, heap->maps, 6);
}

/* A granule without page tables keeps its memory, and the next fault maps that. */
static void heap_failed_map_goes_on_from_there_sparse_S1_S2(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 0);
	struct page *page;

	heap->fail_tables = 1;
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	page = xa_load(&heap->base.granules, 0);
	KUNIT_EXPECT_NOT_NULL(test, page);
	heap->fail_map = 2;
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), -EIO);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 1);
	/* What is not mapped is not unmapped. */
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, 0, PAGE_SIZE), 1);
	KUNIT_EXPECT_EQ(test, heap->unmaps, 0);
	heap->fail_map = 1;
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	page = xa_load(&heap->base.granules, 0);
	heap_expect_grown(heap, 0);
	KUNIT_EXPECT_PTR_EQ(test, xa_load(&heap->base.granules, 0), page);
}

/* Only granules that lie in the range as a whole go, and all of them. */
static void heap_discards_whole_granules_sparse_B8_B15(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	const u64 granule = 4 * PAGE_SIZE, size = 9 * granule + PAGE_SIZE;
	struct gem_uma_mock_heap *heap;
	unsigned long i;

	heap = gem_uma_mock_heap_create(test, &heaps, size, granule, size,
					GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 10);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, granule / 2, granule), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, granule / 2, 2 * granule), 4);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, 3 * granule, 0), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, 3 * granule, 3 * granule), 12);
	/* The last one is short, and whole. */
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, 9 * granule - 1,
						   PAGE_SIZE + 1), 4);
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ_MSG(test, !heap->ptes[i], i == 1 || (i > 2 && i < 6) || i == 9,
				    "granule %lu", i);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, 8 * granule, U64_MAX), 4);
}

/* Numbers of bytes that wrap when a granule is added. */
static void heap_as_large_as_there_are_addresses(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = gem_uma_mock_heap_alloc(test, SIZE, 2 * PAGE_SIZE);
	const u64 size = -(u64)PAGE_SIZE;

	KUNIT_ASSERT_EQ(test, gem_uma_mock_heap_init(heap, heaps.reserve, size, size,
						     GEM_UMA_HEAP_FAIL_JOB), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(&heap->base), size);
	heap_expect_grown(heap, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, size - 1, 1), 0);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&heap->base, 0, U64_MAX), 2);
	gem_uma_heap_fini(&heap->base);
}

/* Poison of one client never reaches another, by whatever way the memory comes. */
static void heap_memory_is_zero_whoever_had_it_sparse_R11(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *a, *b;
	unsigned int round, i;
	u32 mask;

	for (round = 0; round < 20; round++) {
		a = heap_create(test, &heaps, SIZE);
		KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(a), 0);
		for (i = 0; i < PAGES; i++)
			memset(gem_uma_mock_heap_cpu(a, i), 0xa5, PAGE_SIZE);
		/* Into the reserve of the same client, by discarding, and by its end. */
		gem_uma_heap_discard(&a->base, 0, SIZE / 2);
		b = heap_create(test, &heaps, PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(b), 0);
		gem_uma_mock_heap_fini(test, a);
		for (i = 0; i < PAGES; i++) {
			mask = BIT(i % 3) | BIT((i + 1) % 3);
			WRITE_ONCE(heaps.reserve->block, mask);
			gem_uma_heap_grow(&b->base, i * PAGE_SIZE);
			WRITE_ONCE(heaps.reserve->block, 0);
			heap_expect_grown(b, i);
			gem_uma_mock_heap_expect_zero(b, i);
		}
		gem_uma_mock_heap_fini(test, b);
	}
}

/* A job that had to do without gets what it needed the next time, and allocates nothing. */
static void heap_learns_what_a_job_needs_sparse_R9_R10(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 0);
	const unsigned int need = 21;
	unsigned int i, runs, missed = 1;

	for (runs = 0; missed; runs++) {
		KUNIT_ASSERT_LT(test, runs, 10);
		KUNIT_ASSERT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
		WRITE_ONCE(heaps.reserve->block, BIT(GEM_UMA_RUNGS) - 1);
		for (i = 0, missed = 0; i < need && !missed; i++)
			missed = !heap->ptes[i] && gem_uma_heap_grow(&heap->base, i * PAGE_SIZE);
		WRITE_ONCE(heaps.reserve->block, 0);
		/* Less than that is an error from now on. */
		if (missed)
			KUNIT_EXPECT_EQ(test, heap->base.need, i);
	}
	/* 0, 1, 2, 4, 8, 16, 32: doubled. */
	KUNIT_EXPECT_EQ(test, runs, 7);
	KUNIT_EXPECT_GE(test, gem_uma_heap_hint(&heap->base), need * PAGE_SIZE);
	KUNIT_EXPECT_LE(test, gem_uma_heap_hint(&heap->base), SIZE);
}

/* One that has memory for the asking is told exactly. */
static void heap_hint_is_what_was_used(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 0), *next;
	unsigned int i;

	for (i = 0; i < 7; i++)
		heap_expect_grown(heap, i);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(&heap->base), 7 * PAGE_SIZE);
	next = heap_create(test, &heaps, gem_uma_heap_hint(&heap->base));
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(next), 0);
	WRITE_ONCE(heaps.reserve->block, BIT(GEM_UMA_RUNGS) - 1);
	for (i = 0; i < 7; i++)
		heap_expect_grown(next, i);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&next->base, i * PAGE_SIZE),
			GEM_UMA_HEAP_FAIL_JOB);
}

/* With incremental rendering there is always one granule to begin with. */
static void heap_that_renders_has_one_granule(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap;

	heap = gem_uma_mock_heap_create(test, &heaps, SIZE, PAGE_SIZE, 0, GEM_UMA_HEAP_RENDER);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	KUNIT_EXPECT_NE(test, heap->ptes[0], 0);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 1);
	KUNIT_EXPECT_EQ(test, heap->base.need, 1);
}

static void heap_is_discarded_when_idle(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 6 * PAGE_SIZE);

	gem_uma_reserve_active_get(heaps.reserve, &heap->jobs);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap->base), 0);
	memset(gem_uma_mock_heap_cpu(heap, 0), 0xa5, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heaps_scan(&heaps), SHRINK_STOP);
	gem_uma_reserve_active_put(heaps.reserve, &heap->jobs);
	/* As much again was put aside. */
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heaps_scan(&heaps), 12);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 0);
	KUNIT_EXPECT_EQ(test, heap->unmaps, 6);
	/* And has it back for the next job. */
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 6);
	gem_uma_mock_heap_expect_zero(heap, 0);
}

/* Memory pressure takes what is worth nothing before it evicts any object. */
static void heap_is_discarded_before_objects_are_evicted(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 6 * PAGE_SIZE);
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, heaps.mock, SIZE, 0);
	struct gem_uma_device *udev = &heaps.mock->udev;

	gem_uma_mock_fill(test, &mobj->base, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	/* As much again was put aside. */
	KUNIT_EXPECT_EQ(test, gem_uma_reclaim_device_run(udev, 12), 12);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&mobj->base.backing), PAGES);
	gem_uma_reserve_active_get(heaps.reserve, &heap->jobs);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap->base), 0);
	gem_uma_reclaim_device_run(udev, 1);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 6);
	gem_uma_reserve_active_put(heaps.reserve, &heap->jobs);
}

/* Heaps can go where no object can, as without swap. */
static void heap_is_counted_without_objects(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 6 * PAGE_SIZE);
	struct shrinker *shrinker = heaps.mock->udev.reclaim->shrinker;
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = 1000 };

	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), 6);
	KUNIT_EXPECT_EQ(test, shrinker->scan_objects(shrinker, &sc), 12);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 0);
	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, shrinker->scan_objects(shrinker, &sc), SHRINK_STOP);
}

/* Whoever has the lock: a cgroup that holds a heap is not forgotten. */
static void heap_is_counted_while_somebody_looks_rev_B5(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 6 * PAGE_SIZE);
	struct gem_uma_device *udev = &heaps.mock->udev;
	struct shrinker *shrinker = udev->reclaim->shrinker;
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };

	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	scoped_guard(mutex, &udev->reserve_lock)
		KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), 1);
	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), 6);
}

/* A job that waits for ever keeps its own heap, and nothing of anybody else's. */
static void heap_is_kept_by_its_own_jobs_only(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 3 * PAGE_SIZE);
	struct gem_uma_mock_heap *other = heap_create(test, &heaps, 2 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(other), 0);
	gem_uma_reserve_active_get(heaps.reserve, &heap->jobs);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap->base), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heaps_scan(&heaps), 2);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 3);
	KUNIT_EXPECT_EQ(test, other->base.nr, 0);
	KUNIT_EXPECT_GT(test, atomic_long_read(&heaps.reserve->pages), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heaps_scan(&heaps), SHRINK_STOP);
	gem_uma_reserve_active_put(heaps.reserve, &heap->jobs);
}

/* What cannot be swapped out has a limit, whatever is asked for. */
static void heap_memory_is_limited(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 6 * PAGE_SIZE);
	struct gem_uma_mock_heap *other = heap_create(test, &heaps, 0);

	KUNIT_EXPECT_LT(test, heaps.reserve->limit, totalram_pages());
	KUNIT_EXPECT_GT(test, heaps.reserve->limit, heaps.reserve->cap);
	heaps.reserve->limit = 5;
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), -ENOMEM);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 5);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&other->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	gem_uma_heap_discard(&heap->base, 0, PAGE_SIZE);
	heap_expect_grown(other, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&other->base, PAGE_SIZE), GEM_UMA_HEAP_FAIL_JOB);
}

/* An idle heap is nobody's claim to what all may have. */
static void heap_limit_takes_from_who_is_idle_rev_R15(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *idle = heap_create(test, &heaps, 6 * PAGE_SIZE);
	struct gem_uma_mock_heap *busy = heap_create(test, &heaps, 2 * PAGE_SIZE);
	struct gem_uma_mock_heap *other = heap_create(test, &heaps, 3 * PAGE_SIZE);

	heaps.reserve->limit = 8;
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(idle), 0);
	gem_uma_reserve_active_get(heaps.reserve, &busy->jobs);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&busy->base), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->held), 8);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(other), 0);
	KUNIT_EXPECT_EQ(test, other->base.nr, 3);
	KUNIT_EXPECT_EQ(test, busy->base.nr, 2);
	KUNIT_EXPECT_EQ(test, idle->base.nr, 0);
	gem_uma_reserve_active_put(heaps.reserve, &busy->jobs);
}

/* Without a device nothing has an address, and nothing gets one. */
static void heap_after_unplug_has_no_memory(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 6 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	gem_uma_reserve_unplug(heaps.reserve);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->held), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), -ENODEV);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 0);
}

static void heap_prepare_is_interrupted_after_progress(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 3 * PAGE_SIZE);
	unsigned int i, nr = 0;

	gem_uma_mock_set_killed(true);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), -ERESTARTSYS);
		KUNIT_EXPECT_GT(test, heap->base.nr, nr);
		nr = heap->base.nr;
	}
	gem_uma_mock_set_killed(false);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), 0);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 3);
}

static unsigned int heap_model_discard(unsigned long *model, unsigned int start,
				       unsigned int end)
{
	unsigned int nr = 0;

	for (; start < min(end, PAGES); start++)
		nr += test_and_clear_bit(start, model);
	return nr;
}

/* Random operations against a set of bits. */
static void heap_follows_its_model_sparse_B7(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, 0);
	unsigned long *model = gem_uma_mock_zalloc(test, BITS_TO_LONGS(PAGES) * sizeof(long));
	struct rnd_state rnd;
	unsigned int i, n, start, end;

	prandom_seed_state(&rnd, 4711);
	for (i = 0; i < 5000 && READ_ONCE(test->status) != KUNIT_FAILURE; i++) {
		start = prandom_u32_state(&rnd) % PAGES;
		end = start + prandom_u32_state(&rnd) % 6;
		switch (prandom_u32_state(&rnd) % 4) {
		case 0:
			KUNIT_EXPECT_EQ(test, heap_model_discard(model, start, end),
					gem_uma_heap_discard(&heap->base, start * PAGE_SIZE,
							     (end - start) * PAGE_SIZE));
			break;
		case 1:
			heap->fail_map = 1;
			gem_uma_heap_grow(&heap->base, start * PAGE_SIZE);
			heap->fail_map = 0;
			fallthrough;
		default:
			heap_expect_grown(heap, start);
			set_bit(start, model);
		}
		KUNIT_EXPECT_EQ(test, heap->base.nr, bitmap_weight(model, PAGES));
		for (n = 0; n < PAGES; n++)
			KUNIT_EXPECT_EQ(test, !!heap->ptes[n], test_bit(n, model));
	}
}

struct heap_thread {
	struct gem_uma_mock_heap *heap;
	unsigned int kind;
	struct completion done;
};

static int heap_thread_run(void *data)
{
	struct heap_thread *thread = data;
	struct gem_uma_heap *heap = &thread->heap->base;
	unsigned int i;

	for (i = 0; i < 400; i++) {
		switch (thread->kind) {
		case 0:
			gem_uma_mock_heap_prepare(thread->heap);
			break;
		case 1:
			gem_uma_heap_discard(heap, (i % PAGES) * PAGE_SIZE, 5 * PAGE_SIZE);
			break;
		default:
			gem_uma_heap_grow(heap, (i * 7 % PAGES) * PAGE_SIZE);
		}
		cond_resched();
	}
	complete(&thread->done);
	return 0;
}

static void heap_start(struct heap_thread *thread)
{
	struct task_struct *task;

	init_completion(&thread->done);
	task = kthread_run(heap_thread_run, thread, "heap-thread");
	if (IS_ERR(task)) {
		KUNIT_FAIL(thread->heap->test, "no thread");
		complete(&thread->done);
	}
}

/* Submits, faults, and somebody who takes it all back. */
static void heap_by_several_at_once_sparse_S3(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap = heap_create(test, &heaps, SIZE);
	struct heap_thread *threads = gem_uma_mock_zalloc(test, 6 * sizeof(*threads));
	unsigned int i, mapped = 0;

	for (i = 0; i < 6; i++) {
		threads[i].heap = heap;
		threads[i].kind = i % 4;
		heap_start(&threads[i]);
	}
	for (i = 0; i < 6; i++)
		wait_for_completion(&threads[i].done);
	for (i = 0; i < PAGES; i++)
		mapped += !!heap->ptes[i];
	KUNIT_EXPECT_EQ(test, heap->base.nr, mapped);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->held), mapped);
}

static int heap_grow_slowly(void *data)
{
	struct heap_thread *thread = data;

	heap_expect_grown(thread->heap, 0);
	complete(&thread->done);
	return 0;
}

/* A fault that takes its time holds up nobody but its own heap. */
static void heap_fault_delays_no_other_heap_sparse_R16(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *a = heap_create(test, &heaps, 0);
	struct gem_uma_mock_heap *b = heap_create(test, &heaps, 0);
	DECLARE_COMPLETION_ONSTACK(in_map);
	DECLARE_COMPLETION_ONSTACK(go_on);
	struct heap_thread thread = { .heap = a };
	struct task_struct *task;
	unsigned int i;

	a->in_map = &in_map;
	a->go_on = &go_on;
	init_completion(&thread.done);
	task = kthread_run(heap_grow_slowly, &thread, "heap-slow");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&in_map);
	/* Would not come back. */
	for (i = 0; i < PAGES; i++)
		heap_expect_grown(b, i);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(b), 0);
	KUNIT_EXPECT_EQ(test, a->ptes[0], 0);
	complete(&go_on);
	wait_for_completion(&thread.done);
	a->in_map = NULL;
}

/* What a heap takes beside its granules, as long as they are neighbours. */
static size_t heap_bytes(struct gem_uma_heap *heap)
{
	size_t bytes = sizeof(*heap) + sizeof(*heap->pool);
	XA_STATE(xas, &heap->granules, 0);
	struct xa_node *node;

	xas_lock(&xas);
	xas_load(&xas);
	for (node = xas.xa_node; node; node = rcu_dereference_raw(node->parent))
		bytes += sizeof(*node);
	xas_unlock(&xas);
	return bytes;
}

/* Nothing for what is not there: what 64 granules of a GiB take beside their memory. */
static void heap_index_is_small(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap;
	unsigned int i;

	heap = gem_uma_mock_heap_create(test, &heaps, SZ_1G, SZ_64K, 0, GEM_UMA_HEAP_FAIL_JOB);
	for (i = 0; i < 64; i++)
		heap_expect_grown(heap, i);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_resident(&heap->base), 64 * SZ_64K);
	KUNIT_EXPECT_GT(test, heap_bytes(&heap->base), sizeof(struct xa_node));
	KUNIT_EXPECT_LE(test, heap_bytes(&heap->base), 4096);
}

static struct kunit_case gem_uma_heap_cases[] = {
	KUNIT_CASE(heap_init_without_a_policy_is_EINVAL_sparse_R2_R12),
	KUNIT_CASE(heap_granules_of_every_size_sparse_B12),
	KUNIT_CASE(heap_behind_the_end_there_is_no_memory),
	KUNIT_CASE(heap_grows_once_for_each_granule_sparse_B3_B6),
	KUNIT_CASE(heap_failed_map_goes_on_from_there_sparse_S1_S2),
	KUNIT_CASE(heap_as_large_as_there_are_addresses),
	KUNIT_CASE(heap_discards_whole_granules_sparse_B8_B15),
	KUNIT_CASE(heap_memory_is_zero_whoever_had_it_sparse_R11),
	KUNIT_CASE(heap_learns_what_a_job_needs_sparse_R9_R10),
	KUNIT_CASE(heap_hint_is_what_was_used),
	KUNIT_CASE(heap_that_renders_has_one_granule),
	KUNIT_CASE(heap_is_discarded_when_idle),
	KUNIT_CASE(heap_is_discarded_before_objects_are_evicted),
	KUNIT_CASE(heap_is_counted_without_objects),
	KUNIT_CASE(heap_is_counted_while_somebody_looks_rev_B5),
	KUNIT_CASE(heap_is_kept_by_its_own_jobs_only),
	KUNIT_CASE(heap_memory_is_limited),
	KUNIT_CASE(heap_limit_takes_from_who_is_idle_rev_R15),
	KUNIT_CASE(heap_after_unplug_has_no_memory),
	KUNIT_CASE(heap_prepare_is_interrupted_after_progress),
	KUNIT_CASE(heap_follows_its_model_sparse_B7),
	KUNIT_CASE(heap_by_several_at_once_sparse_S3),
	KUNIT_CASE(heap_fault_delays_no_other_heap_sparse_R16),
	KUNIT_CASE(heap_index_is_small),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_heap);
