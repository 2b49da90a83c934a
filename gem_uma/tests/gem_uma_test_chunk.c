// SPDX-License-Identifier: GPL-2.0
/* Tests of large objects, which lose their pages by chunk. */
#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_user.h"

#define CHUNK	GEM_UMA_BACKING_CHUNK
#define CHUNKS	3
/* The last one is not a whole one. */
#define PAGES	(CHUNKS * CHUNK - 5)

static unsigned long chunk_addr(const struct gem_uma_user *room, unsigned int chunk)
{
	return room->addr + ((chunk * CHUNK) << PAGE_SHIFT);
}

/* All pages are held, and the CPU maps some of each chunk, which are written. */
static struct gem_uma_user chunk_room(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, PAGES);
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	gem_uma_user_fill(test, room.uobj);
	for (i = 0; i < CHUNKS; i++)
		KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, chunk_addr(&room, i)),
				gem_uma_user_pattern(i * CHUNK));
	return room;
}

static long chunk_evict(struct gem_uma_user *room, unsigned long nr_pages)
{
	struct gem_uma_reclaim *reclaim = &room->uobj->reclaim;
	long ret;

	scoped_guard(gem_uma_resv, room->obj->resv) {
		fs_reclaim_acquire(GFP_KERNEL);
		ret = reclaim->ops->evict(reclaim, nr_pages);
		fs_reclaim_release(GFP_KERNEL);
		gem_uma_object_update_locked(room->uobj);
	}
	return ret;
}

static void chunk_expect_resident(struct kunit *test, const struct gem_uma_user *room,
				  unsigned int chunks)
{
	unsigned int i;

	for (i = 0; i < CHUNKS; i++) {
		bool resident = chunks & BIT(i);

		KUNIT_EXPECT_EQ_MSG(test, gem_uma_user_is_resident(room->uobj, i * CHUNK),
				    resident, "chunk %u", i);
		KUNIT_EXPECT_EQ_MSG(test, gem_uma_user_look(chunk_addr(room, i)).present,
				    resident, "chunk %u", i);
	}
}

static void chunk_is_all_that_an_eviction_takes_rev_F7(struct kunit *test)
{
	struct gem_uma_user room = chunk_room(test);
	struct gem_uma_backing *b = &room.uobj->backing;

	KUNIT_EXPECT_EQ(test, chunk_evict(&room, 1), CHUNK);
	chunk_expect_resident(test, &room, BIT(1) | BIT(2));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(b), PAGES - CHUNK);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(b), CHUNK);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evictions(b), 1);
	/* The last chunk is shorter. */
	KUNIT_EXPECT_EQ(test, chunk_evict(&room, CHUNK + 1), PAGES - CHUNK);
	chunk_expect_resident(test, &room, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(b), 0);
	gem_uma_mock_expect_content(test, room.uobj, 1);
}

static void chunk_that_was_used_goes_last_rev_F7(struct kunit *test)
{
	struct gem_uma_user room = chunk_room(test);

	/* Each was used. From now on, only those that are used again. */
	KUNIT_EXPECT_EQ(test, chunk_evict(&room, 1), CHUNK);
	chunk_expect_resident(test, &room, BIT(1) | BIT(2));
	gem_uma_user_get(test, chunk_addr(&room, 1) + 100 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, chunk_evict(&room, 1), PAGES - 2 * CHUNK);
	chunk_expect_resident(test, &room, BIT(1));
}

/* A device needs all pages that it maps, and the CPU goes on with what is left. */
static void chunk_of_what_a_device_maps_is_the_whole_object(struct kunit *test)
{
	struct gem_uma_user room = chunk_room(test);

	scoped_guard(gem_uma_resv, room.obj->resv) {
		room.mobj->dev_mapped = 1;
		gem_uma_object_update_locked(room.uobj);
	}
	KUNIT_EXPECT_EQ(test, chunk_evict(&room, 1), PAGES);
	chunk_expect_resident(test, &room, 0);
	gem_uma_mock_expect_content(test, room.uobj, 1);
}

