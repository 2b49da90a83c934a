/* SPDX-License-Identifier: GPL-2.0 */
/* What the two policies for memory of a process share. */
#ifndef _GEM_UMA_USERPTR_INTERNAL_H_
#define _GEM_UMA_USERPTR_INTERNAL_H_

#include <linux/build_bug.h>
#include <linux/dma-direction.h>
#include <linux/mmu_notifier.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

struct dma_buf;
struct gem_uma_userptr;
struct gem_uma_userptr_driver;
struct user_struct;

/**
 * struct gem_uma_userptr_watch - what is noticed of an address space
 */
struct gem_uma_userptr_watch {
#ifdef CONFIG_MMU_NOTIFIER
	/** @base: the notifier; its mm is NULL until it is inserted. */
	struct mmu_interval_notifier base;
#endif
	/** @uptr: whose. */
	struct gem_uma_userptr *uptr;
	/** @dma_buf: its dma-buf, which outlives the notifier; no reference. */
	struct dma_buf *dma_buf;
	/** @addr: first byte. */
	unsigned long addr;
	/**
	 * @seq: of the notifier, when the pages were looked up; 0: never, no sequence is even.
	 * Protected by the resv of the dma-buf.
	 */
	unsigned long seq;
	/** @inserted: @base is; constant once others can see the dma-buf. */
	bool inserted;
};

/**
 * struct gem_uma_userptr - the memory behind a dma-buf
 */
struct gem_uma_userptr {
	/**
	 * @pages: run by run; mapped for no device. Constant where they are pinned; otherwise
	 * as they were looked up last, which is protected by the resv of the dma-buf.
	 */
	struct sg_append_table pages;
	/** @user: who is charged; a reference; NULL with @watch. */
	struct user_struct *user;
	/** @watch: how changes of the address space are noticed; NULL: the pages are pinned. */
	struct gem_uma_userptr_watch *watch;
	/** @nr_pages: for so many. */
	unsigned long nr_pages;
	/** @flags: GEM_UMA_USERPTR_*. */
	u32 flags;
	/**
	 * @maps: &struct gem_uma_userptr_map; changes with the resv of the dma-buf and
	 * gem_uma_userptr_lock held, each of which protects it for a reader.
	 */
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
	/** @driver: the importer's, of memory that is not pinned; otherwise not used. */
	const struct gem_uma_userptr_driver *driver;
	/** @dir: what that does. */
	enum dma_data_direction dir;
	/** @pages: what is mapped; ours alone. */
	struct sg_table pages;
	/** @sgt: the addresses, as it was given them; the core may change it on the way. */
	struct sg_table sgt;
	/** @stale: no new job may use it; set once, under gem_uma_userptr_lock. */
	bool stale;
	/** @unmapped: the DMA API has it back; protected by gem_uma_userptr_lock. */
	bool unmapped;
};

/*
 * Pages that are pinned, or looked up, before others get the CPU, or a signal its way. Of a
 * process at its limit, the memory cgroup must be able to take the rest.
 */
#define GEM_UMA_USERPTR_BATCH	((size_t)SZ_2M >> PAGE_SHIFT)
/* An array of them is one page. */
static_assert(GEM_UMA_USERPTR_BATCH * sizeof(struct page *) <= PAGE_SIZE);

extern struct rw_semaphore gem_uma_userptr_lock;

int gem_uma_userptr_append(struct sg_append_table *table, struct page **pages, int nr,
			   unsigned long left);
void gem_uma_userptr_unmap_dma(struct gem_uma_userptr_map *map);

/* Only with CONFIG_MMU_NOTIFIER. */
int gem_uma_userptr_watch_alloc(struct gem_uma_userptr *uptr, unsigned long addr);
int gem_uma_userptr_watch_begin(struct gem_uma_userptr *uptr, struct dma_buf *dma_buf);
void gem_uma_userptr_watch_free(struct gem_uma_userptr *uptr);
int gem_uma_userptr_watch_lookup(struct gem_uma_userptr *uptr);
bool gem_uma_userptr_watch_is_current(const struct gem_uma_userptr *uptr);

/* A constant where there is none: then no function above has to exist. */
static inline bool gem_uma_userptr_has_watch(const struct gem_uma_userptr *uptr)
{
	return IS_ENABLED(CONFIG_MMU_NOTIFIER) && uptr->watch;
}

#endif
