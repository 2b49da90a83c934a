// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: reading ahead what was evicted.
 *
 * Owns nothing. Locks: resvs of the VM and of its objects, held by whoever validates.
 * Neighbour: validation, in gem_uma_vm.c.
 */
#include <linux/dma-resv.h>
#include <linux/sizes.h>

#include "gem_uma_vm_internal.h"

/* How far ahead, in objects and in bytes: what is read too early is evicted again. */
#define GEM_UMA_VM_PREFETCH_OBJECTS	32
#define GEM_UMA_VM_PREFETCH_BYTES	SZ_64M

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

/**
 * gem_uma_vm_prefetch_locked() - have others read what validation comes to last
 * @vm: VM
 *
 * Validation goes through the evicted list from its start, and the first is its own at
 * once; helpers begin at the end.
 *
 * Context: resvs of the VM and of all its objects held; may sleep and reclaim.
 */
void gem_uma_vm_prefetch_locked(struct gem_uma_vm *vm)
{
	struct list_head *evicted = &vm->base.evict.list;
	struct gem_uma_vm_ahead ahead = {};
	struct drm_gpuvm_bo *vm_bo;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (!vm->ops->prefetch)
		return;
	/* With all resvs held, nobody else changes the list. */
	list_for_each_entry_reverse(vm_bo, evicted, list.entry.evict) {
		if (list_is_first(&vm_bo->list.entry.evict, evicted) ||
		    !gem_uma_vm_bo_prefetch_locked(&ahead, vm_bo))
			break;
	}
}
