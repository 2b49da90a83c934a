/* SPDX-License-Identifier: GPL-2.0 */
/* What the object lends to the parts beside it. */
#ifndef _GEM_UMA_OBJECT_INTERNAL_H_
#define _GEM_UMA_OBJECT_INTERNAL_H_

#include <drm/gem_uma/gem_uma_object.h>

int gem_uma_object_vacate_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);

#endif
