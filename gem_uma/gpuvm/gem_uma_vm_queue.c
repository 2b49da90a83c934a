// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: the queue that writes page tables.
 *
 * Owns binds that were entered into the tree and wait for their turn. What runs here is
 * waited for by fences: it allocates nothing, takes no resv and drops no reference.
 * Locks: op_lock; the queue's spinlock, a leaf. Neighbours: the other files of the part.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_exec.h>

#include "gem_uma_vm_types.h"

/**
 * DOC: The queue
 *
 * Binds of one VM are executed in the order of their ioctls, each after the fences it
 * has to wait for. An earlier bind that waits holds up later ones, also those without
 * anything to wait for.
 *
 * There are two workqueues. The first writes page tables and signals fences. The second
 * frees what is left over; for that it may need a resv, and who holds a resv may wait for
 * a fence of the first.
 *
 * An error of the page tables at this point can be reported to nobody. The VM becomes
 * unusable: binds on the queue map nothing any more, but unmap, and their fences carry
 * -EIO; new binds fail with -ENOENT and new jobs with -EIO.
 */

static void gem_uma_vm_dependency_cb(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct gem_uma_vm_bind *bind = container_of(cb, struct gem_uma_vm_bind, cb);

	queue_work(gem_uma_vm_run_wq, &bind->vm->run_work);
}

/* Returns true if there is nothing left to wait for. */
static bool gem_uma_vm_bind_ready(struct gem_uma_vm_bind *bind)
{
	for (; bind->at < bind->nr_deps; bind->at++) {
		struct dma_fence *dep = bind->deps[bind->at];

		if (bind->waiting && !dma_fence_is_signaled(dep))
			return false;
		/* It can be signaled, and its callbacks still be about to be called. */
		if (bind->waiting)
			dma_fence_remove_callback(dep, &bind->cb);
		bind->waiting = !dma_fence_add_callback(dep, &bind->cb,
							gem_uma_vm_dependency_cb);
		if (bind->waiting)
			return false;
	}
	return true;
}

static struct gem_uma_vm_bind *gem_uma_vm_queue_first(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_bind *bind;

	spin_lock(&vm->queue_lock);
	bind = list_first_entry_or_null(&vm->queue, struct gem_uma_vm_bind, link);
	spin_unlock(&vm->queue_lock);
	return bind;
}

static void gem_uma_vm_bind_execute(struct gem_uma_vm_bind *bind)
{
	struct dma_fence *fence = &bind->fence->base;
	struct gem_uma_vm *vm = bind->vm;
	bool cookie = dma_fence_begin_signalling();
	int ret;

	ret = gem_uma_vm_run_steps(bind);
	/* From here on others may write the page tables at once. */
	spin_lock(&vm->queue_lock);
	list_del_init(&bind->link);
	spin_unlock(&vm->queue_lock);
	if (ret)
		dma_fence_set_error(fence, ret);
	dma_fence_signal(fence);
	dma_fence_end_signalling(cookie);
	gem_uma_vm_bind_let_go(bind);
}

/**
 * gem_uma_vm_bind_let_go() - one of the holders of a queued bind is through with it
 * @bind: bind
 *
 * Context: any.
 */
void gem_uma_vm_bind_let_go(struct gem_uma_vm_bind *bind)
{
	if (atomic_dec_and_test(&bind->holders))
		queue_work(gem_uma_vm_put_wq, &bind->free_work);
}

static void gem_uma_vm_run_work(struct work_struct *work)
{
	struct gem_uma_vm *vm = container_of(work, struct gem_uma_vm, run_work);
	struct gem_uma_vm_bind *bind;

	while ((bind = gem_uma_vm_queue_first(vm)) && gem_uma_vm_bind_ready(bind))
		gem_uma_vm_bind_execute(bind);
}

static void gem_uma_vm_bind_free_work(struct work_struct *work)
{
	gem_uma_vm_bind_destroy(container_of(work, struct gem_uma_vm_bind, free_work));
}

/* Nothing is queued or being executed. Stays so while the resv of the VM is held. */
bool gem_uma_vm_queue_idle(struct gem_uma_vm *vm)
{
	return !gem_uma_vm_queue_first(vm);
}

/* The fence of the last bind, with a reference; NULL if the queue is idle. */
struct dma_fence *gem_uma_vm_queue_last(struct gem_uma_vm *vm)
{
	struct dma_fence *fence = NULL;

	spin_lock(&vm->queue_lock);
	if (!list_empty(&vm->queue))
		fence = dma_fence_get(&list_last_entry(&vm->queue, struct gem_uma_vm_bind,
						       link)->fence->base);
	spin_unlock(&vm->queue_lock);
	return fence;
}

/**
 * gem_uma_vm_queue_add_locked() - leave a bind to the queue
 * @bind: bind, entered into the tree, with a fence; not ours any more afterwards
 * @exec: locks the VM and all objects of the bind; room for a fence in each
 * @fence: result: its fence, with a reference
 *
 * The fence makes the objects busy: none of them can be evicted, and so none of the
 * addresses in the bind becomes stale, before it was executed.
 *
 * Context: resv of the VM held.
 */
void gem_uma_vm_queue_add_locked(struct gem_uma_vm_bind *bind, struct drm_exec *exec,
				 struct dma_fence **fence)
{
	struct gem_uma_vm *vm = bind->vm;

	drm_gpuvm_resv_assert_held(&vm->base);
	INIT_WORK(&bind->free_work, gem_uma_vm_bind_free_work);
	atomic_inc(&vm->users);
	bind->queued = true;
	bind->fence->initialized = true;
	dma_fence_init(&bind->fence->base, &gem_uma_vm_fence_ops, &bind->fence->lock,
		       vm->fence_context, ++vm->fence_seqno);
	*fence = dma_fence_get(&bind->fence->base);
	drm_gpuvm_resv_add_fence(&vm->base, exec, *fence, DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
	spin_lock(&vm->queue_lock);
	list_add_tail(&bind->link, &vm->queue);
	spin_unlock(&vm->queue_lock);
	queue_work(gem_uma_vm_run_wq, &vm->run_work);
}

void gem_uma_vm_queue_init(struct gem_uma_vm *vm)
{
	spin_lock_init(&vm->queue_lock);
	INIT_LIST_HEAD(&vm->queue);
	INIT_WORK(&vm->run_work, gem_uma_vm_run_work);
	vm->fence_context = dma_fence_context_alloc(1);
	atomic_long_set(&vm->tables, 0);
	init_waitqueue_head(&vm->tables_wait);
}

void gem_uma_vm_queue_fini(struct gem_uma_vm *vm)
{
	WARN_ON_ONCE(!list_empty(&vm->queue));
	/* It may just have found the queue empty. */
	flush_work(&vm->run_work);
	WARN_ON_ONCE(atomic_long_read(&vm->tables));
}
