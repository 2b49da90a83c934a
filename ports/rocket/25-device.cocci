// SPDX-License-Identifier: GPL-2.0
// File: rocket_device.c
// Place: rocket_device_init(), rocket_device_fini()
// The library asks for the DMA mask, so it comes after that. When the last core has gone, nobody
// translates addresses any more.
@@
identifier pdev, driver;
type T;
@@
  T rocket_device_init(struct platform_device *pdev, const struct drm_driver *driver
+ 	, const struct gem_uma_object_prime *prime, const struct drm_gem_object_funcs *funcs
  	)
  { ... }

@@
identifier err, ddev;
@@
  rocket_device_init(...)
  {
  <...
+ 	err = rocket_uma_init(&rdev->uma, ddev, prime, funcs);
+ 	if (err)
+ 		return ERR_PTR(err);
  	err = drm_dev_register(ddev, 0);
  ...>
  }

@@
identifier rdev;
@@
  rocket_device_fini(struct rocket_device *rdev)
  {
  	...
  	drm_dev_unregister(...);
+ 	gem_uma_object_unplug_all(&rdev->uma.dev);
  }
