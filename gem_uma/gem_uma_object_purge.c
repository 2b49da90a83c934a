// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: content that its owner can do without.
 *
 * Owns no state: the backing keeps what the owner declared. Lock: the object's resv.
 * Neighbours: backing below, the object's answers to reclaim beside it.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/sched/signal.h>

#include <drm/drm_prime.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <kunit/visibility.h>

#include "gem_uma_object_internal.h"
#include "gem_uma_range.h"

/**
 * DOC: Purge
 *
 * An owner that can do without the content of an object says so in one of three ways:
 *
 * - It does not need the object now (gem_uma_object_advise()). The object can still be
 *   used, at the risk that reclaim purges it. Declaring it needed again returns whether the
 *   content is still there. A purged object stays purged: CPU access is SIGBUS, and a job,
 *   a pin, a kernel mapping or an import is -EFAULT. A job that was queued before never
 *   meets that: reclaim waits for its fence.
 * - It wants a range to be zero from now on (gem_uma_object_discard()). Memory and swap
 *   space are free at once.
 * - It allows reclaim to zero the whole object while no job uses it
 *   (GEM_UMA_OBJECT_DISCARD_ON_RECLAIM). The object stays usable, and never takes swap
 *   space.
 *
 * Pins hold against all of them: an object that is pinned, mapped by the kernel or attached
 * by an importer keeps its pages. An exported object cannot be declared as not needed: its
 * content is not the caller's alone, and an importer must not find it purged.
 */

/**
 * gem_uma_object_advise() - is the content of an object needed?
 * @uobj: object
 * @needed: false allows reclaim to purge the object
 * @retained: result: is it still there?
 *
 * Context: may sleep; takes resv.
 *
 * Return: 0, also for a purged object; -EPERM for an import; -EBUSY for an object that was
 * exported and is declared as not needed; -EINTR on a signal.
 */
int gem_uma_object_advise(struct gem_uma_object *uobj, bool needed, bool *retained)
{
	int ret;

	if (gem_uma_object_is_imported(uobj))
		return -EPERM;
	ret = dma_resv_lock_interruptible(uobj->base.resv, NULL);
	if (ret)
		return ret;
	if (!needed && uobj->exported) {
		ret = -EBUSY;
	} else {
		*retained = gem_uma_backing_advise_locked(&uobj->backing, needed);
		gem_uma_object_update_locked(uobj);
	}
	dma_resv_unlock(uobj->base.resv);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_advise);

/**
 * gem_uma_object_discard_locked() - throw the content of a range away
 * @uobj: object
 * @offset: bytes, a multiple of the page size
 * @size: bytes, a multiple of the page size, not 0
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0; -EINVAL for a bad range; -EPERM for an import; -EBUSY if it is pinned;
 * -EAGAIN if it is in use just now; or as gem_uma_backing_discard_locked().
 */
int gem_uma_object_discard_locked(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	struct gem_uma_extent e;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	if (!PAGE_ALIGNED(offset | size))
		return -EINVAL;
	ret = gem_uma_range_to_pages(uobj->base.size, offset, size, &e);
	if (ret)
		return ret;
	if (gem_uma_object_is_imported(uobj))
		return -EPERM;
	if (gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGED)
		return -EFAULT;
	if (atomic_read(&uobj->backing.pins))
		return -EBUSY;
	ret = gem_uma_object_vacate_locked(uobj);
	if (!ret)
		ret = gem_uma_backing_discard_locked(&uobj->backing, e.start, e.end);
	else if (ret == -EBUSY || ret == -EINPROGRESS)
		ret = -EAGAIN;
	gem_uma_object_update_locked(uobj);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_object_discard_locked);

/**
 * gem_uma_object_discard() - throw the content of a range away when the object is idle
 * @uobj: object
 * @offset: bytes, a multiple of the page size
 * @size: bytes, a multiple of the page size, not 0
 *
 * Waits for the jobs that use the object.
 *
 * Context: may sleep; takes resv.
 *
 * Return: 0, -ERESTARTSYS or -EINTR on a signal, or as gem_uma_object_discard_locked(), but
 * never -EAGAIN.
 */
int gem_uma_object_discard(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	struct dma_resv *resv = uobj->base.resv;
	long ret;

	for (;;) {
		ret = dma_resv_lock_interruptible(resv, NULL);
		if (ret)
			return ret;
		ret = gem_uma_object_discard_locked(uobj, offset, size);
		dma_resv_unlock(resv);
		if (ret != -EAGAIN)
			return ret;
		/* Without the lock: a job that has to come first may need it. */
		ret = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, true,
					    MAX_SCHEDULE_TIMEOUT);
		if (ret < 0)
			return ret;
		if (signal_pending(current))
			return -ERESTARTSYS;
		/* Page tables may be in use, or the device may have to answer: both are short. */
		fsleep(100);
	}
}
EXPORT_SYMBOL_GPL(gem_uma_object_discard);

/**
 * gem_uma_object_share_locked() - others are about to rely on the content
 * @uobj: object
 *
 * It holds also if the export then fails.
 *
 * Context: resv held; does not sleep.
 *
 * Return: 0, -EFAULT for a purged object, -EBUSY for one that is declared as not needed.
 */
int gem_uma_object_share_locked(struct gem_uma_object *uobj)
{
	dma_resv_assert_held(uobj->base.resv);
	switch (gem_uma_backing_content(&uobj->backing)) {
	case GEM_UMA_CONTENT_PURGED:
		return -EFAULT;
	case GEM_UMA_CONTENT_PURGEABLE:
		return -EBUSY;
	default:
		uobj->exported = true;
		return 0;
	}
}

/**
 * gem_uma_object_share() - others are about to rely on the content
 * @uobj: object
 *
 * For drivers that export in a way of their own, before there is a dma-buf.
 *
 * Context: tries resv. PRIME calls with a lock held that all files of the device need, and
 * whoever owns the object decides how long its resv is held: drmIoctl() repeats the call.
 *
 * Return: as gem_uma_object_share_locked(); -EAGAIN while somebody else has resv.
 */
int gem_uma_object_share(struct gem_uma_object *uobj)
{
	int ret;

	if (!dma_resv_trylock(uobj->base.resv))
		return -EAGAIN;
	ret = gem_uma_object_share_locked(uobj);
	dma_resv_unlock(uobj->base.resv);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_share);

/**
 * gem_uma_object_export() - &drm_gem_object_funcs.export for objects that can be purged
 * @obj: object
 * @flags: O_*
 *
 * Context: may sleep; tries resv.
 *
 * The core's dma-bufs have no beginning and end of CPU access: see DEFINE_GEM_UMA_PRIME().
 *
 * Return: the dma-buf, or an ERR_PTR: -EOPNOTSUPP for memory that is cached on a device that
 * does not snoop, or as from gem_uma_object_share() or drm_gem_prime_export().
 */
struct dma_buf *gem_uma_object_export(struct drm_gem_object *obj, int flags)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	int ret;

	if (!uobj->udev->coherent && uobj->cpu_map.mode != GEM_UMA_CACHE_WC)
		return ERR_PTR(-EOPNOTSUPP);
	ret = gem_uma_object_share(uobj);
	return ret ? ERR_PTR(ret) : drm_gem_prime_export(obj, flags);
}
EXPORT_SYMBOL_GPL(gem_uma_object_export);
