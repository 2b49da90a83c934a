// SPDX-License-Identifier: GPL-2.0
/*
 * PowerVR's buffers on gem-uma.
 *
 * VMs and their page tables stay the driver's. A buffer that a VM maps is pinned: the firmware
 * runs contexts on its own, and nobody tells it before a page goes. What no VM maps can be
 * evicted. What the kernel makes for the firmware is pinned for life.
 *
 * Locks: the VM's, then the buffer's resv. Reclaim has the resv, and needs nothing else here.
 */
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "pvr_device.h"
#include "pvr_drv.h"
#include "pvr_gem.h"
#include "pvr_rogue_defs.h"

/**
 * struct pvr_uma_pin - keeps a buffer's pages, and where they are for the device
 *
 * Of a mapping. What is left of one that is split shares it.
 */
struct pvr_uma_pin {
	/** @ref: references. */
	struct kref ref;
	/** @pvr_obj: buffer, with a reference. */
	struct pvr_gem_object *pvr_obj;
};

static struct pvr_gem_object *pvr_uma_to_pvr(struct gem_uma_object *uobj)
{
	return container_of(uobj, struct pvr_gem_object, base);
}

static unsigned int pvr_uma_dev_mapped(struct gem_uma_object *uobj)
{
	return pvr_uma_to_pvr(uobj)->mapped;
}

static void pvr_uma_free(struct gem_uma_object *uobj)
{
	kfree(pvr_uma_to_pvr(uobj));
}

/* Nothing to evict from: what page tables have is pinned. */
static const struct gem_uma_object_ops pvr_uma_ops = {
	.dev_mapped = pvr_uma_dev_mapped,
	.free = pvr_uma_free,
};

int pvr_uma_get_for_export(struct gem_uma_object *uobj)
{
	return pvr_uma_to_pvr(uobj)->flags & DRM_PVR_BO_PM_FW_PROTECT ? -EPERM : 0;
}

static bool pvr_uma_may_be_mmapped(struct drm_gem_object *obj)
{
	return gem_to_pvr_gem(obj)->flags & DRM_PVR_BO_ALLOW_CPU_USERSPACE_ACCESS;
}

int pvr_uma_mmap_offset(struct drm_gem_object *obj, u64 *offset)
{
	if (!pvr_uma_may_be_mmapped(obj))
		return -EINVAL;
	return gem_uma_object_mmap_offset(to_gem_uma_object(obj), offset);
}

/* Imports, which have no flags, are mapped through their exporter only. */
int pvr_uma_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	return pvr_uma_may_be_mmapped(obj) ? gem_uma_object_mmap(obj, vma) : -EINVAL;
}

static struct pvr_gem_object *pvr_uma_alloc(struct pvr_device *pvr_dev)
{
	struct pvr_gem_object *pvr_obj = kzalloc_obj(*pvr_obj, GFP_KERNEL_ACCOUNT);

	if (pvr_obj)
		gem_from_pvr_gem(pvr_obj)->funcs = pvr_dev->uma.funcs;
	return pvr_obj;
}

/* What only firmware and parameter manager may access is not for user space. */
static bool pvr_uma_flags_are_valid(u64 flags)
{
	const u64 either = DRM_PVR_BO_PM_FW_PROTECT | DRM_PVR_BO_ALLOW_CPU_USERSPACE_ACCESS;

	return !(flags & PVR_BO_UNDEFINED_MASK) && (flags & either) != either;
}

static u32 pvr_uma_flags(u64 flags)
{
	return (flags & PVR_BO_CPU_CACHED ? 0 : GEM_UMA_OBJECT_WC) |
	       (flags & DRM_PVR_BO_ALLOW_CPU_USERSPACE_ACCESS ? 0 : GEM_UMA_OBJECT_NO_MMAP);
}

/* The library clears pages once, and writes them back before anybody maps them uncached. */
static struct pvr_gem_object *pvr_uma_create(struct pvr_device *pvr_dev, size_t size, u64 flags,
					     u32 more)
{
	struct pvr_gem_object *pvr_obj;
	int ret;

	if (!pvr_uma_flags_are_valid(flags))
		return ERR_PTR(-EINVAL);
	pvr_obj = pvr_uma_alloc(pvr_dev);
	if (!pvr_obj)
		return ERR_PTR(-ENOMEM);
	if (pvr_dev->uma.dev.coherent)
		flags |= PVR_BO_CPU_CACHED;
	pvr_obj->flags = flags;
	ret = gem_uma_object_init(&pvr_obj->base, &pvr_dev->uma.dev, size,
				  pvr_uma_flags(flags) | more, &pvr_uma_ops);
	if (ret) {
		kfree(pvr_obj);
		return ERR_PTR(ret);
	}
	return pvr_obj;
}

