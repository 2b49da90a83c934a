// SPDX-License-Identifier: GPL-2.0
/*
 * The page tables of the virtual GPU: four levels of 512 entries, walked in
 * software on every access.
 *
 * There is no TLB: an access and the change of a table exclude each other by the
 * access lock of the VM, so a mapping is gone for the engine when the unmap returns.
 *
 * Tables are allocated into a pool before the lock is taken: reclaim takes it, too, so
 * under it nothing may wait for memory.
 *
 * The page of the CPU is unknown here: memory comes as a physical address and bytes.
 */

#include <linux/align.h>
#include <linux/bits.h>
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <drm/gem_uma/gem_uma_vm.h>

#include "vuma_drv.h"
#include "vuma_mmu.h"

#define VUMA_PT_ENTRIES		512
#define VUMA_PT_BYTES		(VUMA_PT_ENTRIES * sizeof(u64))
/* Has the CPU pages of that size? */
#define VUMA_PT_IS_PAGE		(!offset_in_page(VUMA_PT_BYTES))
#define VUMA_PT_ROOT		3

#define VUMA_PTE_VALID		BIT_ULL(0)
/* The entry maps memory; without it, it points to a table. */
#define VUMA_PTE_LEAF		BIT_ULL(1)
#define VUMA_PTE_WRITE		BIT_ULL(2)
/* This entry and its 15 aligned neighbours map 64K of contiguous memory. */
#define VUMA_PTE_CONTIG		BIT_ULL(3)
/* No memory is behind it: reads give zero, and writes are lost. */
#define VUMA_PTE_NULL		BIT_ULL(4)
#define VUMA_PTE_ADDR		GENMASK_ULL(51, VUMA_PAGE_SHIFT)
/* Valid entries in the table that the entry points to. */
#define VUMA_PTE_USED		GENMASK_ULL(61, 52)
#define VUMA_PTE_USED_ONE	BIT_ULL(52)

#define VUMA_CONTIG_NR		(SZ_64K >> VUMA_PAGE_SHIFT)
#define VUMA_PAGES_2M		(SZ_2M >> VUMA_PAGE_SHIFT)

enum { VUMA_LEAF_4K, VUMA_LEAF_64K, VUMA_LEAF_2M };

static struct kmem_cache *vuma_pt_cache;
/* Where writes to null entries end. Never read. It holds a page of the GPU. */
static void *vuma_sink;

static unsigned int vuma_pt_shift(unsigned int level)
{
	return VUMA_PAGE_SHIFT + 9 * level;
}

static unsigned int vuma_pt_index(u64 va, unsigned int level)
{
	return (va >> vuma_pt_shift(level)) & (VUMA_PT_ENTRIES - 1);
}

static u64 *vuma_pte_table(u64 pte)
{
	return phys_to_virt(pte & VUMA_PTE_ADDR);
}

/* A page that is not needed is free at once; in a slab it would be a hole. */
static u64 *vuma_pt_alloc(gfp_t gfp)
{
	if (VUMA_PT_IS_PAGE)
		return (u64 *)get_zeroed_page(gfp | __GFP_ACCOUNT);
	return kmem_cache_zalloc(vuma_pt_cache, gfp);
}

static void vuma_pt_free(u64 *table)
{
	if (VUMA_PT_IS_PAGE)
		free_page((unsigned long)table);
	else
		kmem_cache_free(vuma_pt_cache, table);
}

/**
 * vuma_mmu_module_init - create what all page tables share
 *
 * Return: 0 or -ENOMEM.
 */
int vuma_mmu_module_init(void)
{
	vuma_pt_cache = kmem_cache_create(vuma_bo_driver_name, VUMA_PT_BYTES, VUMA_PT_BYTES,
					  SLAB_ACCOUNT, NULL);
	if (!vuma_pt_cache)
		return -ENOMEM;
	vuma_sink = (void *)__get_free_page(GFP_KERNEL);
	if (!vuma_sink) {
		kmem_cache_destroy(vuma_pt_cache);
		return -ENOMEM;
	}
	return 0;
}

/**
 * vuma_mmu_module_exit - undo vuma_mmu_module_init()
 */
void vuma_mmu_module_exit(void)
{
	free_page((unsigned long)vuma_sink);
	kmem_cache_destroy(vuma_pt_cache);
}

/**
 * vuma_mmu_init - create empty page tables
 * @mmu: the tables
 * @counters: where to count
 *
 * Return: 0 or -ENOMEM.
 */
int vuma_mmu_init(struct vuma_mmu *mmu, struct vuma_counters *counters)
{
	mmu->root = vuma_pt_alloc(GFP_KERNEL);
	if (!mmu->root)
		return -ENOMEM;

	mmu->counters = counters;
	atomic64_inc(&counters->tables);
	return 0;
}

