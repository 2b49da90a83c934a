// SPDX-License-Identifier: GPL-2.0
/* Binds that wait, binds that fail, and what a bind can do besides mapping buffers. */
#include "arena.h"
#include "gate.h"

#define SIZE	(16 * PAGE)
#define VA	0x40000000ull
#define OUT_VA	0x20000000ull

/* A VM with two stamped buffers, the first of them mapped at VA, and results. */
struct binder {
	int fd;
	struct vuma_vm vm;
	struct vuma_bo old, new, out;
	struct gate gate;
	uint32_t done;		/* a syncobj */
};

static struct binder binder_new(void)
{
	struct binder s = { .fd = dev_open(0) };

	s.vm = vm_new(s.fd);
	s.old = bo_new_mapped(s.fd, SIZE, 0);
	s.new = bo_new_mapped(s.fd, SIZE, 0);
	s.out = bo_new_mapped(s.fd, PAGE, 0);
	stamp_pages(s.old.map, SIZE / PAGE, 1);
	stamp_pages(s.new.map, SIZE / PAGE, 2);
	KT_OK(vuma_vm_map(&s.vm, s.out.handle, OUT_VA, 0, PAGE, 0));
	KT_OK(vuma_vm_map(&s.vm, s.old.handle, VA, 0, SIZE, 0));
	s.done = syncobj_new(s.fd);
	return s;
}

static struct binder binder_gated(void)
{
	struct binder s = binder_new();

	s.gate = gate_new(s.fd);
	return s;
}

/* What the GPU reads at an address. */
static uint64_t gpu_read(struct binder *s, uint64_t va)
{
	run_cmd(&s->vm, vuma_cmd_copy(OUT_VA, va, 8));
	return *(volatile uint64_t *)s->out.map;
}

static void gpu_write(struct binder *s, uint64_t va, uint64_t word)
{
	run_cmd(&s->vm, vuma_cmd_fill(va, 8, word, 0));
}

static void expect_hole(struct binder *s, uint64_t va)
{
	struct drm_vuma_cmd cmd = vuma_cmd_copy(OUT_VA, va, 8);

	run_faulting(&s->vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, va);
}

static int bind_after(struct binder *s, const struct drm_vuma_bind_op *ops, uint32_t count,
		      uint32_t in, uint32_t out)
{
	struct drm_vuma_sync syncs[2];
	uint32_t nr = 0;

	if (in)
		syncs[nr++] = (struct drm_vuma_sync) { .handle = in };
	if (out)
		syncs[nr++] = (struct drm_vuma_sync) { .handle = out,
						       .flags = DRM_VUMA_SYNC_SIGNAL };
	return vuma_vm_bind_async(s->fd, s->vm.id, ops, count, nr ? syncs : NULL, nr);
}

static struct drm_vuma_bind_op op_map(const struct vuma_bo *bo, uint64_t va)
{
	return vuma_op_map(bo->handle, va, 0, bo->size, 0);
}

static void expect_pending(struct binder *s, uint32_t syncobj)
{
	settle();
	KT_RET(vuma_syncobj_wait(s->fd, syncobj, 0), -ETIME);
}

static void without_syncs(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op op = op_map(&s.new, VA);

	KT_OK(bind_after(&s, &op, 1, 0, s.done));
	wait_job(s.fd, s.done, 0);
	KT_EQ(gpu_read(&s, VA), page_word(2, 0));
	KT_OK(bind_after(&s, &op, 1, 0, 0));
}

static void waits_and_signals(void)
{
	struct binder s = binder_gated();
	struct drm_vuma_bind_op op = op_map(&s.new, VA);
	struct drm_vuma_sync syncs[2] = {
		{ .handle = s.gate.in },
		{ .handle = s.done, .flags = DRM_VUMA_SYNC_SIGNAL, .point = 5 },
	};

	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
	gpu_write(&s, OUT_VA, 0);
	/* Both in memory, so that the bind has something to write. */
	KT_OK(vuma_vm_map(&s.vm, s.new.handle, VA + VUMA_GIB, 0, SIZE, 0));
	gpu_write(&s, OUT_VA, 0);
	KT_OK(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, syncs, 2));
	settle();
	KT_RET(vuma_timeline_wait(s.fd, s.done, 5, 0), -ETIME);
	/* A job that does not wait for it is not ordered after it. */
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
	gate_open(&s.gate);
	KT_OK(vuma_timeline_wait(s.fd, s.done, 5, FOREVER));
	KT_EQ(gpu_read(&s, VA), page_word(2, 0));
}

