// SPDX-License-Identifier: GPL-2.0
/* Tests of what DEFINE_GEM_UMA_PRIME() makes. */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_object.h"
#include "gem_uma_user.h"

/* What the hooks saw. */
static struct {
	int get_errno;
	int users;	/* dma-bufs */
	unsigned int cleans, invalidates;	/* tables of importers */
	enum dma_data_direction dir;
} prime_log;

static int prime_get(struct gem_uma_object *uobj)
{
	if (prime_log.get_errno)
		return prime_log.get_errno;
	prime_log.users++;
	return 0;
}

static void prime_put(struct gem_uma_object *uobj)
{
	prime_log.users--;
}

DEFINE_GEM_UMA_PRIME(prime_shared, .get = prime_get, .put = prime_put);
DEFINE_GEM_UMA_PRIME(prime_separate, .separate = true);

static const struct drm_gem_object_funcs prime_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = prime_shared_export,
};

static const struct drm_gem_object_funcs prime_separate_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = prime_separate_export,
};

static struct drm_gem_object *prime_import_sg_table(struct drm_device *drm,
						    struct dma_buf_attachment *attach,
						    struct sg_table *sgt)
{
	struct gem_uma_mock *mock = container_of(drm, struct gem_uma_mock, drm);

	return gem_uma_object_create_import(&mock->udev, attach, sgt);
}

static const struct file_operations prime_fops = {
	.owner = THIS_MODULE,
};

#define PRIME_DRIVER(_import, _import_sg_table)			\
	{							\
		.driver_features = DRIVER_GEM,			\
		.gem_prime_import = (_import),			\
		.gem_prime_import_sg_table = (_import_sg_table),	\
		.fops = &prime_fops,				\
		.name = "gem-uma-prime",			\
		.desc = "device of the gem-uma PRIME tests",	\
		.major = 1,					\
	}

static const struct drm_driver prime_driver =
	PRIME_DRIVER(prime_shared_import, prime_import_sg_table);
static const struct drm_driver prime_separate_driver =
	PRIME_DRIVER(prime_separate_import, prime_import_sg_table);
static const struct drm_driver prime_no_import = PRIME_DRIVER(NULL, prime_import_sg_table);
static const struct drm_driver prime_no_table = PRIME_DRIVER(prime_shared_import, NULL);

static void prime_sync(struct device *dev, struct sg_table *sgt, enum dma_data_direction dir,
		       bool invalidate)
{
	prime_log.cleans++;
	prime_log.invalidates += invalidate;
	prime_log.dir = dir;
}

static struct gem_uma_mock *prime_device(struct kunit *test, const struct drm_driver *driver)
{
	struct gem_uma_device_config config = {};
	struct gem_uma_mock *mock = devm_drm_dev_alloc(gem_uma_mock_parent(test), driver,
						       struct gem_uma_mock, drm);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock);
	memset(&prime_log, 0, sizeof(prime_log));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reclaim_device_init(&mock->udev));
	mock->udev.sync_importer = prime_sync;
	return mock;
}

static void prime_put_object(void *data)
{
	drm_gem_object_put(data);
}

static struct gem_uma_object *prime_object(struct kunit *test, struct gem_uma_mock *mock,
					   const struct drm_gem_object_funcs *funcs, u32 flags)
{
	struct gem_uma_object *uobj = kzalloc_obj(*uobj, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, uobj);
	uobj->base.funcs = funcs;
	ret = gem_uma_object_init(uobj, &mock->udev, SZ_16K, flags, NULL);
	if (ret)
		kfree(uobj);
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, prime_put_object, &uobj->base));
	return uobj;
}

/* An object of a driver that has everything in its place. */
static struct gem_uma_object *prime_good(struct kunit *test)
{
	struct gem_uma_mock *mock = prime_device(test, &prime_driver);

	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_shared,
							   &prime_funcs));
	return prime_object(test, mock, &prime_funcs, 0);
}

