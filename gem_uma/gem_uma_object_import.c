// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: somebody else's buffer.
 *
 * Owns the table that the exporter maps. Lock: the resv, which is the exporter's. Neighbours:
 * dev_map below, which describes the table; prime above, where the attachment comes from.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>

#include <drm/drm_prime.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_userptr.h>

#include "gem_uma_object_internal.h"

/**
 * DOC: Imports
 *
 * An import has no pages: the exporter has. CPU access, kernel mappings and mmap are passed
 * on to it. What an import has of its own is a table of DMA addresses:
 *
 * - One that the core maps when the dma-buf is imported, and that stays until the object is
 *   freed. The exporter's pages are pinned as long.
 * - With &gem_uma_object_prime.lazy, one that is mapped when the object is populated first,
 *   and given back at unplug. A driver that never populates an import, since all that it has
 *   is a display, never maps it.
 * - The same, of a dma-buf that its exporter can move. The exporter says so when it is about
 *   to. The driver's &gem_uma_object_ops.evict then makes the page tables of the device
 *   forget the addresses, as in reclaim, and the table is given back. The next job populates
 *   the object, which maps it again, wherever it is by then.
 *
 * - Memory of a process that is not pinned, for drivers that declare
 *   &gem_uma_object_prime.revalidates: nobody is told anything, and each job looks. See
 *   gem_uma_userptr_export().
 *
 * All of that happens with the resv held, which exporter and importers share. A job's fence
 * is in there, too, so an exporter that waits for it moves nothing that a job uses.
 *
 * An exporter that is made by DEFINE_GEM_UMA_PRIME() looks whether the table was given back,
 * and leaves its pages where they are if it was not. Others rely on it: then jobs are waited
 * for, and &gem_uma_object_ops.evict is repeated until it succeeds. A driver must not keep an
 * import by -EBUSY for as long as user space likes, as one that a display shows: an exporter
 * that revokes even what is pinned would wait for ever. On 6.12 none does.
 *
 * Up to 6.12, the core keeps the tables of many exporters (&dma_buf_ops.cache_sgt_mapping, as
 * those of the DRM core's own operations have it) until the attachment is gone: then giving
 * one back unmaps nothing.
 */

/**
 * gem_uma_object_is_readonly() - may the device only read an object?
 * @uobj: object
 *
 * Context: any.
 *
 * Return: true for imports of memory that was given read-only: gem_uma_userptr_export().
 */
bool gem_uma_object_is_readonly(const struct gem_uma_object *uobj)
{
	const struct dma_buf_attachment *attach = uobj->base.import_attach;

	return attach && gem_uma_userptr_is_readonly(attach->dmabuf);
}
EXPORT_SYMBOL_GPL(gem_uma_object_is_readonly);

static enum dma_data_direction gem_uma_object_import_dir(const struct gem_uma_object *uobj)
{
	return gem_uma_object_is_readonly(uobj) ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
}

/**
 * gem_uma_object_import_map_locked() - have the exporter map an import
 * @uobj: import
 *
 * All of it: a part cannot be asked for.
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0; -ENODEV after unplug; -ERESTARTSYS for a signal; -ESTALE if the pages of a process
 * have to be looked up first; as gem_uma_dev_map_init_sgt(), or the exporter's errno.
 */
int gem_uma_object_import_map_locked(struct gem_uma_object *uobj)
{
	struct dma_buf_attachment *attach = uobj->base.import_attach;
	enum dma_data_direction dir;
	struct sg_table *sgt;
	long ret;

	dma_resv_assert_held(uobj->base.resv);
	/* Used first: it does not leave now. */
	uobj->leaving = false;
	if (uobj->import_sgt)
		return 0;
	if (READ_ONCE(uobj->udev->unplugged))
		return -ENODEV;
	dir = gem_uma_object_import_dir(uobj);
	sgt = dma_buf_map_attachment(attach, dir);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	/* An exporter that moves it here has only begun. The core waits for others. */
	ret = dma_resv_wait_timeout(uobj->base.resv, DMA_RESV_USAGE_KERNEL, true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret > 0)
		ret = gem_uma_dev_map_init_sgt(&uobj->dev_map, &uobj->base,
					       uobj->udev->dma_dev, sgt);
	if (ret)
		dma_buf_unmap_attachment(attach, sgt, dir);
	else
		uobj->import_sgt = sgt;
	return ret;
}

/**
 * gem_uma_object_import_unmap_locked() - give back what was mapped of an import
 * @uobj: import, of which no page table of the device has an address
 *
 * It is mapped again when it is populated.
 *
 * Context: resv held; may sleep.
 */
void gem_uma_object_import_unmap_locked(struct gem_uma_object *uobj)
{
	struct dma_buf_attachment *attach = uobj->base.import_attach;

	dma_resv_assert_held(uobj->base.resv);
	/* Until the core has set the attachment, the table is not ours. */
	if (!uobj->import_sgt || !attach)
		return;
	gem_uma_dev_map_fini(&uobj->dev_map);
	dma_buf_unmap_attachment(attach, uobj->import_sgt, gem_uma_object_import_dir(uobj));
	uobj->import_sgt = NULL;
}
EXPORT_SYMBOL_GPL(gem_uma_object_import_unmap_locked);

static bool gem_uma_object_import_is_kept(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	int ret = uobj->ops->evict ? uobj->ops->evict(uobj) : 0;

	/* After any other error the device has been stopped. */
	uobj->leaving = ret == -EINPROGRESS;
	return uobj->leaving || ret == -EBUSY;
}

