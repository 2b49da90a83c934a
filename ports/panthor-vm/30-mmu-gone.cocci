// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.c
// Place: operations, their steps, VM_BIND jobs, page tables
// All of it is the library's, or in files of our own.
@@
identifier s = {panthor_vma, panthor_vm_op_ctx, panthor_vm_bind_job};
@@
- struct s { ... };

@@
identifier v = {panthor_gpuvm_ops, panthor_vm_bind_ops};
type T;
@@
- T v = { ... };

@@
@@
- struct kmem_cache *pt_cache;

@@
identifier f = {alloc_pt, free_pt, panthor_mmu_pt_cache_init, panthor_mmu_pt_cache_fini,
	panthor_vm_stop, panthor_vm_start, get_pgsize, panthor_vm_unmap_pages,
	panthor_vm_map_pages, panthor_vm_map_sparse, flags_to_prot, panthor_vm_bo_free,
	panthor_vm_cleanup_op_ctx, panthor_vm_op_ctx_return_vma, panthor_vm_op_ctx_get_vma,
	panthor_vm_op_ctx_prealloc_vmas, panthor_vm_init_op_ctx,
	panthor_vm_op_ctx_prealloc_pts, panthor_vm_prepare_map_op_ctx,
	panthor_vm_prepare_unmap_op_ctx, panthor_vm_prepare_sync_only_op_ctx,
	panthor_vm_get_bo_for_va, panthor_vma_link, panthor_vma_unlink, panthor_vma_init,
	panthor_fix_sparse_map_offset, panthor_vm_exec_map_op, panthor_gpuva_sm_step_map,
	panthor_vm_is_block, panthor_vm_map_rest, unmap_hugepage_align,
	panthor_gpuva_sm_step_remap, panthor_gpuva_sm_step_unmap,
	panthor_vm_evict_bo_mappings_locked, select_evicted_vma, panthor_vma_is_that_of,
	panthor_vm_evicted_offset, panthor_vm_evicted_size, remap_evicted_vma,
	panthor_vm_restore_vmas, panthor_vm_bo_validate, panthor_vm_exec_op,
	panthor_vm_bind_run_job, panthor_vm_bind_job_release, panthor_vm_bind_job_put,
	panthor_vm_bind_free_job, panthor_vm_bind_timedout_job,
	panthor_vm_bind_prepare_op_ctx, panthor_vm_bind_job_cleanup_op_ctx_work,
	panthor_vm_bind_job_create, panthor_vm_bind_job_prepare_resvs,
	panthor_vm_bind_job_update_resvs, panthor_vm_bind_exec_sync_op,
	panthor_vm_map_bo_range, panthor_vm_unmap_range, panthor_vm_prepare_mapped_bos_resvs,
	panthor_mmu_release_wq};
type T;
@@
- T f(...) { ... }
