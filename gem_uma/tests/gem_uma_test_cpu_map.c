// SPDX-License-Identifier: GPL-2.0
/* Tests of the cpu_map part: mappings, and what is seen through them. */
#include <linux/dma-buf.h>
#include <linux/module.h>

#include <drm/drm_prime.h>
#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_test_object.h"
#include "gem_uma_user.h"

/* The first window of a fault, in pages. */
#define WINDOW	16
#define RW	(PROT_READ | PROT_WRITE)

static void cpu_map_init_refuses_WC_of_unclean_EINVAL(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 1);
	struct gem_uma_cpu_map cmap = {};

	KUNIT_EXPECT_EQ(test, gem_uma_cpu_map_init(&cmap, &room.uobj->backing, true, 0),
			-EINVAL);
	KUNIT_EXPECT_NULL(test, cmap.backing);
	KUNIT_EXPECT_EQ(test, gem_uma_cpu_map_init(&cmap, &room.uobj->backing, false, 0), 0);
}

static void cpu_map_fini_of_zeroed_does_nothing(struct kunit *test)
{
	struct gem_uma_cpu_map cmap = {};

	gem_uma_cpu_map_fini(&cmap);
	KUNIT_EXPECT_NULL(test, cmap.backing);
}

static void cpu_map_WC_only_if_not_coherent_uma_A7(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };

	room.mock->udev.coherent = true;
	gem_uma_user_object(test, &room, 1, GEM_UMA_OBJECT_WC);
	KUNIT_EXPECT_EQ(test, room.cmap->mode, GEM_UMA_CACHE_WB);
	room.mock->udev.coherent = false;
	gem_uma_user_object(test, &room, 1, GEM_UMA_OBJECT_WC);
	KUNIT_EXPECT_EQ(test, room.cmap->mode, GEM_UMA_CACHE_WC);
	gem_uma_user_object(test, &room, 1, 0);
	KUNIT_EXPECT_EQ(test, room.cmap->mode, GEM_UMA_CACHE_WB);
}

static void cpu_map_vmas_are_counted_over_splits(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 16);

	KUNIT_EXPECT_EQ(test, gem_uma_cpu_map_mmaps(room.cmap), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 2);
	/* The middle: one becomes two. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(room.addr + 4 * PAGE_SIZE, 4 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, gem_uma_cpu_map_mmaps(room.cmap), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 3);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(room.addr, room.size));
	KUNIT_EXPECT_EQ(test, gem_uma_cpu_map_mmaps(room.cmap), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 1);
}

static void cpu_map_mmap_allocates_nothing(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 64);

	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&room.uobj->backing), 0);
}

/* Touches a page. Returns how many pages that one fault mapped. */
static unsigned long cpu_map_touch(struct kunit *test, struct gem_uma_user *room,
				   unsigned long pgoff)
{
	unsigned long pages = room->size >> PAGE_SHIFT;
	unsigned long before = gem_uma_user_count_ptes(room->addr, pages);

	gem_uma_user_get(test, room->addr + (pgoff << PAGE_SHIFT));
	return gem_uma_user_count_ptes(room->addr, pages) - before;
}

/* First page after @pgoff whose address is a multiple of so many pages. */
static unsigned long cpu_map_next_border(struct gem_uma_user *room, unsigned long pgoff,
					 unsigned long span)
{
	unsigned long addr = room->addr + ((pgoff + 1) << PAGE_SHIFT);

	return (ALIGN(addr, span << PAGE_SHIFT) - room->addr) >> PAGE_SHIFT;
}

