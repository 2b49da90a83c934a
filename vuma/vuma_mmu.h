/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page tables of the virtual GPU.
 */
#ifndef _VUMA_MMU_H_
#define _VUMA_MMU_H_

#include <linux/list.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include <drm/vuma_drm.h>

struct vuma_bo_run;
struct vuma_counters;

#define VUMA_VA_BITS		48
/* The half of the address space that user space manages. */
#define VUMA_VA_START		((u64)SZ_64K)
#define VUMA_VA_END		(1ull << (VUMA_VA_BITS - 1))
#define VUMA_PAGE_SIZES		((u64)(SZ_4K | SZ_64K | SZ_2M))

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

/**
 * struct vuma_pt_pool - page tables allocated ahead of an operation
 */
struct vuma_pt_pool {
	/** @first: a chain of tables, linked through their first words. */
	void *first;
};

/**
 * struct vuma_pt_estimate - counts the tables that a mapping needs
 */
struct vuma_pt_estimate {
	/** @va: GPU address of the first page of the object. */
	u64 va;
	/** @last: 2M region counted last. */
	u64 last;
	/** @nr: tables for 4K entries. */
	unsigned long nr;
};

int vuma_mmu_module_init(void);
void vuma_mmu_module_exit(void);

int vuma_mmu_init(struct vuma_mmu *mmu, struct vuma_counters *counters);
void vuma_mmu_fini(struct vuma_mmu *mmu);

void vuma_pt_estimate_init(struct vuma_pt_estimate *est, u64 va, u64 bo_offset);
void vuma_pt_estimate_run(struct vuma_pt_estimate *est, const struct vuma_bo_run *run);
unsigned long vuma_pt_estimate_total(const struct vuma_pt_estimate *est, u64 va, u64 range);
int vuma_pt_pool_fill(struct vuma_pt_pool *pool, unsigned long nr);
void vuma_pt_pool_drain(struct vuma_pt_pool *pool);

int vuma_mmu_map(struct vuma_mmu *mmu, u64 va, unsigned long pfn, unsigned long nr,
		 bool write, struct vuma_pt_pool *pool);
void vuma_mmu_unmap(struct vuma_mmu *mmu, u64 va, u64 range, struct vuma_pt_pool *pool);
enum drm_vuma_fault vuma_mmu_translate(struct vuma_mmu *mmu, u64 va, bool write,
				       void **ptr, u64 *len);

#endif /* _VUMA_MMU_H_ */
