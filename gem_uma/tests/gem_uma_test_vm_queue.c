// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: binds that wait, and what happens to the space in the meantime.
 */
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "gem_uma_space.h"

#define QUEUE_PAGES	(4 * SPACE_2M)
/* What can take a while, and never so long. */
#define QUEUE_TIMEOUT	(60 * HZ)

static void queue_finish(struct kunit *test, struct dma_fence *fence)
{
	KUNIT_EXPECT_GT(test, dma_fence_wait_timeout(fence, false, QUEUE_TIMEOUT), 0);
	dma_fence_put(fence);
}

static void queue_end_dep(struct dma_fence *dep)
{
	dma_fence_signal(dep);
	dma_fence_put(dep);
}

static struct dma_fence *queue_bind(struct space_vm *vm, struct gem_uma_vm_op op,
				    struct dma_fence *dep)
{
	struct dma_fence *fence = NULL;

	KUNIT_ASSERT_EQ(vm->room->test, space_bind_async(vm, &op, 1, dep, &fence), 0);
	KUNIT_ASSERT_NOT_NULL(vm->room->test, fence);
	return fence;
}

static void vm_queue_keeps_the_order(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, QUEUE_PAGES, SPACE_ALIGNED);
	struct space_bo *other = space_bo_create(room, QUEUE_PAGES, SPACE_ODD);
	struct dma_fence *dep[2], *fence[4];
	unsigned long writes = vm->maps;
	unsigned int i;

	dep[0] = space_fence_create(test);
	dep[1] = space_fence_create(test);
	fence[0] = queue_bind(vm, space_map(vm, 0, 1500, bo, 0, 0), dep[0]);
	/* Ready at once, and yet not before the first. */
	fence[1] = queue_bind(vm, space_unmap(vm, 700, 100), NULL);
	fence[2] = queue_bind(vm, space_map(vm, 600, 1000, other, 0, GEM_UMA_VM_READONLY), dep[1]);
	fence[3] = queue_bind(vm, space_sparse(vm, 1030, 3, GEM_UMA_VM_DUMMY), NULL);
	queue_end_dep(dep[1]);
	KUNIT_EXPECT_NULL(test, space_check(vm, false));
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[i]));
	KUNIT_EXPECT_EQ(test, vm->maps, writes);
	queue_end_dep(dep[0]);
	for (i = 4; i--;)
		queue_finish(test, fence[i]);
	SPACE_EXPECT_SANE(vm, "executed");
	KUNIT_EXPECT_GT(test, room->queue_writes, 0);
}

/* Bookkeeping only: nobody else waits for a bind, but reclaim sees it. */
static void vm_queued_object_is_not_evicted_panthor_59(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *dep = space_fence_create(test), *fence;

	fence = queue_bind(vm, space_map(vm, 0, 600, bo, 0, 0), dep);
	KUNIT_EXPECT_TRUE(test, dma_resv_test_signaled(bo->base.resv, DMA_RESV_USAGE_READ));
	KUNIT_EXPECT_FALSE(test, dma_resv_test_signaled(bo->base.resv, DMA_RESV_USAGE_BOOKKEEP));
	KUNIT_EXPECT_EQ(test, space_evict(bo), -EBUSY);
	queue_end_dep(dep);
	queue_finish(test, fence);
	SPACE_EXPECT_SANE(vm, "mapped");

	/* The same while an unmap is waiting: its entries are still there. */
	dep = space_fence_create(test);
	fence = queue_bind(vm, space_unmap(vm, 100, 100), dep);
	KUNIT_EXPECT_EQ(test, vm->ptes[150].kind, SPACE_MEMORY);
	KUNIT_EXPECT_EQ(test, space_evict(bo), -EBUSY);
	queue_end_dep(dep);
	queue_finish(test, fence);
	KUNIT_EXPECT_EQ(test, space_evict(bo), 0);
	SPACE_EXPECT_SANE(vm, "evicted");
}

