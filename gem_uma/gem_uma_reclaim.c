// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: which objects lose their pages, in what order, on whose behalf.
 *
 * Owns the lists of reclaimable objects and the shrinker. Knows nothing of pages or
 * mappings: ops->state and ops->evict do. Locks: the object's resv for its place on
 * the lists; list_lru's own locks, leaves. Neighbour: the object above.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/drm_gem.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_reclaim.h>

#include "gem_uma_reclaim_lists.h"

/**
 * DOC: Reclaim
 *
 * Each reclaimable object is on the list of its state. Lists are kept for each memory
 * cgroup and NUMA node, so a limit that is hit in one cgroup costs only that cgroup's
 * objects, and a protected cgroup keeps its own. A scan goes through the states from
 * cheap to costly.
 *
 * Everything in a scan is a trylock. Allocations happen under resv and end up here: a
 * task that runs into its limit while it populates an object holds that object's resv,
 * and skips it.
 *
 * Use costs one store, not a lock: it leaves a time stamp. A scan moves objects that
 * were used since they got their place to the end of the list, and takes the one that
 * was used longest ago from a sample of the others.
 *
 * What the lists say may be outdated: munmap(), for instance, tells nobody. State is
 * evaluated again when a scan picks an object, and one that turns out costlier than
 * the list it was on is filed anew instead.
 *
 * Evicted objects stay on a list of their own while their pages are in memory. That
 * list comes first: what was let go is written to swap before more is evicted.
 *
 * A scan may drop the last reference of an object. Freeing takes locks that must not be
 * taken inside of reclaim, so that last put is done by a work item.
 */

/* One stage of a scan; a table, so that a new one is a line. */
struct gem_uma_reclaim_stage {
	enum gem_uma_reclaim_state list;
	/* Content survives only where there is swap space to take it. */
	bool needs_swap;
	/* Starts I/O by itself. */
	bool needs_io;
};

static const struct gem_uma_reclaim_stage gem_uma_reclaim_stages[] = {
	{ .list = GEM_UMA_EVICTED, .needs_swap = true, .needs_io = true },
	{ .list = GEM_UMA_UNUSED, .needs_swap = true },
	{ .list = GEM_UMA_CPU_MAPPED, .needs_swap = true },
	{ .list = GEM_UMA_DEV_MAPPED, .needs_swap = true },
};

static struct kmem_cache *gem_uma_reclaim_nodes;
static struct workqueue_struct *gem_uma_reclaim_wq;

/* Objects that one scan may look at in vain, in each stage. */
#define GEM_UMA_RECLAIM_PATIENCE	64

/**
 * gem_uma_reclaim_module_init() - what all devices share
 *
 * Context: module init.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_reclaim_module_init(void)
{
	gem_uma_reclaim_nodes = KMEM_CACHE(gem_uma_reclaim_node, SLAB_ACCOUNT);
	if (!gem_uma_reclaim_nodes)
		return -ENOMEM;
	/* Memory waits for these puts. */
	gem_uma_reclaim_wq = alloc_workqueue("gem-uma-put",
					     WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!gem_uma_reclaim_wq) {
		kmem_cache_destroy(gem_uma_reclaim_nodes);
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
	kmem_cache_destroy(gem_uma_reclaim_nodes);
}

static void gem_uma_reclaim_put_work(struct work_struct *work)
{
	struct gem_uma_reclaim_device *rdev =
		container_of(work, struct gem_uma_reclaim_device, put_work);
	struct gem_uma_reclaim *reclaim, *next;

	llist_for_each_entry_safe(reclaim, next, llist_del_all(&rdev->puts), free)
		drm_gem_object_put(reclaim->obj);
}

/*
 * Put without freeing: a last reference is left to the work item. The object can be
 * picked again before that has run, but not be put here a second time: its reference
 * is still there.
 */
static void gem_uma_reclaim_put(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_reclaim_device *rdev = reclaim->rdev;

	if (refcount_dec_not_one(&reclaim->obj->refcount.refcount))
		return;
	if (llist_add(&reclaim->free, &rdev->puts))
		queue_work(gem_uma_reclaim_wq, &rdev->put_work);
}

/* Objects compared with each other to find the one used longest ago. */
#define GEM_UMA_RECLAIM_SAMPLE	16

