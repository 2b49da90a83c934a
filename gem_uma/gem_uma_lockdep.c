// SPDX-License-Identifier: GPL-2.0
/*
 * Teaches lockdep the lock order, once, when the module is loaded.
 *
 * Without it, an inversion is found only after both orders happened to run. Owns
 * nothing. Neighbours: none.
 */
#include <linux/dma-resv.h>
#include <linux/mmap_lock.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>

#include "gem_uma_internal.h"
#include "gem_uma_userptr_internal.h"

/**
 * DOC: Lock order
 *
 * mmap lock or VMA lock, then resv (of a VM, then of objects: one ww class), then
 * memory reclaim, then the leaves: the device's spinlock and that of an object's files,
 * and those of list_lru; and gem_uma_userptr_lock. The core primes resv and what comes after
 * reclaim; here our part is added. Reclaim nests the other way round and therefore only ever
 * tries.
 */

/* The leaves inside of resv and reclaim; the device's outside of the object's. */
static void gem_uma_lockdep_leaves(void)
{
	spinlock_t objects_lock, list_lock;

	spin_lock_init(&objects_lock);
	gem_uma_device_set_objects_class(&objects_lock);
	spin_lock_init(&list_lock);
	gem_uma_client_set_list_class(&list_lock);

	fs_reclaim_acquire(GFP_KERNEL);
	/* By notifiers, when reclaim takes pages of a process. */
	down_write(&gem_uma_userptr_lock);
	up_write(&gem_uma_userptr_lock);
	spin_lock(&objects_lock);
	spin_lock(&list_lock);
	spin_unlock(&list_lock);
	spin_unlock(&objects_lock);
	fs_reclaim_release(GFP_KERNEL);
}

/**
 * gem_uma_lockdep_prime() - take our locks in the order of the book
 *
 * Context: module init; may sleep.
 */
void gem_uma_lockdep_prime(void)
{
	struct mm_struct *mm = current->mm;
	struct ww_acquire_ctx ctx;
	struct dma_resv vm, obj;

	dma_resv_init(&vm);
	dma_resv_init(&obj);
	/* Built in, this runs without an mm; the core has primed that part anyway. */
	if (mm)
		mmap_read_lock(mm);
	ww_acquire_init(&ctx, &reservation_ww_class);
	/* Nobody else knows these two: no deadlock to back off from. */
	if (!dma_resv_lock(&vm, &ctx)) {
		if (!dma_resv_lock(&obj, &ctx)) {
			gem_uma_lockdep_leaves();
			dma_resv_unlock(&obj);
		}
		dma_resv_unlock(&vm);
	}
	ww_acquire_fini(&ctx);
	if (mm)
		mmap_read_unlock(mm);
	dma_resv_fini(&obj);
	dma_resv_fini(&vm);
}
