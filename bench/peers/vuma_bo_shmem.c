// SPDX-License-Identifier: GPL-2.0
/*
 * vuma's buffer object on drm_gem_shmem_helper, the way drivers are written today:
 * the pages are taken at the first use by the GPU and stay until the object goes.
 * Nothing is ever reclaimed.
 */

#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/vuma_drm.h>

#include "../../vuma/vuma_bo.h"
#include "../../vuma/vuma_drv.h"
#include "../../vuma/vuma_vm.h"

const char vuma_bo_driver_name[] = "vuma_shmem";
const char vuma_bo_driver_desc[] = "Virtual UMA GPU on drm_gem_shmem_helper";
const u64 vuma_bo_features;

/**
 * struct vuma_shmem_bo - a buffer object
 */
struct vuma_shmem_bo {
	/** @base: the helper's object. */
	struct drm_gem_shmem_object base;
	/** @users: handles, dma-bufs and scanouts. */
	struct gem_uma_vm_users users;
	/** @flags: DRM_VUMA_BO_*. */
	u32 flags;
	/** @populated: the pages are held until the end; guarded by the resv. */
	bool populated;
	/** @sg: of an import, the run that was asked for last, or NULL; guarded by the resv. */
	struct scatterlist *sg;
	/** @sg_first: its first page. */
	pgoff_t sg_first;
	/** @gpu_mapped: page-table entries point to the pages. */
	bool gpu_mapped;
	/** @mmaps: number of CPU mappings. */
	atomic_t mmaps;
	/** @label: a name given by user space, or NULL. */
	char *label;
	/** @label_lock: guards @label. */
	struct mutex label_lock;
};

static struct vuma_shmem_bo *to_vuma_shmem_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct vuma_shmem_bo, base);
}

static void vuma_shmem_vm_open(struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = vma->vm_private_data;

	atomic_inc(&to_vuma_shmem_bo(obj)->mmaps);
	drm_gem_shmem_vm_ops.open(vma);
}

static void vuma_shmem_vm_close(struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = vma->vm_private_data;

	atomic_dec(&to_vuma_shmem_bo(obj)->mmaps);
	drm_gem_shmem_vm_ops.close(vma);
}

static vm_fault_t vuma_shmem_vm_fault(struct vm_fault *vmf)
{
	return drm_gem_shmem_vm_ops.fault(vmf);
}

/* Helpers before 7.0 have none. */
static vm_fault_t vuma_shmem_vm_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	if (!drm_gem_shmem_vm_ops.huge_fault)
		return VM_FAULT_FALLBACK;
	return drm_gem_shmem_vm_ops.huge_fault(vmf, order);
}

/* The helper's, with the mappings counted. */
static const struct vm_operations_struct vuma_shmem_vm_ops = {
	.open = vuma_shmem_vm_open,
	.close = vuma_shmem_vm_close,
	.fault = vuma_shmem_vm_fault,
	.huge_fault = vuma_shmem_vm_huge_fault,
};

static int vuma_shmem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct vuma_shmem_bo *bo = to_vuma_shmem_bo(obj);
	int ret;

	if (bo->flags & DRM_VUMA_BO_NO_MMAP)
		return -EPERM;
	ret = drm_gem_shmem_object_mmap(obj, vma);
	/* A mapping of an import belongs to the exporter. */
	if (!ret && !drm_gem_is_imported(obj))
		atomic_inc(&bo->mmaps);
	return ret;
}

static void vuma_shmem_free(struct drm_gem_object *obj)
{
	struct vuma_shmem_bo *bo = to_vuma_shmem_bo(obj);

	if (bo->populated) {
		dma_resv_lock(obj->resv, NULL);
		drm_gem_shmem_unpin_locked(&bo->base);
		dma_resv_unlock(obj->resv);
	}
	kfree(bo->label);
	mutex_destroy(&bo->label_lock);
	drm_gem_shmem_object_free(obj);
}

static void vuma_shmem_print_info(struct drm_printer *p, unsigned int indent,
				  const struct drm_gem_object *obj)
{
	struct vuma_shmem_bo *bo = to_vuma_shmem_bo((struct drm_gem_object *)obj);

	mutex_lock(&bo->label_lock);
	drm_printf_indent(p, indent, "label=%s\n", bo->label ?: "");
	mutex_unlock(&bo->label_lock);
	drm_gem_shmem_object_print_info(p, indent, obj);
}

static bool vuma_shmem_has_pages(struct vuma_shmem_bo *bo)
{
	return drm_gem_is_imported(&bo->base.base) || READ_ONCE(bo->base.pages);
}

