// SPDX-License-Identifier: GPL-2.0
/*
 * The table of ioctls, and those about parameters and buffer objects.
 */

#include <linux/dma-resv.h>
#include <linux/ctype.h>
#include <linux/nospec.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_dumb_buffers.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_mode.h>
#include <drm/vuma_drm.h>

#include "vuma_drv.h"
#include "vuma_heap.h"
#include "vuma_implicit.h"
#include "vuma_job.h"
#include "vuma_vm.h"

#define VUMA_BO_FLAGS	(DRM_VUMA_BO_NO_MMAP | DRM_VUMA_BO_WC | DRM_VUMA_BO_HUGE | \
			 DRM_VUMA_BO_DISCARD_ON_RECLAIM)

static u64 vuma_vm_param(const struct vuma_vm_stat *stat, u32 param)
{
	const u64 values[] = {
		[DRM_VUMA_PARAM_VM_FAULTS] = stat->faults,
		[DRM_VUMA_PARAM_VM_FAULT_ADDR] = stat->fault_addr,
		[DRM_VUMA_PARAM_VM_FAULT_STATUS] = stat->fault,
		[DRM_VUMA_PARAM_VM_JOBS] = stat->jobs,
		[DRM_VUMA_PARAM_VM_MAPS] = stat->maps,
		[DRM_VUMA_PARAM_VM_UNMAPS] = stat->unmaps,
		[DRM_VUMA_PARAM_VM_IDLE] = stat->idle,
	};

	return values[array_index_nospec(param, ARRAY_SIZE(values))];
}

static int vuma_get_vm_param(struct vuma_file *vfile, struct drm_vuma_get_param *args)
{
	struct vuma_vm_stat stat;
	struct vuma_vm *vm;

	vm = args->vm_id ? vuma_vm_lookup(vfile, args->vm_id) : vuma_implicit_vm_lookup(vfile);
	if (!vm)
		return -ENOENT;
	vuma_vm_read_stat(vm, &stat);
	vuma_vm_put(vm);
	args->value = vuma_vm_param(&stat, args->param);
	return 0;
}

static int vuma_ioctl_get_param(struct drm_device *drm, void *data, struct drm_file *file)
{
	const u64 values[] = {
		[DRM_VUMA_PARAM_UAPI_VERSION] = VUMA_UAPI_MAJOR << 16 | VUMA_UAPI_MINOR,
		[DRM_VUMA_PARAM_VA_BITS] = VUMA_VA_BITS,
		[DRM_VUMA_PARAM_PAGE_SIZES] = VUMA_PAGE_SIZES,
		[DRM_VUMA_PARAM_COHERENT] = vuma_bo_device_is_coherent(to_vuma_device(drm)),
		[DRM_VUMA_PARAM_FEATURES] = vuma_bo_features,
		[DRM_VUMA_PARAM_MAX_CMDS] = VUMA_MAX_CMDS,
	};
	struct drm_vuma_get_param *args = data;

	if (args->param >= ARRAY_SIZE(values) && args->param <= DRM_VUMA_PARAM_VM_IDLE)
		return vuma_get_vm_param(to_vuma_file(file), args);
	if (args->param >= ARRAY_SIZE(values) || args->vm_id)
		return -EINVAL;
	args->value = values[array_index_nospec(args->param, ARRAY_SIZE(values))];
	return 0;
}

static int vuma_create_handle(struct drm_file *file, u64 *size, u32 flags,
			      struct drm_gem_object *r_obj, u32 *handle)
{
	struct drm_gem_object *obj;
	u64 obj_size;
	u32 new;
	int ret;

	if (!*size)
		return -EINVAL;
	/* Rounding up must not overflow; the backend knows the real limit. */
	if (*size > VUMA_VA_END - VUMA_VA_START)
		return -E2BIG;

	obj = vuma_bo_create(to_vuma_file(file), *size, flags, r_obj);
	if (IS_ERR(obj))
		return PTR_ERR(obj);

	obj_size = obj->size;
	ret = drm_gem_handle_create(file, obj, &new);
	/* The handle holds it now. */
	drm_gem_object_put(obj);
	if (ret)
		return ret;

	*size = obj_size;
	*handle = new;
	return 0;
}

static int vuma_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_create *args = data;
	struct vuma_vm *vm = NULL;
	int ret = -ENODEV, idx;

	if (args->flags & ~VUMA_BO_FLAGS || args->handle || args->pad)
		return -EINVAL;
	if (args->vm_id) {
		vm = vuma_vm_lookup(to_vuma_file(file), args->vm_id);
		if (!vm)
			return -ENOENT;
	}
	if (drm_dev_enter(drm, &idx)) {
		ret = vuma_create_handle(file, &args->size, args->flags,
					 vm ? gem_uma_vm_resv_object(&vm->base) : NULL,
					 &args->handle);
		drm_dev_exit(idx);
	}
	if (vm)
		vuma_vm_put(vm);
	return ret;
}

