/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SUBMIT_LEGACY: jobs that name buffers instead of addresses.
 */
#ifndef _VUMA_LEGACY_H_
#define _VUMA_LEGACY_H_

#include <linux/types.h>

struct dma_fence;
struct drm_device;
struct drm_exec;
struct drm_file;
struct drm_gem_object;
struct gem_uma_vm_implicit;
struct gem_uma_vm_users;
struct vuma_file;
struct vuma_job;
struct vuma_vm;

/**
 * struct vuma_legacy - the buffers of a job, and where they are
 */
struct vuma_legacy {
	/** @vm: where they are; a reference, NULL before they are anywhere. */
	struct vuma_vm *vm;
	/** @user: the caller's array. */
	u64 user;
	/** @trim: unmap what is idle first. */
	bool trim;
	/** @nr: entries of the arrays. */
	u32 nr;
	/** @nr_ims: of @ims that are valid. */
	u32 nr_ims;
	/** @flags: DRM_VUMA_LEGACY_BO_*. */
	u32 *flags;
	/** @objs: buffers, each with a reference; NULL at the end of those found. */
	struct drm_gem_object **objs;
	/** @users: the same, as the library knows them. */
	struct gem_uma_vm_users **users;
	/** @ims: their addresses. */
	struct gem_uma_vm_implicit **ims;
};

struct vuma_vm *vuma_legacy_vm_lookup(struct vuma_file *vfile);
void vuma_legacy_free(struct vuma_legacy *legacy);
bool vuma_legacy_valid(const struct vuma_legacy *legacy, u64 addr, u64 size, bool write);
int vuma_legacy_begin(struct vuma_legacy *legacy, struct vuma_file *vfile);
void vuma_legacy_relocate(struct vuma_legacy *legacy, struct vuma_job *job);
int vuma_legacy_lock(struct vuma_legacy *legacy, struct drm_exec *exec);
int vuma_legacy_validate_locked(struct vuma_legacy *legacy, struct drm_exec *exec,
				struct vuma_job *job, struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&legacy->vm->base.base));
void vuma_legacy_add_fence_locked(struct vuma_legacy *legacy, struct dma_fence *fence)
	__must_hold(drm_gpuvm_resv(&legacy->vm->base.base));

int vuma_ioctl_submit_legacy(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _VUMA_LEGACY_H_ */
