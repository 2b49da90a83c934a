// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a process as a dma-buf.
 *
 * Owns the pins of the pages, and what importers have mapped. Locks: the resv of the dma-buf,
 * and gem_uma_userptr_lock inside of it, for the latter; the former never change. Neighbours:
 * the notifier, for memory that is not pinned; importers see a dma-buf.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include <drm/gem_uma/gem_uma_device.h>
#include <drm/gem_uma/gem_uma_userptr.h>

#include "gem_uma_internal.h"
#include "gem_uma_userptr_internal.h"

/**
 * DOC: User pointers
 *
 * A driver that lets its device work on memory of a process exports that memory as a dma-buf
 * and imports it like any other, by its own &drm_driver.gem_prime_import. No code but this
 * has to know where the pages come from.
 *
 * There are two policies. Without a flag the pages are pinned as long as the dma-buf exists,
 * and count against RLIMIT_MEMLOCK of the user. The process may unmap the range, or fork: the
 * device keeps the pages that were there. After that they need not be the ones that the
 * process sees at the address. What cannot be pinned for long is refused: mappings of
 * devices, files that are written through a shared mapping, memory on fs-DAX.
 *
 * With GEM_UMA_USERPTR_NOTIFIER nothing is pinned: see below. Only mappings of devices
 * are refused. The importing driver has to do its part before each job.
 *
 * The process accesses its memory by its own mapping, so there is neither mmap nor vmap of the
 * dma-buf. Beginning and end of CPU access sync what importers have mapped.
 */

/* How many dma-bufs there are whose pages are not pinned. */
static atomic_t gem_uma_userptr_nr_watched;

/*
 * The user and not the process: the dma-buf can outlive that, and processes can share it.
 * Without a reference to the address space, releasing it takes no lock.
 */
static int gem_uma_userptr_charge(struct gem_uma_userptr *uptr)
{
	long limit = min_t(unsigned long, rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT, LONG_MAX);
	long old = atomic_long_read(&uptr->user->locked_vm);

	do {
		if ((long)uptr->nr_pages > limit - old && !capable(CAP_IPC_LOCK))
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&uptr->user->locked_vm, &old, old + uptr->nr_pages));
	return 0;
}

/* Pins some of @left pages from @addr on. Returns how many, or a negative errno. */
static int gem_uma_userptr_pin_some(struct gem_uma_userptr *uptr, unsigned long addr,
				    unsigned long left, struct page **pages)
{
	unsigned int gup = FOLL_LONGTERM;
	int nr, ret;

	if (!(uptr->flags & GEM_UMA_USERPTR_READONLY))
		gup |= FOLL_WRITE;
	nr = pin_user_pages_fast(addr, min(left, GEM_UMA_USERPTR_BATCH), gup, pages);
	if (nr <= 0)
		return nr ?: -EFAULT;
	ret = gem_uma_userptr_append(&uptr->pages, pages, nr, left);
	if (ret) {
		unpin_user_pages(pages, nr);
		return ret;
	}
	return nr;
}

static int gem_uma_userptr_pin(struct gem_uma_userptr *uptr, unsigned long addr)
{
	unsigned long left = uptr->nr_pages;
	struct page **pages;
	int ret = 0;

	pages = (struct page **)__get_free_page(GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (; left; left -= ret, addr += (unsigned long)ret << PAGE_SHIFT) {
		ret = fatal_signal_pending(current) ? -EINTR :
		      gem_uma_userptr_pin_some(uptr, addr, left, pages);
		if (ret < 0)
			break;
		cond_resched();
	}
	free_page((unsigned long)pages);
	return min(ret, 0);
}

static void gem_uma_userptr_unpin(struct gem_uma_userptr *uptr)
{
	bool dirty = !(uptr->flags & GEM_UMA_USERPTR_READONLY);
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&uptr->pages.sgt, sg, i) {
		unpin_user_page_range_dirty_lock(sg_page(sg), sg->length >> PAGE_SHIFT, dirty);
		cond_resched();
	}
}

