// SPDX-License-Identifier: GPL-2.0
/*
 * Giving up pages of a buffer object whose content is kept.
 *
 * Owns nothing: drops references on folios, and sends to swap what nobody holds. Never
 * decides when. Lock: the object's resv. Neighbour: the rest of the backing.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/shmem_fs.h>
#include <linux/swap.h>

#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_backing.h>

#include "gem_uma_backing_internal.h"

/*
 * Drop our reference on those folios that we hold. To @keep the content, make them
 * reclaimable, and let the kernel see what was written past its cache.
 */
static void gem_uma_backing_release_batch(struct gem_uma_backing *b,
					  struct folio_batch *fbatch, bool keep)
{
	bool stale = keep && (b->flags & GEM_UMA_BACKING_CLEAN) && !b->udev->coherent;
	unsigned int refs[FOLIO_BATCH_SIZE];
	unsigned int i;

	for (i = 0; i < folio_batch_count(fbatch); i++) {
		pgoff_t index = fbatch->folios[i]->index;

		bool held = gem_uma_page_set_covers(&b->held, index, index + 1);

		if (held && stale &&
		    gem_uma_backing_clean_folio(b, fbatch->folios[i], DMA_FROM_DEVICE))
			drm_dbg(b->udev->drm, "unplugged: content may be stale\n");
		/* One reference is the lookup's, the other ours. */
		refs[i] = 1 + held;
	}
	if (keep)
		check_move_unevictable_folios(fbatch);
	folios_put_refs(fbatch, refs);
}

/* Drop all references to pages; the caller holds resv, or is alone with the object. */
unsigned long gem_uma_backing_release(struct gem_uma_backing *b, bool keep)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);
	unsigned long pages = b->held.pages;
	struct folio_batch fbatch;
	pgoff_t next = 0;

	mapping_clear_unevictable(mapping);
	gem_uma_backing_wc_end(b, 0, b->nr_pages);
	folio_batch_init(&fbatch);
	/*
	 * All folios of the file, not only those held: others may have been put
	 * aside as unevictable while we held a part, and nobody else comes to
	 * fetch them.
	 */
	while (filemap_get_folios(mapping, &next, b->nr_pages - 1, &fbatch)) {
		gem_uma_backing_release_batch(b, &fbatch, keep);
		cond_resched();
	}
	gem_uma_page_set_clear(&b->held);
	atomic_long_sub(pages, &b->udev->resident_pages);
	return pages;
}

/**
 * gem_uma_backing_leak() - let nobody have the pages again
 * @b: backing that gem_uma_backing_fini() is about to be called for
 *
 * Where the device cannot be made to forget them: what it may still write to never becomes
 * anybody else's. The owner of the object pays for them for ever.
 *
 * Context: may sleep; nobody refers to the object any more.
 */
void gem_uma_backing_leak(struct gem_uma_backing *b)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);
	struct folio_batch fbatch;
	pgoff_t next = 0;

	/* Nobody drops these references. */
	do {
		cond_resched();
		folio_batch_init(&fbatch);
	} while (filemap_get_folios(mapping, &next, b->nr_pages - 1, &fbatch));
}
EXPORT_SYMBOL_GPL(gem_uma_backing_leak);

/* Release whole folios, for whose removal the set of held pages is split. */
void gem_uma_backing_release_range(struct gem_uma_backing *b,
				   const struct gem_uma_extent *e)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);
	unsigned long before = b->held.pages;
	struct folio_batch fbatch;
	pgoff_t next = e->start;

	gem_uma_backing_wc_end(b, e->start, e->end);
	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &next, e->end - 1, &fbatch)) {
		gem_uma_backing_release_batch(b, &fbatch, true);
		cond_resched();
	}
	gem_uma_page_set_remove(&b->held, e->start, e->end);
	atomic_long_sub(before - b->held.pages, &b->udev->resident_pages);
}

static unsigned long gem_uma_backing_count_evicted(struct gem_uma_backing *b,
						   unsigned long pages)
{
	if (pages) {
		WRITE_ONCE(b->evicted_pages, b->evicted_pages + pages);
		if (b->evictions < U32_MAX)
			WRITE_ONCE(b->evictions, b->evictions + 1);
		atomic64_add(pages, &b->udev->evicted_pages);
	}
	return pages;
}

/**
 * gem_uma_backing_release_locked() - evict: hold no page any more, keep the content
 * @b: backing, not pinned
 *
 * No CPU mapping, no device mapping and no DMA address refers to the pages any more.
 * From here on the system swaps them out when it needs the memory.
 *
 * Context: resv held. Does not sleep for memory or locks of ours; callable from reclaim.
 *
 * Return: number of pages released.
 */
unsigned long gem_uma_backing_release_locked(struct gem_uma_backing *b)
{
	dma_resv_assert_held(b->obj->resv);
	if (drm_WARN_ON_ONCE(b->udev->drm, b->held.pages && atomic_read(&b->pins)))
		return 0;
	b->next_written = 0;
	return gem_uma_backing_count_evicted(b, gem_uma_backing_release(b, true));
}
EXPORT_SYMBOL_GPL(gem_uma_backing_release_locked);

/**
 * gem_uma_backing_next_chunk_locked() - find a chunk of which pages are held
 * @b: backing
 * @start: where to look from
 * @chunk: result: the whole chunk, clipped to the object
 *
 * Context: resv held; does not sleep.
 *
 * Return: false if no page from @start on is held.
 */
