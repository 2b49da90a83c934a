// SPDX-License-Identifier: GPL-2.0
#include "gate.h"
#include "rig.h"

/* Offsets and sizes in bytes that touch every kind of border. */
static const struct { uint64_t at, size; } pieces[] = {
	{ 0, 8 }, { 8, 8 }, { GPU_PAGE - 8, 8 }, { GPU_PAGE - 8, 16 }, { 0, GPU_PAGE },
	{ 8, GPU_PAGE }, { GPU_PAGE, 2 * GPU_PAGE }, { 3 * GPU_PAGE - 16, 32 },
	{ 24, 5 * GPU_PAGE + 40 }, { 15 * GPU_PAGE, 2 * GPU_PAGE }, { 16 * GPU_PAGE - 8, 16 },
	{ 0, RIG_SIZE }, { 8, RIG_SIZE - 8 }, { RIG_SIZE - 8, 8 },
};

static void fill(void)
{
	struct rig r = rig_new(RIG_SIZE);
	static const uint64_t args[][2] = {
		{ 0, 0 }, { 5, 0 }, { 0, 1 }, { 1ull << 63, 3 }, { ~0ull, 1 }, { 7, ~0ull },
		{ 0x123456789abcdef0, 0xfedcba9876543211 },
	};
	uint64_t *want = malloc(RIG_SIZE), k;
	size_t i, j;

	KT_TRUE(want);
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		for (j = 0; j < ARRAY_SIZE(args); j++) {
			randomize(&r.a, 99);
			memcpy(want, r.a.map, RIG_SIZE);
			for (k = 0; k < pieces[i].size / 8; k++)
				want[pieces[i].at / 8 + k] = args[j][0] + k * args[j][1];
			run_cmd(&r.vm, vuma_cmd_fill(r.a_va + pieces[i].at, pieces[i].size,
						     args[j][0], args[j][1]));
			expect_words(&r.a, want);
		}
	free(want);
}

static void copy(void)
{
	struct rig r = rig_new(RIG_SIZE);
	uint64_t *want = malloc(RIG_SIZE), shift;
	size_t i;

	KT_TRUE(want);
	randomize(&r.b, 5);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		/* Source and destination at unlike offsets within their pages. */
		shift = pieces[i].at + pieces[i].size + 24 <= RIG_SIZE ? 24 : 0;
		randomize(&r.a, 6);
		memcpy(want, r.a.map, RIG_SIZE);
		memcpy((char *)want + pieces[i].at, (char *)r.b.map + pieces[i].at + shift,
		       pieces[i].size);
		run_cmd(&r.vm, vuma_cmd_copy(r.a_va + pieces[i].at,
					     r.b_va + pieces[i].at + shift, pieces[i].size));
		expect_words(&r.a, want);
	}
	free(want);
}

static void add(void)
{
	struct rig r = rig_new(RIG_SIZE);
	uint64_t *want = malloc(RIG_SIZE), dst[3], k, *a, *b;
	size_t i, j;

	KT_TRUE(want);
	a = r.a.map;
	b = r.b.map;
	dst[0] = r.c_va;
	dst[1] = r.a_va;
	dst[2] = r.b_va;
	for (i = 0; i < ARRAY_SIZE(pieces); i++)
		for (j = 0; j < 3; j++) {
			struct vuma_bo *into = j == 0 ? &r.c : j == 1 ? &r.a : &r.b;

			randomize(&r.a, 21);
			randomize(&r.b, 22);
			randomize(&r.c, 23);
			memcpy(want, into->map, RIG_SIZE);
			for (k = pieces[i].at / 8; k < (pieces[i].at + pieces[i].size) / 8; k++)
				want[k] = a[k] + b[k];
			run_cmd(&r.vm, vuma_cmd_add(dst[j] + pieces[i].at, r.a_va + pieces[i].at,
						    r.b_va + pieces[i].at, pieces[i].size));
			expect_words(into, want);
		}
	free(want);
}

