// SPDX-License-Identifier: GPL-2.0
/* What memory limits do to buffers, and that nothing is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "port.h"

#define BOS	12
#define SIZE	(4 * MIB)

static uint32_t seed(unsigned int bo)
{
	return 0x01000000 * (bo + 1);
}

static void create_all(int fd, struct port_bo *bo, bool mapped)
{
	unsigned int i;

	for (i = 0; i < BOS; i++) {
		bo[i] = bo_new(fd, SIZE);
		if (mapped)
			bo_map(&bo[i]);
	}
}

static void fill_all(struct port_bo *bo, uint32_t plus)
{
	unsigned int i;

	for (i = 0; i < BOS; i++)
		fill(bo[i].map, SIZE, seed(i) + plus);
}

static void use_all(const struct port_bo *bo)
{
	unsigned int i;

	for (i = 0; port->use && i < BOS; i++)
		KT_OK(port->use(&bo[i]));
}

static void verify_all(const struct port_bo *bo, uint32_t plus)
{
	unsigned int i;

	for (i = 0; i < BOS; i++)
		verify(bo[i].map, SIZE, seed(i) + plus);
}

/* One job for each: it finds what was there, and leaves the next. */
static void jobs_on_all(const struct port_bo *bo, uint32_t old, uint32_t new)
{
	unsigned int i;

	for (i = 0; i < BOS; i++) {
		const struct port_bo *bos[] = { &bo[i] };
		struct engine_cmd cmds[] = {
			cmd_check(&bo[i], seed(i) + old), cmd_fill(&bo[i], seed(i) + new),
		};

		run_on(i % port->nr_queues, cmds, 2, bos, 1);
	}
}

static void shrink(const struct cgroup *cg)
{
	uint64_t before = charged(cg);
	int ret = reclaim_to(cg, 16 * MIB);

	figure("charged_before", before, "bytes");
	figure("charged_after", charged(cg), "bytes");
	KT_OK(ret);
}

void reclaim_idle(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo[BOS];

	create_all(port_open(), bo, true);
	fill_all(bo, 0);
	use_all(bo);
	shrink(&cg);
	verify_all(bo, 0);
	use_all(bo);
	shrink(&cg);
	verify_all(bo, 0);
}

/* The CPU has never seen what is to be kept. */
void reclaim_written_by_device(void)
{
	struct cgroup cg;
	struct port_bo bo[BOS];
	unsigned int i;

	need_engine();
	cg = tenant("one");
	create_all(port_open(), bo, false);
	for (i = 0; i < BOS; i++) {
		const struct port_bo *bos[] = { &bo[i] };
		struct engine_cmd cmd = cmd_fill(&bo[i], seed(i));

		run(&cmd, 1, bos, 1);
	}
	shrink(&cg);
	jobs_on_all(bo, 0, 3);
	for (i = 0; i < BOS; i++)
		bo_map(&bo[i]);
	verify_all(bo, 3);
}

void reclaim_between_jobs(void)
{
	struct cgroup cg;
	struct port_bo bo[BOS];
	unsigned int round;

	need_engine();
	cg = tenant("one");
	create_all(port_open(), bo, true);
	fill_all(bo, 0);
	for (round = 0; round < 6; round += 2) {
		jobs_on_all(bo, round, round + 1);
		shrink(&cg);
		verify_all(bo, round + 1);
		jobs_on_all(bo, round + 1, round + 2);
		shrink(&cg);
		jobs_on_all(bo, round + 2, round + 2);
		verify_all(bo, round + 2);
	}
}

/*
 * A job that reaches for a buffer without naming it may find it, or not: it never finds
 * memory that is somebody else's by now. Who maps a buffer for the device makes it forget what
 * it knew; so all that the last job needs is mapped before the buffer is, and used after it.
 */
static void reach_for_evicted(void)
{
	struct port_bo bo, other, commands;
	const struct port_bo *bos[] = { &bo }, *others[] = { &other };
	struct engine_cmd cmd, keep;
	uint64_t faults, each = port->fault_ends_job ? 1 : SIZE / PAGE;
	struct cgroup cg;

	cg = tenant("one");
	bo = bo_new(port_open(), SIZE);
	other = bo_new(bo.fd, PAGE);
	commands = bo_new_mapped(bo.fd, PAGE);
	keep = cmd_fill(&other, 5);
	run_by(&commands, 0, &keep, 1, others, 1);
	cmd = cmd_fill(&bo, 1);
	run_by(&commands, 0, &cmd, 1, bos, 1);
	run_by(&commands, 0, &keep, 1, others, 1);
	verify_engine();
	KT_OK(reclaim_to(&cg, SIZE / 2));
	faults = engine_count("faults");
	cmd = cmd_check(&bo, 1);
	run_by(&commands, 0, &cmd, 1, others, 1);
	KT_EQ(engine_count("faults") - faults, each);
	KT_EQ(engine_wrong("stale"), 0);
	KT_EQ(engine_wrong("gone"), 0);
	/* Named, it is as it was. */
	run_unchecked(0, &cmd, 1, bos, 1);
	KT_EQ(engine_count("faults") - faults, each);
}

