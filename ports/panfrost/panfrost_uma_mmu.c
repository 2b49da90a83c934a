// SPDX-License-Identifier: GPL-2.0
/*
 * How the MMU forgets pages before they are given away.
 *
 * Accesses to a range wait from before its entries go until the MMU has waited for those that
 * it had let through. So nothing is read of a table that is freed, and nothing is accessed that
 * the caller frees.
 *
 * A device without power begins with a reset, which makes the MMU forget all; one that is gone
 * does nothing. Neither is asked, nor is one that waits for a reset.
 *
 * Lock: as_lock, so that an address space stays whose it is, and nobody else moves what is
 * locked. Neighbour: panfrost_va.c, which knows what to forget.
 */
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/io-pgtable.h>
#include <linux/pm_runtime.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "panfrost_device.h"
#include "panfrost_mmu.h"
#include "panfrost_regs.h"

/* What is cleared at a time: jobs that start wait for as_lock. A multiple of 2 MiB. */
#define PANFROST_CLEAR_STEP	SZ_32M

/* Does the MMU know anything? Then it keeps its power until panfrost_mmu_end(). */
static bool panfrost_mmu_begin(struct panfrost_device *pfdev, int *idx)
{
	if (!drm_dev_enter(&pfdev->base, idx))
		return false;
	/* A kernel without PM has no answer, and leaves the power on. */
	if (!IS_ENABLED(CONFIG_PM) || pm_runtime_get_if_active(pfdev->base.dev) > 0)
		return true;
	drm_dev_exit(*idx);
	return false;
}

static void panfrost_mmu_end(struct panfrost_device *pfdev, int idx)
{
	pm_runtime_put_autosuspend(pfdev->base.dev);
	drm_dev_exit(idx);
}

/* That an MMU is stuck takes some 100 ms to find out: once before the reset is enough. */
static int panfrost_mmu_operate_locked(struct panfrost_device *pfdev, int as, u64 iova, u64 size,
				       u32 op)
{
	lockdep_assert_held(&pfdev->as_lock);
	if (as < 0)
		return 0;
	if (atomic_read(&pfdev->reset.pending))
		return -EBUSY;
	return mmu_hw_do_operation_locked(pfdev, as, iova, size, op);
}

/**
 * panfrost_mmu_flush() - let the MMU of an address space forget a range
 * @mmu: address space
 * @iova: first byte
 * @size: bytes
 * @op: AS_COMMAND_FLUSH_PT where entries came, AS_COMMAND_FLUSH_MEM where they went
 *
 * Context: any that can take as_lock. Spins, for some 100 ms if the MMU is stuck.
 *
 * Return: 0, also if it knows nothing; -ETIMEDOUT or -EBUSY if it does not answer and is about
 * to be reset.
 */
int panfrost_mmu_flush(struct panfrost_mmu *mmu, u64 iova, u64 size, u32 op)
{
	struct panfrost_device *pfdev = mmu->pfdev;
	int idx, ret;

	if (!panfrost_mmu_begin(pfdev, &idx))
		return 0;
	spin_lock(&pfdev->as_lock);
	ret = panfrost_mmu_operate_locked(pfdev, mmu->as, iova, size, op);
	spin_unlock(&pfdev->as_lock);
	panfrost_mmu_end(pfdev, idx);
	return ret;
}

/**
 * panfrost_mmu_flush_all() - let the MMU forget all address spaces
 * @pfdev: device
 *
 * Context: as panfrost_mmu_flush().
 *
 * Return: as panfrost_mmu_flush().
 */
int panfrost_mmu_flush_all(struct panfrost_device *pfdev)
{
	unsigned long present = pfdev->features.as_present;
	unsigned int as;
	int idx, ret = 0;

	if (!panfrost_mmu_begin(pfdev, &idx))
		return 0;
	spin_lock(&pfdev->as_lock);
	for_each_set_bit(as, &present, BITS_PER_LONG) {
		ret = panfrost_mmu_operate_locked(pfdev, as, 0, ~0ULL, AS_COMMAND_FLUSH_MEM);
		if (ret)
			break;
	}
	spin_unlock(&pfdev->as_lock);
	panfrost_mmu_end(pfdev, idx);
	return ret;
}

