// SPDX-License-Identifier: GPL-2.0
/*
 * A model of a PowerVR BXS-4-64 for the imagination driver, on machines that have none:
 * registers, the interrupt, and page tables of three levels. What its firmware does is in
 * fake_imagination_fw.c.
 *
 * Locks: the model's, around the register of the interrupt; taken in interrupts, too.
 */
#include <linux/clk-provider.h>
#include <linux/clkdev.h>
#include <linux/debugfs.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#define FAKE_DRIVER imagination
#include "fake_io.h"

#include "imagination/pvr_device.h"
#include "imagination/pvr_power.h"
#include "imagination/pvr_rogue_cr_defs.h"
#include "imagination/pvr_rogue_defs.h"
#include "imagination/pvr_rogue_heap_config.h"
#include "imagination/pvr_rogue_mmu_defs.h"

#include "fake_imagination.h"

/* One that the driver knows, and whose firmware fw_imagination.py makes. */
#define MODEL_BVNC	PVR_PACKED_BVNC(36, 53, 104, 796)
#define MODEL_PA_BITS	36
#define MODEL_HZ	500000000
#define WINDOW_SIZE	0x10000

/* Of an entry of a page table. */
#define PC_ADDR		GENMASK(31, 4)
#define PD_ADDR		GENMASK_ULL(39, 12)
#define PD_SIZE		GENMASK_ULL(3, 1)
#define PT_ADDR		GENMASK_ULL(39, 12)
#define ENTRY_VALID	BIT_ULL(0)

static struct {
	u32 *regs;
	/* Protects the register of the interrupt. */
	spinlock_t lock;
	struct delayed_work line;
	struct irq_work edge;
	int irq;
	struct workqueue_struct *wq;
	struct clk_hw *clk;
	struct clk_lookup *lookup;
	struct resource window;
	struct platform_device *pdev;
	struct fake_engine engine;
	struct dentry *dir;
} model;

/* Whether a flush is over when the driver looks first; for tests, by debugfs. */
static u32 flush_polls;

static u32 *model_register(u32 offset)
{
	return &model.regs[offset / sizeof(u32)];
}

static bool model_line_is_high(void)
{
	return READ_ONCE(*model_register(ROGUE_CR_IRQ_OS0_EVENT_STATUS));
}

static void model_edge(struct irq_work *work)
{
	generic_handle_irq_safe(model.irq);
}

/* An edge that comes while the last one is handled is lost, so they go on. */
static void model_line_work(struct work_struct *work)
{
	if (!model_line_is_high())
		return;
	irq_work_queue(&model.edge);
	queue_delayed_work(model.wq, &model.line, 1);
}

static void model_set_line(u32 clear, u32 set)
{
	u32 *status = model_register(ROGUE_CR_IRQ_OS0_EVENT_STATUS);
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	WRITE_ONCE(*status, (*status & ~clear) | set);
	spin_unlock_irqrestore(&model.lock, flags);
	if (set)
		mod_delayed_work(model.wq, &model.line, 0);
}

static void model_raise(void)
{
	model_set_line(0, ROGUE_CR_IRQ_OS0_EVENT_STATUS_SOURCE_EN);
}

static void *model_memory(u64 dma)
{
	return phys_to_virt(dma_to_phys(&model.pdev->dev, dma));
}

static u64 model_pfn(u64 dma)
{
	return PHYS_PFN(dma_to_phys(&model.pdev->dev, dma));
}

/* 0 is none. */
static u64 model_table(u64 catalogue, u64 va)
{
	u32 pc = READ_ONCE(((u32 *)model_memory(catalogue))[va >> 30 & 1023]);
	u64 pd;

	if (!(pc & ENTRY_VALID))
		return 0;
	pd = READ_ONCE(((u64 *)model_memory((u64)(pc & PC_ADDR) << 8))[va >> 21 & 511]);
	/* The driver has pages of 4 KiB only. */
	return pd & ENTRY_VALID && !(pd & PD_SIZE) ? pd & PD_ADDR : 0;
}

static bool model_is_managed(u64 va)
{
	u64 base = ROGUE_GENERAL_HEAP_BASE | MANAGED_BASE;

	return va >= base && va < base + MANAGED_SIZE;
}

static struct fake_translation model_managed(u64 va)
{
	u64 pfn = (va & (MANAGED_SIZE - 1)) >> FAKE_PAGE_SHIFT;

	return (struct fake_translation) {
		.pfn = pfn, .valid = pfn == firmware_managed_pfn(), .writable = true,
	};
}

