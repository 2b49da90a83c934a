// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing back what was swapped out, with more than one task.
 *
 * Owns the helpers, which read ahead into the page cache of an object's file. Holds no
 * page, knows no sets: whoever populates finds folios where it would have waited for
 * swap. Lock: none; helpers know the file alone. Neighbour: backing.
 */
#include <linux/cgroup.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/psi.h>
#include <linux/rcupdate_wait.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_backing.h>

#include "gem_uma_backing_internal.h"
#include "gem_uma_backing_restore.h"
#include "gem_uma_trace.h"

/**
 * DOC: Restore
 *
 * Restoring means waiting for the swap device, or for a CPU that decompresses. One task
 * goes through a range from its start. If much of it was swapped out, helpers read the
 * same range from its end, a chunk at a time, until both meet. They only bring folios
 * into the page cache, charged to the object's owner, and need no resv. The task then
 * takes hold of them as of any others. It never waits for a helper to begin or to end: where
 * none runs it does all by itself, and if it is killed the helpers stop.
 *
 * gem_uma_backing_prefetch() is the same without the task: for what will be needed soon.
 * Nothing holds such pages, so under pressure they go first.
 *
 * Helpers do not run while the system freezes or writes a hibernation image. One stops where
 * it would exceed memory.high: the sleep that is due then is the task's, not that of a
 * worker others wait for.
 *
 * The time that a task needs to restore counts as a stall for memory (PSI).
 */

/* Pages that a helper takes at a time. */
#define GEM_UMA_RESTORE_CHUNK	256UL
/* Swapped-out pages for each helper: less is not worth waking one. */
#define GEM_UMA_RESTORE_SHARE	1024UL
#define GEM_UMA_RESTORE_HELPERS	8U
/* Prefetches under way, of all objects. */
#define GEM_UMA_RESTORE_JOBS	64

static unsigned int restore_helpers = 3;
module_param(restore_helpers, uint, 0644);
MODULE_PARM_DESC(restore_helpers,
		 "Most workers that help to restore an object, 0 to 8 (default: 3)");

static struct workqueue_struct *gem_uma_restore_wq;
static atomic_t gem_uma_restore_prefetches = ATOMIC_INIT(0);
static atomic64_t gem_uma_restore_pages = ATOMIC64_INIT(0);

static int gem_uma_restore_pages_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lld\n", atomic64_read(&gem_uma_restore_pages));
}

static const struct kernel_param_ops gem_uma_restore_pages_ops = {
	.get = gem_uma_restore_pages_get,
};
module_param_cb(restored_ahead, &gem_uma_restore_pages_ops, NULL, 0444);
MODULE_PARM_DESC(restored_ahead, "Pages that helpers have brought back so far");

struct gem_uma_restore_helper {
	struct work_struct work;
	struct gem_uma_restore_job *job;
};

/*
 * What helpers know. The file keeps the pages, and the cgroup is charged: neither the
 * object nor its device is needed, and both may go meanwhile.
 */
struct gem_uma_restore_job {
	refcount_t refs;
	struct file *file;
	struct mem_cgroup *memcg;
	/* The first page that no helper has taken: they go down. */
	atomic_long_t end;
	/* Where the task is: it goes up. */
	pgoff_t reached;
	/* The task has ended. */
	bool stop;
	/* There is no task. */
	bool prefetch;
	unsigned int nr_helpers;
	struct gem_uma_restore_helper helpers[];
};

static void gem_uma_restore_job_put(struct gem_uma_restore_job *job)
{
	if (!refcount_dec_and_test(&job->refs))
		return;
	if (job->prefetch)
		atomic_dec(&gem_uma_restore_prefetches);
	fput(job->file);
	mem_cgroup_put(job->memcg);
	kfree(job);
}

static bool gem_uma_restore_take(struct gem_uma_restore_job *job, struct gem_uma_extent *e)
{
	long start, end = atomic_long_read(&job->end);

	do {
		long reached = READ_ONCE(job->reached);

		if (end <= reached)
			return false;
		start = max_t(long, reached, round_down(end - 1, GEM_UMA_RESTORE_CHUNK));
	} while (!atomic_long_try_cmpxchg(&job->end, &end, start));
	e->start = start;
	e->end = end;
	return true;
}

