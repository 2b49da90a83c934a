// SPDX-License-Identifier: GPL-2.0
// File: v3d_bo.c
// Place: all but the ioctls
// v3d_uma.c makes, binds, evicts and frees buffers. The ioctls stay as they are.
@@
identifier f = {v3d_gem_status, v3d_free_object, v3d_create_object, v3d_bo_create_finish,
	v3d_bo_create, v3d_prime_import_sg_table, v3d_get_bo_vaddr, v3d_put_bo_vaddr};
type T;
@@
- T f(...) { ... }

@@
@@
- static const struct drm_gem_object_funcs v3d_gem_funcs = { ... };
