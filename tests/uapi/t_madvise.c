// SPDX-License-Identifier: GPL-2.0
/* Content that is not needed: thrown away, never written to swap, zero afterwards. */
#include "gate.h"
#include "legacy.h"
#include "tenant.h"

#define MIB	VUMA_MIB
#define SIZE	(2 * MIB)
#define PURGED	DRM_VUMA_BO_STATUS_PURGED
#define PURGEABLE	DRM_VUMA_BO_STATUS_PURGEABLE

/* A BO that the CPU filled with the pattern 1, 7. */
static struct tenant filled_tenant(uint64_t size, uint32_t flags)
{
	struct tenant s = tenant_new(size, flags);

	KT_OK(vuma_bo_map(&s.bo));
	vuma_pattern_fill(s.bo.map, size, 1, 7);
	return s;
}

static void dont_need(const struct vuma_bo *bo)
{
	KT_EQ(bo_advise(bo, DRM_VUMA_MADV_DONTNEED), 1);
	KT_EQ(bo_status(bo) & (PURGED | PURGEABLE), PURGEABLE);
}

static uint64_t swapped(const struct tenant *s)
{
	uint64_t bytes;

	KT_OK(cgroup_read_u64(&s->cg, "memory.swap.current", &bytes));
	return bytes;
}

/* Declared as not needed, and taken. */
static void purge(struct tenant *s)
{
	dont_need(&s->bo);
	arena_squeeze(&s->cg, 64 * MIB);
	KT_EQ(bo_status(&s->bo) & (PURGED | PURGEABLE | DRM_VUMA_BO_STATUS_RESIDENT), PURGED);
	KT_EQ(bo_query(&s->bo).resident, 0);
}

static void expect_zero(const struct vuma_bo *bo, uint64_t offset, uint64_t size)
{
	verify_pattern((char *)bo->map + offset, size, 0, 0);
}

/* The pattern of filled_tenant(). */
static void expect_filled(const struct vuma_bo *bo, uint64_t offset, uint64_t size)
{
	verify_pattern((char *)bo->map + offset, size, 1 + offset / 8 * 7, 7);
}

static void bad_arguments(void)
{
	struct drm_vuma_bo_madvise args = { 0 };
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, 4 * PAGE, 0);
	const uint64_t ranges[][2] = {
		{ 0, 0 }, { 1, PAGE }, { PAGE / 2, PAGE }, { 0, PAGE + 8 }, { 0, 5 * PAGE },
		{ 4 * PAGE, PAGE }, { PAGE, ~0ull - PAGE + 1 }, { ~0ull - PAGE + 1, 2 * PAGE },
	};
	uint32_t advice;
	size_t i;

	not_on_twin("it has no madvise");
	args.handle = bo.handle;
	for (advice = DRM_VUMA_MADV_WILLNEED; advice <= DRM_VUMA_MADV_DONTNEED; advice++) {
		args.advice = advice;
		EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, retained, 0, -EINVAL);
		EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, pad, 0, -EINVAL);
		EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, offset, 0, -EINVAL);
		EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, size, 0, -EINVAL);
	}
	args.advice = DRM_VUMA_MADV_WILLNEED;
	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, advice, 3, -EINVAL);
	args.advice = 3;
	EXPECT_ERROR(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, -EINVAL);
	args.advice = DRM_VUMA_MADV_DISCARD;
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		args.offset = ranges[i][0];
		args.size = ranges[i][1];
		EXPECT_ERROR(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, -EINVAL);
	}
	args = (struct drm_vuma_bo_madvise){ .handle = bo.handle + 100 };
	EXPECT_ERROR(fd, DRM_IOCTL_VUMA_BO_MADVISE, args, -ENOENT);
}

