// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a process, not pinned: device mappings follow what the process does.
 *
 * Owns the notifier, and where the pages were found last. Locks: the resv of the dma-buf,
 * and gem_uma_userptr_lock inside of it. Neighbours: the dma-buf, which maps what was found.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/moduleparam.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/gem_uma/gem_uma_userptr.h>

#include "gem_uma_internal.h"
#include "gem_uma_userptr_internal.h"

/**
 * DOC: Following the process
 *
 * With GEM_UMA_USERPTR_NOTIFIER no page is pinned, and nothing counts as locked memory. The
 * kernel reclaims, moves and copies the pages as if no device used them. Who changes the
 * page tables of the process, munmap() or reclaim for example, calls a notifier first:
 *
 * - What importers have mapped becomes stale. From then on no new job uses it.
 * - Jobs that do use it are waited for: all fences in the resv of the dma-buf.
 * - The DMA addresses are taken away, with the cache maintenance that belongs to it.
 *
 * Jobs have two seconds for that (userptr_wait_ms). In reclaim they have a twentieth of it,
 * since reclaim can meet a page in many dma-bufs, one after the other. When the process ends
 * they have none, since that happens before it closes its files. Then the drivers end those
 * jobs: see &gem_uma_userptr_driver.overdue.
 *
 * Then the pages change. The notifier runs inside of memory reclaim, so it takes no resv, and
 * no fence that it waits for depends on an allocation. It cannot clear page tables of the
 * device, whose lists the resv protects. So entries of stale pages stay there until the next
 * job, and each job has to keep away from them. A driver that imports such memory
 * declares &gem_uma_object_prime.revalidates, and promises:
 *
 * - Each job that could reach the memory has its fence in the resv of the dma-buf. So its
 *   page tables are used by jobs that name all that they can reach, as with VM_BIND; and the
 *   memory gets into page tables only while no older job uses these, since that one could
 *   reach it without having named it. gem_uma_vm_is_evicted_locked() tells when that comes.
 * - Before a job is armed, with the resvs held, the driver calls
 *   gem_uma_object_leave_stale_locked() for each of its objects, then makes them resident.
 *   That is -ESTALE if the pages have to be looked up first. The driver unlocks, calls
 *   gem_uma_object_lookup() and begins again: looking up takes the mmap lock, which comes
 *   before resvs.
 * - Between gem_uma_userptr_publish_begin() and gem_uma_userptr_publish_end() it asks
 *   gem_uma_object_is_stale() once more, and publishes the fence of the job if no object is.
 *   If one is, it begins again. So either the job sees that memory is stale, or the notifier
 *   sees the fence of the job.
 *
 * Other importers are refused, nobody can pin the memory, and
 * gem_uma_object_prime_handle_to_fd() gives other processes no dma-buf of it: their jobs could
 * keep a process from changing its memory. The lock between the two calls is the same for all;
 * the notifier does not hold it while it waits. The OOM killer cannot wait: it takes the memory
 * only if no job uses it, and no such lock is held.
 *
 * What a process unmapped, or cannot write any more, fails the next job with -EFAULT, before
 * that has done anything. What it maps there instead is used from then on. After fork() it
 * is the parent whose memory is meant: where parent and child shared a page, the parent
 * gets a copy when a job needs it to write. When the process ends, its jobs do; from then on
 * all is -EFAULT.
 *
 * Without CONFIG_MMU_NOTIFIER this policy is -EOPNOTSUPP.
 */

static unsigned int gem_uma_userptr_wait_ms = 2000;
module_param_named(userptr_wait_ms, gem_uma_userptr_wait_ms, uint, 0644);
MODULE_PARM_DESC(userptr_wait_ms,
		 "How long who changes memory of a process waits for jobs, in milliseconds; reclaim waits a twentieth of it (default: 2000)");

/* From here on no new job uses what is mapped. Returns whether an older one may use it. */
static bool gem_uma_userptr_watch_stale(struct gem_uma_userptr_watch *watch, unsigned long seq)
{
	struct gem_uma_userptr_map *map;
	bool used = false;

	lockdep_assert_held_write(&gem_uma_userptr_lock);
	mmu_interval_set_seq(&watch->base, seq);
	list_for_each_entry(map, &watch->uptr->maps, link) {
		WRITE_ONCE(map->stale, true);
		used |= !map->unmapped;
	}
	return used;
}

/* Until the range is valid again, nobody adds a map. */
static void gem_uma_userptr_watch_unmap(struct gem_uma_userptr_watch *watch)
{
	struct gem_uma_userptr_map *map;

	lockdep_assert_held_write(&gem_uma_userptr_lock);
	list_for_each_entry(map, &watch->uptr->maps, link)
		gem_uma_userptr_unmap_dma(map);
}

