// SPDX-License-Identifier: GPL-2.0
/*
 * A model of a Mali T760, for its driver on machines that have none: registers, three
 * interrupt lines, job slots with two entries each, and an engine behind them that walks the
 * page tables of eight address spaces. The head of a job chain is the address of commands.
 *
 * Locks: the model's, around registers; taken in the driver's interrupt handlers, too.
 */
#include <linux/bitfield.h>
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
#include <linux/regulator/machine.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "panfrost/panfrost_device.h"
#include "panfrost/panfrost_regs.h"

#include "fake_engine.h"

#define FAKE_DRIVER panfrost
#include "fake_io.h"

#define WINDOW_SIZE	0x10000
#define SPACES		8
#define SPACE_SHIFT	56
#define PERFCNT_WORDS	448

/* Of page tables, which have four levels. */
#define PTE_TYPE	GENMASK_ULL(1, 0)
#define PTE_BLOCK	1
#define PTE_TABLE	3
#define PTE_WRITABLE	BIT_ULL(7)
#define PTE_ADDRESS	GENMASK_ULL(47, 12)
#define PTE_LEVELS	4
#define PTE_BITS	9

/* The layout of an interrupt controller, which all three have. */
#define LINE_RAWSTAT	0x0
#define LINE_CLEAR	0x4
#define LINE_MASK	0x8
#define LINE_STAT	0xc

enum line {
	GPU,
	JOB,
	MMU,
	LINES,
};

static const struct {
	const char *name;
	u32 base;
} lines[LINES] = {
	[GPU] = { "gpu", GPU_INT_RAWSTAT },
	[JOB] = { "job", JOB_INT_RAWSTAT },
	[MMU] = { "mmu", MMU_INT_RAWSTAT },
};

struct model_slot {
	struct work_struct work;
	struct fake_job job;
	/* Protected by the lock: it runs, and how it was told to stop. */
	bool busy;
	u32 stop;
};

static struct {
	u32 *regs;
	/* Protects registers and slots. */
	spinlock_t lock;
	struct model_slot slot[NUM_JOB_SLOTS];
	/* Page tables in use, and how often the driver has touched them. */
	u64 tables[SPACES];
	atomic_t touched[SPACES];
	/* A job that waits for a page, and how often one did. */
	wait_queue_head_t fault;
	atomic_t waits;
	/* Reads that still find a flush under way. */
	atomic_t flushing;
	u32 samples;
	struct work_struct sample;
	struct workqueue_struct *wq;
	struct delayed_work line_work;
	struct irq_work edge;
	int irq[LINES];
	struct clk_hw *clk;
	struct clk_lookup *lookup;
	struct platform_device *pdev;
	struct fake_engine engine;
	struct dentry *dir;
} model;

/* How often the driver has to look until a flush is over; for tests, by debugfs. */
static u32 flush_polls;
/* What the driver is told: on x86, devices snoop. It looks when it is bound. */
static bool snoops = true;

static u32 *model_register(u32 offset)
{
	return &model.regs[offset / sizeof(u32)];
}

static u64 model_address(u32 offset)
{
	return READ_ONCE(*model_register(offset)) |
	       (u64)READ_ONCE(*model_register(offset + 4)) << 32;
}

static void model_set_address(u32 offset, u64 value)
{
	WRITE_ONCE(*model_register(offset), lower_32_bits(value));
	WRITE_ONCE(*model_register(offset + 4), upper_32_bits(value));
}

static bool model_line_is_high(enum line line)
{
	return READ_ONCE(*model_register(lines[line].base + LINE_RAWSTAT)) &
	       READ_ONCE(*model_register(lines[line].base + LINE_MASK));
}

static void model_edge(struct irq_work *work)
{
	enum line line;

	for (line = 0; line < LINES; line++)
		if (model_line_is_high(line))
			generic_handle_irq_safe(model.irq[line]);
}

