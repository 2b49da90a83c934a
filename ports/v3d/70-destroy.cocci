// SPDX-License-Identifier: GPL-2.0
// File: v3d_gem.c
// Place: v3d_gem_destroy()
// No job runs any more, and the page table is still there.
@@
expression mm;
@@
  v3d_gem_destroy(...)
  {
  ...
+ 	v3d_uma_fini(v3d);
  	drm_mm_takedown(mm);
  ...
  }
