// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: runs one job at a time, in a worker that plays the hardware.
 */

#include <linux/cleanup.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/rcupdate.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "vuma_cmd.h"
#include "vuma_drv.h"
#include "vuma_job.h"
#include "vuma_vm.h"

static unsigned int job_timeout_ms = 60000;
module_param(job_timeout_ms, uint, 0644);
MODULE_PARM_DESC(job_timeout_ms,
		 "longest time a job may run, in milliseconds, on devices that come from now on");

static int vuma_fault_errno(enum drm_vuma_fault fault)
{
	switch (fault) {
	case DRM_VUMA_FAULT_NONE:
		return 0;
	case DRM_VUMA_FAULT_TIMEOUT:
		return -ETIME;
	case DRM_VUMA_FAULT_UNPLUG:
		return -ENODEV;
	case DRM_VUMA_FAULT_CANCELED:
		return -ECANCELED;
	case DRM_VUMA_FAULT_HEAP:
		return -ENOMEM;
	case DRM_VUMA_FAULT_LOST:
		return -EIO;
	default:
		return -EFAULT;
	}
}

/**
 * vuma_engine_run - execute a job and signal its fence
 * @work: &vuma_job.run_work
 */
void vuma_engine_run(struct work_struct *work)
{
	struct vuma_job *job = container_of(work, struct vuma_job, run_work);
	struct dma_fence *fence = dma_fence_get(&job->fence->base);
	bool cookie = dma_fence_begin_signalling();
	ktime_t start = ktime_get();
	struct vuma_file *vfile = job->vfile;
	enum drm_vuma_fault fault;
	u64 fault_addr, nr = job->nr;
	bool gone;

	/* One that begins when the device is gone has no addresses any more. */
	gone = READ_ONCE(job->vdev->gone);
	if (!gone)
		vuma_bo_transfers_run(&job->transfers, true);
	fault = vuma_cmds_run(job, &fault_addr);
	if (!gone)
		vuma_bo_transfers_run(&job->transfers, false);
	atomic64_add(ktime_to_ns(ktime_sub(ktime_get(), start)), &job->vfile->busy_ns);
	vuma_vm_job_done(job->vm, fault, fault_addr);
	if (fault)
		dma_fence_set_error(fence, vuma_fault_errno(fault));
	/* The job may be freed as soon as its fence is signalled, and so may its file. */
	rcu_read_lock();
	dma_fence_signal(fence);
	vuma_job_ended(vfile, nr);
	rcu_read_unlock();
	dma_fence_end_signalling(cookie);
	dma_fence_put(fence);
}

static bool vuma_file_is_over(struct vuma_file *vfile)
{
	u64 deadline = READ_ONCE(vfile->deadline);

	return deadline && time_after_eq64(get_jiffies_64(), deadline);
}

static struct dma_fence *vuma_sched_run_job(struct drm_sched_job *base)
{
	struct vuma_job *job = to_vuma_job(base);
	bool gone = READ_ONCE(job->vdev->gone), ended;
	int error = gone ? -ENODEV : vuma_file_is_over(job->vfile) ? -ECANCELED : 0;

	error = vuma_job_start(job, error, &ended);
	if (gone)
		vuma_vm_job_done(job->vm, DRM_VUMA_FAULT_UNPLUG, 0);
	if (error) {
		vuma_fence_fail(job->fence, ended ? 0 : error);
	} else {
		vuma_fence_start(job->fence);
		queue_work(job->vdev->engine.run_wq, &job->run_work);
	}
	return dma_fence_get(&job->fence->base);
}

/*
 * The engine is asked to stop and does so at the next piece: that always works, so there is
 * nothing to reset. The job ends by its own fence, with the error that its worker sets, and
 * the next one may be running already, as when this one ended by itself just now. So the
 * scheduler is only told that there is no hang: drm_sched_stop() would take the fence away
 * from the next job, and drm_sched_start() would free it under the engine.
 */
static enum drm_gpu_sched_stat vuma_sched_timedout_job(struct drm_sched_job *sched_job)
{
	struct vuma_job *job = to_vuma_job(sched_job);

	WRITE_ONCE(job->abort, DRM_VUMA_FAULT_TIMEOUT);
	wake_up_all(&job->vdev->engine.stop);
	flush_work(&job->run_work);
	return DRM_GPU_SCHED_STAT_NO_HANG;
}

static void vuma_sched_free_job(struct drm_sched_job *base)
{
	vuma_job_free_later(to_vuma_job(base));
}

static const struct drm_sched_backend_ops vuma_sched_ops = {
	.run_job = vuma_sched_run_job,
	.timedout_job = vuma_sched_timedout_job,
	.free_job = vuma_sched_free_job,
};

/**
 * vuma_fence_overdue - end a job and all that its file has queued by now
 * @fence: any fence
 *
 * Context: any; callable from memory reclaim.
 * Return: true if the fence is of a job of ours.
 */
bool vuma_fence_overdue(struct dma_fence *fence)
{
	struct drm_sched_fence *s_fence = to_drm_sched_fence(fence);

	if (!s_fence)
		return false;
	/* Until it signals there is a job, which has its file, and that an RCU period more. */
	guard(rcu)();
	if (dma_fence_is_signaled(fence) || s_fence->sched->ops != &vuma_sched_ops)
		return false;
	vuma_jobs_cancel(s_fence->owner);
	return true;
}

static void vuma_engine_fini(struct drm_device *drm, void *arg)
{
	struct vuma_engine *engine = arg;

	drm_sched_fini(&engine->sched);
	destroy_workqueue(engine->reset_wq);
	destroy_workqueue(engine->run_wq);
}

/**
 * vuma_engine_init - create the engine of a device
 * @vdev: the device
 *
 * It goes with the last reference of the device, not with the hardware: clients
 * that still hold files and fences need it until then.
 *
 * Return: 0 or a negative error.
 */
int vuma_engine_init(struct vuma_device *vdev)
{
	struct vuma_engine *engine = &vdev->engine;
	struct drm_sched_init_args args = {
		.ops = &vuma_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = 1,
		.timeout = msecs_to_jiffies(READ_ONCE(job_timeout_ms)),
		.name = "vuma",
		.dev = vdev->drm.dev,
	};
	int ret = -ENOMEM;

	init_waitqueue_head(&engine->stop);
	engine->fence_context = dma_fence_context_alloc(1);

	engine->run_wq = alloc_ordered_workqueue("%s-run", WQ_MEM_RECLAIM, vuma_bo_driver_name);
	if (!engine->run_wq)
		return ret;
	engine->reset_wq = alloc_ordered_workqueue("%s-reset", WQ_MEM_RECLAIM,
						   vuma_bo_driver_name);
	if (!engine->reset_wq)
		goto err_run;

	args.timeout_wq = engine->reset_wq;
	ret = drm_sched_init(&engine->sched, &args);
	if (ret)
		goto err_reset;
	return drmm_add_action_or_reset(&vdev->drm, vuma_engine_fini, engine);

err_reset:
	destroy_workqueue(engine->reset_wq);
err_run:
	destroy_workqueue(engine->run_wq);
	return ret;
}

/**
 * vuma_engine_unplug - the hardware went away
 * @vdev: the device, unplugged
 *
 * Jobs that wait fail when their turn comes.
 */
void vuma_engine_unplug(struct vuma_device *vdev)
{
	WRITE_ONCE(vdev->gone, true);
	wake_up_all(&vdev->engine.stop);
	flush_workqueue(vdev->engine.run_wq);
}
