// SPDX-License-Identifier: GPL-2.0
/*
 * How the kernel itself maps the pages of a write-combined object, on x86.
 *
 * Owns the array in which pages are handed to the architecture. Never decides which object
 * is write-combined. Lock: the object's resv, or the last user of the object. Neighbour: the
 * rest of the backing.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <asm/set_memory.h>

#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_backing.h>

#include "gem_uma_backing_internal.h"

/**
 * DOC: Page attributes
 *
 * x86 wants all mappings of a page to be cached in the same way, and the kernel has one of all
 * memory, which is cached. So where &gem_uma_device_config.allow_wc makes an object
 * write-combined, the kernel's own mapping of its pages is write-combined, too, exactly while
 * they are held. They become so right before they count as held, which also writes back the
 * zeroes, or what was read from swap. They are cached again before the reference on them is
 * dropped: whoever evicts, swaps out, migrates, discards or frees them never sees another
 * mapping than that of all memory. No swap I/O can be under way for a page that is held:
 * shmem takes a page out of the file before it writes it, and waits for the end of that before
 * it puts it back.
 *
 * A change flushes the TLBs and the caches of all CPUs. So one call is for all pages of a
 * chunk, when they are populated and when they are released; mapping them costs nothing. A
 * fault populates 16 pages at least, also where they have to be read from swap. A folio that
 * is all of its chunk stays one entry of the kernel's page table. For others the kernel splits
 * its entry, for good. That takes a page, which the kernel allocates in a way that can invoke
 * the OOM killer. So we see first whether there is one: without, populating fails with
 * -ENOMEM, and the content is as it was. Making pages cached again needs no memory.
 *
 * In reclaim, the change takes locks of the kernel's own, as that of TTM does: vmap_purge_lock,
 * and on newer kernels the mmap lock of init_mm. Newer kernels allocate under the latter where
 * hugetlb gives up struct pages; whoever switches that on should not use write-combined
 * objects beside it. A change also unmaps lazily freed areas of vmalloc. If there are very
 * many, the kernel waits for a workqueue that is not for reclaim, and warns. So what we freed
 * ourselves is unmapped at once.
 *
 * The kernel maps for others what it maps for itself. A bounce buffer is filled from
 * write-combined memory, and a hibernation image is written from it: that is slow, and right.
 * A guest is different: KVM maps RAM cached for it, whatever the mapping says that it finds.
 * An object that is given to a guest should not be write-combined.
 */

/**
 * gem_uma_backing_wc_init() - pages that are held are write-combined for the kernel, from now on
 * @b: backing of which no page is held
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0; -ENOMEM; -EINVAL if a page is held.
 */
int gem_uma_backing_wc_init(struct gem_uma_backing *b)
{
	struct mem_cgroup *old;

	if (drm_WARN_ON_ONCE(b->udev->drm, b->held.pages))
		return -EINVAL;
	if (b->wc_pages)
		return 0;
	/* For the life of the object: reclaim must not allocate. */
	old = gem_uma_backing_charge(b);
	b->wc_pages = kmalloc_array(min(b->nr_pages, GEM_UMA_BACKING_CHUNK),
				    sizeof(*b->wc_pages), GEM_UMA_GFP_MAYFAIL);
	set_active_memcg(old);
	return b->wc_pages ? 0 : -ENOMEM;
}

/**
 * gem_uma_backing_wc_fini() - undo gem_uma_backing_wc_init(), if it was called
 * @b: backing of which no page is held
 *
 * Context: does not sleep.
 */
void gem_uma_backing_wc_fini(struct gem_uma_backing *b)
{
	kfree(b->wc_pages);
	b->wc_pages = NULL;
}

/* Adds the pages of a range, for which we have references, to @nr that are in the array. */
static unsigned int gem_uma_backing_wc_collect(struct gem_uma_backing *b, unsigned int nr,
					       const struct gem_uma_extent *e)
{
	pgoff_t pgoff;

	for (pgoff = e->start; pgoff < e->end; pgoff++)
		b->wc_pages[nr++] = pfn_to_page(gem_uma_backing_pfn(b, pgoff));
	return nr;
}

