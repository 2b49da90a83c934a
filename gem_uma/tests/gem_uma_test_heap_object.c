// SPDX-License-Identifier: GPL-2.0
/* Tests of heaps as GEM objects. */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/shrinker.h>
#include <linux/string.h>

#include <drm/drm_prime.h>

#include "gem_uma_mock_heap.h"
#include "gem_uma_reclaim_lists.h"
#include "gem_uma_user.h"

/* The last granule is short. */
#define GRANULE	(4 * PAGE_SIZE)
#define GRANULES	5ul
#define SIZE	((GRANULES - 1) * GRANULE + PAGE_SIZE)
/* What all of it takes, in pages. */
#define ALL	((long)(GRANULES * GRANULE / PAGE_SIZE))

static struct gem_uma_mock_heap_object *object_create(struct kunit *test,
						      struct gem_uma_mock_heaps *heaps)
{
	return gem_uma_mock_heap_object_create(test, heaps, SIZE, GRANULE);
}

static long object_held(const struct gem_uma_mock_heaps *heaps)
{
	return atomic_long_read(&heaps->reserve->held);
}

/* All is there, and neither the client nor reclaim takes any of it. */
static void object_expect_kept(struct gem_uma_mock_heap_object *mobj,
			       struct gem_uma_mock_heaps *heaps)
{
	struct kunit *test = mobj->test;

	KUNIT_EXPECT_EQ(test, object_held(heaps), ALL);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(&mobj->obj.heap, 0, SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_try_discard(&mobj->obj, 0, SIZE), -EBUSY);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heaps_scan(heaps), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, object_held(heaps), ALL);
	KUNIT_EXPECT_EQ(test, mobj->mapped, GRANULES);
}

static void object_expect_let_loose(struct gem_uma_mock_heap_object *mobj,
				    struct gem_uma_mock_heaps *heaps)
{
	KUNIT_EXPECT_EQ(mobj->test, gem_uma_mock_heaps_scan(heaps), ALL);
	KUNIT_EXPECT_EQ(mobj->test, object_held(heaps), 0);
	KUNIT_EXPECT_EQ(mobj->test, mobj->mapped, 0);
}

static int object_pin(struct gem_uma_mock_heap_object *mobj)
{
	guard(gem_uma_resv)(mobj->obj.base.resv);
	return gem_uma_heap_object_pin(&mobj->obj.base);
}

static void object_unpin(struct gem_uma_mock_heap_object *mobj)
{
	guard(gem_uma_resv)(mobj->obj.base.resv);
	gem_uma_heap_object_unpin(&mobj->obj.base);
}

static void heap_object_pin_keeps_all_of_it(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);

	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&mobj->obj.heap, 2 * GRANULE),
			GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	object_expect_kept(mobj, &heaps);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	object_unpin(mobj);
	object_expect_kept(mobj, &heaps);
	object_unpin(mobj);
	/* Nobody's job needed all that. */
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(&mobj->obj.heap), GRANULE);
	object_expect_let_loose(mobj, &heaps);
}

static void heap_object_failed_pin_pins_nothing(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	unsigned long limit = heaps.reserve->limit;

	mobj->fail_map = 1;
	KUNIT_EXPECT_EQ(test, object_pin(mobj), -EIO);
	KUNIT_EXPECT_EQ(test, mobj->obj.heap.pins, 0);
	KUNIT_EXPECT_FALSE(test, gem_uma_heap_object_is_pinned(&mobj->obj));
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_try_discard(&mobj->obj, 0, SIZE), 0);
	/* More than all heaps may pin is not even begun. */
	heaps.reserve->limit = 4 * ALL - 1;
	KUNIT_EXPECT_EQ(test, object_pin(mobj), -ENOMEM);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), 0);
	heaps.reserve->limit = limit;
	/* After progress, so that one who is interrupted again and again gets through. */
	gem_uma_mock_set_killed(true);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), -ERESTARTSYS);
	KUNIT_EXPECT_GT(test, object_held(&heaps), 0);
	gem_uma_mock_set_killed(false);
	KUNIT_EXPECT_EQ(test, mobj->obj.heap.pins, 0);
}

