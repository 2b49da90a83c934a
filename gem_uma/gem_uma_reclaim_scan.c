// SPDX-License-Identifier: GPL-2.0
/*
 * Scans: in what order objects are taken off the lists, and when to stop.
 *
 * Owns what the shrinker answers. Locks: each object's resv, by trylock, and list_lru's own
 * while it picks. Neighbours: the lists, in gem_uma_reclaim.c; the object above.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/swap.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_reclaim.h>
#include <drm/gem_uma/gem_uma_reserve.h>

#include "gem_uma_reclaim_lists.h"
#include "gem_uma_trace.h"

/**
 * DOC: Scans
 *
 * A scan begins with what heaps of the cgroup hold between jobs, see gem_uma_reserve.c. Then it
 * goes through the lists from cheap to costly, until it has what it was asked for.
 * A list that needs swap space or I/O that the caller does not have is left out. kswapd
 * then goes through them a second time, for objects in use. Nobody's allocation waits for
 * kswapd, so it waits for a few jobs, once for all objects that share a resv.
 *
 * The order is that of the lists, and not a weight in a common list: a scan compares some
 * objects with each other, not all. Among many mapped objects it would seldom meet the
 * unused one, and each scan would have to walk over what it must not take.
 *
 * How many objects a scan may look at without success is limited, and what it looked at
 * goes to the end of the list. So a scan costs what it scans, however many objects there
 * are. The core is told the pages of what was looked at, and asks again as long as it is in
 * need: 0 means that another scan meets other objects, SHRINK_STOP that there is nothing to
 * look at.
 *
 * A page counts as freed once, when its object is evicted or purged. That it is sent to
 * swap later is progress of a scan, but not a second page.
 */

/*
 * Pages that kswapd sends to swap before it gets back to the LRU, which frees them. Until
 * then they are there twice if swap is compressed memory, and kswapd may use the last page.
 */
#define GEM_UMA_RECLAIM_WRITE_MAX	256
/* Objects of a list that one pass may look at without success. */
#define GEM_UMA_RECLAIM_PATIENCE	64
/* Rounds without a victim: the first takes note of what was just used, which goes next. */
#define GEM_UMA_RECLAIM_ROUNDS		2
/* Objects compared with each other to find the best victim. */
#define GEM_UMA_RECLAIM_SAMPLE		16
/* resvs with jobs that one scan remembers, so as not to ask them again. */
#define GEM_UMA_RECLAIM_REMEMBERED	8
/*
 * How often kswapd may wait for jobs in a series of scans, and how long each time, in
 * milliseconds. The core scans some hundred pages at a time: a limit for each scan would
 * let a client with many small busy objects stop kswapd for a minute.
 */
#define GEM_UMA_RECLAIM_WAITS		4
#define GEM_UMA_RECLAIM_WAIT_MS		10

/* What a scan is to do, where, and what came of it. */
struct gem_uma_reclaim_scan {
	struct gem_uma_reclaim_device *rdev;
	struct mem_cgroup *memcg;
	int nid;
	struct gem_uma_reclaim_means means;
	unsigned long nr_pages;
	/* Pages freed; sent to swap, of objects evicted earlier; of objects passed over. */
	unsigned long freed;
	unsigned long written;
	unsigned long skipped;
	unsigned long looked;
	/* Pages of objects whose device was told to forget them. */
	unsigned long leaving;
	/* The present list, and how many of its objects may still refuse. */
	enum gem_uma_reclaim_state list;
	unsigned long budget;
	/* Walks over the whole list that found no victim. */
	unsigned int rounds;
	/* The second pass, which waits for jobs. */
	bool waiting;
	/* The last object was written to swap, in part, instead of evicted. */
	bool wrote;
	u64 counts[GEM_UMA_RECLAIM_NR_COUNTS];
	/* Found busy by this scan, the last ones; only compared, never followed. */
	const struct dma_resv *busy[GEM_UMA_RECLAIM_REMEMBERED];
	unsigned int nr_busy;
	unsigned int waits;
};

