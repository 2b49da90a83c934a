// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the turn-key object: what it adds to its parts is when things happen, and in
 * which order. A mock GPU says whether eviction left a page table behind.
 */
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_vma_manager.h>

#include "gem_uma_mock_vm.h"
#include "gem_uma_test_object.h"
#include "gem_uma_user.h"

/* On 32-bit kernels, a file can be longer than drm_gem_object.size can express. */
static void object_size_is_not_truncated_rev_C9(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = gem_uma_mock_zalloc(test, sizeof(*uobj));
	u64 size = GEM_UMA_BACKING_MAX_SIZE;
	struct gem_uma_backing b = {};

	KUNIT_EXPECT_EQ(test, (size_t)size, size);
	KUNIT_EXPECT_EQ(test, gem_uma_object_init(uobj, &mock->udev, size + 1, 0, NULL), -E2BIG);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_init(&b, &mock->udev, NULL, size + PAGE_SIZE, 0),
			-E2BIG);
}

static void object_init_bad_arguments(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = gem_uma_mock_zalloc(test, sizeof(*uobj));
	struct gem_uma_object *created;

	KUNIT_EXPECT_EQ(test, gem_uma_object_init(uobj, &mock->udev, 0, 0, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_object_init(uobj, &mock->udev, SZ_4K, BIT(31), NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_object_init(uobj, &mock->udev, BIT_ULL(63), 0, NULL),
			-E2BIG);
	KUNIT_EXPECT_EQ(test, gem_uma_object_init(uobj, &mock->udev, U64_MAX, 0, NULL), -E2BIG);
	/* A file can be as long, but no map of it is. */
	KUNIT_EXPECT_EQ(test, gem_uma_object_init(uobj, &mock->udev, BIT_ULL(45), 0, NULL),
			-E2BIG);
	created = gem_uma_object_create(&mock->udev, 0, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(created), -EINVAL);
	KUNIT_EXPECT_TRUE(test, list_empty(&mock->udev.objects));
}

static void object_init_sets_up_all_parts(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = gem_uma_object_create(&mock->udev, 3 * PAGE_SIZE + 1, 0);
	u64 offset = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, uobj);
	KUNIT_EXPECT_EQ(test, uobj->base.size, 4 * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, uobj->base.funcs, &gem_uma_object_funcs);
	KUNIT_EXPECT_FALSE(test, gem_uma_object_is_imported(uobj));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	KUNIT_EXPECT_EQ(test, gem_uma_object_status(&uobj->base), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_object_mmap_offset(uobj, &offset), 0);
	KUNIT_EXPECT_EQ(test, offset, drm_vma_node_offset_addr(&uobj->base.vma_node));
	KUNIT_EXPECT_NE(test, offset, 0);
	KUNIT_EXPECT_FALSE(test, list_empty(&mock->udev.objects));
	drm_gem_object_put(&uobj->base);
	KUNIT_EXPECT_TRUE(test, list_empty(&mock->udev.objects));
}

static void object_free_gives_everything_back(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj;
	unsigned long held = 0;
	unsigned int frees = 0;

	mobj = gem_uma_mock_object_create(test, mock, 8 * PAGE_SIZE, 0);
	mobj->held = &held;
	mobj->frees = &frees;
	KUNIT_ASSERT_EQ(test, 0, object_populate(&mobj->base, 0, 8 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mock->udev.resident_pages), 8);
	gem_uma_mock_object_put(test, mobj);
	/* The driver clears its page tables while there is something to be unmapped. */
	KUNIT_EXPECT_EQ(test, held, 8);
	KUNIT_EXPECT_EQ(test, frees, 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mock->udev.resident_pages), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&mock->udev.objects));
	/* Freed is not evicted. */
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 0);
}

/* The device of that driver writes to memory that it was to forget. */
static void object_that_is_leaked_gives_no_page_back(struct kunit *test)
{
	static const struct gem_uma_object_ops ops = { .teardown = gem_uma_object_leak };
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = kzalloc_obj(*uobj, GFP_KERNEL);
	struct page *pages[40];
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_init(uobj, &mock->udev,
						     ARRAY_SIZE(pages) * PAGE_SIZE, 0, &ops));
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, uobj->base.size));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		pages[i] = gem_uma_user_page(test, uobj, i);
		*(u32 *)page_address(pages[i]) = 500 + i;
	}
	drm_gem_object_put(&uobj->base);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mock->udev.resident_pages), 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		KUNIT_ASSERT_EQ(test, page_ref_count(pages[i]), 1);
		KUNIT_EXPECT_EQ(test, *(u32 *)page_address(pages[i]), 500 + i);
		put_page(pages[i]);
	}
}

