// SPDX-License-Identifier: GPL-2.0
/* The director: what is shown, in which order, and whether it was good enough. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "vuma_client.h"
#include "vuma-demo.h"

const char *const demo_drivers[DEMO_DRIVERS] = { "vuma_shmem", "vuma" };
struct demo_options demo_opt = {
	.seed = 1, .ram = 512 * MIB, .width = 100, .out = ".", .git = "unknown",
};

/* A cgroup counts as reclaimed when 3/4 of what it held are gone. */
#define RECLAIMED(before, after)	((after) <= (before) / 4)

static int start(struct demo_run *run, const char *name, uint64_t mib, uint64_t bo_mib,
		 uint64_t limit_mib)
{
	struct demo_client *c = &run->client[run->clients];

	c->cfg.name = name;
	c->cfg.seed = demo_opt.seed;
	c->cfg.id = run->clients;
	c->cfg.bytes = mib * MIB;
	c->cfg.bo_bytes = bo_mib * MIB;
	c->cfg.vm_bos = 4;
	c->limit = limit_mib * MIB;
	run->clients++;
	return demo_client_start(run, c);
}

/* All clients do the same, at the same time. */
static int all(struct demo_run *run, enum demo_step step, const char *caption)
{
	unsigned int i;

	run->caption = caption;
	for (i = 0; i < run->clients; i++)
		demo_order(&run->client[i], step);
	return demo_await(run, ~0u);
}

static int work_and_check(struct demo_run *run)
{
	return all(run, STEP_FILL, "write") ?: all(run, STEP_GPU, "gpu") ?:
	       all(run, STEP_CHECK, "check");
}

/* What does not fit must have been evicted, or the numbers are wrong. */
static int check_evicted(struct demo_run *run, uint64_t fits)
{
	uint64_t want = demo_wanted(run);

	want = want > fits ? want - fits : 0;
	if (demo_evicted(run) < want) {
		demo_outcome(run, OUTCOME_ERROR,
			     "%llu MiB evicted, at least %llu must have been",
			     demo_mib(demo_evicted(run)), demo_mib(want));
		return -ECANCELED;
	}
	return 0;
}

static int play_limit(struct demo_run *run)
{
	const uint64_t limit = 96;

	return start(run, "client", 256, 2, limit) ?: work_and_check(run) ?:
	       check_evicted(run, limit * MIB);
}

static int play_machine(struct demo_run *run)
{
	uint64_t each = demo_opt.ram / MIB * 3 / 2 / DEMO_CLIENTS;

	return start(run, "client-1", each, 2, 0) ?: start(run, "client-2", each, 2, 0) ?:
	       start(run, "client-3", each, 2, 0) ?: work_and_check(run) ?:
	       check_evicted(run, demo_meminfo("MemTotal"));
}

/* In slices, from a process of its own: each may take its time. */
static pid_t start_reclaim(struct demo_client *victim, uint64_t bytes)
{
	const uint64_t slice = 4 * MIB;
	uint64_t done;
	pid_t pid;
	int ret;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	for (done = 0; done < bytes; done += slice) {
		ret = cgroup_reclaim(&victim->cgroup, slice);
		/* -EAGAIN: not all could be reclaimed, which is what the scene is about. */
		if (ret && ret != -EAGAIN)
			_exit(1);
		usleep(50000);
	}
	_exit(0);
}

static int take_away(struct demo_run *run, struct demo_client *victim)
{
	uint64_t before = victim->now.cg_memory;
	pid_t pid = start_reclaim(victim, victim->cfg.bytes + victim->cfg.bytes / 8);
	int64_t end = vuma_now_ns() + 60 * VUMA_SEC;
	int status = 0;
	pid_t gone;
	int ret;

	if (pid < 0) {
		demo_outcome(run, OUTCOME_ERROR, "fork: %s", strerror(errno));
		return -EAGAIN;
	}
	do {
		ret = demo_idle(run, 0.1);
		gone = waitpid(pid, &status, WNOHANG);
	} while (!ret && !gone && vuma_now_ns() < end);
	if (!gone) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		demo_outcome(run, OUTCOME_STALLED, "memory.reclaim did not return");
		return -ECANCELED;
	}
	if (status) {
		demo_outcome(run, OUTCOME_ERROR, "memory.reclaim cannot be written");
		return -ECANCELED;
	}
	run->reclaimed = before > victim->now.cg_memory ? before - victim->now.cg_memory : 0;
	return ret;
}

