/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the two files of the model of a PowerVR GPU: what its firmware does, for the registers
 * that the driver sees of it.
 */
#ifndef _FAKE_IMAGINATION_H_
#define _FAKE_IMAGINATION_H_

#include <linux/bits.h>
#include <linux/types.h>

#include "fake_engine.h"

/* Above an address is the page of the page catalogue by which it is translated. */
#define SPACE_SHIFT	40
/* What is for firmware and parameter manager only is accessed, too. */
#define SPACE_PRIVILEGED	BIT_ULL(63)

/*
 * Where the engine sees the page that the parameter manager has taken from a free list. No heap
 * is there. In the general heap's half, as all addresses of jobs.
 */
#define MANAGED_BASE	0x2000000000ull
#define MANAGED_SIZE	0x1000000000ull

struct workqueue_struct;

void firmware_init(struct fake_engine *engine, struct workqueue_struct *wq,
		   void (*raise)(void));
void firmware_boot(u64 catalogue);
void firmware_stop(void);
void firmware_kick(void);
void firmware_slow_flush(bool slow);
u64 firmware_managed_pfn(void);
u64 firmware_overflow(struct fake_engine *engine, const struct fake_job *job);
void firmware_fatal(struct fake_engine *engine, const struct fake_job *job);

#endif
