// SPDX-License-Identifier: GPL-2.0
/*
 * SUBMIT: makes a VM resident and queues a job.
 *
 * All that can fail comes before the job is armed; all that needs memory comes
 * before a fence of the job is visible to anybody.
 */

#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_syncobj.h>

#include "vuma_cmd.h"
#include "vuma_drv.h"
#include "vuma_heap.h"
#include "vuma_job.h"
#include "vuma_sync.h"
#include "vuma_vm.h"

/*
 * How often a job may bring each page of processes in, when they are taken away again before it
 * is queued; it may more often in so many milliseconds.
 */
#define VUMA_SUBMIT_TRIES	4
#define VUMA_SUBMIT_TRY_MS	2000

/**
 * struct vuma_submit - a SUBMIT in progress
 */
struct vuma_submit {
	/** @file: the caller's file. */
	struct drm_file *file;
	/** @args: what the caller asks for. */
	const struct drm_vuma_submit *args;
	/** @job: the job, until the scheduler owns it. */
	struct vuma_job *job;
	/** @missing: a BO whose pages have to be looked up; a reference, or NULL. */
	struct drm_gem_object *missing;
	/** @queueing: &vuma_job.queueing of the job, which may be gone. */
	struct vuma_heaps *queueing;
	/** @faults: how many pages of processes were brought in. */
	unsigned long faults;
	/** @deadline: in jiffies, when memory of a process has changed meanwhile; else 0. */
	unsigned long deadline;
	/** @outs: what to signal. */
	struct vuma_outs outs;
};

static int vuma_submit_get_cmds(struct vuma_submit *submit)
{
	const struct drm_vuma_submit *args = submit->args;
	size_t size = array_size(args->cmd_count, sizeof(struct drm_vuma_cmd));
	struct vuma_job *job = submit->job;

	/* Charged; and a job that does not fit into its cgroup kills nobody. */
	job->cmds = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!job->cmds)
		return -ENOMEM;
	if (copy_from_user(job->cmds, u64_to_user_ptr(args->cmds), size))
		return -EFAULT;
	job->cmd_count = args->cmd_count;
	return vuma_cmds_check(job);
}

static int vuma_submit_get_in_syncs(struct vuma_submit *submit)
{
	struct drm_vuma_sync *syncs;
	int ret = 0;
	u32 i;

	syncs = vuma_syncs_copy(submit->args->in_syncs, submit->args->in_sync_count, 0);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);

	for (i = 0; i < submit->args->in_sync_count && !ret; i++)
		ret = drm_sched_job_add_syncobj_dependency(&submit->job->base, submit->file,
							   syncs[i].handle, syncs[i].point);
	kfree(syncs);
	return ret;
}

static int vuma_submit_get_out_syncs(struct vuma_submit *submit)
{
	u32 i, nr = submit->args->out_sync_count;
	struct drm_vuma_sync *syncs;
	int ret;

	syncs = vuma_syncs_copy(submit->args->out_syncs, nr, 0);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);

	ret = vuma_outs_alloc(&submit->outs, nr);
	for (i = 0; i < nr && !ret; i++)
		ret = vuma_outs_add(&submit->outs, submit->file, &syncs[i]);
	kfree(syncs);
	return ret;
}

/* From here on nothing fails. */
static void vuma_submit_push(struct vuma_submit *submit, struct drm_exec *exec)
{
	struct vuma_job *job = submit->job;
	struct vuma_file *vfile = job->vfile;
	struct dma_fence *fence;

	mutex_lock(&vfile->submit_lock);
	drm_sched_job_arm(&job->base);
	fence = dma_fence_get(&job->base.s_fence->finished);
	/* Who sees the fence can cancel it. */
	vuma_job_queued(job);
	job->ops->add_fence_locked(job, exec, fence);
	vuma_outs_signal(&submit->outs, fence);
	/* The scheduler owns it now, and may have freed it by the next line. */
	drm_sched_entity_push_job(&job->base);
	submit->job = NULL;
	mutex_unlock(&vfile->submit_lock);

	dma_fence_put(fence);
}

