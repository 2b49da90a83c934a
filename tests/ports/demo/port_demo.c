// SPDX-License-Identifier: GPL-2.0
/*
 * port_demo -d <driver> -v <variant>: a client with 48 MiB of buffers is asked for most of its
 * memory. Another one has a limit of half of what it needs.
 *
 * What happens goes to stderr, line by line; samples and results to
 * /out/demo-<driver>-<variant>.csv and .json.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../port.h"

#define BOS	12
#define SIZE	(4 * MIB)
#define LEFT	(16 * MIB)
#define LIMIT	(BOS * SIZE / 2)
#define ROUNDS	3

/* What the client is asked to do; it answers with the number of wrong words. */
enum ask { FILL = 'f', CHECK = 'c', WORK = 'w' };

struct client {
	pid_t pid;
	int ask, answer;
	struct cgroup cg;
};

static const char *variant = "ported";
static const char *volatile phase = "fill";
static volatile bool over;
static struct timespec start;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec - start.tv_sec + (ts.tv_nsec - start.tv_nsec) / 1e9;
}

static FILE *out_file(const char *suffix)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/out/demo-%s-%s.%s", port->name, variant, suffix);
	file = fopen(path, "we");
	if (!file)
		KT_FAIL("%s: %s", path, strerror(errno));
	return file;
}

static void tell(const char *what, const char *how)
{
	fprintf(stderr, " %-7s %-9s %-34s %s\n", port->name,
		strcmp(variant, "stock") ? variant : "as it is", what, how);
}

static void *sample(void *data)
{
	const struct cgroup *cg = data;
	FILE *file = out_file("csv");

	fputs("seconds,phase,resident_mib,swap_mib\n", file);
	while (!over) {
		uint64_t resident = 0, swap = 0;

		cgroup_read_u64(cg, "memory.current", &resident);
		cgroup_read_u64(cg, "memory.swap.current", &swap);
		fprintf(file, "%.3f,%s,%.2f,%.2f\n", now(), phase, (double)resident / MIB,
			(double)swap / MIB);
		usleep(10000);
	}
	fclose(file);
	return NULL;
}

static void device(const struct port_bo *bo, struct engine_cmd cmd)
{
	const struct port_bo *bos[] = { bo };

	run_unchecked(0, &cmd, 1, bos, 1);
}

/* By the device, where there is one, and by the CPU. */
static uint64_t check(const struct port_bo *bo, uint32_t value)
{
	uint64_t wrong = 0;

	if (port->nr_queues) {
		wrong = engine_count("bad");
		device(bo, cmd_check(bo, value));
		wrong = engine_count("bad") - wrong;
	}
	return wrong + differ(bo->map, SIZE, value);
}

static void put(const struct port_bo *bo, uint32_t value)
{
	if (port->nr_queues)
		device(bo, cmd_fill(bo, value));
	else
		fill(bo->map, SIZE, value);
}

static uint64_t on_all(struct port_bo *bos, enum ask ask, unsigned int round)
{
	uint64_t wrong = 0;
	unsigned int i;

	for (i = 0; i < BOS; i++) {
		uint32_t value = 0x01000000 * (i + 1) + round;

		if (ask != FILL)
			wrong += check(&bos[i], value);
		if (ask == WORK)
			put(&bos[i], value + 1);
		if (ask == FILL)
			put(&bos[i], value);
	}
	return wrong;
}

/* What a driver says to who is over the limit is a result. */
static int make(struct port_bo *bo)
{
	uint64_t offset;
	int ret = port->create(bo);

	if (!ret)
		ret = port->mmap_offset(bo, &offset);
	if (ret)
		return ret;
	bo->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, bo->fd, offset);
	return bo->map == MAP_FAILED ? -errno : 0;
}

/* Returns what the exit code is to be. */
static int serve(int ask, int answer)
{
	struct port_bo bos[BOS];
	unsigned int i, round = 0;
	int fd = port_open(), ret;
	uint64_t wrong;
	char what;

	for (i = 0; i < BOS; i++) {
		bos[i] = (struct port_bo) { .fd = port_open_apart(fd), .size = SIZE };
		ret = make(&bos[i]);
		if (ret)
			return -ret;
	}
	while (read(ask, &what, 1) == 1) {
		wrong = on_all(bos, what, round);
		round += what == WORK;
		if (write(answer, &wrong, sizeof(wrong)) != sizeof(wrong))
			break;
	}
	return 0;
}

static struct client client_start(const struct cgroup *cg)
{
	struct client client = { .cg = *cg };
	int ask[2], answer[2];

	KT_SYS(pipe(ask));
	KT_SYS(pipe(answer));
	client.pid = fork();
	KT_SYS(client.pid);
	if (!client.pid) {
		close(ask[1]);
		close(answer[0]);
		KT_OK(cgroup_enter(&client.cg));
		_exit(serve(ask[0], answer[1]));
	}
	close(ask[0]);
	close(answer[1]);
	client.ask = ask[1];
	client.answer = answer[0];
	return client;
}