static void object_NO_MMAP_has_no_offset_EPERM_uma_B7(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj;
	u64 offset = 5;

	mobj = gem_uma_mock_object_create(test, mock, PAGE_SIZE, GEM_UMA_OBJECT_NO_MMAP);
	KUNIT_EXPECT_EQ(test, gem_uma_object_mmap_offset(&mobj->base, &offset), -EPERM);
	KUNIT_EXPECT_EQ(test, offset, 5);
	KUNIT_EXPECT_EQ(test, drm_vma_node_start(&mobj->base.base.vma_node), 0);
}

static void object_populate_takes_ranges_and_refuses_others(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	u64 size = 8 * PAGE_SIZE;
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, size, 0)->base;
	static const struct {
		u64 offset;
		u64 size;
	} bad[] = {
		{ 0, 0 }, { 8 * PAGE_SIZE, 1 }, { 0, 8 * PAGE_SIZE + 1 }, { U64_MAX, 2 },
		{ PAGE_SIZE, U64_MAX },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		KUNIT_EXPECT_EQ(test, -EINVAL, object_populate(uobj, bad[i].offset, bad[i].size));
		KUNIT_EXPECT_FALSE(test, object_is_resident(uobj, bad[i].offset, bad[i].size));
	}
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 0);

	KUNIT_EXPECT_EQ(test, 0, object_populate(uobj, 2 * PAGE_SIZE + 5, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 2);
	KUNIT_EXPECT_TRUE(test, object_is_resident(uobj, 2 * PAGE_SIZE, 2 * PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, object_is_resident(uobj, PAGE_SIZE, 2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, gem_uma_object_status(&uobj->base), DRM_GEM_OBJECT_RESIDENT);
	KUNIT_EXPECT_EQ(test, 0, object_populate(uobj, 0, size));
	KUNIT_EXPECT_TRUE(test, object_is_resident(uobj, 0, size));
}

/* Each fact that decides, and the function that has to tell reclaim. */
static void object_state_follows_every_change_panthor_17_20(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, mock, SZ_16K, 0);
	struct gem_uma_object *uobj = &mobj->base;
	struct iosys_map map;
	unsigned long addr;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_16K));
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.pages, 4);
	KUNIT_ASSERT_EQ(test, 0, object_pin(uobj));
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	object_unpin(uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	object_lock(uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&uobj->base, &map));
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	gem_uma_object_vunmap(&uobj->base, &map);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	mobj->dev_mapped = 1;
	gem_uma_object_update_locked(uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_DEV_MAPPED);
	object_unlock(uobj);

	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	KUNIT_EXPECT_NE(test, uobj->reclaim.state, GEM_UMA_DEV_MAPPED);
	KUNIT_EXPECT_NE(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	addr = gem_uma_mock_mmap(test, &uobj->base, SZ_16K, 0);
	KUNIT_EXPECT_EQ(test, 0, put_user(5, (u32 __user *)addr));
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_CPU_MAPPED);
	/* munmap() tells nobody; who asks next is told. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, SZ_16K));
	scoped_guard(object, uobj)
		gem_uma_object_update_locked(uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
}

/* Mapped, touched by nobody: the list is outdated, the decision is not. */
static void object_mmap_counts_when_reclaim_looks_panthor_17(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;

	gem_uma_mock_fill(test, uobj, 1);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	gem_uma_mock_mmap(test, &uobj->base, SZ_16K, 0);
	KUNIT_EXPECT_EQ(test, GEM_UMA_CPU_MAPPED, uobj->reclaim.ops->state(&uobj->reclaim));
}

static void object_evict_keeps_content(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_64K, 0)->base;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, uobj, 77);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_64K));
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 16);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(&uobj->backing), 16);
	KUNIT_EXPECT_FALSE(test, object_is_resident(uobj, 0, 1));
	KUNIT_EXPECT_EQ(test, uobj->dev_map.mapped.pages, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_object_status(&uobj->base), 0);
	/* Clean pages vanish under memory pressure. */
	gem_uma_mock_drop_clean(uobj);
	gem_uma_mock_expect_content(test, uobj, 77);
	KUNIT_EXPECT_EQ(test, uobj->backing.restored_pages, 16);
}

