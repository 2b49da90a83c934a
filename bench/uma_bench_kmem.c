// SPDX-License-Identifier: GPL-2.0
/*
 * Kernel memory held per GiB of resident buffers: bookkeeping, not contents.
 *
 * Counted twice. The whole by exclusion (proc_kernel_bytes()), which also finds
 * the arrays that helpers keep for the life of a buffer (page pointers and
 * scatterlists from kvmalloc(), charged to nobody); and what the memory cgroup of
 * the creator was charged for, which is what a limit can act on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "proc.h"
#include "uma_bench.h"

#define HELD_BOS	48
#define HELD_SIZE	(4 * VUMA_MIB)
#define WEIGHT		VUMA_MIB

struct kmem_rows {
	const char *cpu;
	const char *gpu;
	const char *idle;
	const char *charged;
	bool pieces;	/* no two pages of a buffer are contiguous */
};

static const struct kmem_rows rows_4k = {
	"kmem-cpu", "kmem-gpu", "kmem-idle", "kmem-charged", false,
};

static const struct kmem_rows rows_huge = {
	"kmem-cpu-huge", "kmem-gpu-huge", "kmem-idle-huge", "kmem-charged-huge",
	false,
};

static const struct kmem_rows rows_pieces = {
	"kmem-cpu-pieces", "kmem-gpu-pieces", "kmem-idle-pieces", "kmem-charged-pieces",
	true,
};

struct held {
	struct cgroup cg;
	struct vuma_vm vm;
	struct buf bufs[HELD_BOS];
	uint64_t base;
	uint64_t base_charged;
};

static void emit_per_gib(struct actor *a, const char *row, uint64_t base, uint64_t now)
{
	/* Less than nothing is a sign of bad scales, and must be seen. */
	int64_t grown = (int64_t)(now - base);

	emit(a, row, grown * (int64_t)(VUMA_GIB / VUMA_MIB),
	     HELD_BOS * HELD_SIZE / VUMA_MIB);
}

static int measure(struct actor *a, const char *row)
{
	struct held *h = a->state;
	uint64_t now;
	int err = proc_weigh_kernel(&now);

	if (!err)
		emit_per_gib(a, row, h->base, now);
	return err;
}

static int hold(struct actor *a, struct held *h, bool huge, bool pieces)
{
	int err = 0;

	for (size_t i = 0; !err && i < HELD_BOS; i++) {
		err = buf_create(&h->bufs[i], a, HELD_SIZE, huge);
		if (!err)
			err = buf_map(&h->bufs[i]);
		if (!err && pieces)
			err = buf_write_pieces(&h->bufs[i], i);
		else if (!err)
			buf_write(&h->bufs[i], i);
	}
	return err;
}

static int bind_all(struct actor *a, struct held *h)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	uint64_t va;
	int err = vuma_vm_init(&h->vm, a->fd);

	for (size_t i = 0; !err && i < HELD_BOS; i++)
		err = vuma_vm_map_bo(&h->vm, &h->bufs[i].bo, &va);
	return err ? err : vuma_exec(a->fd, h->vm.id, &nop, 1);
}

static int use_gpu(struct actor *a, struct held *h, const char *row)
{
	int err;

	if (a->who == WHO_TMPFS) {
		emit_na(a, row, "a file has no GPU mapping");
		return 0;
	}
	err = bind_all(a, h);
	if (!err)
		err = measure(a, row);
	if (!err) {
		err = vuma_vm_fini(&h->vm);
		h->vm.id = 0;
	}
	return err;
}

static int release(struct held *h)
{
	int err = 0;

	if (h->vm.id)
		err = vuma_vm_fini(&h->vm);
	h->vm.id = 0;
	for (size_t i = 0; i < HELD_BOS; i++) {
		int err2 = buf_destroy(&h->bufs[i]);

		err = err ? err : err2;
	}
	return err;
}

