// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_ioctl.c
// Place: the ioctls that transfer
// What reclaim took comes back first, and stays until the host has done it.
@@
identifier f = {virtio_gpu_transfer_from_host_ioctl, virtio_gpu_transfer_to_host_ioctl};
expression objs;
@@
  f(...)
  {
  <...
- 	virtio_gpu_array_lock_resv(objs)
+ 	virtio_gpu_uma_lock_resv(objs)
  ...>
  }

@@
expression vgdev, offset, w, h, x, y, objs;
@@
- virtio_gpu_cmd_transfer_to_host_2d(vgdev, offset, w, h, x, y, objs, NULL);
+ ret = virtio_gpu_uma_transfer_2d(vgdev, offset, w, h, x, y, objs);

@@
@@
  ret = virtio_gpu_uma_transfer_2d(...);
+ if (ret)
+ 	goto err_put_free;

@@
identifier bo;
@@
  virtio_gpu_transfer_to_host_ioctl(...)
  {
  ...
  struct virtio_gpu_object *bo;
  <...
+ 	ret = virtio_gpu_uma_clean_locked(bo);
+ 	if (ret)
+ 		goto err_unlock;
  	ret = -ENOMEM;
  ...>
  }

@@
identifier bo, fence;
expression list args;
@@
  virtio_gpu_transfer_from_host_ioctl(...)
  {
  ...
  struct virtio_gpu_object *bo;
+ struct gem_uma_transfer *transfer;
  ...
  struct virtio_gpu_fence *fence;
  ...
+ 	transfer = virtio_gpu_uma_transfer_locked(bo);
+ 	if (IS_ERR(transfer)) {
+ 		dma_fence_put(&fence->f);
+ 		ret = PTR_ERR(transfer);
+ 		goto err_unlock;
+ 	}
  	virtio_gpu_cmd_transfer_from_host_3d(args
+ 		, transfer
  		);
  ...
  }
