// SPDX-License-Identifier: GPL-2.0
/*
 * lima's buffers on gem-uma.
 *
 * A buffer has an address in each file that has a handle. Its pages come, and the file's page
 * table points to them, when a job uses it first; reclaim takes both away, and the next job
 * brings them back. Of a heap, that is what it has grown to.
 *
 * Each job begins with an MMU that knows nothing. For those that run while pages are taken
 * away, the MMU is stalled and made to forget, which takes microseconds.
 *
 * A heap grows while its job stands, and whoever waits for that job waits for the memory. So the
 * worker that grows it sleeps for no lock of the buffer and for no limit, and has half of a
 * job's time.
 *
 * Locks: resv of the buffer, then lima_vm.lock where page tables are allocated. lima_bo.lock,
 * mm_lock and mmu_lock are leaves: nothing is allocated under them, so that jobs can be run and
 * freed under them.
 */
#include <linux/delay.h>
#include <linux/dma-resv.h>
#include <linux/iopoll.h>
#include <linux/iosys-map.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/lima_drm.h>

#include "lima_drv.h"
#include "lima_gem.h"
#include "lima_regs.h"
#include "lima_vm.h"

/* How long an MMU may take for a command, as everywhere in the driver. */
#define LIMA_UMA_POLL_US	100

/* Until the next attempt, where nothing tells that it may succeed. */
#define LIMA_UMA_RETRY_US	1000

/* Pages by which a heap grows until somebody looks how late it is. */
#define LIMA_UMA_STEP		256

/* Attempts of a job to find all its buffers as it has left them. */
#define LIMA_UMA_TRIES		3

/* Entries of the tables that are allocated as one. */
#define LIMA_UMA_BLOCK	(LIMA_PAGE_ENT_NUM << LIMA_VM_NUM_PT_PER_BT_SHIFT)

/**
 * struct lima_uma_va - a buffer's place in an address space
 */
struct lima_uma_va {
	/** @list: in &lima_bo.va; &lima_bo.lock. */
	struct list_head list;
	/** @refs: handles of the file, and jobs; &lima_bo.lock. */
	unsigned int refs;
	/** @node: where; constant. */
	struct drm_mm_node node;
	/** @vm: address space; constant. */
	struct lima_vm *vm;
	/**
	 * @mapped: so many pages, from the first on, are in the page table. Changes under
	 * &lima_bo.lock; while somebody has a reference, only with resv, too.
	 */
	pgoff_t mapped;
};

static struct lima_bo *lima_uma_to_bo(struct gem_uma_object *uobj)
{
	return to_lima_bo(&uobj->base);
}

/* Also after the device has gone, while a file has the buffer. */
static struct lima_uma *lima_uma_of(struct lima_bo *bo)
{
	return container_of(bo->base.udev, struct lima_uma, dev);
}

static struct lima_uma_va *lima_uma_find(struct lima_vm *vm, struct lima_bo *bo)
{
	struct lima_uma_va *va;

	lockdep_assert_held(&bo->lock);
	list_for_each_entry(va, &bo->va, list)
		if (va->vm == vm)
			return va;
	return NULL;
}

/* Stalled, it lets no access of a job through that it has translated before. */
static bool lima_uma_zap(struct lima_uma *uma, struct lima_ip *ip)
{
	void __iomem *status = ip->iomem + LIMA_MMU_STATUS;
	void __iomem *command = ip->iomem + LIMA_MMU_COMMAND;
	u32 value;
	int ret;

	lockdep_assert_held(&uma->mmu_lock);
	writel(LIMA_MMU_COMMAND_ENABLE_STALL, command);
	/* One that stands at a fault does so until it is reset, which makes it forget. */
	ret = readl_poll_timeout_atomic(status, value,
					value & (LIMA_MMU_STATUS_STALL_ACTIVE |
						 LIMA_MMU_STATUS_PAGE_FAULT_ACTIVE),
					0, LIMA_UMA_POLL_US);
	writel(LIMA_MMU_COMMAND_ZAP_CACHE, command);
	writel(LIMA_MMU_COMMAND_DISABLE_STALL, command);
	if (!ret)
		ret = readl_poll_timeout_atomic(status, value,
						!(value & LIMA_MMU_STATUS_STALL_ACTIVE),
						0, LIMA_UMA_POLL_US);
	return !ret;
}

