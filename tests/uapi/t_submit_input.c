// SPDX-License-Identifier: GPL-2.0
#include "gate.h"
#include "rig.h"

#define SUBMIT	DRM_IOCTL_VUMA_SUBMIT
#define TIB	(1ull << 40)

/* Submit what is bad after something that would be seen; nothing may happen. */
static void expect_bad_cmd(struct rig *r, struct drm_vuma_cmd bad)
{
	struct drm_vuma_cmd cmds[2] = { vuma_cmd_fill(r->out_va, 8, 1, 0), bad };
	struct drm_vuma_submit args = {
		.vm_id = r->vm.id, .cmds = (uintptr_t)cmds, .cmd_count = 2,
	};
	int ret = vuma_ioctl(r->fd, SUBMIT, &args);

	if (ret != -EINVAL)
		KT_FAIL("op %u/%#x %#llx %#llx %#llx size %#llx args %#llx %#llx %#llx: %d",
			bad.opcode, bad.flags, bad.dst, bad.src, bad.src2, bad.size, bad.arg0,
			bad.arg1, bad.reserved, ret);
	KT_EQ(*(volatile uint64_t *)r->out.map, 0);
}

/* Which fields an opcode uses: d, s, 2 (src2), z (size), 0 (arg0), 1 (arg1). */
static const char *const uses[] = {
	[DRM_VUMA_OP_NOP] = "",
	[DRM_VUMA_OP_FILL] = "dz01",
	[DRM_VUMA_OP_COPY] = "dsz",
	[DRM_VUMA_OP_ADD] = "ds2z",
	[DRM_VUMA_OP_COMPARE] = "ds2z",
	[DRM_VUMA_OP_CHECKSUM] = "dsz",
	[DRM_VUMA_OP_CHASE] = "ds0",
	[DRM_VUMA_OP_STREAM] = NULL,
	[DRM_VUMA_OP_SPIN] = "0",
	[DRM_VUMA_OP_WAIT] = "s01",
};

static uint32_t good_flags(uint32_t opcode)
{
	return opcode == DRM_VUMA_OP_WAIT ? DRM_VUMA_WAIT_NOT_EQUAL | DRM_VUMA_WAIT_AT_LEAST : 0;
}

static __u64 *field(struct drm_vuma_cmd *cmd, char which)
{
	switch (which) {
	case 'd': return &cmd->dst;
	case 's': return &cmd->src;
	case '2': return &cmd->src2;
	case 'z': return &cmd->size;
	case '0': return &cmd->arg0;
	default: return &cmd->arg1;
	}
}

static struct drm_vuma_cmd good_cmd(const struct rig *r, uint32_t opcode)
{
	struct drm_vuma_cmd cmd = { .opcode = opcode };

	if (strchr(uses[opcode], 'd'))
		cmd.dst = r->c_va;
	if (strchr(uses[opcode], 's'))
		cmd.src = r->a_va;
	if (strchr(uses[opcode], '2'))
		cmd.src2 = r->b_va;
	if (strchr(uses[opcode], 'z'))
		cmd.size = PAGE;
	return cmd;
}

static void bad_unused_fields(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd;
	const char *which;
	uint32_t op, bit;

	for (op = 0; op < ARRAY_SIZE(uses); op++) {
		if (!uses[op])
			continue;
		run_cmd(&r.vm, good_cmd(&r, op));
		for (which = "ds2z01"; *which; which++)
			for (bit = 0; bit < 64 && !strchr(uses[op], *which); bit++) {
				cmd = good_cmd(&r, op);
				*field(&cmd, *which) = 1ull << bit;
				expect_bad_cmd(&r, cmd);
			}
		for (bit = 0; bit < 64; bit++) {
			cmd = good_cmd(&r, op);
			cmd.reserved = 1ull << bit;
			expect_bad_cmd(&r, cmd);
			cmd = good_cmd(&r, op);
			cmd.flags = 1u << bit % 32;
			if (!(cmd.flags & good_flags(op)))
				expect_bad_cmd(&r, cmd);
		}
	}
}

static void bad_opcodes(void)
{
	struct rig r = rig_new(RIG_SIZE);
	uint32_t bit;

	expect_bad_cmd(&r, (struct drm_vuma_cmd){ .opcode = DRM_VUMA_OP_STREAM });
	expect_bad_cmd(&r, (struct drm_vuma_cmd){
		.opcode = DRM_VUMA_OP_STREAM, .dst = r.a_va, .size = PAGE });
	expect_bad_cmd(&r, (struct drm_vuma_cmd){ .opcode = DRM_VUMA_OP_WAIT + 1 });
	expect_bad_cmd(&r, (struct drm_vuma_cmd){ .opcode = UINT32_MAX });
	for (bit = 4; bit < 32; bit++)
		expect_bad_cmd(&r, (struct drm_vuma_cmd){ .opcode = 1u << bit });
}

