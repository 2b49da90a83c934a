// SPDX-License-Identifier: GPL-2.0
/*
 * amdxdna's buffers on gem-uma.
 *
 * The device finds a buffer through the page tables of the process, where the CPU has it mapped.
 * Nobody tells when it is done with that, so what has a VMA is pinned, and so is what the driver
 * pins for jobs and for the firmware. Reclaim takes the rest.
 *
 * Where the device has no PASID, a buffer gets an address when its first handle is made: one of
 * the driver's own domain of the IOMMU, or that of its pages if these are contiguous. Then it is
 * pinned until it is freed.
 *
 * The device does not snoop, and the DMA API of x86 does not know that. Lines are flushed
 * where pages get a DMA address, and when user space asks for it. Pages get theirs with a pin,
 * also where the device uses other addresses.
 *
 * Locks: the mmap lock or the lock of the driver's object, then resv.
 */
/* First: some headers of the driver's do not include what they use. */
#include <linux/mm.h>

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iommu.h>
#include <linux/iova.h>
#include <linux/module.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "amdxdna_gem.h"
#include "amdxdna_pci_drv.h"

MODULE_IMPORT_NS("DRM_GEM_UMA");

static struct amdxdna_gem_obj *amdxdna_uma_to_bo(struct gem_uma_object *uobj)
{
	return to_xdna_obj(&uobj->base);
}

static void amdxdna_uma_free(struct gem_uma_object *uobj)
{
	kfree(amdxdna_uma_to_bo(uobj));
}

static const struct gem_uma_object_ops amdxdna_uma_ops = {
	.free = amdxdna_uma_free,
};

/* All pages, and their DMA addresses: without those, the library has nothing to flush. */
static int amdxdna_uma_pin_locked(struct drm_gem_object *obj)
	__must_hold(obj->resv)
{
	int ret;

	dma_resv_assert_held(obj->resv);
	ret = gem_uma_object_pin(obj);
	if (ret)
		return ret;
	ret = gem_uma_object_populate_locked(to_gem_uma_object(obj), 0, obj->size,
					     DMA_BIDIRECTIONAL);
	/* The device is gone, which leaves nothing to flush. A dma-buf can still be mapped. */
	if (ret == -ENODEV)
		ret = 0;
	if (ret)
		gem_uma_object_unpin(obj);
	return ret;
}

/* An import stays where it is as long as it is attached. */
int amdxdna_uma_pin(struct amdxdna_gem_obj *abo)
{
	struct drm_gem_object *obj = to_gobj(abo);
	int ret;

	if (is_import_bo(abo))
		return 0;
	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	ret = amdxdna_uma_pin_locked(obj);
	dma_resv_unlock(obj->resv);
	return ret;
}

void amdxdna_uma_unpin(struct amdxdna_gem_obj *abo)
{
	struct drm_gem_object *obj = to_gobj(abo);

	if (is_import_bo(abo))
		return;
	dma_resv_lock(obj->resv, NULL);
	gem_uma_object_unpin(obj);
	dma_resv_unlock(obj->resv);
}

struct amdxdna_gem_obj *amdxdna_uma_create(struct drm_device *drm, u64 size)
{
	struct amdxdna_gem_obj *abo = amdxdna_gem_create_obj(drm, PAGE_ALIGN(size));
	int ret;

	if (IS_ERR(abo))
		return abo;
	ret = gem_uma_object_init(&abo->base, &to_xdna_dev(drm)->uma.dev, size, 0,
				  &amdxdna_uma_ops);
	if (ret) {
		amdxdna_gem_destroy_obj(abo);
		return ERR_PTR(ret);
	}
	return abo;
}

struct drm_gem_object *amdxdna_prime_import_sg_table(struct drm_device *drm,
						     struct dma_buf_attachment *attach,
						     struct sg_table *sgt)
{
	struct amdxdna_gem_obj *abo;
	int ret;

	abo = amdxdna_gem_create_obj(drm, PAGE_ALIGN(attach->dmabuf->size));
	if (IS_ERR(abo))
		return ERR_CAST(abo);
	ret = gem_uma_object_init_import(&abo->base, &to_xdna_dev(drm)->uma.dev, attach, sgt,
					 &amdxdna_uma_ops);
	if (ret) {
		amdxdna_gem_destroy_obj(abo);
		return ERR_PTR(ret);
	}
	abo->type = AMDXDNA_BO_SHARE;
	return to_gobj(abo);
}

