// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: what drivers need beside the binds of user space. That each write comes between
 * begin and flush, and that what is left of a cut leaf is told how it is mapped, the model of
 * page tables looks at in all tests.
 */
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "gem_uma_space.h"
#include "gpuvm/gem_uma_vm_types.h"

#define DRIVER_PAGES	(4 * SPACE_2M)
/* What can take a while, and never so long. */
#define DRIVER_TIMEOUT	(60 * HZ)

static void driver_finish(struct kunit *test, struct dma_fence *fence)
{
	KUNIT_EXPECT_GT(test, dma_fence_wait_timeout(fence, false, DRIVER_TIMEOUT), 0);
	dma_fence_put(fence);
}

static void driver_end_dep(struct dma_fence *dep)
{
	dma_fence_signal(dep);
	dma_fence_put(dep);
}

static void vm_change_begins_and_ends(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_SCATTERED);
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	KUNIT_EXPECT_EQ(test, vm->begins, 1);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 1000, 100, bo, 0, 0)), 0);
	KUNIT_EXPECT_EQ(test, vm->begins, 2);
	/* Once for both places. */
	KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
	KUNIT_EXPECT_EQ(test, vm->begins, 3);
	/* Nothing is there, so nothing changes. */
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 50, 10)), 0);
	KUNIT_EXPECT_EQ(test, vm->begins, 3);
	/* Three mappings by now. */
	KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
	KUNIT_EXPECT_NULL(test, fence);
	KUNIT_EXPECT_EQ(test, vm->begins, 6);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, DRIVER_PAGES)), 0);
	KUNIT_EXPECT_EQ(test, vm->begins, 7);
	SPACE_EXPECT_SANE(vm, "all is gone");
}

/* The device is in the way of an eviction: it is not the end of the space. */
static void vm_eviction_that_cannot_begin_is_EBUSY(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	unsigned long unmaps;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	unmaps = vm->unmaps;
	space_fail(room, SPACE_BEGIN, 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, space_evict(bo), -EBUSY);
	KUNIT_EXPECT_EQ(test, vm->unmaps, unmaps);
	KUNIT_EXPECT_TRUE(test, space_is_mapped(bo));
	SPACE_EXPECT_SANE(vm, "as it was");
	KUNIT_EXPECT_EQ(test, space_evict(bo), 0);
	KUNIT_EXPECT_FALSE(test, space_is_mapped(bo));
	SPACE_EXPECT_SANE(vm, "evicted");
}

/* A bind finds it in the way: old entries go all the same, as their pages are about to. */
static void vm_bind_that_cannot_begin_loses_the_space(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	space_fail(room, SPACE_BEGIN, 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_map(vm, 100, 200, bo, 0, 0)), -EIO);
	KUNIT_EXPECT_EQ(test, vm->ptes[150].kind, SPACE_NOTHING);
	KUNIT_EXPECT_EQ(test, vm->ptes[50].kind, SPACE_MEMORY);
	KUNIT_EXPECT_EQ(test, space_validate(vm, &fence), -EIO);
	space_settle(vm);
	space_vm_close(vm);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

static void vm_bind_of_nothing_keeps_the_order(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *dep[2] = { space_fence_create(test), space_fence_create(test) };
	struct dma_fence *fence, *nothing, *last;
	struct gem_uma_vm_op op = space_map(vm, 0, 600, bo, 0, 0);
	unsigned int begins = vm->begins;

	/* There is nothing to wait for. */
	KUNIT_ASSERT_EQ(test, space_bind_async(vm, NULL, 0, NULL, &nothing), 0);
	KUNIT_EXPECT_TRUE(test, dma_fence_is_signaled(nothing));
	dma_fence_put(nothing);
	KUNIT_EXPECT_EQ(test, space_bind(vm, NULL, 0), 0);
	KUNIT_EXPECT_EQ(test, vm->begins, begins);

	KUNIT_ASSERT_EQ(test, space_bind_async(vm, &op, 1, dep[0], &fence), 0);
	KUNIT_ASSERT_EQ(test, space_bind_async(vm, NULL, 0, dep[1], &nothing), 0);
	op = space_unmap(vm, 0, 10);
	KUNIT_ASSERT_EQ(test, space_bind_async(vm, &op, 1, NULL, &last), 0);
	driver_end_dep(dep[0]);
	driver_finish(test, fence);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(nothing));
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(last));
	driver_end_dep(dep[1]);
	driver_finish(test, nothing);
	driver_finish(test, last);
	SPACE_EXPECT_SANE(vm, "all are done");
}

