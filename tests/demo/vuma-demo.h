/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vuma-demo: the same client program against two drivers that differ in their
 * memory manager only, in a guest that is too small for it.
 *
 * One process (the director) forks the clients, tells them what to do next, samples
 * them from outside several times per second and reports. The clients are the only
 * ones that open the GPU.
 */
#ifndef VUMA_DEMO_H
#define VUMA_DEMO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdnoreturn.h>
#include <sys/types.h>

#include "cgroup.h"

#define DEMO_CLIENTS	3	/* at most, in one scene */
#define DEMO_DRIVERS	2
#define DEMO_SCENES	3
#define MIB		(UINT64_C(1) << 20)

/* For printf(). */
static inline unsigned long long demo_mib(uint64_t bytes)
{
	return bytes / MIB;
}

/* What the director can ask of a client. */
enum demo_step {
	STEP_NONE,
	STEP_FILL,	/* write the pattern through mmap, buffer after buffer */
	STEP_GPU,	/* one job per buffer, in random order; checks its checksum */
	STEP_CHECK,	/* compare every word by CPU, buffers in random order */
	STEP_LOOP,	/* run read-only jobs until the next step is asked for */
	STEP_QUIT,
};

/* Fixed facts of a client, set before the fork. */
struct demo_client_cfg {
	const char *name;
	const char *driver;
	uint64_t seed;
	uint64_t id;
	uint64_t bytes;		/* of buffers that hold a pattern */
	uint64_t bo_bytes;	/* of one buffer */
	unsigned int vm_bos;	/* buffers bound in one GPU address space */
};

/*
 * Shared between client and director, so that the last numbers of a client that was
 * killed are still there. Only the client writes, but for @order.
 */
struct demo_stat {
	atomic_uint order;		/* step wanted, | number of the order << 8 */
	atomic_uint done;		/* last order that is finished */
	atomic_uint step;		/* being executed */
	atomic_int drm_fd;		/* -1 until it is open */
	atomic_int error;		/* errno of what ended the client */
	atomic_uint bus_error;	/* a page of a buffer could not be populated */
	atomic_ullong written;	/* bytes of pattern */
	atomic_ullong gpu_jobs;	/* that finished */
	atomic_ullong round_jobs;	/* of the present STEP_GPU */
	atomic_ullong gpu_checked;	/* bytes under a checksum made by the GPU */
	atomic_ullong cpu_checked;	/* bytes compared, word by word */
	atomic_ullong round_checked;	/* of the present STEP_CHECK */
	atomic_ullong bad_words;	/* by CPU */
	atomic_ullong bad_sums;	/* by GPU */
	atomic_ullong retries;	/* of a SUBMIT that found no memory */
	char what[64];			/* that failed */
};

/* Body of a client; does not return. */
noreturn void demo_client_main(const struct demo_client_cfg *cfg, struct demo_stat *stat);

/* What a client looked like at one moment, as seen from outside. */
struct demo_sample {
	uint64_t resident;		/* bytes of its buffers in memory */
	uint64_t evicted;		/* bytes of its buffers that are not, now */
	uint64_t evicted_total;		/* over its life */
	uint64_t restored_total;
	uint64_t cg_memory;		/* memory.current of its cgroup */
	uint64_t cg_swap;		/* memory.swap.current */
};

struct demo_client {
	struct demo_client_cfg cfg;
	struct demo_stat *stat;
	struct demo_sample now;
	struct cgroup cgroup;
	uint64_t limit;			/* memory.max, 0 for none */
	uint64_t peak_resident;
	uint64_t peak_charged;		/* memory.peak */
	pid_t pid;			/* 0 when it is gone */
	int wait_status;
	bool ended;			/* by itself, whatever the reason */
	bool oom_killed;
	uint32_t orders;
	unsigned int gpu_rounds;	/* asked for */
	unsigned int cpu_rounds;
};

enum demo_outcome {
	OUTCOME_OK,
	OUTCOME_OOM_KILLED,
	OUTCOME_ENOMEM,
	OUTCOME_BUS_ERROR,
	OUTCOME_CORRUPT,
	OUTCOME_NOT_RECLAIMED,
	OUTCOME_STALLED,
	OUTCOME_SLOWED,
	OUTCOME_ERROR,
};

