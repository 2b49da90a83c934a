/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_STATS_H_
#define _DRM_GEM_UMA_STATS_H_

#include <linux/atomic.h>
#include <linux/list.h>

#include <drm/gem_uma/gem_uma_object.h>

struct drm_printer;

/**
 * struct gem_uma_client - memory of one open file, for fdinfo
 *
 * Embedded in the driver's per-file structure. The counters follow the objects, so
 * that reading them does not depend on how many there are.
 */
struct gem_uma_client {
	/** @total: bytes of all objects with a handle. */
	atomic64_t total;
	/** @shared: of these, objects with handles in several files. */
	atomic64_t shared;
	/** @resident: bytes in memory. */
	atomic64_t resident;
	/** @purgeable: of these, bytes that reclaim may throw away. */
	atomic64_t purgeable;
	/** @evicted: bytes whose content was taken out of memory. */
	atomic64_t evicted;
	/** @evicted_total: bytes evicted so far. */
	atomic64_t evicted_total;
	/** @restored_total: bytes restored so far. */
	atomic64_t restored_total;
};

int gem_uma_client_open_object(struct gem_uma_client *client,
			       struct gem_uma_object *uobj);
void gem_uma_client_close_object(struct gem_uma_client *client,
				 struct gem_uma_object *uobj);
void gem_uma_client_show_fdinfo(struct gem_uma_client *client, const char *driver,
				struct drm_printer *p);

void gem_uma_stats_update_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
int gem_uma_stats_set_label(struct gem_uma_object *uobj, const char *label, size_t len);
void gem_uma_stats_debugfs_init(struct gem_uma_device *udev);

#endif
