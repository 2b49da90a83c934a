// SPDX-License-Identifier: GPL-2.0
/*
 * Where the CPU may have written since its caches were last cleaned.
 *
 * Owns what is known of that, by chunk. Cleans nothing: sync does. Lock: the object's resv.
 * Neighbours: the rest of the CPU map, which takes note of mappings; sync, above.
 */
#include <linux/dma-resv.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_cpu_map_internal.h"

/**
 * DOC: Clean ranges
 *
 * Cleaning costs time for each line, dirty or not. Where the CPU cannot have written since a
 * range was last cleaned, nothing is done. That is known without asking the hardware, and
 * never too optimistic:
 *
 * - What the kernel zeroed, or read from swap, is cleaned when the device gets its address.
 * - A PTE of a mapping that can be written stands for writes at any time. Its chunk counts as
 *   written until all of it is cleaned while no such PTE is left: after munmap() by the last
 *   process, or after eviction.
 * - While the object is mapped for the kernel, all of it counts as written; afterwards, until
 *   all of it is cleaned by one call. A debugger's write counts as such a mapping.
 *
 * So a buffer that the CPU never maps costs nothing, nor do the chunks of a large one that it
 * does not touch. Where the CPU keeps its mapping, each call costs what its range is: to find
 * out more, PTEs would have to be write-protected for each job, at the price of a fault for
 * each page that is written next.
 *
 * A driver that writes through a mapping of its own is not seen here. It encloses that in an
 * access, the end of which cleans in any case.
 */

/**
 * gem_uma_cpu_map_is_clean_locked() - can the CPU not have written since a page was cleaned?
 * @cmap: CPU map
 * @pgoff: page
 * @end: first page behind those to look at; shrinks to the first for which the answer may be
 *	another
 *
 * For pages that the device has addresses of: they were cleaned when it got them.
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if it cannot.
 */
bool gem_uma_cpu_map_is_clean_locked(struct gem_uma_cpu_map *cmap, pgoff_t pgoff, pgoff_t *end)
{
	unsigned long chunk = pgoff / GEM_UMA_BACKING_CHUNK, marked = chunk;

	dma_resv_assert_held(cmap->backing->obj->resv);
	if (cmap->vmaps || cmap->unclean)
		return false;
	if (!xa_find(&cmap->ptes, &marked, (*end - 1) / GEM_UMA_BACKING_CHUNK,
		     GEM_UMA_CPU_MAP_UNCLEAN))
		return true;
	*end = min(*end, max(marked, chunk + 1) * GEM_UMA_BACKING_CHUNK);
	return marked > chunk;
}

/**
 * gem_uma_cpu_map_cleaned_locked() - pages were cleaned, whatever of them the device has
 * @cmap: CPU map
 * @start: first page
 * @end: first page behind
 * @mapped: there were VMAs when cleaning began; they may be gone since
 *
 * Context: resv held since then; may sleep.
 */
void gem_uma_cpu_map_cleaned_locked(struct gem_uma_cpu_map *cmap, pgoff_t start, pgoff_t end,
				    bool mapped)
{
	bool last = end == cmap->backing->nr_pages;
	unsigned long chunk, behind;
	void *entry;

	dma_resv_assert_held(cmap->backing->obj->resv);
	if (cmap->vmaps)
		return;
	if (!start && last)
		cmap->unclean = false;
	behind = last ? DIV_ROUND_UP(end, GEM_UMA_BACKING_CHUNK) : end / GEM_UMA_BACKING_CHUNK;
	start = DIV_ROUND_UP(start, GEM_UMA_BACKING_CHUNK);
	if (start >= behind)
		return;
	xa_for_each_range(&cmap->ptes, chunk, entry, start, behind - 1) {
		if (!mapped || !xa_to_value(entry))
			xa_clear_mark(&cmap->ptes, chunk, GEM_UMA_CPU_MAP_UNCLEAN);
		cond_resched();
	}
}
