// SPDX-License-Identifier: GPL-2.0
/* Tests of giving content up: by advice, by range, and by a flag of the object. */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/sizes.h>

#include "gem_uma_mock_vm.h"
#include "gem_uma_test_object.h"

#define PAGES	16
#define SIZE	(PAGES * PAGE_SIZE)

static struct gem_uma_mock_object *purge_filled(struct kunit *test, struct gem_uma_mock *mock,
						u32 flags)
{
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, mock, SIZE, flags);

	gem_uma_mock_fill(test, &mobj->base, 7);
	return mobj;
}

static void purge_dont_need(struct kunit *test, struct gem_uma_object *uobj)
{
	bool retained = false;

	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_advise(uobj, false, &retained));
	KUNIT_EXPECT_TRUE(test, retained);
}

static bool purge_need(struct kunit *test, struct gem_uma_object *uobj)
{
	bool retained = false;

	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_advise(uobj, true, &retained));
	return retained;
}

static enum gem_uma_content purge_content(struct gem_uma_object *uobj)
{
	return gem_uma_backing_content(&uobj->backing);
}

static int purge_discard(struct gem_uma_object *uobj, pgoff_t start, unsigned long nr)
{
	return gem_uma_object_discard(uobj, (u64)start << PAGE_SHIFT, (u64)nr << PAGE_SHIFT);
}

static void purge_advice_decides_the_list(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = purge_filled(test, mock, 0);
	struct gem_uma_object *uobj = &mobj->base;

	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_NEEDED);
	purge_dont_need(test, uobj);
	purge_dont_need(test, uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_PURGEABLE);
	KUNIT_EXPECT_EQ(test, gem_uma_object_status(&uobj->base),
			DRM_GEM_OBJECT_RESIDENT | DRM_GEM_OBJECT_PURGEABLE);
	/* However it is mapped. */
	mobj->dev_mapped = true;
	scoped_guard(object, uobj)
		gem_uma_object_update_locked(uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_PURGEABLE);
	KUNIT_EXPECT_TRUE(test, purge_need(test, uobj));
	KUNIT_EXPECT_TRUE(test, purge_need(test, uobj));
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_DEV_MAPPED);
	gem_uma_mock_expect_content(test, uobj, 7);
}

/* Nothing to throw away, nothing to look for. */
static void purge_of_an_empty_object_is_not_listed(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SIZE, 0)->base;

	purge_dont_need(test, uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	KUNIT_EXPECT_TRUE(test, purge_need(test, uobj));
}

static void purge_gives_memory_back_for_good_panthor_46(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = purge_filled(test, mock, 0);
	struct gem_uma_object *uobj = &mobj->base;
	struct sg_table *sgt;
	struct iosys_map map;

	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SIZE));
	mobj->dev_mapped = true;
	purge_dont_need(test, uobj);
	/* With swap or without. */
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
	KUNIT_EXPECT_EQ(test, mobj->evicts, 1);
	KUNIT_EXPECT_FALSE(test, mobj->dev_mapped);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_PURGED);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(&uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&mock->udev.resident_pages), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 0);
	KUNIT_EXPECT_EQ(test, uobj->dev_map.mapped.pages, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_object_status(&uobj->base), 0);

	KUNIT_EXPECT_FALSE(test, purge_need(test, uobj));
	KUNIT_EXPECT_EQ(test, object_populate(uobj, 0, PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, object_pin(uobj), -EFAULT);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin(&uobj->backing), -EFAULT);
	KUNIT_EXPECT_EQ(test, purge_discard(uobj, 0, 1), -EFAULT);
	object_lock(uobj);
	KUNIT_EXPECT_EQ(test, gem_uma_object_vmap(&uobj->base, &map), -EFAULT);
	sgt = gem_uma_object_get_sg_table(&uobj->base);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), -EFAULT);
	object_unlock(uobj);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(gem_uma_object_export(&uobj->base, 0)), -EFAULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&uobj->backing.pins), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 0);
}

