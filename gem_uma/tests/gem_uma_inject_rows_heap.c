// SPDX-License-Identifier: GPL-2.0
/* Operations on heaps that are made to fail before a device needs them. */
#include <linux/scatterlist.h>
#include <linux/string.h>

#include <drm/drm_managed.h>

#include "gem_uma_inject.h"
#include "gem_uma_mock_heap.h"

#define HEAP_SIZE	(16 * PAGE_SIZE)
#define HEAP_HINT	(3 * PAGE_SIZE)
/* Where a process maps it. */
#define HEAP_ADDR	0x20000000ul

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

static void need_reserve(struct gem_uma_inject_rig *rig)
{
	if (rig->reserve)
		return;
	rig->reserve = drmm_kzalloc(&rig->mock->drm, sizeof(*rig->reserve), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(rig->test, rig->reserve);
	KUNIT_ASSERT_EQ(rig->test, 0, run_reserve_init(rig));
}

static void begin_heap(struct gem_uma_inject_rig *rig)
{
	need_reserve(rig);
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

static void begin_object(struct gem_uma_inject_rig *rig)
{
	need_reserve(rig);
	rig->hobj = kzalloc_obj(*rig->hobj, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(rig->test, rig->hobj);
	rig->hobj->test = rig->test;
}

static int run_object_init(struct gem_uma_inject_rig *rig)
{
	return gem_uma_mock_heap_object_init(rig->hobj, rig->reserve, HEAP_SIZE, PAGE_SIZE);
}

static void put_object(struct gem_uma_inject_rig *rig)
{
	drm_gem_object_put(&rig->hobj->obj.base);
	rig->hobj = NULL;
}

static void begin_pin(struct gem_uma_inject_rig *rig)
{
	begin_object(rig);
	KUNIT_ASSERT_EQ(rig->test, 0, run_object_init(rig));
}

static int run_pin(struct gem_uma_inject_rig *rig)
{
	guard(gem_uma_resv)(rig->hobj->obj.base.resv);
	return gem_uma_heap_object_pin(&rig->hobj->obj.base);
}

static void check_pin(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, gem_uma_heap_resident(&rig->hobj->obj.heap), HEAP_SIZE);
	KUNIT_EXPECT_EQ(rig->test, rig->hobj->obj.heap.pins, 1);
}

static void undo_pin(struct gem_uma_inject_rig *rig)
{
	scoped_guard(gem_uma_resv, rig->hobj->obj.base.resv)
		gem_uma_heap_object_unpin(&rig->hobj->obj.base);
	KUNIT_EXPECT_GT(rig->test, gem_uma_heap_discard(&rig->hobj->obj.heap, 0, HEAP_SIZE), 0);
}

static int run_heap_vmap(struct gem_uma_inject_rig *rig)
{
	guard(gem_uma_resv)(rig->hobj->obj.base.resv);
	return gem_uma_heap_object_vmap(&rig->hobj->obj.base, &rig->map);
}

static void check_heap_vmap(struct gem_uma_inject_rig *rig)
{
	check_pin(rig);
	KUNIT_EXPECT_NULL(rig->test, memchr_inv(rig->map.vaddr, 0, HEAP_SIZE));
}

static void undo_heap_vmap(struct gem_uma_inject_rig *rig)
{
	scoped_guard(gem_uma_resv, rig->hobj->obj.base.resv)
		gem_uma_heap_object_vunmap(&rig->hobj->obj.base, &rig->map);
	KUNIT_EXPECT_GT(rig->test, gem_uma_heap_discard(&rig->hobj->obj.heap, 0, HEAP_SIZE), 0);
}

static void begin_heap_table(struct gem_uma_inject_rig *rig)
{
	begin_pin(rig);
	KUNIT_ASSERT_EQ(rig->test, 0, run_pin(rig));
}

static int run_heap_table(struct gem_uma_inject_rig *rig)
{
	guard(gem_uma_resv)(rig->hobj->obj.base.resv);
	rig->sgt = gem_uma_heap_object_get_sg_table(&rig->hobj->obj.base);
	return PTR_ERR_OR_ZERO(rig->sgt);
}

static void undo_heap_table(struct gem_uma_inject_rig *rig)
{
	sg_free_table(rig->sgt);
	kfree(rig->sgt);
}

static void end_heap_table(struct gem_uma_inject_rig *rig)
{
	undo_pin(rig);
	put_object(rig);
}

static void begin_heap_mmap(struct gem_uma_inject_rig *rig)
{
	begin_pin(rig);
	KUNIT_ASSERT_EQ(rig->test, 0, drm_gem_create_mmap_offset(&rig->hobj->obj.base));
	rig->file->private_data = &rig->hobj->obj.base;
}

static int run_heap_mmap(struct gem_uma_inject_rig *rig)
{
	unsigned long addr = vm_mmap(rig->file, HEAP_ADDR, HEAP_SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_FIXED, 0);

	return IS_ERR_VALUE(addr) ? (int)addr : 0;
}

static void undo_heap_mmap(struct gem_uma_inject_rig *rig)
{
	vm_munmap(HEAP_ADDR, HEAP_SIZE);
	KUNIT_EXPECT_GT(rig->test, gem_uma_heap_discard(&rig->hobj->obj.heap, 0, HEAP_SIZE), 0);
}

static void begin_heap_fault(struct gem_uma_inject_rig *rig)
{
	begin_heap_mmap(rig);
	KUNIT_ASSERT_EQ(rig->test, 0, run_heap_mmap(rig));
}

static int run_heap_fault(struct gem_uma_inject_rig *rig)
{
	return put_user(rig->seed, (u32 __user *)(HEAP_ADDR + 5 * PAGE_SIZE));
}

static void check_heap_fault(struct gem_uma_inject_rig *rig)
{
	u32 word;

	KUNIT_EXPECT_EQ(rig->test, 0,
			get_user(word, (u32 __user *)(HEAP_ADDR + 5 * PAGE_SIZE)));
	KUNIT_EXPECT_EQ(rig->test, word, rig->seed);
}

static void end_heap_fault(struct gem_uma_inject_rig *rig)
{
	undo_heap_mmap(rig);
	put_object(rig);
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
	}, {
		.name = "heap_object_init", .covers = { "gem_uma_heap_object_init" },
		.begin = begin_object, .run = run_object_init, .undo = put_object,
		.errnos = { -ENOMEM }, .allocations = 1,
	}, {
		.name = "heap_object_pin", .covers = { "gem_uma_heap_object_pin" },
		.begin = begin_pin, .run = run_pin, .check = check_pin, .undo = undo_pin,
		.end = put_object,
		.errnos = { -ENOMEM, -EIO }, .allocations = 16, .calls = 16,
	}, {
		.name = "heap_object_vmap", .covers = { "gem_uma_heap_object_vmap" },
		.begin = begin_pin, .run = run_heap_vmap, .check = check_heap_vmap,
		.undo = undo_heap_vmap, .end = put_object,
		.errnos = { -ENOMEM, -EIO }, .allocations = 17, .calls = 16,
	}, {
		.name = "heap_object_table", .covers = { "gem_uma_heap_object_get_sg_table" },
		.begin = begin_heap_table, .run = run_heap_table, .undo = undo_heap_table,
		.end = end_heap_table,
		.errnos = { -ENOMEM }, .allocations = 2,
	}, {
		.name = "heap_object_mmap", .covers = { "gem_uma_heap_object_mmap" },
		.mm = true,
		.begin = begin_heap_mmap, .run = run_heap_mmap, .check = check_pin,
		.undo = undo_heap_mmap, .end = put_object,
		.errnos = { -ENOMEM, -EIO }, .allocations = 17, .calls = 16,
	}, {
		.name = "heap_object_fault", .mm = true,
		.begin = begin_heap_fault, .run = run_heap_fault, .check = check_heap_fault,
		.end = end_heap_fault,
		.errnos = { -EFAULT }, .allocations = 1,
	},
};
