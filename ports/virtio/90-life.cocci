// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_kms.c
// Place: virtio_gpu_init(), virtio_gpu_deinit(), virtio_gpu_release()
// What the device answers until its reset is received before the queues go. Buffers of open
// files are freed later, and are in the list until then.
@@
identifier vgdev;
@@
  virtio_gpu_init(...)
  {
  ...
  	mutex_init(&vgdev->obj_restore_lock);
+ 	ret = virtio_gpu_uma_init(vgdev);
+ 	if (ret)
+ 		goto err_vqs;
  ...
  }

@@
identifier vgdev;
@@
  virtio_gpu_deinit(...)
  {
  ...
  	virtio_reset_device(...);
+ 	virtio_gpu_uma_flush(vgdev);
  	virtio_gpu_reclaim_vbufs(vgdev);
+ 	virtio_gpu_uma_fini(vgdev);
  ...
- 	mutex_destroy(&vgdev->obj_restore_lock);
  }

@@
identifier vgdev;
@@
  virtio_gpu_release(...)
  {
  ...
  	virtio_gpu_cleanup_cap_cache(vgdev);
+ 	mutex_destroy(&vgdev->obj_restore_lock);
  ...
  }