/* A validation comes after the binds that wait, and the job after it. */
static void vm_validate_comes_after_the_queue(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_SCATTERED);
	struct space_bo *other = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *dep = space_fence_create(test), *fence, *restored, *cut, *again;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
	fence = queue_bind(vm, space_map(vm, 100, 600, other, 0, 0), dep);
	KUNIT_ASSERT_EQ(test, space_validate(vm, &restored), 0);
	KUNIT_ASSERT_NOT_NULL(test, restored);
	/* The next job finds nothing evicted, and yet has to wait for that. */
	KUNIT_ASSERT_EQ(test, space_validate(vm, &again), 0);
	KUNIT_EXPECT_PTR_EQ(test, again, restored);
	dma_fence_put(again);
	/* What was restored, and is not yet, is cut. */
	cut = queue_bind(vm, space_unmap(vm, 50, 10), NULL);
	KUNIT_EXPECT_EQ(test, vm->ptes[0].kind, SPACE_NOTHING);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(restored));
	KUNIT_EXPECT_EQ(test, space_evict(bo), -EBUSY);
	queue_end_dep(dep);
	queue_finish(test, restored);
	queue_finish(test, cut);
	queue_finish(test, fence);
	KUNIT_ASSERT_EQ(test, space_validate(vm, &again), 0);
	KUNIT_EXPECT_NULL(test, again);
	SPACE_EXPECT_SANE(vm, "all executed");
}

/* One that fails in the middle of the queue has restored what it says that it has. */
static void vm_failed_validate_in_the_queue_panthor_88(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo[2] = { space_bo_create(room, 600, SPACE_SCATTERED),
				   space_bo_create(room, 600, SPACE_SCATTERED) };
	struct dma_fence *dep = space_fence_create(test), *fence, *restored;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo[0], 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 700, 600, bo[1], 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_evict(bo[0]), 0);
	KUNIT_ASSERT_EQ(test, space_evict(bo[1]), 0);
	fence = queue_bind(vm, space_sparse(vm, 1500, 10, 0), dep);
	space_fail(room, SPACE_POPULATE, 2, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, space_validate(vm, &restored), -ENOMEM);
	KUNIT_EXPECT_NULL(test, restored);
	KUNIT_EXPECT_NULL(test, space_check(vm, false));
	KUNIT_EXPECT_EQ(test, space_is_mapped(bo[0]) + space_is_mapped(bo[1]), 1);
	KUNIT_EXPECT_EQ(test, space_validate(vm, &restored), 0);
	KUNIT_ASSERT_NOT_NULL(test, restored);
	queue_end_dep(dep);
	queue_finish(test, restored);
	queue_finish(test, fence);
	SPACE_EXPECT_SANE(vm, "restored");
}

struct queue_budget {
	struct dma_fence_cb cb;
	struct space_room *room;
	unsigned int left;
	bool same_task;
};

#ifdef CONFIG_FAULT_INJECTION
static void queue_budget_end(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct queue_budget *budget = container_of(cb, struct queue_budget, cb);

	budget->same_task = current == budget->room->watched;
	if (!budget->same_task)
		return;
	budget->left = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
}

/* Are allocations of a task counted, also those that may wait? */
static bool queue_can_count(void)
{
	unsigned int left;

	WRITE_ONCE(current->fail_nth, INT_MAX);
	kfree(kmalloc(64, GFP_KERNEL));
	left = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	return left < INT_MAX;
}
#else
static void queue_budget_end(struct dma_fence *fence, struct dma_fence_cb *cb)
{
}

static bool queue_can_count(void)
{
	return false;
}
#endif

