/* SPDX-License-Identifier: GPL-2.0 */
/* What a sample file says, as numbers; printed by uma_bench_print.c. */
#ifndef UMA_BENCH_REPORT_H
#define UMA_BENCH_REPORT_H

#include "uma_bench.h"

#define META_MAX	64

struct sample {
	unsigned int round;
	double value;
};

/* All samples of one row by one competitor, in the order of the rounds. */
struct series {
	struct sample *samples;
	size_t count;
	size_t warmup;		/* left out of everything below */
	uint64_t ops;		/* of the last sample */
	char *na;		/* reason for there being none */
	double median;
	double p99;
	double min;
	double max;
};

enum verdict {
	VERDICT_NONE,		/* nothing to compare with */
	VERDICT_FEW,		/* too few pairs to say */
	VERDICT_SAME,
	VERDICT_BETTER,
	VERDICT_WORSE,
};

/* vuma against another competitor, round by round. */
struct compare {
	double ratio;		/* median of vuma / other */
	size_t pairs;
	size_t better;		/* pairs where vuma needs less */
	size_t ties;
	enum verdict verdict;
};

struct result {
	const struct row *row;
	struct series series[WHO_COUNT];
	struct compare twin;
	const struct series *tmpfs;	/* limit: same work, no DRM; may be NULL */
	const struct series *floor;	/* limit: no memory manager; may be NULL */
};

struct report {
	char *meta[META_MAX];
	size_t meta_count;
	const char *time_unit;
	struct result *results;	/* bench_row_count of them */
};

const char *report_unit(const struct report *r, const struct row *row);
/* Higher is better for a percentage, lower for everything else. */
const char *verdict_text(const struct result *res);

void print_table(const struct report *r, FILE *out);
void print_csv(const struct report *r, FILE *out);
void print_json(const struct report *r, FILE *out);
void print_plot(const struct report *r, FILE *out);

#endif /* UMA_BENCH_REPORT_H */