/* As where the kernel splits a huge page: whoever reclaims holds the lock of one of ours. */
static void purge_with_a_page_locked_does_not_wait(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = purge_filled(test, mock, 0);
	struct gem_uma_object *uobj = &mobj->base;
	struct folio *folio;

	purge_dont_need(test, uobj);
	folio = filemap_lock_folio(uobj->backing.file->f_mapping, PAGES / 2);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(folio));
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, mobj->evicts, 0);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_PURGEABLE);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_PURGEABLE);
	folio_unlock(folio);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_PURGED);
}

static void purge_cpu_touch_is_SIGBUS_panthor_85(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &purge_filled(test, mock, 0)->base;
	unsigned long addr = gem_uma_mock_mmap(test, &uobj->base, SIZE, 0);
	u32 word;

	KUNIT_EXPECT_EQ(test, 0, put_user(5, (u32 __user *)addr));
	purge_dont_need(test, uobj);
	KUNIT_EXPECT_EQ(test, 0, get_user(word, (u32 __user *)addr));
	KUNIT_EXPECT_EQ(test, word, 5);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
	KUNIT_EXPECT_EQ(test, get_user(word, (u32 __user *)addr), -EFAULT);
	KUNIT_EXPECT_EQ(test, put_user(5, (u32 __user *)(addr + PAGE_SIZE)), -EFAULT);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 0);
}

/* Pins hold, whoever has them. */
static void purge_of_pinned_waits_for_the_last_unpin(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &purge_filled(test, mock, 0)->base;
	struct iosys_map map;

	purge_dont_need(test, uobj);
	KUNIT_ASSERT_EQ(test, 0, object_pin(uobj));
	scoped_guard(object, uobj)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&uobj->base, &map));
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	object_unpin(uobj);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, purge_discard(uobj, 0, 1), -EBUSY);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_PURGEABLE);
	scoped_guard(object, uobj)
		gem_uma_object_vunmap(&uobj->base, &map);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_PURGED);
}

static void purge_refused_by_the_driver_changes_nothing_panthor_47(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = purge_filled(test, mock, 0);
	struct gem_uma_object *uobj = &mobj->base;

	purge_dont_need(test, uobj);
	mobj->evict_errno = -EBUSY;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_GE(test, mobj->evicts, 1);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_PURGEABLE);
	KUNIT_EXPECT_TRUE(test, purge_need(test, uobj));
	gem_uma_mock_expect_content(test, uobj, 7);
}

/* A job that was queued before the advice, or after it, has its pages. */
static void purge_of_busy_waits_for_the_job(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_gpu *gpu = gem_uma_mock_gpu_create(test, mock);
	struct gem_uma_mock_vm *vm = gem_uma_mock_vm_create(gpu);
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_create(gpu, SZ_16K, 0);
	struct gem_uma_mock_job *job;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_bind(vm, buf, 0, 0, 4));
	purge_dont_need(test, &buf->base);
	job = gem_uma_mock_vm_submit(vm, 2, 4711);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	object_lock(&buf->base);
	KUNIT_EXPECT_EQ(test, gem_uma_object_discard_locked(&buf->base, 0, PAGE_SIZE), -EAGAIN);
	object_unlock(&buf->base);
	KUNIT_EXPECT_EQ(test, buf->evicts, 0);
	gem_uma_mock_job_finish(job);
	KUNIT_EXPECT_EQ(test, *gem_uma_mock_vm_word(vm, 2), 4711);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	KUNIT_EXPECT_EQ(test, purge_content(&buf->base), GEM_UMA_CONTENT_PURGED);
	KUNIT_EXPECT_NULL(test, gem_uma_mock_vm_word(vm, 2));
	KUNIT_EXPECT_EQ(test, gem_uma_mock_vm_validate(vm), -EFAULT);
	KUNIT_EXPECT_NULL(test, gem_uma_mock_gpu_check(gpu));
}