/* An edge that comes while the last one is handled is lost, so they go on. */
static void model_line_work(struct work_struct *work)
{
	enum line line;

	for (line = 0; line < LINES; line++)
		if (model_line_is_high(line))
			break;
	if (line == LINES)
		return;
	irq_work_queue(&model.edge);
	queue_delayed_work(model.wq, &model.line_work, 1);
}

static void model_raise_locked(enum line line, u32 bits)
{
	lockdep_assert_held(&model.lock);
	*model_register(lines[line].base + LINE_RAWSTAT) |= bits;
	mod_delayed_work(model.wq, &model.line_work, 0);
}

static void model_raise(enum line line, u32 bits)
{
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	model_raise_locked(line, bits);
	spin_unlock_irqrestore(&model.lock, flags);
}

static struct fake_translation model_walk(struct fake_engine *engine, u64 page)
{
	u64 table = READ_ONCE(model.tables[page >> (SPACE_SHIFT - FAKE_PAGE_SHIFT)]);
	struct fake_translation translation = {};
	unsigned int level, shift;
	u64 pte;

	for (level = 0; table && level < PTE_LEVELS; level++) {
		shift = PTE_BITS * (PTE_LEVELS - 1 - level);
		pte = READ_ONCE(((u64 *)phys_to_virt(table))[page >> shift & (BIT(PTE_BITS) - 1)]);
		table = pte & PTE_ADDRESS;
		if ((pte & PTE_TYPE) == PTE_BLOCK) {
			translation.pfn = PHYS_PFN(dma_to_phys(&model.pdev->dev, table)) |
					  (page & (BIT(shift) - 1));
			translation.valid = true;
			translation.writable = pte & PTE_WRITABLE;
			translation.malformed = table >> FAKE_PAGE_SHIFT & (BIT(shift) - 1);
			break;
		}
		if ((pte & PTE_TYPE) != PTE_TABLE)
			break;
	}
	return translation;
}

/* The access stands until the driver has done something about the address space. */
static bool model_fault(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	unsigned int space = addr >> SPACE_SHIFT;
	int touched = atomic_read(&model.touched[space]);
	unsigned long flags;

	if (!READ_ONCE(model.tables[space])) {
		job->failed = true;
		return false;
	}
	spin_lock_irqsave(&model.lock, flags);
	model_set_address(AS_FAULTADDRESS_LO(space), addr & GENMASK_ULL(47, 0));
	*model_register(AS_FAULTSTATUS(space)) = DRM_PANFROST_EXCEPTION_TRANSLATION_FAULT_3 |
		(write ? AS_FAULTSTATUS_ACCESS_TYPE_WRITE : AS_FAULTSTATUS_ACCESS_TYPE_READ);
	model_raise_locked(MMU, BIT(space));
	spin_unlock_irqrestore(&model.lock, flags);
	atomic_inc(&model.waits);
	wait_event_timeout(model.fault, atomic_read(&model.touched[space]) != touched ||
			   atomic_read(&engine->resets) != job->resets, HZ / 50 + 1);
	return true;
}

static const struct fake_engine_ops model_engine_ops = {
	.walk = model_walk,
	.fault = model_fault,
};

static bool model_is_pending(unsigned int js)
{
	return *model_register(JS_COMMAND_NEXT(js)) == JS_COMMAND_START;
}

/* The next job becomes the current one. */
static void model_start_locked(unsigned int js)
{
	struct model_slot *slot = &model.slot[js];
	u32 config;
	u64 head;

	lockdep_assert_held(&model.lock);
	if (slot->busy || !model_is_pending(js))
		return;
	head = model_address(JS_HEAD_NEXT_LO(js));
	config = *model_register(JS_CONFIG_NEXT(js));
	*model_register(JS_COMMAND_NEXT(js)) = JS_COMMAND_NOP;
	*model_register(JS_CONFIG(js)) = config;
	*model_register(JS_STATUS(js)) = DRM_PANFROST_EXCEPTION_ACTIVE;
	model_set_address(JS_HEAD_LO(js), head);
	slot->job = (struct fake_job) {
		.at = head,
		.end = (head | (FAKE_PAGE_SIZE - 1)) + 1,
		.space = (u64)(config % SPACES) << SPACE_SHIFT,
	};
	slot->stop = 0;
	slot->busy = true;
	queue_work(model.wq, &slot->work);
}