/* One by one: a broadcast tells nothing about the state of each. */
static bool lima_uma_zap_pipe(struct lima_uma *uma, struct lima_sched_pipe *pipe)
{
	bool zapped = true;
	int i;

	lockdep_assert_held(&uma->mmu_lock);
	for (i = 0; i < pipe->num_mmu; i++)
		zapped &= lima_uma_zap(uma, pipe->mmu[i]);
	return zapped;
}

/* Returns false if an MMU may still know what was taken out of page tables. */
static bool lima_uma_flush(struct lima_uma *uma)
{
	bool flushed = true;

	spin_lock(&uma->mmu_lock);
	/* Without power they know nothing, and begin with a reset. */
	if (uma->powered) {
		flushed = lima_uma_zap_pipe(uma, &uma->ldev->pipe[lima_pipe_gp]);
		flushed &= lima_uma_zap_pipe(uma, &uma->ldev->pipe[lima_pipe_pp]);
	}
	spin_unlock(&uma->mmu_lock);
	return flushed;
}

/* Before the MMUs lose their power, and when they have been reset after that. */
void lima_uma_set_power(struct lima_device *ldev, bool on)
{
	/* None if probe has failed early. */
	if (!ldev->uma)
		return;
	spin_lock(&ldev->uma->mmu_lock);
	ldev->uma->powered = on;
	spin_unlock(&ldev->uma->mmu_lock);
}

static u32 lima_uma_first_entry(const struct lima_uma_va *va)
{
	return va->node.start / LIMA_PAGE_SIZE;
}

/* Entries of the MMU for so many pages of the CPU. */
static u32 lima_uma_entries(pgoff_t pages)
{
	return pages << (PAGE_SHIFT - ilog2(LIMA_PAGE_SIZE));
}

static void lima_uma_clear(struct lima_vm *vm, u32 first, u32 nr)
{
	for (; nr; first++, nr--)
		vm->bts[first / LIMA_UMA_BLOCK].cpu[first % LIMA_UMA_BLOCK] = 0;
}

static void lima_uma_unmap(struct lima_bo *bo, struct lima_uma_va *va)
{
	lockdep_assert_held(&bo->lock);
	if (!va->mapped)
		return;
	lima_uma_clear(va->vm, lima_uma_first_entry(va), lima_uma_entries(va->mapped));
	va->mapped = 0;
	WRITE_ONCE(bo->uma.vms, bo->uma.vms - 1);
	bo->uma.stale = true;
}

/* All of it, or nothing. */
static int lima_uma_map_run(struct lima_bo *bo, struct lima_uma_va *va,
			    const struct gem_uma_dma_run *run)
	__must_hold(bo->base.base.resv)
{
	u32 first = lima_uma_first_entry(va) + lima_uma_entries(va->mapped);
	u32 i, nr = lima_uma_entries(run->nr);
	int ret = 0;

	/* An entry has 32 bits, and would point to some other page. */
	if (drm_WARN_ON_ONCE(bo->base.base.dev,
			     upper_32_bits(run->addr + (u64)nr * LIMA_PAGE_SIZE - 1)))
		return -EIO;
	mutex_lock(&va->vm->lock);
	for (i = 0; !ret && i < nr; i++)
		ret = lima_vm_map_page(va->vm, run->addr + (u64)i * LIMA_PAGE_SIZE,
				       (first + i) * LIMA_PAGE_SIZE);
	if (ret)
		lima_uma_clear(va->vm, first, i - 1);
	mutex_unlock(&va->vm->lock);
	return ret;
}

/* Bytes; the caller has a reference to the address, as a handle or a job. */
static size_t lima_uma_mapped(struct lima_vm *vm, struct lima_bo *bo)
{
	size_t mapped;

	mutex_lock(&bo->lock);
	mapped = lima_uma_find(vm, bo)->mapped << PAGE_SHIFT;
	mutex_unlock(&bo->lock);
	return mapped;
}

static void lima_uma_count(struct lima_bo *bo, struct lima_uma_va *va, pgoff_t pages)
	__must_hold(bo->base.base.resv)
{
	mutex_lock(&bo->lock);
	if (!va->mapped)
		WRITE_ONCE(bo->uma.vms, bo->uma.vms + 1);
	va->mapped += pages;
	mutex_unlock(&bo->lock);
}

