// SPDX-License-Identifier: GPL-2.0
// File: rocket_job.c
// Place: rocket_job_push(), rocket_job_cleanup(), the ioctl
// What reclaim took comes back before the job is armed, and stays until the job is freed. There
// may be no memory for that, so who submits has to be told.
@@
identifier job, ret;
@@
  rocket_job_push(struct rocket_job *job)
  {
  <...
+ 	ret = rocket_uma_map_all(job->domain);
+ 	if (ret)
+ 		goto err;
  	ret = drm_gem_lock_reservations(...);
  ...>
  }

@@
expression E;
@@
  rocket_job_cleanup(...)
  {
  <...
- 	rocket_iommu_domain_put(E);
+ 	rocket_uma_end_job(E);
  ...>
  }

@@
expression E;
@@
- rocket_iommu_domain_get(E)
+ rocket_uma_begin_job(E->domain)

@@
identifier i, args;
expression list es;
symbol ret;
@@
  for (i = 0;
- 	i < args->job_count
+ 	!ret && i < args->job_count
  	; i++)
- 	rocket_ioctl_submit_job(es);
+ 	ret = rocket_ioctl_submit_job(es);
