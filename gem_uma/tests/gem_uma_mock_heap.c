// SPDX-License-Identifier: GPL-2.0
/*
 * A reserve, and heaps with page tables that the test can look at.
 *
 * Each callback checks that it is called as it was promised.
 */
#include <linux/dma-direct.h>
#include <linux/string.h>

#include <drm/drm_managed.h>

#include "gem_uma_mock_heap.h"

#define to_mock_heap(heap)	container_of(heap, struct gem_uma_mock_heap, base)

/* A device with a reserve, until the test ends. */
struct gem_uma_mock_heaps gem_uma_mock_heaps_create(struct kunit *test)
{
	struct gem_uma_mock_heaps heaps = { .mock = gem_uma_mock_create(test, false) };

	heaps.reserve = drmm_kzalloc(&heaps.mock->drm, sizeof(*heaps.reserve), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, heaps.reserve);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reserve_init(heaps.reserve, &heaps.mock->udev));
	return heaps;
}

static int mock_heap_alloc_tables(struct gem_uma_heap *base, struct gem_uma_heap_tables *tables,
				  gfp_t gfp)
{
	struct gem_uma_mock_heap *heap = to_mock_heap(base);

	if (!gfpflags_allow_blocking(gfp) && heap->fail_tables) {
		heap->fail_tables--;
		return -ENOMEM;
	}
	/* Charged to the active cgroup. */
	tables->first = kmalloc(64, gfp | __GFP_ACCOUNT);
	if (!tables->first)
		return -ENOMEM;
	atomic_inc(&heap->tables);
	return 0;
}

static void mock_heap_free_tables(struct gem_uma_heap *base, struct gem_uma_heap_tables *tables)
{
	struct gem_uma_mock_heap *heap = to_mock_heap(base);

	if (tables->first)
		atomic_dec(&heap->tables);
	kfree(tables->first);
	tables->first = NULL;
}

static int mock_heap_map(struct gem_uma_heap *base, u64 offset, dma_addr_t addr, u64 size,
			 struct gem_uma_heap_tables *tables)
{
	struct gem_uma_mock_heap *heap = to_mock_heap(base);
	unsigned long index = offset / heap->granule;

	lockdep_assert_held(&base->lock);
	KUNIT_EXPECT_NOT_NULL(heap->test, tables->first);
	KUNIT_EXPECT_EQ(heap->test, offset % heap->granule, 0);
	KUNIT_EXPECT_EQ(heap->test, size, min(heap->granule, base->size - offset));
	KUNIT_EXPECT_TRUE(heap->test, IS_ALIGNED(addr, heap->granule));
	KUNIT_EXPECT_EQ_MSG(heap->test, heap->ptes[index], 0, "mapped twice");
	heap->maps++;
	if (heap->break_in_map)
		heap->break_in_map(heap);
	if (heap->in_map) {
		complete(heap->in_map);
		wait_for_completion(heap->go_on);
	}
	if (heap->fail_map) {
		heap->fail_map--;
		return -EIO;
	}
	heap->ptes[index] = addr;
	heap->sizes[index] = size;
	return 0;
}

static void mock_heap_unmap(struct gem_uma_heap *base, u64 offset, u64 size)
{
	struct gem_uma_mock_heap *heap = to_mock_heap(base);
	unsigned long index = offset / heap->granule;

	lockdep_assert_held(&base->lock);
	KUNIT_EXPECT_EQ(heap->test, size, heap->sizes[index]);
	KUNIT_EXPECT_NE_MSG(heap->test, heap->ptes[index], 0, "not mapped");
	heap->unmaps++;
	heap->ptes[index] = 0;
}

static const struct gem_uma_heap_ops mock_heap_ops = {
	.alloc_tables = mock_heap_alloc_tables,
	.free_tables = mock_heap_free_tables,
	.map = mock_heap_map,
	.unmap = mock_heap_unmap,
};

KUNIT_DEFINE_ACTION_WRAPPER(mock_heap_kvfree, kvfree, const void *);

