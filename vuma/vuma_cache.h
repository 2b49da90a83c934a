/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The modelled cache of a device that does not snoop.
 */
#ifndef _VUMA_CACHE_H_
#define _VUMA_CACHE_H_

#include <linux/types.h>
#include <linux/xarray.h>

/* What is cleaned and invalidated as a whole, in bytes. */
#define VUMA_CACHE_LINE		64

/**
 * struct vuma_cache - the memory behind the CPU's cache, for the pages of one BO
 *
 * Guarded by the resv of the BO, but for the content: the engine works on it at any time.
 */
struct vuma_cache {
	/** @pages: by page of the BO, the first of two pages: memory, and what was agreed. */
	struct xarray pages;
};

void vuma_cache_init(struct vuma_cache *cache);
void vuma_cache_clear(struct vuma_cache *cache);
int vuma_cache_add(struct vuma_cache *cache, pgoff_t pgoff, const void *cpu);
struct page *vuma_cache_memory(struct vuma_cache *cache, pgoff_t pgoff);
void vuma_cache_clean(struct vuma_cache *cache, u64 offset, size_t size, void *cpu);
void vuma_cache_invalidate(struct vuma_cache *cache, u64 offset, size_t size, void *cpu);

#endif /* _VUMA_CACHE_H_ */