/* From the first entry that is written until the fence is signalled. */
static void vm_queue_allocates_nothing_panthor_60(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, QUEUE_PAGES, SPACE_ALIGNED);
	const struct gem_uma_vm_op ops[] = {
		space_map(vm, 0, 2000, bo, 0, 0),
		space_unmap(vm, 700, 300),
		space_sparse(vm, 900, 200, 0),
		space_map(vm, 600, 700, bo, 10, GEM_UMA_VM_READONLY),
		space_sparse(vm, 1024, 513, GEM_UMA_VM_DUMMY),
	};
	struct dma_fence *dep = space_fence_create(test), *fence;
	struct queue_budget budget = { .room = room };

	if (!queue_can_count())
		kunit_skip(test, "allocations are not counted here");
	KUNIT_ASSERT_EQ(test, space_bind_async(vm, ops, ARRAY_SIZE(ops), dep, &fence), 0);
	KUNIT_ASSERT_EQ(test, dma_fence_add_callback(fence, &budget.cb, queue_budget_end), 0);
	WRITE_ONCE(room->watch_allocations, true);
	queue_end_dep(dep);
	KUNIT_EXPECT_GT(test, dma_fence_wait_timeout(fence, false, QUEUE_TIMEOUT), 0);
	/* The callback may still run. */
	space_settle(vm);
	WRITE_ONCE(room->watch_allocations, false);
	KUNIT_EXPECT_TRUE(test, budget.same_task);
	KUNIT_EXPECT_EQ(test, budget.left, INT_MAX);
	dma_fence_put(fence);
	SPACE_EXPECT_SANE(vm, "executed");
}

/* Others hold them all the time, perhaps until the fence is signalled. */
static void vm_queue_takes_no_resv_panthor_61(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct space_bo *other = space_bo_create(room, 600, SPACE_ALIGNED);
	struct gem_uma_mock_holder *holders[3];
	struct dma_fence *dep = space_fence_create(test), *fence[2];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	fence[0] = queue_bind(vm, space_map(vm, 100, 600, other, 0, 0), dep);
	fence[1] = queue_bind(vm, space_unmap(vm, 0, QUEUE_PAGES), NULL);
	holders[0] = gem_uma_mock_hold(test, gem_uma_vm_resv_object(&vm->base), 0);
	holders[1] = gem_uma_mock_hold(test, &bo->base, 0);
	holders[2] = gem_uma_mock_hold(test, &other->base, 0);
	queue_end_dep(dep);
	queue_finish(test, fence[0]);
	queue_finish(test, fence[1]);
	for (i = 0; i < ARRAY_SIZE(holders); i++)
		gem_uma_mock_unhold(test, holders[i]);
	SPACE_EXPECT_SANE(vm, "executed");
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

static void vm_queue_drops_no_last_reference_panthor_6(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *dep = space_fence_create(test), *fence;
	struct task_struct *freed_by = NULL;
	bool freed = false;
	unsigned int i;

	bo->freed_by = &freed_by;
	vm->freed = &freed;
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	space_bo_put(bo);
	/* The page tables still point to it. */
	fence = queue_bind(vm, space_unmap(vm, 0, 600), dep);
	KUNIT_EXPECT_NULL(test, READ_ONCE(freed_by));
	/* The space is kept by its bind, and so is what it maps. */
	space_vm_close(vm);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(freed));
	KUNIT_EXPECT_EQ(test, vm->ptes[0].kind, SPACE_MEMORY);
	queue_end_dep(dep);
	queue_finish(test, fence);
	for (i = 0; i < 500 && !READ_ONCE(freed); i++)
		msleep(20);
	/* Where they are freed is looked at there. */
	KUNIT_EXPECT_TRUE(test, READ_ONCE(freed));
	KUNIT_EXPECT_NOT_NULL(test, READ_ONCE(freed_by));
	KUNIT_EXPECT_EQ_MSG(test, room->errors, 0, "%s", room->error);
}

