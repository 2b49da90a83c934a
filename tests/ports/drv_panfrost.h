/* SPDX-License-Identifier: GPL-2.0 */
/* What panfrost's own tests need of its ioctls, and the other way round. */
#ifndef DRV_PANFROST_H
#define DRV_PANFROST_H

#include "ktap.h"
#include "port.h"

#define PANFROST_TESTS	17

extern const struct ktap_test panfrost_tests[PANFROST_TESTS];

int panfrost_create_with(struct port_bo *bo, uint32_t flags);
/* With a sync object that gets the fence, or 0. */
int panfrost_submit(int fd, const struct port_job *job, uint32_t requirements, uint32_t sync);
/* One operation on bytes of a buffer, by SYNC_BO. */
int panfrost_sync(const struct port_bo *bo, uint32_t type, uint32_t offset, uint32_t size);
/*
 * Waits until the GPU has lost its power. Before it has lost it once, nobody hears of faults; nor
 * where a file gets the address space of another one that had a fault, until it loses it again.
 */
void panfrost_sleep(void);
struct port_bo panfrost_heap(int fd, uint64_t size);

/* Of heaps. */
void heap_grows(void);
void heap_that_nobody_snoops(void);
void heap_is_reclaimed(void);
void heap_beyond_limit(void);
void heap_over_high(void);
void heap_of_a_stuck_mmu(void);
void heap_is_not_mmapped(void);
void heap_is_not_pinned(void);
void heap_is_synced(void);
void heap_of_two_files(void);

#endif /* DRV_PANFROST_H */