static void cpu_map_window_grows_in_order_and_falls_back(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 256);
	/* Where the windows of 16, 32 and 64 pages end: aligned like the address. */
	unsigned long first = cpu_map_next_border(&room, 3, WINDOW);
	unsigned long second = cpu_map_next_border(&room, first, 2 * WINDOW);
	unsigned long third = cpu_map_next_border(&room, second, 4 * WINDOW);

	/* Backwards there is nothing resident, and nothing that would be wanted. */
	KUNIT_EXPECT_EQ(test, cpu_map_touch(test, &room, 3), first - 3);
	KUNIT_EXPECT_EQ(test, cpu_map_touch(test, &room, first), second - first);
	KUNIT_EXPECT_EQ(test, cpu_map_touch(test, &room, second), third - second);
	/* A jump: small again. */
	KUNIT_EXPECT_LE(test, cpu_map_touch(test, &room, 230), WINDOW);
}

static void cpu_map_fault_restores_the_evicted(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 40);

	gem_uma_mock_needs_swap(test);
	gem_uma_user_fill(test, room.uobj);
	gem_uma_user_expect_pages(test, room.addr, 0, 40);
	KUNIT_EXPECT_EQ(test, gem_uma_user_evict_all(&room), 40);
	KUNIT_EXPECT_EQ(test, gem_uma_user_count_ptes(room.addr, 40), 0);
	gem_uma_user_expect_pages(test, room.addr, 0, 40);
	KUNIT_EXPECT_EQ(test, room.uobj->backing.restored_pages, 40);
	KUNIT_EXPECT_EQ(test, room.uobj->reclaim.state, GEM_UMA_CPU_MAPPED);
}

static void cpu_map_WC_maps_WC_and_only_by_PTE_panthor_74(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, true) };
	struct gem_uma_user_pte pte;

	room.mock->udev.coherent = false;
	gem_uma_user_object(test, &room, GEM_UMA_MOCK_HUGE,
			    GEM_UMA_OBJECT_WC | GEM_UMA_OBJECT_HUGE);
	room.addr = gem_uma_mock_mmap(test, room.obj, room.size, 0);
	gem_uma_user_put(test, room.addr, 42);
	pte = gem_uma_user_look(room.addr);
	KUNIT_EXPECT_TRUE(test, pte.present);
	KUNIT_EXPECT_FALSE(test, pte.huge);
	KUNIT_EXPECT_EQ(test, pgprot_val(pte.prot), pgprot_val(pgprot_writecombine(pte.prot)));
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr), 42);
}

/* What cannot be cleaned must not be mapped uncached. */
static void cpu_map_WC_of_unplugged_cannot_be_touched(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };
	u32 word = 0;

	room.mock->udev.coherent = false;
	gem_uma_user_object(test, &room, 4, GEM_UMA_OBJECT_WC);
	room.addr = gem_uma_mock_mmap(test, room.obj, room.size, 0);
	gem_uma_object_unplug_all(&room.mock->udev);
	KUNIT_EXPECT_EQ(test, sizeof(word),
			copy_from_user(&word, (u32 __user *)room.addr, sizeof(word)));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&room.uobj->backing), 0);
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(room.obj->resv));
}

static void cpu_map_zap_makes_all_fault_again(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 16);
	unsigned long other = gem_uma_mock_mmap(test, room.obj, 4 * PAGE_SIZE, 8 * PAGE_SIZE);

	gem_uma_user_fill(test, room.uobj);
	gem_uma_user_expect_pages(test, room.addr, 0, 16);
	gem_uma_user_expect_pages(test, other, 8, 4);
	scoped_guard(gem_uma_resv, room.obj->resv)
		gem_uma_cpu_map_zap_locked(room.cmap);
	KUNIT_EXPECT_EQ(test, gem_uma_user_count_ptes(room.addr, 16), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_user_count_ptes(other, 4), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&room.uobj->backing), 16);
	gem_uma_user_expect_pages(test, room.addr, 0, 16);
	gem_uma_user_expect_pages(test, other, 8, 4);
}

static void cpu_map_zap_without_mapping_does_nothing(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };

	gem_uma_user_object(test, &room, 4, 0);
	scoped_guard(gem_uma_resv, room.obj->resv)
		gem_uma_cpu_map_zap_locked(room.cmap);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&room.uobj->backing), 0);
}

