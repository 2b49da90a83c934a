// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: what a bind does to the tree and to page tables, and what eviction and
 * validation do to what is bound. A driver without hardware checks every write.
 */
#include "gem_uma_space.h"

/* The old mapping of the case table: two leaves of 2M, in a space of four. */
#define CASE_PAGES	(4 * SPACE_2M)
#define CASE_OLD	SPACE_2M
#define CASE_NR		(2 * SPACE_2M)

enum case_old {
	CASE_MEMORY,
	CASE_READONLY,
	CASE_EVICTED,
	CASE_IMPORTED,
	CASE_PRIVATE,
	CASE_NULL,
	CASE_DUMMY,
};

/* How a request meets it. */
static const struct case_range {
	const char *name;
	unsigned long first, end;
} case_ranges[] = {
	{ "same range", 512, 1536 },
	{ "begins with it", 512, 700 },
	{ "ends with it", 1300, 1536 },
	{ "lies within it", 700, 1300 },
	{ "lies within one leaf", 600, 613 },
	{ "is one leaf of 64K", 592, 608 },
	{ "is one leaf of 2M", 1024, 1536 },
	{ "overlaps its begin", 300, 700 },
	{ "overlaps its end", 1300, 1800 },
	{ "covers it", 300, 1800 },
	{ "ends before it", 100, 512 },
	{ "begins after it", 1536, 1537 },
};

enum case_request {
	CASE_UNMAP,
	CASE_MAP,
	CASE_MAP_READONLY,
	CASE_MAP_SAME,
	CASE_SPARSE_NULL,
	CASE_SPARSE_DUMMY,
	CASE_REQUESTS,
};

struct case_rig {
	struct space_vm *vm;
	struct space_bo *bo;
	struct space_bo *other;
	enum case_old old;
};

static struct gem_uma_vm_op case_old_op(struct case_rig *rig)
{
	switch (rig->old) {
	case CASE_NULL:
		return space_sparse(rig->vm, CASE_OLD, CASE_NR, 0);
	case CASE_DUMMY:
		return space_sparse(rig->vm, CASE_OLD, CASE_NR, GEM_UMA_VM_DUMMY);
	default:
		return space_map(rig->vm, CASE_OLD, CASE_NR, rig->bo, 0,
				 rig->old == CASE_READONLY ? GEM_UMA_VM_READONLY :
							     GEM_UMA_VM_PROT_DRIVER);
	}
}

static struct gem_uma_vm_op case_request_op(struct case_rig *rig, enum case_request request,
					    const struct case_range *range)
{
	unsigned long nr = range->end - range->first;

	switch (request) {
	case CASE_MAP:
		return space_map(rig->vm, range->first, nr, rig->other, range->first, 0);
	case CASE_MAP_READONLY:
		return space_map(rig->vm, range->first, nr, rig->other, range->first,
				 GEM_UMA_VM_READONLY);
	case CASE_MAP_SAME:
		/* Where it would be anyway, if it is the old one at all. */
		return space_map(rig->vm, range->first, nr, rig->bo,
				 range->first < CASE_OLD ? 0 : range->first - CASE_OLD, 0);
	case CASE_SPARSE_NULL:
		return space_sparse(rig->vm, range->first, nr, 0);
	case CASE_SPARSE_DUMMY:
		return space_sparse(rig->vm, range->first, nr, GEM_UMA_VM_DUMMY);
	default:
		return space_unmap(rig->vm, range->first, nr);
	}
}

