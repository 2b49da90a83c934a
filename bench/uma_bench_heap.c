// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps: what a fault of the device costs, by granule and by where the memory comes from; what a
 * job costs that finds its memory there, and one that does not; and the memory of a large heap
 * of which little is used.
 *
 * The time of a fault is the kernel's own, from the event that it leaves: the job around it
 * takes many times as long. Rungs of the ladder are made to fail through debugfs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "uma_bench.h"

#define BLOCK		"/sys/kernel/debug/dri/vuma.0/heap-block"
#define TRACEFS		"/sys/kernel/tracing/"
#define EVENT		TRACEFS "events/gem_uma_heap/gem_uma_heap_grow/enable"
#define FAULTS		64
#define LIST		(FAULTS * 64 * VUMA_KIB)

struct grow_row {
	uint64_t granule;
	const char *rung;
	const char *block;	/* rungs that come before it */
	const char *p50;
	const char *p99;
};

static const struct grow_row grow_rows[] = {
	{ 4 * VUMA_KIB, "nowait", "0", "heap-4k-nowait-p50", "heap-4k-nowait-p99" },
	{ 4 * VUMA_KIB, "reserve", "1", "heap-4k-reserve-p50", "heap-4k-reserve-p99" },
	{ 4 * VUMA_KIB, "atomic", "3", "heap-4k-atomic-p50", "heap-4k-atomic-p99" },
	{ 64 * VUMA_KIB, "nowait", "0", "heap-64k-nowait-p50", "heap-64k-nowait-p99" },
	{ 64 * VUMA_KIB, "reserve", "1", "heap-64k-reserve-p50", "heap-64k-reserve-p99" },
	{ 64 * VUMA_KIB, "atomic", "3", "heap-64k-atomic-p50", "heap-64k-atomic-p99" },
	{ 2 * VUMA_MIB, "nowait", "0", "heap-2m-nowait-p50", "heap-2m-nowait-p99" },
	{ 2 * VUMA_MIB, "reserve", "1", "heap-2m-reserve-p50", "heap-2m-reserve-p99" },
	{ 2 * VUMA_MIB, "atomic", "3", "heap-2m-atomic-p50", "heap-2m-atomic-p99" },
};

struct heaps {
	struct cgroup cg;
	struct vuma_vm vm;
	struct vuma_bo out;
	uint64_t out_va;
};

static int heap_setup(struct actor *a, const struct scene *s)
{
	struct heaps *h = calloc(1, sizeof(*h));
	int err;

	if (!h)
		return -ENOMEM;
	a->state = h;
	err = proc_cgroup_create(a, s, &h->cg);
	if (!err)
		err = vuma_vm_init(&h->vm, a->fd);
	if (!err)
		err = vuma_bo_init(&h->out, a->fd, PAGE, 0);
	return err ? err : vuma_vm_map_bo(&h->vm, &h->out, &h->out_va);
}

static void heap_teardown(struct actor *a, const struct scene *s)
{
	struct heaps *h = a->state;

	(void)s;
	if (!h)
		return;
	file_write(BLOCK, "0");
	if (h->vm.id)
		vuma_vm_fini(&h->vm);
	vuma_bo_fini(&h->out);
	if (h->cg.path[0])
		cgroup_destroy(&h->cg);
	free(h);
	a->state = NULL;
}

/* One job, one fault. */
static int grow_once(struct actor *a, uint64_t granule)
{
	struct heaps *h = a->state;
	struct vuma_heap heap;
	struct drm_vuma_cmd cmd;
	int err, err2;

	err = vuma_heap_init(&heap, &h->vm, granule, granule, 0, DRM_VUMA_HEAP_FAIL_JOB);
	if (err)
		return err;
	cmd = vuma_cmd_fill(heap.va, 8, 1, 0);
	err = vuma_exec(a->fd, h->vm.id, &cmd, 1);
	err2 = vuma_heap_fini(&heap, &h->vm);
	return err ? err : err2;
}