/* What is mapped already stays as it is. The caller has a reference to the address. */
static int lima_uma_map_locked(struct lima_vm *vm, struct lima_bo *bo, size_t size)
	__must_hold(bo->base.base.resv)
{
	struct gem_uma_dma_run run;
	struct lima_uma_va *va;
	int ret;

	dma_resv_assert_held(bo->base.base.resv);
	mutex_lock(&bo->lock);
	va = lima_uma_find(vm, bo);
	mutex_unlock(&bo->lock);
	if (va->mapped << PAGE_SHIFT >= size)
		return 0;
	ret = gem_uma_object_populate_locked(&bo->base, 0, size, DMA_BIDIRECTIONAL);
	while (!ret && va->mapped << PAGE_SHIFT < size) {
		ret = gem_uma_dev_map_run_locked(&bo->base.dev_map, va->mapped,
						 size >> PAGE_SHIFT, &run);
		if (!ret)
			ret = lima_uma_map_run(bo, va, &run);
		if (!ret)
			lima_uma_count(bo, va, run.nr);
	}
	gem_uma_object_update_locked(&bo->base);
	return ret;
}

/* Of a buffer, what a job needs. */
static size_t lima_uma_needed(struct lima_bo *bo)
{
	return READ_ONCE(bo->heap_size) ?: lima_bo_size(bo);
}

/* Each under its own resv: whoever needs another one does not wait for the swap device. */
static int lima_uma_prepare(struct lima_vm *vm, struct lima_bo **bos, u32 nr_bos)
{
	u32 i;
	int ret;

	for (i = 0; i < nr_bos; i++) {
		gem_uma_object_mark_used(&bos[i]->base);
		ret = dma_resv_lock_interruptible(lima_bo_resv(bos[i]), NULL);
		if (ret)
			return ret;
		ret = lima_uma_map_locked(vm, bos[i], lima_uma_needed(bos[i]));
		dma_resv_unlock(lima_bo_resv(bos[i]));
		if (ret)
			return ret;
	}
	return 0;
}

static bool lima_uma_are_mapped(struct lima_vm *vm, struct lima_bo **bos, u32 nr_bos)
{
	u32 i;

	for (i = 0; i < nr_bos; i++)
		if (lima_uma_mapped(vm, bos[i]) < lima_uma_needed(bos[i]))
			return false;
	return true;
}

static int lima_uma_map_all(struct lima_vm *vm, struct lima_bo **bos, u32 nr_bos)
{
	u32 i;
	int ret = 0;

	for (i = 0; !ret && i < nr_bos; i++)
		ret = lima_uma_map_locked(vm, bos[i], lima_uma_needed(bos[i]));
	return ret;
}

/*
 * Locks all buffers of a job that is to be armed, with what it needs of them mapped. What takes
 * long is done before; only where reclaim is faster, time after time, is it done with all locked.
 */
int lima_uma_lock_bos(struct lima_vm *vm, struct lima_bo **bos, u32 nr_bos,
		      struct ww_acquire_ctx *ctx)
{
	struct drm_gem_object **objs = (struct drm_gem_object **)bos;
	unsigned int tries = LIMA_UMA_TRIES;
	int ret;

	for (;;) {
		ret = lima_uma_prepare(vm, bos, nr_bos);
		if (!ret)
			ret = drm_gem_lock_reservations(objs, nr_bos, ctx);
		if (ret)
			return ret;
		if (!--tries || lima_uma_are_mapped(vm, bos, nr_bos))
			break;
		drm_gem_unlock_reservations(objs, nr_bos, ctx);
	}
	ret = lima_uma_map_all(vm, bos, nr_bos);
	if (ret)
		drm_gem_unlock_reservations(objs, nr_bos, ctx);
	return ret;
}

/* No job runs any more. */
void lima_uma_put_vms(struct lima_device *ldev)
{
	int i;

	for (i = 0; i < lima_pipe_num; i++)
		lima_vm_put(ldev->pipe[i].current_vm);
}

void lima_uma_put_bos(struct lima_bo **bos, u32 nr_bos)
{
	while (nr_bos--)
		drm_gem_object_put(&bos[nr_bos]->base.base);
}

