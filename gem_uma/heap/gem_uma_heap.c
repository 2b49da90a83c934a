// SPDX-License-Identifier: GPL-2.0
/*
 * Address space that gets its memory when a device accesses it.
 *
 * Owns the granules of a heap and their addresses for the device, and keeps them while
 * somebody has pinned them. Lock: that of the heap. Neighbours: the reserve, below; the ladder
 * that a fault climbs, above.
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>

#include <drm/drm_device.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_client.h>
#include <drm/gem_uma/gem_uma_heap.h>
#include <kunit/visibility.h>

#include "gem_uma_heap_internal.h"
#include "gem_uma_heap_trace.h"
#include "gem_uma_internal.h"

/**
 * DOC: Heaps
 *
 * The tiler of a GPU writes lists whose length nobody knows before. Its heap is much
 * address space with little memory in it: where the device meets a hole, it stops, and the
 * driver calls gem_uma_heap_grow() and lets it go on.
 *
 * A fence promises that its job ends, whatever happens. So growing must not be needed for
 * that: it waits for nothing, and can fail. What happens then is a policy that each heap
 * has from the beginning, and without which there is no heap:
 *
 * ============================  =====================================================
 * policy                        when there is no memory
 * ============================  =====================================================
 * GEM_UMA_HEAP_RENDER           the device works off what the heap has and goes on;
 *                               gem_uma_heap_prepare() sees to it that it has some
 * GEM_UMA_HEAP_FAIL_JOB         the job fails, with an error in its fence
 * GEM_UMA_HEAP_LOSE_DEVICE      the client loses the device
 * ============================  =====================================================
 *
 * Memory comes from the first rung of a ladder that has some:
 *
 * ============  ======================================================================
 * rung          what it is
 * ============  ======================================================================
 * nowait        free memory; kswapd is woken if that is little
 * reserve       what submits have put aside, see gem_uma_reserve_refill()
 * atomic        the last memory of the machine, and beyond the limit of the cgroup; one
 *               granule of its size in the cgroup, until a submit has put one aside again
 * ============  ======================================================================
 *
 * After that it needs a place in the index, an address for the device, and page tables.
 * Each of these steps is counted and traced, and can be made to fail through debugfs. What
 * was done before a step that fails stays, and the next fault goes on from there.
 *
 * A heap learns: gem_uma_heap_prepare(), called when a job is submitted, allocates what the
 * last job needed and, if that had to do without, twice as much. That waits for memory, and
 * an error reaches the one who asked. If it succeeds, the same job needs no memory while it
 * runs.
 *
 * The content is worthless between jobs. Reclaim discards it when no job may use the heap, and
 * nobody has pinned it; what comes back is zero. That comes before any object is evicted.
 * Granules are private folios: not in the page cache, never swapped, and charged to the cgroup
 * of the task that created the heap.
 */

static u64 gem_uma_heap_offset(const struct gem_uma_heap *heap, unsigned long index)
{
	return (u64)index << heap->shift;
}

/* The granules that hold so many bytes from the start; the sum of bytes would wrap first. */
static unsigned long gem_uma_heap_granules(const struct gem_uma_heap *heap, u64 bytes)
{
	return bytes ? ((bytes - 1) >> heap->shift) + 1 : 0;
}

/* The bytes of a granule that the heap has. */
static u64 gem_uma_heap_bytes(const struct gem_uma_heap *heap, unsigned long index)
{
	return min_t(u64, BIT_ULL(heap->shift), heap->size - gem_uma_heap_offset(heap, index));
}

/* A private folio has room for a number of its owner's. Addresses are whole pages. */
static dma_addr_t gem_uma_heap_addr(struct page *page)
{
	return (dma_addr_t)page_private(page) << PAGE_SHIFT;
}