/* While others are held, no LRU takes the pages of a chunk: a scan writes them first. */
static void chunk_is_written_before_the_next_is_evicted(struct kunit *test)
{
	struct gem_uma_user room = chunk_room(test);
	struct gem_uma_backing *b = &room.uobj->backing;

	KUNIT_EXPECT_EQ(test, chunk_evict(&room, 1), CHUNK);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(b), PAGES);
	/* Not just used. */
	gem_uma_reclaim_mark_used_at(&room.uobj->reclaim, 0);
	KUNIT_EXPECT_GE(test, gem_uma_reclaim_device_run(&room.mock->udev, CHUNK / 2), CHUNK / 2);
	KUNIT_EXPECT_LE(test, gem_uma_backing_in_memory(b), PAGES - CHUNK / 2);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evictions(b), 1);
	gem_uma_mock_expect_content(test, room.uobj, 1);
}

/* Stores that only the page tables of the CPU know of, and those that the core forgot. */
static void chunk_keeps_what_was_written(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, PAGES);
	unsigned long mapped = chunk_addr(&room, 1), unmapped = mapped + 40 * PAGE_SIZE;

	gem_uma_mock_needs_swap(test);
	gem_uma_user_put(test, chunk_addr(&room, 0), 1);
	gem_uma_user_get(test, mapped);
	gem_uma_user_get(test, unmapped);
	gem_uma_user_get(test, chunk_addr(&room, 2));
	gem_uma_user_put(test, mapped, 7);
	gem_uma_user_put(test, unmapped, 8);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(unmapped, PAGE_SIZE));
	while (gem_uma_user_is_resident(room.uobj, CHUNK))
		KUNIT_ASSERT_GT(test, chunk_evict(&room, 1), 0);
	gem_uma_mock_drop_clean(room.uobj);
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, mapped), 7);
	KUNIT_EXPECT_TRUE(test, gem_uma_user_is_dirty(test, room.uobj, CHUNK));
	scoped_guard(gem_uma_resv, room.obj->resv)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_backing_populate_locked(&room.uobj->backing, 0,
									 PAGES));
	KUNIT_EXPECT_EQ(test, *(u32 *)page_address(gem_uma_user_page(test, room.uobj,
								     CHUNK + 40)), 8);
}

/* Nobody would write them, and nobody else would take them while other pages are held. */
static void chunk_drops_what_is_clean(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, PAGES);
	struct gem_uma_backing *b = &room.uobj->backing;

	gem_uma_mock_needs_swap(test);
	scoped_guard(gem_uma_resv, room.obj->resv) {
		KUNIT_ASSERT_EQ(test, 0, gem_uma_backing_populate_locked(b, 0, PAGES));
		gem_uma_backing_mark_dirty_locked(b, 1, 2);
		gem_uma_object_update_locked(room.uobj);
	}
	KUNIT_EXPECT_EQ(test, chunk_evict(&room, 1), CHUNK);
	/* But for those that the kernel has in its batches. */
	KUNIT_EXPECT_LE(test, gem_uma_backing_in_memory(b), PAGES - CHUNK / 2);
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr), 0);
}

/* One page is read from swap for one fault, and what is in memory comes with it. */
static void chunk_single_pages_come_back_alone_rev_F7(struct kunit *test)
{
	struct gem_uma_user room = chunk_room(test);
	struct gem_uma_backing *b = &room.uobj->backing;
	unsigned long nr = 0;

	KUNIT_EXPECT_EQ(test, gem_uma_user_evict_all(&room), PAGES);
	scoped_guard(gem_uma_resv, room.obj->resv)
		while (nr < PAGES / 2)
			nr += gem_uma_backing_writeback_locked(b, PAGES);
	gem_uma_user_get(test, room.addr + 7 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(b), 1);
	/* In order, so those behind it are welcome. */
	gem_uma_user_get(test, room.addr + 8 * PAGE_SIZE);
	KUNIT_EXPECT_GE(test, gem_uma_backing_resident(b), 8);
	gem_uma_mock_expect_content(test, room.uobj, 1);
}

static struct kunit_case gem_uma_chunk_cases[] = {
	KUNIT_CASE(chunk_is_all_that_an_eviction_takes_rev_F7),
	KUNIT_CASE(chunk_that_was_used_goes_last_rev_F7),
	KUNIT_CASE(chunk_of_what_a_device_maps_is_the_whole_object),
	KUNIT_CASE(chunk_is_written_before_the_next_is_evicted),
	KUNIT_CASE(chunk_keeps_what_was_written),
	KUNIT_CASE(chunk_drops_what_is_clean),
	KUNIT_CASE_SLOW(chunk_single_pages_come_back_alone_rev_F7),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_chunk);
