// SPDX-License-Identifier: GPL-2.0
/*
 * A model of a V3D 4.2, for its driver on machines that have none: registers, one
 * interrupt line, and an engine behind four queues that walks the driver's page table.
 *
 * Locks: the model's, around registers; taken in the driver's interrupt handler, too.
 */
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

#include "v3d/v3d_regs.h"

#include "fake_engine.h"

#define FAKE_DRIVER v3d
#include "fake_io.h"

#define MODEL_VERSION	42
#define WINDOW_SIZE	0x10000

/* Of the page table: a word for each page of 4 GiB. */
#define PTE_PAGE	GENMASK(23, 0)
#define PTE_VALID	BIT(28)
#define PTE_WRITABLE	BIT(29)
#define PTE_64K		BIT(30)
#define PTE_1M		BIT(31)

enum window {
	HUB,
	CORE,
	BRIDGE,
	WINDOWS,
};

static const char * const window_names[WINDOWS] = { "hub", "core0", "bridge" };

enum queue {
	BIN,
	RENDER,
	TFU,
	CSD,
	QUEUES,
};

/* What a queue says when a job of it is done, and where. */
static const struct {
	enum window window;
	u32 bit;
} queue_done[QUEUES] = {
	[BIN] = { CORE, V3D_INT_FLDONE },
	[RENDER] = { CORE, V3D_INT_FRDONE },
	[TFU] = { HUB, V3D_HUB_INT_TFUC },
	[CSD] = { CORE, V3D_INT_CSDDONE(MODEL_VERSION) },
};

struct model_queue {
	struct work_struct work;
	/* What the registers said when the job was started. */
	u32 start, end, groups;
};

static struct {
	u32 *regs[WINDOWS];
	/* Protects registers of interrupts. */
	spinlock_t lock;
	struct model_queue queue[QUEUES];
	struct workqueue_struct *wq;
	/* A job that waits for memory. */
	wait_queue_head_t overflow;
	/* Reads that still find a flush under way. */
	atomic_t flushing;
	struct delayed_work line;
	struct irq_work edge;
	int irq;
	struct platform_device *pdev;
	struct fake_engine engine;
	struct dentry *dir;
} model;

/* How often the driver has to look until a flush is over; for tests, by debugfs. */
static u32 flush_polls;

static u32 *model_register(enum window window, u32 offset)
{
	return &model.regs[window][offset / sizeof(u32)];
}

/* Which register an address is. */
static bool model_find(const volatile void __iomem *addr, enum window *window, u32 *offset)
{
	unsigned long at = (__force unsigned long)addr;

	for (*window = 0; *window < WINDOWS; ++*window) {
		unsigned long base = (unsigned long)model.regs[*window];

		if (at >= base && at < base + WINDOW_SIZE) {
			*offset = at - base;
			return true;
		}
	}
	WARN_ONCE(1, "no register at %lx\n", at);
	return false;
}

static bool model_line_is_high(void)
{
	u32 core = *model_register(CORE, V3D_CTL_INT_STS);
	u32 hub = *model_register(HUB, V3D_HUB_INT_STS);

	return core & ~*model_register(CORE, V3D_CTL_INT_MSK_STS) ||
	       hub & ~*model_register(HUB, V3D_HUB_INT_MSK_STS);
}

static void model_edge(struct irq_work *work)
{
	generic_handle_irq_safe(model.irq);
}

/* An edge that comes while the last one is handled is lost, so they go on. */
static void model_line_work(struct work_struct *work)
{
	unsigned long flags;
	bool high;

	spin_lock_irqsave(&model.lock, flags);
	high = model_line_is_high();
	spin_unlock_irqrestore(&model.lock, flags);
	if (!high)
		return;
	irq_work_queue(&model.edge);
	queue_delayed_work(model.wq, &model.line, 1);
}

static void model_line(void)
{
	mod_delayed_work(model.wq, &model.line, 0);
}

