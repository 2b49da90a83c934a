// SPDX-License-Identifier: GPL-2.0
/* The engine against what comes from beside it: time limits and reclaim. */
#include "crew.h"
#include "file.h"
#include "legacy.h"

#define LONG_WAIT	(60 * VUMA_SEC)
#define TIMEOUT_MS	"2000"
#define ROUNDS		3
#define TRIES		20

/* The last device, and its limit before the test. Shared with the process of the test. */
static struct {
	unsigned int last;
	char bus_id[64], limit[32];
} *saved;

static void write_driver_file(const char *file, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", driver, file);
	file_write(path, text);
}

static char *timeout_path(void)
{
	static char path[96];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/job_timeout_ms", driver);
	return path;
}

/* The last device comes again, with a limit for jobs. */
static void rebind(const char *limit)
{
	file_write(timeout_path(), limit);
	write_driver_file("unbind", saved->bus_id);
	write_driver_file("bind", saved->bus_id);
	while (vuma_count(driver, VUMA_NODE_RENDER) <= saved->last)
		usleep(1000);
}

/* After each test, however it ended. */
static void restore_limit(void)
{
	if (saved->limit[0])
		rebind(saved->limit);
	saved->limit[0] = 0;
}

static int open_with_short_limit(void)
{
	int fd;

	saved->last = vuma_count(driver, VUMA_NODE_RENDER) - 1;
	fd = dev_open(saved->last);
	KT_OK(vuma_sysfs(fd, NULL, 0, saved->bus_id, sizeof(saved->bus_id)));
	KT_SYS(close(fd));
	KT_OK(file_read(timeout_path(), saved->limit, sizeof(saved->limit)));
	rebind(TIMEOUT_MS);
	return dev_open(saved->last);
}

static struct vuma_gate gate_at(struct vuma_vm *vm)
{
	struct vuma_gate gate;

	KT_OK(vuma_gate_init(&gate, vm->fd));
	KT_OK(vuma_gate_map(&gate, vm));
	return gate;
}

static uint32_t submit(const struct vuma_gate *gate, const struct vuma_vm *vm)
{
	uint32_t done = syncobj_new(vm->fd);

	KT_OK(vuma_gate_submit(gate, vm, done));
	return done;
}

static int end(int fd, uint32_t done)
{
	int status;

	KT_OK(vuma_job_wait(fd, done, LONG_WAIT, &status));
	KT_OK(vuma_syncobj_destroy(fd, done));
	if (status)
		KT_RET(status, -ETIME);
	return status;
}

/*
 * The first job ends by itself while the handler of its timeout has begun, and the second is
 * in the engine when the handler goes on. Returns false if it did not come about so.
 */
static bool timeout_round(struct vuma_vm *vm)
{
	unsigned long begun = window_waits(WINDOW_TIMEOUT);
	unsigned long ended = window_waits(WINDOW_TIMEOUT_END);
	struct vuma_gate first = gate_at(vm), second = gate_at(vm);
	uint32_t first_done = submit(&first, vm), second_done = submit(&second, vm);
	bool ran, raced;

	while (window_waits(WINDOW_TIMEOUT) == begun)
		usleep(1000);
	vuma_gate_open(&first);
	KT_OK(vuma_gate_await(&second, LONG_WAIT));
	raced = window_waits(WINDOW_TIMEOUT_END) == ended;
	while (window_waits(WINDOW_TIMEOUT_END) == ended)
		usleep(1000);
	vuma_gate_open(&second);
	raced &= !end(vm->fd, first_done);
	/* A limit of its own, which it may well meet; but nothing else ends it. */
	ran = !end(vm->fd, second_done);
	KT_OK(vuma_vm_unmap(vm, first.addr, first.bo.size));
	KT_OK(vuma_vm_unmap(vm, second.addr, second.bo.size));
	KT_OK(vuma_gate_fini(&first));
	KT_OK(vuma_gate_fini(&second));
	return raced && ran;
}

