/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the object share, and what stats shows of it. */
#ifndef _GEM_UMA_OBJECT_INTERNAL_H_
#define _GEM_UMA_OBJECT_INTERNAL_H_

#include <drm/gem_uma/gem_uma_object.h>

extern const struct gem_uma_reclaim_ops gem_uma_object_reclaim_ops;
extern const struct gem_uma_reclaim_ops gem_uma_object_weighed_ops;

int gem_uma_object_module_init(void);
void gem_uma_object_module_exit(void);
void gem_uma_object_update_work(struct work_struct *work);

/* What one importer has mapped; in &gem_uma_object.importers. */
struct gem_uma_object_importer {
	struct list_head link;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	enum dma_data_direction dir;
};

void gem_uma_object_sync_importer(struct gem_uma_object *uobj,
				  const struct gem_uma_object_importer *importer,
				  bool invalidate)
	__must_hold(uobj->base.resv);
int gem_uma_object_begin_cpu_access(struct gem_uma_object *uobj, enum dma_data_direction dir);
void gem_uma_object_end_cpu_access(struct gem_uma_object *uobj);
int gem_uma_object_share_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
void gem_uma_object_flush_updates(void);
void gem_uma_object_put_later(struct gem_uma_object *uobj);
int gem_uma_object_import_map_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
void gem_uma_object_import_try_leave_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
void gem_uma_object_import_leave_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
void gem_uma_object_import_leave_dying_locked(struct gem_uma_object *uobj, bool looks)
	__must_hold(uobj->base.resv);
void gem_uma_object_import_fini(struct gem_uma_object *uobj);
int gem_uma_object_vacate_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
int gem_uma_object_wait_idle(struct gem_uma_object *uobj, bool user);
int gem_uma_object_make_room_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
struct gem_uma_client_pages gem_uma_object_pages(const struct gem_uma_object *uobj);

#endif
