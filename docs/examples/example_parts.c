// SPDX-License-Identifier: GPL-2.0
/*
 * Two parts, hand-picked: the buffer of an NPU that is filled by its firmware, never
 * mapped by the CPU, and laid out as this driver likes. No CPU map, no reclaim: neither
 * their bytes nor their calls.
 */
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_backing.h>
#include <drm/gem_uma/gem_uma_dev_map.h>

struct npu_bo {
	u64 firmware_cookie;
	struct drm_gem_object base;
	struct gem_uma_backing backing;
	struct gem_uma_dev_map dmap;
};

static void npu_bo_free(struct drm_gem_object *obj)
{
	struct npu_bo *bo = container_of(obj, struct npu_bo, base);

	gem_uma_dev_map_fini(&bo->dmap);
	gem_uma_backing_fini(&bo->backing);
	drm_gem_object_release(obj);
	kfree(bo);
}

static const struct drm_gem_object_funcs npu_bo_funcs = {
	.free = npu_bo_free,
};

struct drm_gem_object *npu_bo_create(struct gem_uma_device *udev, size_t size);
struct drm_gem_object *npu_bo_create(struct gem_uma_device *udev, size_t size)
{
	struct npu_bo *bo = kzalloc_obj(*bo, GFP_KERNEL);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	size = PAGE_ALIGN(size);
	bo->base.funcs = &npu_bo_funcs;
	drm_gem_private_object_init(udev->drm, &bo->base, size);
	ret = gem_uma_backing_init(&bo->backing, udev, &bo->base, size, 0);
	if (!ret)
		ret = gem_uma_dev_map_init(&bo->dmap, &bo->backing);
	if (ret) {
		npu_bo_free(&bo->base);
		return ERR_PTR(ret);
	}
	return &bo->base;
}

int npu_bo_load(struct drm_gem_object *obj, void (*load)(dma_addr_t addr, size_t len));
int npu_bo_load(struct drm_gem_object *obj, void (*load)(dma_addr_t addr, size_t len))
{
	struct npu_bo *bo = container_of(obj, struct npu_bo, base);
	struct gem_uma_dma_run run;
	pgoff_t pgoff;
	int ret;

	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	/* The firmware keeps the addresses: pages must stay. */
	ret = gem_uma_backing_pin_locked(&bo->backing);
	if (ret)
		goto out_unlock;
	ret = gem_uma_dev_map_map_locked(&bo->dmap, 0, bo->backing.nr_pages, DMA_BIDIRECTIONAL);
	if (ret)
		goto err_unpin;
	for (pgoff = 0; pgoff < bo->backing.nr_pages; pgoff += run.nr) {
		ret = gem_uma_dev_map_run_locked(&bo->dmap, pgoff, bo->backing.nr_pages,
						 &run);
		if (ret)
			goto err_unpin;
		load(run.addr, (size_t)run.nr << PAGE_SHIFT);
	}
	goto out_unlock;

err_unpin:
	gem_uma_backing_unpin_locked(&bo->backing);
out_unlock:
	dma_resv_unlock(obj->resv);
	return ret;
}

MODULE_DESCRIPTION("Example of two parts of gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
