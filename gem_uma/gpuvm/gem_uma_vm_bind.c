// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: binds, from the ioctl to the queue.
 *
 * Owns all that a bind needs: it is allocated here, before anything is changed. Locks:
 * resv of the VM, then of the objects. Neighbours: tree and queue.
 */
#include <linux/completion.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>

#include "gem_uma_vm_types.h"

/**
 * DOC: Binds
 *
 * A bind is an array of operations, and it is done as a whole or not at all. First all
 * that it can need is allocated, at worst: vas for the new mapping and for both sides of a
 * cut one, page tables, the object's place in the VM, and a fence. Then, with the VM and
 * all objects locked, the tree is changed, which cannot fail any more. At last the page
 * tables are written: at once, if nothing is waiting and nothing has to be waited for;
 * else by the queue.
 *
 * The tree is what user space asked for, and the page tables follow. The ioctl reports all
 * errors but one, and then nothing was changed. The one error is that page tables cannot be
 * written when it is their turn; see "The queue".
 *
 * Unmapping never fails for want of memory: it needs little, and waits for that.
 *
 * How many page tables wait in queues is limited, for each VM. A bind that would exceed
 * the limit waits, interruptibly and without locks, until earlier ones are done.
 */

/* The new mapping, and what a cut leaves on either side of it. */
#define GEM_UMA_VM_VAS	3

static void gem_uma_vm_bind_free_work(struct work_struct *work)
{
	gem_uma_vm_bind_destroy(container_of(work, struct gem_uma_vm_bind, free_work));
}

struct gem_uma_vm_bind *gem_uma_vm_bind_alloc(struct gem_uma_vm *vm, gfp_t gfp)
{
	struct gem_uma_vm_bind *bind = kzalloc_obj(*bind, gfp);

	if (!bind)
		return NULL;
	bind->gfp = gfp;
	atomic_set(&bind->holders, 1);
	bind->vm = gem_uma_vm_get(vm);
	INIT_LIST_HEAD(&bind->steps);
	INIT_LIST_HEAD(&bind->spare);
	INIT_LIST_HEAD(&bind->dead);
	INIT_LIST_HEAD(&bind->link);
	INIT_WORK(&bind->free_work, gem_uma_vm_bind_free_work);
	return bind;
}

int gem_uma_vm_bind_alloc_fence(struct gem_uma_vm_bind *bind)
{
	bind->fence = gem_uma_vm_fence_create(bind->vm->base.drm);
	return bind->fence ? 0 : -ENOMEM;
}

struct gem_uma_vm_step *gem_uma_vm_bind_add_step(struct gem_uma_vm_bind *bind, u64 va, u64 range)
{
	struct gem_uma_vm_step *step = kzalloc_obj(*step, bind->gfp);

	if (!step)
		return NULL;
	step->va = va;
	step->range = range;
	list_add_tail(&step->link, &bind->steps);
	return step;
}

static void gem_uma_vm_tables_return(struct gem_uma_vm *vm, long nr)
{
	if (!nr)
		return;
	atomic_long_sub(nr, &vm->tables);
	wake_up_all(&vm->tables_wait);
}

/**
 * gem_uma_vm_bind_destroy() - free a bind
 * @bind: bind that was not committed, or that needed no fence
 *
 * Drops the references of its operations to their objects, hence the rule about resvs.
 *
 * Context: may sleep; no resv of an object of its operations held.
 */
void gem_uma_vm_bind_destroy(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm *vm = bind->vm;
	struct gem_uma_vm_step *step, *next;
	u32 i;

	list_for_each_entry_safe(step, next, &bind->steps, link) {
		gem_uma_vm_step_reset(vm, step);
		kfree(step);
	}
	gem_uma_vm_tables_return(vm, bind->tables);
	gem_uma_vm_free_dead(&bind->dead);
	gem_uma_vm_free_dead(&bind->spare);
	for (i = 0; i < bind->nr; i++)
		if (bind->ops[i].obj)
			drm_gem_object_put(bind->ops[i].obj);
	kvfree(bind->ops);
	if (bind->ranges != &bind->range)
		kvfree(bind->ranges);
	for (i = 0; i < bind->nr_deps; i++)
		dma_fence_put(bind->deps[i]);
	kfree(bind->deps);
	if (bind->queued)
		gem_uma_vm_active_put(vm);
	gem_uma_vm_put(vm);
	/* Keeps the driver's module, whose functions were just called. */
	if (bind->fence)
		gem_uma_vm_fence_put(bind->fence);
	kfree(bind);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bind_destroy);

