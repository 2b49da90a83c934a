// SPDX-License-Identifier: GPL-2.0
// File: vgem_drv.c
// Place: the includes
// The helper's header brings what belongs to it alone.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>

@@
@@
  #include "vgem_drv.h"
+ #include "vgem_uma.h"
