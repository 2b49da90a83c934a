// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of reclaim: what scans did with each list, and how large and long scans are.
 *
 * Owns sums and nothing else. No lock: each number is an atomic of its own, and a
 * reader may see a scan half counted. Neighbour: scans, which bring the numbers.
 */
#include <linux/math64.h>
#include <linux/seq_file.h>
#include <linux/time64.h>

#include <drm/gem_uma/gem_uma_reclaim.h>
#include <kunit/visibility.h>

#include "gem_uma_reclaim_lists.h"

/* In the order of a scan, from cheap to costly. */
const char *const gem_uma_reclaim_names[GEM_UMA_RECLAIM_LISTS] = {
	[GEM_UMA_DISCARDABLE] = "discardable",
	[GEM_UMA_PURGEABLE] = "purgeable",
	[GEM_UMA_NEVER_WRITTEN] = "never-written",
	[GEM_UMA_EVICTED] = "evicted",
	[GEM_UMA_UNUSED] = "unused",
	[GEM_UMA_CPU_MAPPED] = "cpu-mapped",
	[GEM_UMA_DEV_MAPPED] = "one-vm",
	[GEM_UMA_DEV_SHARED] = "shared",
};

static const char *const gem_uma_reclaim_count_names[GEM_UMA_RECLAIM_NR_COUNTS] = {
	[GEM_UMA_RECLAIM_LOOKED] = "looked",
	[GEM_UMA_RECLAIM_OBJECTS] = "objects",
	[GEM_UMA_RECLAIM_PAGES] = "pages",
	[GEM_UMA_RECLAIM_BUSY] = "busy",
	[GEM_UMA_RECLAIM_LOCKED] = "locked",
	[GEM_UMA_RECLAIM_SPARED] = "spared",
	[GEM_UMA_RECLAIM_WAITED] = "waits",
	[GEM_UMA_RECLAIM_NS] = "ns",
};

/**
 * gem_uma_reclaim_state_name() - on which list is an object, for people
 * @reclaim: the part, initialized
 *
 * The list may be outdated: not every change of the object's state is reported.
 *
 * Context: any; a snapshot without resv.
 *
 * Return: the name of the list, or "-" if the object is on none: it has no pages, is
 * pinned, or a scan holds it.
 */
const char *gem_uma_reclaim_state_name(const struct gem_uma_reclaim *reclaim)
{
	enum gem_uma_reclaim_state state = READ_ONCE(reclaim->state);

	return state < GEM_UMA_RECLAIM_LISTS ? gem_uma_reclaim_names[state] : "-";
}
EXPORT_SYMBOL_IF_KUNIT(gem_uma_reclaim_state_name);

/**
 * gem_uma_reclaim_stats_stage() - add what a scan did with a list
 * @rdev: device
 * @list: the list
 * @counts: by &enum gem_uma_reclaim_count
 *
 * Context: inside of memory reclaim.
 */
void gem_uma_reclaim_stats_stage(struct gem_uma_reclaim_device *rdev,
				 enum gem_uma_reclaim_state list, const u64 *counts)
{
	struct gem_uma_reclaim_stage_stats *stats = &rdev->stats.stages[list];
	unsigned int i;

	atomic64_inc(&stats->runs);
	for (i = 0; i < GEM_UMA_RECLAIM_NR_COUNTS; i++)
		if (counts[i])
			atomic64_add(counts[i], &stats->counts[i]);
}

/**
 * gem_uma_reclaim_stats_scan() - add a scan
 * @rdev: device
 * @pages: freed, or written
 * @ns: time it took
 * @kswapd: it was kswapd's
 *
 * Context: inside of memory reclaim.
 */
void gem_uma_reclaim_stats_scan(struct gem_uma_reclaim_device *rdev, unsigned long pages,
				u64 ns, bool kswapd)
{
	struct gem_uma_reclaim_stats *stats = &rdev->stats;

	atomic64_inc(&stats->scans);
	if (kswapd)
		atomic64_inc(&stats->kswapd);
	atomic64_inc(&stats->pages[gem_uma_reclaim_bucket(pages)]);
	atomic64_inc(&stats->us[gem_uma_reclaim_bucket(div_u64(ns, NSEC_PER_USEC))]);
}

/* Buckets that nothing fell into are left out. */
static void gem_uma_reclaim_show_histogram(struct seq_file *m, const char *name,
					   const atomic64_t *buckets)
{
	unsigned int i;

	for (i = 0; i < GEM_UMA_RECLAIM_BUCKETS; i++) {
		s64 scans = atomic64_read(&buckets[i]);

		if (scans)
			seq_printf(m, "%s %8llu- %lld\n", name, i ? 1ULL << (i - 1) : 0, scans);
	}
}

/**
 * gem_uma_reclaim_show() - print what scans did so far
 * @udev: device with gem_uma_reclaim_device_init() done
 * @m: file
 *
 * A table of the lists; then, for pages and microseconds, the lower bound of each power
 * of two and how many scans it holds.
 *
 * Context: any.
 */
void gem_uma_reclaim_show(struct gem_uma_device *udev, struct seq_file *m)
{
	struct gem_uma_reclaim_stats *stats = &udev->reclaim->stats;
	unsigned int i, count;

	seq_printf(m, "%-18s %8s", "stage", "runs");
	for (count = 0; count < GEM_UMA_RECLAIM_NR_COUNTS; count++)
		seq_printf(m, " %10s", gem_uma_reclaim_count_names[count]);
	seq_putc(m, '\n');
	for (i = 0; i < GEM_UMA_RECLAIM_LISTS; i++) {
		struct gem_uma_reclaim_stage_stats *stage = &stats->stages[i];

		seq_printf(m, "%-18s %8lld", gem_uma_reclaim_names[i],
			   atomic64_read(&stage->runs));
		for (count = 0; count < GEM_UMA_RECLAIM_NR_COUNTS; count++)
			seq_printf(m, " %10lld", atomic64_read(&stage->counts[count]));
		seq_putc(m, '\n');
	}
	seq_printf(m, "scans %lld, kswapd %lld\n", atomic64_read(&stats->scans),
		   atomic64_read(&stats->kswapd));
	gem_uma_reclaim_show_histogram(m, "pages/scan", stats->pages);
	gem_uma_reclaim_show_histogram(m, "us/scan", stats->us);
}
