// SPDX-License-Identifier: GPL-2.0
// File: amdxdna_pci_drv.c
// Place: the include, amdxdna_drm_drv, amdxdna_probe(), amdxdna_remove()
// The library asks for the DMA mask, which the device's init sets.
@@
@@
- #include <drm/drm_gem_shmem_helper.h>

@@
identifier driver;
@@
  struct drm_driver driver = {
- 	.gem_create_object = amdxdna_gem_create_shmem_object_cb,
+ 	.prime_handle_to_fd = amdxdna_prime_handle_to_fd,
+ 	.gem_prime_import_sg_table = amdxdna_prime_import_sg_table,
  };

@@
identifier ret, xdna;
expression text;
@@
  amdxdna_probe(...)
  {
  <...
+ ret = amdxdna_uma_init(xdna);
+ if (ret) {
+ 	XDNA_ERR(xdna, "No memory manager, ret %d", ret);
+ 	goto failed_dev_fini;
+ }
  ret = amdxdna_sysfs_init(xdna);
  ...>
  }

@@
identifier xdna;
@@
  amdxdna_remove(...)
  {
  ...
+ gem_uma_object_unplug_all(&xdna->uma.dev);
  amdxdna_iommu_fini(xdna);
  }
