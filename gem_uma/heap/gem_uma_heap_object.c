// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps as GEM objects: what DRM asks of a buffer.
 *
 * Owns the CPU mappings of a heap, which pin it. Locks: the object's resv for the kernel
 * mapping; that of the heap, inside. Neighbour: the heap, below.
 */
/* First: 7.3 has headers below that need it and do not say so. */
#include <linux/mm.h>

#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iosys-map.h>
#include <linux/overflow.h>
#include <linux/pgtable.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_device.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_heap_object.h>

#include "gem_uma_heap_internal.h"
#include "gem_uma_internal.h"

/**
 * DOC: Heaps as objects
 *
 * A heap has holes, and whoever maps a buffer expects none. So each use as a buffer has all of
 * the heap allocated first, and keeps it; or it fails:
 *
 * =========  ========================================================================
 * use        what it does
 * =========  ========================================================================
 * mmap()     allocates and pins all, until the last VMA is gone; no fault allocates
 * vmap       the same, until the last vunmap
 * pin        the same, until the last unpin
 * export     a dma-buf pins as long as a device is attached; its table is complete
 * sync       nothing: a device that does not snoop has its heaps mapped write-combined
 * discard    gives whole granules back; -EBUSY while anything above pins
 * fdinfo     counts granules that are there, not the size
 * =========  ========================================================================
 *
 * Where memory is short, that is -ENOMEM, of mmap() as of the others; no access is SIGBUS, and
 * nobody is killed. The same if all heaps of the device pin as much as they may: a quarter of
 * what they may hold. A driver whose clients share that quarter limits each of them, as
 * RLIMIT_MEMLOCK does, with functions of its own beside GEM_UMA_HEAP_OBJECT_FUNCS_BUT_MMAP.
 * The memory is charged to the creator of the heap, whoever maps it. A heap
 * whose driver has called gem_uma_heap_detach() cannot be mapped any more, which is -ENODEV;
 * what is mapped stays.
 *
 * Jobs that use a heap are those of its VM: they signal the resv of the VM, which the driver
 * gives the object before gem_uma_heap_object_init().
 */

static pgprot_t gem_uma_heap_object_prot(const struct gem_uma_heap_object *hobj, pgprot_t prot)
{
	return hobj->heap.reserve->udev->coherent ? prot : pgprot_writecombine(prot);
}

/**
 * gem_uma_heap_object_init() - set up a heap that has handles
 * @hobj: object, zeroed; base.funcs is set, and base.resv if it is not to have its own
 * @reserve: reserve of the device
 * @config: see gem_uma_heap_init()
 *
 * Context: may sleep and reclaim.
 *
 * Return: as gem_uma_heap_init(). On success the object has one reference.
 */
int gem_uma_heap_object_init(struct gem_uma_heap_object *hobj, struct gem_uma_reserve *reserve,
			     const struct gem_uma_heap_config *config)
{
	int ret;

	if (overflows_type(config->size, size_t))
		return -E2BIG;
	gem_uma_client_list_init(&hobj->files, config->size);
	hobj->heap.files = &hobj->files;
	ret = gem_uma_heap_init(&hobj->heap, reserve, config);
	if (!ret)
		drm_gem_private_object_init(reserve->udev->drm, &hobj->base, config->size);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_init);

/**
 * gem_uma_heap_object_fini() - undo gem_uma_heap_object_init()
 * @hobj: object whose last reference is gone; for &drm_gem_object_funcs.free
 *
 * Context: may sleep.
 */
void gem_uma_heap_object_fini(struct gem_uma_heap_object *hobj)
{
	drm_WARN_ON_ONCE(hobj->base.dev, hobj->vmaps || atomic_read(&hobj->mmaps));
	gem_uma_heap_fini(&hobj->heap);
	drm_gem_object_release(&hobj->base);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_fini);

/**
 * gem_uma_heap_object_pin() - &drm_gem_object_funcs.pin
 * @obj: object
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0; -ENOMEM; -ERESTARTSYS for a signal; -EIO; -ENODEV for a heap that is detached.
 */
int gem_uma_heap_object_pin(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	return gem_uma_heap_pin(&to_gem_uma_heap_object(obj)->heap);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_pin);

/**
 * gem_uma_heap_object_unpin() - &drm_gem_object_funcs.unpin
 * @obj: object
 *
 * Context: resv held; may sleep.
 */
void gem_uma_heap_object_unpin(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	gem_uma_heap_unpin(&to_gem_uma_heap_object(obj)->heap);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_unpin);

/* All pages of a heap that the caller keeps pinned. */
static struct page **gem_uma_heap_object_pages(struct gem_uma_heap_object *hobj)
{
	size_t i, nr = hobj->base.size >> PAGE_SHIFT;
	struct page **pages = kvmalloc_array(nr, sizeof(*pages), GEM_UMA_GFP_MAYFAIL);

	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		pages[i] = gem_uma_heap_page(&hobj->heap, (u64)i << PAGE_SHIFT);
		if (drm_WARN_ON_ONCE(hobj->base.dev, !pages[i])) {
			kvfree(pages);
			return ERR_PTR(-EINVAL);
		}
		cond_resched();
	}
	return pages;
}