/* Nobody can take back what is pinned: the rest of what heaps may hold is for jobs. */
static void heap_object_pins_have_a_limit_rev_B1(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_mock_heap_object *other = object_create(test, &heaps);
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL };
	struct shrinker *shrinker = heaps.reserve->shrinker;

	heaps.reserve->limit = 5 * ALL;
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	KUNIT_EXPECT_EQ(test, object_pin(other), -ENOMEM);
	KUNIT_EXPECT_EQ(test, other->obj.heap.pins, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&other->obj.heap, 0), GEM_UMA_HEAP_GROWN);
	object_unpin(mobj);
	KUNIT_EXPECT_EQ(test, object_pin(other), -ENOMEM);
	/* Both shrinkers know that all of it but a granule has to stay. */
	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), GRANULE / PAGE_SIZE);
	shrinker = heaps.mock->udev.reclaim->shrinker;
	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), GRANULE / PAGE_SIZE);
	gem_uma_heap_discard(&other->obj.heap, 0, SIZE);
	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), SHRINK_EMPTY);
	object_unpin(mobj);
	KUNIT_EXPECT_EQ(test, shrinker->count_objects(shrinker, &sc), ALL);
	KUNIT_EXPECT_EQ(test, object_pin(other), 0);
	/* One that is detached has its share as long as it has its memory. */
	gem_uma_heap_detach(&other->obj.heap);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), -ENOMEM);
	object_unpin(other);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	object_unpin(mobj);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->pinned), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps.reserve->promised), 0);
}

/* A pin has no job, so pools can be drained: which is no help, if heaps hold too much. */
static void heap_object_pin_takes_from_who_is_idle_rev_B3(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_mock_heap *idle;

	idle = gem_uma_mock_heap_create(test, &heaps, 4 * ALL * PAGE_SIZE, PAGE_SIZE,
					4 * ALL * PAGE_SIZE, GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, gem_uma_mock_heap_prepare(idle), 0);
	KUNIT_EXPECT_GE(test, atomic_long_read(&heaps.reserve->pages), ALL);
	heaps.reserve->limit = 4 * ALL;
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	KUNIT_EXPECT_EQ(test, idle->base.nr, 0);
	object_unpin(mobj);
}

/* What a pin has allocated is not what jobs needed, also when nobody has pinned it any more. */
static void heap_object_learns_nothing_from_pins_rev_B7(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_heap *heap = &mobj->obj.heap;

	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	object_unpin(mobj);
	KUNIT_EXPECT_GT(test, gem_uma_heap_discard(heap, GRANULE, GRANULE), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(heap, GRANULE), GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(heap), 0);
	/* What comes after that was gone, does count. */
	object_expect_let_loose(mobj, &heaps);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(heap, GRANULE), GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(heap), GRANULE);
}

static void heap_object_vmap_has_no_holes_sparse_S1(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct drm_gem_object *obj = &mobj->obj.base;
	struct iosys_map map, again;
	u8 byte = 0x5a, *vaddr;

	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&mobj->obj.heap, SIZE - 1), GEM_UMA_HEAP_GROWN);
	scoped_guard(gem_uma_resv, obj->resv) {
		KUNIT_ASSERT_EQ(test, gem_uma_heap_object_vmap(obj, &map), 0);
		KUNIT_ASSERT_EQ(test, gem_uma_heap_object_vmap(obj, &again), 0);
	}
	KUNIT_EXPECT_PTR_EQ(test, map.vaddr, again.vaddr);
	vaddr = map.vaddr;
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, SIZE));
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(&mobj->obj.heap, GRANULE + PAGE_SIZE + 1, &byte,
						 sizeof(byte)), 0);
	KUNIT_EXPECT_EQ(test, vaddr[GRANULE + PAGE_SIZE + 1], byte);
	scoped_guard(gem_uma_resv, obj->resv)
		gem_uma_heap_object_vunmap(obj, &again);
	object_expect_kept(mobj, &heaps);
	scoped_guard(gem_uma_resv, obj->resv)
		gem_uma_heap_object_vunmap(obj, &map);
	object_expect_let_loose(mobj, &heaps);
}