/* Of a job that uses what is mapped? Then its driver ends it. */
static bool gem_uma_userptr_watch_overdue(struct gem_uma_userptr_watch *watch,
					  struct dma_fence *fence)
{
	struct gem_uma_userptr_map *map;

	guard(rwsem_read)(&gem_uma_userptr_lock);
	list_for_each_entry(map, &watch->uptr->maps, link)
		if (map->driver->overdue(fence))
			return true;
	return false;
}

/*
 * A fence of no job is that of a bind, which can wait for a job of anybody, or of a job that
 * uses nothing that is mapped.
 */
static void gem_uma_userptr_watch_end(struct gem_uma_userptr_watch *watch)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, watch->dma_buf->resv, DMA_RESV_USAGE_BOOKKEEP);
	dma_resv_for_each_fence_unlocked(&cursor, fence)
		if (gem_uma_userptr_watch_overdue(watch, fence))
			dma_fence_wait(fence, false);
	dma_resv_iter_end(&cursor);
}

static void gem_uma_userptr_watch_wait(struct gem_uma_userptr_watch *watch, bool dying)
{
	long patience = dying ? 0 : msecs_to_jiffies(READ_ONCE(gem_uma_userptr_wait_ms));

	/* Reclaim may meet the same page in many of them, one after the other. */
	if (current->flags & PF_MEMALLOC)
		patience /= 20;
	if (dma_resv_wait_timeout(watch->dma_buf->resv, DMA_RESV_USAGE_BOOKKEEP, false,
				  patience) <= 0)
		gem_uma_userptr_watch_end(watch);
}

/* For the OOM killer, which must not depend on a job. False: it has to leave the memory. */
static bool gem_uma_userptr_try_invalidate(struct gem_uma_userptr_watch *watch,
					   unsigned long seq)
{
	bool idle;

	if (!down_write_trylock(&gem_uma_userptr_lock))
		return false;
	/* Who publishes a fence holds the lock: there will be none. */
	idle = dma_resv_test_signaled(watch->dma_buf->resv, DMA_RESV_USAGE_BOOKKEEP);
	if (idle) {
		gem_uma_userptr_watch_stale(watch, seq);
		gem_uma_userptr_watch_unmap(watch);
	}
	up_write(&gem_uma_userptr_lock);
	return idle;
}

/*
 * Process context or memory reclaim, which may hold any resv: this takes none. New jobs are
 * kept out before those that there are, are waited for.
 */
static bool gem_uma_userptr_invalidate(struct mmu_interval_notifier *notifier,
				       const struct mmu_notifier_range *range,
				       unsigned long seq)
{
	struct gem_uma_userptr_watch *watch =
		container_of(notifier, struct gem_uma_userptr_watch, base);
	bool used = false;

	if (!mmu_notifier_range_blockable(range))
		return gem_uma_userptr_try_invalidate(watch, seq);
	scoped_guard(rwsem_write, &gem_uma_userptr_lock)
		used = gem_uma_userptr_watch_stale(watch, seq);
	/* For a process that ends it is called once more, for all that it unmaps. */
	if (!used)
		return true;
	gem_uma_userptr_watch_wait(watch, range->event == MMU_NOTIFY_RELEASE);
	scoped_guard(rwsem_write, &gem_uma_userptr_lock)
		gem_uma_userptr_watch_unmap(watch);
	return true;
}

static const struct mmu_interval_notifier_ops gem_uma_userptr_notifier_ops = {
	.invalidate = gem_uma_userptr_invalidate,
};

/**
 * gem_uma_userptr_watch_alloc() - have room for a notifier
 * @uptr: memory
 * @addr: first byte
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_userptr_watch_alloc(struct gem_uma_userptr *uptr, unsigned long addr)
{
	struct gem_uma_userptr_watch *watch = kzalloc_obj(*watch, GFP_KERNEL_ACCOUNT);

	if (!watch)
		return -ENOMEM;
	watch->uptr = uptr;
	watch->addr = addr;
	uptr->watch = watch;
	return 0;
}

/**
 * gem_uma_userptr_watch_begin() - notice changes from now on
 * @uptr: memory
 * @dma_buf: its dma-buf, which nobody else has seen yet
 *
 * Context: process context; takes the mmap lock.
 *
 * Return: 0; -ENOMEM; -EINTR when the task is being killed; or as
 * mmu_interval_notifier_insert().
 */
