// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what reclaim knows of pages: whoever could write made them dirty before, and
 * what nobody could write is dropped.
 *
 * Clean pages that nobody holds are dropped here, as memory pressure would do. One that
 * was written and is clean reads back as zero then: that is what these tests look for.
 */
#include <linux/highmem.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>

#include "gem_uma_mock_vm.h"
#include "gem_uma_test_object.h"
#include "gem_uma_user.h"

#define PAGES	8
#define SIZE	(PAGES * PAGE_SIZE)

/* One object, and the ways to get at it. */
struct dirty_rig {
	struct kunit *test;
	struct gem_uma_mock *mock;
	struct gem_uma_object *uobj;
	unsigned long addr;
};

static struct dirty_rig dirty_rig_create(struct kunit *test)
{
	struct dirty_rig rig = { .test = test, .mock = gem_uma_mock_create(test, false) };

	rig.uobj = &gem_uma_mock_object_create(test, rig.mock, SIZE, 0)->base;
	rig.addr = gem_uma_mock_mmap(test, &rig.uobj->base, SIZE, 0);
	return rig;
}

static u32 dirty_read(struct dirty_rig *rig, pgoff_t pgoff)
{
	return gem_uma_user_get(rig->test, rig->addr + pgoff * PAGE_SIZE);
}

static void dirty_write(struct dirty_rig *rig, pgoff_t pgoff, u32 word)
{
	gem_uma_user_put(rig->test, rig->addr + pgoff * PAGE_SIZE, word);
}

/* As a scan does; then memory is short, and the system takes what is clean. */
static void dirty_evict(struct dirty_rig *rig)
{
	struct gem_uma_reclaim *reclaim = &rig->uobj->reclaim;

	object_lock(rig->uobj);
	KUNIT_EXPECT_GE(rig->test, reclaim->ops->evict(reclaim, ULONG_MAX), 0);
	gem_uma_object_update_locked(rig->uobj);
	object_unlock(rig->uobj);
	gem_uma_mock_drop_clean(rig->uobj);
}

static unsigned long dirty_in_memory(struct dirty_rig *rig)
{
	return gem_uma_backing_in_memory(&rig->uobj->backing);
}

/* As a device writes: past all that the CPU knows. */
static void dirty_poke(struct dirty_rig *rig, pgoff_t pgoff, u32 word)
{
	struct gem_uma_run run;
	u32 *to;

	object_lock(rig->uobj);
	KUNIT_ASSERT_EQ(rig->test, 0, gem_uma_backing_run_locked(&rig->uobj->backing, pgoff,
								 pgoff + 1, &run));
	object_unlock(rig->uobj);
	to = kmap_local_page(pfn_to_page(run.pfn));
	*to = word;
	kunmap_local(to);
}

static void dirty_written_through_a_read_faulted_mapping(struct kunit *test)
{
	struct dirty_rig rig = dirty_rig_create(test);
	pgoff_t i, round;

	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	for (round = 0; round < 2; round++) {
		for (i = 0; i < PAGES; i++)
			dirty_read(&rig, i);
		for (i = 0; i < PAGES; i += 2)
			dirty_write(&rig, i, 100 * round + i);
		dirty_evict(&rig);
		/* Only what was written is still there. */
		KUNIT_EXPECT_EQ(test, dirty_in_memory(&rig), PAGES / 2);
		for (i = 0; i < PAGES; i++)
			KUNIT_EXPECT_EQ(test, dirty_read(&rig, i), i & 1 ? 0 : 100 * round + i);
	}
}

static void dirty_written_by_the_device_only(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_gpu *gpu = gem_uma_mock_gpu_create(test, mock);
	struct gem_uma_mock_vm *vm = gem_uma_mock_vm_create(gpu);
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_create(gpu, SIZE, 0);
	struct dirty_rig rig = { .test = test, .mock = mock, .uobj = &buf->base };
	u32 round;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_bind(vm, buf, 0, 0, PAGES));
	for (round = 1; round < 4; round++) {
		KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_vm_validate(vm));
		KUNIT_EXPECT_EQ(test, *gem_uma_mock_vm_word(vm, 5), round - 1);
		*gem_uma_mock_vm_word(vm, 5) = round;
		KUNIT_EXPECT_FALSE(test, gem_uma_backing_is_clean(&buf->base.backing));
		dirty_evict(&rig);
	}
}

static void dirty_written_through_vmap(struct kunit *test)
{
	struct dirty_rig rig = dirty_rig_create(test);
	struct iosys_map map;

	dirty_read(&rig, 0);
	object_lock(rig.uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&rig.uobj->base, &map));
	*(u32 *)(map.vaddr + 3 * PAGE_SIZE) = 33;
	gem_uma_object_vunmap(&rig.uobj->base, &map);
	object_unlock(rig.uobj);
	dirty_evict(&rig);
	KUNIT_EXPECT_EQ(test, dirty_read(&rig, 3), 33);
}

