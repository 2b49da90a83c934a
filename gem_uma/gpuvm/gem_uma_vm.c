// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: their life, and making what is mapped in them resident.
 *
 * Owns the VM and what eviction and validation do to it. Locks: resv of the VM for the
 * tree, resv of an object for the list of its vm_bos and their vas, op_lock for the page
 * tables. Neighbours: bind, tree and queue; nothing of the library besides.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>

#include "gem_uma_vm_internal.h"

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
 * Users keep a VM open: its owner, jobs, and binds on the queue. When the last is gone,
 * everything is unmapped, one va at a time.
 */

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

/* A VM's dummy, in a form that goes with the device's driver at the latest. */
struct gem_uma_vm_dummy {
	/* Of the VM; addresses are used again, also by a driver that is bound anew. */
	u64 id;
	struct page *page;
	unsigned int order;
	dma_addr_t addr;
};

static void gem_uma_vm_dummy_release(struct device *dev, void *res)
{
	struct gem_uma_vm_dummy *dummy = res;

	dma_unmap_page(dev, dummy->addr, PAGE_SIZE << dummy->order, DMA_BIDIRECTIONAL);
	__free_pages(dummy->page, dummy->order);
}

static int gem_uma_vm_dummy_match(struct device *dev, void *res, void *data)
{
	struct gem_uma_vm_dummy *dummy = res;

	return dummy->id == *(u64 *)data;
}

/* Leaves of the dummy's size need its address to be aligned like them. */
static int gem_uma_vm_dummy_alloc(struct device *dev, struct gem_uma_vm_dummy *dummy,
				  unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_COMP | __GFP_NOWARN;
	size_t size = PAGE_SIZE << order;

	if (order)
		gfp |= __GFP_NORETRY;
	dummy->order = order;
	dummy->page = alloc_pages(gfp, order);
	if (!dummy->page)
		return -ENOMEM;
	dummy->addr = dma_map_page(dev, dummy->page, 0, size, DMA_BIDIRECTIONAL);
	if (!dma_mapping_error(dev, dummy->addr)) {
		if (IS_ALIGNED(dummy->addr, size))
			return 0;
		dma_unmap_page(dev, dummy->addr, size, DMA_BIDIRECTIONAL);
	}
	__free_pages(dummy->page, order);
	return -EIO;
}

/* As large as the largest leaf that can be had. */
static int gem_uma_vm_dummy_alloc_any(struct device *dev, struct gem_uma_vm_dummy *dummy,
				      u64 leaves)
{
	unsigned int order;
	int ret = -ENOMEM;

	for (; leaves && ret; leaves &= ~rounddown_pow_of_two(leaves)) {
		order = get_order(rounddown_pow_of_two(leaves));
		if (order <= MAX_PAGE_ORDER)
			ret = gem_uma_vm_dummy_alloc(dev, dummy, order);
	}
	return ret;
}

/**
 * gem_uma_vm_dummy_locked() - get the memory behind sparse ranges
 * @vm: VM
 *
 * As large as the largest leaf, if that can be had. It belongs to one VM only, or jobs
 * could read what those of others wrote; it is neither reclaimed nor counted with objects.
 *
 * Context: resv of the VM held; may sleep and reclaim.
 *
 * Return: 0, -ENOMEM, or -EIO if the device cannot reach it.
 */
int gem_uma_vm_dummy_locked(struct gem_uma_vm *vm)
{
	struct device *dev = drm_dev_dma_dev(vm->base.drm);
	struct gem_uma_vm_dummy *dummy;
	int ret;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (vm->dummy)
		return 0;
	dummy = devres_alloc(gem_uma_vm_dummy_release, sizeof(*dummy), GFP_KERNEL);
	if (!dummy)
		return -ENOMEM;
	ret = gem_uma_vm_dummy_alloc_any(dev, dummy, vm->geometry->leaves);
	if (ret) {
		devres_free(dummy);
		return ret;
	}
	dummy->id = vm->fence_context;
	vm->dummy_order = dummy->order;
	vm->dummy_addr = dummy->addr;
	vm->dummy = dummy->page;
	devres_add(dev, dummy);
	return 0;
}

