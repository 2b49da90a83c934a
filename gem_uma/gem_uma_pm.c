// SPDX-License-Identifier: GPL-2.0
/*
 * Sleep: make room before the system suspends or hibernates.
 *
 * Owns the notifier and the limits in time and pages. What goes, and how, is reclaim's
 * business. Lock: one of its own for the numbers. Neighbour: reclaim, below.
 */
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/nodemask.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/suspend.h>

#include <drm/drm_device.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_pm.h>
#include <kunit/visibility.h>

#include "gem_uma_reclaim_lists.h"

/**
 * DOC: Sleep
 *
 * Pages that an object holds cannot be moved or reclaimed. To hibernation they are memory
 * that has to be in the image, and the image has to fit into what is left: a system whose
 * GPU holds half of its memory cannot hibernate. So all idle objects are evicted first,
 * those of all memory cgroups. Their pages then are like any others: the kernel writes to
 * swap what does not fit into the image. Nothing is written here. Content that need not be
 * kept is purged, as under any pressure: what is gone takes no place in an image.
 *
 * This happens in the notifier that comes before the freezer, when swap devices still
 * work and tasks still run. Objects in use at that time stay; once the tasks are frozen
 * they become idle, and the kernel asks the shrinker for them when it makes room for
 * the image.
 *
 * With suspend, memory keeps its power and evicting only costs, at wakeup once more. It
 * is a choice of the driver, for devices whose memory cannot be reached by the CPU while
 * they sleep, or where suspend is meant to turn into hibernation later.
 *
 * Sleep never fails because of us. Evicting ends when the time is up, when as many pages
 * are gone as there were at the start, on a signal to the task that wants the system to
 * sleep, and on a wakeup event. After a wakeup event the system has to stay awake.
 * pm_wakeup_pending() reports an event only once, so the notifier passes it on.
 */

/* Pages between two looks at the clock. */
#define GEM_UMA_PM_CHUNK	1024UL

/* One transition. */
struct gem_uma_pm_run {
	struct gem_uma_device *udev;
	unsigned long deadline;
	unsigned long limit;
	unsigned long pages;
	/* The caller can keep the system awake. */
	bool wakeup;
	enum gem_uma_pm_end end;
};

static bool gem_uma_pm_goes_on(struct gem_uma_pm_run *run)
{
	if (run->end != GEM_UMA_PM_NEVER)
		return false;
	if (run->pages >= run->limit)
		run->end = GEM_UMA_PM_DONE;
	else if (signal_pending(current))
		run->end = GEM_UMA_PM_SIGNAL;
	else if (run->wakeup && pm_wakeup_pending())
		run->end = GEM_UMA_PM_WAKEUP;
	else if (time_after(jiffies, run->deadline))
		run->end = GEM_UMA_PM_TIMEOUT;
	return run->end == GEM_UMA_PM_NEVER;
}

/*
 * A scan gives up after some objects that are busy, or that get their second chance. Each
 * gets it once. So after as many scans as there are objects, each had its turn.
 */
static void gem_uma_pm_evict_node(struct gem_uma_pm_run *run, struct mem_cgroup *memcg,
				  int nid)
{
	unsigned long objects = gem_uma_reclaim_device_count(run->udev, memcg, nid);
	unsigned long patience = objects ? objects + 2 : 0;

	while (patience && gem_uma_pm_goes_on(run)) {
		unsigned long chunk = min(GEM_UMA_PM_CHUNK, run->limit - run->pages);
		unsigned long pages;

		/* No I/O: pages in memory that nobody holds are the kernel's to write. */
		pages = gem_uma_reclaim_device_scan(run->udev, memcg, nid,
						    GFP_KERNEL & ~__GFP_IO, chunk);
		run->pages += pages;
		if (!pages)
			patience--;
		cond_resched();
	}
}

static void gem_uma_pm_evict_memcg(struct gem_uma_pm_run *run, struct mem_cgroup *memcg)
{
	int nid;

	for_each_node_state(nid, N_NORMAL_MEMORY)
		gem_uma_pm_evict_node(run, memcg, nid);
}

