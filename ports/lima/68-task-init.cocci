// SPDX-License-Identifier: GPL-2.0
// File: lima_sched.c
// Place: lima_sched_task_init()
// Where the scheduler has no memory for the job, nobody else drops the references.
@@
identifier task, context, bos, num_bos, vm, id;
@@
  lima_sched_task_init(struct lima_sched_task *task, struct lima_sched_context *context,
  		       struct lima_bo **bos, int num_bos, struct lima_vm *vm, u64 id)
  {
  	...
  	err = drm_sched_job_init(...);
  	if (err) {
+ 		lima_uma_put_bos(bos, num_bos);
  		kfree(task->bos);
  		...
  	}
  	...
  }