static void gem_uma_vm_free(struct drm_gpuvm *gpuvm)
{
	struct gem_uma_vm *vm = to_gem_uma_vm(gpuvm);

	gem_uma_vm_queue_fini(vm);
	/* Fails if the driver was unbound: then it is gone. */
	if (vm->dummy)
		devres_release(drm_dev_dma_dev(gpuvm->drm), gem_uma_vm_dummy_release,
			       gem_uma_vm_dummy_match, &vm->fence_context);
	dma_fence_put(vm->rebound);
	if (vm->legacy)
		gem_uma_vm_legacy_fini(vm->legacy);
	mutex_destroy(&vm->op_lock);
	vm->ops->free(vm);
}

static struct drm_gpuvm_bo *gem_uma_vm_bo_alloc(void)
{
	struct gem_uma_vm_bo *vm_bo = kzalloc(sizeof(*vm_bo), GFP_KERNEL_ACCOUNT);

	return vm_bo ? &vm_bo->base : NULL;
}

static void gem_uma_vm_bo_free(struct drm_gpuvm_bo *vm_bo)
{
	dma_fence_put(to_gem_uma_vm_bo(vm_bo)->last_write);
	kfree(to_gem_uma_vm_bo(vm_bo));
}

/* Bring back one va; what it needs for the page tables goes to the collecting bind. */
static int gem_uma_va_restore_locked(struct gem_uma_vm *vm, struct gem_uma_va *va)
	__must_hold(va->base.gem.obj->resv)
{
	struct drm_gem_object *obj = va->base.gem.obj;
	u64 offset = va->base.gem.offset, range = va->base.va.range;
	struct gem_uma_vm_step *step;
	int ret;

	dma_resv_assert_held(va->base.gem.obj->resv);
	ret = vm->ops->populate(obj, offset, range);
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
	if (!(va->prot & GEM_UMA_VM_READONLY))
		vm->ops->wrote(obj, offset, range);
	va->evicted = false;
	to_gem_uma_vm_bo(va->base.vm_bo)->live++;
	return 0;
}

