// SPDX-License-Identifier: GPL-2.0
/*
 * A model of a Meteor Lake's NPU, for its driver on machines that have none: registers, one
 * interrupt, and an engine behind an MMU whose commands, contexts and page tables are in memory.
 * What the firmware does is in fake_ivpu_fw.c.
 *
 * A PCI function of QEMU's that does nothing lends its place: it gets the NPU's number.
 *
 * Locks: the model's, around registers; taken in the driver's interrupt handler, too.
 */
#include <linux/bitfield.h>
#include <linux/debugfs.h>
#include <linux/dma-direct.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "ivpu/ivpu_hw_37xx_reg.h"
#include "ivpu/ivpu_hw_btrs_mtl_reg.h"

#include "fake_ivpu.h"

#define FAKE_DRIVER ivpu
#include "fake_io.h"
#include "fake_io_ivpu.h"

/* pci-testdev, and what it pretends to be. */
#define LENT_VENDOR	0x1b36
#define LENT_DEVICE	0x0005
#define NPU_DEVICE	0x7d1d

/* Nobody accesses what the driver takes for its windows, so they need not be there. */
#define WINDOW_V	0x100000000000ul
#define WINDOW_B	0x100010000000ul
#define WINDOW_SIZE	0x10000000ul

/* Registers of the MMU, in the first window. */
#define MMU_CR0		0x200020u
#define MMU_CR0ACK	0x200024u
#define MMU_IRQ_CTRL	0x200050u
#define MMU_IRQ_ACK	0x200054u
#define MMU_STRTAB	0x200080u
#define MMU_CMDQ_BASE	0x200090u
#define MMU_CMDQ_PROD	0x200098u
#define MMU_CMDQ_CONS	0x20009cu
#define MMU_ON		BIT(0)

#define CMDQ_SLOTS	16u
#define CMDQ_WRAP	(2 * CMDQ_SLOTS - 1)
#define CMD_TLBI_ASID	0x11u
#define CMD_TLBI_ALL	0x30u
#define CMD_ASID	GENMASK_ULL(63, 48)

#define TABLE_ADDR	GENMASK_ULL(47, 12)
#define CONTEXTS_ADDR	GENMASK_ULL(51, 6)
#define CONTEXT_SIZE	64
#define CONTEXT_VALID	BIT_ULL(31)
#define PTE_VALID	3ull
#define PTE_READONLY	BIT_ULL(7)
#define PTE_CONT	BIT_ULL(52)
#define PTES_CONT	16

#define DOORBELLS	256
#define DOORBELL_STRIDE	(VPU_37XX_CPU_SS_DOORBELL_1 - VPU_37XX_CPU_SS_DOORBELL_0)

static struct {
	/* By address: what was written last. Those of the second window come behind the first. */
	struct xarray regs;
	/* Protects registers of interrupts. */
	spinlock_t lock;
	struct workqueue_struct *wq;
	struct delayed_work line;
	struct irq_work edge;
	int irq;
	struct pci_dev *pdev;
	/* Reads that still find the MMU's commands under way. */
	atomic_t flushing;
	struct fake_engine engine;
	struct dentry *dir;
} model;

/* How often the driver has to look until the MMU has done its commands; for tests, by debugfs. */
static u32 flush_polls;

/* What a register answers at once by another one. */
static const struct {
	u32 from, to;
} mirrors[] = {
	{ VPU_37XX_HOST_SS_NOC_QREQN, VPU_37XX_HOST_SS_NOC_QACCEPTN },
	{ VPU_37XX_TOP_NOC_QREQN, VPU_37XX_TOP_NOC_QACCEPTN },
	{ VPU_37XX_HOST_SS_AON_PWR_ISLAND_EN0, VPU_37XX_HOST_SS_AON_PWR_ISLAND_STATUS0 },
	{ MMU_CR0, MMU_CR0ACK },
	{ MMU_IRQ_CTRL, MMU_IRQ_ACK },
};

static u32 model_get(unsigned long reg)
{
	void *value = xa_load(&model.regs, reg);

	return value ? xa_to_value(value) : 0;
}

