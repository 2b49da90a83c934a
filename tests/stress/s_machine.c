// SPDX-License-Identifier: GPL-2.0
/*
 * No cgroup and no limit: buffers three times the size of the machine's memory, all of them
 * written, used by CPU and GPU, and verified to the last page. Nobody is killed.
 *
 * Stands for panthor-44 (memory really comes) and panthor-26, -27, -31 (an early OOM kill
 * where buffers could still be evicted) outside of cgroups, where kswapd does the work.
 */
#include <sys/sysinfo.h>

#include "crew.h"
#include "sheet.h"

#define HOGS	3
#define TIMES	3
#define BO_SIZE	VUMA_MIB
/* Each has a VM, and a file can have no more than 256. */
#define FILE_BOS	128

struct hog {
	unsigned int count;
	struct vuma_bo *bos;
	struct sheet *sheets;
};

static struct hog hog_new(unsigned int index, unsigned int count)
{
	struct hog h = { .count = count };
	unsigned int i;
	uint64_t page;
	int fd = -1;

	h.bos = calloc(count, sizeof(*h.bos));
	h.sheets = calloc(count, sizeof(*h.sheets));
	KT_TRUE(h.bos && h.sheets);
	for (i = 0; i < count; i++) {
		struct sheet *s = &h.sheets[i];

		if (i % FILE_BOS == 0)
			fd = dev_open(0);
		h.bos[i] = bo_new_mapped(fd, BO_SIZE, i & 1 ? DRM_VUMA_BO_HUGE : 0);
		*s = sheet_new(index * count + i, h.bos[i].map, BO_SIZE / PAGE);
		sheet_bind(s, &h.bos[i], 0);
		for (page = 0; page < s->pages; page++)
			sheet_cpu_write(s, page);
	}
	return h;
}

/* To the last page. */
static void hog_check(struct hog *h)
{
	unsigned int i;

	for (i = 0; i < h->count; i++)
		sheet_check_all(&h->sheets[i]);
}

static void hog(struct worker *w)
{
	struct hog *h = w->arg;

	while (worker_again(w))
		sheet_random(&h->sheets[worker_below(w, h->count)], &w->rng);
}

static uint64_t vmstat(const char *key)
{
	char line[128];
	uint64_t value = ~0ull;
	FILE *file = fopen("/proc/vmstat", "r");

	KT_TRUE(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ' ')
			value = strtoull(line + strlen(key), NULL, 10);
	fclose(file);
	KT_NE(value, ~0ull);
	return value;
}

static void three_times_memory(void)
{
	struct crew crew = { .evicts = true };
	uint64_t kills = vmstat("oom_kill");
	unsigned int each, i;
	struct sysinfo info;
	struct hog hogs[HOGS];

	KT_SYS(sysinfo(&info));
	/* Swap in memory would be in what it is to make free. */
	if (info.freeswap < TIMES * info.totalram)
		KT_SKIP("less swap than %u times the memory", TIMES);
	each = TIMES * info.totalram * info.mem_unit / BO_SIZE / HOGS;
	ktap_note("%u MiB in %llu MiB", HOGS * each,
		  (unsigned long long)(info.totalram * info.mem_unit / VUMA_MIB));
	for (i = 0; i < HOGS; i++) {
		hogs[i] = hog_new(i, each);
		crew_add(&crew, "hog", 1, hog, &hogs[i]);
	}
	crew_race(&crew);
	for (i = 0; i < HOGS; i++)
		hog_check(&hogs[i]);
	KT_EQ(vmstat("oom_kill"), kills);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_machine_three_times_its_memory_panthor-44", .timeout = 600,
	  .run = three_times_memory },
};

STRESS_PROGRAM(tests, NULL);
