// SPDX-License-Identifier: GPL-2.0
/*
 * The pages of a buffer object.
 *
 * Owns the shmem file and one reference on each folio that is held. Never maps
 * anything, and never decides when to evict. Lock: the object's resv; pins above
 * zero change without it. Neighbours: cpu_map and dev_map ask for runs of pages.
 *
 * Names: start, end and pgoff are pages from the start of the object.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/freezer.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/rcupdate_wait.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>

#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_backing.h>

#include "gem_uma_backing_internal.h"
#include "gem_uma_backing_restore.h"
#include "gem_uma_range.h"
#include "gem_uma_trace.h"

/**
 * DOC: Backing
 *
 * Pages come from shmem on first use, a range at a time, and stay until somebody
 * evicts or frees the object. Populating is idempotent: what is there is skipped,
 * what was reached before an error is kept, and repeating continues. Pinning
 * promises that the pages are there and stay; it is not needed to keep pages of an
 * object whose resv is held. Evicting takes all pages, or those of a chunk.
 *
 * There is no array of pages. The page cache of the file knows the folios, and a page
 * set says which of them are held. The file itself counts what has content, in memory
 * or in swap. A restored page has the content it had when it was evicted, provided that
 * everybody who handed out write access called gem_uma_backing_mark_dirty_locked()
 * before: a clean shmem folio is dropped by reclaim without a copy and reads back as
 * zero.
 *
 * Charging: new folios, and the file, are charged to the memory cgroup of the task that
 * created the object, or to the parent of one that was removed, whoever touches them
 * first. Allocation fails instead of invoking the OOM killer, except where the core moves a
 * page for us; see "Place".
 */

/**
 * gem_uma_backing_init() - set up the pages of an object
 * @b: backing, zeroed
 * @udev: device
 * @obj: object that embeds @b, initialized; constant for the life of @b
 * @size: bytes, a multiple of the page size
 * @flags: GEM_UMA_BACKING_*
 *
 * No page is allocated yet. The caller's memory cgroup becomes the owner.
 *
 * Context: may sleep and reclaim; no resv needed.
 *
 * Return: 0; -EINVAL for a size of 0 or not page aligned; -E2BIG for more than a file
 * can hold; -ENOMEM; -ENFILE.
 */
int gem_uma_backing_init(struct gem_uma_backing *b, struct gem_uma_device *udev,
			 struct drm_gem_object *obj, u64 size, u32 flags)
{
	vma_flags_t noreserve = mk_vma_flags(VMA_NORESERVE_BIT);
	struct mem_cgroup *old;
	struct file *file;

	if (!size || !PAGE_ALIGNED(size))
		return -EINVAL;
	if (size > GEM_UMA_BACKING_MAX_SIZE)
		return -E2BIG;

	b->memcg = get_mem_cgroup_from_mm(current->mm);
	old = set_active_memcg(b->memcg);
	if ((flags & GEM_UMA_BACKING_HUGE) && udev->huge_mnt && size >= PMD_SIZE)
		file = shmem_file_setup_with_mnt(udev->huge_mnt, "gem-uma", size,
						 noreserve);
	else
		file = shmem_file_setup("gem-uma", size, noreserve);
	set_active_memcg(old);
	if (IS_ERR(file)) {
		mem_cgroup_put(b->memcg);
		b->memcg = NULL;
		/* ENOSPC: what shmem says when it cannot allocate an inode. */
		return PTR_ERR(file) == -ENOSPC ? -ENOMEM : PTR_ERR(file);
	}

	mapping_set_gfp_mask(file->f_mapping, udev->gfp);
	b->udev = udev;
	b->obj = obj;
	b->file = file;
	b->nr_pages = size >> PAGE_SHIFT;
	b->flags = flags;
	atomic_set(&b->pins, 0);
	gem_uma_page_set_init(&b->held, b->nr_pages);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_init);

/**
 * gem_uma_backing_fini() - free everything
 * @b: backing; without effect if never initialized
 *
 * All mappings are gone and nobody refers to the object any more.
 *
 * Context: may sleep. Takes no resv and needs none: nobody else knows the object any
 * more, and reclaim may drop its last reference (panthor-6).
 */
