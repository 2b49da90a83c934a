// SPDX-License-Identifier: GPL-2.0
#include "common.h"

#define NR(_nr, _name)	{ .nr = (_nr), .name = (_name) }

static const struct {
	unsigned int nr;
	const char *name;
} reserved[] = {
	NR(DRM_VUMA_HEAP_CREATE, "HEAP_CREATE"),
	NR(DRM_VUMA_HEAP_DESTROY, "HEAP_DESTROY"),
};

static unsigned long request(unsigned int dir, unsigned int nr, unsigned int size)
{
	return _IOC(dir, DRM_IOCTL_BASE, DRM_COMMAND_BASE + nr, size);
}

/* Whatever a future client believes the argument to be. */
static void each(intptr_t primary)
{
	static const unsigned int dirs[] = { _IOC_NONE, _IOC_WRITE, _IOC_READ,
					     _IOC_READ | _IOC_WRITE };
	static const unsigned int sizes[] = { 0, 8, 32, 128 };
	int fd = primary ? dev_open_primary(0) : dev_open(0);
	unsigned char arg[128], copy[128];
	size_t i, d, s;

	memset(arg, 0x5a, sizeof(arg));
	memset(copy, 0x5a, sizeof(copy));
	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		for (d = 0; d < ARRAY_SIZE(dirs); d++)
			for (s = 0; s < ARRAY_SIZE(sizes); s++) {
				int ret = vuma_ioctl(fd, request(dirs[d], reserved[i].nr, sizes[s]),
						     arg);

				if (ret != -EOPNOTSUPP)
					KT_FAIL("%s: returned %d, expected -EOPNOTSUPP",
						reserved[i].name, ret);
				KT_EQ(memcmp(arg, copy, sizeof(arg)), 0);
			}
}

static void beyond(void)
{
	int fd = dev_open(0);
	unsigned char arg[64] = { 0 };
	unsigned int nr;

	for (nr = DRM_VUMA_BO_WAIT + 1; nr < DRM_COMMAND_END - DRM_COMMAND_BASE; nr++)
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
	{ .name = "reserved_ioctls_are_EOPNOTSUPP_on_render_node",
	  .run_arg = each, .arg = false },
	{ .name = "reserved_ioctls_are_EOPNOTSUPP_on_primary_node",
	  .run_arg = each, .arg = true },
	{ .name = "reserved_numbers_beyond_the_last_are_EINVAL", .run = beyond },
	{ .name = "reserved_struct_may_be_shorter_or_longer", .run = struct_sizes },
};

TEST_PROGRAM(tests, NULL);
