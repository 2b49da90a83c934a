// SPDX-License-Identifier: GPL-2.0
// File: vgem_drv.c
// Place: vgem_gem_create_object()
// The library has no hook for making objects: who makes one allocates it.
@@
identifier create, driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = create,
  };

@@
identifier create, dev, size;
@@
- static struct drm_gem_object *create(struct drm_device *dev, size_t size)
- {
- ...
- }
