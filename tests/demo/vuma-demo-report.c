// SPDX-License-Identifier: GPL-2.0
/* What is left of the runs: sums, the table, JSON. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "vuma-demo.h"

static const struct {
	const char *name;	/* in JSON */
	const char *loud;	/* in the table */
} outcomes[] = {
	[OUTCOME_OK] = { "ok", "ok" },
	[OUTCOME_OOM_KILLED] = { "oom-killed", "OOM-KILLED" },
	[OUTCOME_ENOMEM] = { "enomem", "ENOMEM" },
	[OUTCOME_BUS_ERROR] = { "bus-error", "BUS-ERROR" },
	[OUTCOME_CORRUPT] = { "corrupt", "CORRUPT" },
	[OUTCOME_NOT_RECLAIMED] = { "not-reclaimed", "NO RECLAIM" },
	[OUTCOME_STALLED] = { "timeout", "TIMEOUT" },
	[OUTCOME_SLOWED] = { "slowed", "SLOWED" },
	[OUTCOME_ERROR] = { "error", "ERROR" },
};

const char *demo_driver_name(const struct demo_run *run)
{
	return strcmp(run->driver, "vuma") ? "shmem" : "vuma";
}

const char *demo_outcome_name(enum demo_outcome outcome)
{
	return outcomes[outcome].loud;
}

/* Over the clients of a run, each of them @c. */
#define SUM(_run, _of_c) ({						\
	const struct demo_client *c, *end_ = (_run)->client + (_run)->clients;	\
	uint64_t sum_ = 0;						\
									\
	for (c = (_run)->client; c < end_; c++)				\
		sum_ += (_of_c);					\
	sum_;								\
})
#define SUM_STAT(_run, _field)	SUM(_run, c->stat ? c->stat->_field : 0)

/* Every client checks all of its words and sums as often as it was asked to. */
uint64_t demo_expected_bytes(const struct demo_run *run)
{
	return SUM(run, c->cpu_rounds * c->cfg.bytes);
}

/* Jobs of STEP_LOOP come on top of these. */
uint64_t demo_expected_gpu_bytes(const struct demo_run *run)
{
	return SUM(run, c->gpu_rounds * c->cfg.bytes);
}

uint64_t demo_verified_bytes(const struct demo_run *run)
{
	return SUM_STAT(run, cpu_checked);
}

uint64_t demo_mismatches(const struct demo_run *run)
{
	return SUM_STAT(run, bad_words) + SUM_STAT(run, bad_sums);
}

uint64_t demo_jobs(const struct demo_run *run)
{
	return SUM_STAT(run, gpu_jobs);
}

uint64_t demo_gpu_bytes(const struct demo_run *run)
{
	return SUM_STAT(run, gpu_checked);
}

uint64_t demo_evicted(const struct demo_run *run)
{
	return SUM(run, c->now.evicted_total);
}

uint64_t demo_restored(const struct demo_run *run)
{
	return SUM(run, c->now.restored_total);
}

uint64_t demo_wanted(const struct demo_run *run)
{
	return SUM(run, c->cfg.bytes);
}

static bool file_has(const char *path, const char *text)
{
	char line[256];
	bool has = false;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while (!has && fgets(line, sizeof(line), f))
		has = strstr(line, text);
	fclose(f);
	return has;
}

/* As the machine gives itself away. */
const char *demo_accel(void)
{
	if (file_has("/proc/cpuinfo", "TCG"))
		return "tcg";
	if (file_has("/sys/devices/system/clocksource/clocksource0/available_clocksource",
		     "kvm-clock"))
		return "kvm";
	return "unknown";
}

#define LABEL_WIDTH	34
#define CELL_WIDTH	11

enum row {
	ROW_OUTCOME,
	ROW_WANTED,
	ROW_PEAK,
	ROW_EVICTED,
	ROW_RESTORED,
	ROW_JOBS,
	ROW_VERIFIED,
	ROW_CHECKSUMMED,
	ROW_MISMATCHES,
	ROW_SECONDS,
	ROWS,
};

static const char *const row_labels[ROWS] = {
	[ROW_OUTCOME] = "outcome",
	[ROW_WANTED] = "buffers of all clients, MiB",
	[ROW_PEAK] = "peak resident (in memory), MiB",
	[ROW_EVICTED] = "evicted, in all, MiB",
	[ROW_RESTORED] = "restored, in all, MiB",
	[ROW_JOBS] = "GPU jobs",
	[ROW_VERIFIED] = "verified by CPU, every word, MiB",
	[ROW_CHECKSUMMED] = "verified by GPU checksum, MiB",
	[ROW_MISMATCHES] = "mismatches",
	[ROW_SECONDS] = "seconds",
};

