// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers for people: fdinfo, debugfs, labels.
 *
 * Owns per-file counters and what they include of each object. Decides nothing. Lock:
 * the object's spinlock, a leaf. Neighbour: object.
 */
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>

#include <drm/drm_device.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_stats.h>

/**
 * DOC: Stats
 *
 * Objects report changes of their size in memory to the files that have a handle on
 * them, so fdinfo is a read of a few counters. An object with handles in several
 * files counts in each of them. "active" is not shown: it would need a look at the
 * fences of every object.
 */

/* One file that has handles on an object. */
struct gem_uma_client_link {
	struct list_head link;
	struct gem_uma_client *client;
	unsigned int handles;
};

static struct gem_uma_client_link *
gem_uma_client_find(struct gem_uma_object *uobj, const struct gem_uma_client *client)
{
	struct gem_uma_client_link *link;

	lockdep_assert_held(&uobj->lock);
	list_for_each_entry(link, &uobj->clients, link)
		if (link->client == client)
			return link;
	return NULL;
}

/* Imports are resident as long as they exist: the exporter holds them for us. */
static struct gem_uma_object_pages gem_uma_stats_pages(const struct gem_uma_object *uobj)
{
	if (gem_uma_object_is_imported(uobj))
		return (struct gem_uma_object_pages) {
			.resident = uobj->base.size >> PAGE_SHIFT,
		};
	return (struct gem_uma_object_pages) {
		.resident = gem_uma_backing_resident(&uobj->backing),
		.evicted = gem_uma_backing_evicted(&uobj->backing),
		.purgeable = gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGEABLE ?
			     gem_uma_backing_resident(&uobj->backing) : 0,
		.evicted_total = gem_uma_backing_evicted_total(&uobj->backing),
		.restored_total = gem_uma_backing_restored_total(&uobj->backing),
	};
}

/* Only what is in memory leaves with a file; what it caused stays counted. */
static void gem_uma_client_add(struct gem_uma_client *client,
			       const struct gem_uma_object *uobj, int sign)
{
	atomic64_add(sign * (s64)uobj->base.size, &client->total);
	atomic64_add(sign * (s64)(uobj->shown.resident << PAGE_SHIFT), &client->resident);
	atomic64_add(sign * (s64)(uobj->shown.evicted << PAGE_SHIFT), &client->evicted);
	atomic64_add(sign * (s64)(uobj->shown.purgeable << PAGE_SHIFT), &client->purgeable);
}

/* The object became, or ceased to be, shared: all files that have it see that. */
static void gem_uma_client_add_shared(struct gem_uma_object *uobj, int sign)
{
	struct gem_uma_client_link *link;

	list_for_each_entry(link, &uobj->clients, link)
		atomic64_add(sign * (s64)uobj->base.size, &link->client->shared);
}

/**
 * gem_uma_client_open_object() - a file got a handle on an object
 * @client: the file's counters
 * @uobj: object
 *
 * For &drm_gem_object_funcs.open.
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_client_open_object(struct gem_uma_client *client, struct gem_uma_object *uobj)
{
	struct gem_uma_client_link *link, *new;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	spin_lock(&uobj->lock);
	link = gem_uma_client_find(uobj, client);
	if (!link) {
		link = new;
		new = NULL;
		link->client = client;
		if (!uobj->nr_clients)
			uobj->shown = gem_uma_stats_pages(uobj);
		if (uobj->nr_clients == 1)
			gem_uma_client_add_shared(uobj, 1);
		if (uobj->nr_clients)
			atomic64_add(uobj->base.size, &client->shared);
		list_add(&link->link, &uobj->clients);
		uobj->nr_clients++;
		gem_uma_client_add(client, uobj, 1);
	}
	link->handles++;
	spin_unlock(&uobj->lock);
	kfree(new);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_client_open_object);

/**
 * gem_uma_client_close_object() - a file lost a handle on an object
 * @client: the file's counters
 * @uobj: object
 *
 * For &drm_gem_object_funcs.close.
 *
 * Context: does not sleep.
 */
void gem_uma_client_close_object(struct gem_uma_client *client,
				 struct gem_uma_object *uobj)
{
	struct gem_uma_client_link *link;

	spin_lock(&uobj->lock);
	link = gem_uma_client_find(uobj, client);
	if (drm_WARN_ON_ONCE(uobj->base.dev, !link)) {
		spin_unlock(&uobj->lock);
		return;
	}
	if (--link->handles) {
		link = NULL;
	} else {
		list_del(&link->link);
		uobj->nr_clients--;
		gem_uma_client_add(client, uobj, -1);
		if (uobj->nr_clients)
			atomic64_sub(uobj->base.size, &client->shared);
		if (uobj->nr_clients == 1)
			gem_uma_client_add_shared(uobj, -1);
	}
	spin_unlock(&uobj->lock);
	kfree(link);
}
EXPORT_SYMBOL_GPL(gem_uma_client_close_object);