void gem_uma_backing_fini(struct gem_uma_backing *b)
{
	if (!b->file)
		return;
	drm_WARN_ON_ONCE(b->udev->drm, atomic_read(&b->pins) >
				       !!(b->flags & GEM_UMA_BACKING_PINNED));
	/* Without held pages there is nothing to release: truncation frees the rest. */
	if (b->held.pages)
		gem_uma_backing_release(b, false);
	gem_uma_page_set_clear(&b->held);
	/*
	 * Helpers that have yet to run would keep all of it until then, in memory and swap.
	 * After an fput() in a kernel thread, one work item for all files of the system frees
	 * it some time later: reclaim would wait for that.
	 */
	if (file_count(b->file) > 1 || current->flags & PF_KTHREAD)
		shmem_truncate_range(file_inode(b->file), 0, (loff_t)-1);
	fput(b->file);
	b->file = NULL;
	gem_uma_backing_wc_fini(b);
	mem_cgroup_put(b->memcg);
	b->memcg = NULL;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_fini);

/*
 * Take a reference on the folio of one page. @got grows by its pages, for which
 * the set of held pages has memory.
 */
static int gem_uma_backing_hold(struct gem_uma_backing *b, pgoff_t pgoff,
				struct gem_uma_extent *got)
	__must_hold(b->obj->resv)
{
	struct folio *folio;
	pgoff_t start, end;
	int ret;

	ret = gem_uma_backing_get_folio(b, pgoff, &folio);
	if (ret)
		return ret;
	ret = gem_uma_backing_clean_folio(b, folio, DMA_TO_DEVICE);
	start = folio->index;
	end = min(folio_next_index(folio), b->nr_pages);
	folio_unlock(folio);

	/* A large folio may have more pages than the gap that memory was reserved for. */
	if (!ret && folio_test_large(folio))
		ret = gem_uma_page_set_reserve(&b->held, start, end);
	if (ret) {
		folio_put(folio);
		return ret;
	}
	got->start = min(got->start, start);
	got->end = end;
	return 0;
}

/* Undo gem_uma_backing_hold(), of pages that do not count as held yet. */
static void gem_uma_backing_unhold(struct gem_uma_backing *b, const struct gem_uma_extent *got)
{
	struct folio *folio;
	pgoff_t pgoff, next;

	for (pgoff = got->start; pgoff < got->end; pgoff = next) {
		/* Our reference keeps it there. */
		folio = xa_load(&gem_uma_backing_mapping(b)->i_pages, pgoff);
		next = folio_next_index(folio);
		folio_put(folio);
	}
}

/* May a task that has come to page @pgoff of a gap go on? */
static int gem_uma_backing_may_go_on(const struct gem_uma_extent *gap, pgoff_t pgoff,
				     pgoff_t need)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	/*
	 * The freezer waits some seconds only, and does not kill. Stop only after
	 * some progress: an access by the kernel would be repeated at once.
	 */
	if (pgoff > gap->start && freezing(current))
		return -EINTR;
	if (pgoff >= need && gem_uma_backing_is_throttled())
		return -EAGAIN;
	return 0;
}

/* Populates up to page @need in any case, and the rest while nobody has to wait for it. */
static int gem_uma_backing_fill_gap(struct gem_uma_backing *b,
				    const struct gem_uma_extent *gap, pgoff_t need,
				    struct gem_uma_restore *restore)
	__must_hold(b->obj->resv)
{
	struct gem_uma_extent got = { .start = gap->start, .end = gap->start };
	int ret;

	ret = gem_uma_page_set_reserve(&b->held, gap->start, gap->end);
	while (!ret && got.end < gap->end) {
		ret = gem_uma_backing_may_go_on(gap, got.end, need);
		if (ret)
			break;
		gem_uma_backing_restore_reached(restore, got.end);
		ret = gem_uma_backing_hold(b, got.end, &got);
		cond_resched();
	}
	if (got.end > gap->start) {
		if (gem_uma_backing_wc_begin(b, &got)) {
			gem_uma_backing_unhold(b, &got);
			return -ENOMEM;
		}
		gem_uma_page_set_add(&b->held, got.start, got.end);
		atomic_long_add(got.end - got.start, &b->udev->resident_pages);
	}
	return ret;
}

