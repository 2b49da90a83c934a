// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of pages of a buffer object.
 *
 * Owns bitmaps, and knows nothing of what they mean. Lock: that of the part which
 * embeds the set. Neighbours: backing and dev_map use it.
 */
#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include <drm/gem_uma/gem_uma_page_set.h>

#include "gem_uma_internal.h"

/**
 * DOC: Page set
 *
 * A set is an XArray of bitmaps, each for 512 pages. A chunk whose pages are all in
 * the set has no bitmap, so an object that is used as a whole costs eight bytes for
 * each 2 MiB. What is fragmented costs at most one bit a page. Sets of up to 8 MiB have
 * their entries in the struct: a node of an XArray would be larger than all else.
 *
 * Adding and removing never fail, so they can follow a step that must not be undone.
 * gem_uma_page_set_reserve() allocates what they need.
 *
 * A maple tree of ranges needs no more for large contiguous objects, but 16 to 32 bytes
 * for each range, and memory to take one out of the middle. An XArray of folios takes
 * nine bytes for each page of 4 KiB, contiguous or not.
 */

/* No more than what one page of PTEs maps: taking a chunk of an object out needs no bitmap. */
#define GEM_UMA_PAGE_SET_CHUNK	512UL

/* Stands for a bitmap in which all bits are set. */
#define GEM_UMA_PAGE_SET_FULL	xa_mk_value(1)

static bool gem_uma_page_set_has_few(const struct gem_uma_page_set *set)
{
	return set->size <= GEM_UMA_PAGE_SET_FEW * GEM_UMA_PAGE_SET_CHUNK;
}

static void *gem_uma_page_set_load(struct gem_uma_page_set *set, unsigned long index)
{
	return gem_uma_page_set_has_few(set) ? set->few[index] : xa_load(&set->chunks, index);
}

/* To replace an entry, or to erase one, takes no memory. */
static int gem_uma_page_set_store(struct gem_uma_page_set *set, unsigned long index, void *chunk,
				  gfp_t gfp)
{
	if (!gem_uma_page_set_has_few(set))
		return xa_err(xa_store(&set->chunks, index, chunk, gfp));
	set->few[index] = chunk;
	return 0;
}

/* The next chunk of which something is in the set, after one of which nothing is. */
static bool gem_uma_page_set_next_chunk(struct gem_uma_page_set *set, unsigned long *index,
					unsigned long last)
{
	if (!gem_uma_page_set_has_few(set))
		return xa_find_after(&set->chunks, index, last, XA_PRESENT);
	while (++*index <= last)
		if (set->few[*index])
			return true;
	return false;
}

/* The last chunk ends with the object. */
static unsigned long gem_uma_page_set_bits(const struct gem_uma_page_set *set,
					   unsigned long index)
{
	return min(set->size - index * GEM_UMA_PAGE_SET_CHUNK, GEM_UMA_PAGE_SET_CHUNK);
}

/**
 * gem_uma_page_set_init() - set up an empty set
 * @set: uninitialized
 * @size: number of pages that can be in it
 *
 * Context: any.
 */
void gem_uma_page_set_init(struct gem_uma_page_set *set, pgoff_t size)
{
	set->size = size;
	set->pages = 0;
	if (gem_uma_page_set_has_few(set))
		memset(set->few, 0, sizeof(set->few));
	else
		xa_init_flags(&set->chunks, XA_FLAGS_ACCOUNT);
}

/**
 * gem_uma_page_set_clear() - take all pages out, and free the memory
 * @set: set
 *
 * Context: does not sleep.
 */
void gem_uma_page_set_clear(struct gem_uma_page_set *set)
{
	unsigned long index;
	void *chunk;

	WRITE_ONCE(set->pages, 0);
	if (gem_uma_page_set_has_few(set)) {
		for (index = 0; index < GEM_UMA_PAGE_SET_FEW; index++) {
			if (!xa_is_value(set->few[index]))
				bitmap_free(set->few[index]);
			set->few[index] = NULL;
		}
		return;
	}
	xa_for_each(&set->chunks, index, chunk)
		if (!xa_is_value(chunk))
			bitmap_free(chunk);
	xa_destroy(&set->chunks);
}

