// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.h
// Place: what VM_BIND and submits called
@@
identifier f = {panthor_vm_evict_bo_mappings_locked, panthor_vm_prepare_mapped_bos_resvs,
	panthor_vm_bind_exec_sync_op, panthor_vm_bind_job_create, panthor_vm_bind_job_put,
	panthor_vm_bind_job_prepare_resvs, panthor_vm_bind_job_update_resvs};
type T;
@@
- T f(...);