/* Finds the next gap, no longer than what little memory describes. */
static bool gem_uma_backing_next_gap(struct gem_uma_backing *b, pgoff_t start, pgoff_t end,
				     struct gem_uma_extent *gap)
{
	if (!gem_uma_page_set_next_gap(&b->held, start, end, gap))
		return false;
	gap->end = min(gap->end, gap->start + GEM_UMA_BACKING_STEP);
	return true;
}

static void gem_uma_backing_count_restored(struct gem_uma_backing *b, unsigned long held,
					   unsigned long known)
{
	long added = b->held.pages - held;
	/* Negative if the system dropped pages that nobody had written. */
	long fresh = clamp((long)(gem_uma_backing_known(b) - known), 0L, added);

	WRITE_ONCE(b->restored_pages, b->restored_pages + (added - fresh));
	atomic64_add(added - fresh, &b->udev->restored_pages);
}

static int gem_uma_backing_populate(struct gem_uma_backing *b, pgoff_t start,
				    pgoff_t need, pgoff_t end)
	__must_hold(b->obj->resv)
{
	struct gem_uma_restore restore;
	unsigned long before, known;
	struct mem_cgroup *old;
	struct gem_uma_extent gap;
	pgoff_t at;
	int ret = 0;
	u64 begin;

	if (start > end || end > b->nr_pages)
		return -EINVAL;
	/* All users come here: CPU, device, kernel and importers. */
	if (b->content == GEM_UMA_CONTENT_PURGED)
		return -EFAULT;
	if (gem_uma_page_set_covers(&b->held, start, end))
		return 0;

	/* Before the first page: reclaim must not take what we do not hold yet. */
	mapping_set_unevictable(gem_uma_backing_mapping(b));
	before = b->held.pages;
	known = gem_uma_backing_known(b);
	begin = trace_gem_uma_populate_enabled() ? ktime_get_mono_fast_ns() : 0;
	gem_uma_backing_restore_begin_locked(&restore, b, start, end);
	old = gem_uma_backing_charge(b);
	for (at = start; !ret && gem_uma_backing_next_gap(b, at, end, &gap); at = gap.end)
		ret = gem_uma_backing_fill_gap(b, &gap, need, &restore);
	set_active_memcg(old);
	gem_uma_backing_restore_end(&restore);
	gem_uma_backing_count_restored(b, before, known);
	if (begin)
		trace_gem_uma_populate(b->obj, start, end - start, b->held.pages - before, ret,
				       ktime_get_mono_fast_ns() - begin);
	/*
	 * Without held pages nobody would ever evict the object, and pages of it that
	 * were put aside as unevictable would stay so.
	 */
	if (ret && !b->held.pages)
		gem_uma_backing_release(b, true);
	return ret;
}

/* The first page of a range that has to be read from swap, or the end. */
static pgoff_t gem_uma_backing_next_swapped(struct gem_uma_backing *b, pgoff_t start,
					    pgoff_t end)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);

	while (start < end && !xa_is_value(xa_load(&mapping->i_pages, start)))
		start++;
	return start;
}

/**
 * gem_uma_backing_populate_some_locked() - make one page resident, better more
 * @b: backing
 * @start: the page that is needed
 * @end: first page behind those that are welcome
 * @ahead: those are welcome also if they have to be read from swap
 *
 * For faults: stops early where going on would put the task to sleep with resv held.
 *
 * Context: resv held. May sleep, reclaim and do I/O: not for fence signalling.
 *
 * Return: 0 if page @start is resident, else as gem_uma_backing_populate_locked().
 */
int gem_uma_backing_populate_some_locked(struct gem_uma_backing *b, pgoff_t start,
					 pgoff_t end, bool ahead)
{
	int ret;

	dma_resv_assert_held(b->obj->resv);
	/* Each change of page attributes costs all CPUs more than reading the neighbours does. */
	if (!ahead && !gem_uma_backing_is_wc(b) && start < end && end <= b->nr_pages)
		end = gem_uma_backing_next_swapped(b, start + 1, end);
	ret = gem_uma_backing_populate(b, start, start + 1, end);
	return gem_uma_page_set_covers(&b->held, start, start + 1) ? 0 : ret ?: -EIO;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_populate_some_locked);

