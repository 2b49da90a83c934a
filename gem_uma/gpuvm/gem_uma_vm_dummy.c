// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: the memory behind sparse ranges.
 *
 * Locks: resv of the VM. Neighbour: steps, which map it.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/log2.h>

#include <drm/drm_drv.h>

#include "gem_uma_vm_types.h"

/*
 * Held by the device: a VM may outlive the driver's binding, and no DMA mapping may.
 */
struct gem_uma_vm_dummy {
	/* Tells whose it is; a pointer could be that of an earlier binding. */
	u64 id;
	struct page *page;
	unsigned int order;
	dma_addr_t addr;
};

static void gem_uma_vm_dummy_release(struct device *dev, void *res)
{
	struct gem_uma_vm_dummy *dummy = res;

	dma_unmap_page(dev, dummy->addr, PAGE_SIZE << dummy->order, DMA_BIDIRECTIONAL);
	__free_pages(dummy->page, dummy->order);
}

static int gem_uma_vm_dummy_match(struct device *dev, void *res, void *data)
{
	struct gem_uma_vm_dummy *dummy = res;

	return dummy->id == *(u64 *)data;
}

/* Leaves of the dummy's size need its address to be aligned like them. */
static int gem_uma_vm_dummy_alloc(struct device *dev, struct gem_uma_vm_dummy *dummy,
				  unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_COMP | __GFP_NOWARN;
	size_t size = PAGE_SIZE << order;

	if (order)
		gfp |= __GFP_NORETRY;
	dummy->order = order;
	dummy->page = alloc_pages(gfp, order);
	if (!dummy->page)
		return -ENOMEM;
	dummy->addr = dma_map_page(dev, dummy->page, 0, size, DMA_BIDIRECTIONAL);
	if (!dma_mapping_error(dev, dummy->addr)) {
		if (IS_ALIGNED(dummy->addr, size))
			return 0;
		dma_unmap_page(dev, dummy->addr, size, DMA_BIDIRECTIONAL);
	}
	__free_pages(dummy->page, order);
	return -EIO;
}

/* As large as the largest leaf that can be had. */
static int gem_uma_vm_dummy_alloc_any(struct device *dev, struct gem_uma_vm_dummy *dummy,
				      u64 leaves)
{
	unsigned int order;
	int ret = -ENOMEM;

	for (; leaves && ret; leaves &= ~rounddown_pow_of_two(leaves)) {
		order = get_order(rounddown_pow_of_two(leaves));
		if (order <= MAX_PAGE_ORDER)
			ret = gem_uma_vm_dummy_alloc(dev, dummy, order);
	}
	return ret;
}

/**
 * gem_uma_vm_dummy_locked() - get the memory behind sparse ranges
 * @vm: VM
 *
 * As large as the largest leaf, if that can be had. It belongs to one VM only, or jobs
 * could read what those of others wrote; it is neither reclaimed nor counted with objects.
 *
 * Context: resv of the VM held; may sleep and reclaim.
 *
 * Return: 0, -ENOMEM, or -EIO if the device cannot reach it.
 */
int gem_uma_vm_dummy_locked(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_dummy *dummy;
	struct device *dev;
	int ret;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (vm->dummy)
		return 0;
	dummy = devres_alloc(gem_uma_vm_dummy_release, sizeof(*dummy), GFP_KERNEL);
	if (!dummy)
		return -ENOMEM;
	dev = drm_dev_dma_dev(vm->base.drm);
	ret = gem_uma_vm_dummy_alloc_any(dev, dummy, vm->geometry->leaves);
	if (ret) {
		devres_free(dummy);
		return ret;
	}
	dummy->id = vm->fence_context;
	vm->dummy_order = dummy->order;
	vm->dummy_addr = dummy->addr;
	vm->dummy = dummy->page;
	devres_add(dev, dummy);
	return 0;
}

void gem_uma_vm_dummy_free(struct gem_uma_vm *vm)
{
	/* Fails if the driver was unbound, which freed it. */
	if (vm->dummy)
		devres_release(drm_dev_dma_dev(vm->base.drm), gem_uma_vm_dummy_release,
			       gem_uma_vm_dummy_match, &vm->fence_context);
}
