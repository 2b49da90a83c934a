// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: all parts put together.
 *
 * Decides when the state of an object changed, and tells reclaim. Contains no memory
 * management of its own. Lock: the object's resv. Neighbours: all parts, below.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_purge.h>
#include <drm/gem_uma/gem_uma_stats.h>

#include "gem_uma_internal.h"
#include "gem_uma_object_internal.h"
#include "gem_uma_range.h"
#include "gem_uma_state.h"

/**
 * DOC: Object
 *
 * &struct gem_uma_object serves drivers whose buffers are nothing special: it takes
 * pages, CPU and device mappings and reclaim together, and gem_uma_object_funcs is
 * all that DRM asks of an object. A driver whose device has page tables of its own
 * supplies &struct gem_uma_object_ops, so that reclaim can ask it to forget pages.
 *
 * Every function that can change what reclaim would have to do ends in
 * gem_uma_object_update_locked(). The parts below never call it.
 */

struct lock_class_key gem_uma_object_lock_key;
const char *const gem_uma_object_lock_name = "gem_uma_object_lock";

static enum gem_uma_reclaim_state gem_uma_object_state(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);
	struct gem_uma_state_facts facts = {
		.discardable = gem_uma_purge_is_discardable(uobj),
		.purgeable = gem_uma_purge_is_purgeable(uobj),
		.clean = gem_uma_backing_is_clean(&uobj->backing),
		.resident = gem_uma_backing_resident(&uobj->backing),
		.leftover = gem_uma_backing_in_memory(&uobj->backing),
		.pins = atomic_read(&uobj->backing.pins),
		.mmaps = gem_uma_cpu_map_mmaps(&uobj->cpu_map),
		.dev_mapped = uobj->ops->dev_mapped ? uobj->ops->dev_mapped(uobj) : 0,
	};

	return gem_uma_state_decide(&facts);
}

/**
 * gem_uma_object_vacate_locked() - nobody refers to the pages any more
 * @uobj: object with pages of its own
 *
 * Order: fences first, BOOKKEEP because explicit submission registers nothing else
 * (panthor-87); then the device; CPU mappings only when nothing can fail any more, or
 * failed attempts would cost everybody faults (panthor-47).
 *
 * Context: resv held. Waits for nothing; callable from reclaim.
 *
 * Return: 0; -EBUSY if it is pinned, in use, or if a lock of the driver is taken; errors
 * of &gem_uma_object_ops.evict. Then the object is as before, or less mapped.
 */
int gem_uma_object_vacate_locked(struct gem_uma_object *uobj)
{
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	if (atomic_read(&uobj->backing.pins))
		return -EBUSY;
	if (!dma_resv_test_signaled(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return -EBUSY;
	ret = uobj->ops->evict ? uobj->ops->evict(uobj) : 0;
	if (ret)
		return ret;
	gem_uma_cpu_map_zap_locked(&uobj->cpu_map);
	gem_uma_dev_map_drop_locked(&uobj->dev_map);
	return 0;
}

/* One of the two doors; the other is gem_uma_purge_locked(). */
static long gem_uma_object_evict(struct gem_uma_reclaim *reclaim)
	__must_hold(reclaim->obj->resv)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);
	unsigned long pages;
	int ret;

	ret = gem_uma_object_vacate_locked(uobj);
	if (ret)
		return ret;
	pages = gem_uma_backing_release_locked(&uobj->backing);
	gem_uma_stats_update_locked(uobj);
	return pages;
}

static unsigned long gem_uma_object_writeback(struct gem_uma_reclaim *reclaim,
					      unsigned long nr_pages)
	__must_hold(reclaim->obj->resv)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);

	return gem_uma_backing_writeback_locked(&uobj->backing, nr_pages);
}

static u32 gem_uma_object_weight(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);

	return uobj->ops->weight(uobj);
}

