/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How lima exports and imports. Only lima_drv.c includes this: its driver structure names
 * what is defined here.
 */
#ifndef _LIMA_PRIME_H_
#define _LIMA_PRIME_H_

#include <drm/gem_uma/gem_uma_object_prime.h>

/* An import is mapped by the submit that uses it first. */
DEFINE_GEM_UMA_PRIME(lima_prime, .lazy = true);

static const struct drm_gem_object_funcs lima_gem_funcs = {
	.free = gem_uma_object_free,
	.open = lima_uma_open,
	.close = lima_uma_close,
	.pin = lima_uma_pin,
	.unpin = gem_uma_object_unpin,
	.get_sg_table = lima_uma_get_sg_table,
	.vmap = lima_uma_vmap,
	.vunmap = gem_uma_object_vunmap,
	.mmap = lima_uma_mmap,
	.vm_ops = &gem_uma_object_vm_ops,
	GEM_UMA_OBJECT_FUNCS_STATUS,
	.export = lima_prime_export,
};

MODULE_IMPORT_NS("DRM_GEM_UMA");

#endif
