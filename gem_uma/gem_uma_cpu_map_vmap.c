// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own mapping of a buffer object.
 *
 * Owns the mapping and the number of its users. Lock: the object's resv; a peek needs none.
 * Neighbours: the rest of the CPU map, and backing, which keeps the pages pinned meanwhile.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_backing_internal.h"
#include "gem_uma_cpu_map_internal.h"

static int gem_uma_cpu_map_vmap_pages(struct gem_uma_cpu_map *cmap)
	__must_hold(cmap->backing->obj->resv)
{
	struct gem_uma_backing *b = cmap->backing;
	struct page **pages;
	void *vaddr;

	pages = gem_uma_backing_pages_locked(b);
	if (IS_ERR(pages))
		return PTR_ERR(pages);
	vaddr = vmap(pages, b->nr_pages, VM_MAP, gem_uma_cpu_map_prot(cmap, PAGE_KERNEL));
	kvfree(pages);
	WRITE_ONCE(cmap->vaddr, vaddr);
	return vaddr ? 0 : -ENOMEM;
}

/**
 * gem_uma_cpu_map_vmap_locked() - map the whole object for the kernel
 * @cmap: CPU map
 * @map: result
 *
 * Counted. Pins the pages, and takes them as written.
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, -ENOMEM, or as gem_uma_backing_populate_locked().
 */
int gem_uma_cpu_map_vmap_locked(struct gem_uma_cpu_map *cmap, struct iosys_map *map)
{
	struct gem_uma_backing *b = cmap->backing;
	int ret;

	dma_resv_assert_held(b->obj->resv);
	if (!cmap->vmaps) {
		ret = gem_uma_backing_pin_locked(b);
		if (ret)
			return ret;
		ret = gem_uma_cpu_map_vmap_pages(cmap);
		if (ret) {
			gem_uma_backing_unpin_locked(b);
			return ret;
		}
		gem_uma_backing_mark_dirty_locked(b, 0, b->nr_pages);
		cmap->unclean = true;
	}
	cmap->vmaps++;
	iosys_map_set_vaddr(map, cmap->vaddr);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_vmap_locked);

/**
 * gem_uma_cpu_map_vunmap_locked() - undo one vmap
 * @cmap: CPU map
 *
 * Context: resv held; may sleep.
 *
 * Return: true if it was the last one and the pages are no longer pinned by anybody:
 * the object's state changed.
 */
bool gem_uma_cpu_map_vunmap_locked(struct gem_uma_cpu_map *cmap)
{
	void *vaddr = cmap->vaddr;

	dma_resv_assert_held(cmap->backing->obj->resv);
	if (drm_WARN_ON_ONCE(cmap->backing->udev->drm, !cmap->vmaps))
		return false;
	if (--cmap->vmaps)
		return false;
	/* First: nobody who peeks may find what is about to go. */
	WRITE_ONCE(cmap->vaddr, NULL);
	vunmap(vaddr);
	/* Eviction would do it otherwise, in reclaim: see "Page attributes". */
	if (gem_uma_backing_is_wc(cmap->backing))
		vm_unmap_aliases();
	return gem_uma_backing_unpin_locked(cmap->backing);
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_vunmap_locked);

/* Pages that are mapped at a time, to be read. */
#define GEM_UMA_CPU_MAP_READ	16

static int gem_uma_cpu_map_read_window(struct gem_uma_cpu_map *cmap, pgoff_t start,
				       unsigned int nr, void *buf)
	__must_hold(cmap->backing->obj->resv)
{
	struct page *pages[GEM_UMA_CPU_MAP_READ];
	struct gem_uma_run run;
	unsigned int i;
	void *vaddr;

	for (i = 0; i < nr; i++) {
		if (gem_uma_backing_run_locked(cmap->backing, start + i, start + i + 1, &run))
			return -ENXIO;
		pages[i] = pfn_to_page(run.pfn);
	}
	vaddr = vmap(pages, nr, VM_MAP, gem_uma_cpu_map_prot(cmap, PAGE_KERNEL));
	if (!vaddr)
		return -ENOMEM;
	memcpy(buf, vaddr, nr << PAGE_SHIFT);
	vunmap(vaddr);
	return 0;
}

/**
 * gem_uma_cpu_map_read_locked() - copy what pages hold
 * @cmap: CPU map
 * @start: first page
 * @end: first page behind
 * @buf: where to
 *
 * For dumps of what a job had: brings nothing back, and needs address space for a few pages
 * only. What jobs write meanwhile may be seen, or not. On a device that does not snoop, the
 * caller syncs cached pages before.
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0; -ENXIO if a page is not resident; -ENOMEM.
 */
int gem_uma_cpu_map_read_locked(struct gem_uma_cpu_map *cmap, pgoff_t start, pgoff_t end,
				void *buf)
{
	unsigned int nr;
	int ret = 0;

	dma_resv_assert_held(cmap->backing->obj->resv);
	for (; !ret && start < end; start += nr, buf += nr << PAGE_SHIFT) {
		nr = min_t(pgoff_t, end - start, GEM_UMA_CPU_MAP_READ);
		ret = gem_uma_cpu_map_read_window(cmap, start, nr, buf);
		cond_resched();
	}
	/* As for gem_uma_cpu_map_vunmap_locked(). */
	if (gem_uma_backing_is_wc(cmap->backing))
		vm_unmap_aliases();
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_read_locked);

/**
 * gem_uma_cpu_map_peek() - find where the kernel can access a page, without any lock
 * @cmap: CPU map of a backing that is pinned or mapped by somebody who keeps it so; zeroed,
 *	as in an import, it has no address
 * @pgoff: page
 *
 * For drm_panic: what is shown is pinned. A page that is mapped write-combined has an address
 * only while the object is mapped for the kernel, as the kernel's own mapping may be cached. On
 * a device that does not snoop, the caller cleans what it writes.
 *
 * Context: any.
 *
 * Return: the address of the page, or NULL.
 */
void *gem_uma_cpu_map_peek(const struct gem_uma_cpu_map *cmap, pgoff_t pgoff)
{
	struct page *page;
	void *vaddr;

	if (!cmap->backing || pgoff >= cmap->backing->nr_pages)
		return NULL;
	vaddr = READ_ONCE(cmap->vaddr);
	if (vaddr)
		return vaddr + (pgoff << PAGE_SHIFT);
	if (cmap->mode == GEM_UMA_CACHE_WC)
		return NULL;
	page = gem_uma_backing_pinned_page(cmap->backing, pgoff);
	return page && !PageHighMem(page) ? page_address(page) : NULL;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_peek);
