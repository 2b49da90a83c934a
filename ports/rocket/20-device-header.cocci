// SPDX-License-Identifier: GPL-2.0
// File: rocket_device.h
// Place: rocket_device, rocket_device_init()
@@
@@
  #include "rocket_core.h"
+ #include "rocket_uma.h"

@@
@@
  struct rocket_device {
  	struct drm_device ddev;
+ 	struct rocket_uma uma;
  	...
  };

@@
identifier pdev, driver;
type T;
@@
  T rocket_device_init(struct platform_device *pdev, const struct drm_driver *driver
+ 	, const struct gem_uma_object_prime *prime, const struct drm_gem_object_funcs *funcs
  	);
