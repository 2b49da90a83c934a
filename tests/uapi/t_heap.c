// SPDX-License-Identifier: GPL-2.0
/* Heaps: address space that gets memory when a job accesses it. */
#include "cgroup.h"
#include "common.h"
#include "file.h"
#include "gate.h"
#include "heap.h"

#define KIB	VUMA_KIB
#define MIB	VUMA_MIB
#define SIZE	(4 * MIB)

static void bad_create(void)
{
	struct vuma_vm vm = vm_new(dev_open(0));
	struct drm_vuma_heap_create good = {
		.vm_id = vm.id, .policy = DRM_VUMA_HEAP_FAIL_JOB, .size = SIZE,
		.granule = PAGE, .hint = PAGE,
	};
	const uint64_t granules[] = { 0, 1, PAGE - 1, PAGE / 2, 3 * PAGE, 4 * MIB, ~0ull };
	const uint64_t sizes[] = { 0, 1, PAGE - 1, PAGE + 1, ~0ull };
	size_t i;

#define BAD(_field, _value, _error) \
	EXPECT_BAD(vm.fd, DRM_IOCTL_VUMA_HEAP_CREATE, good, _field, _value, _error)
	BAD(policy, 0, -EINVAL);
	BAD(policy, DRM_VUMA_HEAP_LOSE_VM + 1, -EINVAL);
	BAD(policy, ~0u, -EINVAL);
	BAD(heap_id, 1, -EINVAL);
	BAD(handle, 1, -EINVAL);
	BAD(va, PAGE, -EINVAL);
	BAD(hint, SIZE + 1, -EINVAL);
	BAD(hint, ~0ull, -EINVAL);
	BAD(size, (1ull << 40) + PAGE, -E2BIG);
	BAD(size, -PAGE, -E2BIG);
	BAD(vm_id, 0, -ENOENT);
	BAD(vm_id, vm.id + 1, -ENOENT);
	for (i = 0; i < ARRAY_SIZE(granules); i++)
		BAD(granule, granules[i], -EINVAL);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		BAD(size, sizes[i], -EINVAL);
#undef BAD
	EXPECT_EACH_BIT(vm.fd, DRM_IOCTL_VUMA_HEAP_CREATE, good, flags, DRM_VUMA_HEAP_HANDLE,
			-EINVAL);
	EXPECT_EACH_BIT(vm.fd, DRM_IOCTL_VUMA_HEAP_CREATE, good, pad, 0, -EINVAL);
}

static void ids(void)
{
	struct vuma_vm vm = vm_new(dev_open(0)), other = vm_new(vm.fd);
	struct vuma_heap heaps[16], more;
	unsigned int i, j;

	for (i = 0; i < 16; i++) {
		KT_OK(vuma_heap_init(&heaps[i], &vm, 1ull << 40, 2 * MIB, 0,
				     DRM_VUMA_HEAP_FAIL_JOB));
		KT_NE(heaps[i].id, 0);
		/* Where VM_BIND cannot map, and apart. */
		KT_GE(heaps[i].va, vm.end);
		for (j = 0; j < i; j++)
			KT_TRUE(heaps[i].va >= heaps[j].va + (1ull << 40) ||
				heaps[j].va >= heaps[i].va + (1ull << 40));
	}
	KT_RET(vuma_heap_init(&more, &vm, PAGE, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB), -ENOSPC);
	KT_RET(vuma_heap_fini(&heaps[3], &other), -ENOENT);
	KT_OK(vuma_heap_fini(&heaps[3], &vm));
	KT_RET(vuma_heap_fini(&heaps[3], &vm), -ENOENT);
	more.id = 0;
	KT_RET(vuma_heap_fini(&more, &vm), -ENOENT);
	more.id = ~0u;
	KT_RET(vuma_heap_fini(&more, &vm), -ENOENT);
	KT_OK(vuma_heap_init(&more, &vm, PAGE, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB));
	KT_OK(vuma_vm_fini(&vm));
	KT_RET(vuma_heap_fini(&more, &vm), -ENOENT);
}