static enum drm_gem_object_status vuma_shmem_status(struct drm_gem_object *obj)
{
	return vuma_shmem_has_pages(to_vuma_shmem_bo(obj)) ? DRM_GEM_OBJECT_RESIDENT : 0;
}

static int vuma_shmem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	gem_uma_vm_users_get(&to_vuma_shmem_bo(obj)->users);
	return 0;
}

static void vuma_shmem_close(struct drm_gem_object *obj, struct drm_file *file)
{
	gem_uma_vm_users_put(&to_vuma_shmem_bo(obj)->users);
}

static void vuma_shmem_prime_release(struct dma_buf *dma_buf)
{
	gem_uma_vm_users_put(vuma_bo_users(dma_buf->priv));
	drm_gem_dmabuf_release(dma_buf);
}

/* Nobody may have asked for an offset yet; mappings are found by it. */
static int vuma_shmem_prime_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	u64 offset;
	int ret = vuma_bo_mmap_offset(dma_buf->priv, &offset);

	return ret ?: drm_gem_dmabuf_mmap(dma_buf, vma);
}

static const struct dma_buf_ops vuma_shmem_prime_ops = {
	.attach = drm_gem_map_attach,
	.detach = drm_gem_map_detach,
	.map_dma_buf = drm_gem_map_dma_buf,
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.release = vuma_shmem_prime_release,
	.mmap = vuma_shmem_prime_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
};

static struct dma_buf *vuma_shmem_prime_export(struct drm_gem_object *obj, int flags)
{
	struct dma_buf_export_info info = {
		.exp_name = vuma_driver.name,
		.owner = vuma_driver.fops->owner,
		.ops = &vuma_shmem_prime_ops,
		.size = obj->size,
		.flags = flags,
		.priv = obj,
		.resv = obj->resv,
	};
	struct dma_buf *dma_buf;

	/* First, or the new dma-buf might be released before it is counted. */
	gem_uma_vm_users_get(vuma_bo_users(obj));
	dma_buf = drm_gem_dmabuf_export(obj->dev, &info);
	if (IS_ERR(dma_buf))
		gem_uma_vm_users_put(vuma_bo_users(obj));
	return dma_buf;
}

/* The core recognises only dma-bufs with its own operations. */
static struct drm_gem_object *vuma_shmem_prime_import(struct drm_device *drm,
						      struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = dma_buf->priv;

	if (dma_buf->ops != &vuma_shmem_prime_ops || obj->dev != drm)
		return drm_gem_prime_import(drm, dma_buf);
	drm_gem_object_get(obj);
	return obj;
}

static const struct drm_gem_object_funcs vuma_shmem_funcs = {
	.free = vuma_shmem_free,
	.open = vuma_shmem_open,
	.close = vuma_shmem_close,
	.export = vuma_shmem_prime_export,
	.print_info = vuma_shmem_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = vuma_shmem_mmap,
	.status = vuma_shmem_status,
	.vm_ops = &vuma_shmem_vm_ops,
};

static struct drm_gem_object *vuma_shmem_create_object(struct drm_device *drm, size_t size)
{
	struct vuma_shmem_bo *bo = kzalloc_obj(*bo, GFP_KERNEL);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	mutex_init(&bo->label_lock);
	gem_uma_vm_users_init(&bo->users, &bo->base.base);
	bo->base.base.funcs = &vuma_shmem_funcs;
	return &bo->base.base;
}

/* The functions below are described in vuma/vuma_bo.h. */

void vuma_bo_module_init(void)
{
	vuma_driver.gem_create_object = vuma_shmem_create_object;
	vuma_driver.gem_prime_import = vuma_shmem_prime_import;
}

int vuma_bo_device_init(struct vuma_device *vdev)
{
	return 0;
}

void vuma_bo_device_unplug(struct vuma_device *vdev)
{
}

bool vuma_bo_device_is_coherent(struct vuma_device *vdev)
{
	return true;
}

bool vuma_bo_device_transfers(struct vuma_device *vdev)
{
	return false;
}

int vuma_bo_add_transfer_locked(struct drm_gem_object *obj, struct list_head *transfers)
{
	dma_resv_assert_held(obj->resv);
	return -EOPNOTSUPP;
}

void vuma_bo_transfers_run(struct list_head *transfers, bool to_device)
{
}

void vuma_bo_transfers_free(struct list_head *transfers)
{
}

int vuma_bo_client_init(struct vuma_device *vdev, struct drm_file *file)
{
	return 0;
}

void vuma_bo_client_fini(struct vuma_file *vfile)
{
}

void vuma_bo_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	drm_show_memory_stats(p, file);
}

void vuma_bo_debugfs_init(struct vuma_device *vdev)
{
}

