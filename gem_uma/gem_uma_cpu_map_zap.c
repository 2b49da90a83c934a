// SPDX-License-Identifier: GPL-2.0
/*
 * The end of CPU mappings.
 *
 * Takes all user PTEs of an object out, and tells backing which pages were written
 * through them. Lock: the object's resv. Neighbour: backing.
 */
/* First: 7.3 has headers below that need it and do not say so. */
#include <linux/mm.h>

#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/find.h>
#include <linux/fs.h>
#include <linux/interval_tree_generic.h>
#include <linux/mm_inline.h>
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>

#include <drm/drm_device.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_cpu_map_internal.h"
#include "gem_uma_range.h"

/**
 * DOC: Written pages
 *
 * A PTE of a writable shared mapping is writable from the first fault on: KVM takes what
 * it finds, and a first store costs no fault of its own. That a page was written is known
 * to the hardware's dirty bits until gem_uma_cpu_map_zap_locked() collects them.
 *
 * The core drops the dirty bits of such PTEs when it unmaps them itself, at munmap() or
 * when it splits a PMD mapping, and calls nobody in between. So PTEs are counted when they
 * are made, by chunk. Where fewer are found again, every page of the chunk that was mapped
 * since the last zap counts as written.
 *
 * The page tables of KVM and of other users of MMU notifiers need not pass their dirty
 * bits on, and mprotect() can end what they allowed before we look. In an address space
 * that has a notifier, every PTE of a VMA that can be writable counts as dirty.
 */

static inline unsigned long gem_uma_vma_start(struct vm_area_struct *vma)
{
	return vma->vm_pgoff;
}

static inline unsigned long gem_uma_vma_last(struct vm_area_struct *vma)
{
	return vma->vm_pgoff + vma_pages(vma) - 1;
}

/* The core has the same for its own use, and does not export it. */
INTERVAL_TREE_DEFINE(struct vm_area_struct, shared.rb, unsigned long,
		     shared.rb_subtree_last, gem_uma_vma_start, gem_uma_vma_last,
		     static inline, gem_uma_vma_tree)

/* PTEs taken out of one VMA. */
struct gem_uma_pte_take {
	struct gem_uma_cpu_map *cmap;
	struct vm_area_struct *vma;
	/* Address of the first page in @written. */
	unsigned long start;
	/* A bit for each of up to BITS_PER_LONG pages. */
	unsigned long written;
	/* PTEs taken out so far; a PMD mapping counts as the PTEs that it replaces. */
	unsigned long taken;
};

/* Under the page-table lock, after the entry is gone: nobody copies it any more. */
static bool gem_uma_pte_take_is_written(const struct gem_uma_pte_take *take, bool dirty)
{
	return dirty || mm_has_notifiers(take->vma->vm_mm);
}

/* Called under the PTE lock for each PTE. */
static int gem_uma_pte_take_one(pte_t *ptep, unsigned long addr, void *data)
{
	struct gem_uma_pte_take *take = data;
	pte_t pte;

	if (!pte_present(ptep_get(ptep)))
		return 0;
	pte = ptep_get_and_clear(take->vma->vm_mm, addr, ptep);
	if (gem_uma_pte_take_is_written(take, pte_dirty(pte)))
		__set_bit((addr - take->start) >> PAGE_SHIFT, &take->written);
	take->taken++;
	return 0;
}

/* The page of the object that an address shows. */
static pgoff_t gem_uma_pte_take_pgoff(const struct gem_uma_pte_take *take, unsigned long addr)
{
	struct drm_gem_object *obj = take->cmap->backing->obj;

	return take->vma->vm_pgoff - drm_vma_node_start(&obj->vma_node) +
	       ((addr - take->vma->vm_start) >> PAGE_SHIFT);
}

static void gem_uma_pte_take_mark(const struct gem_uma_pte_take *take, unsigned long from,
				  unsigned long to)
	__must_hold(take->cmap->backing->obj->resv)
{
	pgoff_t pgoff = gem_uma_pte_take_pgoff(take, take->start);

	gem_uma_backing_mark_dirty_locked(take->cmap->backing, pgoff + from, pgoff + to);
}

/* @nr PTEs of a chunk are gone; replaces an entry, which takes no memory. */
static void gem_uma_pte_take_count(const struct gem_uma_pte_take *take, pgoff_t pgoff,
				   unsigned long nr)
{
	struct xarray *ptes = &take->cmap->ptes;
	void *entry = xa_load(ptes, pgoff / GEM_UMA_BACKING_CHUNK);

	if (!nr)
		return;
	if (drm_WARN_ON_ONCE(take->cmap->backing->udev->drm,
			     !entry || xa_to_value(entry) < nr))
		return;
	xa_store(ptes, pgoff / GEM_UMA_BACKING_CHUNK, xa_mk_value(xa_to_value(entry) - nr), 0);
}

