// SPDX-License-Identifier: GPL-2.0
// File: panfrost_mmu.h
// Place: panfrost_mmu_map(), panfrost_mmu_unmap()
@@
@@
- int panfrost_mmu_map(struct panfrost_gem_mapping *mapping);
+ struct panfrost_gem_object;
+ int mmu_hw_do_operation_locked(struct panfrost_device *pfdev, int as_nr, u64 iova, u64 size,
+ 			       u32 op);
+ int panfrost_mmu_map_range(struct panfrost_device *pfdev, struct panfrost_mmu *mmu,
+ 			   u64 iova, int prot, struct panfrost_gem_object *bo,
+ 			   pgoff_t at, pgoff_t end);
+ int panfrost_mmu_map_fault_addr(struct panfrost_mmu *mmu, u64 addr);
+ int panfrost_mmu_clear(struct panfrost_mmu *mmu, u64 iova, u64 size);
+ int panfrost_mmu_flush(struct panfrost_mmu *mmu, u64 iova, u64 size, u32 op);
+ int panfrost_mmu_flush_all(struct panfrost_device *pfdev);
+ struct panfrost_mmu *panfrost_mmu_of(struct panfrost_device *pfdev, int as);

@@
@@
- void panfrost_mmu_unmap(struct panfrost_gem_mapping *mapping);
