// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps: address space of a VM that gets memory when a job accesses it.
 *
 * They live in the half of the address space that VM_BIND cannot reach, so neither ever
 * meets the other's page tables. Growing is the library's; here are the page tables, and
 * what a fault of the engine means.
 */

#include <linux/dma-direct.h>
#include <linux/kref.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/gem_uma/gem_uma_heap.h>

#include "vuma_drv.h"
#include "vuma_heap.h"
#include "vuma_job.h"
#include "vuma_vm.h"

/* Tables that a granule can need below the root. */
#define VUMA_HEAP_TABLES	3

/**
 * struct vuma_heap - one heap
 */
struct vuma_heap {
	/** @base: the library's part. */
	struct gem_uma_heap base;
	/** @vm: where it is; goes after it. */
	struct vuma_vm *vm;
	/** @kref: one until HEAP_DESTROY, one for each submit that prepares it. */
	struct kref kref;
	/** @slot: its place among the heaps of @vm. */
	unsigned int slot;
	/** @dead: no access finds it any more; guarded by &vuma_heaps.lock. */
	bool dead;
	/** @spare: tables for a fault that gets none; guarded by &vuma_heaps.lock. */
	struct gem_uma_heap_tables spare;
};

#define to_vuma_heap(heap)	container_of(heap, struct vuma_heap, base)

/**
 * struct vuma_heaps - the heaps of a VM
 */
struct vuma_heaps {
	/**
	 * @lock: guards @slots. Held while the engine lets a heap grow: nothing is waited
	 * for under it.
	 */
	struct mutex lock;
	/** @slots: a heap that is being destroyed keeps its place, and so its addresses. */
	struct vuma_heap *slots[VUMA_MAX_HEAPS];
	/** @jobs: of the VM, queued or running, since it has heaps. */
	struct gem_uma_reserve_jobs jobs;
};

static u64 vuma_heap_va(const struct vuma_heap *heap)
{
	return VUMA_HEAP_START + heap->slot * VUMA_HEAP_WINDOW;
}

static void vuma_heap_free_tables(struct gem_uma_heap *base, struct gem_uma_heap_tables *tables)
{
	struct gem_uma_vm_tables pool = { .first = tables->first };

	vuma_pt_pool_drain(&pool);
	tables->first = NULL;
}

/* Without waiting, under the lock of the heaps; else outside of it. */
static int vuma_heap_alloc_tables(struct gem_uma_heap *base, struct gem_uma_heap_tables *tables,
				  gfp_t gfp)
{
	struct vuma_heap *heap = to_vuma_heap(base);
	struct gem_uma_vm_tables pool = {};
	int ret = vuma_pt_pool_fill(&pool, VUMA_HEAP_TABLES, gfp);

	tables->first = pool.first;
	if (!ret || gfpflags_allow_blocking(gfp) || !heap->spare.first)
		return ret;
	lockdep_assert_held(&heap->vm->heaps->lock);
	swap(*tables, heap->spare);
	return 0;
}

static int vuma_heap_map(struct gem_uma_heap *base, u64 offset, dma_addr_t addr, u64 size,
			 struct gem_uma_heap_tables *tables)
{
	struct vuma_heap *heap = to_vuma_heap(base);
	struct vuma_vm *vm = heap->vm;
	unsigned long pfn = PHYS_PFN(dma_to_phys(drm_dev_dma_dev(vm->base.base.drm), addr));
	u64 leaf = IS_ALIGNED(size, SZ_2M) ? SZ_2M : IS_ALIGNED(size, SZ_64K) ? SZ_64K : SZ_4K;
	struct gem_uma_vm_tables pool = { .first = tables->first };
	int ret;

	mutex_lock(&vm->access_lock);
	ret = vuma_mmu_map(&vm->mmu, vuma_heap_va(heap) + offset, pfn, size >> PAGE_SHIFT,
			   leaf, true, &pool);
	mutex_unlock(&vm->access_lock);
	tables->first = pool.first;
	return ret;
}

