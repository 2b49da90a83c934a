// SPDX-License-Identifier: GPL-2.0
#include "common.h"
#include "gate.h"

static void has_keys(void)
{
	static const char *const names[] = {
		"drm-client-id", "drm-engine-vuma", "drm-total-memory", "drm-shared-memory",
		"drm-active-memory", "drm-resident-memory", "drm-purgeable-memory",
	};
	static const char *const reclaim[] = {
		"vuma-evicted-memory", "vuma-evicted-total", "vuma-restored-total",
	};
	int fd = dev_open(0);
	char text[4096], line[64];
	size_t i;

	bo_new(fd, PAGE, 0);
	KT_OK(vuma_fdinfo_read(0, fd, text, sizeof(text)));
	snprintf(line, sizeof(line), "drm-driver:\t%s\n", driver);
	KT_TRUE(strstr(text, line));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		fdinfo(fd, names[i]);
	for (i = 0; i < ARRAY_SIZE(reclaim) && !is_twin(); i++)
		fdinfo(fd, reclaim[i]);
}

static void client_ids(void)
{
	KT_NE(fdinfo(dev_open(0), "drm-client-id"), fdinfo(dev_open(0), "drm-client-id"));
}

static void empty_file(void)
{
	int fd = dev_open(0);

	KT_EQ(fdinfo(fd, "drm-total-memory"), 0);
	KT_EQ(fdinfo(fd, "drm-shared-memory"), 0);
	if (!is_twin())
		KT_EQ(fdinfo(fd, "drm-active-memory"), 0);
	KT_EQ(fdinfo(fd, "drm-resident-memory"), 0);
	KT_EQ(fdinfo(fd, "drm-engine-vuma"), 0);
}

static void total_and_resident(void)
{
	int fd = dev_open(0), i;
	struct vuma_bo bo[4];
	uint64_t total = 0;

	for (i = 0; i < 4; i++) {
		bo[i] = bo_new(fd, VUMA_MIB << i, 0);
		total += VUMA_MIB << i;
		KT_EQ(fdinfo(fd, "drm-total-memory"), total);
		KT_EQ(fdinfo(fd, "drm-resident-memory"), 0);
	}
	KT_OK(vuma_bo_map(&bo[1]));
	stamp_pages(bo[1].map, bo[1].size / PAGE, 0);
	KT_EQ(fdinfo(fd, "drm-resident-memory"), bo[1].size);
	KT_OK(vuma_bo_map(&bo[3]));
	stamp_pages(bo[3].map, bo[3].size / PAGE, 0);
	KT_EQ(fdinfo(fd, "drm-resident-memory"), bo[1].size + bo[3].size);
	KT_EQ(fdinfo(fd, "drm-total-memory"), total);

	KT_OK(vuma_bo_fini(&bo[1]));
	KT_EQ(fdinfo(fd, "drm-resident-memory"), bo[3].size);
	KT_EQ(fdinfo(fd, "drm-total-memory"), total - bo[1].size);
	KT_OK(vuma_bo_fini(&bo[0]));
	KT_OK(vuma_bo_fini(&bo[2]));
	KT_OK(vuma_bo_fini(&bo[3]));
	KT_EQ(fdinfo(fd, "drm-total-memory"), 0);
	KT_EQ(fdinfo(fd, "drm-resident-memory"), 0);
}

static void partial_residency(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), 8 * VUMA_MIB, 0);

	not_on_twin("knows only objects that are resident as a whole");
	stamp_pages(bo.map, 16, 0);
	KT_EQ(fdinfo(bo.fd, "drm-resident-memory"), bo_query(&bo).resident);
	KT_GE(bo_query(&bo).resident, 16 * PAGE);
	KT_LT(bo_query(&bo).resident, bo.size);
}

static void per_file(void)
{
	int fd = dev_open(0), other = dev_open(0);

	bo_new(fd, VUMA_MIB, 0);
	KT_EQ(fdinfo(fd, "drm-total-memory"), VUMA_MIB);
	KT_EQ(fdinfo(other, "drm-total-memory"), 0);
}

