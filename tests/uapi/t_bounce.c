// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that see copies: every DMA mapping goes through bounce buffers (swiotlb=force).
 * The first device refuses them; the second copies around each job (transfer=0,1).
 */
#include "arena.h"
#include "legacy.h"

#define SHARES	0
#define COPIES	1
#define SIZE	(96 * PAGE)

/* Without bounce buffers, nothing here would be tested. */
static void need_bounce_buffers(void)
{
	if (!memory_is_copied())
		KT_SKIP("the kernel was not told to bounce (swiotlb=force)");
	need_devices(2);
}

/* Two buffers in one VM. */
struct bounce_rig {
	int fd;
	struct vuma_vm vm;
	struct vuma_bo a, b;
	uint64_t a_va, b_va;
};

static struct bounce_rig bounce_rig(unsigned int device)
{
	struct bounce_rig r;

	need_bounce_buffers();
	r.fd = dev_open(device);
	r.vm = vm_new(r.fd);
	r.a = bo_new_mapped(r.fd, SIZE, 0);
	r.b = bo_new_mapped(r.fd, SIZE, 0);
	r.a_va = vm_map_bo(&r.vm, &r.a);
	r.b_va = vm_map_bo(&r.vm, &r.b);
	return r;
}

/* A clear answer, and nothing lost: neither content nor the use of the VM. */
static void is_refused(void)
{
	struct bounce_rig r = bounce_rig(SHARES);
	struct drm_vuma_cmd cmd = vuma_cmd_copy(r.b_va, r.a_va, SIZE);
	struct drm_vuma_legacy_bo bo;
	struct vuma_bo other;
	int i;

	vuma_pattern_fill(r.a.map, SIZE, 1, 3);
	for (i = 0; i < 2; i++) {
		KT_RET(vuma_exec(r.fd, r.vm.id, &cmd, 1), -EIO);
		verify_pattern(r.a.map, SIZE, 1, 3);
		verify_pattern(r.b.map, SIZE, 0, 0);
	}
	KT_OK(vuma_vm_unmap(&r.vm, r.a_va, SIZE));
	KT_OK(vuma_vm_unmap(&r.vm, r.b_va, SIZE));
	run_cmd(&r.vm, vuma_cmd_nop());
	/* The other path says the same. */
	other = bo_new(dev_open(SHARES), SIZE, 0);
	bo = vuma_legacy_bo(other.handle, LEGACY_WRITE);
	cmd = vuma_cmd_fill(LEGACY_AT(0, 0), SIZE, 1, 1);
	KT_RET(vuma_submit_legacy(other.fd, &bo, 1, &cmd, 1, 0, 0), -EIO);
}

static void is_copied_both_ways(void)
{
	struct bounce_rig r = bounce_rig(COPIES);
	uint64_t i;

	for (i = 1; i < 20; i++) {
		vuma_pattern_fill(r.a.map, SIZE, i, 3);
		run_cmd(&r.vm, vuma_cmd_copy(r.b_va, r.a_va, SIZE));
		verify_pattern(r.b.map, SIZE, i, 3);
		run_cmd(&r.vm, vuma_cmd_fill(r.a_va, SIZE / 2, 100 * i, 5));
		verify_pattern(r.a.map, SIZE / 2, 100 * i, 5);
		verify_pattern((char *)r.a.map + SIZE / 2, SIZE / 2, i + 3 * (SIZE / 16), 3);
	}
}

/* Jobs without the CPU between them. */
static void is_handed_from_job_to_job(void)
{
	struct bounce_rig r = bounce_rig(COPIES);
	struct drm_vuma_cmd cmd[3] = {
		vuma_cmd_fill(r.a_va, SIZE, 7, 1), vuma_cmd_copy(r.b_va, r.a_va, SIZE),
		vuma_cmd_fill(r.a_va, PAGE, 9, 0),
	};
	uint32_t done = syncobj_new(r.fd);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmd); i++)
		KT_OK(vuma_submit_one(r.fd, r.vm.id, &cmd[i], 1, i == 2 ? done : 0));
	wait_job(r.fd, done, 0);
	verify_pattern(r.b.map, SIZE, 7, 1);
	verify_pattern(r.a.map, PAGE, 9, 0);
	verify_pattern((char *)r.a.map + PAGE, SIZE - PAGE, 7 + PAGE / 8, 1);
}

/* virtio-L1: the page is newer than the bounce buffer when it is evicted. */
static void newer_pages(void)
{
	struct cgroup cg = arena_enter("a");
	struct bounce_rig r = bounce_rig(COPIES);

	run_cmd(&r.vm, vuma_cmd_fill(r.a_va, SIZE, 1, 1));
	verify_pattern(r.a.map, SIZE, 1, 1);
	vuma_pattern_fill(r.a.map, SIZE, 50, 3);
	arena_evict(&cg, &r.a, 1);
	verify_pattern(r.a.map, SIZE, 50, 3);
	arena_evict(&cg, &r.a, 1);
	run_cmd(&r.vm, vuma_cmd_copy(r.b_va, r.a_va, SIZE));
	verify_pattern(r.b.map, SIZE, 50, 3);
}

