/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_DEVICE_H_
#define _DRM_GEM_UMA_DEVICE_H_

#include <linux/atomic.h>
#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include <drm/gem_uma/gem_uma_types.h>

struct device;
struct drm_device;
struct drm_gem_object;
struct drm_gem_object_funcs;
struct gem_uma_object_prime;
struct gem_uma_reclaim_device;
struct gem_uma_reserve;
struct sg_table;
struct vfsmount;

/**
 * struct gem_uma_sync_piece - bytes of an object that are contiguous for the device
 */
struct gem_uma_sync_piece {
	/** @obj: the object; NULL for memory of a heap, which the CPU only zeroes. */
	struct drm_gem_object *obj;
	/** @offset: first byte, counted from the start of the object. */
	u64 offset;
	/** @addr: DMA address of the first byte. */
	dma_addr_t addr;
	/** @phys: where the first byte is in memory; the piece is contiguous there, too. */
	phys_addr_t phys;
	/** @size: bytes, not 0. */
	size_t size;
};

/**
 * struct gem_uma_sync_ops - how the caches of the CPU and memory are made to agree
 *
 * Called with the resv of the object held, or by the last user of the object; also in
 * memory reclaim: they allocate nothing, and take no lock under which others allocate.
 * What was accessed before the call comes before it, what is accessed afterwards comes
 * after it: an operation has the fences that it needs on both sides (uma-A12).
 */
struct gem_uma_sync_ops {
	/** @clean: the device sees what the CPU wrote. */
	void (*clean)(struct device *dev, const struct gem_uma_sync_piece *piece);
	/**
	 * @invalidate: the CPU sees what the device wrote. Comes after @clean of the same
	 * piece.
	 */
	void (*invalidate)(struct device *dev, const struct gem_uma_sync_piece *piece);
	/**
	 * @unmapped: all pieces of the object were cleaned and invalidated, and the device
	 * has no addresses of it any more. NULL: nothing to do.
	 */
	void (*unmapped)(struct drm_gem_object *obj);
};

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
	/**
	 * @sync_ops: for a device that does not snoop although the DMA API takes it for
	 * coherent: cache maintenance of the driver's own. NULL: that of the DMA API. For a
	 * driver with ops of its own GEM_UMA_OBJECT_WC is -EINVAL, unless it has @allow_wc.
	 */
	const struct gem_uma_sync_ops *sync_ops;
	/**
	 * @allow_wc: for x86, where the DMA API takes all devices for coherent: map objects
	 * that ask for GEM_UMA_OBJECT_WC write-combined all the same. The device does not
	 * snoop for them, or user space wants to write past the cache. Costs a flush of all
	 * TLBs for each chunk that is populated or released. Without effect elsewhere.
	 */
	bool allow_wc;
	/**
	 * @physical: the device takes physical addresses, and the DMA API is not asked.
	 * For devices that a hypervisor plays, as virtio with its DMA quirk
	 * (virtio_has_dma_quirk()): they are coherent, and reach all memory.
	 */
	bool physical;
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
	/** @sync_ops: cache maintenance, for a device that is not coherent; never NULL. */
	const struct gem_uma_sync_ops *sync_ops;
	/** @sync_importer: the same for what a device of somebody else has mapped. */
	void (*sync_importer)(struct device *dev, struct sg_table *sgt,
			      enum dma_data_direction dir, bool invalidate);
	/** @coherent: the device snoops the CPU caches. */
	bool coherent;
	/** @allow_bounce: see &struct gem_uma_device_config. */
	bool allow_bounce;
	/** @allow_wc: see &struct gem_uma_device_config; false where it is without effect. */
	bool allow_wc;
	/** @physical: see &struct gem_uma_device_config. */
	bool physical;
	/** @gfp: how pages of objects are allocated. */
	gfp_t gfp;
	/** @max_run: longest piece that the DMA API takes, in pages. */
	unsigned long max_run;
	/** @reclaim: set by gem_uma_reclaim_device_init(), or NULL. */
	struct gem_uma_reclaim_device *reclaim;
	/** @prime: set by gem_uma_object_prime_init(), or NULL. */
	const struct gem_uma_object_prime *prime;
	/** @object_funcs: of objects that were given none; set with @prime. */
	const struct drm_gem_object_funcs *object_funcs;
	/** @reserve_lock: protects @reserve. Reclaim only tries it, and holds it while it asks. */
	struct mutex reserve_lock;
	/** @reserve: of the heaps; set by gem_uma_reserve_init(), or NULL. */
	struct gem_uma_reserve *reserve;

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

extern const struct gem_uma_sync_ops gem_uma_device_dma_sync_ops;

int gem_uma_device_init(struct gem_uma_device *udev, struct drm_device *drm,
			const struct gem_uma_device_config *config);
bool gem_uma_device_dma_is_bounce_buffer(struct device *dev, dma_addr_t addr);
bool gem_uma_device_dma_bounces(struct device *dev, dma_addr_t addr, phys_addr_t phys);
bool gem_uma_device_table_bounces(struct device *dev, struct sg_table *sgt);
struct sg_table *gem_uma_device_make_sgt(const struct gem_uma_device *udev, struct page **pages,
					 unsigned int nr_pages);
bool gem_uma_device_bounces(const struct gem_uma_device *udev, dma_addr_t addr,
			    phys_addr_t phys);

#endif