static void not_for_binds(void)
{
	struct heap_rig r = heap_rig_new(SIZE, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);

	KT_RET(vuma_vm_map(&r.vm, r.out.handle, r.heap.va, 0, PAGE, 0), -EINVAL);
	KT_RET(vuma_vm_unmap(&r.vm, r.heap.va, PAGE), -EINVAL);
	/* And STREAM is for heaps only. */
	KT_RET(vuma_exec(r.fd, r.vm.id, &(struct drm_vuma_cmd){
		.opcode = DRM_VUMA_OP_STREAM, .dst = r.out_va, .src = r.out_va + 64, .size = 64 },
		1), -EINVAL);
}

/* Every granule; the list ends in the middle of one, and crosses many. */
static void stream(void)
{
	const uint64_t granules[] = { PAGE, 4 * PAGE, 64 * KIB, 256 * KIB, 2 * MIB };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(granules); i++) {
		struct heap_rig r = heap_rig_new(SIZE + PAGE, granules[i], 0,
						 DRM_VUMA_HEAP_FAIL_JOB);

		heap_rig_stream(&r, 8, 0);
		heap_rig_stream(&r, 3 * MIB + 24, 0);
		/* The last granule is short. */
		heap_rig_stream(&r, SIZE + PAGE, 0);
		heap_rig_fini(&r);
	}
}

/* All commands, not only the tiler's. */
static void all_commands(void)
{
	struct heap_rig r = heap_rig_new(SIZE, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	uint64_t *out = r.out.map, a = 0, b = 0;

	vuma_pattern_checksum(MIB, 7, 9, &a, &b);
	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va + 24, MIB, 7, 9));
	run_cmd(&r.vm, vuma_cmd_copy(r.heap.va + 2 * MIB, r.heap.va + 24, MIB));
	run_cmd(&r.vm, vuma_cmd_checksum(r.out_va, r.heap.va + 2 * MIB, MIB));
	KT_EQ(out[0], a);
	KT_EQ(out[1], b);
	/* What is read first is zero. */
	run_cmd(&r.vm, vuma_cmd_chase(r.out_va, r.heap.va + 3 * MIB + 8, 1));
	KT_EQ(out[0], 0);
	/* A pointer to nowhere is not the heap's. */
	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, 8, r.heap.va + 4, 0));
	run_faulting(&r.vm, (struct drm_vuma_cmd[]){ vuma_cmd_chase(r.out_va, r.heap.va, 2) }, 1,
		     DRM_VUMA_FAULT_UNMAPPED, r.heap.va + 4);
}

/* Longer than the heap: worked off in between, with the same result. */
static void render(void)
{
	struct heap_rig r = heap_rig_new(MIB, 64 * KIB, 0, DRM_VUMA_HEAP_RENDER);

	heap_rig_stream(&r, MIB, 0);
	heap_rig_stream(&r, MIB + 8, 1);
	heap_rig_stream(&r, 5 * MIB, 4);
	/* Whoever cannot do that, fails. */
	run_faulting(&r.vm, (struct drm_vuma_cmd[]){
		     vuma_cmd_fill(r.heap.va, MIB + 8, 0, 0) }, 1,
		     DRM_VUMA_FAULT_HEAP, r.heap.va + MIB);
}

