/* SPDX-License-Identifier: GPL-2.0 */
/* A memory cgroup to test reclaim in. */
#ifndef ARENA_H
#define ARENA_H

#include "cgroup.h"
#include "common.h"

/* Skips what needs swap or reclaim, where there is none. */
void need_reclaim(void);

/*
 * Create a cgroup; "name" or "parent/name". Removed after the test by
 * arena_cleanup(), which the suite has to name.
 */
struct cgroup arena_new(const char *name);
/* Create and enter, or skip: what the test allocates from now on is charged there. */
struct cgroup arena_enter(const char *name);
void arena_cleanup(void);

uint64_t arena_current(const struct cgroup *cg);
uint64_t arena_stat(const struct cgroup *cg, const char *key);
uint64_t arena_event(const struct cgroup *cg, const char *key);

/*
 * Reclaim until none of the BOs holds a page and their pages have left memory:
 * from then on only what was swapped out can come back. Fails the test if that
 * does not come about.
 */
void arena_evict(const struct cgroup *cg, const struct vuma_bo *bos, unsigned int count);
/* Reclaim, as hard as it goes, where the test does not expect success. */
void arena_squeeze(const struct cgroup *cg, uint64_t bytes);

/* Nothing of the BO is in memory, and it knows how much it lost. */
void expect_evicted(const struct vuma_bo *bo);
/* All of it is in memory, and was never taken. */
void expect_untouched(const struct vuma_bo *bo);

#endif /* ARENA_H */
