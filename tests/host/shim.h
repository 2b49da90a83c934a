/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure-logic headers of gem_uma take from the kernel, in user space.
 *
 * Semantics follow the kernel's.
 */
#ifndef HOST_SHIM_H
#define HOST_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
/* As in the kernel, where %llu prints a u64 on every architecture. */
typedef unsigned long long u64;
typedef unsigned long pgoff_t;

#define U64_MAX			((u64)~0ULL)

/* Of the CPU, which range.c is compiled for several of. */
#ifndef PAGE_SHIFT
#define PAGE_SHIFT		12
#endif
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
/* A table is a page of entries of 8 bytes. */
#define PMD_SHIFT		(2 * PAGE_SHIFT - 3)
#define PMD_SIZE		(1UL << PMD_SHIFT)
#define PMD_ORDER		(PMD_SHIFT - PAGE_SHIFT)
#define HPAGE_PMD_NR		(1 << PMD_ORDER)

#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))

#define __round_mask(x, y)	((__typeof__(x))((y) - 1))
#define ALIGN_DOWN(x, a)	((x) & ~__round_mask(x, a))

#define min(a, b) ({					\
	__typeof__(a) a_ = (a);				\
	__typeof__(b) b_ = (b);				\
							\
	(void)(&a_ == &b_);	/* same type, as in the kernel */	\
	a_ < b_ ? a_ : b_;				\
})
#define max(a, b) ({					\
	__typeof__(a) a_ = (a);				\
	__typeof__(b) b_ = (b);				\
							\
	(void)(&a_ == &b_);				\
	a_ > b_ ? a_ : b_;				\
})
#define swap(a, b) do {					\
	__typeof__(a) tmp_ = (a);			\
							\
	(a) = (b);					\
	(b) = tmp_;					\
} while (0)

#define check_add_overflow(a, b, d)	__builtin_add_overflow(a, b, d)

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

#endif /* HOST_SHIM_H */
