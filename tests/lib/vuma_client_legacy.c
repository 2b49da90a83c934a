// SPDX-License-Identifier: GPL-2.0
/* The client's part that is about implicit addresses. */
#include "vuma_client.h"

struct drm_vuma_legacy_bo vuma_legacy_bo(uint32_t handle, uint32_t flags)
{
	return (struct drm_vuma_legacy_bo){ .handle = handle, .flags = flags };
}

int vuma_submit_legacy(int fd, struct drm_vuma_legacy_bo *bos, uint32_t bo_count,
		       const struct drm_vuma_cmd *cmds, uint32_t cmd_count, uint32_t in,
		       uint32_t out)
{
	struct drm_vuma_sync in_sync = { .handle = in }, out_sync = { .handle = out };
	struct drm_vuma_submit_legacy args = {
		.bo_count = bo_count, .bos = (uintptr_t)bos, .cmds = (uintptr_t)cmds,
		.in_syncs = in ? (uintptr_t)&in_sync : 0,
		.out_syncs = out ? (uintptr_t)&out_sync : 0, .cmd_count = cmd_count,
		.in_sync_count = in ? 1 : 0, .out_sync_count = out ? 1 : 0,
	};

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args);
}

int vuma_run_legacy(int fd, struct drm_vuma_legacy_bo *bos, uint32_t bo_count,
		    const struct drm_vuma_cmd *cmds, uint32_t cmd_count, int64_t timeout_ns,
		    int *status)
{
	uint32_t syncobj;
	int ret;

	ret = vuma_syncobj_create(fd, false, &syncobj);
	if (ret)
		return ret;
	ret = vuma_submit_legacy(fd, bos, bo_count, cmds, cmd_count, 0, syncobj);
	if (!ret)
		ret = vuma_job_wait(fd, syncobj, timeout_ns, status);
	vuma_syncobj_destroy(fd, syncobj);
	return ret;
}

int vuma_scanout_pin(int fd, uint32_t handle)
{
	struct drm_vuma_scanout args = { .handle = handle };

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_SCANOUT_PIN, &args);
}

int vuma_scanout_unpin(int fd, uint32_t handle)
{
	struct drm_vuma_scanout args = { .handle = handle };

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_SCANOUT_UNPIN, &args);
}