struct drm_gem_object *vuma_bo_create(struct vuma_file *vfile, u64 size, u32 flags,
				      struct drm_gem_object *r_obj)
{
	struct drm_gem_shmem_object *shmem;

	/* The helper's objects are shared with nobody's resv. */
	if (r_obj)
		return ERR_PTR(-EOPNOTSUPP);

	/* The helper gives every object an offset for mmap(), and these run out. */
	if (size > (u64)DRM_FILE_PAGE_OFFSET_SIZE << PAGE_SHIFT)
		return ERR_PTR(-E2BIG);

	shmem = drm_gem_shmem_create(&vfile->vdev->drm, size);
	if (IS_ERR(shmem))
		return ERR_CAST(shmem);
	to_vuma_shmem_bo(&shmem->base)->flags = flags;
	return &shmem->base;
}

struct drm_gem_object *vuma_bo_create_userptr(struct vuma_device *vdev, u64 addr, u64 size,
					      u32 flags)
{
	return ERR_PTR(-EOPNOTSUPP);
}

bool vuma_bo_is_watched(struct drm_gem_object *obj)
{
	return false;
}

int vuma_bo_refresh_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	drm_gpuvm_resv_assert_held(&vm->base);
	return 0;
}

struct drm_gem_object *vuma_bo_missing_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	drm_gpuvm_resv_assert_held(&vm->base);
	return NULL;
}

int vuma_bo_look_up(struct drm_gem_object *obj)
{
	return 0;
}

bool vuma_bo_publish_begin_locked(struct gem_uma_vm *vm, bool *locked)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	drm_gpuvm_resv_assert_held(&vm->base);
	*locked = false;
	return true;
}

void vuma_bo_publish_end(bool locked)
{
}

bool vuma_bo_is_readonly(struct drm_gem_object *obj)
{
	return false;
}

int vuma_bo_mmap_offset(struct drm_gem_object *obj, u64 *offset)
{
	if (drm_gem_is_imported(obj))
		return -EINVAL;
	if (to_vuma_shmem_bo(obj)->flags & DRM_VUMA_BO_NO_MMAP)
		return -EPERM;
	*offset = drm_vma_node_offset_addr(&obj->vma_node);
	return 0;
}

