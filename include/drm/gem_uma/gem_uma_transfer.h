/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_TRANSFER_H_
#define _DRM_GEM_UMA_TRANSFER_H_

#include <linux/list.h>
#include <linux/types.h>

#include <drm/gem_uma/gem_uma_device.h>
#include <drm/gem_uma/gem_uma_sync.h>

/**
 * struct gem_uma_transfer_piece - a part of a transfer
 */
struct gem_uma_transfer_piece {
	/** @sync: bytes and DMA address. */
	struct gem_uma_sync_piece sync;
	/** @write: the device may write it. */
	bool write;
};

/**
 * struct gem_uma_transfer - what of an object goes to a device before a job, and comes back
 *
 * Invariants: constant after gem_uma_transfer_create_locked(), but for @link. Has a
 * reference to the object.
 */
struct gem_uma_transfer {
	/** @link: the driver's: a job may have several. */
	struct list_head link;
	/** @obj: the object. */
	struct drm_gem_object *obj;
	/** @udev: device; the object keeps it. */
	const struct gem_uma_device *udev;
	/** @nr: number of @pieces. */
	unsigned int nr;
	/** @pieces: in the order of their offsets. */
	struct gem_uma_transfer_piece pieces[] __counted_by(nr);
};

struct gem_uma_transfer *
gem_uma_transfer_create_locked(const struct gem_uma_cpu_map *cmap,
			       struct gem_uma_dev_map *dmap, struct gem_uma_sync_range range)
	__must_hold(dmap->obj->resv);
void gem_uma_transfer_to_device(const struct gem_uma_transfer *transfer);
void gem_uma_transfer_to_cpu(const struct gem_uma_transfer *transfer);
void gem_uma_transfer_destroy(struct gem_uma_transfer *transfer);

#endif
