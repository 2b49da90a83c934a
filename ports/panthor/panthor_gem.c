// SPDX-License-Identifier: GPL-2.0
/*
 * panthor's buffers on gem-uma.
 *
 * VMs and their page tables stay panthor's. A buffer that a VM maps has its pages until
 * reclaim takes them: then no VM maps it any more, and the next job of each VM brings it
 * back. What the firmware uses is pinned.
 *
 * Locks: resv of the buffer, gpuva.lock of the buffer, and what panthor_mmu.c takes. Reclaim
 * has the resv. To count mappings it waits for gpuva.lock, under which nobody allocates: the
 * driver takes it in operations that fences wait for. To evict, it only tries the locks.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/dma-resv.h>
#include <linux/memcontrol.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>
#include <drm/drm_gpuvm.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/panthor_drm.h>

#include "panthor_device.h"
#include "panthor_drv.h"
#include "panthor_fw.h"
#include "panthor_gem.h"
#include "panthor_mmu.h"

/* Pages of one entry of a table, whose length in bytes has 32 bits. */
#define PANTHOR_UMA_MAX_RUN	(SZ_1G >> PAGE_SHIFT)

/* Where resvs are held: an error is better than the OOM killer, who may wait for one of them. */
#define PANTHOR_UMA_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Of a unit of weight, which lasts 67 ms: so 32 bits suffice for years. */
#define PANTHOR_UMA_WEIGHT_SHIFT	26

static struct panthor_gem_object *panthor_uma_to_bo(struct gem_uma_object *uobj)
{
	return container_of(uobj, struct panthor_gem_object, uma);
}

static struct panthor_device *panthor_uma_to_dev(struct drm_device *drm)
{
	return container_of(drm, struct panthor_device, base);
}

struct panthor_uma_activity *panthor_uma_activity_create(void)
{
	struct panthor_uma_activity *activity = kzalloc_obj(*activity, GFP_KERNEL_ACCOUNT);

	if (!activity)
		return NULL;
	kref_init(&activity->ref);
	activity->memcg = get_mem_cgroup_from_mm(current->mm);
	return activity;
}

static void panthor_uma_activity_free(struct kref *ref)
{
	struct panthor_uma_activity *activity =
		container_of(ref, struct panthor_uma_activity, ref);

	mem_cgroup_put(activity->memcg);
	kfree(activity);
}

void panthor_uma_activity_put(struct panthor_uma_activity *activity)
{
	if (activity)
		kref_put(&activity->ref, panthor_uma_activity_free);
}

void panthor_uma_mark_active(struct panthor_uma_activity *activity)
{
	if (activity)
		WRITE_ONCE(activity->at, ktime_get_mono_fast_ns());
}

/* The first VM that maps a buffer is the one whose activity counts; reclaim looks without lock. */
void panthor_uma_share_activity(struct panthor_gem_object *bo,
				struct panthor_uma_activity *activity)
{
	if (!activity || READ_ONCE(bo->activity))
		return;
	kref_get(&activity->ref);
	if (cmpxchg(&bo->activity, NULL, activity))
		panthor_uma_activity_put(activity);
}

/*
 * VMs that the GPU used longest ago lose their buffers first. A buffer that no VM maps is as old
 * as its own last use.
 */
static u32 panthor_uma_weight(struct gem_uma_object *uobj)
{
	struct panthor_uma_activity *activity = READ_ONCE(panthor_uma_to_bo(uobj)->activity);
	u64 at = activity ? READ_ONCE(activity->at) : READ_ONCE(uobj->reclaim.used);

	return at >> PANTHOR_UMA_WEIGHT_SHIFT;
}

static unsigned int panthor_uma_dev_mapped(struct gem_uma_object *uobj)
{
	struct drm_gem_object *obj = &uobj->base;
	struct drm_gpuvm_bo *vm_bo;
	unsigned int mapped = 0;

	scoped_guard(mutex, &obj->gpuva.lock)
		drm_gem_for_each_gpuvm_bo(vm_bo, obj)
			mapped += !vm_bo->evicted;
	return mapped;
}

/* The VMs' own resvs, other than that of the buffer; up to @last, if there is one. */
static void panthor_uma_unlock_vms(struct drm_gem_object *obj, struct drm_gpuvm_bo *last)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		if (vm_bo == last)
			break;
		if (drm_gpuvm_resv(vm_bo->vm) != obj->resv)
			dma_resv_unlock(drm_gpuvm_resv(vm_bo->vm));
	}
}

