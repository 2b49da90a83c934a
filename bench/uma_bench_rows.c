// SPDX-License-Identifier: GPL-2.0
/* The rows of the result, in the order of the tables. */
#include <string.h>

#include "uma_bench.h"

#define TIME(n, w, f, t) \
	{ .name = n, .unit = UNIT_TIME, .what = w, .floor = f, .tmpfs = t }
#define BYTES(n, w) { .name = n, .unit = UNIT_BYTES, .what = w }
#define INFO(n, w) { .name = n, .unit = UNIT_BYTES, .what = w, .info = true }
#define PERCENT(n, w) { .name = n, .unit = UNIT_PERCENT, .what = w }

const struct row bench_rows[] = {
	TIME("create", "create and close an untouched 64 KiB BO", "syscall", NULL),
	TIME("write-4k", "mmap + first write to each page", "clear-page", NULL),
	TIME("write-huge", "same, with DRM_VUMA_BO_HUGE", "clear-page", NULL),
	TIME("read-4k", "mmap + read of each resident page", NULL, NULL),
	TIME("read-huge", "same, huge", NULL, NULL),
	TIME("scatter-4k", "same in scattered order", NULL, NULL),
	TIME("scatter-huge", "same, huge", NULL, NULL),
	TIME("free-4k", "munmap + close, per page", NULL, NULL),
	TIME("free-huge", "same, huge", NULL, NULL),
	PERCENT("share-huge", "of a huge BO really in huge folios"),
	TIME("bind-4k", "VM_BIND map of an empty BO, per page", NULL, NULL),
	TIME("bind-huge", "same, huge", NULL, NULL),
	TIME("submit-first-4k", "first submit, per page: populate + map", "clear-page",
	     NULL),
	TIME("submit-first-huge", "same, huge", "clear-page", NULL),
	TIME("unbind-4k", "VM_BIND unmap, per page", NULL, NULL),
	TIME("unbind-huge", "same, huge", NULL, NULL),
	TIME("submit-again", "submit + wait, 1 resident BO", "syscall", NULL),
	TIME("submit-128", "submit + wait, 128 resident BOs bound", "syscall", NULL),
	BYTES("kmem-cpu", "kernel bytes per GiB, CPU-mapped"),
	BYTES("kmem-cpu-huge", "same, huge"),
	BYTES("kmem-gpu", "kernel bytes per GiB, bound and submitted"),
	BYTES("kmem-gpu-huge", "same, huge"),
	BYTES("kmem-idle", "kernel bytes per GiB, after both, unmapped"),
	BYTES("kmem-idle-huge", "same, huge"),
	INFO("kmem-charged", "charged to the creator's cgroup by then"),
	INFO("kmem-charged-huge", "same, huge"),
	TIME("evict-cpu", "memory.reclaim, CPU-mapped, per page out", NULL, NULL),
	TIME("restore-cpu", "CPU touch of evicted pages, per page", "clear-page", NULL),
	TIME("evict-gpu", "memory.reclaim, GPU-bound, per page out", NULL,
	     "evict-cpu"),
	TIME("restore-gpu", "submit of an evicted VM, per page", "clear-page",
	     "restore-cpu"),
	PERCENT("share-evict-cpu", "of the CPU-mapped buffers went out"),
	PERCENT("share-evict-gpu", "of the GPU-bound buffers went out"),
	TIME("clear-page", "clear 4 KiB, as the kernel does", NULL, NULL),
	TIME("copy-page", "copy 4 KiB, as the kernel does", NULL, NULL),
	TIME("fault-minor", "write fault, page in the page cache", NULL, NULL),
	TIME("fault-anon", "write fault, new anonymous page", NULL, NULL),
	TIME("syscall", "getppid()", NULL, NULL),
	TIME("clock", "reading the clock of this benchmark", NULL, NULL),
};

const size_t bench_row_count = ARRAY_SIZE(bench_rows);

const struct row *row_find(const char *name)
{
	for (size_t i = 0; i < bench_row_count; i++)
		if (!strcmp(bench_rows[i].name, name))
			return &bench_rows[i];
	return NULL;
}
