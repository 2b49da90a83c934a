// SPDX-License-Identifier: GPL-2.0
/*
 * A GPU without hardware.
 *
 * Every write to a page table is checked against what the object says of the page, and
 * logged. What must never happen is counted, not reported at once: it may happen inside
 * of memory reclaim.
 */
#include <linux/dma-direct.h>

#include "gem_uma_mock_vm.h"

static const char *gem_uma_mock_fence_name(struct dma_fence *fence)
{
	return "gem-uma-mock";
}

static const struct dma_fence_ops gem_uma_mock_fence_ops = {
	.get_driver_name = gem_uma_mock_fence_name,
	.get_timeline_name = gem_uma_mock_fence_name,
};

static void gem_uma_mock_gpu_error(struct gem_uma_mock_gpu *gpu, const char *error)
{
	spin_lock(&gpu->log_lock);
	if (!gpu->errors++)
		gpu->error = error;
	spin_unlock(&gpu->log_lock);
}

static void gem_uma_mock_gpu_log(const struct gem_uma_mock_va *va, bool map,
				 unsigned long i, dma_addr_t addr)
{
	struct gem_uma_mock_gpu *gpu = va->vm->gpu;

	spin_lock(&gpu->log_lock);
	gpu->log[gpu->logged++ % GEM_UMA_MOCK_LOG] = (struct gem_uma_mock_op) {
		.map = map, .vm = va->vm, .buf = va->buf, .page = va->page + i,
		.pgoff = va->pgoff + i, .addr = addr,
	};
	spin_unlock(&gpu->log_lock);
}

/* What the object says: the DMA address of one page, as a page frame. */
static bool gem_uma_mock_va_frame(const struct gem_uma_mock_va *va, unsigned long i,
				  unsigned long *frame)
{
	struct gem_uma_object *uobj = &va->buf->base;
	pgoff_t pgoff = va->pgoff + i;
	struct gem_uma_dma_run run;

	if (gem_uma_dev_map_run_locked(&uobj->dev_map, pgoff, pgoff + 1, &run))
		return false;
	*frame = run.addr >> PAGE_SHIFT;
	return gem_uma_backing_is_resident_locked(&uobj->backing, pgoff, pgoff + 1);
}

/* Remove the entries of [from, to) of a VA. Allocates nothing. */
static void gem_uma_mock_va_unmap(struct gem_uma_mock_va *va, unsigned long from,
				  unsigned long to)
{
	struct gem_uma_mock_gpu *gpu = va->vm->gpu;
	unsigned long i, frame;
	void *pte;

	lockdep_assert_held(&va->vm->op_lock);
	if (!dma_resv_test_signaled(va->buf->base.base.resv, DMA_RESV_USAGE_BOOKKEEP))
		gem_uma_mock_gpu_error(gpu, "I10: unmapped under a job");
	for (i = from; i < to; i++) {
		pte = xa_erase(&va->vm->ptes, va->page + i);
		if (!pte) {
			gem_uma_mock_gpu_error(gpu, "unmapped what was not mapped");
			continue;
		}
		if (!gem_uma_mock_va_frame(va, i, &frame) || frame != xa_to_value(pte))
			gem_uma_mock_gpu_error(gpu, "I4: the page went before its PTE");
		gem_uma_mock_gpu_log(va, false, i, (dma_addr_t)xa_to_value(pte) << PAGE_SHIFT);
	}
}

/* Room first, so that nothing allocates under op_lock. */
static int gem_uma_mock_va_map(struct gem_uma_mock_va *va)
{
	struct gem_uma_mock_vm *vm = va->vm;
	unsigned long i, frame;
	int ret;

	for (i = 0; i < va->nr; i++) {
		ret = xa_reserve(&vm->ptes, va->page + i, GFP_KERNEL);
		if (ret)
			goto err_release;
	}
	mutex_lock(&vm->op_lock);
	for (i = 0; i < va->nr; i++) {
		if (!gem_uma_mock_va_frame(va, i, &frame))
			gem_uma_mock_gpu_error(vm->gpu, "I4: populated page without address");
		if (xa_store(&vm->ptes, va->page + i, xa_mk_value(frame), GFP_NOWAIT))
			gem_uma_mock_gpu_error(vm->gpu, "mapped twice");
		gem_uma_mock_gpu_log(va, true, i, (dma_addr_t)frame << PAGE_SHIFT);
	}
	mutex_unlock(&vm->op_lock);
	va->mapped = true;
	return 0;

err_release:
	while (i--)
		xa_release(&vm->ptes, va->page + i);
	return ret;
}

