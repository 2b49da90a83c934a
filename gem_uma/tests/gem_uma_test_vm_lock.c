// SPDX-License-Identifier: GPL-2.0
/* Tests of locking an address space together with objects. */
#include <linux/kthread.h>

#include "gem_uma_space.h"
#include "gpuvm/gem_uma_vm_types.h"

/* Two objects that share a resv, as two imports of one dma-buf do, and who holds it. */
struct lock_rig {
	struct kunit *test;
	struct space_vm *vm;
	struct dma_resv resv;
	struct drm_gem_object objs[2];
	struct completion held, release;
	unsigned int rounds;
	unsigned int freed;
	bool freed_under_lock;
};

static struct lock_rig *lock_rig_of(struct drm_gem_object *obj)
{
	return container_of(obj->resv, struct lock_rig, resv);
}

static void lock_obj_free(struct drm_gem_object *obj)
{
	struct lock_rig *rig = lock_rig_of(obj);

	rig->freed++;
	rig->freed_under_lock = dma_resv_is_locked(drm_gpuvm_resv(&rig->vm->base.base));
	drm_gem_object_release(obj);
}

static const struct drm_gem_object_funcs lock_obj_funcs = {
	.free = lock_obj_free,
};

/* Has the older ticket, so whoever else needs the resv unlocks all it has. */
static int lock_hold(void *data)
{
	struct lock_rig *rig = data;
	struct ww_acquire_ctx ctx;

	ww_acquire_init(&ctx, &reservation_ww_class);
	KUNIT_EXPECT_EQ(rig->test, dma_resv_lock(&rig->resv, &ctx), 0);
	complete(&rig->held);
	wait_for_completion(&rig->release);
	dma_resv_unlock(&rig->resv);
	ww_acquire_fini(&ctx);
	return 0;
}

/* The first object is mapped in the first round only. */
static int lock_other_in_second_round(struct gem_uma_vm_exec *lock, void *data)
{
	struct lock_rig *rig = data;
	int ret;

	if (rig->rounds++)
		return gem_uma_vm_lock_obj(lock, &rig->objs[1]);
	ret = gem_uma_vm_lock_obj(lock, &rig->objs[0]);
	KUNIT_EXPECT_EQ(rig->test, ret, -EDEADLK);
	/* That was the mapping's. */
	drm_gem_object_put(&rig->objs[0]);
	complete(&rig->release);
	return ret;
}

static void vm_lock_keeps_what_was_contended_rev_V1(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct lock_rig *rig = gem_uma_mock_zalloc(test, sizeof(*rig));
	struct task_struct *holder;
	struct gem_uma_vm_exec lock;
	unsigned int i;

	rig->test = test;
	rig->vm = space_vm_create(room, &space_geometries[0], 64);
	dma_resv_init(&rig->resv);
	init_completion(&rig->held);
	init_completion(&rig->release);
	for (i = 0; i < ARRAY_SIZE(rig->objs); i++) {
		rig->objs[i].resv = &rig->resv;
		rig->objs[i].funcs = &lock_obj_funcs;
		drm_gem_private_object_init(&room->mock->drm, &rig->objs[i], PAGE_SIZE);
	}
	holder = kthread_run(lock_hold, rig, "lock-hold");
	KUNIT_ASSERT_FALSE(test, IS_ERR(holder));
	get_task_struct(holder);
	wait_for_completion(&rig->held);

	KUNIT_EXPECT_EQ(test, 0, gem_uma_vm_lock(&lock, &rig->vm->base, false, 1,
						 lock_other_in_second_round, rig));
	KUNIT_EXPECT_GE(test, rig->rounds, 2);
	/* Another one is the last only where the kernel makes up contention. */
	if (!IS_ENABLED(CONFIG_DEBUG_WW_MUTEX_SLOWPATH))
		KUNIT_EXPECT_PTR_EQ(test, lock.contended, &rig->objs[0]);
	/* Ours, and not just anybody's, or nobody's. */
	KUNIT_EXPECT_PTR_EQ(test, dma_resv_locking_ctx(&rig->resv), &lock.exec.ticket);
	/* What the last round locked first is kept, and nothing else. */
	KUNIT_EXPECT_EQ(test, rig->freed, lock.contended != &rig->objs[0]);
	gem_uma_vm_unlock(&lock);
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(&rig->resv));
	KUNIT_EXPECT_EQ(test, rig->freed, 1);
	KUNIT_EXPECT_FALSE(test, rig->freed_under_lock);

	kthread_stop(holder);
	put_task_struct(holder);
	drm_gem_object_put(&rig->objs[1]);
	dma_resv_fini(&rig->resv);
}