static bool gem_uma_vm_op_valid(struct gem_uma_vm *vm, const struct gem_uma_vm_op *op)
{
	u64 page = vm->geometry->leaves & -vm->geometry->leaves;

	if (!op->range || !IS_ALIGNED(op->va | op->range | op->offset, page) ||
	    !drm_gpuvm_range_valid(&vm->base, op->va, op->range))
		return false;
	switch (op->type) {
	case GEM_UMA_VM_MAP:
		return op->obj && !(op->prot & GEM_UMA_VM_DUMMY) &&
		       op->range <= op->obj->size && op->offset <= op->obj->size - op->range;
	case GEM_UMA_VM_UNMAP:
		return !op->obj && !op->offset && !op->prot;
	case GEM_UMA_VM_SPARSE:
		return !op->obj && !op->offset &&
		       (op->prot & GEM_UMA_VM_DUMMY || vm->ops->map_null);
	default:
		return false;
	}
}

/* Objects that are private to a VM can be used nowhere else. */
static bool gem_uma_vm_obj_valid(struct gem_uma_vm *vm, struct drm_gem_object *obj)
{
	return obj->resv == &obj->_resv || obj->import_attach || gem_uma_vm_is_private(vm, obj);
}

static int gem_uma_vm_bind_alloc_op(struct gem_uma_vm_bind *bind, const struct gem_uma_vm_op *op)
{
	unsigned int i, nr = op->type == GEM_UMA_VM_UNMAP ? GEM_UMA_VM_VAS - 1 : GEM_UMA_VM_VAS;

	for (i = 0; i < nr; i++) {
		struct gem_uma_va *va = kzalloc_obj(*va, bind->gfp);

		if (!va)
			return -ENOMEM;
		list_add(&va->link, &bind->spare);
	}
	return gem_uma_vm_bind_add_step(bind, op->va, op->range) ? 0 : -ENOMEM;
}

/* Unmapping gives memory back, so it waits for the little that it needs. */
static gfp_t gem_uma_vm_ops_gfp(const struct gem_uma_vm_op *ops, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (ops[i].type != GEM_UMA_VM_UNMAP)
			return GFP_KERNEL_ACCOUNT;
	return GFP_KERNEL_ACCOUNT | __GFP_NOFAIL;
}

/**
 * gem_uma_vm_bind_create() - check operations and allocate what they need
 * @vm: VM
 * @ops: operations, done in this order; copied
 * @nr: how many; with none, it only comes after the binds before it and its dependencies
 *
 * Context: may sleep and reclaim; no resv held.
 *
 * Return: a bind to be committed or destroyed, or an ERR_PTR: -ENOMEM; -EINVAL for a range that
 * is empty, misaligned, or not within the VM or its object, for a combination that makes
 * no sense, for an object that is private to another VM, or for a VM whose addresses the
 * kernel chooses.
 */
struct gem_uma_vm_bind *gem_uma_vm_bind_create(struct gem_uma_vm *vm,
					       const struct gem_uma_vm_op *ops, u32 nr)
{
	if (vm->implicit)
		return ERR_PTR(-EINVAL);
	return gem_uma_vm_bind_prepare(vm, ops, nr);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bind_create);

