// SPDX-License-Identifier: GPL-2.0
/* t_ports -d <driver>: what is asked of each ported driver, and of what it was. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

static const struct ktap_test common[] = {
	{ .name = "create_to_destroy", .run = create_to_destroy },
	{ .name = "zero_before_use", .run = zero_before_use },
	{ .name = "thousand_cycles", .run = thousand_cycles },
	{ .name = "mmap_twice", .run = mmap_twice },
	{ .name = "mmap_vma_splits", .run = mmap_vma_splits },
	{ .name = "mmap_moved", .run = mmap_moved },
	{ .name = "dmabuf_mmap_at_offset", .run = dmabuf_mmap_at_offset },
	{ .name = "prime_itself", .run = prime_itself },
	{ .name = "prime_to_vuma", .run = prime_to_vuma },
	{ .name = "prime_from_vuma", .run = prime_from_vuma },
	{ .name = "prime_outlives_the_file", .run = prime_outlives_the_file },
	{ .name = "job_on_first_queue", .run_arg = job_on, .arg = 0 },
	{ .name = "job_on_second_queue", .run_arg = job_on, .arg = 1 },
	{ .name = "job_on_third_queue", .run_arg = job_on, .arg = 2 },
	{ .name = "job_of_imported", .run = job_of_imported },
	{ .name = "thousand_jobs", .run = thousand_jobs },
	{ .name = "special_jobs", .run = special_jobs },
	{ .name = "display_shows", .run = display_shows },
	{ .name = "display_writes_back", .run = display_writes_back },
	{ .name = "display_of_imported", .run = display_of_imported },
	{ .name = "display_between_evictions", .run = display_between_evictions },
	{ .name = "display_modetest", .run_arg = display_modetest, .arg = 0 },
	{ .name = "display_modetest_flips", .run_arg = display_modetest, .arg = 1 },
	{ .name = "display_weston", .run = display_weston },
	{ .name = "reclaim_idle", .run = reclaim_idle },
	{ .name = "reclaim_written_by_device", .run = reclaim_written_by_device },
	{ .name = "reclaim_between_jobs", .run = reclaim_between_jobs },
	{ .name = "evicted_is_out_of_reach", .run = evicted_is_out_of_reach },
	{ .name = "reclaim_slow_device", .run = reclaim_slow_device },
	{ .name = "beyond_limit", .run = beyond_limit },
	{ .name = "limit_of_one_client", .run = limit_of_one_client },
	{ .name = "drop_caches", .run = drop_caches },
	{ .name = "creation_fails", .run = creation_fails },
	{ .name = "export_fails", .run = export_fails },
	{ .name = "import_fails", .run = import_fails },
	{ .name = "job_fails", .run = job_fails },
	{ .name = "unbind_with_open_files", .run = unbind_with_open_files },
};

/* Those and the driver's. */
static struct ktap_test tests[ARRAY_SIZE(common) + 32];
static struct ktap_suite suite = { .tests = tests };

static void choose(const char *name)
{
	if (!port_choose(name))
		ktap_bail_out("no driver %s", name);
	KT_LE(port->nr_tests, ARRAY_SIZE(tests) - ARRAY_SIZE(common));
	memcpy(tests, common, sizeof(common));
	memcpy(tests + ARRAY_SIZE(common), port->tests, port->nr_tests * sizeof(*tests));
	suite.count = ARRAY_SIZE(common) + port->nr_tests;
}

static void on_option(int opt, const char *arg)
{
	if (opt == 'd')
		choose(arg);
}

int main(int argc, char **argv)
{
	suite.cleanup = tenants_leave;
	choose("vgem");
	exit(ktap_main(&suite, argc, argv, "d:", on_option));
}
