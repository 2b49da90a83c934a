// SPDX-License-Identifier: GPL-2.0
// File: panfrost_mmu.h
// Place: panfrost_mmu_map()
@@
@@
- int panfrost_mmu_map(struct panfrost_gem_mapping *mapping);
+ struct panfrost_gem_object;
+ int panfrost_mmu_map_range(struct panfrost_device *pfdev, struct panfrost_mmu *mmu,
+ 			   u64 iova, int prot, struct panfrost_gem_object *bo,
+ 			   pgoff_t at, pgoff_t end);
+ struct panfrost_gem_mapping *
+ panfrost_mmu_addr_to_mapping(struct panfrost_device *pfdev, int as, u64 addr);
+ int panfrost_mmu_map_fault_addr(struct panfrost_device *pfdev, int as, u64 addr);
