// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: what it answers to reclaim.
 *
 * Decides which state an object is in and when that changed. Lock: the object's resv.
 * Neighbours: the parts below; the files of the object, which report changes here.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/gem_uma/gem_uma_object.h>

#include "gem_uma_object_internal.h"
#include "gem_uma_reclaim_lists.h"
#include "gem_uma_state.h"
#include "gem_uma_trace.h"

/**
 * DOC: On its way
 *
 * Some devices forget pages only when they have answered a request, as those behind a
 * queue. Reclaim waits for no answer: the worker that would receive it may need memory to
 * run. So the driver sends the request, and its &gem_uma_object_ops.evict returns
 * -EINPROGRESS. From then on the object is on no list, and no scan asks again. When the
 * device has answered, gem_uma_object_update() has a work item evict the object. Using it
 * first cancels that: then it takes its place on a list again.
 *
 * A scan takes as many objects as it was asked for pages, whether they leave at once or
 * later, and reports only what has left as freed. So while nothing has left, the core asks
 * for more than it needs, and where all that could be freed is on its way it finds nothing:
 * it looks some 16 times more before it invokes the OOM killer. A driver limits how many
 * requests it has under way, and refuses others with -EBUSY.
 */

/* They wait for resvs: apart from works that must not wait for these. */
static struct workqueue_struct *gem_uma_object_update_wq;

/* There is content, and losing it was allowed at creation. */
static bool gem_uma_object_is_discardable(const struct gem_uma_object *uobj)
{
	return uobj->flags & GEM_UMA_OBJECT_DISCARD_ON_RECLAIM &&
	       gem_uma_backing_has_content(&uobj->backing);
}

/* There is content, and it was declared as not needed. */
static bool gem_uma_object_is_purgeable(const struct gem_uma_object *uobj)
{
	return gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGEABLE &&
	       gem_uma_backing_has_content(&uobj->backing);
}

/* Published for whoever looks without resv. */
static unsigned int gem_uma_object_publish_mapped(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	unsigned int mapped = uobj->ops->dev_mapped ? uobj->ops->dev_mapped(uobj) : 0;

	WRITE_ONCE(uobj->dev_mapped, mapped);
	return mapped;
}

/* Devices of importers count as one more address space. */
static unsigned int gem_uma_object_mapped(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	return gem_uma_object_publish_mapped(uobj) + !list_empty(&uobj->importers);
}

static enum gem_uma_reclaim_state gem_uma_object_state(struct gem_uma_reclaim *reclaim)
	__must_hold(reclaim->obj->resv)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);
	unsigned long cached = gem_uma_backing_in_memory(&uobj->backing);
	unsigned long resident = gem_uma_backing_resident(&uobj->backing);
	struct gem_uma_state_facts facts = {
		.leaving = uobj->leaving,
		.discardable = gem_uma_object_is_discardable(uobj),
		.purgeable = gem_uma_object_is_purgeable(uobj),
		.clean = gem_uma_backing_is_clean(&uobj->backing),
		.resident = resident,
		.leftover = cached > resident ? cached - resident : 0,
		.pins = atomic_read(&uobj->backing.pins),
		.mmaps = gem_uma_cpu_map_mmaps(&uobj->cpu_map),
		.dev_mapped = gem_uma_object_mapped(uobj),
	};

	return gem_uma_state_decide(&facts);
}

/**
 * gem_uma_object_pages() - numbers of pages of an object
 * @uobj: object
 *
 * Context: any; a snapshot without resv.
 *
 * Return: the numbers. An import is resident as long as it exists: the exporter holds its
 * pages for us.
 */
struct gem_uma_client_pages gem_uma_object_pages(const struct gem_uma_object *uobj)
{
	if (gem_uma_object_is_imported(uobj))
		return (struct gem_uma_client_pages) {
			.resident = uobj->base.size >> PAGE_SHIFT,
		};
	return (struct gem_uma_client_pages) {
		.resident = gem_uma_backing_resident(&uobj->backing),
		.evicted = gem_uma_backing_evicted(&uobj->backing),
		.purgeable = gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGEABLE ?
			     gem_uma_backing_resident(&uobj->backing) : 0,
		.evicted_total = gem_uma_backing_evicted_total(&uobj->backing),
		.restored_total = gem_uma_backing_restored_total(&uobj->backing),
	};
}

static void gem_uma_object_count_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	struct gem_uma_client_pages now;

	dma_resv_assert_held(uobj->base.resv);
	now = gem_uma_object_pages(uobj);
	gem_uma_client_list_update(&uobj->files, &now);
}

/*
 * Importers that cannot be asked have a pin. Whether the others have given back what they had
 * mapped is seen, not believed: some do it later. Those of one dma-buf are asked at a time;
 * there is seldom a second one of an object.
 */
