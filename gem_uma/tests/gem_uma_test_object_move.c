// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of imports whose exporter moves them: evicts them, where both sides are ours. A mock
 * GPU says how often it was asked to forget an import, and what it answered.
 */
#include <linux/dma-direct.h>
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "gem_uma_test_object.h"

#define PAGES	4
#define SIZE	(PAGES * PAGE_SIZE)

/* An import, and its importer's device. */
struct move_import {
	struct gem_uma_object base;
	unsigned int evicts;	/* calls of ops->evict */
	unsigned int busy;	/* so many of them return -EBUSY first */
	int evict_errno;	/* what others return */
	bool drop;	/* the next one drops the test's reference */
	struct dma_fence *fence;	/* the next one adds it to the resv */
	struct gem_uma_mock *squeeze;	/* all of its objects are evicted by ops->teardown... */
	unsigned long *squeezed;	/* ...which tells how many pages that were */
	struct task_struct **freed_by;	/* set by ops->free, if set */
};

/* The parties of a test. */
struct move_rig {
	struct gem_uma_mock *exporter, *importer;
	struct gem_uma_object *uobj;	/* exported */
	struct dma_buf *dma_buf;
	struct move_import *in;
};

/* In what counts as reclaim. */
static void move_add_fence(struct dma_resv *resv, struct dma_fence *fence)
{
	unsigned int flags = memalloc_noreclaim_save();

	if (!dma_resv_reserve_fences(resv, 1))
		dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	memalloc_noreclaim_restore(flags);
}

static int move_evict(struct gem_uma_object *uobj)
{
	struct move_import *in = container_of(uobj, struct move_import, base);

	in->evicts++;
	if (in->drop) {
		in->drop = false;
		drm_gem_object_put(&uobj->base);
	}
	if (in->fence)
		move_add_fence(uobj->base.resv, in->fence);
	in->fence = NULL;
	if (in->busy) {
		in->busy--;
		return -EBUSY;
	}
	return in->evict_errno;
}

static void move_teardown(struct gem_uma_object *uobj)
{
	struct move_import *in = container_of(uobj, struct move_import, base);

	if (in->squeeze)
		*in->squeezed = object_evict_all(in->squeeze);
}

static void move_free(struct gem_uma_object *uobj)
{
	struct move_import *in = container_of(uobj, struct move_import, base);

	if (in->freed_by)
		WRITE_ONCE(*in->freed_by, current);
	kfree(in);
}

static const struct gem_uma_object_ops move_ops = {
	.evict = move_evict, .teardown = move_teardown, .free = move_free,
};

DEFINE_GEM_UMA_PRIME(move_prime, .lazy = true);

static const struct drm_gem_object_funcs move_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = move_prime_export,
};

static struct drm_gem_object *move_import_sg_table(struct drm_device *drm,
						   struct dma_buf_attachment *attach,
						   struct sg_table *sgt)
{
	struct gem_uma_mock *mock = container_of(drm, struct gem_uma_mock, drm);
	struct move_import *in = kzalloc_obj(*in, GFP_KERNEL);
	int ret;

	if (!in)
		return ERR_PTR(-ENOMEM);
	in->base.base.funcs = &move_funcs;
	ret = gem_uma_object_init_import(&in->base, &mock->udev, attach, sgt, &move_ops);
	if (ret) {
		kfree(in);
		return ERR_PTR(ret);
	}
	return &in->base.base;
}

static const struct file_operations move_fops = {
	.owner = THIS_MODULE,
};

static const struct drm_driver move_driver = {
	.driver_features = DRIVER_GEM,
	.gem_prime_import = move_prime_import,
	.gem_prime_import_sg_table = move_import_sg_table,
	.fops = &move_fops,
	.name = "gem-uma-move",
	.desc = "device of the gem-uma move tests",
	.major = 1,
};

