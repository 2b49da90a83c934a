// SPDX-License-Identifier: GPL-2.0
// File: aie2_message.c aie2_pci.c aie4_ctx.c amdxdna_ctx.c amdxdna_mailbox_helper.c amdxdna_sysfs.c
// Place: the include
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
