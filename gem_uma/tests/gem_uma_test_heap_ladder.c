// SPDX-License-Identifier: GPL-2.0
/* Tests of the ladder: every step that can fail, with every policy. */
#include "gem_uma_mock_heap.h"

#define SIZE	(16 * PAGE_SIZE)
/* Granules. What a job writes first is there already. */
#define HINT	1
#define HOLE	3

#define MEMORY	(BIT(GEM_UMA_RUNG_NOWAIT) | BIT(GEM_UMA_RUNG_RESERVE) | \
		 BIT(GEM_UMA_RUNG_ATOMIC))

struct ladder_counts {
	s64 passed[GEM_UMA_RUNGS];
	s64 failed[GEM_UMA_RUNGS];
};

static struct ladder_counts ladder_count(struct gem_uma_reserve *reserve)
{
	struct ladder_counts counts;
	unsigned int i;

	for (i = 0; i < GEM_UMA_RUNGS; i++) {
		counts.passed[i] = atomic64_read(&reserve->passed[i]);
		counts.failed[i] = atomic64_read(&reserve->failed[i]);
	}
	return counts;
}

/* What growing by a granule does with these rungs blocked; returns whether it grows. */
static bool ladder_expect(struct ladder_counts *counts, u32 mask)
{
	unsigned int i;

	for (i = GEM_UMA_RUNG_NOWAIT; i <= GEM_UMA_RUNG_ATOMIC && mask & BIT(i); i++)
		counts->failed[i]++;
	if (i > GEM_UMA_RUNG_ATOMIC)
		return false;
	counts->passed[i]++;
	for (i = GEM_UMA_RUNG_INDEX; i < GEM_UMA_RUNGS; i++) {
		if (mask & BIT(i)) {
			counts->failed[i]++;
			return false;
		}
		counts->passed[i]++;
	}
	return true;
}

static void ladder_expect_counts(struct kunit *test, struct gem_uma_reserve *reserve,
				 const struct ladder_counts *want, u32 mask)
{
	struct ladder_counts got = ladder_count(reserve);
	unsigned int i;

	for (i = 0; i < GEM_UMA_RUNGS; i++) {
		KUNIT_EXPECT_EQ_MSG(test, got.passed[i], want->passed[i], "%s, mask %#x",
				    gem_uma_rung_name(i), mask);
		KUNIT_EXPECT_EQ_MSG(test, got.failed[i], want->failed[i], "%s, mask %#x",
				    gem_uma_rung_name(i), mask);
	}
}

static void ladder_attempt(struct kunit *test, struct gem_uma_mock_heaps *heaps, u32 mask,
			   enum gem_uma_heap_outcome policy)
{
	struct gem_uma_reserve *r = heaps->reserve;
	struct gem_uma_mock_heap *heap;
	struct ladder_counts counts;
	unsigned long nr;
	bool grows;

	heap = gem_uma_mock_heap_create(test, heaps, SIZE, PAGE_SIZE, HINT * PAGE_SIZE, policy);
	gem_uma_reserve_active_get(r, &heap->jobs);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_heap_prepare(&heap->base));
	counts = ladder_count(r);
	grows = ladder_expect(&counts, mask);

	WRITE_ONCE(r->block, mask);
	KUNIT_EXPECT_EQ_MSG(test, gem_uma_heap_grow(&heap->base, HOLE * PAGE_SIZE),
			    grows ? GEM_UMA_HEAP_GROWN : policy, "mask %#x", mask);
	WRITE_ONCE(r->block, 0);
	ladder_expect_counts(test, r, &counts, mask);
	/* A step that was done stays done. */
	nr = HINT + ((mask & MEMORY) != MEMORY &&
		     !(mask & (BIT(GEM_UMA_RUNG_INDEX) | BIT(GEM_UMA_RUNG_DMA))));
	KUNIT_EXPECT_EQ_MSG(test, heap->base.nr, nr, "mask %#x", mask);
	KUNIT_EXPECT_EQ(test, !!heap->ptes[HOLE], grows);
	/* And the next access goes on from there. */
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, HOLE * PAGE_SIZE),
			GEM_UMA_HEAP_GROWN);
	gem_uma_mock_heap_expect_zero(heap, HOLE);
	KUNIT_EXPECT_EQ(test, heap->base.nr, HINT + 1);
	gem_uma_reserve_active_put(r, &heap->jobs);
	gem_uma_mock_heap_fini(test, heap);
	gem_uma_mock_heaps_expect_empty(test, heaps);
}

static void ladder_all_masks_with_a_policy(struct kunit *test)
{
	const enum gem_uma_heap_outcome *policy = test->param_value;
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	u32 mask;

	for (mask = 0; mask < BIT(GEM_UMA_RUNGS); mask++)
		ladder_attempt(test, &heaps, mask, *policy);
}

