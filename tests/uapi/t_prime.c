// SPDX-License-Identifier: GPL-2.0
#include <poll.h>
#include <sys/resource.h>

#include <linux/dma-buf.h>
#include <linux/udmabuf.h>

#include "rig.h"

#define PAGES	16

/* A BO without mmap, of the size that this file is told. */
static struct vuma_bo import_sized(int fd, int dmabuf)
{
	struct vuma_bo bo = import_bo(fd, dmabuf, 0);

	bo.size = bo_query(&bo).size;
	return bo;
}

/* The GPU of that file reads the pattern there, and writes the next one. */
static void gpu_reads_and_writes(const struct vuma_bo *bo, uint64_t old, uint64_t new)
{
	struct vuma_vm vm = vm_new(bo->fd);
	struct vuma_bo out = bo_new_mapped(bo->fd, PAGE, 0);
	uint64_t va = vm_map_bo(&vm, bo), out_va = vm_map_bo(&vm, &out);

	verify_checksum(&vm, va, bo->size, old, 3, &out, out_va);
	run_cmd(&vm, vuma_cmd_fill(va, bo->size, new, 3));
	KT_OK(vuma_vm_fini(&vm));
	KT_OK(vuma_bo_fini(&out));
}

static void between_devices(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	int other = dev_open(1);
	struct vuma_bo there;

	vuma_pattern_fill(bo.map, bo.size, 100, 3);
	there = import_sized(other, export_bo(&bo));
	KT_EQ(there.size, bo.size);
	KT_EQ(bo_status(&there) & DRM_VUMA_BO_STATUS_IMPORTED, DRM_VUMA_BO_STATUS_IMPORTED);
	KT_EQ(bo_status(&bo) & (DRM_VUMA_BO_STATUS_IMPORTED | DRM_VUMA_BO_STATUS_EXPORTED),
	      DRM_VUMA_BO_STATUS_EXPORTED);
	gpu_reads_and_writes(&there, 100, 200);
	verify_pattern(bo.map, bo.size, 200, 3);
	gpu_reads_and_writes(&bo, 200, 300);
	gpu_reads_and_writes(&there, 300, 400);
	verify_pattern(bo.map, bo.size, 400, 3);
}

/* What nobody touched before it was exported. */
static void never_populated(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGES * PAGE, 0);
	struct vuma_bo there = import_sized(dev_open(1), export_bo(&bo));

	KT_OK(vuma_bo_map(&bo));
	verify_pattern(bo.map, bo.size, 0, 0);
	vuma_pattern_fill(bo.map, bo.size, 5, 3);
	gpu_reads_and_writes(&there, 5, 6);
	verify_pattern(bo.map, bo.size, 6, 3);
}

static void import_has_no_offset(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct vuma_bo there = import_sized(dev_open(1), export_bo(&bo));
	uint64_t offset;

	KT_RET(vuma_bo_mmap_offset(there.fd, there.handle, &offset), -EINVAL);
}

static void import_takes_all_ioctls(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct vuma_bo there = import_sized(dev_open(1), export_bo(&bo));

	KT_OK(vuma_bo_wait(there.fd, there.handle, 0, FOREVER));
	KT_OK(vuma_bo_set_label(there.fd, there.handle, "import"));
	KT_EQ(bo_query(&there).evicted, 0);
	/* Exported again it is the same dma-buf. */
	KT_EQ(import_sized(bo.fd, export_bo(&there)).handle, bo.handle);
	KT_OK(vuma_bo_close(there.fd, there.handle));
}

