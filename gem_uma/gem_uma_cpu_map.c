// SPDX-License-Identifier: GPL-2.0
/*
 * CPU mappings of a buffer object.
 *
 * Owns the user PTEs and the kernel mapping, and the rule how they cache. Never keeps
 * pages for a user mapping: these are zapped on eviction and come back by faults.
 * Lock: the object's resv. Neighbour: backing.
 */
/* First: 7.3 has headers below that need it and do not say so. */
#include <linux/mm.h>

#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/huge_mm.h>
#include <linux/pgtable.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>

#include <drm/drm_device.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_backing_internal.h"
#include "gem_uma_cpu_map_internal.h"
#include "gem_uma_range.h"
#include "gem_uma_state.h"
#include "gem_uma_trace.h"

/**
 * DOC: CPU mapping
 *
 * A fault first tries to do its work at once: resv by trylock, pages resident. Where it
 * would have to wait or to do I/O, it drops the mmap lock or the VMA lock, waits
 * interruptibly, brings the pages in, and has the fault repeated. With the lock
 * dropped, other threads can fault, map and unmap meanwhile.
 *
 * One fault maps a window around the page: 16 pages at first, doubling while faults
 * walk through the object in order, up to a chunk. Only then more than one page is read from
 * swap for a fault: single pages cost as much swap traffic as they do with tmpfs. Objects
 * with huge folios get PMD mappings where the addresses allow.
 *
 * A fault that finds no memory says so in &gem_uma_cpu_map.starved. As it holds resv, reclaim
 * cannot take pages of the object, which may be all that there is to take.
 *
 * A fault gives what the VMA allows: also a read fault maps writable. See "Written pages"
 * for how a store is noticed.
 *
 * The page that belongs to an address follows from the mmap offset and the start of the
 * object's offset node, never from the start of the VMA, which moves when a mapping
 * is split (uma-B1, panthor-75).
 */

/* First window, in pages. */
#define GEM_UMA_FAULT_MIN	16UL
/* Inside of what one page of PTEs covers: apply_to_page_range() holds one PTE lock then. */
#define GEM_UMA_FAULT_MAX	((unsigned long)PTRS_PER_PTE)

static struct drm_gem_object *gem_uma_cpu_map_obj(const struct gem_uma_cpu_map *cmap)
{
	return cmap->backing->obj;
}

/* Whether anybody would clean what is mapped so; where the device is coherent, nobody has to. */
static bool gem_uma_cpu_map_may_be_wc(const struct gem_uma_device *udev)
{
	return udev->allow_wc || udev->sync_ops == &gem_uma_device_dma_sync_ops;
}

/**
 * gem_uma_cpu_map_init() - decide how an object is mapped by the CPU
 * @cmap: CPU map, zeroed
 * @backing: initialized backing, with GEM_UMA_BACKING_CLEAN if @want_wc is set
 * @want_wc: write-combined, if the device is not coherent or its driver allows it
 * @flags: GEM_UMA_CPU_MAP_*
 *
 * On other devices the mode is always cached: shmem zeroes pages through the cache, and
 * nothing would write the lines back before an uncached reader looks (uma_sync 4.2). Where
 * &gem_uma_device.allow_wc is set, the backing changes the kernel's own mapping, which does.
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0; -EINVAL if a WC mapping is asked of a backing that does not clean, or of a
 * device whose driver does cache maintenance itself and does not allow it; -ENOMEM.
 */
int gem_uma_cpu_map_init(struct gem_uma_cpu_map *cmap, struct gem_uma_backing *backing,
			 bool want_wc, u32 flags)
{
	const struct gem_uma_device *udev = backing->udev;
	int ret;

	if (want_wc && (!(backing->flags & GEM_UMA_BACKING_CLEAN) ||
			!gem_uma_cpu_map_may_be_wc(udev)))
		return -EINVAL;
	if (want_wc && udev->allow_wc) {
		ret = gem_uma_backing_wc_init(backing);
		if (ret)
			return ret;
	}
	cmap->backing = backing;
	cmap->mode = gem_uma_state_cache_mode(want_wc, udev->coherent, udev->allow_wc);
	cmap->flags = flags;
	cmap->window = GEM_UMA_FAULT_MIN;
	xa_init_flags(&cmap->ptes, XA_FLAGS_ACCOUNT);
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_init);

