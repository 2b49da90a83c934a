// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <unistd.h>

#include <drm/panfrost_drm.h>
#include <xf86drm.h>

#include "drv_panfrost.h"
#include "file.h"
#include "port.h"

#define POWER	"/sys/devices/platform/panfrost/power/"

int panfrost_create_with(struct port_bo *bo, uint32_t flags)
{
	struct drm_panfrost_create_bo args = { .size = bo->size, .flags = flags };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PANFROST_CREATE_BO, &args);

	bo->handle = args.handle;
	bo->va = args.offset;
	return ret;
}

static int panfrost_create(struct port_bo *bo)
{
	return panfrost_create_with(bo, PANFROST_BO_NOEXEC);
}

static int panfrost_look_up(struct port_bo *bo)
{
	struct drm_panfrost_get_bo_offset args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PANFROST_GET_BO_OFFSET, &args);

	bo->va = args.offset;
	return ret;
}

static int panfrost_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_panfrost_mmap_bo args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PANFROST_MMAP_BO, &args);

	*offset = args.offset;
	return ret;
}

static int panfrost_wait(const struct port_bo *bo)
{
	struct drm_panfrost_wait_bo args = {
		.handle = bo->handle, .timeout_ns = INT64_MAX,
	};

	return port_ioctl(bo->fd, DRM_IOCTL_PANFROST_WAIT_BO, &args);
}

int panfrost_submit(int fd, const struct port_job *job, uint32_t requirements, uint32_t sync)
{
	uint32_t handles[64];
	struct drm_panfrost_submit args = {
		.jc = job->commands->va, .bo_handles = (uintptr_t)handles,
		.bo_handle_count = job->nr_bos, .requirements = requirements, .out_sync = sync,
	};
	struct engine_cmd *end = (struct engine_cmd *)job->commands->map + job->nr_commands;
	unsigned int i;

	for (i = 0; i < job->nr_bos; i++)
		handles[i] = job->bos[i]->handle;
	/* Where a chain of jobs ends, its last one says; at the end of a page it is clear. */
	if (job->nr_commands < PAGE / sizeof(*end))
		*end = (struct engine_cmd) { .op = ENGINE_END };
	return port_ioctl(fd, DRM_IOCTL_PANFROST_SUBMIT, &args);
}

static int submit_fragment(int fd, const struct port_job *job)
{
	return panfrost_submit(fd, job, PANFROST_JD_REQ_FS, 0);
}

static int submit_vertex(int fd, const struct port_job *job)
{
	return panfrost_submit(fd, job, 0, 0);
}

static const struct port_queue panfrost_queues[] = {
	{ "fragment", submit_fragment },
	{ "vertex", submit_vertex },
};

void panfrost_sleep(void)
{
	char text[32];

	for (;;) {
		KT_OK(file_read(POWER "runtime_status", text, sizeof(text)));
		if (!strcmp(text, "suspended\n"))
			return;
		usleep(10000);
	}
}

static void panfrost_keep_power(bool on)
{
	KT_OK(file_write(POWER "control", on ? "on" : "auto"));
	if (!on)
		panfrost_sleep();
}

const struct port_driver port_panfrost = {
	.name = "panfrost",
	.no_limit = "creating what is over the limit makes panfrost warn",
	.no_unbind = "panfrost frees its schedulers under files that are open",
	.create = panfrost_create,
	.look_up = panfrost_look_up,
	.mmap_offset = panfrost_mmap_offset,
	.queues = panfrost_queues,
	.nr_queues = ARRAY_SIZE(panfrost_queues),
	.wait = panfrost_wait,
	.fault_ends_job = true,
	.keep_power = panfrost_keep_power,
	.tests = panfrost_tests,
	.nr_tests = PANFROST_TESTS,
};
