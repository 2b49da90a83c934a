// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces: random operations against an oracle that knows what every page is to
 * be, all invariants checked after each. One task does everything but the queue's part; a
 * failure prints the seed.
 */
#include <linux/ktime.h>
#include <linux/module.h>

#include "gem_uma_space.h"

static unsigned long long vm_seed;
module_param(vm_seed, ullong, 0444);
MODULE_PARM_DESC(vm_seed, "of random operations on address spaces; 0 for another one each time");

static unsigned int vm_steps = 400;
module_param(vm_steps, uint, 0444);
MODULE_PARM_DESC(vm_steps, "random operations on address spaces, for each kind of page table");

#define TABLES_PAGES	(4 * SPACE_2M)

struct tables_rig {
	struct space_room *room;
	struct space_vm *vm;
	struct space_bo *bos[SPACE_BOS];
};

static unsigned long random_page(struct space_room *room, unsigned long pages)
{
	unsigned long page = space_random(room, pages);

	switch (space_random(room, 4)) {
	case 0:
		return ALIGN_DOWN(page, 16);
	case 1:
		return ALIGN_DOWN(page, SPACE_2M);
	default:
		return page;
	}
}

/* Ranges whose ends are on borders of leaves more often than by chance. */
static void random_range(struct space_room *room, unsigned long pages, unsigned long *first,
			 unsigned long *nr)
{
	unsigned long a = random_page(room, pages), b = random_page(room, pages);

	*first = min(a, b);
	*nr = max(a, b) - *first ?: 1;
	/* To where the last one was, too. */
	if (*first + *nr == pages - 1 && space_random(room, 2))
		++*nr;
}

static struct gem_uma_vm_op random_op(struct space_vm *vm, struct space_bo **bos,
				      unsigned int nr_bos)
{
	struct space_room *room = vm->room;
	struct space_bo *bo = bos[space_random(room, nr_bos)];
	unsigned long first, nr, pgoff;

	random_range(room, vm->pages, &first, &nr);
	switch (space_random(room, 8)) {
	case 0:
		return space_sparse(vm, first, nr, 0);
	case 1:
		return space_sparse(vm, first, nr, GEM_UMA_VM_DUMMY);
	case 2:
	case 3:
	case 4:
		return space_unmap(vm, first, nr);
	default:
		nr = min(nr, bo->pages);
		pgoff = space_random(room, bo->pages - nr + 1);
		/* As user space does that wants large leaves. */
		if (space_random(room, 2) && first % SPACE_2M <= bo->pages - nr)
			pgoff = first % SPACE_2M;
		return space_map(vm, first, nr, bo, pgoff,
				 space_random(room, 3) ? 0 : GEM_UMA_VM_READONLY);
	}
}

static void tables_request(struct tables_rig *rig, unsigned int i)
{
	struct space_vm *vm = rig->vm;
	struct gem_uma_vm_op op = random_op(vm, rig->bos, SPACE_BOS);
	struct kunit *test = rig->room->test;
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, space_bind_one(vm, op), 0);
	KUNIT_ASSERT_EQ_MSG(test, rig->room->errors, 0, "seed %llu, request %u: %s",
			    rig->room->seed, i, rig->room->error);
	if (!space_random(rig->room, 40)) {
		KUNIT_ASSERT_GE(test, space_evict(rig->bos[space_random(rig->room, SPACE_BOS)]),
				-EBUSY);
		KUNIT_ASSERT_EQ(test, space_validate(vm, &fence), 0);
	}
	/* From time to time, all that was hung in has to be missing again. */
	if (!space_random(rig->room, 8))
		KUNIT_ASSERT_EQ(test, space_bind_one(vm, space_unmap(vm, 0, vm->pages)), 0);
}

/*
 * The driver takes a table from those allocated ahead whenever one is missing, and says
 * so when there is none left.
 */
static void vm_tables_suffice_for_any_tree(struct kunit *test)
{
	const struct gem_uma_vm_geometry *g = test->param_value;
	struct tables_rig rig = { .room = space_room_create(test) };
	unsigned int i;

	if (vm_seed) {
		rig.room->seed = vm_seed;
		prandom_seed_state(&rig.room->rnd, vm_seed);
	}
	kunit_info(test, "seed: %llu", rig.room->seed);
	rig.vm = space_vm_create(rig.room, g, TABLES_PAGES);
	for (i = 0; i < SPACE_BOS; i++)
		rig.bos[i] = space_bo_create(rig.room, TABLES_PAGES, i % 4 < 2 ? SPACE_ALIGNED :
					     i % SPACE_LAYOUTS);
	for (i = 0; i < vm_steps; i++) {
		tables_request(&rig, i);
		if (!(i % 64))
			SPACE_EXPECT_SANE(rig.vm, "seed %llu, request %u", rig.room->seed, i);
	}
	kunit_info(test, "%u requests", vm_steps);
}

