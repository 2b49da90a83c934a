/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the two files of panthor's model: what the firmware of the microcontroller does, for
 * the registers that the driver sees of it.
 */
#ifndef _FAKE_PANTHOR_H_
#define _FAKE_PANTHOR_H_

#include <linux/types.h>

#include "fake_engine.h"

/* Which address space is above an address; the microcontroller's is 0. */
#define SPACE_SHIFT	48

struct workqueue_struct;

void csf_init(struct fake_engine *engine, struct workqueue_struct *wq, void (*raise)(u32 bits));
void csf_boot(bool on);
void csf_reset(void);
u32 csf_status(void);
void csf_doorbell(u32 nr);
void csf_fault(u32 space);
u64 csf_overflow(struct fake_engine *engine, const struct fake_job *job);
void csf_fatal(struct fake_engine *engine, const struct fake_job *job);

#endif
