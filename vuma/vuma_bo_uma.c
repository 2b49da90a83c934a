// SPDX-License-Identifier: GPL-2.0
/*
 * vuma's buffer object on gem_uma.
 */
#include <linux/debugfs.h>
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_fbdev.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/gem_uma/gem_uma_pm.h>
#include <drm/gem_uma/gem_uma_stats.h>
#include <drm/gem_uma/gem_uma_transfer.h>
#include <drm/gem_uma/gem_uma_vm.h>
#include <drm/gem_uma/gem_uma_vm_implicit.h>
#include <drm/vuma_drm.h>

#include "vuma_bo.h"
#include "vuma_cache.h"
#include "vuma_drv.h"
#include "vuma_heap.h"

const char vuma_bo_driver_name[] = "vuma";
const char vuma_bo_driver_desc[] = "Virtual UMA GPU on gem-uma";

static bool huge = true;
module_param(huge, bool, 0444);
MODULE_PARM_DESC(huge, "Back buffers that ask for it with huge folios (default: true)");

static bool coherent[VUMA_MAX_DEVICES] = { [0 ... VUMA_MAX_DEVICES - 1] = true };
module_param_array(coherent, bool, NULL, 0444);
MODULE_PARM_DESC(coherent,
		 "By device: it snoops the CPU's cache; 0: a cache is modelled (default: all do)");

static bool wc[VUMA_MAX_DEVICES];
module_param_array(wc, bool, NULL, 0444);
MODULE_PARM_DESC(wc,
		 "By device: buffers that ask for it are write-combined, on x86 (default: none are)");

static bool transfer[VUMA_MAX_DEVICES];
module_param_array(transfer, bool, NULL, 0444);
MODULE_PARM_DESC(transfer,
		 "By device: it takes bounce buffers, and copies around each job (default: none does)");

const u64 vuma_bo_features = DRM_VUMA_FEATURE_RECLAIM | DRM_VUMA_FEATURE_MADVISE |
			     DRM_VUMA_FEATURE_USERPTR | DRM_VUMA_FEATURE_HEAP |
			     (IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ?
			      DRM_VUMA_FEATURE_HUGE : 0);

/**
 * struct vuma_bo_device - what the backend keeps of a device
 */
struct vuma_bo_device {
	/** @uma: library's part. */
	struct gem_uma_device uma;
	/** @pm: library's part. */
	struct gem_uma_pm pm;
	/** @evict_ms: how long the device takes to forget a buffer; for tests, by debugfs. */
	u32 evict_ms;
};

/**
 * struct vuma_bo_client - what the backend keeps of an open file
 */
struct vuma_bo_client {
	/** @uma: library's part. */
	struct gem_uma_client uma;
};

/**
 * struct vuma_bo - a buffer object; the library's turn-key object needs nothing added
 */
struct vuma_bo {
	/** @uma: library's part. */
	struct gem_uma_object uma;
	/** @users: handles, dma-bufs and scanouts. */
	struct gem_uma_vm_users users;
	/** @flags: DRM_VUMA_BO_* of creation. */
	u32 flags;
	/** @cached: a modelled cache is between CPU and device; constant after creation. */
	bool cached;
	/** @cache: the memory behind it. */
	struct vuma_cache cache;
	/** @vfile: the file that created it, for @offset; a reference, NULL of an import. */
	struct vuma_file *vfile;
	/** @offset: it has an offset for mmap(); set once, under the offset_lock of @vfile. */
	bool offset;
	/** @r_obj: holds the resv of the VM that it is private to, or NULL. */
	struct drm_gem_object *r_obj;
	/** @answer_work: the device has forgotten the buffer; with a reference of its own. */
	struct delayed_work answer_work;
	/** @answered: it ran since the buffer was told to go. */
	bool answered;
	/** @shown: how often the display uses it; of an import; protected by resv. */
	unsigned int shown;
};

static struct vuma_bo *to_vuma_bo(struct drm_gem_object *obj)
{
	return container_of(to_gem_uma_object(obj), struct vuma_bo, uma);
}