static void gem_uma_heap_dma_unmap(struct gem_uma_heap *heap, struct page *page)
{
	const struct gem_uma_device *udev = heap->reserve->udev;

	if (!udev->physical)
		dma_unmap_page_attrs(udev->dma_dev, gem_uma_heap_addr(page),
				     BIT(heap->shift), DMA_BIDIRECTIONAL,
				     DMA_ATTR_SKIP_CPU_SYNC);
	set_page_private(page, 0);
}

/*
 * Allocates nothing but, behind an IOMMU, what the DMA API takes with GFP_ATOMIC: a failure
 * is one of the ways not to grow.
 */
static int gem_uma_heap_dma_map(struct gem_uma_heap *heap, struct page *page)
{
	struct gem_uma_sync_piece piece = {
		.phys = PFN_PHYS(page_to_pfn(page)), .size = BIT(heap->shift),
	};
	const struct gem_uma_device *udev = heap->reserve->udev;

	if (udev->physical) {
		set_page_private(page, page_to_pfn(page));
		return 0;
	}
	piece.addr = dma_map_page_attrs(udev->dma_dev, page, 0, piece.size, DMA_BIDIRECTIONAL,
					DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(udev->dma_dev, piece.addr))
		return -EIO;
	set_page_private(page, piece.addr >> PAGE_SHIFT);
	/* Also of a driver that copies around its jobs: this is memory of the device alone. */
	if (gem_uma_device_bounces(udev, piece.addr, piece.phys)) {
		gem_uma_heap_dma_unmap(heap, page);
		return -EIO;
	}
	/* The zeroes have to be in memory before the device looks. */
	if (!udev->coherent)
		udev->sync_ops->clean(udev->dma_dev, &piece);
	return 0;
}

/* How much there is, for files that have a handle. */
static void gem_uma_heap_show(struct gem_uma_heap *heap)
{
	struct gem_uma_client_pages now = {
		.resident = (u64)heap->nr << gem_uma_heap_order(heap),
	};

	lockdep_assert_held(&heap->lock);
	if (heap->files)
		gem_uma_client_list_update(heap->files, &now);
}

/**
 * gem_uma_heap_insert() - enter a folio
 * @heap: heap
 * @index: of the granule, for which the index has room
 * @page: the folio; it is the heap's on success only
 *
 * Context: lock of the heap held; may be a signalling section.
 *
 * Return: 0; -EIO if the device cannot reach it; -ENODEV without a device; -ENOMEM.
 */
int gem_uma_heap_insert(struct gem_uma_heap *heap, unsigned long index, struct page *page)
{
	int ret;

	lockdep_assert_held(&heap->lock);
	if (heap->detached || READ_ONCE(heap->reserve->udev->unplugged))
		return -ENODEV;
	ret = gem_uma_heap_dma_map(heap, page);
	if (ret)
		return ret;
	/* Allocates only if somebody else gave the room back that was reserved. */
	ret = xa_err(xa_store(&heap->granules, index, page, GFP_NOWAIT));
	if (ret) {
		gem_uma_heap_dma_unmap(heap, page);
		return ret;
	}
	heap->nr++;
	atomic_long_add(1l << gem_uma_heap_order(heap), &heap->reserve->held);
	if (heap->pins)
		atomic_long_add(1l << gem_uma_heap_order(heap), &heap->reserve->pinned);
	gem_uma_heap_show(heap);
	return 0;
}

/* The device loses a granule. */
static void gem_uma_heap_disconnect(struct gem_uma_heap *heap, unsigned long index,
				    struct page *page)
{
	lockdep_assert_held(&heap->lock);
	if (xa_get_mark(&heap->granules, index, GEM_UMA_HEAP_MAPPED)) {
		heap->ops->unmap(heap, gem_uma_heap_offset(heap, index),
				 gem_uma_heap_bytes(heap, index));
		xa_clear_mark(&heap->granules, index, GEM_UMA_HEAP_MAPPED);
	}
	gem_uma_heap_dma_unmap(heap, page);
	heap->ready = min(heap->ready, index);
}

