// SPDX-License-Identifier: GPL-2.0
// File: ivpu_gem.h
// Place: the include, ivpu_bo, prototypes, ivpu_bo_vaddr(), ivpu_bo_is_resident()
// ivpu_gem.c is ours. What the kernel has mapped of a buffer, the driver remembers itself.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include "ivpu_uma.h"

@@
@@
  struct ivpu_bo {
- 	struct drm_gem_shmem_object base;
+ 	struct gem_uma_object base;
+ 	struct ivpu_uma_bo uma;
  	...
- 	bool mmu_mapped;
  };

@@
identifier f = {ivpu_gem_create_object};
type T;
@@
- T f(...);

@@
expression bo;
@@
- bo->base.vaddr
+ bo->uma.vaddr

@@
expression bo;
@@
- !!bo->base.pages
+ ivpu_uma_resident(bo)
