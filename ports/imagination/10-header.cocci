// SPDX-License-Identifier: GPL-2.0
// File: pvr_gem.h
// Place: the include, pvr_gem_object, prototypes
// The object is embedded under the name that the helper's had, so what asks for it stays.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include "pvr_uma.h"

@@
@@
  struct pvr_gem_object {
- 	struct drm_gem_shmem_object base;
+ 	struct gem_uma_object base;
+ 	/** @mapped: maps of VMs that keep it pinned; protected by resv. */
+ 	unsigned int mapped;
  	...
  };

@@
identifier f = {pvr_gem_create_object};
type T;
@@
- T f(...);
