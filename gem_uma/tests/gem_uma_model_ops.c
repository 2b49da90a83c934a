// SPDX-License-Identifier: GPL-2.0
/* Operations of the random model test. Each returns what is wrong, NULL for nothing. */
#include <linux/ktime.h>
#include <linux/sched/mm.h>

#include <drm/drm_prime.h>

#include "gem_uma_model.h"

/* A buffer that has a handle, or NULL. */
static struct model_buf *model_pick(struct model *m)
{
	unsigned int i, at = model_random(m, m->config->bufs);

	for (i = 0; i < m->config->bufs; i++) {
		struct model_buf *mb = &m->bufs[(at + i) % m->config->bufs];

		if (mb->buf && mb->handle)
			return mb;
	}
	return NULL;
}

static struct model_seg *model_pick_seg(struct model *m)
{
	unsigned int i, at = model_random(m, MODEL_SEGS);

	for (i = 0; i < MODEL_SEGS; i++)
		if (m->segs[(at + i) % MODEL_SEGS].nr)
			return &m->segs[(at + i) % MODEL_SEGS];
	return NULL;
}

static struct gem_uma_mock_va *model_pick_va(struct model *m)
{
	struct gem_uma_mock_vm *vm = m->vms[model_random(m, MODEL_VMS)];
	unsigned int n = 0, want;
	struct gem_uma_mock_va *va;

	list_for_each_entry(va, &vm->vas, vm_link)
		n++;
	want = model_random(m, n);
	list_for_each_entry(va, &vm->vas, vm_link)
		if (!want--)
			return va;
	return NULL;
}

/* From here to the end of the operation, one allocation fails if that was asked for. */
static void model_arm(struct model *m)
{
#ifdef CONFIG_FAULT_INJECTION
	if (m->inject)
		current->fail_nth = m->inject;
	m->injected = m->inject;
	m->inject = 0;
#endif
}

static void model_disarm(struct model *m)
{
#ifdef CONFIG_FAULT_INJECTION
	current->fail_nth = 0;
#endif
}

/* Some errors are fine, but only when they were asked for. */
static const char *model_result(struct model *m, int ret)
{
	model_disarm(m);
	m->failed += !!ret;
	if (!ret || (ret == -ENOMEM && m->injected))
		return NULL;
	return "an error that nothing explains";
}

static const char *model_op_create(struct model *m)
{
	struct model_buf *mb = &m->bufs[model_random(m, m->config->bufs)];
	unsigned long pages = 1 + model_random(m, m->config->max_pages);
	struct gem_uma_mock_buf *buf;
	const char *bad;

	if (mb->buf)
		return NULL;
	model_arm(m);
	buf = gem_uma_mock_buf_alloc(m->gpu, pages << PAGE_SHIFT,
				     m->config->huge ? GEM_UMA_OBJECT_HUGE : 0);
	if (IS_ERR(buf))
		return model_result(m, PTR_ERR(buf));
	bad = model_result(m, gem_uma_client_open(&m->client, &buf->base.files));
	/* Not by way of the file: it has no handle then. */
	if (!buf->base.files.nr) {
		drm_gem_object_put(&buf->base.base);
		return bad;
	}
	mb->buf = buf;
	mb->pages = pages;
	mb->handle = true;
	mb->file = gem_uma_mock_file(m->test, &buf->base.base);
	memset(mb->shadow, 0, pages * sizeof(*mb->shadow));
	return bad;
}

/* The handle goes; mappings may keep the buffer. */
static const char *model_op_close(struct model *m)
{
	struct model_buf *mb = model_pick(m);

	if (!mb || mb->vmaps || mb->pins || mb->attach)
		return NULL;
	gem_uma_client_close(&m->client, &model_uobj(mb)->files);
	mb->handle = false;
	drm_gem_object_put(&model_uobj(mb)->base);
	return NULL;
}

