// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: lent to others as a dma-buf, and got back.
 *
 * Owns the list of what importers have mapped. Lock: the object's resv. Neighbours: the
 * core's PRIME helpers, and access by the CPU beside it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/gem_uma/gem_uma_userptr.h>

#include "gem_uma_cpu_map_internal.h"
#include "gem_uma_internal.h"
#include "gem_uma_object_internal.h"

/**
 * DOC: PRIME
 *
 * A driver declares once how it exports and imports::
 *
 *	DEFINE_GEM_UMA_PRIME(my_prime, .get = my_may_be_exported);
 *
 *	static const struct drm_gem_object_funcs my_funcs = {
 *		GEM_UMA_OBJECT_FUNCS,
 *		.export = my_prime_export,
 *	};
 *
 *	static const struct drm_driver my_driver = {
 *		.gem_prime_import = my_prime_import,
 *		.gem_prime_import_sg_table = my_import_sg_table,
 *	};
 *
 * and calls gem_uma_object_prime_init() at probe, which fails where a part of that is not
 * wired up. Objects of a device that does not snoop cannot be made with another export.
 *
 * An importer that can be told to give back what it has mapped keeps nothing in memory: its
 * device is one more that eviction has to ask, and the next map brings the pages back. For
 * other importers the pages are pinned while they have a map; on older kernels (6.12), while
 * they are attached.
 *
 * A driver with operations of its own, or with dma-bufs of objects that are not the library's,
 * fills &struct gem_uma_object_prime by hand. Its operations pass what is an object of the
 * library's on to the functions below. As with the macro, it is the same structure that tells
 * the driver's own dma-bufs, and that is checked at probe.
 *
 * What an importer maps is written back first, as its device may not snoop (uma-B4), and
 * beginning and end of CPU access reach every map that there is (uma-B5). A map through a
 * bounce buffer is refused, as for a device of one's own.
 */

static bool gem_uma_object_prime_has_all(const struct drm_gem_object_funcs *funcs)
{
	return funcs->free && funcs->pin && funcs->unpin && funcs->get_sg_table && funcs->vmap &&
	       funcs->vunmap && funcs->mmap && funcs->vm_ops;
}

/**
 * gem_uma_object_prime_init() - check at probe that nothing was left out
 * @udev: device, initialized
 * @prime: made by DEFINE_GEM_UMA_PRIME()
 * @funcs: of the objects that the driver will make, and from now on of those that the library
 *	makes: a driver that embeds the object does not let it make any
 *
 * Context: any. Call before the first object is made, and the device registered.
 *
 * Return: 0, or -EINVAL where a function of @prime is not where it belongs, its dma-bufs have
 * no begin or end of CPU access, the driver has no gem_prime_import_sg_table, or
 * gem_uma_object_prime_handle_to_fd() is missing, which &gem_uma_object_prime.revalidates
 * needs; or @funcs lacks what ``GEM_UMA_OBJECT_FUNCS`` has.
 */
int gem_uma_object_prime_init(struct gem_uma_device *udev,
			      const struct gem_uma_object_prime *prime,
			      const struct drm_gem_object_funcs *funcs)
{
	const struct drm_driver *driver = udev->drm->driver;

	if (driver->gem_prime_import != prime->import || !driver->gem_prime_import_sg_table ||
	    !prime->ops->begin_cpu_access || !prime->ops->end_cpu_access ||
	    (prime->revalidates &&
	     driver->prime_handle_to_fd != gem_uma_object_prime_handle_to_fd) ||
	    funcs->export != prime->export || !gem_uma_object_prime_has_all(funcs)) {
		drm_err(udev->drm, "PRIME is wired up by half\n");
		return -EINVAL;
	}
	udev->prime = prime;
	udev->object_funcs = funcs;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_init);

static void gem_uma_object_prime_put(const struct gem_uma_object_prime *prime,
				     struct drm_gem_object *obj)
{
	if (prime->put)
		prime->put(to_gem_uma_object(obj));
}

static int gem_uma_object_prime_force_wc(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	int ret;

	ret = gem_uma_object_vacate_locked(uobj);
	if (!ret) {
		gem_uma_backing_release_locked(&uobj->backing);
		ret = gem_uma_cpu_map_force_wc_locked(&uobj->cpu_map);
	}
	gem_uma_object_update_locked(uobj);
	return ret == -EINPROGRESS ? -EBUSY : ret;
}