/* One line of the table; all that was in the space is gone afterwards. */
static void case_run(struct case_rig *rig, enum case_request request,
		     const struct case_range *range)
{
	struct space_vm *vm = rig->vm;
	struct kunit *test = vm->room->test;
	unsigned long writes;
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_populate(rig->bo), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, case_old_op(rig)), 0);
	if (rig->old == CASE_EVICTED)
		KUNIT_ASSERT_EQ(test, space_evict(rig->bo), 0);
	SPACE_EXPECT_SANE(vm, "before a request that %s", range->name);

	writes = vm->maps + vm->unmaps;
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, case_request_op(rig, request, range)), 0);
	SPACE_EXPECT_SANE(vm, "request %u that %s", request, range->name);
	if (rig->old == CASE_EVICTED && request == CASE_UNMAP)
		KUNIT_EXPECT_EQ_MSG(test, vm->maps + vm->unmaps, writes, "%s", range->name);

	KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
	KUNIT_EXPECT_NULL(test, fence);
	SPACE_EXPECT_SANE(vm, "validated after request %u that %s", request, range->name);
	if (rig->old == CASE_MEMORY || rig->old == CASE_PRIVATE) {
		KUNIT_ASSERT_EQ(test, space_evict(rig->bo), 0);
		SPACE_EXPECT_SANE(vm, "evicted after request %u that %s", request, range->name);
	}
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, vm->pages)), 0);
	SPACE_EXPECT_SANE(vm, "unmapped after request %u that %s", request, range->name);
	KUNIT_EXPECT_EQ(test, vm->tables, 0);
}

static void case_table(struct kunit *test, enum case_old old)
{
	struct space_room *room = space_room_create(test);
	struct case_rig rig = { .old = old };
	unsigned int request, i;

	rig.vm = space_vm_create(room, test->param_value, CASE_PAGES);
	if (old == CASE_PRIVATE)
		rig.bo = space_bo_private(rig.vm, CASE_PAGES, SPACE_ALIGNED);
	else if (old == CASE_IMPORTED)
		rig.bo = space_bo_import(room, CASE_PAGES, SPACE_ALIGNED);
	else
		rig.bo = space_bo_create(room, CASE_PAGES, SPACE_ALIGNED);
	rig.other = space_bo_create(room, CASE_PAGES, SPACE_ALIGNED);
	for (request = 0; request < CASE_REQUESTS; request++)
		for (i = 0; i < ARRAY_SIZE(case_ranges); i++)
			case_run(&rig, request, &case_ranges[i]);
	KUNIT_EXPECT_NULL(test, space_check_bo(rig.bo, 1));
	KUNIT_EXPECT_NULL(test, space_check_bo(rig.other, 1));
}

#define CASES(_name, _old)						\
	static void vm_cases_of_##_name(struct kunit *test)		\
	{								\
		case_table(test, _old);					\
	}
CASES(memory, CASE_MEMORY)
CASES(readonly_memory, CASE_READONLY)
CASES(evicted_memory_panthor_56_58, CASE_EVICTED)
CASES(imports_panthor_57, CASE_IMPORTED)
CASES(private_memory, CASE_PRIVATE)
CASES(null_ranges, CASE_NULL)
CASES(dummy_ranges, CASE_DUMMY)

/* Tables for leaves that are cut, whatever the request is. */
static unsigned long vm_tables_for_cuts(const struct gem_uma_vm_geometry *g)
{
	unsigned int level = 0, cuts = 0;

	while (++level < g->levels)
		cuts += BIT_ULL(g->shift[level]) <= rounddown_pow_of_two(g->leaves);
	return 2 * cuts;
}

