// SPDX-License-Identifier: GPL-2.0
/* Memory of a process that jobs work on. */
#include <sys/resource.h>
#include <sys/socket.h>

#include "legacy.h"
#include "peer.h"

#define PAGES	16
#define SIZE	(PAGES * PAGE)
#define READONLY	DRM_VUMA_USERPTR_READONLY

static void *memory_new(size_t size, int prot)
{
	return KT_MAPPED(mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static struct vuma_bo userptr_bo(int fd, void *at, uint64_t size, uint32_t flags)
{
	struct vuma_bo bo = { .fd = fd, .size = size };

	KT_OK(vuma_bo_create_userptr(fd, at, size, flags, &bo.handle));
	return bo;
}

static int try_userptr(int fd, uint64_t at, uint64_t size, uint32_t flags)
{
	uint32_t handle;

	return vuma_bo_create_userptr(fd, (void *)(uintptr_t)at, size, flags, &handle);
}

/* A VM of the file with the BO and a place for results. */
struct userptr_rig {
	struct vuma_vm vm;
	struct vuma_bo out;
	uint64_t va, out_va;
};

static struct userptr_rig userptr_rig(const struct vuma_bo *bo)
{
	struct userptr_rig r = { .vm = vm_new(bo->fd), .out = bo_new_mapped(bo->fd, PAGE, 0) };

	r.va = vm_map_bo(&r.vm, bo);
	r.out_va = vm_map_bo(&r.vm, &r.out);
	return r;
}

static void expect_gpu_sees(const struct userptr_rig *r, uint64_t start)
{
	verify_checksum(&r->vm, r->va, SIZE, start, 3, &r->out, r->out_va);
}

static void need_userptr(void)
{
	not_on_twin("it has no BO_USERPTR");
}

static void both_see_it(void)
{
	struct userptr_rig r;
	struct vuma_bo bo;
	char *at;

	need_userptr();
	/* The second half has no memory yet: it is zero, and pinned all the same. */
	at = memory_new(2 * SIZE, PROT_READ | PROT_WRITE);
	vuma_pattern_fill(at, SIZE, 1, 3);
	bo = userptr_bo(dev_open(0), at, 2 * SIZE, 0);
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_IMPORTED, DRM_VUMA_BO_STATUS_IMPORTED);
	KT_EQ(bo_query(&bo).size, 2 * SIZE);
	r = userptr_rig(&bo);
	expect_gpu_sees(&r, 1);
	verify_checksum(&r.vm, r.va + SIZE, SIZE, 0, 0, &r.out, r.out_va);
	run_cmd(&r.vm, vuma_cmd_fill(r.va, 2 * SIZE, 9, 3));
	verify_pattern(at, 2 * SIZE, 9, 3);
	vuma_pattern_fill(at, SIZE, 4, 3);
	expect_gpu_sees(&r, 4);
}

static void by_legacy(void)
{
	struct vuma_bo bo, ro;
	uint64_t *at;
	struct drm_vuma_legacy_bo use;
	struct drm_vuma_cmd cmd = vuma_cmd_fill(LEGACY_AT(0, 0), 8, 1, 0);

	need_userptr();
	at = memory_new(SIZE, PROT_READ | PROT_WRITE);
	bo = userptr_bo(dev_open(0), at, SIZE, 0);
	legacy_touch(&bo, 77);
	KT_EQ(*(volatile uint64_t *)at, 77);
	at[0] = 78;
	legacy_expect(&bo, 78);
	ro = userptr_bo(bo.fd, at, SIZE, READONLY);
	use = vuma_legacy_bo(ro.handle, LEGACY_WRITE);
	KT_RET(vuma_submit_legacy(bo.fd, &use, 1, &cmd, 1, 0, 0), -EACCES);
	KT_EQ(*(volatile uint64_t *)at, 78);
}

static void read_only(void)
{
	struct userptr_rig r;
	struct drm_vuma_cmd fill;
	struct vuma_bo bo;
	char *at;
	int fd;

	need_userptr();
	fd = dev_open(0);
	at = memory_new(SIZE, PROT_READ | PROT_WRITE);
	vuma_pattern_fill(at, SIZE, 1, 3);
	KT_SYS(mprotect(at, SIZE, PROT_READ));
	KT_RET(try_userptr(fd, (uintptr_t)at, SIZE, 0), -EFAULT);
	bo = userptr_bo(fd, at, SIZE, READONLY);
	r.vm = vm_new(fd);
	r.out = bo_new_mapped(fd, PAGE, 0);
	r.out_va = vm_map_bo(&r.vm, &r.out);
	r.va = 0x40000000;
	KT_RET(vuma_vm_map(&r.vm, bo.handle, r.va, 0, SIZE, 0), -EACCES);
	KT_OK(vuma_vm_map(&r.vm, bo.handle, r.va, 0, SIZE, DRM_VUMA_BIND_READONLY));
	expect_gpu_sees(&r, 1);
	fill = vuma_cmd_fill(r.va, 8, 1, 1);
	run_faulting(&r.vm, &fill, 1, DRM_VUMA_FAULT_WRITE, r.va);
	verify_pattern(at, SIZE, 1, 3);
}

/* That a job reads it already is no leave for another to write it. */
static void read_only_by_name(void)
{
	struct drm_vuma_cmd cmd = vuma_cmd_fill(LEGACY_AT(0, 0), 8, 1, 0);
	struct drm_gem_flink name = { 0 };
	struct drm_gem_open open = { 0 };
	struct drm_vuma_legacy_bo use;
	struct userptr_rig r;
	struct vuma_bo bo;
	int fd, other;
	char *at;

	need_userptr();
	fd = dev_open_primary(0);
	other = dev_open_primary(0);
	at = memory_new(SIZE, PROT_READ | PROT_WRITE);
	vuma_pattern_fill(at, SIZE, 1, 3);
	bo = userptr_bo(fd, at, SIZE, READONLY);
	r.vm = vm_new(fd);
	r.out = bo_new_mapped(fd, PAGE, 0);
	r.out_va = vm_map_bo(&r.vm, &r.out);
	r.va = 0x40000000;
	KT_OK(vuma_vm_map(&r.vm, bo.handle, r.va, 0, SIZE, DRM_VUMA_BIND_READONLY));
	expect_gpu_sees(&r, 1);
	name.handle = bo.handle;
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_GEM_FLINK, &name));
	open.name = name.name;
	KT_OK(vuma_ioctl(other, DRM_IOCTL_GEM_OPEN, &open));
	use = vuma_legacy_bo(open.handle, LEGACY_WRITE);
	KT_RET(vuma_submit_legacy(other, &use, 1, &cmd, 1, 0, 0), -EACCES);
	verify_pattern(at, SIZE, 1, 3);
	expect_gpu_sees(&r, 1);
}