bool gem_uma_backing_next_chunk_locked(struct gem_uma_backing *b, pgoff_t start,
				       struct gem_uma_extent *chunk)
{
	dma_resv_assert_held(b->obj->resv);
	start = gem_uma_page_set_find(&b->held, start, b->nr_pages, true);
	chunk->start = round_down(start, GEM_UMA_BACKING_CHUNK);
	chunk->end = min(chunk->start + GEM_UMA_BACKING_CHUNK, b->nr_pages);
	return start < b->nr_pages;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_next_chunk_locked);

/**
 * gem_uma_backing_release_chunk_locked() - evict a chunk: hold none of its pages any more
 * @b: backing, not pinned
 * @chunk: from gem_uma_backing_next_chunk_locked()
 *
 * As gem_uma_backing_release_locked(), for the pages of the chunk. While others are held
 * the system does not take them: gem_uma_backing_writeback_locked() sends them to swap.
 * What is clean is dropped at once, as nobody writes it.
 *
 * Context: resv held. Does not sleep for memory or locks of ours; callable from reclaim.
 *
 * Return: number of pages released.
 */
unsigned long gem_uma_backing_release_chunk_locked(struct gem_uma_backing *b,
						   const struct gem_uma_extent *chunk)
{
	unsigned long before = b->held.pages;

	dma_resv_assert_held(b->obj->resv);
	if (drm_WARN_ON_ONCE(b->udev->drm, atomic_read(&b->pins)))
		return 0;
	/* Allocates nothing: no bitmap has pages of two chunks. */
	gem_uma_backing_release_range(b, chunk);
	if (b->held.pages)
		invalidate_mapping_pages(gem_uma_backing_mapping(b), chunk->start,
					 chunk->end - 1);
	else
		gem_uma_backing_release(b, true);
	return gem_uma_backing_count_evicted(b, before - b->held.pages);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_release_chunk_locked);

/* Returns pages on their way to swap. */
static unsigned long gem_uma_backing_write_folio(struct folio *folio,
						 struct address_space *mapping)
{
	unsigned long written;
	int ret;

	if (!folio_trylock(folio))
		return 0;
	/* What is poisoned must not be read, not even to swap it out. */
	if (folio->mapping != mapping || folio_test_writeback(folio) ||
	    gem_uma_backing_is_poisoned(folio) || !folio_clear_dirty_for_io(folio))
		goto out_unlock;
	/* Once written, it moves to the end of the LRU, where reclaim looks first. */
	folio_set_reclaim(folio);
	ret = shmem_write_folio(folio);
	/* It may have been split. */
	written = ret ? 0 : folio_nr_pages(folio);
	if (!folio_test_writeback(folio))
		folio_clear_reclaim(folio);
	/* Only with this result it is still locked; after an error it is not. */
	if (ret != AOP_WRITEPAGE_ACTIVATE)
		return written;
out_unlock:
	folio_unlock(folio);
	return 0;
}

/* Up to @nr_pages of [next_written, end), which then moves on. */
static unsigned long gem_uma_backing_write_up_to(struct gem_uma_backing *b, pgoff_t end,
						 unsigned long nr_pages)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);
	unsigned long written = 0;
	struct gem_uma_extent gap;
	struct folio_batch fbatch;
	unsigned int i;
	pgoff_t next;

	folio_batch_init(&fbatch);
	while (written < nr_pages &&
	       gem_uma_page_set_next_gap(&b->held, b->next_written, end, &gap)) {
		next = gap.start;
		b->next_written = gap.end;
		if (!filemap_get_folios(mapping, &next, gap.end - 1, &fbatch))
			continue;
		for (i = 0; i < folio_batch_count(&fbatch) && written < nr_pages; i++) {
			b->next_written = folio_next_index(fbatch.folios[i]);
			written += gem_uma_backing_write_folio(fbatch.folios[i], mapping);
		}
		/* In the swap cache, they are evictable again. */
		check_move_unevictable_folios(&fbatch);
		folios_put(&fbatch);
		cond_resched();
	}
	return written;
}

/**
 * gem_uma_backing_writeback_locked() - start to swap out pages that nobody holds
 * @b: backing
 * @nr_pages: about how many
 *
 * Evicting only makes pages reclaimable. Left to itself the system takes them when they
 * have aged, and those of an object of which a part is held not at all. Until then a task
 * that waits for memory sees no progress, and would evict more. Goes on where the last call
 * ended, so that pages which cannot be written just now are not looked at by each call.
 *
 * Context: resv held; does I/O. Callable from reclaim with __GFP_IO.
 *
 * Return: pages on their way.
 */
unsigned long gem_uma_backing_writeback_locked(struct gem_uma_backing *b,
					       unsigned long nr_pages)
{
	unsigned long written;
	pgoff_t from;

	dma_resv_assert_held(b->obj->resv);
	if (READ_ONCE(gem_uma_backing_mapping(b)->nrpages) <= b->held.pages)
		return 0;
	from = b->next_written;
	written = gem_uma_backing_write_up_to(b, b->nr_pages, nr_pages);
	if (written < nr_pages) {
		b->next_written = 0;
		written += gem_uma_backing_write_up_to(b, from, nr_pages - written);
	}
	return written;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_writeback_locked);