static int gem_uma_object_prime_cache(const struct gem_uma_object_prime *prime,
				      struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	if (uobj->udev->coherent || READ_ONCE(uobj->cpu_map.mode) == GEM_UMA_CACHE_WC)
		return 0;
	switch (prime->wb) {
	case GEM_UMA_PRIME_WB_FORCE_WC:
		return gem_uma_object_prime_force_wc(uobj);
	case GEM_UMA_PRIME_WB_DENY:
		return -EOPNOTSUPP;
	default:
		return 0;
	}
}

/* As gem_uma_object_share(), of which it is the longer form. */
static int gem_uma_object_prime_prepare(const struct gem_uma_object_prime *prime,
					struct gem_uma_object *uobj)
{
	int ret;

	if (!dma_resv_trylock(uobj->base.resv))
		return -EAGAIN;
	ret = gem_uma_object_prime_cache(prime, uobj);
	if (!ret)
		ret = gem_uma_object_share_locked(uobj);
	dma_resv_unlock(uobj->base.resv);
	return ret;
}

/**
 * gem_uma_object_prime_export() - for DEFINE_GEM_UMA_PRIME() only
 * @prime: how the driver exports
 * @obj: object
 * @flags: O_*
 *
 * Context: may sleep; tries resv.
 *
 * Return: the dma-buf, or an ERR_PTR: -EAGAIN while somebody else has resv, that of
 * &gem_uma_object_prime.get, as &gem_uma_object_prime.wb says, or as
 * gem_uma_object_share_locked() or the core.
 */
struct dma_buf *gem_uma_object_prime_export(const struct gem_uma_object_prime *prime,
					    struct drm_gem_object *obj, int flags)
{
	struct dma_buf_export_info info = {
		.exp_name = obj->dev->driver->name,
		.owner = obj->dev->driver->fops->owner,
		.ops = prime->ops,
		.size = obj->size,
		.flags = flags,
		.priv = obj,
		.resv = obj->resv,
	};
	struct dma_buf *dma_buf;
	int ret;

	/* First, or the new dma-buf might be released before it is counted. */
	ret = prime->get ? prime->get(to_gem_uma_object(obj)) : 0;
	if (ret)
		return ERR_PTR(ret);
	ret = gem_uma_object_prime_prepare(prime, to_gem_uma_object(obj));
	dma_buf = ret ? ERR_PTR(ret) : drm_gem_dmabuf_export(obj->dev, &info);
	if (IS_ERR(dma_buf))
		gem_uma_object_prime_put(prime, obj);
	return dma_buf;
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_export);

/**
 * gem_uma_object_prime_handle_to_fd() - &drm_driver.prime_handle_to_fd
 * @drm: device
 * @file: the caller's file
 * @handle: of an object
 * @flags: DRM_CLOEXEC, DRM_RDWR
 * @fd: result
 *
 * For drivers that set &gem_uma_object_prime.revalidates. The core gives an import on as the
 * dma-buf that it is, and asks nobody.
 *
 * Context: process context; may sleep.
 *
 * Return: 0; -EPERM for memory of a process that is not pinned, which stays with those who
 * share the file; or as drm_gem_prime_handle_to_fd().
 */
int gem_uma_object_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle,
				      u32 flags, int *fd)
{
	struct dma_buf *dma_buf = drm_gem_prime_handle_to_dmabuf(drm, file, handle, flags);
	int ret;

	if (IS_ERR(dma_buf))
		return PTR_ERR(dma_buf);
	/* A handle can be given to another object meanwhile; a dma-buf stays what it is. */
	ret = gem_uma_userptr_is_watched(dma_buf) ? -EPERM : dma_buf_fd(dma_buf, flags);
	if (ret < 0) {
		dma_buf_put(dma_buf);
		return ret;
	}
	*fd = ret;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_handle_to_fd);

/**
 * gem_uma_object_prime_release() - for DEFINE_GEM_UMA_PRIME() only
 * @prime: how the driver exports
 * @dma_buf: dma-buf that nobody has any more
 *
 * Context: may sleep.
 */
void gem_uma_object_prime_release(const struct gem_uma_object_prime *prime,
				  struct dma_buf *dma_buf)
{
	gem_uma_object_prime_put(prime, dma_buf->priv);
	drm_gem_dmabuf_release(dma_buf);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_release);

