// SPDX-License-Identifier: GPL-2.0
// File: vkms_drv.h
// Place: vkms_device
@@
@@
  #include <drm/drm_writeback.h>
+ #include <drm/gem_uma/gem_uma_device.h>

@@
@@
  struct vkms_device {
  	struct drm_device drm;
+ 	struct gem_uma_device uma;
  	...
  };
