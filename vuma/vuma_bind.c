// SPDX-License-Identifier: GPL-2.0
/*
 * VM_BIND: changes the mappings of a VM, one operation after the other.
 *
 * An operation allocates all it can need, then changes the tree and the page
 * tables in one section under op_lock: jobs see it whole or not at all, and
 * nothing in that section can fail for want of memory.
 */

#include <linux/dma-resv.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_gem.h>

#include "vuma_drv.h"
#include "vuma_vm.h"

/* The new mapping, and what a cut leaves on either side of it. */
#define VUMA_BIND_VAS	3

/**
 * struct vuma_bind - one operation in progress
 */
struct vuma_bind {
	/** @vm: where. */
	struct vuma_vm *vm;
	/** @op: what. */
	const struct drm_vuma_bind_op *op;
	/** @obj: the object of a MAP, else NULL. */
	struct drm_gem_object *obj;
	/** @vm_bo: of @obj. */
	struct drm_gpuvm_bo *vm_bo;
	/** @spare: vas not used yet. */
	struct vuma_va *spare[VUMA_BIND_VAS];
	/** @pool: page tables not used yet. */
	struct vuma_pt_pool pool;
	/** @dead: vas that were replaced. */
	struct list_head dead;
	/** @resident: the pages of a MAP are there. */
	bool resident;
	/** @first: nothing was done before, so the ioctl can be restarted. */
	bool first;
};

static struct vuma_va *vuma_bind_take_va(struct vuma_bind *bind)
{
	unsigned int i;

	for (i = 0; i < VUMA_BIND_VAS; i++)
		if (bind->spare[i])
			return no_free_ptr(bind->spare[i]);
	return NULL;
}

/**
 * vuma_step_map - gpuvm step: insert the new mapping
 * @op: the step
 * @priv: struct vuma_bind
 *
 * Return: 0, or an error that only a bug causes.
 */
int vuma_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct vuma_bind *bind = priv;
	struct vuma_va *va = vuma_bind_take_va(bind);

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	if (WARN_ON_ONCE(!va))
		return -ENOMEM;

	va->readonly = bind->op->flags & DRM_VUMA_BIND_READONLY;
	va->evicted = true;
	drm_gpuva_map(&bind->vm->base, &va->base, &op->map);
	drm_gpuva_link(&va->base, bind->vm_bo);
	/* Nothing can fail here; if it does, the next submit repairs it. */
	if (bind->resident && WARN_ON_ONCE(vuma_va_map_locked(va, &bind->pool)))
		bind->resident = false;
	return 0;
}

/* A side of a cut mapping is as resident and as writable as the whole was. */
static void vuma_bind_inherit(struct vuma_va *side, struct vuma_va *whole)
{
	side->readonly = whole->readonly;
	side->evicted = whole->evicted;
	drm_gpuva_link(&side->base, whole->base.vm_bo);
}

/**
 * vuma_step_remap - gpuvm step: cut an old mapping
 * @op: the step
 * @priv: struct vuma_bind
 *
 * Return: 0, or an error that only a bug causes.
 */
int vuma_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct vuma_va *prev = NULL, *next = NULL, *old;
	struct drm_gpuva_op_remap *remap = &op->remap;
	struct vuma_bind *bind = priv;
	u64 addr, range;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	old = to_vuma_va(remap->unmap->va);
	if (remap->prev)
		prev = vuma_bind_take_va(bind);
	if (remap->next)
		next = vuma_bind_take_va(bind);
	if (WARN_ON_ONCE((remap->prev && !prev) || (remap->next && !next))) {
		kfree(prev);
		kfree(next);
		return -ENOMEM;
	}

	drm_gpuva_op_remap_to_unmap_range(remap, &addr, &range);
	vuma_mmu_unmap(&bind->vm->mmu, addr, range, &bind->pool);

	/* The old va is unlinked last: it holds the vm_bo that the new ones need. */
	drm_gem_object_get(old->base.gem.obj);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, remap);
	if (prev)
		vuma_bind_inherit(prev, old);
	if (next)
		vuma_bind_inherit(next, old);
	drm_gpuva_unlink(&old->base);
	list_add(&old->dead, &bind->dead);
	return 0;
}

