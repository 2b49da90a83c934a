// SPDX-License-Identifier: GPL-2.0
/*
 * A device whose firmware hands chunks of a heap to its tiler, and asks for one more when
 * none is left. Each chunk begins with a header that leads to the next. If there is none to
 * have, the firmware works off what it has, so no job fails. What is missing to make it run is
 * the uAPI, the scheduler, the firmware, and the device.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "example_heap.h"

struct gpu_chunked {
	struct gem_uma_heap base;
	struct gem_uma_reserve_jobs jobs;
	struct gpu_chunked_config config;
	unsigned int shift;
	/* Protects @used. Fences wait for it: nothing is waited for under it. */
	struct mutex lock;
	/* Chunks that the firmware has. That is all that the kernel believes about them. */
	unsigned long *used;
	/* The part of the page table that is the heap's: one entry for each chunk. */
	u64 entries[];
};

#define to_gpu_chunked(heap)	container_of(heap, struct gpu_chunked, base)

static int gpu_chunked_alloc_tables(struct gem_uma_heap *base, struct gem_uma_heap_tables *tables,
				    gfp_t gfp)
{
	return 0;
}

static void gpu_chunked_free_tables(struct gem_uma_heap *base, struct gem_uma_heap_tables *tables)
{
}

static int gpu_chunked_map(struct gem_uma_heap *base, u64 offset, dma_addr_t addr, u64 size,
			   struct gem_uma_heap_tables *tables)
{
	struct gpu_chunked *heap = to_gpu_chunked(base);

	WRITE_ONCE(heap->entries[offset >> heap->shift], addr | GPU_PTE_VALID);
	return 0;
}

static void gpu_chunked_unmap(struct gem_uma_heap *base, u64 offset, u64 size)
{
	struct gpu_chunked *heap = to_gpu_chunked(base);

	WRITE_ONCE(heap->entries[offset >> heap->shift], 0);
	gpu_flush(heap->config.regs);
}

static const struct gem_uma_heap_ops gpu_chunked_ops = {
	.alloc_tables = gpu_chunked_alloc_tables,
	.free_tables = gpu_chunked_free_tables,
	.map = gpu_chunked_map,
	.unmap = gpu_chunked_unmap,
};

static bool gpu_chunked_config_valid(const struct gpu_chunked_config *config)
{
	return config->chunk_size >= SZ_128K && config->chunk_size <= SZ_2M &&
	       is_power_of_2(config->chunk_size) && IS_ALIGNED(config->va, config->chunk_size) &&
	       config->max_chunks && config->max_chunks <= GPU_MAX_CHUNKS &&
	       config->initial_chunks <= config->max_chunks && config->target_in_flight;
}

struct gem_uma_heap *gpu_chunked_create(struct gem_uma_reserve *reserve,
					const struct gpu_chunked_config *config)
{
	struct gem_uma_heap_config hc = {
		.ops = &gpu_chunked_ops, .granule = config->chunk_size,
		.size = (u64)config->max_chunks * config->chunk_size,
		.hint = (u64)config->initial_chunks * config->chunk_size,
		.policy = GEM_UMA_HEAP_RENDER,
	};
	struct gpu_chunked *heap;
	int ret = -ENOMEM;

	if (!gpu_chunked_config_valid(config))
		return ERR_PTR(-EINVAL);
	heap = kzalloc(struct_size(heap, entries, config->max_chunks), GFP_KERNEL_ACCOUNT);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	heap->config = *config;
	heap->shift = ilog2(config->chunk_size);
	mutex_init(&heap->lock);
	heap->used = bitmap_zalloc(config->max_chunks, GFP_KERNEL_ACCOUNT);
	hc.jobs = &heap->jobs;
	if (heap->used)
		ret = gem_uma_heap_init(&heap->base, reserve, &hc);
	if (ret) {
		bitmap_free(heap->used);
		kfree(heap);
		return ERR_PTR(ret);
	}
	return &heap->base;
}

