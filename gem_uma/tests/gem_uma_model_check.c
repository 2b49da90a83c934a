// SPDX-License-Identifier: GPL-2.0
/* Invariants of the random model test; gem_uma_test_model.c has the list. */
#include <linux/dma-direct.h>
#include <linux/file.h>
#include <linux/vmalloc.h>

#include "gem_uma_model.h"
#include "gem_uma_reclaim_lists.h"
#include "gem_uma_state.h"

static u32 model_word(unsigned long pfn)
{
	return READ_ONCE(*(u32 *)page_address(pfn_to_page(pfn)));
}

static bool model_is_dirty(unsigned long pfn)
{
	return folio_test_dirty(page_folio(pfn_to_page(pfn)));
}

/* What the backing says of its pages, and their content. */
static const char *model_check_pages(struct model_buf *mb)
{
	struct gem_uma_backing *b = &model_uobj(mb)->backing;
	unsigned long i, n = 0, nr;
	struct gem_uma_run run;

	memset(mb->pfn, 0, mb->pages * sizeof(*mb->pfn));
	for (i = 0; i < mb->pages; i += nr) {
		nr = 1;
		if (gem_uma_backing_run_locked(b, i, mb->pages, &run))
			continue;
		for (nr = 0; nr < run.nr; nr++)
			mb->pfn[i + nr] = run.pfn + nr;
		n += nr;
	}
	for (i = 0; i < mb->pages; i++)
		if (mb->pfn[i] && model_word(mb->pfn[i]) != mb->shadow[i])
			return "I8: a page has other content than the shadow";
	return n == gem_uma_backing_resident(b) ? NULL : "I3: held pages that are not there";
}

static const char *model_check_dev_map(struct model_buf *mb)
{
	struct gem_uma_dev_map *dmap = &model_uobj(mb)->dev_map;
	struct gem_uma_dma_run run;
	unsigned long i, n = 0;

	for (i = 0; i < mb->pages; i++) {
		if (gem_uma_dev_map_run_locked(dmap, i, i + 1, &run))
			continue;
		if (!mb->pfn[i])
			return "I5: a DMA address of a page that is not resident";
		if (PHYS_PFN(dma_to_phys(dmap->dev, run.addr)) != mb->pfn[i])
			return "I5: a DMA address of another page";
		n++;
	}
	return n == dmap->mapped.pages ? NULL : "I3: DMA addresses that are nobody's";
}

static const char *model_check_vmap(struct model_buf *mb)
{
	struct gem_uma_cpu_map *cmap = &model_uobj(mb)->cpu_map;
	unsigned int pins = mb->pins + !!mb->vmaps + !!mb->attach;
	unsigned long i;

	if (cmap->vmaps != mb->vmaps || !!cmap->vaddr != !!mb->vmaps)
		return "I5: vmaps are miscounted";
	if (atomic_read(&model_uobj(mb)->backing.pins) != pins)
		return "I5: pins are miscounted";
	for (i = 0; i < mb->pages && pins; i++)
		if (!mb->pfn[i])
			return "I5: a pinned page is not resident";
	for (i = 0; i < mb->pages && mb->vmaps; i++) {
		if (vmalloc_to_pfn(cmap->vaddr + (i << PAGE_SHIFT)) != mb->pfn[i])
			return "I8: the vmap shows another page";
		if (!model_is_dirty(mb->pfn[i]))
			return "I8: vmapped and clean";
	}
	return NULL;
}

/*
 * munmap(), writeback, and who drops clean pages report nothing: the lists may be outdated by
 * them.
 */
static bool model_state_is_right(enum gem_uma_reclaim_state filed,
				 const struct gem_uma_state_facts *facts)
{
	enum gem_uma_reclaim_state now = gem_uma_state_decide(facts);

	if (filed == now || (filed == GEM_UMA_EVICTED && now > filed))
		return true;
	/* Nor does the first write through a page that was mapped for reading. */
	if (filed == GEM_UMA_NEVER_WRITTEN)
		return now != GEM_UMA_UNRECLAIMABLE || !(facts->resident + facts->leftover);
	return (filed == GEM_UMA_UNUSED && now == GEM_UMA_CPU_MAPPED) ||
	       (filed == GEM_UMA_CPU_MAPPED && now == GEM_UMA_UNUSED);
}

