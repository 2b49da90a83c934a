// SPDX-License-Identifier: GPL-2.0
#include "gem_uma_extents.h"
#include "host.h"

#define PAGES	96

/* The set under test, and the same as one flag per page. */
struct model {
	struct gem_uma_extents set;
	bool page[PAGES];
	/* First page of the model in the set. */
	pgoff_t base;
};

static void check_invariants(const struct gem_uma_extents *set)
{
	unsigned long pages = 0;
	unsigned int i;

	KT_LE(set->nr, set->room);
	for (i = 0; i < set->nr; i++) {
		KT_LT(set->ext[i].start, set->ext[i].end);
		/* Neither overlapping nor touching. */
		if (i)
			KT_LT(set->ext[i - 1].end, set->ext[i].start);
		pages += set->ext[i].end - set->ext[i].start;
	}
	KT_EQ(set->pages, pages);
	if (set->room == 1)
		KT_TRUE(set->ext == &set->one);
}

static void check_same(const struct model *m)
{
	bool found[PAGES] = { false };
	unsigned int i;
	pgoff_t page;

	check_invariants(&m->set);
	for (i = 0; i < m->set.nr; i++) {
		KT_GE(m->set.ext[i].start, m->base);
		KT_LE(m->set.ext[i].end, m->base + PAGES);
		for (page = m->set.ext[i].start; page < m->set.ext[i].end; page++)
			found[page - m->base] = true;
	}
	KT_EQ(memcmp(found, m->page, sizeof(found)), 0);
}

static unsigned long set_range(struct model *m, pgoff_t start, pgoff_t end, bool value)
{
	unsigned long changed = 0;
	pgoff_t page;

	for (page = start; page < end; page++) {
		changed += m->page[page] != value;
		m->page[page] = value;
	}
	return changed;
}

/* A range of at least one page. */
static void random_range(pgoff_t *start, pgoff_t *end)
{
	pgoff_t a = host_random_below(PAGES), b = host_random_below(PAGES);

	/* Short ranges make many extents, long ones merge them. */
	if (host_random_below(3))
		b = min_t(pgoff_t, a + host_random_below(4), PAGES - 1);
	*start = min(a, b);
	*end = max(a, b) + 1;
}

static void step(struct model *m)
{
	pgoff_t start, end;
	bool add = host_random_below(2);

	random_range(&start, &end);
	KT_OK(gem_uma_extents_reserve(&m->set, 1, GFP_KERNEL));
	if (add)
		KT_EQ(gem_uma_extents_add(&m->set, m->base + start, m->base + end),
		      set_range(m, start, end, true));
	else
		KT_EQ(gem_uma_extents_remove(&m->set, m->base + start, m->base + end),
		      set_range(m, start, end, false));
	check_same(m);
}

static void random_changes_at(pgoff_t base)
{
	int round, i;

	for (round = 0; round < 200; round++) {
		struct model m = { .base = base };

		gem_uma_extents_init(&m.set);
		for (i = 0; i < 200; i++)
			step(&m);
		gem_uma_extents_fini(&m.set);
		KT_EQ(m.set.nr, 0);
		KT_EQ(m.set.pages, 0);
	}
	KT_EQ(shim_live, 0);
	KT_EQ(shim_warnings, 0);
}

static void random_changes(void)
{
	random_changes_at(0);
}

static void random_changes_at_the_end(void)
{
	random_changes_at(ULONG_MAX - PAGES);
}

static void check_queries(const struct model *m, pgoff_t start, pgoff_t end)
{
	pgoff_t first = end, past = end, hole = end, hole_end = end, page;
	struct gem_uma_extent e = { 0 };
	unsigned long count = 0;

	for (page = start; page < end; page++) {
		count += m->page[page];
		if (m->page[page] && first == end)
			first = page;
		if (!m->page[page] && first != end && past == end)
			past = page;
		if (!m->page[page] && hole == end)
			hole = page;
		if (m->page[page] && hole != end && hole_end == end)
			hole_end = page;
	}
	KT_EQ(gem_uma_extents_count(&m->set, start, end), count);
	KT_EQ(gem_uma_extents_covers(&m->set, start, end), count == end - start);
	KT_EQ(gem_uma_extents_next(&m->set, start, end, &e), first < end);
	if (first < end) {
		KT_EQ(e.start, first);
		KT_EQ(e.end, past);
	}
	KT_EQ(gem_uma_extents_next_gap(&m->set, start, end, &e), hole < end);
	if (hole < end) {
		KT_EQ(e.start, hole);
		KT_EQ(e.end, hole_end);
	}
}

static void queries(void)
{
	struct model m = { .base = 0 };
	pgoff_t start, end;
	int i;

	gem_uma_extents_init(&m.set);
	for (i = 0; i < 300; i++) {
		step(&m);
		for (start = 0; start <= PAGES; start++)
			for (end = start; end <= PAGES; end++)
				check_queries(&m, start, end);
	}
	gem_uma_extents_fini(&m.set);
	KT_EQ(shim_warnings, 0);
}

