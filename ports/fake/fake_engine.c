// SPDX-License-Identifier: GPL-2.0
/*
 * The part of a modelled device that does something. No access of it can harm the kernel:
 * one by a stale translation, or to a page that was freed, is counted and left out.
 *
 * Locks: the engine's, around a look at its caches; taken in interrupts, too.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>
#include <linux/wait_bit.h>

#include "fake_engine.h"

/* Of each level, in pages: 16 MiB. */
#define FAKE_CACHE_SIZE	4096u

/* An entry of a cache. Tagged by the page's number plus one, 0 is none. */
struct fake_cached {
	u64 tag;
	struct fake_translation translation;
};

static const struct {
	const char *name;
	size_t offset;
} fake_counts[] = {
	{ "jobs", offsetof(struct fake_engine_counts, jobs) },
	{ "stored", offsetof(struct fake_engine_counts, stored) },
	{ "checked", offsetof(struct fake_engine_counts, checked) },
	{ "bad", offsetof(struct fake_engine_counts, bad) },
	{ "faults", offsetof(struct fake_engine_counts, faults) },
	{ "stale", offsetof(struct fake_engine_counts, stale) },
	{ "gone", offsetof(struct fake_engine_counts, gone) },
	{ "malformed", offsetof(struct fake_engine_counts, malformed) },
	{ "flushes", offsetof(struct fake_engine_counts, flushes) },
};

static int fake_engine_init_caches(struct fake_engine *engine)
{
	unsigned int i;

	spin_lock_init(&engine->lock);
	for (i = 0; i < FAKE_LEVELS; i++) {
		engine->cache[i] = vzalloc(array_size(FAKE_CACHE_SIZE, sizeof(*engine->cache[i])));
		if (!engine->cache[i])
			return -ENOMEM;
	}
	return 0;
}

/* Undone by fake_engine_fini(), also where it fails. */
int fake_engine_init(struct fake_engine *engine, const struct fake_engine_ops *ops,
		     struct dentry *dir)
{
	unsigned int i;

	engine->ops = ops;
	engine->counts = &engine->own;
	for (i = 0; i < ARRAY_SIZE(fake_counts); i++)
		debugfs_create_atomic_t(fake_counts[i].name, 0444, dir,
					(void *)engine->counts + fake_counts[i].offset);
	return fake_engine_init_caches(engine);
}

/* One more MMU of a device: what happens there is counted together. */
int fake_engine_init_next(struct fake_engine *engine, const struct fake_engine *first)
{
	engine->ops = first->ops;
	engine->counts = first->counts;
	return fake_engine_init_caches(engine);
}

void fake_engine_fini(struct fake_engine *engine)
{
	unsigned int i;

	for (i = 0; i < FAKE_LEVELS; i++)
		vfree(engine->cache[i]);
}

void fake_engine_flush(struct fake_engine *engine, enum fake_level level)
{
	unsigned long flags;

	atomic_inc(&engine->counts->flushes);
	spin_lock_irqsave(&engine->lock, flags);
	memset(engine->cache[level], 0, FAKE_CACHE_SIZE * sizeof(*engine->cache[level]));
	spin_unlock_irqrestore(&engine->lock, flags);
}

static void fake_forget(struct fake_engine *engine, u64 first, u64 last)
{
	struct fake_cached *cached;
	unsigned int level, slot;
	unsigned long flags;

	spin_lock_irqsave(&engine->lock, flags);
	for (level = 0; level < FAKE_LEVELS; level++) {
		for (slot = 0; slot < FAKE_CACHE_SIZE; slot++) {
			cached = &engine->cache[level][slot];
			if (cached->tag > first && cached->tag <= last + 1)
				cached->tag = 0;
		}
	}
	spin_unlock_irqrestore(&engine->lock, flags);
}

/* Of pages @first to @last, on all levels. */
void fake_engine_flush_range(struct fake_engine *engine, u64 first, u64 last)
{
	atomic_inc(&engine->counts->flushes);
	fake_forget(engine, first, last);
}

