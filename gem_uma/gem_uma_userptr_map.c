// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a process: lists of pages, and what became of their DMA addresses.
 *
 * Owns gem_uma_userptr_lock. Neighbours: the notifier and the dma-buf, above, which use it.
 */
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

#include "gem_uma_internal.h"
#include "gem_uma_userptr_internal.h"

/*
 * Nothing becomes stale while it is held for reading. Taken inside of resvs, and by notifiers,
 * which run in memory reclaim: nothing that may enter reclaim is done under it.
 */
DECLARE_RWSEM(gem_uma_userptr_lock);

/**
 * gem_uma_userptr_append() - take note of pages
 * @table: where
 * @pages: pages
 * @nr: how many, at least 1
 * @left: how many pages will have been added with these and all that follow
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_userptr_append(struct sg_append_table *table, struct page **pages, int nr,
			   unsigned long left)
{
	return sg_alloc_append_table_from_pages(table, pages, nr, 0,
						(unsigned long)nr << PAGE_SHIFT, UINT_MAX,
						left - nr, GFP_KERNEL_ACCOUNT);
}

/**
 * gem_uma_userptr_unmap_dma() - give DMA addresses back, if that was not done yet
 * @map: what an importer had mapped
 *
 * Context: gem_uma_userptr_lock held for writing; callable from memory reclaim.
 */
void gem_uma_userptr_unmap_dma(struct gem_uma_userptr_map *map)
{
	lockdep_assert_held_write(&gem_uma_userptr_lock);
	if (map->unmapped)
		return;
	dma_sync_sgtable_for_cpu(map->dev, &map->pages, map->dir);
	dma_unmap_sgtable(map->dev, &map->pages, map->dir, DMA_ATTR_SKIP_CPU_SYNC);
	map->unmapped = true;
}