static void purge_of_evicted_frees_what_is_left(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &purge_filled(test, mock, 0)->base;

	gem_uma_mock_needs_swap(test);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
	purge_dont_need(test, uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_PURGEABLE);
	object_evict_all(mock);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_PURGED);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(&uobj->backing), 0);
}

/* Others rely on what was exported: it cannot be taken from under them. */
static void purge_of_exported_is_refused(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &purge_filled(test, mock, 0)->base;
	struct dma_buf *dmabuf;
	bool retained;

	purge_dont_need(test, uobj);
	dmabuf = uobj->base.funcs->export(&uobj->base, 0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dmabuf), -EBUSY);
	KUNIT_EXPECT_TRUE(test, purge_need(test, uobj));
	dmabuf = uobj->base.funcs->export(&uobj->base, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_EXPECT_EQ(test, -EBUSY, gem_uma_object_advise(uobj, false, &retained));
	KUNIT_EXPECT_TRUE(test, purge_need(test, uobj));
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_NEEDED);
	dma_buf_put(dmabuf);
	flush_delayed_fput();
	KUNIT_EXPECT_EQ(test, -EBUSY, gem_uma_object_advise(uobj, false, &retained));
}

static u32 purge_word(struct kunit *test, struct gem_uma_object *uobj, pgoff_t pgoff)
{
	struct iosys_map map;
	u32 word;

	object_lock(uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&uobj->base, &map));
	word = *(u32 *)(map.vaddr + pgoff * PAGE_SIZE + 40);
	gem_uma_object_vunmap(&uobj->base, &map);
	object_unlock(uobj);
	return word;
}

/* At the start of an extent, inside, at the end, over a hole, and all of it. */
static void discard_makes_holes(struct kunit *test)
{
	static const unsigned int ranges[][2] = {
		{ 0, 2 }, { 5, 2 }, { 4, 4 }, { 14, 2 }, { 3, 11 }, { 0, 16 },
	};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &purge_filled(test, mock, 0)->base;
	DECLARE_BITMAP(gone, PAGES) = {};
	unsigned int i, page;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		KUNIT_ASSERT_EQ(test, 0, purge_discard(uobj, ranges[i][0], ranges[i][1]));
		bitmap_set(gone, ranges[i][0], ranges[i][1]);
		KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing),
				PAGES - bitmap_weight(gone, PAGES));
		KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&uobj->backing),
				PAGES - bitmap_weight(gone, PAGES));
		KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(&uobj->backing), 0);
		KUNIT_EXPECT_EQ(test, atomic_long_read(&mock->udev.resident_pages),
				PAGES - bitmap_weight(gone, PAGES));
	}
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(&uobj->backing));
	for (page = 0; page < PAGES; page++)
		KUNIT_EXPECT_EQ(test, purge_word(test, uobj, page), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.restored_pages), 0);
}

static void discard_keeps_the_rest(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &purge_filled(test, mock, 0)->base;
	u32 before[PAGES];
	unsigned int page;

	for (page = 0; page < PAGES; page++)
		before[page] = purge_word(test, uobj, page);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SIZE));
	KUNIT_ASSERT_EQ(test, 0, purge_discard(uobj, 3, 5));
	KUNIT_EXPECT_EQ(test, uobj->dev_map.mapped.pages, 0);
	for (page = 0; page < PAGES; page++)
		KUNIT_EXPECT_EQ(test, purge_word(test, uobj, page),
				page >= 3 && page < 8 ? 0 : before[page]);
}

static void discard_refuses_bad_ranges(struct kunit *test)
{
	static const struct {
		u64 offset;
		u64 size;
	} bad[] = {
		{ 0, 0 }, { 1, PAGE_SIZE }, { 0, 1 }, { SIZE, PAGE_SIZE }, { 0, SIZE + PAGE_SIZE },
		{ U64_MAX - PAGE_SIZE + 1, 2 * PAGE_SIZE }, { PAGE_SIZE, U64_MAX - PAGE_SIZE + 1 },
	};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &purge_filled(test, mock, 0)->base;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, gem_uma_object_discard(uobj, bad[i].offset, bad[i].size),
				-EINVAL);
	gem_uma_mock_expect_content(test, uobj, 7);
}