void gpu_chunked_destroy(struct gem_uma_heap *base)
{
	struct gpu_chunked *heap = to_gpu_chunked(base);

	gem_uma_heap_fini(base);
	bitmap_free(heap->used);
	kfree(heap);
}

static u64 gpu_chunked_va(const struct gpu_chunked *heap, unsigned int chunk)
{
	return heap->config.va + ((u64)chunk << heap->shift);
}

/* Only written, never read: the device can write there. */
static int gpu_chunked_link(struct gpu_chunked *heap, unsigned int chunk, u64 next)
{
	struct gpu_chunk_header header = { .next = cpu_to_le64(next) };

	return gem_uma_heap_write(&heap->base, (u64)chunk << heap->shift, &header,
				  sizeof(header));
}

/* What the firmware had before may have been discarded since: it begins anew. */
static void gpu_chunked_begin(struct gpu_chunked *heap)
{
	unsigned int chunk = 0;

	guard(mutex)(&heap->lock);
	/* All that are there, from the start. */
	while (chunk < heap->config.max_chunks && !gpu_chunked_link(heap, chunk, 0))
		chunk++;
	bitmap_zero(heap->used, heap->config.max_chunks);
	bitmap_set(heap->used, 0, chunk);
	while (chunk-- > 1)
		gpu_chunked_link(heap, chunk - 1, gpu_chunked_va(heap, chunk));
}

/* In the ioctl, before a job is armed. Others may be running: what they use stays as it is. */
int gpu_chunked_submit(struct gem_uma_heap *base)
{
	struct gpu_chunked *heap = to_gpu_chunked(base);
	int ret;

	gem_uma_reserve_active_get(base->reserve, &heap->jobs);
	ret = gem_uma_heap_prepare(base);
	if (ret)
		gem_uma_reserve_active_put(base->reserve, &heap->jobs);
	return ret;
}

/* In run_job, when the job before it has ended: one at a time uses a heap. Its first chunk. */
u64 gpu_chunked_run(struct gem_uma_heap *base)
{
	struct gpu_chunked *heap = to_gpu_chunked(base);

	gpu_chunked_begin(heap);
	return gpu_chunked_va(heap, 0);
}

/* When the job is freed. */
void gpu_chunked_done(struct gem_uma_heap *base)
{
	gem_uma_reserve_active_put(base->reserve, &to_gpu_chunked(base)->jobs);
}

/*
 * The firmware has no chunk left. The job's fence waits for the answer: nothing here waits.
 *
 * 0 and *va; -EBUSY: jobs that work lists off will give chunks back, wait for one of them;
 * -ENOMEM: none will, work off what there is.
 */
int gpu_chunked_grow(struct gem_uma_heap *base, unsigned int in_flight, unsigned int pending,
		     u64 *va)
{
	struct gpu_chunked *heap = to_gpu_chunked(base);
	unsigned int chunk;

	guard(mutex)(&heap->lock);
	chunk = find_first_zero_bit(heap->used, heap->config.max_chunks);
	if (in_flight > heap->config.target_in_flight || chunk == heap->config.max_chunks ||
	    gem_uma_heap_grow(base, (u64)chunk << heap->shift) != GEM_UMA_HEAP_GROWN ||
	    gpu_chunked_link(heap, chunk, 0))
		return pending ? -EBUSY : -ENOMEM;
	__set_bit(chunk, heap->used);
	*va = gpu_chunked_va(heap, chunk);
	return 0;
}

/* The firmware gives a chunk back, by an address that may be anything. */
int gpu_chunked_return(struct gem_uma_heap *base, u64 va)
{
	struct gpu_chunked *heap = to_gpu_chunked(base);
	u64 offset = va - heap->config.va;

	if (va < heap->config.va || offset >= base->size ||
	    !IS_ALIGNED(offset, heap->config.chunk_size))
		return -EINVAL;
	guard(mutex)(&heap->lock);
	return __test_and_clear_bit(offset >> heap->shift, heap->used) ? 0 : -EINVAL;
}

MODULE_DESCRIPTION("Example of a heap of chunks with gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
