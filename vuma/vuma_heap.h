/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Heaps: address space of a VM that gets memory when a job accesses it.
 */
#ifndef _VUMA_HEAP_H_
#define _VUMA_HEAP_H_

#include <linux/bits.h>
#include <linux/types.h>

#include <drm/vuma_drm.h>

#include "vuma_mmu.h"

struct dentry;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct gem_uma_device;
struct vuma_device;
struct vuma_heaps;
struct vuma_job;
struct vuma_vm;

/* The half of the address space that user space does not manage: a window for each heap. */
#define VUMA_HEAP_START		VUMA_VA_END
#define VUMA_HEAP_WINDOW	BIT_ULL(41)
#define VUMA_HEAP_END		(VUMA_HEAP_START + VUMA_MAX_HEAPS * VUMA_HEAP_WINDOW)
#define VUMA_MAX_HEAPS		16u
/* The rest of a window is never mapped. */
#define VUMA_HEAP_MAX_SIZE	BIT_ULL(40)

static inline bool vuma_heap_range_valid(u64 va, u64 range)
{
	return va >= VUMA_HEAP_START && va < VUMA_HEAP_END && range &&
	       range <= VUMA_HEAP_END - va;
}

int vuma_heap_device_init(struct vuma_device *vdev, struct gem_uma_device *udev);
void vuma_heap_device_unplug(struct vuma_device *vdev);
void vuma_heap_debugfs_init(struct vuma_device *vdev, struct dentry *root);

int vuma_heaps_prepare(struct vuma_job *job);
void vuma_heaps_queued(struct vuma_heaps *heaps);
void vuma_heaps_done(struct vuma_job *job);
void vuma_heaps_fini(struct vuma_vm *vm);
enum drm_vuma_fault vuma_heap_fault(struct vuma_vm *vm, u64 va, bool *render);

/* What a BO may turn out to be; the rest is for those only. */
bool vuma_heap_is(const struct drm_gem_object *obj);
int vuma_heap_mmap_offset(struct drm_gem_object *obj, u64 *offset);
void vuma_heap_query(struct drm_gem_object *obj, struct drm_vuma_bo_query *query);
int vuma_heap_madvise(struct drm_gem_object *obj, struct drm_vuma_bo_madvise *args);

int vuma_ioctl_heap_create(struct drm_device *drm, void *data, struct drm_file *file);
int vuma_ioctl_heap_destroy(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _VUMA_HEAP_H_ */