static void heap_object_mmap_has_no_holes(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	unsigned long addr, i;
	u32 word = 0x600dcafe;

	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&mobj->obj.heap, GRANULE), GEM_UMA_HEAP_GROWN);
	KUNIT_ASSERT_EQ(test, drm_gem_create_mmap_offset(&mobj->obj.base), 0);
	addr = gem_uma_mock_mmap(test, &mobj->obj.base, SIZE, 0);
	object_expect_kept(mobj, &heaps);
	for (i = 0; i < SIZE; i += PAGE_SIZE)
		KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, addr + i), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(&mobj->obj.heap, 3 * GRANULE + 8, &word,
						 sizeof(word)), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, addr + 3 * GRANULE + 8), word);
	/* A VMA that is split, and one half that goes. */
	KUNIT_EXPECT_EQ(test, vm_munmap(addr + PAGE_SIZE, GRANULE), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_mmaps(&mobj->obj), 2);
	object_expect_kept(mobj, &heaps);
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, addr + 3 * GRANULE + 8), word);
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, SIZE), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_mmaps(&mobj->obj), 0);
	object_expect_let_loose(mobj, &heaps);
}

static int object_try_mmap(struct kunit *test, struct file *file, unsigned long flags,
			   unsigned long offset)
{
	unsigned long addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, flags, offset);

	if (IS_ERR_VALUE(addr))
		return (int)addr;
	KUNIT_EXPECT_EQ(test, vm_munmap(addr, PAGE_SIZE), 0);
	return 0;
}

static void heap_object_mmap_that_is_refused(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct file *file = gem_uma_mock_file(test, &mobj->obj.base);

	/* An address space for the thread. */
	kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_EXPECT_EQ(test, object_try_mmap(test, file, MAP_SHARED, 0), -EINVAL);
	KUNIT_ASSERT_EQ(test, drm_gem_create_mmap_offset(&mobj->obj.base), 0);
	KUNIT_EXPECT_EQ(test, object_try_mmap(test, file, MAP_PRIVATE, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, object_try_mmap(test, file, MAP_SHARED, SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), 0);
	mobj->fail_map = 1;
	KUNIT_EXPECT_EQ(test, object_try_mmap(test, file, MAP_SHARED, 0), -EIO);
	KUNIT_EXPECT_EQ(test, mobj->obj.heap.pins, 0);
	KUNIT_EXPECT_EQ(test, object_try_mmap(test, file, MAP_SHARED, SIZE - PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, mobj->obj.heap.pins, 0);
}

/* The core exports it: a table of all pages, and a pin while a device is attached. */
static void heap_object_export_has_no_holes(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct device *importer = gem_uma_mock_parent(test);
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;
	struct sg_table *sgt;

	scoped_guard(gem_uma_resv, mobj->obj.base.resv) {
		sgt = gem_uma_heap_object_get_sg_table(&mobj->obj.base);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(sgt), -EINVAL);
	}
	dmabuf = drm_gem_prime_export(&mobj->obj.base, O_RDWR);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dmabuf);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), 0);
	attach = dma_buf_attach(dmabuf, importer);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, attach);
	object_expect_kept(mobj, &heaps);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, sgt);
	KUNIT_EXPECT_EQ(test, sg_nents_for_len(sgt->sgl, SIZE), (int)sgt->orig_nents);
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_BIDIRECTIONAL);
	object_expect_kept(mobj, &heaps);
	dma_buf_detach(dmabuf, attach);
	object_expect_let_loose(mobj, &heaps);
	dma_buf_put(dmabuf);
}

