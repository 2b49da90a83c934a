// SPDX-License-Identifier: GPL-2.0
/*
 * DMA addresses of an object's pages.
 *
 * Owns what the DMA API handed out for one device, or borrows what an importer got in
 * an sg table. Holds no pages: the backing does. Lock: the object's resv. Neighbour:
 * backing.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_dev_map.h>

#include "gem_uma_range.h"

/**
 * DOC: Device mapping
 *
 * A range is mapped on demand, one call of the DMA API for each physically contiguous
 * run, and stays mapped while the object is idle. Eviction drops the whole map.
 *
 * A buffer of a device that shares memory with the CPU is used by both at once and
 * for long. Behind a bounce buffer the two would work on different copies, so a
 * mapping that bounces fails with -EIO, unless the driver declared that it transfers
 * explicitly.
 */

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
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_init);

/* Grow by doubling; @more runs fit afterwards. */
static int gem_uma_dev_map_reserve(struct gem_uma_dev_map *dmap, unsigned int more)
{
	struct gem_uma_dma_run *runs;
	unsigned int room;

	if (dmap->room - dmap->nr >= more)
		return 0;
	if (check_add_overflow(dmap->nr, more, &room))
		return -ENOMEM;
	room = max(room, min(dmap->room, U32_MAX / 2) * 2);
	runs = kvmalloc_array(room, sizeof(*runs), GFP_KERNEL_ACCOUNT);
	if (!runs)
		return -ENOMEM;
	if (dmap->nr)
		memcpy(runs, dmap->runs, array_size(dmap->nr, sizeof(*runs)));
	kvfree(dmap->runs);
	dmap->runs = runs;
	dmap->room = room;
	return 0;
}

/* Index of the first run that ends behind @pgoff. */
static unsigned int gem_uma_dev_map_find(const struct gem_uma_dev_map *dmap,
					 pgoff_t pgoff)
{
	unsigned int lo = 0, hi = dmap->nr;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;
		const struct gem_uma_dma_run *r = &dmap->runs[mid];

		if ((pgoff_t)r->pgoff + r->nr > pgoff)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/**
 * gem_uma_dev_map_init_sgt() - describe the pages of an imported buffer
 * @dmap: device mapping, zeroed
 * @obj: the importing object
 * @dev: device the buffer is attached for
 * @sgt: mapped sg table, stays alive until @dmap is finished
 *
 * Only DMA addresses are used: the pages are none of the importer's business.
 *
 * Context: may sleep.
 *
 * Return: 0; -ENOMEM; -E2BIG for an object too large to be described; -EINVAL for a
 * segment that is not made of whole pages, or lies outside of the object.
 */
int gem_uma_dev_map_init_sgt(struct gem_uma_dev_map *dmap, struct drm_gem_object *obj,
			     struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	pgoff_t pgoff = 0;
	unsigned int i;
	int ret;

	if (obj->size >> PAGE_SHIFT > U32_MAX)
		return -E2BIG;
	dmap->obj = obj;
	dmap->dev = dev;
	ret = gem_uma_dev_map_reserve(dmap, sgt->nents);
	if (ret)
		return ret;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		dma_addr_t addr = sg_dma_address(sg);
		unsigned int len = sg_dma_len(sg);

		if (!PAGE_ALIGNED(addr) || !PAGE_ALIGNED(len) || !len ||
		    pgoff + (len >> PAGE_SHIFT) > obj->size >> PAGE_SHIFT) {
			gem_uma_dev_map_fini(dmap);
			return -EINVAL;
		}
		dmap->runs[dmap->nr++] = (struct gem_uma_dma_run) {
			.addr = addr, .pgoff = pgoff, .nr = len >> PAGE_SHIFT,
		};
		pgoff += len >> PAGE_SHIFT;
	}
	dmap->pages = pgoff;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_init_sgt);

/* With resv held, or without references. */
static void gem_uma_dev_map_drop(struct gem_uma_dev_map *dmap)
{
	unsigned int i;

	/* An import's addresses are the exporter's. */
	for (i = 0; dmap->backing && i < dmap->nr; i++) {
		const struct gem_uma_dma_run *r = &dmap->runs[i];

		dma_unmap_page(dmap->dev, r->addr, (size_t)r->nr << PAGE_SHIFT,
			       DMA_BIDIRECTIONAL);
	}
	/* The memory goes with the pages it describes; freeing does not sleep. */
	kvfree(dmap->runs);
	dmap->runs = NULL;
	dmap->nr = 0;
	dmap->room = 0;
	dmap->pages = 0;
}

/**
 * gem_uma_dev_map_fini() - forget everything
 * @dmap: device mapping; without effect if never initialized
 *
 * Context: may sleep; takes no resv. Nobody uses the addresses any more.
 */
void gem_uma_dev_map_fini(struct gem_uma_dev_map *dmap)
{
	gem_uma_dev_map_drop(dmap);
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_fini);

static int gem_uma_dev_map_map_run(struct gem_uma_dev_map *dmap,
				   const struct gem_uma_run *run,
				   struct gem_uma_dma_run *out)
{
	struct gem_uma_device *udev = dmap->backing->udev;
	size_t size = run->nr << PAGE_SHIFT;
	dma_addr_t addr;

