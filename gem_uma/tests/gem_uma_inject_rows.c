// SPDX-License-Identifier: GPL-2.0
/*
 * The operations that are made to fail. A function of the library that is in no row is
 * found by scripts/check-inject.py.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>

#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_mode.h>
#include <drm/drm_prime.h>

#include <drm/gem_uma/gem_uma_object_prime.h>

#include "gem_uma_inject.h"

/* As a scan does, of this object. */
void gem_uma_inject_evict(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_reclaim *reclaim = &rig->uobj->reclaim;

	inject_lock(rig);
	KUNIT_EXPECT_GE(rig->test, reclaim->ops->evict(reclaim, ULONG_MAX), 0);
	gem_uma_object_update_locked(rig->uobj);
	inject_unlock(rig);
}

static void inject_fill_and_evict(struct gem_uma_inject_rig *rig)
{
	gem_uma_mock_fill(rig->test, rig->uobj, rig->seed);
	gem_uma_inject_evict(rig);
}

static void inject_check_content(struct gem_uma_inject_rig *rig)
{
	gem_uma_mock_expect_content(rig->test, rig->uobj, rig->seed);
}

static int run_device_init(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_device_config config = { .huge = true };

	memset(&rig->mock->udev, 0, sizeof(rig->mock->udev));
	return gem_uma_device_init(&rig->mock->udev, &rig->mock->drm, &config);
}

static void check_device_init(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_FALSE(rig->test, IS_ERR(rig->mock->udev.huge_mnt));
}

static void begin_reclaim_device_init(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_device_config config = {};

	KUNIT_ASSERT_EQ(rig->test, 0, gem_uma_device_init(&rig->mock->udev, &rig->mock->drm,
							  &config));
}

static int run_reclaim_device_init(struct gem_uma_inject_rig *rig)
{
	int ret = gem_uma_reclaim_device_init(&rig->mock->udev);

	KUNIT_EXPECT_EQ(rig->test, !ret, !!rig->mock->udev.reclaim);
	return ret;
}

