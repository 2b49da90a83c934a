// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses that the kernel chooses: how long objects keep them, who loses his when there
 * is not enough room, and what comes back when a job needs it.
 */
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "gem_uma_space.h"
#include "gpuvm/gem_uma_vm_types.h"

#define IMPLICIT_PAGES	(4 * SPACE_2M)
#define IMPLICIT_BOS	4
/* What can take a while, and never so long. */
#define IMPLICIT_TIMEOUT	(30 * HZ)

/* A space, and objects with a handle each. */
struct implicit_rig {
	struct space_room *room;
	struct space_vm *vm;
	struct space_bo *bos[IMPLICIT_BOS];
	struct gem_uma_vm_implicit *ims[IMPLICIT_BOS];
};

static struct implicit_rig implicit_rig_of(struct kunit *test, unsigned long space_pages,
					   unsigned long pages)
{
	struct implicit_rig rig = { .room = space_room_create(test) };
	unsigned int i;

	rig.vm = space_implicit_vm_create(rig.room, &space_geometries[0], space_pages);
	for (i = 0; i < IMPLICIT_BOS; i++) {
		rig.bos[i] = space_bo_create(rig.room, pages, SPACE_ALIGNED);
		gem_uma_vm_users_get(&rig.bos[i]->users);
	}
	return rig;
}

/* A job with objects, from one to the last of so many. */
static void implicit_get(struct implicit_rig *rig, unsigned int first, unsigned int nr)
{
	KUNIT_ASSERT_EQ(rig->room->test, 0,
			space_implicit_get(rig->vm, &rig->bos[first], nr, &rig->ims[first]));
	SPACE_EXPECT_SANE(rig->vm, "%u objects from %u got", nr, first);
}

static void implicit_put(struct implicit_rig *rig, unsigned int first, unsigned int nr)
{
	space_implicit_put(rig->vm, &rig->ims[first], nr);
	SPACE_EXPECT_SANE(rig->vm, "%u objects from %u put", nr, first);
}

/* A job that ends at once. */
static void implicit_use(struct implicit_rig *rig, unsigned int first, unsigned int nr)
{
	implicit_get(rig, first, nr);
	implicit_put(rig, first, nr);
}

static void implicit_drop_user(struct implicit_rig *rig, struct space_bo *bo)
{
	gem_uma_vm_users_put(&bo->users);
	space_adopt(rig->vm);
	SPACE_EXPECT_SANE(rig->vm, "a user less");
}

/* Which of the objects have an address, as bits. */
static unsigned int implicit_bound(struct implicit_rig *rig)
{
	unsigned int i, bound = 0;

	for (i = 0; i < IMPLICIT_BOS; i++)
		bound |= space_is_bound(rig->vm, rig->bos[i]) << i;
	return bound;
}

static void vm_implicit_flips_are_maps_once(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	unsigned long maps, unmaps;
	u64 addr[3];
	unsigned int i;

	implicit_use(&rig, 0, 3);
	for (i = 0; i < 3; i++)
		addr[i] = gem_uma_vm_implicit_address(rig.ims[i]);
	maps = rig.vm->maps;
	unmaps = rig.vm->unmaps;
	for (i = 0; i < 300; i++) {
		implicit_use(&rig, i % 3, 1);
		KUNIT_EXPECT_EQ(test, gem_uma_vm_implicit_address(rig.ims[i % 3]), addr[i % 3]);
	}
	KUNIT_EXPECT_EQ(test, rig.vm->maps, maps);
	KUNIT_EXPECT_EQ(test, rig.vm->unmaps, unmaps);
	KUNIT_EXPECT_EQ(test, gem_uma_vm_implicit_nr_idle(&rig.vm->base), 3);
}

/* By whatever way the next user comes, as long as it comes before the last one goes. */
static void vm_implicit_any_user_keeps_the_address(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	unsigned long maps;
	unsigned int i;

	implicit_use(&rig, 0, 1);
	maps = rig.vm->maps;
	for (i = 0; i < 10; i++) {
		gem_uma_vm_users_get(&rig.bos[0]->users);
		implicit_drop_user(&rig, rig.bos[0]);
		implicit_use(&rig, 0, 1);
	}
	KUNIT_EXPECT_EQ(test, rig.vm->maps, maps);
	implicit_drop_user(&rig, rig.bos[0]);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), 0);
}

