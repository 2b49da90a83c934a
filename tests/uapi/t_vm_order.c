// SPDX-License-Identifier: GPL-2.0
/* Binds, and what validation puts between them, in the order of the calls. */
#include "common.h"
#include "gate.h"

#define SIZE	(16 * PAGE)
#define VA	0x40000000ull
#define OUT_VA	0x20000000ull

static int bind_async(const struct vuma_vm *vm, const struct drm_vuma_bind_op *ops, uint32_t nr,
		      uint32_t in)
{
	struct drm_vuma_sync sync = { .handle = in };

	return vuma_vm_bind_async(vm->fd, vm->id, ops, nr, in ? &sync : NULL, in ? 1 : 0);
}

/*
 * A validation that fails halfway has put a restore on the queue. What is left to restore
 * goes away, and the next job must still wait for the one on the queue.
 */
static void failed_validation(void)
{
	int fd = dev_open(0);
	struct vuma_vm vm = vm_new(fd);
	struct vuma_bo a = bo_new_mapped(fd, SIZE, 0), b = bo_new(fd, SIZE, 0);
	struct vuma_bo out = bo_new_mapped(fd, PAGE, 0);
	struct drm_vuma_bind_op unmap = vuma_op_unmap(VA + VUMA_GIB, SIZE), ops[2];
	struct drm_vuma_cmd copy = vuma_cmd_copy(OUT_VA, VA, 8), nop = vuma_cmd_nop();
	struct gate gate = gate_new(fd);
	uint32_t done = syncobj_new(fd);

	stamp_pages(a.map, SIZE / PAGE, 1);
	KT_OK(vuma_vm_map(&vm, out.handle, OUT_VA, 0, PAGE, 0));
	run_cmds(&vm, &nop, 1);
	ops[0] = vuma_op_map(a.handle, VA, 0, SIZE, 0);
	ops[1] = vuma_op_map(b.handle, VA + VUMA_GIB, 0, SIZE, 0);
	KT_OK(bind_async(&vm, ops, 2, gate.in));
	debugfs_fail(fd, "fail-tables", 2);
	KT_RET(vuma_submit_one(fd, vm.id, &nop, 1, 0), -ENOMEM);
	KT_OK(bind_async(&vm, &unmap, 1, 0));
	KT_OK(vuma_submit_one(fd, vm.id, &copy, 1, done));
	settle();
	KT_RET(vuma_syncobj_wait(fd, done, 0), -ETIME);
	gate_open(&gate);
	wait_job(fd, done, 0);
	KT_EQ(*(volatile uint64_t *)out.map, page_word(1, 0));
}

/* A job that was submitted before an unmap may write until the unmap is done. */
static void writer_of_unmapped(void)
{
	int fd = dev_open(0);
	struct vuma_vm vm = vm_new(fd);
	struct vuma_bo a = bo_new_mapped(fd, SIZE, 0), b = bo_new(fd, SIZE, 0);
	struct drm_vuma_bind_op unmap = vuma_op_unmap(VA, SIZE), again;
	struct drm_vuma_cmd fill = vuma_cmd_fill(VA, 8, 0x1234, 0);
	struct gate gate = gate_new(fd);
	uint32_t out = syncobj_new(fd);

	again = vuma_op_map(a.handle, VA + VUMA_GIB, 0, SIZE, DRM_VUMA_BIND_READONLY);
	KT_OK(vuma_vm_map(&vm, a.handle, VA, 0, SIZE, 0));
	KT_OK(vuma_vm_map(&vm, b.handle, OUT_VA, 0, SIZE, DRM_VUMA_BIND_READONLY));
	run_cmd(&vm, vuma_cmd_fill(VA, 8, 1, 0));
	KT_OK(submit_after(&vm, &fill, 1, gate.in, out));
	KT_RET(vuma_bo_wait(fd, a.handle, DRM_VUMA_BO_WAIT_READ, 0), -EBUSY);
	KT_OK(bind_async(&vm, &unmap, 1, out));
	/* A later bind of the same VM must not hide it. */
	KT_OK(bind_async(&vm, &again, 1, 0));
	KT_RET(vuma_bo_wait(fd, a.handle, DRM_VUMA_BO_WAIT_READ, 0), -EBUSY);
	/* What is bound may be written by any job, as far as others can tell. */
	KT_RET(vuma_bo_wait(fd, b.handle, DRM_VUMA_BO_WAIT_READ, 0), -EBUSY);
	gate_open(&gate);
	KT_OK(vuma_bo_wait(fd, a.handle, DRM_VUMA_BO_WAIT_READ, FOREVER));
	KT_EQ(*(volatile uint64_t *)a.map, 0x1234);
}

struct churn {
	const struct vuma_vm *vm;
	atomic_bool stop;
	atomic_ulong binds;
};

/* Always one bind on the queue, and the next behind it before it is done. */
static void *churn(void *arg)
{
	struct drm_vuma_bind_op op = vuma_op_unmap(VA + VUMA_GIB, PAGE);
	struct drm_vuma_cmd spin = vuma_cmd_spin(20000);
	struct churn *c = arg;
	uint32_t in[2];
	int i;

	for (i = 0; i < 2; i++)
		in[i] = syncobj_new(c->vm->fd);
	for (i = 0; !c->stop; i ^= 1) {
		KT_OK(vuma_submit_one(c->vm->fd, c->vm->id, &spin, 1, in[i]));
		KT_OK(bind_async(c->vm, &op, 1, in[i]));
		if (c->binds++)
			KT_OK(vuma_syncobj_wait(c->vm->fd, in[!i], FOREVER));
	}
	return NULL;
}

/* It waits for those before it, not for those after it, of which there is no end. */
static void sync_beside_async(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), SIZE, 0);
	struct vuma_vm vm = vm_new(bo.fd);
	struct churn c = { .vm = &vm };
	pthread_t thread;
	int i;

	KT_EQ(pthread_create(&thread, NULL, churn, &c), 0);
	KT_WAIT(c.binds >= 3);
	for (i = 0; i < 10 || c.binds < 5; i++)
		KT_OK(vuma_vm_map(&vm, bo.handle, VA, 0, SIZE, 0));
	c.stop = true;
	KT_EQ(pthread_join(thread, NULL), 0);
}

/* Too much for one bind, though no range of it is. */
static void sparse_in_all(void)
{
	struct drm_vuma_bind_op ops[2];
	int fd = dev_open(0);
	struct vuma_vm vm = vm_new(fd);

	ops[0] = vuma_op_sparse(1ull << 41, 1ull << 40, 0);
	ops[1] = vuma_op_sparse(1ull << 42, PAGE, 0);
	KT_RET(vuma_vm_bind(fd, vm.id, ops, 2, NULL), -E2BIG);
	KT_OK(vuma_vm_bind(fd, vm.id, ops, 1, NULL));
}

static const struct ktap_test tests[] = {
	{ .name = "order_failed_validation_is_waited_for_panthor-88", .run = failed_validation },
	{ .name = "order_writer_of_what_was_unmapped_is_waited_for", .run = writer_of_unmapped },
	{ .name = "order_sync_bind_beside_async_ones", .run = sync_beside_async },
	{ .name = "order_sparse_is_limited_in_all", .run = sparse_in_all },
};

TEST_PROGRAM(tests, NULL);
