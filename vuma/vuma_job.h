/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Jobs: from SUBMIT to the engine.
 */
#ifndef _VUMA_JOB_H_
#define _VUMA_JOB_H_

#include <linux/dma-fence.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>
#include <drm/vuma_drm.h>

struct vuma_device;
struct vuma_file;
struct vuma_legacy;
struct vuma_vm;

/**
 * struct vuma_fence - what the hardware signals
 *
 * Keeps the device and the module alive, as long as anyone, also of another
 * driver, can ask the fence for its name.
 */
struct vuma_fence {
	/** @base: initialised by run_job; base.ops tells. */
	struct dma_fence base;
	/** @lock: of @base. */
	spinlock_t lock;
	/** @vdev: the device. */
	struct vuma_device *vdev;
	/** @put_work: drops the device and frees. */
	struct work_struct put_work;
};

/**
 * struct vuma_job - one SUBMIT
 */
struct vuma_job {
	/** @base: the scheduler's part. */
	struct drm_sched_job base;
	/** @vdev: the device. */
	struct vuma_device *vdev;
	/** @vm: where it runs; a reference. NULL until that is known. */
	struct vuma_vm *vm;
	/** @vfile: who gets the bill; a reference. */
	struct vuma_file *vfile;
	/** @cmds: the commands. */
	struct drm_vuma_cmd *cmds;
	/** @cmd_count: how many. */
	u32 cmd_count;
	/** @abort: set from outside to stop the job: &enum drm_vuma_fault. */
	u32 abort;
	/** @legacy: buffers with implicit addresses; NULL for SUBMIT. */
	struct vuma_legacy *legacy;
	/** @armed: counts as user of @vm. */
	bool armed;
	/** @fence: a reference. */
	struct vuma_fence *fence;
	/** @run_work: executes the commands. */
	struct work_struct run_work;
	/** @free_work: drops the references. */
	struct work_struct free_work;
};

#define to_vuma_job(job)	container_of(job, struct vuma_job, base)

int vuma_cmds_check(const struct drm_vuma_cmd *cmds, u32 nr, const struct vuma_legacy *legacy);
int vuma_submit_job(struct drm_file *file, const struct drm_vuma_submit *args,
		    struct vuma_vm *vm, struct vuma_legacy *legacy);

struct vuma_fence *vuma_fence_create(struct vuma_device *vdev);
void vuma_fence_start(struct vuma_fence *fence);
void vuma_fence_fail(struct vuma_fence *fence, int error);
void vuma_fence_put(struct vuma_fence *fence);

void vuma_engine_run(struct work_struct *work);
void vuma_job_free_later(struct vuma_job *job);

int vuma_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _VUMA_JOB_H_ */
