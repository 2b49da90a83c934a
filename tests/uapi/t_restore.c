// SPDX-License-Identifier: GPL-2.0
/* How buffers come back: only what is needed, with help, and without being in the way. */
#include <sys/sysinfo.h>

#include "file.h"
#include "legacy.h"
#include "peer.h"
#include "tenant.h"

#define MIB	VUMA_MIB
/* Enough for helpers. */
#define LARGE	(ktap_slow() > 1 ? 8 * MIB : 32 * MIB)

#define PARAMS	"/sys/module/gem_uma/parameters/"
#define HELPERS	PARAMS "restore_helpers"

static uint64_t param_read(const char *name)
{
	unsigned long long value;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), PARAMS "%s", name);
	file = fopen(path, "r");
	KT_TRUE(file);
	KT_EQ(fscanf(file, "%llu", &value), 1);
	fclose(file);
	return value;
}

/* Helpers have brought back @pages since @before. */
static bool helped(uint64_t before, uint64_t pages)
{
	return param_read("restored_ahead") - before >= pages;
}

static void set_helpers(const char *helpers)
{
	KT_OK(file_write(HELPERS, helpers));
}

static void default_again(void)
{
	file_write(HELPERS, "3");
	arena_cleanup();
}

static void need_two_cpus(void)
{
	if (get_nprocs() < 2)
		KT_SKIP("helpers need a second CPU");
}

/* A BO that the GPU filled with the pattern 1, 3. */
static struct tenant filled_tenant(uint64_t size)
{
	struct tenant s = tenant_new(size, 0);

	tenant_bind(&s);
	run_cmd(&s.vm, vuma_cmd_fill(s.va, size, 1, 3));
	return s;
}

static void tenant_check(struct tenant *s)
{
	verify_checksum(&s->vm, s->va, s->bo.size, 1, 3, &s->out, s->out_va);
}

/* The middle of a buffer is bound, and nothing else comes back for a job. */
static void only_what_is_bound(void)
{
	struct tenant s = filled_tenant(8 * MIB);
	struct vuma_vm vm = vm_new(s.bo.fd);
	struct drm_vuma_bo_query q;

	KT_OK(vuma_vm_map(&vm, s.out.handle, s.out_va, 0, PAGE, 0));
	KT_OK(vuma_vm_map(&vm, s.bo.handle, s.va, 2 * MIB, MIB, 0));
	KT_OK(vuma_vm_fini(&s.vm));
	arena_evict(&s.cg, &s.bo, 1);
	verify_checksum(&vm, s.va, MIB, 1 + 3 * (2 * MIB / 8), 3, &s.out, s.out_va);
	q = bo_query(&s.bo);
	KT_EQ(q.resident, MIB);
	KT_EQ(q.restored, MIB);
	/* The rest was not lost. */
	KT_OK(vuma_vm_map(&vm, s.bo.handle, 2 * s.va, 0, s.bo.size, 0));
	verify_checksum(&vm, 2 * s.va, s.bo.size, 1, 3, &s.out, s.out_va);
}

/* Whether a helper gets to run in time is the scheduler's business: until one does. */
static void helpers_help(void)
{
	struct tenant s = filled_tenant(LARGE);
	uint64_t before;

	need_two_cpus();
	before = param_read("restored_ahead");
	while (!helped(before, 256)) {
		arena_evict(&s.cg, &s.bo, 1);
		tenant_check(&s);
		KT_EQ(bo_query(&s.bo).resident, s.bo.size);
	}
}

static void without_helpers(void)
{
	struct tenant s = filled_tenant(LARGE);
	uint64_t before;

	set_helpers("0");
	before = param_read("restored_ahead");
	arena_evict(&s.cg, &s.bo, 1);
	tenant_check(&s);
	KT_EQ(param_read("restored_ahead"), before);
}

static void restores_in_another_cgroup(const struct peer *peer, void *arg)
{
	struct tenant *s = arg;

	tenant_check(s);
	peer_next(peer);
}

/* A kernel thread of the root cgroup reads, at the request of another: the creator pays. */
static void helpers_charge_the_creator(void)
{
	struct tenant s = filled_tenant(LARGE);
	struct cgroup b = arena_new("b");
	uint64_t before;
	struct peer peer;

	need_two_cpus();
	set_helpers("8");
	before = param_read("restored_ahead");
	peer = peer_start(&b, restores_in_another_cgroup, &s);
	arena_evict(&s.cg, &s.bo, 1);
	peer_next(&peer);
	expect_near(arena_stat(&s.cg, "shmem"), LARGE);
	KT_LE(arena_stat(&b, "shmem"), SLACK);
	ktap_note("%llu pages by helpers",
		  (unsigned long long)(param_read("restored_ahead") - before));
	peer_end(&peer);
}

/* Each too small for helpers of its own; those of the VM come one after the other. */
static void many_buffers_of_a_vm(void)
{
	enum { MOST = 48, BO_SIZE = 512 * 1024 };
	const int count = ktap_slow() > 1 ? MOST / 3 : MOST;
	struct tenant s = filled_tenant(PAGE);
	struct vuma_bo bos[MOST + 1];
	uint64_t before;
	int i;

	need_two_cpus();
	for (i = 0; i < count; i++) {
		uint64_t va = 2 * s.va + i * (uint64_t)BO_SIZE;

		bos[i] = bo_new(s.bo.fd, BO_SIZE, 0);
		KT_OK(vuma_vm_map(&s.vm, bos[i].handle, va, 0, BO_SIZE, 0));
		run_cmd(&s.vm, vuma_cmd_fill(va, BO_SIZE, i, 5));
	}
	bos[count] = s.bo;
	before = param_read("restored_ahead");
	while (!helped(before, BO_SIZE / PAGE)) {
		arena_evict(&s.cg, bos, count + 1);
		for (i = 0; i < count; i++)
			verify_checksum(&s.vm, 2 * s.va + i * (uint64_t)BO_SIZE, BO_SIZE, i, 5,
					&s.out, s.out_va);
	}
}