static void dirty_written_by_an_importer(struct kunit *test)
{
	struct dirty_rig rig = dirty_rig_create(test);
	struct sg_table *sgt;

	object_lock(rig.uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_pin(&rig.uobj->base));
	sgt = gem_uma_object_get_sg_table(&rig.uobj->base);
	object_unlock(rig.uobj);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	dirty_poke(&rig, 6, 66);
	sg_free_table(sgt);
	kfree(sgt);
	object_unpin(rig.uobj);
	dirty_evict(&rig);
	KUNIT_EXPECT_EQ(test, dirty_read(&rig, 6), 66);
}

/* Every way to get write access takes the object off the list of those never written. */
static void dirty_knowledge_follows_every_writer(struct kunit *test)
{
	struct dirty_rig rig = dirty_rig_create(test);
	struct gem_uma_backing *b = &rig.uobj->backing;

	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(b));
	dirty_read(&rig, 2);
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(b));
	KUNIT_EXPECT_EQ(test, rig.uobj->reclaim.state, GEM_UMA_NEVER_WRITTEN);
	KUNIT_ASSERT_EQ(test, 0, object_populate_clean(rig.uobj, 0, SIZE));
	KUNIT_EXPECT_EQ(test, rig.uobj->reclaim.state, GEM_UMA_NEVER_WRITTEN);
	/* The first write of a page that was read: its PTE knows, until it is taken. */
	dirty_write(&rig, 2, 5);
	scoped_guard(object, rig.uobj)
		gem_uma_cpu_map_zap_locked(&rig.uobj->cpu_map);
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_is_clean(b));
	KUNIT_EXPECT_EQ(test, rig.uobj->reclaim.ops->state(&rig.uobj->reclaim),
			GEM_UMA_CPU_MAPPED);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_discard(rig.uobj, 0, SIZE));
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(b));
	dirty_write(&rig, 2, 5);
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_is_clean(b));
	/* Pages that are not there were not written. */
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_discard(rig.uobj, 0, SIZE));
	scoped_guard(object, rig.uobj)
		gem_uma_backing_mark_dirty_locked(b, 0, PAGES);
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(b));
}

/* The list may be outdated by one store: the decision is made again under resv. */
static void dirty_write_behind_the_list_is_not_lost(struct kunit *test)
{
	struct dirty_rig rig = dirty_rig_create(test);

	dirty_read(&rig, 1);
	KUNIT_EXPECT_EQ(test, rig.uobj->reclaim.state, GEM_UMA_NEVER_WRITTEN);
	dirty_write(&rig, 1, 11);
	/* Only the page tables know. */
	KUNIT_EXPECT_EQ(test, rig.uobj->reclaim.state, GEM_UMA_NEVER_WRITTEN);
	object_evict_all(rig.mock);
	gem_uma_mock_drop_clean(rig.uobj);
	KUNIT_EXPECT_EQ(test, dirty_read(&rig, 1), 11);
}

static void dirty_never_written_goes_without_swap_panthor_46(struct kunit *test)
{
	struct dirty_rig rig = dirty_rig_create(test);
	struct gem_uma_mock_object *mobj = to_gem_uma_mock_object(rig.uobj);
	long swap = get_nr_swap_pages();
	pgoff_t i;

	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, dirty_read(&rig, i), 0);
	KUNIT_ASSERT_EQ(test, 0, object_populate_clean(rig.uobj, 0, SIZE));
	mobj->dev_mapped = true;
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.mock), PAGES);
	KUNIT_EXPECT_FALSE(test, mobj->dev_mapped);
	KUNIT_EXPECT_EQ(test, dirty_in_memory(&rig), 0);
	KUNIT_EXPECT_EQ(test, rig.uobj->dev_map.mapped.pages, 0);
	KUNIT_EXPECT_GE(test, get_nr_swap_pages(), swap);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_content(&rig.uobj->backing),
			GEM_UMA_CONTENT_NEEDED);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_EQ(test, dirty_read(&rig, i), 0);
	/* It was not evicted: there is nothing to bring back. */
	KUNIT_EXPECT_EQ(test, atomic64_read(&rig.mock->udev.evicted_pages), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&rig.mock->udev.restored_pages), 0);
}

static struct kunit_case gem_uma_purge_dirty_cases[] = {
	KUNIT_CASE(dirty_written_through_a_read_faulted_mapping),
	KUNIT_CASE(dirty_written_by_the_device_only),
	KUNIT_CASE(dirty_written_through_vmap),
	KUNIT_CASE(dirty_written_by_an_importer),
	KUNIT_CASE(dirty_knowledge_follows_every_writer),
	KUNIT_CASE(dirty_write_behind_the_list_is_not_lost),
	KUNIT_CASE(dirty_never_written_goes_without_swap_panthor_46),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_purge_dirty);
