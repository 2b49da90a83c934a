// SPDX-License-Identifier: GPL-2.0
/*
 * Cache maintenance by range.
 *
 * Owns nothing: the device has the operations, dev_map the addresses. Lock: the object's
 * resv. Neighbours: cpu_map, which knows the cache mode, and dev_map below.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_sync.h>

#include "gem_uma_range.h"

/**
 * DOC: Sync
 *
 * A device that does not snoop the caches of the CPU works on memory, and the CPU on what
 * its caches made of that. Whoever hands data over says for which bytes:
 *
 * - The CPU wrote, and the device is to read: CLEAN, after the writes and before the job.
 * - The device wrote, and the CPU is to read: CLEAN_INVALIDATE, after the job and before
 *   the reads. Earlier is no use: the CPU may load the line again while the job runs
 *   (uma-B2).
 * - The device is to write what the CPU wrote before: CLEAN before the job. Otherwise the
 *   cache can write its old lines over the job's result at any time.
 *
 * A cache knows lines, not bytes: what CPU and device write at the same time must not
 * share one.
 *
 * The cost follows from the range, not from the object (uma-A11). Nothing is done, and
 * nothing allocated, for a device that is coherent, for a buffer that is write-combined,
 * and for pages that the device has no address of: mapping a page for the device cleans
 * it, and taking the address away invalidates. Pages that the device only reads are not
 * invalidated. Whether the CPU wrote a page is not known, so all are cleaned.
 *
 * How it is done is up to the device, see &struct gem_uma_sync_ops: by the DMA API, or by
 * the driver where the DMA API takes the device for coherent and it is not. The latter is
 * also how tests see each operation.
 */

/* How much is done before others get the CPU, or a signal its way. */
#define GEM_UMA_SYNC_BATCH	SZ_2M

static bool gem_uma_sync_has_caches(const struct gem_uma_cpu_map *cmap,
				    const struct gem_uma_dev_map *dmap)
{
	return !dmap->backing->udev->coherent && cmap->mode != GEM_UMA_CACHE_WC;
}

/* At most a batch of a run; returns the byte behind it. */
static u64 gem_uma_sync_run(struct gem_uma_dev_map *dmap, const struct gem_uma_dma_run *run,
			    u64 start, u64 end, enum gem_uma_sync_op op)
	__must_hold(dmap->obj->resv)
{
	const struct gem_uma_device *udev = dmap->backing->udev;
	bool invalidate = op == GEM_UMA_SYNC_CLEAN_INVALIDATE;
	pgoff_t behind = run->pgoff + run->nr;
	struct gem_uma_sync_piece piece;

	start = max(start, (u64)run->pgoff << PAGE_SHIFT);
	/* What the device only reads is as the CPU left it. */
	if (invalidate)
		invalidate = gem_uma_dev_map_may_write_locked(dmap, start >> PAGE_SHIFT, &behind);
	piece = gem_uma_dev_map_piece(dmap, run, start,
				      min3((u64)behind << PAGE_SHIFT, end,
					   start + GEM_UMA_SYNC_BATCH));
	udev->sync_ops->clean(dmap->dev, &piece);
	if (invalidate)
		udev->sync_ops->invalidate(dmap->dev, &piece);
	return piece.offset + piece.size;
}

static int gem_uma_sync_pieces(struct gem_uma_dev_map *dmap, struct gem_uma_sync_range range,
			       enum gem_uma_sync_op op, bool killable)
	__must_hold(dmap->obj->resv)
{
	u64 at = range.offset, end = range.offset + range.size, batch = at;
	struct gem_uma_dma_run run;

	while (at < end && gem_uma_dev_map_next_locked(dmap, at >> PAGE_SHIFT,
						       ((end - 1) >> PAGE_SHIFT) + 1, &run)) {
		if (at - batch >= GEM_UMA_SYNC_BATCH) {
			if (killable && fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
			batch = at;
		}
		at = gem_uma_sync_run(dmap, &run, at, end, op);
	}
	return 0;
}

/**
 * gem_uma_sync_locked() - make CPU and device agree on a range
 * @cmap: CPU map of the object
 * @dmap: device mapping of the object
 * @range: bytes
 * @op: what to do
 *
 * Does not wait for jobs: the caller did, if it has to.
 *
 * Context: resv held; may sleep, but allocates nothing. Can be repeated.
 *
 * Return: 0; -EINVAL for a range that is not in the object, an operation that does not
 * exist, or an import; -EINTR when the task is being killed.
 */
int gem_uma_sync_locked(const struct gem_uma_cpu_map *cmap, struct gem_uma_dev_map *dmap,
			struct gem_uma_sync_range range, enum gem_uma_sync_op op)
{
	struct gem_uma_extent e;

	dma_resv_assert_held(dmap->obj->resv);
	if (op > GEM_UMA_SYNC_CLEAN_INVALIDATE || !dmap->backing ||
	    range.offset > dmap->obj->size)
		return -EINVAL;
	if (range.size && gem_uma_range_to_pages(dmap->obj->size, range.offset, range.size, &e))
		return -EINVAL;
	if (!gem_uma_sync_has_caches(cmap, dmap))
		return 0;
	return gem_uma_sync_pieces(dmap, range, op, true);
}
EXPORT_SYMBOL_GPL(gem_uma_sync_locked);

/**
 * gem_uma_sync_finish_locked() - the same, for one who cannot stop half way
 * @cmap: CPU map of the object
 * @dmap: device mapping of the object, not of an import
 * @range: bytes, which gem_uma_sync_locked() took before
 * @op: what to do
 *
 * Context: resv held; may sleep, but allocates nothing.
 */
void gem_uma_sync_finish_locked(const struct gem_uma_cpu_map *cmap,
				struct gem_uma_dev_map *dmap,
				struct gem_uma_sync_range range, enum gem_uma_sync_op op)
{
	dma_resv_assert_held(dmap->obj->resv);
	if (gem_uma_sync_has_caches(cmap, dmap))
		gem_uma_sync_pieces(dmap, range, op, false);
}
EXPORT_SYMBOL_GPL(gem_uma_sync_finish_locked);
