// SPDX-License-Identifier: GPL-2.0
/*
 * The operations on address spaces that are made to fail; see gem_uma_inject_rows.c.
 */
#include "gem_uma_inject.h"
#include "gem_uma_space.h"

#define INJECT_SPACE	(2 * SPACE_2M)
/* What can take a while, and never so long. */
#define INJECT_TIMEOUT	(60 * HZ)

const struct gem_uma_inject_return gem_uma_inject_returns[GEM_UMA_INJECT_RETURNS] = {
	{ SPACE_ALLOC_TABLES, -ENOMEM, "alloc_tables" },
	{ SPACE_POPULATE, -ENOMEM, "populate" },
	{ SPACE_POPULATE, -EINTR, "populate" },
	{ SPACE_POPULATE, -EIO, "populate" },
	{ SPACE_RUN, -EIO, "run" },
};

/* By enum gem_uma_inject_count, when the works of the last binds are done. */
void gem_uma_inject_count_space(const struct gem_uma_inject_rig *rig, long *n)
{
	struct drm_gpuvm *gpuvm = &rig->space->base.base;
	struct drm_gpuva *va;

	space_settle(rig->space);
	drm_gpuvm_for_each_va(va, gpuvm)
		n[GEM_UMA_INJECT_SPACE_VAS]++;
	n[GEM_UMA_INJECT_SPACE_REFS] = kref_read(&gpuvm->kref);
	n[GEM_UMA_INJECT_SPACE_TABLES] = atomic_long_read(&rig->space->pooled);
	n[GEM_UMA_INJECT_SPACE_EVICTED] = list_count_nodes(&gpuvm->evict.list);
}

static void begin_space(struct gem_uma_inject_rig *rig)
{
	struct kunit *test = rig->test;

	rig->space = space_vm_alloc(rig->room, &space_geometries[rig->row->geometry], SZ_1G,
				    INJECT_SPACE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->space);
	rig->bo = space_bo_alloc(rig->room, INJECT_SPACE, SPACE_ALIGNED, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->bo);
}

static void end_space(struct gem_uma_inject_rig *rig)
{
	if (rig->space)
		space_vm_free(rig->space);
	rig->space = NULL;
	drm_gem_object_put(&rig->bo->base);
	rig->bo = NULL;
}

static int run_vm_init(struct gem_uma_inject_rig *rig)
{
	struct space_vm *vm = space_vm_alloc(rig->room, &space_geometries[0], SZ_1G, 64);

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	rig->space = vm;
	return 0;
}

static void undo_vm_init(struct gem_uma_inject_rig *rig)
{
	space_vm_free(rig->space);
	rig->space = NULL;
}

/* Meets itself, so that all that was allocated ahead is used. */
static int run_bind(struct gem_uma_inject_rig *rig)
{
	struct space_vm *vm = rig->space;
	const struct gem_uma_vm_op ops[] = {
		space_map(vm, 0, INJECT_SPACE, rig->bo, 0, 0),
		space_unmap(vm, 100, 600),
		space_map(vm, 50, 20, rig->bo, 3, GEM_UMA_VM_READONLY),
		space_sparse(vm, 600, 100, 0),
	};

	return space_bind(vm, ops, ARRAY_SIZE(ops));
}

static void undo_bind(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, 0, space_bind_one(rig->space,
						     space_unmap(rig->space, 0, INJECT_SPACE)));
}

static int run_bind_async(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_vm_op op = space_map(rig->space, 10, 600, rig->bo, 10, 0);
	struct dma_fence *dep = space_fence_alloc(), *fence;
	int ret;

	if (!dep)
		return -ENOMEM;
	ret = space_bind_async(rig->space, &op, 1, dep, &fence);
	dma_fence_signal(dep);
	dma_fence_put(dep);
	if (ret)
		return ret;
	KUNIT_EXPECT_GT(rig->test, dma_fence_wait_timeout(fence, false, INJECT_TIMEOUT), 0);
	KUNIT_EXPECT_EQ(rig->test, dma_fence_get_status(fence), 1);
	dma_fence_put(fence);
	return 0;
}

/* No signal ends it. */
static int run_bind_direct(struct gem_uma_inject_rig *rig)
{
	return space_bind_direct(rig->space, space_map(rig->space, 10, 600, rig->bo, 10, 0));
}

static int run_bind_dummy(struct gem_uma_inject_rig *rig)
{
	return space_bind_one(rig->space, space_sparse(rig->space, 7, 600, GEM_UMA_VM_DUMMY));
}