static void cpu_map_zap_reaches_mappings_of_the_dmabuf_panthor_78(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };
	struct dma_buf *dmabuf;
	unsigned long addr;

	gem_uma_mock_needs_swap(test);
	gem_uma_user_object(test, &room, 16, 0);
	gem_uma_user_fill(test, room.uobj);
	dmabuf = drm_gem_prime_export(room.obj, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	addr = kunit_vm_mmap(test, dmabuf->file, 0, 8 * PAGE_SIZE, RW, MAP_SHARED,
			     8 * PAGE_SIZE);
	/* The mapping keeps it. */
	dma_buf_put(dmabuf);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	gem_uma_user_expect_pages(test, addr, 8, 8);
	KUNIT_EXPECT_EQ(test, gem_uma_cpu_map_mmaps(room.cmap), 1);
	KUNIT_EXPECT_EQ(test, gem_uma_user_evict_all(&room), 16);
	KUNIT_EXPECT_EQ(test, gem_uma_user_count_ptes(addr, 8), 0);
	gem_uma_user_expect_pages(test, addr, 8, 8);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, 8 * PAGE_SIZE));
}

static void cpu_map_vmap_is_counted_and_pins(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 16);
	struct iosys_map a, b;

	dma_resv_lock(room.obj->resv, NULL);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_cpu_map_vmap_locked(room.cmap, &a));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_cpu_map_vmap_locked(room.cmap, &b));
	KUNIT_EXPECT_PTR_EQ(test, a.vaddr, b.vaddr);
	KUNIT_EXPECT_EQ(test, atomic_read(&room.uobj->backing.pins), 1);
	gem_uma_object_update_locked(room.uobj);
	KUNIT_EXPECT_EQ(test, room.uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	KUNIT_EXPECT_FALSE(test, gem_uma_cpu_map_vunmap_locked(room.cmap));
	KUNIT_EXPECT_EQ(test, atomic_read(&room.uobj->backing.pins), 1);
	KUNIT_EXPECT_TRUE(test, gem_uma_cpu_map_vunmap_locked(room.cmap));
	KUNIT_EXPECT_EQ(test, atomic_read(&room.uobj->backing.pins), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&room.uobj->backing), 16);
	gem_uma_object_update_locked(room.uobj);
	dma_resv_unlock(room.obj->resv);
	KUNIT_EXPECT_EQ(test, room.uobj->reclaim.state, GEM_UMA_CPU_MAPPED);
}

static void cpu_map_last_vunmap_of_a_pinned_object(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 4);
	struct iosys_map map;

	dma_resv_lock(room.obj->resv, NULL);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_backing_pin_locked(&room.uobj->backing));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_cpu_map_vmap_locked(room.cmap, &map));
	/* Somebody else has a pin: the state did not change. */
	KUNIT_EXPECT_FALSE(test, gem_uma_cpu_map_vunmap_locked(room.cmap));
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_unpin_locked(&room.uobj->backing));
	dma_resv_unlock(room.obj->resv);
}

static void cpu_map_vmap_and_mmap_see_the_same(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 8);
	struct iosys_map map;
	unsigned long i;
	u32 *word;

	gem_uma_mock_needs_swap(test);
	scoped_guard(gem_uma_resv, room.obj->resv)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(room.obj, &map));
	for (i = 0; i < 8; i++) {
		word = map.vaddr + (i << PAGE_SHIFT);
		WRITE_ONCE(*word, gem_uma_user_pattern(i));
		KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr + (i << PAGE_SHIFT)),
				gem_uma_user_pattern(i));
		gem_uma_user_put(test, room.addr + (i << PAGE_SHIFT), ~(u32)i);
		KUNIT_EXPECT_EQ(test, READ_ONCE(*word), ~(u32)i);
		/* Written, whoever did: nothing of it is clean. */
		KUNIT_EXPECT_TRUE(test, gem_uma_user_is_dirty(test, room.uobj, i));
	}
	KUNIT_EXPECT_EQ(test, gem_uma_user_evict_all(&room), 0);
	scoped_guard(gem_uma_resv, room.obj->resv)
		gem_uma_object_vunmap(room.obj, &map);
	KUNIT_EXPECT_EQ(test, gem_uma_user_evict_all(&room), 8);
}

