// SPDX-License-Identifier: GPL-2.0
/*
 * Eviction against jobs, against the end of objects, and against VM_BIND.
 *
 * Stands for panthor-13 (state after an eviction), panthor-14, -21, -56, -58, -59 (mappings
 * of an evicted object change), panthor-6, -43, -50, -51, -52 (the end of what a scan is
 * looking at), panthor-41, -42 (two scans at once), panthor-87 (jobs that run), panthor-88
 * (a submit that failed half way), and the invariants I8 and I10.
 */
#include "crew.h"
#include "sheet.h"

#define MIB	VUMA_MIB

/* One buffer, one VM: written and summed by jobs, looked at by the CPU. */
static void job(struct worker *w)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, MIB / 2, w->index & 1 ? DRM_VUMA_BO_HUGE : 0);
	struct sheet s = sheet_new(w->index, bo.map, bo.size / PAGE);

	sheet_bind(&s, &bo, 0);
	while (worker_again(w))
		sheet_random(&s, &w->rng);
	sheet_check_all(&s);
	sheet_fini(&s);
	KT_OK(vuma_bo_fini(&bo));
}

/* Many jobs under way at once; each page is summed by a job behind the one that wrote it. */
static void pipeline(struct worker *w)
{
	enum { DEPTH = 8 };
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, DEPTH * PAGE, 0), out = bo_new_mapped(fd, PAGE, 0);
	struct vuma_vm vm = vm_new(fd);
	uint64_t va = vm_map_bo(&vm, &bo), out_va = vm_map_bo(&vm, &out), a, b;
	volatile uint64_t *sums = out.map;
	uint64_t round = 0, i;
	uint32_t syncobj = syncobj_new(fd);

	for (; worker_again(w); round++) {
		for (i = 0; i < DEPTH; i++) {
			struct drm_vuma_cmd cmds[2] = {
				vuma_cmd_fill(va + i * PAGE, PAGE, round + i, round | 1),
				vuma_cmd_checksum(out_va + i * 16, va + i * PAGE, PAGE),
			};

			KT_OK(vuma_submit_one(fd, vm.id, cmds, 2, syncobj));
		}
		KT_OK(vuma_syncobj_wait(fd, syncobj, FOREVER));
		for (i = 0; i < DEPTH; i++) {
			vuma_pattern_checksum(PAGE, round + i, round | 1, &a, &b);
			KT_EQ(sums[i * 2], a);
			KT_EQ(sums[i * 2 + 1], b);
		}
	}
	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_FAULTS), 0);
	KT_OK(vuma_vm_fini(&vm));
}

static void jobs(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_ZAP, WINDOW_DROP, WINDOW_RELEASE, WINDOW_REFILE,
		WINDOW_TABLES, WINDOW_VALIDATED, WINDOW_DIRTY,
	};
	struct crew crew = CREW(windows, 1);

	crew_enter_cgroup(&crew);
	crew_add(&crew, "job", 3, job, NULL);
	crew_add(&crew, "pipeline", 1, pipeline, NULL);
	crew_race(&crew);
}

enum { BOS = 6 };

/* Buffers, mappings and perhaps a VM, ended in any order. */
static void open_and_close(struct worker *w, int fd)
{
	struct vuma_vm vm = vm_new(fd);
	struct vuma_bo bos[BOS];
	int i;

	for (i = 0; i < BOS; i++) {
		bos[i] = bo_new_mapped(fd, (1 + worker_below(w, 8)) * PAGE, 0);
		stamp_pages(bos[i].map, bos[i].size / PAGE, i);
		vm_map_bo(&vm, &bos[i]);
	}
	if (worker_below(w, 2))
		run_cmd(&vm, vuma_cmd_nop());
	for (i = 0; i < BOS; i++) {
		verify_pages(bos[i].map, bos[i].size / PAGE, i, 0);
		if (worker_below(w, 2))
			KT_OK(vuma_bo_close(fd, bos[i].handle));
	}
	if (worker_below(w, 4))
		KT_OK(vuma_vm_fini(&vm));
	/* This may be the end of a closed one. */
	for (i = 0; i < BOS; i++) {
		verify_pages(bos[i].map, bos[i].size / PAGE, i, 0);
		KT_OK(vuma_bo_unmap(&bos[i]));
	}
}

/* What was left open ends with the file, while a scan looks at it. */
static void closer(struct worker *w)
{
	while (worker_again(w)) {
		int fd = dev_open(0), i;

		for (i = 0; i < 4; i++)
			open_and_close(w, fd);
		KT_SYS(close(fd));
	}
}

static void ends(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_RELEASE, WINDOW_LAST_PUT, WINDOW_FREE,
	};
	struct crew crew = CREW(windows, 2);

	crew_add(&crew, "closer", 3, closer, NULL);
	crew_race(&crew);
}

