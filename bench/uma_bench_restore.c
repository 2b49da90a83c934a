// SPDX-License-Identifier: GPL-2.0
/*
 * Bringing back one large buffer, alone and with one helper, and single pages of two;
 * reading fdinfo with few and with many buffers.
 *
 * Restoring is compared with faulting in a tmpfs file of the same size from the same swap.
 * As in uma_bench_reclaim.c, zram does not compress what is written here.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "proc.h"
#include "uma_bench.h"

#define LARGE		(32 * VUMA_MIB)
/* Each of two, the limit for both, and copies of pages in a round. */
#define THRASH		(20 * VUMA_MIB)
#define THRASH_LIMIT	(32 * VUMA_MIB)
#define THRASH_COPIES	1000
#define HELPERS		"/sys/module/gem_uma/parameters/restore_helpers"
#define FEW		10
#define MANY		100000

struct large {
	struct cgroup cg;
	struct vuma_vm vm;
	struct buf buf;
	bool na;
};

static int large_evict(struct large *h, uint64_t *pages)
{
	uint64_t before = 0, after = 0;
	int err = cgroup_read_u64(&h->cg, "memory.swap.current", &before);

	for (int i = 0; !err && i < 20 && after < LARGE - LARGE / 64; i++) {
		err = cgroup_reclaim(&h->cg, LARGE);
		if (err == -EAGAIN)
			err = 0;
		if (!err)
			err = cgroup_read_u64(&h->cg, "memory.swap.current", &after);
	}
	*pages = after > before ? (after - before) / PAGE : 0;
	return err;
}

static int large_restore(struct actor *a, struct large *h)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	if (a->who == WHO_TMPFS)
		return buf_read(&h->buf, 1) ? -EILSEQ : 0;
	return vuma_exec(a->fd, h->vm.id, &nop, 1);
}

static int restore_once(struct actor *a, struct large *h, const char *row, const char *helpers)
{
	uint64_t pages;
	int64_t start;
	int err = large_evict(h, &pages);

	if (err)
		return err;
	if (pages < LARGE / PAGE / 2)
		return fail(a, -EIO, "%s: %llu pages evicted only", row,
			    (unsigned long long)pages);
	if (a->who == WHO_VUMA)
		err = file_write(HELPERS, helpers);
	if (err)
		return err;
	start = vuma_now_ns();
	err = large_restore(a, h);
	emit(a, row, vuma_now_ns() - start, pages);
	return err;
}

static int restore_round(struct actor *a, const struct scene *s)
{
	struct large *h = a->state;
	int err;

	(void)s;
	if (h->na) {
		emit_na(a, "restore-large-1", "cannot be evicted");
		emit_na(a, "restore-large-2", "cannot be evicted");
		return 0;
	}
	err = restore_once(a, h, "restore-large-1", "0");
	if (!err)
		err = restore_once(a, h, "restore-large-2", "1");
	return err;
}

static int restore_setup(struct actor *a, const struct scene *s)
{
	struct large *h = calloc(1, sizeof(*h));
	uint64_t va;
	int err, err2;

	if (!h)
		return -ENOMEM;
	a->state = h;
	h->na = a->who == WHO_SHMEM;
	if (h->na)
		return 0;
	err = proc_cgroup_enter(a, s, &h->cg);
	if (err)
		return err;
	err = buf_create(&h->buf, a, LARGE, false);
	if (!err)
		err = buf_map(&h->buf);
	for (uint64_t off = 0; !err && off < LARGE; off += PAGE)
		vuma_pattern_fill(h->buf.map + off, PAGE, 1 + off, 0);
	err2 = cgroup_leave();
	if (!err)
		err = err2;
	if (err || a->who == WHO_TMPFS)
		return err;
	err = buf_unmap(&h->buf);
	if (!err)
		err = vuma_vm_init(&h->vm, a->fd);
	if (!err)
		err = vuma_vm_map_bo(&h->vm, &h->buf.bo, &va);
	return err ? err : large_restore(a, h);
}

static void restore_teardown(struct actor *a, const struct scene *s)
{
	struct large *h = a->state;

	(void)s;
	if (!h)
		return;
	if (a->who == WHO_VUMA)
		file_write(HELPERS, "3");
	if (h->vm.id)
		vuma_vm_fini(&h->vm);
	if (h->buf.size)
		buf_destroy(&h->buf);
	cgroup_leave();
	cgroup_remove(&h->cg);
	free(h);
	a->state = NULL;
}

/* Two buffers that do not fit into the limit together, and copies of random pages. */
struct thrash {
	struct cgroup cg;
	struct buf bufs[2];
	uint64_t seed;
};

