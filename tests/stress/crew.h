/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that race with each other and with reclaim, for a while.
 *
 * A test adds workers to a crew and lets them race. Each worker is a loop
 *
 *	while (worker_again(w))
 *		...
 *
 * whose rounds are counted. A race is over after a few seconds (times -x), or when each
 * worker has done a few rounds, reclaim has found something, and each window has made
 * somebody wait, whichever is later. All
 * randomness comes from the seed (-s), which is printed; what the scheduler does with it
 * is not repeatable.
 */
#ifndef CREW_H
#define CREW_H

#include "arena.h"
#include "squeeze.h"
#include "window.h"

#define CREW_MAX	16

struct worker {
	const char *noun;
	void (*run)(struct worker *w);
	/* Among those of its noun. */
	unsigned int index;
	void *arg;
	uint64_t rng;
	atomic_ullong rounds;
	bool started;
	pthread_t thread;
};

struct crew {
	struct worker workers[CREW_MAX];
	unsigned int count;
	/*
	 * Charged for what workers allocate; NULL for the root cgroup, which is where the
	 * debugfs files of devices evict.
	 */
	const struct cgroup *cg;
	struct cgroup own;
	/* How the squeezers do it, a mask; and how many of them. */
	unsigned int squeezes;
	unsigned int squeezers;
	/* Somebody evicts: the race goes on until something was. Implied by squeezers. */
	bool evicts;
	const enum window *windows;
	size_t window_count;
	/* How long, if not as long as others. */
	unsigned int seconds;
};

/* A crew beside @_squeezers that use all ways to squeeze, with windows opened wide. */
#define CREW(_windows, _squeezers) {						\
	.squeezes = SQUEEZE_ANY, .squeezers = (_squeezers),			\
	.windows = (_windows), .window_count = ARRAY_SIZE(_windows),		\
}

/* Options: those of ktap_main(), and "-s seed". Clean-up is added to the suite's own. */
int stress_main(struct ktap_suite *suite, int argc, char **argv);
#define STRESS_PROGRAM(_tests, _cleanup)	PROGRAM(stress_main, _tests, _cleanup)
/* A generator that depends on the seed and on @salt alone. */
uint64_t stress_rng(uint64_t salt);
/* Rest of a division: a number below @limit. */
uint64_t stress_below(uint64_t *rng, uint64_t limit);

void crew_add(struct crew *crew, const char *noun, unsigned int count,
	      void (*run)(struct worker *w), void *arg);
/* What is allocated from now on is charged to a cgroup of the test's own. */
void crew_enter_cgroup(struct crew *crew);
/* Fails the test unless there were rounds of each worker, and something was evicted. */
void crew_race(struct crew *crew);

/* The end of a round; false when the race is over. */
bool worker_again(struct worker *w);
uint64_t worker_below(struct worker *w, uint64_t limit);

/* A worker on the first device who needs its content and has no part in the quarrel. */
void bystander(struct worker *w);

#endif /* CREW_H */