/* The largest leaves, and not a table more than a walk to each of them goes through. */
static void vm_leaves_follow_va_offset_and_run(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo[SPACE_LAYOUTS];
	const char *bad;
	unsigned int i;

	for (i = 0; i < SPACE_LAYOUTS; i++)
		bo[i] = space_bo_create(room, CASE_PAGES, i);
	for (i = 0; i < 150; i++) {
		struct space_bo *b = bo[space_random(room, SPACE_LAYOUTS)];
		unsigned long nr = 1 + space_random(room, CASE_PAGES);
		unsigned long page = space_random(room, CASE_PAGES - nr + 1);
		unsigned long pgoff = space_random(room, CASE_PAGES - nr + 1);

		/* As user space does that wants large leaves. */
		if (space_random(room, 2) && page + nr <= CASE_PAGES)
			pgoff = page;
		if (space_random(room, 2)) {
			page = ALIGN_DOWN(page, 16);
			pgoff = ALIGN_DOWN(pgoff, 16);
		}
		vm->allocated = 0;
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, page, nr, b, pgoff, 0)), 0);
		KUNIT_ASSERT_EQ_MSG(test, vm->allocated,
				    space_brute_tables(vm, b, page, nr, pgoff) +
				    vm_tables_for_cuts(vm->base.geometry),
				    "seed %llu, request %u", room->seed, i);
		bad = space_brute_leaves(vm, b, page, nr, pgoff);
		KUNIT_ASSERT_NULL_MSG(test, bad, "seed %llu, request %u: %s", room->seed, i, bad);
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, page, nr)), 0);
		KUNIT_ASSERT_EQ(test, vm->tables, 0);
	}
	SPACE_EXPECT_SANE(vm, "seed %llu", room->seed);
}

/* Both ends of a request cut a leaf, and what is left of each needs a table. */
static void vm_cuts_at_both_ends_take_all_tables(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, CASE_PAGES, SPACE_ALIGNED);
	unsigned long needed;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, CASE_PAGES, bo, 0, 0)), 0);
	needed = vm_tables_for_cuts(vm->base.geometry);
	vm->allocated = 0;
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 100, 1300)), 0);
	KUNIT_EXPECT_EQ(test, vm->allocated, needed);
	KUNIT_EXPECT_EQ(test, vm->least_left, 0);
	SPACE_EXPECT_SANE(vm, "cut");
}

/* A dummy smaller than the largest leaf is never behind one: there is nothing to cut. */
static void vm_small_dummy_is_no_large_leaf(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, &space_geometry_32m, SZ_128M >> SPACE_SHIFT);
	unsigned long leaf = SZ_32M >> SPACE_SHIFT, maps;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_sparse(vm, leaf, leaf, GEM_UMA_VM_DUMMY)),
			0);
	KUNIT_ASSERT_EQ(test, vm->base.dummy_order, 0);
	SPACE_EXPECT_SANE(vm, "mapped");
	maps = vm->maps;
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, leaf + 5000, 1)), 0);
	KUNIT_EXPECT_EQ(test, vm->maps, maps);
	SPACE_EXPECT_SANE(vm, "cut");
}

static void vm_private_object_belongs_to_one_space_sparse_F16(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_vm *other = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_private(vm, 700, SPACE_ALIGNED);

	KUNIT_EXPECT_TRUE(test, gem_uma_vm_is_private(&vm->base, &bo->base));
	KUNIT_EXPECT_FALSE(test, gem_uma_vm_is_private(&other->base, &bo->base));
	KUNIT_EXPECT_EQ(test, space_bind_one(other, space_map(other, 0, 700, bo, 0, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_map(vm, 0, 700, bo, 0, 0)), 0);
	SPACE_EXPECT_SANE(vm, "mapped");
	SPACE_EXPECT_SANE(other, "refused");
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
	KUNIT_EXPECT_TRUE(test, list_empty(&vm->base.base.extobj.list));
}

/* The resv of private objects outlives the space that it comes from. */
static void vm_private_object_outlives_its_space_panthor_84_sparse_H6(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_private(vm, 700, SPACE_ALIGNED);
	bool freed = false;

	vm->freed = &freed;
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 700, bo, 0, 0)), 0);
	space_vm_close(vm);
	KUNIT_EXPECT_TRUE(test, freed);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
	KUNIT_EXPECT_EQ(test, space_evict(bo), 0);
}