/* One walk over a list. */
struct gem_uma_reclaim_pick {
	/* What was taken off the list, with resv and a reference held. */
	struct gem_uma_reclaim *found;
	/* Used longest ago so far. */
	struct gem_uma_reclaim *best;
	unsigned int sampled;
	unsigned long seen;
	/* How many to look at: this happens under a spinlock. */
	unsigned long limit;
	/* The walker's own count: setting it to 0 ends the walk. */
	unsigned long nr_to_walk;
};

/*
 * Take the best off the list. resv before reference: until gem_uma_reclaim_fini() has
 * taken the node off the list, for which it needs the lock that we hold, the object
 * stays; and a reference that turned out to be the last could not be dropped here.
 */
static bool gem_uma_reclaim_take(struct gem_uma_reclaim_pick *pick,
				 struct list_lru_one *list)
	__context_unsafe("resv stays held if true is returned")
{
	struct drm_gem_object *obj = pick->best->obj;

	if (!dma_resv_trylock(obj->resv))
		return false;
	if (!kref_get_unless_zero(&obj->refcount)) {
		dma_resv_unlock(obj->resv);
		return false;
	}
	list_lru_isolate(list, &pick->best->node->lru);
	pick->found = pick->best;
	return true;
}

/* Called for each object of a list, under the lock of the list. */
static enum lru_status gem_uma_reclaim_pick_cb(struct list_head *item,
					       struct list_lru_one *list, void *arg)
{
	struct gem_uma_reclaim *reclaim =
		list_entry(item, struct gem_uma_reclaim_node, lru)->reclaim;
	struct gem_uma_reclaim_pick *pick = arg;
	u64 used = READ_ONCE(reclaim->used);
	bool last;

	last = ++pick->seen >= min_t(unsigned long, list->nr_items, pick->limit);
	/*
	 * The end, but not by LRU_STOP: who releases the list's lock then depends on the
	 * kernel. What was rotated must not be met again in the same walk.
	 */
	if (last)
		pick->nr_to_walk = 0;
	if (used > reclaim->listed || dma_resv_is_locked(reclaim->obj->resv)) {
		reclaim->listed = max(used, reclaim->listed);
		if (!last || !pick->best)
			return LRU_ROTATE;
	} else {
		if (!pick->best || used < READ_ONCE(pick->best->used))
			pick->best = reclaim;
		pick->sampled++;
	}
	if (!last && pick->sampled < GEM_UMA_RECLAIM_SAMPLE)
		return LRU_SKIP;
	pick->nr_to_walk = 0;
	/*
	 * The best may be one that the walk has passed. The walker only counts what is
	 * removed; which one it was is the same to it. If it got locked, or is being
	 * freed, just now: look again from the start.
	 */
	return gem_uma_reclaim_take(pick, list) ? LRU_REMOVED : LRU_SKIP;
}

/* What a scan is to do, and where. */
struct gem_uma_reclaim_scan {
	struct gem_uma_reclaim_device *rdev;
	struct mem_cgroup *memcg;
	int nid;
	gfp_t gfp;
	unsigned long nr_pages;
	unsigned long freed;
	/* Objects that may still be looked at in vain. */
	unsigned long budget;
};

/* Take an object, with its resv and a reference, or NULL; @seen tells how many were. */
static struct gem_uma_reclaim *
gem_uma_reclaim_next(struct gem_uma_reclaim_scan *scan, enum gem_uma_reclaim_state list,
		     unsigned long *seen)
{
	struct gem_uma_reclaim_device *rdev = scan->rdev;
	struct gem_uma_reclaim_pick pick = {
		.limit = scan->budget,
		.nr_to_walk = scan->budget,
	};

	list_lru_walk_one(&rdev->lists[list], scan->nid, scan->memcg,
			  gem_uma_reclaim_pick_cb, &pick, &pick.nr_to_walk);
	*seen = pick.seen;
	scan->budget -= min(scan->budget, pick.seen);
	if (pick.found) {
		atomic_long_dec(&rdev->objects);
		atomic_long_sub(pick.found->pages, &rdev->pages);
		pick.found->state = GEM_UMA_UNRECLAIMABLE;
	}
	return pick.found;
}

/* Returns pages let go or on their way, 0 for none, negative if the object is busy. */
static long gem_uma_reclaim_act(struct gem_uma_reclaim_scan *scan,
				struct gem_uma_reclaim *reclaim,
				enum gem_uma_reclaim_state list)
{
	/* What the list said may be outdated: then only file the object anew. */
	if (reclaim->ops->state(reclaim) > list)
		return 0;
	if (list == GEM_UMA_EVICTED)
		return reclaim->ops->writeback(reclaim, scan->nr_pages - scan->freed);
	return reclaim->ops->evict(reclaim);
}