static const char *model_check_state(struct model *m, struct model_buf *mb)
{
	struct gem_uma_object *uobj = model_uobj(mb);
	struct gem_uma_reclaim *reclaim = &uobj->reclaim;
	unsigned long resident = gem_uma_backing_resident(&uobj->backing);
	unsigned long cached = gem_uma_backing_in_memory(&uobj->backing);
	struct gem_uma_state_facts facts = {
		.resident = resident,
		.leftover = cached > resident ? cached - resident : 0,
		.pins = atomic_read(&uobj->backing.pins),
		.dev_mapped = uobj->ops->dev_mapped(uobj),
		.mmaps = gem_uma_cpu_map_mmaps(&uobj->cpu_map),
		.clean = gem_uma_backing_is_clean(&uobj->backing),
	};
	bool listed = !list_empty(&reclaim->lru);
	bool reclaimable = reclaim->state != GEM_UMA_UNRECLAIMABLE;

	if (facts.mmaps != model_count_segs(m, mb))
		return "I3: VMAs are miscounted";
	if (!model_state_is_right(reclaim->state, &facts)) {
		kunit_info(m->test, "filed as %d, is %d: %lu held, %lu not, clean %d, mmaps %u, device %u",
			   reclaim->state, gem_uma_state_decide(&facts), facts.resident,
			   facts.leftover, facts.clean, facts.mmaps, facts.dev_mapped);
		return "I2: filed under a wrong state";
	}
	if (listed != reclaimable)
		return "I2: listed, or not, against its state";
	if (!facts.resident && (uobj->dev_map.mapped.pages || uobj->cpu_map.vaddr || facts.pins ||
				facts.dev_mapped))
		return "I1: pages are gone, but not all that refers to them";
	return NULL;
}

static const char *model_check_buf(struct model *m, struct model_buf *mb)
{
	const char *bad;

	if (dma_resv_is_locked(model_uobj(mb)->base.resv))
		return "I6: a resv is left locked";
	model_lock(mb);
	bad = model_check_pages(mb);
	if (!bad)
		bad = model_check_dev_map(mb);
	if (!bad)
		bad = model_check_vmap(mb);
	if (!bad)
		bad = model_check_state(m, mb);
	mb->evicted = model_uobj(mb)->backing.evicted_pages;
	mb->restored = model_uobj(mb)->backing.restored_pages;
	model_unlock(mb);
	return bad;
}

/* What user space has in its page tables. Its own content checks come as operations. */
static const char *model_check_seg(const struct model_seg *seg)
{
	struct gem_uma_cpu_map *cmap = &model_uobj(seg->mb)->cpu_map;
	struct follow_pfnmap_args args = { .vma = find_vma(current->mm, seg->addr) };
	unsigned long i;

	for (i = 0; i < seg->nr; i++) {
		pgoff_t pgoff = seg->pgoff + i;
		unsigned long pfn = seg->mb->pfn[pgoff];
		void *entry;
		bool right;

		args.address = seg->addr + (i << PAGE_SHIFT);
		if (follow_pfnmap_start(&args))
			continue;
		entry = xa_load(&cmap->ptes, pgoff / GEM_UMA_BACKING_CHUNK);
		right = args.pfn == pfn && entry && xa_to_value(entry) &&
			pgoff >= cmap->mapped.start && pgoff < cmap->mapped.end;
		follow_pfnmap_end(&args);
		if (!pfn)
			return "I1: a user PTE of a page that is not resident";
		if (!right)
			return "I8: a user PTE of another page, or one that is not counted";
	}
	return NULL;
}

static const char *model_check_vas(struct model *m)
{
	const char *bad = gem_uma_mock_gpu_check(m->gpu);
	struct gem_uma_mock_va *va;
	unsigned long i;
	unsigned int v;

	for (v = 0; v < MODEL_VMS && !bad; v++)
		list_for_each_entry(va, &m->vms[v]->vas, vm_link)
			for (i = 0; i < va->nr && va->mapped; i++)
				if (!model_is_dirty(model_find(m, va->buf)->pfn[va->pgoff + i]))
					bad = "I8: mapped by the GPU and clean";
	return bad;
}

