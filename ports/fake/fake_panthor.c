// SPDX-License-Identifier: GPL-2.0
/*
 * A model of a Mali-G610 for panthor, on machines that have none: registers, three interrupt
 * lines and address spaces. What its microcontroller does is in fake_panthor_csf.c.
 *
 * Locks: the model's, around registers of interrupts; taken in interrupts, too.
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
#include <linux/pm_opp.h>
#include <linux/property.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "panthor/panthor_fw_regs.h"
#include "panthor/panthor_gpu_regs.h"
#include "panthor/panthor_mmu_regs.h"

#include "fake_panthor.h"

#define FAKE_DRIVER panthor
#include "fake_io.h"

#define MODEL_GPU_ID	0xa8670000
#define MODEL_VA_BITS	SPACE_SHIFT
#define MODEL_PA_BITS	40
#define MODEL_HZ	500000000
#define MODEL_UV	900000

/* Above that are only doorbells, which have no memory. */
#define WINDOW_SIZE	0x11000
#define SPACES		8

/* Of an entry of a page table. */
#define PTE_TYPE	GENMASK_ULL(1, 0)
#define PTE_BLOCK	1
#define PTE_TABLE	3
#define PTE_READONLY	BIT_ULL(7)
#define PTE_ADDR	GENMASK_ULL(47, 12)
#define PTE_LEVELS	4

/* What a fault is said to be. */
#define FAULT_TRANSLATION	0xc3

/* Offsets from the first register of an interrupt. */
enum {
	INT_RAWSTAT = 0,
	INT_CLEAR = 4,
	INT_MASK = 8,
	INT_STAT = 12,
};

enum line {
	JOB,
	MMU,
	GPU,
	LINES,
};

static const struct {
	const char *name;
	u32 base;
} lines[LINES] = {
	[JOB] = { "job", JOB_INT_BASE },
	[MMU] = { "mmu", MMU_INT_BASE },
	[GPU] = { "gpu", GPU_CONTROL_BASE + GPU_INT_BASE },
};

struct model_line {
	struct delayed_work work;
	struct irq_work edge;
	int irq;
};

static struct {
	u32 *regs;
	/* Protects registers of interrupts. */
	spinlock_t lock;
	struct model_line line[LINES];
	/* Page table of each address space, as of its last update; 0 is none. */
	u64 tables[SPACES];
	/* Reads that still find a flush under way. */
	atomic_t flushing;
	struct workqueue_struct *wq;
	struct clk_hw *clk;
	struct clk_lookup *lookup;
	/* The page that user space may map, where the register of flushes would be. */
	struct page *flush_id;
	struct resource window;
	struct platform_device *pdev;
	struct fake_engine engine;
	struct dentry *dir;
} model;

/* How often the driver has to look until a flush is over; for tests, by debugfs. */
static u32 flush_polls;
/* The look that finds a command of the MMU under way for ever, until the GPU is reset; 0: none. */
static atomic_t stuck_at = ATOMIC_INIT(0);
static bool stuck;
static u32 resets;

static u32 *model_register(u32 offset)
{
	return &model.regs[offset / sizeof(u32)];
}

static u64 model_register64(u32 offset)
{
	return READ_ONCE(*model_register(offset)) |
	       (u64)READ_ONCE(*model_register(offset + 4)) << 32;
}

static void model_set_register64(u32 offset, u64 value)
{
	WRITE_ONCE(*model_register(offset), lower_32_bits(value));
	WRITE_ONCE(*model_register(offset + 4), upper_32_bits(value));
}

static bool model_line_is_high(enum line line)
{
	u32 base = lines[line].base;

	return *model_register(base + INT_RAWSTAT) & *model_register(base + INT_MASK);
}

static void model_edge(struct irq_work *work)
{
	generic_handle_irq_safe(container_of(work, struct model_line, edge)->irq);
}

/* An edge that comes while the last one is handled is lost, so they go on. */
static void model_line_work(struct work_struct *work)
{
	struct model_line *line = container_of(to_delayed_work(work), struct model_line, work);
	unsigned long flags;
	bool high;

	spin_lock_irqsave(&model.lock, flags);
	high = model_line_is_high(line - model.line);
	spin_unlock_irqrestore(&model.lock, flags);
	if (!high)
		return;
	irq_work_queue(&line->edge);
	queue_delayed_work(model.wq, &line->work, 1);
}

static void model_update_line(enum line line)
{
	mod_delayed_work(model.wq, &model.line[line].work, 0);
}

static void model_raise(enum line line, u32 bits)
{
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	*model_register(lines[line].base + INT_RAWSTAT) |= bits;
	spin_unlock_irqrestore(&model.lock, flags);
	model_update_line(line);
}

static u64 model_phys(u64 dma)
{
	return dma_to_phys(&model.pdev->dev, dma);
}

