// SPDX-License-Identifier: GPL-2.0
// File: panfrost_device.h
// Place: panfrost_device_debugfs, panfrost_device
// The library has the list of buffers, and the shrinker.
@@
@@
- struct panfrost_device_debugfs { ... };

@@
@@
  struct panfrost_device {
  	struct drm_device base;
+ 	struct panfrost_uma uma;
  	...
  };

@@
type T;
identifier m = {shrinker_lock, shrinker_list, shrinker, debugfs};
@@
  struct panfrost_device {
  	...
- 	T m;
  	...
  };

@@
@@
  #include "panfrost_job.h"
+ #include "panfrost_uma.h"