static unsigned int vuma_bo_dev_mapped(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	return gem_uma_vm_bo_vms_locked(&uobj->base);
}

static void vuma_bo_answer_work(struct work_struct *work)
{
	struct vuma_bo *bo = container_of(to_delayed_work(work), struct vuma_bo, answer_work);

	WRITE_ONCE(bo->answered, true);
	gem_uma_object_update(&bo->uma);
	drm_gem_object_put(&bo->uma.base);
}

/* For tests: as a device behind a queue, which has to answer first. */
static bool vuma_bo_has_to_answer(struct vuma_bo *bo)
	__must_hold(bo->uma.base.resv)
{
	u32 ms = READ_ONCE(to_vuma_device(bo->uma.base.dev)->bo->evict_ms);

	dma_resv_assert_held(bo->uma.base.resv);
	if (!ms || READ_ONCE(bo->answered)) {
		WRITE_ONCE(bo->answered, false);
		return false;
	}
	/* Nobody else queues it: the resv is held. */
	if (!delayed_work_pending(&bo->answer_work)) {
		drm_gem_object_get(&bo->uma.base);
		queue_delayed_work(vuma_put_wq, &bo->answer_work, msecs_to_jiffies(ms));
	}
	return true;
}

static int vuma_bo_evict(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	struct vuma_bo *bo = container_of(uobj, struct vuma_bo, uma);

	/* The display has no page tables that could forget it. */
	if (bo->shown)
		return -EBUSY;
	if (vuma_bo_has_to_answer(bo))
		return -EINPROGRESS;
	return gem_uma_vm_bo_evict_locked(&uobj->base);
}

/* Nobody will look at the pages again: what is behind the cache need not be written there. */
static void vuma_bo_teardown(struct gem_uma_object *uobj)
{
	vuma_cache_clear(&container_of(uobj, struct vuma_bo, uma)->cache);
}

static void vuma_bo_free(struct gem_uma_object *uobj)
{
	struct vuma_bo *bo = container_of(uobj, struct vuma_bo, uma);

	/* Unlike the VM, it holds nothing that could lead back here. */
	if (bo->r_obj)
		drm_gem_object_put(bo->r_obj);
	if (bo->offset)
		atomic64_sub(bo->uma.base.size, &bo->vfile->offsets);
	if (bo->vfile)
		vuma_file_put(bo->vfile);
	kfree(bo);
}

static const struct gem_uma_object_ops vuma_bo_ops = {
	.dev_mapped = vuma_bo_dev_mapped,
	.evict = vuma_bo_evict,
	.teardown = vuma_bo_teardown,
	.free = vuma_bo_free,
};

struct gem_uma_client *vuma_bo_client_of(struct drm_file *file)
{
	return &to_vuma_file(file)->bo->uma;
}

static int vuma_bo_open(struct drm_gem_object *obj, struct drm_file *file)
{
	int ret = gem_uma_client_open(vuma_bo_client_of(file), &to_gem_uma_object(obj)->files);

	if (!ret)
		gem_uma_vm_users_get(&to_vuma_bo(obj)->users);
	return ret;
}

static void vuma_bo_close(struct drm_gem_object *obj, struct drm_file *file)
{
	gem_uma_vm_users_put(&to_vuma_bo(obj)->users);
	gem_uma_client_close(vuma_bo_client_of(file), &to_gem_uma_object(obj)->files);
}

/*
 * A dma-buf is a user of its buffer. Of one that is private to a VM, others would take the VM
 * for busy whenever the buffer is, and the reverse.
 */
static int vuma_bo_prime_get(struct gem_uma_object *uobj)
{
	struct vuma_bo *bo = to_vuma_bo(&uobj->base);

	if (bo->r_obj)
		return -EINVAL;
	gem_uma_vm_users_get(&bo->users);
	return 0;
}

static void vuma_bo_prime_put(struct gem_uma_object *uobj)
{
	gem_uma_vm_users_put(&to_vuma_bo(&uobj->base)->users);
}

static const struct gem_uma_userptr_driver vuma_userptr_driver = {
	.overdue = vuma_fence_overdue,
};

