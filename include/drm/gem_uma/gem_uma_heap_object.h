/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_HEAP_OBJECT_H_
#define _DRM_GEM_UMA_HEAP_OBJECT_H_

#include <linux/atomic.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_client.h>
#include <drm/gem_uma/gem_uma_heap.h>

struct drm_printer;
struct iosys_map;
struct sg_table;

/**
 * struct gem_uma_heap_object - a heap that has handles
 *
 * Embedded anywhere in the driver's own object. Invariants: all of the heap is in memory as
 * long as a VMA, the kernel or a dma-buf maps it; @vaddr is set exactly if @vmaps > 0.
 */
struct gem_uma_heap_object {
	/** @base: the GEM object. */
	struct drm_gem_object base;
	/** @heap: the heap. */
	struct gem_uma_heap heap;
	/** @files: who has a handle. */
	struct gem_uma_client_list files;
	/** @mmaps: number of VMAs; changes without a lock. */
	atomic_t mmaps;

	/* private: protected by resv */

	void *vaddr;
	unsigned int vmaps;
};

/**
 * to_gem_uma_heap_object() - downcast
 * @obj: GEM object embedded in a &struct gem_uma_heap_object
 */
#define to_gem_uma_heap_object(obj) container_of_const(obj, struct gem_uma_heap_object, base)

int gem_uma_heap_object_pin(struct drm_gem_object *obj)
	__must_hold(obj->resv);
void gem_uma_heap_object_unpin(struct drm_gem_object *obj)
	__must_hold(obj->resv);
struct sg_table *gem_uma_heap_object_get_sg_table(struct drm_gem_object *obj)
	__must_hold(obj->resv);
int gem_uma_heap_object_vmap(struct drm_gem_object *obj, struct iosys_map *map)
	__must_hold(obj->resv);
void gem_uma_heap_object_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
	__must_hold(obj->resv);
int gem_uma_heap_object_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
enum drm_gem_object_status gem_uma_heap_object_status(struct drm_gem_object *obj);
size_t gem_uma_heap_object_rss(struct drm_gem_object *obj);
void gem_uma_heap_object_print_info(struct drm_printer *p, unsigned int indent,
				    const struct drm_gem_object *obj);

extern const struct vm_operations_struct gem_uma_heap_object_vm_ops;

/*
 * Members of a driver's struct drm_gem_object_funcs that the library fills. A driver adds
 * free, which calls gem_uma_heap_object_fini(), open and close, which call
 * gem_uma_client_open() and gem_uma_client_close(), and an export that refuses if it does not
 * want dma-bufs of heaps: without one the core exports them.
 *
 * A driver whose mmap limits each client names the second list and its own functions: what is
 * initialized twice is a warning.
 */
#define GEM_UMA_HEAP_OBJECT_FUNCS				\
	.mmap = gem_uma_heap_object_mmap,			\
	.vm_ops = &gem_uma_heap_object_vm_ops,			\
	GEM_UMA_HEAP_OBJECT_FUNCS_BUT_MMAP

#define GEM_UMA_HEAP_OBJECT_FUNCS_BUT_MMAP			\
	.pin = gem_uma_heap_object_pin,				\
	.unpin = gem_uma_heap_object_unpin,			\
	.get_sg_table = gem_uma_heap_object_get_sg_table,	\
	.vmap = gem_uma_heap_object_vmap,			\
	.vunmap = gem_uma_heap_object_vunmap,			\
	.status = gem_uma_heap_object_status,			\
	.rss = gem_uma_heap_object_rss,				\
	.print_info = gem_uma_heap_object_print_info

int gem_uma_heap_object_init(struct gem_uma_heap_object *hobj, struct gem_uma_reserve *reserve,
			     const struct gem_uma_heap_config *config);
void gem_uma_heap_object_fini(struct gem_uma_heap_object *hobj);
int gem_uma_heap_object_try_discard(struct gem_uma_heap_object *hobj, u64 offset, u64 size);

/**
 * gem_uma_heap_object_mmaps() - number of VMAs that map the heap, a snapshot
 * @hobj: object
 *
 * Context: any.
 *
 * Return: number of VMAs.
 */
static inline unsigned int gem_uma_heap_object_mmaps(const struct gem_uma_heap_object *hobj)
{
	return atomic_read(&hobj->mmaps);
}

/**
 * gem_uma_heap_object_is_pinned() - does something keep all of the heap in memory?
 * @hobj: object
 *
 * Context: any; a snapshot.
 *
 * Return: true if it is mapped by the CPU or by somebody else's device, or pinned.
 */
static inline bool gem_uma_heap_object_is_pinned(const struct gem_uma_heap_object *hobj)
{
	return READ_ONCE(hobj->heap.pins);
}

#endif
