// SPDX-License-Identifier: GPL-2.0
/* Tests of the cpu_map part: what is known of stores when the mappings go. */
#include <linux/mmu_notifier.h>
#include <linux/pgtable.h>

#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_user.h"

/* More than one word of bits, and not a multiple of it. */
#define PAGES	150

static void cpu_zap(struct gem_uma_user *room)
{
	scoped_guard(gem_uma_resv, room->obj->resv)
		gem_uma_cpu_map_zap_locked(room->cmap);
}

static void cpu_zap_read_all(struct kunit *test, struct gem_uma_user *room)
{
	unsigned long i;

	for (i = 0; i < room->size; i += PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, 0, gem_uma_user_get(test, room->addr + i));
}

static void cpu_zap_read_faults_map_writable_and_stay_clean_rev_F1(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, PAGES);
	unsigned long i;

	cpu_zap_read_all(test, &room);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_TRUE(test, gem_uma_user_look(room.addr + i * PAGE_SIZE).writable);
	cpu_zap(&room);
	KUNIT_EXPECT_EQ(test, gem_uma_user_count_ptes(room.addr, PAGES), 0);
	for (i = 0; i < PAGES; i++)
		KUNIT_EXPECT_FALSE(test, gem_uma_user_is_dirty(test, room.uobj, i));
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(&room.uobj->backing));
}

static void cpu_zap_finds_the_pages_that_were_written(struct kunit *test)
{
	static const unsigned long written[] = { 0, 1, 63, 64, 100, PAGES - 1 };
	struct gem_uma_user room = gem_uma_user_create(test, PAGES);
	unsigned long i, n = 0;

	cpu_zap_read_all(test, &room);
	for (i = 0; i < ARRAY_SIZE(written); i++)
		gem_uma_user_put(test, room.addr + written[i] * PAGE_SIZE, 5);
	cpu_zap(&room);
	for (i = 0; i < PAGES; i++) {
		bool expect = n < ARRAY_SIZE(written) && written[n] == i;

		KUNIT_EXPECT_EQ_MSG(test, gem_uma_user_is_dirty(test, room.uobj, i), expect,
				    "page %lu", i);
		n += expect;
	}
}

static void cpu_zap_write_fault_dirties_its_page_only(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, PAGES);
	unsigned long i;

	gem_uma_user_put(test, room.addr + 20 * PAGE_SIZE, 5);
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_is_clean(&room.uobj->backing));
	cpu_zap(&room);
	for (i = 0; i < PAGES; i++)
		if (gem_uma_user_is_resident(room.uobj, i))
			KUNIT_EXPECT_EQ(test, gem_uma_user_is_dirty(test, room.uobj, i), i == 20);
}

/* Clean pages are dropped by reclaim, and read back as zero: nothing may be lost. */
static void cpu_zap_written_survives_what_drops_clean_pages(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 8);
	unsigned long i;

	gem_uma_mock_needs_swap(test);
	cpu_zap_read_all(test, &room);
	for (i = 0; i < 8; i += 2)
		gem_uma_user_put(test, room.addr + i * PAGE_SIZE, gem_uma_user_pattern(i));
	KUNIT_EXPECT_EQ(test, gem_uma_user_evict_all(&room), 8);
	gem_uma_mock_drop_clean(room.uobj);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr + i * PAGE_SIZE),
				i % 2 ? 0 : gem_uma_user_pattern(i));
}

/* The core's last step of a first store to a page that was mapped before. */
static int cpu_zap_reuse_pte(pte_t *pte, unsigned long addr, void *data)
{
	set_pte_at(current->mm, addr, pte, pte_mkwrite_novma(pte_mkdirty(ptep_get(pte))));
	return 0;
}