/* Each is written at probe, so that no memory is needed for it later. */
static void model_set(unsigned long reg, u32 value)
{
	unsigned long flags;

	xa_lock_irqsave(&model.regs, flags);
	__xa_store(&model.regs, reg, xa_mk_value(value), GFP_ATOMIC);
	xa_unlock_irqrestore(&model.regs, flags);
}

static u64 model_get64(unsigned long reg)
{
	return model_get(reg) | (u64)model_get(reg + 4) << 32;
}

/* Of the second window. */
static unsigned long buttress(u32 reg)
{
	return WINDOW_SIZE + reg;
}

static bool model_line_is_high(void)
{
	return model_get(VPU_37XX_HOST_SS_ICB_STATUS_0) &
	       model_get(VPU_37XX_HOST_SS_ICB_ENABLE_0) &&
	       !model_get(buttress(VPU_HW_BTRS_MTL_GLOBAL_INT_MASK));
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

void fake_ivpu_raise(void)
{
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	model_set(VPU_37XX_HOST_SS_ICB_STATUS_0, model_get(VPU_37XX_HOST_SS_ICB_STATUS_0) |
		  VPU_37XX_HOST_SS_ICB_STATUS_0_HOST_IPC_FIFO_INT_MASK);
	spin_unlock_irqrestore(&model.lock, flags);
	mod_delayed_work(model.wq, &model.line, 0);
}

static u64 model_load(u64 addr)
{
	return READ_ONCE(*(u64 *)phys_to_virt(dma_to_phys(&model.pdev->dev, addr)));
}

/* The descriptor of a context: its page table, or 0. */
static u64 model_table(u64 ssid)
{
	u64 stream, context;

	if (!(model_get(MMU_CR0) & MMU_ON))
		return 0;
	stream = model_load(model_get64(MMU_STRTAB) & CONTEXTS_ADDR);
	context = (stream & CONTEXTS_ADDR) + ssid * CONTEXT_SIZE;
	if (!(stream & 1) || !(model_load(context) & CONTEXT_VALID))
		return 0;
	return model_load(context + sizeof(u64)) & TABLE_ADDR;
}

static struct fake_translation model_walk(struct fake_engine *engine, u64 page)
{
	u64 entry = model_table(page >> (MODEL_SSID_SHIFT - FAKE_PAGE_SHIFT)) | PTE_VALID;
	struct fake_translation translation = {};
	int shift;

	for (shift = 27; shift >= 0; shift -= 9) {
		if ((entry & PTE_VALID) != PTE_VALID || !(entry & TABLE_ADDR))
			return translation;
		entry = model_load((entry & TABLE_ADDR) + (page >> shift & 511) * sizeof(u64));
	}
	translation.pfn = PHYS_PFN(dma_to_phys(&model.pdev->dev, entry & TABLE_ADDR));
	translation.valid = (entry & PTE_VALID) == PTE_VALID;
	translation.writable = !(entry & PTE_READONLY);
	/* A page of a large one is where it is in both. */
	translation.malformed = translation.valid && entry & PTE_CONT &&
				((entry >> FAKE_PAGE_SHIFT) ^ page) & (PTES_CONT - 1);
	return translation;
}

static bool model_fault(struct fake_engine *engine, struct fake_job *job, u64 addr, bool write)
{
	return false;
}

static const struct fake_engine_ops model_engine_ops = {
	.walk = model_walk,
	.fault = model_fault,
};

static void model_command(u64 command)
{
	u64 first = FIELD_GET(CMD_ASID, command) << (MODEL_SSID_SHIFT - FAKE_PAGE_SHIFT);

	switch (command & 0xff) {
	case CMD_TLBI_ASID:
		fake_engine_flush_range(&model.engine, first, first +
					BIT_ULL(MODEL_SSID_SHIFT - FAKE_PAGE_SHIFT) - 1);
		break;
	case CMD_TLBI_ALL:
		fake_engine_flush(&model.engine, FAKE_TLB);
		fake_engine_flush(&model.engine, FAKE_WALK_CACHE);
		break;
	}
}

static void model_commands(u32 prod)
{
	u64 base = model_get64(MMU_CMDQ_BASE) & GENMASK_ULL(51, 5);
	u32 cons;

	for (cons = model_get(MMU_CMDQ_CONS); cons != prod; cons = (cons + 1) & CMDQ_WRAP)
		model_command(model_load(base + cons % CMDQ_SLOTS * 16));
	atomic_set(&model.flushing, READ_ONCE(flush_polls));
	model_set(MMU_CMDQ_CONS, cons);
}

/* The driver asks for a frequency, and 0 is none. */
static void model_work_point(void)
{
	bool on = model_get(buttress(VPU_HW_BTRS_MTL_WP_REQ_PAYLOAD1)) &
		  VPU_HW_BTRS_MTL_WP_REQ_PAYLOAD1_TARGET_RATIO_MASK;

	model_set(buttress(VPU_HW_BTRS_MTL_PLL_STATUS),
		  on ? VPU_HW_BTRS_MTL_PLL_STATUS_LOCK_MASK : 0);
	model_set(buttress(VPU_HW_BTRS_MTL_VPU_STATUS), VPU_HW_BTRS_MTL_VPU_STATUS_IDLE_MASK |
		  (on ? VPU_HW_BTRS_MTL_VPU_STATUS_READY_MASK : 0));
}

static void model_reset(void)
{
	unsigned long reg;
	void *value;

	fake_ivpu_fw_stop();
	xa_for_each_range(&model.regs, reg, value, 0, WINDOW_SIZE - 1)
		model_set(reg, 0);
	fake_engine_reset(&model.engine);
}

static void model_write_buttress(u32 reg, u32 value)
{
	switch (reg) {
	case VPU_HW_BTRS_MTL_INTERRUPT_STAT:
		value = model_get(buttress(reg)) & ~value;
		break;
	case VPU_HW_BTRS_MTL_WP_REQ_CMD:
		model_work_point();
		value = 0;
		break;
	case VPU_HW_BTRS_MTL_VPU_IP_RESET:
		model_reset();
		value = 0;
		break;
	}
	model_set(buttress(reg), value);
	if (reg == VPU_HW_BTRS_MTL_GLOBAL_INT_MASK)
		mod_delayed_work(model.wq, &model.line, 0);
}

static void model_clear_interrupts(u32 bits)
{
	unsigned long flags;

	spin_lock_irqsave(&model.lock, flags);
	model_set(VPU_37XX_HOST_SS_ICB_STATUS_0,
		  model_get(VPU_37XX_HOST_SS_ICB_STATUS_0) & ~bits);
	spin_unlock_irqrestore(&model.lock, flags);
}

static void model_write(u32 reg, u32 value)
{
	u32 db = (reg - VPU_37XX_CPU_SS_DOORBELL_0) / DOORBELL_STRIDE;
	unsigned int i;

	model_set(reg, value);
	for (i = 0; i < ARRAY_SIZE(mirrors); i++)
		if (mirrors[i].from == reg)
			model_set(mirrors[i].to, value);
	if (reg >= VPU_37XX_CPU_SS_DOORBELL_0 && db < DOORBELLS)
		fake_ivpu_fw_doorbell(db);
	switch (reg) {
	case VPU_37XX_HOST_SS_ICB_CLEAR_0:
		model_clear_interrupts(value);
		break;
	case VPU_37XX_HOST_SS_ICB_ENABLE_0:
		mod_delayed_work(model.wq, &model.line, 0);
		break;
	case VPU_37XX_HOST_SS_LOADING_ADDRESS_LO:
		if (value & VPU_37XX_HOST_SS_LOADING_ADDRESS_LO_DONE_MASK)
			fake_ivpu_fw_boot();
		break;
	case VPU_37XX_CPU_SS_TIM_IPC_FIFO:
		fake_ivpu_fw_message(value);
		break;
	case MMU_CMDQ_PROD:
		model_commands(value);
		break;
	}
}

static bool model_find(const volatile void __iomem *addr, unsigned long *reg)
{
	*reg = (__force unsigned long)addr - WINDOW_V;
	return !WARN_ONCE(*reg >= 2 * WINDOW_SIZE, "no register at %lx\n", *reg);
}

u32 FAKE(readl)(const volatile void __iomem *addr)
{
	unsigned long reg;

	if (!model_find(addr, &reg))
		return 0;
	switch (reg) {
	case VPU_37XX_HOST_SS_TIM_IPC_FIFO_STAT:
		return FIELD_PREP(VPU_37XX_HOST_SS_TIM_IPC_FIFO_STAT_FILL_LEVEL_MASK,
				  fake_ivpu_fw_level());
	case VPU_37XX_HOST_SS_TIM_IPC_FIFO_ATM:
		return fake_ivpu_fw_pop();
	case MMU_CMDQ_CONS:
		if (atomic_dec_if_positive(&model.flushing) >= 0)
			return (model_get(reg) - 1) & CMDQ_WRAP;
		break;
	}
	return model_get(reg);
}
EXPORT_SYMBOL_GPL(FAKE(readl));

void FAKE(writel)(u32 value, volatile void __iomem *addr)
{
	unsigned long reg;

	if (!model_find(addr, &reg))
		return;
	if (reg >= WINDOW_SIZE)
		model_write_buttress(reg - WINDOW_SIZE, value);
	else
		model_write(reg, value);
}
EXPORT_SYMBOL_GPL(FAKE(writel));

u64 FAKE(readq)(const volatile void __iomem *addr)
{
	return FAKE(readl)(addr) | (u64)FAKE(readl)(addr + 4) << 32;
}
EXPORT_SYMBOL_GPL(FAKE(readq));

void FAKE(writeq)(u64 value, volatile void __iomem *addr)
{
	FAKE(writel)(upper_32_bits(value), addr + 4);
	FAKE(writel)(lower_32_bits(value), addr);
}
EXPORT_SYMBOL_GPL(FAKE(writeq));

void __iomem *FAKE(map)(const struct pci_dev *pdev, const struct resource *bar)
{
	return (void __iomem *)(bar == &pdev->resource[0] ? WINDOW_V : WINDOW_B);
}
EXPORT_SYMBOL_GPL(FAKE(map));

int FAKE(irq)(const struct pci_dev *pdev)
{
	return model.irq;
}
EXPORT_SYMBOL_GPL(FAKE(irq));

static void model_lend(u16 vendor, u16 device)
{
	device_lock(&model.pdev->dev);
	model.pdev->vendor = vendor;
	model.pdev->device = device;
	device_unlock(&model.pdev->dev);
}

static void model_free(void)
{
	if (model.pdev)
		model_lend(LENT_VENDOR, LENT_DEVICE);
	pci_dev_put(model.pdev);
	if (model.irq > 0) {
		cancel_delayed_work_sync(&model.line);
		irq_work_sync(&model.edge);
		irq_free_desc(model.irq);
	}
	fake_ivpu_fw_fini();
	fake_engine_fini(&model.engine);
	if (model.wq)
		destroy_workqueue(model.wq);
	xa_destroy(&model.regs);
	debugfs_remove(model.dir);
}

static int __init model_init_irq(void)
{
	INIT_DELAYED_WORK(&model.line, model_line_work);
	model.edge = IRQ_WORK_INIT_HARD(model_edge);
	model.wq = alloc_workqueue("ivpu-model", WQ_UNBOUND, 0);
	if (!model.wq)
		return -ENOMEM;
	model.irq = irq_alloc_desc(NUMA_NO_NODE);
	if (model.irq < 0)
		return model.irq;
	irq_set_chip_and_handler(model.irq, &dummy_irq_chip, handle_simple_irq);
	return 0;
}

static int __init model_alloc(void)
{
	int ret;

	xa_init(&model.regs);
	spin_lock_init(&model.lock);
	model.dir = debugfs_create_dir("ivpu-model", NULL);
	debugfs_create_u32("flush_polls", 0644, model.dir, &flush_polls);
	ret = fake_engine_init(&model.engine, &model_engine_ops, model.dir);
	if (!ret)
		ret = fake_ivpu_fw_init(&model.engine);
	if (!ret)
		ret = model_init_irq();
	if (ret)
		return ret;
	model_set(buttress(VPU_HW_BTRS_MTL_FMIN_FUSE), 10 | 20 << 8);
	model_set(buttress(VPU_HW_BTRS_MTL_FMAX_FUSE), 40);
	model.pdev = pci_get_device(LENT_VENDOR, LENT_DEVICE, NULL);
	if (!model.pdev)
		return -ENODEV;
	model_lend(PCI_VENDOR_ID_INTEL, NPU_DEVICE);
	return 0;
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

MODULE_DESCRIPTION("Model of a Meteor Lake's NPU");
MODULE_LICENSE("GPL");