static bool gem_uma_object_importers_leave(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	struct gem_uma_object_importer *importer =
		list_first_entry_or_null(&uobj->importers, struct gem_uma_object_importer, link);

	if (importer)
		dma_buf_invalidate_mappings(importer->attach->dmabuf);
	return list_empty(&uobj->importers);
}

/*
 * Fences come first: BOOKKEEP, because explicit submission registers nothing else
 * (panthor-87). Devices come next.
 */
static int gem_uma_object_leave_device(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	int ret;

	if (atomic_read(&uobj->backing.pins))
		return -EBUSY;
	if (!dma_resv_test_signaled(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return -EBUSY;
	if (!gem_uma_object_importers_leave(uobj))
		return -EBUSY;
	/* Importers may have added fences, until which they access the memory. */
	if (!dma_resv_test_signaled(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return -EBUSY;
	ret = uobj->ops->evict ? uobj->ops->evict(uobj) : 0;
	uobj->leaving = ret == -EINPROGRESS;
	return ret;
}

/**
 * gem_uma_object_vacate_locked() - take away all mappings of the pages
 * @uobj: object with pages of its own
 *
 * CPU mappings go when nothing can fail any more: failed attempts would cost everybody
 * faults (panthor-47).
 *
 * Context: the object's resv held. Waits for nothing, if importers do not; callable from
 * reclaim.
 *
 * Return: 0; -EBUSY if the object is pinned or in use, if an importer keeps it, or if a lock
 * of the driver is taken; -EINPROGRESS if it is on its way; errors of
 * &gem_uma_object_ops.evict. On error the object is as before, or less mapped.
 */
int gem_uma_object_vacate_locked(struct gem_uma_object *uobj)
{
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = gem_uma_object_leave_device(uobj);
	if (ret)
		return ret;
	gem_uma_cpu_map_zap_locked(&uobj->cpu_map);
	gem_uma_dev_map_drop_locked(&uobj->dev_map);
	return 0;
}

/*
 * Chunks that no fault used since the last look, from where the last look ended. Until all
 * were looked at twice: the first look takes note.
 */
static unsigned long gem_uma_object_evict_chunks(struct gem_uma_object *uobj,
						 unsigned long nr_pages)
	__must_hold(uobj->base.resv)
{
	struct gem_uma_backing *b = &uobj->backing;
	struct gem_uma_extent chunk;
	unsigned long pages = 0;
	unsigned int wraps = 0;

	gem_uma_dev_map_drop_locked(&uobj->dev_map);
	while (pages < nr_pages && wraps < 3) {
		if (!gem_uma_backing_next_chunk_locked(b, uobj->next_chunk, &chunk)) {
			uobj->next_chunk = 0;
			wraps++;
			continue;
		}
		uobj->next_chunk = chunk.end;
		if (gem_uma_cpu_map_test_used_locked(&uobj->cpu_map, &chunk))
			continue;
		gem_uma_cpu_map_zap_chunk_locked(&uobj->cpu_map, &chunk);
		pages += gem_uma_backing_release_chunk_locked(b, &chunk);
	}
	return pages;
}

/* The device needs all of what it maps, so it loses all. The CPU goes on with the rest. */
static long gem_uma_object_evict(struct gem_uma_reclaim *reclaim, unsigned long nr_pages)
	__must_hold(reclaim->obj->resv)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);
	unsigned long resident = gem_uma_backing_resident(&uobj->backing);
	bool whole = nr_pages >= resident || gem_uma_object_mapped(uobj);
	unsigned long pages;
	int ret;

	/* Objects that were evicted before are looked at again. */
	if (!resident)
		return 0;
	ret = whole ? gem_uma_object_vacate_locked(uobj) : gem_uma_object_leave_device(uobj);
	if (ret)
		return ret;
	pages = whole ? gem_uma_backing_release_locked(&uobj->backing) :
			gem_uma_object_evict_chunks(uobj, nr_pages);
	gem_uma_object_count_locked(uobj);
	return pages;
}

static unsigned long gem_uma_object_writeback(struct gem_uma_reclaim *reclaim,
					      unsigned long nr_pages)
	__must_hold(reclaim->obj->resv)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);
	unsigned long pages = gem_uma_backing_writeback_locked(&uobj->backing, nr_pages);

	/* The file finds out only now that the system dropped clean pages. */
	gem_uma_object_count_locked(uobj);
	return pages;
}

static u32 gem_uma_object_weight(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);

	return uobj->ops->weight(uobj);
}

