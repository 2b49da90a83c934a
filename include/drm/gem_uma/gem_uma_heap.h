/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_HEAP_H_
#define _DRM_GEM_UMA_HEAP_H_

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include <drm/gem_uma/gem_uma_reserve.h>

struct gem_uma_client_list;
struct gem_uma_heap;

/**
 * enum gem_uma_heap_outcome - what becomes of an access to memory that is not there
 *
 * All but the first are policies: what a driver declares for the case that there is no
 * memory. Its job has to end in one of these ways, and before its timeout.
 */
enum gem_uma_heap_outcome {
	/** @GEM_UMA_HEAP_GROWN: the memory is there: access it again. No policy. */
	GEM_UMA_HEAP_GROWN,
	/**
	 * @GEM_UMA_HEAP_RENDER: incremental rendering: the device works off what is in the
	 * heap, and begins anew at its start. One granule is always there for that.
	 */
	GEM_UMA_HEAP_RENDER,
	/** @GEM_UMA_HEAP_FAIL_JOB: the job fails; the next one can succeed. */
	GEM_UMA_HEAP_FAIL_JOB,
	/** @GEM_UMA_HEAP_LOSE_DEVICE: the client of the job loses the device. */
	GEM_UMA_HEAP_LOSE_DEVICE,
};

/**
 * struct gem_uma_heap_tables - page tables allocated ahead
 */
struct gem_uma_heap_tables {
	/** @first: the driver's; NULL if there are none. */
	void *first;
};

/**
 * struct gem_uma_heap_ops - what only the driver knows
 *
 * @map and @unmap are called with the lock of the heap held, in sections that fences depend
 * on and in memory reclaim: nothing may be allocated, no resv taken, no last reference
 * dropped, and no lock taken under which others do that.
 */
struct gem_uma_heap_ops {
	/**
	 * @alloc_tables: allocate what mapping one granule can need. @gfp says whether it
	 * may wait; if not, it is called as @map is, and the driver may use tables that it
	 * has put aside. On failure nothing is left in @tables. 0 or -ENOMEM.
	 */
	int (*alloc_tables)(struct gem_uma_heap *heap, struct gem_uma_heap_tables *tables,
			    gfp_t gfp);
	/** @free_tables: free those that were not used; called as @map is, or outside. */
	void (*free_tables)(struct gem_uma_heap *heap, struct gem_uma_heap_tables *tables);
	/**
	 * @map: map bytes [@offset, @offset + @size) of the heap, which are a granule, and
	 * are not mapped. An error means that nothing is mapped.
	 */
	int (*map)(struct gem_uma_heap *heap, u64 offset, dma_addr_t addr, u64 size,
		   struct gem_uma_heap_tables *tables);
	/** @unmap: undo that; the device makes no access any more when it returns. */
	void (*unmap)(struct gem_uma_heap *heap, u64 offset, u64 size);
};

/**
 * struct gem_uma_heap_config - what a heap is to be
 */
struct gem_uma_heap_config {
	/** @ops: the driver's part. */
	const struct gem_uma_heap_ops *ops;
	/** @size: bytes of address space, a multiple of the page size. */
	u64 size;
	/**
	 * @granule: bytes that come and go together: a power of two, from the page size to
	 * 2 MiB. The last one may be short.
	 */
	u64 granule;
	/** @hint: bytes that the first job needs, as far as anybody knows; at most @size. */
	u64 hint;
	/** @policy: what if there is no memory; not GEM_UMA_HEAP_GROWN. */
	enum gem_uma_heap_outcome policy;
	/** @jobs: who may use it; lives as long. While there are any, reclaim leaves it alone. */
	const struct gem_uma_reserve_jobs *jobs;
};

/**
 * struct gem_uma_heap - address space that gets its memory when a device accesses it
 *
 * Invariants: a granule has an address for the device as long as it is there and the heap is
 * not detached, and is mapped exactly if it has a mark in the index. @nr of them are there; if
 * gem_uma_heap_pin() has returned 0 and nobody undid it, all are.
 */
struct gem_uma_heap {
	/** @reserve: of the device. */
	struct gem_uma_reserve *reserve;
	/** @ops: the driver's part. */
	const struct gem_uma_heap_ops *ops;
	/** @size: bytes. */
	u64 size;
	/** @policy: what if there is no memory. */
	enum gem_uma_heap_outcome policy;

	/* private: constant */

	/* Of a granule. */
	unsigned int shift;
	/* The number that fits in, and what the first job is said to need. */
	unsigned long max;
	unsigned long hint;
	/* Of the object that it is a part of; set before init, or NULL. */
	struct gem_uma_client_list *files;
	/* Who pays. */
	struct gem_uma_reserve_pool *pool;
	struct gem_uma_reserve_user user;

	/*
	 * Protects what follows. Taken in sections that fences depend on, and tried in
	 * reclaim: nothing is waited for under it.
	 */
	struct mutex lock;
	/* By granule: the first page of a folio, which notes its address for the device. */
	struct xarray granules;
	unsigned long nr;
	/* So many are there and mapped, from the start. */
	unsigned long ready;
	/* Granules that a job is known to need, and what is worth having. */
	unsigned long need;
	unsigned long goal;
	/* While there are any, granules stay. */
	unsigned long pins;
	/* A pin has allocated some of what is there: it says nothing of what jobs needed. */
	bool filled;
	/* No device has it any more; never cleared. */
	bool detached;
};

int gem_uma_heap_init(struct gem_uma_heap *heap, struct gem_uma_reserve *reserve,
		      const struct gem_uma_heap_config *config);
void gem_uma_heap_detach(struct gem_uma_heap *heap);
void gem_uma_heap_fini(struct gem_uma_heap *heap);
int gem_uma_heap_prepare(struct gem_uma_heap *heap);
enum gem_uma_heap_outcome gem_uma_heap_grow(struct gem_uma_heap *heap, u64 offset);
int gem_uma_heap_write(struct gem_uma_heap *heap, u64 offset, const void *buf, size_t size);
long gem_uma_heap_discard(struct gem_uma_heap *heap, u64 offset, u64 size);
u64 gem_uma_heap_resident(struct gem_uma_heap *heap);
u64 gem_uma_heap_hint(struct gem_uma_heap *heap);

#endif
