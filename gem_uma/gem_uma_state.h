/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State decisions. Pure: no kernel state, also compiled by tests/host.
 */
#ifndef _GEM_UMA_STATE_H_
#define _GEM_UMA_STATE_H_

#include <drm/gem_uma/gem_uma_types.h>

/**
 * struct gem_uma_state_facts - what the state of an object follows from
 */
struct gem_uma_state_facts {
	/** @leaving: its eviction has begun, and waits for the device. */
	bool leaving;
	/** @discardable: there is content, and losing it was allowed at creation. */
	bool discardable;
	/** @purgeable: there is content, and it was declared as not needed. */
	bool purgeable;
	/** @clean: nobody was ever given write access to a page. */
	bool clean;
	/** @resident: number of pages held. */
	unsigned long resident;
	/** @leftover: pages in memory that nobody holds. */
	unsigned long leftover;
	/** @pins: pin count. */
	unsigned int pins;
	/** @dev_mapped: address spaces of the device whose page tables point to the pages. */
	unsigned int dev_mapped;
	/** @mmaps: CPU mappings. */
	unsigned int mmaps;
};

/* Costliest fact wins: a BO that CPU and device map counts as device mapped. */
static inline enum gem_uma_reclaim_state
gem_uma_state_decide(const struct gem_uma_state_facts *f)
{
	if (f->pins || f->leaving)
		return GEM_UMA_UNRECLAIMABLE;
	/* Whatever maps it: what costs is content that has to be kept. */
	if (f->discardable)
		return GEM_UMA_DISCARDABLE;
	if (f->purgeable)
		return GEM_UMA_PURGEABLE;
	if (f->clean && (f->resident || f->leftover))
		return GEM_UMA_NEVER_WRITTEN;
	/* One page in use must not keep all others in memory, so the larger part decides. */
	if (f->leftover > f->resident)
		return GEM_UMA_EVICTED;
	if (!f->resident)
		return GEM_UMA_UNRECLAIMABLE;
	if (f->dev_mapped > 1)
		return GEM_UMA_DEV_SHARED;
	if (f->dev_mapped)
		return GEM_UMA_DEV_MAPPED;
	if (f->mmaps)
		return GEM_UMA_CPU_MAPPED;
	return GEM_UMA_UNUSED;
}

/* What was thrown away does not come back, whatever is said later. */
static inline enum gem_uma_content
gem_uma_state_advise(enum gem_uma_content content, bool needed)
{
	if (content == GEM_UMA_CONTENT_PURGED)
		return GEM_UMA_CONTENT_PURGED;
	return needed ? GEM_UMA_CONTENT_NEEDED : GEM_UMA_CONTENT_PURGEABLE;
}

/* WC only where it means something: a coherent device reads through the caches, or says so. */
static inline enum gem_uma_cache_mode
gem_uma_state_cache_mode(bool want_wc, bool coherent, bool allow_wc)
{
	return want_wc && (!coherent || allow_wc) ? GEM_UMA_CACHE_WC : GEM_UMA_CACHE_WB;
}

#endif
