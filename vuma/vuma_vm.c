// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: their life, and making what is mapped in them resident.
 *
 * References go VM <- va -> vm_bo -> BO, so a va keeps its VM alive, and a VM is
 * closed explicitly. Every BO has its own resv; the list of its vm_bos and their
 * vas are guarded by it, the tree of a VM by the VM's own. Whoever changes a
 * mapping holds both. Reclaim holds only the one of the BO.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "vuma_drv.h"
#include "vuma_vm.h"

static struct drm_gpuvm_bo *vuma_vm_bo_alloc(void)
{
	struct vuma_vm_bo *vm_bo = kzalloc(sizeof(*vm_bo), GFP_KERNEL_ACCOUNT);

	return vm_bo ? &vm_bo->base : NULL;
}

static void vuma_vm_bo_free(struct drm_gpuvm_bo *vm_bo)
{
	dma_fence_put(to_vuma_vm_bo(vm_bo)->last_write);
	kfree(to_vuma_vm_bo(vm_bo));
}

static void vuma_vm_free(struct drm_gpuvm *gpuvm)
{
	struct vuma_vm *vm = to_vuma_vm(gpuvm);

	vuma_mmu_fini(&vm->mmu);
	mutex_destroy(&vm->op_lock);
	kfree(vm);
}

static int vuma_count_run(const struct vuma_bo_run *run, void *arg)
{
	vuma_pt_estimate_run(arg, run);
	return 0;
}

/**
 * vuma_va_pool_fill_locked - allocate the page tables that a mapping can need
 * @obj: the object, resident in the range
 * @bo_offset: first byte of the object
 * @va: GPU address
 * @range: bytes
 * @pool: out
 *
 * Context: resv of @obj held.
 * Return: 0 or a negative error.
 */
int vuma_va_pool_fill_locked(struct drm_gem_object *obj, u64 bo_offset, u64 va, u64 range,
			     struct vuma_pt_pool *pool)
{
	struct vuma_pt_estimate est;
	int ret;

	dma_resv_assert_held(obj->resv);
	vuma_pt_estimate_init(&est, va, bo_offset);
	ret = vuma_bo_walk_locked(obj, bo_offset, range, vuma_count_run, &est);
	if (ret)
		return ret;
	return vuma_pt_pool_fill(pool, vuma_pt_estimate_total(&est, va, range));
}

struct vuma_map_args {
	struct vuma_va *va;
	struct vuma_pt_pool *pool;
};

static int vuma_map_run(const struct vuma_bo_run *run, void *arg)
{
	struct vuma_map_args *args = arg;
	struct drm_gpuva *va = &args->va->base;
	u64 addr = va->va.addr + ((u64)run->pgoff << PAGE_SHIFT) - va->gem.offset;

	return vuma_mmu_map(&to_vuma_vm(va->vm)->mmu, addr, run->pfn, run->nr,
			    !args->va->readonly, args->pool);
}

/**
 * vuma_va_map_locked - write the page-table entries of a va
 * @va: the va, whose range of the object is resident
 * @pool: from vuma_va_pool_fill_locked()
 *
 * Context: resv of the object and op_lock of the VM held. Does not allocate.
 * Return: 0, or a negative error with nothing mapped.
 */
int vuma_va_map_locked(struct vuma_va *va, struct vuma_pt_pool *pool)
{
	struct vuma_vm *vm = to_vuma_vm(va->base.vm);
	struct vuma_map_args args = { .va = va, .pool = pool };
	int ret;

	dma_resv_assert_held(va->base.gem.obj->resv);
	lockdep_assert_held(&vm->op_lock);
	ret = vuma_bo_walk_locked(va->base.gem.obj, va->base.gem.offset, va->base.va.range,
				  vuma_map_run, &args);
	if (ret)
		vuma_mmu_unmap(&vm->mmu, va->base.va.addr, va->base.va.range, NULL);
	va->evicted = ret;
	return ret;
}

