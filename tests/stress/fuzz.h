/* SPDX-License-Identifier: GPL-2.0 */
/* Ioctls with random arguments: how they are made up, and which errors may come back. */
#ifndef FUZZ_H
#define FUZZ_H

#include "common.h"

#define FUZZ_ARGS	128
#define FUZZ_ARRAYS	4
#define FUZZ_FILES	5
#define FUZZ_ARRAY	256
/* What an array pointer leads to, so that wrong counts read defined memory. */
#define FUZZ_SPACE	(2 * VUMA_MIB)
#define FUZZ_DMABUFS	8
/* Handles and ids above are given back at once, or they would pile up. */
#define FUZZ_HANDLES	40
#define FUZZ_IDS	16

/* One call; the arrays are what user pointers in the arguments lead to. */
struct fuzz_input {
	uint32_t type;
	uint32_t file;
	/* Instead of sizeof the struct, where not 0. */
	uint32_t size;
	uint8_t args[FUZZ_ARGS];
	uint8_t arrays[FUZZ_ARRAYS][FUZZ_ARRAY];
};

/* What the threads share. */
struct fuzz_target {
	/* First device, second device, primary node; then, with implicit addresses, both. */
	int files[FUZZ_FILES];
	/* Or memory would fill up with what cannot be reclaimed. */
	atomic_int pins;
	atomic_int dmabufs[FUZZ_DMABUFS];
};

/* A thread's own memory for arguments and arrays. */
struct fuzz_room {
	uint8_t *args;
	uint8_t *arrays[FUZZ_ARRAYS];
};

unsigned int fuzz_types(void);
const char *fuzz_name(const struct fuzz_input *input);
/* Not of reserved and unknown numbers. */
bool fuzz_can_succeed(const struct fuzz_input *input);
void fuzz_room_init(struct fuzz_room *room);
/* From nothing, or one thing changed. */
void fuzz_make(struct fuzz_input *input, uint64_t *rng);
void fuzz_mutate(struct fuzz_input *input, uint64_t *rng);
/* Returns the negative errno; what it created is given back or remembered. */
int fuzz_run(struct fuzz_target *target, struct fuzz_room *room,
	     const struct fuzz_input *input);
/* May this call end so? */
bool fuzz_documented(const struct fuzz_input *input, int error);

#endif /* FUZZ_H */
