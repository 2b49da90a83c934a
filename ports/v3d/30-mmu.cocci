// SPDX-License-Identifier: GPL-2.0
// File: v3d_mmu.c
// Place: v3d_mmu_insert_ptes(), v3d_mmu_remove_ptes()
// Runs of the device's map take the place of the scatter list. Entries are removed by
// v3d_uma.c, where reclaim is one of those who ask, and must not wait.
@@
identifier bo, obj, sgl, count, dma, left;
iterator name for_each_sgtable_dma_sg;
statement S;
@@
  v3d_mmu_insert_ptes(struct v3d_bo *bo)
  {
- 	struct drm_gem_shmem_object *obj = &bo->base;
+ 	struct gem_uma_object *obj = &bo->base;
  	...
- 	struct scatterlist *sgl;
+ 	struct gem_uma_dma_run run;
- 	unsigned int count;
+ 	pgoff_t at;
  	...
- 	for_each_sgtable_dma_sg(obj->sgt, sgl, count)
+ 	for (at = 0; v3d_uma_next_run(bo, at, &run); at += run.nr)
  	{
- 		dma_addr_t dma = sg_dma_address(sgl);
+ 		dma_addr_t dma = run.addr;
  		...
- 		unsigned int left = sg_dma_len(sgl);
+ 		unsigned int left = run.nr << PAGE_SHIFT;
  		...
  	}
  	...
  }

@@
type T;
@@
- T v3d_mmu_remove_ptes(...) { ... }
