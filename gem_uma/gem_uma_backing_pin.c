// SPDX-License-Identifier: GPL-2.0
/*
 * Keeping the pages of a buffer object in place.
 *
 * Owns the pin count. Lock: the object's resv for 0 <-> 1, none
 * above. Neighbour: the rest of the backing.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/pagemap.h>

#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_backing.h>

#include "gem_uma_backing_internal.h"

/**
 * gem_uma_backing_pin_locked() - make all pages resident and keep them
 * @b: backing
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, or as gem_uma_backing_populate_locked().
 */
int gem_uma_backing_pin_locked(struct gem_uma_backing *b)
{
	int ret;

	dma_resv_assert_held(b->obj->resv);
	if (!atomic_inc_not_zero(&b->pins)) {
		ret = gem_uma_backing_populate_locked(b, 0, b->nr_pages);
		if (ret)
			return ret;
		/* Only resv holders get here, so it is still zero. */
		atomic_set(&b->pins, 1);
	}
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_pin_locked);

/**
 * gem_uma_backing_unpin_locked() - undo one pin
 * @b: backing, pinned
 *
 * Frees nothing.
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if it was the last pin: the object's state changed.
 */
bool gem_uma_backing_unpin_locked(struct gem_uma_backing *b)
{
	dma_resv_assert_held(b->obj->resv);
	if (drm_WARN_ON_ONCE(b->udev->drm, !atomic_read(&b->pins)))
		return false;
	return atomic_dec_and_test(&b->pins);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_unpin_locked);

/**
 * gem_uma_backing_pin() - make all pages resident and keep them
 * @b: backing
 *
 * Context: takes resv unless already pinned; may sleep and reclaim.
 *
 * Return: 0, -EINTR on a signal, or as gem_uma_backing_populate_locked().
 */
int gem_uma_backing_pin(struct gem_uma_backing *b)
{
	int ret;

	if (atomic_inc_not_zero(&b->pins))
		return 0;
	ret = dma_resv_lock_interruptible(b->obj->resv, NULL);
	if (ret)
		return ret;
	ret = gem_uma_backing_pin_locked(b);
	dma_resv_unlock(b->obj->resv);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_pin);

/**
 * gem_uma_backing_unpin() - undo one pin
 * @b: backing, pinned
 *
 * Context: takes resv for the last pin; may sleep.
 *
 * Return: true if it was the last pin: the object's state changed.
 */
bool gem_uma_backing_unpin(struct gem_uma_backing *b)
{
	bool last;

	if (atomic_add_unless(&b->pins, -1, 1))
		return false;
	dma_resv_lock(b->obj->resv, NULL);
	last = gem_uma_backing_unpin_locked(b);
	dma_resv_unlock(b->obj->resv);
	return last;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_unpin);

/**
 * gem_uma_backing_pinned_page() - find a page of a pinned backing without any lock
 * @b: backing, pinned by somebody who keeps it so; zeroed, as in an import, it has no page
 * @pgoff: page
 *
 * For code that cannot wait for anybody, as that which shows a panic.
 *
 * Context: any.
 *
 * Return: the page, or NULL if nobody has pinned it, or it is outside of the object.
 */
struct page *gem_uma_backing_pinned_page(const struct gem_uma_backing *b, pgoff_t pgoff)
{
	struct folio *folio;

	if (!atomic_read(&b->pins) || pgoff >= b->nr_pages)
		return NULL;
	/* Held folios stay in the cache. A value would be a page in swap. */
	folio = xa_load(&gem_uma_backing_mapping(b)->i_pages, pgoff);
	return !folio || xa_is_value(folio) ? NULL : folio_file_page(folio, pgoff);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_pinned_page);
