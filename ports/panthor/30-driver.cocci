// SPDX-License-Identifier: GPL-2.0
// File: panthor_drv.c
// Place: the includes, the driver's functions, panthor_probe()
@@
@@
  #include "panthor_sched.h"
+ #include "panthor_prime.h"

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_prime_import = panthor_gem_prime_import,
+ 	.gem_prime_import = panthor_prime_import,
  };

@@
identifier fops;
@@
  struct file_operations fops = {
- 	.get_unmapped_area = drm_gem_get_unmapped_area,
+ 	.get_unmapped_area = gem_uma_object_get_unmapped_area,
  };

@@
@@
  panthor_probe(...)
  {
  ...
+ ptdev->uma.prime = &panthor_prime;
+ ptdev->uma.funcs = &panthor_gem_funcs;
  return panthor_device_init(ptdev);
  }
