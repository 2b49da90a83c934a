// SPDX-License-Identifier: GPL-2.0
/*
 * DMA addresses of an object's pages.
 *
 * Owns what the DMA API handed out for one device, or borrows what an importer got in
 * an sg table. Holds no pages: the backing does. Lock: the object's resv. Neighbour:
 * backing.
 */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_dev_map.h>

#include "gem_uma_backing_internal.h"
#include "gem_uma_range.h"

/**
 * DOC: Device mapping
 *
 * A range is mapped on demand, one call of the DMA API for each physically contiguous
 * run, and stays mapped while the object is idle. Eviction drops the whole map.
 *
 * Behind an IOMMU the whole object gets one range of addresses, so what is mapped is one run
 * for the device, wherever its pages are. At least half of the object has to be mapped at
 * first: or large objects with a page each, which cost nothing, would take all addresses of
 * the device. Before Linux 6.16 the DMA API has no call for that, and addresses may be too
 * few. In all these cases each run has an address of its own.
 *
 * An address that follows from the page, or from that range, is not stored: two bits a page
 * say what is mapped, and where each call started. Only other addresses, which the DMA API
 * chose, are kept in a tree.
 *
 * The caller says what the device does with the pages. Pages that it may write are dirty
 * from then on, so no driver can forget to mark them.
 *
 * A buffer of a device that shares memory with the CPU is used by both at once and
 * for long. Behind a bounce buffer the two would work on different copies, so a
 * mapping that bounces fails with -EIO, unless the driver declared that it transfers
 * explicitly. Such a driver copies when it wants to: dropping the map never does.
 *
 * Where the driver declared that its device takes physical addresses, these are what a
 * map consists of. All else is as for other devices, but the DMA API is not called.
 */

static void gem_uma_dev_map_init_sets(struct gem_uma_dev_map *dmap, pgoff_t nr_pages)
{
	gem_uma_page_set_init(&dmap->mapped, nr_pages);
	gem_uma_page_set_init(&dmap->starts, nr_pages);
	gem_uma_page_set_init(&dmap->readonly, nr_pages);
	mt_init(&dmap->addrs);
}

/**
 * gem_uma_dev_map_init() - prepare to map pages of a backing
 * @dmap: device mapping, zeroed
 * @backing: initialized backing
 *
 * Context: any.
 *
 * Return: 0, or -E2BIG for an object too large to be described (16 TiB).
 */
int gem_uma_dev_map_init(struct gem_uma_dev_map *dmap, struct gem_uma_backing *backing)
{
	if (backing->nr_pages > U32_MAX)
		return -E2BIG;
	dmap->backing = backing;
	dmap->obj = backing->obj;
	dmap->dev = backing->udev->dma_dev;
	gem_uma_dev_map_init_sets(dmap, backing->nr_pages);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_init);

/* Note an address that does not follow from the page. */
static int gem_uma_dev_map_note_addr(struct gem_uma_dev_map *dmap, pgoff_t pgoff,
				     unsigned long nr, dma_addr_t addr)
{
	return mtree_store_range(&dmap->addrs, pgoff, pgoff + nr - 1,
				 xa_mk_value(addr >> PAGE_SHIFT), GEM_UMA_GFP_MAYFAIL);
}

/*
 * One more segment. The last may end inside of a page, which the exporter mapped as a whole;
 * behind any other, what follows would not begin at a page of the object.
 */
static int gem_uma_dev_map_add_segment(struct gem_uma_dev_map *dmap, struct scatterlist *sg,
				       bool last)
{
	pgoff_t room = (dmap->obj->size >> PAGE_SHIFT) - dmap->mapped.size;
	dma_addr_t addr = sg_dma_address(sg);
	unsigned int len = sg_dma_len(sg);
	pgoff_t nr = (len >> PAGE_SHIFT) + !PAGE_ALIGNED(len);
	int ret;

	if (!PAGE_ALIGNED(addr) || (!last && !PAGE_ALIGNED(len)) || !nr || nr > room)
		return -EINVAL;
	if (fatal_signal_pending(current))
		return -EINTR;
	if (gem_uma_device_dma_is_bounce_buffer(dmap->dev, addr))
		return -EIO;
	ret = gem_uma_dev_map_note_addr(dmap, dmap->mapped.size, nr, addr);
	if (!ret)
		dmap->mapped.size += nr;
	return ret;
}