/* One that is not a heap yet. */
struct gem_uma_mock_heap *gem_uma_mock_heap_alloc(struct kunit *test, u64 size, u64 granule)
{
	struct gem_uma_mock_heap *heap = gem_uma_mock_zalloc(test, sizeof(*heap));
	u64 nr = DIV_ROUND_UP_ULL(size, granule);

	heap->test = test;
	heap->granule = granule;
	heap->ptes = kvcalloc(nr, sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, heap->ptes);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_heap_kvfree,
							   heap->ptes));
	heap->sizes = kvcalloc(nr, sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, heap->sizes);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_heap_kvfree,
							   heap->sizes));
	return heap;
}

int gem_uma_mock_heap_init(struct gem_uma_mock_heap *heap, struct gem_uma_reserve *reserve,
			   u64 size, u64 hint, enum gem_uma_heap_outcome policy)
{
	const struct gem_uma_heap_config config = {
		.ops = &mock_heap_ops, .size = size, .granule = heap->granule, .hint = hint,
		.policy = policy, .jobs = &heap->jobs,
	};

	return gem_uma_heap_init(&heap->base, reserve, &config);
}

static void mock_heap_fini(void *data)
{
	struct gem_uma_mock_heap *heap = data;

	gem_uma_heap_fini(&heap->base);
	KUNIT_EXPECT_EQ(heap->test, atomic_read(&heap->tables), 0);
}

/* A heap, until the test ends. */
struct gem_uma_mock_heap *gem_uma_mock_heap_create(struct kunit *test,
						   struct gem_uma_mock_heaps *heaps, u64 size,
						   u64 granule, u64 hint,
						   enum gem_uma_heap_outcome policy)
{
	struct gem_uma_mock_heap *heap = gem_uma_mock_heap_alloc(test, size, granule);

	KUNIT_ASSERT_EQ(test, 0, gem_uma_mock_heap_init(heap, heaps->reserve, size, hint,
							policy));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_heap_fini, heap));
	return heap;
}

/* End it before the test ends. */
void gem_uma_mock_heap_fini(struct kunit *test, struct gem_uma_mock_heap *heap)
{
	kunit_release_action(test, mock_heap_fini, heap);
}

/* As a driver does at submit, of a job that is done at once. */
int gem_uma_mock_heap_prepare(struct gem_uma_mock_heap *heap)
{
	int ret;

	gem_uma_reserve_active_get(heap->base.reserve, &heap->jobs);
	ret = gem_uma_heap_prepare(&heap->base);
	gem_uma_reserve_active_put(heap->base.reserve, &heap->jobs);
	return ret;
}

/* What the device finds in a granule that is mapped. */
void *gem_uma_mock_heap_cpu(struct gem_uma_mock_heap *heap, unsigned long index)
{
	struct device *dev = heap->base.reserve->udev->dma_dev;

	KUNIT_ASSERT_NE(heap->test, heap->ptes[index], 0);
	return phys_to_virt(dma_to_phys(dev, heap->ptes[index]));
}

void gem_uma_mock_heap_expect_zero(struct gem_uma_mock_heap *heap, unsigned long index)
{
	KUNIT_EXPECT_NULL(heap->test, memchr_inv(gem_uma_mock_heap_cpu(heap, index), 0,
						 heap->sizes[index]));
}

/* Memory pressure: takes all that it gets. */
unsigned long gem_uma_mock_heaps_scan(struct gem_uma_mock_heaps *heaps)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = 10000 };
	struct shrinker *shrinker = heaps->reserve->shrinker;
	unsigned long freed;

	fs_reclaim_acquire(GFP_KERNEL);
	freed = shrinker->scan_objects(shrinker, &sc);
	fs_reclaim_release(GFP_KERNEL);
	return freed;
}

#define to_mock_heap_object(base) \
	container_of(base, struct gem_uma_mock_heap_object, obj.heap)