static void vuma_heap_unmap(struct gem_uma_heap *base, u64 offset, u64 size)
{
	struct vuma_heap *heap = to_vuma_heap(base);
	struct vuma_vm *vm = heap->vm;

	/* Granules have leaves of their own, so none is cut. */
	guard(mutex)(&vm->access_lock);
	vuma_mmu_unmap(&vm->mmu, vuma_heap_va(heap) + offset, size, NULL);
}

static const struct gem_uma_heap_ops vuma_heap_ops = {
	.alloc_tables = vuma_heap_alloc_tables,
	.free_tables = vuma_heap_free_tables,
	.map = vuma_heap_map,
	.unmap = vuma_heap_unmap,
};

/**
 * vuma_heap_device_init - prepare a device for heaps
 * @vdev: the device
 * @udev: what the library knows of it
 *
 * Return: 0 or -ENOMEM.
 */
int vuma_heap_device_init(struct vuma_device *vdev, struct gem_uma_device *udev)
{
	struct gem_uma_reserve *reserve = drmm_kzalloc(&vdev->drm, sizeof(*reserve), GFP_KERNEL);
	int ret;

	if (!reserve)
		return -ENOMEM;
	ret = gem_uma_reserve_init(reserve, udev);
	if (!ret)
		vdev->reserve = reserve;
	return ret;
}

/**
 * vuma_heap_device_unplug - the hardware went away: heaps lose their memory
 * @vdev: the device, whose engine has stopped
 */
void vuma_heap_device_unplug(struct vuma_device *vdev)
{
	gem_uma_reserve_unplug(vdev->reserve);
}

/**
 * vuma_heap_debugfs_init - show the ladder, and let tests block its rungs
 * @vdev: the device
 * @root: its directory
 */
void vuma_heap_debugfs_init(struct vuma_device *vdev, struct dentry *root)
{
	gem_uma_reserve_debugfs_init(vdev->reserve, root);
}

static struct vuma_heap *vuma_heaps_get(struct vuma_heaps *heaps, unsigned int slot)
{
	struct vuma_heap *heap;

	guard(mutex)(&heaps->lock);
	heap = heaps->slots[slot];
	if (!heap || heap->dead)
		return NULL;
	kref_get(&heap->kref);
	return heap;
}

/* No access finds it, so nobody grows it. */
static void vuma_heap_release(struct kref *kref)
{
	struct vuma_heap *heap = container_of(kref, struct vuma_heap, kref);
	struct vuma_heaps *heaps = heap->vm->heaps;

	gem_uma_heap_fini(&heap->base);
	vuma_heap_free_tables(&heap->base, &heap->spare);
	scoped_guard(mutex, &heaps->lock)
		heaps->slots[heap->slot] = NULL;
	kfree(heap);
}

static void vuma_heap_put(struct vuma_heap *heap)
{
	kref_put(&heap->kref, vuma_heap_release);
}

/* The caller has the reference of the one who created it. */
static struct vuma_heap *vuma_heaps_kill(struct vuma_heaps *heaps, unsigned int slot)
{
	struct vuma_heap *heap;

	guard(mutex)(&heaps->lock);
	heap = heaps->slots[slot];
	if (!heap || heap->dead)
		return NULL;
	heap->dead = true;
	return heap;
}

/* The last chance of a fault to get page tables. */
static int vuma_heap_fill_spare(struct vuma_heap *heap)
{
	struct vuma_heaps *heaps = heap->vm->heaps;
	struct gem_uma_vm_tables pool = {};
	int ret;

	if (READ_ONCE(heap->spare.first))
		return 0;
	ret = vuma_pt_pool_fill(&pool, VUMA_HEAP_TABLES,
				VUMA_GFP_TABLES);
	if (ret)
		return ret;
	scoped_guard(mutex, &heaps->lock)
		swap(heap->spare.first, pool.first);
	vuma_pt_pool_drain(&pool);
	return 0;
}

