// SPDX-License-Identifier: GPL-2.0
/*
 * What takes the place of drm_gem_shmem_helper, function by function: the name says of which.
 * Compiled, so that it stays true; nobody calls it.
 */
#include <linux/container_of.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

/* Export, import and what lies between; gem_uma_object_prime_init() at probe. */
DEFINE_GEM_UMA_PRIME(shared, .lazy = true);

static __maybe_unused const struct drm_gem_object_funcs instead_of_drm_gem_shmem_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = shared_export,
};

static __maybe_unused const struct drm_driver instead_of_DRM_GEM_SHMEM_DRIVER_OPS = {
	.gem_prime_import = shared_import,
};

/* Flags say what map_wc and a mount for huge pages said. */
static __maybe_unused struct gem_uma_object *
instead_of_drm_gem_shmem_create(struct gem_uma_device *udev, size_t size)
{
	return gem_uma_object_create(udev, size, GEM_UMA_OBJECT_WC | GEM_UMA_OBJECT_HUGE);
}

/* In an object of the driver's own, anywhere in it; drm_gem_object_put() frees it. */
static __maybe_unused int
instead_of_drm_gem_shmem_init(struct gem_uma_object *uobj, struct gem_uma_device *udev, size_t size,
			      const struct gem_uma_object_ops *ops)
{
	return gem_uma_object_init(uobj, udev, size, 0, ops);
}

static __maybe_unused int
instead_of_drm_gem_shmem_dumb_create(struct drm_file *file, struct gem_uma_device *udev,
				     struct drm_mode_create_dumb *args)
{
	return gem_uma_object_dumb_create(file, udev, args);
}

/* Pages and addresses for a job: they stay until its fence, in the resv, has signaled. */
static __maybe_unused int
instead_of_drm_gem_shmem_get_pages_sgt_locked(struct gem_uma_object *uobj,
					      int (*map)(pgoff_t pgoff, dma_addr_t addr,
							 unsigned long nr_pages))
	__must_hold(uobj->base.resv)
{
	pgoff_t end = uobj->base.size >> PAGE_SHIFT, pgoff;
	struct gem_uma_dma_run run;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = gem_uma_object_populate_locked(uobj, 0, uobj->base.size, DMA_BIDIRECTIONAL);
	if (ret)
		return ret;
	for (pgoff = 0; pgoff < end; pgoff += run.nr) {
		ret = gem_uma_dev_map_run_locked(&uobj->dev_map, pgoff, end, &run);
		if (!ret)
			ret = map(pgoff, run.addr, run.nr);
		if (ret)
			return ret;
	}
	return 0;
}

/* For what has no fence: firmware, a plane. */
static __maybe_unused int instead_of_drm_gem_shmem_pin_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	dma_resv_assert_held(uobj->base.resv);
	return gem_uma_object_pin(&uobj->base);
}

static __maybe_unused void instead_of_drm_gem_shmem_unpin_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	dma_resv_assert_held(uobj->base.resv);
	gem_uma_object_unpin(&uobj->base);
}

/* The mapping of an import is its exporter's. */
static __maybe_unused int
instead_of_drm_gem_shmem_vmap_locked(struct gem_uma_object *uobj, struct iosys_map *map)
	__must_hold(uobj->base.resv)
{
	dma_resv_assert_held(uobj->base.resv);
	return gem_uma_object_vmap(&uobj->base, map);
}

static __maybe_unused void
instead_of_drm_gem_shmem_vunmap_locked(struct gem_uma_object *uobj, struct iosys_map *map)
	__must_hold(uobj->base.resv)
{
	dma_resv_assert_held(uobj->base.resv);
	gem_uma_object_vunmap(&uobj->base, map);
}

/* Takes the lock itself, and puts the object on the list of what can be purged. */
static __maybe_unused int
instead_of_drm_gem_shmem_madvise(struct gem_uma_object *uobj, int madv, bool *retained)
{
	return gem_uma_object_advise(uobj, !madv, retained);
}

/* Reclaim does it when memory is short; this is for user space that knows a range is dead. */
static __maybe_unused int instead_of_drm_gem_shmem_purge(struct gem_uma_object *uobj)
{
	return gem_uma_object_discard(uobj, 0, uobj->base.size);
}

/* The pages themselves, as runs of frames that are contiguous. */
static __maybe_unused int
instead_of_shmem_pages_locked(struct gem_uma_object *uobj, pgoff_t pgoff, unsigned long *pfn)
	__must_hold(uobj->base.resv)
{
	struct gem_uma_run run;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = gem_uma_backing_run_locked(&uobj->backing, pgoff, pgoff + 1, &run);
	if (!ret)
		*pfn = run.pfn;
	return ret;
}

/* An import whose addresses are known, by those of its exporter. */
static __maybe_unused struct drm_gem_object *
instead_of_drm_gem_shmem_prime_import_sg_table(struct gem_uma_device *udev,
					       struct dma_buf_attachment *attach,
					       struct sg_table *sgt)
{
	return gem_uma_object_create_import(udev, attach, sgt);
}

MODULE_DESCRIPTION("What takes the place of drm_gem_shmem_helper");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
