/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_PURGE_H_
#define _DRM_GEM_UMA_PURGE_H_

#include <linux/types.h>

#include <drm/gem_uma/gem_uma_object.h>

struct dma_buf;

int gem_uma_purge_advise(struct gem_uma_object *uobj, bool needed, bool *retained);
int gem_uma_purge_discard(struct gem_uma_object *uobj, u64 offset, u64 size);
int gem_uma_purge_discard_locked(struct gem_uma_object *uobj, u64 offset, u64 size)
	__must_hold(uobj->base.resv);
long gem_uma_purge_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
int gem_uma_purge_vmaps_init(struct gem_uma_device *udev);
unsigned long gem_uma_purge_vmaps(struct gem_uma_device *udev);
int gem_uma_purge_share(struct gem_uma_object *uobj);
struct dma_buf *gem_uma_purge_export(struct drm_gem_object *obj, int flags);

/**
 * gem_uma_purge_is_discardable() - may reclaim replace the content by zeroes?
 * @uobj: object with pages of its own
 *
 * Context: any; stable under resv.
 *
 * Return: true if it may, and there is content.
 */
static inline bool gem_uma_purge_is_discardable(const struct gem_uma_object *uobj)
{
	return uobj->flags & GEM_UMA_OBJECT_DISCARD_ON_RECLAIM &&
	       gem_uma_backing_has_content(&uobj->backing);
}

/**
 * gem_uma_purge_is_purgeable() - may reclaim throw the content away for good?
 * @uobj: object with pages of its own
 *
 * Context: any; stable under resv.
 *
 * Return: true if it may, and there is content.
 */
static inline bool gem_uma_purge_is_purgeable(const struct gem_uma_object *uobj)
{
	return gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGEABLE &&
	       gem_uma_backing_has_content(&uobj->backing);
}

#endif
