// SPDX-License-Identifier: GPL-2.0
/* Tests of the backing part. */
#include <linux/fs.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "gem_uma_mock.h"

#define PAGES	11

struct backing_rig {
	struct gem_uma_mock *mock;
	struct gem_uma_mock_object *mobj;
	struct gem_uma_object *uobj;
	struct gem_uma_backing *b;
};

static struct backing_rig backing_rig_on(struct kunit *test, struct gem_uma_mock *mock,
					 u64 size, u32 flags)
{
	struct backing_rig rig = { .mock = mock };

	rig.mobj = gem_uma_mock_object_create(test, rig.mock, size, flags);
	rig.uobj = &rig.mobj->base;
	rig.b = &rig.uobj->backing;
	return rig;
}

static struct backing_rig backing_rig(struct kunit *test)
{
	return backing_rig_on(test, gem_uma_mock_create(test, false), PAGES * PAGE_SIZE, 0);
}

static struct backing_rig backing_rig_huge(struct kunit *test, u64 size)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, true);

	if (!mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios in this kernel");
	return backing_rig_on(test, mock, size, GEM_UMA_OBJECT_HUGE);
}

static struct backing_rig backing_rig_wc(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);

	mock->udev.coherent = false;
	return backing_rig_on(test, mock, PAGES * PAGE_SIZE, GEM_UMA_OBJECT_WC);
}

static void backing_lock(struct backing_rig *rig)
{
	dma_resv_lock(rig->b->obj->resv, NULL);
}

static void backing_unlock(struct backing_rig *rig)
{
	dma_resv_unlock(rig->b->obj->resv);
}

DEFINE_GUARD(backing, struct backing_rig *, backing_lock(_T), backing_unlock(_T))

static int backing_populate(struct backing_rig *rig, pgoff_t start, pgoff_t end)
{
	guard(backing)(rig);
	return gem_uma_backing_populate_locked(rig->b, start, end);
}

static unsigned long backing_release(struct backing_rig *rig)
{
	guard(backing)(rig);
	return gem_uma_backing_release_locked(rig->b);
}

static bool backing_is_resident(struct backing_rig *rig, pgoff_t start, pgoff_t end)
{
	guard(backing)(rig);
	return gem_uma_backing_is_resident_locked(rig->b, start, end);
}

static long backing_device_resident(struct backing_rig *rig)
{
	return atomic_long_read(&rig->mock->udev.resident_pages);
}

static void backing_init_bad_size(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct gem_uma_backing b = {};

	KUNIT_EXPECT_EQ(test, gem_uma_backing_init(&b, &rig.mock->udev, b.obj, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_init(&b, &rig.mock->udev, b.obj, 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_init(&b, &rig.mock->udev, b.obj,
						   PAGE_SIZE + 1, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_init(&b, &rig.mock->udev, b.obj,
						   ALIGN_DOWN(U64_MAX, PAGE_SIZE), 0), -E2BIG);
	KUNIT_EXPECT_NULL(test, b.file);
	/* Without effect. */
	gem_uma_backing_fini(&b);
}

static void backing_init_takes_no_memory(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct backing_rig rig = backing_rig_on(test, mock, 1ULL << 36, 0);

	KUNIT_EXPECT_EQ(test, rig.b->nr_pages, (1ULL << 36) >> PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(rig.b), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(rig.b), 0);
	/* Its last page costs one. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, rig.b->nr_pages - 1, rig.b->nr_pages), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 1);
}

static void backing_fini_gives_everything_back(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	unsigned int frees = 0;

	rig.mobj->frees = &frees;
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, backing_device_resident(&rig), PAGES);
	gem_uma_mock_object_put(test, rig.mobj);
	KUNIT_EXPECT_EQ(test, frees, 1);
	KUNIT_EXPECT_EQ(test, backing_device_resident(&rig), 0);
}

/* Tests run in a kernel thread, as the puts of reclaim do. */
static void backing_fini_in_a_kernel_thread_frees_at_once_rev_C11(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct inode *inode = igrab(file_inode(rig.b->file));

	KUNIT_ASSERT_NOT_NULL(test, inode);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
	gem_uma_mock_object_put(test, rig.mobj);
	KUNIT_EXPECT_EQ(test, READ_ONCE(inode->i_mapping->nrpages), 0);
	iput(inode);
}

static void backing_populate_is_idempotent(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct gem_uma_run first, second;

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, 0, PAGES, &first), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_populate_locked(rig.b, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, 0, PAGES, &second), 0);
	backing_unlock(&rig);
	KUNIT_EXPECT_MEMEQ(test, &first, &second, sizeof(first));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), PAGES);
	KUNIT_EXPECT_EQ(test, backing_device_resident(&rig), PAGES);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rig.mock->udev.restored_pages), 0);
}

