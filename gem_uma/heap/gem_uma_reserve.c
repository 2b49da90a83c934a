// SPDX-License-Identifier: GPL-2.0
/*
 * Memory put aside for those who cannot wait for any.
 *
 * Owns folios that nobody uses yet. Decides how many, and when they go. Locks: a mutex for
 * who is there, one spinlock for each pool. Neighbours: the device below, heaps above.
 */
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/shrinker.h>
#include <linux/slab.h>

#include <drm/drm_device.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_reserve.h>
#include <kunit/visibility.h>

#include "gem_uma_internal.h"

/**
 * DOC: Reserve
 *
 * A section that fences depend on cannot wait for memory: reclaim, of this driver or of
 * another, may wait for those very fences. What such a section may need is put aside before,
 * when a job is submitted: there the task that asks for memory also waits for it, and an
 * error reaches the one who can do something about it. There is no thread that refills.
 *
 * How much is put aside follows from the largest demand that was seen, up to a part of the
 * memory of the machine. Each memory cgroup has a pool of its own, charged when it is
 * filled: what one client has paid for never lets another grow beyond its limit. Folios are
 * zeroed when they are put aside, and never come back: what a client has used goes to the
 * kernel, which zeroes it again for the next one.
 *
 * What heaps hold cannot be swapped out, so all heaps of a device get half of the memory of the
 * machine at most, and a quarter of that can be pinned. While jobs wait or run, nothing is
 * taken back that they may need: neither what was put aside, nor what their own heaps hold.
 * Memory pressure frees what was put aside by an idle device first, and then what idle heaps
 * hold. Where the objects of a memory cgroup are scanned, as at a limit of its own, its heaps
 * come before the first object.
 */

/* The share of the machine's memory that a device puts aside at most. */
#define GEM_UMA_RESERVE_SHARE	64
/* The share that heaps hold at most. */
#define GEM_UMA_RESERVE_HELD	2
/* The part of that share that is pinned at most: the rest is for jobs. */
#define GEM_UMA_RESERVE_PINNED	4

static const char *const gem_uma_rung_names[GEM_UMA_RUNGS] = {
	[GEM_UMA_RUNG_NOWAIT] = "nowait",
	[GEM_UMA_RUNG_RESERVE] = "reserve",
	[GEM_UMA_RUNG_ATOMIC] = "atomic",
	[GEM_UMA_RUNG_INDEX] = "index",
	[GEM_UMA_RUNG_DMA] = "dma",
	[GEM_UMA_RUNG_MAP] = "map",
};

/**
 * gem_uma_rung_name() - the name of a rung, for traces and debugfs
 * @rung: rung
 *
 * Context: any.
 *
 * Return: a constant.
 */
const char *gem_uma_rung_name(enum gem_uma_rung rung)
{
	return gem_uma_rung_names[rung];
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_rung_name);

/**
 * gem_uma_reserve_count() - note what a rung was good for
 * @reserve: reserve
 * @rung: rung
 * @ok: it had what was asked for
 *
 * Context: any.
 */
void gem_uma_reserve_count(struct gem_uma_reserve *reserve, enum gem_uma_rung rung, bool ok)
{
	atomic64_inc(ok ? &reserve->passed[rung] : &reserve->failed[rung]);
}

/**
 * gem_uma_reserve_allows() - is a rung to be tried?
 * @reserve: reserve
 * @rung: rung
 *
 * Context: any.
 *
 * Return: false if it is made to fail, which is counted.
 */
bool gem_uma_reserve_allows(struct gem_uma_reserve *reserve, enum gem_uma_rung rung)
{
	if (!(READ_ONCE(reserve->block) & BIT(rung)))
		return true;
	gem_uma_reserve_count(reserve, rung, false);
	return false;
}

/* Frees folios of a pool until so many pages are freed. Returns how many were. */
static unsigned long gem_uma_reserve_drain(struct gem_uma_reserve_pool *pool,
					   unsigned long nr_pages)
{
	unsigned long freed = 0;
	unsigned int order;
	struct page *page;

	for (order = 0; order < GEM_UMA_RESERVE_ORDERS; order++) {
		/* It is learned again from who still needs it. */
		scoped_guard(spinlock, &pool->lock) {
			pool->shelves[order].want = 0;
			pool->shelves[order].atomic = false;
		}
		while (freed < nr_pages && (page = gem_uma_reserve_take(pool, order))) {
			__free_pages(page, order);
			freed += 1ul << order;
		}
	}
	return freed;
}

