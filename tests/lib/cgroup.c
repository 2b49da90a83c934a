// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "file.h"

#define CGROUP_ROOT	"/sys/fs/cgroup"

static int write_path(const char *dir, const char *file, const char *text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return file_write(path, text);
}

int cgroup_create(struct cgroup *cg, const char *name)
{
	char parent[sizeof(cg->path)];
	int len, ret;

	len = snprintf(cg->path, sizeof(cg->path), "%s/%s", CGROUP_ROOT, name);
	if (len < 0 || (size_t)len >= sizeof(cg->path))
		return -ENAMETOOLONG;
	memcpy(parent, cg->path, len + 1);
	*strrchr(parent, '/') = '\0';
	ret = write_path(parent, "cgroup.subtree_control", "+memory");
	if (ret)
		return ret;
	return mkdir(cg->path, 0755) ? -errno : 0;
}

int cgroup_remove(struct cgroup *cg)
{
	if (!cg->path[0])
		return 0;
	if (rmdir(cg->path) && errno != ENOENT)
		return -errno;
	cg->path[0] = '\0';
	return 0;
}

int cgroup_destroy(struct cgroup *cg)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	int ret;

	if (!cg->path[0])
		return 0;
	write_path(cg->path, "cgroup.kill", "1");
	/* A killed task leaves its cgroup only when it has been scheduled. */
	while ((ret = cgroup_remove(cg)) == -EBUSY)
		nanosleep(&nap, NULL);
	return ret;
}

int cgroup_enter(const struct cgroup *cg)
{
	return write_path(cg->path, "cgroup.procs", "0");
}

int cgroup_leave(void)
{
	return write_path(CGROUP_ROOT, "cgroup.procs", "0");
}

int cgroup_write(const struct cgroup *cg, const char *file, const char *fmt, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(text))
		return -E2BIG;
	return write_path(cg->path, file, text);
}

int cgroup_read(const struct cgroup *cg, const char *file, char *text, size_t len)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	return file_read(path, text, len);
}

static int parse_u64(const char *text, uint64_t *value)
{
	char *end;

	if (!strncmp(text, "max", 3)) {
		*value = ~0ull;
		return 0;
	}
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno || end == text ? -EINVAL : 0;
}

int cgroup_read_u64(const struct cgroup *cg, const char *file, uint64_t *value)
{
	char text[64];
	int ret = cgroup_read(cg, file, text, sizeof(text));

	return ret ?: parse_u64(text, value);
}

int cgroup_read_key(const struct cgroup *cg, const char *file, const char *key,
		    uint64_t *value)
{
	size_t len = strlen(key);
	char text[8192];
	const char *line;
	int ret;

	ret = cgroup_read(cg, file, text, sizeof(text));
	if (ret)
		return ret;
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, len) && line[len] == ' ')
			return parse_u64(line + len + 1, value);
	}
	return -ENOENT;
}

int cgroup_reclaim(const struct cgroup *cg, uint64_t bytes)
{
	return cgroup_write(cg, "memory.reclaim", "%llu", (unsigned long long)bytes);
}
