// SPDX-License-Identifier: GPL-2.0
/* Runs a scene for all competitors in turn and writes down every value. */
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "uma_bench.h"

/* Also the names in the result; the first two are DRM drivers. */
const char *const who_names[WHO_COUNT] = {
	[WHO_VUMA] = "vuma",
	[WHO_SHMEM] = "vuma_shmem",
	[WHO_TMPFS] = "tmpfs",
};

/* Warm-up rounds come before round 0 and have negative numbers. */
static void emit_head(const struct actor *a, const char *row)
{
	const struct bench *b = a->bench;

	if (!row_find(row)) {
		fprintf(stderr, "uma-bench: no row is called %s\n", row);
		abort();
	}
	fprintf(b->samples, "%s,%s,%s%u,", row, who_names[a->who],
		b->warmup ? "-" : "", b->warmup ? b->round + 1 : b->round);
}

void emit(struct actor *a, const char *row, int64_t total, uint64_t ops)
{
	emit_head(a, row);
	fprintf(a->bench->samples, "%llu,%lld\n", (unsigned long long)ops,
		(long long)total);
}

void emit_na(struct actor *a, const char *row, const char *fmt, ...)
{
	va_list ap;

	emit_head(a, row);
	fprintf(a->bench->samples, "na,");
	va_start(ap, fmt);
	vfprintf(a->bench->samples, fmt, ap);
	va_end(ap);
	fputc('\n', a->bench->samples);
}

int fail(const struct actor *a, int err, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "uma-bench: %s: ", who_names[a->who]);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(-err));
	return err;
}

static bool who_wanted(const struct bench *b, enum who_id who)
{
	size_t len = strlen(who_names[who]);
	const char *p = b->only;

	if (!p)
		return true;
	while (*p) {
		size_t n = strcspn(p, ",");

		if (n == len && !strncmp(p, who_names[who], len))
			return true;
		p += n + (p[n] == ',');
	}
	return false;
}

/* A mount that nothing else sees, and that is gone with the descriptor. */
static int open_huge_tmpfs(void)
{
	char dir[] = "/tmp/uma-bench.XXXXXX";
	int fd = -1, err = 0;

	if (!mkdtemp(dir))
		return -errno;
	if (mount("uma-bench", dir, "tmpfs", 0, "huge=always")) {
		err = -errno;
		goto out;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err = -errno;
	if (umount2(dir, MNT_DETACH) && !err)
		err = -errno;
out:
	rmdir(dir);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int actor_open(struct actor *a, struct bench *b, enum who_id who,
		      const struct scene *s)
{
	int fd;

	memset(a, 0, sizeof(*a));
	a->bench = b;
	a->who = who;
	a->fd = -1;
	a->huge_fd = -1;
	if (who == WHO_TMPFS) {
		if (!s->huge)
			return 0;
		fd = open_huge_tmpfs();
		if (fd < 0)
			return fail(a, fd, "mount of tmpfs with huge=always");
		a->huge_fd = fd;
		return 0;
	}
	fd = vuma_open(who_names[who], 0, VUMA_NODE_RENDER);
	if (fd < 0)
		return fail(a, fd, "open of the render node");
	a->fd = fd;
	return 0;
}

static void actor_close(struct actor *a)
{
	if (a->fd >= 0)
		close(a->fd);
	if (a->huge_fd >= 0)
		close(a->huge_fd);
}

/*
 * Much of what a competitor frees is freed later, by workers and by RCU. Let that
 * happen before the next one's clock starts, or it pays for it.
 */
static int settle(void)
{
	const struct timespec nap = { .tv_nsec = 1000 * 1000 };

	nanosleep(&nap, NULL);
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		return -errno;
	nanosleep(&nap, NULL);
	return 0;
}

static int run_rounds(struct actor *actors, size_t n, const struct scene *s)
{
	struct bench *b = actors[0].bench;
	unsigned int warmup = s->warmup;
	unsigned int rounds = s->rounds * b->percent / 100;
	int err;

	if (!rounds)
		rounds = 1;
	for (unsigned int i = 0; i < warmup + rounds; i++) {
		b->warmup = i < warmup;
		b->round = b->warmup ? i : i - warmup;
		/* Everybody is first, and everybody follows everybody. */
		for (size_t k = 0; k < n; k++) {
			struct actor *a = &actors[(i + k) % n];

			err = settle();
			if (!err)
				err = s->round(a, s);
			if (err)
				return fail(a, err, "scene %s, round %u", s->name, i);
		}
	}
	return 0;
}

void scene_run(struct bench *b, const struct scene *s)
{
	struct actor actors[WHO_COUNT];
	size_t n = 0, ready = 0;
	int64_t start = vuma_now_ns();
	int err = 0;

	for (enum who_id who = 0; !err && who < WHO_COUNT; who++) {
		if (who == WHO_TMPFS ? s->no_tmpfs : s->only_tmpfs)
			continue;
		if (who_wanted(b, who) || s->only_tmpfs)
			err = actor_open(&actors[n++], b, who, s);
	}
	while (!err && s->setup && ready < n) {
		struct actor *a = &actors[ready++];

		err = s->setup(a, s);
		if (err)
			fail(a, err, "scene %s, setup", s->name);
	}
	if (!err && n)
		err = run_rounds(actors, n, s);
	while (s->teardown && ready)
		s->teardown(&actors[--ready], s);
	while (n)
		actor_close(&actors[--n]);
	if (ferror(b->samples) || fflush(b->samples))
		err = err ? err : -EIO;
	fprintf(stderr, "uma-bench: %-14s %s after %.1f s\n", s->name,
		err ? "FAILED" : "done", (double)(vuma_now_ns() - start) / 1e9);
	if (err)
		b->failed++;
}
