// SPDX-License-Identifier: GPL-2.0
// File: ethosu_gem.h
// Place: the include, ethosu_gem_object, to_ethosu_bo(), ethosu_gem_create_object()
// The library knows whether an object can be mapped.
@@
@@
- #include <drm/drm_gem_dma_helper.h>
+ #include "ethosu_uma.h"

@@
@@
  struct ethosu_gem_object {
- 	struct drm_gem_dma_object base;
+ 	struct gem_uma_object base;
+ 	struct ethosu_uma_bo uma;
  	...
- 	u32 flags;
  };

@@
identifier obj;
@@
  to_ethosu_bo(struct drm_gem_object *obj)
  {
- 	return container_of(to_drm_gem_dma_obj(obj), struct ethosu_gem_object, base);
+ 	return container_of(obj, struct ethosu_gem_object, base.base);
  }

@@
identifier f = {ethosu_gem_create_object};
type T;
@@
- T f(...);