static void vm_implicit_last_user_unmaps_from_all_vms_sparse_H5(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct space_vm *vms[3];
	unsigned int i;

	implicit_use(&rig, 0, 2);
	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		vms[i] = space_implicit_vm_create(rig.room, &space_geometries[0], SPACE_2M);
		KUNIT_ASSERT_EQ(test, 0, space_implicit_get(vms[i], rig.bos, 2, rig.ims));
		space_implicit_put(vms[i], rig.ims, 2);
		SPACE_EXPECT_SANE(vms[i], "used");
	}
	gem_uma_vm_users_put(&rig.bos[0]->users);
	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		space_adopt(vms[i]);
		SPACE_EXPECT_SANE(vms[i], "the last user has gone");
		KUNIT_EXPECT_FALSE(test, space_is_bound(vms[i], rig.bos[0]));
		KUNIT_EXPECT_TRUE(test, space_is_bound(vms[i], rig.bos[1]));
	}
	space_adopt(rig.vm);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(1));
	KUNIT_EXPECT_NULL(test, space_check_bo(rig.bos[0], 1));
	KUNIT_EXPECT_NULL(test, space_check_bo(rig.bos[1], 1));
}

/* Who holds the resv may be reading the whole space from swap. */
static void vm_implicit_last_user_waits_for_no_resv_rev_V5(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct drm_gem_object *held[] = {
		rig.vm->base.base.r_obj, &rig.bos[0]->base, &rig.bos[1]->base,
	};
	struct gem_uma_vm_users *users[] = {
		&rig.bos[0]->users, &rig.bos[0]->users, &rig.bos[1]->users,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(held); i++) {
		struct gem_uma_mock_holder *holder;

		implicit_use(&rig, 0, 2);
		holder = gem_uma_mock_hold(test, held[i], 30000);
		gem_uma_vm_users_put(users[i]);
		/* It would have given up. */
		KUNIT_EXPECT_FALSE(test, completion_done(&holder->done));
		gem_uma_mock_unhold(test, holder);
		flush_work(&users[i]->unmap_work);
		space_adopt(rig.vm);
		SPACE_EXPECT_SANE(rig.vm, "the resv is free again");
		KUNIT_EXPECT_EQ(test, implicit_bound(&rig), i < 2 ? BIT(1) : BIT(0));
		gem_uma_vm_users_get(users[i]);
	}
}

struct implicit_probe {
	struct work_struct work;
	struct completion done;
};

static void implicit_probe_run(struct work_struct *work)
{
	complete(&container_of(work, struct implicit_probe, work)->done);
}

static void implicit_expect_runs(struct kunit *test, struct workqueue_struct *wq)
{
	struct implicit_probe probe;

	INIT_WORK_ONSTACK(&probe.work, implicit_probe_run);
	init_completion(&probe.done);
	queue_work(wq, &probe.work);
	KUNIT_EXPECT_NE(test, wait_for_completion_timeout(&probe.done, IMPLICIT_TIMEOUT), 0);
	cancel_work_sync(&probe.work);
	destroy_work_on_stack(&probe.work);
}

/* One work that waits is as good as a thousand, where others run one at a time. */
static void vm_implicit_unmapping_keeps_no_other_work_waiting_rev_R11(struct kunit *test)
{
	struct workqueue_struct *others[] = { gem_uma_vm_execute_wq, gem_uma_vm_put_wq };
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct gem_uma_mock_holder *holder;
	unsigned int i;

	implicit_use(&rig, 0, 1);
	holder = gem_uma_mock_hold(test, rig.vm->base.base.r_obj, 0);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		workqueue_set_max_active(others[i], 1);
	gem_uma_vm_users_put(&rig.bos[0]->users);
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		implicit_expect_runs(test, others[i]);
		workqueue_set_max_active(others[i], WQ_DFL_ACTIVE);
	}
	/* Or it has not waited. */
	KUNIT_EXPECT_TRUE(test, work_busy(&rig.bos[0]->users.unmap_work));
	gem_uma_mock_unhold(test, holder);
	flush_work(&rig.bos[0]->users.unmap_work);
	space_adopt(rig.vm);
	KUNIT_EXPECT_FALSE(test, space_is_bound(rig.vm, rig.bos[0]));
}

