// SPDX-License-Identifier: GPL-2.0
/*
 * Each way in which the kernel asks for memory, with the same work beside it: buffers that
 * CPU and GPU write and verify.
 *
 * Stands for panthor-40 (drop_caches ends), panthor-44 (memory really comes), panthor-26,
 * -27, -31 (a limit below the working set kills nobody, so progress is reported), panthor-73
 * and panthor-88 (a touch or a submit that finds no memory can be repeated).
 */
#include <sys/syscall.h>

#include "crew.h"
#include "sheet.h"

#define MIB		VUMA_MIB
#define USERS		3

#define OPS_A_ROUND	16

/* Leaves the CPU to others now and then, so that buffers become idle. */
static void user_of(struct worker *w, unsigned int ops)
{
	int fd = dev_open(0);
	unsigned int i;
	struct vuma_bo bo = bo_new_mapped(fd, MIB, w->index & 1 ? 0 : DRM_VUMA_BO_HUGE);
	struct sheet s = sheet_new(w->index, bo.map, bo.size / PAGE);

	sheet_bind(&s, &bo, 0);
	while (worker_again(w)) {
		for (i = 0; i < ops; i++)
			sheet_random(&s, &w->rng);
		usleep(worker_below(w, 3000));
	}
	sheet_check_all(&s);
	sheet_fini(&s);
	KT_OK(vuma_bo_fini(&bo));
}

static void user(struct worker *w)
{
	user_of(w, OPS_A_ROUND);
}

static void by(intptr_t how)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_ZAP, WINDOW_DROP, WINDOW_RELEASE, WINDOW_REFILE,
	};
	struct crew crew = CREW(windows, 1);

	if (!squeeze_available(how))
		KT_SKIP("this kernel has no debugfs files for shrinkers");
	/* Its file in debugfs evicts from the root. */
	if (how != SQUEEZE_SHRINK)
		crew_enter_cgroup(&crew);
	crew.squeezes = 1u << how;
	crew_add(&crew, "user", USERS, user, NULL);
	crew_race(&crew);
}

static void high_writer(struct worker *w)
{
	struct cgroup *cg = w->arg;

	while (worker_again(w)) {
		squeeze_once(SQUEEZE_HIGH, cg, 1 + worker_below(w, 64));
		usleep(100000);
	}
}

/*
 * A task over memory.high sleeps up to two seconds on its way out of each system call: a
 * round of many would be longer than what passes for stuck.
 */
static void sleepy_user(struct worker *w)
{
	user_of(w, 1);
}

/* memory.high goes down below what is there, and up again: by a little. */
static void by_high(void)
{
	struct crew crew = { .evicts = true };

	crew_enter_cgroup(&crew);
	crew_add(&crew, "user", USERS, sleepy_user, NULL);
	crew_add(&crew, "writer", 1, high_writer, &crew.own);
	crew_race(&crew);
}

#define LIMIT		(10 * MIB)
#define WORKING_SET	(8 * MIB)

/* Every worker's set nearly fills the limit, so that somebody has to give way all the time. */
static void hog(struct worker *w)
{
	enum { BOS = 8 };
	struct vuma_bo bos[BOS];
	struct sheet s[BOS];
	int fd = dev_open(0), i;

	for (i = 0; i < BOS; i++) {
		bos[i] = bo_new_mapped(fd, WORKING_SET / BOS, 0);
		s[i] = sheet_new(w->index * BOS + i, bos[i].map, bos[i].size / PAGE);
		sheet_bind(&s[i], &bos[i], 0);
	}
	while (worker_again(w)) {
		struct sheet *one = &s[worker_below(w, BOS)];
		uint64_t page, from = worker_below(w, one->pages), n = 16;

		for (page = from; page < one->pages && n--; page++)
			sheet_cpu_write(one, page);
		sheet_random(one, &w->rng);
		sheet_cpu_check(one, from);
	}
	for (i = 0; i < BOS; i++) {
		uint64_t page;

		for (page = 0; page < s[i].pages; page++)
			sheet_cpu_check(&s[i], page);
		sheet_fini(&s[i]);
		KT_OK(vuma_bo_fini(&bos[i]));
	}
}

