/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_OBJECT_H_
#define _DRM_GEM_UMA_OBJECT_H_

#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_backing.h>
#include <drm/gem_uma/gem_uma_client.h>
#include <drm/gem_uma/gem_uma_cpu_map.h>
#include <drm/gem_uma/gem_uma_dev_map.h>
#include <drm/gem_uma/gem_uma_reclaim.h>
#include <drm/gem_uma/gem_uma_sync.h>

struct dma_buf;
struct dma_buf_attachment;
struct drm_file;
struct drm_mode_create_dumb;
struct drm_printer;
struct gem_uma_object;
struct iosys_map;
struct sg_table;

/* Back with huge folios where size and system allow. */
#define GEM_UMA_OBJECT_HUGE	BIT(0)
/* User space must not map it. */
#define GEM_UMA_OBJECT_NO_MMAP	BIT(1)
/* Write-combined on the CPU, if the device is not coherent. */
#define GEM_UMA_OBJECT_WC	BIT(2)
/* Content may be lost whenever the device does not use it; it is zero then. */
#define GEM_UMA_OBJECT_DISCARD_ON_RECLAIM	BIT(3)
/*
 * The offset for mmap() is made when gem_uma_object_mmap_offset() is called first, not at
 * init. The driver calls it in the mmap() of its dma-bufs, too.
 */
#define GEM_UMA_OBJECT_LATE_OFFSET	BIT(4)
/* Populated at init and pinned until the object is freed: for what can never be evicted. */
#define GEM_UMA_OBJECT_PINNED	BIT(5)

/* Longest label, in bytes, without the terminating zero. */
#define GEM_UMA_LABEL_MAX	255

/**
 * struct gem_uma_object_ops - what only the driver knows of its objects
 */
struct gem_uma_object_ops {
	/**
	 * @dev_mapped: in how many address spaces do the device's page tables point to
	 * the object's pages? What counts is whether none, one or more. Called with
	 * resv held, also from reclaim. NULL: in none.
	 */
	unsigned int (*dev_mapped)(struct gem_uma_object *uobj);
	/**
	 * @evict: make the device's page tables forget the object's pages. Called
	 * from memory reclaim with resv held and all fences of it signalled: no
	 * allocation, no lock but by trylock, no last put. 0, or -EBUSY, after
	 * which it is repeated some other time. NULL: nothing to do.
	 *
	 * -EINPROGRESS: the device was told to forget them, and has not answered yet.
	 * The object is on its way, and nobody asks again before
	 * gem_uma_object_update(), which the driver owes in any case: when the device
	 * has answered, and when it will not answer any more. It is asked again then;
	 * or, if the object was used meanwhile, when it is its turn again.
	 *
	 * Called for an import, too, when its exporter moves the buffer. If that does not
	 * wait, it is repeated right away until it is 0 or another error.
	 */
	int (*evict)(struct gem_uma_object *uobj);
	/**
	 * @weight: a policy of the driver's about who is evicted first, with the rules
	 * of &gem_uma_reclaim_ops.weight. NULL: all weigh the same.
	 */
	u32 (*weight)(struct gem_uma_object *uobj);
	/**
	 * @teardown: the last reference is gone, and all parts of the object are still there:
	 * pages, DMA addresses, mmap offset. Page tables of the device that point to them are
	 * cleared here. May sleep; no resv is held, and none may be taken: the exporter of an
	 * import may wait for this with it. If the device keeps what points to them, see
	 * gem_uma_object_leak(). Not called for an object whose init failed. NULL: nothing to
	 * do.
	 */
	void (*teardown)(struct gem_uma_object *uobj);
	/** @free: free the memory that embeds @uobj. NULL: kfree(uobj). */
	void (*free)(struct gem_uma_object *uobj);
};

/**
 * struct gem_uma_object_creator - the process that made an object
 */
struct gem_uma_object_creator {
	/** @tgid: its number in the initial PID namespace. */
	pid_t tgid;
	/** @comm: its name at that time; any bytes, terminated. */
	char comm[TASK_COMM_LEN];
};