static bool panthor_uma_trylock_vms(struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	drm_gem_for_each_gpuvm_bo(vm_bo, obj) {
		if (drm_gpuvm_resv(vm_bo->vm) == obj->resv ||
		    dma_resv_trylock(drm_gpuvm_resv(vm_bo->vm)))
			continue;
		panthor_uma_unlock_vms(obj, vm_bo);
		return false;
	}
	return true;
}

/* Each VM is flushed, as it always was, by who unmaps from it; that waits for the GPU. */
static int panthor_uma_evict(struct gem_uma_object *uobj)
{
	struct drm_gem_object *obj = &uobj->base;
	int ret = -EBUSY;

	if (!mutex_trylock(&obj->gpuva.lock))
		return -EBUSY;
	if (panthor_uma_trylock_vms(obj)) {
		ret = panthor_vm_evict_bo_mappings_locked(panthor_uma_to_bo(uobj));
		panthor_uma_unlock_vms(obj, NULL);
	}
	mutex_unlock(&obj->gpuva.lock);
	return ret ? -EBUSY : 0;
}

/* VMs have references, so none maps it. */
static void panthor_uma_free(struct gem_uma_object *uobj)
{
	struct panthor_gem_object *bo = panthor_uma_to_bo(uobj);
	struct drm_gem_object *root = bo->exclusive_vm_root_gem;

	panthor_uma_free_sgt(bo->dmap.sgt);
	panthor_uma_activity_put(bo->activity);
	kfree_const(bo->label.str);
	mutex_destroy(&bo->label.lock);
	kfree(bo);
	/* Its resv was ours. */
	drm_gem_object_put(root);
}

static const struct gem_uma_object_ops panthor_uma_ops = {
	.dev_mapped = panthor_uma_dev_mapped,
	.evict = panthor_uma_evict,
	.weight = panthor_uma_weight,
	.free = panthor_uma_free,
};

/* What shares the resv of a VM is nobody else's. */
int panthor_uma_get_for_export(struct gem_uma_object *uobj)
{
	return panthor_uma_to_bo(uobj)->exclusive_vm_root_gem ? -EINVAL : 0;
}

static struct panthor_gem_object *panthor_uma_alloc(struct panthor_device *ptdev)
{
	struct panthor_gem_object *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
	bo->base.funcs = ptdev->uma.funcs;
	mutex_init(&bo->label.lock);
	return bo;
}

static u32 panthor_uma_flags(u32 flags, u32 usage)
{
	return GEM_UMA_OBJECT_HUGE |
	       (flags & DRM_PANTHOR_BO_NO_MMAP ? GEM_UMA_OBJECT_NO_MMAP : 0) |
	       (flags & DRM_PANTHOR_BO_WB_MMAP ? 0 : GEM_UMA_OBJECT_WC) |
	       (usage & PANTHOR_DEBUGFS_GEM_USAGE_FLAG_FW_MAPPED ? GEM_UMA_OBJECT_PINNED : 0);
}

static struct panthor_gem_object *panthor_gem_create(struct panthor_device *ptdev, size_t size,
						     u32 flags, struct panthor_vm *vm, u32 usage)
{
	struct panthor_gem_object *bo = panthor_uma_alloc(ptdev);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->flags = flags;
	bo->usage = usage;
	if (vm) {
		bo->exclusive_vm_root_gem = panthor_vm_root_gem(vm);
		drm_gem_object_get(bo->exclusive_vm_root_gem);
		bo->base.resv = bo->exclusive_vm_root_gem->resv;
	}
	ret = gem_uma_object_init(&bo->uma, &ptdev->uma.dev, size,
				  panthor_uma_flags(flags, usage), &panthor_uma_ops);
	if (ret) {
		panthor_uma_free(&bo->uma);
		return ERR_PTR(ret);
	}
	return bo;
}

/* Writes to sparse mappings end there. */
struct panthor_gem_object *panthor_dummy_bo_create(struct panthor_device *ptdev)
{
	return panthor_gem_create(ptdev, SZ_2M, DRM_PANTHOR_BO_NO_MMAP, NULL, 0);
}

int panthor_gem_create_with_handle(struct drm_file *file, struct drm_device *drm,
				   struct panthor_vm *vm, u64 *size, u32 flags, u32 *handle)
{
	struct panthor_gem_object *bo;
	int ret;