/* Two buffers of the same memory, on one device. */
static void twice(void)
{
	struct userptr_rig r[2];
	struct vuma_bo bo[2];
	char *at;
	int fd, i;

	need_userptr();
	fd = dev_open(0);
	at = memory_new(SIZE, PROT_READ | PROT_WRITE);
	for (i = 0; i < 2; i++) {
		bo[i] = userptr_bo(fd, at, SIZE, 0);
		r[i] = userptr_rig(&bo[i]);
	}
	for (i = 0; i < 4; i++) {
		run_cmd(&r[i % 2].vm, vuma_cmd_fill(r[i % 2].va, SIZE, i, 3));
		expect_gpu_sees(&r[!(i % 2)], i);
		verify_pattern(at, SIZE, i, 3);
	}
}

/* The child gets copies: neither sees what the other, or its GPU, writes. */
static void forked(void)
{
	struct userptr_rig r;
	struct vuma_bo bo;
	char *at;
	pid_t pid;

	need_userptr();
	at = memory_new(SIZE, PROT_READ | PROT_WRITE);
	vuma_pattern_fill(at, SIZE, 1, 3);
	bo = userptr_bo(dev_open(0), at, SIZE, 0);
	r = userptr_rig(&bo);
	pid = fork_child();
	if (!pid) {
		verify_pattern(at, SIZE, 1, 3);
		memset(at, 0x55, SIZE);
		_exit(0);
	}
	join_child(pid);
	expect_gpu_sees(&r, 1);
	vuma_pattern_fill(at, SIZE, 2, 3);
	expect_gpu_sees(&r, 2);
	run_cmd(&r.vm, vuma_cmd_fill(r.va, SIZE, 3, 3));
	verify_pattern(at, SIZE, 3, 3);
}