static void gem_uma_userptr_free(struct gem_uma_userptr *uptr)
{
	if (gem_uma_userptr_has_watch(uptr))
		gem_uma_userptr_watch_free(uptr);
	else
		gem_uma_userptr_unpin(uptr);
	sg_free_append_table(&uptr->pages);
	free_uid(uptr->user);
	kfree(uptr);
}

static void gem_uma_userptr_release(struct dma_buf *dma_buf)
{
	struct gem_uma_userptr *uptr = dma_buf->priv;

	if (uptr->watch)
		atomic_dec(&gem_uma_userptr_nr_watched);
	else
		atomic_long_sub(uptr->nr_pages, &uptr->user->locked_vm);
	gem_uma_userptr_free(uptr);
}

/*
 * A table of its own for each map: the addresses are the device's. Under the resv, so it fails
 * instead of invoking the OOM killer.
 */
static int gem_uma_userptr_copy(const struct gem_uma_userptr *uptr, struct sg_table *sgt)
{
	struct scatterlist *from, *to;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(sgt, uptr->pages.sgt.orig_nents, GEM_UMA_GFP_MAYFAIL);
	if (ret)
		return ret;
	to = sgt->sgl;
	for_each_sgtable_sg(&uptr->pages.sgt, from, i) {
		sg_set_page(to, sg_page(from), from->length, 0);
		to = sg_next(to);
		cond_resched();
	}
	return 0;
}

/* The importer gets addresses, and no pages: those are none of its business. */
static void gem_uma_userptr_tell(struct gem_uma_userptr_map *map)
{
	struct scatterlist *from, *to = map->sgt.sgl;
	unsigned int i;

	map->sgt.nents = map->pages.nents;
	for_each_sgtable_dma_sg(&map->pages, from, i) {
		sg_dma_address(to) = sg_dma_address(from);
		sg_dma_len(to) = sg_dma_len(from);
		to = sg_next(to);
	}
}

/* As long as the lock is held, pages that are not pinned stay where they are, too. */
static int gem_uma_userptr_map_dma(struct gem_uma_userptr *uptr, struct gem_uma_userptr_map *map)
{
	int ret;

	lockdep_assert_held_write(&gem_uma_userptr_lock);
	if (gem_uma_userptr_has_watch(uptr) && !gem_uma_userptr_watch_is_current(uptr))
		return -ESTALE;
	/*
	 * Memory can be shared, and imported more than once. Synchronizing apart says that this
	 * is known: the DMA API takes an overlap for a mistake otherwise.
	 */
	ret = dma_map_sgtable(map->dev, &map->pages, map->dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret)
		return ret;
	if (gem_uma_device_table_bounces(map->dev, &map->pages)) {
		dma_unmap_sgtable(map->dev, &map->pages, map->dir, DMA_ATTR_SKIP_CPU_SYNC);
		return -EIO;
	}
	/* The CPU may have written it. */
	dma_sync_sgtable_for_device(map->dev, &map->pages, map->dir);
	gem_uma_userptr_tell(map);
	list_add_tail(&map->link, &uptr->maps);
	return 0;
}

static void gem_uma_userptr_map_free(struct gem_uma_userptr_map *map)
{
	sg_free_table(&map->pages);
	sg_free_table(&map->sgt);
	kfree(map);
}

static int gem_uma_userptr_map_table(struct gem_uma_userptr *uptr,
				     struct gem_uma_userptr_map *map)
{
	int ret;

	ret = sg_alloc_table(&map->sgt, uptr->pages.sgt.orig_nents, GEM_UMA_GFP_MAYFAIL);
	if (!ret)
		ret = gem_uma_userptr_copy(uptr, &map->pages);
	if (ret)
		return ret;
	scoped_guard(rwsem_write, &gem_uma_userptr_lock)
		ret = gem_uma_userptr_map_dma(uptr, map);
	return ret;
}

