// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a process as a dma-buf.
 *
 * Owns the pins of the pages, and what importers have mapped. Lock: the resv of the dma-buf
 * for the latter; the former never change. Neighbours: none; importers see a dma-buf.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include <drm/gem_uma/gem_uma_device.h>
#include <drm/gem_uma/gem_uma_userptr.h>

#include "gem_uma_internal.h"

/**
 * DOC: User pointers
 *
 * A driver that lets its device work on memory of a process exports that memory as a dma-buf
 * and imports it like any other, by its own &drm_driver.gem_prime_import. No code but this
 * has to know where the pages come from.
 *
 * The pages are pinned as long as the dma-buf exists, and count against RLIMIT_MEMLOCK of the
 * user. The process may unmap the range, or fork: the device keeps the pages that were there.
 * After that they need not be the ones that the process sees at the address. What cannot be
 * pinned for long is refused: mappings of devices, files that are written through a shared
 * mapping, memory on fs-DAX.
 *
 * The process accesses its memory by its own mapping, so there is neither mmap nor vmap of the
 * dma-buf. Beginning and end of CPU access sync what importers have mapped.
 */

/**
 * struct gem_uma_userptr - the memory behind a dma-buf
 */
struct gem_uma_userptr {
	/** @pages: run by run; mapped for no device. */
	struct sg_append_table pages;
	/** @user: who is charged; a reference. */
	struct user_struct *user;
	/** @nr_pages: for so many. */
	unsigned long nr_pages;
	/** @flags: GEM_UMA_USERPTR_*. */
	u32 flags;
	/** @maps: &struct gem_uma_userptr_map; protected by the resv of the dma-buf. */
	struct list_head maps;
};

/**
 * struct gem_uma_userptr_map - what one importer has mapped
 */
struct gem_uma_userptr_map {
	/** @link: in &gem_uma_userptr.maps. */
	struct list_head link;
	/** @dev: its device. */
	struct device *dev;
	/** @dir: what that does. */
	enum dma_data_direction dir;
	/** @sgt: the table that it was given. */
	struct sg_table sgt;
};

/* How much is pinned before others get the CPU, or a signal its way. */
#define GEM_UMA_USERPTR_BATCH	(PAGE_SIZE / sizeof(struct page *))

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
	ret = sg_alloc_append_table_from_pages(&uptr->pages, pages, nr, 0,
					       (unsigned long)nr << PAGE_SHIFT, UINT_MAX,
					       left - nr, GFP_KERNEL_ACCOUNT);
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

static void gem_uma_userptr_free(struct gem_uma_userptr *uptr)
{
	bool dirty = !(uptr->flags & GEM_UMA_USERPTR_READONLY);
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(&uptr->pages.sgt, sg, i) {
		unpin_user_page_range_dirty_lock(sg_page(sg), sg->length >> PAGE_SHIFT, dirty);
		cond_resched();
	}
	sg_free_append_table(&uptr->pages);
	free_uid(uptr->user);
	kfree(uptr);
}

static void gem_uma_userptr_release(struct dma_buf *dma_buf)
{
	struct gem_uma_userptr *uptr = dma_buf->priv;

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

static int gem_uma_userptr_map_table(const struct gem_uma_userptr *uptr,
				     struct gem_uma_userptr_map *map)
{
	int ret;

	ret = gem_uma_userptr_copy(uptr, &map->sgt);
	if (ret)
		return ret;
	/*
	 * The same memory can be mapped by another dma-buf, too. Synchronizing apart says that
	 * this is known: the DMA API takes an overlap for a mistake otherwise.
	 */
	ret = dma_map_sgtable(map->dev, &map->sgt, map->dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret)
		goto err_free;
	if (gem_uma_device_table_bounces(map->dev, &map->sgt)) {
		ret = -EIO;
		goto err_unmap;
	}
	/* The CPU may have written it. */
	dma_sync_sgtable_for_device(map->dev, &map->sgt, map->dir);
	return 0;

err_unmap:
	dma_unmap_sgtable(map->dev, &map->sgt, map->dir, DMA_ATTR_SKIP_CPU_SYNC);
err_free:
	sg_free_table(&map->sgt);
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
	map = kzalloc(sizeof(*map), GEM_UMA_GFP_MAYFAIL);
	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dev = attach->dev;
	map->dir = dir;
	ret = gem_uma_userptr_map_table(uptr, map);
	if (ret) {
		kfree(map);
		return ERR_PTR(ret);
	}
	list_add_tail(&map->link, &uptr->maps);
	return &map->sgt;
}

static void gem_uma_userptr_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
				  enum dma_data_direction dir)
{
	struct gem_uma_userptr_map *map = container_of(sgt, struct gem_uma_userptr_map, sgt);

