// SPDX-License-Identifier: GPL-2.0
// File: ivpu_drv.h
// Place: the includes, ivpu_device
@@
@@
  #include "ivpu_ipc.h"
+ #include "ivpu_uma.h"

@@
@@
  struct ivpu_device {
  	struct drm_device drm;
+ 	struct ivpu_uma uma;
  	...
  };
