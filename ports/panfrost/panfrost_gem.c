// SPDX-License-Identifier: GPL-2.0
/*
 * panfrost's buffers on gem-uma: how they are made, exported, and told to be needed or not.
 *
 * Lock: the buffer's resv. Neighbours: panfrost_va.c, where files see them.
 */
#include <linux/bitmap.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "panfrost_device.h"
#include "panfrost_drv.h"
#include "panfrost_gem.h"
#include "panfrost_mmu.h"

static struct panfrost_gem_object *panfrost_uma_to_bo(struct gem_uma_object *uobj)
{
	return container_of(uobj, struct panfrost_gem_object, base);
}

static unsigned int panfrost_uma_dev_mapped(struct gem_uma_object *uobj)
{
	return atomic_read(&panfrost_uma_to_bo(uobj)->uma.active);
}

static int panfrost_uma_evict(struct gem_uma_object *uobj)
{
	return panfrost_gem_evict(panfrost_uma_to_bo(uobj));
}

/* The MMU is to have forgotten the pages before the library gives them away. */
static void panfrost_uma_teardown(struct gem_uma_object *uobj)
{
	struct panfrost_gem_object *bo = panfrost_uma_to_bo(uobj);
	struct drm_device *drm = uobj->base.dev;

	/* Each has a reference. */
	drm_WARN_ON_ONCE(drm, !list_empty(&bo->mappings.list));
	if (bo->uma.stale && panfrost_mmu_flush_all(to_panfrost_device(drm))) {
		drm_err(drm, "the MMU does not answer, %zu bytes that it may know are lost\n",
			bo->base.base.size);
		gem_uma_object_leak(uobj);
	}
}

static void panfrost_uma_free(struct gem_uma_object *uobj)
{
	struct panfrost_gem_object *bo = panfrost_uma_to_bo(uobj);

	mutex_destroy(&bo->mappings.lock);
	bitmap_free(bo->uma.grown);
	kfree(bo);
}

static const struct gem_uma_object_ops panfrost_uma_ops = {
	.dev_mapped = panfrost_uma_dev_mapped,
	.evict = panfrost_uma_evict,
	.teardown = panfrost_uma_teardown,
	.free = panfrost_uma_free,
};

/* What others have is kept, and user space need not know. */
static bool panfrost_gem_is_kept(const struct gem_uma_object *uobj, bool needed)
{
	return gem_uma_object_is_imported(uobj) || (!needed && uobj->exported);
}

static int panfrost_gem_advise_locked(struct panfrost_gem_object *bo,
				      const struct panfrost_mmu *mmu, bool needed, bool *retained)
	__must_hold(bo->base.base.resv)
{
	struct gem_uma_object *uobj = &bo->base;
	int ret = 0;

	dma_resv_assert_held(uobj->base.resv);
	*retained = true;
	/* No other file gets a handle between the look and the answer. */
	mutex_lock(&bo->mappings.lock);
	if (!needed && !panfrost_gem_is_sole_user(bo, mmu))
		ret = -EINVAL;
	else if (!panfrost_gem_is_kept(uobj, needed))
		*retained = gem_uma_backing_advise_locked(&uobj->backing, needed);
	mutex_unlock(&bo->mappings.lock);
	gem_uma_object_update_locked(uobj);
	return ret;
}

static int panfrost_gem_advise(struct panfrost_gem_object *bo, const struct panfrost_mmu *mmu,
			       bool needed, bool *retained)
{
	struct dma_resv *resv = bo->base.base.resv;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = panfrost_gem_advise_locked(bo, mmu, needed, retained);
	dma_resv_unlock(resv);
	return ret;
}

int panfrost_ioctl_madvise(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct panfrost_file_priv *priv = file->driver_priv;
	struct drm_panfrost_madvise *madvise = data;
	struct drm_gem_object *obj = drm_gem_object_lookup(file, madvise->handle);
	bool retained;
	int ret;

	if (!obj)
		return -ENOENT;
	ret = panfrost_gem_advise(to_panfrost_bo(obj), priv->mmu,
				  madvise->madv != PANFROST_MADV_DONTNEED, &retained);
	if (!ret)
		madvise->retained = retained;
	drm_gem_object_put(obj);
	return ret;
}

/* What is not needed may be exported, and is needed from then on. */
int panfrost_gem_may_export(struct gem_uma_object *uobj)
{
	bool retained;

	if (gem_uma_backing_content(&uobj->backing) != GEM_UMA_CONTENT_PURGEABLE)
		return 0;
	return gem_uma_object_advise(uobj, true, &retained);
}

int panfrost_gem_sync(struct drm_gem_object *obj, u32 type, u32 offset, u32 size)
{
	static const enum gem_uma_sync_op ops[] = {
		[PANFROST_BO_SYNC_CPU_CACHE_FLUSH] = GEM_UMA_SYNC_CLEAN,
		[PANFROST_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE] = GEM_UMA_SYNC_CLEAN_INVALIDATE,
	};
	struct gem_uma_sync_range range = { .offset = offset, .size = size };

	if (type >= ARRAY_SIZE(ops))
		return -EINVAL;
	return gem_uma_object_sync(to_gem_uma_object(obj), range, ops[type]);
}

int panfrost_gem_pin(struct drm_gem_object *obj)
{
	return to_panfrost_bo(obj)->is_heap ? -EINVAL : gem_uma_object_pin(obj);
}

struct sg_table *panfrost_gem_get_sg_table(struct drm_gem_object *obj)
{
	if (to_panfrost_bo(obj)->is_heap)
		return ERR_PTR(-EINVAL);
	return gem_uma_object_get_sg_table(obj);
}

int panfrost_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	return to_panfrost_bo(obj)->is_heap ? -EINVAL : gem_uma_object_vmap(obj, map);
}

