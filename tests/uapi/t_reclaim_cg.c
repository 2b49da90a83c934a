// SPDX-License-Identifier: GPL-2.0
/* Whose memory it is: charges, limits and protection of memory cgroups. */
#include "arena.h"
#include "peer.h"

#define MIB	VUMA_MIB
#define SIZE	((ktap_slow() > 1 ? 8 : 16) * MIB)

static void charged_to_creator(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;
	uint64_t before;

	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	before = arena_current(&cg);
	stamp_pages(bo.map, SIZE / PAGE, 0);
	expect_near(arena_current(&cg) - before, SIZE);
	expect_near(arena_stat(&cg, "shmem"), SIZE);
	KT_OK(vuma_bo_fini(&bo));
	expect_near(arena_current(&cg), before);
}

static void eviction_uncharges(void)
{
	uint64_t before, after, swap;
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;

	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 0x9e3779b97f4a7c15);
	before = arena_current(&cg);
	arena_evict(&cg, &bo, 1);
	after = arena_current(&cg);
	KT_GE(before - after, SIZE - SLACK);
	KT_OK(cgroup_read_u64(&cg, "memory.swap.current", &swap));
	KT_GE(swap, SIZE - SLACK);
	verify_pattern(bo.map, SIZE, 1, 0x9e3779b97f4a7c15);
	expect_near(arena_stat(&cg, "shmem"), SIZE);
}

static void other_touches(const struct peer *peer, void *arg)
{
	struct vuma_bo *bo = arg;

	stamp_pages(bo->map, SIZE / PAGE, 0);
	peer_next(peer);
	verify_pages(bo->map, SIZE / PAGE, 0, 0);
}

/* Another process is the first to touch, and the one that brings it back. */
static void touched_by_another(void)
{
	struct cgroup a, b;
	struct peer peer;
	struct vuma_bo bo;
	uint64_t other;

	a = arena_enter("a");
	b = arena_new("b");
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	peer = peer_start(&b, other_touches, &bo);
	other = arena_current(&b);
	KT_LE(arena_stat(&a, "shmem"), SLACK);
	peer_next(&peer);
	expect_near(arena_stat(&a, "shmem"), SIZE);
	KT_LE(arena_current(&b), other + SLACK);
	KT_EQ(arena_stat(&b, "shmem"), 0);
	arena_evict(&a, &bo, 1);
	peer_next(&peer);
	expect_near(arena_stat(&a, "shmem"), SIZE);
	KT_LE(arena_current(&b), other + SLACK);
	join_child(peer.pid);
}

static void other_submits(const struct peer *peer, void *arg)
{
	struct vuma_bo bo = { .fd = dev_open(0), .size = SIZE }, out;
	struct vuma_vm vm = vm_new(bo.fd);
	uint64_t va, out_va;

	KT_OK(vuma_prime_import(bo.fd, *(int *)arg, &bo.handle));
	out = bo_new_mapped(bo.fd, PAGE, 0);
	va = vm_map_bo(&vm, &bo);
	out_va = vm_map_bo(&vm, &out);
	run_cmd(&vm, vuma_cmd_fill(va, SIZE, 1, 3));
	peer_next(peer);
	verify_checksum(&vm, va, SIZE, 1, 3, &out, out_va);
}

static void populated_by_another_job(void)
{
	struct cgroup a, b;
	struct peer peer;
	struct vuma_bo bo;
	int dmabuf;

	a = arena_enter("a");
	b = arena_new("b");
	bo = bo_new(dev_open(0), SIZE, 0);
	dmabuf = export_bo(&bo);
	peer = peer_start(&b, other_submits, &dmabuf);
	peer_next(&peer);
	expect_near(arena_stat(&a, "shmem"), SIZE);
	KT_LE(arena_stat(&b, "shmem"), SLACK);
	arena_evict(&a, &bo, 1);
	peer_next(&peer);
	expect_near(arena_stat(&a, "shmem"), SIZE);
	KT_LE(arena_stat(&b, "shmem"), SLACK);
	join_child(peer.pid);
}

