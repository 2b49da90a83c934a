// SPDX-License-Identifier: GPL-2.0
/*
 * v3d's buffers on gem-uma.
 *
 * A buffer has its address for life. Its pages come, and the page table points to them,
 * when a job uses it first; reclaim takes both away, and the next job brings them back.
 *
 * Reclaim does not wait for the MMU for longer than a few microseconds: what takes longer
 * is left to a worker, which flushes once for all buffers that leave at that time, and
 * tells the library. Nobody gets the pages before that.
 *
 * Locks: resv of the buffer, then v3d_uma.lock.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iopoll.h>
#include <linux/iosys-map.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "v3d_drv.h"
#include "v3d_regs.h"

/* How long reclaim looks whether the MMU has forgotten, for each of its two caches. */
#define V3D_UMA_POLL_US	10

/* Most buffers that a CPU job accesses. */
#define V3D_UMA_MAX_VMAPS	3

/**
 * struct v3d_uma_vmaps - the buffers that a CPU job has mapped
 */
struct v3d_uma_vmaps {
	/** @work: undoes it, where resvs may be waited for. */
	struct work_struct work;
	/** @bo: buffers, each with a reference. */
	struct v3d_bo *bo[V3D_UMA_MAX_VMAPS];
	/** @nr: number of @bo. */
	unsigned int nr;
};

static struct v3d_bo *v3d_uma_to_bo(struct gem_uma_object *uobj)
{
	return container_of(uobj, struct v3d_bo, base);
}

static struct v3d_dev *v3d_uma_to_dev(struct gem_uma_object *uobj)
{
	return to_v3d_dev(uobj->base.dev);
}

/* In pages of the MMU. */
static u32 v3d_uma_pages(const struct v3d_bo *bo)
{
	return bo->base.base.size >> V3D_MMU_PAGE_SHIFT;
}

/* The MMU may go on to use them until it is flushed. */
static void v3d_uma_clear_ptes(struct v3d_bo *bo)
{
	struct v3d_dev *v3d = v3d_uma_to_dev(&bo->base);
	u32 first = bo->node.start, i;

	for (i = 0; i < v3d_uma_pages(bo); i++)
		v3d->pt[first + i] = 0;
	bo->uma.bound = false;

	spin_lock(&v3d->uma.lock);
	bo->uma.cleared = ++v3d->uma.cleared;
	spin_unlock(&v3d->uma.lock);
}

/* Everything that was cleared until then has been forgotten. */
static void v3d_uma_set_flushed(struct v3d_dev *v3d, u64 cleared)
{
	spin_lock(&v3d->uma.lock);
	v3d->uma.flushed = max(v3d->uma.flushed, cleared);
	spin_unlock(&v3d->uma.lock);
}

static u64 v3d_uma_get_cleared(struct v3d_dev *v3d)
{
	u64 cleared;

	spin_lock(&v3d->uma.lock);
	cleared = v3d->uma.cleared;
	spin_unlock(&v3d->uma.lock);
	return cleared;
}

static bool v3d_uma_is_flushed(struct v3d_dev *v3d, const struct v3d_bo *bo)
{
	bool flushed;

	spin_lock(&v3d->uma.lock);
	flushed = bo->uma.cleared <= v3d->uma.flushed;
	spin_unlock(&v3d->uma.lock);
	return flushed;
}

static int v3d_uma_poll(struct v3d_dev *v3d, u32 offset, u32 busy)
{
	u32 value;

	return readl_poll_timeout_atomic(v3d->hub_regs + offset, value, !(value & busy), 1,
					 V3D_UMA_POLL_US);
}

/* Returns false if the MMU takes longer than reclaim may wait. */
static bool v3d_uma_flush_at_once(struct v3d_dev *v3d)
{
	int ret;

	/* One that has no power begins with a flush. */
	if (!pm_runtime_get_if_active(v3d->drm.dev))
		return true;
	V3D_WRITE(V3D_MMUC_CONTROL, V3D_MMUC_CONTROL_FLUSH | V3D_MMUC_CONTROL_ENABLE);
	ret = v3d_uma_poll(v3d, V3D_MMUC_CONTROL, V3D_MMUC_CONTROL_FLUSHING);
	if (!ret) {
		V3D_WRITE(V3D_MMU_CTL, V3D_READ(V3D_MMU_CTL) | V3D_MMU_CTL_TLB_CLEAR);
		ret = v3d_uma_poll(v3d, V3D_MMU_CTL, V3D_MMU_CTL_TLB_CLEARING);
	}
	v3d_pm_runtime_put(v3d);
	return !ret;
}