/* The same as gem_uma_vm_bind_create(), for any VM. */
struct gem_uma_vm_bind *gem_uma_vm_bind_prepare(struct gem_uma_vm *vm,
						const struct gem_uma_vm_op *ops, u32 nr)
{
	struct gem_uma_vm_bind *bind;
	int ret = 0;
	u32 i;

	for (i = 0; i < nr; i++)
		if (!gem_uma_vm_op_valid(vm, &ops[i]) ||
		    (ops[i].obj && !gem_uma_vm_obj_valid(vm, ops[i].obj)))
			return ERR_PTR(-EINVAL);

	bind = gem_uma_vm_bind_alloc(vm, gem_uma_vm_ops_gfp(ops, nr));
	if (!bind)
		return ERR_PTR(-ENOMEM);
	/* The objects are unlocked after the queue has taken it. */
	atomic_set(&bind->holders, 2);
	bind->ops = kvmalloc_array(nr, sizeof(*ops), bind->gfp | __GFP_NOWARN);
	if (!bind->ops)
		ret = -ENOMEM;
	for (i = 0; i < nr && !ret; i++) {
		bind->ops[i] = ops[i];
		if (ops[i].obj)
			drm_gem_object_get(ops[i].obj);
		bind->nr++;
		ret = gem_uma_vm_bind_alloc_op(bind, &ops[i]);
	}
	if (!ret)
		ret = gem_uma_vm_ranges_sort(bind);
	if (ret) {
		gem_uma_vm_bind_destroy(bind);
		return ERR_PTR(ret);
	}
	return bind;
}

/**
 * gem_uma_vm_bind_add_dependency() - execute a bind after a fence
 * @bind: bind that was not committed
 * @fence: fence, in the place of an earlier one of its context; reference consumed in any case
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_vm_bind_add_dependency(struct gem_uma_vm_bind *bind, struct dma_fence *fence)
{
	struct dma_fence **deps;
	u32 i;

	/* The later one of a context is signalled last. */
	for (i = 0; i < bind->nr_deps; i++) {
		if (bind->deps[i]->context != fence->context)
			continue;
		if (dma_fence_is_later(fence, bind->deps[i]))
			swap(fence, bind->deps[i]);
		dma_fence_put(fence);
		return 0;
	}
	deps = krealloc_array(bind->deps, bind->nr_deps + 1, sizeof(*deps), GFP_KERNEL_ACCOUNT);
	if (!deps) {
		dma_fence_put(fence);
		return -ENOMEM;
	}
	bind->deps = deps;
	bind->deps[bind->nr_deps++] = fence;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bind_add_dependency);

/* The most tables that a bind can need, whatever its objects' memory looks like. */
static long gem_uma_vm_bind_tables_bound(struct gem_uma_vm_bind *bind)
{
	const struct gem_uma_vm_geometry *g = bind->vm->geometry;
	/* Each op, and no op, at least one, or nothing would limit those that need no table. */
	long nr = max(bind->nr, 1) * (1 + gem_uma_vm_clear_tables(bind->vm));
	u32 i;

	for (i = 0; i < bind->nr; i++) {
		struct gem_uma_vm_count count = {};

		if (bind->ops[i].type != GEM_UMA_VM_UNMAP)
			gem_uma_vm_logic_count(&count, g->shift, g->levels, 0, bind->ops[i].va,
					       bind->ops[i].range);
		nr += count.nr;
	}
	return nr;
}

static int gem_uma_vm_bind_throttle(struct gem_uma_vm_bind *bind)
{
	long nr = gem_uma_vm_bind_tables_bound(bind);
	int ret = 0;

	/* No signal wakes it, and it comes with one bind for each VM whose file is released. */
	if (current->flags & (PF_EXITING | PF_WQ_WORKER))
		atomic_long_add(nr, &bind->vm->tables);
	else
		ret = wait_event_interruptible(bind->vm->tables_wait,
					       gem_uma_vm_queue_take(bind->vm, nr));
	if (!ret)
		bind->tables = nr;
	return ret;
}

/* The driver's own binds are not the caller's, who may be about to exit. */
static bool gem_uma_vm_bind_killed(const struct gem_uma_vm_bind *bind)
{
	return !bind->direct && fatal_signal_pending(current);
}

