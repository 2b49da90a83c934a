// SPDX-License-Identifier: GPL-2.0
// File: pvr_mmu.c
// Place: pvr_mmu_op_context and what handles it, pvr_mmu_map()
// Runs of the device's map take the place of the scatter list. Whatever removes entries is
// followed by a flush, also if something else is mapped there.
@@
typedef bool;
@@
  struct pvr_mmu_op_context {
  	struct pvr_mmu_context *mmu_ctx;
+ 	/** @unmapped: Entries were removed. */
+ 	bool unmapped;
  	...
  };

@@
typedef u64;
@@
  struct pvr_mmu_op_context {
  	...
  	struct {
- 		struct sg_table *sgt;
+ 		struct pvr_gem_object *obj;
- 		u64 sgt_offset;
+ 		u64 offset;
  		...
  	} map;
  	...
  };

@@
@@
  pvr_mmu_op_context_destroy(...)
  {
  <...
- if (flush_caches && !op_ctx->map.sgt)
+ if (flush_caches && op_ctx->unmapped)
  	pvr_mmu_flush_exec(...);
  ...>
  }

@@
typedef u64;
@@
  pvr_mmu_op_context_create(struct pvr_mmu_context *ctx,
- 			    struct sg_table *sgt,
+ 			    struct pvr_gem_object *obj,
  			    u64 device_addr,
- 			    u64 sgt_offset,
+ 			    u64 offset,
  			    u64 size)
  {
  <...
- op_ctx->map.sgt = sgt;
- op_ctx->map.sgt_offset = sgt_offset;
+ op_ctx->map.obj = obj;
+ op_ctx->map.offset = offset;
  ...>
  }

@@
expression E;
@@
  pvr_mmu_unmap(...)
  {
  	int err = E;
+
+ 	op_ctx->unmapped = true;
  	...
  }

@@
typedef u64, dma_addr_t;
@@
- pvr_mmu_map_sgl
+ pvr_mmu_map_run
  (struct pvr_mmu_op_context *op_ctx,
- 	struct scatterlist *sgl, u64 offset,
+ 	dma_addr_t dma_addr,
  	u64 size, struct pvr_page_flags_raw page_flags)
  {
  ...
- dma_addr_t dma_addr = sg_dma_address(sgl) + offset;
- const unsigned int dma_len = sg_dma_len(sgl);
  ...
- if (size > dma_len || offset > dma_len - size)
- 	return -EINVAL;
  ...
  }

@@
type T;
typedef u64, dma_addr_t;
@@
+ static int pvr_mmu_map_next_run(struct pvr_mmu_op_context *op_ctx, u64 size,
+ 				 u64 *mapped_size, struct pvr_page_flags_raw page_flags)
+ {
+ 	dma_addr_t addr;
+ 	u64 len;
+ 	int ret;
+
+ 	ret = pvr_uma_run_locked(op_ctx->map.obj, op_ctx->map.offset + *mapped_size,
+ 				 size - *mapped_size, &addr, &len);
+ 	if (!ret && *mapped_size)
+ 		ret = pvr_mmu_op_context_next_page(op_ctx, true);
+ 	if (!ret)
+ 		ret = pvr_mmu_map_run(op_ctx, addr, len, page_flags);
+ 	if (ret) {
+ 		/* What was mapped by then is about to be. */
+ 		op_ctx->unmapped = true;
+ 		return ret;
+ 	}
+ 	pvr_mmu_op_context_require_sync(op_ctx, PVR_MMU_SYNC_LEVEL_0);
+ 	*mapped_size += len;
+ 	return 0;
+ }
+
  T pvr_mmu_map(...) { ... }

@@
iterator name for_each_sgtable_dma_sg;
identifier sgl, count;
@@
  pvr_mmu_map(...)
  {
  ...
- struct scatterlist *sgl;
  ...
- unsigned int count;
  ...
- for_each_sgtable_dma_sg(op_ctx->map.sgt, sgl, count) { ... }
+ while (!err && mapped_size < size)
+ 	err = pvr_mmu_map_next_run(op_ctx, size, &mapped_size, flags_raw);
  ...
  }

@@
@@
- op_ctx->map.sgt_offset
+ op_ctx->map.offset
