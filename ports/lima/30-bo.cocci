// SPDX-License-Identifier: GPL-2.0
// File: lima_gem.c
// Place: all but the ioctls, lima_gem_get_info(), lima_gem_submit()
// lima_uma.c makes, maps, evicts and frees buffers. What reclaim took comes back before the
// job is armed. A handle may be closed while somebody asks for its address.
@@
identifier f = {lima_heap_alloc, lima_gem_create_handle, lima_gem_free_object,
	lima_gem_object_open, lima_gem_object_close, lima_gem_pin, lima_gem_vmap, lima_gem_mmap,
	lima_gem_create_object};
type T;
@@
- T f(...) { ... }

@@
@@
- static const struct drm_gem_object_funcs lima_gem_funcs = { ... };

@@
identifier va, vm, bo;
expression E;
@@
  lima_gem_get_info(...)
  {
  	...
  	struct lima_vm *vm = E;
+ 	int err;
  	...
- 	*va = lima_vm_get_va(vm, bo);
+ 	err = lima_uma_get_va(vm, bo, va);
  	...
- 	return 0;
+ 	return err;
  }

@@
identifier submit, err, bos, ctx;
symbol vm;
@@
  lima_gem_submit(struct drm_file *file, struct lima_submit *submit)
  {
  <...
- 	err = drm_gem_lock_reservations((struct drm_gem_object **)bos, submit->nr_bos, &ctx);
+ 	err = lima_uma_lock_bos(vm, bos, submit->nr_bos, &ctx);
  ...>
  }