static int vuma_va_validate_locked(struct vuma_va *va)
	__must_hold(va->base.gem.obj->resv)
{
	struct drm_gem_object *obj = va->base.gem.obj;
	struct vuma_vm *vm = to_vuma_vm(va->base.vm);
	struct vuma_pt_pool pool;
	int ret;

	ret = vuma_bo_populate_locked(obj, va->base.gem.offset, va->base.va.range);
	if (ret)
		return ret;
	ret = vuma_va_pool_fill_locked(obj, va->base.gem.offset, va->base.va.addr,
				       va->base.va.range, &pool);
	if (ret)
		return ret;
	if (!va->readonly)
		vuma_bo_device_wrote_locked(obj, va->base.gem.offset, va->base.va.range);

	mutex_lock(&vm->op_lock);
	ret = vuma_va_map_locked(va, &pool);
	mutex_unlock(&vm->op_lock);
	vuma_pt_pool_drain(&pool);
	return ret;
}

/* On failure the vm_bo stays in the list, and the next try skips what is done. */
static int vuma_vm_bo_validate(struct drm_gpuvm_bo *vm_bo, struct drm_exec *exec)
	__must_hold(vm_bo->obj->resv)
{
	struct drm_gpuva *va;
	int ret = 0;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (!to_vuma_va(va)->evicted)
			continue;
		ret = vuma_va_validate_locked(to_vuma_va(va));
		if (ret)
			break;
	}
	if (!ret)
		drm_gpuvm_bo_evict(vm_bo, false);
	vuma_bo_mapping_changed_locked(vm_bo->obj);
	return ret;
}

static const struct drm_gpuvm_ops vuma_gpuvm_ops = {
	.vm_free = vuma_vm_free,
	.vm_bo_alloc = vuma_vm_bo_alloc,
	.vm_bo_free = vuma_vm_bo_free,
	.vm_bo_validate = vuma_vm_bo_validate,
	.sm_step_map = vuma_step_map,
	.sm_step_remap = vuma_step_remap,
	.sm_step_unmap = vuma_step_unmap,
};

/**
 * vuma_vm_create - create an address space
 * @vdev: the device
 *
 * Return: the VM with one reference and one user, or an ERR_PTR.
 */
struct vuma_vm *vuma_vm_create(struct vuma_device *vdev)
{
	struct drm_gem_object *r_obj;
	struct vuma_vm *vm;
	int ret;

	vm = kzalloc(sizeof(*vm), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	ret = vuma_mmu_init(&vm->mmu, &vdev->counters);
	if (ret)
		goto err_free;

	r_obj = drm_gpuvm_resv_object_alloc(&vdev->drm);
	if (!r_obj) {
		ret = -ENOMEM;
		goto err_mmu;
	}

	atomic_set(&vm->users, 1);
	mutex_init(&vm->op_lock);
	spin_lock_init(&vm->stat_lock);
	drm_gpuvm_init(&vm->base, "vuma", 0, &vdev->drm, r_obj, VUMA_VA_START,
		       VUMA_VA_END - VUMA_VA_START, 0, 0, &vuma_gpuvm_ops);
	/* drm_gpuvm_init() took its own. */
	drm_gem_object_put(r_obj);
	return vm;

err_mmu:
	vuma_mmu_fini(&vm->mmu);
err_free:
	kfree(vm);
	return ERR_PTR(ret);
}

/**
 * vuma_va_remove_locked - take a va out of its VM
 * @va: the va
 * @dead: where to put it for vuma_va_free_dead()
 *
 * Context: resv of the VM and of the object, and op_lock, held. The page-table
 * entries are gone already.
 */
void vuma_va_remove_locked(struct vuma_va *va, struct list_head *dead)
{
	dma_resv_assert_held(va->base.gem.obj->resv);
	/* The vm_bo may hold the last reference of the object, whose resv is held. */
	drm_gem_object_get(va->base.gem.obj);
	drm_gpuva_remove(&va->base);
	drm_gpuva_unlink(&va->base);
	list_add(&va->dead, dead);
}

/**
 * vuma_va_dead_changed_locked - tell the objects that mappings went
 * @dead: list of vas
 *
 * Context: resvs of the objects held.
 */
void vuma_va_dead_changed_locked(struct list_head *dead)
{
	struct vuma_va *va;

	list_for_each_entry(va, dead, dead)
		vuma_bo_mapping_changed_locked(va->base.gem.obj);
}

/**
 * vuma_va_free_dead - free vas that were removed
 * @dead: list of vas
 *
 * Context: no resv held.
 */
void vuma_va_free_dead(struct list_head *dead)
{
	struct vuma_va *va, *next;

	list_for_each_entry_safe(va, next, dead, dead) {
		drm_gem_object_put(va->base.gem.obj);
		kfree(va);
	}
	INIT_LIST_HEAD(dead);
}

/* Returns the first va with its object and the VM locked; NULL if there is none. */
static struct drm_gpuva *vuma_vm_lock_first(struct vuma_vm *vm, struct drm_exec *exec)
{
	struct drm_gpuva *va = NULL;
	int ret;

