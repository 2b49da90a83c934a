// SPDX-License-Identifier: GPL-2.0
/*
 * ivpu's buffers on gem-uma.
 *
 * A buffer is of one context, where it has its address from the handle on. Its pages come, and
 * the context's page table points to them, with the first job that names it; reclaim takes both
 * away, and the next job that names it brings them back. By the uAPI a job names all that it
 * uses. What the kernel makes for the firmware is pinned: that is told addresses for long.
 *
 * The MMU forgets a context's translations before the library gives pages away. In reclaim
 * nobody sleeps for that. Where it does not answer at once, the buffer stays in memory.
 *
 * Locks: resv of the buffer, the context's lock, the MMU's lock. bo_list_lock comes before the
 * last two. No resv is taken under it: whoever frees an import takes it, and the exporter may
 * wait for that with the resv.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "ivpu_drv.h"
#include "ivpu_fw.h"
#include "ivpu_gem.h"
#include "ivpu_hw.h"
#include "ivpu_job.h"
#include "ivpu_mmu.h"
#include "ivpu_mmu_context.h"

static struct ivpu_bo *ivpu_uma_to_bo(struct gem_uma_object *uobj)
{
	return to_ivpu_bo(&uobj->base);
}

static struct dma_resv *ivpu_uma_resv(const struct ivpu_bo *bo)
{
	return bo->base.base.resv;
}

static void ivpu_uma_dbg(struct ivpu_bo *bo, const char *what)
{
	ivpu_dbg(ivpu_bo_to_vdev(bo), BO, "%s bo %8p ctx %u vpu_addr 0x%llx size %zu mapped %d\n",
		 what, bo, bo->ctx_id, bo->vpu_addr, ivpu_bo_size(bo), bo->uma.mapped);
}

u64 ivpu_uma_resident(const struct ivpu_bo *bo)
{
	/* Of an import, the exporter has the pages. */
	if (gem_uma_object_is_imported(&bo->base))
		return 0;
	return (u64)gem_uma_backing_resident(&bo->base.backing) << PAGE_SHIFT;
}

/* The next bytes that are contiguous for the device. */
int ivpu_uma_run_locked(struct ivpu_bo *bo, u64 offset, dma_addr_t *addr, u64 *len)
{
	dma_resv_assert_held(ivpu_uma_resv(bo));
	return gem_uma_dev_map_bytes_locked(&bo->base.dev_map, offset, ivpu_bo_size(bo) - offset,
					    addr, len);
}

/* With resv held, or without references. What the MMU did not forget stays marked. */
static void ivpu_uma_flush(struct ivpu_bo *bo)
{
	struct ivpu_device *vdev = ivpu_bo_to_vdev(bo);
	int ret;

	if (!bo->uma.stale)
		return;
	ret = ivpu_mmu_invalidate_tlb(vdev, bo->ctx_id);
	if (ret)
		ivpu_warn_ratelimited(vdev, "The MMU keeps translations of ctx %u: %d\n",
				      bo->ctx_id, ret);
	bo->uma.stale = ret;
}

/* The same. */
static void ivpu_uma_unbind(struct ivpu_bo *bo)
{
	ivpu_uma_dbg(bo, "unbind");
	if (bo->uma.mapped) {
		ivpu_mmu_context_unmap(bo->ctx, bo->vpu_addr, ivpu_bo_size(bo), true);
		bo->uma.mapped = false;
		bo->uma.stale = true;
	}
	ivpu_uma_flush(bo);
	if (bo->ctx) {
		ivpu_mmu_context_remove_node(bo->ctx, &bo->mm_node);
		WRITE_ONCE(bo->ctx, NULL);
	}
}

static int ivpu_uma_map_locked(struct ivpu_bo *bo)
	__must_hold(bo->base.base.resv)
{
	int ret;

	dma_resv_assert_held(ivpu_uma_resv(bo));
	ret = ivpu_mmu_context_map_bo(ivpu_bo_to_vdev(bo), bo->ctx, bo->vpu_addr, bo);
	bo->uma.mapped = !ret;
	/* It has flushed, unless some entries could not be made: the others are gone again. */
	bo->uma.stale = ret;
	ivpu_uma_flush(bo);
	return ret;
}

