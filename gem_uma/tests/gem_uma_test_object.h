/* SPDX-License-Identifier: GPL-2.0 */
/* Calls that the tests of the turn-key object make, with the lock that each needs. */
#ifndef _GEM_UMA_TEST_OBJECT_H_
#define _GEM_UMA_TEST_OBJECT_H_

#include <linux/dma-buf.h>

#include <drm/drm_prime.h>

#include "gem_uma_mock.h"

static inline void object_lock(struct gem_uma_object *uobj)
{
	dma_resv_lock(uobj->base.resv, NULL);
}

static inline void object_unlock(struct gem_uma_object *uobj)
{
	dma_resv_unlock(uobj->base.resv);
}

DEFINE_GUARD(object, struct gem_uma_object *, object_lock(_T), object_unlock(_T))

static inline int object_populate_dir(struct gem_uma_object *uobj, u64 offset, u64 size,
				      enum dma_data_direction dir)
{
	guard(object)(uobj);
	return gem_uma_object_populate_locked(uobj, offset, size, dir);
}

/* As for a device that only reads. */
static inline int object_populate_clean(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	return object_populate_dir(uobj, offset, size, DMA_TO_DEVICE);
}

/* As for a device that may write. */
static inline int object_populate(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	return object_populate_dir(uobj, offset, size, DMA_BIDIRECTIONAL);
}

static inline bool object_is_resident(struct gem_uma_object *uobj, u64 offset, u64 size)
{
	guard(object)(uobj);
	return gem_uma_object_is_resident_locked(uobj, offset, size, DMA_TO_DEVICE);
}

static inline int object_pin(struct gem_uma_object *uobj)
{
	guard(object)(uobj);
	return gem_uma_object_pin(&uobj->base);
}

static inline void object_unpin(struct gem_uma_object *uobj)
{
	scoped_guard(object, uobj)
		gem_uma_object_unpin(&uobj->base);
}

static inline unsigned long object_evict_all(struct gem_uma_mock *mock)
{
	return gem_uma_reclaim_device_run(&mock->udev, ULONG_MAX);
}

/* An importer: a device, an attachment, and an object around it if wanted. */
struct object_import {
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	struct gem_uma_object *uobj;
};

static inline void object_import_attach(struct kunit *test, struct object_import *im,
					struct gem_uma_object *exported, struct device *dev)
{
	im->dmabuf = drm_gem_prime_export(&exported->base, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, im->dmabuf);
	im->attach = dma_buf_attach(im->dmabuf, dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, im->attach);
	im->sgt = dma_buf_map_attachment_unlocked(im->attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, im->sgt);
}

/* The importing side; what the core does after the driver's hook is done here. */
static inline void object_import_create(struct kunit *test, struct object_import *im,
					struct gem_uma_mock *mock,
					struct gem_uma_object *exported)
{
	object_import_attach(test, im, exported, mock->drm.dev);
	im->uobj = kzalloc_obj(*im->uobj, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, im->uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_init_import(im->uobj, &mock->udev, im->attach,
							    im->sgt, NULL));
	im->uobj->base.import_attach = im->attach;
}

#endif
