// SPDX-License-Identifier: GPL-2.0
/*
 * A model of a Mali-400 MP2, for its driver on machines that have none: a geometry processor,
 * two pixel processors, and before each an MMU with a TLB of its own and an engine that walks
 * the driver's page tables.
 *
 * The geometry processor takes a page of its heap for each ENGINE_OVERFLOW. Where none is left
 * it stands, as the chip does, until the driver has moved the end of the heap.
 *
 * A fault is reported when the job has come to its end, so that what the engine counts does
 * not depend on when the driver resets it.
 *
 * Locks: the model's, around registers; taken in the driver's interrupt handlers, too.
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
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "lima/lima_regs.h"

#include "fake_engine.h"

#define FAKE_DRIVER lima
#include "fake_io.h"

#define WINDOW_SIZE	0x10000

/* Where the blocks are in it. */
#define GP		0x0000
#define L2_CACHE	0x1000
#define MMU(unit)	(0x3000 + MMU_SIZE * (unit))
#define MMU_SIZE	0x1000
#define PP(unit)	(0x8000 + PP_SIZE * ((unit) - PP0))
#define PP_SIZE		0x2000

/* 128 KiB, 4 ways, lines of 64 bytes, a bus of 64 bits; logarithms. */
#define L2_SIZE		(6 << 24 | 17 << 16 | 2 << 8 | 6)

/* Where a job of a pixel processor ends; the chip's list says that itself. */
#define PP_END		LIMA_PP_RSW

/* Two levels of 1024 words, of 32 bits: the bus has no more. */
#define TABLE_BITS	10
#define ENTRY_PAGE	GENMASK(31, 12)
#define ENTRY_UNKNOWN	GENMASK(11, 9)

/* Most pages of a heap that the model remembers. */
#define HEAP_PAGES	4096

enum unit {
	GEOMETRY,
	PP0,
	PP1,
	UNITS,
};

/* Of each unit: its own, and that of its MMU. */
enum line {
	UNIT_LINE,
	MMU_LINE,
	LINES,
};

static const char * const line_names[UNITS][LINES] = {
	{ "gp", "gpmmu" }, { "pp0", "ppmmu0" }, { "pp1", "ppmmu1" },
};

/* The geometry processor works on two lists at a time. */
enum list {
	VERTEX,
	PLBU,
	FRAME,
	LISTS,
};

static const struct {
	u32 done, active;
} list_bits[LISTS] = {
	[VERTEX] = { LIMA_GP_IRQ_VS_END_CMD_LST, LIMA_GP_STATUS_VS_ACTIVE },
	[PLBU] = { LIMA_GP_IRQ_PLBU_END_CMD_LST, LIMA_GP_STATUS_PLBU_ACTIVE },
	[FRAME] = { LIMA_PP_IRQ_END_OF_FRAME, LIMA_PP_STATUS_RENDERING_ACTIVE },
};

struct model_job {
	struct work_struct work;
	enum unit unit;
	enum list list;
	/* What the registers said when the job was started. */
	u32 start, end;
};

struct model_unit {
	struct fake_engine engine;
	/* The job has done what it must not. */
	bool faulted;
	/* Reads that do not find the MMU stalled yet. */
	atomic_t stalling;
};

static struct {
	u32 *regs;
	/* Protects registers of interrupts and status, and the heap. */
	spinlock_t lock;
	struct model_unit unit[UNITS];
	struct model_job vertex, plbu, frame[2];
	struct workqueue_struct *wq;
	/* What is left of the heap, where it began, and the entries of its pages by then. */
	u32 heap, heap_end, heap_first;
	u32 heap_entries[HEAP_PAGES];
	/* Entries of pages in use that changed when the heap grew. */
	atomic_t remapped;
	/* A job that waits for memory. */
	wait_queue_head_t overflow;
	struct delayed_work line;
	struct irq_work edge;
	int irq;
	struct clk_hw *clk;
	struct clk_lookup *clk_bus, *clk_core;
	struct platform_device *pdev;
	struct dentry *dir;
} model;

/* How often the driver has to look until an MMU is stalled; for tests, by debugfs. */
static u32 flush_polls;

static u32 *model_register(u32 offset)
{
	return &model.regs[offset / sizeof(u32)];
}

static u32 model_peek(u32 offset)
{
	return READ_ONCE(*model_register(offset));
}

