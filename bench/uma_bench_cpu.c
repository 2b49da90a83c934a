// SPDX-License-Identifier: GPL-2.0
/* Life of a buffer as the CPU sees it: create, fault in, fault again, free. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proc.h"
#include "uma_bench.h"

#define CREATE_BATCH	128
#define CREATE_SIZE	(64 * VUMA_KIB)
#define FAULT_SIZE	(4 * VUMA_MIB)
#define HUGE_SIZE	(8 * VUMA_MIB)

/* Create and close without ever touching the content. */
static int create_round(struct actor *a, const struct scene *s)
{
	int64_t start = vuma_now_ns();

	(void)s;
	for (int i = 0; i < CREATE_BATCH; i++) {
		struct buf buf;
		int err = buf_create(&buf, a, CREATE_SIZE, false);

		if (!err)
			err = buf_destroy(&buf);
		if (err)
			return err;
	}
	emit(a, "create", vuma_now_ns() - start, CREATE_BATCH);
	return 0;
}

struct fault_rows {
	const char *write;
	const char *read;
	const char *rewrite;
	const char *scatter;
	const char *release;
};

static const struct fault_rows rows_4k = {
	"write-4k", "read-4k", "rewrite-4k", "scatter-4k", "free-4k",
};

static const struct fault_rows rows_huge = {
	"write-huge", "read-huge", "rewrite-huge", "scatter-huge", "free-huge",
};

/*
 * mmap() is part of what is timed: gem-shmem allocates all pages there and not in
 * the fault. All pages are in memory when reading starts; the mapping is new.
 */
static int timed_read(struct buf *buf, const char *row, uint64_t tag,
		      uint64_t (*read)(const struct buf *buf, uint64_t tag))
{
	uint64_t pages = buf->size / PAGE, wrong;
	int64_t start = vuma_now_ns();
	int err = buf_map(buf);

	if (err)
		return err;
	wrong = read(buf, tag);
	emit(buf->actor, row, vuma_now_ns() - start, pages);
	if (wrong)
		return fail(buf->actor, -EILSEQ, "%s: %llu of %llu pages wrong", row,
			    (unsigned long long)wrong, (unsigned long long)pages);
	return 0;
}

static int fault_cycle(struct buf *buf, const struct fault_rows *rows)
{
	uint64_t pages = buf->size / PAGE, tag = 0x1234567800000000ull;
	struct actor *a = buf->actor;
	int64_t start = vuma_now_ns();
	int err = buf_map(buf);

	if (err)
		return err;
	buf_write(buf, tag);
	emit(a, rows->write, vuma_now_ns() - start, pages);

	err = buf_unmap(buf);
	if (!err)
		err = timed_read(buf, rows->read, tag, buf_read);
	if (err)
		return err;
	start = vuma_now_ns();
	buf_write(buf, tag);
	emit(a, rows->rewrite, vuma_now_ns() - start, pages);

	err = buf_unmap(buf);
	if (!err)
		err = timed_read(buf, rows->scatter, tag, buf_read_scattered);
	if (err)
		return err;

	start = vuma_now_ns();
	err = buf_destroy(buf);
	emit(a, rows->release, vuma_now_ns() - start, pages);
	return err;
}

static int huge_share(struct buf *buf, uint64_t before)
{
	uint64_t now;
	int err = proc_key("/proc/meminfo", "ShmemHugePages", &now);

	if (!err)
		emit(buf->actor, "share-huge", (int64_t)(now - before) * 100, buf->size);
	return err;
}

static int fault_round(struct actor *a, const struct scene *s)
{
	struct buf buf;
	int err = buf_create(&buf, a, s->huge ? HUGE_SIZE : FAULT_SIZE, s->huge);

	if (err)
		return err;
	err = fault_cycle(&buf, s->huge ? &rows_huge : &rows_4k);
	if (err)
		buf_destroy(&buf);
	return err;
}

/* Apart from the timed scene: how much of a buffer huge folios really back. */
static int share_round(struct actor *a, const struct scene *s)
{
	struct buf buf;
	uint64_t before;
	int err, err2;

	err = proc_key("/proc/meminfo", "ShmemHugePages", &before);
	if (!err)
		err = buf_create(&buf, a, HUGE_SIZE, s->huge);
	if (err)
		return err;
	err = buf_map(&buf);
	if (!err) {
		buf_write(&buf, 1);
		err = huge_share(&buf, before);
	}
	err2 = buf_destroy(&buf);
	return err ? err : err2;
}

const struct scene scenes_cpu[] = {
	{ .name = "create", .rounds = 100, .warmup = 3, .round = create_round },
	{ .name = "fault", .rounds = 100, .warmup = 3, .round = fault_round },
	{ .name = "fault-huge", .rounds = 60, .warmup = 3, .huge = true,
	  .round = fault_round },
	{ .name = "huge-share", .rounds = 5, .huge = true, .round = share_round },
};

const size_t scenes_cpu_count = ARRAY_SIZE(scenes_cpu);