/* Removes a granule; returns its pages. */
static unsigned long gem_uma_heap_drop(struct gem_uma_heap *heap, unsigned long index,
				       struct page *page)
{
	unsigned long nr_pages = 1ul << gem_uma_heap_order(heap);

	lockdep_assert_held(&heap->lock);
	if (!heap->detached)
		gem_uma_heap_disconnect(heap, index, page);
	xa_erase(&heap->granules, index);
	__free_pages(page, gem_uma_heap_order(heap));
	heap->nr--;
	atomic_long_sub(nr_pages, &heap->reserve->held);
	gem_uma_heap_show(heap);
	/* From now on, what is there is what jobs needed. */
	if (!heap->nr)
		heap->filled = false;
	return nr_pages;
}

static unsigned long gem_uma_heap_drop_range(struct gem_uma_heap *heap, unsigned long start,
					     unsigned long end)
{
	unsigned long index, nr_pages = 0;
	struct page *page;

	lockdep_assert_held(&heap->lock);
	if (start >= end)
		return 0;
	xa_for_each_range(&heap->granules, index, page, start, end - 1) {
		nr_pages += gem_uma_heap_drop(heap, index, page);
		cond_resched();
	}
	return nr_pages;
}

/* The device loses all. What is pinned stays, for the CPU. */
static unsigned long gem_uma_heap_cut_off(struct gem_uma_heap *heap)
{
	unsigned long index, nr_pages = 0;
	struct page *page;

	lockdep_assert_held(&heap->lock);
	if (!heap->pins)
		nr_pages = gem_uma_heap_drop_range(heap, 0, heap->max);
	else if (!heap->detached)
		xa_for_each(&heap->granules, index, page) {
			gem_uma_heap_disconnect(heap, index, page);
			cond_resched();
		}
	heap->detached = true;
	return nr_pages;
}

/* Reclaim, or the end of the device, wants the memory. */
static unsigned long gem_uma_heap_give(struct gem_uma_reserve_user *user, bool gone)
{
	struct gem_uma_heap *heap = container_of(user, struct gem_uma_heap, user);
	unsigned long nr_pages = 0;

	if (gone)
		mutex_lock(&heap->lock);
	else if (!mutex_trylock(&heap->lock))
		return 0;
	if (gone)
		nr_pages = gem_uma_heap_cut_off(heap);
	else if (!heap->pins)
		nr_pages = gem_uma_heap_drop_range(heap, 0, heap->max);
	mutex_unlock(&heap->lock);
	return nr_pages;
}

static bool gem_uma_heap_config_valid(const struct gem_uma_heap_config *config)
{
	return config->jobs && config->policy >= GEM_UMA_HEAP_RENDER &&
	       config->policy <= GEM_UMA_HEAP_LOSE_DEVICE &&
	       config->granule >= PAGE_SIZE && config->granule <= SZ_2M &&
	       is_power_of_2(config->granule) &&
	       config->size && PAGE_ALIGNED(config->size) && config->hint <= config->size;
}

/* As if there had been no job. */
static void gem_uma_heap_forget(struct gem_uma_heap *heap)
{
	heap->goal = heap->hint;
	/* Who renders can do with one. */
	heap->need = heap->policy == GEM_UMA_HEAP_RENDER ? 1 : heap->hint;
}

/* Fences wait for the lock. */
static void gem_uma_heap_prime_signalling(struct gem_uma_heap *heap)
{
	bool cookie = dma_fence_begin_signalling();

	might_lock(&heap->lock);
	dma_fence_end_signalling(cookie);
}

/* And reclaim tries it. */
static void gem_uma_heap_prime_lock(struct gem_uma_heap *heap)
{
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&heap->lock);
	fs_reclaim_release(GFP_KERNEL);
	gem_uma_heap_prime_signalling(heap);
}