/**
 * gem_uma_backing_populate_locked() - make pages resident
 * @b: backing
 * @start: first page
 * @end: first page behind; at most the size of the object
 *
 * Evicted pages come back with their content, new ones are zero. More than asked
 * for may become resident, up to folio borders.
 *
 * Context: resv held. May sleep, reclaim and do I/O: not for fence signalling.
 *
 * Return: 0; -ENOMEM; -EINTR when the task is being killed or frozen; -EINVAL for a range
 * outside of the object; -EIO when content could not be read from swap, or a page is
 * broken; -EFAULT for a purged object; -ENODEV for a write-combined object of an unplugged
 * device, if it is the DMA API that cleans. On error, what was populated stays so;
 * repeating continues.
 */
int gem_uma_backing_populate_locked(struct gem_uma_backing *b, pgoff_t start,
				    pgoff_t end)
{
	dma_resv_assert_held(b->obj->resv);
	/* A task that populates many small objects never gets to the check in the loop. */
	if (start < end && freezing(current) && !gem_uma_page_set_covers(&b->held, start, end))
		return -EINTR;
	return gem_uma_backing_populate(b, start, end, end);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_populate_locked);

/**
 * gem_uma_backing_is_resident_locked() - are all pages of a range held?
 * @b: backing
 * @start: first page
 * @end: first page behind
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if so, and for an empty range.
 */
bool gem_uma_backing_is_resident_locked(struct gem_uma_backing *b, pgoff_t start,
					pgoff_t end)
{
	dma_resv_assert_held(b->obj->resv);
	return gem_uma_page_set_covers(&b->held, start, end);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_is_resident_locked);

/**
 * gem_uma_backing_extent_locked() - the resident pages around one
 * @b: backing
 * @pgoff: a page
 * @e: result, clipped to what it holds on entry
 *
 * Context: resv held; does not sleep.
 *
 * Return: true if @pgoff is resident and inside of @e.
 */
bool gem_uma_backing_extent_locked(struct gem_uma_backing *b, pgoff_t pgoff,
				   struct gem_uma_extent *e)
{
	struct gem_uma_extent held;

	dma_resv_assert_held(b->obj->resv);
	for (; gem_uma_page_set_next(&b->held, e->start, e->end, &held); e->start = held.end) {
		if (held.end <= pgoff)
			continue;
		*e = held;
		return held.start <= pgoff;
	}
	return false;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_extent_locked);

/**
 * gem_uma_backing_run_locked() - find physically contiguous pages
 * @b: backing
 * @start: first page
 * @end: first page behind, the run is not longer
 * @run: result
 *
 * Context: resv held; does not sleep. The result is valid until resv is released, or
 * as long as the object is pinned.
 *
 * Return: 0, or -ENXIO if page @start is not resident.
 */
int gem_uma_backing_run_locked(struct gem_uma_backing *b, pgoff_t start, pgoff_t end,
			       struct gem_uma_run *run)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);
	struct gem_uma_extent e;
	struct folio *folio;
	pgoff_t next = start;

	XA_STATE(xas, &mapping->i_pages, start);

	dma_resv_assert_held(b->obj->resv);
	if (!gem_uma_page_set_next(&b->held, start, end, &e) || e.start != start)
		return -ENXIO;

	run->pgoff = start;
	run->nr = 0;
	rcu_read_lock();
	xas_for_each(&xas, folio, e.end - 1) {
		unsigned long pfn;

		if (xas_retry(&xas, folio))
			continue;
		if (drm_WARN_ON_ONCE(b->udev->drm, xa_is_value(folio)) ||
		    folio->index > next)
			break;
		pfn = folio_pfn(folio) + (next - folio->index);
		if (!run->nr)
			run->pfn = pfn;
		else if (pfn != run->pfn + run->nr)
			break;
		next = min(folio_next_index(folio), e.end);
		run->nr = next - start;
	}
	rcu_read_unlock();
	return run->nr ? 0 : -ENXIO;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_run_locked);

/**
 * gem_uma_backing_pages_locked() - all pages as an array, for interfaces that need one
 * @b: backing, resident
 *
 * Made for the moment: free it with kvfree() right after use.
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: array of nr_pages entries, or ERR_PTR: -ENOMEM, or -ENXIO if a page is not
 * resident.
 */