static void model_set(u32 offset, u32 clear, u32 set)
{
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	WRITE_ONCE(*model_register(offset), (*model_register(offset) & ~clear) | set);
	spin_unlock_irqrestore(&model.lock, flags);
}

static u32 model_status_offset(enum unit unit)
{
	return unit == GEOMETRY ? GP + LIMA_GP_STATUS : PP(unit) + LIMA_PP_STATUS;
}

static u32 model_rawstat_offset(enum unit unit)
{
	return unit == GEOMETRY ? GP + LIMA_GP_INT_RAWSTAT : PP(unit) + LIMA_PP_INT_RAWSTAT;
}

static u32 model_pending(enum unit unit, enum line line)
{
	if (line == MMU_LINE)
		return model_peek(MMU(unit) + LIMA_MMU_INT_RAWSTAT) &
		       model_peek(MMU(unit) + LIMA_MMU_INT_MASK);
	return model_peek(model_rawstat_offset(unit)) &
	       model_peek(unit == GEOMETRY ? GP + LIMA_GP_INT_MASK : PP(unit) + LIMA_PP_INT_MASK);
}

/* Returns true if any is high; has the kernel handle those if @handle. */
static bool model_lines(bool handle)
{
	unsigned int unit, line;
	bool high = false;

	for (unit = 0; unit < UNITS; unit++) {
		for (line = 0; line < LINES; line++) {
			if (!model_pending(unit, line))
				continue;
			high = true;
			if (handle)
				generic_handle_irq_safe(model.irq + unit * LINES + line);
		}
	}
	return high;
}

static void model_edge(struct irq_work *work)
{
	model_lines(true);
}

/* An edge that comes while the last one is handled is lost, so they go on. */
static void model_line_work(struct work_struct *work)
{
	if (!model_lines(false))
		return;
	irq_work_queue(&model.edge);
	queue_delayed_work(model.wq, &model.line, 1);
}

static void model_line(void)
{
	mod_delayed_work(model.wq, &model.line, 0);
}

static struct model_unit *model_unit_of(struct fake_engine *engine)
{
	return container_of(engine, struct model_unit, engine);
}

/* The words of a table that a driver wrote. */
static const u32 *model_table(u32 entry)
{
	return phys_to_virt(dma_to_phys(&model.pdev->dev, entry & ENTRY_PAGE));
}

static struct fake_translation model_walk(struct fake_engine *engine, u64 page)
{
	enum unit unit = model_unit_of(engine) - model.unit;
	u32 base = model_peek(MMU(unit) + LIMA_MMU_DTE_ADDR), entry;
	struct fake_translation translation = {};

	if (page >> (2 * TABLE_BITS) || !base ||
	    !(model_peek(MMU(unit) + LIMA_MMU_STATUS) & LIMA_MMU_STATUS_PAGING_ENABLED))
		return translation;
	entry = READ_ONCE(model_table(base)[page >> TABLE_BITS]);
	if (!(entry & LIMA_VM_FLAG_PRESENT))
		return translation;
	translation.malformed = entry & ~(ENTRY_PAGE | LIMA_VM_FLAG_PRESENT);
	entry = READ_ONCE(model_table(entry)[page & GENMASK(TABLE_BITS - 1, 0)]);
	translation.malformed |= !!(entry & ENTRY_UNKNOWN);
	translation.pfn = PHYS_PFN(dma_to_phys(&model.pdev->dev, entry & ENTRY_PAGE));
	translation.valid = entry & LIMA_VM_FLAG_PRESENT && entry & LIMA_VM_FLAG_READ_PERMISSION;
	translation.writable = entry & LIMA_VM_FLAG_WRITE_PERMISSION;
	return translation;
}

static bool model_fault(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	struct model_unit *unit = model_unit_of(engine);
	u32 mmu = MMU(unit - model.unit);

	if (READ_ONCE(unit->faulted))
		return false;
	WRITE_ONCE(*model_register(mmu + LIMA_MMU_PAGE_FAULT_ADDR), (u32)addr);
	model_set(mmu + LIMA_MMU_STATUS, LIMA_MMU_STATUS_PAGE_FAULT_IS_WRITE,
		  write ? LIMA_MMU_STATUS_PAGE_FAULT_IS_WRITE : 0);
	WRITE_ONCE(unit->faulted, true);
	return false;
}