static struct gem_uma_mock *move_device(struct kunit *test)
{
	struct gem_uma_device_config config = {};
	struct gem_uma_mock *mock = devm_drm_dev_alloc(gem_uma_mock_parent(test), &move_driver,
						       struct gem_uma_mock, drm);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reclaim_device_init(&mock->udev));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &move_prime,
							   &move_funcs));
	return mock;
}

static struct move_import *move_import(struct kunit *test, struct gem_uma_mock *mock,
				       struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = move_prime_import(&mock->drm, dma_buf);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	return container_of(to_gem_uma_object(obj), struct move_import, base);
}

/* Both sides, content in the buffer, and nothing mapped yet. */
static void move_begin(struct kunit *test, struct move_rig *rig)
{
	gem_uma_mock_needs_swap(test);
	rig->exporter = move_device(test);
	rig->importer = move_device(test);
	rig->uobj = kzalloc_obj(*rig->uobj, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rig->uobj);
	rig->uobj->base.funcs = &move_funcs;
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_init(rig->uobj, &rig->exporter->udev, SIZE, 0,
						     NULL));
	gem_uma_mock_fill(test, rig->uobj, 9);
	rig->dma_buf = move_prime_export(&rig->uobj->base, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->dma_buf);
	rig->in = move_import(test, rig->importer, rig->dma_buf);
}

static void move_end(struct move_rig *rig)
{
	if (rig->in)
		drm_gem_object_put(&rig->in->base.base);
	dma_buf_put(rig->dma_buf);
	flush_delayed_fput();
	drm_gem_object_put(&rig->uobj->base);
}

/* What the importer's device sees, or NULL if it has no address. */
static u32 *move_device_word(struct gem_uma_object *in, size_t word)
{
	pgoff_t page = word * sizeof(u32) >> PAGE_SHIFT;
	struct gem_uma_dma_run run;

	guard(object)(in);
	if (gem_uma_dev_map_run_locked(&in->dev_map, page, page + 1, &run))
		return NULL;
	return phys_to_virt(dma_to_phys(in->dev_map.dev, run.addr)) +
	       offset_in_page(word * sizeof(u32));
}

static void move_import_is_evicted_with_its_export(struct kunit *test)
{
	struct move_rig rig;
	u32 *word;

	move_begin(test, &rig);
	KUNIT_EXPECT_TRUE(test, list_empty(&rig.uobj->importers));
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rig.uobj->importers));
	KUNIT_EXPECT_EQ(test, atomic_read(&rig.uobj->backing.pins), 0);
	KUNIT_EXPECT_EQ(test, rig.uobj->reclaim.state, GEM_UMA_DEV_MAPPED);
	/* What the device writes is not in any page table of the CPU. */
	word = move_device_word(&rig.in->base, 3);
	KUNIT_ASSERT_NOT_NULL(test, word);
	KUNIT_EXPECT_EQ(test, *word, gem_uma_mock_word(9, 3));
	*word = 5;

	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&rig.uobj->importers));
	KUNIT_EXPECT_FALSE(test, object_is_resident(&rig.in->base, 0, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, move_device_word(&rig.in->base, 3));
	gem_uma_mock_drop_clean(rig.uobj);

	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	KUNIT_EXPECT_TRUE(test, object_is_resident(&rig.in->base, 0, SIZE));
	word = move_device_word(&rig.in->base, 3);
	KUNIT_ASSERT_NOT_NULL(test, word);
	KUNIT_EXPECT_EQ(test, *word, 5);
	*word = gem_uma_mock_word(9, 3);
	gem_uma_mock_expect_content(test, rig.uobj, 9);
	/* Once more; and what has given its map back is not asked. */
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	object_evict_all(rig.exporter);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 2);
	move_end(&rig);
}

