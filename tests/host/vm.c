// SPDX-License-Identifier: GPL-2.0
/* Leaves and tables of GPU address spaces, against walks page by page. */
#include "host.h"

#include "gem_uma_vm_logic.h"

#define SIZE_4K		(1ULL << 12)
#define SIZE_16K	(1ULL << 14)
#define SIZE_64K	(1ULL << 16)
#define SIZE_2M		(1ULL << 21)
#define SIZE_32M	(1ULL << 25)
#define SIZE_1G		(1ULL << 30)

struct geometry {
	u64 leaves;
	unsigned int levels;
	u8 shift[GEM_UMA_VM_LOGIC_LEVELS];
};

static const struct geometry geometries[] = {
	{ SIZE_4K | SIZE_64K | SIZE_2M, 4, { 12, 21, 30, 39 } },
	{ SIZE_4K | SIZE_2M, 4, { 12, 21, 30, 39 } },
	{ SIZE_4K | SIZE_64K | SIZE_2M | SIZE_1G, 4, { 12, 21, 30, 39 } },
	{ SIZE_4K, 2, { 12, 22 } },
	{ SIZE_16K | SIZE_32M, 3, { 14, 25, 36 } },
};

/* The largest leaf that can contain @va, tried one by one. */
static u64 brute_leaf(u64 leaves, u64 va, u64 addr, u64 len, u64 at)
{
	u64 size, best = 0;

	for (size = 1ULL << 63; size; size >>= 1) {
		u64 start = (va + at) / size * size;

		if (!(leaves & size) || start < va || start + size > va + len)
			continue;
		if ((addr + (start - va)) % size)
			continue;
		best = size;
		break;
	}
	return best;
}

#define MAX_TABLES	8192

struct brute {
	u64 table[MAX_TABLES];
	unsigned long nr;
};

static void brute_touch(struct brute *b, unsigned int level, u64 index)
{
	u64 key = index << 3 | level;
	unsigned long i;

	/* What is found is among the last ones. */
	for (i = b->nr; i-- > 0 && i + 64 > b->nr;)
		if (b->table[i] == key)
			return;
	KT_LT(b->nr, MAX_TABLES);
	b->table[b->nr++] = key;
}

/* Walk to each leaf from the root. */
static void brute_walk(struct brute *b, const struct geometry *g, u64 va, u64 leaf)
{
	unsigned int level, last = 0;

	while (last + 1 < g->levels && leaf >= 1ULL << g->shift[last + 1])
		last++;
	for (level = g->levels - 1; level-- > last;)
		brute_touch(b, level, va >> g->shift[level + 1]);
}

/* A run, as random as can be walked page by page. */
static void check_run(const struct geometry *g, struct gem_uma_vm_count *count,
		      struct brute *brute, u64 va, u64 addr, u64 len)
{
	u64 page = g->leaves & -g->leaves, at = 0, walked = 0;

	while (at < len) {
		u64 leaf, n;

		n = gem_uma_vm_logic_piece(g->leaves, va + at, addr + at, len - at, &leaf);
		KT_GT(n, 0);
		KT_LE(n, len - at);
		KT_EQ(n % leaf, 0);
		KT_EQ((va + at) % leaf, 0);
		KT_EQ((addr + at) % leaf, 0);
		gem_uma_vm_logic_count(count, g->shift, g->levels,
				       gem_uma_vm_logic_level(g->shift, g->levels, leaf),
				       va + at, n);
		for (; walked < at + n; walked += leaf) {
			if (brute_leaf(g->leaves, va, addr, len, walked) != leaf)
				KT_FAIL("va %#llx addr %#llx len %#llx at %#llx: leaf %#llx",
					va, addr, len, walked, leaf);
			brute_walk(brute, g, va + walked, leaf);
		}
		at += n;
	}
	KT_EQ(walked, len);
	KT_EQ(len % page, 0);
}

