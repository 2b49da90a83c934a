/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_DEV_MAP_H_
#define _DRM_GEM_UMA_DEV_MAP_H_

#include <linux/dma-direction.h>
#include <linux/maple_tree.h>
#include <linux/types.h>

#include <drm/gem_uma/gem_uma_backing.h>

struct dma_iova_state;
struct sg_table;

/**
 * struct gem_uma_dma_run - pages that are contiguous in the device's address space
 */
struct gem_uma_dma_run {
	/** @addr: DMA address of the first page. */
	dma_addr_t addr;
	/** @pgoff: first page, counted from the start of the object. */
	u32 pgoff;
	/** @nr: number of pages, not 0. */
	u32 nr;
};

/**
 * struct gem_uma_dev_map - DMA addresses of an object's pages for one device
 *
 * Invariants: pages that are mapped are held by the backing; @starts and @readonly are
 * subsets of @mapped; pages of @mapped that are not in @readonly are dirty.
 */
struct gem_uma_dev_map {
	/** @backing: whose pages; NULL for the pages of an sg table. */
	struct gem_uma_backing *backing;
	/** @obj: the object; its resv is our lock. */
	struct drm_gem_object *obj;
	/** @dev: the device that does DMA. */
	struct device *dev;

	/* private: protected by resv */

	/* Pages with an address; all pages of an sg table. */
	struct gem_uma_page_set mapped;
	/* Where calls of the DMA API started: what lies between two is contiguous memory. */
	struct gem_uma_page_set starts;
	/* Pages that the device only reads. */
	struct gem_uma_page_set readonly;
	/* One range of addresses for the whole object, where an IOMMU has given one, or NULL. */
	struct dma_iova_state *iova;
	/* Other addresses that do not follow from the page: by range, the first page's number. */
	struct maple_tree addrs;
};

int gem_uma_dev_map_init(struct gem_uma_dev_map *dmap,
			 struct gem_uma_backing *backing);
int gem_uma_dev_map_init_sgt(struct gem_uma_dev_map *dmap, struct drm_gem_object *obj,
			     struct device *dev, struct sg_table *sgt);
void gem_uma_dev_map_fini(struct gem_uma_dev_map *dmap);

int gem_uma_dev_map_map_locked(struct gem_uma_dev_map *dmap, pgoff_t start,
			       pgoff_t end, enum dma_data_direction dir)
	__must_hold(dmap->obj->resv);
bool gem_uma_dev_map_is_mapped_locked(struct gem_uma_dev_map *dmap, pgoff_t start,
				      pgoff_t end, enum dma_data_direction dir)
	__must_hold(dmap->obj->resv);
void gem_uma_dev_map_drop_locked(struct gem_uma_dev_map *dmap)
	__must_hold(dmap->obj->resv);
int gem_uma_dev_map_run_locked(struct gem_uma_dev_map *dmap, pgoff_t start,
			       pgoff_t end, struct gem_uma_dma_run *run)
	__must_hold(dmap->obj->resv);
int gem_uma_dev_map_bytes_locked(struct gem_uma_dev_map *dmap, u64 offset, u64 size,
				 dma_addr_t *addr, u64 *len)
	__must_hold(dmap->obj->resv);
bool gem_uma_dev_map_next_locked(struct gem_uma_dev_map *dmap, pgoff_t start,
				 pgoff_t end, struct gem_uma_dma_run *run)
	__must_hold(dmap->obj->resv);
struct gem_uma_sync_piece gem_uma_dev_map_piece(const struct gem_uma_dev_map *dmap,
						const struct gem_uma_dma_run *run, u64 start,
						u64 end);
bool gem_uma_dev_map_may_write_locked(struct gem_uma_dev_map *dmap, pgoff_t pgoff,
				      pgoff_t *end)
	__must_hold(dmap->obj->resv);

#endif