static void vm_implicit_busy_goes_when_it_becomes_idle(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct gem_uma_vm_implicit *again[1];

	implicit_get(&rig, 0, 2);
	/* A second job with one of them. */
	KUNIT_ASSERT_EQ(test, space_implicit_get(rig.vm, rig.bos, 1, again), 0);
	KUNIT_EXPECT_PTR_EQ(test, again[0], rig.ims[0]);
	implicit_drop_user(&rig, rig.bos[0]);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0) | BIT(1));
	implicit_put(&rig, 0, 2);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0) | BIT(1));
	space_implicit_put(rig.vm, again, 1);
	SPACE_EXPECT_SANE(rig.vm, "the last job has ended");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(1));
}

/* The address holds it, as references go; and the last user takes both along. */
static void vm_implicit_object_goes_with_its_last_user(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct space_bo *bo = rig.bos[0];
	struct task_struct *freed_by = NULL;

	bo->freed_by = &freed_by;
	implicit_use(&rig, 0, 1);
	space_bo_put(bo);
	KUNIT_EXPECT_NULL(test, freed_by);
	implicit_use(&rig, 0, 1);
	drm_gem_object_get(&bo->base);
	gem_uma_vm_users_put(&bo->users);
	space_adopt(rig.vm);
	KUNIT_EXPECT_NULL(test, freed_by);
	drm_gem_object_put(&bo->base);
	KUNIT_EXPECT_PTR_EQ(test, freed_by, current);
	SPACE_EXPECT_SANE(rig.vm, "the object is gone");
}

static void vm_implicit_trim_takes_what_is_idle(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);

	implicit_use(&rig, 0, 3);
	implicit_get(&rig, 1, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_vm_implicit_trim(&rig.vm->base), 2);
	space_adopt(rig.vm);
	SPACE_EXPECT_SANE(rig.vm, "trimmed");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(1));
	KUNIT_EXPECT_EQ(test, gem_uma_vm_implicit_trim(&rig.vm->base), 0);
	implicit_put(&rig, 1, 1);
	KUNIT_EXPECT_EQ(test, gem_uma_vm_implicit_nr_idle(&rig.vm->base), 1);
}

static void vm_implicit_least_recently_used_goes_first(struct kunit *test)
{
	/* Room for three. */
	struct implicit_rig rig = implicit_rig_of(test, 3 * 64, 64);
	unsigned int i;

	for (i = 0; i < 3; i++)
		implicit_use(&rig, i, 1);
	implicit_use(&rig, 0, 1);
	implicit_use(&rig, 3, 1);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0) | BIT(2) | BIT(3));
	/* The next would be 2, but it has a job. */
	implicit_get(&rig, 2, 1);
	implicit_use(&rig, 1, 1);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(1) | BIT(2) | BIT(3));
	implicit_put(&rig, 2, 1);
}

static void vm_implicit_too_much_at_once_is_ENOSPC(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, 3 * 64, 64);

	implicit_use(&rig, 1, 2);
	/* More than the space: nobody loses anything for it. */
	KUNIT_EXPECT_EQ(test, -ENOSPC, space_implicit_get(rig.vm, rig.bos, 4, rig.ims));
	SPACE_EXPECT_SANE(rig.vm, "too much");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(1) | BIT(2));
	implicit_use(&rig, 0, 3);
}

/* What is free is enough, and nowhere in one piece: all that is idle moves. */
static void vm_implicit_room_in_pieces_is_put_together(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, 4 * 64, 64);
	struct space_bo *large = space_bo_create(rig.room, 3 * 64, SPACE_ALIGNED);
	struct space_bo *job[2] = { rig.bos[1], large };
	struct gem_uma_vm_implicit *ims[2];

	implicit_use(&rig, 0, 4);
	/* Where 1 is now, and 2 and 3 were or are, there are never three in a row. */
	KUNIT_ASSERT_EQ(test, space_implicit_get(rig.vm, job, 2, ims), 0);
	SPACE_EXPECT_SANE(rig.vm, "put together");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(1));
	KUNIT_EXPECT_TRUE(test, space_is_bound(rig.vm, large));
	space_implicit_put(rig.vm, ims, 2);
	SPACE_EXPECT_SANE(rig.vm, "the job has ended");
	/* Nobody has a handle of it. */
	KUNIT_EXPECT_FALSE(test, space_is_bound(rig.vm, large));
}

