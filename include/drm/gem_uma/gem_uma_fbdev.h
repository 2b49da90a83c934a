/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_FBDEV_H_
#define _DRM_GEM_UMA_FBDEV_H_

struct drm_fb_helper;
struct drm_fb_helper_surface_size;

int gem_uma_fbdev_probe(struct drm_fb_helper *helper, struct drm_fb_helper_surface_size *sizes);

#if IS_ENABLED(CONFIG_DRM_GEM_UMA_FBDEV)
/* Member of &struct drm_driver, for drivers that call drm_client_setup(). */
#define GEM_UMA_FBDEV_DRIVER_OPS	.fbdev_probe = gem_uma_fbdev_probe
#else
#define GEM_UMA_FBDEV_DRIVER_OPS	.fbdev_probe = NULL
#endif

#endif