static unsigned int gem_uma_mock_buf_dev_mapped(struct gem_uma_object *uobj)
{
	const struct gem_uma_mock_vm *vm = NULL;
	struct gem_uma_mock_va *va;

	list_for_each_entry(va, &to_gem_uma_mock_buf(uobj)->vas, buf_link) {
		if (va->mapped && vm && va->vm != vm)
			return 2;
		if (va->mapped)
			vm = va->vm;
	}
	return vm ? 1 : 0;
}

static int gem_uma_mock_buf_evict(struct gem_uma_object *uobj)
{
	struct gem_uma_mock_buf *buf = to_gem_uma_mock_buf(uobj);
	unsigned int left = buf->evict_after;
	struct gem_uma_mock_va *va;

	dma_resv_assert_held(uobj->base.resv);
	buf->evicts++;
	list_for_each_entry(va, &buf->vas, buf_link) {
		if (!va->mapped)
			continue;
		if (buf->evict_errno && !left--)
			return buf->evict_errno;
		if (!mutex_trylock(&va->vm->op_lock))
			return -EBUSY;
		gem_uma_mock_va_unmap(va, 0, va->nr);
		va->mapped = false;
		mutex_unlock(&va->vm->op_lock);
	}
	if (buf->evict_errno)
		return buf->evict_errno;
	if (buf->on_evict)
		buf->on_evict(buf);
	return 0;
}

static void gem_uma_mock_buf_free(struct gem_uma_object *uobj)
{
	struct gem_uma_mock_buf *buf = to_gem_uma_mock_buf(uobj);

	if (!list_empty(&buf->vas))
		gem_uma_mock_gpu_error(buf->gpu, "freed while bound");
	if (buf->freed_by)
		WRITE_ONCE(*buf->freed_by, current);
	kfree(buf);
}

static const struct gem_uma_object_ops gem_uma_mock_buf_ops = {
	.dev_mapped = gem_uma_mock_buf_dev_mapped, .evict = gem_uma_mock_buf_evict,
	.free = gem_uma_mock_buf_free,
};

/* A buffer with one reference, which is the caller's. Returns the buffer, or an ERR_PTR. */
struct gem_uma_mock_buf *gem_uma_mock_buf_alloc(struct gem_uma_mock_gpu *gpu, u64 size,
						u32 flags)
{
	struct gem_uma_mock_buf *buf = kzalloc_obj(*buf, GFP_KERNEL);
	int ret;

	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->gpu = gpu;
	INIT_LIST_HEAD(&buf->vas);
	ret = gem_uma_object_init(&buf->base, &gpu->mock->udev, size, flags,
				  &gem_uma_mock_buf_ops);
	if (ret) {
		kfree(buf);
		return ERR_PTR(ret);
	}
	return buf;
}

static void gem_uma_mock_buf_release(void *data)
{
	struct gem_uma_mock_buf *buf = data;

	drm_gem_object_put(&buf->base.base);
}

/* A buffer that lives as long as the test. */
struct gem_uma_mock_buf *gem_uma_mock_buf_create(struct gem_uma_mock_gpu *gpu, u64 size,
						 u32 flags)
{
	struct gem_uma_mock_buf *buf = gem_uma_mock_buf_alloc(gpu, size, flags);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(gpu->test, buf);
	KUNIT_ASSERT_EQ(gpu->test, 0,
			kunit_add_action_or_reset(gpu->test, gem_uma_mock_buf_release, buf));
	return buf;
}

/* Drop the reference of gem_uma_mock_buf_create(). */
void gem_uma_mock_buf_put(struct gem_uma_mock_gpu *gpu, struct gem_uma_mock_buf *buf)
{
	kunit_release_action(gpu->test, gem_uma_mock_buf_release, buf);
}

