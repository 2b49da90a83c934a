// SPDX-License-Identifier: GPL-2.0
/*
 * What user space would ask of an address space, and of the oracle beside it: an array
 * that says for each page what is to be there.
 */
#include "gem_uma_space.h"

static u64 space_va(struct space_vm *vm, unsigned long page)
{
	return vm->start + ((u64)page << SPACE_SHIFT);
}

struct gem_uma_vm_op space_map(struct space_vm *vm, unsigned long page, unsigned long nr,
			       struct space_bo *bo, unsigned long pgoff, u32 prot)
{
	return (struct gem_uma_vm_op) {
		.type = GEM_UMA_VM_MAP, .prot = prot, .va = space_va(vm, page),
		.range = (u64)nr << SPACE_SHIFT, .obj = &bo->base,
		.offset = (u64)pgoff << SPACE_SHIFT,
	};
}

struct gem_uma_vm_op space_unmap(struct space_vm *vm, unsigned long page, unsigned long nr)
{
	return (struct gem_uma_vm_op) {
		.type = GEM_UMA_VM_UNMAP, .va = space_va(vm, page),
		.range = (u64)nr << SPACE_SHIFT,
	};
}

struct gem_uma_vm_op space_sparse(struct space_vm *vm, unsigned long page, unsigned long nr,
				  u32 prot)
{
	return (struct gem_uma_vm_op) {
		.type = GEM_UMA_VM_SPARSE, .prot = prot, .va = space_va(vm, page),
		.range = (u64)nr << SPACE_SHIFT,
	};
}

static bool space_op_live(const struct gem_uma_vm_op *op)
{
	struct space_bo *bo;
	unsigned long end;

	if (!op->obj)
		return true;
	bo = to_space_bo(op->obj);
	end = (op->offset + op->range) >> SPACE_SHIFT;
	return find_next_zero_bit(bo->resident, end, op->offset >> SPACE_SHIFT) >= end;
}

/* A bind that has succeeded. */
static void space_apply(struct space_vm *vm, const struct gem_uma_vm_op *ops, u32 nr)
{
	for (; nr--; ops++) {
		unsigned long page = (ops->va - vm->start) >> SPACE_SHIFT, i;
		struct space_want want = {};

		want.live = space_op_live(ops);
		want.prot = ops->prot;
		if (ops->type == GEM_UMA_VM_MAP) {
			want.bo = to_space_bo(ops->obj);
			want.kind = SPACE_MEMORY;
		} else if (ops->type == GEM_UMA_VM_SPARSE) {
			want.kind = ops->prot & GEM_UMA_VM_DUMMY ? SPACE_DUMMY : SPACE_NULL;
		} else {
			want = (struct space_want) {};
		}
		for (i = 0; i < ops->range >> SPACE_SHIFT; i++) {
			want.pgoff = ops->obj ? (ops->offset >> SPACE_SHIFT) + i : 0;
			vm->want[page + i] = want;
		}
	}
}

static int space_bind_commit(struct space_vm *vm, const struct gem_uma_vm_op *ops, u32 nr,
			     struct dma_fence *dep, struct dma_fence **fence)
{
	struct gem_uma_vm_bind *bind = gem_uma_vm_bind_create(&vm->base, ops, nr);
	int ret;

	if (IS_ERR(bind))
		return PTR_ERR(bind);
	if (dep) {
		ret = gem_uma_vm_bind_add_dependency(bind, dma_fence_get(dep));
		if (ret) {
			gem_uma_vm_bind_destroy(bind);
			return ret;
		}
	}
	ret = gem_uma_vm_bind_commit(bind, fence);
	if (!ret)
		space_apply(vm, ops, nr);
	return ret;
}

/* Bind and wait. */
int space_bind(struct space_vm *vm, const struct gem_uma_vm_op *ops, u32 nr)
{
	return space_bind_commit(vm, ops, nr, NULL, NULL);
}

int space_bind_one(struct space_vm *vm, struct gem_uma_vm_op op)
{
	return space_bind(vm, &op, 1);
}

/* As the driver does for user space. */
int space_bind_direct_by(struct space_vm *vm, struct gem_uma_vm_op op, bool interruptible)
{
	struct gem_uma_vm_bind *bind = gem_uma_vm_bind_create(&vm->base, &op, 1);
	int ret = IS_ERR(bind) ? PTR_ERR(bind) :
		  gem_uma_vm_bind_commit_direct(bind, interruptible);

	if (!ret)
		space_apply(vm, &op, 1);
	return ret;
}

/* As the driver does for its own buffers. */
int space_bind_direct(struct space_vm *vm, struct gem_uma_vm_op op)
{
	return space_bind_direct_by(vm, op, false);
}

/* Bind when a fence is signalled. @dep: fence, or NULL. */
int space_bind_async(struct space_vm *vm, const struct gem_uma_vm_op *ops, u32 nr,
		     struct dma_fence *dep, struct dma_fence **fence)
{
	return space_bind_commit(vm, ops, nr, dep, fence);
}

/* What the tree says of eviction is the truth, where a failure came in between. */
void space_forget(struct space_vm *vm)
{
	struct drm_gpuva *va;
	unsigned long i;

	drm_gpuvm_for_each_va(va, &vm->base.base)
		for (i = 0; i < va->va.range >> SPACE_SHIFT; i++)
			vm->want[((va->va.addr - vm->start) >> SPACE_SHIFT) + i].live =
				!to_gem_uma_va(va)->evicted;
}

static void space_all_live(struct space_vm *vm)
{
	unsigned long i;

	for (i = 0; i < vm->pages; i++)
		vm->want[i].live = true;
}

/* What a job does before it runs. @fence: what the job has to wait for, or NULL. */
int space_validate(struct space_vm *vm, struct dma_fence **fence)
{
	struct gem_uma_vm_exec lock;
	int ret;

	*fence = NULL;
	ret = gem_uma_vm_lock_all(&lock, &vm->base, 1);
	if (ret)
		return ret;
	ret = gem_uma_vm_active_get_locked(&vm->base);
	if (ret) {
		gem_uma_vm_unlock(&lock);
		return ret;
	}
	ret = gem_uma_vm_validate_locked(&vm->base, &lock.exec, fence);
	if (ret)
		space_forget(vm);
	else
		space_all_live(vm);
	gem_uma_vm_unlock(&lock);
	gem_uma_vm_active_put(&vm->base);
	return ret;
}

bool space_is_mapped(struct space_bo *bo)
{
	guard(gem_uma_resv)(bo->base.resv);
	return gem_uma_vm_bo_vms_locked(&bo->base);
}
