// SPDX-License-Identifier: GPL-2.0
// File: ethosu_job.c
// Place: addresses, ethosu_job_push(), fences, ethosu_job_timedout()
// A job keeps all that it uses by its fence. What its command stream was, the kernel cannot read
// where nobody may wait for a resv.
@@
@@
- #include <drm/drm_gem_dma_helper.h>

@@
identifier bo;
@@
- struct drm_gem_dma_object *bo
+ struct ethosu_gem_object *bo
  ;

@@
expression E;
identifier bo;
@@
- struct drm_gem_dma_object *bo = to_drm_gem_dma_obj(E);
+ struct ethosu_gem_object *bo = to_ethosu_bo(E);

@@
expression E, bo;
@@
- bo = to_drm_gem_dma_obj(E)
+ bo = to_ethosu_bo(E)

@@
expression bo;
@@
- bo->dma_addr
+ bo->uma.addr

@@
identifier job, ctx, ret;
@@
  ethosu_job_push(struct ethosu_job *job)
  {
  	...
+ 	job->region_bo[job->region_cnt] = job->cmd_bo;
  	ret = drm_gem_lock_reservations(job->region_bo, job->region_cnt
+ 		+ 1
  		, &ctx);
  	...
  	ret = ethosu_acquire_object_fences(job);
+ 	if (!ret)
+ 		ret = ethosu_uma_map_job(job);
  	...
  	drm_gem_unlock_reservations(job->region_bo, job->region_cnt
+ 		+ 1
  		, &ctx);
  	...
  }

@@
@@
- static void ethosu_attach_object_fences(struct ethosu_job *job) { ... }

@@
@@
- ethosu_attach_object_fences
+ ethosu_uma_add_fences
  	(...)

@@
identifier cmds, at;
expression dev, text, running;
@@
  ethosu_job_timedout(...)
  {
  <...
- 	u32 *cmds = to_drm_gem_dma_obj(...)->vaddr;
  ...
- 	dev_err(dev, text, running, at, cmds[at / 4]);
+ 	dev_err(dev, "NPU sched timed out: NPU %s, cmdstream offset 0x%x\n", running, at);
  ...>
  }