static int clear_trace(void)
{
	FILE *f = fopen(TRACEFS "trace", "w");

	return f && !fclose(f) ? 0 : -errno;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The times of the faults that had memory from a rung, sorted. */
static int read_times(const char *rung, uint64_t *times, size_t nr)
{
	FILE *f = fopen(TRACEFS "trace", "r");
	unsigned long long ns;
	char line[512], want[32];
	const char *at;
	size_t n = 0;

	if (!f)
		return -errno;
	snprintf(want, sizeof(want), "rung=%s ret=0 ", rung);
	while (n < nr && fgets(line, sizeof(line), f)) {
		at = strstr(line, "gem_uma_heap_grow: ") ? strstr(line, want) : NULL;
		if (at && sscanf(at + strlen(want), "ns=%llu", &ns) == 1)
			times[n++] = ns;
	}
	fclose(f);
	if (n < nr)
		return -ENODATA;
	qsort(times, n, sizeof(*times), compare);
	return 0;
}

static int grow_row_round(struct actor *a, const struct grow_row *row)
{
	uint64_t times[FAULTS];
	int err;

	err = clear_trace();
	if (!err)
		err = file_write(BLOCK, row->block);
	if (!err)
		err = file_write(EVENT, "1");
	for (int i = 0; !err && i < FAULTS; i++)
		err = grow_once(a, row->granule);
	file_write(EVENT, "0");
	file_write(BLOCK, "0");
	if (!err)
		err = read_times(row->rung, times, FAULTS);
	if (err)
		return fail(a, err, "%s", row->p50);
	emit(a, row->p50, times[FAULTS / 2], 1);
	emit(a, row->p99, times[FAULTS * 99 / 100], 1);
	return 0;
}

static int submit_time(struct actor *a, const struct vuma_heap *heap, const char *row)
{
	struct heaps *h = a->state;
	struct drm_vuma_cmd cmd = vuma_cmd_fill(heap->va, LIST, 1, 1);
	int64_t start = vuma_now_ns();
	int err = vuma_exec(a->fd, h->vm.id, &cmd, 1);

	if (!err)
		emit(a, row, vuma_now_ns() - start, 1);
	return err;
}

/* The same job, with a heap that knows nothing, and with one that has seen it. */
static int submits_round(struct actor *a)
{
	struct heaps *h = a->state;
	struct vuma_heap heap;
	int err, err2;

	err = vuma_heap_init_bo(&heap, &h->vm, VUMA_GIB, LIST / FAULTS, DRM_VUMA_HEAP_FAIL_JOB);
	if (err)
		return err;
	err = submit_time(a, &heap, "heap-submit-faults");
	if (!err)
		err = submit_time(a, &heap, "heap-submit-learned");
	err2 = vuma_heap_fini(&heap, &h->vm);
	err = err ? err : err2;
	err2 = vuma_bo_close(a->fd, heap.handle);
	return err ? err : err2;
}

/* All that the cgroup pays for. Private pages count as the kernel's. */
static int charged(const struct heaps *h, uint64_t *bytes)
{
	uint64_t kernel, file;
	int err = cgroup_read_key(&h->cg, "memory.stat", "kernel", &kernel);

	if (!err)
		err = cgroup_read_key(&h->cg, "memory.stat", "file", &file);
	*bytes = kernel + file;
	return err;
}

/* 64 pieces of a GiB, as a device without heaps has to do it. */
static int touch_dense(struct actor *a, uint64_t *bytes)
{
	struct heaps *h = a->state;
	struct vuma_bo bo;
	int err = vuma_bo_init(&bo, a->fd, VUMA_GIB, 0), err2;

	if (err)
		return err;
	err = vuma_bo_map(&bo);
	for (uint64_t i = 0; !err && i < FAULTS; i++)
		((volatile uint64_t *)bo.map)[i * (LIST / FAULTS) / 8] = 1;
	if (!err)
		err = charged(h, bytes);
	err2 = vuma_bo_fini(&bo);
	return err ? err : err2;
}

static int touch_heap(struct actor *a, uint64_t *bytes)
{
	struct heaps *h = a->state;
	struct vuma_heap heap;
	struct drm_vuma_cmd cmd;
	int err, err2;

	err = vuma_heap_init(&heap, &h->vm, VUMA_GIB, LIST / FAULTS, 0, DRM_VUMA_HEAP_FAIL_JOB);
	if (err)
		return err;
	cmd = vuma_cmd_fill(heap.va, LIST, 1, 1);
	err = vuma_exec(a->fd, h->vm.id, &cmd, 1);
	if (!err)
		err = charged(h, bytes);
	err2 = vuma_heap_fini(&heap, &h->vm);
	return err ? err : err2;
}

static int memory_round(struct actor *a)
{
	struct heaps *h = a->state;
	uint64_t before, after;
	int err = cgroup_enter(&h->cg), err2;

	if (err)
		return err;
	err = charged(h, &before);
	if (!err)
		err = a->who == WHO_VUMA ? touch_heap(a, &after) : touch_dense(a, &after);
	if (!err)
		emit(a, "heap-1g-64", (int64_t)(after - before), 1);
	err2 = cgroup_leave();
	return err ? err : err2;
}

static int heap_round(struct actor *a, const struct scene *s)
{
	int err = memory_round(a);

	(void)s;
	for (size_t i = 0; !err && i < ARRAY_SIZE(grow_rows); i++) {
		if (a->who == WHO_VUMA) {
			err = grow_row_round(a, &grow_rows[i]);
		} else {
			emit_na(a, grow_rows[i].p50, "it has no heaps");
			emit_na(a, grow_rows[i].p99, "it has no heaps");
		}
	}
	if (!err && a->who == WHO_VUMA)
		return submits_round(a);
	if (!err) {
		emit_na(a, "heap-submit-faults", "it has no heaps");
		emit_na(a, "heap-submit-learned", "it has no heaps");
	}
	return err;
}

const struct scene scenes_heap[] = {
	{ .name = "heap", .rounds = 10, .warmup = 1, .no_tmpfs = true,
	  .setup = heap_setup, .round = heap_round, .teardown = heap_teardown },
};

const size_t scenes_heap_count = ARRAY_SIZE(scenes_heap);