/**
 * gem_uma_object_is_watched() - can the memory of an object change at any time?
 * @uobj: object
 *
 * Context: any.
 *
 * Return: true for imports of memory of a process that is not pinned.
 */
bool gem_uma_object_is_watched(const struct gem_uma_object *uobj)
{
	const struct dma_buf_attachment *attach = uobj->base.import_attach;

	return attach && gem_uma_userptr_is_watched(attach->dmabuf);
}
EXPORT_SYMBOL_GPL(gem_uma_object_is_watched);

/**
 * gem_uma_object_is_stale() - has a process changed memory that the device has mapped?
 * @uobj: object
 *
 * Context: resv held. Only between gem_uma_userptr_publish_begin() and
 * gem_uma_userptr_publish_end(), false stays false.
 *
 * Return: true if so: no new job may use it.
 */
bool gem_uma_object_is_stale(const struct gem_uma_object *uobj)
{
	return gem_uma_object_is_watched(uobj) &&
	       gem_uma_userptr_is_stale(uobj->base.import_attach);
}
EXPORT_SYMBOL_GPL(gem_uma_object_is_stale);

/**
 * gem_uma_object_lookup() - find out which pages a process has there now
 * @uobj: object for which gem_uma_object_is_watched() is true
 *
 * For who could not populate it, for -ESTALE. Populating it can be -ESTALE again.
 *
 * Context: process context; takes the mmap lock, so no resv is held.
 *
 * Return: 0, or as gem_uma_userptr_lookup().
 */
int gem_uma_object_lookup(struct gem_uma_object *uobj)
{
	return gem_uma_userptr_lookup(uobj->base.import_attach->dmabuf);
}
EXPORT_SYMBOL_GPL(gem_uma_object_lookup);

/**
 * gem_uma_object_leave_stale_locked() - take what a process has changed away from the device
 * @uobj: object; nothing is done if it is not stale
 *
 * Populating it maps what is there now.
 *
 * Context: resv held. Does not wait for jobs: a bind can wait as long as its user wants.
 *
 * Return: 0, or -ESTALE as long as something uses it.
 */
int gem_uma_object_leave_stale_locked(struct gem_uma_object *uobj)
{
	dma_resv_assert_held(uobj->base.resv);
	if (!gem_uma_object_is_stale(uobj))
		return 0;
	if (!dma_resv_test_signaled(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return -ESTALE;
	gem_uma_object_import_leave_locked(uobj);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_object_leave_stale_locked);

/**
 * gem_uma_object_import_try_leave_locked() - give an import back, if that needs no waiting
 * @uobj: import, whose exporter looks whether it was given back
 *
 * Context: resv held; callable from reclaim, which is where the exporter asks.
 */
void gem_uma_object_import_try_leave_locked(struct gem_uma_object *uobj)
{
	dma_resv_assert_held(uobj->base.resv);
	if (!uobj->import_sgt || uobj->leaving ||
	    !dma_resv_test_signaled(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP) ||
	    gem_uma_object_import_is_kept(uobj))
		return;
	gem_uma_object_import_unmap_locked(uobj);
	gem_uma_object_update_locked(uobj);
}

/**
 * gem_uma_object_import_leave_locked() - give an import back, whatever it takes
 * @uobj: import, which its exporter moves in any case
 *
 * Context: resv held; sleeps. Waits, uninterruptibly, for jobs that use the buffer, for the
 * device, and for locks of the driver. An exporter that moves buffers in its own reclaim
 * waits there for jobs, too.
 */
void gem_uma_object_import_leave_locked(struct gem_uma_object *uobj)
{
	dma_resv_assert_held(uobj->base.resv);
	if (!uobj->import_sgt)
		return;
	dma_resv_wait_timeout(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	/* Page tables may be in use, or the device may have to answer: both are short. */
	while (gem_uma_object_import_is_kept(uobj))
		fsleep(100);
	gem_uma_object_import_unmap_locked(uobj);
	gem_uma_object_update_locked(uobj);
}

/**
 * gem_uma_object_import_leave_dying_locked() - give an import back that is being freed
 * @uobj: import, without references
 * @looks: its exporter looks whether it was given back, so that there is no need to wait
 *
 * &gem_uma_object_ops.teardown takes it out of page tables, without resv. Until then the device
 * reaches it; where all clients share page tables, by a job of anybody.
 *
 * Context: resv held, which who frees the import takes after its teardown.
 */
void gem_uma_object_import_leave_dying_locked(struct gem_uma_object *uobj, bool looks)
{
	dma_resv_assert_held(uobj->base.resv);
	/* Pairs with gem_uma_object_free(). */
	while (!smp_load_acquire(&uobj->torn_down)) {
		if (looks)
			return;
		fsleep(100);
	}
	gem_uma_object_import_unmap_locked(uobj);
}

/**
 * gem_uma_object_import_fini() - give the dma-buf back
 * @uobj: import, without references
 *
 * Context: may sleep; takes resv.
 */
void gem_uma_object_import_fini(struct gem_uma_object *uobj)
{
	struct drm_gem_object *obj = &uobj->base;

	/*
	 * The core sets import_attach when the driver's import hook has succeeded.
	 * Until then table and attachment are its own (uma-B11).
	 */
	if (!obj->import_attach)
		return;
	/* Until it is detached, its exporter may call. */
	dma_resv_lock(obj->resv, NULL);
	gem_uma_object_import_unmap_locked(uobj);
	dma_resv_unlock(obj->resv);
	drm_prime_gem_destroy(obj, NULL);
}