static void model_end_locked(unsigned int js)
{
	struct model_slot *slot = &model.slot[js];
	u32 status = DRM_PANFROST_EXCEPTION_DONE;

	lockdep_assert_held(&model.lock);
	if (slot->job.failed)
		status = slot->stop ?: DRM_PANFROST_EXCEPTION_JOB_READ_FAULT;
	*model_register(JS_STATUS(js)) = status;
	model_set_address(JS_TAIL_LO(js), slot->job.at);
	model_raise_locked(JOB, slot->job.failed ? JOB_INT_MASK_ERR(js) : JOB_INT_MASK_DONE(js));
}

static void model_slot_work(struct work_struct *work)
{
	struct model_slot *slot = container_of(work, struct model_slot, work);
	bool ended = fake_engine_run(&model.engine, &slot->job);
	unsigned int js = slot - model.slot;
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	slot->busy = false;
	if (ended)
		model_end_locked(js);
	/* After a failure the driver has a word first: it takes the next one back. */
	if (!ended || !slot->job.failed)
		model_start_locked(js);
	spin_unlock_irqrestore(&model.lock, flags);
}

static void model_stop_locked(unsigned int js, u32 command)
{
	struct model_slot *slot = &model.slot[js];
	bool flag = *model_register(JS_CONFIG(js)) & JS_CONFIG_JOB_CHAIN_FLAG;

	lockdep_assert_held(&model.lock);
	switch (command) {
	case JS_COMMAND_SOFT_STOP_0:
	case JS_COMMAND_HARD_STOP_0:
		if (flag)
			return;
		break;
	case JS_COMMAND_SOFT_STOP_1:
	case JS_COMMAND_HARD_STOP_1:
		if (!flag)
			return;
		break;
	}
	if (!slot->busy || command < JS_COMMAND_SOFT_STOP)
		return;
	/* Commands for soft stops are the even ones. */
	slot->stop = command % 2 ? DRM_PANFROST_EXCEPTION_TERMINATED :
				   DRM_PANFROST_EXCEPTION_STOPPED;
	WRITE_ONCE(slot->job.failed, true);
}

static void model_write_slot(u32 offset, u32 value)
{
	unsigned int js = (offset - JS_BASE) / JS_SLOT_STRIDE;
	unsigned long flags;

	if (js >= NUM_JOB_SLOTS)
		return;
	spin_lock_irqsave(&model.lock, flags);
	if (offset == JS_COMMAND_NEXT(js))
		model_start_locked(js);
	else if (offset == JS_COMMAND(js))
		model_stop_locked(js, value);
	spin_unlock_irqrestore(&model.lock, flags);
}

/* What runs is active, and so is what waits behind it. */
static u32 model_job_state(void)
{
	unsigned int js;
	u32 state = 0;

	for (js = 0; js < NUM_JOB_SLOTS; js++) {
		state |= READ_ONCE(model.slot[js].busy) ? BIT(js) : 0;
		state |= model_is_pending(js) ? BIT(js + 16) : 0;
	}
	return state;
}

static void model_flush_region(unsigned int space)
{
	u64 region = model_address(AS_LOCKADDR_LO(space));
	unsigned int bits = (region & GENMASK(5, 0)) + 1;
	u64 base = (u64)space << (SPACE_SHIFT - FAKE_PAGE_SHIFT);
	u64 first, nr;

	/* All of it. */
	first = bits > 47 ? 0 : (region & GENMASK_ULL(47, bits)) >> FAKE_PAGE_SHIFT;
	nr = BIT_ULL(min(bits, 48u) - FAKE_PAGE_SHIFT);
	fake_engine_flush_range(&model.engine, base + first, base + first + nr - 1);
}

