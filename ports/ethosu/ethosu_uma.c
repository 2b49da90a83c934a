// SPDX-License-Identifier: GPL-2.0
/*
 * ethosu's buffers on gem-uma.
 *
 * The device has no page tables: it is told one address for each buffer. Behind an IOMMU the
 * library gives each buffer one range of addresses. It comes with the job that names the buffer,
 * and reclaim takes it when no job uses it.
 *
 * Without an IOMMU nobody can promise that pages that come back are contiguous. So a buffer is
 * populated where it is made, pinned for life if it is contiguous, and refused if not.
 */
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/ethosu_accel.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "ethosu_device.h"
#include "ethosu_gem.h"
#include "ethosu_job.h"

static struct ethosu_gem_object *ethosu_uma_to_bo(struct gem_uma_object *uobj)
{
	return to_ethosu_bo(&uobj->base);
}

static struct ethosu_uma *ethosu_uma_of(struct ethosu_gem_object *bo)
{
	return &to_ethosu_device(bo->base.base.dev)->uma;
}

static int ethosu_uma_map_locked(struct ethosu_gem_object *bo, bool write)
	__must_hold(bo->base.base.resv)
{
	pgoff_t pages = bo->base.base.size >> PAGE_SHIFT;
	struct gem_uma_dma_run run;
	int ret;

	dma_resv_assert_held(bo->base.base.resv);
	ret = gem_uma_object_populate_locked(&bo->base, 0, bo->base.base.size,
					     write ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE);
	if (!ret)
		ret = gem_uma_dev_map_run_locked(&bo->base.dev_map, 0, pages, &run);
	if (ret)
		return ret;
	/* The addresses of the IOMMU are used up, or there is none. */
	if (run.nr < pages)
		return ethosu_uma_of(bo)->iommu ? -ENOSPC : -EOPNOTSUPP;
	bo->uma.addr = run.addr;
	return 0;
}

static bool ethosu_uma_writes(const struct ethosu_job *job, unsigned int i)
{
	return to_ethosu_bo(job->cmd_bo)->info->output_region[job->region_bo_num[i]];
}

/* All that the job names, and its command stream. The caller holds the resv of each. */
int ethosu_uma_map_job(struct ethosu_job *job)
{
	struct ethosu_gem_object *cmd = to_ethosu_bo(job->cmd_bo), *bo;
	u64 now = ktime_get_mono_fast_ns();
	unsigned int i;
	int ret;

	dma_resv_assert_held(job->cmd_bo->resv);
	ret = dma_resv_reserve_fences(job->cmd_bo->resv, 1);
	if (!ret)
		ret = ethosu_uma_map_locked(cmd, false);
	for (i = 0; !ret && i < job->region_cnt; i++) {
		bo = to_ethosu_bo(job->region_bo[i]);
		dma_resv_assert_held(bo->base.base.resv);
		gem_uma_object_mark_used_at(&bo->base, now);
		ret = ethosu_uma_map_locked(bo, ethosu_uma_writes(job, i));
	}
	gem_uma_object_mark_used_at(&cmd->base, now);
	return ret;
}

/*
 * What a job only reads gets its fence, too, and so does its command stream: reclaim looks for
 * nothing else. The resv of each is held.
 */
void ethosu_uma_add_fences(struct ethosu_job *job)
{
	struct dma_fence *fence = job->inference_done_fence;
	unsigned int i;

	dma_resv_assert_held(job->cmd_bo->resv);
	for (i = 0; i < job->region_cnt; i++)
		dma_resv_add_fence(job->region_bo[i]->resv, fence, ethosu_uma_writes(job, i) ?
				   DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
	dma_resv_add_fence(job->cmd_bo->resv, fence, DMA_RESV_USAGE_READ);
}

static void ethosu_uma_free(struct gem_uma_object *uobj)
{
	struct ethosu_gem_object *bo = ethosu_uma_to_bo(uobj);

	kfree(bo->info);
	kfree(bo);
}

static const struct gem_uma_object_ops ethosu_uma_ops = {
	.free = ethosu_uma_free,
};

/* Of a buffer that is pinned: its address is for life. */
static int ethosu_uma_place(struct ethosu_gem_object *bo)
{
	struct dma_resv *resv = bo->base.base.resv;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = ethosu_uma_map_locked(bo, true);
	dma_resv_unlock(resv);
	return ret;
}

struct ethosu_gem_object *ethosu_uma_create(struct drm_device *drm, u64 size, u32 flags)
{
	struct ethosu_gem_object *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	struct ethosu_uma *uma = &to_ethosu_device(drm)->uma;
	/* No ioctl synchronizes caches: what the CPU maps of it is write-combined, as before. */
	u32 uflags = GEM_UMA_OBJECT_WC | GEM_UMA_OBJECT_HUGE;
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	if (flags & DRM_ETHOSU_BO_NO_MMAP)
		uflags |= GEM_UMA_OBJECT_NO_MMAP;
	if (!uma->iommu)
		uflags |= GEM_UMA_OBJECT_PINNED;
	ret = gem_uma_object_init(&bo->base, &uma->dev, size, uflags, &ethosu_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	if (!uma->iommu)
		ret = ethosu_uma_place(bo);
	if (ret) {
		drm_gem_object_put(&bo->base.base);
		return ERR_PTR(ret);
	}
	return bo;
}

int ethosu_uma_init(struct ethosu_uma *uma, struct drm_device *drm,
		    const struct gem_uma_object_prime *prime,
		    const struct drm_gem_object_funcs *funcs)
{
	const struct gem_uma_device_config config = { .huge = true };
	struct dma_iova_state iova;
	int ret;

	ret = gem_uma_device_init(&uma->dev, drm, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, prime, funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	if (ret)
		return ret;
	/* Only trying tells: an IOMMU that translates nothing gives none. */
	uma->iommu = dma_iova_try_alloc(uma->dev.dma_dev, &iova, 0, PAGE_SIZE);
	if (uma->iommu)
		dma_iova_free(uma->dev.dma_dev, &iova);
	else
		drm_warn(drm, "no IOMMU: only buffers whose pages are contiguous can be made\n");
	return 0;
}

void ethosu_uma_fini(struct ethosu_uma *uma)
{
	gem_uma_object_unplug_all(&uma->dev);
}
