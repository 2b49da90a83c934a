// SPDX-License-Identifier: GPL-2.0
/*
 * panthor's page tables, written for gem-uma's VMs.
 *
 * The library says what is to be mapped where, and has allocated what that needs. Here it goes
 * into io-pgtable's tables, with the range locked in the MMU, if the VM has an address space.
 *
 * Locks: op_lock of the VM, which is held by who calls; the gate, which resets close; and
 * slots_lock, by functions of panthor_mmu.c. Neighbours: panthor_uma_bind.c, which binds.
 */
#include <linux/bitops.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "panthor_device.h"
#include "panthor_gem.h"
#include "panthor_mmu.h"
#include "panthor_uma_vm.h"

/* Where resvs are held: an error is better than the OOM killer, who may wait for one of them. */
#define PANTHOR_PT_GFP	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* As io-pgtable has them: bits of an address that one table resolves, and the last level. */
#define PANTHOR_PT_BITS		9
#define PANTHOR_PT_LAST_LEVEL	3
#define PANTHOR_PT_BLOCK_LEVEL	2

/* All tables but roots, which can be larger. */
static struct kmem_cache *panthor_uma_tables;

int panthor_mmu_pt_cache_init(void)
{
	panthor_uma_tables = kmem_cache_create("panthor-mmu-pt", SZ_4K, SZ_4K, 0, NULL);
	return panthor_uma_tables ? 0 : -ENOMEM;
}

void panthor_mmu_pt_cache_fini(void)
{
	kmem_cache_destroy(panthor_uma_tables);
}

/* The first word of each leads to the next. */
static void *panthor_uma_pop_table(struct gem_uma_vm_tables *tables)
{
	void **table = tables->first;

	if (table)
		tables->first = *table;
	return table;
}

static void panthor_uma_free_tables(struct gem_uma_vm *base, struct gem_uma_vm_tables *tables)
{
	void *table;

	while ((table = panthor_uma_pop_table(tables)))
		kmem_cache_free(panthor_uma_tables, table);
}

static int panthor_uma_alloc_tables(struct gem_uma_vm *base, struct gem_uma_vm_tables *tables,
				    unsigned long nr)
{
	for (; nr; nr--) {
		void **table = kmem_cache_alloc(panthor_uma_tables, PANTHOR_PT_GFP);

		if (!table) {
			panthor_uma_free_tables(base, tables);
			return -ENOMEM;
		}
		*table = tables->first;
		tables->first = table;
		cond_resched();
	}
	return 0;
}

/* For io-pgtable, which wants zeroes. Where fences wait for it, it allocates nothing. */
void *panthor_uma_alloc_pt(void *cookie, size_t size, gfp_t gfp)
{
	struct panthor_uma_vm *vm = cookie;
	void *table;

	if (!vm->root) {
		vm->root = alloc_pages_exact(size, gfp | __GFP_ZERO);
		return vm->root;
	}
	if (drm_WARN_ON(&vm->ptdev->base, size != SZ_4K || !vm->tables))
		return NULL;
	table = panthor_uma_pop_table(vm->tables);
	if (drm_WARN_ON(&vm->ptdev->base, !table))
		return NULL;
	memset(table, 0, SZ_4K);
	/* Entries have physical addresses, which do not look like references. */
	kmemleak_ignore(table);
	return table;
}

void panthor_uma_free_pt(void *cookie, void *table, size_t size)
{
	struct panthor_uma_vm *vm = cookie;

	if (table != vm->root) {
		kmem_cache_free(panthor_uma_tables, table);
		return;
	}
	free_pages_exact(table, size);
	vm->root = NULL;
}

static u64 panthor_uma_level_size(unsigned int level)
{
	return (u64)SZ_4K << (PANTHOR_PT_BITS * (PANTHOR_PT_LAST_LEVEL - level));
}

/* How far it is to the end of the hole at @va; 0 if there is none. */
static u64 panthor_uma_hole(struct panthor_uma_vm *vm, u64 va)
{
	struct arm_lpae_io_pgtable_walk_data walk = {};
	unsigned int level = vm->start_level;
	u64 size;

	if (!vm->pgtbl->pgtable_walk(vm->pgtbl, va, &walk))
		return 0;
	while (level < PANTHOR_PT_LAST_LEVEL && walk.ptes[level])
		level++;
	size = panthor_uma_level_size(level);
	return size - (va & (size - 1));
}

