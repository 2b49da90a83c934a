// SPDX-License-Identifier: GPL-2.0
// File: lima_sched.c
// Place: lima_sched_timedout_job(), lima_sched_pipe_fini()
// The worker that has a heap grow uses the job, and what it does to the device is meant for that
// job. So it has ended before the job does, and before the device goes. A job that has ended
// meanwhile is freed by the scheduler only if that is told.
@@
identifier pipe, task, i;
statement S;
@@
  lima_sched_timedout_job(...)
  {
  	...
+ 	disable_work_sync(&pipe->recover_work);
  	for (i = 0; i < pipe->num_processor; i++)
  		synchronize_irq(...);
  	if (pipe->bcast_processor)
  		S
  	if (dma_fence_is_signaled(task->fence)) {
  		...
+ 		enable_work(&pipe->recover_work);
  		return ...;
  	}
  	...
  	pipe->current_task = NULL;
+ 	enable_work(&pipe->recover_work);
  	...
  }

@@
expression E;
@@
  lima_sched_timedout_job(...)
  {
  <...
  	if (dma_fence_is_signaled(E)) {
  		...
- 		return DRM_GPU_SCHED_STAT_RESET;
+ 		return DRM_GPU_SCHED_STAT_NO_HANG;
  	}
  ...>
  }

@@
identifier pipe;
@@
  lima_sched_pipe_fini(struct lima_sched_pipe *pipe)
  {
+ 	disable_work_sync(&pipe->recover_work);
  	drm_sched_fini(&pipe->base);
  }
