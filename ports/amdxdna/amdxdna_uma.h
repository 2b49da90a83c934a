/* SPDX-License-Identifier: GPL-2.0 */
/* amdxdna's buffers on gem-uma: what the driver's structures embed, and what it calls. */
#ifndef _AMDXDNA_UMA_H_
#define _AMDXDNA_UMA_H_

#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct amdxdna_dev;
struct amdxdna_gem_obj;
struct dma_buf_attachment;
struct drm_file;
struct gem_uma_object_prime;
struct iova;
struct sg_table;
struct vm_area_struct;

/**
 * struct amdxdna_uma - of the device
 */
struct amdxdna_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
};

extern const struct drm_gem_object_funcs amdxdna_uma_funcs;
extern const struct gem_uma_object_prime amdxdna_prime;

int amdxdna_uma_init(struct amdxdna_dev *xdna);
struct amdxdna_gem_obj *amdxdna_uma_create(struct drm_device *drm, u64 size);
int amdxdna_uma_pin(struct amdxdna_gem_obj *abo);
void amdxdna_uma_unpin(struct amdxdna_gem_obj *abo);
int amdxdna_uma_mmap(struct amdxdna_gem_obj *abo, struct vm_area_struct *vma);
int amdxdna_uma_flush(struct amdxdna_gem_obj *abo, u64 offset, u64 size);
struct drm_gem_object *amdxdna_prime_import_sg_table(struct drm_device *drm,
						     struct dma_buf_attachment *attach,
						     struct sg_table *sgt);

/* amdxdna_prime.c */
struct dma_buf *amdxdna_prime_export(struct drm_gem_object *obj, int flags);
int amdxdna_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle,
			       u32 flags, int *fd);

/* The driver's own, which these files call. */
struct amdxdna_gem_obj *amdxdna_gem_create_obj(struct drm_device *dev, size_t size);
void amdxdna_gem_destroy_obj(struct amdxdna_gem_obj *abo);
void amdxdna_gem_obj_free(struct drm_gem_object *obj);
int amdxdna_gem_obj_open(struct drm_gem_object *obj, struct drm_file *file);
void amdxdna_gem_obj_close(struct drm_gem_object *obj, struct drm_file *file);
int amdxdna_gem_obj_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
struct iova *amdxdna_iommu_alloc_iova(struct amdxdna_dev *xdna, size_t size,
				      dma_addr_t *dma_addr, bool size_aligned);

#endif