/* What runs does not go on, and nothing is known of page tables. */
void fake_engine_reset(struct fake_engine *engine)
{
	unsigned int i;

	atomic_inc(&engine->resets);
	wake_up_var(&engine->resets);
	for (i = 0; i < FAKE_LEVELS; i++)
		fake_engine_flush(engine, i);
}

static bool fake_same(const struct fake_translation *a, const struct fake_translation *b)
{
	if (a->valid != b->valid)
		return false;
	return !a->valid || (a->pfn == b->pfn && a->writable == b->writable);
}

/* From the nearest cache that knows, which is not asked again what it said once. */
static struct fake_translation fake_look_up(struct fake_engine *engine, u64 page)
{
	unsigned int slot = page % FAKE_CACHE_SIZE, level, found;
	struct fake_translation translation;
	unsigned long flags;

	spin_lock_irqsave(&engine->lock, flags);
	for (found = 0; found < FAKE_LEVELS; found++)
		if (engine->cache[found][slot].tag == page + 1)
			break;
	if (found < FAKE_LEVELS)
		translation = engine->cache[found][slot].translation;
	else
		translation = engine->ops->walk(engine, page);
	for (level = 0; level < found; level++)
		engine->cache[level][slot] = (struct fake_cached) {
			.tag = page + 1, .translation = translation,
		};
	spin_unlock_irqrestore(&engine->lock, flags);
	return translation;
}

/* False where the page tables do not allow it, or not any more. */
static bool fake_look(struct fake_engine *engine, u64 addr, bool write,
		      struct fake_translation *is)
{
	struct fake_translation should;

	*is = fake_look_up(engine, addr >> FAKE_PAGE_SHIFT);
	should = engine->ops->walk(engine, addr >> FAKE_PAGE_SHIFT);
	if (!fake_same(is, &should)) {
		atomic_inc(&engine->counts->stale);
		is->malformed = true;
		return true;
	}
	if (is->malformed)
		atomic_inc(&engine->counts->malformed);
	return is->valid && (!write || is->writable);
}

static bool fake_was_reset(const struct fake_engine *engine, const struct fake_job *job)
{
	return atomic_read(&engine->resets) != job->resets;
}

/* Others may stop a job at any time. */
static bool fake_has_ended(const struct fake_engine *engine, struct fake_job *job)
{
	if (fake_was_reset(engine, job))
		job->failed = true;
	return READ_ONCE(job->failed);
}

/* The memory behind an address, or NULL for an access that does not take place. */
void *fake_engine_access(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	struct fake_translation is = {};
	struct page *page;

	addr |= job->space;
	while (!fake_has_ended(engine, job) && !fake_look(engine, addr, write, &is)) {
		if (!engine->ops->fault(engine, job, addr, write)) {
			atomic_inc(&engine->counts->faults);
			return NULL;
		}
		fake_forget(engine, addr >> FAKE_PAGE_SHIFT, addr >> FAKE_PAGE_SHIFT);
	}
	if (job->failed || is.malformed)
		return NULL;
	page = pfn_valid(is.pfn) ? pfn_to_page(is.pfn) : NULL;
	if (!page || !page_count(page)) {
		atomic_inc(&engine->counts->gone);
		return NULL;
	}
	return page_address(page) + (addr & (FAKE_PAGE_SIZE - 1));
}

/* Words up to the end of the page, or of the range. */
static u32 fake_words_in_page(u64 addr, u64 words)
{
	return min_t(u64, words, (FAKE_PAGE_SIZE - (addr & (FAKE_PAGE_SIZE - 1))) / sizeof(u32));
}

void fake_engine_fill(struct fake_engine *engine, struct fake_job *job, u64 dst, u32 value,
		      u64 words)
{
	u32 i, n, *mem;

	for (; words && !job->failed; words -= n, dst += n * sizeof(u32), value += n) {
		n = fake_words_in_page(dst, words);
		mem = fake_engine_access(engine, job, dst, true);
		for (i = 0; mem && i < n; i++)
			WRITE_ONCE(mem[i], value + i);
		if (mem)
			atomic_add(n, &engine->counts->stored);
		cond_resched();
	}
}

