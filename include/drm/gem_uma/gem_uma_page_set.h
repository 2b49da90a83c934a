/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_PAGE_SET_H_
#define _DRM_GEM_UMA_PAGE_SET_H_

#include <linux/gfp_types.h>
#include <linux/xarray.h>

#include <drm/gem_uma/gem_uma_types.h>

/* Sets of so many chunks or fewer have no tree. */
#define GEM_UMA_PAGE_SET_FEW	4

/**
 * struct gem_uma_page_set - a set of pages of an object
 *
 * The part that embeds it locks it. Only @pages may be read without that lock.
 *
 * Invariant: @pages is the number of pages in the set.
 */
struct gem_uma_page_set {
	union {
		/**
		 * @chunks: one entry for so many pages: NULL if none of them is in the set,
		 * a value if all are, else a bitmap.
		 */
		struct xarray chunks;
		/** @few: the same, of a set that has no more. */
		void *few[GEM_UMA_PAGE_SET_FEW];
	};
	/** @size: pages from @size on are never in the set. */
	pgoff_t size;
	/** @pages: how many are in the set. */
	unsigned long pages;
};

void gem_uma_page_set_init(struct gem_uma_page_set *set, pgoff_t size);
void gem_uma_page_set_clear(struct gem_uma_page_set *set);
int gem_uma_page_set_reserve(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end);
int gem_uma_page_set_split(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end);
void gem_uma_page_set_add(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end);
void gem_uma_page_set_remove(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end);
pgoff_t gem_uma_page_set_find(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end,
			      bool in);
bool gem_uma_page_set_covers(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end);
bool gem_uma_page_set_next(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end,
			   struct gem_uma_extent *e);
bool gem_uma_page_set_next_gap(struct gem_uma_page_set *set, pgoff_t start, pgoff_t end,
			       struct gem_uma_extent *e);

#endif