struct pvr_gem_object *pvr_gem_object_create_for_user(struct pvr_device *pvr_dev, size_t size,
						      u64 flags)
{
	return pvr_uma_create(pvr_dev, size, flags, 0);
}

/* What the kernel makes is told to the firmware by address: it has its addresses for life. */
struct pvr_gem_object *pvr_gem_object_create(struct pvr_device *pvr_dev, size_t size, u64 flags)
{
	struct pvr_gem_object *pvr_obj = pvr_uma_create(pvr_dev, size, flags,
							GEM_UMA_OBJECT_PINNED);
	struct drm_gem_object *obj;
	int ret;

	if (IS_ERR(pvr_obj))
		return pvr_obj;
	obj = gem_from_pvr_gem(pvr_obj);
	dma_resv_lock(obj->resv, NULL);
	ret = gem_uma_object_populate_locked(&pvr_obj->base, 0, obj->size, DMA_BIDIRECTIONAL);
	dma_resv_unlock(obj->resv);
	if (ret) {
		pvr_gem_object_put(pvr_obj);
		return ERR_PTR(ret);
	}
	return pvr_obj;
}

struct drm_gem_object *pvr_gem_prime_import_sg_table(struct drm_device *drm,
						     struct dma_buf_attachment *attach,
						     struct sg_table *sgt)
{
	struct pvr_device *pvr_dev = to_pvr_device(drm);
	struct pvr_gem_object *pvr_obj = pvr_uma_alloc(pvr_dev);
	int ret;

	if (!pvr_obj)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(&pvr_obj->base, &pvr_dev->uma.dev, attach, sgt,
					 &pvr_uma_ops);
	if (ret) {
		kfree(pvr_obj);
		return ERR_PTR(ret);
	}
	return gem_from_pvr_gem(pvr_obj);
}

/* The handle has the caller's reference then. */
int pvr_gem_object_into_handle(struct pvr_gem_object *pvr_obj, struct pvr_file *pvr_file,
			       u32 *handle)
{
	u32 new;
	int ret;

	ret = drm_gem_handle_create(from_pvr_file(pvr_file), gem_from_pvr_gem(pvr_obj), &new);
	if (ret)
		return ret;
	pvr_gem_object_put(pvr_obj);
	*handle = new;
	return 0;
}

struct pvr_gem_object *pvr_gem_object_from_handle(struct pvr_file *pvr_file, u32 handle)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(from_pvr_file(pvr_file), handle);

	return obj ? gem_to_pvr_gem(obj) : NULL;
}

/* Of our own pages: what is imported, the kernel does not access. */
void *pvr_gem_object_vmap(struct pvr_gem_object *pvr_obj)
{
	struct drm_gem_object *obj = gem_from_pvr_gem(pvr_obj);
	struct iosys_map map;
	int ret;

	if (gem_uma_object_is_imported(&pvr_obj->base))
		return ERR_PTR(-EINVAL);
	dma_resv_lock(obj->resv, NULL);
	ret = gem_uma_object_vmap(obj, &map);
	dma_resv_unlock(obj->resv);
	return ret ? ERR_PTR(ret) : map.vaddr;
}

void pvr_gem_object_vunmap(struct pvr_gem_object *pvr_obj)
{
	struct drm_gem_object *obj = gem_from_pvr_gem(pvr_obj);
	struct iosys_map map = {};

	dma_resv_lock(obj->resv, NULL);
	gem_uma_object_vunmap(obj, &map);
	dma_resv_unlock(obj->resv);
}

/* The next bytes that are contiguous for the device. */
int pvr_uma_run_locked(struct pvr_gem_object *pvr_obj, u64 offset, u64 size, dma_addr_t *addr,
		       u64 *len)
{
	dma_resv_assert_held(gem_from_pvr_gem(pvr_obj)->resv);
	return gem_uma_dev_map_bytes_locked(&pvr_obj->base.dev_map, offset, size, addr, len);
}

/* Of a buffer that is pinned. */
int pvr_gem_get_dma_addr(struct pvr_gem_object *pvr_obj, u32 offset, dma_addr_t *dma_addr_out)
{
	struct dma_resv *resv = gem_from_pvr_gem(pvr_obj)->resv;
	u64 len;
	int ret;

	dma_resv_lock(resv, NULL);
	ret = pvr_uma_run_locked(pvr_obj, offset, 1, dma_addr_out, &len);
	dma_resv_unlock(resv);
	return ret ? -EINVAL : 0;
}

