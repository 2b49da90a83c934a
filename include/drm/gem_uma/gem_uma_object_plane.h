/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_OBJECT_PLANE_H_
#define _DRM_GEM_UMA_OBJECT_PLANE_H_

#include <linux/iosys-map.h>
#include <linux/slab.h>

#include <drm/drm_fourcc.h>
#include <drm/drm_gem_atomic_helper.h>
#include <drm/drm_plane.h>
#include <drm/gem_uma/gem_uma_object.h>

struct gem_uma_transfer;

/**
 * struct gem_uma_object_plane_state - state of a plane whose pixels the CPU reads
 *
 * A driver may embed it in a state of its own.
 */
struct gem_uma_object_plane_state {
	/** @shadow: the core's part, with where the objects are mapped. */
	struct drm_shadow_plane_state shadow;
	/** @transfers: by object, what has to be synced before the CPU reads; or NULL. */
	struct gem_uma_transfer *transfers[DRM_FORMAT_MAX_PLANES];
	/** @accesses: by object, that the CPU reads it; only where that began in prepare_fb. */
	struct gem_uma_object_access accesses[DRM_FORMAT_MAX_PLANES];
};

static inline struct gem_uma_object_plane_state *
to_gem_uma_object_plane_state(struct drm_plane_state *state)
{
	return container_of(to_drm_shadow_plane_state(state), struct gem_uma_object_plane_state,
			    shadow);
}

int gem_uma_object_plane_begin(struct gem_uma_object_plane_state *pstate);
void gem_uma_object_plane_end(struct gem_uma_object_plane_state *pstate);
const struct iosys_map *gem_uma_object_plane_read(struct drm_plane_state *state);

/**
 * DEFINE_GEM_UMA_OBJECT_PLANE() - what a driver with such planes puts into its tables
 * @_name: prefix of the functions that it defines, all static; see
 *	GEM_UMA_OBJECT_PLANE_FUNCS() and GEM_UMA_OBJECT_PLANE_HELPER_FUNCS()
 *
 * In the driver's module, so that the library does not need the core's for displays.
 */
#define DEFINE_GEM_UMA_OBJECT_PLANE(_name)						\
	static int _name##_prepare_fb(struct drm_plane *plane, struct drm_plane_state *state)\
	{										\
		int ret = drm_gem_plane_helper_prepare_fb(plane, state);		\
											\
		return ret ?: gem_uma_object_plane_begin(to_gem_uma_object_plane_state(state));\
	}										\
											\
	static void _name##_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state)\
	{										\
		gem_uma_object_plane_end(to_gem_uma_object_plane_state(state));		\
	}										\
											\
	static void _name##_destroy_state(struct drm_plane *plane, struct drm_plane_state *state)\
	{										\
		__drm_gem_destroy_shadow_plane_state(to_drm_shadow_plane_state(state));	\
		kfree(to_gem_uma_object_plane_state(state));				\
	}										\
											\
	static void _name##_reset(struct drm_plane *plane)				\
	{										\
		struct gem_uma_object_plane_state *pstate = kzalloc_obj(*pstate, GFP_KERNEL);\
											\
		if (plane->state)							\
			_name##_destroy_state(plane, plane->state);			\
		plane->state = NULL;							\
		if (pstate)								\
			__drm_gem_reset_shadow_plane(plane, &pstate->shadow);		\
	}										\
											\
	static struct drm_plane_state *_name##_duplicate_state(struct drm_plane *plane)	\
	{										\
		struct gem_uma_object_plane_state *pstate;				\
											\
		if (!plane->state)							\
			return NULL;							\
		pstate = kzalloc_obj(*pstate, GFP_KERNEL);				\
		if (!pstate)								\
			return NULL;							\
		__drm_gem_duplicate_shadow_plane_state(plane, &pstate->shadow);		\
		return &pstate->shadow.base;						\
	}

/* For a table of struct drm_plane_funcs. */
#define GEM_UMA_OBJECT_PLANE_FUNCS(_name)			\
	.reset = _name##_reset,					\
	.atomic_duplicate_state = _name##_duplicate_state,	\
	.atomic_destroy_state = _name##_destroy_state

/* For a table of struct drm_plane_helper_funcs. */
#define GEM_UMA_OBJECT_PLANE_HELPER_FUNCS(_name)		\
	.prepare_fb = _name##_prepare_fb,			\
	.cleanup_fb = _name##_cleanup_fb

#endif