/* Flushing drops lines, too, so it serves both directions. What has no pages has none. */
int amdxdna_uma_flush(struct amdxdna_gem_obj *abo, u64 offset, u64 size)
{
	struct gem_uma_sync_range range = { .offset = offset, .size = size };

	return gem_uma_object_sync(&abo->base, range, GEM_UMA_SYNC_CLEAN_INVALIDATE);
}

/* The device has the buffer as long as some VMA has: each of them has a pin. */
static void amdxdna_uma_vm_open(struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = vma->vm_private_data;

	/* That of the VMA it was made of is still there, so this takes no lock. */
	drm_WARN_ON_ONCE(obj->dev, gem_uma_backing_pin(&to_gem_uma_object(obj)->backing));
	gem_uma_object_vm_ops.open(vma);
}

static void amdxdna_uma_vm_close(struct vm_area_struct *vma)
{
	amdxdna_uma_unpin(to_xdna_obj(vma->vm_private_data));
	gem_uma_object_vm_ops.close(vma);
}

static vm_fault_t amdxdna_uma_vm_fault(struct vm_fault *vmf)
{
	return gem_uma_object_vm_ops.fault(vmf);
}

static vm_fault_t amdxdna_uma_vm_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	return gem_uma_object_vm_ops.huge_fault(vmf, order);
}

static vm_fault_t amdxdna_uma_vm_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	return gem_uma_object_vm_ops.map_pages(vmf, start, end);
}

static int amdxdna_uma_vm_access(struct vm_area_struct *vma, unsigned long addr, void *buf,
				 int len, int write)
{
	return gem_uma_object_vm_ops.access(vma, addr, buf, len, write);
}

static const struct vm_operations_struct amdxdna_uma_vm_ops = {
	.open = amdxdna_uma_vm_open,
	.close = amdxdna_uma_vm_close,
	.fault = amdxdna_uma_vm_fault,
	.huge_fault = amdxdna_uma_vm_huge_fault,
	.map_pages = amdxdna_uma_vm_map_pages,
	.access = amdxdna_uma_vm_access,
};

int amdxdna_uma_mmap(struct amdxdna_gem_obj *abo, struct vm_area_struct *vma)
{
	int ret;

	/* That of an import is the exporter's from here on. */
	if (is_import_bo(abo))
		return gem_uma_object_mmap(to_gobj(abo), vma);
	ret = amdxdna_uma_pin(abo);
	if (ret)
		return ret;
	ret = gem_uma_object_mmap(to_gobj(abo), vma);
	if (ret)
		amdxdna_uma_unpin(abo);
	return ret;
}

const struct drm_gem_object_funcs amdxdna_uma_funcs = {
	.open = amdxdna_gem_obj_open,
	.close = amdxdna_gem_obj_close,
	.export = amdxdna_prime_export,
	GEM_UMA_OBJECT_FUNCS_STATUS,
	GEM_UMA_OBJECT_FUNCS_PIN,
	GEM_UMA_OBJECT_FUNCS_SG_TABLE,
	GEM_UMA_OBJECT_FUNCS_VMAP,
	.mmap = amdxdna_gem_obj_mmap,
	.vm_ops = &amdxdna_uma_vm_ops,
	.free = amdxdna_gem_obj_free,
};

/* Runs of memory, not of the device's map: an IOMMU takes no DMA addresses. */
static int amdxdna_uma_map_runs(struct iommu_domain *domain, struct amdxdna_gem_obj *abo,
				dma_addr_t addr)
	__must_hold(abo->base.base.resv)
{
	pgoff_t at = 0, end = abo->base.base.size >> PAGE_SHIFT;
	struct gem_uma_run run;
	int ret = 0;

	dma_resv_assert_held(abo->base.base.resv);
	while (!ret && at < end) {
		ret = gem_uma_backing_run_locked(&abo->base.backing, at, end, &run);
		if (!ret)
			ret = iommu_map(domain, addr + ((u64)at << PAGE_SHIFT), PFN_PHYS(run.pfn),
					(size_t)run.nr << PAGE_SHIFT, IOMMU_READ | IOMMU_WRITE,
					GFP_KERNEL);
		if (!ret)
			at += run.nr;
	}
	if (ret && at)
		iommu_unmap(domain, addr, (size_t)at << PAGE_SHIFT);
	return ret;
}