/* One walk over a list. */
struct gem_uma_reclaim_pick {
	struct gem_uma_reclaim_scan *scan;
	/* What was taken off the list, with resv and a reference held. */
	struct gem_uma_reclaim *found;
	/* The best victim so far. */
	struct gem_uma_reclaim *best;
	unsigned int best_weight;
	unsigned int sampled;
	unsigned long seen;
	/* It has seen the whole list. */
	bool whole;
	/* How many to look at: this happens under a spinlock. */
	unsigned long limit;
	/* The walker's own count: setting it to 0 ends the walk. */
	unsigned long nr_to_walk;
};

static bool gem_uma_reclaim_is_busy(const struct gem_uma_reclaim_scan *scan,
				    const struct dma_resv *resv)
{
	unsigned int i;

	for (i = 0; i < min(scan->nr_busy, GEM_UMA_RECLAIM_REMEMBERED); i++)
		if (scan->busy[i] == resv)
			return true;
	return false;
}

static void gem_uma_reclaim_remember(struct gem_uma_reclaim_scan *scan,
				     const struct dma_resv *resv)
{
	scan->busy[scan->nr_busy++ % GEM_UMA_RECLAIM_REMEMBERED] = resv;
}

/* Not a victim now, whatever else there is. Called under the lock of the list. */
static bool gem_uma_reclaim_pass_over(struct gem_uma_reclaim_pick *pick,
				      struct gem_uma_reclaim *reclaim, unsigned int *weight)
{
	struct gem_uma_reclaim_scan *scan = pick->scan;
	u64 used = READ_ONCE(reclaim->used);

	if (dma_resv_is_locked(reclaim->obj->resv)) {
		scan->counts[GEM_UMA_RECLAIM_LOCKED]++;
	} else if (gem_uma_reclaim_is_busy(scan, reclaim->obj->resv)) {
		/* It shares its resv with one that was asked already. */
		scan->counts[GEM_UMA_RECLAIM_BUSY]++;
	} else {
		*weight = scan->list != GEM_UMA_EVICTED && reclaim->ops->weight ?
			  reclaim->ops->weight(reclaim) : GEM_UMA_RECLAIM_WEIGHT_NORMAL;
		/*
		 * What is busy was used just now, and refusing marks it so, too. And when
		 * something that is not needed was used says nothing.
		 */
		if (*weight != GEM_UMA_RECLAIM_WEIGHT_KEEP &&
		    (used <= reclaim->listed || scan->waiting ||
		     scan->list == GEM_UMA_PURGEABLE))
			return false;
		scan->counts[GEM_UMA_RECLAIM_SPARED]++;
	}
	reclaim->listed = max(used, reclaim->listed);
	scan->skipped += reclaim->pages;
	return true;
}

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

	if (!dma_resv_trylock(obj->resv)) {
		pick->scan->counts[GEM_UMA_RECLAIM_LOCKED]++;
		return false;
	}
	if (!kref_get_unless_zero(&obj->refcount)) {
		dma_resv_unlock(obj->resv);
		return false;
	}
	list_lru_isolate(list, &pick->best->lru);
	pick->found = pick->best;
	return true;
}

/* Called for each object of a list, under the lock of the list. */
static enum lru_status gem_uma_reclaim_pick_cb(struct list_head *item,
					       struct list_lru_one *list, void *arg)
{
	struct gem_uma_reclaim *reclaim = list_entry(item, struct gem_uma_reclaim, lru);
	struct gem_uma_reclaim_pick *pick = arg;
	unsigned int weight;
	bool last;

