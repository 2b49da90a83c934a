// SPDX-License-Identifier: GPL-2.0
/*
 * CPU mappings that are cut, moved and changed while they are zapped.
 *
 * Stands for panthor-75 and uma-B1 (the page that belongs to an address), panthor-76 (PMD
 * mappings that get cut), panthor-77 (zap against close of a VMA).
 */
#include "crew.h"
#include "sheet.h"

#define MIB	VUMA_MIB
#define SHARE	4

static struct vuma_bo shared;
static int dmabuf;

/* One thread's mapping: where each of its pages is seen, or NULL where it was unmapped. */
struct view {
	struct sheet s;
	uint64_t first;		/* of the object */
	char **at;
	bool *readonly;
	/* Pages of the same number are of one VMA: these never merge. */
	uint32_t *vma, vmas;
};

/* The DRM file maps whole objects only, a dma-buf any part. */
static char *map_pages(const struct view *v, uint64_t page, uint64_t count, void *fixed)
{
	char *map = KT_MAPPED(mmap(fixed, count * PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | (fixed ? MAP_FIXED : 0), dmabuf,
				   (v->first + page) * PAGE));

	return map;
}

/* What is in the range is one VMA now, and what is behind it another than before. */
static void see(struct view *v, uint64_t page, uint64_t count, char *at, bool readonly)
{
	uint32_t last = v->vma[page + count - 1];
	uint64_t i;

	v->vmas += 2;
	for (i = page + count; i < v->s.pages && v->vma[i] == last; i++)
		v->vma[i] = v->vmas - 1;
	for (i = 0; i < count; i++) {
		v->at[page + i] = at ? at + i * PAGE : NULL;
		v->readonly[page + i] = readonly;
		v->vma[page + i] = v->vmas;
	}
}

/* mprotect() leaves alone what has the rights already: as many VMAs as there were. */
static void see_rights(struct view *v, uint64_t page, uint64_t count, bool readonly)
{
	uint64_t i;

	for (i = page; i < page + count; i++)
		see(v, i, 1, v->at[i], readonly);
}

