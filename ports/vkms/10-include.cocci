// SPDX-License-Identifier: GPL-2.0
// File: vkms_drv.c
// Place: the includes
@@
@@
- #include <drm/drm_fbdev_shmem.h>

@@
@@
- #include <drm/drm_gem_shmem_helper.h>

@@
@@
  #include "vkms_drv.h"
+ #include "vkms_uma.h"
