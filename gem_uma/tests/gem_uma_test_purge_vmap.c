// SPDX-License-Identifier: GPL-2.0
/* Tests of kernel mappings that are kept, and given up on request. */
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/notifier.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_purge.h>

#include "gem_uma_object_internal.h"
#include "gem_uma_test_object.h"

#define PAGES	4
#define SIZE	(PAGES * PAGE_SIZE)

static void *vmap_once(struct kunit *test, struct gem_uma_object *uobj)
{
	struct iosys_map map;

	object_lock(uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&uobj->base, &map));
	gem_uma_object_vunmap(&uobj->base, &map);
	object_unlock(uobj);
	return map.vaddr;
}

static struct gem_uma_object *vmap_keeper(struct kunit *test, struct gem_uma_mock *mock)
{
	return &gem_uma_mock_object_create(test, mock, SIZE, GEM_UMA_OBJECT_KEEP_VMAP)->base;
}

static void vmap_is_kept_without_a_pin(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = vmap_keeper(test, mock);
	void *vaddr = vmap_once(test, uobj);

	KUNIT_EXPECT_PTR_EQ(test, uobj->cpu_map.vaddr, vaddr);
	KUNIT_EXPECT_EQ(test, atomic_read(&uobj->backing.pins), 0);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	KUNIT_EXPECT_PTR_EQ(test, vmap_once(test, uobj), vaddr);
}

/* Nobody asked for it: nothing is kept. */
static void vmap_is_not_kept_by_default(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SIZE, 0)->base;

	vmap_once(test, uobj);
	KUNIT_EXPECT_NULL(test, uobj->cpu_map.vaddr);
	KUNIT_EXPECT_NULL(test, mock->udev.vmap_purge);
	KUNIT_EXPECT_EQ(test, gem_uma_purge_vmaps(&mock->udev), 0);
}

/* It shows pages: it has to go before them, however they go. */
static void vmap_that_is_kept_goes_before_its_pages(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = vmap_keeper(test, mock);
	struct gem_uma_reclaim *reclaim = &uobj->reclaim;
	bool retained;

	gem_uma_mock_fill(test, uobj, 5);
	KUNIT_EXPECT_NOT_NULL(test, uobj->cpu_map.vaddr);
	object_lock(uobj);
	KUNIT_EXPECT_EQ(test, reclaim->ops->evict(reclaim), PAGES);
	gem_uma_object_update_locked(uobj);
	object_unlock(uobj);
	KUNIT_EXPECT_NULL(test, uobj->cpu_map.vaddr);
	gem_uma_mock_expect_content(test, uobj, 5);

	KUNIT_EXPECT_NOT_NULL(test, uobj->cpu_map.vaddr);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_purge_discard(uobj, 0, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, uobj->cpu_map.vaddr);
	gem_uma_mock_fill(test, uobj, 6);
	gem_uma_mock_expect_content(test, uobj, 6);
	KUNIT_EXPECT_NOT_NULL(test, uobj->cpu_map.vaddr);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_purge_advise(uobj, false, &retained));
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), PAGES);
	KUNIT_EXPECT_NULL(test, uobj->cpu_map.vaddr);
}

/* Idle ones go; those in use, and those of a locked object, stay. */
static void vmap_notifier_takes_what_is_idle(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *idle[20], *used, *locked;
	struct gem_uma_mock_holder *holder;
	struct gem_uma_purge_notifier *n;
	unsigned long freed = 7;
	struct iosys_map map;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_purge_vmaps_init(&mock->udev));
	n = mock->udev.vmap_purge;
	KUNIT_ASSERT_NOT_NULL(test, n);
	/* The kernel knows it: it can be taken off its list, once. */
	KUNIT_EXPECT_EQ(test, 0, unregister_vmap_purge_notifier(&n->nb));
	KUNIT_EXPECT_EQ(test, 0, register_vmap_purge_notifier(&n->nb));

	for (i = 0; i < ARRAY_SIZE(idle); i++) {
		idle[i] = vmap_keeper(test, mock);
		gem_uma_mock_fill(test, idle[i], i);
	}
	used = vmap_keeper(test, mock);
	object_lock(used);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&used->base, &map));
	object_unlock(used);
	locked = vmap_keeper(test, mock);
	vmap_once(test, locked);
	holder = gem_uma_mock_hold(test, &locked->base, 0);

	KUNIT_EXPECT_EQ(test, n->nb.notifier_call(&n->nb, 0, &freed), NOTIFY_OK);
	KUNIT_EXPECT_EQ(test, freed, 7 + ARRAY_SIZE(idle) * PAGES);
	for (i = 0; i < ARRAY_SIZE(idle); i++) {
		KUNIT_EXPECT_NULL(test, idle[i]->cpu_map.vaddr);
		KUNIT_EXPECT_EQ(test, kref_read(&idle[i]->base.refcount), 1);
	}
	KUNIT_EXPECT_PTR_EQ(test, used->cpu_map.vaddr, map.vaddr);
	KUNIT_EXPECT_NOT_NULL(test, locked->cpu_map.vaddr);
	gem_uma_mock_unhold(test, holder);
	KUNIT_EXPECT_EQ(test, gem_uma_purge_vmaps(&mock->udev), PAGES);
	freed = 0;
	KUNIT_EXPECT_EQ(test, n->nb.notifier_call(&n->nb, 0, &freed), NOTIFY_DONE);
	KUNIT_EXPECT_EQ(test, freed, 0);

	object_lock(used);
	gem_uma_object_vunmap(&used->base, &map);
	object_unlock(used);
	for (i = 0; i < ARRAY_SIZE(idle); i++)
		gem_uma_mock_expect_content(test, idle[i], i);
}

/* Only one of them can be locked at a time. */
static void vmap_those_that_share_a_resv_go_all(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *root = vmap_keeper(test, mock), *others[5];
	unsigned int i;

	vmap_once(test, root);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = &gem_uma_mock_object_create_shared(test, mock, SIZE,
							       GEM_UMA_OBJECT_KEEP_VMAP,
							       root->base.resv)->base;
		vmap_once(test, others[i]);
	}
	KUNIT_EXPECT_EQ(test, gem_uma_purge_vmaps(&mock->udev),
			(1 + ARRAY_SIZE(others)) * PAGES);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		KUNIT_EXPECT_NULL(test, others[i]->cpu_map.vaddr);
}

static struct kunit_case gem_uma_purge_vmap_cases[] = {
	KUNIT_CASE(vmap_is_kept_without_a_pin),
	KUNIT_CASE(vmap_is_not_kept_by_default),
	KUNIT_CASE(vmap_that_is_kept_goes_before_its_pages),
	KUNIT_CASE(vmap_notifier_takes_what_is_idle),
	KUNIT_CASE(vmap_those_that_share_a_resv_go_all),
	{}
};

static struct kunit_suite gem_uma_purge_vmap_suite = {
	.name = "gem_uma_purge_vmap",
	.test_cases = gem_uma_purge_vmap_cases,
};

kunit_test_suite(gem_uma_purge_vmap_suite);
