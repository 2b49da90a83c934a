/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_TYPES_H_
#define _DRM_GEM_UMA_TYPES_H_

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "shim.h"	/* user-space tests of the pure logic */
#endif

/**
 * enum gem_uma_cache_mode - how the CPU maps a buffer object
 */
enum gem_uma_cache_mode {
	/** @GEM_UMA_CACHE_WB: cached, the only mode on coherent devices. */
	GEM_UMA_CACHE_WB,
	/** @GEM_UMA_CACHE_WC: write-combined. */
	GEM_UMA_CACHE_WC,
};

/**
 * enum gem_uma_reclaim_state - what reclaiming an object would cost
 *
 * In increasing order of cost; code compares values.
 */
enum gem_uma_reclaim_state {
	/** @GEM_UMA_DISCARDABLE: content may be lost at any time, and is zero then. */
	GEM_UMA_DISCARDABLE,
	/** @GEM_UMA_PURGEABLE: declared as not needed; gone for good when taken. */
	GEM_UMA_PURGEABLE,
	/** @GEM_UMA_NEVER_WRITTEN: nobody could write; all pages are zero. */
	GEM_UMA_NEVER_WRITTEN,
	/** @GEM_UMA_EVICTED: nothing held, but the pages are not yet free. */
	GEM_UMA_EVICTED,
	/** @GEM_UMA_UNUSED: pages present, nothing refers to them. */
	GEM_UMA_UNUSED,
	/** @GEM_UMA_CPU_MAPPED: the object is mmapped. */
	GEM_UMA_CPU_MAPPED,
	/** @GEM_UMA_DEV_MAPPED: page tables of one device address space point to the pages. */
	GEM_UMA_DEV_MAPPED,
	/** @GEM_UMA_DEV_SHARED: page tables of several do. */
	GEM_UMA_DEV_SHARED,
	/** @GEM_UMA_UNRECLAIMABLE: no pages, pinned, on their way, or not our pages. */
	GEM_UMA_UNRECLAIMABLE,
};

/**
 * enum gem_uma_content - what the owner of an object said about its content
 */
enum gem_uma_content {
	/** @GEM_UMA_CONTENT_NEEDED: it has to be kept. */
	GEM_UMA_CONTENT_NEEDED,
	/** @GEM_UMA_CONTENT_PURGEABLE: reclaim may throw it away. */
	GEM_UMA_CONTENT_PURGEABLE,
	/** @GEM_UMA_CONTENT_PURGED: reclaim did; the object cannot be used any more. */
	GEM_UMA_CONTENT_PURGED,
};

/* States with a list of their own: all but GEM_UMA_UNRECLAIMABLE. */
#define GEM_UMA_RECLAIM_LISTS	GEM_UMA_UNRECLAIMABLE

/**
 * struct gem_uma_extent - pages [start, end) of an object
 */
struct gem_uma_extent {
	/** @start: first page. */
	pgoff_t start;
	/** @end: first page behind. */
	pgoff_t end;
};

/**
 * struct gem_uma_run - physically contiguous pages of an object
 */
struct gem_uma_run {
	/** @pgoff: first page, counted from the start of the object. */
	pgoff_t pgoff;
	/** @pfn: page frame number of @pgoff. */
	unsigned long pfn;
	/** @nr: number of pages, not 0. */
	unsigned long nr;
};

#endif
