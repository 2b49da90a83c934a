/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Force-included into the sources of a driver, which stay as they are: registers become
 * calls of the model that FAKE_DRIVER names. What else a device tree would say of the
 * device, where the kernel has none, is asked of the model, too.
 */
#ifndef _FAKE_IO_H_
#define _FAKE_IO_H_

#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/nvmem-consumer.h>
#include <linux/of.h>
#include <linux/of_device.h>
#include <linux/platform_device.h>
#include <linux/property.h>

#include <drm/gpu_scheduler.h>

#define FAKE_JOIN(driver, name) driver##_model_##name
#define FAKE_OF(driver, name) FAKE_JOIN(driver, name)
#define FAKE(name) FAKE_OF(FAKE_DRIVER, name)

u32 FAKE(readl)(const volatile void __iomem *addr);
void FAKE(writel)(u32 value, volatile void __iomem *addr);
u64 FAKE(readq)(const volatile void __iomem *addr);
void FAKE(writeq)(u64 value, volatile void __iomem *addr);
void __iomem *FAKE(ioremap)(struct platform_device *pdev, const char *name);
void __iomem *FAKE(ioremap_resource)(struct platform_device *pdev, unsigned int index,
				     struct resource **res);
const void *FAKE(match_data)(const struct device *dev);
enum dev_dma_attr FAKE(dma_attr)(const struct device *dev);

#undef readl
#undef readl_relaxed
#undef writel
#undef writel_relaxed
#undef readq
#undef ioread32
#undef ioread64
#undef iowrite32
#undef iowrite64
#define readl(addr) FAKE(readl)(addr)
#define readl_relaxed(addr) FAKE(readl)(addr)
#define writel(value, addr) FAKE(writel)(value, addr)
#define writel_relaxed(value, addr) FAKE(writel)(value, addr)
#define readq(addr) FAKE(readq)(addr)
#define ioread32(addr) FAKE(readl)(addr)
#define ioread64(addr) FAKE(readq)(addr)
#define iowrite32(value, addr) FAKE(writel)(value, addr)
#define iowrite64(value, addr) FAKE(writeq)(value, addr)
#define devm_platform_ioremap_resource_byname(pdev, name) FAKE(ioremap)(pdev, name)
#define devm_platform_ioremap_resource(pdev, index) FAKE(ioremap)(pdev, NULL)
#define devm_platform_get_and_ioremap_resource(pdev, index, res) \
	FAKE(ioremap_resource)(pdev, index, res)
#define of_device_get_match_data(dev) FAKE(match_data)(dev)
#define device_get_dma_attr(dev) FAKE(dma_attr)(dev)
#define of_count_phandle_with_args(node, list, cells) ((void)(node), 1)
#define nvmem_cell_read_variable_le_u64(dev, id, value) ((void)(value), -ENOENT)

/* A model is slower than its device, and no job is late for that. */
static inline int fake_sched_init(struct drm_gpu_scheduler *sched,
				  const struct drm_sched_init_args *args)
{
	struct drm_sched_init_args patient = *args;

	if (patient.timeout < 10 * HZ)
		patient.timeout *= 20;
	return drm_sched_init(sched, &patient);
}

#define drm_sched_init(sched, args) fake_sched_init(sched, args)

#endif
