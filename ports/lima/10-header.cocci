// SPDX-License-Identifier: GPL-2.0
// File: lima_gem.h
// Place: the include, lima_bo, to_lima_bo(), prototypes
// Our part of the buffer is in lima_uma.h.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include "lima_uma.h"

@@
@@
  struct lima_bo {
- 	struct drm_gem_shmem_object base;
+ 	struct gem_uma_object base;
+ 	struct lima_uma_bo uma;
  	...
  };

@@
identifier obj;
@@
  to_lima_bo(struct drm_gem_object *obj)
  {
- 	return container_of(to_drm_gem_shmem_obj(obj), struct lima_bo, base);
+ 	return container_of(obj, struct lima_bo, base.base);
  }

@@
identifier f = {lima_gem_create_object};
type T;
@@
- T f(...);
