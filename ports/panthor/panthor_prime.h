/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How panthor exports and imports. Only panthor_drv.c includes this: its driver structure
 * names what is defined here.
 */
#ifndef _PANTHOR_PRIME_H_
#define _PANTHOR_PRIME_H_

#include <drm/gem_uma/gem_uma_object_prime.h>

DEFINE_GEM_UMA_PRIME(panthor_prime, .get = panthor_uma_get_for_export);

static const struct drm_gem_object_funcs panthor_gem_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = panthor_prime_export,
};

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
