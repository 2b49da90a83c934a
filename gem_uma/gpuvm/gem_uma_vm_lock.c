// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: locking a VM together with objects.
 *
 * Locks: resv of the VM, then those of objects, by one ticket. Neighbours: everything that
 * locks more than one of them, drivers included.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/freezer.h>
#include <linux/sched/signal.h>

#include <drm/drm_print.h>

#include "gem_uma_vm_types.h"

/**
 * DOC: Locking a VM and its objects
 *
 * Which objects are mapped is known only while the VM is locked. When an object is
 * contended, everything is unlocked, and drm_exec locks that object first in the next
 * round, before the VM. By then it may be mapped no more. drm_exec would unlock it again
 * at the end, which is right as long as nobody else relies on its resv.
 *
 * But two objects can share one: two imports of the same dma-buf do. The second is taken
 * for locked, as its resv is, and at the end drm_exec unlocks it. So the object that was
 * contended is always locked for good, and stays referenced until all is unlocked: nothing
 * else may hold it, and freeing an import locks its resv.
 */

/* First the VM, which says what is mapped; then the object that drm_exec holds already. */
static int gem_uma_vm_lock_begin(struct gem_uma_vm_exec *lock)
{
	struct drm_exec *exec = &lock->exec;
	int ret;

	/* It was contended in the last round. Nothing is locked here. */
	drm_gem_object_put(lock->contended);
	lock->contended = NULL;
	ret = drm_gpuvm_prepare_vm(&lock->vm->base, exec, lock->fences);
	if (ret || !exec->prelocked)
		return ret;
	lock->contended = exec->prelocked;
	drm_gem_object_get(lock->contended);
	return gem_uma_vm_lock_obj(lock, lock->contended);
}

/*
 * Whoever has thousands of objects takes long for them. Other signals end a wait only: a
 * timer of the task would make it begin again for ever.
 */
static bool gem_uma_vm_lock_killed(const struct gem_uma_vm_exec *lock)
{
	return lock->exec.flags & DRM_EXEC_INTERRUPTIBLE_WAIT &&
	       (fatal_signal_pending(current) || freezing(current));
}

/**
 * gem_uma_vm_lock() - lock a VM and objects
 * @lock: uninitialised; to be unlocked by gem_uma_vm_unlock() if it succeeds
 * @vm: VM
 * @interruptible: signals end a wait, SIGKILL and the freezer all of it
 * @fences: room for so many is made in each resv; may be 0
 * @objects: calls gem_uma_vm_lock_obj() for each object, and passes its errors on. Called
 *	with the VM locked, and again when something was contended
 * @data: for @objects
 *
 * Context: may sleep and reclaim; no resv held.
 *
 * Return: 0, with nothing contended; -ENOMEM; -EINTR; or what @objects returned.
 */
int gem_uma_vm_lock(struct gem_uma_vm_exec *lock, struct gem_uma_vm *vm, bool interruptible,
		    unsigned int fences,
		    int (*objects)(struct gem_uma_vm_exec *lock, void *data), void *data)
{
	u32 flags = DRM_EXEC_IGNORE_DUPLICATES;
	int ret = 0;

	lock->vm = vm;
	lock->fences = fences;
	lock->contended = NULL;
	lock->locked = false;
	drm_exec_init(&lock->exec, flags | (interruptible ? DRM_EXEC_INTERRUPTIBLE_WAIT : 0), 0);
	drm_exec_until_all_locked(&lock->exec) {
		ret = gem_uma_vm_lock_begin(lock);
		if (!ret)
			ret = objects(lock, data);
		drm_exec_retry_on_contention(&lock->exec);
		if (ret)
			break;
	}
	lock->locked = true;
	/* Now each of them has to be locked by our ticket. */
	if (IS_ENABLED(CONFIG_PROVE_LOCKING) && !ret)
		ret = objects(lock, data);
	if (ret)
		gem_uma_vm_unlock(lock);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_lock);

/**
 * gem_uma_vm_lock_obj() - lock an object, beside the VM
 * @lock: being locked
 * @obj: object; nothing is done if it was locked before
 *
 * Context: called by the function that was given to gem_uma_vm_lock().
 *
 * Return: 0, -EDEADLK, -EINTR or -ENOMEM, all to be passed on.
 */
int gem_uma_vm_lock_obj(struct gem_uma_vm_exec *lock, struct drm_gem_object *obj)
{
	if (gem_uma_vm_is_private(lock->vm, obj))
		return 0;
	/* dma_resv_assert_held() cannot tell: to lockdep all resvs of a ticket are one lock. */
	if (lock->locked) {
		drm_WARN_ON_ONCE(obj->dev, dma_resv_locking_ctx(obj->resv) !=
				 &lock->exec.ticket);
		return 0;
	}
	if (gem_uma_vm_lock_killed(lock))
		return -EINTR;
	if (!lock->fences)
		return drm_exec_lock_obj(&lock->exec, obj);
	return drm_exec_prepare_obj(&lock->exec, obj, lock->fences);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_lock_obj);

static int gem_uma_vm_lock_each(struct gem_uma_vm_exec *lock, void *data)
{
	struct gem_uma_vm_bo *vm_bo;
	int ret = 0;

	list_for_each_entry(vm_bo, &lock->vm->bos, link) {
		ret = gem_uma_vm_lock_obj(lock, vm_bo->base.obj);
		if (ret)
			break;
	}
	return ret;
}

/**
 * gem_uma_vm_lock_all() - lock a VM and all objects that are mapped in it
 * @lock: as for gem_uma_vm_lock()
 * @vm: VM
 * @fences: same
 *
 * Context: may sleep and reclaim; no resv held.
 *
 * Return: 0, -ENOMEM or -EINTR.
 */
int gem_uma_vm_lock_all(struct gem_uma_vm_exec *lock, struct gem_uma_vm *vm,
			unsigned int fences)
{
	return gem_uma_vm_lock(lock, vm, true, fences, gem_uma_vm_lock_each, NULL);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_lock_all);

/**
 * gem_uma_vm_unlock() - unlock a VM and its objects
 * @lock: locked
 *
 * Context: may free an object.
 */
void gem_uma_vm_unlock(struct gem_uma_vm_exec *lock)
{
	drm_exec_fini(&lock->exec);
	drm_gem_object_put(lock->contended);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_unlock);
