// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a buffer object whose content is not needed any more.
 *
 * Owns what was said about the content. Never decides when to throw it away. Lock: the
 * object's resv. Neighbour: the rest of the backing.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/pagemap.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>

#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_backing.h>

#include "gem_uma_backing_internal.h"
#include "gem_uma_state.h"

/**
 * DOC: Content that is not needed
 *
 * Memory that need not be kept is given back at once: pages are taken out of the file,
 * in memory and in swap, without being written anywhere. What is read there later is
 * zero. It costs no swap space and no I/O, so it works where there is no swap.
 *
 * The owner of an object declares its content as purgeable, and as needed again. Once
 * reclaim has purged the object that is final: no page of it becomes resident any more,
 * and everybody who asks for one gets -EFAULT. Otherwise zeroes would be taken for the
 * content.
 *
 * An object that nobody ever had write access to needs no keeping either: each of its
 * pages is zero, and is so again when it is read the next time.
 */

/**
 * gem_uma_backing_advise_locked() - is the content needed?
 * @b: backing
 * @needed: false allows gem_uma_backing_purge_locked()
 *
 * Context: resv held; does not sleep. The object's state changed.
 *
 * Return: true if the content is still there; false for ever after a purge.
 */
bool gem_uma_backing_advise_locked(struct gem_uma_backing *b, bool needed)
{
	dma_resv_assert_held(b->obj->resv);
	WRITE_ONCE(b->content, gem_uma_state_advise(b->content, needed));
	return b->content != GEM_UMA_CONTENT_PURGED;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_advise_locked);

/* With nothing left, neither in memory nor in swap, there is nothing to keep. */
static void gem_uma_backing_forget_writes(struct gem_uma_backing *b)
{
	if (!gem_uma_backing_known(b))
		WRITE_ONCE(b->written, false);
}

static bool gem_uma_backing_finds_lock(struct gem_uma_backing *b)
{
	XA_STATE(xas, &gem_uma_backing_mapping(b)->i_pages, 0);
	struct folio *folio;
	bool locked = false;

	rcu_read_lock();
	xas_for_each(&xas, folio, ULONG_MAX) {
		if (xas_retry(&xas, folio) || xa_is_value(folio))
			continue;
		locked = folio_test_locked(folio);
		if (locked)
			break;
		if (need_resched()) {
			xas_pause(&xas);
			cond_resched_rcu();
		}
	}
	rcu_read_unlock();
	return locked;
}

/**
 * gem_uma_backing_can_purge_locked() - can gem_uma_backing_purge_locked() be called in reclaim?
 * @b: backing
 *
 * Splitting a huge folio of a file allocates with the folio locked, and can end up in
 * reclaim: truncating would wait for a lock of its own task. A lock that is taken later
 * belongs to another task, which finds our resv locked when it comes here.
 *
 * Context: resv held, and kept until the purge; may reschedule, waits for nothing.
 *
 * Return: false if a page is locked, by whomever.
 */
bool gem_uma_backing_can_purge_locked(struct gem_uma_backing *b)
{
	dma_resv_assert_held(b->obj->resv);
	return !gem_uma_backing_finds_lock(b);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_can_purge_locked);

/**
 * gem_uma_backing_purge_locked() - throw the whole content away
 * @b: backing, not pinned
 *
 * No CPU mapping, no device mapping and no DMA address refers to the pages any more. If
 * the content was declared as purgeable it is purged now; else it is zero.
 *
 * Context: resv held. Waits for pages that are being written to swap; takes no lock of
 * ours and does not allocate. Callable from reclaim with __GFP_IO, if
 * gem_uma_backing_can_purge_locked().
 *
 * Return: number of pages of memory given back.
 */
