/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GPU address spaces.
 */
#ifndef _VUMA_VM_H_
#define _VUMA_VM_H_

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include <drm/drm_gpuvm.h>
#include <drm/vuma_drm.h>

#include "vuma_mmu.h"

struct dma_fence;
struct drm_exec;
struct vuma_device;
struct vuma_file;

/**
 * struct vuma_vm_stat - what GET_PARAM tells about the jobs of a VM
 */
struct vuma_vm_stat {
	/** @jobs: finished, good or bad. */
	u64 jobs;
	/** @faults: of @jobs, those that ended with an error. */
	u64 faults;
	/** @fault_addr: first faulting access of the last failed job. */
	u64 fault_addr;
	/** @fault: why the last failed job failed. */
	enum drm_vuma_fault fault;
};

/**
 * struct vuma_vm - one GPU address space
 *
 * The address ranges in it keep it alive, so it is closed explicitly: when the
 * id is gone and the last job is done.
 */
struct vuma_vm {
	/** @base: the tree of mappings, guarded by the resv of the VM. */
	struct drm_gpuvm base;
	/** @users: the id, and each job; everything is unmapped at 0. */
	atomic_t users;
	/** @closed: the id is gone; guarded by the resv of the VM. */
	bool closed;
	/**
	 * @op_lock: guards @mmu. The engine takes it while fences wait for the
	 * engine: nothing may be allocated under it. Reclaim trylocks it.
	 */
	struct mutex op_lock;
	/** @mmu: the page tables. */
	struct vuma_mmu mmu;
	/** @stat_lock: guards @stat. */
	spinlock_t stat_lock;
	/** @stat: about the jobs. */
	struct vuma_vm_stat stat;
};

#define to_vuma_vm(gpuvm)	container_of(gpuvm, struct vuma_vm, base)

/**
 * struct vuma_vm_bo - a buffer object in a VM
 */
struct vuma_vm_bo {
	/** @base: the kernel's part. */
	struct drm_gpuvm_bo base;
	/**
	 * @last_write: of the last job that could write the object through
	 * this VM; guarded by the resv of the object.
	 */
	struct dma_fence *last_write;
};

#define to_vuma_vm_bo(vm_bo)	container_of(vm_bo, struct vuma_vm_bo, base)

/**
 * struct vuma_va - a range of a buffer object mapped in a VM
 */
struct vuma_va {
	/** @base: the kernel's part. */
	struct drm_gpuva base;
	/** @dead: in the list of those to free after unlocking. */
	struct list_head dead;
	/** @readonly: jobs may not write. */
	bool readonly;
	/**
	 * @evicted: there are no page-table entries; guarded by the resv of
	 * the object.
	 */
	bool evicted;
};

#define to_vuma_va(va)		container_of(va, struct vuma_va, base)

struct vuma_vm *vuma_vm_create(struct vuma_device *vdev);
void vuma_vm_close(struct vuma_vm *vm);
struct vuma_vm *vuma_vm_lookup(struct vuma_file *vfile, u32 id);
void vuma_vm_unmap_all(struct vuma_vm *vm);

static inline struct vuma_vm *vuma_vm_get(struct vuma_vm *vm)
{
	drm_gpuvm_get(&vm->base);
	return vm;
}

static inline void vuma_vm_put(struct vuma_vm *vm)
{
	drm_gpuvm_put(&vm->base);
}

static inline bool vuma_range_valid(u64 va, u64 range)
{
	return va >= VUMA_VA_START && va < VUMA_VA_END && range && range <= VUMA_VA_END - va;
}

void vuma_vm_job_start_locked(struct vuma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base));
void vuma_vm_job_end(struct vuma_vm *vm);
void vuma_vm_job_done(struct vuma_vm *vm, enum drm_vuma_fault fault, u64 addr);
void vuma_vm_wrote_locked(struct vuma_vm *vm, struct dma_fence *fence)
	__must_hold(drm_gpuvm_resv(&vm->base));
struct dma_fence *vuma_bo_writer_locked(struct drm_gem_object *obj)
	__must_hold(obj->resv);

int vuma_va_map_locked(struct vuma_va *va, struct vuma_pt_pool *pool)
	__must_hold(va->base.gem.obj->resv);
void vuma_va_remove_locked(struct vuma_va *va, struct list_head *dead)
	__must_hold(va->base.gem.obj->resv);
void vuma_va_dead_changed_locked(struct list_head *dead)
	__must_hold(dead);
void vuma_va_free_dead(struct list_head *dead);
int vuma_va_pool_fill_locked(struct drm_gem_object *obj, u64 bo_offset, u64 va, u64 range,
			     struct vuma_pt_pool *pool)
	__must_hold(obj->resv);

int vuma_step_map(struct drm_gpuva_op *op, void *priv);
int vuma_step_remap(struct drm_gpuva_op *op, void *priv);
int vuma_step_unmap(struct drm_gpuva_op *op, void *priv);

int vuma_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int vuma_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int vuma_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _VUMA_VM_H_ */