	last = ++pick->seen >= min_t(unsigned long, list->nr_items, pick->limit);
	pick->whole = pick->seen >= list->nr_items;
	/*
	 * Ends the walk. After LRU_STOP it would depend on the kernel which side releases the
	 * list's lock. The same walk must not meet again what it has rotated.
	 */
	if (last)
		pick->nr_to_walk = 0;
	if (gem_uma_reclaim_pass_over(pick, reclaim, &weight)) {
		if (!last || !pick->best)
			return LRU_ROTATE;
	} else {
		if (!pick->best ||
		    gem_uma_reclaim_is_better(weight, READ_ONCE(reclaim->used),
					      pick->best_weight, READ_ONCE(pick->best->used))) {
			pick->best = reclaim;
			pick->best_weight = weight;
		}
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

/* Take an object, with its resv and a reference, or NULL; @seen tells how many were. */
static struct gem_uma_reclaim *
gem_uma_reclaim_next(struct gem_uma_reclaim_scan *scan, unsigned long *seen)
{
	struct gem_uma_reclaim_device *rdev = scan->rdev;
	struct gem_uma_reclaim_pick pick = {
		.scan = scan,
		.limit = scan->budget,
		.nr_to_walk = scan->budget,
	};

	list_lru_walk_one(&rdev->lists[scan->list], scan->nid, scan->memcg,
			  gem_uma_reclaim_pick_cb, &pick, &pick.nr_to_walk);
	*seen = pick.seen;
	scan->counts[GEM_UMA_RECLAIM_LOOKED] += pick.seen;
	scan->budget -= min(scan->budget, pick.seen);
	if (pick.found) {
		atomic_long_dec(&rdev->objects);
		atomic_long_sub(pick.found->pages, &rdev->pages);
		WRITE_ONCE(pick.found->state, GEM_UMA_UNRECLAIMABLE);
	} else if (pick.whole) {
		scan->rounds++;
	}
	return pick.found;
}

/*
 * Are its jobs done? If there is time for that, wait a little: whoever holds resv keeps
 * new ones away. BOOKKEEP, because explicit submission registers nothing else
 * (panthor-87). Once for each resv, or a VM's buffers would each cost a wait (panthor-38).
 */
static bool gem_uma_reclaim_is_idle(struct gem_uma_reclaim_scan *scan, struct dma_resv *resv)
{
	if (dma_resv_test_signaled(resv, DMA_RESV_USAGE_BOOKKEEP))
		return true;
	if (scan->waiting && scan->waits < GEM_UMA_RECLAIM_WAITS) {
		scan->waits++;
		scan->counts[GEM_UMA_RECLAIM_WAITED]++;
		if (dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false,
					  msecs_to_jiffies(GEM_UMA_RECLAIM_WAIT_MS)) > 0)
			return true;
	}
	gem_uma_reclaim_remember(scan, resv);
	return false;
}

/* Returns pages freed or on their way to swap, 0 for none, negative if the object is busy. */
static long gem_uma_reclaim_act(struct gem_uma_reclaim_scan *scan,
				struct gem_uma_reclaim *reclaim)
{
	unsigned long wanted = scan->nr_pages - scan->freed - scan->written;
	enum gem_uma_reclaim_state list = scan->list;
	long ret;