	dma_resv_assert_held(attach->dmabuf->resv);
	list_del(&map->link);
	dma_sync_sgtable_for_cpu(map->dev, sgt, dir);
	dma_unmap_sgtable(map->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	sg_free_table(sgt);
	kfree(map);
}

/* First wait: lines that are dropped while a job writes can be back before it ends. */
static int gem_uma_userptr_begin(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	struct gem_uma_userptr *uptr = dma_buf->priv;
	struct gem_uma_userptr_map *map;
	long ret;

	ret = dma_resv_wait_timeout(dma_buf->resv, dma_resv_usage_rw(dir != DMA_FROM_DEVICE),
				    true, MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;
	ret = dma_resv_lock_interruptible(dma_buf->resv, NULL);
	if (ret)
		return ret;
	list_for_each_entry(map, &uptr->maps, link)
		dma_sync_sgtable_for_cpu(map->dev, &map->sgt, map->dir);
	dma_resv_unlock(dma_buf->resv);
	return 0;
}

static int gem_uma_userptr_end(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	struct gem_uma_userptr *uptr = dma_buf->priv;
	struct gem_uma_userptr_map *map;
	int ret;

	ret = dma_resv_lock_interruptible(dma_buf->resv, NULL);
	if (ret)
		return ret;
	list_for_each_entry(map, &uptr->maps, link)
		dma_sync_sgtable_for_device(map->dev, &map->sgt, map->dir);
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

	return dma_buf->ops == &gem_uma_userptr_ops && uptr->flags & GEM_UMA_USERPTR_READONLY;
}

static struct dma_buf *gem_uma_userptr_make(struct gem_uma_userptr *uptr)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &gem_uma_userptr_ops;
	info.size = (size_t)uptr->nr_pages << PAGE_SHIFT;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = uptr;
	return dma_buf_export(&info);
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
 * as from pin_user_pages_fast().
 */
struct dma_buf *gem_uma_userptr_export(u64 addr, u64 size, u32 flags)
{
	struct gem_uma_userptr *uptr;
	struct dma_buf *dma_buf;
	int ret;

	if (!size || !PAGE_ALIGNED(addr | size) || addr + size < addr ||
	    addr + size > ULONG_MAX || flags & ~GEM_UMA_USERPTR_READONLY)
		return ERR_PTR(-EINVAL);
	if (size >> PAGE_SHIFT > INT_MAX)
		return ERR_PTR(-E2BIG);
	uptr = kzalloc(sizeof(*uptr), GFP_KERNEL_ACCOUNT);
	if (!uptr)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&uptr->maps);
	uptr->nr_pages = size >> PAGE_SHIFT;
	uptr->flags = flags;
	uptr->user = get_current_user();
	ret = gem_uma_userptr_charge(uptr);
	if (ret)
		goto err_free;
	ret = gem_uma_userptr_pin(uptr, addr);
	if (ret)
		goto err_uncharge;
	dma_buf = gem_uma_userptr_make(uptr);
	if (!IS_ERR(dma_buf))
		return dma_buf;
	ret = PTR_ERR(dma_buf);

err_uncharge:
	atomic_long_sub(uptr->nr_pages, &uptr->user->locked_vm);
err_free:
	gem_uma_userptr_free(uptr);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(gem_uma_userptr_export);
