/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the VM part share. */
#ifndef _GEM_UMA_VM_INTERNAL_H_
#define _GEM_UMA_VM_INTERNAL_H_

#include <linux/dma-fence.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <drm/gem_uma/gem_uma_vm.h>

#include "gem_uma_vm_logic.h"

/* Tables allocated for binds of one VM that are not finished; one bind may exceed it. */
#define GEM_UMA_VM_MAX_TABLES	1024

/* How often a sparse range is mapped to the dummy of a VM, which mostly has 2 MiB: 1 TiB then. */
#define GEM_UMA_VM_MAX_DUMMIES	SZ_512K

/* What is behind addresses. */
enum gem_uma_vm_kind {
	GEM_UMA_VM_MEMORY,
	GEM_UMA_VM_NULL,
	GEM_UMA_VM_SHARED_DUMMY,
};

/* A range that is to be mapped in one way. */
struct gem_uma_vm_piece {
	u64 va;
	u64 len;
	/* Where the memory is. */
	dma_addr_t addr;
	u32 prot;
	enum gem_uma_vm_kind kind;
};

/*
 * What one operation does to the page tables: clear a range and map what is new. Both
 * happen under one op_lock, so that jobs see all of it or nothing.
 */
struct gem_uma_vm_step {
	struct list_head link;
	/* The object in the VM, while the bind is prepared. */
	struct drm_gpuvm_bo *vm_bo;
	/* What the operation is about. */
	u64 va;
	u64 range;
	/* The range has entries. */
	bool clear;
	/* What is new. */
	struct gem_uma_vm_piece *pieces;
	unsigned long nr_pieces;
	/* The piece of a sparse range needs no allocation. */
	struct gem_uma_vm_piece sparse;
	/* The pages of a map are there. */
	bool resident;
	struct gem_uma_vm_tables tables;
	unsigned long nr_tables;
};

/* Signalled when a bind was executed; holds device and driver until it is freed. */
struct gem_uma_vm_fence {
	struct dma_fence base;
	/* The lock of base. */
	spinlock_t lock;
	struct drm_device *drm;
	/* Others may know it. */
	bool initialized;
	struct rcu_work put_work;
};

/* Addresses from @start up to @end. */
struct gem_uma_vm_range {
	u64 start;
	u64 end;
};

/**
 * struct gem_uma_vm_bind - an array of operations on its way
 */
struct gem_uma_vm_bind {
	/** @vm: where; a reference. */
	struct gem_uma_vm *vm;
	/** @gfp: how it is allocated; cannot fail if all it does is unmap. */
	gfp_t gfp;
	/** @ops: what; each holds a reference of its object. */
	struct gem_uma_vm_op *ops;
	/** @nr: number of @ops. */
	u32 nr;
	/** @ranges: what @ops change, in ascending order, with gaps between them. */
	struct gem_uma_vm_range *ranges;
	/** @range: the only one of @ranges, if there is one operation. */
	struct gem_uma_vm_range range;
	/** @nr_ranges: number of @ranges. */
	u32 nr_ranges;
	/** @steps: for the page tables, one for each operation. */
	struct list_head steps;
	/** @spare: vas not used yet. */
	struct list_head spare;
	/**
	 * @dead: vas that were replaced, the first one last; each holds a reference of its
	 * object. Changed under &gem_uma_vm.tree_lock, and not any more once it is queued.
	 */
	struct list_head dead;
	/** @deps: fences to wait for; references. */
	struct dma_fence **deps;
	/** @nr_deps: number of @deps. */
	u32 nr_deps;
	/** @at: how many of @deps the queue has waited for, or waits for. */
	u32 at;
	/** @cb: starts the queue again. */
	struct dma_fence_cb cb;
	/** @fence: a reference; NULL for a bind that is executed at once. */
	struct gem_uma_vm_fence *fence;
	/** @tables: how much of &gem_uma_vm.tables is for this bind. */
	long tables;
	/** @holders: the queue, the ioctl and lookups; the last of them frees it. */
	atomic_t holders;
	/** @queued: keeps @vm active. */
	bool queued;
	/** @direct: the driver's own; waits neither for the queue nor for room in it. */
	bool direct;
	/** @link: in the queue. */
	struct list_head link;
	/** @execute_work: writes the page tables; queued while it is the first there. */
	struct work_struct execute_work;
	/** @free_work: frees the bind; set by whoever allocated it. */
	struct work_struct free_work;
	/** @error: of the page tables, if it was executed at once. */
	int error;

	/** @step: being entered into the tree. */
	struct gem_uma_vm_step *step;
	/** @op: the operation of @step. */
	const struct gem_uma_vm_op *op;
};

/**
 * gem_uma_vm_fail() - the page tables are not what they should be
 * @vm: VM
 * @error: why, 0 for nothing
 *
 * Context: any.
 */
static inline void gem_uma_vm_fail(struct gem_uma_vm *vm, int error)
{
	if (error)
		cmpxchg(&vm->error, 0, error);
}

/* What addresses that the kernel chooses do when the VM is closed, and when it is freed. */
struct gem_uma_vm_hooks {
	void (*close)(struct gem_uma_vm *vm);
	void (*free)(struct gem_uma_vm *vm);
};

