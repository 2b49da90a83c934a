// SPDX-License-Identifier: GPL-2.0
/*
 * Where files see panfrost's buffers: &struct panfrost_gem_mapping, which is a VA here.
 *
 * Each file that has a handle of a buffer has a VA of it, for as long as the handle is open or
 * a job uses it. It is active, its page table points to the buffer's pages, from the first job
 * on that names the buffer; reclaim takes both away, and the next such job brings them back.
 * A heap gets its pages by faults of the GPU, 2 MiB at a time. One thread serves the faults of
 * all files, and their jobs have 500 ms. So a fault waits neither for long nor for a job: if it
 * cannot have the resv or the memory soon, its own job fails.
 *
 * A VA stays on the buffer's list until the last job that uses it is freed, whether the handle
 * is still open or not: reclaim has to find it.
 *
 * Locks: resv of the buffer, then mappings.lock. A VA becomes active under resv alone, by who
 * has a reference on it; the other way round mappings.lock is held. Nobody allocates under
 * that lock, so jobs are freed under it, and reclaim only tries it. Submitting restores with one
 * resv held at a time. A fault and the dump of a job only try the resv: its holder may wait for
 * memory, and memory for any job.
 */
#include <linux/delay.h>
#include <linux/dma-resv.h>
#include <linux/io-pgtable.h>
#include <linux/iommu.h>
#include <linux/slab.h>

#include "panfrost_device.h"
#include "panfrost_gem.h"
#include "panfrost_mmu.h"

/* What a fault brings, in pages; addresses and sizes of heaps are multiples. */
#define PANFROST_CHUNK	((pgoff_t)SZ_2M >> PAGE_SHIFT)

/* How often, and every how many microseconds, a fault tries the resv: eight files may wait. */
#define PANFROST_FAULT_TRIES	10
#define PANFROST_FAULT_PAUSE	5000

/* How long a fault may look for memory, and how many pages it takes between two looks. */
#define PANFROST_FAULT_MS	200
#define PANFROST_FAULT_STEP	64

static pgoff_t panfrost_va_pages(const struct panfrost_gem_mapping *va)
{
	return va->obj->base.base.size >> PAGE_SHIFT;
}

/* The address of a page. */
static u64 panfrost_va_addr(const struct panfrost_gem_mapping *va, pgoff_t page)
{
	return (va->mmnode.start + page) << PAGE_SHIFT;
}

/* Pages from @at on that are contiguous for the device; false behind the last. */
bool panfrost_gem_next_run(struct panfrost_gem_object *bo, pgoff_t at, pgoff_t end,
			   struct gem_uma_dma_run *run)
	__must_hold(bo->base.base.resv)
{
	return at < end && !gem_uma_dev_map_run_locked(&bo->base.dev_map, at, end, run);
}

/* Takes out what panfrost_mmu_map_range() put into the table before it failed. */
void panfrost_gem_undo_map(struct panfrost_gem_object *bo, struct panfrost_mmu *mmu, u64 iova,
			   u64 size)
	__must_hold(bo->base.base.resv)
{
	dma_resv_assert_held(bo->base.base.resv);
	if (panfrost_mmu_clear(mmu, iova, size))
		WRITE_ONCE(bo->uma.stale, true);
}

/* All or nothing. */
static int panfrost_va_map_locked(struct panfrost_gem_mapping *va, pgoff_t start, pgoff_t end)
	__must_hold(va->obj->base.base.resv)
{
	int prot = IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE | (va->obj->noexec ? IOMMU_NOEXEC : 0);
	struct gem_uma_object *uobj = &va->obj->base;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = gem_uma_object_populate_locked(uobj, (u64)start << PAGE_SHIFT,
					     (u64)(end - start) << PAGE_SHIFT,
					     DMA_BIDIRECTIONAL);
	if (!ret)
		ret = panfrost_mmu_map_range(va->mmu->pfdev, va->mmu, panfrost_va_addr(va, start),
					     prot, va->obj, start, end);
	if (ret)
		return ret;
	if (!va->active)
		atomic_inc(&va->obj->uma.active);
	WRITE_ONCE(va->active, true);
	gem_uma_object_update_locked(uobj);
	return 0;
}

