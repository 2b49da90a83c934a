// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: the ranges of addresses that a bind changes.
 *
 * Locks: none; they stay as they are once the bind was created. Neighbours: binds, which lock
 * what is mapped there, and the queue, which compares binds.
 */
#include <linux/slab.h>
#include <linux/sort.h>

#include "gem_uma_vm_types.h"

static int gem_uma_vm_range_cmp(const void *a, const void *b)
{
	const struct gem_uma_vm_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Those of the operations of a bind; what overlaps, or touches, becomes one. */
int gem_uma_vm_ranges_sort(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm_range *r = &bind->range;
	u32 i, last = 0;

	if (!bind->nr)
		return 0;
	if (bind->nr > 1)
		r = kvmalloc_array(bind->nr, sizeof(*r), bind->gfp | __GFP_NOWARN);
	if (!r)
		return -ENOMEM;
	bind->ranges = r;
	for (i = 0; i < bind->nr; i++) {
		r[i].start = bind->ops[i].va;
		r[i].end = r[i].start + bind->ops[i].range;
	}
	sort(r, bind->nr, sizeof(*r), gem_uma_vm_range_cmp, NULL);
	for (i = 1; i < bind->nr; i++) {
		if (r[i].start <= r[last].end)
			r[last].end = max(r[last].end, r[i].end);
		else
			r[++last] = r[i];
	}
	bind->nr_ranges = last + 1;
	return 0;
}

/* Does the bind change any address from @start up to @end? */
bool gem_uma_vm_ranges_meet(const struct gem_uma_vm_bind *bind, u64 start, u64 end)
{
	u32 low = 0, high = bind->nr_ranges;

	/* The first one that ends above @start. */
	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (bind->ranges[mid].end > start)
			high = mid;
		else
			low = mid + 1;
	}
	return low < bind->nr_ranges && bind->ranges[low].start < end;
}
