// SPDX-License-Identifier: GPL-2.0
/* Tests of the dev_map part. */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>
#include <linux/swiotlb.h>

#include "gem_uma_mock.h"

#define PAGES	10

struct dev_map_rig {
	struct gem_uma_mock *mock;
	struct gem_uma_object *uobj;
	struct gem_uma_dev_map *dmap;
};

static struct dev_map_rig dev_map_rig_on(struct kunit *test, struct gem_uma_mock *mock,
					 u64 size, u32 flags)
{
	struct dev_map_rig rig = { .mock = mock };

	rig.uobj = &gem_uma_mock_object_create(test, rig.mock, size, flags)->base;
	rig.dmap = &rig.uobj->dev_map;
	return rig;
}

static struct dev_map_rig dev_map_rig(struct kunit *test)
{
	return dev_map_rig_on(test, gem_uma_mock_create(test, false), PAGES * PAGE_SIZE, 0);
}

/* Makes pages [0, end) resident and maps [start, end). Returns what mapping did. */
static int dev_map_map(struct kunit *test, struct dev_map_rig *rig, pgoff_t start, pgoff_t end)
{
	int ret;

	dma_resv_lock(rig->uobj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_populate_locked(&rig->uobj->backing, 0, end), 0);
	ret = gem_uma_dev_map_map_locked(rig->dmap, start, end, DMA_BIDIRECTIONAL);
	dma_resv_unlock(rig->uobj->base.resv);
	return ret;
}

static int dev_map_populate(struct dev_map_rig *rig)
{
	guard(gem_uma_resv)(rig->uobj->base.resv);
	return gem_uma_backing_populate_locked(&rig->uobj->backing, 0, PAGES);
}

static void dev_map_drop(struct dev_map_rig *rig)
{
	scoped_guard(gem_uma_resv, rig->uobj->base.resv)
		gem_uma_dev_map_drop_locked(rig->dmap);
}

static bool dev_map_is_mapped(struct dev_map_rig *rig, pgoff_t start, pgoff_t end)
{
	guard(gem_uma_resv)(rig->uobj->base.resv);
	return gem_uma_dev_map_is_mapped_locked(rig->dmap, start, end, DMA_BIDIRECTIONAL);
}

/* Each page has the address of its own, found from wherever one starts to look. */
static void dev_map_expect_addresses(struct kunit *test, struct dev_map_rig *rig,
				     pgoff_t start, pgoff_t end)
{
	struct gem_uma_dma_run dma;
	struct gem_uma_run run;
	pgoff_t i;

	dma_resv_lock(rig->uobj->base.resv, NULL);
	for (i = start; i < end; i++) {
		KUNIT_EXPECT_EQ(test, gem_uma_backing_run_locked(&rig->uobj->backing, i, end,
								 &run), 0);
		KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(rig->dmap, i, end, &dma), 0);
		KUNIT_EXPECT_EQ(test, dma.pgoff, i);
		KUNIT_EXPECT_LE(test, i + dma.nr, end);
		KUNIT_EXPECT_FALSE(test, gem_uma_device_bounces(&rig->mock->udev, dma.addr,
								PFN_PHYS(run.pfn)));
	}
	dma_resv_unlock(rig->uobj->base.resv);
}

/* Each call of the DMA API is for mapped pages, and for no more than it may be. */
static void dev_map_expect_runs(struct kunit *test, struct dev_map_rig *rig)
{
	struct gem_uma_extent e = {};
	struct gem_uma_dma_run run;
	unsigned long pages = 0;
	pgoff_t at;

	dma_resv_lock(rig->uobj->base.resv, NULL);
	for (; gem_uma_page_set_next(&rig->dmap->mapped, e.end, rig->dmap->mapped.size, &e);) {
		for (at = e.start; at < e.end; at += run.nr) {
			KUNIT_ASSERT_EQ(test, 0, gem_uma_dev_map_run_locked(rig->dmap, at, e.end,
									    &run));
			KUNIT_EXPECT_TRUE(test, gem_uma_page_set_covers(&rig->dmap->starts, at,
									at + 1));
			KUNIT_EXPECT_LE(test, run.nr, rig->mock->udev.max_run);
			pages += run.nr;
		}
	}
	dma_resv_unlock(rig->uobj->base.resv);
	KUNIT_EXPECT_EQ(test, rig->dmap->mapped.pages, pages);
}

