// SPDX-License-Identifier: GPL-2.0
// File: lima_sched.h
// Place: lima_sched_task
@@
@@
  #include <linux/xarray.h>
+ #include "lima_uma.h"

@@
@@
  struct lima_sched_task {
  	struct drm_sched_job base;
+ 	struct lima_uma_task uma;
  	...
  };