/* What a job waits for must not wait for binds that wait for the job, nor for room. */
static void vm_direct_bind_passes_the_queue(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, SZ_64M >> SPACE_SHIFT);
	struct space_bo *bo = space_bo_create(room, vm->pages, SPACE_ODD);
	struct space_bo *own = space_bo_create(room, 300, SPACE_ALIGNED);
	struct gem_uma_vm_op op = space_map(vm, 0, vm->pages - 300, bo, 0, 0);
	struct dma_fence *dep = space_fence_create(test), *fence;

	KUNIT_ASSERT_EQ(test, space_bind_async(vm, &op, 1, dep, &fence), 0);
	op = space_map(vm, vm->pages - 300, 300, own, 0, 0);
	KUNIT_EXPECT_EQ(test, space_bind_direct(vm, op), 0);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence));
	KUNIT_EXPECT_EQ(test, vm->ptes[vm->pages - 1].kind, SPACE_MEMORY);
	KUNIT_EXPECT_EQ(test, vm->ptes[0].kind, SPACE_NOTHING);
	op = space_unmap(vm, vm->pages - 200, 100);
	KUNIT_EXPECT_EQ(test, space_bind_direct(vm, op), 0);
	KUNIT_EXPECT_EQ(test, vm->ptes[vm->pages - 150].kind, SPACE_NOTHING);
	driver_end_dep(dep);
	driver_finish(test, fence);
	SPACE_EXPECT_SANE(vm, "both are done");
}

struct driver_caller {
	struct space_vm *vm;
	struct gem_uma_vm_op op;
	struct completion done;
	int stopped;
	int ret;
};

/* As a task that is being killed. */
static int driver_caller_run(void *data)
{
	struct driver_caller *caller = data;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	caller->stopped = space_bind_direct_by(caller->vm, caller->op, true);
	caller->ret = space_bind_direct(caller->vm, caller->op);
	complete_all(&caller->done);
	return 0;
}

/* The same addresses are on the queue. A signal ends that, if the driver says so. */
static void vm_direct_bind_waits_for_its_own_addresses(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *dep = space_fence_create(test), *fence;
	struct gem_uma_vm_op op = space_map(vm, 0, 600, bo, 0, 0);
	struct driver_caller caller = { .vm = vm, .op = space_unmap(vm, 500, 600) };
	struct task_struct *task;

	init_completion(&caller.done);
	KUNIT_ASSERT_EQ(test, space_bind_async(vm, &op, 1, dep, &fence), 0);
	task = kthread_create(driver_caller_run, &caller, "gem-uma-driver");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&caller.done, HZ / 5), 0);
	driver_end_dep(dep);
	driver_finish(test, fence);
	wait_for_completion(&caller.done);
	kthread_stop(task);
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, caller.stopped, -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, caller.ret, 0);
	KUNIT_EXPECT_EQ(test, vm->ptes[550].kind, SPACE_NOTHING);
	KUNIT_EXPECT_EQ(test, vm->ptes[499].kind, SPACE_MEMORY);
	SPACE_EXPECT_SANE(vm, "bound, then cut");
}

/* What is on its queue may wait for user space, and nobody who frees something waits for that. */
static void vm_direct_bind_ignores_a_closed_space(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, 600);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct gem_uma_vm_op op = space_map(vm, 0, 600, bo, 0, 0);
	struct dma_fence *dep = space_fence_create(test), *fence;

	KUNIT_ASSERT_EQ(test, space_bind_async(vm, &op, 1, dep, &fence), 0);
	space_vm_close(vm);
	/* It waits for the fence, so the space is still there. */
	op = space_unmap(vm, 0, 600);
	KUNIT_EXPECT_EQ(test, space_bind_direct(vm, op), -ENOENT);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence));
	driver_end_dep(dep);
	driver_finish(test, fence);
}