static void import_is_not_ours(void)
{
	struct vuma_bo bo, there;

	not_on_twin("it has no madvise");
	need_devices(2);
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 7);
	there = import_bo(dev_open(1), export_bo(&bo), SIZE);
	KT_RET(vuma_bo_advise(there.fd, there.handle, DRM_VUMA_MADV_DONTNEED, NULL), -EPERM);
	KT_RET(vuma_bo_advise(there.fd, there.handle, DRM_VUMA_MADV_WILLNEED, NULL), -EPERM);
	KT_RET(vuma_bo_discard(there.fd, there.handle, 0, PAGE), -EPERM);
	expect_filled(&bo, 0, SIZE);
}

static void retained(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	int i;

	tenant_bind(&s);
	/* Saying it twice is saying it once (panthor-85). */
	for (i = 0; i < 3; i++) {
		dont_need(&s.bo);
		dont_need(&s.bo);
		expect_filled(&s.bo, 0, SIZE);
		verify_checksum(&s.vm, s.va, SIZE, 1, 7, &s.out, s.out_va);
		KT_EQ(bo_advise(&s.bo, DRM_VUMA_MADV_WILLNEED), 1);
		KT_EQ(bo_advise(&s.bo, DRM_VUMA_MADV_WILLNEED), 1);
		KT_EQ(bo_status(&s.bo) & (PURGED | PURGEABLE), 0);
	}
	/* Needed again: from here on it is evicted, not purged. */
	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	KT_EQ(bo_status(&s.bo) & (PURGED | PURGEABLE), 0);
	expect_filled(&s.bo, 0, SIZE);
}

static void purged_for_good(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	int i;

	purge(&s);
	for (i = 0; i < 3; i++) {
		KT_EQ(bo_advise(&s.bo, DRM_VUMA_MADV_WILLNEED), 0);
		KT_EQ(bo_advise(&s.bo, DRM_VUMA_MADV_DONTNEED), 0);
		KT_EQ(bo_status(&s.bo) & (PURGED | PURGEABLE), PURGED);
	}
	/* Not evicted: that would have kept it. */
	KT_EQ(bo_query(&s.bo).evictions, 0);
	KT_EQ(bo_query(&s.bo).evicted, 0);
	KT_RET(vuma_bo_discard(s.fd, s.bo.handle, 0, PAGE), -EFAULT);
	KT_OK(vuma_bo_set_label(s.fd, s.bo.handle, "purged"));
	KT_OK(vuma_bo_wait(s.fd, s.bo.handle, 0, 0));
	KT_OK(vuma_bo_fini(&s.bo));
}

/* panthor-46: what needs no keeping is free memory, with swap or without. */
static void purge_without_swap(void)
{
	struct tenant s = filled_tenant(4 * MIB, 0);
	struct vuma_bo kept = bo_new_mapped(s.fd, SIZE, 0);
	uint64_t before;

	KT_OK(cgroup_write(&s.cg, "memory.swap.max", "0"));
	vuma_pattern_fill(kept.map, SIZE, 5, 3);
	tenant_bind(&s);
	run_cmd(&s.vm, vuma_cmd_nop());
	before = arena_stat(&s.cg, "shmem");
	purge(&s);
	KT_LE(arena_stat(&s.cg, "shmem") + s.bo.size, before);
	KT_EQ(swapped(&s), 0);
	KT_EQ(bo_query(&kept).evictions, 0);
	verify_pattern(kept.map, SIZE, 5, 3);
}

/* A limit is no end while there is something that nobody needs. */
static void purge_under_a_limit(void)
{
	enum { COUNT = 12 };
	struct tenant s = filled_tenant(PAGE, 0);
	unsigned int purged = 0, i;
	struct vuma_bo bo;

	KT_OK(cgroup_write(&s.cg, "memory.swap.max", "0"));
	KT_OK(cgroup_write(&s.cg, "memory.max", "24M"));
	for (i = 0; i < COUNT; i++) {
		bo = bo_new_mapped(s.fd, 4 * MIB, i & 1 ? DRM_VUMA_BO_HUGE : 0);
		vuma_pattern_fill(bo.map, bo.size, i, 3);
		dont_need(&bo);
		KT_OK(vuma_bo_unmap(&bo));
		s.bo = bo;
	}
	for (i = s.bo.handle - COUNT + 1; i <= s.bo.handle; i++) {
		bo.handle = i;
		purged += !bo_advise(&bo, DRM_VUMA_MADV_WILLNEED);
	}
	KT_GE(purged, 1);
	KT_LT(purged, COUNT);
	KT_EQ(arena_event(&s.cg, "oom_kill"), 0);
}

