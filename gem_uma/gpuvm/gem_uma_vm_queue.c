// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: the queue of binds that wait for their turn.
 *
 * Fences wait for what is executed here: it allocates nothing, takes no resv and drops no
 * reference. Locks: the queue's spinlock, a leaf, beside tree_lock; op_lock, by steps.
 * Neighbours: steps, which are executed, and fences.
 */
#include <linux/dma-resv.h>

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
 * What a driver maps for a job that runs, as a heap that grows, must not come after binds that
 * wait for the job. gem_uma_vm_bind_commit_direct() passes the queue, but for binds there that
 * change the same addresses: in a driver that keeps addresses for itself there are none.
 *
 * An error of the page tables at this point can be reported to nobody. The VM becomes
 * unusable: binds on the queue map nothing any more, but unmap, and their fences carry
 * -EIO; new binds fail with -ENOENT and new jobs with -EIO.
 *
 * Other drivers have an entity of drm_sched for each VM in this place. Here a list and a
 * work item for each bind are enough, and no longer than a backend of drm_sched would be:
 * a bind has its own dependencies and is never stopped, retried or reordered. So drivers
 * without a scheduler, and those whose firmware has it, need not load DRM_SCHED, and the
 * library need not follow an interface that most releases change. The price: the
 * tracepoints of drm_sched do not show what a bind waits for.
 */

static void gem_uma_vm_dependency_cb(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct gem_uma_vm_bind *bind = container_of(cb, struct gem_uma_vm_bind, cb);

	queue_work(gem_uma_vm_execute_wq, &bind->execute_work);
}

/*
 * Returns true if there is nothing left to wait for. Each callback queues the work once, so
 * the work is not queued any more when the bind is executed.
 */
static bool gem_uma_vm_bind_ready(struct gem_uma_vm_bind *bind)
{
	while (bind->at < bind->nr_deps)
		if (!dma_fence_add_callback(bind->deps[bind->at++], &bind->cb,
					    gem_uma_vm_dependency_cb))
			return false;
	return true;
}

/* Nobody else queues the work of the next bind, so that bind stays until then. */
static void gem_uma_vm_queue_remove(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm *vm = bind->vm;
	struct gem_uma_vm_bind *next;

	spin_lock(&vm->queue_lock);
	list_del_init(&bind->link);
	next = list_first_entry_or_null(&vm->queue, struct gem_uma_vm_bind, link);
	spin_unlock(&vm->queue_lock);
	if (next)
		queue_work(gem_uma_vm_execute_wq, &next->execute_work);
}

static void gem_uma_vm_execute_work(struct work_struct *work)
{
	struct gem_uma_vm_bind *bind = container_of(work, struct gem_uma_vm_bind, execute_work);
	bool cookie;
	int ret;

	if (!gem_uma_vm_bind_ready(bind))
		return;
	cookie = dma_fence_begin_signalling();
	ret = gem_uma_vm_steps_execute(bind->vm, &bind->steps);
	/* From here on others may write the page tables. */
	gem_uma_vm_queue_remove(bind);
	if (ret)
		dma_fence_set_error(&bind->fence->base, ret);
	dma_fence_signal(&bind->fence->base);
	dma_fence_end_signalling(cookie);
	gem_uma_vm_queue_put(bind);
}

