// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: the device's part of them. The rest is the library's.
 */

#include <linux/dma-direct.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>

#include "vuma_drv.h"
#include "vuma_heap.h"
#include "vuma_vm.h"

/* Failures, as tests need them: the n-th call from now. */
static bool vuma_vm_fails(atomic_t *countdown)
{
	return !atomic_dec_if_positive(countdown);
}

static int vuma_vm_alloc_tables(struct gem_uma_vm *vm, struct gem_uma_vm_tables *tables,
				unsigned long nr)
{
	if (vuma_vm_fails(&to_vuma_device(vm->base.drm)->fail_tables))
		return -ENOMEM;
	return vuma_pt_pool_fill(tables, nr, VUMA_GFP_TABLES);
}

static void vuma_vm_free_tables(struct gem_uma_vm *vm, struct gem_uma_vm_tables *tables)
{
	vuma_pt_pool_drain(tables);
}

static int vuma_vm_map(struct gem_uma_vm *base, u64 va, dma_addr_t addr, u64 len, u64 leaf,
		       u32 prot, struct gem_uma_vm_tables *tables)
{
	phys_addr_t phys = dma_to_phys(drm_dev_dma_dev(base->base.drm), addr);
	struct vuma_device *vdev = to_vuma_device(base->base.drm);
	struct vuma_vm *vm = to_vuma_vm(base);

	atomic64_inc(&vdev->counters.maps);
	if (vuma_vm_fails(&vdev->fail_map))
		return -EIO;
	guard(mutex)(&vm->access_lock);
	return vuma_mmu_map(&vm->mmu, va, phys, len, leaf, !(prot & GEM_UMA_VM_READONLY), tables);
}

static int vuma_vm_map_null(struct gem_uma_vm *base, u64 va, u64 len, u64 leaf,
			    struct gem_uma_vm_tables *tables)
{
	struct vuma_vm *vm = to_vuma_vm(base);

	if (vuma_vm_fails(&to_vuma_device(base->base.drm)->fail_map))
		return -EIO;
	guard(mutex)(&vm->access_lock);
	return vuma_mmu_map_null(&vm->mmu, va, len, leaf, tables);
}

/* Waits for the access that the engine is making: there is no TLB to flush. */
static int vuma_vm_unmap(struct gem_uma_vm *base, u64 va, u64 len,
			 struct gem_uma_vm_tables *tables)
{
	struct vuma_vm *vm = to_vuma_vm(base);

	atomic64_inc(&to_vuma_device(base->base.drm)->counters.unmaps);
	guard(mutex)(&vm->access_lock);
	return vuma_mmu_unmap(&vm->mmu, va, len, tables);
}

static void vuma_vm_free(struct gem_uma_vm *base)
{
	struct vuma_vm *vm = to_vuma_vm(base);

	vuma_heaps_fini(vm);
	vuma_mmu_fini(&vm->mmu);
	mutex_destroy(&vm->access_lock);
	kfree(vm);
}

static const struct gem_uma_vm_ops vuma_vm_ops = {
	.alloc_tables = vuma_vm_alloc_tables,
	.free_tables = vuma_vm_free_tables,
	.map = vuma_vm_map,
	.map_null = vuma_vm_map_null,
	.unmap = vuma_vm_unmap,
	.populate = vuma_bo_populate_locked,
	.prefetch = vuma_bo_prefetch,
	.is_resident = vuma_bo_is_resident_locked,
	.run = vuma_bo_extent_locked,
	.changed = vuma_bo_mapping_changed_locked,
	.free = vuma_vm_free,
};

static const struct gem_uma_vm_geometry vuma_geometry = {
	.leaves = VUMA_PAGE_SIZES,
	.levels = VUMA_PT_LEVELS,
	.shift = VUMA_PT_SHIFTS,
};

/**
 * vuma_vm_create - create an address space
 * @vdev: the device
 * @end: first address that cannot be mapped
 *
 * Return: the VM, active, with one reference; or an ERR_PTR.
 */
struct vuma_vm *vuma_vm_create(struct vuma_device *vdev, u64 end)
{
	struct vuma_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&vm->stat_lock);
	mutex_init(&vm->access_lock);
	/* Reclaim waits for it, with op_lock held. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&vm->access_lock);
	fs_reclaim_release(GFP_KERNEL);
	ret = vuma_mmu_init(&vm->mmu, &vdev->counters);
	if (ret)
		goto err_free;
	ret = gem_uma_vm_init(&vm->base, "vuma", &vdev->drm, &vuma_vm_ops, &vuma_geometry,
			      VUMA_VA_START, end);
	if (ret)
		goto err_mmu;
	return vm;

err_mmu:
	vuma_mmu_fini(&vm->mmu);
err_free:
	kfree(vm);
	return ERR_PTR(ret);
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
 * vuma_vm_read_stat - copy what GET_PARAM tells
 * @vm: the VM
 * @stat: result
 */
void vuma_vm_read_stat(struct vuma_vm *vm, struct vuma_vm_stat *stat)
{
	spin_lock(&vm->stat_lock);
	*stat = vm->stat;
	spin_unlock(&vm->stat_lock);

	mutex_lock(&vm->base.op_lock);
	stat->maps = vm->base.maps;
	stat->unmaps = vm->base.unmaps;
	mutex_unlock(&vm->base.op_lock);
	stat->idle = gem_uma_vm_implicit_nr_idle(&vm->base);
}

/**
 * vuma_vm_job_done - record the end of a job
 * @vm: the VM
 * @fault: why it failed, if it did
 * @addr: the address it failed at
 */
void vuma_vm_job_done(struct vuma_vm *vm, enum drm_vuma_fault fault, u64 addr)
{
	struct vuma_device *vdev = to_vuma_device(vm->base.base.drm);

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
	if (vuma_path_is_implicit(vfile))
		return -EBUSY;

	vm = vuma_vm_create(to_vuma_device(drm), VUMA_VA_END);
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	/* Others do not see an entry of NULL, but it has all the memory that it needs. */
	ret = xa_alloc(&vfile->vms, &id, NULL, XA_LIMIT(1, VUMA_MAX_VMS), GFP_KERNEL_ACCOUNT);
	if (ret) {
		gem_uma_vm_close(&vm->base);
		return ret == -EBUSY ? -ENOSPC : ret;
	}
	ret = gem_uma_vm_latch(&vfile->path, GEM_UMA_VM_PATH_BIND);
	if (ret) {
		xa_erase(&vfile->vms, id);
		gem_uma_vm_close(&vm->base);
		return ret;
	}
	/* From here on others can guess the id and destroy the VM. */
	xa_store(&vfile->vms, id, vm, GFP_KERNEL_ACCOUNT);

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
	struct vuma_file *vfile = to_vuma_file(file);
	struct drm_vuma_vm_destroy *args = data;
	struct vuma_vm *vm;

	if (args->pad)
		return -EINVAL;

	xa_lock(&vfile->vms);
	/* Only what is there: others may have reserved the id. */
	vm = xa_load(&vfile->vms, args->vm_id);
	if (vm)
		__xa_erase(&vfile->vms, args->vm_id);
	xa_unlock(&vfile->vms);
	if (!vm)
		return -ENOENT;

	gem_uma_vm_close(&vm->base);
	return 0;
}

MODULE_IMPORT_NS("DRM_GEM_UMA");