static void begin_pm_init(struct gem_uma_inject_rig *rig)
{
	begin_reclaim_device_init(rig);
	KUNIT_ASSERT_EQ(rig->test, gem_uma_reclaim_device_init(&rig->mock->udev), 0);
	rig->pm = drmm_kzalloc(&rig->mock->drm, sizeof(*rig->pm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(rig->test, rig->pm);
}

static int run_pm_init(struct gem_uma_inject_rig *rig)
{
	return gem_uma_pm_init(rig->pm, &rig->mock->udev, GEM_UMA_PM_DEFAULT);
}

static int run_object_init(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_mock_object *mobj = kzalloc_obj(*mobj, GFP_KERNEL);
	int ret;

	if (!mobj)
		return -ENOMEM;
	ret = gem_uma_object_init(&mobj->base, &rig->mock->udev, 2 * PMD_SIZE + 1,
				  GEM_UMA_OBJECT_HUGE | GEM_UMA_OBJECT_WC,
				  &gem_uma_mock_object_ops);
	if (ret) {
		kfree(mobj);
		return ret;
	}
	atomic_inc(&rig->mock->live);
	rig->uobj = &mobj->base;
	return 0;
}

static int run_object_create(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_object *uobj;

	uobj = gem_uma_object_create(&rig->mock->udev, INJECT_SIZE,
				     GEM_UMA_OBJECT_NO_MMAP | GEM_UMA_OBJECT_PINNED);
	if (IS_ERR(uobj))
		return PTR_ERR(uobj);
	rig->uobj = uobj;
	return 0;
}

static void undo_object(struct gem_uma_inject_rig *rig)
{
	drm_gem_object_put(&rig->uobj->base);
	rig->uobj = NULL;
}

/* As much of a file as handles need. */
static void begin_dumb(struct gem_uma_inject_rig *rig)
{
	rig->handles = kunit_kzalloc(rig->test, sizeof(*rig->handles), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(rig->test, rig->handles);
	idr_init_base(&rig->handles->object_idr, 1);
	spin_lock_init(&rig->handles->table_lock);
	mutex_init(&rig->handles->prime.lock);
}

static int run_dumb(struct gem_uma_inject_rig *rig)
{
	struct drm_mode_create_dumb args = { .width = 64, .height = 64, .bpp = 32 };
	int ret = gem_uma_object_dumb_create(rig->handles, &rig->mock->udev, &args);

	rig->handle = args.handle;
	return ret;
}

static void undo_dumb(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, 0, drm_gem_handle_delete(rig->handles, rig->handle));
}

static void end_dumb(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_TRUE(rig->test, idr_is_empty(&rig->handles->object_idr));
	idr_destroy(&rig->handles->object_idr);
	kunit_kfree(rig->test, rig->handles);
}

/* Only what the library looks at: there is no exporter. */
static void begin_import(struct gem_uma_inject_rig *rig)
{
	struct kunit *test = rig->test;
	struct scatterlist *sg;
	unsigned int i;

	rig->dmabuf = gem_uma_mock_zalloc(test, sizeof(*rig->dmabuf));
	rig->attach = gem_uma_mock_zalloc(test, sizeof(*rig->attach));
	rig->sgt = gem_uma_mock_zalloc(test, sizeof(*rig->sgt));
	rig->dmabuf->size = INJECT_SIZE;
	rig->dmabuf->resv = gem_uma_mock_zalloc(test, sizeof(*rig->dmabuf->resv));
	dma_resv_init(rig->dmabuf->resv);
	rig->attach->dmabuf = rig->dmabuf;
	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(rig->sgt, INJECT_PAGES, GFP_KERNEL));
	for_each_sgtable_dma_sg(rig->sgt, sg, i) {
		sg_dma_address(sg) = (2 * i + 1) * PAGE_SIZE;
		sg_dma_len(sg) = PAGE_SIZE;
	}
}

static int run_import(struct gem_uma_inject_rig *rig)
{
	struct drm_gem_object *obj = gem_uma_object_create_import(&rig->mock->udev, rig->attach,
								  rig->sgt);

	/* The table stays the caller's. */
	KUNIT_EXPECT_EQ(rig->test, rig->sgt->nents, INJECT_PAGES);
	KUNIT_EXPECT_EQ(rig->test, sg_dma_address(rig->sgt->sgl), PAGE_SIZE);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	rig->uobj = to_gem_uma_object(obj);
	return 0;
}

static void end_import(struct gem_uma_inject_rig *rig)
{
	sg_free_table(rig->sgt);
	dma_resv_fini(rig->dmabuf->resv);
}

/* With holes, so that sets of pages and of addresses have to grow. */
static int run_populate(struct gem_uma_inject_rig *rig)
{
	unsigned int i;
	int ret = 0;

	inject_lock(rig);
	for (i = 1; !ret && i < INJECT_PAGES; i += 2)
		ret = gem_uma_object_populate_locked(rig->uobj, i * PAGE_SIZE, PAGE_SIZE,
						     DMA_TO_DEVICE);
	if (!ret)
		ret = gem_uma_object_populate_locked(rig->uobj, 0, rig->uobj->base.size,
						     DMA_BIDIRECTIONAL);
	inject_unlock(rig);
	return ret;
}

static void check_populate(struct gem_uma_inject_rig *rig)
{
	inject_lock(rig);
	KUNIT_EXPECT_TRUE(rig->test, gem_uma_object_is_resident_locked(rig->uobj, 0,
								       rig->uobj->base.size,
								       DMA_BIDIRECTIONAL));
	inject_unlock(rig);
}

static int run_populate_some(struct gem_uma_inject_rig *rig)
{
	int ret;

	inject_lock(rig);
	ret = gem_uma_backing_populate_some_locked(&rig->uobj->backing, 3, INJECT_PAGES,
						   true);
	if (!ret)
		KUNIT_EXPECT_TRUE(rig->test,
				  gem_uma_backing_is_resident_locked(&rig->uobj->backing, 3, 4));
	gem_uma_object_update_locked(rig->uobj);
	inject_unlock(rig);
	return ret;
}

static void begin_map(struct gem_uma_inject_rig *rig)
{
	inject_lock(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, gem_uma_backing_populate_locked(&rig->uobj->backing, 0,
								      INJECT_PAGES));
	gem_uma_object_update_locked(rig->uobj);
	inject_unlock(rig);
}

/* In pieces, and with a page that the device only reads at first. */
static int run_map(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_dev_map *dmap = &rig->uobj->dev_map;
	int ret;

	inject_lock(rig);
	ret = gem_uma_dev_map_map_locked(dmap, 4, 5, DMA_TO_DEVICE);
	if (!ret)
		ret = gem_uma_dev_map_map_locked(dmap, 8, 9, DMA_BIDIRECTIONAL);
	if (!ret)
		ret = gem_uma_dev_map_map_locked(dmap, 0, INJECT_PAGES, DMA_BIDIRECTIONAL);
	inject_unlock(rig);
	return ret;
}

static void undo_map(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		gem_uma_dev_map_drop_locked(&rig->uobj->dev_map);
}

static void begin_mapped(struct gem_uma_inject_rig *rig)
{
	begin_map(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, run_map(rig));
}

static int run_transfer(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_sync_range all = { .size = rig->uobj->base.size };

	scoped_guard(inject, rig)
		rig->transfer = gem_uma_transfer_create_locked(&rig->uobj->cpu_map,
							       &rig->uobj->dev_map, all);
	return PTR_ERR_OR_ZERO(rig->transfer);
}

static void undo_transfer(struct gem_uma_inject_rig *rig)
{
	gem_uma_transfer_destroy(rig->transfer);
}

static int run_pin(struct gem_uma_inject_rig *rig)
{
	guard(inject)(rig);
	return gem_uma_object_pin(&rig->uobj->base);
}

static void undo_pin(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		gem_uma_object_unpin(&rig->uobj->base);
	gem_uma_inject_evict(rig);
}

static int run_backing_pin(struct gem_uma_inject_rig *rig)
{
	int ret = gem_uma_backing_pin(&rig->uobj->backing);

	scoped_guard(inject, rig)
		gem_uma_object_update_locked(rig->uobj);
	return ret;
}

/* Pinned while it is under test: an array is of an object that stays. */
static void begin_pinned(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, 0, run_pin(rig));
}

