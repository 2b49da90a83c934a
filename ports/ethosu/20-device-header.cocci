// SPDX-License-Identifier: GPL-2.0
// File: ethosu_device.h
// Place: ethosu_device
@@
@@
  #include <drm/ethosu_accel.h>
+ #include "ethosu_uma.h"

@@
@@
  struct ethosu_device {
  	struct drm_device base;
+ 	struct ethosu_uma uma;
  	...
  };
