// SPDX-License-Identifier: GPL-2.0
// File: lima_gp.c
// Place: lima_gp_task_run(), lima_gp_task_recover()
// A heap may have grown for another file, whose page table is not the one of this job.
@@
identifier task, bo;
expression start, end;
@@
  lima_gp_task_run(..., struct lima_sched_task *task)
  {
  <...
  	end = start +
- 	bo->heap_size
+ 	lima_uma_heap_size(task->vm, bo)
  	;
  ...>
  }

@@
identifier size, task;
@@
  lima_gp_task_recover(...)
  {
  <...
- 	size == task->heap->heap_size
+ 	size >= lima_uma_heap_size(task->vm, task->heap)
  ...>
  }

@@
identifier task;
@@
  lima_gp_task_recover(...)
  {
  <...
- 	task->heap->heap_size
+ 	lima_uma_heap_size(task->vm, task->heap)
  ...>
  }