/* Of what is signalled in order, the last one is enough, whichever comes first. */
static void vm_bind_waits_once_for_a_timeline(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, 600);
	struct gem_uma_vm_bind *bind = gem_uma_vm_bind_create(&vm->base, NULL, 0);
	struct dma_fence *other = space_fence_create(test), *early = space_fence_create(test);
	struct dma_fence *late = space_fence_create(test);
	struct dma_fence *order[] = { early, other, late, early, other };
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, bind);
	late->context = early->context;
	late->seqno = early->seqno + 1;
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		dma_fence_get(order[i]);
		KUNIT_EXPECT_EQ(test, gem_uma_vm_bind_add_dependency(bind, order[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, kref_read(&early->refcount), 1);
	KUNIT_EXPECT_EQ(test, kref_read(&late->refcount), 2);
	KUNIT_EXPECT_EQ(test, kref_read(&other->refcount), 2);
	gem_uma_vm_bind_destroy(bind);
	KUNIT_EXPECT_EQ(test, kref_read(&late->refcount), 1);
	driver_end_dep(early);
	driver_end_dep(late);
	driver_end_dep(other);
}

/* What the driver takes down after the device has gone. */
static void vm_direct_unmap_outlives_the_device(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);

	KUNIT_ASSERT_EQ(test, space_bind_direct(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	room->mock->drm.unplugged = true;
	KUNIT_EXPECT_EQ(test, -ENODEV,
			space_bind_direct(vm, space_map(vm, 700, 600, bo, 0, 0)));
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, 600)), -ENODEV);
	KUNIT_EXPECT_EQ(test, space_bind_direct(vm, space_unmap(vm, 0, 600)), 0);
	room->mock->drm.unplugged = false;
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
	SPACE_EXPECT_SANE(vm, "unmapped");
}

static void vm_direct_unmap_outlives_an_error(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);

	KUNIT_ASSERT_EQ(test, space_bind_direct(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	space_fail(room, SPACE_FLUSH, 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, space_bind_direct(vm, space_unmap(vm, 0, 100)), -EIO);
	KUNIT_EXPECT_EQ(test, -ENOENT,
			space_bind_direct(vm, space_map(vm, 700, 600, bo, 0, 0)));
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_unmap(vm, 100, 100)), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_bind_direct(vm, space_unmap(vm, 100, 500)), 0);
	KUNIT_EXPECT_EQ(test, vm->ptes[50].kind, SPACE_NOTHING);
	KUNIT_EXPECT_EQ(test, vm->ptes[599].kind, SPACE_NOTHING);
	space_vm_close(vm);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

static void vm_direct_unmap_never_fails_for_memory(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);

	KUNIT_ASSERT_EQ(test, space_bind_direct(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	space_fail(room, SPACE_ALLOC_TABLES, 1, 3, -ENOMEM);
	KUNIT_EXPECT_EQ(test, space_bind_direct(vm, space_unmap(vm, 10, 100)), 0);
	KUNIT_EXPECT_EQ(test, room->failed, 3);
	space_fail(room, SPACE_ALLOC_TABLES, 1, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, -ENOMEM, space_bind_direct(vm, space_map(vm, 700, 600, bo, 0, 0)));
	space_vm_close(vm);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

static void vm_lookup_finds_what_is_mapped(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_resv *resv = drm_gpuvm_resv(&vm->base.base);
	/* What is not bound, what is sparse, and what was unbound. */
	static const unsigned int nothing[] = { 0, 605, 20 };
	struct drm_gem_object *found;
	u64 offset = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 10, 500, bo, 100, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_sparse(vm, 600, 10, GEM_UMA_VM_DUMMY)), 0);
	/* It needs no resv: who waits for a fence may call it. */
	dma_resv_lock(resv, NULL);
	found = gem_uma_vm_lookup(&vm->base, vm->start + 20 * SPACE_PAGE + 8, &offset);
	dma_resv_unlock(resv);
	KUNIT_EXPECT_PTR_EQ(test, found, &bo->base);
	KUNIT_EXPECT_EQ(test, offset, 110 * SPACE_PAGE + 8);
	drm_gem_object_put(found);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 20, 1)), 0);
	for (i = 0; i < ARRAY_SIZE(nothing); i++)
		KUNIT_EXPECT_NULL(test, gem_uma_vm_lookup(&vm->base, vm->start +
							  nothing[i] * SPACE_PAGE, &offset));
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
	SPACE_EXPECT_SANE(vm, "looked at");
}