/* At an address where PMDs fit, if the object starts there. */
static unsigned long cpu_map_mmap_aligned(struct kunit *test, struct gem_uma_user *room,
					  unsigned long shift)
{
	unsigned long size = room->size + PMD_SIZE, addr;

	/* Room first, anonymous; then in its middle. */
	addr = kunit_vm_mmap(test, NULL, 0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	addr = ALIGN(addr, PMD_SIZE) + shift;
	addr = kunit_vm_mmap(test, gem_uma_mock_file(test, room->obj), addr, room->size, RW,
			     MAP_SHARED | MAP_FIXED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

/* Two huge folios, resident; skips the test where the kernel has none. */
static struct gem_uma_user cpu_map_room_huge(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, true) };
	struct gem_uma_run run = {};

	if (!room.mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios");
	gem_uma_user_object(test, &room, 2 * GEM_UMA_MOCK_HUGE, GEM_UMA_OBJECT_HUGE);
	gem_uma_user_fill(test, room.uobj);
	scoped_guard(gem_uma_resv, room.obj->resv)
		gem_uma_backing_run_locked(&room.uobj->backing, 0, GEM_UMA_MOCK_HUGE, &run);
	if (run.nr < GEM_UMA_MOCK_HUGE)
		kunit_skip(test, "no memory for huge folios");
	return room;
}

static void cpu_map_huge_folios_are_mapped_by_PMD_panthor_76(struct kunit *test)
{
	struct gem_uma_user room = cpu_map_room_huge(test);
	struct gem_uma_user_pte pte;

	gem_uma_mock_needs_swap(test);
	room.addr = cpu_map_mmap_aligned(test, &room, 0);
	gem_uma_user_expect_pages(test, room.addr + 9 * PAGE_SIZE, 9, 1);
	pte = gem_uma_user_look(room.addr + 9 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, pte.huge);
	KUNIT_EXPECT_TRUE(test, pte.writable);
	KUNIT_EXPECT_EQ(test, pte.pfn, page_to_pfn(gem_uma_user_page(test, room.uobj, 9)));
	/* The other half is written first. */
	gem_uma_user_put(test, room.addr + PMD_SIZE, 77);
	pte = gem_uma_user_look(room.addr + PMD_SIZE);
	KUNIT_EXPECT_TRUE(test, pte.huge);
	KUNIT_EXPECT_TRUE(test, pte.writable);
	/* And the first one, after the read. */
	gem_uma_user_put(test, room.addr, 78);
	KUNIT_EXPECT_TRUE(test, gem_uma_user_look(room.addr).writable);
	KUNIT_EXPECT_EQ(test, gem_uma_user_evict_all(&room), 2 * GEM_UMA_MOCK_HUGE);
	KUNIT_EXPECT_FALSE(test, gem_uma_user_look(room.addr).present);
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr), 78);
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr + PMD_SIZE), 77);
	gem_uma_user_expect_pages(test, room.addr + 9 * PAGE_SIZE, 9, 1);
}

static void cpu_map_huge_folios_at_odd_addresses_panthor_76(struct kunit *test)
{
	struct gem_uma_user room = cpu_map_room_huge(test);
	unsigned long i;

	room.addr = cpu_map_mmap_aligned(test, &room, PAGE_SIZE);
	for (i = 0; i < 2 * GEM_UMA_MOCK_HUGE; i += 37) {
		unsigned long addr = room.addr + (i << PAGE_SHIFT);

		KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, addr), gem_uma_user_pattern(i));
		KUNIT_EXPECT_FALSE(test, gem_uma_user_look(addr).huge);
	}
}