static void holds_buffer(const struct peer *peer, void *arg)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), SIZE, 0);
	struct vuma_vm vm = vm_new(bo.fd);
	uint64_t va = vm_map_bo(&vm, &bo);

	(void)arg;
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	run_cmd(&vm, vuma_cmd_fill(va, PAGE, 1, 3));
	peer_next(peer);
	expect_untouched(&bo);
	verify_pattern(bo.map, SIZE, 1, 3);
}

static void others_are_left_alone(void)
{
	struct cgroup a, b;
	struct peer peer;
	struct vuma_bo bo;
	uint64_t before;
	int i;

	need_reclaim();
	b = arena_new("b");
	peer = peer_start(&b, holds_buffer, NULL);
	peer_next(&peer);
	before = arena_stat(&b, "shmem");
	expect_near(before, SIZE);
	a = arena_enter("a");
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	for (i = 0; i < 3; i++) {
		vuma_pattern_fill(bo.map, SIZE, i, 3);
		arena_evict(&a, &bo, 1);
	}
	/* And once more, where nothing is left of one's own. */
	arena_squeeze(&a, 64 * MIB);
	KT_EQ(arena_stat(&b, "shmem"), before);
	peer_end(&peer);
}

/* Three times the limit, all of it written and read back by CPU and GPU. */
static void three_times_the_limit(void)
{
	enum { MOST = 24 };
	const int count = ktap_slow() > 1 ? MOST / 4 : MOST;
	const uint64_t size = (ktap_slow() > 1 ? 2 : 4) * MIB;
	const unsigned long long limit = count * size / 3;
	struct vuma_bo bos[MOST], out;
	uint64_t out_va = 0x20000000, va = 0x40000000;
	struct cgroup cg;
	int fd, i;

	cg = arena_enter("a");
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", limit));
	fd = dev_open(0);
	out = bo_new_mapped(fd, PAGE, 0);
	for (i = 0; i < count; i++) {
		bos[i] = bo_new_mapped(fd, size, i & 1 ? DRM_VUMA_BO_HUGE : 0);
		vuma_pattern_fill(bos[i].map, bos[i].size, i, 5);
	}
	for (i = 0; i < count; i++)
		verify_pattern(bos[i].map, bos[i].size, i, 5);
	/* Each in its own VM: one job needs all that its VM binds. */
	for (i = 0; i < count; i++) {
		int at = i * 7 % count;
		struct vuma_vm vm = vm_new(fd);

		KT_OK(vuma_vm_map(&vm, out.handle, out_va, 0, PAGE, 0));
		KT_OK(vuma_vm_map(&vm, bos[at].handle, va, 0, bos[at].size, 0));
		verify_checksum(&vm, va, bos[at].size, at, 5, &out, out_va);
		run_cmd(&vm, vuma_cmd_fill(va, bos[at].size, 1000 + at, 5));
		KT_OK(vuma_vm_fini(&vm));
	}
	for (i = 0; i < count; i++)
		verify_pattern(bos[i].map, bos[i].size, 1000 + i, 5);
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
	KT_LE(arena_current(&cg), limit);
}

