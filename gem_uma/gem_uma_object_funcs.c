// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: what DRM asks of a GEM object, apart from its life.
 *
 * Owns nothing. Lock: the object's resv. Neighbours: the parts below, the object's answers
 * to reclaim beside it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object.h>

#include "gem_uma_backing_internal.h"
#include "gem_uma_internal.h"
#include "gem_uma_object_internal.h"

/**
 * gem_uma_object_pin() - &drm_gem_object_funcs.pin
 * @obj: object
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, -EINVAL for an import, or as gem_uma_backing_pin_locked().
 */
int gem_uma_object_pin(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	int ret;

	if (gem_uma_object_is_imported(uobj))
		return -EINVAL;
	ret = gem_uma_backing_pin_locked(&uobj->backing);
	/* A failure may leave a part populated. */
	gem_uma_object_update_locked(uobj);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_pin);

/**
 * gem_uma_object_unpin() - &drm_gem_object_funcs.unpin
 * @obj: object
 *
 * Context: resv held; does not sleep.
 */
void gem_uma_object_unpin(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	if (gem_uma_backing_unpin_locked(&uobj->backing))
		gem_uma_object_update_locked(uobj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_unpin);

static struct sg_table *gem_uma_object_make_sgt(struct gem_uma_object *uobj,
						struct page **pages)
{
	struct mem_cgroup *old = gem_uma_backing_charge(&uobj->backing);
	struct sg_table *sgt;

	sgt = gem_uma_device_make_sgt(uobj->backing.udev, pages, uobj->backing.nr_pages);
	set_active_memcg(old);
	return sgt;
}

/**
 * gem_uma_object_get_sg_table() - &drm_gem_object_funcs.get_sg_table
 * @obj: object
 *
 * The pages are resident, and count as written: what an importer does with them is not known.
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: a new sg table, not mapped, or an ERR_PTR: -ENOMEM, -EINVAL for an import, or as
 * gem_uma_backing_populate_locked().
 */
struct sg_table *gem_uma_object_get_sg_table(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	struct gem_uma_backing *b = &uobj->backing;
	struct page **pages;
	struct sg_table *sgt;
	int ret;

	if (gem_uma_object_is_imported(uobj))
		return ERR_PTR(-EINVAL);
	/* Used first: it does not leave now. */
	uobj->leaving = false;
	ret = gem_uma_backing_populate_locked(b, 0, b->nr_pages);
	pages = ret ? ERR_PTR(ret) : gem_uma_backing_pages_locked(b);
	if (IS_ERR(pages)) {
		sgt = ERR_CAST(pages);
	} else {
		sgt = gem_uma_object_make_sgt(uobj, pages);
		kvfree(pages);
	}
	if (!IS_ERR(sgt))
		gem_uma_backing_mark_dirty_locked(b, 0, b->nr_pages);
	gem_uma_object_update_locked(uobj);
	return sgt;
}
EXPORT_SYMBOL_GPL(gem_uma_object_get_sg_table);

/**
 * gem_uma_object_vmap() - &drm_gem_object_funcs.vmap
 * @obj: object
 * @map: result
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, or as gem_uma_cpu_map_vmap_locked() or the exporter's vmap.
 */
int gem_uma_object_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	int ret;

	if (gem_uma_object_is_imported(uobj))
		return dma_buf_vmap(obj->import_attach->dmabuf, map);
	ret = gem_uma_cpu_map_vmap_locked(&uobj->cpu_map, map);
	gem_uma_object_update_locked(uobj);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_vmap);

/**
 * gem_uma_object_vunmap() - &drm_gem_object_funcs.vunmap
 * @obj: object
 * @map: what gem_uma_object_vmap() gave
 *
 * Context: resv held; may sleep.
 */
void gem_uma_object_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);

	if (gem_uma_object_is_imported(uobj))
		dma_buf_vunmap(obj->import_attach->dmabuf, map);
	else if (gem_uma_cpu_map_vunmap_locked(&uobj->cpu_map))
		gem_uma_object_update_locked(uobj);
}
EXPORT_SYMBOL_GPL(gem_uma_object_vunmap);

/**
 * gem_uma_object_status() - &drm_gem_object_funcs.status
 * @obj: object
 *
 * Context: any.
 *
 * Return: DRM_GEM_OBJECT_RESIDENT, DRM_GEM_OBJECT_PURGEABLE, both or nothing.
 */
enum drm_gem_object_status gem_uma_object_status(struct drm_gem_object *obj)
{
	struct gem_uma_object *uobj = to_gem_uma_object(obj);
	enum drm_gem_object_status status = 0;

	if (gem_uma_object_is_imported(uobj) || gem_uma_backing_resident(&uobj->backing))
		status |= DRM_GEM_OBJECT_RESIDENT;
	if (gem_uma_backing_content(&uobj->backing) == GEM_UMA_CONTENT_PURGEABLE)
		status |= DRM_GEM_OBJECT_PURGEABLE;
	return status;
}
EXPORT_SYMBOL_GPL(gem_uma_object_status);

/**
 * gem_uma_object_rss() - &drm_gem_object_funcs.rss
 * @obj: object
 *
 * Context: any.
 *
 * Return: bytes in memory; all of an import.
 */
size_t gem_uma_object_rss(struct drm_gem_object *obj)
{
	return gem_uma_object_pages(to_gem_uma_object(obj)).resident << PAGE_SHIFT;
}
EXPORT_SYMBOL_GPL(gem_uma_object_rss);

/**
 * gem_uma_object_print_info() - &drm_gem_object_funcs.print_info
 * @p: printer
 * @indent: depth, in tabs
 * @obj: object
 *
 * Context: any; a snapshot without resv.
 */
void gem_uma_object_print_info(struct drm_printer *p, unsigned int indent,
			       const struct drm_gem_object *obj)
{
	const struct gem_uma_object *uobj = to_gem_uma_object(obj);
	struct gem_uma_client_pages pages = gem_uma_object_pages(uobj);

	drm_printf_indent(p, indent, "resident=%llu\n", pages.resident << PAGE_SHIFT);
	if (gem_uma_object_is_imported(uobj))
		return;
	drm_printf_indent(p, indent, "evicted=%llu\n", pages.evicted << PAGE_SHIFT);
	drm_printf_indent(p, indent, "evictions=%u\n", gem_uma_backing_evictions(&uobj->backing));
	drm_printf_indent(p, indent, "pins=%d\n", atomic_read(&uobj->backing.pins));
	drm_printf_indent(p, indent, "mmaps=%u\n", gem_uma_cpu_map_mmaps(&uobj->cpu_map));
	drm_printf_indent(p, indent, "cached=%s\n",
			  uobj->cpu_map.mode == GEM_UMA_CACHE_WB ? "yes" : "no");
}
EXPORT_SYMBOL_GPL(gem_uma_object_print_info);