static int mock_heap_object_alloc_tables(struct gem_uma_heap *heap,
					 struct gem_uma_heap_tables *tables, gfp_t gfp)
{
	return 0;
}

static void mock_heap_object_free_tables(struct gem_uma_heap *heap,
					 struct gem_uma_heap_tables *tables)
{
}

static int mock_heap_object_map(struct gem_uma_heap *heap, u64 offset, dma_addr_t addr, u64 size,
				struct gem_uma_heap_tables *tables)
{
	struct gem_uma_mock_heap_object *mobj = to_mock_heap_object(heap);

	KUNIT_EXPECT_FALSE(mobj->test, mobj->gone);
	if (mobj->fail_map) {
		mobj->fail_map--;
		return -EIO;
	}
	mobj->mapped++;
	return 0;
}

static void mock_heap_object_unmap(struct gem_uma_heap *heap, u64 offset, u64 size)
{
	struct gem_uma_mock_heap_object *mobj = to_mock_heap_object(heap);

	KUNIT_EXPECT_FALSE(mobj->test, mobj->gone);
	mobj->mapped--;
}

static const struct gem_uma_heap_ops mock_heap_object_ops = {
	.alloc_tables = mock_heap_object_alloc_tables,
	.free_tables = mock_heap_object_free_tables,
	.map = mock_heap_object_map,
	.unmap = mock_heap_object_unmap,
};

static void mock_heap_object_free(struct drm_gem_object *obj)
{
	struct gem_uma_heap_object *hobj = to_gem_uma_heap_object(obj);
	struct gem_uma_mock *mock =
		container_of(hobj->heap.reserve->udev, struct gem_uma_mock, udev);

	gem_uma_heap_object_fini(hobj);
	atomic_dec(&mock->live);
	kfree(container_of(hobj, struct gem_uma_mock_heap_object, obj));
}

static const struct drm_gem_object_funcs mock_heap_object_funcs = {
	GEM_UMA_HEAP_OBJECT_FUNCS,
	.free = mock_heap_object_free,
};

/* @mobj: zeroed but for the test. */
int gem_uma_mock_heap_object_init(struct gem_uma_mock_heap_object *mobj,
				  struct gem_uma_reserve *reserve, u64 size, u64 granule)
{
	const struct gem_uma_heap_config config = {
		.ops = &mock_heap_object_ops, .size = size, .granule = granule,
		.policy = GEM_UMA_HEAP_FAIL_JOB, .jobs = &mobj->jobs,
	};
	int ret;

	mobj->obj.base.funcs = &mock_heap_object_funcs;
	ret = gem_uma_heap_object_init(&mobj->obj, reserve, &config);
	if (!ret)
		atomic_inc(&container_of(reserve->udev, struct gem_uma_mock, udev)->live);
	return ret;
}

static void mock_heap_object_release(void *data)
{
	struct gem_uma_mock_heap_object *mobj = data;

	drm_gem_object_put(&mobj->obj.base);
}

/* An object that the test has a reference of until it ends. */
struct gem_uma_mock_heap_object *
gem_uma_mock_heap_object_create(struct kunit *test, struct gem_uma_mock_heaps *heaps, u64 size,
				u64 granule)
{
	struct gem_uma_mock_heap_object *mobj = kzalloc_obj(*mobj, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, mobj);
	mobj->test = test;
	ret = gem_uma_mock_heap_object_init(mobj, heaps->reserve, size, granule);
	if (ret)
		kfree(mobj);
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, mock_heap_object_release,
							   mobj));
	return mobj;
}

/* Drop that before the test ends. */
void gem_uma_mock_heap_object_put(struct kunit *test, struct gem_uma_mock_heap_object *mobj)
{
	kunit_release_action(test, mock_heap_object_release, mobj);
}

/* Nobody has any memory. */
void gem_uma_mock_heaps_expect_empty(struct kunit *test, struct gem_uma_mock_heaps *heaps)
{
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps->reserve->pages), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&heaps->reserve->held), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&heaps->reserve->active), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&heaps->reserve->pools));
}
