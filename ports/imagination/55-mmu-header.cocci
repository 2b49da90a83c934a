// SPDX-License-Identifier: GPL-2.0
// File: pvr_mmu.h
// Place: pvr_mmu_op_context_create()
@@
@@
- struct sg_table;
+ struct pvr_gem_object;

@@
type T;
typedef u64;
@@
- T pvr_mmu_op_context_create(...);
+ struct pvr_mmu_op_context *
+ pvr_mmu_op_context_create(struct pvr_mmu_context *ctx, struct pvr_gem_object *obj,
+ 			   u64 device_addr, u64 offset, u64 size);