static void vm_object_in_several_spaces_panthor_16(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_bo *bo = space_bo_create(room, 700, SPACE_SCATTERED);
	struct space_vm *vms[4];
	struct dma_fence *fence;
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		vms[i] = space_vm_create(room, test->param_value, CASE_PAGES);
		KUNIT_ASSERT_EQ(test, space_bind_one(vms[i], space_map(vms[i], 16 * i, 700, bo, 0,
								       0)), 0);
	}
	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
		KUNIT_EXPECT_FALSE(test, space_is_mapped(bo));
		KUNIT_ASSERT_EQ(test, space_validate(vms[i], &fence), 0);
		/* Restored in one, evicted in the others. */
		KUNIT_EXPECT_TRUE(test, space_is_mapped(bo));
		for (k = 0; k < ARRAY_SIZE(vms); k++)
			SPACE_EXPECT_SANE(vms[k], "space %u of %u", k, i);
	}
	for (i = 0; i < ARRAY_SIZE(vms); i++) {
		KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
		space_vm_close(vms[i]);
	}
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

/* What jobs can write has to be known as written; and nothing else. */
static void vm_writable_means_written(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, 100, SPACE_SCATTERED);
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 100, bo, 0,
							   GEM_UMA_VM_READONLY)), 0);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(bo->written, 100));
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 500, 10, bo, 20, 0)), 0);
	KUNIT_EXPECT_EQ(test, bitmap_weight(bo->written, 100), 10);
	KUNIT_EXPECT_EQ(test, find_first_bit(bo->written, 100), 20);
	/* Cut out of the read-only mapping, and restored: still read-only. */
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 30, 5)), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 500, 10)), 0);
	KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
	bitmap_zero(bo->written, 100);
	KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
	KUNIT_EXPECT_TRUE(test, bitmap_empty(bo->written, 100));
	SPACE_EXPECT_SANE(vm, "restored");
}

static void vm_cpu_refault_is_no_mapping_panthor_13_14(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	unsigned long writes;
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
	/* The pages are back, the entries are not; evicting again finds nothing to clear. */
	KUNIT_ASSERT_EQ(test, space_populate(bo), 0);
	KUNIT_EXPECT_FALSE(test, space_is_mapped(bo));
	SPACE_EXPECT_SANE(vm, "pages without entries");
	writes = vm->unmaps;
	KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
	KUNIT_EXPECT_EQ(test, vm->unmaps, writes);

	/* A new mapping of an evicted object waits for validation ... */
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 700, 100, bo, 50, 0)), 0);
	SPACE_EXPECT_SANE(vm, "bound without pages");
	/* ... unless the pages are there; then it goes with them. */
	KUNIT_ASSERT_EQ(test, space_populate(bo), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 900, 100, bo, 50, 0)), 0);
	KUNIT_EXPECT_TRUE(test, space_is_mapped(bo));
	SPACE_EXPECT_SANE(vm, "one of three is live");
	KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
	SPACE_EXPECT_SANE(vm, "none of three is live");
	KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
	SPACE_EXPECT_SANE(vm, "all three are");
}

/* Only what is bound, each range once, and not again what is there. */
static void vm_validate_restores_what_is_bound_panthor_18_19_63(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_SCATTERED);
	struct space_bo *other = space_bo_create(room, 600, SPACE_SCATTERED);
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 100, bo, 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 200, 50, bo, 300, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 600, 600, other, 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
	KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
	KUNIT_EXPECT_EQ(test, bo->populates, 2);
	KUNIT_EXPECT_EQ(test, other->populates, 0);
	KUNIT_EXPECT_EQ(test, bitmap_weight(bo->resident, 600), 150);
	SPACE_EXPECT_SANE(vm, "restored");
	KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
	KUNIT_EXPECT_EQ(test, bo->populates, 2);
	KUNIT_EXPECT_TRUE(test, list_empty(&vm->base.base.evict.list));
}

