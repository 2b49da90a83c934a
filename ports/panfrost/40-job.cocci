// SPDX-License-Identifier: GPL-2.0
// File: panfrost_job.c
// Place: panfrost_job_push(), panfrost_job_cleanup()
// What reclaim took comes back before all resvs are held: others share some. With them held,
// what went again meanwhile comes back, before the job is armed. Its fence is what keeps
// reclaim away.
@@
identifier ret;
@@
  panfrost_job_push(struct panfrost_job *job)
  {
  	...
+ 	ret = panfrost_gem_populate_job(job);
+ 	if (ret)
+ 		return ret;
  	ret = drm_gem_lock_reservations(...);
  	if (ret)
  		return ret;
+ 	ret = panfrost_gem_validate_job(job);
+ 	if (ret)
+ 		goto unlock;
  	...
  }

@@
expression count;
@@
  panfrost_job_cleanup(...)
  {
  <...
- 	atomic_dec(count);
  ...>
  }
