// SPDX-License-Identifier: GPL-2.0
/*
 * A device with 32 bits of addresses whose tiler has one piece of a heap, and stops at its end.
 * Each time the piece is doubled; what is mapped stays as it is, under the tiler's feet. It
 * cannot do without, so a job that finds no memory fails, and the next one begins with more.
 * What is missing to make it run is the uAPI, the scheduler, and the device.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "example_heap.h"

struct gpu_doubling {
	struct gem_uma_heap base;
	struct gem_uma_reserve_jobs jobs;
	void __iomem *regs;
	/* Where the piece ends that the tiler has; of the one job that uses the heap. */
	u64 end;
	/* The part of the page table that is the heap's. */
	u32 entries[];
};

#define to_gpu_doubling(heap)	container_of(heap, struct gpu_doubling, base)

static int gpu_doubling_alloc_tables(struct gem_uma_heap *base,
				     struct gem_uma_heap_tables *tables, gfp_t gfp)
{
	return 0;
}

static void gpu_doubling_free_tables(struct gem_uma_heap *base,
				     struct gem_uma_heap_tables *tables)
{
}

static int gpu_doubling_map(struct gem_uma_heap *base, u64 offset, dma_addr_t addr, u64 size,
			    struct gem_uma_heap_tables *tables)
{
	struct gpu_doubling *heap = to_gpu_doubling(base);
	u64 i;

	for (i = 0; i < size; i += SZ_4K)
		WRITE_ONCE(heap->entries[(offset + i) / SZ_4K], (u32)(addr + i) | GPU_PTE_VALID);
	return 0;
}

static void gpu_doubling_unmap(struct gem_uma_heap *base, u64 offset, u64 size)
{
	struct gpu_doubling *heap = to_gpu_doubling(base);
	u64 i;

	for (i = 0; i < size; i += SZ_4K)
		WRITE_ONCE(heap->entries[(offset + i) / SZ_4K], 0);
	gpu_flush(heap->regs);
}

static const struct gem_uma_heap_ops gpu_doubling_ops = {
	.alloc_tables = gpu_doubling_alloc_tables,
	.free_tables = gpu_doubling_free_tables,
	.map = gpu_doubling_map,
	.unmap = gpu_doubling_unmap,
};

/* The device has said that it has 32 bits, so all memory of the reserve is below 4 GiB. */
struct gem_uma_heap *gpu_doubling_create(struct gem_uma_reserve *reserve, void __iomem *regs,
					 u64 size)
{
	struct gem_uma_heap_config config = {
		.ops = &gpu_doubling_ops, .size = size, .granule = GPU_DOUBLING_FIRST,
		.hint = GPU_DOUBLING_FIRST, .policy = GEM_UMA_HEAP_FAIL_JOB,
	};
	struct gpu_doubling *heap;
	int ret;

	if (size < GPU_DOUBLING_FIRST || size > SZ_1G)
		return ERR_PTR(-EINVAL);
	heap = kvzalloc(struct_size(heap, entries, size / SZ_4K), GFP_KERNEL_ACCOUNT);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	heap->regs = regs;
	config.jobs = &heap->jobs;
	ret = gem_uma_heap_init(&heap->base, reserve, &config);
	if (ret) {
		kvfree(heap);
		return ERR_PTR(ret);
	}
	return &heap->base;
}

void gpu_doubling_destroy(struct gem_uma_heap *base)
{
	gem_uma_heap_fini(base);
	kvfree(to_gpu_doubling(base));
}

/* In the ioctl, before the job is armed: it will find all that earlier ones needed. */
int gpu_doubling_submit(struct gem_uma_heap *base)
{
	struct gpu_doubling *heap = to_gpu_doubling(base);
	int ret;

	gem_uma_reserve_active_get(base->reserve, &heap->jobs);
	ret = gem_uma_heap_prepare(base);
	if (ret)
		gem_uma_reserve_active_put(base->reserve, &heap->jobs);
	return ret;
}

/* In run_job: no job before it runs any more, and the tiler is this one's. */
void gpu_doubling_run(struct gem_uma_heap *base)
{
	struct gpu_doubling *heap = to_gpu_doubling(base);

	heap->end = gem_uma_heap_resident(base);
	writel(min(heap->end, base->size), heap->regs + GPU_HEAP_END);
}

/* When the job is freed. */
void gpu_doubling_done(struct gem_uma_heap *base)
{
	gem_uma_reserve_active_put(base->reserve, &to_gpu_doubling(base)->jobs);
}

/* The work of the interrupt that says that the piece is full. The job's fence waits for it. */
void gpu_doubling_out_of_memory(struct gem_uma_heap *base)
{
	struct gpu_doubling *heap = to_gpu_doubling(base);
	u64 at, end = min(2 * heap->end, base->size);

	for (at = heap->end; at < end; at += GPU_DOUBLING_FIRST)
		if (gem_uma_heap_grow(base, at) != GEM_UMA_HEAP_GROWN)
			break;
	/* Less than twice is better than nothing. */
	if (at == heap->end) {
		writel(1, heap->regs + GPU_FAIL_JOB);
		return;
	}
	heap->end = at;
	writel(min(at, base->size), heap->regs + GPU_HEAP_END);
	writel(1, heap->regs + GPU_RESUME);
}

MODULE_DESCRIPTION("Example of a heap that doubles with gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