static void object_pinned_is_not_evicted(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, object_pin(uobj));
	KUNIT_ASSERT_EQ(test, 0, object_pin(uobj));
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	object_unpin(uobj);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	object_unpin(uobj);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	/* And back again. */
	KUNIT_ASSERT_EQ(test, 0, object_pin(uobj));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	object_unpin(uobj);
}

/* What the driver refuses has cost nobody anything. */
/* What can never be evicted; nobody has to undo the pin. */
static void object_pinned_for_life_virtio_L4(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_client client = {};
	struct gem_uma_mock_object *mobj;
	struct gem_uma_object *uobj;
	unsigned int frees = 0;
	struct iosys_map map;

	gem_uma_mock_needs_swap(test);
	mobj = gem_uma_mock_object_create(test, mock, SZ_16K, GEM_UMA_OBJECT_PINNED);
	uobj = &mobj->base;
	mobj->frees = &frees;
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_client_open(&client, &uobj->files));
	KUNIT_EXPECT_EQ(test, atomic64_read(&client.resident), SZ_16K);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_16K));
	/* The pins of others come and go. */
	scoped_guard(object, uobj) {
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&uobj->base, &map));
		gem_uma_object_vunmap(&uobj->base, &map);
	}
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_object_discard(uobj, 0, SZ_16K), -EBUSY);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	KUNIT_EXPECT_EQ(test, mobj->evicts, 0);
	gem_uma_client_close(&client, &uobj->files);
	gem_uma_mock_object_put(test, mobj);
	KUNIT_EXPECT_EQ(test, frees, 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mock->udev.resident_pages), 0);
}

static void object_refused_eviction_changes_nothing_panthor_47_48(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, mock, SZ_16K, 0);
	unsigned long addr = gem_uma_mock_mmap(test, &mobj->base.base, SZ_16K, 0);
	struct follow_pfnmap_args args = { .address = addr };

	gem_uma_mock_needs_swap(test);
	KUNIT_EXPECT_EQ(test, 0, put_user(5, (u32 __user *)addr));
	KUNIT_ASSERT_EQ(test, 0, object_populate(&mobj->base, 0, SZ_16K));
	mobj->dev_mapped = 1;
	mobj->evict_errno = -EBUSY;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_GE(test, mobj->evicts, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&mobj->base.backing), 4);
	KUNIT_EXPECT_TRUE(test, object_is_resident(&mobj->base, 0, SZ_16K));
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 0);
	mmap_read_lock(current->mm);
	args.vma = find_vma(current->mm, addr);
	KUNIT_EXPECT_EQ_MSG(test, 0, follow_pfnmap_start(&args), "CPU mapping zapped");
	follow_pfnmap_end(&args);
	mmap_read_unlock(current->mm);

	mobj->evict_errno = 0;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
}

static void object_busy_is_not_evicted_panthor_87(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_gpu *gpu = gem_uma_mock_gpu_create(test, mock);
	struct gem_uma_mock_vm *vm = gem_uma_mock_vm_create(gpu);
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_create(gpu, SZ_16K, 0);
	struct gem_uma_mock_job *job;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_bind(vm, buf, 0, 0, 4));
	/* BOOKKEEP: all that explicit submission registers. */
	job = gem_uma_mock_vm_submit(vm, 2, 4711);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, buf->evicts, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&buf->base.backing), 4);
	gem_uma_mock_job_finish(job);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	KUNIT_EXPECT_EQ(test, buf->evicts, 1);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_validate(vm));
	KUNIT_EXPECT_EQ(test, *gem_uma_mock_vm_word(vm, 2), 4711);
	KUNIT_EXPECT_NULL(test, gem_uma_mock_gpu_check(gpu));
}

/* Map, evict, touch by the CPU, evict: the page table is torn down once. */
static void object_evicted_is_not_dev_mapped_panthor_13(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_gpu *gpu = gem_uma_mock_gpu_create(test, mock);
	struct gem_uma_mock_vm *vm = gem_uma_mock_vm_create(gpu);
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_create(gpu, SZ_16K, 0);
	unsigned long addr = gem_uma_mock_mmap(test, &buf->base.base, SZ_16K, 0);
	u64 page;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_bind(vm, buf, 100, 0, 4));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_validate(vm));
	KUNIT_EXPECT_EQ(test, buf->base.reclaim.state, GEM_UMA_DEV_MAPPED);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	KUNIT_EXPECT_EQ(test, 0, put_user(5, (u32 __user *)addr));
	KUNIT_EXPECT_EQ(test, buf->base.reclaim.state, GEM_UMA_CPU_MAPPED);
	KUNIT_EXPECT_GT(test, object_evict_all(mock), 0);
	for (page = 100; page < 104; page++) {
		KUNIT_EXPECT_EQ(test, gem_uma_mock_gpu_count(gpu, 0, true, vm, page), 1);
		KUNIT_EXPECT_EQ(test, gem_uma_mock_gpu_count(gpu, 0, false, vm, page), 1);
	}
	KUNIT_EXPECT_NULL(test, gem_uma_mock_gpu_check(gpu));
}