/**
 * gem_uma_stats_update_locked() - tell the files what changed
 * @uobj: object
 *
 * Context: resv held, or called from eviction; does not sleep.
 */
void gem_uma_stats_update_locked(struct gem_uma_object *uobj)
{
	struct gem_uma_object_pages now = gem_uma_stats_pages(uobj), *shown = &uobj->shown;
	struct gem_uma_client_link *link;

	dma_resv_assert_held(uobj->base.resv);
	spin_lock(&uobj->lock);
	list_for_each_entry(link, &uobj->clients, link) {
		struct gem_uma_client *client = link->client;

		atomic64_add((s64)(now.resident - shown->resident) * PAGE_SIZE,
			     &client->resident);
		atomic64_add((s64)(now.evicted - shown->evicted) * PAGE_SIZE,
			     &client->evicted);
		atomic64_add((s64)(now.purgeable - shown->purgeable) * PAGE_SIZE,
			     &client->purgeable);
		atomic64_add((now.evicted_total - shown->evicted_total) << PAGE_SHIFT,
			     &client->evicted_total);
		atomic64_add((now.restored_total - shown->restored_total) << PAGE_SHIFT,
			     &client->restored_total);
	}
	*shown = now;
	spin_unlock(&uobj->lock);
}
EXPORT_SYMBOL_GPL(gem_uma_stats_update_locked);

static void gem_uma_client_show(struct drm_printer *p, const char *prefix,
				const char *name, atomic64_t *bytes)
{
	drm_printf(p, "%s-%s:\t%lld KiB\n", prefix, name, atomic64_read(bytes) >> 10);
}

/**
 * gem_uma_client_show_fdinfo() - print the memory keys of drm-usage-stats
 * @client: the file's counters
 * @driver: prefix for keys that the standard does not know
 * @p: printer
 *
 * Context: any.
 */
void gem_uma_client_show_fdinfo(struct gem_uma_client *client, const char *driver,
				struct drm_printer *p)
{
	gem_uma_client_show(p, "drm", "total-memory", &client->total);
	gem_uma_client_show(p, "drm", "shared-memory", &client->shared);
	gem_uma_client_show(p, "drm", "resident-memory", &client->resident);
	gem_uma_client_show(p, "drm", "purgeable-memory", &client->purgeable);
	gem_uma_client_show(p, driver, "evicted-memory", &client->evicted);
	gem_uma_client_show(p, driver, "evicted-total", &client->evicted_total);
	gem_uma_client_show(p, driver, "restored-total", &client->restored_total);
}
EXPORT_SYMBOL_GPL(gem_uma_client_show_fdinfo);

/**
 * gem_uma_stats_set_label() - name an object
 * @uobj: object
 * @label: text, not terminated; NULL removes the label
 * @len: bytes
 *
 * Context: may sleep.
 *
 * Return: 0; -E2BIG over GEM_UMA_LABEL_MAX; -EINVAL for a zero byte or a control
 * character, or a NULL label with a length; -ENOMEM.
 */
int gem_uma_stats_set_label(struct gem_uma_object *uobj, const char *label, size_t len)
{
	char *new = NULL;
	size_t i;

	if (len > GEM_UMA_LABEL_MAX)
		return -E2BIG;
	if (!label && len)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (!label[i] || iscntrl(label[i]))
			return -EINVAL;
	if (label) {
		new = kmemdup_nul(label, len, GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
	}
	spin_lock(&uobj->lock);
	swap(new, uobj->label);
	spin_unlock(&uobj->lock);
	kfree(new);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_stats_set_label);

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
	struct gem_uma_object_pages pages = gem_uma_stats_pages(uobj);

	spin_lock(&uobj->lock);
	seq_printf(m, "%8zu %8llu %8llu %9u %4d %5d %5u %c%c%c   %-13s ",
		   uobj->base.size >> 10, pages.resident << (PAGE_SHIFT - 10),
		   pages.evicted << (PAGE_SHIFT - 10), gem_uma_backing_evictions(&uobj->backing),
		   atomic_read(&uobj->backing.pins), gem_uma_cpu_map_mmaps(&uobj->cpu_map),
		   uobj->nr_clients,
		   gem_uma_object_is_imported(uobj) ? 'i' : '-',
		   READ_ONCE(uobj->base.dma_buf) ? 'x' : '-',
		   uobj->backing.flags & GEM_UMA_BACKING_HUGE ? 'h' : '-',
		   gem_uma_stats_state(uobj));
	gem_uma_stats_show_creator(m, &uobj->creator);
	seq_printf(m, "%s\n", uobj->label ?: "");
	spin_unlock(&uobj->lock);
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
