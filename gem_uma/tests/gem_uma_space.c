// SPDX-License-Identifier: GPL-2.0
/*
 * A driver of address spaces without hardware.
 *
 * The page table is an array with an entry for each page, beside numbers of used entries
 * of each table that real hardware would have. A table is taken from the pool when one is
 * missing, and given back when it is empty. What must never happen is counted: it may
 * happen in the queue.
 */
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/random.h>

#include "gem_uma_space.h"

/* Where spaces are: tables of all levels meet in the middle. */
#define SPACE_MIDDLE	BIT_ULL(39)

const struct gem_uma_vm_geometry space_geometries[SPACE_GEOMETRIES] = {
	{ SZ_4K | SZ_64K | SZ_2M, 4, { 12, 21, 30, 39 } },
	/* Leaves of two levels above the lowest. */
	{ SZ_4K | SZ_64K | SZ_2M, 4, { 12, 16, 21, 30 } },
	{ SZ_4K, 4, { 12, 21, 30, 39 } },
};

/* Nobody has a dummy of 32M. */
const struct gem_uma_vm_geometry space_geometry_32m = {
	SZ_4K | SZ_32M, 4, { 12, 21, 25, 34 },
};

/* Tables that the driver has allocated ahead. */
struct space_pool {
	unsigned long nr;
	unsigned long left;
};

/* What must not happen did. */
void space_error(struct space_room *room, const char *error)
{
	unsigned long flags;

	spin_lock_irqsave(&room->lock, flags);
	if (!room->errors++)
		room->error = error;
	spin_unlock_irqrestore(&room->lock, flags);
}

/* Where lockdep knows. */
static bool space_is_signalling(void)
{
	bool cookie = dma_fence_begin_signalling();

	dma_fence_end_signalling(cookie);
	return cookie;
}

static bool space_can_tell_signalling(void)
{
#ifdef CONFIG_LOCKDEP
	return debug_locks;
#else
	return false;
#endif
}

void space_expect_not_signalling(struct space_room *room, const char *error)
{
	if (space_can_tell_signalling() && space_is_signalling())
		space_error(room, error);
}

/*
 * Have a callback fail. @nth: the first call that fails, 1 for the next. @times: how many
 * fail; 0 for none any more.
 */
void space_fail(struct space_room *room, enum space_callback which, unsigned int nth,
		unsigned int times, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&room->lock, flags);
	room->fail = which;
	room->fail_nth = nth;
	room->fail_times = times;
	room->fail_errno = error;
	room->failed = 0;
	spin_unlock_irqrestore(&room->lock, flags);
}

int space_fails(struct space_room *room, enum space_callback which)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&room->lock, flags);
	if (room->fail_times && room->fail == which && !--room->fail_nth) {
		room->fail_nth = 1;
		room->fail_times--;
		room->failed++;
		ret = room->fail_errno;
	}
	spin_unlock_irqrestore(&room->lock, flags);
	return ret;
}

static unsigned int space_level(struct space_vm *vm, u64 leaf)
{
	const struct gem_uma_vm_geometry *g = vm->base.geometry;
	unsigned int level = 0;

	while (level + 1 < g->levels && BIT_ULL(g->shift[level + 1]) <= leaf)
		level++;
	return level;
}

static u32 *space_table(struct space_vm *vm, unsigned int level, u64 va)
{
	u64 i = (va >> vm->base.geometry->shift[level + 1]) - vm->first[level];

	return &vm->used[level][i];
}

/* Use entries of the table at @level, which is hung in if it is missing. */
static bool space_hang(struct space_vm *vm, unsigned int level, u64 va, u32 nr,
		       struct gem_uma_vm_tables *tables)
{
	struct space_pool *pool = tables ? tables->first : NULL;

