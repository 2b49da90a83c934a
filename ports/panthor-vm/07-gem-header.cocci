// SPDX-License-Identifier: GPL-2.0
// File: panthor_gem.h
// Place: what VM_BIND used
@@
type T;
@@
- T panthor_dummy_bo_create(...);