static int kmem_cycle(struct actor *a, struct held *h, const struct kmem_rows *rows,
		      bool huge)
{
	uint64_t charged;
	int err = proc_weigh_kernel(&h->base);

	if (!err)
		err = cgroup_read_key(&h->cg, "memory.stat", "kernel",
				      &h->base_charged);
	if (!err)
		err = hold(a, h, huge, rows->pieces);
	if (!err)
		err = measure(a, rows->cpu);
	for (size_t i = 0; !err && i < HELD_BOS; i++)
		err = buf_unmap(&h->bufs[i]);
	if (!err)
		err = use_gpu(a, h, rows->gpu);
	/* Used by both, mapped by none. */
	if (!err)
		err = measure(a, rows->idle);
	if (!err)
		err = cgroup_read_key(&h->cg, "memory.stat", "kernel", &charged);
	if (!err)
		emit_per_gib(a, rows->charged, h->base_charged, charged);
	return err;
}

static int round_of(struct actor *a, const struct kmem_rows *rows, bool huge)
{
	struct held *h = a->state;
	int err, err2;

	err = cgroup_enter(&h->cg);
	if (err)
		return err;
	err = kmem_cycle(a, h, rows, huge);
	err2 = release(h);
	err = err ? err : err2;
	err2 = cgroup_leave();
	return err ? err : err2;
}

static int kmem_round(struct actor *a, const struct scene *s)
{
	return round_of(a, s->huge ? &rows_huge : &rows_4k, s->huge);
}

static int pieces_round(struct actor *a, const struct scene *s)
{
	return round_of(a, &rows_pieces, s->huge);
}

static int fill_pipe(int fd, size_t size)
{
	static const char page[PAGE];

	if (fcntl(fd, F_SETPIPE_SZ, size) < (int)size)
		return -ENOSPC;
	for (size_t done = 0; done < size; done += PAGE)
		if (write(fd, page, PAGE) != (ssize_t)PAGE)
			return -EIO;
	return 0;
}

/*
 * Tests the scale with a known weight: the pages in a pipe come from alloc_page()
 * and are in no counter of /proc/meminfo.
 */
static int calibrate(struct actor *a)
{
	uint64_t before, after;
	int pipes[2], err;

	if (pipe(pipes))
		return -errno;
	err = proc_weigh_kernel(&before);
	if (!err)
		err = fill_pipe(pipes[1], WEIGHT);
	if (!err)
		err = proc_weigh_kernel(&after);
	close(pipes[0]);
	close(pipes[1]);
	if (err)
		return fail(a, err, "weighing a full pipe");
	if (after < before + WEIGHT - WEIGHT / 8 || after > before + WEIGHT + WEIGHT / 8)
		return fail(a, -ERANGE, "%llu bytes in a pipe weigh %lld",
			    WEIGHT, (long long)(after - before));
	return 0;
}

static int kmem_setup(struct actor *a, const struct scene *s)
{
	struct held *h;
	int err = calibrate(a);

	if (err)
		return err;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	a->state = h;
	return proc_cgroup_create(a, s, &h->cg);
}

static void kmem_teardown(struct actor *a, const struct scene *s)
{
	struct held *h = a->state;

	(void)s;
	if (!h)
		return;
	release(h);
	cgroup_leave();
	cgroup_remove(&h->cg);
	free(h);
	a->state = NULL;
}

const struct scene scenes_kmem[] = {
	{ .name = "kmem", .rounds = 8, .warmup = 1, .setup = kmem_setup,
	  .round = kmem_round, .teardown = kmem_teardown },
	{ .name = "kmem-pieces", .rounds = 8, .warmup = 1, .setup = kmem_setup,
	  .round = pieces_round, .teardown = kmem_teardown },
	{ .name = "kmem-huge", .rounds = 8, .warmup = 1, .huge = true,
	  .setup = kmem_setup, .round = kmem_round, .teardown = kmem_teardown },
};

const size_t scenes_kmem_count = ARRAY_SIZE(scenes_kmem);