/* The worker flushes after this, so it does so for this buffer, too. */
static void v3d_uma_leave(struct v3d_dev *v3d, struct v3d_bo *bo)
{
	spin_lock(&v3d->uma.lock);
	if (list_empty(&bo->uma.leaving)) {
		drm_gem_object_get(&bo->base.base);
		list_add_tail(&bo->uma.leaving, &v3d->uma.leaving);
	}
	spin_unlock(&v3d->uma.lock);
	queue_delayed_work(v3d->uma.flush_wq, &v3d->uma.flush, 0);
}

static bool v3d_uma_is_leaving(struct v3d_dev *v3d, struct v3d_bo *bo)
{
	bool leaving;

	spin_lock(&v3d->uma.lock);
	leaving = !list_empty(&bo->uma.leaving);
	spin_unlock(&v3d->uma.lock);
	return leaving;
}

/* One whose entries the MMU has forgotten. */
static struct v3d_bo *v3d_uma_next_left(struct v3d_dev *v3d)
{
	struct v3d_bo *bo, *found = NULL;

	spin_lock(&v3d->uma.lock);
	list_for_each_entry(bo, &v3d->uma.leaving, uma.leaving) {
		if (bo->uma.cleared <= v3d->uma.flushed) {
			list_del_init(&bo->uma.leaving);
			found = bo;
			break;
		}
	}
	spin_unlock(&v3d->uma.lock);
	return found;
}

static void v3d_uma_tell(struct v3d_dev *v3d)
{
	struct v3d_bo *bo;

	while ((bo = v3d_uma_next_left(v3d))) {
		gem_uma_object_update(&bo->base);
		drm_gem_object_put(&bo->base.base);
	}
}

static void v3d_uma_flush_work(struct work_struct *work)
{
	struct v3d_dev *v3d = container_of(to_delayed_work(work), struct v3d_dev, uma.flush);
	u64 cleared = v3d_uma_get_cleared(v3d);

	/* Until the device is reset, which flushes, nobody may have the pages. */
	if (v3d_mmu_flush_all(v3d)) {
		queue_delayed_work(v3d->uma.flush_wq, &v3d->uma.flush, HZ / 10);
		return;
	}
	v3d_uma_set_flushed(v3d, cleared);
	v3d_uma_tell(v3d);
}

static unsigned int v3d_uma_dev_mapped(struct gem_uma_object *uobj)
{
	return v3d_uma_to_bo(uobj)->uma.bound;
}

static int v3d_uma_evict(struct gem_uma_object *uobj)
{
	struct v3d_dev *v3d = v3d_uma_to_dev(uobj);
	struct v3d_bo *bo = v3d_uma_to_bo(uobj);
	u64 cleared;

	if (bo->uma.bound)
		v3d_uma_clear_ptes(bo);
	if (v3d_uma_is_flushed(v3d, bo))
		return 0;
	cleared = v3d_uma_get_cleared(v3d);
	if (!v3d_uma_flush_at_once(v3d)) {
		v3d_uma_leave(v3d, bo);
		return -EINPROGRESS;
	}
	v3d_uma_set_flushed(v3d, cleared);
	/* It may be left on the list from an eviction that it was brought back from. */
	if (v3d_uma_is_leaving(v3d, bo))
		queue_delayed_work(v3d->uma.flush_wq, &v3d->uma.flush, 0);
	return 0;
}

/* The device is to have forgotten the pages before the library gives them away. */
static void v3d_uma_teardown(struct gem_uma_object *uobj)
{
	struct v3d_dev *v3d = v3d_uma_to_dev(uobj);
	struct v3d_bo *bo = v3d_uma_to_bo(uobj);

	if (bo->uma.bound)
		v3d_uma_clear_ptes(bo);
	if (!v3d_uma_is_flushed(v3d, bo) && v3d_mmu_flush_all(v3d)) {
		drm_err(&v3d->drm, "the MMU does not answer, %zu bytes that it may know are lost\n",
			uobj->base.size);
		gem_uma_object_leak(uobj);
	}
	if (drm_mm_node_allocated(&bo->node)) {
		mutex_lock(&v3d->bo_lock);
		v3d->bo_stats.num_allocated--;
		v3d->bo_stats.pages_allocated -= v3d_uma_pages(bo);
		mutex_unlock(&v3d->bo_lock);

		spin_lock(&v3d->mm_lock);
		drm_mm_remove_node(&bo->node);
		spin_unlock(&v3d->mm_lock);
	}
}

static void v3d_uma_free(struct gem_uma_object *uobj)
{
	kfree(v3d_uma_to_bo(uobj));
}

static const struct gem_uma_object_ops v3d_uma_ops = {
	.dev_mapped = v3d_uma_dev_mapped,
	.evict = v3d_uma_evict,
	.teardown = v3d_uma_teardown,
	.free = v3d_uma_free,
};

static struct v3d_bo *v3d_uma_alloc(struct v3d_dev *v3d)
{
	struct v3d_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
	bo->base.base.funcs = v3d->uma.funcs;
	INIT_LIST_HEAD(&bo->unref_head);
	INIT_LIST_HEAD(&bo->uma.leaving);
	return bo;
}

