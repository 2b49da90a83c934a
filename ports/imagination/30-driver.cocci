// SPDX-License-Identifier: GPL-2.0
// File: pvr_drv.c
// Place: the includes, pvr_ioctl_create_bo(), pvr_drm_driver, pvr_probe(), pvr_remove()
@@
@@
  #include "pvr_vm.h"
+ #include "pvr_prime.h"

@@
@@
  pvr_ioctl_create_bo(...)
  {
  <...
- pvr_gem_object_create
+ pvr_gem_object_create_for_user
  (...)
  ...>
  }

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_prime_import_sg_table = drm_gem_shmem_prime_import_sg_table,
- 	.gem_create_object = pvr_gem_create_object,
+ 	.gem_prime_import = pvr_prime_import,
+ 	.gem_prime_import_sg_table = pvr_gem_prime_import_sg_table,
  };

@@
@@
  pvr_probe(...)
  {
  ...
  drm_dev = &pvr_dev->base;
+ pvr_dev->uma.prime = &pvr_prime;
+ pvr_dev->uma.funcs = &pvr_gem_funcs;
  ...
  }

@@
@@
  pvr_remove(...)
  {
  ...
  drm_dev_unplug(drm_dev);
+ gem_uma_object_unplug_all(&pvr_dev->uma.dev);
  ...
  }