DEFINE_GEM_UMA_PRIME(vuma_prime,
		     .get = vuma_bo_prime_get,
		     .put = vuma_bo_prime_put,
		     .mmap_offset = vuma_bo_mmap_offset,
		     .lazy = true,
		     .revalidates = &vuma_userptr_driver);

/* Makes a list of what the device works on: an importer does no better than the device. */
static struct sg_table *vuma_bo_get_sg_table(struct drm_gem_object *obj)
	__must_hold(obj->resv)
{
	struct vuma_bo *bo = to_vuma_bo(obj);
	pgoff_t i, nr = obj->size >> PAGE_SHIFT;
	struct sg_table *sgt;
	struct page **pages;
	int ret;

	if (!bo->cached)
		return gem_uma_object_get_sg_table(obj);
	ret = vuma_bo_populate_locked(obj, 0, obj->size, DMA_BIDIRECTIONAL);
	if (ret)
		return ERR_PTR(ret);
	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++)
		pages[i] = vuma_cache_memory(&bo->cache, i);
	sgt = drm_prime_pages_to_sg(obj->dev, pages, nr);
	kvfree(pages);
	return sgt;
}

static const struct drm_gem_object_funcs vuma_bo_funcs = {
	.free = gem_uma_object_free,
	GEM_UMA_OBJECT_FUNCS_STATUS,
	GEM_UMA_OBJECT_FUNCS_PIN,
	GEM_UMA_OBJECT_FUNCS_VMAP,
	GEM_UMA_OBJECT_FUNCS_MMAP,
	.get_sg_table = vuma_bo_get_sg_table,
	.export = vuma_prime_export,
	.open = vuma_bo_open,
	.close = vuma_bo_close,
};

static void vuma_bo_clean(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	/* Of a heap, which the CPU maps write-combined. */
	if (!piece->obj)
		return;
	vuma_cache_clean(&to_vuma_bo(piece->obj)->cache, piece->offset, piece->size,
			 phys_to_virt(piece->phys));
}

static void vuma_bo_invalidate(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	if (!piece->obj)
		return;
	vuma_cache_invalidate(&to_vuma_bo(piece->obj)->cache, piece->offset, piece->size,
			      phys_to_virt(piece->phys));
}

/* An importer may go on to work on the memory of a device that is gone. */
static void vuma_bo_unmapped(struct drm_gem_object *obj)
{
	if (list_empty(&to_gem_uma_object(obj)->importers))
		vuma_cache_clear(&to_vuma_bo(obj)->cache);
}

static const struct gem_uma_sync_ops vuma_bo_sync_ops = {
	.clean = vuma_bo_clean,
	.invalidate = vuma_bo_invalidate,
	.unmapped = vuma_bo_unmapped,
};

void vuma_bo_module_init(void)
{
	vuma_driver.gem_prime_import = vuma_prime_import;
	vuma_driver.prime_handle_to_fd = gem_uma_object_prime_handle_to_fd;
#if IS_REACHABLE(CONFIG_DRM_GEM_UMA_FBDEV)
	vuma_driver.fbdev_probe = gem_uma_fbdev_probe;
#endif
}

int vuma_bo_device_init(struct vuma_device *vdev)
{
	int id = to_platform_device(vdev->drm.dev)->id;
	/* One of the firmware has no parameters: it is what the DMA API says of it. */
	const bool ours = id >= 0;
	const struct gem_uma_device_config config = {
		.huge = huge,
		.allow_bounce = ours && transfer[id],
		.sync_ops = ours && !coherent[id] ? &vuma_bo_sync_ops : NULL,
		.allow_wc = ours && wc[id],
	};
	struct vuma_bo_device *bo;
	int ret;

	bo = drmm_kzalloc(&vdev->drm, sizeof(*bo), GFP_KERNEL);
	if (!bo)
		return -ENOMEM;
	ret = gem_uma_device_init(&bo->uma, &vdev->drm, &config);
	if (ret)
		return ret;
	vdev->bo = bo;
	ret = gem_uma_object_prime_init(&bo->uma, &vuma_prime, &vuma_bo_funcs);
	if (ret)
		return ret;
	ret = gem_uma_reclaim_device_init(&bo->uma);
	if (ret)
		return ret;
	ret = vuma_heap_device_init(vdev, &bo->uma);
	if (ret)
		return ret;
	return gem_uma_pm_init(&bo->pm, &bo->uma, GEM_UMA_PM_DEFAULT);
}