static void backing_populate_is_by_range(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	/* First, last, and one in the middle. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, PAGES - 1, PAGES), 0);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 5, 6), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 3);
	KUNIT_EXPECT_TRUE(test, backing_is_resident(&rig, 0, 1));
	KUNIT_EXPECT_FALSE(test, backing_is_resident(&rig, 0, 2));
	KUNIT_EXPECT_FALSE(test, backing_is_resident(&rig, 1, 2));
	KUNIT_EXPECT_TRUE(test, backing_is_resident(&rig, PAGES - 1, PAGES));
	KUNIT_EXPECT_FALSE(test, backing_is_resident(&rig, PAGES - 1, PAGES + 1));
	/* What lies between. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), PAGES);
}

static void backing_populate_empty_range(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, PAGES, PAGES), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(rig.b), 0);
	KUNIT_EXPECT_TRUE(test, backing_is_resident(&rig, 3, 3));
}

static void backing_populate_bad_range(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, PAGES, PAGES + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, PAGES + 1, PAGES + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 2, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, ULONG_MAX), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(rig.b), 0);
}

static void backing_new_pages_are_zero(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct iosys_map map;

	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_object_vmap(&rig.uobj->base, &map), 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(map.vaddr, 0, PAGES * PAGE_SIZE));
	gem_uma_object_vunmap(&rig.uobj->base, &map);
	backing_unlock(&rig);
}

static int backing_populate_some(struct backing_rig *rig, pgoff_t start, pgoff_t end)
{
	guard(backing)(rig);
	return gem_uma_backing_populate_some_locked(rig->b, start, end, true);
}

static void backing_populate_some_takes_all_it_can(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	KUNIT_EXPECT_EQ(test, backing_populate_some(&rig, 2, 7), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 5);
	KUNIT_EXPECT_EQ(test, backing_populate_some(&rig, PAGES - 1, PAGES), 0);
	KUNIT_EXPECT_EQ(test, backing_populate_some(&rig, PAGES, PAGES + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 6);
}

#ifdef CONFIG_MEMCG
static void backing_populate_some_of_a_throttled_task_is_one_page(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	unsigned int old = current->memcg_nr_pages_over_high;

	current->memcg_nr_pages_over_high = 1;
	KUNIT_EXPECT_EQ(test, backing_populate_some(&rig, 4, PAGES), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 1);
	KUNIT_EXPECT_TRUE(test, backing_is_resident(&rig, 4, 5));
	/* A caller that asks for all of them gets them. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
	current->memcg_nr_pages_over_high = old;
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), PAGES);
}
#endif

static void backing_populate_of_a_killed_task_is_EINTR(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	int all, some, pin;

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, 2), 0);
	gem_uma_mock_set_killed(true);
	all = backing_populate(&rig, 0, PAGES);
	some = backing_populate_some(&rig, 5, PAGES);
	pin = gem_uma_backing_pin(rig.b);
	gem_uma_mock_set_killed(false);
	KUNIT_EXPECT_EQ(test, all, -EINTR);
	KUNIT_EXPECT_EQ(test, some, -EINTR);
	KUNIT_EXPECT_EQ(test, pin, -EINTR);
	KUNIT_EXPECT_EQ(test, atomic_read(&rig.b->pins), 0);
	/* What was there stays, and what is there needs nothing. */
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 2);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
}