static void end_pinned(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		gem_uma_object_unpin(&rig->uobj->base);
}

static int run_pages(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		rig->pages = gem_uma_backing_pages_locked(&rig->uobj->backing);
	return PTR_ERR_OR_ZERO(rig->pages);
}

static void undo_pages(struct gem_uma_inject_rig *rig)
{
	kvfree(rig->pages);
}

static int run_sg_table(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		rig->sgt = gem_uma_object_get_sg_table(&rig->uobj->base);
	return PTR_ERR_OR_ZERO(rig->sgt);
}

static void undo_sg_table(struct gem_uma_inject_rig *rig)
{
	sg_free_table(rig->sgt);
	kfree(rig->sgt);
}

static int run_vmap(struct gem_uma_inject_rig *rig)
{
	guard(inject)(rig);
	return gem_uma_object_vmap(&rig->uobj->base, &rig->map);
}

static void undo_vmap(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		gem_uma_object_vunmap(&rig->uobj->base, &rig->map);
	gem_uma_inject_evict(rig);
}

/* What an importer makes of it, by the core's helpers. */
DEFINE_GEM_UMA_PRIME(inject_prime);

static void inject_invalidate(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_attach_ops inject_importer = {
	.invalidate_mappings = inject_invalidate,
};

/* @ops: of an importer that can be told to give its map back, or NULL. */
static int inject_export(struct gem_uma_inject_rig *rig, const struct dma_buf_attach_ops *ops)
{
	int ret;

	rig->dmabuf = inject_prime_export(&rig->uobj->base, O_RDWR);
	if (IS_ERR(rig->dmabuf))
		return PTR_ERR(rig->dmabuf);
	rig->attach = dma_buf_dynamic_attach(rig->dmabuf, rig->mock->drm.dev, ops, NULL);
	ret = PTR_ERR_OR_ZERO(rig->attach);
	if (ret)
		goto err_put;
	rig->sgt = dma_buf_map_attachment_unlocked(rig->attach, DMA_BIDIRECTIONAL);
	ret = PTR_ERR_OR_ZERO(rig->sgt);
	if (!ret)
		return 0;
	dma_buf_detach(rig->dmabuf, rig->attach);
err_put:
	dma_buf_put(rig->dmabuf);
	flush_delayed_fput();
	return ret;
}

static int run_export(struct gem_uma_inject_rig *rig)
{
	return inject_export(rig, NULL);
}

static void undo_export(struct gem_uma_inject_rig *rig)
{
	dma_buf_unmap_attachment_unlocked(rig->attach, rig->sgt, DMA_BIDIRECTIONAL);
	dma_buf_detach(rig->dmabuf, rig->attach);
	dma_buf_put(rig->dmabuf);
	flush_delayed_fput();
	gem_uma_inject_evict(rig);
}

/* The other end of it: an object that is somebody else's buffer. */
static void begin_imported(struct gem_uma_inject_rig *rig)
{
	struct kunit *test = rig->test;

	KUNIT_ASSERT_EQ(test, 0, inject_export(rig, &inject_importer));
	rig->import = kzalloc_obj(*rig->import, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rig->import);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_init_import(rig->import, &rig->mock->udev,
							    rig->attach, rig->sgt, NULL));
	/* As the core does when the driver's hook has succeeded. */
	rig->import->base.import_attach = rig->attach;
}

