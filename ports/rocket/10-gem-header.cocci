// SPDX-License-Identifier: GPL-2.0
// File: rocket_gem.h
// Place: the include, rocket_gem_object, to_rocket_bo(), rocket_gem_create_object()
// rocket_gem.c is ours. A buffer knows its domain, which lives as long, and no file.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include "rocket_uma.h"

@@
@@
  struct rocket_gem_object {
- 	struct drm_gem_shmem_object base;
- 	struct rocket_file_priv *driver_priv;
+ 	struct gem_uma_object base;
+ 	struct rocket_uma_bo uma;
  	...
- 	size_t size;
- 	u32 offset;
  };

@@
identifier obj;
@@
  to_rocket_bo(struct drm_gem_object *obj)
  {
- 	return container_of(to_drm_gem_shmem_obj(obj), struct rocket_gem_object, base);
+ 	return container_of(obj, struct rocket_gem_object, base.base);
  }

@@
identifier f = {rocket_gem_create_object};
type T;
@@
- T f(...);