static struct fake_translation model_leaf(u64 pte, u64 addr, unsigned int shift)
{
	u64 in_block = GENMASK_ULL(shift - 1, FAKE_PAGE_SHIFT) * (shift > FAKE_PAGE_SHIFT);

	return (struct fake_translation) {
		.pfn = PHYS_PFN(model_phys((pte & PTE_ADDR & ~in_block) | (addr & in_block))),
		.valid = true,
		.writable = !(pte & PTE_READONLY),
		.malformed = pte & in_block,
	};
}

static struct fake_translation model_walk(struct fake_engine *engine, u64 page)
{
	u64 addr = page << FAKE_PAGE_SHIFT, space = addr >> SPACE_SHIFT, table, pte;
	struct fake_translation none = {};
	unsigned int level, shift;

	table = space < SPACES ? READ_ONCE(model.tables[space]) : 0;
	for (level = 0; table && level < PTE_LEVELS; level++) {
		shift = FAKE_PAGE_SHIFT + 9 * (PTE_LEVELS - 1 - level);
		pte = READ_ONCE(((u64 *)phys_to_virt(table))[addr >> shift & 511]);
		if (level == PTE_LEVELS - 1)
			return (pte & PTE_TYPE) == PTE_TABLE ? model_leaf(pte, addr, shift) : none;
		if ((pte & PTE_TYPE) == PTE_BLOCK)
			return model_leaf(pte, addr, shift);
		table = (pte & PTE_TYPE) == PTE_TABLE ? pte & PTE_ADDR : 0;
	}
	return none;
}

/* Nothing of the address space goes on: the driver kills what used it. */
static bool model_fault(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	u32 space = addr >> SPACE_SHIFT, base = MMU_AS_BASE + MMU_AS(space);

	model_set_register64(base + 0x20, addr & GENMASK_ULL(SPACE_SHIFT - 1, 0));
	WRITE_ONCE(*model_register(base + 0x1c), FAULT_TRANSLATION | 1 << 10 |
		   (write ? AS_FAULTSTATUS_ACCESS_TYPE_WRITE : AS_FAULTSTATUS_ACCESS_TYPE_READ));
	csf_fault(space);
	model_raise(MMU, BIT(space));
	return false;
}

static const struct fake_engine_ops model_engine_ops = {
	.walk = model_walk,
	.fault = model_fault,
	.overflow = csf_overflow,
	.fatal = csf_fatal,
};

static void model_raise_job(u32 bits)
{
	model_raise(JOB, bits);
}

static void model_command(u32 value)
{
	unsigned int i;

	switch (value & 0xff) {
	case GPU_SOFT_RESET & 0xff:
		fake_engine_reset(&model.engine);
		for (i = 0; i < SPACES; i++)
			WRITE_ONCE(model.tables[i], 0);
		csf_reset();
		WRITE_ONCE(stuck, false);
		WRITE_ONCE(resets, resets + 1);
		model_raise(GPU, GPU_IRQ_RESET_COMPLETED);
		break;
	case GPU_FLUSH_CACHES(0, 0, 0) & 0xff:
		model_raise(GPU, GPU_IRQ_CLEAN_CACHES_COMPLETED);
		break;
	}
}

static void model_forget(u64 addr, u64 size)
{
	fake_engine_flush_range(&model.engine, addr >> FAKE_PAGE_SHIFT,
				(addr + size - 1) >> FAKE_PAGE_SHIFT);
}

/* The region that the driver has locked is forgotten; it is a power of two. */
static void model_forget_region(u32 space)
{
	u64 region = model_register64(MMU_AS_BASE + MMU_AS(space) + 0x10);
	u64 size = 2ull << (region & 0x3f);

	model_forget(((u64)space << SPACE_SHIFT) | (region & ~(size - 1)), size);
}

static void model_update_space(u32 space)
{
	u32 base = MMU_AS_BASE + MMU_AS(space);
	bool on = (*model_register(base + 0x30) & 0xf) == AS_TRANSCFG_ADRMODE_AARCH64_4K;

	WRITE_ONCE(model.tables[space], on ? model_register64(base) & PTE_ADDR : 0);
	model_forget((u64)space << SPACE_SHIFT, BIT_ULL(SPACE_SHIFT));
}

static void model_space_command(u32 space, u32 command)
{
	if (space >= SPACES)
		return;
	switch (command) {
	case AS_COMMAND_UPDATE:
		model_update_space(space);
		break;
	case AS_COMMAND_UNLOCK:
	case AS_COMMAND_FLUSH_PT:
	case AS_COMMAND_FLUSH_MEM:
		model_forget_region(space);
		atomic_set(&model.flushing, READ_ONCE(flush_polls));
		break;
	}
}