/**
 * gem_uma_cpu_map_fini() - check that nothing is mapped any more
 * @cmap: CPU map; without effect if never initialized
 *
 * Context: any. Takes no lock.
 */
void gem_uma_cpu_map_fini(struct gem_uma_cpu_map *cmap)
{
	struct drm_device *drm;

	if (!cmap->backing)
		return;
	drm = cmap->backing->udev->drm;
	drm_WARN_ON_ONCE(drm, atomic_read(&cmap->mmaps));
	if (drm_WARN_ON_ONCE(drm, cmap->vmaps)) {
		vunmap(cmap->vaddr);
		cmap->vmaps = 0;
		/* Not unpin: nobody is left whose resv could be held. */
		atomic_dec(&cmap->backing->pins);
	} else if (cmap->vaddr) {
		vunmap(cmap->vaddr);
	}
	cmap->vaddr = NULL;
	xa_destroy(&cmap->ptes);
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_fini);

/**
 * gem_uma_cpu_map_force_wc_locked() - map an object write-combined from now on
 * @cmap: CPU map
 *
 * For an object that somebody is about to use who knows nothing of caches. It is evicted, so
 * nothing maps it, and each page is written back when it is populated next.
 *
 * Context: resv held; may sleep and reclaim.
 *
 * Return: 0, also where the device is coherent and nothing changes; -EBUSY if a page is
 * resident, or a mapping of user space is there: mprotect() would make it a cached one;
 * -EOPNOTSUPP where the driver does cache maintenance itself, and does not allow WC mappings;
 * -ENOMEM.
 */
int gem_uma_cpu_map_force_wc_locked(struct gem_uma_cpu_map *cmap)
{
	struct gem_uma_backing *b = cmap->backing;
	int ret;

	dma_resv_assert_held(b->obj->resv);
	if (b->udev->coherent || cmap->mode == GEM_UMA_CACHE_WC)
		return 0;
	if (!gem_uma_cpu_map_may_be_wc(b->udev))
		return -EOPNOTSUPP;
	if (gem_uma_backing_resident(b))
		return -EBUSY;
	if (b->udev->allow_wc) {
		ret = gem_uma_backing_wc_init(b);
		if (ret)
			return ret;
	}
	WRITE_ONCE(cmap->mode, GEM_UMA_CACHE_WC);
	/* Pairs with gem_uma_cpu_map_mmap(): who is counted later sees the new mode. */
	smp_mb();
	if (atomic_read(&cmap->mmaps)) {
		WRITE_ONCE(cmap->mode, GEM_UMA_CACHE_WB);
		gem_uma_backing_wc_fini(b);
		return -EBUSY;
	}
	b->flags |= GEM_UMA_BACKING_CLEAN;
	return 0;
}

/* The object page at the start of the VMA. */
static pgoff_t gem_uma_cpu_map_vma_first(struct gem_uma_cpu_map *cmap,
					 const struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = gem_uma_cpu_map_obj(cmap);

	return vma->vm_pgoff - drm_vma_node_start(&obj->vma_node);
}

/**
 * gem_uma_cpu_map_mmap() - set up a VMA
 * @cmap: CPU map
 * @vma: new VMA; its offset counts from the start of the object's offset node
 *
 * The body of &drm_gem_object_funcs.mmap. vm_ops and vm_private_data are the caller's,
 * and so is the object reference that goes with the VMA. Allocates nothing.
 *
 * Context: mmap lock held for writing.
 *
 * Return: 0; -EPERM for an object that must not be mapped; -EINVAL for a private
 * mapping that could be written, or a range outside of the object.
 */