	for (; level + 1 < vm->base.geometry->levels; level++, nr = 1) {
		u32 *used = space_table(vm, level, va);

		*used += nr;
		if (*used > nr)
			return true;
		if (!pool || !pool->left) {
			space_error(vm->room, "out of page tables");
			*used -= nr;
			return false;
		}
		pool->left--;
		vm->tables++;
	}
	return true;
}

static void space_drop(struct space_vm *vm, unsigned int level, u64 va, u32 nr)
{
	for (; level + 1 < vm->base.geometry->levels; level++, nr = 1) {
		u32 *used = space_table(vm, level, va);

		if (*used < nr)
			space_error(vm->room, "a table with fewer entries than cleared");
		*used -= nr;
		if (*used)
			return;
		vm->tables--;
		atomic_long_dec(&vm->pooled);
	}
}

static u32 space_entries(struct space_vm *vm, u64 leaf)
{
	return leaf >> vm->base.geometry->shift[space_level(vm, leaf)];
}

static struct space_pte *space_pte(struct space_vm *vm, u64 va)
{
	return &vm->ptes[(va - vm->start) >> SPACE_SHIFT];
}

/* Allocations of the queue are counted from its first write on. */
static void space_watch(struct space_room *room)
{
#ifdef CONFIG_FAULT_INJECTION
	if (!READ_ONCE(room->watch_allocations) || room->watched)
		return;
	room->watched = current;
	WRITE_ONCE(current->fail_nth, INT_MAX);
#endif
}

static void space_enter(struct space_vm *vm)
{
	struct space_room *room = vm->room;

	lockdep_assert_held(&vm->base.op_lock);
	/*
	 * Others write at once, and nobody waits for that; nor for the end of a space, nor for
	 * unmapping an object without users.
	 */
	if (!(current->flags & PF_WQ_WORKER) || !atomic_read(&vm->base.active) ||
	    vm->base.implicit)
		return;
	room->queue_writes++;
	if (!space_is_signalling())
		space_error(room, "the queue writes outside of a signalling section");
	space_watch(room);
}

static bool space_inside(struct space_vm *vm, u64 va, u64 len)
{
	u64 end = vm->start + ((u64)vm->pages << SPACE_SHIFT);

	return len && va >= vm->start && va < end && len <= end - va;
}

static void space_expect_begun(struct space_vm *vm, u64 va, u64 len)
{
	if (va < vm->begun || va + len > vm->begun_end)
		space_error(vm->room, "written outside of what was begun");
}

static int space_write(struct space_vm *vm, u64 va, struct space_pte pte, u64 next, u64 len,
		       struct gem_uma_vm_tables *tables)
{
	u64 at;

	space_enter(vm);
	if (!space_inside(vm, va, len) || !(pte.leaf & vm->base.geometry->leaves) ||
	    !IS_ALIGNED(va | len | pte.addr, pte.leaf)) {
		space_error(vm->room, "bad arguments to map");
		return -EINVAL;
	}
	space_expect_begun(vm, va, len);
	vm->unflushed = true;
	vm->maps++;
	for (at = 0; at < len; at += SPACE_PAGE, pte.addr += next) {
		if (IS_ALIGNED(at, pte.leaf) &&
		    !space_hang(vm, space_level(vm, pte.leaf), va + at,
				space_entries(vm, pte.leaf), tables))
			return -ENOMEM;
		if (space_pte(vm, va + at)->kind)
			space_error(vm->room, "mapped twice");
		*space_pte(vm, va + at) = pte;
	}
	return 0;
}

static int space_op_map(struct gem_uma_vm *base, u64 va, dma_addr_t addr, u64 len, u64 leaf,
			u32 prot, struct gem_uma_vm_tables *tables)
{
	struct space_pte pte = {
		.addr = addr, .leaf = leaf, .prot = prot, .kind = SPACE_MEMORY,
	};

	return space_fails(to_space_vm(base)->room, SPACE_MAP) ?:
	       space_write(to_space_vm(base), va, pte, SPACE_PAGE, len, tables);
}

