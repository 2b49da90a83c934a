// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps: address space of a VM that gets memory when a job accesses it.
 *
 * They live in the half of the address space that VM_BIND cannot reach, so neither ever
 * meets the other's page tables. Growing is the library's; here are the page tables, and
 * what a fault of the engine means.
 */

#include <linux/dma-direct.h>
#include <linux/dma-resv.h>
#include <linux/kref.h>
#include <linux/math.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_managed.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_heap_object.h>

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
	/** @obj: the library's part. Its last reference is put when nobody has handles, either. */
	struct gem_uma_heap_object obj;
	/** @heaps: of @vm, for longer than that; a reference. */
	struct vuma_heaps *heaps;
	/** @vm: where it is, as long as @kref is not 0. */
	struct vuma_vm *vm;
	/**
	 * @kref: one until HEAP_DESTROY, one for each submit that prepares it. Then no job
	 * uses it any more, and it has a reference of @obj less.
	 */
	struct kref kref;
	/** @vfile: the file that created it, for @offset; a reference. */
	struct vuma_file *vfile;
	/** @offset: it has an offset for mmap(); set once, under the offset_lock of @vfile. */
	bool offset;
	/** @r_obj: holds the resv of @vm; a reference. */
	struct drm_gem_object *r_obj;
	/** @slot: its place among the heaps of @vm. */
	unsigned int slot;
	/** @dead: no access finds it any more; guarded by &vuma_heaps.lock. */
	bool dead;
	/** @spare: tables for a fault that gets none; guarded by &vuma_heaps.lock. */
	struct gem_uma_heap_tables spare;
	/** @map_lock: guards @maps and @user. Inside of the mmap lock; a leaf. */
	struct mutex map_lock;
	/** @memory: bytes that all of it takes; the last granule counts as a whole. */
	size_t memory;
	/** @maps: VMAs, and those that are about to be. */
	unsigned long maps;
	/** @user: who is charged for all of it while there are @maps. */
	struct user_struct *user;
};

#define to_vuma_heap(base)	container_of(base, struct vuma_heap, obj.heap)

/**
 * struct vuma_heaps - the heaps of a VM
 */
struct vuma_heaps {
	/** @kref: of the VM, of each heap, and of each submit that holds @queueing. */
	struct kref kref;
	/**
	 * @queueing: held for reading from before a submit prepares the heaps until the fence of
	 * its job is in the resv of the VM, and for writing by a client that discards: what a
	 * job was promised stays.
	 */
	struct rw_semaphore queueing;
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

static void vuma_heaps_free(struct kref *kref)
{
	struct vuma_heaps *heaps = container_of(kref, struct vuma_heaps, kref);

	mutex_destroy(&heaps->lock);
	kfree(heaps);
}

static void vuma_heaps_put(struct vuma_heaps *heaps)
{
	kref_put(&heaps->kref, vuma_heaps_free);
}

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
	lockdep_assert_held(&heap->heaps->lock);
	swap(*tables, heap->spare);
	return 0;
}

static int vuma_heap_map(struct gem_uma_heap *base, u64 offset, dma_addr_t addr, u64 size,
			 struct gem_uma_heap_tables *tables)
{
	struct vuma_heap *heap = to_vuma_heap(base);
	struct vuma_vm *vm = heap->vm;
	phys_addr_t phys = dma_to_phys(drm_dev_dma_dev(vm->base.base.drm), addr);
	u64 leaf = IS_ALIGNED(size, SZ_2M) ? SZ_2M :
		   IS_ALIGNED(size, SZ_64K) ? SZ_64K : VUMA_PAGE_SIZE;
	struct gem_uma_vm_tables pool = { .first = tables->first };
	int ret;