static void purged_cpu_touch(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	uint64_t word;
	void *map;

	purge(&s);
	KT_EQ(try_read(s.bo.map, &word), SIGBUS);
	KT_EQ(try_write((char *)s.bo.map + SIZE - 8, 1), SIGBUS);
	/* mmap() promises nothing about pages. */
	KT_OK(vuma_bo_mmap(s.fd, s.bo.handle, SIZE, PROT_READ, &map));
	KT_EQ(try_read((char *)map + PAGE, &word), SIGBUS);
	KT_EQ(bo_query(&s.bo).resident, 0);
}

static void purged_cpu_touch_huge(void)
{
	struct tenant s = filled_tenant(4 * MIB, DRM_VUMA_BO_HUGE);
	uint64_t word;

	purge(&s);
	KT_EQ(try_read(s.bo.map, &word), SIGBUS);
	KT_EQ(try_write((char *)s.bo.map + 3 * MIB, 1), SIGBUS);
}

static void purged_jobs(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	struct vuma_vm other = vm_new(s.fd);
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	tenant_bind(&s);
	verify_checksum(&s.vm, s.va, SIZE, 1, 7, &s.out, s.out_va);
	purge(&s);
	KT_EQ(bo_status(&s.bo) & DRM_VUMA_BO_STATUS_GPU_MAPPED, 0);
	KT_RET(vuma_submit_one(s.fd, s.vm.id, &nop, 1, 0), -EFAULT);
	KT_RET(vuma_submit_one(s.fd, s.vm.id, &nop, 1, 0), -EFAULT);
	KT_EQ(vm_param(&s.vm, DRM_VUMA_PARAM_VM_FAULTS), 0);
	KT_RET(vuma_vm_map(&other, s.bo.handle, s.va, 0, SIZE, 0), -EFAULT);
	KT_OK(vuma_submit_one(s.fd, other.id, &nop, 1, 0));
	/* In parts, as what is cut has nothing behind it; then all is as it was. */
	KT_OK(vuma_vm_unmap(&s.vm, s.va + MIB, PAGE));
	KT_RET(vuma_submit_one(s.fd, s.vm.id, &nop, 1, 0), -EFAULT);
	KT_OK(vuma_vm_unmap(&s.vm, s.va, SIZE));
	run_cmd(&s.vm, nop);
}

/* Bound but never used: found purged by the job, not before. */
static void bound_then_purged(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	tenant_bind(&s);
	purge(&s);
	KT_RET(vuma_submit_one(s.fd, s.vm.id, &nop, 1, 0), -EFAULT);
}

static struct vuma_bo filled(int fd)
{
	struct vuma_bo bo = bo_new_mapped(fd, SIZE, 0);

	vuma_pattern_fill(bo.map, SIZE, 1, 7);
	return bo;
}

