// SPDX-License-Identifier: GPL-2.0
// File: v3d_sched.c
// Place: the CPU jobs
// The ioctl has mapped what they access, and freeing the job undoes that.
@@
expression a, b;
@@
  v3d_rewrite_csd_job_wg_counts_from_indirect(...)
  {
  <...
- 	goto unmap_bo;
+ 	return;
  ...>
- unmap_bo:
- 	v3d_put_bo_vaddr(a);
- 	v3d_put_bo_vaddr(b);
  }

@@
expression bo;
@@
- v3d_get_bo_vaddr(bo);

@@
expression bo;
@@
- v3d_put_bo_vaddr(bo);
