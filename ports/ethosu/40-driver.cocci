// SPDX-License-Identifier: GPL-2.0
// File: ethosu_drv.c
// Place: MMAP_OFFSET, ethosu_drm_driver, ethosu_probe(), ethosu_remove()
// The library asks for the DMA mask, so it comes after that. Ioctls of files that are still open
// have to find out that the device is gone.
@@
@@
  #include "ethosu_job.h"
+ #include "ethosu_prime.h"

@@
identifier obj, args;
@@
  ethosu_ioctl_bo_mmap_offset(...)
  {
  	struct drm_gem_object *obj;
+ 	int ret;
  	...
- 	args->offset = drm_vma_node_offset_addr(&obj->vma_node);
+ 	ret = gem_uma_object_mmap_offset(to_gem_uma_object(obj), &args->offset);
  	drm_gem_object_put(obj);
- 	return 0;
+ 	return ret;
  }

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = ethosu_gem_create_object,
+ 	.gem_prime_import = ethosu_prime_import,
+ 	.gem_prime_import_sg_table = ethosu_prime_import_sg_table,
  };

@@
identifier ret, edev;
@@
  ethosu_probe(...)
  {
  <...
+ 	ret = ethosu_uma_init(&edev->uma, &edev->base, &ethosu_prime, &ethosu_uma_funcs);
+ 	if (ret)
+ 		return ret;
  	ret = ethosu_job_init(edev);
  ...>
  }

@@
identifier edev;
@@
  ethosu_remove(...)
  {
  	...
- 	drm_dev_unregister(&edev->base);
+ 	drm_dev_unplug(&edev->base);
  	ethosu_job_fini(edev);
+ 	ethosu_uma_fini(&edev->uma);
  	...
  }