static void job_waits_for_bind(void)
{
	struct binder s = binder_gated();
	struct drm_vuma_bind_op op = op_map(&s.new, VA);
	struct drm_vuma_cmd cmd = vuma_cmd_copy(OUT_VA, VA + PAGE, 8);
	uint32_t finished = syncobj_new(s.fd);

	KT_OK(bind_after(&s, &op, 1, s.gate.in, s.done));
	KT_OK(submit_after(&s.vm, &cmd, 1, s.done, finished));
	expect_pending(&s, finished);
	gate_open(&s.gate);
	wait_job(s.fd, finished, 0);
	KT_EQ(*(volatile uint64_t *)s.out.map, page_word(2, 1));
}

static void in_order(void)
{
	struct binder s = binder_gated();
	struct drm_vuma_bind_op first = op_map(&s.new, VA);
	struct drm_vuma_bind_op second = vuma_op_unmap(VA + 4 * PAGE, 4 * PAGE);
	uint32_t second_done = syncobj_new(s.fd);

	KT_OK(bind_after(&s, &first, 1, s.gate.in, s.done));
	/* Nothing to wait for, but it is not its turn. */
	KT_OK(bind_after(&s, &second, 1, 0, second_done));
	expect_pending(&s, second_done);
	gate_open(&s.gate);
	wait_job(s.fd, second_done, 0);
	wait_job(s.fd, s.done, 0);
	KT_EQ(gpu_read(&s, VA + 3 * PAGE), page_word(2, 3));
	expect_hole(&s, VA + 4 * PAGE);
	expect_hole(&s, VA + 7 * PAGE);
	KT_EQ(gpu_read(&s, VA + 8 * PAGE), page_word(2, 8));
}

struct sync_bind {
	struct binder *s;
	struct drm_vuma_bind_op op;
};

static void sync_bind(void *arg)
{
	struct sync_bind *b = arg;

	KT_OK(vuma_vm_bind(b->s->fd, b->s->vm.id, &b->op, 1, NULL));
}

static void synchronous_waits(void)
{
	struct binder s = binder_gated();
	struct drm_vuma_bind_op first = op_map(&s.new, VA);
	struct sync_bind b = { .s = &s, .op = op_map(&s.old, VA) };
	struct waiter waiter = { .call = sync_bind, .arg = &b };

	KT_OK(bind_after(&s, &first, 1, s.gate.in, s.done));
	waiter_start(&waiter);
	gate_open(&s.gate);
	waiter_join(&waiter);
	wait_job(s.fd, s.done, 0);
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
}

static void interrupted(void)
{
	struct binder s = binder_gated();
	struct drm_vuma_bind_op first = op_map(&s.new, VA), unmap = vuma_op_unmap(VA, SIZE);
	struct drm_vuma_vm_bind args = {
		.vm_id = s.vm.id, .ops = (uintptr_t)&unmap, .op_count = 1,
	};

	KT_OK(bind_after(&s, &first, 1, s.gate.in, s.done));
	alarm_on();
	KT_RET(vuma_ioctl_once(s.fd, DRM_IOCTL_VUMA_VM_BIND, &args), -EINTR);
	alarm_off();
	KT_EQ(args.op_done, 0);
	gate_open(&s.gate);
	wait_job(s.fd, s.done, 0);
	KT_EQ(gpu_read(&s, VA), page_word(2, 0));
}

