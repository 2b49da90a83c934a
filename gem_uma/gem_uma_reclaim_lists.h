/* SPDX-License-Identifier: GPL-2.0 */
/* The lists of a device, for reclaim itself and its tests. */
#ifndef _GEM_UMA_RECLAIM_LISTS_H_
#define _GEM_UMA_RECLAIM_LISTS_H_

#include <linux/list_lru.h>
#include <linux/workqueue.h>

#include <drm/gem_uma/gem_uma_reclaim.h>

struct shrink_control;
struct shrinker;

/* The list element, apart from the object: list_lru wants it to be charged memory. */
struct gem_uma_reclaim_node {
	struct list_head lru;
	struct gem_uma_reclaim *reclaim;
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
	/** @puts: objects whose last put is left to @put_work. */
	struct llist_head puts;
	/** @put_work: drops what is in @puts. */
	struct work_struct put_work;
};

void gem_uma_reclaim_put(struct gem_uma_reclaim *reclaim);
unsigned long gem_uma_reclaim_count_objects(struct shrinker *shrinker,
					    struct shrink_control *sc);
unsigned long gem_uma_reclaim_scan_objects(struct shrinker *shrinker,
					   struct shrink_control *sc);

#endif
