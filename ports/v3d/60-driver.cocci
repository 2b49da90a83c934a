// SPDX-License-Identifier: GPL-2.0
// File: v3d_drv.c
// Place: v3d_drm_driver, v3d_platform_drm_probe()
// The library asks for the DMA mask, so it comes after that.
@@
@@
  #include "v3d_regs.h"
+ #include "v3d_prime.h"

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = v3d_create_object,
+ 	.gem_prime_import = v3d_prime_import,
  };

@@
expression E;
@@
  v3d_platform_drm_probe(...)
  {
  <...
  dma_set_max_seg_size(E, UINT_MAX);
+ ret = v3d_uma_init(v3d, &v3d_prime, &v3d_gem_funcs);
+ if (ret)
+ 	goto runtime_pm_put;
  ...>
  }