static bool model_is_free(struct gem_uma_mock_vm *vm, u64 page, unsigned long nr)
{
	struct gem_uma_mock_va *va;

	list_for_each_entry(va, &vm->vas, vm_link)
		if (page < va->page + va->nr && va->page < page + nr)
			return false;
	return true;
}

static const char *model_op_bind(struct model *m)
{
	struct gem_uma_mock_vm *vm = m->vms[model_random(m, MODEL_VMS)];
	struct model_buf *mb = model_pick(m);
	unsigned long nr;
	pgoff_t pgoff;
	u64 page;

	if (!mb)
		return NULL;
	pgoff = model_random(m, mb->pages);
	nr = 1 + model_random(m, mb->pages - pgoff);
	page = model_random(m, MODEL_VM_PAGES - nr);
	if (!model_is_free(vm, page, nr))
		return NULL;
	model_arm(m);
	return model_result(m, gem_uma_mock_vm_bind(vm, mb->buf, page, pgoff, nr));
}

/* Often of the middle. */
static const char *model_op_unbind(struct model *m)
{
	struct gem_uma_mock_va *va = model_pick_va(m);
	unsigned long from, nr;

	if (!va || !dma_resv_test_signaled(va->buf->base.base.resv, DMA_RESV_USAGE_BOOKKEEP))
		return NULL;
	from = model_random(m, va->nr);
	nr = 1 + model_random(m, va->nr - from);
	model_arm(m);
	return model_result(m, gem_uma_mock_vm_unbind(va->vm, va->page + from, nr));
}

static const char *model_op_submit(struct model *m)
{
	struct gem_uma_mock_va *va = model_pick_va(m);
	struct gem_uma_mock_job *job;
	unsigned int jobs = 0;

	list_for_each_entry(job, &m->gpu->jobs, link)
		jobs++;
	if (!va || jobs == MODEL_JOBS)
		return NULL;
	model_arm(m);
	job = gem_uma_mock_vm_submit(va->vm, va->page + model_random(m, va->nr),
				     prandom_u32_state(&m->rnd));
	return model_result(m, PTR_ERR_OR_ZERO(job));
}

/* Let a job write its word. */
void gem_uma_model_finish_job(struct model *m, struct gem_uma_mock_job *job)
{
	struct gem_uma_mock_va *va;

	list_for_each_entry(va, &job->vm->vas, vm_link)
		if (va->page <= job->page && job->page < va->page + va->nr)
			model_find(m, va->buf)->shadow[va->pgoff + (job->page - va->page)] =
				job->value;
	gem_uma_mock_job_finish(job);
}

static const char *model_op_signal(struct model *m)
{
	struct gem_uma_mock_job *job, *found = NULL;

	/* Any of them: each is as likely as those before together. */
	list_for_each_entry(job, &m->gpu->jobs, link)
		if (!found || model_random(m, 2))
			found = job;
	if (found)
		gem_uma_model_finish_job(m, found);
	return NULL;
}

static const char *model_op_mmap(struct model *m)
{
	struct model_seg *seg = &m->segs[model_random(m, MODEL_SEGS)];
	struct model_buf *mb = model_pick(m);
	unsigned long addr;

	if (!mb || seg->nr)
		return NULL;
	seg->pgoff = model_random(m, 3) ? 0 : model_random(m, mb->pages);
	seg->nr = 1 + model_random(m, mb->pages - seg->pgoff);
	if (model_random(m, 2))
		seg->nr = mb->pages - seg->pgoff;
	m->hint += 2 * PMD_SIZE + ALIGN(seg->nr << PAGE_SHIFT, PMD_SIZE);
	addr = vm_mmap(mb->file, m->hint, seg->nr << PAGE_SHIFT, PROT_READ | PROT_WRITE,
		       MAP_SHARED, seg->pgoff << PAGE_SHIFT);
	if (IS_ERR_VALUE(addr)) {
		seg->nr = 0;
		return "mmap failed";
	}
	seg->mb = mb;
	seg->addr = addr;
	return NULL;
}

