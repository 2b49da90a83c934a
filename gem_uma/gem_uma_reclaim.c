// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: on which list an object is.
 *
 * Owns the place of each object. Knows nothing of pages or mappings: ops->state does.
 * Locks: the object's resv for its place on the lists; list_lru's own locks, leaves.
 * Neighbours: the object above; scans, which take from the lists.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_reclaim.h>

#include "gem_uma_internal.h"
#include "gem_uma_reclaim_lists.h"

/**
 * DOC: Reclaim
 *
 * Each reclaimable object is on the list of its state. Lists are kept for each memory
 * cgroup and NUMA node, so a limit that is hit in one cgroup costs only that cgroup's
 * objects, and a protected cgroup keeps its own. A scan goes through the states from
 * cheap to costly.
 *
 * A scan only tries locks. Allocations happen under resv and end up here: a task that
 * reaches its limit while it populates an object holds that object's resv, and skips it.
 *
 * Using an object costs one store and no lock: it leaves a time stamp. A scan moves objects
 * that were used since they got their place to the end of the list. Of a sample of the
 * others it takes the one that was used longest ago.
 *
 * The list of an object may be outdated: munmap(), for instance, reports nothing. A scan
 * evaluates the state again when it picks an object. One that costs more than its list says
 * is filed anew instead.
 *
 * Objects whose content need not be kept come first: their memory is free at once, and
 * takes no swap space.
 *
 * Evicted objects stay on a list of their own while their pages are in memory. Objects that
 * were restored by less than half are there, too. That list comes next: pages that nobody
 * holds are written to swap before more objects are evicted. The same holds for the pages of
 * each object: what nobody holds of it is written before more of it is evicted.
 *
 * A scan may drop the last reference of an object. Freeing takes locks that must not be
 * taken inside of reclaim, so that last put is done by a work item.
 */

static struct kmem_cache *gem_uma_reclaim_primers;
static struct workqueue_struct *gem_uma_reclaim_wq;

/**
 * gem_uma_reclaim_module_init() - what all devices share
 *
 * Context: module init.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_reclaim_module_init(void)
{
	gem_uma_reclaim_primers = kmem_cache_create("gem_uma_reclaim_primer",
						    sizeof(struct list_head), 0,
						    SLAB_ACCOUNT, NULL);
	if (!gem_uma_reclaim_primers)
		return -ENOMEM;
	/* Memory waits for these puts. */
	gem_uma_reclaim_wq = alloc_workqueue("gem-uma-put",
					     WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!gem_uma_reclaim_wq) {
		kmem_cache_destroy(gem_uma_reclaim_primers);
		return -ENOMEM;
	}
	return 0;
}

/**
 * gem_uma_reclaim_module_exit() - undo gem_uma_reclaim_module_init()
 *
 * Context: module exit; no device is left.
 */
void gem_uma_reclaim_module_exit(void)
{
	destroy_workqueue(gem_uma_reclaim_wq);
	kmem_cache_destroy(gem_uma_reclaim_primers);
}

/**
 * gem_uma_reclaim_put_work() - drop the references that scans left
 * @work: put_work of a device
 *
 * Context: a worker; may sleep.
 */
void gem_uma_reclaim_put_work(struct work_struct *work)
{
	struct gem_uma_reclaim_device *rdev =
		container_of(work, struct gem_uma_reclaim_device, put_work);
	struct gem_uma_reclaim *reclaim, *next;

	llist_for_each_entry_safe(reclaim, next, llist_del_all(&rdev->puts), free)
		drm_gem_object_put(reclaim->obj);
}

/**
 * gem_uma_reclaim_put() - drop a reference without freeing
 * @reclaim: part of the object
 *
 * A last reference is left to the work item. The object can be picked again before that
 * has run, but not be put here a second time: its reference is still there.
 *
 * Context: inside of memory reclaim.
 */
void gem_uma_reclaim_put(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_reclaim_device *rdev = reclaim->rdev;

	if (refcount_dec_not_one(&reclaim->obj->refcount.refcount))
		return;
	if (llist_add(&reclaim->free, &rdev->puts))
		queue_work(gem_uma_reclaim_wq, &rdev->put_work);
}

static u64 gem_uma_reclaim_serial(struct mem_cgroup *memcg)
{
#if IS_ENABLED(CONFIG_MEMCG)
	return memcg ? memcg->css.serial_nr : 0;
#else
	return 0;
#endif
}

/*
 * list_lru allocates its lists for a cgroup when an element is allocated "for" it. The
 * function that does so directly is not exported, so one element is allocated for each
 * list, and freed. Once for each cgroup, and again only where several take turns.
 */
