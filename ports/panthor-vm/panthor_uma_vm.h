/* SPDX-License-Identifier: GPL-2.0 */
/* panthor's VMs on gem-uma: what its files share with panthor_mmu.c and panthor_drv.c. */
#ifndef _PANTHOR_UMA_VM_H_
#define _PANTHOR_UMA_VM_H_

#include <drm/gem_uma/gem_uma_vm.h>

struct drm_panthor_obj_array;
struct drm_panthor_vm_bind;
struct drm_sched_job;
struct io_pgtable_ops;
struct panthor_device;
struct panthor_vm;

/* Beside GEM_UMA_VM_READONLY. */
#define PANTHOR_UMA_NOEXEC	(GEM_UMA_VM_PROT_DRIVER << 0)
#define PANTHOR_UMA_UNCACHED	(GEM_UMA_VM_PROT_DRIVER << 1)

/**
 * struct panthor_uma_vm - of a VM
 */
struct panthor_uma_vm {
	/** @base: the library's part. */
	struct gem_uma_vm base;
	/** @ptdev: device. */
	struct panthor_device *ptdev;
	/** @pgtbl: page tables, written under &gem_uma_vm.op_lock. */
	struct io_pgtable_ops *pgtbl;
	/** @root: their root, which is allocated and freed with them. */
	void *root;
	/** @start_level: of the root. */
	unsigned int start_level;
	/** @user_end: first address that user space cannot bind. */
	u64 user_end;
	/** @tables: for the operation that is under way; under op_lock. */
	struct gem_uma_vm_tables *tables;
	/** @reclaim: what is under way is an eviction; under op_lock. */
	bool reclaim;
};

#define to_panthor_uma_vm(vm)	container_of(vm, struct panthor_uma_vm, base)

/**
 * struct panthor_uma_submit - what a submit holds until its jobs are queued
 */
struct panthor_uma_submit {
	/** @lock: the VM and all that it maps. */
	struct gem_uma_vm_exec lock;
	/** @locked: @lock is locked. */
	bool locked;
	/** @mapped: the jobs come after it; a reference, or NULL. */
	struct dma_fence *mapped;
};

/* panthor_mmu.c */
struct panthor_uma_vm *panthor_vm_to_uma(struct panthor_vm *vm);
struct panthor_vm *panthor_vm_from_uma(struct panthor_uma_vm *uma);
void panthor_vm_free(struct panthor_uma_vm *uma);
int panthor_vm_lock_region(struct panthor_vm *vm, u64 start, u64 size);
int panthor_vm_unlock_region(struct panthor_vm *vm);
void panthor_vm_declare_unusable(struct panthor_vm *vm);

/* panthor_drv.c */
void *panthor_get_uobj_array(const struct drm_panthor_obj_array *in, u32 min_stride,
			     u32 obj_size);

/* panthor_uma_vm.c */
void *panthor_uma_alloc_pt(void *cookie, size_t size, gfp_t gfp);
void panthor_uma_free_pt(void *cookie, void *table, size_t size);
int panthor_uma_vm_init(struct panthor_uma_vm *vm, const char *name, unsigned int va_bits,
			u64 end);

/* panthor_uma_bind.c */
void panthor_uma_vm_close(struct panthor_uma_vm *vm);
int panthor_ioctl_vm_bind_async(struct drm_device *drm, struct drm_panthor_vm_bind *args,
				struct drm_file *file);
int panthor_ioctl_vm_bind_sync(struct drm_device *drm, struct drm_panthor_vm_bind *args,
			       struct drm_file *file);
void panthor_uma_submit_init(struct panthor_uma_submit *submit);
int panthor_uma_submit_lock(struct panthor_uma_submit *submit, struct panthor_vm *vm,
			    unsigned int jobs);
int panthor_uma_submit_add_dependency(struct panthor_uma_submit *submit,
				      struct drm_sched_job *job);
void panthor_uma_submit_fini(struct panthor_uma_submit *submit);

#endif