/* Good operations before one that turns out bad when they could have been done. */
static void all_or_nothing(void)
{
	struct binder s = binder_new();
	struct vuma_vm other = vm_new(s.fd);
	struct drm_vuma_bind_op ops[4];
	uint32_t handle, done = 1;

	not_on_twin("objects have no resv but their own");
	KT_OK(vuma_bo_create_private(s.fd, other.id, SIZE, 0, &handle));
	ops[0] = op_map(&s.new, VA);
	ops[1] = vuma_op_unmap(OUT_VA, PAGE);
	ops[2] = vuma_op_sparse(VA + VUMA_GIB, SIZE, 0);
	ops[3] = vuma_op_map(handle, VA + 4 * PAGE, 0, SIZE, 0);
	KT_RET(vuma_vm_bind(s.fd, s.vm.id, ops, 4, &done), -EINVAL);
	KT_EQ(done, 0);
	KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, ops, 4, NULL, 0), -EINVAL);
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
	expect_hole(&s, VA + VUMA_GIB);
	ops[1] = op_map(&s.old, VA + 2 * VUMA_GIB);
	KT_OK(vuma_vm_bind(s.fd, s.vm.id, ops, 3, &done));
	KT_EQ(done, 3);
	KT_EQ(gpu_read(&s, VA), page_word(2, 0));
}

/* Memory runs out at each of the operations: then none of them was done. */
static void nothing_without_memory(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op ops[4] = {
		op_map(&s.new, VA),
		vuma_op_unmap(OUT_VA, PAGE),
		vuma_op_sparse(VA + VUMA_GIB, SIZE, 0),
		op_map(&s.new, VA + 4 * PAGE),
	};
	unsigned int nth;

	for (nth = 1; nth <= ARRAY_SIZE(ops); nth++) {
		debugfs_fail(s.fd, "fail-tables", nth);
		if (nth & 1)
			KT_RET(vuma_vm_bind(s.fd, s.vm.id, ops, 4, NULL), -ENOMEM);
		else
			KT_RET(bind_after(&s, ops, 4, 0, s.done), -ENOMEM);
		KT_EQ(gpu_read(&s, VA), page_word(1, 0));
		expect_hole(&s, VA + VUMA_GIB);
		/* Nothing of it is left in the VM that would have to be resident. */
		KT_EQ(bo_status(&s.new) & DRM_VUMA_BO_STATUS_GPU_MAPPED, 0);
	}
	ops[1] = vuma_op_unmap(VA + 2 * VUMA_GIB, PAGE);
	KT_OK(vuma_vm_bind(s.fd, s.vm.id, ops, 4, NULL));
	KT_EQ(gpu_read(&s, VA + 4 * PAGE), page_word(2, 0));
	/* A job that cannot be prepared is one that can be repeated. */
	KT_OK(vuma_vm_map(&s.vm, bo_new(s.fd, SIZE, 0).handle, VA + 3 * VUMA_GIB, 0, SIZE, 0));
	debugfs_fail(s.fd, "fail-tables", 1);
	KT_RET(vuma_submit_one(s.fd, s.vm.id, (struct drm_vuma_cmd[]) { vuma_cmd_nop() }, 1, 0),
	       -ENOMEM);
	KT_EQ(gpu_read(&s, VA + 4 * PAGE), page_word(2, 0));
	KT_EQ(gpu_read(&s, VA + 3 * VUMA_GIB), 0);
}

static void unmap_needs_no_memory(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op ops[2] = {
		vuma_op_unmap(VA + PAGE, PAGE), vuma_op_unmap(VA + 3 * PAGE, PAGE),
	};

	gpu_read(&s, VA);
	debugfs_fail(s.fd, "fail-tables", 2);
	KT_OK(vuma_vm_bind(s.fd, s.vm.id, ops, 2, NULL));
	debugfs_fail(s.fd, "fail-tables", 1);
	KT_OK(vuma_vm_unmap(&s.vm, VA + 5 * PAGE, PAGE));
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
	expect_hole(&s, VA + PAGE);
	KT_EQ(gpu_read(&s, VA + 2 * PAGE), page_word(1, 2));
	expect_hole(&s, VA + 3 * PAGE);
	expect_hole(&s, VA + 5 * PAGE);
}