/* False if the client is gone. */
static bool client_ask(const struct client *client, char what, uint64_t *wrong)
{
	return write(client->ask, &what, 1) == 1 &&
	       read(client->answer, wrong, sizeof(*wrong)) == sizeof(*wrong);
}

/* Why it is gone, or NULL if it is not. */
static const char *client_end(struct client *client)
{
	static char text[64];
	int status;

	close(client->ask);
	KT_EQ(waitpid(client->pid, &status, 0), client->pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return "killed: out of memory";
	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "died: %s", strsignal(WTERMSIG(status)));
		return text;
	}
	if (!WEXITSTATUS(status))
		return NULL;
	snprintf(text, sizeof(text), "gives up: %s", strerror(WEXITSTATUS(status)));
	return text;
}

static void ask_for_memory(struct client *client, FILE *json)
{
	uint64_t before = charged(&client->cg), after, wrong = 0;
	char text[128];
	int ret;

	phase = "reclaim";
	ret = reclaim_to(&client->cg, LEFT);
	after = charged(&client->cg);
	phase = "check";
	KT_TRUE(client_ask(client, CHECK, &wrong));
	snprintf(text, sizeof(text), "%.1f -> %.1f MiB%s%s, %llu wrong words",
		 (double)before / MIB, (double)after / MIB, ret ? ": " : "",
		 ret ? strerror(-ret) : "", (unsigned long long)wrong);
	tell("asked for all but 16 MiB:", text);
	fprintf(json, "\"reclaim\": { \"before\": %llu, \"after\": %llu, \"errno\": %d, ",
		(unsigned long long)before, (unsigned long long)after, -ret);
	fprintf(json, "\"wrong\": %llu },\n", (unsigned long long)wrong);
}

static bool work(struct client *client, uint64_t *wrong)
{
	uint64_t some;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		if (!client_ask(client, WORK, &some))
			return false;
		*wrong += some;
	}
	return true;
}

static void limit(const struct cgroup *cg, FILE *json)
{
	struct client client;
	uint64_t wrong = 0;
	const char *end;
	char text[128];
	double from;
	bool alive;

	/* What the other one had is on its way. */
	KT_WAIT(charged(cg) < LIMIT);
	KT_OK(cgroup_write(cg, "memory.max", "%llu", (unsigned long long)LIMIT));
	phase = "limit";
	from = now();
	/* Or the client would have it, too. */
	fflush(json);
	client = client_start(cg);
	alive = client_ask(&client, FILL, &wrong) && work(&client, &wrong);
	from = now() - from;
	end = client_end(&client);
	snprintf(text, sizeof(text),
		 "fills, checks and fills all again, %u times, in %.1f s, %llu wrong words",
		 ROUNDS, from, (unsigned long long)wrong);
	tell("limited to 24 MiB:", alive ? text : end ?: "gone");
	fprintf(json, "\"limit\": { \"bytes\": %llu, \"end\": \"%s\", ",
		(unsigned long long)LIMIT, alive ? "ok" : end ?: "gone");
	fprintf(json, "\"seconds\": %.3f, \"wrong\": %llu }\n", from,
		(unsigned long long)wrong);
}

static void demo(void)
{
	FILE *json = out_file("json");
	struct client client;
	pthread_t sampler;
	struct cgroup cg;
	uint64_t wrong;

	clock_gettime(CLOCK_MONOTONIC, &start);
	signal(SIGPIPE, SIG_IGN);
	KT_OK(cgroup_create(&cg, "one"));
	client = client_start(&cg);
	KT_EQ(pthread_create(&sampler, NULL, sample, &cg), 0);
	KT_TRUE(client_ask(&client, FILL, &wrong));
	fprintf(json, "{ \"driver\": \"%s\", \"variant\": \"%s\", \"device\": %s,\n", port->name,
		variant, port->nr_queues ? "true" : "false");
	ask_for_memory(&client, json);
	phase = "end";
	KT_TRUE(!client_end(&client));
	limit(&cg, json);
	over = true;
	pthread_join(sampler, NULL);
	fprintf(json, "}\n");
	KT_EQ(fclose(json), 0);
	KT_OK(cgroup_destroy(&cg));
}

static void on_option(int opt, const char *arg)
{
	if (opt == 'v')
		variant = arg;
	else if (!port_choose(arg))
		ktap_bail_out("no driver %s", arg);
}

int main(int argc, char **argv)
{
	static const struct ktap_test tests[] = {
		{ .name = "demo", .run = demo, .timeout = 120 },
	};
	const struct ktap_suite suite = { .tests = tests, .count = 1 };

	return ktap_main(&suite, argc, argv, "d:v:", on_option);
}
