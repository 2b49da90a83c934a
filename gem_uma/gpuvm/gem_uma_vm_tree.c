// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: changes of the tree.
 *
 * Everything here was prepared: nothing allocates and nothing fails. Locks: resv of the
 * VM and of all objects that are mapped, or get mapped, in the range. Neighbours: the
 * other files of the part.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include <drm/drm_print.h>

#include "gem_uma_vm_types.h"

/**
 * DOC: Splits
 *
 * A request meets an old mapping in one of these ways; old mappings that lie between its
 * two ends are always replaced.
 *
 * ====================  =========================  ==============================
 * request               leaves of the old mapping  page tables
 * ====================  =========================  ==============================
 * same range            nothing                    cleared
 * begins with it        the end                    cleared up to the request's end
 * ends with it          the beginning              cleared from the request's start
 * lies within it        both                       cleared in between
 * overlaps its end      the beginning              cleared from the request's start
 * overlaps its begin    the end                    cleared up to the request's end
 * covers it             nothing                    cleared
 * ====================  =========================  ==============================
 *
 * What is left is a va of its own, as evicted, as writable and as sparse as the old one
 * was, and its entries are not touched. Where the request's border cuts a large leaf,
 * &gem_uma_vm_ops.unmap makes it smaller ones, out of the tables of the bind, which also say
 * how the rest is mapped.
 *
 * A mapping to the same object at the offset it would have anyway is no special case:
 * its entries are written again.
 */

/**
 * gem_uma_va_link() - list a va with its object
 * @va: va, in the tree
 * @vm_bo: object in the VM; NULL for a sparse range, which is in no list
 *
 * Context: resv of the object held.
 */
void gem_uma_va_link(struct gem_uma_va *va, struct drm_gpuvm_bo *vm_bo)
{
	if (!vm_bo)
		return;
	drm_gpuva_link(&va->base, vm_bo);
	if (!va->evicted)
		to_gem_uma_vm_bo(vm_bo)->live++;
}

/**
 * gem_uma_va_unlink() - undo gem_uma_va_link()
 * @va: va; may have the last reference of its vm_bo
 *
 * Context: resv of the VM and of the object held.
 */
void gem_uma_va_unlink(struct gem_uma_va *va)
{
	if (!va->base.vm_bo)
		return;
	if (!va->evicted)
		to_gem_uma_vm_bo(va->base.vm_bo)->live--;
	drm_gpuva_unlink(&va->base);
}

static struct gem_uma_va *gem_uma_vm_take_va(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_va *va = list_first_entry_or_null(&bind->spare, struct gem_uma_va, link);

	if (va)
		list_del(&va->link);
	return va;
}

/* The page tables may still point to the object, so it stays until the bind is over. */
static void gem_uma_vm_bury(struct gem_uma_vm_bind *bind, struct gem_uma_va *va)
{
	list_add(&va->link, &bind->dead);
}

static bool gem_uma_vm_op_sparse(const struct gem_uma_vm_op *op)
{
	return op->type == GEM_UMA_VM_SPARSE;
}

/**
 * gem_uma_vm_tree_map() - gpuvm step: insert the new mapping
 * @op: step
 * @priv: struct gem_uma_vm_bind
 *
 * Return: 0, or an error that only a bug causes.
 */
int gem_uma_vm_tree_map(struct drm_gpuva_op *op, void *priv)
{
	struct gem_uma_vm_bind *bind = priv;
	struct gem_uma_va *va = gem_uma_vm_take_va(bind);

	if (drm_WARN_ON_ONCE(bind->vm->base.drm, !va))
		return -ENOMEM;
	va->prot = bind->op->prot;
	va->evicted = !gem_uma_vm_op_sparse(bind->op) && !bind->step->resident;
	if (gem_uma_vm_op_sparse(bind->op))
		va->base.flags |= DRM_GPUVA_SPARSE;
	drm_gpuva_map(&bind->vm->base, &va->base, &op->map);
	gem_uma_va_link(va, bind->step->vm_bo);
	return 0;
}

static void gem_uma_vm_inherit(struct gem_uma_va *side, struct gem_uma_va *whole)
{
	side->prot = whole->prot;
	side->evicted = whole->evicted;
	side->base.flags = whole->base.flags;
	gem_uma_va_link(side, whole->base.vm_bo);
}

/**
 * gem_uma_vm_tree_remap() - gpuvm step: cut an old mapping
 * @op: step
 * @priv: struct gem_uma_vm_bind
 *
 * Return: 0, or an error that only a bug causes.
 */
