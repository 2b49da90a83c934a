// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.c
// Place: remapping, eviction, submit
// Whether the page table has a large page, it says itself: not all memory that is contiguous
// is one folio.
@@
type T;
@@
- T iova_mapped_as_huge_page(...) { ... }

@@
typedef bool, u64;
@@
+ static bool panthor_vm_is_block(struct drm_gpuvm *gpuvm, u64 va)
+ {
+ 	struct panthor_vm *vm = container_of(gpuvm, struct panthor_vm, base);
+ 	struct arm_lpae_io_pgtable_walk_data walk = {};
+
+ 	if (vm->pgtbl_ops->pgtable_walk(vm->pgtbl_ops, va, &walk))
+ 		return false;
+ 	return walk.ptes[2] && !walk.ptes[3];
+ }
+
  static void unmap_hugepage_align(...) { ... }

@@
typedef u32, dma_addr_t;
@@
+ static int panthor_vm_map_rest(struct panthor_vm *vm, u32 flags,
+ 			       const struct drm_gpuva_op_map *op, dma_addr_t addr)
+ {
+ 	struct scatterlist sgl;
+ 	struct sg_table sgt = { .sgl = &sgl, .nents = 1, .orig_nents = 1 };
+
+ 	sg_init_table(&sgl, 1);
+ 	sg_dma_address(&sgl) = addr;
+ 	sg_dma_len(&sgl) = op->va.range;
+ 	return panthor_vm_map_pages(vm, op->va.addr, flags_to_prot(flags), &sgt, 0,
+ 				    op->va.range);
+ }
+
  static void unmap_hugepage_align(...) { ... }

@@
expression E;
@@
- (is_sparse || iova_mapped_as_huge_page(op->prev, E))
+ panthor_vm_is_block(op->unmap->va->vm, E)

@@
expression E;
@@
- (is_sparse || iova_mapped_as_huge_page(op->next, E))
+ panthor_vm_is_block(op->unmap->va->vm, E)

@@
@@
  unmap_hugepage_align(...)
  {
  ...
- struct panthor_vma *unmap_vma = container_of(op->unmap->va, struct panthor_vma, base);
- bool is_sparse = unmap_vma->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE;
  ...
  }

@@
typedef dma_addr_t;
@@
  panthor_gpuva_sm_step_remap(...)
  {
  <...
+ dma_addr_t prev_addr = 0, next_addr = 0;
+
  drm_gpuva_op_remap_to_unmap_range(...);
  ...>
  }

@@
@@
  panthor_gpuva_sm_step_remap(...)
  {
  <...
  unmap_hugepage_align(...);
+ prev_addr = vm->pgtbl_ops->iova_to_phys(vm->pgtbl_ops, unmap_start);
+ if (op->remap.next)
+ 	next_addr = vm->pgtbl_ops->iova_to_phys(vm->pgtbl_ops,
+ 						op->remap.next->va.addr);
  ...>
  }

@@
@@
  panthor_gpuva_sm_step_remap(...)
  {
  <...
  if (op->remap.prev) {
  	<...
- 	ret = panthor_vm_exec_map_op(vm, unmap_vma->flags, &map_op);
+ 	ret = panthor_vm_map_rest(vm, unmap_vma->flags, &map_op, prev_addr);
  	...>
  }
  ...>
  }

@@
@@
  panthor_gpuva_sm_step_remap(...)
  {
  <...
- ret = panthor_vm_exec_map_op(vm, unmap_vma->flags, &map_op);
+ ret = panthor_vm_map_rest(vm, unmap_vma->flags, &map_op, next_addr);
  ...>
  }
