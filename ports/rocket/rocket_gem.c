// SPDX-License-Identifier: GPL-2.0
/*
 * rocket's buffers on gem-uma.
 *
 * A buffer has its address for life, in the domain of the file that made it; the domain lives as
 * long. Its pages come, and the IOMMU translates to them, with the next job of that file; reclaim
 * takes both away, and the job after that brings them back.
 *
 * User space names the tensors of a job, and neither its commands nor its weights. So a job may
 * use whatever its file has: all of it is mapped before the job is armed, and reclaim takes
 * nothing of it until the job has been freed.
 *
 * Reclaim unmaps as who closes a handle does: iommu_unmap() neither sleeps nor allocates, since
 * the DMA API calls it in interrupts, and the IOMMU has forgotten when it returns.
 *
 * Locks: resv of the buffer, then mm_lock or lock of the domain, which are leaves.
 */
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/drm_utils.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/rocket_accel.h>

#include "rocket_device.h"
#include "rocket_drv.h"
#include "rocket_gem.h"

/* Of a unit of weight, which lasts 67 ms: so 32 bits suffice for years. */
#define ROCKET_UMA_WEIGHT_SHIFT	26

static struct rocket_gem_object *rocket_uma_to_bo(struct gem_uma_object *uobj)
{
	return to_rocket_bo(&uobj->base);
}

struct rocket_iommu_domain *rocket_iommu_domain_create(struct device *dev)
{
	struct rocket_iommu_domain *domain = kzalloc_obj(*domain, GFP_KERNEL_ACCOUNT);
	const struct iommu_domain_geometry *geometry;
	int ret;

	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->domain = iommu_paging_domain_alloc(dev);
	ret = PTR_ERR_OR_ZERO(domain->domain);
	if (ret) {
		kfree(domain);
		return ERR_PTR(ret);
	}
	geometry = &domain->domain->geometry;
	drm_mm_init(&domain->mm, geometry->aperture_start,
		    geometry->aperture_end - geometry->aperture_start + 1);
	mutex_init(&domain->mm_lock);
	spin_lock_init(&domain->lock);
	INIT_LIST_HEAD(&domain->unmapped);
	kref_init(&domain->ref);
	return domain;
}

static void rocket_uma_domain_free(struct kref *ref)
{
	struct rocket_iommu_domain *domain = container_of(ref, struct rocket_iommu_domain, ref);

	drm_mm_takedown(&domain->mm);
	mutex_destroy(&domain->mm_lock);
	iommu_domain_free(domain->domain);
	kfree(domain);
}

void rocket_iommu_domain_put(struct rocket_iommu_domain *domain)
{
	kref_put(&domain->ref, rocket_uma_domain_free);
}

/* From now on, what is mapped in the domain stays. */
struct rocket_iommu_domain *rocket_uma_begin_job(struct rocket_iommu_domain *domain)
{
	kref_get(&domain->ref);
	spin_lock(&domain->lock);
	domain->jobs++;
	WRITE_ONCE(domain->used, ktime_get_mono_fast_ns());
	spin_unlock(&domain->lock);
	return domain;
}

void rocket_uma_end_job(struct rocket_iommu_domain *domain)
{
	spin_lock(&domain->lock);
	domain->jobs--;
	spin_unlock(&domain->lock);
	rocket_iommu_domain_put(domain);
}

/* The first @size bytes, or all of it. Returns false if the IOMMU may know some of them still. */
static bool rocket_uma_unmap(struct rocket_gem_object *bo, size_t size)
{
	return iommu_unmap(bo->domain->domain, bo->mm.start, size) == size;
}

