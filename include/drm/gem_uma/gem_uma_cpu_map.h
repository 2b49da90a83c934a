/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_CPU_MAP_H_
#define _DRM_GEM_UMA_CPU_MAP_H_

#include <linux/atomic.h>
#include <linux/mm_types.h>
#include <linux/xarray.h>

#include <drm/gem_uma/gem_uma_backing.h>

struct iosys_map;
struct vm_fault;

/* No CPU mapping for user space, by whatever path. */
#define GEM_UMA_CPU_MAP_NO_MMAP	BIT(0)

/**
 * struct gem_uma_cpu_map - CPU mappings of an object
 *
 * The only maker of CPU mappings: no other path chooses cache mode or permission to map.
 *
 * Invariants: PTEs are made under resv and only for pages that the backing holds;
 * @vaddr is set exactly if @vmaps > 0, and then the backing is pinned once.
 */
struct gem_uma_cpu_map {
	/** @backing: whose pages; constant after init. */
	struct gem_uma_backing *backing;
	/**
	 * @mode: how everybody maps. Only gem_uma_cpu_map_force_wc_locked() changes it, while
	 * there are no mappings; protected by resv.
	 */
	enum gem_uma_cache_mode mode;
	/** @flags: GEM_UMA_CPU_MAP_*; constant after init. */
	u32 flags;

	/** @mmaps: number of VMAs; changes without a lock of ours. */
	atomic_t mmaps;
	/**
	 * @starved: the last fault or access failed to populate for lack of memory; protected
	 * by resv. Nobody else can evict pages of the object meanwhile: whoever called does
	 * so, and tries again.
	 */
	bool starved;

	/* private: protected by resv; vaddr is also read without */

	void *vaddr;
	unsigned int vmaps;
	/* Where the next fault is expected, and how much it would get. */
	pgoff_t next_pgoff;
	unsigned long window;
	/*
	 * By chunk, while the CPU maps it or has to clean it: PTEs made since the last zap in
	 * VMAs that can be written. One mark says that the chunk was used since somebody last
	 * asked, another that the CPU may have written since it was cleaned.
	 */
	struct xarray ptes;
	/* The kernel, or a debugger, may have written anywhere since all was cleaned. */
	bool unclean;
	/* Where PTEs were made since all were zapped; empty if nowhere. */
	struct gem_uma_extent mapped;
};

int gem_uma_cpu_map_init(struct gem_uma_cpu_map *cmap,
			 struct gem_uma_backing *backing, bool want_wc, u32 flags);
void gem_uma_cpu_map_fini(struct gem_uma_cpu_map *cmap);

int gem_uma_cpu_map_mmap(struct gem_uma_cpu_map *cmap, struct vm_area_struct *vma);
void gem_uma_cpu_map_vm_open(struct gem_uma_cpu_map *cmap, struct vm_area_struct *vma);
void gem_uma_cpu_map_vm_close(struct gem_uma_cpu_map *cmap);

vm_fault_t gem_uma_cpu_map_fault_begin(struct gem_uma_cpu_map *cmap, struct vm_fault *vmf);
vm_fault_t gem_uma_cpu_map_fault_locked(struct gem_uma_cpu_map *cmap,
					struct vm_fault *vmf, unsigned int order)
	__must_hold(cmap->backing->obj->resv);
void gem_uma_cpu_map_fault_end(struct gem_uma_cpu_map *cmap, vm_fault_t ret);
int gem_uma_cpu_map_access_locked(struct gem_uma_cpu_map *cmap, struct vm_area_struct *vma,
				  unsigned long addr, void *buf, int len, bool write)
	__must_hold(cmap->backing->obj->resv);
vm_fault_t gem_uma_cpu_map_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end);

void gem_uma_cpu_map_zap_locked(struct gem_uma_cpu_map *cmap)
	__must_hold(cmap->backing->obj->resv);
void gem_uma_cpu_map_zap_chunk_locked(struct gem_uma_cpu_map *cmap,
				      const struct gem_uma_extent *chunk)
	__must_hold(cmap->backing->obj->resv);
bool gem_uma_cpu_map_test_used_locked(struct gem_uma_cpu_map *cmap,
				      const struct gem_uma_extent *chunk)
	__must_hold(cmap->backing->obj->resv);
int gem_uma_cpu_map_vmap_locked(struct gem_uma_cpu_map *cmap, struct iosys_map *map)
	__must_hold(cmap->backing->obj->resv);
bool gem_uma_cpu_map_vunmap_locked(struct gem_uma_cpu_map *cmap)
	__must_hold(cmap->backing->obj->resv);
int gem_uma_cpu_map_read_locked(struct gem_uma_cpu_map *cmap, pgoff_t start, pgoff_t end,
				void *buf)
	__must_hold(cmap->backing->obj->resv);
void *gem_uma_cpu_map_peek(const struct gem_uma_cpu_map *cmap, pgoff_t pgoff);

unsigned long gem_uma_cpu_map_get_unmapped_area(struct gem_uma_cpu_map *cmap,
						unsigned long addr, unsigned long len,
						unsigned long pgoff,
						unsigned long flags);

/**
 * gem_uma_cpu_map_mmaps() - number of VMAs that map the object, a snapshot
 * @cmap: CPU map
 *
 * Context: any.
 *
 * Return: number of VMAs.
 */
static inline unsigned int gem_uma_cpu_map_mmaps(const struct gem_uma_cpu_map *cmap)
{
	return atomic_read(&cmap->mmaps);
}

#endif
