// SPDX-License-Identifier: GPL-2.0
/*
 * Looks at the clients from outside, several times per second: fdinfo, cgroup and
 * what they write into the shared block. Draws what it sees and keeps it as CSV.
 */
#include <errno.h>
#include <string.h>

#include "vuma_client.h"
#include "vuma-demo.h"

#define SAMPLE_NS	(125 * VUMA_MSEC)
#define DRAW_TTY_NS	(250 * VUMA_MSEC)
#define DRAW_PLAIN_NS	(2 * VUMA_SEC)	/* for each client that has a line */
#define LINE_WIDTH	70	/* of a line of the live display, without its bar */
#define BAR_MIN		8
#define BAR_MAX		32
#define IN_MIB(bytes)	((double)(bytes) / MIB)

static FILE *csv;

int demo_csv_open(const char *path)
{
	static const char *const columns[] = {
		"name", "written_mib", "resident_mib", "evicted_mib", "charged_mib",
		"swap_mib", "evicted_total_mib", "restored_total_mib", "jobs",
	};
	unsigned int i, k;

	csv = fopen(path, "we");
	if (!csv)
		return -errno;
	fprintf(csv, "driver,scene,seconds,phase,guest_used_mib,guest_swap_mib");
	for (i = 1; i <= DEMO_CLIENTS; i++) {
		for (k = 0; k < sizeof(columns) / sizeof(*columns); k++)
			fprintf(csv, ",c%u_%s", i, columns[k]);
	}
	fputc('\n', csv);
	return 0;
}

int demo_csv_close(void)
{
	int ret = ferror(csv) ? -EIO : 0;

	if (fclose(csv))
		ret = -errno;
	csv = NULL;
	return ret;
}

/* Bytes; 0 if the key is not there. */
uint64_t demo_meminfo(const char *key)
{
	size_t len = strlen(key);
	unsigned long long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, len) && line[len] == ':') {
			if (sscanf(line + len + 1, "%llu", &kib) != 1)
				kib = 0;
			break;
		}
	}
	fclose(f);
	return kib * 1024;
}

static void sample_zram(struct demo_run *run)
{
	FILE *f = fopen("/sys/block/zram0/mm_stat", "re");
	unsigned long long orig, compressed, used;

	if (!f)
		return;
	if (fscanf(f, "%llu %llu %llu", &orig, &compressed, &used) == 3 &&
	    orig > run->zram_orig) {
		run->zram_orig = orig;
		run->zram_used = used;
	}
	fclose(f);
}

/* A client that is gone keeps its last totals, and holds nothing any more. */
static void sample_client(struct demo_client *c)
{
	int fd = c->stat ? c->stat->drm_fd : -1;
	struct demo_sample s = {
		.evicted_total = c->now.evicted_total,
		.restored_total = c->now.restored_total,
	};
	char text[4096];

	if (c->pid && fd >= 0 && !vuma_fdinfo_read(c->pid, fd, text, sizeof(text))) {
		vuma_fdinfo_parse(text, "drm-resident-memory", &s.resident);
		/* The twin never evicts, and has no such keys. */
		vuma_fdinfo_parse(text, "vuma-evicted-memory", &s.evicted);
		vuma_fdinfo_parse(text, "vuma-evicted-total", &s.evicted_total);
		vuma_fdinfo_parse(text, "vuma-restored-total", &s.restored_total);
	}
	if (c->pid) {
		cgroup_read_u64(&c->cgroup, "memory.current", &s.cg_memory);
		cgroup_read_u64(&c->cgroup, "memory.swap.current", &s.cg_swap);
	}
	c->now = s;
	if (s.resident > c->peak_resident)
		c->peak_resident = s.resident;
}

static void write_csv(const struct demo_run *run, uint64_t used, uint64_t swap)
{
	unsigned int i;

	fprintf(csv, "%s,%s,%.3f,%s,%.1f,%.1f", run->driver, run->scene->name,
		(double)(run->last_sample_ns - run->start_ns) / VUMA_SEC, run->caption,
		IN_MIB(used), IN_MIB(swap));
	for (i = 0; i < DEMO_CLIENTS; i++) {
		const struct demo_client *c = &run->client[i];
		bool there = i < run->clients && c->stat;

		fprintf(csv, ",%s,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%llu",
			there ? c->cfg.name : "", there ? IN_MIB(c->stat->written) : 0.0,
			IN_MIB(c->now.resident), IN_MIB(c->now.evicted),
			IN_MIB(c->now.cg_memory), IN_MIB(c->now.cg_swap),
			IN_MIB(c->now.evicted_total), IN_MIB(c->now.restored_total),
			there ? c->stat->gpu_jobs : 0);
	}
	fputc('\n', csv);
}

