/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_RESERVE_H_
#define _DRM_GEM_UMA_RESERVE_H_

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/gem_uma/gem_uma_device.h>

struct dentry;
struct mem_cgroup;
struct shrinker;

/* Folios of up to 2 MiB are put aside. */
#define GEM_UMA_RESERVE_ORDERS	(ilog2(SZ_2M) - PAGE_SHIFT + 1)

/**
 * enum gem_uma_rung - steps of growing, each of which can fail
 *
 * The first three are where the memory comes from, one after the other.
 */
enum gem_uma_rung {
	/** @GEM_UMA_RUNG_NOWAIT: free memory, without waiting for any. */
	GEM_UMA_RUNG_NOWAIT,
	/** @GEM_UMA_RUNG_RESERVE: what was put aside. */
	GEM_UMA_RUNG_RESERVE,
	/** @GEM_UMA_RUNG_ATOMIC: the last memory of the machine, once for each job. */
	GEM_UMA_RUNG_ATOMIC,
	/** @GEM_UMA_RUNG_INDEX: a place for it among the granules of the heap. */
	GEM_UMA_RUNG_INDEX,
	/** @GEM_UMA_RUNG_DMA: an address for the device. */
	GEM_UMA_RUNG_DMA,
	/** @GEM_UMA_RUNG_MAP: the page tables of the device. */
	GEM_UMA_RUNG_MAP,
	/** @GEM_UMA_RUNGS: their number. */
	GEM_UMA_RUNGS,
};

/**
 * struct gem_uma_reserve_shelf - folios of one size, zeroed
 */
struct gem_uma_reserve_shelf {
	/** @folios: linked by their lru. */
	struct list_head folios;
	/** @nr: length of @folios. */
	unsigned long nr;
	/** @want: how many there should be. */
	unsigned long want;
	/** @atomic: one more may come from beyond the limit of the cgroup. */
	bool atomic;
};

/**
 * struct gem_uma_reserve_pool - what was put aside for one memory cgroup
 *
 * Memory is charged when it is put aside, so nobody grows with what others paid for.
 */
struct gem_uma_reserve_pool {
	/** @reserve: of the device. */
	struct gem_uma_reserve *reserve;
	/** @memcg: is charged; a reference, or NULL. */
	struct mem_cgroup *memcg;
	/** @link: among the pools of @reserve; protected by &gem_uma_reserve.lock. */
	struct list_head link;
	/** @users: how many heaps use it; protected by &gem_uma_reserve.lock. */
	unsigned int users;
	/** @lock: protects @shelves. A leaf; not taken in interrupts. */
	spinlock_t lock;
	/** @shelves: by order. */
	struct gem_uma_reserve_shelf shelves[GEM_UMA_RESERVE_ORDERS];
};

/**
 * struct gem_uma_reserve_jobs - jobs that may use the same memory; zero at first
 *
 * Memory of jobs that wait is nobody's to take, and they may wait for ever. So each group of
 * heaps that jobs use together, as those of a VM, has its own: one client keeps nothing of
 * another's.
 */
struct gem_uma_reserve_jobs {
	/** @nr: so many; becomes more than 0 under &gem_uma_reserve.lock. */
	atomic_t nr;
};

/**
 * struct gem_uma_reserve_user - who has memory that is worthless between jobs
 */
struct gem_uma_reserve_user {
	/** @link: among the users; protected by &gem_uma_reserve.lock. */
	struct list_head link;
	/** @pool: of the memory cgroup that pays. */
	const struct gem_uma_reserve_pool *pool;
	/** @jobs: while there are any, reclaim asks for nothing. */
	const struct gem_uma_reserve_jobs *jobs;
	/**
	 * @discard: free all that nobody keeps; returns the number of pages. Called in memory
	 * reclaim, and then only tries locks; or because the device is @gone, and then waits
	 * for them, and nothing has an address afterwards.
	 */
	unsigned long (*discard)(struct gem_uma_reserve_user *user, bool gone);
};

/**
 * struct gem_uma_reserve - memory put aside for those who cannot wait for any
 *
 * One for a device, embedded by the driver. Invariants: @pages is the sum over the shelves
 * of all pools, and what is on the way there; it is at most @cap.
 */