/* Undone with the job. */
static int vuma_submit_activate_locked(struct vuma_job *job)
	__must_hold(drm_gpuvm_resv(&job->vm->base.base))
{
	int ret;

	drm_gpuvm_resv_assert_held(&job->vm->base.base);
	if (job->armed)
		return 0;
	ret = gem_uma_vm_active_get_locked(&job->vm->base);
	job->armed = !ret;
	return ret;
}

/* Either the job sees that memory of a process has changed, or who changes it sees the job. */
static int vuma_submit_publish_locked(struct vuma_submit *submit, struct drm_exec *exec)
	__must_hold(drm_gpuvm_resv(&submit->job->vm->base.base))
{
	struct vuma_job *job = submit->job;
	bool locked = false;

	drm_gpuvm_resv_assert_held(&job->vm->base.base);
	/* With implicit addresses there is no such memory. */
	if (!job->implicit && !vuma_bo_publish_begin_locked(&job->vm->base, &locked))
		return -ESTALE;
	vuma_submit_push(submit, exec);
	vuma_bo_publish_end(locked);
	return 0;
}

static int vuma_submit_locked(struct vuma_submit *submit, struct drm_exec *exec)
	__must_hold(drm_gpuvm_resv(&submit->job->vm->base.base))
{
	struct vuma_job *job = submit->job;
	struct dma_fence *fence;
	int ret;

	drm_gpuvm_resv_assert_held(&job->vm->base.base);
	ret = vuma_submit_activate_locked(job);
	if (!ret)
		ret = job->ops->validate_locked(job, exec, &fence);
	if (ret)
		return ret;
	if (fence)
		ret = drm_sched_job_add_dependency(&job->base, fence);
	if (!ret && vuma_bo_device_transfers(job->vdev))
		ret = job->ops->add_transfers_locked(job);
	return ret ?: vuma_submit_publish_locked(submit, exec);
}

/*
 * A process may change its memory all the time, or reclaim takes a page now and then: that does
 * not end a job. But of what does not fit into memory, the first part is gone when the last one
 * is there, and that is so each time.
 */
static bool vuma_submit_is_too_large_locked(const struct vuma_submit *submit)
	__must_hold(drm_gpuvm_resv(&submit->job->vm->base.base))
{
	struct gem_uma_vm *vm = &submit->job->vm->base;
	struct gem_uma_vm_bo *vm_bo;
	unsigned long pages = 0;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (!time_after(jiffies, submit->deadline))
		return false;
	list_for_each_entry(vm_bo, &vm->bos, link)
		if (vuma_bo_is_watched(vm_bo->base.obj))
			pages += vm_bo->base.obj->size >> PAGE_SHIFT;
	return submit->faults > VUMA_SUBMIT_TRIES * pages;
}

static int vuma_submit_stale_locked(struct vuma_submit *submit)
	__must_hold(drm_gpuvm_resv(&submit->job->vm->base.base))
{
	struct gem_uma_vm *vm = &submit->job->vm->base;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (!submit->deadline)
		submit->deadline = (jiffies + msecs_to_jiffies(VUMA_SUBMIT_TRY_MS)) ?: 1;
	if (vuma_submit_is_too_large_locked(submit))
		return -ENOMEM;
	submit->missing = vuma_bo_missing_locked(vm);
	return -ESTALE;
}

static int vuma_submit_try(struct vuma_submit *submit)
{
	struct vuma_job *job = submit->job;
	struct gem_uma_vm_exec lock;
	int ret, idx;

	if (!drm_dev_enter(&job->vdev->drm, &idx))
		return -ENODEV;

	ret = job->ops->lock(job, &lock);
	if (!ret) {
		drm_gpuvm_resv_assert_held(&job->vm->base.base);
		ret = vuma_submit_locked(submit, &lock.exec);
		if (ret == -ESTALE)
			ret = vuma_submit_stale_locked(submit);
		gem_uma_vm_unlock(&lock);
	}
	drm_dev_exit(idx);
	return ret;
}

/*
 * Memory of a process has changed. It may be mapped when the VM is idle, and the VM gets no
 * other job until then: that one would need the memory, too.
 */
