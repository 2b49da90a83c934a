/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vgem's buffers on gem-uma. Only vgem_drv.c includes this: its driver structure names
 * what is defined here.
 */
#ifndef _VGEM_UMA_H_
#define _VGEM_UMA_H_

#include <linux/err.h>
#include <linux/module.h>

#include <drm/drm_dumb_buffers.h>
#include <drm/drm_mode.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/gem_uma/gem_uma_reclaim.h>

/* There is one device. */
static struct gem_uma_device vgem_uma;

/* An import is passed on and never used: it is not mapped. */
DEFINE_GEM_UMA_PRIME(vgem_prime, .lazy = true);

static const struct drm_gem_object_funcs vgem_gem_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = vgem_prime_export,
};

static int vgem_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
				struct drm_mode_create_dumb *args)
{
	struct gem_uma_object *uobj;
	int ret;

	ret = drm_mode_size_dumb(drm, args, 0, 0);
	if (ret)
		return ret;
	uobj = gem_uma_object_create(&vgem_uma, args->size, GEM_UMA_OBJECT_WC);
	if (IS_ERR(uobj))
		return PTR_ERR(uobj);
	ret = drm_gem_handle_create(file, &uobj->base, &args->handle);
	drm_gem_object_put(&uobj->base);
	return ret;
}

static struct drm_gem_object *
vgem_gem_import(struct drm_device *drm, struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	return gem_uma_object_create_import(&vgem_uma, attach, sgt);
}

#define VGEM_UMA_DRIVER_OPS				\
	.dumb_create = vgem_gem_dumb_create,		\
	.gem_prime_import = vgem_prime_import,		\
	.gem_prime_import_sg_table = vgem_gem_import

static int vgem_uma_init(struct drm_device *drm)
{
	const struct gem_uma_device_config config = { .allow_wc = true };
	int ret;

	ret = gem_uma_device_init(&vgem_uma, drm, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&vgem_uma, &vgem_prime, &vgem_gem_funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&vgem_uma);
	return ret;
}

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