static void shared(void)
{
	int fd = dev_open(0), other = dev_open(0), dmabuf;
	struct vuma_bo bo = bo_new_mapped(fd, VUMA_MIB, 0);
	uint32_t handle;

	bo_new(fd, 4 * VUMA_MIB, 0);
	stamp_pages(bo.map, bo.size / PAGE, 0);
	KT_EQ(fdinfo(fd, "drm-shared-memory"), 0);
	dmabuf = export_bo(&bo);
	KT_OK(vuma_prime_import(other, dmabuf, &handle));
	KT_EQ(fdinfo(fd, "drm-shared-memory"), VUMA_MIB);
	KT_EQ(fdinfo(other, "drm-shared-memory"), VUMA_MIB);
	KT_EQ(fdinfo(other, "drm-total-memory"), VUMA_MIB);
	KT_EQ(fdinfo(other, "drm-resident-memory"), VUMA_MIB);
	KT_EQ(fdinfo(fd, "drm-total-memory"), 5 * VUMA_MIB);
	KT_OK(vuma_bo_close(other, handle));
	KT_SYS(close(dmabuf));
	/* For the core, what has ever been exported stays shared. */
	if (!is_twin())
		KT_EQ(fdinfo(fd, "drm-shared-memory"), 0);
	KT_EQ(fdinfo(other, "drm-total-memory"), 0);
	KT_EQ(fdinfo(other, "drm-resident-memory"), 0);
}

/* A job waits at a gate: what it may use is active, and as much as is in memory. */
static void active(void)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int fd = dev_open(0), other = dev_open(0), i;
	struct vuma_bo bo, idle = bo_new_mapped(fd, VUMA_MIB, 0);
	uint32_t out = syncobj_new(fd);
	struct vuma_vm vm = vm_new(fd);
	struct gate gate;

	not_on_twin("the core does not look at the fences of explicit submission");
	stamp_pages(idle.map, idle.size / PAGE, 0);
	/* More handles than are looked at in one piece; that of the job is the last. */
	for (i = 0; i < 200; i++)
		bo_new(fd, PAGE, 0);
	bo = bo_new(fd, 4 * VUMA_MIB, 0);
	vm_map_bo(&vm, &bo);
	run_cmd(&vm, nop);
	KT_EQ(fdinfo(fd, "drm-active-memory"), 0);
	gate = gate_new(fd);
	KT_OK(submit_after(&vm, &nop, 1, gate.in, out));
	KT_EQ(fdinfo(fd, "drm-active-memory"), bo.size);
	KT_EQ(fdinfo(fd, "drm-resident-memory"), bo.size + idle.size);
	KT_EQ(fdinfo(other, "drm-active-memory"), 0);
	gate_open(&gate);
	wait_job(fd, out, 0);
	KT_EQ(fdinfo(fd, "drm-active-memory"), 0);
}

static void engine_time(void)
{
	struct vuma_vm vm = vm_new(dev_open(0));
	int64_t start = vuma_now_ns();
	uint64_t busy;

	KT_EQ(fdinfo(vm.fd, "drm-engine-vuma"), 0);
	run_cmd(&vm, vuma_cmd_spin(200000));
	busy = fdinfo(vm.fd, "drm-engine-vuma");
	KT_GE(busy, 200 * VUMA_MSEC);
	KT_LE(busy, vuma_now_ns() - start);
	KT_EQ(fdinfo(dev_open(0), "drm-engine-vuma"), 0);
}

static void other_process_can_read(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), VUMA_MIB, 0);
	pid_t parent = getpid(), pid = fork();

	KT_SYS(pid);
	if (!pid) {
		uint64_t value;

		KT_OK(vuma_fdinfo(parent, bo.fd, "drm-total-memory", &value));
		KT_EQ(value, VUMA_MIB);
		_exit(value == VUMA_MIB ? 0 : 1);
	}
	join_child(pid);
}

static const struct ktap_test tests[] = {
	{ .name = "fdinfo_has_the_standard_keys", .run = has_keys },
	{ .name = "fdinfo_client_id_is_per_file", .run = client_ids },
	{ .name = "fdinfo_empty_file_is_all_zero", .run = empty_file },
	{ .name = "fdinfo_total_and_resident_add_up", .run = total_and_resident },
	{ .name = "fdinfo_resident_counts_parts", .run = partial_residency },
	{ .name = "fdinfo_counts_handles_of_the_file_only", .run = per_file },
	{ .name = "fdinfo_shared_follows_handles", .run = shared },
	{ .name = "fdinfo_active_is_what_jobs_use", .run = active },
	{ .name = "fdinfo_engine_time_is_the_jobs_time", .run = engine_time },
	{ .name = "fdinfo_can_be_read_by_others", .run = other_process_can_read },
};

TEST_PROGRAM(tests, NULL);