static double rate_since(const struct demo_client *c, uint64_t jobs, int64_t since)
{
	return (double)(c->stat->gpu_jobs - jobs) * VUMA_SEC / (vuma_now_ns() - since);
}

/* Jobs per second of the foreground before, while and after the other is reclaimed. */
static int measure(struct demo_run *run, struct demo_client *fg, struct demo_client *bg)
{
	int64_t since;
	uint64_t jobs;
	int ret;

	/* An emulated CPU is slow at first, while it still translates. */
	run->caption = "gpu";
	ret = demo_idle(run, 1);

	since = vuma_now_ns();
	jobs = fg->stat->gpu_jobs;
	run->caption = "before";
	ret = ret ?: demo_idle(run, 3);
	run->rate[0] = rate_since(fg, jobs, since);

	since = vuma_now_ns();
	jobs = fg->stat->gpu_jobs;
	run->caption = "reclaim";
	ret = ret ?: take_away(run, bg);
	run->rate[1] = rate_since(fg, jobs, since);

	since = vuma_now_ns();
	jobs = fg->stat->gpu_jobs;
	run->caption = "after";
	ret = ret ?: demo_idle(run, 3);
	run->rate[2] = rate_since(fg, jobs, since);
	run->has_rate = !ret;
	return ret;
}

static void judge_background(struct demo_run *run, const struct demo_client *fg,
			     const struct demo_client *bg)
{
	uint64_t left = bg->cfg.bytes > run->reclaimed ? bg->cfg.bytes - run->reclaimed : 0;

	if (!RECLAIMED(bg->cfg.bytes, left))
		demo_outcome(run, OUTCOME_NOT_RECLAIMED,
			     "memory.reclaim got %llu of %llu idle MiB back",
			     demo_mib(run->reclaimed), demo_mib(bg->cfg.bytes));
	else if (fg->now.evicted_total)
		demo_outcome(run, OUTCOME_ERROR, "the foreground lost memory, too");
	else if (run->rate[1] < run->rate[0] / 2 || run->rate[2] < run->rate[0] / 2)
		demo_outcome(run, OUTCOME_SLOWED, "the foreground fell to less than half");
}

static int play_background(struct demo_run *run)
{
	struct demo_client *fg = &run->client[0], *bg = &run->client[1];
	int ret;

	ret = start(run, "foreground", 32, 1, 0) ?: start(run, "background", 96, 2, 0) ?:
	      all(run, STEP_FILL, "write");
	if (ret)
		return ret;
	run->caption = "gpu";
	demo_order(bg, STEP_GPU);
	demo_order(fg, STEP_LOOP);
	ret = demo_await(run, 1u << 1) ?: measure(run, fg, bg);
	if (ret)
		return ret;
	run->caption = "wake";
	demo_order(bg, STEP_CHECK);
	ret = demo_await(run, 1u << 1);
	if (ret)
		return ret;
	demo_order(bg, STEP_GPU);
	ret = demo_await(run, 1u << 1);
	if (ret)
		return ret;
	demo_order(fg, STEP_CHECK);
	demo_order(bg, STEP_CHECK);
	ret = demo_await(run, ~0u);
	if (!ret)
		judge_background(run, fg, bg);
	return ret;
}

const struct demo_scene demo_scenes[DEMO_SCENES] = {
	{
		.name = "limit",
		.title = "a limit",
		.story = "One client may use 96 MiB (memory.max of its cgroup) and owns 256 MiB\n"
			"of buffers. It writes them all, runs a GPU job on each in random order,\n"
			"and checks every word.",
		.play = play_limit,
	}, {
		.name = "background",
		.title = "background",
		.story = "A client sits idle with 96 MiB while the system takes its memory\n"
			"away (memory.reclaim of its cgroup). Another one keeps the GPU busy: is it\n"
			"slowed down? Then the idle one wakes. Is its content there?",
		.play = play_background,
	}, {
		.name = "machine",
		.title = "whole machine",
		.story = "Three clients without a limit hold 1.5 times the memory of the machine.\n"
			"All write, all run GPU jobs on all buffers, all check every word.",
		.play = play_machine,
	},
};