static void compare(void)
{
	struct rig r = rig_new(RIG_SIZE);
	volatile uint64_t *out = r.out.map;
	uint64_t *b = r.b.map;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		uint64_t first = pieces[i].at / 8, words = pieces[i].size / 8;
		struct drm_vuma_cmd cmd = vuma_cmd_compare(r.out_va + 8, r.a_va + pieces[i].at,
							   r.b_va + pieces[i].at,
							   pieces[i].size);

		randomize(&r.a, 31);
		randomize(&r.b, 31);
		out[0] = 111;
		out[3] = 333;
		run_cmd(&r.vm, cmd);
		KT_EQ(out[1], 0);
		KT_EQ(out[2], ~0ull);
		/* Not the neighbours, then the last word, then two. */
		if (first)
			b[first - 1] ^= 1;
		if ((first + words) * 8 < RIG_SIZE)
			b[first + words] ^= 1;
		run_cmd(&r.vm, cmd);
		KT_EQ(out[1], 0);
		b[first + words - 1] ^= 1ull << 63;
		run_cmd(&r.vm, cmd);
		KT_EQ(out[1], 1);
		KT_EQ(out[2], (words - 1) * 8);
		if (words > 1) {
			b[first + words / 2 - 1] ^= 1;
			run_cmd(&r.vm, cmd);
			KT_EQ(out[1], 2);
			KT_EQ(out[2], (words / 2 - 1) * 8);
		}
		KT_EQ(out[0], 111);
		KT_EQ(out[3], 333);
	}
}

static void checksum(void)
{
	struct rig r = rig_new(RIG_SIZE);
	volatile uint64_t *out = r.out.map;
	size_t i;

	randomize(&r.a, 41);
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		uint64_t a = 0, b = 0;

		vuma_checksum((char *)r.a.map + pieces[i].at, pieces[i].size, &a, &b);
		out[2] = 333;
		run_cmd(&r.vm, vuma_cmd_checksum(r.out_va, r.a_va + pieces[i].at, pieces[i].size));
		KT_EQ(out[0], a);
		KT_EQ(out[1], b);
		KT_EQ(out[2], 333);
	}
}

static void chase(void)
{
	struct rig r = rig_new(RIG_SIZE);
	volatile uint64_t *out = r.out.map;
	uint64_t *a = r.a.map, words = RIG_SIZE / 8, hops, i, at = 0;

	/* A cycle over all words, with a stride that is coprime to their number. */
	for (i = 0; i < words; i++)
		a[i] = r.a_va + (i + 4099) % words * 8;
	for (hops = 0; hops < 70; hops++) {
		run_cmd(&r.vm, vuma_cmd_chase(r.out_va, r.a_va, hops));
		KT_EQ(out[0], r.a_va + at * 8);
		at = (at + 4099) % words;
	}
	run_cmd(&r.vm, vuma_cmd_chase(r.out_va, r.a_va, words));
	KT_EQ(out[0], r.a_va);
}

static void chase_leaves_mappings(void)
{
	static const uint64_t wild[] = { 0x8000, 1ull << 47, 1ull << 48, 1ull << 63, -8ull };
	struct rig r = rig_new(RIG_SIZE);
	uint64_t *a = r.a.map;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wild); i++) {
		struct drm_vuma_cmd cmd = vuma_cmd_chase(r.out_va, r.a_va, 2);

		a[0] = wild[i];
		run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, wild[i]);
	}
}

static void nop_and_spin(void)
{
	struct rig r = rig_new(PAGE);
	int64_t start;

	run_cmd(&r.vm, vuma_cmd_nop());
	run_cmd(&r.vm, vuma_cmd_spin(0));
	start = vuma_now_ns();
	run_cmd(&r.vm, vuma_cmd_spin(150000));
	KT_GE(vuma_now_ns() - start, 150 * VUMA_MSEC);
}

static void nothing_bound(void)
{
	struct vuma_vm vm = vm_new(dev_open(0));

	run_cmd(&vm, vuma_cmd_nop());
	run_cmd(&vm, vuma_cmd_spin(10));
}

