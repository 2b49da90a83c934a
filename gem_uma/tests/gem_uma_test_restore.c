// SPDX-License-Identifier: GPL-2.0
/* Tests of bringing back what was swapped out, by the task itself and by helpers. */
#include <linux/file.h>
#include <linux/shmem_fs.h>

#include "gem_uma_mock.h"

/* Enough for a helper to be asked, and more than one chunk. */
#define PAGES	2048UL

struct restore_rig {
	struct gem_uma_mock_object *mobj;
	struct gem_uma_object *uobj;
	struct gem_uma_backing *b;
};

static void restore_lock(struct restore_rig *rig)
{
	dma_resv_lock(rig->uobj->base.resv, NULL);
}

static void restore_unlock(struct restore_rig *rig)
{
	dma_resv_unlock(rig->uobj->base.resv);
}

DEFINE_GUARD(restore, struct restore_rig *, restore_lock(_T), restore_unlock(_T))

static void restore_swap_out(struct kunit *test, struct restore_rig *rig)
{
	restore_lock(rig);
	gem_uma_dev_map_drop_locked(&rig->uobj->dev_map);
	gem_uma_backing_release_locked(rig->b);
	gem_uma_backing_writeback_locked(rig->b, ULONG_MAX);
	gem_uma_object_update_locked(rig->uobj);
	restore_unlock(rig);
	KUNIT_ASSERT_EQ(test, gem_uma_backing_in_memory(rig->b), 0);
	KUNIT_ASSERT_EQ(test, gem_uma_backing_evicted(rig->b), rig->b->nr_pages);
}

/* An object with content, all of it in swap. */
static struct restore_rig restore_rig(struct kunit *test, unsigned long pages, u32 seed)
{
	struct restore_rig rig;

	if (get_nr_swap_pages() <= pages)
		kunit_skip(test, "not enough swap");
	rig.mobj = gem_uma_mock_object_create(test, gem_uma_mock_create(test, false),
					      pages * PAGE_SIZE, 0);
	rig.uobj = &rig.mobj->base;
	rig.b = &rig.uobj->backing;
	gem_uma_mock_fill(test, rig.uobj, seed);
	restore_swap_out(test, &rig);
	return rig;
}

static int restore_populate(struct restore_rig *rig, pgoff_t start, pgoff_t end)
{
	guard(restore)(rig);
	return gem_uma_object_populate_locked(rig->uobj, (u64)start << PAGE_SHIFT,
					     (u64)(end - start) << PAGE_SHIFT, DMA_TO_DEVICE);
}

/* Read by somebody else, some time. */
static bool restore_arrives(struct restore_rig *rig, unsigned long pages)
{
	unsigned int ms;

	for (ms = 0; ms < 60000 && gem_uma_backing_in_memory(rig->b) < pages; ms += 20)
		msleep(20);
	return gem_uma_backing_in_memory(rig->b) >= pages;
}

static void restore_brings_back_only_what_is_asked_for(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, 64, 1);

	KUNIT_EXPECT_EQ(test, restore_populate(&rig, 16, 24), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 8);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_restored_total(rig.b), 8);
	gem_uma_mock_expect_content(test, rig.uobj, 1);
}

/* Again and again, as helpers and task meet at another place each time. */
static void restore_with_helpers_keeps_the_content(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, PAGES, 2);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, restore_populate(&rig, 0, PAGES), 0);
		KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), PAGES);
		gem_uma_mock_expect_content(test, rig.uobj, 2);
		restore_swap_out(test, &rig);
	}
	KUNIT_EXPECT_EQ(test, gem_uma_backing_restored_total(rig.b), 4 * PAGES);
}

static bool restore_is_stalled(void)
{
#ifdef CONFIG_PSI
	return current->in_memstall;
#else
	return false;
#endif
}

static void restore_of_a_killed_task_is_EINTR_and_repeatable(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, PAGES, 3);
	int ret;

	gem_uma_mock_set_killed(true);
	ret = restore_populate(&rig, 0, PAGES);
	gem_uma_mock_set_killed(false);
	KUNIT_EXPECT_EQ(test, ret, -EINTR);
	KUNIT_EXPECT_FALSE(test, restore_is_stalled());
	KUNIT_EXPECT_LT(test, gem_uma_backing_resident(rig.b), PAGES);
	KUNIT_EXPECT_EQ(test, restore_populate(&rig, 0, PAGES), 0);
	KUNIT_EXPECT_FALSE(test, restore_is_stalled());
	gem_uma_mock_expect_content(test, rig.uobj, 3);
}

static void prefetch_reads_and_holds_nothing(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, PAGES, 4);

	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(rig.uobj, 0, PAGES * PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, restore_arrives(&rig, PAGES));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_restored_total(rig.b), 0);
	gem_uma_mock_expect_content(test, rig.uobj, 4);
}

