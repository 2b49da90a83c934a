// SPDX-License-Identifier: GPL-2.0
// File: ivpu_drv.c
// Place: the includes, the drm_driver, ivpu_dev_init(), ivpu_dev_fini()
// The library asks for the DMA mask, so it comes after that, and before the firmware's buffers.
// When the contexts are gone, and the firmware's buffers, nobody translates addresses any more.
@@
@@
  #include "ivpu_sysfs.h"
+ #include "ivpu_prime.h"

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = ivpu_gem_create_object,
- 	.gem_prime_import = ivpu_gem_prime_import,
+ 	.gem_prime_import = ivpu_prime_import,
+ 	.gem_prime_import_sg_table = ivpu_gem_prime_import_sg_table,
  };

@@
identifier ret, vdev;
@@
  ivpu_dev_init(struct ivpu_device *vdev)
  {
  <...
  	ret = ivpu_pci_init(vdev);
  	if (ret)
  		goto err_xa_destroy;
+
+ 	ret = ivpu_uma_init(&vdev->uma, &vdev->drm, &ivpu_prime, &ivpu_gem_funcs);
+ 	if (ret)
+ 		goto err_xa_destroy;
  ...>
  }

@@
identifier vdev;
@@
  ivpu_dev_fini(struct ivpu_device *vdev)
  {
  	...
  	ivpu_mmu_global_context_fini(vdev);
+ 	gem_uma_object_unplug_all(&vdev->uma.dev);
  	...
  }
