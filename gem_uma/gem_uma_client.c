// SPDX-License-Identifier: GPL-2.0
/*
 * What an open file holds: the counters behind fdinfo.
 *
 * Owns the counters of each file and the list of files of each object. Knows sizes and
 * numbers of pages, not what they stand for. Lock: that of the list, the innermost; DRM's
 * for the handles of a file. Neighbour: object, above.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_client.h>

#include "gem_uma_internal.h"

/**
 * DOC: Clients
 *
 * Objects report changes of their size in memory to the files that have a handle on them,
 * so that fdinfo is a read of a few counters. An object with handles in several files
 * counts in each of them.
 *
 * Which objects are active nobody reports: fences are signalled without a call to us. So
 * that key is printed apart, and looks at the fences of all objects of the file. What
 * reclaim takes for busy counts as active, jobs of explicit submission included.
 */

/* Handles that are looked at before the lock of the table is dropped. */
#define GEM_UMA_CLIENT_BATCH	64

struct lock_class_key gem_uma_client_list_lock_key;
const char *const gem_uma_client_list_lock_name = "gem_uma_client_list_lock";

/**
 * gem_uma_client_list_init() - set up the list of files of an object
 * @list: the object's list
 * @size: bytes of the object
 *
 * Needs no undoing: each file closes the object before it is freed.
 *
 * Context: any.
 */
void gem_uma_client_list_init(struct gem_uma_client_list *list, u64 size)
{
	INIT_LIST_HEAD(&list->clients);
	spin_lock_init(&list->lock);
	gem_uma_client_set_list_class(&list->lock);
	list->size = size;
}
EXPORT_SYMBOL_GPL(gem_uma_client_list_init);

static struct gem_uma_client_link *
gem_uma_client_find(struct gem_uma_client_list *list, const struct gem_uma_client *client)
{
	struct gem_uma_client_link *link;

	lockdep_assert_held(&list->lock);
	list_for_each_entry(link, &list->clients, link)
		if (link->client == client)
			return link;
	return NULL;
}

/* The element of a file, or one that needs no allocation. */
static struct gem_uma_client_link *
gem_uma_client_place(struct gem_uma_client_list *list, const struct gem_uma_client *client)
{
	struct gem_uma_client_link *link = gem_uma_client_find(list, client);

	if (!link && !list->first.handles)
		link = &list->first;
	return link;
}

/* What is in memory leaves with a file. What was evicted and restored stays counted. */
static void gem_uma_client_add(struct gem_uma_client *client,
			       const struct gem_uma_client_list *list, int sign)
{
	atomic64_add(sign * (s64)list->size, &client->total);
	atomic64_add(sign * (s64)(list->shown.resident << PAGE_SHIFT), &client->resident);
	atomic64_add(sign * (s64)(list->shown.evicted << PAGE_SHIFT), &client->evicted);
	atomic64_add(sign * (s64)(list->shown.purgeable << PAGE_SHIFT), &client->purgeable);
}

/* The object became, or ceased to be, shared: all its files see that. */
static void gem_uma_client_add_shared(struct gem_uma_client_list *list, int sign)
{
	struct gem_uma_client_link *link;

	list_for_each_entry(link, &list->clients, link)
		atomic64_add(sign * (s64)list->size, &link->client->shared);
}

/**
 * gem_uma_client_open() - a file got a handle on an object
 * @client: the file's counters
 * @list: the object's list
 *
 * For &drm_gem_object_funcs.open.
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_client_open(struct gem_uma_client *client, struct gem_uma_client_list *list)
{
	struct gem_uma_client_link *link, *new = NULL;

	spin_lock(&list->lock);
	link = gem_uma_client_place(list, client);
	if (!link) {
		spin_unlock(&list->lock);
		new = kzalloc_obj(*new, GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
		spin_lock(&list->lock);
		link = gem_uma_client_place(list, client) ?: new;
	}
	if (!link->handles++) {
		link->client = client;
		if (list->nr == 1)
			gem_uma_client_add_shared(list, 1);
		if (list->nr)
			atomic64_add(list->size, &client->shared);
		list_add(&link->link, &list->clients);
		list->nr++;
		gem_uma_client_add(client, list, 1);
	}
	spin_unlock(&list->lock);
	if (link != new)
		kfree(new);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_client_open);

/**
 * gem_uma_client_close() - a file lost a handle on an object
 * @client: the file's counters
 * @list: the object's list
 *
 * For &drm_gem_object_funcs.close.
 *
 * Context: does not sleep.
 */