/* The VM is gone, and the CPU has the heap mapped. */
static void heap_object_detached_keeps_what_is_pinned(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct drm_gem_object *obj = &mobj->obj.base;
	struct iosys_map map;
	u8 byte = 0xa5;

	scoped_guard(gem_uma_resv, obj->resv)
		KUNIT_ASSERT_EQ(test, gem_uma_heap_object_vmap(obj, &map), 0);
	((u8 *)map.vaddr)[SIZE - 1] = byte;
	gem_uma_heap_detach(&mobj->obj.heap);
	KUNIT_EXPECT_EQ(test, mobj->mapped, 0);
	mobj->gone = true;
	KUNIT_EXPECT_EQ(test, object_held(&heaps), ALL);
	KUNIT_EXPECT_EQ(test, ((u8 *)map.vaddr)[SIZE - 1], byte);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), -ENODEV);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_prepare(&mobj->obj.heap), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(&mobj->obj.heap, 0), GEM_UMA_HEAP_FAIL_JOB);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(&mobj->obj.heap, 0, &byte, 1), -ENXIO);
	gem_uma_heap_detach(&mobj->obj.heap);
	scoped_guard(gem_uma_resv, obj->resv)
		gem_uma_heap_object_vunmap(obj, &map);
	/* At once: no reclaim asks for it any more. */
	KUNIT_EXPECT_EQ(test, object_held(&heaps), 0);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), -ENODEV);
}

/* The device is gone: addresses must not be left, and content that the CPU sees must. */
static void heap_object_unplugged_keeps_what_is_pinned(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);

	KUNIT_ASSERT_EQ(test, object_pin(mobj), 0);
	gem_uma_reserve_unplug(heaps.reserve);
	mobj->gone = true;
	KUNIT_EXPECT_EQ(test, mobj->mapped, 0);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), ALL);
	object_unpin(mobj);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), 0);
}

static void heap_object_counts_granules(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_client *client = gem_uma_mock_zalloc(test, sizeof(*client));
	struct drm_gem_object *obj = &mobj->obj.base;

	KUNIT_ASSERT_EQ(test, gem_uma_client_open(client, &mobj->obj.files), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->total), SIZE);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->resident), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_status(obj), 0);
	gem_uma_heap_grow(&mobj->obj.heap, 0);
	gem_uma_heap_grow(&mobj->obj.heap, 3 * GRANULE);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->resident), 2 * GRANULE);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_rss(obj), 2 * GRANULE);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_status(obj), DRM_GEM_OBJECT_RESIDENT);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_try_discard(&mobj->obj, 0, GRANULE), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->resident), GRANULE);
	gem_uma_mock_heaps_scan(&heaps);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->resident), 0);
	gem_uma_heap_grow(&mobj->obj.heap, 0);
	gem_uma_client_close(client, &mobj->obj.files);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->resident), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->total), 0);
}

static const char *object_fence_name(struct dma_fence *fence)
{
	return "gem-uma-heap-test";
}

static const struct dma_fence_ops object_fence_ops = {
	.get_driver_name = object_fence_name,
	.get_timeline_name = object_fence_name,
};

static DEFINE_SPINLOCK(object_fence_lock);

static void heap_object_discard_takes_whole_granules_of_no_job(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct dma_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);
	struct dma_resv *resv = mobj->obj.base.resv;
	const struct { u64 offset, size; } bad[] = {
		{ 0, 0 }, { 0, PAGE_SIZE }, { PAGE_SIZE, GRANULE }, { 0, SIZE + PAGE_SIZE },
		{ SIZE, PAGE_SIZE }, { GRANULE, U64_MAX }, { GRANULE, U64_MAX - GRANULE + 1 },
	};
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &object_fence_ops, &object_fence_lock, dma_fence_context_alloc(1),
		       1);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test,
				    gem_uma_heap_object_try_discard(&mobj->obj, bad[i].offset,
								    bad[i].size),
				    -EINVAL, "%u", i);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	object_unpin(mobj);
	scoped_guard(gem_uma_resv, resv) {
		KUNIT_EXPECT_EQ(test, dma_resv_reserve_fences(resv, 1), 0);
		dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	}
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_try_discard(&mobj->obj, 0, SIZE), -EAGAIN);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), ALL);
	dma_fence_signal(fence);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_try_discard(&mobj->obj,
							      (GRANULES - 1) * GRANULE,
							      PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), ALL - (long)(GRANULE / PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, gem_uma_heap_object_try_discard(&mobj->obj, 0, SIZE), 0);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), 0);
	dma_fence_put(fence);
}

