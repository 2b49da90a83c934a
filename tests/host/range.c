// SPDX-License-Identifier: GPL-2.0
#include "gem_uma_range.h"
#include "host.h"

/* Tests of one size of pages have names, and a table, of their own. */
#ifndef RANGE_TESTS
#define RANGE_TESTS	host_range_tests
#define RANGE_OF	""
#endif

/* A page of a GPU. */
#define GPU_PAGE	4096ULL

#define u128	unsigned __int128

/* Values around every border that 64-bit byte ranges have. */
static u64 interesting(void)
{
	static const u64 borders[] = {
		0, PAGE_SIZE, 3 * PAGE_SIZE, PMD_SIZE, 1ULL << 31, 1ULL << 32, 1ULL << 47,
		1ULL << 52, 1ULL << 63, U64_MAX - PAGE_SIZE + 1,
	};
	u64 value = borders[host_random_below(ARRAY_SIZE(borders))];

	/* Wraps around 0 as well, on purpose. */
	return value + host_random_below(5) - 2;
}

static void check_to_pages(u64 obj_size, u64 offset, u64 size)
{
	struct gem_uma_extent pages = { .start = 111, .end = 222 };
	u128 end = (u128)offset + size;
	int want = size && end <= obj_size ? 0 : -EINVAL;
	int ret = gem_uma_range_to_pages(obj_size, offset, size, &pages);

	if (ret != want)
		KT_FAIL("object %#llx offset %#llx size %#llx: returned %d, expected %d",
			obj_size, offset, size, ret, want);
	if (ret) {
		KT_EQ(pages.start, 111);
		KT_EQ(pages.end, 222);
		return;
	}
	if (pages.start != offset / PAGE_SIZE ||
	    pages.end != (u128)(end + PAGE_SIZE - 1) / PAGE_SIZE)
		KT_FAIL("object %#llx offset %#llx size %#llx: pages %#lx-%#lx", obj_size,
			offset, size, pages.start, pages.end);
}

static void to_pages_small_exhaustive(void)
{
	const u64 step = PAGE_SIZE / 2;
	u64 obj, offset, size;

	for (obj = 0; obj <= 4 * PAGE_SIZE; obj += step)
		for (offset = 0; offset <= 5 * PAGE_SIZE; offset += step)
			for (size = 0; size <= 5 * PAGE_SIZE; size += step)
				check_to_pages(obj, offset, size);
}

static void to_pages_at_overflow(void)
{
	int i;

	for (i = 0; i < 2000000; i++)
		check_to_pages(interesting(), interesting(), interesting());
}

static void to_pages_random(void)
{
	int i;

	for (i = 0; i < 500000; i++) {
		u64 obj = host_random() >> host_random_below(64);

		check_to_pages(obj, host_random_below(obj ?: 1),
			       host_random() >> host_random_below(64));
	}
}

static void in_run_equals_the_end_of_the_run(void)
{
	const u64 step = PAGE_SIZE / 8;
	u64 offset, size, end, skip;
	pgoff_t nr;

	for (nr = 1; nr <= 3; nr++)
		for (offset = 0; offset < 3 * PAGE_SIZE; offset += step)
			for (size = step; size <= 5 * PAGE_SIZE; size += step) {
				/* The run begins with the page of @offset. */
				end = (offset / PAGE_SIZE + nr) * PAGE_SIZE;
				KT_EQ(gem_uma_range_in_run(offset, size, nr, &skip),
				      min(end - offset, size));
				KT_EQ(skip, offset % PAGE_SIZE);
			}
}

#define RUN_PAGES	16

/* Pages from @first on that follow each other in memory, as a device map tells them. */
static pgoff_t run_of(const u64 *frame, pgoff_t first, pgoff_t end)
{
	pgoff_t nr = 1;

	while (first + nr < end && frame[first + nr] == frame[first] + nr)
		nr++;
	return nr;
}

/* As a bind does it: run by run, until all is mapped. */
static void check_bind(const u64 *frame, u64 offset, u64 size)
{
	struct gem_uma_extent e;
	u64 at, n, len, skip, addr, seen = 0;

	for (at = 0; at < size; at += len) {
		KT_EQ(gem_uma_range_to_pages(RUN_PAGES * PAGE_SIZE, offset + at, size - at, &e), 0);
		len = gem_uma_range_in_run(offset + at, size - at, run_of(frame, e.start, e.end),
					   &skip);
		addr = frame[e.start] * PAGE_SIZE + skip;
		KT_EQ(len % GPU_PAGE, 0);
		for (n = 0; n < len; n += GPU_PAGE, seen++) {
			u64 byte = offset + seen * GPU_PAGE;

			if (addr + n != frame[byte / PAGE_SIZE] * PAGE_SIZE + byte % PAGE_SIZE)
				KT_FAIL("byte %#llx of a bind of %#llx at %#llx is at %#llx",
					byte, size, offset, addr + n);
		}
	}
	KT_EQ(seen, size / GPU_PAGE);
}

