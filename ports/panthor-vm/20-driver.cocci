// SPDX-License-Identifier: GPL-2.0
// File: panthor_drv.c
// Place: panthor_submit_ctx, the ioctls of VM_BIND and GROUP_SUBMIT
// VM_BIND is in a file of its own. A submit locks all that its VM maps by the library.
@@
@@
  #include "panthor_sched.h"
+ #include "panthor_uma_vm.h"

@@
@@
- static void *
+ void *
  panthor_get_uobj_array(...) { ... }

@@
@@
  struct panthor_submit_ctx {
  	...
- 	struct drm_exec exec;
+ 	struct panthor_uma_submit uma;
  };

@@
identifier ctx, i, ret;
@@
  panthor_submit_ctx_add_deps_and_arm_jobs(struct panthor_submit_ctx *ctx)
  {
  	<...
  	ret = panthor_submit_ctx_add_sync_deps_to_job(ctx, i);
+ 	if (!ret)
+ 		ret = panthor_uma_submit_add_dependency(&ctx->uma, ctx->jobs[i].job);
  	...>
  }

@@
identifier ctx;
@@
  panthor_submit_ctx_push_jobs(struct panthor_submit_ctx *ctx, ...)
  {
  	<...
- 	&ctx->exec
+ 	&ctx->uma.lock.exec
  	...>
  }

@@
identifier ctx;
@@
- drm_exec_init(&ctx->exec, ...);
+ panthor_uma_submit_init(&ctx->uma);

@@
identifier ctx;
@@
- drm_exec_fini(&ctx->exec);
+ panthor_uma_submit_fini(&ctx->uma);
