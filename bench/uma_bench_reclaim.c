// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction of idle buffers by memory.reclaim of their owner's cgroup, and the way
 * back: by a CPU touch, or by the next submit.
 *
 * Every page holds one word, repeated, which zram stores without compressing it:
 * the price of a compressor is not what is compared here. What was evicted is told
 * by memory.swap.current, for all competitors in the same way.
 */
#include <errno.h>
#include <stdlib.h>

#include "uma_bench.h"

#define IDLE_BOS	8
#define IDLE_SIZE	(4 * VUMA_MIB)
#define IDLE_TOTAL	(IDLE_BOS * IDLE_SIZE)

struct idle {
	struct cgroup cg;
	struct vuma_vm vm;
	struct buf bufs[IDLE_BOS];
	bool gpu;
	bool na;
	uint64_t unevictable;
};

static const char *row(const struct idle *h, const char *cpu, const char *gpu)
{
	return h->gpu ? gpu : cpu;
}

static uint64_t tag(size_t i)
{
	return 0x5a00000000ull + i * IDLE_SIZE;
}

static int fill(struct actor *a, struct idle *h)
{
	int err = 0;

	for (size_t i = 0; !err && i < IDLE_BOS; i++) {
		struct buf *buf = &h->bufs[i];

		err = buf_create(buf, a, IDLE_SIZE, false);
		if (!err)
			err = buf_map(buf);
		for (uint64_t off = 0; !err && off < IDLE_SIZE; off += PAGE)
			vuma_pattern_fill(buf->map + off, PAGE, tag(i) + off, 0);
		/* Mapped by the GPU only, or by the CPU only. */
		if (!err && h->gpu)
			err = buf_unmap(buf);
	}
	return err;
}

static int submit(struct actor *a, struct idle *h)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	return vuma_exec(a->fd, h->vm.id, &nop, 1);
}

static int bind_all(struct actor *a, struct idle *h)
{
	uint64_t va;
	int err = vuma_vm_init(&h->vm, a->fd);

	for (size_t i = 0; !err && i < IDLE_BOS; i++)
		err = vuma_vm_map_bo(&h->vm, &h->bufs[i].bo, &va);
	return err ? err : submit(a, h);
}

static int swapped(const struct idle *h, uint64_t *bytes)
{
	return cgroup_read_u64(&h->cg, "memory.swap.current", bytes);
}

/* How far reclaim comes is a result, so -EAGAIN is not an error. */
static int evict(struct idle *h, int64_t *ns, uint64_t *bytes)
{
	uint64_t before = 0, after = 0;
	int64_t start;
	int err = swapped(h, &before);

	if (err)
		return err;
	start = vuma_now_ns();
	err = cgroup_reclaim(&h->cg, IDLE_TOTAL);
	*ns = vuma_now_ns() - start;
	if (err && err != -EAGAIN)
		return err;
	err = swapped(h, &after);
	*bytes = after > before ? after - before : 0;
	return err;
}

static int touch_all(struct actor *a, struct idle *h)
{
	for (size_t i = 0; i < IDLE_BOS; i++) {
		uint64_t wrong = buf_read(&h->bufs[i], tag(i));

		if (wrong)
			return fail(a, -EILSEQ, "%llu pages came back wrong",
				    (unsigned long long)wrong);
	}
	return 0;
}

static int restore(struct actor *a, struct idle *h)
{
	return h->gpu ? submit(a, h) : touch_all(a, h);
}

static void emit_reason(struct actor *a, struct idle *h, const char *name)
{
	emit_na(a, name, "memory.reclaim gets nothing: %llu of %llu KiB unevictable",
		(unsigned long long)h->unevictable / 1024,
		(unsigned long long)IDLE_TOTAL / 1024);
}

static int reclaim_round(struct actor *a, const struct scene *s)
{
	struct idle *h = a->state;
	uint64_t out, left = 0;
	int64_t start, ns;
	int err;

	if (h->na) {
		emit_reason(a, h, row(h, "evict-cpu", "evict-gpu"));
		emit_reason(a, h, row(h, "restore-cpu", "restore-gpu"));
		return 0;
	}
	err = evict(h, &ns, &out);
	if (err)
		return err;
	if (!out)
		return fail(a, -EIO, "%s: nothing was evicted", s->name);
	emit(a, row(h, "evict-cpu", "evict-gpu"), ns, out / PAGE);
	emit(a, row(h, "share-evict-cpu", "share-evict-gpu"), (int64_t)out * 100,
	     IDLE_TOTAL);

	start = vuma_now_ns();
	err = restore(a, h);
	ns = vuma_now_ns() - start;
	if (!err)
		err = swapped(h, &left);
	if (err)
		return err;
	if (left > IDLE_TOTAL / 64)
		return fail(a, -EIO, "%s: %llu KiB not restored", s->name,
			    (unsigned long long)left / 1024);
	emit(a, row(h, "restore-cpu", "restore-gpu"), ns, out / PAGE);
	return 0;
}

/*
 * Can it be evicted at all? Asked of every competitor, but only the twin may say
 * no: it has no reclaim, and its pages are off the LRU from first use to free.
 */
static int probe(struct actor *a, struct idle *h)
{
	uint64_t out;
	int64_t ns;
	int err = evict(h, &ns, &out);

	if (err)
		return err;
	if (out >= IDLE_TOTAL / 16)
		return restore(a, h);
	if (a->who != WHO_SHMEM)
		return fail(a, -EIO, "memory.reclaim evicted %llu KiB only",
			    (unsigned long long)out / 1024);
	h->na = true;
	return cgroup_read_key(&h->cg, "memory.stat", "unevictable",
			       &h->unevictable);
}

static int reclaim_setup(struct actor *a, const struct scene *s)
{
	struct idle *h = calloc(1, sizeof(*h));
	int err, err2;

	if (!h)
		return -ENOMEM;
	a->state = h;
	h->gpu = s->no_tmpfs;
	err = proc_cgroup_enter(a, s, &h->cg);
	if (err)
		return err;
	err = fill(a, h);
	/* Outside again, so that reclaim finds the buffers and nothing of ours. */
	err2 = cgroup_leave();
	if (!err)
		err = err2;
	if (!err && h->gpu)
		err = bind_all(a, h);
	return err ? err : probe(a, h);
}

static void reclaim_teardown(struct actor *a, const struct scene *s)
{
	struct idle *h = a->state;

	(void)s;
	if (!h)
		return;
	if (h->vm.id)
		vuma_vm_fini(&h->vm);
	for (size_t i = 0; i < IDLE_BOS; i++)
		buf_destroy(&h->bufs[i]);
	cgroup_leave();
	cgroup_remove(&h->cg);
	free(h);
	a->state = NULL;
}

const struct scene scenes_reclaim[] = {
	{ .name = "reclaim-cpu", .rounds = 30, .warmup = 2, .setup = reclaim_setup,
	  .round = reclaim_round, .teardown = reclaim_teardown },
	{ .name = "reclaim-gpu", .rounds = 30, .warmup = 2, .no_tmpfs = true,
	  .setup = reclaim_setup, .round = reclaim_round,
	  .teardown = reclaim_teardown },
};

const size_t scenes_reclaim_count = ARRAY_SIZE(scenes_reclaim);
