// SPDX-License-Identifier: GPL-2.0
// File: v3d_submit.c
// Place: v3d_submit_lock_reservations(), v3d_submit_cpu_ioctl(), v3d_cpu_job_free()
// What reclaim took comes back before the job is armed. A CPU job finds its buffers
// mapped: it runs where nothing may be allocated.
@@
identifier job;
@@
  v3d_submit_lock_reservations(...)
  {
  <...
+ 	ret = v3d_uma_validate_job(job);
+ 	if (ret)
+ 		goto fail;
  	if (!job->has_implicit_dep)
  		continue;
  ...>
  }

@@
identifier submit;
@@
  v3d_submit_cpu_ioctl(...)
  {
  <...
+ 	ret = v3d_uma_vmap_job(cpu_job);
+ 	if (ret)
+ 		goto fail;
  	ret = v3d_submit_lock_reservations(&submit);
  ...>
  }

@@
identifier job;
@@
  v3d_cpu_job_free(...)
  {
  ...
+ 	v3d_uma_vunmap_job(job);
  	v3d_timestamp_query_info_free(&job->timestamp_query, ...);
  ...
  }