/* As if it had come back from swap. */
static void cpu_map_forget_dirty(struct kunit *test, struct gem_uma_user *room, pgoff_t pgoff)
{
	struct folio *folio = page_folio(gem_uma_user_page(test, room->uobj, pgoff));

	folio_lock(folio);
	folio_clear_dirty_for_io(folio);
	folio_unlock(folio);
}

static void cpu_map_zap_finds_the_written_of_huge_ptes_rev_F1(struct kunit *test)
{
	struct gem_uma_user room = cpu_map_room_huge(test);
	bool split;

	room.addr = cpu_map_mmap_aligned(test, &room, 0);
	for (split = false; ; split = true) {
		cpu_map_forget_dirty(test, &room, 0);
		cpu_map_forget_dirty(test, &room, GEM_UMA_MOCK_HUGE);
		gem_uma_user_get(test, room.addr);
		gem_uma_user_get(test, room.addr + PMD_SIZE);
		gem_uma_user_put(test, room.addr + PMD_SIZE, 5);
		KUNIT_EXPECT_TRUE(test, gem_uma_user_look(room.addr + PMD_SIZE).huge);
		if (split)
			KUNIT_ASSERT_EQ(test, 0, vm_munmap(room.addr + PAGE_SIZE, PAGE_SIZE));
		scoped_guard(gem_uma_resv, room.obj->resv)
			gem_uma_cpu_map_zap_locked(room.cmap);
		KUNIT_EXPECT_TRUE(test, gem_uma_user_is_dirty(test, room.uobj, GEM_UMA_MOCK_HUGE));
		/* The core forgot whether the one that it split was written. */
		KUNIT_EXPECT_EQ(test, gem_uma_user_is_dirty(test, room.uobj, 0), split);
		if (split)
			break;
	}
}

static void cpu_map_split_of_a_PMD_mapping_panthor_75_76(struct kunit *test)
{
	struct gem_uma_user room = cpu_map_room_huge(test);

	room.addr = cpu_map_mmap_aligned(test, &room, 0);
	gem_uma_user_get(test, room.addr);
	KUNIT_EXPECT_TRUE(test, gem_uma_user_look(room.addr).huge);
	/* Its middle goes: what stays is too short for a PMD. */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(room.addr + 100 * PAGE_SIZE, 100 * PAGE_SIZE));
	gem_uma_user_expect_pages(test, room.addr, 0, 100);
	gem_uma_user_expect_pages(test, room.addr + 200 * PAGE_SIZE, 200, 100);
	KUNIT_EXPECT_FALSE(test, gem_uma_user_look(room.addr).huge);
}

static void cpu_map_get_unmapped_area_fits_huge_folios(struct kunit *test)
{
	struct gem_uma_user room = cpu_map_room_huge(test);
	unsigned long addr;

	/* So that there is an address space. */
	gem_uma_mock_mmap(test, room.obj, PAGE_SIZE, 0);
	mmap_write_lock(current->mm);
	addr = gem_uma_cpu_map_get_unmapped_area(room.cmap, 0, room.size, 0, MAP_SHARED);
	mmap_write_unlock(current->mm);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(addr, PMD_SIZE));
	mmap_write_lock(current->mm);
	addr = gem_uma_cpu_map_get_unmapped_area(room.cmap, 0, TASK_SIZE + PAGE_SIZE, 0,
						 MAP_SHARED);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_TRUE(test, IS_ERR_VALUE(addr));
}