static void timeouts(void)
{
	static const enum window windows[] = { WINDOW_TIMEOUT, WINDOW_TIMEOUT_END };
	struct vuma_vm vm = vm_new(open_with_short_limit());
	int raced = 0, tries;

	if (!windows_open(windows, ARRAY_SIZE(windows)))
		KT_SKIP("no kprobes");
	for (tries = 0; tries < TRIES && raced < ROUNDS; tries++)
		raced += timeout_round(&vm);
	KT_EQ(raced, ROUNDS);
	windows_close(windows, ARRAY_SIZE(windows));
	run_cmd(&vm, vuma_cmd_nop());
	KT_SYS(close(vm.fd));
}

/* A buffer that a job uses, and one of the same VM that none does. */
struct beside {
	struct cgroup cg;
	struct vuma_bo idle, busy;
	uint64_t busy_va;
	uint32_t done;
};

static struct beside beside_new(uint64_t size)
{
	struct beside b = { .cg = arena_enter("a") };
	int fd = dev_open(0);

	b.idle = bo_new_mapped(fd, VUMA_MIB, 0);
	b.busy = bo_new_mapped(fd, size, 0);
	vuma_pattern_fill(b.idle.map, b.idle.size, 1, 3);
	legacy_touch(&b.idle, 1);
	b.busy_va = legacy_touch(&b.busy, 1);
	b.done = syncobj_new(fd);
	return b;
}

/* Reclaim takes the idle one while the engine does nothing but what the job says. */
static void beside_job(struct beside *b, const struct drm_vuma_cmd *cmds, uint32_t nr)
{
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(b->busy.handle, LEGACY_WRITE);

	KT_OK(vuma_submit_legacy(b->busy.fd, &use, 1, cmds, nr, 0, b->done));
	/* Once for its second chance, once to take it. */
	arena_squeeze(&b->cg, 64 * VUMA_MIB);
	arena_squeeze(&b->cg, 64 * VUMA_MIB);
	expect_evicted(&b->idle);
	/* Else nothing was shown. */
	KT_RET(vuma_syncobj_wait(b->busy.fd, b->done, 0), -ETIME);
}

static void beside_end(struct beside *b, int want)
{
	int status;

	KT_OK(vuma_job_wait(b->busy.fd, b->done, LONG_WAIT, &status));
	KT_RET(status, want);
	verify_pattern(b->idle.map, b->idle.size, 1, 3);
}

static void idle_beside_fill(void)
{
	enum { PIECES = 1024, PIECE = 64 * 1024 };
	static const enum window windows[] = { WINDOW_PIECE };
	static struct drm_vuma_cmd cmds[PIECES];
	struct beside b = beside_new(PIECE);
	int i;

	for (i = 0; i < PIECES; i++)
		cmds[i] = vuma_cmd_fill(LEGACY_AT(0, 0), PIECE, i, 0);
	windows_open(windows, ARRAY_SIZE(windows));
	beside_job(&b, cmds, PIECES);
	windows_close(windows, ARRAY_SIZE(windows));
	beside_end(&b, 0);
}

/* A pointer to itself, until it points nowhere. */
static void idle_beside_chase(void)
{
	static const enum window windows[] = { WINDOW_HOP };
	struct drm_vuma_cmd cmd = vuma_cmd_chase(LEGACY_AT(0, 8), LEGACY_AT(0, 0), UINT32_MAX);
	struct beside b = beside_new(PAGE);

	legacy_touch(&b.busy, b.busy_va);
	windows_open(windows, ARRAY_SIZE(windows));
	beside_job(&b, &cmd, 1);
	*(volatile uint64_t *)b.busy.map = 0;
	beside_end(&b, -EFAULT);
	windows_close(windows, ARRAY_SIZE(windows));
}

static const struct ktap_test tests[] = {
	{ .name = "stress_engine_next_job_survives_a_timeout_rev-V2", .run = timeouts,
	  .timeout = 120 },
	{ .name = "stress_engine_idle_buffer_of_a_busy_vm_is_evicted_rev-V11",
	  .run = idle_beside_fill, .timeout = 120 },
	{ .name = "stress_engine_idle_buffer_beside_a_chase_is_evicted_rev-V11",
	  .run = idle_beside_chase, .timeout = 120 },
};

static int engine_main(struct ktap_suite *suite, int argc, char **argv)
{
	saved = shared_memory(PAGE);
	return stress_main(suite, argc, argv);
}

PROGRAM(engine_main, tests, restore_limit);
