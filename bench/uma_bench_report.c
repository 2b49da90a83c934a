// SPDX-License-Identifier: GPL-2.0
/* Reads a sample file and makes statistics of it. Runs anywhere. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "uma_bench_report.h"

/* Below this many pairs not even a unanimous result is called one. */
#define PAIRS_MIN	8
/* Two-sided sign test, 99 %. */
#define SIGN_Z		2.58
/* A difference this small is nobody's concern, however certain. */
#define SAME		0.01

const char *report_unit(const struct report *r, const struct row *row)
{
	switch (row->unit) {
	case UNIT_BYTES:
		return "B";
	case UNIT_PERCENT:
		return "%";
	case UNIT_COUNT:
		return "n";
	default:
		return r->time_unit;
	}
}

const char *verdict_text(const struct result *res)
{
	bool time = res->row->unit == UNIT_TIME;

	switch (res->twin.verdict) {
	case VERDICT_FEW:
		return "few samples";
	case VERDICT_SAME:
		return "same";
	case VERDICT_BETTER:
		return time ? "faster" : "better";
	case VERDICT_WORSE:
		return time ? "SLOWER" : "WORSE";
	default:
		return "";
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of_sorted(const double *v, size_t n)
{
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* p99 is the nearest rank: with fewer than 100 samples it is the maximum. */
static int series_stats(struct series *s)
{
	double *v;

	if (!s->count)
		return 0;
	v = malloc(s->count * sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++)
		v[i] = s->samples[i].value;
	qsort(v, s->count, sizeof(*v), by_value);
	s->median = median_of_sorted(v, s->count);
	s->p99 = v[(size_t)ceil(0.99 * (double)s->count) - 1];
	s->min = v[0];
	s->max = v[s->count - 1];
	free(v);
	return 0;
}

static const struct sample *series_round(const struct series *s, unsigned int round)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->samples[i].round == round)
			return &s->samples[i];
	return NULL;
}

static enum verdict judge(const struct compare *c, bool more_is_better)
{
	size_t n = c->pairs - c->ties;
	double z;

	if (!c->pairs)
		return VERDICT_NONE;
	if (c->pairs < PAIRS_MIN)
		return VERDICT_FEW;
	if (!n || fabs(c->ratio - 1) < SAME)
		return VERDICT_SAME;
	z = fabs(2.0 * (double)c->better - (double)n) / sqrt((double)n);
	if (z < SIGN_Z)
		return VERDICT_SAME;
	return (2 * c->better > n) != more_is_better ? VERDICT_BETTER : VERDICT_WORSE;
}

static int compare(struct result *res, const struct series *other, struct compare *c)
{
	const struct series *vuma = &res->series[WHO_VUMA];
	double *ratios = malloc((vuma->count + 1) * sizeof(*ratios));

	if (!ratios)
		return -ENOMEM;
	for (size_t i = 0; i < vuma->count; i++) {
		const struct sample *a = &vuma->samples[i];
		const struct sample *b = series_round(other, a->round);

		if (!b)
			continue;
		c->better += a->value < b->value;
		c->ties += a->value <= b->value && a->value >= b->value;
		if (b->value > 0)
			ratios[c->pairs++] = a->value / b->value;
		else
			ratios[c->pairs++] = a->value > 0 ? INFINITY : 1;
	}
	if (c->pairs) {
		qsort(ratios, c->pairs, sizeof(*ratios), by_value);
		c->ratio = median_of_sorted(ratios, c->pairs);
	}
	if (!res->row->info)
		c->verdict = judge(c, res->row->unit == UNIT_PERCENT);
	free(ratios);
	return 0;
}

static struct result *result_find(const struct report *r, const char *name)
{
	const struct row *row = name ? row_find(name) : NULL;

	return row ? &r->results[row - bench_rows] : NULL;
}

static int compute(struct report *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < bench_row_count; i++)
		for (size_t w = 0; !err && w < WHO_COUNT; w++)
			err = series_stats(&r->results[i].series[w]);
	for (size_t i = 0; !err && i < bench_row_count; i++) {
		struct result *res = &r->results[i];
		const struct result *floor = result_find(r, res->row->floor);
		const struct result *tmpfs = result_find(r, res->row->tmpfs);

		err = compare(res, &res->series[WHO_SHMEM], &res->twin);
		res->tmpfs = &(tmpfs ? tmpfs : res)->series[WHO_TMPFS];
		res->floor = floor ? &floor->series[WHO_TMPFS] : NULL;
		if (res->tmpfs && !res->tmpfs->count)
			res->tmpfs = NULL;
		if (res->floor && !res->floor->count)
			res->floor = NULL;
	}
	return err;
}

