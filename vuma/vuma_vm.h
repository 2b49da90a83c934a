/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GPU address spaces.
 */
#ifndef _VUMA_VM_H_
#define _VUMA_VM_H_

#include <linux/spinlock.h>

#include <drm/gem_uma/gem_uma_vm.h>
#include <drm/gem_uma/gem_uma_vm_implicit.h>
#include <drm/vuma_drm.h>

#include "vuma_drv.h"
#include "vuma_mmu.h"

struct vuma_heaps;

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
	/** @maps: mappings written; only in a copy. */
	u64 maps;
	/** @unmaps: mappings cleared; only in a copy. */
	u64 unmaps;
	/** @idle: implicit addresses that no job uses; only in a copy. */
	u64 idle;
};

/**
 * struct vuma_vm - one GPU address space
 */
struct vuma_vm {
	/** @base: the library's part; its op_lock makes changes of @mmu one step. */
	struct gem_uma_vm base;
	/** @mmu: the page tables; guarded by @access_lock. */
	struct vuma_mmu mmu;
	/**
	 * @access_lock: taken under op_lock. Held while the tables are changed, and while the
	 * engine walks them and accesses what it found. Reclaim waits for it.
	 */
	struct mutex access_lock;
	/** @heaps: set once, when the first heap is created. */
	struct vuma_heaps *heaps;
	/** @lost: set once, when a heap could not grow whose VM is lost then. */
	bool lost;
	/** @stat_lock: guards @stat. */
	spinlock_t stat_lock;
	/** @stat: about the jobs. */
	struct vuma_vm_stat stat;
};

#define to_vuma_vm(vm)	container_of(vm, struct vuma_vm, base)

struct vuma_vm *vuma_vm_create(struct vuma_device *vdev, u64 end);
struct vuma_vm *vuma_vm_lookup(struct vuma_file *vfile, u32 id);

static inline struct vuma_vm *vuma_vm_get(struct vuma_vm *vm)
{
	gem_uma_vm_get(&vm->base);
	return vm;
}

static inline void vuma_vm_put(struct vuma_vm *vm)
{
	gem_uma_vm_put(&vm->base);
}

static inline bool vuma_range_valid(u64 va, u64 range)
{
	return va >= VUMA_VA_START && va < VUMA_VA_END && range && range <= VUMA_VA_END - va;
}

/* Ask this last: a request that is wrong otherwise has another error. */
static inline bool vuma_path_is_implicit(struct vuma_file *vfile)
{
	return atomic_read(&vfile->path) == GEM_UMA_VM_PATH_IMPLICIT;
}

void vuma_vm_read_stat(struct vuma_vm *vm, struct vuma_vm_stat *stat);
void vuma_vm_job_done(struct vuma_vm *vm, enum drm_vuma_fault fault, u64 addr);

int vuma_ioctl_vm_create(struct drm_device *drm, void *data, struct drm_file *file);
int vuma_ioctl_vm_destroy(struct drm_device *drm, void *data, struct drm_file *file);
int vuma_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _VUMA_VM_H_ */