/* One command over the border of two buffers that lie side by side. */
static void across_buffers(void)
{
	int fd = dev_open(0);
	struct vuma_vm vm = vm_new(fd);
	struct vuma_bo a = bo_new_mapped(fd, 3 * PAGE, 0), b = bo_new_mapped(fd, 2 * PAGE, 0);
	struct vuma_bo out = bo_new_mapped(fd, PAGE, 0);
	uint64_t va = 0x7ffff000, out_va = 0x1000000;

	KT_OK(vuma_vm_map(&vm, a.handle, va, 0, a.size, 0));
	KT_OK(vuma_vm_map(&vm, b.handle, va + a.size, 0, b.size, 0));
	KT_OK(vuma_vm_map(&vm, out.handle, out_va, 0, out.size, 0));
	run_cmd(&vm, vuma_cmd_fill(va, a.size + b.size, 100, 3));
	verify_pattern(a.map, a.size, 100, 3);
	verify_pattern(b.map, b.size, 100 + a.size / 8 * 3, 3);
	verify_checksum(&vm, va, a.size + b.size, 100, 3, &out, out_va);
}

static void reads_zero(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct vuma_bo fresh = bo_new(r.fd, 4 * VUMA_MIB, DRM_VUMA_BO_HUGE);
	uint64_t va = vm_map_bo(&r.vm, &fresh);

	verify_checksum(&r.vm, va, fresh.size, 0, 0, &r.out, r.out_va);
}

static void cpu_and_gpu_agree(void)
{
	struct rig r = rig_new(RIG_SIZE);
	int i;

	for (i = 0; i < 20; i++) {
		vuma_pattern_fill(r.a.map, RIG_SIZE, i, 3);
		run_cmd(&r.vm, vuma_cmd_add(r.b_va, r.a_va, r.a_va, RIG_SIZE));
		verify_pattern(r.b.map, RIG_SIZE, 2 * i, 6);
		verify_checksum(&r.vm, r.b_va, RIG_SIZE, 2 * i, 6, &r.out, r.out_va);
	}
}

static void fault_address(void)
{
	struct rig r = rig_new(RIG_SIZE);
	uint64_t hole = r.a_va + RIG_SIZE;
	struct drm_vuma_cmd cmd;

	/* The first byte that is not there, whichever operand it belongs to. */
	cmd = vuma_cmd_fill(hole - 2 * PAGE, 3 * PAGE, 1, 1);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole);
	cmd = vuma_cmd_fill(hole + 64, 8, 1, 1);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole + 64);
	cmd = vuma_cmd_copy(r.b_va, hole + 8, 8);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole + 8);
	cmd = vuma_cmd_copy(r.b_va, hole - 16, 32);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole);
	cmd = vuma_cmd_add(r.b_va, r.c_va, hole + 24, 8);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole + 24);
	cmd = vuma_cmd_compare(hole + 32, r.b_va, r.c_va, 8);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole + 32);
	cmd = vuma_cmd_compare(hole - 8, r.b_va, r.c_va, 8);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole);
	cmd = vuma_cmd_checksum(hole + 40, r.b_va, 8);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole + 40);
	cmd = vuma_cmd_chase(hole + 48, r.b_va, 0);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, hole + 48);
	/* The VM still works. */
	run_cmd(&r.vm, vuma_cmd_fill(r.a_va, RIG_SIZE, 1, 1));
	verify_pattern(r.a.map, RIG_SIZE, 1, 1);
}

static void fault_write(void)
{
	struct rig r = rig_new(RIG_SIZE);
	uint64_t va = 0x1000000000ull;
	struct drm_vuma_cmd cmd;

	vuma_pattern_fill(r.a.map, RIG_SIZE, 9, 9);
	KT_OK(vuma_vm_map(&r.vm, r.a.handle, va, 0, RIG_SIZE, DRM_VUMA_BIND_READONLY));
	cmd = vuma_cmd_fill(va + 3 * PAGE + 8, 16, 0, 0);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_WRITE, va + 3 * PAGE + 8);
	cmd = vuma_cmd_copy(va + 16, r.b_va, 8);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_WRITE, va + 16);
	cmd = vuma_cmd_checksum(va + 24, r.b_va, 8);
	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_WRITE, va + 24);
	verify_pattern(r.a.map, RIG_SIZE, 9, 9);
	verify_checksum(&r.vm, va, RIG_SIZE, 9, 9, &r.out, r.out_va);
}

