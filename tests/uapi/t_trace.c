// SPDX-License-Identifier: GPL-2.0
/* Each tracepoint reports its event, with the right numbers. */
#include "arena.h"

#define MIB	VUMA_MIB
#define SIZE	(4 * MIB)
#define PAGES	(SIZE / PAGE)
#define TRACEFS	"/sys/kernel/tracing/"

static void trace_write(const char *name, const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), TRACEFS "%s", name);
	file = fopen(path, "w");
	if (!file)
		KT_SKIP("no %s", path);
	fputs(text, file);
	KT_EQ(fclose(file), 0);
}

static void trace_on(void)
{
	trace_write("events/gem_uma/enable", "1");
	trace_write("trace", "");
}

static void trace_off(void)
{
	FILE *file = fopen(TRACEFS "events/gem_uma/enable", "w");

	arena_cleanup();
	if (!file)
		return;
	fputs("0", file);
	fclose(file);
}

/* Events of the first device so far; adds up what follows @key in them. */
static unsigned int trace_count(const char *event, const char *key, uint64_t *sum)
{
	FILE *file = fopen(TRACEFS "trace", "r");
	unsigned int count = 0;
	char line[512], name[64];
	const char *at;

	KT_TRUE(file);
	snprintf(name, sizeof(name), " gem_uma_%s: dev=vuma.0 ", event);
	*sum = 0;
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, name))
			continue;
		count++;
		at = strstr(line, key);
		KT_TRUE(at);
		*sum += strtoull(at + strlen(key), NULL, 0);
	}
	fclose(file);
	return count;
}

static void coming_and_going(void)
{
	struct vuma_bo bo;
	struct cgroup cg = arena_enter("a");
	uint64_t sum;
	int fd;

	fd = dev_open(0);
	trace_on();
	bo = bo_new_mapped(fd, SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 7);
	KT_GE(trace_count("fault", " write=", &sum), 1);
	KT_GE(sum, 1);
	KT_GE(trace_count("populate", " pages=", &sum), 1);
	KT_EQ(sum, PAGES);
	KT_EQ(trace_count("restore", " swapped=", &sum), 0);

	arena_evict(&cg, &bo, 1);
	KT_GE(trace_count("evict", " pages=", &sum), 1);
	KT_GE(sum, PAGES);
	KT_GE(trace_count("stage", " looked=", &sum), 1);
	KT_GE(sum, 1);
	KT_EQ(trace_count("scan_end", " freed=", &sum), trace_count("scan_start", " nid=", &sum));

	trace_write("trace", "");
	verify_pattern(bo.map, SIZE, 1, 7);
	KT_GE(trace_count("restore", " swapped=", &sum), 1);
	KT_GE(sum, 1);
	KT_GE(trace_count("populate", " pages=", &sum), 1);
	KT_EQ(sum, PAGES);
	KT_EQ(trace_count("purge", " pages=", &sum), 0);
}

/* Half of a buffer is in swap. Touching the other half reads nothing from there. */
static void half_swapped(void)
{
	struct vuma_bo bo;
	struct cgroup cg;
	uint64_t sum;
	int fd;

	need_reclaim();
	cg = arena_enter("a");
	fd = dev_open(0);
	bo = bo_new_mapped(fd, SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE / 2, 1, 7);
	arena_evict(&cg, &bo, 1);
	trace_on();
	vuma_pattern_fill(bo.map + SIZE / 2, SIZE / 2, 1, 8);
	KT_GE(trace_count("populate", " pages=", &sum), 1);
	KT_EQ(trace_count("restore", " swapped=", &sum), 0);
	trace_write("trace", "");
	verify_pattern(bo.map, SIZE / 2, 1, 7);
	KT_GE(trace_count("restore", " swapped=", &sum), 1);
	KT_LE(sum, PAGES / 2);
}

static void purging(void)
{
	uint64_t finals, pages;
	struct vuma_bo bo;
	struct cgroup cg = arena_enter("a");
	int fd;

	fd = dev_open(0);
	bo = bo_new_mapped(fd, SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 7);
	trace_on();
	KT_EQ(bo_advise(&bo, DRM_VUMA_MADV_DONTNEED), 1);
	arena_squeeze(&cg, 2 * SIZE);
	KT_EQ(trace_count("purge", " pages=", &pages), 1);
	KT_EQ(pages, PAGES);
	trace_count("purge", " final=", &finals);
	KT_EQ(finals, 1);
}

static const struct ktap_test tests[] = {
	{ .name = "trace_tells_of_pages_that_come_and_go", .run = coming_and_going },
	{ .name = "trace_restores_count_what_is_in_swap", .run = half_swapped },
	{ .name = "trace_tells_of_a_purge", .run = purging },
};

TEST_PROGRAM(tests, trace_off);
