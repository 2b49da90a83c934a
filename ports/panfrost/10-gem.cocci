// SPDX-License-Identifier: GPL-2.0
// File: panfrost_gem.h
// Place: the includes, panfrost_gem_object, panfrost_gem_mapping, to_panfrost_bo(), prototypes
// Pages, addresses, labels and who made it are the library's to know.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>
+ #include "panfrost_uma.h"

@@
@@
- enum panfrost_debugfs_gem_state_flags { ... };

@@
@@
- struct panfrost_gem_debugfs { ... };

@@
@@
  struct panfrost_gem_object {
- 	struct drm_gem_shmem_object base;
+ 	struct gem_uma_object base;
+ 	struct panfrost_uma_bo uma;
  	...
  };

@@
type T;
identifier m = {sgts, gpu_usecount, heap_rss_size, label, debugfs};
@@
  struct panfrost_gem_object {
  	...
- 	T m;
  	...
  };

@@
@@
  struct panfrost_gem_mapping {
  	...
- 	bool active:1;
+ 	bool active;
+ 	bool closed;
  };

@@
expression obj;
@@
- to_drm_gem_shmem_obj(obj)
+ to_gem_uma_object(obj)

@@
identifier f = {panfrost_gem_init, panfrost_gem_create_object, panfrost_gem_prime_import,
	panfrost_gem_teardown_mappings_locked, panfrost_gem_shrinker_init,
	panfrost_gem_shrinker_cleanup, panfrost_gem_debugfs_print_bos};
type T;
@@
- T f(...);