static void sample(struct demo_run *run)
{
	uint64_t swap = demo_meminfo("SwapTotal") - demo_meminfo("SwapFree");
	uint64_t used = demo_meminfo("MemTotal") - demo_meminfo("MemAvailable");
	uint64_t resident = 0;
	unsigned int i;

	for (i = 0; i < run->clients; i++) {
		sample_client(&run->client[i]);
		resident += run->client[i].now.resident;
	}
	if (resident > run->peak_resident)
		run->peak_resident = resident;
	if (swap > run->peak_swap)
		run->peak_swap = swap;
	sample_zram(run);
	write_csv(run, used, swap);
}

/* What a client is busy with, and how far it is. */
static void describe(const struct demo_client *c, char *text, size_t len)
{
	const struct demo_stat *s = c->stat;
	unsigned int total = c->cfg.bytes / MIB;

	if (c->oom_killed)
		snprintf(text, len, "KILLED at %llu MiB", demo_mib(s->written));
	else if (c->ended)
		snprintf(text, len, "gave up at %llu MiB", demo_mib(s->written));
	else if (s->step == STEP_FILL)
		snprintf(text, len, "writing %3u/%u MiB", (unsigned int)(s->written / MIB), total);
	else if (s->step == STEP_GPU)
		snprintf(text, len, "GPU job %3u/%u", (unsigned int)s->round_jobs,
			 (unsigned int)(c->cfg.bytes / c->cfg.bo_bytes));
	else if (s->step == STEP_CHECK)
		snprintf(text, len, "checking %3u/%u MiB", (unsigned int)(s->round_checked / MIB),
			 total);
	else if (s->step == STEP_LOOP)
		snprintf(text, len, "GPU job %5u", (unsigned int)s->gpu_jobs);
	else
		snprintf(text, len, "idle");
}

static void put_cells(const char *colour, const char *cell, unsigned int count)
{
	if (!count)
		return;
	if (demo_opt.colour)
		fputs(colour, stdout);
	while (count--)
		fputs(cell, stdout);
	if (demo_opt.colour)
		fputs("\033[0m", stdout);
}

/* In memory, in swap, not there (yet); a whole bar is all that the client wants. */
static void put_bar(const struct demo_client *c)
{
	int room = (int)demo_opt.width - LINE_WIDTH;
	unsigned int cells = room < BAR_MIN ? BAR_MIN : room > BAR_MAX ? BAR_MAX : room;
	uint64_t cell = c->cfg.bytes / cells;
	uint64_t resident = c->now.resident;
	unsigned int in, out, none;

	if (resident > c->cfg.bytes)
		resident = c->cfg.bytes;
	in = (resident + cell / 2) / cell;
	out = (c->now.evicted + cell / 2) / cell;
	if (in > cells)
		in = cells;
	if (out > cells - in)
		out = cells - in;
	none = cells - in - out;
	put_cells("\033[32m", demo_opt.utf8 ? "█" : "#", in);
	put_cells("\033[34m", demo_opt.utf8 ? "▒" : "=", out);
	put_cells("\033[2m", demo_opt.utf8 ? "·" : ".", none);
}

static void draw_client(const struct demo_run *run, const struct demo_client *c)
{
	char text[48];

	describe(c, text, sizeof(text));
	printf("  %5.1fs %-10s ", (double)(vuma_now_ns() - run->start_ns) / VUMA_SEC,
	       c->cfg.name);
	put_bar(c);
	printf(" %3.0f in memory %3.0f in swap  %s%s\n", IN_MIB(c->now.resident),
	       IN_MIB(c->now.cg_swap), text, demo_opt.tty ? "\033[K" : "");
}

static void draw(struct demo_run *run)
{
	unsigned int i;

	if (demo_opt.tty && run->drawn)
		printf("\033[%uA\r", run->drawn);
	for (i = 0; i < run->clients; i++)
		draw_client(run, &run->client[i]);
	run->drawn = run->clients;
	fflush(stdout);
}

void demo_watch(struct demo_run *run)
{
	int64_t every = demo_opt.tty ? DRAW_TTY_NS : DRAW_PLAIN_NS * run->clients;
	int64_t now = vuma_now_ns();
	unsigned int i;

	for (i = 0; i < run->clients; i++)
		demo_reap(&run->client[i]);
	if (now - run->last_sample_ns >= SAMPLE_NS) {
		run->last_sample_ns = now;
		sample(run);
	}
	if (now - run->last_draw_ns >= every) {
		run->last_draw_ns = now;
		draw(run);
	}
}

void demo_watch_end(struct demo_run *run)
{
	run->last_sample_ns = vuma_now_ns();
	sample(run);
	draw(run);
	run->drawn = 0;
}
