/* SPDX-License-Identifier: GPL-2.0 */
/* What the examples of heaps, and their test, know of the device. */
#ifndef EXAMPLE_HEAP_H
#define EXAMPLE_HEAP_H

#include <linux/bits.h>
#include <linux/io.h>
#include <linux/sizes.h>

#include <drm/gem_uma/gem_uma_heap.h>

#define GPU_PTE_VALID	BIT(0)
/* Registers. */
#define GPU_FLUSH	0x00
#define GPU_HEAP_END	0x08
#define GPU_RESUME	0x10
#define GPU_FAIL_JOB	0x18

/* It has forgotten what it knew of page tables when the write returns. */
static inline void gpu_flush(void __iomem *regs)
{
	writel(1, regs + GPU_FLUSH);
}

#define GPU_MAX_CHUNKS	4096u

/* What the firmware finds at the start of a chunk. */
struct gpu_chunk_header {
	__le64 next;	/* address of the next one; 0: none */
	__le64 reserved[7];
};

struct gpu_chunked_config {
	void __iomem *regs;
	u64 va;	/* where the heap is */
	u32 chunk_size;	/* a power of two, from 128 KiB to 2 MiB */
	u32 initial_chunks;
	u32 max_chunks;
	u32 target_in_flight;	/* more jobs than that wait for others, and get no chunk */
};

struct gem_uma_heap *gpu_chunked_create(struct gem_uma_reserve *reserve,
					const struct gpu_chunked_config *config);
void gpu_chunked_destroy(struct gem_uma_heap *base);
int gpu_chunked_submit(struct gem_uma_heap *base);
u64 gpu_chunked_run(struct gem_uma_heap *base);
void gpu_chunked_done(struct gem_uma_heap *base);
int gpu_chunked_grow(struct gem_uma_heap *base, unsigned int in_flight, unsigned int pending,
		     u64 *va);
int gpu_chunked_return(struct gem_uma_heap *base, u64 va);

#define GPU_DOUBLING_FIRST	SZ_32K

struct gem_uma_heap *gpu_doubling_create(struct gem_uma_reserve *reserve, void __iomem *regs,
					 u64 size);
void gpu_doubling_destroy(struct gem_uma_heap *base);
int gpu_doubling_submit(struct gem_uma_heap *base);
void gpu_doubling_run(struct gem_uma_heap *base);
void gpu_doubling_done(struct gem_uma_heap *base);
void gpu_doubling_out_of_memory(struct gem_uma_heap *base);

#endif
