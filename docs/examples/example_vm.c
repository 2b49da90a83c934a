// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest driver with GPU address spaces: turn-key objects, and a device whose page
 * table is one array of entries for 256 MiB of addresses. What is missing to make it run
 * is the uAPI, and the device.
 */
#include <linux/dma-resv.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_vm.h>

#define GPU_VA_END	SZ_256M
#define GPU_PTE_VALID	BIT_ULL(0)
#define GPU_PTE_WRITE	BIT_ULL(1)

struct gpu_vm {
	struct gem_uma_vm base;
	u64 *entries;
	void __iomem *flush_reg;
};

#define to_gpu_vm(vm)	container_of(vm, struct gpu_vm, base)

/* There is one table, and it is always there. */
static int gpu_alloc_tables(struct gem_uma_vm *vm, struct gem_uma_vm_tables *tables,
			    unsigned long nr)
{
	return 0;
}

static void gpu_free_tables(struct gem_uma_vm *vm, struct gem_uma_vm_tables *tables)
{
}

static int gpu_map(struct gem_uma_vm *vm, u64 va, dma_addr_t addr, u64 len, u64 leaf,
		   u32 prot, struct gem_uma_vm_tables *tables)
{
	u64 bits = GPU_PTE_VALID | (prot & GEM_UMA_VM_READONLY ? 0 : GPU_PTE_WRITE);
	u64 at;

	for (at = 0; at < len; at += leaf)
		WRITE_ONCE(to_gpu_vm(vm)->entries[(va + at) / leaf], (addr + at) | bits);
	return 0;
}

static int gpu_unmap(struct gem_uma_vm *vm, u64 va, u64 len, struct gem_uma_vm_tables *tables)
{
	memset(&to_gpu_vm(vm)->entries[va / SZ_4K], 0, len / SZ_4K * sizeof(u64));
	return 0;
}

static int gpu_flush(struct gem_uma_vm *vm, u64 va, u64 len)
{
	writel(1, to_gpu_vm(vm)->flush_reg);
	return 0;
}

/* What a turn-key object has for each question. */
static int gpu_populate(struct drm_gem_object *obj, u64 offset, u64 size,
			enum dma_data_direction dir)
	__must_hold(obj->resv)
{
	return gem_uma_object_populate_locked(to_gem_uma_object(obj), offset, size, dir);
}

static bool gpu_is_resident(struct drm_gem_object *obj, u64 offset, u64 size,
			    enum dma_data_direction dir)
	__must_hold(obj->resv)
{
	return gem_uma_object_is_resident_locked(to_gem_uma_object(obj), offset, size, dir);
}

static int gpu_run(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr, u64 *len)
	__must_hold(obj->resv)
{
	return gem_uma_dev_map_bytes_locked(&to_gem_uma_object(obj)->dev_map, offset, size, addr,
					    len);
}

static void gpu_changed(struct drm_gem_object *obj)
	__must_hold(obj->resv)
{
	gem_uma_object_update_locked(to_gem_uma_object(obj));
}

static void gpu_vm_free(struct gem_uma_vm *vm)
{
	kvfree(to_gpu_vm(vm)->entries);
	kfree(to_gpu_vm(vm));
}

static const struct gem_uma_vm_ops gpu_vm_ops = {
	.alloc_tables = gpu_alloc_tables,
	.free_tables = gpu_free_tables,
	.map = gpu_map,
	.unmap = gpu_unmap,
	.flush = gpu_flush,
	.populate = gpu_populate,
	.is_resident = gpu_is_resident,
	.run = gpu_run,
	.changed = gpu_changed,
	.free = gpu_vm_free,
};

static const struct gem_uma_vm_geometry gpu_geometry = {
	.leaves = SZ_4K,
	.levels = 1,
	.shift = { 12 },
};

static unsigned int gpu_bo_dev_mapped(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	return gem_uma_vm_bo_vms_locked(&uobj->base);
}

static int gpu_bo_evict(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv)
{
	return gem_uma_vm_bo_evict_locked(&uobj->base);
}