static void dev_map_init_too_large_is_E2BIG(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_backing b = { .udev = &mock->udev, .nr_pages = (pgoff_t)U32_MAX + 1 };
	struct gem_uma_dev_map dmap = {};

	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_init(&dmap, &b), -E2BIG);
	/* Without effect. */
	gem_uma_dev_map_fini(&dmap);
	b.nr_pages = U32_MAX;
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_init(&dmap, &b), 0);
	KUNIT_EXPECT_PTR_EQ(test, dmap.dev, mock->drm.dev);
}

static void dev_map_range_that_is_not_resident_is_ENXIO(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	dma_resv_lock(rig.uobj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(rig.dmap, 0, 1,
							 DMA_BIDIRECTIONAL), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(rig.dmap, 0, PAGES + 1,
							 DMA_BIDIRECTIONAL), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(rig.dmap, 0, 0,
							 DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(rig.dmap, PAGES, PAGES,
							 DMA_BIDIRECTIONAL), 0);
	/* Nor is the part mapped that is resident. */
	KUNIT_EXPECT_EQ(test, gem_uma_backing_populate_locked(&rig.uobj->backing, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(rig.dmap, 2, PAGES,
							 DMA_BIDIRECTIONAL), -ENXIO);
	dma_resv_unlock(rig.uobj->base.resv);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, 0);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	dev_map_expect_addresses(test, &rig, 0, PAGES);
}

static void dev_map_is_idempotent(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);
	unsigned long nr;

	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	nr = rig.dmap->starts.pages;
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 3, 7), 0);
	KUNIT_EXPECT_EQ(test, rig.dmap->starts.pages, nr);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, PAGES);
	dev_map_expect_addresses(test, &rig, 0, PAGES);
}

static void dev_map_fills_gaps(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 6, 7), 0);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 2, 3), 0);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, PAGES - 1, PAGES), 0);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, 4);
	KUNIT_EXPECT_FALSE(test, dev_map_is_mapped(&rig, 0, 2));
	dev_map_expect_runs(test, &rig);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, PAGES);
	dev_map_expect_runs(test, &rig);
	dev_map_expect_addresses(test, &rig, 0, PAGES);
}

static void dev_map_is_mapped_bounds(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	KUNIT_EXPECT_TRUE(test, dev_map_is_mapped(&rig, 0, 0));
	KUNIT_EXPECT_FALSE(test, dev_map_is_mapped(&rig, 0, 1));
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 3, 6), 0);
	KUNIT_EXPECT_TRUE(test, dev_map_is_mapped(&rig, 3, 6));
	KUNIT_EXPECT_FALSE(test, dev_map_is_mapped(&rig, 2, 6));
	KUNIT_EXPECT_FALSE(test, dev_map_is_mapped(&rig, 3, 7));
	KUNIT_EXPECT_FALSE(test, dev_map_is_mapped(&rig, PAGES, PAGES + 1));
}

static void dev_map_run_bounds(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);
	struct gem_uma_dma_run run;

	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 3, 6), 0);
	dma_resv_lock(rig.uobj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(rig.dmap, 2, PAGES, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(rig.dmap, 6, PAGES, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(rig.dmap, 4, 4, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(rig.dmap, 5, 4, &run), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(rig.dmap, 4, 5, &run), 0);
	KUNIT_EXPECT_EQ(test, run.pgoff, 4);
	KUNIT_EXPECT_EQ(test, run.nr, 1);
	dma_resv_unlock(rig.uobj->base.resv);
}

/* Devices map smaller pages than the CPU: bytes are found in the middle of one. */
static void dev_map_bytes_are_where_their_page_is(struct kunit *test)
{
	const u64 step = PAGE_SIZE / 4, start = 3 * PAGE_SIZE, end = 6 * PAGE_SIZE;
	struct dev_map_rig rig = dev_map_rig(test);
	struct gem_uma_dma_run run;
	dma_addr_t addr;
	u64 at, len;

	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 3, 6), 0);
	dma_resv_lock(rig.uobj->base.resv, NULL);
	for (at = start; at < end; at += step) {
		KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_run_locked(rig.dmap, at >> PAGE_SHIFT, 6,
								    &run));
		KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_bytes_locked(rig.dmap, at, end - at,
								      &addr, &len));
		KUNIT_EXPECT_EQ(test, addr, run.addr + offset_in_page(at));
		KUNIT_EXPECT_EQ(test, len, (u64)run.nr * PAGE_SIZE - offset_in_page(at));
		KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_bytes_locked(rig.dmap, at, step, &addr,
								      &len));
		KUNIT_EXPECT_EQ(test, len, step);
	}
	KUNIT_EXPECT_EQ(test, -ENXIO, gem_uma_dev_map_bytes_locked(rig.dmap, start - step, step,
								   &addr, &len));
	KUNIT_EXPECT_EQ(test, -ENXIO, gem_uma_dev_map_bytes_locked(rig.dmap, end, step, &addr,
								   &len));
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_dev_map_bytes_locked(rig.dmap, start, 0, &addr,
								    &len));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			gem_uma_dev_map_bytes_locked(rig.dmap, start, PAGES * PAGE_SIZE, &addr,
						     &len));
	dma_resv_unlock(rig.uobj->base.resv);
}