static void cpu_zap_keeps_a_store_that_a_discard_overtook_rev_C6(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 1);
	struct vm_fault vmf = { .address = room.addr, .flags = FAULT_FLAG_WRITE };

	gem_uma_mock_needs_swap(test);
	gem_uma_user_get(test, room.addr);
	mmap_read_lock(current->mm);
	*(struct vm_area_struct **)&vmf.vma = find_vma(current->mm, room.addr);
	if (vmf.vma->vm_ops->pfn_mkwrite)
		vmf.vma->vm_ops->pfn_mkwrite(&vmf);
	mmap_read_unlock(current->mm);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_discard(room.uobj, 0, room.size));
	/* The same page again, as far as the core can see. */
	gem_uma_user_get(test, room.addr);
	KUNIT_ASSERT_EQ(test, 0, apply_to_page_range(current->mm, room.addr, PAGE_SIZE,
						     cpu_zap_reuse_pte, NULL));
	gem_uma_user_put(test, room.addr, 0x5a);
	gem_uma_user_evict_all(&room);
	gem_uma_mock_drop_clean(room.uobj);
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr), 0x5a);
}

/* Unmapping by the core forgets who wrote: then all that was mapped counts as written. */
static void cpu_zap_after_munmap_takes_the_mapped_for_written(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, PAGES);

	cpu_zap_read_all(test, &room);
	cpu_zap(&room);
	/* Only the window around page 40 is mapped now. */
	gem_uma_user_get(test, room.addr + 40 * PAGE_SIZE);
	gem_uma_user_put(test, room.addr + 40 * PAGE_SIZE, 5);
	KUNIT_EXPECT_FALSE(test, gem_uma_user_is_dirty(test, room.uobj, 40));
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(room.addr + 40 * PAGE_SIZE, PAGE_SIZE));
	cpu_zap(&room);
	KUNIT_EXPECT_TRUE(test, gem_uma_user_is_dirty(test, room.uobj, 40));
	KUNIT_EXPECT_FALSE(test, gem_uma_user_is_dirty(test, room.uobj, 0));
	KUNIT_EXPECT_FALSE(test, gem_uma_user_is_dirty(test, room.uobj, PAGES - 1));
}

static void cpu_zap_of_what_nobody_can_write(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };
	struct file *file;

	gem_uma_user_object(test, &room, PAGES, 0);
	file = gem_uma_mock_file(test, room.obj);
	file->f_mode &= ~FMODE_WRITE;
	room.addr = kunit_vm_mmap(test, file, 0, room.size, PROT_READ, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(room.addr));
	cpu_zap_read_all(test, &room);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(room.addr, PAGE_SIZE));
	cpu_zap(&room);
	KUNIT_EXPECT_EQ(test, gem_uma_user_count_ptes(room.addr, PAGES), 0);
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(&room.uobj->backing));
	file->f_mode |= FMODE_WRITE;
}

#ifdef CONFIG_MMU_NOTIFIER
static const struct mmu_notifier_ops cpu_zap_notifier_ops = {};

static void cpu_zap_unregister(void *data)
{
	struct mmu_notifier *notifier = data;

	mmu_notifier_unregister(notifier, notifier->mm);
}

/* KVM writes through page tables of its own, whose dirty bits nobody collects. */
static void cpu_zap_beside_a_notifier_takes_the_writable_for_written_rev_F1(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 4);
	struct mmu_notifier *notifier = gem_uma_mock_zalloc(test, sizeof(*notifier));
	unsigned long i;

	notifier->ops = &cpu_zap_notifier_ops;
	cpu_zap_read_all(test, &room);
	KUNIT_ASSERT_EQ(test, 0, mmu_notifier_register(notifier, current->mm));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, cpu_zap_unregister, notifier));
	cpu_zap(&room);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_TRUE(test, gem_uma_user_is_dirty(test, room.uobj, i));
}
#endif

static struct kunit_case gem_uma_cpu_zap_cases[] = {
	KUNIT_CASE(cpu_zap_read_faults_map_writable_and_stay_clean_rev_F1),
	KUNIT_CASE(cpu_zap_finds_the_pages_that_were_written),
	KUNIT_CASE(cpu_zap_write_fault_dirties_its_page_only),
	KUNIT_CASE(cpu_zap_written_survives_what_drops_clean_pages),
	KUNIT_CASE(cpu_zap_keeps_a_store_that_a_discard_overtook_rev_C6),
	KUNIT_CASE(cpu_zap_after_munmap_takes_the_mapped_for_written),
	KUNIT_CASE(cpu_zap_of_what_nobody_can_write),
#ifdef CONFIG_MMU_NOTIFIER
	KUNIT_CASE(cpu_zap_beside_a_notifier_takes_the_writable_for_written_rev_F1),
#endif
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_cpu_zap);
