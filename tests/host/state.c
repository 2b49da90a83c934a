// SPDX-License-Identifier: GPL-2.0
#include "gem_uma_state.h"
#include "host.h"

#define FACTS	8
/* Those that say what maps the object, if its content has to be kept. */
#define PLAIN	5

/* One bit per fact; large counts, so that a truncation would show. */
static struct gem_uma_state_facts facts_of(unsigned int bits, bool large)
{
	return (struct gem_uma_state_facts){
		.leftover = bits & 1 ? (large ? 1UL << 40 : 1) : 0,
		.resident = bits & 2 ? (large ? 1UL << 40 : 1) : 0,
		.pins = bits & 4 ? (large ? 1U << 31 : 1) : 0,
		.dev_mapped = bits & 8 ? (large ? 1U << 31 : 1) : 0,
		.mmaps = bits & 16 ? (large ? 1U << 31 : 1) : 0, .clean = bits & 32,
		.purgeable = bits & 64, .discardable = bits & 128,
	};
}

/*
 * The whole table, by hand. Index: mmaps, dev_mapped, pins, resident, leftover,
 * most significant first.
 */
static const char table[(1 << PLAIN) + 1] =
	"XEUUXXXX"	/* not mapped by the device, no mmap */
	"XEDDXXXX"	/* device */
	"XECCXXXX"	/* mmap */
	"XEDDXXXX";	/* both: the device decides */

static char letter(enum gem_uma_reclaim_state state)
{
	switch (state) {
	case GEM_UMA_DISCARDABLE:
		return '0';
	case GEM_UMA_PURGEABLE:
		return 'P';
	case GEM_UMA_NEVER_WRITTEN:
		return 'N';
	case GEM_UMA_EVICTED:
		return 'E';
	case GEM_UMA_UNUSED:
		return 'U';
	case GEM_UMA_CPU_MAPPED:
		return 'C';
	case GEM_UMA_DEV_MAPPED:
		return 'D';
	case GEM_UMA_DEV_SHARED:
		return 'S';
	case GEM_UMA_UNRECLAIMABLE:
		return 'X';
	}
	return '?';
}

/* What else there is to know of an object, each of it over all that follows. */
static char expected(unsigned int bits, bool large)
{
	char plain = table[bits & ((1 << PLAIN) - 1)];

	/* A large number of address spaces is several. */
	if (large && plain == 'D')
		plain = 'S';
	if (bits & 4)
		return 'X';
	if (bits & 128)
		return '0';
	if (bits & 64)
		return 'P';
	return bits & 32 && plain != 'X' ? 'N' : plain;
}

static void decide_follows_table(void)
{
	unsigned int bits, large;

	for (large = 0; large < 2; large++)
		for (bits = 0; bits < 1 << FACTS; bits++) {
			struct gem_uma_state_facts f = facts_of(bits, large);
			char got = letter(gem_uma_state_decide(&f));

			if (got != expected(bits, large))
				KT_FAIL("facts %#x: state %c, expected %c", bits, got,
					expected(bits, large));
		}
}

/* Every fact but what is in memory, and what needs no keeping, only makes it costlier. */
static void decide_is_monotonic(void)
{
	unsigned int bits, fact;

	for (bits = 0; bits < 1 << FACTS; bits++)
		for (fact = 0; fact < FACTS; fact++) {
			struct gem_uma_state_facts less = facts_of(bits & ~(1u << fact), false);
			struct gem_uma_state_facts more = facts_of(bits | 1u << fact, false);

			if (fact <= 1 || fact >= PLAIN)
				continue;
			KT_LE((int)gem_uma_state_decide(&less), (int)gem_uma_state_decide(&more));
		}
}

static void pin_and_unpin_return(void)
{
	struct gem_uma_state_facts f = { .resident = 1, .dev_mapped = 1 };
	enum gem_uma_reclaim_state before = gem_uma_state_decide(&f);

	KT_EQ(before, GEM_UMA_DEV_MAPPED);
	f.pins = 1;
	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_UNRECLAIMABLE);
	f.pins = 2;
	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_UNRECLAIMABLE);
	f.pins = 0;
	KT_EQ(gem_uma_state_decide(&f), before);
}

/* Whatever else there is to say of it: nobody is to ask again. */
static void on_its_way_is_unreclaimable(void)
{
	unsigned int bits;

	for (bits = 0; bits < 1 << FACTS; bits++) {
		struct gem_uma_state_facts f = facts_of(bits, false);

		f.leaving = true;
		KT_EQ(gem_uma_state_decide(&f), GEM_UMA_UNRECLAIMABLE);
	}
}