static void dev_map_huge_folio_is_one_run(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, true);
	struct dev_map_rig rig;
	struct gem_uma_dma_run run;

	if (!mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios in this kernel");
	rig = dev_map_rig_on(test, mock, PMD_SIZE + PAGE_SIZE, GEM_UMA_OBJECT_HUGE);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, GEM_UMA_MOCK_HUGE + 1), 0);
	dma_resv_lock(rig.uobj->base.resv, NULL);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_run_locked(rig.dmap, 0, GEM_UMA_MOCK_HUGE, &run));
	dma_resv_unlock(rig.uobj->base.resv);
	KUNIT_EXPECT_EQ(test, run.nr, GEM_UMA_MOCK_HUGE);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(run.addr, PMD_SIZE));
	dev_map_expect_addresses(test, &rig, 0, GEM_UMA_MOCK_HUGE + 1);
}

static void dev_map_run_is_what_one_call_takes(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, true);
	struct dev_map_rig rig;

	if (!mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios in this kernel");
	mock->udev.max_run = 100;
	rig = dev_map_rig_on(test, mock, PMD_SIZE, GEM_UMA_OBJECT_HUGE);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, GEM_UMA_MOCK_HUGE), 0);
	KUNIT_EXPECT_GE(test, rig.dmap->starts.pages, DIV_ROUND_UP(GEM_UMA_MOCK_HUGE, 100));
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, GEM_UMA_MOCK_HUGE);
	dev_map_expect_runs(test, &rig);
	dev_map_expect_addresses(test, &rig, 0, GEM_UMA_MOCK_HUGE);
}

/* Nothing is moved to make room, and a task that is killed does not go on. */
static void dev_map_takes_runs_in_any_order_rev_C1(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);
	pgoff_t i;

	for (i = 0; i < PAGES; i += 2)
		KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, i, i + 1), 0);
	for (i = 1; i < PAGES; i += 2)
		KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, i, i + 1), 0);
	KUNIT_EXPECT_EQ(test, rig.dmap->starts.pages, PAGES);
	dev_map_expect_runs(test, &rig);
	dev_map_expect_addresses(test, &rig, 0, PAGES);
	/* What follows from the pages is not stored. */
	KUNIT_EXPECT_TRUE(test, mtree_empty(&rig.dmap->addrs));
	dev_map_drop(&rig);

	dma_resv_lock(rig.uobj->base.resv, NULL);
	gem_uma_mock_set_killed(true);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(rig.dmap, 0, PAGES, DMA_BIDIRECTIONAL),
			-EINTR);
	gem_uma_mock_set_killed(false);
	dma_resv_unlock(rig.uobj->base.resv);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, 0);
}

static unsigned int dev_map_count_dirty(struct dev_map_rig *rig)
{
	struct gem_uma_run run;
	unsigned int n = 0;
	pgoff_t i;

	dma_resv_lock(rig->uobj->base.resv, NULL);
	for (i = 0; i < PAGES; i++)
		if (!gem_uma_backing_run_locked(&rig->uobj->backing, i, i + 1, &run))
			n += folio_test_dirty(page_folio(pfn_to_page(run.pfn)));
	dma_resv_unlock(rig->uobj->base.resv);
	return n;
}