static void vm_implicit_large_leaves_are_preferred(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct space_bo *large = space_bo_create(rig.room, SPACE_2M, SPACE_ALIGNED);
	struct gem_uma_vm_implicit *im;
	u64 addr;

	implicit_use(&rig, 0, 1);
	KUNIT_ASSERT_EQ(test, space_implicit_get(rig.vm, &large, 1, &im), 0);
	SPACE_EXPECT_SANE(rig.vm, "a large one");
	addr = gem_uma_vm_implicit_address(im);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(addr, SZ_2M));
	KUNIT_EXPECT_EQ(test, SZ_2M,
			rig.vm->ptes[(addr - rig.vm->start) >> SPACE_SHIFT].leaf);
	space_implicit_put(rig.vm, &im, 1);
}

/* Alignment costs nobody the address. */
static void vm_implicit_small_leaves_will_do(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, SPACE_2M + 4, 4);
	struct space_bo *large = space_bo_create(rig.room, SPACE_2M, SPACE_ALIGNED);
	struct gem_uma_vm_implicit *im;

	implicit_use(&rig, 0, 1);
	KUNIT_ASSERT_EQ(test, space_implicit_get(rig.vm, &large, 1, &im), 0);
	SPACE_EXPECT_SANE(rig.vm, "a large one");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0));
	space_implicit_put(rig.vm, &im, 1);
}

/* Those that it has got so far are idle, and have kept their place. */
static void vm_implicit_failure_halfway_loses_nothing(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);

	space_fail(rig.room, SPACE_ALLOC_TABLES, 3, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, -ENOMEM, space_implicit_get(rig.vm, rig.bos, 4, rig.ims));
	SPACE_EXPECT_SANE(rig.vm, "the third failed");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0) | BIT(1));
	KUNIT_EXPECT_EQ(test, gem_uma_vm_implicit_nr_idle(&rig.vm->base), 2);
	implicit_use(&rig, 0, 4);
	KUNIT_EXPECT_EQ(test, gem_uma_vm_implicit_nr_idle(&rig.vm->base), 4);
}

static void vm_implicit_private_object_is_EINVAL_sparse_F16(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct space_vm *other = space_vm_create(rig.room, &space_geometries[0], SPACE_2M);
	struct space_bo *bos[2] = { rig.bos[0], space_bo_private(other, 20, SPACE_ALIGNED) };
	struct gem_uma_vm_implicit *ims[2];

	KUNIT_EXPECT_EQ(test, space_implicit_get(rig.vm, bos, 2, ims), -EINVAL);
	SPACE_EXPECT_SANE(rig.vm, "refused");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0));
	KUNIT_EXPECT_FALSE(test, space_is_bound(rig.vm, bos[1]));
	KUNIT_EXPECT_NULL(test, space_check_bo(bos[1], 1));
}

/* Only what the job uses comes back. */
static void vm_implicit_jobs_restore_what_they_use(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	unsigned long maps;
	unsigned int i;

	implicit_use(&rig, 0, 4);
	for (i = 0; i < IMPLICIT_BOS; i++)
		KUNIT_ASSERT_EQ(test, space_evict(rig.bos[i]), 0);
	SPACE_EXPECT_SANE(rig.vm, "evicted");
	maps = rig.vm->maps;
	implicit_get(&rig, 1, 2);
	KUNIT_EXPECT_EQ(test, rig.vm->maps, maps);
	KUNIT_ASSERT_EQ(test, 0, space_implicit_validate(rig.vm, &rig.bos[1], 2, &rig.ims[1]));
	SPACE_EXPECT_SANE(rig.vm, "validated");
	for (i = 0; i < IMPLICIT_BOS; i++)
		KUNIT_EXPECT_EQ_MSG(test, space_is_mapped(rig.bos[i]), i == 1 || i == 2,
				    "object %u", i);
	/* Nothing is left to do. */
	maps = rig.vm->maps;
	KUNIT_ASSERT_EQ(test, 0, space_implicit_validate(rig.vm, &rig.bos[1], 2, &rig.ims[1]));
	KUNIT_EXPECT_EQ(test, rig.vm->maps, maps);
	implicit_put(&rig, 1, 2);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(4) - 1);
}