static int thrash_copies(struct thrash *h, uint64_t *pages)
{
	uint64_t before = 0, after = 0;
	int err = proc_key("/proc/vmstat", "pswpin", &before);

	for (int i = 0; i < THRASH_COPIES; i++) {
		uint64_t from = vuma_random(&h->seed) % (THRASH / PAGE) * PAGE;
		uint64_t to = vuma_random(&h->seed) % (THRASH / PAGE) * PAGE;

		*(volatile uint64_t *)(h->bufs[1].map + to) =
			*(volatile uint64_t *)(h->bufs[0].map + from);
	}
	if (!err)
		err = proc_key("/proc/vmstat", "pswpin", &after);
	*pages = after - before;
	return err;
}

static int thrash_round(struct actor *a, const struct scene *s)
{
	struct thrash *h = a->state;
	uint64_t pages;
	int64_t start;
	int err, err2;

	(void)s;
	if (!h) {
		emit_na(a, "thrash", "cannot be evicted");
		emit_na(a, "swapin-thrash", "cannot be evicted");
		return 0;
	}
	err = cgroup_enter(&h->cg);
	if (err)
		return err;
	start = vuma_now_ns();
	err = thrash_copies(h, &pages);
	emit(a, "thrash", vuma_now_ns() - start, THRASH_COPIES);
	err2 = cgroup_leave();
	if (!err)
		emit(a, "swapin-thrash", pages * 1000, THRASH_COPIES);
	return err ? err : err2;
}

static int thrash_setup(struct actor *a, const struct scene *s)
{
	struct thrash *h;
	int err, err2;

	if (a->who == WHO_SHMEM)
		return 0;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->seed = 11;
	a->state = h;
	err = proc_cgroup_enter(a, s, &h->cg);
	if (err)
		return err;
	err = cgroup_write(&h->cg, "memory.max", "%llu", THRASH_LIMIT);
	for (size_t i = 0; !err && i < ARRAY_SIZE(h->bufs); i++) {
		err = buf_create(&h->bufs[i], a, THRASH, false);
		if (!err)
			err = buf_map(&h->bufs[i]);
		for (uint64_t off = 0; !err && off < THRASH; off += PAGE)
			vuma_pattern_fill(h->bufs[i].map + off, PAGE, 1 + off, 0);
	}
	err2 = cgroup_leave();
	return err ? err : err2;
}

static void thrash_teardown(struct actor *a, const struct scene *s)
{
	struct thrash *h = a->state;

	(void)s;
	if (!h)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(h->bufs); i++)
		if (h->bufs[i].size)
			buf_destroy(&h->bufs[i]);
	cgroup_leave();
	cgroup_remove(&h->cg);
	free(h);
	a->state = NULL;
}

/* A file of its own: the other competitors' buffers are in a->fd. */
struct crowd {
	int fd;
	unsigned int count;
};

static int crowd_grow(struct crowd *c, unsigned int count)
{
	uint32_t handle;
	int err = 0;

	for (; !err && c->count < count; c->count++)
		err = vuma_bo_create(c->fd, PAGE, 0, &handle);
	return err;
}

static int fdinfo_read(struct actor *a, struct crowd *c, const char *row)
{
	char text[4096];
	int64_t start = vuma_now_ns();
	int err = 0;

	for (int i = 0; !err && i < 4; i++)
		err = vuma_fdinfo_read(0, c->fd, text, sizeof(text));
	emit(a, row, vuma_now_ns() - start, 4);
	return err;
}

static int fdinfo_round(struct actor *a, const struct scene *s)
{
	struct crowd few = { .fd = -1 }, *many = a->state;
	int err;

	(void)s;
	few.fd = vuma_open(who_names[a->who], 0, VUMA_NODE_RENDER);
	if (few.fd < 0)
		return few.fd;
	err = crowd_grow(&few, FEW);
	if (!err)
		err = fdinfo_read(a, &few, "fdinfo-10");
	if (!err)
		err = fdinfo_read(a, many, "fdinfo-100k");
	close(few.fd);
	return err;
}

static int fdinfo_setup(struct actor *a, const struct scene *s)
{
	struct crowd *many = calloc(1, sizeof(*many));

	(void)s;
	if (!many)
		return -ENOMEM;
	a->state = many;
	many->fd = vuma_open(who_names[a->who], 0, VUMA_NODE_RENDER);
	if (many->fd < 0)
		return many->fd;
	return crowd_grow(many, MANY);
}

static void fdinfo_teardown(struct actor *a, const struct scene *s)
{
	struct crowd *many = a->state;

	(void)s;
	if (!many)
		return;
	if (many->fd >= 0)
		close(many->fd);
	free(many);
	a->state = NULL;
}

const struct scene scenes_restore[] = {
	{ .name = "restore", .rounds = 20, .warmup = 2, .setup = restore_setup,
	  .round = restore_round, .teardown = restore_teardown },
	{ .name = "thrash", .rounds = 20, .warmup = 2, .setup = thrash_setup,
	  .round = thrash_round, .teardown = thrash_teardown },
	{ .name = "fdinfo", .rounds = 20, .warmup = 2, .no_tmpfs = true,
	  .setup = fdinfo_setup, .round = fdinfo_round, .teardown = fdinfo_teardown },
};

const size_t scenes_restore_count = ARRAY_SIZE(scenes_restore);
