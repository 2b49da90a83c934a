// SPDX-License-Identifier: GPL-2.0
// File: aie2_ctx.c
// Place: the include
// The helper's header included that of files.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include <drm/drm_file.h>