static bool panthor_uma_is_block(struct panthor_uma_vm *vm, u64 va)
{
	struct arm_lpae_io_pgtable_walk_data walk = {};

	return !vm->pgtbl->pgtable_walk(vm->pgtbl, va, &walk) &&
	       walk.ptes[PANTHOR_PT_BLOCK_LEVEL] && !walk.ptes[PANTHOR_PT_LAST_LEVEL];
}

/* A GPU that sleeps knows nothing; it is reset when it wakes up. */
static bool panthor_uma_may_be_stuck(struct panthor_uma_vm *uma)
{
	return panthor_device_reset_is_pending(uma->ptdev) &&
	       panthor_vm_as(panthor_vm_from_uma(uma)) >= 0;
}

/*
 * Page tables are not written while the GPU is reset: it would not answer, and has forgotten all
 * afterwards. Reclaim does not wait for that. What is next to the range in a block is locked,
 * too: it is mapped anew.
 *
 * Where the GPU does not answer, a reset is on its way. A bind goes on, as it is too late to say
 * no: until the reset the GPU may use what it knew. It must not wait for the reset either, which
 * first stops who waits for op_lock or a resv. Only reclaim gives up.
 */
static int panthor_uma_begin(struct gem_uma_vm *base, u64 va, u64 len, bool wait)
{
	struct panthor_uma_vm *uma = to_panthor_uma_vm(base);
	struct rw_semaphore *gate = &uma->ptdev->uma.gate;
	u64 start = va, end = va + len;
	int ret;

	if (wait)
		down_read(gate);
	else if (panthor_uma_may_be_stuck(uma) || !down_read_trylock(gate))
		return -EBUSY;
	if (panthor_uma_is_block(uma, start))
		start = ALIGN_DOWN(start, SZ_2M);
	if (panthor_uma_is_block(uma, end - 1))
		end = ALIGN(end, SZ_2M);
	ret = panthor_vm_lock_region(panthor_vm_from_uma(uma), start, end - start);
	uma->reclaim = !wait;
	if (!ret || wait)
		return 0;
	up_read(gate);
	return ret;
}

/* What reclaim has not flushed keeps its pages, but the entries are gone. */
static int panthor_uma_flush(struct gem_uma_vm *base, u64 va, u64 len)
{
	struct panthor_uma_vm *uma = to_panthor_uma_vm(base);
	struct panthor_vm *vm = panthor_vm_from_uma(uma);
	int ret = panthor_vm_unlock_region(vm);

	up_read(&uma->ptdev->uma.gate);
	if (!ret || !uma->reclaim)
		return 0;
	panthor_vm_declare_unusable(vm);
	return ret;
}

static int panthor_uma_iommu_prot(u32 prot)
{
	return IOMMU_READ | (prot & GEM_UMA_VM_READONLY ? 0 : IOMMU_WRITE) |
	       (prot & PANTHOR_UMA_NOEXEC ? IOMMU_NOEXEC : 0) |
	       (prot & PANTHOR_UMA_UNCACHED ? 0 : IOMMU_CACHE);
}

/* io-pgtable stops at the end of each table. */
static int panthor_uma_write(struct panthor_uma_vm *vm, u64 va, phys_addr_t addr, u64 len,
			     u64 leaf, u32 prot)
{
	size_t nr = len >> __ffs64(leaf), done;
	int ret;

	while (nr) {
		done = 0;
		ret = vm->pgtbl->map_pages(vm->pgtbl, va, addr, leaf, nr,
					   panthor_uma_iommu_prot(prot), GFP_NOWAIT, &done);
		if (ret || !done)
			return ret ?: -EFAULT;
		va += done;
		addr += done;
		nr -= done >> __ffs64(leaf);
	}
	return 0;
}

static int panthor_uma_result(struct panthor_uma_vm *vm, int ret)
{
	vm->tables = NULL;
	if (drm_WARN_ON_ONCE(&vm->ptdev->base, ret))
		panthor_vm_declare_unusable(panthor_vm_from_uma(vm));
	return ret;
}

static int panthor_uma_map(struct gem_uma_vm *base, u64 va, dma_addr_t addr, u64 len, u64 leaf,
			   u32 prot, struct gem_uma_vm_tables *tables)
{
	struct panthor_uma_vm *vm = to_panthor_uma_vm(base);

	vm->tables = tables;
	return panthor_uma_result(vm, panthor_uma_write(vm, va, addr, len, leaf, prot));
}