static void backing_run_bounds(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct gem_uma_run run;

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 2, 6), 0);
	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, 1, PAGES, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, 6, PAGES, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, 3, 3, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, PAGES, PAGES + 1, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, 5, PAGES, &run), 0);
	KUNIT_EXPECT_EQ(test, run.pgoff, 5);
	KUNIT_EXPECT_EQ(test, run.nr, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, 2, 3, &run), 0);
	KUNIT_EXPECT_EQ(test, run.nr, 1);
	backing_unlock(&rig);
}

/* The page cache is what everybody else sees. */
static unsigned long backing_pfn(struct backing_rig *rig, pgoff_t pgoff)
{
	struct page *page = find_get_page(rig->b->file->f_mapping, pgoff);
	unsigned long pfn;

	if (!page)
		return 0;
	pfn = page_to_pfn(page);
	put_page(page);
	return pfn;
}

static void backing_expect_pages(struct kunit *test, struct backing_rig *rig)
{
	struct gem_uma_run run;
	struct page **pages;
	pgoff_t i;

	backing_lock(rig);
	pages = gem_uma_backing_pages_locked(rig->b);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, pages);
	for (i = 0; !IS_ERR_OR_NULL(pages) && i < rig->b->nr_pages; i++) {
		unsigned long pfn = backing_pfn(rig, i);

		KUNIT_EXPECT_EQ(test, page_to_pfn(pages[i]), pfn);
		KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig->b, i, rig->b->nr_pages,
								 &run), 0);
		KUNIT_EXPECT_EQ(test, run.pfn, pfn);
		KUNIT_EXPECT_EQ(test, backing_pfn(rig, i + run.nr - 1), pfn + run.nr - 1);
		KUNIT_EXPECT_LE(test, i + run.nr, rig->b->nr_pages);
	}
	backing_unlock(rig);
	if (!IS_ERR(pages))
		kvfree(pages);
}

static void backing_pages_are_those_of_the_cache(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	KUNIT_ASSERT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
	backing_expect_pages(test, &rig);
}

static void backing_pages_of_a_hole_is_ENXIO(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES - 1), 0);
	scoped_guard(backing, &rig)
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(gem_uma_backing_pages_locked(rig.b)), -ENXIO);
}

static void backing_extent_is_clipped(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct gem_uma_extent e;

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 3, 7), 0);
	backing_lock(&rig);
	e = (struct gem_uma_extent) { 0, PAGES };
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_extent_locked(rig.b, 3, &e));
	KUNIT_EXPECT_EQ(test, e.start, 3);
	KUNIT_EXPECT_EQ(test, e.end, 7);
	e = (struct gem_uma_extent) { 4, 6 };
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_extent_locked(rig.b, 5, &e));
	KUNIT_EXPECT_EQ(test, e.start, 4);
	KUNIT_EXPECT_EQ(test, e.end, 6);
	/* Resident, but not inside. */
	e = (struct gem_uma_extent) { 4, 6 };
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_extent_locked(rig.b, 6, &e));
	e = (struct gem_uma_extent) { 0, PAGES };
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_extent_locked(rig.b, 2, &e));
	e = (struct gem_uma_extent) { 0, PAGES };
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_extent_locked(rig.b, 7, &e));
	backing_unlock(&rig);
}

static void backing_huge_folio_is_one_run(struct kunit *test)
{
	struct backing_rig rig = backing_rig_huge(test, 2 * PMD_SIZE);
	struct gem_uma_run run = {};

	/* One page brings the folio that it is part of, and no other. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, GEM_UMA_MOCK_HUGE + 3,
					       GEM_UMA_MOCK_HUGE + 4), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), GEM_UMA_MOCK_HUGE);
	KUNIT_EXPECT_FALSE(test, backing_is_resident(&rig, GEM_UMA_MOCK_HUGE - 1,
						     GEM_UMA_MOCK_HUGE));
	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, GEM_UMA_MOCK_HUGE,
							 2 * GEM_UMA_MOCK_HUGE, &run), 0);
	KUNIT_EXPECT_EQ(test, run.nr, GEM_UMA_MOCK_HUGE);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(run.pfn, GEM_UMA_MOCK_HUGE));
	/* From inside. */
	KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(rig.b, GEM_UMA_MOCK_HUGE + 9,
							 GEM_UMA_MOCK_HUGE + 11, &run), 0);
	KUNIT_EXPECT_EQ(test, run.nr, 2);
	KUNIT_EXPECT_EQ(test, run.pfn % GEM_UMA_MOCK_HUGE, 9);
	backing_unlock(&rig);
}

