// SPDX-License-Identifier: GPL-2.0
// File: panfrost_dump.c
// Place: panfrost_core_dump()
// Runs of the device's map take the place of the scatter list. A job whose time is over waits
// for no resv.
@@
identifier page_iter;
@@
- struct sg_page_iter page_iter;

@@
identifier bo;
@@
- !bo->base.sgt
+ !READ_ONCE(mapping->active)

@@
identifier bo, map;
@@
- drm_gem_vmap(&bo->base.base, &map)
+ panfrost_gem_dump_begin(mapping, &map)

@@
identifier bo, page_iter, bomap;
iterator name for_each_sgtable_page;
@@
- for_each_sgtable_page(bo->base.sgt, &page_iter, 0)
- 	*bomap++ = page_to_phys(sg_page_iter_page(&page_iter));
+ bomap = panfrost_gem_dump_pages(bo, bomap);

@@
identifier bo, map;
@@
- drm_gem_vunmap(&bo->base.base, &map);
+ panfrost_gem_dump_end(mapping, &map);
