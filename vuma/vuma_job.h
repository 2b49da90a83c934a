/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Jobs: from SUBMIT to the engine.
 */
#ifndef _VUMA_JOB_H_
#define _VUMA_JOB_H_

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>
#include <drm/vuma_drm.h>

struct drm_exec;
struct gem_uma_vm_exec;
struct vuma_device;
struct vuma_file;
struct vuma_job;
struct vuma_implicit;
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
 * struct vuma_job_ops - where the two paths differ
 *
 * _locked is the resv of the VM of the job, and those of its buffers.
 */
struct vuma_job_ops {
	/** @begin: decide the path, and find out where the buffers are. */
	int (*begin)(struct vuma_job *job);
	/** @addr_valid: can a command name these bytes? Asked before @begin. */
	bool (*addr_valid)(const struct vuma_job *job, u64 addr, u64 size, bool write);
	/** @lock: lock the VM and its buffers; after an error nothing is locked. */
	int (*lock)(struct vuma_job *job, struct gem_uma_vm_exec *lock);
	/** @validate_locked: make all resident; @fence: what the job has to wait for, or NULL. */
	int (*validate_locked)(struct vuma_job *job, struct drm_exec *exec,
			       struct dma_fence **fence);
	/** @add_transfers_locked: list what the job copies; only on devices that transfer. */
	int (*add_transfers_locked)(struct vuma_job *job);
	/** @add_fence_locked: tell others who uses the buffers; does not fail. */
	void (*add_fence_locked)(struct vuma_job *job, struct drm_exec *exec,
				 struct dma_fence *fence);
	/** @free: free what the path has added to the job. */
	void (*free)(struct vuma_job *job);
};

/**
 * struct vuma_job - one SUBMIT or SUBMIT_LEGACY
 */
struct vuma_job {
	/** @base: the scheduler's part. */
	struct drm_sched_job base;
	/** @ops: of its path. */
	const struct vuma_job_ops *ops;
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
	/** @cost: its part of the file's queued. */
	u32 cost;
	/** @link: in &vuma_file.jobs; empty if it is not queued. */
	struct list_head link;
	/** @nr: its number among the jobs of the file; 0 if it was never queued. */
	u64 nr;
	/** @abort: set from outside to stop the job: &enum drm_vuma_fault. */
	u32 abort;
	/** @implicit: buffers with implicit addresses; only of SUBMIT_LEGACY. */
	struct vuma_implicit *implicit;
	/** @transfers: what is copied before it runs and behind it; the backend's. */
	struct list_head transfers;
	/** @heaps: keeps the memory of heaps. */
	bool heaps;
	/** @queueing: set by vuma_heaps_prepare(), for vuma_heaps_queued(); or NULL. */
	struct vuma_heaps *queueing;
	/** @armed: keeps @vm active. */
	bool armed;
	/** @fence: a reference. */
	struct vuma_fence *fence;
	/** @run_work: executes the commands. */
	struct work_struct run_work;
	/** @free_work: drops the references. */
	struct work_struct free_work;
};

#define to_vuma_job(job)	container_of(job, struct vuma_job, base)

struct vuma_job *vuma_job_create(struct vuma_file *vfile, const struct vuma_job_ops *ops,
				 u32 cmd_count);
void vuma_job_destroy(struct vuma_job *job);
void vuma_job_queued(struct vuma_job *job);
int vuma_job_start(struct vuma_job *job, int error, bool *ended);
void vuma_job_ended(struct vuma_file *vfile, u64 nr);
bool vuma_job_is_canceled(const struct vuma_job *job);
void vuma_jobs_cancel(struct vuma_file *vfile);
void vuma_job_free_later(struct vuma_job *job);

int vuma_submit_check(const struct drm_vuma_submit *args);
int vuma_submit_job(struct vuma_job *job, struct drm_file *file,
		    const struct drm_vuma_submit *args);

struct vuma_fence *vuma_fence_create(struct vuma_device *vdev);
void vuma_fence_start(struct vuma_fence *fence);
void vuma_fence_fail(struct vuma_fence *fence, int error);
void vuma_fence_put(struct vuma_fence *fence);

void vuma_engine_run(struct work_struct *work);

int vuma_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _VUMA_JOB_H_ */
