/* SPDX-License-Identifier: GPL-2.0 */
/* A device, and objects on it, that exist for one test and need no hardware. */
#ifndef _GEM_UMA_MOCK_H_
#define _GEM_UMA_MOCK_H_

/* What most tests use. */
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/uaccess.h>

#include <kunit/resource.h>
#include <kunit/test.h>

#include <drm/drm_device.h>
#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_device.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_reclaim.h>

/* The suite of a file, with its table of cases. */
#define GEM_UMA_TEST_SUITE(_name)			\
	static struct kunit_suite _name##_suite = {	\
		.name = #_name,				\
		.test_cases = _name##_cases,		\
	};						\
	kunit_test_suite(_name##_suite)

/* Zeroes, until the test ends; it fails without. */
static inline void *gem_uma_mock_zalloc(struct kunit *test, size_t size)
{
	void *mem = kunit_kzalloc(test, size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, mem);
	return mem;
}

DEFINE_GUARD(gem_uma_resv, struct dma_resv *, dma_resv_lock(_T, NULL), dma_resv_unlock(_T))

/* Pages of which a huge folio consists. */
#define GEM_UMA_MOCK_HUGE	(PMD_SIZE >> PAGE_SHIFT)

/* A DRM device on a platform device without driver. */
struct gem_uma_mock {
	struct drm_device drm;	/* DRM device, not registered */
	struct gem_uma_device udev;	/* what is under test */
	atomic_t live;	/* objects with the mock's callbacks */
};

/* An object whose callbacks the test controls. */
struct gem_uma_mock_object {
	struct gem_uma_object base;
	unsigned int dev_mapped;	/* what ops->dev_mapped says, until evicted */
	int evict_errno;	/* what ops->evict returns, 0 or negative */
	unsigned int busy;	/* so many calls of ops->evict return -EBUSY first */
	unsigned int evicts;	/* calls of ops->evict */
	unsigned long *held;	/* pages there were in ops->teardown, if set */
	unsigned int *frees;	/* incremented by ops->free, if set */
};

/* A task that holds a resv. */
struct gem_uma_mock_holder {
	struct dma_resv *resv;	/* what it holds */
	unsigned int ms;	/* for how long, 0 for until told */
	struct completion held;	/* it does */
	struct completion release;	/* it shall unlock */
	struct completion done;	/* it did */
};

/* Downcast. @uobj: turn-key object of a &struct gem_uma_mock_object. */
#define to_gem_uma_mock_object(uobj) \
	container_of_const(uobj, struct gem_uma_mock_object, base)

extern const struct gem_uma_object_ops gem_uma_mock_object_ops;

struct platform_device *gem_uma_mock_platform(void);
struct device *gem_uma_mock_parent(struct kunit *test);
struct gem_uma_mock *gem_uma_mock_alloc_on(struct device *parent);
struct gem_uma_mock *gem_uma_mock_alloc(struct kunit *test);
struct gem_uma_mock *gem_uma_mock_create(struct kunit *test, bool huge);
struct gem_uma_mock_object *gem_uma_mock_object_create(struct kunit *test,
						       struct gem_uma_mock *mock,
						       u64 size, u32 flags);
struct gem_uma_mock_object *gem_uma_mock_object_create_shared(struct kunit *test,
							      struct gem_uma_mock *mock,
							      u64 size, u32 flags,
							      struct dma_resv *resv);
void gem_uma_mock_object_put(struct kunit *test, struct gem_uma_mock_object *mobj);

struct file *gem_uma_mock_file_of(struct kunit *test, struct drm_device *drm,
				  struct drm_gem_object *obj);
struct file *gem_uma_mock_file(struct kunit *test, struct drm_gem_object *obj);
unsigned long gem_uma_mock_mmap(struct kunit *test, struct drm_gem_object *obj,
				unsigned long size, unsigned long offset);

struct gem_uma_mock_holder *gem_uma_mock_hold(struct kunit *test, struct drm_gem_object *obj,
					      unsigned int ms);
void gem_uma_mock_unhold(struct kunit *test, struct gem_uma_mock_holder *holder);
void gem_uma_mock_needs_swap(struct kunit *test);
void gem_uma_mock_set_killed(bool on);

void gem_uma_mock_bounce(struct gem_uma_mock *mock, bool on);
u32 gem_uma_mock_word(u32 seed, size_t i);
void gem_uma_mock_drop_clean(struct gem_uma_object *uobj);
void gem_uma_mock_fill(struct kunit *test, struct gem_uma_object *uobj, u32 seed);
void gem_uma_mock_expect_content(struct kunit *test, struct gem_uma_object *uobj,
				 u32 seed);

#endif
