// SPDX-License-Identifier: GPL-2.0
#include "gate.h"
#include "rig.h"

static void max_counts(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_sync in[DRM_VUMA_SUBMIT_MAX_SYNCS] = { 0 };
	struct drm_vuma_sync out[DRM_VUMA_SUBMIT_MAX_SYNCS] = { 0 };
	volatile uint64_t *a = r.a.map;
	struct drm_vuma_cmd *cmds;
	uint64_t max, i;

	KT_OK(vuma_get_param(r.fd, DRM_VUMA_PARAM_MAX_CMDS, 0, &max));
	cmds = calloc(max, sizeof(*cmds));
	KT_TRUE(cmds);
	for (i = 0; i < max; i++)
		cmds[i] = vuma_cmd_fill(r.a_va + i % (RIG_SIZE / 8) * 8, 8, i + 1, 0);
	for (i = 0; i < DRM_VUMA_SUBMIT_MAX_SYNCS; i++) {
		KT_OK(vuma_syncobj_create(r.fd, true, &in[i].handle));
		out[i].handle = syncobj_new(r.fd);
	}
	KT_OK(vuma_submit(r.fd, r.vm.id, cmds, max, in, DRM_VUMA_SUBMIT_MAX_SYNCS, out,
			  DRM_VUMA_SUBMIT_MAX_SYNCS));
	for (i = 0; i < DRM_VUMA_SUBMIT_MAX_SYNCS; i++)
		KT_OK(vuma_syncobj_wait(r.fd, out[i].handle, FOREVER));
	for (i = max > RIG_SIZE / 8 ? max - RIG_SIZE / 8 : 0; i < max; i++)
		KT_EQ(a[i % (RIG_SIZE / 8)], i + 1);
	free(cmds);
}

static void same_file_in_order(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct vuma_vm second = vm_new(r.fd);
	struct drm_vuma_cmd cmds[1] = { vuma_cmd_nop() };
	struct gate gate = gate_new(r.fd);
	uint32_t syncobj = syncobj_new(r.fd);
	uint64_t i;

	KT_OK(vuma_vm_map(&second, r.a.handle, r.a_va, 0, RIG_SIZE, 0));
	KT_OK(submit_after(&r.vm, cmds, 1, gate.in, 0));
	/* Also through different VMs. */
	for (i = 1; i <= 200; i++) {
		uint32_t vm_id = i & 1 ? second.id : r.vm.id;

		cmds[0] = vuma_cmd_fill(r.a_va, 64, i, 0);
		KT_OK(vuma_submit_one(r.fd, vm_id, cmds, 1, i == 200 ? syncobj : 0));
	}
	gate_open(&gate);
	KT_OK(vuma_syncobj_wait(r.fd, syncobj, FOREVER));
	verify_pattern(r.a.map, 64, 200, 0);
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_JOBS), 101);
	KT_EQ(vm_param(&second, DRM_VUMA_PARAM_VM_JOBS), 100);
}

/* The same syncobj in two files of one device. */
static uint32_t share_syncobj(int from, uint32_t handle, int to)
{
	uint32_t other;
	int fd;

	KT_SYS(drmSyncobjHandleToFD(from, handle, &fd));
	KT_SYS(drmSyncobjFDToHandle(to, fd, &other));
	close(fd);
	return other;
}

