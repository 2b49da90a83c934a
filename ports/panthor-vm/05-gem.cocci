// SPDX-License-Identifier: GPL-2.0
// File: panthor_gem.c
// Place: eviction, and pins for VM_BIND
// Where a buffer is mapped, the library knows. Nothing but the firmware has tables of addresses.
@@
identifier f = {panthor_uma_unlock_vms, panthor_uma_trylock_vms, panthor_uma_run_locked,
	panthor_uma_count_runs_locked, panthor_uma_fill_sgt_locked, panthor_uma_make_sgt_locked,
	panthor_uma_pin, panthor_uma_unpin, panthor_uma_restore_locked,
	panthor_dummy_bo_create};
type T;
@@
- T f(...) { ... }

@@
@@
  panthor_uma_dev_mapped(...)
  {
- 	...
+ 	return gem_uma_vm_bo_vms_locked(&uobj->base);
  }

@@
@@
  panthor_uma_evict(...)
  {
- 	...
+ 	return gem_uma_vm_bo_evict_locked(&uobj->base);
  }

@@
@@
  panthor_gem_unplug(...)
  {
  	gem_uma_object_unplug_all(...);
+ 	gem_uma_vm_unplug(&ptdev->base);
  }

@@
@@
  #include <drm/gem_uma/gem_uma_object_prime.h>
+ #include <drm/gem_uma/gem_uma_vm.h>