/* Of an import, the table says where its pages are; there need not be any. */
static int amdxdna_uma_map_table(struct iommu_domain *domain, struct amdxdna_gem_obj *abo,
				 dma_addr_t addr)
	__must_hold(abo->base.base.resv)
{
	struct sg_table *sgt = abo->base.import_sgt;
	ssize_t mapped;

	dma_resv_assert_held(abo->base.base.resv);
	/* The device is gone. */
	if (!sgt)
		return -ENODEV;
	if (!sgt->orig_nents || !sg_page(sgt->sgl))
		return -EOPNOTSUPP;
	mapped = iommu_map_sgtable(domain, addr, sgt, IOMMU_READ | IOMMU_WRITE);
	if (mapped < 0)
		return mapped;
	if (mapped >= abo->mem.size)
		return 0;
	iommu_unmap(domain, addr, mapped);
	return -ENXIO;
}

static int amdxdna_uma_map_iova(struct amdxdna_dev *xdna, struct amdxdna_gem_obj *abo)
	__must_hold(abo->base.base.resv)
{
	dma_addr_t addr;
	struct iova *iova;
	int ret;

	dma_resv_assert_held(abo->base.base.resv);
	iova = amdxdna_iommu_alloc_iova(xdna, abo->mem.size, &addr,
					abo->type == AMDXDNA_BO_DEV_HEAP);
	if (IS_ERR(iova))
		return PTR_ERR(iova);
	if (is_import_bo(abo))
		ret = amdxdna_uma_map_table(xdna->domain, abo, addr);
	else
		ret = amdxdna_uma_map_runs(xdna->domain, abo, addr);
	if (ret)
		__free_iova(&xdna->iovad, iova);
	else
		abo->mem.dma_addr = addr;
	return ret;
}

/* Without a domain of its own, the device takes one address for all of a buffer. */
static int amdxdna_uma_find_addr(struct amdxdna_gem_obj *abo)
	__must_hold(abo->base.base.resv)
{
	pgoff_t at, end = abo->base.base.size >> PAGE_SHIFT;
	struct gem_uma_dma_run run;
	dma_addr_t addr = 0;
	int ret;

	dma_resv_assert_held(abo->base.base.resv);
	for (at = 0; at < end; at += run.nr) {
		ret = gem_uma_dev_map_run_locked(&abo->base.dev_map, at, end, &run);
		if (ret)
			return ret;
		if (!at)
			addr = run.addr;
		if (run.addr != addr + ((u64)at << PAGE_SHIFT))
			return -EINVAL;
	}
	abo->mem.dma_addr = addr;
	return 0;
}

/* With the first handle. amdxdna_dma_unmap_bo() undoes it. */
int amdxdna_dma_map_bo(struct amdxdna_dev *xdna, struct amdxdna_gem_obj *abo)
{
	struct dma_resv *resv = to_gobj(abo)->resv;
	int ret;

	if (abo->type != AMDXDNA_BO_DEV_HEAP && abo->type != AMDXDNA_BO_SHARE)
		return 0;
	ret = amdxdna_uma_pin(abo);
	if (ret)
		return ret;
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (!ret) {
		ret = amdxdna_iova_on(xdna) ? amdxdna_uma_map_iova(xdna, abo) :
					      amdxdna_uma_find_addr(abo);
		dma_resv_unlock(resv);
	}
	if (ret) {
		XDNA_ERR(xdna, "no address for %zu bytes: %d", abo->mem.size, ret);
		amdxdna_uma_unpin(abo);
	}
	return ret;
}

int amdxdna_uma_init(struct amdxdna_dev *xdna)
{
	const struct gem_uma_device_config config = { .sync_ops = &gem_uma_sync_clflush_ops };
	struct amdxdna_uma *uma = &xdna->uma;
	int ret;

	ret = gem_uma_device_init(&uma->dev, &xdna->ddev, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, &amdxdna_prime, &amdxdna_uma_funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}
