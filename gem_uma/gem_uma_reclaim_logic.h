/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decisions of a scan. Pure: no kernel state, also compiled by tests/host.
 */
#ifndef _GEM_UMA_RECLAIM_LOGIC_H_
#define _GEM_UMA_RECLAIM_LOGIC_H_

#include <drm/gem_uma/gem_uma_types.h>

/**
 * struct gem_uma_reclaim_means - what the caller of a scan has to offer
 */
struct gem_uma_reclaim_means {
	/** @swap: space for the memory of the cgroup. */
	bool swap;
	/** @io: may be started: pages of evicted objects can be written. */
	bool io;
	/** @wait: may wait for jobs. */
	bool wait;
	/** @held: takes what is held of evicted objects, and writes nothing: hibernation. */
	bool held;
};

/* Content that need not be kept goes without any means. */
static inline bool gem_uma_reclaim_can_take(enum gem_uma_reclaim_state list,
					    const struct gem_uma_reclaim_means *means)
{
	if (list < GEM_UMA_EVICTED)
		return true;
	return means->swap && (list != GEM_UMA_EVICTED || means->io || means->held);
}

/* What is dearer stays longer; of equals, what was used more recently. */
static inline bool gem_uma_reclaim_is_better(unsigned int weight, u64 used,
					     unsigned int best_weight, u64 best_used)
{
	return weight < best_weight || (weight == best_weight && used < best_used);
}

/* Buckets of a histogram: 0, 1, 2-3, 4-7, ...; the last takes all that is more. */
#define GEM_UMA_RECLAIM_BUCKETS	24

static inline unsigned int gem_uma_reclaim_bucket(u64 value)
{
	unsigned int bucket;

	for (bucket = 0; value && bucket < GEM_UMA_RECLAIM_BUCKETS - 1; bucket++)
		value >>= 1;
	return bucket;
}

#endif
