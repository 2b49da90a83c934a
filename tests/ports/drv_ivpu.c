// SPDX-License-Identifier: GPL-2.0
/* ivpu: an NPU with a context for each file, whose jobs name all that they use. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/ivpu_accel.h>
#include <xf86drm.h>

#include "file.h"
#include "port.h"

#define DRIVER	"/sys/bus/pci/drivers/intel_vpu"

/* Addresses of the engine's commands have 32 bits, as the low range of a context has. */
static int create(struct port_bo *bo, uint32_t flags)
{
	struct drm_ivpu_bo_create args = { .size = bo->size, .flags = flags };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_IVPU_BO_CREATE, &args);

	bo->handle = args.handle;
	bo->va = args.vpu_addr;
	return ret;
}

static int ivpu_create(struct port_bo *bo)
{
	return create(bo, DRM_IVPU_BO_MAPPABLE);
}

static int info(const struct port_bo *bo, struct drm_ivpu_bo_info *args)
{
	*args = (struct drm_ivpu_bo_info) { .handle = bo->handle };
	return port_ioctl(bo->fd, DRM_IOCTL_IVPU_BO_INFO, args);
}

static int ivpu_look_up(struct port_bo *bo)
{
	struct drm_ivpu_bo_info args;
	int ret = info(bo, &args);

	bo->va = args.vpu_addr;
	return ret;
}

static int ivpu_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_ivpu_bo_info args;
	int ret = info(bo, &args);

	*offset = args.mmap_offset;
	return ret;
}

static int ivpu_wait(const struct port_bo *bo)
{
	struct drm_ivpu_bo_wait args = { .handle = bo->handle, .timeout_ns = INT64_MAX };

	return port_ioctl(bo->fd, DRM_IOCTL_IVPU_BO_WAIT, &args);
}

/* The commands come first, and no buffer twice. */
static int ivpu_submit(int fd, const struct port_job *job)
{
	uint32_t handles[64] = { job->commands->handle };
	struct drm_ivpu_submit args = { .buffers_ptr = (uintptr_t)handles, .buffer_count = 1 };
	unsigned int i;

	for (i = 0; i < job->nr_bos; i++)
		if (job->bos[i]->handle != job->commands->handle)
			handles[args.buffer_count++] = job->bos[i]->handle;
	return port_ioctl(fd, DRM_IOCTL_IVPU_SUBMIT, &args);
}

static void ivpu_bind(bool on)
{
	static char device[256];
	struct dirent *e;
	DIR *dir;

	if (!on) {
		dir = opendir(DRIVER);
		KT_TRUE(dir);
		while ((e = readdir(dir)))
			if (strchr(e->d_name, ':'))
				snprintf(device, sizeof(device), "%s", e->d_name);
		closedir(dir);
	}
	KT_NE(device[0], 0);
	KT_OK(file_write(on ? DRIVER "/bind" : DRIVER "/unbind", device));
}

static const struct port_queue ivpu_queues[] = {
	{ "submit", ivpu_submit },
};

/* Memory of the process: the device writes it, and nobody maps it by its handle. */
static void user_memory(void)
{
	struct port_bo bo = { .fd = port_open(), .size = 16 * PAGE };
	struct drm_ivpu_bo_create_from_userptr args = { .size = bo.size };
	const struct port_bo *bos[] = { &bo };
	struct engine_cmd cmd;
	uint64_t offset;
	uint32_t *mem;

	mem = mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	KT_TRUE(mem != MAP_FAILED);
	args.user_ptr = (uintptr_t)mem;
	KT_OK(port_ioctl(bo.fd, DRM_IOCTL_IVPU_BO_CREATE_FROM_USERPTR, &args));
	bo.handle = args.handle;
	bo.va = args.vpu_addr;
	cmd = cmd_fill(&bo, 77);
	run(&cmd, 1, bos, 1);
	verify(mem, bo.size, 77);
	KT_OK(ivpu_mmap_offset(&bo, &offset));
	if (port_is_ported())
		KT_TRUE(mmap(NULL, bo.size, PROT_READ, MAP_SHARED, bo.fd, offset) == MAP_FAILED);
	bo_close(&bo);
	verify(mem, bo.size, 77);
}

static const struct ktap_test ivpu_tests[] = {
	{ .name = "user_memory", .run = user_memory },
};

const struct port_driver port_ivpu = {
	.name = "ivpu",
	.drm_name = "intel_vpu",
	.accel = true,
	.no_reexport = true,
	.bind = ivpu_bind,
	.create = ivpu_create,
	.look_up = ivpu_look_up,
	.mmap_offset = ivpu_mmap_offset,
	.queues = ivpu_queues,
	.nr_queues = ARRAY_SIZE(ivpu_queues),
	.wait = ivpu_wait,
	.tests = ivpu_tests,
	.nr_tests = ARRAY_SIZE(ivpu_tests),
};
