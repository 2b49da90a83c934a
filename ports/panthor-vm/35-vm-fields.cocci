// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.c
// Place: panthor_vm, panthor_vm_pool
// A VM is the library's, and so is the memory behind sparse ranges.
@@
@@
  #include "panthor_sched.h"
+ #include "panthor_uma_vm.h"

@@
@@
  struct panthor_vm_pool {
  	...
- 	struct panthor_gem_object *dummy;
  };

@@
@@
  struct panthor_vm {
- 	struct drm_gpuvm base;
- 	struct drm_gpu_scheduler sched;
- 	struct drm_sched_entity entity;
  	...
  };

@@
@@
  struct panthor_vm {
  	...
  	struct panthor_device *ptdev;
+ 	/** @uma: The library's part. */
+ 	struct panthor_uma_vm uma;
  	...
  };

@@
@@
  struct panthor_vm {
  	...
- 	struct mutex op_lock;
- 	struct panthor_vm_op_ctx *op_ctx;
  	...
  };

@@
@@
  struct panthor_vm {
  	...
- 	void *root_page_table;
  	...
  };

@@
@@
  struct panthor_vm {
  	...
- 	struct panthor_gem_object *dummy;
  };

@@
@@
  struct panthor_vm {
  	...
- 	u64 user_va_range;
  	...
  };
