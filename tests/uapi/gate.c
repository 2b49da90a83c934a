// SPDX-License-Identifier: GPL-2.0
#include <linux/dma-buf.h>
#include <xf86drm.h>

#include "common.h"
#include "gate.h"

/* vgem's uAPI; few systems have its header. */
struct vgem_attach {
	uint32_t handle;
	uint32_t flags;
	uint32_t out_fence;
	uint32_t pad;
};

struct vgem_signal {
	uint32_t fence;
	uint32_t flags;
};

#define VGEM_ATTACH		DRM_IOWR(DRM_COMMAND_BASE + 1, struct vgem_attach)
#define VGEM_SIGNAL		DRM_IOW(DRM_COMMAND_BASE + 2, struct vgem_signal)
#define VGEM_WRITES		1

static int gate_sync_file(int vgem, uint32_t handle)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_RW };
	int dmabuf;

	KT_SYS(drmPrimeHandleToFD(vgem, handle, O_CLOEXEC, &dmabuf));
	KT_SYS(ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export));
	KT_SYS(close(dmabuf));
	return export.fd;
}

struct gate gate_new(int fd, uint32_t syncobj)
{
	struct drm_mode_create_dumb dumb = { .width = 1, .height = 1, .bpp = 32 };
	struct vgem_attach attach = { .flags = VGEM_WRITES };
	struct gate gate;
	int file;

	gate.vgem = vuma_open("vgem", 0, VUMA_NODE_PRIMARY);
	if (gate.vgem < 0)
		KT_SKIP("no vgem device");
	KT_SYS(drmIoctl(gate.vgem, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));
	attach.handle = dumb.handle;
	KT_SYS(drmIoctl(gate.vgem, VGEM_ATTACH, &attach));
	gate.fence = attach.out_fence;
	file = gate_sync_file(gate.vgem, dumb.handle);
	KT_SYS(drmSyncobjImportSyncFile(fd, syncobj, file));
	KT_SYS(close(file));
	return gate;
}

void gate_open(struct gate *gate)
{
	struct vgem_signal opened = { .fence = gate->fence };

	KT_SYS(drmIoctl(gate->vgem, VGEM_SIGNAL, &opened));
	KT_SYS(close(gate->vgem));
}