/* Those in the array are whole folios, so as many as the first one has are that one. */
static bool gem_uma_backing_wc_is_folio(struct gem_uma_backing *b, unsigned int nr)
{
	return folio_nr_pages(page_folio(b->wc_pages[0])) == nr;
}

/* Is there a page with which the kernel could split its mapping? */
static bool gem_uma_backing_wc_can_split(void)
{
	struct page *page = alloc_page(GEM_UMA_GFP_MAYFAIL);

	if (page)
		__free_page(page);
	return page;
}

static int gem_uma_backing_wc_set(struct gem_uma_backing *b, unsigned int nr)
{
	if (!gem_uma_backing_wc_can_split())
		return -ENOMEM;
	if (gem_uma_backing_wc_is_folio(b, nr))
		return set_memory_wc((unsigned long)page_address(b->wc_pages[0]), nr);
	return set_pages_array_wc(b->wc_pages, nr);
}

/* Also for pages of which only some are write-combined, or none. */
static void gem_uma_backing_wc_clear(struct gem_uma_backing *b, unsigned int nr)
{
	int ret;

	if (gem_uma_backing_wc_is_folio(b, nr))
		ret = set_memory_wb((unsigned long)page_address(b->wc_pages[0]), nr);
	else
		ret = set_pages_array_wb(b->wc_pages, nr);
	drm_WARN_ON_ONCE(b->udev->drm, ret);
}

/* The part of a range that is in the chunk of its first page. */
static struct gem_uma_extent gem_uma_backing_wc_first(pgoff_t start, pgoff_t end)
{
	return (struct gem_uma_extent) {
		.start = start,
		.end = min(end, round_down(start, GEM_UMA_BACKING_CHUNK) + GEM_UMA_BACKING_CHUNK),
	};
}

/**
 * gem_uma_backing_wc_begin() - pages are about to count as held
 * @b: backing
 * @e: whole folios, for which we have references
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, also for an object that is not write-combined for the kernel; or -ENOMEM, with
 * all of @e cached.
 */
int gem_uma_backing_wc_begin(struct gem_uma_backing *b, const struct gem_uma_extent *e)
{
	struct gem_uma_extent part = { .end = e->start };
	int ret = 0;

	if (!b->wc_pages)
		return 0;
	while (!ret && part.end < e->end) {
		part = gem_uma_backing_wc_first(part.end, e->end);
		ret = gem_uma_backing_wc_set(b, gem_uma_backing_wc_collect(b, 0, &part));
		cond_resched();
	}
	if (!ret)
		return 0;
	/* What failed may have been done by half. */
	for (; part.end > e->start; part.end = part.start) {
		part.start = max(e->start, round_down(part.end - 1, GEM_UMA_BACKING_CHUNK));
		gem_uma_backing_wc_clear(b, gem_uma_backing_wc_collect(b, 0, &part));
	}
	return -ENOMEM;
}

/**
 * gem_uma_backing_wc_end() - pages are about to be released
 * @b: backing
 * @start: first page; with @end, a border of what is released
 * @end: first page behind
 *
 * Context: resv held, or the last user of the object. Does not sleep for memory; callable
 * from reclaim.
 */
void gem_uma_backing_wc_end(struct gem_uma_backing *b, pgoff_t start, pgoff_t end)
{
	struct gem_uma_extent held, part;
	unsigned int nr;

	if (!b->wc_pages)
		return;
	for (; gem_uma_page_set_next(&b->held, start, end, &held); start = part.end) {
		part = gem_uma_backing_wc_first(held.start, end);
		nr = 0;
		while (gem_uma_page_set_next(&b->held, part.start, part.end, &held)) {
			nr = gem_uma_backing_wc_collect(b, nr, &held);
			part.start = held.end;
		}
		gem_uma_backing_wc_clear(b, nr);
		cond_resched();
	}
}
