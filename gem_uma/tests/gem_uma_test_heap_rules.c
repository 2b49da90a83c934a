// SPDX-License-Identifier: GPL-2.0
/*
 * Drivers whose heap callbacks break a rule, which lockdep has to find at the first call.
 *
 * It reports once and is off then, so a guest breaks one rule, which it names.
 */
#include <linux/debug_locks.h>
#include <linux/dma-resv.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "gem_uma_mock_heap.h"

static char *break_rule = "";
module_param(break_rule, charp, 0444);
MODULE_PARM_DESC(break_rule, "alloc or resv: what a heap's callback does, for lockdep to report");

static void rule_alloc(struct gem_uma_mock_heap *heap)
{
	kfree(kmalloc(64, GFP_KERNEL));
}

static void rule_resv(struct gem_uma_mock_heap *heap)
{
	struct dma_resv resv;

	dma_resv_init(&resv);
	dma_resv_lock(&resv, NULL);
	dma_resv_unlock(&resv);
	dma_resv_fini(&resv);
}

static const struct heap_rule {
	const char *name;
	void (*break_in_map)(struct gem_uma_mock_heap *heap);
} heap_rules[] = {
	{ "alloc", rule_alloc },
	{ "resv", rule_resv },
};

static void heap_rule_name(const struct heap_rule *rule, char *desc)
{
	strscpy(desc, rule->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(heap_rules, heap_rules, heap_rule_name);

static void heap_callback_that_waits_is_reported_sparse_R3(struct kunit *test)
{
	const struct heap_rule *rule = test->param_value;
	struct gem_uma_mock_heaps heaps;
	struct gem_uma_mock_heap *heap;

	if (!IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "needs CONFIG_PROVE_LOCKING");
	if (strcmp(break_rule, rule->name))
		kunit_skip(test, "breaks a rule: needs gem_uma_kunit.break_rule=%s", rule->name);
	heaps = gem_uma_mock_heaps_create(test);
	heap = gem_uma_mock_heap_create(test, &heaps, PAGE_SIZE, PAGE_SIZE, 0,
					GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_ASSERT_TRUE(test, debug_locks);
	heap->break_in_map = rule->break_in_map;
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&heap->base, 0), GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_FALSE(test, debug_locks);
}

static struct kunit_case gem_uma_heap_rules_cases[] = {
	KUNIT_CASE_PARAM(heap_callback_that_waits_is_reported_sparse_R3, heap_rules_gen_params),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_heap_rules);
