// SPDX-License-Identifier: GPL-2.0
/* Runs the examples of heaps on a device that is not there. */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include <kunit/resource.h>
#include <kunit/test.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>

#include "example_heap.h"

struct gpu {
	struct drm_device drm;
	struct gem_uma_device udev;
	struct gem_uma_reserve reserve;
	/* What was written to the registers. */
	u8 regs[32] __aligned(8);
};

static const struct drm_driver gpu_driver = {
	.driver_features = DRIVER_GEM, .name = "example-heap", .desc = "Test of examples",
};

KUNIT_DEFINE_ACTION_WRAPPER(gpu_unregister, platform_device_unregister,
			    struct platform_device *);

/* A device with 32 bits of addresses, and a reserve. */
static struct gpu *gpu_create(struct kunit *test)
{
	const struct platform_device_info info = {
		.name = "example-heap", .id = PLATFORM_DEVID_AUTO, .dma_mask = DMA_BIT_MASK(32),
	};
	const struct gem_uma_device_config config = {};
	struct platform_device *pdev = platform_device_register_full(&info);
	struct gpu *gpu;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, gpu_unregister, pdev));
	gpu = devm_drm_dev_alloc(&pdev->dev, &gpu_driver, struct gpu, drm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gpu);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&gpu->udev, &gpu->drm, &config));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reserve_init(&gpu->reserve, &gpu->udev));
	return gpu;
}

static void __iomem *gpu_regs(struct gpu *gpu)
{
	return (void __iomem __force *)gpu->regs;
}

/* What the CPU, or the device, finds in a granule. */
static void *gpu_memory(struct kunit *test, struct gem_uma_heap *heap, unsigned long index)
{
	struct page *page = xa_load(&heap->granules, index);

	KUNIT_ASSERT_NOT_NULL(test, page);
	return page_address(page);
}

/* No rung has memory. */
static void gpu_starve(struct gpu *gpu, bool on)
{
	WRITE_ONCE(gpu->reserve.block, on ? BIT(GEM_UMA_RUNGS) - 1 : 0);
}

#define CHUNK	SZ_128K
#define VA	0x40000000ull

static const struct gpu_chunked_config chunked_config = {
	.va = VA, .chunk_size = CHUNK, .initial_chunks = 3, .max_chunks = 5,
	.target_in_flight = 2,
};

static void example_heap_chunked_arguments(struct kunit *test)
{
	static const u32 sizes[] = { 0, 1, SZ_64K, CHUNK + SZ_4K, SZ_4M, U32_MAX };
	struct gpu *gpu = gpu_create(test);
	struct gpu_chunked_config config;
	unsigned int i;

#define BAD(_field, _value) do {							\
	config = chunked_config;							\
	config._field = (_value);							\
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(gpu_chunked_create(&gpu->reserve, &config)),	\
			-EINVAL);							\
} while (0)
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		BAD(chunk_size, sizes[i]);
	BAD(max_chunks, 0);
	BAD(max_chunks, GPU_MAX_CHUNKS + 1);
	BAD(initial_chunks, 6);
	BAD(target_in_flight, 0);
	BAD(va, VA + SZ_4K);
#undef BAD
}

static struct gem_uma_heap *chunked_create(struct kunit *test, struct gpu *gpu)
{
	struct gpu_chunked_config config = chunked_config;
	struct gem_uma_heap *heap;

	config.regs = gpu_regs(gpu);
	heap = gpu_chunked_create(&gpu->reserve, &config);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, heap);
	return heap;
}

static u64 chunked_next(struct kunit *test, struct gem_uma_heap *heap, unsigned int chunk)
{
	struct gpu_chunk_header *header = gpu_memory(test, heap, chunk);

	return le64_to_cpu(header->next);
}

static void example_heap_chunked_lists_what_is_there(struct kunit *test)
{
	struct gpu *gpu = gpu_create(test);
	struct gem_uma_heap *heap = chunked_create(test, gpu);
	u64 va = 0;

	KUNIT_EXPECT_EQ(test, gpu_chunked_submit(heap), 0);
	va = gpu_chunked_run(heap);
	KUNIT_EXPECT_EQ(test, va, VA);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 0), VA + CHUNK);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 1), VA + 2 * CHUNK);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 2), 0);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 1, 0, &va), 0);
	KUNIT_EXPECT_EQ(test, va, VA + 3 * CHUNK);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 3), 0);
	gpu_chunked_done(heap);
	/* The next job has them all, without asking. */
	KUNIT_EXPECT_EQ(test, gpu_chunked_submit(heap), 0);
	va = gpu_chunked_run(heap);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 2), VA + 3 * CHUNK);
	gpu_chunked_done(heap);
	gpu_chunked_destroy(heap);
}