	drm_exec_init(exec, DRM_EXEC_IGNORE_DUPLICATES, 2);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(&vm->base, exec, 0);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
		va = drm_gpuva_find_first(&vm->base, VUMA_VA_START, VUMA_VA_END - VUMA_VA_START);
		if (!va)
			break;
		ret = drm_exec_lock_obj(exec, va->gem.obj);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret ? ERR_PTR(ret) : va;
}

/**
 * vuma_vm_unmap_all - empty a VM that is closed and has no jobs
 * @vm: the VM
 *
 * One va at a time, so that the objects are locked one at a time.
 */
void vuma_vm_unmap_all(struct vuma_vm *vm)
{
	struct drm_gpuva *va;
	struct drm_exec exec;
	LIST_HEAD(dead);

	do {
		va = vuma_vm_lock_first(vm, &exec);
		if (!IS_ERR_OR_NULL(va)) {
			dma_resv_assert_held(va->gem.obj->resv);
			mutex_lock(&vm->op_lock);
			vuma_mmu_unmap(&vm->mmu, va->va.addr, va->va.range, NULL);
			vuma_va_remove_locked(to_vuma_va(va), &dead);
			mutex_unlock(&vm->op_lock);
			vuma_va_dead_changed_locked(&dead);
		}
		drm_exec_fini(&exec);
		vuma_va_free_dead(&dead);
		/* An error is -ENOMEM for a few bytes: this has to go on. */
		cond_resched();
	} while (va);
}

/**
 * vuma_vm_close - drop the id of a VM, and its reference
 * @vm: the VM, which no lookup finds any more
 */
void vuma_vm_close(struct vuma_vm *vm)
{
	dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
	vm->closed = true;
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));

	vuma_vm_job_end(vm);
	vuma_vm_put(vm);
}

/**
 * vuma_vm_lookup - find a VM by id
 * @vfile: the file
 * @id: its id there
 *
 * Return: the VM with a reference, NULL if there is none.
 */
struct vuma_vm *vuma_vm_lookup(struct vuma_file *vfile, u32 id)
{
	struct vuma_vm *vm;

	xa_lock(&vfile->vms);
	vm = xa_load(&vfile->vms, id);
	if (vm)
		vuma_vm_get(vm);
	xa_unlock(&vfile->vms);
	return vm;
}

/**
 * vuma_vm_job_start_locked - announce a job
 * @vm: the VM
 *
 * Context: resv of the VM held, and the VM is not closed.
 */
void vuma_vm_job_start_locked(struct vuma_vm *vm)
{
	drm_gpuvm_resv_assert_held(&vm->base);
	atomic_inc(&vm->users);
}

/**
 * vuma_vm_job_end - a job, or the id, stops to use a VM
 * @vm: the VM
 */
void vuma_vm_job_end(struct vuma_vm *vm)
{
	if (atomic_dec_and_test(&vm->users))
		vuma_vm_unmap_all(vm);
}

/**
 * vuma_vm_job_done - record the end of a job
 * @vm: the VM
 * @fault: why it failed, if it did
 * @addr: the address it failed at
 */
void vuma_vm_job_done(struct vuma_vm *vm, enum drm_vuma_fault fault, u64 addr)
{
	struct vuma_device *vdev = to_vuma_device(vm->base.drm);

	atomic64_inc(&vdev->counters.jobs);
	if (fault)
		atomic64_inc(&vdev->counters.failed);

	spin_lock(&vm->stat_lock);
	vm->stat.jobs++;
	if (fault) {
		vm->stat.faults++;
		vm->stat.fault = fault;
		vm->stat.fault_addr = addr;
	}
	spin_unlock(&vm->stat_lock);
}

/**
 * vuma_vm_wrote_locked - remember the job as writer of what it may write
 * @vm: the VM
 * @fence: of the job
 *
 * Context: resvs of the VM and of all its objects held.
 */
