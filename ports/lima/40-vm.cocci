// SPDX-License-Identifier: GPL-2.0
// File: lima_vm.c
// Place: lima_bo_va and its users, lima_vm_map_page()
// lima_uma.c has the places of buffers in address spaces; entries are made here, one by one.
@@
@@
- struct lima_bo_va { ... };

@@
identifier f = {lima_vm_unmap_range, lima_vm_bo_find, lima_vm_bo_add, lima_vm_bo_del,
	lima_vm_get_va, lima_vm_map_bo};
type T;
@@
- T f(...) { ... }

@@
@@
- static
  int lima_vm_map_page(...) { ... }
