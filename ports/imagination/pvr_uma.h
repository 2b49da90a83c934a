/* SPDX-License-Identifier: GPL-2.0 */
/* PowerVR's buffers on gem-uma: what the driver's structures embed. */
#ifndef PVR_UMA_H
#define PVR_UMA_H

#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct dma_buf_attachment;
struct drm_gpuvm_bo;
struct gem_uma_object_prime;
struct pvr_device;
struct pvr_gem_object;
struct pvr_uma_pin;
struct vm_area_struct;

/**
 * struct pvr_uma - of the device
 */
struct pvr_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
	/** @prime: how buffers are exported; set at probe. */
	const struct gem_uma_object_prime *prime;
	/** @funcs: of all buffers; set at probe. */
	const struct drm_gem_object_funcs *funcs;
};

int pvr_uma_init(struct pvr_device *pvr_dev);
struct pvr_gem_object *pvr_gem_object_create_for_user(struct pvr_device *pvr_dev, size_t size,
						      u64 flags);
int pvr_uma_get_for_export(struct gem_uma_object *uobj);
int pvr_uma_mmap_offset(struct drm_gem_object *obj, u64 *offset);
int pvr_uma_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
struct drm_gem_object *pvr_gem_prime_import_sg_table(struct drm_device *drm,
						     struct dma_buf_attachment *attach,
						     struct sg_table *sgt);

struct pvr_uma_pin *pvr_uma_pin(struct pvr_gem_object *pvr_obj);
struct pvr_uma_pin *pvr_uma_pin_get(struct pvr_uma_pin *pin);
void pvr_uma_pin_put(struct pvr_uma_pin *pin);
void pvr_uma_put_vm_bo(struct drm_gpuvm_bo *vm_bo);
int pvr_uma_run_locked(struct pvr_gem_object *pvr_obj, u64 offset, u64 size,
		       dma_addr_t *addr, u64 *len);
int pvr_uma_list_pages(struct pvr_gem_object *pvr_obj, u32 *list, u32 nr);

#endif
