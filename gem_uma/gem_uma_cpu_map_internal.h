/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the CPU map share, and how PRIME changes the cache mode. */
#ifndef _GEM_UMA_CPU_MAP_INTERNAL_H_
#define _GEM_UMA_CPU_MAP_INTERNAL_H_

#include <linux/xarray.h>

#include <drm/gem_uma/gem_uma_cpu_map.h>

/* Set on a chunk in &gem_uma_cpu_map.ptes. */
#define GEM_UMA_CPU_MAP_USED	XA_MARK_0

int gem_uma_cpu_map_force_wc_locked(struct gem_uma_cpu_map *cmap)
	__must_hold(cmap->backing->obj->resv);

#endif