static int vuma_submit_look_up(struct vuma_submit *submit)
{
	unsigned long faults = current->maj_flt + current->min_flt;
	struct vuma_job *job = submit->job;
	long ret;

	/* They are listed anew. */
	vuma_bo_transfers_free(&job->transfers);
	ret = dma_resv_wait_timeout(drm_gpuvm_resv(&job->vm->base.base), DMA_RESV_USAGE_BOOKKEEP,
				    true, MAX_SCHEDULE_TIMEOUT);
	/* Another VM's bind can use it. */
	if (ret > 0 && submit->missing)
		ret = dma_resv_wait_timeout(submit->missing->resv, DMA_RESV_USAGE_BOOKKEEP, true,
					    MAX_SCHEDULE_TIMEOUT);
	if (ret > 0)
		ret = submit->missing ? vuma_bo_look_up(submit->missing) : 0;
	submit->faults += current->maj_flt + current->min_flt - faults;
	if (submit->missing)
		drm_gem_object_put(submit->missing);
	submit->missing = NULL;
	return ret;
}

/* What it waits for may wait for another submit. So heaps are not kept meanwhile. */
static int vuma_submit_look_up_unlocked(struct vuma_submit *submit)
{
	struct vuma_job *job = submit->job;
	bool heaps = job->heaps;
	int ret;

	vuma_heaps_queued(job->queueing);
	job->queueing = NULL;
	vuma_heaps_done(job);
	ret = vuma_submit_look_up(submit);
	if (!ret && heaps)
		ret = vuma_heaps_prepare(job);
	submit->queueing = job->queueing;
	return ret;
}

static int vuma_submit_queue(struct vuma_submit *submit)
{
	int ret;

	while ((ret = vuma_submit_try(submit)) == -ESTALE) {
		ret = vuma_submit_look_up_unlocked(submit);
		if (ret)
			break;
	}
	return ret;
}

static int vuma_submit_prepare(struct vuma_submit *submit)
{
	int ret;

	ret = vuma_submit_get_in_syncs(submit);
	if (!ret)
		ret = vuma_submit_get_out_syncs(submit);
	return ret ?: submit->job->ops->begin(submit->job);
}

/**
 * vuma_submit_job - complete a job and queue it
 * @job: a new job; not the caller's any more
 * @file: the caller's file
 * @args: commands and syncs
 *
 * Context: may sleep, and wait for memory and for locks of buffers.
 * Return: 0 or a negative error.
 */
int vuma_submit_job(struct vuma_job *job, struct drm_file *file,
		    const struct drm_vuma_submit *args)
{
	struct vuma_submit submit = { .file = file, .args = args, .job = job };
	struct vuma_file *vfile = job->vfile;
	int ret;

	ret = vuma_submit_get_cmds(&submit);
	if (ret)
		goto out_job;
	ret = drm_sched_job_init(&job->base, &vfile->entity, 1, vfile, file->client_id);
	if (ret)
		goto out_job;

	ret = vuma_submit_prepare(&submit);
	submit.queueing = job->queueing;
	if (!ret)
		ret = vuma_submit_queue(&submit);
	vuma_heaps_queued(submit.queueing);
	vuma_outs_free(&submit.outs);

	if (submit.job)
		drm_sched_job_cleanup(&job->base);
out_job:
	if (submit.job)
		vuma_job_destroy(job);
	return ret;
}

static int vuma_bind_job_begin(struct vuma_job *job)
{
	return vuma_heaps_prepare(job);
}

static bool vuma_bind_job_addr_valid(const struct vuma_job *job, u64 addr, u64 size, bool write)
{
	return vuma_range_valid(addr, size) ||
	       (READ_ONCE(job->vm->heaps) && vuma_heap_range_valid(addr, size));
}

static int vuma_bind_job_lock(struct vuma_job *job, struct gem_uma_vm_exec *lock)
{
	/* The job's fence, and that of what has to be mapped for it. */
	return gem_uma_vm_lock_all(lock, &job->vm->base, 2);
}