	bo = panthor_gem_create(panthor_uma_to_dev(drm), *size, flags, vm, 0);
	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = drm_gem_handle_create(file, &bo->base, handle);
	if (!ret)
		*size = bo->base.size;
	drm_gem_object_put(&bo->base);
	return ret;
}

struct drm_gem_object *panthor_gem_prime_import_sg_table(struct drm_device *drm,
							 struct dma_buf_attachment *attach,
							 struct sg_table *sgt)
{
	struct panthor_device *ptdev = panthor_uma_to_dev(drm);
	struct panthor_gem_object *bo = panthor_uma_alloc(ptdev);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(&bo->uma, &ptdev->uma.dev, attach, sgt,
					 &panthor_uma_ops);
	if (ret) {
		panthor_uma_free(&bo->uma);
		return ERR_PTR(ret);
	}
	return &bo->base;
}

/* The next pages that are contiguous for the device. */
static int panthor_uma_run_locked(struct panthor_gem_object *bo, pgoff_t at, pgoff_t end,
				  struct gem_uma_dma_run *run)
	__must_hold(bo->base.resv)
{
	return gem_uma_dev_map_run_locked(&bo->uma.dev_map, at,
					  min(end, at + PANTHOR_UMA_MAX_RUN), run);
}

static int panthor_uma_count_runs_locked(struct panthor_gem_object *bo, pgoff_t at, pgoff_t end)
	__must_hold(bo->base.resv)
{
	struct gem_uma_dma_run run;
	int ret, nr = 0;

	for (; at < end; at += run.nr, nr++) {
		ret = panthor_uma_run_locked(bo, at, end, &run);
		if (ret)
			return ret;
		cond_resched();
	}
	return nr;
}

static int panthor_uma_fill_sgt_locked(struct panthor_gem_object *bo, struct sg_table *sgt,
				       u64 offset, u64 size)
	__must_hold(bo->base.resv)
{
	pgoff_t at = offset >> PAGE_SHIFT, end = PAGE_ALIGN(offset + size) >> PAGE_SHIFT;
	u64 skip = offset & ~PAGE_MASK;
	struct gem_uma_dma_run run;
	struct scatterlist *sgl;
	int ret, i;

	for_each_sgtable_dma_sg(sgt, sgl, i) {
		ret = panthor_uma_run_locked(bo, at, end, &run);
		if (ret)
			return ret;
		sg_dma_address(sgl) = run.addr + skip;
		sg_dma_len(sgl) = min_t(u64, ((u64)run.nr << PAGE_SHIFT) - skip, size);
		size -= sg_dma_len(sgl);
		at += run.nr;
		skip = 0;
		cond_resched();
	}
	return 0;
}

/*
 * The addresses of a range that is populated, for who maps it where no resv is held; the
 * buffer stays pinned, or the resv locked, until that is done.
 */
struct sg_table *panthor_uma_make_sgt_locked(struct panthor_gem_object *bo, u64 offset,
					     u64 size)
{
	pgoff_t at = offset >> PAGE_SHIFT, end = PAGE_ALIGN(offset + size) >> PAGE_SHIFT;
	struct sg_table *sgt;
	int ret;

	dma_resv_assert_held(bo->base.resv);
	sgt = kzalloc_obj(*sgt, PANTHOR_UMA_GFP);
	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = panthor_uma_count_runs_locked(bo, at, end);
	if (ret > 0)
		ret = sg_alloc_table(sgt, ret, PANTHOR_UMA_GFP);
	if (!ret)
		ret = panthor_uma_fill_sgt_locked(bo, sgt, offset, size);
	if (ret) {
		panthor_uma_free_sgt(sgt);
		return ERR_PTR(ret);
	}
	return sgt;
}

void panthor_uma_free_sgt(struct sg_table *sgt)
{
	if (!sgt)
		return;
	sg_free_table(sgt);
	kfree(sgt);
}

/* Until panthor_uma_unpin(), pages and addresses stay. */
struct sg_table *panthor_uma_pin(struct panthor_gem_object *bo, u64 offset, u64 size)
{
	struct sg_table *sgt = NULL;
	int ret = 0;

