// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel mappings that nobody uses, given up when kernel address space is short.
 *
 * Owns the notifier of a device. Locks: objects_lock to find objects, resv by trylock.
 * Neighbour: object.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/notifier.h>
#include <linux/vmalloc.h>

#include <drm/drm_device.h>
#include <drm/drm_managed.h>
#include <drm/gem_uma/gem_uma_purge.h>

#include "gem_uma_object_internal.h"
#include "gem_uma_reclaim_lists.h"

/**
 * DOC: Kernel mappings
 *
 * An object with GEM_UMA_OBJECT_KEEP_VMAP stays mapped by the kernel when the last user of
 * the mapping has gone, so that the next one finds it. The pages are not pinned for it:
 * before they go, the mapping goes. On 32-bit machines kernel address space is short, and
 * a driver that keeps mappings asks with gem_uma_purge_vmaps_init() that they are given
 * up when somebody finds none. Mappings in use stay.
 */

/* Locked at once. Of objects that share a resv it is one, and the next batch has another. */
#define GEM_UMA_PURGE_BATCH	16

/* Next objects with such a mapping, each with resv and a reference. */
static unsigned int gem_uma_purge_find_vmaps(struct gem_uma_device *udev,
					     struct gem_uma_object **found)
	__context_unsafe("resvs of what was found are held")
{
	struct gem_uma_object *uobj;
	unsigned int nr = 0;

	spin_lock(&udev->objects_lock);
	list_for_each_entry(uobj, &udev->objects, device_link) {
		if (!gem_uma_cpu_map_is_idle_vmap(&uobj->cpu_map) ||
		    !dma_resv_trylock(uobj->base.resv))
			continue;
		if (!kref_get_unless_zero(&uobj->base.refcount)) {
			dma_resv_unlock(uobj->base.resv);
			continue;
		}
		found[nr++] = uobj;
		if (nr == GEM_UMA_PURGE_BATCH)
			break;
	}
	spin_unlock(&udev->objects_lock);
	return nr;
}

/**
 * gem_uma_purge_vmaps() - give up kernel mappings that nobody uses
 * @udev: device, with gem_uma_reclaim_device_init() done
 *
 * Those of objects that are locked by somebody stay.
 *
 * Context: may sleep; takes no lock but by trylock, and drops no last reference.
 *
 * Return: pages of kernel address space given back.
 */
unsigned long gem_uma_purge_vmaps(struct gem_uma_device *udev)
{
	struct gem_uma_object *found[GEM_UMA_PURGE_BATCH];
	unsigned long freed = 0;
	unsigned int nr, i;

	do {
		nr = gem_uma_purge_find_vmaps(udev, found);
		for (i = 0; i < nr; i++) {
			dma_resv_assert_held(found[i]->base.resv);
			freed += gem_uma_cpu_map_revoke_locked(&found[i]->cpu_map);
			dma_resv_unlock(found[i]->base.resv);
			gem_uma_reclaim_put(&found[i]->reclaim);
		}
		/* What was found has none now, or somebody uses it: it is not found again. */
	} while (nr);
	return freed;
}
EXPORT_SYMBOL_GPL(gem_uma_purge_vmaps);

static int gem_uma_purge_notify(struct notifier_block *nb, unsigned long event, void *data)
{
	struct gem_uma_purge_notifier *notifier =
		container_of(nb, struct gem_uma_purge_notifier, nb);
	unsigned long *freed = data, pages = gem_uma_purge_vmaps(notifier->udev);

	*freed += pages;
	return pages ? NOTIFY_OK : NOTIFY_DONE;
}

static void gem_uma_purge_vmaps_fini(struct drm_device *drm, void *arg)
{
	struct gem_uma_purge_notifier *notifier = arg;

	unregister_vmap_purge_notifier(&notifier->nb);
	notifier->udev->vmap_purge = NULL;
}

/**
 * gem_uma_purge_vmaps_init() - give up unused kernel mappings when there is no room
 * @udev: device, with gem_uma_reclaim_device_init() done
 *
 * Undone when the DRM device is released.
 *
 * Context: may sleep. At probe, before the first object.
 *
 * Return: 0; -ENOMEM; -EEXIST as register_vmap_purge_notifier().
 */
int gem_uma_purge_vmaps_init(struct gem_uma_device *udev)
{
	struct gem_uma_purge_notifier *notifier;
	int ret;

	notifier = drmm_kzalloc(udev->drm, sizeof(*notifier), GFP_KERNEL);
	if (!notifier)
		return -ENOMEM;
	notifier->udev = udev;
	notifier->nb.notifier_call = gem_uma_purge_notify;
	ret = register_vmap_purge_notifier(&notifier->nb);
	if (ret)
		return ret;
	udev->vmap_purge = notifier;
	return drmm_add_action_or_reset(udev->drm, gem_uma_purge_vmaps_fini, notifier);
}
EXPORT_SYMBOL_GPL(gem_uma_purge_vmaps_init);
