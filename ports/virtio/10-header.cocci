// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_drv.h
// Place: the includes, the structures, prototypes
// Our part of the buffer, the device and the state of a plane is in virtgpu_uma.h. What goes
// to and fro with a transfer is part of its command.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include "virtgpu_uma.h"

@@
@@
  struct virtio_gpu_object {
- 	struct drm_gem_shmem_object base;
+ 	struct gem_uma_object base;
+ 	struct virtio_gpu_uma_bo uma;
  	...
  };

@@
@@
  struct virtio_gpu_vbuffer {
  	...
- 	bool sync_for_cpu;
+ 	struct gem_uma_transfer *transfer;
  };

@@
@@
  struct virtio_gpu_plane_state {
  	struct drm_plane_state base;
+ 	struct virtio_gpu_uma_plane uma;
  	...
  };

@@
@@
  struct virtio_gpu_device {
  	struct drm_device *ddev;
+ 	struct virtio_gpu_uma uma;
  	...
  };

@@
type T;
@@
- T virtio_gpu_create_object(...);

@@
parameter list[n] ps;
type T;
@@
  T virtio_gpu_cmd_transfer_from_host_3d(ps
+ 	, struct gem_uma_transfer *transfer
  	);

@@
@@
- void
+ int
  virtio_gpu_object_attach(...);