static long gem_uma_object_purge(struct gem_uma_reclaim *reclaim)
	__must_hold(reclaim->obj->resv)
{
	return gem_uma_purge_locked(container_of(reclaim, struct gem_uma_object, reclaim));
}

static const struct gem_uma_reclaim_ops gem_uma_object_reclaim_ops = {
	.purge = gem_uma_object_purge,
	.writeback = gem_uma_object_writeback,
	.state = gem_uma_object_state,
	.evict = gem_uma_object_evict,
};

/* Apart, so that a look at an object without a policy calls nobody. */
static const struct gem_uma_reclaim_ops gem_uma_object_weighed_ops = {
	.purge = gem_uma_object_purge,
	.writeback = gem_uma_object_writeback,
	.state = gem_uma_object_state,
	.evict = gem_uma_object_evict,
	.weight = gem_uma_object_weight,
};

static const struct gem_uma_object_ops gem_uma_object_no_ops = {};

static void gem_uma_object_init_common(struct gem_uma_object *uobj,
				       struct gem_uma_device *udev, u32 flags,
				       const struct gem_uma_object_ops *ops)
{
	if (!uobj->base.funcs)
		uobj->base.funcs = &gem_uma_object_funcs;
	uobj->udev = udev;
	uobj->ops = ops ?: &gem_uma_object_no_ops;
	uobj->flags = flags;
	uobj->creator.tgid = task_tgid_nr(current);
	/* Of the process: names of threads are those of a user-space driver's workers. */
	get_task_comm(uobj->creator.comm, current->group_leader);
	INIT_LIST_HEAD(&uobj->clients);
	spin_lock_init(&uobj->lock);
	gem_uma_object_set_lock_class(&uobj->lock);
}

/*
 * Not gone through since unplug: the next one, with a reference. @dying is set if one
 * is being freed, whose addresses are about to go.
 */
static struct gem_uma_object *gem_uma_object_next_mapped(struct gem_uma_device *udev,
							 bool *dying)
{
	struct gem_uma_object *uobj, *found = NULL;

	spin_lock(&udev->objects_lock);
	list_for_each_entry(uobj, &udev->objects, device_link) {
		if (uobj->unplugged)
			break;
		if (!kref_get_unless_zero(&uobj->base.refcount)) {
			*dying = true;
			continue;
		}
		uobj->unplugged = true;
		list_move_tail(&uobj->device_link, &udev->objects);
		found = uobj;
		break;
	}
	spin_unlock(&udev->objects_lock);
	return found;
}

/**
 * gem_uma_object_unplug_all() - the device is gone: take its DMA addresses away
 * @udev: device, whose page tables nobody walks any more
 *
 * A DMA mapping must not outlive the binding of driver and device, but objects do, in
 * files that are still open. They keep their content, and stay mappable by the CPU and
 * reclaimable. For the driver's remove, after drm_dev_unplug() and when the last job
 * has ended.
 *
 * Context: may sleep; takes resvs.
 */
void gem_uma_object_unplug_all(struct gem_uma_device *udev)
{
	struct gem_uma_object *uobj;
	bool dying;

	WRITE_ONCE(udev->unplugged, true);
	do {
		dying = false;
		while ((uobj = gem_uma_object_next_mapped(udev, &dying))) {
			dma_resv_lock(uobj->base.resv, NULL);
			gem_uma_dev_map_drop_locked(&uobj->dev_map);
			dma_resv_unlock(uobj->base.resv);
			drm_gem_object_put(&uobj->base);
		}
		/* Listed until its addresses are gone, which waits for nobody. */
		if (dying)
			fsleep(100);
	} while (dying);
}
EXPORT_SYMBOL_GPL(gem_uma_object_unplug_all);

static void gem_uma_object_register(struct gem_uma_object *uobj)
{
	spin_lock(&uobj->udev->objects_lock);
	list_add_tail(&uobj->device_link, &uobj->udev->objects);
	spin_unlock(&uobj->udev->objects_lock);
}

