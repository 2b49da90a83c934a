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
	/* First: as long as it uses the VM, nothing else unmaps what is its. */
	job->ops->free(job);
	if (job->armed)
		gem_uma_vm_unuse(&job->vm->base);
	kvfree(job->cmds);
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

/**
 * vuma_job_create - allocate a job
 * @vfile: the caller's file
 * @ops: its kind
 *
 * Return: the job, or NULL.
 */
struct vuma_job *vuma_job_create(struct vuma_file *vfile, const struct vuma_job_ops *ops)
{
	struct vuma_job *job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);

	if (!job)
		return NULL;

	job->fence = vuma_fence_create(vfile->vdev);
	if (!job->fence) {
		kfree(job);
		return NULL;
	}

	job->vdev = vfile->vdev;
	job->vfile = vfile;
	kref_get(&vfile->kref);
	job->ops = ops;
	INIT_WORK(&job->run_work, vuma_engine_run);
	INIT_WORK(&job->free_work, vuma_job_free_work);
	return job;
}