/* Behind the end, as far as its addresses reach: the policy, and nobody else's memory. */
static void beyond(void)
{
	struct heap_rig r = heap_rig_new(MIB, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct heap_rig lost = heap_rig_new(MIB, PAGE, 0, DRM_VUMA_HEAP_LOSE_VM);
	struct vuma_heap next;

	KT_OK(vuma_heap_init(&next, &r.vm, MIB, PAGE, MIB, DRM_VUMA_HEAP_FAIL_JOB));
	run_cmd(&r.vm, vuma_cmd_fill(next.va, MIB, 5, 0));
	KT_RET(heap_rig_try(&r, MIB + 8), -ENOMEM);
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_FAULT_STATUS), DRM_VUMA_FAULT_HEAP);
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_FAULT_ADDR), r.heap.va + MIB);
	KT_RET(vuma_exec(r.fd, r.vm.id, (struct drm_vuma_cmd[]){
			 vuma_cmd_fill(next.va - 8, 16, 0, 0) }, 1), -ENOMEM);
	KT_RET(heap_rig_try(&lost, MIB + 8), -EIO);
	KT_EQ(vm_param(&lost.vm, DRM_VUMA_PARAM_VM_FAULT_STATUS), DRM_VUMA_FAULT_LOST);
	/* For good. */
	KT_RET(heap_rig_try(&lost, 8), -EIO);
	/* The others go on. */
	heap_rig_stream(&r, MIB, 0);
	verify_checksum(&r.vm, next.va, MIB, 5, 0, &r.out, r.out_va);
}

/* Jobs of a lost VM that are queued fail, and do not hang. */
static void lost_with_jobs(void)
{
	struct heap_rig r = heap_rig_new(MIB, PAGE, 0, DRM_VUMA_HEAP_LOSE_VM);
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS + 1], nop = vuma_cmd_nop();
	uint32_t first = syncobj_new(r.fd), second = syncobj_new(r.fd);
	struct vuma_gate gate;

	KT_OK(vuma_gate_init(&gate, r.fd));
	KT_OK(vuma_gate_map(&gate, &r.vm));
	vuma_gate_cmds(&gate, cmds);
	cmds[VUMA_GATE_CMDS] = vuma_cmd_fill(r.heap.va + MIB, 8, 0, 0);
	KT_OK(vuma_submit_one(r.fd, r.vm.id, cmds, ARRAY_SIZE(cmds), first));
	KT_OK(vuma_submit_one(r.fd, r.vm.id, &nop, 1, second));
	vuma_gate_open(&gate);
	wait_job(r.fd, first, -EIO);
	wait_job(r.fd, second, -EIO);
}

/* A heap, or its VM, is destroyed under a job. */
static void destroy_under_job(intptr_t whole_vm)
{
	struct heap_rig r = heap_rig_new(MIB, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS + 1];
	uint32_t out = syncobj_new(r.fd);
	struct vuma_heap next;
	struct vuma_gate gate;

	heap_rig_stream(&r, MIB / 2, 0);
	KT_OK(vuma_gate_init(&gate, r.fd));
	KT_OK(vuma_gate_map(&gate, &r.vm));
	vuma_gate_cmds(&gate, cmds);
	cmds[VUMA_GATE_CMDS] = vuma_cmd_stream(r.out_va, r.heap.va, MIB, 1, 1);
	KT_OK(vuma_submit_one(r.fd, r.vm.id, cmds, ARRAY_SIZE(cmds), out));
	KT_OK(vuma_gate_await(&gate, FOREVER));
	if (whole_vm)
		KT_OK(vuma_vm_fini(&r.vm));
	else
		KT_OK(vuma_heap_fini(&r.heap, &r.vm));
	vuma_gate_open(&gate);
	/* A VM is there as long as its jobs are. */
	wait_job(r.fd, out, whole_vm ? 0 : -EFAULT);
	if (whole_vm)
		return;
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_FAULT_STATUS), DRM_VUMA_FAULT_UNMAPPED);
	KT_OK(vuma_heap_init(&next, &r.vm, MIB, 2 * PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB));
	r.heap = next;
	heap_rig_stream(&r, MIB, 0);
}