static int vuma_heaps_prepare_all(struct vuma_job *job)
{
	struct vuma_heaps *heaps = job->vm->heaps;
	struct vuma_heap *heap;
	int ret = 0, idx;
	unsigned int i;

	if (!drm_dev_enter(&job->vdev->drm, &idx))
		return -ENODEV;
	gem_uma_reserve_active_get(job->vdev->reserve, &heaps->jobs);
	/* Undone with the job. */
	job->heaps = true;
	for (i = 0; i < VUMA_MAX_HEAPS && !ret; i++) {
		heap = vuma_heaps_get(heaps, i);
		if (!heap)
			continue;
		ret = vuma_heap_fill_spare(heap);
		if (!ret)
			ret = gem_uma_heap_prepare(&heap->base);
		vuma_heap_put(heap);
	}
	drm_dev_exit(idx);
	return ret;
}

/**
 * vuma_heaps_prepare - let the heaps of a VM have what a job will need
 * @job: the job
 *
 * Context: may sleep, and wait for memory.
 * Return: 0; -EIO if the VM is lost; -ENODEV; as gem_uma_heap_prepare().
 */
int vuma_heaps_prepare(struct vuma_job *job)
{
	if (READ_ONCE(job->vm->lost))
		return -EIO;
	/* Pairs with the release in vuma_heaps_of(). */
	if (!smp_load_acquire(&job->vm->heaps))
		return 0;
	return vuma_heaps_prepare_all(job);
}

/**
 * vuma_heaps_done - undo vuma_heaps_prepare()
 * @job: the job, which has ended or never will begin
 */
void vuma_heaps_done(struct vuma_job *job)
{
	if (job->heaps)
		gem_uma_reserve_active_put(job->vdev->reserve, &job->vm->heaps->jobs);
	job->heaps = false;
}

/**
 * vuma_heap_fault - the engine accessed what is not mapped
 * @vm: the VM
 * @va: the address
 * @render: set to true if the engine can work off what is in the heap, and go on
 *
 * Context: in the signalling section of a job; takes locks under which nobody waits.
 * Return: DRM_VUMA_FAULT_NONE if it is mapped now; else how the job fails.
 */
enum drm_vuma_fault vuma_heap_fault(struct vuma_vm *vm, u64 va, bool *render)
{
	/* Pairs with the release in vuma_heaps_of(). */
	struct vuma_heaps *heaps = smp_load_acquire(&vm->heaps);
	struct vuma_heap *heap;

	if (!heaps || !vuma_heap_range_valid(va, sizeof(u64)))
		return DRM_VUMA_FAULT_UNMAPPED;
	guard(mutex)(&heaps->lock);
	heap = heaps->slots[(va - VUMA_HEAP_START) / VUMA_HEAP_WINDOW];
	if (!heap || heap->dead)
		return DRM_VUMA_FAULT_UNMAPPED;
	switch (gem_uma_heap_grow(&heap->base, va - vuma_heap_va(heap))) {
	case GEM_UMA_HEAP_GROWN:
		return DRM_VUMA_FAULT_NONE;
	case GEM_UMA_HEAP_RENDER:
		*render = true;
		return DRM_VUMA_FAULT_HEAP;
	case GEM_UMA_HEAP_FAIL_JOB:
		return DRM_VUMA_FAULT_HEAP;
	case GEM_UMA_HEAP_LOSE_DEVICE:
		break;
	}
	WRITE_ONCE(vm->lost, true);
	return DRM_VUMA_FAULT_LOST;
}

/**
 * vuma_heaps_fini - destroy the heaps of a VM that nobody uses any more
 * @vm: the VM
 */
void vuma_heaps_fini(struct vuma_vm *vm)
{
	struct vuma_heaps *heaps = vm->heaps;
	unsigned int i;

	if (!heaps)
		return;
	for (i = 0; i < VUMA_MAX_HEAPS; i++)
		if (heaps->slots[i])
			vuma_heap_put(heaps->slots[i]);
	mutex_destroy(&heaps->lock);
	kfree(heaps);
	vm->heaps = NULL;
}

/* Makes room for heaps when the first is created. */
static struct vuma_heaps *vuma_heaps_of(struct vuma_vm *vm)
{
	/* Pairs with the release below. */
	struct vuma_heaps *heaps = smp_load_acquire(&vm->heaps), *old;