static void begin_bound(struct gem_uma_inject_rig *rig)
{
	begin_space(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, space_bind_one(rig->space,
						     space_map(rig->space, 0, INJECT_SPACE,
							       rig->bo, 0, 0)));
}

static int run_unmap(struct gem_uma_inject_rig *rig)
{
	const struct gem_uma_vm_op ops[] = {
		space_unmap(rig->space, 100, 600), space_unmap(rig->space, 50, 1),
	};

	return space_bind(rig->space, ops, ARRAY_SIZE(ops));
}

static void undo_unmap(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_vm_op op = space_map(rig->space, 0, INJECT_SPACE, rig->bo, 0, 0);

	KUNIT_EXPECT_EQ(rig->test, 0, space_bind_one(rig->space, op));
}

/*
 * Have the queue wait for a fence, with a bind that changes nothing. Whatever fails here
 * fails once, and is not what the row is about.
 */
static struct dma_fence *inject_occupy_queue(struct gem_uma_inject_rig *rig,
					     struct dma_fence **fence)
{
	struct gem_uma_vm_op op = space_unmap(rig->space, 200, 1);
	struct dma_fence *dep = space_fence_alloc() ?: space_fence_create(rig->test);
	int ret = space_bind_async(rig->space, &op, 1, dep, fence);

	if (ret)
		ret = space_bind_async(rig->space, &op, 1, dep, fence);
	KUNIT_ASSERT_EQ(rig->test, ret, 0);
	return dep;
}

static void inject_free_queue(struct gem_uma_inject_rig *rig, struct dma_fence *dep,
			      struct dma_fence *fence)
{
	dma_fence_signal(dep);
	dma_fence_put(dep);
	KUNIT_EXPECT_GT(rig->test, dma_fence_wait_timeout(fence, false, INJECT_TIMEOUT), 0);
	dma_fence_put(fence);
}

static void begin_hole(struct gem_uma_inject_rig *rig)
{
	begin_bound(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, run_unmap(rig));
}

static int run_unmap_queued(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_vm_op op = space_unmap(rig->space, 900, 50);
	struct dma_fence *fence, *unmapped = NULL, *dep = inject_occupy_queue(rig, &fence);
	int ret = space_bind_async(rig->space, &op, 1, NULL, &unmapped);

	if (!ret)
		KUNIT_EXPECT_FALSE(rig->test, dma_fence_is_signaled(unmapped));
	inject_free_queue(rig, dep, fence);
	if (!ret)
		KUNIT_EXPECT_GT(rig->test,
				dma_fence_wait_timeout(unmapped, false, INJECT_TIMEOUT), 0);
	dma_fence_put(unmapped);
	return ret;
}

static void undo_unmap_queued(struct gem_uma_inject_rig *rig)
{
	undo_unmap(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, run_unmap(rig));
}

/* In pieces, with something to be restored in each of them. */
static void begin_evicted(struct gem_uma_inject_rig *rig)
{
	begin_hole(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, space_evict(rig->bo));
}

static int run_validate(struct gem_uma_inject_rig *rig)
{
	struct dma_fence *fence;
	int ret = space_validate(rig->space, &fence);

	KUNIT_EXPECT_NULL(rig->test, fence);
	return ret;
}

static int run_validate_queued(struct gem_uma_inject_rig *rig)
{
	struct dma_fence *fence, *restored, *dep = inject_occupy_queue(rig, &fence);
	int ret = space_validate(rig->space, &restored);

	/* A job would wait for it; and if the call has failed there is no job. */
	KUNIT_EXPECT_EQ(rig->test, !restored, !!ret);
	inject_free_queue(rig, dep, fence);
	if (restored)
		KUNIT_EXPECT_GT(rig->test,
				dma_fence_wait_timeout(restored, false, INJECT_TIMEOUT), 0);
	dma_fence_put(restored);
	return ret;
}

static void undo_validate(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, 0, space_evict(rig->bo));
}

/* What closing needs is little, and is waited for. */
static int run_close(struct gem_uma_inject_rig *rig)
{
	space_vm_free(rig->space);
	rig->space = NULL;
	return 0;
}

static void check_close(struct gem_uma_inject_rig *rig)
{
	const char *bad = space_check_bo(rig->bo, 1);

	KUNIT_EXPECT_NULL_MSG(rig->test, bad, "%s", bad);
	KUNIT_EXPECT_EQ(rig->test, rig->room->errors, 0);
}

