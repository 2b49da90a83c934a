// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: what is mapped, made resident; and what is evicted, unmapped.
 *
 * Locks: resvs of the VM and of its objects for validation; resv of one object for
 * eviction, which tries op_lock. Neighbours: bind and queue, which map.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/sizes.h>

#include <drm/drm_exec.h>

#include "gem_uma_vm_types.h"

/**
 * DOC: Eviction and binds
 *
 * An object that a bind maps, or unmaps, carries the fence of the bind until the page
 * tables were written, and reclaim does not touch objects with fences. So:
 *
 * - An object cannot be evicted between a bind and its execution: the addresses that the
 *   bind has copied stay valid, and the entries that it is going to clear stay backed.
 * - When an object is evicted, the tree and the page tables agree on where it is mapped.
 * - An object that is not resident when it is bound gets no entries then. It goes to the
 *   evicted list, and the next validation, for a job, brings it back.
 * - Validation writes page tables like a bind does, after binds that are still waiting.
 *   The job has to wait for it. It does so only if something had to be brought back.
 * - A va that is cut or replaced by a later bind is as evicted, or as present, as the tree
 *   says at that time; the queue keeps the order, so the page tables will agree.
 */

/* How much is read ahead, in objects and bytes: what comes too early is evicted again. */
#define GEM_UMA_VM_PREFETCH_OBJECTS	32
#define GEM_UMA_VM_PREFETCH_BYTES	SZ_64M

/* Restores one va. The step for the page tables goes to the bind that collects them. */
static int gem_uma_va_restore_locked(struct gem_uma_vm *vm, struct gem_uma_va *va)
	__must_hold(va->base.gem.obj->resv)
{
	struct drm_gem_object *obj = va->base.gem.obj;
	u64 offset = va->base.gem.offset, range = va->base.va.range;
	struct gem_uma_vm_step *step;
	int ret;

	dma_resv_assert_held(va->base.gem.obj->resv);
	ret = vm->ops->populate(obj, offset, range, gem_uma_vm_dir(va->prot));
	if (ret)
		return ret;
	step = gem_uma_vm_bind_add_step(vm->rebind, va->base.va.addr, range);
	if (!step)
		return -ENOMEM;
	ret = gem_uma_vm_step_memory_locked(vm, step, obj, offset, va->prot);
	if (!ret)
		ret = gem_uma_vm_step_tables(vm, step, false);
	if (ret) {
		/* With nothing to map and nothing to clear, the step does nothing. */
		step->nr_pieces = 0;
		return ret;
	}
	va->evicted = false;
	to_gem_uma_vm_bo(va->base.vm_bo)->live++;
	return 0;
}

/**
 * gem_uma_vm_bo_restore_locked() - bring back an object where it is mapped in one VM
 * @vm_bo: the object in the VM
 *
 * On failure it stays evicted, and the next call skips what is done.
 *
 * Context: resv of the object held, between gem_uma_vm_rebind_begin_locked() and
 * gem_uma_vm_rebind_end_locked(); may sleep, reclaim and do I/O.
 *
 * Return: 0, -ENOMEM, or as &gem_uma_vm_ops.populate and &gem_uma_vm_ops.run.
 */
int gem_uma_vm_bo_restore_locked(struct drm_gpuvm_bo *vm_bo)
{
	struct gem_uma_vm *vm = to_gem_uma_vm(vm_bo->vm);
	struct drm_gpuva *va;
	int ret = 0;

	dma_resv_assert_held(vm_bo->obj->resv);
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (!to_gem_uma_va(va)->evicted)
			continue;
		ret = gem_uma_va_restore_locked(vm, to_gem_uma_va(va));
		if (ret)
			break;
	}
	if (!ret)
		drm_gpuvm_bo_evict(vm_bo, false);
	vm->ops->changed(vm_bo->obj);
	return ret;
}

/**
 * gem_uma_vm_bo_prefetch_locked() - have others read an evicted object
 * @ahead: what was asked for so far; starts with all zeroes
 * @vm_bo: the object in its VM, whose driver can prefetch
 *
 * Context: resv of the object held; may sleep and reclaim.
 *
 * Return: false if enough was asked for: then nothing was done.
 */
bool gem_uma_vm_bo_prefetch_locked(struct gem_uma_vm_ahead *ahead, struct drm_gpuvm_bo *vm_bo)
{
	struct gem_uma_vm *vm = to_gem_uma_vm(vm_bo->vm);
	struct drm_gpuva *va;

	dma_resv_assert_held(vm_bo->obj->resv);
	if (ahead->objects++ == GEM_UMA_VM_PREFETCH_OBJECTS ||
	    ahead->bytes >= GEM_UMA_VM_PREFETCH_BYTES)
		return false;
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		u64 range = min_t(u64, va->va.range, GEM_UMA_VM_PREFETCH_BYTES - ahead->bytes);

		if (!range || !to_gem_uma_va(va)->evicted)
			continue;
		vm->ops->prefetch(vm_bo->obj, va->gem.offset, range);
		ahead->bytes += range;
	}
	return true;
}