/* What a job needed is remembered until somebody says that the heap is for other jobs now. */
static void heap_object_discard_of_all_forgets(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_heap *heap = &mobj->obj.heap;
	u64 i;

	for (i = 0; i < 3; i++)
		gem_uma_heap_grow(heap, i * GRANULE);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(heap), 3 * GRANULE);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(heap, 0, SIZE - PAGE_SIZE),
			3 * (long)(GRANULE / PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(heap), 3 * GRANULE);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_discard(heap, 0, SIZE), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_hint(heap), 0);
}

/* Memory pressure takes what is worth nothing before it evicts any object. */
static void heap_object_is_the_first_that_reclaim_takes(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_mock_object *other = gem_uma_mock_object_create(test, heaps.mock, SIZE, 0);
	unsigned long resident;

	gem_uma_mock_fill(test, &other->base, 1);
	resident = gem_uma_backing_resident(&other->base.backing);
	KUNIT_EXPECT_GT(test, resident, 0);
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	object_unpin(mobj);
	KUNIT_EXPECT_EQ(test, gem_uma_reclaim_device_run(&heaps.mock->udev, ALL), ALL);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), 0);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&other->base.backing), resident);
	/* Not of one that a job may use, or that is pinned. */
	KUNIT_EXPECT_EQ(test, object_pin(mobj), 0);
	gem_uma_reclaim_device_run(&heaps.mock->udev, 1);
	object_expect_kept(mobj, &heaps);
	object_unpin(mobj);
	gem_uma_reserve_active_get(heaps.reserve, &mobj->jobs);
	gem_uma_reclaim_device_run(&heaps.mock->udev, 1);
	KUNIT_EXPECT_EQ(test, object_held(&heaps), ALL);
	gem_uma_reserve_active_put(heaps.reserve, &mobj->jobs);
}

static void heap_object_write_stays_in_a_page(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_heap *heap = &mobj->obj.heap;
	u64 word = 1;

	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, 0, &word, sizeof(word)), -ENXIO);
	gem_uma_heap_grow(heap, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, PAGE_SIZE - 4, &word, sizeof(word)),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, SIZE, &word, sizeof(word)), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, U64_MAX, &word, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, GRANULE, &word, sizeof(word)), -ENXIO);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, GRANULE - 8, &word, sizeof(word)), 0);
}

static unsigned int object_invalidated;

static void object_invalidate(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	const u64 *word = phys_to_virt(piece->phys);

	/* What is written comes later. */
	object_invalidated += !*word && piece->size == sizeof(*word);
}

static void object_clean(struct device *dev, const struct gem_uma_sync_piece *piece)
{
}

static const struct gem_uma_sync_ops object_sync_ops = {
	.clean = object_clean, .invalidate = object_invalidate,
};

/* A line of the cache is more than what is written. */
static void heap_object_write_keeps_the_rest_of_a_line_rev_B6(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct gem_uma_heap *heap = &mobj->obj.heap;
	u64 word = 1;

	heaps.mock->udev.sync_ops = &object_sync_ops;
	object_invalidated = 0;
	KUNIT_EXPECT_EQ(test, gem_uma_heap_grow(heap, 0), GEM_UMA_HEAP_GROWN);
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, 8, &word, sizeof(word)), 0);
	KUNIT_EXPECT_EQ(test, object_invalidated, 0);
	heaps.mock->udev.coherent = false;
	KUNIT_EXPECT_EQ(test, gem_uma_heap_write(heap, 16, &word, sizeof(word)), 0);
	KUNIT_EXPECT_EQ(test, object_invalidated, 1);
	heaps.mock->udev.coherent = true;
}

