// SPDX-License-Identifier: GPL-2.0
/* Tests of the turn-key object on a device that has to answer before it forgot pages. */
#include <linux/sizes.h>

#include "gem_uma_test_object.h"

#define OBJECTS	8

/* An object with content, whose device has been told to forget it. */
static struct gem_uma_mock_object *leaving_create(struct kunit *test, struct gem_uma_mock *mock)
{
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, mock, SZ_16K, 0);

	gem_uma_mock_fill(test, &mobj->base, 1);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&mobj->base, 0, SZ_16K));
	mobj->evict_errno = -EINPROGRESS;
	return mobj;
}

/* The device answers; returns when the work item has done all that it will do. */
static void leaving_answer(struct kunit *test, struct gem_uma_mock_object *mobj)
{
	struct gem_uma_object *uobj = &mobj->base;
	unsigned int refs = kref_read(&uobj->base.refcount), ms;

	mobj->evict_errno = 0;
	gem_uma_object_update(uobj);
	for (ms = 0; ms < 10000 && kref_read(&uobj->base.refcount) > refs; ms++)
		fsleep(1000);
	KUNIT_ASSERT_EQ(test, kref_read(&uobj->base.refcount), refs);
}

/* Scans only cost while there is no answer; then a work item evicts. */
static void leaving_is_asked_once_virtio_L5(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj;
	struct gem_uma_object *uobj;
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	mobj = leaving_create(test, mock);
	uobj = &mobj->base;
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, mobj->evicts, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	KUNIT_EXPECT_TRUE(test, object_is_resident(uobj, 0, SZ_16K));
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);

	leaving_answer(test, mobj);
	KUNIT_EXPECT_EQ(test, mobj->evicts, 2);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, uobj->dev_map.mapped.pages, 0);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_EVICTED);
	gem_uma_mock_expect_content(test, uobj, 1);
}

/* Or each scan would empty the device. */
static void leaving_is_enough_for_a_scan_virtio_L5(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj[OBJECTS];
	unsigned int i, evicts = 0;

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < OBJECTS; i++)
		mobj[i] = leaving_create(test, mock);
	KUNIT_EXPECT_EQ(test, gem_uma_reclaim_device_run(&mock->udev, 8), 0);
	for (i = 0; i < OBJECTS; i++)
		evicts += mobj[i]->evicts;
	KUNIT_EXPECT_EQ(test, evicts, 2);
}

/* The answer comes too late: it was used, and waits for its turn as others do. */
static void leaving_and_used_stays_virtio_L5(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj;
	struct gem_uma_object *uobj;

	gem_uma_mock_needs_swap(test);
	mobj = leaving_create(test, mock);
	uobj = &mobj->base;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_16K));
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	leaving_answer(test, mobj);
	KUNIT_EXPECT_EQ(test, mobj->evicts, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	gem_uma_mock_expect_content(test, uobj, 1);
}

static void leaving_and_pinned_stays_virtio_L5(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj;
	struct gem_uma_object *uobj;

	gem_uma_mock_needs_swap(test);
	mobj = leaving_create(test, mock);
	uobj = &mobj->base;
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_ASSERT_EQ(test, 0, object_pin(uobj));
	leaving_answer(test, mobj);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	object_unpin(uobj);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
}

static void leaving_and_purgeable_is_purged_virtio_L5(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = leaving_create(test, mock);
	struct gem_uma_object *uobj = &mobj->base;
	bool retained = false;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_advise(uobj, false, &retained));
	KUNIT_EXPECT_TRUE(test, retained);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_content(&uobj->backing), GEM_UMA_CONTENT_PURGEABLE);
	leaving_answer(test, mobj);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_content(&uobj->backing), GEM_UMA_CONTENT_PURGED);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 0);
}