/*
 * For the dump of a job that uses it. Who holds the resv may wait for memory, and memory for
 * that job: it is only tried. On success it is held until panfrost_gem_dump_end().
 */
int panfrost_gem_dump_begin(struct panfrost_gem_mapping *va, struct iosys_map *map)
{
	struct drm_gem_object *obj = &va->obj->base.base;
	int ret = -ENOENT;

	if (!dma_resv_trylock(obj->resv))
		return -EBUSY;
	if (va->active)
		ret = panfrost_gem_vmap(obj, map);
	if (ret)
		dma_resv_unlock(obj->resv);
	return ret;
}

void panfrost_gem_dump_end(struct panfrost_gem_mapping *va, struct iosys_map *map)
{
	struct drm_gem_object *obj = &va->obj->base.base;

	gem_uma_object_vunmap(obj, map);
	dma_resv_unlock(obj->resv);
}

/* Returns where the addresses of the next one belong. */
u64 *panfrost_gem_dump_pages(struct panfrost_gem_object *bo, u64 *addrs)
{
	struct drm_gem_object *obj = &bo->base.base;
	pgoff_t at, end = obj->size >> PAGE_SHIFT;
	struct gem_uma_dma_run run;
	u32 i;

	dma_resv_assert_held(obj->resv);
	for (at = 0; panfrost_gem_next_run(bo, at, end, &run); at += run.nr)
		for (i = 0; i < run.nr; i++)
			addrs[at + i] = run.addr + ((u64)i << PAGE_SHIFT);
	return addrs + end;
}

/* It is for debugfs only, where the beginning will do. */
void panfrost_gem_internal_set_label(struct drm_gem_object *obj, const char *label)
{
	size_t len = label ? strnlen(label, GEM_UMA_LABEL_MAX) : 0;

	if (gem_uma_object_set_label(to_gem_uma_object(obj), label, len))
		drm_dbg(obj->dev, "a label was not kept\n");
}

/* Takes what the ioctl has allocated. */
void panfrost_gem_set_label(struct drm_gem_object *obj, const char *label)
{
	panfrost_gem_internal_set_label(obj, label);
	kfree_const(label);
}

static struct panfrost_gem_object *panfrost_gem_alloc(void)
{
	struct panfrost_gem_object *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
	INIT_LIST_HEAD(&bo->mappings.list);
	mutex_init(&bo->mappings.lock);
	return bo;
}

static int panfrost_gem_init_object(struct panfrost_gem_object *bo,
				    struct panfrost_device *pfdev, u64 size, u32 uma_flags)
{
	if (bo->is_heap) {
		size = ALIGN(size, SZ_2M);
		bo->uma.grown = bitmap_zalloc(size / SZ_2M, GFP_KERNEL_ACCOUNT);
		if (!bo->uma.grown)
			return -ENOMEM;
		uma_flags |= GEM_UMA_OBJECT_NO_MMAP;
	}
	if (!pfdev->coherent && !bo->wb_mmap)
		uma_flags |= GEM_UMA_OBJECT_WC;
	return gem_uma_object_init(&bo->base, &pfdev->uma.dev, size,
				   uma_flags | GEM_UMA_OBJECT_HUGE, &panfrost_uma_ops);
}

static struct panfrost_gem_object *
panfrost_gem_make(struct panfrost_device *pfdev, u64 size, u32 flags, u32 uma_flags)
{
	struct panfrost_gem_object *bo = panfrost_gem_alloc();
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->noexec = flags & PANFROST_BO_NOEXEC;
	bo->is_heap = flags & PANFROST_BO_HEAP;
	bo->wb_mmap = flags & PANFROST_BO_WB_MMAP;
	ret = panfrost_gem_init_object(bo, pfdev, size, uma_flags);
	if (!ret)
		return bo;
	bitmap_free(bo->uma.grown);
	kfree(bo);
	return ERR_PTR(ret);
}

struct panfrost_gem_object *panfrost_gem_create(struct drm_device *drm, size_t size, u32 flags)
{
	/* The CPU does not see a heap. */
	if (flags & PANFROST_BO_HEAP && flags & PANFROST_BO_WB_MMAP)
		return ERR_PTR(-EINVAL);
	return panfrost_gem_make(to_panfrost_device(drm), size, flags, 0);
}

struct gem_uma_object *panfrost_gem_create_pinned(struct panfrost_device *pfdev, size_t size)
{
	struct panfrost_gem_object *bo =
		panfrost_gem_make(pfdev, size, 0, GEM_UMA_OBJECT_PINNED | GEM_UMA_OBJECT_NO_MMAP);

	return IS_ERR(bo) ? ERR_CAST(bo) : &bo->base;
}

struct drm_gem_object *
panfrost_gem_prime_import_sg_table(struct drm_device *drm, struct dma_buf_attachment *attach,
				   struct sg_table *sgt)
{
	struct panfrost_device *pfdev = to_panfrost_device(drm);
	struct panfrost_gem_object *bo = panfrost_gem_alloc();
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->noexec = true;
	ret = gem_uma_object_init_import(&bo->base, &pfdev->uma.dev, attach, sgt,
					 &panfrost_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	panfrost_gem_internal_set_label(&bo->base.base, "imported");
	return &bo->base.base;
}

int panfrost_uma_init(struct panfrost_device *pfdev, const struct gem_uma_object_prime *prime,
		      const struct drm_gem_object_funcs *funcs)
{
	const struct gem_uma_device_config config = {
		.huge = IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) && panfrost_transparent_hugepage,
		.allow_wc = !pfdev->coherent,
	};
	struct panfrost_uma *uma = &pfdev->uma;
	int ret;

	ret = gem_uma_device_init(&uma->dev, &pfdev->base, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, prime, funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}
