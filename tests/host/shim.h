/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure-logic headers of gem_uma take from the kernel, in user space.
 *
 * Semantics follow the kernel's, with two additions for tests: allocations can be
 * made to fail, and warnings are counted instead of printed.
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
typedef uint16_t u16;
typedef uint32_t u32;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
/* As in the kernel, where %llu prints a u64 on every architecture. */
typedef unsigned long long u64;
typedef long long s64;
typedef unsigned long pgoff_t;
typedef unsigned int gfp_t;

#define U8_MAX			((u8)~0U)
#define U16_MAX			((u16)~0U)
#define U32_MAX			((u32)~0U)
#define U64_MAX			((u64)~0ULL)
#define S64_MAX			((s64)(U64_MAX >> 1))

#define GFP_KERNEL		((gfp_t)0xcc0)
#define GFP_NOWAIT		((gfp_t)0x800)
#define __GFP_ZERO		((gfp_t)0x100)
#define __GFP_NOWARN		((gfp_t)0x2000)

#define PAGE_SHIFT		12
#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define PMD_SHIFT		21
#define PMD_SIZE		(1UL << PMD_SHIFT)
#define PMD_MASK		(~(PMD_SIZE - 1))
#define PMD_ORDER		(PMD_SHIFT - PAGE_SHIFT)
#define HPAGE_PMD_ORDER		PMD_ORDER
#define HPAGE_PMD_NR		(1 << PMD_ORDER)
#define BITS_PER_LONG		64

#define PFN_UP(x)		(((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)		((x) >> PAGE_SHIFT)
#define PFN_PHYS(x)		((u64)(x) << PAGE_SHIFT)
#define PAGE_ALIGN(x)		ALIGN(x, PAGE_SIZE)
#define PAGE_ALIGNED(x)		IS_ALIGNED((unsigned long)(x), PAGE_SIZE)

#define BIT(n)			(1UL << (n))
#define BIT_ULL(n)		(1ULL << (n))
#define GENMASK(h, l)		((~0UL << (l)) & (~0UL >> (BITS_PER_LONG - 1 - (h))))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define struct_size(p, member, n)	(sizeof(*(p)) + sizeof((p)->member[0]) * (n))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define __round_mask(x, y)	((__typeof__(x))((y) - 1))
#define round_up(x, y)		((((x) - 1) | __round_mask(x, y)) + 1)
#define round_down(x, y)	((x) & ~__round_mask(x, y))
#define ALIGN(x, a)		(((x) + __round_mask(x, a)) & ~__round_mask(x, a))
#define ALIGN_DOWN(x, a)	((x) & ~__round_mask(x, a))
#define IS_ALIGNED(x, a)	(((x) & __round_mask(x, a)) == 0)

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
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define max_t(type, a, b)	max((type)(a), (type)(b))
#define min3(a, b, c)		min(min(a, b), c)
#define max3(a, b, c)		max(max(a, b), c)
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define clamp_t(type, v, lo, hi)	clamp((type)(v), (type)(lo), (type)(hi))
#define swap(a, b) do {					\
	__typeof__(a) tmp_ = (a);			\
							\
	(a) = (b);					\
	(b) = tmp_;					\
} while (0)

#define check_add_overflow(a, b, d)	__builtin_add_overflow(a, b, d)
#define check_sub_overflow(a, b, d)	__builtin_sub_overflow(a, b, d)
#define check_mul_overflow(a, b, d)	__builtin_mul_overflow(a, b, d)
#define check_shl_overflow(a, s, d) ({						\
	__typeof__(a) a_ = (a);							\
	unsigned int s_ = (s);							\
	unsigned int bits_ = sizeof(*(d)) * 8;					\
	bool over_ = s_ >= bits_;						\
										\
	*(d) = over_ ? 0 : (__typeof__(*(d)))(a_ << s_);			\
	over_ || (__typeof__(a))(*(d) >> s_) != a_;				\
})
#define size_add(a, b) ({				\
	size_t sum_;					\
							\
	check_add_overflow((size_t)(a), (size_t)(b), &sum_) ? SIZE_MAX : sum_;	\
})
#define size_mul(a, b) ({				\
	size_t product_;				\
							\
	check_mul_overflow((size_t)(a), (size_t)(b), &product_) ? SIZE_MAX : product_;	\
})

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define fallthrough		__attribute__((__fallthrough__))
#define __must_check		__attribute__((__warn_unused_result__))
#define __maybe_unused		__attribute__((__unused__))
#define noinline		__attribute__((__noinline__))
#define __pure			__attribute__((__pure__))
#define static_assert(...)	_Static_assert(__VA_ARGS__, "static_assert")
#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

/* Warnings: the tests check that there were as many as they expect. */
extern unsigned int shim_warnings;

#define WARN_ON(cond) ({				\
	bool warn_ = !!(cond);				\
							\
	shim_warnings += warn_;				\
	warn_;						\
})
#define WARN_ON_ONCE(cond)	WARN_ON(cond)
#define WARN(cond, ...)		WARN_ON(cond)
#define WARN_ONCE(cond, ...)	WARN_ON(cond)

#define lockdep_assert_held(lock)	((void)(lock))
#define lockdep_assert_not_held(lock)	((void)(lock))
#define might_sleep()			((void)0)
#define cond_resched()			((void)0)

#define MAX_ERRNO		4095
#define IS_ERR_VALUE(x)		((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)

static inline void *ERR_PTR(long error)
{
	return (void *)error;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return IS_ERR_VALUE(ptr);
}

static inline bool IS_ERR_OR_NULL(const void *ptr)
{
	return !ptr || IS_ERR(ptr);
}

static inline unsigned long __ffs(unsigned long word)
{
	return __builtin_ctzl(word);
}

static inline unsigned long __fls(unsigned long word)
{
	return BITS_PER_LONG - 1 - __builtin_clzl(word);
}

static inline int fls64(u64 word)
{
	return word ? 64 - __builtin_clzll(word) : 0;
}

static inline int ilog2(u64 word)
{
	return fls64(word) - 1;
}

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << fls64(n - 1);
}

/*
 * Allocations. The shim_fail_after'th from now fails, once; -1: none does. What
 * was not freed is counted in shim_live.
 */
extern long shim_fail_after;
extern long shim_live;

void *shim_alloc(size_t n, size_t size, gfp_t gfp);
void *shim_realloc(void *old, size_t n, size_t size, gfp_t gfp);
void shim_free(const void *ptr);

#define kmalloc(size, gfp)		shim_alloc(1, size, gfp)
#define kzalloc(size, gfp)		shim_alloc(1, size, (gfp) | __GFP_ZERO)
#define kmalloc_array(n, size, gfp)	shim_alloc(n, size, gfp)
#define kcalloc(n, size, gfp)		shim_alloc(n, size, (gfp) | __GFP_ZERO)
#define krealloc(p, size, gfp)		shim_realloc(p, 1, size, gfp)
#define krealloc_array(p, n, size, gfp)	shim_realloc(p, n, size, gfp)
#define kvmalloc(size, gfp)		shim_alloc(1, size, gfp)
#define kvzalloc(size, gfp)		shim_alloc(1, size, (gfp) | __GFP_ZERO)
#define kvmalloc_array(n, size, gfp)	shim_alloc(n, size, gfp)
#define kvcalloc(n, size, gfp)		shim_alloc(n, size, (gfp) | __GFP_ZERO)
#define kfree(p)			shim_free(p)
#define kvfree(p)			shim_free(p)

#endif /* HOST_SHIM_H */
