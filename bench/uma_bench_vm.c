// SPDX-License-Identifier: GPL-2.0
/*
 * Bind and unbind, per leaf, of a buffer whose pages are there: synchronous,
 * asynchronous, and asynchronous behind a job that is running. In the last case the
 * page tables are written by a worker, later: there only the caller's part is timed.
 *
 * The limit is what the driver takes to write or clear the entries, and nothing
 * else: it measures that itself, with tables of its own, and tells it in debugfs.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "uma_bench.h"

#define VA		0x40000000ull
#define SIZE_4K		(4 * VUMA_MIB)
#define SIZE_2M		(32 * VUMA_MIB)
#define JOB_USEC	20000

struct vm_rows {
	const char *map, *unmap;
	const char *amap, *aunmap;
	const char *qmap, *qunmap;
};

static const struct vm_rows rows_4k = {
	"vm-map-4k", "vm-unmap-4k", "vm-amap-4k", "vm-aunmap-4k", "vm-qmap-4k", "vm-qunmap-4k",
};

static const struct vm_rows rows_2m = {
	"vm-map-2m", "vm-unmap-2m", "vm-amap-2m", "vm-aunmap-2m", "vm-qmap-2m", "vm-qunmap-2m",
};

struct binds {
	struct vuma_vm vm;
	struct buf buf;
	uint32_t job;	/* syncobjs */
	uint32_t done;
	uint64_t leaves;
};

static struct drm_vuma_bind_op op_map(const struct binds *b)
{
	return vuma_op_map(b->buf.bo.handle, VA, 0, b->buf.size, 0);
}

static struct drm_vuma_bind_op op_unmap(const struct binds *b)
{
	return vuma_op_unmap(VA, b->buf.size);
}

static int sync_bind(struct actor *a, const char *row, struct drm_vuma_bind_op op)
{
	struct binds *b = a->state;
	int64_t start = vuma_now_ns();
	int err = vuma_vm_bind(a->fd, b->vm.id, &op, 1, NULL);

	emit(a, row, vuma_now_ns() - start, b->leaves);
	return err ? fail(a, err, "%s", row) : 0;
}

/* An error of the page tables is an error of the fence. */
static int wait_done(struct actor *a)
{
	struct binds *b = a->state;
	int status, err = vuma_job_wait(a->fd, b->done, VUMA_SEC * 60, &status);

	return err ? err : status;
}

static int async_bind(struct actor *a, const char *row, struct drm_vuma_bind_op op)
{
	struct binds *b = a->state;
	struct drm_vuma_sync sync = { .handle = b->done, .flags = DRM_VUMA_SYNC_SIGNAL };
	int64_t start = vuma_now_ns();
	int err = vuma_vm_bind_async(a->fd, b->vm.id, &op, 1, &sync, 1);

	if (!err)
		err = vuma_syncobj_wait(a->fd, b->done, VUMA_SEC * 60);
	emit(a, row, vuma_now_ns() - start, b->leaves);
	if (!err)
		err = wait_done(a);
	return err ? fail(a, err, "%s", row) : 0;
}

static int queued_bind(struct actor *a, const char *row, struct drm_vuma_bind_op op)
{
	struct binds *b = a->state;
	struct drm_vuma_cmd spin = vuma_cmd_spin(JOB_USEC);
	struct drm_vuma_sync syncs[2] = {
		{ .handle = b->job }, { .handle = b->done, .flags = DRM_VUMA_SYNC_SIGNAL },
	};
	int64_t start, spent;
	int err, early = -ETIME;

	err = vuma_submit_one(a->fd, b->vm.id, &spin, 1, b->job);
	if (err)
		return fail(a, err, "%s: SUBMIT", row);
	start = vuma_now_ns();
	err = vuma_vm_bind_async(a->fd, b->vm.id, &op, 1, syncs, 2);
	spent = vuma_now_ns() - start;
	if (!err)
		early = vuma_syncobj_wait(a->fd, b->done, 0);
	if (!err)
		err = wait_done(a);
	if (err)
		return fail(a, err, "%s", row);
	/* If the machine was so slow that the job had ended, it was not this. */
	if (early == -ETIME)
		emit(a, row, spent, b->leaves);
	return 0;
}

