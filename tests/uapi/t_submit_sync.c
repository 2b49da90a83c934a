// SPDX-License-Identifier: GPL-2.0
#include <xf86drm.h>

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
		KT_OK(vuma_syncobj_create(r.fd, false, &out[i].handle));
	}
	KT_OK(vuma_submit(r.fd, r.vm.id, cmds, max, in, DRM_VUMA_SUBMIT_MAX_SYNCS, out,
			  DRM_VUMA_SUBMIT_MAX_SYNCS));
	for (i = 0; i < DRM_VUMA_SUBMIT_MAX_SYNCS; i++)
		KT_OK(vuma_syncobj_wait(r.fd, out[i].handle, 30 * VUMA_SEC));
	for (i = max > RIG_SIZE / 8 ? max - RIG_SIZE / 8 : 0; i < max; i++)
		KT_EQ(a[i % (RIG_SIZE / 8)], i + 1);
	free(cmds);
}

static void same_file_in_order(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmds[2];
	struct vuma_vm second = vm_new(r.fd);
	uint32_t syncobj;
	uint64_t i;

	KT_OK(vuma_vm_map(&second, r.a.handle, r.a_va, 0, RIG_SIZE, 0));
	KT_OK(vuma_syncobj_create(r.fd, false, &syncobj));
	cmds[0] = vuma_cmd_spin(100000);
	KT_OK(vuma_submit_one(r.fd, r.vm.id, cmds, 1, 0));
	/* Also through different VMs. */
	for (i = 1; i <= 200; i++) {
		uint32_t vm_id = i & 1 ? second.id : r.vm.id;

		cmds[0] = vuma_cmd_fill(r.a_va, 64, i, 0);
		KT_OK(vuma_submit_one(r.fd, vm_id, cmds, 1, i == 200 ? syncobj : 0));
	}
	KT_OK(vuma_syncobj_wait(r.fd, syncobj, 60 * VUMA_SEC));
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

static void in_sync_orders_files(bool timeline)
{
	struct rig r = rig_new(RIG_SIZE), s = rig_new(RIG_SIZE);
	struct drm_vuma_sync sync = { .point = timeline ? 5 : 0 }, done = { 0 };
	struct drm_vuma_cmd slow[2], fast;
	uint32_t shared, shared_s, last;
	int dmabuf;

	/* Both write into the first one's buffer. */
	dmabuf = vuma_prime_export(r.fd, r.a.handle, DRM_CLOEXEC | DRM_RDWR);
	KT_GE(dmabuf, 0);
	KT_OK(vuma_prime_import(s.fd, dmabuf, &shared_s));
	KT_OK(vuma_vm_map(&s.vm, shared_s, 0x5000000000ull, 0, RIG_SIZE, 0));

	KT_OK(vuma_syncobj_create(r.fd, false, &shared));
	KT_OK(vuma_syncobj_create(s.fd, false, &last));
	slow[0] = vuma_cmd_spin(300000);
	slow[1] = vuma_cmd_fill(r.a_va, RIG_SIZE, 1, 1);
	fast = vuma_cmd_fill(0x5000000000ull, RIG_SIZE, 2, 2);

	sync.handle = shared;
	KT_OK(vuma_submit(r.fd, r.vm.id, slow, 2, NULL, 0, &sync, 1));
	sync.handle = share_syncobj(r.fd, shared, s.fd);
	done.handle = last;
	KT_OK(vuma_submit(s.fd, s.vm.id, &fast, 1, &sync, 1, &done, 1));
	KT_OK(vuma_syncobj_wait(s.fd, last, 30 * VUMA_SEC));
	if (timeline)
		KT_OK(vuma_timeline_wait(r.fd, shared, 5, 0));
	else
		KT_OK(vuma_syncobj_wait(r.fd, shared, 0));
	/* The later one's, so it has waited. */
	verify_pattern(r.a.map, RIG_SIZE, 2, 2);
}

static void binary_in_sync(void)
{
	in_sync_orders_files(false);
}

static void timeline_in_sync(void)
{
	in_sync_orders_files(true);
}

static void timeline_points(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmds[2] = { vuma_cmd_spin(50000), vuma_cmd_nop() };
	struct drm_vuma_sync sync = { 0 };
	uint64_t point, value;
	uint32_t timeline;

	KT_OK(vuma_syncobj_create(r.fd, false, &timeline));
	sync.handle = timeline;
	for (point = 10; point <= 50; point += 10) {
		sync.point = point;
		KT_OK(vuma_submit(r.fd, r.vm.id, cmds, 2, NULL, 0, &sync, 1));
	}
	KT_RET(vuma_timeline_wait(r.fd, timeline, 50, 0), -ETIME);
	for (point = 10; point <= 50; point += 10) {
		KT_OK(vuma_timeline_wait(r.fd, timeline, point, 30 * VUMA_SEC));
		KT_OK(vuma_timeline_query(r.fd, timeline, &value));
		KT_GE(value, point);
	}
	KT_RET(vuma_timeline_wait(r.fd, timeline, 51, 10 * VUMA_MSEC), -ETIME);
}

static void waits_for_pending(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(r.a_va, 8, 1, 0);
	struct drm_vuma_sync in = { 0 }, out = { 0 };
	uint32_t gate, done;

	/* A fence that is pending: that of a long job of another file. */
	struct rig other = rig_new(PAGE);
	struct drm_vuma_cmd slow = vuma_cmd_spin(400000);

	KT_OK(vuma_syncobj_create(other.fd, false, &gate));
	KT_OK(vuma_submit_one(other.fd, other.vm.id, &slow, 1, gate));
	KT_OK(vuma_syncobj_create(r.fd, false, &done));
	in.handle = share_syncobj(other.fd, gate, r.fd);
	out.handle = done;
	KT_OK(vuma_submit(r.fd, r.vm.id, &cmd, 1, &in, 1, &out, 1));
	KT_RET(vuma_syncobj_wait(r.fd, done, 50 * VUMA_MSEC), -ETIME);
	KT_EQ(*(volatile uint64_t *)r.a.map, 0);
	KT_OK(vuma_syncobj_wait(r.fd, done, 30 * VUMA_SEC));
	KT_EQ(*(volatile uint64_t *)r.a.map, 1);
}

static void submit_after_signal(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(r.a_va, 8, 1, 0);
	struct drm_vuma_sync in = { 0 };
	uint32_t handle;

	KT_OK(vuma_syncobj_create(r.fd, true, &handle));
	in.handle = handle;
	KT_OK(vuma_submit(r.fd, r.vm.id, &cmd, 1, &in, 1, NULL, 0));
	run_cmd(&r.vm, vuma_cmd_nop());
	KT_EQ(*(volatile uint64_t *)r.a.map, 1);
}

static const struct ktap_test tests[] = {
	{ .name = "submit_takes_the_maximum_counts", .run = max_counts },
	{ .name = "submit_jobs_of_a_file_run_in_order", .run = same_file_in_order },
	{ .name = "submit_binary_in_sync_orders_files", .run = binary_in_sync },
	{ .name = "submit_timeline_in_sync_orders_files", .run = timeline_in_sync },
	{ .name = "submit_timeline_out_points_signal_in_order", .run = timeline_points },
	{ .name = "submit_waits_for_a_pending_in_sync", .run = waits_for_pending },
	{ .name = "submit_signaled_in_sync_does_not_wait", .run = submit_after_signal },
};

TESTS(tests);

int main(int argc, char **argv)
{
	return test_main(&suite, argc, argv);
}