/*
 * The same without chance: each old mapping and each request that a small space has room
 * for. Tables have two entries, so that there is a border of tables everywhere.
 */
#define PAIRS_PAGES	8
/* In one bind: what is allocated ahead is each operation's own. */
#define PAIRS_OPS	96

static const struct gem_uma_vm_geometry pairs_geometries[] = {
	{ SZ_4K | SZ_8K | SZ_16K, 4, { 12, 13, 14, 15 } },
	/* A size that skips a level. */
	{ SZ_4K | SZ_16K, 4, { 12, 13, 14, 15 } },
};

struct pairs {
	struct space_vm *vm;
	struct space_bo *bo;
	struct gem_uma_vm_op ops[PAIRS_OPS];
	unsigned int nr;
};

static void pairs_flush(struct pairs *p)
{
	struct kunit *test = p->vm->room->test;

	KUNIT_ASSERT_EQ_MSG(test, space_bind(p->vm, p->ops, p->nr), 0,
			    "%u operations, the last %u of %llx + %llx: %s", p->nr,
			    p->ops[p->nr - 2].type, p->ops[p->nr - 2].va,
			    p->ops[p->nr - 2].range, p->vm->room->error);
	p->nr = 0;
}

/* One over the other, and the space is empty again. */
static void pairs_add(struct pairs *p, struct gem_uma_vm_op old, struct gem_uma_vm_op op)
{
	p->ops[p->nr++] = old;
	p->ops[p->nr++] = op;
	p->ops[p->nr++] = space_unmap(p->vm, 0, PAIRS_PAGES);
	if (p->nr == PAIRS_OPS)
		pairs_flush(p);
}

static void pairs_of(struct pairs *p, unsigned long first, unsigned long end)
{
	/* Offsets follow addresses. */
	struct gem_uma_vm_op old = space_map(p->vm, first, end - first, p->bo, first, 0);
	unsigned long a, b;

	for (a = 0; a < end; a++) {
		for (b = max(a, first) + 1; b <= PAIRS_PAGES; b++) {
			pairs_add(p, old, space_unmap(p->vm, a, b - a));
			pairs_add(p, old, space_map(p->vm, a, b - a, p->bo, a, 0));
		}
	}
	if (p->nr)
		pairs_flush(p);
	SPACE_EXPECT_SANE(p->vm, "%lu to %lu", first, end);
	KUNIT_EXPECT_EQ(p->vm->room->test, p->vm->tables, 0);
}

static void vm_tables_suffice_for_all_pairs(struct kunit *test)
{
	struct pairs *p = gem_uma_mock_zalloc(test, sizeof(*p));
	struct space_room *room = space_room_create(test);
	unsigned long first, end;

	p->vm = space_vm_create(room, test->param_value, PAIRS_PAGES);
	p->bo = space_bo_create(room, PAIRS_PAGES, SPACE_ALIGNED);
	/* Leaves are as large as the addresses allow. */
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED(p->vm->start | p->bo->addr[0], SZ_16K));
	for (first = 0; first < PAIRS_PAGES; first++)
		for (end = first + 1; end <= PAIRS_PAGES; end++)
			pairs_of(p, first, end);
}

#define RANDOM_VMS	2
#define RANDOM_PAGES	(2 * SPACE_2M)
#define RANDOM_WAITING	4

struct random_rig {
	struct space_room *room;
	struct space_vm *vms[RANDOM_VMS];
	/* External ones and an import; then for each space a private one. */
	struct space_bo *bos[SPACE_BOS];
	/* For each space, what its waiting binds wait for, and their own fence. */
	struct dma_fence *dep[RANDOM_VMS];
	struct dma_fence *fence[RANDOM_VMS];
	unsigned int waiting[RANDOM_VMS];
	unsigned int step;
	const char *op;
	/* What happened. */
	unsigned int binds, queued, evictions, restores, refused;
};

/* Objects that can be bound in a space: those in front of the private ones, and its own. */
static unsigned int random_bos(struct random_rig *rig, unsigned int vm, struct space_bo **bos)
{
	unsigned int i, nr = SPACE_BOS - RANDOM_VMS;

	for (i = 0; i < nr; i++)
		bos[i] = rig->bos[i];
	bos[nr] = rig->bos[nr + vm];
	return nr + 1;
}