static struct sg_table *gem_uma_heap_object_make_sgt(struct gem_uma_heap_object *hobj,
						     struct page **pages)
{
	struct mem_cgroup *old = gem_uma_reserve_charge(hobj->heap.pool);
	struct sg_table *sgt;

	sgt = gem_uma_device_make_sgt(hobj->heap.reserve->udev, pages,
				      hobj->base.size >> PAGE_SHIFT);
	set_active_memcg(old);
	return sgt;
}

/**
 * gem_uma_heap_object_get_sg_table() - &drm_gem_object_funcs.get_sg_table
 * @obj: object, pinned by whoever wants the table
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: a new sg table of all of it, not mapped; or an ERR_PTR: -ENOMEM, or -EINVAL for one
 * that is not pinned.
 */
struct sg_table *gem_uma_heap_object_get_sg_table(struct drm_gem_object *obj)
{
	struct gem_uma_heap_object *hobj = to_gem_uma_heap_object(obj);
	struct sg_table *sgt;
	struct page **pages;

	dma_resv_assert_held(obj->resv);
	if (!gem_uma_heap_object_is_pinned(hobj))
		return ERR_PTR(-EINVAL);
	pages = gem_uma_heap_object_pages(hobj);
	if (IS_ERR(pages))
		return ERR_CAST(pages);
	sgt = gem_uma_heap_object_make_sgt(hobj, pages);
	kvfree(pages);
	return sgt;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_get_sg_table);

static void *gem_uma_heap_object_vmap_pages(struct gem_uma_heap_object *hobj)
{
	struct page **pages = gem_uma_heap_object_pages(hobj);
	void *vaddr;

	if (IS_ERR(pages))
		return ERR_CAST(pages);
	vaddr = vmap(pages, hobj->base.size >> PAGE_SHIFT, VM_MAP,
		     gem_uma_heap_object_prot(hobj, PAGE_KERNEL));
	kvfree(pages);
	return vaddr ?: ERR_PTR(-ENOMEM);
}

/**
 * gem_uma_heap_object_vmap() - &drm_gem_object_funcs.vmap
 * @obj: object
 * @map: result
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: as gem_uma_heap_object_pin().
 */
int gem_uma_heap_object_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct gem_uma_heap_object *hobj = to_gem_uma_heap_object(obj);
	void *vaddr;
	int ret;

	dma_resv_assert_held(obj->resv);
	if (!hobj->vmaps) {
		ret = gem_uma_heap_pin(&hobj->heap);
		if (ret)
			return ret;
		vaddr = gem_uma_heap_object_vmap_pages(hobj);
		if (IS_ERR(vaddr)) {
			gem_uma_heap_unpin(&hobj->heap);
			return PTR_ERR(vaddr);
		}
		hobj->vaddr = vaddr;
	}
	hobj->vmaps++;
	iosys_map_set_vaddr(map, hobj->vaddr);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_vmap);

/**
 * gem_uma_heap_object_vunmap() - &drm_gem_object_funcs.vunmap
 * @obj: object
 * @map: what gem_uma_heap_object_vmap() gave
 *
 * Context: resv held; may sleep.
 */
void gem_uma_heap_object_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct gem_uma_heap_object *hobj = to_gem_uma_heap_object(obj);

	dma_resv_assert_held(obj->resv);
	if (--hobj->vmaps)
		return;
	vunmap(hobj->vaddr);
	hobj->vaddr = NULL;
	gem_uma_heap_unpin(&hobj->heap);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_vunmap);

/**
 * gem_uma_heap_object_mmap() - &drm_gem_object_funcs.mmap
 * @obj: object
 * @vma: new VMA
 *
 * Context: mmap lock held for writing; may sleep and reclaim.
 *
 * Return: as gem_uma_heap_object_pin(); -EINVAL for a private mapping that could be written,
 * a range outside of the object, or one for which nobody has called
 * drm_gem_create_mmap_offset().
 */
int gem_uma_heap_object_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct gem_uma_heap_object *hobj = to_gem_uma_heap_object(obj);
	pgoff_t first = vma->vm_pgoff - drm_vma_node_start(&obj->vma_node);
	pgoff_t nr_pages = obj->size >> PAGE_SHIFT;
	int ret;

	/* A dma-buf can be mapped without it. Then the first page would not be known later. */
	if (!drm_mm_node_allocated(&obj->vma_node.vm_node))
		return -EINVAL;
	if (vma_is_cow_mapping(vma) || first > nr_pages || vma_pages(vma) > nr_pages - first)
		return -EINVAL;
	ret = gem_uma_heap_pin(&hobj->heap);
	if (ret)
		return ret;
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = gem_uma_heap_object_prot(hobj, vm_get_page_prot(vma->vm_flags));
	atomic_inc(&hobj->mmaps);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_mmap);

static struct gem_uma_heap_object *gem_uma_heap_object_of_vma(struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = vma->vm_private_data;

	return to_gem_uma_heap_object(obj);
}