/*
 * Helpers read what validation comes to last. Validation goes through the evicted list from
 * its start, and helpers begin at the end.
 */
static void gem_uma_vm_prefetch_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct list_head *evicted = &vm->base.evict.list;
	struct gem_uma_vm_ahead ahead = {};
	struct drm_gpuvm_bo *vm_bo;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (!vm->ops->prefetch)
		return;
	list_for_each_entry_reverse(vm_bo, evicted, list.entry.evict) {
		if (list_is_first(&vm_bo->list.entry.evict, evicted) ||
		    !gem_uma_vm_bo_prefetch_locked(&ahead, vm_bo))
			break;
	}
}

/**
 * gem_uma_vm_rebind_begin_locked() - get ready to collect what has to be mapped again
 * @vm: VM
 *
 * Context: resv of the VM held; may sleep and reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_vm_rebind_begin_locked(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_bind *rebind;
	int ret = 0;

	drm_gpuvm_resv_assert_held(&vm->base);
	rebind = gem_uma_vm_bind_alloc(vm, GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL |
				       __GFP_NOWARN);
	if (!rebind)
		return -ENOMEM;
	/* It can only become idle, not busy, while the resv is held. */
	if (!gem_uma_vm_queue_idle(vm))
		ret = gem_uma_vm_bind_alloc_fence(rebind);
	if (ret)
		gem_uma_vm_bind_destroy(rebind);
	else
		vm->rebind = rebind;
	return ret;
}

/**
 * gem_uma_vm_rebind_end_locked() - have what was collected mapped
 * @vm: VM
 * @exec: locks the VM and all its objects; room for one fence in each
 * @ret: of the validation; also after a failure, vas that were restored count as such
 * @fence: result, with a reference: a job has to wait for it; NULL if for nothing
 *
 * Context: resv of the VM held.
 *
 * Return: @ret, or, if that is 0, -EIO if the page tables could not be written.
 */
int gem_uma_vm_rebind_end_locked(struct gem_uma_vm *vm, struct drm_exec *exec, int ret,
				 struct dma_fence **fence)
{
	struct gem_uma_vm_bind *rebind = vm->rebind;

	drm_gpuvm_resv_assert_held(&vm->base);
	vm->rebind = NULL;
	gem_uma_vm_bind_finish_locked(rebind, exec, fence);
	if (!*fence) {
		ret = ret ?: rebind->error;
		gem_uma_vm_bind_destroy(rebind);
	} else {
		dma_fence_put(vm->rebound);
		vm->rebound = dma_fence_get(*fence);
	}
	if (ret) {
		dma_fence_put(*fence);
		*fence = NULL;
	}
	return ret;
}

/**
 * gem_uma_vm_rebound_locked() - find out what is left to wait for if nothing is evicted
 * @vm: VM
 * @fence: result, with a reference: what others had mapped again, or a call that failed
 *	after that; NULL if it is done
 *
 * Context: resv of the VM held.
 *
 * Return: 0, or -EIO if the VM is unusable.
 */
int gem_uma_vm_rebound_locked(struct gem_uma_vm *vm, struct dma_fence **fence)
{
	drm_gpuvm_resv_assert_held(&vm->base);
	*fence = NULL;
	if (READ_ONCE(vm->error))
		return -EIO;
	if (vm->rebound && !dma_fence_is_signaled(vm->rebound))
		*fence = dma_fence_get(vm->rebound);
	return 0;
}

/**
 * gem_uma_vm_validate_locked() - make resident all that is mapped
 * @vm: VM
 * @exec: locks the VM and all its objects; room for one fence in each
 * @fence: result, with a reference: a job has to wait for it; NULL if for nothing
 *
 * On failure, what was made resident stays so, and the call can be repeated.
 *
 * Context: resvs held; may sleep, reclaim and do I/O.
 *
 * Return: 0; -ENOMEM; -EIO if the VM is unusable; as &gem_uma_vm_ops.populate.
 */
int gem_uma_vm_validate_locked(struct gem_uma_vm *vm, struct drm_exec *exec,
			       struct dma_fence **fence)
{
	struct drm_gpuvm_bo *vm_bo, *next;
	int ret;

	drm_gpuvm_resv_assert_held(&vm->base);
	*fence = NULL;
	if (list_empty(&vm->base.evict.list))
		return gem_uma_vm_rebound_locked(vm, fence);

	ret = gem_uma_vm_rebind_begin_locked(vm);
	if (ret)
		return ret;
	gem_uma_vm_prefetch_locked(vm);
	/* With all resvs held, only restoring changes the list. */
	list_for_each_entry_safe(vm_bo, next, &vm->base.evict.list, list.entry.evict) {
		ret = gem_uma_vm_bo_restore_locked(vm_bo);
		if (ret)
			break;
	}
	return gem_uma_vm_rebind_end_locked(vm, exec, ret, fence);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_validate_locked);