static void vm_failed_validate_is_repeatable_panthor_88(struct kunit *test)
{
	static const int errors[] = { -ENOMEM, -EINTR, -EIO };
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bos[5];
	struct dma_fence *fence;
	unsigned int i, k, done;

	for (i = 0; i < ARRAY_SIZE(bos); i++) {
		bos[i] = i ? space_bo_create(room, 100, SPACE_SCATTERED) :
			     space_bo_private(vm, 100, SPACE_SCATTERED);
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 200 * i, 100, bos[i], 0, 0)),
				0);
	}
	for (k = 1; k <= ARRAY_SIZE(bos); k++) {
		for (i = 0; i < ARRAY_SIZE(bos); i++) {
			KUNIT_ASSERT_EQ(test, space_evict(bos[i]), 0);
			bos[i]->populates = 0;
		}
		space_fail(room, SPACE_POPULATE, k, 1, errors[k % ARRAY_SIZE(errors)]);
		KUNIT_EXPECT_EQ(test, space_validate(vm, &fence), errors[k % ARRAY_SIZE(errors)]);
		SPACE_EXPECT_SANE(vm, "%u restored", k - 1);
		for (i = 0, done = 0; i < ARRAY_SIZE(bos); i++)
			done += space_is_mapped(bos[i]);
		KUNIT_EXPECT_EQ(test, done, k - 1);
		KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
		SPACE_EXPECT_SANE(vm, "repeated");
		for (i = 0, done = 0; i < ARRAY_SIZE(bos); i++)
			done += bos[i]->populates;
		/* What was done was not done again. */
		KUNIT_EXPECT_EQ(test, done, ARRAY_SIZE(bos) + 1);
	}
}

static void vm_eviction_tries_the_lock_only(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_vm *other = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
	KUNIT_ASSERT_EQ(test, space_bind_one(other, space_map(other, 0, 600, bo, 0, 0)), 0);
	dma_resv_lock(bo->base.resv, NULL);
	mutex_lock(&other->base.op_lock);
	KUNIT_EXPECT_EQ(test, gem_uma_vm_bo_evict_locked(&bo->base), -EBUSY);
	mutex_unlock(&other->base.op_lock);
	dma_resv_unlock(bo->base.resv);
	/* One space may have been done. */
	space_forget(vm);
	KUNIT_EXPECT_TRUE(test, space_is_mapped(bo));
	SPACE_EXPECT_SANE(vm, "refused");
	SPACE_EXPECT_SANE(other, "refused");
	KUNIT_EXPECT_EQ(test, space_evict(bo), 0);
	SPACE_EXPECT_SANE(vm, "evicted");
	SPACE_EXPECT_SANE(other, "evicted");
}

/* The device may still reach them. */
static void vm_failed_eviction_keeps_the_pages_panthor_48_49(struct kunit *test)
{
	static const enum space_callback fails[] = { SPACE_UNMAP, SPACE_FLUSH };
	struct space_room *room = space_room_create(test);
	struct space_bo *bo = space_bo_create(room, 600, SPACE_ALIGNED);
	struct dma_fence *fence;
	struct space_vm *vm;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fails); i++) {
		vm = space_vm_create(room, test->param_value, CASE_PAGES);
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
		space_fail(room, fails[i], 1, 1, -EIO);
		KUNIT_EXPECT_EQ(test, space_evict(bo), -EIO);
		KUNIT_EXPECT_TRUE(test, space_is_mapped(bo));
		KUNIT_EXPECT_EQ(test, bitmap_weight(bo->resident, 600), 600);
		KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, 600)), -ENOENT);
		KUNIT_EXPECT_EQ(test, space_validate(vm, &fence), -EIO);
		/* The device answers again. */
		KUNIT_EXPECT_EQ(test, space_evict(bo), 0);
		space_vm_close(vm);
		KUNIT_ASSERT_EQ(test, space_populate(bo), 0);
	}
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

static void vm_bad_operations_are_EINVAL_and_change_nothing_sparse_S7(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, 100, SPACE_ALIGNED);
	struct gem_uma_vm_op good = space_map(vm, 0, 100, bo, 0, 0), ops[2];
	unsigned int i;

