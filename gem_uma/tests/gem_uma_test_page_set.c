// SPDX-License-Identifier: GPL-2.0
/* Tests of page sets, against one flag for each page. */
#include <linux/prandom.h>
#include <linux/sched/mm.h>

#include "gem_uma_mock.h"

/* Nothing is exported for tests alone: as a module they have a copy of their own. */
#ifdef MODULE
#include "../gem_uma_page_set.c"
#endif

/* Six chunks and a bit, so that there are borders, and a short chunk at the end. */
#define PAGES	3100UL
/* The largest without a tree, and one that ends inside of its last chunk. */
#define FEW	2048UL
#define FEWER	1100UL
#define STEPS	3000

struct page_set_rig {
	struct gem_uma_page_set set;
	pgoff_t size;
	bool in[PAGES];
	struct rnd_state rnd;
};

static struct page_set_rig *page_set_rig(struct kunit *test, pgoff_t size)
{
	struct page_set_rig *rig = gem_uma_mock_zalloc(test, sizeof(*rig));

	prandom_seed_state(&rig->rnd, 1);
	rig->size = size;
	gem_uma_page_set_init(&rig->set, size);
	return rig;
}

static pgoff_t page_set_random(struct page_set_rig *rig, pgoff_t max)
{
	return prandom_u32_state(&rig->rnd) % max;
}

static pgoff_t page_set_model_find(struct page_set_rig *rig, pgoff_t start, pgoff_t end, bool in)
{
	while (start < end && rig->in[start] != in)
		start++;
	return start;
}

/* Short ranges mostly, whole chunks sometimes. */
static struct gem_uma_extent page_set_range(struct page_set_rig *rig)
{
	struct gem_uma_extent e = { .start = page_set_random(rig, rig->size) };

	switch (page_set_random(rig, 4)) {
	case 0:
		e.end = e.start + 1;
		break;
	case 1:
		e = (struct gem_uma_extent) { round_down(e.start, 512),
					      min(round_up(e.start + 1, 512), rig->size) };
		break;
	default:
		e.end = min(e.start + 1 + page_set_random(rig, 300), rig->size);
	}
	return e;
}

static void page_set_fill(struct kunit *test, struct page_set_rig *rig,
			  struct gem_uma_extent range)
{
	struct gem_uma_extent e;
	pgoff_t i;

	for (; gem_uma_page_set_next_gap(&rig->set, range.start, range.end, &e);
	     range.start = e.end) {
		KUNIT_ASSERT_EQ(test, 0, gem_uma_page_set_reserve(&rig->set, e.start, e.end));
		gem_uma_page_set_add(&rig->set, e.start, e.end);
		for (i = e.start; i < e.end; i++) {
			KUNIT_ASSERT_FALSE(test, rig->in[i]);
			rig->in[i] = true;
		}
	}
}

static void page_set_cut(struct kunit *test, struct page_set_rig *rig, struct gem_uma_extent e)
{
	KUNIT_ASSERT_EQ(test, 0, gem_uma_page_set_split(&rig->set, e.start, e.end));
	gem_uma_page_set_remove(&rig->set, e.start, e.end);
	memset(&rig->in[e.start], 0, e.end - e.start);
}

static unsigned long page_set_count(const struct page_set_rig *rig)
{
	unsigned long n = 0;
	pgoff_t i;

	for (i = 0; i < rig->size; i++)
		n += rig->in[i];
	return n;
}

/* What a question about one range must be answered. */
static void page_set_ask(struct kunit *test, struct page_set_rig *rig, pgoff_t start, pgoff_t end)
{
	pgoff_t in = page_set_model_find(rig, start, end, true);
	pgoff_t out = page_set_model_find(rig, start, end, false);
	struct gem_uma_extent e;

	KUNIT_ASSERT_EQ(test, gem_uma_page_set_find(&rig->set, start, end, true), in);
	KUNIT_ASSERT_EQ(test, gem_uma_page_set_find(&rig->set, start, end, false), out);
	KUNIT_ASSERT_EQ(test, gem_uma_page_set_covers(&rig->set, start, end), out == end);
	KUNIT_ASSERT_EQ(test, gem_uma_page_set_next(&rig->set, start, end, &e), in < end);
	if (in < end) {
		KUNIT_ASSERT_EQ(test, e.start, in);
		KUNIT_ASSERT_EQ(test, e.end, page_set_model_find(rig, in, end, false));
	}
	KUNIT_ASSERT_EQ(test, gem_uma_page_set_next_gap(&rig->set, start, end, &e), out < end);
	if (out < end) {
		KUNIT_ASSERT_EQ(test, e.start, out);
		KUNIT_ASSERT_EQ(test, e.end, page_set_model_find(rig, out, end, true));
	}
}

