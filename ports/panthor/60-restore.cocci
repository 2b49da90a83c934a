// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.c
// Place: panthor_vm_bo_validate() and what it calls, submit
// The mapping may have changed while addresses were asked for, and op_lock was not held.
@@
@@
  remap_evicted_vma(...)
  {
  <...
  ret = panthor_vm_op_ctx_prealloc_pts(op_ctx);
  if (ret)
  	goto out_cleanup;
+ op_ctx->map.sgt = panthor_uma_make_sgt_locked(bo, panthor_vm_evicted_offset(op_ctx),
+ 					       panthor_vm_evicted_size(op_ctx));
+ if (IS_ERR(op_ctx->map.sgt)) {
+ 	ret = PTR_ERR(op_ctx->map.sgt);
+ 	op_ctx->map.sgt = NULL;
+ 	goto out_cleanup;
+ }
  ...>
  }

@@
@@
  remap_evicted_vma(...)
  {
  <...
- if (vma->evicted)
+ if (vma->evicted && panthor_vma_is_that_of(vma, op_ctx))
  	found = true;
  ...>
  }

@@
@@
  panthor_vm_restore_vmas(...)
  {
  ...
- struct panthor_vm *vm = container_of(vm_bo->vm, struct panthor_vm, base);
- struct panthor_gem_object *bo = to_panthor_bo(vm_bo->obj);
  ...
- if (drm_WARN_ON_ONCE(&vm->ptdev->base, !bo->dmap.sgt))
- 	return -EINVAL;
  ...
  }

@@
expression bo;
@@
- panthor_gem_swapin_locked(bo)
+ panthor_uma_restore_locked(bo)

@@
type T;
typedef bool;
@@
+ static bool panthor_vma_is_that_of(const struct panthor_vma *vma,
+ 				   const struct panthor_vm_op_ctx *op_ctx)
+ {
+ 	const struct drm_gpuva *va = &vma->base;
+
+ 	if (va->va.addr != op_ctx->va.addr || va->va.range != op_ctx->va.range)
+ 		return false;
+ 	return va->gem.offset == op_ctx->map.bo_offset;
+ }
+
  static T remap_evicted_vma(...) { ... }

@@
type T;
typedef u64;
@@
+ static u64 panthor_vm_evicted_offset(const struct panthor_vm_op_ctx *op_ctx)
+ {
+ 	return op_ctx->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE ? 0 : op_ctx->map.bo_offset;
+ }
+
  static T remap_evicted_vma(...) { ... }

@@
type T;
typedef u64;
@@
+ static u64 panthor_vm_evicted_size(const struct panthor_vm_op_ctx *op_ctx)
+ {
+ 	return op_ctx->flags & DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE ? SZ_2M : op_ctx->va.range;
+ }
+
  static T remap_evicted_vma(...) { ... }

@@
@@
  panthor_vm_prepare_mapped_bos_resvs(...)
  {
  ...
+ panthor_uma_mark_active(vm->reclaim);
  ret = drm_gpuvm_prepare_vm(...);
  ...
  }
