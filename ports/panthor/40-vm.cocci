// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.c
// Place: panthor_vm and what it did for reclaim, operations, panthor_vm_page_size()
// Addresses of a buffer are asked for where its resv is held, and kept with the operation
// until it is done. What is left of a large page that is split in two is where it was.
@@
@@
  struct panthor_vm_op_ctx {
  	...
  	struct {
  		struct drm_gpuvm_bo *vm_bo;
+ 		/** @map.sgt: Addresses of what is mapped. */
+ 		struct sg_table *sgt;
  		...
  	} map;
  };

@@
@@
  struct panthor_vm {
  	...
- 	struct { ... } reclaim;
+ 	struct panthor_uma_activity *reclaim;
  	...
  };

@@
identifier f = {panthor_vm_update_bo_reclaim_lru_locked, panthor_mmu_reclaim_priv_bos};
type T;
@@
- T f(...) { ... }

@@
@@
  panthor_vm_active(...)
  {
  ...
- mutex_lock(&ptdev->base.gem_lru_mutex);
- if (vm->reclaim.lru.count)
- 	list_move_tail(&vm->reclaim.lru_node, &ptdev->reclaim.vms);
- mutex_unlock(&ptdev->base.gem_lru_mutex);
+ panthor_uma_mark_active(vm->reclaim);
  ...
  }

@@
@@
  panthor_vm_free(...)
  {
  ...
- mutex_lock(&ptdev->base.gem_lru_mutex);
- list_del_init(&vm->reclaim.lru_node);
- mutex_unlock(&ptdev->base.gem_lru_mutex);
+ panthor_uma_activity_put(vm->reclaim);
  ...
  }

@@
@@
- drm_gem_lru_init(&vm->reclaim.lru);
- INIT_LIST_HEAD(&vm->reclaim.lru_node);
+ vm->reclaim = panthor_uma_activity_create();

@@
@@
  panthor_vm_create(...)
  {
  <...
+ panthor_uma_activity_put(vm->reclaim);
  drm_mm_takedown(&vm->mm);
  ...>
  }

@@
expression bo;
@@
- mutex_lock(&bo->base.gpuva.lock);
- panthor_gem_update_reclaim_state_locked(bo, NULL);
- mutex_unlock(&bo->base.gpuva.lock);
+ gem_uma_object_update_locked(&bo->uma);

@@
@@
  panthor_vm_cleanup_op_ctx(...)
  {
  ...
+ panthor_uma_free_sgt(op_ctx->map.sgt);
  if (op_ctx->map.bo) {
- 	panthor_gem_unpin(op_ctx->map.bo);
+ 	panthor_uma_unpin(op_ctx->map.bo);
  	...
  }
  ...
  }

@@
@@
  panthor_vm_prepare_map_op_ctx(...)
  {
  ...
- struct sg_table *sgt = NULL;
+ struct sg_table *sgt;
  ...
- ret = panthor_gem_pin(bo);
- if (ret)
- 	goto err_cleanup;
+ sgt = panthor_uma_pin(bo, op->bo_offset, is_sparse ? bo->base.size : op->size);
+ if (IS_ERR(sgt)) {
+ 	ret = PTR_ERR(sgt);
+ 	goto err_cleanup;
+ }
+ op_ctx->map.sgt = sgt;
+ panthor_uma_share_activity(bo, vm->reclaim);
  ...
- sgt = panthor_gem_get_dev_sgt(bo);
- if (IS_ERR(sgt)) { ... }
  ...
  }

@@
@@
  panthor_vm_exec_map_op(...)
  {
  ...
- struct panthor_gem_object *bo = to_panthor_bo(op->gem.obj);
+ struct sg_table *sgt = vm->op_ctx->map.sgt;
  ...
  }

@@
@@
  panthor_vm_exec_map_op(...)
  {
  <...
(
  panthor_vm_map_sparse(vm, op->va.addr, prot,
- 	bo->dmap.sgt,
+ 	sgt,
  	op->va.range)
|
  panthor_vm_map_pages(vm, op->va.addr, prot,
- 	bo->dmap.sgt, op->gem.offset,
+ 	sgt, 0,
  	op->va.range)
)
  ...>
  }

@@
typedef u32;
@@
+ struct panthor_uma_activity *panthor_vm_activity(struct panthor_vm *vm)
+ {
+ 	return vm->reclaim;
+ }
+
  u32 panthor_vm_page_size(...) { ... }