bool vuma_bo_device_is_coherent(struct vuma_device *vdev)
{
	return vdev->bo->uma.coherent;
}

bool vuma_bo_device_transfers(struct vuma_device *vdev)
{
	return vdev->bo->uma.allow_bounce;
}

void vuma_bo_device_unplug(struct vuma_device *vdev)
{
	gem_uma_object_unplug_all(&vdev->bo->uma);
	vuma_heap_device_unplug(vdev);
}

int vuma_bo_client_init(struct vuma_device *vdev, struct drm_file *file)
{
	struct vuma_bo_client *client = kzalloc_obj(*client, GFP_KERNEL_ACCOUNT);

	if (!client)
		return -ENOMEM;
	to_vuma_file(file)->bo = client;
	return 0;
}

void vuma_bo_client_fini(struct vuma_file *vfile)
{
	kfree(vfile->bo);
}

void vuma_bo_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	gem_uma_client_show_fdinfo(vuma_bo_client_of(file), vuma_bo_driver_name, p);
	gem_uma_client_show_active(file, p);
}

void vuma_bo_debugfs_init(struct vuma_device *vdev)
{
	gem_uma_stats_debugfs_init(&vdev->bo->uma);
	gem_uma_pm_debugfs_init(&vdev->bo->pm);
	debugfs_create_u32("evict-ms", 0600, vdev->drm.debugfs_root, &vdev->bo->evict_ms);
}

/* WC: a modelled cache is not asked. The CPU's own cache is there all the same, unless wc=1. */
static u32 vuma_bo_uma_flags(const struct gem_uma_device *uma, u32 flags)
{
	return GEM_UMA_OBJECT_LATE_OFFSET |
	       (flags & DRM_VUMA_BO_WC && uma->allow_wc ? GEM_UMA_OBJECT_WC : 0) |
	       (flags & DRM_VUMA_BO_NO_MMAP ? GEM_UMA_OBJECT_NO_MMAP : 0) |
	       (flags & DRM_VUMA_BO_HUGE ? GEM_UMA_OBJECT_HUGE : 0) |
	       (flags & DRM_VUMA_BO_DISCARD_ON_RECLAIM ?
		GEM_UMA_OBJECT_DISCARD_ON_RECLAIM : 0);
}

static struct vuma_bo *vuma_bo_alloc(void)
{
	struct vuma_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
	gem_uma_vm_users_init(&bo->users, &bo->uma.base);
	INIT_DELAYED_WORK(&bo->answer_work, vuma_bo_answer_work);
	bo->uma.base.funcs = &vuma_bo_funcs;
	vuma_cache_init(&bo->cache);
	return bo;
}