/* The same, and nothing is mapped. */
static void begin_import_lazy(struct gem_uma_inject_rig *rig)
{
	begin_imported(rig);
	scoped_guard(inject, rig)
		gem_uma_object_import_unmap_locked(rig->import);
}

static int run_import_map(struct gem_uma_inject_rig *rig)
{
	guard(inject)(rig);
	return gem_uma_object_populate_locked(rig->import, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

static void undo_import_map(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		gem_uma_object_import_unmap_locked(rig->import);
}

static int run_import_vmap(struct gem_uma_inject_rig *rig)
{
	guard(inject)(rig);
	return gem_uma_object_vmap(&rig->import->base, &rig->map);
}

static void undo_import_vmap(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		gem_uma_object_vunmap(&rig->import->base, &rig->map);
}

static void end_imported(struct gem_uma_inject_rig *rig)
{
	drm_gem_object_put(&rig->import->base);
	flush_delayed_fput();
}

static int run_evict(struct gem_uma_inject_rig *rig)
{
	unsigned int evicts = rig->mobj->evicts;

	if (gem_uma_reclaim_device_run(&rig->mock->udev, 1))
		return 0;
	/* Nothing is lost that the device was not asked to give. */
	KUNIT_EXPECT_EQ(rig->test, gem_uma_backing_resident(&rig->uobj->backing),
			INJECT_PAGES);
	return rig->mobj->evicts > evicts ? rig->mobj->evict_errno ?: -EBUSY : -EBUSY;
}

static void begin_evict(struct gem_uma_inject_rig *rig)
{
	gem_uma_mock_fill(rig->test, rig->uobj, rig->seed);
	KUNIT_EXPECT_EQ(rig->test, 0, run_populate(rig));
	rig->mobj->dev_mapped = 1;
	scoped_guard(inject, rig)
		gem_uma_object_update_locked(rig->uobj);
	KUNIT_EXPECT_EQ(rig->test, rig->uobj->reclaim.state, GEM_UMA_DEV_MAPPED);
}

static void check_evict(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, gem_uma_backing_resident(&rig->uobj->backing), 0);
	KUNIT_EXPECT_FALSE(rig->test, rig->mobj->dev_mapped);
	inject_check_content(rig);
}

static int run_writeback(struct gem_uma_inject_rig *rig)
{
	unsigned long pages;

	inject_lock(rig);
	pages = gem_uma_backing_writeback_locked(&rig->uobj->backing, INJECT_PAGES);
	gem_uma_object_update_locked(rig->uobj);
	inject_unlock(rig);
	return pages ? 0 : -EAGAIN;
}

/* By the door that memory pressure comes through. */
static int run_scan_evicted(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, rig->uobj->reclaim.state, GEM_UMA_EVICTED);
	return gem_uma_reclaim_device_run(&rig->mock->udev, 1) ? 0 : -EAGAIN;
}

static int run_backing_populate(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_backing *b = &rig->uobj->backing;
	int ret;

	inject_lock(rig);
	ret = gem_uma_backing_populate_locked(b, 0, b->nr_pages);
	gem_uma_object_update_locked(rig->uobj);
	inject_unlock(rig);
	return ret;
}