static int dev_map_map_dir(struct dev_map_rig *rig, pgoff_t start, pgoff_t end,
			   enum dma_data_direction dir)
{
	int ret;

	dma_resv_lock(rig->uobj->base.resv, NULL);
	ret = gem_uma_dev_map_map_locked(rig->dmap, start, end, dir);
	if (!ret && !gem_uma_dev_map_is_mapped_locked(rig->dmap, start, end, dir))
		ret = -ESTALE;
	dma_resv_unlock(rig->uobj->base.resv);
	return ret;
}

/* No driver can forget that its device writes. */
static void dev_map_what_the_device_may_write_is_dirty_rev_S3(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	KUNIT_EXPECT_EQ(test, dev_map_populate(&rig), 0);
	KUNIT_EXPECT_EQ(test, dev_map_map_dir(&rig, 0, 8, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, dev_map_count_dirty(&rig), 0);
	KUNIT_EXPECT_TRUE(test, gem_uma_backing_is_clean(&rig.uobj->backing));
	KUNIT_EXPECT_FALSE(test, dev_map_is_mapped(&rig, 2, 3));
	/* Part of what was only read, and part of what was not mapped. */
	KUNIT_EXPECT_EQ(test, dev_map_map_dir(&rig, 6, 9, DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, dev_map_count_dirty(&rig), 3);
	KUNIT_EXPECT_EQ(test, rig.dmap->readonly.pages, 6);
	KUNIT_EXPECT_EQ(test, dev_map_map_dir(&rig, 0, PAGES, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, dev_map_count_dirty(&rig), 3);
	KUNIT_EXPECT_EQ(test, dev_map_map_dir(&rig, 0, PAGES, DMA_FROM_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, dev_map_count_dirty(&rig), PAGES);
	KUNIT_EXPECT_EQ(test, rig.dmap->readonly.pages, 0);
	dev_map_expect_addresses(test, &rig, 0, PAGES);
}

static void dev_map_drop_is_idempotent(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	dev_map_drop(&rig);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	dev_map_drop(&rig);
	dev_map_drop(&rig);
	KUNIT_EXPECT_FALSE(test, dev_map_is_mapped(&rig, 0, 1));
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, 0);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	dev_map_expect_addresses(test, &rig, 0, PAGES);
}

static void dev_map_of_an_unplugged_device_is_ENODEV(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, 2), 0);
	rig.mock->udev.unplugged = true;
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), -ENODEV);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, 2), -ENODEV);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, 2);
}

static void dev_map_bounce_buffers_are_refused(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	gem_uma_mock_bounce(rig.mock, true);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), -EIO);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, 0);
	KUNIT_EXPECT_EQ(test, rig.dmap->starts.pages, 0);
	gem_uma_mock_bounce(rig.mock, false);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
}

static void dev_map_bounce_buffers_as_declared(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);

	rig.mock->udev.allow_bounce = true;
	gem_uma_mock_bounce(rig.mock, true);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, PAGES);
	dev_map_drop(&rig);
	gem_uma_mock_bounce(rig.mock, false);
}

/* What the DMA API makes of a page, here of none, is nothing to such a device. */
static void dev_map_physical_addresses_virtio_L2(struct kunit *test)
{
	struct dev_map_rig rig = dev_map_rig(test);
	struct gem_uma_dma_run dma;
	struct gem_uma_run run;
	pgoff_t i;

	rig.mock->udev.physical = true;
	gem_uma_mock_bounce(rig.mock, true);
	KUNIT_EXPECT_EQ(test, dev_map_map(test, &rig, 0, PAGES), 0);
	KUNIT_EXPECT_EQ(test, dev_map_count_dirty(&rig), PAGES);
	KUNIT_EXPECT_TRUE(test, mtree_empty(&rig.dmap->addrs));
	scoped_guard(gem_uma_resv, rig.uobj->base.resv) {
		for (i = 0; i < PAGES; i++) {
			KUNIT_EXPECT_EQ(test, 0, gem_uma_backing_run_locked(&rig.uobj->backing, i,
									    PAGES, &run));
			KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_run_locked(rig.dmap, i, PAGES,
									    &dma));
			KUNIT_EXPECT_EQ(test, dma.addr, PFN_PHYS(run.pfn));
			KUNIT_EXPECT_LE(test, dma.nr, run.nr);
		}
	}
	dev_map_expect_runs(test, &rig);
	dev_map_drop(&rig);
	KUNIT_EXPECT_EQ(test, rig.dmap->mapped.pages, 0);
	gem_uma_mock_bounce(rig.mock, false);
}

