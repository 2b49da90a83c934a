// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: their life.
 *
 * Locks: resv of the VM for the tree, resv of an object for the list of its vm_bos and
 * their vas, op_lock for the page tables. Neighbours: the tree, and locking.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "gem_uma_vm_types.h"

/**
 * DOC: Address spaces
 *
 * References go one way::
 *
 *   file, job, bind --> VM <-- va --> vm_bo --> object
 *                        ^             |
 *                        +-------------+
 *
 * A va keeps its VM and its object alive, so neither goes while something is mapped: a VM
 * is closed explicitly, and an object is unmapped explicitly. There are no weak
 * references. An object that is private to a VM holds the VM's resv, not the VM.
 *
 * The last reference of a vm_bo is dropped with the resvs of VM and object held, and by
 * somebody who holds another reference of the object: whoever walks the lists of an object
 * under its resv never meets one that is on its way out. Puts that may free an object or
 * a VM happen without locks, or in a work item that no fence waits for.
 *
 * A VM is active as long as its owner, a job, or a bind on the queue needs it. After that
 * everything is unmapped, one va at a time.
 */

static void gem_uma_vm_free(struct drm_gpuvm *gpuvm)
{
	struct gem_uma_vm *vm = to_gem_uma_vm(gpuvm);

	WARN_ON_ONCE(!list_empty(&vm->queue));
	WARN_ON_ONCE(!list_empty(&vm->bos));
	WARN_ON_ONCE(atomic_long_read(&vm->tables));
	gem_uma_vm_dummy_free(vm);
	dma_fence_put(vm->rebound);
	if (vm->hooks)
		vm->hooks->free(vm);
	/* Not tree_lock: who lists all VMs may look into the tree of one that is about to go. */
	mutex_destroy(&vm->op_lock);
	vm->ops->free(vm);
}

static struct drm_gpuvm_bo *gem_uma_vm_bo_alloc(void)
{
	struct gem_uma_vm_bo *vm_bo = kzalloc_obj(*vm_bo, GFP_KERNEL_ACCOUNT);

	if (!vm_bo)
		return NULL;
	INIT_LIST_HEAD(&vm_bo->link);
	return &vm_bo->base;
}

static void gem_uma_vm_bo_free(struct drm_gpuvm_bo *vm_bo)
{
	list_del(&to_gem_uma_vm_bo(vm_bo)->link);
	kfree(to_gem_uma_vm_bo(vm_bo));
}

static const struct drm_gpuvm_ops gem_uma_vm_gpuvm_ops = {
	.vm_free = gem_uma_vm_free,
	.vm_bo_alloc = gem_uma_vm_bo_alloc,
	.vm_bo_free = gem_uma_vm_bo_free,
	.sm_step_map = gem_uma_vm_tree_map,
	.sm_step_remap = gem_uma_vm_tree_remap,
	.sm_step_unmap = gem_uma_vm_tree_unmap,
};

/**
 * gem_uma_vm_init() - set up an address space
 * @vm: VM, zeroed, in the driver's own structure
 * @name: for debugfs; not copied
 * @drm: DRM device
 * @ops: the driver's part
 * @geometry: of the page tables, not copied
 * @start: lowest address that can be mapped
 * @end: first address that cannot
 *
 * The caller has one reference and keeps the VM active; gem_uma_vm_close() ends both. On
 * failure nothing is left, and &gem_uma_vm_ops.free is not called.
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_vm_init(struct gem_uma_vm *vm, const char *name, struct drm_device *drm,
		    const struct gem_uma_vm_ops *ops,
		    const struct gem_uma_vm_geometry *geometry, u64 start, u64 end)
{
	struct drm_gem_object *r_obj = drm_gpuvm_resv_object_alloc(drm);

	if (!r_obj)
		return -ENOMEM;
	BUILD_BUG_ON(GEM_UMA_VM_LEVELS != GEM_UMA_VM_LOGIC_LEVELS);
	vm->ops = ops;
	vm->geometry = geometry;
	atomic_set(&vm->active, 1);
	mutex_init(&vm->op_lock);
	mutex_init(&vm->tree_lock);
	/* Reclaim only tries it. But under them nothing is allocated, or fences would wait. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&vm->op_lock);
	might_lock(&vm->tree_lock);
	fs_reclaim_release(GFP_KERNEL);
	INIT_LIST_HEAD(&vm->bos);
	spin_lock_init(&vm->queue_lock);
	INIT_LIST_HEAD(&vm->queue);
	vm->fence_context = dma_fence_context_alloc(1);
	atomic_long_set(&vm->tables, 0);
	init_waitqueue_head(&vm->tables_wait);
	drm_gpuvm_init(&vm->base, name, 0, drm, r_obj, start, end - start, 0, 0,
		       &gem_uma_vm_gpuvm_ops);
	/* drm_gpuvm_init() took its own. */
	drm_gem_object_put(r_obj);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_init);

/* Under op_lock. Vas have leaves of their own, so none is cut. */
static int gem_uma_vm_unmap_whole(struct gem_uma_vm *vm, struct drm_gpuva *va)
{
	int begun = gem_uma_vm_begin(vm, va->va.addr, va->va.range, true);
	int ret = vm->ops->unmap(vm, va->va.addr, va->va.range, NULL);
	int ended = begun ?: gem_uma_vm_end(vm, va->va.addr, va->va.range);

	return ret ?: ended;
}