static void model_raise(enum window window, u32 bits)
{
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	*model_register(window, window == HUB ? V3D_HUB_INT_STS : V3D_CTL_INT_STS) |= bits;
	spin_unlock_irqrestore(&model.lock, flags);
	model_line();
}

static struct fake_translation model_walk(struct fake_engine *engine, u64 page)
{
	dma_addr_t base = (dma_addr_t)READ_ONCE(*model_register(HUB, V3D_MMU_PT_PA_BASE)) <<
			  FAKE_PAGE_SHIFT;
	u32 *table = phys_to_virt(dma_to_phys(&model.pdev->dev, base));
	struct fake_translation translation = {};
	u32 pte, apart;

	if (page >> 20 || !base)
		return translation;
	pte = READ_ONCE(table[page]);
	translation.pfn = PHYS_PFN(dma_to_phys(&model.pdev->dev,
					       (dma_addr_t)(pte & PTE_PAGE) << FAKE_PAGE_SHIFT));
	translation.valid = pte & PTE_VALID;
	translation.writable = pte & PTE_WRITABLE;
	/* A page of a large one is where it is in both. */
	apart = (pte & PTE_PAGE) ^ (u32)page;
	translation.malformed = (pte & PTE_1M && apart & (SZ_1M / FAKE_PAGE_SIZE - 1)) ||
				(pte & PTE_64K && apart & (SZ_64K / FAKE_PAGE_SIZE - 1));
	return translation;
}

static bool model_fault(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	WRITE_ONCE(*model_register(HUB, V3D_MMU_VIO_ADDR), (u32)addr);
	model_raise(HUB, V3D_HUB_INT_MMU_PTI);
	return false;
}

/* The binner has no memory left, and stands until it has. */
static u64 model_overflow(struct fake_engine *engine, const struct fake_job *job)
{
	int resets = atomic_read(&engine->resets);
	u32 *size = model_register(CORE, V3D_PTB_BPOS);

	WRITE_ONCE(*size, 0);
	model_raise(CORE, V3D_INT_OUTOMEM);
	wait_event(model.overflow, READ_ONCE(*size) || atomic_read(&engine->resets) != resets);
	return READ_ONCE(*size) ? READ_ONCE(*model_register(CORE, V3D_PTB_BPOA)) : 0;
}

static const struct fake_engine_ops model_engine_ops = {
	.walk = model_walk,
	.fault = model_fault,
	.overflow = model_overflow,
};

static void model_run(enum queue q)
{
	struct model_queue *queue = &model.queue[q];
	struct fake_job job = {
		.at = queue->start, .end = queue->end, .groups = queue->groups,
	};

	if (q == BIN || q == RENDER)
		job.progress = model_register(CORE, V3D_CLE_CTNCA(q));
	else
		job.progress = model_register(CORE, V3D_CSD_CURRENT_CFG4(MODEL_VERSION));
	if (fake_engine_run(&model.engine, &job))
		model_raise(queue_done[q].window, queue_done[q].bit);
}

static void model_queue_work(struct work_struct *work)
{
	model_run(container_of(work, struct model_queue, work) - model.queue);
}

/* The texture unit copies as many words as its register for strides says. */
static void model_tfu_work(struct work_struct *work)
{
	struct fake_job job = { .resets = atomic_read(&model.engine.resets) };

	fake_engine_copy(&model.engine, &job, *model_register(HUB, V3D_TFU_IOA(MODEL_VERSION)),
			 *model_register(HUB, V3D_TFU_IIA(MODEL_VERSION)),
			 *model_register(HUB, V3D_TFU_IIS(MODEL_VERSION)));
	if (atomic_read(&model.engine.resets) != job.resets)
		return;
	atomic_inc(&model.engine.counts->jobs);
	model_raise(HUB, V3D_HUB_INT_TFUC);
}

static void model_start(enum queue q, u32 start, u32 end, u32 groups)
{
	model.queue[q].start = start;
	model.queue[q].end = end;
	model.queue[q].groups = groups;
	queue_work(model.wq, &model.queue[q].work);
}

static u32 model_flush_bits(u32 value, u32 bit)
{
	return atomic_dec_if_positive(&model.flushing) >= 0 ? value | bit : value & ~bit;
}

