// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: access by the CPU, for user space and for the kernel itself.
 *
 * Owns the number of accesses that are open. Lock: the object's resv. Neighbours: sync
 * below, which does the work; the exporter of an import.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/export.h>

#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object.h>

#include "gem_uma_object_internal.h"

/**
 * DOC: CPU access
 *
 * gem_uma_object_sync() is what an ioctl for cache maintenance calls. The kernel's own
 * accesses, through gem_uma_object_vmap() for example, have a beginning and an end::
 *
 *	CLASS(gem_uma_object_access, access)(uobj, range, DMA_FROM_DEVICE);
 *	if (access.err)
 *		return access.err;
 *	... the CPU reads ...
 *
 * The beginning waits for the jobs that dma-buf users wait for, then invalidates; the end
 * cleans if the CPU wrote. An import is the exporter's to begin and to end.
 */

/* The table as a whole: behind an IOMMU, what it maps as one piece is many in memory. */
void gem_uma_object_sync_importer(struct gem_uma_object *uobj,
				  const struct gem_uma_object_importer *importer,
				  bool invalidate)
{
	struct device *dev = importer->attach->dev;

	if (dma_dev_need_sync(dev) && uobj->cpu_map.mode != GEM_UMA_CACHE_WC)
		uobj->udev->sync_importer(dev, importer->sgt, importer->dir, invalidate);
}

static void gem_uma_object_sync_importers(struct gem_uma_object *uobj, bool invalidate)
	__must_hold(uobj->base.resv)
{
	struct gem_uma_object_importer *importer;

	list_for_each_entry(importer, &uobj->importers, link) {
		gem_uma_object_sync_importer(uobj, importer, invalidate);
		cond_resched();
	}
}

/* The own device first. Whoever else has the memory mapped has all of it. */
static int gem_uma_object_sync_all(struct gem_uma_object *uobj, struct gem_uma_sync_range range,
				   enum gem_uma_sync_op op, bool importers)
{
	int ret;

	ret = dma_resv_lock_interruptible(uobj->base.resv, NULL);
	if (ret)
		return ret;
	if (gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGED)
		ret = -EFAULT;
	else
		ret = gem_uma_sync_locked(&uobj->cpu_map, &uobj->dev_map, range, op);
	if (!ret && importers)
		gem_uma_object_sync_importers(uobj, op == GEM_UMA_SYNC_CLEAN_INVALIDATE);
	dma_resv_unlock(uobj->base.resv);
	return ret;
}

/**
 * gem_uma_object_sync() - make CPU and device agree on a range
 * @uobj: object
 * @range: bytes
 * @op: what to do
 *
 * Waits for no job.
 *
 * Context: may sleep; takes resv.
 *
 * Return: 0; -EFAULT for a purged object; -EINTR for a signal; or as
 * gem_uma_sync_locked(), -EINVAL for an import above all: users of a dma-buf have
 * DMA_BUF_IOCTL_SYNC.
 */
int gem_uma_object_sync(struct gem_uma_object *uobj, struct gem_uma_sync_range range,
			enum gem_uma_sync_op op)
{
	if (gem_uma_object_is_imported(uobj))
		return -EINVAL;
	return gem_uma_object_sync_all(uobj, range, op, false);
}
EXPORT_SYMBOL_GPL(gem_uma_object_sync);

static int gem_uma_object_access_import(struct gem_uma_object *uobj,
					struct gem_uma_sync_range range,
					enum dma_data_direction dir)
{
	if (range.offset > uobj->base.size || range.size > uobj->base.size - range.offset)
		return -EINVAL;
	return dma_buf_begin_cpu_access(uobj->base.import_attach->dmabuf, dir);
}

static int gem_uma_object_access_own(struct gem_uma_object *uobj,
				     struct gem_uma_sync_range range,
				     enum dma_data_direction dir)
{
	long ret;