/* What is behind a page of the heap: a page of memory, or nothing. */
static u32 model_heap_entry(u32 addr)
{
	struct fake_engine *engine = &model.unit[GEOMETRY].engine;
	struct fake_translation is = model_walk(engine, addr >> FAKE_PAGE_SHIFT);

	return is.valid ? is.pfn : 0;
}

/* Notes the pages of the heap up to @end, or counts those that are not what they were. */
static void model_heap_pages(u32 end, bool compare)
{
	u32 i, entry, nr = min_t(u32, (end - model.heap_first) >> FAKE_PAGE_SHIFT, HEAP_PAGES);

	for (i = 0; i < nr; i++) {
		entry = model_heap_entry(model.heap_first + (i << FAKE_PAGE_SHIFT));
		if (compare && entry != model.heap_entries[i])
			atomic_inc(&model.remapped);
		model.heap_entries[i] = entry;
	}
}

static bool model_heap_is_empty(void)
{
	return READ_ONCE(model.heap) >= READ_ONCE(model.heap_end);
}

/* A page of the heap, or 0 if the device was reset before there was one. */
static u64 model_overflow(struct fake_engine *engine, const struct fake_job *job)
{
	int resets = atomic_read(&engine->resets);
	u32 page, end = READ_ONCE(model.heap_end);

	if (model_heap_is_empty()) {
		model_heap_pages(end, false);
		model_set(GP + LIMA_GP_INT_RAWSTAT, 0, LIMA_GP_IRQ_PLBU_OUT_OF_MEM);
		model_line();
		wait_event(model.overflow,
			   !model_heap_is_empty() || atomic_read(&engine->resets) != resets);
		if (model_heap_is_empty())
			return 0;
		model_heap_pages(end, true);
	}
	page = READ_ONCE(model.heap);
	WRITE_ONCE(model.heap, page + FAKE_PAGE_SIZE);
	return page;
}

static const struct fake_engine_ops model_engine_ops = {
	.walk = model_walk,
	.fault = model_fault,
	.overflow = model_overflow,
};

/* Not active any more, and why, at once: the driver looks at both. */
static void model_ends(const struct model_job *job)
{
	u32 *status = model_register(model_status_offset(job->unit));
	u32 *rawstat = model_register(model_rawstat_offset(job->unit));
	struct model_unit *unit = &model.unit[job->unit];
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	WRITE_ONCE(*status, *status & ~list_bits[job->list].active);
	if (unit->faulted) {
		*model_register(MMU(job->unit) + LIMA_MMU_STATUS) |=
			LIMA_MMU_STATUS_PAGE_FAULT_ACTIVE;
		*model_register(MMU(job->unit) + LIMA_MMU_INT_RAWSTAT) |= LIMA_MMU_INT_PAGE_FAULT;
	} else {
		WRITE_ONCE(*rawstat, *rawstat | list_bits[job->list].done);
	}
	unit->faulted = false;
	spin_unlock_irqrestore(&model.lock, flags);
	model_line();
}

static void model_job_work(struct work_struct *work)
{
	struct model_job *model_job = container_of(work, struct model_job, work);
	struct fake_job job = { .at = model_job->start, .end = model_job->end };

	if (fake_engine_run(&model.unit[model_job->unit].engine, &job))
		model_ends(model_job);
}

static void model_start(struct model_job *job, u32 start, u32 end)
{
	job->start = start;
	job->end = end;
	model_set(model_status_offset(job->unit), 0, list_bits[job->list].active);
	queue_work(model.wq, &job->work);
}

/* Jobs do not go on. The MMU is not concerned. */
static void model_reset(enum unit unit)
{
	atomic_inc(&model.unit[unit].engine.resets);
	wake_up(&model.overflow);
	WRITE_ONCE(model.unit[unit].faulted, false);
	model_set(model_status_offset(unit), ~0, 0);
}