static void import_unmapped_in_the_middle(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), 1024 * PAGE, DRM_VUMA_BO_HUGE);
	struct vuma_bo there, out;
	struct vuma_vm vm;
	uint64_t va, out_va, i;

	stamp_pages(bo.map, 1024, 0);
	there = import_sized(dev_open(1), export_bo(&bo));
	vm = vm_new(there.fd);
	out = bo_new_mapped(there.fd, PAGE, 0);
	out_va = vm_map_bo(&vm, &out);
	va = vm_map_bo(&vm, &there);
	run_cmd(&vm, vuma_cmd_copy(out_va, va, 8));
	KT_OK(vuma_vm_unmap(&vm, va + 255 * PAGE, 500 * PAGE));
	for (i = 0; i < 1024; i += 15) {
		struct drm_vuma_cmd cmd = vuma_cmd_copy(out_va, va + i * PAGE, 8);

		if (i >= 255 && i < 755) {
			run_faulting(&vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, va + i * PAGE);
			continue;
		}
		run_cmd(&vm, cmd);
		KT_EQ(*(volatile uint64_t *)out.map, page_word(0, i));
	}
}

static void self_import(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	int dmabuf = export_bo(&bo), again = export_bo(&bo);
	struct vuma_bo same = import_sized(bo.fd, dmabuf);

	KT_EQ(same.handle, bo.handle);
	KT_EQ(import_sized(bo.fd, again).handle, bo.handle);
	KT_EQ(bo_status(&same) & DRM_VUMA_BO_STATUS_IMPORTED, 0);
}

static void same_device_other_file(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	int dmabuf = export_bo(&bo);
	struct vuma_bo there = import_sized(dev_open(0), dmabuf);

	/* The object itself: no attachment, an offset of its own. */
	KT_EQ(bo_status(&there) & DRM_VUMA_BO_STATUS_IMPORTED, 0);
	if (!is_twin())
		KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_PINNED, 0);
	KT_OK(vuma_bo_map(&there));
	vuma_pattern_fill(there.map, there.size, 8, 3);
	verify_pattern(bo.map, bo.size, 8, 3);
	gpu_reads_and_writes(&there, 8, 9);
	verify_pattern(bo.map, bo.size, 9, 3);
	/* Twice is the same handle. */
	KT_EQ(import_sized(there.fd, dmabuf).handle, there.handle);
}

static void imported_twice(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGE, 0);
	struct vuma_bo there;
	int dmabuf;

	vuma_pattern_fill(bo.map, PAGE, 1, 3);
	there = import_sized(dev_open(1), export_bo(&bo));
	dmabuf = export_bo(&bo);
	KT_EQ(import_sized(there.fd, dmabuf).handle, there.handle);
	KT_OK(vuma_bo_close(there.fd, there.handle));
	there = import_sized(there.fd, dmabuf);
	gpu_reads_and_writes(&there, 1, 2);
	verify_pattern(bo.map, PAGE, 2, 3);
}

static void bad_export(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	static const uint32_t handles[] = { 0, 99, UINT32_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handles); i++)
		KT_RET(vuma_prime_export(bo.fd, handles[i], DRM_CLOEXEC), -ENOENT);
	KT_RET(vuma_prime_export(bo.fd, bo.handle, 1u << 30), -EINVAL);
	KT_RET(vuma_prime_export(dev_open(0), bo.handle, DRM_CLOEXEC), -ENOENT);
}

static void no_descriptor(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct rlimit limit, none;

	KT_SYS(getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 0;
	KT_SYS(setrlimit(RLIMIT_NOFILE, &none));
	KT_RET(vuma_prime_export(bo.fd, bo.handle, DRM_CLOEXEC), -EMFILE);
	KT_SYS(setrlimit(RLIMIT_NOFILE, &limit));
	KT_SYS(close(export_bo(&bo)));
}

static void bad_import(void)
{
	int fd = dev_open(0), file = open("/dev/null", O_RDWR);
	uint32_t handle;

	KT_SYS(file);
	KT_RET(vuma_prime_import(fd, -1, &handle), -EBADF);
	KT_RET(vuma_prime_import(fd, file, &handle), -EINVAL);
	KT_RET(vuma_prime_import(fd, fd, &handle), -EINVAL);
}

/* uma-B13: the dma-buf outlives handle and file of its maker. */
static void outlives_exporter(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0), there;
	int dmabuf = export_bo(&bo);
	char *map;

	vuma_pattern_fill(bo.map, bo.size, 1, 3);
	KT_OK(vuma_bo_fini(&bo));
	KT_SYS(close(bo.fd));
	map = KT_MAPPED(mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, dmabuf, 0));
	verify_pattern(map, PAGES * PAGE, 1, 3);
	there = import_sized(dev_open(vuma_count(driver, VUMA_NODE_RENDER) - 1), dmabuf);
	KT_SYS(close(dmabuf));
	gpu_reads_and_writes(&there, 1, 2);
	verify_pattern(map, PAGES * PAGE, 2, 3);
}

