// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that are write-combined on x86, for all mappings and for the kernel itself. Which
 * pages are, the kernel notes in a flag of theirs. Devices 0 and 2 have wc=1, device 2 a
 * modelled cache for its other buffers, too.
 */
#include <sys/utsname.h>

#include "arena.h"

#define KPF_ARCH	38
#define SIZE		(5 * VUMA_MIB / 2)
#define PAGES		(SIZE / PAGE)

/* Bit 38 of the flags: PG_arch_1, which x86 has for this alone. */
static bool is_wc(uint64_t flags)
{
	return flags >> KPF_ARCH & 1;
}

static bool has_attributes(void)
{
	struct utsname uts;

	KT_SYS(uname(&uts));
	return !strcmp(uts.machine, "x86_64");
}

/* Pages of the machine that are write-combined: /proc/self/pagemap tells nothing of ours. */
static uint64_t count_wc(void)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	static uint64_t flags[4096];
	uint64_t count = 0;
	ssize_t len, i;

	if (fd < 0)
		KT_SKIP("no /proc/kpageflags");
	if (!has_attributes())
		KT_SKIP("pages have one attribute for all mappings on x86 only");
	while ((len = read(fd, flags, sizeof(flags))) > 0)
		for (i = 0; i < len / (ssize_t)sizeof(flags[0]); i++)
			count += is_wc(flags[i]);
	KT_SYS(len);
	KT_SYS(close(fd));
	return count;
}

static void touch_all(const struct vuma_bo *bo)
{
	stamp_pages(bo->map, bo->size / PAGE, 1);
}

static void given_back(intptr_t flags)
{
	struct cgroup cg = arena_enter("a");
	uint64_t before = count_wc();
	struct vuma_bo bo = bo_new_mapped(dev_open(0), SIZE, DRM_VUMA_BO_WC | flags);

	touch_all(&bo);
	KT_EQ(count_wc() - before, PAGES);
	arena_evict(&cg, &bo, 1);
	KT_EQ(count_wc(), before);
	verify_pages(bo.map, PAGES, 1, 0);
	KT_EQ(count_wc() - before, PAGES);
	KT_OK(vuma_bo_discard(bo.fd, bo.handle, PAGE, PAGE));
	KT_EQ(*(uint64_t *)((char *)bo.map + PAGE), 0);
	KT_OK(vuma_bo_fini(&bo));
	KT_WAIT(count_wc() == before);
}

static void cached_elsewhere(void)
{
	struct vuma_bo forced, asked;
	uint64_t before = count_wc();

	need_devices(2);
	forced = bo_new_mapped(dev_open(1), SIZE, DRM_VUMA_BO_WC);
	asked = bo_new_mapped(dev_open(0), SIZE, 0);
	touch_all(&forced);
	touch_all(&asked);
	KT_EQ(count_wc(), before);
}

/* uma-B6: nothing of what was in the cache before goes over what was written past it. */
static void exact_under_reclaim(intptr_t device)
{
	struct cgroup cg = arena_enter("a");
	uint64_t before = count_wc(), va, out_va, i;
	struct vuma_bo bo, out;
	struct vuma_vm vm;

	need_devices(device + 1);
	vm = vm_new(dev_open(device));
	bo = bo_new_mapped(vm.fd, SIZE, DRM_VUMA_BO_WC);
	out = bo_new_mapped(vm.fd, PAGE, DRM_VUMA_BO_WC);
	va = vm_map_bo(&vm, &bo);
	out_va = vm_map_bo(&vm, &out);
	for (i = 1; i < 10; i++) {
		vuma_pattern_fill(bo.map, SIZE, i, 7);
		if (i % 3 == 0)
			arena_evict(&cg, &bo, 1);
		verify_checksum(&vm, va, SIZE, i, 7, &out, out_va);
		verify_pattern(bo.map, SIZE, i, 7);
		run_cmd(&vm, vuma_cmd_fill(va, SIZE, 1000 * i, 3));
		if (i % 3 == 1)
			arena_evict(&cg, &bo, 1);
		verify_pattern(bo.map, SIZE, 1000 * i, 3);
		KT_EQ(bo_query(&bo).resident, SIZE);
		KT_EQ(count_wc() - before, PAGES + bo_query(&out).resident / PAGE);
	}
}

/* Chunks come and go while the rest stays. */
static void larger_than_memory_max(void)
{
	const uint64_t size = 12 * VUMA_MIB;
	struct cgroup cg = arena_enter("a");
	uint64_t before = count_wc();
	struct vuma_bo bo = bo_new_mapped(dev_open(0), size, DRM_VUMA_BO_WC);

	KT_OK(cgroup_write(&cg, "memory.max", "%llu", 8 * VUMA_MIB));
	stamp_pages(bo.map, size / PAGE, 3);
	KT_LT((count_wc() - before) * PAGE, 8 * VUMA_MIB);
	verify_pages(bo.map, size / PAGE, 3, 0);
	KT_WAIT(count_wc() - before == bo_query(&bo).resident / PAGE);
	KT_OK(vuma_bo_fini(&bo));
	KT_WAIT(count_wc() == before);
}

static void by_dmabuf(void)
{
	const uint64_t at = 3 * PAGE;
	uint64_t before = count_wc(), va;
	struct vuma_bo bo, there, out;
	struct vuma_vm vm;
	void *map;
	int dmabuf;

	need_devices(2);
	bo = bo_new_mapped(dev_open(0), SIZE, DRM_VUMA_BO_WC);
	dmabuf = export_bo(&bo);
	map = KT_MAPPED(mmap(NULL, SIZE - at, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, at));
	vuma_pattern_fill(bo.map, SIZE, 5, 3);
	verify_pattern(map, SIZE - at, 5 + 3 * (at / 8), 3);
	KT_EQ(count_wc() - before, PAGES);
	vm = vm_new(dev_open(1));
	there = import_bo(vm.fd, dmabuf, SIZE);
	va = vm_map_bo(&vm, &there);
	out = bo_new_mapped(vm.fd, PAGE, 0);
	verify_checksum(&vm, va, SIZE, 5, 3, &out, vm_map_bo(&vm, &out));
	run_cmd(&vm, vuma_cmd_fill(va, SIZE, 9, 3));
	verify_pattern(bo.map, SIZE, 9, 3);
}

static const struct ktap_test tests[] = {
	{ .name = "wc_pages_are_given_back_cached_sparse-B9", .run_arg = given_back },
	{ .name = "wc_huge_pages_are_given_back_cached_sparse-B9", .run_arg = given_back,
	  .arg = DRM_VUMA_BO_HUGE },
	{ .name = "wc_is_cached_where_it_is_not_allowed_or_not_asked", .run = cached_elsewhere },
	{ .name = "wc_buffer_is_exact_under_reclaim_uma-B6", .run_arg = exact_under_reclaim },
	{ .name = "wc_beside_a_modelled_cache_is_exact_uma-B6", .run_arg = exact_under_reclaim,
	  .arg = 2 },
	{ .name = "wc_buffer_larger_than_memory_max", .run = larger_than_memory_max },
	{ .name = "wc_by_dmabuf_is_the_same", .run = by_dmabuf },
};

TEST_PROGRAM(tests, arena_cleanup);
