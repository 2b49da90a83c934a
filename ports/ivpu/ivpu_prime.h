/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How ivpu exports and imports. Only ivpu_drv.c includes this: its driver structure names what
 * is defined here.
 */
#ifndef __IVPU_PRIME_H__
#define __IVPU_PRIME_H__

#include <linux/module.h>

#include <drm/gem_uma/gem_uma_object_prime.h>

/* A buffer is of one context, so that another one gets a buffer of its own. */
DEFINE_GEM_UMA_PRIME(ivpu_prime, .lazy = true, .separate = true);

static const struct drm_gem_object_funcs ivpu_gem_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.open = ivpu_gem_bo_open,
	.export = ivpu_prime_export,
};

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
