// SPDX-License-Identifier: GPL-2.0
// File: rocket_drv.c
// Place: the domain, rocket_open(), rocket_postclose(), rocket_drm_driver, rocket_probe()
// rocket_gem.c makes domains, and what there are addresses in.
@@
@@
  #include "rocket_job.h"
+ #include "rocket_prime.h"

@@
identifier f = {rocket_iommu_domain_destroy, rocket_iommu_domain_create, rocket_iommu_domain_get,
	rocket_iommu_domain_put};
type T;
@@
- T f(...) { ... }

@@
type T;
identifier v = {start, end};
@@
  rocket_open(...)
  {
  <+...
- 	T v;
  ...+>
  }

@@
expression E;
identifier start;
@@
- start = E->geometry.aperture_start;

@@
expression E;
identifier end;
@@
- end = E->geometry.aperture_end;

@@
@@
- drm_mm_init(...);

@@
@@
- mutex_init(...);

@@
expression E;
@@
- mutex_destroy(E);

@@
expression E;
@@
- drm_mm_takedown(E);

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = rocket_gem_create_object,
+ 	.gem_prime_import = rocket_prime_import,
+ 	.gem_prime_import_sg_table = rocket_prime_import_sg_table,
  };

@@
expression pdev, driver;
@@
  rocket_device_init(pdev, driver
+ 	, &rocket_prime, &rocket_gem_funcs
  	)
