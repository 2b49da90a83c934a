// SPDX-License-Identifier: GPL-2.0
// File: rocket_drv.h
// Place: rocket_iommu_domain, rocket_file_priv, prototypes
// Addresses belong to the domain, so that a buffer that outlives its file can give its own back.
@@
@@
  #include "rocket_device.h"
+ #include "rocket_uma.h"

@@
@@
- struct rocket_iommu_domain { ... };

@@
@@
  struct rocket_file_priv {
  	...
- 	struct drm_mm mm;
- 	struct mutex mm_lock;
  	...
  };

@@
identifier f = {rocket_iommu_domain_get, rocket_iommu_domain_put};
type T;
@@
- T f(...);