static void cell_text(const struct demo_run *run, enum row row, char *text, size_t len)
{
	const uint64_t number[ROWS] = {
		[ROW_WANTED] = demo_wanted(run) / MIB,
		[ROW_PEAK] = run->peak_resident / MIB,
		[ROW_EVICTED] = demo_evicted(run) / MIB,
		[ROW_RESTORED] = demo_restored(run) / MIB,
		[ROW_JOBS] = demo_jobs(run),
		[ROW_VERIFIED] = demo_verified_bytes(run) / MIB,
		[ROW_CHECKSUMMED] = demo_gpu_bytes(run) / MIB,
		[ROW_MISMATCHES] = demo_mismatches(run),
	};

	if (row == ROW_OUTCOME)
		snprintf(text, len, "%s", demo_outcome_name(run->outcome));
	else if (row == ROW_SECONDS)
		snprintf(text, len, "%.1f", run->seconds);
	/* Where nothing was compared, no mismatch is no merit. */
	else if (row == ROW_MISMATCHES && !demo_verified_bytes(run) && !demo_gpu_bytes(run))
		snprintf(text, len, "-");
	else
		snprintf(text, len, "%llu", (unsigned long long)number[row]);
}

static void table_cell(const struct demo_run *run, enum row row)
{
	bool paint = demo_opt.colour && row == ROW_OUTCOME;
	char text[32];

	cell_text(run, row, text, sizeof(text));
	if (paint)
		fputs(run->outcome == OUTCOME_OK ? "\033[1;32m" : "\033[1;31m", stdout);
	printf("%*s", CELL_WIDTH, text);
	if (paint)
		fputs("\033[0m", stdout);
}

static void table_notes(const struct demo_pair *pair, unsigned int scenes)
{
	uint64_t orig = 0, used = 0;
	unsigned int i;

	putchar('\n');
	for (i = 0; i < scenes * DEMO_DRIVERS; i++) {
		const struct demo_run *run = &pair[i / DEMO_DRIVERS].run[i % DEMO_DRIVERS];

		if (run->zram_orig > orig) {
			orig = run->zram_orig;
			used = run->zram_used;
		}
		if (run->outcome != OUTCOME_OK)
			printf(" %s, %s: %s.\n", run->scene->title, demo_driver_name(run),
			       run->detail);
		if (run->has_rate)
			printf(" %s, %s: foreground jobs/s %.0f before, %.0f during, %.0f after.\n",
			       run->scene->title, demo_driver_name(run), run->rate[0],
			       run->rate[1], run->rate[2]);
	}
	if (!strcmp(demo_accel(), "tcg"))
		printf(" Rates of an emulated machine move with the load of its host.\n");
	if (used)
		printf(" At its fullest, swap held %llu MiB in %llu MiB of memory.\n",
		       (unsigned long long)(orig / MIB), (unsigned long long)(used / MIB));
}

static void table_head(const struct demo_pair *pair, unsigned int scenes)
{
	unsigned int i, d;

	printf("\n== The same program on the same GPU, two memory managers\n\n %-*s",
	       LABEL_WIDTH, "");
	for (i = 0; i < scenes; i++) {
		const char *title = pair[i].run[0].scene->title;
		int right = (CELL_WIDTH * DEMO_DRIVERS - (int)strlen(title)) / 2;

		printf("%*s%*s", CELL_WIDTH * DEMO_DRIVERS - right, title,
		       i + 1 < scenes ? right : 0, "");
	}
	printf("\n %-*s", LABEL_WIDTH, "");
	for (i = 0; i < scenes; i++) {
		for (d = 0; d < DEMO_DRIVERS; d++)
			printf("%*s", CELL_WIDTH, demo_driver_name(&pair[i].run[d]));
	}
	printf("\n ");
	for (i = 0; i < LABEL_WIDTH + scenes * DEMO_DRIVERS * CELL_WIDTH; i++)
		putchar('-');
	putchar('\n');
}

void demo_table(const struct demo_pair *pair, unsigned int scenes)
{
	unsigned int i, d;
	enum row row;

	table_head(pair, scenes);
	for (row = 0; row < ROWS; row++) {
		printf(" %-*s", LABEL_WIDTH, row_labels[row]);
		for (i = 0; i < scenes; i++) {
			for (d = 0; d < DEMO_DRIVERS; d++)
				table_cell(&pair[i].run[d], row);
		}
		putchar('\n');
	}
	table_notes(pair, scenes);
	fflush(stdout);
}

