// SPDX-License-Identifier: GPL-2.0
// File: pvr_device.h
// Place: the includes, pvr_device
@@
@@
  #include "pvr_stream.h"
+ #include "pvr_uma.h"

@@
@@
  struct pvr_device {
  	struct drm_device base;
+ 	/** @uma: The library's part. */
+ 	struct pvr_uma uma;
  	...
  };