/* Walking extents and gaps in turn visits every page once, in order. */
static void walk(void)
{
	struct model m = { .base = 0 };
	struct gem_uma_extent e;
	int i;

	gem_uma_extents_init(&m.set);
	for (i = 0; i < 2000; i++) {
		bool seen[PAGES] = { false };
		pgoff_t at = 0, page;

		step(&m);
		while (gem_uma_extents_next(&m.set, at, PAGES, &e)) {
			for (page = e.start; page < e.end; page++)
				seen[page] = true;
			at = e.end;
		}
		KT_EQ(memcmp(seen, m.page, sizeof(seen)), 0);
		at = 0;
		while (gem_uma_extents_next_gap(&m.set, at, PAGES, &e)) {
			for (page = e.start; page < e.end; page++) {
				KT_FALSE(seen[page]);
				seen[page] = true;
			}
			at = e.end;
		}
		KT_TRUE(!memchr(seen, 0, sizeof(seen)));
	}
	gem_uma_extents_fini(&m.set);
}

static void failed_reserve(void)
{
	struct model m = { .base = 0 };
	int failures = 0, i;

	gem_uma_extents_init(&m.set);
	for (i = 0; i < PAGES / 2; i++) {
		bool grows = m.set.nr == m.set.room;

		shim_fail_after = 0;
		KT_RET(gem_uma_extents_reserve(&m.set, 1, GFP_KERNEL), grows ? -ENOMEM : 0);
		shim_fail_after = -1;
		failures += grows;
		check_same(&m);

		KT_OK(gem_uma_extents_reserve(&m.set, 1, GFP_KERNEL));
		KT_EQ(gem_uma_extents_add(&m.set, 2 * i, 2 * i + 1), 1);
		set_range(&m, 2 * i, 2 * i + 1, true);
		check_same(&m);
	}
	KT_GE(failures, 3);
	gem_uma_extents_fini(&m.set);
	KT_EQ(shim_live, 0);
	KT_EQ(shim_warnings, 0);
}

static void no_room(void)
{
	struct model m = { .base = 0 };

	gem_uma_extents_init(&m.set);
	KT_EQ(gem_uma_extents_add(&m.set, 10, 20), 10);
	set_range(&m, 10, 20, true);

	/* Neither needs room. */
	KT_EQ(gem_uma_extents_add(&m.set, 20, 30), 10);
	set_range(&m, 20, 30, true);
	KT_EQ(gem_uma_extents_remove(&m.set, 0, 12), 2);
	set_range(&m, 0, 12, false);
	check_same(&m);
	KT_EQ(shim_warnings, 0);

	/* Both do. */
	KT_EQ(gem_uma_extents_add(&m.set, 40, 50), 0);
	KT_EQ(shim_warnings, 1);
	check_same(&m);
	KT_EQ(gem_uma_extents_remove(&m.set, 15, 16), 0);
	KT_EQ(shim_warnings, 2);
	check_same(&m);
}

static void whole_object(void)
{
	struct gem_uma_extents set;

	gem_uma_extents_init(&set);
	shim_fail_after = 0;
	KT_EQ(gem_uma_extents_add(&set, 0, 1UL << 40), 1UL << 40);
	KT_EQ(gem_uma_extents_remove(&set, 0, 1UL << 39), 1UL << 39);
	KT_EQ(gem_uma_extents_remove(&set, 1UL << 39, 1UL << 40), 1UL << 39);
	KT_EQ(set.nr, 0);
	KT_EQ(gem_uma_extents_add(&set, 0, 1), 1);
	gem_uma_extents_clear(&set);
	KT_EQ(set.nr, 0);
	KT_EQ(set.pages, 0);
	gem_uma_extents_fini(&set);
	/* The armed failure was not used up, and nothing was allocated. */
	KT_EQ(shim_fail_after, 0);
	KT_EQ(shim_live, 0);
	KT_EQ(shim_warnings, 0);
}

static void clear_keeps_room(void)
{
	struct gem_uma_extents set;
	unsigned int room, i;

	gem_uma_extents_init(&set);
	KT_OK(gem_uma_extents_reserve(&set, 40, GFP_KERNEL));
	for (i = 0; i < 40; i++)
		KT_EQ(gem_uma_extents_add(&set, 2 * i, 2 * i + 1), 1);
	room = set.room;
	KT_GE(room, 40);
	gem_uma_extents_clear(&set);
	check_invariants(&set);
	KT_EQ(set.room, room);
	shim_fail_after = 0;
	KT_OK(gem_uma_extents_reserve(&set, room, GFP_KERNEL));
	shim_fail_after = -1;
	gem_uma_extents_fini(&set);
	KT_EQ(shim_live, 0);
}

static const struct ktap_test tests[] = {
	{ "extents_equal_a_flag_per_page_after_random_changes", random_changes, 0, 0 },
	{ "extents_equal_a_flag_per_page_at_the_largest_page", random_changes_at_the_end, 0, 0 },
	{ "extents_queries_equal_a_flag_per_page", queries, 0, 0 },
	{ "extents_and_gaps_visit_every_page_once", walk, 0, 0 },
	{ "extents_failed_reserve_changes_nothing", failed_reserve, 0, 0 },
	{ "extents_without_room_warn_and_change_nothing", no_room, 0, 0 },
	{ "extents_of_a_whole_object_allocate_nothing", whole_object, 0, 0 },
	{ "extents_clear_keeps_the_room", clear_keeps_room, 0, 0 },
};

const struct host_tests host_extents_tests = HOST_TESTS(tests);