static void backing_last_partial_huge_folio(struct kunit *test)
{
	struct backing_rig rig = backing_rig_huge(test, PMD_SIZE + 3 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, rig.b->nr_pages, GEM_UMA_MOCK_HUGE + 3);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, rig.b->nr_pages - 1, rig.b->nr_pages), 0);
	KUNIT_EXPECT_LE(test, gem_uma_backing_resident(rig.b), 3);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, rig.b->nr_pages), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), rig.b->nr_pages);
	backing_expect_pages(test, &rig);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), rig.b->nr_pages);
	KUNIT_EXPECT_EQ(test, backing_device_resident(&rig), 0);
}

static void backing_huge_content_survives(struct kunit *test)
{
	struct backing_rig rig = backing_rig_huge(test, PMD_SIZE + 3 * PAGE_SIZE);

	gem_uma_mock_fill(test, rig.uobj, 77);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), rig.b->nr_pages);
	gem_uma_mock_expect_content(test, rig.uobj, 77);
}

static void backing_release_keeps_content(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct gem_uma_device *udev = &rig.mock->udev;

	gem_uma_mock_fill(test, rig.uobj, 1);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), PAGES);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(rig.b), PAGES);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(rig.b), PAGES);
	KUNIT_EXPECT_EQ(test, backing_device_resident(&rig), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&udev->evicted_pages), PAGES);
	KUNIT_EXPECT_EQ(test, atomic64_read(&udev->restored_pages), 0);
	gem_uma_mock_expect_content(test, rig.uobj, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(rig.b), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&udev->restored_pages), PAGES);
	KUNIT_EXPECT_EQ(test, rig.b->evicted_pages, PAGES);
	KUNIT_EXPECT_EQ(test, rig.b->restored_pages, PAGES);
	KUNIT_EXPECT_EQ(test, rig.b->evictions, 1);
}

static void backing_release_of_nothing_counts_nothing(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	KUNIT_EXPECT_EQ(test, backing_release(&rig), 0);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 1, 3), 0);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), 2);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), 0);
	KUNIT_EXPECT_EQ(test, rig.b->evictions, 1);
	KUNIT_EXPECT_EQ(test, rig.b->evicted_pages, 2);
}

static void backing_restore_counts_only_what_was_there(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 2, 4), 0);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), 2);
	/* One that was evicted, and the rest that never existed. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 3, PAGES), 0);
	KUNIT_EXPECT_EQ(test, rig.b->restored_pages, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(rig.b), 1);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, rig.b->restored_pages, 2);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(rig.b), 0);
}

static void backing_eviction_count_saturates_panthor_25(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	unsigned int i;

	rig.b->evictions = U32_MAX - 1;
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, 1), 0);
		KUNIT_EXPECT_EQ(test, backing_release(&rig), 1);
	}
	KUNIT_EXPECT_EQ(test, rig.b->evictions, U32_MAX);
}

static void backing_writeback_goes_to_swap_and_back(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	unsigned long written;

	if (get_nr_swap_pages() <= PAGES)
		kunit_skip(test, "no swap");
	gem_uma_mock_fill(test, rig.uobj, 5);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), PAGES);
	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_writeback_locked(rig.b, 0), 0);
	written = gem_uma_backing_writeback_locked(rig.b, 4);
	KUNIT_EXPECT_GE(test, written, 4);
	KUNIT_EXPECT_LT(test, written, PAGES);
	written += gem_uma_backing_writeback_locked(rig.b, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, written, PAGES);
	/* On their way already. */
	KUNIT_EXPECT_EQ(test, gem_uma_backing_writeback_locked(rig.b, PAGES), 0);
	backing_unlock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(rig.b), 0);
	gem_uma_mock_expect_content(test, rig.uobj, 5);
	KUNIT_EXPECT_EQ(test, rig.b->restored_pages, PAGES);
}