static int add_sample(struct series *s, unsigned int round, uint64_t ops, double total)
{
	struct sample *grown;

	/* Powers of two are where the array is full. */
	if (!(s->count & (s->count - 1))) {
		size_t room = s->count ? s->count * 2 : 1;

		grown = realloc(s->samples, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->samples = grown;
	}
	s->samples[s->count].round = round;
	s->samples[s->count++].value = total / (double)ops;
	s->ops = ops;
	return 0;
}

/* row,who,round,ops,total or row,who,round,na,reason */
static int parse_line(struct report *r, char *line)
{
	char *field[5], *end;
	struct series *s;
	struct result *res;
	size_t who;
	uint64_t ops;

	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		field[i] = i + 1 < ARRAY_SIZE(field) ? strsep(&line, ",") : line;
		if (!field[i])
			return -EINVAL;
	}
	res = result_find(r, field[0]);
	for (who = 0; who < WHO_COUNT; who++)
		if (!strcmp(field[1], who_names[who]))
			break;
	if (!res || who == WHO_COUNT)
		return -EINVAL;
	s = &res->series[who];
	if (field[2][0] == '-') {
		s->warmup++;
		return 0;
	}
	if (!strcmp(field[3], "na")) {
		free(s->na);
		s->na = strdup(field[4]);
		return s->na ? 0 : -ENOMEM;
	}
	ops = strtoull(field[3], &end, 10);
	if (*end || !ops)
		return -EINVAL;
	return add_sample(s, (unsigned int)strtoul(field[2], NULL, 10), ops,
			  strtod(field[4], NULL));
}

static int parse_meta(struct report *r, const char *line)
{
	static const char unit[] = "time unit: ";

	line += 1 + (line[1] == ' ');
	if (r->meta_count == META_MAX)
		return -E2BIG;
	r->meta[r->meta_count] = strdup(line);
	if (!r->meta[r->meta_count])
		return -ENOMEM;
	if (!strncmp(line, unit, strlen(unit)))
		r->time_unit = r->meta[r->meta_count] + strlen(unit);
	r->meta_count++;
	return 0;
}

static int load(struct report *r, const char *path)
{
	FILE *file = fopen(path, "re");
	size_t size = 0, number = 0;
	char *line = NULL;
	int err = 0;

	if (!file) {
		perror(path);
		return -EIO;
	}
	while (!err && getline(&line, &size, file) >= 0) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#')
			err = parse_meta(r, line);
		else if (line[0])
			err = parse_line(r, line);
	}
	if (err)
		fprintf(stderr, "uma-bench: %s:%zu: %s\n", path, number,
			strerror(-err));
	free(line);
	fclose(file);
	return err;
}

static int print_to(const struct report *r, const char *path,
		    void (*print)(const struct report *r, FILE *out))
{
	FILE *out = fopen(path, "we");

	if (out) {
		print(r, out);
		if (!ferror(out) && !fclose(out))
			return 0;
	}
	perror(path);
	return -EIO;
}

static void report_free(struct report *r)
{
	for (size_t i = 0; r->results && i < bench_row_count; i++)
		for (size_t w = 0; w < WHO_COUNT; w++) {
			free(r->results[i].series[w].samples);
			free(r->results[i].series[w].na);
		}
	free(r->results);
	while (r->meta_count)
		free(r->meta[--r->meta_count]);
}

static const struct option options[] = {
	{ "csv", required_argument, NULL, 'c' },
	{ "json", required_argument, NULL, 'j' },
	{ "plot", required_argument, NULL, 'p' },
	{ }
};

static int report_print(const struct report *r, int argc, char **argv)
{
	int c, err = 0;

	optind = 1;
	while (!err && (c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (c) {
		case 'c':
			err = print_to(r, optarg, print_csv);
			break;
		case 'j':
			err = print_to(r, optarg, print_json);
			break;
		case 'p':
			err = print_to(r, optarg, print_plot);
			break;
		default:
			err = -EINVAL;
		}
	}
	print_table(r, stdout);
	return err;
}

int report_main(int argc, char **argv)
{
	struct report r = { .time_unit = "ns" };
	int err;

	if (argc < 2 || argv[argc - 1][0] == '-') {
		fputs("usage: uma-bench report [--csv F] [--json F] [--plot F] <samples>\n",
		      stderr);
		return 2;
	}
	r.results = calloc(bench_row_count, sizeof(*r.results));
	if (!r.results)
		return 1;
	for (size_t i = 0; i < bench_row_count; i++)
		r.results[i].row = &bench_rows[i];
	err = load(&r, argv[argc - 1]);
	if (!err)
		err = compute(&r);
	if (!err)
		err = report_print(&r, argc - 1, argv);
	report_free(&r);
	return err ? 1 : 0;
}
