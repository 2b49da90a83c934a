/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_OBJECT_PLANE_H_
#define _DRM_GEM_UMA_OBJECT_PLANE_H_

#include <linux/cleanup.h>
#include <linux/iosys-map.h>

#include <drm/drm_fourcc.h>
#include <drm/gem_uma/gem_uma_object.h>

struct drm_plane_state;

/**
 * struct gem_uma_object_plane_access - an access by the CPU to all that a plane shows
 */
struct gem_uma_object_plane_access {
	/** @data: the first pixel of each plane of the framebuffer; null without one. */
	struct iosys_map data[DRM_FORMAT_MAX_PLANES];
	/** @err: why it did not begin, or 0. */
	int err;
	/** @objs: the accesses to the objects. */
	struct gem_uma_object_access objs[DRM_FORMAT_MAX_PLANES];
};

struct gem_uma_object_plane_access __must_check
gem_uma_object_plane_access_begin(struct drm_plane_state *state);
void gem_uma_object_plane_access_end(struct gem_uma_object_plane_access *access);

DEFINE_CLASS(gem_uma_object_plane_access, struct gem_uma_object_plane_access,
	     gem_uma_object_plane_access_end(&_T), gem_uma_object_plane_access_begin(state),
	     struct drm_plane_state *state)

#endif
