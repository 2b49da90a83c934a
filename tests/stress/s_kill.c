// SPDX-License-Identifier: GPL-2.0
/*
 * SIGKILL against jobs: processes are killed while the scheduler takes their jobs off the
 * queue one after the other.
 *
 * Stands for an entity that is in the scheduler's tree again after it was removed and freed.
 */
#include <poll.h>

#include "crew.h"

/* More than the second for which drm_sched_entity_flush() waits before it gives up. */
#define JOBS	50
#define JOB_US	25000

/* @dmabuf: the buffer that all of its jobs use. */
static void victim(int queued, int dmabuf)
{
	struct drm_vuma_cmd spin = vuma_cmd_spin(JOB_US);
	struct drm_vuma_legacy_bo use;
	int i, fd = dev_open(0);

	use = vuma_legacy_bo(import_bo(fd, dmabuf, PAGE).handle, DRM_VUMA_LEGACY_BO_WRITE);
	for (i = 0; i < JOBS; i++)
		KT_OK(vuma_submit_legacy(fd, &use, 1, &spin, 1, 0, 0));
	KT_EQ(write(queued, "", 1), 1);
	for (;;)
		pause();
}

static void kill_in_time(struct worker *w, pid_t pid, int queued)
{
	int status;
	char byte;

	KT_EQ(read(queued, &byte, 1), 1);
	usleep(worker_below(w, 4 * JOB_US));
	KT_SYS(kill(pid, SIGKILL));
	KT_EQ(waitpid(pid, &status, 0), pid);
	KT_TRUE(WIFSIGNALED(status));
	KT_EQ(WTERMSIG(status), SIGKILL);
}

/* Jobs of the dead are in the queue until it is their turn: before one that comes later. */
static void await_turn(const struct vuma_bo *bo)
{
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(bo->handle, 0);
	struct drm_vuma_cmd spin = vuma_cmd_spin(1);
	int status;

	KT_OK(vuma_run_legacy(bo->fd, &use, 1, &spin, 1, 60 * VUMA_SEC, &status));
	KT_OK(status);
}

/*
 * In the course of the first few of its jobs. Those that are left do not run, but end. More
 * of them would be queued than are taken off, if the killer did not wait for its turn.
 */
static void killer(struct worker *w)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct pollfd busy = { .fd = export_bo(&bo), .events = POLLOUT };
	int pipes[2];
	pid_t pid;

	KT_SYS(pipe2(pipes, O_CLOEXEC));
	while (worker_again(w)) {
		pid = fork_child();
		if (!pid)
			victim(pipes[1], busy.fd);
		kill_in_time(w, pid, pipes[0]);
		KT_EQ(poll(&busy, 1, -1), 1);
		await_turn(&bo);
	}
	KT_SYS(close(busy.fd));
	KT_SYS(close(pipes[0]));
	KT_SYS(close(pipes[1]));
}

/* A client that goes on gets all its jobs done. */
static void kills(void)
{
	static const enum window windows[] = { WINDOW_POP };
	struct crew crew = CREW(windows, 0);

	crew_add(&crew, "killer", 2, killer, NULL);
	crew_add(&crew, "bystander", 1, bystander, NULL);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_kill_with_jobs_in_the_queue", .run = kills },
};

STRESS_PROGRAM(tests, NULL);