/* What one client wrote, no other reads, whoever had the memory in between. */
static void poison(void)
{
	unsigned int round;

	for (round = 0; round < 8; round++) {
		struct heap_rig a = heap_rig_new(2 * MIB, 16 * KIB, 0, DRM_VUMA_HEAP_FAIL_JOB);
		struct heap_rig b = heap_rig_new(2 * MIB, 16 * KIB, round & 1 ? MIB : 0,
						 DRM_VUMA_HEAP_FAIL_JOB);
		uint64_t *out = b.out.map;

		run_cmd(&a.vm, vuma_cmd_fill(a.heap.va, 2 * MIB, 0x5ec3e75ec3e7, 1));
		if (round & 2)
			KT_OK(vuma_heap_fini(&a.heap, &a.vm));
		else
			heap_rig_fini(&a);
		run_cmd(&b.vm, vuma_cmd_checksum(b.out_va, b.heap.va, 2 * MIB));
		KT_EQ(out[0], 0);
		KT_EQ(out[1], 0);
		heap_rig_fini(&b);
		if (round & 2)
			heap_rig_fini(&a);
	}
}

/* Memory pressure takes what an idle device has, and nothing from one that works. */
static void discarded_when_idle(void)
{
	struct heap_rig r = heap_rig_new(MIB, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS + 1];
	uint32_t out = syncobj_new(r.fd);
	struct vuma_gate gate;

	/* What other tests had goes with their files, some time later. */
	KT_WAIT(!heap_stat(r.fd, "heap-pages"));
	heap_rig_stream(&r, MIB, 0);
	KT_EQ(heap_stat(r.fd, "heap-pages"), MIB / PAGE);
	KT_OK(vuma_gate_init(&gate, r.fd));
	KT_OK(vuma_gate_map(&gate, &r.vm));
	cmds[0] = vuma_cmd_fill(r.heap.va, MIB, 3, 1);
	vuma_gate_cmds(&gate, cmds + 1);
	KT_OK(vuma_submit_one(r.fd, r.vm.id, cmds, ARRAY_SIZE(cmds), out));
	KT_OK(vuma_gate_await(&gate, FOREVER));
	KT_OK(file_write("/proc/sys/vm/drop_caches", "2"));
	KT_EQ(heap_stat(r.fd, "heap-pages"), MIB / PAGE);
	vuma_gate_open(&gate);
	wait_job(r.fd, out, 0);
	/* The job is freed some time after its fence. */
	KT_WAIT(!heap_stat(r.fd, "active"));
	KT_WAIT(!file_write("/proc/sys/vm/drop_caches", "2") && !heap_stat(r.fd, "heap-pages"));
	KT_EQ(heap_stat(r.fd, "reserved-pages"), 0);
	heap_rig_stream(&r, MIB, 0);
}

