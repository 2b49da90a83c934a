// SPDX-License-Identifier: GPL-2.0
/*
 * Binding, and what a submit costs: first (populates), again, with many BOs, and beside
 * another client who has many.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "uma_bench.h"

#define FIRST_SIZE	(4 * VUMA_MIB)
#define HUGE_SIZE	(8 * VUMA_MIB)
#define AGAIN		32
#define MANY_BOS	128
#define MORE_BOS	1024
#define MANY_SIZE	(64 * VUMA_KIB)
#define FEW_BOS		16
#define IDLE_BOS	10000

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
static int submit_time(struct actor *a, uint32_t vm, int64_t *total)
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
	*total = since(start);
	if (!err)
		err = vuma_syncobj_status(a->fd, syncobj, &status);
	vuma_syncobj_destroy(a->fd, syncobj);
	if (!err && status != 1)
		err = status < 0 ? status : -EIO;
	return err;
}

static int submit_again(struct actor *a, uint32_t vm, const char *row)
{
	int64_t total;
	int err = submit_time(a, vm, &total);

	if (!err)
		emit(a, row, total, AGAIN);
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

/* A VM in which all buffers are resident. */
struct bound {
	struct vuma_vm vm;
	struct buf *bufs;
	size_t nr;
};

struct many {
	struct bound own;
	struct bound more;
	struct actor neighbour;	/* another open file of the device, and its @more */
};

static int bound_init(struct bound *b, struct actor *a, size_t nr, uint64_t size)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	uint64_t va;
	int err;

	b->bufs = calloc(nr, sizeof(*b->bufs));
	if (!b->bufs)
		return -ENOMEM;
	b->nr = nr;
	err = vuma_vm_init(&b->vm, a->fd);
	for (size_t i = 0; !err && i < nr; i++) {
		err = buf_create(&b->bufs[i], a, size, false);
		if (!err)
			err = vuma_vm_map_bo(&b->vm, &b->bufs[i].bo, &va);
	}
	return err ? err : vuma_exec(a->fd, b->vm.id, &nop, 1);
}

static void bound_fini(struct bound *b)
{
	for (size_t i = 0; i < b->nr; i++)
		buf_destroy(&b->bufs[i]);
	if (b->vm.id)
		vuma_vm_fini(&b->vm);
	free(b->bufs);
}

static void many_teardown(struct actor *a, const struct scene *s)
{
	struct many *m = a->state;

	(void)s;
	if (!m)
		return;
	bound_fini(&m->own);
	bound_fini(&m->more);
	if (m->neighbour.fd >= 0)
		close(m->neighbour.fd);
	free(m);
	a->state = NULL;
}

static int many_init(struct actor *a, size_t nr)
{
	struct many *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->neighbour.fd = -1;
	a->state = m;
	return bound_init(&m->own, a, nr, MANY_SIZE);
}

static int many_setup(struct actor *a, const struct scene *s)
{
	(void)s;
	return many_init(a, MANY_BOS);
}

static int many_round(struct actor *a, const struct scene *s)
{
	struct many *m = a->state;

	(void)s;
	return submit_again(a, m->own.vm.id, "submit-128");
}

static int more_setup(struct actor *a, const struct scene *s)
{
	struct many *m;
	int err = many_setup(a, s);

	m = a->state;
	return err ? err : bound_init(&m->more, a, MORE_BOS, MANY_SIZE);
}

/* What a submit costs with no buffer at all cancels out. */
static int more_round(struct actor *a, const struct scene *s)
{
	struct many *m = a->state;
	int64_t many, more;
	int err;

	(void)s;
	err = submit_time(a, m->own.vm.id, &many);
	if (!err)
		err = submit_time(a, m->more.vm.id, &more);
	if (!err)
		emit(a, "submit-per-bo", more - many, AGAIN * (MORE_BOS - MANY_BOS));
	return err;
}

static int alone_setup(struct actor *a, const struct scene *s)
{
	(void)s;
	return many_init(a, FEW_BOS);
}

static int alone_round(struct actor *a, const struct scene *s)
{
	struct many *m = a->state;

	(void)s;
	return submit_again(a, m->own.vm.id, "submit-alone");
}

static int beside_setup(struct actor *a, const struct scene *s)
{
	struct many *m;
	int err = alone_setup(a, s);

	if (err)
		return err;
	m = a->state;
	m->neighbour = *a;
	m->neighbour.fd = vuma_open(who_names[a->who], 0, VUMA_NODE_RENDER);
	if (m->neighbour.fd < 0)
		return fail(a, m->neighbour.fd, "open of the neighbour");
	return bound_init(&m->more, &m->neighbour, IDLE_BOS, PAGE);
}

static int beside_round(struct actor *a, const struct scene *s)
{
	struct many *m = a->state;

	(void)s;
	return submit_again(a, m->own.vm.id, "submit-beside-10k");
}

const struct scene scenes_gpu[] = {
	{ .name = "gpu", .rounds = 60, .warmup = 3, .no_tmpfs = true,
	  .round = first_round },
	{ .name = "gpu-huge", .rounds = 30, .warmup = 3, .no_tmpfs = true,
	  .huge = true, .round = first_round },
	{ .name = "gpu-many", .rounds = 30, .warmup = 3, .no_tmpfs = true,
	  .setup = many_setup, .round = many_round, .teardown = many_teardown },
	{ .name = "gpu-more", .rounds = 30, .warmup = 3, .no_tmpfs = true,
	  .setup = more_setup, .round = more_round, .teardown = many_teardown },
	{ .name = "gpu-alone", .rounds = 100, .warmup = 3, .no_tmpfs = true,
	  .setup = alone_setup, .round = alone_round, .teardown = many_teardown },
	{ .name = "gpu-beside", .rounds = 100, .warmup = 3, .no_tmpfs = true,
	  .setup = beside_setup, .round = beside_round, .teardown = many_teardown },
};

const size_t scenes_gpu_count = ARRAY_SIZE(scenes_gpu);
