// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs on memory of a process that nobody pins, against the kernel that takes it away.
 *
 * Between the moment when a job's memory is mapped and the one when its fence is seen, the
 * pages can go: then the job must begin again, or what it writes is lost.
 */
#include "crew.h"
#include "sheet.h"

#define PAGES	32

/* What is done to the memory of a worker, by a thread of its own. */
struct region {
	char *at;
	atomic_bool ready;
};

#define REGIONS	2

static struct region regions[REGIONS];

static void user(struct worker *w)
{
	struct region *region = &regions[w->index];
	struct vuma_bo bo = { .fd = dev_open(w->index & 1), .size = PAGES * PAGE };
	struct sheet s;

	region->at = KT_MAPPED(mmap(NULL, bo.size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	KT_OK(vuma_bo_create_userptr(bo.fd, region->at, bo.size, DRM_VUMA_USERPTR_NOTIFIER,
				     &bo.handle));
	s = sheet_new(w->index, region->at, PAGES);
	sheet_bind(&s, &bo, 0);
	s.restless = true;
	atomic_store(&region->ready, true);
	while (worker_again(w))
		sheet_random(&s, &w->rng);
	sheet_check_all(&s);
	sheet_fini(&s);
	KT_OK(vuma_bo_close(bo.fd, bo.handle));
}

/* Content is kept by all of it. */
static void thief(struct worker *w)
{
	struct region *region = &regions[w->index];
	uint64_t first, nr;

	KT_WAIT(atomic_load(&region->ready));
	while (worker_again(w)) {
		first = worker_below(w, PAGES);
		nr = 1 + worker_below(w, PAGES - first);
		KT_SYS(madvise(region->at + first * PAGE, nr * PAGE, MADV_PAGEOUT));
	}
}

/* A child shares the pages until somebody writes them. */
static void forker(struct worker *w)
{
	pid_t pid;

	while (worker_again(w)) {
		pid = fork_child();
		if (!pid)
			_exit(0);
		join_child(pid);
	}
}

static void jobs_lose_nothing(void)
{
	static const enum window windows[] = {
		WINDOW_PUBLISH, WINDOW_STALE, WINDOW_LOOKED_UP,
	};
	struct crew crew = {
		.windows = windows, .window_count = ARRAY_SIZE(windows),
	};

	not_on_twin("it has no BO_USERPTR");
	/* Jobs have to end well, on whatever host. */
	KT_OK(file_write("/sys/module/gem_uma/parameters/userptr_wait_ms", "600000"));
	crew_add(&crew, "user", REGIONS, user, NULL);
	crew_add(&crew, "thief", REGIONS, thief, NULL);
	crew_add(&crew, "forker", 1, forker, NULL);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_userptr_jobs_lose_nothing", .run = jobs_lose_nothing },
};

STRESS_PROGRAM(tests, NULL);
