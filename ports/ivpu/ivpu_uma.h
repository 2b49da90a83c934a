/* SPDX-License-Identifier: GPL-2.0 */
/* ivpu's buffers on gem-uma: what the driver's structures embed, and what it calls. */
#ifndef __IVPU_UMA_H__
#define __IVPU_UMA_H__

#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct dma_buf_attachment;
struct gem_uma_object_prime;
struct ivpu_bo;
struct ivpu_job;
struct sg_table;

/**
 * struct ivpu_uma - of the device
 */
struct ivpu_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
};

/**
 * struct ivpu_uma_bo - of a buffer
 */
struct ivpu_uma_bo {
	/** @vaddr: where the kernel has mapped what it has made mappable; constant. */
	void *vaddr;
	/** @mapped: its context's page table points to its pages; protected by resv. */
	bool mapped;
	/**
	 * @stale: its entries are gone, and the MMU may know some of them still; protected by
	 * resv.
	 */
	bool stale;
};

int ivpu_uma_init(struct ivpu_uma *uma, struct drm_device *drm,
		  const struct gem_uma_object_prime *prime,
		  const struct drm_gem_object_funcs *funcs);
int ivpu_uma_bind_job_locked(struct ivpu_job *job);
int ivpu_uma_run_locked(struct ivpu_bo *bo, u64 offset, dma_addr_t *addr, u64 *len);
u64 ivpu_uma_resident(const struct ivpu_bo *bo);

int ivpu_gem_bo_open(struct drm_gem_object *obj, struct drm_file *file);
struct drm_gem_object *ivpu_gem_prime_import_sg_table(struct drm_device *drm,
						      struct dma_buf_attachment *attach,
						      struct sg_table *sgt);

#endif