/* A submit comes while the job before it runs, and takes nothing from under its feet. */
static void example_heap_chunked_waits_for_its_turn_rev_B4(struct kunit *test)
{
	struct gpu *gpu = gpu_create(test);
	struct gem_uma_heap *heap = chunked_create(test, gpu);
	u64 va;

	KUNIT_EXPECT_EQ(test, gpu_chunked_submit(heap), 0);
	gpu_chunked_run(heap);
	KUNIT_EXPECT_EQ(test, gpu_chunked_return(heap, VA + CHUNK), 0);
	memset(gpu_memory(test, heap, 0), 0xff, CHUNK);
	KUNIT_EXPECT_EQ(test, gpu_chunked_submit(heap), 0);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 0), U64_MAX);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 2, 0, &va), 0);
	KUNIT_EXPECT_EQ(test, va, VA + CHUNK);
	gpu_chunked_done(heap);
	KUNIT_EXPECT_EQ(test, gpu_chunked_run(heap), VA);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 0), VA + CHUNK);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 2), 0);
	gpu_chunked_done(heap);
	gpu_chunked_destroy(heap);
}

/* Limits, and a shortage of memory: wait for other jobs, or do without. */
static void example_heap_chunked_answers_when_there_is_none(struct kunit *test)
{
	struct gpu *gpu = gpu_create(test);
	struct gem_uma_heap *heap = chunked_create(test, gpu);
	u64 va = 0;

	KUNIT_EXPECT_EQ(test, gpu_chunked_submit(heap), 0);
	va = gpu_chunked_run(heap);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 3, 1, &va), -EBUSY);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 3, 0, &va), -ENOMEM);
	gpu_starve(gpu, true);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 1, 1, &va), -EBUSY);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 1, 0, &va), -ENOMEM);
	gpu_starve(gpu, false);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 2, 0, &va), 0);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 2, 0, &va), 0);
	KUNIT_EXPECT_EQ(test, va, VA + 4 * CHUNK);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 1, 0, &va), -ENOMEM);
	gpu_chunked_done(heap);
	gpu_chunked_destroy(heap);
}

/* The device writes where it likes, and gives back what it likes. */
static void example_heap_chunked_believes_nothing_sparse_B16(struct kunit *test)
{
	struct gpu *gpu = gpu_create(test);
	struct gem_uma_heap *heap = chunked_create(test, gpu);
	static const u64 bad[] = { 0, VA - CHUNK, VA + 1, VA + 5 * CHUNK, VA + 3 * CHUNK,
				   U64_MAX, ~(u64)0 << 17 };
	unsigned int i;
	u64 va = 0;

	KUNIT_EXPECT_EQ(test, gpu_chunked_submit(heap), 0);
	va = gpu_chunked_run(heap);
	for (i = 0; i < 3; i++)
		memset(gpu_memory(test, heap, i), 0xff, CHUNK);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, gpu_chunked_return(heap, bad[i]), -EINVAL, "%u", i);
	KUNIT_EXPECT_EQ(test, gpu_chunked_return(heap, VA + CHUNK), 0);
	KUNIT_EXPECT_EQ(test, gpu_chunked_return(heap, VA + CHUNK), -EINVAL);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 1, 0, &va), 0);
	/* What it gets is what it gave, with a header that is ours. */
	KUNIT_EXPECT_EQ(test, va, VA + CHUNK);
	KUNIT_EXPECT_EQ(test, chunked_next(test, heap, 1), 0);
	KUNIT_EXPECT_EQ(test, gpu_chunked_grow(heap, 1, 0, &va), 0);
	KUNIT_EXPECT_EQ(test, va, VA + 3 * CHUNK);
	gpu_chunked_done(heap);
	gpu_chunked_destroy(heap);
}

static u32 gpu_reg(struct gpu *gpu, unsigned int reg)
{
	return readl(gpu_regs(gpu) + reg);
}

/* Where each granule is, as long as that is below 4 GiB. */
static void doubling_look(struct kunit *test, struct gem_uma_heap *heap, struct page **pages,
			  unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pages[i] = xa_load(&heap->granules, i);
		KUNIT_ASSERT_NOT_NULL(test, pages[i]);
		KUNIT_EXPECT_LT(test, page_to_phys(pages[i]), SZ_4G);
	}
}

