// SPDX-License-Identifier: GPL-2.0
// File: virtgpu_submit.c
// Place: virtio_gpu_lock_buflist()
@@
expression objs;
@@
- virtio_gpu_array_lock_resv(objs)
+ virtio_gpu_uma_lock_resv(objs)