/**
 * gem_uma_dev_map_init_sgt() - describe the pages of an imported buffer
 * @dmap: device mapping, zeroed
 * @obj: the importing object
 * @dev: device the buffer is attached for
 * @sgt: mapped sg table, stays alive until @dmap is finished; NULL: nothing is mapped yet
 *
 * Only DMA addresses are used: the pages are none of the importer's business.
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOMEM; -EINTR when the task is being killed; -E2BIG for an object too
 * large to be described; -EIO for a bounce buffer, which nobody would fill; -EINVAL for a
 * segment that does not begin at a page, ends inside of one although others follow, is empty,
 * or lies outside of the object.
 */
int gem_uma_dev_map_init_sgt(struct gem_uma_dev_map *dmap, struct drm_gem_object *obj,
			     struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	if (obj->size >> PAGE_SHIFT > U32_MAX)
		return -E2BIG;
	dmap->obj = obj;
	dmap->dev = dev;
	gem_uma_dev_map_init_sets(dmap, 0);
	if (!sgt)
		return 0;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		ret = gem_uma_dev_map_add_segment(dmap, sg, i + 1 == sgt->nents);
		if (ret) {
			gem_uma_dev_map_fini(dmap);
			return ret;
		}
		cond_resched();
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_init_sgt);

/* The address that follows from a page. */
static dma_addr_t gem_uma_dev_map_direct(struct gem_uma_dev_map *dmap, unsigned long pfn)
{
	if (dmap->backing->udev->physical)
		return PFN_PHYS(pfn);
	return phys_to_dma(dmap->dev, PFN_PHYS(pfn));
}

static u64 gem_uma_dev_map_bytes(pgoff_t pages)
{
	return (u64)pages << PAGE_SHIFT;
}

/* The address of a mapped page; *end shrinks to where another call's addresses start. */
static dma_addr_t gem_uma_dev_map_addr(struct gem_uma_dev_map *dmap, pgoff_t pgoff,
				       pgoff_t *end)
{
	MA_STATE(mas, &dmap->addrs, pgoff, pgoff);
	dma_addr_t addr;
	void *entry = NULL;

	if (!mtree_empty(&dmap->addrs)) {
		rcu_read_lock();
		entry = mas_walk(&mas);
		rcu_read_unlock();
	}
	if (dmap->backing)
		*end = gem_uma_page_set_find(&dmap->starts, pgoff + 1, *end, true);
	else
		*end = min(*end, mas.last + 1);
	if (dmap->iova)
		return dmap->iova->addr + gem_uma_dev_map_bytes(pgoff);
	if (!entry)
		return gem_uma_dev_map_direct(dmap, gem_uma_backing_pfn(dmap->backing, pgoff));
	addr = xa_to_value(entry);
	return (addr + (pgoff - mas.index)) << PAGE_SHIFT;
}

/**
 * gem_uma_dev_map_piece() - name bytes of a run for cache maintenance
 * @dmap: device mapping of pages of our own
 * @run: pages that are mapped
 * @start: first byte, counted from the start of the object; in the run
 * @end: first byte behind, in the run or its end
 *
 * The run has to be of one call of the DMA API: those are contiguous in memory, too.
 *
 * Context: resv held, or the last user of the object; does not sleep.
 *
 * Return: the piece.
 */
struct gem_uma_sync_piece gem_uma_dev_map_piece(const struct gem_uma_dev_map *dmap,
						const struct gem_uma_dma_run *run, u64 start,
						u64 end)
{
	u64 in_run = start - ((u64)run->pgoff << PAGE_SHIFT);

	return (struct gem_uma_sync_piece) {
		.obj = dmap->obj,
		.offset = start,
		.addr = run->addr + in_run,
		.phys = PFN_PHYS(gem_uma_backing_pfn(dmap->backing, run->pgoff)) + in_run,
		.size = end - start,
	};
}

/* All of a run. */
static struct gem_uma_sync_piece gem_uma_dev_map_whole(const struct gem_uma_dev_map *dmap,
						       const struct gem_uma_dma_run *run)
{
	u64 start = (u64)run->pgoff << PAGE_SHIFT;

	return gem_uma_dev_map_piece(dmap, run, start, start + ((u64)run->nr << PAGE_SHIFT));
}

/* Are there caches between CPU and device? Not for pages that nobody maps cached. */
static bool gem_uma_dev_map_has_caches(const struct gem_uma_dev_map *dmap)
{
	return !dmap->backing->udev->coherent && !gem_uma_backing_is_wc(dmap->backing);
}

