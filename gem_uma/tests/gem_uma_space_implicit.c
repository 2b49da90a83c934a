// SPDX-License-Identifier: GPL-2.0
/*
 * Address spaces where the kernel chooses the addresses, and what a driver does there for
 * a job.
 *
 * The oracle cannot know an address before the kernel has chosen it: it takes from the tree
 * where objects are, and page tables are checked against that. Which objects are there is
 * what tests know.
 */
#include "gem_uma_space.h"

/* More than any test asks for at once. */
#define SPACE_IMPLICITS	SPACE_BOS

/*
 * An address space of the implicit path that the caller closes. Returns the space, or an
 * ERR_PTR.
 */
struct space_vm *space_implicit_vm_alloc(struct space_room *room,
					 const struct gem_uma_vm_geometry *geometry, u64 start,
					 unsigned long pages)
{
	struct space_vm *vm = space_vm_alloc(room, geometry, start, pages);
	int ret;

	if (IS_ERR(vm))
		return vm;
	ret = gem_uma_vm_implicit_init(&vm->base);
	if (!ret)
		return vm;
	space_vm_free(vm);
	return ERR_PTR(ret);
}

/* The same, closed at the end of the test at the latest. */
struct space_vm *space_implicit_vm_create(struct space_room *room,
					  const struct gem_uma_vm_geometry *geometry,
					  unsigned long pages)
{
	struct space_vm *vm = space_vm_create(room, geometry, pages);

	KUNIT_ASSERT_EQ(room->test, gem_uma_vm_implicit_init(&vm->base), 0);
	return vm;
}

/*
 * Let the oracle know where objects are now. @vm: space of the implicit path, in which
 * nothing is going on. Each has to be there as a whole, once, and writable.
 */
void space_adopt(struct space_vm *vm)
{
	struct space_want want = { .kind = SPACE_MEMORY };
	struct drm_gpuva *va;
	unsigned long page, i;

	memset(vm->want, 0, vm->pages * sizeof(*vm->want));
	dma_resv_lock(drm_gpuvm_resv(&vm->base.base), NULL);
	drm_gpuvm_for_each_va(va, &vm->base.base) {
		if (!va->gem.obj || va->gem.offset || va->va.range != va->gem.obj->size ||
		    to_gem_uma_va(va)->prot) {
			space_error(vm->room, "not an object as a whole");
			continue;
		}
		want.bo = to_space_bo(va->gem.obj);
		want.live = !to_gem_uma_va(va)->evicted;
		page = (va->va.addr - vm->start) >> SPACE_SHIFT;
		for (i = 0; i < want.bo->pages; i++) {
			want.pgoff = i;
			vm->want[page + i] = want;
		}
	}
	dma_resv_unlock(drm_gpuvm_resv(&vm->base.base));
}

/* What jobs are told is where the tree has it. */
static void space_implicit_expect(struct space_vm *vm, struct space_bo *const *bos, u32 nr,
				  struct gem_uma_vm_implicit **ims)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		u64 page = (gem_uma_vm_implicit_address(ims[i]) - vm->start) >> SPACE_SHIFT;

		if (page >= vm->pages || vm->want[page].bo != bos[i] || vm->want[page].pgoff)
			space_error(vm->room, "the address is not that of the object");
	}
}

/* Give objects their addresses, for a job. */
int space_implicit_get(struct space_vm *vm, struct space_bo *const *bos, u32 nr,
		       struct gem_uma_vm_implicit **ims)
{
	struct gem_uma_vm_users *users[SPACE_IMPLICITS];
	int ret;
	u32 i;

	if (WARN_ON_ONCE(nr > SPACE_IMPLICITS))
		return -E2BIG;
	for (i = 0; i < nr; i++)
		users[i] = &bos[i]->users;
	ret = gem_uma_vm_implicit_get(&vm->base, users, nr, ims);
	space_adopt(vm);
	if (ret)
		return ret;
	vm->implicits += nr;
	space_implicit_expect(vm, bos, nr, ims);
	return 0;
}

/* The job has ended. @vm: space, of which there is a reference. */
void space_implicit_put(struct space_vm *vm, struct gem_uma_vm_implicit *const *ims, u32 nr)
{
	vm->implicits -= nr;
	while (nr--)
		gem_uma_vm_implicit_put(ims[nr]);
	space_adopt(vm);
}

struct space_objs {
	struct space_bo *const *bos;
	u32 nr;
};

static int space_implicit_lock_objs(struct gem_uma_vm_exec *lock, void *data)
{
	struct space_objs *objs = data;
	int ret = 0;
	u32 i;

	for (i = 0; i < objs->nr && !ret; i++)
		ret = gem_uma_vm_lock_obj(lock, &objs->bos[i]->base);
	return ret;
}

/* What a job does before it runs. */
int space_implicit_validate(struct space_vm *vm, struct space_bo *const *bos, u32 nr,
			    struct gem_uma_vm_implicit **ims)
{
	struct space_objs objs = { bos, nr };
	struct gem_uma_vm_exec lock;
	int ret;

	ret = gem_uma_vm_lock(&lock, &vm->base, false, 1, space_implicit_lock_objs, &objs);
	if (!ret) {
		ret = gem_uma_vm_implicit_validate_locked(&vm->base, &lock.exec, ims, nr);
		gem_uma_vm_unlock(&lock);
	}
	space_adopt(vm);
	return ret;
}

/* Does an object have an address in a space? */
bool space_is_bound(struct space_vm *vm, struct space_bo *bo)
{
	struct drm_gpuva *va;
	bool bound = false;

	dma_resv_lock(drm_gpuvm_resv(&vm->base.base), NULL);
	drm_gpuvm_for_each_va(va, &vm->base.base)
		bound |= va->gem.obj == &bo->base;
	dma_resv_unlock(drm_gpuvm_resv(&vm->base.base));
	return bound;
}