static void model_write_gp_cmd(u32 value)
{
	if (value & (LIMA_GP_CMD_SOFT_RESET | LIMA_GP_CMD_RESET)) {
		model_reset(GEOMETRY);
		model_set(GP + LIMA_GP_INT_RAWSTAT, 0, LIMA_GP_IRQ_RESET_COMPLETED);
	}
	if (value & LIMA_GP_CMD_STOP_BUS)
		model_set(GP + LIMA_GP_STATUS, 0, LIMA_GP_STATUS_BUS_STOPPED);
	if (value & LIMA_GP_CMD_UPDATE_PLBU_ALLOC) {
		WRITE_ONCE(model.heap, model_peek(GP + LIMA_GP_PLBU_ALLOC_START_ADDR));
		WRITE_ONCE(model.heap_end, model_peek(GP + LIMA_GP_PLBU_ALLOC_END_ADDR));
		/* What stands goes on where it ended; a job that is yet to begin, at the start. */
		if (!(model_peek(GP + LIMA_GP_STATUS) & LIMA_GP_STATUS_PLBU_ACTIVE))
			model.heap_first = model.heap;
		wake_up(&model.overflow);
	}
	if (value & LIMA_GP_CMD_START_VS)
		model_start(&model.vertex, model_peek(GP + LIMA_GP_VSCL_START_ADDR),
			    model_peek(GP + LIMA_GP_VSCL_END_ADDR));
	if (value & LIMA_GP_CMD_START_PLBU)
		model_start(&model.plbu, model_peek(GP + LIMA_GP_PLBUCL_START_ADDR),
			    model_peek(GP + LIMA_GP_PLBUCL_END_ADDR));
}

static void model_write_pp_ctrl(enum unit unit, u32 value)
{
	if (value & (LIMA_PP_CTRL_SOFT_RESET | LIMA_PP_CTRL_FORCE_RESET)) {
		model_reset(unit);
		model_set(PP(unit) + LIMA_PP_INT_RAWSTAT, ~0, LIMA_PP_IRQ_RESET_COMPLETED);
	}
	if (value & LIMA_PP_CTRL_STOP_BUS)
		model_set(PP(unit) + LIMA_PP_STATUS, 0, LIMA_PP_STATUS_BUS_STOPPED);
	if (value & LIMA_PP_CTRL_START_RENDERING)
		model_start(&model.frame[unit - PP0], model_peek(PP(unit) + LIMA_PP_FRAME),
			    model_peek(PP(unit) + PP_END));
}

static void model_zap(enum unit unit)
{
	unsigned int level;

	for (level = 0; level < FAKE_LEVELS; level++)
		fake_engine_flush(&model.unit[unit].engine, level);
}

static void model_write_mmu_command(enum unit unit, u32 value)
{
	u32 mmu = MMU(unit);

	switch (value) {
	case LIMA_MMU_COMMAND_ENABLE_PAGING:
		model_set(mmu + LIMA_MMU_STATUS, 0, LIMA_MMU_STATUS_PAGING_ENABLED);
		break;
	case LIMA_MMU_COMMAND_DISABLE_PAGING:
		model_set(mmu + LIMA_MMU_STATUS, LIMA_MMU_STATUS_PAGING_ENABLED, 0);
		break;
	case LIMA_MMU_COMMAND_ENABLE_STALL:
		/* One that stands at a fault is not stalled: it has to be reset. */
		if (model_peek(mmu + LIMA_MMU_STATUS) & LIMA_MMU_STATUS_PAGE_FAULT_ACTIVE)
			break;
		atomic_set(&model.unit[unit].stalling, READ_ONCE(flush_polls));
		model_set(mmu + LIMA_MMU_STATUS, 0, LIMA_MMU_STATUS_STALL_ACTIVE);
		break;
	case LIMA_MMU_COMMAND_DISABLE_STALL:
		model_set(mmu + LIMA_MMU_STATUS, LIMA_MMU_STATUS_STALL_ACTIVE, 0);
		break;
	case LIMA_MMU_COMMAND_ZAP_CACHE:
		model_zap(unit);
		break;
	case LIMA_MMU_COMMAND_HARD_RESET:
		model_set(mmu + LIMA_MMU_DTE_ADDR, ~0, 0);
		model_set(mmu + LIMA_MMU_STATUS, ~0, 0);
		model_set(mmu + LIMA_MMU_INT_RAWSTAT, ~0, 0);
		model_zap(unit);
		break;
	}
}

static void model_write_mmu(enum unit unit, u32 offset, u32 value)
{
	u32 mmu = MMU(unit);

	switch (offset) {
	case LIMA_MMU_COMMAND:
		model_write_mmu_command(unit, value);
		break;
	case LIMA_MMU_INT_CLEAR:
		model_set(mmu + LIMA_MMU_INT_RAWSTAT, value, 0);
		break;
	case LIMA_MMU_DTE_ADDR:
		model_set(mmu + offset, ~0, value & ENTRY_PAGE);
		break;
	default:
		model_set(mmu + offset, ~0, value);
	}
}