static u32 model_read(enum window window, u32 offset)
{
	u32 value = READ_ONCE(*model_register(window, offset));

	switch (window) {
	case BRIDGE:
		/* The newer kind, whose reset is the other register. */
		return offset == V3D_TOP_GR_BRIDGE_REVISION ? 7 << 8 : value;
	case CORE:
		/* Caches of the core are not modelled: flushing them takes no time. */
		return offset == V3D_CTL_L2TCACTL ? 0 : value;
	default:
		break;
	}
	switch (offset) {
	case V3D_MMU_DEBUG_INFO:
		/* 36 bits of physical, 32 of its own addresses. */
		return 6 << V3D_MMU_PA_WIDTH_SHIFT | 2 << V3D_MMU_VA_WIDTH_SHIFT;
	case V3D_HUB_IDENT1:
		return 1 << V3D_HUB_IDENT1_NCORES_SHIFT | V3D_HUB_IDENT1_WITH_TFU |
		       MODEL_VERSION % 10 << V3D_HUB_IDENT1_REV_SHIFT |
		       MODEL_VERSION / 10 << V3D_HUB_IDENT1_TVER_SHIFT;
	case V3D_HUB_IDENT3:
		return 1 << V3D_HUB_IDENT3_IPREV_SHIFT;
	case V3D_MMUC_CONTROL:
		return model_flush_bits(value, V3D_MMUC_CONTROL_FLUSHING);
	case V3D_MMU_CTL:
		return model_flush_bits(value, V3D_MMU_CTL_TLB_CLEARING);
	default:
		return value;
	}
}

u32 FAKE(readl)(const volatile void __iomem *addr)
{
	enum window window;
	u32 offset;

	return model_find(addr, &window, &offset) ? model_read(window, offset) : 0;
}
EXPORT_SYMBOL_GPL(FAKE(readl));

/* True if it is a register of an interrupt controller; both have the same layout. */
static bool model_write_interrupts(enum window window, u32 offset, u32 value)
{
	u32 *status = model_register(window, V3D_CTL_INT_STS);
	u32 *mask = model_register(window, V3D_CTL_INT_MSK_STS);
	unsigned long flags;
	bool known = true;

	BUILD_BUG_ON(V3D_CTL_INT_STS != V3D_HUB_INT_STS);
	spin_lock_irqsave(&model.lock, flags);
	switch (offset) {
	case V3D_CTL_INT_SET:
		*status |= value;
		break;
	case V3D_CTL_INT_CLR:
		*status &= ~value;
		break;
	case V3D_CTL_INT_MSK_SET:
		*mask |= value;
		break;
	case V3D_CTL_INT_MSK_CLR:
		*mask &= ~value;
		break;
	default:
		known = false;
	}
	spin_unlock_irqrestore(&model.lock, flags);
	if (known)
		model_line();
	return known;
}

static void model_write_core(u32 offset, u32 value)
{
	u32 groups;

	switch (offset) {
	case V3D_CLE_CT0QEA:
		model_start(BIN, *model_register(CORE, V3D_CLE_CT0QBA), value, 0);
		break;
	case V3D_CLE_CT1QEA:
		model_start(RENDER, *model_register(CORE, V3D_CLE_CT1QBA), value, 0);
		break;
	case V3D_CSD_QUEUED_CFG0(MODEL_VERSION):
		groups = (value >> 16) * (*model_register(CORE, offset + 4) >> 16) *
			 (*model_register(CORE, offset + 8) >> 16);
		/* The addresses of the shader and of its uniforms: begin and end of commands. */
		model_start(CSD, *model_register(CORE, offset + 20),
			    *model_register(CORE, offset + 24), groups);
		break;
	case V3D_PTB_BPOS:
		wake_up(&model.overflow);
		break;
	}
}

