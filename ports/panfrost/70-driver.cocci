// SPDX-License-Identifier: GPL-2.0
// File: panfrost_drv.c
// Place: the ioctls of buffers, panfrost_drm_driver, panfrost_probe(), panfrost_remove()
// The library asks for the DMA mask, so it comes after the GPU.
@@
@@
  #include "panfrost_perfcnt.h"
+ #include "panfrost_prime.h"

@@
expression count;
@@
  panfrost_lookup_bos(...)
  {
  <...
- 	atomic_inc(count);
  ...>
  }

@@
identifier f = {panfrost_ioctl_madvise, panthor_gems_show, panthor_gems_debugfs_init};
type T;
@@
- static T f(...) { ... }

@@
@@
- static struct drm_info_list panthor_debugfs_list[] = { ... };

@@
expression minor;
@@
- panthor_gems_debugfs_init(minor);
+ gem_uma_stats_debugfs_init(&to_panfrost_device(minor->dev)->uma.dev);

@@
identifier bo;
@@
  panfrost_ioctl_query_bo_info(...)
  {
  <...
- 	!bo->base.map_wc
+ 	bo->base.cpu_map.mode != GEM_UMA_CACHE_WC
  ...>
  }

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = panfrost_gem_create_object,
- 	.gem_prime_import = panfrost_gem_prime_import,
+ 	.gem_prime_import = panfrost_prime_import,
  };

@@
identifier pfdev;
@@
  panfrost_probe(...)
  {
  <...
(
- mutex_init(&pfdev->shrinker_lock);
|
- INIT_LIST_HEAD(&pfdev->shrinker_list);
)
  ...>
  }

@@
expression E;
@@
  panfrost_probe(...)
  {
  <...
  pm_runtime_use_autosuspend(E);
+ err = panfrost_uma_init(pfdev, &panfrost_prime, &panfrost_gem_funcs);
+ if (err)
+ 	goto err_out1;
  ...>
  }

@@
identifier pfdev, err;
@@
- err = panfrost_gem_shrinker_init(&pfdev->base);
- if (err)
- 	goto err_out2;

@@
identifier pfdev;
@@
  panfrost_remove(...)
  {
  	...
- 	drm_dev_unregister(&pfdev->base);
+ 	drm_dev_unplug(&pfdev->base);
  	...
- 	panfrost_gem_shrinker_cleanup(&pfdev->base);
  	...
  	panfrost_device_fini(pfdev);
+ 	gem_uma_object_unplug_all(&pfdev->uma.dev);
  	...
  }