/* Often the middle of a mapping: one VMA becomes two. */
static const char *model_op_munmap(struct model *m)
{
	struct model_seg *seg = model_pick_seg(m), *rest = NULL;
	unsigned long from, nr;
	unsigned int i;

	if (!seg)
		return NULL;
	from = model_random(m, seg->nr);
	nr = 1 + model_random(m, seg->nr - from);
	for (i = 0; i < MODEL_SEGS && !rest; i++)
		if (!m->segs[i].nr)
			rest = &m->segs[i];
	if (!rest)
		nr = seg->nr - from;
	if (vm_munmap(seg->addr + (from << PAGE_SHIFT), nr << PAGE_SHIFT))
		return "munmap failed";
	if (from + nr < seg->nr)
		*rest = (struct model_seg) {
			.mb = seg->mb, .pgoff = seg->pgoff + from + nr,
			.addr = seg->addr + ((from + nr) << PAGE_SHIFT),
			.nr = seg->nr - from - nr,
		};
	seg->nr = from;
	return NULL;
}

static const char *model_op_cpu_read(struct model *m)
{
	struct model_seg *seg = model_pick_seg(m);
	unsigned long i;
	u32 word = 0;
	int ret;

	if (!seg)
		return NULL;
	i = model_random(m, seg->nr);
	model_arm(m);
	ret = get_user(word, (u32 __user *)(seg->addr + (i << PAGE_SHIFT)));
	model_disarm(m);
	if (ret)
		return m->injected ? NULL : "a read fault that nothing explains";
	return word == seg->mb->shadow[seg->pgoff + i] ? NULL : "I8: the CPU reads wrong";
}

static const char *model_op_cpu_write(struct model *m)
{
	struct model_seg *seg = model_pick_seg(m);
	u32 word = prandom_u32_state(&m->rnd);
	unsigned long i;
	int ret;

	if (!seg)
		return NULL;
	i = model_random(m, seg->nr);
	model_arm(m);
	ret = put_user(word, (u32 __user *)(seg->addr + (i << PAGE_SHIFT)));
	model_disarm(m);
	if (ret)
		return m->injected ? NULL : "a write fault that nothing explains";
	seg->mb->shadow[seg->pgoff + i] = word;
	return NULL;
}

static const char *model_op_vmap(struct model *m)
{
	struct model_buf *mb = model_pick(m);
	int ret;

	if (!mb || mb->vmaps == 2)
		return NULL;
	/* Not to fail: kmemleak then tells the log that it could not note the mapping. */
	model_lock(mb);
	ret = gem_uma_object_vmap(&model_uobj(mb)->base, &mb->map);
	model_unlock(mb);
	mb->vmaps += !ret;
	return model_result(m, ret);
}

static const char *model_op_vmap_write(struct model *m)
{
	struct model_buf *mb = model_pick(m);
	u32 word = prandom_u32_state(&m->rnd);
	unsigned long i;

	if (!mb || !mb->vmaps)
		return NULL;
	i = model_random(m, mb->pages);
	WRITE_ONCE(*(u32 *)(mb->map.vaddr + (i << PAGE_SHIFT)), word);
	mb->shadow[i] = word;
	return NULL;
}

static const char *model_op_vunmap(struct model *m)
{
	struct model_buf *mb = model_pick(m);

	if (!mb || !mb->vmaps)
		return NULL;
	model_lock(mb);
	gem_uma_object_vunmap(&model_uobj(mb)->base, &mb->map);
	model_unlock(mb);
	mb->vmaps--;
	return NULL;
}

static const char *model_op_pin(struct model *m)
{
	struct model_buf *mb = model_pick(m);
	int ret;

	if (!mb || mb->pins == 2)
		return NULL;
	model_lock(mb);
	model_arm(m);
	ret = gem_uma_object_pin(&model_uobj(mb)->base);
	model_disarm(m);
	model_unlock(mb);
	mb->pins += !ret;
	return model_result(m, ret);
}