static int space_op_map_null(struct gem_uma_vm *base, u64 va, u64 len, u64 leaf,
			     struct gem_uma_vm_tables *tables)
{
	struct space_pte pte = { .leaf = leaf, .kind = SPACE_NULL };

	return space_fails(to_space_vm(base)->room, SPACE_MAP) ?:
	       space_write(to_space_vm(base), va, pte, 0, len, tables);
}

/* Hardware that cannot be asked how it maps what is left is told. */
static void space_check_prot(struct space_vm *vm, u64 at, u32 prot)
{
	const struct space_pte *pte = space_pte(vm, at);

	if (pte->kind == SPACE_MEMORY && (pte->prot ^ prot) & ~GEM_UMA_VM_DUMMY)
		space_error(vm->room, "told a wrong prot of what is left");
}

/* Make one leaf many of the next smaller size. */
static bool space_split(struct space_vm *vm, u64 start, u64 leaf,
			struct gem_uma_vm_tables *tables)
{
	u64 at, small = rounddown_pow_of_two(vm->base.geometry->leaves & (leaf - 1));

	if (!tables) {
		space_error(vm->room, "a leaf is cut, and nobody expected it");
		return false;
	}
	if (start < vm->begun)
		space_check_prot(vm, start, tables->prot_before);
	if (start + leaf > vm->begun_end)
		space_check_prot(vm, start, tables->prot_after);
	for (at = 0; at < leaf; at += small)
		if (!space_hang(vm, space_level(vm, small), start + at,
				space_entries(vm, small), tables))
			return false;
	space_drop(vm, space_level(vm, leaf), start, space_entries(vm, leaf));
	for (at = 0; at < leaf; at += SPACE_PAGE)
		space_pte(vm, start + at)->leaf = small;
	return true;
}

static void space_clear_leaf(struct space_vm *vm, u64 va, u64 leaf)
{
	u64 at;

	for (at = 0; at < leaf; at += SPACE_PAGE)
		*space_pte(vm, va + at) = (struct space_pte) {};
	space_drop(vm, space_level(vm, leaf), va, space_entries(vm, leaf));
}

static int space_op_unmap(struct gem_uma_vm *base, u64 va, u64 len,
			  struct gem_uma_vm_tables *tables)
{
	struct space_vm *vm = to_space_vm(base);
	u64 end = va + len;
	int ret;

	space_enter(vm);
	ret = space_fails(vm->room, SPACE_UNMAP);
	if (!space_inside(vm, va, len)) {
		space_error(vm->room, "bad arguments to unmap");
		return -EINVAL;
	}
	if (!vm->begin_failed)
		space_expect_begun(vm, va, len);
	vm->unmaps++;
	vm->unflushed = true;
	while (va < end) {
		u64 leaf = space_pte(vm, va)->leaf;

		if (!leaf) {
			va += SPACE_PAGE;
		} else if (IS_ALIGNED(va, leaf) && leaf <= end - va) {
			space_clear_leaf(vm, va, leaf);
			va += leaf;
		} else if (!space_split(vm, ALIGN_DOWN(va, leaf), leaf, tables)) {
			return -EINVAL;
		}
	}
	return ret;
}

static int space_op_begin(struct gem_uma_vm *base, u64 va, u64 len, bool wait)
{
	struct space_vm *vm = to_space_vm(base);
	int ret;

	space_enter(vm);
	if (vm->begun_end || !space_inside(vm, va, len))
		space_error(vm->room, "bad arguments to begin, or not flushed");
	vm->begins++;
	ret = space_fails(vm->room, SPACE_BEGIN);
	vm->begin_failed = ret;
	if (ret)
		return ret;
	vm->begun = va;
	vm->begun_end = va + len;
	return 0;
}

static int space_op_flush(struct gem_uma_vm *base, u64 va, u64 len)
{
	struct space_vm *vm = to_space_vm(base);

	space_enter(vm);
	if (va != vm->begun || va + len != vm->begun_end)
		space_error(vm->room, "flushed another range than was begun");
	vm->begun = 0;
	vm->begun_end = 0;
	vm->unflushed = false;
	return space_fails(vm->room, SPACE_FLUSH);
}

