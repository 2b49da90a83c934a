// SPDX-License-Identifier: GPL-2.0
// File: pvr_vm.c
// Place: pvr_vm_gpuva, pvr_vm_bind_op and what handles them
// Each mapping keeps its buffer pinned. Pins of those that an operation removes are undone after
// the MMU was flushed, which the operation does at its end, with no resv held.
@@
@@
  struct pvr_vm_gpuva {
  	struct drm_gpuva base;
+ 	/** @pin: What keeps pages and addresses, shared by the rests of a mapping. */
+ 	struct pvr_uma_pin *pin;
+ 	/** @next_gone: In &pvr_vm_bind_op.gone. */
+ 	struct pvr_vm_gpuva *next_gone;
  };

@@
@@
  struct pvr_vm_bind_op {
  	enum pvr_vm_bind_type type;
+ 	/** @gone: Mappings that were removed. */
+ 	struct pvr_vm_gpuva *gone;
  	...
  };

@@
type T;
@@
+ static void pvr_vm_gpuva_gone(struct pvr_vm_bind_op *bind_op, struct drm_gpuva *base)
+ {
+ 	struct pvr_vm_gpuva *va = to_pvr_vm_gpuva(base);
+
+ 	va->next_gone = bind_op->gone;
+ 	bind_op->gone = va;
+ }
+
+ static void pvr_vm_gpuva_free(struct pvr_vm_gpuva *va)
+ {
+ 	if (va)
+ 		pvr_uma_pin_put(va->pin);
+ 	kfree(va);
+ }
+
  static T pvr_vm_bind_op_fini(...) { ... }

@@
identifier bind_op;
@@
  pvr_vm_bind_op_fini(struct pvr_vm_bind_op *bind_op)
  {
- 	drm_gpuvm_bo_put(bind_op->gpuvm_bo);
- 	kfree(bind_op->new_va);
+ 	struct pvr_vm_gpuva *va;
+
+ 	pvr_uma_put_vm_bo(bind_op->gpuvm_bo);
  	...
  	if (bind_op->mmu_op_ctx)
  		pvr_mmu_op_context_destroy(bind_op->mmu_op_ctx);
+ 	pvr_vm_gpuva_free(bind_op->new_va);
+ 	while ((va = bind_op->gone)) {
+ 		bind_op->gone = va->next_gone;
+ 		pvr_vm_gpuva_free(va);
+ 	}
  }

@@
@@
  pvr_vm_bind_op_map_init(...)
  {
  <...
- struct sg_table *sgt;
+ struct pvr_uma_pin *pin;
  ...>
  }

@@
@@
- sgt = pvr_gem_object_get_pages_sgt(pvr_obj);
- err = PTR_ERR_OR_ZERO(sgt);
+ pin = pvr_uma_pin(pvr_obj);
+ err = PTR_ERR_OR_ZERO(pin);
  if (err)
  	goto err_bind_op_fini;
+ bind_op->new_va->pin = pin;

@@
@@
  pvr_mmu_op_context_create(vm_ctx->mmu_ctx,
- 			    sgt,
+ 			    pvr_obj,
  			    ...)

@@
expression E;
@@
- kfree(to_pvr_vm_gpuva(E));
+ pvr_vm_gpuva_gone(ctx, E);

@@
identifier f = {prev_va, next_va};
expression vm_bo;
@@
+ ctx->f->pin = pvr_uma_pin_get(to_pvr_vm_gpuva(op->remap.unmap->va)->pin);
  drm_gpuva_link(&ctx->f->base, vm_bo);
