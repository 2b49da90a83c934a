// SPDX-License-Identifier: GPL-2.0
// File: ivpu_mmu.h
// Place: the prototypes
@@
type T;
typedef u16;
@@
- T ivpu_mmu_invalidate_tlb(...);
+ int ivpu_mmu_invalidate_tlb(struct ivpu_device *vdev, u16 ssid);
+ int ivpu_mmu_try_invalidate_tlb(struct ivpu_device *vdev, u16 ssid);
