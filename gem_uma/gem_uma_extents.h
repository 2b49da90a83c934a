/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A set of pages as sorted extents. Pure: no kernel state, also compiled by
 * tests/host. Changing a set never allocates: room is made before, by
 * gem_uma_extents_reserve(), so that a change can follow a step that must not be
 * undone.
 */
#ifndef _GEM_UMA_EXTENTS_H_
#define _GEM_UMA_EXTENTS_H_

#ifdef __KERNEL__
#include <linux/bug.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#endif
#include <drm/gem_uma/gem_uma_types.h>

static inline void gem_uma_extents_init(struct gem_uma_extents *set)
{
	set->ext = &set->one;
	set->room = 1;
	set->nr = 0;
	set->pages = 0;
}

/* Empty the set. Keeps the array: callable where nothing may be freed or slept on. */
static inline void gem_uma_extents_clear(struct gem_uma_extents *set)
{
	set->nr = 0;
	/* Read without the lock of the set by whoever shows numbers. */
	WRITE_ONCE(set->pages, 0);
}

static inline void gem_uma_extents_fini(struct gem_uma_extents *set)
{
	if (set->ext != &set->one)
		kvfree(set->ext);
	gem_uma_extents_init(set);
}

/* Index of the first extent that ends behind @page. */
static inline unsigned int gem_uma_extents_find(const struct gem_uma_extents *set,
						pgoff_t page)
{
	unsigned int lo = 0, hi = set->nr;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (set->ext[mid].end > page)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Room for @more extents beyond those in use. */
static inline int gem_uma_extents_reserve(struct gem_uma_extents *set,
					  unsigned int more, gfp_t gfp)
{
	struct gem_uma_extent *ext;
	unsigned int room;

	if (set->room - set->nr >= more)
		return 0;
	room = max(set->room * 2, set->nr + more);
	ext = kvmalloc_array(room, sizeof(*ext), gfp);
	if (!ext)
		return -ENOMEM;
	memcpy(ext, set->ext, set->nr * sizeof(*ext));
	if (set->ext != &set->one)
		kvfree(set->ext);
	set->ext = ext;
	set->room = room;
	return 0;
}

/*
 * Add [start, end). Needs room for one extent, reserved by the caller. Returns how
 * many of the pages were not in the set.
 */
static inline unsigned long gem_uma_extents_add(struct gem_uma_extents *set,
						pgoff_t start, pgoff_t end)
{
	unsigned long before = set->pages, pages = set->pages;
	/* The first extent that overlaps or touches, and the first beyond. */
	unsigned int first = start ? gem_uma_extents_find(set, start - 1) : 0;
	unsigned int last = first;

	while (last < set->nr && set->ext[last].start <= end) {
		start = min(start, set->ext[last].start);
		end = max(end, set->ext[last].end);
		pages -= set->ext[last].end - set->ext[last].start;
		last++;
	}
	if (last == first && WARN_ON_ONCE(set->nr == set->room))
		return 0;
	memmove(&set->ext[first + 1], &set->ext[last],
		(set->nr - last) * sizeof(*set->ext));
	set->ext[first].start = start;
	set->ext[first].end = end;
	set->nr += 1 - (last - first);
	pages += end - start;
	WRITE_ONCE(set->pages, pages);
	return pages - before;
}

/*
 * Remove [start, end). Needs room for one extent, reserved by the caller, when the
 * range can lie inside of one. Returns how many of the pages were in the set.
 */
static inline unsigned long gem_uma_extents_remove(struct gem_uma_extents *set,
						   pgoff_t start, pgoff_t end)
{
	unsigned int i = gem_uma_extents_find(set, start), last;
	unsigned long removed = 0;

	if (i < set->nr && set->ext[i].start < start && set->ext[i].end > end) {
		if (WARN_ON_ONCE(set->nr == set->room))
			return 0;
		memmove(&set->ext[i + 1], &set->ext[i],
			(set->nr - i) * sizeof(*set->ext));
		set->nr++;
		set->ext[i].end = start;
		set->ext[i + 1].start = end;
		removed = end - start;
		goto out;
	}
	if (i < set->nr && set->ext[i].start < start) {
		removed += set->ext[i].end - start;
		set->ext[i].end = start;
		i++;
	}
	for (last = i; last < set->nr && set->ext[last].end <= end; last++)
		removed += set->ext[last].end - set->ext[last].start;
	if (last < set->nr && set->ext[last].start < end) {
		removed += end - set->ext[last].start;
		set->ext[last].start = end;
	}
	memmove(&set->ext[i], &set->ext[last], (set->nr - last) * sizeof(*set->ext));
	set->nr -= last - i;
out:
	WRITE_ONCE(set->pages, set->pages - removed);
	return removed;
}

/* Are all pages of [start, end) in the set? True for an empty range. */
static inline bool gem_uma_extents_covers(const struct gem_uma_extents *set,
					  pgoff_t start, pgoff_t end)
{
	unsigned int i = gem_uma_extents_find(set, start);

	if (start >= end)
		return true;
	return i < set->nr && set->ext[i].start <= start && set->ext[i].end >= end;
}

/* How many pages of [start, end) are in the set. */
static inline unsigned long gem_uma_extents_count(const struct gem_uma_extents *set,
						  pgoff_t start, pgoff_t end)
{
	unsigned int i = gem_uma_extents_find(set, start);
	unsigned long n = 0;

	for (; i < set->nr && set->ext[i].start < end; i++)
		n += min(set->ext[i].end, end) - max(set->ext[i].start, start);
	return n;
}

/* The first extent, or part of one, inside [start, end). */
static inline bool gem_uma_extents_next(const struct gem_uma_extents *set,
					pgoff_t start, pgoff_t end,
					struct gem_uma_extent *out)
{
	unsigned int i = gem_uma_extents_find(set, start);

	if (i == set->nr || set->ext[i].start >= end)
		return false;
	out->start = max(set->ext[i].start, start);
	out->end = min(set->ext[i].end, end);
	return out->start < out->end;
}

/* The first hole of the set inside [start, end). */
static inline bool gem_uma_extents_next_gap(const struct gem_uma_extents *set,
					    pgoff_t start, pgoff_t end,
					    struct gem_uma_extent *out)
{
	unsigned int i = gem_uma_extents_find(set, start);

	if (i < set->nr && set->ext[i].start <= start)
		start = set->ext[i++].end;
	if (start >= end)
		return false;
	out->start = start;
	out->end = i < set->nr ? min(set->ext[i].start, end) : end;
	return true;
}

#endif