static int vm_round(struct actor *a, const struct scene *s)
{
	const struct vm_rows *rows = s->huge ? &rows_2m : &rows_4k;
	struct binds *b = a->state;
	int err;

	err = sync_bind(a, rows->map, op_map(b));
	if (!err)
		err = sync_bind(a, rows->unmap, op_unmap(b));
	if (!err)
		err = async_bind(a, rows->amap, op_map(b));
	if (!err)
		err = async_bind(a, rows->aunmap, op_unmap(b));
	if (!err)
		err = queued_bind(a, rows->qmap, op_map(b));
	if (!err)
		err = queued_bind(a, rows->qunmap, op_unmap(b));
	return err;
}

static void vm_teardown(struct actor *a, const struct scene *s)
{
	struct binds *b = a->state;

	(void)s;
	if (!b)
		return;
	buf_destroy(&b->buf);
	if (b->vm.id)
		vuma_vm_fini(&b->vm);
	if (b->job)
		vuma_syncobj_destroy(a->fd, b->job);
	if (b->done)
		vuma_syncobj_destroy(a->fd, b->done);
	free(b);
	a->state = NULL;
}

static int vm_setup(struct actor *a, const struct scene *s)
{
	struct binds *b = calloc(1, sizeof(*b));
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_bind_op op;
	int err;

	if (!b)
		return -ENOMEM;
	a->state = b;
	b->leaves = s->huge ? SIZE_2M / (2 * VUMA_MIB) : SIZE_4K / PAGE;
	err = vuma_vm_init(&b->vm, a->fd);
	if (!err)
		err = vuma_syncobj_create(a->fd, false, &b->job);
	if (!err)
		err = vuma_syncobj_create(a->fd, false, &b->done);
	if (!err)
		err = buf_create(&b->buf, a, s->huge ? SIZE_2M : SIZE_4K, s->huge);
	if (err)
		return err;
	/* The first submit brings the pages. */
	op = op_map(b);
	err = vuma_vm_bind(a->fd, b->vm.id, &op, 1, NULL);
	if (!err)
		err = vuma_exec(a->fd, b->vm.id, &nop, 1);
	op = op_unmap(b);
	return err ? err : vuma_vm_bind(a->fd, b->vm.id, &op, 1, NULL);
}

static int emit_entries(struct actor *a, unsigned int minor, const char *leaf,
			const char *map, const char *unmap)
{
	unsigned long long entries = 0, map_ns, unmap_ns;
	char path[96];
	FILE *file;
	int got;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%u/mmu-time-%s", minor, leaf);
	file = fopen(path, "re");
	if (!file) {
		emit_na(a, map, "no file %s", path);
		emit_na(a, unmap, "no file %s", path);
		return 0;
	}
	/* One read is one measurement. */
	got = fscanf(file, "entries %llu map-ns %llu unmap-ns %llu", &entries, &map_ns,
		     &unmap_ns);
	fclose(file);
	if (got != 3 || !entries)
		return fail(a, -EIO, "%s", path);
	emit(a, map, (int64_t)map_ns, entries);
	emit(a, unmap, (int64_t)unmap_ns, entries);
	return 0;
}

/* The drivers have the same page tables: whichever of them is there. */
static int entries_round(struct actor *a, const struct scene *s)
{
	int fd = vuma_open(who_names[WHO_VUMA], 0, VUMA_NODE_RENDER), err;
	struct stat st;

	(void)s;
	if (fd < 0)
		fd = vuma_open(who_names[WHO_SHMEM], 0, VUMA_NODE_RENDER);
	if (fd < 0)
		return 0;
	err = fstat(fd, &st) ? -errno : 0;
	close(fd);
	if (!err)
		err = emit_entries(a, minor(st.st_rdev), "4k", "ptes-map-4k", "ptes-unmap-4k");
	if (!err)
		err = emit_entries(a, minor(st.st_rdev), "2m", "ptes-map-2m", "ptes-unmap-2m");
	return err;
}

const struct scene scenes_vm[] = {
	{ .name = "ptes", .rounds = 60, .warmup = 3, .only_tmpfs = true,
	  .round = entries_round },
	{ .name = "vm-4k", .rounds = 60, .warmup = 3, .no_tmpfs = true,
	  .setup = vm_setup, .round = vm_round, .teardown = vm_teardown },
	{ .name = "vm-2m", .rounds = 60, .warmup = 3, .no_tmpfs = true, .huge = true,
	  .setup = vm_setup, .round = vm_round, .teardown = vm_teardown },
};

const size_t scenes_vm_count = ARRAY_SIZE(scenes_vm);