/* panthor-88: refused as a whole, and no harm done. */
static void vm_beyond_the_limit(void)
{
	enum { MOST = 16 };
	const int count = ktap_slow() > 1 ? MOST / 4 : MOST;
	const uint64_t size = (ktap_slow() > 1 ? 2 : 4) * MIB;
	const unsigned long long half = count * size / 2;
	struct drm_vuma_cmd cmd;
	struct vuma_bo bos[MOST], out;
	struct cgroup cg;
	struct vuma_vm vm;
	uint64_t va = 0x40000000, out_va = 0x20000000;
	int fd, i, tries, ret, status;

	cg = arena_enter("a");
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", half));
	fd = dev_open(0);
	vm = vm_new(fd);
	out = bo_new_mapped(fd, PAGE, 0);
	KT_OK(vuma_vm_map(&vm, out.handle, out_va, 0, PAGE, 0));
	for (i = 0; i < count; i++) {
		bos[i] = bo_new_mapped(fd, size, 0);
		vuma_pattern_fill(bos[i].map, bos[i].size, i, 5);
		KT_OK(vuma_vm_map(&vm, bos[i].handle, va + i * bos[i].size, 0, bos[i].size, 0));
	}
	cmd = vuma_cmd_fill(out_va, 8, 1, 0);
	for (tries = 0; tries < 3; tries++) {
		ret = vuma_run(fd, vm.id, &cmd, 1, FOREVER, &status);
		KT_RET(ret, -ENOMEM);
		KT_EQ(*(volatile uint64_t *)out.map, 0);
	}
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
	/* Another VM, with less bound, is not concerned. */
	for (i = 0; i < count; i += count / 4) {
		struct vuma_vm small = vm_new(fd);

		KT_OK(vuma_vm_map(&small, out.handle, out_va, 0, PAGE, 0));
		KT_OK(vuma_vm_map(&small, bos[i].handle, va, 0, bos[i].size, 0));
		verify_checksum(&small, va, bos[i].size, i, 5, &out, out_va);
		KT_OK(vuma_vm_fini(&small));
	}
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", 4 * half));
	run_cmd(&vm, cmd);
	KT_EQ(*(volatile uint64_t *)out.map, 1);
	for (i = 0; i < count; i++)
		verify_checksum(&vm, va + i * bos[i].size, bos[i].size, i, 5, &out, out_va);
}

static void limit_set_later(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;

	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", SIZE / 2));
	KT_LE(arena_current(&cg), SIZE / 2);
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
	KT_OK(cgroup_write(&cg, "memory.max", "max"));
	verify_pattern(bo.map, SIZE, 1, 3);
}

static void memory_high(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;

	KT_OK(cgroup_write(&cg, "memory.high", "%llu", SIZE / 2));
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	KT_GE(arena_event(&cg, "high"), 1);
	KT_GE(bo_query(&bo).evictions, 1);
	verify_pattern(bo.map, SIZE, 1, 3);
}

static void memory_low(void)
{
	struct cgroup p, a, b;
	struct peer peer;
	struct vuma_bo bo;
	int tries;

	need_reclaim();
	p = arena_new("p");
	a = arena_new("p/a");
	b = arena_new("p/b");
	KT_OK(cgroup_write(&p, "memory.low", "%llu", 2 * SIZE));
	KT_OK(cgroup_write(&a, "memory.low", "%llu", 2 * SIZE));
	peer = peer_start(&a, holds_buffer, NULL);
	peer_next(&peer);
	KT_OK(cgroup_enter(&b));
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	for (tries = 0; tries < 100 && bo_query(&bo).resident; tries++)
		arena_squeeze(&p, MIB);
	KT_EQ(bo_query(&bo).resident, 0);
	peer_end(&peer);
	verify_pattern(bo.map, SIZE, 1, 3);
}

/* The cgroup is removed, its buffers are its parent's. */
static void owner_is_gone(void)
{
	struct cgroup p, a, b;
	struct vuma_bo bo;
	int tries;

	need_reclaim();
	p = arena_new("p");
	a = arena_new("p/a");
	b = arena_new("p/b");
	KT_OK(cgroup_enter(&a));
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE / 2, 1, 3);
	KT_OK(cgroup_enter(&b));
	KT_OK(cgroup_remove(&a));
	/* What comes now is still charged. */
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	expect_near(arena_stat(&p, "shmem"), SIZE);
	KT_LE(arena_stat(&b, "shmem"), SLACK);
	for (tries = 0; tries < 100 && bo_query(&bo).resident; tries++)
		arena_squeeze(&p, 64 * MIB);
	expect_evicted(&bo);
	verify_pattern(bo.map, SIZE, 1, 3);
}

/* A process that moves takes nothing with it. */
static void owner_moves(void)
{
	struct cgroup a, b;
	struct vuma_bo bo;

	a = arena_enter("a");
	b = arena_new("b");
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	KT_OK(cgroup_enter(&b));
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	expect_near(arena_stat(&a, "shmem"), SIZE);
	KT_LE(arena_stat(&b, "shmem"), SLACK);
	arena_squeeze(&b, 64 * MIB);
	expect_untouched(&bo);
	arena_evict(&a, &bo, 1);
	verify_pattern(bo.map, SIZE, 1, 3);
}