/* A bind with a buffer holds on to it until it was executed. */
static void not_evicted_while_pending(void)
{
	struct cgroup cg = arena_enter("a");
	struct drm_vuma_bind_op op;
	struct binder s;
	uint32_t evictions;

	s = binder_gated();
	gpu_write(&s, OUT_VA, 0);
	KT_OK(vuma_vm_map(&s.vm, s.new.handle, VA + VUMA_GIB, 0, SIZE, 0));
	gpu_write(&s, OUT_VA, 0);
	/* Maps one that is present, and unmaps another that is. */
	op = op_map(&s.new, VA);
	KT_OK(bind_after(&s, &op, 1, s.gate.in, s.done));
	evictions = bo_query(&s.new).evictions + bo_query(&s.old).evictions;
	arena_squeeze(&cg, 64 * VUMA_MIB);
	arena_squeeze(&cg, 64 * VUMA_MIB);
	KT_EQ(bo_query(&s.new).evictions + bo_query(&s.old).evictions, evictions);
	KT_EQ(bo_query(&s.new).resident, SIZE);
	KT_EQ(bo_query(&s.old).resident, SIZE);
	gate_open(&s.gate);
	wait_job(s.fd, s.done, 0);
	arena_evict(&cg, (struct vuma_bo[]) { s.old, s.new, s.out }, 3);
	KT_EQ(gpu_read(&s, VA + 5 * PAGE), page_word(2, 5));
	verify_pages(s.old.map, SIZE / PAGE, 1, 0);
}

/* Bound while it is not in memory, and needed before the bind had its turn. */
static void evicted_when_bound(void)
{
	struct drm_vuma_cmd cmd = vuma_cmd_copy(OUT_VA, VA + PAGE, 8);
	struct drm_vuma_bind_op op;
	struct cgroup cg = arena_enter("a");
	struct binder s;
	uint32_t finished;

	s = binder_gated();
	gpu_write(&s, OUT_VA, 0);
	arena_evict(&cg, &s.new, 1);
	op = op_map(&s.new, VA);
	KT_OK(bind_after(&s, &op, 1, s.gate.in, s.done));
	finished = syncobj_new(s.fd);
	/* It brings the buffer back, and that is done after the bind. */
	KT_OK(vuma_submit_one(s.fd, s.vm.id, &cmd, 1, finished));
	expect_pending(&s, finished);
	gate_open(&s.gate);
	wait_job(s.fd, finished, 0);
	KT_EQ(*(volatile uint64_t *)s.out.map, page_word(2, 1));
	KT_EQ(gpu_read(&s, VA + 9 * PAGE), page_word(2, 9));
}

/* The last reference of a buffer is the one of a bind that has yet to unmap it. */
static void closed_while_pending(void)
{
	struct binder s = binder_gated();
	struct drm_vuma_bind_op op = vuma_op_unmap(VA, SIZE);

	gpu_write(&s, OUT_VA, 0);
	KT_OK(bind_after(&s, &op, 1, s.gate.in, s.done));
	KT_OK(vuma_bo_fini(&s.old));
	KT_EQ(gpu_read(&s, VA + PAGE), page_word(1, 1));
	gate_open(&s.gate);
	wait_job(s.fd, s.done, 0);
	expect_hole(&s, VA);
}

static void vm_closed_while_pending(void)
{
	int i;

	for (i = 0; i < 6; i++) {
		struct binder s = binder_gated();
		struct drm_vuma_bind_op ops[2] = {
			op_map(&s.new, VA),
			vuma_op_sparse(VA + VUMA_GIB, SIZE, i & 1 ? DRM_VUMA_BIND_DUMMY : 0),
		};

		KT_OK(bind_after(&s, ops, 2, s.gate.in, s.done));
		if (i % 3 == 0)
			KT_OK(vuma_vm_fini(&s.vm));
		if (i % 3 == 1)
			KT_SYS(close(s.fd));
		gate_open(&s.gate);
		if (i % 3 != 1)
			wait_job(s.fd, s.done, 0);
	}
}

static void bad_syncs(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op op = op_map(&s.new, VA);
	struct drm_vuma_sync syncs[DRM_VUMA_SUBMIT_MAX_SYNCS + 1] = {
		{ .handle = s.done, .flags = DRM_VUMA_SYNC_SIGNAL },
	};
	unsigned int bit;

	for (bit = 1; bit < 32; bit++) {
		syncs[1] = (struct drm_vuma_sync) { .handle = s.done, .flags = 1u << bit };
		KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, syncs, 2), -EINVAL);
	}
	syncs[1] = (struct drm_vuma_sync) { .handle = 4711 };
	KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, syncs, 2), -ENOENT);
	syncs[1].flags = DRM_VUMA_SYNC_SIGNAL;
	KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, syncs, 2), -ENOENT);
	/* No fence yet. */
	syncs[1].handle = syncobj_new(s.fd);
	syncs[1].flags = 0;
	KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, syncs, 2), -EINVAL);
	KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, syncs, ARRAY_SIZE(syncs)), -E2BIG);
	KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, syncs, 0), -EINVAL);
	KT_RET(vuma_vm_bind_async(s.fd, s.vm.id, &op, 1, NULL, 1), -EFAULT);
	expect_pending(&s, s.done);
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
}