/**
 * gem_uma_vm_is_evicted_locked() - has validation to bring back one of certain objects?
 * @vm: VM
 * @which: which objects
 *
 * Context: resvs of the VM and all its objects held; does not sleep.
 *
 * Return: true if gem_uma_vm_validate_locked() would write page tables for one.
 */
bool gem_uma_vm_is_evicted_locked(struct gem_uma_vm *vm, bool (*which)(struct drm_gem_object *obj))
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gpuvm_resv_assert_held(&vm->base);
	list_for_each_entry(vm_bo, &vm->base.evict.list, list.entry.evict)
		if (which(vm_bo->obj))
			return true;
	return false;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_is_evicted_locked);

/* From the first live va to the last: one flush is for all of them. */
static struct gem_uma_vm_range gem_uma_vm_bo_span_locked(struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv)
{
	struct gem_uma_vm_range span = { .start = U64_MAX };
	struct drm_gpuva *va;

	dma_resv_assert_held(vm_bo->obj->resv);
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (to_gem_uma_va(va)->evicted)
			continue;
		span.start = min(span.start, va->va.addr);
		span.end = max(span.end, va->va.addr + va->va.range);
	}
	return span;
}

static int gem_uma_vm_bo_clear_live_locked(struct gem_uma_vm *vm, struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv)
{
	struct drm_gpuva *va;
	int ret;

	dma_resv_assert_held(vm_bo->obj->resv);
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (to_gem_uma_va(va)->evicted)
			continue;
		ret = vm->ops->unmap(vm, va->va.addr, va->va.range, NULL);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/*
 * Clear the entries of all live vas, under op_lock. They are live until the flush: the
 * device may still reach the pages, so after a failure the pages stay. -EBUSY: nothing was done.
 */
static int gem_uma_vm_bo_unmap_live_locked(struct gem_uma_vm *vm, struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv)
{
	struct gem_uma_vm_range span = gem_uma_vm_bo_span_locked(vm_bo);
	u64 len = span.end - span.start;
	struct drm_gpuva *va;
	int ret, ended;

	dma_resv_assert_held(vm_bo->obj->resv);
	if (gem_uma_vm_begin(vm, span.start, len, false))
		return -EBUSY;
	ret = gem_uma_vm_bo_clear_live_locked(vm, vm_bo);
	ended = gem_uma_vm_end(vm, span.start, len);
	ret = ret ?: ended;
	if (ret) {
		gem_uma_vm_fail(vm, ret);
		return -EIO;
	}
	drm_gpuvm_bo_for_each_va(va, vm_bo)
		to_gem_uma_va(va)->evicted = true;
	vm->unmaps += to_gem_uma_vm_bo(vm_bo)->live;
	to_gem_uma_vm_bo(vm_bo)->live = 0;
	return 0;
}

/*
 * All vas are looked at, also those of an evicted vm_bo: one that was mapped after the
 * eviction, while the pages were back, is live (panthor-14).
 */
static int gem_uma_vm_bo_evict_one_locked(struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv)
{
	struct gem_uma_vm *vm = to_gem_uma_vm(vm_bo->vm);
	int ret;

	dma_resv_assert_held(vm_bo->obj->resv);
	if (!to_gem_uma_vm_bo(vm_bo)->live)
		return 0;
	if (!mutex_trylock(&vm->op_lock))
		return -EBUSY;
	ret = gem_uma_vm_bo_unmap_live_locked(vm, vm_bo);
	mutex_unlock(&vm->op_lock);

	/* Twice would disturb the lists of gpuvm (panthor-15). */
	if (ret != -EBUSY && !vm_bo->evicted)
		drm_gpuvm_bo_evict(vm_bo, true);
	return ret;
}

/**
 * gem_uma_vm_bo_evict_locked() - take an object away from all VMs
 * @obj: object, all of whose fences are signalled
 *
 * Context: resv of @obj held, maybe inside of memory reclaim: does not allocate, sleeps on
 * no lock, drops no reference.
 *
 * Return: 0; -EBUSY if page tables, or the device, were in use; -EIO if they could not be
 * written, and a VM is unusable. What was done so far stays, and the call can be repeated.
 */
int gem_uma_vm_bo_evict_locked(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	dma_resv_assert_held(obj->resv);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		ret = gem_uma_vm_bo_evict_one_locked(vm_bo);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bo_evict_locked);

/**
 * gem_uma_vm_bo_vms_locked() - count the VMs that have an object mapped
 * @obj: object
 *
 * It stops at the second: more make no difference to reclaim.
 *
 * Context: resv of @obj held.
 *
 * Return: 0, 1, or 2 for several.
 */
unsigned int gem_uma_vm_bo_vms_locked(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	unsigned int vms = 0;

	dma_resv_assert_held(obj->resv);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj)
		if (to_gem_uma_vm_bo(vm_bo)->live && ++vms == 2)
			break;
	return vms;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bo_vms_locked);