/*
 * Reclaim one object of a list. Returns pages let go, 0 when looking again may help, or
 * -ENOENT when the list is empty.
 */
static long gem_uma_reclaim_one(struct gem_uma_reclaim_scan *scan,
				enum gem_uma_reclaim_state list)
{
	struct gem_uma_reclaim *reclaim;
	unsigned long seen, left;
	long ret;

	reclaim = gem_uma_reclaim_next(scan, list, &seen);
	if (!reclaim)
		return seen ? 0 : -ENOENT;

	dma_resv_assert_held(reclaim->obj->resv);
	ret = gem_uma_reclaim_act(scan, reclaim, list);
	/* Or it would be picked again before all others. */
	if (ret <= 0)
		gem_uma_reclaim_mark_used(reclaim);
	left = ret > 0 && list == GEM_UMA_EVICTED ?
	       reclaim->pages - min_t(unsigned long, ret, reclaim->pages) : reclaim->pages;
	gem_uma_reclaim_update_locked(reclaim, left, reclaim->nid);
	dma_resv_unlock(reclaim->obj->resv);
	gem_uma_reclaim_put(reclaim);
	return max(ret, 0L);
}

/*
 * Is there swap space for a cgroup's memory? What cannot be swapped must not be evicted:
 * it would only be faulted in again. The core's own function is not exported.
 */
static bool gem_uma_reclaim_can_swap(struct mem_cgroup *memcg)
{
	if (get_nr_swap_pages() <= 0)
		return false;
#if IS_ENABLED(CONFIG_MEMCG) && IS_ENABLED(CONFIG_SWAP)
	if (mem_cgroup_disabled() || !cgroup_subsys_on_dfl(memory_cgrp_subsys))
		return true;
	/* The root has no limit. */
	for (; memcg && parent_mem_cgroup(memcg); memcg = parent_mem_cgroup(memcg))
		if (page_counter_read(&memcg->swap) >= READ_ONCE(memcg->swap.max))
			return false;
#endif
	return true;
}

static bool gem_uma_reclaim_stage_can_run(const struct gem_uma_reclaim_stage *stage,
					  struct mem_cgroup *memcg, gfp_t gfp)
{
	if (stage->needs_io && !(gfp & __GFP_IO))
		return false;
	return !stage->needs_swap || gem_uma_reclaim_can_swap(memcg);
}

static unsigned long gem_uma_reclaim_scan(struct gem_uma_reclaim_scan *scan)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gem_uma_reclaim_stages); i++) {
		const struct gem_uma_reclaim_stage *stage = &gem_uma_reclaim_stages[i];
		long ret = 0;

		if (!gem_uma_reclaim_stage_can_run(stage, scan->memcg, scan->gfp))
			continue;
		scan->budget = GEM_UMA_RECLAIM_PATIENCE;
		while (scan->freed < scan->nr_pages && scan->budget && ret != -ENOENT) {
			ret = gem_uma_reclaim_one(scan, stage->list);
			if (ret > 0) {
				scan->freed += ret;
				/* Looks in vain are what is limited. */
				scan->budget = GEM_UMA_RECLAIM_PATIENCE;
			}
		}
	}
	return scan->freed;
}

static unsigned long gem_uma_reclaim_count_objects(struct shrinker *shrinker,
						   struct shrink_control *sc)
{
	struct gem_uma_reclaim_device *rdev = shrinker->private_data;
	unsigned long objects = 0, all, pages;
	bool blocked = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gem_uma_reclaim_stages); i++) {
		const struct gem_uma_reclaim_stage *stage = &gem_uma_reclaim_stages[i];

		if (gem_uma_reclaim_stage_can_run(stage, sc->memcg, sc->gfp_mask))
			objects += list_lru_shrink_count(&rdev->lists[stage->list], sc);
		else
			blocked = true;
	}
	/* With swap gone there may be something later: do not forget this cgroup. */
	if (!objects)
		return blocked ? 0 : SHRINK_EMPTY;

	/*
	 * list_lru counts objects, the core wants pages: taken from the mean of the
	 * device. Only the effort follows from it, not what is evicted.
	 */
	all = max(atomic_long_read(&rdev->objects), 1);
	pages = max(atomic_long_read(&rdev->pages), 1);
	return max(mult_frac(objects, pages, all), 1UL);
}