static int space_op_alloc_tables(struct gem_uma_vm *base, struct gem_uma_vm_tables *tables,
				 unsigned long nr)
{
	struct space_vm *vm = to_space_vm(base);
	struct space_pool *pool;
	int ret;

	might_sleep();
	lockdep_assert_not_held(&base->op_lock);
	if (tables->first)
		space_error(vm->room, "allocated on top of a pool");
	ret = space_fails(vm->room, SPACE_ALLOC_TABLES);
	if (ret || !nr)
		return ret;
	pool = kzalloc_obj(*pool, GFP_KERNEL_ACCOUNT);
	if (!pool)
		return -ENOMEM;
	pool->nr = nr;
	pool->left = nr;
	tables->first = pool;
	atomic_long_add(nr, &vm->pooled);
	vm->allocated += nr;
	return 0;
}

static void space_op_free_tables(struct gem_uma_vm *base, struct gem_uma_vm_tables *tables)
{
	struct space_vm *vm = to_space_vm(base);
	struct space_pool *pool = tables->first;

	might_sleep();
	lockdep_assert_not_held(&base->op_lock);
	tables->first = NULL;
	if (!pool)
		return;
	if (pool->left < pool->nr)
		vm->least_left = min_t(long, vm->least_left, pool->left);
	atomic_long_sub(pool->left, &vm->pooled);
	kfree(pool);
}

static void space_vm_release(struct space_vm *vm)
{
	unsigned int level;

	for (level = 0; level < GEM_UMA_VM_LEVELS; level++)
		kvfree(vm->used[level]);
	kvfree(vm->ptes);
	kvfree(vm->want);
	kfree(vm);
}

static void space_op_free(struct gem_uma_vm *base)
{
	struct space_vm *vm = to_space_vm(base);
	struct space_room *room = vm->room;

	space_expect_not_signalling(room, "a space is freed in a signalling section");
	if (memchr_inv(vm->ptes, 0, vm->pages * sizeof(*vm->ptes)) || vm->tables)
		space_error(room, "a space is freed with entries");
	if (atomic_long_read(&vm->pooled))
		space_error(room, "a space is freed with tables");
	if (vm->freed)
		WRITE_ONCE(*vm->freed, true);
	space_vm_release(vm);
	atomic_dec(&room->live);
}

static const struct gem_uma_vm_ops space_ops = {
	.alloc_tables = space_op_alloc_tables, .free_tables = space_op_free_tables,
	.begin = space_op_begin,
	.map = space_op_map, .map_null = space_op_map_null, .unmap = space_op_unmap,
	.flush = space_op_flush, .populate = space_op_populate,
	.is_resident = space_op_is_resident, .run = space_op_run,
	.changed = space_op_changed, .free = space_op_free,
};

static int space_vm_alloc_tables(struct space_vm *vm, const struct gem_uma_vm_geometry *g)
{
	u64 end = vm->start + ((u64)vm->pages << SPACE_SHIFT);
	unsigned int level;

	vm->ptes = kvcalloc(vm->pages, sizeof(*vm->ptes), GFP_KERNEL);
	vm->want = kvcalloc(vm->pages, sizeof(*vm->want), GFP_KERNEL);
	if (!vm->ptes || !vm->want)
		return -ENOMEM;
	for (level = 0; level + 1 < g->levels; level++) {
		vm->first[level] = vm->start >> g->shift[level + 1];
		vm->used[level] = kvcalloc(((end - 1) >> g->shift[level + 1]) -
					   vm->first[level] + 1, sizeof(u32), GFP_KERNEL);
		if (!vm->used[level])
			return -ENOMEM;
	}
	return 0;
}

