// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include <drm/v3d_drm.h>
#include <xf86drm.h>

#include "port.h"
#include "vuma_client.h"

static int v3d_create(struct port_bo *bo)
{
	struct drm_v3d_create_bo args = { .size = bo->size };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_V3D_CREATE_BO, &args);

	bo->handle = args.handle;
	bo->va = args.offset;
	return ret;
}

static int v3d_look_up(struct port_bo *bo)
{
	struct drm_v3d_get_bo_offset args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_V3D_GET_BO_OFFSET, &args);

	bo->va = args.offset;
	return ret;
}

static int v3d_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_v3d_mmap_bo args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_V3D_MMAP_BO, &args);

	*offset = args.offset;
	return ret;
}

static int v3d_wait(const struct port_bo *bo)
{
	struct drm_v3d_wait_bo args = { .handle = bo->handle, .timeout_ns = 100000000000ull };

	return port_ioctl(bo->fd, DRM_IOCTL_V3D_WAIT_BO, &args);
}

static void handles_of(const struct port_job *job, uint32_t *handles)
{
	unsigned int i;

	for (i = 0; i < job->nr_bos; i++)
		handles[i] = job->bos[i]->handle;
}

/* The binner has the commands, or the renderer, which then has the job for itself. */
static int submit_cl(int fd, const struct port_job *job, bool binner)
{
	uint32_t start = job->commands->va;
	uint32_t end = start + job->nr_commands * sizeof(struct engine_cmd);
	uint32_t handles[64];
	struct drm_v3d_submit_cl args = {
		.bcl_start = start, .bcl_end = binner ? end : start,
		.rcl_start = start, .rcl_end = binner ? start : end,
		.bo_handles = (uintptr_t)handles, .bo_handle_count = job->nr_bos,
	};

	handles_of(job, handles);
	return port_ioctl(fd, DRM_IOCTL_V3D_SUBMIT_CL, &args);
}

static int submit_bin(int fd, const struct port_job *job)
{
	return submit_cl(fd, job, true);
}

static int submit_render(int fd, const struct port_job *job)
{
	return submit_cl(fd, job, false);
}

static struct drm_v3d_submit_csd csd_of(const struct port_job *job, uint32_t *handles)
{
	handles_of(job, handles);
	return (struct drm_v3d_submit_csd) {
		.cfg = { 1 << 16, 1 << 16, 1 << 16, 0, 0, job->commands->va,
			 job->commands->va + job->nr_commands * sizeof(struct engine_cmd) },
		.bo_handles = (uintptr_t)handles, .bo_handle_count = job->nr_bos,
	};
}

static int submit_compute(int fd, const struct port_job *job)
{
	uint32_t handles[64];
	struct drm_v3d_submit_csd args = csd_of(job, handles);

	return port_ioctl(fd, DRM_IOCTL_V3D_SUBMIT_CSD, &args);
}

static const struct port_queue v3d_queues[] = {
	{ "binner", submit_bin },
	{ "renderer", submit_render },
	{ "compute", submit_compute },
};

/* The texture unit copies. */
static void texture_unit(int fd)
{
	struct port_bo from = bo_new_mapped(fd, 4 * PAGE), to = bo_new_mapped(fd, 4 * PAGE);
	struct drm_v3d_submit_tfu args = {
		.iia = from.va, .ioa = to.va, .iis = WORDS(from.size),
		.bo_handles = { to.handle, from.handle },
	};

	fill(from.map, from.size, 11);
	KT_OK(port_ioctl(fd, DRM_IOCTL_V3D_SUBMIT_TFU, &args));
	KT_OK(v3d_wait(&to));
	verify(to.map, to.size, 11);
	verify_engine();
}

/* The binner runs out of memory, and goes on with what the driver gives it. */
static void overflow(int fd)
{
	struct port_bo out = bo_new_mapped(fd, 32 * PAGE);
	const struct port_bo *bos[] = { &out };
	struct engine_cmd cmd = cmd_fill(&out, 77);

	cmd.op = ENGINE_OVERFLOW;
	run(&cmd, 1, bos, 1);
	verify(out.map, out.size, 77);
}