static int gem_uma_object_init_parts(struct gem_uma_object *uobj, u64 size, u32 flags)
{
	bool wc = flags & GEM_UMA_OBJECT_WC;
	int ret;

	ret = gem_uma_backing_init(&uobj->backing, uobj->udev, &uobj->base, size,
				   (flags & GEM_UMA_OBJECT_HUGE ? GEM_UMA_BACKING_HUGE : 0) |
				   (wc ? GEM_UMA_BACKING_CLEAN : 0));
	if (!ret)
		ret = gem_uma_cpu_map_init(&uobj->cpu_map, &uobj->backing, wc,
					   (flags & GEM_UMA_OBJECT_NO_MMAP ?
					    GEM_UMA_CPU_MAP_NO_MMAP : 0) |
					   (flags & GEM_UMA_OBJECT_KEEP_VMAP ?
					    GEM_UMA_CPU_MAP_KEEP_VMAP : 0));
	if (!ret)
		ret = gem_uma_dev_map_init(&uobj->dev_map, &uobj->backing);
	if (!ret)
		ret = gem_uma_reclaim_init(&uobj->reclaim, uobj->udev, &uobj->base,
					   uobj->backing.memcg,
					   uobj->ops->weight ? &gem_uma_object_weighed_ops :
							       &gem_uma_object_reclaim_ops);
	return ret;
}

/**
 * gem_uma_object_init() - set up an object that a driver embeds
 * @uobj: object, zeroed; base.funcs may be set, default is gem_uma_object_funcs
 * @udev: device, with gem_uma_reclaim_device_init() done
 * @size: bytes, rounded up to whole pages
 * @flags: GEM_UMA_OBJECT_*
 * @ops: the driver's part, or NULL
 *
 * No memory is allocated for content yet. On failure the object is not initialized
 * and the caller frees it; on success it lives until its last reference is put.
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0; -EINVAL for a size of 0 or unknown flags; -E2BIG; -ENOMEM; -ENFILE; -ENOSPC
 * when the device has no mmap offset left.
 */
int gem_uma_object_init(struct gem_uma_object *uobj, struct gem_uma_device *udev,
			u64 size, u32 flags, const struct gem_uma_object_ops *ops)
{
	u32 known = GEM_UMA_OBJECT_HUGE | GEM_UMA_OBJECT_NO_MMAP | GEM_UMA_OBJECT_WC |
		    GEM_UMA_OBJECT_DISCARD_ON_RECLAIM | GEM_UMA_OBJECT_KEEP_VMAP;
	int ret;

	if (!size || (flags & ~known))
		return -EINVAL;
	if (size > ALIGN_DOWN(MAX_LFS_FILESIZE, PAGE_SIZE))
		return -E2BIG;

	size = PAGE_ALIGN(size);
	gem_uma_object_init_common(uobj, udev, flags, ops);
	drm_gem_private_object_init(udev->drm, &uobj->base, size);
	ret = gem_uma_object_init_parts(uobj, size, flags);
	if (ret)
		goto err_fini;
	/*
	 * Every mappable object has its offset from the start: a dma-buf can be mmapped
	 * without anybody asking for one, and zapping finds mappings through it.
	 */
	if (!(flags & GEM_UMA_OBJECT_NO_MMAP)) {
		ret = drm_gem_create_mmap_offset(&uobj->base);
		if (ret)
			goto err_fini;
	}
	gem_uma_object_register(uobj);
	return 0;

err_fini:
	gem_uma_reclaim_fini(&uobj->reclaim);
	gem_uma_backing_fini(&uobj->backing);
	drm_gem_private_object_fini(&uobj->base);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_init);

/**
 * gem_uma_object_create() - allocate and set up an object
 * @udev: device, with gem_uma_reclaim_device_init() done
 * @size: bytes, rounded up to whole pages
 * @flags: GEM_UMA_OBJECT_*
 *
 * Context: may sleep and reclaim.
 *
 * Return: the object with one reference, or an ERR_PTR as from gem_uma_object_init().
 */