static void model_write_gp(u32 offset, u32 value)
{
	switch (offset) {
	case LIMA_GP_CMD:
		model_write_gp_cmd(value);
		break;
	case LIMA_GP_INT_CLEAR:
		model_set(GP + LIMA_GP_INT_RAWSTAT, value, 0);
		break;
	default:
		model_set(GP + offset, ~0, value);
	}
}

static void model_write_pp(enum unit unit, u32 offset, u32 value)
{
	switch (offset) {
	case LIMA_PP_CTRL:
		model_write_pp_ctrl(unit, value);
		break;
	case LIMA_PP_INT_CLEAR:
		model_set(PP(unit) + LIMA_PP_INT_RAWSTAT, value, 0);
		break;
	case LIMA_PP_INT_RAWSTAT:
		/* Sets interrupts, for tests of the chip. The driver means to clear them. */
		model_set(PP(unit) + offset, value, 0);
		break;
	default:
		model_set(PP(unit) + offset, ~0, value);
	}
}

static bool model_find(const volatile void __iomem *addr, u32 *offset)
{
	unsigned long at = (__force unsigned long)addr - (unsigned long)model.regs;

	*offset = at;
	return !WARN_ONCE(at >= WINDOW_SIZE, "no register at %lx\n", at);
}

static void model_write(u32 offset, u32 value)
{
	unsigned int unit;

	for (unit = 0; unit < UNITS; unit++) {
		if (offset - MMU(unit) < MMU_SIZE) {
			model_write_mmu(unit, offset - MMU(unit), value);
			return;
		}
		if (unit != GEOMETRY && offset - PP(unit) < PP_SIZE) {
			model_write_pp(unit, offset - PP(unit), value);
			return;
		}
	}
	/* The cache is not modelled: it has done its work at once. */
	if (offset < L2_CACHE)
		model_write_gp(offset, value);
}

void FAKE(writel)(u32 value, volatile void __iomem *addr)
{
	u32 offset;

	if (!model_find(addr, &offset))
		return;
	model_write(offset, value);
	if (model_lines(false))
		model_line();
}
EXPORT_SYMBOL_GPL(FAKE(writel));

static u32 model_read_mmu(enum unit unit, u32 offset)
{
	u32 value = model_peek(MMU(unit) + offset);

	switch (offset) {
	case LIMA_MMU_STATUS:
		if (value & LIMA_MMU_STATUS_STALL_ACTIVE &&
		    atomic_dec_if_positive(&model.unit[unit].stalling) >= 0)
			value &= ~LIMA_MMU_STATUS_STALL_ACTIVE;
		return value;
	case LIMA_MMU_INT_STATUS:
		return model_pending(unit, MMU_LINE);
	default:
		return value;
	}
}

static u32 model_read(u32 offset)
{
	unsigned int unit;

	for (unit = 0; unit < UNITS; unit++) {
		if (offset - MMU(unit) < MMU_SIZE)
			return model_read_mmu(unit, offset - MMU(unit));
		if (unit != GEOMETRY && offset == PP(unit) + LIMA_PP_INT_STATUS)
			return model_pending(unit, UNIT_LINE);
	}
	return offset == GP + LIMA_GP_INT_STAT ? model_pending(GEOMETRY, UNIT_LINE) :
						 model_peek(offset);
}

u32 FAKE(readl)(const volatile void __iomem *addr)
{
	u32 offset;

	return model_find(addr, &offset) ? model_read(offset) : 0;
}
EXPORT_SYMBOL_GPL(FAKE(readl));

void __iomem *FAKE(ioremap)(struct platform_device *pdev, const char *name)
{
	return (__force void __iomem *)model.regs;
}
EXPORT_SYMBOL_GPL(FAKE(ioremap));

/* The first member of what the driver knows of a chip is its number: 0 is a Mali-400. */
const void *FAKE(match_data)(const struct device *dev)
{
	static const u32 mali400[4];

	return mali400;
}
EXPORT_SYMBOL_GPL(FAKE(match_data));

