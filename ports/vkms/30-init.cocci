// SPDX-License-Identifier: GPL-2.0
// File: vkms_drv.c
// Place: vkms_create()
// The DMA mask is set, and nobody can make an object yet.
@@
expression device;
@@
  vkms_create(...)
  {
  <...
+ ret = vkms_uma_init(device);
+ if (ret)
+ 	goto out_devres;
  ret = vkms_modeset_init(device);
  ...>
  }
