// SPDX-License-Identifier: GPL-2.0
/*
 * Per-device facts and registries.
 *
 * Owns what all objects of a device share: the coherency of the device, and the
 * tmpfs mount that huge objects live on. Decides nothing about single objects.
 * Lock: objects_lock, a leaf. Neighbours: none; everything else sits above.
 */
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/iommu-dma.h>
#include <linux/mount.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>

#include <drm/drm_device.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_device.h>
#include <kunit/visibility.h>

#include "gem_uma_internal.h"

/**
 * DOC: Device
 *
 * A driver embeds &struct gem_uma_device and initializes it before it creates
 * its first object. There is nothing to undo: the DRM device owns the rest.
 *
 * Huge folios come from a tmpfs mount of the device's own with huge=within_size,
 * because the system-wide kernel mount follows the administrator's setting for
 * ordinary shared memory, which is off in most distributions. A device whose
 * mount fails works with single pages.
 *
 * Whether the device snoops the caches of the CPU is what the DMA API says. If it does not,
 * or if the driver knows better, cache maintenance goes through &struct gem_uma_sync_ops.
 *
 * How the CPU caches an object is decided by device and object:
 *
 * - The DMA API says that the device does not snoop: write-combined if the object asks for
 *   it, else cached, with cache maintenance.
 * - It says that the device snoops: cached, whatever the object asks for.
 * - The same on x86, where the DMA API says so of all devices, and the driver has said
 *   &gem_uma_device_config.allow_wc: write-combined if the object asks for it. The kernel's own
 *   mapping of the pages is changed for that; see "Page attributes" of the backing.
 *
 * On x86, a device that never snoops has both sync_ops and allow_wc, one that snoops by the
 * bits of its page tables has allow_wc alone.
 */

struct lock_class_key gem_uma_device_objects_lock_key;
const char *const gem_uma_device_objects_lock_name = "gem_uma_device_objects_lock";

static struct vfsmount *gem_uma_device_mount_huge(void)
{
	struct file_system_type *type;
	struct fs_context *fc;
	struct vfsmount *mnt;
	int ret;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		return ERR_PTR(-EOPNOTSUPP);
	type = get_fs_type("tmpfs");
	if (!type)
		return ERR_PTR(-ENODEV);
	/* tmpfs is never a module, so there is no module reference to give back. */
	fc = fs_context_for_mount(type, SB_KERNMOUNT);
	if (IS_ERR(fc))
		return ERR_CAST(fc);
	ret = vfs_parse_fs_string(fc, "source", "gem-uma");
	if (!ret)
		ret = vfs_parse_fs_string(fc, "huge", "within_size");
	mnt = ret ? ERR_PTR(ret) : fc_mount_longterm(fc);
	put_fs_context(fc);
	return mnt;
}

static void gem_uma_device_fini(struct drm_device *drm, void *arg)
{
	struct gem_uma_device *udev = arg;

	drm_WARN_ON_ONCE(drm, !list_empty(&udev->objects));
	drm_WARN_ON_ONCE(drm, atomic_long_read(&udev->resident_pages));
	if (udev->huge_mnt)
		kern_unmount(udev->huge_mnt);
}

/**
 * gem_uma_device_bounces() - does the device see a copy instead of the page?
 * @udev: device
 * @addr: DMA address that the DMA API gave
 * @phys: physical address that it was given for
 *
 * Context: any.
 *
 * Return: as gem_uma_device_dma_bounces().
 */
bool gem_uma_device_bounces(const struct gem_uma_device *udev, dma_addr_t addr,
			    phys_addr_t phys)
{
	return gem_uma_device_dma_bounces(udev->dma_dev, addr, phys);
}
EXPORT_SYMBOL_GPL(gem_uma_device_bounces);

/**
 * gem_uma_device_dma_bounces() - does any device see a copy instead of the page?
 * @dev: device that does DMA
 * @addr: DMA address that the DMA API gave
 * @phys: physical address that it was given for
 *
 * Only for the direct mapping does the physical address follow from the DMA address, and it
 * alone copies whole pages. An IOMMU bounces what is not made of whole pages. Addresses of
 * other DMA operations (Xen, the IOMMUs of some architectures) are their own, and nobody can
 * be asked whether there is a copy behind one.
 *
 * Context: any.
 *
 * Return: true if so; false also where it cannot be known.
 */
bool gem_uma_device_dma_bounces(struct device *dev, dma_addr_t addr, phys_addr_t phys)
{
	if (use_dma_iommu(dev) || get_dma_ops(dev))
		return false;
	return dma_to_phys(dev, addr) != phys;
}

/**
 * gem_uma_device_dma_is_bounce_buffer() - is the memory behind a DMA address a copy?
 * @dev: device that does DMA
 * @addr: DMA address that it got from somebody else
 *
 * For imports, of which the pages are not known. Asks for the buffers that all devices
 * share; those of an IOMMU, and those that the kernel adds as it needs them
 * (CONFIG_SWIOTLB_DYNAMIC), cannot be asked for.
 *
 * Context: any.
 *
 * Return: true if so; false also where it cannot be known.
 */
bool gem_uma_device_dma_is_bounce_buffer(struct device *dev, dma_addr_t addr)
{
	if (IS_ENABLED(CONFIG_SWIOTLB_DYNAMIC) || use_dma_iommu(dev) || get_dma_ops(dev))
		return false;
	return swiotlb_find_pool(dev, dma_to_phys(dev, addr));
}

