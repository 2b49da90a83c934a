// SPDX-License-Identifier: GPL-2.0
// File: v3d_drv.h
// Place: the includes, v3d_bo, v3d_dev, v3d_cpu_job, prototypes
// Our part of the buffer, the device and the CPU job is in v3d_uma.h.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include "v3d_uma.h"

@@
@@
  struct v3d_bo {
- 	struct drm_gem_shmem_object base;
+ 	struct gem_uma_object base;
+ 	struct v3d_uma_bo uma;
  	...
  };

@@
@@
  struct v3d_dev {
  	struct drm_device drm;
+ 	struct v3d_uma uma;
  	...
  };

@@
@@
  struct v3d_cpu_job {
  	struct v3d_job base;
+ 	struct v3d_uma_vmaps *vmaps;
  	...
  };

@@
identifier f = {v3d_create_object, v3d_free_object, v3d_get_bo_vaddr, v3d_put_bo_vaddr,
	v3d_mmu_remove_ptes};
type T;
@@
- T f(...);