struct object_thread {
	struct gem_uma_mock_heap_object *mobj;
	struct gem_uma_mock_heaps *heaps;
	unsigned int kind;
	struct completion done;
};

/* What is pinned has no holes, whoever else is at it. */
static void object_look(struct gem_uma_mock_heap_object *mobj)
{
	struct drm_gem_object *obj = &mobj->obj.base;
	struct sg_table *sgt;

	if (object_pin(mobj)) {
		KUNIT_FAIL(mobj->test, "not pinned");
		return;
	}
	scoped_guard(gem_uma_resv, obj->resv)
		sgt = gem_uma_heap_object_get_sg_table(obj);
	KUNIT_EXPECT_EQ(mobj->test, PTR_ERR_OR_ZERO(sgt), 0);
	if (!IS_ERR(sgt)) {
		sg_free_table(sgt);
		kfree(sgt);
	}
	object_unpin(mobj);
}

static int object_thread_run(void *data)
{
	struct object_thread *thread = data;
	struct gem_uma_mock_heap_object *mobj = thread->mobj;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		switch (thread->kind) {
		case 0:
			object_look(mobj);
			break;
		case 1:
			gem_uma_mock_heaps_scan(thread->heaps);
			break;
		case 2:
			gem_uma_heap_discard(&mobj->obj.heap, i % GRANULES * GRANULE,
					     2 * GRANULE);
			break;
		default:
			gem_uma_heap_grow(&mobj->obj.heap, i * 3 % GRANULES * GRANULE);
		}
		cond_resched();
	}
	complete(&thread->done);
	return 0;
}

static void heap_object_by_several_at_once(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = gem_uma_mock_heaps_create(test);
	struct gem_uma_mock_heap_object *mobj = object_create(test, &heaps);
	struct object_thread *threads = gem_uma_mock_zalloc(test, 5 * sizeof(*threads));
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		threads[i].mobj = mobj;
		threads[i].heaps = &heaps;
		threads[i].kind = i % 4;
		init_completion(&threads[i].done);
		task = kthread_run(object_thread_run, &threads[i], "heap-object");
		if (IS_ERR(task)) {
			KUNIT_FAIL(test, "no thread");
			complete(&threads[i].done);
		}
	}
	for (i = 0; i < 5; i++)
		wait_for_completion(&threads[i].done);
	KUNIT_EXPECT_EQ(test, mobj->obj.heap.pins, 0);
	KUNIT_EXPECT_EQ(test, object_held(&heaps),
			(long)(mobj->mapped * GRANULE / PAGE_SIZE));
}

static struct kunit_case gem_uma_heap_object_cases[] = {
	KUNIT_CASE(heap_object_pin_keeps_all_of_it),
	KUNIT_CASE(heap_object_failed_pin_pins_nothing),
	KUNIT_CASE(heap_object_pins_have_a_limit_rev_B1),
	KUNIT_CASE(heap_object_pin_takes_from_who_is_idle_rev_B3),
	KUNIT_CASE(heap_object_learns_nothing_from_pins_rev_B7),
	KUNIT_CASE(heap_object_vmap_has_no_holes_sparse_S1),
	KUNIT_CASE(heap_object_mmap_has_no_holes),
	KUNIT_CASE(heap_object_mmap_that_is_refused),
	KUNIT_CASE(heap_object_export_has_no_holes),
	KUNIT_CASE(heap_object_detached_keeps_what_is_pinned),
	KUNIT_CASE(heap_object_unplugged_keeps_what_is_pinned),
	KUNIT_CASE(heap_object_counts_granules),
	KUNIT_CASE(heap_object_discard_takes_whole_granules_of_no_job),
	KUNIT_CASE(heap_object_discard_of_all_forgets),
	KUNIT_CASE(heap_object_is_the_first_that_reclaim_takes),
	KUNIT_CASE(heap_object_write_stays_in_a_page),
	KUNIT_CASE(heap_object_write_keeps_the_rest_of_a_line_rev_B6),
	KUNIT_CASE(heap_object_by_several_at_once),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_heap_object);
MODULE_IMPORT_NS("DMA_BUF");