/* What a job can use of its heap: another file's job may have made it larger than here. */
u32 lima_uma_heap_size(struct lima_vm *vm, struct lima_bo *bo)
{
	return min(lima_uma_mapped(vm, bo), READ_ONCE(bo->heap_size));
}

/* Who holds it may wait for the job that stands. */
static int lima_uma_lock_until(struct lima_bo *bo, unsigned long end)
{
	while (!dma_resv_trylock(lima_bo_resv(bo))) {
		if (time_after(jiffies, end))
			return -EBUSY;
		fsleep(LIMA_UMA_RETRY_US);
	}
	return 0;
}

/* Goes on where memory.high makes the library stop, so that is exceeded; other limits hold. */
static int lima_uma_populate_until(struct lima_bo *bo, size_t size, unsigned long end)
	__must_hold(bo->base.base.resv)
{
	struct gem_uma_backing *backing = &bo->base.backing;
	pgoff_t at = 0, last = size >> PAGE_SHIFT;
	int ret = 0;

	dma_resv_assert_held(bo->base.base.resv);
	while (!ret && at < last) {
		gem_uma_backing_forget_high();
		ret = gem_uma_backing_populate_some_locked(backing, at,
							   min(at + LIMA_UMA_STEP, last), true);
		while (at < last && gem_uma_backing_is_resident_locked(backing, at, at + 1))
			at++;
		if (!ret && at < last && time_after(jiffies, end))
			ret = -ETIME;
	}
	gem_uma_backing_forget_high();
	gem_uma_object_update_locked(&bo->base);
	return ret;
}

/*
 * The heap of a job that stands: it doubles, or becomes what another file's job has made of it.
 * What it has is neither moved nor mapped anew. Where that finds no memory, or takes too long,
 * the job fails.
 */
int lima_heap_alloc(struct lima_bo *bo, struct lima_vm *vm)
{
	unsigned long end = jiffies + vm->dev->uma->timeout / 2;
	size_t size = bo->heap_size;
	int ret;

	if (lima_uma_mapped(vm, bo) >= size)
		size += min(size, lima_bo_size(bo) - size);
	if (lima_uma_mapped(vm, bo) >= size)
		return -ENOSPC;
	ret = lima_uma_lock_until(bo, end);
	if (ret)
		return ret;
	ret = lima_uma_populate_until(bo, size, end);
	if (!ret)
		ret = lima_uma_map_locked(vm, bo, size);
	if (!ret)
		WRITE_ONCE(bo->heap_size, size);
	dma_resv_unlock(lima_bo_resv(bo));
	return ret;
}

static int lima_uma_place(struct lima_vm *vm, struct lima_bo *bo)
{
	struct lima_uma *uma = lima_uma_of(bo);
	struct lima_uma_va *va, *other;
	int ret;

	va = kzalloc_obj(*va, GFP_KERNEL_ACCOUNT);
	if (!va)
		return -ENOMEM;
	va->vm = vm;
	va->refs = 1;
	spin_lock(&uma->mm_lock);
	ret = drm_mm_insert_node(&vm->mm, &va->node, lima_bo_size(bo));
	spin_unlock(&uma->mm_lock);
	if (ret)
		goto err_free;

	/* Somebody else may have been given a handle of the same file meanwhile. */
	mutex_lock(&bo->lock);
	other = lima_uma_find(vm, bo);
	if (other)
		other->refs++;
	else
		list_add_tail(&va->list, &bo->va);
	mutex_unlock(&bo->lock);
	if (!other)
		return 0;
	spin_lock(&uma->mm_lock);
	drm_mm_remove_node(&va->node);
	spin_unlock(&uma->mm_lock);
err_free:
	kfree(va);
	return ret;
}

int lima_vm_bo_add(struct lima_vm *vm, struct lima_bo *bo, bool create)
{
	struct lima_uma_va *va;

	mutex_lock(&bo->lock);
	va = lima_uma_find(vm, bo);
	if (va)
		va->refs++;
	mutex_unlock(&bo->lock);
	if (va)
		return 0;
	return create ? lima_uma_place(vm, bo) : -ENOENT;
}

/*
 * Called where jobs are freed, so without resv. Reclaim learns of it when it looks at the
 * buffer next.
 */
