/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_OBJECT_PRIME_H_
#define _DRM_GEM_UMA_OBJECT_PRIME_H_

#include <linux/dma-buf.h>

#include <drm/drm_prime.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_userptr.h>

/**
 * enum gem_uma_object_prime_wb - how memory is exported that the CPU caches and the device
 * does not snoop
 */
enum gem_uma_object_prime_wb {
	/** @GEM_UMA_PRIME_WB_ALLOW: as it is; begin and end of CPU access have to be called. */
	GEM_UMA_PRIME_WB_ALLOW,
	/**
	 * @GEM_UMA_PRIME_WB_FORCE_WC: write-combined from then on. -EBUSY for an object that is
	 * pinned or that a job uses; -EOPNOTSUPP where the driver does cache maintenance itself.
	 */
	GEM_UMA_PRIME_WB_FORCE_WC,
	/** @GEM_UMA_PRIME_WB_DENY: not at all, which is -EOPNOTSUPP. */
	GEM_UMA_PRIME_WB_DENY,
};

/**
 * struct gem_uma_object_prime - how a driver exports and imports
 *
 * Made by DEFINE_GEM_UMA_PRIME(), which fills what stands above @get.
 */
struct gem_uma_object_prime {
	/** @ops: of the driver's dma-bufs; they are how it knows its own. */
	const struct dma_buf_ops *ops;
	/** @export: for &drm_gem_object_funcs.export. */
	struct dma_buf *(*export)(struct drm_gem_object *obj, int flags);
	/** @import: for &drm_driver.gem_prime_import. */
	struct drm_gem_object *(*import)(struct drm_device *drm, struct dma_buf *dma_buf);

	/**
	 * @get: a dma-buf of the object is about to be made. An errno refuses. NULL: all
	 * objects can be exported.
	 */
	int (*get)(struct gem_uma_object *uobj);
	/** @put: undoes @get, when the dma-buf is gone or was not made. NULL: nothing to do. */
	void (*put)(struct gem_uma_object *uobj);
	/**
	 * @mmap_offset: sees to it that the object has an offset for mmap(), by which its
	 * mappings are found. NULL: gem_uma_object_mmap_offset() does.
	 */
	int (*mmap_offset)(struct drm_gem_object *obj, u64 *offset);
	/**
	 * @separate: a dma-buf that comes back is imported as an object of its own, for
	 * devices that need one for each client. Otherwise it is the object itself.
	 */
	bool separate;
	/**
	 * @lazy: imports are mapped when they are populated first, not when they are made, and
	 * never by a driver that never populates them. Where the exporter can move a buffer,
	 * it may take the map back: see &gem_uma_object_ops.evict.
	 * &drm_driver.gem_prime_import_sg_table gets no table then, and passes that on to
	 * gem_uma_object_init_import().
	 */
	bool lazy;
	/**
	 * @revalidates: each job of the driver looks at gem_uma_object_is_stale() of all that
	 * it can reach, as GEM_UMA_USERPTR_NOTIFIER asks for; and what else the driver does for
	 * that. If NULL, or without @lazy, importing such memory is -EOPNOTSUPP.
	 */
	const struct gem_uma_userptr_driver *revalidates;
	/** @wb: how memory is exported that is not write-combined, but should be. */
	enum gem_uma_object_prime_wb wb;
};

int gem_uma_object_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle,
				      u32 flags, int *fd);
int gem_uma_object_prime_init(struct gem_uma_device *udev,
			      const struct gem_uma_object_prime *prime,
			      const struct drm_gem_object_funcs *funcs);

/*
 * What DEFINE_GEM_UMA_PRIME() is made of. For a driver that has to do it by hand: one whose
 * dma-bufs have operations of their own.
 */
struct dma_buf *gem_uma_object_prime_export(const struct gem_uma_object_prime *prime,
					    struct drm_gem_object *obj, int flags);
