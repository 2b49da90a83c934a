// SPDX-License-Identifier: GPL-2.0
/*
 * vuma's buffer objects on memory of a process.
 *
 * What is not pinned is looked at before each job of a VM that maps it, as
 * DRM_VUMA_USERPTR_NOTIFIER promises.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>

#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_userptr.h>
#include <drm/gem_uma/gem_uma_vm.h>
#include <drm/vuma_drm.h>

#include "vuma_bo.h"
#include "vuma_drv.h"

struct drm_gem_object *vuma_bo_create_userptr(struct vuma_device *vdev, u64 addr, u64 size,
					      u32 flags)
{
	u32 uma_flags = (flags & DRM_VUMA_USERPTR_READONLY ? GEM_UMA_USERPTR_READONLY : 0) |
			(flags & DRM_VUMA_USERPTR_NOTIFIER ? GEM_UMA_USERPTR_NOTIFIER : 0);
	struct drm_gem_object *obj;
	struct dma_buf *dma_buf;

	dma_buf = gem_uma_userptr_export(addr, size, uma_flags);
	if (IS_ERR(dma_buf))
		return ERR_CAST(dma_buf);
	obj = vdev->drm.driver->gem_prime_import(&vdev->drm, dma_buf);
	/* The import has it now. */
	dma_buf_put(dma_buf);
	return obj;
}

bool vuma_bo_is_readonly(struct drm_gem_object *obj)
{
	return gem_uma_object_is_readonly(to_gem_uma_object(obj));
}

bool vuma_bo_is_watched(struct drm_gem_object *obj)
{
	return gem_uma_object_is_watched(to_gem_uma_object(obj));
}

/*
 * Takes what a process has changed away from the device. What is there now gets into the page
 * tables only while the VM is idle: a job that was queued before has no fence in the buffer,
 * and the notifier would not wait for it (-ESTALE).
 */
int vuma_bo_refresh_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct gem_uma_vm_bo *vm_bo;
	int ret;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (!gem_uma_userptr_any_watched())
		return 0;
	list_for_each_entry(vm_bo, &vm->bos, link) {
		ret = gem_uma_object_leave_stale_locked(to_gem_uma_object(vm_bo->base.obj));
		if (ret)
			return ret;
	}
	if (gem_uma_vm_is_evicted_locked(vm, vuma_bo_is_watched) &&
	    !dma_resv_test_signaled(drm_gpuvm_resv(&vm->base), DMA_RESV_USAGE_BOOKKEEP))
		return -ESTALE;
	return 0;
}

/*
 * The first one that is in the way, with a reference; or NULL. It is stale and in use, or
 * validation needs it and its pages are not known. The latter in the order of validation, so
 * that it is the one that failed, whatever became of others.
 */
struct drm_gem_object *vuma_bo_missing_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct gem_uma_vm_bo *stale;
	struct drm_gpuvm_bo *vm_bo;

	drm_gpuvm_resv_assert_held(&vm->base);
	list_for_each_entry(stale, &vm->bos, link) {
		struct drm_gem_object *obj = stale->base.obj;

		if (!gem_uma_object_is_stale(to_gem_uma_object(obj)))
			continue;
		drm_gem_object_get(obj);
		return obj;
	}
	list_for_each_entry(vm_bo, &vm->base.evict.list, list.entry.evict) {
		struct drm_gem_object *obj = vm_bo->obj;

		if (!vuma_bo_is_watched(obj) || to_gem_uma_object(obj)->import_sgt)
			continue;
		drm_gem_object_get(obj);
		return obj;
	}
	return NULL;
}

int vuma_bo_look_up(struct drm_gem_object *obj)
{
	return gem_uma_object_lookup(to_gem_uma_object(obj));
}

/*
 * If true, nothing in the VM is stale, nor becomes so before vuma_bo_publish_end() with the
 * same @locked.
 */
bool vuma_bo_publish_begin_locked(struct gem_uma_vm *vm, bool *locked)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct gem_uma_vm_bo *vm_bo;
	bool stale = false;

	drm_gpuvm_resv_assert_held(&vm->base);
	*locked = false;
	if (!gem_uma_userptr_any_watched())
		return true;
	list_for_each_entry(vm_bo, &vm->bos, link) {
		if (!vuma_bo_is_watched(vm_bo->base.obj))
			continue;
		/* One lock for all processes: only for those who need it. */
		if (!*locked)
			gem_uma_userptr_publish_begin();
		*locked = true;
		if (gem_uma_object_is_stale(to_gem_uma_object(vm_bo->base.obj)))
			stale = true;
	}
	if (stale)
		vuma_bo_publish_end(*locked);
	return !stale;
}

void vuma_bo_publish_end(bool locked)
{
	if (locked)
		gem_uma_userptr_publish_end();
}
