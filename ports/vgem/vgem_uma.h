/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vgem's buffers on gem-uma. Only vgem_drv.c includes this: its driver structure names
 * what is defined here.
 */
#ifndef _VGEM_UMA_H_
#define _VGEM_UMA_H_

#include <linux/module.h>
#include <linux/slab.h>

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

static struct gem_uma_object *vgem_gem_alloc(void)
{
	struct gem_uma_object *uobj = kzalloc(sizeof(*uobj), GFP_KERNEL_ACCOUNT);

	if (uobj)
		uobj->base.funcs = &vgem_gem_funcs;
	return uobj;
}

static int vgem_gem_dumb_create(struct drm_file *file, struct drm_device *drm,
				struct drm_mode_create_dumb *args)
{
	struct gem_uma_object *uobj;
	int ret;

	ret = drm_mode_size_dumb(drm, args, 0, 0);
	if (ret)
		return ret;
	uobj = vgem_gem_alloc();
	if (!uobj)
		return -ENOMEM;
	ret = gem_uma_object_init(uobj, &vgem_uma, args->size, GEM_UMA_OBJECT_WC, NULL);
	if (ret) {
		kfree(uobj);
		return ret;
	}
	ret = drm_gem_handle_create(file, &uobj->base, &args->handle);
	drm_gem_object_put(&uobj->base);
	return ret;
}

static struct drm_gem_object *
vgem_gem_import(struct drm_device *drm, struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	struct gem_uma_object *uobj = vgem_gem_alloc();
	int ret;

	if (!uobj)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(uobj, &vgem_uma, attach, sgt, NULL);
	if (ret) {
		kfree(uobj);
		return ERR_PTR(ret);
	}
	return &uobj->base;
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