static void fault_stops_there(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmds[] = {
		vuma_cmd_fill(r.a_va, RIG_SIZE, 1, 1),
		vuma_cmd_fill(0x7000000000ull, 8, 0, 0),
		vuma_cmd_fill(r.b_va, RIG_SIZE, 2, 2),
	};

	run_faulting(&r.vm, cmds, 3, DRM_VUMA_FAULT_UNMAPPED, 0x7000000000ull);
	verify_pattern(r.a.map, RIG_SIZE, 1, 1);
	verify_pattern(r.b.map, RIG_SIZE, 0, 0);
}

static void fault_of_one_vm_only(void)
{
	struct rig r = rig_new(RIG_SIZE), other = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(0x7000000000ull, 8, 0, 0);

	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, 0x7000000000ull);
	KT_EQ(vm_param(&other.vm, DRM_VUMA_PARAM_VM_FAULTS), 0);
	run_cmd(&other.vm, vuma_cmd_fill(other.a_va, RIG_SIZE, 4, 4));
	verify_pattern(other.a.map, RIG_SIZE, 4, 4);
}

static void killed_with_jobs(void)
{
	int pipes[2], i;
	char byte;

	KT_SYS(pipe2(pipes, O_CLOEXEC));
	for (i = 0; i < 5; i++) {
		pid_t pid = fork_child();

		if (!pid) {
			struct rig r = rig_new(RIG_SIZE);
			struct drm_vuma_cmd cmd = vuma_cmd_spin(100000);
			int k;

			for (k = 0; k < 10; k++)
				KT_OK(vuma_submit_one(r.fd, r.vm.id, &cmd, 1, 0));
			KT_EQ(write(pipes[1], "", 1), 1);
			pause();
		}
		KT_EQ(read(pipes[0], &byte, 1), 1);
		KT_SYS(kill(pid, SIGKILL));
		KT_SYS(waitpid(pid, NULL, 0));
	}
	/* And the device goes on. */
	fault_of_one_vm_only();
}

/* Behind a job of another file, with a buffer and a syncobj of that one's. */
static void queue_and_be_killed(int dmabuf, int syncobj_fd, int queued)
{
	int fd = dev_open(0);
	struct vuma_bo bo = import_bo(fd, dmabuf, RIG_SIZE);
	struct vuma_vm vm = vm_new(fd);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(vm_map_bo(&vm, &bo), RIG_SIZE, 1, 1);
	uint32_t done;

	KT_SYS(drmSyncobjFDToHandle(fd, syncobj_fd, &done));
	KT_OK(vuma_submit_one(fd, vm.id, &cmd, 1, done));
	KT_EQ(write(queued, "", 1), 1);
	for (;;)
		pause();
}

static void killed_before_jobs_start(intptr_t sig)
{
	int pipes[2], dmabuf, done_fd;
	struct rig r = rig_new(RIG_SIZE);
	struct gate gate;
	uint32_t done = syncobj_new(r.fd);
	char byte;
	pid_t pid;

	KT_SYS(drmSyncobjHandleToFD(r.fd, done, &done_fd));
	dmabuf = export_bo(&r.a);
	KT_SYS(pipe2(pipes, O_CLOEXEC));
	gate = gate_busy();
	pid = fork_child();
	if (!pid)
		queue_and_be_killed(dmabuf, done_fd, pipes[1]);
	KT_EQ(read(pipes[0], &byte, 1), 1);
	KT_SYS(kill(pid, sig));
	KT_SYS(waitpid(pid, NULL, 0));
	gate_open(&gate);
	wait_job(r.fd, done, -ECANCELED);
	verify_pattern(r.a.map, RIG_SIZE, 0, 0);
}