static void outlives_importer(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	struct vuma_bo there = import_sized(dev_open(1), export_bo(&bo));

	vuma_pattern_fill(bo.map, bo.size, 1, 3);
	gpu_reads_and_writes(&there, 1, 2);
	KT_SYS(close(there.fd));
	gpu_reads_and_writes(&bo, 2, 3);
	verify_pattern(bo.map, bo.size, 3, 3);
}

/* Who imports and never uses it costs no memory; who does can be asked to give it back. */
static void not_pinned_by_import(void)
{
	struct vuma_bo bo, there;
	struct vuma_vm vm;

	not_on_twin("an export is pinned by its first attachment, for good");
	need_devices(2);
	bo = bo_new(dev_open(0), PAGES * PAGE, 0);
	there = import_sized(dev_open(1), export_bo(&bo));
	KT_EQ(bo_query(&bo).resident, 0);
	vm = vm_new(there.fd);
	run_cmd(&vm, vuma_cmd_fill(vm_map_bo(&vm, &there), bo.size, 5, 3));
	KT_EQ(bo_query(&bo).resident, bo.size);
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_PINNED, 0);
	KT_EQ(bo_status(&there) & DRM_VUMA_BO_STATUS_PINNED, 0);
	KT_OK(vuma_bo_map(&bo));
	verify_pattern(bo.map, bo.size, 5, 3);
}

static void dmabuf_size(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGES * PAGE, 0);
	int dmabuf = export_bo(&bo);

	KT_EQ(lseek(dmabuf, 0, SEEK_END), bo.size);
}

