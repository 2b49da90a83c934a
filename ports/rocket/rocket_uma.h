/* SPDX-License-Identifier: GPL-2.0 */
/* rocket's buffers on gem-uma: what the driver's structures embed, and what it calls. */
#ifndef _ROCKET_UMA_H_
#define _ROCKET_UMA_H_

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include <drm/drm_mm.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct gem_uma_object_prime;
struct iommu_domain;

/**
 * struct rocket_uma - of the device
 */
struct rocket_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
};

/**
 * struct rocket_iommu_domain - the addresses of a file
 *
 * The file, its jobs and its buffers have references: each of them may be the last to go.
 */
struct rocket_iommu_domain {
	/** @ref: references. */
	struct kref ref;
	/** @domain: how the IOMMU translates; constant. */
	struct iommu_domain *domain;
	/** @mm_lock: protects @mm; nobody allocates under it. */
	struct mutex mm_lock;
	/** @mm: where buffers are. */
	struct drm_mm mm;
	/** @lock: protects the members below; a leaf that reclaim takes, too. */
	spinlock_t lock;
	/** @jobs: jobs that have begun and are not freed yet: reclaim takes nothing meanwhile. */
	unsigned int jobs;
	/** @unmapped: buffers that the IOMMU does not translate to, and the next job needs. */
	struct list_head unmapped;
	/** @used: when the last job began, as ktime_get_mono_fast_ns(); also read without. */
	u64 used;
};

/**
 * struct rocket_uma_bo - of a buffer
 */
struct rocket_uma_bo {
	/** @mapped: the IOMMU translates to its pages; protected by resv. */
	bool mapped;
	/** @unmapped: in &rocket_iommu_domain.unmapped; its lock. */
	struct list_head unmapped;
};

int rocket_uma_init(struct rocket_uma *uma, struct drm_device *drm,
		    const struct gem_uma_object_prime *prime,
		    const struct drm_gem_object_funcs *funcs);
struct rocket_iommu_domain *rocket_iommu_domain_create(struct device *dev);
void rocket_iommu_domain_put(struct rocket_iommu_domain *domain);
struct rocket_iommu_domain *rocket_uma_begin_job(struct rocket_iommu_domain *domain);
void rocket_uma_end_job(struct rocket_iommu_domain *domain);
int rocket_uma_map_all(struct rocket_iommu_domain *domain);

#endif