/* Nobody can unmap it but by closing it: so jobs that do not name it are not affected. */
static void purged_implicit(void)
{
	struct drm_vuma_legacy_bo uses[2];
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct vuma_bo bo, fresh, other;
	struct cgroup cg = arena_enter("a");
	int fd;

	fd = dev_open(0);
	bo = filled(fd);
	fresh = filled(fd);
	other = filled(fd);
	legacy_touch(&bo, 5);
	legacy_touch(&other, 6);
	legacy_wait_param(fd, DRM_VUMA_PARAM_VM_IDLE, 2);
	dont_need(&bo);
	dont_need(&fresh);
	arena_squeeze(&cg, 64 * MIB);
	KT_EQ(bo_status(&bo) & (PURGED | PURGEABLE), PURGED);
	KT_EQ(bo_status(&fresh) & (PURGED | PURGEABLE), PURGED);

	uses[0] = vuma_legacy_bo(other.handle, LEGACY_WRITE);
	uses[1] = vuma_legacy_bo(bo.handle, 0);
	KT_RET(vuma_submit_legacy(fd, uses, 2, &nop, 1, 0, 0), -EFAULT);
	KT_RET(vuma_submit_legacy(fd, uses, 2, NULL, 0, 0, 0), -EFAULT);
	uses[1] = vuma_legacy_bo(fresh.handle, 0);
	KT_RET(vuma_submit_legacy(fd, uses, 2, &nop, 1, 0, 0), -EFAULT);
	/* It got no address, and the other one keeps its own. */
	legacy_wait_param(fd, DRM_VUMA_PARAM_VM_IDLE, 2);
	legacy_expect(&other, 6);
	KT_OK(vuma_bo_fini(&bo));
	legacy_wait_param(fd, DRM_VUMA_PARAM_VM_IDLE, 1);
	legacy_touch(&other, 7);
	legacy_expect(&other, 7);
}

/* A display reads it: as with any pin, it stays until that is over. */
static void scanout_is_a_pin(void)
{
	struct tenant s = filled_tenant(SIZE, 0);

	KT_OK(vuma_scanout_pin(s.fd, s.bo.handle));
	dont_need(&s.bo);
	arena_squeeze(&s.cg, 64 * MIB);
	KT_EQ(bo_query(&s.bo).resident, SIZE);
	KT_RET(vuma_bo_discard(s.fd, s.bo.handle, 0, PAGE), -EBUSY);
	expect_filled(&s.bo, 0, SIZE);
	KT_OK(vuma_scanout_unpin(s.fd, s.bo.handle));
	purge(&s);
	KT_RET(vuma_scanout_pin(s.fd, s.bo.handle), -EFAULT);
	KT_RET(vuma_scanout_unpin(s.fd, s.bo.handle), -EINVAL);
}

static void exports(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	struct vuma_bo shared = bo_new_mapped(s.fd, SIZE, 0), there;
	int dmabuf;

	dont_need(&s.bo);
	KT_RET(vuma_prime_export(s.fd, s.bo.handle, DRM_CLOEXEC), -EBUSY);
	purge(&s);
	KT_RET(vuma_prime_export(s.fd, s.bo.handle, DRM_CLOEXEC), -EFAULT);

	/* Said before, and taken back, is as if it had not been said. */
	vuma_pattern_fill(shared.map, SIZE, 5, 3);
	dont_need(&shared);
	KT_EQ(bo_advise(&shared, DRM_VUMA_MADV_WILLNEED), 1);
	dmabuf = export_bo(&shared);
	there = import_bo(dev_open(0), dmabuf, SIZE);
	KT_RET(vuma_bo_advise(s.fd, shared.handle, DRM_VUMA_MADV_DONTNEED, NULL), -EBUSY);
	KT_RET(vuma_bo_advise(there.fd, there.handle, DRM_VUMA_MADV_DONTNEED, NULL), -EBUSY);
	KT_EQ(bo_advise(&shared, DRM_VUMA_MADV_WILLNEED), 1);
	KT_EQ(bo_status(&shared) & (PURGED | PURGEABLE), 0);
	KT_SYS(close(dmabuf));
	KT_RET(vuma_bo_advise(s.fd, shared.handle, DRM_VUMA_MADV_DONTNEED, NULL), -EBUSY);
	arena_squeeze(&s.cg, 64 * MIB);
	verify_pattern(shared.map, SIZE, 5, 3);
}

