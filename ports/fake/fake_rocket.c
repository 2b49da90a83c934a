// SPDX-License-Identifier: GPL-2.0
/*
 * A model of an RK3588's NPU, for its driver on machines that have none: for each core
 * registers, an interrupt line, reset lines, a clock, and an engine behind an IOMMU. A task's
 * list of register commands is an array of commands for the engine, each as long as two.
 *
 * The chip tells its IOMMU of a fault, and nobody else; here, only the engine counts it.
 *
 * Locks: the core's, around registers; taken in the driver's interrupt handler, too.
 */
#include <linux/clk-provider.h>
#include <linux/clkdev.h>
#include <linux/debugfs.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "rocket/rocket_registers.h"

#include "fake_rocket.h"

#define FAKE_DRIVER rocket
#include "fake_io.h"
#include "fake_io_rocket.h"

/* What the driver maps as three windows; only the first does anything. */
#define WINDOW_SIZE	0x1000
#define REGS_SIZE	(WINDOWS * WINDOW_SIZE)

#define DONE		(PC_INTERRUPT_RAW_STATUS_DPU_0 | PC_INTERRUPT_RAW_STATUS_DPU_1)

enum window {
	PC,
	CNA,
	CORE,
	WINDOWS,
};

static const char * const window_names[WINDOWS] = { "pc", "cna", "core" };

struct model_core {
	u32 *regs;
	/* Protects registers of interrupts. */
	spinlock_t lock;
	struct work_struct work;
	/* What the registers said when the task was started. */
	u32 start, nr_commands;
	struct delayed_work line;
	struct irq_work edge;
	int irq;
	/* Where the driver keeps the reset lines. */
	struct reset_control_bulk_data *resets;
	struct clk_lookup *clk;
	struct platform_device *pdev;
	struct device_node node;
};

static struct {
	struct model_core core[MODEL_CORES];
	struct fake_engine engines[MODEL_CORES];
	struct workqueue_struct *wq;
	struct clk_hw *clk;
	/* Pages that the driver has cleaned, and invalidated. */
	atomic_t cleaned, invalidated;
	bool has_iommu;
	struct dentry *dir;
} model;

static u32 *model_register(struct model_core *core, u32 offset)
{
	return &core->regs[offset / sizeof(u32)];
}

/* Which register an address is. */
static struct model_core *model_find(const volatile void __iomem *addr, u32 *offset)
{
	unsigned long at = (__force unsigned long)addr;
	unsigned int i;

	for (i = 0; i < MODEL_CORES; i++) {
		unsigned long base = (unsigned long)model.core[i].regs;

		if (at >= base && at < base + REGS_SIZE) {
			*offset = at - base;
			return &model.core[i];
		}
	}
	WARN_ONCE(1, "no register at %lx\n", at);
	return NULL;
}

static bool model_line_is_high(struct model_core *core)
{
	return *model_register(core, REG_PC_INTERRUPT_RAW_STATUS) &
	       *model_register(core, REG_PC_INTERRUPT_MASK);
}

static void model_edge(struct irq_work *work)
{
	generic_handle_irq_safe(container_of(work, struct model_core, edge)->irq);
}

/* An edge that comes while the last one is handled is lost, so they go on. */
static void model_line_work(struct work_struct *work)
{
	struct model_core *core = container_of(to_delayed_work(work), struct model_core, line);
	unsigned long flags;
	bool high;

	spin_lock_irqsave(&core->lock, flags);
	high = model_line_is_high(core);
	spin_unlock_irqrestore(&core->lock, flags);
	if (!high)
		return;
	irq_work_queue(&core->edge);
	queue_delayed_work(model.wq, &core->line, 1);
}

static void model_raise(struct model_core *core, u32 bits)
{
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	*model_register(core, REG_PC_INTERRUPT_RAW_STATUS) |= bits;
	spin_unlock_irqrestore(&core->lock, flags);
	mod_delayed_work(model.wq, &core->line, 0);
}