struct lock_caller {
	struct space_vm *vm;
	struct drm_gem_object *obj;
	struct completion done;
	int ret[2];
};

static int lock_one(struct gem_uma_vm_exec *lock, void *data)
{
	return gem_uma_vm_lock_obj(lock, data);
}

/* As a task that is being killed; nobody else wants the lock. */
static int lock_caller_run(void *data)
{
	struct lock_caller *caller = data;
	struct gem_uma_vm_exec lock;
	unsigned int i;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	for (i = 0; i < ARRAY_SIZE(caller->ret); i++) {
		caller->ret[i] = gem_uma_vm_lock(&lock, &caller->vm->base, i, 1, lock_one,
						 caller->obj);
		if (!caller->ret[i])
			gem_uma_vm_unlock(&lock);
	}
	complete(&caller->done);
	return 0;
}

/* With thousands of objects it takes long; who must not be interrupted is not. */
static void vm_lock_of_many_can_be_killed_rev_P2(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_bo *bo = space_bo_create(room, 1, SPACE_ALIGNED);
	struct lock_caller caller = {
		.vm = space_vm_create(room, &space_geometries[0], 64),
		.obj = &bo->base,
	};
	struct task_struct *task;

	init_completion(&caller.done);
	task = kthread_create(lock_caller_run, &caller, "gem-uma-lock");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	wait_for_completion(&caller.done);
	kthread_stop(task);
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, caller.ret[0], 0);
	KUNIT_EXPECT_EQ(test, caller.ret[1], -EINTR);
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(bo->base.resv));
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(drm_gpuvm_resv(&caller.vm->base.base)));
}

#define LOCK_OPS	1024

/* Each va is locked once, however many operations meet it. */
static void vm_bind_visits_each_address_once_rev_V6(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, &space_geometries[0], 2048);
	struct space_bo *bo = space_bo_create(room, 2048, SPACE_ODD);
	struct gem_uma_vm_op *ops;
	struct gem_uma_vm_bind *bind;
	unsigned int i;

	ops = gem_uma_mock_zalloc(test, LOCK_OPS * sizeof(*ops));
	for (i = 0; i < 64; i++)
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, i * 32, 16, bo, i, 0)), 0);

	/* All of it, over and over, then the halves in turn, then odd pages from the end. */
	for (i = 0; i < LOCK_OPS; i++)
		ops[i] = space_unmap(vm, 0, 2048);
	bind = gem_uma_vm_bind_create(&vm->base, ops, LOCK_OPS);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bind));
	KUNIT_EXPECT_EQ(test, bind->nr_ranges, 1);
	gem_uma_vm_bind_destroy(bind);

	for (i = 0; i < LOCK_OPS; i++)
		ops[i] = space_unmap(vm, i & 1 ? 1025 : 0, 1023);
	bind = gem_uma_vm_bind_create(&vm->base, ops, LOCK_OPS);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bind));
	KUNIT_EXPECT_EQ(test, bind->nr_ranges, 2);
	gem_uma_vm_bind_destroy(bind);

	for (i = 0; i < LOCK_OPS; i++)
		ops[i] = space_unmap(vm, 2047 - 2 * i, 1);
	bind = gem_uma_vm_bind_create(&vm->base, ops, LOCK_OPS);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bind));
	KUNIT_EXPECT_EQ(test, bind->nr_ranges, LOCK_OPS);
	for (i = 1; i < bind->nr_ranges; i++)
		KUNIT_ASSERT_GT(test, bind->ranges[i].start, bind->ranges[i - 1].end);
	gem_uma_vm_bind_destroy(bind);
	SPACE_EXPECT_SANE(vm, "nothing was committed");

	for (i = 0; i < LOCK_OPS; i++)
		ops[i] = space_unmap(vm, i & 1 ? 1025 : 0, 1023);
	KUNIT_ASSERT_EQ(test, space_bind(vm, ops, LOCK_OPS), 0);
	SPACE_EXPECT_SANE(vm, "unmapped");
}

static struct kunit_case gem_uma_vm_lock_cases[] = {
	KUNIT_CASE(vm_lock_keeps_what_was_contended_rev_V1),
	KUNIT_CASE(vm_lock_of_many_can_be_killed_rev_P2),
	KUNIT_CASE(vm_bind_visits_each_address_once_rev_V6),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_vm_lock);