static u32 pvr_uma_list_run(u32 *list, u32 nr, dma_addr_t addr, u64 len)
{
	u64 pfn = addr >> ROGUE_BIF_PM_PHYSICAL_PAGE_ALIGNSHIFT;
	u32 i;

	nr = min_t(u64, nr, len >> ROGUE_BIF_PM_PHYSICAL_PAGE_ALIGNSHIFT);
	WARN_ON_ONCE(upper_32_bits(pfn + nr - 1));
	for (i = 0; i < nr; i++)
		list[i] = pfn + i;
	return nr;
}

/* The first @nr pages of a buffer that is pinned, as the parameter manager counts them. */
int pvr_uma_list_pages(struct pvr_gem_object *pvr_obj, u32 *list, u32 nr)
{
	struct dma_resv *resv = gem_from_pvr_gem(pvr_obj)->resv;
	dma_addr_t addr;
	u32 at = 0;
	int ret = 0;
	u64 len;

	static_assert(ROGUE_BIF_PM_PHYSICAL_PAGE_SIZE <= PAGE_SIZE);
	dma_resv_lock(resv, NULL);
	while (at < nr) {
		ret = pvr_uma_run_locked(pvr_obj, (u64)at << ROGUE_BIF_PM_PHYSICAL_PAGE_ALIGNSHIFT,
					 (u64)(nr - at) << ROGUE_BIF_PM_PHYSICAL_PAGE_ALIGNSHIFT,
					 &addr, &len);
		if (ret)
			break;
		at += pvr_uma_list_run(list + at, nr - at, addr, len);
	}
	dma_resv_unlock(resv);
	return ret;
}

static int pvr_uma_pin_locked(struct pvr_gem_object *pvr_obj)
	__must_hold(gem_from_pvr_gem(pvr_obj)->resv)
{
	struct gem_uma_object *uobj = &pvr_obj->base;
	bool imported = gem_uma_object_is_imported(uobj);
	int ret;

	ret = imported ? 0 : gem_uma_object_pin(&uobj->base);
	if (ret)
		return ret;
	ret = gem_uma_object_populate_locked(uobj, 0, uobj->base.size, DMA_BIDIRECTIONAL);
	if (ret) {
		if (!imported)
			gem_uma_object_unpin(&uobj->base);
		return ret;
	}
	pvr_obj->mapped++;
	gem_uma_object_update_locked(uobj);
	return 0;
}

/* For a mapping that is about to be made. */
struct pvr_uma_pin *pvr_uma_pin(struct pvr_gem_object *pvr_obj)
{
	struct pvr_uma_pin *pin = kzalloc_obj(*pin, GFP_KERNEL_ACCOUNT);
	struct dma_resv *resv = gem_from_pvr_gem(pvr_obj)->resv;
	int ret;

	if (!pin)
		return ERR_PTR(-ENOMEM);
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (!ret) {
		ret = pvr_uma_pin_locked(pvr_obj);
		dma_resv_unlock(resv);
	}
	if (ret) {
		kfree(pin);
		return ERR_PTR(ret);
	}
	kref_init(&pin->ref);
	pvr_gem_object_get(pvr_obj);
	pin->pvr_obj = pvr_obj;
	return pin;
}

struct pvr_uma_pin *pvr_uma_pin_get(struct pvr_uma_pin *pin)
{
	kref_get(&pin->ref);
	return pin;
}

static void pvr_uma_pin_release(struct kref *ref)
{
	struct pvr_uma_pin *pin = container_of(ref, struct pvr_uma_pin, ref);
	struct pvr_gem_object *pvr_obj = pin->pvr_obj;
	struct gem_uma_object *uobj = &pvr_obj->base;

	dma_resv_lock(uobj->base.resv, NULL);
	pvr_obj->mapped--;
	if (!gem_uma_object_is_imported(uobj))
		gem_uma_object_unpin(&uobj->base);
	gem_uma_object_update_locked(uobj);
	dma_resv_unlock(uobj->base.resv);
	pvr_gem_object_put(pvr_obj);
	kfree(pin);
}

/* No resv is held, and the MMU has forgotten the mapping. */
void pvr_uma_pin_put(struct pvr_uma_pin *pin)
{
	if (pin)
		kref_put(&pin->ref, pvr_uma_pin_release);
}

/* It may be the last reference, which takes it from the buffer's list. */
void pvr_uma_put_vm_bo(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj;

	if (!vm_bo)
		return;
	obj = vm_bo->obj;
	drm_gem_object_get(obj);
	dma_resv_lock(obj->resv, NULL);
	drm_gpuvm_bo_put(vm_bo);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
}

/* The device's DMA mask is known by now. */
int pvr_uma_init(struct pvr_device *pvr_dev)
{
	const struct gem_uma_device_config config = {};
	struct pvr_uma *uma = &pvr_dev->uma;
	int ret;

	ret = gem_uma_device_init(&uma->dev, from_pvr_device(pvr_dev), &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, uma->prime, uma->funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}