#define BAD(member, value) ({ struct gem_uma_vm_op _op = good; _op.member = (value); _op; })
	const struct gem_uma_vm_op bad[] = {
		BAD(range, 0), BAD(range, 1), BAD(range, 101 * SPACE_PAGE), BAD(range, ~0ULL),
		BAD(range, -SPACE_PAGE), BAD(va, vm->start + 1), BAD(va, 0),
		BAD(va, vm->start - SPACE_PAGE), BAD(va, -SPACE_PAGE),
		BAD(va, vm->start + (CASE_PAGES - 99) * SPACE_PAGE), BAD(offset, 1),
		BAD(offset, SPACE_PAGE), BAD(offset, -SPACE_PAGE), BAD(obj, NULL),
		BAD(prot, GEM_UMA_VM_DUMMY), BAD(type, GEM_UMA_VM_UNMAP),
		BAD(type, GEM_UMA_VM_SPARSE), BAD(type, GEM_UMA_VM_SPARSE + 1),
	};
#undef BAD

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ops[0] = good;
		ops[1] = bad[i];
		KUNIT_EXPECT_EQ_MSG(test, space_bind(vm, ops, 2), -EINVAL, "bad operation %u", i);
		SPACE_EXPECT_SANE(vm, "bad operation %u", i);
	}
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, good), 0);
}

/* An array that meets itself, and fails at each of its operations first. */
static void vm_array_is_done_as_a_whole_panthor_66(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, CASE_PAGES, SPACE_ALIGNED);
	struct space_bo *other = space_bo_create(room, CASE_PAGES, SPACE_ODD);
	const struct gem_uma_vm_op ops[] = {
		space_map(vm, 0, 2000, bo, 0, 0),
		space_unmap(vm, 700, 300),
		space_sparse(vm, 900, 200, 0),
		space_map(vm, 600, 700, other, 10, GEM_UMA_VM_READONLY),
		space_map(vm, 601, 3, bo, 601, 0),
		space_sparse(vm, 1024, 513, GEM_UMA_VM_DUMMY),
		space_unmap(vm, 1000, 2),
	};
	unsigned int i;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 300, 900, other, 0, 0)), 0);
	for (i = 1; i <= ARRAY_SIZE(ops); i++) {
		space_fail(room, SPACE_ALLOC_TABLES, i, 1, -ENOMEM);
		KUNIT_EXPECT_EQ(test, space_bind(vm, ops, ARRAY_SIZE(ops)), -ENOMEM);
		SPACE_EXPECT_SANE(vm, "failed at %u", i);
		KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
		KUNIT_EXPECT_NULL(test, space_check_bo(other, 1));
	}
	KUNIT_EXPECT_EQ(test, space_bind(vm, ops, ARRAY_SIZE(ops)), 0);
	SPACE_EXPECT_SANE(vm, "done");
}

static void vm_unmap_never_fails_for_memory(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, CASE_PAGES, SPACE_ALIGNED);
	const struct gem_uma_vm_op ops[] = {
		space_unmap(vm, 100, 1), space_unmap(vm, 600, 1000),
	};
	struct dma_fence *fence;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, CASE_PAGES, bo, 0, 0)),
				0);
		space_fail(room, SPACE_ALLOC_TABLES, 2, 20, -ENOMEM);
		fence = NULL;
		KUNIT_EXPECT_EQ(test, i ? space_bind_async(vm, ops, 2, NULL, &fence) :
					  space_bind(vm, ops, 2), 0);
		KUNIT_EXPECT_EQ(test, room->failed, 20);
		if (fence)
			KUNIT_EXPECT_EQ(test, dma_fence_wait(fence, false), 0);
		dma_fence_put(fence);
		SPACE_EXPECT_SANE(vm, "unmapped at last");
	}
}