static void move_all_importers_are_asked(struct kunit *test)
{
	struct gem_uma_mock *third = move_device(test);
	struct move_import *other;
	struct move_rig rig;

	move_begin(test, &rig);
	other = move_import(test, third, rig.dma_buf);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	KUNIT_ASSERT_EQ(test, 0, object_populate(&other->base, 0, SIZE));
	other->evict_errno = -EBUSY;
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), 0);
	KUNIT_EXPECT_GE(test, rig.in->evicts, 1);
	KUNIT_EXPECT_GE(test, other->evicts, 1);
	/* Less mapped, but no page has gone. */
	KUNIT_EXPECT_TRUE(test, list_is_singular(&rig.uobj->importers));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&rig.uobj->backing), PAGES);
	KUNIT_EXPECT_NOT_NULL(test, move_device_word(&other->base, 0));
	other->evict_errno = 0;
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	drm_gem_object_put(&other->base.base);
	move_end(&rig);
}

/* No map survives an error but one that says that it may. */
static void move_broken_importer_loses_its_map(struct kunit *test)
{
	struct move_rig rig;

	move_begin(test, &rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	rig.in->evict_errno = -EIO;
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	KUNIT_EXPECT_NULL(test, move_device_word(&rig.in->base, 0));
	move_end(&rig);
}

/* While there is no answer nobody asks again; then the exporter goes on when it scans. */
static void move_importer_may_have_to_answer(struct kunit *test)
{
	unsigned int i, refs, ms;
	struct move_rig rig;

	move_begin(test, &rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	rig.in->evict_errno = -EINPROGRESS;
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), 0);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 1);
	KUNIT_EXPECT_NOT_NULL(test, move_device_word(&rig.in->base, 0));
	rig.in->evict_errno = 0;
	refs = kref_read(&rig.in->base.base.refcount);
	gem_uma_object_update(&rig.in->base);
	for (ms = 0; ms < 10000 && kref_read(&rig.in->base.base.refcount) > refs; ms++)
		fsleep(1000);
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 2);
	move_end(&rig);
}

static const char *move_fence_name(struct dma_fence *fence)
{
	return "gem-uma-move";
}

static const struct dma_fence_ops move_fence_ops = {
	.get_driver_name = move_fence_name, .get_timeline_name = move_fence_name,
};

static DEFINE_SPINLOCK(move_fence_lock);

/* A job of the importer's uses the buffer until the fence is signalled. */
static struct dma_fence *move_job(struct kunit *test, struct dma_resv *resv)
{
	struct dma_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &move_fence_ops, &move_fence_lock, dma_fence_context_alloc(1), 1);
	scoped_guard(gem_uma_resv, resv) {
		ret = dma_resv_reserve_fences(resv, 1);
		if (!ret)
			dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	}
	KUNIT_ASSERT_EQ(test, 0, ret);
	return fence;
}

static void move_busy_import_is_not_asked(struct kunit *test)
{
	struct dma_fence *fence;
	struct move_rig rig;

	move_begin(test, &rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	fence = move_job(test, rig.uobj->base.resv);
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), 0);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 0);
	dma_fence_signal(fence);
	dma_fence_put(fence);
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	move_end(&rig);
}

/* Who gives a map back may have begun something that ends later. */
static void move_importer_may_add_a_fence_rev_R22(struct kunit *test)
{
	struct dma_fence *fence;
	struct move_rig rig;

	move_begin(test, &rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	fence = kzalloc_obj(*fence, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &move_fence_ops, &move_fence_lock, dma_fence_context_alloc(1), 1);
	rig.in->fence = fence;
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), 0);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&rig.uobj->backing), PAGES);
	dma_fence_signal(fence);
	dma_fence_put(fence);
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	move_end(&rig);
}

/* Until its driver has taken it out of page tables, the pages of an import stay. */
static void move_dying_import_keeps_its_map_rev_R14(struct kunit *test)
{
	unsigned long squeezed = ULONG_MAX;
	struct move_rig rig;

	move_begin(test, &rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	rig.in->squeeze = rig.exporter;
	rig.in->squeezed = &squeezed;
	drm_gem_object_put(&rig.in->base.base);
	rig.in = NULL;
	KUNIT_EXPECT_EQ(test, squeezed, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&rig.uobj->importers));
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	move_end(&rig);
}

