/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_SYNC_H_
#define _DRM_GEM_UMA_SYNC_H_

#include <linux/compiler.h>
#include <linux/types.h>

#include <drm/gem_uma/gem_uma_cpu_map.h>
#include <drm/gem_uma/gem_uma_dev_map.h>

/**
 * enum gem_uma_sync_op - what cache maintenance is to do
 */
enum gem_uma_sync_op {
	/** @GEM_UMA_SYNC_CLEAN: the device sees what the CPU wrote. */
	GEM_UMA_SYNC_CLEAN,
	/**
	 * @GEM_UMA_SYNC_CLEAN_INVALIDATE: the same, and the CPU sees what the device wrote
	 * where the CPU did not.
	 */
	GEM_UMA_SYNC_CLEAN_INVALIDATE,
};

/**
 * struct gem_uma_sync_range - bytes of an object
 *
 * A struct, so that a range cannot take the place of an operation (uma-A4).
 */
struct gem_uma_sync_range {
	/** @offset: first byte. */
	u64 offset;
	/** @size: bytes; 0 is no range, and valid. */
	u64 size;
};

/* Only on 64-bit x86. */
extern const struct gem_uma_sync_ops gem_uma_sync_clflush_ops;

int __must_check gem_uma_sync_locked(struct gem_uma_cpu_map *cmap,
				     struct gem_uma_dev_map *dmap,
				     struct gem_uma_sync_range range,
				     enum gem_uma_sync_op op)
	__must_hold(dmap->obj->resv);
void gem_uma_sync_finish_locked(struct gem_uma_cpu_map *cmap, struct gem_uma_dev_map *dmap,
				struct gem_uma_sync_range range, enum gem_uma_sync_op op)
	__must_hold(dmap->obj->resv);

#endif