static const char *model_op_unpin(struct model *m)
{
	struct model_buf *mb = model_pick(m);

	if (!mb || !mb->pins)
		return NULL;
	model_lock(mb);
	gem_uma_object_unpin(&model_uobj(mb)->base);
	model_unlock(mb);
	mb->pins--;
	return NULL;
}

/* Undo what there is of an export. */
void gem_uma_model_detach(struct model_buf *mb)
{
	if (!IS_ERR_OR_NULL(mb->sgt))
		dma_buf_unmap_attachment_unlocked(mb->attach, mb->sgt, DMA_BIDIRECTIONAL);
	if (!IS_ERR_OR_NULL(mb->attach))
		dma_buf_detach(mb->dmabuf, mb->attach);
	if (!IS_ERR_OR_NULL(mb->dmabuf))
		dma_buf_put(mb->dmabuf);
	mb->sgt = NULL;
	mb->attach = NULL;
	mb->dmabuf = NULL;
}

static const char *model_op_attach(struct model *m)
{
	struct model_buf *mb = model_pick(m);
	int ret;

	if (!mb || mb->attach)
		return NULL;
	model_arm(m);
	mb->dmabuf = drm_gem_prime_export(&model_uobj(mb)->base, O_RDWR);
	ret = PTR_ERR_OR_ZERO(mb->dmabuf);
	if (!ret) {
		mb->attach = dma_buf_attach(mb->dmabuf, m->importer);
		ret = PTR_ERR_OR_ZERO(mb->attach);
	}
	if (!ret) {
		mb->sgt = dma_buf_map_attachment_unlocked(mb->attach, DMA_BIDIRECTIONAL);
		ret = PTR_ERR_OR_ZERO(mb->sgt);
	}
	model_disarm(m);
	if (ret)
		gem_uma_model_detach(mb);
	return model_result(m, ret);
}

static const char *model_op_detach(struct model *m)
{
	struct model_buf *mb = model_pick(m);

	if (mb && mb->attach)
		gem_uma_model_detach(mb);
	return NULL;
}

static const char *model_op_get_sg_table(struct model *m)
{
	struct model_buf *mb = model_pick(m);
	struct sg_table *sgt;

	if (!mb || !mb->pins)
		return NULL;
	model_lock(mb);
	model_arm(m);
	sgt = gem_uma_object_get_sg_table(&model_uobj(mb)->base);
	model_disarm(m);
	model_unlock(mb);
	if (!IS_ERR(sgt)) {
		sg_free_table(sgt);
		kfree(sgt);
	}
	return model_result(m, PTR_ERR_OR_ZERO(sgt));
}

static const char *model_op_populate(struct model *m)
{
	struct model_buf *mb = model_pick(m);
	unsigned long pgoff;
	int ret;

	if (!mb)
		return NULL;
	pgoff = model_random(m, mb->pages);
	model_lock(mb);
	model_arm(m);
	ret = gem_uma_object_populate_locked(model_uobj(mb), pgoff << PAGE_SHIFT, PAGE_SIZE,
					     DMA_TO_DEVICE);
	model_disarm(m);
	model_unlock(mb);
	return model_result(m, ret);
}

/* One buffer, or chunks of it, through the door that reclaim uses. */
static const char *model_op_evict(struct model *m)
{
	unsigned long resident, nr = 1 + model_random(m, m->config->max_pages);
	struct model_buf *mb = model_pick(m);
	bool may, whole;
	long ret;

	if (!mb)
		return NULL;
	model_lock(mb);
	resident = gem_uma_backing_resident(&model_uobj(mb)->backing);
	may = !mb->vmaps && !mb->pins && !mb->attach && !model_is_busy(mb) &&
	      !mb->buf->evict_errno;
	fs_reclaim_acquire(GFP_KERNEL);
	whole = nr >= resident || model_uobj(mb)->ops->dev_mapped(model_uobj(mb));
	ret = model_uobj(mb)->reclaim.ops->evict(&model_uobj(mb)->reclaim, nr);
	fs_reclaim_release(GFP_KERNEL);
	gem_uma_object_update_locked(model_uobj(mb));
	model_unlock(mb);
	/* With nothing to evict, nobody is asked. */
	if (may || !resident)
		return ret <= resident && ret >= (whole ? resident : nr) ?
		       NULL : "eviction of an idle buffer failed";
	return ret == -EBUSY ? NULL : "I1: eviction of a buffer that is in use";
}