struct page **gem_uma_backing_pages_locked(struct gem_uma_backing *b)
{
	struct gem_uma_run run;
	struct page **pages;
	pgoff_t pgoff;

	dma_resv_assert_held(b->obj->resv);
	pages = kvmalloc_array(b->nr_pages, sizeof(*pages), GEM_UMA_GFP_MAYFAIL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (pgoff = 0; pgoff < b->nr_pages; pgoff += run.nr) {
		unsigned long i;

		if (gem_uma_backing_run_locked(b, pgoff, b->nr_pages, &run)) {
			kvfree(pages);
			return ERR_PTR(-ENXIO);
		}
		for (i = 0; i < run.nr; i++)
			pages[pgoff + i] = pfn_to_page(run.pfn + i);
	}
	return pages;
}
EXPORT_SYMBOL_GPL(gem_uma_backing_pages_locked);

/**
 * gem_uma_backing_mark_dirty_locked() - the range may be written from now on
 * @b: backing
 * @start: first page
 * @end: first page behind
 *
 * To be called before write access is handed out, for CPU and device alike, and
 * again after the pages were evicted. Pages that are not resident are skipped.
 *
 * Context: resv held; may reschedule, waits for nothing.
 */
void gem_uma_backing_mark_dirty_locked(struct gem_uma_backing *b, pgoff_t start,
				       pgoff_t end)
{
	struct address_space *mapping = gem_uma_backing_mapping(b);
	struct gem_uma_extent e;
	struct folio *folio;

	dma_resv_assert_held(b->obj->resv);
	for (; gem_uma_page_set_next(&b->held, start, end, &e); start = e.end) {
		XA_STATE(xas, &mapping->i_pages, e.start);

		WRITE_ONCE(b->written, true);
		rcu_read_lock();
		xas_for_each(&xas, folio, e.end - 1) {
			if (xas_retry(&xas, folio) || xa_is_value(folio))
				continue;
			/* Held by us, so it cannot be truncated meanwhile. */
			folio_mark_dirty(folio);
			if (need_resched()) {
				xas_pause(&xas);
				cond_resched_rcu();
			}
		}
		rcu_read_unlock();
	}
}
EXPORT_SYMBOL_GPL(gem_uma_backing_mark_dirty_locked);

/**
 * gem_uma_backing_in_memory() - pages in memory, held or not
 * @b: backing
 *
 * Evicted pages stay in memory until the system swaps them out.
 *
 * Context: any.
 *
 * Return: number of pages, a snapshot.
 */
unsigned long gem_uma_backing_in_memory(const struct gem_uma_backing *b)
{
	return READ_ONCE(gem_uma_backing_mapping(b)->nrpages);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_in_memory);

/**
 * gem_uma_backing_evicted() - pages with content that are not held
 * @b: backing
 *
 * Context: any.
 *
 * Return: number of pages, a snapshot.
 */
unsigned long gem_uma_backing_evicted(const struct gem_uma_backing *b)
{
	unsigned long known = min(gem_uma_backing_known(b), b->nr_pages);
	unsigned long held = gem_uma_backing_resident(b);

	return known - min(known, held);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_evicted);

/**
 * gem_uma_backing_has_content() - were there ever pages that are not discarded?
 * @b: backing
 *
 * Context: any.
 *
 * Return: false if all pages are zero, and take no memory and no swap space.
 */
bool gem_uma_backing_has_content(const struct gem_uma_backing *b)
{
	return gem_uma_backing_known(b);
}
EXPORT_SYMBOL_GPL(gem_uma_backing_has_content);

/**
 * gem_uma_backing_nid_locked() - the NUMA node to account the object to
 * @b: backing
 *
 * Context: resv held; does not sleep.
 *
 * Return: node of the first resident page, node of this CPU if none is.
 */
int gem_uma_backing_nid_locked(struct gem_uma_backing *b)
{
	struct gem_uma_run run;
	struct gem_uma_extent e;

	dma_resv_assert_held(b->obj->resv);
	if (gem_uma_page_set_next(&b->held, 0, b->nr_pages, &e) &&
	    !gem_uma_backing_run_locked(b, e.start, e.start + 1, &run))
		return page_to_nid(pfn_to_page(run.pfn));
	return numa_mem_id();
}
EXPORT_SYMBOL_GPL(gem_uma_backing_nid_locked);