/* A job that was queued gets what it was queued for. */
static void busy_is_not_purged(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	struct drm_vuma_cmd cmd = vuma_cmd_checksum(s.out_va, s.va, SIZE);
	uint64_t a, b, *sums = s.out.map;
	struct gate gate = gate_new(s.fd);
	uint32_t syncobj = syncobj_new(s.fd);

	tenant_bind(&s);
	KT_OK(submit_after(&s.vm, &cmd, 1, gate.in, syncobj));
	dont_need(&s.bo);
	arena_squeeze(&s.cg, 64 * MIB);
	KT_EQ(bo_status(&s.bo) & (PURGED | PURGEABLE), PURGEABLE);
	KT_EQ(bo_query(&s.bo).resident, SIZE);
	gate_open(&gate);
	wait_job(s.fd, syncobj, 0);
	vuma_pattern_checksum(SIZE, 1, 7, &a, &b);
	KT_EQ(sums[0], a);
	KT_EQ(sums[1], b);
	purge(&s);
}

/*
 * What is not needed goes before what is, however recently it was used. By debugfs, which
 * takes as much as it is told: memory.reclaim does not count what a driver frees.
 */
static void purged_before_evicted(void)
{
	/* A scan that frees nothing looks at fewer before it tries something else. */
	enum { COUNT = 80 };
	struct vuma_bo old[4], bos[COUNT];
	unsigned int purged = 0, i;
	struct vuma_vm vm;
	FILE *file;
	int fd;

	need_reclaim();
	fd = dev_open(0);
	vm = vm_new(fd);
	for (i = 0; i < ARRAY_SIZE(old); i++) {
		old[i] = bo_new_mapped(fd, SIZE, 0);
		vuma_pattern_fill(old[i].map, SIZE, i, 3);
		KT_OK(vuma_bo_unmap(&old[i]));
		KT_OK(vuma_vm_map(&vm, old[i].handle, 0x40000000, 0, SIZE, 0));
		run_cmd(&vm, vuma_cmd_nop());
		/* Filed anew, and not used since. */
		KT_OK(vuma_vm_unmap(&vm, 0x40000000, SIZE));
	}
	for (i = 0; i < COUNT; i++) {
		bos[i] = bo_new(fd, PAGE, 0);
		KT_OK(vuma_vm_map(&vm, bos[i].handle, 0x40000000 + i * PAGE, 0, PAGE, 0));
	}
	run_cmd(&vm, vuma_cmd_fill(0x40000000, COUNT * PAGE, 1, 7));
	for (i = 0; i < COUNT; i++)
		dont_need(&bos[i]);
	/* Used since then, which is no reason to keep them. */
	run_cmd(&vm, vuma_cmd_nop());
	file = open_debugfs(fd, "shrink", "w");
	if (!file)
		KT_SKIP("no debugfs");
	fprintf(file, "%u\n", COUNT / 2);
	KT_EQ(fclose(file), 0);
	for (i = 0; i < COUNT; i++)
		purged += !!(bo_status(&bos[i]) & PURGED);
	KT_GE(purged, COUNT / 2);
	for (i = 0; i < ARRAY_SIZE(old); i++)
		KT_EQ(bo_query(&old[i]).evictions, 0);
}

/* Swap space is memory, too. */
static void purge_of_evicted(void)
{
	struct tenant s = filled_tenant(SIZE, 0);

	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	KT_GE(swapped(&s), SIZE);
	purge(&s);
	KT_LT(swapped(&s), SIZE / 2);
	KT_EQ(bo_advise(&s.bo, DRM_VUMA_MADV_WILLNEED), 0);
}

static void purgeable_in_fdinfo(void)
{
	struct tenant s = filled_tenant(SIZE, 0);

	KT_EQ(fdinfo(s.fd, "drm-purgeable-memory"), 0);
	dont_need(&s.bo);
	KT_EQ(fdinfo(s.fd, "drm-purgeable-memory"), SIZE);
	KT_EQ(bo_advise(&s.bo, DRM_VUMA_MADV_WILLNEED), 1);
	KT_EQ(fdinfo(s.fd, "drm-purgeable-memory"), 0);
	purge(&s);
	KT_EQ(fdinfo(s.fd, "drm-purgeable-memory"), 0);
}

static void discard(struct tenant *s, uint64_t offset, uint64_t size)
{
	KT_OK(vuma_bo_discard(s->fd, s->bo.handle, offset, size));
}

