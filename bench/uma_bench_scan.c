// SPDX-License-Identifier: GPL-2.0
/*
 * What a scan costs with few and with many buffers on the device: it has to depend on
 * what is scanned, not on what exists. Asked for 128 pages, as the core does, through
 * debugfs.
 *
 * Busy: nothing is evicted, so the price is that of a scan that finds nothing. Idle: 128 buffers
 * of one page go, and the next submit brings them back.
 */
#include <errno.h>
#include <stdlib.h>

#include "file.h"
#include "uma_bench.h"

#define SHRINK	"/sys/kernel/debug/dri/vuma.0/shrink"
#define BATCH	"128"
#define SCANS	16
/*
 * For each VM: longer than the scans take, and the submits of the others. All of them are
 * one SPIN, which can be of ten seconds at most.
 */
#define SPIN_US	900000

/* A submit locks all of a VM, and there is a limit to the memory that this takes at once. */
#define BOS_OF_VM	100000
#define MAX_VMS		10

struct scan {
	struct vuma_vm vms[MAX_VMS];
	size_t nr_vms;
	struct vuma_bo *bos;
	size_t nr;
	uint32_t syncobj;
};

struct scan_size {
	size_t count;
	const char *busy;
	const char *idle;
};

/* In the order of the scenes. */
static const struct scan_size scan_sizes[] = {
	{ 1000, "scan-busy-1k", "scan-idle-1k" },
	{ 100000, "scan-busy-100k", "scan-idle-100k" },
	{ MAX_VMS * BOS_OF_VM, "scan-busy-1m", "scan-idle-1m" },
};

static const struct scan_size *scan_size(const struct scene *s)
{
	return &scan_sizes[s - scenes_scan];
}

/* One job in each VM; of the first it is @cmd, and the others wait for that. */
static int scan_submit(struct actor *a, struct scan *m, const struct drm_vuma_cmd *cmd)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int err = 0;

	for (size_t i = 0; !err && i < m->nr_vms; i++)
		err = vuma_submit_one(a->fd, m->vms[i].id, i ? &nop : cmd, 1, m->syncobj);
	return err;
}

static int scan_use(struct actor *a, struct scan *m)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int err = scan_submit(a, m, &nop);

	return err ? err : vuma_syncobj_wait(a->fd, m->syncobj, 60 * VUMA_SEC);
}

static int scan_make_bo(struct actor *a, struct scan *m)
{
	uint64_t va;
	int err = 0;

	if (m->nr == m->nr_vms * BOS_OF_VM) {
		err = vuma_vm_init(&m->vms[m->nr_vms], a->fd);
		m->nr_vms += !err;
	}
	if (!err)
		err = vuma_bo_init(&m->bos[m->nr], a->fd, PAGE, 0);
	if (err)
		return err;
	return vuma_vm_map_bo(&m->vms[m->nr_vms - 1], &m->bos[m->nr++], &va);
}

static int scan_make(struct actor *a, const struct scene *s, struct scan *m)
{
	int err;

	m->bos = calloc(scan_size(s)->count, sizeof(*m->bos));
	if (!m->bos)
		return -ENOMEM;
	err = vuma_syncobj_create(a->fd, false, &m->syncobj);
	while (!err && m->nr < scan_size(s)->count)
		err = scan_make_bo(a, m);
	return err ? err : scan_use(a, m);
}

static int scan_setup(struct actor *a, const struct scene *s)
{
	struct scan *m;

	if (a->who != WHO_VUMA)
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	a->state = m;
	return scan_make(a, s, m);
}

static int scan_times(struct actor *a, const char *row, uint64_t ops)
{
	int64_t start = vuma_now_ns();
	int err = 0;

	for (int i = 0; !err && i < SCANS; i++)
		err = file_write(SHRINK, BATCH);
	emit(a, row, vuma_now_ns() - start, ops);
	return err;
}

/*
 * The submit was a use of all of them, so each is spared once. Scan until that is over, for
 * what comes then.
 */
static int scan_age(struct actor *a, const struct scene *s)
{
	uint64_t before, now;
	size_t left;
	int err = vuma_fdinfo(0, a->fd, "vuma-evicted-total", &before);

	for (left = scan_size(s)->count; !err && left; left--) {
		err = file_write(SHRINK, BATCH);
		if (!err)
			err = vuma_fdinfo(0, a->fd, "vuma-evicted-total", &now);
		if (err || now > before)
			return err;
	}
	return err ? err : fail(a, -EIO, "%s: nothing is evicted", s->name);
}

static int scan_round(struct actor *a, const struct scene *s)
{
	const struct scan_size *size = scan_size(s);
	struct drm_vuma_cmd spin;
	struct scan *m = a->state;
	int err;

	if (!m) {
		emit_na(a, size->busy, "it has no reclaim");
		emit_na(a, size->idle, "it has no reclaim");
		return 0;
	}
	spin = vuma_cmd_spin(SPIN_US * m->nr_vms);
	err = scan_submit(a, m, &spin);
	if (!err)
		err = scan_times(a, size->busy, SCANS);
	if (!err && vuma_syncobj_wait(a->fd, m->syncobj, 0) != -ETIME)
		err = fail(a, -EIO, "%s: the job ended before the scans", s->name);
	if (!err)
		err = vuma_syncobj_wait(a->fd, m->syncobj, 60 * VUMA_SEC);
	if (!err)
		err = scan_age(a, s);
	if (!err)
		err = scan_times(a, size->idle, SCANS);
	return err ? err : scan_use(a, m);
}

static void scan_teardown(struct actor *a, const struct scene *s)
{
	struct scan *m = a->state;

	(void)s;
	if (!m)
		return;
	while (m->nr_vms)
		vuma_vm_fini(&m->vms[--m->nr_vms]);
	while (m->nr)
		vuma_bo_fini(&m->bos[--m->nr]);
	if (m->syncobj)
		vuma_syncobj_destroy(a->fd, m->syncobj);
	free(m->bos);
	free(m);
	a->state = NULL;
}

const struct scene scenes_scan[] = {
	{ .name = "scan-1k", .rounds = 10, .warmup = 1, .no_tmpfs = true,
	  .setup = scan_setup, .round = scan_round, .teardown = scan_teardown },
	{ .name = "scan-100k", .rounds = 4, .warmup = 1, .no_tmpfs = true,
	  .setup = scan_setup, .round = scan_round, .teardown = scan_teardown },
	/* Wants 12 GiB of memory, and minutes. */
	{ .name = "scan-1m", .rounds = 3, .warmup = 1, .no_tmpfs = true, .by_name = true,
	  .setup = scan_setup, .round = scan_round, .teardown = scan_teardown },
};

const size_t scenes_scan_count = ARRAY_SIZE(scenes_scan);