static int gem_uma_page_set_make_bitmap(struct gem_uma_page_set *set, unsigned long index)
{
	unsigned long bits = gem_uma_page_set_bits(set, index);
	unsigned long *bitmap = bitmap_zalloc(bits, GEM_UMA_GFP_MAYFAIL);
	int ret;

	if (!bitmap)
		return -ENOMEM;
	if (gem_uma_page_set_load(set, index))
		bitmap_fill(bitmap, bits);
	ret = gem_uma_page_set_store(set, index, bitmap, GEM_UMA_GFP_MAYFAIL);
	if (ret)
		bitmap_free(bitmap);
	return ret;
}

/**
 * gem_uma_page_set_reserve() - make sure that a range can be added
 * @set: set
 * @start: first page
 * @end: first page behind
 *
 * The set stays as it is. Lasts until pages are removed.
 *
 * Context: may sleep and reclaim; charges the active memory cgroup.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_page_set_reserve(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end)
{
	unsigned long index = start / GEM_UMA_PAGE_SET_CHUNK;
	int ret = 0;

	for (; !ret && index * GEM_UMA_PAGE_SET_CHUNK < end; index++)
		if (!gem_uma_page_set_load(set, index))
			ret = gem_uma_page_set_make_bitmap(set, index);
	return ret;
}

static int gem_uma_page_set_split_at(struct gem_uma_page_set *set, pgoff_t border)
{
	unsigned long index = border / GEM_UMA_PAGE_SET_CHUNK;

	if (border >= set->size || border % GEM_UMA_PAGE_SET_CHUNK == 0 ||
	    !xa_is_value(gem_uma_page_set_load(set, index)))
		return 0;
	return gem_uma_page_set_make_bitmap(set, index);
}

/**
 * gem_uma_page_set_split() - make sure that a range can be removed
 * @set: set
 * @start: first page
 * @end: first page behind
 *
 * The set stays as it is. Lasts until pages are added.
 *
 * Context: may sleep and reclaim; charges the active memory cgroup.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_page_set_split(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end)
{
	int ret = gem_uma_page_set_split_at(set, start);

	return ret ?: gem_uma_page_set_split_at(set, end);
}

/* The part of [start, end) in the chunk of @start, counted from the start of the chunk. */
static void gem_uma_page_set_clip(pgoff_t start, pgoff_t end, pgoff_t *from, pgoff_t *nr)
{
	*from = start % GEM_UMA_PAGE_SET_CHUNK;
	*nr = min(end - start, GEM_UMA_PAGE_SET_CHUNK - *from);
}

/**
 * gem_uma_page_set_add() - put pages into a set
 * @set: set
 * @start: first page; none of the range is in the set, and all of it is reserved
 * @end: first page behind
 *
 * Context: does not sleep.
 */
void gem_uma_page_set_add(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end)
{
	pgoff_t from, nr;

	for (; start < end; start += nr) {
		unsigned long index = start / GEM_UMA_PAGE_SET_CHUNK;
		unsigned long *bitmap = gem_uma_page_set_load(set, index);
		unsigned long bits = gem_uma_page_set_bits(set, index);

		gem_uma_page_set_clip(start, end, &from, &nr);
		if (WARN_ON_ONCE(!bitmap || xa_is_value(bitmap)))
			continue;
		bitmap_set(bitmap, from, nr);
		WRITE_ONCE(set->pages, set->pages + nr);
		/* What is filled in order is found not to be full at its next page. */
		if (find_next_zero_bit(bitmap, bits, from + nr) < bits ||
		    !bitmap_full(bitmap, bits))
			continue;
		gem_uma_page_set_store(set, index, GEM_UMA_PAGE_SET_FULL, 0);
		bitmap_free(bitmap);
	}
}