static bool gem_uma_restore_is_wanted(struct gem_uma_restore_job *job)
{
	if (READ_ONCE(job->stop) || gem_uma_backing_is_throttled())
		return false;
	/* Only we have it open: the object is gone. */
	return file_count(job->file) > 1;
}

/* SGP_READ: what was never there does not come into being. */
static int gem_uma_restore_read(struct gem_uma_restore_job *job, const struct gem_uma_extent *e)
{
	struct address_space *mapping = job->file->f_mapping;
	struct folio *folio;
	pgoff_t pgoff;
	int ret;

	for (pgoff = e->start; pgoff < e->end; pgoff++) {
		cond_resched();
		/* Swapped out is a value. What is there is left to the task, unlocked. */
		if (!xa_is_value(xa_load(&mapping->i_pages, pgoff)))
			continue;
		if (!gem_uma_restore_is_wanted(job))
			return -ECANCELED;
		ret = shmem_get_folio(file_inode(job->file), pgoff, 0, &folio, SGP_READ);
		if (ret)
			return ret;
		if (!folio)
			continue;
		atomic64_add(folio_nr_pages(folio), &gem_uma_restore_pages);
		folio_unlock(folio);
		folio_put(folio);
	}
	return 0;
}

/*
 * One chunk: a workqueue freezes between works only, and one that takes as long as a whole
 * object would make a suspend fail.
 */
static void gem_uma_restore_work(struct work_struct *work)
{
	struct gem_uma_restore_job *job =
		container_of(work, struct gem_uma_restore_helper, work)->job;
	struct mem_cgroup *old = set_active_memcg(gem_uma_online_memcg(job->memcg));
	struct gem_uma_extent e;
	bool more;

	/* The task finds out about an error, if there is a task. */
	more = gem_uma_restore_take(job, &e) && !gem_uma_restore_read(job, &e);
	set_active_memcg(old);
	/* The next work of this worker must not pay for it. */
	gem_uma_backing_forget_high();
	if (more)
		queue_work(gem_uma_restore_wq, work);
	else
		gem_uma_restore_job_put(job);
}

/* Pages of a range that have to be read from swap: the file has a value for them. */
static unsigned long gem_uma_restore_swapped(struct gem_uma_backing *b, pgoff_t start,
					     pgoff_t end)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);
	unsigned long swapped = 0;
	void *entry;

	XA_STATE(xas, &mapping->i_pages, start);

	/* Quick for most: all that the file takes is in memory. */
	if (start >= end || gem_uma_backing_known(b) <= READ_ONCE(mapping->nrpages))
		return 0;
	rcu_read_lock();
	xas_for_each(&xas, entry, end - 1) {
		if (xas_retry(&xas, entry))
			continue;
		if (xa_is_value(entry)) {
			unsigned long nr = 1UL << xas_get_order(&xas);
			pgoff_t first = round_down(xas.xa_index, nr);

			swapped += min(first + nr, end) - max(first, start);
		}
		if (need_resched()) {
			xas_pause(&xas);
			cond_resched_rcu();
		}
	}
	rcu_read_unlock();
	return swapped;
}

static struct gem_uma_restore_job *gem_uma_restore_job_create(struct gem_uma_backing *b,
							      pgoff_t start, pgoff_t end,
							      unsigned int helpers)
{
	struct gem_uma_restore_job *job;
	unsigned int i;

	job = kzalloc(struct_size(job, helpers, helpers), GFP_KERNEL | __GFP_NOWARN);
	if (!job)
		return NULL;
	refcount_set(&job->refs, 1 + helpers);
	job->file = get_file(b->file);
	job->memcg = b->memcg;
#if IS_ENABLED(CONFIG_MEMCG)
	if (job->memcg)
		css_get(&job->memcg->css);
#endif
	atomic_long_set(&job->end, end);
	job->reached = start;
	job->nr_helpers = helpers;
	for (i = 0; i < helpers; i++) {
		job->helpers[i].job = job;
		INIT_WORK(&job->helpers[i].work, gem_uma_restore_work);
	}
	return job;
}

static void gem_uma_restore_job_start(struct gem_uma_restore_job *job)
{
	unsigned int i, nr = job->nr_helpers;

	for (i = 0; i < nr; i++)
		queue_work(gem_uma_restore_wq, &job->helpers[i].work);
}

static unsigned int gem_uma_restore_limit(void)
{
	return min(READ_ONCE(restore_helpers), GEM_UMA_RESTORE_HELPERS);
}