static void model_write_space(u32 offset, u32 value)
{
	unsigned int space = (offset - MMU_BASE) >> MMU_AS_SHIFT;
	u64 table;

	if (space >= SPACES || offset != AS_COMMAND(space))
		return;
	switch (value) {
	case AS_COMMAND_UPDATE:
		table = model_address(AS_TRANSTAB_LO(space));
		if (*model_register(AS_TRANSCFG_LO(space)) & AS_TRANSCFG_ADRMODE_UNMAPPED)
			table = 0;
		WRITE_ONCE(model.tables[space], table & PTE_ADDRESS);
		break;
	case AS_COMMAND_UNLOCK:
	case AS_COMMAND_FLUSH_PT:
	case AS_COMMAND_FLUSH_MEM:
		model_flush_region(space);
		break;
	default:
		return;
	}
	atomic_set(&model.flushing, READ_ONCE(flush_polls));
	atomic_inc(&model.touched[space]);
	wake_up_all(&model.fault);
}

static void model_reset(void)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&model.lock, flags);
	for (i = 0; i < SPACES; i++)
		WRITE_ONCE(model.tables[i], 0);
	for (i = 0; i < NUM_JOB_SLOTS; i++)
		*model_register(JS_COMMAND_NEXT(i)) = JS_COMMAND_NOP;
	for (i = 0; i < LINES; i++) {
		*model_register(lines[i].base + LINE_RAWSTAT) = 0;
		*model_register(lines[i].base + LINE_MASK) = 0;
	}
	*model_register(SHADER_READY_LO) = 0;
	*model_register(TILER_READY_LO) = 0;
	*model_register(L2_READY_LO) = 0;
	spin_unlock_irqrestore(&model.lock, flags);
	atomic_set(&model.flushing, 0);
	fake_engine_reset(&model.engine);
	wake_up_all(&model.fault);
	/* What ran is over when the driver goes on, which waits for that, so it may sleep. */
	for (i = 0; i < NUM_JOB_SLOTS; i++)
		flush_work(&model.slot[i].work);
	model_raise(GPU, GPU_IRQ_RESET_COMPLETED);
}

/* Counter i becomes the number of the sample times a thousand, and i. */
static void model_sample(struct work_struct *work)
{
	u32 config = *model_register(GPU_PERFCNT_CFG);
	struct fake_job job = {
		.space = (u64)(config >> 4 & (SPACES - 1)) << SPACE_SHIFT,
		.resets = atomic_read(&model.engine.resets),
	};

	fake_engine_fill(&model.engine, &job, model_address(GPU_PERFCNT_BASE_LO),
			 ++model.samples * 1000, PERFCNT_WORDS);
	model_raise(GPU, GPU_IRQ_PERFCNT_SAMPLE_COMPLETED);
}

static void model_command(u32 command)
{
	switch (command) {
	case GPU_CMD_SOFT_RESET:
	case GPU_CMD_HARD_RESET:
		model_reset();
		break;
	case GPU_CMD_PERFCNT_CLEAR:
		model.samples = 0;
		break;
	case GPU_CMD_PERFCNT_SAMPLE:
		queue_work(model.wq, &model.sample);
		break;
	case GPU_CMD_CLEAN_CACHES:
	case GPU_CMD_CLEAN_INV_CACHES:
		model_raise(GPU, GPU_IRQ_CLEAN_CACHES_COMPLETED);
		break;
	}
}

static u32 model_read(u32 offset)
{
	enum line line;

	for (line = 0; line < LINES; line++)
		if (offset == lines[line].base + LINE_STAT)
			return READ_ONCE(*model_register(offset - LINE_STAT)) &
			       READ_ONCE(*model_register(offset - LINE_STAT + LINE_MASK));
	switch (offset) {
	case JOB_INT_JS_STATE:
		return model_job_state();
	case GPU_TIMESTAMP_LO:
	case GPU_CYCLE_COUNT_LO:
		return lower_32_bits(ktime_get_ns());
	case GPU_TIMESTAMP_HI:
	case GPU_CYCLE_COUNT_HI:
		return upper_32_bits(ktime_get_ns());
	}
	if (offset >= MMU_BASE && offset % MMU_AS_STRIDE == AS_STATUS(0) % MMU_AS_STRIDE)
		return atomic_dec_if_positive(&model.flushing) >= 0 ? AS_STATUS_AS_ACTIVE : 0;
	return READ_ONCE(*model_register(offset));
}

