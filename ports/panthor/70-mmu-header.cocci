// SPDX-License-Identifier: GPL-2.0
// File: panthor_mmu.h
// Place: what the shrinker called
@@
identifier f = {panthor_vm_update_bo_reclaim_lru_locked, panthor_mmu_reclaim_priv_bos};
type T;
@@
- T f(...);