	mutex_lock(&vm->access_lock);
	ret = vuma_mmu_map(&vm->mmu, vuma_heap_va(heap) + offset, phys, size, leaf, true, &pool);
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

/* No access finds it, so nobody grows it. Whoever has it mapped by the CPU keeps its memory. */
static void vuma_heap_release(struct kref *kref)
{
	struct vuma_heap *heap = container_of(kref, struct vuma_heap, kref);

	gem_uma_heap_detach(&heap->obj.heap);
	vuma_heap_free_tables(&heap->obj.heap, &heap->spare);
	scoped_guard(mutex, &heap->heaps->lock)
		heap->heaps->slots[heap->slot] = NULL;
	drm_gem_object_put(&heap->obj.base);
}

static void vuma_heap_put(struct vuma_heap *heap)
{
	kref_put(&heap->kref, vuma_heap_release);
}

/* Of all who try, one takes the reference of the one who created it. */
static bool vuma_heap_kill(struct vuma_heap *heap)
{
	bool first;

	scoped_guard(mutex, &heap->heaps->lock) {
		first = !heap->dead;
		heap->dead = true;
	}
	if (first)
		vuma_heap_put(heap);
	return first;
}

/* The last chance of a fault to get page tables. */
static int vuma_heap_fill_spare(struct vuma_heap *heap)
{
	struct gem_uma_vm_tables pool = {};
	int ret;

	if (READ_ONCE(heap->spare.first))
		return 0;
	ret = vuma_pt_pool_fill(&pool, VUMA_HEAP_TABLES,
				VUMA_GFP_TABLES);
	if (ret)
		return ret;
	scoped_guard(mutex, &heap->heaps->lock)
		swap(heap->spare.first, pool.first);
	vuma_pt_pool_drain(&pool);
	return 0;
}

static int vuma_heaps_prepare_all(struct vuma_job *job, struct vuma_heaps *heaps)
{
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
			ret = gem_uma_heap_prepare(&heap->obj.heap);
		vuma_heap_put(heap);
	}
	drm_dev_exit(idx);
	return ret;
}

/**
 * vuma_heaps_prepare - let the heaps of a VM have what a job will need
 * @job: the job
 *
 * Context: may sleep, and wait for memory. The submit calls vuma_heaps_queued() with what is in
 * the job afterwards, also after an error.
 * Return: 0; -EIO if the VM is lost; -ENODEV; -EINTR; as gem_uma_heap_prepare().
 */
int vuma_heaps_prepare(struct vuma_job *job)
{
	/* Pairs with the release in vuma_heaps_of(). */
	struct vuma_heaps *heaps = smp_load_acquire(&job->vm->heaps);
	int ret;

	if (READ_ONCE(job->vm->lost))
		return -EIO;
	if (!heaps)
		return 0;
	ret = down_read_killable(&heaps->queueing);
	if (ret)
		return ret;
	kref_get(&heaps->kref);
	job->queueing = heaps;
	return vuma_heaps_prepare_all(job, heaps);
}

/**
 * vuma_heaps_queued - from now on, the job's fence says that heaps are in use
 * @heaps: what &vuma_job.queueing was before the job was queued; it may be freed already
 */
