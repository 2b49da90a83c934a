/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_CLIENT_H_
#define _DRM_GEM_UMA_CLIENT_H_

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct drm_file;
struct drm_printer;

/**
 * struct gem_uma_client - memory of one open file, for fdinfo
 *
 * Embedded in the driver's per-file structure, zeroed. The counters follow the objects, so
 * that reading them does not depend on how many there are.
 */
struct gem_uma_client {
	/** @total: bytes of all objects with a handle. */
	atomic64_t total;
	/** @shared: bytes of those objects that have handles in several files. */
	atomic64_t shared;
	/** @resident: bytes in memory. */
	atomic64_t resident;
	/** @purgeable: bytes in memory that reclaim may throw away. */
	atomic64_t purgeable;
	/** @evicted: bytes whose content was taken out of memory. */
	atomic64_t evicted;
	/** @evicted_total: bytes evicted so far. */
	atomic64_t evicted_total;
	/** @restored_total: bytes restored so far. */
	atomic64_t restored_total;
};

/**
 * struct gem_uma_client_pages - numbers of pages of an object
 */
struct gem_uma_client_pages {
	/** @resident: pages in memory. */
	u64 resident;
	/** @evicted: pages with content that are not in memory. */
	u64 evicted;
	/** @purgeable: those of @resident that reclaim may throw away. */
	u64 purgeable;
	/** @evicted_total: pages evicted so far. */
	u64 evicted_total;
	/** @restored_total: pages restored so far. */
	u64 restored_total;
};

/**
 * struct gem_uma_client_link - one file that has handles on an object
 */
struct gem_uma_client_link {
	/** @link: in &gem_uma_client_list.clients, while there are handles. */
	struct list_head link;
	/** @client: the file's counters. */
	struct gem_uma_client *client;
	/** @handles: how many. */
	unsigned int handles;
};

/**
 * struct gem_uma_client_list - the files that have a handle on an object
 *
 * Embedded in the object. Invariant: each file on @clients counts the object once, with
 * the pages of @shown.
 */
struct gem_uma_client_list {
	/** @lock: protects the members below, and the object's label; the innermost lock. */
	spinlock_t lock;
	/** @clients: one element for each file with a handle. */
	struct list_head clients;
	/** @first: one of them; mostly there are no others, which are allocated. */
	struct gem_uma_client_link first;
	/** @nr: length of @clients. */
	unsigned int nr;
	/** @size: bytes of the object; constant. */
	u64 size;
	/** @shown: pages that the counters of @clients include. */
	struct gem_uma_client_pages shown;
};

void gem_uma_client_list_init(struct gem_uma_client_list *list, u64 size);
void gem_uma_client_list_update(struct gem_uma_client_list *list,
				const struct gem_uma_client_pages *now);

int gem_uma_client_open(struct gem_uma_client *client, struct gem_uma_client_list *list);
void gem_uma_client_close(struct gem_uma_client *client, struct gem_uma_client_list *list);
void gem_uma_client_show_fdinfo(struct gem_uma_client *client, const char *driver,
				struct drm_printer *p);
void gem_uma_client_show_active(struct drm_file *file, struct drm_printer *p);

#endif
