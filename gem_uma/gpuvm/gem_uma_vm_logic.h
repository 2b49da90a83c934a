/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which leaves map a run, and how many page tables that takes at most. Pure logic,
 * compiled by tests/host, too.
 */
#ifndef _GEM_UMA_VM_LOGIC_H_
#define _GEM_UMA_VM_LOGIC_H_

#ifdef __KERNEL__
#include <linux/types.h>
#endif

#define GEM_UMA_VM_LOGIC_LEVELS	6

/* Tables needed so far, of one operation whose pieces come in ascending order. */
struct gem_uma_vm_count {
	/* For each level: 1 + index of the table counted last; 0 for none. */
	u64 last[GEM_UMA_VM_LOGIC_LEVELS];
	unsigned long nr;
};

/*
 * How many bytes at @va can be mapped to @addr with leaves of one size, which is stored
 * in *leaf: as large as possible, and not beyond where a larger one would fit. @leaves
 * is a mask of sizes; @va, @addr and @len are multiples of the smallest; @len is not 0.
 */
static inline u64 gem_uma_vm_logic_piece(u64 leaves, u64 va, u64 addr, u64 len, u64 *leaf)
{
	u64 size, best = leaves & -leaves, piece = len;

	for (; leaves; leaves &= leaves - 1) {
		u64 ahead;

		size = leaves & -leaves;
		if (len < size)
			break;
		if ((va ^ addr) & (size - 1))
			continue;
		ahead = -va & (size - 1);
		if (len < ahead || len - ahead < size)
			continue;
		/* The first larger one starts here, or @ahead. */
		if (!ahead) {
			best = size;
			piece = len;
		} else if (ahead < piece) {
			piece = ahead;
		}
	}
	*leaf = best;
	return piece & ~(best - 1);
}

/* The level whose entries make up a leaf. */
static inline unsigned int gem_uma_vm_logic_level(const u8 *shift, unsigned int levels,
						  u64 leaf)
{
	unsigned int level = 0;

	while (level + 1 < levels && (leaf >> shift[level + 1]))
		level++;
	return level;
}

/*
 * Count the tables that entries at @level for [va, va + len) are in, and those above,
 * without the root.
 */
static inline void gem_uma_vm_logic_count(struct gem_uma_vm_count *count, const u8 *shift,
					  unsigned int levels, unsigned int level, u64 va,
					  u64 len)
{
	for (; level + 1 < levels; level++) {
		u64 first = (va >> shift[level + 1]) + 1;
		u64 last = ((va + len - 1) >> shift[level + 1]) + 1;

		if (first <= count->last[level])
			first = count->last[level] + 1;
		/* Nor is one of those above new. */
		if (first > last)
			break;
		count->nr += last - first + 1;
		count->last[level] = last;
	}
}

/*
 * Tables that unmapping a range can need: at each end one leaf is cut into the next smaller
 * ones, one of these again, and so on. A size that skips a level takes several tables.
 */
static inline unsigned long gem_uma_vm_logic_split(u64 leaves, const u8 *shift,
						   unsigned int levels)
{
	unsigned int level = 0, next;
	unsigned long nr = 0;

	/* In ascending order: each size is cut into the one before. */
	for (leaves &= leaves - 1; leaves; leaves &= leaves - 1) {
		u64 leaf = leaves & -leaves;

		next = gem_uma_vm_logic_level(shift, levels, leaf);
		for (; level < next; level++)
			nr += leaf >> shift[level + 1];
	}
	return 2 * nr;
}

#endif