struct throttle {
	struct binder *s;
	int count;
};

static void on_signal(int sig)
{
	(void)sig;
}

/* Binds until it is interrupted again and again in the same one. */
static void bind_until_throttled(void *arg)
{
	struct throttle *t = arg;
	struct drm_vuma_bind_op op = op_map(&t->s->old, VA);
	struct drm_vuma_sync in = { .handle = t->s->gate.in };
	struct drm_vuma_vm_bind args = {
		.vm_id = t->s->vm.id, .flags = DRM_VUMA_VM_BIND_ASYNC,
		.ops = (uintptr_t)&op, .op_count = 1, .syncs = (uintptr_t)&in,
		.sync_count = 1,
	};
	int ret, interrupts = 0;

	while (interrupts < 20 && t->count < 5000) {
		args.op_done = 0;
		op.va = VA + t->count * 2 * VUMA_MIB;
		ret = vuma_ioctl_once(t->s->fd, DRM_IOCTL_VUMA_VM_BIND, &args);
		if (ret)
			KT_RET(ret, -EINTR);
		interrupts = ret ? interrupts + 1 : 0;
		t->count += !ret;
	}
}

/* Page tables of binds that wait are limited; waiting for that can be interrupted. */
static void throttled(void)
{
	struct binder s = binder_gated();
	struct throttle t = { .s = &s };
	struct waiter waiter = { .call = bind_until_throttled, .arg = &t };
	struct sigaction act = { .sa_handler = on_signal };

	gpu_write(&s, OUT_VA, 0);
	KT_SYS(sigaction(SIGUSR1, &act, NULL));
	waiter_start(&waiter);
	while (!atomic_load(&waiter.done)) {
		if (waiter_sleeps(&waiter))
			pthread_kill(waiter.thread, SIGUSR1);
		usleep(1000);
	}
	waiter_join(&waiter);
	KT_GE(t.count, 50);
	KT_LE(t.count, 1024);
	gate_open(&s.gate);
	KT_OK(vuma_vm_map(&s.vm, s.new.handle, VA, 0, SIZE, 0));
	KT_EQ(gpu_read(&s, VA + PAGE), page_word(2, 1));
	KT_EQ(gpu_read(&s, VA + (t.count - 1) * 2 * VUMA_MIB), page_word(1, 0));
}

static void late_error(void)
{
	struct binder s = binder_gated();
	struct drm_vuma_bind_op map = op_map(&s.new, VA + VUMA_GIB);
	struct drm_vuma_bind_op unmap = vuma_op_unmap(VA, SIZE);
	struct drm_vuma_cmd cmd = vuma_cmd_copy(OUT_VA, VA, 8);
	uint32_t unmapped = syncobj_new(s.fd);
	uint32_t finished = syncobj_new(s.fd);

	KT_OK(vuma_vm_map(&s.vm, s.new.handle, VA + 2 * VUMA_GIB, 0, SIZE, 0));
	gpu_write(&s, OUT_VA, 0);
	KT_OK(bind_after(&s, &map, 1, s.gate.in, s.done));
	KT_OK(bind_after(&s, &unmap, 1, 0, unmapped));
	KT_OK(submit_after(&s.vm, &cmd, 1, unmapped, finished));
	debugfs_fail(s.fd, "fail-map", 1);
	gate_open(&s.gate);
	wait_job(s.fd, s.done, -EIO);
	/* What has to be unmapped is. */
	wait_job(s.fd, finished, -EFAULT);
	KT_EQ(vm_param(&s.vm, DRM_VUMA_PARAM_VM_FAULT_ADDR), VA);
	wait_job(s.fd, unmapped, -EIO);
	KT_RET(vuma_vm_bind(s.fd, s.vm.id, &unmap, 1, NULL), -ENOENT);
	KT_RET(bind_after(&s, &map, 1, 0, 0), -ENOENT);
	KT_RET(vuma_submit_one(s.fd, s.vm.id, &cmd, 1, 0), -EIO);
	KT_OK(vuma_vm_fini(&s.vm));
	/* Only this one is lost. */
	s.vm = vm_new(s.fd);
	KT_OK(vuma_vm_map(&s.vm, s.out.handle, OUT_VA, 0, PAGE, 0));
	KT_OK(vuma_vm_map(&s.vm, s.old.handle, VA, 0, SIZE, 0));
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
}

