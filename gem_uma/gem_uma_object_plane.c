// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: access by the CPU to what a plane shows.
 *
 * Owns nothing. Lock: the resv of each object, one after the other. Neighbours: access by the
 * CPU, below; the core's shadow planes, which map the objects for the kernel.
 */
#include <linux/array_size.h>
#include <linux/dma-direction.h>
#include <linux/export.h>
#include <linux/string.h>

#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/gem_uma/gem_uma_object_plane.h>

/**
 * DOC: Planes
 *
 * A driver whose CPU copies pixels to the display has shadow planes: DRM maps the objects of
 * a framebuffer for as long as a commit takes. What the driver reads it gets from an access::
 *
 *	static void my_atomic_update(struct drm_plane *plane, ...)
 *	{
 *		CLASS(gem_uma_object_plane_access, access)(plane->state);
 *
 *		if (access.err)
 *			return;
 *		... read from access.data[0] ...
 *	}
 *
 *	static const struct drm_plane_helper_funcs my_plane_helper_funcs = {
 *		DRM_GEM_SHADOW_PLANE_HELPER_FUNCS,
 *		.prepare_fb = drm_gem_plane_helper_prepare_fb,
 *		.atomic_update = my_atomic_update,
 *	};
 *
 *	static const struct drm_plane_funcs my_plane_funcs = {
 *		DRM_GEM_SHADOW_PLANE_FUNCS,
 *	};
 *
 * Its addresses are there only once the caches are right. That is no earlier than after the
 * fences of the commit: what a job still writes may be in the cache again before it ends.
 * So an access belongs into atomic_update, not where the objects are mapped.
 */

/**
 * gem_uma_object_plane_access_begin() - the CPU is about to read what a plane shows
 * @state: &struct drm_shadow_plane_state.base of the plane, with or without a framebuffer;
 *	all objects are &struct gem_uma_object, and the fences of the commit have signalled
 *
 * Context: may sleep; takes resvs, of exporters for imports. Fence-signalling code, as all
 * that runs in a commit: nobody may wait for the commit's own fence with such a resv held.
 *
 * Return: the access, whose err is 0, or as gem_uma_object_access_begin(). It is to be ended
 * in any case.
 */
struct gem_uma_object_plane_access
gem_uma_object_plane_access_begin(struct drm_plane_state *state)
{
	struct drm_shadow_plane_state *shadow = to_drm_shadow_plane_state(state);
	struct gem_uma_object_plane_access access = {};
	struct drm_framebuffer *fb = state->fb;
	unsigned int i;

	for (i = 0; fb && i < fb->format->num_planes; i++) {
		struct gem_uma_object *uobj = to_gem_uma_object(fb->obj[i]);
		struct gem_uma_sync_range all = { .size = uobj->base.size };

		access.objs[i] = gem_uma_object_access_begin(uobj, all, DMA_FROM_DEVICE);
		access.err = access.objs[i].err;
		if (access.err) {
			gem_uma_object_plane_access_end(&access);
			break;
		}
		access.data[i] = shadow->data[i];
	}
	return access;
}
EXPORT_SYMBOL_GPL(gem_uma_object_plane_access_begin);

/**
 * gem_uma_object_plane_access_end() - the CPU has read what a plane shows
 * @access: the access; without effect if it never began
 *
 * Context: may sleep, uninterruptibly; takes the resvs of exporters for imports.
 */
void gem_uma_object_plane_access_end(struct gem_uma_object_plane_access *access)
{
	unsigned int i;

	for (i = ARRAY_SIZE(access->objs); i--;)
		gem_uma_object_access_end(&access->objs[i]);
	memset(access->data, 0, sizeof(access->data));
}
EXPORT_SYMBOL_GPL(gem_uma_object_plane_access_end);