#if IS_ENABLED(CONFIG_MEMCG)
static struct mem_cgroup *gem_uma_pm_root(void)
{
	struct mem_cgroup *own = get_mem_cgroup_from_mm(current->mm), *root = own;

	while (root && parent_mem_cgroup(root))
		root = parent_mem_cgroup(root);
	/* The root itself is never freed. */
	mem_cgroup_put(own);
	return root;
}

/* The next below @root, with a reference; drops that of @prev. The core's is not exported. */
static struct mem_cgroup *gem_uma_pm_next(struct mem_cgroup *root, struct mem_cgroup *prev)
{
	struct cgroup_subsys_state *css = prev ? &prev->css : NULL;

	rcu_read_lock();
	/* The objects of one that is being removed are its parent's. */
	do {
		css = css_next_descendant_pre(css, &root->css);
	} while (css && !css_tryget_online(css));
	rcu_read_unlock();
	mem_cgroup_put(prev);
	return css ? container_of(css, struct mem_cgroup, css) : NULL;
}

static void gem_uma_pm_evict_all(struct gem_uma_pm_run *run)
{
	struct mem_cgroup *root = gem_uma_pm_root(), *memcg = NULL;

	if (!root) {
		gem_uma_pm_evict_memcg(run, NULL);
		return;
	}
	while ((memcg = gem_uma_pm_next(root, memcg)))
		gem_uma_pm_evict_memcg(run, memcg);
}
#else
static void gem_uma_pm_evict_all(struct gem_uma_pm_run *run)
{
	gem_uma_pm_evict_memcg(run, NULL);
}
#endif

/* All that can go: what is held, or, if that is more, what is listed and can be purged. */
static unsigned long gem_uma_pm_limit(struct gem_uma_device *udev)
{
	long resident = atomic_long_read(&udev->resident_pages);
	long listed = atomic_long_read(&udev->reclaim->pages);

	return max3(resident, listed, 0L);
}

static struct gem_uma_pm_run gem_uma_pm_do_run(struct gem_uma_pm *pm, bool wakeup)
{
	struct gem_uma_pm_run run = {
		.udev = pm->udev,
		.deadline = jiffies + msecs_to_jiffies(READ_ONCE(pm->timeout_ms)),
		.limit = gem_uma_pm_limit(pm->udev),
		.wakeup = wakeup,
	};

	gem_uma_pm_evict_all(&run);
	if (run.end == GEM_UMA_PM_NEVER)
		run.end = GEM_UMA_PM_DONE;

	mutex_lock(&pm->lock);
	pm->runs++;
	pm->pages += run.pages;
	pm->end = run.end;
	mutex_unlock(&pm->lock);
	drm_dbg(pm->udev->drm, "evicted %lu of %lu pages\n", run.pages, run.limit);
	return run;
}

/**
 * gem_uma_pm_evict() - evict what is idle, within the limits
 * @pm: the part
 *
 * What is done before the system sleeps, for drivers with reasons of their own. Does not
 * look for wakeup events.
 *
 * Context: may sleep; no resv held. Annotated as reclaim.
 *
 * Return: pages freed.
 */
unsigned long gem_uma_pm_evict(struct gem_uma_pm *pm)
{
	return gem_uma_pm_do_run(pm, false).pages;
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_pm_evict);

/* Nothing that happens here is a reason to stay awake, but for a wakeup event. */
static int gem_uma_pm_notify(struct notifier_block *nb, unsigned long event, void *unused)
{
	struct gem_uma_pm *pm = container_of(nb, struct gem_uma_pm, nb);
	u32 when = 0;

	switch (event) {
	case PM_HIBERNATION_PREPARE:
	/* An image is about to be loaded, which needs memory, too. */
	case PM_RESTORE_PREPARE:
		when = GEM_UMA_PM_HIBERNATE;
		break;
	case PM_SUSPEND_PREPARE:
		when = GEM_UMA_PM_SUSPEND;
		break;
	}
	if (!(READ_ONCE(pm->when) & when))
		return NOTIFY_DONE;
	if (gem_uma_pm_do_run(pm, true).end == GEM_UMA_PM_WAKEUP)
		return notifier_from_errno(-EBUSY);
	return NOTIFY_DONE;
}

