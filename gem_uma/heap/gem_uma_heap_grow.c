// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps: the ladder that a fault of the device climbs.
 *
 * Decides where the memory of a fault comes from; waits for nothing. Lock: that of the heap.
 * Neighbours: the granules, in gem_uma_heap.c; the reserve, below.
 */
#include <linux/dma-fence.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/sched/mm.h>
#include <linux/timekeeping.h>

#include <drm/gem_uma/gem_uma_heap.h>

#include "gem_uma_heap_internal.h"
#include "gem_uma_heap_trace.h"

/* One rung: its memory, or NULL. */
static struct page *gem_uma_heap_try(struct gem_uma_heap *heap, enum gem_uma_rung rung)
{
	unsigned int order = gem_uma_heap_order(heap);
	struct gem_uma_reserve *reserve = heap->reserve;
	struct page *page = NULL;

	if (!gem_uma_reserve_allows(reserve, rung))
		return NULL;
	switch (rung) {
	case GEM_UMA_RUNG_NOWAIT:
		/* Progress when it fails: there are two more rungs. */
		page = gem_uma_reserve_alloc(reserve, order, GFP_NOWAIT);
		break;
	case GEM_UMA_RUNG_RESERVE:
		page = gem_uma_reserve_take(heap->pool, order);
		break;
	default:
		/* Progress when it fails: the policy of the heap. */
		page = gem_uma_reserve_take_atomic(heap->pool, order);
	}
	gem_uma_reserve_count(reserve, rung, page);
	return page;
}

static struct page *gem_uma_heap_climb(struct gem_uma_heap *heap, enum gem_uma_rung *rung)
{
	struct page *page = NULL;

	lockdep_assert_held(&heap->lock);
	for (*rung = GEM_UMA_RUNG_NOWAIT; *rung <= GEM_UMA_RUNG_ATOMIC; ++*rung) {
		page = gem_uma_heap_try(heap, *rung);
		if (page)
			return page;
	}
	--*rung;
	return NULL;
}

/* Counts a step that needs no memory of its own size. */
static int gem_uma_heap_step(struct gem_uma_heap *heap, enum gem_uma_rung step, int ret)
{
	gem_uma_reserve_count(heap->reserve, step, !ret);
	return ret;
}

/* Gets a granule that is not there. @rung: where its memory came from, or what failed. */
static int gem_uma_heap_fetch(struct gem_uma_heap *heap, unsigned long index,
			      enum gem_uma_rung *rung)
{
	struct page *page = gem_uma_heap_climb(heap, rung);
	enum gem_uma_rung step = GEM_UMA_RUNG_INDEX;
	int ret = -ENOMEM;

	if (!page)
		return ret;
	/* Progress when it fails: the policy of the heap. */
	if (gem_uma_reserve_allows(heap->reserve, step))
		ret = gem_uma_heap_step(heap, step,
					xa_reserve(&heap->granules, index, GFP_NOWAIT));
	if (!ret) {
		step = GEM_UMA_RUNG_DMA;
		ret = -EIO;
		if (gem_uma_reserve_allows(heap->reserve, step))
			ret = gem_uma_heap_step(heap, step,
						gem_uma_heap_insert(heap, index, page));
	}
	if (ret) {
		xa_release(&heap->granules, index);
		__free_pages(page, gem_uma_heap_order(heap));
		*rung = step;
	}
	return ret;
}

static int gem_uma_heap_map_fault(struct gem_uma_heap *heap, unsigned long index,
				  enum gem_uma_rung *rung)
{
	struct gem_uma_heap_tables tables = {};
	int ret = -ENOMEM;

	if (gem_uma_reserve_allows(heap->reserve, GEM_UMA_RUNG_MAP)) {
		/* Progress when it fails: the policy of the heap. */
		ret = heap->ops->alloc_tables(heap, &tables, GFP_NOWAIT);
		if (!ret) {
			ret = gem_uma_heap_map(heap, index, &tables);
			heap->ops->free_tables(heap, &tables);
		}
		gem_uma_heap_step(heap, GEM_UMA_RUNG_MAP, ret);
	}
	if (ret)
		*rung = GEM_UMA_RUNG_MAP;
	return ret;
}

static int gem_uma_heap_fault(struct gem_uma_heap *heap, unsigned long index,
			      enum gem_uma_rung *rung)
{
	int ret = 0;

	lockdep_assert_held(&heap->lock);
	/* Somebody else had the same fault. */
	if (xa_get_mark(&heap->granules, index, GEM_UMA_HEAP_MAPPED))
		return 0;
	if (!xa_load(&heap->granules, index))
		ret = gem_uma_heap_fetch(heap, index, rung);
	return ret ?: gem_uma_heap_map_fault(heap, index, rung);
}

/* What is there, counts, and not where: a job may leave holes. */
static void gem_uma_heap_learn(struct gem_uma_heap *heap, bool grown)
{
	unsigned long need = grown ? heap->nr : min(heap->nr + 1, heap->max);
	unsigned long goal = grown ? heap->nr : clamp(2 * heap->nr, need, heap->max);

	lockdep_assert_held(&heap->lock);
	/* What is there is not what a job needed; but a hole is not enough. */
	if (heap->filled && grown)
		return;
	if (heap->policy != GEM_UMA_HEAP_RENDER)
		heap->need = max(heap->need, need);
	heap->goal = max(heap->goal, goal);
}

/**
 * gem_uma_heap_grow() - the device met a hole
 * @heap: heap
 * @offset: of the access; behind the end of the heap there never is memory
 *
 * Waits for nothing. The driver's page-table functions are called.
 *
 * Context: may be a signalling section; takes the lock of the heap, and no other but those
 * of the driver's functions. Not from interrupts.
 *
 * Return: GEM_UMA_HEAP_GROWN, or the policy of the heap.
 */
enum gem_uma_heap_outcome gem_uma_heap_grow(struct gem_uma_heap *heap, u64 offset)
{
	bool cookie = dma_fence_begin_signalling();
	enum gem_uma_rung rung = GEM_UMA_RUNG_NOWAIT;
	u64 start = ktime_get_mono_fast_ns();
	struct mem_cgroup *old;
	int ret = -ENOSPC;

	mutex_lock(&heap->lock);
	if (offset < heap->size) {
		old = gem_uma_reserve_charge(heap->pool);
		ret = gem_uma_heap_fault(heap, offset >> heap->shift, &rung);
		set_active_memcg(old);
		gem_uma_heap_learn(heap, !ret);
	}
	mutex_unlock(&heap->lock);
	trace_gem_uma_heap_grow(heap->reserve->udev->drm, heap, offset, BIT_ULL(heap->shift),
				gem_uma_rung_name(rung), ret, ktime_get_mono_fast_ns() - start);
	dma_fence_end_signalling(cookie);
	return ret ? heap->policy : GEM_UMA_HEAP_GROWN;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_grow);