/* On failure the vm_bo stays in the list, and the next try skips what is done. */
int gem_uma_vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
{
	struct gem_uma_vm *vm = to_gem_uma_vm(vm_bo->vm);
	struct drm_gpuva *va;
	int ret = 0;

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

static const struct drm_gpuvm_ops gem_uma_vm_gpuvm_ops = {
	.vm_free = gem_uma_vm_free,
	.vm_bo_alloc = gem_uma_vm_bo_alloc,
	.vm_bo_free = gem_uma_vm_bo_free,
	.vm_bo_validate = gem_uma_vm_bo_validate,
	.sm_step_map = gem_uma_vm_step_map,
	.sm_step_remap = gem_uma_vm_step_remap,
	.sm_step_unmap = gem_uma_vm_step_unmap,
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
 * The caller has one reference and is one user; gem_uma_vm_close() drops both. On failure
 * nothing is left, and &gem_uma_vm_ops.free is not called.
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
	atomic_set(&vm->users, 1);
	mutex_init(&vm->op_lock);
	gem_uma_vm_queue_init(vm);
	drm_gpuvm_init(&vm->base, name, 0, drm, r_obj, start, end - start, 0, 0,
		       &gem_uma_vm_gpuvm_ops);
	/* drm_gpuvm_init() took its own. */
	drm_gem_object_put(r_obj);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_init);

/* Free vas that are in no tree, with the references that they hold. */
void gem_uma_vm_free_dead(struct list_head *dead)
{
	struct gem_uma_va *va, *next;

	list_for_each_entry_safe(va, next, dead, link) {
		if (va->base.gem.obj)
			drm_gem_object_put(va->base.gem.obj);
		kfree(va);
	}
	INIT_LIST_HEAD(dead);
}

/* The first va, with its object and the VM locked; NULL if there is none. */
static struct drm_gpuva *gem_uma_vm_lock_first(struct gem_uma_vm *vm, struct drm_exec *exec)
{
	struct drm_gpuva *va = NULL;
	int ret;

	drm_exec_init(exec, DRM_EXEC_IGNORE_DUPLICATES, 2);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(&vm->base, exec, 0);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
		va = drm_gpuva_find_first(&vm->base, vm->base.mm_start, vm->base.mm_range);
		if (!va || !va->gem.obj)
			break;
		ret = drm_exec_lock_obj(exec, va->gem.obj);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret ? ERR_PTR(ret) : va;
}

/* Under op_lock. Vas have leaves of their own, so none is cut. */
static int gem_uma_vm_unmap_whole(struct gem_uma_vm *vm, struct drm_gpuva *va)
{
	int ret = vm->ops->unmap(vm, va->va.addr, va->va.range, NULL);

	if (!ret && vm->ops->flush)
		ret = vm->ops->flush(vm, va->va.addr, va->va.range);
	return ret;
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
	drm_gpuva_remove(va);
	gem_uma_va_unlink(to_gem_uma_va(va));
	list_add(&to_gem_uma_va(va)->link, dead);
	if (obj)
		vm->ops->changed(obj);
}

/* The VM and an object; false if there was no memory for it. */
static bool gem_uma_vm_lock_obj(struct gem_uma_vm *vm, struct drm_gem_object *obj,
				struct drm_exec *exec)
{
	int ret;

	drm_exec_init(exec, DRM_EXEC_IGNORE_DUPLICATES, 2);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(&vm->base, exec, 0);
		if (!ret)
			ret = drm_exec_lock_obj(exec, obj);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return !ret;
}

/**
 * gem_uma_vm_unmap_va() - take a va of an object out of the VM; does not fail
 * @vm: VM, of which the caller has a reference
 * @va: va that nobody else removes; the caller has a reference of its object
 *
 * Context: may sleep; takes resvs.
 */
void gem_uma_vm_unmap_va(struct gem_uma_vm *vm, struct drm_gpuva *va)
{
	struct drm_exec exec;
	LIST_HEAD(dead);

	do {
		if (gem_uma_vm_lock_obj(vm, va->gem.obj, &exec)) {
			drm_gpuvm_resv_assert_held(&vm->base);
			gem_uma_vm_unmap_va_locked(vm, va, &dead);
		}
		drm_exec_fini(&exec);
		/* As below. */
		cond_resched();
	} while (list_empty(&dead));
	gem_uma_vm_free_dead(&dead);
}

/* One va at a time, so that the objects are locked one at a time. */
static void gem_uma_vm_unmap_all(struct gem_uma_vm *vm)
{
	struct drm_gpuva *va;
	struct drm_exec exec;
	LIST_HEAD(dead);

	do {
		va = gem_uma_vm_lock_first(vm, &exec);
		if (!IS_ERR_OR_NULL(va)) {
			drm_gpuvm_resv_assert_held(&vm->base);
			gem_uma_vm_unmap_va_locked(vm, va, &dead);
		}
		drm_exec_fini(&exec);
		gem_uma_vm_free_dead(&dead);
		/* An error is -ENOMEM for a few bytes: this has to go on. */
		cond_resched();
	} while (va);
}

/**
 * gem_uma_vm_use_locked() - keep a VM open, for a job
 * @vm: VM
 *
 * Context: resv of the VM held.
 *
 * Return: 0; -ENOENT if it was closed; -EIO if it is unusable.
 */
int gem_uma_vm_use_locked(struct gem_uma_vm *vm)
{
	drm_gpuvm_resv_assert_held(&vm->base);
	if (vm->closed)
		return -ENOENT;
	if (READ_ONCE(vm->error))
		return -EIO;
	atomic_inc(&vm->users);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_use_locked);

/**
 * gem_uma_vm_unuse() - end what gem_uma_vm_use_locked() began
 * @vm: VM, of which the caller has a reference
 *
 * Context: may sleep; takes resvs if it was the last user. Not for what fences wait for.
 */
void gem_uma_vm_unuse(struct gem_uma_vm *vm)
{
	if (atomic_dec_and_test(&vm->users))
		gem_uma_vm_unmap_all(vm);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_unuse);

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
	vm->closed = true;
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));

	if (vm->legacy)
		gem_uma_vm_legacy_close(vm->legacy);
	gem_uma_vm_unuse(vm);
	gem_uma_vm_put(vm);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_close);

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
	rebind = gem_uma_vm_bind_alloc(vm, GFP_KERNEL_ACCOUNT);
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
	int ret;

	drm_gpuvm_resv_assert_held(&vm->base);
	*fence = NULL;
	if (list_empty(&vm->base.evict.list))
		return gem_uma_vm_rebound_locked(vm, fence);

	ret = gem_uma_vm_rebind_begin_locked(vm);
	if (ret)
		return ret;
	gem_uma_vm_prefetch_locked(vm);
	ret = drm_gpuvm_validate(&vm->base, exec);
	return gem_uma_vm_rebind_end_locked(vm, exec, ret, fence);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_validate_locked);