static const char *model_op_scan(struct model *m)
{
	u64 evicted = atomic64_read(&m->mock->udev.evicted_pages);
	unsigned long nr = 1 + model_random(m, 4 * m->config->max_pages), ret;
	ktime_t begin = ktime_get();

	ret = gem_uma_reclaim_device_run(&m->mock->udev, nr);
	if (ktime_ms_delta(ktime_get(), begin) > 10000)
		return "I7: a scan waits";
	return ret < atomic64_read(&m->mock->udev.evicted_pages) - evicted ?
	       "a scan evicts what it does not tell" : NULL;
}

/* As memory pressure does: clean pages that nobody holds are dropped without a copy. */
static const char *model_op_drop_clean(struct model *m)
{
	struct model_buf *mb = model_pick(m);

	if (mb)
		invalidate_mapping_pages(model_uobj(mb)->backing.file->f_mapping, 0, -1);
	return NULL;
}

static const char *model_op_evict_errno(struct model *m)
{
	struct model_buf *mb = model_pick(m);

	if (mb) {
		mb->buf->evict_errno = model_random(m, 3) ? 0 : -EBUSY;
		mb->buf->evict_after = model_random(m, 3);
	}
	return NULL;
}

static const char *model_op_mark_used(struct model *m)
{
	struct model_buf *mb = model_pick(m);

	if (mb)
		gem_uma_object_mark_used(model_uobj(mb));
	return NULL;
}

static const char *model_op_fail_allocation(struct model *m)
{
	if (m->can_inject)
		m->inject = 1 + model_random(m, 6);
	return NULL;
}

static const struct model_op {
	const char *name;
	const char *(*run)(struct model *m);
	unsigned int weight;
} model_ops[] = {
	{ "create", model_op_create, 12 },
	{ "close", model_op_close, 2 },
	{ "bind", model_op_bind, 10 },
	{ "unbind", model_op_unbind, 5 },
	{ "submit", model_op_submit, 8 },
	{ "signal", model_op_signal, 10 },
	{ "mmap", model_op_mmap, 5 },
	{ "munmap", model_op_munmap, 4 },
	{ "cpu_read", model_op_cpu_read, 8 },
	{ "cpu_write", model_op_cpu_write, 8 },
	{ "vmap", model_op_vmap, 3 },
	{ "vmap_write", model_op_vmap_write, 6 },
	{ "vunmap", model_op_vunmap, 10 },
	{ "pin", model_op_pin, 3 },
	{ "unpin", model_op_unpin, 10 },
	{ "attach", model_op_attach, 2 },
	{ "detach", model_op_detach, 8 },
	{ "get_sg_table", model_op_get_sg_table, 3 },
	{ "populate", model_op_populate, 6 },
	{ "evict", model_op_evict, 12 },
	{ "scan", model_op_scan, 10 },
	{ "drop_clean", model_op_drop_clean, 6 },
	{ "evict_errno", model_op_evict_errno, 3 },
	{ "mark_used", model_op_mark_used, 2 },
	{ "fail_allocation", model_op_fail_allocation, 15 },
};

/* Do one operation, chosen at random. Returns what is wrong, NULL for nothing. */
const char *gem_uma_model_run(struct model *m)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < ARRAY_SIZE(model_ops); i++)
		sum += model_ops[i].weight;
	at = model_random(m, sum);
	for (i = 0; at >= model_ops[i].weight; i++)
		at -= model_ops[i].weight;
	m->op = model_ops[i].name;
	m->injected = false;
	return model_ops[i].run(m);
}
