// SPDX-License-Identifier: GPL-2.0
// File: ivpu_mmu_context.c
// Place: ivpu_mmu_context_unmap_page(), ivpu_mmu_context_map_sgt(), ivpu_mmu_context_unmap_sgt()
// Runs of the device's map take the place of the scatter list. Who takes entries out, be it
// because not all of them could be made, has the MMU forget them. There may be no tables then.
@@
@@
  #include "ivpu_drv.h"
+ #include "ivpu_gem.h"

@@
identifier ctx, vpu_addr, g, u, m, e;
typedef u64;
@@
  ivpu_mmu_context_unmap_page(struct ivpu_mmu_context *ctx, u64 vpu_addr)
  {
  	int g = ...;
  	int u = ...;
  	int m = ...;
  	int e = ...;
+ 	u64 ***tables = ctx->pgtable.pte_ptrs[g];
+
+ 	if (!tables || !tables[u] || !tables[u][m])
+ 		return;
  	...
  }

@@
type T;
@@
- T ivpu_mmu_context_unmap_sgt(...) { ... }

@@
type T;
typedef u64, bool;
@@
+ int ivpu_mmu_context_unmap(struct ivpu_mmu_context *ctx, u64 vpu_addr, size_t size, bool wait)
+ {
+ 	/* Page tables are allocated under the lock, and reclaim must not wait for that. */
+ 	if (!wait && !mutex_trylock(&ctx->lock))
+ 		return -EBUSY;
+ 	if (wait)
+ 		mutex_lock(&ctx->lock);
+ 	ivpu_mmu_context_unmap_pages(ctx, vpu_addr, size);
+ 	/* The MMU is told next, and the tables are write-combined. */
+ 	wmb();
+ 	mutex_unlock(&ctx->lock);
+ 	return 0;
+ }
+
  T ivpu_mmu_context_insert_node(...) { ... }

@@
type T;
typedef u64, dma_addr_t;
@@
+ static int ivpu_mmu_context_map_runs(struct ivpu_device *vdev, struct ivpu_bo *bo, u64 prot)
+ {
+ 	dma_addr_t addr;
+ 	u64 at = 0;
+ 	u64 len;
+ 	int ret;
+
+ 	while (at < ivpu_bo_size(bo)) {
+ 		ret = ivpu_uma_run_locked(bo, at, &addr, &len);
+ 		if (!ret)
+ 			ret = ivpu_mmu_context_map_pages(vdev, bo->ctx, bo->vpu_addr + at, addr,
+ 							 len, prot);
+ 		if (ret)
+ 			return ret;
+ 		at += len;
+ 	}
+ 	return 0;
+ }
+
  T ivpu_mmu_context_map_sgt(...) { ... }

@@
iterator name for_each_sgtable_dma_sg;
identifier sg, i;
statement S;
@@
  ivpu_mmu_context_map_sgt(...)
  {
  <+...
- 	for_each_sgtable_dma_sg(sgt, sg, i) S
+ 	ret = ivpu_mmu_context_map_runs(vdev, bo, prot);
  ...+>
  }

@@
identifier start, sg, total, i;
@@
  ivpu_mmu_context_map_sgt(...)
  {
- 	size_t start = vpu_addr;
- 	struct scatterlist *sg;
- 	size_t total = 0;
  	...
  }

@@
symbol i;
typedef u64;
@@
  ivpu_mmu_context_map_sgt(...)
  {
  <...
- 	u64 i;
  ...>
  }

@@
@@
- 	llc_coherent
+ 	ivpu_bo_is_snooped(bo)

@@
@@
- 	read_only
+ 	ivpu_bo_is_read_only(bo)

@@
statement S;
@@
- 	if (sgt_size < bo_size) S
+ 	if (ret) {
+ 		ivpu_err(vdev, "Failed to map context pages\n");
+ 		goto err_unmap_pages;
+ 	}

@@
@@
- 	ivpu_mmu_context_unmap_pages(ctx, start_vpu_addr, sgt_size);
+ 	ivpu_mmu_context_unmap_pages(ctx, vpu_addr, ivpu_bo_size(bo));

@@
identifier vdev, ctx, vpu_addr, sgt, size, llc, ro;
typedef u64, bool;
@@
- ivpu_mmu_context_map_sgt
+ ivpu_mmu_context_map_bo
  	(struct ivpu_device *vdev, struct ivpu_mmu_context *ctx, u64 vpu_addr,
- 	 struct sg_table *sgt, size_t size, bool llc, bool ro
+ 	 struct ivpu_bo *bo
  	)
  { ... }