/* io-pgtable cuts no block, so it becomes pages that are where it was. */
static int panthor_uma_split(struct panthor_uma_vm *vm, u64 va, u32 prot)
{
	u64 block = ALIGN_DOWN(va, SZ_2M);
	phys_addr_t addr;

	if (va == block || !panthor_uma_is_block(vm, va))
		return 0;
	addr = vm->pgtbl->iova_to_phys(vm->pgtbl, block);
	if (vm->pgtbl->unmap_pages(vm->pgtbl, block, SZ_2M, 1, NULL) != SZ_2M)
		return -EFAULT;
	return panthor_uma_write(vm, block, addr, SZ_2M, SZ_4K, prot);
}

/* What a block, or a table of pages, covers goes as a whole, and its table is freed. */
static int panthor_uma_clear(struct panthor_uma_vm *vm, u64 va, u64 end)
{
	while (va < end) {
		u64 next = min(ALIGN(va + 1, SZ_2M), end), gone;
		u64 leaf = next - va < SZ_2M ? SZ_4K : SZ_2M;

		if (leaf == SZ_2M)
			next = min(ALIGN(va + 1, SZ_1G), ALIGN_DOWN(end, SZ_2M));
		gone = vm->pgtbl->unmap_pages(vm->pgtbl, va, leaf, (next - va) >> __ffs64(leaf),
					      NULL);
		if (!gone)
			gone = panthor_uma_hole(vm, va);
		if (!gone)
			return -EFAULT;
		/* A hole may be larger than all that is left. */
		if (gone >= end - va)
			return 0;
		va += gone;
		cond_resched();
	}
	return 0;
}

static int panthor_uma_unmap(struct gem_uma_vm *base, u64 va, u64 len,
			     struct gem_uma_vm_tables *tables)
{
	struct panthor_uma_vm *vm = to_panthor_uma_vm(base);
	int ret = 0;

	vm->tables = tables;
	if (tables)
		ret = panthor_uma_split(vm, va, tables->prot_before);
	if (tables && !ret)
		ret = panthor_uma_split(vm, va + len, tables->prot_after);
	return panthor_uma_result(vm, ret ?: panthor_uma_clear(vm, va, va + len));
}

static int panthor_uma_populate(struct drm_gem_object *obj, u64 offset, u64 size,
				enum dma_data_direction dir)
	__must_hold(obj->resv)
{
	gem_uma_object_mark_used(to_gem_uma_object(obj));
	return gem_uma_object_populate_locked(to_gem_uma_object(obj), offset, size, dir);
}

static void panthor_uma_prefetch(struct drm_gem_object *obj, u64 offset, u64 size)
{
	gem_uma_object_prefetch(to_gem_uma_object(obj), offset, size);
}

static bool panthor_uma_is_resident(struct drm_gem_object *obj, u64 offset, u64 size,
				    enum dma_data_direction dir)
	__must_hold(obj->resv)
{
	return gem_uma_object_is_resident_locked(to_gem_uma_object(obj), offset, size, dir);
}

static int panthor_uma_run(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr,
			   u64 *len)
	__must_hold(obj->resv)
{
	return gem_uma_dev_map_bytes_locked(&to_gem_uma_object(obj)->dev_map, offset, size, addr,
					    len);
}

static void panthor_uma_changed(struct drm_gem_object *obj)
	__must_hold(obj->resv)
{
	gem_uma_object_update_locked(to_gem_uma_object(obj));
}

static void panthor_uma_vm_free(struct gem_uma_vm *base)
{
	panthor_vm_free(to_panthor_uma_vm(base));
}

static const struct gem_uma_vm_ops panthor_uma_vm_ops = {
	.alloc_tables = panthor_uma_alloc_tables,
	.free_tables = panthor_uma_free_tables,
	.begin = panthor_uma_begin,
	.map = panthor_uma_map,
	.unmap = panthor_uma_unmap,
	.flush = panthor_uma_flush,
	.populate = panthor_uma_populate,
	.prefetch = panthor_uma_prefetch,
	.is_resident = panthor_uma_is_resident,
	.run = panthor_uma_run,
	.changed = panthor_uma_changed,
	.free = panthor_uma_vm_free,
};

/* With fewer bits, tables that there are not are counted, too. */
static const struct gem_uma_vm_geometry panthor_uma_geometry = {
	.leaves = SZ_4K | SZ_2M,
	.levels = 4,
	.shift = { 12, 21, 30, 39 },
};

int panthor_uma_vm_init(struct panthor_uma_vm *vm, const char *name, unsigned int va_bits,
			u64 end)
{
	vm->start_level = va_bits > 39 ? 0 : 1;
	return gem_uma_vm_init(&vm->base, name, &vm->ptdev->base, &panthor_uma_vm_ops,
			       &panthor_uma_geometry, 0, end);
}