static void timestamps(int fd, struct port_bo *bo)
{
	uint32_t offsets[2] = { 8, 64 }, syncs[2];
	struct drm_v3d_timestamp_query ext = {
		.base = { .id = DRM_V3D_EXT_ID_CPU_TIMESTAMP_QUERY },
		.offsets = (uintptr_t)offsets, .syncs = (uintptr_t)syncs, .count = 2,
	};
	struct drm_v3d_submit_cpu args = {
		.bo_handles = (uintptr_t)&bo->handle, .bo_handle_count = 1,
		.flags = DRM_V3D_SUBMIT_EXTENSION, .extensions = (uintptr_t)&ext,
	};

	KT_OK(vuma_syncobj_create(fd, false, &syncs[0]));
	KT_OK(vuma_syncobj_create(fd, false, &syncs[1]));
	fill(bo->map, bo->size, 1);
	KT_OK(port_ioctl(fd, DRM_IOCTL_V3D_SUBMIT_CPU, &args));
	KT_OK(v3d_wait(bo));
	KT_NE(*(volatile uint64_t *)&bo->map[2], 1 + 2 + (4ull << 32));
	KT_EQ(*(volatile uint64_t *)&bo->map[16], 0);
	KT_EQ(bo->map[4], 5);
	offsets[0] = bo->size - 4;
	KT_RET(port_ioctl(fd, DRM_IOCTL_V3D_SUBMIT_CPU, &args), -EINVAL);
}

/* How many workgroups there are, the CPU job reads from a buffer. */
static void indirect(int fd)
{
	struct port_bo counts = bo_new_mapped(fd, PAGE), uniforms = bo_new_mapped(fd, PAGE);
	struct port_bo commands = bo_new_mapped(fd, PAGE), out = bo_new_mapped(fd, PAGE);
	const struct port_bo *bos[] = { &uniforms, &out, &commands };
	struct port_job job = {
		.commands = &commands, .nr_commands = 1, .bos = bos, .nr_bos = ARRAY_SIZE(bos),
	};
	uint32_t handles[64];
	struct drm_v3d_indirect_csd ext = {
		.base = { .id = DRM_V3D_EXT_ID_CPU_INDIRECT_CSD },
		.submit = csd_of(&job, handles), .indirect = uniforms.handle, .offset = 16,
		.wg_size = 16, .wg_uniform_offsets = { 3, 4, 0xffffffff },
	};
	struct drm_v3d_submit_cpu args = {
		.bo_handles = (uintptr_t)&counts.handle, .bo_handle_count = 1,
		.flags = DRM_V3D_SUBMIT_EXTENSION, .extensions = (uintptr_t)&ext,
	};

	*(struct engine_cmd *)commands.map = (struct engine_cmd) { ENGINE_GROUPS, out.va, 0, 1 };
	memcpy((char *)counts.map + 16, (uint32_t[]) { 5, 7, 3 }, 12);
	KT_OK(port_ioctl(fd, DRM_IOCTL_V3D_SUBMIT_CPU, &args));
	KT_OK(v3d_wait(&out));
	KT_EQ(((volatile uint32_t *)uniforms.map)[3], 5);
	KT_EQ(((volatile uint32_t *)uniforms.map)[4], 7);
	KT_EQ(((volatile uint32_t *)out.map)[0], 5 * 7 * 3);
	verify_engine();
}

static void v3d_special(void)
{
	int fd = port_open();
	struct port_bo bo = bo_new_mapped(fd, PAGE);
	unsigned int i;

	texture_unit(fd);
	overflow(fd);
	for (i = 0; i < 20; i++)
		timestamps(fd, &bo);
	indirect(fd);
}

const struct port_driver port_v3d = {
	.name = "v3d",
	.no_unbind = "v3d frees its scheduler under files that are open",
	.create = v3d_create,
	.look_up = v3d_look_up,
	.mmap_offset = v3d_mmap_offset,
	.queues = v3d_queues,
	.nr_queues = ARRAY_SIZE(v3d_queues),
	.wait = v3d_wait,
	.special = v3d_special,
};