/**
 * gem_uma_heap_init() - set up a heap without memory
 * @heap: heap, zeroed, in the driver's own structure
 * @reserve: reserve of the device
 * @config: what it is to be; not kept
 *
 * The caller's memory cgroup becomes the owner.
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0; -EINVAL for a size, a granule or a hint that cannot be, or without a policy or
 * jobs; -E2BIG for a heap with more granules than can be counted; -ENOMEM.
 */
int gem_uma_heap_init(struct gem_uma_heap *heap, struct gem_uma_reserve *reserve,
		      const struct gem_uma_heap_config *config)
{
	if (!gem_uma_heap_config_valid(config))
		return -EINVAL;
	heap->shift = ilog2(config->granule);
	if ((config->size - 1) >> heap->shift >= LONG_MAX)
		return -E2BIG;
	heap->pool = gem_uma_reserve_pool_get(reserve);
	if (!heap->pool)
		return -ENOMEM;
	heap->reserve = reserve;
	heap->ops = config->ops;
	heap->size = config->size;
	heap->policy = config->policy;
	heap->max = gem_uma_heap_granules(heap, config->size);
	heap->hint = gem_uma_heap_granules(heap, config->hint);
	gem_uma_heap_forget(heap);
	mutex_init(&heap->lock);
	gem_uma_heap_prime_lock(heap);
	xa_init_flags(&heap->granules, XA_FLAGS_ACCOUNT);
	heap->user.pool = heap->pool;
	heap->user.jobs = config->jobs;
	heap->user.discard = gem_uma_heap_give;
	gem_uma_reserve_add_user(reserve, &heap->user);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_init);

/**
 * gem_uma_heap_detach() - no device and no job uses a heap any more
 * @heap: heap
 *
 * What is mapped gets unmapped. Memory stays only as long as it is pinned. What would need
 * new memory is -ENODEV from now on, and the functions of the driver that map and unmap are
 * not called again: page tables can go. Can be repeated.
 *
 * Context: may sleep.
 */
void gem_uma_heap_detach(struct gem_uma_heap *heap)
{
	gem_uma_reserve_remove_user(heap->reserve, &heap->user);
	guard(mutex)(&heap->lock);
	gem_uma_heap_cut_off(heap);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_detach);

/**
 * gem_uma_heap_fini() - undo gem_uma_heap_init()
 * @heap: heap that nobody has pinned
 *
 * Includes gem_uma_heap_detach().
 *
 * Context: may sleep.
 */
void gem_uma_heap_fini(struct gem_uma_heap *heap)
{
	gem_uma_heap_detach(heap);
	drm_WARN_ON_ONCE(heap->reserve->udev->drm, heap->nr || heap->pins);
	xa_destroy(&heap->granules);
	mutex_destroy(&heap->lock);
	gem_uma_reserve_pool_put(heap->pool);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_fini);

/**
 * gem_uma_heap_map() - map a granule that is there, unless it is mapped
 * @heap: heap
 * @index: of the granule
 * @tables: for &gem_uma_heap_ops.map
 *
 * Context: lock of the heap held; may be a signalling section.
 *
 * Return: 0; -ENODEV for a heap that is detached; as &gem_uma_heap_ops.map.
 */
int gem_uma_heap_map(struct gem_uma_heap *heap, unsigned long index,
		     struct gem_uma_heap_tables *tables)
{
	struct page *page = xa_load(&heap->granules, index);
	int ret;

	lockdep_assert_held(&heap->lock);
	if (xa_get_mark(&heap->granules, index, GEM_UMA_HEAP_MAPPED))
		return 0;
	if (heap->detached)
		return -ENODEV;
	ret = heap->ops->map(heap, gem_uma_heap_offset(heap, index), gem_uma_heap_addr(page),
			     gem_uma_heap_bytes(heap, index), tables);
	if (ret)
		return ret;
	xa_set_mark(&heap->granules, index, GEM_UMA_HEAP_MAPPED);
	while (xa_get_mark(&heap->granules, heap->ready, GEM_UMA_HEAP_MAPPED))
		heap->ready++;
	return 0;
}

