// SPDX-License-Identifier: GPL-2.0
// File: amdxdna_cbuf.c
// Place: amdxdna_cbuf_map()
// The library takes no segment that ends inside of a page, but for the last.
@@
identifier dev;
@@
- min_t(size_t, UINT_MAX, dma_max_mapping_size(dev))
+ min_t(size_t, UINT_MAX & PAGE_MASK, dma_max_mapping_size(dev))