static void bad_addresses(void)
{
	struct rig r = rig_new(RIG_SIZE);
	const uint64_t bad[] = {
		r.a_va + 1, r.a_va + 2, r.a_va + 4, r.a_va + 7, r.vm.end, r.vm.end - 8 + 8,
		1ull << 48, 1ull << 63, -8ull, -PAGE,
	};
	struct drm_vuma_cmd cmd;
	const char *which;
	uint32_t op;
	size_t i;

	for (op = 0; op < ARRAY_SIZE(uses); op++)
		for (which = "ds2"; uses[op] && *which; which++)
			for (i = 0; i < ARRAY_SIZE(bad) && strchr(uses[op], *which); i++) {
				cmd = good_cmd(&r, op);
				*field(&cmd, *which) = bad[i];
				expect_bad_cmd(&r, cmd);
			}
	/* The end, not the start, lies outside. */
	expect_bad_cmd(&r, vuma_cmd_fill(r.vm.end - PAGE, PAGE + 8, 0, 0));
	expect_bad_cmd(&r, vuma_cmd_copy(r.a_va, r.vm.end - PAGE, PAGE + 8));
	expect_bad_cmd(&r, vuma_cmd_checksum(r.vm.end - 8, r.a_va, PAGE));
	expect_bad_cmd(&r, vuma_cmd_compare(r.vm.end - 8, r.a_va, r.b_va, PAGE));
	if (r.vm.start)
		expect_bad_cmd(&r, vuma_cmd_fill(r.vm.start - 8, 8, 0, 0));
}

static void bad_sizes(void)
{
	struct rig r = rig_new(RIG_SIZE);
	const uint64_t bad[] = {
		0, 1, 2, 4, 7, 9, PAGE + 4, TIB + 8, 2 * TIB, 1ull << 47, 1ull << 63, -8ull, ~0ull,
	};
	struct drm_vuma_cmd cmd;
	uint32_t op;
	size_t i;

	for (op = 0; op < ARRAY_SIZE(uses); op++)
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			if (!uses[op] || !strchr(uses[op], 'z'))
				continue;
			cmd = good_cmd(&r, op);
			cmd.size = bad[i];
			expect_bad_cmd(&r, cmd);
		}
}

static void bad_args(void)
{
	struct rig r = rig_new(RIG_SIZE);

	expect_bad_cmd(&r, vuma_cmd_spin(10000001));
	expect_bad_cmd(&r, vuma_cmd_spin(1ull << 32));
	expect_bad_cmd(&r, vuma_cmd_spin(~0ull));
	expect_bad_cmd(&r, vuma_cmd_chase(r.out_va, r.a_va, 1ull << 32));
	expect_bad_cmd(&r, vuma_cmd_chase(r.out_va, r.a_va, ~0ull));
	expect_bad_cmd(&r, vuma_cmd_wait(r.a_va, DRM_VUMA_WAIT_AT_LEAST + 1, 0, 0));
}

static void overlaps(void)
{
	struct rig r = rig_new(RIG_SIZE);
	uint64_t a = r.a_va;

	expect_bad_cmd(&r, vuma_cmd_copy(a, a, 8));
	expect_bad_cmd(&r, vuma_cmd_copy(a, a + 8, 16));
	expect_bad_cmd(&r, vuma_cmd_copy(a + PAGE, a, PAGE + 8));
	expect_bad_cmd(&r, vuma_cmd_add(a + 8, a, r.b_va, 16));
	expect_bad_cmd(&r, vuma_cmd_add(a, r.b_va, a + 8, 16));
	expect_bad_cmd(&r, vuma_cmd_compare(a, a, r.b_va, 16));
	expect_bad_cmd(&r, vuma_cmd_compare(a + 8, r.b_va, a, 16));
	expect_bad_cmd(&r, vuma_cmd_compare(a, r.b_va, a + 8, 16));
	expect_bad_cmd(&r, vuma_cmd_checksum(a, a + 8, 16));
	expect_bad_cmd(&r, vuma_cmd_checksum(a + PAGE - 8, a, PAGE));
	/* Side by side is not overlapping. */
	vuma_pattern_fill(r.a.map, 2 * PAGE, 1, 1);
	run_cmd(&r.vm, vuma_cmd_copy(a + PAGE, a, PAGE));
	verify_pattern((char *)r.a.map + PAGE, PAGE, 1, 1);
	run_cmd(&r.vm, vuma_cmd_checksum(a + PAGE, a, PAGE));
	run_cmd(&r.vm, vuma_cmd_compare(a + PAGE, a, a, PAGE));
	run_cmd(&r.vm, vuma_cmd_compare(r.out_va, a, a + 8, PAGE));
	KT_EQ(*(volatile uint64_t *)r.out.map, PAGE / 8);
}

