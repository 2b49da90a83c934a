// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <linux/kcov.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kcov.h"

#define FILE_NAME	"/sys/kernel/debug/kcov"
#define WORDS		(1u << 16)
/* Places that can be told apart; a power of two, far more than the modules have. */
#define SLOTS		(1u << 17)

static const char *const modules[] = { "gem_uma", "vuma" };

static struct {
	uint64_t start, end;
} ranges[2];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Atomic uint64_t seen[SLOTS];
static atomic_uint total;

static void find_modules(void)
{
	FILE *file = fopen("/proc/modules", "re");
	unsigned long long start, size;
	char line[512], name[64];
	unsigned int i;

	while (file && fgets(line, sizeof(line), file))
		for (i = 0; i < 2; i++)
			if (sscanf(line, "%63s %llu %*s %*s %*s %llx", name, &size, &start) == 3 &&
			    !strcmp(name, modules[i])) {
				ranges[i].start = start;
				ranges[i].end = start + size;
			}
	if (file)
		fclose(file);
}

bool kcov_available(void)
{
	return !access(FILE_NAME, R_OK | W_OK);
}

bool kcov_start(struct kcov *kcov)
{
	pthread_once(&once, find_modules);
	kcov->fd = open(FILE_NAME, O_RDWR | O_CLOEXEC);
	if (kcov->fd < 0)
		return false;
	if (ioctl(kcov->fd, KCOV_INIT_TRACE, WORDS))
		goto fail;
	kcov->cover = mmap(NULL, WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
			   kcov->fd, 0);
	if (kcov->cover == MAP_FAILED)
		goto fail;
	if (!ioctl(kcov->fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return true;
	munmap(kcov->cover, WORDS * sizeof(uint64_t));
fail:
	close(kcov->fd);
	return false;
}

void kcov_reset(struct kcov *kcov)
{
	__atomic_store_n(&kcov->cover[0], 0, __ATOMIC_RELAXED);
}

static bool of_interest(uint64_t pc)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		if (pc >= ranges[i].start && pc < ranges[i].end)
			return true;
	return false;
}

/* True if nobody was here before. */
static bool add(uint64_t pc)
{
	uint32_t slot = (pc * 0x9e3779b97f4a7c15ull) >> 47, tries;
	uint64_t found;

	for (tries = 0; tries < SLOTS; tries++, slot++) {
		found = 0;
		if (atomic_compare_exchange_strong(&seen[slot % SLOTS], &found, pc))
			return true;
		if (found == pc)
			return false;
	}
	return false;
}

unsigned int kcov_collect(struct kcov *kcov)
{
	uint64_t i, n = __atomic_load_n(&kcov->cover[0], __ATOMIC_RELAXED);
	unsigned int fresh = 0;

	for (i = 0; i < n && i < WORDS - 1; i++) {
		uint64_t pc = __atomic_load_n(&kcov->cover[i + 1], __ATOMIC_RELAXED);

		if (of_interest(pc) && add(pc))
			fresh++;
	}
	atomic_fetch_add(&total, fresh);
	return fresh;
}

void kcov_stop(struct kcov *kcov)
{
	ioctl(kcov->fd, KCOV_DISABLE, 0);
	munmap(kcov->cover, WORDS * sizeof(uint64_t));
	close(kcov->fd);
}

unsigned int kcov_total(void)
{
	return atomic_load(&total);
}