	/* First: lines that are dropped while a job writes can be back before it ends. */
	ret = dma_resv_wait_timeout(uobj->base.resv,
				    dma_resv_usage_rw(dir != DMA_FROM_DEVICE), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;
	/* Also to write: the CPU loads a line before it writes a part of it. */
	return gem_uma_object_sync_all(uobj, range, GEM_UMA_SYNC_CLEAN_INVALIDATE, true);
}

/**
 * gem_uma_object_access_begin() - the CPU is about to access an object
 * @uobj: object, to which the caller has a reference until the end
 * @range: bytes; an exporter may do more
 * @dir: DMA_FROM_DEVICE to read, DMA_TO_DEVICE to write, DMA_BIDIRECTIONAL for both
 *
 * Context: may sleep; takes resv, of the exporter for an import.
 *
 * Return: the access, whose err is 0, or -ERESTARTSYS or -EINTR for a signal, or as
 * gem_uma_object_sync(), or the exporter's errno. Without an error it is to be ended.
 */
struct gem_uma_object_access
gem_uma_object_access_begin(struct gem_uma_object *uobj, struct gem_uma_sync_range range,
			    enum dma_data_direction dir)
{
	struct gem_uma_object_access access = { .range = range, .dir = dir };

	if (gem_uma_object_is_imported(uobj))
		access.err = gem_uma_object_access_import(uobj, range, dir);
	else
		access.err = gem_uma_object_access_own(uobj, range, dir);
	if (!access.err) {
		access.uobj = uobj;
		atomic_inc(&uobj->accesses);
		if (dir != DMA_FROM_DEVICE)
			WRITE_ONCE(uobj->writer, current);
	}
	return access;
}
EXPORT_SYMBOL_GPL(gem_uma_object_access_begin);

/* Nobody would do later what a signal interrupts. */
static void gem_uma_object_clean(struct gem_uma_object *uobj, struct gem_uma_sync_range range)
{
	dma_resv_lock(uobj->base.resv, NULL);
	gem_uma_sync_finish_locked(&uobj->cpu_map, &uobj->dev_map, range, GEM_UMA_SYNC_CLEAN);
	gem_uma_object_sync_importers(uobj, false);
	dma_resv_unlock(uobj->base.resv);
}

/**
 * gem_uma_object_access_end() - the CPU has accessed an object
 * @access: the access; without effect if it never began or has ended
 *
 * Context: may sleep, uninterruptibly; takes resv, of the exporter for an import.
 */
void gem_uma_object_access_end(struct gem_uma_object_access *access)
{
	struct gem_uma_object *uobj = access->uobj;
	int ret = 0;

	if (!uobj)
		return;
	access->uobj = NULL;
	if (gem_uma_object_is_imported(uobj))
		ret = dma_buf_end_cpu_access(uobj->base.import_attach->dmabuf, access->dir);
	else if (access->dir != DMA_FROM_DEVICE)
		gem_uma_object_clean(uobj, access->range);
	if (ret)
		drm_dbg(uobj->base.dev, "the exporter may not have cleaned: %d\n", ret);
	if (access->dir != DMA_FROM_DEVICE)
		WRITE_ONCE(uobj->writer, NULL);
	atomic_dec(&uobj->accesses);
}
EXPORT_SYMBOL_GPL(gem_uma_object_access_end);

static struct gem_uma_sync_range gem_uma_object_all(const struct gem_uma_object *uobj)
{
	return (struct gem_uma_sync_range) { .size = uobj->base.size };
}

/*
 * Users of a dma-buf are about to access its memory. What they do only says for which jobs to
 * wait (uma-A2). Waits by itself: the core of dma-buf waits only when the caches have been
 * invalidated (uma-B2).
 */
int gem_uma_object_begin_cpu_access(struct gem_uma_object *uobj, enum dma_data_direction dir)
{
	return gem_uma_object_access_own(uobj, gem_uma_object_all(uobj), dir);
}

/* They have; what they only read has nothing to be cleaned. */
void gem_uma_object_end_cpu_access(struct gem_uma_object *uobj)
{
	gem_uma_object_clean(uobj, gem_uma_object_all(uobj));
}
