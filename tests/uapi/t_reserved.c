// SPDX-License-Identifier: GPL-2.0
#include "common.h"

static unsigned long request(unsigned int dir, unsigned int nr, unsigned int size)
{
	return _IOC(dir, DRM_IOCTL_BASE, DRM_COMMAND_BASE + nr, size);
}

static void beyond(void)
{
	int fd = dev_open(0);
	unsigned char arg[64] = { 0 };
	unsigned int nr;

	for (nr = DRM_VUMA_BO_USERPTR + 1; nr < DRM_COMMAND_END - DRM_COMMAND_BASE; nr++)
		KT_RET(vuma_ioctl(fd, request(_IOC_READ | _IOC_WRITE, nr, 64), arg), -EINVAL);
}

/* Shorter and longer structs than today's: the missing part is zero. */
static void struct_sizes(void)
{
	int fd = dev_open(0);
	struct { struct drm_vuma_bo_create args; uint64_t more[4]; } big = {
		.args.size = PAGE,
		.more = { 1, 2, 3, 4 },
	};
	struct drm_vuma_bo_create args = { .size = PAGE, .flags = ~0u, .handle = ~0u };

	KT_OK(vuma_ioctl(fd, request(_IOC_READ | _IOC_WRITE, DRM_VUMA_BO_CREATE, sizeof(big)),
			 &big));
	KT_NE(big.args.handle, 0);
	/* Only the size is passed, and only the size comes back. */
	KT_OK(vuma_ioctl(fd, request(_IOC_READ | _IOC_WRITE, DRM_VUMA_BO_CREATE, 8), &args));
	KT_EQ(args.size, PAGE);
	KT_EQ(args.handle, ~0u);
}

static const struct ktap_test tests[] = {
	{ .name = "reserved_numbers_beyond_the_last_are_EINVAL", .run = beyond },
	{ .name = "reserved_struct_may_be_shorter_or_longer", .run = struct_sizes },
};

TEST_PROGRAM(tests, NULL);