struct gem_uma_reserve {
	/** @udev: device. */
	struct gem_uma_device *udev;
	/** @block: mask of rungs that are made to fail; set through debugfs. */
	u32 block;
	/** @cap: the most that is put aside, in pages; a part of the memory of the machine. */
	unsigned long cap;
	/** @limit: the most that users hold, in pages: it cannot be swapped out. */
	unsigned long limit;
	/** @pages: put aside now. */
	atomic_long_t pages;
	/** @held: pages of the users. */
	atomic_long_t held;
	/** @pinned: those of @held that nobody can take back. */
	atomic_long_t pinned;
	/** @promised: pages that users may pin, there or not; at most a quarter of @limit. */
	atomic_long_t promised;
	/** @active: all jobs that may need memory; what was put aside stays meanwhile. */
	atomic_t active;
	/** @passed: by rung, how often it had what was asked for. */
	atomic64_t passed[GEM_UMA_RUNGS];
	/** @failed: by rung, how often it had not. */
	atomic64_t failed[GEM_UMA_RUNGS];
	/**
	 * @lock: protects @pools and @users. Nothing is allocated under it; reclaim only
	 * tries it.
	 */
	struct mutex lock;
	/** @pools: by memory cgroup. */
	struct list_head pools;
	/** @users: who may be asked to discard. */
	struct list_head users;
	/** @shrinker: takes memory back from an idle device. */
	struct shrinker *shrinker;
	/**
	 * @discard: the same, of one memory cgroup only, for scans of objects to begin with.
	 * Called in memory reclaim; returns the number of pages.
	 */
	unsigned long (*discard)(struct gem_uma_reserve *reserve, struct mem_cgroup *memcg,
				 unsigned long nr_pages);
};

/**
 * gem_uma_reserve_loose() - pages of the users that are not pinned, a snapshot
 * @reserve: reserve
 *
 * Context: any.
 *
 * Return: number of pages.
 */
static inline unsigned long gem_uma_reserve_loose(const struct gem_uma_reserve *reserve)
{
	return max(atomic_long_read(&reserve->held) - atomic_long_read(&reserve->pinned), 0l);
}

int gem_uma_reserve_init(struct gem_uma_reserve *reserve, struct gem_uma_device *udev);
void gem_uma_reserve_unplug(struct gem_uma_reserve *reserve);
void gem_uma_reserve_debugfs_init(struct gem_uma_reserve *reserve, struct dentry *root);

void gem_uma_reserve_active_get(struct gem_uma_reserve *reserve,
				struct gem_uma_reserve_jobs *jobs);
void gem_uma_reserve_active_put(struct gem_uma_reserve *reserve,
				struct gem_uma_reserve_jobs *jobs);
void gem_uma_reserve_add_user(struct gem_uma_reserve *reserve,
			      struct gem_uma_reserve_user *user);
void gem_uma_reserve_remove_user(struct gem_uma_reserve *reserve,
				 struct gem_uma_reserve_user *user);
bool gem_uma_reserve_promise(struct gem_uma_reserve *reserve, unsigned long nr_pages);

struct gem_uma_reserve_pool *gem_uma_reserve_pool_get(struct gem_uma_reserve *reserve);
void gem_uma_reserve_pool_put(struct gem_uma_reserve_pool *pool);
struct mem_cgroup *gem_uma_reserve_charge(struct gem_uma_reserve_pool *pool);
struct page *gem_uma_reserve_alloc(struct gem_uma_reserve *reserve, unsigned int order,
				   gfp_t gfp);
struct page *gem_uma_reserve_alloc_wait(struct gem_uma_reserve *reserve, unsigned int order);
int gem_uma_reserve_refill(struct gem_uma_reserve_pool *pool, unsigned int order,
			   unsigned long want);
struct page *gem_uma_reserve_take(struct gem_uma_reserve_pool *pool, unsigned int order);
struct page *gem_uma_reserve_take_atomic(struct gem_uma_reserve_pool *pool, unsigned int order);

bool gem_uma_reserve_allows(struct gem_uma_reserve *reserve, enum gem_uma_rung rung);
void gem_uma_reserve_count(struct gem_uma_reserve *reserve, enum gem_uma_rung rung, bool ok);
const char *gem_uma_rung_name(enum gem_uma_rung rung);

#endif
