// SPDX-License-Identifier: GPL-2.0
// File: lima_drv.c
// Place: lima_drm_driver, lima_pdev_probe(), lima_pdev_remove()
@@
@@
  #include "lima_vm.h"
+ #include "lima_prime.h"

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = lima_gem_create_object,
- 	.gem_prime_import_sg_table = drm_gem_shmem_prime_import_sg_table,
+ 	.gem_prime_import = lima_prime_import,
+ 	.gem_prime_import_sg_table = lima_prime_import_sg_table,
  };

@@
identifier ldev, err;
@@
  lima_pdev_probe(...)
  {
  <...
  	err = lima_device_init(ldev);
  	if (err)
  		goto err_out1;
+ 	err = lima_uma_init(ldev, &lima_prime, &lima_gem_funcs);
+ 	if (err)
+ 		goto err_out2;
  ...>
  }

@@
identifier ldev, ddev;
@@
  lima_pdev_remove(...)
  {
  ...
- 	drm_dev_unregister(ddev);
+ 	drm_dev_unplug(ddev);
  	...
  	lima_device_fini(ldev);
+ 	lima_uma_fini(ldev);
  ...
  }
