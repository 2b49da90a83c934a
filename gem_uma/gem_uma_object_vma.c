// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: what user space maps.
 *
 * Owns nothing. Locks: the mmap lock or VMA lock comes first, the object's resv second.
 * Neighbours: cpu_map below, which does the work; the object's answers to reclaim beside it.
 */
/* First: 7.3 has headers below that need it and do not say so. */
#include <linux/mm.h>

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/sched/mm.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_object.h>

#include "gem_uma_object_internal.h"

static struct gem_uma_object *gem_uma_object_of_vma(struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = vma->vm_private_data;

	return to_gem_uma_object(obj);
}

/*
 * What finds no memory for a page goes on with that of other pages of the object. *room is
 * why there is no such, or 0.
 */
static vm_fault_t gem_uma_object_fault_locked(struct gem_uma_object *uobj,
					      struct vm_fault *vmf, unsigned int order, int *room)
	__must_hold(uobj->base.resv)
{
	vm_fault_t ret;

	dma_resv_assert_held(uobj->base.resv);
	do {
		*room = 0;
		ret = gem_uma_cpu_map_fault_locked(&uobj->cpu_map, vmf, order);
		if (uobj->cpu_map.starved)
			*room = gem_uma_object_make_room_locked(uobj);
		/* That fault is repeated, with all locks taken anew. */
	} while (uobj->cpu_map.starved && !*room && !(ret & VM_FAULT_RETRY));
	return ret;
}

/* Sets *busy to the object, with a reference, if the fault has to wait for its jobs first. */
static vm_fault_t gem_uma_object_fault_once(struct vm_fault *vmf, unsigned int order,
					    struct gem_uma_object **busy)
{
	struct gem_uma_object *uobj = gem_uma_object_of_vma(vmf->vma);
	vm_fault_t ret;
	int room;

	ret = gem_uma_cpu_map_fault_begin(&uobj->cpu_map, vmf);
	if (ret)
		return ret;
	ret = gem_uma_object_fault_locked(uobj, vmf, order, &room);
	gem_uma_object_mark_used(uobj);
	gem_uma_object_update_locked(uobj);
	if (room == -EBUSY) {
		drm_gem_object_get(&uobj->base);
		*busy = uobj;
	}
	gem_uma_cpu_map_fault_end(&uobj->cpu_map, ret);
	return ret;
}

static vm_fault_t gem_uma_object_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	/* The kernel itself would fault again at once, signal or not. */
	bool user = vmf->flags & FAULT_FLAG_USER;
	struct gem_uma_object *busy;
	vm_fault_t ret;
	int err;

	for (;;) {
		busy = NULL;
		ret = gem_uma_object_fault_once(vmf, order, &busy);
		if (!busy)
			return ret;
		err = gem_uma_object_wait_idle(busy, user);
		drm_gem_object_put(&busy->base);
		/* With its lock dropped, the VMA may be gone. */
		if (ret & VM_FAULT_RETRY)
			return ret;
		if (err)
			return err == -ERESTARTSYS ? VM_FAULT_NOPAGE : ret;
	}
}

static vm_fault_t gem_uma_object_fault(struct vm_fault *vmf)
{
	return gem_uma_object_huge_fault(vmf, 0);
}

/* *busy: it has to wait for jobs of the object first. */
static int gem_uma_object_access_once(struct vm_area_struct *vma, unsigned long addr, void *buf,
				      int len, int write, bool *busy)
{
	struct gem_uma_object *uobj = gem_uma_object_of_vma(vma);
	int ret, room;

	ret = dma_resv_lock_interruptible(uobj->base.resv, NULL);
	if (ret)
		return ret;
	do {
		room = 0;
		ret = gem_uma_cpu_map_access_locked(&uobj->cpu_map, vma, addr, buf, len, write);
		if (uobj->cpu_map.starved)
			room = gem_uma_object_make_room_locked(uobj);
	} while (uobj->cpu_map.starved && !room);
	*busy = room == -EBUSY;
	gem_uma_object_update_locked(uobj);
	dma_resv_unlock(uobj->base.resv);
	return ret;
}

static int gem_uma_object_access(struct vm_area_struct *vma, unsigned long addr, void *buf,
				 int len, int write)
{
	bool busy;
	int ret;

	do {
		busy = false;
		ret = gem_uma_object_access_once(vma, addr, buf, len, write, &busy);
	} while (busy && !gem_uma_object_wait_idle(gem_uma_object_of_vma(vma), true));
	return ret;
}

static void gem_uma_object_vm_open(struct vm_area_struct *vma)
{
	gem_uma_cpu_map_vm_open(&gem_uma_object_of_vma(vma)->cpu_map, vma);
	drm_gem_vm_open(vma);
}

static void gem_uma_object_vm_close(struct vm_area_struct *vma)
{
	gem_uma_cpu_map_vm_close(&gem_uma_object_of_vma(vma)->cpu_map);
	drm_gem_vm_close(vma);
}