void lima_vm_bo_del(struct lima_vm *vm, struct lima_bo *bo)
{
	struct lima_uma *uma = lima_uma_of(bo);
	struct lima_uma_va *va;
	bool last;

	mutex_lock(&bo->lock);
	va = lima_uma_find(vm, bo);
	last = !--va->refs;
	if (last) {
		lima_uma_unmap(bo, va);
		list_del(&va->list);
	}
	mutex_unlock(&bo->lock);
	if (!last)
		return;
	spin_lock(&uma->mm_lock);
	drm_mm_remove_node(&va->node);
	spin_unlock(&uma->mm_lock);
	kfree(va);
}

int lima_uma_get_va(struct lima_vm *vm, struct lima_bo *bo, u32 *start)
{
	struct lima_uma_va *va;

	mutex_lock(&bo->lock);
	va = lima_uma_find(vm, bo);
	if (va)
		*start = va->node.start;
	mutex_unlock(&bo->lock);
	/* Another thread may have closed the handle meanwhile. */
	return va ? 0 : -ENOENT;
}

/* Of a buffer of a job, which has a reference. */
u32 lima_vm_get_va(struct lima_vm *vm, struct lima_bo *bo)
{
	u32 start = 0;

	drm_WARN_ON_ONCE(bo->base.base.dev, lima_uma_get_va(vm, bo, &start));
	return start;
}

static unsigned int lima_uma_dev_mapped(struct gem_uma_object *uobj)
{
	return READ_ONCE(lima_uma_to_bo(uobj)->uma.vms);
}

static int lima_uma_evict(struct gem_uma_object *uobj)
{
	struct lima_bo *bo = lima_uma_to_bo(uobj);
	struct lima_uma_va *va;
	int ret;

	if (!mutex_trylock(&bo->lock))
		return -EBUSY;
	list_for_each_entry(va, &bo->va, list)
		lima_uma_unmap(bo, va);
	if (bo->uma.stale)
		bo->uma.stale = !lima_uma_flush(lima_uma_of(bo));
	ret = bo->uma.stale ? -EBUSY : 0;
	mutex_unlock(&bo->lock);
	return ret;
}

/* A job's time is what the driver waits for the device otherwise, too. */
static bool lima_uma_flush_in_time(struct lima_uma *uma)
{
	unsigned long end = jiffies + uma->timeout;

	while (!lima_uma_flush(uma)) {
		if (time_after(jiffies, end))
			return false;
		fsleep(LIMA_UMA_RETRY_US);
	}
	return true;
}

/* The device is to have forgotten the pages before the library gives them away. */
static void lima_uma_teardown(struct gem_uma_object *uobj)
{
	struct drm_device *drm = uobj->base.dev;
	struct lima_bo *bo = lima_uma_to_bo(uobj);

	drm_WARN_ON_ONCE(drm, !list_empty(&bo->va));
	if (bo->uma.stale && !lima_uma_flush_in_time(lima_uma_of(bo))) {
		drm_err(drm, "an MMU does not answer, %zu bytes that it may know are lost\n",
			lima_bo_size(bo));
		gem_uma_object_leak(uobj);
	}
}

static void lima_uma_free(struct gem_uma_object *uobj)
{
	struct lima_bo *bo = lima_uma_to_bo(uobj);

	mutex_destroy(&bo->lock);
	kfree(bo);
}

static const struct gem_uma_object_ops lima_uma_ops = {
	.dev_mapped = lima_uma_dev_mapped,
	.evict = lima_uma_evict,
	.teardown = lima_uma_teardown,
	.free = lima_uma_free,
};

static struct lima_bo *lima_uma_alloc(struct lima_uma *uma)
{
	struct lima_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);

	if (!bo)
		return NULL;
	bo->base.base.funcs = uma->funcs;
	mutex_init(&bo->lock);
	INIT_LIST_HEAD(&bo->va);
	return bo;
}