static void error_at_once(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op op = op_map(&s.new, VA);

	KT_OK(vuma_vm_map(&s.vm, s.new.handle, VA + VUMA_GIB, 0, SIZE, 0));
	gpu_write(&s, OUT_VA, 0);
	debugfs_fail(s.fd, "fail-map", 1);
	KT_RET(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL), -EIO);
	KT_RET(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL), -ENOENT);
}

static void sparse_null(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op op = vuma_op_sparse(VA + 2 * PAGE, 8 * VUMA_MIB, 0);
	uint64_t at;

	KT_OK(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL));
	KT_EQ(gpu_read(&s, VA + PAGE), page_word(1, 1));
	for (at = op.va; at < op.va + op.range; at += 333 * PAGE) {
		gpu_write(&s, at, 0x1234567);
		KT_EQ(gpu_read(&s, at), 0);
	}
	/* Cut: by a hole, and by memory. */
	KT_OK(vuma_vm_unmap(&s.vm, VA + 3 * VUMA_MIB, PAGE));
	KT_OK(vuma_vm_map(&s.vm, s.new.handle, VA + 4 * VUMA_MIB + PAGE, 0, SIZE, 0));
	KT_EQ(gpu_read(&s, VA + 3 * VUMA_MIB - PAGE), 0);
	expect_hole(&s, VA + 3 * VUMA_MIB);
	KT_EQ(gpu_read(&s, VA + 3 * VUMA_MIB + PAGE), 0);
	KT_EQ(gpu_read(&s, VA + 4 * VUMA_MIB), 0);
	KT_EQ(gpu_read(&s, VA + 4 * VUMA_MIB + PAGE), page_word(2, 0));
	KT_EQ(gpu_read(&s, VA + 4 * VUMA_MIB + PAGE + SIZE), 0);
	KT_OK(vuma_vm_unmap(&s.vm, op.va, op.range));
	expect_hole(&s, VA + 4 * VUMA_MIB + PAGE);
	verify_pages(s.old.map, SIZE / PAGE, 1, 0);
	verify_pages(s.new.map, SIZE / PAGE, 2, 0);
}

static void sparse_dummy(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op op = vuma_op_sparse(VA + PAGE, 8 * VUMA_MIB, DRM_VUMA_BIND_DUMMY);
	struct vuma_vm first = s.vm;

	KT_OK(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL));
	KT_EQ(gpu_read(&s, VA + PAGE), 0);
	gpu_write(&s, VA + 5 * VUMA_MIB, 0x5ec7e7);
	KT_EQ(gpu_read(&s, VA + 5 * VUMA_MIB), 0x5ec7e7);
	KT_OK(vuma_vm_unmap(&s.vm, VA + 3 * VUMA_MIB, PAGE));
	expect_hole(&s, VA + 3 * VUMA_MIB);
	gpu_write(&s, VA + 3 * VUMA_MIB + PAGE, 5);
	gpu_write(&s, VA + 3 * VUMA_MIB - PAGE, 6);
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
	/* Nobody else's is the same. */
	s.vm = vm_new(s.fd);
	KT_OK(vuma_vm_map(&s.vm, s.out.handle, OUT_VA, 0, PAGE, 0));
	KT_OK(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL));
	KT_EQ(gpu_read(&s, VA + 5 * VUMA_MIB), 0);
	KT_EQ(gpu_read(&s, VA + 3 * VUMA_MIB), 0);
	KT_OK(vuma_vm_fini(&first));
	KT_EQ(gpu_read(&s, VA + 5 * VUMA_MIB), 0);
}

