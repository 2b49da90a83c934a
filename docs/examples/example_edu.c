// SPDX-License-Identifier: GPL-2.0
/*
 * A whole driver on the turn-key object, for a device that QEMU has: "edu" on the PCI bus.
 * Its DMA engine copies between memory and 4 KiB of its own; here, from buffer to buffer.
 * Buffers are created as dumb buffers, can be mapped, exported and imported, cost nothing
 * before first use, and memory pressure can take them. tests/uapi/t_edu.c runs it, behind
 * an IOMMU.
 */
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/signal.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "example_edu.h"

#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START	BIT(0)
#define EDU_DMA_TO_RAM	BIT(1)
/* Where the device's own memory is for its DMA engine, and how much is used of it. */
#define EDU_MEMORY	0x40000
#define EDU_PIECE	SZ_2K

struct edu_device {
	struct drm_device drm;
	struct gem_uma_device uma;
	void __iomem *regs;
	/* The engine does one thing at a time. Taken inside of resv. */
	struct mutex dma_lock;
};

static struct edu_device *to_edu_device(struct drm_device *drm)
{
	return container_of(drm, struct edu_device, drm);
}

DEFINE_GEM_UMA_PRIME(edu_prime, .lazy = true);

static const struct drm_gem_object_funcs edu_bo_funcs = {
	GEM_UMA_OBJECT_FUNCS,
	.export = edu_prime_export,
};

static int edu_dumb_create(struct drm_file *file, struct drm_device *drm,
			   struct drm_mode_create_dumb *args)
{
	return gem_uma_object_dumb_create(file, &to_edu_device(drm)->uma, args);
}

static struct drm_gem_object *edu_import(struct drm_device *drm,
					 struct dma_buf_attachment *attach, struct sg_table *sgt)
{
	return gem_uma_object_create_import(&to_edu_device(drm)->uma, attach, sgt);
}

/* One transfer between memory and the device's own. */
static int edu_dma(struct edu_device *edu, u64 src, u64 dst, u32 size, u32 direction)
{
	u32 cmd;

	writeq(src, edu->regs + EDU_DMA_SRC);
	writeq(dst, edu->regs + EDU_DMA_DST);
	writeq(size, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | direction, edu->regs + EDU_DMA_CMD);
	return readl_poll_timeout(edu->regs + EDU_DMA_CMD, cmd, !(cmd & EDU_DMA_START), 1000,
				  60 * USEC_PER_SEC) ? -EIO : 0;
}

/* The DMA address of a byte; *len shrinks to what is contiguous for the device. */
static int edu_bo_addr_locked(struct gem_uma_object *uobj, u64 offset, dma_addr_t *addr,
			      u64 *len)
	__must_hold(uobj->base.resv)
{
	pgoff_t first = offset >> PAGE_SHIFT, end = uobj->base.size >> PAGE_SHIFT;
	struct gem_uma_dma_run run;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = gem_uma_dev_map_run_locked(&uobj->dev_map, first, end, &run);
	if (ret)
		return ret;
	*addr = run.addr + offset_in_page(offset);
	*len = min(*len, ((u64)run.nr << PAGE_SHIFT) - offset_in_page(offset));
	return 0;
}

static int edu_copy_piece_locked(struct edu_device *edu, struct gem_uma_object *dst,
				 u64 dst_offset, struct gem_uma_object *src, u64 src_offset,
				 u64 *len)
	__must_hold(dst->base.resv) __must_hold(src->base.resv)
{
	dma_addr_t from, to;
	int ret;

	dma_resv_assert_held(dst->base.resv);
	ret = edu_bo_addr_locked(src, src_offset, &from, len);
	if (!ret)
		ret = edu_bo_addr_locked(dst, dst_offset, &to, len);
	if (ret)
		return ret;
	mutex_lock(&edu->dma_lock);
	ret = edu_dma(edu, from, EDU_MEMORY, *len, 0);
	if (!ret)
		ret = edu_dma(edu, EDU_MEMORY, to, *len, EDU_DMA_TO_RAM);
	mutex_unlock(&edu->dma_lock);
	return ret;
}

/* While the resvs are held, nobody evicts: the device is done before they are unlocked. */
static int edu_copy_locked(struct edu_device *edu, struct gem_uma_object *dst,
			   struct gem_uma_object *src, const struct example_edu_copy *args)
	__must_hold(dst->base.resv) __must_hold(src->base.resv)
{
	u64 at, len;
	int ret;

	dma_resv_assert_held(dst->base.resv);
	ret = gem_uma_object_populate_locked(src, args->src_offset, args->size, DMA_TO_DEVICE);
	if (!ret)
		ret = gem_uma_object_populate_locked(dst, args->dst_offset, args->size,
						     DMA_FROM_DEVICE);
	for (at = 0; !ret && at < args->size; at += len) {
		if (fatal_signal_pending(current))
			return -EINTR;
		len = min_t(u64, args->size - at, EDU_PIECE);
		ret = edu_copy_piece_locked(edu, dst, args->dst_offset + at, src,
					    args->src_offset + at, &len);
	}
	return ret;
}

