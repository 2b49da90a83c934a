/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page tables of the virtual GPU.
 */
#ifndef _VUMA_MMU_H_
#define _VUMA_MMU_H_

#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <drm/vuma_drm.h>

struct gem_uma_vm_tables;
/*
 * Fails instead of invoking the OOM killer: under the resvs of a VM, reclaim finds none of its
 * buffers.
 */
#define VUMA_GFP_TABLES	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

struct seq_file;
struct vuma_counters;

/*
 * A page of the GPU, the smallest that it maps. One of the CPU is as large, or larger. Where
 * both meet, sizes are bytes; scripts/check-forbidden.sh keeps the other unit out of here.
 */
#define VUMA_PAGE_SHIFT		12
#define VUMA_PAGE_SIZE		BIT_ULL(VUMA_PAGE_SHIFT)

#define VUMA_VA_BITS		48
/* The half of the address space that user space manages. */
#define VUMA_VA_START		((u64)SZ_64K)
#define VUMA_VA_END		(1ull << (VUMA_VA_BITS - 1))
#define VUMA_PAGE_SIZES		(VUMA_PAGE_SIZE | SZ_64K | SZ_2M)
#define VUMA_PT_LEVELS		4
#define VUMA_PT_SHIFTS		{ VUMA_PAGE_SHIFT, 21, 30, 39 }

/**
 * struct vuma_mmu - the page tables of one VM
 *
 * All functions but init and fini need the lock of the VM that guards them.
 */
struct vuma_mmu {
	/** @root: the top-level table. */
	u64 *root;
	/** @counters: of the device. */
	struct vuma_counters *counters;
};

int vuma_mmu_module_init(void);
void vuma_mmu_module_exit(void);

int vuma_mmu_init(struct vuma_mmu *mmu, struct vuma_counters *counters);
void vuma_mmu_fini(struct vuma_mmu *mmu);

int vuma_pt_pool_fill(struct gem_uma_vm_tables *pool, unsigned long nr, gfp_t gfp);
void vuma_pt_pool_drain(struct gem_uma_vm_tables *pool);

int vuma_mmu_map(struct vuma_mmu *mmu, u64 va, phys_addr_t phys, u64 len, u64 leaf,
		 bool write, struct gem_uma_vm_tables *pool);
int vuma_mmu_map_null(struct vuma_mmu *mmu, u64 va, u64 len, u64 leaf,
		      struct gem_uma_vm_tables *pool);
int vuma_mmu_unmap(struct vuma_mmu *mmu, u64 va, u64 range, struct gem_uma_vm_tables *pool);
enum drm_vuma_fault vuma_mmu_translate(struct vuma_mmu *mmu, u64 va, bool write,
				       void **ptr, u64 *len);

int vuma_debugfs_mmu_time(struct seq_file *m, void *data);

#endif /* _VUMA_MMU_H_ */