/**
 * vuma_dumb_create - create a buffer for software rendering
 * @file: the caller's file
 * @drm: the device
 * @args: width, height and bpp in; pitch, size and handle out
 *
 * Return: 0 or a negative error.
 */
int vuma_dumb_create(struct drm_file *file, struct drm_device *drm,
		     struct drm_mode_create_dumb *args)
{
	/* Nobody who draws into it knows what to sync. */
	u32 flags = vuma_bo_device_is_coherent(to_vuma_device(drm)) ? 0 : DRM_VUMA_BO_WC;
	int ret;

	ret = drm_mode_size_dumb(drm, args, SZ_64, 0);
	return ret ?: vuma_create_handle(file, &args->size, flags, NULL, &args->handle);
}

/**
 * vuma_dumb_map_offset - &drm_driver.dumb_map_offset
 * @file: the caller's file
 * @drm: the device
 * @handle: of any BO
 * @offset: result
 *
 * Return: 0 or a negative error.
 */
int vuma_dumb_map_offset(struct drm_file *file, struct drm_device *drm, u32 handle, u64 *offset)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	int ret;

	if (!obj)
		return -ENOENT;
	ret = vuma_bo_mmap_offset(obj, offset);
	drm_gem_object_put(obj);
	return ret;
}

static int vuma_ioctl_bo_mmap_offset(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_mmap_offset *args = data;

	if (args->flags)
		return -EINVAL;
	return vuma_dumb_map_offset(file, drm, args->handle, &args->offset);
}

static int vuma_ioctl_bo_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_query *args = data;
	struct drm_gem_object *obj;

	if (args->flags || args->pad)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	/* A backend adds what it knows. */
	*args = (struct drm_vuma_bo_query){ .handle = args->handle };
	vuma_bo_query(obj, args);
	drm_gem_object_put(obj);
	return 0;
}

static int vuma_copy_label(const struct drm_vuma_bo_set_label *args, char *label)
{
	u32 i;

	if (copy_from_user(label, u64_to_user_ptr(args->label), args->len))
		return -EFAULT;
	label[args->len] = 0;
	for (i = 0; i < args->len; i++)
		if (iscntrl(label[i]))
			return -EINVAL;
	return 0;
}

static int vuma_ioctl_bo_set_label(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_set_label *args = data;
	char label[DRM_VUMA_LABEL_MAX + 1];
	struct drm_gem_object *obj;
	int ret;

	if (args->flags || args->pad || (!args->label && args->len))
		return -EINVAL;
	if (args->len > DRM_VUMA_LABEL_MAX)
		return -E2BIG;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	ret = vuma_copy_label(args, label);
	if (!ret)
		ret = vuma_bo_set_label(obj, args->label ? label : NULL, args->len);
	drm_gem_object_put(obj);
	return ret;
}

static int vuma_ioctl_bo_madvise(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_madvise *args = data;
	bool ranged = args->advice == DRM_VUMA_MADV_DISCARD;
	struct drm_gem_object *obj;
	int ret;

	if (args->advice > DRM_VUMA_MADV_DISCARD || args->retained || args->pad ||
	    ranged != !!args->size || (!ranged && args->offset))
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	ret = vuma_bo_madvise(obj, args);
	drm_gem_object_put(obj);
	return ret;
}

static int vuma_sync_check(const struct drm_vuma_bo_sync_range *range,
			   struct drm_gem_object *obj)
{
	u64 end;

	if (range->op > DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE || !range->size ||
	    check_add_overflow(range->offset, range->size, &end) || end > obj->size ||
	    drm_gem_is_imported(obj))
		return -EINVAL;
	return vuma_bo_is_purged(obj) ? -EFAULT : 0;
}

/* All are looked at before the first is done. */
static int vuma_sync_ranges(struct drm_file *file, const struct drm_vuma_bo_sync_range *ranges,
			    struct drm_gem_object **objs, u32 count)
{
	int ret;
	u32 i;

	for (i = 0; i < count; i++) {
		objs[i] = drm_gem_object_lookup(file, ranges[i].handle);
		ret = objs[i] ? vuma_sync_check(&ranges[i], objs[i]) : -ENOENT;
		if (ret)
			return ret;
	}
	for (i = 0; i < count; i++) {
		/* Each range may be too short for a look of its own. */
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = vuma_bo_sync(objs[i], ranges[i].offset, ranges[i].size,
				   ranges[i].op == DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE);
		if (ret)
			return ret;
	}
	return 0;
}