static int gem_uma_vm_lock_range(struct gem_uma_vm_exec *lock, const struct gem_uma_vm_bind *bind,
				 const struct gem_uma_vm_range *r)
{
	struct drm_gem_object *last = NULL;
	struct drm_gpuva *va;
	int ret = 0;

	drm_gpuvm_for_each_va_range(va, &lock->vm->base, r->start, r->end) {
		/* User space may have bound millions. */
		if (gem_uma_vm_bind_killed(bind))
			return -EINTR;
		cond_resched();
		if (va->gem.obj && va->gem.obj != last)
			ret = gem_uma_vm_lock_obj(lock, va->gem.obj);
		if (ret)
			return ret;
		last = va->gem.obj;
	}
	return 0;
}

/* All objects that are mapped in the ranges, and all that get mapped. */
static int gem_uma_vm_bind_lock_objs(struct gem_uma_vm_exec *lock, void *data)
{
	struct gem_uma_vm_bind *bind = data;
	int ret = 0;
	u32 i;

	for (i = 0; i < bind->nr_ranges && !ret; i++)
		ret = gem_uma_vm_lock_range(lock, bind, &bind->ranges[i]);
	for (i = 0; i < bind->nr && !ret; i++)
		if (bind->ops[i].obj)
			ret = gem_uma_vm_lock_obj(lock, bind->ops[i].obj);
	return ret;
}

static int gem_uma_vm_prepare_sparse_locked(struct gem_uma_vm *vm, const struct gem_uma_vm_op *op,
					    struct gem_uma_vm_step *step)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	bool dummy = op->prot & GEM_UMA_VM_DUMMY;
	int ret = 0;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (dummy)
		ret = gem_uma_vm_dummy_locked(vm);
	if (ret)
		return ret;
	/* One step, for which others wait. There was no memory for a larger dummy. */
	if (dummy && op->range >> PAGE_SHIFT >> vm->dummy_order > GEM_UMA_VM_MAX_DUMMIES)
		return -ENOMEM;
	step->pieces = &step->sparse;
	step->nr_pieces = 1;
	step->sparse = (struct gem_uma_vm_piece) {
		.va = op->va,
		.len = op->range,
		.prot = op->prot,
		.kind = dummy ? GEM_UMA_VM_SHARED_DUMMY : GEM_UMA_VM_NULL,
	};
	return 0;
}

static int gem_uma_vm_prepare_map_locked(struct gem_uma_vm *vm, const struct gem_uma_vm_op *op,
					 struct gem_uma_vm_step *step)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct drm_gpuvm_bo *vm_bo = drm_gpuvm_bo_obtain_locked(&vm->base, op->obj);

	drm_gpuvm_resv_assert_held(&vm->base);
	if (IS_ERR(vm_bo))
		return PTR_ERR(vm_bo);
	drm_gpuvm_bo_extobj_add(vm_bo);
	if (list_empty(&to_gem_uma_vm_bo(vm_bo)->link))
		list_add_tail(&to_gem_uma_vm_bo(vm_bo)->link, &vm->bos);
	step->vm_bo = vm_bo;
	step->resident = vm->ops->is_resident(op->obj, op->offset, op->range,
					      gem_uma_vm_dir(op->prot));
	if (!step->resident)
		return 0;
	return gem_uma_vm_step_memory_locked(vm, step, op->obj, op->offset, op->prot);
}

static int gem_uma_vm_prepare_op_locked(struct gem_uma_vm *vm, const struct gem_uma_vm_op *op,
					struct gem_uma_vm_step *step)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	int ret = 0;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (op->type == GEM_UMA_VM_MAP)
		ret = gem_uma_vm_prepare_map_locked(vm, op, step);
	else if (op->type == GEM_UMA_VM_SPARSE)
		ret = gem_uma_vm_prepare_sparse_locked(vm, op, step);
	return ret ?: gem_uma_vm_step_tables(vm, step, true);
}

static bool gem_uma_vm_bind_must_wait(struct gem_uma_vm_bind *bind)
{
	u32 i;

	if (bind->direct)
		return false;
	for (i = 0; i < bind->nr_deps; i++)
		if (!dma_fence_is_signaled(bind->deps[i]))
			return true;
	return !gem_uma_vm_queue_idle(bind->vm);
}