static unsigned long gem_uma_reserve_count_objects(struct shrinker *shrinker,
						   struct shrink_control *sc)
{
	struct gem_uma_reserve *reserve = shrinker->private_data;
	unsigned long nr = gem_uma_reserve_loose(reserve);

	if (!atomic_read(&reserve->active))
		nr += atomic_long_read(&reserve->pages);
	return nr ?: SHRINK_EMPTY;
}

/* The core's pointer to the root is not exported, and some of its callers have NULL for it. */
static bool gem_uma_reserve_is_root(struct mem_cgroup *memcg)
{
	return !memcg || !parent_mem_cgroup(memcg);
}

/* Does a cgroup pay for a pool, itself or after one that was removed? */
static bool gem_uma_reserve_is_of(const struct gem_uma_reserve_pool *pool,
				  struct mem_cgroup *memcg)
{
	struct mem_cgroup *owner = gem_uma_online_memcg(pool->memcg);

	return owner == memcg ||
	       (gem_uma_reserve_is_root(owner) && gem_uma_reserve_is_root(memcg));
}

/* What idle heaps hold. */
static unsigned long gem_uma_reserve_shrink_users(struct gem_uma_reserve *reserve, bool all,
						  struct mem_cgroup *memcg,
						  unsigned long nr_pages)
{
	struct gem_uma_reserve_user *user;
	unsigned long freed = 0;

	lockdep_assert_held(&reserve->lock);
	list_for_each_entry(user, &reserve->users, link) {
		if (freed >= nr_pages)
			break;
		/* Jobs come under the lock only. */
		if (!atomic_read(&user->jobs->nr) &&
		    (all || gem_uma_reserve_is_of(user->pool, memcg)))
			freed += user->discard(user, false);
	}
	return freed;
}

static unsigned long gem_uma_reserve_shrink(struct gem_uma_reserve *reserve, bool all,
					    struct mem_cgroup *memcg, unsigned long nr_pages)
{
	struct gem_uma_reserve_pool *pool;
	unsigned long freed = 0;

	lockdep_assert_held(&reserve->lock);
	list_for_each_entry(pool, &reserve->pools, link) {
		if (freed >= nr_pages || atomic_read(&reserve->active))
			break;
		if (all || gem_uma_reserve_is_of(pool, memcg))
			freed += gem_uma_reserve_drain(pool, nr_pages - freed);
	}
	if (freed < nr_pages)
		freed += gem_uma_reserve_shrink_users(reserve, all, memcg, nr_pages - freed);
	return freed;
}

static unsigned long gem_uma_reserve_discard(struct gem_uma_reserve *reserve,
					     struct mem_cgroup *memcg, unsigned long nr_pages)
{
	unsigned long freed;

	if (!mutex_trylock(&reserve->lock))
		return 0;
	freed = gem_uma_reserve_shrink(reserve, false, memcg, nr_pages);
	mutex_unlock(&reserve->lock);
	return freed;
}

static unsigned long gem_uma_reserve_scan_objects(struct shrinker *shrinker,
						  struct shrink_control *sc)
{
	struct gem_uma_reserve *reserve = shrinker->private_data;
	unsigned long freed;

	if (!mutex_trylock(&reserve->lock))
		return SHRINK_STOP;
	freed = gem_uma_reserve_shrink(reserve, true, NULL, sc->nr_to_scan);
	mutex_unlock(&reserve->lock);
	return freed ?: SHRINK_STOP;
}

static void gem_uma_reserve_fini(struct drm_device *drm, void *arg)
{
	struct gem_uma_reserve *reserve = arg;

	scoped_guard(mutex, &reserve->udev->reserve_lock)
		reserve->udev->reserve = NULL;
	shrinker_free(reserve->shrinker);
	drm_WARN_ON_ONCE(drm, !list_empty(&reserve->pools));
	drm_WARN_ON_ONCE(drm, !list_empty(&reserve->users));
	drm_WARN_ON_ONCE(drm, atomic_long_read(&reserve->pages));
	drm_WARN_ON_ONCE(drm, atomic_long_read(&reserve->held));
	drm_WARN_ON_ONCE(drm, atomic_long_read(&reserve->pinned));
	drm_WARN_ON_ONCE(drm, atomic_long_read(&reserve->promised));
	drm_WARN_ON_ONCE(drm, atomic_read(&reserve->active));
	mutex_destroy(&reserve->lock);
}