/* Does nothing where the page table has it: the same fault may be reported twice. */
static int panfrost_va_grow_locked(struct panfrost_gem_mapping *va, unsigned int chunk)
	__must_hold(va->obj->base.base.resv)
{
	struct io_pgtable_ops *table = va->mmu->pgtbl_ops;
	pgoff_t start = chunk * PANFROST_CHUNK;
	int ret;

	dma_resv_assert_held(va->obj->base.base.resv);
	if (table->iova_to_phys(table, panfrost_va_addr(va, start)))
		return 0;
	ret = panfrost_va_map_locked(va, start, start + PANFROST_CHUNK);
	if (!ret)
		__set_bit(chunk, va->obj->uma.grown);
	return ret;
}

/* What it had once. Should that fail, the rest can still come by faults. */
static int panfrost_va_restore_heap_locked(struct panfrost_gem_mapping *va)
	__must_hold(va->obj->base.base.resv)
{
	unsigned int chunk;
	int ret;

	dma_resv_assert_held(va->obj->base.base.resv);
	for_each_set_bit(chunk, va->obj->uma.grown, panfrost_va_pages(va) / PANFROST_CHUNK) {
		ret = panfrost_va_grow_locked(va, chunk);
		if (ret)
			return ret;
	}
	return 0;
}

/* Over memory.high nobody sleeps here: the next submit that is charged does. */
static int panfrost_va_populate_soon_locked(struct gem_uma_backing *b, pgoff_t start, pgoff_t end)
	__must_hold(b->obj->resv)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(PANFROST_FAULT_MS);
	struct gem_uma_extent e;
	int ret;

	dma_resv_assert_held(b->obj->resv);
	for (; start < end; start = e.end) {
		if (time_after(jiffies, deadline))
			return -ETIME;
		ret = gem_uma_backing_populate_some_locked(b, start,
							   min(start + PANFROST_FAULT_STEP, end),
							   true);
		gem_uma_backing_forget_high();
		if (ret)
			return ret;
		e = (struct gem_uma_extent){ .start = start, .end = end };
		if (!gem_uma_backing_extent_locked(b, start, &e))
			return -EIO;
	}
	return 0;
}

static int panfrost_va_fault_locked(struct panfrost_gem_mapping *va, unsigned int chunk)
	__must_hold(va->obj->base.base.resv)
{
	struct gem_uma_object *uobj = &va->obj->base;
	pgoff_t start = chunk * PANFROST_CHUNK;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = panfrost_va_populate_soon_locked(&uobj->backing, start, start + PANFROST_CHUNK);
	if (!ret)
		return panfrost_va_grow_locked(va, chunk);
	/* Some pages may have come. */
	gem_uma_object_update_locked(uobj);
	return ret;
}

static int panfrost_va_fault(struct panfrost_gem_mapping *va, unsigned int chunk)
{
	struct dma_resv *resv = va->obj->base.base.resv;
	unsigned int tries;
	int ret;

	for (tries = 0; !dma_resv_trylock(resv); tries++) {
		if (tries == PANFROST_FAULT_TRIES)
			return -EBUSY;
		fsleep(PANFROST_FAULT_PAUSE);
	}
	ret = panfrost_va_fault_locked(va, chunk);
	dma_resv_unlock(resv);
	return ret;
}

static int panfrost_va_validate_locked(struct panfrost_gem_mapping *va)
	__must_hold(va->obj->base.base.resv)
{
	dma_resv_assert_held(va->obj->base.base.resv);
	gem_uma_object_mark_used(&va->obj->base);
	if (va->active)
		return 0;
	if (va->obj->is_heap)
		return panfrost_va_restore_heap_locked(va);
	return panfrost_va_map_locked(va, 0, panfrost_va_pages(va));
}

static int panfrost_va_validate(struct panfrost_gem_mapping *va)
{
	struct dma_resv *resv = va->obj->base.base.resv;
	int ret;

	if (READ_ONCE(va->active))
		return 0;
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = panfrost_va_validate_locked(va);
	dma_resv_unlock(resv);
	return ret;
}