static int vuma_bind_job_validate_locked(struct vuma_job *job, struct drm_exec *exec,
					 struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&job->vm->base.base))
{
	int ret;

	drm_gpuvm_resv_assert_held(&job->vm->base.base);
	ret = vuma_bo_refresh_locked(&job->vm->base);
	return ret ?: gem_uma_vm_validate_locked(&job->vm->base, exec, fence);
}

/* What is bound later is not copied for this job. */
static int vuma_bind_job_add_transfers_locked(struct vuma_job *job)
	__must_hold(drm_gpuvm_resv(&job->vm->base.base))
{
	struct gem_uma_vm *vm = &job->vm->base;
	struct gem_uma_vm_bo *vm_bo;
	int ret = 0;

	drm_gpuvm_resv_assert_held(&vm->base);
	list_for_each_entry(vm_bo, &vm->bos, link) {
		ret = vuma_bo_add_transfer_locked(vm_bo->base.obj, &job->transfers);
		if (ret)
			break;
	}
	return ret;
}

/* Everything that is mapped, private buffers included. */
static void vuma_bind_job_mark_used_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	u64 now = ktime_get_mono_fast_ns();
	struct gem_uma_vm_bo *vm_bo;

	drm_gpuvm_resv_assert_held(&vm->base);
	list_for_each_entry(vm_bo, &vm->bos, link)
		vuma_bo_mark_used(vm_bo->base.obj, now);
}

static void vuma_bind_job_add_fence_locked(struct vuma_job *job, struct drm_exec *exec,
					   struct dma_fence *fence)
	__must_hold(drm_gpuvm_resv(&job->vm->base.base))
{
	struct gem_uma_vm *vm = &job->vm->base;

	drm_gpuvm_resv_assert_held(&vm->base);
	vuma_bind_job_mark_used_locked(vm);
	drm_gpuvm_resv_add_fence(&vm->base, exec, fence, DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
}

static void vuma_bind_job_free(struct vuma_job *job)
{
	vuma_heaps_done(job);
}

/* Jobs whose user space decides on addresses. */
static const struct vuma_job_ops vuma_bind_job_ops = {
	.begin = vuma_bind_job_begin,
	.addr_valid = vuma_bind_job_addr_valid,
	.lock = vuma_bind_job_lock,
	.validate_locked = vuma_bind_job_validate_locked,
	.add_transfers_locked = vuma_bind_job_add_transfers_locked,
	.add_fence_locked = vuma_bind_job_add_fence_locked,
	.free = vuma_bind_job_free,
};

/**
 * vuma_submit_check - check counts
 * @args: what the caller asks for
 *
 * Return: 0, -EINVAL or -E2BIG.
 */
int vuma_submit_check(const struct drm_vuma_submit *args)
{
	if ((args->in_syncs && !args->in_sync_count) ||
	    (args->out_syncs && !args->out_sync_count))
		return -EINVAL;
	if (args->cmd_count > VUMA_MAX_CMDS ||
	    args->in_sync_count > DRM_VUMA_SUBMIT_MAX_SYNCS ||
	    args->out_sync_count > DRM_VUMA_SUBMIT_MAX_SYNCS)
		return -E2BIG;
	return 0;
}

/**
 * vuma_ioctl_submit - DRM_IOCTL_VUMA_SUBMIT
 * @drm: the device
 * @data: struct drm_vuma_submit
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_vuma_submit *args = data;
	struct vuma_file *vfile = to_vuma_file(file);
	struct vuma_job *job;
	struct vuma_vm *vm;
	int ret;

	if (args->flags || args->pad || !args->cmd_count)
		return -EINVAL;
	ret = vuma_submit_check(args);
	if (ret)
		return ret;
	if (vuma_path_is_implicit(vfile))
		return -EBUSY;

	vm = vuma_vm_lookup(vfile, args->vm_id);
	if (!vm)
		return -ENOENT;
	job = vuma_job_create(vfile, &vuma_bind_job_ops, args->cmd_count);
	if (IS_ERR(job)) {
		vuma_vm_put(vm);
		return PTR_ERR(job);
	}
	job->vm = vm;
	return vuma_submit_job(job, file, args);
}