	if (heaps)
		return heaps;
	heaps = kzalloc(sizeof(*heaps), GFP_KERNEL_ACCOUNT);
	if (!heaps)
		return NULL;
	mutex_init(&heaps->lock);
	/* Fences wait for it. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&heaps->lock);
	fs_reclaim_release(GFP_KERNEL);
	/* A full barrier: others see it initialized. */
	old = cmpxchg(&vm->heaps, NULL, heaps);
	if (!old)
		return heaps;
	mutex_destroy(&heaps->lock);
	kfree(heaps);
	return old;
}

/* From then on others can destroy it. */
static int vuma_heaps_insert(struct vuma_heaps *heaps, struct vuma_heap *heap,
			     struct drm_vuma_heap_create *args)
{
	guard(mutex)(&heaps->lock);
	for (heap->slot = 0; heap->slot < VUMA_MAX_HEAPS; heap->slot++) {
		if (heaps->slots[heap->slot])
			continue;
		heaps->slots[heap->slot] = heap;
		args->heap_id = heap->slot + 1;
		args->va = vuma_heap_va(heap);
		return 0;
	}
	return -ENOSPC;
}

static int vuma_heap_create(struct vuma_vm *vm, struct vuma_heaps *heaps,
			    struct drm_vuma_heap_create *args)
{
	const struct gem_uma_heap_config config = {
		.ops = &vuma_heap_ops, .size = args->size, .granule = args->granule,
		.hint = args->hint, .policy = args->policy, .jobs = &heaps->jobs,
	};
	struct vuma_heap *heap = kzalloc(sizeof(*heap), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!heap)
		return -ENOMEM;
	heap->vm = vm;
	kref_init(&heap->kref);
	ret = gem_uma_heap_init(&heap->base, to_vuma_device(vm->base.base.drm)->reserve,
				&config);
	if (ret)
		goto err_free;
	ret = vuma_heaps_insert(heaps, heap, args);
	if (!ret)
		return 0;
	gem_uma_heap_fini(&heap->base);
err_free:
	kfree(heap);
	return ret;
}

/**
 * vuma_ioctl_heap_create - DRM_IOCTL_VUMA_HEAP_CREATE
 * @drm: the device
 * @data: struct drm_vuma_heap_create
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_heap_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_heap_create *args = data;
	struct vuma_heaps *heaps;
	struct vuma_vm *vm;
	int ret;

	if (args->flags || args->heap_id || args->va || !args->size ||
	    !IS_ALIGNED(args->size, SZ_4K) || args->policy < DRM_VUMA_HEAP_RENDER ||
	    args->policy > DRM_VUMA_HEAP_LOSE_VM)
		return -EINVAL;
	BUILD_BUG_ON(DRM_VUMA_HEAP_RENDER != (int)GEM_UMA_HEAP_RENDER);
	BUILD_BUG_ON(DRM_VUMA_HEAP_LOSE_VM != (int)GEM_UMA_HEAP_LOSE_DEVICE);
	if (args->size > VUMA_HEAP_MAX_SIZE)
		return -E2BIG;
	vm = vuma_vm_lookup(to_vuma_file(file), args->vm_id);
	if (!vm)
		return -ENOENT;
	heaps = vuma_heaps_of(vm);
	ret = heaps ? vuma_heap_create(vm, heaps, args) : -ENOMEM;
	vuma_vm_put(vm);
	return ret;
}

/**
 * vuma_ioctl_heap_destroy - DRM_IOCTL_VUMA_HEAP_DESTROY
 * @drm: the device
 * @data: struct drm_vuma_heap_destroy
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_heap_destroy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_vuma_heap_destroy *args = data;
	struct vuma_heap *heap = NULL;
	struct vuma_heaps *heaps;
	struct vuma_vm *vm;

	vm = vuma_vm_lookup(to_vuma_file(file), args->vm_id);
	if (!vm)
		return -ENOENT;
	/* Pairs with the release in vuma_heaps_of(). */
	heaps = smp_load_acquire(&vm->heaps);
	if (heaps && args->heap_id - 1 < VUMA_MAX_HEAPS)
		heap = vuma_heaps_kill(heaps, array_index_nospec(args->heap_id - 1,
								 VUMA_MAX_HEAPS));
	if (heap)
		vuma_heap_put(heap);
	vuma_vm_put(vm);
	return heap ? 0 : -ENOENT;
}
