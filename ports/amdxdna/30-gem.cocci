// SPDX-License-Identifier: GPL-2.0
// File: amdxdna_gem.c
// Place: what makes, maps, pins, flushes and frees buffers
// amdxdna_uma.c and amdxdna_prime.c do that. What buffers mean to the device stays here.
@@
@@
- #include <drm/drm_cache.h>

@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include <drm/drm_file.h>

@@
identifier f = {amdxdna_gem_dmabuf_mmap, amdxdna_gem_prime_export, amdxdna_imported_obj_free,
	amdxdna_gem_obj_vmap, amdxdna_gem_obj_vunmap, amdxdna_gem_create_shmem_object_cb,
	amdxdna_gem_create_shmem_object, amdxdna_gem_prime_import};
type T;
@@
- T f(...) { ... }

@@
symbol amdxdna_dmabuf_ops;
@@
- static const struct dma_buf_ops amdxdna_dmabuf_ops = { ... };

@@
symbol amdxdna_gem_shmem_funcs;
@@
- static const struct drm_gem_object_funcs amdxdna_gem_shmem_funcs = { ... };

@@
identifier f = {amdxdna_gem_create_obj, amdxdna_gem_destroy_obj, amdxdna_gem_obj_free,
	amdxdna_gem_obj_open, amdxdna_gem_obj_close, amdxdna_gem_obj_mmap};
type T;
@@
- static
  T f(...) { ... }

@@
identifier abo, vma, ret;
@@
  amdxdna_insert_pages(struct amdxdna_gem_obj *abo, struct vm_area_struct *vma)
  {
  ...
  int ret;
- if (!is_import_bo(abo)) { ... } else { ... }
+ ret = amdxdna_uma_mmap(abo, vma);
+ if (ret)
+ 	return ret;
  ...
  }

@@
identifier gobj, abo;
@@
  amdxdna_gem_obj_free(struct drm_gem_object *gobj)
  {
  ...
- if (is_import_bo(abo)) { ... } else { ... }
+ gem_uma_object_free(gobj);
  }

@@
expression dev, args;
@@
- amdxdna_gem_create_shmem_object(dev, args)
+ amdxdna_uma_create(dev, args->size)

@@
expression abo;
@@
- drm_gem_shmem_pin(&abo->base)
+ amdxdna_uma_pin(abo)

@@
expression abo;
@@
- drm_gem_shmem_unpin(&abo->base)
+ amdxdna_uma_unpin(abo)

@@
identifier abo, offset, size;
@@
  amdxdna_flush_bo(struct amdxdna_gem_obj *abo, u64 offset, u64 size)
  {
  ...
- if (amdxdna_gem_vmap(abo)) { ... } else if (abo->base.pages) { ... } else { ... }
- return 0;
+ return amdxdna_uma_flush(abo, offset, size);
  }

@@
identifier gobj, args;
symbol ret;
@@
  amdxdna_drm_get_bo_info_ioctl(...)
  {
  <+...
- args->map_offset = drm_vma_node_offset_addr(&gobj->vma_node);
+ ret = gem_uma_object_mmap_offset(to_gem_uma_object(gobj), &args->map_offset);
  ...+>
  }