static struct fake_translation model_walk(struct fake_engine *engine, u64 page)
{
	return fake_rocket_walk(engine - model.engines, page);
}

static bool model_fault(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	return false;
}

static const struct fake_engine_ops model_engine_ops = {
	.walk = model_walk,
	.fault = model_fault,
};

static void model_task_work(struct work_struct *work)
{
	struct model_core *core = container_of(work, struct model_core, work);
	struct fake_job job = {
		.at = core->start,
		.end = core->start + (u64)core->nr_commands * sizeof(struct engine_cmd),
	};

	if (fake_engine_run(&model.engines[core - model.core], &job))
		model_raise(core, DONE);
}

/* The list is fetched by 16 bytes, less one. */
static void model_start(struct model_core *core)
{
	core->start = *model_register(core, REG_PC_BASE_ADDRESS) &
		      PC_BASE_ADDRESS_PC_SOURCE_ADDR__MASK;
	core->nr_commands = (*model_register(core, REG_PC_REGISTER_AMOUNTS) &
			     PC_REGISTER_AMOUNTS_PC_DATA_AMOUNT__MASK) + 1;
	queue_work(model.wq, &core->work);
}

u32 FAKE(readl)(const volatile void __iomem *addr)
{
	struct model_core *core;
	u32 offset;

	core = model_find(addr, &offset);
	return core ? READ_ONCE(*model_register(core, offset)) : 0;
}
EXPORT_SYMBOL_GPL(FAKE(readl));

/* Of interrupts, all that can change at the same time. */
static void model_write_interrupts(struct model_core *core, u32 offset, u32 value)
{
	unsigned long flags;

	spin_lock_irqsave(&core->lock, flags);
	if (offset == REG_PC_INTERRUPT_CLEAR)
		*model_register(core, REG_PC_INTERRUPT_RAW_STATUS) &= ~value;
	else
		*model_register(core, offset) = value;
	spin_unlock_irqrestore(&core->lock, flags);
	mod_delayed_work(model.wq, &core->line, 0);
}

void FAKE(writel)(u32 value, volatile void __iomem *addr)
{
	struct model_core *core;
	u32 offset;

	core = model_find(addr, &offset);
	if (!core)
		return;
	switch (offset) {
	case REG_PC_INTERRUPT_CLEAR:
	case REG_PC_INTERRUPT_MASK:
		model_write_interrupts(core, offset, value);
		break;
	case REG_PC_OPERATION_ENABLE:
		if (value & PC_OPERATION_ENABLE_OP_EN__MASK)
			model_start(core);
		fallthrough;
	default:
		WRITE_ONCE(*model_register(core, offset), value);
	}
}
EXPORT_SYMBOL_GPL(FAKE(writel));

void __iomem *FAKE(ioremap)(struct platform_device *pdev, const char *name)
{
	int i = match_string(window_names, WINDOWS, name);

	if (i < 0)
		return IOMEM_ERR_PTR(-EINVAL);
	return (__force void __iomem *)model.core[pdev->id].regs + i * WINDOW_SIZE;
}
EXPORT_SYMBOL_GPL(FAKE(ioremap));

struct device_node *FAKE(next_node)(struct device_node *prev)
{
	unsigned int i;

	for (i = 0; prev && &model.core[i].node != prev; i++)
		;
	i += !!prev;
	return i < MODEL_CORES ? &model.core[i].node : NULL;
}
EXPORT_SYMBOL_GPL(FAKE(next_node));

/* With a device, the driver says where it keeps the lines of that. */
int FAKE(reset)(struct device *dev, struct reset_control_bulk_data *lines, bool on)
{
	unsigned int i;

	if (dev)
		model.core[to_platform_device(dev)->id].resets = lines;
	for (i = 0; on && i < MODEL_CORES; i++)
		if (model.core[i].resets == lines)
			fake_engine_reset(&model.engines[i]);
	return 0;
}
EXPORT_SYMBOL_GPL(FAKE(reset));

void FAKE(clean)(size_t size)
{
	atomic_add(size >> PAGE_SHIFT, &model.cleaned);
}
EXPORT_SYMBOL_GPL(FAKE(clean));

