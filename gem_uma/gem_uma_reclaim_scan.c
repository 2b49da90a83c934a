// SPDX-License-Identifier: GPL-2.0
/*
 * Scans: in what order objects are taken off the lists, and when to stop.
 *
 * Owns the table of stages and what the shrinker answers. Locks: each object's resv, by
 * trylock, and list_lru's own while it picks. Neighbours: the lists, in
 * gem_uma_reclaim.c; the object above.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_reclaim.h>

#include "gem_uma_reclaim_lists.h"

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

/* Objects that one scan may look at in vain, in each stage. */
#define GEM_UMA_RECLAIM_PATIENCE	64

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

/**
 * gem_uma_reclaim_count_objects() - &shrinker.count_objects
 * @shrinker: ours
 * @sc: for whom
 *
 * Context: inside of memory reclaim.
 *
 * Return: pages, roughly; SHRINK_EMPTY if there is nothing, 0 if nothing can go now.
 */
unsigned long gem_uma_reclaim_count_objects(struct shrinker *shrinker,
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

/**
 * gem_uma_reclaim_scan_objects() - &shrinker.scan_objects
 * @shrinker: ours
 * @sc: for whom, and how much
 *
 * Context: inside of memory reclaim.
 *
 * Return: pages let go, or SHRINK_STOP.
 */
unsigned long gem_uma_reclaim_scan_objects(struct shrinker *shrinker,
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