/* The second of three VAs refuses: pages stay, and all VAs end up unmapped once. */
static void object_partly_failed_eviction_panthor_21(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_gpu *gpu = gem_uma_mock_gpu_create(test, mock);
	struct gem_uma_mock_vm *vm = gem_uma_mock_vm_create(gpu);
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_create(gpu, SZ_16K, 0);
	int i;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_bind(vm, buf, 10 * i, 0, 4));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_validate(vm));
	buf->evict_errno = -EBUSY;
	buf->evict_after = 1;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&buf->base.backing), 4);
	KUNIT_EXPECT_EQ(test, buf->base.reclaim.state, GEM_UMA_UNUSED);
	KUNIT_EXPECT_NULL(test, gem_uma_mock_gpu_check(gpu));
	buf->evict_errno = 0;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_gpu_count(gpu, 0, false, vm, U64_MAX), 12);
	KUNIT_EXPECT_NULL(test, gem_uma_mock_gpu_check(gpu));
}

/* CPU and GPU residency are two things, and both see the same content. */
static void object_gpu_sees_what_the_cpu_wrote_panthor_18_19(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_gpu *gpu = gem_uma_mock_gpu_create(test, mock);
	struct gem_uma_mock_vm *vm = gem_uma_mock_vm_create(gpu);
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_create(gpu, SZ_16K, 0);
	unsigned long addr = gem_uma_mock_mmap(test, &buf->base.base, SZ_16K, 0);
	struct iosys_map map;
	u32 word = 0;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_bind(vm, buf, 0, 0, 4));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_validate(vm));
	*gem_uma_mock_vm_word(vm, 3) = 33;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	gem_uma_mock_drop_clean(&buf->base);
	KUNIT_EXPECT_EQ(test, 0, get_user(word, (u32 __user *)(addr + 3 * PAGE_SIZE)));
	KUNIT_EXPECT_EQ(test, word, 33);
	KUNIT_EXPECT_EQ(test, 0, put_user(44, (u32 __user *)(addr + PAGE_SIZE)));
	/* Pinned, which must not keep the GPU from its pages. */
	scoped_guard(object, &buf->base)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&buf->base.base, &map));
	KUNIT_EXPECT_NULL(test, gem_uma_mock_vm_word(vm, 1));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_validate(vm));
	KUNIT_ASSERT_NOT_NULL(test, gem_uma_mock_vm_word(vm, 1));
	KUNIT_EXPECT_EQ(test, *gem_uma_mock_vm_word(vm, 1), 44);
	scoped_guard(object, &buf->base)
		gem_uma_object_vunmap(&buf->base.base, &map);
}

static void object_drop_test_reference(struct gem_uma_mock_buf *buf)
{
	gem_uma_mock_buf_put(buf->gpu, buf);
}

/* Freeing takes locks that are outside of reclaim: not by the task that scans. */
static void object_last_reference_goes_in_a_scan_panthor_6_43(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_gpu *gpu = gem_uma_mock_gpu_create(test, mock);
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_create(gpu, SZ_16K, 0);
	struct task_struct *freed_by = NULL;
	unsigned int ms;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&buf->base, 0, SZ_16K));
	buf->freed_by = &freed_by;
	buf->on_evict = object_drop_test_reference;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	for (ms = 0; ms < 10000 && !READ_ONCE(freed_by); ms += 10)
		schedule_timeout_uninterruptible(msecs_to_jiffies(10));
	KUNIT_EXPECT_NOT_NULL(test, freed_by);
	KUNIT_EXPECT_PTR_NE(test, freed_by, current);
	KUNIT_EXPECT_TRUE(test, list_empty(&mock->udev.objects));
}