/* The queue, or the ioctl, needs the bind no more. The last of them frees it. */
void gem_uma_vm_queue_put(struct gem_uma_vm_bind *bind)
{
	if (atomic_dec_and_test(&bind->holders))
		queue_work(gem_uma_vm_put_wq, &bind->free_work);
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

/* Room for so many tables; what would not fit alone is let through. */
bool gem_uma_vm_queue_take(struct gem_uma_vm *vm, long nr)
{
	long old = atomic_long_read(&vm->tables);

	do {
		if (old && old + nr > GEM_UMA_VM_MAX_TABLES)
			return false;
	} while (!atomic_long_try_cmpxchg(&vm->tables, &old, old + nr));
	return true;
}

/* The tree has it, and the page tables will. */
static bool gem_uma_vm_queue_writes(const struct gem_uma_vm_bind *queued,
				    const struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm_step *step;

	list_for_each_entry(step, &queued->steps, link)
		if (gem_uma_vm_ranges_meet(bind, step->va, step->va + step->range))
			return true;
	return false;
}

/*
 * The fence of a bind that is queued, or being executed, and changes addresses that @bind
 * changes, with a reference; NULL if there is none, which stays so while the resv of the VM is
 * held. Binds that touch nothing of each other's can be executed in any order.
 */
struct dma_fence *gem_uma_vm_queue_conflict(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm *vm = bind->vm;
	struct gem_uma_vm_bind *queued;
	struct dma_fence *fence = NULL;

	spin_lock(&vm->queue_lock);
	list_for_each_entry(queued, &vm->queue, link) {
		if (!gem_uma_vm_queue_writes(queued, bind))
			continue;
		fence = dma_fence_get(&queued->fence->base);
		break;
	}
	spin_unlock(&vm->queue_lock);
	return fence;
}

/* The first bind that has yet to change what the page tables have at @va; held, or NULL. */
static struct gem_uma_vm_bind *gem_uma_vm_queue_find(struct gem_uma_vm *vm, u64 va)
{
	struct gem_uma_vm_bind *bind, *found = NULL;

	lockdep_assert_held(&vm->tree_lock);
	spin_lock(&vm->queue_lock);
	list_for_each_entry(bind, &vm->queue, link) {
		if (!gem_uma_vm_ranges_meet(bind, va, va + 1))
			continue;
		found = bind;
		break;
	}
	if (!found && vm->entering && gem_uma_vm_ranges_meet(vm->entering, va, va + 1))
		found = vm->entering;
	if (found)
		atomic_inc(&found->holders);
	spin_unlock(&vm->queue_lock);
	return found;
}

/*
 * What was at @va before the bind. Only what one of its operations has mapped, and another
 * has replaced, is mistaken for that.
 */
static struct drm_gpuva *gem_uma_vm_bind_old_va(const struct gem_uma_vm_bind *bind, u64 va)
{
	struct gem_uma_va *old;

	list_for_each_entry_reverse(old, &bind->dead, link) {
		if (va - old->base.va.addr < old->base.va.range)
			return &old->base;
		/* User space may have bound millions. */
		cond_resched();
	}
	return NULL;
}

/**
 * gem_uma_vm_lookup() - find the object that the GPU finds at an address
 * @vm: VM
 * @va: address
 * @offset: result: where in the object that is
 *
 * It may be mapped there no more when the function returns. What a bind on the queue will map
 * is not there yet: a job that the bind waits for may ask.
 *
 * Context: may sleep; fences may wait for it.
 *
 * Return: the object, with a reference; NULL if none is mapped, or nothing but a sparse range.
 */
struct drm_gem_object *gem_uma_vm_lookup(struct gem_uma_vm *vm, u64 va, u64 *offset)
{
	struct drm_gem_object *obj = NULL;
	struct gem_uma_vm_bind *bind;
	struct drm_gpuva *found;

	mutex_lock(&vm->tree_lock);
	bind = gem_uma_vm_queue_find(vm, va);
	found = bind ? gem_uma_vm_bind_old_va(bind, va) : drm_gpuva_find_first(&vm->base, va, 1);
	if (found && found->gem.obj) {
		obj = found->gem.obj;
		drm_gem_object_get(obj);
		*offset = found->gem.offset + (va - found->va.addr);
	}
	/* Whoever enters it frees it after it was entered, which takes the lock. */
	if (bind)
		gem_uma_vm_queue_put(bind);
	mutex_unlock(&vm->tree_lock);
	return obj;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_lookup);

/* Nothing is queued or being executed. Stays so while the resv of the VM is held. */
bool gem_uma_vm_queue_idle(struct gem_uma_vm *vm)
{
	bool idle;

	spin_lock(&vm->queue_lock);
	idle = list_empty(&vm->queue);
	spin_unlock(&vm->queue_lock);
	return idle;
}

/**
 * gem_uma_vm_queue_add_locked() - leave a bind to the queue
 * @bind: bind, entered into the tree, with a fence; not the caller's any more
 * @exec: locks the VM and all objects of the bind; room for a fence in each
 * @fence: result: its fence, with a reference
 *
 * The fence makes the objects busy. So none of them is evicted, and no address in the bind
 * becomes stale, before the bind has been executed.
 *
 * Context: resv of the VM held.
 */
void gem_uma_vm_queue_add_locked(struct gem_uma_vm_bind *bind, struct drm_exec *exec,
				 struct dma_fence **fence)
{
	struct gem_uma_vm *vm = bind->vm;
	bool first;

	drm_gpuvm_resv_assert_held(&vm->base);
	INIT_WORK(&bind->execute_work, gem_uma_vm_execute_work);
	atomic_inc(&vm->active);
	bind->queued = true;
	gem_uma_vm_fence_init(bind->fence, vm->fence_context, ++vm->fence_seqno);
	*fence = dma_fence_get(&bind->fence->base);
	drm_gpuvm_resv_add_fence(&vm->base, exec, *fence, DMA_RESV_USAGE_BOOKKEEP,
				 DMA_RESV_USAGE_BOOKKEEP);
	mutex_lock(&vm->tree_lock);
	spin_lock(&vm->queue_lock);
	first = list_empty(&vm->queue);
	list_add_tail(&bind->link, &vm->queue);
	spin_unlock(&vm->queue_lock);
	vm->entering = NULL;
	mutex_unlock(&vm->tree_lock);
	if (first)
		queue_work(gem_uma_vm_execute_wq, &bind->execute_work);
}