	dma_resv_lock(bo->base.resv, NULL);
	if (!gem_uma_object_is_imported(&bo->uma))
		ret = gem_uma_object_pin(&bo->base);
	if (ret)
		goto out_unlock;
	ret = gem_uma_object_populate_locked(&bo->uma, 0, bo->base.size, DMA_BIDIRECTIONAL);
	sgt = ret ? ERR_PTR(ret) : panthor_uma_make_sgt_locked(bo, offset, size);
	if (IS_ERR(sgt) && !gem_uma_object_is_imported(&bo->uma))
		gem_uma_object_unpin(&bo->base);
out_unlock:
	dma_resv_unlock(bo->base.resv);
	return ret ? ERR_PTR(ret) : sgt;
}

void panthor_uma_unpin(struct panthor_gem_object *bo)
{
	if (gem_uma_object_is_imported(&bo->uma))
		return;
	dma_resv_lock(bo->base.resv, NULL);
	gem_uma_object_unpin(&bo->base);
	dma_resv_unlock(bo->base.resv);
}

/* For a job that is about to be armed. */
int panthor_uma_restore_locked(struct panthor_gem_object *bo)
{
	dma_resv_assert_held(bo->base.resv);
	gem_uma_object_mark_used(&bo->uma);
	return gem_uma_object_populate_locked(&bo->uma, 0, bo->base.size, DMA_BIDIRECTIONAL);
}

static bool panthor_uma_has_caches(struct gem_uma_object *uobj)
{
	return !uobj->udev->coherent && READ_ONCE(uobj->cpu_map.mode) != GEM_UMA_CACHE_WC;
}

/* The scheduler asks with its lock held, for what is write-combined: that takes no resv. */
int panthor_gem_sync(struct drm_gem_object *obj, u32 type, u64 offset, u64 size)
{
	struct gem_uma_sync_range range = { .offset = offset, .size = size };
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	enum gem_uma_sync_op op;

	if (offset > obj->size || size > obj->size - offset || gem_uma_object_is_imported(uobj))
		return -EINVAL;

	if (type == DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH)
		op = GEM_UMA_SYNC_CLEAN;
	else if (type == DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE)
		op = GEM_UMA_SYNC_CLEAN_INVALIDATE;
	else
		return -EINVAL;
	if (!size || !panthor_uma_has_caches(uobj))
		return 0;
	return gem_uma_object_sync(uobj, range, op);
}

/* Longer, and of other characters, than the library has them. */
void panthor_gem_bo_set_label(struct drm_gem_object *obj, const char *label)
{
	struct panthor_gem_object *bo = to_panthor_bo(obj);

	scoped_guard(mutex, &bo->label.lock)
		swap(bo->label.str, label);
	kfree_const(label);
}

void panthor_gem_kernel_bo_set_label(struct panthor_kernel_bo *kbo, const char *label)
{
	panthor_gem_bo_set_label(kbo->obj, kstrdup_const(label, GFP_KERNEL));
}

void panthor_kernel_bo_destroy(struct panthor_kernel_bo *kbo)
{
	if (IS_ERR_OR_NULL(kbo))
		return;
	panthor_kernel_bo_vunmap(kbo);
	panthor_vm_unmap_range(kbo->vm, kbo->va_node.start, kbo->va_node.size);
	panthor_vm_free_va(kbo->vm, &kbo->va_node);
	drm_gem_object_put(kbo->obj);
	panthor_vm_put(kbo->vm);
	kfree(kbo);
}

/* Of a page each, so that an entry is the same memory for the CPU and for the device. */
static int panthor_uma_fill_firmware_locked(struct panthor_gem_object *bo, struct sg_table *sgt)
	__must_hold(bo->base.resv)
{
	struct gem_uma_dma_run run;
	struct scatterlist *sgl;
	struct page *page;
	int ret, i;

	for_each_sgtable_sg(sgt, sgl, i) {
		ret = gem_uma_dev_map_run_locked(&bo->uma.dev_map, i, i + 1, &run);
		if (ret)
			return ret;
		page = gem_uma_backing_pinned_page(&bo->uma.backing, i);
		if (!page)
			return -EFAULT;
		sg_set_page(sgl, page, PAGE_SIZE, 0);
		sg_dma_address(sgl) = run.addr;
		sg_dma_len(sgl) = PAGE_SIZE;
		cond_resched();
	}
	return 0;
}

/*
 * What is reloaded after a reset is cleaned then, where no resv may be taken. Whoever cleans looks
 * at pages and lengths of the CPU's.
 */
