// SPDX-License-Identifier: GPL-2.0
/* Operations on heaps that are made to fail before a device needs them. */
#include <drm/drm_managed.h>

#include "gem_uma_inject.h"
#include "gem_uma_mock_heap.h"

#define HEAP_SIZE	(16 * PAGE_SIZE)
#define HEAP_HINT	(3 * PAGE_SIZE)

/* Calls of the DMA API that are not undone. */
long gem_uma_inject_granules(const struct gem_uma_inject_rig *rig)
{
	return rig->reserve ? atomic_long_read(&rig->reserve->held) : 0;
}

static void begin_reserve(struct gem_uma_inject_rig *rig)
{
	const struct gem_uma_device_config config = {};

	KUNIT_ASSERT_EQ(rig->test, 0, gem_uma_device_init(&rig->mock->udev, &rig->mock->drm,
							  &config));
	rig->reserve = drmm_kzalloc(&rig->mock->drm, sizeof(*rig->reserve), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(rig->test, rig->reserve);
}

static int run_reserve_init(struct gem_uma_inject_rig *rig)
{
	return gem_uma_reserve_init(rig->reserve, &rig->mock->udev);
}

static void end_reserve(struct gem_uma_inject_rig *rig)
{
	rig->reserve = NULL;
}

static void begin_heap(struct gem_uma_inject_rig *rig)
{
	if (!rig->reserve) {
		rig->reserve = drmm_kzalloc(&rig->mock->drm, sizeof(*rig->reserve), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(rig->test, rig->reserve);
		KUNIT_ASSERT_EQ(rig->test, 0, run_reserve_init(rig));
	}
	rig->heap = gem_uma_mock_heap_alloc(rig->test, HEAP_SIZE, PAGE_SIZE);
}

static int run_heap_init(struct gem_uma_inject_rig *rig)
{
	return gem_uma_mock_heap_init(rig->heap, rig->reserve, HEAP_SIZE, HEAP_HINT,
				      GEM_UMA_HEAP_FAIL_JOB);
}

static void undo_heap_init(struct gem_uma_inject_rig *rig)
{
	gem_uma_heap_fini(&rig->heap->base);
	KUNIT_EXPECT_EQ(rig->test, atomic_long_read(&rig->reserve->pages), 0);
}

static void begin_prepare(struct gem_uma_inject_rig *rig)
{
	begin_heap(rig);
	KUNIT_ASSERT_EQ(rig->test, 0, run_heap_init(rig));
}

static int run_prepare(struct gem_uma_inject_rig *rig)
{
	return gem_uma_mock_heap_prepare(rig->heap);
}

static void check_prepare(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, gem_uma_heap_resident(&rig->heap->base), HEAP_HINT);
	KUNIT_EXPECT_EQ(rig->test, atomic_read(&rig->heap->tables), 0);
}

static void undo_prepare(struct gem_uma_inject_rig *rig)
{
	gem_uma_heap_discard(&rig->heap->base, 0, HEAP_SIZE);
}

static void end_prepare(struct gem_uma_inject_rig *rig)
{
	undo_heap_init(rig);
}

const struct gem_uma_inject_row gem_uma_inject_heap_rows[GEM_UMA_INJECT_HEAP_ROWS] = {
	{
		.name = "reserve_init", .covers = { "gem_uma_reserve_init" },
		.own_device = true,
		.begin = begin_reserve, .run = run_reserve_init, .end = end_reserve,
		.errnos = { -ENOMEM }, .allocations = 2, .calls = 1,
	}, {
		.name = "heap_init",
		.covers = { "gem_uma_heap_init", "gem_uma_reserve_pool_get" },
		.begin = begin_heap, .run = run_heap_init, .undo = undo_heap_init,
		.errnos = { -ENOMEM }, .allocations = 1,
	}, {
		.name = "heap_prepare_sparse_B1_B4",
		.covers = { "gem_uma_heap_prepare", "gem_uma_reserve_refill" },
		.begin = begin_prepare, .run = run_prepare, .check = check_prepare,
		.undo = undo_prepare, .end = end_prepare,
		.errnos = { -ENOMEM, -EIO }, .allocations = 9, .calls = 6,
	},
};
