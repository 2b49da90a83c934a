/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SUBMIT_LEGACY: jobs that name buffers instead of addresses.
 */
#ifndef _VUMA_IMPLICIT_H_
#define _VUMA_IMPLICIT_H_

struct drm_device;
struct drm_file;
struct vuma_file;
struct vuma_vm;

struct vuma_vm *vuma_implicit_vm_lookup(struct vuma_file *vfile);

int vuma_ioctl_submit_legacy(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* _VUMA_IMPLICIT_H_ */
