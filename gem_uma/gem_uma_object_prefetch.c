// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: reading ahead.
 */
#include <linux/export.h>

#include <drm/gem_uma/gem_uma_object.h>

#include "gem_uma_range.h"

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
