// SPDX-License-Identifier: GPL-2.0
/*
 * What goes to a device before a job, and comes back behind it.
 *
 * Owns a list of pieces and a reference to the object. Lock: the object's resv, but only to
 * make the list. Neighbours: sync, which does the same at once, and dev_map below.
 */
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_transfer.h>

#include "gem_uma_internal.h"
#include "gem_uma_range.h"

/**
 * DOC: Transfer
 *
 * While a job runs, nobody may wait for the resv of its objects: whoever holds it may wait
 * for the job (virtio-L3). What has to be done for the job's objects right before it runs,
 * and before its fence signals, is listed at submit therefore, with the resv held and all
 * memory allocated. Doing it takes no lock, and does not fail.
 *
 * This is how a driver shares memory with its device through bounce buffers, having said
 * &gem_uma_device_config.allow_bounce: gem_uma_transfer_to_device() fills the bounce buffers
 * before the job, gem_uma_transfer_to_cpu() copies back behind it what the device may have
 * written. The CPU must not write in between, or what it wrote is lost where the device may
 * write, too. On a device that does not snoop the caches of the CPU, the same two calls do
 * the cache maintenance of a job.
 *
 * The fence of the job keeps the list valid: it is in the resv before the resv is unlocked,
 * so nobody takes the addresses away. Pages that are mapped for the device later are not in
 * the list; mapping cleans them.
 */

static bool gem_uma_transfer_is_needed(const struct gem_uma_cpu_map *cmap,
				       const struct gem_uma_dev_map *dmap)
{
	const struct gem_uma_device *udev = dmap->backing ? dmap->backing->udev : NULL;

	/* An import is the exporter's, which refuses bounce buffers. */
	if (!udev)
		return false;
	return udev->allow_bounce || (!udev->coherent && cmap->mode != GEM_UMA_CACHE_WC);
}

/* The next piece of the pages [start, end): one run, all of it written or none. */
static bool gem_uma_transfer_next(struct gem_uma_dev_map *dmap, pgoff_t start, pgoff_t end,
				  struct gem_uma_transfer_piece *piece)
	__must_hold(dmap->obj->resv)
{
	struct gem_uma_dma_run run;
	pgoff_t behind;

	if (!gem_uma_dev_map_next_locked(dmap, start, end, &run))
		return false;
	behind = run.pgoff + run.nr;
	piece->write = gem_uma_dev_map_may_write_locked(dmap, run.pgoff, &behind);
	piece->sync = gem_uma_dev_map_piece(dmap, &run, (u64)run.pgoff << PAGE_SHIFT,
					    (u64)behind << PAGE_SHIFT);
	return true;
}

/*
 * Writes at most @max pieces. Returns how many there are, or -EINTR: their number follows
 * from the size of the object, which user space chose.
 */
static long gem_uma_transfer_list(struct gem_uma_dev_map *dmap, const struct gem_uma_extent *e,
				  struct gem_uma_transfer_piece *pieces, unsigned int max)
	__must_hold(dmap->obj->resv)
{
	struct gem_uma_transfer_piece piece;
	pgoff_t at = e->start;
	long nr = 0;

	for (; at < e->end && gem_uma_transfer_next(dmap, at, e->end, &piece); nr++) {
		if (fatal_signal_pending(current))
			return -EINTR;
		if (nr < max)
			pieces[nr] = piece;
		at = (piece.sync.offset + piece.sync.size) >> PAGE_SHIFT;
		cond_resched();
	}
	return nr;
}

/**
 * gem_uma_transfer_create_locked() - list what a job needs
 * @cmap: CPU map of the object
 * @dmap: device mapping of the object; what is not mapped is left out
 * @range: bytes, rounded to pages
 *
 * The caller adds the fence of the job to the resv before it unlocks it, or destroys the
 * list.
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: the list; NULL if there is nothing to do for this device or object, which is
 * valid for gem_uma_transfer_destroy(); or an ERR_PTR: -EINVAL for a range that is empty
 * or not in the object, -ENOMEM, -EINTR when the task is being killed.
 */
struct gem_uma_transfer *
gem_uma_transfer_create_locked(const struct gem_uma_cpu_map *cmap,
			       struct gem_uma_dev_map *dmap, struct gem_uma_sync_range range)
{
	struct gem_uma_transfer *transfer;
	struct gem_uma_extent e;
	long nr;
	int ret;

	dma_resv_assert_held(dmap->obj->resv);
	ret = gem_uma_range_to_pages(dmap->obj->size, range.offset, range.size, &e);
	if (ret)
		return ERR_PTR(ret);
	if (!gem_uma_transfer_is_needed(cmap, dmap))
		return NULL;
	nr = gem_uma_transfer_list(dmap, &e, NULL, 0);
	if (nr <= 0)
		return ERR_PTR(nr);
	transfer = kvzalloc(struct_size(transfer, pieces, nr), GEM_UMA_GFP_MAYFAIL);
	if (!transfer)
		return ERR_PTR(-ENOMEM);
	transfer->nr = nr;
	nr = gem_uma_transfer_list(dmap, &e, transfer->pieces, nr);
	if (nr < 0) {
		kvfree(transfer);
		return ERR_PTR(nr);
	}
	INIT_LIST_HEAD(&transfer->link);
	transfer->udev = dmap->backing->udev;
	drm_gem_object_get(dmap->obj);
	transfer->obj = dmap->obj;
	return transfer;
}
EXPORT_SYMBOL_GPL(gem_uma_transfer_create_locked);

/**
 * gem_uma_transfer_to_device() - the device is about to run the job
 * @transfer: list
 *
 * Context: may reschedule; takes no lock and allocates nothing, so it is legal while fences
 * wait for it. The fence of the job is in the resv, and not signalled.
 */
void gem_uma_transfer_to_device(const struct gem_uma_transfer *transfer)
{
	const struct gem_uma_device *udev = transfer->udev;
	unsigned int i;

	for (i = 0; i < transfer->nr; i++) {
		udev->sync_ops->clean(udev->dma_dev, &transfer->pieces[i].sync);
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(gem_uma_transfer_to_device);

/**
 * gem_uma_transfer_to_cpu() - the device has run the job
 * @transfer: list
 *
 * Context: as gem_uma_transfer_to_device().
 */
void gem_uma_transfer_to_cpu(const struct gem_uma_transfer *transfer)
{
	const struct gem_uma_device *udev = transfer->udev;
	const struct gem_uma_transfer_piece *piece;
	unsigned int i;

	for (i = 0; i < transfer->nr; i++) {
		piece = &transfer->pieces[i];
		if (!piece->write)
			continue;
		/* A page is older than its bounce buffer. Lines are written back before they go. */
		if (!udev->allow_bounce)
			udev->sync_ops->clean(udev->dma_dev, &piece->sync);
		udev->sync_ops->invalidate(udev->dma_dev, &piece->sync);
		cond_resched();
	}
}
EXPORT_SYMBOL_GPL(gem_uma_transfer_to_cpu);

/**
 * gem_uma_transfer_destroy() - free a list
 * @transfer: list, in no list of the driver's any more; or NULL
 *
 * Context: may drop the last reference to the object: no lock of it is held, and no fence
 * waits for the caller.
 */
void gem_uma_transfer_destroy(struct gem_uma_transfer *transfer)
{
	if (!transfer)
		return;
	drm_gem_object_put(transfer->obj);
	kvfree(transfer);
}
EXPORT_SYMBOL_GPL(gem_uma_transfer_destroy);