struct gem_uma_object *gem_uma_object_create(struct gem_uma_device *udev, u64 size,
					     u32 flags)
{
	struct gem_uma_object *uobj;
	int ret;

	uobj = kzalloc(sizeof(*uobj), GFP_KERNEL_ACCOUNT);
	if (!uobj)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init(uobj, udev, size, flags, NULL);
	if (ret) {
		kfree(uobj);
		return ERR_PTR(ret);
	}
	return uobj;
}
EXPORT_SYMBOL_GPL(gem_uma_object_create);

/**
 * gem_uma_object_init_import() - set up an object around somebody else's buffer
 * @uobj: object, zeroed
 * @udev: device
 * @attach: attachment of the buffer
 * @sgt: its mapped sg table
 * @ops: the driver's part, or NULL
 *
 * The object is never reclaimed, and CPU mappings of it are the exporter's business.
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOMEM, -E2BIG, or -EINVAL for a table that is not made of whole pages.
 */
int gem_uma_object_init_import(struct gem_uma_object *uobj, struct gem_uma_device *udev,
			       struct dma_buf_attachment *attach, struct sg_table *sgt,
			       const struct gem_uma_object_ops *ops)
{
	int ret;

	if (!attach->dmabuf->size || !PAGE_ALIGNED(attach->dmabuf->size))
		return -EINVAL;
	gem_uma_object_init_common(uobj, udev, GEM_UMA_OBJECT_NO_MMAP, ops);
	drm_gem_private_object_init(udev->drm, &uobj->base, attach->dmabuf->size);
	uobj->base.resv = attach->dmabuf->resv;
	uobj->import_sgt = sgt;
	ret = gem_uma_dev_map_init_sgt(&uobj->dev_map, &uobj->base, udev->dma_dev, sgt);
	if (ret) {
		drm_gem_private_object_fini(&uobj->base);
		return ret;
	}
	gem_uma_object_register(uobj);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_init_import);

/**
 * gem_uma_object_fini() - undo gem_uma_object_init() or gem_uma_object_init_import()
 * @uobj: object without references
 *
 * Context: may sleep. Takes no resv, except that of an imported buffer: the last reference
 * of an import must not be dropped under it.
 */
void gem_uma_object_fini(struct gem_uma_object *uobj)
{
	struct drm_gem_object *obj = &uobj->base;

	gem_uma_reclaim_fini(&uobj->reclaim);
	gem_uma_cpu_map_fini(&uobj->cpu_map);
	gem_uma_dev_map_fini(&uobj->dev_map);

	/* Not before: gem_uma_object_unplug_all() waits for addresses of what is listed. */
	spin_lock(&uobj->udev->objects_lock);
	list_del(&uobj->device_link);
	spin_unlock(&uobj->udev->objects_lock);

	gem_uma_backing_fini(&uobj->backing);
	/*
	 * The core sets import_attach when the driver's import hook has succeeded.
	 * Until then table and attachment are its own (uma-B11).
	 */
	if (uobj->import_sgt && obj->import_attach)
		drm_prime_gem_destroy(obj, uobj->import_sgt);
	drm_gem_object_release(obj);
	kfree(uobj->label);
	uobj->label = NULL;
}
EXPORT_SYMBOL_GPL(gem_uma_object_fini);

/**
 * gem_uma_object_update_locked() - something changed that reclaim depends on
 * @uobj: object
 *
 * To be called by the driver after its page tables got or lost pages of the object.
 *
 * Context: resv held; does not sleep.
 */