/**
 * vuma_mmu_fini - free page tables, which must be empty
 * @mmu: the tables
 */
void vuma_mmu_fini(struct vuma_mmu *mmu)
{
	WARN_ON_ONCE(memchr_inv(mmu->root, 0, VUMA_PT_BYTES));
	vuma_pt_free(mmu->root);
	atomic64_dec(&mmu->counters->tables);
}

/**
 * vuma_pt_pool_fill - allocate tables, charged to the current task
 * @pool: an empty pool
 * @nr: number of tables
 * @gfp: may it wait for memory
 *
 * Context: as @gfp says.
 * Return: 0 or -ENOMEM.
 */
int vuma_pt_pool_fill(struct gem_uma_vm_tables *pool, unsigned long nr, gfp_t gfp)
{
	pool->first = NULL;
	while (nr--) {
		void *table = NULL;

		/* A sparse range can need very many. */
		if (!fatal_signal_pending(current))
			table = vuma_pt_alloc(gfp);
		if (!table) {
			vuma_pt_pool_drain(pool);
			return -ENOMEM;
		}
		*(void **)table = pool->first;
		pool->first = table;
	}
	return 0;
}

static u64 *vuma_pt_pool_take(struct gem_uma_vm_tables *pool)
{
	void *table = pool ? pool->first : NULL;

	if (table) {
		pool->first = *(void **)table;
		*(void **)table = NULL;
	}
	return table;
}

/**
 * vuma_pt_pool_drain - free the tables that were not needed
 * @pool: the pool
 */
void vuma_pt_pool_drain(struct gem_uma_vm_tables *pool)
{
	void *table;

	while ((table = vuma_pt_pool_take(pool)))
		vuma_pt_free(table);
}

/**
 * struct vuma_walk - the way from the root to an entry
 * @entry: by level, the entry on the way; NULL below the last one reached
 */
struct vuma_walk {
	u64 *entry[VUMA_PT_ROOT + 1];
};

/* An entry of the table at @level changed: keep the count in the entry above. */
static void vuma_walk_count(struct vuma_walk *walk, unsigned int level, s64 change)
{
	if (level < VUMA_PT_ROOT)
		*walk->entry[level + 1] += change * (s64)VUMA_PTE_USED_ONE;
}

/* Returns the level of the last entry on the way to @va: a leaf, or a hole. */
static unsigned int vuma_walk_find(struct vuma_mmu *mmu, u64 va, struct vuma_walk *walk)
{
	u64 *table = mmu->root;
	unsigned int level = VUMA_PT_ROOT;

	for (;; level--) {
		u64 *entry = &table[vuma_pt_index(va, level)];

		walk->entry[level] = entry;
		if (!level || !(*entry & VUMA_PTE_VALID) || (*entry & VUMA_PTE_LEAF))
			return level;
		table = vuma_pte_table(*entry);
	}
}

/* Walks to the entry of @va at @level, hanging in tables where there are none. */
static int vuma_walk_make(struct vuma_mmu *mmu, u64 va, unsigned int level,
			  struct vuma_walk *walk, struct gem_uma_vm_tables *pool)
{
	unsigned int at = vuma_walk_find(mmu, va, walk);

	for (; at > level; at--) {
		u64 *table;

		if (WARN_ON_ONCE(*walk->entry[at] & VUMA_PTE_VALID))
			return -EEXIST;
		table = vuma_pt_pool_take(pool);
		if (WARN_ON_ONCE(!table))
			return -ENOMEM;

		*walk->entry[at] = virt_to_phys(table) | VUMA_PTE_VALID;
		vuma_walk_count(walk, at, 1);
		atomic64_inc(&mmu->counters->tables);
		walk->entry[at - 1] = &table[vuma_pt_index(va, at - 1)];
	}
	return WARN_ON_ONCE(*walk->entry[level] & VUMA_PTE_VALID) ? -EEXIST : 0;
}

/* Clears the entry at @level, and the tables above that it leaves empty. */
static void vuma_walk_clear(struct vuma_mmu *mmu, struct vuma_walk *walk, unsigned int level)
{
	for (;;) {
		*walk->entry[level] = 0;
		vuma_walk_count(walk, level, -1);
		if (level++ == VUMA_PT_ROOT || FIELD_GET(VUMA_PTE_USED, *walk->entry[level]))
			return;

		vuma_pt_free(vuma_pte_table(*walk->entry[level]));
		atomic64_dec(&mmu->counters->tables);
	}
}

