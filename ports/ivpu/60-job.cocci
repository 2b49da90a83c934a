// SPDX-License-Identifier: GPL-2.0
// File: ivpu_job.c
// Place: ivpu_job_prepare_bos_for_submit()
// What reclaim has taken since is bound again when all are locked, and stays by the fence.
@@
identifier i, usage;
expression list es;
expression n, u;
@@
+ 	ret = ivpu_uma_bind_job_locked(job);
+ 	if (ret)
+ 		goto unlock_reservations;
  	for (i = 0; i < n; i++) {
  		usage = u;
  		dma_resv_add_fence(es);
  	}