/**
 * struct gem_uma_object - the turn-key object: all parts in one
 *
 * Embedded anywhere in the driver's own object, or used as it is.
 */
struct gem_uma_object {
	/** @base: the GEM object. */
	struct drm_gem_object base;
	/** @udev: device. */
	struct gem_uma_device *udev;
	/** @ops: the driver's part. */
	const struct gem_uma_object_ops *ops;
	/** @flags: GEM_UMA_OBJECT_*. */
	u32 flags;
	/** @creator: who made it, or imported it; constant after init, so without a lock. */
	struct gem_uma_object_creator creator;
	/** @backing: pages; not initialized for imports. */
	struct gem_uma_backing backing;
	/** @cpu_map: CPU mappings; not initialized for imports. */
	struct gem_uma_cpu_map cpu_map;
	/** @dev_map: DMA addresses. */
	struct gem_uma_dev_map dev_map;
	/** @reclaim: not initialized for imports. */
	struct gem_uma_reclaim reclaim;

	/** @next_chunk: where eviction by chunk goes on; protected by resv. */
	pgoff_t next_chunk;
	/**
	 * @exported: others rely on the content, it must not be purged; never cleared,
	 * protected by resv.
	 */
	bool exported;
	/**
	 * @dev_mapped: what &gem_uma_object_ops.dev_mapped said last; protected by resv, also
	 * read without.
	 */
	unsigned int dev_mapped;
	/** @accesses: CPU accesses that have begun and not ended; none is left at the end. */
	atomic_t accesses;
	/**
	 * @writer: the task that was the last to begin an access that writes, until one of
	 * them ends. For a complaint only, and without a lock.
	 */
	struct task_struct *writer;
	/** @leaving: its eviction has begun, and has to wait; protected by resv. */
	bool leaving;
	/** @torn_down: it is being freed, and no page table has it any more. */
	bool torn_down;
	/** @update_modules: references to the driver's module that @update_work drops. */
	atomic_t update_modules;
	/** @update_work: for those who hold no resv; while queued, it has a reference. */
	struct work_struct update_work;
	/** @importers: what others have mapped of a dma-buf of it; protected by resv. */
	struct list_head importers;
	/** @imported: somebody else's buffer; set before anything can fail. */
	bool imported;
	/**
	 * @import_sgt: table of an imported buffer; NULL while it is not mapped, and for our
	 * own pages. Changes under resv.
	 */
	struct sg_table *import_sgt;

	/** @files: who has a handle. */
	struct gem_uma_client_list files;
	/** @label: name given by the user, or NULL; protected by the lock of @files. */
	char *label;
	/** @device_link: in &gem_uma_device.objects, protected by its lock. */
	struct list_head device_link;
	/** @unplugged: gem_uma_object_unplug_all() was here; same lock. */
	bool unplugged;
};

/**
 * to_gem_uma_object() - downcast
 * @obj: GEM object embedded in a &struct gem_uma_object
 */
#define to_gem_uma_object(obj) container_of_const(obj, struct gem_uma_object, base)

/**
 * gem_uma_object_is_imported() - is it somebody else's buffer?
 * @uobj: object
 *
 * Unlike drm_gem_is_imported(), right from the start.
 *
 * Context: any.
 *
 * Return: true for imports.
 */
static inline bool gem_uma_object_is_imported(const struct gem_uma_object *uobj)
{
	return uobj->imported;
}

/**
 * gem_uma_object_is_dev_mapped() - do page tables of the device point to the pages?
 * @uobj: object
 *
 * Context: any; a snapshot without resv, which others may hold for as long as a restore
 * takes.
 *
 * Return: true if so when the object was last updated.
 */
static inline bool gem_uma_object_is_dev_mapped(const struct gem_uma_object *uobj)
{
	return READ_ONCE(uobj->dev_mapped);
}

void gem_uma_object_free(struct drm_gem_object *obj);
void gem_uma_object_leak(struct gem_uma_object *uobj);
int gem_uma_object_pin(struct drm_gem_object *obj)
	__must_hold(obj->resv);
