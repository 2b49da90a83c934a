// SPDX-License-Identifier: GPL-2.0
/*
 * What no memory manager can beat on this machine: clearing a page, copying a
 * page, one fault, one system call. Measured in the run they are compared with.
 */
#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uma_bench.h"

#define AREA	(4 * VUMA_MIB)
#define CALLS	1024

struct limits {
	uint8_t *from;
	uint8_t *to;
};

static void limits_teardown(struct actor *a, const struct scene *s)
{
	struct limits *l = a->state;

	(void)s;
	if (!l)
		return;
	if (l->from)
		munmap(l->from, AREA);
	if (l->to)
		munmap(l->to, AREA);
	free(l);
	a->state = NULL;
}

static uint8_t *anon_area(void)
{
	void *map = mmap(NULL, AREA, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	/* One fault per 4K page is what is to be measured. */
	if (madvise(map, AREA, MADV_NOHUGEPAGE)) {
		munmap(map, AREA);
		return NULL;
	}
	return map;
}

static int limits_setup(struct actor *a, const struct scene *s)
{
	struct limits *l = calloc(1, sizeof(*l));

	(void)s;
	if (!l)
		return -ENOMEM;
	a->state = l;
	l->from = anon_area();
	l->to = anon_area();
	if (!l->from || !l->to)
		return -ENOMEM;
	memset(l->from, 1, AREA);
	memset(l->to, 2, AREA);
	return 0;
}

#ifdef __x86_64__
static bool have_erms(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 9));
}

/* The very instructions of the kernel's clear_page() and copy_page(). */
static void clear_page(void *page, bool erms)
{
	size_t n = erms ? PAGE : PAGE / 8;

	if (erms)
		__asm__ volatile("rep stosb" : "+D"(page), "+c"(n) : "a"(0) : "memory");
	else
		__asm__ volatile("rep stosq" : "+D"(page), "+c"(n) : "a"(0l) : "memory");
}

static void copy_page(void *to, const void *from)
{
	size_t n = PAGE / 8;

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}
#else
static bool have_erms(void)
{
	return false;
}

static void clear_page(void *page, bool erms)
{
	(void)erms;
	memset(page, 0, PAGE);
	__asm__ volatile("" : : "r"(page) : "memory");
}

static void copy_page(void *to, const void *from)
{
	memcpy(to, from, PAGE);
	__asm__ volatile("" : : "r"(to) : "memory");
}
#endif

/* One page after the other of an area that no first-level cache holds. */
static void memory_round(struct actor *a, struct limits *l)
{
	bool erms = have_erms();
	int64_t start = vuma_now_ns();

	for (uint64_t off = 0; off < AREA; off += PAGE)
		clear_page(l->to + off, erms);
	emit(a, "clear-page", vuma_now_ns() - start, AREA / PAGE);

	start = vuma_now_ns();
	for (uint64_t off = 0; off < AREA; off += PAGE)
		copy_page(l->to + off, l->from + off);
	emit(a, "copy-page", vuma_now_ns() - start, AREA / PAGE);
}

/* Anonymous memory: fault + allocation + clear. */
static int anon_round(struct actor *a)
{
	struct buf buf = { .actor = a, .size = AREA };
	int64_t start;

	buf.map = anon_area();
	if (!buf.map)
		return -ENOMEM;
	start = vuma_now_ns();
	buf_write(&buf, 1);
	emit(a, "fault-anon", vuma_now_ns() - start, AREA / PAGE);
	return munmap(buf.map, AREA) ? -errno : 0;
}

/* Nothing but the fault: a write to tmpfs pages that are in memory already. */
static int minor_round(struct actor *a)
{
	struct buf buf;
	int64_t start;
	int err, err2;

	err = buf_create(&buf, a, AREA, false);
	if (err)
		return err;
	err = buf_map(&buf);
	if (err)
		goto out;
	buf_write(&buf, 1);
	err = buf_unmap(&buf);
	if (!err)
		err = buf_map(&buf);
	if (err)
		goto out;
	start = vuma_now_ns();
	buf_write(&buf, 2);
	emit(a, "fault-minor", vuma_now_ns() - start, AREA / PAGE);
out:
	err2 = buf_destroy(&buf);
	return err ? err : err2;
}

static int limits_round(struct actor *a, const struct scene *s)
{
	int64_t start = vuma_now_ns();
	int err;

	(void)s;
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	emit(a, "syscall", vuma_now_ns() - start, CALLS);

	start = vuma_now_ns();
	for (int i = 0; i < CALLS; i++)
		vuma_now_ns();
	emit(a, "clock", vuma_now_ns() - start, CALLS);

	memory_round(a, a->state);
	err = anon_round(a);
	return err ? err : minor_round(a);
}

const struct scene scenes_limits[] = {
	{ .name = "limits", .rounds = 100, .warmup = 3, .only_tmpfs = true,
	  .setup = limits_setup, .round = limits_round,
	  .teardown = limits_teardown },
};

const size_t scenes_limits_count = ARRAY_SIZE(scenes_limits);