/**
 * gem_uma_backing_restore_begin_locked() - a task is about to populate a range
 * @restore: uninitialized
 * @b: backing
 * @start: first page
 * @end: first page behind
 *
 * Context: resv held; may sleep and reclaim.
 */
void gem_uma_backing_restore_begin_locked(struct gem_uma_restore *restore,
					  struct gem_uma_backing *b, pgoff_t start,
					  pgoff_t end)
{
	unsigned long swapped;
	unsigned int helpers;

	dma_resv_assert_held(b->obj->resv);
	restore->job = NULL;
	swapped = gem_uma_restore_swapped(b, start, end);
	restore->stalled = swapped;
	if (!swapped)
		return;
	psi_memstall_enter(&restore->pflags);
	helpers = min3((unsigned long)gem_uma_restore_limit(), num_online_cpus() - 1UL,
		       swapped / GEM_UMA_RESTORE_SHARE);
	trace_gem_uma_restore(b->obj, start, end - start, swapped, helpers);
	if (!helpers)
		return;
	/* Without memory for the job, the task works alone. */
	restore->job = gem_uma_restore_job_create(b, start, end, helpers);
	if (restore->job)
		gem_uma_restore_job_start(restore->job);
}

/**
 * gem_uma_backing_restore_reached() - helpers need not go below
 * @restore: begun
 * @pgoff: the page that the task populates now
 *
 * Context: any.
 */
void gem_uma_backing_restore_reached(struct gem_uma_restore *restore, pgoff_t pgoff)
{
	if (restore->job)
		WRITE_ONCE(restore->job->reached, pgoff);
}

/**
 * gem_uma_backing_restore_end() - the task has ended, however
 * @restore: begun
 *
 * Context: any; waits for nobody.
 */
void gem_uma_backing_restore_end(struct gem_uma_restore *restore)
{
	if (restore->job) {
		WRITE_ONCE(restore->job->stop, true);
		gem_uma_restore_job_put(restore->job);
	}
	if (restore->stalled)
		psi_memstall_leave(&restore->pflags);
}

/**
 * gem_uma_backing_prefetch() - begin to read from swap what will be needed soon
 * @b: backing
 * @start: first page
 * @end: first page behind
 *
 * Only a hint: nothing is held, and whoever populates finds out about errors. Does nothing
 * if nothing is swapped out.
 *
 * Context: may sleep and reclaim; no resv needed. Not for fence signalling.
 *
 * Return: 0; -EINVAL for a range outside of the object; -EAGAIN if too much is under way
 * already; -ENOMEM.
 */
int gem_uma_backing_prefetch(struct gem_uma_backing *b, pgoff_t start, pgoff_t end)
{
	struct gem_uma_restore_job *job;
	unsigned int helpers;

	if (start > end || end > b->nr_pages)
		return -EINVAL;
	helpers = min_t(unsigned long, gem_uma_restore_limit(),
			DIV_ROUND_UP(gem_uma_restore_swapped(b, start, end),
				     GEM_UMA_RESTORE_SHARE));
	if (!helpers)
		return 0;
	if (!atomic_add_unless(&gem_uma_restore_prefetches, 1, GEM_UMA_RESTORE_JOBS))
		return -EAGAIN;
	job = gem_uma_restore_job_create(b, start, end, helpers);
	if (!job) {
		atomic_dec(&gem_uma_restore_prefetches);
		return -ENOMEM;
	}
	job->prefetch = true;
	gem_uma_restore_job_start(job);
	gem_uma_restore_job_put(job);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_prefetch);

/**
 * gem_uma_backing_module_init() - what all objects share
 *
 * Context: module init.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_backing_module_init(void)
{
	/* Nobody waits for these: no WQ_MEM_RECLAIM. */
	gem_uma_restore_wq = alloc_workqueue("gem-uma-restore", WQ_UNBOUND | WQ_FREEZABLE,
					     GEM_UMA_RESTORE_HELPERS);
	return gem_uma_restore_wq ? 0 : -ENOMEM;
}

/**
 * gem_uma_backing_module_exit() - undo gem_uma_backing_module_init()
 *
 * Context: module exit; no object is left.
 */
void gem_uma_backing_module_exit(void)
{
	destroy_workqueue(gem_uma_restore_wq);
}
