# SPDX-License-Identifier: GPL-2.0
# What comments say of the scatter list.
s/@sgt: Scatter gather table containing pages pinned/@obj: Buffer whose pages are pinned/
s/@sgt_offset: Offset into/@offset: Offset into/
s/(@offset: Offset into) @sgt /\1 @obj /
s/^( \* pvr_mmu_map_)sgl(\(\) - Map) .*/\1run\2 pages that are contiguous for the device to/
s/^( \*.* pvr_mmu_map_)sgl\(\)/\1run()/
s/^ \* @sgl: .*/ * @dma_addr: DMA address of the first page to map./
/^ \* @offset: Offset into @sgl/,/page-aligned\.$/d
/^ \*  \* -%EINVAL if the range specified by @offset/,/within @sgl, or$/d
/^	\/\* Map scatter gather table \*\/$/d
s|^(\t\tstruct pvr_gem_object \*obj;)(u64 offset;)$|\1\n\n\t\t/** @offset: Where in it the mapping begins. */\n\t\t\2|
