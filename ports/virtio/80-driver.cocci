// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_drv.c
// Place: the includes, the driver, virtio_gpu_release_vqs(), suspend
// Reclaim leaves the queue alone before it goes. A device that was reset has no pages.
@@
@@
- #include <drm/drm_fbdev_shmem.h>
+ #include <drm/gem_uma/gem_uma_fbdev.h>

@@
symbol DRM_FBDEV_SHMEM_DRIVER_OPS, GEM_UMA_FBDEV_DRIVER_OPS;
@@
- DRM_FBDEV_SHMEM_DRIVER_OPS
+ GEM_UMA_FBDEV_DRIVER_OPS

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = virtio_gpu_create_object,
  };

@@
expression vgdev;
@@
  virtio_gpu_release_vqs(...)
  {
  ...
  	vgdev->vqs_released = true;
+ 	wake_up_all(&vgdev->resp_wq);
+ 	virtio_gpu_uma_stop(vgdev);
  ...
  }

@@
expression vgdev;
@@
  virtgpu_freeze(...)
  {
  <...
+ 	virtio_gpu_uma_stop(vgdev);
  	if (vgdev->hibernated)
  		virtio_gpu_object_unref_all(vgdev);
  ...>
  }

@@
identifier vgdev;
@@
  virtgpu_freeze(...)
  {
  ...
  struct virtio_gpu_device *vgdev = ...;
  int error;
  <...
+ 	error = virtio_gpu_uma_drain(vgdev);
+ 	if (error)
+ 		goto err_resume;
  	virtio_reset_device(...);
+ 	virtio_gpu_uma_flush(vgdev);
+ 	virtio_gpu_uma_forget(vgdev);
  ...>
  }

@@
identifier f = {virtgpu_freeze, virtgpu_restore};
expression vgdev;
@@
  f(...)
  {
  <...
+ 	virtio_gpu_uma_start(vgdev);
  	virtgpu_hibernation_restore(vgdev);
  ...>
  }
