// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "proc.h"

#define WEIGH_TRIES	3

/* First number after @key, at the start of a line. "kB" is made bytes. */
int proc_key(const char *path, const char *key, uint64_t *value)
{
	size_t len = strlen(key);
	FILE *file = fopen(path, "re");
	char line[512];
	int err = -ENOENT;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		char *end;

		if (strncmp(line, key, len) || !strchr(": \t\n", line[len]))
			continue;
		*value = strtoull(line + len + strspn(line + len, ": \t"), &end, 10);
		if (strstr(end, "kB"))
			*value *= 1024;
		err = 0;
		break;
	}
	fclose(file);
	return err;
}

/* Sum of "count:" of the per-CPU free lists: free pages that MemFree omits. */
static int percpu_free_pages(uint64_t *pages)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	unsigned long long count;
	char line[512];

	if (!file)
		return -errno;
	*pages = 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %llu", &count) == 1)
			*pages += count;
	fclose(file);
	return 0;
}

/*
 * By exclusion, so that nothing can hide: slab, large kmalloc, vmalloc, page
 * tables, per-CPU memory, stacks, and pages from alloc_pages() that no counter
 * knows. Page cache (tmpfs and BO contents) and anonymous memory are not ours.
 */
int proc_kernel_bytes(uint64_t *bytes)
{
	static const char * const not_kernel[] = {
		"nr_free_pages", "nr_file_pages", "nr_anon_pages",
	};
	uint64_t total, used = 0, pages;
	unsigned int i;
	int err;

	/* Folds the per-CPU differences of all counters. */
	err = file_write("/proc/sys/vm/stat_refresh", "1");
	if (err)
		return err;
	err = percpu_free_pages(&used);
	for (i = 0; !err && i < sizeof(not_kernel) / sizeof(*not_kernel); i++) {
		err = proc_key("/proc/vmstat", not_kernel[i], &pages);
		used += pages;
	}
	if (!err)
		err = proc_key("/proc/meminfo", "MemTotal", &total);
	if (!err)
		*bytes = total - used * sysconf(_SC_PAGESIZE);
	return err;
}

/*
 * SLUB keeps empty slabs in per-CPU and per-node lists, up to hundreds of KiB of
 * each cache; they would hide what is allocated from them afterwards.
 */
int proc_shrink_slabs(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		char path[300];

		/* Links are merged caches: other names of the directories. */
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink",
			 entry->d_name);
		err = file_write(path, "1");
		/* A cache that went away between the two calls. */
		if (err == -ENOENT || err == -ENODEV)
			err = 0;
	}
	closedir(dir);
	return err;
}

/* What was freed a moment ago waits for RCU, and then in caches of the allocator. */
static int settle(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return -errno;
	return proc_shrink_slabs();
}

/*
 * Workers free, too, and nobody tells when they are done. Looking costs a few pages
 * itself, given back at every third look or so: the least of some is the truth.
 */
int proc_weigh_kernel(uint64_t *bytes)
{
	const struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };
	uint64_t now;
	int err = 0;

	*bytes = UINT64_MAX;
	for (int i = 0; !err && i < WEIGH_TRIES; i++) {
		nanosleep(&nap, NULL);
		err = settle();
		if (!err)
			err = proc_kernel_bytes(&now);
		if (!err && now < *bytes)
			*bytes = now;
	}
	return err;
}