static u64 vuma_pte_leaf(phys_addr_t phys, bool write)
{
	return phys | VUMA_PTE_VALID | VUMA_PTE_LEAF | (write ? VUMA_PTE_WRITE : 0);
}

/* Writes 4K entries up to the end of the table; returns how many. */
static unsigned long vuma_mmu_map_small(struct vuma_walk *walk, u64 va, u64 pte, u64 next,
					unsigned long nr)
{
	u64 *entry = walk->entry[0];
	unsigned long i;

	nr = min_t(unsigned long, nr, VUMA_PT_ENTRIES - vuma_pt_index(va, 0));
	for (i = 0; i < nr; i++, pte += next) {
		WARN_ON_ONCE(entry[i] & VUMA_PTE_VALID);
		entry[i] = pte;
	}
	vuma_walk_count(walk, 0, nr);
	return nr;
}

/* Writes entries, the first of them @pte; from page to page, the address grows by @next. */
static int vuma_mmu_write(struct vuma_mmu *mmu, u64 va, u64 pte, u64 next, u64 len, u64 leaf,
			  struct gem_uma_vm_tables *pool)
{
	unsigned long nr = len >> VUMA_PAGE_SHIFT;
	unsigned int size = leaf == SZ_2M ? VUMA_LEAF_2M :
			    leaf == SZ_64K ? VUMA_LEAF_64K : VUMA_LEAF_4K;

	if (size == VUMA_LEAF_64K)
		pte |= VUMA_PTE_CONTIG;
	atomic64_add(len / leaf, &mmu->counters->leaves[size]);
	while (nr) {
		bool big = size == VUMA_LEAF_2M;
		struct vuma_walk walk;
		unsigned long step;
		int ret;

		ret = vuma_walk_make(mmu, va, big ? 1 : 0, &walk, pool);
		if (ret)
			return ret;

		if (big) {
			*walk.entry[1] = pte;
			vuma_walk_count(&walk, 1, 1);
			step = VUMA_PAGES_2M;
		} else {
			step = vuma_mmu_map_small(&walk, va, pte, next, nr);
		}
		/* The lock is a mutex. A sparse range can be a TiB. */
		cond_resched();
		va += step * VUMA_PAGE_SIZE;
		pte += step * next;
		nr -= step;
	}
	return 0;
}

/**
 * vuma_mmu_map - map contiguous memory where nothing is mapped
 * @mmu: the tables
 * @va: GPU address
 * @phys: where the memory is
 * @len: bytes
 * @leaf: bytes that an entry, or a group of entries, shall map
 * @write: let jobs write
 * @pool: enough tables
 *
 * Return: 0, or an error that only a bug causes; the caller has to unmap what was
 * mapped.
 */
int vuma_mmu_map(struct vuma_mmu *mmu, u64 va, phys_addr_t phys, u64 len, u64 leaf,
		 bool write, struct gem_uma_vm_tables *pool)
{
	if (WARN_ON_ONCE(!IS_ALIGNED(va | phys | len, leaf)))
		return -EINVAL;
	return vuma_mmu_write(mmu, va, vuma_pte_leaf(phys, write), VUMA_PAGE_SIZE, len, leaf,
			      pool);
}

/**
 * vuma_mmu_map_null - make a range accessible that has no memory
 * @mmu: the tables
 * @va: GPU address
 * @len: bytes
 * @leaf: bytes that an entry, or a group of entries, shall map
 * @pool: enough tables
 *
 * Return: as vuma_mmu_map().
 */
int vuma_mmu_map_null(struct vuma_mmu *mmu, u64 va, u64 len, u64 leaf,
		      struct gem_uma_vm_tables *pool)
{
	if (WARN_ON_ONCE(!IS_ALIGNED(va | len, leaf)))
		return -EINVAL;
	return vuma_mmu_write(mmu, va, vuma_pte_leaf(0, true) | VUMA_PTE_NULL, 0, len, leaf, pool);
}

/* Turns a 2M entry into a table of 4K entries. */
static bool vuma_mmu_split(struct vuma_mmu *mmu, struct vuma_walk *walk,
			   struct gem_uma_vm_tables *pool)
{
	u64 leaf = *walk->entry[1], *table = vuma_pt_pool_take(pool);
	u64 next = leaf & VUMA_PTE_NULL ? 0 : VUMA_PAGE_SIZE;
	unsigned int i;

	if (WARN_ON_ONCE(!table))
		return false;

