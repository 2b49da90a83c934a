/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_RECLAIM_H_
#define _DRM_GEM_UMA_RECLAIM_H_

#include <linux/llist.h>
#include <linux/timekeeping.h>
#include <linux/types.h>

#include <drm/gem_uma/gem_uma_device.h>
#include <drm/gem_uma/gem_uma_types.h>

struct drm_gem_object;
struct gem_uma_reclaim;
struct mem_cgroup;
struct seq_file;

/* The weight of an object whose driver has no opinion. */
#define GEM_UMA_RECLAIM_WEIGHT_NORMAL	128
/* The weight of an object that must not be evicted now. */
#define GEM_UMA_RECLAIM_WEIGHT_KEEP	U32_MAX

/**
 * struct gem_uma_reclaim_ops - the one door for memory pressure
 *
 * Called from memory reclaim: no allocation, no lock but by trylock, no last put of
 * anything. All but @weight with the object's resv held, taken by trylock.
 */
struct gem_uma_reclaim_ops {
	/**
	 * @state: what reclaiming the object would cost now. May be asked about
	 * objects that are filed under a different, outdated state.
	 */
	enum gem_uma_reclaim_state (*state)(struct gem_uma_reclaim *reclaim);
	/**
	 * @evict: release so many pages, or all, or whatever is easier in between, those
	 * first that are needed least; the content is kept. Returns the number of pages
	 * released, or -EBUSY if the object is in use or a lock is taken; then the
	 * object is as before, or less mapped. -EINPROGRESS if that has only begun:
	 * @state has to say that it is unreclaimable until it goes on. The fences of
	 * resv are signalled.
	 */
	long (*evict)(struct gem_uma_reclaim *reclaim, unsigned long nr_pages);
	/**
	 * @purge: free all pages, and the content with them. Returns the number of pages
	 * freed, 0 if only swap space was freed, or -EBUSY as @evict. The fences of resv
	 * are signalled. NULL if @state never says that the content need not be kept.
	 */
	long (*purge)(struct gem_uma_reclaim *reclaim);
	/**
	 * @writeback: start to write up to so many of the pages that are in memory and
	 * that nobody holds. Returns how many. Asked before @evict is.
	 */
	unsigned long (*writeback)(struct gem_uma_reclaim *reclaim,
				   unsigned long nr_pages);
	/**
	 * @weight: optional: a policy of the driver's. Of the objects that a scan
	 * compares, the lightest goes first; of equals, the one used longest ago.
	 * What weighs GEM_UMA_RECLAIM_WEIGHT_KEEP is passed over at any pressure, so a
	 * driver that keeps all objects invites the OOM killer. A weight orders the
	 * objects of one list, not lists.
	 *
	 * Called under a spinlock and without resv, for each object that is looked at:
	 * cheap, and from what can be read without a lock. The object is not freed
	 * meanwhile, but may have lost its last reference.
	 */
	u32 (*weight)(struct gem_uma_reclaim *reclaim);
};

/**
 * struct gem_uma_reclaim - the part that makes an object reclaimable
 *
 * Invariant: the object is on a list exactly if @state is not GEM_UMA_UNRECLAIMABLE, or
 * a scan holds it, together with resv.
 */
struct gem_uma_reclaim {
	/** @obj: the object. */
	struct drm_gem_object *obj;
	/** @ops: see &struct gem_uma_reclaim_ops. */
	const struct gem_uma_reclaim_ops *ops;
	/** @rdev: device part. */
	struct gem_uma_reclaim_device *rdev;
	/** @memcg: is charged for the pages; the caller keeps it alive. */
	struct mem_cgroup *memcg;

	/** @used: when the object was last used, in nanoseconds; set without a lock. */
	u64 used;

	/* private: */

	/* On the list of @state. */
	struct list_head lru;
	/* Last put by a scan, done later. */
	struct llist_node free;
	/* Protected by resv; @state is also read without, for debugfs. */
	enum gem_uma_reclaim_state state;
	unsigned long pages;
	int nid;
	/* When it got its place on the list; protected by the list's lock. */
	u64 listed;
};

int gem_uma_reclaim_module_init(void);
void gem_uma_reclaim_module_exit(void);

int gem_uma_reclaim_device_init(struct gem_uma_device *udev);
unsigned long gem_uma_reclaim_device_run(struct gem_uma_device *udev,
					 unsigned long nr_pages);

void gem_uma_reclaim_show(struct gem_uma_device *udev, struct seq_file *m);
const char *gem_uma_reclaim_state_name(const struct gem_uma_reclaim *reclaim);

int gem_uma_reclaim_init(struct gem_uma_reclaim *reclaim, struct gem_uma_device *udev,
			 struct drm_gem_object *obj, struct mem_cgroup *memcg,
			 const struct gem_uma_reclaim_ops *ops);
void gem_uma_reclaim_fini(struct gem_uma_reclaim *reclaim);
void gem_uma_reclaim_update_locked(struct gem_uma_reclaim *reclaim,
				   unsigned long pages, int nid)
	__must_hold(reclaim->obj->resv);

/**
 * gem_uma_reclaim_mark_used_at() - remember when the object was in use
 * @reclaim: the part
 * @now: ktime_get_mono_fast_ns(), of many objects that are used together
 *
 * Context: any; takes no lock.
 */
static inline void gem_uma_reclaim_mark_used_at(struct gem_uma_reclaim *reclaim, u64 now)
{
	WRITE_ONCE(reclaim->used, now);
}

/**
 * gem_uma_reclaim_mark_used() - remember that the object is in use
 * @reclaim: the part
 *
 * Context: any; takes no lock.
 */
static inline void gem_uma_reclaim_mark_used(struct gem_uma_reclaim *reclaim)
{
	gem_uma_reclaim_mark_used_at(reclaim, ktime_get_mono_fast_ns());
}

#endif
