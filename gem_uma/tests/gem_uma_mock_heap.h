/* SPDX-License-Identifier: GPL-2.0 */
/* A reserve, and heaps with page tables that the test can look at. */
#ifndef _GEM_UMA_MOCK_HEAP_H_
#define _GEM_UMA_MOCK_HEAP_H_

#include <drm/gem_uma/gem_uma_heap_object.h>

#include "gem_uma_mock.h"

/* A device with a reserve. */
struct gem_uma_mock_heaps {
	struct gem_uma_mock *mock;
	struct gem_uma_reserve *reserve;
};

/* A heap whose callbacks the test controls. */
struct gem_uma_mock_heap {
	struct gem_uma_heap base;
	struct gem_uma_reserve_jobs jobs;
	struct kunit *test;
	u64 granule;
	u64 *ptes;	/* by granule: address, size; 0: not mapped */
	u64 *sizes;
	unsigned long maps;	/* calls of ops->map */
	unsigned long unmaps;	/* calls of ops->unmap */
	atomic_t tables;	/* allocated, and not freed */
	unsigned int fail_tables;	/* so many calls fail that cannot wait */
	unsigned int fail_map;	/* so many calls fail */
	void (*break_in_map)(struct gem_uma_mock_heap *heap);	/* called by ops->map, if set */
	struct completion *in_map;	/* ops->map completes it, if set, */
	struct completion *go_on;	/* and waits for this */
};

/* A heap that is a GEM object; for reading what the device sees, without page tables. */
struct gem_uma_mock_heap_object {
	struct gem_uma_heap_object obj;
	struct gem_uma_reserve_jobs jobs;
	struct kunit *test;
	unsigned long mapped;	/* granules that the device has */
	unsigned int fail_map;	/* so many calls of ops->map fail */
	bool gone;	/* ops->map and ops->unmap must not be called any more */
};

struct gem_uma_mock_heaps gem_uma_mock_heaps_create(struct kunit *test);
struct gem_uma_mock_heap *gem_uma_mock_heap_alloc(struct kunit *test, u64 size, u64 granule);
int gem_uma_mock_heap_init(struct gem_uma_mock_heap *heap, struct gem_uma_reserve *reserve,
			   u64 size, u64 hint, enum gem_uma_heap_outcome policy);
struct gem_uma_mock_heap *gem_uma_mock_heap_create(struct kunit *test,
						   struct gem_uma_mock_heaps *heaps, u64 size,
						   u64 granule, u64 hint,
						   enum gem_uma_heap_outcome policy);
void gem_uma_mock_heap_fini(struct kunit *test, struct gem_uma_mock_heap *heap);
int gem_uma_mock_heap_prepare(struct gem_uma_mock_heap *heap);
void *gem_uma_mock_heap_cpu(struct gem_uma_mock_heap *heap, unsigned long index);
void gem_uma_mock_heap_expect_zero(struct gem_uma_mock_heap *heap, unsigned long index);
unsigned long gem_uma_mock_heaps_scan(struct gem_uma_mock_heaps *heaps);
int gem_uma_mock_heap_object_init(struct gem_uma_mock_heap_object *mobj,
				  struct gem_uma_reserve *reserve, u64 size, u64 granule);
struct gem_uma_mock_heap_object *
gem_uma_mock_heap_object_create(struct kunit *test, struct gem_uma_mock_heaps *heaps, u64 size,
				u64 granule);
void gem_uma_mock_heap_object_put(struct kunit *test, struct gem_uma_mock_heap_object *mobj);
void gem_uma_mock_heaps_expect_empty(struct kunit *test, struct gem_uma_mock_heaps *heaps);

#endif
