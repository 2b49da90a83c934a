// SPDX-License-Identifier: GPL-2.0
// File: vkms_writeback.c
// Place: the includes
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