const struct vm_operations_struct gem_uma_object_vm_ops = {
	.open = gem_uma_object_vm_open,
	.close = gem_uma_object_vm_close,
	.fault = gem_uma_object_fault,
	.huge_fault = gem_uma_object_huge_fault,
	.map_pages = gem_uma_cpu_map_map_pages,
	.access = gem_uma_object_access,
};
EXPORT_SYMBOL_GPL(gem_uma_object_vm_ops);

static struct drm_gem_object *gem_uma_object_lookup_offset(struct drm_device *drm,
							   unsigned long pgoff,
							   unsigned long nr_pages)
{
	struct drm_vma_offset_manager *mgr = drm->vma_offset_manager;
	struct drm_gem_object *obj = NULL;
	struct drm_vma_offset_node *node;

	drm_vma_offset_lock_lookup(mgr);
	node = drm_vma_offset_exact_lookup_locked(mgr, pgoff, nr_pages);
	if (node) {
		obj = container_of(node, struct drm_gem_object, vma_node);
		if (!kref_get_unless_zero(&obj->refcount))
			obj = NULL;
	}
	drm_vma_offset_unlock_lookup(mgr);
	return obj;
}

/**
 * gem_uma_object_get_unmapped_area() - &file_operations.get_unmapped_area
 * @filp: DRM file
 * @addr: hint, in bytes
 * @len: length, in bytes
 * @pgoff: mmap offset, in pages
 * @flags: MAP_*
 *
 * Context: mmap lock held for writing.
 *
 * Return: an address where objects with huge folios can be mapped by PMDs, or a
 * negative errno.
 */
unsigned long gem_uma_object_get_unmapped_area(struct file *filp, unsigned long addr,
					       unsigned long len, unsigned long pgoff,
					       unsigned long flags)
{
	struct drm_file *file = filp->private_data;
	struct gem_uma_object *uobj;
	struct drm_gem_object *obj;
	unsigned long ret;

	obj = gem_uma_object_lookup_offset(file->minor->dev, pgoff, len >> PAGE_SHIFT);
	if (!obj || obj->funcs->vm_ops != &gem_uma_object_vm_ops ||
	    gem_uma_object_is_imported(to_gem_uma_object(obj))) {
		ret = mm_get_unmapped_area(filp, addr, len, pgoff, flags);
	} else {
		uobj = to_gem_uma_object(obj);
		ret = gem_uma_cpu_map_get_unmapped_area(&uobj->cpu_map, addr, len,
							pgoff - drm_vma_node_start(&obj->vma_node),
							flags);
	}
	if (obj)
		drm_gem_object_put(obj);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_get_unmapped_area);

/**
 * gem_uma_object_mmap_offset() - what user space passes to mmap()
 * @uobj: object
 * @offset: result, bytes
 *
 * Context: process context; does not sleep.
 *
 * Also for an import: what is mapped there is the exporter's to map.
 *
 * Return: 0; -EPERM for GEM_UMA_OBJECT_NO_MMAP; -ENOSPC if the device has no room for one
 * that was put off until now, as for all imports and with GEM_UMA_OBJECT_LATE_OFFSET.
 */
int gem_uma_object_mmap_offset(struct gem_uma_object *uobj, u64 *offset)
{
	int ret;

	if (uobj->flags & GEM_UMA_OBJECT_NO_MMAP)
		return -EPERM;
	ret = drm_gem_create_mmap_offset(&uobj->base);
	if (!ret)
		*offset = drm_vma_node_offset_addr(&uobj->base.vma_node);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_mmap_offset);

/*
 * The VMA becomes one of the dma-buf, at the same page of it (uma-B12). The attachment names
 * it: obj->dma_buf is not set for an import that had no handle.
 */
static int gem_uma_object_mmap_import(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	pgoff_t pgoff = vma->vm_pgoff - drm_vma_node_start(&obj->vma_node);
	int ret;

	/* An exporter that sets none must not get ours. */
	vma->vm_private_data = NULL;
	vma->vm_ops = NULL;
	ret = dma_buf_mmap(obj->import_attach->dmabuf, vma, pgoff);
	/* The reference that the core has taken for the VMA; the dma-buf has one on its memory. */
	if (!ret)
		drm_gem_object_put(obj);
	return ret;
}

/**
 * gem_uma_object_mmap() - &drm_gem_object_funcs.mmap
 * @obj: object
 * @vma: new VMA
 *
 * Context: mmap lock held for writing.
 *
 * Return: 0, or as gem_uma_cpu_map_mmap(), or for an import as dma_buf_mmap().
 */
int gem_uma_object_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	if (gem_uma_object_is_imported(uobj))
		return gem_uma_object_mmap_import(obj, vma);
	return gem_uma_cpu_map_mmap(&uobj->cpu_map, vma);
}
EXPORT_SYMBOL_GPL(gem_uma_object_mmap);