static void unmapped_later(void)
{
	struct userptr_rig r;
	struct vuma_bo bo;
	char *at;

	need_userptr();
	at = memory_new(SIZE, PROT_READ | PROT_WRITE);
	vuma_pattern_fill(at, SIZE, 1, 3);
	bo = userptr_bo(dev_open(0), at, SIZE, 0);
	r = userptr_rig(&bo);
	KT_SYS(munmap(at, SIZE / 2));
	KT_SYS(madvise(at + SIZE / 2, SIZE / 2, MADV_DONTNEED));
	expect_gpu_sees(&r, 1);
	run_cmd(&r.vm, vuma_cmd_fill(r.va, SIZE, 2, 3));
	expect_gpu_sees(&r, 2);
	/* It is other memory by now. */
	verify_pattern(at + SIZE / 2, SIZE / 2, 0, 0);
}

static void outlives_its_process(void)
{
	struct userptr_rig r;
	struct vuma_bo bo;
	int fd, pair[2], dmabuf;
	pid_t pid;

	need_userptr();
	need_devices(2);
	fd = dev_open(1);
	KT_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = fork_child();
	if (!pid) {
		char *at = memory_new(SIZE, PROT_READ | PROT_WRITE);

		vuma_pattern_fill(at, SIZE, 1, 3);
		bo = userptr_bo(dev_open(0), at, SIZE, 0);
		fd_send(pair[1], export_bo(&bo));
		_exit(0);
	}
	dmabuf = fd_receive(pair[0]);
	join_child(pid);
	bo = import_bo(fd, dmabuf, SIZE);
	KT_SYS(close(dmabuf));
	r = userptr_rig(&bo);
	expect_gpu_sees(&r, 1);
	run_cmd(&r.vm, vuma_cmd_fill(r.va, SIZE, 2, 3));
	expect_gpu_sees(&r, 2);
}

/* As SCANOUT_PIN, by user and not by process. */
static void limited(void)
{
	struct rlimit limit = { .rlim_cur = SIZE, .rlim_max = SIZE };
	struct vuma_bo bo;
	int fd;
	char *at;

	need_userptr();
	fd = dev_open(0);
	at = memory_new(2 * SIZE, PROT_READ | PROT_WRITE);
	KT_SYS(setrlimit(RLIMIT_MEMLOCK, &limit));
	KT_SYS(setresgid(65534, 65534, 65534));
	KT_SYS(setresuid(65534, 65534, 65534));
	KT_RET(try_userptr(fd, (uintptr_t)at, SIZE + PAGE, 0), -ENOMEM);
	bo = userptr_bo(fd, at, SIZE, 0);
	KT_RET(try_userptr(fd, (uintptr_t)at + SIZE, PAGE, 0), -ENOMEM);
	/* A failure is charged for nothing. */
	KT_OK(vuma_bo_close(fd, bo.handle));
	KT_WAIT(!try_userptr(fd, (uintptr_t)at, SIZE, READONLY));
}