/* In swap where it can be, so that it has to be read again. */
static void begin_restore(struct gem_uma_inject_rig *rig)
{
	inject_fill_and_evict(rig);
	run_writeback(rig);
}

static int run_prefetch(struct gem_uma_inject_rig *rig)
{
	return gem_uma_object_prefetch(rig->uobj, 0, INJECT_SIZE);
}

/* A helper that is at it still has the file. */
static void undo_prefetch(struct gem_uma_inject_rig *rig)
{
	unsigned int ms;

	for (ms = 0; ms < 10000 && file_count(rig->uobj->backing.file) > 1; ms += 20)
		msleep(20);
	inject_check_content(rig);
	gem_uma_inject_evict(rig);
}

/* The first file takes no memory. */
static void begin_client_open(struct gem_uma_inject_rig *rig)
{
	begin_map(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, gem_uma_client_open(&rig->first, &rig->uobj->files));
}

static void end_client_open(struct gem_uma_inject_rig *rig)
{
	gem_uma_client_close(&rig->first, &rig->uobj->files);
}

static int run_client_open(struct gem_uma_inject_rig *rig)
{
	return gem_uma_client_open(&rig->client, &rig->uobj->files);
}

static void undo_client_open(struct gem_uma_inject_rig *rig)
{
	gem_uma_client_close(&rig->client, &rig->uobj->files);
}

static int run_label(struct gem_uma_inject_rig *rig)
{
	return gem_uma_object_set_label(rig->uobj, "scanout", 7);
}

static void check_label(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_STREQ(rig->test, rig->uobj->label, "scanout");
}

static void undo_label(struct gem_uma_inject_rig *rig)
{
	gem_uma_object_set_label(rig->uobj, NULL, 0);
}