/**
 * vuma_step_unmap - gpuvm step: remove an old mapping
 * @op: the step
 * @priv: struct vuma_bind
 *
 * Return: 0, or an error that only a bug causes.
 */
int vuma_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->unmap.va;
	struct vuma_bind *bind = priv;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	vuma_mmu_unmap(&bind->vm->mmu, va->va.addr, va->va.range, &bind->pool);
	vuma_va_remove_locked(to_vuma_va(va), &bind->dead);
	return 0;
}

/* Locks the VM, the object of a MAP and all objects mapped in the range. */
static int vuma_bind_lock(struct vuma_bind *bind, struct drm_exec *exec)
{
	struct drm_gpuvm *gpuvm = &bind->vm->base;
	u32 flags = DRM_EXEC_IGNORE_DUPLICATES;
	int ret;

	if (bind->first)
		flags |= DRM_EXEC_INTERRUPTIBLE_WAIT;
	drm_exec_init(exec, flags, 0);
	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(gpuvm, exec, 0);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
		ret = drm_gpuvm_prepare_range(gpuvm, exec, bind->op->va, bind->op->range, 0);
		drm_exec_retry_on_contention(exec);
		if (ret || !bind->obj)
			break;
		ret = drm_exec_lock_obj(exec, bind->obj);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	return ret;
}

static int vuma_bind_alloc(struct vuma_bind *bind)
{
	unsigned int i;

	for (i = 0; i < VUMA_BIND_VAS; i++) {
		bind->spare[i] = kzalloc(sizeof(*bind->spare[i]), GFP_KERNEL_ACCOUNT);
		if (!bind->spare[i])
			return -ENOMEM;
	}
	return 0;
}

static int vuma_bind_alloc_tables_locked(struct vuma_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	const struct drm_vuma_bind_op *op = bind->op;

	if (bind->resident)
		return vuma_va_pool_fill_locked(bind->obj, op->bo_offset, op->va, op->range,
						&bind->pool);
	return vuma_pt_pool_fill(&bind->pool, vuma_pt_estimate_total(NULL, op->va, op->range));
}

static int vuma_bind_map_locked(struct vuma_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	const struct drm_vuma_bind_op *op = bind->op;
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = op->va,
		.map.va.range = op->range,
		.map.gem.obj = bind->obj,
		.map.gem.offset = op->bo_offset,
	};
	int ret;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	if (bind->resident && !(op->flags & DRM_VUMA_BIND_READONLY))
		vuma_bo_device_wrote_locked(bind->obj, op->bo_offset, op->range);

	mutex_lock(&bind->vm->op_lock);
	ret = drm_gpuvm_sm_map(&bind->vm->base, bind, &req);
	mutex_unlock(&bind->vm->op_lock);

	/* The next submit brings the pages and the entries. */
	if (!ret && !bind->resident && !bind->vm_bo->evicted)
		drm_gpuvm_bo_evict(bind->vm_bo, true);
	return ret;
}

static int vuma_bind_unmap_locked(struct vuma_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	int ret;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	mutex_lock(&bind->vm->op_lock);
	ret = drm_gpuvm_sm_unmap(&bind->vm->base, bind, bind->op->va, bind->op->range);
	mutex_unlock(&bind->vm->op_lock);
	return ret;
}

static int vuma_bind_run_locked(struct vuma_bind *bind)
	__must_hold(drm_gpuvm_resv(&bind->vm->base))
{
	const struct drm_vuma_bind_op *op = bind->op;
	struct drm_gpuvm_bo *vm_bo = NULL;
	int ret;

	drm_gpuvm_resv_assert_held(&bind->vm->base);
	if (bind->vm->closed)
		return -ENOENT;

	if (bind->obj) {
		vm_bo = drm_gpuvm_bo_obtain_locked(&bind->vm->base, bind->obj);
		if (IS_ERR(vm_bo))
			return PTR_ERR(vm_bo);
		drm_gpuvm_bo_extobj_add(vm_bo);
		bind->vm_bo = vm_bo;
		bind->resident = vuma_bo_is_resident_locked(bind->obj, op->bo_offset, op->range);
	}

	ret = vuma_bind_alloc_tables_locked(bind);
	if (!ret)
		ret = bind->obj ? vuma_bind_map_locked(bind) : vuma_bind_unmap_locked(bind);

	/* The caller's reference keeps the object alive. */
	drm_gpuvm_bo_put(vm_bo);
	vuma_va_dead_changed_locked(&bind->dead);
	if (bind->obj)
		vuma_bo_mapping_changed_locked(bind->obj);
	return ret;
}

