// SPDX-License-Identifier: GPL-2.0
/* Binding, and what a submit costs: first (populates), again, and with many BOs. */
#include <errno.h>
#include <stdlib.h>

#include "uma_bench.h"

#define FIRST_SIZE	(4 * VUMA_MIB)
#define HUGE_SIZE	(8 * VUMA_MIB)
#define AGAIN		32
#define MANY_BOS	128
#define MANY_SIZE	(64 * VUMA_KIB)

struct gpu_rows {
	const char *bind;
	const char *first;
	const char *again;
	const char *unbind;
};

static const struct gpu_rows rows_4k = {
	"bind-4k", "submit-first-4k", "submit-again", "unbind-4k",
};

static const struct gpu_rows rows_huge = {
	"bind-huge", "submit-first-huge", NULL, "unbind-huge",
};

static int64_t since(int64_t start)
{
	return vuma_now_ns() - start;
}

/* NOPs: what is timed is the submit and the way to the engine, not its work. */
static int submit_again(struct actor *a, uint32_t vm, const char *row)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	uint32_t syncobj;
	int64_t start;
	int err, status = 0;

	err = vuma_syncobj_create(a->fd, false, &syncobj);
	if (err)
		return err;
	start = vuma_now_ns();
	for (int i = 0; !err && i < AGAIN; i++) {
		err = vuma_submit_one(a->fd, vm, &nop, 1, syncobj);
		if (!err)
			err = vuma_syncobj_wait(a->fd, syncobj, VUMA_SEC * 60);
	}
	emit(a, row, since(start), AGAIN);
	if (!err)
		err = vuma_syncobj_status(a->fd, syncobj, &status);
	vuma_syncobj_destroy(a->fd, syncobj);
	if (!err && status != 1)
		err = status < 0 ? status : -EIO;
	return err;
}

static int first_cycle(struct actor *a, struct vuma_vm *vm, struct buf *buf,
		       const struct gpu_rows *rows)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	uint64_t pages = buf->size / PAGE;
	int64_t start = vuma_now_ns();
	uint64_t va;
	int err;

	err = vuma_vm_map_bo(vm, &buf->bo, &va);
	if (err)
		return fail(a, err, "VM_BIND");
	emit(a, rows->bind, since(start), pages);

	start = vuma_now_ns();
	err = vuma_exec(a->fd, vm->id, &nop, 1);
	if (err)
		return fail(a, err, "first SUBMIT");
	emit(a, rows->first, since(start), pages);

	if (rows->again) {
		err = submit_again(a, vm->id, rows->again);
		if (err)
			return fail(a, err, "SUBMIT again");
	}

	start = vuma_now_ns();
	err = vuma_vm_unmap(vm, va, buf->size);
	emit(a, rows->unbind, since(start), pages);
	return err;
}

static int first_round(struct actor *a, const struct scene *s)
{
	struct vuma_vm vm;
	struct buf buf;
	int err, err2;

	err = vuma_vm_init(&vm, a->fd);
	if (err)
		return err;
	err = buf_create(&buf, a, s->huge ? HUGE_SIZE : FIRST_SIZE, s->huge);
	if (!err) {
		err = first_cycle(a, &vm, &buf, s->huge ? &rows_huge : &rows_4k);
		err2 = buf_destroy(&buf);
		err = err ? err : err2;
	}
	err2 = vuma_vm_fini(&vm);
	return err ? err : err2;
}

struct many {
	struct vuma_vm vm;
	struct buf bufs[MANY_BOS];
};

static void many_teardown(struct actor *a, const struct scene *s)
{
	struct many *m = a->state;

	(void)s;
	if (!m)
		return;
	for (size_t i = 0; i < MANY_BOS; i++)
		buf_destroy(&m->bufs[i]);
	if (m->vm.id)
		vuma_vm_fini(&m->vm);
	free(m);
	a->state = NULL;
}

static int many_setup(struct actor *a, const struct scene *s)
{
	struct many *m = calloc(1, sizeof(*m));
	uint64_t va;
	int err;

	(void)s;
	if (!m)
		return -ENOMEM;
	a->state = m;
	err = vuma_vm_init(&m->vm, a->fd);
	for (size_t i = 0; !err && i < MANY_BOS; i++) {
		err = buf_create(&m->bufs[i], a, MANY_SIZE, false);
		if (!err)
			err = vuma_vm_map_bo(&m->vm, &m->bufs[i].bo, &va);
	}
	return err;
}

static int many_round(struct actor *a, const struct scene *s)
{
	struct many *m = a->state;

	(void)s;
	return submit_again(a, m->vm.id, "submit-128");
}

const struct scene scenes_gpu[] = {
	{ .name = "gpu", .rounds = 60, .warmup = 3, .no_tmpfs = true,
	  .round = first_round },
	{ .name = "gpu-huge", .rounds = 30, .warmup = 3, .no_tmpfs = true,
	  .huge = true, .round = first_round },
	{ .name = "gpu-many", .rounds = 30, .warmup = 3, .no_tmpfs = true,
	  .setup = many_setup, .round = many_round, .teardown = many_teardown },
};

const size_t scenes_gpu_count = ARRAY_SIZE(scenes_gpu);