	scan->wrote = false;
	/* What the list said may be outdated: then only file the object anew. */
	if (reclaim->ops->state(reclaim) > list)
		return 0;
	if (list >= GEM_UMA_EVICTED && scan->means.io) {
		ret = reclaim->ops->writeback(reclaim, wanted);
		scan->wrote = ret > 0;
		if (scan->wrote)
			return ret;
	}
	/* Others that share resv are not to be evicted, but written: remember nothing. */
	if (list == GEM_UMA_EVICTED && scan->means.io &&
	    !dma_resv_test_signaled(reclaim->obj->resv, DMA_RESV_USAGE_BOOKKEEP))
		return -EBUSY;
	/*
	 * What is clean is not written, and without I/O nothing is. While a page is held no LRU
	 * takes the others. So all that is held has to go.
	 */
	if (list == GEM_UMA_EVICTED || !scan->means.io)
		wanted = ULONG_MAX;
	ret = -EBUSY;
	if (gem_uma_reclaim_is_idle(scan, reclaim->obj->resv))
		ret = list < GEM_UMA_EVICTED ? reclaim->ops->purge(reclaim) :
					       reclaim->ops->evict(reclaim, wanted);
	trace_gem_uma_evict(reclaim->obj, gem_uma_reclaim_names[scan->list], ret);
	return ret;
}

static void gem_uma_reclaim_account(struct gem_uma_reclaim_scan *scan, unsigned long pages,
				    long ret)
{
	if (ret <= 0) {
		scan->skipped += pages;
		scan->leaving += ret == -EINPROGRESS ? pages : 0;
		scan->counts[GEM_UMA_RECLAIM_BUSY] += ret < 0;
		return;
	}
	if (scan->wrote)
		scan->written += ret;
	else
		scan->freed += ret;
	/* Truncated, so that no LRU counts them. */
	if (scan->list < GEM_UMA_EVICTED)
		mm_account_reclaimed_pages(ret);
	/* Only looks without success are limited. */
	scan->budget = GEM_UMA_RECLAIM_PATIENCE;
	scan->counts[GEM_UMA_RECLAIM_OBJECTS]++;
	scan->counts[GEM_UMA_RECLAIM_PAGES] += ret;
}

/* Reclaim one object of a list. Returns false when the list is empty. */
static bool gem_uma_reclaim_one(struct gem_uma_reclaim_scan *scan)
{
	struct gem_uma_reclaim *reclaim;
	unsigned long seen, left;
	long ret;

	reclaim = gem_uma_reclaim_next(scan, &seen);
	if (!reclaim)
		return seen;

	dma_resv_assert_held(reclaim->obj->resv);
	ret = gem_uma_reclaim_act(scan, reclaim);
	gem_uma_reclaim_account(scan, reclaim->pages, ret);
	/* Or it would be picked again before all others. */
	if (ret <= 0)
		gem_uma_reclaim_mark_used(reclaim);
	left = reclaim->pages;
	/* What was evicted is in memory as before; what was purged or written is not. */
	if (ret > 0 && (scan->list < GEM_UMA_EVICTED || scan->wrote))
		left -= min_t(unsigned long, ret, left);
	gem_uma_reclaim_update_locked(reclaim, left, reclaim->nid);
	dma_resv_unlock(reclaim->obj->resv);
	gem_uma_reclaim_put(reclaim);
	return true;
}

/**
 * gem_uma_reclaim_can_swap() - is there swap space for a cgroup's memory?
 * @memcg: memory cgroup, NULL for the root
 *
 * What cannot be swapped must not be evicted: it would only be faulted in again. The core's
 * own function is not exported.
 *
 * Context: any.
 *
 * Return: true if so; a snapshot.
 */
bool gem_uma_reclaim_can_swap(struct mem_cgroup *memcg)
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

static struct gem_uma_reclaim_means gem_uma_reclaim_means_of(struct mem_cgroup *memcg,
							     gfp_t gfp)
{
	return (struct gem_uma_reclaim_means) {
		.swap = gem_uma_reclaim_can_swap(memcg),
		.io = gfp & __GFP_IO,
		.wait = current_is_kswapd(),
	};
}

static u64 gem_uma_reclaim_cgroup_id(struct mem_cgroup *memcg)
{
#if IS_ENABLED(CONFIG_MEMCG)
	return memcg ? cgroup_id(memcg->css.cgroup) : 0;
#else
	return 0;
#endif
}

static void gem_uma_reclaim_run_stage(struct gem_uma_reclaim_scan *scan,
				      enum gem_uma_reclaim_state list)
{
	u64 *counts = scan->counts, start = ktime_get_mono_fast_ns();
	struct gem_uma_reclaim_device *rdev = scan->rdev;

