/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Range maths. Pure: no kernel state, also compiled by tests/host.
 */
#ifndef _GEM_UMA_RANGE_H_
#define _GEM_UMA_RANGE_H_

#ifdef __KERNEL__
#include <linux/align.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#endif
#include <drm/gem_uma/gem_uma_types.h>

/*
 * Bytes [offset, offset + size) of an object of obj_size bytes to the pages that
 * hold them. -EINVAL when empty, when the end overflows, or lies outside.
 */
static inline int gem_uma_range_to_pages(u64 obj_size, u64 offset, u64 size,
					 struct gem_uma_extent *pages)
{
	u64 end;

	if (!size || check_add_overflow(offset, size, &end) || end > obj_size)
		return -EINVAL;
	pages->start = offset >> PAGE_SHIFT;
	pages->end = ((end - 1) >> PAGE_SHIFT) + 1;
	return 0;
}

/*
 * How many of @size bytes at @offset are in a run of @nr pages that begins with the page
 * of @offset; *skip is where in the run they begin. Devices map smaller pages than the CPU.
 */
static inline u64 gem_uma_range_in_run(u64 offset, u64 size, pgoff_t nr, u64 *skip)
{
	*skip = offset & (PAGE_SIZE - 1);
	return min(size, ((u64)nr << PAGE_SHIFT) - *skip);
}

/* The part of @e inside [start, end); false when there is none. */
static inline bool gem_uma_range_clip(struct gem_uma_extent *e, pgoff_t start,
				      pgoff_t end)
{
	e->start = max(e->start, start);
	e->end = min(e->end, end);
	return e->start < e->end;
}

/*
 * The object pages that one CPU fault may map. @want pages (a power of two) around
 * the faulting one, aligned like the address so that they share a page table; inside
 * the VMA, inside the object. @vma_first is the object page at @vm_start.
 */
static inline struct gem_uma_extent
gem_uma_range_fault_window(unsigned long address, unsigned long vm_start,
			   unsigned long vm_end, pgoff_t vma_first,
			   pgoff_t obj_pages, unsigned long want)
{
	unsigned long span = want << PAGE_SHIFT;
	unsigned long lo = max(ALIGN_DOWN(address, span), vm_start);
	unsigned long hi = min(ALIGN_DOWN(address, span) + (span - 1), vm_end - 1);
	struct gem_uma_extent e = {
		.start = vma_first + ((lo - vm_start) >> PAGE_SHIFT),
		.end = vma_first + ((hi - vm_start) >> PAGE_SHIFT) + 1,
	};

	e.end = min(e.end, obj_pages);
	return e;
}

/* Grow the window while faults walk on, fall back when they jump. */
static inline unsigned long gem_uma_range_next_window(unsigned long window,
						      pgoff_t expected, pgoff_t pgoff,
						      unsigned long min_window,
						      unsigned long max_window)
{
	if (pgoff != expected || window < min_window)
		return min_window;
	return min(window * 2, max_window);
}

#endif