/* One scene on one driver: while it runs, and what is left of it. */
struct demo_run {
	const struct demo_scene *scene;
	const char *driver;
	struct demo_client client[DEMO_CLIENTS];
	unsigned int clients;
	enum demo_outcome outcome;
	char detail[120];		/* the outcome, in words */
	int64_t start_ns;
	double seconds;
	uint64_t peak_resident;		/* of all clients together, at one moment */
	uint64_t peak_swap;		/* of the whole guest */
	uint64_t available;		/* MemAvailable before it began */
	uint64_t leftover;		/* bytes that did not come back at the end */
	uint64_t zram_orig, zram_used;	/* at the fullest moment */
	double rate[3];			/* jobs/s: before, during, after the reclaim */
	bool has_rate;
	uint64_t reclaimed;		/* bytes that memory.reclaim took from a cgroup */
	int64_t last_progress_ns;
	uint64_t progress;
	int64_t last_sample_ns, last_draw_ns;
	unsigned int drawn;		/* lines of the live display on the screen */
	const char *caption;		/* what is happening, for the live display */
};

struct demo_scene {
	const char *name;		/* in JSON and CSV */
	const char *title;
	const char *story;
	int (*play)(struct demo_run *run);
};

/* One scene, on both drivers. */
struct demo_pair {
	struct demo_run run[DEMO_DRIVERS];
};

struct demo_options {
	uint64_t seed;
	uint64_t ram;			/* nominal, bytes */
	bool tty;			/* the far end can move its cursor */
	bool utf8;
	bool colour;
	unsigned int width;		/* of that screen */
	const char *out;		/* directory for the results */
	const char *git;
	const char *only;		/* scene, or NULL */
};

extern const struct demo_scene demo_scenes[DEMO_SCENES];
extern const char *const demo_drivers[DEMO_DRIVERS];
extern struct demo_options demo_opt;

/* Sampling and live display: vuma-demo-watch.c */
int demo_csv_open(const char *path);
int demo_csv_close(void);
/* Samples all clients, draws, reaps who died. To be called often. */
void demo_watch(struct demo_run *run);
/* Finish the live display, so that text can follow it. */
void demo_watch_end(struct demo_run *run);
uint64_t demo_meminfo(const char *key);

/* Processes and cgroups of a scene: vuma-demo-crew.c */
int demo_client_start(struct demo_run *run, struct demo_client *client);
void demo_order(struct demo_client *client, enum demo_step step);
/* Wait until every client has done its order; -ECANCELED when the scene is over. */
int demo_await(struct demo_run *run, unsigned int mask);
/* The same for @seconds of time. */
int demo_idle(struct demo_run *run, double seconds);
void demo_crew_end(struct demo_run *run);
void demo_reap(struct demo_client *client);
/* Sets the outcome, if none but "ok" was set before. */
void demo_outcome(struct demo_run *run, enum demo_outcome outcome, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Results: vuma-demo-report.c */
/* "vuma" or "shmem", as people and JSON call it. */
const char *demo_driver_name(const struct demo_run *run);
const char *demo_outcome_name(enum demo_outcome outcome);
/* What the CPU, and what the GPU, must have checked. */
uint64_t demo_expected_bytes(const struct demo_run *run);
uint64_t demo_expected_gpu_bytes(const struct demo_run *run);
uint64_t demo_gpu_bytes(const struct demo_run *run);
uint64_t demo_verified_bytes(const struct demo_run *run);
uint64_t demo_mismatches(const struct demo_run *run);
uint64_t demo_evicted(const struct demo_run *run);
uint64_t demo_restored(const struct demo_run *run);
uint64_t demo_wanted(const struct demo_run *run);
uint64_t demo_jobs(const struct demo_run *run);
void demo_table(const struct demo_pair *pair, unsigned int scenes);
int demo_json(const char *path, const struct demo_pair *pair, unsigned int scenes);
const char *demo_accel(void);

#endif /* VUMA_DEMO_H */