static int panthor_uma_init_firmware(struct panthor_gem_object *bo)
{
	struct sg_table *sgt = kzalloc_obj(*sgt, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!sgt)
		return -ENOMEM;
	ret = sg_alloc_table(sgt, bo->base.size >> PAGE_SHIFT, GFP_KERNEL_ACCOUNT);
	if (!ret) {
		dma_resv_lock(bo->base.resv, NULL);
		ret = panthor_uma_fill_firmware_locked(bo, sgt);
		dma_resv_unlock(bo->base.resv);
	}
	if (ret) {
		panthor_uma_free_sgt(sgt);
		return ret;
	}
	bo->dmap.sgt = sgt;
	return 0;
}

/* As large as the GPU's pages have it, which may be smaller than the CPU's. */
static int panthor_uma_map_kernel_bo(struct panthor_kernel_bo *kbo, size_t size, u64 va,
				     u32 flags)
{
	struct panthor_gem_object *bo = to_panthor_bo(kbo->obj);
	int ret;

	size = ALIGN(size, panthor_vm_page_size(kbo->vm));
	ret = panthor_vm_alloc_va(kbo->vm, va, size, &kbo->va_node);
	if (ret)
		return ret;
	ret = panthor_vm_map_bo_range(kbo->vm, bo, 0, size, kbo->va_node.start, flags);
	if (!ret && bo->usage & PANTHOR_DEBUGFS_GEM_USAGE_FLAG_FW_MAPPED) {
		ret = panthor_uma_init_firmware(bo);
		if (ret)
			panthor_vm_unmap_range(kbo->vm, kbo->va_node.start, size);
	}
	if (ret)
		panthor_vm_free_va(kbo->vm, &kbo->va_node);
	return ret;
}

static struct panthor_kernel_bo *
panthor_uma_create_kernel_bo(struct panthor_device *ptdev, struct panthor_vm *vm, size_t size,
			     u32 flags, u32 map_flags, u64 va, const char *name)
{
	u32 usage = PANTHOR_DEBUGFS_GEM_USAGE_FLAG_KERNEL |
		    (vm == panthor_fw_vm(ptdev) ? PANTHOR_DEBUGFS_GEM_USAGE_FLAG_FW_MAPPED : 0);
	struct panthor_gem_object *bo = panthor_gem_create(ptdev, size, flags, vm, usage);
	struct panthor_kernel_bo *kbo;
	int ret;

	if (IS_ERR(bo))
		return ERR_CAST(bo);
	kbo = kzalloc_obj(*kbo, GFP_KERNEL_ACCOUNT);
	if (!kbo) {
		drm_gem_object_put(&bo->base);
		return ERR_PTR(-ENOMEM);
	}
	kbo->obj = &bo->base;
	kbo->vm = panthor_vm_get(vm);
	panthor_gem_kernel_bo_set_label(kbo, name);
	ret = panthor_uma_map_kernel_bo(kbo, size, va, map_flags);
	if (!ret)
		return kbo;
	panthor_vm_put(vm);
	drm_gem_object_put(&bo->base);
	kfree(kbo);
	return ERR_PTR(ret);
}

/*
 * What a worker adds to a VM, as chunks of the tiler's heap, whoever has made the VM pays for: a
 * limit would not hold otherwise. The next work of this worker must not wait for that.
 */
struct panthor_kernel_bo *
panthor_kernel_bo_create(struct panthor_device *ptdev, struct panthor_vm *vm, size_t size,
			 u32 flags, u32 map_flags, u64 va, const char *name)
{
	struct panthor_uma_activity *activity = current->mm ? NULL : panthor_vm_activity(vm);
	struct mem_cgroup *old = activity ? set_active_memcg(activity->memcg) : NULL;
	struct panthor_kernel_bo *kbo;

	kbo = panthor_uma_create_kernel_bo(ptdev, vm, size, flags, map_flags, va, name);
	if (activity) {
		set_active_memcg(old);
		gem_uma_backing_forget_high();
	}
	return kbo;
}

/* The device's DMA mask is known by now. */
int panthor_gem_init(struct panthor_device *ptdev)
{
	const struct gem_uma_device_config config = {
		.huge = IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) && panthor_transparent_hugepage,
	};
	struct panthor_uma *uma = &ptdev->uma;
	int ret;

	ret = gem_uma_device_init(&uma->dev, &ptdev->base, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, uma->prime, uma->funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}

