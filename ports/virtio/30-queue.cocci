// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_vq.c
// Place: the transfers, free_vbuf(), virtio_gpu_dequeue_ctrl_func(), what queues commands
// Who queues a transfer to the host has done what comes before it; with one from the host
// goes the list of what comes behind it. A command that cannot be queued keeps no buffer, and
// nobody waits for it. virtio_gpu_notify() uses no queue that is gone.
@@
identifier f = {virtio_gpu_panic_cmd_transfer_to_host_2d, virtio_gpu_cmd_transfer_to_host_2d,
	virtio_gpu_cmd_transfer_to_host_3d};
identifier use;
expression bo;
@@
  f(...)
  {
  ...
- 	bool use = virtio_gpu_use_dma_api(...);
- 	if (virtio_gpu_is_shmem(bo) && use)
- 		dma_sync_sgtable_for_device(...);
  ...
  }

@@
parameter list[n] ps;
identifier use, vbuf, bo;
@@
  virtio_gpu_cmd_transfer_from_host_3d(ps
+ 	, struct gem_uma_transfer *transfer
  	)
  {
  ...
- 	bool use = virtio_gpu_use_dma_api(...);
  ...
- 	if (virtio_gpu_is_shmem(bo) && use)
+ 	if (transfer)
  	{
- 		dma_sync_sgtable_for_device(...);
- 		vbuf->sync_for_cpu = true;
+ 		gem_uma_transfer_to_device(transfer);
+ 		vbuf->transfer = transfer;
  		...
  	}
  ...
  }

@@
identifier vbuf;
@@
  free_vbuf(..., struct virtio_gpu_vbuffer *vbuf)
  {
  ...
+ 	gem_uma_transfer_destroy(vbuf->transfer);
  	kvfree(vbuf->data_buf);
  ...
  }

@@
expression entry;
@@
  virtio_gpu_dequeue_ctrl_func(...)
  {
  <...
- 	if (entry->sync_for_cpu)
+ 	if (entry->transfer)
  	{
  		...
- 		dma_sync_sgtable_for_cpu(...);
+ 		virtio_gpu_uma_answered(entry);
  		...
  	}
  ...>
  }

@@
identifier vgdev, vbuf, fence;
@@
  virtio_gpu_queue_ctrl_sgs(struct virtio_gpu_device *vgdev, struct virtio_gpu_vbuffer *vbuf,
  			    struct virtio_gpu_fence *fence, ...)
  {
  <...
+ 	virtio_gpu_uma_drop(vgdev, vbuf, fence, -ENODEV);
  	free_vbuf(vgdev, vbuf);
  ...>
  }

@@
identifier vgdev, vbuf, fence;
@@
  virtio_gpu_queue_fenced_ctrl_buffer(struct virtio_gpu_device *vgdev,
  				      struct virtio_gpu_vbuffer *vbuf,
  				      struct virtio_gpu_fence *fence)
  {
  <...
+ 	virtio_gpu_uma_drop(vgdev, vbuf, fence, -ENOMEM);
+ 	free_vbuf(vgdev, vbuf);
  	return -ENOMEM;
  ...>
  }

@@
expression list args;
@@
- static void
+ static int
  virtio_gpu_cmd_resource_attach_backing(...)
  {
  ...
- 	virtio_gpu_queue_fenced_ctrl_buffer(args);
+ 	return virtio_gpu_queue_fenced_ctrl_buffer(args);
  }

@@
identifier bo;
expression list args;
@@
- void
+ int
  virtio_gpu_object_attach(..., struct virtio_gpu_object *bo, ...)
  {
+ 	int ret;
+
  	if (bo->attached)
- 		return;
+ 		return 0;
- 	virtio_gpu_cmd_resource_attach_backing(args);
+ 	ret = virtio_gpu_cmd_resource_attach_backing(args);
- 	bo->attached = true;
+ 	bo->attached = !ret;
+ 	return ret;
  }

// Also when it is unbound: somebody may be waiting for the answer. Not when the queue goes.
@@
identifier vgdev, notify;
@@
  virtio_gpu_notify(struct virtio_gpu_device *vgdev)
  {
- 	bool notify;
  	...
  	spin_lock(&vgdev->ctrlq.qlock);
- 	atomic_set(&vgdev->pending_commands, 0);
- 	notify = virtqueue_kick_prepare(vgdev->ctrlq.vq);
+ 	if (!vgdev->uma.gone) {
+ 		atomic_set(&vgdev->pending_commands, 0);
+ 		virtqueue_kick(vgdev->ctrlq.vq);
+ 	}
  	spin_unlock(&vgdev->ctrlq.qlock);
- 	if (notify)
- 		virtqueue_notify(vgdev->ctrlq.vq);
  }
