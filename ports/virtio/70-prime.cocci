// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_prime.c
// Place: the operations of dma-bufs, virtio_gpu_resource_assign_uuid()
// Memory of the host is exported as before; the library exports the rest, and its users
// have a beginning and an end of access by the CPU. Who gets a UUID finds pages behind it.
@@
expression attach, dir;
@@
- drm_gem_map_dma_buf(attach, dir)
+ gem_uma_object_prime_map(attach, dir)

@@
expression attach, sgt, dir;
@@
- drm_gem_unmap_dma_buf(attach, sgt, dir)
+ gem_uma_object_prime_unmap(attach, sgt, dir)

@@
identifier all;
@@
  struct virtio_dma_buf_ops all = {
  	.ops = {
  		.vunmap = drm_gem_dmabuf_vunmap,
+ 		.begin_cpu_access = virtio_gpu_uma_begin,
+ 		.end_cpu_access = virtio_gpu_uma_end,
  	},
  };

@@
identifier bo, vgdev;
@@
  virtgpu_virtio_get_uuid(...)
  {
  ...
- 	wait_event(vgdev->resp_wq, bo->uuid_state != STATE_INITIALIZING);
+ 	wait_event(vgdev->resp_wq,
+ 		   bo->uuid_state != STATE_INITIALIZING || vgdev->vqs_released);
  	...
- 	return 0;
+ 	return virtio_gpu_uma_share(bo);
  }

@@
identifier bo;
@@
  virtio_gpu_resource_assign_uuid(..., struct virtio_gpu_object *bo)
  {
  ...
+ 	WRITE_ONCE(bo->uma.shared, true);
  	virtio_gpu_array_add_obj(...);
  ...
  }

@@
@@
  virtgpu_gem_prime_import_sg_table(...)
  { ... }
+
+ const struct gem_uma_object_prime virtgpu_prime = {
+ 	.ops = &virtgpu_dmabuf_ops.ops,
+ 	.export = virtgpu_gem_prime_export,
+ 	.import = virtgpu_gem_prime_import,
+ };