/*
 * With what was allocated before, and may not be needed any more. -EAGAIN if it is needed
 * after all.
 */
static int gem_uma_heap_publish(struct gem_uma_heap *heap, unsigned long index,
				struct page **page, struct gem_uma_heap_tables *tables)
{
	int ret;

	guard(mutex)(&heap->lock);
	if (!xa_load(&heap->granules, index)) {
		if (!*page)
			return -EAGAIN;
		ret = gem_uma_heap_insert(heap, index, *page);
		if (ret)
			return ret;
		*page = NULL;
	}
	return gem_uma_heap_map(heap, index, tables);
}

/* Allocates outside of the lock, enters under it. */
static int gem_uma_heap_populate(struct gem_uma_heap *heap, unsigned long index)
{
	struct gem_uma_heap_tables tables = {};
	struct page *page = NULL;
	int ret = 0;

	if (xa_get_mark(&heap->granules, index, GEM_UMA_HEAP_MAPPED))
		return 0;
	/* Found out for certain later: here only to allocate nothing. */
	if (READ_ONCE(heap->detached))
		return -ENODEV;
	if (!xa_load(&heap->granules, index)) {
		page = gem_uma_reserve_alloc_wait(heap->reserve, gem_uma_heap_order(heap));
		if (!page)
			return -ENOMEM;
		ret = xa_reserve(&heap->granules, index, GEM_UMA_GFP_MAYFAIL);
	}
	if (!ret)
		ret = heap->ops->alloc_tables(heap, &tables, GEM_UMA_GFP_MAYFAIL);
	if (!ret) {
		ret = gem_uma_heap_publish(heap, index, &page, &tables);
		heap->ops->free_tables(heap, &tables);
	}
	/* Without effect on a granule that is there. */
	if (ret)
		xa_release(&heap->granules, index);
	if (page)
		__free_pages(page, gem_uma_heap_order(heap));
	return ret;
}

/* Granules [*@at, @end), before which all are there; *@at becomes the first that is not. */
static int gem_uma_heap_populate_up_to(struct gem_uma_heap *heap, unsigned long end,
				       unsigned long *at)
{
	struct mem_cgroup *old = gem_uma_reserve_charge(heap->pool);
	int ret = 0;

	for (; *at < end && !ret; *at += !ret) {
		do {
			ret = gem_uma_heap_populate(heap, *at);
		} while (ret == -EAGAIN);
		/* After progress, so that one who is interrupted again and again gets through. */
		if (!ret && signal_pending(current))
			ret = -ERESTARTSYS;
		cond_resched();
	}
	set_active_memcg(old);
	return ret;
}

/**
 * gem_uma_heap_prepare() - have ready what the next job will need
 * @heap: heap
 *
 * Allocates what the heap has learned, and what has to be in the reserve. Less than that is
 * an error only where it is less than the last job needed, or, with GEM_UMA_HEAP_RENDER,
 * nothing. Keeps what it has got, and can be repeated.
 *
 * Context: may sleep and reclaim. For the ioctl that submits a job, between
 * gem_uma_reserve_active_get() and arming the job's fence.
 *
 * Return: 0; -ENOMEM; -ERESTARTSYS for a signal; -EIO if the device cannot reach memory;
 * -ENODEV if it was unplugged, or the heap detached; as &gem_uma_heap_ops.map.
 */