int gem_uma_vm_tree_remap(struct drm_gpuva_op *op, void *priv)
{
	struct gem_uma_va *prev = NULL, *next = NULL, *old;
	struct drm_gpuva_op_remap *remap = &op->remap;
	struct gem_uma_vm_bind *bind = priv;

	old = to_gem_uma_va(remap->unmap->va);
	if (remap->prev) {
		prev = gem_uma_vm_take_va(bind);
		bind->step->tables.prot_before = old->prot;
	}
	if (remap->next) {
		next = gem_uma_vm_take_va(bind);
		bind->step->tables.prot_after = old->prot;
	}
	if (drm_WARN_ON_ONCE(bind->vm->base.drm,
			     (remap->prev && !prev) || (remap->next && !next)))
		return -ENOMEM;

	/* The old va is unlinked last: it holds the vm_bo that the new ones need. */
	if (old->base.gem.obj)
		drm_gem_object_get(old->base.gem.obj);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, remap);
	if (prev)
		gem_uma_vm_inherit(prev, old);
	if (next)
		gem_uma_vm_inherit(next, old);
	gem_uma_va_unlink(old);
	gem_uma_vm_bury(bind, old);
	return 0;
}

/**
 * gem_uma_vm_tree_unmap() - gpuvm step: remove an old mapping
 * @op: step
 * @priv: struct gem_uma_vm_bind
 *
 * Return: 0.
 */
int gem_uma_vm_tree_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct gem_uma_va *va = to_gem_uma_va(op->unmap.va);

	if (va->base.gem.obj)
		drm_gem_object_get(va->base.gem.obj);
	drm_gpuva_remove(&va->base);
	gem_uma_va_unlink(va);
	gem_uma_vm_bury(priv, va);
	/* User space may have bound millions. */
	cond_resched();
	return 0;
}

/* Is there anything to clear? Asks the tree as it was before the operation. */
static void gem_uma_vm_tree_look_locked(struct gem_uma_vm *vm, struct gem_uma_vm_step *step)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct drm_gpuva *va;

	drm_gpuvm_resv_assert_held(&vm->base);
	drm_gpuvm_for_each_va_range(va, &vm->base, step->va, step->va + step->range) {
		if (!to_gem_uma_va(va)->evicted) {
			step->clear = true;
			return;
		}
	}
}

static int gem_uma_vm_tree_change(struct gem_uma_vm_bind *bind, const struct gem_uma_vm_op *op)
{
	const struct drm_gpuvm_map_req req = {
		.map.va.addr = op->va,
		.map.va.range = op->range,
		.map.gem.obj = op->obj,
		.map.gem.offset = op->offset,
	};

	if (op->type == GEM_UMA_VM_UNMAP)
		return drm_gpuvm_sm_unmap(&bind->vm->base, bind, op->va, op->range);
	return drm_gpuvm_sm_map(&bind->vm->base, bind, &req);
}

/**
 * gem_uma_vm_tree_apply_locked() - enter an operation into the tree
 * @bind: bind, prepared
 * @op: one of its operations
 * @step: of @op; completed with what the tree knows
 *
 * Context: resv of the VM and of all objects held, and tree_lock.
 */
void gem_uma_vm_tree_apply_locked(struct gem_uma_vm_bind *bind, const struct gem_uma_vm_op *op,
				  struct gem_uma_vm_step *step)
{
	struct gem_uma_vm *vm = bind->vm;

	drm_gpuvm_resv_assert_held(&vm->base);
	lockdep_assert_held(&vm->tree_lock);
	bind->op = op;
	bind->step = step;
	gem_uma_vm_tree_look_locked(vm, step);
	drm_WARN_ON_ONCE(vm->base.drm, gem_uma_vm_tree_change(bind, op));
	if (!op->obj)
		return;
	/* The next validation brings the pages and the entries. */
	if (!step->resident && !step->vm_bo->evicted)
		drm_gpuvm_bo_evict(step->vm_bo, true);
}

/**
 * gem_uma_vm_tree_entered_locked() - the page tables are as the tree, as far as a bind goes
 * @bind: bind, or a validation, which has changed nothing in the tree
 *
 * Context: resv of the VM held.
 */
void gem_uma_vm_tree_entered_locked(struct gem_uma_vm_bind *bind)
{
	struct gem_uma_vm *vm = bind->vm;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (!vm->entering)
		return;
	mutex_lock(&vm->tree_lock);
	vm->entering = NULL;
	mutex_unlock(&vm->tree_lock);
}

/* Free vas that are in no tree, and put their objects, whose resvs are not held. */
void gem_uma_vm_free_dead(struct list_head *dead)
{
	struct gem_uma_va *va, *next;

	list_for_each_entry_safe(va, next, dead, link) {
		if (va->base.gem.obj)
			drm_gem_object_put(va->base.gem.obj);
		kfree(va);
		cond_resched();
	}
	INIT_LIST_HEAD(dead);
}
