// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.c
// Place: locking a region, resets, op_lock
// What page tables are written for calls it. While the GPU is reset, nobody writes them.
@@
@@
- static int
+ int
  panthor_vm_lock_region(...) { ... }

@@
@@
- static void panthor_vm_unlock_region(struct panthor_vm *vm)
+ int panthor_vm_unlock_region(struct panthor_vm *vm)
  {
  	struct panthor_device *ptdev = vm->ptdev;
+ 	int ret = 0;
  	...
  	if (...) {
- 		int ret;
  		...
  	}
  	...
  	mutex_unlock(...);
+ 	return ret;
  }

@@
@@
  panthor_mmu_pre_reset(...)
  {
- 	struct panthor_vm *vm;
-
  	panthor_mmu_irq_suspend(...);
- 	mutex_lock(&ptdev->mmu->vm.lock);
- 	...
- 	mutex_unlock(&ptdev->mmu->vm.lock);
+ 	down_write(&ptdev->uma.gate);
  }

@@
@@
  panthor_mmu_post_reset(...)
  {
- 	struct panthor_vm *vm;
-
  	mutex_lock(&ptdev->mmu->as.slots_lock);
  	...
  	panthor_mmu_irq_resume(...);
- 	mutex_lock(&ptdev->mmu->vm.lock);
- 	...
- 	mutex_unlock(&ptdev->mmu->vm.lock);
+ 	up_write(&ptdev->uma.gate);
  }

@@
@@
  panthor_mmu_init(...)
  {
  ...
- mmu->vm.wq = alloc_workqueue(...);
- if (!mmu->vm.wq)
- 	return -ENOMEM;
+ init_rwsem(&ptdev->uma.gate);
  ...
- ret = drmm_add_action_or_reset(&ptdev->base, panthor_mmu_release_wq, mmu->vm.wq);
- if (ret)
- 	return ret;
  ...
  }

@@
@@
  show_vm_gpuvas(struct panthor_vm *vm, ...)
  {
  <...
- 	&vm->op_lock
+ 	&vm->uma.base.tree_lock
  ...>
  }

@@
@@
- &vm->op_lock
+ &vm->uma.base.op_lock
