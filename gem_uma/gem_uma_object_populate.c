// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: making its pages usable by the device.
 *
 * Owns nothing. Lock: the object's resv; a prefetch needs none. Neighbours: backing and
 * dev_map below, the object's answers to reclaim beside it.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>

#include <drm/gem_uma/gem_uma_object.h>

#include "gem_uma_object_internal.h"
#include "gem_uma_range.h"

/**
 * gem_uma_object_populate_locked() - make a range usable by the device
 * @uobj: object
 * @offset: bytes
 * @size: bytes, not 0
 * @dir: DMA_TO_DEVICE if the device only reads the range
 *
 * Pages resident and DMA addresses there; gem_uma_dev_map_run_locked() tells them.
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0, -EINVAL for a bad range, or as gem_uma_backing_populate_locked() and
 * gem_uma_dev_map_map_locked(); of an import, -ENODEV after unplug, -EACCES if the device may
 * only read it, -ESTALE where gem_uma_object_lookup() comes first, as
 * gem_uma_dev_map_init_sgt(), or the exporter's errno, -ERESTARTSYS among them.
 */
int gem_uma_object_populate_locked(struct gem_uma_object *uobj, u64 offset, u64 size,
				   enum dma_data_direction dir)
{
	struct gem_uma_extent e;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = gem_uma_range_to_pages(uobj->base.size, offset, size, &e);
	if (ret)
		return ret;
	if (dir != DMA_TO_DEVICE && gem_uma_object_is_readonly(uobj))
		return -EACCES;
	if (gem_uma_object_is_imported(uobj))
		return gem_uma_object_import_map_locked(uobj);
	/* Used first: it does not leave now. */
	uobj->leaving = false;
	ret = gem_uma_backing_populate_locked(&uobj->backing, e.start, e.end);
	if (!ret)
		ret = gem_uma_dev_map_map_locked(&uobj->dev_map, e.start, e.end, dir);
	gem_uma_object_update_locked(uobj);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_populate_locked);

/**
 * gem_uma_object_is_resident_locked() - is a range usable by the device as it is?
 * @uobj: object
 * @offset: bytes
 * @size: bytes, not 0
 * @dir: DMA_TO_DEVICE if the device only reads the range
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if gem_uma_object_populate_locked() would have nothing to do; false
 * also for a bad range.
 */
bool gem_uma_object_is_resident_locked(struct gem_uma_object *uobj, u64 offset, u64 size,
				       enum dma_data_direction dir)
{
	struct gem_uma_extent e;

	dma_resv_assert_held(uobj->base.resv);
	if (gem_uma_range_to_pages(uobj->base.size, offset, size, &e))
		return false;
	/* That it is mapped says nothing: populating has to refuse it. */
	if (dir != DMA_TO_DEVICE && gem_uma_object_is_readonly(uobj))
		return false;
	return gem_uma_dev_map_is_mapped_locked(&uobj->dev_map, e.start, e.end, dir);
}
EXPORT_SYMBOL_GPL(gem_uma_object_is_resident_locked);

/**
 * gem_uma_object_prefetch() - begin to bring back what was swapped out
 * @uobj: object
 * @offset: bytes
 * @size: bytes, not 0
 *
 * For what will be used soon: returns at once, and nothing is promised. Does nothing for
 * an import.
 *
 * Context: may sleep and reclaim; no resv needed. Not for fence signalling.
 *
 * Return: 0; -EINVAL for a bad range; -EAGAIN if too much is under way already; -ENOMEM.
 */
int gem_uma_object_prefetch(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	struct gem_uma_extent e;
	int ret;

	ret = gem_uma_range_to_pages(uobj->base.size, offset, size, &e);
	if (ret || gem_uma_object_is_imported(uobj))
		return ret;
	return gem_uma_backing_prefetch(&uobj->backing, e.start, e.end);
}
EXPORT_SYMBOL_GPL(gem_uma_object_prefetch);
