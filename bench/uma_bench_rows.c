// SPDX-License-Identifier: GPL-2.0
/* The rows of the result, in the order of the tables. */
#include <string.h>

#include "uma_bench.h"

#define TIME(n, w, f, t) \
	{ .name = n, .unit = UNIT_TIME, .what = w, .floor = f, .tmpfs = t }
#define BYTES(n, w) { .name = n, .unit = UNIT_BYTES, .what = w }
#define INFO(n, w) { .name = n, .unit = UNIT_BYTES, .what = w, .info = true }
#define COUNT(n, w) { .name = n, .unit = UNIT_COUNT, .what = w, .info = true }
#define PERCENT(n, w) { .name = n, .unit = UNIT_PERCENT, .what = w }

const struct row bench_rows[] = {
	TIME("create", "create and close an untouched 64 KiB BO", "syscall", NULL),
	TIME("write-4k", "mmap + first write to each page", "clear-page", NULL),
	TIME("write-huge", "same, with DRM_VUMA_BO_HUGE", "clear-page", NULL),
	TIME("read-4k", "mmap + read of each resident page", NULL, NULL),
	TIME("read-huge", "same, huge", NULL, NULL),
	TIME("rewrite-4k", "first write of each page after it was read", NULL, NULL),
	TIME("rewrite-huge", "same, huge", NULL, NULL),
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
	TIME("submit-per-bo", "each further resident BO of it: 1024 less 128", NULL, NULL),
	TIME("submit-alone", "submit + wait, 16 resident BOs bound", "syscall", NULL),
	TIME("submit-beside-10k", "same, while another client has 10,000 idle BOs bound",
	     "syscall", NULL),
	TIME("flip", "page flip: pin, SUBMIT_LEGACY, wait, unpin; 3 BOs of 8 MiB",
	     "syscall", NULL),
	TIME("flip-trim", "same without the idle-va cache: mapped anew each time",
	     "syscall", NULL),
	COUNT("maps-flip-trim", "maps of it, per flip"),
	TIME("flip-import", "dma-buf imported, SUBMIT_LEGACY, wait, handle closed",
	     "syscall", NULL),
	TIME("flip-import-trim", "same without the idle-va cache", "syscall", NULL),
	COUNT("maps-import-trim", "maps of it, per flip"),
	TIME("vm-map-4k", "VM_BIND map of a resident BO, per page; its memory as it comes",
	     "ptes-map-4k", NULL),
	TIME("vm-map-2m", "same, huge, per 2 MiB", "ptes-map-2m", NULL),
	TIME("vm-unmap-4k", "VM_BIND unmap of it, per page", "ptes-unmap-4k", NULL),
	TIME("vm-unmap-2m", "same, huge, per 2 MiB", "ptes-unmap-2m", NULL),
	TIME("vm-amap-4k", "async VM_BIND map + wait for its fence, per page",
	     "ptes-map-4k", NULL),
	TIME("vm-amap-2m", "same, huge, per 2 MiB", "ptes-map-2m", NULL),
	TIME("vm-aunmap-4k", "async VM_BIND unmap + wait, per page", "ptes-unmap-4k",
	     NULL),
	TIME("vm-aunmap-2m", "same, huge, per 2 MiB", "ptes-unmap-2m", NULL),
	TIME("vm-qmap-4k", "async map that waits for a job: the ioctl alone, per page",
	     NULL, NULL),
	TIME("vm-qmap-2m", "same, huge, per 2 MiB", NULL, NULL),
	TIME("vm-qunmap-4k", "async unmap that waits for a job: the ioctl alone, per page",
	     NULL, NULL),
	TIME("vm-qunmap-2m", "same, huge, per 2 MiB", NULL, NULL),
	TIME("sync-4k-of-64k", "BO_SYNC of 4 KiB of 64 KiB; the device does not snoop",
	     "syscall", NULL),
	TIME("sync-4k-of-64m", "same, of 64 MiB", "syscall", NULL),
	TIME("sync-8m-quiet", "same, all of 8 MiB that no CPU has mapped", "syscall", NULL),
	TIME("access-clean", "DMA_BUF_IOCTL_SYNC, begin + end, 64 KiB, nothing written", "syscall",
	     NULL),
	TIME("access-dirty", "same, each line written", "syscall", NULL),
	TIME("share", "export, import by another device, bind, submit, undo; 1 MiB",
	     "syscall", NULL),
	BYTES("kmem-cpu", "kernel bytes per GiB, CPU-mapped"),
	BYTES("kmem-cpu-huge", "same, huge"),
	BYTES("kmem-gpu", "kernel bytes per GiB, bound and submitted"),
	BYTES("kmem-gpu-huge", "same, huge"),
	BYTES("kmem-idle", "kernel bytes per GiB, after both, unmapped"),
	BYTES("kmem-idle-huge", "same, huge"),
	BYTES("kmem-cpu-pieces", "kmem-cpu, of buffers in one-page pieces"),
	BYTES("kmem-gpu-pieces", "kmem-gpu, same"),
	BYTES("kmem-idle-pieces", "kmem-idle, same"),
	INFO("kmem-charged", "charged to the creator's cgroup by then"),
	INFO("kmem-charged-huge", "same, huge"),
	INFO("kmem-charged-pieces", "same, one-page pieces"),
	TIME("evict-cpu", "memory.reclaim, CPU-mapped, per page out", NULL, NULL),
	TIME("restore-cpu", "CPU touch of evicted pages, per page", "clear-page", NULL),
	TIME("evict-gpu", "memory.reclaim, GPU-bound, per page out", NULL,
	     "evict-cpu"),
	TIME("restore-gpu", "submit of an evicted VM, per page", "clear-page",
	     "restore-cpu"),
	PERCENT("share-evict-cpu", "of the CPU-mapped buffers went out"),
	PERCENT("share-evict-gpu", "of the GPU-bound buffers went out"),
	TIME("restore-large-1", "submit of 32 MiB in swap, alone, per page", "clear-page",
	     NULL),
	TIME("restore-large-2", "same, with one helper; tmpfs: as before", "clear-page",
	     NULL),
	TIME("thrash", "copy of a random page, 2 BOs of 20 MiB, memory.max 32 MiB", NULL, NULL),
	COUNT("swapin-thrash", "pages read from swap for 1000 of these"),
	TIME("fdinfo-10", "reading fdinfo with 10 BOs", "syscall", NULL),
	TIME("fdinfo-100k", "same with 100000", "syscall", NULL),
	TIME("scan-busy-1k", "scan for 128 pages, 1000 busy BOs", NULL, NULL),
	TIME("scan-busy-100k", "same, 100,000 busy BOs", NULL, NULL),
	TIME("scan-busy-1m", "same, 1,000,000", NULL, NULL),
	TIME("scan-idle-1k", "scan for 128 pages, 1000 idle BOs of one page", NULL, NULL),
	TIME("scan-idle-100k", "same, 100,000 idle BOs", NULL, NULL),
	TIME("scan-idle-1m", "same, 1,000,000", NULL, NULL),
	TIME("clear-page", "clear 4 KiB, as the kernel does", NULL, NULL),
	TIME("copy-page", "copy 4 KiB, as the kernel does", NULL, NULL),
	TIME("fault-minor", "write fault, page in the page cache", NULL, NULL),
	TIME("fault-anon", "write fault, new anonymous page", NULL, NULL),
	TIME("ptes-map-4k", "vuma writes a 4K entry, of contiguous memory", NULL, NULL),
	TIME("ptes-map-2m", "same, of 2 MiB", NULL, NULL),
	TIME("ptes-unmap-4k", "vuma clears a 4K entry", NULL, NULL),
	TIME("ptes-unmap-2m", "same, of 2 MiB", NULL, NULL),
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
