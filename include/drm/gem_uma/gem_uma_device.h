/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_DEVICE_H_
#define _DRM_GEM_UMA_DEVICE_H_

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>

#include <drm/gem_uma/gem_uma_types.h>

struct device;
struct drm_device;
struct gem_uma_reclaim_device;
struct vfsmount;

/**
 * struct gem_uma_device_config - what the driver knows about its device
 */
struct gem_uma_device_config {
	/**
	 * @huge: offer huge folios to objects that ask for them, through a
	 * tmpfs mount of the device's own. Without effect, and without error,
	 * where the system has none.
	 */
	bool huge;
	/**
	 * @allow_bounce: accept mappings that go through bounce buffers. Only
	 * for drivers that transfer explicitly; a device that shares memory with
	 * the CPU would work on a copy.
	 */
	bool allow_bounce;
};

/**
 * struct gem_uma_device - facts and registries of one DRM device
 *
 * Embedded by the driver. Lives as long as the DRM device, not only until unplug:
 * open files keep objects beyond that.
 *
 * Invariants: everything above @unplugged is constant after init.
 */
struct gem_uma_device {
	/** @drm: the DRM device. */
	struct drm_device *drm;
	/** @dma_dev: the device that does DMA. */
	struct device *dma_dev;
	/** @huge_mnt: tmpfs mount with huge folios, or NULL. */
	struct vfsmount *huge_mnt;
	/** @coherent: the device snoops the CPU caches. */
	bool coherent;
	/** @allow_bounce: see &struct gem_uma_device_config. */
	bool allow_bounce;
	/** @gfp: how pages of objects are allocated. */
	gfp_t gfp;
	/** @max_run: longest piece that the DMA API takes, in pages. */
	unsigned long max_run;
	/** @reclaim: set by gem_uma_reclaim_device_init(), or NULL. */
	struct gem_uma_reclaim_device *reclaim;

	/** @unplugged: the hardware is gone; set once, no DMA mapping afterwards. */
	bool unplugged;
	/** @objects_lock: protects @objects. */
	spinlock_t objects_lock;
	/** @objects: all turn-key objects, for debugfs. */
	struct list_head objects;

	/** @resident_pages: pages held by all objects. */
	atomic_long_t resident_pages;
	/** @evicted_pages: pages evicted so far. */
	atomic64_t evicted_pages;
	/** @restored_pages: pages restored so far. */
	atomic64_t restored_pages;
};

int gem_uma_device_init(struct gem_uma_device *udev, struct drm_device *drm,
			const struct gem_uma_device_config *config);
bool gem_uma_device_bounces(const struct gem_uma_device *udev, dma_addr_t addr,
			    phys_addr_t phys);

#endif
