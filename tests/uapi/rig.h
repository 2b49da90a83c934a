/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of jobs start from. */
#ifndef RIG_H
#define RIG_H

#include "common.h"

/* Whole pages of any CPU. */
#define RIG_SIZE	(64 * GPU_PAGE)

/* A VM with three buffers and one for results, far from each other. */
struct rig {
	int fd;
	struct vuma_vm vm;
	struct vuma_bo a, b, c, out;
	uint64_t a_va, b_va, c_va, out_va;
};

struct rig rig_new(uint64_t size);
/* Nothing of it is left, not even the file. */
void rig_fini(struct rig *r);

/* Words from a seed, without a pattern that a shifted copy could match. */
void randomize(struct vuma_bo *bo, uint64_t seed);
void expect_words(const struct vuma_bo *bo, const uint64_t *want);

#endif /* RIG_H */
