// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: the memory behind sparse ranges.
 *
 * Locks: resv of the VM; inside of it the mutex of the list. Neighbour: steps, which map it.
 */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/mutex.h>

#include <drm/drm_drv.h>

#include "gem_uma_vm_types.h"

/*
 * VMs that have a dummy. A VM can outlive the hardware, and no DMA mapping may: so
 * gem_uma_vm_unplug() has to find them.
 */
static LIST_HEAD(gem_uma_vm_dummies);
/* Protects the list, and the end of each dummy. A leaf. */
static DEFINE_MUTEX(gem_uma_vm_dummies_lock);

/* Leaves of the dummy's size need its address to be aligned like them. */
static int gem_uma_vm_dummy_alloc(struct gem_uma_vm *vm, unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_COMP | __GFP_NOWARN;
	struct device *dev = drm_dev_dma_dev(vm->base.drm);
	size_t size = PAGE_SIZE << order;
	struct page *page;

	if (order)
		gfp |= __GFP_NORETRY;
	page = alloc_pages(gfp, order);
	if (!page)
		return -ENOMEM;
	vm->dummy_addr = dma_map_page(dev, page, 0, size, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, vm->dummy_addr))
		goto err_free;
	if (!IS_ALIGNED(vm->dummy_addr, size))
		goto err_unmap;
	vm->dummy_order = order;
	vm->dummy = page;
	return 0;

err_unmap:
	dma_unmap_page(dev, vm->dummy_addr, size, DMA_BIDIRECTIONAL);
err_free:
	__free_pages(page, order);
	return -EIO;
}

/**
 * gem_uma_vm_dummy_locked() - allocate the memory behind sparse ranges
 * @vm: VM
 *
 * It is as large as the largest leaf, if such a page can be allocated. It belongs to one VM
 * only, or jobs could read what those of others wrote. It is neither reclaimed nor counted
 * with objects.
 *
 * Context: resv of the VM held; may sleep and reclaim.
 *
 * Return: 0, -ENOMEM, or -EIO if the device cannot reach it.
 */
int gem_uma_vm_dummy_locked(struct gem_uma_vm *vm)
{
	u64 leaves = vm->geometry->leaves;
	int ret = -ENOMEM;

	drm_gpuvm_resv_assert_held(&vm->base);
	if (vm->dummy)
		return 0;
	for (; leaves && ret; leaves &= ~rounddown_pow_of_two(leaves)) {
		unsigned int order = get_order(rounddown_pow_of_two(leaves));

		if (order <= MAX_PAGE_ORDER)
			ret = gem_uma_vm_dummy_alloc(vm, order);
	}
	if (ret)
		return ret;
	mutex_lock(&gem_uma_vm_dummies_lock);
	list_add(&vm->dummy_link, &gem_uma_vm_dummies);
	mutex_unlock(&gem_uma_vm_dummies_lock);
	return 0;
}

static void gem_uma_vm_dummy_end(struct gem_uma_vm *vm)
{
	lockdep_assert_held(&gem_uma_vm_dummies_lock);
	list_del(&vm->dummy_link);
	dma_unmap_page(drm_dev_dma_dev(vm->base.drm), vm->dummy_addr,
		       PAGE_SIZE << vm->dummy_order, DMA_BIDIRECTIONAL);
	__free_pages(vm->dummy, vm->dummy_order);
	vm->dummy = NULL;
}

/* The VM ends. */
void gem_uma_vm_dummy_free(struct gem_uma_vm *vm)
{
	mutex_lock(&gem_uma_vm_dummies_lock);
	if (vm->dummy)
		gem_uma_vm_dummy_end(vm);
	mutex_unlock(&gem_uma_vm_dummies_lock);
}

/**
 * gem_uma_vm_unplug() - end the DMA mappings of all VMs of a device
 * @drm: device, after drm_dev_unplug(); it makes no more accesses
 *
 * Drivers whose VMs can have %GEM_UMA_VM_DUMMY ranges call it before they are unbound from
 * the hardware.
 *
 * Context: may sleep.
 */
void gem_uma_vm_unplug(struct drm_device *drm)
{
	struct gem_uma_vm *vm, *next;

	mutex_lock(&gem_uma_vm_dummies_lock);
	list_for_each_entry_safe(vm, next, &gem_uma_vm_dummies, dummy_link)
		if (vm->base.drm == drm)
			gem_uma_vm_dummy_end(vm);
	mutex_unlock(&gem_uma_vm_dummies_lock);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_unplug);
