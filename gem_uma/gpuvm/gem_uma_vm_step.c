// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: what one operation does to the page tables.
 *
 * A step is prepared, which can fail, and executed, which fences wait for: executing
 * allocates nothing, takes no resv and drops no reference. Locks: op_lock. Neighbours:
 * binds and validation, which prepare, and the queue, which executes.
 */
#include <linux/dma-resv.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "gem_uma_vm_types.h"

/* Free what a step was given after it was added to its bind. */
void gem_uma_vm_step_reset(struct gem_uma_vm *vm, struct gem_uma_vm_step *step)
{
	vm->ops->free_tables(vm, &step->tables);
	step->nr_tables = 0;
	if (step->pieces != &step->sparse)
		kvfree(step->pieces);
	step->pieces = NULL;
	step->nr_pieces = 0;
}

/* Adds one; the array doubles, so that few pieces are copied. */
static int gem_uma_vm_step_add_piece(struct gem_uma_vm_step *step,
				     const struct gem_uma_vm_piece *piece)
{
	unsigned long nr = step->nr_pieces;
	struct gem_uma_vm_piece *pieces;

	if (!(nr & (nr - 1))) {
		pieces = kvrealloc(step->pieces, array_size(max(2 * nr, 1UL), sizeof(*pieces)),
				   GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
		if (!pieces)
			return -ENOMEM;
		step->pieces = pieces;
	}
	step->pieces[step->nr_pieces++] = *piece;
	return 0;
}

/**
 * gem_uma_vm_step_memory_locked() - copy where the memory of an object is
 * @vm: VM
 * @step: step; its range is mapped
 * @obj: object, resident in the range
 * @offset: in the object
 * @prot: GEM_UMA_VM_*
 *
 * Context: resv of @obj held; may sleep and reclaim.
 *
 * Return: 0, -ENOMEM, or as &gem_uma_vm_ops.run.
 */
int gem_uma_vm_step_memory_locked(struct gem_uma_vm *vm, struct gem_uma_vm_step *step,
				  struct drm_gem_object *obj, u64 offset, u32 prot)
{
	struct gem_uma_vm_piece piece = { .kind = GEM_UMA_VM_MEMORY, .prot = prot };
	u64 at;
	int ret;

	dma_resv_assert_held(obj->resv);
	for (at = 0; at < step->range; at += piece.len) {
		piece.va = step->va + at;
		ret = vm->ops->run(obj, offset + at, step->range - at, &piece.addr, &piece.len);
		if (!ret)
			ret = gem_uma_vm_step_add_piece(step, &piece);
		if (ret)
			return ret;
	}
	return 0;
}

/* Tables that mapping a piece can need; pieces come in ascending order. */
static void gem_uma_vm_count_piece(struct gem_uma_vm *vm, struct gem_uma_vm_count *count,
				   const struct gem_uma_vm_piece *piece)
{
	const struct gem_uma_vm_geometry *g = vm->geometry;
	u64 va = piece->va, len = piece->len, addr = piece->addr, leaf;
	unsigned int level;

	/* Large leaves fit only if the dummy is as large: its pages follow va then. */
	if (piece->kind == GEM_UMA_VM_SHARED_DUMMY &&
	    (u64)PAGE_SIZE << vm->dummy_order < rounddown_pow_of_two(g->leaves)) {
		gem_uma_vm_logic_count(count, g->shift, g->levels, 0, va, len);
		return;
	}
	if (piece->kind != GEM_UMA_VM_MEMORY)
		addr = va;
	while (len) {
		u64 n = gem_uma_vm_logic_piece(g->leaves, va, addr, len, &leaf);

		level = gem_uma_vm_logic_level(g->shift, g->levels, leaf);
		gem_uma_vm_logic_count(count, g->shift, g->levels, level, va, n);
		va += n;
		addr += n;
		len -= n;
	}
}

/* Tables that clearing can need: at each end of the range one leaf may be cut. */
unsigned long gem_uma_vm_clear_tables(struct gem_uma_vm *vm)
{
	const struct gem_uma_vm_geometry *g = vm->geometry;

	return gem_uma_vm_logic_split(g->leaves, g->shift, g->levels);
}

/**
 * gem_uma_vm_step_tables() - allocate the page tables that a step can need
 * @vm: VM
 * @step: step, with its pieces
 * @clear: something may be cleared before
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0 or as &gem_uma_vm_ops.alloc_tables.
 */
int gem_uma_vm_step_tables(struct gem_uma_vm *vm, struct gem_uma_vm_step *step, bool clear)
{
	struct gem_uma_vm_count count = {};
	unsigned long i;
	int ret;

	for (i = 0; i < step->nr_pieces; i++)
		gem_uma_vm_count_piece(vm, &count, &step->pieces[i]);
	if (clear)
		count.nr += gem_uma_vm_clear_tables(vm);
	ret = vm->ops->alloc_tables(vm, &step->tables, count.nr);
	if (!ret)
		step->nr_tables = count.nr;
	return ret;
}

/* Contiguous for the device, or without memory. */
static int gem_uma_vm_map_run(struct gem_uma_vm *vm, const struct gem_uma_vm_piece *piece,
			      u64 va, dma_addr_t addr, u64 len, struct gem_uma_vm_tables *tables)
{
	int ret = 0;

	while (len && !ret) {
		u64 leaf, n = gem_uma_vm_logic_piece(vm->geometry->leaves, va, addr, len, &leaf);

		if (piece->kind == GEM_UMA_VM_NULL)
			ret = vm->ops->map_null(vm, va, n, leaf, tables);
		else
			ret = vm->ops->map(vm, va, addr, n, leaf, piece->prot, tables);
		/* A sparse range of a TiB is one piece, in chunks of a dummy. */
		cond_resched();
		va += n;
		addr += n;
		len -= n;
	}
	return ret;
}

static int gem_uma_vm_map_dummy(struct gem_uma_vm *vm, const struct gem_uma_vm_piece *piece,
				struct gem_uma_vm_tables *tables)
{
	u64 size = PAGE_SIZE << vm->dummy_order, va = piece->va, len = piece->len;
	int ret = 0;

	while (len && !ret) {
		u64 skip = va & (size - 1), n = min(len, size - skip);

		ret = gem_uma_vm_map_run(vm, piece, va, vm->dummy_addr + skip, n, tables);
		va += n;
		len -= n;
	}
	return ret;
}

static int gem_uma_vm_map_piece(struct gem_uma_vm *vm, const struct gem_uma_vm_piece *piece,
				struct gem_uma_vm_tables *tables)
{
	dma_addr_t addr = piece->kind == GEM_UMA_VM_MEMORY ? piece->addr : piece->va;

	if (piece->kind == GEM_UMA_VM_SHARED_DUMMY)
		return gem_uma_vm_map_dummy(vm, piece, tables);
	return gem_uma_vm_map_run(vm, piece, piece->va, addr, piece->len, tables);
}

static void gem_uma_vm_step_map(struct gem_uma_vm *vm, struct gem_uma_vm_step *step)
{
	unsigned long i;
	int ret = 0;

	for (i = 0; i < step->nr_pieces && !ret; i++)
		ret = gem_uma_vm_map_piece(vm, &step->pieces[i], &step->tables);
	gem_uma_vm_fail(vm, ret);
	vm->maps += !!step->nr_pieces;
}

static void gem_uma_vm_step_execute(struct gem_uma_vm *vm, struct gem_uma_vm_step *step)
{
	int ret;

	if (!step->clear && !step->nr_pieces)
		return;
	ret = gem_uma_vm_begin(vm, step->va, step->range, true);
	gem_uma_vm_fail(vm, ret);
	if (step->clear) {
		gem_uma_vm_fail(vm, vm->ops->unmap(vm, step->va, step->range, &step->tables));
		vm->unmaps++;
	}
	if (!READ_ONCE(vm->error))
		gem_uma_vm_step_map(vm, step);
	if (!ret)
		gem_uma_vm_fail(vm, gem_uma_vm_end(vm, step->va, step->range));
}

/**
 * gem_uma_vm_steps_execute() - write the page tables as the steps of a bind say
 * @vm: VM
 * @steps: steps, entered into the tree; all binds before have been executed
 *
 * Context: fences may wait for it. Takes op_lock.
 *
 * Return: 0, or -EIO if the VM is unusable.
 */
int gem_uma_vm_steps_execute(struct gem_uma_vm *vm, struct list_head *steps)
{
	struct gem_uma_vm_step *step;

	list_for_each_entry(step, steps, link) {
		mutex_lock(&vm->op_lock);
		gem_uma_vm_step_execute(vm, step);
		mutex_unlock(&vm->op_lock);
		cond_resched();
	}
	return READ_ONCE(vm->error) ? -EIO : 0;
}