static int run_implicit_init(struct gem_uma_inject_rig *rig)
{
	struct space_vm *vm = space_implicit_vm_alloc(rig->room, &space_geometries[0], SZ_1G, 64);

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	rig->space = vm;
	return 0;
}

/* Half of the space each, and a handle each. */
static void begin_implicit(struct gem_uma_inject_rig *rig)
{
	struct kunit *test = rig->test;

	rig->space = space_implicit_vm_alloc(rig->room, &space_geometries[rig->row->geometry],
					     SZ_1G, INJECT_SPACE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->space);
	rig->bo = space_bo_alloc(rig->room, INJECT_SPACE / 2, SPACE_ALIGNED, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->bo);
	rig->other = space_bo_alloc(rig->room, INJECT_SPACE / 2, SPACE_ODD, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->other);
	gem_uma_vm_users_get(&rig->bo->users);
	gem_uma_vm_users_get(&rig->other->users);
}

static void end_implicit(struct gem_uma_inject_rig *rig)
{
	gem_uma_vm_users_put(&rig->bo->users);
	gem_uma_vm_users_put(&rig->other->users);
	drm_gem_object_put(&rig->other->base);
	rig->other = NULL;
	end_space(rig);
}

/* Both or none is busy; what has an address keeps it. */
static int run_implicit_get(struct gem_uma_inject_rig *rig)
{
	struct space_bo *bos[] = { rig->bo, rig->other };

	return space_implicit_get(rig->space, bos, ARRAY_SIZE(bos), rig->ims);
}

static void undo_implicit_get(struct gem_uma_inject_rig *rig)
{
	space_implicit_put(rig->space, rig->ims, ARRAY_SIZE(rig->ims));
	KUNIT_EXPECT_EQ(rig->test, gem_uma_vm_implicit_trim(&rig->space->base), 2);
	space_adopt(rig->space);
}

static void begin_implicit_evicted(struct gem_uma_inject_rig *rig)
{
	begin_implicit(rig);
	KUNIT_ASSERT_EQ(rig->test, run_implicit_get(rig), 0);
	KUNIT_ASSERT_EQ(rig->test, space_evict(rig->bo), 0);
	KUNIT_ASSERT_EQ(rig->test, space_evict(rig->other), 0);
}

static int run_implicit_validate(struct gem_uma_inject_rig *rig)
{
	struct space_bo *bos[] = { rig->bo, rig->other };

	return space_implicit_validate(rig->space, bos, ARRAY_SIZE(bos), rig->ims);
}

static void undo_implicit_validate(struct gem_uma_inject_rig *rig)
{
	KUNIT_EXPECT_EQ(rig->test, space_evict(rig->bo), 0);
	KUNIT_EXPECT_EQ(rig->test, space_evict(rig->other), 0);
}

static void end_implicit_evicted(struct gem_uma_inject_rig *rig)
{
	space_implicit_put(rig->space, rig->ims, ARRAY_SIZE(rig->ims));
	end_implicit(rig);
}

/* Progress of a list of which the rest got no address. */
#define INJECT_ADDRESSES \
	(BIT(GEM_UMA_INJECT_SPACE_VAS) | BIT(GEM_UMA_INJECT_SPACE_REFS) | \
	 BIT(GEM_UMA_INJECT_SPACE_TABLES) | BIT(GEM_UMA_INJECT_SPACE_BO_REFS))
#define INJECT_CLOSED \
	(BIT(GEM_UMA_INJECT_SPACES) | BIT(GEM_UMA_INJECT_SPACE_REFS) | \
	 BIT(GEM_UMA_INJECT_SPACE_VAS) | BIT(GEM_UMA_INJECT_SPACE_TABLES) | \
	 BIT(GEM_UMA_INJECT_SPACE_BO_REFS))
/* Progress of a validation. */
#define INJECT_RESTORED \
	(BIT(GEM_UMA_INJECT_SPACE_TABLES) | BIT(GEM_UMA_INJECT_SPACE_EVICTED))