/*
 * Synchronizing is apart from unmapping, which would copy a bounce buffer that is older
 * than its pages. What the CPU wrote may be in its cache alone: write it back before
 * stale lines go.
 */
static void gem_uma_dev_map_unmap(struct gem_uma_dev_map *dmap,
				  const struct gem_uma_dma_run *run)
{
	const struct gem_uma_device *udev = dmap->backing->udev;
	struct gem_uma_sync_piece piece;

	if (udev->physical)
		return;
	if (gem_uma_dev_map_has_caches(dmap) && !udev->allow_bounce) {
		piece = gem_uma_dev_map_whole(dmap, run);
		udev->sync_ops->clean(dmap->dev, &piece);
		udev->sync_ops->invalidate(dmap->dev, &piece);
	}
	if (dmap->iova)
		return;
	dma_unmap_page_attrs(dmap->dev, run->addr, (size_t)run->nr << PAGE_SHIFT,
			     DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
}

/* The same in the range of the object; it flushes the IOMMU once, wherever the pages are. */
static void gem_uma_dev_map_unlink(struct gem_uma_dev_map *dmap, pgoff_t start, pgoff_t end)
{
	dma_iova_unlink(dmap->dev, dmap->iova, gem_uma_dev_map_bytes(start),
			gem_uma_dev_map_bytes(end - start), DMA_BIDIRECTIONAL,
			DMA_ATTR_SKIP_CPU_SYNC);
}

/* The device has no address any more. */
static void gem_uma_dev_map_unmapped(struct gem_uma_dev_map *dmap)
{
	const struct gem_uma_device *udev = dmap->backing ? dmap->backing->udev : NULL;

	if (udev && !udev->coherent && udev->sync_ops->unmapped)
		udev->sync_ops->unmapped(dmap->obj);
}

/* With resv held, or without references. */
static void gem_uma_dev_map_drop(struct gem_uma_dev_map *dmap)
{
	struct gem_uma_extent e = {};
	pgoff_t at, end;

	for (; gem_uma_page_set_next(&dmap->mapped, e.end, dmap->mapped.size, &e);) {
		/* Addresses follow from pages that are held. */
		if (drm_WARN_ON_ONCE(dmap->obj->dev,
				     !gem_uma_backing_holds(dmap->backing, e.start, e.end)))
			continue;
		for (at = e.start; at < e.end; at = end) {
			struct gem_uma_dma_run run = { .pgoff = at };

			end = e.end;
			run.addr = gem_uma_dev_map_addr(dmap, at, &end);
			run.nr = end - at;
			gem_uma_dev_map_unmap(dmap, &run);
			cond_resched();
		}
		if (dmap->iova)
			gem_uma_dev_map_unlink(dmap, e.start, e.end);
	}
	if (dmap->iova)
		dma_iova_free(dmap->dev, dmap->iova);
	kfree(dmap->iova);
	dmap->iova = NULL;
	gem_uma_dev_map_unmapped(dmap);
	gem_uma_page_set_clear(&dmap->mapped);
	gem_uma_page_set_clear(&dmap->starts);
	gem_uma_page_set_clear(&dmap->readonly);
	mtree_destroy(&dmap->addrs);
}

/**
 * gem_uma_dev_map_fini() - forget everything
 * @dmap: device mapping; without effect if never initialized
 *
 * Context: may sleep; takes no resv. Nobody uses the addresses any more.
 */
void gem_uma_dev_map_fini(struct gem_uma_dev_map *dmap)
{
	if (!dmap->obj)
		return;
	if (!dmap->backing)
		dmap->mapped.size = 0;
	gem_uma_dev_map_drop(dmap);
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_fini);

/*
 * Addresses for the whole object, unless some of it has others, or most of it would have no
 * pages. Those of the IOMMU must not be larger than ours. Where it fails, runs get their own.
 */
static void gem_uma_dev_map_try_iova(struct gem_uma_dev_map *dmap, pgoff_t pages)
{
	const struct gem_uma_device *udev = dmap->backing->udev;
	struct gem_uma_extent e;

	if (udev->physical || udev->allow_bounce || pages < dmap->mapped.size / 2 ||
	    !in_range(dma_get_merge_boundary(dmap->dev), 1, PAGE_SIZE - 1) ||
	    gem_uma_page_set_next(&dmap->mapped, 0, dmap->mapped.size, &e))
		return;
	dmap->iova = kzalloc_obj(*dmap->iova, GEM_UMA_GFP_MAYFAIL);
	if (!dmap->iova || dma_iova_try_alloc(dmap->dev, dmap->iova, 0, dmap->obj->size))
		return;
	kfree(dmap->iova);
	dmap->iova = NULL;
}

/* Its place in the range of the object. */
static int gem_uma_dev_map_link(struct gem_uma_dev_map *dmap, const struct gem_uma_run *run,
				dma_addr_t *addr)
{
	u64 offset = gem_uma_dev_map_bytes(run->pgoff), size = gem_uma_dev_map_bytes(run->nr);

	*addr = dmap->iova->addr + offset;
	if (dma_iova_link(dmap->dev, dmap->iova, PFN_PHYS(run->pfn), offset, size,
			  DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC))
		return -EIO;
	if (!dma_iova_sync(dmap->dev, dmap->iova, offset, size))
		return 0;
	gem_uma_dev_map_unlink(dmap, run->pgoff, run->pgoff + run->nr);
	return -EIO;
}

static int gem_uma_dev_map_map_pages(struct gem_uma_dev_map *dmap,
				     const struct gem_uma_run *run, dma_addr_t *addr)
{
	struct gem_uma_device *udev = dmap->backing->udev;
	size_t size = run->nr << PAGE_SHIFT;

	if (udev->physical) {
		*addr = PFN_PHYS(run->pfn);
		return 0;
	}
	if (dmap->iova)
		return gem_uma_dev_map_link(dmap, run, addr);
	/*
	 * Pages can be mapped for an importer, too. Synchronizing apart says that this
	 * is known: the DMA API takes an overlap for a mistake otherwise.
	 */
	*addr = dma_map_page_attrs(dmap->dev, pfn_to_page(run->pfn), 0, size,
				   DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dmap->dev, *addr))
		return -EIO;
	if (udev->allow_bounce || !gem_uma_device_bounces(udev, *addr, PFN_PHYS(run->pfn)))
		return 0;
	drm_dbg(dmap->obj->dev, "refusing bounce buffers\n");
	dma_unmap_page_attrs(dmap->dev, *addr, size, DMA_BIDIRECTIONAL,
			     DMA_ATTR_SKIP_CPU_SYNC);
	return -EIO;
}

