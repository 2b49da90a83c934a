// SPDX-License-Identifier: GPL-2.0
/*
 * Cache maintenance by range.
 *
 * Owns nothing: the device has the operations, dev_map the addresses. Lock: the object's
 * resv. Neighbours: cpu_map, which knows the cache mode, and dev_map below.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_sync.h>

#include "gem_uma_cpu_map_internal.h"
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
 * invalidated. CLEAN costs nothing where the CPU cannot have written since the last one: see
 * "Clean ranges" of the CPU map. CLEAN_INVALIDATE always cleans, too: some caches cannot drop
 * a line without that.
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

/* How to go about it. */
struct gem_uma_sync_how {
	enum gem_uma_sync_op op;
	/* The caller can stop half way. */
	bool killable;
	/* The caller has written, in whatever way. */
	bool wrote;
};

/*
 * What the CPU cannot have written is not cleaned: moves *@at to the end of that, within
 * [*@at, *@end), and returns true. Else *@end becomes the first byte of which it is so again.
 */
static bool gem_uma_sync_skip(struct gem_uma_cpu_map *cmap, const struct gem_uma_sync_how *how,
			      u64 *at, u64 *end)
	__must_hold(cmap->backing->obj->resv)
{
	pgoff_t behind = ((*end - 1) >> PAGE_SHIFT) + 1;
	bool clean;

	/* Lines go by being cleaned, on some: see gem_uma_sync_clflush_ops. */
	if (how->wrote || how->op != GEM_UMA_SYNC_CLEAN)
		return false;
	clean = gem_uma_cpu_map_is_clean_locked(cmap, *at >> PAGE_SHIFT, &behind);
	*end = min(*end, (u64)behind << PAGE_SHIFT);
	if (clean)
		*at = *end;
	return clean;
}

static int gem_uma_sync_pieces(struct gem_uma_cpu_map *cmap, struct gem_uma_dev_map *dmap,
			       struct gem_uma_sync_range range,
			       const struct gem_uma_sync_how *how)
	__must_hold(dmap->obj->resv)
{
	u64 at = range.offset, end = range.offset + range.size, batch = at, part;
	struct gem_uma_dma_run run;

	while (at < end) {
		if (at - batch >= GEM_UMA_SYNC_BATCH) {
			if (how->killable && fatal_signal_pending(current))
				return -EINTR;
			cond_resched();
			batch = at;
		}
		part = end;
		if (gem_uma_sync_skip(cmap, how, &at, &part))
			continue;
		if (gem_uma_dev_map_next_locked(dmap, at >> PAGE_SHIFT,
						((part - 1) >> PAGE_SHIFT) + 1, &run))
			at = gem_uma_sync_run(dmap, &run, at, part, how->op);
		else
			at = part;
	}
	return 0;
}

/* Afterwards, the pages that are wholly in the range are clean, unless the CPU maps them. */
static int gem_uma_sync_range(struct gem_uma_cpu_map *cmap, struct gem_uma_dev_map *dmap,
			      struct gem_uma_sync_range range,
			      const struct gem_uma_sync_how *how)
	__must_hold(dmap->obj->resv)
{
	/* Before cleaning: what was written through a mapping that has gone by now is cleaned. */
	bool mapped = atomic_read_acquire(&cmap->mmaps);
	int ret;

	if (!gem_uma_sync_has_caches(cmap, dmap))
		return 0;
	ret = gem_uma_sync_pieces(cmap, dmap, range, how);
	if (!ret)
		gem_uma_cpu_map_cleaned_locked(cmap, PAGE_ALIGN(range.offset) >> PAGE_SHIFT,
					       (range.offset + range.size) >> PAGE_SHIFT, mapped);
	return ret;
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
int gem_uma_sync_locked(struct gem_uma_cpu_map *cmap, struct gem_uma_dev_map *dmap,
			struct gem_uma_sync_range range, enum gem_uma_sync_op op)
{
	struct gem_uma_sync_how how = { .op = op, .killable = true };
	struct gem_uma_extent e;

	dma_resv_assert_held(dmap->obj->resv);
	if (op > GEM_UMA_SYNC_CLEAN_INVALIDATE || !dmap->backing ||
	    range.offset > dmap->obj->size)
		return -EINVAL;
	if (range.size && gem_uma_range_to_pages(dmap->obj->size, range.offset, range.size, &e))
		return -EINVAL;
	return gem_uma_sync_range(cmap, dmap, range, &how);
}
EXPORT_SYMBOL_GPL(gem_uma_sync_locked);

/**
 * gem_uma_sync_finish_locked() - the same, for one who wrote and cannot stop half way
 * @cmap: CPU map of the object
 * @dmap: device mapping of the object, not of an import
 * @range: bytes, which gem_uma_sync_locked() took before
 * @op: what to do
 *
 * Cleans all of the range: the caller may have written through a mapping of its own.
 *
 * Context: resv held; may sleep, but allocates nothing.
 */
void gem_uma_sync_finish_locked(struct gem_uma_cpu_map *cmap, struct gem_uma_dev_map *dmap,
				struct gem_uma_sync_range range, enum gem_uma_sync_op op)
{
	struct gem_uma_sync_how how = { .op = op, .wrote = true };

	dma_resv_assert_held(dmap->obj->resv);
	gem_uma_sync_range(cmap, dmap, range, &how);
}
EXPORT_SYMBOL_GPL(gem_uma_sync_finish_locked);