static void fake_check(struct fake_engine *engine, struct fake_job *job, u64 addr, u32 value,
		       u64 words)
{
	u32 i, n, *mem, bad;

	for (; words && !job->failed; words -= n, addr += n * sizeof(u32), value += n) {
		n = fake_words_in_page(addr, words);
		mem = fake_engine_access(engine, job, addr, false);
		bad = mem ? 0 : n;
		for (i = 0; mem && i < n; i++)
			bad += READ_ONCE(mem[i]) != value + i;
		atomic_add(bad, &engine->counts->bad);
		atomic_add(n, &engine->counts->checked);
		cond_resched();
	}
}

void fake_engine_copy(struct fake_engine *engine, struct fake_job *job, u64 dst, u64 src,
		      u64 words)
{
	u32 i, n, *to, *from;

	for (; words && !job->failed; words -= n, dst += n * sizeof(u32), src += n * sizeof(u32)) {
		n = min(fake_words_in_page(dst, words), fake_words_in_page(src, words));
		from = fake_engine_access(engine, job, src, false);
		to = fake_engine_access(engine, job, dst, true);
		for (i = 0; from && to && i < n; i++)
			WRITE_ONCE(to[i], READ_ONCE(from[i]));
		if (from && to)
			atomic_add(n, &engine->counts->stored);
		cond_resched();
	}
}

/* Looks the word up each time: its page may come or go. */
static void fake_wait(struct fake_engine *engine, struct fake_job *job, u64 addr, u32 value)
{
	u32 *mem;

	do {
		mem = fake_engine_access(engine, job, addr, false);
		if (!mem || READ_ONCE(*mem) == value)
			return;
		fsleep(1000);
	} while (!fake_has_ended(engine, job));
}

/* False where the job ends. */
static bool fake_command(struct fake_engine *engine, struct fake_job *job,
			 const struct engine_cmd *cmd)
{
	u64 memory;

	switch (cmd->op) {
	case ENGINE_FILL:
		fake_engine_fill(engine, job, cmd->dst, cmd->arg, cmd->words);
		return true;
	case ENGINE_COPY:
		fake_engine_copy(engine, job, cmd->dst, cmd->arg, cmd->words);
		return true;
	case ENGINE_CHECK:
		fake_check(engine, job, cmd->dst, cmd->arg, cmd->words);
		return true;
	case ENGINE_GROUPS:
		fake_engine_fill(engine, job, cmd->dst, job->groups, 1);
		return true;
	case ENGINE_HANG:
		wait_var_event(&engine->resets, fake_was_reset(engine, job));
		return false;
	case ENGINE_HEAP:
		job->heap = cmd->dst | (u64)cmd->arg << 32;
		return true;
	case ENGINE_FATAL:
		if (engine->ops->fatal)
			engine->ops->fatal(engine, job);
		return false;
	case ENGINE_WAIT:
		fake_wait(engine, job, cmd->dst, cmd->arg);
		return true;
	case ENGINE_OVERFLOW:
		memory = engine->ops->overflow ? engine->ops->overflow(engine, job) : 0;
		if (!memory)
			return false;
		fake_engine_fill(engine, job, memory, cmd->arg, cmd->words);
		fake_engine_copy(engine, job, cmd->dst, memory, cmd->words);
		return true;
	default:
		return false;
	}
}

/* Runs a job to its end. Returns false if the device was reset meanwhile. */
bool fake_engine_run(struct fake_engine *engine, struct fake_job *job)
{
	struct engine_cmd cmd;
	u32 *mem;

	job->resets = atomic_read(&engine->resets);
	for (; job->at + sizeof(cmd) <= job->end; job->at += sizeof(cmd)) {
		if (job->progress)
			WRITE_ONCE(*job->progress, (u32)job->at);
		mem = fake_engine_access(engine, job, job->at, false);
		if (!mem)
			break;
		cmd = *(struct engine_cmd *)mem;
		if (!fake_command(engine, job, &cmd) || fake_has_ended(engine, job))
			break;
	}
	if (fake_was_reset(engine, job))
		return false;
	atomic_inc(&engine->counts->jobs);
	return true;
}