struct drm_gem_object *vuma_bo_create(struct vuma_file *vfile, u64 size, u32 flags,
				      struct drm_gem_object *r_obj)
{
	struct gem_uma_device *uma = &vfile->vdev->bo->uma;
	struct vuma_bo *bo = vuma_bo_alloc();
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->flags = flags;
	/* Elsewhere a device that does not snoop has the CPU's own cache, if any. */
	bo->cached = uma->sync_ops == &vuma_bo_sync_ops && !(flags & DRM_VUMA_BO_WC);
	if (r_obj)
		bo->uma.base.resv = r_obj->resv;
	ret = gem_uma_object_init(&bo->uma, uma, size, vuma_bo_uma_flags(uma, flags),
				  &vuma_bo_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	kref_get(&vfile->kref);
	bo->vfile = vfile;
	if (r_obj) {
		drm_gem_object_get(r_obj);
		bo->r_obj = r_obj;
	}
	return &bo->uma.base;
}

struct drm_gem_object *vuma_bo_import_sg_table(struct drm_device *drm,
					       struct dma_buf_attachment *attach,
					       struct sg_table *sgt)
{
	struct vuma_bo *bo = vuma_bo_alloc();
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(&bo->uma, &to_vuma_device(drm)->bo->uma, attach,
					 sgt, &vuma_bo_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	return &bo->uma.base;
}

/* One client must not take the offsets of all others. */
int vuma_bo_take_offset(struct vuma_file *vfile, struct drm_gem_object *obj, bool *taken,
			int (*make)(struct drm_gem_object *obj))
{
	int ret = -EDQUOT;

	mutex_lock(&vfile->offset_lock);
	if (*taken || obj->size <= VUMA_MAX_OFFSETS - atomic64_read(&vfile->offsets))
		ret = make(obj);
	if (!ret && !*taken) {
		atomic64_add(obj->size, &vfile->offsets);
		*taken = true;
	}
	mutex_unlock(&vfile->offset_lock);
	return ret;
}

static int vuma_bo_make_offset(struct drm_gem_object *obj)
{
	u64 offset;

	return gem_uma_object_mmap_offset(to_gem_uma_object(obj), &offset);
}

int vuma_bo_mmap_offset(struct drm_gem_object *obj, u64 *offset)
{
	struct vuma_bo *bo = to_vuma_bo(obj);
	int ret;

	if (vuma_heap_is(obj))
		return vuma_heap_mmap_offset(obj, offset);
	/* Of an import: there is nobody whose offset it would be. */
	if (!bo->vfile)
		return -EINVAL;
	ret = vuma_bo_take_offset(bo->vfile, obj, &bo->offset, vuma_bo_make_offset);
	if (!ret)
		*offset = drm_vma_node_offset_addr(&obj->vma_node);
	return ret;
}

int vuma_bo_set_label(struct drm_gem_object *obj, const char *label, size_t len)
{
	/* No list shows it. */
	if (vuma_heap_is(obj))
		return -EINVAL;
	return gem_uma_object_set_label(to_gem_uma_object(obj), label, len);
}

static u32 vuma_bo_query_status(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	u32 status = 0;

	if (gem_uma_object_is_imported(uobj))
		status |= DRM_VUMA_BO_STATUS_IMPORTED | DRM_VUMA_BO_STATUS_RESIDENT |
			  (obj->import_attach->importer_ops ? 0 : DRM_VUMA_BO_STATUS_PINNED);
	else if (READ_ONCE(obj->dma_buf))
		status |= DRM_VUMA_BO_STATUS_EXPORTED;
	if (gem_uma_backing_evicted(&uobj->backing))
		status |= DRM_VUMA_BO_STATUS_EVICTED;
	if (gem_uma_backing_resident(&uobj->backing))
		status |= DRM_VUMA_BO_STATUS_RESIDENT;
	if (atomic_read(&uobj->backing.pins))
		status |= DRM_VUMA_BO_STATUS_PINNED;
	if (gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGEABLE)
		status |= DRM_VUMA_BO_STATUS_PURGEABLE;
	if (vuma_bo_is_purged(obj))
		status |= DRM_VUMA_BO_STATUS_PURGED;
	if (gem_uma_cpu_map_mmaps(&uobj->cpu_map))
		status |= DRM_VUMA_BO_STATUS_CPU_MAPPED;
	if (gem_uma_object_is_dev_mapped(uobj))
		status |= DRM_VUMA_BO_STATUS_GPU_MAPPED;
	return status;
}

void vuma_bo_query(struct drm_gem_object *obj, struct drm_vuma_bo_query *query)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	struct gem_uma_backing *b = &uobj->backing;

	if (vuma_heap_is(obj)) {
		vuma_heap_query(obj, query);
		return;
	}
	query->size = obj->size;
	query->create_flags = to_vuma_bo(obj)->flags;
	query->status = vuma_bo_query_status(obj);
	query->resident = gem_uma_object_is_imported(uobj) ?
			  obj->size : (u64)gem_uma_backing_resident(b) << PAGE_SHIFT;
	query->evicted = gem_uma_backing_evicted_total(b) << PAGE_SHIFT;
	query->restored = gem_uma_backing_restored_total(b) << PAGE_SHIFT;
	query->evictions = gem_uma_backing_evictions(b);
}

int vuma_bo_madvise(struct drm_gem_object *obj, struct drm_vuma_bo_madvise *args)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	bool retained = true;
	int ret;

