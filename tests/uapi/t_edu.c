// SPDX-License-Identifier: GPL-2.0
/*
 * The example driver of QEMU's edu device, behind an IOMMU: a DMA engine that is not ours,
 * and that reaches nothing but what the DMA API mapped for it. A DMA elsewhere is a report
 * of the IOMMU in the kernel log.
 */
#include <sys/utsname.h>

#include "arena.h"
#include "example_edu.h"
#include "file.h"

#define SIZE	(4 * PAGE)

static int edu_open(void)
{
	int fd = vuma_open("example_edu", 0, VUMA_NODE_PRIMARY);

	if (access("/sys/kernel/iommu_groups/0", F_OK))
		KT_SKIP("no IOMMU");
	if (fd == -ENODEV)
		KT_SKIP("no edu device, or its driver is not loaded");
	KT_LE(0, fd);
	return fd;
}

static struct vuma_bo edu_bo(int fd, uint64_t size)
{
	struct drm_mode_create_dumb create = { .width = size / 4, .height = 1, .bpp = 32 };
	struct drm_mode_map_dumb map = {};
	struct vuma_bo bo = { .fd = fd };

	KT_OK(vuma_ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	map.handle = create.handle;
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &map));
	bo.handle = create.handle;
	bo.size = create.size;
	bo.map = KT_MAPPED(mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				map.offset));
	return bo;
}

static int edu_copy_args(int fd, struct example_edu_copy *copy)
{
	return vuma_ioctl(fd, DRM_IOCTL_EXAMPLE_EDU_COPY, copy);
}

static int edu_copy(int fd, uint32_t dst, uint64_t dst_offset, uint32_t src, uint64_t src_offset,
		    uint64_t size)
{
	struct example_edu_copy copy = {
		.dst = dst, .src = src, .dst_offset = dst_offset, .src_offset = src_offset,
		.size = size,
	};

	return edu_copy_args(fd, &copy);
}

/* Exactly these bytes, whatever pages and pieces they are in. */
static void bytes(void)
{
	const struct { uint64_t dst, src, size; } copies[] = {
		{ 0, 0, PAGE }, { 7, 100, 3 }, { PAGE - 1, 2 * PAGE - 5, 2 * PAGE },
		{ SIZE - 1, 0, 1 },
	};
	int fd = edu_open();
	struct vuma_bo src = edu_bo(fd, SIZE), dst = edu_bo(fd, SIZE);
	unsigned char *want = malloc(SIZE);
	unsigned char *from = src.map;
	unsigned int i, n;

	KT_TRUE(want);
	for (i = 0; i < SIZE; i++)
		from[i] = (i * 2654435761u) >> 13;
	for (n = 0; n < ARRAY_SIZE(copies); n++) {
		memset(want, n, SIZE);
		memset(dst.map, n, SIZE);
		memcpy(want + copies[n].dst, from + copies[n].src, copies[n].size);
		KT_OK(edu_copy(fd, dst.handle, copies[n].dst, src.handle, copies[n].src,
			       copies[n].size));
		for (i = 0; i < SIZE; i++)
			KT_EQ(((unsigned char *)dst.map)[i], want[i]);
	}
	/* From a buffer to itself. */
	KT_OK(edu_copy(fd, src.handle, 0, src.handle, PAGE, 64));
	KT_EQ(memcmp(from, from + PAGE, 64), 0);
}

/* Has the DMA API a call for a range of addresses that is mapped piece by piece? */
static bool kernel_has_ranges(void)
{
	struct utsname name;
	long major, minor;
	char *end;

	KT_SYS(uname(&name));
	major = strtol(name.release, &end, 10);
	KT_EQ(*end, '.');
	minor = strtol(end + 1, NULL, 10);
	return major > 6 || (major == 6 && minor >= 16);
}

/*
 * Wherever its pages are, and in whatever order they came: the second, and others between. Of
 * @pages, those two alone get pages: a buffer that has few takes no addresses for the others.
 */
static void one_range(intptr_t pages)
{
	int fd = edu_open();
	struct vuma_bo a = edu_bo(fd, pages * PAGE), b = edu_bo(fd, SIZE), dst = edu_bo(fd, SIZE);
	struct example_edu_copy copy = { .dst = dst.handle, .src = a.handle, .size = 2 * PAGE };
	unsigned int i;

	for (i = 2; i-- > 0;) {
		KT_OK(edu_copy(fd, dst.handle, 0, a.handle, i * PAGE, 64));
		KT_OK(edu_copy(fd, dst.handle, 0, b.handle, i * PAGE, 64));
	}
	vuma_pattern_fill(a.map, 2 * PAGE, 3, 1);
	if (copy.size > EXAMPLE_EDU_MAX)
		KT_SKIP("pages are too large");
	KT_OK(edu_copy_args(fd, &copy));
	verify_pattern(dst.map, copy.size, 3, 1);
	KT_EQ(copy.src_runs, kernel_has_ranges() && pages == 2 ? 1 : 2);
}