/* No job runs any more, and no address space is enabled. */
void panthor_gem_unplug(struct panthor_device *ptdev)
{
	gem_uma_object_unplug_all(&ptdev->uma.dev);
}

#ifdef CONFIG_DEBUG_FS
static u32 panthor_uma_state(const struct panthor_gem_object *bo)
{
	u32 state = 0;

	if (gem_uma_object_is_imported(&bo->uma))
		state |= PANTHOR_DEBUGFS_GEM_STATE_FLAG_IMPORTED;
	else if (!gem_uma_backing_resident(&bo->uma.backing) &&
		 gem_uma_backing_evictions(&bo->uma.backing))
		state |= PANTHOR_DEBUGFS_GEM_STATE_FLAG_EVICTED;
	if (bo->base.dma_buf)
		state |= PANTHOR_DEBUGFS_GEM_STATE_FLAG_EXPORTED;
	return state;
}

static void panthor_uma_show_bo(struct seq_file *m, struct panthor_gem_object *bo)
{
	bool imported = gem_uma_object_is_imported(&bo->uma);
	char creator[32];

	snprintf(creator, sizeof(creator), "%s/%d", bo->uma.creator.comm, bo->uma.creator.tgid);
	seq_printf(m, "%-32s%-16d%-11u%-11u%-16zu%-16zu0x%-16lx0x%-8x 0x%-10x", creator,
		   bo->base.name, kref_read(&bo->base.refcount),
		   imported ? 0 : gem_uma_backing_evictions(&bo->uma.backing), bo->base.size,
		   gem_uma_object_rss(&bo->base), drm_vma_node_start(&bo->base.vma_node),
		   panthor_uma_state(bo), bo->usage);
	scoped_guard(mutex, &bo->label.lock)
		seq_printf(m, "%s\n", bo->label.str ?: "");
}

/* Columns and totals as tools know them. */
static int panthor_uma_show_gems(struct seq_file *m, void *data)
{
	struct drm_info_node *node = m->private;
	struct panthor_device *ptdev = panthor_uma_to_dev(node->minor->dev);
	size_t size = 0, resident = 0, reclaimable = 0;
	struct gem_uma_object *uobj = NULL;

	seq_puts(m, "GEM state flags: imported (0x1), exported (0x2), evicted (0x4)\n");
	seq_puts(m, "GEM usage flags: kernel (0x1), fw-mapped (0x2)\n\n");
	seq_printf(m, "%-32s%-16s%-11s%-11s%-16s%-16s%-18s%-11s%-12s%s\n", "created-by",
		   "global-name", "refcount", "evictions", "size", "resident-size",
		   "file-offset", "state", "usage", "label");
	while ((uobj = gem_uma_object_next(&ptdev->uma.dev, uobj))) {
		panthor_uma_show_bo(m, panthor_uma_to_bo(uobj));
		size += uobj->base.size;
		resident += gem_uma_object_rss(&uobj->base);
		if (!gem_uma_object_is_imported(uobj) && !atomic_read(&uobj->backing.pins))
			reclaimable += gem_uma_object_rss(&uobj->base);
	}
	seq_printf(m, "\nTotal size: %zu, Total resident: %zu, Total reclaimable: %zu\n", size,
		   resident, reclaimable);
	return 0;
}

static struct drm_info_list panthor_uma_debugfs[] = {
	{ "gems", panthor_uma_show_gems },
};

static int panthor_uma_get_shrunk(void *data, u64 *value)
{
	*value = READ_ONCE(panthor_uma_to_dev(data)->uma.shrunk);
	return 0;
}

static int panthor_uma_shrink(void *data, u64 pages)
{
	struct panthor_uma *uma = &panthor_uma_to_dev(data)->uma;

	WRITE_ONCE(uma->shrunk, gem_uma_reclaim_device_run(&uma->dev, pages));
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(panthor_uma_shrink_fops, panthor_uma_get_shrunk, panthor_uma_shrink,
			 "0x%08llx\n");

void panthor_gem_debugfs_init(struct drm_minor *minor)
{
	drm_debugfs_create_files(panthor_uma_debugfs, ARRAY_SIZE(panthor_uma_debugfs),
				 minor->debugfs_root, minor);
	debugfs_create_file("shrink", 0600, minor->debugfs_root, minor->dev,
			    &panthor_uma_shrink_fops);
}
#endif