static struct sg_table *gem_uma_userptr_map(struct dma_buf_attachment *attach,
					    enum dma_data_direction dir)
{
	struct gem_uma_userptr *uptr = attach->dmabuf->priv;
	struct gem_uma_userptr_map *map;
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (uptr->flags & GEM_UMA_USERPTR_READONLY && dir != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	map = kzalloc_obj(*map, GEM_UMA_GFP_MAYFAIL);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dev = attach->dev;
	map->driver = attach->importer_priv;
	map->dir = dir;
	ret = gem_uma_userptr_map_table(uptr, map);
	if (ret) {
		gem_uma_userptr_map_free(map);
		return ERR_PTR(ret);
	}
	attach->priv = map;
	return &map->sgt;
}

static void gem_uma_userptr_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
				  enum dma_data_direction dir)
{
	struct gem_uma_userptr_map *map = container_of(sgt, struct gem_uma_userptr_map, sgt);

	dma_resv_assert_held(attach->dmabuf->resv);
	scoped_guard(rwsem_write, &gem_uma_userptr_lock) {
		list_del(&map->link);
		gem_uma_userptr_unmap_dma(map);
	}
	if (attach->priv == map)
		attach->priv = NULL;
	gem_uma_userptr_map_free(map);
}

/* What was unmapped meanwhile has been synced with that. */
static void gem_uma_userptr_sync(struct gem_uma_userptr *uptr, bool for_cpu)
{
	struct gem_uma_userptr_map *map;

	guard(rwsem_read)(&gem_uma_userptr_lock);
	list_for_each_entry(map, &uptr->maps, link) {
		if (map->unmapped)
			continue;
		if (for_cpu)
			dma_sync_sgtable_for_cpu(map->dev, &map->pages, map->dir);
		else
			dma_sync_sgtable_for_device(map->dev, &map->pages, map->dir);
	}
}