#define BIND_VA		0x40000000ull
#define BIND_PAGES	512

/* What is bound where, a page each; 0 is nothing. */
struct bindings {
	struct sheet s;
	struct vuma_bo bo;
	uint16_t page[BIND_PAGES];
};

static void bind_random(struct worker *w, struct bindings *b)
{
	uint64_t at = worker_below(w, BIND_PAGES), len = 1 + worker_below(w, BIND_PAGES - at);
	uint64_t first = worker_below(w, b->s.pages), i;

	if (worker_below(w, 3)) {
		len = len < b->s.pages - first ? len : b->s.pages - first;
		KT_OK(vuma_vm_map(&b->s.vm, b->bo.handle, BIND_VA + at * PAGE, first * PAGE,
				  len * PAGE, 0));
		for (i = 0; i < len; i++)
			b->page[at + i] = first + i + 1;
	} else {
		KT_OK(vuma_vm_unmap(&b->s.vm, BIND_VA + at * PAGE, len * PAGE));
		memset(&b->page[at], 0, len * sizeof(b->page[0]));
	}
}

/* A job that finds each page where it was bound last, and none where there is none. */
static void probe_random(struct worker *w, struct bindings *b)
{
	uint64_t at = worker_below(w, BIND_PAGES);
	struct drm_vuma_cmd cmd = vuma_cmd_copy(b->s.out_va, BIND_VA + at * PAGE, 8);

	*(volatile uint64_t *)b->s.out.map = ~0ull;
	if (!b->page[at]) {
		run_faulting(&b->s.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, BIND_VA + at * PAGE);
		return;
	}
	run_cmd(&b->s.vm, cmd);
	KT_EQ(*(volatile uint64_t *)b->s.out.map, page_word(0, b->page[at] - 1));
}

static void binder(struct worker *w)
{
	struct bindings *b = calloc(1, sizeof(*b));
	int fd = dev_open(0);

	KT_TRUE(b);
	b->bo = bo_new_mapped(fd, BIND_PAGES * PAGE, w->index & 1 ? DRM_VUMA_BO_HUGE : 0);
	b->s = sheet_new(0, b->bo.map, BIND_PAGES);
	b->s.vm = vm_new(fd);
	b->s.out = bo_new_mapped(fd, PAGE, 0);
	b->s.out_va = 0x20000000;
	KT_OK(vuma_vm_map(&b->s.vm, b->s.out.handle, b->s.out_va, 0, PAGE, 0));
	stamp_pages(b->bo.map, BIND_PAGES, 0);
	while (worker_again(w)) {
		bind_random(w, b);
		probe_random(w, b);
		/* The CPU brings pages back that the GPU's mappings do not know of. */
		if (worker_below(w, 2))
			verify_pages((char *)b->bo.map + 100 * PAGE, 1, 0, 100);
	}
	verify_pages(b->bo.map, BIND_PAGES, 0, 0);
	sheet_fini(&b->s);
	free(b);
}

static void bind(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_ZAP, WINDOW_RELEASE, WINDOW_BIND, WINDOW_TABLES,
		WINDOW_VALIDATED,
	};
	struct crew crew = CREW(windows, 1);

	crew_enter_cgroup(&crew);
	crew_add(&crew, "binder", 3, binder, NULL);
	crew_race(&crew);
}

/* One buffer in the VMs of all threads: a scan has to get all their locks, or none. */
static struct vuma_bo shared;

static void sharer(struct worker *w)
{
	uint64_t part = shared.size / PAGE / 4;
	struct sheet s = sheet_new(w->index, (char *)shared.map + w->index * part * PAGE, part);

	sheet_bind(&s, &shared, w->index * part);
	while (worker_again(w))
		sheet_random(&s, &w->rng);
	sheet_check_all(&s);
	sheet_fini(&s);
}

static void scans(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_ZAP, WINDOW_REFILE, WINDOW_VALIDATED,
	};
	struct crew crew = CREW(windows, 3);

	shared = bo_new_mapped(dev_open(0), MIB / 2, 0);
	crew_add(&crew, "sharer", 4, sharer, NULL);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_evict_jobs_panthor-13_panthor-87", .run = jobs },
	{ .name = "stress_evict_ends_panthor-6_panthor-43_panthor-50_panthor-51", .run = ends },
	{ .name = "stress_evict_bind_panthor-14_panthor-21_panthor-56_panthor-58_panthor-59",
	  .run = bind },
	{ .name = "stress_evict_scans_panthor-41_panthor-42_panthor-90", .run = scans },
};

STRESS_PROGRAM(tests, NULL);
