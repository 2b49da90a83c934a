// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: its life, with all parts put together.
 *
 * Contains no memory management of its own. Locks: the object's resv; objects_lock for the
 * list of objects. Neighbours: the other files of the object, and all parts, below.
 */
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <kunit/visibility.h>

#include "gem_uma_object_internal.h"

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

static const struct gem_uma_object_ops gem_uma_object_no_ops = {};

static void gem_uma_object_init_common(struct gem_uma_object *uobj,
				       struct gem_uma_device *udev, u64 size, u32 flags,
				       const struct gem_uma_object_ops *ops)
{
	if (!uobj->base.funcs)
		uobj->base.funcs = udev->object_funcs ?: &gem_uma_object_funcs;
	uobj->udev = udev;
	uobj->ops = ops ?: &gem_uma_object_no_ops;
	uobj->flags = flags;
	INIT_LIST_HEAD(&uobj->importers);
	uobj->creator.tgid = task_tgid_nr(current);
	/* The process: threads have the names of a user-space driver's workers. */
	get_task_comm(uobj->creator.comm, current->group_leader);
	gem_uma_client_list_init(&uobj->files, size);
	INIT_WORK(&uobj->update_work, gem_uma_object_update_work);
}

/*
 * Returns the next object that has not been gone through since unplug, with a reference.
 * Sets @dying if there is one whose last reference is gone, but not yet its addresses.
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
			if (gem_uma_object_is_imported(uobj))
				gem_uma_object_import_unmap_locked(uobj);
			else
				gem_uma_dev_map_drop_locked(&uobj->dev_map);
			dma_resv_unlock(uobj->base.resv);
			drm_gem_object_put(&uobj->base);
		}
		/* It stays listed until its addresses are gone, which waits for nobody. */
		if (dying)
			fsleep(100);
	} while (dying);
	/* Puts that are still to come need the driver. */
	gem_uma_object_flush_updates();
}
EXPORT_SYMBOL_GPL(gem_uma_object_unplug_all);

/**
 * gem_uma_object_next() - go through the objects of a device
 * @udev: device
 * @prev: the one before, whose reference is dropped; NULL to begin
 *
 * For what concerns them all, as a reset of the device. Leaves out those whose last
 * reference is gone. Not beside gem_uma_object_unplug_all().
 *
 * Context: may sleep; no resv held.
 *
 * Return: the next object, with a reference, or NULL after the last.
 */
struct gem_uma_object *gem_uma_object_next(struct gem_uma_device *udev,
					   struct gem_uma_object *prev)
{
	struct gem_uma_object *uobj, *found = NULL;

	spin_lock(&udev->objects_lock);
	uobj = list_prepare_entry(prev, &udev->objects, device_link);
	list_for_each_entry_continue(uobj, &udev->objects, device_link) {
		if (kref_get_unless_zero(&uobj->base.refcount)) {
			found = uobj;
			break;
		}
	}
	spin_unlock(&udev->objects_lock);
	if (prev)
		drm_gem_object_put(&prev->base);
	return found;
}
EXPORT_SYMBOL_GPL(gem_uma_object_next);

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
				   (flags & GEM_UMA_OBJECT_PINNED ? GEM_UMA_BACKING_PINNED : 0) |
				   (wc ? GEM_UMA_BACKING_CLEAN : 0));
	if (!ret)
		ret = gem_uma_cpu_map_init(&uobj->cpu_map, &uobj->backing, wc,
					   flags & GEM_UMA_OBJECT_NO_MMAP ?
					   GEM_UMA_CPU_MAP_NO_MMAP : 0);
	if (!ret)
		ret = gem_uma_dev_map_init(&uobj->dev_map, &uobj->backing);
	if (!ret)
		ret = gem_uma_reclaim_init(&uobj->reclaim, uobj->udev, &uobj->base,
					   uobj->backing.memcg,
					   uobj->ops->weight ? &gem_uma_object_weighed_ops :
							       &gem_uma_object_reclaim_ops);
	return ret;
}

/* The pin that is undone by nobody. */
static int gem_uma_object_init_pin(struct gem_uma_object *uobj)
{
	int ret;

	if (!(uobj->flags & GEM_UMA_OBJECT_PINNED))
		return 0;
	ret = dma_resv_lock_interruptible(uobj->base.resv, NULL);
	if (ret)
		return ret;
	ret = gem_uma_object_pin(&uobj->base);
	dma_resv_unlock(uobj->base.resv);
	return ret;
}

/*
 * Users of a dma-buf would see stale data. gem_uma_object_export(), of the library's own
 * functions, refuses by itself.
 */