static int ivpu_uma_bind_locked(struct ivpu_bo *bo)
	__must_hold(bo->base.base.resv)
{
	struct ivpu_device *vdev = ivpu_bo_to_vdev(bo);
	int ret;

	dma_resv_assert_held(ivpu_uma_resv(bo));
	if (bo->uma.mapped)
		return 0;
	if (drm_WARN_ON(&vdev->drm, !bo->ctx))
		return -ENODEV;
	ret = gem_uma_object_populate_locked(&bo->base, 0, ivpu_bo_size(bo),
					     ivpu_bo_is_read_only(bo) ? DMA_TO_DEVICE :
									DMA_BIDIRECTIONAL);
	if (!ret)
		ret = ivpu_uma_map_locked(bo);
	if (ret)
		ivpu_dbg(vdev, BO, "cannot bind bo %8p ctx %u: %d\n", bo, bo->ctx_id, ret);
	gem_uma_object_update_locked(&bo->base);
	return ret;
}

/* Each under its own resv: whoever needs another one does not wait for the swap device. */
int ivpu_bo_bind(struct ivpu_bo *bo)
{
	int ret;

	gem_uma_object_mark_used(&bo->base);
	ret = dma_resv_lock_interruptible(ivpu_uma_resv(bo), NULL);
	if (ret)
		return ret;
	ret = ivpu_uma_bind_locked(bo);
	dma_resv_unlock(ivpu_uma_resv(bo));
	return ret;
}

/*
 * What reclaim has taken since ivpu_bo_bind(). The resv of all is held, and what uses them is
 * not armed yet.
 */
int ivpu_uma_bind_job_locked(struct ivpu_job *job)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < job->bo_count; i++)
		ret = ivpu_uma_bind_locked(job->bos[i]);
	return ret;
}

static unsigned int ivpu_uma_dev_mapped(struct gem_uma_object *uobj)
{
	struct ivpu_bo *bo = ivpu_uma_to_bo(uobj);

	return bo->uma.mapped || bo->uma.stale;
}

static int ivpu_uma_leave(struct ivpu_bo *bo)
{
	if (bo->uma.mapped) {
		if (ivpu_mmu_context_unmap(bo->ctx, bo->vpu_addr, ivpu_bo_size(bo), false))
			return -EBUSY;
		bo->uma.mapped = false;
		bo->uma.stale = true;
	}
	if (bo->uma.stale && ivpu_mmu_try_invalidate_tlb(ivpu_bo_to_vdev(bo), bo->ctx_id))
		return -EBUSY;
	bo->uma.stale = false;
	return 0;
}

/* Where the device is about to go, jobs that were given up may run until it has no power. */
static int ivpu_uma_evict(struct gem_uma_object *uobj)
{
	struct ivpu_bo *bo = ivpu_uma_to_bo(uobj);
	int idx, ret;

	if (!bo->ctx)
		return ivpu_uma_leave(bo);
	if (!drm_dev_enter(uobj->base.dev, &idx))
		return ivpu_uma_dev_mapped(uobj) ? -EBUSY : 0;
	ret = ivpu_uma_leave(bo);
	drm_dev_exit(idx);
	return ret;
}

/* The device is to have forgotten the pages before the library gives them away. */
static void ivpu_uma_teardown(struct gem_uma_object *uobj)
{
	struct ivpu_bo *bo = ivpu_uma_to_bo(uobj);
	struct ivpu_device *vdev = ivpu_bo_to_vdev(bo);

	mutex_lock(&vdev->bo_list_lock);
	ivpu_uma_unbind(bo);
	list_del(&bo->bo_list_node);
	mutex_unlock(&vdev->bo_list_lock);
	if (!bo->uma.stale)
		return;
	ivpu_err(vdev, "The MMU may know %zu bytes, which are lost\n", ivpu_bo_size(bo));
	gem_uma_object_leak(uobj);
}

static void ivpu_uma_free(struct gem_uma_object *uobj)
{
	kfree(ivpu_uma_to_bo(uobj));
}