/* All that can fail; undone by putting what the steps hold. */
static int gem_uma_vm_bind_prepare_locked(struct gem_uma_vm_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	struct gem_uma_vm_step *step;
	u32 i = 0;
	int ret;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	if (gem_uma_vm_bind_must_wait(bind)) {
		ret = gem_uma_vm_bind_alloc_fence(bind);
		if (ret)
			return ret;
	}
	list_for_each_entry(step, &bind->steps, link) {
		if (gem_uma_vm_bind_killed(bind))
			return -EINTR;
		ret = gem_uma_vm_prepare_op_locked(bind->vm, &bind->ops[i++], step);
		if (ret)
			return ret;
	}
	return 0;
}

/* An object that only the steps keep in the VM leaves it. The bind holds a reference. */
static void gem_uma_vm_bind_put_vm_bos_locked(struct gem_uma_vm_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	struct gem_uma_vm_step *step;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	list_for_each_entry(step, &bind->steps, link) {
		drm_gpuvm_bo_put(step->vm_bo);
		step->vm_bo = NULL;
	}
}

/* Nothing fails from here on. */
static void gem_uma_vm_bind_apply_locked(struct gem_uma_vm_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	struct gem_uma_vm_step *step;
	u32 i = 0;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	if (!bind->nr)
		return;
	/* Once for all of them: who looks an address up finds it in the tree, or taken away. */
	mutex_lock(&bind->vm->tree_lock);
	bind->vm->entering = bind;
	list_for_each_entry(step, &bind->steps, link)
		gem_uma_vm_tree_apply_locked(bind, &bind->ops[i++], step);
	mutex_unlock(&bind->vm->tree_lock);
}

static void gem_uma_vm_bind_changed_locked(struct gem_uma_vm_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	const struct gem_uma_vm_ops *ops = bind->vm->ops;
	struct drm_gem_object *last = NULL;
	struct gem_uma_va *va;
	u32 i;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	/* Mostly it is one object many times. */
	list_for_each_entry(va, &bind->dead, link) {
		if (va->base.gem.obj && va->base.gem.obj != last)
			ops->changed(va->base.gem.obj);
		last = va->base.gem.obj;
	}
	for (i = 0; i < bind->nr; i++) {
		if (bind->ops[i].obj && bind->ops[i].obj != last)
			ops->changed(bind->ops[i].obj);
		last = bind->ops[i].obj;
	}
}

/* Counts the tables that were allocated, instead of the most that the bind could need. */
static void gem_uma_vm_bind_account(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm_step *step;
	long nr = max(bind->nr, 1);

	list_for_each_entry(step, &bind->steps, link)
		nr += step->nr_tables;
	gem_uma_vm_tables_return(bind->vm, bind->tables - nr);
	bind->tables = nr;
}

/**
 * gem_uma_vm_bind_finish_locked() - have the page tables written
 * @bind: bind, entered into the tree; belongs to the queue afterwards if it has a fence
 * @exec: locks the VM and all objects of the bind
 * @fence: result if it was not executed: its fence, with a reference
 *
 * Context: resv of the VM held.
 */
void gem_uma_vm_bind_finish_locked(struct gem_uma_vm_bind *bind, struct drm_exec *exec,
				   struct dma_fence **fence)
{
	drm_gpuvm_resv_assert_held(&bind->vm->base);
	gem_uma_vm_bind_account(bind);
	if (!bind->fence) {
		bind->error = gem_uma_vm_steps_execute(bind->vm, &bind->steps);
		gem_uma_vm_tree_entered_locked(bind);
		return;
	}
	gem_uma_vm_queue_add_locked(bind, exec, fence);
}

/*
 * Page tables outlive the device, and a VM that is unusable: the driver takes down what it has
 * put there. For user space both are gone.
 */
static bool gem_uma_vm_bind_is_teardown(const struct gem_uma_vm_bind *bind)
{
	return bind->direct && bind->gfp & __GFP_NOFAIL;
}

static bool gem_uma_vm_bind_refused_locked(const struct gem_uma_vm_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	drm_gpuvm_resv_assert_held(&bind->vm->base);
	if (bind->vm->closed)
		return true;
	return READ_ONCE(bind->vm->error) && !gem_uma_vm_bind_is_teardown(bind);
}

