/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How ethosu exports. Only ethosu_drv.c includes this: its driver structure names what is
 * defined here.
 */
#ifndef _ETHOSU_PRIME_H_
#define _ETHOSU_PRIME_H_

#include <linux/err.h>
#include <linux/module.h>

#include <drm/gem_uma/gem_uma_object_prime.h>

/* As before: another device's memory need not be one range of addresses. */
static struct drm_gem_object *
ethosu_prime_import_sg_table(struct drm_device *drm, struct dma_buf_attachment *attach,
			     struct sg_table *sgt)
{
	return ERR_PTR(-EINVAL);
}

/* Lazy, so that nothing is mapped before it is refused. */
DEFINE_GEM_UMA_PRIME(ethosu_prime, .lazy = true);

static const struct drm_gem_object_funcs ethosu_uma_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = ethosu_prime_export,
};

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
