/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_BACKING_H_
#define _DRM_GEM_UMA_BACKING_H_

#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <drm/gem_uma/gem_uma_device.h>
#include <drm/gem_uma/gem_uma_page_set.h>
#include <drm/gem_uma/gem_uma_types.h>

struct drm_gem_object;
struct folio;
struct mem_cgroup;
struct page;

/* Back with huge folios where size and system allow. */
#define GEM_UMA_BACKING_HUGE	BIT(0)
/* Write zeroes and swapped-in data back to memory before anybody maps uncached. */
#define GEM_UMA_BACKING_CLEAN	BIT(1)
/* One pin is never undone: the pages stay until gem_uma_backing_fini(). */
#define GEM_UMA_BACKING_PINNED	BIT(2)

/*
 * Pages of a chunk: what one page of PTEs maps. Large objects are evicted and restored by
 * chunk. Neither a folio nor a page of PTEs has pages of two chunks.
 */
#define GEM_UMA_BACKING_CHUNK	((pgoff_t)PTRS_PER_PTE)

/* Bytes of the largest object: a file holds it, and &drm_gem_object.size can express it. */
#define GEM_UMA_BACKING_MAX_SIZE \
	ALIGN_DOWN(min_t(u64, MAX_LFS_FILESIZE, SIZE_MAX), PAGE_SIZE)

/**
 * struct gem_uma_backing - the pages of a buffer object
 *
 * We hold one reference on each folio of the shmem file that has a page in @held, and
 * none on others. The page cache of the file is the only map from page to folio. A
 * folio that is held can neither be split, migrated nor reclaimed, so what the cache
 * says of a page in @held is stable under the object's resv.
 *
 * Pages with content that are not held were evicted. Their number is what the file
 * takes in memory and swap, less what is held.
 *
 * Invariants: @held consists of whole folios, clipped to the object; @pins > 0 implies
 * that all pages are in @held.
 */
struct gem_uma_backing {
	/* Constant after init. */

	/** @udev: device. */
	struct gem_uma_device *udev;
	/** @obj: the object that embeds us; its resv is our lock. */
	struct drm_gem_object *obj;
	/** @file: shmem file, NULL for an object without pages of its own. */
	struct file *file;
	/** @memcg: is charged for the pages; NULL without memory cgroups. */
	struct mem_cgroup *memcg;
	/** @nr_pages: size of the object in pages. */
	pgoff_t nr_pages;
	/** @flags: GEM_UMA_BACKING_*. */
	u32 flags;

	/**
	 * @pins: users that keep the pages in place. 0 <-> 1 only under resv,
	 * everything above without a lock.
	 */
	atomic_t pins;
	/** @content: is it needed? Changes under resv. */
	enum gem_uma_content content;

	/* private: protected by resv */

	/* Pages whose folios we hold. */
	struct gem_uma_page_set held;
	/* Room for a chunk, if these are write-combined for the kernel itself; or NULL. */
	struct page **wc_pages;
	/* Where writeback goes on. */
	pgoff_t next_written;
	/* Pages evicted and restored so far; evictions, of all or of a chunk, saturating. */
	u64 evicted_pages;
	u64 restored_pages;
	u32 evictions;
	/* Somebody got write access since there last was no page. */
	bool written;
};

/**
 * gem_uma_backing_forget_high() - let the task not sleep for what it charged to others
 *
 * A task that charges beyond memory.high sleeps for it. A worker, or the thread of an interrupt,
 * would do so in its next charge, and other clients would wait with it. Such threads call this
 * after they populated.
 *
 * Context: any task; it changes nobody else.
 */
static inline void gem_uma_backing_forget_high(void)
{
#ifdef CONFIG_MEMCG
	current->memcg_nr_pages_over_high = 0;
#endif
}

int gem_uma_backing_init(struct gem_uma_backing *b, struct gem_uma_device *udev,
			 struct drm_gem_object *obj, u64 size, u32 flags);
void gem_uma_backing_leak(struct gem_uma_backing *b);
void gem_uma_backing_fini(struct gem_uma_backing *b);

int gem_uma_backing_populate_locked(struct gem_uma_backing *b, pgoff_t start,
				    pgoff_t end)
	__must_hold(b->obj->resv);
int gem_uma_backing_populate_some_locked(struct gem_uma_backing *b, pgoff_t start,
					 pgoff_t end, bool ahead)
	__must_hold(b->obj->resv);
int gem_uma_backing_prefetch(struct gem_uma_backing *b, pgoff_t start, pgoff_t end);
bool gem_uma_backing_is_resident_locked(struct gem_uma_backing *b, pgoff_t start,
					pgoff_t end)
	__must_hold(b->obj->resv);