static unsigned long gem_uma_reclaim_scan_objects(struct shrinker *shrinker,
						  struct shrink_control *sc)
{
	struct gem_uma_reclaim_scan scan = {
		.rdev = shrinker->private_data,
		.memcg = sc->memcg,
		.nid = sc->nid,
		.gfp = sc->gfp_mask,
		.nr_pages = sc->nr_to_scan,
	};
	unsigned long freed;

	/* Evicting takes i_mmap_rwsem, which file systems hold while allocating. */
	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	freed = gem_uma_reclaim_scan(&scan);
	sc->nr_scanned = max(sc->nr_to_scan, freed);
	return freed ?: SHRINK_STOP;
}

static void gem_uma_reclaim_device_fini(struct drm_device *drm, void *arg)
{
	struct gem_uma_reclaim_device *rdev = arg;

	if (rdev->shrinker)
		shrinker_free(rdev->shrinker);
	flush_work(&rdev->put_work);
	while (rdev->nr_lists)
		list_lru_destroy(&rdev->lists[--rdev->nr_lists]);
	rdev->udev->reclaim = NULL;
	kfree(rdev);
}

/**
 * gem_uma_reclaim_device_init() - make objects of a device reclaimable
 * @udev: initialized device
 *
 * Undone when the DRM device is released, which is after its last object.
 *
 * Context: may sleep. At probe, before the first object.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_reclaim_device_init(struct gem_uma_device *udev)
{
	struct gem_uma_reclaim_device *rdev;
	int ret;

	rdev = kzalloc(sizeof(*rdev), GFP_KERNEL);
	if (!rdev)
		return -ENOMEM;
	rdev->udev = udev;
	init_llist_head(&rdev->puts);
	INIT_WORK(&rdev->put_work, gem_uma_reclaim_put_work);
	ret = drmm_add_action_or_reset(udev->drm, gem_uma_reclaim_device_fini, rdev);
	if (ret)
		return ret;

	rdev->shrinker = shrinker_alloc(SHRINKER_MEMCG_AWARE | SHRINKER_NUMA_AWARE,
					"drm-gem-uma:%s", udev->drm->unique);
	if (!rdev->shrinker)
		return -ENOMEM;
	for (; rdev->nr_lists < GEM_UMA_RECLAIM_LISTS; rdev->nr_lists++) {
		ret = list_lru_init_memcg(&rdev->lists[rdev->nr_lists], rdev->shrinker);
		if (ret)
			return ret;
	}
	rdev->shrinker->count_objects = gem_uma_reclaim_count_objects;
	rdev->shrinker->scan_objects = gem_uma_reclaim_scan_objects;
	rdev->shrinker->private_data = rdev;
	shrinker_register(rdev->shrinker);
	udev->reclaim = rdev;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_device_init);

/**
 * gem_uma_reclaim_device_run() - evict as memory pressure on everybody would
 * @udev: device
 * @nr_pages: how many pages to evict at least, if there are
 *
 * Objects of the root memory cgroup only; for those of other cgroups, write to their
 * memory.reclaim.
 *
 * Context: may sleep; annotated as reclaim, so that lockdep sees what callers hold.
 *
 * Return: pages let go.
 */
unsigned long gem_uma_reclaim_device_run(struct gem_uma_device *udev,
					 unsigned long nr_pages)
{
	struct gem_uma_reclaim_scan scan = {
		.rdev = udev->reclaim,
		.gfp = GFP_KERNEL,
		.nr_pages = nr_pages,
	};

	fs_reclaim_acquire(GFP_KERNEL);
	for_each_node_state(scan.nid, N_NORMAL_MEMORY)
		gem_uma_reclaim_scan(&scan);
	fs_reclaim_release(GFP_KERNEL);
	return scan.freed;
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_device_run);

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
 * list; the one that is kept serves them all. Once for each cgroup, and again only
 * where several take turns.
 */
static struct gem_uma_reclaim_node *
gem_uma_reclaim_alloc_node(struct gem_uma_reclaim_device *rdev, struct mem_cgroup *memcg)
{
	u64 serial = gem_uma_reclaim_serial(memcg);
	struct gem_uma_reclaim_node *node = NULL;
	unsigned int i;

	i = READ_ONCE(rdev->primed) == serial ? GEM_UMA_RECLAIM_LISTS - 1 : 0;
	for (; i < GEM_UMA_RECLAIM_LISTS; i++) {
		if (node)
			kmem_cache_free(gem_uma_reclaim_nodes, node);
		node = kmem_cache_alloc_lru(gem_uma_reclaim_nodes, &rdev->lists[i],
					    GFP_KERNEL);
		if (!node)
			return NULL;
	}
	WRITE_ONCE(rdev->primed, serial);
	return node;
}

