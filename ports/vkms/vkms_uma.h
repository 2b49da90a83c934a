/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vkms's buffers on gem-uma. Only vkms_drv.c includes this: its driver structure names what
 * is defined here.
 */
#ifndef _VKMS_UMA_H_
#define _VKMS_UMA_H_

#include <linux/module.h>

#include <drm/gem_uma/gem_uma_fbdev.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/gem_uma/gem_uma_reclaim.h>

/* Only the CPU reads and writes buffers, through the exporter: imports are never mapped. */
DEFINE_GEM_UMA_PRIME(vkms_prime, .lazy = true);

static const struct drm_gem_object_funcs vkms_gem_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = vkms_prime_export,
};

static int vkms_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
				struct drm_mode_create_dumb *args)
{
	return gem_uma_object_dumb_create(file, &drm_device_to_vkms_device(drm)->uma, args);
}

static struct drm_gem_object *
vkms_gem_import(struct drm_device *drm, struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	return gem_uma_object_create_import(&drm_device_to_vkms_device(drm)->uma, attach, sgt);
}

#define VKMS_UMA_DRIVER_OPS				\
	.dumb_create = vkms_gem_dumb_create,		\
	.gem_prime_import = vkms_prime_import,		\
	.gem_prime_import_sg_table = vkms_gem_import

static int vkms_uma_init(struct vkms_device *vkms)
{
	const struct gem_uma_device_config config = {};
	int ret;

	ret = gem_uma_device_init(&vkms->uma, &vkms->drm, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&vkms->uma, &vkms_prime, &vkms_gem_funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&vkms->uma);
	return ret;
}

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
