// SPDX-License-Identifier: GPL-2.0
// File: pvr_free_list.c
// Place: pvr_free_list_insert_pages_locked(), pvr_free_list_insert_node_locked()
// The parameter manager gets addresses of pages, which are those of a pinned buffer.
@@
iterator name for_each_sgtable_dma_page;
identifier dma_iter;
typedef u32;
@@
  pvr_free_list_insert_pages_locked(struct pvr_free_list *free_list,
- 				    struct sg_table *sgt,
+ 				    struct pvr_gem_object *mem_obj,
  				    u32 offset, u32 num_pages)
  {
- 	struct sg_dma_page_iter dma_iter;
  	u32 *page_list;
+ 	int err;
  	...
- 	for_each_sgtable_dma_page(sgt, &dma_iter, 0) { ... }
+ 	err = pvr_uma_list_pages(mem_obj, page_list + offset, num_pages);
  	...
- 	return 0;
+ 	return err;
  }

@@
@@
  pvr_free_list_insert_node_locked(...)
  {
  ...
- struct sg_table *sgt;
  ...
- sgt = drm_gem_shmem_get_pages_sgt(&free_list_node->mem_obj->base);
- if (WARN_ON(IS_ERR(sgt)))
- 	return PTR_ERR(sgt);
  ...
  pvr_free_list_insert_pages_locked(free_list,
- 				    sgt,
+ 				    free_list_node->mem_obj,
  				    ...)
  ...
  }
