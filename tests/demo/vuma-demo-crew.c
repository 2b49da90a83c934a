// SPDX-License-Identifier: GPL-2.0
/* Processes and cgroups of a scene: start, order, await, judge, clean up. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "vuma_client.h"
#include "vuma-demo.h"

#define STALL_SECONDS	30	/* without any progress: reported and ended */
#define QUIT_SECONDS	10
#define RETURN_SECONDS	10
#define RETURN_SLACK	(24 * MIB)

void demo_outcome(struct demo_run *run, enum demo_outcome outcome, const char *fmt, ...)
{
	va_list args;

	if (run->outcome != OUTCOME_OK)
		return;
	run->outcome = outcome;
	va_start(args, fmt);
	vsnprintf(run->detail, sizeof(run->detail), fmt, args);
	va_end(args);
}

/* If the guest runs out of memory, a client has to die, and not its judge. */
static noreturn void become_client(struct demo_client *client)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() == 1 ||
	    cgroup_enter(&client->cgroup) || file_write("/proc/self/oom_score_adj", "1000")) {
		client->stat->error = errno ?: EIO;
		snprintf(client->stat->what, sizeof(client->stat->what), "enter its cgroup");
		_exit(1);
	}
	demo_client_main(&client->cfg, client->stat);
}

int demo_client_start(struct demo_run *run, struct demo_client *client)
{
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "demo-%s-%s", run->driver, client->cfg.name);
	ret = cgroup_create(&client->cgroup, name);
	if (!ret && client->limit)
		ret = cgroup_write(&client->cgroup, "memory.max", "%llu",
				   (unsigned long long)client->limit);
	if (ret) {
		demo_outcome(run, OUTCOME_ERROR, "cgroup %s: %s", name, strerror(-ret));
		return ret;
	}
	client->stat = mmap(NULL, sizeof(*client->stat), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (client->stat == MAP_FAILED) {
		client->stat = NULL;
		demo_outcome(run, OUTCOME_ERROR, "mmap: %s", strerror(errno));
		return -ENOMEM;
	}
	client->stat->drm_fd = -1;
	client->cfg.driver = run->driver;
	fflush(NULL);
	client->pid = fork();
	if (client->pid == 0)
		become_client(client);
	if (client->pid < 0) {
		client->pid = 0;
		demo_outcome(run, OUTCOME_ERROR, "fork: %s", strerror(errno));
		return -EAGAIN;
	}
	return 0;
}

void demo_order(struct demo_client *client, enum demo_step step)
{
	client->gpu_rounds += step == STEP_GPU;
	client->cpu_rounds += step == STEP_CHECK;
	client->stat->order = ++client->orders << 8 | step;
}

/* Notice a client that is gone, and why. */
void demo_reap(struct demo_client *client)
{
	uint64_t kills = 0;

	if (!client->pid || waitpid(client->pid, &client->wait_status, WNOHANG) != client->pid)
		return;
	client->pid = 0;
	if ((client->stat->order & 0xff) != STEP_QUIT || client->wait_status)
		client->ended = true;
	if (!cgroup_read_key(&client->cgroup, "memory.events", "oom_kill", &kills))
		client->oom_killed = kills > 0;
}

static void judge_end(struct demo_run *run, const struct demo_client *c)
{
	const char *name = c->cfg.name;
	unsigned long long have = demo_mib(c->stat->written), want = demo_mib(c->cfg.bytes);
	int err = c->stat->error;

	if (c->oom_killed)
		demo_outcome(run, OUTCOME_OOM_KILLED,
			     "%s was killed for lack of memory with %llu of %llu MiB written",
			     name, have, want);
	else if (c->stat->bus_error)
		demo_outcome(run, OUTCOME_BUS_ERROR,
			     "%s got SIGBUS: a page of a buffer could not be populated", name);
	else if (err == ENOMEM)
		demo_outcome(run, OUTCOME_ENOMEM,
			     "%s could not %s (ENOMEM), with %llu of %llu MiB written",
			     name, c->stat->what, have, want);
	else if (err)
		demo_outcome(run, OUTCOME_ERROR, "%s could not %s: %s", name, c->stat->what,
			     strerror(err));
	else
		demo_outcome(run, OUTCOME_ERROR, "%s ended with status 0x%x", name,
			     c->wait_status);
}