/* Which register an address is. */
static bool model_find(const volatile void __iomem *addr, u32 *offset)
{
	*offset = (__force unsigned long)addr - (unsigned long)model.regs;
	return !WARN_ONCE(*offset >= WINDOW_SIZE, "no register at %x\n", *offset);
}

u32 FAKE(readl)(const volatile void __iomem *addr)
{
	u32 offset;

	return model_find(addr, &offset) ? model_read(offset) : 0;
}
EXPORT_SYMBOL_GPL(FAKE(readl));

/* True if it is a register of an interrupt controller. */
static bool model_write_line(u32 offset, u32 value)
{
	unsigned long flags;
	enum line line;

	for (line = 0; line < LINES; line++) {
		u32 *status = model_register(lines[line].base + LINE_RAWSTAT);

		if (offset != lines[line].base + LINE_CLEAR &&
		    offset != lines[line].base + LINE_MASK)
			continue;
		spin_lock_irqsave(&model.lock, flags);
		if (offset == lines[line].base + LINE_CLEAR)
			*status &= ~value;
		else
			*model_register(offset) = value;
		model_raise_locked(line, 0);
		spin_unlock_irqrestore(&model.lock, flags);
		return true;
	}
	return false;
}

/* Cores get power at once, and lose it at once. */
static void model_write_power(u32 offset, u32 value)
{
	static const struct {
		u32 on, off, ready, present;
	} cores[] = {
		{ SHADER_PWRON_LO, SHADER_PWROFF_LO, SHADER_READY_LO, GPU_SHADER_PRESENT_LO },
		{ TILER_PWRON_LO, TILER_PWROFF_LO, TILER_READY_LO, GPU_TILER_PRESENT_LO },
		{ L2_PWRON_LO, L2_PWROFF_LO, L2_READY_LO, GPU_L2_PRESENT_LO },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cores); i++) {
		if (offset == cores[i].on)
			*model_register(cores[i].ready) |= value &
				*model_register(cores[i].present);
		if (offset == cores[i].off)
			*model_register(cores[i].ready) &= ~value;
	}
}

void FAKE(writel)(u32 value, volatile void __iomem *addr)
{
	u32 offset;

	if (!model_find(addr, &offset) || model_write_line(offset, value))
		return;
	WRITE_ONCE(*model_register(offset), value);
	if (offset == GPU_CMD)
		model_command(value);
	else if (offset >= MMU_BASE)
		model_write_space(offset, value);
	else if (offset >= JS_BASE)
		model_write_slot(offset, value);
	else
		model_write_power(offset, value);
}
EXPORT_SYMBOL_GPL(FAKE(writel));

void __iomem *FAKE(ioremap)(struct platform_device *pdev, const char *name)
{
	return (__force void __iomem *)model.regs;
}
EXPORT_SYMBOL_GPL(FAKE(ioremap));

/* With two supplies it knows nothing of frequencies. */
static const char * const model_supplies[] = { "mali", "sram" };

static const struct panfrost_compatible model_compatible = {
	.num_supplies = ARRAY_SIZE(model_supplies),
	.supply_names = model_supplies,
};

const void *FAKE(match_data)(const struct device *dev)
{
	return &model_compatible;
}
EXPORT_SYMBOL_GPL(FAKE(match_data));

enum dev_dma_attr FAKE(dma_attr)(const struct device *dev)
{
	return snoops ? DEV_DMA_COHERENT : DEV_DMA_NON_COHERENT;
}
EXPORT_SYMBOL_GPL(FAKE(dma_attr));

