// SPDX-License-Identifier: GPL-2.0
// File: vgem_drv.c
// Place: vgem_driver
@@
symbol DRM_GEM_SHMEM_DRIVER_OPS;
symbol VGEM_UMA_DRIVER_OPS;
@@
- DRM_GEM_SHMEM_DRIVER_OPS
+ VGEM_UMA_DRIVER_OPS