/* gem_uma_vm_fence.c */
extern struct workqueue_struct *gem_uma_vm_execute_wq;
extern struct workqueue_struct *gem_uma_vm_put_wq;
extern struct workqueue_struct *gem_uma_vm_unmap_wq;
void gem_uma_vm_driver_get(struct drm_device *drm);
void gem_uma_vm_driver_put(struct drm_device *drm);
struct gem_uma_vm_fence *gem_uma_vm_fence_create(struct drm_device *drm);
void gem_uma_vm_fence_init(struct gem_uma_vm_fence *fence, u64 context, u64 seqno);
void gem_uma_vm_fence_put(struct gem_uma_vm_fence *fence);

/* gem_uma_vm_dummy.c */
int gem_uma_vm_dummy_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base));
void gem_uma_vm_dummy_free(struct gem_uma_vm *vm);

/* What the device does with what is mapped. */
static inline enum dma_data_direction gem_uma_vm_dir(u32 prot)
{
	return prot & GEM_UMA_VM_READONLY ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
}

/* gem_uma_vm_ranges.c */
int gem_uma_vm_ranges_sort(struct gem_uma_vm_bind *bind);
bool gem_uma_vm_ranges_meet(const struct gem_uma_vm_bind *bind, u64 start, u64 end);

/* gem_uma_vm_tree.c */
void gem_uma_va_link(struct gem_uma_va *va, struct drm_gpuvm_bo *vm_bo);
void gem_uma_va_unlink(struct gem_uma_va *va);
int gem_uma_vm_tree_map(struct drm_gpuva_op *op, void *priv);
int gem_uma_vm_tree_remap(struct drm_gpuva_op *op, void *priv);
int gem_uma_vm_tree_unmap(struct drm_gpuva_op *op, void *priv);
void gem_uma_vm_tree_apply_locked(struct gem_uma_vm_bind *bind,
				  const struct gem_uma_vm_op *op,
				  struct gem_uma_vm_step *step)
	__must_hold(drm_gpuvm_resv(&bind->vm->base));
void gem_uma_vm_tree_entered_locked(struct gem_uma_vm_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base));
void gem_uma_vm_free_dead(struct list_head *dead);

/* gem_uma_vm_step.c */
void gem_uma_vm_step_reset(struct gem_uma_vm *vm, struct gem_uma_vm_step *step);
int gem_uma_vm_step_memory_locked(struct gem_uma_vm *vm, struct gem_uma_vm_step *step,
				  struct drm_gem_object *obj, u64 offset, u32 prot)
	__must_hold(obj->resv);
int gem_uma_vm_step_tables(struct gem_uma_vm *vm, struct gem_uma_vm_step *step, bool clear);
unsigned long gem_uma_vm_clear_tables(struct gem_uma_vm *vm);
int gem_uma_vm_steps_execute(struct gem_uma_vm *vm, struct list_head *steps);

/* Entries of a range change until gem_uma_vm_end(), under op_lock. */
static inline int gem_uma_vm_begin(struct gem_uma_vm *vm, u64 va, u64 len, bool wait)
{
	lockdep_assert_held(&vm->op_lock);
	return vm->ops->begin ? vm->ops->begin(vm, va, len, wait) : 0;
}

/* After gem_uma_vm_begin() for the same range, if that has succeeded. */
static inline int gem_uma_vm_end(struct gem_uma_vm *vm, u64 va, u64 len)
{
	lockdep_assert_held(&vm->op_lock);
	return vm->ops->flush ? vm->ops->flush(vm, va, len) : 0;
}

/* gem_uma_vm.c */
bool gem_uma_vm_unmap_va(struct gem_uma_vm *vm, struct drm_gpuva *va, bool wait);

/* gem_uma_vm_queue.c */
void gem_uma_vm_queue_put(struct gem_uma_vm_bind *bind);
bool gem_uma_vm_queue_idle(struct gem_uma_vm *vm);
bool gem_uma_vm_queue_take(struct gem_uma_vm *vm, long nr);
struct dma_fence *gem_uma_vm_queue_conflict(struct gem_uma_vm_bind *bind);
struct dma_fence *gem_uma_vm_queue_last(struct gem_uma_vm *vm);
void gem_uma_vm_queue_add_locked(struct gem_uma_vm_bind *bind, struct drm_exec *exec,
				 struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&bind->vm->base));

/* gem_uma_vm_bind.c */
struct gem_uma_vm_bind *gem_uma_vm_bind_prepare(struct gem_uma_vm *vm,
						const struct gem_uma_vm_op *ops, u32 nr);
struct gem_uma_vm_bind *gem_uma_vm_bind_alloc(struct gem_uma_vm *vm, gfp_t gfp);
int gem_uma_vm_bind_alloc_fence(struct gem_uma_vm_bind *bind);
struct gem_uma_vm_step *gem_uma_vm_bind_add_step(struct gem_uma_vm_bind *bind, u64 va,
						 u64 range);
void gem_uma_vm_bind_finish_locked(struct gem_uma_vm_bind *bind, struct drm_exec *exec,
				   struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&bind->vm->base));

/* gem_uma_vm_resident.c */
struct gem_uma_vm_ahead {
	unsigned int objects;
	u64 bytes;
};

int gem_uma_vm_bo_restore_locked(struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv);
int gem_uma_vm_rebind_begin_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base));
int gem_uma_vm_rebind_end_locked(struct gem_uma_vm *vm, struct drm_exec *exec, int ret,
				 struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&vm->base));
int gem_uma_vm_rebound_locked(struct gem_uma_vm *vm, struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&vm->base));
bool gem_uma_vm_bo_prefetch_locked(struct gem_uma_vm_ahead *ahead, struct drm_gpuvm_bo *vm_bo)
	__must_hold(vm_bo->obj->resv);

#endif