/**
 * gem_uma_reclaim_init() - make an object reclaimable
 * @reclaim: the part, zeroed
 * @udev: device with gem_uma_reclaim_device_init() done
 * @obj: object
 * @memcg: who pays for its pages, NULL without memory cgroups; outlives @reclaim
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

	old = set_active_memcg(memcg);
	reclaim->node = gem_uma_reclaim_alloc_node(udev->reclaim, memcg);
	set_active_memcg(old);
	if (!reclaim->node)
		return -ENOMEM;
	INIT_LIST_HEAD(&reclaim->node->lru);
	reclaim->node->reclaim = reclaim;
	reclaim->obj = obj;
	reclaim->ops = ops;
	reclaim->rdev = udev->reclaim;
	reclaim->memcg = memcg;
	reclaim->state = GEM_UMA_UNRECLAIMABLE;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_init);

/*
 * The cgroup whose list an object is on, or goes to. That of a removed cgroup is its
 * parent's. 6.12 would announce the object to the child, which no shrinker is asked about;
 * later kernels find lists by an id that the next new cgroup may have got.
 */
static struct mem_cgroup *gem_uma_reclaim_memcg(struct gem_uma_reclaim *reclaim)
{
	struct mem_cgroup *memcg = reclaim->memcg;

#if IS_ENABLED(CONFIG_MEMCG)
	while (memcg && !mem_cgroup_online(memcg))
		memcg = parent_mem_cgroup(memcg);
#endif
	return memcg;
}

static void gem_uma_reclaim_unlist(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_reclaim_device *rdev = reclaim->rdev;

	if (reclaim->state == GEM_UMA_UNRECLAIMABLE)
		return;
	drm_WARN_ON_ONCE(rdev->udev->drm,
			 !list_lru_del(&rdev->lists[reclaim->state], &reclaim->node->lru,
				       reclaim->nid, gem_uma_reclaim_memcg(reclaim)));
	atomic_long_dec(&rdev->objects);
	atomic_long_sub(reclaim->pages, &rdev->pages);
	reclaim->state = GEM_UMA_UNRECLAIMABLE;
}

/**
 * gem_uma_reclaim_fini() - take an object out of reclaim
 * @reclaim: the part; without effect if never initialized
 *
 * Context: does not sleep; the last reference is gone, no resv needed. A scan that is
 * just looking at the object has let go of it on return.
 */
void gem_uma_reclaim_fini(struct gem_uma_reclaim *reclaim)
{
	if (!reclaim->node)
		return;
	gem_uma_reclaim_unlist(reclaim);
	kmem_cache_free(gem_uma_reclaim_nodes, reclaim->node);
	reclaim->node = NULL;
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_fini);

/**
 * gem_uma_reclaim_update_locked() - file the object by its present state
 * @reclaim: the part
 * @pages: resident pages
 * @nid: NUMA node they are on, for the most part
 *
 * To be called when something changed that ops->state depends on. Moves nothing if the
 * state, size and node are as before.
 *
 * Context: resv held; does not sleep.
 */
void gem_uma_reclaim_update_locked(struct gem_uma_reclaim *reclaim, unsigned long pages,
				   int nid)
{
	struct gem_uma_reclaim_device *rdev = reclaim->rdev;
	enum gem_uma_reclaim_state state;

	dma_resv_assert_held(reclaim->obj->resv);
	state = reclaim->ops->state(reclaim);
	if (state == reclaim->state &&
	    (state == GEM_UMA_UNRECLAIMABLE || (pages == reclaim->pages && nid == reclaim->nid)))
		return;
	gem_uma_reclaim_unlist(reclaim);
	if (state == GEM_UMA_UNRECLAIMABLE)
		return;

	reclaim->state = state;
	reclaim->pages = pages;
	reclaim->nid = nid;
	reclaim->listed = ktime_get_mono_fast_ns();
	atomic_long_inc(&rdev->objects);
	atomic_long_add(pages, &rdev->pages);
	list_lru_add(&rdev->lists[state], &reclaim->node->lru, nid,
		     gem_uma_reclaim_memcg(reclaim));
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_update_locked);