/* First wait: lines that are dropped while a job writes can be back before it ends. */
static int gem_uma_userptr_begin(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	long ret;

	ret = dma_resv_wait_timeout(dma_buf->resv, dma_resv_usage_rw(dir != DMA_FROM_DEVICE),
				    true, MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;
	ret = dma_resv_lock_interruptible(dma_buf->resv, NULL);
	if (ret)
		return ret;
	gem_uma_userptr_sync(dma_buf->priv, true);
	dma_resv_unlock(dma_buf->resv);
	return 0;
}

static int gem_uma_userptr_end(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	int ret;

	ret = dma_resv_lock_interruptible(dma_buf->resv, NULL);
	if (ret)
		return ret;
	gem_uma_userptr_sync(dma_buf->priv, false);
	dma_resv_unlock(dma_buf->resv);
	return 0;
}

static const struct dma_buf_ops gem_uma_userptr_ops = {
	.map_dma_buf = gem_uma_userptr_map,
	.unmap_dma_buf = gem_uma_userptr_unmap,
	.release = gem_uma_userptr_release,
	.begin_cpu_access = gem_uma_userptr_begin,
	.end_cpu_access = gem_uma_userptr_end,
};

/* The core knows by it that the importer can be told. It is not: the notifier has no resv. */
static void gem_uma_userptr_told(struct dma_buf_attachment *attach)
{
}

const struct dma_buf_attach_ops gem_uma_userptr_importer = {
	.invalidate_mappings = gem_uma_userptr_told,
};

/* Others would go on to use what they have mapped. */
static int gem_uma_userptr_attach(struct dma_buf *dma_buf, struct dma_buf_attachment *attach)
{
	return attach->importer_ops == &gem_uma_userptr_importer ? 0 : -EOPNOTSUPP;
}

/* Kernels without CONFIG_DMABUF_MOVE_NOTIFY call it for each map. It promises nothing. */
static int gem_uma_userptr_pin_map(struct dma_buf_attachment *attach)
{
	return 0;
}

static void gem_uma_userptr_unpin_map(struct dma_buf_attachment *attach)
{
}

static const struct dma_buf_ops gem_uma_userptr_watched_ops = {
	.attach = gem_uma_userptr_attach,
	.pin = gem_uma_userptr_pin_map,
	.unpin = gem_uma_userptr_unpin_map,
	.map_dma_buf = gem_uma_userptr_map,
	.unmap_dma_buf = gem_uma_userptr_unmap,
	.release = gem_uma_userptr_release,
	.begin_cpu_access = gem_uma_userptr_begin,
	.end_cpu_access = gem_uma_userptr_end,
};

/**
 * gem_uma_userptr_is_watched() - can the memory of a dma-buf change at any time?
 * @dma_buf: any dma-buf
 *
 * Context: any.
 *
 * Return: true if it was made with GEM_UMA_USERPTR_NOTIFIER.
 */
bool gem_uma_userptr_is_watched(const struct dma_buf *dma_buf)
{
	return dma_buf->ops == &gem_uma_userptr_watched_ops;
}

/**
 * gem_uma_userptr_is_readonly() - may devices only read a dma-buf?
 * @dma_buf: any dma-buf
 *
 * Context: any.
 *
 * Return: true if it was made with GEM_UMA_USERPTR_READONLY.
 */
bool gem_uma_userptr_is_readonly(const struct dma_buf *dma_buf)
{
	const struct gem_uma_userptr *uptr = dma_buf->priv;

	return (dma_buf->ops == &gem_uma_userptr_ops || gem_uma_userptr_is_watched(dma_buf)) &&
	       uptr->flags & GEM_UMA_USERPTR_READONLY;
}

/**
 * gem_uma_userptr_any_watched() - is there memory that can change at any time?
 *
 * Saves a look at each object of each job where there is none.
 *
 * Context: any.
 *
 * Return: true if gem_uma_userptr_is_watched() is for any dma-buf.
 */
bool gem_uma_userptr_any_watched(void)
{
	return atomic_read(&gem_uma_userptr_nr_watched);
}
EXPORT_SYMBOL_GPL(gem_uma_userptr_any_watched);

/**
 * gem_uma_userptr_is_stale() - has the process changed what a device has mapped?
 * @attach: attachment to a dma-buf for which gem_uma_userptr_is_watched() is true
 *
 * Context: resv of the dma-buf held. Only between gem_uma_userptr_publish_begin() and
 * gem_uma_userptr_publish_end(), false stays false.
 *
 * Return: true if so.
 */
bool gem_uma_userptr_is_stale(const struct dma_buf_attachment *attach)
{
	const struct gem_uma_userptr_map *map = attach->priv;

	return map && READ_ONCE(map->stale);
}

/**
 * gem_uma_userptr_publish_begin() - from here on nothing becomes stale
 *
 * Context: process context, resvs held or not; sleeps until others have taken addresses away.
 * Until gem_uma_userptr_publish_end(), nothing is allocated, and no resv is taken.
 */
void gem_uma_userptr_publish_begin(void)
{
	down_read(&gem_uma_userptr_lock);
}
EXPORT_SYMBOL_GPL(gem_uma_userptr_publish_begin);

/**
 * gem_uma_userptr_publish_end() - what becomes stale from here on, waits for fences
 *
 * Context: as gem_uma_userptr_publish_begin().
 */
void gem_uma_userptr_publish_end(void)
{
	up_read(&gem_uma_userptr_lock);
}
EXPORT_SYMBOL_GPL(gem_uma_userptr_publish_end);

/**
 * gem_uma_userptr_lookup() - find out which pages a process has at its address
 * @dma_buf: dma-buf for which gem_uma_userptr_is_watched() is true
 *
 * For who was told -ESTALE when mapping it.
 *
 * Context: process context of whatever process; takes the mmap lock, so no resv is held.
 *
 * Return: 0; -EFAULT where there is no memory, or none that can be written, if it has to be,
 * or no process any more; -ENOMEM; -EINTR or -ERESTARTSYS for a signal; or as
 * pin_user_pages_remote().
 */
int gem_uma_userptr_lookup(struct dma_buf *dma_buf)
{
	struct gem_uma_userptr *uptr = dma_buf->priv;

	return gem_uma_userptr_has_watch(uptr) ? gem_uma_userptr_watch_lookup(uptr) : 0;
}

static struct dma_buf *gem_uma_userptr_make(struct gem_uma_userptr *uptr)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = uptr->watch ? &gem_uma_userptr_watched_ops : &gem_uma_userptr_ops;
	info.size = (size_t)uptr->nr_pages << PAGE_SHIFT;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = uptr;
	return dma_buf_export(&info);
}