/* More than one window, and the last one is smaller. */
static void cpu_map_read_of_a_part_brings_nothing_back(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };
	u32 *words = kunit_kzalloc(test, 40 * PAGE_SIZE, GFP_KERNEL);
	unsigned long i;

	KUNIT_ASSERT_NOT_NULL(test, words);
	gem_uma_user_object(test, &room, 64, 0);
	KUNIT_ASSERT_EQ(test, 0, object_populate(room.uobj, 0, 50 * PAGE_SIZE));
	for (i = 0; i < 50; i++)
		*(u32 *)page_address(gem_uma_user_page(test, room.uobj, i)) = 300 + i;
	scoped_guard(object, room.uobj) {
		KUNIT_EXPECT_EQ(test, 0, gem_uma_cpu_map_read_locked(room.cmap, 7, 47, words));
		for (i = 0; i < 40; i++)
			KUNIT_EXPECT_EQ(test, words[i * PAGE_SIZE / sizeof(*words)], 307 + i);
		KUNIT_EXPECT_EQ(test, 0, gem_uma_cpu_map_read_locked(room.cmap, 60, 60, words));
		KUNIT_EXPECT_EQ(test, -ENXIO,
				gem_uma_cpu_map_read_locked(room.cmap, 30, 64, words));
	}
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&room.uobj->backing), 50);
	KUNIT_EXPECT_FALSE(test, atomic_read(&room.uobj->backing.pins));
}

static void cpu_map_read_of_WC_is_as_all_others(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };
	u32 *words = kunit_kzalloc(test, 2 * PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, words);
	room.mock->udev.coherent = false;
	gem_uma_user_object(test, &room, 2, GEM_UMA_OBJECT_WC);
	gem_uma_user_fill(test, room.uobj);
	scoped_guard(object, room.uobj)
		KUNIT_EXPECT_EQ(test, 0, gem_uma_cpu_map_read_locked(room.cmap, 0, 2, words));
	KUNIT_EXPECT_EQ(test, words[PAGE_SIZE / sizeof(*words)], gem_uma_user_pattern(1));
}

/* As in a panic: interrupts are off, and somebody else has the resv for ever. */
static void *cpu_map_peek(const struct gem_uma_cpu_map *cmap, pgoff_t pgoff)
{
	unsigned long flags;
	void *vaddr;

	local_irq_save(flags);
	vaddr = gem_uma_cpu_map_peek(cmap, pgoff);
	local_irq_restore(flags);
	return vaddr;
}

static void cpu_map_peek_finds_pages_of_the_pinned_ports_G8(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 4);
	struct gem_uma_mock_holder *holder;
	unsigned long i;
	u32 *word;

	gem_uma_user_fill(test, room.uobj);
	KUNIT_EXPECT_NULL(test, cpu_map_peek(room.cmap, 0));
	KUNIT_ASSERT_EQ(test, 0, object_pin(room.uobj));
	holder = gem_uma_mock_hold(test, room.obj, 0);
	for (i = 0; i < 4; i++) {
		word = cpu_map_peek(room.cmap, i);
		KUNIT_ASSERT_NOT_NULL(test, word);
		KUNIT_EXPECT_EQ(test, READ_ONCE(*word), gem_uma_user_pattern(i));
		WRITE_ONCE(*word, i);
	}
	KUNIT_EXPECT_NULL(test, cpu_map_peek(room.cmap, 4));
	/* A fault needs the resv. */
	gem_uma_mock_unhold(test, holder);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr + (i << PAGE_SHIFT)), i);
	object_unpin(room.uobj);
	KUNIT_EXPECT_NULL(test, cpu_map_peek(room.cmap, 0));
}

static void cpu_map_peek_into_huge_folios(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, true) };
	pgoff_t last = GEM_UMA_MOCK_HUGE - 1;

	gem_uma_user_object(test, &room, GEM_UMA_MOCK_HUGE, GEM_UMA_OBJECT_HUGE);
	KUNIT_ASSERT_EQ(test, 0, object_pin(room.uobj));
	KUNIT_EXPECT_PTR_EQ(test, cpu_map_peek(room.cmap, last),
			    page_address(gem_uma_user_page(test, room.uobj, last)));
	object_unpin(room.uobj);
}