static int vuma_ioctl_bo_sync(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_sync *args = data;
	struct drm_vuma_bo_sync_range *ranges;
	struct drm_gem_object **objs;
	int ret = -ENOMEM;
	u32 i;

	if (args->flags || !args->count)
		return -EINVAL;
	if (args->count > DRM_VUMA_BO_SYNC_MAX_RANGES)
		return -E2BIG;
	ranges = vmemdup_array_user(u64_to_user_ptr(args->ranges), args->count, sizeof(*ranges));
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);
	objs = kvcalloc(args->count, sizeof(*objs), GFP_KERNEL);
	if (objs) {
		ret = vuma_sync_ranges(file, ranges, objs, args->count);
		for (i = 0; i < args->count && objs[i]; i++)
			drm_gem_object_put(objs[i]);
	}
	kvfree(objs);
	kvfree(ranges);
	return ret;
}

static unsigned long vuma_timeout_jiffies(s64 ns)
{
	u64 j = nsecs_to_jiffies64(ns) + 1;

	return min_t(u64, j, MAX_SCHEDULE_TIMEOUT - 1);
}

/*
 * Waits for jobs that may write: one of SUBMIT_LEGACY says so, and one of SUBMIT says
 * nothing. Returns what dma_resv_wait_timeout() would.
 */
static long vuma_bo_wait_writers(struct drm_gem_object *obj, long timeout)
{
	long left = timeout ?: 1;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, obj->resv, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		if (dma_resv_iter_usage(&cursor) == DMA_RESV_USAGE_READ)
			continue;
		left = dma_fence_wait_timeout(fence, true, timeout);
		if (left <= 0)
			break;
		/* It is 1 also if there was nothing to wait for. */
		timeout = timeout ? left : 0;
	}
	dma_resv_iter_end(&cursor);
	return left;
}

static int vuma_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_wait *args = data;
	bool writers = args->flags & DRM_VUMA_BO_WAIT_READ;
	struct drm_gem_object *obj;
	long timeout, left;

	if (args->flags & ~DRM_VUMA_BO_WAIT_READ || args->timeout_ns < 0)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;

	timeout = args->timeout_ns ? vuma_timeout_jiffies(args->timeout_ns) : 0;
	if (writers)
		left = vuma_bo_wait_writers(obj, timeout);
	else
		left = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_BOOKKEEP, true, timeout);
	drm_gem_object_put(obj);

	if (left < 0)
		return left;
	if (left)
		return 0;
	return timeout ? -ETIME : -EBUSY;
}

static int vuma_ioctl_bo_userptr(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_bo_userptr *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->flags & ~(DRM_VUMA_USERPTR_READONLY | DRM_VUMA_USERPTR_NOTIFIER) || args->handle)
		return -EINVAL;
	obj = vuma_bo_create_userptr(to_vuma_device(drm), args->addr, args->size, args->flags);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = drm_gem_handle_create(file, obj, &args->handle);
	/* The handle holds it now. */
	drm_gem_object_put(obj);
	return ret;
}

#define VUMA_IOCTL(name, func) \
	DRM_IOCTL_DEF_DRV(VUMA_##name, func, DRM_RENDER_ALLOW)

const struct drm_ioctl_desc vuma_ioctls[] = {
	VUMA_IOCTL(GET_PARAM, vuma_ioctl_get_param),
	VUMA_IOCTL(BO_CREATE, vuma_ioctl_bo_create),
	VUMA_IOCTL(BO_MMAP_OFFSET, vuma_ioctl_bo_mmap_offset),
	VUMA_IOCTL(BO_SYNC, vuma_ioctl_bo_sync),
	VUMA_IOCTL(BO_MADVISE, vuma_ioctl_bo_madvise),
	VUMA_IOCTL(BO_QUERY, vuma_ioctl_bo_query),
	VUMA_IOCTL(BO_SET_LABEL, vuma_ioctl_bo_set_label),
	VUMA_IOCTL(VM_CREATE, vuma_ioctl_vm_create),
	VUMA_IOCTL(VM_DESTROY, vuma_ioctl_vm_destroy),
	VUMA_IOCTL(VM_BIND, vuma_ioctl_vm_bind),
	VUMA_IOCTL(SUBMIT, vuma_ioctl_submit),
	VUMA_IOCTL(SUBMIT_LEGACY, vuma_ioctl_submit_legacy),
	VUMA_IOCTL(SCANOUT_PIN, vuma_ioctl_scanout_pin),
	VUMA_IOCTL(SCANOUT_UNPIN, vuma_ioctl_scanout_unpin),
	VUMA_IOCTL(HEAP_CREATE, vuma_ioctl_heap_create),
	VUMA_IOCTL(HEAP_DESTROY, vuma_ioctl_heap_destroy),
	VUMA_IOCTL(BO_WAIT, vuma_ioctl_bo_wait),
	VUMA_IOCTL(BO_USERPTR, vuma_ioctl_bo_userptr),
};

const int vuma_num_ioctls = ARRAY_SIZE(vuma_ioctls);