static void vm_bind_without_device_is_ENODEV(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, CASE_PAGES, SPACE_ALIGNED);
	struct gem_uma_vm_op op = space_map(vm, 300, 100, bo, 0, 0);
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 700, bo, 0, 0)), 0);
	/* As drm_dev_unplug() leaves it. */
	room->mock->drm.unplugged = true;
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, op), -ENODEV);
	KUNIT_EXPECT_EQ(test, space_bind_async(vm, &op, 1, NULL, &fence), -ENODEV);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, 700)), -ENODEV);
	SPACE_EXPECT_SANE(vm, "refused");
	/* What was there is given back all the same. */
	space_vm_close(vm);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
}

static void vm_close_unmaps_what_is_left_sparse_H5(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, CASE_PAGES, SPACE_ALIGNED);
	struct space_bo *private = space_bo_private(vm, 100, SPACE_ODD);
	struct space_bo *evicted = space_bo_create(room, 100, SPACE_ODD);
	struct gem_uma_vm_op late = space_map(vm, 0, 10, bo, 0, 0);
	const struct gem_uma_vm_op ops[] = {
		space_map(vm, 0, 1000, bo, 0, 0),
		space_map(vm, 1500, 500, bo, 700, 0),
		space_sparse(vm, 1100, 10, 0),
		space_sparse(vm, 1200, 10, GEM_UMA_VM_DUMMY),
		space_map(vm, 1300, 100, private, 0, 0),
		space_map(vm, 1400, 100, evicted, 0, 0),
	};
	struct gem_uma_vm_bind *bind;
	struct dma_fence *fence;
	bool freed = false;

	vm->freed = &freed;
	KUNIT_ASSERT_EQ(test, space_bind(vm, ops, ARRAY_SIZE(ops)), 0);
	KUNIT_ASSERT_EQ(test, space_evict(evicted), 0);
	SPACE_EXPECT_SANE(vm, "open");
	bind = gem_uma_vm_bind_create(&vm->base, &late, 1);
	KUNIT_ASSERT_FALSE(test, IS_ERR(bind));

	gem_uma_vm_get(&vm->base);
	space_vm_close(vm);
	KUNIT_EXPECT_FALSE(test, freed);
	KUNIT_EXPECT_EQ(test, vm->tables, 0);
	KUNIT_EXPECT_EQ(test, gem_uma_vm_bind_commit(bind, NULL), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, late), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_bind_async(vm, &late, 1, NULL, &fence), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, 1)), -ENOENT);
	KUNIT_EXPECT_EQ(test, space_validate(vm, &fence), -ENOENT);
	KUNIT_EXPECT_FALSE(test, freed);
	gem_uma_vm_put(&vm->base);
	KUNIT_EXPECT_TRUE(test, freed);
	KUNIT_EXPECT_NULL(test, space_check_bo(bo, 1));
	KUNIT_EXPECT_NULL(test, space_check_bo(private, 1));
	KUNIT_EXPECT_NULL(test, space_check_bo(evicted, 1));
}

/* A job that runs keeps its mappings, whoever closes the space. */
static void vm_close_waits_for_users(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	struct space_bo *bo = space_bo_create(room, 100, SPACE_ALIGNED);
	struct gem_uma_vm *base = gem_uma_vm_get(&vm->base);
	bool freed = false;

	vm->freed = &freed;
	KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 100, bo, 0, 0)), 0);
	scoped_guard(gem_uma_resv, drm_gpuvm_resv(&base->base))
		KUNIT_EXPECT_EQ(test, gem_uma_vm_active_get_locked(base), 0);
	space_vm_close(vm);
	KUNIT_EXPECT_TRUE(test, space_is_mapped(bo));
	KUNIT_EXPECT_EQ(test, vm->ptes[99].kind, SPACE_MEMORY);
	scoped_guard(gem_uma_resv, drm_gpuvm_resv(&base->base))
		KUNIT_EXPECT_EQ(test, gem_uma_vm_active_get_locked(base), -ENOENT);
	gem_uma_vm_active_put(base);
	KUNIT_EXPECT_FALSE(test, space_is_mapped(bo));
	gem_uma_vm_put(base);
	KUNIT_EXPECT_TRUE(test, freed);
}