void vuma_heaps_queued(struct vuma_heaps *heaps)
{
	if (!heaps)
		return;
	up_read(&heaps->queueing);
	vuma_heaps_put(heaps);
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
	switch (gem_uma_heap_grow(&heap->obj.heap, va - vuma_heap_va(heap))) {
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
	vuma_heaps_put(heaps);
	vm->heaps = NULL;
}

/* Makes room for heaps when the first is created. */
static struct vuma_heaps *vuma_heaps_of(struct vuma_vm *vm)
{
	/* Pairs with the release below. */
	struct vuma_heaps *heaps = smp_load_acquire(&vm->heaps), *old;

	if (heaps)
		return heaps;
	heaps = kzalloc_obj(*heaps, GFP_KERNEL_ACCOUNT);
	if (!heaps)
		return NULL;
	kref_init(&heaps->kref);
	init_rwsem(&heaps->queueing);
	mutex_init(&heaps->lock);
	/* Fences wait for it. */
	fs_reclaim_acquire(GFP_KERNEL);
	might_lock(&heaps->lock);
	fs_reclaim_release(GFP_KERNEL);
	/* A full barrier: others see it initialized. */
	old = cmpxchg(&vm->heaps, NULL, heaps);
	if (!old)
		return heaps;
	vuma_heaps_put(heaps);
	return old;
}

/* From then on others can destroy it. */
static int vuma_heaps_insert(struct vuma_heaps *heaps, struct vuma_heap *heap)
{
	guard(mutex)(&heaps->lock);
	for (heap->slot = 0; heap->slot < VUMA_MAX_HEAPS; heap->slot++) {
		if (heaps->slots[heap->slot])
			continue;
		heaps->slots[heap->slot] = heap;
		return 0;
	}
	return -ENOSPC;
}

/* The buffer that a heap is, for the CPU. */

static int vuma_heap_open(struct drm_gem_object *obj, struct drm_file *file)
{
	return gem_uma_client_open(vuma_bo_client_of(file), &to_gem_uma_heap_object(obj)->files);
}

static void vuma_heap_close(struct drm_gem_object *obj, struct drm_file *file)
{
	gem_uma_client_close(vuma_bo_client_of(file), &to_gem_uma_heap_object(obj)->files);
}

/* As any that is private to a VM. */
static struct dma_buf *vuma_heap_export(struct drm_gem_object *obj, int flags)
{
	return ERR_PTR(-EINVAL);
}

static struct vuma_heap *vuma_heap_of_object(struct drm_gem_object *obj)
{
	return container_of(to_gem_uma_heap_object(obj), struct vuma_heap, obj);
}

static void vuma_heap_free(struct drm_gem_object *obj)
{
	struct vuma_heap *heap = vuma_heap_of_object(obj);

	if (heap->offset)
		atomic64_sub(obj->size, &heap->vfile->offsets);
	gem_uma_heap_object_fini(&heap->obj);
	drm_gem_object_put(heap->r_obj);
	vuma_file_put(heap->vfile);
	vuma_heaps_put(heap->heaps);
	mutex_destroy(&heap->map_lock);
	kfree(heap);
}

/* What is mapped stays in memory, so the first who maps it pays as for mlock(). */
static int vuma_heap_get_map(struct vuma_heap *heap)
{
	struct user_struct *user;

	guard(mutex)(&heap->map_lock);
	if (!heap->maps) {
		user = vuma_locked_charge(heap->memory);
		if (IS_ERR(user))
			return PTR_ERR(user);
		heap->user = user;
	}
	heap->maps++;
	return 0;
}

static void vuma_heap_put_map(struct vuma_heap *heap)
{
	guard(mutex)(&heap->map_lock);
	if (!--heap->maps)
		vuma_locked_uncharge(heap->user, heap->memory);
}

static int vuma_heap_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	struct vuma_heap *heap = vuma_heap_of_object(obj);
	int ret = vuma_heap_get_map(heap);

	if (ret)
		return ret;
	ret = gem_uma_heap_object_mmap(obj, vma);
	if (ret)
		vuma_heap_put_map(heap);
	return ret;
}

static void vuma_heap_vm_open(struct vm_area_struct *vma)
{
	struct vuma_heap *heap = vuma_heap_of_object(vma->vm_private_data);

	scoped_guard(mutex, &heap->map_lock)
		heap->maps++;
	gem_uma_heap_object_vm_ops.open(vma);
}

static void vuma_heap_vm_close(struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = vma->vm_private_data;

	/* First the memory is unpinned, then nobody pays for it: the object is needed for both. */
	drm_gem_object_get(obj);
	gem_uma_heap_object_vm_ops.close(vma);
	vuma_heap_put_map(vuma_heap_of_object(obj));
	drm_gem_object_put(obj);
}