/* The device fails in the queue, where nobody is told. */
static void queue_late_error(struct kunit *test, enum space_callback which, bool first_fails)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct gem_uma_vm_op again = space_map(vm, 1800, 10, bo, 0, 0);
	struct dma_fence *dep = space_fence_create(test), *fence[3], *never;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	fence[0] = queue_bind(vm, space_map(vm, 700, 100, bo, 0, 0), dep);
	fence[1] = queue_bind(vm, space_unmap(vm, 0, 600), NULL);
	fence[2] = queue_bind(vm, space_map(vm, 900, 100, bo, 0, 0), NULL);
	space_fail(room, which, 1, 1, -EIO);
	queue_end_dep(dep);
	for (i = 0; i < ARRAY_SIZE(fence); i++) {
		KUNIT_EXPECT_GT(test, dma_fence_wait_timeout(fence[i], false, QUEUE_TIMEOUT), 0);
		KUNIT_EXPECT_EQ_MSG(test, dma_fence_get_status(fence[i]),
				    i || first_fails ? -EIO : 1, "fence %u", i);
		dma_fence_put(fence[i]);
	}
	KUNIT_EXPECT_EQ(test, room->failed, 1);
	space_settle(vm);
	/* Unmapped in spite of it, and mapped no more. */
	KUNIT_EXPECT_EQ(test, vm->ptes[0].kind, SPACE_NOTHING);
	KUNIT_EXPECT_EQ(test, vm->ptes[599].kind, SPACE_NOTHING);
	KUNIT_EXPECT_EQ(test, vm->ptes[900].kind, SPACE_NOTHING);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, again), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, 1)), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_bind_async(vm, &again, 1, NULL, &never), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_validate(vm, &never), -EIO);
	KUNIT_EXPECT_EQ(test, space_evict(bo), 0);
	KUNIT_EXPECT_EQ(test, vm->tables, 0);
	KUNIT_EXPECT_NULL(test, space_check(vm, false));
	space_vm_close(vm);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

static void vm_late_error_of_map_loses_the_space_panthor_66(struct kunit *test)
{
	queue_late_error(test, SPACE_MAP, true);
}

static void vm_late_error_of_unmap_loses_the_space_panthor_66(struct kunit *test)
{
	queue_late_error(test, SPACE_UNMAP, false);
}

static void vm_late_error_of_flush_loses_the_space_panthor_66(struct kunit *test)
{
	queue_late_error(test, SPACE_FLUSH, true);
}

static void vm_error_at_once_is_reported(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *fence;

	space_fail(room, SPACE_MAP, 1, 1, -EIO);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), -EIO);
	KUNIT_EXPECT_EQ(test, space_validate(vm, &fence), -EIO);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), -ENOENT);
	space_settle(vm);
	space_vm_close(vm);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

/* Another task that binds, and can be interrupted. */
struct queue_caller {
	struct space_vm *vm;
	struct gem_uma_vm_op op;
	bool sync;
	struct dma_fence *fence;
	struct task_struct *task;
	struct completion done;
};

static int queue_caller_run(void *data)
{
	struct queue_caller *caller = data;
	int ret;

	allow_signal(SIGUSR1);
	allow_signal(SIGKILL);
	if (caller->sync)
		ret = space_bind_one(caller->vm, caller->op);
	else
		ret = space_bind_async(caller->vm, &caller->op, 1, NULL, &caller->fence);
	/* Asked for more than once. */
	complete_all(&caller->done);
	return ret;
}

static void queue_call(struct kunit *test, struct queue_caller *caller)
{
	struct task_struct *task = kthread_create(queue_caller_run, caller, "gem-uma-caller");
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	init_completion(&caller->done);
	caller->task = get_task_struct(task);
	wake_up_process(task);
	/* It sleeps for nothing else so long. */
	for (i = 0; i < 3; i++) {
		while (READ_ONCE(task->__state) == TASK_RUNNING)
			msleep(20);
		msleep(20);
	}
}