static void random_drain(struct random_rig *rig, unsigned int i)
{
	struct kunit *test = rig->room->test;

	if (rig->dep[i]) {
		dma_fence_signal(rig->dep[i]);
		dma_fence_put(rig->dep[i]);
		rig->dep[i] = NULL;
	}
	if (rig->fence[i]) {
		KUNIT_EXPECT_GT(test, dma_fence_wait_timeout(rig->fence[i], false, 60 * HZ), 0);
		dma_fence_put(rig->fence[i]);
		rig->fence[i] = NULL;
	}
	rig->waiting[i] = 0;
}

static int random_bind(struct random_rig *rig, unsigned int i)
{
	struct gem_uma_vm_op ops[3];
	struct space_bo *bos[SPACE_BOS];
	unsigned int nr_bos = random_bos(rig, i, bos), nr = 1 + space_random(rig->room, 3), k;
	struct space_vm *vm = rig->vms[i];
	struct dma_fence *fence = NULL;
	int ret;

	for (k = 0; k < nr; k++)
		ops[k] = random_op(vm, bos, nr_bos);
	rig->op = "bind";
	/* What waits for nothing, and would for ever for what the test keeps back. */
	if (space_random(rig->room, 2) && !rig->waiting[i]) {
		ret = space_bind(vm, ops, nr);
		rig->binds += !ret;
		return ret;
	}
	rig->op = "asynchronous bind";
	if (!rig->dep[i] && space_random(rig->room, 2))
		rig->dep[i] = space_fence_create(rig->room->test);
	ret = space_bind_async(vm, ops, nr, rig->dep[i], &fence);
	if (ret)
		return ret;
	rig->queued++;
	dma_fence_put(rig->fence[i]);
	rig->fence[i] = fence;
	if (++rig->waiting[i] > RANDOM_WAITING)
		random_drain(rig, i);
	return 0;
}

static int random_validate(struct random_rig *rig, unsigned int i)
{
	struct dma_fence *fence;
	int ret;

	rig->op = "validate";
	ret = space_validate(rig->vms[i], &fence);
	if (!ret)
		rig->restores++;
	if (fence) {
		dma_fence_put(rig->fence[i]);
		rig->fence[i] = fence;
		rig->waiting[i]++;
	}
	return ret;
}

static int random_evict(struct random_rig *rig)
{
	int ret = space_evict(rig->bos[space_random(rig->room, SPACE_BOS)]);
	unsigned int i;

	rig->op = "evict";
	rig->evictions += !ret;
	/* It may have been refused half-way, by a lock that the queue has. */
	if (ret == -EBUSY)
		for (i = 0; i < RANDOM_VMS; i++)
			space_forget(rig->vms[i]);
	return ret == -EBUSY ? 0 : ret;
}

static void random_close(struct random_rig *rig, unsigned int i)
{
	const struct gem_uma_vm_geometry *g = rig->vms[i]->base.geometry;
	unsigned int own = SPACE_BOS - RANDOM_VMS + i, k;
	bool freed = false;

	rig->op = "close";
	rig->vms[i]->freed = &freed;
	if (space_random(rig->room, 2)) {
		/* With binds on the queue. */
		space_vm_close(rig->vms[i]);
		random_drain(rig, i);
	} else {
		random_drain(rig, i);
		space_vm_close(rig->vms[i]);
	}
	/* The last bind to go unmaps what is left. */
	for (k = 0; k < 3000 && !READ_ONCE(freed); k++)
		msleep(20);
	KUNIT_ASSERT_TRUE(rig->room->test, freed);
	space_bo_put(rig->bos[own]);
	rig->vms[i] = space_vm_create(rig->room, g, RANDOM_PAGES);
	rig->bos[own] = space_bo_private(rig->vms[i], RANDOM_PAGES, SPACE_ALIGNED);
}