static const struct gem_uma_object_ops gpu_bo_ops = {
	.dev_mapped = gpu_bo_dev_mapped,
	.evict = gpu_bo_evict,
};

struct drm_gem_object *gpu_bo_create(struct gem_uma_device *udev, u64 size);
struct drm_gem_object *gpu_bo_create(struct gem_uma_device *udev, u64 size)
{
	struct gem_uma_object *uobj = kzalloc_obj(*uobj, GFP_KERNEL);
	int ret;

	if (!uobj)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init(uobj, udev, size, 0, &gpu_bo_ops);
	if (ret) {
		kfree(uobj);
		return ERR_PTR(ret);
	}
	return &uobj->base;
}

struct gem_uma_vm *gpu_vm_create(struct drm_device *drm, void __iomem *flush_reg);
struct gem_uma_vm *gpu_vm_create(struct drm_device *drm, void __iomem *flush_reg)
{
	struct gpu_vm *vm = kzalloc_obj(*vm, GFP_KERNEL);
	int ret = -ENOMEM;

	if (!vm)
		return ERR_PTR(ret);
	vm->flush_reg = flush_reg;
	vm->entries = kvcalloc(GPU_VA_END / SZ_4K, sizeof(u64), GFP_KERNEL);
	if (vm->entries)
		ret = gem_uma_vm_init(&vm->base, "gpu", drm, &gpu_vm_ops, &gpu_geometry,
				      SZ_4K, GPU_VA_END);
	if (ret) {
		kvfree(vm->entries);
		kfree(vm);
		return ERR_PTR(ret);
	}
	return &vm->base;
}

/* An asynchronous map, after @in; the result is signalled when it was done. */
struct dma_fence *gpu_vm_map(struct gem_uma_vm *vm, u64 va, struct drm_gem_object *obj,
			     struct dma_fence *in);
struct dma_fence *gpu_vm_map(struct gem_uma_vm *vm, u64 va, struct drm_gem_object *obj,
			     struct dma_fence *in)
{
	const struct gem_uma_vm_op op = {
		.type = GEM_UMA_VM_MAP, .va = va, .range = obj->size, .obj = obj,
	};
	struct gem_uma_vm_bind *bind = gem_uma_vm_bind_create(vm, &op, 1);
	struct dma_fence *out;
	int ret;

	if (IS_ERR(bind))
		return ERR_CAST(bind);
	ret = gem_uma_vm_bind_add_dependency(bind, dma_fence_get(in));
	if (ret) {
		gem_uma_vm_bind_destroy(bind);
		return ERR_PTR(ret);
	}
	ret = gem_uma_vm_bind_commit(bind, &out);
	return ret ? ERR_PTR(ret) : out;
}

/*
 * A job: @start gets a fence to wait for, or NULL, and returns that of the job. When it
 * has ended, gem_uma_vm_active_put() is due.
 */
int gpu_vm_submit(struct gem_uma_vm *vm, struct dma_fence *(*start)(struct dma_fence *wait));
int gpu_vm_submit(struct gem_uma_vm *vm, struct dma_fence *(*start)(struct dma_fence *wait))
{
	struct gem_uma_vm_exec lock;
	struct dma_fence *wait;
	int ret;

	ret = gem_uma_vm_lock_all(&lock, vm, 2);
	if (ret)
		return ret;
	drm_gpuvm_resv_assert_held(&vm->base);
	ret = gem_uma_vm_validate_locked(vm, &lock.exec, &wait);
	if (!ret) {
		ret = gem_uma_vm_active_get_locked(vm);
		if (!ret)
			drm_gpuvm_resv_add_fence(&vm->base, &lock.exec, start(wait),
						 DMA_RESV_USAGE_BOOKKEEP,
						 DMA_RESV_USAGE_BOOKKEEP);
		dma_fence_put(wait);
	}
	gem_uma_vm_unlock(&lock);
	return ret;
}

MODULE_DESCRIPTION("Example of GPU address spaces with gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