static void model_free(void)
{
	enum line line;

	if (model.lookup)
		clkdev_drop(model.lookup);
	if (!IS_ERR_OR_NULL(model.clk))
		clk_hw_unregister_fixed_rate(model.clk);
	if (model.wq) {
		flush_workqueue(model.wq);
		cancel_delayed_work_sync(&model.line_work);
		destroy_workqueue(model.wq);
	}
	irq_work_sync(&model.edge);
	for (line = 0; line < LINES; line++)
		if (model.irq[line] > 0)
			irq_free_desc(model.irq[line]);
	fake_engine_fini(&model.engine);
	debugfs_remove(model.dir);
	vfree(model.regs);
}

static int __init model_alloc_lines(void)
{
	enum line line;

	for (line = 0; line < LINES; line++) {
		model.irq[line] = irq_alloc_desc(NUMA_NO_NODE);
		if (model.irq[line] < 0)
			return model.irq[line];
		irq_set_chip_and_handler(model.irq[line], &dummy_irq_chip, handle_simple_irq);
	}
	return 0;
}

static int __init model_alloc_clock(void)
{
	model.clk = clk_hw_register_fixed_rate(NULL, "panfrost-model", NULL, 0, 500000000);
	if (IS_ERR(model.clk))
		return PTR_ERR(model.clk);
	model.lookup = clkdev_hw_create(model.clk, NULL, "panfrost");
	return model.lookup ? 0 : -ENOMEM;
}

static void __init model_identify(void)
{
	*model_register(GPU_ID) = 0x750 << 16;
	*model_register(GPU_MMU_FEATURES) = 40 << 8 | 48;
	*model_register(GPU_AS_PRESENT) = BIT(SPACES) - 1;
	*model_register(GPU_JS_PRESENT) = BIT(NUM_JOB_SLOTS) - 1;
	*model_register(GPU_THREAD_MAX_THREADS) = 256;
	*model_register(GPU_SHADER_PRESENT_LO) = 0xf;
	*model_register(GPU_TILER_PRESENT_LO) = 1;
	*model_register(GPU_L2_PRESENT_LO) = 1;
}

static int __init model_alloc(void)
{
	unsigned int i;
	int ret;

	spin_lock_init(&model.lock);
	init_waitqueue_head(&model.fault);
	INIT_DELAYED_WORK(&model.line_work, model_line_work);
	INIT_WORK(&model.sample, model_sample);
	model.edge = IRQ_WORK_INIT_HARD(model_edge);
	for (i = 0; i < NUM_JOB_SLOTS; i++)
		INIT_WORK(&model.slot[i].work, model_slot_work);
	model.regs = vzalloc(WINDOW_SIZE);
	model.wq = alloc_workqueue("panfrost-model", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!model.regs || !model.wq)
		return -ENOMEM;
	model_identify();
	ret = model_alloc_lines();
	if (!ret)
		ret = model_alloc_clock();
	if (ret)
		return ret;
	model.dir = debugfs_create_dir("panfrost-model", NULL);
	debugfs_create_u32("flush_polls", 0644, model.dir, &flush_polls);
	debugfs_create_bool("snoops", 0644, model.dir, &snoops);
	debugfs_create_atomic_t("waits", 0444, model.dir, &model.waits);
	return fake_engine_init(&model.engine, &model_engine_ops, model.dir);
}

static int __init model_init(void)
{
	struct resource res[LINES] = {};
	struct platform_device_info info = {
		.name = "panfrost", .id = PLATFORM_DEVID_NONE, .res = res, .num_res = LINES,
		.dma_mask = DMA_BIT_MASK(40),
	};
	enum line line;
	int ret;

	/* Without a device tree: supplies that nobody knows of are always on. */
	regulator_has_full_constraints();
	ret = model_alloc();
	if (!ret) {
		for (line = 0; line < LINES; line++)
			res[line] = DEFINE_RES_IRQ_NAMED(model.irq[line], lines[line].name);
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

MODULE_DESCRIPTION("Model of a Mali T760");
MODULE_LICENSE("GPL");