static void expect_hole(struct tenant *s, uint64_t offset, uint64_t size)
{
	uint64_t end = offset + size;

	expect_filled(&s->bo, 0, offset);
	expect_zero(&s->bo, offset, size);
	expect_filled(&s->bo, end, s->bo.size - end);
}

static void discard_of_a_range(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	uint64_t before = arena_stat(&s.cg, "shmem"), half = SIZE / 2;

	discard(&s, PAGE, half);
	KT_EQ(bo_query(&s.bo).resident, SIZE - half);
	KT_LE(arena_stat(&s.cg, "shmem"), before - half + 16 * PAGE);
	/* Part of it is all there is of an extent; part is in the middle of one. */
	discard(&s, 0, 2 * PAGE);
	discard(&s, SIZE - PAGE, PAGE);
	KT_EQ(bo_query(&s.bo).resident, SIZE - half - 2 * PAGE);
	expect_zero(&s.bo, 0, half + PAGE);
	expect_filled(&s.bo, half + PAGE, half - 2 * PAGE);
	expect_zero(&s.bo, SIZE - PAGE, PAGE);
	/* And goes on to be memory. */
	vuma_pattern_fill(s.bo.map, SIZE, 1, 7);
	arena_evict(&s.cg, &s.bo, 1);
	expect_filled(&s.bo, 0, SIZE);
	discard(&s, 0, SIZE);
	KT_EQ(bo_query(&s.bo).resident, 0);
	expect_zero(&s.bo, 0, SIZE);
}

static void discard_under_the_gpu(void)
{
	struct tenant s = filled_tenant(SIZE, 0);

	tenant_bind(&s);
	verify_checksum(&s.vm, s.va, SIZE, 1, 7, &s.out, s.out_va);
	discard(&s, MIB, MIB);
	verify_checksum(&s.vm, s.va, MIB, 1, 7, &s.out, s.out_va);
	verify_checksum(&s.vm, s.va + MIB, MIB, 0, 0, &s.out, s.out_va);
	/* Written by nobody but the GPU: it has to know that the new pages are dirty. */
	run_cmd(&s.vm, vuma_cmd_fill(s.va + MIB, MIB, 9, 5));
	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	verify_checksum(&s.vm, s.va + MIB, MIB, 9, 5, &s.out, s.out_va);
	expect_filled(&s.bo, 0, MIB);
}

static void discard_of_evicted(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	uint64_t before;

	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	before = swapped(&s);
	KT_GE(before, SIZE);
	discard(&s, MIB / 2, MIB);
	/* Each CPU gives slots back in batches. */
	KT_LE(swapped(&s), before - MIB / 2);
	expect_hole(&s, MIB / 2, MIB);
	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	discard(&s, 0, SIZE);
	KT_LT(swapped(&s), MIB);
	expect_zero(&s.bo, 0, SIZE);
}

/* Borders in the middle of huge folios, in memory and in swap. */
static void discard_of_huge(void)
{
	struct tenant s = filled_tenant(8 * MIB, DRM_VUMA_BO_HUGE);

	tenant_bind(&s);
	run_cmd(&s.vm, vuma_cmd_nop());
	discard(&s, MIB, 4 * MIB);
	KT_LE(bo_query(&s.bo).resident, 6 * MIB);
	expect_hole(&s, MIB, 4 * MIB);
	verify_checksum(&s.vm, s.va + MIB, 4 * MIB, 0, 0, &s.out, s.out_va);

	vuma_pattern_fill(s.bo.map, s.bo.size, 1, 7);
	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	discard(&s, 3 * MIB + PAGE, 2 * PAGE);
	expect_hole(&s, 3 * MIB + PAGE, 2 * PAGE);
	arena_evict(&s.cg, (struct vuma_bo[]){ s.bo, s.out }, 2);
	vuma_pattern_fill((char *)s.bo.map + 3 * MIB + PAGE, 2 * PAGE,
			  1 + (3 * MIB + PAGE) / 8 * 7, 7);
	discard(&s, MIB / 2, 7 * MIB);
	expect_hole(&s, MIB / 2, 7 * MIB);
}