/* Who holds the resv queues nothing. */
static bool gem_uma_vm_bind_conflicts_locked(struct gem_uma_vm_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	struct dma_fence *fence;
	bool found;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	fence = gem_uma_vm_queue_conflict(bind);
	found = fence;
	dma_fence_put(fence);
	return found;
}

static int gem_uma_vm_bind_commit_locked(struct gem_uma_vm_bind *bind, struct drm_exec *exec,
					 struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	int ret;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	if (gem_uma_vm_bind_refused_locked(bind))
		return -ENOENT;
	if (bind->direct && gem_uma_vm_bind_conflicts_locked(bind))
		return -EAGAIN;
	ret = gem_uma_vm_bind_prepare_locked(bind);
	if (!ret)
		gem_uma_vm_bind_apply_locked(bind);
	gem_uma_vm_bind_put_vm_bos_locked(bind);
	if (ret)
		return ret;
	gem_uma_vm_bind_changed_locked(bind);
	gem_uma_vm_bind_finish_locked(bind, exec, fence);
	return 0;
}

/* Frees what the last try has prepared. */
static void gem_uma_vm_bind_reset(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm_step *step;

	list_for_each_entry(step, &bind->steps, link)
		gem_uma_vm_step_reset(bind->vm, step);
	if (bind->fence)
		gem_uma_vm_fence_put(bind->fence);
	bind->fence = NULL;
}

static int gem_uma_vm_bind_try(struct gem_uma_vm_bind *bind, struct dma_fence **fence)
{
	bool device = !gem_uma_vm_bind_is_teardown(bind);
	struct gem_uma_vm_exec lock;
	int ret, idx;

	if (device && !drm_dev_enter(bind->vm->base.drm, &idx))
		return -ENODEV;
	ret = gem_uma_vm_lock(&lock, bind->vm, !bind->direct, 1, gem_uma_vm_bind_lock_objs, bind);
	if (!ret) {
		drm_gpuvm_resv_assert_held(&bind->vm->base);
		ret = gem_uma_vm_bind_commit_locked(bind, &lock.exec, fence);
		gem_uma_vm_unlock(&lock);
	}
	if (device)
		drm_dev_exit(idx);
	return ret;
}

/*
 * A synchronous bind waits here for what comes before it: nothing was changed yet, so a
 * signal can end the wait. It does not wait for what others queue meanwhile, or it would
 * never end.
 */
static int gem_uma_vm_bind_wait_before(struct gem_uma_vm_bind *bind)
{
	struct dma_fence *last;
	long ret = 0;
	u32 i;

	for (i = 0; i < bind->nr_deps && ret >= 0; i++)
		ret = dma_fence_wait(bind->deps[i], true);
	last = gem_uma_vm_queue_last(bind->vm);
	if (last && ret >= 0)
		ret = dma_fence_wait(last, true);
	dma_fence_put(last);
	return ret < 0 ? ret : 0;
}

struct gem_uma_vm_waiter {
	struct dma_fence_cb cb;
	struct completion done;
};

static void gem_uma_vm_waiter_cb(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	complete(&container_of(cb, struct gem_uma_vm_waiter, cb)->done);
}

/*
 * The tree was changed. A signal whose handler returns must not make user space bind again,
 * so only a fatal one ends the wait.
 */
static int gem_uma_vm_bind_wait(struct dma_fence *fence)
{
	struct gem_uma_vm_waiter waiter;
	int ret = 0;

	init_completion(&waiter.done);
	if (!dma_fence_add_callback(fence, &waiter.cb, gem_uma_vm_waiter_cb))
		ret = wait_for_completion_killable(&waiter.done);
	if (ret)
		dma_fence_remove_callback(fence, &waiter.cb);
	else if (dma_fence_get_status(fence) < 0)
		ret = -EIO;
	return ret;
}

/* Nothing was changed. Returns true if the bind has to be tried again. */
static bool gem_uma_vm_bind_again(struct gem_uma_vm_bind *bind, int ret)
{
	if (ret != -ENOMEM || !(bind->gfp & __GFP_NOFAIL) || gem_uma_vm_bind_killed(bind))
		return false;
	gem_uma_vm_bind_reset(bind);
	if (bind->direct)
		schedule_timeout_uninterruptible(1);
	else
		schedule_timeout_killable(1);
	return true;
}