static vm_fault_t vuma_heap_vm_fault(struct vm_fault *vmf)
{
	return gem_uma_heap_object_vm_ops.fault(vmf);
}

static const struct vm_operations_struct vuma_heap_vm_ops = {
	.open = vuma_heap_vm_open,
	.close = vuma_heap_vm_close,
	.fault = vuma_heap_vm_fault,
};

static const struct drm_gem_object_funcs vuma_heap_funcs = {
	GEM_UMA_HEAP_OBJECT_FUNCS_BUT_MMAP,
	.mmap = vuma_heap_mmap,
	.vm_ops = &vuma_heap_vm_ops,
	.free = vuma_heap_free,
	.open = vuma_heap_open,
	.close = vuma_heap_close,
	.export = vuma_heap_export,
};

/**
 * vuma_heap_is - is a buffer a heap?
 * @obj: any buffer of the driver
 *
 * Return: true if so.
 */
bool vuma_heap_is(const struct drm_gem_object *obj)
{
	return obj->funcs == &vuma_heap_funcs;
}

/**
 * vuma_heap_mmap_offset - what user space passes to mmap()
 * @obj: a heap
 * @offset: result
 *
 * Return: 0, -EDQUOT or -ENOSPC.
 */
int vuma_heap_mmap_offset(struct drm_gem_object *obj, u64 *offset)
{
	struct vuma_heap *heap = vuma_heap_of_object(obj);
	int ret;

	ret = vuma_bo_take_offset(heap->vfile, obj, &heap->offset, drm_gem_create_mmap_offset);
	if (!ret)
		*offset = drm_vma_node_offset_addr(&obj->vma_node);
	return ret;
}

/**
 * vuma_heap_query - DRM_IOCTL_VUMA_BO_QUERY
 * @obj: a heap
 * @query: zeroed but for the handle; filled
 */
void vuma_heap_query(struct drm_gem_object *obj, struct drm_vuma_bo_query *query)
{
	struct gem_uma_heap_object *hobj = to_gem_uma_heap_object(obj);

	query->size = obj->size;
	query->resident = gem_uma_heap_resident(&hobj->heap);
	query->create_flags = DRM_VUMA_BO_DISCARD_ON_RECLAIM;
	if (!vuma_bo_device_is_coherent(to_vuma_device(obj->dev)))
		query->create_flags |= DRM_VUMA_BO_WC;
	if (query->resident)
		query->status |= DRM_VUMA_BO_STATUS_RESIDENT;
	if (query->resident && kref_read(&vuma_heap_of_object(obj)->kref))
		query->status |= DRM_VUMA_BO_STATUS_GPU_MAPPED;
	if (gem_uma_heap_object_is_pinned(hobj))
		query->status |= DRM_VUMA_BO_STATUS_PINNED;
	if (gem_uma_heap_object_mmaps(hobj))
		query->status |= DRM_VUMA_BO_STATUS_CPU_MAPPED;
}

/* Keeps submits out meanwhile, see &vuma_heaps.queueing. */
static int vuma_heap_try_discard(struct vuma_heap *heap, u64 offset, u64 size)
{
	int ret = down_write_killable(&heap->heaps->queueing);

	if (ret)
		return ret;
	ret = gem_uma_heap_object_try_discard(&heap->obj, offset, size);
	up_write(&heap->heaps->queueing);
	return ret;
}

/**
 * vuma_heap_madvise - DRM_IOCTL_VUMA_BO_MADVISE
 * @obj: a heap
 * @args: of the ioctl
 *
 * Return: 0 or a negative error.
 */
