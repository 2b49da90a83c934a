/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How rocket exports. Only rocket_drv.c includes this: its driver structure names what is
 * defined here.
 */
#ifndef _ROCKET_PRIME_H_
#define _ROCKET_PRIME_H_

#include <linux/err.h>
#include <linux/module.h>

#include <drm/gem_uma/gem_uma_object_prime.h>

/* No ioctl tells the address that an import would have, so no job could use one. */
static struct drm_gem_object *
rocket_prime_import_sg_table(struct drm_device *drm, struct dma_buf_attachment *attach,
			     struct sg_table *sgt)
{
	return ERR_PTR(-EINVAL);
}

/* Lazy, so that nothing is mapped before it is refused. */
DEFINE_GEM_UMA_PRIME(rocket_prime, .lazy = true);

static const struct drm_gem_object_funcs rocket_gem_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = rocket_prime_export,
};

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