/* A call goes on behind the one before; at the end of the object, with its start. */
static void backing_writeback_goes_on_where_it_was_rev_C7(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, rig.uobj, 7);
	backing_release(&rig);
	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_writeback_locked(rig.b, 4), 4);
	KUNIT_EXPECT_EQ(test, rig.b->next_written, 4);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_writeback_locked(rig.b, 3), 3);
	KUNIT_EXPECT_EQ(test, rig.b->next_written, 7);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_writeback_locked(rig.b, PAGES), PAGES - 7);
	KUNIT_EXPECT_EQ(test, rig.b->next_written, 7);
	backing_unlock(&rig);
	gem_uma_mock_expect_content(test, rig.uobj, 7);
}

#ifdef CONFIG_MEMORY_FAILURE
static void backing_writeback_leaves_poison_alone_rev_C2(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	struct gem_uma_run run;
	struct page *page;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, rig.uobj, 8);
	scoped_guard(backing, &rig)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_backing_run_locked(rig.b, 5, 6, &run));
	page = pfn_to_page(run.pfn);
	backing_release(&rig);
	SetPageHWPoison(page);
	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_writeback_locked(rig.b, ULONG_MAX), PAGES - 1);
	backing_unlock(&rig);
	ClearPageHWPoison(page);
	gem_uma_mock_expect_content(test, rig.uobj, 8);
}

/* The kernel's own handling, as after an error that the hardware reports. */
static void backing_page_that_breaks_while_held_rev_C2(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	unsigned long pfn;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, rig.uobj, 9);
	pfn = backing_pfn(&rig, 5);
	memory_failure(pfn, MF_SW_SIMULATED);
	KUNIT_EXPECT_TRUE(test, PageHWPoison(pfn_to_page(pfn)));
	KUNIT_EXPECT_EQ(test, backing_release(&rig), PAGES);
	backing_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_writeback_locked(rig.b, ULONG_MAX), PAGES - 1);
	backing_unlock(&rig);
	KUNIT_EXPECT_EQ(test, backing_pfn(&rig, 5), pfn);
	/* It comes back to nobody, and all others do. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 5, 6), -EIO);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), -EIO);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 6, PAGES), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), PAGES - 1);
	gem_uma_mock_object_put(test, rig.mobj);
	KUNIT_EXPECT_EQ(test, unpoison_memory(pfn), 0);
}
#endif

static bool backing_is_dirty(struct backing_rig *rig, pgoff_t pgoff)
{
	struct folio *folio = filemap_get_folio(rig->b->file->f_mapping, pgoff);
	bool dirty;

	if (IS_ERR(folio))
		return false;
	dirty = folio_test_dirty(folio);
	folio_put(folio);
	return dirty;
}

static void backing_mark_dirty_is_by_range(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	pgoff_t i;

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 1, 8), 0);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_FALSE(test, backing_is_dirty(&rig, i));
	backing_lock(&rig);
	gem_uma_backing_mark_dirty_locked(rig.b, 0, 0);
	gem_uma_backing_mark_dirty_locked(rig.b, 3, 5);
	/* Holes are skipped. */
	gem_uma_backing_mark_dirty_locked(rig.b, 7, PAGES);
	backing_unlock(&rig);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, backing_is_dirty(&rig, i), i == 3 || i == 4 || i == 7);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 7);
}

static void backing_node_is_that_of_the_pages(struct kunit *test)
{
	struct backing_rig rig = backing_rig(test);
	int nid;

	backing_lock(&rig);
	KUNIT_EXPECT_TRUE(test, node_online(gem_uma_backing_nid_locked(rig.b)));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_populate_locked(rig.b, 4, 5), 0);
	nid = gem_uma_backing_nid_locked(rig.b);
	backing_unlock(&rig);
	KUNIT_EXPECT_EQ(test, nid, pfn_to_nid(backing_pfn(&rig, 4)));
}