/* A page of PTEs, or the part of it in [addr, end). */
static void gem_uma_pte_take_ptes(struct gem_uma_pte_take *take, unsigned long addr,
				  unsigned long end)
	__must_hold(take->cmap->backing->obj->resv)
{
	unsigned long next, from, to, nr, before;

	for (; addr != end; addr = next) {
		pgoff_t pgoff = gem_uma_pte_take_pgoff(take, addr);

		nr = min(BITS_PER_LONG, GEM_UMA_BACKING_CHUNK - pgoff % GEM_UMA_BACKING_CHUNK);
		next = addr + min(end - addr, nr << PAGE_SHIFT);
		take->start = addr;
		take->written = 0;
		before = take->taken;
		/* Allocates nothing where a page of PTEs is. */
		apply_to_page_range(take->vma->vm_mm, addr, next - addr,
				    gem_uma_pte_take_one, take);
		gem_uma_pte_take_count(take, pgoff, take->taken - before);
		for_each_set_bitrange(from, to, &take->written, BITS_PER_LONG)
			gem_uma_pte_take_mark(take, from, to);
	}
}

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
/* PMD mappings show whole chunks. */
static void gem_uma_pte_take_pmd(struct gem_uma_pte_take *take, pmd_t *pmdp,
				 unsigned long addr)
	__must_hold(take->cmap->backing->obj->resv)
{
	struct mm_struct *mm = take->vma->vm_mm;
	spinlock_t *ptl = pmd_lock(mm, pmdp);
	bool leaf = pmd_leaf(pmdp_get(pmdp));
	bool written = false;
	pmd_t pmd;

	/* Not if the core has split it meanwhile, which empties it. */
	if (leaf) {
		pmd = pmdp_huge_get_and_clear(mm, addr, pmdp);
		written = gem_uma_pte_take_is_written(take, pmd_dirty(pmd));
		take->taken += PTRS_PER_PTE;
	}
	spin_unlock(ptl);
	take->start = addr;
	gem_uma_pte_take_count(take, gem_uma_pte_take_pgoff(take, addr),
			       leaf ? PTRS_PER_PTE : 0);
	if (written)
		gem_uma_pte_take_mark(take, 0, PTRS_PER_PTE);
}
#else
static void gem_uma_pte_take_pmd(struct gem_uma_pte_take *take, pmd_t *pmdp,
				 unsigned long addr)
{
}
#endif

/* NULL if there is none; *next is the end of what was looked at. */
static pmd_t *gem_uma_pte_take_find_pmd(struct mm_struct *mm, unsigned long addr,
					unsigned long end, unsigned long *next)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;

	*next = pgd_addr_end(addr, end);
	if (pgd_none(*pgd))
		return NULL;
	p4d = p4d_offset(pgd, addr);
	*next = p4d_addr_end(addr, end);
	if (p4d_none(*p4d))
		return NULL;
	pud = pud_offset(p4d, addr);
	*next = pud_addr_end(addr, end);
	if (pud_none(*pud))
		return NULL;
	pmd = pmd_offset(pud, addr);
	*next = pmd_addr_end(addr, end);
	return pmd_none(pmdp_get_lockless(pmd)) ? NULL : pmd;
}

/*
 * The core can make a present PTE writable without asking us. An entry that is only
 * write-protected here could be written before zap_special_vma_range() comes to it, which forgets
 * that. So it is taken out, in one atomic step with its dirty bit. A CPU with a clean
 * TLB entry looks into the page table before it stores, and faults; one with a dirty TLB
 * entry may go on until the flush, and that page is known as written.
 *
 * The flush is the core's: with a second flush pending, zap_special_vma_range() makes one
 * even though it finds nothing. Where nothing was taken out, it need not: each is a flush of
 * all of the address space. It calls the MMU notifiers in any case.
 */
static void gem_uma_cpu_map_take_vma(struct gem_uma_cpu_map *cmap, struct vm_area_struct *vma,
				     unsigned long start, unsigned long end)
	__must_hold(cmap->backing->obj->resv)
{
	struct gem_uma_pte_take take = { .cmap = cmap, .vma = vma };
	unsigned long addr, next;

	inc_tlb_flush_pending(vma->vm_mm);
	for (addr = start; addr < end; addr = next) {
		pmd_t *pmd = gem_uma_pte_take_find_pmd(vma->vm_mm, addr, end, &next);

		if (pmd && pmd_leaf(pmdp_get_lockless(pmd)))
			gem_uma_pte_take_pmd(&take, pmd, addr);
		else if (pmd)
			gem_uma_pte_take_ptes(&take, addr, next);
		cond_resched();
	}
	if (!take.taken)
		dec_tlb_flush_pending(vma->vm_mm);
	zap_special_vma_range(vma, start, end - start);
	if (take.taken)
		dec_tlb_flush_pending(vma->vm_mm);
}

/*
 * Page tables of a VMA stay while it is in the tree, and so do its bounds: both change
 * with i_mmap_rwsem held for writing.
 */
