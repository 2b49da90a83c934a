// SPDX-License-Identifier: GPL-2.0
// File: amdxdna_pci_drv.h
// Place: the includes, amdxdna_dev
@@
@@
  #include <linux/xarray.h>
+ #include "amdxdna_uma.h"

@@
@@
  struct amdxdna_dev {
  	struct drm_device ddev;
+ 	struct amdxdna_uma uma;
  	...
  };