static void example_heap_doubling_leaves_the_old_map(struct kunit *test)
{
	struct gpu *gpu = gpu_create(test);
	const u64 size = 5 * GPU_DOUBLING_FIRST;
	struct page *before[4], *after[5];
	struct gem_uma_heap *heap;
	u32 end;

	/* Where there is memory that it cannot reach. */
	KUNIT_EXPECT_EQ(test, !!(gpu->udev.gfp & __GFP_DMA32),
			dma_addressing_limited(gpu->udev.dma_dev));
	heap = gpu_doubling_create(&gpu->reserve, gpu_regs(gpu), size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, gpu_doubling_submit(heap), 0);
	gpu_doubling_run(heap);
	for (end = GPU_DOUBLING_FIRST; end < 4 * GPU_DOUBLING_FIRST; end *= 2) {
		KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_HEAP_END), end);
		gpu_doubling_out_of_memory(heap);
	}
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_HEAP_END), end);
	doubling_look(test, heap, before, ARRAY_SIZE(before));
	/* Up to the end of the heap, and no further. */
	gpu_doubling_out_of_memory(heap);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_HEAP_END), size);
	doubling_look(test, heap, after, ARRAY_SIZE(after));
	KUNIT_EXPECT_MEMEQ(test, before, after, sizeof(before));
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_FLUSH), 0);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_FAIL_JOB), 0);
	gpu_doubling_out_of_memory(heap);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_FAIL_JOB), 1);
	gpu_doubling_done(heap);
	gpu_doubling_destroy(heap);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_FLUSH), 1);
}

/* A job that finds none fails, and the next begins with what it would have needed. */
static void example_heap_doubling_learns(struct kunit *test)
{
	struct gpu *gpu = gpu_create(test);
	struct gem_uma_heap *heap;

	heap = gpu_doubling_create(&gpu->reserve, gpu_regs(gpu), SZ_1M);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, gpu_doubling_submit(heap), 0);
	gpu_doubling_run(heap);
	gpu_starve(gpu, true);
	gpu_doubling_out_of_memory(heap);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_FAIL_JOB), 1);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_RESUME), 0);
	gpu_doubling_done(heap);
	KUNIT_EXPECT_EQ(test, gpu_doubling_submit(heap), 0);
	gpu_doubling_run(heap);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_HEAP_END), 2 * GPU_DOUBLING_FIRST);
	gpu_doubling_done(heap);
	gpu_doubling_destroy(heap);
}

/* As for the chunks. */
static void example_heap_doubling_waits_for_its_turn_rev_B4(struct kunit *test)
{
	struct gpu *gpu = gpu_create(test);
	struct gem_uma_heap *heap;

	heap = gpu_doubling_create(&gpu->reserve, gpu_regs(gpu), SZ_1M);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, heap);
	KUNIT_EXPECT_EQ(test, gpu_doubling_submit(heap), 0);
	gpu_doubling_run(heap);
	gpu_doubling_out_of_memory(heap);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_HEAP_END), 2 * GPU_DOUBLING_FIRST);
	/* As if the tiler had taken note. */
	writel(0, gpu_regs(gpu) + GPU_HEAP_END);
	KUNIT_EXPECT_EQ(test, gpu_doubling_submit(heap), 0);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_HEAP_END), 0);
	gpu_doubling_done(heap);
	gpu_doubling_run(heap);
	KUNIT_EXPECT_EQ(test, gpu_reg(gpu, GPU_HEAP_END), 2 * GPU_DOUBLING_FIRST);
	gpu_doubling_done(heap);
	gpu_doubling_destroy(heap);
}

static struct kunit_case example_heap_cases[] = {
	KUNIT_CASE(example_heap_chunked_arguments),
	KUNIT_CASE(example_heap_chunked_lists_what_is_there),
	KUNIT_CASE(example_heap_chunked_waits_for_its_turn_rev_B4),
	KUNIT_CASE(example_heap_chunked_answers_when_there_is_none),
	KUNIT_CASE(example_heap_chunked_believes_nothing_sparse_B16),
	KUNIT_CASE(example_heap_doubling_leaves_the_old_map),
	KUNIT_CASE(example_heap_doubling_learns),
	KUNIT_CASE(example_heap_doubling_waits_for_its_turn_rev_B4),
	{}
};

static struct kunit_suite example_heap_suite = {
	.name = "gem_uma_example_heap",
	.test_cases = example_heap_cases,
};

kunit_test_suite(example_heap_suite);