int gem_uma_heap_prepare(struct gem_uma_heap *heap)
{
	u64 start = ktime_get_mono_fast_ns();
	unsigned long need, goal, at;
	int ret;

	might_alloc(GFP_KERNEL);
	mutex_lock(&heap->lock);
	need = heap->need;
	goal = max(heap->goal, need);
	at = heap->ready;
	mutex_unlock(&heap->lock);

	ret = gem_uma_heap_populate_up_to(heap, goal, &at);
	if (!ret)
		ret = gem_uma_reserve_refill(heap->pool, gem_uma_heap_order(heap),
					     max(goal, 1ul));
	if (ret == -ENOMEM && at >= need)
		ret = 0;
	trace_gem_uma_heap_prepare(heap->reserve->udev->drm, heap, READ_ONCE(heap->nr), goal,
				   ret, ktime_get_mono_fast_ns() - start);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_prepare);

/* The first pin is counted with those of other heaps, and can be one too many. */
static bool gem_uma_heap_get_pin(struct gem_uma_heap *heap)
{
	unsigned int order = gem_uma_heap_order(heap);

	lockdep_assert_held(&heap->lock);
	if (!heap->pins) {
		/* The first comparison keeps the shift from overflowing. */
		if (heap->max > heap->reserve->limit >> order ||
		    !gem_uma_reserve_promise(heap->reserve, heap->max << order))
			return false;
		atomic_long_add(heap->nr << order, &heap->reserve->pinned);
		heap->filled = true;
	}
	heap->pins++;
	return true;
}

/**
 * gem_uma_heap_pin() - have all of a heap in memory, and keep it there
 * @heap: heap
 *
 * For the CPU, or another device, to look at it without holes. Growing goes on to work, and
 * has nothing left to do.
 *
 * Context: may sleep and reclaim; no lock of the heap is held meanwhile.
 *
 * Return: 0; -ENOMEM, also if more would be pinned than all heaps of the device may pin;
 * otherwise as gem_uma_heap_prepare(). On failure nothing is pinned, and what was allocated
 * stays.
 */
int gem_uma_heap_pin(struct gem_uma_heap *heap)
{
	unsigned long at;
	int ret;

	might_alloc(GFP_KERNEL);
	scoped_guard(mutex, &heap->lock) {
		if (!gem_uma_heap_get_pin(heap))
			return -ENOMEM;
		at = heap->ready;
	}
	ret = gem_uma_heap_populate_up_to(heap, heap->max, &at);
	if (ret)
		gem_uma_heap_unpin(heap);
	return ret;
}

/**
 * gem_uma_heap_pin_again() - the same for one who knows that it is pinned
 * @heap: heap that cannot be unpinned meanwhile; it may be detached
 *
 * Context: may sleep, but allocates nothing.
 */
void gem_uma_heap_pin_again(struct gem_uma_heap *heap)
{
	guard(mutex)(&heap->lock);
	drm_WARN_ON_ONCE(heap->reserve->udev->drm, !heap->pins);
	heap->pins++;
}

/**
 * gem_uma_heap_unpin() - undo gem_uma_heap_pin()
 * @heap: heap; one that is detached loses its memory with the last pin
 *
 * Context: may sleep, but allocates nothing.
 */
void gem_uma_heap_unpin(struct gem_uma_heap *heap)
{
	unsigned int order = gem_uma_heap_order(heap);

	guard(mutex)(&heap->lock);
	if (--heap->pins)
		return;
	atomic_long_sub(heap->nr << order, &heap->reserve->pinned);
	atomic_long_sub(heap->max << order, &heap->reserve->promised);
	/* Nothing was populated after all. */
	if (!heap->nr)
		heap->filled = false;
	if (heap->detached)
		gem_uma_heap_drop_range(heap, 0, heap->max);
}

/**
 * gem_uma_heap_page() - the page of an address in a heap
 * @heap: heap
 * @offset: bytes, less than its size
 *
 * Context: any. The page stays if the heap is pinned.
 *
 * Return: the page; NULL if there is none, which cannot be if the heap is pinned.
 */
struct page *gem_uma_heap_page(struct gem_uma_heap *heap, u64 offset)
{
	struct page *page = xa_load(&heap->granules, offset >> heap->shift);