static void each_gpu_page_is_where_its_byte_is(void)
{
	const u64 pages = RUN_PAGES * PAGE_SIZE / GPU_PAGE;
	u64 frame[RUN_PAGES], first;
	int i, k;

	for (i = 0; i < 2000; i++) {
		/* Runs of some pages, anywhere. */
		for (k = 0; k < RUN_PAGES; k++)
			frame[k] = k && host_random_below(3) ? frame[k - 1] + 1 :
				   host_random_below(1ULL << 30);
		first = host_random_below(pages);
		check_bind(frame, first * GPU_PAGE,
			   (1 + host_random_below(pages - first)) * GPU_PAGE);
	}
}

static void check_clip(pgoff_t a, pgoff_t b, pgoff_t c, pgoff_t d)
{
	struct gem_uma_extent e = { .start = a, .end = b };
	bool any = gem_uma_range_clip(&e, c, d);
	bool want = false;
	pgoff_t page;

	for (page = 0; page < 8; page++) {
		bool in = page >= a && page < b && page >= c && page < d;

		want |= in;
		if (any)
			KT_EQ(in, page >= e.start && page < e.end);
	}
	KT_EQ(any, want);
}

static void clip_is_the_intersection(void)
{
	pgoff_t a, b, c, d;

	for (a = 0; a < 8; a++)
		for (b = a; b < 8; b++)
			for (c = 0; c < 8; c++)
				for (d = c; d < 8; d++)
					check_clip(a, b, c, d);
}

struct window_case {
	unsigned long address, vm_start, vm_end, want;
	pgoff_t vma_first, obj_pages;
};

/* Every page that may be mapped with the faulting one, one by one. */
static void check_window(const struct window_case *c)
{
	struct gem_uma_extent e = gem_uma_range_fault_window(c->address, c->vm_start, c->vm_end,
							     c->vma_first, c->obj_pages, c->want);
	unsigned long span = c->want * PAGE_SIZE;
	unsigned long block = c->address / span;
	unsigned long addr;
	pgoff_t seen = 0;

	for (addr = c->vm_start; addr < c->vm_end; addr += PAGE_SIZE) {
		pgoff_t page = c->vma_first + (addr - c->vm_start) / PAGE_SIZE;
		bool want = addr / span == block && page < c->obj_pages;
		bool got = page >= e.start && page < e.end;

		if (want != got)
			KT_FAIL("%#lx in %#lx-%#lx, page %#lx of %#lx, want %lu: %#lx-%#lx %s %#lx",
				c->address, c->vm_start, c->vm_end, c->vma_first, c->obj_pages,
				c->want, e.start, e.end, got ? "has" : "lacks", page);
		seen += got;
	}
	/* Nothing in it that the VMA does not show. */
	if (e.start < e.end)
		KT_EQ(e.end - e.start, seen);
}

/* All objects and offsets for one VMA and one address in it. */
static void check_windows_of(struct window_case c)
{
	for (c.want = 1; c.want <= 8; c.want *= 2)
		for (c.vma_first = 0; c.vma_first < 6; c.vma_first++)
			for (c.obj_pages = 1; c.obj_pages < 14; c.obj_pages++)
				check_window(&c);
}

static void window_exhaustive(void)
{
	const unsigned long base = 0x7f0000400000;
	struct window_case c = { 0 };
	unsigned long first, pages, fault;

	for (first = 0; first < 9; first++)
		for (pages = 1; pages < 12; pages++)
			for (fault = 0; fault < pages; fault++) {
				c.vm_start = base + first * PAGE_SIZE;
				c.vm_end = c.vm_start + pages * PAGE_SIZE;
				c.address = c.vm_start + fault * PAGE_SIZE;
				check_windows_of(c);
			}
}

static void window_random(void)
{
	struct window_case c;
	int i;

	for (i = 0; i < 3000; i++) {
		unsigned long pages = 1 + host_random_below(2000);

		c.vm_start = (host_random() >> 17) & PAGE_MASK;
		c.vm_end = c.vm_start + pages * PAGE_SIZE;
		/* Faults come with the address as it was accessed, too. */
		c.address = c.vm_start + host_random_below(pages * PAGE_SIZE);
		c.want = 1UL << host_random_below(PMD_ORDER + 1);
		c.vma_first = host_random_below(3000);
		c.obj_pages = c.vma_first + host_random_below(3000);
		check_window(&c);
	}
}