static void vm_implicit_restore_that_fails_can_be_repeated(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	unsigned int i;

	implicit_get(&rig, 0, 3);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, space_evict(rig.bos[i]), 0);
	space_fail(rig.room, SPACE_POPULATE, 2, 1, -ENOMEM);
	KUNIT_EXPECT_EQ(test, -ENOMEM, space_implicit_validate(rig.vm, rig.bos, 3, rig.ims));
	SPACE_EXPECT_SANE(rig.vm, "the second failed");
	KUNIT_EXPECT_TRUE(test, space_is_mapped(rig.bos[0]));
	KUNIT_EXPECT_FALSE(test, space_is_mapped(rig.bos[1]));
	KUNIT_EXPECT_EQ(test, 0, space_implicit_validate(rig.vm, rig.bos, 3, rig.ims));
	SPACE_EXPECT_SANE(rig.vm, "again");
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, space_is_mapped(rig.bos[i]));
	implicit_put(&rig, 0, 3);
}

static void vm_implicit_unwritable_page_tables_are_EIO(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);

	implicit_get(&rig, 0, 1);
	space_fail(rig.room, SPACE_MAP, 1, 1, -EFAULT);
	/* It is in the tree, and the space is not to be used any more. */
	KUNIT_ASSERT_EQ(test, space_implicit_get(rig.vm, &rig.bos[1], 1, &rig.ims[1]), 0);
	KUNIT_EXPECT_EQ(test, rig.room->failed, 1);
	KUNIT_EXPECT_EQ(test, -EIO, space_implicit_get(rig.vm, &rig.bos[2], 1, &rig.ims[2]));
	KUNIT_EXPECT_EQ(test, -EIO, space_implicit_validate(rig.vm, rig.bos, 1, rig.ims));
	space_implicit_put(rig.vm, rig.ims, 2);
}

static void vm_implicit_closed_while_idle(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	bool freed = false;
	unsigned int i;

	implicit_use(&rig, 0, 3);
	rig.vm->freed = &freed;
	space_vm_close(rig.vm);
	KUNIT_EXPECT_TRUE(test, freed);
	for (i = 0; i < IMPLICIT_BOS; i++)
		KUNIT_EXPECT_NULL(test, space_check_bo(rig.bos[i], 1));
}

/* What has jobs stays mapped for them, and nothing new comes. */
static void vm_implicit_closed_while_busy(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct gem_uma_vm_implicit *im;
	bool freed = false;

	implicit_use(&rig, 0, 3);
	implicit_get(&rig, 1, 2);
	rig.vm->freed = &freed;
	gem_uma_vm_get(&rig.vm->base);
	space_vm_close(rig.vm);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(1) | BIT(2));
	KUNIT_EXPECT_TRUE(test, space_is_mapped(rig.bos[1]));
	KUNIT_EXPECT_EQ(test, space_implicit_get(rig.vm, rig.bos, 1, &im), -ENOENT);
	KUNIT_EXPECT_EQ(test, -ENOENT, space_implicit_get(rig.vm, &rig.bos[1], 1, &im));
	gem_uma_vm_implicit_put(rig.ims[1]);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(2));
	gem_uma_vm_implicit_put(rig.ims[2]);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), 0);
	KUNIT_EXPECT_FALSE(test, freed);
	gem_uma_vm_put(&rig.vm->base);
	KUNIT_EXPECT_TRUE(test, freed);
}

static void vm_implicit_refuses_binds(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);

	implicit_use(&rig, 0, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL, space_bind_one(rig.vm, space_map(rig.vm, 100, 20,
									rig.bos[1], 0, 0)));
	KUNIT_EXPECT_EQ(test, -EINVAL, space_bind_one(rig.vm, space_unmap(rig.vm, 0,
									  IMPLICIT_PAGES)));
	SPACE_EXPECT_SANE(rig.vm, "refused");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0));
}

static void vm_implicit_path_is_chosen_once_sparse_H10(struct kunit *test)
{
	static const enum gem_uma_vm_path paths[] = {
		GEM_UMA_VM_PATH_BIND, GEM_UMA_VM_PATH_IMPLICIT,
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		atomic_t path = ATOMIC_INIT(GEM_UMA_VM_PATH_NONE);

		KUNIT_EXPECT_EQ(test, gem_uma_vm_latch(&path, paths[i]), 0);
		KUNIT_EXPECT_EQ(test, gem_uma_vm_latch(&path, paths[!i]), -EBUSY);
		KUNIT_EXPECT_EQ(test, gem_uma_vm_latch(&path, paths[i]), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&path), paths[i]);
	}
}