static void gem_uma_cpu_map_take(struct gem_uma_cpu_map *cmap,
				 const struct gem_uma_extent *e)
	__must_hold(cmap->backing->obj->resv)
{
	struct drm_gem_object *obj = cmap->backing->obj;
	struct address_space *mapping = obj->dev->anon_inode->i_mapping;
	unsigned long node = drm_vma_node_start(&obj->vma_node);
	unsigned long first = node + e->start, last = node + e->end - 1;
	struct vm_area_struct *vma;

	i_mmap_lock_read(mapping);
	for (vma = gem_uma_vma_tree_iter_first(&mapping->i_mmap, first, last); vma;
	     vma = gem_uma_vma_tree_iter_next(vma, first, last)) {
		unsigned long from = max(first, gem_uma_vma_start(vma)) - vma->vm_pgoff;
		unsigned long to = min(last, gem_uma_vma_last(vma)) + 1 - vma->vm_pgoff;
		unsigned long start = vma->vm_start + (from << PAGE_SHIFT);
		unsigned long end = vma->vm_start + (to << PAGE_SHIFT);

		if (vma->vm_flags & VM_MAYWRITE)
			gem_uma_cpu_map_take_vma(cmap, vma, start, end);
		else
			zap_special_vma_range(vma, start, end - start);
	}
	i_mmap_unlock_read(mapping);
}

/* @e consists of whole chunks. */
static void gem_uma_cpu_map_zap(struct gem_uma_cpu_map *cmap, const struct gem_uma_extent *e)
	__must_hold(cmap->backing->obj->resv)
{
	unsigned long chunk;
	void *entry;

	if (atomic_read(&cmap->mmaps))
		gem_uma_cpu_map_take(cmap, e);
	xa_for_each_range(&cmap->ptes, chunk, entry, e->start / GEM_UMA_BACKING_CHUNK,
			  (e->end - 1) / GEM_UMA_BACKING_CHUNK) {
		struct gem_uma_extent lost = cmap->mapped;
		pgoff_t start = chunk * GEM_UMA_BACKING_CHUNK;

		/* The core has taken some, with what they knew. */
		if (xa_to_value(entry) &&
		    gem_uma_range_clip(&lost, start, start + GEM_UMA_BACKING_CHUNK))
			gem_uma_backing_mark_dirty_locked(cmap->backing, lost.start, lost.end);
		/* That there are no PTEs does not clean what was written through them. */
		if (xa_get_mark(&cmap->ptes, chunk, GEM_UMA_CPU_MAP_UNCLEAN)) {
			xa_store(&cmap->ptes, chunk, xa_mk_value(0), 0);
			xa_clear_mark(&cmap->ptes, chunk, GEM_UMA_CPU_MAP_USED);
		} else {
			xa_erase(&cmap->ptes, chunk);
		}
		cond_resched();
	}
}

/**
 * gem_uma_cpu_map_zap_locked() - remove all user PTEs
 * @cmap: CPU map
 *
 * VMAs stay; the next access faults. What was written through the PTEs is dirty
 * afterwards.
 *
 * Context: resv held. Takes i_mmap_rwsem and PTE locks; callable from reclaim.
 */
void gem_uma_cpu_map_zap_locked(struct gem_uma_cpu_map *cmap)
{
	struct gem_uma_extent all = { .end = cmap->backing->nr_pages };

	dma_resv_assert_held(cmap->backing->obj->resv);
	gem_uma_cpu_map_zap(cmap, &all);
	cmap->mapped = (struct gem_uma_extent) {};
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_zap_locked);

/**
 * gem_uma_cpu_map_zap_chunk_locked() - remove the user PTEs of a chunk
 * @cmap: CPU map
 * @chunk: from gem_uma_backing_next_chunk_locked()
 *
 * As gem_uma_cpu_map_zap_locked(); other chunks stay mapped.
 *
 * Context: resv held. Takes i_mmap_rwsem and PTE locks; callable from reclaim.
 */
void gem_uma_cpu_map_zap_chunk_locked(struct gem_uma_cpu_map *cmap,
				      const struct gem_uma_extent *chunk)
{
	dma_resv_assert_held(cmap->backing->obj->resv);
	gem_uma_cpu_map_zap(cmap, chunk);
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_zap_chunk_locked);

/**
 * gem_uma_cpu_map_test_used_locked() - did a fault use a chunk since this was last asked?
 * @cmap: CPU map
 * @chunk: from gem_uma_backing_next_chunk_locked()
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if so; it is forgotten.
 */
bool gem_uma_cpu_map_test_used_locked(struct gem_uma_cpu_map *cmap,
				      const struct gem_uma_extent *chunk)
{
	unsigned long index = chunk->start / GEM_UMA_BACKING_CHUNK;

	dma_resv_assert_held(cmap->backing->obj->resv);
	if (!xa_get_mark(&cmap->ptes, index, GEM_UMA_CPU_MAP_USED))
		return false;
	xa_clear_mark(&cmap->ptes, index, GEM_UMA_CPU_MAP_USED);
	return true;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_test_used_locked);