static void model_free(void)
{
	unsigned int i;

	if (model.wq) {
		flush_workqueue(model.wq);
		cancel_delayed_work_sync(&model.line);
		destroy_workqueue(model.wq);
	}
	irq_work_sync(&model.edge);
	if (model.irq > 0)
		irq_free_descs(model.irq, UNITS * LINES);
	for (i = 0; i < UNITS; i++)
		fake_engine_fini(&model.unit[i].engine);
	debugfs_remove(model.dir);
	if (model.clk_bus)
		clkdev_drop(model.clk_bus);
	if (model.clk_core)
		clkdev_drop(model.clk_core);
	if (!IS_ERR_OR_NULL(model.clk))
		clk_hw_unregister_fixed_rate(model.clk);
	vfree(model.regs);
}

static void model_init_job(struct model_job *job, enum unit unit, enum list list)
{
	INIT_WORK(&job->work, model_job_work);
	job->unit = unit;
	job->list = list;
}

static int __init model_init_engines(void)
{
	struct fake_engine *first = &model.unit[GEOMETRY].engine;
	unsigned int i;
	int ret;

	model.dir = debugfs_create_dir("lima-model", NULL);
	debugfs_create_u32("flush_polls", 0644, model.dir, &flush_polls);
	debugfs_create_atomic_t("remapped", 0444, model.dir, &model.remapped);
	ret = fake_engine_init(first, &model_engine_ops, model.dir);
	for (i = PP0; !ret && i < UNITS; i++)
		ret = fake_engine_init_next(&model.unit[i].engine, first);
	return ret;
}

static int __init model_init_clocks(void)
{
	model.clk = clk_hw_register_fixed_rate(NULL, "lima-model", NULL, 0, 500000000);
	if (IS_ERR(model.clk))
		return PTR_ERR(model.clk);
	model.clk_bus = clkdev_hw_create(model.clk, "bus", "lima");
	model.clk_core = clkdev_hw_create(model.clk, "core", "lima");
	return model.clk_bus && model.clk_core ? 0 : -ENOMEM;
}

static int __init model_init_lines(void)
{
	unsigned int i;

	model.irq = irq_alloc_descs(-1, 1, UNITS * LINES, NUMA_NO_NODE);
	if (model.irq < 0)
		return model.irq;
	for (i = 0; i < UNITS * LINES; i++)
		irq_set_chip_and_handler(model.irq + i, &dummy_irq_chip, handle_simple_irq);
	return 0;
}

static int __init model_alloc(void)
{
	int ret;

	spin_lock_init(&model.lock);
	init_waitqueue_head(&model.overflow);
	INIT_DELAYED_WORK(&model.line, model_line_work);
	model.edge = IRQ_WORK_INIT_HARD(model_edge);
	model_init_job(&model.vertex, GEOMETRY, VERTEX);
	model_init_job(&model.plbu, GEOMETRY, PLBU);
	model_init_job(&model.frame[0], PP0, FRAME);
	model_init_job(&model.frame[1], PP1, FRAME);
	model.regs = vzalloc(WINDOW_SIZE);
	model.wq = alloc_workqueue("lima-model", WQ_UNBOUND, 0);
	if (!model.regs || !model.wq)
		return -ENOMEM;
	*model_register(GP + LIMA_GP_VERSION) = 0x0b070101;
	*model_register(PP(PP0) + LIMA_PP_VERSION) = 0xcd070101;
	*model_register(PP(PP1) + LIMA_PP_VERSION) = 0xcd070101;
	*model_register(L2_CACHE + LIMA_L2_CACHE_SIZE) = L2_SIZE;
	ret = model_init_lines();
	if (!ret)
		ret = model_init_clocks();
	return ret ?: model_init_engines();
}

static int __init model_init(void)
{
	struct resource lines[UNITS * LINES];
	struct platform_device_info info = {
		.name = "lima", .id = PLATFORM_DEVID_NONE, .res = lines,
		.num_res = ARRAY_SIZE(lines), .dma_mask = DMA_BIT_MASK(32),
	};
	unsigned int i;
	int ret;

	ret = model_alloc();
	if (!ret) {
		for (i = 0; i < ARRAY_SIZE(lines); i++)
			lines[i] = DEFINE_RES_IRQ_NAMED(model.irq + i,
							line_names[i / LINES][i % LINES]);
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

MODULE_DESCRIPTION("Model of a Mali-400");
MODULE_LICENSE("GPL");