/* Whoever evicts must not free: that takes the resv which is held. */
static void move_last_reference_goes_meanwhile_panthor_6(struct kunit *test)
{
	struct task_struct *freed_by = NULL;
	struct move_rig rig;
	unsigned int ms;

	move_begin(test, &rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	rig.in->freed_by = &freed_by;
	rig.in->drop = true;
	rig.in = NULL;
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	for (ms = 0; ms < 10000 && !READ_ONCE(freed_by); ms++)
		fsleep(1000);
	KUNIT_EXPECT_NOT_NULL(test, freed_by);
	KUNIT_EXPECT_PTR_NE(test, freed_by, current);
	move_end(&rig);
}

struct move_put {
	struct work_struct work;
	struct drm_gem_object *obj;
};

static void move_put_work(struct work_struct *work)
{
	drm_gem_object_put(container_of(work, struct move_put, work)->obj);
}

/* It has no reference any more, and waits for the resv to give its map back. */
static void move_while_the_import_is_freed(struct kunit *test)
{
	struct move_rig rig;
	struct move_put put;
	unsigned int ms;

	move_begin(test, &rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	INIT_WORK_ONSTACK(&put.work, move_put_work);
	put.obj = &rig.in->base.base;
	scoped_guard(object, rig.uobj) {
		schedule_work(&put.work);
		for (ms = 0; ms < 10000 && kref_read(&put.obj->refcount); ms++)
			fsleep(1000);
		KUNIT_EXPECT_EQ(test, kref_read(&put.obj->refcount), 0);
		dma_buf_invalidate_mappings(rig.dma_buf);
		KUNIT_EXPECT_EQ(test, rig.in->evicts, 0);
		KUNIT_EXPECT_TRUE(test, list_empty(&rig.uobj->importers));
	}
	flush_work(&put.work);
	destroy_work_on_stack(&put.work);
	rig.in = NULL;
	move_end(&rig);
}

/* A driver that has no device to map for: kernel and CPU mappings are the exporter's. */
static void move_cpu_access_of_an_import_maps_nothing_ports_G7(struct kunit *test)
{
	struct gem_uma_sync_range range = { 0, SIZE };
	struct gem_uma_object_access access;
	struct iosys_map map;
	struct move_rig rig;

	move_begin(test, &rig);
	access = gem_uma_object_access_begin(&rig.in->base, range, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, access.err, 0);
	scoped_guard(object, &rig.in->base) {
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&rig.in->base.base, &map));
		KUNIT_EXPECT_EQ(test, *(u32 *)map.vaddr, gem_uma_mock_word(9, 0));
		KUNIT_EXPECT_TRUE(test, list_empty(&rig.uobj->importers));
		gem_uma_object_vunmap(&rig.in->base.base, &map);
	}
	gem_uma_object_access_end(&access);
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 0);
	move_end(&rig);
}

/* Who cannot be asked keeps the pages where they are as long as it has a map. */
static void move_static_importer_pins(struct kunit *test)
{
	struct dma_buf_attachment *attach;
	struct move_rig rig;
	struct sg_table *sgt;

	move_begin(test, &rig);
	attach = dma_buf_attach(rig.dma_buf, gem_uma_mock_parent(test));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&rig.in->base, 0, SIZE));
	KUNIT_EXPECT_EQ(test, atomic_read(&rig.uobj->backing.pins), 1);
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), 0);
	KUNIT_EXPECT_EQ(test, rig.in->evicts, 0);
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
	dma_buf_detach(rig.dma_buf, attach);
	KUNIT_EXPECT_EQ(test, atomic_read(&rig.uobj->backing.pins), 0);
	KUNIT_EXPECT_EQ(test, object_evict_all(rig.exporter), PAGES);
	move_end(&rig);
}

/* An exporter of another kind, which moves its buffer whatever importers say. */
static int foreign_pin(struct dma_buf_attachment *attach)
{
	return 0;
}

static void foreign_unpin(struct dma_buf_attachment *attach)
{
}