int vuma_heap_madvise(struct drm_gem_object *obj, struct drm_vuma_bo_madvise *args)
{
	struct vuma_heap *heap = vuma_heap_of_object(obj);
	long ret;

	/* Its content never is needed between jobs. */
	if (args->advice != DRM_VUMA_MADV_DISCARD)
		return -EINVAL;
	for (;;) {
		ret = vuma_heap_try_discard(heap, args->offset, args->size);
		if (ret != -EAGAIN)
			break;
		/* Without any lock: a job that has to come first may wait for a submit. */
		ret = dma_resv_wait_timeout(obj->resv, DMA_RESV_USAGE_BOOKKEEP, true,
					    MAX_SCHEDULE_TIMEOUT);
		if (ret < 0)
			return ret;
	}
	if (!ret)
		args->retained = 1;
	return ret;
}

static struct vuma_heap *vuma_heap_alloc(struct vuma_vm *vm, struct vuma_heaps *heaps,
					 struct vuma_file *vfile,
					 const struct gem_uma_heap_config *config)
{
	struct vuma_heap *heap = kzalloc_obj(*heap, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!heap)
		return ERR_PTR(-ENOMEM);
	heap->vm = vm;
	kref_init(&heap->kref);
	heap->r_obj = gem_uma_vm_resv_object(&vm->base);
	heap->obj.base.funcs = &vuma_heap_funcs;
	heap->obj.base.resv = heap->r_obj->resv;
	ret = gem_uma_heap_object_init(&heap->obj, vfile->vdev->reserve, config);
	if (ret) {
		kfree(heap);
		return ERR_PTR(ret);
	}
	mutex_init(&heap->map_lock);
	kref_get(&heaps->kref);
	heap->heaps = heaps;
	drm_gem_object_get(heap->r_obj);
	kref_get(&vfile->kref);
	heap->vfile = vfile;
	heap->memory = round_up(config->size, config->granule);
	return heap;
}

static int vuma_heap_create(struct vuma_vm *vm, struct vuma_heaps *heaps, struct drm_file *file,
			    struct drm_vuma_heap_create *args)
{
	const struct gem_uma_heap_config config = {
		.ops = &vuma_heap_ops, .size = args->size, .granule = args->granule,
		.hint = args->hint, .policy = args->policy, .jobs = &heaps->jobs,
	};
	struct vuma_heap *heap = vuma_heap_alloc(vm, heaps, to_vuma_file(file), &config);
	u32 handle = 0;
	int ret;

	if (IS_ERR(heap))
		return PTR_ERR(heap);
	/* Once it has a place, others can destroy it. */
	kref_get(&heap->kref);
	ret = vuma_heaps_insert(heaps, heap);
	if (ret) {
		drm_gem_object_put(&heap->obj.base);
		return ret;
	}
	if (args->flags & DRM_VUMA_HEAP_HANDLE)
		ret = drm_gem_handle_create(file, &heap->obj.base, &handle);
	if (ret) {
		vuma_heap_kill(heap);
	} else {
		args->heap_id = heap->slot + 1;
		args->va = vuma_heap_va(heap);
		args->handle = handle;
	}
	vuma_heap_put(heap);
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

	if (args->flags & ~DRM_VUMA_HEAP_HANDLE || args->heap_id || args->va ||
	    args->handle || args->pad || !args->size ||
	    !PAGE_ALIGNED(args->size) || args->policy < DRM_VUMA_HEAP_RENDER ||
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
	ret = heaps ? vuma_heap_create(vm, heaps, file, args) : -ENOMEM;
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
	int ret = -ENOENT;

	vm = vuma_vm_lookup(to_vuma_file(file), args->vm_id);
	if (!vm)
		return -ENOENT;
	/* Pairs with the release in vuma_heaps_of(). */
	heaps = smp_load_acquire(&vm->heaps);
	if (heaps && args->heap_id - 1 < VUMA_MAX_HEAPS)
		heap = vuma_heaps_get(heaps, array_index_nospec(args->heap_id - 1,
								VUMA_MAX_HEAPS));
	if (heap) {
		ret = vuma_heap_kill(heap) ? 0 : -ENOENT;
		vuma_heap_put(heap);
	}
	vuma_vm_put(vm);
	return ret;
}