static int queue_join(struct queue_caller *caller)
{
	int ret;

	/* To be stopped would interrupt it. */
	wait_for_completion(&caller->done);
	ret = kthread_stop(caller->task);
	put_task_struct(caller->task);
	return ret;
}

/* In the tree, whatever the page tables say. */
static bool queue_is_mapped(struct space_vm *vm, unsigned long page)
{
	struct drm_gpuvm *gpuvm = &vm->base.base;

	guard(gem_uma_resv)(drm_gpuvm_resv(gpuvm));
	return drm_gpuva_find_first(gpuvm, vm->start + ((u64)page << SPACE_SHIFT), SPACE_PAGE);
}

static int queue_interrupt(struct queue_caller *caller)
{
	send_sig(SIGUSR1, caller->task, 1);
	return queue_join(caller);
}

static void vm_waiting_bind_can_be_interrupted(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct queue_caller caller = {
		.vm = vm, .sync = true, .op = space_map(vm, 1000, 600, bo, 0, 0),
	};
	struct dma_fence *dep = space_fence_create(test), *fence;

	fence = queue_bind(vm, space_map(vm, 0, 600, bo, 0, 0), dep);
	queue_call(test, &caller);
	KUNIT_EXPECT_EQ(test, queue_interrupt(&caller), -ERESTARTSYS);
	KUNIT_EXPECT_NULL(test, space_check(vm, false));
	queue_call(test, &caller);
	KUNIT_EXPECT_NULL(test, space_check(vm, false));
	queue_end_dep(dep);
	KUNIT_EXPECT_EQ(test, queue_join(&caller), 0);
	queue_finish(test, fence);
	SPACE_EXPECT_SANE(vm, "both are done");
}

/*
 * A synchronous bind waits for what was queued before it, then it is entered into the tree,
 * behind what came in the meantime. From then on it must not be done again, so signals do
 * not end it, but for one that kills.
 */
static void vm_bind_in_the_tree_ends_by_a_kill_only(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct queue_caller caller = {
		.vm = vm, .sync = true, .op = space_map(vm, 1000, 600, bo, 0, 0),
	};
	struct dma_fence *dep[2], *fence[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		dep[i] = space_fence_create(test);
		fence[i] = queue_bind(vm, space_map(vm, 300 * i, 300, bo, 0, 0), dep[i]);
		if (!i)
			queue_call(test, &caller);
	}
	KUNIT_EXPECT_FALSE(test, queue_is_mapped(vm, 1000));
	queue_end_dep(dep[0]);
	queue_finish(test, fence[0]);
	for (i = 0; i < 500 && !queue_is_mapped(vm, 1000); i++)
		msleep(20);
	KUNIT_EXPECT_TRUE(test, queue_is_mapped(vm, 1000));
	send_sig(SIGUSR1, caller.task, 1);
	KUNIT_EXPECT_EQ(test, wait_for_completion_timeout(&caller.done, HZ / 5), 0);
	send_sig(SIGKILL, caller.task, 1);
	KUNIT_EXPECT_EQ(test, queue_join(&caller), -ERESTARTSYS);
	queue_end_dep(dep[1]);
	queue_finish(test, fence[1]);
	space_settle(vm);
	KUNIT_EXPECT_EQ(test, vm->ptes[1000].kind, SPACE_MEMORY);
	/* Nobody has told the oracle. */
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, caller.op), 0);
	SPACE_EXPECT_SANE(vm, "bound, and again");
}

