// SPDX-License-Identifier: GPL-2.0
// File: panthor_uma.h
// Place: panthor_uma, prototypes
@@
@@
  #include <linux/kref.h>
+ #include <linux/rwsem.h>

@@
@@
  struct panthor_uma {
  	...
+ 	/** @gate: closed by resets, so that no page table is written meanwhile. */
+ 	struct rw_semaphore gate;
  };

@@
identifier f = {panthor_uma_make_sgt_locked, panthor_uma_pin, panthor_uma_unpin,
	panthor_uma_restore_locked};
type T;
@@
- T f(...);