static struct fake_translation model_walk(struct fake_engine *engine, u64 page)
{
	u64 addr = page << FAKE_PAGE_SHIFT, va = addr & GENMASK_ULL(SPACE_SHIFT - 1, 0);
	u64 catalogue = (addr & ~SPACE_PRIVILEGED) >> SPACE_SHIFT << FAKE_PAGE_SHIFT;
	struct fake_translation none = {};
	u64 table, pte;

	if (model_is_managed(va))
		return model_managed(va);
	table = catalogue ? model_table(catalogue, va) : 0;
	if (!table)
		return none;
	pte = READ_ONCE(((u64 *)model_memory(table))[va >> 12 & 511]);
	if (!(pte & ENTRY_VALID) ||
	    (pte & ROGUE_MMUCTRL_PT_DATA_PM_META_PROTECT_EN && !(addr & SPACE_PRIVILEGED)))
		return none;
	return (struct fake_translation) {
		.pfn = model_pfn(pte & PT_ADDR),
		.valid = true,
		.writable = !(pte & ROGUE_MMUCTRL_PT_DATA_READ_ONLY_EN),
		.malformed = pte & ROGUE_MMUCTRL_PT_DATA_ENTRY_PENDING_EN,
	};
}

/* The job goes on without. */
static bool model_fault(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	return false;
}

static const struct fake_engine_ops model_engine_ops = {
	.walk = model_walk,
	.fault = model_fault,
	.overflow = firmware_overflow,
	.fatal = firmware_fatal,
};

static void model_forget(void)
{
	fake_engine_flush(&model.engine, FAKE_TLB);
	fake_engine_flush(&model.engine, FAKE_WALK_CACHE);
}

static u64 model_read64(u32 offset)
{
	return READ_ONCE(*model_register(offset)) |
	       (u64)READ_ONCE(*model_register(offset + 4)) << 32;
}

static void model_boot(u32 value)
{
	if (!value) {
		firmware_stop();
		return;
	}
	model_forget();
	firmware_boot(model_read64(FWCORE_MEM_CAT_BASEX(MMU_CONTEXT_MAPPING_FWPRIV)));
}

static void model_written(u32 offset, u64 value)
{
	switch (offset) {
	case ROGUE_CR_FWCORE_BOOT:
		model_boot(value);
		break;
	case ROGUE_CR_SOFT_RESET:
		if (value)
			firmware_stop();
		break;
	case ROGUE_CR_MTS_SCHEDULE:
		firmware_slow_flush(READ_ONCE(flush_polls));
		firmware_kick();
		break;
	case ROGUE_CR_IRQ_OS0_EVENT_CLEAR:
		model_set_line(value, 0);
		break;
	}
}

/* False where it is memory that the driver reads as if it was a register. */
static bool model_offset(const volatile void __iomem *addr, u32 *offset)
{
	unsigned long at = (__force unsigned long)addr - (unsigned long)model.regs;

	*offset = at;
	return at < WINDOW_SIZE;
}

u32 FAKE(readl)(const volatile void __iomem *addr)
{
	u32 offset;

	if (!model_offset(addr, &offset))
		return READ_ONCE(*(__force const u32 *)addr);
	return READ_ONCE(*model_register(offset));
}
EXPORT_SYMBOL_GPL(FAKE(readl));

u64 FAKE(readq)(const volatile void __iomem *addr)
{
	u32 offset;

	if (WARN_ON_ONCE(!model_offset(addr, &offset)))
		return 0;
	return model_read64(offset);
}
EXPORT_SYMBOL_GPL(FAKE(readq));

void FAKE(writel)(u32 value, volatile void __iomem *addr)
{
	u32 offset;

	if (WARN_ON_ONCE(!model_offset(addr, &offset)))
		return;
	WRITE_ONCE(*model_register(offset), value);
	model_written(offset, value);
}
EXPORT_SYMBOL_GPL(FAKE(writel));

void FAKE(writeq)(u64 value, volatile void __iomem *addr)
{
	u32 offset;

	if (WARN_ON_ONCE(!model_offset(addr, &offset)))
		return;
	WRITE_ONCE(*model_register(offset), lower_32_bits(value));
	WRITE_ONCE(*model_register(offset + 4), upper_32_bits(value));
	model_written(offset, value);
}
EXPORT_SYMBOL_GPL(FAKE(writeq));

void __iomem *FAKE(ioremap_resource)(struct platform_device *pdev, unsigned int index,
				     struct resource **res)
{
	*res = &model.window;
	return (__force void __iomem *)model.regs;
}
EXPORT_SYMBOL_GPL(FAKE(ioremap_resource));

