/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the backing share. */
#ifndef _GEM_UMA_BACKING_INTERNAL_H_
#define _GEM_UMA_BACKING_INTERNAL_H_

#include <linux/dma-direction.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/xarray.h>

#include <drm/gem_uma/gem_uma_backing.h>

#include "gem_uma_internal.h"

/* Pages that are populated before they count as held. */
#define GEM_UMA_BACKING_STEP	1024UL

static inline struct address_space *
gem_uma_backing_mapping(const struct gem_uma_backing *b)
{
	return b->file->f_mapping;
}

static inline bool gem_uma_backing_holds(struct gem_uma_backing *b, pgoff_t start, pgoff_t end)
{
	return gem_uma_page_set_covers(&b->held, start, end);
}

/* The page frame of a page that is held, which keeps the folio where it is. */
static inline unsigned long gem_uma_backing_pfn(const struct gem_uma_backing *b,
						pgoff_t pgoff)
{
	struct folio *folio = xa_load(&gem_uma_backing_mapping(b)->i_pages, pgoff);

	return folio_pfn(folio) + (pgoff - folio->index);
}

/*
 * Charge memory to the owner of the object; undone by set_active_memcg() of the result.
 * The limit of a removed cgroup holds, but nobody reclaims for it any more.
 */
static inline struct mem_cgroup *gem_uma_backing_charge(const struct gem_uma_backing *b)
{
	return set_active_memcg(gem_uma_online_memcg(b->memcg));
}

/*
 * Over memory.high, every charge puts the task to sleep, here with resv held: nobody
 * could take pages of this object meanwhile. Without it, on the way back to user space,
 * reclaim gets at them and there is nothing to wait for.
 */
static inline bool gem_uma_backing_is_throttled(void)
{
#ifdef CONFIG_MEMCG
	return READ_ONCE(current->memcg_nr_pages_over_high);
#else
	return false;
#endif
}

/* Pages that the file takes, in memory and in swap. */
static inline unsigned long gem_uma_backing_known(const struct gem_uma_backing *b)
{
	return b->file ? inode_get_bytes(file_inode(b->file)) >> PAGE_SHIFT : 0;
}

static inline bool gem_uma_backing_is_poisoned(struct folio *folio)
{
	return folio_test_hwpoison(folio) ||
	       (folio_test_large(folio) && folio_test_has_hwpoisoned(folio));
}

int gem_uma_backing_get_folio(struct gem_uma_backing *b, pgoff_t pgoff,
			      struct folio **foliop)
	__must_hold(b->obj->resv);

/* Are pages that are held write-combined for the kernel itself? Then nobody maps them cached. */
static inline bool gem_uma_backing_is_wc(const struct gem_uma_backing *b)
{
	return b->wc_pages;
}

#if IS_ENABLED(CONFIG_X86_64)
int gem_uma_backing_wc_init(struct gem_uma_backing *b);
void gem_uma_backing_wc_fini(struct gem_uma_backing *b);
int gem_uma_backing_wc_begin(struct gem_uma_backing *b, const struct gem_uma_extent *e);
void gem_uma_backing_wc_end(struct gem_uma_backing *b, pgoff_t start, pgoff_t end);
#else
/* Mappings need not agree, or the DMA API makes them. */
static inline int gem_uma_backing_wc_init(struct gem_uma_backing *b)
{
	return -EOPNOTSUPP;
}

static inline void gem_uma_backing_wc_fini(struct gem_uma_backing *b)
{
}

static inline int gem_uma_backing_wc_begin(struct gem_uma_backing *b,
					   const struct gem_uma_extent *e)
{
	return 0;
}

static inline void gem_uma_backing_wc_end(struct gem_uma_backing *b, pgoff_t start,
					  pgoff_t end)
{
}
#endif

int gem_uma_backing_clean_folio(struct gem_uma_backing *b, struct folio *folio,
				enum dma_data_direction dir);
void gem_uma_backing_release_range(struct gem_uma_backing *b,
				   const struct gem_uma_extent *e);
unsigned long gem_uma_backing_release(struct gem_uma_backing *b, bool keep);

#endif
