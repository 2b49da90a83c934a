// SPDX-License-Identifier: GPL-2.0
/* OP_WAIT: a job stops until a word in memory says that it may go on. */
#include "arena.h"
#include "legacy.h"
#include "rig.h"

static struct vuma_gate gate_at(struct vuma_vm *vm)
{
	struct vuma_gate gate;

	KT_OK(vuma_gate_init(&gate, vm->fd));
	KT_OK(vuma_gate_map(&gate, vm));
	return gate;
}

/* The engine has looked a few times since, and has found no reason to go on. */
static void expect_waiting(int fd, uint32_t syncobj)
{
	uint64_t walks = engine_counter(fd, "walks");

	KT_WAIT(engine_counter(fd, "walks") >= walks + 3);
	KT_RET(vuma_syncobj_wait(fd, syncobj, 0), -ETIME);
}

static void compares(void)
{
	enum { EQ = DRM_VUMA_WAIT_EQUAL, NE = DRM_VUMA_WAIT_NOT_EQUAL,
	       GE = DRM_VUMA_WAIT_AT_LEAST };
	static const struct {
		uint32_t how;
		uint64_t value, mask, no, yes;
	} rows[] = {
		{ EQ, 7, ~0ull, 6, 7 },
		{ EQ, 0, ~0ull, 1ull << 63, 0 },
		{ EQ, 0xf0, 0xff, 0xf1, 0x12345678000000f0 },
		{ NE, 7, ~0ull, 7, 1ull << 32 },
		{ NE, 0, 1ull << 40, ~(1ull << 40), 1ull << 40 },
		{ GE, 7, ~0ull, 6, 7 },
		{ GE, 1ull << 63, ~0ull, (1ull << 63) - 1, ~0ull },
		{ GE, 0x10, 0xff, 0xff00, 0xff11 },
	};
	struct rig r = rig_new(PAGE);
	volatile uint64_t *word = r.a.map;
	struct drm_vuma_cmd cmd;
	uint32_t done;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		cmd = vuma_cmd_wait(r.a_va, rows[i].how, rows[i].value, rows[i].mask);
		*word = rows[i].no;
		done = syncobj_new(r.fd);
		KT_OK(vuma_submit_one(r.fd, r.vm.id, &cmd, 1, done));
		expect_waiting(r.fd, done);
		*word = rows[i].yes;
		wait_job(r.fd, done, 0);
		/* What holds already is not waited for. */
		run_cmd(&r.vm, cmd);
	}
}

/* The commands behind it see what the CPU wrote before it opened the gate. */
static void opens(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct vuma_gate gate = gate_at(&r.vm);
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS + 1];
	uint32_t done = syncobj_new(r.fd);
	int i;

	vuma_gate_cmds(&gate, cmds);
	cmds[VUMA_GATE_CMDS] = vuma_cmd_copy(r.b_va, r.a_va, RIG_SIZE);
	for (i = 0; i < 10; i++) {
		vuma_gate_shut(&gate);
		KT_OK(vuma_submit_one(r.fd, r.vm.id, cmds, ARRAY_SIZE(cmds), done));
		KT_OK(vuma_gate_await(&gate, FOREVER));
		vuma_pattern_fill(r.a.map, RIG_SIZE, i, 3);
		vuma_gate_open(&gate);
		wait_job(r.fd, done, 0);
		verify_pattern(r.b.map, RIG_SIZE, i, 3);
	}
	KT_OK(vuma_gate_fini(&gate));
}

static void opens_legacy(void)
{
	int fd = dev_open(0);
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS];
	struct drm_vuma_legacy_bo use;
	struct vuma_gate gate;
	uint32_t done = syncobj_new(fd);

	KT_OK(vuma_gate_init(&gate, fd));
	gate.addr = LEGACY_AT(0, 0);
	vuma_gate_cmds(&gate, cmds);
	use = vuma_legacy_bo(gate.bo.handle, LEGACY_WRITE);
	KT_OK(vuma_submit_legacy(fd, &use, 1, cmds, VUMA_GATE_CMDS, 0, done));
	KT_OK(vuma_gate_await(&gate, FOREVER));
	expect_waiting(fd, done);
	vuma_gate_open(&gate);
	wait_job(fd, done, 0);
}

/* Mapped or not is found out at each look. */
static void unmapped(void)
{
	struct rig r = rig_new(PAGE);
	struct drm_vuma_cmd cmd = vuma_cmd_wait(r.a_va + PAGE, 0, 0, 0);
	struct vuma_gate gate = gate_at(&r.vm);
	uint32_t done = syncobj_new(r.fd);

	run_faulting(&r.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, r.a_va + PAGE);
	KT_OK(vuma_gate_submit(&gate, &r.vm, done));
	KT_OK(vuma_gate_await(&gate, FOREVER));
	KT_OK(vuma_vm_unmap(&r.vm, gate.addr, gate.bo.size));
	wait_job(r.fd, done, -EFAULT);
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_FAULT_STATUS), DRM_VUMA_FAULT_UNMAPPED);
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_FAULT_ADDR), gate.addr);
}

