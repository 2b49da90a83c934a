// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_plane.c
// Place: prepare_fb and cleanup_fb, the transfers, virtio_drm_get_scanout_buffer()
// Dumb buffers are pinned and attached while they may be shown.
@@
identifier f = {virtio_gpu_plane_prepare_fb, virtio_gpu_plane_cleanup_fb};
type T;
@@
- static
  T f(...)
  { ... }

@@
identifier funcs;
@@
  struct drm_plane_helper_funcs funcs = {
- 	.prepare_fb = virtio_gpu_plane_prepare_fb,
- 	.cleanup_fb = virtio_gpu_plane_cleanup_fb,
+ 	.prepare_fb = virtio_gpu_uma_prepare_fb,
+ 	.cleanup_fb = virtio_gpu_uma_cleanup_fb,
  };

@@
identifier state;
@@
  virtio_gpu_update_dumb_bo(..., struct drm_plane_state *state, ...)
  {
  ...
+ 	virtio_gpu_uma_clean_plane(state);
  	virtio_gpu_cmd_transfer_to_host_2d(...);
  ...
  }

@@
identifier state;
@@
  virtio_gpu_panic_update_dumb_bo(..., struct drm_plane_state *state, ...)
  {
  ...
+ 	virtio_gpu_uma_clean_plane(state);
  	return virtio_gpu_panic_cmd_transfer_to_host_2d(...);
  }

@@
identifier plane;
@@
  virtio_gpu_cursor_plane_update(struct drm_plane *plane, ...)
  {
  <...
+ 	virtio_gpu_uma_clean_plane(plane->state);
  	virtio_gpu_cmd_transfer_to_host_2d(...);
  ...>
  }

@@
expression bo, sb;
@@
  virtio_drm_get_scanout_buffer(...)
  {
  ...
- 	if (bo->base.vaddr) {
- 		iosys_map_set_vaddr(&sb->map[0], bo->base.vaddr);
- 	} else {
- 		...
- 	}
+ 	if (!virtio_gpu_uma_can_panic(bo, sb))
+ 		return -ENODEV;
  	...
  }
