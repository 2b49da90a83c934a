// SPDX-License-Identifier: GPL-2.0
/* The result as a table for people, as CSV and JSON for programs, as plot data. */
#include <math.h>
#include <string.h>

#include "uma_bench_report.h"

static bool has_any(const struct result *res)
{
	for (size_t w = 0; w < WHO_COUNT; w++)
		if (res->series[w].count || res->series[w].na)
			return true;
	return false;
}

static void number(char *text, size_t len, double v)
{
	int digits = v < 10 ? 2 : v < 100 ? 1 : 0;

	snprintf(text, len, "%.*f", digits, v);
}

static void cell(FILE *out, int width, const struct series *s, double v)
{
	char text[32] = "-";

	if (s && s->count)
		number(text, sizeof(text), v);
	else if (s && s->na)
		snprintf(text, sizeof(text), "n/a");
	fprintf(out, " %*s", width, text);
}

static void ratio_cell(FILE *out, const struct compare *c)
{
	char text[32] = "-";

	if (c->pairs && isfinite(c->ratio))
		snprintf(text, sizeof(text), "%.2f", c->ratio);
	else if (c->pairs)
		snprintf(text, sizeof(text), "inf");
	fprintf(out, " %6s", text);
}

static void table_row(const struct report *r, const struct result *res, FILE *out)
{
	const struct series *vuma = &res->series[WHO_VUMA];
	const struct series *twin = &res->series[WHO_SHMEM];
	char pairs[32] = "";

	fprintf(out, "%-17s %4s", res->row->name, report_unit(r, res->row));
	cell(out, 8, vuma, vuma->median);
	cell(out, 8, vuma, vuma->p99);
	cell(out, 8, twin, twin->median);
	cell(out, 8, twin, twin->p99);
	ratio_cell(out, &res->twin);
	if (res->twin.pairs)
		snprintf(pairs, sizeof(pairs), "%zu/%zu", res->twin.better,
			 res->twin.pairs);
	fprintf(out, " %7s %-11s", pairs, verdict_text(res));
	cell(out, 8, res->tmpfs, res->tmpfs ? res->tmpfs->median : 0);
	cell(out, 8, res->floor, res->floor ? res->floor->median : 0);
	fprintf(out, "  %s\n", res->row->what);
}

static void table_reasons(const struct report *r, FILE *out)
{
	for (size_t i = 0; i < bench_row_count; i++)
		for (size_t w = 0; w < WHO_COUNT; w++) {
			const struct series *s = &r->results[i].series[w];

			if (s->na)
				fprintf(out, "n/a: %s, %s: %s\n", bench_rows[i].name,
					who_names[w], s->na);
		}
}

void print_table(const struct report *r, FILE *out)
{
	size_t worse = 0, better = 0, same = 0;

	for (size_t i = 0; i < r->meta_count; i++)
		fprintf(out, "%s\n", r->meta[i]);
	fprintf(out, "\n%-17s %4s %8s %8s %8s %8s %6s %7s %-11s %8s %8s\n", "", "",
		"vuma", "", "gem-shm", "", "vuma/", "vuma", "", "limit:", "limit:");
	fprintf(out, "%-17s %4s %8s %8s %8s %8s %6s %7s %-11s %8s %8s\n", "row", "unit",
		"median", "p99", "median", "p99", "shmem", "wins", "verdict", "tmpfs",
		"floor");
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct result *res = &r->results[i];

		if (!has_any(res))
			continue;
		table_row(r, res, out);
		worse += res->twin.verdict == VERDICT_WORSE;
		better += res->twin.verdict == VERDICT_BETTER;
		same += res->twin.verdict == VERDICT_SAME;
	}
	fputc('\n', out);
	table_reasons(r, out);
	fprintf(out, "vuma against gem-shmem: better in %zu rows, same in %zu, worse in %zu.\n",
		better, same, worse);
	fprintf(out, "ratio: median of the pairs; ");
	fprintf(out, "verdict: sign test at 99 %%, and more than 1 %%; ");
	fprintf(out, "p99 of fewer than 100 samples is their maximum.\n");
	fprintf(out, "tmpfs: the same work on plain tmpfs files, no DRM; ");
	fprintf(out, "floor: clear a page, or a system call. Per operation, lower is better.\n");
}

static void csv_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void csv_row(const struct report *r, const struct result *res, size_t who,
		    FILE *out)
{
	const struct series *s = &res->series[who];

	fprintf(out, "%s,%s,%s,%zu,%zu,%llu,", res->row->name,
		report_unit(r, res->row), who_names[who], s->count, s->warmup,
		(unsigned long long)s->ops);
	if (s->count)
		fprintf(out, "%.3f,%.3f,%.3f,%.3f,", s->median, s->p99, s->min, s->max);
	else
		fprintf(out, ",,,,");
	if (who == WHO_SHMEM && res->twin.pairs)
		fprintf(out, "%.4f,%zu,%zu,%s,", res->twin.ratio, res->twin.better,
			res->twin.pairs, verdict_text(res));
	else
		fprintf(out, ",,,,");
	csv_text(out, s->na ? s->na : "");
	fputc(',', out);
	csv_text(out, res->row->what);
	fputc('\n', out);
}

