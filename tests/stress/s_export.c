// SPDX-License-Identifier: GPL-2.0
/*
 * Export, import and their ends against eviction, jobs and the end of the exporter.
 *
 * Stands for panthor-3, -4, -5 (pins that are counted wrong), panthor-18 (pinned and evicted
 * at once), panthor-78 and uma-B1 (mappings of the dma-buf), uma-B13 (what is left when the
 * exporter's file has gone).
 */
#include <linux/dma-buf.h>

#include "crew.h"
#include "sheet.h"

#define PAGES	64
#define IMPORTS	3

static struct vuma_bo shared;
static int dmabuf;

/* All of them at once, if they are not too far apart: there is no last but one pin then. */
static void meet(atomic_uint *met, unsigned int round)
{
	int tries;

	atomic_fetch_add(met, 1);
	for (tries = 0; tries < 1000 && atomic_load(met) < (round + 1) * IMPORTS; tries++)
		usleep(100);
}

/*
 * Attaches, has the other device work on a part of the pages, detaches. Eviction takes them
 * from that device, too, but while they are pinned: the first pin and the last unpin are
 * raced for.
 */
static void importer(struct worker *w)
{
	uint64_t part = PAGES / IMPORTS;
	struct sheet s = sheet_new(w->index, (char *)shared.map + w->index * part * PAGE, part);
	unsigned int round = 0;

	while (worker_again(w)) {
		struct vuma_bo there = { .fd = dev_open(1), .size = shared.size };
		struct vuma_bo pinned = { .fd = dev_open(0) };
		int i;

		KT_OK(vuma_prime_import(there.fd, dmabuf, &there.handle));
		sheet_bind(&s, &there, w->index * part);
		for (i = 0; i < 4; i++)
			sheet_random(&s, &w->rng);
		KT_OK(vuma_prime_import(pinned.fd, dmabuf, &pinned.handle));
		KT_OK(vuma_scanout_pin(pinned.fd, pinned.handle));
		KT_EQ(bo_status(&shared) & DRM_VUMA_BO_STATUS_PINNED, DRM_VUMA_BO_STATUS_PINNED);
		for (i = 0; i < 4; i++)
			sheet_random(&s, &w->rng);
		if (worker_below(w, 2))
			KT_OK(vuma_scanout_unpin(pinned.fd, pinned.handle));
		KT_SYS(close(pinned.fd));
		KT_OK(vuma_vm_fini(&s.vm));
		KT_OK(vuma_bo_fini(&s.out));
		if (worker_below(w, 2))
			KT_OK(vuma_bo_close(there.fd, there.handle));
		KT_SYS(close(there.fd));
		/* Time without any pin, for a scan. */
		meet(w->arg, round++);
		usleep(worker_below(w, 8000));
		sheet_cpu_check(&s, worker_below(w, part));
	}
	sheet_check_all(&s);
	sheet_fini(&s);
}

static void pins(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_ZAP, WINDOW_RELEASE, WINDOW_PIN, WINDOW_UNPIN,
		WINDOW_ATTACH, WINDOW_MOVE,
	};
	struct crew crew = CREW(windows, 1);

	atomic_uint met = 0;

	need_devices(2);
	shared = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	dmabuf = export_bo(&shared);
	crew_add(&crew, "importer", IMPORTS, importer, &met);
	crew_race(&crew);
	/* When the last importer has gone, which may take until its file is closed for good. */
	KT_WAIT(!(bo_status(&shared) & DRM_VUMA_BO_STATUS_PINNED));
}

/* Through the dma-buf, at an offset, with the calls that frame CPU access. */
static void dmabuf_mapper(struct worker *w)
{
	uint64_t part = PAGES / 4, first = w->index * part;
	struct sheet s = sheet_new(w->index, NULL, part);
	struct dma_buf_sync sync;
	int i;

	while (worker_again(w)) {
		s.map = KT_MAPPED(mmap(NULL, part * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				       dmabuf, first * PAGE));
		sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW;
		KT_OK(vuma_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
		for (i = 0; i < 8; i++)
			sheet_random(&s, &w->rng);
		sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
		KT_OK(vuma_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
		sheet_check_all(&s);
		KT_SYS(munmap(s.map, part * PAGE));
	}
	sheet_fini(&s);
}

static void dmabuf_mmap(void)
{
	static const enum window windows[] = {
		WINDOW_ZAP, WINDOW_RELEASE, WINDOW_FAULT_AGAIN, WINDOW_INSERT, WINDOW_VMA_CLOSE,
	};
	struct crew crew = CREW(windows, 1);

	crew_enter_cgroup(&crew);
	shared = bo_new(dev_open(0), PAGES * PAGE, 0);
	dmabuf = export_bo(&shared);
	crew_add(&crew, "mapper", 4, dmabuf_mapper, NULL);
	crew_race(&crew);
}

/* The exporter's handle and file go first; what is left works, and ends in any order. */
static void orphan(struct worker *w)
{
	while (worker_again(w)) {
		struct vuma_bo bo = bo_new_mapped(dev_open(0), 8 * PAGE, 0), there;
		struct sheet s = sheet_new(w->index, bo.map, 8);
		int fd = export_bo(&bo), i;

		there = (struct vuma_bo){ .fd = dev_open(1), .size = bo.size };
		sheet_cpu_write(&s, 0);
		KT_SYS(close(bo.fd));
		if (worker_below(w, 2)) {
			KT_OK(vuma_prime_import(there.fd, fd, &there.handle));
			sheet_bind(&s, &there, 0);
		}
		KT_SYS(close(fd));
		for (i = 0; i < 4; i++)
			sheet_random(&s, &w->rng);
		sheet_check_all(&s);
		if (worker_below(w, 2)) {
			KT_SYS(close(there.fd));
			s.vm.id = 0;
			sheet_check_all(&s);
			KT_SYS(munmap(bo.map, bo.size));
		} else {
			KT_SYS(munmap(bo.map, bo.size));
			s.map = NULL;
			sheet_check_all(&s);
			KT_SYS(close(there.fd));
			s.vm.id = 0;
		}
		if (s.out.map)
			KT_SYS(munmap(s.out.map, PAGE));
		sheet_fini(&s);
	}
}

static void orphans(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_FREE, WINDOW_RELEASE, WINDOW_ATTACH, WINDOW_MOVE,
	};
	struct crew crew = CREW(windows, 1);

	need_devices(2);
	crew_add(&crew, "orphan", 3, orphan, NULL);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_export_pins_panthor-3_panthor-4_panthor-18", .run = pins },
	{ .name = "stress_export_mmap_panthor-78_uma-B1", .run = dmabuf_mmap },
	{ .name = "stress_export_orphans_uma-B13", .run = orphans },
};

STRESS_PROGRAM(tests, NULL);