/* The CPU may write what the job only reads, whenever it likes. */
static void only_read(void)
{
	struct bounce_rig r = bounce_rig(COPIES);
	struct vuma_bo read = bo_new_mapped(r.fd, SIZE, 0);
	uint64_t va = vuma_vm_place(&r.vm, SIZE, PAGE);
	struct drm_vuma_cmd cmd[2] = { vuma_cmd_copy(r.a_va, va, SIZE), vuma_cmd_spin(200000) };
	uint32_t done = syncobj_new(r.fd);

	vuma_pattern_fill(read.map, SIZE, 1, 1);
	KT_OK(vuma_vm_map(&r.vm, read.handle, va, 0, SIZE, DRM_VUMA_BIND_READONLY));
	KT_OK(vuma_submit_one(r.fd, r.vm.id, cmd, 2, done));
	vuma_pattern_fill(read.map, SIZE, 2, 1);
	wait_job(r.fd, done, 0);
	verify_pattern(read.map, SIZE, 2, 1);
}

static void with_implicit_addresses(void)
{
	struct drm_vuma_legacy_bo bos[2];
	struct vuma_bo a, b;
	int fd;

	need_bounce_buffers();
	fd = dev_open(COPIES);
	a = bo_new_mapped(fd, SIZE, 0);
	b = bo_new_mapped(fd, SIZE, 0);
	bos[0] = vuma_legacy_bo(a.handle, 0);
	bos[1] = vuma_legacy_bo(b.handle, LEGACY_WRITE);
	vuma_pattern_fill(a.map, SIZE, 4, 3);
	legacy_run(fd, bos, 2, vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(0, 0), SIZE));
	verify_pattern(b.map, SIZE, 4, 3);
}

/* An import has no pages of ours to copy from. */
static void expect_import_refused(unsigned int device, int dmabuf, uint64_t size)
{
	struct drm_vuma_cmd cmd;
	struct vuma_bo there;
	struct vuma_vm vm;
	int fd = dev_open(device);

	there = import_bo(fd, dmabuf, size);
	vm = vm_new(fd);
	cmd = vuma_cmd_fill(vm_map_bo(&vm, &there), size, 1, 1);
	KT_RET(vuma_exec(fd, vm.id, &cmd, 1), -EIO);
	KT_OK(vuma_bo_close(fd, there.handle));
}

static void imports_are_refused(void)
{
	struct bounce_rig r = bounce_rig(COPIES);

	vuma_pattern_fill(r.a.map, SIZE, 1, 1);
	expect_import_refused(SHARES, export_bo(&r.a), SIZE);
	verify_pattern(r.a.map, SIZE, 1, 1);
	run_cmd(&r.vm, vuma_cmd_copy(r.b_va, r.a_va, SIZE));
	verify_pattern(r.b.map, SIZE, 1, 1);
}

/* rev-C10: of an exporter that does not look. */
static void others_refused(void)
{
	struct drm_mode_create_dumb create = { .width = 64, .height = 64, .bpp = 32 };
	int vgem = vuma_open("vgem", 0, VUMA_NODE_PRIMARY);
	int dmabuf;

	need_bounce_buffers();
	if (vgem < 0)
		KT_SKIP("the vgem module is not loaded");
	KT_OK(vuma_ioctl(vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create));
	dmabuf = vuma_prime_export(vgem, create.handle, DRM_CLOEXEC | DRM_RDWR);
	KT_LE(0, dmabuf);
	expect_import_refused(SHARES, dmabuf, create.size);
	expect_import_refused(COPIES, dmabuf, create.size);
}

static const struct ktap_test tests[] = {
	{ .name = "bounce_is_refused_where_memory_is_shared_virtio-L1", .run = is_refused },
	{ .name = "bounce_is_copied_both_ways", .run = is_copied_both_ways },
	{ .name = "bounce_is_handed_from_job_to_job_virtio-L3", .run = is_handed_from_job_to_job },
	{ .name = "bounce_eviction_keeps_what_the_cpu_wrote_virtio-L1", .run = newer_pages },
	{ .name = "bounce_what_is_only_read_is_not_copied_back", .run = only_read },
	{ .name = "bounce_with_implicit_addresses", .run = with_implicit_addresses },
	{ .name = "bounce_imports_are_refused", .run = imports_are_refused },
	{ .name = "bounce_imports_of_others_are_refused_rev-C10", .run = others_refused },
};

TEST_PROGRAM(tests, arena_cleanup)