/* Sums over all buffers, against what others count. */
static const char *model_check_sums(struct model *m)
{
	struct gem_uma_reclaim_device *rdev = m->mock->udev.reclaim;
	unsigned long lists[GEM_UMA_UNRECLAIMABLE + 1] = {}, objects = 0, pages = 0;
	unsigned long resident = 0, total = 0, shown = 0, evicted_now = 0;
	u64 evicted = m->evicted, restored = m->restored;
	unsigned int i;

	for (i = 0; i < MODEL_BUFS; i++) {
		struct model_buf *mb = &m->bufs[i];
		struct gem_uma_reclaim *reclaim;

		if (!mb->buf)
			continue;
		reclaim = &model_uobj(mb)->reclaim;
		lists[reclaim->state]++;
		objects += reclaim->state != GEM_UMA_UNRECLAIMABLE;
		pages += reclaim->state != GEM_UMA_UNRECLAIMABLE ? reclaim->pages : 0;
		resident += gem_uma_backing_resident(&model_uobj(mb)->backing);
		evicted += mb->evicted;
		restored += mb->restored;
		if (!mb->handle)
			continue;
		total += mb->pages;
		shown += gem_uma_backing_resident(&model_uobj(mb)->backing);
		evicted_now += gem_uma_backing_evicted(&model_uobj(mb)->backing);
	}
	for (i = 0; i < GEM_UMA_RECLAIM_LISTS; i++)
		if (list_lru_count(&rdev->lists[i]) != lists[i])
			return "I2: a list is longer or shorter than it should be";
	if (atomic_long_read(&rdev->objects) != objects ||
	    atomic_long_read(&rdev->pages) != pages)
		return "I3: sums over the lists are wrong";
	if (atomic_long_read(&m->mock->udev.resident_pages) != resident ||
	    atomic64_read(&m->mock->udev.evicted_pages) != evicted ||
	    atomic64_read(&m->mock->udev.restored_pages) != restored)
		return "I3: sums of the device are wrong";
	if (atomic64_read(&m->client.total) != total << PAGE_SHIFT ||
	    atomic64_read(&m->client.resident) != shown << PAGE_SHIFT ||
	    atomic64_read(&m->client.evicted) != evicted_now << PAGE_SHIFT)
		return "I3: numbers of the file are wrong";
	return NULL;
}

static bool model_is_alive(struct model *m, const struct gem_uma_mock_buf *buf)
{
	struct gem_uma_device *udev = &m->mock->udev;
	struct gem_uma_object *uobj;
	bool alive = false;

	spin_lock(&udev->objects_lock);
	list_for_each_entry(uobj, &udev->objects, device_link)
		alive |= uobj == &buf->base;
	spin_unlock(&udev->objects_lock);
	return alive;
}

/* Reclaim leaves the last put to a work item, and so do files of kernel threads. */
static bool model_is_freed(struct model *m, const struct gem_uma_mock_buf *buf)
{
	unsigned int ms;

	for (ms = 0; ms < 10000 && model_is_alive(m, buf); ms += 20) {
		flush_delayed_fput();
		flush_work(&m->mock->udev.reclaim->put_work);
		if (ms)
			msleep(20);
	}
	return !model_is_alive(m, buf);
}

static bool model_is_kept(struct model *m, const struct model_buf *mb)
{
	struct gem_uma_mock_va *va;
	unsigned int v;

	if (mb->handle || model_count_segs(m, mb))
		return true;
	for (v = 0; v < MODEL_VMS; v++)
		list_for_each_entry(va, &m->vms[v]->vas, vm_link)
			if (va->buf == mb->buf)
				return true;
	return false;
}

/* Buffers that only mappings kept, and these are gone. */
static const char *model_reap(struct model *m)
{
	unsigned int i;

	for (i = 0; i < MODEL_BUFS; i++) {
		struct model_buf *mb = &m->bufs[i];

		if (!mb->buf || model_is_kept(m, mb))
			continue;
		if (!model_is_freed(m, mb->buf))
			return "nobody refers to a buffer, and it is not freed";
		m->evicted += mb->evicted;
		m->restored += mb->restored;
		mb->buf = NULL;
	}
	return NULL;
}

/* Do all invariants hold? Returns the one that does not, NULL if all do. */
const char *gem_uma_model_check(struct model *m)
{
	const char *bad = model_reap(m);
	unsigned int i;

	for (i = 0; i < MODEL_BUFS && !bad; i++)
		if (m->bufs[i].buf)
			bad = model_check_buf(m, &m->bufs[i]);
	mmap_read_lock(current->mm);
	for (i = 0; i < MODEL_SEGS && !bad; i++)
		if (m->segs[i].nr)
			bad = model_check_seg(&m->segs[i]);
	mmap_read_unlock(current->mm);
	if (!bad)
		bad = model_check_vas(m);
	return bad ?: model_check_sums(m);
}
