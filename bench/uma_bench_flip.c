// SPDX-License-Identifier: GPL-2.0
/*
 * A page flip on the legacy path: three buffers in turn, each pinned, drawn to by a
 * job that names it, and unpinned. Once with the idle-va cache, where the buffer is
 * still mapped from last time, and once without: the submit is told to trim what is
 * idle, as drivers do that unmap a buffer when its job has ended.
 *
 * While buffers stay mapped, the counters of the VM have to show no map, or that is not
 * what was measured. How many maps trimming costs is reported: it unmaps a buffer only
 * once its job was freed, and nobody waits for that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "uma_bench.h"

#define BUFS	3
#define SIZE	(8 * VUMA_MIB)	/* 1920 x 1080, 4 bytes a pixel */
#define FLIPS	30

struct flip {
	struct buf bufs[BUFS];
	int dmabufs[BUFS];
	uint32_t syncobj;
};

/* With one wait: what is timed is the way to the engine and back, not drawing. */
static int draw(struct actor *a, uint32_t handle, uint32_t flags)
{
	struct flip *f = a->state;
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_legacy_bo bo = vuma_legacy_bo(handle, DRM_VUMA_LEGACY_BO_WRITE);
	struct drm_vuma_sync out = { .handle = f->syncobj };
	struct drm_vuma_submit_legacy args = {
		.flags = flags, .bo_count = 1, .bos = (uintptr_t)&bo,
		.cmds = (uintptr_t)&nop, .cmd_count = 1,
		.out_syncs = (uintptr_t)&out, .out_sync_count = 1,
	};
	int err = vuma_ioctl(a->fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args);

	return err ? err : vuma_syncobj_wait(a->fd, f->syncobj, VUMA_SEC * 60);
}

static int flip_pinned(struct actor *a, unsigned int i, uint32_t flags)
{
	struct flip *f = a->state;
	uint32_t handle = f->bufs[i].bo.handle;
	int err = vuma_scanout_pin(a->fd, handle);

	if (!err)
		err = draw(a, handle, flags);
	return err ? err : vuma_scanout_unpin(a->fd, handle);
}

/* No handle survives the frame. */
static int flip_imported(struct actor *a, unsigned int i, uint32_t flags)
{
	struct flip *f = a->state;
	uint32_t handle;
	int err = vuma_prime_import(a->fd, f->dmabufs[i], &handle);

	if (!err)
		err = draw(a, handle, flags);
	return err ? err : vuma_bo_close(a->fd, handle);
}

/* @maps is the row for maps, if they are expected. */
static int flips(struct actor *a, const char *row, const char *maps, uint32_t flags,
		 int (*flip)(struct actor *a, unsigned int i, uint32_t flags))
{
	uint64_t before, after;
	int64_t start;
	int err = 0;

	/* What was trimmed before has to be mapped first. */
	for (unsigned int i = 0; !err && i < BUFS; i++)
		err = flip(a, i, 0);
	if (!err)
		err = vuma_get_param(a->fd, DRM_VUMA_PARAM_VM_MAPS, 0, &before);
	start = vuma_now_ns();
	for (unsigned int i = 0; !err && i < FLIPS; i++)
		err = flip(a, i % BUFS, flags);
	emit(a, row, vuma_now_ns() - start, FLIPS);
	if (!err)
		err = vuma_get_param(a->fd, DRM_VUMA_PARAM_VM_MAPS, 0, &after);
	if (err)
		return fail(a, err, "%s", row);
	if (maps)
		emit(a, maps, (int64_t)(after - before), FLIPS);
	else if (after != before)
		return fail(a, -EILSEQ, "%s: %u flips are %llu maps", row, FLIPS,
			    (unsigned long long)(after - before));
	return 0;
}

static int flip_round(struct actor *a, const struct scene *s)
{
	int err;

	(void)s;
	err = flips(a, "flip-trim", "maps-flip-trim", DRM_VUMA_LEGACY_TRIM, flip_pinned);
	if (!err)
		err = flips(a, "flip", NULL, 0, flip_pinned);
	return err;
}

static int import_round(struct actor *a, const struct scene *s)
{
	int err;

	(void)s;
	err = flips(a, "flip-import-trim", "maps-import-trim", DRM_VUMA_LEGACY_TRIM,
		    flip_imported);
	if (!err)
		err = flips(a, "flip-import", NULL, 0, flip_imported);
	return err;
}

static void flip_teardown(struct actor *a, const struct scene *s)
{
	struct flip *f = a->state;

	(void)s;
	if (!f)
		return;
	for (size_t i = 0; i < BUFS; i++) {
		buf_destroy(&f->bufs[i]);
		if (f->dmabufs[i] >= 0)
			close(f->dmabufs[i]);
	}
	if (f->syncobj)
		vuma_syncobj_destroy(a->fd, f->syncobj);
	free(f);
	a->state = NULL;
}

static int flip_setup(struct actor *a, const struct scene *s)
{
	struct flip *f = calloc(1, sizeof(*f));
	int err;

	(void)s;
	if (!f)
		return -ENOMEM;
	a->state = f;
	for (size_t i = 0; i < BUFS; i++)
		f->dmabufs[i] = -1;
	err = vuma_syncobj_create(a->fd, false, &f->syncobj);
	for (size_t i = 0; !err && i < BUFS; i++)
		err = buf_create(&f->bufs[i], a, SIZE, false);
	for (unsigned int i = 0; !err && i < BUFS; i++)
		err = flip_pinned(a, i, 0);
	return err;
}

/* Here nothing but the file descriptors of the dma-bufs holds the buffers. */
static int import_setup(struct actor *a, const struct scene *s)
{
	struct flip *f;
	int err = flip_setup(a, s);

	f = a->state;
	for (size_t i = 0; !err && i < BUFS; i++) {
		f->dmabufs[i] = vuma_prime_export(a->fd, f->bufs[i].bo.handle,
						  O_CLOEXEC | O_RDWR);
		err = f->dmabufs[i] < 0 ? f->dmabufs[i] : buf_destroy(&f->bufs[i]);
	}
	return err;
}

const struct scene scenes_flip[] = {
	{ .name = "flip", .rounds = 60, .warmup = 3, .no_tmpfs = true,
	  .setup = flip_setup, .round = flip_round, .teardown = flip_teardown },
	{ .name = "flip-import", .rounds = 60, .warmup = 3, .no_tmpfs = true,
	  .setup = import_setup, .round = import_round, .teardown = flip_teardown },
};

const size_t scenes_flip_count = ARRAY_SIZE(scenes_flip);