static void page_set_compare(struct kunit *test, pgoff_t size)
{
	struct page_set_rig *rig = page_set_rig(test, size);
	unsigned int step;

	for (step = 0; step < STEPS; step++) {
		struct gem_uma_extent e = page_set_range(rig);

		/* Fills for a while, then empties, so that full and empty ones are met. */
		if (page_set_random(rig, 8) < (step / 200 % 2 ? 2 : 6))
			page_set_fill(test, rig, e);
		else
			page_set_cut(test, rig, e);
		KUNIT_ASSERT_EQ(test, rig->set.pages, page_set_count(rig));
		e = page_set_range(rig);
		page_set_ask(test, rig, e.start, e.end);
		page_set_ask(test, rig, e.start, size);
		if (step % 700 == 699) {
			gem_uma_page_set_clear(&rig->set);
			memset(rig->in, 0, sizeof(rig->in));
			page_set_ask(test, rig, 0, size);
		}
	}
	gem_uma_page_set_clear(&rig->set);
}

static void page_set_equals_a_flag_per_page(struct kunit *test)
{
	static const pgoff_t sizes[] = { PAGES, FEW, FEWER, FEW + 1, 1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		page_set_compare(test, sizes[i]);
}

/* Of a set that has a tree. */
static unsigned long page_set_bitmaps(struct gem_uma_page_set *set)
{
	unsigned long index, n = 0;
	void *chunk;

	xa_for_each(&set->chunks, index, chunk)
		n += !xa_is_value(chunk);
	return n;
}

/* Whatever the order in which it was filled. */
static void page_set_that_is_full_has_no_bitmap(struct kunit *test)
{
	struct page_set_rig *rig = page_set_rig(test, PAGES);
	pgoff_t i;

	page_set_fill(test, rig, (struct gem_uma_extent) { 0, PAGES });
	KUNIT_EXPECT_EQ(test, page_set_bitmaps(&rig->set), 0);
	page_set_cut(test, rig, (struct gem_uma_extent) { 500, 2600 });
	KUNIT_EXPECT_EQ(test, page_set_bitmaps(&rig->set), 2);
	for (i = 2599; i >= 500; i--)
		page_set_fill(test, rig, (struct gem_uma_extent) { i, i + 1 });
	KUNIT_EXPECT_EQ(test, page_set_bitmaps(&rig->set), 0);
	KUNIT_EXPECT_EQ(test, rig->set.pages, PAGES);
	gem_uma_page_set_clear(&rig->set);
}

/* Memory and time are those of what is in the set, wherever it lies. */
static void page_set_of_a_huge_object_is_small(struct kunit *test)
{
	const pgoff_t size = 1UL << 32;
	struct gem_uma_page_set set;
	struct gem_uma_extent e;
	pgoff_t at;

	gem_uma_page_set_init(&set, size);
	for (at = size - 1; at; at /= 16) {
		KUNIT_ASSERT_EQ(test, 0, gem_uma_page_set_reserve(&set, at, at + 1));
		gem_uma_page_set_add(&set, at, at + 1);
	}
	KUNIT_EXPECT_EQ(test, set.pages, 8);
	KUNIT_EXPECT_LE(test, page_set_bitmaps(&set), 8);
	for (at = 0; gem_uma_page_set_next(&set, at, size, &e); at = e.end)
		KUNIT_EXPECT_EQ(test, e.end, e.start + 1);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_page_set_split(&set, 0, size));
	gem_uma_page_set_remove(&set, 0, size);
	KUNIT_EXPECT_EQ(test, set.pages, 0);
	KUNIT_EXPECT_TRUE(test, xa_empty(&set.chunks));
}

/* Every second page, then the others. An array of ranges would move a terabyte. */
static void page_set_takes_pages_in_any_order_rev_C1(struct kunit *test)
{
	const pgoff_t size = 1UL << 19;
	struct gem_uma_page_set set;
	pgoff_t i, first;

	gem_uma_page_set_init(&set, size);
	for (first = 0; first < 2; first++) {
		for (i = first; i < size; i += 2) {
			KUNIT_ASSERT_EQ(test, 0, gem_uma_page_set_reserve(&set, i, i + 1));
			gem_uma_page_set_add(&set, i, i + 1);
		}
		KUNIT_EXPECT_EQ(test, page_set_bitmaps(&set), first ? 0 : size / 512);
	}
	KUNIT_EXPECT_TRUE(test, gem_uma_page_set_covers(&set, 0, size));
	gem_uma_page_set_clear(&set);
}

static struct kunit_case gem_uma_page_set_cases[] = {
	KUNIT_CASE(page_set_equals_a_flag_per_page),
	KUNIT_CASE(page_set_that_is_full_has_no_bitmap),
	KUNIT_CASE(page_set_of_a_huge_object_is_small),
	KUNIT_CASE(page_set_takes_pages_in_any_order_rev_C1),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_page_set);