static void backing_wc_is_cleaned_and_released(struct kunit *test)
{
	struct backing_rig rig = backing_rig_wc(test);

	KUNIT_EXPECT_TRUE(test, rig.b->flags & GEM_UMA_BACKING_CLEAN);
	gem_uma_mock_fill(test, rig.uobj, 8);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), PAGES);
	gem_uma_mock_expect_content(test, rig.uobj, 8);
}

static void backing_wc_of_an_unplugged_device_is_ENODEV(struct kunit *test)
{
	struct backing_rig rig = backing_rig_wc(test);

	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, 2), 0);
	rig.mock->udev.unplugged = true;
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), -ENODEV);
	KUNIT_EXPECT_EQ(test, backing_populate_some(&rig, 5, PAGES), -ENODEV);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_pin(rig.b), -ENODEV);
	KUNIT_EXPECT_EQ(test, atomic_read(&rig.b->pins), 0);
	/* Pages that are there can be used and released. */
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, 2), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 2);
	KUNIT_EXPECT_EQ(test, backing_release(&rig), 2);
}

static void backing_wc_through_bounce_buffers_is_EIO(struct kunit *test)
{
	struct backing_rig rig = backing_rig_wc(test);

	gem_uma_mock_bounce(rig.mock, true);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), -EIO);
	gem_uma_mock_bounce(rig.mock, false);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 0);
	KUNIT_EXPECT_EQ(test, backing_populate(&rig, 0, PAGES), 0);
}

static struct kunit_case gem_uma_backing_cases[] = {
	KUNIT_CASE(backing_init_bad_size),
	KUNIT_CASE(backing_init_takes_no_memory),
	KUNIT_CASE(backing_fini_gives_everything_back),
	KUNIT_CASE(backing_fini_in_a_kernel_thread_frees_at_once_rev_C11),
	KUNIT_CASE(backing_populate_is_idempotent),
	KUNIT_CASE(backing_populate_is_by_range),
	KUNIT_CASE(backing_populate_empty_range),
	KUNIT_CASE(backing_populate_bad_range),
	KUNIT_CASE(backing_new_pages_are_zero),
	KUNIT_CASE(backing_populate_some_takes_all_it_can),
#ifdef CONFIG_MEMCG
	KUNIT_CASE(backing_populate_some_of_a_throttled_task_is_one_page),
#endif
	KUNIT_CASE(backing_populate_of_a_killed_task_is_EINTR),
	KUNIT_CASE(backing_run_bounds),
	KUNIT_CASE(backing_pages_are_those_of_the_cache),
	KUNIT_CASE(backing_pages_of_a_hole_is_ENXIO),
	KUNIT_CASE(backing_extent_is_clipped),
	KUNIT_CASE(backing_huge_folio_is_one_run),
	KUNIT_CASE(backing_last_partial_huge_folio),
	KUNIT_CASE(backing_huge_content_survives),
	KUNIT_CASE(backing_release_keeps_content),
	KUNIT_CASE(backing_release_of_nothing_counts_nothing),
	KUNIT_CASE(backing_restore_counts_only_what_was_there),
	KUNIT_CASE(backing_eviction_count_saturates_panthor_25),
	KUNIT_CASE(backing_writeback_goes_to_swap_and_back),
	KUNIT_CASE(backing_writeback_goes_on_where_it_was_rev_C7),
#ifdef CONFIG_MEMORY_FAILURE
	KUNIT_CASE(backing_writeback_leaves_poison_alone_rev_C2),
	KUNIT_CASE(backing_page_that_breaks_while_held_rev_C2),
#endif
	KUNIT_CASE(backing_mark_dirty_is_by_range),
	KUNIT_CASE(backing_node_is_that_of_the_pages),
	KUNIT_CASE(backing_wc_is_cleaned_and_released),
	KUNIT_CASE(backing_wc_of_an_unplugged_device_is_ENODEV),
	KUNIT_CASE(backing_wc_through_bounce_buffers_is_EIO),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_backing);
