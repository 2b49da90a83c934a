// SPDX-License-Identifier: GPL-2.0
/*
 * port_suspend -d <driver>: all devices of the machine go to sleep, the driver's among them, and
 * nothing is lost. What does not survive that has to be unmounted before.
 */
#include "../port.h"
#include "file.h"

#define POWER	"/sys/power/"
#define BOS	4
#define SIZE	(2 * MIB)

static uint32_t seed(unsigned int bo)
{
	return 0x01000000 * (bo + 1);
}

/* The devices are suspended and resumed; the machine itself stays awake. */
static void sleep_once(void)
{
	KT_OK(file_write(POWER "state", "freeze"));
}

static void awake_again(void)
{
	file_write(POWER "pm_test", "none");
	tenants_leave();
}

static void create_all(int fd, struct port_bo *bo)
{
	unsigned int i;

	KT_OK(file_write(POWER "pm_test", "devices"));
	KT_OK(file_write("/sys/module/suspend/parameters/pm_test_delay", "0"));
	for (i = 0; i < BOS; i++) {
		bo[i] = bo_new_mapped(fd, SIZE);
		fill(bo[i].map, SIZE, seed(i));
	}
	for (i = 0; port->use && i < BOS; i++)
		KT_OK(port->use(&bo[i]));
}

/* The device finds what there is, and leaves more; so does the CPU where there is no device. */
static void work_on_all(const struct port_bo *bo, uint32_t old, uint32_t new)
{
	unsigned int i;

	for (i = 0; i < BOS; i++) {
		const struct port_bo *bos[] = { &bo[i] };
		struct engine_cmd cmds[] = {
			cmd_check(&bo[i], seed(i) + old), cmd_fill(&bo[i], seed(i) + new),
		};

		if (port->nr_queues) {
			run_on(i % port->nr_queues, cmds, 2, bos, 1);
			continue;
		}
		verify(bo[i].map, SIZE, seed(i) + old);
		fill(bo[i].map, SIZE, seed(i) + new);
		if (port->use)
			KT_OK(port->use(&bo[i]));
	}
}

static void verify_all(const struct port_bo *bo, uint32_t plus)
{
	unsigned int i;

	for (i = 0; i < BOS; i++)
		verify(bo[i].map, SIZE, seed(i) + plus);
}

/* What the device wrote last, and nobody has looked at since. */
static void keeps_buffers(intptr_t times)
{
	struct port_bo bo[BOS];
	uint32_t step;

	create_all(port_open(), bo);
	work_on_all(bo, 0, 1);
	for (step = 1; step <= times; step++) {
		sleep_once();
		work_on_all(bo, step, step + 1);
	}
	verify_all(bo, step);
	sleep_once();
	verify_all(bo, step);
}

/* What is not in memory comes back to a device that was off meanwhile. */
static void keeps_what_is_evicted(void)
{
	struct port_bo bo[BOS];
	struct cgroup cg;

	if (!port_is_ported())
		KT_SKIP("its pages cannot be reclaimed");
	cg = tenant("one");
	create_all(port_open(), bo);
	work_on_all(bo, 0, 1);
	KT_OK(reclaim_to(&cg, 4 * MIB));
	sleep_once();
	work_on_all(bo, 1, 2);
	verify_all(bo, 2);
}

static void on_option(int opt, const char *arg)
{
	if (opt == 'd' && !port_choose(arg))
		ktap_bail_out("no driver %s", arg);
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ .name = "suspend_keeps_buffers", .run_arg = keeps_buffers, .arg = 1 },
		{ .name = "suspend_again_and_again", .run_arg = keeps_buffers, .arg = 5 },
		{ .name = "suspend_keeps_what_is_evicted", .run = keeps_what_is_evicted },
	};
	const struct ktap_suite suite = {
		.tests = tests, .count = ARRAY_SIZE(tests), .cleanup = awake_again,
	};

	return ktap_main(&suite, argc, argv, "d:", on_option);
}