/* Wrong data is the worst outcome, and incomplete checks are not a success. */
static void judge_data(struct demo_run *run)
{
	unsigned long long want = demo_expected_bytes(run), got = demo_verified_bytes(run);

	if (demo_mismatches(run)) {
		run->outcome = OUTCOME_OK;
		demo_outcome(run, OUTCOME_CORRUPT, "%llu words or checksums are wrong",
			     (unsigned long long)demo_mismatches(run));
	}
	if (run->outcome == OUTCOME_OK && got != want)
		demo_outcome(run, OUTCOME_ERROR, "%llu of %llu bytes verified", got, want);
	want = demo_expected_gpu_bytes(run);
	got = demo_gpu_bytes(run);
	if (run->outcome == OUTCOME_OK && got < want)
		demo_outcome(run, OUTCOME_ERROR, "%llu of %llu bytes checked by the GPU",
			     got, want);
}

static void play(struct demo_run *run, const struct demo_scene *scene, const char *driver)
{
	run->scene = scene;
	run->driver = driver;
	run->caption = "start";
	run->available = demo_meminfo("MemAvailable");
	run->start_ns = vuma_now_ns();
	printf("\n %s\n", !strcmp(driver, "vuma") ? "gem-uma (vuma)" :
	       "today's helper (shmem)");
	fflush(stdout);
	scene->play(run);
	demo_watch_end(run);
	run->seconds = (double)(vuma_now_ns() - run->start_ns) / VUMA_SEC;
	judge_data(run);
	demo_crew_end(run);
	if (run->outcome == OUTCOME_OK && run->leftover)
		demo_outcome(run, OUTCOME_ERROR, "%llu MiB did not come back",
			     demo_mib(run->leftover));
	printf("  => %s%s%s", demo_outcome_name(run->outcome), *run->detail ? ": " : "",
	       run->detail);
	if (run->outcome == OUTCOME_OK)
		printf(": %llu MiB verified, %llu mismatches",
		       demo_mib(demo_verified_bytes(run)),
		       (unsigned long long)demo_mismatches(run));
	if (run->has_rate)
		printf("\n     foreground, jobs per second: %.0f before, %.0f during, %.0f after",
		       run->rate[0], run->rate[1], run->rate[2]);
	putchar('\n');
	fflush(stdout);
}

static const char intro[] =
	"  drivers  shmem: buffers by drm_gem_shmem_helper, as many drivers have today. What\n"
	"           was touched stays in memory until it is freed. At a limit the kernel finds\n"
	"           nothing to take back: the client gets an error, or is killed.\n"
	"           vuma: buffers by gem-uma. What the GPU does not use right now can go to\n"
	"           swap, and comes back by itself when the CPU or the GPU needs it.\n"
	"           All the rest (GPU, page tables, ioctls) is the same source in both.\n"
	"  client   one program for both, on a GPU made of software. 1/8 of its data is random\n"
	"           and 7/8 repeats, so that swap in memory has something to compress.\n";

static void introduce(void)
{
	struct utsname u = { .release = "?" };

	uname(&u);
	printf("\ngem-uma demo: what happens to GPU buffers when memory gets tight?\n\n");
	printf("  machine  a guest with %llu MiB of memory, %llu MiB of compressed swap (zram),\n",
	       demo_mib(demo_opt.ram), demo_mib(demo_meminfo("SwapTotal") + MIB / 2));
	printf("           Linux %s, %s; seed %llu (SEED=<n> repeats a run)\n", u.release,
	       demo_accel(), (unsigned long long)demo_opt.seed);
	fputs(intro, stdout);
	if (demo_opt.utf8)
		printf("  bars     █ in memory  ▒ taken out, to swap  · not there yet\n");
	else
		printf("  bars     # in memory  = taken out, to swap  . not there yet\n");
}