/* Throwing content away has to wait for the answer, too. */
static void leaving_is_discarded_afterwards_virtio_L5(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = leaving_create(test, mock);
	struct gem_uma_object *uobj = &mobj->base;

	scoped_guard(object, uobj)
		KUNIT_EXPECT_EQ(test, gem_uma_object_discard_locked(uobj, 0, SZ_16K), -EAGAIN);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&uobj->backing), 4);
	mobj->evict_errno = 0;
	KUNIT_EXPECT_EQ(test, gem_uma_object_discard(uobj, 0, SZ_16K), 0);
	KUNIT_EXPECT_FALSE(test, gem_uma_backing_has_content(&uobj->backing));
	/* The answer to what is done. */
	leaving_answer(test, mobj);
	KUNIT_EXPECT_EQ(test, mobj->evicts, 2);
}

/* Whoever reports must not wait for who holds resv, but it is not lost. */
static void leaving_update_needs_no_resv_virtio_L7(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_mock_object *mobj = gem_uma_mock_object_create(test, mock, SZ_16K, 0);
	struct gem_uma_object *uobj = &mobj->base;
	struct gem_uma_mock_holder *holder;
	unsigned int ms;

	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_16K));
	holder = gem_uma_mock_hold(test, &uobj->base, 0);
	mobj->dev_mapped = 1;
	local_irq_disable();
	gem_uma_object_update(uobj);
	gem_uma_object_update(uobj);
	local_irq_enable();
	KUNIT_EXPECT_FALSE(test, gem_uma_object_is_dev_mapped(uobj));
	gem_uma_mock_unhold(test, holder);
	for (ms = 0; ms < 10000 && !gem_uma_object_is_dev_mapped(uobj); ms++)
		fsleep(1000);
	KUNIT_EXPECT_TRUE(test, gem_uma_object_is_dev_mapped(uobj));
}

static void leaving_all_objects_are_gone_through_virtio_L7(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj, *seen[OBJECTS] = {};
	struct gem_uma_mock_object *mobj[OBJECTS];
	unsigned int i, n = 0;

	KUNIT_EXPECT_NULL(test, gem_uma_object_next(&mock->udev, NULL));
	for (i = 0; i < OBJECTS; i++)
		mobj[i] = gem_uma_mock_object_create(test, mock, SZ_16K, 0);
	for (uobj = gem_uma_object_next(&mock->udev, NULL); uobj && n < OBJECTS;
	     uobj = gem_uma_object_next(&mock->udev, uobj)) {
		seen[n++] = uobj;
		KUNIT_EXPECT_EQ(test, kref_read(&uobj->base.refcount), 2);
		/* Two go meanwhile: the present one, and the next. */
		if (n == 3) {
			gem_uma_mock_object_put(test, mobj[2]);
			gem_uma_mock_object_put(test, mobj[3]);
		}
	}
	KUNIT_EXPECT_NULL(test, uobj);
	KUNIT_EXPECT_EQ(test, n, OBJECTS - 1);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_PTR_EQ(test, seen[i], &mobj[i < 3 ? i : i + 1]->base);
	KUNIT_EXPECT_EQ(test, kref_read(&mobj[0]->base.base.refcount), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&mock->live), OBJECTS - 2);
}

static struct kunit_case gem_uma_object_leaving_cases[] = {
	KUNIT_CASE(leaving_is_asked_once_virtio_L5),
	KUNIT_CASE(leaving_is_enough_for_a_scan_virtio_L5),
	KUNIT_CASE(leaving_and_used_stays_virtio_L5),
	KUNIT_CASE(leaving_and_pinned_stays_virtio_L5),
	KUNIT_CASE(leaving_and_purgeable_is_purged_virtio_L5),
	KUNIT_CASE(leaving_is_discarded_afterwards_virtio_L5),
	KUNIT_CASE(leaving_update_needs_no_resv_virtio_L7),
	KUNIT_CASE(leaving_all_objects_are_gone_through_virtio_L7),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_object_leaving);