static struct dma_buf *prime_export(struct kunit *test, struct gem_uma_object *uobj)
{
	struct dma_buf *dma_buf = uobj->base.funcs->export(&uobj->base, O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	return dma_buf;
}

/* The files of a kernel thread are released by a work item. */
static void prime_done(struct dma_buf *dma_buf)
{
	dma_buf_put(dma_buf);
	flush_delayed_fput();
}

static void prime_operations_are_complete_uma_A1(struct kunit *test)
{
	const struct dma_buf_ops *ops = prime_shared.ops;

	KUNIT_EXPECT_NOT_NULL(test, ops->pin);
	KUNIT_EXPECT_NOT_NULL(test, ops->unpin);
	KUNIT_EXPECT_NOT_NULL(test, ops->map_dma_buf);
	KUNIT_EXPECT_NOT_NULL(test, ops->unmap_dma_buf);
	KUNIT_EXPECT_NOT_NULL(test, ops->release);
	KUNIT_EXPECT_NOT_NULL(test, ops->mmap);
	KUNIT_EXPECT_NOT_NULL(test, ops->vmap);
	KUNIT_EXPECT_NOT_NULL(test, ops->vunmap);
	KUNIT_EXPECT_NOT_NULL(test, ops->begin_cpu_access);
	KUNIT_EXPECT_NOT_NULL(test, ops->end_cpu_access);
	KUNIT_EXPECT_PTR_NE(test, ops, prime_separate.ops);
}

/* The core holds a lock meanwhile that all files of the device need. */
static void prime_export_waits_for_no_resv_rev_R21(struct kunit *test)
{
	struct gem_uma_object *uobj = prime_good(test);
	struct dma_buf *dma_buf;

	dma_resv_lock(uobj->base.resv, NULL);
	dma_buf = uobj->base.funcs->export(&uobj->base, O_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EAGAIN);
	KUNIT_EXPECT_EQ(test, gem_uma_object_share(uobj), -EAGAIN);
	dma_resv_unlock(uobj->base.resv);
	KUNIT_EXPECT_FALSE(test, uobj->exported);
	prime_done(prime_export(test, uobj));
}

/* As those of dumb buffers and of the console. */
static void prime_serves_objects_that_the_library_makes(struct kunit *test)
{
	struct gem_uma_mock *mock = prime_device(test, &prime_driver);
	struct gem_uma_object *uobj;
	struct dma_buf *dma_buf;

	mock->udev.coherent = false;
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_shared,
							   &prime_funcs));
	uobj = gem_uma_object_create(&mock->udev, SZ_16K, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, uobj);
	KUNIT_EXPECT_PTR_EQ(test, uobj->base.funcs, &prime_funcs);
	dma_buf = prime_export(test, uobj);
	KUNIT_EXPECT_PTR_EQ(test, dma_buf->ops, prime_shared.ops);
	prime_done(dma_buf);
	drm_gem_object_put(&uobj->base);
}

static void prime_wired_by_half_fails_at_probe_uma_A1(struct kunit *test)
{
	static const struct drm_gem_object_funcs no_export = { GEM_UMA_OBJECT_FUNCS };
	struct gem_uma_mock *mock = prime_device(test, &prime_driver);

	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &prime_shared,
								 &no_export));
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &prime_shared,
								 &prime_separate_funcs));
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &prime_separate,
								 &prime_separate_funcs));
	KUNIT_EXPECT_PTR_EQ(test, mock->udev.prime, NULL);
	mock = prime_device(test, &prime_no_import);
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &prime_shared,
								 &prime_funcs));
	mock = prime_device(test, &prime_no_table);
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &prime_shared,
								 &prime_funcs));
}

/* As for a driver whose dma-bufs have operations that others do not know. */
static void prime_made_by_hand_has_sync_uma_A1(struct kunit *test)
{
	struct gem_uma_mock *mock = prime_device(test, &prime_driver);
	struct dma_buf_ops ops = *prime_shared.ops;
	struct gem_uma_object_prime by_hand = {
		.ops = &ops, .export = prime_shared_export, .import = prime_shared_import,
	};

	ops.begin_cpu_access = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &by_hand,
								 &prime_funcs));
	ops.begin_cpu_access = prime_shared.ops->begin_cpu_access;
	ops.end_cpu_access = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &by_hand,
								 &prime_funcs));
	ops.end_cpu_access = prime_shared.ops->end_cpu_access;
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &by_hand, &prime_funcs));
	KUNIT_EXPECT_PTR_EQ(test, mock->udev.prime, &by_hand);
	mock->udev.prime = NULL;
}