const struct gem_uma_inject_row gem_uma_inject_vm_rows[GEM_UMA_INJECT_VM_ROWS] = {
	{
		.name = "vm_init", .covers = { "gem_uma_vm_init" },
		.space = true, .run = run_vm_init, .undo = undo_vm_init, .errnos = { -ENOMEM },
		.allocations = 5,
	}, {
		.name = "vm_bind",
		.covers = { "gem_uma_vm_bind_create", "gem_uma_vm_bind_commit" },
		.space = true,
		.begin = begin_space, .run = run_bind, .undo = undo_bind, .end = end_space,
		.errnos = { -ENOMEM, -EINTR },
		.allocations = 20, .calls = 1, .space_callbacks = 5,
	}, {
		.name = "vm_bind_async", .covers = { "gem_uma_vm_bind_add_dependency" },
		.space = true,
		.begin = begin_space, .run = run_bind_async, .undo = undo_bind, .end = end_space,
		.errnos = { -ENOMEM, -EINTR },
		.allocations = 10, .calls = 1, .space_callbacks = 2,
	}, {
		.name = "vm_bind_direct", .covers = { "gem_uma_vm_bind_commit_direct" },
		.space = true,
		.begin = begin_space, .run = run_bind_direct, .undo = undo_bind, .end = end_space,
		.errnos = { -ENOMEM }, .allocations = 8, .space_callbacks = 2,
	}, {
		.name = "vm_bind_dummy", .covers = { "gem_uma_vm_bind_commit" },
		.space = true,
		.begin = begin_space, .run = run_bind_dummy, .undo = undo_bind, .end = end_space,
		/* A smaller one will do. */
		.errnos = { -ENOMEM, -EINTR },
		.allocations = 8, .calls = 2, .space_callbacks = 1,
	}, {
		.name = "vm_bind_dummy_of_one_size", .covers = { "gem_uma_vm_bind_commit" },
		.space = true, .geometry = 2,
		.begin = begin_space, .run = run_bind_dummy, .undo = undo_bind, .end = end_space,
		.errnos = { -ENOMEM, -EINTR, -EIO },
		.allocations = 8, .calls = 2, .space_callbacks = 1,
	}, {
		/* Never for want of memory. */
		.name = "vm_unmap", .covers = { "gem_uma_vm_bind_commit" },
		.space = true, .geometry = 1,
		.begin = begin_bound, .run = run_unmap, .undo = undo_unmap, .end = end_space,
		.errnos = { -EINTR }, .allocations = 2, .calls = 1, .space_callbacks = 2,
	}, {
		.name = "vm_unmap_queued", .covers = { "gem_uma_vm_bind_commit" },
		.space = true,
		.begin = begin_hole, .run = run_unmap_queued, .undo = undo_unmap_queued,
		.end = end_space, .errnos = { -EINTR },
		.allocations = 2, .calls = 1, .space_callbacks = 2,
	}, {
		.name = "vm_validate_panthor_88",
		.covers = { "gem_uma_vm_validate_locked", "gem_uma_vm_lock_all" },
		.space = true,
		.begin = begin_evicted, .run = run_validate, .undo = undo_validate,
		.end = end_space, .errnos = { -ENOMEM, -EINTR, -EIO },
		.changes = INJECT_RESTORED, .allocations = 7, .space_callbacks = 9,
	}, {
		.name = "vm_validate_queued",
		.covers = { "gem_uma_vm_validate_locked", "gem_uma_vm_lock_all" },
		.space = true,
		.begin = begin_evicted, .run = run_validate_queued, .undo = undo_validate,
		.end = end_space, .errnos = { -ENOMEM, -EINTR, -EIO },
		.changes = INJECT_RESTORED, .allocations = 8, .space_callbacks = 9,
	}, {
		.name = "vm_close", .covers = { },
		.space = true,
		.begin = begin_evicted, .run = run_close, .check = check_close, .end = end_space,
		.remains = INJECT_CLOSED | INJECT_RESTORED, .allocations = 1,
	}, {
		.name = "vm_implicit_init", .covers = { "gem_uma_vm_implicit_init" },
		.space = true, .run = run_implicit_init, .undo = undo_vm_init,
		.errnos = { -ENOMEM }, .allocations = 6,
	}, {
		.name = "vm_implicit_get", .covers = { "gem_uma_vm_implicit_get" },
		.space = true,
		.begin = begin_implicit, .run = run_implicit_get, .undo = undo_implicit_get,
		.end = end_implicit, .errnos = { -ENOMEM, -EINTR }, .changes = INJECT_ADDRESSES,
		.allocations = 20, .calls = 2, .space_callbacks = 4,
	}, {
		.name = "vm_implicit_validate",
		.covers = { "gem_uma_vm_implicit_validate_locked", "gem_uma_vm_lock",
			    "gem_uma_vm_lock_obj" },
		.space = true, .begin = begin_implicit_evicted, .run = run_implicit_validate,
		.undo = undo_implicit_validate, .end = end_implicit_evicted,
		.errnos = { -ENOMEM, -EINTR, -EIO }, .changes = INJECT_RESTORED,
		.allocations = 10, .space_callbacks = 10,
	},
};
