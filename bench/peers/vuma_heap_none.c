// SPDX-License-Identifier: GPL-2.0
/*
 * No heaps: there is nothing in drm_gem_shmem_helper that they could be made of.
 */
#include <linux/errno.h>

#include "../../vuma/vuma_heap.h"

void vuma_heap_debugfs_init(struct vuma_device *vdev, struct dentry *root)
{
}

int vuma_heaps_prepare(struct vuma_job *job)
{
	return 0;
}

void vuma_heaps_queued(struct vuma_heaps *heaps)
{
}

void vuma_heaps_done(struct vuma_job *job)
{
}

void vuma_heaps_fini(struct vuma_vm *vm)
{
}

enum drm_vuma_fault vuma_heap_fault(struct vuma_vm *vm, u64 va, bool *render)
{
	return DRM_VUMA_FAULT_UNMAPPED;
}

bool vuma_heap_is(const struct drm_gem_object *obj)
{
	return false;
}

int vuma_ioctl_heap_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	return -EOPNOTSUPP;
}

int vuma_ioctl_heap_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	return -EOPNOTSUPP;
}