/* Page tables that are in use for a moment are no reason to give up. */
static void discard_comes_again_after_contention(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = purge_filled(test, mock, 0);

	mobj->busy = 3;
	KUNIT_EXPECT_EQ(test, 0, purge_discard(&mobj->base, 0, PAGES));
	KUNIT_EXPECT_EQ(test, mobj->evicts, 4);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&mobj->base.backing), 0);
}

/* Across the borders of huge folios, which are split or cleared. */
static void discard_cuts_huge_folios(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, true);
	const unsigned long huge = GEM_UMA_MOCK_HUGE;
	struct gem_uma_object *uobj;
	u32 first, last;

	if (!mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios");
	uobj = &gem_uma_mock_object_create(test, mock, 4 * PMD_SIZE, GEM_UMA_OBJECT_HUGE)->base;
	gem_uma_mock_fill(test, uobj, 3);
	first = purge_word(test, uobj, huge - 2);
	last = purge_word(test, uobj, 3 * huge + 1);
	KUNIT_ASSERT_EQ(test, 0, purge_discard(uobj, huge - 1, 2 * huge + 2));
	/* What lies inside of it as a whole is free, whatever became of the rest. */
	KUNIT_EXPECT_LE(test, gem_uma_backing_in_memory(&uobj->backing), 2 * huge);
	KUNIT_EXPECT_EQ(test, purge_word(test, uobj, huge - 2), first);
	KUNIT_EXPECT_EQ(test, purge_word(test, uobj, huge - 1), 0);
	KUNIT_EXPECT_EQ(test, purge_word(test, uobj, 2 * huge), 0);
	KUNIT_EXPECT_EQ(test, purge_word(test, uobj, 3 * huge), 0);
	KUNIT_EXPECT_EQ(test, purge_word(test, uobj, 3 * huge + 1), last);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4 * huge);
}

/* Zero again, as often as memory is short, and never unusable. */
static void discardable_object_is_zeroed_and_goes_on(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj;
	unsigned int i;

	uobj = &purge_filled(test, mock, GEM_UMA_OBJECT_DISCARD_ON_RECLAIM)->base;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_DISCARDABLE);
		KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
		KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_NEEDED);
		KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
		KUNIT_EXPECT_EQ(test, purge_word(test, uobj, i), 0);
		gem_uma_mock_fill(test, uobj, i);
		gem_uma_mock_expect_content(test, uobj, i);
	}
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 0);
	/* Both are possible, and then it is gone. */
	purge_dont_need(test, uobj);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
	KUNIT_EXPECT_EQ(test, purge_content(uobj), GEM_UMA_CONTENT_PURGED);
}

static struct kunit_case gem_uma_purge_cases[] = {
	KUNIT_CASE(purge_advice_decides_the_list),
	KUNIT_CASE(purge_of_an_empty_object_is_not_listed),
	KUNIT_CASE(purge_gives_memory_back_for_good_panthor_46),
	KUNIT_CASE(purge_with_a_page_locked_does_not_wait),
	KUNIT_CASE(purge_cpu_touch_is_SIGBUS_panthor_85),
	KUNIT_CASE(purge_of_pinned_waits_for_the_last_unpin),
	KUNIT_CASE(purge_refused_by_the_driver_changes_nothing_panthor_47),
	KUNIT_CASE(purge_of_busy_waits_for_the_job),
	KUNIT_CASE(purge_of_evicted_frees_what_is_left),
	KUNIT_CASE(purge_of_exported_is_refused),
	KUNIT_CASE(discard_makes_holes),
	KUNIT_CASE(discard_keeps_the_rest),
	KUNIT_CASE(discard_refuses_bad_ranges),
	KUNIT_CASE(discard_comes_again_after_contention),
	KUNIT_CASE(discard_cuts_huge_folios),
	KUNIT_CASE(discardable_object_is_zeroed_and_goes_on),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_purge);