struct dev_map_segment {
	dma_addr_t addr;
	unsigned int len;
};

static struct sg_table *dev_map_sgt(struct kunit *test, const struct dev_map_segment *segments,
				    unsigned int n)
{
	struct sg_table *sgt = gem_uma_mock_zalloc(test, sizeof(*sgt));
	unsigned int i;

	sgt->sgl = gem_uma_mock_zalloc(test, n * sizeof(*sgt->sgl));
	sg_init_table(sgt->sgl, n);
	sgt->orig_nents = n;
	sgt->nents = n;
	for (i = 0; i < n; i++) {
		sg_dma_address(&sgt->sgl[i]) = segments[i].addr;
		sg_dma_len(&sgt->sgl[i]) = segments[i].len;
	}
	return sgt;
}

static struct drm_gem_object *dev_map_obj(struct kunit *test, struct gem_uma_mock *mock,
					  u64 pages)
{
	struct drm_gem_object *obj = gem_uma_mock_zalloc(test, sizeof(*obj));

	obj->dev = &mock->drm;
	obj->size = pages << PAGE_SHIFT;
	dma_resv_init(&obj->_resv);
	obj->resv = &obj->_resv;
	return obj;
}

static void dev_map_sgt_is_described(struct kunit *test)
{
	static const struct dev_map_segment segments[] = {
		{ 0x100000, 3 * PAGE_SIZE }, { 0x40000000000, PAGE_SIZE },
		{ 0x7000, PAGE_SIZE + 1 },
	};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct drm_gem_object *obj = dev_map_obj(test, mock, 6);
	struct gem_uma_dev_map dmap = {};
	struct gem_uma_dma_run run;

	KUNIT_ASSERT_EQ(test, gem_uma_dev_map_init_sgt(&dmap, obj, mock->drm.dev,
						       dev_map_sgt(test, segments, 3)), 0);
	dma_resv_lock(obj->resv, NULL);
	KUNIT_EXPECT_TRUE(test, gem_uma_dev_map_is_mapped_locked(&dmap, 0, 6,
								 DMA_BIDIRECTIONAL));
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(&dmap, 0, 6,
							 DMA_BIDIRECTIONAL), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_map_locked(&dmap, 0, 7,
							 DMA_BIDIRECTIONAL), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(&dmap, 1, 6, &run), 0);
	KUNIT_EXPECT_EQ(test, run.addr, 0x100000 + PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, run.nr, 2);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(&dmap, 3, 6, &run), 0);
	KUNIT_EXPECT_EQ(test, run.addr, 0x40000000000);
	KUNIT_EXPECT_EQ(test, run.nr, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_run_locked(&dmap, 5, 6, &run), 0);
	KUNIT_EXPECT_EQ(test, run.addr, 0x7000 + PAGE_SIZE);
	/* They are not ours to take away. */
	gem_uma_dev_map_drop_locked(&dmap);
	KUNIT_EXPECT_TRUE(test, gem_uma_dev_map_is_mapped_locked(&dmap, 0, 6,
								 DMA_BIDIRECTIONAL));
	dma_resv_unlock(obj->resv);
	gem_uma_dev_map_fini(&dmap);
	gem_uma_dev_map_fini(&dmap);
	dma_resv_fini(obj->resv);
}

static void dev_map_sgt_of_odd_segments_is_EINVAL(struct kunit *test)
{
	static const struct dev_map_segment bad[][2] = {
		{ { 0x100000, PAGE_SIZE }, { 0x200001, PAGE_SIZE } },
		{ { 0x100000, PAGE_SIZE }, { 0x200000, PAGE_SIZE + 1 } },
		{ { 0x100000, PAGE_SIZE }, { 0x200000, 0 } },
		{ { 0x100000, PAGE_SIZE - 1 }, { 0x200000, PAGE_SIZE } },
		{ { 0x100000, 2 * PAGE_SIZE }, { 0x200000, PAGE_SIZE } },
	};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct drm_gem_object *obj = dev_map_obj(test, mock, 2);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		struct gem_uma_dev_map dmap = {};

		KUNIT_EXPECT_EQ_MSG(test, gem_uma_dev_map_init_sgt(&dmap, obj, mock->drm.dev,
								   dev_map_sgt(test, bad[i], 2)),
				    -EINVAL, "table %u", i);
		KUNIT_EXPECT_TRUE(test, mtree_empty(&dmap.addrs));
	}
	dma_resv_fini(obj->resv);
}