static void object_unplug_takes_DMA_addresses_away_panthor_70(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj[3];
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < ARRAY_SIZE(uobj); i++) {
		uobj[i] = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
		gem_uma_mock_fill(test, uobj[i], i);
		if (i)
			KUNIT_ASSERT_EQ(test, 0, object_populate(uobj[i], 0, SZ_16K));
	}
	gem_uma_object_unplug_all(&mock->udev);
	for (i = 0; i < ARRAY_SIZE(uobj); i++) {
		KUNIT_EXPECT_EQ(test, uobj[i]->dev_map.mapped.pages, 0);
		KUNIT_EXPECT_EQ(test, kref_read(&uobj[i]->base.refcount), 1);
		KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj[i]->backing), 4);
		KUNIT_EXPECT_EQ(test, object_populate(uobj[i], 0, SZ_16K), -ENODEV);
	}
	/* Still evictable, mappable, and whole. */
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 12);
	for (i = 0; i < ARRAY_SIZE(uobj); i++)
		gem_uma_mock_expect_content(test, uobj[i], i);
	/* Once more does no harm. */
	gem_uma_object_unplug_all(&mock->udev);
}

static void object_mark_used_leaves_a_time_stamp(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	u64 before = ktime_get_mono_fast_ns();

	gem_uma_object_mark_used(uobj);
	KUNIT_EXPECT_GE(test, uobj->reclaim.used, before);
}

static void object_get_unmapped_area_knows_its_objects(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, true);
	struct drm_minor minor = { .dev = &mock->drm };
	struct drm_file file = { .minor = &minor };
	struct gem_uma_object *uobj;
	unsigned long addr, pgoff;
	struct file *filp;

	if (!mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios");
	uobj = &gem_uma_mock_object_create(test, mock, 2 * PMD_SIZE, GEM_UMA_OBJECT_HUGE)->base;
	/* So that there is an address space. */
	gem_uma_mock_mmap(test, &uobj->base, PAGE_SIZE, 0);
	filp = gem_uma_mock_file(test, &uobj->base);
	filp->private_data = &file;
	pgoff = drm_vma_node_start(&uobj->base.vma_node);
	mmap_write_lock(current->mm);
	addr = gem_uma_object_get_unmapped_area(filp, 0, 2 * PMD_SIZE, pgoff, MAP_SHARED);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(addr, PMD_SIZE));
	/* An offset that is nobody's. */
	addr = gem_uma_object_get_unmapped_area(filp, 0, PAGE_SIZE, pgoff + (1UL << 30),
						MAP_SHARED);
	KUNIT_EXPECT_FALSE(test, IS_ERR_VALUE(addr));
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, kref_read(&uobj->base.refcount), 2);
}

static void object_get_sg_table_lists_all_pages_and_dirties(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_64K, 0)->base;
	struct gem_uma_run run = {};
	struct sg_page_iter piter;
	struct sg_table *sgt;
	pgoff_t pgoff = 0;

	object_lock(uobj);
	/* Those that are not resident are by then. */
	sgt = gem_uma_object_get_sg_table(&uobj->base);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	for_each_sgtable_page(sgt, &piter, 0) {
		struct page *page = sg_page_iter_page(&piter);

		gem_uma_backing_run_locked(&uobj->backing, pgoff, pgoff + 1, &run);
		KUNIT_EXPECT_EQ(test, page_to_pfn(page), run.pfn);
		KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(page)));
		pgoff++;
	}
	KUNIT_EXPECT_EQ(test, pgoff, 16);
	sg_free_table(sgt);
	kfree(sgt);
	object_unlock(uobj);
}

/* Whoever's processor it is that asks: the other node's kswapd would not find it. */
static void object_evicted_stays_on_the_list_of_its_node(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	struct gem_uma_reclaim *reclaim = &uobj->reclaim;
	unsigned int cpu, others = 0;
	int nid;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, uobj, 1);
	nid = reclaim->nid;
	object_lock(uobj);
	KUNIT_EXPECT_EQ(test, reclaim->ops->evict(reclaim, ULONG_MAX), 4);
	for_each_online_cpu(cpu) {
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
		others += numa_mem_id() != nid;
		gem_uma_object_update_locked(uobj);
		KUNIT_EXPECT_EQ(test, reclaim->state, GEM_UMA_EVICTED);
		KUNIT_EXPECT_EQ(test, reclaim->nid, nid);
	}
	object_unlock(uobj);
	if (!others)
		kunit_skip(test, "needs two NUMA nodes");
}

/* One page in use keeps neither the others in memory, nor is it evicted for them. */
static void object_one_used_page_leaves_the_others_evicted_rev_C5(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_64K, 0)->base;
	unsigned int evictions;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, uobj, 7);
	scoped_guard(object, uobj)
		KUNIT_ASSERT_EQ(test, uobj->reclaim.ops->evict(&uobj->reclaim, ULONG_MAX), 16);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 3 * PAGE_SIZE, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 16);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_EVICTED);

	evictions = gem_uma_backing_evictions(&uobj->backing);
	gem_uma_reclaim_device_run(&mock->udev, 15);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evictions(&uobj->backing), evictions);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 1);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	gem_uma_mock_expect_content(test, uobj, 7);
}

