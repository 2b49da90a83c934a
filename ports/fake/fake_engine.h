/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of a modelled device that does something: reads commands, and stores, copies
 * and checks words, through translations that it keeps until the driver flushes them.
 */
#ifndef _FAKE_ENGINE_H_
#define _FAKE_ENGINE_H_

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "engine.h"

struct dentry;

#define FAKE_PAGE_SHIFT	12
#define FAKE_PAGE_SIZE	BIT(FAKE_PAGE_SHIFT)

/**
 * enum fake_level - what keeps translations
 * @FAKE_TLB: those in use; it is asked first.
 * @FAKE_WALK_CACHE: what was read of page tables.
 */
enum fake_level {
	FAKE_TLB,
	FAKE_WALK_CACHE,
	FAKE_LEVELS,
};

/**
 * struct fake_translation - what page tables say of a page
 */
struct fake_translation {
	/** @pfn: page of memory. */
	unsigned long pfn;
	/** @valid: there is one. */
	bool valid;
	/** @writable: it may be written. */
	bool writable;
	/** @malformed: no driver of sound mind writes such an entry. */
	bool malformed;
};

/**
 * struct fake_engine_counts - what happened so far; in debugfs
 */
struct fake_engine_counts {
	/** @jobs: jobs that have ended. */
	atomic_t jobs;
	/** @stored: words. */
	atomic_t stored;
	/** @checked: words. */
	atomic_t checked;
	/** @bad: words that were not what they should have been. */
	atomic_t bad;
	/** @faults: accesses that the page tables did not allow. */
	atomic_t faults;
	/** @stale: accesses by a translation that the page tables have not had any more. */
	atomic_t stale;
	/** @gone: accesses to a page that is nobody's. */
	atomic_t gone;
	/** @malformed: entries of page tables that make no sense. */
	atomic_t malformed;
	/** @flushes: of translations. */
	atomic_t flushes;
};

struct fake_engine;
struct fake_job;

/**
 * struct fake_engine_ops - what depends on the device
 */
struct fake_engine_ops {
	/** @walk: read the page tables in memory for a page of the device. Atomic. */
	struct fake_translation (*walk)(struct fake_engine *engine, u64 page);
	/**
	 * @fault: tell the driver of an access that was not allowed. True: it may be by now.
	 * Otherwise the job goes on without it, unless &fake_job.failed says that it ends.
	 */
	bool (*fault)(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write);
	/** @overflow: get memory for a job from the driver: its address, or 0. */
	u64 (*overflow)(struct fake_engine *engine, const struct fake_job *job);
	/** @fatal: tell the driver that the device is at fault, by a job. */
	void (*fatal)(struct fake_engine *engine, const struct fake_job *job);
};

/**
 * struct fake_engine - the engine behind one MMU
 */
struct fake_engine {
	/** @ops: see &struct fake_engine_ops. */
	const struct fake_engine_ops *ops;
	/** @counts: its own, or those of another engine of the same device. */
	struct fake_engine_counts *counts;
	/** @resets: how often the device was reset: jobs of before do not go on. */
	atomic_t resets;
	/** @lock: protects @cache. */
	spinlock_t lock;
	/** @cache: by level. */
	struct fake_cached *cache[FAKE_LEVELS];
	/** @own: counts of the engine that was set up first. */
	struct fake_engine_counts own;
};

/**
 * struct fake_job - a job while it runs
 */
struct fake_job {
	/** @at: address of the next command. */
	u64 at;
	/** @end: where it ends. */
	u64 end;
	/** @heap: what ENGINE_HEAP said last, or 0. */
	u64 heap;
	/** @groups: workgroups. */
	u32 groups;
	/** @progress: where the driver sees that it goes on, or NULL. */
	u32 *progress;
	/** @space: upper bits of all addresses, where a device has several address spaces. */
	u64 space;
	/** @resets: &fake_engine.resets when it began. */
	int resets;
	/** @failed: it ends before its end. */
	bool failed;
};

int fake_engine_init(struct fake_engine *engine, const struct fake_engine_ops *ops,
		     struct dentry *dir);
int fake_engine_init_next(struct fake_engine *engine, const struct fake_engine *first);
void fake_engine_fini(struct fake_engine *engine);
void fake_engine_flush(struct fake_engine *engine, enum fake_level level);
void fake_engine_flush_range(struct fake_engine *engine, u64 first, u64 last);
void fake_engine_reset(struct fake_engine *engine);
void *fake_engine_access(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write);
bool fake_engine_run(struct fake_engine *engine, struct fake_job *job);
void fake_engine_fill(struct fake_engine *engine, struct fake_job *job, u64 dst, u32 value,
		      u64 words);
void fake_engine_copy(struct fake_engine *engine, struct fake_job *job, u64 dst, u64 src,
		      u64 words);

#endif
