// SPDX-License-Identifier: GPL-2.0
#include "common.h"

static struct drm_mode_create_dumb create(int fd, uint32_t width, uint32_t height, uint32_t bpp)
{
	struct drm_mode_create_dumb args = { .width = width, .height = height, .bpp = bpp };

	KT_OK(vuma_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &args));
	return args;
}

static void sizes(void)
{
	static const uint32_t cases[][3] = {
		{ 1, 1, 8 }, { 1, 1, 32 }, { 640, 480, 32 }, { 641, 481, 32 }, { 1366, 768, 16 },
		{ 100, 100, 24 }, { 3840, 2160, 32 },
	};
	int fd = dev_open_primary(0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_mode_create_dumb d = create(fd, cases[i][0], cases[i][1], cases[i][2]);
		struct vuma_bo bo = { .fd = fd, .handle = d.handle };

		KT_NE(d.handle, 0);
		KT_GE(d.pitch, (cases[i][0] * cases[i][2] + 7) / 8);
		KT_EQ(d.pitch % 8, 0);
		KT_GE(d.size, (uint64_t)d.pitch * cases[i][1]);
		KT_LT(d.size, (uint64_t)d.pitch * cases[i][1] + PAGE);
		KT_EQ(d.size % PAGE, 0);
		KT_EQ(bo_query(&bo).size, d.size);
		KT_EQ(bo_query(&bo).resident, 0);
	}
}

static void map_and_use(void)
{
	int fd = dev_open_primary(0);
	struct drm_mode_create_dumb d = create(fd, 256, 64, 32);
	struct drm_mode_map_dumb map = { .handle = d.handle };
	struct drm_mode_destroy_dumb destroy = { .handle = d.handle };
	struct drm_vuma_bo_query q;
	void *ptr;

	KT_OK(vuma_ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map));
	ptr = KT_MAPPED(mmap(NULL, d.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, map.offset));
	verify_pattern(ptr, d.size, 0, 0);
	vuma_pattern_fill(ptr, d.size, 1, 1);
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy));
	KT_RET(vuma_bo_query(fd, d.handle, &q), -ENOENT);
	verify_pattern(ptr, d.size, 1, 1);
}

static void gpu_use(void)
{
	int fd = dev_open_primary(0);
	struct drm_mode_create_dumb d = create(fd, 256, 64, 32);
	struct vuma_bo bo = { .fd = fd, .handle = d.handle, .size = d.size };
	struct vuma_vm vm = vm_new(fd);

	run_cmd(&vm, vuma_cmd_fill(vm_map_bo(&vm, &bo), d.size, 5, 7));
	KT_OK(vuma_bo_map(&bo));
	verify_pattern(bo.map, bo.size, 5, 7);
}

static void bad(void)
{
	static const uint32_t cases[][3] = {
		{ 0, 1, 32 }, { 1, 0, 32 }, { 1, 1, 0 }, { UINT32_MAX, UINT32_MAX, 32 },
		{ UINT32_MAX, 1, UINT32_MAX }, { 1u << 31, 1u << 31, 8 },
	};
	int fd = dev_open_primary(0);
	struct vuma_bo bo = bo_new(fd, PAGE, 0);
	uint32_t next = bo.handle;
	size_t i;

	KT_OK(vuma_bo_fini(&bo));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_mode_create_dumb args = {
			.width = cases[i][0], .height = cases[i][1], .bpp = cases[i][2],
		};

		KT_RET(vuma_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &args), -EINVAL);
	}
	KT_EQ(bo_new(fd, PAGE, 0).handle, next);
}

static void not_on_render(void)
{
	struct drm_mode_create_dumb args = { .width = 8, .height = 8, .bpp = 32 };

	KT_RET(vuma_ioctl(dev_open(0), DRM_IOCTL_MODE_CREATE_DUMB, &args), -EACCES);
}

static void map_unknown(void)
{
	struct drm_mode_map_dumb map = { .handle = 99 };

	KT_RET(vuma_ioctl(dev_open_primary(0), DRM_IOCTL_MODE_MAP_DUMB, &map), -ENOENT);
}

/* uma-B7: the generic ioctl is one more way to an offset. */
static void map_no_mmap(void)
{
	int fd = dev_open_primary(0);
	struct vuma_bo bo = bo_new(fd, PAGE, DRM_VUMA_BO_NO_MMAP);
	struct drm_mode_map_dumb map = { .handle = bo.handle };

	if (!vuma_ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map))
		KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, map.offset), EPERM);
}

static const struct ktap_test tests[] = {
	{ .name = "dumb_pitch_and_size_hold_the_picture", .run = sizes },
	{ .name = "dumb_map_shows_zero_and_survives_destroy", .run = map_and_use },
	{ .name = "dumb_is_a_buffer_like_any_other", .run = gpu_use },
	{ .name = "dumb_bad_geometry_is_EINVAL_and_leaks_no_handle", .run = bad },
	{ .name = "dumb_is_not_for_render_nodes", .run = not_on_render },
	{ .name = "dumb_map_of_unknown_handle_is_ENOENT", .run = map_unknown },
	{ .name = "dumb_map_does_not_open_NO_MMAP_uma-B7", .run = map_no_mmap },
};

TEST_PROGRAM(tests, NULL);
