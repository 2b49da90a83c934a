// SPDX-License-Identifier: GPL-2.0
/*
 * The modelled cache: what the CPU sees of a BO, and what a device that does not snoop sees.
 *
 * The page of the BO is the CPU's cache: all CPU mappings show it. A page of the model is
 * the memory behind it: the page tables of the device point there. A third page keeps what
 * the two last agreed on. A line that differs from it in the cache is dirty, and one that
 * differs from it in memory was written by the device:
 *
 * - to clean writes dirty lines to memory, over whatever the device wrote there;
 * - to invalidate brings what the device wrote into the cache.
 *
 * Nothing else ever moves a line. A real cache writes lines back and loads them whenever it
 * likes; this one is the worst of them that is deterministic, so that a sync that is missing
 * is always seen. What it does not notice: a line that the CPU writes with what it last had.
 */

#include <linux/align.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include <asm/barrier.h>

#include "vuma_cache.h"

#define VUMA_LINE_WORDS		(VUMA_CACHE_LINE / sizeof(u64))
/* Two pages: memory, and what was agreed on. */
#define VUMA_CACHE_ORDER	1

/**
 * struct vuma_cache_line - the three places of a line
 */
struct vuma_cache_line {
	/** @cpu: as the CPU sees it. */
	u64 *cpu;
	/** @memory: as the device sees it. */
	u64 *memory;
	/** @agreed: what both last saw. */
	u64 *agreed;
};

/**
 * vuma_cache_init - prepare for a BO
 * @cache: the cache
 */
void vuma_cache_init(struct vuma_cache *cache)
{
	xa_init(&cache->pages);
}

/**
 * vuma_cache_clear - free all memory of a BO, which nobody uses any more
 * @cache: the cache
 */
void vuma_cache_clear(struct vuma_cache *cache)
{
	struct page *page;
	unsigned long i;

	xa_for_each(&cache->pages, i, page) {
		__free_pages(page, VUMA_CACHE_ORDER);
		cond_resched();
	}
	xa_destroy(&cache->pages);
}

/**
 * vuma_cache_add - give a page its memory
 * @cache: the cache
 * @pgoff: page of the BO
 * @cpu: the page as the CPU sees it; clean
 *
 * Context: may sleep and reclaim.
 * Return: 0, also if it has some already, or -ENOMEM.
 */
int vuma_cache_add(struct vuma_cache *cache, pgoff_t pgoff, const void *cpu)
{
	struct page *page;
	int ret;

	if (xa_load(&cache->pages, pgoff))
		return 0;
	page = alloc_pages(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
			   VUMA_CACHE_ORDER);
	if (!page)
		return -ENOMEM;
	/* The CPU may write meanwhile: both get the same, and the rest is dirty. */
	memcpy(page_address(page), cpu, PAGE_SIZE);
	memcpy(page_address(page) + PAGE_SIZE, page_address(page), PAGE_SIZE);
	ret = xa_err(xa_store(&cache->pages, pgoff, page, GFP_KERNEL_ACCOUNT));
	if (ret)
		__free_pages(page, VUMA_CACHE_ORDER);
	return ret;
}

/**
 * vuma_cache_memory - the page that the device works on
 * @cache: the cache
 * @pgoff: page of the BO
 *
 * Return: the page, or NULL if it has none.
 */
struct page *vuma_cache_memory(struct vuma_cache *cache, pgoff_t pgoff)
{
	return xa_load(&cache->pages, pgoff);
}

static bool vuma_line_differs(const u64 *a, const u64 *b)
{
	unsigned int i;

	for (i = 0; i < VUMA_LINE_WORDS; i++)
		if (READ_ONCE(a[i]) != READ_ONCE(b[i]))
			return true;
	return false;
}

/* Both @to places get the same, whatever happens to @from meanwhile. */
static void vuma_line_copy(u64 *to, u64 *agreed, const u64 *from)
{
	unsigned int i;

	for (i = 0; i < VUMA_LINE_WORDS; i++) {
		u64 word = READ_ONCE(from[i]);

		WRITE_ONCE(to[i], word);
		agreed[i] = word;
	}
}

static void vuma_line_clean(const struct vuma_cache_line *line)
{
	if (vuma_line_differs(line->cpu, line->agreed))
		vuma_line_copy(line->memory, line->agreed, line->cpu);
}

static void vuma_line_invalidate(const struct vuma_cache_line *line)
{
	if (vuma_line_differs(line->memory, line->agreed))
		vuma_line_copy(line->cpu, line->agreed, line->memory);
}

/* The lines of [start, end) of one page. */
static void vuma_cache_page(struct page *page, void *cpu, unsigned int start, unsigned int end,
			    void (*op)(const struct vuma_cache_line *line))
{
	void *memory = page_address(page);
	unsigned int at;

	for (at = ALIGN_DOWN(start, VUMA_CACHE_LINE); at < end; at += VUMA_CACHE_LINE)
		op(&(struct vuma_cache_line) {
			.cpu = cpu + at,
			.memory = memory + at,
			.agreed = memory + PAGE_SIZE + at,
		});
}

/* Pages without memory are not the device's, and are left alone. */
static void vuma_cache_walk(struct vuma_cache *cache, u64 offset, size_t size, void *cpu,
			    void (*op)(const struct vuma_cache_line *line))
{
	unsigned int start = offset_in_page(offset), end;
	u64 behind = offset + size;

	cpu -= start;
	/* What was accessed before comes before, and what is accessed next comes next. */
	smp_mb();
	for (; offset < behind; offset += end - start, start = 0, cpu += PAGE_SIZE) {
		struct page *page = xa_load(&cache->pages, offset >> PAGE_SHIFT);

		end = min_t(u64, PAGE_SIZE, start + (behind - offset));
		if (page)
			vuma_cache_page(page, cpu, start, end, op);
	}
	/* As above. */
	smp_mb();
}

/**
 * vuma_cache_clean - the device sees what the CPU wrote
 * @cache: the cache
 * @offset: first byte of the BO
 * @size: bytes; lines count as a whole
 * @cpu: where the CPU sees the first byte; its pages are contiguous
 */
void vuma_cache_clean(struct vuma_cache *cache, u64 offset, size_t size, void *cpu)
{
	vuma_cache_walk(cache, offset, size, cpu, vuma_line_clean);
}

/**
 * vuma_cache_invalidate - the CPU sees what the device wrote
 * @cache: the cache
 * @offset: first byte of the BO
 * @size: bytes; lines count as a whole; they were cleaned
 * @cpu: where the CPU sees the first byte; its pages are contiguous
 */
void vuma_cache_invalidate(struct vuma_cache *cache, u64 offset, size_t size, void *cpu)
{
	vuma_cache_walk(cache, offset, size, cpu, vuma_line_invalidate);
}
