// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a job, from SUBMIT until the scheduler is done with it.
 */

#include <linux/cleanup.h>
#include <linux/dma-fence.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

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
	/* Or who cancels the file's jobs would find it. */
	drm_WARN_ON_ONCE(&job->vdev->drm, !list_empty(&job->link));
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
	/* Its fence has signaled, also if the engine never had it. */
	vuma_job_ended(job->vfile, job->nr);
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
	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
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
	INIT_LIST_HEAD(&job->link);
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

/**
 * vuma_job_queued - from now on it can be canceled
 * @job: the job, armed; nobody has seen its fence yet
 *
 * Context: submit_lock of the file held.
 */
void vuma_job_queued(struct vuma_job *job)
{
	struct vuma_file *vfile = job->vfile;

	lockdep_assert_held(&vfile->submit_lock);
	scoped_guard(spinlock_irqsave, &vfile->jobs_lock) {
		job->nr = ++vfile->queued_nr;
		list_add_tail(&job->link, &vfile->jobs);
	}
}

/**
 * vuma_job_is_canceled - does a job have to end?
 * @job: the job
 *
 * Return: true if so.
 */
bool vuma_job_is_canceled(const struct vuma_job *job)
{
	return job->nr <= READ_ONCE(job->vfile->canceled_nr);
}

/**
 * vuma_job_start - the turn of a job has come
 * @job: the job
 * @error: why it cannot run, or 0
 * @ended: result: others see already that it has ended, with an error
 *
 * Return: @error; -ECANCELED if it was canceled; 0 if it runs. vuma_job_ended() follows.
 */
int vuma_job_start(struct vuma_job *job, int error, bool *ended)
{
	struct vuma_file *vfile = job->vfile;

	scoped_guard(spinlock_irqsave, &vfile->jobs_lock) {
		*ended = list_empty(&job->link);
		list_del_init(&job->link);
		if (!error && vuma_job_is_canceled(job))
			error = -ECANCELED;
		/* One that does not run has yet to signal, too: see vuma_job_free_later(). */
		vfile->running_nr = job->nr;
	}
	return error;
}

/* Returns the first job if it has to end. The one that runs comes before it. */
static struct vuma_job *vuma_jobs_first_canceled(struct vuma_file *vfile)
{
	struct vuma_job *job = list_first_entry_or_null(&vfile->jobs, struct vuma_job, link);

	lockdep_assert_held(&vfile->jobs_lock);
	return job && !vfile->running_nr && vuma_job_is_canceled(job) ? job : NULL;
}

/*
 * What was canceled and waits for its turn, or for another job, has ended. Not before the one
 * that runs: fences of one queue signal in order, and others take the last one for all. Who
 * waits for a job of the same scheduler waits until that is scheduled.
 */
static bool vuma_jobs_end_one(struct vuma_file *vfile)
{
	struct vuma_job *job = NULL;

	scoped_guard(spinlock_irqsave, &vfile->jobs_lock) {
		job = vuma_jobs_first_canceled(vfile);
		if (job) {
			list_del_init(&job->link);
			dma_fence_signal(&job->base.s_fence->scheduled);
			dma_fence_set_error(&job->base.s_fence->finished, -ECANCELED);
			dma_fence_signal(&job->base.s_fence->finished);
		}
	}
	return job;
}

/* Interrupts are on in between: there can be thousands. */
static void vuma_jobs_end_canceled(struct vuma_file *vfile)
{
	while (vuma_jobs_end_one(vfile))
		;
}

/**
 * vuma_job_ended - the engine is done with a job, and others have seen it
 * @vfile: the file of the job, which may be gone: only memory, under rcu_read_lock()
 * @nr: number of the job, which may be gone
 */
void vuma_job_ended(struct vuma_file *vfile, u64 nr)
{
	scoped_guard(spinlock_irqsave, &vfile->jobs_lock) {
		/* The next one may be running by now. */
		if (vfile->running_nr == nr)
			vfile->running_nr = 0;
	}
	vuma_jobs_end_canceled(vfile);
}

/**
 * vuma_jobs_cancel - end all jobs that a file has queued
 * @vfile: the file; later jobs are as any other
 *
 * The one that runs is stopped; then the others end, whatever they are waiting for. They pass
 * through the scheduler later, and do nothing there.
 *
 * Context: any; callable from memory reclaim.
 */
void vuma_jobs_cancel(struct vuma_file *vfile)
{
	scoped_guard(spinlock_irqsave, &vfile->jobs_lock)
		WRITE_ONCE(vfile->canceled_nr, vfile->queued_nr);
	vuma_jobs_end_canceled(vfile);
	wake_up_all(&vfile->vdev->engine.stop);
}
