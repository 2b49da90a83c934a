// SPDX-License-Identifier: GPL-2.0
// File: vgem_drv.c
// Place: vgem_init()
// The DMA mask is set, and nobody can make an object yet.
@@
expression device, faux;
@@
  vgem_init(...)
  {
  <...
  device->faux_dev = faux;
+ ret = vgem_uma_init(&device->drm);
+ if (ret)
+ 	goto out_devres;
  ...>
  }
