// SPDX-License-Identifier: GPL-2.0
// File: panthor_gem.h
// Place: panthor_gem_object, prototypes
// All parts are the library's, which has them in one object; it begins with the GEM object.
// What is left of the map for the device is the table of what the firmware uses.
@@
@@
  #include <linux/rwsem.h>
+ #include "panthor_uma.h"

@@
@@
- struct panthor_gem_debugfs { ... };

@@
@@
- struct panthor_gem_backing { ... };

@@
@@
- struct panthor_gem_cpu_map { ... };

@@
@@
- enum panthor_gem_reclaim_state { ... };

@@
@@
  struct panthor_gem_object {
- 	struct drm_gem_object base;
+ 	union {
+ 		struct drm_gem_object base;
+ 		struct gem_uma_object uma;
+ 	};
+ 	struct panthor_uma_activity *activity;
+ 	u32 usage;
  	...
  };

@@
identifier f = {backing, cmap, reclaim_state, reclaimed_count, debugfs};
type T;
@@
  struct panthor_gem_object {
  	...
- 	T f;
  	...
  };

@@
@@
- void panthor_gem_init(...);
+ int panthor_gem_init(struct panthor_device *ptdev);
+ void panthor_gem_unplug(struct panthor_device *ptdev);

@@
identifier f = {panthor_gem_get_dev_sgt, panthor_gem_pin, panthor_gem_unpin,
	panthor_gem_swapin_locked, panthor_gem_update_reclaim_state_locked,
	panthor_gem_shrinker_init, panthor_gem_shrinker_unplug, panthor_gem_prime_import};
type T;
@@
- T f(...);