static bool gem_uma_object_forgets_sync(const struct gem_uma_object *uobj,
					const struct gem_uma_device *udev)
{
	const struct drm_gem_object_funcs *funcs = uobj->base.funcs;

	if (udev->coherent || !funcs || funcs->export == gem_uma_object_export)
		return false;
	return !udev->prime || funcs->export != udev->prime->export;
}

/**
 * gem_uma_object_init() - set up an object that a driver embeds
 * @uobj: object, zeroed; base.funcs may be set, default is what gem_uma_object_prime_init()
 *	was given, or gem_uma_object_funcs
 * @udev: device, with gem_uma_reclaim_device_init() done
 * @size: bytes, rounded up to whole pages
 * @flags: GEM_UMA_OBJECT_*
 * @ops: the driver's part, or NULL
 *
 * No memory is allocated for content yet, unless it is GEM_UMA_OBJECT_PINNED. On failure
 * the object is not initialized and the caller frees it; on success it lives until its last
 * reference is put.
 *
 * Context: may sleep and reclaim; takes resv for GEM_UMA_OBJECT_PINNED.
 *
 * Return: 0; -EINVAL for a size of 0, unknown flags, or an export without begin and end of
 * CPU access on a device that does not snoop; -E2BIG; -ENOMEM; -ENFILE; -ENOSPC when the
 * device has no mmap offset left. For GEM_UMA_OBJECT_PINNED also as gem_uma_backing_pin().
 */
