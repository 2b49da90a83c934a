/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uma-bench: what the operations of a buffer object cost, in vuma, in its
 * gem-shmem twin, and on plain tmpfs files as the limit for both.
 *
 * A scene is a piece of work that is done by every competitor in turn. It emits
 * one value per row, and is repeated in rounds: A B L, B L A, L A B, A B L, ...
 * so that drift of the machine hits all of them alike. Values are kept raw in
 * the sample file; "uma-bench report" makes tables from it, on any machine.
 */
#ifndef UMA_BENCH_H
#define UMA_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cgroup.h"
#include "vuma_client.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE 4096ull

enum who_id {
	WHO_VUMA,
	WHO_SHMEM,	/* the gem-shmem twin */
	WHO_TMPFS,	/* plain files on tmpfs: no DRM at all */
	WHO_COUNT,
};

enum unit {
	UNIT_TIME,	/* ns, or instructions under -icount */
	UNIT_BYTES,
	UNIT_PERCENT,
	UNIT_COUNT,
};

/* One line of the result. */
struct row {
	const char *name;
	enum unit unit;
	const char *what;
	const char *floor;	/* row of scene "limits" it cannot beat, or NULL */
	bool info;		/* neither more nor less is better */
	const char *tmpfs;	/* row whose tmpfs value is the limit, NULL: this one */
};

extern const struct row bench_rows[];
extern const size_t bench_row_count;
const struct row *row_find(const char *name);
extern const char *const who_names[WHO_COUNT];

struct bench {
	FILE *samples;
	const char *only;	/* comma list of competitors, or NULL for all */
	unsigned int percent;	/* of the usual number of rounds */
	int cpu;
	unsigned int round;
	bool warmup;
	unsigned int failed;	/* scenes */
};

/* One competitor in one scene. */
struct actor {
	struct bench *bench;
	enum who_id who;
	int fd;		/* of the DRM device, or of the tmpfs directory */
	int huge_fd;	/* tmpfs mounted with huge=always */
	void *state;	/* of the scene, from setup to teardown */
};

/*
 * All functions return 0 or a negative errno that ends the scene. A competitor
 * that cannot do the work at all emits a reason instead, by emit_na().
 */
struct scene {
	const char *name;
	unsigned int rounds;
	unsigned int warmup;	/* rounds before these; kept in the file, marked */
	bool huge;
	bool no_tmpfs;
	bool only_tmpfs;
	bool by_name;		/* not in "all" */
	int (*setup)(struct actor *a, const struct scene *s);
	int (*round)(struct actor *a, const struct scene *s);
	void (*teardown)(struct actor *a, const struct scene *s);
};

extern const struct scene scenes_cpu[];
extern const size_t scenes_cpu_count;
extern const struct scene scenes_gpu[];
extern const size_t scenes_gpu_count;
extern const struct scene scenes_vm[];
extern const size_t scenes_vm_count;
extern const struct scene scenes_flip[];
extern const size_t scenes_flip_count;
extern const struct scene scenes_kmem[];
extern const size_t scenes_kmem_count;
extern const struct scene scenes_reclaim[];
extern const size_t scenes_reclaim_count;
extern const struct scene scenes_restore[];
extern const size_t scenes_restore_count;
extern const struct scene scenes_share[];
extern const size_t scenes_share_count;
extern const struct scene scenes_scan[];
extern const size_t scenes_scan_count;
extern const struct scene scenes_heap[];
extern const size_t scenes_heap_count;
extern const struct scene scenes_limits[];
extern const size_t scenes_limits_count;

/* uma_bench_run.c */
/* A scene that fails is named, counted, and keeps the rows that it has. */
void scene_run(struct bench *b, const struct scene *s);
/* @total is the cost of @ops operations. */
void emit(struct actor *a, const char *row, int64_t total, uint64_t ops);
void emit_na(struct actor *a, const char *row, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Prints what failed; returns @err. */
int fail(const struct actor *a, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* uma_bench_buf.c: a buffer of any competitor. */
struct buf {
	struct actor *actor;
	struct vuma_bo bo;	/* unless tmpfs */
	int file;		/* if tmpfs */
	uint64_t size;
	uint8_t *map;
};

int buf_create(struct buf *buf, struct actor *a, uint64_t size, bool huge);
int buf_map(struct buf *buf);
int buf_unmap(struct buf *buf);
int buf_destroy(struct buf *buf);
/* Touch one word per page; @tag makes it a known value. */
void buf_write(struct buf *buf, uint64_t tag);
/* The same, so that no two pages that follow each other were allocated in a row. */
int buf_write_pieces(struct buf *buf, uint64_t tag);
/* Number of pages whose word is not what buf_write() put there. */
uint64_t buf_read(const struct buf *buf, uint64_t tag);
/* Same, in an order that no read-ahead guesses. */
uint64_t buf_read_scattered(const struct buf *buf, uint64_t tag);

/* uma_bench_proc.c: cgroups. */
/* For one competitor in one scene, whose teardown removes it. */
int proc_cgroup_create(const struct actor *a, const struct scene *s, struct cgroup *cg);
/* The same, where there is swap, and entered. */
int proc_cgroup_enter(const struct actor *a, const struct scene *s, struct cgroup *cg);

/* uma_bench_report.c */
int report_main(int argc, char **argv);

#endif /* UMA_BENCH_H */