static const struct gem_uma_object_ops ivpu_uma_ops = {
	.dev_mapped = ivpu_uma_dev_mapped,
	.evict = ivpu_uma_evict,
	.teardown = ivpu_uma_teardown,
	.free = ivpu_uma_free,
};

/* The next one of a context that has references, with one more; that of @prev is dropped. */
static struct ivpu_bo *ivpu_uma_next_of(struct ivpu_device *vdev, struct ivpu_mmu_context *ctx,
					struct ivpu_bo *prev)
{
	struct ivpu_bo *bo, *found = NULL;

	mutex_lock(&vdev->bo_list_lock);
	bo = list_prepare_entry(prev, &vdev->bo_list, bo_list_node);
	list_for_each_entry_continue(bo, &vdev->bo_list, bo_list_node) {
		if (READ_ONCE(bo->ctx) != ctx)
			continue;
		if (kref_get_unless_zero(&bo->base.base.refcount)) {
			found = bo;
			break;
		}
		/* Nobody has it but its teardown, which waits for the lock. */
		ivpu_uma_unbind(bo);
	}
	mutex_unlock(&vdev->bo_list_lock);
	if (prev)
		drm_gem_object_put(&prev->base.base);
	return found;
}

/* Nobody makes a buffer in the context any more. */
void ivpu_bo_unbind_all_bos_from_context(struct ivpu_device *vdev, struct ivpu_mmu_context *ctx)
{
	struct ivpu_bo *bo = NULL;

	while ((bo = ivpu_uma_next_of(vdev, ctx, bo))) {
		dma_resv_lock(ivpu_uma_resv(bo), NULL);
		ivpu_uma_unbind(bo);
		if (gem_uma_object_is_imported(&bo->base) && !bo->uma.stale)
			gem_uma_object_import_unmap_locked(&bo->base);
		gem_uma_object_update_locked(&bo->base);
		dma_resv_unlock(ivpu_uma_resv(bo));
	}
}

static void ivpu_uma_list(struct ivpu_device *vdev, struct ivpu_bo *bo)
{
	mutex_lock(&vdev->bo_list_lock);
	list_add_tail(&bo->bo_list_node, &vdev->bo_list);
	mutex_unlock(&vdev->bo_list_lock);
}

/* How the CPU maps it, and whether the NPU snoops for it, is for life. */
static struct ivpu_bo *ivpu_uma_create(struct ivpu_device *vdev, u64 size, u32 flags, u32 uflags)
{
	u32 cache = flags & DRM_IVPU_BO_CACHE_MASK;
	struct ivpu_bo *bo;
	int ret;