void gem_uma_object_unpin(struct drm_gem_object *obj)
	__must_hold(obj->resv);
struct sg_table *gem_uma_object_get_sg_table(struct drm_gem_object *obj)
	__must_hold(obj->resv);
int gem_uma_object_vmap(struct drm_gem_object *obj, struct iosys_map *map)
	__must_hold(obj->resv);
void gem_uma_object_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
	__must_hold(obj->resv);
int gem_uma_object_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
enum drm_gem_object_status gem_uma_object_status(struct drm_gem_object *obj);
size_t gem_uma_object_rss(struct drm_gem_object *obj);
void gem_uma_object_print_info(struct drm_printer *p, unsigned int indent,
			       const struct drm_gem_object *obj);

extern const struct drm_gem_object_funcs gem_uma_object_funcs;
extern const struct vm_operations_struct gem_uma_object_vm_ops;

/*
 * Members of a driver's struct drm_gem_object_funcs that the library fills. A driver adds
 * open and close, which call gem_uma_client_open() and gem_uma_client_close(), and export:
 * gem_uma_object_export(), or its own after gem_uma_object_share().
 *
 * A driver with a function of its own names the other groups instead of all of them: what is
 * initialized twice is a warning, and gem_uma_object_prime_init() finds what is left out.
 */
#define GEM_UMA_OBJECT_FUNCS				\
	.free = gem_uma_object_free,			\
	GEM_UMA_OBJECT_FUNCS_STATUS,			\
	GEM_UMA_OBJECT_FUNCS_PIN,			\
	GEM_UMA_OBJECT_FUNCS_SG_TABLE,			\
	GEM_UMA_OBJECT_FUNCS_VMAP,			\
	GEM_UMA_OBJECT_FUNCS_MMAP

#define GEM_UMA_OBJECT_FUNCS_STATUS			\
	.status = gem_uma_object_status,		\
	.rss = gem_uma_object_rss,			\
	.print_info = gem_uma_object_print_info

#define GEM_UMA_OBJECT_FUNCS_PIN			\
	.pin = gem_uma_object_pin,			\
	.unpin = gem_uma_object_unpin

#define GEM_UMA_OBJECT_FUNCS_SG_TABLE			\
	.get_sg_table = gem_uma_object_get_sg_table

#define GEM_UMA_OBJECT_FUNCS_VMAP			\
	.vmap = gem_uma_object_vmap,			\
	.vunmap = gem_uma_object_vunmap

#define GEM_UMA_OBJECT_FUNCS_MMAP			\
	.mmap = gem_uma_object_mmap,			\
	.vm_ops = &gem_uma_object_vm_ops

int gem_uma_object_init(struct gem_uma_object *uobj, struct gem_uma_device *udev,
			u64 size, u32 flags, const struct gem_uma_object_ops *ops);
struct gem_uma_object *gem_uma_object_create(struct gem_uma_device *udev, u64 size,
					     u32 flags);
int gem_uma_object_dumb_create(struct drm_file *file, struct gem_uma_device *udev,
			       struct drm_mode_create_dumb *args);
int gem_uma_object_init_import(struct gem_uma_object *uobj, struct gem_uma_device *udev,
			       struct dma_buf_attachment *attach, struct sg_table *sgt,
			       const struct gem_uma_object_ops *ops);
struct drm_gem_object *gem_uma_object_create_import(struct gem_uma_device *udev,
						    struct dma_buf_attachment *attach,
						    struct sg_table *sgt);
void gem_uma_object_unplug_all(struct gem_uma_device *udev);

int gem_uma_object_populate_locked(struct gem_uma_object *uobj, u64 offset, u64 size,
				   enum dma_data_direction dir)
	__must_hold(uobj->base.resv);
void gem_uma_object_import_unmap_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
bool gem_uma_object_is_readonly(const struct gem_uma_object *uobj);
bool gem_uma_object_is_watched(const struct gem_uma_object *uobj);
bool gem_uma_object_is_stale(const struct gem_uma_object *uobj);
int gem_uma_object_lookup(struct gem_uma_object *uobj);
int gem_uma_object_leave_stale_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
int gem_uma_object_prefetch(struct gem_uma_object *uobj, u64 offset, u64 size);
bool gem_uma_object_is_resident_locked(struct gem_uma_object *uobj, u64 offset,
				       u64 size, enum dma_data_direction dir)
	__must_hold(uobj->base.resv);