static void model_write_hub(u32 offset, u32 value)
{
	switch (offset) {
	case V3D_MMUC_CONTROL:
		if (value & V3D_MMUC_CONTROL_FLUSH) {
			fake_engine_flush(&model.engine, FAKE_WALK_CACHE);
			atomic_set(&model.flushing, READ_ONCE(flush_polls));
		}
		break;
	case V3D_MMU_CTL:
		if (value & V3D_MMU_CTL_TLB_CLEAR) {
			fake_engine_flush(&model.engine, FAKE_TLB);
			atomic_set(&model.flushing, READ_ONCE(flush_polls));
			/* The bit is an order, not a state. */
			WRITE_ONCE(*model_register(HUB, offset), value & ~V3D_MMU_CTL_TLB_CLEAR);
		}
		break;
	case V3D_TFU_ICFG(MODEL_VERSION):
		queue_work(model.wq, &model.queue[TFU].work);
		break;
	}
}

static void model_write(enum window window, u32 offset, u32 value)
{
	if (window != BRIDGE && model_write_interrupts(window, offset, value))
		return;
	WRITE_ONCE(*model_register(window, offset), value);
	if (window == CORE) {
		model_write_core(offset, value);
	} else if (window == HUB) {
		model_write_hub(offset, value);
	} else if (offset == V3D_TOP_GR_BRIDGE_SW_INIT_1 && value) {
		fake_engine_reset(&model.engine);
		wake_up(&model.overflow);
	}
}

void FAKE(writel)(u32 value, volatile void __iomem *addr)
{
	enum window window;
	u32 offset;

	if (model_find(addr, &window, &offset))
		model_write(window, offset, value);
}
EXPORT_SYMBOL_GPL(FAKE(writel));

void __iomem *FAKE(ioremap)(struct platform_device *pdev, const char *name)
{
	int i = match_string(window_names, WINDOWS, name);

	return i < 0 ? IOMEM_ERR_PTR(-EINVAL) : (__force void __iomem *)model.regs[i];
}
EXPORT_SYMBOL_GPL(FAKE(ioremap));

const void *FAKE(match_data)(const struct device *dev)
{
	return (const void *)MODEL_VERSION;
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
		irq_free_desc(model.irq);
	fake_engine_fini(&model.engine);
	debugfs_remove(model.dir);
	for (i = 0; i < WINDOWS; i++)
		vfree(model.regs[i]);
}

static int __init model_alloc(void)
{
	unsigned int i;

	spin_lock_init(&model.lock);
	init_waitqueue_head(&model.overflow);
	INIT_DELAYED_WORK(&model.line, model_line_work);
	model.edge = IRQ_WORK_INIT_HARD(model_edge);
	for (i = 0; i < QUEUES; i++)
		INIT_WORK(&model.queue[i].work, i == TFU ? model_tfu_work : model_queue_work);
	for (i = 0; i < WINDOWS; i++) {
		model.regs[i] = vzalloc(WINDOW_SIZE);
		if (!model.regs[i])
			return -ENOMEM;
	}
	model.wq = alloc_workqueue("v3d-model", WQ_UNBOUND, 0);
	if (!model.wq)
		return -ENOMEM;
	/* irq_sim, which not every kernel has, does the same. */
	model.irq = irq_alloc_desc(NUMA_NO_NODE);
	if (model.irq < 0)
		return model.irq;
	irq_set_chip_and_handler(model.irq, &dummy_irq_chip, handle_simple_irq);
	model.dir = debugfs_create_dir("v3d-model", NULL);
	debugfs_create_u32("flush_polls", 0644, model.dir, &flush_polls);
	return fake_engine_init(&model.engine, &model_engine_ops, model.dir);
}

static int __init model_init(void)
{
	struct platform_device_info info = {
		.name = "v3d", .id = PLATFORM_DEVID_NONE, .num_res = 1,
		.dma_mask = DMA_BIT_MASK(36),
	};
	struct resource irq;
	int ret;

	ret = model_alloc();
	if (!ret) {
		irq = DEFINE_RES_IRQ(model.irq);
		info.res = &irq;
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

MODULE_DESCRIPTION("Model of a V3D");
MODULE_LICENSE("GPL");
