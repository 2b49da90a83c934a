// SPDX-License-Identifier: GPL-2.0
/* What is locked together with a VM, and for how long. */
#include "common.h"

#define SIZE	(16 * PAGE)
#define VA	0x40000000ull
#define TIB	(1ull << 40)

/* One call in a thread. */
struct call {
	const struct vuma_vm *vm;
	uint64_t unmap;
	pthread_t thread;
	int ret;
};

static void *call_run(void *arg)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct call *c = arg;

	if (c->unmap)
		c->ret = vuma_vm_unmap((struct vuma_vm *)c->vm, c->unmap, SIZE);
	else
		c->ret = vuma_submit_one(c->vm->fd, c->vm->id, &nop, 1, 0);
	return NULL;
}

static struct call *call_start(struct call *c, const struct vuma_vm *vm, uint64_t unmap)
{
	*c = (struct call) { .vm = vm, .unmap = unmap };
	KT_EQ(pthread_create(&c->thread, NULL, call_run, c), 0);
	/* Time to get to its locks. Whatever it makes of that, nothing may break. */
	usleep(100000);
	return c;
}

static void call_join(struct call *c)
{
	KT_EQ(pthread_join(c->thread, NULL), 0);
	KT_OK(c->ret);
}

/*
 * Two imports of a buffer share its lock. While the first is unmapped, and kept by nothing
 * else, a job of the same VM waits for the lock, which an older call of another device has.
 */
static void imports_of_one_buffer(void)
{
	int fd0 = dev_open(0);
	int fd1 = dev_open(1);
	struct vuma_vm vm0 = vm_new(fd0);
	struct vuma_bo shared = bo_new(fd0, SIZE, 0);
	int dmabuf = export_bo(&shared);
	int round;
	struct vuma_bo big;
	struct vuma_vm vm1;
	struct call calls[3];
	uint64_t big_va;

	vm_map_bo(&vm0, &shared);
	for (round = 0; round < 3; round++) {
		struct vuma_bo in[2];

		vm1 = vm_new(fd1);
		in[0] = import_bo(fd1, dmabuf, SIZE);
		KT_OK(vuma_vm_map(&vm1, in[0].handle, VA, 0, SIZE, 0));
		KT_OK(vuma_bo_close(fd1, in[0].handle));
		in[1] = import_bo(fd1, dmabuf, SIZE);
		KT_OK(vuma_vm_map(&vm1, in[1].handle, VA + SIZE, 0, SIZE, 0));
		big = bo_new(fd0, 96 * VUMA_MIB, 0);
		big_va = vm_map_bo(&vm0, &big);

		call_start(&calls[0], &vm0, 0);
		call_start(&calls[1], &vm1, VA);
		call_start(&calls[2], &vm1, round & 1 ? VA + SIZE : 0);
		call_join(&calls[0]);
		call_join(&calls[1]);
		call_join(&calls[2]);
		KT_OK(vuma_vm_unmap(&vm0, big_va, big.size));
		vuma_bo_fini(&big);
		KT_OK(vuma_vm_fini(&vm1));
		KT_OK(vuma_bo_close(fd1, in[1].handle));
	}
	close(dmabuf);
}

/* A soft lockup in between fails the run. */
static void sparse_terabyte(void)
{
	static const uint32_t flags[] = { 0, DRM_VUMA_BIND_DUMMY };
	int fd = dev_open(0);
	struct vuma_vm vm = vm_new(fd);
	struct drm_vuma_bind_op op;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		op = vuma_op_sparse(TIB, TIB, flags[i]);
		KT_OK(vuma_vm_bind(fd, vm.id, &op, 1, NULL));
		run_cmd(&vm, vuma_cmd_fill(2 * TIB - PAGE, 8, 1, 0));
		KT_OK(vuma_vm_unmap(&vm, TIB, TIB));
	}
}

static const struct ktap_test tests[] = {
	{ .name = "vm_imports_of_one_buffer_rev-V1", .run = imports_of_one_buffer, .timeout = 120 },
	{ .name = "vm_sparse_terabyte_rev-V10", .run = sparse_terabyte, .timeout = 120 },
};

TEST_PROGRAM(tests, NULL);
