// SPDX-License-Identifier: GPL-2.0
/* Facts that the kernel tells in /proc. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "uma_bench.h"

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
	static const char *const not_kernel[] = {
		"nr_free_pages", "nr_file_pages", "nr_anon_pages",
	};
	uint64_t total, used = 0, pages;
	int err;

	/* Folds the per-CPU differences of all counters. */
	err = file_write("/proc/sys/vm/stat_refresh", "1");
	if (err)
		return err;
	err = percpu_free_pages(&used);
	for (size_t i = 0; !err && i < ARRAY_SIZE(not_kernel); i++) {
		err = proc_key("/proc/vmstat", not_kernel[i], &pages);
		used += pages;
	}
	if (!err)
		err = proc_key("/proc/meminfo", "MemTotal", &total);
	if (!err)
		*bytes = total - used * PAGE;
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

static bool have_swap(void)
{
	uint64_t bytes;

	return !proc_key("/proc/meminfo", "SwapTotal", &bytes) && bytes;
}

int proc_cgroup_create(const struct actor *a, const struct scene *s, struct cgroup *cg)
{
	char name[64];

	snprintf(name, sizeof(name), "bench-%s-%s", s->name, who_names[a->who]);
	return cgroup_create(cg, name);
}

int proc_cgroup_enter(const struct actor *a, const struct scene *s, struct cgroup *cg)
{
	int err;

	if (!have_swap())
		return fail(a, -ENODEV, "no swap");
	err = proc_cgroup_create(a, s, cg);
	return err ? err : cgroup_enter(cg);
}