static void bad_sparse(void)
{
	struct binder s = binder_new();
	struct drm_vuma_bind_op good = vuma_op_sparse(VA, SIZE, 0), op;
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		op = good;
		op.flags = 1u << bit;
		if (op.flags != DRM_VUMA_BIND_DUMMY)
			KT_RET(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL), -EINVAL);
	}
	op = good;
	op.handle = s.new.handle;
	KT_RET(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL), -EINVAL);
	op = good;
	op.bo_offset = PAGE;
	KT_RET(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL), -EINVAL);
	op = vuma_op_sparse(VUMA_GIB, 1024 * VUMA_GIB + PAGE, 0);
	KT_RET(vuma_vm_bind(s.fd, s.vm.id, &op, 1, NULL), -EINVAL);
	KT_EQ(gpu_read(&s, VA), page_word(1, 0));
}

static struct vuma_bo private_new(struct binder *s, uint64_t size)
{
	struct vuma_bo bo = { .fd = s->fd, .size = size };
	int ret = vuma_bo_create_private(s->fd, s->vm.id, size, 0, &bo.handle);

	if (ret == -EOPNOTSUPP)
		not_on_twin("objects have no resv but their own");
	KT_OK(ret);
	KT_OK(vuma_bo_map(&bo));
	return bo;
}

static void private_rules(void)
{
	struct binder s = binder_new();
	struct vuma_bo bo = private_new(&s, SIZE);
	struct vuma_vm other = vm_new(s.fd);
	uint32_t handle;

	KT_RET(vuma_bo_create_private(s.fd, 4711, SIZE, 0, &handle), -ENOENT);
	KT_RET(vuma_bo_create_private(dev_open(0), s.vm.id, SIZE, 0, &handle), -ENOENT);
	KT_RET(vuma_prime_export(s.fd, bo.handle, DRM_CLOEXEC), -EINVAL);
	KT_RET(vuma_vm_map(&other, bo.handle, VA, 0, SIZE, 0), -EINVAL);
	stamp_pages(bo.map, SIZE / PAGE, 3);
	KT_OK(vuma_vm_map(&s.vm, bo.handle, VA, 0, SIZE, 0));
	KT_OK(vuma_vm_map(&s.vm, bo.handle, VA + VUMA_GIB, 0, SIZE, 0));
	KT_EQ(gpu_read(&s, VA + 2 * PAGE), page_word(3, 2));
	gpu_write(&s, VA + VUMA_GIB + 7 * PAGE, page_word(2, 40));
	KT_EQ(gpu_read(&s, VA + 7 * PAGE), page_word(2, 40));
	/* It outlives its VM, which nobody can get any more. */
	KT_OK(vuma_vm_fini(&s.vm));
	verify_pages(bo.map, 7, 3, 0);
	KT_RET(vuma_vm_map(&other, bo.handle, VA, 0, SIZE, 0), -EINVAL);
	KT_OK(vuma_bo_fini(&bo));
}

static void private_evicted(void)
{
	enum { NR = 8 };
	struct vuma_bo bo[NR];
	struct cgroup cg = arena_enter("a");
	struct binder s;
	int i, round;

	s = binder_new();
	for (i = 0; i < NR; i++) {
		bo[i] = private_new(&s, SIZE);
		stamp_pages(bo[i].map, SIZE / PAGE, 10 + i);
		KT_OK(vuma_vm_map(&s.vm, bo[i].handle, VA + i * VUMA_GIB, 0, SIZE, 0));
	}
	for (round = 0; round < 3; round++) {
		arena_evict(&cg, bo, NR);
		for (i = 0; i < NR; i++)
			KT_EQ(gpu_read(&s, VA + i * VUMA_GIB + round * PAGE),
			      page_word(10 + i, round));
		KT_OK(vuma_vm_unmap(&s.vm, VA + (round + 1) * VUMA_GIB + 10 * PAGE, PAGE));
	}
	for (i = 0; i < NR; i++)
		verify_pages(bo[i].map, SIZE / PAGE, 10 + i, 0);
}

/*
 * One buffer in a thousand VMs, in fewer where the kernel is slow: all can use it, and it
 * can be taken from all.
 */
