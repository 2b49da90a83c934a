// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that are nothing but reclaimable: they say what state they are in, and note
 * when they are asked to give up.
 */
#include "gem_uma_fake.h"

static struct gem_uma_fake *reclaim_to_fake(struct gem_uma_reclaim *reclaim)
{
	return container_of(reclaim, struct gem_uma_fake, reclaim);
}

static enum gem_uma_reclaim_state reclaim_fake_state(struct gem_uma_reclaim *reclaim)
{
	return reclaim_to_fake(reclaim)->state;
}

static void reclaim_fake_note(struct gem_uma_fake *fake)
{
	struct gem_uma_fake_room *room = fake->room;

	dma_resv_assert_held(fake->base.resv);
	if (room->nr_order < ARRAY_SIZE(room->order))
		room->order[room->nr_order] = fake->nr;
	room->nr_order++;
}

static long reclaim_fake_evict(struct gem_uma_reclaim *reclaim, unsigned long nr_pages)
{
	struct gem_uma_fake *fake = reclaim_to_fake(reclaim);

	reclaim_fake_note(fake);
	fake->evicts++;
	if (fake->evict_ret > 0)
		fake->state = fake->evict_state;
	if (fake->on_evict)
		fake->on_evict(fake);
	return fake->evict_ret;
}

static long reclaim_fake_purge(struct gem_uma_reclaim *reclaim)
{
	struct gem_uma_fake *fake = reclaim_to_fake(reclaim);

	reclaim_fake_note(fake);
	fake->purges++;
	if (fake->evict_ret >= 0)
		fake->state = fake->evict_state;
	return fake->evict_ret;
}

static unsigned long reclaim_fake_writeback(struct gem_uma_reclaim *reclaim,
					    unsigned long nr_pages)
{
	struct gem_uma_fake *fake = reclaim_to_fake(reclaim);

	/* All pages of the others are held. */
	if (fake->state != GEM_UMA_EVICTED)
		return 0;
	reclaim_fake_note(fake);
	fake->writebacks++;
	fake->asked = nr_pages;
	if (fake->writeback_ret >= reclaim->pages)
		fake->state = fake->evict_state;
	return fake->writeback_ret;
}

static u32 reclaim_fake_weight(struct gem_uma_reclaim *reclaim)
{
	return reclaim_to_fake(reclaim)->weight;
}

static const struct gem_uma_reclaim_ops reclaim_fake_ops = {
	.state = reclaim_fake_state, .evict = reclaim_fake_evict,
	.purge = reclaim_fake_purge, .writeback = reclaim_fake_writeback,
	.weight = reclaim_fake_weight,
};

static void reclaim_fake_free(struct drm_gem_object *obj)
{
	struct gem_uma_fake *fake = container_of(obj, struct gem_uma_fake, base);
	struct gem_uma_fake_room *room = fake->room;

	if (fake->on_free)
		fake->on_free(fake);
	gem_uma_reclaim_fini(&fake->reclaim);
	drm_gem_object_release(obj);
	kfree(fake);
	WRITE_ONCE(room->freed_by, current);
	WRITE_ONCE(room->frees, room->frees + 1);
}

static const struct drm_gem_object_funcs reclaim_fake_funcs = {
	.free = reclaim_fake_free,
};

static void reclaim_fake_release(void *data)
{
	struct gem_uma_fake *fake = data;

	drm_gem_object_put(&fake->base);
}

/* A device, and what its objects note. */
struct gem_uma_fake_room *gem_uma_fake_room_create(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_mock_zalloc(test, sizeof(*room));

	room->test = test;
	room->mock = gem_uma_mock_create(test, false);
	room->udev = &room->mock->udev;
	room->rdev = room->udev->reclaim;
	KUNIT_ASSERT_NOT_NULL(test, room->rdev);
	room->nid = first_memory_node;
	return room;
}

/*
 * An object on no list. @memcg: memory cgroup, or NULL. @nr: its number in
 * &gem_uma_fake_room.order.
 */
struct gem_uma_fake *gem_uma_fake_create(struct gem_uma_fake_room *room,
					 struct mem_cgroup *memcg, int nr)
{
	struct gem_uma_fake *fake = kzalloc_obj(*fake, GFP_KERNEL);
	struct kunit *test = room->test;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, fake);
	fake->room = room;
	fake->nr = nr;
	fake->state = GEM_UMA_UNRECLAIMABLE;
	fake->evict_state = GEM_UMA_UNRECLAIMABLE;
	fake->weight = GEM_UMA_RECLAIM_WEIGHT_NORMAL;
	fake->base.funcs = &reclaim_fake_funcs;
	fake->base.resv = room->resv;
	drm_gem_private_object_init(&room->mock->drm, &fake->base, PAGE_SIZE);
	ret = gem_uma_reclaim_init(&fake->reclaim, room->udev, &fake->base, memcg,
				   &reclaim_fake_ops);
	if (ret) {
		drm_gem_private_object_fini(&fake->base);
		kfree(fake);
	}
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, reclaim_fake_release, fake));
	return fake;
}

/* Drop the test's reference before its end. */
void gem_uma_fake_put(struct gem_uma_fake *fake)
{
	kunit_release_action(fake->room->test, reclaim_fake_release, fake);
}

/* Say in which state the object is now. */
void gem_uma_fake_file(struct gem_uma_fake *fake, enum gem_uma_reclaim_state state,
		       unsigned long pages)
{
	dma_resv_lock(fake->base.resv, NULL);
	fake->state = state;
	gem_uma_reclaim_update_locked(&fake->reclaim, pages, first_memory_node);
	dma_resv_unlock(fake->base.resv);
}

/*
 * An object that gives up its pages when asked to. @nr: its number in
 * &gem_uma_fake_room.order.
 */
struct gem_uma_fake *gem_uma_fake_filed(struct gem_uma_fake_room *room, int nr,
					enum gem_uma_reclaim_state state,
					unsigned long pages)
{
	struct gem_uma_fake *fake = gem_uma_fake_create(room, NULL, nr);

	fake->evict_ret = pages;
	fake->writeback_ret = pages;
	gem_uma_fake_file(fake, state, pages);
	return fake;
}
