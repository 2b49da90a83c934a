/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The display of a device, for those who ask for one when they load the module.
 */
#ifndef _VUMA_KMS_H_
#define _VUMA_KMS_H_

struct vuma_device;

#if IS_ENABLED(CONFIG_DRM_VUMA_KMS)
void vuma_kms_module_init(void);
int vuma_kms_init(struct vuma_device *vdev);
void vuma_kms_registered(struct vuma_device *vdev);
void vuma_kms_unplug(struct vuma_device *vdev);
#else
static inline void vuma_kms_module_init(void) {}

static inline int vuma_kms_init(struct vuma_device *vdev)
{
	return 0;
}

static inline void vuma_kms_registered(struct vuma_device *vdev) {}
static inline void vuma_kms_unplug(struct vuma_device *vdev) {}
#endif

#endif /* _VUMA_KMS_H_ */