struct drm_gem_object *gem_uma_object_prime_import(const struct gem_uma_object_prime *prime,
						   struct drm_device *drm,
						   struct dma_buf *dma_buf);
void gem_uma_object_prime_release(const struct gem_uma_object_prime *prime,
				  struct dma_buf *dma_buf);
int gem_uma_object_prime_mmap(const struct gem_uma_object_prime *prime,
			      struct dma_buf *dma_buf, struct vm_area_struct *vma);
int gem_uma_object_prime_pin(struct dma_buf_attachment *attach);
void gem_uma_object_prime_unpin(struct dma_buf_attachment *attach);
struct sg_table *gem_uma_object_prime_map(struct dma_buf_attachment *attach,
					  enum dma_data_direction dir);
void gem_uma_object_prime_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
				enum dma_data_direction dir);
int gem_uma_object_prime_begin(struct dma_buf *dma_buf, enum dma_data_direction dir);
int gem_uma_object_prime_end(struct dma_buf *dma_buf, enum dma_data_direction dir);

/**
 * gem_uma_object_prime_is_ours() - did this device of this driver export a dma-buf?
 * @prime: how the driver exports
 * @drm: device
 * @dma_buf: any dma-buf
 *
 * The operations come first: what others keep in priv is not an object (uma-A10). They tell
 * drivers apart that are built in, too, which the owner does not (uma-A9).
 *
 * Context: any.
 *
 * Return: true if so.
 */
static inline bool gem_uma_object_prime_is_ours(const struct gem_uma_object_prime *prime,
						const struct drm_device *drm,
						const struct dma_buf *dma_buf)
{
	return dma_buf->ops == prime->ops &&
	       ((const struct drm_gem_object *)dma_buf->priv)->dev == drm;
}

/**
 * DEFINE_GEM_UMA_PRIME() - everything that a driver needs to export and to import
 * @_name: of the struct gem_uma_object_prime that it defines, and of _name##_export() and
 *	_name##_import(), all static
 * @...: initializers of the members from &gem_uma_object_prime.get on
 *
 * So operations and the test for one's own cannot differ, and none is forgotten (uma-A1).
 */
#define DEFINE_GEM_UMA_PRIME(_name, ...)						\
	static const struct gem_uma_object_prime _name;					\
											\
	static void _name##_release(struct dma_buf *dma_buf)				\
	{										\
		gem_uma_object_prime_release(&_name, dma_buf);				\
	}										\
											\
	static int _name##_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)	\
	{										\
		return gem_uma_object_prime_mmap(&_name, dma_buf, vma);			\
	}										\
											\
	static const struct dma_buf_ops _name##_ops = {					\
		.pin = gem_uma_object_prime_pin,					\
		.unpin = gem_uma_object_prime_unpin,					\
		.map_dma_buf = gem_uma_object_prime_map,				\
		.unmap_dma_buf = gem_uma_object_prime_unmap,				\
		.release = _name##_release,						\
		.mmap = _name##_mmap,							\
		.vmap = drm_gem_dmabuf_vmap,						\
		.vunmap = drm_gem_dmabuf_vunmap,					\
		.begin_cpu_access = gem_uma_object_prime_begin,				\
		.end_cpu_access = gem_uma_object_prime_end,				\
	};										\
											\
	static struct dma_buf *_name##_export(struct drm_gem_object *obj, int flags)	\
	{										\
		return gem_uma_object_prime_export(&_name, obj, flags);			\
	}										\
											\
	static struct drm_gem_object *_name##_import(struct drm_device *drm,		\
						     struct dma_buf *dma_buf)		\
	{										\
		return gem_uma_object_prime_import(&_name, drm, dma_buf);		\
	}										\
											\
	static const struct gem_uma_object_prime _name = {				\
		.ops = &_name##_ops,							\
		.export = _name##_export,						\
		.import = _name##_import,						\
		__VA_ARGS__								\
	}

#endif
