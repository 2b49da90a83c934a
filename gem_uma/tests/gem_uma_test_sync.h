/* SPDX-License-Identifier: GPL-2.0 */
/* A recorder of cache maintenance, and objects of a device that it belongs to. */
#ifndef _GEM_UMA_TEST_SYNC_H_
#define _GEM_UMA_TEST_SYNC_H_

#include <linux/dma-fence.h>

#include "gem_uma_test_object.h"

#define PAGES	8
#define SEEN	64

/* One operation, as the backend saw it. */
struct sync_seen {
	char what;	/* c: clean, i: invalidate, u: unmapped */
	u64 offset;
	u64 size;
	dma_addr_t addr;
	phys_addr_t phys;
	bool busy;	/* the fence that the test watches was not signalled */
};

/* The last operations; suites run one after the other. */
static struct sync_log {
	struct sync_seen seen[SEEN];
	unsigned int nr;	/* more than SEEN were not kept */
	u64 bytes;	/* cleaned */
	struct dma_fence *fence;
} sync_log;

static inline void sync_see(char what, const struct gem_uma_sync_piece *piece)
{
	if (sync_log.nr < SEEN)
		sync_log.seen[sync_log.nr] = (struct sync_seen) {
			.what = what, .offset = piece->offset, .size = piece->size,
			.addr = piece->addr, .phys = piece->phys,
			.busy = sync_log.fence && !dma_fence_is_signaled(sync_log.fence),
		};
	sync_log.nr++;
}

static inline void sync_clean(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	sync_log.bytes += piece->size;
	sync_see('c', piece);
}

static inline void sync_invalidate(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	sync_see('i', piece);
}

static inline void sync_unmapped(struct drm_gem_object *obj)
{
	sync_see('u', &(struct gem_uma_sync_piece){ .obj = obj });
}

static const struct gem_uma_sync_ops sync_recorder = {
	.clean = sync_clean, .invalidate = sync_invalidate, .unmapped = sync_unmapped,
};

struct sync_rig {
	struct gem_uma_mock *mock;
	struct gem_uma_object *uobj;
	u64 size;
};

static inline void sync_forget(void)
{
	memset(&sync_log, 0, sizeof(sync_log));
}

static inline struct sync_rig sync_rig_sized(struct kunit *test, u64 size)
{
	struct sync_rig rig = { .mock = gem_uma_mock_create(test, false), .size = size };

	rig.mock->udev.sync_ops = &sync_recorder;
	rig.mock->udev.coherent = false;
	rig.uobj = &gem_uma_mock_object_create(test, rig.mock, size, 0)->base;
	sync_forget();
	return rig;
}

/* The CPU may have written anywhere, until all of it is cleaned by one call. */
static inline void sync_write(struct kunit *test, struct sync_rig *rig)
{
	struct iosys_map map;

	guard(object)(rig->uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&rig->uobj->base, &map));
	gem_uma_object_vunmap(&rig->uobj->base, &map);
}

/* One call of the DMA API for each page, so that each page is a piece. */
static inline void sync_map_page(struct kunit *test, struct sync_rig *rig, pgoff_t pgoff)
{
	KUNIT_ASSERT_EQ(test, 0, object_populate(rig->uobj, (u64)pgoff << PAGE_SHIFT, PAGE_SIZE));
}

static inline struct sync_rig sync_rig(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	pgoff_t i;

	for (i = 0; i < PAGES; i++)
		sync_map_page(test, &rig, i);
	sync_forget();
	return rig;
}

static inline dma_addr_t sync_addr(struct kunit *test, struct sync_rig *rig, u64 offset)
{
	struct gem_uma_dma_run run = {};
	pgoff_t pgoff = offset >> PAGE_SHIFT;

	guard(object)(rig->uobj);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_run_locked(&rig->uobj->dev_map, pgoff, pgoff + 1,
							    &run));
	return run.addr + offset_in_page(offset);
}

static inline phys_addr_t sync_phys(struct kunit *test, struct sync_rig *rig, u64 offset)
{
	struct gem_uma_run run = {};
	pgoff_t pgoff = offset >> PAGE_SHIFT;

	guard(object)(rig->uobj);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_backing_run_locked(&rig->uobj->backing, pgoff, pgoff + 1,
							    &run));
	return PFN_PHYS(run.pfn) + offset_in_page(offset);
}

/* The next operation is so, and is for the page that the device has at this place. */
static inline void sync_expect_one(struct kunit *test, struct sync_rig *rig, unsigned int *i,
				   char what, u64 offset, u64 size)
{
	const struct sync_seen *seen = &sync_log.seen[*i];

	KUNIT_ASSERT_LT(test, *i, min_t(unsigned int, sync_log.nr, SEEN));
	KUNIT_EXPECT_EQ(test, seen->what, what);
	KUNIT_EXPECT_EQ(test, seen->offset, offset);
	KUNIT_EXPECT_EQ(test, seen->size, size);
	KUNIT_EXPECT_EQ(test, seen->addr, sync_addr(test, rig, offset));
	KUNIT_EXPECT_EQ(test, seen->phys, sync_phys(test, rig, offset));
	++*i;
}

#endif