static void bad_memory(void)
{
	struct drm_vuma_bo_userptr good = { .size = SIZE }, args;
	uint64_t at;
	int fd;

	need_userptr();
	fd = dev_open(0);
	at = (uintptr_t)memory_new(2 * SIZE, PROT_READ | PROT_WRITE);
	good.addr = at;
	KT_SYS(munmap((void *)(at + SIZE), SIZE));
	KT_RET(try_userptr(fd, at, 0, 0), -EINVAL);
	KT_RET(try_userptr(fd, at + 1, SIZE, 0), -EINVAL);
	KT_RET(try_userptr(fd, at, SIZE - 1, 0), -EINVAL);
	KT_RET(try_userptr(fd, -(uint64_t)PAGE, 2 * PAGE, 0), -EINVAL);
	KT_RET(try_userptr(fd, 0, -(uint64_t)PAGE, 0), -E2BIG);
	KT_RET(try_userptr(fd, 1ull << 63, PAGE, 0), -EFAULT);
	KT_RET(try_userptr(fd, at, SIZE + PAGE, 0), -EFAULT);
	KT_RET(try_userptr(fd, at, SIZE + PAGE, READONLY), -EFAULT);
	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_USERPTR, good, flags,
			READONLY | DRM_VUMA_USERPTR_NOTIFIER, -EINVAL);
	EXPECT_BAD(fd, DRM_IOCTL_VUMA_BO_USERPTR, good, handle, 1, -EINVAL);
	args = good;
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_USERPTR, &args));
	KT_NE(args.handle, 0);
}

/* What has no page that could be pinned for long. */
static void not_memory(void)
{
	struct vuma_bo bo;

	need_userptr();
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	KT_RET(try_userptr(bo.fd, (uintptr_t)bo.map, SIZE, 0), -EFAULT);
}

static void is_as_an_import(void)
{
	struct vuma_bo bo;
	uint64_t offset;

	need_userptr();
	bo = userptr_bo(dev_open(0), memory_new(SIZE, PROT_READ | PROT_WRITE), SIZE, 0);
	KT_RET(vuma_bo_mmap_offset(bo.fd, bo.handle, &offset), -EINVAL);
	KT_RET(vuma_bo_advise(bo.fd, bo.handle, DRM_VUMA_MADV_DONTNEED, NULL), -EPERM);
	KT_RET(vuma_scanout_pin(bo.fd, bo.handle), -EINVAL);
	KT_OK(vuma_bo_set_label(bo.fd, bo.handle, "userptr"));
	KT_OK(vuma_bo_wait(bo.fd, bo.handle, 0, FOREVER));
	/* Nobody maps it by the dma-buf either: the core finds no way to (uma-B12). */
	KT_EQ(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, export_bo(&bo), 0), MAP_FAILED);
}

static const struct ktap_test tests[] = {
	{ .name = "userptr_CPU_and_GPU_share_the_memory", .run = both_see_it },
	{ .name = "userptr_by_implicit_address", .run = by_legacy },
	{ .name = "userptr_read_only_is_only_read", .run = read_only },
	{ .name = "userptr_twice_of_the_same_memory", .run = twice },
	{ .name = "userptr_read_only_by_another_file_EACCES_rev-R19", .run = read_only_by_name },
	{ .name = "userptr_fork_leaves_the_pages_to_the_parent", .run = forked },
	{ .name = "userptr_unmapped_stays_with_the_GPU", .run = unmapped_later },
	{ .name = "userptr_dmabuf_outlives_its_process", .run = outlives_its_process },
	{ .name = "userptr_RLIMIT_MEMLOCK_is_a_limit", .run = limited },
	{ .name = "userptr_bad_memory_is_refused", .run = bad_memory },
	{ .name = "userptr_of_a_mapped_BO_EFAULT", .run = not_memory },
	{ .name = "userptr_is_as_an_import_uma-B12", .run = is_as_an_import },
};

TEST_PROGRAM(tests, NULL);
