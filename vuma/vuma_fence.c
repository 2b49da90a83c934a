// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware fences.
 *
 * The fence that others see is the scheduler's. It asks its scheduler for a name
 * and holds ours as parent, so ours keeps the device, and with it the scheduler,
 * alive. For this a job gets a fence of ours even if it never runs.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "vuma_drv.h"
#include "vuma_job.h"

static const char *vuma_fence_driver_name(struct dma_fence *fence)
{
	return vuma_bo_driver_name;
}

static const char *vuma_fence_timeline_name(struct dma_fence *fence)
{
	return "engine";
}

static void vuma_fence_put_work(struct work_struct *work)
{
	struct vuma_fence *fence = container_of(work, struct vuma_fence, put_work);

	drm_dev_put(&fence->vdev->drm);
	kfree_rcu(fence, base.rcu);
	module_put(THIS_MODULE);
}

/* Called from any context; the device can only go from one that sleeps. */
static void vuma_fence_release(struct dma_fence *fence)
{
	struct vuma_fence *vfence = container_of(fence, struct vuma_fence, base);

	queue_work(vuma_put_wq, &vfence->put_work);
}

static const struct dma_fence_ops vuma_fence_ops = {
	.get_driver_name = vuma_fence_driver_name,
	.get_timeline_name = vuma_fence_timeline_name,
	.release = vuma_fence_release,
};

/**
 * vuma_fence_create - allocate the fence of a job
 * @vdev: the device
 *
 * Return: the fence, not initialised yet, or NULL.
 */
struct vuma_fence *vuma_fence_create(struct vuma_device *vdev)
{
	struct vuma_fence *fence = kzalloc_obj(*fence, GFP_KERNEL_ACCOUNT);

	if (!fence)
		return NULL;

	spin_lock_init(&fence->lock);
	INIT_WORK(&fence->put_work, vuma_fence_put_work);
	fence->vdev = vdev;
	drm_dev_get(&vdev->drm);
	/* The caller came through an open file, which holds the module. */
	__module_get(THIS_MODULE);
	return fence;
}

/**
 * vuma_fence_start - make a fence waitable
 * @fence: the fence
 */
void vuma_fence_start(struct vuma_fence *fence)
{
	struct vuma_engine *engine = &fence->vdev->engine;

	dma_fence_init(&fence->base, &vuma_fence_ops, &fence->lock, engine->fence_context,
		       atomic64_inc_return(&engine->fence_seqno));
}

/**
 * vuma_fence_fail - end a fence that was not started
 * @fence: the fence
 * @error: why its job does not run; 0 if another fence has told
 */
void vuma_fence_fail(struct vuma_fence *fence, int error)
{
	vuma_fence_start(fence);
	if (error)
		dma_fence_set_error(&fence->base, error);
	dma_fence_signal(&fence->base);
}

/**
 * vuma_fence_put - drop the job's reference
 * @fence: the fence, which may never have been started
 */
void vuma_fence_put(struct vuma_fence *fence)
{
	if (fence->base.ops)
		dma_fence_put(&fence->base);
	else
		queue_work(vuma_put_wq, &fence->put_work);
}
