// SPDX-License-Identifier: GPL-2.0
/*
 * Objects for address spaces, without memory. What the driver says of them is what the
 * test has decided.
 */
#include <linux/bitmap.h>

#include "gem_uma_space.h"

int space_op_populate(struct drm_gem_object *obj, u64 offset, u64 size,
		      enum dma_data_direction dir)
{
	struct space_bo *bo = to_space_bo(obj);
	int ret;

	dma_resv_assert_held(obj->resv);
	bo->populates++;
	ret = space_fails(bo->room, SPACE_POPULATE);
	if (!ret)
		bitmap_set(bo->resident, offset >> SPACE_SHIFT, size >> SPACE_SHIFT);
	if (!ret && dir != DMA_TO_DEVICE)
		bitmap_set(bo->written, offset >> SPACE_SHIFT, size >> SPACE_SHIFT);
	return ret;
}

bool space_op_is_resident(struct drm_gem_object *obj, u64 offset, u64 size,
			  enum dma_data_direction dir)
{
	unsigned long start = offset >> SPACE_SHIFT, end = (offset + size) >> SPACE_SHIFT;
	struct space_bo *bo = to_space_bo(obj);

	dma_resv_assert_held(obj->resv);
	if (find_next_zero_bit(bo->resident, end, start) < end)
		return false;
	/* What is resident here can be written; note that the VM part says so. */
	if (dir != DMA_TO_DEVICE)
		bitmap_set(bo->written, start, end - start);
	return true;
}

int space_op_run(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr, u64 *len)
{
	unsigned long first = offset >> SPACE_SHIFT, nr = size >> SPACE_SHIFT, i = 1;
	struct space_bo *bo = to_space_bo(obj);

	dma_resv_assert_held(obj->resv);
	if (!nr || first >= bo->pages || nr > bo->pages - first ||
	    !space_op_is_resident(obj, offset, size, DMA_TO_DEVICE)) {
		space_error(bo->room, "asked for the address of what is not there");
		return -EFAULT;
	}
	while (i < nr && bo->addr[first + i] == bo->addr[first] + i * SPACE_PAGE)
		i++;
	*addr = bo->addr[first];
	*len = i * SPACE_PAGE;
	return space_fails(bo->room, SPACE_RUN);
}

void space_op_changed(struct drm_gem_object *obj)
{
	dma_resv_assert_held(obj->resv);
	to_space_bo(obj)->changes++;
}

static void space_bo_release(struct space_bo *bo)
{
	bitmap_free(bo->resident);
	bitmap_free(bo->written);
	kvfree(bo->addr);
	kfree(bo);
}

static void space_bo_free(struct drm_gem_object *obj)
{
	struct space_bo *bo = to_space_bo(obj);
	struct space_room *room = bo->room;
	struct drm_gem_object *r_obj = bo->r_obj;

	space_expect_not_signalling(room, "an object is freed in a signalling section");
	if (!list_empty(&obj->gpuva.list))
		space_error(room, "an object is freed while it is mapped");
	if (bo->freed_by)
		WRITE_ONCE(*bo->freed_by, current);
	obj->import_attach = NULL;
	drm_gem_object_release(obj);
	dma_resv_fini(&bo->resv);
	space_bo_release(bo);
	if (r_obj)
		drm_gem_object_put(r_obj);
	atomic_dec(&room->live);
}

static const struct drm_gem_object_funcs space_bo_funcs = {
	.free = space_bo_free,
};

/* Where the memory is, from now on: nowhere it ever was. */
static void space_bo_lay_out(struct space_bo *bo)
{
	struct space_room *room = bo->room;
	unsigned long i, left = 0;
	u64 addr = 0;

	for (i = 0; i < bo->pages; i++, left--, addr += SPACE_PAGE) {
		if (!left) {
			bool first = !i || bo->layout == SPACE_SCATTERED;

			left = bo->layout == SPACE_SCATTERED ? 1 + space_random(room, 40) :
							       bo->pages;
			if (first)
				addr = room->next_addr;
			if (bo->layout == SPACE_ODD)
				addr += SPACE_PAGE;
			if (bo->layout == SPACE_SCATTERED && space_random(room, 2))
				addr += (i % 16) << SPACE_SHIFT;
			room->next_addr = ALIGN(addr + ((u64)left << SPACE_SHIFT), SZ_2M) + SZ_2M;
		}
		bo->addr[i] = addr;
	}
}