static void gem_uma_vm_unmap_va_locked(struct gem_uma_vm *vm, struct drm_gpuva *va,
				       struct list_head *dead)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct drm_gem_object *obj = va->gem.obj;

	drm_gpuvm_resv_assert_held(&vm->base);
	mutex_lock(&vm->op_lock);
	gem_uma_vm_fail(vm, gem_uma_vm_unmap_whole(vm, va));
	if (!to_gem_uma_va(va)->evicted)
		vm->unmaps++;
	mutex_unlock(&vm->op_lock);

	/* The vm_bo may hold the last reference of the object, whose resv is held. */
	if (obj)
		drm_gem_object_get(obj);
	mutex_lock(&vm->tree_lock);
	drm_gpuva_remove(va);
	mutex_unlock(&vm->tree_lock);
	gem_uma_va_unlink(to_gem_uma_va(va));
	list_add(&to_gem_uma_va(va)->link, dead);
	if (obj)
		vm->ops->changed(obj);
}

static int gem_uma_vm_lock_one(struct gem_uma_vm_exec *lock, void *data)
{
	return gem_uma_vm_lock_obj(lock, data);
}

static void gem_uma_vm_wait_unmap_va(struct gem_uma_vm *vm, struct drm_gpuva *va,
				     struct list_head *dead)
{
	struct gem_uma_vm_exec lock;

	/* All that can fail is an allocation of a few bytes. */
	while (gem_uma_vm_lock(&lock, vm, false, 0, gem_uma_vm_lock_one, va->gem.obj))
		cond_resched();
	drm_gpuvm_resv_assert_held(&vm->base);
	gem_uma_vm_unmap_va_locked(vm, va, dead);
	gem_uma_vm_unlock(&lock);
}

static bool gem_uma_vm_try_unmap_va(struct gem_uma_vm *vm, struct drm_gpuva *va,
				    struct list_head *dead)
	__context_unsafe("two resvs, or one twice")
{
	struct dma_resv *vm_resv = drm_gpuvm_resv(&vm->base), *resv = va->gem.obj->resv;
	bool locked;

	if (!dma_resv_trylock(vm_resv))
		return false;
	locked = resv == vm_resv || dma_resv_trylock(resv);
	if (locked)
		gem_uma_vm_unmap_va_locked(vm, va, dead);
	if (locked && resv != vm_resv)
		dma_resv_unlock(resv);
	dma_resv_unlock(vm_resv);
	return locked;
}

/**
 * gem_uma_vm_unmap_va() - remove the va of an object from a VM
 * @vm: VM, of which the caller has a reference
 * @va: va that nobody else removes; the caller has a reference of its object
 * @wait: wait for resvs, and succeed
 *
 * Context: may sleep; takes or tries resvs.
 *
 * Return: false if @wait is false and a resv was locked; then nothing was changed.
 */
bool gem_uma_vm_unmap_va(struct gem_uma_vm *vm, struct drm_gpuva *va, bool wait)
{
	bool done = true;
	LIST_HEAD(dead);

	if (wait)
		gem_uma_vm_wait_unmap_va(vm, va, &dead);
	else
		done = gem_uma_vm_try_unmap_va(vm, va, &dead);
	gem_uma_vm_free_dead(&dead);
	return done;
}

/* The first va; NULL if there is none. */
static int gem_uma_vm_lock_first(struct gem_uma_vm_exec *lock, void *data)
{
	struct drm_gpuvm *gpuvm = &lock->vm->base;
	struct drm_gpuva **va = data;

	*va = drm_gpuva_find_first(gpuvm, gpuvm->mm_start, gpuvm->mm_range);
	return *va && (*va)->gem.obj ? gem_uma_vm_lock_obj(lock, (*va)->gem.obj) : 0;
}

/* One va at a time, so that the objects are locked one at a time. */
static void gem_uma_vm_unmap_all(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_exec lock;
	struct drm_gpuva *va;
	LIST_HEAD(dead);

	do {
		while (gem_uma_vm_lock(&lock, vm, false, 0, gem_uma_vm_lock_first, &va))
			cond_resched();
		drm_gpuvm_resv_assert_held(&vm->base);
		if (va)
			gem_uma_vm_unmap_va_locked(vm, va, &dead);
		gem_uma_vm_unlock(&lock);
		gem_uma_vm_free_dead(&dead);
	} while (va);
}

/**
 * gem_uma_vm_active_get_locked() - keep what a job needs mapped
 * @vm: VM
 *
 * Context: resv of the VM held.
 *
 * Return: 0; -ENOENT if it was closed; -EIO if it is unusable.
 */
int gem_uma_vm_active_get_locked(struct gem_uma_vm *vm)
{
	drm_gpuvm_resv_assert_held(&vm->base);
	if (vm->closed)
		return -ENOENT;
	if (READ_ONCE(vm->error))
		return -EIO;
	atomic_inc(&vm->active);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_active_get_locked);

/**
 * gem_uma_vm_active_put() - end what gem_uma_vm_active_get_locked() began
 * @vm: VM, of which the caller has a reference
 *
 * The last call unmaps everything.
 *
 * Context: may sleep; takes resvs. Not for what fences wait for.
 */
void gem_uma_vm_active_put(struct gem_uma_vm *vm)
{
	if (atomic_dec_and_test(&vm->active))
		gem_uma_vm_unmap_all(vm);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_active_put);

/**
 * gem_uma_vm_close() - the owner does not need it any more
 * @vm: VM, which no lookup finds any more; the owner's reference is dropped
 *
 * Binds on the queue and jobs in flight are finished; then everything is unmapped.
 *
 * Context: may sleep; takes resvs.
 */
void gem_uma_vm_close(struct gem_uma_vm *vm)
{
	dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
	WRITE_ONCE(vm->closed, true);
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));

	if (vm->hooks)
		vm->hooks->close(vm);
	gem_uma_vm_active_put(vm);
	gem_uma_vm_put(vm);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_close);