/* Heaps last: another job may be waiting for one to grow. */
static int panfrost_job_validate(struct panfrost_job *job,
				 int (*validate)(struct panfrost_gem_mapping *va))
{
	unsigned int heaps;
	int ret = 0;
	u32 i;

	for (heaps = 0; heaps < 2; heaps++)
		for (i = 0; !ret && i < job->bo_count; i++)
			if (job->mappings[i]->obj->is_heap == heaps)
				ret = validate(job->mappings[i]);
	return ret;
}

/* Without a resv: each buffer is restored under its own. */
int panfrost_gem_populate_job(struct panfrost_job *job)
{
	return panfrost_job_validate(job, panfrost_va_validate);
}

/* With the resvs of all its buffers held, before anything is armed. */
int panfrost_gem_validate_job(struct panfrost_job *job)
{
	return panfrost_job_validate(job, panfrost_va_validate_locked);
}

static struct panfrost_gem_mapping *panfrost_va_at(struct panfrost_mmu *mmu, u64 addr)
{
	struct panfrost_gem_mapping *va = NULL;
	u64 page = addr >> PAGE_SHIFT;
	struct drm_mm_node *node;

	spin_lock(&mmu->mm_lock);
	drm_mm_for_each_node(node, &mmu->mm) {
		if (page < node->start || page - node->start >= node->size)
			continue;
		va = drm_mm_node_to_panfrost_mapping(node);
		/* One that lost its last reference is on its way out. */
		if (!kref_get_unless_zero(&va->refcount))
			va = NULL;
		break;
	}
	spin_unlock(&mmu->mm_lock);
	return va;
}

/*
 * A job can reach for a buffer that it does not name and that reclaim took: that is an error of
 * user space. NULL for @mmu: the address space has gone meanwhile.
 */
int panfrost_mmu_map_fault_addr(struct panfrost_mmu *mmu, u64 addr)
{
	struct panfrost_gem_mapping *va = mmu ? panfrost_va_at(mmu, addr) : NULL;
	pgoff_t page;
	int ret = -EINVAL;

	if (!va)
		return -ENOENT;
	page = (addr >> PAGE_SHIFT) - va->mmnode.start;
	if (va->obj->is_heap)
		ret = panfrost_va_fault(va, page / PANFROST_CHUNK);
	panfrost_gem_mapping_put(va);
	return ret;
}

static void panfrost_va_unmap(struct panfrost_gem_mapping *va)
{
	struct panfrost_gem_object *bo = va->obj;

	lockdep_assert_held(&bo->mappings.lock);
	if (!va->active)
		return;
	if (panfrost_mmu_clear(va->mmu, panfrost_va_addr(va, 0), bo->base.base.size))
		WRITE_ONCE(bo->uma.stale, true);
	WRITE_ONCE(va->active, false);
	atomic_dec(&bo->uma.active);
}

/* What the MMU was not made to forget is asked for again the next time. */
int panfrost_gem_evict(struct panfrost_gem_object *bo)
{
	struct panfrost_device *pfdev = to_panfrost_device(bo->base.base.dev);
	struct panfrost_gem_mapping *va;
	int ret;

	if (!mutex_trylock(&bo->mappings.lock))
		return -EBUSY;
	if (bo->uma.stale)
		WRITE_ONCE(bo->uma.stale, panfrost_mmu_flush_all(pfdev));
	list_for_each_entry(va, &bo->mappings.list, node)
		panfrost_va_unmap(va);
	ret = bo->uma.stale ? -EBUSY : 0;
	mutex_unlock(&bo->mappings.lock);
	return ret;
}

static void panfrost_va_release(struct kref *kref)
{
	struct panfrost_gem_mapping *va = container_of(kref, struct panfrost_gem_mapping, refcount);

	mutex_lock(&va->obj->mappings.lock);
	list_del(&va->node);
	panfrost_va_unmap(va);
	mutex_unlock(&va->obj->mappings.lock);

	spin_lock(&va->mmu->mm_lock);
	if (drm_mm_node_allocated(&va->mmnode))
		drm_mm_remove_node(&va->mmnode);
	spin_unlock(&va->mmu->mm_lock);

	drm_gem_object_put(&va->obj->base.base);
	panfrost_mmu_ctx_put(va->mmu);
	kfree(va);
}

