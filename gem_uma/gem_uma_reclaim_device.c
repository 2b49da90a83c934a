// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim of a device: its lists and its shrinker.
 *
 * Owns the life of both. Decides nothing. No lock: probe and release are alone with the
 * device. Neighbours: lists and scans, below.
 */
#include <linux/export.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/drm_managed.h>
#include <drm/gem_uma/gem_uma_reclaim.h>

#include "gem_uma_reclaim_lists.h"

static void gem_uma_reclaim_device_fini(struct drm_device *drm, void *arg)
{
	struct gem_uma_reclaim_device *rdev = arg;

	if (rdev->shrinker)
		shrinker_free(rdev->shrinker);
	flush_work(&rdev->put_work);
	while (rdev->nr_lists)
		list_lru_destroy(&rdev->lists[--rdev->nr_lists]);
	rdev->udev->reclaim = NULL;
	kfree(rdev);
}

/**
 * gem_uma_reclaim_device_init() - make objects of a device reclaimable
 * @udev: initialized device
 *
 * Undone when the DRM device is released, which is after its last object.
 *
 * Context: may sleep. At probe, before the first object.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_reclaim_device_init(struct gem_uma_device *udev)
{
	struct gem_uma_reclaim_device *rdev;
	int ret;

	rdev = kzalloc_obj(*rdev, GFP_KERNEL);
	if (!rdev)
		return -ENOMEM;
	rdev->udev = udev;
	init_llist_head(&rdev->puts);
	INIT_WORK(&rdev->put_work, gem_uma_reclaim_put_work);
	ret = drmm_add_action_or_reset(udev->drm, gem_uma_reclaim_device_fini, rdev);
	if (ret)
		return ret;

	rdev->shrinker = shrinker_alloc(SHRINKER_MEMCG_AWARE | SHRINKER_NUMA_AWARE,
					"drm-gem-uma:%s", udev->drm->unique);
	if (!rdev->shrinker)
		return -ENOMEM;
	for (; rdev->nr_lists < GEM_UMA_RECLAIM_LISTS; rdev->nr_lists++) {
		ret = list_lru_init_memcg(&rdev->lists[rdev->nr_lists], rdev->shrinker);
		if (ret)
			return ret;
	}
	rdev->shrinker->count_objects = gem_uma_reclaim_count_objects;
	rdev->shrinker->scan_objects = gem_uma_reclaim_scan_objects;
	rdev->shrinker->private_data = rdev;
	shrinker_register(rdev->shrinker);
	udev->reclaim = rdev;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_reclaim_device_init);