int gem_uma_userptr_watch_begin(struct gem_uma_userptr *uptr, struct dma_buf *dma_buf)
{
	struct gem_uma_userptr_watch *watch = uptr->watch;
	int ret;

	watch->dma_buf = dma_buf;
	ret = mmu_interval_notifier_insert(&watch->base, current->mm, watch->addr,
					   uptr->nr_pages << PAGE_SHIFT,
					   &gem_uma_userptr_notifier_ops);
	watch->inserted = !ret;
	return ret;
}

/**
 * gem_uma_userptr_watch_free() - notice nothing any more
 * @uptr: memory, whose dma-buf nobody has any more
 *
 * Context: may sleep; no lock held that a notifier takes.
 */
void gem_uma_userptr_watch_free(struct gem_uma_userptr *uptr)
{
	struct gem_uma_userptr_watch *watch = uptr->watch;

	/* Waits for a notifier that is running. */
	if (watch->inserted)
		mmu_interval_notifier_remove(&watch->base);
	kfree(watch);
}

/**
 * gem_uma_userptr_watch_is_current() - are the pages as they were looked up last?
 * @uptr: memory
 *
 * Context: resv of the dma-buf and gem_uma_userptr_lock held; does not sleep.
 *
 * Return: true if so.
 */
bool gem_uma_userptr_watch_is_current(const struct gem_uma_userptr *uptr)
{
	struct gem_uma_userptr_watch *watch = uptr->watch;

	lockdep_assert_held(&gem_uma_userptr_lock);
	return !mmu_interval_read_retry(&watch->base, watch->seq);
}

/*
 * Looks some of @left pages up, from @addr on. They are held for just as long as that takes:
 * whether they are still there is known by the sequence. Marked dirty now: what the device
 * writes later is written before the notifier returns. Returns how many, or a negative errno.
 */
static long gem_uma_userptr_look_up_some(struct gem_uma_userptr *uptr, unsigned long addr,
					 unsigned long left, struct page **pages,
					 struct sg_append_table *table)
{
	bool write = !(uptr->flags & GEM_UMA_USERPTR_READONLY);
	struct mm_struct *mm = uptr->watch->base.mm;
	int locked = 1, ret;
	long nr;

	if (signal_pending(current))
		return -ERESTARTSYS;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	/* Whoever serves the fault, for instance by userfaultfd, may never do so. */
	nr = pin_user_pages_remote(mm, addr, min(left, GEM_UMA_USERPTR_BATCH),
				   FOLL_INTERRUPTIBLE | (write ? FOLL_WRITE : 0), pages, &locked);
	if (locked)
		mmap_read_unlock(mm);
	if (nr <= 0)
		return nr ?: -EFAULT;
	ret = gem_uma_userptr_append(table, pages, nr, left);
	unpin_user_pages_dirty_lock(pages, nr, write);
	return ret ?: nr;
}

static int gem_uma_userptr_look_up_all(struct gem_uma_userptr *uptr,
				       struct sg_append_table *table)
{
	unsigned long left = uptr->nr_pages, addr = uptr->watch->addr;
	struct page **pages;
	long ret = 0;

	pages = (struct page **)__get_free_page(GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (; left; left -= ret, addr += (unsigned long)ret << PAGE_SHIFT) {
		ret = gem_uma_userptr_look_up_some(uptr, addr, left, pages, table);
		if (ret < 0)
			break;
		cond_resched();
	}
	free_page((unsigned long)pages);
	return min(ret, 0L);
}

/**
 * gem_uma_userptr_watch_lookup() - look the pages of the process up
 * @uptr: memory
 *
 * They may be stale by the time that it returns; whoever maps them finds out.
 *
 * Context: process context; may sleep, reclaim and do I/O; takes the mmap lock and the resv.
 *
 * Return: 0; -EFAULT where there is no memory, or none that can be written, if it has to be,
 * or no process any more; -ENOMEM; -EINTR or -ERESTARTSYS for a signal; or as
 * pin_user_pages_remote().
 */
int gem_uma_userptr_watch_lookup(struct gem_uma_userptr *uptr)
{
	struct gem_uma_userptr_watch *watch = uptr->watch;
	struct mm_struct *mm = watch->base.mm;
	struct sg_append_table table = {};
	unsigned long seq;
	int ret;

	if (!mmget_not_zero(mm))
		return -EFAULT;
	seq = mmu_interval_read_begin(&watch->base);
	ret = gem_uma_userptr_look_up_all(uptr, &table);
	if (ret)
		goto out;
	ret = dma_resv_lock_interruptible(watch->dma_buf->resv, NULL);
	if (ret)
		goto out;
	swap(uptr->pages, table);
	watch->seq = seq;
	dma_resv_unlock(watch->dma_buf->resv);
out:
	sg_free_append_table(&table);
	mmput(mm);
	return ret;
}