/* What the device sees of the source; it is mapped. */
static int edu_count_runs_locked(struct gem_uma_object *src, struct example_edu_copy *args)
	__must_hold(src->base.resv)
{
	u64 at, len;
	int ret = 0;

	dma_resv_assert_held(src->base.resv);
	args->src_runs = 0;
	for (at = 0; !ret && at < args->size; at += len) {
		dma_addr_t addr;

		len = args->size - at;
		ret = edu_bo_addr_locked(src, args->src_offset + at, &addr, &len);
		args->src_runs++;
	}
	return ret;
}

/* Who else uses the buffers comes first. */
static int edu_wait_locked(struct gem_uma_object *uobj, bool write)
	__must_hold(uobj->base.resv)
{
	long ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = dma_resv_wait_timeout(uobj->base.resv, dma_resv_usage_rw(write), true,
				    MAX_SCHEDULE_TIMEOUT);
	return ret < 0 ? ret : 0;
}

static int edu_run_locked(struct edu_device *edu, struct gem_uma_object *dst,
			  struct gem_uma_object *src, struct example_edu_copy *args)
	__must_hold(dst->base.resv) __must_hold(src->base.resv)
{
	int ret;

	dma_resv_assert_held(dst->base.resv);
	ret = edu_wait_locked(src, false);
	if (!ret)
		ret = edu_wait_locked(dst, true);
	if (!ret)
		ret = edu_copy_locked(edu, dst, src, args);
	return ret ?: edu_count_runs_locked(src, args);
}

static int edu_copy(struct edu_device *edu, struct gem_uma_object *dst,
		    struct gem_uma_object *src, struct example_edu_copy *args)
{
	struct drm_exec exec;
	int ret = 0, idx;

	if (!drm_dev_enter(&edu->drm, &idx))
		return -ENODEV;
	/* Two objects may be one, or have one resv. */
	drm_exec_init(&exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 2);
	drm_exec_until_all_locked(&exec) {
		ret = drm_exec_lock_obj(&exec, &dst->base);
		drm_exec_retry_on_contention(&exec);
		if (!ret)
			ret = drm_exec_lock_obj(&exec, &src->base);
		drm_exec_retry_on_contention(&exec);
		if (ret)
			break;
	}
	if (!ret) {
		dma_resv_assert_held(dst->base.resv);
		ret = edu_run_locked(edu, dst, src, args);
	}
	drm_exec_fini(&exec);
	drm_dev_exit(idx);
	return ret;
}

static int edu_ioctl_copy(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct example_edu_copy *args = data;
	struct drm_gem_object *dst, *src = NULL;
	int ret = -ENOENT;

	if (args->pad)
		return -EINVAL;
	if (args->size > EXAMPLE_EDU_MAX)
		return -E2BIG;
	dst = drm_gem_object_lookup(file, args->dst);
	if (dst)
		src = drm_gem_object_lookup(file, args->src);
	if (src)
		ret = edu_copy(to_edu_device(drm), to_gem_uma_object(dst), to_gem_uma_object(src),
			       args);
	drm_gem_object_put(src);
	drm_gem_object_put(dst);
	return ret;
}

static const struct drm_ioctl_desc edu_ioctls[] = {
	{ .cmd = DRM_IOCTL_EXAMPLE_EDU_COPY, .func = edu_ioctl_copy, .name = "EXAMPLE_EDU_COPY" },
};

DEFINE_DRM_GEM_FOPS(edu_fops);

static const struct drm_driver edu_driver = {
	.driver_features = DRIVER_GEM,
	.dumb_create = edu_dumb_create,
	.gem_prime_import = edu_prime_import,
	.gem_prime_import_sg_table = edu_import,
	.ioctls = edu_ioctls,
	.num_ioctls = ARRAY_SIZE(edu_ioctls),
	.fops = &edu_fops,
	.name = "example_edu",
	.desc = "QEMU's edu device on gem-uma",
	.major = 1,
};

static int edu_init_device(struct edu_device *edu, struct pci_dev *pdev)
{
	const struct gem_uma_device_config config = {};
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	edu->regs = pcim_iomap(pdev, 0, 0);
	if (!edu->regs)
		return -ENOMEM;
	/* Before the library is asked: what the device reaches decides which pages it gets. */
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(28));
	if (ret)
		return ret;
	/* The engine has no segments: what one exporter made of the buffer is all the same. */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	ret = drmm_mutex_init(&edu->drm, &edu->dma_lock);
	if (!ret)
		ret = gem_uma_device_init(&edu->uma, &edu->drm, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&edu->uma, &edu_prime, &edu_bo_funcs);
	return ret ?: gem_uma_reclaim_device_init(&edu->uma);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_device *edu;
	int ret;

	edu = devm_drm_dev_alloc(&pdev->dev, &edu_driver, struct edu_device, drm);
	if (IS_ERR(edu))
		return PTR_ERR(edu);
	ret = edu_init_device(edu, pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);
	pci_set_drvdata(pdev, edu);
	return drm_dev_register(&edu->drm, 0);
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu_device *edu = pci_get_drvdata(pdev);

	drm_dev_unplug(&edu->drm);
	gem_uma_object_unplug_all(&edu->uma);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_pci_driver = {
	.name = "example_edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_pci_driver);

MODULE_DESCRIPTION("Example of a whole driver on gem-uma");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