/* A caller that has to wait. */
struct implicit_waiter {
	struct implicit_rig *rig;
	struct gem_uma_vm_implicit *im;
	struct completion done;
	int ret;
};

static int implicit_waiter_run(void *arg)
{
	struct implicit_waiter *waiter = arg;
	struct gem_uma_vm_users *users = &waiter->rig->bos[3]->users;

	allow_signal(SIGINT);
	waiter->ret = gem_uma_vm_implicit_get(&waiter->rig->vm->base, &users, 1, &waiter->im);
	complete(&waiter->done);
	/* Until it is stopped: whoever signals it must not meet another task. */
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Started, and waiting for room. */
static struct task_struct *implicit_waiter_start(struct kunit *test, struct implicit_waiter *waiter)
{
	struct task_struct *task;
	unsigned int i;

	init_completion(&waiter->done);
	task = kthread_run(implicit_waiter_run, waiter, "gem-uma-waiter");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (i = 0; i < 1000 && READ_ONCE(task->__state) != TASK_INTERRUPTIBLE; i++)
		usleep_range(1000, 5000);
	KUNIT_EXPECT_FALSE(test, completion_done(&waiter->done));
	return task;
}

/* Returns when it has waited, by a signal if nothing else ended that. */
static void implicit_waiter_end(struct kunit *test, struct implicit_waiter *waiter,
				struct task_struct *task)
{
	bool ended = wait_for_completion_timeout(&waiter->done, IMPLICIT_TIMEOUT);

	KUNIT_EXPECT_TRUE(test, ended);
	if (!ended) {
		send_sig(SIGINT, task, 1);
		wait_for_completion(&waiter->done);
	}
	kthread_stop(task);
}

static void vm_implicit_busy_addresses_are_waited_for(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, 3 * 64, 64);
	struct implicit_waiter waiter = { .rig = &rig };
	struct task_struct *task;

	implicit_get(&rig, 0, 3);
	task = implicit_waiter_start(test, &waiter);
	gem_uma_vm_implicit_put(rig.ims[1]);
	implicit_waiter_end(test, &waiter, task);
	KUNIT_ASSERT_EQ(test, waiter.ret, 0);
	space_adopt(rig.vm);
	SPACE_EXPECT_SANE(rig.vm, "after it waited");
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0) | BIT(2) | BIT(3));
	rig.ims[1] = waiter.im;
	implicit_put(&rig, 0, 3);
}

static void vm_implicit_waiting_can_be_interrupted(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, 3 * 64, 64);
	struct implicit_waiter waiter = { .rig = &rig };
	struct task_struct *task;

	implicit_get(&rig, 0, 3);
	task = implicit_waiter_start(test, &waiter);
	send_sig(SIGINT, task, 1);
	implicit_waiter_end(test, &waiter, task);
	KUNIT_EXPECT_EQ(test, waiter.ret, -ERESTARTSYS);
	KUNIT_EXPECT_EQ(test, implicit_bound(&rig), BIT(0) | BIT(1) | BIT(2));
	implicit_put(&rig, 0, 3);
	implicit_use(&rig, 3, 1);
}

static void vm_implicit_closing_ends_the_waiting(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, 3 * 64, 64);
	struct implicit_waiter waiter = { .rig = &rig };
	struct task_struct *task;

	implicit_get(&rig, 0, 3);
	gem_uma_vm_get(&rig.vm->base);
	task = implicit_waiter_start(test, &waiter);
	space_vm_close(rig.vm);
	implicit_waiter_end(test, &waiter, task);
	KUNIT_EXPECT_EQ(test, waiter.ret, -ENOENT);
	space_implicit_put(rig.vm, rig.ims, 3);
	gem_uma_vm_put(&rig.vm->base);
}

/* What a random sequence has done, of one object. */
struct implicit_track {
	unsigned int users;
	unsigned int jobs;
	bool bound;
};