void gem_uma_object_update_locked(struct gem_uma_object *uobj)
{
	int nid;

	dma_resv_assert_held(uobj->base.resv);
	if (gem_uma_object_is_imported(uobj))
		return;
	/* Pages that were let go, but not written, are still where they were. */
	nid = gem_uma_backing_resident(&uobj->backing) ?
	      gem_uma_backing_nid_locked(&uobj->backing) : uobj->reclaim.nid;
	gem_uma_stats_update_locked(uobj);
	gem_uma_reclaim_update_locked(&uobj->reclaim,
				      gem_uma_backing_in_memory(&uobj->backing), nid);
}
EXPORT_SYMBOL_GPL(gem_uma_object_update_locked);

/**
 * gem_uma_object_mark_used() - the device is about to use the object
 * @uobj: object
 *
 * Context: any; one store.
 */
void gem_uma_object_mark_used(struct gem_uma_object *uobj)
{
	if (!gem_uma_object_is_imported(uobj))
		gem_uma_reclaim_mark_used(&uobj->reclaim);
}
EXPORT_SYMBOL_GPL(gem_uma_object_mark_used);

/**
 * gem_uma_object_populate_locked() - make a range usable by the device
 * @uobj: object
 * @offset: bytes
 * @size: bytes, not 0
 *
 * Pages resident and DMA addresses there; gem_uma_dev_map_run_locked() tells them.
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0, -EINVAL for a bad range, or as gem_uma_backing_populate_locked() and
 * gem_uma_dev_map_map_locked().
 */
int gem_uma_object_populate_locked(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	struct gem_uma_extent e;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = gem_uma_range_to_pages(uobj->base.size, offset, size, &e);
	if (ret || gem_uma_object_is_imported(uobj))
		return ret;
	ret = gem_uma_backing_populate_locked(&uobj->backing, e.start, e.end);
	if (!ret)
		ret = gem_uma_dev_map_map_locked(&uobj->dev_map, e.start, e.end);
	gem_uma_object_update_locked(uobj);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_populate_locked);

/**
 * gem_uma_object_is_resident_locked() - is a range usable by the device as it is?
 * @uobj: object
 * @offset: bytes
 * @size: bytes, not 0
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if gem_uma_object_populate_locked() would have nothing to do; false
 * also for a bad range.
 */
bool gem_uma_object_is_resident_locked(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	struct gem_uma_extent e;

	dma_resv_assert_held(uobj->base.resv);
	if (gem_uma_range_to_pages(uobj->base.size, offset, size, &e))
		return false;
	return gem_uma_dev_map_is_mapped_locked(&uobj->dev_map, e.start, e.end);
}
EXPORT_SYMBOL_GPL(gem_uma_object_is_resident_locked);

/**
 * gem_uma_object_mmap_offset() - what user space passes to mmap()
 * @uobj: object
 * @offset: result, bytes
 *
 * Context: any.
 *
 * Return: 0; -EINVAL for an import; -EPERM for GEM_UMA_OBJECT_NO_MMAP.
 */
int gem_uma_object_mmap_offset(struct gem_uma_object *uobj, u64 *offset)
{
	if (gem_uma_object_is_imported(uobj))
		return -EINVAL;
	if (uobj->flags & GEM_UMA_OBJECT_NO_MMAP)
		return -EPERM;
	*offset = drm_vma_node_offset_addr(&uobj->base.vma_node);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_mmap_offset);

/**
 * gem_uma_object_free() - &drm_gem_object_funcs.free
 * @obj: object
 *
 * Context: may sleep.
 */