static struct dma_buf *gem_uma_userptr_make_pinned(struct gem_uma_userptr *uptr,
						   unsigned long addr)
{
	struct dma_buf *dma_buf;
	int ret;

	uptr->user = get_current_user();
	ret = gem_uma_userptr_charge(uptr);
	if (ret)
		return ERR_PTR(ret);
	ret = gem_uma_userptr_pin(uptr, addr);
	dma_buf = ret ? ERR_PTR(ret) : gem_uma_userptr_make(uptr);
	if (IS_ERR(dma_buf))
		atomic_long_sub(uptr->nr_pages, &uptr->user->locked_vm);
	return dma_buf;
}

static struct dma_buf *gem_uma_userptr_make_watched(struct gem_uma_userptr *uptr,
						    unsigned long addr)
{
	struct dma_buf *dma_buf;
	int ret;

	if (!IS_ENABLED(CONFIG_MMU_NOTIFIER))
		return ERR_PTR(-EOPNOTSUPP);
	ret = gem_uma_userptr_watch_alloc(uptr, addr);
	if (ret)
		return ERR_PTR(ret);
	dma_buf = gem_uma_userptr_make(uptr);
	if (!IS_ERR(dma_buf))
		atomic_inc(&gem_uma_userptr_nr_watched);
	return dma_buf;
}

/**
 * gem_uma_userptr_export() - make a dma-buf of memory of the current process
 * @addr: first byte, a multiple of the page size
 * @size: bytes, a multiple of the page size, not 0
 * @flags: GEM_UMA_USERPTR_*
 *
 * Context: process context; may sleep; takes the mmap lock, so no resv is held.
 *
 * Return: the dma-buf; or an ERR_PTR: -EINVAL for bad arguments; -E2BIG; -ENOMEM, also over
 * RLIMIT_MEMLOCK without CAP_IPC_LOCK; -EFAULT where there is no memory, or none that can be
 * written, if it has to be, or be pinned for long; -EINTR when the task is being killed; or
 * as from pin_user_pages_fast(). With GEM_UMA_USERPTR_NOTIFIER, -EOPNOTSUPP without
 * CONFIG_MMU_NOTIFIER, or as gem_uma_userptr_lookup().
 */
struct dma_buf *gem_uma_userptr_export(u64 addr, u64 size, u32 flags)
{
	struct gem_uma_userptr *uptr;
	struct dma_buf *dma_buf;
	int ret;

	if (!size || !PAGE_ALIGNED(addr | size) || addr + size < addr ||
	    addr + size > ULONG_MAX ||
	    flags & ~(GEM_UMA_USERPTR_READONLY | GEM_UMA_USERPTR_NOTIFIER))
		return ERR_PTR(-EINVAL);
	if (size >> PAGE_SHIFT > INT_MAX)
		return ERR_PTR(-E2BIG);
	uptr = kzalloc_obj(*uptr, GFP_KERNEL_ACCOUNT);
	if (!uptr)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&uptr->maps);
	uptr->nr_pages = size >> PAGE_SHIFT;
	uptr->flags = flags;
	dma_buf = flags & GEM_UMA_USERPTR_NOTIFIER ? gem_uma_userptr_make_watched(uptr, addr) :
						     gem_uma_userptr_make_pinned(uptr, addr);
	if (IS_ERR(dma_buf)) {
		gem_uma_userptr_free(uptr);
		return dma_buf;
	}
	if (!gem_uma_userptr_has_watch(uptr))
		return dma_buf;
	ret = gem_uma_userptr_watch_begin(uptr, dma_buf);
	/* What is wrong with the memory is told now rather than to the first job. */
	if (!ret)
		ret = gem_uma_userptr_watch_lookup(uptr);
	if (!ret)
		return dma_buf;
	dma_buf_put(dma_buf);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(gem_uma_userptr_export);