void panfrost_gem_mapping_put(struct panfrost_gem_mapping *va)
{
	if (va)
		kref_put(&va->refcount, panfrost_va_release);
}

/* That of a handle which is open. */
static struct panfrost_gem_mapping *panfrost_va_find(struct panfrost_gem_object *bo,
						     const struct panfrost_mmu *mmu)
{
	struct panfrost_gem_mapping *va;

	lockdep_assert_held(&bo->mappings.lock);
	list_for_each_entry(va, &bo->mappings.list, node)
		if (va->mmu == mmu && !va->closed)
			return va;
	return NULL;
}

struct panfrost_gem_mapping *panfrost_gem_mapping_get(struct panfrost_gem_object *bo,
						      struct panfrost_file_priv *priv)
{
	struct panfrost_gem_mapping *va;

	mutex_lock(&bo->mappings.lock);
	va = panfrost_va_find(bo, priv->mmu);
	/* The handle has one, too. */
	if (va)
		kref_get(&va->refcount);
	mutex_unlock(&bo->mappings.lock);
	return va;
}

/*
 * The program counter has 24 bits, and code must not cross what they can express: code is
 * smaller, and aligned to its size. What is large can have large pages.
 */
static int panfrost_va_place(struct panfrost_gem_mapping *va)
{
	u64 pages = panfrost_va_pages(va), align = pages;
	int ret;

	if (va->obj->noexec)
		align = pages >= PANFROST_CHUNK ? PANFROST_CHUNK : 0;
	spin_lock(&va->mmu->mm_lock);
	ret = drm_mm_insert_node_generic(&va->mmu->mm, &va->mmnode, pages, align,
					 va->obj->noexec ? PANFROST_BO_NOEXEC : 0, 0);
	spin_unlock(&va->mmu->mm_lock);
	return ret;
}

/* What is pinned is mapped at once: no job names it. */
static int panfrost_va_bind(struct panfrost_gem_mapping *va)
{
	return va->obj->base.flags & GEM_UMA_OBJECT_PINNED ? panfrost_va_validate(va) : 0;
}

/* Nobody finds it before it is open. */
static void panfrost_va_set_closed(struct panfrost_gem_mapping *va, bool closed)
{
	mutex_lock(&va->obj->mappings.lock);
	va->closed = closed;
	if (list_empty(&va->node))
		list_add_tail(&va->node, &va->obj->mappings.list);
	mutex_unlock(&va->obj->mappings.lock);
}

int panfrost_gem_open(struct drm_gem_object *obj, struct drm_file *file)
{
	struct panfrost_gem_mapping *va = kzalloc_obj(*va, GFP_KERNEL_ACCOUNT);
	struct panfrost_file_priv *priv = file->driver_priv;
	int ret;

	if (!va)
		return -ENOMEM;
	kref_init(&va->refcount);
	INIT_LIST_HEAD(&va->node);
	drm_gem_object_get(obj);
	va->obj = to_panfrost_bo(obj);
	va->mmu = panfrost_mmu_ctx_get(priv->mmu);
	panfrost_va_set_closed(va, true);
	ret = panfrost_va_place(va);
	if (!ret)
		ret = panfrost_va_bind(va);
	if (ret)
		panfrost_gem_mapping_put(va);
	else
		panfrost_va_set_closed(va, false);
	return ret;
}

void panfrost_gem_close(struct drm_gem_object *obj, struct drm_file *file)
{
	struct panfrost_file_priv *priv = file->driver_priv;
	struct panfrost_gem_object *bo = to_panfrost_bo(obj);
	struct panfrost_gem_mapping *va;

	mutex_lock(&bo->mappings.lock);
	va = panfrost_va_find(bo, priv->mmu);
	if (va)
		va->closed = true;
	mutex_unlock(&bo->mappings.lock);
	/* The reference of the handle. */
	panfrost_gem_mapping_put(va);
}

/* Has no other file a handle? */
bool panfrost_gem_is_sole_user(struct panfrost_gem_object *bo, const struct panfrost_mmu *mmu)
{
	struct panfrost_gem_mapping *va;

	lockdep_assert_held(&bo->mappings.lock);
	list_for_each_entry(va, &bo->mappings.list, node)
		if (!va->closed && va->mmu != mmu)
			return false;
	return true;
}
