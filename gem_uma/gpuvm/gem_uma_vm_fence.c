// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: fences of binds, and the workqueues that signal and free them.
 *
 * Locks: none. Neighbour: the queue.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <kunit/visibility.h>

#include "gem_uma_vm_types.h"

struct workqueue_struct *gem_uma_vm_execute_wq;
EXPORT_SYMBOL_IF_KUNIT(gem_uma_vm_execute_wq);
struct workqueue_struct *gem_uma_vm_put_wq;
EXPORT_SYMBOL_IF_KUNIT(gem_uma_vm_put_wq);
struct workqueue_struct *gem_uma_vm_unmap_wq;

static const char *gem_uma_vm_fence_driver_name(struct dma_fence *base)
{
	struct gem_uma_vm_fence *fence = container_of(base, struct gem_uma_vm_fence, base);

	return fence->drm->driver->name;
}

static const char *gem_uma_vm_fence_timeline_name(struct dma_fence *base)
{
	return "bind";
}

/* Keep device and driver for a work item. The caller came through an open file, which does. */
void gem_uma_vm_driver_get(struct drm_device *drm)
{
	drm_dev_get(drm);
	__module_get(drm->driver->fops->owner);
}

void gem_uma_vm_driver_put(struct drm_device *drm)
{
	struct module *owner = drm->driver->fops->owner;

	drm_dev_put(drm);
	module_put(owner);
}

static void gem_uma_vm_fence_put_work(struct work_struct *work)
{
	struct gem_uma_vm_fence *fence = container_of(to_rcu_work(work), struct gem_uma_vm_fence,
						      put_work);

	gem_uma_vm_driver_put(fence->drm);
	kfree(fence);
}

/*
 * Called from any context; the device can only go from one that sleeps. Names are read
 * under RCU by whoever finds the fence, so they stay for a grace period. The end of a device
 * with a display waits for works of the system, which no work may do that memory waits for.
 */
static void gem_uma_vm_fence_release(struct dma_fence *base)
{
	struct gem_uma_vm_fence *fence = container_of(base, struct gem_uma_vm_fence, base);

	queue_rcu_work(gem_uma_vm_unmap_wq, &fence->put_work);
}

static const struct dma_fence_ops gem_uma_vm_fence_ops = {
	.get_driver_name = gem_uma_vm_fence_driver_name,
	.get_timeline_name = gem_uma_vm_fence_timeline_name,
	.release = gem_uma_vm_fence_release,
};

/* Nobody else knows it before gem_uma_vm_fence_init(). */
struct gem_uma_vm_fence *gem_uma_vm_fence_create(struct drm_device *drm)
{
	struct gem_uma_vm_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);

	if (!fence)
		return NULL;
	spin_lock_init(&fence->lock);
	INIT_RCU_WORK(&fence->put_work, gem_uma_vm_fence_put_work);
	gem_uma_vm_driver_get(drm);
	fence->drm = drm;
	return fence;
}

void gem_uma_vm_fence_init(struct gem_uma_vm_fence *fence, u64 context, u64 seqno)
{
	fence->initialized = true;
	dma_fence_init(&fence->base, &gem_uma_vm_fence_ops, &fence->lock, context, seqno);
}

/* It may never have been initialised. */
void gem_uma_vm_fence_put(struct gem_uma_vm_fence *fence)
{
	if (fence->initialized)
		dma_fence_put(&fence->base);
	else
		queue_rcu_work(gem_uma_vm_unmap_wq, &fence->put_work);
}

static int __init gem_uma_vm_module_init(void)
{
	/* Fences, and so memory, wait for the first; memory for the second. */
	gem_uma_vm_execute_wq = alloc_workqueue("gem-uma-bind", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!gem_uma_vm_execute_wq)
		return -ENOMEM;
	gem_uma_vm_put_wq = alloc_workqueue("gem-uma-bind-put", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!gem_uma_vm_put_wq)
		goto err_execute;
	/* These wait for resvs, and must not keep the others from running. */
	gem_uma_vm_unmap_wq = alloc_workqueue("gem-uma-unmap", WQ_UNBOUND, 0);
	if (!gem_uma_vm_unmap_wq)
		goto err_put;
	return 0;

err_put:
	destroy_workqueue(gem_uma_vm_put_wq);
err_execute:
	destroy_workqueue(gem_uma_vm_execute_wq);
	return -ENOMEM;
}
module_init(gem_uma_vm_module_init);

static void __exit gem_uma_vm_module_exit(void)
{
	/* The drivers of the last fences are gone, so these are about to be freed. */
	rcu_barrier();
	destroy_workqueue(gem_uma_vm_unmap_wq);
	destroy_workqueue(gem_uma_vm_execute_wq);
	destroy_workqueue(gem_uma_vm_put_wq);
}
module_exit(gem_uma_vm_module_exit);

MODULE_DESCRIPTION("GPU address spaces for GPUs and NPUs that share memory with the CPU");
MODULE_AUTHOR("The gem-uma authors");
MODULE_LICENSE("GPL");
