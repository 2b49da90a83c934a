// SPDX-License-Identifier: GPL-2.0
/*
 * panthor's VM_BIND on gem-uma: user space's by the queue of the library, the driver's own past
 * it, and what a submit needs of a VM.
 *
 * All operations of one ioctl are one bind: they are done as a whole, or not at all.
 *
 * Locks: none here; the library takes resvs. Neighbours: panthor_uma_vm.c, which writes page
 * tables, and panthor_drv.c, which submits.
 */
#include <linux/dma-fence-chain.h>
#include <linux/dma-resv.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_syncobj.h>
#include <drm/gpu_scheduler.h>
#include <drm/panthor_drm.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mmu.h"
#include "panthor_uma_vm.h"

#define PANTHOR_UMA_MAP_FLAGS	(DRM_PANTHOR_VM_BIND_OP_MAP_READONLY | \
				 DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC | \
				 DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED | \
				 DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE)

/* A queue has room for fewer. */
#define PANTHOR_UMA_MAX_OPS	4096
/* Of all operations of an ioctl. Each is looked for among those before it. */
#define PANTHOR_UMA_MAX_SYNCS	4096

/* Resets wait for whoever writes page tables. */
#define PANTHOR_UMA_MAX_SPARSE	SZ_1T

/* A point of a syncobj that is signalled when the bind was executed. */
struct panthor_uma_signal {
	struct drm_syncobj *syncobj;
	u32 handle;
	u64 point;
	/* For a timeline. */
	struct dma_fence_chain *chain;
};

/* One ioctl. */
struct panthor_uma_request {
	struct drm_file *file;
	struct panthor_vm *vm;
	const struct drm_panthor_vm_bind_op *args;
	u32 nr_args;
	/* Those of @args that change something; each holds a reference of its object. */
	struct gem_uma_vm_op *ops;
	u32 nr_ops;
	bool unmaps_only;
	struct gem_uma_vm_bind *bind;
	struct panthor_uma_signal *signals;
	u32 nr_signals;
};

static u32 panthor_uma_prot(u32 flags)
{
	return (flags & DRM_PANTHOR_VM_BIND_OP_MAP_READONLY ? GEM_UMA_VM_READONLY : 0) |
	       (flags & DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC ? PANTHOR_UMA_NOEXEC : 0) |
	       (flags & DRM_PANTHOR_VM_BIND_OP_MAP_UNCACHED ? PANTHOR_UMA_UNCACHED : 0) |
	       (flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE ? GEM_UMA_VM_DUMMY : 0);
}

static u32 panthor_uma_op_type(const struct drm_panthor_vm_bind_op *arg)
{
	return arg->flags & DRM_PANTHOR_VM_BIND_OP_TYPE_MASK;
}

/* The memory behind a sparse range is the VM's. It must not be executed. */
static int panthor_uma_add_map(struct panthor_uma_request *req,
			       const struct drm_panthor_vm_bind_op *arg, struct gem_uma_vm_op *op)
{
	if (arg->flags & ~(DRM_PANTHOR_VM_BIND_OP_TYPE_MASK | PANTHOR_UMA_MAP_FLAGS))
		return -EINVAL;
	op->prot = panthor_uma_prot(arg->flags);
	if (op->prot & GEM_UMA_VM_DUMMY) {
		op->type = GEM_UMA_VM_SPARSE;
		if (op->range > PANTHOR_UMA_MAX_SPARSE)
			return -E2BIG;
		return op->prot & PANTHOR_UMA_NOEXEC && !arg->bo_handle && !arg->bo_offset ?
		       0 : -EINVAL;
	}
	op->type = GEM_UMA_VM_MAP;
	op->offset = arg->bo_offset;
	op->obj = drm_gem_object_lookup(req->file, arg->bo_handle);
	if (!op->obj)
		return -EINVAL;
	panthor_uma_share_activity(to_panthor_bo(op->obj), panthor_vm_activity(req->vm));
	return 0;
}

static bool panthor_uma_is_plain(const struct drm_panthor_vm_bind_op *arg)
{
	return !(arg->flags & ~DRM_PANTHOR_VM_BIND_OP_TYPE_MASK) && !arg->bo_handle &&
	       !arg->bo_offset;
}