	if (vuma_heap_is(obj))
		return vuma_heap_madvise(obj, args);
	if (args->advice == DRM_VUMA_MADV_DISCARD)
		ret = gem_uma_object_discard(uobj, args->offset, args->size);
	else
		ret = gem_uma_object_advise(uobj, args->advice == DRM_VUMA_MADV_WILLNEED,
					    &retained);
	if (!ret)
		args->retained = retained;
	return ret;
}

bool vuma_bo_is_purged(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	return !vuma_heap_is(obj) &&
	       gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGED;
}

/* Gives pages that are resident the memory behind the cache. */
static int vuma_bo_add_memory(struct vuma_bo *bo, pgoff_t start, pgoff_t end)
	__must_hold(bo->uma.base.resv)
{
	struct gem_uma_run run;
	int ret = 0;

	for (; start < end && !ret; start++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = gem_uma_backing_run_locked(&bo->uma.backing, start, start + 1, &run);
		if (!ret)
			ret = vuma_cache_add(&bo->cache, start,
					     page_address(pfn_to_page(run.pfn)));
		cond_resched();
	}
	return ret;
}

int vuma_bo_populate_locked(struct drm_gem_object *obj, u64 offset, u64 size,
			    enum dma_data_direction dir)
{
	struct vuma_bo *bo = to_vuma_bo(obj);
	int ret = gem_uma_object_populate_locked(&bo->uma, offset, size, dir);

	if (ret || !bo->cached)
		return ret;
	return vuma_bo_add_memory(bo, offset >> PAGE_SHIFT,
				  DIV_ROUND_UP_ULL(offset + size, PAGE_SIZE));
}

/* Only a hint: submitting finds out about errors. */
void vuma_bo_prefetch(struct drm_gem_object *obj, u64 offset, u64 size)
{
	gem_uma_object_prefetch(to_gem_uma_object(obj), offset, size);
}

bool vuma_bo_is_resident_locked(struct drm_gem_object *obj, u64 offset, u64 size,
				enum dma_data_direction dir)
{
	struct vuma_bo *bo = to_vuma_bo(obj);
	pgoff_t at, end;

	dma_resv_assert_held(obj->resv);
	end = DIV_ROUND_UP_ULL(offset + size, PAGE_SIZE);
	/* A bind does not wait for jobs, which is needed: vuma_bo_refresh_locked(). */
	if (vuma_bo_is_watched(obj))
		return false;
	if (!gem_uma_object_is_resident_locked(&bo->uma, offset, size, dir))
		return false;
	for (at = offset >> PAGE_SHIFT; bo->cached && at < end; at++)
		if (!vuma_cache_memory(&bo->cache, at))
			return false;
	return true;
}

/* The device is software behind no IOMMU: an import must be of pages that the CPU can reach. */
static bool vuma_bo_is_reachable(struct device *dev, dma_addr_t addr, u64 len)
{
	phys_addr_t phys = dma_to_phys(dev, addr);

	return pfn_valid(PHYS_PFN(phys)) && pfn_valid(PHYS_PFN(phys + len - 1));
}

static int vuma_bo_cached_extent(struct vuma_bo *bo, u64 offset, u64 size, dma_addr_t *addr,
				 u64 *len)
{
	struct page *page = vuma_cache_memory(&bo->cache, offset >> PAGE_SHIFT);
	unsigned int skip = offset_in_page(offset);

	if (!page)
		return -ENXIO;
	*addr = phys_to_dma(bo->uma.dev_map.dev, page_to_phys(page)) + skip;
	*len = min_t(u64, size, PAGE_SIZE - skip);
	return 0;
}