/* All but one of the others are clean, so no scan can write them. */
static void object_clean_rest_keeps_no_page_held_rev_R10(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_64K, 0)->base;
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	scoped_guard(object, uobj) {
		KUNIT_ASSERT_EQ(test, gem_uma_backing_populate_locked(&uobj->backing, 0, 16), 0);
		gem_uma_backing_mark_dirty_locked(&uobj->backing, 0, 1);
		KUNIT_ASSERT_EQ(test, uobj->reclaim.ops->evict(&uobj->reclaim, ULONG_MAX), 16);
		KUNIT_ASSERT_EQ(test, gem_uma_backing_populate_locked(&uobj->backing, 3, 4), 0);
		gem_uma_object_update_locked(uobj);
	}
	KUNIT_ASSERT_EQ(test, uobj->reclaim.state, GEM_UMA_EVICTED);
	/* The second chance, the page that can be written, and the rest. */
	for (i = 0; i < 4 && gem_uma_backing_resident(&uobj->backing); i++)
		gem_uma_reclaim_device_run(&mock->udev, 16);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 0);
}

/* Whoever looks may meet a resv that is held for as long as a restore takes. */
static void object_dev_mapped_is_known_without_resv_rev_V7(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, mock, SZ_16K, 0);
	struct gem_uma_object *uobj = &mobj->base;
	struct gem_uma_mock_holder *holder;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_16K));
	KUNIT_EXPECT_FALSE(test, gem_uma_object_is_dev_mapped(uobj));
	object_lock(uobj);
	mobj->dev_mapped = 1;
	gem_uma_object_update_locked(uobj);
	object_unlock(uobj);
	holder = gem_uma_mock_hold(test, &uobj->base, 0);
	KUNIT_EXPECT_TRUE(test, gem_uma_object_is_dev_mapped(uobj));
	gem_uma_mock_unhold(test, holder);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	KUNIT_EXPECT_FALSE(test, gem_uma_object_is_dev_mapped(uobj));
}

static struct kunit_case gem_uma_object_cases[] = {
	KUNIT_CASE(object_size_is_not_truncated_rev_C9),
	KUNIT_CASE(object_init_bad_arguments),
	KUNIT_CASE(object_init_sets_up_all_parts),
	KUNIT_CASE(object_free_gives_everything_back),
	KUNIT_CASE(object_that_is_leaked_gives_no_page_back),
	KUNIT_CASE(object_NO_MMAP_has_no_offset_EPERM_uma_B7),
	KUNIT_CASE(object_populate_takes_ranges_and_refuses_others),
	KUNIT_CASE(object_state_follows_every_change_panthor_17_20),
	KUNIT_CASE(object_mmap_counts_when_reclaim_looks_panthor_17),
	KUNIT_CASE(object_evict_keeps_content),
	KUNIT_CASE(object_pinned_is_not_evicted),
	KUNIT_CASE(object_pinned_for_life_virtio_L4),
	KUNIT_CASE(object_refused_eviction_changes_nothing_panthor_47_48),
	KUNIT_CASE(object_busy_is_not_evicted_panthor_87),
	KUNIT_CASE(object_evicted_is_not_dev_mapped_panthor_13),
	KUNIT_CASE(object_partly_failed_eviction_panthor_21),
	KUNIT_CASE(object_gpu_sees_what_the_cpu_wrote_panthor_18_19),
	KUNIT_CASE(object_last_reference_goes_in_a_scan_panthor_6_43),
	KUNIT_CASE(object_unplug_takes_DMA_addresses_away_panthor_70),
	KUNIT_CASE(object_mark_used_leaves_a_time_stamp),
	KUNIT_CASE(object_get_unmapped_area_knows_its_objects),
	KUNIT_CASE(object_get_sg_table_lists_all_pages_and_dirties),
	KUNIT_CASE(object_evicted_stays_on_the_list_of_its_node),
	KUNIT_CASE(object_one_used_page_leaves_the_others_evicted_rev_C5),
	KUNIT_CASE(object_clean_rest_keeps_no_page_held_rev_R10),
	KUNIT_CASE(object_dev_mapped_is_known_without_resv_rev_V7),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_object);