static void bad_input(void)
{
	struct example_edu_copy padded = { .size = 1, .pad = 1 };
	int fd = edu_open();
	struct vuma_bo a = edu_bo(fd, SIZE), b = edu_bo(fd, SIZE);
	uint32_t max = EXAMPLE_EDU_MAX;

	vuma_pattern_fill(b.map, SIZE, 1, 1);
	KT_RET(edu_copy(fd, b.handle, 0, a.handle, 0, 0), -EINVAL);
	KT_RET(edu_copy(fd, b.handle, 0, a.handle, 0, max + 1), -E2BIG);
	KT_RET(edu_copy(fd, b.handle, SIZE, a.handle, 0, 1), -EINVAL);
	KT_RET(edu_copy(fd, b.handle, 0, a.handle, SIZE - 1, 2), -EINVAL);
	KT_RET(edu_copy(fd, b.handle, UINT64_MAX, a.handle, 0, 2), -EINVAL);
	KT_RET(edu_copy(fd, b.handle, 0, a.handle, UINT64_MAX - 1, 2), -EINVAL);
	KT_RET(edu_copy_args(fd, &padded), -EINVAL);
	KT_RET(edu_copy(fd, 0, 0, a.handle, 0, 1), -ENOENT);
	KT_RET(edu_copy(fd, b.handle, 0, a.handle + 1000, 0, 1), -ENOENT);
	verify_pattern(b.map, SIZE, 1, 1);
}

/* Both ways, with the GPU's jobs before and behind. */
static void with_vuma(void)
{
	int fd = edu_open(), gpu = dev_open(0);
	struct vuma_vm vm = vm_new(gpu);
	struct vuma_bo bo = bo_new_mapped(gpu, SIZE, 0), out = bo_new_mapped(gpu, PAGE, 0);
	struct vuma_bo mine = edu_bo(fd, SIZE), there, here;
	uint64_t va = vm_map_bo(&vm, &bo), out_va = vm_map_bo(&vm, &out);

	there = import_bo(fd, export_bo(&bo), SIZE);
	run_cmd(&vm, vuma_cmd_fill(va, SIZE, 5, 1));
	KT_OK(edu_copy(fd, mine.handle, 0, there.handle, PAGE, PAGE));
	verify_pattern(mine.map, PAGE, 5 + PAGE / 8, 1);
	vuma_pattern_fill(mine.map, SIZE, 9, 1);
	KT_OK(edu_copy(fd, there.handle, 0, mine.handle, 0, PAGE));
	verify_checksum(&vm, va, PAGE, 9, 1, &out, out_va);
	verify_pattern(bo.map, PAGE, 9, 1);

	here = import_bo(gpu, export_bo(&mine), SIZE);
	run_cmd(&vm, vuma_cmd_fill(vm_map_bo(&vm, &here), SIZE, 77, 1));
	verify_pattern(mine.map, SIZE, 77, 1);
	KT_OK(edu_copy(fd, mine.handle, PAGE, mine.handle, 0, 64));
	verify_pattern((char *)mine.map + PAGE, 64, 77, 1);
}

/* The addresses of before are gone; what was swapped out comes back. */
static void after_eviction(void)
{
	struct cgroup cg = arena_enter("a");
	int fd = edu_open();
	struct vuma_bo src = edu_bo(fd, 64 * PAGE), dst = edu_bo(fd, 64 * PAGE);
	uint64_t swapped = 0;
	int i;

	need_reclaim();
	for (i = 0; i < 3; i++) {
		vuma_pattern_fill(src.map, src.size, i, 1);
		KT_OK(edu_copy(fd, dst.handle, 0, src.handle, 0, 64));
		verify_pattern(dst.map, 64, i, 1);
		do {
			arena_squeeze(&cg, 128 * PAGE);
			KT_OK(cgroup_read_u64(&cg, "memory.swap.current", &swapped));
		} while (swapped < src.size);
		KT_OK(edu_copy(fd, dst.handle, PAGE, src.handle, 10 * PAGE, PAGE));
		verify_pattern((char *)dst.map + PAGE, PAGE, i + 10 * PAGE / 8, 1);
		verify_pattern(dst.map, 64, i, 1);
		verify_pattern(src.map, src.size, i, 1);
	}
}

static void edu_bind(const char *file, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/example_edu/%s", file);
	KT_OK(file_write(path, name));
}

static void unplugged(void)
{
	int fd = edu_open(), gpu = dev_open(0);
	struct vuma_bo src = edu_bo(fd, SIZE), dst = edu_bo(fd, SIZE), there;
	struct vuma_bo bo = bo_new_mapped(gpu, SIZE, 0);
	char name[64];

	there = import_bo(fd, export_bo(&bo), SIZE);
	KT_OK(edu_copy(fd, dst.handle, 0, src.handle, 0, 64));
	KT_OK(edu_copy(fd, dst.handle, 0, there.handle, 0, 64));
	KT_OK(vuma_sysfs(fd, NULL, 0, name, sizeof(name)));
	edu_bind("unbind", name);
	KT_RET(edu_copy(fd, dst.handle, 0, src.handle, 0, 64), -ENODEV);
	KT_RET(edu_copy(fd, dst.handle, 0, there.handle, 0, 64), -ENODEV);
	vuma_pattern_fill(bo.map, SIZE, 3, 1);
	verify_pattern(bo.map, SIZE, 3, 1);
	edu_bind("bind", name);
	KT_SYS(close(fd));
	bytes();
}

static const struct ktap_test tests[] = {
	{ .name = "edu_copies_these_bytes_and_no_others", .run = bytes },
	{ .name = "edu_buffer_has_one_range_of_addresses", .run_arg = one_range, .arg = 2 },
	{ .name = "edu_buffer_takes_few_addresses_for_few_pages", .run_arg = one_range, .arg = 64 },
	{ .name = "edu_bad_input_changes_nothing", .run = bad_input },
	{ .name = "edu_shares_buffers_with_vuma", .run = with_vuma },
	{ .name = "edu_follows_evicted_pages", .run = after_eviction },
	{ .name = "edu_unplugged_is_ENODEV", .run = unplugged },
};

TEST_PROGRAM(tests, arena_cleanup)