static u32 model_read_space(u32 offset, u32 value)
{
	if (offset % MMU_AS(1) != 0x28)
		return value;
	if (!atomic_dec_if_positive(&stuck_at))
		WRITE_ONCE(stuck, true);
	if (READ_ONCE(stuck))
		return AS_STATUS_AS_ACTIVE;
	return atomic_dec_if_positive(&model.flushing) >= 0 ? AS_STATUS_AS_ACTIVE : 0;
}

static u32 model_read_line(u32 base)
{
	return READ_ONCE(*model_register(base + INT_RAWSTAT)) &
	       READ_ONCE(*model_register(base + INT_MASK));
}

static u32 model_read(u32 offset)
{
	u32 value = READ_ONCE(*model_register(offset));
	unsigned int i;

	for (i = 0; i < LINES; i++)
		if (offset == lines[i].base + INT_STAT)
			return model_read_line(lines[i].base);
	if (offset >= MMU_AS_BASE && offset < MMU_AS_BASE + MMU_AS(SPACES))
		return model_read_space(offset - MMU_AS_BASE, value);
	switch (offset) {
	case MCU_CONTROL_BASE + MCU_STATUS:
		return csf_status();
	case GPU_TIMESTAMP:
	case GPU_CYCLE_COUNT:
		return lower_32_bits(ktime_get_ns());
	case GPU_TIMESTAMP + 4:
	case GPU_CYCLE_COUNT + 4:
		return upper_32_bits(ktime_get_ns());
	default:
		return value;
	}
}

/* The registers of interrupts; false if it is another one. */
static bool model_write_line(u32 offset, u32 value)
{
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < LINES; i++)
		if (offset - lines[i].base <= INT_STAT)
			break;
	if (i == LINES)
		return false;
	spin_lock_irqsave(&model.lock, flags);
	if (offset - lines[i].base == INT_CLEAR)
		*model_register(lines[i].base + INT_RAWSTAT) &= ~value;
	else if (offset - lines[i].base == INT_MASK)
		*model_register(offset) = value;
	spin_unlock_irqrestore(&model.lock, flags);
	model_update_line(i);
	return true;
}

static void model_write(u32 offset, u32 value)
{
	if (model_write_line(offset, value))
		return;
	WRITE_ONCE(*model_register(offset), value);
	if (offset == GPU_CONTROL_BASE + GPU_CMD)
		model_command(value);
	else if (offset == MCU_CONTROL_BASE + MCU_CONTROL)
		csf_boot(value != MCU_CONTROL_DISABLE);
	else if (offset >= MMU_AS_BASE && (offset - MMU_AS_BASE) % MMU_AS(1) == 0x18)
		model_space_command((offset - MMU_AS_BASE) >> MMU_AS_SHIFT, value);
}

u32 FAKE(readl)(const volatile void __iomem *addr)
{
	unsigned long offset = (__force unsigned long)addr - (unsigned long)model.regs;

	if (WARN_ONCE(offset >= WINDOW_SIZE, "no register at %lx\n", offset))
		return 0;
	return model_read(offset);
}
EXPORT_SYMBOL_GPL(FAKE(readl));

void FAKE(writel)(u32 value, volatile void __iomem *addr)
{
	unsigned long offset = (__force unsigned long)addr - (unsigned long)model.regs;

	if (offset < WINDOW_SIZE)
		model_write(offset, value);
	else if (offset >= CSF_DOORBELL(0) && offset < CSF_DOORBELL(32))
		csf_doorbell((offset - CSF_DOORBELL(0)) / (CSF_DOORBELL(1) - CSF_DOORBELL(0)));
	else
		WARN_ONCE(1, "no register at %lx\n", offset);
}
EXPORT_SYMBOL_GPL(FAKE(writel));

void __iomem *FAKE(ioremap_resource)(struct platform_device *pdev, unsigned int index,
				     struct resource **res)
{
	*res = &model.window;
	return (__force void __iomem *)model.regs;
}
EXPORT_SYMBOL_GPL(FAKE(ioremap_resource));