static int usage(const char *self)
{
	fprintf(stderr, "%s [--seed N] [--ram-mib N] [--out DIR] [--git ID]\n", self);
	fprintf(stderr, "    [--scene limit|background|machine]\n");
	fprintf(stderr, "    [--tty] [--width N] [--utf8] [--colour]\n");
	fprintf(stderr, "Needs root, cgroup v2, swap, and the modules vuma and vuma_shmem.\n");
	return 2;
}

static bool known_scene(const char *name)
{
	unsigned int s;

	for (s = 0; name && s < DEMO_SCENES; s++) {
		if (!strcmp(name, demo_scenes[s].name))
			return true;
	}
	return !name;
}

static bool parse_switch(int opt)
{
	bool *value = opt == 't' ? &demo_opt.tty : opt == 'u' ? &demo_opt.utf8 :
		      opt == 'c' ? &demo_opt.colour : NULL;

	if (value)
		*value = true;
	return value;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "ram-mib", required_argument, NULL, 'r' },
		{ "width", required_argument, NULL, 'w' },
		{ "out", required_argument, NULL, 'o' },
		{ "git", required_argument, NULL, 'g' },
		{ "scene", required_argument, NULL, 'n' },
		{ "tty", no_argument, NULL, 't' },
		{ "utf8", no_argument, NULL, 'u' },
		{ "colour", no_argument, NULL, 'c' },
		{ }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 's')
			demo_opt.seed = strtoull(optarg, NULL, 0);
		else if (opt == 'r')
			demo_opt.ram = strtoull(optarg, NULL, 0) * MIB;
		else if (opt == 'w')
			demo_opt.width = strtoul(optarg, NULL, 0);
		else if (opt == 'o')
			demo_opt.out = optarg;
		else if (opt == 'g')
			demo_opt.git = optarg;
		else if (opt == 'n')
			demo_opt.only = optarg;
		else if (!parse_switch(opt))
			return usage(argv[0]);
	}
	if (optind != argc || !demo_opt.ram || !known_scene(demo_opt.only))
		return usage(argv[0]);
	return 0;
}

/* The director must survive what it shows, and not be swapped out by it. */
static int protect(void)
{
	int ret = file_write("/proc/self/oom_score_adj", "-1000");

	if (ret) {
		fprintf(stderr, "vuma-demo: oom_score_adj: %s\n", strerror(-ret));
		return -1;
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE)) {
		perror("vuma-demo: mlockall");
		return -1;
	}
	return 0;
}

static struct demo_pair pairs[DEMO_SCENES];

static unsigned int play_all(void)
{
	unsigned int s, d, played = 0;

	for (s = 0; s < DEMO_SCENES; s++) {
		const struct demo_scene *scene = &demo_scenes[s];
		const char *line = scene->story;

		if (demo_opt.only && strcmp(demo_opt.only, scene->name))
			continue;
		printf("\n== Scene %u of %u: %s\n", s + 1, DEMO_SCENES, scene->title);
		while (*line) {
			size_t len = strcspn(line, "\n");

			printf("   %.*s\n", (int)len, line);
			line += len + (line[len] == '\n');
		}
		for (d = 0; d < DEMO_DRIVERS; d++)
			play(&pairs[played].run[d], scene, demo_drivers[d]);
		played++;
	}
	return played;
}

int main(int argc, char **argv)
{
	unsigned int played, i, bad = 0;
	char path[256];

	if (parse(argc, argv))
		return 2;
	snprintf(path, sizeof(path), "%s/demo.csv", demo_opt.out);
	if (demo_csv_open(path)) {
		perror(path);
		return 1;
	}
	if (protect())
		return 1;
	introduce();
	played = play_all();
	demo_table(pairs, played);
	for (i = 0; i < played; i++)
		bad += pairs[i].run[DEMO_DRIVERS - 1].outcome != OUTCOME_OK;
	snprintf(path, sizeof(path), "%s/demo.json", demo_opt.out);
	if (demo_csv_close() || demo_json(path, pairs, played)) {
		fprintf(stderr, "%s: results cannot be written\n", demo_opt.out);
		return 1;
	}
	if (bad)
		printf("\nFAILED: gem-uma did not finish %u of %u scenes as it must.\n",
		       bad, played);
	return bad ? 1 : 0;
}