bool gem_uma_backing_extent_locked(struct gem_uma_backing *b, pgoff_t pgoff,
				   struct gem_uma_extent *e)
	__must_hold(b->obj->resv);
int gem_uma_backing_run_locked(struct gem_uma_backing *b, pgoff_t start, pgoff_t end,
			       struct gem_uma_run *run)
	__must_hold(b->obj->resv);
struct page **gem_uma_backing_pages_locked(struct gem_uma_backing *b)
	__must_hold(b->obj->resv);
void gem_uma_backing_mark_dirty_locked(struct gem_uma_backing *b, pgoff_t start,
				       pgoff_t end)
	__must_hold(b->obj->resv);
unsigned long gem_uma_backing_release_locked(struct gem_uma_backing *b)
	__must_hold(b->obj->resv);
bool gem_uma_backing_next_chunk_locked(struct gem_uma_backing *b, pgoff_t start,
				       struct gem_uma_extent *chunk)
	__must_hold(b->obj->resv);
unsigned long gem_uma_backing_release_chunk_locked(struct gem_uma_backing *b,
						   const struct gem_uma_extent *chunk)
	__must_hold(b->obj->resv);
unsigned long gem_uma_backing_writeback_locked(struct gem_uma_backing *b,
					       unsigned long nr_pages)
	__must_hold(b->obj->resv);
unsigned long gem_uma_backing_in_memory(const struct gem_uma_backing *b);
unsigned long gem_uma_backing_evicted(const struct gem_uma_backing *b);
bool gem_uma_backing_has_content(const struct gem_uma_backing *b);
int gem_uma_backing_nid_locked(struct gem_uma_backing *b)
	__must_hold(b->obj->resv);

bool gem_uma_backing_advise_locked(struct gem_uma_backing *b, bool needed)
	__must_hold(b->obj->resv);
bool gem_uma_backing_can_purge_locked(struct gem_uma_backing *b)
	__must_hold(b->obj->resv);
unsigned long gem_uma_backing_purge_locked(struct gem_uma_backing *b)
	__must_hold(b->obj->resv);
int gem_uma_backing_discard_locked(struct gem_uma_backing *b, pgoff_t start,
				   pgoff_t end)
	__must_hold(b->obj->resv);

int gem_uma_backing_pin_locked(struct gem_uma_backing *b)
	__must_hold(b->obj->resv);
bool gem_uma_backing_unpin_locked(struct gem_uma_backing *b)
	__must_hold(b->obj->resv);
int gem_uma_backing_pin(struct gem_uma_backing *b);
bool gem_uma_backing_unpin(struct gem_uma_backing *b);
struct page *gem_uma_backing_pinned_page(const struct gem_uma_backing *b, pgoff_t pgoff);

/**
 * gem_uma_backing_resident() - pages in memory and held, a snapshot
 * @b: backing
 *
 * Context: any.
 *
 * Return: number of pages.
 */
static inline unsigned long gem_uma_backing_resident(const struct gem_uma_backing *b)
{
	return READ_ONCE(b->held.pages);
}

/**
 * gem_uma_backing_is_clean() - was nobody given write access to any page?
 * @b: backing
 *
 * Then each page, in memory or not, is zero.
 *
 * Context: any; stable under resv.
 *
 * Return: true if so.
 */
static inline bool gem_uma_backing_is_clean(const struct gem_uma_backing *b)
{
	return !READ_ONCE(b->written);
}

/**
 * gem_uma_backing_content() - what was said about the content, a snapshot
 * @b: backing
 *
 * Context: any; GEM_UMA_CONTENT_PURGED is final.
 *
 * Return: see &enum gem_uma_content.
 */
static inline enum gem_uma_content gem_uma_backing_content(const struct gem_uma_backing *b)
{
	return READ_ONCE(b->content);
}

/**
 * gem_uma_backing_evicted_total() - pages evicted so far, a snapshot
 * @b: backing
 *
 * Context: any.
 *
 * Return: number of pages.
 */
static inline u64 gem_uma_backing_evicted_total(const struct gem_uma_backing *b)
{
	return READ_ONCE(b->evicted_pages);
}

/**
 * gem_uma_backing_restored_total() - pages restored so far, a snapshot
 * @b: backing
 *
 * Context: any.
 *
 * Return: number of pages.
 */
static inline u64 gem_uma_backing_restored_total(const struct gem_uma_backing *b)
{
	return READ_ONCE(b->restored_pages);
}

/**
 * gem_uma_backing_evictions() - how often the object, or a chunk of it, was evicted
 * @b: backing
 *
 * Context: any.
 *
 * Return: number of evictions, saturating; a snapshot.
 */
static inline u32 gem_uma_backing_evictions(const struct gem_uma_backing *b)
{
	return READ_ONCE(b->evictions);
}

#endif
