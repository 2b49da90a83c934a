// SPDX-License-Identifier: GPL-2.0
#include <glob.h>
#include <sys/stat.h>

#include "arena.h"
#include "squeeze.h"

#define DEVICES		"/sys/kernel/debug/dri/vuma.*/"
#define FIRST		"/sys/kernel/debug/dri/vuma.0/"
#define SHRINKERS	"/sys/kernel/debug/shrinker/drm-gem-uma:*/"
#define MAX_PAGES	256
/* memory.reclaim sleeps when it makes no progress: then rather once for much. */
#define RECLAIM_BYTES	VUMA_MIB
/* Beside buffers: what the processes themselves need. */
#define HIGH_MARGIN	(256 * VUMA_KIB)

/* Writes to all files that match; a device that goes away meanwhile is no mistake. */
static void write_all(const char *pattern, const char *text)
{
	glob_t found;
	size_t i;
	int fd;

	if (glob(pattern, 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++) {
		fd = open(found.gl_pathv[i], O_WRONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write(fd, text, strlen(text)) < 0 && errno != ENODEV && errno != ENOENT &&
		    errno != EIO && errno != EINTR && errno != EAGAIN)
			KT_FAIL("%s to %s: %s", text, found.gl_pathv[i], strerror(errno));
		close(fd);
	}
	globfree(&found);
}

static void scan_shrinkers(const struct cgroup *cg, uint64_t pages)
{
	struct stat st;
	char line[96];

	KT_SYS(stat("/sys/fs/cgroup", &st));
	snprintf(line, sizeof(line), "%llu 0 %llu", (unsigned long long)st.st_ino,
		 (unsigned long long)pages);
	write_all(SHRINKERS "scan", line);
	if (!cg || stat(cg->path, &st))
		return;
	snprintf(line, sizeof(line), "%llu 0 %llu", (unsigned long long)st.st_ino,
		 (unsigned long long)pages);
	write_all(SHRINKERS "scan", line);
}

static void push_high(const struct cgroup *cg, uint64_t pages)
{
	uint64_t now = arena_current(cg);

	now = now > pages * PAGE + HIGH_MARGIN ? now - pages * PAGE : HIGH_MARGIN;
	KT_OK(cgroup_write(cg, "memory.high", "%llu", (unsigned long long)now));
	KT_OK(cgroup_write(cg, "memory.high", "max"));
}

bool squeeze_available(enum squeeze how)
{
	glob_t found;
	bool any;

	if (how != SQUEEZE_SCAN)
		return true;
	any = !glob(SHRINKERS "scan", 0, NULL, &found);
	globfree(&found);
	return any;
}

void squeeze_once(enum squeeze how, const struct cgroup *cg, uint64_t pages)
{
	char text[32];

	switch (how) {
	case SQUEEZE_SHRINK:
		snprintf(text, sizeof(text), "%llu", (unsigned long long)pages);
		write_all(DEVICES "shrink", text);
		break;
	case SQUEEZE_SCAN:
		scan_shrinkers(cg, pages);
		break;
	case SQUEEZE_RECLAIM:
		if (cg)
			arena_squeeze(cg, RECLAIM_BYTES);
		break;
	case SQUEEZE_DROP:
		write_all("/proc/sys/vm/drop_caches", "2");
		break;
	case SQUEEZE_HIGH:
		if (cg)
			push_high(cg, pages);
		break;
	default:
		KT_FAIL("no way to squeeze: %d", how);
	}
}

void squeeze_random(unsigned int mask, const struct cgroup *cg, uint64_t *rng)
{
	enum squeeze how;

	do {
		how = vuma_random(rng) % SQUEEZES;
	} while (!(mask & 1u << how));
	/* It walks through everything in the machine, so not as often as the others. */
	if (how == SQUEEZE_DROP && mask & 1u << SQUEEZE_RECLAIM && vuma_random(rng) % 8)
		how = SQUEEZE_RECLAIM;
	/* A task over memory.high sleeps, and races with nobody. */
	if (how != SQUEEZE_HIGH && squeeze_available(how))
		squeeze_once(how, cg, 1 + vuma_random(rng) % MAX_PAGES);
}

uint64_t squeezed_kib(void)
{
	unsigned long long found, sum = 0;
	char line[256], *text;
	FILE *file = fopen(FIRST "gems", "re");

	KT_TRUE(file);
	while (fgets(line, sizeof(line), file)) {
		text = strstr(line, "evicted so far ");
		if (text && sscanf(text, "evicted so far %llu KiB", &found) == 1)
			sum = found;
	}
	fclose(file);
	return sum;
}