/* An address space that the caller closes. Returns the space, or an ERR_PTR. */
struct space_vm *space_vm_alloc(struct space_room *room,
				const struct gem_uma_vm_geometry *geometry, u64 start,
				unsigned long pages)
{
	struct space_vm *vm = kzalloc_obj(*vm, GFP_KERNEL);
	int ret;

	if (!vm)
		return ERR_PTR(-ENOMEM);
	vm->room = room;
	vm->start = start;
	vm->pages = pages;
	vm->least_left = LONG_MAX;
	ret = space_vm_alloc_tables(vm, geometry);
	if (!ret)
		ret = gem_uma_vm_init(&vm->base, "space", &room->mock->drm, &space_ops, geometry,
				      start, start + ((u64)pages << SPACE_SHIFT));
	if (ret) {
		space_vm_release(vm);
		return ERR_PTR(ret);
	}
	atomic_inc(&room->live);
	vm->next = room->vms;
	room->vms = vm;
	return vm;
}

/* Close what space_vm_alloc() gave. */
void space_vm_free(struct space_vm *vm)
{
	struct space_vm **at = &vm->room->vms;

	while (*at != vm)
		at = &(*at)->next;
	*at = vm->next;
	gem_uma_vm_close(&vm->base);
}

static void space_vm_do_close(void *data)
{
	space_vm_free(data);
}

/* An address space across a border of tables of all levels. */
struct space_vm *space_vm_create(struct space_room *room,
				 const struct gem_uma_vm_geometry *geometry, unsigned long pages)
{
	u64 start = SPACE_MIDDLE - ((u64)pages << SPACE_SHIFT) / 2;
	struct space_vm *vm = space_vm_alloc(room, geometry, start, pages);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(room->test, vm);
	KUNIT_ASSERT_EQ(room->test, 0,
			kunit_add_action_or_reset(room->test, space_vm_do_close, vm));
	return vm;
}

/* Close what space_vm_create() gave. */
void space_vm_close(struct space_vm *vm)
{
	kunit_release_action(vm->room->test, space_vm_do_close, vm);
}

static const char *space_fence_name(struct dma_fence *fence)
{
	return "space";
}

static const struct dma_fence_ops space_fence_ops = {
	.get_driver_name = space_fence_name, .get_timeline_name = space_fence_name,
};

/* A fence that the caller signals and puts. Returns the fence, or NULL. */
struct dma_fence *space_fence_alloc(void)
{
	struct space_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);

	if (!fence)
		return NULL;
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &space_fence_ops, &fence->lock, dma_fence_context_alloc(1), 1);
	return &fence->base;
}

/* The same, without which the test fails. */
struct dma_fence *space_fence_create(struct kunit *test)
{
	struct dma_fence *fence = space_fence_alloc();

	KUNIT_ASSERT_NOT_NULL(test, fence);
	return fence;
}

u32 space_random(struct space_room *room, u32 below)
{
	return prandom_u32_state(&room->rnd) % below;
}

/*
 * Wait for what was put to be gone. @room: room, in which nobody has a reference any more.
 * The last bind to end frees in a worker.
 */
void space_room_settle(struct space_room *room)
{
	unsigned int i;

	for (i = 0; i < 500 && atomic_read(&room->live); i++)
		msleep(20);
	KUNIT_EXPECT_EQ(room->test, atomic_read(&room->live), 0);
}

static void space_room_end(void *data)
{
	struct space_room *room = data;

	space_room_settle(room);
	KUNIT_EXPECT_EQ_MSG(room->test, room->errors, 0, "%s", room->error);
}

/* A device for spaces and objects. */
struct space_room *space_room_create(struct kunit *test)
{
	struct space_room *room = gem_uma_mock_zalloc(test, sizeof(*room));

	room->test = test;
	room->mock = gem_uma_mock_alloc(test);
	room->next_addr = SZ_1G;
	room->seed = get_random_u32();
	prandom_seed_state(&room->rnd, room->seed);
	spin_lock_init(&room->lock);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, space_room_end, room));
	return room;
}