/* Without a place to put it, content has to stay. */
static void no_swap_for_the_cgroup(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;

	KT_OK(cgroup_write(&cg, "memory.swap.max", "0"));
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	arena_squeeze(&cg, 64 * MIB);
	expect_near(arena_stat(&cg, "shmem"), SIZE);
	verify_pattern(bo.map, SIZE, 1, 3);
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
}

/*
 * No memory is left: the fault gets an answer, and does not repeat for ever. Another
 * cgroup touches it, or the next page of our stack would be what does not fit.
 */
static void touch_beyond_memory_max(void)
{
	struct cgroup cg, other;
	struct vuma_bo bo;
	uint64_t off, good = 0;
	int sig = 0;

	cg = arena_enter("a");
	other = arena_new("b");
	KT_OK(cgroup_write(&cg, "memory.swap.max", "0"));
	KT_OK(cgroup_write(&cg, "memory.max", "12M"));
	bo = bo_new_mapped(dev_open(0), 32 * MIB, 0);
	KT_OK(cgroup_enter(&other));
	for (off = 0; off < bo.size && !sig; off += PAGE) {
		sig = try_write((char *)bo.map + off, off);
		good += !sig;
	}
	KT_EQ(sig, SIGBUS);
	KT_GE(good, 1);
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
	/* Given room, it goes on where it stopped, and nothing is lost. */
	KT_OK(cgroup_write(&cg, "memory.max", "max"));
	KT_EQ(try_write((char *)bo.map + good * PAGE, good * PAGE), 0);
	for (off = 0; off <= good * PAGE; off += PAGE)
		KT_EQ(*(uint64_t *)((char *)bo.map + off), off);
}

static void kernel_memory_is_charged(void)
{
	const int count = ktap_slow() > 1 ? 1000 : 4000;
	struct cgroup cg = arena_enter("a");
	uint64_t before;
	int fd, i;

	fd = dev_open(0);
	before = arena_stat(&cg, "kernel");
	for (i = 0; i < count; i++)
		bo_new(fd, PAGE, 0);
	/* No client can eat kernel memory for free: at least the BO itself. */
	KT_GE(arena_stat(&cg, "kernel") - before, count * 512);
}

static const struct ktap_test tests[] = {
	{ .name = "memcg_pages_are_charged_to_the_creator", .run = charged_to_creator },
	{ .name = "memcg_eviction_uncharges_and_swaps", .run = eviction_uncharges },
	{ .name = "memcg_charge_stays_with_creator_if_another_touches",
	  .run = touched_by_another },
	{ .name = "memcg_charge_stays_with_creator_if_another_submits",
	  .run = populated_by_another_job },
	{ .name = "memcg_reclaim_leaves_other_cgroups_alone_panthor-37",
	  .run = others_are_left_alone },
	{ .name = "memcg_three_times_memory_max_survives", .run = three_times_the_limit },
	{ .name = "memcg_vm_beyond_memory_max_is_ENOMEM_and_repeatable_panthor-88",
	  .run = vm_beyond_the_limit },
	{ .name = "memcg_lowered_memory_max_evicts", .run = limit_set_later },
	{ .name = "memcg_memory_high_evicts", .run = memory_high },
	{ .name = "memcg_memory_low_protects", .run = memory_low },
	{ .name = "memcg_removed_owner_leaves_to_its_parent", .run = owner_is_gone },
	{ .name = "memcg_moved_owner_leaves_its_charges", .run = owner_moves },
	{ .name = "memcg_without_swap_content_stays_panthor-46", .run = no_swap_for_the_cgroup },
	{ .name = "memcg_touch_beyond_memory_max_is_SIGBUS_panthor-73",
	  .run = touch_beyond_memory_max },
	{ .name = "memcg_kernel_memory_of_buffers_is_charged", .run = kernel_memory_is_charged },
};

TEST_PROGRAM(tests, arena_cleanup);