void gem_uma_client_close(struct gem_uma_client *client, struct gem_uma_client_list *list)
{
	struct gem_uma_client_link *link;

	spin_lock(&list->lock);
	link = gem_uma_client_find(list, client);
	if (WARN_ON_ONCE(!link)) {
		spin_unlock(&list->lock);
		return;
	}
	if (--link->handles) {
		link = NULL;
	} else {
		list_del(&link->link);
		list->nr--;
		gem_uma_client_add(client, list, -1);
		if (list->nr)
			atomic64_sub(list->size, &client->shared);
		if (list->nr == 1)
			gem_uma_client_add_shared(list, -1);
	}
	spin_unlock(&list->lock);
	if (link != &list->first)
		kfree(link);
}
EXPORT_SYMBOL_GPL(gem_uma_client_close);

/**
 * gem_uma_client_list_update() - report new numbers of pages to the files of an object
 * @list: the object's list
 * @now: the numbers
 *
 * Context: does not sleep; callable from reclaim. The caller keeps updates of one object
 * in order.
 */
void gem_uma_client_list_update(struct gem_uma_client_list *list,
				const struct gem_uma_client_pages *now)
{
	struct gem_uma_client_pages *shown = &list->shown;
	struct gem_uma_client_link *link;

	spin_lock(&list->lock);
	list_for_each_entry(link, &list->clients, link) {
		struct gem_uma_client *client = link->client;

		atomic64_add((s64)(now->resident - shown->resident) * PAGE_SIZE,
			     &client->resident);
		atomic64_add((s64)(now->evicted - shown->evicted) * PAGE_SIZE,
			     &client->evicted);
		atomic64_add((s64)(now->purgeable - shown->purgeable) * PAGE_SIZE,
			     &client->purgeable);
		atomic64_add((now->evicted_total - shown->evicted_total) << PAGE_SHIFT,
			     &client->evicted_total);
		atomic64_add((now->restored_total - shown->restored_total) << PAGE_SHIFT,
			     &client->restored_total);
	}
	*shown = *now;
	spin_unlock(&list->lock);
}
EXPORT_SYMBOL_GPL(gem_uma_client_list_update);

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
 * All but the active memory: see gem_uma_client_show_active().
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

static u64 gem_uma_client_active(struct drm_gem_object *obj)
{
	if (dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP))
		return 0;
	return obj->funcs->rss ? obj->funcs->rss(obj) : obj->size;
}

/* Adds objects from handle *id on. Returns false when it has seen the last. */
static bool gem_uma_client_add_active(struct drm_file *file, int *id, u64 *bytes)
{
	struct drm_gem_object *obj = NULL;
	unsigned int i;

	spin_lock(&file->table_lock);
	for (i = 0; i < GEM_UMA_CLIENT_BATCH; i++, (*id)++) {
		obj = idr_get_next(&file->object_idr, id);
		if (!obj)
			break;
		*bytes += gem_uma_client_active(obj);
	}
	spin_unlock(&file->table_lock);
	return obj;
}

/**
 * gem_uma_client_show_active() - print how much memory jobs use
 * @file: the file
 * @p: printer
 *
 * Takes time for each handle of the file: the fences of all its objects are looked at.
 *
 * Context: may sleep; no resv needed.
 */
void gem_uma_client_show_active(struct drm_file *file, struct drm_printer *p)
{
	u64 bytes = 0;
	int id = 0;

	while (gem_uma_client_add_active(file, &id, &bytes))
		cond_resched();
	drm_printf(p, "drm-active-memory:\t%llu KiB\n", bytes >> 10);
}
EXPORT_SYMBOL_GPL(gem_uma_client_show_active);
