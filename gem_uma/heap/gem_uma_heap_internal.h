/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the heap share. */
#ifndef _GEM_UMA_HEAP_INTERNAL_H_
#define _GEM_UMA_HEAP_INTERNAL_H_

#include <drm/gem_uma/gem_uma_heap.h>

struct page;

/* The granule is mapped. */
#define GEM_UMA_HEAP_MAPPED	XA_MARK_0

static inline unsigned int gem_uma_heap_order(const struct gem_uma_heap *heap)
{
	return heap->shift - PAGE_SHIFT;
}

int gem_uma_heap_insert(struct gem_uma_heap *heap, unsigned long index, struct page *page);
int gem_uma_heap_map(struct gem_uma_heap *heap, unsigned long index,
		     struct gem_uma_heap_tables *tables);

int gem_uma_heap_pin(struct gem_uma_heap *heap);
void gem_uma_heap_pin_again(struct gem_uma_heap *heap);
void gem_uma_heap_unpin(struct gem_uma_heap *heap);
struct page *gem_uma_heap_page(struct gem_uma_heap *heap, u64 offset);

#endif