/**
 * gem_uma_reserve_init() - prepare to put memory aside
 * @reserve: reserve, zeroed, lives as long as the DRM device
 * @udev: initialized device
 *
 * Nothing is put aside yet. Undone when the DRM device is released.
 *
 * Context: may sleep. At probe, before the first heap.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_reserve_init(struct gem_uma_reserve *reserve, struct gem_uma_device *udev)
{
	struct shrinker *shrinker = shrinker_alloc(0, "drm-gem-uma-heap:%s", udev->drm->unique);

	if (!shrinker)
		return -ENOMEM;
	reserve->udev = udev;
	reserve->cap = totalram_pages() / GEM_UMA_RESERVE_SHARE;
	reserve->limit = totalram_pages() / GEM_UMA_RESERVE_HELD;
	mutex_init(&reserve->lock);
	/* Reclaim only tries it. But under it nothing is allocated. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&reserve->lock);
	fs_reclaim_release(GFP_KERNEL);
	INIT_LIST_HEAD(&reserve->pools);
	INIT_LIST_HEAD(&reserve->users);
	shrinker->count_objects = gem_uma_reserve_count_objects;
	shrinker->scan_objects = gem_uma_reserve_scan_objects;
	shrinker->private_data = reserve;
	reserve->shrinker = shrinker;
	reserve->discard = gem_uma_reserve_discard;
	shrinker_register(shrinker);
	scoped_guard(mutex, &udev->reserve_lock)
		udev->reserve = reserve;
	return drmm_add_action_or_reset(udev->drm, gem_uma_reserve_fini, reserve);
}
EXPORT_SYMBOL_GPL(gem_uma_reserve_init);

/**
 * gem_uma_reserve_unplug() - the device is gone: take all addresses back
 * @reserve: reserve
 *
 * Heaps lose their memory, and cannot grow any more. The device makes no access any more.
 *
 * Context: may sleep.
 */
void gem_uma_reserve_unplug(struct gem_uma_reserve *reserve)
{
	struct gem_uma_reserve_user *user;

	WRITE_ONCE(reserve->udev->unplugged, true);
	guard(mutex)(&reserve->lock);
	list_for_each_entry(user, &reserve->users, link)
		user->discard(user, true);
}
EXPORT_SYMBOL_GPL(gem_uma_reserve_unplug);