static int model_power(struct pvr_device *pvr_dev)
{
	return 0;
}

/* Without power, nothing is known of page tables. */
static int model_power_off(struct pvr_device *pvr_dev)
{
	firmware_stop();
	model_forget();
	model_set_line(~0, 0);
	return 0;
}

static const struct pvr_power_sequence_ops model_power_ops = {
	.init = model_power,
	.power_on = model_power,
	.power_off = model_power_off,
};

static const struct pvr_device_data model_data = {
	.pwr_ops = &model_power_ops,
};

const void *FAKE(match_data)(const struct device *dev)
{
	return &model_data;
}
EXPORT_SYMBOL_GPL(FAKE(match_data));

/* Devices of x86 snoop. */
enum dev_dma_attr FAKE(dma_attr)(const struct device *dev)
{
	return DEV_DMA_COHERENT;
}
EXPORT_SYMBOL_GPL(FAKE(dma_attr));

static void model_init_registers(void)
{
	*model_register(ROGUE_CR_CORE_ID__PBVNC) = lower_32_bits(MODEL_BVNC);
	*model_register(ROGUE_CR_CORE_ID__PBVNC + 4) = upper_32_bits(MODEL_BVNC);
	*model_register(ROGUE_CR_SIDEKICK_IDLE) = ROGUE_CR_SIDEKICK_IDLE_MASKFULL;
	*model_register(ROGUE_CR_SLC_IDLE) = ROGUE_CR_SLC_IDLE_MASKFULL;
}

static void model_free(void)
{
	if (model.wq) {
		cancel_delayed_work_sync(&model.line);
		destroy_workqueue(model.wq);
	}
	irq_work_sync(&model.edge);
	if (model.irq > 0)
		irq_free_desc(model.irq);
	if (model.lookup)
		clkdev_drop(model.lookup);
	if (!IS_ERR_OR_NULL(model.clk))
		clk_hw_unregister_fixed_rate(model.clk);
	fake_engine_fini(&model.engine);
	debugfs_remove(model.dir);
	vfree(model.regs);
}

/* irq_sim, which not every kernel has, does the same. */
static int __init model_init_irq(void)
{
	model.irq = irq_alloc_desc(NUMA_NO_NODE);
	if (model.irq < 0)
		return model.irq;
	irq_set_chip_and_handler(model.irq, &dummy_irq_chip, handle_simple_irq);
	return 0;
}

static int __init model_init_clock(void)
{
	model.clk = clk_hw_register_fixed_rate(NULL, "imagination-model", NULL, 0, MODEL_HZ);
	if (IS_ERR(model.clk))
		return PTR_ERR(model.clk);
	model.lookup = clkdev_hw_create(model.clk, "core", "powervr");
	return model.lookup ? 0 : -ENOMEM;
}

static int __init model_alloc(void)
{
	int ret;

	spin_lock_init(&model.lock);
	INIT_DELAYED_WORK(&model.line, model_line_work);
	model.edge = IRQ_WORK_INIT_HARD(model_edge);
	model.regs = vzalloc(WINDOW_SIZE);
	model.wq = alloc_workqueue("imagination-model", WQ_UNBOUND, 0);
	if (!model.regs || !model.wq)
		return -ENOMEM;
	model.window = DEFINE_RES_MEM(0, WINDOW_SIZE);
	model_init_registers();
	firmware_init(&model.engine, model.wq, model_raise);
	ret = model_init_irq();
	if (!ret)
		ret = model_init_clock();
	if (ret)
		return ret;
	model.dir = debugfs_create_dir("imagination-model", NULL);
	debugfs_create_u32("flush_polls", 0644, model.dir, &flush_polls);
	return fake_engine_init(&model.engine, &model_engine_ops, model.dir);
}

static int __init model_init(void)
{
	struct resource irq;
	struct platform_device_info info = {
		.name = "powervr", .id = PLATFORM_DEVID_NONE, .res = &irq, .num_res = 1,
		.dma_mask = DMA_BIT_MASK(MODEL_PA_BITS),
	};
	int ret = model_alloc();

	if (!ret) {
		irq = DEFINE_RES_IRQ(model.irq);
		model.pdev = platform_device_register_full(&info);
		ret = PTR_ERR_OR_ZERO(model.pdev);
	}
	if (ret)
		model_free();
	return ret;
}

static void __exit model_exit(void)
{
	platform_device_unregister(model.pdev);
	model_free();
}

module_init(model_init);
module_exit(model_exit);

MODULE_DESCRIPTION("Model of a PowerVR BXS-4-64");
MODULE_LICENSE("GPL");