/* A table that is built without a warning, and one where a group was left out. */
static void prime_takes_functions_of_the_driver(struct kunit *test)
{
	static const struct drm_gem_object_funcs own = {
		.free = gem_uma_object_free,
		GEM_UMA_OBJECT_FUNCS_STATUS,
		GEM_UMA_OBJECT_FUNCS_PIN,
		GEM_UMA_OBJECT_FUNCS_SG_TABLE,
		GEM_UMA_OBJECT_FUNCS_MMAP,
		.vmap = gem_uma_object_vmap,
		.vunmap = gem_uma_object_vunmap,
		.export = prime_shared_export,
	};
	struct gem_uma_mock *mock = prime_device(test, &prime_driver);
	struct drm_gem_object_funcs forgets = own;

	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_shared, &own));
	forgets.get_sg_table = NULL;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_prime_init(&mock->udev, &prime_shared,
								 &forgets));
}

/* On a device that does not snoop, no object can be made whose dma-bufs have no sync. */
static void prime_cannot_be_forgotten_uma_A1(struct kunit *test)
{
	static const struct drm_gem_object_funcs no_export = { GEM_UMA_OBJECT_FUNCS };
	struct gem_uma_mock *mock = prime_device(test, &prime_driver);
	struct gem_uma_object *uobj = gem_uma_mock_zalloc(test, sizeof(*uobj)), *own;
	struct dma_buf *dma_buf;

	mock->udev.coherent = false;
	uobj->base.funcs = &no_export;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_init(uobj, &mock->udev, SZ_4K, 0, NULL));
	/* The right one, of which the device was not told. */
	uobj->base.funcs = &prime_funcs;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_init(uobj, &mock->udev, SZ_4K, 0, NULL));

	/* The library's own is good for all but for export. */
	own = prime_object(test, mock, NULL, 0);
	dma_buf = gem_uma_object_export(&own->base, O_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EOPNOTSUPP);

	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_shared,
							   &prime_funcs));
	prime_object(test, mock, &prime_funcs, 0);
}

static void prime_counts_the_dma_bufs(struct kunit *test)
{
	struct gem_uma_object *uobj = prime_good(test);
	struct dma_buf *dma_buf = prime_export(test, uobj);
	bool retained;

	KUNIT_EXPECT_EQ(test, prime_log.users, 1);
	KUNIT_EXPECT_TRUE(test, uobj->exported);
	prime_done(dma_buf);
	KUNIT_EXPECT_EQ(test, prime_log.users, 0);

	prime_log.get_errno = -EXDEV;
	dma_buf = uobj->base.funcs->export(&uobj->base, O_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EXDEV);
	prime_log.get_errno = 0;
	/* One that cannot be shared is not counted. */
	uobj->exported = false;
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_advise(uobj, false, &retained));
	dma_buf = uobj->base.funcs->export(&uobj->base, O_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EBUSY);
	KUNIT_EXPECT_EQ(test, prime_log.users, 0);
}

static void prime_knows_its_own_uma_A9_A10(struct kunit *test)
{
	struct gem_uma_object *uobj = prime_good(test), *other = prime_good(test);
	struct dma_buf *dma_buf = prime_export(test, uobj);
	struct dma_buf *foreign = gem_uma_mock_zalloc(test, sizeof(*foreign));
	struct drm_gem_object *obj;

	KUNIT_EXPECT_TRUE(test, gem_uma_object_prime_is_ours(&prime_shared, uobj->base.dev,
							     dma_buf));
	KUNIT_EXPECT_FALSE(test, gem_uma_object_prime_is_ours(&prime_shared, other->base.dev,
							      dma_buf));
	KUNIT_EXPECT_FALSE(test, gem_uma_object_prime_is_ours(&prime_separate, uobj->base.dev,
							      dma_buf));
	/* What is not an object is not looked into. */
	foreign->ops = prime_separate.ops;
	foreign->priv = (void *)0x10;
	KUNIT_EXPECT_FALSE(test, gem_uma_object_prime_is_ours(&prime_shared, uobj->base.dev,
							      foreign));
	obj = prime_shared_import(uobj->base.dev, dma_buf);
	KUNIT_EXPECT_PTR_EQ(test, obj, &uobj->base);
	if (!IS_ERR(obj))
		drm_gem_object_put(obj);
	/* Another device of the driver attaches. */
	obj = prime_shared_import(other->base.dev, dma_buf);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_EXPECT_PTR_NE(test, obj, &uobj->base);
	KUNIT_EXPECT_TRUE(test, gem_uma_object_is_imported(to_gem_uma_object(obj)));
	drm_gem_object_put(obj);
	prime_done(dma_buf);
}

