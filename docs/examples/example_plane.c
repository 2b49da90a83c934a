// SPDX-License-Identifier: GPL-2.0
/*
 * A display that has memory of its own, to which the CPU copies what a plane shows.
 */
#include <linux/array_size.h>
#include <linux/minmax.h>
#include <linux/module.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_plane.h>
#include <drm/gem_uma/gem_uma_object_plane.h>

#define PANEL_PITCH	4096
#define PANEL_LINES	768

struct panel {
	struct drm_plane plane;
	/* What the display shows. */
	u8 memory[PANEL_LINES][PANEL_PITCH];
};

DEFINE_GEM_UMA_OBJECT_PLANE(panel_plane);

/* In a commit, whose fence others wait for: no resv is taken, and nothing allocated. */
static void panel_plane_update(struct drm_plane *plane, struct drm_atomic_commit *commit)
{
	struct drm_plane_state *state = drm_atomic_get_new_plane_state(commit, plane);
	struct panel *panel = container_of(plane, struct panel, plane);
	struct drm_framebuffer *fb = state->fb;
	const struct iosys_map *data;
	size_t len;
	u32 y;
	int idx;

	/* The DMA addresses have gone with the device. */
	if (!fb || !drm_dev_enter(plane->dev, &idx))
		return;
	data = gem_uma_object_plane_read(state);
	len = min_t(size_t, drm_format_info_min_pitch(fb->format, 0, fb->width), PANEL_PITCH);
	for (y = 0; y < min(fb->height, PANEL_LINES); y++)
		iosys_map_memcpy_from(panel->memory[y], &data[0], y * fb->pitches[0], len);
	drm_dev_exit(idx);
}

static const struct drm_plane_helper_funcs panel_plane_helper_funcs = {
	GEM_UMA_OBJECT_PLANE_HELPER_FUNCS(panel_plane),
	.atomic_update = panel_plane_update,
};

static const struct drm_plane_funcs panel_plane_funcs = {
	GEM_UMA_OBJECT_PLANE_FUNCS(panel_plane),
	.update_plane = drm_atomic_helper_update_plane,
	.disable_plane = drm_atomic_helper_disable_plane,
};

static const u32 panel_formats[] = { DRM_FORMAT_XRGB8888 };

static int __maybe_unused panel_plane_init(struct drm_device *drm, struct panel *panel)
{
	int ret;

	ret = drm_universal_plane_init(drm, &panel->plane, 1, &panel_plane_funcs, panel_formats,
				       ARRAY_SIZE(panel_formats), NULL, DRM_PLANE_TYPE_PRIMARY,
				       NULL);
	if (!ret)
		drm_plane_helper_add(&panel->plane, &panel_plane_helper_funcs);
	return ret;
}

MODULE_DESCRIPTION("Example of a display that the CPU copies to, with gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