void FAKE(invalidate)(size_t size)
{
	atomic_add(size >> PAGE_SHIFT, &model.invalidated);
}
EXPORT_SYMBOL_GPL(FAKE(invalidate));

static void model_free_core(struct model_core *core)
{
	platform_device_unregister(core->pdev);
	if (core->irq > 0) {
		cancel_work_sync(&core->work);
		cancel_delayed_work_sync(&core->line);
		irq_work_sync(&core->edge);
		irq_free_desc(core->irq);
	}
	if (core->clk)
		clkdev_drop(core->clk);
	vfree(core->regs);
}

static void model_free(void)
{
	unsigned int i;

	for (i = 0; i < MODEL_CORES; i++)
		model_free_core(&model.core[i]);
	if (model.has_iommu)
		fake_rocket_iommu_fini();
	for (i = 0; i < MODEL_CORES; i++)
		fake_engine_fini(&model.engines[i]);
	if (model.wq)
		destroy_workqueue(model.wq);
	if (!IS_ERR_OR_NULL(model.clk))
		clk_hw_unregister_fixed_rate(model.clk);
	debugfs_remove(model.dir);
}

/* Its four clocks are one: the driver asks for them without a name. */
static int __init model_init_core(struct model_core *core, int id)
{
	struct platform_device_info info = {
		.name = MODEL_DEVICE, .id = id, .num_res = 1, .dma_mask = DMA_BIT_MASK(40),
	};
	struct platform_device *pdev;
	struct resource irq;

	spin_lock_init(&core->lock);
	INIT_WORK(&core->work, model_task_work);
	INIT_DELAYED_WORK(&core->line, model_line_work);
	core->edge = IRQ_WORK_INIT_HARD(model_edge);
	core->regs = vzalloc(REGS_SIZE);
	core->clk = clkdev_hw_create(model.clk, NULL, MODEL_DEVICE ".%d", id);
	if (!core->regs || !core->clk)
		return -ENOMEM;
	core->irq = irq_alloc_desc(NUMA_NO_NODE);
	if (core->irq < 0)
		return core->irq;
	irq_set_chip_and_handler(core->irq, &dummy_irq_chip, handle_simple_irq);
	irq = DEFINE_RES_IRQ(core->irq);
	info.res = &irq;
	pdev = platform_device_register_full(&info);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	core->pdev = pdev;
	return 0;
}

static int __init model_init_engines(void)
{
	unsigned int i;
	int ret;

	model.dir = debugfs_create_dir("rocket-model", NULL);
	debugfs_create_atomic_t("cleaned", 0444, model.dir, &model.cleaned);
	debugfs_create_atomic_t("invalidated", 0444, model.dir, &model.invalidated);
	ret = fake_engine_init(&model.engines[0], &model_engine_ops, model.dir);
	for (i = 1; !ret && i < MODEL_CORES; i++)
		ret = fake_engine_init_next(&model.engines[i], &model.engines[0]);
	return ret;
}

static int __init model_alloc(void)
{
	unsigned int i;
	int ret;

	model.wq = alloc_workqueue("rocket-model", WQ_UNBOUND, 0);
	if (!model.wq)
		return -ENOMEM;
	model.clk = clk_hw_register_fixed_rate(NULL, "rocket-model", NULL, 0, 1000000000);
	if (IS_ERR(model.clk))
		return PTR_ERR(model.clk);
	ret = model_init_engines();
	if (!ret)
		ret = fake_rocket_iommu_init(model.engines, model.dir);
	model.has_iommu = !ret;
	for (i = 0; !ret && i < MODEL_CORES; i++)
		ret = model_init_core(&model.core[i], i);
	return ret;
}

static int __init model_init(void)
{
	int ret = model_alloc();

	if (ret)
		model_free();
	return ret;
}

module_init(model_init);
module_exit(model_free);

MODULE_DESCRIPTION("Model of an RK3588's NPU");
MODULE_LICENSE("GPL");