int gem_uma_cpu_map_mmap(struct gem_uma_cpu_map *cmap, struct vm_area_struct *vma)
{
	pgoff_t first = gem_uma_cpu_map_vma_first(cmap, vma);
	pgoff_t nr_pages = cmap->backing->nr_pages;

	if (cmap->flags & GEM_UMA_CPU_MAP_NO_MMAP)
		return -EPERM;
	if (vma_is_cow_mapping(vma))
		return -EINVAL;
	if (first > nr_pages || vma_pages(vma) > nr_pages - first)
		return -EINVAL;

	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
	atomic_inc(&cmap->mmaps);
	/* Pairs with gem_uma_cpu_map_force_wc_locked(). */
	smp_mb__after_atomic();
	vma->vm_page_prot = gem_uma_cpu_map_prot(cmap, vm_get_page_prot(vma->vm_flags));
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_mmap);

/**
 * gem_uma_cpu_map_vm_open() - a VMA was duplicated: fork, or split
 * @cmap: CPU map
 * @vma: the new VMA
 *
 * A forked VMA starts without page tables and faults. Copying is not safe: the core copies
 * a PMD mapping that it looked at before it took the locks, trusting that only the
 * holder of the mmap lock changes it, while eviction may just have zapped it.
 *
 * Context: mmap lock of the VMA held for writing; does not sleep.
 */
void gem_uma_cpu_map_vm_open(struct gem_uma_cpu_map *cmap, struct vm_area_struct *vma)
{
	if (vma->vm_mm != current->mm)
		vm_flags_set(vma, VM_WIPEONFORK);
	atomic_inc(&cmap->mmaps);
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_vm_open);

/**
 * gem_uma_cpu_map_vm_close() - a VMA is going away
 * @cmap: CPU map
 *
 * Takes no resv: what is cheaper to reclaim now is found out when reclaim looks.
 *
 * Context: mmap lock held; does not sleep.
 */
void gem_uma_cpu_map_vm_close(struct gem_uma_cpu_map *cmap)
{
	drm_WARN_ON_ONCE(cmap->backing->udev->drm, atomic_dec_return(&cmap->mmaps) < 0);
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_vm_close);

/* May this fault drop its lock and be repeated? */
static bool gem_uma_cpu_map_may_retry(const struct vm_fault *vmf)
{
	return fault_flag_allow_retry_first(vmf->flags) &&
	       !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT);
}

/*
 * The page of PTEs first, while there is memory. The core allocates it in a way that
 * invokes the OOM killer. At a memory limit that would hit the task right after populating,
 * which is allowed to fail.
 */
static int gem_uma_cpu_map_alloc_ptes(struct vm_fault *vmf)
{
	if (!pmd_none(pmdp_get(vmf->pmd)))
		return 0;
	return apply_to_page_range(vmf->vma->vm_mm, vmf->address & PAGE_MASK, PAGE_SIZE,
				   NULL, NULL);
}

/**
 * gem_uma_cpu_map_fault_begin() - begin a fault: take resv
 * @cmap: CPU map
 * @vmf: the fault
 *
 * Context: mmap lock or VMA lock held; dropped exactly if VM_FAULT_RETRY is returned
 * without FAULT_FLAG_RETRY_NOWAIT. May sleep and reclaim.
 *
 * Return: 0 with resv held; else without it: VM_FAULT_RETRY, VM_FAULT_NOPAGE after a signal,
 * or VM_FAULT_OOM without memory for page tables.
 */
