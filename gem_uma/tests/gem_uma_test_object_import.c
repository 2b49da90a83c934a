// SPDX-License-Identifier: GPL-2.0
/* Tests of the turn-key object: as somebody else's buffer, and lent to somebody else. */
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_object.h"

static void object_import_detach(struct object_import *im)
{
	dma_buf_unmap_attachment_unlocked(im->attach, im->sgt, DMA_BIDIRECTIONAL);
	dma_buf_detach(im->dmabuf, im->attach);
	dma_buf_put(im->dmabuf);
}

static void object_export_is_pinned_while_attached(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	struct device *importer = gem_uma_mock_parent(test);
	struct object_import im;
	struct gem_uma_run run;
	struct scatterlist *sg;
	pgoff_t pgoff = 0;
	int i;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, uobj, 9);
	/* Evicted: the importer brings it back (panthor-7). */
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	object_import_attach(test, &im, uobj, importer);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE);
	KUNIT_EXPECT_EQ(test, atomic_read(&uobj->backing.pins), 1);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 0);
	object_lock(uobj);
	for_each_sgtable_dma_sg(im.sgt, sg, i) {
		KUNIT_EXPECT_EQ(test, 0, gem_uma_backing_run_locked(&uobj->backing, pgoff,
								    pgoff + 1, &run));
		KUNIT_EXPECT_EQ(test, dma_to_phys(importer, sg_dma_address(sg)),
				PFN_PHYS(run.pfn));
		pgoff += sg_dma_len(sg) >> PAGE_SHIFT;
	}
	object_unlock(uobj);
	KUNIT_EXPECT_EQ(test, pgoff, 4);
	object_import_detach(&im);
	KUNIT_EXPECT_EQ(test, atomic_read(&uobj->backing.pins), 0);
	KUNIT_EXPECT_EQ(test, uobj->reclaim.state, GEM_UMA_UNUSED);
	KUNIT_EXPECT_EQ(test, object_evict_all(mock), 4);
	gem_uma_mock_expect_content(test, uobj, 9);
}

static void object_import_shares_the_pages(struct kunit *test)
{
	struct gem_uma_mock *exporter = gem_uma_mock_create(test, false);
	struct gem_uma_mock *importer = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj, *in;
	struct gem_uma_dma_run run = {};
	struct object_import im;
	struct iosys_map map;

	gem_uma_mock_needs_swap(test);
	uobj = &gem_uma_mock_object_create(test, exporter, SZ_16K, 0)->base;
	gem_uma_mock_fill(test, uobj, 9);
	object_import_create(test, &im, importer, uobj);
	in = im.uobj;
	KUNIT_EXPECT_TRUE(test, gem_uma_object_is_imported(in));
	KUNIT_EXPECT_PTR_EQ(test, in->base.resv, uobj->base.resv);
	KUNIT_EXPECT_EQ(test, in->base.size, SZ_16K);
	KUNIT_EXPECT_EQ(test, gem_uma_object_status(&in->base), DRM_GEM_OBJECT_RESIDENT);
	KUNIT_EXPECT_TRUE(test, object_is_resident(in, 0, SZ_16K));
	object_lock(in);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_run_locked(&in->dev_map, 0, 4, &run));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&in->base, &map));
	KUNIT_EXPECT_EQ(test, *(u32 *)map.vaddr,
			*(u32 *)phys_to_virt(dma_to_phys(in->dev_map.dev, run.addr)));
	gem_uma_object_vunmap(&in->base, &map);
	gem_uma_object_update_locked(in);
	object_unlock(in);
	gem_uma_object_mark_used(in);
	KUNIT_EXPECT_EQ(test, object_evict_all(importer), 0);
	/* The last reference gives table, attachment and buffer back. */
	drm_gem_object_put(&in->base);
	KUNIT_EXPECT_EQ(test, atomic_read(&uobj->backing.pins), 0);
	KUNIT_EXPECT_EQ(test, object_evict_all(exporter), 4);
	gem_uma_mock_expect_content(test, uobj, 9);
}

static void object_import_refuses_what_is_the_exporters(struct kunit *test)
{
	struct gem_uma_mock *exporter = gem_uma_mock_create(test, false);
	struct gem_uma_mock *importer = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj;
	struct object_import im;
	struct sg_table *sgt;

	uobj = &gem_uma_mock_object_create(test, exporter, SZ_16K, 0)->base;
	object_import_create(test, &im, importer, uobj);
	KUNIT_EXPECT_EQ(test, object_pin(im.uobj), -EINVAL);
	scoped_guard(object, im.uobj)
		sgt = gem_uma_object_get_sg_table(&im.uobj->base);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), -EINVAL);
	KUNIT_EXPECT_EQ(test, object_populate(im.uobj, 0, SZ_16K), 0);
	KUNIT_EXPECT_EQ(test, object_populate(im.uobj, 0, SZ_16K + 1), -EINVAL);
	/* Addresses do not outlive the binding of driver and device. */
	gem_uma_object_unplug_all(&importer->udev);
	KUNIT_EXPECT_PTR_EQ(test, im.uobj->import_sgt, NULL);
	KUNIT_EXPECT_FALSE(test, object_is_resident(im.uobj, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, object_populate(im.uobj, 0, SZ_16K), -ENODEV);
	drm_gem_object_put(&im.uobj->base);
}

