// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs to keep caches and devices in agreement: BO_SYNC and DMA_BUF_IOCTL_SYNC on a
 * device that does not snoop, and a buffer that one device exports and another uses.
 *
 * The second device of vuma does not snoop: its cache is modelled, so a line that is cleaned
 * is a line that is copied. The twin has no such device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <unistd.h>

#include "uma_bench.h"

#define SYNCS	100
#define SMALL	(16 * PAGE)
#define LARGE	(64 * VUMA_MIB)
#define QUIET	(8 * VUMA_MIB)
#define SHARED	VUMA_MIB
#define SHARES	10

struct share {
	int fd;		/* of the second device */
	struct vuma_vm vm;
	struct vuma_bo small, large;
	struct vuma_bo quiet;	/* no CPU maps it */
	int dmabuf;	/* of small */
};

static int share_submit(struct share *sh)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	return vuma_exec(sh->fd, sh->vm.id, &nop, 1);
}

static int share_setup(struct actor *a, const struct scene *s)
{
	struct share *sh = calloc(1, sizeof(*sh));

	(void)s;
	if (!sh)
		return -ENOMEM;
	a->state = sh;
	sh->dmabuf = -1;
	sh->fd = vuma_open(who_names[a->who], 1, VUMA_NODE_RENDER);
	if (sh->fd < 0)
		return fail(a, sh->fd, "there is no second device");
	return vuma_vm_init(&sh->vm, sh->fd);
}

static void share_teardown(struct actor *a, const struct scene *s)
{
	struct share *sh = a->state;

	(void)s;
	if (!sh)
		return;
	if (sh->dmabuf >= 0)
		close(sh->dmabuf);
	if (sh->fd >= 0)
		close(sh->fd);
	free(sh);
	a->state = NULL;
}

/* Bound: the device has all of it after the next job. */
static int sync_bo(struct share *sh, struct vuma_bo *bo, uint64_t size)
{
	uint64_t va;
	int err = vuma_bo_init(bo, sh->fd, size, 0);

	return err ? err : vuma_vm_map_bo(&sh->vm, bo, &va);
}

/* The CPU has it mapped, and can write at any time. */
static int sync_bo_touched(struct share *sh, struct vuma_bo *bo, uint64_t size)
{
	int err = sync_bo(sh, bo, size);

	if (!err)
		err = vuma_bo_map(bo);
	for (uint64_t at = 0; !err && at < size; at += PAGE)
		*((volatile char *)bo->map + at) = 1;
	return err;
}

static int sync_setup(struct actor *a, const struct scene *s)
{
	struct share *sh;
	int err = share_setup(a, s);

	sh = a->state;
	if (err || a->who != WHO_VUMA)
		return err;
	err = sync_bo_touched(sh, &sh->small, SMALL);
	if (!err)
		err = sync_bo_touched(sh, &sh->large, LARGE);
	if (!err)
		err = sync_bo(sh, &sh->quiet, QUIET);
	if (!err)
		err = share_submit(sh);
	if (err)
		return err;
	sh->dmabuf = vuma_prime_export(sh->fd, sh->small.handle, O_CLOEXEC | O_RDWR);
	return sh->dmabuf < 0 ? sh->dmabuf : 0;
}

/* Another page each time, if it is not all of it. */
static int sync_parts(struct actor *a, const char *row, const struct vuma_bo *bo,
		      uint64_t size)
{
	struct share *sh = a->state;
	int64_t start = vuma_now_ns();
	uint64_t offset = 0;
	int err = 0;

	for (unsigned int i = 0; !err && i < SYNCS; i++) {
		err = vuma_bo_sync(sh->fd, bo->handle, DRM_VUMA_BO_SYNC_CLEAN, offset, size);
		if (size < bo->size)
			offset = (offset + bo->size / 2 + size) % bo->size;
	}
	emit(a, row, vuma_now_ns() - start, SYNCS);
	return err ? fail(a, err, "%s", row) : 0;
}