static int gem_uma_mock_va_create(struct gem_uma_mock_vm *vm, struct gem_uma_mock_buf *buf,
				  u64 page, pgoff_t pgoff, unsigned long nr, bool mapped)
{
	struct gem_uma_mock_va *va = kzalloc_obj(*va, GFP_KERNEL);

	dma_resv_assert_held(buf->base.base.resv);
	if (!va)
		return -ENOMEM;
	drm_gem_object_get(&buf->base.base);
	va->vm = vm;
	va->buf = buf;
	va->page = page;
	va->pgoff = pgoff;
	va->nr = nr;
	va->mapped = mapped;
	list_add_tail(&va->vm_link, &vm->vas);
	list_add_tail(&va->buf_link, &buf->vas);
	return 0;
}

/*
 * Bind pages of a buffer; the page table is written later. @page: first page of the VM,
 * none of which is bound. Returns 0 or -ENOMEM.
 */
int gem_uma_mock_vm_bind(struct gem_uma_mock_vm *vm, struct gem_uma_mock_buf *buf, u64 page,
			 pgoff_t pgoff, unsigned long nr)
{
	guard(gem_uma_resv)(buf->base.base.resv);
	return gem_uma_mock_va_create(vm, buf, page, pgoff, nr, false);
}

/* Remove pages [from, to) of one VA; what is left keeps its entries. */
static int gem_uma_mock_va_unbind(struct gem_uma_mock_va *va, unsigned long from,
				  unsigned long to)
{
	struct gem_uma_mock_buf *buf = va->buf;
	bool gone = !from && to == va->nr;
	int ret = 0;

	dma_resv_lock(buf->base.base.resv, NULL);
	if (from && to < va->nr)
		ret = gem_uma_mock_va_create(va->vm, buf, va->page + to, va->pgoff + to,
					     va->nr - to, va->mapped);
	if (ret)
		goto out;
	if (va->mapped) {
		mutex_lock(&va->vm->op_lock);
		gem_uma_mock_va_unmap(va, from, to);
		mutex_unlock(&va->vm->op_lock);
	}
	if (gone) {
		list_del(&va->vm_link);
		list_del(&va->buf_link);
	} else if (from) {
		va->nr = from;
	} else {
		va->page += to;
		va->pgoff += to;
		va->nr -= to;
	}
	gem_uma_object_update_locked(&buf->base);
out:
	dma_resv_unlock(buf->base.base.resv);
	if (gone) {
		drm_gem_object_put(&buf->base.base);
		kfree(va);
	}
	return ret;
}

/*
 * Unbind pages of a VM, splitting what lies across. @vm: VM without job on the buffers
 * concerned. Returns 0, or -ENOMEM, when a part may be gone.
 */
int gem_uma_mock_vm_unbind(struct gem_uma_mock_vm *vm, u64 page, unsigned long nr)
{
	struct gem_uma_mock_va *va, *next;
	int ret = 0;

	list_for_each_entry_safe(va, next, &vm->vas, vm_link) {
		u64 from = max(va->page, page), to = min(va->page + va->nr, page + nr);

		if (!ret && from < to)
			ret = gem_uma_mock_va_unbind(va, from - va->page, to - va->page);
	}
	return ret;
}

static int gem_uma_mock_va_validate(struct gem_uma_mock_va *va)
{
	struct gem_uma_object *uobj = &va->buf->base;
	int ret;

	if (va->mapped)
		return 0;
	ret = gem_uma_object_populate_locked(uobj, (u64)va->pgoff << PAGE_SHIFT,
					     (u64)va->nr << PAGE_SHIFT, DMA_BIDIRECTIONAL);
	if (ret)
		return ret;
	ret = gem_uma_mock_va_map(va);
	gem_uma_object_update_locked(uobj);
	return ret;
}