/* One, or more: how many more makes no difference. */
static void several_vms_are_shared(void)
{
	struct gem_uma_state_facts f = { .resident = 1, .mmaps = 1 };

	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_CPU_MAPPED);
	f.dev_mapped = 1;
	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_DEV_MAPPED);
	for (f.dev_mapped = 2; f.dev_mapped; f.dev_mapped <<= 1)
		KT_EQ(gem_uma_state_decide(&f), GEM_UMA_DEV_SHARED);
}

/* What reclaim loops rely on: cost ascends, and the last state has no list. */
static void order_of_states(void)
{
	KT_EQ(GEM_UMA_DISCARDABLE, 0);
	KT_LT(GEM_UMA_DISCARDABLE, GEM_UMA_PURGEABLE);
	KT_LT(GEM_UMA_PURGEABLE, GEM_UMA_NEVER_WRITTEN);
	KT_LT(GEM_UMA_NEVER_WRITTEN, GEM_UMA_EVICTED);
	KT_LT(GEM_UMA_EVICTED, GEM_UMA_UNUSED);
	KT_LT(GEM_UMA_UNUSED, GEM_UMA_CPU_MAPPED);
	KT_LT(GEM_UMA_CPU_MAPPED, GEM_UMA_DEV_MAPPED);
	KT_LT(GEM_UMA_DEV_MAPPED, GEM_UMA_DEV_SHARED);
	KT_LT(GEM_UMA_DEV_SHARED, GEM_UMA_UNRECLAIMABLE);
	KT_EQ(GEM_UMA_RECLAIM_LISTS, GEM_UMA_UNRECLAIMABLE);
}

/* The refault of a CPU alone does not count as a device mapping. */
static void evicted_then_touched(void)
{
	struct gem_uma_state_facts f = { .mmaps = 1 };

	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_UNRECLAIMABLE);
	f.leftover = 3;
	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_EVICTED);
	f.resident = 3;
	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_CPU_MAPPED);
	/* One page that is used leaves the others where they can be written. */
	f.resident = 1;
	KT_EQ(gem_uma_state_decide(&f), GEM_UMA_EVICTED);
}

/* Content that went does not come back, in whatever order things are said. */
static void advice(void)
{
	static const enum gem_uma_content all[] = {
		GEM_UMA_CONTENT_NEEDED, GEM_UMA_CONTENT_PURGEABLE,
	};
	unsigned int i;

	KT_EQ(GEM_UMA_CONTENT_NEEDED, 0);
	for (i = 0; i < 2; i++) {
		KT_EQ(gem_uma_state_advise(all[i], true), GEM_UMA_CONTENT_NEEDED);
		KT_EQ(gem_uma_state_advise(all[i], false), GEM_UMA_CONTENT_PURGEABLE);
		KT_EQ(gem_uma_state_advise(GEM_UMA_CONTENT_PURGED, i), GEM_UMA_CONTENT_PURGED);
	}
}

static void cache_mode(void)
{
	unsigned int allow;

	for (allow = 0; allow < 2; allow++) {
		KT_EQ(gem_uma_state_cache_mode(false, false, allow), GEM_UMA_CACHE_WB);
		KT_EQ(gem_uma_state_cache_mode(false, true, allow), GEM_UMA_CACHE_WB);
		KT_EQ(gem_uma_state_cache_mode(true, false, allow), GEM_UMA_CACHE_WC);
	}
	KT_EQ(gem_uma_state_cache_mode(true, true, false), GEM_UMA_CACHE_WB);
	KT_EQ(gem_uma_state_cache_mode(true, true, true), GEM_UMA_CACHE_WC);
}

static const struct ktap_test tests[] = {
	{ .name = "state_decide_follows_the_table_panthor-20", .run = decide_follows_table },
	{ .name = "state_decide_is_monotonic_in_each_fact", .run = decide_is_monotonic },
	{ .name = "state_mapped_in_several_VMs_is_shared", .run = several_vms_are_shared },
	{ .name = "state_returns_after_the_last_unpin", .run = pin_and_unpin_return },
	{ .name = "state_on_its_way_is_unreclaimable_virtio-L5",
	  .run = on_its_way_is_unreclaimable },
	{ .name = "state_order_is_cost_and_the_last_has_no_list", .run = order_of_states },
	{ .name = "state_cpu_refault_of_evicted_is_not_device_mapped_panthor-13",
	  .run = evicted_then_touched },
	{ .name = "state_advice_never_brings_purged_content_back_panthor-85", .run = advice },
	{ .name = "state_cache_mode_wc_only_if_not_coherent_uma-A7", .run = cache_mode },
};

const struct host_tests host_state_tests = HOST_TESTS(tests);