void vuma_vm_wrote_locked(struct vuma_vm *vm, struct dma_fence *fence)
{
	struct drm_gpuva *va;

	drm_gpuvm_resv_assert_held(&vm->base);
	drm_gpuvm_for_each_va(va, &vm->base) {
		struct vuma_vm_bo *vm_bo = to_vuma_vm_bo(va->vm_bo);

		if (to_vuma_va(va)->readonly || vm_bo->last_write == fence)
			continue;
		dma_fence_put(vm_bo->last_write);
		vm_bo->last_write = dma_fence_get(fence);
	}
}

/**
 * vuma_bo_writer_locked - find a job that may be writing an object
 * @obj: the object
 *
 * The jobs of one VM are in order, so the last one of each VM is enough; and what
 * was unmapped from a VM cannot be written through it any more.
 *
 * Context: resv of @obj held.
 * Return: the fence with a reference, NULL if there is none.
 */
struct dma_fence *vuma_bo_writer_locked(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	dma_resv_assert_held(obj->resv);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		struct dma_fence *fence = to_vuma_vm_bo(vm_bo)->last_write;

		if (fence && !dma_fence_is_signaled(fence))
			return dma_fence_get(fence);
	}
	return NULL;
}

/*
 * All vas are looked at, also those of an evicted vm_bo: one that was mapped
 * after the eviction, while the pages were back, is live.
 */
static int vuma_vm_bo_evict_locked(struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv)
{
	struct vuma_vm *vm = to_vuma_vm(vm_bo->vm);
	struct drm_gpuva *va;

	dma_resv_assert_held(vm_bo->obj->resv);
	if (!mutex_trylock(&vm->op_lock))
		return -EBUSY;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (to_vuma_va(va)->evicted)
			continue;
		vuma_mmu_unmap(&vm->mmu, va->va.addr, va->va.range, NULL);
		to_vuma_va(va)->evicted = true;
	}
	mutex_unlock(&vm->op_lock);

	if (!vm_bo->evicted)
		drm_gpuvm_bo_evict(vm_bo, true);
	return 0;
}

/**
 * vuma_vm_evict_bo_locked - take an object away from all VMs
 * @obj: the object, idle
 *
 * Context: resv of @obj held, maybe inside of memory reclaim: does not allocate,
 * sleeps on no lock, drops no reference.
 * Return: -EBUSY if an address space was in use; what was done so far stays, and
 * the call can be repeated.
 */
int vuma_vm_evict_bo_locked(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	int ret;

	dma_resv_assert_held(obj->resv);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		ret = vuma_vm_bo_evict_locked(vm_bo);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * vuma_vm_bo_is_mapped_locked - do live page-table entries point to an object?
 * @obj: the object
 *
 * Context: resv of @obj held.
 * Return: true if any do.
 */
bool vuma_vm_bo_is_mapped_locked(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gpuva *va;

	dma_resv_assert_held(obj->resv);
	drm_gem_for_each_gpuvm_bo(vm_bo, obj)
		drm_gpuvm_bo_for_each_va(va, vm_bo)
			if (!to_vuma_va(va)->evicted)
				return true;
	return false;
}

/**
 * vuma_ioctl_vm_create - DRM_IOCTL_VUMA_VM_CREATE
 * @drm: the device
 * @data: struct drm_vuma_vm_create
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct vuma_file *vfile = to_vuma_file(file);
	struct drm_vuma_vm_create *args = data;
	struct vuma_vm *vm;
	u32 id;
	int ret;

	if (args->flags || args->vm_id)
		return -EINVAL;

	vm = vuma_vm_create(to_vuma_device(drm));
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	/* From here on others can guess the id and destroy the VM. */
	ret = xa_alloc(&vfile->vms, &id, vm, XA_LIMIT(1, VUMA_MAX_VMS), GFP_KERNEL_ACCOUNT);
	if (ret) {
		vuma_vm_close(vm);
		return ret == -EBUSY ? -ENOSPC : ret;
	}

	args->vm_id = id;
	args->va_start = VUMA_VA_START;
	args->va_end = VUMA_VA_END;
	return 0;
}

/**
 * vuma_ioctl_vm_destroy - DRM_IOCTL_VUMA_VM_DESTROY
 * @drm: the device
 * @data: struct drm_vuma_vm_destroy
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_vm_destroy *args = data;
	struct vuma_vm *vm;

	if (args->pad)
		return -EINVAL;

	vm = xa_erase(&to_vuma_file(file)->vms, args->vm_id);
	if (!vm)
		return -ENOENT;

	vuma_vm_close(vm);
	return 0;
}
