// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a job, from SUBMIT until the scheduler is done with it.
 */

#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "vuma_drv.h"
#include "vuma_job.h"
#include "vuma_vm.h"

/**
 * vuma_job_destroy - free a job that the scheduler does not have
 * @job: the job
 *
 * Context: may sleep, and take the locks of its VM.
 */
void vuma_job_destroy(struct vuma_job *job)
{
	/* First: as long as the VM is active, nothing else unmaps what belongs to the job. */
	job->ops->free(job);
	vuma_bo_transfers_free(&job->transfers);
	if (job->armed)
		gem_uma_vm_active_put(&job->vm->base);
	kvfree(job->cmds);
	atomic_sub(job->cost, &job->vfile->queued);
	wake_up(&job->vfile->room);
	vuma_file_put(job->vfile);
	if (job->vm)
		vuma_vm_put(job->vm);
	/* Keeps the device, which the others need to go. */
	vuma_fence_put(job->fence);
	kfree(job);
}

static void vuma_job_free_work(struct work_struct *work)
{
	vuma_job_destroy(container_of(work, struct vuma_job, free_work));
}

/**
 * vuma_job_free_later - free a job that the scheduler is done with
 * @job: the job
 *
 * It may be the last user of its VM, and of the device. Neither can go from the
 * scheduler's worker: the first takes locks that are held while waiting for jobs,
 * the second stops this worker.
 */
void vuma_job_free_later(struct vuma_job *job)
{
	drm_sched_job_cleanup(&job->base);
	queue_work(vuma_put_wq, &job->free_work);
}

static bool vuma_file_has_room(struct vuma_file *vfile, u32 cost)
{
	int queued = atomic_read(&vfile->queued);

	do {
		if (queued + cost > VUMA_MAX_QUEUED)
			return false;
	} while (!atomic_try_cmpxchg(&vfile->queued, &queued, queued + cost));
	return true;
}

/**
 * vuma_job_create - allocate a job, when the queue of its file has room
 * @vfile: the caller's file
 * @ops: its kind
 * @cmd_count: commands that it will have, at most VUMA_MAX_CMDS
 *
 * Context: waits for jobs of the file, so no lock that one of them needs may be held.
 * Return: the job, or an ERR_PTR: -ENOMEM or -ERESTARTSYS.
 */
struct vuma_job *vuma_job_create(struct vuma_file *vfile, const struct vuma_job_ops *ops,
				 u32 cmd_count)
{
	u32 cost = VUMA_JOB_COST + cmd_count * sizeof(struct drm_vuma_cmd);
	struct vuma_job *job;
	int ret;

	ret = wait_event_interruptible(vfile->room, vuma_file_has_room(vfile, cost));
	if (ret)
		return ERR_PTR(ret);
	job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);
	if (!job)
		goto err_room;
	job->fence = vuma_fence_create(vfile->vdev);
	if (!job->fence)
		goto err_job;

	job->cost = cost;
	job->vdev = vfile->vdev;
	job->vfile = vfile;
	kref_get(&vfile->kref);
	job->ops = ops;
	INIT_LIST_HEAD(&job->transfers);
	INIT_WORK(&job->run_work, vuma_engine_run);
	INIT_WORK(&job->free_work, vuma_job_free_work);
	return job;

err_job:
	kfree(job);
err_room:
	atomic_sub(cost, &vfile->queued);
	wake_up(&vfile->room);
	return ERR_PTR(-ENOMEM);
}