static int random_step(struct random_rig *rig)
{
	unsigned int i = space_random(rig->room, RANDOM_VMS);
	int ret;

	switch (space_random(rig->room, 16)) {
	case 0:
	case 1:
	case 2:
		return random_evict(rig);
	case 3:
		rig->op = "populate";
		return space_populate(rig->bos[space_random(rig->room, SPACE_BOS)]);
	case 4:
	case 5:
		return random_validate(rig, i);
	case 6:
		space_fail(rig->room, SPACE_POPULATE, 1 + space_random(rig->room, 3), 1, -EINTR);
		ret = random_validate(rig, i);
		break;
	case 7:
		space_fail(rig->room, SPACE_ALLOC_TABLES, 1 + space_random(rig->room, 3), 1,
			   -ENOMEM);
		ret = random_bind(rig, i);
		break;
	case 8:
	case 9:
		rig->op = "drain";
		random_drain(rig, i);
		return 0;
	case 10:
		if (!space_random(rig->room, 8))
			random_close(rig, i);
		return 0;
	default:
		return random_bind(rig, i);
	}
	/* With a failure on demand. */
	space_fail(rig->room, SPACE_POPULATE, 1, 0, 0);
	if (ret == -EINTR || ret == -ENOMEM)
		rig->refused++;
	return ret == -EINTR || ret == -ENOMEM ? 0 : ret;
}

static void random_check(struct random_rig *rig)
{
	struct kunit *test = rig->room->test;
	const char *bad;
	unsigned int i;

	for (i = 0; i < RANDOM_VMS; i++) {
		bad = space_check(rig->vms[i], !rig->waiting[i]);
		KUNIT_ASSERT_NULL_MSG(test, bad, "seed %llu, step %u, %s, space %u: %s",
				      rig->room->seed, rig->step, rig->op, i, bad);
	}
	/* Binds that wait have references of their objects. */
	for (i = 0; i < SPACE_BOS && !rig->waiting[0] && !rig->waiting[1]; i++) {
		bad = space_check_bo(rig->bos[i], 1);
		KUNIT_ASSERT_NULL_MSG(test, bad, "seed %llu, step %u, %s, object %u: %s",
				      rig->room->seed, rig->step, rig->op, i, bad);
	}
}

static void random_begin(struct random_rig *rig, const struct gem_uma_vm_geometry *g)
{
	unsigned int i, shared = SPACE_BOS - RANDOM_VMS;

	if (vm_seed) {
		rig->room->seed = vm_seed;
		prandom_seed_state(&rig->room->rnd, vm_seed);
	}
	kunit_info(rig->room->test, "seed: %llu", rig->room->seed);
	for (i = 0; i < RANDOM_VMS; i++) {
		rig->vms[i] = space_vm_create(rig->room, g, RANDOM_PAGES);
		rig->bos[shared + i] = space_bo_private(rig->vms[i], RANDOM_PAGES, SPACE_ALIGNED);
	}
	for (i = 0; i < shared - 1; i++)
		rig->bos[i] = space_bo_create(rig->room, RANDOM_PAGES >> (i % 2),
					      i % SPACE_LAYOUTS);
	rig->bos[i] = space_bo_import(rig->room, RANDOM_PAGES, SPACE_ALIGNED);
}

/* If an assertion ends the test, what it has queued has to end as well. */
static void random_end(void *data)
{
	struct random_rig *rig = data;
	unsigned int i;

	for (i = 0; i < RANDOM_VMS; i++)
		random_drain(rig, i);
}

static void vm_random_sequences_equal_the_oracle_panthor_56_58_59_61_63_65(struct kunit *test)
{
	struct random_rig *rig = gem_uma_mock_zalloc(test, sizeof(*rig));
	ktime_t begin = ktime_get();

	rig->room = space_room_create(test);
	random_begin(rig, test->param_value);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, random_end, rig));
	for (rig->step = 0; rig->step < vm_steps; rig->step++) {
		KUNIT_ASSERT_EQ_MSG(test, random_step(rig), 0, "seed %llu, step %u, %s",
				    rig->room->seed, rig->step, rig->op);
		random_check(rig);
	}
	random_end(rig);
	random_check(rig);
	kunit_info(test, "%u binds at once, %u queued, %u refused, %u evictions, %u restores, %lld ms",
		   rig->binds, rig->queued, rig->refused, rig->evictions, rig->restores,
		   ktime_ms_delta(ktime_get(), begin));
}

KUNIT_ARRAY_PARAM(vm_pairs, pairs_geometries, space_geometry_name);
KUNIT_ARRAY_PARAM(vm_random, space_geometries, space_geometry_name);

static struct kunit_case gem_uma_vm_random_cases[] = {
	KUNIT_CASE_PARAM_ATTR(vm_tables_suffice_for_any_tree, vm_random_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(vm_tables_suffice_for_all_pairs, vm_pairs_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	KUNIT_CASE_PARAM_ATTR(vm_random_sequences_equal_the_oracle_panthor_56_58_59_61_63_65,
			      vm_random_gen_params, { .speed = KUNIT_SPEED_SLOW }),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_vm_random);
