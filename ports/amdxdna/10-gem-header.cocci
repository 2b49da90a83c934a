// SPDX-License-Identifier: GPL-2.0
// File: amdxdna_gem.h
// Place: the include, amdxdna_gem_obj, amdxdna_gem_create_shmem_object_cb()
// The library knows what an import is attached to.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>

@@
@@
  #include "amdxdna_pci_drv.h"
+ #include "amdxdna_uma.h"

@@
@@
  struct amdxdna_gem_obj {
- 	struct drm_gem_shmem_object base;
+ 	struct gem_uma_object base;
  	...
- 	struct dma_buf *dma_buf;
- 	struct dma_buf_attachment *attach;
  	...
  };

@@
identifier f = {amdxdna_gem_create_shmem_object_cb};
type T;
@@
- T f(...);