int vuma_bo_set_label(struct drm_gem_object *obj, const char *label, size_t len)
{
	struct vuma_shmem_bo *bo = to_vuma_shmem_bo(obj);
	char *new = NULL;

	if (label) {
		new = kstrndup(label, len, GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
	}
	mutex_lock(&bo->label_lock);
	swap(bo->label, new);
	mutex_unlock(&bo->label_lock);
	kfree(new);
	return 0;
}

void vuma_bo_query(struct drm_gem_object *obj, struct drm_vuma_bo_query *query)
{
	struct vuma_shmem_bo *bo = to_vuma_shmem_bo(obj);
	bool imported = drm_gem_is_imported(obj);

	query->size = obj->size;
	query->create_flags = bo->flags;
	query->resident = vuma_shmem_has_pages(bo) ? obj->size : 0;
	if (imported)
		query->status |= DRM_VUMA_BO_STATUS_IMPORTED;
	else if (READ_ONCE(obj->dma_buf))
		query->status |= DRM_VUMA_BO_STATUS_EXPORTED;
	/* Pages that are there are pinned: no shrinker takes them. */
	if (query->resident)
		query->status |= DRM_VUMA_BO_STATUS_RESIDENT | DRM_VUMA_BO_STATUS_PINNED;
	if (READ_ONCE(bo->gpu_mapped))
		query->status |= DRM_VUMA_BO_STATUS_GPU_MAPPED;
	if (atomic_read(&bo->mmaps))
		query->status |= DRM_VUMA_BO_STATUS_CPU_MAPPED;
}

int vuma_bo_madvise(struct drm_gem_object *obj, struct drm_vuma_bo_madvise *args)
{
	return -EOPNOTSUPP;
}

bool vuma_bo_is_purged(struct drm_gem_object *obj)
{
	return false;
}

int vuma_bo_sync(struct drm_gem_object *obj, u64 offset, u64 size, bool invalidate)
{
	return 0;
}

int vuma_bo_populate_locked(struct drm_gem_object *obj, u64 offset, u64 size,
			    enum dma_data_direction dir)
{
	struct vuma_shmem_bo *bo = to_vuma_shmem_bo(obj);
	int ret;

	dma_resv_assert_held(obj->resv);
	if (drm_gem_is_imported(obj))
		return 0;
	if (dir != DMA_TO_DEVICE) {
		bo->base.pages_mark_dirty_on_put = true;
		bo->base.pages_mark_accessed_on_put = true;
	}
	if (bo->populated)
		return 0;
	ret = drm_gem_shmem_pin_locked(&bo->base);
	if (!ret)
		bo->populated = true;
	return ret;
}

/* What is resident stays so. */
void vuma_bo_prefetch(struct drm_gem_object *obj, u64 offset, u64 size)
{
}

bool vuma_bo_is_resident_locked(struct drm_gem_object *obj, u64 offset, u64 size,
				enum dma_data_direction dir)
{
	dma_resv_assert_held(obj->resv);
	return drm_gem_is_imported(obj) || to_vuma_shmem_bo(obj)->populated;
}

static int vuma_shmem_run_pages(struct drm_gem_object *obj, pgoff_t pgoff, pgoff_t end,
				dma_addr_t *addr, u64 *len)
{
	struct page **pages = to_drm_gem_shmem_obj(obj)->pages;
	unsigned long pfn = page_to_pfn(pages[pgoff]), nr = 1;

	while (pgoff + nr < end && page_to_pfn(pages[pgoff + nr]) == pfn + nr)
		nr++;
	/* A software device behind no IOMMU. */
	*addr = phys_to_dma(obj->dev->dev, PFN_PHYS(pfn));
	*len = (u64)nr << PAGE_SHIFT;
	return 0;
}

/* Goes on from the run that was asked for last: pages are asked for in their order. */
static int vuma_shmem_run_import(struct drm_gem_object *obj, pgoff_t pgoff, pgoff_t end,
				 dma_addr_t *addr, u64 *len)
{
	struct vuma_shmem_bo *bo = to_vuma_shmem_bo(obj);
	pgoff_t first, nr;
	unsigned long pfn;

	if (!bo->sg || pgoff < bo->sg_first) {
		bo->sg = bo->base.sgt->sgl;
		bo->sg_first = 0;
	}
	/* The runs of an import cover all of it. */
	while (pgoff >= bo->sg_first + (sg_dma_len(bo->sg) >> PAGE_SHIFT)) {
		bo->sg_first += sg_dma_len(bo->sg) >> PAGE_SHIFT;
		bo->sg = sg_next(bo->sg);
		if (!bo->sg)
			return -ENXIO;
	}
	first = pgoff - bo->sg_first;
	nr = min(end - pgoff, (sg_dma_len(bo->sg) >> PAGE_SHIFT) - first);
	*addr = sg_dma_address(bo->sg) + ((u64)first << PAGE_SHIFT);
	*len = (u64)nr << PAGE_SHIFT;
	pfn = PHYS_PFN(dma_to_phys(obj->dev->dev, *addr));
	return pfn_valid(pfn) && pfn_valid(pfn + nr - 1) ? 0 : -ENXIO;
}

int vuma_bo_extent_locked(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr,
			  u64 *len)
{
	u64 skip = offset & ~PAGE_MASK;
	pgoff_t pgoff = offset >> PAGE_SHIFT, end;
	int ret = -ENXIO;

	dma_resv_assert_held(obj->resv);
	end = DIV_ROUND_UP_ULL(offset + size, PAGE_SIZE);
	if (drm_gem_is_imported(obj))
		ret = vuma_shmem_run_import(obj, pgoff, end, addr, len);
	else if (to_vuma_shmem_bo(obj)->populated)
		ret = vuma_shmem_run_pages(obj, pgoff, end, addr, len);
	if (ret)
		return ret;
	*addr += skip;
	*len = min(size, *len - skip);
	return 0;
}

void vuma_bo_mapping_changed_locked(struct drm_gem_object *obj)
{
	WRITE_ONCE(to_vuma_shmem_bo(obj)->gpu_mapped, gem_uma_vm_bo_vms_locked(obj));
}

/* There is no shrinker that would ask. */
void vuma_bo_mark_used(struct drm_gem_object *obj, u64 now)
{
}

int vuma_bo_show_locked(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	/* The core has imports mapped for as long as they exist. */
	return drm_gem_is_imported(obj) ? 0 : obj->funcs->pin(obj);
}

void vuma_bo_hide_locked(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	if (!drm_gem_is_imported(obj))
		obj->funcs->unpin(obj);
}

struct gem_uma_vm_users *vuma_bo_users(struct drm_gem_object *obj)
{
	return &to_vuma_shmem_bo(obj)->users;
}

struct drm_gem_object *vuma_bo_import_sg_table(struct drm_device *drm,
					       struct dma_buf_attachment *attach,
					       struct sg_table *sgt)
{
	return drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
}

unsigned long vuma_bo_get_unmapped_area(struct file *filp, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags)
{
	return mm_get_unmapped_area(filp, addr, len, pgoff, flags);
}

MODULE_IMPORT_NS("DMA_BUF");