static const enum gem_uma_heap_outcome ladder_policies[] = {
	GEM_UMA_HEAP_RENDER, GEM_UMA_HEAP_FAIL_JOB, GEM_UMA_HEAP_LOSE_DEVICE,
};

static void ladder_policy_name(const enum gem_uma_heap_outcome *policy, char *desc)
{
	static const char *const names[] = { "", "render", "fail_job", "lose_device" };

	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s_sparse_R1_R5_R7", names[*policy]);
}

KUNIT_ARRAY_PARAM(ladder_policy, ladder_policies, ladder_policy_name);

/* The last memory of the machine, and what is over the limit, once for each submit. */
static void ladder_atomic_is_once_a_job(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap;

	heap = gem_uma_mock_heap_create(test, &heaps, SIZE, PAGE_SIZE, 0, GEM_UMA_HEAP_FAIL_JOB);
	/* Not before anybody has prepared. */
	WRITE_ONCE(heaps.reserve->block, MEMORY & ~BIT(GEM_UMA_RUNG_ATOMIC));
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	gem_uma_reserve_active_get(heaps.reserve, &heap->jobs);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap->base), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 5 * PAGE_SIZE), GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 6 * PAGE_SIZE),
			GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap->base), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 6 * PAGE_SIZE), GEM_UMA_HEAP_GROWN);
	gem_uma_reserve_active_put(heaps.reserve, &heap->jobs);
}

/* Each heap would add a granule to what is over the limit of its cgroup. */
static void ladder_atomic_is_once_for_all_heaps_rev_R13(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		heap[i] = gem_uma_mock_heap_create(test, &heaps, SIZE, PAGE_SIZE, 0,
						   GEM_UMA_HEAP_FAIL_JOB);
		gem_uma_reserve_active_get(heaps.reserve, &heap[i]->jobs);
		KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap[i]->base), 0);
	}
	WRITE_ONCE(heaps.reserve->block, MEMORY & ~BIT(GEM_UMA_RUNG_ATOMIC));
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap[0]->base, 0), GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap[1]->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	/* Nor does a submit help that could put nothing aside. */
	gem_uma_reserve_active_put(heaps.reserve, &heap[0]->jobs);
	gem_uma_reserve_active_put(heaps.reserve, &heap[1]->jobs);
	KUNIT_EXPECT_GT(test, gem_uma_mock_heaps_scan(&heaps), 0);
	gem_uma_reserve_active_get(heaps.reserve, &heap[1]->jobs);
	heaps.reserve->cap = 0;
	heap[1]->base.need = 0;
	heap[1]->base.goal = 0;
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap[1]->base), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap[1]->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	gem_uma_reserve_active_put(heaps.reserve, &heap[1]->jobs);
}

/* From the reserve as long as it has some; refilled by the next submit, not before. */
static void ladder_reserve_is_refilled_at_submit_sparse_R6(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	const u64 hint = 2 * PAGE_SIZE;
	struct gem_uma_mock_heap *heap;
	unsigned int i;

	heap = gem_uma_mock_heap_create(test, &heaps, SIZE, PAGE_SIZE, hint,
					GEM_UMA_HEAP_FAIL_JOB);
	gem_uma_reserve_active_get(heaps.reserve, &heap->jobs);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap->base), 0);
	WRITE_ONCE(heaps.reserve->block, BIT(GEM_UMA_RUNG_NOWAIT) | BIT(GEM_UMA_RUNG_ATOMIC));
	for (i = 2; i < 4; i++)
		KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, i * PAGE_SIZE),
				GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pages), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, i * PAGE_SIZE),
			GEM_UMA_HEAP_FAIL_JOB);
	/* By what the job was seen to need, at the least. */
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&heap->base), 0);
	KUNIT_EXPECT_GE(test, atomic_long_read(&heaps.reserve->pages), 5);
	gem_uma_reserve_active_put(heaps.reserve, &heap->jobs);
}

/* A bounce buffer is no address. */
static void ladder_bounced_address_is_none(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap *heap;

	heap = gem_uma_mock_heap_create(test, &heaps, SIZE, PAGE_SIZE, PAGE_SIZE,
					GEM_UMA_HEAP_FAIL_JOB);
	gem_uma_mock_bounce(heaps.mock, true);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(heap), -EIO);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, heap->base.nr, 0);
	gem_uma_mock_bounce(heaps.mock, false);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_GROWN);
}

static struct kunit_case gem_uma_heap_ladder_cases[] = {
	KUNIT_CASE_PARAM(ladder_all_masks_with_a_policy, ladder_policy_gen_params),
	KUNIT_CASE(ladder_atomic_is_once_a_job),
	KUNIT_CASE(ladder_atomic_is_once_for_all_heaps_rev_R13),
	KUNIT_CASE(ladder_reserve_is_refilled_at_submit_sparse_R6),
	KUNIT_CASE(ladder_bounced_address_is_none),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_heap_ladder);