static void prime_separate_makes_an_object_of_its_own(struct kunit *test)
{
	struct gem_uma_mock *mock = prime_device(test, &prime_separate_driver);
	struct gem_uma_object *uobj;
	struct drm_gem_object *obj;
	struct dma_buf *dma_buf;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_separate,
							   &prime_separate_funcs));
	uobj = prime_object(test, mock, &prime_separate_funcs, 0);
	dma_buf = prime_export(test, uobj);
	obj = prime_separate_import(&mock->drm, dma_buf);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	KUNIT_EXPECT_PTR_NE(test, obj, &uobj->base);
	KUNIT_EXPECT_PTR_EQ(test, obj->resv, uobj->base.resv);
	drm_gem_object_put(obj);
	prime_done(dma_buf);
}

static void prime_invalidate(struct dma_buf_attachment *attach)
{
}

/* One that maps when it is told to, and not once for all when it is attached. */
static const struct dma_buf_attach_ops prime_importer = {
	.invalidate_mappings = prime_invalidate,
};

static void prime_syncs_each_map_uma_B4_B5(struct kunit *test)
{
	struct gem_uma_object *uobj = prime_good(test);
	struct dma_buf *dma_buf = prime_export(test, uobj);
	struct device *importer = gem_uma_mock_parent(test);
	struct dma_buf_attachment *attach;
	struct sg_table *first, *second;

	if (!dma_dev_need_sync(importer))
		kunit_skip(test, "needs a kernel with CONFIG_DMA_API_DEBUG");
	attach = dma_buf_dynamic_attach(dma_buf, importer, &prime_importer, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	first = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	KUNIT_EXPECT_EQ(test, prime_log.cleans, 1);
	KUNIT_EXPECT_EQ(test, prime_log.invalidates, 0);
	second = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, second);
	KUNIT_EXPECT_EQ(test, prime_log.cleans, 2);
	KUNIT_EXPECT_EQ(test, prime_log.dir, DMA_TO_DEVICE);

	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dma_buf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, prime_log.invalidates, 2);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dma_buf, DMA_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, prime_log.cleans, 6);
	KUNIT_EXPECT_EQ(test, prime_log.invalidates, 2);

	dma_buf_unmap_attachment_unlocked(attach, first, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, prime_log.invalidates, 3);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_begin_cpu_access(dma_buf, DMA_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, prime_log.invalidates, 4);
	KUNIT_EXPECT_EQ(test, 0, dma_buf_end_cpu_access(dma_buf, DMA_TO_DEVICE));
	dma_buf_unmap_attachment_unlocked(attach, second, DMA_TO_DEVICE);
	KUNIT_EXPECT_TRUE(test, list_empty(&uobj->importers));
	dma_buf_detach(dma_buf, attach);
	prime_done(dma_buf);
}

DEFINE_GEM_UMA_PRIME(prime_lazy, .lazy = true);

static const struct drm_gem_object_funcs prime_lazy_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = prime_lazy_export,
};

static const struct drm_driver prime_lazy_driver =
	PRIME_DRIVER(prime_lazy_import, prime_import_sg_table);

static void prime_lazy_import_is_mapped_when_it_is_used(struct kunit *test)
{
	struct gem_uma_object *uobj = prime_good(test), *in;
	struct dma_buf *dma_buf = prime_export(test, uobj);
	struct gem_uma_mock *mock = prime_device(test, &prime_lazy_driver);
	struct gem_uma_dma_run run;
	struct drm_gem_object *obj;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_lazy,
							   &prime_lazy_funcs));
	obj = prime_lazy_import(&mock->drm, dma_buf);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	in = to_gem_uma_object(obj);
	KUNIT_EXPECT_TRUE(test, gem_uma_object_is_imported(in));
	KUNIT_EXPECT_TRUE(test, list_empty(&uobj->importers));
	KUNIT_EXPECT_FALSE(test, object_is_resident(in, 0, SZ_4K));
	KUNIT_EXPECT_EQ(test, object_populate(in, 0, SZ_16K + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, object_populate(in, SZ_4K, SZ_4K), 0);
	KUNIT_EXPECT_TRUE(test, object_is_resident(in, 0, SZ_16K));
	KUNIT_EXPECT_TRUE(test, list_is_singular(&uobj->importers));
	scoped_guard(object, in) {
		KUNIT_EXPECT_EQ(test, 0, gem_uma_dev_map_run_locked(&in->dev_map, 3, 4, &run));
		gem_uma_object_import_unmap_locked(in);
		gem_uma_object_import_unmap_locked(in);
		KUNIT_EXPECT_EQ(test, -ENXIO, gem_uma_dev_map_run_locked(&in->dev_map, 3, 4,
									 &run));
	}
	KUNIT_EXPECT_TRUE(test, list_empty(&uobj->importers));
	KUNIT_EXPECT_EQ(test, object_populate(in, 0, SZ_16K), 0);
	gem_uma_object_unplug_all(&mock->udev);
	KUNIT_EXPECT_TRUE(test, list_empty(&uobj->importers));
	KUNIT_EXPECT_EQ(test, object_populate(in, 0, SZ_16K), -ENODEV);
	drm_gem_object_put(obj);
	prime_done(dma_buf);
}