static void prefetch_reads_only_what_is_asked_for(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, PAGES, 5);
	/* What the swap device reads around it is the system's choice. */
	unsigned long around = 128;

	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(rig.uobj, 512 * PAGE_SIZE,
						      64 * PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, restore_arrives(&rig, 64));
	msleep(100);
	KUNIT_EXPECT_LE(test, gem_uma_backing_in_memory(rig.b), 64 + around);
	gem_uma_mock_expect_content(test, rig.uobj, 5);
}

/* While the task that holds resv has it for something else. */
static void prefetch_needs_no_lock(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, 64, 6);

	restore_lock(&rig);
	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(rig.uobj, 0, 64 * PAGE_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, restore_arrives(&rig, 64));
	restore_unlock(&rig);
	gem_uma_mock_expect_content(test, rig.uobj, 6);
}

static void prefetch_creates_no_page(struct kunit *test)
{
	struct gem_uma_mock_object *mobj =
		gem_uma_mock_object_create(test, gem_uma_mock_create(test, false),
					   64 * PAGE_SIZE, 0);

	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(&mobj->base, 0, 64 * PAGE_SIZE), 0);
	msleep(100);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&mobj->base.backing), 0);
}

static void prefetch_of_a_bad_range_is_EINVAL(struct kunit *test)
{
	struct gem_uma_mock_object *mobj =
		gem_uma_mock_object_create(test, gem_uma_mock_create(test, false),
					   64 * PAGE_SIZE, 0);
	struct gem_uma_object *uobj = &mobj->base;

	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(uobj, 0, 65 * PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(uobj, 64 * PAGE_SIZE, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(uobj, U64_MAX, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_prefetch(&uobj->backing, 2, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_prefetch(&uobj->backing, 0, 65), -EINVAL);
}

/* Helpers know only the file: the object, and its device, may go. */
static void prefetch_outlives_the_object(struct kunit *test)
{
	unsigned int frees = 0;
	struct restore_rig rig = restore_rig(test, PAGES, 7);

	rig.mobj->frees = &frees;
	KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(rig.uobj, 0, PAGES * PAGE_SIZE), 0);
	gem_uma_mock_object_put(test, rig.mobj);
	KUNIT_EXPECT_EQ(test, frees, 1);
}

/* Whoever reads ahead has the file open, but what is in it goes with the object. */
static void prefetch_keeps_nothing_of_a_freed_object(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, 64, 9);
	struct file *file = get_file(rig.b->file);

	KUNIT_EXPECT_EQ(test, restore_populate(&rig, 0, 16), 0);
	KUNIT_EXPECT_GT(test, SHMEM_I(file_inode(file))->swapped, 0);
	gem_uma_mock_object_put(test, rig.mobj);
	KUNIT_EXPECT_EQ(test, SHMEM_I(file_inode(file))->swapped, 0);
	KUNIT_EXPECT_EQ(test, file->f_mapping->nrpages, 0);
	fput(file);
}

static void prefetch_and_restore_meet(struct kunit *test)
{
	struct restore_rig rig = restore_rig(test, PAGES, 8);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, gem_uma_object_prefetch(rig.uobj, 0,
							      PAGES * PAGE_SIZE), 0);
		KUNIT_EXPECT_EQ(test, restore_populate(&rig, 0, PAGES), 0);
		gem_uma_mock_expect_content(test, rig.uobj, 8);
		restore_lock(&rig);
		gem_uma_dev_map_drop_locked(&rig.uobj->dev_map);
		gem_uma_backing_release_locked(rig.b);
		gem_uma_backing_writeback_locked(rig.b, ULONG_MAX);
		gem_uma_object_update_locked(rig.uobj);
		restore_unlock(&rig);
	}
	gem_uma_mock_expect_content(test, rig.uobj, 8);
}

static struct kunit_case gem_uma_restore_cases[] = {
	KUNIT_CASE(restore_brings_back_only_what_is_asked_for),
	KUNIT_CASE(restore_with_helpers_keeps_the_content),
	KUNIT_CASE(restore_of_a_killed_task_is_EINTR_and_repeatable),
	KUNIT_CASE(prefetch_reads_and_holds_nothing),
	KUNIT_CASE(prefetch_reads_only_what_is_asked_for),
	KUNIT_CASE(prefetch_needs_no_lock),
	KUNIT_CASE(prefetch_creates_no_page),
	KUNIT_CASE(prefetch_of_a_bad_range_is_EINVAL),
	KUNIT_CASE(prefetch_outlives_the_object),
	KUNIT_CASE(prefetch_keeps_nothing_of_a_freed_object),
	KUNIT_CASE(prefetch_and_restore_meet),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_restore);