/**
 * gem_uma_device_table_bounces() - does a device see copies instead of the pages of a table?
 * @dev: device that does DMA
 * @sgt: table, mapped for it
 *
 * Whatever bounces has one DMA segment for each of its own.
 *
 * Context: any.
 *
 * Return: true if a part of it bounces.
 */
bool gem_uma_device_table_bounces(struct device *dev, struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		if (gem_uma_device_dma_bounces(dev, sg_dma_address(sg), sg_phys(sg)))
			return true;
	return false;
}

/**
 * gem_uma_device_make_sgt() - list pages for an importer
 * @udev: device
 * @pages: all of them
 * @nr_pages: how many
 *
 * No entry is larger than what the device's own DMA takes. Charged to the active memory cgroup.
 *
 * Context: may sleep and reclaim.
 *
 * Return: a new sg table, not mapped; or ERR_PTR(-ENOMEM), where the OOM killer was not invoked.
 */
struct sg_table *gem_uma_device_make_sgt(const struct gem_uma_device *udev, struct page **pages,
					 unsigned int nr_pages)
{
	size_t most = dma_max_mapping_size(udev->dma_dev);
	struct sg_table *sgt = kzalloc_obj(*sgt, GEM_UMA_GFP_MAYFAIL);
	int ret;

	if (!sgt)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table_from_pages_segment(sgt, pages, nr_pages, 0,
						(size_t)nr_pages << PAGE_SHIFT,
						min_t(size_t, most, UINT_MAX),
						GEM_UMA_GFP_MAYFAIL);
	if (!ret)
		return sgt;
	kfree(sgt);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(gem_uma_device_make_sgt);

/*
 * In both directions: some architectures invalidate when a buffer is given to the device,
 * others when it is given back, and none does more than it has to (uma-B3).
 */
static void gem_uma_device_dma_clean(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	dma_sync_single_for_device(dev, piece->addr, piece->size, DMA_BIDIRECTIONAL);
}

static void gem_uma_device_dma_invalidate(struct device *dev,
					  const struct gem_uma_sync_piece *piece)
{
	dma_sync_single_for_cpu(dev, piece->addr, piece->size, DMA_BIDIRECTIONAL);
}

const struct gem_uma_sync_ops gem_uma_device_dma_sync_ops = {
	.clean = gem_uma_device_dma_clean,
	.invalidate = gem_uma_device_dma_invalidate,
};

/* In the direction of the map: the DMA API takes another for a mistake. */
static void gem_uma_device_sync_importer(struct device *dev, struct sg_table *sgt,
					 enum dma_data_direction dir, bool invalidate)
{
	dma_sync_sgtable_for_device(dev, sgt, dir);
	if (invalidate && dir != DMA_TO_DEVICE)
		dma_sync_sgtable_for_cpu(dev, sgt, dir);
}

/*
 * Not movable: while pages are held, our references would make migration fail.
 * RETRY_MAYFAIL also keeps the memory cgroup's OOM killer away. A device that cannot reach all
 * memory gets what it can reach, or the DMA API would bounce at random.
 */
static gfp_t gem_uma_device_gfp(const struct gem_uma_device *udev)
{
	gfp_t gfp = __GFP_RETRY_MAYFAIL | __GFP_NOWARN;

	if (!udev->physical && dma_addressing_limited(udev->dma_dev))
		return gfp | GFP_USER | __GFP_DMA32;
	return gfp | GFP_HIGHUSER;
}

static unsigned long gem_uma_device_max_run(const struct gem_uma_device *udev)
{
	size_t size = udev->physical ? SIZE_MAX : dma_max_mapping_size(udev->dma_dev);

	return max(min_t(size_t, size, SZ_1G) >> PAGE_SHIFT, 1UL);
}

/**
 * gem_uma_device_init() - learn what the library must know about a device
 * @udev: memory for the result, zeroed, lives as long as @drm
 * @drm: the DRM device; its DMA mask is set
 * @config: what the driver wants
 *
 * Context: may sleep. Call at probe, before the device is registered.
 *
 * Return: 0, or -ENOMEM.
 */
int gem_uma_device_init(struct gem_uma_device *udev, struct drm_device *drm,
			const struct gem_uma_device_config *config)
{
	udev->drm = drm;
	udev->dma_dev = drm_dev_dma_dev(drm);
	udev->physical = config->physical;
	udev->sync_importer = gem_uma_device_sync_importer;
	udev->sync_ops = config->sync_ops ?: &gem_uma_device_dma_sync_ops;
	udev->coherent = udev->physical ||
			 (!config->sync_ops && dev_is_dma_coherent(udev->dma_dev));
	udev->allow_bounce = config->allow_bounce && !udev->physical;
	/* Elsewhere mappings of both kinds would be of one page, or the DMA API knows. */
	udev->allow_wc = config->allow_wc && !udev->physical && IS_ENABLED(CONFIG_X86_64);
	udev->gfp = gem_uma_device_gfp(udev);
	udev->max_run = gem_uma_device_max_run(udev);
	spin_lock_init(&udev->objects_lock);
	gem_uma_device_set_objects_class(&udev->objects_lock);
	INIT_LIST_HEAD(&udev->objects);
	mutex_init(&udev->reserve_lock);

	if (config->huge) {
		struct vfsmount *mnt = gem_uma_device_mount_huge();

		if (IS_ERR(mnt))
			drm_dbg(drm, "no huge folios: %pe\n", mnt);
		else
			udev->huge_mnt = mnt;
	}
	return drmm_add_action_or_reset(drm, gem_uma_device_fini, udev);
}
EXPORT_SYMBOL_GPL(gem_uma_device_init);