DEFINE_GEM_UMA_PRIME(prime_wc, .wb = GEM_UMA_PRIME_WB_FORCE_WC);
DEFINE_GEM_UMA_PRIME(prime_deny, .wb = GEM_UMA_PRIME_WB_DENY);

static const struct drm_gem_object_funcs prime_wc_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = prime_wc_export,
};

static const struct drm_gem_object_funcs prime_deny_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = prime_deny_export,
};

static const struct drm_driver prime_wc_driver =
	PRIME_DRIVER(prime_wc_import, prime_import_sg_table);
static const struct drm_driver prime_deny_driver =
	PRIME_DRIVER(prime_deny_import, prime_import_sg_table);

static void prime_can_force_write_combining_rev_R24(struct kunit *test)
{
	struct gem_uma_mock *mock = prime_device(test, &prime_wc_driver);
	struct gem_uma_object *uobj, *pinned;
	struct gem_uma_user_pte pte;
	struct dma_buf *dma_buf;
	unsigned long addr;
	u32 word = 0;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_wc,
							   &prime_wc_funcs));
	/* What snoops has nothing to be forced. */
	uobj = prime_object(test, mock, &prime_wc_funcs, 0);
	prime_done(prime_export(test, uobj));
	KUNIT_EXPECT_EQ(test, uobj->cpu_map.mode, GEM_UMA_CACHE_WB);

	mock->udev.coherent = false;
	uobj = prime_object(test, mock, &prime_wc_funcs, 0);
	gem_uma_mock_fill(test, uobj, 9);
	addr = gem_uma_mock_mmap(test, &uobj->base, SZ_16K, 0);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&word, (u32 __user *)addr, sizeof(word)));
	/* mprotect() would make a cached mapping of it. */
	dma_buf = prime_wc_export(&uobj->base, O_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EBUSY);
	KUNIT_EXPECT_EQ(test, uobj->cpu_map.mode, GEM_UMA_CACHE_WB);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, SZ_16K));
	dma_buf = prime_export(test, uobj);
	KUNIT_EXPECT_EQ(test, uobj->cpu_map.mode, GEM_UMA_CACHE_WC);
	addr = gem_uma_mock_mmap(test, &uobj->base, SZ_16K, 0);
	KUNIT_ASSERT_EQ(test, 0, copy_from_user(&word, (u32 __user *)addr, sizeof(word)));
	KUNIT_EXPECT_EQ(test, word, gem_uma_mock_word(9, 0));
	pte = gem_uma_user_look(addr);
	KUNIT_EXPECT_TRUE(test, pte.present);
	KUNIT_EXPECT_EQ(test, pgprot_val(pte.prot), pgprot_val(pgprot_writecombine(pte.prot)));
	prime_done(dma_buf);

	pinned = prime_object(test, mock, &prime_wc_funcs, 0);
	KUNIT_ASSERT_EQ(test, 0, object_pin(pinned));
	dma_buf = prime_wc_export(&pinned->base, O_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EBUSY);
	KUNIT_EXPECT_FALSE(test, pinned->exported);
	KUNIT_EXPECT_EQ(test, pinned->cpu_map.mode, GEM_UMA_CACHE_WB);
	object_unpin(pinned);
	mock->udev.coherent = true;
}