void gem_uma_object_free(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	gem_uma_object_fini(uobj);
	if (uobj->ops->free)
		uobj->ops->free(uobj);
	else
		kfree(uobj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_free);

/**
 * gem_uma_object_pin() - &drm_gem_object_funcs.pin
 * @obj: object
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, -EINVAL for an import, or as gem_uma_backing_pin_locked().
 */
int gem_uma_object_pin(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	int ret;

	if (gem_uma_object_is_imported(uobj))
		return -EINVAL;
	ret = gem_uma_backing_pin_locked(&uobj->backing);
	/* Also after a failure: it may have got a part. */
	gem_uma_object_update_locked(uobj);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_pin);

/**
 * gem_uma_object_unpin() - &drm_gem_object_funcs.unpin
 * @obj: object
 *
 * Context: resv held; does not sleep.
 */
void gem_uma_object_unpin(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	if (gem_uma_backing_unpin_locked(&uobj->backing))
		gem_uma_object_update_locked(uobj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_unpin);

/**
 * gem_uma_object_get_sg_table() - &drm_gem_object_funcs.get_sg_table
 * @obj: object, pinned
 *
 * The pages count as written: what an importer does with them is not known.
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: a new sg table, not mapped, or an ERR_PTR: -ENOMEM, -EINVAL for an import.
 */
struct sg_table *gem_uma_object_get_sg_table(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	struct gem_uma_backing *b = &uobj->backing;
	struct page **pages;
	struct sg_table *sgt;

	if (gem_uma_object_is_imported(uobj))
		return ERR_PTR(-EINVAL);
	pages = gem_uma_backing_pages_locked(b);
	if (IS_ERR(pages))
		return ERR_CAST(pages);
	sgt = drm_prime_pages_to_sg(obj->dev, pages, b->nr_pages);
	kvfree(pages);
	if (!IS_ERR(sgt))
		gem_uma_backing_mark_dirty_locked(b, 0, b->nr_pages);
	return sgt;
}
EXPORT_SYMBOL_GPL(gem_uma_object_get_sg_table);

/**
 * gem_uma_object_vmap() - &drm_gem_object_funcs.vmap
 * @obj: object
 * @map: result
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, or as gem_uma_cpu_map_vmap_locked() or the exporter's vmap.
 */
int gem_uma_object_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	int ret;

	if (gem_uma_object_is_imported(uobj))
		return dma_buf_vmap(obj->import_attach->dmabuf, map);
	ret = gem_uma_cpu_map_vmap_locked(&uobj->cpu_map, map);
	gem_uma_object_update_locked(uobj);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_vmap);

/**
 * gem_uma_object_vunmap() - &drm_gem_object_funcs.vunmap
 * @obj: object
 * @map: what gem_uma_object_vmap() gave
 *
 * Context: resv held; may sleep.
 */
void gem_uma_object_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	if (gem_uma_object_is_imported(uobj))
		dma_buf_vunmap(obj->import_attach->dmabuf, map);
	else if (gem_uma_cpu_map_vunmap_locked(&uobj->cpu_map))
		gem_uma_object_update_locked(uobj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_vunmap);

/**
 * gem_uma_object_mmap() - &drm_gem_object_funcs.mmap
 * @obj: object
 * @vma: new VMA
 *
 * Context: mmap lock held for writing.
 *
 * Return: 0, -EINVAL for an import, or as gem_uma_cpu_map_mmap().
 */
int gem_uma_object_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	if (gem_uma_object_is_imported(uobj))
		return -EINVAL;
	return gem_uma_cpu_map_mmap(&uobj->cpu_map, vma);
}
EXPORT_SYMBOL_GPL(gem_uma_object_mmap);

/**
 * gem_uma_object_status() - &drm_gem_object_funcs.status
 * @obj: object
 *
 * Context: any.
 *
 * Return: DRM_GEM_OBJECT_RESIDENT, DRM_GEM_OBJECT_PURGEABLE, both or nothing.
 */
enum drm_gem_object_status gem_uma_object_status(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	enum drm_gem_object_status status = 0;

	if (gem_uma_object_is_imported(uobj) || gem_uma_backing_resident(&uobj->backing))
		status |= DRM_GEM_OBJECT_RESIDENT;
	if (gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGEABLE)
		status |= DRM_GEM_OBJECT_PURGEABLE;
	return status;
}
EXPORT_SYMBOL_GPL(gem_uma_object_status);

const struct drm_gem_object_funcs gem_uma_object_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = gem_uma_purge_export,
};
EXPORT_SYMBOL_GPL(gem_uma_object_funcs);