static void json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', f);
		if ((unsigned char)*s >= ' ')
			fputc(*s, f);
	}
	fputc('"', f);
}

static void json_u64(FILE *f, const char *key, uint64_t value)
{
	fprintf(f, ", \"%s\": %llu", key, (unsigned long long)value);
}

static void json_client(FILE *f, const struct demo_client *c)
{
	static const struct demo_stat none;
	const struct demo_stat *s = c->stat ? c->stat : &none;

	fprintf(f, "        {\"name\": \"%s\"", c->cfg.name);
	json_u64(f, "bytes", c->cfg.bytes);
	if (c->limit)
		json_u64(f, "limit_bytes", c->limit);
	json_u64(f, "written_bytes", s->written);
	json_u64(f, "jobs", s->gpu_jobs);
	json_u64(f, "bytes_verified", s->cpu_checked);
	json_u64(f, "gpu_bytes_checksummed", s->gpu_checked);
	json_u64(f, "wrong_words", s->bad_words);
	json_u64(f, "wrong_checksums", s->bad_sums);
	json_u64(f, "submit_retries", s->retries);
	json_u64(f, "evicted_bytes", c->now.evicted_total);
	json_u64(f, "restored_bytes", c->now.restored_total);
	json_u64(f, "peak_resident_bytes", c->peak_resident);
	json_u64(f, "peak_charged_bytes", c->peak_charged);
	fprintf(f, ", \"oom_killed\": %s}", c->oom_killed ? "true" : "false");
}

static void json_run(FILE *f, const struct demo_run *run)
{
	unsigned int i;

	fprintf(f, "    {\"name\": \"%s\", \"driver\": \"%s\", \"outcome\": \"%s\"",
		run->scene->name, demo_driver_name(run), outcomes[run->outcome].name);
	fprintf(f, ", \"detail\": ");
	json_string(f, run->detail);
	fprintf(f, ",\n      \"seconds\": %.2f", run->seconds);
	json_u64(f, "bytes_wanted", demo_wanted(run));
	json_u64(f, "bytes_verified", demo_verified_bytes(run));
	json_u64(f, "bytes_expected", demo_expected_bytes(run));
	json_u64(f, "gpu_bytes_checksummed", demo_gpu_bytes(run));
	json_u64(f, "mismatches", demo_mismatches(run));
	json_u64(f, "evicted_bytes", demo_evicted(run));
	json_u64(f, "restored_bytes", demo_restored(run));
	json_u64(f, "jobs", demo_jobs(run));
	json_u64(f, "peak_resident_bytes", run->peak_resident);
	json_u64(f, "peak_swap_bytes", run->peak_swap);
	json_u64(f, "leftover_bytes", run->leftover);
	json_u64(f, "zram_data_bytes", run->zram_orig);
	json_u64(f, "zram_memory_bytes", run->zram_used);
	if (run->has_rate) {
		json_u64(f, "reclaimed_bytes", run->reclaimed);
		fprintf(f, ",\n      \"foreground_jobs_per_second\": ");
		fprintf(f, "{\"before\": %.1f, \"during\": %.1f, \"after\": %.1f}", run->rate[0],
			run->rate[1], run->rate[2]);
	}
	fputs(",\n      \"clients\": [\n", f);
	for (i = 0; i < run->clients; i++) {
		json_client(f, &run->client[i]);
		fputs(i + 1 < run->clients ? ",\n" : "\n", f);
	}
	fputs("      ]}", f);
}

int demo_json(const char *path, const struct demo_pair *pair, unsigned int scenes)
{
	struct utsname u = { .release = "?" };
	unsigned int i, d;
	FILE *f = fopen(path, "we");
	int ret = 0;

	if (!f)
		return -errno;
	uname(&u);
	fprintf(f, "{\n  \"kernel\": ");
	json_string(f, u.release);
	fprintf(f, ", \"git\": ");
	json_string(f, demo_opt.git);
	fprintf(f, ", \"accel\": ");
	json_string(f, demo_accel());
	json_u64(f, "seed", demo_opt.seed);
	json_u64(f, "ram_bytes", demo_opt.ram);
	fputs(",\n  \"scenes\": [\n", f);
	for (i = 0; i < scenes; i++) {
		for (d = 0; d < DEMO_DRIVERS; d++) {
			json_run(f, &pair[i].run[d]);
			fputs(i + 1 < scenes || d + 1 < DEMO_DRIVERS ? ",\n" : "\n", f);
		}
	}
	fputs("  ]\n}\n", f);
	if (ferror(f))
		ret = -EIO;
	if (fclose(f))
		ret = -errno;
	return ret;
}