static void discard_first_mib(void *arg)
{
	discard(arg, 0, MIB);
}

static void discard_waits(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	struct drm_vuma_cmd fill = vuma_cmd_fill(s.va, SIZE, 3, 5);
	struct waiter waiter = { .call = discard_first_mib, .arg = &s };
	struct gate gate = gate_new(s.fd);

	tenant_bind(&s);
	KT_OK(submit_after(&s.vm, &fill, 1, gate.in, 0));
	waiter_start(&waiter);
	expect_filled(&s.bo, 0, SIZE);
	gate_open(&gate);
	waiter_join(&waiter);
	expect_zero(&s.bo, 0, MIB);
	verify_pattern((char *)s.bo.map + MIB, MIB, 3 + MIB / 8 * 5, 5);
}

static void discard_of_pinned(void)
{
	struct tenant s = filled_tenant(SIZE, 0);
	struct vuma_bo there, out;
	struct vuma_vm vm;
	uint64_t va, out_va;

	/* That others can get at it is no reason against zeroes. */
	there = import_bo(dev_open(1), export_bo(&s.bo), SIZE);
	vm = vm_new(there.fd);
	out = bo_new_mapped(there.fd, PAGE, 0);
	va = vm_map_bo(&vm, &there);
	out_va = vm_map_bo(&vm, &out);
	run_cmd(&vm, vuma_cmd_checksum(out_va, va, SIZE));
	discard(&s, 0, PAGE);
	verify_checksum(&vm, va, PAGE, 0, 0, &out, out_va);
	KT_OK(vuma_scanout_pin(s.fd, s.bo.handle));
	KT_RET(vuma_bo_discard(s.fd, s.bo.handle, PAGE, PAGE), -EBUSY);
	expect_filled(&s.bo, PAGE, SIZE - PAGE);
	KT_OK(vuma_scanout_unpin(s.fd, s.bo.handle));
	discard(&s, PAGE, PAGE);
	expect_zero(&s.bo, 0, 2 * PAGE);
	expect_filled(&s.bo, 2 * PAGE, SIZE - 2 * PAGE);
}

static void discard_of_nothing(void)
{
	struct tenant s = filled_tenant(PAGE, 0);
	struct vuma_bo bo = bo_new_mapped(s.fd, SIZE, 0);

	KT_OK(vuma_bo_discard(s.fd, bo.handle, 0, SIZE));
	KT_EQ(bo_query(&bo).resident, 0);
	expect_zero(&bo, 0, SIZE);
	KT_OK(vuma_bo_discard(s.fd, bo.handle, PAGE, PAGE));
	expect_zero(&bo, 0, SIZE);
}

static void discard_of_private(void)
{
	struct tenant s = filled_tenant(PAGE, 0);

	s.bo.size = SIZE;
	KT_OK(vuma_bo_create_private(s.fd, s.vm.id, SIZE, 0, &s.bo.handle));
	tenant_bind(&s);
	run_cmd(&s.vm, vuma_cmd_fill(s.va, SIZE, 1, 7));
	discard(&s, MIB, MIB);
	verify_checksum(&s.vm, s.va, MIB, 1, 7, &s.out, s.out_va);
	verify_checksum(&s.vm, s.va + MIB, MIB, 0, 0, &s.out, s.out_va);
	purge(&s);
}

static void discard_on_reclaim(void)
{
	struct tenant s = filled_tenant(SIZE, DRM_VUMA_BO_DISCARD_ON_RECLAIM);
	uint64_t i;

	KT_OK(cgroup_write(&s.cg, "memory.swap.max", "0"));
	tenant_bind(&s);
	for (i = 0; i < 3; i++) {
		verify_checksum(&s.vm, s.va, SIZE, i ? i + 100 : 1, 7, &s.out, s.out_va);
		arena_squeeze(&s.cg, 64 * MIB);
		KT_EQ(bo_query(&s.bo).resident, 0);
		KT_EQ(bo_status(&s.bo) & (PURGED | PURGEABLE), 0);
		verify_checksum(&s.vm, s.va, SIZE, 0, 0, &s.out, s.out_va);
		expect_zero(&s.bo, 0, SIZE);
		run_cmd(&s.vm, vuma_cmd_fill(s.va, SIZE, i + 101, 7));
	}
	KT_EQ(swapped(&s), 0);
	KT_EQ(bo_query(&s.bo).evictions, 0);
	/* Nothing against saying so, too. */
	purge(&s);
}