int lima_gem_create_handle(struct drm_device *drm, struct drm_file *file, u32 size, u32 flags,
			   u32 *handle)
{
	struct lima_uma *uma = to_lima_dev(drm)->uma;
	struct lima_bo *bo = lima_uma_alloc(uma);
	int ret;

	if (!bo)
		return -ENOMEM;
	ret = gem_uma_object_init(&bo->base, &uma->dev, size, GEM_UMA_OBJECT_WC, &lima_uma_ops);
	if (ret) {
		kfree(bo);
		return ret;
	}
	if (flags & LIMA_BO_FLAG_HEAP)
		bo->heap_size = min_t(u64, (u64)max(lima_heap_init_nr_pages, 1u) << PAGE_SHIFT,
				      lima_bo_size(bo));
	ret = drm_gem_handle_create(file, &bo->base.base, handle);
	drm_gem_object_put(&bo->base.base);
	return ret;
}

struct drm_gem_object *
lima_prime_import_sg_table(struct drm_device *drm, struct dma_buf_attachment *attach,
			   struct sg_table *sgt)
{
	struct lima_uma *uma = to_lima_dev(drm)->uma;
	struct lima_bo *bo = lima_uma_alloc(uma);
	u64 offset;
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(&bo->base, &uma->dev, attach, sgt, &lima_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	/* The ioctl only looks it up. */
	ret = gem_uma_object_mmap_offset(&bo->base, &offset);
	if (ret) {
		drm_gem_object_put(&bo->base.base);
		return ERR_PTR(ret);
	}
	return &bo->base.base;
}

int lima_uma_open(struct drm_gem_object *obj, struct drm_file *file)
{
	return lima_vm_bo_add(to_lima_drm_priv(file)->vm, to_lima_bo(obj), true);
}

void lima_uma_close(struct drm_gem_object *obj, struct drm_file *file)
{
	lima_vm_bo_del(to_lima_drm_priv(file)->vm, to_lima_bo(obj));
}

/* A heap is the device's alone: others would need all of it. */
static bool lima_uma_is_heap(struct drm_gem_object *obj)
{
	return to_lima_bo(obj)->heap_size;
}

int lima_uma_pin(struct drm_gem_object *obj)
{
	return lima_uma_is_heap(obj) ? -EINVAL : gem_uma_object_pin(obj);
}

struct sg_table *lima_uma_get_sg_table(struct drm_gem_object *obj)
{
	return lima_uma_is_heap(obj) ? ERR_PTR(-EINVAL) : gem_uma_object_get_sg_table(obj);
}

int lima_uma_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	return lima_uma_is_heap(obj) ? -EINVAL : gem_uma_object_vmap(obj, map);
}

int lima_uma_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	return lima_uma_is_heap(obj) ? -EINVAL : gem_uma_object_mmap(obj, vma);
}

void lima_uma_init_task(struct lima_uma_task *task)
{
	task->pid = task_pid_nr(current);
	get_task_comm(task->pname, current);
}

/* How much of a buffer goes into the dump that is being made. */
size_t lima_uma_dump_size(struct lima_bo *bo)
{
	bo->uma.dump_size = READ_ONCE(bo->heap_size) ?: lima_bo_size(bo);
	return bo->uma.dump_size;
}

/* A job uses it, so its pages are there. */
int lima_uma_dump_heap(struct lima_bo *bo, void *buf)
{
	int ret;

	dma_resv_lock(lima_bo_resv(bo), NULL);
	ret = gem_uma_cpu_map_read_locked(&bo->base.cpu_map, 0, bo->uma.dump_size >> PAGE_SHIFT,
					  buf);
	dma_resv_unlock(lima_bo_resv(bo));
	return ret;
}

int lima_uma_init(struct lima_device *ldev, const struct gem_uma_object_prime *prime,
		  const struct drm_gem_object_funcs *funcs)
{
	const struct gem_uma_device_config config = {};
	struct drm_device *drm = ldev->ddev;
	struct lima_uma *uma = drmm_kzalloc(drm, sizeof(*uma), GFP_KERNEL);
	int ret;

	if (!uma)
		return -ENOMEM;
	uma->ldev = ldev;
	uma->funcs = funcs;
	uma->timeout = ldev->pipe[lima_pipe_gp].base.timeout;
	uma->powered = true;
	spin_lock_init(&uma->mm_lock);
	spin_lock_init(&uma->mmu_lock);
	ldev->uma = uma;
	ret = gem_uma_device_init(&uma->dev, drm, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, prime, funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}

/* The device does nothing any more. */
void lima_uma_fini(struct lima_device *ldev)
{
	gem_uma_object_unplug_all(&ldev->uma->dev);
}
