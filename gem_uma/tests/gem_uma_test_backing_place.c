// SPDX-License-Identifier: GPL-2.0
/* Tests of the backing part: pages that were migrated while nobody held them. */
#include <linux/mmzone.h>
#include <linux/nodemask.h>

#include "gem_uma_mock.h"

#define PAGES	5

struct place_rig {
	struct gem_uma_mock *mock;
	struct gem_uma_object *uobj;
	struct gem_uma_backing *b;
};

static void place_evict(struct place_rig *rig)
{
	scoped_guard(gem_uma_resv, rig->uobj->base.resv)
		gem_uma_backing_release_locked(rig->b);
}

static int place_populate(struct place_rig *rig)
{
	guard(gem_uma_resv)(rig->uobj->base.resv);
	return gem_uma_backing_populate_locked(rig->b, 0, rig->b->nr_pages);
}

/* An evicted object with content. */
static struct place_rig place_rig(struct kunit *test, u64 size, u32 flags)
{
	struct place_rig rig = { .mock = gem_uma_mock_create(test, flags) };

	if (flags && !rig.mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios in this kernel");
	rig.uobj = &gem_uma_mock_object_create(test, rig.mock, size, flags)->base;
	rig.b = &rig.uobj->backing;
	gem_uma_mock_fill(test, rig.uobj, 3);
	place_evict(&rig);
	return rig;
}

/* From now on, the device reaches the lowest zone only. */
static void place_make_nearsighted(struct place_rig *rig)
{
	rig->mock->udev.gfp = GFP_USER | __GFP_DMA | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	mapping_set_gfp_mask(rig->b->file->f_mapping, rig->mock->udev.gfp);
}

/* The last zone that has a page of the object. */
static int place_zone(struct place_rig *rig)
{
	struct folio *folio;
	int zone = 0;
	pgoff_t i;

	for (i = 0; i < rig->b->nr_pages; i++) {
		folio = filemap_get_folio(rig->b->file->f_mapping, i);
		if (IS_ERR(folio))
			continue;
		zone = max_t(int, zone, folio_zonenum(folio));
		folio_put(folio);
	}
	return zone;
}

#ifdef CONFIG_ZONE_DMA
static void place_out_of_reach_is_replaced_rev_C3(struct kunit *test)
{
	struct place_rig rig = place_rig(test, PAGES * PAGE_SIZE, 0);

	KUNIT_ASSERT_GT(test, place_zone(&rig), ZONE_DMA);
	place_make_nearsighted(&rig);
	KUNIT_ASSERT_EQ(test, place_populate(&rig), 0);
	KUNIT_EXPECT_EQ(test, place_zone(&rig), ZONE_DMA);
	gem_uma_mock_expect_content(test, rig.uobj, 3);
	/* A copy that counts as clean would be dropped, and come back as zeroes. */
	place_evict(&rig);
	scoped_guard(gem_uma_resv, rig.uobj->base.resv)
		gem_uma_backing_writeback_locked(rig.b, ULONG_MAX);
	gem_uma_mock_expect_content(test, rig.uobj, 3);
	KUNIT_EXPECT_EQ(test, place_zone(&rig), ZONE_DMA);
}

/* The lowest zone may have no room for it. */
static void place_of_a_huge_folio_is_right_or_ENOMEM_rev_C3(struct kunit *test)
{
	struct place_rig rig = place_rig(test, PMD_SIZE, GEM_UMA_OBJECT_HUGE);
	gfp_t gfp = rig.mock->udev.gfp;
	int ret;

	place_make_nearsighted(&rig);
	ret = place_populate(&rig);
	if (ret) {
		KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
		KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 0);
	} else {
		KUNIT_EXPECT_EQ(test, place_zone(&rig), ZONE_DMA);
		gem_uma_mock_expect_content(test, rig.uobj, 3);
		place_evict(&rig);
	}
	rig.mock->udev.gfp = gfp;
	mapping_set_gfp_mask(rig.b->file->f_mapping, gfp);
	gem_uma_mock_expect_content(test, rig.uobj, 3);
}
#endif

static struct folio *place_alloc_movable(struct kunit *test)
{
	struct folio *folio;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		folio = __folio_alloc_node(GFP_HIGHUSER_MOVABLE | __GFP_THISNODE, 0, nid);
		if (folio && folio_zonenum(folio) == ZONE_MOVABLE)
			return folio;
		if (folio)
			folio_put(folio);
	}
	kunit_skip(test, "needs movablecore= on the command line");
	return NULL;
}

/* As compaction would, if it chose this page: put the content where it must stay movable. */
static struct folio *place_make_movable(struct kunit *test, struct place_rig *rig)
{
	struct folio *old, *new = place_alloc_movable(test);

	old = filemap_lock_folio(rig->b->file->f_mapping, 2);
	KUNIT_ASSERT_FALSE(test, IS_ERR(old));
	folio_copy(new, old);
	folio_mark_uptodate(new);
	__folio_set_locked(new);
	__folio_set_swapbacked(new);
	folio_mark_dirty(new);
	replace_page_cache_folio(old, new);
	folio_add_lru(new);
	folio_unlock(new);
	folio_unlock(old);
	folio_put(old);
	return new;
}

static void place_that_must_stay_movable_is_left_rev_C3(struct kunit *test)
{
	struct place_rig rig = place_rig(test, PAGES * PAGE_SIZE, 0);

	folio_put(place_make_movable(test, &rig));
	KUNIT_ASSERT_EQ(test, place_zone(&rig), ZONE_MOVABLE);
	KUNIT_EXPECT_EQ(test, place_populate(&rig), 0);
	KUNIT_EXPECT_LT(test, place_zone(&rig), ZONE_MOVABLE);
	gem_uma_mock_expect_content(test, rig.uobj, 3);
}

/* Somebody else refers to the page, so it cannot move; and is not held for that. */
static void place_that_cannot_be_left_is_ENOMEM_rev_C3(struct kunit *test)
{
	struct place_rig rig = place_rig(test, PAGES * PAGE_SIZE, 0);
	struct folio *folio = place_make_movable(test, &rig);

	KUNIT_EXPECT_EQ(test, place_populate(&rig), -ENOMEM);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 2);
	folio_put(folio);
	KUNIT_EXPECT_EQ(test, place_populate(&rig), 0);
	KUNIT_EXPECT_LT(test, place_zone(&rig), ZONE_MOVABLE);
	gem_uma_mock_expect_content(test, rig.uobj, 3);
}

static struct kunit_case gem_uma_backing_place_cases[] = {
#ifdef CONFIG_ZONE_DMA
	KUNIT_CASE(place_out_of_reach_is_replaced_rev_C3),
	KUNIT_CASE(place_of_a_huge_folio_is_right_or_ENOMEM_rev_C3),
#endif
	KUNIT_CASE(place_that_must_stay_movable_is_left_rev_C3),
	KUNIT_CASE(place_that_cannot_be_left_is_ENOMEM_rev_C3),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_backing_place);