int vuma_bo_extent_locked(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr,
			  u64 *len)
{
	struct gem_uma_dev_map *dmap = &to_gem_uma_object(obj)->dev_map;
	int ret;

	dma_resv_assert_held(obj->resv);
	if (to_vuma_bo(obj)->cached)
		return vuma_bo_cached_extent(to_vuma_bo(obj), offset, size, addr, len);
	ret = gem_uma_dev_map_bytes_locked(dmap, offset, size, addr, len);
	if (!ret && !dmap->backing && !vuma_bo_is_reachable(dmap->dev, *addr, *len))
		return -ENXIO;
	return ret;
}

int vuma_bo_add_transfer_locked(struct drm_gem_object *obj, struct list_head *transfers)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	struct gem_uma_sync_range all = { .size = obj->size };
	struct gem_uma_transfer *transfer;

	dma_resv_assert_held(obj->resv);
	transfer = gem_uma_transfer_create_locked(&uobj->cpu_map, &uobj->dev_map, all);
	if (IS_ERR(transfer))
		return PTR_ERR(transfer);
	if (transfer)
		list_add_tail(&transfer->link, transfers);
	return 0;
}

void vuma_bo_transfers_run(struct list_head *transfers, bool to_device)
{
	struct gem_uma_transfer *transfer;

	list_for_each_entry(transfer, transfers, link) {
		if (to_device)
			gem_uma_transfer_to_device(transfer);
		else
			gem_uma_transfer_to_cpu(transfer);
	}
}

void vuma_bo_transfers_free(struct list_head *transfers)
{
	struct gem_uma_transfer *transfer, *next;

	list_for_each_entry_safe(transfer, next, transfers, link)
		gem_uma_transfer_destroy(transfer);
	INIT_LIST_HEAD(transfers);
}

int vuma_bo_sync(struct drm_gem_object *obj, u64 offset, u64 size, bool invalidate)
{
	struct gem_uma_sync_range range = { offset, size };

	/* Mapped so that there is nothing to do. */
	if (vuma_heap_is(obj))
		return 0;
	return gem_uma_object_sync(to_gem_uma_object(obj), range,
				   invalidate ? GEM_UMA_SYNC_CLEAN_INVALIDATE : GEM_UMA_SYNC_CLEAN);
}

void vuma_bo_mapping_changed_locked(struct drm_gem_object *obj)
{
	gem_uma_object_update_locked(to_gem_uma_object(obj));
}

void vuma_bo_mark_used(struct drm_gem_object *obj, u64 now)
{
	gem_uma_object_mark_used_at(to_gem_uma_object(obj), now);
}

struct gem_uma_vm_users *vuma_bo_users(struct drm_gem_object *obj)
{
	return &to_vuma_bo(obj)->users;
}

/*
 * The display is about to use it. Exporters of an import that can move it are told, and those
 * that look whether we have given it back see that we have not.
 */
int vuma_bo_show_locked(struct drm_gem_object *obj)
{
	struct dma_buf_attachment *attach;
	int ret = 0;

	dma_resv_assert_held(obj->resv);
	if (!gem_uma_object_is_imported(to_gem_uma_object(obj)))
		return gem_uma_object_pin(obj);
	/* Nothing could keep it where it is. */
	if (vuma_bo_is_watched(obj))
		return -EOPNOTSUPP;
	attach = obj->import_attach;
	if (attach->importer_ops)
		ret = dma_buf_pin(attach);
	if (!ret)
		to_vuma_bo(obj)->shown++;
	return ret;
}

void vuma_bo_hide_locked(struct drm_gem_object *obj)
{
	struct dma_buf_attachment *attach;

	dma_resv_assert_held(obj->resv);
	if (!gem_uma_object_is_imported(to_gem_uma_object(obj))) {
		gem_uma_object_unpin(obj);
		return;
	}
	attach = obj->import_attach;
	to_vuma_bo(obj)->shown--;
	if (attach->importer_ops)
		dma_buf_unpin(attach);
}

unsigned long vuma_bo_get_unmapped_area(struct file *filp, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags)
{
	return gem_uma_object_get_unmapped_area(filp, addr, len, pgoff, flags);
}

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("DRM_GEM_UMA");