static long gem_uma_object_purge(struct gem_uma_reclaim *reclaim)
	__must_hold(reclaim->obj->resv)
{
	struct gem_uma_object *uobj = container_of(reclaim, struct gem_uma_object, reclaim);
	bool needed = !gem_uma_object_is_purgeable(uobj) && !gem_uma_object_is_discardable(uobj);
	unsigned long pages;
	int ret;

	/* Before unmapping: a refusal must not cost everybody faults. */
	if (!gem_uma_backing_can_purge_locked(&uobj->backing))
		return -EBUSY;
	ret = gem_uma_object_vacate_locked(uobj);
	if (ret)
		return ret;
	/*
	 * Stores that only the CPU's page tables knew of until now have to be kept. What
	 * this list gives up counts as gone from memory, so only file the object anew.
	 */
	if (needed && !gem_uma_backing_is_clean(&uobj->backing))
		return 0;
	pages = gem_uma_backing_purge_locked(&uobj->backing);
	trace_gem_uma_purge(&uobj->base, pages,
			    gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGED);
	gem_uma_object_count_locked(uobj);
	return pages;
}

/**
 * gem_uma_object_wait_idle() - wait for the jobs that use an object
 * @uobj: object, of which the caller has a reference
 * @user: any signal may end the wait; else only one that kills
 *
 * A job can wait for another one, and that for who wants a resv. So nobody waits under one.
 *
 * Context: may sleep; no resv held.
 *
 * Return: 0; -ERESTARTSYS for a signal to a @user, -EINTR if another one is being killed.
 */
int gem_uma_object_wait_idle(struct gem_uma_object *uobj, bool user)
{
	long ret;

	/* There is no killable wait for a resv. */
	do {
		ret = dma_resv_wait_timeout(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP, user,
					    user ? MAX_SCHEDULE_TIMEOUT : HZ / 10);
		if (!ret && fatal_signal_pending(current))
			return -EINTR;
	} while (!ret);
	return min(ret, 0L);
}

/**
 * gem_uma_object_make_room_locked() - evict pages of an object for others of its own
 * @uobj: object with pages of its own
 *
 * For who populates for the CPU at a memory limit: with resv held nobody else can take
 * pages of the object, which may be all that the limit allows. What no device needs at
 * once works so, however large, as with tmpfs.
 *
 * Context: the object's resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0 if pages have left memory, or are on their way; -ENOMEM if none could; -EBUSY
 * while jobs use the object: gem_uma_object_wait_idle() comes first, without the resv.
 */
