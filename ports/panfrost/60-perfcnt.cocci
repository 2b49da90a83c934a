// SPDX-License-Identifier: GPL-2.0
// File: panfrost_perfcnt.c
// Place: panfrost_perfcnt_enable_locked()
// The buffer of the counters is pinned: the GPU writes it whenever it is asked to.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>

@@
identifier bo, pfdev, perfcnt;
@@
  panfrost_perfcnt_enable_locked(...)
  {
  <...
(
- 	struct drm_gem_shmem_object *bo;
+ 	struct gem_uma_object *bo;
|
- 	bo = drm_gem_shmem_create(&pfdev->base, perfcnt->bosize);
+ 	bo = panfrost_gem_create_pinned(pfdev, perfcnt->bosize);
)
  ...>
  }