/* The same for a job with implicit addresses. */
static void many_buffers_of_a_legacy_job(void)
{
	enum { MOST = 48, BO_SIZE = 512 * 1024 };
	const int count = ktap_slow() > 1 ? MOST / 3 : MOST;
	struct drm_vuma_legacy_bo use[MOST];
	struct vuma_bo bos[MOST];
	struct cgroup cg;
	uint64_t before;
	int fd, i;

	need_reclaim();
	need_two_cpus();
	cg = arena_enter("a");
	fd = dev_open(0);
	for (i = 0; i < count; i++) {
		bos[i] = bo_new_mapped(fd, BO_SIZE, 0);
		vuma_pattern_fill(bos[i].map, BO_SIZE, i, 5);
		use[i] = vuma_legacy_bo(bos[i].handle, LEGACY_WRITE);
	}
	legacy_run(fd, use, count, vuma_cmd_nop());
	before = param_read("restored_ahead");
	while (!helped(before, BO_SIZE / PAGE)) {
		arena_evict(&cg, bos, count);
		legacy_run(fd, use, count, vuma_cmd_nop());
		for (i = 0; i < count; i++)
			KT_EQ(bo_query(&bos[i]).resident, BO_SIZE);
	}
	for (i = 0; i < count; i++)
		verify_pattern(bos[i].map, BO_SIZE, i, 5);
}

/* Time that tasks of a cgroup had to wait for memory, in microseconds. */
static uint64_t stall_total(const struct cgroup *cg)
{
	char text[512], *total;

	if (cgroup_read(cg, "memory.pressure", text, sizeof(text)))
		KT_SKIP("no memory.pressure: PSI is off");
	total = strstr(text, "total=");
	KT_TRUE(total);
	return strtoull(total + strlen("total="), NULL, 10);
}

static void counts_as_pressure(void)
{
	struct tenant s = filled_tenant(LARGE);
	uint64_t before;

	/* Otherwise it were over before the clock of PSI has moved. */
	set_helpers("0");
	arena_evict(&s.cg, &s.bo, 1);
	before = stall_total(&s.cg);
	run_cmd(&s.vm, vuma_cmd_nop());
	KT_EQ(bo_query(&s.bo).resident, s.bo.size);
	KT_GT(stall_total(&s.cg), before);
	/* Only then: what is in memory makes nobody wait. */
	before = stall_total(&s.cg);
	run_cmd(&s.vm, vuma_cmd_nop());
	KT_EQ(stall_total(&s.cg), before);
}

enum { KILL_COUNT = 24 };

static pid_t start_restore(struct vuma_vm *vm)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	pid_t pid = fork_child();

	if (!pid) {
		vuma_submit_one(vm->fd, vm->id, &nop, 1, 0);
		_exit(0);
	}
	return pid;
}

/*
 * Killed in the middle of a restore, a task is gone at once, with part of the work done, and
 * somebody else can go on with it.
 */
static void killed_in_the_middle(void)
{
	const uint64_t each = ktap_slow() > 1 ? MIB / 2 : 4 * MIB, total = KILL_COUNT * each;
	struct vuma_bo bos[KILL_COUNT];
	struct tenant s = filled_tenant(PAGE);
	uint64_t start, now, restored;
	bool caught = false;
	int i, status;

	set_helpers("0");
	for (i = 0; i < KILL_COUNT; i++) {
		bos[i] = bo_new(s.bo.fd, each, 0);
		KT_OK(vuma_vm_map(&s.vm, bos[i].handle, 2 * s.va + i * each, 0, each, 0));
		run_cmd(&s.vm, vuma_cmd_fill(2 * s.va + i * each, each, i, 5));
	}
	/* 24 buffers, and the first of them is all that it takes to be seen. */
	while (!caught) {
		pid_t pid;

		arena_evict(&s.cg, bos, KILL_COUNT);
		start = fdinfo(s.bo.fd, "vuma-restored-total");
		pid = start_restore(&s.vm);
		do {
			now = fdinfo(s.bo.fd, "vuma-restored-total");
			sched_yield();
		} while (now == start && !waitpid(pid, &status, WNOHANG));
		if (now == start)
			continue;
		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) != pid)
			continue;
		restored = fdinfo(s.bo.fd, "vuma-restored-total");
		caught = WIFSIGNALED(status) && restored - start < total;
	}
	for (i = 0; i < KILL_COUNT; i++)
		verify_checksum(&s.vm, 2 * s.va + i * each, each, i, 5, &s.out, s.out_va);
}

static const struct ktap_test tests[] = {
	{ .name = "restore_only_what_is_bound", .run = only_what_is_bound },
	{ .name = "restore_with_helpers", .run = helpers_help },
	{ .name = "restore_without_helpers", .run = without_helpers },
	{ .name = "restore_by_helpers_is_charged_to_the_creator",
	  .run = helpers_charge_the_creator },
	{ .name = "restore_reads_ahead_in_a_vm", .run = many_buffers_of_a_vm },
	{ .name = "restore_reads_ahead_for_implicit_addresses",
	  .run = many_buffers_of_a_legacy_job },
	{ .name = "restore_counts_as_memory_pressure", .run = counts_as_pressure },
	{ .name = "restore_ends_when_killed_and_can_be_repeated_panthor-88",
	  .run = killed_in_the_middle },
};

TEST_PROGRAM(tests, default_again);
