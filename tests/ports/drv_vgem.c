// SPDX-License-Identifier: GPL-2.0
#include <xf86drm.h>

#include "port.h"

static int vgem_create(struct port_bo *bo)
{
	struct drm_mode_create_dumb args = {
		.width = PAGE / 4, .height = bo->size / PAGE, .bpp = 32,
	};
	int ret = port_ioctl(bo->fd, DRM_IOCTL_MODE_CREATE_DUMB, &args);

	if (ret)
		return ret;
	KT_EQ(args.size, bo->size);
	bo->handle = args.handle;
	return 0;
}

static int vgem_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_mode_map_dumb args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_MODE_MAP_DUMB, &args);

	*offset = args.offset;
	return ret;
}

const struct port_driver port_vgem = {
	.name = "vgem",
	.primary = true,
	.no_unbind = "vgem cannot be unbound, and its module stays while files are open",
	.create = vgem_create,
	.mmap_offset = vgem_mmap_offset,
};