static void gem_uma_pm_fini(struct drm_device *drm, void *arg)
{
	struct gem_uma_pm *pm = arg;

	unregister_pm_notifier(&pm->nb);
	mutex_destroy(&pm->lock);
}

/**
 * gem_uma_pm_init() - take part in suspend and hibernation
 * @pm: the part, zeroed, lives as long as the DRM device
 * @udev: device with gem_uma_reclaim_device_init() done
 * @when: GEM_UMA_PM_*; GEM_UMA_PM_DEFAULT if there is no reason for something else
 *
 * Undone when the DRM device is released.
 *
 * Context: may sleep. At probe.
 *
 * Return: 0, -EINVAL for unknown bits in @when, or -ENOMEM.
 */
int gem_uma_pm_init(struct gem_uma_pm *pm, struct gem_uma_device *udev, u32 when)
{
	if (when & ~(GEM_UMA_PM_HIBERNATE | GEM_UMA_PM_SUSPEND))
		return -EINVAL;
	pm->udev = udev;
	pm->when = when;
	pm->timeout_ms = GEM_UMA_PM_TIMEOUT_MS;
	pm->nb.notifier_call = gem_uma_pm_notify;
	mutex_init(&pm->lock);
	register_pm_notifier(&pm->nb);
	return drmm_add_action_or_reset(udev->drm, gem_uma_pm_fini, pm);
}
EXPORT_SYMBOL_GPL(gem_uma_pm_init);

static const char *const gem_uma_pm_ends[] = {
	[GEM_UMA_PM_NEVER] = "never",
	[GEM_UMA_PM_DONE] = "done",
	[GEM_UMA_PM_TIMEOUT] = "timeout",
	[GEM_UMA_PM_SIGNAL] = "signal",
	[GEM_UMA_PM_WAKEUP] = "wakeup",
};

static int gem_uma_pm_stats_show(struct seq_file *m, void *unused)
{
	struct gem_uma_pm *pm = m->private;

	mutex_lock(&pm->lock);
	seq_printf(m, "runs %lu\npages %llu\nlast %s\n", pm->runs, pm->pages,
		   gem_uma_pm_ends[pm->end]);
	mutex_unlock(&pm->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gem_uma_pm_stats);

static int gem_uma_pm_when_get(void *data, u64 *when)
{
	struct gem_uma_pm *pm = data;

	*when = READ_ONCE(pm->when);
	return 0;
}

static int gem_uma_pm_when_set(void *data, u64 when)
{
	struct gem_uma_pm *pm = data;

	if (when & ~(u64)(GEM_UMA_PM_HIBERNATE | GEM_UMA_PM_SUSPEND))
		return -EINVAL;
	WRITE_ONCE(pm->when, when);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(gem_uma_pm_when_fops, gem_uma_pm_when_get, gem_uma_pm_when_set,
			 "%llu\n");

/**
 * gem_uma_pm_debugfs_init() - create the files of a device
 * @pm: the part
 *
 * pm_stats tells how often and how much was evicted, and why it ended last time; pm_when
 * is &gem_uma_pm.when, pm_timeout_ms &gem_uma_pm.timeout_ms. For &drm_driver.debugfs_init;
 * DRM removes the files.
 *
 * Context: may sleep.
 */
void gem_uma_pm_debugfs_init(struct gem_uma_pm *pm)
{
	struct dentry *root = pm->udev->drm->debugfs_root;

	debugfs_create_file("pm_stats", 0400, root, pm, &gem_uma_pm_stats_fops);
	debugfs_create_file_unsafe("pm_when", 0600, root, pm, &gem_uma_pm_when_fops);
	debugfs_create_u32("pm_timeout_ms", 0600, root, &pm->timeout_ms);
}
EXPORT_SYMBOL_GPL(gem_uma_pm_debugfs_init);
