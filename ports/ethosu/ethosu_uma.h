/* SPDX-License-Identifier: GPL-2.0 */
/* ethosu's buffers on gem-uma: what the driver's structures embed, and what it calls. */
#ifndef _ETHOSU_UMA_H_
#define _ETHOSU_UMA_H_

#include <linux/types.h>

#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct ethosu_gem_object;
struct ethosu_job;
struct gem_uma_object_prime;

/**
 * struct ethosu_uma - of the device
 */
struct ethosu_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
	/** @iommu: the DMA API can give ranges of addresses for pages that are anywhere. */
	bool iommu;
};

/**
 * struct ethosu_uma_bo - of a buffer
 */
struct ethosu_uma_bo {
	/**
	 * @addr: where all of it is for the device. Changes under resv; who runs a job reads it
	 * without, because the fence of the job keeps it.
	 */
	dma_addr_t addr;
};

int ethosu_uma_init(struct ethosu_uma *uma, struct drm_device *drm,
		    const struct gem_uma_object_prime *prime,
		    const struct drm_gem_object_funcs *funcs);
void ethosu_uma_fini(struct ethosu_uma *uma);
struct ethosu_gem_object *ethosu_uma_create(struct drm_device *drm, u64 size, u32 flags);
int ethosu_uma_map_job(struct ethosu_job *job);
void ethosu_uma_add_fences(struct ethosu_job *job);

#endif
