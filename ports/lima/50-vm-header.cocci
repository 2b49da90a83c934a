// SPDX-License-Identifier: GPL-2.0
// File: lima_vm.h
// Place: the prototype of lima_vm_map_bo()
@@
@@
- int lima_vm_map_bo(...);
+ int lima_vm_map_page(struct lima_vm *vm, dma_addr_t pa, u32 va);
