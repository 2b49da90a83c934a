// SPDX-License-Identifier: GPL-2.0
/*
 * Where the pages of a buffer object lie.
 *
 * Owns nothing: finds the folio of a page, and moves it where it may be held. Lock: the
 * object's resv, and that of the folio. Neighbour: the rest of the backing.
 */
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include "gem_uma_backing_internal.h"

/**
 * DOC: Place
 *
 * New pages come from where the device can reach them, and where they may stay for long.
 * An evicted page is like any other: the kernel migrates it to make room for a large
 * allocation, or to take memory out of use, and may put it anywhere. shmem itself looks at
 * the zone only when it reads a page from swap. So each page that is found in memory is
 * looked at before it is held:
 *
 * - Out of ZONE_MOVABLE and CMA it is moved by the core. Which pages belong to CMA is known
 *   to the core alone, so it is asked for each page of a zone that has any.
 * - A page that the device cannot reach is replaced by a copy in the right zone.
 *
 * Where that fails, the page is not held, and populating returns -ENOMEM. Slow memory is
 * no reason to move a page.
 *
 * The core chooses how it allocates the new page, and may invoke the OOM killer when all
 * but ZONE_MOVABLE and CMA is used up. It can split a huge folio that finds no room, which
 * a copy of ours cannot.
 */

/* New from the page allocator: clear it, unless the allocator did. */
static void gem_uma_backing_clear_folio(struct folio *folio)
{
	long i, n = folio_nr_pages(folio);

	if (!want_init_on_alloc(GFP_HIGHUSER) && !want_init_on_free())
		for (i = 0; i < n; i++)
			clear_highpage(folio_page(folio, i));
	flush_dcache_folio(folio);
	folio_mark_uptodate(folio);
}

/* May it be a page of those that have to stay movable? */
static bool gem_uma_backing_may_be_movable(const struct folio *folio)
{
	return folio_zonenum(folio) == ZONE_MOVABLE || zone_cma_pages(folio_zone(folio));
}

/* The core moves what must stay movable before it pins a page. Nobody else refers to it. */
static int gem_uma_backing_move(struct gem_uma_backing *b, pgoff_t pgoff)
{
	loff_t pos = (loff_t)pgoff << PAGE_SHIFT;
	struct folio *folio;
	pgoff_t offset;
	long ret;

	ret = memfd_pin_folios(b->file, pos, pos, &folio, 1, &offset);
	if (ret <= 0)
		return ret == -EINTR ? ret : -ENOMEM;
	unpin_folio(folio);
	return 0;
}

/* Put a copy in the place of a folio; both are locked meanwhile. */
static int gem_uma_backing_replace(struct gem_uma_backing *b, struct folio **foliop)
{
	struct folio *old = *foliop, *new;
	long nr = folio_nr_pages(old);

	new = folio_alloc(b->udev->gfp, folio_order(old));
	if (!new)
		return -ENOMEM;
	folio_copy(new, old);
	flush_dcache_folio(new);
	folio_mark_uptodate(new);
	__folio_set_locked(new);
	__folio_set_swapbacked(new);
	if (folio_test_dirty(old))
		folio_mark_dirty(new);
	/* The page cache has a reference for each page, of which this moves the first. */
	folio_ref_add(new, nr - 1);
	replace_page_cache_folio(old, new);
	folio_add_lru(new);
	folio_unlock(old);
	folio_put_refs(old, nr);
	*foliop = new;
	return 0;
}

static int gem_uma_backing_shmem_get(struct gem_uma_backing *b, pgoff_t pgoff,
				     struct folio **foliop)
{
	/*
	 * SGP_WRITE leaves clearing to us. With any other mode shmem would clear a
	 * second time what the page allocator cleared already.
	 */
	int ret = shmem_get_folio(file_inode(b->file), pgoff, 0, foliop, SGP_WRITE);

	/* ENOSPC: strict overcommit has nothing left. */
	return ret == -ENOSPC ? -ENOMEM : ret;
}

static void gem_uma_backing_put_folio(struct folio *folio)
{
	folio_unlock(folio);
	folio_put(folio);
}

/**
 * gem_uma_backing_get_folio() - the folio of a page, where it may be held
 * @b: backing
 * @pgoff: page
 * @foliop: result: locked, with a reference, and with content
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0; -ENOMEM, also if it lies where it must not be held, and cannot be moved; -EIO
 * if it is broken; -EINTR on a fatal signal.
 */
int gem_uma_backing_get_folio(struct gem_uma_backing *b, pgoff_t pgoff,
			      struct folio **foliop)
{
	int ret = gem_uma_backing_shmem_get(b, pgoff, foliop);

	if (ret)
		return ret;
	if (!folio_test_uptodate(*foliop)) {
		gem_uma_backing_clear_folio(*foliop);
		return 0;
	}
	if (!gem_uma_backing_is_poisoned(*foliop) && gem_uma_backing_may_be_movable(*foliop)) {
		gem_uma_backing_put_folio(*foliop);
		ret = gem_uma_backing_move(b, pgoff);
		if (!ret)
			ret = gem_uma_backing_shmem_get(b, pgoff, foliop);
		if (ret)
			return ret;
	}
	if (gem_uma_backing_is_poisoned(*foliop))
		ret = -EIO;
	else if (folio_zonenum(*foliop) > gfp_zone(b->udev->gfp))
		ret = gem_uma_backing_replace(b, foliop);
	if (ret)
		gem_uma_backing_put_folio(*foliop);
	return ret;
}

/**
 * gem_uma_backing_clean_folio() - make memory and the CPU's cache agree
 * @b: backing
 * @folio: held, or about to be
 * @dir: DMA_TO_DEVICE writes the folio back, before it is mapped uncached;
 *	DMA_FROM_DEVICE drops stale lines, before the kernel reads through its cache what was
 *	written uncached
 *
 * Only the DMA API can do that on all architectures; a mapping that is undone at once has
 * just this effect.
 *
 * Context: does not sleep; callable from reclaim.
 *
 * Return: 0; -ENODEV when the device was unplugged; -EIO when it cannot reach the folio.
 */
int gem_uma_backing_clean_folio(struct gem_uma_backing *b, struct folio *folio,
				enum dma_data_direction dir)
{
	struct gem_uma_device *udev = b->udev;
	size_t size = folio_size(folio), done, len;
	bool bounced;

	/* Where the kernel's own mapping changes, that cleans. */
	if (!(b->flags & GEM_UMA_BACKING_CLEAN) || udev->coherent ||
	    gem_uma_backing_is_wc(b))
		return 0;
	if (READ_ONCE(udev->unplugged))
		return -ENODEV;
	for (done = 0; done < size; done += len) {
		dma_addr_t addr;

		len = min(size - done, (size_t)udev->max_run << PAGE_SHIFT);
		addr = dma_map_page(udev->dma_dev, folio_page(folio, done >> PAGE_SHIFT), 0,
				    len, dir);
		if (dma_mapping_error(udev->dma_dev, addr))
			return -EIO;
		bounced = gem_uma_device_bounces(udev, addr,
						 PFN_PHYS(folio_pfn(folio)) + done);
		dma_unmap_page(udev->dma_dev, addr, len, dir);
		/* Then it was the bounce buffer that was cleaned. */
		if (bounced)
			return -EIO;
	}
	return 0;
}