static int dmabuf_sync(const struct share *sh, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags | DMA_BUF_SYNC_RW };

	return vuma_ioctl(sh->dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
}

/* Begin and end; the CPU writes a word of each line in between, or nothing. */
static int accesses(struct actor *a, const char *row, uint64_t tag)
{
	struct share *sh = a->state;
	volatile uint64_t *word = sh->small.map;
	int64_t total = 0, start;
	int err = 0;

	for (unsigned int i = 0; !err && i < SYNCS; i++) {
		start = vuma_now_ns();
		err = dmabuf_sync(sh, DMA_BUF_SYNC_START);
		total += vuma_now_ns() - start;
		for (size_t at = 0; tag && at < SMALL / 8; at += DRM_VUMA_CACHE_LINE / 8)
			word[at] = tag + i;
		start = vuma_now_ns();
		if (!err)
			err = dmabuf_sync(sh, DMA_BUF_SYNC_END);
		total += vuma_now_ns() - start;
	}
	emit(a, row, total, SYNCS);
	return err ? fail(a, err, "%s", row) : 0;
}

static int sync_round(struct actor *a, const struct scene *s)
{
	static const char *const rows[] = {
		"sync-4k-of-64k", "sync-4k-of-64m", "sync-8m-quiet", "access-clean",
		"access-dirty",
	};
	struct share *sh = a->state;
	int err;

	(void)s;
	if (a->who != WHO_VUMA) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			emit_na(a, rows[i], "its devices snoop");
		return 0;
	}
	err = sync_parts(a, rows[0], &sh->small, PAGE);
	if (!err)
		err = sync_parts(a, rows[1], &sh->large, PAGE);
	if (!err)
		err = sync_parts(a, rows[2], &sh->quiet, QUIET);
	if (!err)
		err = accesses(a, rows[3], 0);
	return err ? err : accesses(a, rows[4], a->bench->round * 1000 + 1);
}

/* Exported by the first device, imported by the second, bound, used, and all undone. */
static int share_once(struct actor *a, const struct buf *buf)
{
	struct share *sh = a->state;
	struct vuma_bo there = { .fd = sh->fd, .size = SHARED };
	int dmabuf = vuma_prime_export(a->fd, buf->bo.handle, O_CLOEXEC | O_RDWR);
	uint64_t va;
	int err;

	if (dmabuf < 0)
		return dmabuf;
	err = vuma_prime_import(sh->fd, dmabuf, &there.handle);
	close(dmabuf);
	if (err)
		return err;
	err = vuma_vm_map_bo(&sh->vm, &there, &va);
	if (!err)
		err = share_submit(sh);
	if (!err)
		err = vuma_vm_unmap(&sh->vm, va, SHARED);
	return err ? err : vuma_bo_close(sh->fd, there.handle);
}

static int share_round(struct actor *a, const struct scene *s)
{
	struct buf buf;
	int64_t total = 0, start;
	int err = 0;

	(void)s;
	for (unsigned int i = 0; !err && i < SHARES; i++) {
		err = buf_create(&buf, a, SHARED, false);
		if (!err)
			err = buf_map(&buf);
		if (!err)
			buf_write(&buf, i);
		start = vuma_now_ns();
		if (!err)
			err = share_once(a, &buf);
		total += vuma_now_ns() - start;
		if (!err)
			err = buf_destroy(&buf);
	}
	emit(a, "share", total, SHARES);
	return err ? fail(a, err, "share") : 0;
}

const struct scene scenes_share[] = {
	{ .name = "sync", .rounds = 30, .warmup = 2, .no_tmpfs = true,
	  .setup = sync_setup, .round = sync_round, .teardown = share_teardown },
	{ .name = "share", .rounds = 30, .warmup = 2, .no_tmpfs = true,
	  .setup = share_setup, .round = share_round, .teardown = share_teardown },
};

const size_t scenes_share_count = ARRAY_SIZE(scenes_share);
