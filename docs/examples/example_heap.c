// SPDX-License-Identifier: GPL-2.0
/*
 * A device whose tiler needs more memory while it runs, as an MMU fault tells: 2 MiB for each
 * fault, out of 128 MiB of addresses. It cannot stop half way, so a job that finds no memory
 * fails. What is missing to make it run is the uAPI, the scheduler, and the device.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <drm/drm_file.h>
#include <drm/gem_uma/gem_uma_heap.h>

#define GPU_HEAP_SIZE	SZ_128M
#define GPU_PTE_VALID	BIT_ULL(0)
/* Registers. */
#define GPU_FAULT_ADDR	0x00
#define GPU_RESUME	0x08
#define GPU_FAIL_JOB	0x10
#define GPU_FLUSH	0x18

struct gpu_heap {
	struct gem_uma_heap base;
	struct gem_uma_reserve_jobs *jobs;
	void __iomem *regs;
	/* The part of the page table that is the heap's. It is always there. */
	u64 entries[GPU_HEAP_SIZE / SZ_2M];
};

#define to_gpu_heap(heap)	container_of(heap, struct gpu_heap, base)

static int gpu_alloc_tables(struct gem_uma_heap *heap, struct gem_uma_heap_tables *tables,
			    gfp_t gfp)
{
	return 0;
}

static void gpu_free_tables(struct gem_uma_heap *heap, struct gem_uma_heap_tables *tables)
{
}

static int gpu_map(struct gem_uma_heap *heap, u64 offset, dma_addr_t addr, u64 size,
		   struct gem_uma_heap_tables *tables)
{
	WRITE_ONCE(to_gpu_heap(heap)->entries[offset / SZ_2M], addr | GPU_PTE_VALID);
	return 0;
}

static void gpu_unmap(struct gem_uma_heap *heap, u64 offset, u64 size)
{
	WRITE_ONCE(to_gpu_heap(heap)->entries[offset / SZ_2M], 0);
	/* Returns when it was done. */
	writel(1, to_gpu_heap(heap)->regs + GPU_FLUSH);
}

static const struct gem_uma_heap_ops gpu_heap_ops = {
	.alloc_tables = gpu_alloc_tables,
	.free_tables = gpu_free_tables,
	.map = gpu_map,
	.unmap = gpu_unmap,
};

/* @jobs: those of a client, which has one heap or several. */
struct gem_uma_heap *gpu_heap_create(struct gem_uma_reserve *reserve,
				     struct gem_uma_reserve_jobs *jobs, void __iomem *regs);
struct gem_uma_heap *gpu_heap_create(struct gem_uma_reserve *reserve,
				     struct gem_uma_reserve_jobs *jobs, void __iomem *regs)
{
	const struct gem_uma_heap_config config = {
		.ops = &gpu_heap_ops, .size = GPU_HEAP_SIZE, .granule = SZ_2M,
		.policy = GEM_UMA_HEAP_FAIL_JOB, .jobs = jobs,
	};
	struct gpu_heap *heap = kzalloc_obj(*heap, GFP_KERNEL);
	int ret;

	if (!heap)
		return ERR_PTR(-ENOMEM);
	heap->jobs = jobs;
	heap->regs = regs;
	ret = gem_uma_heap_init(&heap->base, reserve, &config);
	if (ret) {
		kfree(heap);
		return ERR_PTR(ret);
	}
	return &heap->base;
}

/* The device uses it no more. */
void gpu_heap_destroy(struct gem_uma_heap *heap);
void gpu_heap_destroy(struct gem_uma_heap *heap)
{
	gem_uma_heap_fini(heap);
	kfree(to_gpu_heap(heap));
}

/* At probe; the DRM device ends it. */
int gpu_heaps_init(struct gem_uma_reserve *reserve, struct gem_uma_device *udev);
int gpu_heaps_init(struct gem_uma_reserve *reserve, struct gem_uma_device *udev)
{
	return gem_uma_reserve_init(reserve, udev);
}

/* &drm_driver.debugfs_init */
void gpu_heaps_debugfs(struct gem_uma_reserve *reserve, struct drm_minor *minor);
void gpu_heaps_debugfs(struct gem_uma_reserve *reserve, struct drm_minor *minor)
{
	gem_uma_reserve_debugfs_init(reserve, minor->debugfs_root);
}

/* At remove, when the device has stopped. */
void gpu_heaps_unplug(struct gem_uma_reserve *reserve);
void gpu_heaps_unplug(struct gem_uma_reserve *reserve)
{
	gem_uma_reserve_unplug(reserve);
}

/* In the ioctl, before the job is armed. When the job is freed, the put is due. */
int gpu_heap_submit(struct gem_uma_heap *heap);
int gpu_heap_submit(struct gem_uma_heap *heap)
{
	int ret;

	gem_uma_reserve_active_get(heap->reserve, to_gpu_heap(heap)->jobs);
	ret = gem_uma_heap_prepare(heap);
	if (ret)
		gem_uma_reserve_active_put(heap->reserve, to_gpu_heap(heap)->jobs);
	return ret;
}

/* The job's fence waits for this: nothing here waits for memory, or for a resv. */
irqreturn_t gpu_fault_thread(int irq, void *data);
irqreturn_t gpu_fault_thread(int irq, void *data)
{
	struct gem_uma_heap *heap = data;
	void __iomem *regs = to_gpu_heap(heap)->regs;
	u64 offset = readq(regs + GPU_FAULT_ADDR);

	if (gem_uma_heap_grow(heap, offset) == GEM_UMA_HEAP_GROWN)
		writel(1, regs + GPU_RESUME);
	else
		writel(1, regs + GPU_FAIL_JOB);
	return IRQ_HANDLED;
}

MODULE_DESCRIPTION("Example of a heap with gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