struct space_bo *space_bo_alloc(struct space_room *room, unsigned long pages,
				enum space_layout layout, struct space_vm *private)
{
	struct space_bo *bo = kzalloc_obj(*bo, GFP_KERNEL);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->room = room;
	bo->layout = layout;
	bo->pages = pages;
	bo->addr = kvcalloc(pages, sizeof(*bo->addr), GFP_KERNEL);
	bo->resident = bitmap_zalloc(pages, GFP_KERNEL);
	bo->written = bitmap_zalloc(pages, GFP_KERNEL);
	if (!bo->addr || !bo->resident || !bo->written) {
		space_bo_release(bo);
		return ERR_PTR(-ENOMEM);
	}
	dma_resv_init(&bo->resv);
	bo->base.funcs = &space_bo_funcs;
	if (private) {
		bo->r_obj = gem_uma_vm_resv_object(&private->base);
		drm_gem_object_get(bo->r_obj);
		bo->base.resv = bo->r_obj->resv;
	}
	drm_gem_private_object_init(&room->mock->drm, &bo->base, (u64)pages << SPACE_SHIFT);
	gem_uma_vm_users_init(&bo->users, &bo->base);
	space_bo_lay_out(bo);
	bitmap_fill(bo->resident, pages);
	atomic_inc(&room->live);
	return bo;
}

static void space_bo_drop(void *data)
{
	struct space_bo *bo = data;

	drm_gem_object_put(&bo->base);
}

static struct space_bo *space_bo_register(struct space_room *room, struct space_bo *bo)
{
	KUNIT_ASSERT_NOT_ERR_OR_NULL(room->test, bo);
	KUNIT_ASSERT_EQ(room->test, 0, kunit_add_action_or_reset(room->test, space_bo_drop, bo));
	return bo;
}

/* An object that is resident, and the test's until its end. */
struct space_bo *space_bo_create(struct space_room *room, unsigned long pages,
				 enum space_layout layout)
{
	return space_bo_register(room, space_bo_alloc(room, pages, layout, NULL));
}

/* The same, and private to a space. */
struct space_bo *space_bo_private(struct space_vm *vm, unsigned long pages,
				  enum space_layout layout)
{
	return space_bo_register(vm->room, space_bo_alloc(vm->room, pages, layout, vm));
}

/* Somebody else's buffer, with that one's resv. */
struct space_bo *space_bo_import(struct space_room *room, unsigned long pages,
				 enum space_layout layout)
{
	struct space_bo *bo = space_bo_create(room, pages, layout);

	bo->base.resv = &bo->resv;
	bo->base.import_attach = &bo->attach;
	return bo;
}

/* Drop the test's reference. */
void space_bo_put(struct space_bo *bo)
{
	kunit_release_action(bo->room->test, space_bo_drop, bo);
}

/*
 * Take the memory of an object away, as reclaim does. Returns 0, or -EBUSY when that is not
 * possible.
 */
int space_evict(struct space_bo *bo)
{
	struct space_vm *vm;
	unsigned long i;
	int ret = -EBUSY;

	if (bo->base.import_attach)
		return ret;
	dma_resv_lock(bo->base.resv, NULL);
	if (dma_resv_test_signaled(bo->base.resv, DMA_RESV_USAGE_BOOKKEEP))
		ret = gem_uma_vm_bo_evict_locked(&bo->base);
	if (!ret) {
		if (gem_uma_vm_bo_vms_locked(&bo->base))
			space_error(bo->room, "mapped after it was evicted");
		bitmap_zero(bo->resident, bo->pages);
		space_bo_lay_out(bo);
		for (vm = bo->room->vms; vm; vm = vm->next)
			for (i = 0; i < vm->pages; i++)
				if (vm->want[i].bo == bo)
					vm->want[i].live = false;
	}
	dma_resv_unlock(bo->base.resv);
	return ret;
}

/* The memory comes back, as by a fault of the CPU; page tables do not change. */
int space_populate(struct space_bo *bo)
{
	guard(gem_uma_resv)(bo->base.resv);
	return space_op_populate(&bo->base, 0, bo->base.size, DMA_TO_DEVICE);
}
