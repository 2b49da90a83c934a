// SPDX-License-Identifier: GPL-2.0
// File: pvr_vm.c
// Place: pvr_vm_lock_extra(), pvr_vm_unmap_obj_locked()
// A mapping that replaces others changes the lists of their buffers, too. Who closes a file is
// not interrupted: pvr_vm_unmap_all() would try for as long as the signal is pending.
@@
type T;
@@
- T pvr_vm_lock_extra(...) { ... }

@@
type T;
typedef u64;
iterator name drm_gpuvm_for_each_va_range;
@@
+ static int pvr_vm_lock_extra(struct drm_gpuvm_exec *vm_exec)
+ {
+ 	const struct pvr_vm_bind_op *op = vm_exec->extra.priv;
+ 	u64 end = op->device_addr + op->size;
+ 	struct drm_gpuva *va;
+ 	int ret;
+
+ 	ret = drm_exec_lock_obj(&vm_exec->exec, gem_from_pvr_gem(op->pvr_obj));
+ 	if (ret)
+ 		return ret;
+ 	drm_gpuvm_for_each_va_range(va, vm_exec->vm, op->device_addr, end) {
+ 		ret = drm_exec_lock_obj(&vm_exec->exec, va->gem.obj);
+ 		if (ret)
+ 			return ret;
+ 	}
+ 	return 0;
+ }
+
  T pvr_vm_map(...) { ... }

@@
@@
  pvr_vm_unmap_obj_locked(...)
  {
  <...
- DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES
+ DRM_EXEC_IGNORE_DUPLICATES
  ...>
  }