unsigned long gem_uma_backing_purge_locked(struct gem_uma_backing *b)
{
	unsigned long before;

	dma_resv_assert_held(b->obj->resv);
	before = gem_uma_backing_in_memory(b);
	if (drm_WARN_ON_ONCE(b->udev->drm, atomic_read(&b->pins)))
		return 0;
	if (b->held.pages)
		gem_uma_backing_release(b, false);
	shmem_truncate_range(file_inode(b->file), 0, (loff_t)-1);
	gem_uma_backing_forget_writes(b);
	if (b->content == GEM_UMA_CONTENT_PURGEABLE)
		WRITE_ONCE(b->content, GEM_UMA_CONTENT_PURGED);
	return before - min(before, gem_uma_backing_in_memory(b));
}
EXPORT_SYMBOL_GPL(gem_uma_backing_purge_locked);

/* The folio of a page; stable only if the page is held. NULL, or a value if in swap. */
static struct folio *gem_uma_backing_peek(struct gem_uma_backing *b, pgoff_t pgoff)
{
	return xa_load(&gem_uma_backing_mapping(b)->i_pages, pgoff);
}

/* Extend a range to the borders of the folios that we hold. */
static void gem_uma_backing_extend(struct gem_uma_backing *b, struct gem_uma_extent *e)
{
	if (gem_uma_page_set_covers(&b->held, e->start, e->start + 1))
		e->start = gem_uma_backing_peek(b, e->start)->index;
	if (gem_uma_page_set_covers(&b->held, e->end - 1, e->end))
		e->end = min(folio_next_index(gem_uma_backing_peek(b, e->end - 1)),
			     b->nr_pages);
}

/*
 * A huge folio that lies across a border, and is in swap, has to come back to be cut.
 * Only here that can fail; the kernel would leave the old content without an error.
 */
static int gem_uma_backing_restore_border(struct gem_uma_backing *b, pgoff_t border)
	__must_hold(b->obj->resv)
{
	if (!mapping_large_folio_support(gem_uma_backing_mapping(b)) || !border ||
	    border == b->nr_pages || IS_ALIGNED(border, PMD_SIZE >> PAGE_SHIFT) ||
	    !gem_uma_backing_peek(b, border - 1) || !gem_uma_backing_peek(b, border))
		return 0;
	return gem_uma_backing_populate_locked(b, border, border + 1);
}

/**
 * gem_uma_backing_discard_locked() - throw the content of a range away
 * @b: backing, not pinned
 * @start: first page
 * @end: first page behind
 *
 * No CPU mapping, no device mapping and no DMA address refers to pages of the object any
 * more. The range is zero afterwards, and takes no memory, but for huge folios that only
 * in part belong to it and that cannot be split just now.
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0; -EINVAL for a range outside of the object; -EBUSY if it is pinned; -EFAULT
 * if it is purged; or as gem_uma_backing_populate_locked(), with no content changed.
 */
int gem_uma_backing_discard_locked(struct gem_uma_backing *b, pgoff_t start, pgoff_t end)
{
	struct gem_uma_extent e = { .start = start, .end = end };
	struct mem_cgroup *old;
	int ret;

	dma_resv_assert_held(b->obj->resv);
	if (start >= end || end > b->nr_pages)
		return -EINVAL;
	if (atomic_read(&b->pins))
		return -EBUSY;
	if (b->content == GEM_UMA_CONTENT_PURGED)
		return -EFAULT;
	ret = gem_uma_backing_restore_border(b, start);
	if (!ret)
		ret = gem_uma_backing_restore_border(b, end);
	if (ret)
		return ret;
	/* Folios at the borders have other pages, too: unless held, the kernel can split them. */
	gem_uma_backing_extend(b, &e);
	old = gem_uma_backing_charge(b);
	ret = gem_uma_page_set_split(&b->held, e.start, e.end);
	set_active_memcg(old);
	if (ret)
		return ret;

	gem_uma_backing_release_range(b, &e);
	shmem_truncate_range(file_inode(b->file), (loff_t)start << PAGE_SHIFT,
			     ((loff_t)end << PAGE_SHIFT) - 1);
	/* Nothing held: what is left of split folios becomes the system's business. */
	if (!b->held.pages)
		gem_uma_backing_release(b, true);
	gem_uma_backing_forget_writes(b);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_discard_locked);