static void prime_can_deny_what_is_cached(struct kunit *test)
{
	struct gem_uma_mock *mock = prime_device(test, &prime_deny_driver);
	struct gem_uma_object *uobj;
	struct dma_buf *dma_buf;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_prime_init(&mock->udev, &prime_deny,
							   &prime_deny_funcs));
	uobj = prime_object(test, mock, &prime_deny_funcs, 0);
	prime_done(prime_export(test, uobj));
	mock->udev.coherent = false;
	uobj = prime_object(test, mock, &prime_deny_funcs, 0);
	dma_buf = prime_deny_export(&uobj->base, O_RDWR);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EOPNOTSUPP);
	KUNIT_EXPECT_FALSE(test, uobj->exported);
	prime_done(prime_export(test, prime_object(test, mock, &prime_deny_funcs,
						   GEM_UMA_OBJECT_WC)));
}

static const char *prime_fence_name(struct dma_fence *fence)
{
	return "gem-uma-prime";
}

static const struct dma_fence_ops prime_fence_ops = {
	.get_driver_name = prime_fence_name, .get_timeline_name = prime_fence_name,
};

static DEFINE_SPINLOCK(prime_fence_lock);

static void prime_begin_of_an_import_can_be_interrupted(struct kunit *test)
{
	struct gem_uma_object *uobj = prime_good(test), *other = prime_good(test);
	struct dma_buf *dma_buf = prime_export(test, uobj);
	struct drm_gem_object *in = prime_shared_import(other->base.dev, dma_buf);
	struct dma_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);
	struct gem_uma_sync_range range = { 0, SZ_4K };
	struct gem_uma_object_access access;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &prime_fence_ops, &prime_fence_lock, dma_fence_context_alloc(1), 1);
	scoped_guard(object, uobj) {
		if (!dma_resv_reserve_fences(uobj->base.resv, 1))
			dma_resv_add_fence(uobj->base.resv, fence, DMA_RESV_USAGE_WRITE);
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, in);
	gem_uma_mock_set_killed(true);
	access = gem_uma_object_access_begin(to_gem_uma_object(in), range, DMA_FROM_DEVICE);
	gem_uma_mock_set_killed(false);
	KUNIT_EXPECT_EQ(test, access.err, -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, prime_log.invalidates, 0);
	dma_fence_signal(fence);
	dma_fence_put(fence);
	access = gem_uma_object_access_begin(to_gem_uma_object(in), range, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, access.err, 0);
	gem_uma_object_access_end(&access);
	drm_gem_object_put(in);
	prime_done(dma_buf);
}

static void prime_refuses_bounce_buffers_of_importers(struct kunit *test)
{
	struct gem_uma_object *uobj = prime_good(test);
	struct dma_buf *dma_buf = prime_export(test, uobj);
	struct gem_uma_mock *importer = gem_uma_mock_create(test, false);
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;

	attach = dma_buf_dynamic_attach(dma_buf, importer->drm.dev, &prime_importer, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	gem_uma_mock_bounce(importer, true);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	gem_uma_mock_bounce(importer, false);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), -EIO);
	KUNIT_EXPECT_TRUE(test, list_empty(&uobj->importers));
	dma_buf_detach(dma_buf, attach);
	prime_done(dma_buf);
}

static struct kunit_case gem_uma_object_prime_cases[] = {
	KUNIT_CASE(prime_operations_are_complete_uma_A1),
	KUNIT_CASE(prime_export_waits_for_no_resv_rev_R21),
	KUNIT_CASE(prime_serves_objects_that_the_library_makes),
	KUNIT_CASE(prime_wired_by_half_fails_at_probe_uma_A1),
	KUNIT_CASE(prime_made_by_hand_has_sync_uma_A1),
	KUNIT_CASE(prime_takes_functions_of_the_driver),
	KUNIT_CASE(prime_cannot_be_forgotten_uma_A1),
	KUNIT_CASE(prime_counts_the_dma_bufs),
	KUNIT_CASE(prime_knows_its_own_uma_A9_A10),
	KUNIT_CASE(prime_separate_makes_an_object_of_its_own),
	KUNIT_CASE(prime_syncs_each_map_uma_B4_B5),
	KUNIT_CASE(prime_can_force_write_combining_rev_R24),
	KUNIT_CASE(prime_can_deny_what_is_cached),
	KUNIT_CASE(prime_lazy_import_is_mapped_when_it_is_used),
	KUNIT_CASE(prime_begin_of_an_import_can_be_interrupted),
	KUNIT_CASE(prime_refuses_bounce_buffers_of_importers),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_object_prime);

MODULE_IMPORT_NS("DMA_BUF");
