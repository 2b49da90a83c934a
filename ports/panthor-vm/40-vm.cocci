// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.c
// Place: the life of a VM
// The library counts references, and unmaps what is left.
@@
@@
- static void
+ void
  panthor_vm_declare_unusable(...) { ... }

@@
@@
+ struct panthor_uma_vm *panthor_vm_to_uma(struct panthor_vm *vm)
+ {
+ 	return &vm->uma;
+ }
+
  struct panthor_uma_activity *panthor_vm_activity(...) { ... }

@@
@@
+ struct panthor_vm *panthor_vm_from_uma(struct panthor_uma_vm *uma)
+ {
+ 	return container_of(uma, struct panthor_vm, uma);
+ }
+
  struct panthor_uma_activity *panthor_vm_activity(...) { ... }

@@
@@
  panthor_vm_pool_create_vm(...)
  {
  ...
- drm_gem_object_get(&pool->dummy->base);
- vm->dummy = pool->dummy;
  ...
  }

@@
@@
  panthor_vm_destroy(struct panthor_vm *vm)
  {
  ...
- drm_WARN_ON(&vm->ptdev->base,
- 	    panthor_vm_unmap_range(vm, vm->base.mm_start, vm->base.mm_range));
- panthor_vm_put(vm);
+ panthor_uma_vm_close(&vm->uma);
  }

@@
@@
- if (pfile->vms->dummy)
- 	drm_gem_object_put(&pfile->vms->dummy->base);

@@
@@
- static void panthor_vm_free(struct drm_gpuvm *gpuvm)
+ void panthor_vm_free(struct panthor_uma_vm *uma)
  {
- 	struct panthor_vm *vm = container_of(gpuvm, struct panthor_vm, base);
+ 	struct panthor_vm *vm = panthor_vm_from_uma(uma);
  	...
- 	if (ptdev->mmu->vm.reset_in_progress)
- 		panthor_vm_start(vm);
  	mutex_unlock(&ptdev->mmu->vm.lock);
- 	drm_sched_entity_destroy(&vm->entity);
- 	drm_sched_fini(&vm->sched);
- 	mutex_lock(&vm->op_lock);
  	...
- 	mutex_unlock(&vm->op_lock);
  	free_io_pgtable_ops(vm->pgtbl_ops);
- 	if (vm->dummy)
- 		drm_gem_object_put(&vm->dummy->base);
  	...
  }

@@
@@
- drm_gpuvm_put(vm ? &vm->base : NULL);
+ if (vm)
+ 	gem_uma_vm_put(&vm->uma.base);

@@
@@
- drm_gpuvm_get(&vm->base);
+ gem_uma_vm_get(&vm->uma.base);

@@
@@
- struct drm_gem_object *dummy_gem;

@@
@@
- struct drm_gpu_scheduler *sched;

@@
@@
- const struct drm_sched_init_args sched_args = { ... };

@@
@@
- dummy_gem = drm_gpuvm_resv_object_alloc(&ptdev->base);
- if (!dummy_gem) { ... }

@@
@@
  vm->ptdev = ptdev;
- mutex_init(&vm->op_lock);
+ vm->uma.ptdev = ptdev;
+ vm->uma.user_end = kernel_va_start;

@@
@@
- min_va = 0;

@@
@@
- vm->user_va_range = kernel_va_start;

@@
@@
- alloc_pt
+ panthor_uma_alloc_pt

@@
@@
- free_pt
+ panthor_uma_free_pt

@@
@@
+ /* A range that is cleared may have holes. */
+ pgtbl_cfg.quirks = IO_PGTABLE_QUIRK_NO_WARN;
  vm->pgtbl_ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &pgtbl_cfg,
- 	vm
+ 	&vm->uma
  	);
  if (...) { ... }
- ret = drm_sched_init(...);
+ vm->uma.pgtbl = vm->pgtbl_ops;
+ ret = panthor_uma_vm_init(&vm->uma, for_mcu ? "panthor-MCU-VM" : "panthor-GPU-VM",
+ 			  va_bits, va_range);
  if (ret)
  	goto err_free_io_pgtable;
- sched = &vm->sched;
- ret = drm_sched_entity_init(...);
- if (ret)
- 	goto err_sched_fini;

@@
@@
- if (ptdev->mmu->vm.reset_in_progress)
- 	panthor_vm_stop(vm);

@@
@@
- drm_gpuvm_init(...);

@@
@@
- drm_sched_fini(&vm->sched);

@@
@@
- drm_gem_object_put(dummy_gem);

@@
@@
- vm->base.r_obj
+ gem_uma_vm_resv_object(&vm->uma.base)

@@
@@
- &vm->base
+ &vm->uma.base.base
