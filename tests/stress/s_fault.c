// SPDX-License-Identifier: GPL-2.0
/*
 * CPU faults against eviction.
 *
 * Stands for panthor-1 (a failed or interrupted population leaves a mess), panthor-19 (what
 * was written after an eviction is lost), panthor-71 (the wrong lock dropped), panthor-72
 * (signals), panthor-75 and panthor-76 (which page, and how large), panthor-77 (zap).
 */
#include "crew.h"
#include "sheet.h"

#define MIB		VUMA_MIB
#define THREADS		4

static struct vuma_bo shared;

static struct sheet slice_of(const struct worker *w)
{
	uint64_t pages = shared.size / PAGE / THREADS;

	return sheet_new(w->index, (char *)shared.map + w->index * pages * PAGE, pages);
}

/* Each thread has its part of the buffer, but the folios and windows of faults are shared. */
static void user(struct worker *w)
{
	struct sheet s = slice_of(w);
	int i;

	while (worker_again(w))
		for (i = 0; i < 16; i++)
			sheet_random(&s, &w->rng);
	sheet_check_all(&s);
	sheet_fini(&s);
}

static void set_scene(uint64_t size, uint32_t flags)
{
	shared = bo_new_mapped(dev_open(0), size, flags);
}

static void pages(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_ZAP, WINDOW_DROP, WINDOW_RELEASE, WINDOW_REFILE,
		WINDOW_FAULT, WINDOW_FAULT_AGAIN, WINDOW_POPULATE, WINDOW_INSERT,
	};
	struct crew crew = CREW(windows, 1);

	crew_enter_cgroup(&crew);
	set_scene(MIB, 0);
	crew_add(&crew, "user", THREADS, user, NULL);
	crew_race(&crew);
}

static void huge(void)
{
	static const enum window windows[] = {
		WINDOW_ZAP, WINDOW_RELEASE, WINDOW_FAULT_AGAIN, WINDOW_POPULATE,
	};
	struct crew crew = CREW(windows, 1);

	set_scene(4 * MIB, DRM_VUMA_BO_HUGE);
	crew_add(&crew, "user", THREADS, user, NULL);
	crew_race(&crew);
}

/*
 * Reads first, so that PTEs are read-only, and then writes a few of the pages: what is not
 * marked dirty in time is a clean page to the kernel, and dropped without a copy.
 */
static void upgrader(struct worker *w)
{
	struct sheet s = slice_of(w);
	uint64_t page;
	int i;

	while (worker_again(w)) {
		for (page = 0; page < s.pages; page++)
			sheet_cpu_check(&s, page);
		for (i = 0; i < 4; i++)
			sheet_cpu_write(&s, worker_below(w, s.pages));
	}
	sheet_check_all(&s);
	sheet_fini(&s);
}

static void write_access(void)
{
	static const enum window windows[] = {
		WINDOW_DIRTY, WINDOW_ZAP, WINDOW_RELEASE, WINDOW_WRITEBACK,
	};
	struct crew crew = {
		.squeezes = 1u << SQUEEZE_RECLAIM, .squeezers = 1,
		.windows = windows, .window_count = ARRAY_SIZE(windows),
	};

	crew_enter_cgroup(&crew);
	set_scene(MIB / 2, 0);
	crew_add(&crew, "upgrader", THREADS, upgrader, NULL);
	crew_race(&crew);
}

static void on_signal(int sig)
{
	(void)sig;
}

struct target {
	pthread_t threads[THREADS];
	atomic_uint ready;
};

static void signalled_user(struct worker *w)
{
	struct target *target = w->arg;

	target->threads[w->index] = pthread_self();
	atomic_fetch_add(&target->ready, 1);
	user(w);
	/* The signaller may still have it; nobody is reaped before all have ended. */
	atomic_fetch_sub(&target->ready, THREADS);
}

static void signaller(struct worker *w)
{
	struct target *target = w->arg;

	while (worker_again(w)) {
		if (atomic_load(&target->ready) == THREADS)
			pthread_kill(target->threads[worker_below(w, THREADS)], SIGUSR1);
		usleep(200);
	}
}

/* panthor-72: a signal is a repeated access, never SIGBUS. */
static void signals(void)
{
	static const enum window windows[] = {
		WINDOW_FAULT, WINDOW_POPULATE, WINDOW_RELEASE,
	};
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct target target = { 0 };
	struct crew crew = CREW(windows, 1);

	KT_SYS(sigaction(SIGUSR1, &act, NULL));
	set_scene(MIB, 0);
	crew_add(&crew, "user", THREADS, signalled_user, &target);
	crew_add(&crew, "signaller", 1, signaller, &target);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_fault_pages_panthor-1_panthor-71_panthor-77", .run = pages },
	{ .name = "stress_fault_huge_panthor-76", .run = huge },
	{ .name = "stress_fault_write_access_panthor-19", .run = write_access },
	{ .name = "stress_fault_signals_panthor-72", .run = signals },
};

STRESS_PROGRAM(tests, NULL);
