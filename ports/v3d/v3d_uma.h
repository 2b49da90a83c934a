/* SPDX-License-Identifier: GPL-2.0 */
/* v3d's buffers on gem-uma: what v3d_drv.h embeds, and what the driver calls. */
#ifndef _V3D_UMA_H_
#define _V3D_UMA_H_

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct gem_uma_object_prime;
struct v3d_bo;
struct v3d_cpu_job;
struct v3d_dev;
struct v3d_job;
struct v3d_uma_vmaps;

/**
 * struct v3d_uma - of the device
 */
struct v3d_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
	/** @funcs: of all buffers; constant. */
	const struct drm_gem_object_funcs *funcs;
	/** @flush_wq: runs @flush; memory waits for it. */
	struct workqueue_struct *flush_wq;
	/** @put_wq: undoes the mappings of CPU jobs; takes resvs. */
	struct workqueue_struct *put_wq;
	/** @flush: flushes the MMU for all of @leaving. */
	struct delayed_work flush;
	/** @lock: protects the members below, and those of buffers that say so. */
	spinlock_t lock;
	/** @cleared: how often entries of the page table were cleared. */
	u64 cleared;
	/** @flushed: up to which of @cleared the MMU has forgotten them. */
	u64 flushed;
	/** @leaving: buffers whose eviction waits for a flush; each with a reference. */
	struct list_head leaving;
};

/**
 * struct v3d_uma_bo - of a buffer
 */
struct v3d_uma_bo {
	/** @bound: the page table points to its pages; protected by resv. */
	bool bound;
	/** @vmaps: CPU jobs that have it mapped; protected by resv. */
	unsigned int vmaps;
	/** @cleared: the last time that its entries were cleared; &v3d_uma.lock. */
	u64 cleared;
	/** @leaving: in &v3d_uma.leaving; &v3d_uma.lock. */
	struct list_head leaving;
};

int v3d_uma_init(struct v3d_dev *v3d, const struct gem_uma_object_prime *prime,
		 const struct drm_gem_object_funcs *funcs);
void v3d_uma_fini(struct v3d_dev *v3d);
bool v3d_uma_next_run(struct v3d_bo *bo, pgoff_t at, struct gem_uma_dma_run *run);
int v3d_uma_validate_job(struct v3d_job *job);
int v3d_uma_vmap_job(struct v3d_cpu_job *job);
void v3d_uma_vunmap_job(struct v3d_cpu_job *job);

#endif
