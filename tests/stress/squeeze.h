/* SPDX-License-Identifier: GPL-2.0 */
/* Every way to make the kernel's shrinkers run, and what came of it. */
#ifndef SQUEEZE_H
#define SQUEEZE_H

#include <stdint.h>

#include "cgroup.h"

enum squeeze {
	/* debugfs file of the device: buffers of the root cgroup. */
	SQUEEZE_SHRINK,
	/* debugfs file of the shrinker: buffers of one cgroup, or of the root. */
	SQUEEZE_SCAN,
	/* memory.reclaim of the cgroup. */
	SQUEEZE_RECLAIM,
	/* drop_caches of slab objects: all cgroups. */
	SQUEEZE_DROP,
	/* memory.high down and up again. */
	SQUEEZE_HIGH,
	SQUEEZES,
};

#define SQUEEZE_ANY	((1u << SQUEEZES) - 1)

/* Whether this kernel has it. */
bool squeeze_available(enum squeeze how);
/* Once, for about so many pages; @cg may be NULL. */
void squeeze_once(enum squeeze how, const struct cgroup *cg, uint64_t pages);
/*
 * One of the mask, by chance; what the kernel does not have is left out, and so is
 * SQUEEZE_HIGH.
 */
void squeeze_random(unsigned int mask, const struct cgroup *cg, uint64_t *rng);

/* Kibibytes evicted so far, of the first device: others come and go. */
uint64_t squeezed_kib(void);

#endif /* SQUEEZE_H */
