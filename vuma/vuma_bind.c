// SPDX-License-Identifier: GPL-2.0
/*
 * VM_BIND: what user space asks for, in the words of the library.
 */

#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_syncobj.h>

#include "vuma_drv.h"
#include "vuma_heap.h"
#include "vuma_sync.h"
#include "vuma_vm.h"

/* The most that one bind can make sparse: its page tables belong to no buffer. */
#define VUMA_SPARSE_MAX		BIT_ULL(40)

static int vuma_bind_check_map(struct drm_file *file, const struct drm_vuma_bind_op *in,
			       struct gem_uma_vm_op *op)
{
	if (in->flags & ~DRM_VUMA_BIND_READONLY)
		return -EINVAL;
	op->type = GEM_UMA_VM_MAP;
	op->prot = in->flags & DRM_VUMA_BIND_READONLY ? GEM_UMA_VM_READONLY : 0;
	op->offset = in->bo_offset;
	op->obj = drm_gem_object_lookup(file, in->handle);
	if (!op->obj)
		return -ENOENT;
	/* It has its place in a VM, and holes. */
	if (vuma_heap_is(op->obj))
		return -EINVAL;
	/* If it is purged later than here, the next job finds out. */
	if (vuma_bo_is_purged(op->obj))
		return -EFAULT;
	if (!op->prot && vuma_bo_is_readonly(op->obj))
		return -EACCES;
	if (in->range > op->obj->size || in->bo_offset > op->obj->size - in->range)
		return -EINVAL;
	return 0;
}

static int vuma_bind_check(struct drm_file *file, const struct drm_vuma_bind_op *in,
			   struct gem_uma_vm_op *op)
{
	if (in->pad || !IS_ALIGNED(in->va | in->bo_offset | in->range, VUMA_PAGE_SIZE) ||
	    !vuma_range_valid(in->va, in->range))
		return -EINVAL;

	op->va = in->va;
	op->range = in->range;
	switch (in->op) {
	case DRM_VUMA_BIND_MAP:
		return vuma_bind_check_map(file, in, op);
	case DRM_VUMA_BIND_UNMAP:
		op->type = GEM_UMA_VM_UNMAP;
		return in->flags || in->handle || in->bo_offset ? -EINVAL : 0;
	case DRM_VUMA_BIND_SPARSE:
		op->type = GEM_UMA_VM_SPARSE;
		op->prot = in->flags & DRM_VUMA_BIND_DUMMY ? GEM_UMA_VM_DUMMY : 0;
		return in->flags & ~DRM_VUMA_BIND_DUMMY || in->handle || in->bo_offset ||
		       in->range > VUMA_SPARSE_MAX ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static struct gem_uma_vm_bind *vuma_bind_create(struct vuma_vm *vm, struct drm_file *file,
						const struct drm_vuma_bind_op *in, u32 nr)
{
	struct gem_uma_vm_bind *bind;
	struct gem_uma_vm_op *ops;
	u64 sparse = 0;
	int ret = 0;
	u32 i;

	ops = kvcalloc(nr, sizeof(*ops), GFP_KERNEL);
	if (!ops)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr && !ret; i++) {
		ret = vuma_bind_check(file, &in[i], &ops[i]);
		if (!ret && ops[i].type == GEM_UMA_VM_SPARSE)
			sparse += ops[i].range;
		if (sparse > VUMA_SPARSE_MAX)
			ret = -E2BIG;
	}
	bind = ret ? ERR_PTR(ret) : gem_uma_vm_bind_create(&vm->base, ops, nr);
	for (i = 0; i < nr; i++)
		if (ops[i].obj)
			drm_gem_object_put(ops[i].obj);
	kvfree(ops);
	return bind;
}

static int vuma_bind_add_sync(struct gem_uma_vm_bind *bind, struct drm_file *file,
			      const struct drm_vuma_sync *sync, struct vuma_outs *outs)
{
	struct dma_fence *fence;
	int ret;

	if (sync->flags & DRM_VUMA_SYNC_SIGNAL)
		return vuma_outs_add(outs, file, sync);
	ret = drm_syncobj_find_fence(file, sync->handle, sync->point, 0, &fence);
	return ret ?: gem_uma_vm_bind_add_dependency(bind, fence);
}

static int vuma_bind_add_syncs(struct gem_uma_vm_bind *bind, struct drm_file *file,
			       const struct drm_vuma_vm_bind *args, struct vuma_outs *outs)
{
	struct drm_vuma_sync *syncs;
	int ret;
	u32 i;

	syncs = vuma_syncs_copy(args->syncs, args->sync_count, DRM_VUMA_SYNC_SIGNAL);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	ret = vuma_outs_alloc(outs, args->sync_count);
	for (i = 0; i < args->sync_count && !ret; i++)
		ret = vuma_bind_add_sync(bind, file, &syncs[i], outs);
	kfree(syncs);
	return ret;
}

static int vuma_bind_async(struct gem_uma_vm_bind *bind, struct drm_file *file,
			   const struct drm_vuma_vm_bind *args)
{
	struct vuma_outs outs = { };
	struct dma_fence *fence;
	int ret;

	ret = vuma_bind_add_syncs(bind, file, args, &outs);
	if (ret) {
		gem_uma_vm_bind_destroy(bind);
	} else {
		ret = gem_uma_vm_bind_commit(bind, &fence);
		if (!ret) {
			vuma_outs_signal(&outs, fence);
			dma_fence_put(fence);
		}
	}
	vuma_outs_free(&outs);
	return ret;
}

static int vuma_bind_vm(struct vuma_vm *vm, struct drm_file *file, struct drm_vuma_vm_bind *args)
{
	struct gem_uma_vm_bind *bind;
	struct drm_vuma_bind_op *ops;
	int ret;

	ops = vmemdup_array_user(u64_to_user_ptr(args->ops), args->op_count, sizeof(*ops));
	if (IS_ERR(ops))
		return PTR_ERR(ops);
	bind = vuma_bind_create(vm, file, ops, args->op_count);
	kvfree(ops);
	if (IS_ERR(bind))
		return PTR_ERR(bind);

	if (args->flags & DRM_VUMA_VM_BIND_ASYNC)
		ret = vuma_bind_async(bind, file, args);
	else
		ret = gem_uma_vm_bind_commit(bind, NULL);
	if (!ret)
		args->op_done = args->op_count;
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
	struct vuma_vm *vm;
	int ret;

	if (args->flags & ~DRM_VUMA_VM_BIND_ASYNC || args->op_done || args->pad ||
	    !args->op_count || (args->syncs && !args->sync_count))
		return -EINVAL;
	if (args->sync_count && !(args->flags & DRM_VUMA_VM_BIND_ASYNC))
		return -EINVAL;
	if (args->op_count > DRM_VUMA_BIND_MAX_OPS ||
	    args->sync_count > DRM_VUMA_SUBMIT_MAX_SYNCS)
		return -E2BIG;
	if (vuma_path_is_implicit(to_vuma_file(file)))
		return -EBUSY;

	vm = vuma_vm_lookup(to_vuma_file(file), args->vm_id);
	if (!vm)
		return -ENOENT;
	ret = vuma_bind_vm(vm, file, args);
	vuma_vm_put(vm);
	return ret;
}