	return page ? page + ((offset & (BIT_ULL(heap->shift) - 1)) >> PAGE_SHIFT) : NULL;
}

/**
 * gem_uma_heap_write() - write what the device is to find
 * @heap: heap
 * @offset: bytes
 * @buf: what to write
 * @size: bytes, all in one page
 *
 * For what the kernel tells the device by memory, as headers of chunks. There is no function
 * that reads: what a device can write is nothing that the kernel may rely on.
 *
 * Context: may be a signalling section; takes the lock of the heap. Not from interrupts.
 *
 * Return: 0; -EINVAL for a range outside of the heap, or in several pages; -ENXIO if the
 * granule is not there, or is of no device.
 */
int gem_uma_heap_write(struct gem_uma_heap *heap, u64 offset, const void *buf, size_t size)
{
	const struct gem_uma_device *udev = heap->reserve->udev;
	struct gem_uma_sync_piece piece = { .size = size };
	struct page *page;

	if (offset >= heap->size || size > PAGE_SIZE - offset_in_page(offset))
		return -EINVAL;
	guard(mutex)(&heap->lock);
	page = heap->detached ? NULL : gem_uma_heap_page(heap, offset);
	if (!page)
		return -ENXIO;
	piece.phys = PFN_PHYS(page_to_pfn(page)) + offset_in_page(offset);
	piece.addr = gem_uma_heap_addr(xa_load(&heap->granules, offset >> heap->shift)) +
		     (offset & (BIT_ULL(heap->shift) - 1));
	/* What the device has written beside it in a line must not be written over. */
	if (!udev->coherent)
		udev->sync_ops->invalidate(udev->dma_dev, &piece);
	memcpy_to_page(page, offset_in_page(offset), buf, size);
	if (!udev->coherent)
		udev->sync_ops->clean(udev->dma_dev, &piece);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_write);

/**
 * gem_uma_heap_discard() - give memory back
 * @heap: heap
 * @offset: first byte
 * @size: bytes
 *
 * Granules that lie in the range as a whole are unmapped and freed; they are zero when they
 * come back. A range may reach beyond the end of the heap. If that is all of the heap, it also
 * forgets what it has learned, and is as after gem_uma_heap_init().
 *
 * Context: may sleep, but allocates nothing. No job may use the range; the driver also excludes
 * submits between gem_uma_heap_prepare() and the job's fence.
 *
 * Return: number of pages freed, or -EBUSY if the heap is pinned.
 */
long gem_uma_heap_discard(struct gem_uma_heap *heap, u64 offset, u64 size)
{
	unsigned long start, end;

	if (offset >= heap->size)
		return 0;
	size = min(size, heap->size - offset);
	start = gem_uma_heap_granules(heap, offset);
	end = offset + size == heap->size ? heap->max : (offset + size) >> heap->shift;
	guard(mutex)(&heap->lock);
	if (heap->pins)
		return -EBUSY;
	if (!start && end == heap->max)
		gem_uma_heap_forget(heap);
	return gem_uma_heap_drop_range(heap, start, end);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_discard);

/**
 * gem_uma_heap_resident() - how much memory a heap has
 * @heap: heap
 *
 * Context: any.
 *
 * Return: bytes, whole granules.
 */
u64 gem_uma_heap_resident(struct gem_uma_heap *heap)
{
	return (u64)READ_ONCE(heap->nr) << heap->shift;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_resident);

/**
 * gem_uma_heap_hint() - what a heap has learned
 * @heap: heap
 *
 * Context: any.
 *
 * Return: bytes that gem_uma_heap_prepare() allocates from now on; a hint for a heap that
 * is to do the same.
 */
u64 gem_uma_heap_hint(struct gem_uma_heap *heap)
{
	unsigned long nr = max(READ_ONCE(heap->goal), READ_ONCE(heap->need));

	return nr < heap->max ? gem_uma_heap_offset(heap, nr) : heap->size;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_hint);