	if (cache != DRM_IVPU_BO_CACHED && cache != DRM_IVPU_BO_WC)
		return ERR_PTR(-EINVAL);
	bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->flags = flags;
	if (cache == DRM_IVPU_BO_WC)
		uflags |= GEM_UMA_OBJECT_WC;
	ret = gem_uma_object_init(&bo->base, &vdev->uma.dev, size, uflags, &ivpu_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	ivpu_uma_list(vdev, bo);
	return bo;
}

/* The exporter maps it with the first job that names it. */
struct drm_gem_object *ivpu_gem_prime_import_sg_table(struct drm_device *drm,
						      struct dma_buf_attachment *attach,
						      struct sg_table *sgt)
{
	struct ivpu_device *vdev = to_ivpu_device(drm);
	struct ivpu_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(&bo->base, &vdev->uma.dev, attach, sgt, &ivpu_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	ivpu_uma_list(vdev, bo);
	return &bo->base.base;
}

/* For memory of the caller's process, which the driver exports to itself. */
struct drm_gem_object *ivpu_gem_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	return drm->driver->gem_prime_import(drm, dma_buf);
}

static int ivpu_uma_place(struct ivpu_bo *bo, struct ivpu_mmu_context *ctx,
			  const struct ivpu_addr_range *where)
{
	struct drm_mm_node *node = &bo->mm_node;
	int ret = -EALREADY;

	dma_resv_lock(ivpu_uma_resv(bo), NULL);
	if (!bo->ctx)
		ret = ivpu_mmu_context_insert_node(ctx, where, ivpu_bo_size(bo), node);
	if (!ret) {
		bo->vpu_addr = node->start;
		WRITE_ONCE(bo->ctx_id, ctx->id);
		WRITE_ONCE(bo->ctx, ctx);
	}
	dma_resv_unlock(ivpu_uma_resv(bo));
	return ret;
}

/* A device that is gone takes its contexts along, and nobody would take it out of one. */
static int ivpu_uma_enter_and_place(struct ivpu_bo *bo, struct ivpu_mmu_context *ctx,
				    const struct ivpu_addr_range *where)
{
	int idx, ret;

	if (!drm_dev_enter(bo->base.base.dev, &idx))
		return -ENODEV;
	ret = ivpu_uma_place(bo, ctx, where);
	drm_dev_exit(idx);
	return ret;
}

static const struct ivpu_addr_range *ivpu_uma_range(const struct ivpu_hw_info *hw, u32 flags)
{
	if (flags & DRM_IVPU_BO_SHAVE_MEM)
		return &hw->ranges.shave;
	return flags & DRM_IVPU_BO_DMA_MEM ? &hw->ranges.dma : &hw->ranges.user;
}

int ivpu_gem_bo_open(struct drm_gem_object *obj, struct drm_file *file)
{
	struct ivpu_file_priv *priv = file->driver_priv;
	struct ivpu_bo *bo = to_ivpu_bo(obj);

	return ivpu_uma_enter_and_place(bo, &priv->ctx, ivpu_uma_range(priv->vdev->hw, bo->flags));
}

int ivpu_bo_create_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_ivpu_bo_create *create = data;
	struct ivpu_bo *bo;
	int ret;

	if (create->flags & ~DRM_IVPU_BO_FLAGS || !PAGE_ALIGN(create->size))
		return -EINVAL;
	bo = ivpu_uma_create(to_ivpu_device(drm), create->size, create->flags, 0);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = drm_gem_handle_create(file, &bo->base.base, &create->handle);
	if (!ret)
		create->vpu_addr = bo->vpu_addr;
	ivpu_uma_dbg(bo, "create");
	drm_gem_object_put(&bo->base.base);
	return ret;
}

static int ivpu_uma_vmap(struct ivpu_bo *bo)
{
	struct drm_gem_object *obj = &bo->base.base;
	struct iosys_map map;
	int ret;

	dma_resv_lock(obj->resv, NULL);
	ret = gem_uma_object_vmap(obj, &map);
	dma_resv_unlock(obj->resv);
	if (!ret)
		bo->uma.vaddr = map.vaddr;
	return ret;
}

/* What the kernel makes: the firmware has its address, and no fence tells for how long. */
struct ivpu_bo *ivpu_bo_create(struct ivpu_device *vdev, struct ivpu_mmu_context *ctx,
			       struct ivpu_addr_range *range, u64 size, u32 flags)
{
	struct ivpu_bo *bo;
	int ret;

	if (drm_WARN_ON(&vdev->drm, !range || !PAGE_ALIGNED(size)))
		return NULL;
	bo = ivpu_uma_create(vdev, size, flags, GEM_UMA_OBJECT_PINNED | GEM_UMA_OBJECT_NO_MMAP);
	if (IS_ERR(bo)) {
		ivpu_err(vdev, "No buffer of %llu bytes for the firmware: %pe\n", size, bo);
		return NULL;
	}
	ret = ivpu_uma_enter_and_place(bo, ctx, range);
	if (!ret)
		ret = ivpu_bo_bind(bo);
	if (!ret && ivpu_bo_is_mappable(bo))
		ret = ivpu_uma_vmap(bo);
	if (ret) {
		ivpu_err(vdev, "No place in ctx %u for %llu bytes of the firmware: %d\n", ctx->id,
			 size, ret);
		drm_gem_object_put(&bo->base.base);
		return NULL;
	}
	return bo;
}

struct ivpu_bo *ivpu_bo_create_runtime(struct ivpu_device *vdev, u64 addr, u64 size, u32 flags)
{
	struct ivpu_addr_range *runtime = &vdev->hw->ranges.runtime, at;