/* Only heaps have holes, of 2 MiB each. */
static void panfrost_mmu_clear_entries(struct panfrost_mmu *mmu, u64 iova, u64 end)
{
	struct io_pgtable_ops *table = mmu->pgtbl_ops;
	size_t size, nr, done;
	u64 next;

	for (; iova < end; iova = next) {
		next = min_t(u64, ALIGN_DOWN(iova, SZ_2M) + SZ_2M, end);
		/* An entry of 2 MiB, or the table that is in its place. */
		size = next - iova == SZ_2M ? SZ_2M : SZ_4K;
		nr = (size_t)(next - iova) / size;
		if (!table->iova_to_phys(table, iova))
			continue;
		done = table->unmap_pages(table, iova, size, nr, NULL);
		drm_WARN_ON_ONCE(&mmu->pfdev->base, done != size * nr);
	}
}

static int panfrost_mmu_clear_step(struct panfrost_mmu *mmu, u64 iova, u64 end, bool awake)
{
	struct panfrost_device *pfdev = mmu->pfdev;
	int as, ret;

	spin_lock(&pfdev->as_lock);
	as = awake ? mmu->as : -1;
	ret = panfrost_mmu_operate_locked(pfdev, as, iova, end - iova, AS_COMMAND_LOCK);
	panfrost_mmu_clear_entries(mmu, iova, end);
	/* FLUSH_PT would not wait for accesses. What is locked is free when this is over. */
	if (!ret)
		ret = panfrost_mmu_operate_locked(pfdev, as, iova, end - iova,
						  AS_COMMAND_FLUSH_MEM);
	spin_unlock(&pfdev->as_lock);
	return ret;
}

/**
 * panfrost_mmu_clear() - take entries out of a page table
 * @mmu: address space
 * @iova: first byte
 * @size: bytes; no entry of 2 MiB reaches across the end
 *
 * The entries are gone in any case. Allocates nothing, as no entry is split.
 *
 * Context: as panfrost_mmu_flush(); callable from reclaim.
 *
 * Return: 0 if the MMU does not know them any more, else as panfrost_mmu_flush().
 */
int panfrost_mmu_clear(struct panfrost_mmu *mmu, u64 iova, u64 size)
{
	struct panfrost_device *pfdev = mmu->pfdev;
	u64 at, next, end = iova + size;
	int idx, err, ret = 0;
	bool awake;

	awake = panfrost_mmu_begin(pfdev, &idx);
	for (at = iova; at < end; at = next) {
		next = min_t(u64, ALIGN_DOWN(at, PANFROST_CLEAR_STEP) + PANFROST_CLEAR_STEP, end);
		err = panfrost_mmu_clear_step(mmu, at, next, awake && !ret);
		ret = ret ?: err;
	}
	if (awake)
		panfrost_mmu_end(pfdev, idx);
	else /* It may have got its power meanwhile. */
		ret = panfrost_mmu_flush(mmu, iova, size, AS_COMMAND_FLUSH_MEM);
	return ret;
}

/**
 * panfrost_mmu_of() - find out whose a number of an address space is
 * @pfdev: device
 * @as: number
 *
 * Context: any that can take as_lock.
 *
 * Return: with a reference, which ends by panfrost_mmu_ctx_put(); or NULL.
 */
struct panfrost_mmu *panfrost_mmu_of(struct panfrost_device *pfdev, int as)
{
	struct panfrost_mmu *mmu, *found = NULL;

	spin_lock(&pfdev->as_lock);
	list_for_each_entry(mmu, &pfdev->as_lru_list, list) {
		if (mmu->as != as)
			continue;
		if (kref_get_unless_zero(&mmu->refcount))
			found = mmu;
		break;
	}
	spin_unlock(&pfdev->as_lock);
	return found;
}