/* Everything that can move while work gets done, added up. */
static uint64_t progress(const struct demo_run *run)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < run->clients; i++) {
		const struct demo_client *c = &run->client[i];

		sum += c->stat->done + c->stat->written + c->stat->gpu_checked +
		       c->stat->cpu_checked + c->now.evicted_total + c->now.restored_total;
	}
	return sum;
}

/* One look at everybody; -ECANCELED when there is nothing left to wait for. */
static int attend(struct demo_run *run)
{
	uint64_t sum;
	unsigned int i;

	demo_watch(run);
	for (i = 0; i < run->clients; i++) {
		if (run->client[i].ended)
			judge_end(run, &run->client[i]);
	}
	if (run->outcome != OUTCOME_OK)
		return -ECANCELED;
	sum = progress(run);
	if (sum != run->progress || !run->last_progress_ns) {
		run->progress = sum;
		run->last_progress_ns = vuma_now_ns();
	} else if (vuma_now_ns() - run->last_progress_ns > STALL_SECONDS * VUMA_SEC) {
		demo_outcome(run, OUTCOME_STALLED, "nothing moved for %d seconds",
			     STALL_SECONDS);
		return -ECANCELED;
	}
	usleep(20000);
	return 0;
}

int demo_await(struct demo_run *run, unsigned int mask)
{
	unsigned int i, busy;
	int ret;

	run->last_progress_ns = 0;
	do {
		ret = attend(run);
		for (busy = 0, i = 0; i < run->clients; i++) {
			const struct demo_stat *stat = run->client[i].stat;

			busy |= (mask & 1u << i) && stat->order != stat->done;
		}
	} while (!ret && busy);
	return ret;
}

int demo_idle(struct demo_run *run, double seconds)
{
	int64_t end = vuma_now_ns() + seconds * VUMA_SEC;
	int ret = 0;

	run->last_progress_ns = 0;
	while (!ret && vuma_now_ns() < end)
		ret = attend(run);
	return ret;
}

static bool wait_gone(struct demo_run *run, double seconds)
{
	int64_t end = vuma_now_ns() + seconds * VUMA_SEC;
	unsigned int i, alive;

	do {
		for (alive = 0, i = 0; i < run->clients; i++) {
			demo_reap(&run->client[i]);
			alive += run->client[i].pid != 0;
		}
		if (!alive)
			return true;
		usleep(10000);
	} while (vuma_now_ns() < end);
	return false;
}

/* Buffers are freed behind the back of who closed them: give it time. */
static void await_memory(struct demo_run *run, uint64_t available)
{
	int64_t end = vuma_now_ns() + RETURN_SECONDS * VUMA_SEC;
	uint64_t now = demo_meminfo("MemAvailable");

	while (now + RETURN_SLACK < available && vuma_now_ns() < end) {
		usleep(50000);
		now = demo_meminfo("MemAvailable");
	}
	run->leftover = now + RETURN_SLACK < available ? available - now : 0;
}

void demo_crew_end(struct demo_run *run)
{
	unsigned int i;
	int ret;

	for (i = 0; i < run->clients; i++) {
		struct demo_client *c = &run->client[i];

		cgroup_read_u64(&c->cgroup, "memory.peak", &c->peak_charged);
		if (c->pid)
			demo_order(c, STEP_QUIT);
	}
	if (!wait_gone(run, run->outcome == OUTCOME_OK ? QUIT_SECONDS : 1)) {
		demo_outcome(run, OUTCOME_ERROR, "a client did not quit");
		for (i = 0; i < run->clients; i++) {
			if (run->client[i].pid)
				kill(run->client[i].pid, SIGKILL);
		}
		wait_gone(run, QUIT_SECONDS);
	}
	for (i = 0; i < run->clients; i++) {
		ret = cgroup_destroy(&run->client[i].cgroup);
		if (ret)
			demo_outcome(run, OUTCOME_ERROR, "%s cannot be removed: %s",
				     run->client[i].cgroup.path, strerror(-ret));
	}
	await_memory(run, run->available);
}
