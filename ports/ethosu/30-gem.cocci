// SPDX-License-Identifier: GPL-2.0
// File: ethosu_gem.c
// Place: what makes and frees buffers
// ethosu_uma.c does that. A command stream is mapped for the kernel while it is copied.
@@
identifier f = {ethosu_gem_free_object, ethosu_gem_mmap, ethosu_gem_create_object};
type T;
@@
- T f(...) { ... }

@@
symbol ethosu_gem_funcs;
@@
- static const struct drm_gem_object_funcs ethosu_gem_funcs = { ... };

@@
identifier mem;
@@
- struct drm_gem_dma_object *mem;

@@
identifier mem, bo;
expression drm, size, F;
@@
- mem = drm_gem_dma_create(drm, size);
- if (IS_ERR(mem))
- 	return PTR_ERR(mem);
- bo = to_ethosu_bo(&mem->base);
- bo->flags = F;
+ bo = ethosu_uma_create(drm, size, F);
+ if (IS_ERR(bo))
+ 	return PTR_ERR(bo);

@@
identifier mem;
@@
- &mem->base
+ &bo->base.base

@@
identifier ret, bo;
expression drm, from, size;
@@
  {
+ 	struct iosys_map map;
  	int ret;
  	...
+ 	ret = drm_gem_vmap(&bo->base.base, &map);
+ 	if (ret)
+ 		goto fail;
  	ret = ethosu_gem_cmdstream_copy_and_validate(drm, from, bo, size
+ 		, map.vaddr
  		);
+ 	drm_gem_vunmap(&bo->base.base, &map);
  	...
  }
