// SPDX-License-Identifier: GPL-2.0
/*
 * port_bench -d <driver> -v <variant>: what operations of a driver take. Lines of
 * driver,variant,row,value,unit are added to /out/samples.csv: times in ns, which are
 * instructions where the guest's clock counts these.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../port.h"
#include "proc.h"

#define SMALL	(16 * PAGE)
#define LARGE	(4 * MIB)
#define HELD	8

static const char *variant = "ported";
static FILE *samples;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void emit(const char *row, uint64_t value, const char *unit)
{
	fprintf(samples, "%s,%s,%s,%llu,%s\n", port->name, variant, row,
		(unsigned long long)value, unit);
}

static void touch(const struct port_bo *bo)
{
	uint64_t at;

	for (at = 0; at < bo->size; at += PAGE)
		((volatile uint32_t *)bo->map)[at / sizeof(*bo->map)] = at;
}

static void create(int fd)
{
	const unsigned int n = 50;
	uint64_t start = now();
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct port_bo bo = bo_new(fd, SMALL);

		bo_close(&bo);
	}
	emit("create", (now() - start) / n, "ns");
}

static void first_touch(int fd)
{
	struct port_bo bo = bo_new_mapped(fd, LARGE);
	uint64_t start = now();

	touch(&bo);
	emit("touch", (now() - start) / (LARGE / PAGE), "ns");
	bo_close(&bo);
}

/* The device works on one word, or is only told of the buffer. */
static void use(const struct port_bo *commands, const struct port_bo *bo)
{
	const struct port_bo *bos[] = { bo };
	struct engine_cmd cmd = cmd_fill(bo, 1);

	if (!port->nr_queues) {
		KT_OK(port->use(bo));
		return;
	}
	cmd.words = 1;
	run_by(commands, 0, &cmd, 1, bos, 1);
}

static bool has_device(void)
{
	return port->nr_queues || port->use;
}

static void submit(int fd)
{
	const unsigned int n = 50;
	struct port_bo commands, bo;
	uint64_t start;
	unsigned int i;

	if (!has_device())
		return;
	commands = bo_new_mapped(fd, PAGE);
	bo = bo_new_mapped(fd, LARGE);
	touch(&bo);
	start = now();
	use(&commands, &bo);
	emit("submit-first", now() - start, "ns");
	start = now();
	for (i = 0; i < n; i++)
		use(&commands, &bo);
	emit("submit", (now() - start) / n, "ns");
	bo_close(&bo);
	bo_close(&commands);
}

/* A driver that gives nothing back has no such row. */
static void evict_and_restore(int fd)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo = bo_new_mapped(fd, LARGE);
	uint64_t before, out, start, spent;

	touch(&bo);
	before = charged(&cg);
	start = now();
	cgroup_reclaim(&cg, LARGE / 2);
	spent = now() - start;
	out = before - charged(&cg);
	if (before > charged(&cg) && out >= LARGE / 4) {
		emit("evict", spent / (out / PAGE), "ns");
		start = now();
		touch(&bo);
		emit("restore", (now() - start) / (out / PAGE), "ns");
	}
	bo_close(&bo);
	cgroup_leave();
	KT_OK(cgroup_destroy(&cg));
}

static void kernel_memory(int fd)
{
	struct port_bo bos[HELD];
	struct port_bo commands = { .fd = fd };
	uint64_t before, after;
	unsigned int i;

	if (port->nr_queues)
		commands = bo_new_mapped(fd, PAGE);
	KT_OK(proc_weigh_kernel(&before));
	for (i = 0; i < HELD; i++) {
		bos[i] = bo_new_mapped(fd, LARGE);
		touch(&bos[i]);
		if (has_device())
			use(&commands, &bos[i]);
		/* Page tables of this process are not the driver's. */
		bo_unmap(&bos[i]);
	}
	KT_OK(proc_weigh_kernel(&after));
	KT_GE(after, before);
	emit("kmem", (after - before) * 1024 * MIB / (HELD * LARGE), "B/GiB");
	for (i = 0; i < HELD; i++)
		bo_close(&bos[i]);
}

static void bench(void)
{
	int fd = port_open();

	samples = fopen("/out/samples.csv", "ae");
	KT_TRUE(samples);
	create(fd);
	first_touch(fd);
	submit(fd);
	evict_and_restore(fd);
	kernel_memory(fd);
	KT_EQ(fclose(samples), 0);
}

static void on_option(int opt, const char *arg)
{
	if (opt == 'v')
		variant = arg;
	else if (!port_choose(arg))
		ktap_bail_out("no driver %s", arg);
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ .name = "bench", .run = bench, .timeout = 300 },
	};
	const struct ktap_suite suite = { .tests = tests, .count = 1 };

	return ktap_main(&suite, argc, argv, "d:v:", on_option);
}