/* So that the MMU can use its large pages, where memory comes in such. */
static u32 v3d_uma_alignment(struct v3d_dev *v3d, u64 size)
{
	if (!v3d->uma.dev.huge_mnt || size < SZ_64K)
		return SZ_4K;
	return size < SZ_1M ? SZ_64K : SZ_1M;
}

/* Where the device sees it, for its life. */
static int v3d_uma_place(struct v3d_dev *v3d, struct v3d_bo *bo)
{
	u32 align = v3d_uma_alignment(v3d, bo->base.base.size) >> V3D_MMU_PAGE_SHIFT;
	int ret;

	spin_lock(&v3d->mm_lock);
	ret = drm_mm_insert_node_generic(&v3d->mm, &bo->node, v3d_uma_pages(bo), align, 0, 0);
	spin_unlock(&v3d->mm_lock);
	if (ret)
		return ret;

	mutex_lock(&v3d->bo_lock);
	v3d->bo_stats.num_allocated++;
	v3d->bo_stats.pages_allocated += v3d_uma_pages(bo);
	mutex_unlock(&v3d->bo_lock);
	return 0;
}

/* Pages from @at on that are contiguous for the device; false behind the last. */
bool v3d_uma_next_run(struct v3d_bo *bo, pgoff_t at, struct gem_uma_dma_run *run)
	__must_hold(bo->base.base.resv)
{
	pgoff_t end = bo->base.base.size >> PAGE_SHIFT;

	return at < end && !gem_uma_dev_map_run_locked(&bo->base.dev_map, at, end, run);
}

static int v3d_uma_validate_locked(struct v3d_bo *bo)
	__must_hold(bo->base.base.resv)
{
	struct gem_uma_object *uobj = &bo->base;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	gem_uma_object_mark_used(uobj);
	if (bo->uma.bound)
		return 0;
	ret = gem_uma_object_populate_locked(uobj, 0, uobj->base.size, DMA_BIDIRECTIONAL);
	if (ret)
		return ret;
	v3d_mmu_insert_ptes(bo);
	bo->uma.bound = true;
	gem_uma_object_update_locked(uobj);
	return 0;
}

