/* SPDX-License-Identifier: GPL-2.0 */
/* panfrost's buffers on gem-uma: what its headers embed, and what the driver calls. */
#ifndef _PANFROST_UMA_H_
#define _PANFROST_UMA_H_

#include <linux/atomic.h>
#include <linux/types.h>

#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>
#include <drm/gem_uma/gem_uma_stats.h>

struct gem_uma_object_prime;
struct iosys_map;
struct panfrost_device;
struct panfrost_gem_mapping;
struct panfrost_gem_object;
struct panfrost_job;
struct panfrost_mmu;

/**
 * struct panfrost_uma - of the device
 */
struct panfrost_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
};

/**
 * struct panfrost_uma_bo - of a buffer
 */
struct panfrost_uma_bo {
	/** @active: in how many address spaces page tables point to its pages. */
	atomic_t active;
	/**
	 * @stale: the MMU may know pages of it that page tables do not have any more. Set under
	 * resv or the lock of its mappings, cleared under both.
	 */
	bool stale;
	/**
	 * @grown: of a heap, a bit for each 2 MiB that a fault has brought once; protected by
	 * resv. NULL for other buffers.
	 */
	unsigned long *grown;
};

int panfrost_uma_init(struct panfrost_device *pfdev, const struct gem_uma_object_prime *prime,
		      const struct drm_gem_object_funcs *funcs);
struct gem_uma_object *panfrost_gem_create_pinned(struct panfrost_device *pfdev, size_t size);
int panfrost_gem_evict(struct panfrost_gem_object *bo);
bool panfrost_gem_is_sole_user(struct panfrost_gem_object *bo, const struct panfrost_mmu *mmu);
int panfrost_gem_may_export(struct gem_uma_object *uobj);
bool panfrost_gem_next_run(struct panfrost_gem_object *bo, pgoff_t at, pgoff_t end,
			   struct gem_uma_dma_run *run);
void panfrost_gem_undo_map(struct panfrost_gem_object *bo, struct panfrost_mmu *mmu, u64 iova,
			   u64 size);
int panfrost_gem_populate_job(struct panfrost_job *job);
int panfrost_gem_validate_job(struct panfrost_job *job);
int panfrost_gem_dump_begin(struct panfrost_gem_mapping *va, struct iosys_map *map);
void panfrost_gem_dump_end(struct panfrost_gem_mapping *va, struct iosys_map *map);
u64 *panfrost_gem_dump_pages(struct panfrost_gem_object *bo, u64 *addrs);
int panfrost_ioctl_madvise(struct drm_device *drm, void *data, struct drm_file *file);

/* For the table of functions: what the library does, but not for heaps. */
int panfrost_gem_pin(struct drm_gem_object *obj)
	__must_hold(obj->resv);
struct sg_table *panfrost_gem_get_sg_table(struct drm_gem_object *obj)
	__must_hold(obj->resv);
int panfrost_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
	__must_hold(obj->resv);

#endif