	for (i = 0; i < VUMA_PT_ENTRIES; i++)
		table[i] = (leaf + i * next) | VUMA_PTE_CONTIG;
	*walk->entry[1] = virt_to_phys(table) | VUMA_PTE_VALID |
			  FIELD_PREP(VUMA_PTE_USED, VUMA_PT_ENTRIES);
	atomic64_inc(&mmu->counters->tables);
	atomic64_inc(&mmu->counters->splits);
	return true;
}

/* What is left of a 64K group after one of its pages went is 4K pages. */
static void vuma_mmu_break_group(u64 *entry)
{
	u64 *first = PTR_ALIGN_DOWN(entry, VUMA_CONTIG_NR * sizeof(u64));
	unsigned int i;

	for (i = 0; i < VUMA_CONTIG_NR; i++)
		first[i] &= ~VUMA_PTE_CONTIG;
}

/* Does [va, end) take only a part of the leaf at @va? */
static bool vuma_mmu_cuts(u64 pte, u64 va, u64 end, u64 size)
{
	if (pte & VUMA_PTE_CONTIG)
		size = SZ_64K;
	return ALIGN_DOWN(va, size) < va || end - va < size;
}

/* Returns true if the large page at @va was made small. */
static bool vuma_mmu_cut(struct vuma_mmu *mmu, struct vuma_walk *walk, unsigned int level,
			 struct gem_uma_vm_tables *pool)
{
	if (level)
		return vuma_mmu_split(mmu, walk, pool);
	vuma_mmu_break_group(walk->entry[0]);
	return true;
}

/**
 * vuma_mmu_unmap - unmap a range; holes in it are fine
 * @mmu: the tables
 * @va: GPU address
 * @range: bytes
 * @pool: two tables, if the range may cut 2M entries; else NULL
 *
 * Tables that become empty are freed at once.
 *
 * Return: 0, or an error that only a bug causes: a leaf is cut that cannot be.
 */
int vuma_mmu_unmap(struct vuma_mmu *mmu, u64 va, u64 range, struct gem_uma_vm_tables *pool)
{
	u64 end = va + range;

	while (va < end) {
		struct vuma_walk walk;
		unsigned int level = vuma_walk_find(mmu, va, &walk);
		u64 size = 1ull << vuma_pt_shift(level);
		u64 pte = *walk.entry[level];

		if (pte & VUMA_PTE_VALID && vuma_mmu_cuts(pte, va, end, size)) {
			if (!vuma_mmu_cut(mmu, &walk, level, pool))
				return -EINVAL;
			continue;
		}
		if (pte & VUMA_PTE_CONTIG)
			vuma_mmu_break_group(walk.entry[0]);
		if (pte & VUMA_PTE_VALID)
			vuma_walk_clear(mmu, &walk, level);
		va = ALIGN_DOWN(va, size) + size;
		if (IS_ALIGNED(va, SZ_2M))
			cond_resched();
	}
	return 0;
}

/**
 * vuma_mmu_translate - look up an access of the engine
 * @mmu: the tables
 * @va: GPU address
 * @write: the access writes
 * @ptr: out, where the memory is
 * @len: in, bytes wanted; out, bytes that are contiguous at @ptr
 *
 * Return: the fault, DRM_VUMA_FAULT_NONE if there is none.
 */
enum drm_vuma_fault vuma_mmu_translate(struct vuma_mmu *mmu, u64 va, bool write,
				       void **ptr, u64 *len)
{
	struct vuma_walk walk;
	unsigned int level;
	u64 pte, off, size;

	atomic64_inc(&mmu->counters->walks);
	if (va >> VUMA_VA_BITS)
		return DRM_VUMA_FAULT_UNMAPPED;

	level = vuma_walk_find(mmu, va, &walk);
	pte = *walk.entry[level];
	if (!(pte & VUMA_PTE_VALID))
		return DRM_VUMA_FAULT_UNMAPPED;
	if (write && !(pte & VUMA_PTE_WRITE))
		return DRM_VUMA_FAULT_WRITE;

	if (pte & VUMA_PTE_NULL) {
		off = va & (VUMA_PAGE_SIZE - 1);
		*len = min(*len, VUMA_PAGE_SIZE - off);
		*ptr = (write ? vuma_sink : page_address(ZERO_PAGE(0))) + off;
		return DRM_VUMA_FAULT_NONE;
	}
	size = 1ull << vuma_pt_shift(level);
	if (pte & VUMA_PTE_CONTIG) {
		pte = *PTR_ALIGN_DOWN(walk.entry[0], VUMA_CONTIG_NR * sizeof(u64));
		size = SZ_64K;
	}
	off = va & (size - 1);
	*len = min(*len, size - off);
	*ptr = phys_to_virt(pte & VUMA_PTE_ADDR) + off;
	return DRM_VUMA_FAULT_NONE;
}