/* The last page of the address space that a VMA can have, and the first. */
static void window_at_the_ends_of_memory(void)
{
	const unsigned long end = -PAGE_SIZE;
	unsigned long want;

	for (want = 1; want <= HPAGE_PMD_NR; want *= 2) {
		struct window_case high = {
			.address = end - PAGE_SIZE, .vm_start = end - 40 * PAGE_SIZE,
			.vm_end = end, .want = want, .vma_first = 7,
			.obj_pages = 1UL << 40,
		};
		struct window_case low = {
			.address = 3 * PAGE_SIZE, .vm_start = 0,
			.vm_end = 700 * PAGE_SIZE, .want = want, .obj_pages = 600,
		};

		check_window(&high);
		check_window(&low);
	}
}

/* uma-B1: after a split the VMA starts in the middle of the object. */
static void window_keeps_object_page_after_vma_split(void)
{
	const unsigned long start = 0x7f0000000000;
	unsigned long head;

	for (head = 0; head < 16; head++) {
		unsigned long address = start + 20 * PAGE_SIZE;
		struct gem_uma_extent e;

		e = gem_uma_range_fault_window(address, start + head * PAGE_SIZE,
					       start + 64 * PAGE_SIZE, head, 64, 16);
		KT_EQ(e.start, 16);
		KT_EQ(e.end, 32);
		e = gem_uma_range_fault_window(address, start + head * PAGE_SIZE,
					       start + 64 * PAGE_SIZE, head, 64, 1);
		KT_EQ(e.start, 20);
		KT_EQ(e.end, 21);
	}
}

static void next_window_doubles_in_bounds_or_falls_back(void)
{
	unsigned long min_window, max_window, window;

	for (min_window = 1; min_window <= 64; min_window *= 2)
		for (max_window = min_window; max_window <= 512; max_window *= 2)
			for (window = 0; window <= max_window; window = window * 2 ?: 1) {
				unsigned long hit, miss;

				hit = gem_uma_range_next_window(window, 100, 100, min_window,
								max_window);
				miss = gem_uma_range_next_window(window, 100, 101, min_window,
								 max_window);
				KT_EQ(miss, min_window);
				KT_GE(hit, min_window);
				KT_LE(hit, max_window);
				KT_TRUE(is_power_of_2(hit));
				if (window >= min_window)
					KT_EQ(hit, window * 2 < max_window ? window * 2
									   : max_window);
				else
					KT_EQ(hit, min_window);
			}
}

static void next_window_walk_reaches_the_pmd_bound(void)
{
	unsigned long window = 0;
	pgoff_t pgoff = 0;
	int faults = 0;

	while (window < HPAGE_PMD_NR) {
		window = gem_uma_range_next_window(window, pgoff, pgoff, 16, HPAGE_PMD_NR);
		pgoff += window;
		/* From 16. */
		KT_LE(++faults, PMD_ORDER - 3);
	}
	KT_EQ(window, HPAGE_PMD_NR);
}

static const struct ktap_test tests[] = {
	{ .name = "range_to_pages_equals_128_bit_maths_small" RANGE_OF,
	  .run = to_pages_small_exhaustive },
	{ .name = "range_to_pages_equals_128_bit_maths_at_overflow" RANGE_OF,
	  .run = to_pages_at_overflow },
	{ .name = "range_to_pages_equals_128_bit_maths_random" RANGE_OF, .run = to_pages_random },
	{ .name = "range_in_run_ends_with_the_run" RANGE_OF,
	  .run = in_run_equals_the_end_of_the_run },
	{ .name = "range_each_GPU_page_is_where_its_byte_is" RANGE_OF,
	  .run = each_gpu_page_is_where_its_byte_is },
	{ .name = "range_clip_is_the_intersection" RANGE_OF, .run = clip_is_the_intersection },
	{ .name = "range_fault_window_equals_page_by_page_exhaustive" RANGE_OF,
	  .run = window_exhaustive },
	{ .name = "range_fault_window_equals_page_by_page_random" RANGE_OF, .run = window_random },
	{ .name = "range_fault_window_at_the_ends_of_memory" RANGE_OF,
	  .run = window_at_the_ends_of_memory },
	{ .name = "range_fault_window_keeps_object_page_after_vma_split_uma-B1_panthor-75" RANGE_OF,
	  .run = window_keeps_object_page_after_vma_split },
	{ .name = "range_next_window_doubles_in_bounds_or_falls_back" RANGE_OF,
	  .run = next_window_doubles_in_bounds_or_falls_back },
	{ .name = "range_next_window_walk_reaches_the_pmd_bound" RANGE_OF,
	  .run = next_window_walk_reaches_the_pmd_bound },
};

const struct host_tests RANGE_TESTS = HOST_TESTS(tests);
