/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Decisions of a scan. Pure: no kernel state, also compiled by tests/host.
 */
#ifndef _GEM_UMA_RECLAIM_LOGIC_H_
#define _GEM_UMA_RECLAIM_LOGIC_H_

#include <drm/gem_uma/gem_uma_types.h>

/**
 * struct gem_uma_reclaim_stage - one stage of a scan: a line of a table
 */
struct gem_uma_reclaim_stage {
	/** @name: for people. */
	const char *name;
	/** @list: objects of which state. */
	enum gem_uma_reclaim_state list;
	/** @needs_swap: content survives only where there is swap space to take it. */
	bool needs_swap;
	/** @needs_io: starts I/O by itself. */
	bool needs_io;
	/**
	 * @busy: waits for objects that an earlier stage of the same list found in
	 * use. Only kswapd does: nobody's allocation waits for it.
	 */
	bool busy;
};

/**
 * struct gem_uma_reclaim_means - what the caller of a scan has to offer
 */
struct gem_uma_reclaim_means {
	/** @swap: space for the memory of the cgroup. */
	bool swap;
	/** @io: may be started. */
	bool io;
	/** @wait: may wait for jobs. */
	bool wait;
};

static inline bool
gem_uma_reclaim_stage_can_run(const struct gem_uma_reclaim_stage *stage,
			      const struct gem_uma_reclaim_means *means)
{
	return (means->swap || !stage->needs_swap) && (means->io || !stage->needs_io) &&
	       (means->wait || !stage->busy);
}

/* Victims: what is dearer stays longer; of equals, what was used more recently. */
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