/* The VMA keeps the heap pinned. */
static vm_fault_t gem_uma_heap_object_fault(struct vm_fault *vmf)
{
	struct gem_uma_heap_object *hobj = gem_uma_heap_object_of_vma(vmf->vma);
	u64 pgoff = vmf->pgoff - drm_vma_node_start(&hobj->base.vma_node);
	struct page *page = gem_uma_heap_page(&hobj->heap, pgoff << PAGE_SHIFT);

	if (drm_WARN_ON_ONCE(hobj->base.dev, !page))
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(page));
}

static void gem_uma_heap_object_vm_open(struct vm_area_struct *vma)
{
	struct gem_uma_heap_object *hobj = gem_uma_heap_object_of_vma(vma);

	gem_uma_heap_pin_again(&hobj->heap);
	atomic_inc(&hobj->mmaps);
	drm_gem_vm_open(vma);
}

static void gem_uma_heap_object_vm_close(struct vm_area_struct *vma)
{
	struct gem_uma_heap_object *hobj = gem_uma_heap_object_of_vma(vma);

	atomic_dec(&hobj->mmaps);
	gem_uma_heap_unpin(&hobj->heap);
	drm_gem_vm_close(vma);
}

const struct vm_operations_struct gem_uma_heap_object_vm_ops = {
	.open = gem_uma_heap_object_vm_open,
	.close = gem_uma_heap_object_vm_close,
	.fault = gem_uma_heap_object_fault,
};
EXPORT_SYMBOL_GPL(gem_uma_heap_object_vm_ops);

/**
 * gem_uma_heap_object_status() - &drm_gem_object_funcs.status
 * @obj: object
 *
 * Context: any.
 *
 * Return: DRM_GEM_OBJECT_RESIDENT if a granule is there, or nothing.
 */
enum drm_gem_object_status gem_uma_heap_object_status(struct drm_gem_object *obj)
{
	return gem_uma_heap_resident(&to_gem_uma_heap_object(obj)->heap) ?
	       DRM_GEM_OBJECT_RESIDENT : 0;
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_status);

/**
 * gem_uma_heap_object_rss() - &drm_gem_object_funcs.rss
 * @obj: object
 *
 * Context: any.
 *
 * Return: bytes in memory.
 */
size_t gem_uma_heap_object_rss(struct drm_gem_object *obj)
{
	return gem_uma_heap_resident(&to_gem_uma_heap_object(obj)->heap);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_rss);

/**
 * gem_uma_heap_object_print_info() - &drm_gem_object_funcs.print_info
 * @p: printer
 * @indent: depth, in tabs
 * @obj: object
 *
 * Context: any; a snapshot.
 */
void gem_uma_heap_object_print_info(struct drm_printer *p, unsigned int indent,
				    const struct drm_gem_object *obj)
{
	const struct gem_uma_heap_object *hobj = to_gem_uma_heap_object(obj);

	drm_printf_indent(p, indent, "granule=%llu\n", BIT_ULL(hobj->heap.shift));
	drm_printf_indent(p, indent, "resident=%llu\n",
			  (u64)READ_ONCE(hobj->heap.nr) << hobj->heap.shift);
	drm_printf_indent(p, indent, "pins=%lu\n", READ_ONCE(hobj->heap.pins));
	drm_printf_indent(p, indent, "mmaps=%u\n", gem_uma_heap_object_mmaps(hobj));
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_print_info);

/**
 * gem_uma_heap_object_try_discard() - give memory back if no job uses it
 * @hobj: object
 * @offset: bytes, a multiple of the granule
 * @size: bytes, not 0; a multiple of the granule, unless the range ends with the heap
 *
 * What was there is zero when it comes back.
 *
 * A job is seen by its fence in the resv. Before that its submit has called
 * gem_uma_heap_prepare(), and what that has allocated must stay. So the driver has a
 * &struct rw_semaphore: a submit holds it for reading from before it prepares heaps until its
 * fence is in the resv, and this function is called with it held for writing. What waits for
 * jobs does so without it, since one of them may wait for that submit.
 *
 * Context: may sleep; takes resv. No submit is between gem_uma_heap_prepare() and its fence.
 *
 * Return: 0; -EINVAL for a bad range; -EBUSY if the heap is pinned; -EAGAIN for jobs that have
 * to end first: all fences of the resv; -EINTR on a signal.
 */
int gem_uma_heap_object_try_discard(struct gem_uma_heap_object *hobj, u64 offset, u64 size)
{
	struct dma_resv *resv = hobj->base.resv;
	u64 end, total = hobj->base.size;
	long ret;

	if (!size || check_add_overflow(offset, size, &end) || end > total ||
	    !IS_ALIGNED(offset, BIT_ULL(hobj->heap.shift)) ||
	    (end != total && !IS_ALIGNED(end, BIT_ULL(hobj->heap.shift))))
		return -EINVAL;
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = -EAGAIN;
	if (dma_resv_test_signaled(resv, DMA_RESV_USAGE_BOOKKEEP))
		ret = gem_uma_heap_discard(&hobj->heap, offset, size);
	dma_resv_unlock(resv);
	return min_t(long, ret, 0);
}
EXPORT_SYMBOL_GPL(gem_uma_heap_object_try_discard);
