/* SPDX-License-Identifier: GPL-2.0 */
/* Objects without pages, to see what reclaim does with them. */
#ifndef _GEM_UMA_FAKE_H_
#define _GEM_UMA_FAKE_H_

#include "gem_uma_mock.h"
#include "gem_uma_reclaim_lists.h"

struct gem_uma_fake_room;

/* An object that is nothing but reclaimable. */
struct gem_uma_fake {
	struct drm_gem_object base;
	struct gem_uma_reclaim reclaim;
	struct gem_uma_fake_room *room;
	/* What it says. */
	enum gem_uma_reclaim_state state;
	long evict_ret;
	/* The state it has afterwards. */
	enum gem_uma_reclaim_state evict_state;
	unsigned long writeback_ret;
	u32 weight;
	/* Called when it was asked to give up. */
	void (*on_evict)(struct gem_uma_fake *fake);
	/* Called first when it is freed. */
	void (*on_free)(struct gem_uma_fake *fake);
	int nr;
	unsigned int evicts;
	unsigned int purges;
	unsigned int writebacks;
	unsigned long asked;
};

/* What one test works with. */
struct gem_uma_fake_room {
	struct kunit *test;
	struct gem_uma_mock *mock;
	struct gem_uma_device *udev;
	struct gem_uma_reclaim_device *rdev;
	/* The resv of objects that are created from now on; NULL for their own. */
	struct dma_resv *resv;
	/* Where scans look. */
	int nid;
	/* Those that were asked to give up, in order. */
	int order[512];
	unsigned int nr_order;
	struct task_struct *freed_by;
	unsigned int frees;
};

struct gem_uma_fake_room *gem_uma_fake_room_create(struct kunit *test);
struct gem_uma_fake *gem_uma_fake_create(struct gem_uma_fake_room *room,
					 struct mem_cgroup *memcg, int nr);
void gem_uma_fake_put(struct gem_uma_fake *fake);
void gem_uma_fake_file(struct gem_uma_fake *fake, enum gem_uma_reclaim_state state,
		       unsigned long pages);
struct gem_uma_fake *gem_uma_fake_filed(struct gem_uma_fake_room *room, int nr,
					enum gem_uma_reclaim_state state,
					unsigned long pages);

static inline bool gem_uma_fake_is_listed(struct gem_uma_fake *fake)
{
	return !list_empty(&fake->reclaim.lru);
}

/* How many are on the list of a state, in all cgroups and on all nodes. */
static inline unsigned long reclaim_count(struct gem_uma_fake_room *room,
					  enum gem_uma_reclaim_state list)
{
	return list_lru_count(&room->rdev->lists[list]);
}

static inline unsigned long reclaim_objects(struct gem_uma_fake_room *room)
{
	return atomic_long_read(&room->rdev->objects);
}

static inline unsigned long reclaim_pages(struct gem_uma_fake_room *room)
{
	return atomic_long_read(&room->rdev->pages);
}

static inline unsigned long reclaim_run(struct gem_uma_fake_room *room, unsigned long nr_pages)
{
	return gem_uma_reclaim_device_run(room->udev, nr_pages);
}

#endif