vm_fault_t gem_uma_cpu_map_fault_begin(struct gem_uma_cpu_map *cmap, struct vm_fault *vmf)
{
	struct drm_gem_object *obj = gem_uma_cpu_map_obj(cmap);

	/*
	 * Before resv: then reclaim can take pages of this object. Not where a PMD mapping
	 * may come meanwhile, which resv keeps away. A fault for a PUD has no PMD yet.
	 */
	if (vmf->pmd && !(cmap->backing->flags & GEM_UMA_BACKING_HUGE) &&
	    gem_uma_cpu_map_alloc_ptes(vmf))
		return VM_FAULT_OOM;
	if (dma_resv_trylock(obj->resv))
		return 0;
	if (gem_uma_cpu_map_may_retry(vmf)) {
		/* With the lock dropped, the VMA and its reference can go. */
		drm_gem_object_get(obj);
		release_fault_lock(vmf);
		if (!dma_resv_lock_interruptible(obj->resv, NULL))
			dma_resv_unlock(obj->resv);
		drm_gem_object_put(obj);
		return VM_FAULT_RETRY;
	}
	if (fault_flag_allow_retry_first(vmf->flags))
		return VM_FAULT_RETRY;	/* NOWAIT: the lock stays with the caller */
	/* The kernel itself would fault again at once, signal or not. */
	if (!(vmf->flags & FAULT_FLAG_USER))
		return dma_resv_lock(obj->resv, NULL) ? VM_FAULT_SIGBUS : 0;
	return dma_resv_lock_interruptible(obj->resv, NULL) ? VM_FAULT_NOPAGE : 0;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_fault_begin);

/*
 * The result where content cannot be populated. Not VM_FAULT_OOM: our allocations never
 * invoke the OOM killer, and without one that result makes the access fault for ever.
 */
static vm_fault_t gem_uma_cpu_map_populate_errno(int err)
{
	/* A fatal signal is taken on the way out. */
	return err == -EINTR ? VM_FAULT_NOPAGE : VM_FAULT_SIGBUS;
}