static struct sg_table *foreign_map(struct dma_buf_attachment *attach,
				    enum dma_data_direction dir)
{
	struct sg_table *sgt = kzalloc_obj(*sgt, GFP_KERNEL);

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	if (sg_alloc_table(sgt, 1, GFP_KERNEL)) {
		kfree(sgt);
		return ERR_PTR(-ENOMEM);
	}
	sg_set_page(sgt->sgl, ZERO_PAGE(0), PAGE_SIZE, 0);
	sg_dma_address(sgt->sgl) = SZ_1M;
	sg_dma_len(sgt->sgl) = PAGE_SIZE;
	return sgt;
}

static void foreign_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			  enum dma_data_direction dir)
{
	sg_free_table(sgt);
	kfree(sgt);
}

static void foreign_release(struct dma_buf *dma_buf)
{
}

static const struct dma_buf_ops foreign_ops = {
	.pin = foreign_pin,
	.unpin = foreign_unpin,
	.map_dma_buf = foreign_map,
	.unmap_dma_buf = foreign_unmap,
	.release = foreign_release,
};

struct move_notice {
	struct work_struct work;
	struct dma_buf *dma_buf;
};

static void move_notice_work(struct work_struct *work)
{
	struct dma_buf *dma_buf = container_of(work, struct move_notice, work)->dma_buf;

	guard(gem_uma_resv)(dma_buf->resv);
	dma_buf_invalidate_mappings(dma_buf);
}

/* Its memory is somebody else's when the call returns: page tables must not lead there. */
static void move_foreign_exporter_finds_nothing_mapped(struct kunit *test)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct gem_uma_mock *mock = move_device(test);
	struct move_notice notice;
	struct move_import *in;
	struct dma_fence *fence;

	info.ops = &foreign_ops;
	info.size = PAGE_SIZE;
	/* The core wants one. */
	info.priv = mock;
	notice.dma_buf = dma_buf_export(&info);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, notice.dma_buf);
	in = move_import(test, mock, notice.dma_buf);
	KUNIT_ASSERT_EQ(test, 0, object_populate(&in->base, 0, PAGE_SIZE));
	in->busy = 3;
	fence = move_job(test, notice.dma_buf->resv);
	INIT_WORK_ONSTACK(&notice.work, move_notice_work);
	schedule_work(&notice.work);
	/* Long enough for it to be wrong, if it is. */
	msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(in->evicts), 0);
	dma_fence_signal(fence);
	dma_fence_put(fence);
	flush_work(&notice.work);
	destroy_work_on_stack(&notice.work);
	KUNIT_EXPECT_EQ(test, in->evicts, 4);
	KUNIT_EXPECT_FALSE(test, object_is_resident(&in->base, 0, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, object_populate(&in->base, 0, PAGE_SIZE));
	drm_gem_object_put(&in->base.base);
	dma_buf_put(notice.dma_buf);
	flush_delayed_fput();
}

static struct kunit_case gem_uma_object_move_cases[] = {
	KUNIT_CASE(move_import_is_evicted_with_its_export),
	KUNIT_CASE(move_all_importers_are_asked),
	KUNIT_CASE(move_broken_importer_loses_its_map),
	KUNIT_CASE(move_importer_may_have_to_answer),
	KUNIT_CASE(move_busy_import_is_not_asked),
	KUNIT_CASE(move_importer_may_add_a_fence_rev_R22),
	KUNIT_CASE(move_dying_import_keeps_its_map_rev_R14),
	KUNIT_CASE(move_last_reference_goes_meanwhile_panthor_6),
	KUNIT_CASE(move_while_the_import_is_freed),
	KUNIT_CASE(move_cpu_access_of_an_import_maps_nothing_ports_G7),
	KUNIT_CASE(move_static_importer_pins),
	KUNIT_CASE(move_foreign_exporter_finds_nothing_mapped),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_object_move);

MODULE_IMPORT_NS("DMA_BUF");