static void dmabuf_sync(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	static const uint64_t directions[] = {
		DMA_BUF_SYNC_READ, DMA_BUF_SYNC_WRITE, DMA_BUF_SYNC_RW,
	};
	int dmabuf = export_bo(&bo);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directions); i++) {
		struct dma_buf_sync sync = { .flags = directions[i] | DMA_BUF_SYNC_START };

		KT_OK(vuma_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
		stamp_pages(bo.map, PAGES, i);
		sync.flags = directions[i] | DMA_BUF_SYNC_END;
		KT_OK(vuma_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
		verify_pages(bo.map, PAGES, i, 0);
	}
}

/* uma-A3: nothing to sync in what was never touched, and nothing is allocated. */
static void dmabuf_sync_untouched(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGES * PAGE, 0);
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START };
	int dmabuf = export_bo(&bo);

	KT_OK(vuma_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	sync.flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END;
	KT_OK(vuma_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	KT_EQ(bo_query(&bo).resident, 0);
}

static void from_udmabuf(void)
{
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), memfd, dmabuf;
	struct udmabuf_create create = { .size = PAGES * PAGE, .offset = 2 * PAGE };
	struct vuma_bo there;
	char *map;

	if (dev < 0)
		KT_SKIP("no /dev/udmabuf in this kernel: %s", strerror(errno));
	memfd = memfd_create("t_prime", MFD_ALLOW_SEALING);
	KT_SYS(memfd);
	KT_SYS(ftruncate(memfd, (PAGES + 2) * PAGE));
	KT_SYS(fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	map = KT_MAPPED(mmap(NULL, (PAGES + 2) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd,
			     0));
	vuma_pattern_fill(map + 2 * PAGE, PAGES * PAGE, 1, 3);
	create.memfd = memfd;
	dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	KT_SYS(dmabuf);
	there = import_sized(dev_open(0), dmabuf);
	KT_EQ(there.size, PAGES * PAGE);
	KT_EQ(bo_status(&there) & DRM_VUMA_BO_STATUS_IMPORTED, DRM_VUMA_BO_STATUS_IMPORTED);
	gpu_reads_and_writes(&there, 1, 2);
	verify_pattern(map + 2 * PAGE, PAGES * PAGE, 2, 3);
	verify_pattern(map, 2 * PAGE, 0, 0);
}

static void with_vgem(void)
{
	struct drm_mode_create_dumb create = {
		.width = 128, .height = PAGES * (PAGE / 512), .bpp = 32,
	};
	struct drm_mode_map_dumb map_dumb = { 0 };
	int vgem = vuma_open("vgem", 0, VUMA_NODE_PRIMARY), dmabuf;
	struct vuma_bo there, bo;
	uint32_t handle;
	char *map;

	if (vgem < 0)
		KT_SKIP("the vgem module is not loaded");
	KT_OK(vuma_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	KT_EQ(create.size, PAGES * PAGE);
	map_dumb.handle = create.handle;
	KT_OK(vuma_ioctl(vgem, DRM_IOCTL_MODE_MAP_DUMB, &map_dumb));
	map = KT_MAPPED(mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, vgem,
			     map_dumb.offset));
	vuma_pattern_fill(map, create.size, 1, 3);
	dmabuf = vuma_prime_export(vgem, create.handle, DRM_CLOEXEC | DRM_RDWR);
	KT_GE(dmabuf, 0);
	there = import_sized(dev_open(0), dmabuf);
	gpu_reads_and_writes(&there, 1, 2);
	verify_pattern(map, create.size, 2, 3);

	/* And the other way. */
	bo = bo_new_mapped(there.fd, PAGES * PAGE, 0);
	KT_OK(vuma_prime_import(vgem, export_bo(&bo), &handle));
	vuma_pattern_fill(bo.map, bo.size, 7, 3);
	gpu_reads_and_writes(&bo, 7, 8);
	KT_OK(vuma_bo_close(vgem, handle));
	verify_pattern(bo.map, bo.size, 8, 3);
}

static const struct ktap_test tests[] = {
	{ .name = "prime_devices_share_content", .run = between_devices },
	{ .name = "prime_export_of_untouched_reads_zero", .run = never_populated },
	{ .name = "prime_import_has_no_mmap_offset", .run = import_has_no_offset },
	{ .name = "prime_import_takes_the_other_ioctls", .run = import_takes_all_ioctls },
	{ .name = "prime_import_can_be_unmapped_in_the_middle_panthor-57",
	  .run = import_unmapped_in_the_middle },
	{ .name = "prime_self_import_is_the_same_handle_uma-A9", .run = self_import },
	{ .name = "prime_other_file_of_the_device_gets_the_object_uma-A9",
	  .run = same_device_other_file },
	{ .name = "prime_import_twice_is_the_same_handle", .run = imported_twice },
	{ .name = "prime_bad_export_is_refused", .run = bad_export },
	{ .name = "prime_export_without_a_descriptor_is_EMFILE", .run = no_descriptor },
	{ .name = "prime_bad_import_is_refused", .run = bad_import },
	{ .name = "prime_dmabuf_outlives_its_exporter_uma-B13", .run = outlives_exporter },
	{ .name = "prime_exporter_outlives_the_importer", .run = outlives_importer },
	{ .name = "prime_export_is_not_pinned_by_its_import", .run = not_pinned_by_import },
	{ .name = "prime_dmabuf_tells_its_size", .run = dmabuf_size },
	{ .name = "prime_sync_takes_all_directions_uma-A2", .run = dmabuf_sync },
	{ .name = "prime_sync_of_untouched_allocates_nothing_uma-A3",
	  .run = dmabuf_sync_untouched },
	{ .name = "prime_imports_udmabuf_uma-A10", .run = from_udmabuf },
	{ .name = "prime_imports_from_and_exports_to_vgem_uma-A10", .run = with_vgem },
};

TEST_PROGRAM(tests, NULL);