const struct gem_uma_inject_row gem_uma_inject_rows[GEM_UMA_INJECT_ROWS] = {
	{
		.name = "device_init", .covers = { "gem_uma_device_init" },
		.own_device = true, .run = run_device_init, .check = check_device_init,
		.errnos = { -ENOMEM },
		/* Its mount is its own until the DRM device goes. */
		.remains = BIT(GEM_UMA_INJECT_SUPERS), .allocations = 5, .calls = 4,
	}, {
		.name = "reclaim_device_init", .covers = { "gem_uma_reclaim_device_init" },
		.own_device = true,
		.begin = begin_reclaim_device_init, .run = run_reclaim_device_init,
		.errnos = { -ENOMEM }, .allocations = 5, .calls = 5,
	}, {
		.name = "pm_init", .covers = { "gem_uma_pm_init" },
		.own_device = true, .begin = begin_pm_init, .run = run_pm_init,
		.errnos = { -ENOMEM }, .allocations = 1,
	}, {
		.name = "object_init_huge_wc",
		.covers = { "gem_uma_object_init", "gem_uma_backing_init",
			    "gem_uma_cpu_map_init", "gem_uma_dev_map_init",
			    "gem_uma_reclaim_init" },
		.huge = true, .incoherent = true, .allow_wc = true,
		.run = run_object_init, .undo = undo_object,
		.errnos = { -ENOMEM, -ENFILE, -ENOSPC }, .allocations = 4, .calls = 2,
	}, {
		.name = "object_create_no_mmap_pinned_panthor_8_virtio_L4",
		.covers = { "gem_uma_object_create", "gem_uma_object_free" },
		.run = run_object_create, .undo = undo_object,
		.errnos = { -ENOMEM, -ENFILE, -EINTR, -EIO }, .allocations = 8, .calls = 8,
	}, {
		.name = "dumb_create", .covers = { "gem_uma_object_dumb_create" },
		.begin = begin_dumb, .run = run_dumb, .undo = undo_dumb, .end = end_dumb,
		.errnos = { -ENOMEM, -ENFILE, -ENOSPC }, .allocations = 5, .calls = 1,
	}, {
		.name = "import_uma_b11",
		.covers = { "gem_uma_object_create_import", "gem_uma_object_init_import",
			    "gem_uma_dev_map_init_sgt" },
		.begin = begin_import, .run = run_import, .undo = undo_object, .end = end_import,
		.errnos = { -ENOMEM }, .allocations = 2,
	}, {
		.name = "populate",
		.covers = { "gem_uma_object_populate_locked", "gem_uma_backing_run_locked" },
		.size = INJECT_SIZE,
		.run = run_populate, .check = check_populate, .undo = gem_uma_inject_evict,
		INJECT_PROGRESS, .allocations = 14, .calls = 40,
	}, {
		.name = "populate_huge", .covers = { "gem_uma_object_populate_locked" },
		.size = PMD_SIZE + 3 * PAGE_SIZE, .flags = GEM_UMA_OBJECT_HUGE, .huge = true,
		.run = run_populate, .check = check_populate, .undo = gem_uma_inject_evict,
		INJECT_PROGRESS, .allocations = 4, .calls = 4,
	}, {
		.name = "populate_wc", .covers = { "gem_uma_object_populate_locked" },
		.size = INJECT_SIZE, .flags = GEM_UMA_OBJECT_WC, .incoherent = true,
		.run = run_populate, .check = check_populate, .undo = gem_uma_inject_evict,
		INJECT_PROGRESS, .allocations = 14, .calls = 60,
	}, {
		.name = "populate_allow_wc", .covers = { "gem_uma_object_populate_locked" },
		.size = PMD_SIZE + 3 * PAGE_SIZE,
		.flags = GEM_UMA_OBJECT_WC | GEM_UMA_OBJECT_HUGE, .huge = true, .allow_wc = true,
		.run = run_populate, .check = check_populate, .undo = gem_uma_inject_evict,
		INJECT_PROGRESS, .allocations = 4, .calls = 4,
	}, {
		.name = "populate_some", .covers = { "gem_uma_backing_populate_some_locked" },
		.size = INJECT_SIZE, .run = run_populate_some, .undo = gem_uma_inject_evict,
		INJECT_PROGRESS, .allocations = 2, .calls = 4,
	}, {
		.name = "dev_map", .covers = { "gem_uma_dev_map_map_locked" },
		.size = INJECT_SIZE, .incoherent = true,
		.begin = begin_map, .run = run_map, .undo = undo_map,
		.errnos = { -ENOMEM, -EIO }, .changes = BIT(GEM_UMA_INJECT_MAPPED),
		.allocations = 2, .calls = 6,
	}, {
		.name = "transfer", .covers = { "gem_uma_transfer_create_locked" },
		.size = INJECT_SIZE, .incoherent = true,
		.begin = begin_mapped, .run = run_transfer, .undo = undo_transfer,
		.end = undo_map, .errnos = { -ENOMEM }, .allocations = 1,
	}, {
		.name = "pin", .covers = { "gem_uma_object_pin", "gem_uma_backing_pin_locked" },
		.size = INJECT_SIZE, .flags = GEM_UMA_OBJECT_WC, .incoherent = true,
		.run = run_pin, .undo = undo_pin, INJECT_PROGRESS,
		.allocations = 9, .calls = 30,
	}, {
		.name = "backing_pin", .covers = { "gem_uma_backing_pin" },
		.size = INJECT_SIZE, .run = run_backing_pin, .undo = undo_pin,
		INJECT_PROGRESS, .allocations = 9, .calls = 30,
	}, {
		.name = "pages", .covers = { "gem_uma_backing_pages_locked" },
		.size = INJECT_SIZE,
		.begin = begin_pinned, .run = run_pages, .undo = undo_pages, .end = end_pinned,
		.errnos = { -ENOMEM }, .allocations = 1,
	}, {
		.name = "sg_table",
		.covers = { "gem_uma_object_get_sg_table", "gem_uma_device_make_sgt" },
		.size = INJECT_SIZE,
		.begin = begin_pinned, .run = run_sg_table, .undo = undo_sg_table,
		.end = end_pinned, .errnos = { -ENOMEM }, .allocations = 3, .calls = 1,
	}, {
		.name = "vmap_panthor_2_uma_a8",
		.covers = { "gem_uma_object_vmap", "gem_uma_cpu_map_vmap_locked" },
		.size = INJECT_SIZE, .flags = GEM_UMA_OBJECT_WC, .incoherent = true,
		.run = run_vmap, .undo = undo_vmap, INJECT_PROGRESS,
		.allocations = 10, .calls = 30,
	}, {
		.name = "export",
		.covers = { "gem_uma_object_pin", "gem_uma_object_get_sg_table",
			    "gem_uma_object_prime_export", "gem_uma_object_prime_map",
			    "gem_uma_object_prime_pin" },
		.size = INJECT_SIZE, .run = run_export, .undo = undo_export,
		/* Attaching waits for the jobs of the buffer. */
		.errnos = { -ENOMEM, -EINTR, -EIO, -ERESTARTSYS, -EAGAIN },
		.changes = GEM_UMA_INJECT_PAGES, .remains = GEM_UMA_INJECT_ONCE_KNOWN,
		.allocations = 15, .calls = 30,
	}, {
		.name = "import_map", .covers = { "gem_uma_object_populate_locked" },
		.size = INJECT_SIZE,
		.begin = begin_import_lazy, .run = run_import_map, .undo = undo_import_map,
		/* Mapping waits for the exporter's own jobs. */
		.end = end_imported, .errnos = { -ENOMEM, -EIO, -ERESTARTSYS },
		.allocations = 3,
	}, {
		.name = "import_vmap", .covers = { "gem_uma_object_vmap" },
		.size = INJECT_SIZE,
		.begin = begin_imported, .run = run_import_vmap, .undo = undo_import_vmap,
		.end = end_imported, .errnos = { -EINVAL },
		/* The core warns when an exporter fails. */
		.only = "dma_buf_vmap", .calls = 1,
	}, {
		.name = "evict", .covers = { "gem_uma_reclaim_device_run" },
		.size = INJECT_SIZE, .swap = true,
		.begin = begin_evict, .run = run_evict, .check = check_evict,
		.errnos = { -EBUSY }, .remains = GEM_UMA_INJECT_PAGES, .calls = 1,
		.callbacks = { -EBUSY, -EINTR, -ENOMEM },
	}, {
		.name = "restore", .covers = { "gem_uma_backing_populate_locked" },
		.size = INJECT_SIZE, .incoherent = true, .flags = GEM_UMA_OBJECT_WC,
		.begin = begin_restore, .run = run_backing_populate,
		.check = inject_check_content, .undo = gem_uma_inject_evict,
		INJECT_PROGRESS, .calls = 30,
	}, {
		.name = "scan_evicted", .covers = { "gem_uma_reclaim_device_run" },
		.size = INJECT_SIZE, .swap = true,
		.begin = inject_fill_and_evict, .run = run_scan_evicted,
		.check = inject_check_content, .errnos = { -EAGAIN },
		.remains = GEM_UMA_INJECT_PAGES, .calls = 2,
	}, {
		.name = "writeback", .covers = { "gem_uma_backing_writeback_locked" },
		.size = INJECT_SIZE, .swap = true,
		.begin = inject_fill_and_evict, .run = run_writeback,
		.check = inject_check_content, .errnos = { -EAGAIN },
		.changes = BIT(GEM_UMA_INJECT_FILED), .remains = GEM_UMA_INJECT_PAGES,
		.calls = 1,
	}, {
		.name = "prefetch",
		.covers = { "gem_uma_object_prefetch", "gem_uma_backing_prefetch" },
		.size = INJECT_SIZE, .swap = true,
		.begin = begin_restore, .run = run_prefetch, .undo = undo_prefetch,
		.errnos = { -ENOMEM }, .remains = GEM_UMA_INJECT_PAGES, .allocations = 1,
	}, {
		.name = "client_open", .covers = { "gem_uma_client_open" },
		.size = INJECT_SIZE,
		.begin = begin_client_open, .run = run_client_open, .undo = undo_client_open,
		.end = end_client_open, .errnos = { -ENOMEM }, .allocations = 1,
	}, {
		.name = "label", .covers = { "gem_uma_object_set_label" },
		.size = INJECT_SIZE, .run = run_label, .check = check_label, .undo = undo_label,
		.errnos = { -ENOMEM }, .allocations = 1,
	},
};

MODULE_IMPORT_NS("DMA_BUF");