static void gem_uma_object_prime_moves(struct dma_buf_attachment *attach)
{
	struct gem_uma_object *uobj;
	bool looks;

	dma_resv_assert_held(attach->dmabuf->resv);
	/* As gem_uma_object_prime_attach() left it: before, there was nothing to be moved. */
	uobj = smp_load_acquire(&attach->importer_priv);
	if (!uobj)
		return;
	/* Ours look, in reclaim. */
	looks = attach->dmabuf->ops->map_dma_buf == gem_uma_object_prime_map;
	if (!kref_get_unless_zero(&uobj->base.refcount)) {
		gem_uma_object_import_leave_dying_locked(uobj, looks);
		return;
	}
	if (looks)
		gem_uma_object_import_try_leave_locked(uobj);
	else
		gem_uma_object_import_leave_locked(uobj);
	gem_uma_object_put_later(uobj);
}

static const struct dma_buf_attach_ops gem_uma_object_prime_importer = {
	.invalidate_mappings = gem_uma_object_prime_moves,
};

/*
 * As the core, which maps at once. Where one side can do without a lasting map and the other
 * cannot, some kernels map at once, too.
 */
static struct drm_gem_object *
gem_uma_object_prime_attach(const struct gem_uma_object_prime *prime, struct drm_device *drm,
			    struct dma_buf *dma_buf)
{
	const struct dma_buf_attach_ops *ops =
		dma_buf_is_dynamic(dma_buf) ? &gem_uma_object_prime_importer : NULL;
	bool looks = prime->revalidates && gem_uma_userptr_is_watched(dma_buf);
	struct dma_buf_attachment *attach;
	struct drm_gem_object *obj;

	if (looks)
		attach = dma_buf_dynamic_attach(dma_buf, drm_dev_dma_dev(drm),
						&gem_uma_userptr_importer,
						(void *)prime->revalidates);
	else
		attach = dma_buf_dynamic_attach(dma_buf, drm_dev_dma_dev(drm), ops, NULL);
	if (IS_ERR(attach))
		return ERR_CAST(attach);
	get_dma_buf(dma_buf);
	obj = drm->driver->gem_prime_import_sg_table(drm, attach, NULL);
	if (IS_ERR(obj)) {
		dma_buf_detach(dma_buf, attach);
		dma_buf_put(dma_buf);
		return obj;
	}
	obj->import_attach = attach;
	if (looks)
		return obj;
	/* Complete: from now on gem_uma_object_prime_moves() may be called for it. */
	smp_store_release(&attach->importer_priv, to_gem_uma_object(obj));
	return obj;
}

/**
 * gem_uma_object_prime_import() - for DEFINE_GEM_UMA_PRIME() only
 * @prime: how the driver exports
 * @drm: device
 * @dma_buf: what to import
 *
 * Context: may sleep.
 *
 * Return: the object, with a reference, or an ERR_PTR as from drm_gem_prime_import().
 */
struct drm_gem_object *gem_uma_object_prime_import(const struct gem_uma_object_prime *prime,
						   struct drm_device *drm,
						   struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = dma_buf->priv;

	if (!prime->separate && gem_uma_object_prime_is_ours(prime, drm, dma_buf)) {
		drm_gem_object_get(obj);
		return obj;
	}
	return prime->lazy ? gem_uma_object_prime_attach(prime, drm, dma_buf) :
			     drm_gem_prime_import(drm, dma_buf);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_import);

/**
 * gem_uma_object_prime_mmap() - for DEFINE_GEM_UMA_PRIME() only
 * @prime: how the driver exports
 * @dma_buf: dma-buf
 * @vma: new VMA
 *
 * Nobody may have asked for an offset yet, and mappings are found by it.
 *
 * Context: mmap lock held for writing.
 *
 * Return: 0, or as gem_uma_object_mmap_offset() or gem_uma_object_mmap().
 */
int gem_uma_object_prime_mmap(const struct gem_uma_object_prime *prime,
			      struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = dma_buf->priv;
	u64 offset;
	int ret;

	if (prime->mmap_offset)
		ret = prime->mmap_offset(obj, &offset);
	else
		ret = gem_uma_object_mmap_offset(to_gem_uma_object(obj), &offset);
	return ret ?: drm_gem_dmabuf_mmap(dma_buf, vma);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_mmap);

/**
 * gem_uma_object_prime_pin() - &dma_buf_ops.pin
 * @attach: attachment of an importer
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0, or as &drm_gem_object_funcs.pin.
 */
