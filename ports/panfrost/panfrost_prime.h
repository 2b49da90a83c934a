/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How panfrost exports and imports. Only panfrost_drv.c includes this: its driver structure
 * names what is defined here.
 */
#ifndef _PANFROST_PRIME_H_
#define _PANFROST_PRIME_H_

#include <drm/gem_uma/gem_uma_object_prime.h>

/* An import is mapped by the job that uses it first. */
DEFINE_GEM_UMA_PRIME(panfrost_prime, .get = panfrost_gem_may_export, .lazy = true);

static const struct drm_gem_object_funcs panfrost_gem_funcs = {
	.free = gem_uma_object_free,
	.open = panfrost_gem_open,
	.close = panfrost_gem_close,
	.pin = panfrost_gem_pin,
	.unpin = gem_uma_object_unpin,
	.get_sg_table = panfrost_gem_get_sg_table,
	.vmap = panfrost_gem_vmap,
	.vunmap = gem_uma_object_vunmap,
	.export = panfrost_prime_export,
	GEM_UMA_OBJECT_FUNCS_STATUS,
	GEM_UMA_OBJECT_FUNCS_MMAP,
};

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