/* Nobody would fill it, or copy it back. */
static void dev_map_sgt_of_bounce_buffers_is_EIO_rev_C10(struct kunit *test)
{
	static const struct dev_map_segment segments[] = {
		{ 0x100000, PAGE_SIZE }, { 0x40000000, PAGE_SIZE },
	};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct drm_gem_object *obj = dev_map_obj(test, mock, 2);
	struct io_tlb_mem *pool, *before = mock->drm.dev->dma_io_tlb_mem;
	struct gem_uma_dev_map dmap = {};
	struct sg_table *sgt = dev_map_sgt(test, segments, 2);

	if (IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC) || !IS_ENABLED(CONFIG_SWIOTLB))
		kunit_skip(test, "this kernel does not tell which memory is for bounce buffers");
	pool = gem_uma_mock_zalloc(test, sizeof(*pool));
	pool->defpool.start = dma_to_phys(mock->drm.dev, 0x40000000);
	pool->defpool.end = pool->defpool.start + PAGE_SIZE;
	mock->drm.dev->dma_io_tlb_mem = pool;
	KUNIT_EXPECT_EQ(test, -EIO, gem_uma_dev_map_init_sgt(&dmap, obj, mock->drm.dev, sgt));
	KUNIT_EXPECT_TRUE(test, mtree_empty(&dmap.addrs));
	pool->defpool.start += PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_init_sgt(&dmap, obj, mock->drm.dev, sgt));
	gem_uma_dev_map_fini(&dmap);
	mock->drm.dev->dma_io_tlb_mem = before;
	dma_resv_fini(obj->resv);
}

static void dev_map_sgt_too_large_is_E2BIG(struct kunit *test)
{
	static const struct dev_map_segment one[] = { { 0x100000, PAGE_SIZE } };
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct drm_gem_object *obj = dev_map_obj(test, mock, (u64)U32_MAX + 1);
	struct gem_uma_dev_map dmap = {};

	KUNIT_EXPECT_EQ(test, gem_uma_dev_map_init_sgt(&dmap, obj, mock->drm.dev,
						       dev_map_sgt(test, one, 1)), -E2BIG);
	dma_resv_fini(obj->resv);
}

static struct kunit_case gem_uma_dev_map_cases[] = {
	KUNIT_CASE(dev_map_init_too_large_is_E2BIG),
	KUNIT_CASE(dev_map_range_that_is_not_resident_is_ENXIO),
	KUNIT_CASE(dev_map_is_idempotent),
	KUNIT_CASE(dev_map_fills_gaps),
	KUNIT_CASE(dev_map_is_mapped_bounds),
	KUNIT_CASE(dev_map_run_bounds),
	KUNIT_CASE(dev_map_bytes_are_where_their_page_is),
	KUNIT_CASE(dev_map_huge_folio_is_one_run),
	KUNIT_CASE(dev_map_run_is_what_one_call_takes),
	KUNIT_CASE(dev_map_takes_runs_in_any_order_rev_C1),
	KUNIT_CASE(dev_map_what_the_device_may_write_is_dirty_rev_S3),
	KUNIT_CASE(dev_map_drop_is_idempotent),
	KUNIT_CASE(dev_map_of_an_unplugged_device_is_ENODEV),
	KUNIT_CASE(dev_map_sgt_of_bounce_buffers_is_EIO_rev_C10),
	KUNIT_CASE(dev_map_bounce_buffers_are_refused),
	KUNIT_CASE(dev_map_bounce_buffers_as_declared),
	KUNIT_CASE(dev_map_physical_addresses_virtio_L2),
	KUNIT_CASE(dev_map_sgt_is_described),
	KUNIT_CASE(dev_map_sgt_of_odd_segments_is_EINVAL),
	KUNIT_CASE(dev_map_sgt_too_large_is_E2BIG),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_dev_map);