/**
 * gem_uma_vm_bind_commit() - do what a bind says
 * @bind: bind; consumed, also on failure
 * @fence: NULL: wait until it has been done. Else result, with a reference: signalled
 *	when it has been done.
 *
 * Context: may sleep and reclaim; no resv held, nothing that a fence depends on.
 *
 * Return: 0; -ENOENT if the VM was closed or is unusable; -ENODEV; -EINTR or -ERESTARTSYS
 * when interrupted; as &gem_uma_vm_ops.run; -ENOMEM, but not if all it does is unmap and
 * the caller is not being killed. In all these cases nothing was changed, but when the
 * caller is killed it may have been. -EIO: the page tables could not be written, and the
 * VM is unusable.
 */
int gem_uma_vm_bind_commit(struct gem_uma_vm_bind *bind, struct dma_fence **fence)
{
	struct dma_fence *queued = NULL;
	int ret = fence ? 0 : gem_uma_vm_bind_wait_before(bind);

	if (ret)
		goto destroy;
	do {
		ret = bind->tables ? 0 : gem_uma_vm_bind_throttle(bind);
		if (ret)
			break;
		ret = gem_uma_vm_bind_try(bind, &queued);
	} while (gem_uma_vm_bind_again(bind, ret));

	if (!queued)
		goto done;
	gem_uma_vm_queue_put(bind);
	if (fence) {
		*fence = queued;
		return 0;
	}
	ret = gem_uma_vm_bind_wait(queued);
	dma_fence_put(queued);
	return ret;

done:
	ret = ret ?: bind->error;
	if (fence && !ret)
		*fence = dma_fence_get_stub();
destroy:
	gem_uma_vm_bind_destroy(bind);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bind_commit);

static int gem_uma_vm_bind_wait_conflict(struct gem_uma_vm_bind *bind, bool interruptible)
{
	struct dma_fence *fence = gem_uma_vm_queue_conflict(bind);
	long ret;

	if (!fence)
		return 0;
	ret = dma_fence_wait(fence, interruptible);
	dma_fence_put(fence);
	return ret < 0 ? ret : 0;
}

/**
 * gem_uma_vm_bind_commit_direct() - do what a bind of the driver's own says, at once
 * @bind: bind without dependencies; consumed, also on failure
 * @interruptible: signals end the wait for what is on the queue
 *
 * For buffers of the driver's, at addresses that user space cannot bind. It waits for nothing on
 * the queue but what changes the same addresses, and not for room there; so a job that runs may
 * wait for it, although binds on the queue wait for the job. What it maps should be resident, and
 * kept so meanwhile: else it comes with the next validation. If all it does is unmap, neither want
 * of memory, nor the end of the device, nor a VM that is unusable keeps it from that.
 *
 * Context: may sleep and reclaim; no resv held.
 *
 * Return: 0; -ENOENT if the VM was closed or is unusable; -ENODEV; -ENOMEM; -ERESTARTSYS when
 * interrupted; as &gem_uma_vm_ops.run. In all these cases nothing was changed. -EIO: the page
 * tables could not be written, and the VM is unusable from now on.
 */
int gem_uma_vm_bind_commit_direct(struct gem_uma_vm_bind *bind, bool interruptible)
{
	bool lost = READ_ONCE(bind->vm->error);
	int ret;

	bind->direct = true;
	do {
		/* What is on the queue of a closed VM may wait for user space. */
		if (READ_ONCE(bind->vm->closed)) {
			ret = -ENOENT;
			break;
		}
		ret = gem_uma_vm_bind_wait_conflict(bind, interruptible);
		if (!ret)
			ret = gem_uma_vm_bind_try(bind, NULL);
	} while (ret == -EAGAIN || gem_uma_vm_bind_again(bind, ret));
	if (!ret && !lost)
		ret = bind->error;
	gem_uma_vm_bind_destroy(bind);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bind_commit_direct);