void print_csv(const struct report *r, FILE *out)
{
	for (size_t i = 0; i < r->meta_count; i++)
		fprintf(out, "# %s\n", r->meta[i]);
	fprintf(out, "row,unit,driver,samples,warmup_samples,ops_per_sample,median,p99,min,max,");
	fprintf(out, "vuma_over_this,vuma_better,pairs,vuma_verdict,not_applicable,what\n");
	for (size_t i = 0; i < bench_row_count; i++)
		for (size_t w = 0; w < WHO_COUNT; w++) {
			const struct result *res = &r->results[i];

			if (res->series[w].count || res->series[w].na)
				csv_row(r, res, w, out);
		}
}

static void json_text(FILE *out, const char *text, size_t len)
{
	fputc('"', out);
	for (; len && *text; text++, len--) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			fprintf(out, "\\u%04x", (unsigned int)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void json_series(const struct series *s, const char *name, FILE *out)
{
	fprintf(out, ", \"%s\": ", name);
	if (s->na) {
		fprintf(out, "{\"not_applicable\": ");
		json_text(out, s->na, strlen(s->na));
		fputc('}', out);
		return;
	}
	fprintf(out, "{\"samples\": %zu, \"ops\": %llu, \"median\": %.3f, \"p99\": %.3f, ",
		s->count, (unsigned long long)s->ops, s->median, s->p99);
	fprintf(out, "\"min\": %.3f, \"max\": %.3f}", s->min, s->max);
}

static void json_row(const struct report *r, const struct result *res, FILE *out)
{
	const struct compare *c = &res->twin;

	fprintf(out, "{\"row\": \"%s\", \"unit\": \"%s\", \"what\": ", res->row->name,
		report_unit(r, res->row));
	json_text(out, res->row->what, strlen(res->row->what));
	for (size_t w = 0; w < WHO_COUNT; w++)
		if (res->series[w].count || res->series[w].na)
			json_series(&res->series[w], who_names[w], out);
	if (c->pairs) {
		fprintf(out, ", \"vuma_over_shmem\": ");
		fprintf(out, isfinite(c->ratio) ? "%.4f" : "null", c->ratio);
		fprintf(out, ", \"pairs\": %zu, \"vuma_better\": %zu, \"verdict\": \"%s\"",
			c->pairs, c->better, verdict_text(res));
	}
	if (res->tmpfs)
		fprintf(out, ", \"limit_tmpfs\": %.3f", res->tmpfs->median);
	if (res->floor)
		fprintf(out, ", \"limit_floor\": %.3f", res->floor->median);
	fputc('}', out);
}

void print_json(const struct report *r, FILE *out)
{
	const char *sep = "";

	fprintf(out, "{\n  \"meta\": {");
	for (size_t i = 0; i < r->meta_count; i++) {
		const char *colon = strstr(r->meta[i], ": ");

		if (!colon)
			continue;
		fprintf(out, "%s\n    ", sep);
		json_text(out, r->meta[i], (size_t)(colon - r->meta[i]));
		fprintf(out, ": ");
		json_text(out, colon + 2, strlen(colon + 2));
		sep = ",";
	}
	fprintf(out, "\n  },\n  \"rows\": [");
	sep = "";
	for (size_t i = 0; i < bench_row_count; i++) {
		if (!has_any(&r->results[i]))
			continue;
		fprintf(out, "%s\n    ", sep);
		json_row(r, &r->results[i], out);
		sep = ",";
	}
	fprintf(out, "\n  ]\n}\n");
}

static void plot_value(const struct series *s, double base, FILE *out)
{
	if (s && s->count && s->median > 0)
		fprintf(out, " %.4f", s->median / base);
	else
		fprintf(out, " NaN");
}

/* Relative to gem-shmem, or to tmpfs where gem-shmem cannot do it. */
void print_plot(const struct report *r, FILE *out)
{
	fprintf(out, "row vuma gem-shmem tmpfs floor\n");
	for (size_t i = 0; i < bench_row_count; i++) {
		const struct result *res = &r->results[i];
		const struct series *twin = &res->series[WHO_SHMEM];
		const struct series *base = twin->count ? twin : res->tmpfs;

		if (!res->series[WHO_VUMA].count || !base || base->median <= 0 ||
		    res->row->unit == UNIT_PERCENT || res->row->info)
			continue;
		fprintf(out, "%s", res->row->name);
		plot_value(&res->series[WHO_VUMA], base->median, out);
		plot_value(twin, base->median, out);
		plot_value(res->tmpfs, base->median, out);
		plot_value(res->floor, base->median, out);
		fputc('\n', out);
	}
}
