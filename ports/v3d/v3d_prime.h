/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How v3d exports and imports. Only v3d_drv.c includes this: its driver structure names
 * what is defined here.
 */
#ifndef _V3D_PRIME_H_
#define _V3D_PRIME_H_

#include <drm/gem_uma/gem_uma_object_prime.h>

/* An import is mapped by the submit that uses it first. */
DEFINE_GEM_UMA_PRIME(v3d_prime, .lazy = true);

static const struct drm_gem_object_funcs v3d_gem_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = v3d_prime_export,
};

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