static void implicit_random_step(struct implicit_rig *rig, struct implicit_track *tracks)
{
	unsigned int i = space_random(rig->room, IMPLICIT_BOS);
	struct implicit_track *t = &tracks[i];

	switch (space_random(rig->room, 6)) {
	case 0:
	case 1:
		implicit_get(rig, i, 1);
		t->jobs++;
		t->bound = true;
		break;
	case 2:
		if (!t->jobs)
			break;
		implicit_put(rig, i, 1);
		t->jobs--;
		t->bound = t->jobs || t->users;
		break;
	case 3:
		if (t->users) {
			t->users--;
			implicit_drop_user(rig, rig->bos[i]);
			t->bound &= t->jobs || t->users;
		} else {
			t->users++;
			gem_uma_vm_users_get(&rig->bos[i]->users);
		}
		break;
	case 4:
		KUNIT_ASSERT_EQ(rig->room->test, space_evict(rig->bos[i]), 0);
		break;
	default:
		if (t->jobs) {
			KUNIT_ASSERT_EQ(rig->room->test, 0,
					space_implicit_validate(rig->vm, &rig->bos[i], 1,
								&rig->ims[i]));
			KUNIT_EXPECT_TRUE(rig->room->test, space_is_mapped(rig->bos[i]));
		} else if (!space_random(rig->room, 8)) {
			gem_uma_vm_implicit_trim(&rig->vm->base);
			for (i = 0; i < IMPLICIT_BOS; i++)
				tracks[i].bound &= !!tracks[i].jobs;
			space_adopt(rig->vm);
		}
	}
}

/* Enough room for all: then it is known who has an address. */
static void vm_implicit_random_jobs_and_users(struct kunit *test)
{
	struct implicit_rig rig = implicit_rig_of(test, IMPLICIT_PAGES, 20);
	struct implicit_track tracks[IMPLICIT_BOS] = {};
	unsigned int step, i, bound;

	kunit_info(test, "seed %llu", rig.room->seed);
	for (i = 0; i < IMPLICIT_BOS; i++)
		tracks[i].users = 1;
	for (step = 0; step < 1500; step++) {
		implicit_random_step(&rig, tracks);
		SPACE_EXPECT_SANE(rig.vm, "step %u", step);
		for (i = 0, bound = 0; i < IMPLICIT_BOS; i++)
			bound |= tracks[i].bound << i;
		KUNIT_ASSERT_EQ_MSG(test, implicit_bound(&rig), bound, "step %u", step);
	}
	for (i = 0; i < IMPLICIT_BOS; i++)
		while (tracks[i].jobs--)
			implicit_put(&rig, i, 1);
}

static struct kunit_case gem_uma_vm_implicit_cases[] = {
	KUNIT_CASE(vm_implicit_flips_are_maps_once),
	KUNIT_CASE(vm_implicit_any_user_keeps_the_address),
	KUNIT_CASE(vm_implicit_last_user_unmaps_from_all_vms_sparse_H5),
	KUNIT_CASE(vm_implicit_last_user_waits_for_no_resv_rev_V5),
	KUNIT_CASE(vm_implicit_unmapping_keeps_no_other_work_waiting_rev_R11),
	KUNIT_CASE(vm_implicit_busy_goes_when_it_becomes_idle),
	KUNIT_CASE(vm_implicit_object_goes_with_its_last_user),
	KUNIT_CASE(vm_implicit_trim_takes_what_is_idle),
	KUNIT_CASE(vm_implicit_least_recently_used_goes_first),
	KUNIT_CASE(vm_implicit_too_much_at_once_is_ENOSPC),
	KUNIT_CASE(vm_implicit_room_in_pieces_is_put_together),
	KUNIT_CASE(vm_implicit_large_leaves_are_preferred),
	KUNIT_CASE(vm_implicit_small_leaves_will_do),
	KUNIT_CASE(vm_implicit_failure_halfway_loses_nothing),
	KUNIT_CASE(vm_implicit_private_object_is_EINVAL_sparse_F16),
	KUNIT_CASE(vm_implicit_jobs_restore_what_they_use),
	KUNIT_CASE(vm_implicit_restore_that_fails_can_be_repeated),
	KUNIT_CASE(vm_implicit_unwritable_page_tables_are_EIO),
	KUNIT_CASE(vm_implicit_closed_while_idle),
	KUNIT_CASE(vm_implicit_closed_while_busy),
	KUNIT_CASE(vm_implicit_refuses_binds),
	KUNIT_CASE(vm_implicit_path_is_chosen_once_sparse_H10),
	KUNIT_CASE(vm_implicit_busy_addresses_are_waited_for),
	KUNIT_CASE(vm_implicit_waiting_can_be_interrupted),
	KUNIT_CASE(vm_implicit_closing_ends_the_waiting),
	KUNIT_CASE(vm_implicit_random_jobs_and_users),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_vm_implicit);
