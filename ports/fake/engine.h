/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What jobs of a modelled device consist of: an array of commands in memory that the
 * device reads, and works on, through the page tables of its driver. For the models and
 * for programs.
 */
#ifndef _ENGINE_H_
#define _ENGINE_H_

#include <linux/types.h>

enum engine_op {
	/* The job ends; so does one that comes to its last command. */
	ENGINE_END,
	/* Word i of dst becomes arg + i. */
	ENGINE_FILL,
	/* Words of dst become those at address arg. */
	ENGINE_COPY,
	/* Each word of dst that is not arg + i is counted as bad. */
	ENGINE_CHECK,
	/*
	 * The device asks its driver for memory, and fills words of that with arg + i, from
	 * where it goes on as ENGINE_COPY to dst. Where a device has no such thing: END.
	 */
	ENGINE_OVERFLOW,
	/* The word at dst becomes the number of workgroups of the job. */
	ENGINE_GROUPS,
	/* Goes on when the word at dst is arg. */
	ENGINE_WAIT,
	/* The device stands still until it is reset. */
	ENGINE_HANG,
	/* The heap that ENGINE_OVERFLOW takes memory of is at dst, with arg above 32 bits. */
	ENGINE_HEAP,
	/* The device is at fault, and has to be reset. Where it cannot be: END. */
	ENGINE_FATAL,
	ENGINE_OPS,
};

struct engine_cmd {
	__u32 op;
	__u32 dst;
	__u32 arg;
	__u32 words;
};

#endif