	if (!gem_uma_reclaim_can_take(list, &scan->means))
		return;
	memset(scan->counts, 0, sizeof(scan->counts));
	scan->list = list;
	scan->budget = GEM_UMA_RECLAIM_PATIENCE;
	scan->rounds = 0;
	while (scan->freed + scan->written + scan->leaving < scan->nr_pages && scan->budget &&
	       scan->rounds < GEM_UMA_RECLAIM_ROUNDS)
		if (!gem_uma_reclaim_one(scan))
			break;
	if (!counts[GEM_UMA_RECLAIM_LOOKED])
		return;
	counts[GEM_UMA_RECLAIM_NS] = ktime_get_mono_fast_ns() - start;
	scan->looked += counts[GEM_UMA_RECLAIM_LOOKED];
	gem_uma_reclaim_stats_stage(rdev, list, counts);
	trace_gem_uma_stage(rdev->udev->drm, gem_uma_reclaim_names[list],
			    counts[GEM_UMA_RECLAIM_LOOKED], counts[GEM_UMA_RECLAIM_OBJECTS],
			    counts[GEM_UMA_RECLAIM_PAGES], counts[GEM_UMA_RECLAIM_BUSY],
			    counts[GEM_UMA_RECLAIM_LOCKED], counts[GEM_UMA_RECLAIM_SPARED],
			    counts[GEM_UMA_RECLAIM_WAITED], counts[GEM_UMA_RECLAIM_NS]);
}

/* Before anything that has to be written: what heaps hold between jobs is worth nothing. */
static void gem_uma_reclaim_discard(struct gem_uma_reclaim_scan *scan)
{
	struct gem_uma_device *udev = scan->rdev->udev;
	struct gem_uma_reserve *reserve;
	unsigned long freed;

	if (!READ_ONCE(udev->reserve) || !mutex_trylock(&udev->reserve_lock))
		return;
	reserve = udev->reserve;
	freed = reserve ? reserve->discard(reserve, scan->memcg, scan->nr_pages) : 0;
	mutex_unlock(&udev->reserve_lock);
	/* Private pages: no LRU counts them. */
	mm_account_reclaimed_pages(freed);
	scan->freed += freed;
	scan->looked += freed;
}

static void gem_uma_reclaim_scan(struct gem_uma_reclaim_scan *scan)
{
	struct gem_uma_reclaim_device *rdev = scan->rdev;
	u64 ns, start = ktime_get_mono_fast_ns();
	unsigned int list;

	if (trace_gem_uma_scan_start_enabled())
		trace_gem_uma_scan_start(rdev->udev->drm, scan->nid,
					 gem_uma_reclaim_cgroup_id(scan->memcg),
					 scan->nr_pages, scan->means.wait);
	gem_uma_reclaim_discard(scan);
	for (list = 0; list < GEM_UMA_RECLAIM_LISTS; list++)
		gem_uma_reclaim_run_stage(scan, list);
	if (scan->means.wait) {
		scan->waiting = true;
		/* Ask again: now there is time to wait. */
		scan->nr_busy = 0;
		for (list = 0; list < GEM_UMA_RECLAIM_LISTS; list++)
			if (list != GEM_UMA_EVICTED)
				gem_uma_reclaim_run_stage(scan, list);
	}
	ns = ktime_get_mono_fast_ns() - start;
	if (scan->looked)
		gem_uma_reclaim_stats_scan(rdev, scan->freed + scan->written, ns,
					   scan->means.wait);
	if (trace_gem_uma_scan_end_enabled())
		trace_gem_uma_scan_end(rdev->udev->drm, scan->nid,
				       gem_uma_reclaim_cgroup_id(scan->memcg), scan->freed,
				       scan->written, scan->looked, ns);
}

/* Of all cgroups: only whether a scan can find any follows from it. */
static unsigned long gem_uma_reclaim_heap_pages(struct gem_uma_device *udev)
{
	unsigned long pages = 0;

	if (!READ_ONCE(udev->reserve))
		return 0;
	/* Nobody knows, and "nothing" would have this cgroup forgotten. */
	if (!mutex_trylock(&udev->reserve_lock))
		return 1;
	if (udev->reserve)
		pages = gem_uma_reserve_loose(udev->reserve);
	mutex_unlock(&udev->reserve_lock);
	return pages;
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
	struct gem_uma_reclaim_means means = gem_uma_reclaim_means_of(sc->memcg, sc->gfp_mask);
	struct gem_uma_reclaim_device *rdev = shrinker->private_data;
	unsigned long objects = 0, blocked = 0, all, pages, n;
	unsigned int list;

	/* It does so before each series of scans, and looks at the LRU between them. */
	if (current_is_kswapd()) {
		atomic_long_set(&rdev->written, 0);
		WRITE_ONCE(rdev->waits, 0);
	}
	for (list = 0; list < GEM_UMA_RECLAIM_LISTS; list++) {
		n = list_lru_shrink_count(&rdev->lists[list], sc);
		if (gem_uma_reclaim_can_take(list, &means))
			objects += n;
		else
			blocked += n;
	}
	/* With swap gone there may be something later: do not forget this cgroup. */
	if (!objects)
		return gem_uma_reclaim_heap_pages(rdev->udev) ?: (blocked ? 0 : SHRINK_EMPTY);

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
 * Return: pages freed, 0 if there is more to look at; SHRINK_STOP if there is not, or if
 * the LRU has enough to free.
 */
unsigned long gem_uma_reclaim_scan_objects(struct shrinker *shrinker,
					   struct shrink_control *sc)
{
	struct gem_uma_reclaim_device *rdev = shrinker->private_data;
	struct gem_uma_reclaim_scan scan = {
		.rdev = rdev,
		.memcg = sc->memcg,
		.nid = sc->nid,
		.means = gem_uma_reclaim_means_of(sc->memcg, sc->gfp_mask),
		.nr_pages = sc->nr_to_scan,
		.waits = current_is_kswapd() ? READ_ONCE(rdev->waits) : 0,
	};

	/*
	 * Evicting takes i_mmap_rwsem, which file systems hold while allocating. Purging waits
	 * for pages on their way to swap: a caller that may enter file systems may do I/O, too.
	 */
	if (!(sc->gfp_mask & __GFP_FS))
		return SHRINK_STOP;
	if (current_is_kswapd() && atomic_long_read(&rdev->written) >= GEM_UMA_RECLAIM_WRITE_MAX)
		return SHRINK_STOP;
	gem_uma_reclaim_scan(&scan);
	if (current_is_kswapd()) {
		atomic_long_add(scan.written, &rdev->written);
		WRITE_ONCE(rdev->waits, scan.waits);
	}
	if (!scan.looked)
		return SHRINK_STOP;
	/* Objects are not as long as what was asked for: the core goes on from here. */
	sc->nr_scanned = max(sc->nr_to_scan, scan.freed + scan.written + scan.skipped);
	return scan.freed;
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
 * Return: pages freed, or of objects evicted earlier and now sent to swap.
 */
unsigned long gem_uma_reclaim_device_run(struct gem_uma_device *udev,
					 unsigned long nr_pages)
{
	unsigned long pages = 0;
	int nid;

	fs_reclaim_acquire(GFP_KERNEL);
	for_each_node_state(nid, N_NORMAL_MEMORY) {
		struct gem_uma_reclaim_scan scan = {
			.rdev = udev->reclaim,
			.nid = nid,
			.means = gem_uma_reclaim_means_of(NULL, GFP_KERNEL),
			.nr_pages = nr_pages - pages,
		};

		gem_uma_reclaim_scan(&scan);
		pages += scan.freed + scan.written;
		if (pages >= nr_pages)
			break;
	}
	fs_reclaim_release(GFP_KERNEL);
	return pages;
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_device_run);

/**
 * gem_uma_reclaim_device_count() - objects that a cgroup has on the lists of a node
 * @udev: device
 * @memcg: memory cgroup, NULL for the root
 * @nid: node
 *
 * Context: any.
 *
 * Return: their number, a snapshot.
 */
unsigned long gem_uma_reclaim_device_count(struct gem_uma_device *udev,
					   struct mem_cgroup *memcg, int nid)
{
	unsigned long objects = 0;
	unsigned int i;

	for (i = 0; i < GEM_UMA_RECLAIM_LISTS; i++)
		objects += list_lru_count_one(&udev->reclaim->lists[i], nid, memcg);
	return objects;
}

/**
 * gem_uma_reclaim_device_scan() - one scan on behalf of one cgroup and node
 * @udev: device
 * @memcg: memory cgroup, NULL for the root
 * @nid: node
 * @gfp: without __GFP_IO, no writing is started, and what is held of evicted objects goes
 * @nr_pages: enough
 *
 * Context: may sleep; annotated as reclaim, so that lockdep sees what callers hold.
 *
 * Return: pages freed. 0 after a bounded number of objects refused.
 */
unsigned long gem_uma_reclaim_device_scan(struct gem_uma_device *udev,
					  struct mem_cgroup *memcg, int nid, gfp_t gfp,
					  unsigned long nr_pages)
{
	struct gem_uma_reclaim_scan scan = {
		.rdev = udev->reclaim,
		.memcg = memcg,
		.nid = nid,
		.means = gem_uma_reclaim_means_of(memcg, gfp),
		.nr_pages = nr_pages,
	};

	scan.means.held = !scan.means.io;
	fs_reclaim_acquire(GFP_KERNEL);
	gem_uma_reclaim_scan(&scan);
	fs_reclaim_release(GFP_KERNEL);
	return scan.freed;
}