/* The kernel's own mapping is cached: what is written there may be seen by nobody. */
static void cpu_map_peek_at_WC_needs_a_vmap(struct kunit *test)
{
	struct gem_uma_user room = { .mock = gem_uma_mock_create(test, false) };
	struct iosys_map map;

	room.mock->udev.coherent = false;
	gem_uma_user_object(test, &room, 2, GEM_UMA_OBJECT_WC);
	KUNIT_ASSERT_EQ(test, 0, object_pin(room.uobj));
	KUNIT_EXPECT_NULL(test, cpu_map_peek(room.cmap, 1));
	scoped_guard(object, room.uobj)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(room.obj, &map));
	KUNIT_EXPECT_PTR_EQ(test, cpu_map_peek(room.cmap, 1), map.vaddr + PAGE_SIZE);
	scoped_guard(object, room.uobj)
		gem_uma_object_vunmap(room.obj, &map);
	KUNIT_EXPECT_NULL(test, cpu_map_peek(room.cmap, 1));
	object_unpin(room.uobj);
}

static void cpu_map_peek_at_an_import_is_NULL(struct kunit *test)
{
	struct gem_uma_cpu_map cmap = {};

	KUNIT_EXPECT_NULL(test, cpu_map_peek(&cmap, 0));
}

static struct kunit_case gem_uma_cpu_map_cases[] = {
	KUNIT_CASE(cpu_map_init_refuses_WC_of_unclean_EINVAL),
	KUNIT_CASE(cpu_map_fini_of_zeroed_does_nothing),
	KUNIT_CASE(cpu_map_WC_only_if_not_coherent_uma_A7),
	KUNIT_CASE(cpu_map_vmas_are_counted_over_splits),
	KUNIT_CASE(cpu_map_mmap_allocates_nothing),
	KUNIT_CASE(cpu_map_window_grows_in_order_and_falls_back),
	KUNIT_CASE(cpu_map_fault_restores_the_evicted),
	KUNIT_CASE(cpu_map_WC_maps_WC_and_only_by_PTE_panthor_74),
	KUNIT_CASE(cpu_map_WC_of_unplugged_cannot_be_touched),
	KUNIT_CASE(cpu_map_zap_makes_all_fault_again),
	KUNIT_CASE(cpu_map_zap_without_mapping_does_nothing),
	KUNIT_CASE(cpu_map_zap_reaches_mappings_of_the_dmabuf_panthor_78),
	KUNIT_CASE(cpu_map_vmap_is_counted_and_pins),
	KUNIT_CASE(cpu_map_last_vunmap_of_a_pinned_object),
	KUNIT_CASE(cpu_map_vmap_and_mmap_see_the_same),
	KUNIT_CASE(cpu_map_huge_folios_are_mapped_by_PMD_panthor_76),
	KUNIT_CASE(cpu_map_huge_folios_at_odd_addresses_panthor_76),
	KUNIT_CASE(cpu_map_zap_finds_the_written_of_huge_ptes_rev_F1),
	KUNIT_CASE(cpu_map_split_of_a_PMD_mapping_panthor_75_76),
	KUNIT_CASE(cpu_map_get_unmapped_area_fits_huge_folios),
	KUNIT_CASE(cpu_map_read_of_a_part_brings_nothing_back),
	KUNIT_CASE(cpu_map_read_of_WC_is_as_all_others),
	KUNIT_CASE(cpu_map_peek_finds_pages_of_the_pinned_ports_G8),
	KUNIT_CASE(cpu_map_peek_into_huge_folios),
	KUNIT_CASE(cpu_map_peek_at_WC_needs_a_vmap),
	KUNIT_CASE(cpu_map_peek_at_an_import_is_NULL),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_cpu_map);

MODULE_IMPORT_NS("DMA_BUF");
