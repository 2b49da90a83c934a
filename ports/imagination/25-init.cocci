// SPDX-License-Identifier: GPL-2.0
// File: pvr_device.c
// Place: pvr_set_dma_info()
// The library asks for the DMA mask, so it comes after that, and before what the firmware uses.
@@
@@
  pvr_set_dma_info(struct pvr_device *pvr_dev)
  {
  ...
  dma_set_max_seg_size(...);
- return 0;
+ return pvr_uma_init(pvr_dev);
  }
