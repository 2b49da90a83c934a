/* SPDX-License-Identifier: GPL-2.0 */
/* The lists of a device, for reclaim itself and its tests. */
#ifndef _GEM_UMA_RECLAIM_LISTS_H_
#define _GEM_UMA_RECLAIM_LISTS_H_

#include <linux/list_lru.h>
#include <linux/workqueue.h>

#include <drm/gem_uma/gem_uma_reclaim.h>

#include "gem_uma_reclaim_logic.h"

struct shrink_control;
struct shrinker;

/**
 * enum gem_uma_reclaim_count - what is counted for each list
 */
enum gem_uma_reclaim_count {
	/** @GEM_UMA_RECLAIM_LOOKED: looks at an object. */
	GEM_UMA_RECLAIM_LOOKED,
	/** @GEM_UMA_RECLAIM_OBJECTS: objects that gave up pages, or that were written. */
	GEM_UMA_RECLAIM_OBJECTS,
	/** @GEM_UMA_RECLAIM_PAGES: their pages. */
	GEM_UMA_RECLAIM_PAGES,
	/** @GEM_UMA_RECLAIM_BUSY: passed over, or refused: jobs use it. */
	GEM_UMA_RECLAIM_BUSY,
	/** @GEM_UMA_RECLAIM_LOCKED: passed over: another task holds its resv. */
	GEM_UMA_RECLAIM_LOCKED,
	/** @GEM_UMA_RECLAIM_SPARED: passed over: just used, or the driver wants it kept. */
	GEM_UMA_RECLAIM_SPARED,
	/** @GEM_UMA_RECLAIM_WAITED: waits for jobs. */
	GEM_UMA_RECLAIM_WAITED,
	/** @GEM_UMA_RECLAIM_NS: time it took. */
	GEM_UMA_RECLAIM_NS,
	/** @GEM_UMA_RECLAIM_NR_COUNTS: how many there are. */
	GEM_UMA_RECLAIM_NR_COUNTS,
};

/**
 * struct gem_uma_reclaim_stage_stats - all that scans did with a list so far
 */
struct gem_uma_reclaim_stage_stats {
	/** @runs: how often a scan looked at something. */
	atomic64_t runs;
	/** @counts: sums, by &enum gem_uma_reclaim_count. */
	atomic64_t counts[GEM_UMA_RECLAIM_NR_COUNTS];
};

/**
 * struct gem_uma_reclaim_stats - all that the scans of a device did so far
 *
 * Scans add to them when they leave a list, and when they end. So counting costs the same
 * however much there was to count.
 */
struct gem_uma_reclaim_stats {
	/** @stages: by list. */
	struct gem_uma_reclaim_stage_stats stages[GEM_UMA_RECLAIM_LISTS];
	/** @scans: scans that looked at something. */
	atomic64_t scans;
	/** @kswapd: those of @scans that were kswapd's. */
	atomic64_t kswapd;
	/** @pages: scans by pages freed or written, see gem_uma_reclaim_bucket(). */
	atomic64_t pages[GEM_UMA_RECLAIM_BUCKETS];
	/** @us: scans by microseconds. */
	atomic64_t us[GEM_UMA_RECLAIM_BUCKETS];
};

/**
 * struct gem_uma_reclaim_device - reclaim of one device
 */
struct gem_uma_reclaim_device {
	/** @udev: device. */
	struct gem_uma_device *udev;
	/** @shrinker: ours, or NULL before it is registered. */
	struct shrinker *shrinker;
	/** @lists: objects by state. */
	struct list_lru lists[GEM_UMA_RECLAIM_LISTS];
	/** @nr_lists: how many of them are initialized. */
	unsigned int nr_lists;
	/** @objects: number of objects on the lists. */
	atomic_long_t objects;
	/** @pages: their pages. */
	atomic_long_t pages;
	/**
	 * @primed: serial number of the last cgroup that has all @lists; unlike a
	 * pointer or an id it is never used again.
	 */
	u64 primed;
	/**
	 * @written: pages that kswapd has sent to swap since it last counted. Those of all
	 * nodes share it: one may stop early, but each series begins at zero.
	 */
	atomic_long_t written;
	/** @waits: for jobs, by kswapd since it last counted; shared like @written. */
	unsigned int waits;
	/** @stats: numbers for people. */
	struct gem_uma_reclaim_stats stats;
	/** @puts: objects whose last put is left to @put_work. */
	struct llist_head puts;
	/** @put_work: drops what is in @puts. */
	struct work_struct put_work;
};

void gem_uma_reclaim_put(struct gem_uma_reclaim *reclaim);
void gem_uma_reclaim_put_work(struct work_struct *work);
bool gem_uma_reclaim_can_swap(struct mem_cgroup *memcg);
unsigned long gem_uma_reclaim_count_objects(struct shrinker *shrinker,
					    struct shrink_control *sc);
unsigned long gem_uma_reclaim_scan_objects(struct shrinker *shrinker,
					   struct shrink_control *sc);

extern const char *const gem_uma_reclaim_names[GEM_UMA_RECLAIM_LISTS];
void gem_uma_reclaim_stats_stage(struct gem_uma_reclaim_device *rdev,
				 enum gem_uma_reclaim_state list, const u64 *counts);
void gem_uma_reclaim_stats_scan(struct gem_uma_reclaim_device *rdev, unsigned long pages,
				u64 ns, bool kswapd);
unsigned long gem_uma_reclaim_device_count(struct gem_uma_device *udev,
					   struct mem_cgroup *memcg, int nid);
unsigned long gem_uma_reclaim_device_scan(struct gem_uma_device *udev,
					  struct mem_cgroup *memcg, int nid, gfp_t gfp,
					  unsigned long nr_pages);

#endif
