// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_object.c
// Place: virtio_gpu_cleanup_object(), what makes buffers, virtio_gpu_object_restore_all()
// virtgpu_uma.c makes buffers. Freeing them stays: it ends when the host has answered. The host
// gets pages again under resv, as reclaim may take them until then.
@@
identifier f = {virtio_gpu_is_shmem, virtio_gpu_create_object, virtio_gpu_object_shmem_init,
	virtio_gpu_object_create};
type T;
@@
- T f(...) { ... }

@@
@@
- static const struct drm_gem_object_funcs virtio_gpu_shmem_funcs = { ... };

@@
@@
- static
  void virtio_gpu_free_object(...)
  { ... }

@@
identifier bo;
@@
- drm_gem_shmem_free(&bo->base);
+ gem_uma_object_free(&bo->base.base);

@@
identifier bo;
@@
- if (bo->params.blob || bo->attached)
+ if (bo->params.blob)
  { ... }

@@
identifier bo;
@@
- if (bo->attached) {
- 	bo->attached = false;
- 	virtio_gpu_object_attach(...);
- }
+ ret = virtio_gpu_uma_reattach(bo);
+ if (ret)
+ 	break;