/* Another page takes the place of the one that the job looks at. */
static void replaced(void)
{
	struct rig r = rig_new(PAGE);
	struct vuma_gate gate = gate_at(&r.vm);
	uint32_t done = syncobj_new(r.fd);

	*(volatile uint64_t *)r.a.map = 1;
	KT_OK(vuma_gate_submit(&gate, &r.vm, done));
	KT_OK(vuma_gate_await(&gate, FOREVER));
	KT_OK(vuma_vm_map(&r.vm, r.a.handle, gate.addr, 0, PAGE, DRM_VUMA_BIND_READONLY));
	wait_job(r.fd, done, 0);
}

/* Stands at the parent's gate; @cmds: what its job does after it has reached it. */
static void stand_at_gate(int dmabuf, int syncobj_fd, bool spins, int go)
{
	int fd = dev_open(0);
	struct vuma_gate gate = { .bo = import_bo(fd, dmabuf, PAGE) };
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS];
	struct vuma_vm vm = vm_new(fd);
	uint32_t done;
	char byte;

	KT_SYS(drmSyncobjFDToHandle(fd, syncobj_fd, &done));
	KT_OK(vuma_gate_map(&gate, &vm));
	vuma_gate_cmds(&gate, cmds);
	if (spins)
		cmds[1] = vuma_cmd_spin(10000000);
	KT_OK(vuma_submit_one(fd, vm.id, cmds, VUMA_GATE_CMDS, done));
	KT_EQ(read(go, &byte, 1), 1);
	_exit(0);
}

enum { BY_SIGKILL = 1, WHILE_IT_SPINS = 2 };

/* The child exits, or is killed. */
static void child_ends(intptr_t how)
{
	int fd = dev_open(0), pipes[2], dmabuf, done_fd;
	struct vuma_gate gate;
	uint32_t done = syncobj_new(fd);
	pid_t pid;

	KT_OK(vuma_gate_init(&gate, fd));
	KT_SYS(drmSyncobjHandleToFD(fd, done, &done_fd));
	dmabuf = export_bo(&gate.bo);
	KT_SYS(pipe2(pipes, O_CLOEXEC));
	pid = fork_child();
	if (!pid)
		stand_at_gate(dmabuf, done_fd, how & WHILE_IT_SPINS, pipes[0]);
	KT_OK(vuma_gate_await(&gate, FOREVER));
	if (how & BY_SIGKILL)
		KT_SYS(kill(pid, SIGKILL));
	else
		KT_EQ(write(pipes[1], "", 1), 1);
	KT_SYS(waitpid(pid, NULL, 0));
	wait_job(fd, done, -ECANCELED);
}

/* Its own buffer is busy, and no other. */
static void evict_beside(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo other;
	struct vuma_gate gate;
	struct vuma_vm vm;
	uint32_t done;

	vm = vm_new(dev_open(0));
	other = bo_new_mapped(vm.fd, VUMA_MIB, 0);
	vuma_pattern_fill(other.map, other.size, 3, 3);
	gate = gate_at(&vm);
	done = syncobj_new(vm.fd);
	KT_OK(vuma_gate_submit(&gate, &vm, done));
	KT_OK(vuma_gate_await(&gate, FOREVER));
	arena_squeeze(&cg, 64 * VUMA_MIB);
	expect_evicted(&other);
	expect_untouched(&gate.bo);
	KT_RET(vuma_bo_wait(vm.fd, gate.bo.handle, 0, 0), -EBUSY);
	expect_waiting(vm.fd, done);
	vuma_gate_open(&gate);
	wait_job(vm.fd, done, 0);
	verify_pattern(other.map, other.size, 3, 3);
}

static const struct ktap_test tests[] = {
	{ .name = "wait_compares_as_its_flags_say", .run = compares },
	{ .name = "wait_ends_when_the_cpu_writes_the_word", .run = opens },
	{ .name = "wait_works_with_implicit_addresses", .run = opens_legacy },
	{ .name = "wait_faults_when_the_word_is_unmapped", .run = unmapped },
	{ .name = "wait_follows_the_page_tables", .run = replaced },
	{ .name = "wait_ends_when_its_process_is_killed",
	  .run_arg = child_ends, .arg = BY_SIGKILL },
	{ .name = "wait_or_not_a_killed_process_runs_no_job",
	  .run_arg = child_ends, .arg = BY_SIGKILL | WHILE_IT_SPINS },
	{ .name = "wait_ends_when_its_process_exits", .run_arg = child_ends, .arg = 0 },
	{ .name = "wait_lets_other_buffers_be_evicted", .run = evict_beside },
};

TEST_PROGRAM(tests, arena_cleanup);