static int gem_uma_reclaim_prime(struct gem_uma_reclaim_device *rdev, struct mem_cgroup *memcg)
{
	u64 serial = gem_uma_reclaim_serial(memcg);
	unsigned int i;
	void *primer;

	if (READ_ONCE(rdev->primed) == serial)
		return 0;
	for (i = 0; i < GEM_UMA_RECLAIM_LISTS; i++) {
		primer = kmem_cache_alloc_lru(gem_uma_reclaim_primers, &rdev->lists[i],
					      GFP_KERNEL);
		if (!primer)
			return -ENOMEM;
		kmem_cache_free(gem_uma_reclaim_primers, primer);
	}
	WRITE_ONCE(rdev->primed, serial);
	return 0;
}

/**
 * gem_uma_reclaim_init() - make an object reclaimable
 * @reclaim: the part, zeroed
 * @udev: device with gem_uma_reclaim_device_init() done
 * @obj: object
 * @memcg: is charged for its pages; NULL without memory cgroups; outlives @reclaim
 * @ops: how to evict
 *
 * The object is on no list yet.
 *
 * Context: may sleep and reclaim; no resv needed.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_reclaim_init(struct gem_uma_reclaim *reclaim, struct gem_uma_device *udev,
			 struct drm_gem_object *obj, struct mem_cgroup *memcg,
			 const struct gem_uma_reclaim_ops *ops)
{
	struct mem_cgroup *old;
	int ret;

	old = set_active_memcg(memcg);
	ret = gem_uma_reclaim_prime(udev->reclaim, memcg);
	set_active_memcg(old);
	if (ret)
		return ret;
	INIT_LIST_HEAD(&reclaim->lru);
	reclaim->obj = obj;
	reclaim->ops = ops;
	reclaim->rdev = udev->reclaim;
	reclaim->memcg = memcg;
	reclaim->state = GEM_UMA_UNRECLAIMABLE;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_init);

/*
 * The list of a removed cgroup is its parent's. For the child, 6.12 would announce an object
 * to a cgroup for which no shrinker runs, and later kernels find lists by an id that the
 * next new cgroup may have.
 */
static void gem_uma_reclaim_unlist(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_reclaim_device *rdev = reclaim->rdev;

	if (reclaim->state == GEM_UMA_UNRECLAIMABLE)
		return;
	drm_WARN_ON_ONCE(rdev->udev->drm,
			 !list_lru_del(&rdev->lists[reclaim->state], &reclaim->lru,
				       reclaim->nid, gem_uma_online_memcg(reclaim->memcg)));
	atomic_long_dec(&rdev->objects);
	atomic_long_sub(reclaim->pages, &rdev->pages);
	WRITE_ONCE(reclaim->state, GEM_UMA_UNRECLAIMABLE);
}

/**
 * gem_uma_reclaim_fini() - take an object out of reclaim
 * @reclaim: the part; without effect if never initialized
 *
 * Context: does not sleep; the last reference is gone, no resv needed. No scan looks at
 * the object on return.
 */
void gem_uma_reclaim_fini(struct gem_uma_reclaim *reclaim)
{
	if (reclaim->rdev)
		gem_uma_reclaim_unlist(reclaim);
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_fini);

/**
 * gem_uma_reclaim_update_locked() - file the object by its present state
 * @reclaim: the part
 * @pages: resident pages
 * @nid: NUMA node they are on, for the most part; NUMA_NO_NODE: as before
 *
 * The layer above calls it when something changed that ops->state depends on. Moves
 * nothing if state, size and node are as before.
 *
 * Context: the object's resv held; does not sleep.
 */
void gem_uma_reclaim_update_locked(struct gem_uma_reclaim *reclaim, unsigned long pages,
				   int nid)
{
	struct gem_uma_reclaim_device *rdev = reclaim->rdev;
	enum gem_uma_reclaim_state state;

	dma_resv_assert_held(reclaim->obj->resv);
	if (nid == NUMA_NO_NODE)
		nid = reclaim->nid;
	state = reclaim->ops->state(reclaim);
	if (state == reclaim->state &&
	    (state == GEM_UMA_UNRECLAIMABLE || (pages == reclaim->pages && nid == reclaim->nid)))
		return;
	gem_uma_reclaim_unlist(reclaim);
	if (state == GEM_UMA_UNRECLAIMABLE)
		return;

	WRITE_ONCE(reclaim->state, state);
	reclaim->pages = pages;
	reclaim->nid = nid;
	reclaim->listed = ktime_get_mono_fast_ns();
	atomic_long_inc(&rdev->objects);
	atomic_long_add(pages, &rdev->pages);
	list_lru_add(&rdev->lists[state], &reclaim->lru, nid,
		     gem_uma_online_memcg(reclaim->memcg));
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_update_locked);
