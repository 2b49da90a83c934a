// SPDX-License-Identifier: GPL-2.0
// File: ethosu_job.h
// Place: ethosu_job
// One more to lock: the command stream.
@@
@@
  struct ethosu_job {
  	...
  	struct drm_gem_object *region_bo[NPU_BASEP_REGION_MAX
+ 		+ 1
  		];
  	...
  };
