// SPDX-License-Identifier: GPL-2.0
/*
 * fork against eviction: parents and children use the same buffers, and end in any order.
 *
 * Stands for panthor-79 (VMAs that fork duplicates: counted, and safe against zap) and
 * panthor-77.
 */
#include "crew.h"
#include "sheet.h"

#define PAGES	512

/*
 * The child's part; @done is shared with the parent, for whom a failed assertion in here
 * would look like an ordinary end.
 */
static void child(struct sheet *s, uint64_t page, atomic_int *done)
{
	uint64_t i;

	for (i = 0; i < 16; i++)
		sheet_cpu_check(s, page + i);
	for (i = 8; i < 16; i++)
		sheet_cpu_write(s, page + i);
	atomic_store(done, 1);
	if (page & 1)
		munmap(s->map, s->pages * PAGE);
	_exit(0);
}

/* Writes in a child and reads in the parent, or the other way, or both end together. */
static void forker(struct worker *w)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE,
					  w->index & 1 ? DRM_VUMA_BO_HUGE : 0);
	struct sheet s = sheet_new(w->index, bo.map, PAGES);
	atomic_int *done = shared_memory(PAGE);
	uint64_t page, i;
	pid_t pid;

	while (worker_again(w)) {
		atomic_store(done, 0);
		page = worker_below(w, PAGES - 16);
		for (i = 0; i < 8; i++)
			sheet_cpu_write(&s, page + i);
		pid = fork_child();
		if (!pid)
			child(&s, page, done);
		for (i = 0; i < 8; i++)
			sheet_cpu_check(&s, page + i);
		join_child(pid);
		KT_EQ(atomic_load(done), 1);
		/* What the child wrote, its copy of the shadow aside. */
		for (i = 8; i < 16; i++) {
			s.writes[page + i]++;
			sheet_cpu_check(&s, page + i);
		}
	}
	sheet_check_all(&s);
	sheet_fini(&s);
	KT_OK(vuma_bo_fini(&bo));
}

static void forks(void)
{
	static const enum window windows[] = {
		WINDOW_ZAP, WINDOW_RELEASE, WINDOW_FAULT_AGAIN, WINDOW_INSERT,
		WINDOW_VMA_OPEN, WINDOW_VMA_CLOSE,
	};
	struct crew crew = CREW(windows, 1);

	crew_add(&crew, "forker", 3, forker, NULL);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_fork_panthor-77_panthor-79", .run = forks },
};

STRESS_PROGRAM(tests, NULL);