/*
 * Ten minutes of jobs. The first has started when the process exits, and is done; those
 * that have not started a second later never do.
 */
static void exit_with_jobs(void)
{
	struct drm_vuma_cmd spin = vuma_cmd_spin(10000000), first_spin = vuma_cmd_spin(2000000);
	struct rig r = rig_new(RIG_SIZE);
	uint32_t first = syncobj_new(r.fd);
	uint32_t last = syncobj_new(r.fd);
	uint32_t in_child;
	int fds[2], i;
	pid_t pid;

	KT_SYS(drmSyncobjHandleToFD(r.fd, first, &fds[0]));
	KT_SYS(drmSyncobjHandleToFD(r.fd, last, &fds[1]));
	pid = fork_child();
	if (!pid) {
		struct rig own = rig_new(RIG_SIZE);

		for (i = 0; i < 60; i++) {
			KT_SYS(drmSyncobjFDToHandle(own.fd, fds[!!i], &in_child));
			KT_OK(vuma_submit_one(own.fd, own.vm.id, i ? &spin : &first_spin, 1,
					      in_child));
		}
		_exit(0);
	}
	join_child(pid);
	wait_job(r.fd, last, -ECANCELED);
	KT_OK(vuma_syncobj_wait(r.fd, first, 0));
	wait_job(r.fd, first, 0);
}

static void isolation(void)
{
	struct rig r = rig_new(RIG_SIZE), other = rig_new(RIG_SIZE);
	struct vuma_vm empty = vm_new(r.fd);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(r.a_va, 8, 1, 0);

	/* Same addresses, other buffers; and a VM of the same file without any. */
	KT_EQ(r.a_va, other.a_va);
	run_cmd(&r.vm, vuma_cmd_fill(r.a_va, RIG_SIZE, 5, 5));
	verify_pattern(other.a.map, RIG_SIZE, 0, 0);
	run_faulting(&empty, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, r.a_va);
	verify_pattern(r.a.map, RIG_SIZE, 5, 5);
}

static const struct ktap_test tests[] = {
	{ .name = "submit_fill_equals_the_cpu", .run = fill },
	{ .name = "submit_copy_equals_the_cpu", .run = copy },
	{ .name = "submit_add_equals_the_cpu", .run = add },
	{ .name = "submit_compare_equals_the_cpu", .run = compare },
	{ .name = "submit_checksum_equals_the_cpu", .run = checksum },
	{ .name = "submit_chase_equals_the_cpu", .run = chase },
	{ .name = "submit_chase_out_of_the_mappings_faults", .run = chase_leaves_mappings },
	{ .name = "submit_nop_and_spin", .run = nop_and_spin },
	{ .name = "submit_with_nothing_bound", .run = nothing_bound },
	{ .name = "submit_one_command_across_buffers", .run = across_buffers },
	{ .name = "submit_reads_zero_before_the_first_write", .run = reads_zero },
	{ .name = "submit_cpu_and_gpu_see_each_other", .run = cpu_and_gpu_agree },
	{ .name = "submit_fault_names_the_first_address", .run = fault_address },
	{ .name = "submit_write_to_readonly_faults", .run = fault_write },
	{ .name = "submit_fault_stops_the_job_there", .run = fault_stops_there },
	{ .name = "submit_fault_is_of_one_vm", .run = fault_of_one_vm_only },
	{ .name = "submit_killed_client_leaves_the_device_usable", .run = killed_with_jobs },
	{ .name = "submit_killed_process_starts_no_more_jobs",
	  .run_arg = killed_before_jobs_start, .arg = SIGKILL },
	{ .name = "submit_terminated_process_starts_no_more_jobs",
	  .run_arg = killed_before_jobs_start, .arg = SIGTERM },
	{ .name = "submit_exit_does_not_wait_for_all_jobs", .run = exit_with_jobs },
	{ .name = "submit_job_reaches_only_its_vm", .run = isolation },
};

TEST_PROGRAM(tests, NULL);