static void thousand_vms(void)
{
	enum { FILES = 5, MOST = 200 };
	const int each = ktap_slow() > 1 ? MOST / 5 : MOST;
	static struct vuma_vm vm[FILES][MOST];
	struct binder s[FILES];
	struct vuma_bo shared;
	struct cgroup cg = arena_enter("a");
	int dmabuf, i, k;
	uint32_t handle;

	s[0] = binder_new();
	shared = bo_new_mapped(s[0].fd, SIZE, 0);
	stamp_pages(shared.map, SIZE / PAGE, 5);
	dmabuf = vuma_prime_export(s[0].fd, shared.handle, DRM_CLOEXEC);
	KT_SYS(dmabuf);
	for (i = 0; i < FILES; i++) {
		if (i)
			s[i] = binder_new();
		KT_OK(vuma_prime_import(s[i].fd, dmabuf, &handle));
		for (k = 0; k < each; k++) {
			vm[i][k] = vm_new(s[i].fd);
			KT_OK(vuma_vm_map(&vm[i][k], handle, VA, 0, SIZE, 0));
			KT_OK(vuma_vm_map(&vm[i][k], s[i].out.handle, OUT_VA, 0, PAGE, 0));
		}
	}
	KT_SYS(close(dmabuf));
	for (i = 0; i < FILES; i++)
		for (k = 0; k < each; k++) {
			s[i].vm = vm[i][k];
			KT_EQ(gpu_read(&s[i], VA + PAGE), page_word(5, 1));
		}
	arena_evict(&cg, &shared, 1);
	for (i = 0; i < FILES; i++)
		for (k = 0; k < each; k += 19) {
			s[i].vm = vm[i][k];
			KT_EQ(gpu_read(&s[i], VA + 2 * PAGE), page_word(5, 2));
		}
	for (i = 0; i < FILES; i++)
		KT_SYS(close(s[i].fd));
}

static const struct ktap_test tests[] = {
	{ .name = "async_with_nothing_to_wait_for_is_done", .run = without_syncs },
	{ .name = "async_waits_and_signals_a_timeline", .run = waits_and_signals },
	{ .name = "async_job_waits_for_a_bind", .run = job_waits_for_bind },
	{ .name = "async_binds_are_done_in_order", .run = in_order },
	{ .name = "async_synchronous_bind_waits_for_its_turn", .run = synchronous_waits },
	{ .name = "async_interrupted_bind_changes_nothing", .run = interrupted },
	{ .name = "async_bad_sync_changes_nothing", .run = bad_syncs },
	{ .name = "async_tables_in_flight_are_limited", .run = throttled },
	{ .name = "bind_is_all_or_nothing", .run = all_or_nothing },
	{ .name = "bind_without_memory_changes_nothing",
	  .run = nothing_without_memory },
	{ .name = "unmap_does_not_fail_for_memory", .run = unmap_needs_no_memory },
	{ .name = "async_pending_bind_keeps_its_buffers_in_memory",
	  .run = not_evicted_while_pending },
	{ .name = "async_bound_while_evicted_and_needed_before_its_turn",
	  .run = evicted_when_bound },
	{ .name = "async_pending_unmap_keeps_the_last_reference", .run = closed_while_pending },
	{ .name = "async_vm_and_file_closed_with_pending_binds", .run = vm_closed_while_pending },
	{ .name = "async_late_error_loses_the_vm_but_unmaps_panthor-66", .run = late_error },
	{ .name = "bind_error_loses_the_vm_panthor-66", .run = error_at_once },
	{ .name = "sparse_null_reads_zero_and_is_split", .run = sparse_null },
	{ .name = "sparse_dummy_belongs_to_one_vm", .run = sparse_dummy },
	{ .name = "sparse_bad_fields_are_EINVAL", .run = bad_sparse },
	{ .name = "private_cannot_be_exported_or_bound_elsewhere_panthor-64",
	  .run = private_rules },
	{ .name = "private_evicted_and_restored_panthor-84", .run = private_evicted },
	{ .name = "one_buffer_in_a_thousand_vms_panthor-90", .run = thousand_vms },
};

TEST_PROGRAM(tests, arena_cleanup);