static int gem_uma_reserve_debugfs_show(struct seq_file *m, void *data)
{
	struct gem_uma_reserve *reserve = m->private;
	unsigned int i;

	seq_printf(m, "reserved-pages\t%ld\n", atomic_long_read(&reserve->pages));
	seq_printf(m, "heap-pages\t%ld\n", atomic_long_read(&reserve->held));
	seq_printf(m, "pinned-pages\t%ld\n", atomic_long_read(&reserve->pinned));
	seq_printf(m, "active\t%d\n", atomic_read(&reserve->active));
	for (i = 0; i < GEM_UMA_RUNGS; i++)
		seq_printf(m, "%s\t%lld\t%lld\n", gem_uma_rung_names[i],
			   atomic64_read(&reserve->passed[i]),
			   atomic64_read(&reserve->failed[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gem_uma_reserve_debugfs);

/**
 * gem_uma_reserve_debugfs_init() - show what happens, and let tests make it fail
 * @reserve: reserve, lives longer than @root
 * @root: directory of the device
 *
 * "heap" has the pages and, by rung, how often it had memory and how often not.
 * "heap-block" is a mask of rungs, 1 << &enum gem_uma_rung, that fail from now on.
 *
 * Context: may sleep.
 */
void gem_uma_reserve_debugfs_init(struct gem_uma_reserve *reserve, struct dentry *root)
{
	debugfs_create_file("heap", 0400, root, reserve, &gem_uma_reserve_debugfs_fops);
	debugfs_create_u32("heap-block", 0600, root, &reserve->block);
}
EXPORT_SYMBOL_GPL(gem_uma_reserve_debugfs_init);

/**
 * gem_uma_reserve_active_get() - a job comes that may need memory
 * @reserve: reserve
 * @jobs: those that use the same heaps
 *
 * Context: may sleep. Before gem_uma_heap_prepare(), outside of signalling sections.
 */
void gem_uma_reserve_active_get(struct gem_uma_reserve *reserve,
				struct gem_uma_reserve_jobs *jobs)
{
	atomic_inc(&reserve->active);
	if (atomic_inc_not_zero(&jobs->nr))
		return;
	/* Waits for reclaim to be through with what was idle. */
	mutex_lock(&reserve->lock);
	atomic_inc(&jobs->nr);
	mutex_unlock(&reserve->lock);
}
EXPORT_SYMBOL_GPL(gem_uma_reserve_active_get);

/**
 * gem_uma_reserve_active_put() - the job is done
 * @reserve: reserve
 * @jobs: as gem_uma_reserve_active_get() had it
 *
 * Context: any.
 */
void gem_uma_reserve_active_put(struct gem_uma_reserve *reserve,
				struct gem_uma_reserve_jobs *jobs)
{
	drm_WARN_ON_ONCE(reserve->udev->drm, atomic_dec_return(&jobs->nr) < 0);
	drm_WARN_ON_ONCE(reserve->udev->drm, atomic_dec_return(&reserve->active) < 0);
}
EXPORT_SYMBOL_GPL(gem_uma_reserve_active_put);

/**
 * gem_uma_reserve_add_user() - let memory be taken back from somebody
 * @reserve: reserve
 * @user: who; counts its pages in &gem_uma_reserve.held
 *
 * Context: may sleep.
 */
void gem_uma_reserve_add_user(struct gem_uma_reserve *reserve, struct gem_uma_reserve_user *user)
{
	guard(mutex)(&reserve->lock);
	list_add_tail(&user->link, &reserve->users);
}

/**
 * gem_uma_reserve_remove_user() - undo gem_uma_reserve_add_user()
 * @reserve: reserve
 * @user: is not asked any more; without effect if it was not
 *
 * Context: may sleep.
 */
void gem_uma_reserve_remove_user(struct gem_uma_reserve *reserve,
				 struct gem_uma_reserve_user *user)
{
	guard(mutex)(&reserve->lock);
	list_del_init(&user->link);
}

/**
 * gem_uma_reserve_promise() - may a user keep so many pages, whether it has jobs or not?
 * @reserve: reserve
 * @nr_pages: what it wants to keep
 *
 * Nobody can take back what is pinned. So all users together pin a part of what they may hold,
 * and jobs find the rest.
 *
 * Context: any.
 *
 * Return: true if so; the caller subtracts them from &gem_uma_reserve.promised later.
 */
bool gem_uma_reserve_promise(struct gem_uma_reserve *reserve, unsigned long nr_pages)
{
	unsigned long most = reserve->limit / GEM_UMA_RESERVE_PINNED;
	long old = atomic_long_read(&reserve->promised);

	do {
		if (nr_pages > most || old > (long)(most - nr_pages))
			return false;
	} while (!atomic_long_try_cmpxchg(&reserve->promised, &old, old + (long)nr_pages));
	return true;
}

static struct gem_uma_reserve_pool *gem_uma_reserve_pool_create(struct gem_uma_reserve *reserve)
{
	struct gem_uma_reserve_pool *pool = kzalloc_obj(*pool, GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!pool)
		return NULL;
	pool->reserve = reserve;
	spin_lock_init(&pool->lock);
	for (i = 0; i < GEM_UMA_RESERVE_ORDERS; i++)
		INIT_LIST_HEAD(&pool->shelves[i].folios);
	return pool;
}

static struct gem_uma_reserve_pool *gem_uma_reserve_pool_find(struct gem_uma_reserve *reserve,
							      struct mem_cgroup *memcg)
{
	struct gem_uma_reserve_pool *pool;

	lockdep_assert_held(&reserve->lock);
	list_for_each_entry(pool, &reserve->pools, link)
		if (pool->memcg == memcg)
			return pool;
	return NULL;
}

/**
 * gem_uma_reserve_pool_get() - find the pool of the caller's memory cgroup
 * @reserve: reserve
 *
 * Context: may sleep and reclaim.
 *
 * Return: the pool, for gem_uma_reserve_pool_put(); NULL if there is no memory.
 */
struct gem_uma_reserve_pool *gem_uma_reserve_pool_get(struct gem_uma_reserve *reserve)
{
	struct gem_uma_reserve_pool *fresh = gem_uma_reserve_pool_create(reserve), *pool;
	struct mem_cgroup *memcg;

	if (!fresh)
		return NULL;
	memcg = get_mem_cgroup_from_mm(current->mm);
	mutex_lock(&reserve->lock);
	pool = gem_uma_reserve_pool_find(reserve, memcg);
	if (!pool) {
		pool = fresh;
		fresh = NULL;
		pool->memcg = memcg;
		list_add(&pool->link, &reserve->pools);
	}
	pool->users++;
	mutex_unlock(&reserve->lock);

	if (fresh)
		mem_cgroup_put(memcg);
	kfree(fresh);
	return pool;
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_reserve_pool_get);

/**
 * gem_uma_reserve_pool_put() - undo gem_uma_reserve_pool_get()
 * @pool: pool; what was put aside goes with its last user
 *
 * Context: may sleep.
 */
void gem_uma_reserve_pool_put(struct gem_uma_reserve_pool *pool)
{
	struct gem_uma_reserve *reserve = pool->reserve;
	bool last;

	mutex_lock(&reserve->lock);
	last = !--pool->users;
	if (last)
		list_del(&pool->link);
	mutex_unlock(&reserve->lock);
	if (!last)
		return;
	gem_uma_reserve_drain(pool, ULONG_MAX);
	mem_cgroup_put(pool->memcg);
	kfree(pool);
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_reserve_pool_put);

/**
 * gem_uma_reserve_charge() - charge memory to the owner of a pool from now on
 * @pool: pool
 *
 * Context: any task.
 *
 * Return: what set_active_memcg() takes to end it.
 */
struct mem_cgroup *gem_uma_reserve_charge(struct gem_uma_reserve_pool *pool)
{
	return set_active_memcg(gem_uma_online_memcg(pool->memcg));
}

static bool gem_uma_reserve_is_below_limit(struct gem_uma_reserve *reserve, unsigned int order)
{
	return atomic_long_read(&reserve->held) + (1l << order) <= (long)reserve->limit;
}

/**
 * gem_uma_reserve_alloc() - allocate a folio that the device can reach
 * @reserve: reserve
 * @order: of the folio
 * @gfp: may it wait, and for what
 *
 * Context: as @gfp says.
 *
 * Return: the folio's first page, zeroed and charged; or NULL, also where the users hold as much
 * as they may.
 */
struct page *gem_uma_reserve_alloc(struct gem_uma_reserve *reserve, unsigned int order,
				   gfp_t gfp)
{
	gfp_t zone = reserve->udev->gfp & (__GFP_DMA32 | __GFP_HIGHMEM);

	if (!gem_uma_reserve_is_below_limit(reserve, order))
		return NULL;
	return alloc_pages(gfp | zone | __GFP_ZERO | __GFP_COMP | __GFP_ACCOUNT | __GFP_NOWARN,
			   order);
}

/**
 * gem_uma_reserve_alloc_wait() - allocate a folio, or take it from who has no job
 * @reserve: reserve
 * @order: of the folio
 *
 * Who has idle heaps must not keep others from having any.
 *
 * Context: may sleep and reclaim; no lock of the reserve is held.
 *
 * Return: as gem_uma_reserve_alloc(); NULL where users that have jobs hold as much as all may.
 */
struct page *gem_uma_reserve_alloc_wait(struct gem_uma_reserve *reserve, unsigned int order)
{
	might_alloc(GFP_KERNEL);
	/* What was put aside does not count, so to free it would be no help. */
	if (!gem_uma_reserve_is_below_limit(reserve, order)) {
		mutex_lock(&reserve->lock);
		gem_uma_reserve_shrink_users(reserve, true, NULL, 1ul << order);
		mutex_unlock(&reserve->lock);
	}
	return gem_uma_reserve_alloc(reserve, order, GEM_UMA_GFP_MAYFAIL);
}

/* Takes room for a folio out of what may be put aside. */
static bool gem_uma_reserve_get_room(struct gem_uma_reserve *reserve, unsigned int order)
{
	if (atomic_long_add_return(1l << order, &reserve->pages) <= (long)reserve->cap)
		return true;
	atomic_long_sub(1l << order, &reserve->pages);
	return false;
}

static int gem_uma_reserve_put_aside(struct gem_uma_reserve_pool *pool, unsigned int order)
{
	struct gem_uma_reserve_shelf *shelf = &pool->shelves[order];
	struct page *page;

	page = gem_uma_reserve_alloc_wait(pool->reserve, order);
	if (!page) {
		atomic_long_sub(1l << order, &pool->reserve->pages);
		return -ENOMEM;
	}
	spin_lock(&pool->lock);
	list_add(&page->lru, &shelf->folios);
	WRITE_ONCE(shelf->nr, shelf->nr + 1);
	spin_unlock(&pool->lock);
	/* After progress, so that one who is interrupted again and again gets through. */
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/**
 * gem_uma_reserve_refill() - put memory aside
 * @pool: pool
 * @order: of the folios
 * @want: how many may be needed
 *
 * Fills the pool up to the largest @want so far, or until the device has its share of the
 * memory of the machine: that is no error. Can be repeated after one.
 *
 * Context: may sleep and reclaim; no lock of the pool is held meanwhile. For the ioctl that
 * submits a job.
 *
 * Return: 0; -ENOMEM; -ERESTARTSYS for a signal.
 */
int gem_uma_reserve_refill(struct gem_uma_reserve_pool *pool, unsigned int order,
			   unsigned long want)
{
	struct gem_uma_reserve_shelf *shelf = &pool->shelves[order];
	struct mem_cgroup *old;
	unsigned long i;
	int ret = 0;

	might_alloc(GFP_KERNEL);
	spin_lock(&pool->lock);
	shelf->want = max(shelf->want, want);
	want = shelf->want;
	spin_unlock(&pool->lock);

	old = gem_uma_reserve_charge(pool);
	/* As a device may take what is put aside just now, not until it is full. */
	for (i = 0; i < want && !ret && READ_ONCE(shelf->nr) < want; i++) {
		if (!gem_uma_reserve_get_room(pool->reserve, order))
			break;
		ret = gem_uma_reserve_put_aside(pool, order);
	}
	set_active_memcg(old);
	spin_lock(&pool->lock);
	if (shelf->nr)
		shelf->atomic = true;
	spin_unlock(&pool->lock);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_reserve_refill);

/**
 * gem_uma_reserve_take_atomic() - take a folio from beyond the limit of the cgroup
 * @pool: pool
 * @order: of the folio
 *
 * Once, until gem_uma_reserve_refill() has seen folios of that order, which are below the limit.
 *
 * Context: may be in a signalling section; does not sleep.
 *
 * Return: the folio's first page, zeroed and charged, which is the caller's; or NULL.
 */
struct page *gem_uma_reserve_take_atomic(struct gem_uma_reserve_pool *pool, unsigned int order)
{
	struct gem_uma_reserve_shelf *shelf = &pool->shelves[order];
	struct page *page;
	bool may;

	spin_lock(&pool->lock);
	may = shelf->atomic;
	shelf->atomic = false;
	spin_unlock(&pool->lock);
	if (!may)
		return NULL;
	page = gem_uma_reserve_alloc(pool->reserve, order, GFP_ATOMIC);
	if (!page) {
		spin_lock(&pool->lock);
		shelf->atomic = true;
		spin_unlock(&pool->lock);
	}
	return page;
}

/**
 * gem_uma_reserve_take() - take a folio that was put aside
 * @pool: pool
 * @order: of the folio
 *
 * Context: may be in a signalling section; does not sleep.
 *
 * Return: the folio's first page, zeroed and charged, which is the caller's; or NULL.
 */
struct page *gem_uma_reserve_take(struct gem_uma_reserve_pool *pool, unsigned int order)
{
	struct gem_uma_reserve_shelf *shelf = &pool->shelves[order];
	struct page *page;

	spin_lock(&pool->lock);
	page = list_first_entry_or_null(&shelf->folios, struct page, lru);
	if (page) {
		list_del(&page->lru);
		WRITE_ONCE(shelf->nr, shelf->nr - 1);
	}
	spin_unlock(&pool->lock);
	if (page)
		atomic_long_sub(1l << order, &pool->reserve->pages);
	return page;
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_reserve_take);