/* Restore all of a VM, and with @fence keep it so until that is signalled. */
static int gem_uma_mock_vm_prepare(struct gem_uma_mock_vm *vm, struct dma_fence *fence)
{
	struct gem_uma_mock_va *va;
	int ret;

	list_for_each_entry(va, &vm->vas, vm_link) {
		struct gem_uma_object *uobj = &va->buf->base;

		dma_resv_lock(uobj->base.resv, NULL);
		ret = gem_uma_mock_va_validate(va);
		if (!ret && fence)
			ret = dma_resv_reserve_fences(uobj->base.resv, 1);
		if (!ret && fence) {
			dma_resv_add_fence(uobj->base.resv, fence, DMA_RESV_USAGE_BOOKKEEP);
			gem_uma_object_mark_used(uobj);
		}
		dma_resv_unlock(uobj->base.resv);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Write the page table for all that is bound. Returns 0, or as
 * gem_uma_object_populate_locked(); repeating continues.
 */
int gem_uma_mock_vm_validate(struct gem_uma_mock_vm *vm)
{
	return gem_uma_mock_vm_prepare(vm, NULL);
}

/*
 * The first word of a page, as the GPU sees it. Returns where it is, NULL without a page
 * table entry.
 */
u32 *gem_uma_mock_vm_word(struct gem_uma_mock_vm *vm, u64 page)
{
	struct device *dev = vm->gpu->mock->udev.dma_dev;
	void *pte = xa_load(&vm->ptes, page);

	if (!pte)
		return NULL;
	return phys_to_virt(dma_to_phys(dev, (dma_addr_t)xa_to_value(pte) << PAGE_SHIFT));
}

static void gem_uma_mock_job_end(struct gem_uma_mock_job *job)
{
	dma_fence_signal(&job->fence);
	dma_fence_put(&job->fence);
}

/*
 * Start a job that writes a word and uses all of a VM. @page: page of the VM that is
 * written. Each buffer is busy from the moment it is validated, so none can be evicted
 * while others are restored. Returns the job, or an ERR_PTR.
 */
struct gem_uma_mock_job *gem_uma_mock_vm_submit(struct gem_uma_mock_vm *vm, u64 page,
						u32 value)
{
	struct gem_uma_mock_job *job = kzalloc_obj(*job, GFP_KERNEL);
	struct gem_uma_mock_va *va;
	int ret;

	if (!job)
		return ERR_PTR(-ENOMEM);
	/* A context of its own: jobs end in any order. */
	dma_fence_init(&job->fence, &gem_uma_mock_fence_ops, &vm->gpu->fence_lock,
		       dma_fence_context_alloc(1), 1);
	job->vm = vm;
	job->page = page;
	job->value = value;
	ret = gem_uma_mock_vm_prepare(vm, &job->fence);
	if (ret) {
		gem_uma_mock_job_end(job);
		return ERR_PTR(ret);
	}
	list_for_each_entry(va, &vm->vas, vm_link)
		if (!va->mapped)
			gem_uma_mock_gpu_error(vm->gpu, "I10: job starts with an evicted VA");
	list_add_tail(&job->link, &vm->gpu->jobs);
	return job;
}

/* Do what the job is for, and signal. */
void gem_uma_mock_job_finish(struct gem_uma_mock_job *job)
{
	struct gem_uma_mock_vm *vm = job->vm;
	u32 *word;

	mutex_lock(&vm->op_lock);
	word = gem_uma_mock_vm_word(vm, job->page);
	if (word)
		WRITE_ONCE(*word, job->value);
	else
		gem_uma_mock_gpu_error(vm->gpu, "I10: a running job met no PTE");
	mutex_unlock(&vm->op_lock);
	list_del(&job->link);
	gem_uma_mock_job_end(job);
}

/*
 * How often was a page table written? @since: &gem_uma_mock_gpu.logged, at some time; at
 * most GEM_UMA_MOCK_LOG ago. @map: entries made, else those removed. @vm: of which VM, NULL
 * for all.
 */
unsigned int gem_uma_mock_gpu_count(struct gem_uma_mock_gpu *gpu, unsigned long since,
				    bool map, struct gem_uma_mock_vm *vm, u64 page)
{
	unsigned int n = 0;

	KUNIT_EXPECT_LE(gpu->test, gpu->logged - since, GEM_UMA_MOCK_LOG);
	for (; since < gpu->logged; since++) {
		const struct gem_uma_mock_op *op = &gpu->log[since % GEM_UMA_MOCK_LOG];

		if (op->map == map && (!vm || op->vm == vm) &&
		    (page == U64_MAX || op->page == page))
			n++;
	}
	return n;
}

static const char *gem_uma_mock_va_check(struct gem_uma_mock_va *va)
{
	unsigned long i, frame;

	for (i = 0; i < va->nr; i++) {
		void *pte = xa_load(&va->vm->ptes, va->page + i);

		if (!va->mapped && pte)
			return "I1: a PTE of an evicted VA";
		if (!va->mapped)
			continue;
		if (!pte)
			return "I4: no PTE of a mapped VA";
		if (!gem_uma_mock_va_frame(va, i, &frame))
			return "I4: a PTE to a page that is not there";
		if (frame != xa_to_value(pte))
			return "I4: a PTE to another page";
	}
	return NULL;
}

static const char *gem_uma_mock_vm_check(struct gem_uma_mock_vm *vm)
{
	unsigned long expected = 0, found = 0, page;
	struct gem_uma_mock_va *va;
	const char *bad = NULL;
	void *pte;

	if (mutex_is_locked(&vm->op_lock))
		return "I6: op_lock left locked";
	list_for_each_entry(va, &vm->vas, vm_link) {
		dma_resv_lock(va->buf->base.base.resv, NULL);
		bad = gem_uma_mock_va_check(va);
		expected += va->mapped ? va->nr : 0;
		dma_resv_unlock(va->buf->base.base.resv);
		if (bad)
			return bad;
	}
	xa_for_each(&vm->ptes, page, pte)
		found++;
	return found == expected ? NULL : "I1: a PTE that belongs to no VA";
}

/* Do all page tables agree with the buffers? Returns what is wrong, NULL for nothing. */
const char *gem_uma_mock_gpu_check(struct gem_uma_mock_gpu *gpu)
{
	struct gem_uma_mock_vm *vm;
	const char *bad;

	if (gpu->errors)
		return gpu->error;
	list_for_each_entry(vm, &gpu->vms, link) {
		bad = gem_uma_mock_vm_check(vm);
		if (bad)
			return bad;
	}
	return NULL;
}

/* A VM that lives as long as the GPU. */
struct gem_uma_mock_vm *gem_uma_mock_vm_create(struct gem_uma_mock_gpu *gpu)
{
	struct gem_uma_mock_vm *vm = kzalloc_obj(*vm, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(gpu->test, vm);
	vm->gpu = gpu;
	INIT_LIST_HEAD(&vm->vas);
	mutex_init(&vm->op_lock);
	xa_init(&vm->ptes);
	list_add_tail(&vm->link, &gpu->vms);
	return vm;
}

/* Jobs end first: nothing is unbound under them. */
static void gem_uma_mock_gpu_release(void *data)
{
	struct gem_uma_mock_gpu *gpu = data;
	struct gem_uma_mock_job *job, *next_job;
	struct gem_uma_mock_vm *vm, *next;

	list_for_each_entry_safe(job, next_job, &gpu->jobs, link)
		gem_uma_mock_job_finish(job);
	list_for_each_entry_safe(vm, next, &gpu->vms, link) {
		gem_uma_mock_vm_unbind(vm, 0, ULONG_MAX);
		xa_destroy(&vm->ptes);
		mutex_destroy(&vm->op_lock);
		kfree(vm);
	}
	KUNIT_EXPECT_EQ_MSG(gpu->test, gpu->errors, 0, "%s", gpu->error);
	kvfree(gpu->log);
	kfree(gpu);
}

/*
 * A GPU that lives as long as the test. At the end of the test, what must never happen and
 * did lets the test fail.
 */
struct gem_uma_mock_gpu *gem_uma_mock_gpu_create(struct kunit *test,
						 struct gem_uma_mock *mock)
{
	struct gem_uma_mock_gpu *gpu = kzalloc_obj(*gpu, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, gpu);
	gpu->log = kvcalloc(GEM_UMA_MOCK_LOG, sizeof(*gpu->log), GFP_KERNEL);
	if (!gpu->log)
		kfree(gpu);
	KUNIT_ASSERT_NOT_NULL(test, gpu->log);
	gpu->test = test;
	gpu->mock = mock;
	INIT_LIST_HEAD(&gpu->vms);
	INIT_LIST_HEAD(&gpu->jobs);
	spin_lock_init(&gpu->fence_lock);
	spin_lock_init(&gpu->log_lock);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, gem_uma_mock_gpu_release,
							   gpu));
	return gpu;
}
