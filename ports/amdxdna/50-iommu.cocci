// SPDX-License-Identifier: GPL-2.0
// File: amdxdna_iommu.c
// Place: amdxdna_iommu_alloc_iova(), amdxdna_dma_map_bo(), amdxdna_dma_unmap_bo()
// amdxdna_uma.c maps buffers. What has an address of the IOMMU's is pinned.
@@
@@
- static
  struct iova *amdxdna_iommu_alloc_iova(...) { ... }

@@
type T;
@@
- T amdxdna_dma_map_bo(...) { ... }

@@
identifier xdna, abo;
@@
  amdxdna_dma_unmap_bo(struct amdxdna_dev *xdna, struct amdxdna_gem_obj *abo)
  {
  ...
  abo->mem.dma_addr = AMDXDNA_INVALID_ADDR;
+ amdxdna_uma_unpin(abo);
  }