/* The exporter maps its memory, at whatever page, also where nobody has a handle. */
static void object_import_mmap_is_the_exporters_uma_B12(struct kunit *test)
{
	struct gem_uma_mock *exporter = gem_uma_mock_create(test, false);
	struct gem_uma_mock *importer = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj;
	struct object_import im;
	unsigned long addr;
	u64 offset;
	u32 word;

	uobj = &gem_uma_mock_object_create(test, exporter, SZ_16K, 0)->base;
	gem_uma_mock_fill(test, uobj, 9);
	object_import_create(test, &im, importer, uobj);
	KUNIT_EXPECT_PTR_EQ(test, im.uobj->base.dma_buf, NULL);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_mmap_offset(im.uobj, &offset));
	addr = gem_uma_mock_mmap(test, &im.uobj->base, SZ_4K, SZ_8K);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&word, (u32 __user *)addr, sizeof(word)));
	KUNIT_EXPECT_EQ(test, word, gem_uma_mock_word(9, SZ_8K / sizeof(word)));
	KUNIT_EXPECT_EQ(test, gem_uma_cpu_map_mmaps(&uobj->cpu_map), 1);
	/* The mapping does not need the import. */
	drm_gem_object_put(&im.uobj->base);
	KUNIT_EXPECT_EQ(test, 0, copy_from_user(&word, (u32 __user *)(addr + SZ_1K),
						sizeof(word)));
	KUNIT_EXPECT_EQ(test, word, gem_uma_mock_word(9, (SZ_8K + SZ_1K) / sizeof(word)));
}

/* Until the driver's hook has succeeded, table and attachment are the core's. */
static void object_failed_import_leaves_the_table_alone_uma_B11(struct kunit *test)
{
	struct gem_uma_mock *exporter = gem_uma_mock_create(test, false);
	struct gem_uma_mock *importer = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj;
	struct object_import im;

	uobj = &gem_uma_mock_object_create(test, exporter, SZ_16K, 0)->base;
	object_import_create(test, &im, importer, uobj);
	im.uobj->base.import_attach = NULL;
	drm_gem_object_put(&im.uobj->base);
	KUNIT_EXPECT_EQ(test, atomic_read(&uobj->backing.pins), 1);
	object_import_detach(&im);
	KUNIT_EXPECT_EQ(test, atomic_read(&uobj->backing.pins), 0);
}

static void object_import_of_odd_tables_is_EINVAL(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = gem_uma_mock_zalloc(test, sizeof(*uobj));
	struct dma_buf *dmabuf = gem_uma_mock_zalloc(test, sizeof(*dmabuf));
	struct dma_buf_attachment attach = { .dmabuf = dmabuf };
	struct sg_table sgt;

	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(&sgt, 1, GFP_KERNEL));
	sg_dma_address(sgt.sgl) = SZ_1M;
	sg_dma_len(sgt.sgl) = PAGE_SIZE;

	dmabuf->size = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR(gem_uma_object_create_import(&mock->udev, &attach, &sgt)));
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_init_import(uobj, &mock->udev, &attach,
								  &sgt, NULL));
	dmabuf->size = SIZE_MAX;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_init_import(uobj, &mock->udev, &attach,
								  &sgt, NULL));
	dmabuf->size = BIT_ULL(45);
	KUNIT_EXPECT_EQ(test, -E2BIG, gem_uma_object_init_import(uobj, &mock->udev, &attach,
								 &sgt, NULL));
	memset(uobj, 0, sizeof(*uobj));
	dmabuf->size = PAGE_SIZE;
	sg_dma_address(sgt.sgl) = SZ_1M + PAGE_SIZE / 2;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_init_import(uobj, &mock->udev, &attach,
								  &sgt, NULL));
	KUNIT_EXPECT_TRUE(test, list_empty(&mock->udev.objects));
	sg_free_table(&sgt);
}

static void object_import_is_rounded_up_to_pages(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	static const struct drm_gem_object_funcs funcs = { GEM_UMA_OBJECT_FUNCS };
	struct dma_buf *dmabuf = gem_uma_mock_zalloc(test, sizeof(*dmabuf));
	struct dma_buf_attachment attach = { .dmabuf = dmabuf };
	struct drm_gem_object *obj;
	struct dma_resv resv;
	struct sg_table sgt;

	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(&sgt, 1, GFP_KERNEL));
	sg_dma_address(sgt.sgl) = SZ_1M;
	sg_dma_len(sgt.sgl) = PAGE_SIZE + 1;
	dma_resv_init(&resv);
	dmabuf->resv = &resv;
	dmabuf->size = PAGE_SIZE + 1;
	mock->udev.object_funcs = &funcs;
	obj = gem_uma_object_create_import(&mock->udev, &attach, &sgt);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_EXPECT_PTR_EQ(test, obj->funcs, &funcs);
	KUNIT_EXPECT_EQ(test, obj->size, 2 * PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, object_is_resident(to_gem_uma_object(obj), 0, 2 * PAGE_SIZE));
	drm_gem_object_put(obj);
	dma_resv_fini(&resv);
	sg_free_table(&sgt);
}

static struct kunit_case gem_uma_object_import_cases[] = {
	KUNIT_CASE(object_export_is_pinned_while_attached),
	KUNIT_CASE(object_import_shares_the_pages),
	KUNIT_CASE(object_import_refuses_what_is_the_exporters),
	KUNIT_CASE(object_import_mmap_is_the_exporters_uma_B12),
	KUNIT_CASE(object_failed_import_leaves_the_table_alone_uma_B11),
	KUNIT_CASE(object_import_of_odd_tables_is_EINVAL),
	KUNIT_CASE(object_import_is_rounded_up_to_pages),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_object_import);

MODULE_IMPORT_NS("DMA_BUF");
