// SPDX-License-Identifier: GPL-2.0
// File: lima_sched.c
// Place: lima_sched_task_init(), lima_sched_build_error_task_list()
// A heap is read as far as it has grown when the size of the dump is computed: it may be
// growing. The scheduler forgets a job's entity when the job runs, so the job itself knows
// whose it is.
@@
identifier bo;
symbol size;
@@
  lima_sched_build_error_task_list(...)
  {
  <...
- 	size += bo->heap_size ? bo->heap_size : lima_bo_size(bo);
+ 	size += lima_uma_dump_size(bo);
  ...>
  }

@@
identifier chunk, data, bo;
statement S;
symbol ret;
@@
  lima_sched_build_error_task_list(...)
  {
  <...
- 	void *data;
  	...
  	if (bo->heap_size) {
- 		chunk->size = bo->heap_size;
- 		data = vmap(...);
- 		if (!data) {
+ 		chunk->size = bo->uma.dump_size;
+ 		ret = lima_uma_dump_heap(bo, chunk + 1);
+ 		if (ret) {
  			...
  		}
- 		memcpy(..., data, chunk->size);
- 		vunmap(data);
  	} else S
  ...>
  }

@@
identifier task;
@@
  lima_sched_task_init(struct lima_sched_task *task, ...)
  {
  	...
+ 	lima_uma_init_task(&task->uma);
  	task->num_bos = num_bos;
  	...
  }

@@
identifier ctx, entity, task;
expression E;
@@
  lima_sched_build_error_task_list(struct lima_sched_task *task)
  {
  	...
- 	struct lima_sched_context *entity = E;
  	...
- 	struct lima_ctx *ctx = container_of(entity, ...);
+ 	const struct lima_uma_task *ctx = &task->uma;
  	...
  }