/* Runs of memory, not of the device's map: an IOMMU takes no DMA addresses. */
static int rocket_uma_map_runs(struct rocket_gem_object *bo)
	__must_hold(bo->base.base.resv)
{
	pgoff_t at = 0, end = bo->base.base.size >> PAGE_SHIFT;
	struct gem_uma_run run;
	int ret = 0;

	dma_resv_assert_held(bo->base.base.resv);
	while (!ret && at < end) {
		ret = gem_uma_backing_run_locked(&bo->base.backing, at, end, &run);
		if (!ret)
			ret = iommu_map(bo->domain->domain, bo->mm.start + (at << PAGE_SHIFT),
					PFN_PHYS(run.pfn), run.nr << PAGE_SHIFT,
					IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
		if (!ret)
			at += run.nr;
	}
	if (ret && at)
		drm_WARN_ON_ONCE(bo->base.base.dev, !rocket_uma_unmap(bo, at << PAGE_SHIFT));
	return ret;
}

static void rocket_uma_unlist(struct rocket_gem_object *bo)
{
	spin_lock(&bo->domain->lock);
	list_del_init(&bo->uma.unmapped);
	spin_unlock(&bo->domain->lock);
}

static int rocket_uma_map_locked(struct rocket_gem_object *bo)
	__must_hold(bo->base.base.resv)
{
	struct gem_uma_object *uobj = &bo->base;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	/* Another job may have been here meanwhile. */
	if (bo->uma.mapped)
		return 0;
	ret = gem_uma_object_populate_locked(uobj, 0, uobj->base.size, DMA_BIDIRECTIONAL);
	if (!ret)
		ret = rocket_uma_map_runs(bo);
	if (ret)
		return ret;
	bo->uma.mapped = true;
	rocket_uma_unlist(bo);
	gem_uma_object_update_locked(uobj);
	return 0;
}

/* One that the next job needs, with a reference; NULL if there is none. */
static struct rocket_gem_object *rocket_uma_next_unmapped(struct rocket_iommu_domain *domain)
{
	struct rocket_gem_object *bo, *found = NULL;

	spin_lock(&domain->lock);
	list_for_each_entry(bo, &domain->unmapped, uma.unmapped) {
		/* Nobody has a handle of one that is being freed. */
		if (kref_get_unless_zero(&bo->base.base.refcount)) {
			found = bo;
			break;
		}
	}
	spin_unlock(&domain->lock);
	return found;
}

/*
 * Of a job that has begun, and is not armed: each buffer under its own resv, so that whoever
 * needs another one does not wait for the swap device.
 */
int rocket_uma_map_all(struct rocket_iommu_domain *domain)
{
	struct rocket_gem_object *bo;
	int ret = 0;

	while (!ret && (bo = rocket_uma_next_unmapped(domain))) {
		ret = dma_resv_lock_interruptible(bo->base.base.resv, NULL);
		if (!ret) {
			ret = rocket_uma_map_locked(bo);
			dma_resv_unlock(bo->base.base.resv);
		}
		drm_gem_object_put(&bo->base.base);
	}
	return ret;
}

static unsigned int rocket_uma_dev_mapped(struct gem_uma_object *uobj)
{
	return rocket_uma_to_bo(uobj)->uma.mapped;
}

/* Returns false if a job may use it. One that begins now finds it in the list, and waits. */
static bool rocket_uma_leave(struct rocket_gem_object *bo)
	__must_hold(bo->base.base.resv)
{
	struct rocket_iommu_domain *domain = bo->domain;
	bool busy;

	spin_lock(&domain->lock);
	busy = domain->jobs;
	if (!busy)
		list_add_tail(&bo->uma.unmapped, &domain->unmapped);
	spin_unlock(&domain->lock);
	return !busy;
}

static int rocket_uma_evict(struct gem_uma_object *uobj)
{
	struct rocket_gem_object *bo = rocket_uma_to_bo(uobj);

	if (!bo->uma.mapped)
		return 0;
	if (!rocket_uma_leave(bo))
		return -EBUSY;
	/* Where the IOMMU does not do what it must, nobody else may have the pages. */
	if (drm_WARN_ON_ONCE(uobj->base.dev, !rocket_uma_unmap(bo, uobj->base.size))) {
		rocket_uma_unlist(bo);
		return -EBUSY;
	}
	bo->uma.mapped = false;
	return 0;
}

/* Files that used the NPU longest ago lose their buffers first. */
static u32 rocket_uma_weight(struct gem_uma_object *uobj)
{
	return READ_ONCE(rocket_uma_to_bo(uobj)->domain->used) >> ROCKET_UMA_WEIGHT_SHIFT;
}

/* The device is to have forgotten the pages before the library gives them away. */
static void rocket_uma_teardown(struct gem_uma_object *uobj)
{
	struct rocket_gem_object *bo = rocket_uma_to_bo(uobj);
	struct rocket_iommu_domain *domain = bo->domain;

	rocket_uma_unlist(bo);
	if (bo->uma.mapped && !rocket_uma_unmap(bo, uobj->base.size)) {
		drm_err(uobj->base.dev, "the IOMMU may know %zu bytes, which are lost\n",
			uobj->base.size);
		gem_uma_object_leak(uobj);
	}
	if (!drm_mm_node_allocated(&bo->mm))
		return;
	mutex_lock(&domain->mm_lock);
	drm_mm_remove_node(&bo->mm);
	mutex_unlock(&domain->mm_lock);
}

static void rocket_uma_free(struct gem_uma_object *uobj)
{
	struct rocket_gem_object *bo = rocket_uma_to_bo(uobj);

	rocket_iommu_domain_put(bo->domain);
	kfree(bo);
}

static const struct gem_uma_object_ops rocket_uma_ops = {
	.dev_mapped = rocket_uma_dev_mapped,
	.evict = rocket_uma_evict,
	.weight = rocket_uma_weight,
	.teardown = rocket_uma_teardown,
	.free = rocket_uma_free,
};

static int rocket_uma_place(struct rocket_gem_object *bo)
{
	struct rocket_iommu_domain *domain = bo->domain;
	int ret;

	mutex_lock(&domain->mm_lock);
	ret = drm_mm_insert_node_generic(&domain->mm, &bo->mm, bo->base.base.size, PAGE_SIZE, 0, 0);
	mutex_unlock(&domain->mm_lock);
	if (ret)
		return ret;
	spin_lock(&domain->lock);
	list_add_tail(&bo->uma.unmapped, &domain->unmapped);
	spin_unlock(&domain->lock);
	return 0;
}

static struct rocket_gem_object *rocket_uma_create(struct rocket_uma *uma,
						   struct rocket_iommu_domain *domain, u64 size)
{
	struct rocket_gem_object *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&bo->uma.unmapped);
	bo->domain = domain;
	ret = gem_uma_object_init(&bo->base, &uma->dev, size, 0, &rocket_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	kref_get(&domain->ref);
	ret = rocket_uma_place(bo);
	if (ret) {
		drm_gem_object_put(&bo->base.base);
		return ERR_PTR(ret);
	}
	return bo;
}

int rocket_ioctl_create_bo(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct rocket_file_priv *priv = file->driver_priv;
	struct drm_rocket_create_bo *args = data;
	struct rocket_gem_object *bo;
	int ret;

	bo = rocket_uma_create(&to_rocket_device(drm)->uma, priv->domain, args->size);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	args->dma_address = bo->mm.start;
	ret = gem_uma_object_mmap_offset(&bo->base, &args->offset);
	if (!ret)
		ret = drm_gem_handle_create(file, &bo->base.base, &args->handle);
	drm_gem_object_put(&bo->base.base);
	return ret;
}

static int rocket_uma_sync(struct drm_gem_object *obj, enum gem_uma_sync_op op)
{
	struct gem_uma_sync_range all = { .size = obj->size };

	return gem_uma_object_sync(to_gem_uma_object(obj), all, op);
}

int rocket_ioctl_prep_bo(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_rocket_prep_bo *args = data;
	unsigned long timeout = drm_timeout_abs_to_jiffies(args->timeout_ns);
	struct drm_gem_object *obj;
	long ret;

	if (args->reserved)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	ret = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_WRITE, true, timeout);
	/* While a job still writes, the CPU could load again what is dropped here. */
	if (ret > 0)
		ret = rocket_uma_sync(obj, GEM_UMA_SYNC_CLEAN_INVALIDATE);
	else if (!ret)
		ret = timeout ? -ETIMEDOUT : -EBUSY;
	drm_gem_object_put(obj);
	return ret;
}

int rocket_ioctl_fini_bo(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_rocket_fini_bo *args = data;
	struct drm_gem_object *obj;
	int ret;

	if (args->reserved)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	ret = rocket_uma_sync(obj, GEM_UMA_SYNC_CLEAN);
	drm_gem_object_put(obj);
	return ret;
}

int rocket_uma_init(struct rocket_uma *uma, struct drm_device *drm,
		    const struct gem_uma_object_prime *prime,
		    const struct drm_gem_object_funcs *funcs)
{
	const struct gem_uma_device_config config = {};
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