int gem_uma_object_make_room_locked(struct gem_uma_object *uobj)
{
	struct gem_uma_backing *b = &uobj->backing;
	unsigned long before, nr_pages;

	dma_resv_assert_held(uobj->base.resv);
	if (!dma_resv_test_signaled(uobj->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return -EBUSY;
	before = gem_uma_backing_in_memory(b);
	/* All of it is zero, if nobody has written to it through a mapping. */
	if (gem_uma_backing_is_clean(b) && gem_uma_object_purge(&uobj->reclaim) > 0)
		return 0;
	if (!gem_uma_reclaim_can_swap(b->memcg))
		return -ENOMEM;
	/* It takes the core long to find out that there is no memory. */
	nr_pages = max(gem_uma_backing_resident(b) / 4, GEM_UMA_BACKING_CHUNK);
	gem_uma_object_evict(&uobj->reclaim, nr_pages);
	gem_uma_object_writeback(&uobj->reclaim, nr_pages);
	return gem_uma_backing_in_memory(b) < before ? 0 : -ENOMEM;
}

const struct gem_uma_reclaim_ops gem_uma_object_reclaim_ops = {
	.purge = gem_uma_object_purge,
	.writeback = gem_uma_object_writeback,
	.state = gem_uma_object_state,
	.evict = gem_uma_object_evict,
};

/* A table of its own, so that a look at an object without a policy makes no call. */
const struct gem_uma_reclaim_ops gem_uma_object_weighed_ops = {
	.purge = gem_uma_object_purge,
	.writeback = gem_uma_object_writeback,
	.state = gem_uma_object_state,
	.evict = gem_uma_object_evict,
	.weight = gem_uma_object_weight,
};

/**
 * gem_uma_object_update_locked() - something changed that reclaim depends on
 * @uobj: object
 *
 * The driver calls it after its page tables got or lost pages of the object.
 *
 * Context: the object's resv held; does not sleep.
 */
void gem_uma_object_update_locked(struct gem_uma_object *uobj)
{
	int nid;

	dma_resv_assert_held(uobj->base.resv);
	if (gem_uma_object_is_imported(uobj)) {
		gem_uma_object_publish_mapped(uobj);
		return;
	}
	/* Evicted pages that are not yet in swap are still where they were. */
	nid = gem_uma_backing_resident(&uobj->backing) ?
	      gem_uma_backing_nid_locked(&uobj->backing) : NUMA_NO_NODE;
	gem_uma_object_count_locked(uobj);
	gem_uma_reclaim_update_locked(&uobj->reclaim,
				      gem_uma_backing_in_memory(&uobj->backing), nid);
}
EXPORT_SYMBOL_GPL(gem_uma_object_update_locked);

/* The device has answered: go on as a scan would. */
static void gem_uma_object_go_on_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	struct gem_uma_reclaim *reclaim = &uobj->reclaim;
	enum gem_uma_reclaim_state state;

	dma_resv_assert_held(uobj->base.resv);
	uobj->leaving = false;
	state = gem_uma_object_state(reclaim);
	if (state == GEM_UMA_UNRECLAIMABLE)
		return;
	if (state < GEM_UMA_EVICTED)
		gem_uma_object_purge(reclaim);
	else
		gem_uma_object_evict(reclaim, ULONG_MAX);
}

/**
 * gem_uma_object_update_work() - what gem_uma_object_update() leaves to a worker
 * @work: update_work of an object
 *
 * Context: a worker; may sleep, takes resv.
 */
void gem_uma_object_update_work(struct work_struct *work)
{
	struct gem_uma_object *uobj = container_of(work, struct gem_uma_object, update_work);
	struct drm_device *drm = uobj->udev->drm;
	struct module *owner = drm->driver->fops->owner;
	int modules = atomic_xchg(&uobj->update_modules, 0);

	dma_resv_lock(uobj->base.resv, NULL);
	/* The exporter of an import goes on with it when it is its turn again. */
	if (gem_uma_object_is_imported(uobj))
		uobj->leaving = false;
	else if (uobj->leaving)
		gem_uma_object_go_on_locked(uobj);
	gem_uma_object_update_locked(uobj);
	dma_resv_unlock(uobj->base.resv);
	drm_gem_object_put(&uobj->base);
	drm_dev_put(drm);
	while (modules--)
		module_put(owner);
}

/*
 * The work item needs the driver's code. A module that is being unloaded flushes, and so need
 * not be held.
 */
static bool gem_uma_object_queue_update(struct gem_uma_object *uobj)
{
	if (try_module_get(uobj->udev->drm->driver->fops->owner))
		atomic_inc(&uobj->update_modules);
	return queue_work(gem_uma_object_update_wq, &uobj->update_work);
}

/**
 * gem_uma_object_update() - something changed that reclaim depends on
 * @uobj: object, of which the caller has a reference
 *
 * For those who hold no resv and cannot wait for it, as whoever receives the answers of a
 * device. A work item calls gem_uma_object_update_locked() later. If the object is on its
 * way, that goes on: see &gem_uma_object_ops.evict.
 *
 * Context: any, interrupts included.
 */
void gem_uma_object_update(struct gem_uma_object *uobj)
{
	struct drm_device *drm = uobj->udev->drm;

	drm_dev_get(drm);
	drm_gem_object_get(&uobj->base);
	if (gem_uma_object_queue_update(uobj))
		return;
	drm_gem_object_put(&uobj->base);
	drm_dev_put(drm);
}
EXPORT_SYMBOL_GPL(gem_uma_object_update);

/**
 * gem_uma_object_put_later() - drop a reference without freeing
 * @uobj: object
 *
 * A last reference is left to the work item, which has one while it is queued.
 *
 * Context: any, memory reclaim included.
 */
void gem_uma_object_put_later(struct gem_uma_object *uobj)
{
	struct drm_device *drm = uobj->udev->drm;

	while (!refcount_dec_not_one(&uobj->base.refcount.refcount)) {
		drm_dev_get(drm);
		if (gem_uma_object_queue_update(uobj))
			return;
		drm_dev_put(drm);
	}
}

/**
 * gem_uma_object_flush_updates() - wait for what was left to work items
 *
 * Context: may sleep; no resv held.
 */
void gem_uma_object_flush_updates(void)
{
	flush_workqueue(gem_uma_object_update_wq);
}

/**
 * gem_uma_object_module_init() - what all objects share
 *
 * Context: module init.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_object_module_init(void)
{
	/* Memory waits for them. */
	gem_uma_object_update_wq = alloc_workqueue("gem-uma-update",
						   WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	return gem_uma_object_update_wq ? 0 : -ENOMEM;
}

/**
 * gem_uma_object_module_exit() - undo gem_uma_object_module_init()
 *
 * Context: module exit; no device is left.
 */
void gem_uma_object_module_exit(void)
{
	destroy_workqueue(gem_uma_object_update_wq);
}