/* One bind may exceed the limit of tables; the next has to wait for it. */
static void vm_tables_on_the_queue_are_limited(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, &space_geometries[1], SZ_64M >> SPACE_SHIFT);
	struct space_bo *bo = space_bo_create(room, vm->pages, SPACE_ODD);
	struct queue_caller caller = {
		.vm = vm, .op = space_map(vm, 10, 300, bo, 0, 0),
	};
	struct dma_fence *dep = space_fence_create(test), *fence;
	long tables;

	fence = queue_bind(vm, space_map(vm, 0, vm->pages, bo, 0, 0), dep);
	tables = atomic_long_read(&vm->base.tables);
	/* And one for the operation. */
	KUNIT_EXPECT_EQ(test, tables, atomic_long_read(&vm->pooled) + 1);
	KUNIT_EXPECT_GT(test, tables, 1024);
	queue_call(test, &caller);
	/* It sleeps there, or is there no more: no barrier is needed. */
	KUNIT_EXPECT_TRUE(test, waitqueue_active(&vm->base.tables_wait));
	KUNIT_EXPECT_EQ(test, queue_interrupt(&caller), -ERESTARTSYS);
	/* Same. */
	KUNIT_EXPECT_FALSE(test, waitqueue_active(&vm->base.tables_wait));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&vm->base.tables), tables);
	KUNIT_EXPECT_NULL(test, space_check(vm, false));

	queue_call(test, &caller);
	KUNIT_EXPECT_NULL(test, space_check(vm, false));
	queue_end_dep(dep);
	KUNIT_EXPECT_EQ(test, queue_join(&caller), 0);
	queue_finish(test, caller.fence);
	queue_finish(test, fence);
	SPACE_EXPECT_SANE(vm, "both are done");
}

/* A queued bind, an eviction and the end of a space write page tables all the same. */
static void vm_page_tables_outlive_the_device_rev_V12(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, QUEUE_PAGES);
	struct space_bo *bo[2] = { space_bo_create(room, 600, SPACE_ALIGNED),
				   space_bo_create(room, 600, SPACE_ALIGNED) };
	struct dma_fence *dep = space_fence_create(test), *fence;
	unsigned long unmaps;
	unsigned int i;

	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, 0, space_bind_one(vm, space_map(vm, i * 700, 300, bo[i], 0,
								      0)));
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 310, 100, bo[1], 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, 0, space_bind_one(vm, space_sparse(vm, 500, 64, GEM_UMA_VM_DUMMY)));
	fence = queue_bind(vm, space_unmap(vm, 700, 300), dep);
	/* As drm_dev_unplug() leaves it. */
	room->mock->drm.unplugged = true;
	gem_uma_vm_unplug(&room->mock->drm);
	KUNIT_EXPECT_NULL(test, vm->base.dummy);
	unmaps = vm->unmaps;
	queue_end_dep(dep);
	queue_finish(test, fence);
	KUNIT_EXPECT_EQ(test, vm->unmaps, unmaps + 1);
	KUNIT_EXPECT_EQ(test, space_evict(bo[0]), 0);
	KUNIT_EXPECT_EQ(test, vm->unmaps, unmaps + 2);
	SPACE_EXPECT_SANE(vm, "unplugged");
	space_vm_close(vm);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo[1], 1));
	room->mock->drm.unplugged = false;
}

KUNIT_ARRAY_PARAM(vm_queue, space_geometries, space_geometry_name);

static struct kunit_case gem_uma_vm_queue_cases[] = {
	KUNIT_CASE_PARAM(vm_queue_keeps_the_order, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_queued_object_is_not_evicted_panthor_59, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_validate_comes_after_the_queue, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_failed_validate_in_the_queue_panthor_88, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_queue_allocates_nothing_panthor_60, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_queue_takes_no_resv_panthor_61, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_queue_drops_no_last_reference_panthor_6, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_late_error_of_map_loses_the_space_panthor_66, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_late_error_of_unmap_loses_the_space_panthor_66, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_late_error_of_flush_loses_the_space_panthor_66, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_error_at_once_is_reported, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_waiting_bind_can_be_interrupted, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_bind_in_the_tree_ends_by_a_kill_only, vm_queue_gen_params),
	KUNIT_CASE_PARAM(vm_page_tables_outlive_the_device_rev_V12, vm_queue_gen_params),
	KUNIT_CASE(vm_tables_on_the_queue_are_limited),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_vm_queue);