static int vuma_bind_one(struct vuma_vm *vm, const struct drm_vuma_bind_op *op,
			 struct drm_gem_object *obj, bool first)
{
	struct vuma_bind bind = { .vm = vm, .op = op, .obj = obj, .first = first };
	struct drm_exec exec;
	unsigned int i;
	int ret;

	INIT_LIST_HEAD(&bind.dead);
	ret = vuma_bind_alloc(&bind);
	if (ret)
		goto out_free;

	ret = vuma_bind_lock(&bind, &exec);
	if (!ret) {
		drm_gpuvm_resv_assert_held(&vm->base);
		ret = vuma_bind_run_locked(&bind);
	}
	drm_exec_fini(&exec);

	vuma_va_free_dead(&bind.dead);
	vuma_pt_pool_drain(&bind.pool);
out_free:
	for (i = 0; i < VUMA_BIND_VAS; i++)
		kfree(bind.spare[i]);
	return ret;
}

static int vuma_bind_check(struct drm_file *file, const struct drm_vuma_bind_op *op,
			   struct drm_gem_object **obj)
{
	if (op->pad || !IS_ALIGNED(op->va | op->bo_offset | op->range, SZ_4K) ||
	    !vuma_range_valid(op->va, op->range))
		return -EINVAL;

	switch (op->op) {
	case DRM_VUMA_BIND_UNMAP:
		return op->flags || op->handle || op->bo_offset ? -EINVAL : 0;
	case DRM_VUMA_BIND_MAP:
		break;
	default:
		return -EINVAL;
	}

	if (op->flags & ~DRM_VUMA_BIND_READONLY)
		return -EINVAL;
	*obj = drm_gem_object_lookup(file, op->handle);
	if (!*obj)
		return -ENOENT;
	if (op->range > (*obj)->size || op->bo_offset > (*obj)->size - op->range)
		return -EINVAL;
	return 0;
}

static int vuma_bind_all(struct vuma_vm *vm, struct drm_file *file,
			 const struct drm_vuma_bind_op *ops, u32 nr, u32 *done)
{
	struct drm_gem_object **objs;
	int ret = 0;
	u32 i;

	objs = kvcalloc(nr, sizeof(*objs), GFP_KERNEL);
	if (!objs)
		return -ENOMEM;

	for (i = 0; i < nr && !ret; i++)
		ret = vuma_bind_check(file, &ops[i], &objs[i]);

	/* Half done is no state to restart from: then only death interrupts. */
	for (i = 0; i < nr && !ret; i++) {
		if (fatal_signal_pending(current))
			ret = -EINTR;
		else
			ret = vuma_bind_one(vm, &ops[i], objs[i], !i);
		if (!ret)
			++*done;
	}

	for (i = 0; i < nr; i++)
		if (objs[i])
			drm_gem_object_put(objs[i]);
	kvfree(objs);
	return ret;
}

/**
 * vuma_ioctl_vm_bind - DRM_IOCTL_VUMA_VM_BIND
 * @drm: the device
 * @data: struct drm_vuma_vm_bind
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_vm_bind(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_vm_bind *args = data;
	struct drm_vuma_bind_op *ops;
	struct vuma_vm *vm;
	int ret, idx;

	if (args->flags || args->op_done || args->syncs || args->sync_count || args->pad ||
	    !args->op_count)
		return -EINVAL;
	if (args->op_count > DRM_VUMA_BIND_MAX_OPS)
		return -E2BIG;

	vm = vuma_vm_lookup(to_vuma_file(file), args->vm_id);
	if (!vm)
		return -ENOENT;

	ops = vmemdup_array_user(u64_to_user_ptr(args->ops), args->op_count, sizeof(*ops));
	if (IS_ERR(ops)) {
		ret = PTR_ERR(ops);
		goto out_vm;
	}

	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
		goto out_ops;
	}
	ret = vuma_bind_all(vm, file, ops, args->op_count, &args->op_done);
	drm_dev_exit(idx);
out_ops:
	kvfree(ops);
out_vm:
	vuma_vm_put(vm);
	return ret;
}