/* A place that nobody else maps to meanwhile. */
static char *reserve(uint64_t size)
{
	char *map = KT_MAPPED(mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	return map;
}

/* Longest stretch from @page that is seen in one piece. */
static uint64_t stretch(const struct view *v, uint64_t page, uint64_t max)
{
	uint64_t n = 1;

	while (n < max && page + n < v->s.pages && v->at[page + n] == v->at[page] + n * PAGE)
		n++;
	return n;
}

static void cut(struct worker *w, struct view *v, uint64_t page, uint64_t count)
{
	char *at = v->at[page], *to;
	uint64_t n;

	switch (worker_below(w, 5)) {
	case 0:		/* a hole */
		KT_SYS(munmap(at, count * PAGE));
		see(v, page, count, NULL, false);
		break;
	case 1:		/* other rights, so another VMA */
		KT_SYS(mprotect(at, count * PAGE, PROT_READ));
		see_rights(v, page, count, true);
		break;
	case 2:
		KT_SYS(mprotect(at, count * PAGE, PROT_READ | PROT_WRITE));
		see_rights(v, page, count, false);
		break;
	case 3:		/* to another place, page tables and all */
		for (n = 1; n < count && v->vma[page + n] == v->vma[page]; n++)
			;
		to = reserve(n * PAGE);
		KT_TRUE(mremap(at, n * PAGE, n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		see(v, page, n, to, v->readonly[page]);
		break;
	default:	/* the same pages, anew, over what was there */
		map_pages(v, page, count, at);
		see(v, page, count, at, false);
		break;
	}
}

static void restore(struct view *v)
{
	uint64_t page, n;

	for (page = 0; page < v->s.pages; page += n) {
		n = 1;
		if (!v->at[page])
			continue;
		n = stretch(v, page, v->s.pages);
		KT_SYS(munmap(v->at[page], n * PAGE));
	}
	see(v, 0, v->s.pages, map_pages(v, 0, v->s.pages, NULL), false);
}

static void check(struct view *v)
{
	uint64_t page;

	for (page = 0; page < v->s.pages; page++)
		if (v->at[page])
			sheet_cpu_check_at(&v->s, page, v->at[page]);
}

static void mapper(struct worker *w)
{
	uint64_t pages = shared.size / PAGE / SHARE, page, round = 0;
	struct view v = { .s = sheet_new(w->index, NULL, pages), .first = w->index * pages };

	v.at = calloc(pages, sizeof(*v.at));
	v.readonly = calloc(pages, sizeof(*v.readonly));
	v.vma = calloc(pages, sizeof(*v.vma));
	KT_TRUE(v.at && v.readonly && v.vma);
	for (; worker_again(w); round++) {
		if (round % 16 == 0)
			restore(&v);
		page = worker_below(w, pages);
		if (v.at[page])
			cut(w, &v, page, stretch(&v, page, 1 + worker_below(w, 32)));
		page = worker_below(w, pages);
		if (v.at[page] && !v.readonly[page])
			sheet_cpu_write_at(&v.s, page, v.at[page]);
		page = worker_below(w, pages);
		if (v.at[page])
			sheet_cpu_check_at(&v.s, page, v.at[page]);
		if (round % 16 == 15)
			check(&v);
	}
	restore(&v);
	check(&v);
	sheet_fini(&v.s);
}

static void split(intptr_t huge)
{
	static const enum window windows[] = {
		WINDOW_ZAP, WINDOW_RELEASE, WINDOW_FAULT, WINDOW_FAULT_AGAIN, WINDOW_INSERT,
		WINDOW_VMA_OPEN, WINDOW_VMA_CLOSE,
	};
	struct crew crew = CREW(windows, 1);

	shared = bo_new(dev_open(0), SHARE * (huge ? 2 * MIB : 64 * PAGE),
			huge ? DRM_VUMA_BO_HUGE : 0);
	dmabuf = export_bo(&shared);
	crew_add(&crew, "mapper", SHARE, mapper, NULL);
	crew_race(&crew);
}

/* Page tables that move while a scan walks through the VMAs to zap them. */
static void mover(struct worker *w)
{
	struct vuma_bo bo = bo_new_mapped(shared.fd, 2 * MIB, w->index & 1 ? DRM_VUMA_BO_HUGE : 0);
	struct sheet s = sheet_new(w->index, bo.map, bo.size / PAGE);
	int i;

	while (worker_again(w)) {
		/* Half of them so that PMDs can move as they are. */
		char *area = reserve(3 * bo.size), *to;

		to = (char *)(((uintptr_t)area + bo.size) / bo.size * bo.size);
		to += worker_below(w, 2) * PAGE;
		for (i = 0; i < 8; i++)
			sheet_random(&s, &w->rng);
		KT_TRUE(mremap(s.map, bo.size, bo.size, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
		s.map = to;
		if (to > area)
			KT_SYS(munmap(area, to - area));
		KT_SYS(munmap(to + bo.size, area + 3 * bo.size - (to + bo.size)));
		for (i = 0; i < 8; i++)
			sheet_random(&s, &w->rng);
	}
	sheet_check_all(&s);
	sheet_fini(&s);
	KT_SYS(munmap(s.map, bo.size));
	KT_OK(vuma_bo_close(bo.fd, bo.handle));
}

static void move(void)
{
	static const enum window windows[] = {
		WINDOW_ZAP, WINDOW_RELEASE, WINDOW_FAULT_AGAIN, WINDOW_VMA_CLOSE,
	};
	struct crew crew = CREW(windows, 1);

	shared.fd = dev_open(0);
	crew_add(&crew, "mover", 3, mover, NULL);
	crew_race(&crew);
}

static void *offset_thread(void *arg)
{
	const struct vuma_bo *bo = arg;
	uint64_t offset;

	KT_OK(vuma_bo_mmap_offset(bo->fd, bo->handle, &offset));
	return NULL;
}

/* There is room for the buffer, once: two first calls must not both count it. */
static void offset_race(void)
{
	static const enum window windows[] = { WINDOW_OFFSET };
	int fd = dev_open(0), turn, i;
	pthread_t threads[2];
	struct vuma_bo hog;
	uint64_t offset;

	hog = bo_new(fd, 64 * VUMA_GIB, 0);
	KT_OK(vuma_bo_mmap_offset(fd, hog.handle, &offset));
	windows_open(windows, ARRAY_SIZE(windows));
	for (turn = 0; turn < 50; turn++) {
		struct vuma_bo bo = bo_new(fd, 64 * VUMA_GIB, 0);

		for (i = 0; i < 2; i++)
			KT_EQ(pthread_create(&threads[i], NULL, offset_thread, &bo), 0);
		for (i = 0; i < 2; i++)
			KT_EQ(pthread_join(threads[i], NULL), 0);
		KT_OK(vuma_bo_fini(&bo));
	}
	windows_close(windows, ARRAY_SIZE(windows));
}

static const struct ktap_test tests[] = {
	{ .name = "stress_vma_split_panthor-75_panthor-77_uma-B1",
	  .run_arg = split, .arg = false },
	{ .name = "stress_vma_split_huge_panthor-76_uma-B1",
	  .run_arg = split, .arg = true },
	{ .name = "stress_vma_move_panthor-75_panthor-77", .run = move },
	{ .name = "stress_vma_offset_race_counts_once_rev-R9", .run = offset_race },
};

STRESS_PROGRAM(tests, NULL);