void gem_uma_object_update_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);
int __must_check gem_uma_object_sync(struct gem_uma_object *uobj,
				     struct gem_uma_sync_range range,
				     enum gem_uma_sync_op op);

/**
 * struct gem_uma_object_access - an access by the CPU, between its beginning and its end
 */
struct gem_uma_object_access {
	/** @uobj: the object; NULL if it has not begun, or has ended. */
	struct gem_uma_object *uobj;
	/** @range: bytes. */
	struct gem_uma_sync_range range;
	/** @dir: what the CPU does, as gem_uma_object_access_begin() was told. */
	enum dma_data_direction dir;
	/** @err: why it did not begin, or 0. */
	int err;
};

struct gem_uma_object_access __must_check
gem_uma_object_access_begin(struct gem_uma_object *uobj, struct gem_uma_sync_range range,
			    enum dma_data_direction dir);
void gem_uma_object_access_end(struct gem_uma_object_access *access);

DEFINE_CLASS(gem_uma_object_access, struct gem_uma_object_access,
	     gem_uma_object_access_end(&_T), gem_uma_object_access_begin(uobj, range, dir),
	     struct gem_uma_object *uobj, struct gem_uma_sync_range range,
	     enum dma_data_direction dir)

void gem_uma_object_update(struct gem_uma_object *uobj);
struct gem_uma_object *gem_uma_object_next(struct gem_uma_device *udev,
					   struct gem_uma_object *prev);
int gem_uma_object_set_label(struct gem_uma_object *uobj, const char *label, size_t len);

int gem_uma_object_advise(struct gem_uma_object *uobj, bool needed, bool *retained);
int gem_uma_object_discard(struct gem_uma_object *uobj, u64 offset, u64 size);
int gem_uma_object_discard_locked(struct gem_uma_object *uobj, u64 offset, u64 size)
	__must_hold(uobj->base.resv);
int gem_uma_object_share(struct gem_uma_object *uobj);
struct dma_buf *gem_uma_object_export(struct drm_gem_object *obj, int flags);

int gem_uma_object_mmap_offset(struct gem_uma_object *uobj, u64 *offset);

unsigned long gem_uma_object_get_unmapped_area(struct file *filp, unsigned long addr,
					       unsigned long len, unsigned long pgoff,
					       unsigned long flags);

/**
 * gem_uma_object_is_written_here() - has this task begun to write, and not ended?
 * @uobj: object
 *
 * Context: process context.
 *
 * Return: true if gem_uma_object_access_begin() says so. False does not mean the reverse
 * where several tasks write at once.
 */
static inline bool gem_uma_object_is_written_here(const struct gem_uma_object *uobj)
{
	return READ_ONCE(uobj->writer) == current;
}

/**
 * gem_uma_object_mark_used_at() - the device uses the object, one of many
 * @uobj: object
 * @now: ktime_get_mono_fast_ns(), the same for all of them
 *
 * For who is about to arm a job. A lockdep kernel complains of one who has begun to write the
 * object with the CPU: what is still in its cache, the job may not see.
 *
 * Context: any; one store.
 */
static inline void gem_uma_object_mark_used_at(struct gem_uma_object *uobj, u64 now)
{
	if (IS_ENABLED(CONFIG_LOCKDEP))
		drm_WARN_ON_ONCE(uobj->base.dev, gem_uma_object_is_written_here(uobj));
	gem_uma_reclaim_mark_used_at(&uobj->reclaim, now);
}

/**
 * gem_uma_object_mark_used() - the device is about to use the object
 * @uobj: object
 *
 * Context: any; one store.
 */
static inline void gem_uma_object_mark_used(struct gem_uma_object *uobj)
{
	gem_uma_reclaim_mark_used(&uobj->reclaim);
}

#endif
