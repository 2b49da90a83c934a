/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the CPU map share, and how PRIME changes the cache mode. */
#ifndef _GEM_UMA_CPU_MAP_INTERNAL_H_
#define _GEM_UMA_CPU_MAP_INTERNAL_H_

#include <linux/pgtable.h>
#include <linux/xarray.h>

#include <drm/gem_uma/gem_uma_backing.h>
#include <drm/gem_uma/gem_uma_cpu_map.h>
#include <drm/gem_uma/gem_uma_device.h>

/* Set on a chunk in &gem_uma_cpu_map.ptes. */
#define GEM_UMA_CPU_MAP_USED	XA_MARK_0
/* The same: the CPU may have written there since it was cleaned. */
#define GEM_UMA_CPU_MAP_UNCLEAN	XA_MARK_1

/* What a mapping has to say for the mode of the object. */
static inline pgprot_t gem_uma_cpu_map_prot(const struct gem_uma_cpu_map *cmap, pgprot_t prot)
{
	return cmap->mode == GEM_UMA_CACHE_WC ? pgprot_writecombine(prot) : prot;
}

/* Can the CPU's caches keep from the device what was written? */
static inline bool gem_uma_cpu_map_has_caches(const struct gem_uma_cpu_map *cmap)
{
	return !cmap->backing->udev->coherent && cmap->mode != GEM_UMA_CACHE_WC;
}

bool gem_uma_cpu_map_is_clean_locked(struct gem_uma_cpu_map *cmap, pgoff_t pgoff, pgoff_t *end)
	__must_hold(cmap->backing->obj->resv);
void gem_uma_cpu_map_cleaned_locked(struct gem_uma_cpu_map *cmap, pgoff_t start, pgoff_t end,
				    bool mapped)
	__must_hold(cmap->backing->obj->resv);
int gem_uma_cpu_map_force_wc_locked(struct gem_uma_cpu_map *cmap)
	__must_hold(cmap->backing->obj->resv);

#endif