/* With the resvs of all its buffers held, before anything is armed. */
int v3d_uma_validate_job(struct v3d_job *job)
{
	u32 i;
	int ret;

	for (i = 0; i < job->bo_count; i++) {
		ret = v3d_uma_validate_locked(to_v3d_bo(job->bo[i]));
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Addresses are shared by all clients, so they cost memory as they always did, though it may be
 * evicted. What the driver itself makes, in the midst of a job, never is.
 */
static int v3d_uma_bind(struct v3d_bo *bo)
{
	int ret;

	dma_resv_lock(bo->base.base.resv, NULL);
	ret = v3d_uma_validate_locked(bo);
	dma_resv_unlock(bo->base.base.resv);
	return ret;
}

/* Without @file, for the driver itself. */
struct v3d_bo *v3d_bo_create(struct drm_device *drm, struct drm_file *file, size_t size)
{
	u32 flags = GEM_UMA_OBJECT_WC | GEM_UMA_OBJECT_HUGE | (file ? 0 : GEM_UMA_OBJECT_PINNED);
	struct v3d_dev *v3d = to_v3d_dev(drm);
	struct v3d_bo *bo = v3d_uma_alloc(v3d);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init(&bo->base, &v3d->uma.dev, size, flags, &v3d_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	ret = v3d_uma_place(v3d, bo);
	if (!ret)
		ret = v3d_uma_bind(bo);
	if (ret) {
		drm_gem_object_put(&bo->base.base);
		return ERR_PTR(ret);
	}
	return bo;
}

struct drm_gem_object *
v3d_prime_import_sg_table(struct drm_device *drm, struct dma_buf_attachment *attach,
			  struct sg_table *sgt)
{
	struct v3d_dev *v3d = to_v3d_dev(drm);
	struct v3d_bo *bo = v3d_uma_alloc(v3d);
	u64 offset;
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(&bo->base, &v3d->uma.dev, attach, sgt, &v3d_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	ret = v3d_uma_place(v3d, bo);
	/* The ioctl only looks it up. */
	if (!ret)
		ret = gem_uma_object_mmap_offset(&bo->base, &offset);
	if (ret) {
		drm_gem_object_put(&bo->base.base);
		return ERR_PTR(ret);
	}
	return &bo->base.base;
}

static int v3d_uma_vmap_locked(struct v3d_uma_vmaps *vmaps, struct v3d_bo *bo)
	__must_hold(bo->base.base.resv)
{
	struct drm_gem_object *obj = &bo->base.base;
	struct iosys_map map;
	int ret;

	dma_resv_assert_held(obj->resv);
	ret = gem_uma_object_vmap(obj, &map);
	if (ret)
		return ret;
	if (map.is_iomem) {
		gem_uma_object_vunmap(obj, &map);
		return -EINVAL;
	}
	drm_gem_object_get(obj);
	bo->vaddr = map.vaddr;
	bo->uma.vmaps++;
	vmaps->bo[vmaps->nr++] = bo;
	return 0;
}

static void v3d_uma_vunmap_locked(struct v3d_bo *bo)
	__must_hold(bo->base.base.resv)
{
	struct iosys_map map = IOSYS_MAP_INIT_VADDR(bo->vaddr);

	dma_resv_assert_held(bo->base.base.resv);
	if (!--bo->uma.vmaps)
		bo->vaddr = NULL;
	gem_uma_object_vunmap(&bo->base.base, &map);
}

static void v3d_uma_vunmap_work(struct work_struct *work)
{
	struct v3d_uma_vmaps *vmaps = container_of(work, struct v3d_uma_vmaps, work);
	unsigned int i;

	for (i = 0; i < vmaps->nr; i++) {
		struct drm_gem_object *obj = &vmaps->bo[i]->base.base;

		dma_resv_lock(obj->resv, NULL);
		v3d_uma_vunmap_locked(vmaps->bo[i]);
		dma_resv_unlock(obj->resv);
		drm_gem_object_put(obj);
	}
	kfree(vmaps);
}

static int v3d_uma_vmap(struct v3d_uma_vmaps *vmaps, struct drm_gem_object *obj)
{
	int ret;

	if (WARN_ON_ONCE(vmaps->nr == V3D_UMA_MAX_VMAPS))
		return -EINVAL;
	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	ret = v3d_uma_vmap_locked(vmaps, to_v3d_bo(obj));
	dma_resv_unlock(obj->resv);
	return ret;
}

/* Map what a CPU job accesses, until it is freed. */
int v3d_uma_vmap_job(struct v3d_cpu_job *job)
{
	struct v3d_uma_vmaps *vmaps = kzalloc_obj(*vmaps, GFP_KERNEL);
	int ret = 0;
	u32 i;

	if (!vmaps)
		return -ENOMEM;
	INIT_WORK(&vmaps->work, v3d_uma_vunmap_work);
	job->vmaps = vmaps;
	for (i = 0; !ret && i < job->base.bo_count; i++)
		ret = v3d_uma_vmap(vmaps, job->base.bo[i]);
	if (!ret && job->indirect_csd.indirect)
		ret = v3d_uma_vmap(vmaps, job->indirect_csd.indirect);
	return ret;
}

/*
 * Jobs are freed where other jobs of the queue wait to run, and who holds a resv may wait
 * for them.
 */
void v3d_uma_vunmap_job(struct v3d_cpu_job *job)
{
	if (job->vmaps)
		queue_work(job->base.v3d->uma.put_wq, &job->vmaps->work);
}

static int v3d_uma_init_library(struct v3d_dev *v3d, const struct gem_uma_object_prime *prime)
{
	const struct gem_uma_device_config config = {
		.huge = IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) && super_pages,
	};
	struct v3d_uma *uma = &v3d->uma;
	int ret;

	ret = gem_uma_device_init(&uma->dev, &v3d->drm, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, prime, uma->funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}

int v3d_uma_init(struct v3d_dev *v3d, const struct gem_uma_object_prime *prime,
		 const struct drm_gem_object_funcs *funcs)
{
	struct v3d_uma *uma = &v3d->uma;

	uma->funcs = funcs;
	spin_lock_init(&uma->lock);
	INIT_LIST_HEAD(&uma->leaving);
	INIT_DELAYED_WORK(&uma->flush, v3d_uma_flush_work);
	uma->flush_wq = alloc_workqueue("v3d-flush", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	uma->put_wq = alloc_workqueue("v3d-put", WQ_UNBOUND, 0);
	if (!uma->flush_wq || !uma->put_wq)
		return -ENOMEM;
	return v3d_uma_init_library(v3d, prime);
}

/* Also where v3d_uma_init() failed, or was never called. */
void v3d_uma_fini(struct v3d_dev *v3d)
{
	struct v3d_uma *uma = &v3d->uma;

	if (uma->put_wq)
		destroy_workqueue(uma->put_wq);
	if (uma->flush_wq) {
		cancel_delayed_work_sync(&uma->flush);
		/* A device that is gone has forgotten everything. */
		v3d_uma_set_flushed(v3d, v3d_uma_get_cleared(v3d));
		v3d_uma_tell(v3d);
		destroy_workqueue(uma->flush_wq);
	}
	if (uma->dev.drm)
		gem_uma_object_unplug_all(&uma->dev);
}