static u64 near_border(const struct geometry *g, u64 limit)
{
	static const u64 borders[] = { 0, SIZE_64K, SIZE_2M, SIZE_32M, 4 * SIZE_2M, SIZE_1G };
	u64 page = g->leaves & -g->leaves;
	u64 value = borders[host_random_below(ARRAY_SIZE(borders))];

	if (host_random_below(2))
		value += page * host_random_below(5);
	return value / page * page % limit;
}

/* One operation: some runs next to each other, counted together. */
static void check_operation(const struct geometry *g)
{
	static struct brute brute;
	struct gem_uma_vm_count count = { 0 };
	u64 page = g->leaves & -g->leaves, top = 1ULL << (g->shift[g->levels - 1] + 9);
	u64 va = near_border(g, top / 4), runs = 1 + host_random_below(4);

	brute.nr = 0;
	while (runs--) {
		u64 len = (1 + host_random_below(1500)) * page;
		u64 addr = host_random_below(2) ? va : near_border(g, ~0ULL >> 8);

		if (va + len > top)
			break;
		check_run(g, &count, &brute, va, addr, len);
		va += len;
	}
	if (count.nr != brute.nr)
		KT_FAIL("counted %lu tables, walked through %lu", count.nr, brute.nr);
}

static void tables_equal_walks(void)
{
	unsigned int i, k;

	for (i = 0; i < 800; i++)
		for (k = 0; k < ARRAY_SIZE(geometries); k++)
			check_operation(&geometries[k]);
}

/* Whatever the memory looks like, small leaves everywhere are the worst. */
static void bound_is_never_exceeded(void)
{
	unsigned int i;

	for (i = 0; i < 4000; i++) {
		const struct geometry *g = &geometries[host_random_below(ARRAY_SIZE(geometries))];
		u64 page = g->leaves & -g->leaves, start = near_border(g, 1ULL << 31);
		u64 va = start, end = start + (1 + host_random_below(4000)) * page;
		struct gem_uma_vm_count count = { 0 }, bound = { 0 };

		gem_uma_vm_logic_count(&bound, g->shift, g->levels, 0, start, end - start);
		while (va < end) {
			u64 len = min(end - va, (1 + host_random_below(1200)) * page), leaf;
			u64 addr = va + page * host_random_below(3), at, n;

			for (at = 0; at < len; at += n) {
				n = gem_uma_vm_logic_piece(g->leaves, va + at, addr + at, len - at,
							   &leaf);
				gem_uma_vm_logic_count(&count, g->shift, g->levels,
						       gem_uma_vm_logic_level(g->shift, g->levels,
									      leaf),
						       va + at, n);
			}
			va += len;
		}
		KT_LE(count.nr, bound.nr);
	}
}

static void splits(void)
{
	static const struct geometry skipping[] = {
		{ SIZE_4K | SIZE_1G, 4, { 12, 21, 30, 39 } },
		{ SIZE_4K | SIZE_16K, 4, { 12, 13, 14, 15 } },
		/* Two entries together. */
		{ SIZE_4K | 2 * SIZE_2M, 4, { 12, 21, 30, 39 } },
	};
	static const unsigned long want[] = { 2, 2, 4, 0, 2 };
	static const unsigned long want_skipping[] = { 1026, 6, 4 };
	const struct geometry *g;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(geometries); i++) {
		g = &geometries[i];
		KT_EQ(gem_uma_vm_logic_split(g->leaves, g->shift, g->levels), want[i]);
	}
	for (i = 0; i < ARRAY_SIZE(skipping); i++) {
		g = &skipping[i];
		KT_EQ(gem_uma_vm_logic_split(g->leaves, g->shift, g->levels), want_skipping[i]);
	}
}

static const struct ktap_test tests[] = {
	{ .name = "vm_leaves_and_tables_equal_a_walk", .run = tables_equal_walks },
	{ .name = "vm_bound_of_tables_is_never_exceeded", .run = bound_is_never_exceeded },
	{ .name = "vm_tables_for_cut_leaves", .run = splits },
};

const struct host_tests host_vm_tests = HOST_TESTS(tests);
