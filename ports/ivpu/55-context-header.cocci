// SPDX-License-Identifier: GPL-2.0
// File: ivpu_mmu_context.h
// Place: the prototypes
@@
@@
  struct ivpu_addr_range;
+ struct ivpu_bo;

@@
type T;
typedef u64;
@@
- T ivpu_mmu_context_map_sgt(...);
+ int ivpu_mmu_context_map_bo(struct ivpu_device *vdev, struct ivpu_mmu_context *ctx,
+ 			     u64 vpu_addr, struct ivpu_bo *bo);

@@
type T;
typedef u64, bool;
@@
- T ivpu_mmu_context_unmap_sgt(...);
+ int ivpu_mmu_context_unmap(struct ivpu_mmu_context *ctx, u64 vpu_addr, size_t size, bool wait);