const void *FAKE(match_data)(const struct device *dev)
{
	return NULL;
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
	static const struct {
		u32 offset, value;
	} constant[] = {
		{ GPU_ID, MODEL_GPU_ID },
		{ GPU_REVID, MODEL_GPU_ID },
		{ GPU_L2_FEATURES, 0x07130206 },
		{ GPU_MMU_FEATURES, MODEL_PA_BITS << 8 | MODEL_VA_BITS },
		{ GPU_AS_PRESENT, GENMASK(SPACES - 1, 0) },
		{ GPU_CSF_ID, 0x10000 },
		{ GPU_THREAD_MAX_THREADS, 2048 },
		{ GPU_THREAD_MAX_WORKGROUP_SIZE, 1024 },
		{ GPU_THREAD_MAX_BARRIER_SIZE, 1024 },
		{ GPU_COHERENCY_FEATURES, BIT(GPU_COHERENCY_ACE_LITE) },
		{ GPU_SHADER_PRESENT, 0xf }, { SHADER_READY, 0xf },
		{ GPU_TILER_PRESENT, 1 }, { TILER_READY, 1 },
		{ GPU_L2_PRESENT, 1 }, { L2_READY, 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(constant); i++)
		*model_register(GPU_CONTROL_BASE + constant[i].offset) = constant[i].value;
}

static void model_free(void)
{
	unsigned int i;

	for (i = 0; model.wq && i < LINES; i++)
		cancel_delayed_work_sync(&model.line[i].work);
	if (model.wq)
		destroy_workqueue(model.wq);
	for (i = 0; i < LINES; i++) {
		irq_work_sync(&model.line[i].edge);
		if (model.line[i].irq > 0)
			irq_free_desc(model.line[i].irq);
	}
	if (model.lookup)
		clkdev_drop(model.lookup);
	if (!IS_ERR_OR_NULL(model.clk))
		clk_hw_unregister_fixed_rate(model.clk);
	fake_engine_fini(&model.engine);
	debugfs_remove(model.dir);
	if (model.flush_id)
		__free_page(model.flush_id);
	vfree(model.regs);
}

/* irq_sim, which not every kernel has, does the same. */
static int __init model_init_line(struct model_line *line)
{
	line->irq = irq_alloc_desc(NUMA_NO_NODE);
	if (line->irq < 0)
		return line->irq;
	irq_set_chip_and_handler(line->irq, &dummy_irq_chip, handle_simple_irq);
	return 0;
}

static void __init model_init_early(void)
{
	unsigned int i;

	spin_lock_init(&model.lock);
	for (i = 0; i < LINES; i++) {
		INIT_DELAYED_WORK(&model.line[i].work, model_line_work);
		model.line[i].edge = IRQ_WORK_INIT_HARD(model_edge);
	}
}

static int __init model_alloc(void)
{
	unsigned int i;
	int ret;

	model_init_early();
	model.regs = vzalloc(WINDOW_SIZE);
	model.flush_id = alloc_page(GFP_KERNEL | __GFP_ZERO);
	model.wq = alloc_workqueue("panthor-model", WQ_UNBOUND, 0);
	if (!model.regs || !model.flush_id || !model.wq)
		return -ENOMEM;
	model.window = DEFINE_RES_MEM(page_to_phys(model.flush_id) - CSF_GPU_LATEST_FLUSH_ID,
				      CSF_DOORBELL(32));
	model_init_registers();
	csf_init(&model.engine, model.wq, model_raise_job);
	for (i = 0; i < LINES; i++) {
		ret = model_init_line(&model.line[i]);
		if (ret)
			return ret;
	}
	model.clk = clk_hw_register_fixed_rate(NULL, "panthor-model", NULL, 0, MODEL_HZ);
	if (IS_ERR(model.clk))
		return PTR_ERR(model.clk);
	model.lookup = clkdev_hw_create(model.clk, NULL, "panthor");
	if (!model.lookup)
		return -ENOMEM;
	model.dir = debugfs_create_dir("panthor-model", NULL);
	debugfs_create_u32("flush_polls", 0644, model.dir, &flush_polls);
	debugfs_create_atomic_t("stuck_at", 0644, model.dir, &stuck_at);
	debugfs_create_u32("resets", 0444, model.dir, &resets);
	return fake_engine_init(&model.engine, &model_engine_ops, model.dir);
}

static int __init model_register_device(void)
{
	struct resource irqs[LINES];
	struct platform_device_info info = {
		.name = "panthor", .id = PLATFORM_DEVID_NONE, .res = irqs, .num_res = LINES,
		.dma_mask = DMA_BIT_MASK(MODEL_PA_BITS),
	};
	unsigned int i;
	int ret;

	for (i = 0; i < LINES; i++)
		irqs[i] = DEFINE_RES_IRQ_NAMED(model.line[i].irq, lines[i].name);
	model.pdev = platform_device_register_full(&info);
	if (IS_ERR(model.pdev))
		return PTR_ERR(model.pdev);
	/* What would be in the device tree. */
	ret = dev_pm_opp_add(&model.pdev->dev, MODEL_HZ, MODEL_UV);
	if (ret)
		platform_device_unregister(model.pdev);
	return ret;
}

static int __init model_init(void)
{
	int ret = model_alloc();

	if (!ret)
		ret = model_register_device();
	if (ret)
		model_free();
	return ret;
}

static void __exit model_exit(void)
{
	dev_pm_opp_remove_all_dynamic(&model.pdev->dev);
	platform_device_unregister(model.pdev);
	model_free();
}

module_init(model_init);
module_exit(model_exit);

MODULE_DESCRIPTION("Model of a Mali-G610");
MODULE_LICENSE("GPL");
