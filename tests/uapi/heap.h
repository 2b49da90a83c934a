/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of heaps start from. */
#ifndef HEAP_H
#define HEAP_H

#include "vuma_client.h"

/* A file with a VM that has a heap, and a buffer for results. */
struct heap_rig {
	int fd;
	struct vuma_vm vm;
	struct vuma_heap heap;
	struct vuma_bo out;
	uint64_t out_va;
	uint64_t seed;
};

/* Skips the test on the twin. */
struct heap_rig heap_rig_new_on(unsigned int device, uint64_t size, uint64_t granule,
				uint64_t hint, uint32_t policy);
struct heap_rig heap_rig_new(uint64_t size, uint64_t granule, uint64_t hint, uint32_t policy);
void heap_rig_fini(struct heap_rig *r);

/* Stream a list; how SUBMIT or the job ended. */
int heap_rig_try(struct heap_rig *r, uint64_t size);
/* The list was worked off as a whole, and in order. */
void heap_rig_verify(const struct heap_rig *r, uint64_t size);
/* Both, without an error; worked off so often before the end. */
void heap_rig_stream(struct heap_rig *r, uint64_t size, uint64_t renders);

/* Block rungs of the ladder of a device; 0: none. */
void heap_block(int fd, uint32_t mask);
/* A number that debugfs shows. */
uint64_t heap_stat(int fd, const char *key);

#endif /* HEAP_H */