int gem_uma_object_init(struct gem_uma_object *uobj, struct gem_uma_device *udev,
			u64 size, u32 flags, const struct gem_uma_object_ops *ops)
{
	u32 known = GEM_UMA_OBJECT_HUGE | GEM_UMA_OBJECT_NO_MMAP | GEM_UMA_OBJECT_WC |
		    GEM_UMA_OBJECT_DISCARD_ON_RECLAIM | GEM_UMA_OBJECT_LATE_OFFSET |
		    GEM_UMA_OBJECT_PINNED;
	int ret;

	if (!size || (flags & ~known) || gem_uma_object_forgets_sync(uobj, udev))
		return -EINVAL;
	if (size > GEM_UMA_BACKING_MAX_SIZE)
		return -E2BIG;

	size = PAGE_ALIGN(size);
	gem_uma_object_init_common(uobj, udev, size, flags, ops);
	drm_gem_private_object_init(udev->drm, &uobj->base, size);
	ret = gem_uma_object_init_parts(uobj, size, flags);
	if (!ret)
		ret = gem_uma_object_init_pin(uobj);
	if (ret)
		goto err_fini;
	/*
	 * Zapping finds mappings through the offset. A dma-buf can be mmapped without
	 * anybody asking for one, unless the driver does.
	 */
	if (!(flags & (GEM_UMA_OBJECT_NO_MMAP | GEM_UMA_OBJECT_LATE_OFFSET))) {
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

	uobj = kzalloc_obj(*uobj, GFP_KERNEL_ACCOUNT);
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
 * @sgt: its mapped sg table; NULL to map it when it is populated first, by the attachment
 *	that &drm_gem_object.import_attach is then
 * @ops: the driver's part, or NULL
 *
 * The object is never reclaimed, and CPU mappings of it are the exporter's to make. A buffer
 * that ends inside of a page is rounded up, as gem-shmem does: the device gets the whole page.
 *
 * Context: may sleep.
 *
 * Return: 0; -EINVAL for an empty buffer, or one that no object can be as large as; or as
 * gem_uma_dev_map_init_sgt().
 */
int gem_uma_object_init_import(struct gem_uma_object *uobj, struct gem_uma_device *udev,
			       struct dma_buf_attachment *attach, struct sg_table *sgt,
			       const struct gem_uma_object_ops *ops)
{
	size_t size = PAGE_ALIGN(attach->dmabuf->size);
	struct gem_uma_client_pages now;
	int ret;

	/* 0 also where there is nothing above to round up to. */
	if (!size)
		return -EINVAL;
	gem_uma_object_init_common(uobj, udev, size, 0, ops);
	drm_gem_private_object_init(udev->drm, &uobj->base, size);
	uobj->base.resv = attach->dmabuf->resv;
	uobj->imported = true;
	uobj->import_sgt = sgt;
	ret = gem_uma_dev_map_init_sgt(&uobj->dev_map, &uobj->base, udev->dma_dev, sgt);
	if (ret) {
		drm_gem_private_object_fini(&uobj->base);
		return ret;
	}
	now = gem_uma_object_pages(uobj);
	gem_uma_client_list_update(&uobj->files, &now);
	gem_uma_object_register(uobj);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_init_import);

/**
 * gem_uma_object_create_import() - the body of &drm_driver.gem_prime_import_sg_table
 * @udev: device
 * @attach: attachment of the buffer
 * @sgt: as for gem_uma_object_init_import()
 *
 * For drivers that embed the object in nothing of their own.
 *
 * Context: may sleep and reclaim.
 *
 * Return: the object with one reference, or an ERR_PTR: -ENOMEM, or as
 * gem_uma_object_init_import().
 */
struct drm_gem_object *gem_uma_object_create_import(struct gem_uma_device *udev,
						    struct dma_buf_attachment *attach,
						    struct sg_table *sgt)
{
	struct gem_uma_object *uobj = kzalloc_obj(*uobj, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!uobj)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(uobj, udev, attach, sgt, NULL);
	if (ret) {
		kfree(uobj);
		return ERR_PTR(ret);
	}
	return &uobj->base;
}
EXPORT_SYMBOL_GPL(gem_uma_object_create_import);

/* Takes no resv but that of an imported buffer, under which no import is put. */
static void gem_uma_object_fini(struct gem_uma_object *uobj)
{
	struct drm_gem_object *obj = &uobj->base;

	/* One that never ends leaves what it wrote in the cache. */
	drm_WARN_ON_ONCE(obj->dev, atomic_read(&uobj->accesses));
	gem_uma_reclaim_fini(&uobj->reclaim);
	gem_uma_cpu_map_fini(&uobj->cpu_map);
	if (gem_uma_object_is_imported(uobj))
		gem_uma_object_import_fini(uobj);
	gem_uma_dev_map_fini(&uobj->dev_map);

	/* After dev_map: gem_uma_object_unplug_all() waits for addresses of listed objects. */
	spin_lock(&uobj->udev->objects_lock);
	list_del(&uobj->device_link);
	spin_unlock(&uobj->udev->objects_lock);

	gem_uma_backing_fini(&uobj->backing);
	drm_gem_object_release(obj);
	kfree(uobj->label);
	uobj->label = NULL;
}

/**
 * gem_uma_object_set_label() - name an object
 * @uobj: object
 * @label: text, not terminated; NULL removes the label
 * @len: bytes
 *
 * Context: may sleep.
 *
 * Return: 0; -E2BIG over GEM_UMA_LABEL_MAX; -EINVAL for a zero byte or a control
 * character, or a NULL label with a length; -ENOMEM.
 */
int gem_uma_object_set_label(struct gem_uma_object *uobj, const char *label, size_t len)
{
	char *new = NULL;
	size_t i;

	if (len > GEM_UMA_LABEL_MAX)
		return -E2BIG;
	if (!label && len)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!label[i] || iscntrl(label[i]))
			return -EINVAL;
	if (label) {
		new = kmemdup_nul(label, len, GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
	}
	spin_lock(&uobj->files.lock);
	swap(new, uobj->label);
	spin_unlock(&uobj->files.lock);
	kfree(new);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_set_label);

/**
 * gem_uma_object_leak() - let nobody have the pages of an object again
 * @uobj: object
 *
 * For &gem_uma_object_ops.teardown: see gem_uma_backing_leak(). Of an import, the exporter's
 * buffer stays; where that is, the exporter may change.
 *
 * Context: may sleep; nobody refers to the object any more.
 */
void gem_uma_object_leak(struct gem_uma_object *uobj)
{
	if (gem_uma_object_is_imported(uobj))
		get_dma_buf(uobj->base.import_attach->dmabuf);
	else
		gem_uma_backing_leak(&uobj->backing);
}
EXPORT_SYMBOL_GPL(gem_uma_object_leak);

/**
 * gem_uma_object_free() - &drm_gem_object_funcs.free
 * @obj: object
 *
 * Context: may sleep.
 */
void gem_uma_object_free(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	if (uobj->ops->teardown)
		uobj->ops->teardown(uobj);
	/* Pairs with gem_uma_object_import_leave_dying_locked(). */
	smp_store_release(&uobj->torn_down, true);
	gem_uma_object_fini(uobj);
	if (uobj->ops->free)
		uobj->ops->free(uobj);
	else
		kfree(uobj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_free);

const struct drm_gem_object_funcs gem_uma_object_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = gem_uma_object_export,
};
EXPORT_SYMBOL_IF_KUNIT(gem_uma_object_funcs);