/**
 * gem_uma_page_set_remove() - take pages out of a set
 * @set: set, split at both ends of the range
 * @start: first page
 * @end: first page behind; the range may have pages that are not in the set
 *
 * Context: does not sleep.
 */
void gem_uma_page_set_remove(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end)
{
	struct gem_uma_extent e;

	for (; gem_uma_page_set_next(set, start, end, &e); start = e.end) {
		unsigned long index = e.start / GEM_UMA_PAGE_SET_CHUNK;
		unsigned long *bitmap = gem_uma_page_set_load(set, index);
		pgoff_t from, nr;

		gem_uma_page_set_clip(e.start, e.end, &from, &nr);
		e.end = e.start + nr;
		WRITE_ONCE(set->pages, set->pages - nr);
		if (!xa_is_value(bitmap)) {
			bitmap_clear(bitmap, from, nr);
			if (!bitmap_empty(bitmap, gem_uma_page_set_bits(set, index)))
				continue;
			bitmap_free(bitmap);
		}
		gem_uma_page_set_store(set, index, NULL, 0);
	}
}

/**
 * gem_uma_page_set_find() - find a page that is in the set, or one that is not
 * @set: set
 * @start: first page to look at
 * @end: first page behind those to look at, at most the size
 * @in: what to look for
 *
 * Context: does not sleep.
 *
 * Return: the first such page, or @end if there is none.
 */
pgoff_t gem_uma_page_set_find(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end,
			      bool in)
{
	pgoff_t from, nr, at;

	if (!set->pages || set->pages == set->size)
		return in == !!set->pages ? start : end;
	for (; start < end; start += nr) {
		unsigned long index = start / GEM_UMA_PAGE_SET_CHUNK;
		void *chunk = gem_uma_page_set_load(set, index);

		gem_uma_page_set_clip(start, end, &from, &nr);
		if (!chunk && in) {
			/* A large object may have few chunks. */
			if (!gem_uma_page_set_next_chunk(set, &index,
							 (end - 1) / GEM_UMA_PAGE_SET_CHUNK))
				return end;
			nr = index * GEM_UMA_PAGE_SET_CHUNK - start;
			continue;
		}
		if (!chunk)
			return start;
		if (xa_is_value(chunk)) {
			if (in)
				return start;
			continue;
		}
		at = in ? find_next_bit(chunk, from + nr, from) :
			  find_next_zero_bit(chunk, from + nr, from);
		if (at < from + nr)
			return start + (at - from);
	}
	return end;
}

/**
 * gem_uma_page_set_covers() - are all pages of a range in the set?
 * @set: set
 * @start: first page
 * @end: first page behind, at most the size
 *
 * Context: does not sleep.
 *
 * Return: true if so, and for an empty range.
 */
bool gem_uma_page_set_covers(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end)
{
	return start >= end || gem_uma_page_set_find(set, start, end, false) == end;
}

/**
 * gem_uma_page_set_next() - find pages that are in the set
 * @set: set
 * @start: first page
 * @end: first page behind, at most the size
 * @e: result: the first such pages of the range
 *
 * Context: does not sleep.
 *
 * Return: false if no page of the range is in the set.
 */
bool gem_uma_page_set_next(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end,
			   struct gem_uma_extent *e)
{
	if (start >= end || !set->pages)
		return false;
	e->start = gem_uma_page_set_find(set, start, end, true);
	e->end = gem_uma_page_set_find(set, e->start, end, false);
	return e->start < e->end;
}

/**
 * gem_uma_page_set_next_gap() - find pages that are not in the set
 * @set: set
 * @start: first page
 * @end: first page behind, at most the size
 * @e: result: the first such pages of the range
 *
 * Context: does not sleep.
 *
 * Return: false if all pages of the range are in the set.
 */
bool gem_uma_page_set_next_gap(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end,
			       struct gem_uma_extent *e)
{
	if (start >= end)
		return false;
	e->start = gem_uma_page_set_find(set, start, end, false);
	e->end = gem_uma_page_set_find(set, e->start, end, true);
	return e->start < e->end;
}