	if (!ivpu_is_within_range(addr, size, runtime) ||
	    ivpu_hw_range_init(vdev, &at, addr, size)) {
		ivpu_err(vdev, "0x%llx, %llu bytes, is not where the firmware runs\n", addr, size);
		return NULL;
	}
	return ivpu_bo_create(vdev, &vdev->gctx, &at, size, flags);
}

struct ivpu_bo *ivpu_bo_create_global(struct ivpu_device *vdev, u64 size, u32 flags)
{
	struct ivpu_addr_range *global = &vdev->hw->ranges.global;

	return ivpu_bo_create(vdev, &vdev->gctx, global, size, flags);
}

/* Of what the kernel has made. */
void ivpu_bo_free(struct ivpu_bo *bo)
{
	struct drm_gem_object *obj = &bo->base.base;
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(bo->uma.vaddr);

	if (bo->uma.vaddr) {
		dma_resv_lock(obj->resv, NULL);
		gem_uma_object_vunmap(obj, &map);
		dma_resv_unlock(obj->resv);
	}
	drm_gem_object_put(obj);
}

int ivpu_bo_info_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_ivpu_bo_info *info = data;
	struct drm_gem_object *obj = drm_gem_object_lookup(file, info->handle);
	struct ivpu_bo *bo;
	int ret;

	if (!obj)
		return -ENOENT;
	bo = to_ivpu_bo(obj);
	info->size = ivpu_bo_size(bo);
	info->flags = bo->flags;
	info->vpu_addr = bo->vpu_addr;
	ret = gem_uma_object_mmap_offset(&bo->base, &info->mmap_offset);
	drm_gem_object_put(obj);
	return ret;
}

int ivpu_bo_wait_ioctl(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_ivpu_bo_wait *wait = data;
	/* One more: not before the time has come. */
	unsigned long limit = drm_timeout_abs_to_jiffies(wait->timeout_ns) + 1;
	struct drm_gem_object *obj = drm_gem_object_lookup(file, wait->handle);
	long ret;

	if (!obj)
		return -EINVAL;
	ret = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_READ, true, limit);
	if (ret > 0)
		wait->job_status = to_ivpu_bo(obj)->job_status;
	drm_gem_object_put(obj);
	return ret ? min(ret, 0L) : -ETIMEDOUT;
}

/* What they say is not waited for: who holds a resv may wait for the list. */
void ivpu_bo_list(struct drm_device *drm, struct drm_printer *p)
{
	struct ivpu_device *vdev = to_ivpu_device(drm);
	struct ivpu_bo *bo;

	drm_printf(p, "%-9s %-3s %-14s %-10s %-10s %-4s %s\n", "bo", "ctx", "vpu_addr", "size",
		   "flags", "refs", "attribs");
	mutex_lock(&vdev->bo_list_lock);
	list_for_each_entry(bo, &vdev->bo_list, bo_list_node)
		drm_printf(p, "%-9p %-3u 0x%-12llx %-10zu 0x%-8x %-4u%s%s%s\n", bo, bo->ctx_id,
			   bo->vpu_addr, ivpu_bo_size(bo), bo->flags,
			   kref_read(&bo->base.base.refcount),
			   ivpu_bo_is_resident(bo) ? " has_pages" : "",
			   READ_ONCE(bo->uma.mapped) ? " mmu_mapped" : "",
			   gem_uma_object_is_imported(&bo->base) ? " imported" : "");
	mutex_unlock(&vdev->bo_list_lock);
}

void ivpu_bo_list_print(struct drm_device *drm)
{
	struct drm_printer p = drm_info_printer(drm->dev);

	ivpu_bo_list(drm, &p);
}

/* On x86 the DMA API takes the NPU for coherent; it is where its page tables say so. */
int ivpu_uma_init(struct ivpu_uma *uma, struct drm_device *drm,
		  const struct gem_uma_object_prime *prime,
		  const struct drm_gem_object_funcs *funcs)
{
	const struct gem_uma_device_config config = { .allow_wc = true };
	int ret;

	ret = gem_uma_device_init(&uma->dev, drm, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, prime, funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}