/* One client's job waits for as long as somebody likes. It keeps its own heaps only. */
static void discarded_beside_a_job_that_waits(void)
{
	struct heap_rig a = heap_rig_new(MIB, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct heap_rig b = heap_rig_new(2 * MIB, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct drm_vuma_cmd cmd = vuma_cmd_nop();
	uint32_t out = syncobj_new(a.fd);
	struct gate gate = gate_new(a.fd);

	KT_WAIT(!heap_stat(a.fd, "heap-pages"));
	heap_rig_stream(&a, MIB, 0);
	heap_rig_stream(&b, 2 * MIB, 0);
	KT_EQ(heap_stat(a.fd, "heap-pages"), 3 * MIB / PAGE);
	KT_OK(submit_after(&a.vm, &cmd, 1, gate.in, out));
	KT_WAIT(!file_write("/proc/sys/vm/drop_caches", "2") &&
		heap_stat(a.fd, "heap-pages") == MIB / PAGE);
	gate_open(&gate);
	wait_job(a.fd, out, 0);
	KT_WAIT(!file_write("/proc/sys/vm/drop_caches", "2") && !heap_stat(a.fd, "heap-pages"));
}

static void child_under_limit(uint32_t policy)
{
	struct heap_rig r = heap_rig_new(256 * MIB, 64 * KIB, 0, policy);
	int ret;

	if (policy == DRM_VUMA_HEAP_RENDER) {
		/* As often as it takes. */
		KT_OK(heap_rig_try(&r, 64 * MIB));
		heap_rig_verify(&r, 64 * MIB);
		KT_GE(((uint64_t *)r.out.map)[2], 1);
		return;
	}
	ret = heap_rig_try(&r, 64 * MIB);
	KT_RET(ret, -ENOMEM);
	/* The limit is no state: what fits, works. */
	KT_OK(vuma_heap_fini(&r.heap, &r.vm));
	KT_OK(vuma_heap_init(&r.heap, &r.vm, MIB, 64 * KIB, 0, policy));
	heap_rig_stream(&r, MIB, 0);
}

/* Growth obeys the limit of the cgroup, by the policy of the heap, and nobody is killed. */
static void under_memory_max(intptr_t policy)
{
	uint64_t kills, peak, max = 24 * MIB;
	struct cgroup cg;
	pid_t pid;

	KT_OK(cgroup_create(&cg, "t_heap"));
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", (unsigned long long)max));
	pid = fork_child();
	if (!pid) {
		KT_OK(cgroup_enter(&cg));
		child_under_limit(policy);
		exit(0);
	}
	join_child(pid);
	KT_OK(cgroup_read_key(&cg, "memory.events", "oom_kill", &kills));
	KT_EQ(kills, 0);
	KT_OK(cgroup_read_u64(&cg, "memory.peak", &peak));
	/* One granule for each job may go over it. */
	KT_LE(peak, max + 4 * 64 * KIB);
	KT_OK(cgroup_destroy(&cg));
}

static void unplug(void)
{
	unsigned int last = vuma_count(driver, VUMA_NODE_RENDER) - 1;
	struct heap_rig r = heap_rig_new_on(last, MIB, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct vuma_heap more;
	char id[64], path[160];

	heap_rig_stream(&r, MIB, 0);
	KT_OK(vuma_sysfs(r.fd, NULL, 0, id, sizeof(id)));
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/unbind", driver);
	KT_OK(file_write(path, id));
	KT_RET(vuma_heap_init(&more, &r.vm, MIB, PAGE, 0, DRM_VUMA_HEAP_FAIL_JOB), -ENODEV);
	KT_RET(heap_rig_try(&r, 8), -ENODEV);
	KT_RET(vuma_heap_fini(&r.heap, &r.vm), -ENODEV);
	KT_SYS(close(r.fd));
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/bind", driver);
	KT_OK(file_write(path, id));
	KT_WAIT(vuma_count(driver, VUMA_NODE_RENDER) == last + 1);
}

static const struct ktap_test tests[] = {
	{ .name = "heap_bad_arguments_are_refused_sparse-R2", .run = bad_create },
	{ .name = "heap_ids_and_addresses", .run = ids },
	{ .name = "heap_is_out_of_reach_of_binds", .run = not_for_binds },
	{ .name = "heap_grows_as_it_is_written", .run = stream },
	{ .name = "heap_all_commands_grow_it", .run = all_commands },
	{ .name = "heap_is_worked_off_when_it_is_full", .run = render },
	{ .name = "heap_access_behind_its_end_is_the_policy", .run = beyond },
	{ .name = "heap_lost_vm_fails_its_jobs", .run = lost_with_jobs },
	{ .name = "heap_destroyed_under_a_job", .run_arg = destroy_under_job, .arg = false },
	{ .name = "heap_of_a_vm_destroyed_under_a_job", .run_arg = destroy_under_job,
	  .arg = true },
	{ .name = "heap_memory_is_zero_sparse-R11", .run = poison },
	{ .name = "heap_is_discarded_when_idle", .run = discarded_when_idle },
	{ .name = "heap_is_discarded_beside_a_job_that_waits",
	  .run = discarded_beside_a_job_that_waits },
	{ .name = "heap_under_memory_max_renders", .run_arg = under_memory_max,
	  .arg = DRM_VUMA_HEAP_RENDER },
	{ .name = "heap_under_memory_max_fails_the_job", .run_arg = under_memory_max,
	  .arg = DRM_VUMA_HEAP_FAIL_JOB },
	{ .name = "heap_unplugged", .run = unplug },
};

TEST_PROGRAM(tests, NULL);