/* The result of filling page tables. */
static vm_fault_t gem_uma_cpu_map_fill_errno(int err)
{
	if (!err)
		return VM_FAULT_NOPAGE;
	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

/* State of filling the PTEs of one window, run by run. */
struct gem_uma_pte_fill {
	struct gem_uma_cpu_map *cmap;
	struct vm_area_struct *vma;
	struct gem_uma_run run;
	pgoff_t first;
	pgoff_t end;
	pgprot_t prot;
	/* PTEs made. */
	unsigned long made;
};

/* Called under the PTE lock for each PTE of the window. */
static int gem_uma_cpu_map_fill_pte(pte_t *pte, unsigned long addr, void *data)
{
	struct gem_uma_pte_fill *fill = data;
	struct gem_uma_run *run = &fill->run;
	pgoff_t pgoff = fill->first + ((addr - fill->vma->vm_start) >> PAGE_SHIFT);
	unsigned long pfn;

	dma_resv_assert_held(gem_uma_cpu_map_obj(fill->cmap)->resv);
	if (pgoff >= run->pgoff + run->nr &&
	    gem_uma_backing_run_locked(fill->cmap->backing, pgoff, fill->end, run))
		return -ENXIO;
	/* There already, by another fault. */
	if (!pte_none(ptep_get(pte)))
		return 0;
	pfn = run->pfn + (pgoff - run->pgoff);
	set_pte_at(fill->vma->vm_mm, addr, pte, pte_mkspecial(pfn_pte(pfn, fill->prot)));
	fill->made++;
	return 0;
}

/*
 * Notes that the chunk of a page is used. Afterwards, counting its PTEs takes no memory.
 * Without memory for that, the fault fails as if there were none for the page.
 */
static bool gem_uma_cpu_map_note_use(struct gem_uma_cpu_map *cmap, pgoff_t pgoff)
	__must_hold(cmap->backing->obj->resv)
{
	unsigned long chunk = pgoff / GEM_UMA_BACKING_CHUNK;
	struct mem_cgroup *old;

	if (!xa_load(&cmap->ptes, chunk)) {
		old = gem_uma_backing_charge(cmap->backing);
		cmap->starved = xa_err(xa_store(&cmap->ptes, chunk, xa_mk_value(0),
						GEM_UMA_GFP_MAYFAIL));
		set_active_memcg(old);
	}
	if (!cmap->starved)
		xa_set_mark(&cmap->ptes, chunk, GEM_UMA_CPU_MAP_USED);
	return !cmap->starved;
}

/*
 * @nr PTEs were made in [start, end) of a chunk that is noted. Those that nobody can ever
 * write do not count.
 */
static void gem_uma_cpu_map_add_ptes(struct gem_uma_cpu_map *cmap,
				     const struct vm_area_struct *vma, unsigned long nr,
				     pgoff_t start, pgoff_t end)
	__must_hold(cmap->backing->obj->resv)
{
	unsigned long chunk = start / GEM_UMA_BACKING_CHUNK;

	if (!nr || !(vma->vm_flags & VM_MAYWRITE))
		return;
	if (cmap->mapped.start == cmap->mapped.end)
		cmap->mapped = (struct gem_uma_extent){ start, end };
	cmap->mapped.start = min(cmap->mapped.start, start);
	cmap->mapped.end = max(cmap->mapped.end, end);
	nr += xa_to_value(xa_load(&cmap->ptes, chunk));
	xa_store(&cmap->ptes, chunk, xa_mk_value(nr), 0);
	if (gem_uma_cpu_map_has_caches(cmap))
		xa_set_mark(&cmap->ptes, chunk, GEM_UMA_CPU_MAP_UNCLEAN);
}

/*
 * PTEs for the pages of @e. apply_to_page_range() spares the PAT lookup that
 * vmf_insert_pfn() makes for each page: these are RAM pages of a mode we chose.
 */
static int gem_uma_cpu_map_fill(struct gem_uma_cpu_map *cmap, struct vm_fault *vmf,
				pgoff_t first, const struct gem_uma_extent *e)
	__must_hold(cmap->backing->obj->resv)
{
	struct vm_area_struct *vma = vmf->vma;
	struct gem_uma_pte_fill fill = {
		.cmap = cmap,
		.vma = vma,
		.first = first,
		.end = e->end,
		.prot = gem_uma_cpu_map_prot(cmap, vm_get_page_prot(vma->vm_flags)),
	};
	int ret;

	ret = apply_to_page_range(vma->vm_mm,
				  vma->vm_start + ((e->start - first) << PAGE_SHIFT),
				  (e->end - e->start) << PAGE_SHIFT,
				  gem_uma_cpu_map_fill_pte, &fill);
	gem_uma_cpu_map_add_ptes(cmap, vma, fill.made, e->start, e->end);
	return ret;
}

/*
 * Bring pages in for a fault. With the fault's lock dropped where that is allowed:
 * then a reference keeps the object, which gem_uma_cpu_map_fault_end() drops.
 */
static vm_fault_t gem_uma_cpu_map_populate(struct gem_uma_cpu_map *cmap,
					   struct vm_fault *vmf, pgoff_t start,
					   pgoff_t end, bool ahead)
	__must_hold(cmap->backing->obj->resv)
{
	bool retry = gem_uma_cpu_map_may_retry(vmf);
	struct gem_uma_backing *b = cmap->backing;
	int ret;

	if (retry) {
		drm_gem_object_get(b->obj);
		release_fault_lock(vmf);
	}
	ret = gem_uma_backing_populate_some_locked(b, start, end, ahead);
	cmap->starved = ret == -ENOMEM;
	/* An error is met again, and reported, by the repeated fault. */
	if (retry)
		return VM_FAULT_RETRY;
	return ret ? gem_uma_cpu_map_populate_errno(ret) : 0;
}

static vm_fault_t gem_uma_cpu_map_fault_pte(struct gem_uma_cpu_map *cmap,
					    struct vm_fault *vmf)
	__must_hold(cmap->backing->obj->resv)
{
	pgoff_t first = gem_uma_cpu_map_vma_first(cmap, vmf->vma);
	pgoff_t pgoff = first + ((vmf->address - vmf->vma->vm_start) >> PAGE_SHIFT);
	struct gem_uma_backing *b = cmap->backing;
	struct gem_uma_extent e;
	unsigned long window;
	vm_fault_t ret;
	pgoff_t chunk;

	if (pgoff >= b->nr_pages)
		return VM_FAULT_SIGBUS;
	/*
	 * A PMD mapping came while we waited for resv: there is no page of PTEs to
	 * fill, and the access will succeed, or fault again for write.
	 */
	if (pmd_leaf(pmdp_get(vmf->pmd)))
		return VM_FAULT_NOPAGE;
	if (gem_uma_cpu_map_alloc_ptes(vmf))
		return VM_FAULT_OOM;

	window = gem_uma_range_next_window(cmap->window, cmap->next_pgoff, pgoff,
					   GEM_UMA_FAULT_MIN, GEM_UMA_FAULT_MAX);
	e = gem_uma_range_fault_window(vmf->address, vmf->vma->vm_start,
				       vmf->vma->vm_end, first, b->nr_pages, window);
	chunk = round_down(pgoff, GEM_UMA_BACKING_CHUNK);
	gem_uma_range_clip(&e, chunk, chunk + GEM_UMA_BACKING_CHUNK);
	if (!gem_uma_backing_is_resident_locked(b, pgoff, pgoff + 1)) {
		ret = gem_uma_cpu_map_populate(cmap, vmf, pgoff, e.end,
					       window > GEM_UMA_FAULT_MIN);
		if (ret)
			return ret;
	}
	if (!gem_uma_backing_extent_locked(b, pgoff, &e) ||
	    !gem_uma_cpu_map_note_use(cmap, pgoff))
		return VM_FAULT_SIGBUS;
	/* Known already, so that reclaim does not take the object for one never written. */
	if (vmf->flags & FAULT_FLAG_WRITE)
		gem_uma_backing_mark_dirty_locked(b, pgoff, pgoff + 1);
	cmap->window = window;
	cmap->next_pgoff = e.end;
	return gem_uma_cpu_map_fill_errno(gem_uma_cpu_map_fill(cmap, vmf, first, &e));
}

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static vm_fault_t gem_uma_cpu_map_fault_pmd(struct gem_uma_cpu_map *cmap,
					    struct vm_fault *vmf)
	__must_hold(cmap->backing->obj->resv)
{
	unsigned long haddr = ALIGN_DOWN(vmf->address, PMD_SIZE);
	struct gem_uma_backing *b = cmap->backing;
	struct vm_area_struct *vma = vmf->vma;
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	pmd_t pmd = pmdp_get(vmf->pmd);
	struct gem_uma_run run;
	pgoff_t pgoff;
	vm_fault_t ret;

	/* The core maps PMDs of RAM cached, whatever was asked. */
	if (!(b->flags & GEM_UMA_BACKING_HUGE) || cmap->mode != GEM_UMA_CACHE_WB)
		return VM_FAULT_FALLBACK;
	/* A table that the core put aside for a PMD would leak when the zap takes it out. */
	if (arch_needs_pgtable_deposit())
		return VM_FAULT_FALLBACK;
	if (haddr < vma->vm_start || vma->vm_end - haddr < PMD_SIZE)
		return VM_FAULT_FALLBACK;
	/* Filled with PTEs while we waited for resv. */
	if (!pmd_none(pmd) && !pmd_leaf(pmd))
		return VM_FAULT_FALLBACK;
	pgoff = gem_uma_cpu_map_vma_first(cmap, vma) + ((haddr - vma->vm_start) >> PAGE_SHIFT);
	if (!IS_ALIGNED(pgoff, PTRS_PER_PTE) || b->nr_pages < PTRS_PER_PTE ||
	    pgoff > b->nr_pages - PTRS_PER_PTE)
		return VM_FAULT_FALLBACK;
	if (!gem_uma_backing_is_resident_locked(b, pgoff, pgoff + PTRS_PER_PTE)) {
		ret = gem_uma_cpu_map_populate(cmap, vmf, pgoff, pgoff + PTRS_PER_PTE, true);
		/* The page that is needed may be there, or be populated alone. */
		if (ret)
			return ret == VM_FAULT_SIGBUS ? VM_FAULT_FALLBACK : ret;
	}
	if (gem_uma_backing_run_locked(b, pgoff, pgoff + PTRS_PER_PTE, &run) ||
	    run.nr < PTRS_PER_PTE || !IS_ALIGNED(run.pfn, PTRS_PER_PTE) ||
	    !gem_uma_cpu_map_note_use(cmap, pgoff))
		return VM_FAULT_FALLBACK;
	if (write)
		gem_uma_backing_mark_dirty_locked(b, pgoff, pgoff + PTRS_PER_PTE);
	if (pmd_none(pmd))
		gem_uma_cpu_map_add_ptes(cmap, vma, PTRS_PER_PTE, pgoff, pgoff + PTRS_PER_PTE);
	return vmf_insert_pfn_pmd(vmf, run.pfn, write);
}
#else
static vm_fault_t gem_uma_cpu_map_fault_pmd(struct gem_uma_cpu_map *cmap,
					    struct vm_fault *vmf)
	__must_hold(cmap->backing->obj->resv)
{
	return VM_FAULT_FALLBACK;
}
#endif

/**
 * gem_uma_cpu_map_fault_locked() - handle a fault
 * @cmap: CPU map
 * @vmf: the fault
 * @order: 0, or PMD_ORDER from &vm_operations_struct.huge_fault
 *
 * Context: resv held, and still held on return; mmap lock or VMA lock held, dropped if
 * VM_FAULT_RETRY is returned. May sleep, reclaim and do I/O. Pages may have become
 * resident, whatever is returned: the caller evaluates the object's state, then calls
 * gem_uma_cpu_map_fault_end() with the result.
 *
 * Return: VM_FAULT_NOPAGE, VM_FAULT_RETRY, VM_FAULT_FALLBACK (for @order > 0),
 * VM_FAULT_OOM without memory for page tables, or VM_FAULT_SIGBUS where content cannot
 * be populated, also for lack of memory: see &gem_uma_cpu_map.starved.
 */
vm_fault_t gem_uma_cpu_map_fault_locked(struct gem_uma_cpu_map *cmap,
					struct vm_fault *vmf, unsigned int order)
{
	/* If the mmap lock is dropped on the way, @vmf is not to be looked at again. */
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	unsigned long address = vmf->address;
	vm_fault_t ret = VM_FAULT_FALLBACK;

	dma_resv_assert_held(gem_uma_cpu_map_obj(cmap)->resv);
	cmap->starved = false;
	if (!order)
		ret = gem_uma_cpu_map_fault_pte(cmap, vmf);
	else if (order == PMD_ORDER)
		ret = gem_uma_cpu_map_fault_pmd(cmap, vmf);
	trace_gem_uma_fault(gem_uma_cpu_map_obj(cmap), address, order, write,
			    (__force unsigned int)ret);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_fault_locked);

/**
 * gem_uma_cpu_map_fault_end() - end a fault: release resv
 * @cmap: CPU map
 * @ret: what gem_uma_cpu_map_fault_locked() returned
 *
 * Context: releases resv. @cmap may be gone afterwards.
 */
void gem_uma_cpu_map_fault_end(struct gem_uma_cpu_map *cmap, vm_fault_t ret)
{
	struct drm_gem_object *obj = gem_uma_cpu_map_obj(cmap);

	dma_resv_unlock(obj->resv);
	if (ret & VM_FAULT_RETRY)
		drm_gem_object_put(obj);
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_fault_end);

/**
 * gem_uma_cpu_map_access_locked() - read or write for a debugger
 * @cmap: CPU map
 * @vma: a mapping of the object
 * @addr: address in @vma
 * @buf: where to, or from
 * @len: bytes, more than 0
 * @write: true to write
 *
 * The body of &vm_operations_struct.access, which ptrace() and /proc/pid/mem use where
 * they find no page that they could take a reference on. Looks at the page in the cache
 * mode of all other mappings.
 *
 * Context: resv held, and the mmap lock; may sleep, reclaim and do I/O.
 *
 * Return: number of bytes, up to the end of the page; -EACCES if @vma could never allow it;
 * -ENOMEM; or as gem_uma_backing_populate_locked().
 */
int gem_uma_cpu_map_access_locked(struct gem_uma_cpu_map *cmap, struct vm_area_struct *vma,
				  unsigned long addr, void *buf, int len, bool write)
{
	struct gem_uma_backing *b = cmap->backing;
	struct gem_uma_run run;
	struct page *page;
	pgoff_t pgoff;
	void *vaddr;
	int ret;

	dma_resv_assert_held(b->obj->resv);
	pgoff = gem_uma_cpu_map_vma_first(cmap, vma) + ((addr - vma->vm_start) >> PAGE_SHIFT);
	/* As for other shared mappings: a debugger reads more than the process, no write. */
	if (!(vma->vm_flags & (write ? VM_WRITE : VM_MAYREAD)))
		return -EACCES;
	ret = gem_uma_backing_populate_some_locked(b, pgoff, pgoff + 1, false);
	cmap->starved = ret == -ENOMEM;
	if (!ret)
		ret = gem_uma_backing_run_locked(b, pgoff, pgoff + 1, &run);
	if (ret)
		return ret;
	page = pfn_to_page(run.pfn);
	vaddr = vmap(&page, 1, VM_MAP, gem_uma_cpu_map_prot(cmap, PAGE_KERNEL));
	if (!vaddr)
		return -ENOMEM;
	len = min_t(unsigned long, len, PAGE_SIZE - offset_in_page(addr));
	if (write) {
		gem_uma_backing_mark_dirty_locked(b, pgoff, pgoff + 1);
		cmap->unclean = true;
		memcpy(vaddr + offset_in_page(addr), buf, len);
	} else {
		memcpy(buf, vaddr + offset_in_page(addr), len);
	}
	vunmap(vaddr);
	return len;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_access_locked);

/**
 * gem_uma_cpu_map_map_pages() - opt in to faults under the VMA lock
 * @vmf: the fault
 * @start: first page
 * @end: last page
 *
 * Maps nothing; faults map around by themselves. The core takes the presence of
 * &vm_operations_struct.map_pages as the sign that fault handlers are aware of the
 * per-VMA lock.
 *
 * Context: RCU read lock held.
 *
 * Return: 0.
 */
vm_fault_t gem_uma_cpu_map_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_map_pages);

/**
 * gem_uma_cpu_map_get_unmapped_area() - choose an address that allows PMD mappings
 * @cmap: CPU map
 * @addr: hint, in bytes
 * @len: length, in bytes
 * @pgoff: page of the object that the mapping starts with
 * @flags: MAP_*
 *
 * shmem knows how to align; it is asked as if its own file were to be mapped.
 *
 * Context: mmap lock held for writing.
 *
 * Return: address, or a negative errno.
 */
unsigned long gem_uma_cpu_map_get_unmapped_area(struct gem_uma_cpu_map *cmap,
						unsigned long addr, unsigned long len,
						unsigned long pgoff,
						unsigned long flags)
{
	struct file *file = cmap->backing->file;

	return file->f_op->get_unmapped_area(file, addr, len, pgoff, flags);
}
EXPORT_SYMBOL_GPL(gem_uma_cpu_map_get_unmapped_area);