static void bad_submit_args(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(r.out_va, 8, 1, 0);
	struct drm_vuma_submit args = {
		.vm_id = r.vm.id, .cmds = (uintptr_t)&cmd, .cmd_count = 1,
	};
	uint64_t max;

	KT_OK(vuma_get_param(r.fd, DRM_VUMA_PARAM_MAX_CMDS, 0, &max));
	EXPECT_EACH_BIT(r.fd, SUBMIT, args, flags, 0, -EINVAL);
	EXPECT_EACH_BIT(r.fd, SUBMIT, args, pad, 0, -EINVAL);
	EXPECT_BAD(r.fd, SUBMIT, args, cmd_count, 0, -EINVAL);
	EXPECT_BAD(r.fd, SUBMIT, args, cmd_count, max + 1, -E2BIG);
	EXPECT_BAD(r.fd, SUBMIT, args, cmd_count, UINT32_MAX, -E2BIG);
	EXPECT_BAD(r.fd, SUBMIT, args, cmds, 0, -EFAULT);
	EXPECT_BAD(r.fd, SUBMIT, args, cmds, 8, -EFAULT);
	EXPECT_BAD(r.fd, SUBMIT, args, vm_id, 0, -ENOENT);
	EXPECT_BAD(r.fd, SUBMIT, args, vm_id, r.vm.id + 1, -ENOENT);
	KT_EQ(*(volatile uint64_t *)r.out.map, 0);
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_JOBS), 0);
}

/* @args has one entry of @sync, which is left as a good one. */
static void bad_sync_entries(int fd, struct drm_vuma_submit *args,
			     struct drm_vuma_sync *sync, uint32_t handle)
{
	sync[0].handle = 0;
	expect_error(fd, SUBMIT, args, sizeof(*args), -ENOENT);
	sync[0].handle = handle + 1000;
	expect_error(fd, SUBMIT, args, sizeof(*args), -ENOENT);
	sync[0].handle = handle;
	for (unsigned int bit = 0; bit < 32; bit++) {
		sync[0].flags = 1u << bit;
		expect_error(fd, SUBMIT, args, sizeof(*args), -EINVAL);
	}
	sync[0].flags = 0;
}

static void bad_syncs(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(r.out_va, 8, 1, 0);
	struct drm_vuma_sync sync[DRM_VUMA_SUBMIT_MAX_SYNCS + 1] = { 0 };
	struct drm_vuma_submit args;
	uint32_t handle;
	int out;

	KT_OK(vuma_syncobj_create(r.fd, true, &handle));
	for (out = 0; out < 2; out++) {
		__u32 *count = out ? &args.out_sync_count : &args.in_sync_count;
		__u64 *array = out ? &args.out_syncs : &args.in_syncs;

		args = (struct drm_vuma_submit){
			.vm_id = r.vm.id, .cmds = (uintptr_t)&cmd, .cmd_count = 1,
		};
		*array = (uintptr_t)sync;
		*count = DRM_VUMA_SUBMIT_MAX_SYNCS + 1;
		EXPECT_ERROR(r.fd, SUBMIT, args, -E2BIG);
		*count = UINT32_MAX;
		EXPECT_ERROR(r.fd, SUBMIT, args, -E2BIG);
		*count = 0;
		EXPECT_ERROR(r.fd, SUBMIT, args, -EINVAL);
		*count = 1;
		*array = 0;
		EXPECT_ERROR(r.fd, SUBMIT, args, -EFAULT);
		*array = 8;
		EXPECT_ERROR(r.fd, SUBMIT, args, -EFAULT);
		*array = (uintptr_t)sync;
		bad_sync_entries(r.fd, &args, sync, handle);
		/* The first is good, the second is not. */
		sync[1].handle = handle + 1000;
		*count = 2;
		EXPECT_ERROR(r.fd, SUBMIT, args, -ENOENT);
	}
	settle();
	KT_EQ(*(volatile uint64_t *)r.out.map, 0);
	KT_EQ(vm_param(&r.vm, DRM_VUMA_PARAM_VM_JOBS), 0);
}

static void failed_submit_signals_nothing(void)
{
	struct rig r = rig_new(RIG_SIZE);
	struct drm_vuma_cmd bad = { .opcode = UINT32_MAX };
	struct drm_vuma_sync out = { 0 };
	uint32_t handle = syncobj_new(r.fd);
	int status;

	out.handle = handle;
	KT_RET(vuma_submit(r.fd, r.vm.id, &bad, 1, NULL, 0, &out, 1), -EINVAL);
	/* It has no fence to export. */
	KT_RET(vuma_syncobj_status(r.fd, handle, &status), -EINVAL);
	KT_RET(vuma_syncobj_wait(r.fd, handle, 0), -ETIME);
}

static const struct ktap_test tests[] = {
	{ .name = "submit_unused_field_is_EINVAL", .run = bad_unused_fields },
	{ .name = "submit_unknown_opcode_is_EINVAL", .run = bad_opcodes },
	{ .name = "submit_bad_address_is_EINVAL", .run = bad_addresses },
	{ .name = "submit_bad_size_is_EINVAL", .run = bad_sizes },
	{ .name = "submit_bad_argument_is_EINVAL", .run = bad_args },
	{ .name = "submit_overlap_is_EINVAL", .run = overlaps },
	{ .name = "submit_bad_ioctl_field_runs_nothing", .run = bad_submit_args },
	{ .name = "submit_bad_sync_runs_nothing_rev-V13", .run = bad_syncs },
	{ .name = "submit_failed_signals_nothing", .run = failed_submit_signals_nothing },
};

TEST_PROGRAM(tests, NULL);