/* In a child, so that the device is as it was afterwards whatever happens. */
static int in_child(void (*test)(void))
{
	pid_t child = fork();
	int status;

	KT_SYS(child);
	if (!child) {
		test();
		_exit(0);
	}
	KT_SYS(waitpid(child, &status, 0));
	return status;
}

void evicted_is_out_of_reach(void)
{
	int status;

	need_engine();
	if (port->whole_vm)
		KT_SKIP("a job brings back all that it can reach");
	if (port->keep_power)
		port->keep_power(true);
	status = in_child(reach_for_evicted);
	if (port->keep_power)
		port->keep_power(false);
	KT_EQ(status, 0);
}

static void set_flush_polls(const char *polls)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s-model/flush_polls", port->name);
	KT_OK(file_write(path, polls));
}

static void reclaim_slowly(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo[BOS];

	set_flush_polls("16");
	create_all(port_open(), bo, true);
	fill_all(bo, 0);
	jobs_on_all(bo, 0, 1);
	shrink(&cg);
	jobs_on_all(bo, 1, 2);
	verify_all(bo, 2);
}

/* Reclaim waits for no device that takes its time to forget pages. */
void reclaim_slow_device(void)
{
	int status;

	need_engine();
	status = in_child(reclaim_slowly);
	set_flush_polls("0");
	KT_EQ(status, 0);
}

/* Twice as much as is allowed. */
static void work_beyond(uint64_t limit, const char *name)
{
	struct cgroup cg = tenant(name);
	struct port_bo bo[BOS];
	int fd = port_open();
	unsigned int i;

	KT_OK(cgroup_write(&cg, "memory.max", "%llu", (unsigned long long)limit));
	/* What a job needs has to be within it. */
	for (i = 0; i < BOS; i++)
		bo[i] = bo_new_mapped(port_open_apart(fd), SIZE);
	fill_all(bo, 0);
	use_all(bo);
	verify_all(bo, 0);
	if (port->nr_queues) {
		jobs_on_all(bo, 0, 9);
		verify_all(bo, 9);
	}
	figure("charged_at_limit", charged(&cg), "bytes");
}

static void need_limit(void)
{
	if (port->no_limit && !port_is_ported())
		KT_SKIP("%s", port->no_limit);
}

void beyond_limit(void)
{
	need_limit();
	work_beyond(BOS * SIZE / 2, "one");
}

/* Who is under no limit keeps all that it has. */
void limit_of_one_client(void)
{
	struct cgroup other;
	struct port_bo bo[BOS];
	uint64_t before, swapped = 0;
	pid_t child;
	int status;

	need_limit();
	other = tenant("other");
	create_all(port_open(), bo, true);
	fill_all(bo, 4);
	before = charged(&other);
	child = fork();
	KT_SYS(child);
	if (!child) {
		work_beyond(BOS * SIZE / 2, "one");
		_exit(0);
	}
	KT_SYS(waitpid(child, &status, 0));
	KT_OK(cgroup_read_u64(&other, "memory.swap.current", &swapped));
	figure("other_charged", charged(&other), "bytes");
	figure("other_swapped", swapped, "bytes");
	KT_EQ(status, 0);
	KT_EQ(swapped, 0);
	KT_GE(charged(&other) + MIB, before);
	verify_all(bo, 4);
}

void drop_caches(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo[BOS];

	create_all(port_open(), bo, true);
	fill_all(bo, 0);
	KT_OK(file_write("/proc/sys/vm/drop_caches", "3"));
	figure("charged_after_drop_caches", charged(&cg), "bytes");
	verify_all(bo, 0);
	if (port->nr_queues) {
		jobs_on_all(bo, 0, 1);
		KT_OK(file_write("/proc/sys/vm/drop_caches", "3"));
		jobs_on_all(bo, 1, 2);
		verify_all(bo, 2);
	}
}