static int gem_uma_dev_map_map_run(struct gem_uma_dev_map *dmap,
				   const struct gem_uma_run *run)
	__must_hold(dmap->obj->resv)
{
	const struct gem_uma_device *udev = dmap->backing->udev;
	struct gem_uma_dma_run dma = { .pgoff = run->pgoff, .nr = run->nr };
	struct gem_uma_sync_piece piece;
	pgoff_t start = run->pgoff;
	int ret;

	ret = gem_uma_page_set_reserve(&dmap->starts, start, start + 1);
	if (!ret)
		ret = gem_uma_dev_map_map_pages(dmap, run, &dma.addr);
	if (ret)
		return ret;
	if (!dmap->iova && dma.addr != gem_uma_dev_map_direct(dmap, run->pfn)) {
		ret = gem_uma_dev_map_note_addr(dmap, start, run->nr, dma.addr);
		if (ret) {
			dma_unmap_page_attrs(dmap->dev, dma.addr, run->nr << PAGE_SHIFT,
					     DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
			return ret;
		}
	}
	gem_uma_page_set_add(&dmap->starts, start, start + 1);
	/* What bounces is copied once, before the driver's own transfers. */
	if (gem_uma_dev_map_has_caches(dmap) || udev->allow_bounce) {
		piece = gem_uma_dev_map_whole(dmap, &dma);
		udev->sync_ops->clean(dmap->dev, &piece);
	}
	return 0;
}

/* Map the runs of [*at, end); *at becomes the first page that is not mapped. */
static int gem_uma_dev_map_map_runs(struct gem_uma_dev_map *dmap, pgoff_t *at, pgoff_t end)
	__must_hold(dmap->obj->resv)
{
	unsigned long max_run = dmap->backing->udev->max_run;
	struct gem_uma_run run;
	int ret;

	for (; *at < end; *at += run.nr) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = gem_uma_backing_run_locked(dmap->backing, *at, min(end, *at + max_run),
						 &run);
		if (!ret)
			ret = gem_uma_dev_map_map_run(dmap, &run);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* Map pages none of which is mapped. */
static int gem_uma_dev_map_fill_gap(struct gem_uma_dev_map *dmap,
				    const struct gem_uma_extent *gap,
				    enum dma_data_direction dir)
	__must_hold(dmap->obj->resv)
{
	pgoff_t at = gap->start;
	int ret;

	/* Only so is what is reserved bounded by what the object has in memory. */
	if (!gem_uma_backing_holds(dmap->backing, gap->start, gap->end))
		return -ENXIO;
	ret = gem_uma_page_set_reserve(&dmap->mapped, gap->start, gap->end);
	if (!ret && dir == DMA_TO_DEVICE)
		ret = gem_uma_page_set_reserve(&dmap->readonly, gap->start, gap->end);
	if (!ret && !dmap->iova)
		gem_uma_dev_map_try_iova(dmap, gap->end - gap->start);
	if (!ret)
		ret = gem_uma_dev_map_map_runs(dmap, &at, gap->end);
	gem_uma_page_set_add(&dmap->mapped, gap->start, at);
	if (dir == DMA_TO_DEVICE)
		gem_uma_page_set_add(&dmap->readonly, gap->start, at);
	else
		gem_uma_backing_mark_dirty_locked(dmap->backing, gap->start, at);
	return ret;
}

/* What the device only read until now, it may write from now on. */
static int gem_uma_dev_map_allow_writes(struct gem_uma_dev_map *dmap, pgoff_t start,
					pgoff_t end)
	__must_hold(dmap->obj->resv)
{
	struct gem_uma_extent e;
	int ret;

	for (; gem_uma_page_set_next(&dmap->readonly, start, end, &e); start = e.end) {
		ret = gem_uma_page_set_split(&dmap->readonly, e.start, e.end);
		if (ret)
			return ret;
		gem_uma_backing_mark_dirty_locked(dmap->backing, e.start, e.end);
		gem_uma_page_set_remove(&dmap->readonly, e.start, e.end);
	}
	return 0;
}

/**
 * gem_uma_dev_map_map_locked() - make pages addressable by the device
 * @dmap: device mapping
 * @start: first page
 * @end: first page behind
 * @dir: DMA_TO_DEVICE if the device only reads them; otherwise they are dirty from now on
 *
 * What is mapped already stays as it is.
 *
 * Context: resv held; may sleep and reclaim. The pages are resident.
 *
 * Return: 0; -ENXIO if part of the range is not resident; -ENOMEM; -EINTR when the task is
 * being killed; -EIO when the device cannot reach a page, or only through a bounce buffer;
 * -ENODEV when it was unplugged. On error what was mapped stays mapped.
 */
int gem_uma_dev_map_map_locked(struct gem_uma_dev_map *dmap, pgoff_t start, pgoff_t end,
			       enum dma_data_direction dir)
{
	struct mem_cgroup *old;
	struct gem_uma_extent gap;
	pgoff_t at;
	int ret = 0;

	dma_resv_assert_held(dmap->obj->resv);
	if (end > dmap->mapped.size)
		return -ENXIO;
	if (!dmap->backing)
		return 0;
	if (READ_ONCE(dmap->backing->udev->unplugged))
		return -ENODEV;

	old = gem_uma_backing_charge(dmap->backing);
	for (at = start; !ret && gem_uma_page_set_next_gap(&dmap->mapped, at, end, &gap);
	     at = gap.end)
		ret = gem_uma_dev_map_fill_gap(dmap, &gap, dir);
	if (!ret && dir != DMA_TO_DEVICE)
		ret = gem_uma_dev_map_allow_writes(dmap, start, end);
	set_active_memcg(old);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_map_locked);

/**
 * gem_uma_dev_map_is_mapped_locked() - does the device have addresses for a range?
 * @dmap: device mapping
 * @start: first page
 * @end: first page behind
 * @dir: DMA_TO_DEVICE if the device only reads them
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if gem_uma_dev_map_map_locked() would have nothing to do.
 */
bool gem_uma_dev_map_is_mapped_locked(struct gem_uma_dev_map *dmap, pgoff_t start,
				      pgoff_t end, enum dma_data_direction dir)
{
	dma_resv_assert_held(dmap->obj->resv);
	if (end > dmap->mapped.size)
		return false;
	if (!dmap->backing)
		return true;
	return gem_uma_page_set_covers(&dmap->mapped, start, end) &&
	       (dir == DMA_TO_DEVICE ||
		gem_uma_page_set_find(&dmap->readonly, start, end, true) == end);
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_is_mapped_locked);

/**
 * gem_uma_dev_map_drop_locked() - take all addresses away from the device
 * @dmap: device mapping
 *
 * The device's page tables do not use the addresses any more. On a device that is not
 * coherent, the CPU sees afterwards what the device wrote.
 *
 * Context: resv held. May reschedule, waits for nothing; callable from reclaim.
 */
void gem_uma_dev_map_drop_locked(struct gem_uma_dev_map *dmap)
{
	dma_resv_assert_held(dmap->obj->resv);
	if (dmap->backing)
		gem_uma_dev_map_drop(dmap);
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_drop_locked);

/**
 * gem_uma_dev_map_run_locked() - find pages that are contiguous for the device
 * @dmap: device mapping
 * @start: first page
 * @end: first page behind, the run is not longer
 * @run: result
 *
 * Context: resv held; does not sleep.
 *
 * Return: 0, or -ENXIO if page @start is not mapped.
 */
int gem_uma_dev_map_run_locked(struct gem_uma_dev_map *dmap, pgoff_t start, pgoff_t end,
			       struct gem_uma_dma_run *run)
{
	dma_resv_assert_held(dmap->obj->resv);
	end = min(end, dmap->mapped.size);
	if (dmap->backing)
		end = gem_uma_page_set_find(&dmap->mapped, start, end, false);
	if (start >= end)
		return -ENXIO;
	if (dmap->iova)
		run->addr = dmap->iova->addr + gem_uma_dev_map_bytes(start);
	else
		run->addr = gem_uma_dev_map_addr(dmap, start, &end);
	run->pgoff = start;
	run->nr = end - start;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_run_locked);

/**
 * gem_uma_dev_map_bytes_locked() - find bytes that are contiguous for the device
 * @dmap: device mapping
 * @offset: first byte
 * @size: bytes, not 0; the result is not longer
 * @addr: out, DMA address of the first byte
 * @len: out, how many bytes
 *
 * As gem_uma_dev_map_run_locked(), for devices with pages of their own, which may be smaller
 * than those of the CPU: it is what &gem_uma_vm_ops.run asks for.
 *
 * Context: resv held; does not sleep.
 *
 * Return: 0, -EINVAL for a bad range, or -ENXIO if the page of @offset is not mapped.
 */
int gem_uma_dev_map_bytes_locked(struct gem_uma_dev_map *dmap, u64 offset, u64 size,
				 dma_addr_t *addr, u64 *len)
{
	struct gem_uma_dma_run run;
	struct gem_uma_extent e;
	u64 skip;
	int ret;

	dma_resv_assert_held(dmap->obj->resv);
	ret = gem_uma_range_to_pages(dmap->obj->size, offset, size, &e);
	if (!ret)
		ret = gem_uma_dev_map_run_locked(dmap, e.start, e.end, &run);
	if (ret)
		return ret;
	*len = gem_uma_range_in_run(offset, size, run.nr, &skip);
	*addr = run.addr + skip;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_bytes_locked);

/**
 * gem_uma_dev_map_next_locked() - find the next pages that were mapped by one call
 * @dmap: device mapping of pages of our own
 * @start: first page to look at
 * @end: first page behind
 * @run: result; contiguous in memory, too
 *
 * Context: resv held; does not sleep.
 *
 * Return: true, or false if no page of the range is mapped.
 */
bool gem_uma_dev_map_next_locked(struct gem_uma_dev_map *dmap, pgoff_t start, pgoff_t end,
				 struct gem_uma_dma_run *run)
{
	struct gem_uma_extent e;

	dma_resv_assert_held(dmap->obj->resv);
	if (!gem_uma_page_set_next(&dmap->mapped, start, end, &e))
		return false;
	run->addr = gem_uma_dev_map_addr(dmap, e.start, &e.end);
	run->pgoff = e.start;
	run->nr = e.end - e.start;
	return true;
}

/**
 * gem_uma_dev_map_may_write_locked() - may the device write a page?
 * @dmap: device mapping of pages of our own
 * @pgoff: page, which is mapped
 * @end: first page behind those to look at, all of which are mapped; shrinks to the first
 *	for which the answer is another
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if so.
 */
bool gem_uma_dev_map_may_write_locked(struct gem_uma_dev_map *dmap, pgoff_t pgoff, pgoff_t *end)
{
	bool readonly;

	dma_resv_assert_held(dmap->obj->resv);
	readonly = gem_uma_page_set_find(&dmap->readonly, pgoff, pgoff + 1, true) == pgoff;
	*end = gem_uma_page_set_find(&dmap->readonly, pgoff, *end, !readonly);
	return !readonly;
}
