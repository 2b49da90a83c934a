/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How PowerVR exports and imports. Only pvr_drv.c includes this: its driver structure names
 * what is defined here.
 */
#ifndef PVR_PRIME_H
#define PVR_PRIME_H

#include <drm/gem_uma/gem_uma_object_prime.h>

DEFINE_GEM_UMA_PRIME(pvr_prime, .get = pvr_uma_get_for_export,
		     .mmap_offset = pvr_uma_mmap_offset);

static const struct drm_gem_object_funcs pvr_gem_funcs = {
	.free = gem_uma_object_free,
	GEM_UMA_OBJECT_FUNCS_STATUS,
	GEM_UMA_OBJECT_FUNCS_PIN,
	GEM_UMA_OBJECT_FUNCS_SG_TABLE,
	GEM_UMA_OBJECT_FUNCS_VMAP,
	.mmap = pvr_uma_mmap,
	.vm_ops = &gem_uma_object_vm_ops,
	.export = pvr_prime_export,
};

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
