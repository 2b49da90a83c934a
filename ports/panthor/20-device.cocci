// SPDX-License-Identifier: GPL-2.0
// File: panthor_device.h
// Place: the includes, panthor_device.reclaim
@@
@@
  #include <drm/panthor_drm.h>
+ #include "panthor_uma.h"

@@
@@
  struct panthor_device {
  	...
- 	struct { ... } reclaim;
+ 	struct panthor_uma uma;
  	...
  };