/* There was no memory for a large one, and what is written in one step has an end. */
static void vm_sparse_range_of_small_dummies_has_an_end(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, &space_geometries[0],
					      GEM_UMA_VM_MAX_DUMMIES + 2);
	struct gem_uma_vm_op op = space_sparse(vm, 0, vm->pages, GEM_UMA_VM_DUMMY);
	unsigned int order;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_sparse(vm, 0, 1, GEM_UMA_VM_DUMMY)), 0);
	order = vm->base.dummy_order;
	vm->base.dummy_order = 0;
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, op), -ENOMEM);
	vm->base.dummy_order = order;
	SPACE_EXPECT_SANE(vm, "nothing was changed");
}

static void driver_expect_at(struct kunit *test, struct space_vm *vm, unsigned int page,
			     struct space_bo *bo, u64 at)
{
	struct drm_gem_object *found;
	u64 offset = 0;

	found = gem_uma_vm_lookup(&vm->base, vm->start + page * SPACE_PAGE, &offset);
	KUNIT_EXPECT_PTR_EQ_MSG(test, found, bo ? &bo->base : NULL, "at page %u", page);
	if (found && bo)
		KUNIT_EXPECT_EQ_MSG(test, offset, at * SPACE_PAGE, "at page %u", page);
	drm_gem_object_put(found);
}

/* Binds on the queue may wait for the job that asks: what it finds is still the old. */
static void vm_lookup_finds_what_the_queue_has_yet_to_change(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, DRIVER_PAGES);
	struct space_bo *old = space_bo_create(room, 600, SPACE_ALIGNED);
	struct space_bo *new = space_bo_create(room, 600, SPACE_ODD);
	struct dma_fence *dep = space_fence_create(test), *fence[2];
	struct gem_uma_vm_op ops[] = {
		space_map(vm, 50, 100, new, 7, 0),
		space_unmap(vm, 20, 10),
		space_map(vm, 200, 10, new, 0, 0),
	};
	struct gem_uma_vm_op later = space_unmap(vm, 0, 300);

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 10, 100, old, 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_bind_async(vm, ops, ARRAY_SIZE(ops), dep, &fence[0]), 0);
	KUNIT_ASSERT_EQ(test, space_bind_async(vm, &later, 1, NULL, &fence[1]), 0);
	driver_expect_at(test, vm, 9, NULL, 0);
	driver_expect_at(test, vm, 10, old, 0);
	driver_expect_at(test, vm, 25, old, 15);
	driver_expect_at(test, vm, 60, old, 50);
	driver_expect_at(test, vm, 120, NULL, 0);
	driver_expect_at(test, vm, 205, NULL, 0);
	driver_end_dep(dep);
	driver_finish(test, fence[0]);
	driver_finish(test, fence[1]);
	driver_expect_at(test, vm, 60, NULL, 0);

	KUNIT_ASSERT_EQ(test, space_bind(vm, ops, ARRAY_SIZE(ops)), 0);
	driver_expect_at(test, vm, 60, new, 17);
	driver_expect_at(test, vm, 205, new, 5);
	KUNIT_EXPECT_NULL(test, space_check_bo(old, 1));
	KUNIT_EXPECT_NULL(test, space_check_bo(new, 1));
	SPACE_EXPECT_SANE(vm, "all are done");
}

KUNIT_ARRAY_PARAM(vm_driver, space_geometries, space_geometry_name);

static struct kunit_case gem_uma_vm_driver_cases[] = {
	KUNIT_CASE_PARAM(vm_change_begins_and_ends, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_eviction_that_cannot_begin_is_EBUSY, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_bind_that_cannot_begin_loses_the_space, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_bind_of_nothing_keeps_the_order, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_direct_bind_passes_the_queue, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_direct_bind_waits_for_its_own_addresses, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_direct_bind_ignores_a_closed_space, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_bind_waits_once_for_a_timeline, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_direct_unmap_outlives_the_device, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_direct_unmap_outlives_an_error, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_direct_unmap_never_fails_for_memory, vm_driver_gen_params),
	KUNIT_CASE(vm_sparse_range_of_small_dummies_has_an_end),
	KUNIT_CASE_PARAM(vm_lookup_finds_what_is_mapped, vm_driver_gen_params),
	KUNIT_CASE_PARAM(vm_lookup_finds_what_the_queue_has_yet_to_change,
			 vm_driver_gen_params),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_vm_driver);
