/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The buffer object as the rest of vuma sees it.
 *
 * One backend is linked into each module: vuma_bo_uma.c (gem_uma) into vuma.ko,
 * bench/peers/vuma_bo_shmem.c (drm_gem_shmem_helper) into vuma_shmem.ko. All other
 * sources are the same in both, so a difference between the two modules is a
 * difference between the two memory managers.
 */
#ifndef _VUMA_BO_H_
#define _VUMA_BO_H_

#include <linux/dma-direction.h>
#include <linux/types.h>

struct dma_buf_attachment;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct drm_printer;
struct drm_vuma_bo_madvise;
struct drm_vuma_bo_query;
struct gem_uma_client;
struct gem_uma_vm;
struct gem_uma_vm_users;
struct list_head;
struct sg_table;
struct vuma_bo_client;
struct vuma_bo_device;
struct vuma_device;
struct vuma_file;

/* Name and features of the module this backend makes. */
extern const char vuma_bo_driver_name[];
extern const char vuma_bo_driver_desc[];
extern const u64 vuma_bo_features;

int vuma_bo_device_init(struct vuma_device *vdev);
void vuma_bo_device_unplug(struct vuma_device *vdev);
bool vuma_bo_device_is_coherent(struct vuma_device *vdev);
bool vuma_bo_device_transfers(struct vuma_device *vdev);
void vuma_bo_module_init(void);

int vuma_bo_client_init(struct vuma_device *vdev, struct drm_file *file);
void vuma_bo_client_fini(struct vuma_file *vfile);
struct gem_uma_client *vuma_bo_client_of(struct drm_file *file);
void vuma_bo_show_fdinfo(struct drm_printer *p, struct drm_file *file);
void vuma_bo_debugfs_init(struct vuma_device *vdev);

struct drm_gem_object *vuma_bo_create(struct vuma_file *vfile, u64 size, u32 flags,
				      struct drm_gem_object *r_obj);
struct drm_gem_object *vuma_bo_create_userptr(struct vuma_device *vdev, u64 addr, u64 size,
					      u32 flags);
bool vuma_bo_is_readonly(struct drm_gem_object *obj);
int vuma_bo_take_offset(struct vuma_file *vfile, struct drm_gem_object *obj, bool *taken,
			int (*make)(struct drm_gem_object *obj));
bool vuma_bo_is_watched(struct drm_gem_object *obj);
int vuma_bo_refresh_locked(struct gem_uma_vm *vm);
struct drm_gem_object *vuma_bo_missing_locked(struct gem_uma_vm *vm);
int vuma_bo_look_up(struct drm_gem_object *obj);
bool vuma_bo_publish_begin_locked(struct gem_uma_vm *vm, bool *locked);
void vuma_bo_publish_end(bool locked);
int vuma_bo_mmap_offset(struct drm_gem_object *obj, u64 *offset);
int vuma_bo_set_label(struct drm_gem_object *obj, const char *label, size_t len);
void vuma_bo_query(struct drm_gem_object *obj, struct drm_vuma_bo_query *query);
int vuma_bo_madvise(struct drm_gem_object *obj, struct drm_vuma_bo_madvise *args);
bool vuma_bo_is_purged(struct drm_gem_object *obj);
int vuma_bo_sync(struct drm_gem_object *obj, u64 offset, u64 size, bool invalidate);

int vuma_bo_populate_locked(struct drm_gem_object *obj, u64 offset, u64 size,
			    enum dma_data_direction dir)
	__must_hold(obj->resv);
void vuma_bo_prefetch(struct drm_gem_object *obj, u64 offset, u64 size);
bool vuma_bo_is_resident_locked(struct drm_gem_object *obj, u64 offset, u64 size,
				enum dma_data_direction dir)
	__must_hold(obj->resv);
int vuma_bo_extent_locked(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr,
			  u64 *len)
	__must_hold(obj->resv);
int vuma_bo_add_transfer_locked(struct drm_gem_object *obj, struct list_head *transfers)
	__must_hold(obj->resv);
void vuma_bo_transfers_run(struct list_head *transfers, bool to_device);
void vuma_bo_transfers_free(struct list_head *transfers);
void vuma_bo_mapping_changed_locked(struct drm_gem_object *obj)
	__must_hold(obj->resv);
void vuma_bo_mark_used(struct drm_gem_object *obj, u64 now);
struct gem_uma_vm_users *vuma_bo_users(struct drm_gem_object *obj);
int vuma_bo_show_locked(struct drm_gem_object *obj)
	__must_hold(obj->resv);
void vuma_bo_hide_locked(struct drm_gem_object *obj)
	__must_hold(obj->resv);

struct drm_gem_object *vuma_bo_import_sg_table(struct drm_device *drm,
					       struct dma_buf_attachment *attach,
					       struct sg_table *sgt);
unsigned long vuma_bo_get_unmapped_area(struct file *filp, unsigned long addr,
					unsigned long len, unsigned long pgoff,
					unsigned long flags);

#endif /* _VUMA_BO_H_ */