/* The first job waits at a gate, the second for the first, in another file. */
static void in_sync_orders_files(intptr_t timeline)
{
	struct rig r = rig_new(RIG_SIZE), s = rig_new(RIG_SIZE);
	/* Both write into the first one's buffer. */
	struct vuma_bo there = import_bo(s.fd, export_bo(&r.a), RIG_SIZE);
	struct drm_vuma_cmd first = vuma_cmd_fill(r.a_va, RIG_SIZE, 1, 1);
	struct drm_vuma_cmd second = vuma_cmd_fill(vm_map_bo(&s.vm, &there), RIG_SIZE, 2, 2);
	struct gate gate = gate_new(r.fd);
	struct drm_vuma_sync in = { .handle = gate.in }, done = { 0 };
	struct drm_vuma_sync between = { .point = timeline ? 5 : 0 };

	between.handle = syncobj_new(r.fd);
	done.handle = syncobj_new(s.fd);
	KT_OK(vuma_submit(r.fd, r.vm.id, &first, 1, &in, 1, &between, 1));
	between.handle = share_syncobj(r.fd, between.handle, s.fd);
	KT_OK(vuma_submit(s.fd, s.vm.id, &second, 1, &between, 1, &done, 1));
	settle();
	KT_RET(vuma_syncobj_wait(s.fd, done.handle, 0), -ETIME);
	verify_pattern(r.a.map, RIG_SIZE, 0, 0);
	gate_open(&gate);
	KT_OK(vuma_syncobj_wait(s.fd, done.handle, FOREVER));
	KT_OK(vuma_timeline_wait(s.fd, between.handle, between.point, 0));
	/* The later one's, so it has waited. */
	verify_pattern(r.a.map, RIG_SIZE, 2, 2);
}

static void timeline_points(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct gate gate = gate_new(r.fd);
	struct drm_vuma_sync in = { .handle = gate.in }, sync = { 0 };
	uint64_t value;

	sync.handle = syncobj_new(r.fd);
	for (sync.point = 10; sync.point <= 50; sync.point += 10)
		KT_OK(vuma_submit(r.fd, r.vm.id, &nop, 1, &in, sync.point == 10, &sync, 1));
	settle();
	KT_RET(vuma_timeline_wait(r.fd, sync.handle, 10, 0), -ETIME);
	gate_open(&gate);
	for (sync.point = 10; sync.point <= 50; sync.point += 10) {
		KT_OK(vuma_timeline_wait(r.fd, sync.handle, sync.point, FOREVER));
		KT_OK(vuma_timeline_query(r.fd, sync.handle, &value));
		KT_GE(value, sync.point);
	}
	KT_RET(vuma_timeline_wait(r.fd, sync.handle, 51, 0), -ETIME);
}

static void waits_for_pending(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(r.a_va, 8, 1, 0);
	struct gate gate = gate_new(r.fd);
	uint32_t done = syncobj_new(r.fd);

	KT_OK(submit_after(&r.vm, &cmd, 1, gate.in, done));
	settle();
	KT_RET(vuma_syncobj_wait(r.fd, done, 0), -ETIME);
	KT_EQ(*(volatile uint64_t *)r.a.map, 0);
	gate_open(&gate);
	KT_OK(vuma_syncobj_wait(r.fd, done, FOREVER));
	KT_EQ(*(volatile uint64_t *)r.a.map, 1);
}

static void submit_after_signal(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(r.a_va, 8, 1, 0);
	uint32_t handle;

	KT_OK(vuma_syncobj_create(r.fd, true, &handle));
	KT_OK(submit_after(&r.vm, &cmd, 1, handle, 0));
	run_cmd(&r.vm, vuma_cmd_nop());
	KT_EQ(*(volatile uint64_t *)r.a.map, 1);
}

static const struct ktap_test tests[] = {
	{ .name = "submit_takes_the_maximum_counts", .run = max_counts },
	{ .name = "submit_jobs_of_a_file_run_in_order", .run = same_file_in_order },
	{ .name = "submit_binary_in_sync_orders_files",
	  .run_arg = in_sync_orders_files, .arg = false },
	{ .name = "submit_timeline_in_sync_orders_files",
	  .run_arg = in_sync_orders_files, .arg = true },
	{ .name = "submit_timeline_out_points_signal_in_order", .run = timeline_points },
	{ .name = "submit_waits_for_a_pending_in_sync", .run = waits_for_pending },
	{ .name = "submit_signaled_in_sync_does_not_wait", .run = submit_after_signal },
};

TEST_PROGRAM(tests, NULL);
