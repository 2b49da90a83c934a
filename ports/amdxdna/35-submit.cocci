// SPDX-License-Identifier: GPL-2.0
// File: amdxdna_ctx.c
// Place: amdxdna_cmd_submit()
// The scheduler reads and writes the command, where nobody may wait for a resv. One that cannot be
// mapped fails there, as before.
@@
identifier job, client, handle;
@@
  amdxdna_cmd_submit(...)
  {
  <...
  job->cmd_bo = amdxdna_gem_get_obj(client, handle, AMDXDNA_BO_SHARE);
  if (!job->cmd_bo) { ... }
+ amdxdna_gem_vmap(job->cmd_bo);
  ...>
  }
