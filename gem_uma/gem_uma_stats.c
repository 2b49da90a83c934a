// SPDX-License-Identifier: GPL-2.0
/*
 * What debugfs shows of a device: its objects, and what scans did.
 *
 * Owns nothing and decides nothing. Locks: objects_lock, and inside of it that of each
 * object's files. Neighbours: object and reclaim, below.
 */
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/seq_file.h>
#include <linux/string_helpers.h>

#include <drm/drm_device.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_stats.h>

#include "gem_uma_object_internal.h"

/**
 * DOC: Stats
 *
 * Three files in the device's debugfs directory show objects and scans, and start a scan.
 * Names and labels are made of any bytes, and are printed so that a line stays a line.
 */

/* Wide enough for most names, so that labels stand below each other. */
#define GEM_UMA_STATS_CREATOR_WIDTH	24

/*
 * One word, never empty: a process can choose any bytes as its name. A space, a backslash
 * and what is not printable ASCII are octal.
 */
static void gem_uma_stats_show_creator(struct seq_file *m,
				       const struct gem_uma_object_creator *creator)
{
	seq_setwidth(m, GEM_UMA_STATS_CREATOR_WIDTH);
	seq_printf(m, "%d:", creator->tgid);
	seq_escape_str(m, creator->comm, ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND, " \\");
	seq_pad(m, ' ');
}

/* Imports are on no list: what they would cost is the exporter's to know. */
static const char *gem_uma_stats_state(const struct gem_uma_object *uobj)
{
	return gem_uma_object_is_imported(uobj) ? "-" : gem_uma_reclaim_state_name(&uobj->reclaim);
}

static void gem_uma_stats_show_object(struct seq_file *m, struct gem_uma_object *uobj)
{
	struct gem_uma_client_pages pages = gem_uma_object_pages(uobj);

	spin_lock(&uobj->files.lock);
	seq_printf(m, "%8zu %8llu %8llu %9u %4d %5d %5u %c%c%c   %-13s ",
		   uobj->base.size >> 10, pages.resident << (PAGE_SHIFT - 10),
		   pages.evicted << (PAGE_SHIFT - 10), gem_uma_backing_evictions(&uobj->backing),
		   atomic_read(&uobj->backing.pins), gem_uma_cpu_map_mmaps(&uobj->cpu_map),
		   uobj->files.nr,
		   gem_uma_object_is_imported(uobj) ? 'i' : '-',
		   READ_ONCE(uobj->base.dma_buf) ? 'x' : '-',
		   uobj->backing.flags & GEM_UMA_BACKING_HUGE ? 'h' : '-',
		   gem_uma_stats_state(uobj));
	gem_uma_stats_show_creator(m, &uobj->creator);
	seq_printf(m, "%s\n", uobj->label ?: "");
	spin_unlock(&uobj->files.lock);
}

static int gem_uma_stats_gems_show(struct seq_file *m, void *unused)
{
	struct gem_uma_device *udev = m->private;
	struct gem_uma_object *uobj;

	seq_puts(m, "size-KiB resident  evicted evictions pins mmaps files flags ");
	seq_printf(m, "%-13s %-*s label\n", "state", GEM_UMA_STATS_CREATOR_WIDTH, "creator");
	spin_lock(&udev->objects_lock);
	list_for_each_entry(uobj, &udev->objects, device_link)
		gem_uma_stats_show_object(m, uobj);
	spin_unlock(&udev->objects_lock);
	seq_printf(m, "resident %ld KiB, evicted so far %lld KiB, restored so far %lld KiB\n",
		   atomic_long_read(&udev->resident_pages) << (PAGE_SHIFT - 10),
		   atomic64_read(&udev->evicted_pages) << (PAGE_SHIFT - 10),
		   atomic64_read(&udev->restored_pages) << (PAGE_SHIFT - 10));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gem_uma_stats_gems);

static int gem_uma_stats_shrink_set(void *data, u64 nr_pages)
{
	gem_uma_reclaim_device_run(data, min_t(u64, nr_pages, ULONG_MAX));
	return 0;
}
DEFINE_SIMPLE_ATTRIBUTE(gem_uma_stats_shrink_fops, NULL, gem_uma_stats_shrink_set, "%llu\n");

static int gem_uma_stats_reclaim_show(struct seq_file *m, void *unused)
{
	gem_uma_reclaim_show(m->private, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gem_uma_stats_reclaim);

/**
 * gem_uma_stats_debugfs_init() - create the files of a device
 * @udev: device, with gem_uma_reclaim_device_init() done
 *
 * gems lists all objects: sizes, flags, the list of reclaim that each is on, who created
 * or imported it, and its label. Writing a number of pages to shrink evicts as many of the
 * root memory cgroup. reclaim tells what scans did so far. For
 * &drm_driver.debugfs_init; DRM removes the files.
 *
 * Context: may sleep.
 */
void gem_uma_stats_debugfs_init(struct gem_uma_device *udev)
{
	struct dentry *root = udev->drm->debugfs_root;

	debugfs_create_file("gems", 0400, root, udev, &gem_uma_stats_gems_fops);
	debugfs_create_file("shrink", 0200, root, udev, &gem_uma_stats_shrink_fops);
	debugfs_create_file("reclaim", 0400, root, udev, &gem_uma_stats_reclaim_fops);
}
EXPORT_SYMBOL_GPL(gem_uma_stats_debugfs_init);