	/*
	 * Pages can be mapped for an importer, too. Synchronizing apart says that this
	 * is known: the DMA API takes an overlap for a mistake otherwise.
	 */
	addr = dma_map_page_attrs(dmap->dev, pfn_to_page(run->pfn), 0, size,
				  DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
	if (dma_mapping_error(dmap->dev, addr))
		return -EIO;
	if (!udev->allow_bounce &&
	    gem_uma_device_bounces(udev, addr, PFN_PHYS(run->pfn))) {
		drm_dbg(dmap->obj->dev, "refusing bounce buffers\n");
		dma_unmap_page_attrs(dmap->dev, addr, size, DMA_BIDIRECTIONAL,
				     DMA_ATTR_SKIP_CPU_SYNC);
		return -EIO;
	}
	dma_sync_single_for_device(dmap->dev, addr, size, DMA_BIDIRECTIONAL);
	*out = (struct gem_uma_dma_run) {
		.addr = addr, .pgoff = run->pgoff, .nr = run->nr,
	};
	return 0;
}

/* Map the pages [start, end), none of which is mapped, at index @at of the runs. */
static int gem_uma_dev_map_fill_gap(struct gem_uma_dev_map *dmap, unsigned int *at,
				    pgoff_t start, pgoff_t end)
	__must_hold(dmap->obj->resv)
{
	unsigned long max_run = dmap->backing->udev->max_run;
	struct gem_uma_run run;
	int ret;

	while (start < end) {
		ret = gem_uma_backing_run_locked(dmap->backing, start,
						 min(end, start + max_run), &run);
		if (!ret)
			ret = gem_uma_dev_map_reserve(dmap, 1);
		if (ret)
			return ret;
		memmove(&dmap->runs[*at + 1], &dmap->runs[*at],
			(dmap->nr - *at) * sizeof(*dmap->runs));
		ret = gem_uma_dev_map_map_run(dmap, &run, &dmap->runs[*at]);
		if (ret) {
			memmove(&dmap->runs[*at], &dmap->runs[*at + 1],
				(dmap->nr - *at) * sizeof(*dmap->runs));
			return ret;
		}
		dmap->nr++;
		dmap->pages += run.nr;
		(*at)++;
		start += run.nr;
	}
	return 0;
}

/**
 * gem_uma_dev_map_map_locked() - make pages addressable by the device
 * @dmap: device mapping
 * @start: first page
 * @end: first page behind
 *
 * What is mapped already stays as it is.
 *
 * Context: resv held; may sleep and reclaim. The pages are resident.
 *
 * Return: 0; -ENXIO if part of the range is not resident; -ENOMEM; -EIO when the device
 * cannot reach a page, or only through a bounce buffer; -ENODEV when it was unplugged.
 * On error what was mapped stays mapped.
 */
int gem_uma_dev_map_map_locked(struct gem_uma_dev_map *dmap, pgoff_t start, pgoff_t end)
{
	unsigned int at;
	int ret;

	dma_resv_assert_held(dmap->obj->resv);
	if (!dmap->backing)
		return end <= dmap->pages ? 0 : -ENXIO;
	if (end > dmap->backing->nr_pages)
		return -ENXIO;
	if (dmap->backing->udev->unplugged)
		return -ENODEV;

	at = gem_uma_dev_map_find(dmap, start);
	while (start < end) {
		const struct gem_uma_dma_run *r = NULL;

		if (at < dmap->nr && dmap->runs[at].pgoff < end)
			r = &dmap->runs[at];
		if (r && r->pgoff <= start) {
			start = (pgoff_t)r->pgoff + r->nr;
			at++;
			continue;
		}
		ret = gem_uma_dev_map_fill_gap(dmap, &at, start, r ? r->pgoff : end);
		if (ret)
			return ret;
		start = r ? dmap->runs[at].pgoff : end;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_map_locked);

/**
 * gem_uma_dev_map_is_mapped_locked() - does the device have addresses for a range?
 * @dmap: device mapping
 * @start: first page
 * @end: first page behind
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if for all pages, and for an empty range.
 */
bool gem_uma_dev_map_is_mapped_locked(struct gem_uma_dev_map *dmap, pgoff_t start,
				      pgoff_t end)
{
	unsigned int at = gem_uma_dev_map_find(dmap, start);

	dma_resv_assert_held(dmap->obj->resv);
	for (; start < end; at++) {
		if (at == dmap->nr || dmap->runs[at].pgoff > start)
			return false;
		start = (pgoff_t)dmap->runs[at].pgoff + dmap->runs[at].nr;
	}
	return true;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_is_mapped_locked);

/**
 * gem_uma_dev_map_drop_locked() - take all addresses away from the device
 * @dmap: device mapping
 *
 * The device's page tables do not use the addresses any more. On a device that is not
 * coherent, the CPU sees afterwards what the device wrote.
 *
 * Context: resv held. Does not sleep; callable from reclaim.
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
	unsigned int at = gem_uma_dev_map_find(dmap, start);
	const struct gem_uma_dma_run *r = &dmap->runs[at];
	pgoff_t skip;

	dma_resv_assert_held(dmap->obj->resv);
	if (at == dmap->nr || r->pgoff > start || start >= end)
		return -ENXIO;
	skip = start - r->pgoff;
	run->addr = r->addr + (skip << PAGE_SHIFT);
	run->pgoff = start;
	run->nr = min(r->nr - skip, end - start);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_dev_map_run_locked);