/* The last mapping of an object that nobody else has. */
static void vm_mapping_is_the_last_reference_panthor_62_sparse_H2(struct kunit *test)
{
	struct space_room *room = space_room_create(test);
	struct space_vm *vm = space_vm_create(room, test->param_value, CASE_PAGES);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct space_bo *bo = i == 2 ? space_bo_private(vm, 600, SPACE_ALIGNED) :
					       space_bo_create(room, 600, SPACE_ALIGNED);
		struct task_struct *freed_by = NULL;

		bo->freed_by = &freed_by;
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_map(vm, 0, 600, bo, 0, 0)), 0);
		if (i == 1)
			KUNIT_ASSERT_EQ(test, space_evict(bo), 0);
		space_bo_put(bo);
		KUNIT_EXPECT_NULL(test, freed_by);
		/* A part stays, then nothing. */
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 10, 500)), 0);
		KUNIT_EXPECT_NULL(test, freed_by);
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, 600)), 0);
		KUNIT_EXPECT_PTR_EQ(test, freed_by, current);
		SPACE_EXPECT_SANE(vm, "object %u", i);
	}
}

KUNIT_ARRAY_PARAM(vm, space_geometries, space_geometry_name);

static struct kunit_case gem_uma_vm_cases[] = {
	KUNIT_CASE_PARAM(vm_cases_of_memory, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cases_of_readonly_memory, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cases_of_evicted_memory_panthor_56_58, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cases_of_imports_panthor_57, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cases_of_private_memory, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cases_of_null_ranges, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cases_of_dummy_ranges, vm_gen_params),
	KUNIT_CASE_PARAM(vm_leaves_follow_va_offset_and_run, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cuts_at_both_ends_take_all_tables, vm_gen_params),
	KUNIT_CASE_PARAM(vm_private_object_belongs_to_one_space_sparse_F16, vm_gen_params),
	KUNIT_CASE_PARAM(vm_private_object_outlives_its_space_panthor_84_sparse_H6, vm_gen_params),
	KUNIT_CASE_PARAM(vm_object_in_several_spaces_panthor_16, vm_gen_params),
	KUNIT_CASE_PARAM(vm_writable_means_written, vm_gen_params),
	KUNIT_CASE_PARAM(vm_cpu_refault_is_no_mapping_panthor_13_14, vm_gen_params),
	KUNIT_CASE_PARAM(vm_validate_restores_what_is_bound_panthor_18_19_63, vm_gen_params),
	KUNIT_CASE_PARAM(vm_failed_validate_is_repeatable_panthor_88, vm_gen_params),
	KUNIT_CASE_PARAM(vm_eviction_tries_the_lock_only, vm_gen_params),
	KUNIT_CASE_PARAM(vm_failed_eviction_keeps_the_pages_panthor_48_49, vm_gen_params),
	KUNIT_CASE_PARAM(vm_bad_operations_are_EINVAL_and_change_nothing_sparse_S7, vm_gen_params),
	KUNIT_CASE_PARAM(vm_array_is_done_as_a_whole_panthor_66, vm_gen_params),
	KUNIT_CASE_PARAM(vm_unmap_never_fails_for_memory, vm_gen_params),
	KUNIT_CASE_PARAM(vm_bind_without_device_is_ENODEV, vm_gen_params),
	KUNIT_CASE_PARAM(vm_close_unmaps_what_is_left_sparse_H5, vm_gen_params),
	KUNIT_CASE_PARAM(vm_close_waits_for_users, vm_gen_params),
	KUNIT_CASE_PARAM(vm_mapping_is_the_last_reference_panthor_62_sparse_H2, vm_gen_params),
	KUNIT_CASE(vm_small_dummy_is_no_large_leaf),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_vm);