/**
 * gem_uma_vm_wrote_locked() - remember a job as writer of what it may write
 * @vm: VM
 * @fence: of the job
 *
 * Context: resvs of the VM and of all its objects held.
 */
void gem_uma_vm_wrote_locked(struct gem_uma_vm *vm, struct dma_fence *fence)
{
	struct drm_gpuva *va;

	drm_gpuvm_resv_assert_held(&vm->base);
	drm_gpuvm_for_each_va(va, &vm->base) {
		struct gem_uma_vm_bo *vm_bo;

		if (!va->vm_bo || to_gem_uma_va(va)->prot & GEM_UMA_VM_READONLY)
			continue;
		vm_bo = to_gem_uma_vm_bo(va->vm_bo);
		if (vm_bo->last_write == fence)
			continue;
		dma_fence_put(vm_bo->last_write);
		vm_bo->last_write = dma_fence_get(fence);
	}
}
EXPORT_SYMBOL_GPL(gem_uma_vm_wrote_locked);

/**
 * gem_uma_vm_bo_writer_locked() - find a job that may be writing an object
 * @obj: object
 *
 * For drivers whose jobs in one VM are in order: then the last one of each VM is enough.
 * What was unmapped from a VM can be written through it until the queue has done so:
 * then it is the fence of the bind that is returned.
 *
 * Context: resv of @obj held.
 *
 * Return: the fence with a reference, NULL if there is none.
 */
struct dma_fence *gem_uma_vm_bo_writer_locked(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	dma_resv_assert_held(obj->resv);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		struct dma_fence *fence = to_gem_uma_vm_bo(vm_bo)->last_write;

		if (fence && !dma_fence_is_signaled(fence))
			return dma_fence_get(fence);
	}
	return gem_uma_vm_queue_writer_locked(obj);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bo_writer_locked);

/*
 * All live vas, under op_lock. Flushed once, and live until then: the device may still
 * reach the pages, so after a failure they are not given away.
 */
static int gem_uma_vm_bo_unmap_live_locked(struct gem_uma_vm *vm, struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv)
{
	u64 start = U64_MAX, end = 0;
	struct drm_gpuva *va;
	int ret = 0;

	dma_resv_assert_held(vm_bo->obj->resv);
	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (to_gem_uma_va(va)->evicted)
			continue;
		ret = vm->ops->unmap(vm, va->va.addr, va->va.range, NULL);
		if (ret)
			return ret;
		start = min(start, va->va.addr);
		end = max(end, va->va.addr + va->va.range);
	}
	if (vm->ops->flush)
		ret = vm->ops->flush(vm, start, end - start);
	if (ret)
		return ret;
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
	gem_uma_vm_fail(vm, ret);
	mutex_unlock(&vm->op_lock);

	/* Twice would disturb the lists of gpuvm (panthor-15). */
	if (!vm_bo->evicted)
		drm_gpuvm_bo_evict(vm_bo, true);
	return ret ? -EIO : 0;
}

/**
 * gem_uma_vm_bo_evict_locked() - take an object away from all VMs
 * @obj: object, all of whose fences are signalled
 *
 * Context: resv of @obj held, maybe inside of memory reclaim: does not allocate, sleeps on
 * no lock, drops no reference.
 *
 * Return: 0; -EBUSY if page tables were in use; -EIO if they could not be written, and a
 * VM is unusable. What was done so far stays, and the call can be repeated.
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
 * gem_uma_vm_bo_vms_locked() - in how many VMs do live page-table entries point to an object?
 * @obj: object
 *
 * Does not go on when it has found the second: more make no difference to reclaim.
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

/**
 * gem_uma_vm_bo_is_mapped_locked() - do live page-table entries point to an object?
 * @obj: object
 *
 * Context: resv of @obj held.
 *
 * Return: true if any do, or will when the queues have run.
 */
bool gem_uma_vm_bo_is_mapped_locked(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	return gem_uma_vm_bo_vms_locked(obj);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_bo_is_mapped_locked);