int gem_uma_object_prime_pin(struct dma_buf_attachment *attach)
{
	struct drm_gem_object *obj = attach->dmabuf->priv;

	dma_resv_assert_held(obj->resv);
	/* Ours never ask for it. Kernels without CONFIG_DMABUF_MOVE_NOTIFY do, for each map. */
	if (attach->importer_ops == &gem_uma_object_prime_importer)
		return 0;
	return obj->funcs->pin(obj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_pin);

/**
 * gem_uma_object_prime_unpin() - &dma_buf_ops.unpin
 * @attach: attachment of an importer
 *
 * Context: resv held; may sleep.
 */
void gem_uma_object_prime_unpin(struct dma_buf_attachment *attach)
{
	struct drm_gem_object *obj = attach->dmabuf->priv;

	dma_resv_assert_held(obj->resv);
	if (attach->importer_ops != &gem_uma_object_prime_importer)
		obj->funcs->unpin(obj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_unpin);

/**
 * gem_uma_object_prime_map() - &dma_buf_ops.map_dma_buf
 * @attach: attachment of an importer
 * @dir: what its device does
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: the sg table, mapped; or an ERR_PTR: -ENOMEM, -EIO for a device that would get a
 * bounce buffer, as &drm_gem_object_funcs.get_sg_table, or as drm_gem_map_dma_buf().
 */
struct sg_table *gem_uma_object_prime_map(struct dma_buf_attachment *attach,
					  enum dma_data_direction dir)
{
	struct drm_gem_object *obj = attach->dmabuf->priv;
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	struct gem_uma_object_importer *importer;
	struct sg_table *sgt;

	dma_resv_assert_held(obj->resv);
	importer = kzalloc_obj(*importer, GEM_UMA_GFP_MAYFAIL);
	if (!importer)
		return ERR_PTR(-ENOMEM);
	sgt = drm_gem_map_dma_buf(attach, dir);
	if (!IS_ERR(sgt) && gem_uma_device_table_bounces(attach->dev, sgt)) {
		drm_dbg(obj->dev, "%s: refusing bounce buffers\n", dev_name(attach->dev));
		drm_gem_unmap_dma_buf(attach, sgt, dir);
		sgt = ERR_PTR(-EIO);
	}
	if (IS_ERR(sgt)) {
		kfree(importer);
		return sgt;
	}
	importer->attach = attach;
	importer->sgt = sgt;
	importer->dir = dir;
	list_add_tail(&importer->link, &uobj->importers);
	gem_uma_object_sync_importer(uobj, importer, false);
	gem_uma_object_mark_used(uobj);
	gem_uma_object_update_locked(uobj);
	return sgt;
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_map);

/**
 * gem_uma_object_prime_unmap() - &dma_buf_ops.unmap_dma_buf
 * @attach: attachment of an importer
 * @sgt: what gem_uma_object_prime_map() gave
 * @dir: what its device did
 *
 * Context: resv held; may sleep.
 */
void gem_uma_object_prime_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
				enum dma_data_direction dir)
{
	struct drm_gem_object *obj = attach->dmabuf->priv;
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	struct gem_uma_object_importer *importer;

	dma_resv_assert_held(obj->resv);
	list_for_each_entry(importer, &uobj->importers, link) {
		if (importer->sgt != sgt)
			continue;
		/* What its device wrote, the CPU sees when the dma-buf is gone, too. */
		gem_uma_object_sync_importer(uobj, importer, true);
		list_del(&importer->link);
		kfree(importer);
		break;
	}
	drm_gem_unmap_dma_buf(attach, sgt, dir);
	gem_uma_object_update_locked(uobj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_unmap);

/**
 * gem_uma_object_prime_begin() - &dma_buf_ops.begin_cpu_access
 * @dma_buf: dma-buf
 * @dir: what the CPU is about to do
 *
 * Context: may sleep; takes resv.
 *
 * Return: 0, or as gem_uma_object_access_begin().
 */
int gem_uma_object_prime_begin(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	struct drm_gem_object *obj = dma_buf->priv;

	return gem_uma_object_begin_cpu_access(to_gem_uma_object(obj), dir);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_begin);

/**
 * gem_uma_object_prime_end() - &dma_buf_ops.end_cpu_access
 * @dma_buf: dma-buf
 * @dir: what the CPU did
 *
 * Context: may sleep, uninterruptibly; takes resv.
 *
 * Return: 0.
 */
int gem_uma_object_prime_end(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	struct drm_gem_object *obj = dma_buf->priv;

	gem_uma_object_end_cpu_access(to_gem_uma_object(obj));
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_prime_end);