static int panthor_uma_add_op(struct panthor_uma_request *req,
			      const struct drm_panthor_vm_bind_op *arg)
{
	struct gem_uma_vm_op *op = &req->ops[req->nr_ops];

	if (panthor_uma_op_type(arg) == DRM_PANTHOR_VM_BIND_OP_TYPE_SYNC_ONLY)
		return panthor_uma_is_plain(arg) && !arg->va && !arg->size && arg->syncs.count ?
		       0 : -EINVAL;
	/* Above are the addresses of the kernel's own buffers. */
	if (range_overflows(arg->va, arg->size, panthor_vm_to_uma(req->vm)->user_end))
		return -EINVAL;
	op->va = arg->va;
	op->range = arg->size;
	req->nr_ops++;
	switch (panthor_uma_op_type(arg)) {
	case DRM_PANTHOR_VM_BIND_OP_TYPE_MAP:
		req->unmaps_only = false;
		return panthor_uma_add_map(req, arg, op);
	case DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP:
		op->type = GEM_UMA_VM_UNMAP;
		return panthor_uma_is_plain(arg) ? 0 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static void panthor_uma_request_fini(struct panthor_uma_request *req)
{
	u32 i;

	for (i = 0; i < req->nr_signals; i++) {
		dma_fence_chain_free(req->signals[i].chain);
		drm_syncobj_put(req->signals[i].syncobj);
	}
	kvfree(req->signals);
	for (i = 0; i < req->nr_ops; i++)
		drm_gem_object_put(req->ops[i].obj);
	kvfree(req->ops);
	kvfree(req->args);
	panthor_vm_put(req->vm);
}

static int panthor_uma_request_init(struct panthor_uma_request *req, struct drm_file *file,
				    const struct drm_panthor_vm_bind *args)
{
	struct panthor_file *pfile = file->driver_priv;
	void *copy;

	req->file = file;
	req->unmaps_only = true;
	req->vm = panthor_vm_pool_get_vm(pfile->vms, args->vm_id);
	if (!req->vm)
		return -EINVAL;
	/* All of them are allocated before any is done, and what only unmaps may not fail. */
	if (args->ops.count > PANTHOR_UMA_MAX_OPS)
		return -E2BIG;
	copy = panthor_get_uobj_array(&args->ops,
				      offsetofend(struct drm_panthor_vm_bind_op, syncs),
				      sizeof(*req->args));
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	req->args = copy;
	req->nr_args = args->ops.count;
	req->ops = kvcalloc(req->nr_args, sizeof(*req->ops), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return req->ops ? 0 : -ENOMEM;
}

static int panthor_uma_request_bind(struct panthor_uma_request *req)
{
	req->bind = gem_uma_vm_bind_create(&panthor_vm_to_uma(req->vm)->base, req->ops,
					   req->nr_ops);
	return PTR_ERR_OR_ZERO(req->bind);
}

/* A VM that was destroyed, or is unusable, takes no more; unless it is to unmap something. */
static int panthor_uma_commit(struct panthor_uma_request *req, struct dma_fence **fence)
{
	int ret;

	if (!fence && req->unmaps_only && panthor_vm_is_unusable(req->vm))
		ret = gem_uma_vm_bind_commit_direct(req->bind, true);
	else
		ret = gem_uma_vm_bind_commit(req->bind, fence);
	return ret == -ENOENT ? -EINVAL : ret;
}

int panthor_ioctl_vm_bind_sync(struct drm_device *drm, struct drm_panthor_vm_bind *args,
			       struct drm_file *file)
{
	struct panthor_uma_request req = {};
	int ret = panthor_uma_request_init(&req, file, args);
	u32 i;

	if (ret)
		goto out;
	for (i = 0; i < req.nr_args && !ret; i++) {
		if (req.args[i].syncs.count)
			ret = -EINVAL;
		else if (req.args[i].size)
			ret = panthor_uma_add_op(&req, &req.args[i]);
	}
	if (!ret && req.nr_ops)
		ret = panthor_uma_request_bind(&req);
	if (!ret && req.nr_ops)
		ret = panthor_uma_commit(&req, NULL);
	/* So many were done. What a signal has ended is about to be asked for again. */
	if (ret && ret != -ERESTARTSYS && ret != -EINTR)
		args->ops.count = 0;
out:
	panthor_uma_request_fini(&req);
	return ret;
}

static struct panthor_uma_signal *panthor_uma_find_signal(struct panthor_uma_request *req, u32 nr,
							  const struct drm_panthor_sync_op *sync)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (req->signals[i].handle == sync->handle &&
		    req->signals[i].point == sync->timeline_value)
			return &req->signals[i];
	return NULL;
}

static int panthor_uma_add_signal(struct panthor_uma_request *req,
				  const struct drm_panthor_sync_op *sync)
{
	struct panthor_uma_signal *signal;

	if (panthor_uma_find_signal(req, req->nr_signals, sync))
		return 0;
	signal = &req->signals[req->nr_signals];
	signal->handle = sync->handle;
	signal->point = sync->timeline_value;
	signal->syncobj = drm_syncobj_find(req->file, sync->handle);
	if (!signal->syncobj)
		return -EINVAL;
	req->nr_signals++;
	if (!signal->point)
		return 0;
	signal->chain = dma_fence_chain_alloc();
	return signal->chain ? 0 : -ENOMEM;
}

static bool panthor_uma_sync_valid(const struct drm_panthor_sync_op *sync)
{
	u32 flags = sync->flags & ~DRM_PANTHOR_SYNC_OP_SIGNAL;

	return flags == DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_TIMELINE_SYNCOBJ ||
	       (flags == DRM_PANTHOR_SYNC_OP_HANDLE_TYPE_SYNCOBJ && !sync->timeline_value);
}

/* What an earlier operation signals, the order of operations waits for. @nr: signals of those. */
static int panthor_uma_add_sync(struct panthor_uma_request *req, u32 nr,
				const struct drm_panthor_sync_op *sync)
{
	struct dma_fence *fence;
	int ret;

	if (!panthor_uma_sync_valid(sync))
		return -EINVAL;
	if (sync->flags & DRM_PANTHOR_SYNC_OP_SIGNAL)
		return panthor_uma_add_signal(req, sync);
	if (panthor_uma_find_signal(req, nr, sync))
		return 0;
	ret = drm_syncobj_find_fence(req->file, sync->handle, sync->timeline_value, 0, &fence);
	return ret ?: gem_uma_vm_bind_add_dependency(req->bind, fence);
}

static int panthor_uma_add_syncs(struct panthor_uma_request *req,
				 const struct drm_panthor_obj_array *array)
{
	struct drm_panthor_sync_op *syncs;
	u32 nr = req->nr_signals, i;
	int ret = 0;

	syncs = panthor_get_uobj_array(array, offsetofend(struct drm_panthor_sync_op,
							  timeline_value), sizeof(*syncs));
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);
	for (i = 0; i < array->count && !ret; i++)
		ret = panthor_uma_add_sync(req, nr, &syncs[i]);
	kvfree(syncs);
	return ret;
}

/* Room for the signals of all operations. */
static int panthor_uma_alloc_signals(struct panthor_uma_request *req)
{
	u32 nr = 0, i;

	for (i = 0; i < req->nr_args; i++)
		if (check_add_overflow(nr, req->args[i].syncs.count, &nr) ||
		    nr > PANTHOR_UMA_MAX_SYNCS)
			return -E2BIG;
	req->signals = kvcalloc(nr, sizeof(*req->signals), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return req->signals ? 0 : -ENOMEM;
}

static void panthor_uma_signal_all(struct panthor_uma_request *req, struct dma_fence *fence)
{
	struct panthor_uma_signal *signal;
	u32 i;

	for (i = 0; i < req->nr_signals; i++) {
		signal = &req->signals[i];
		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence,
					      signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
		signal->chain = NULL;
	}
}

/* Begins when all operations may, and signals when all are done. */
static int panthor_uma_async(struct panthor_uma_request *req)
{
	struct dma_fence *fence;
	int ret;
	u32 i;

	ret = panthor_uma_alloc_signals(req);
	for (i = 0; i < req->nr_args && !ret; i++)
		ret = panthor_uma_add_syncs(req, &req->args[i].syncs);
	if (ret) {
		gem_uma_vm_bind_destroy(req->bind);
		return ret;
	}
	ret = panthor_uma_commit(req, &fence);
	if (ret)
		return ret;
	panthor_uma_signal_all(req, fence);
	dma_fence_put(fence);
	return 0;
}

int panthor_ioctl_vm_bind_async(struct drm_device *drm, struct drm_panthor_vm_bind *args,
				struct drm_file *file)
{
	struct panthor_uma_request req = {};
	int ret = panthor_uma_request_init(&req, file, args);
	u32 i;

	for (i = 0; i < req.nr_args && !ret; i++)
		ret = panthor_uma_add_op(&req, &req.args[i]);
	if (!ret)
		ret = panthor_uma_request_bind(&req);
	if (!ret)
		ret = panthor_uma_async(&req);
	panthor_uma_request_fini(&req);
	return ret;
}

static int panthor_uma_bind_own(struct panthor_vm *vm, const struct gem_uma_vm_op *op)
{
	struct gem_uma_vm_bind *bind = gem_uma_vm_bind_create(&panthor_vm_to_uma(vm)->base, op, 1);

	if (IS_ERR(bind))
		return PTR_ERR(bind);
	return gem_uma_vm_bind_commit_direct(bind, false);
}

static int panthor_uma_pin(struct panthor_gem_object *bo)
{
	int ret;

	dma_resv_lock(bo->base.resv, NULL);
	ret = gem_uma_object_pin(&bo->base);
	if (!ret) {
		ret = gem_uma_object_populate_locked(&bo->uma, 0, bo->base.size,
						     DMA_BIDIRECTIONAL);
		if (ret)
			gem_uma_object_unpin(&bo->base);
	}
	dma_resv_unlock(bo->base.resv);
	return ret;
}

static void panthor_uma_unpin(struct panthor_gem_object *bo)
{
	dma_resv_lock(bo->base.resv, NULL);
	gem_uma_object_unpin(&bo->base);
	dma_resv_unlock(bo->base.resv);
}

/* The driver's own: the firmware, or a job that runs, may need it at once. */
int panthor_vm_map_bo_range(struct panthor_vm *vm, struct panthor_gem_object *bo, u64 offset,
			    u64 size, u64 va, u32 flags)
{
	const struct gem_uma_vm_op op = {
		.type = GEM_UMA_VM_MAP, .prot = panthor_uma_prot(flags), .va = va,
		.range = size, .obj = &bo->base, .offset = offset,
	};
	int ret = panthor_uma_pin(bo);

	if (ret)
		return ret;
	panthor_uma_share_activity(bo, panthor_vm_activity(vm));
	ret = panthor_uma_bind_own(vm, &op);
	panthor_uma_unpin(bo);
	return ret;
}

/* A VM that was destroyed has nothing mapped. */
int panthor_vm_unmap_range(struct panthor_vm *vm, u64 va, u64 size)
{
	const struct gem_uma_vm_op op = { .type = GEM_UMA_VM_UNMAP, .va = va, .range = size };
	int ret = panthor_uma_bind_own(vm, &op);

	return ret == -ENOENT ? 0 : ret;
}

/*
 * By one bind, which flushes once; what it does not get, the library unmaps one by one. It may
 * wait on the queue for user space, so it leaves out what the kernel has mapped: whoever frees
 * that would wait for it.
 */
void panthor_uma_vm_close(struct panthor_uma_vm *vm)
{
	u64 start = vm->base.base.mm_start;
	const struct gem_uma_vm_op op = {
		.type = GEM_UMA_VM_UNMAP, .va = start,
		.range = vm->user_end - min(start, vm->user_end),
	};
	struct gem_uma_vm_bind *bind = gem_uma_vm_bind_create(&vm->base, &op, 1);
	struct dma_fence *fence;

	if (!IS_ERR(bind) && !gem_uma_vm_bind_commit(bind, &fence))
		dma_fence_put(fence);
	gem_uma_vm_close(&vm->base);
}

/* Fences may wait for the caller, so no resv is taken. */
struct panthor_gem_object *panthor_vm_get_bo_for_va(struct panthor_vm *vm, u64 va, u64 *bo_offset)
{
	struct drm_gem_object *obj;

	obj = gem_uma_vm_lookup(&panthor_vm_to_uma(vm)->base, va, bo_offset);
	return obj ? to_panthor_bo(obj) : ERR_PTR(-ENOENT);
}

void panthor_uma_submit_init(struct panthor_uma_submit *submit)
{
	submit->locked = false;
	submit->mapped = NULL;
}

/* Brings back all that reclaim took, and all that was bound and never had pages. */
int panthor_uma_submit_lock(struct panthor_uma_submit *submit, struct panthor_vm *vm,
			    unsigned int jobs)
{
	struct gem_uma_vm *uma = &panthor_vm_to_uma(vm)->base;
	int ret;

	panthor_uma_mark_active(panthor_vm_activity(vm));
	/* One more is for what has to be mapped. */
	ret = gem_uma_vm_lock_all(&submit->lock, uma, jobs + 1);
	if (ret)
		return ret;
	submit->locked = true;
	drm_gpuvm_resv_assert_held(&uma->base);
	return gem_uma_vm_validate_locked(uma, &submit->lock.exec, &submit->mapped);
}

int panthor_uma_submit_add_dependency(struct panthor_uma_submit *submit,
				      struct drm_sched_job *job)
{
	if (!submit->mapped)
		return 0;
	return drm_sched_job_add_dependency(job, dma_fence_get(submit->mapped));
}

void panthor_uma_submit_fini(struct panthor_uma_submit *submit)
{
	if (submit->locked)
		gem_uma_vm_unlock(&submit->lock);
	dma_fence_put(submit->mapped);
}