static void by_max(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_RELEASE, WINDOW_WRITEBACK, WINDOW_POPULATE, WINDOW_TABLES,
	};
	struct crew crew = {
		.evicts = true, .windows = windows, .window_count = ARRAY_SIZE(windows),
	};
	uint64_t swap;

	crew_enter_cgroup(&crew);
	KT_OK(cgroup_write(&crew.own, "memory.max", "%llu", LIMIT));
	crew_add(&crew, "hog", 2, hog, NULL);
	crew_race(&crew);
	KT_EQ(arena_event(&crew.own, "oom_kill"), 0);
	KT_OK(cgroup_read_u64(&crew.own, "memory.swap.peak", &swap));
	KT_GT(swap, 0);
}

/* A process that makes a buffer in a cgroup of its own, hands it on, and is gone. */
static int buffer_of_another(unsigned int index)
{
	struct cgroup cg;
	char name[8];
	int sock[2], pidfd, fd = -1;
	pid_t pid;

	snprintf(name, sizeof(name), "%c", 'a' + index);
	cg = arena_new(name);
	KT_SYS(pipe(sock));
	pid = fork_child();
	if (!pid) {
		struct vuma_bo bo;

		if (cgroup_enter(&cg))
			_exit(1);
		bo = bo_new_mapped(dev_open(0), 64 * PAGE, 0);
		stamp_pages(bo.map, 64, index);
		fd = vuma_prime_export(bo.fd, bo.handle, DRM_CLOEXEC | DRM_RDWR);
		(void)!write(sock[1], &fd, sizeof(fd));
		pause();
	}
	KT_EQ(read(sock[0], &fd, sizeof(fd)), sizeof(fd));
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	KT_SYS(pidfd);
	fd = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	KT_SYS(fd);
	close(pidfd);
	kill(pid, SIGKILL);
	KT_SYS(waitpid(pid, NULL, 0));
	close(sock[0]);
	close(sock[1]);
	KT_OK(cgroup_destroy(&cg));
	return fd;
}

/* The cgroup that pays for the buffer is removed, and the buffer lives on under reclaim. */
static void heir(struct worker *w)
{
	while (worker_again(w)) {
		int fd = buffer_of_another(w->index);
		char *map;

		map = KT_MAPPED(mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
		verify_pages(map, 64, w->index, 0);
		stamp_pages(map, 64, w->index + 100);
		usleep(worker_below(w, 20000));
		verify_pages(map, 64, w->index + 100, 0);
		KT_SYS(munmap(map, 64 * PAGE));
		KT_SYS(close(fd));
	}
}

static void heirs(void)
{
	static const enum window windows[] = {
		WINDOW_PICK, WINDOW_ZAP, WINDOW_RELEASE, WINDOW_FREE,
	};
	struct crew crew = CREW(windows, 1);

	need_reclaim();
	/* What the removed ones leave behind is their parent's. */
	crew.own = arena_new("p");
	*strrchr(crew.own.path, '/') = '\0';
	crew.cg = &crew.own;
	crew_add(&crew, "heir", 3, heir, NULL);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_pressure_by_debugfs_shrink", .run_arg = by, .arg = SQUEEZE_SHRINK },
	{ .name = "stress_pressure_by_shrinker_debugfs", .run_arg = by, .arg = SQUEEZE_SCAN },
	{ .name = "stress_pressure_by_memory_reclaim_panthor-44",
	  .run_arg = by, .arg = SQUEEZE_RECLAIM },
	{ .name = "stress_pressure_by_drop_caches_panthor-40", .run_arg = by, .arg = SQUEEZE_DROP },
	{ .name = "stress_pressure_by_memory_high", .run = by_high },
	{ .name = "stress_pressure_by_memory_max_panthor-26_panthor-44_panthor-88", .run = by_max },
	{ .name = "stress_pressure_removed_cgroups", .run = heirs },
};

STRESS_PROGRAM(tests, NULL);