static void discard_on_reclaim_not_when_busy(void)
{
	struct tenant s = filled_tenant(SIZE, DRM_VUMA_BO_DISCARD_ON_RECLAIM);
	struct gate gate = gate_new(s.fd);
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	tenant_bind(&s);
	KT_OK(submit_after(&s.vm, &nop, 1, gate.in, 0));
	arena_squeeze(&s.cg, 64 * MIB);
	expect_filled(&s.bo, 0, SIZE);
	gate_open(&gate);
	KT_OK(vuma_bo_wait(s.fd, s.bo.handle, 0, FOREVER));
	arena_squeeze(&s.cg, 64 * MIB);
	expect_zero(&s.bo, 0, SIZE);
}

static const struct ktap_test tests[] = {
	{ .name = "madvise_bad_arguments_EINVAL_ENOENT", .run = bad_arguments },
	{ .name = "madvise_of_an_import_EPERM", .run = import_is_not_ours },
	{ .name = "madvise_needed_again_is_retained_panthor-85", .run = retained },
	{ .name = "madvise_purged_is_for_good", .run = purged_for_good },
	{ .name = "madvise_purge_needs_no_swap_panthor-46", .run = purge_without_swap },
	{ .name = "madvise_purge_instead_of_OOM_panthor-46", .run = purge_under_a_limit },
	{ .name = "madvise_purged_touch_is_SIGBUS_panthor-85", .run = purged_cpu_touch },
	{ .name = "madvise_purged_huge_touch_is_SIGBUS", .run = purged_cpu_touch_huge },
	{ .name = "madvise_purged_submit_and_bind_EFAULT", .run = purged_jobs },
	{ .name = "madvise_bound_while_evicted_then_purged", .run = bound_then_purged },
	{ .name = "madvise_purged_implicit_address_EFAULT", .run = purged_implicit },
	{ .name = "madvise_pinned_for_scanout_is_kept", .run = scanout_is_a_pin },
	{ .name = "madvise_exported_is_never_purged_EBUSY_EFAULT", .run = exports },
	{ .name = "madvise_busy_is_purged_later", .run = busy_is_not_purged },
	{ .name = "madvise_purged_before_others_are_evicted", .run = purged_before_evicted },
	{ .name = "madvise_purge_of_evicted_frees_swap", .run = purge_of_evicted },
	{ .name = "madvise_purgeable_in_fdinfo", .run = purgeable_in_fdinfo },
	{ .name = "madvise_discarded_range_is_zero_and_free", .run = discard_of_a_range },
	{ .name = "madvise_discard_of_what_the_gpu_maps", .run = discard_under_the_gpu },
	{ .name = "madvise_discard_of_evicted_frees_swap", .run = discard_of_evicted },
	{ .name = "madvise_discard_inside_of_huge_folios", .run = discard_of_huge },
	{ .name = "madvise_discard_waits_for_jobs", .run = discard_waits },
	{ .name = "madvise_discard_of_pinned_EBUSY", .run = discard_of_pinned },
	{ .name = "madvise_discard_of_what_was_never_there", .run = discard_of_nothing },
	{ .name = "madvise_discard_of_a_private_buffer", .run = discard_of_private },
	{ .name = "madvise_discard_on_reclaim_reads_zero", .run = discard_on_reclaim },
	{ .name = "madvise_discard_on_reclaim_waits_for_jobs",
	  .run = discard_on_reclaim_not_when_busy },
};

TEST_PROGRAM(tests, arena_cleanup);
