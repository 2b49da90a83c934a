// SPDX-License-Identifier: GPL-2.0
/*
 * What the firmware of a PowerVR BXS-4-64 does, for the model of that device. The firmware's
 * file, which fw_imagination.py makes, has no code. Where the driver has put what both share, is
 * found as the firmware finds it: by the page catalogue that a register names.
 *
 * Commands of the kernel's buffer (KCCB) are answered before the driver's write to the register
 * returns, so no timeout of the driver's depends on how fast the host is. The buffers of contexts
 * (CCCBs) are worked on by a worker for each. Known are fences, updates and jobs; a job is an
 * array of commands for the engine, and registers of the job say where.
 *
 * Locks: the firmware's, around commands of the kernel; that of the buffer to the host is a
 * spinlock. Workers hold none.
 */
#include <linux/bitmap.h>
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "imagination/pvr_rogue_fwif.h"
#include "imagination/pvr_rogue_fwif_client.h"
#include "imagination/pvr_rogue_heap_config.h"

#include "fake_imagination.h"

#define QUEUES		64

/* Of an address of the firmware's; above it is how the processor caches it. */
#define OFFSET		GENMASK(27, 0)

/* Where the driver puts what it says first: a heap of 32 MiB, and what is at its end. */
#define CONFIG		(0x02000000 - 3 * 0x10000)
#define OSINIT		(CONFIG + 0x10000)
#define SYSINIT		(CONFIG + 0x20000)

#define KCCB_SLOTS	128

/* Of a context: its buffer of commands. */
struct fw_queue {
	struct work_struct work;
	/* Its address; 0 is no context. */
	u32 context;
	/* Where its commands end. */
	u32 end;
	struct fake_job job;
};

static struct {
	/* One command of the kernel after the other. */
	struct mutex lock;
	bool running;
	/* It does not answer any more. */
	bool stuck;
	/* Flushes are answered later. */
	bool slow;
	u64 space;
	struct fw_queue queue[QUEUES];
	/* Flushes that are to be answered, by slot. */
	struct work_struct late;
	DECLARE_BITMAP(late_slots, KCCB_SLOTS);
	/* Protects the buffer to the host. */
	spinlock_t host_lock;
	/* What the driver has said to the growth of a free list, once it has. */
	wait_queue_head_t wait;
	bool grown;
	struct rogue_fwif_freelist_gs_data growth;
	/* The page that the parameter manager has taken. */
	u64 managed_pfn;
	struct fake_engine *engine;
	struct workqueue_struct *wq;
	/* Raises the interrupt. */
	void (*raise)(void);
} fw;

u64 firmware_managed_pfn(void)
{
	return READ_ONCE(fw.managed_pfn);
}

void firmware_slow_flush(bool slow)
{
	WRITE_ONCE(fw.slow, slow);
}

/* Memory in an address space, up to the end of its page. */
static void *fw_access(u64 space, u64 addr)
{
	struct fake_job job = {
		.space = space | SPACE_PRIVILEGED, .resets = atomic_read(&fw.engine->resets),
	};

	return fake_engine_access(fw.engine, &job, addr, true);
}

static void *fw_memory(u32 addr)
{
	return fw_access(fw.space, ROGUE_FW_HEAP_BASE + (addr & OFFSET));
}

static bool fw_copy(u32 addr, void *mem, size_t size, bool write)
{
	size_t n;
	void *at;

	for (; size; size -= n, addr += n, mem += n) {
		n = min_t(size_t, size, FAKE_PAGE_SIZE - addr % FAKE_PAGE_SIZE);
		at = fw_memory(addr);
		if (!at)
			return false;
		memcpy(write ? at : mem, write ? mem : at, n);
	}
	return true;
}

static bool fw_read(u32 addr, void *mem, size_t size)
{
	return fw_copy(addr, mem, size, false);
}

static void fw_store(u32 addr, u32 value)
{
	u32 *mem = fw_memory(addr);

	if (mem)
		WRITE_ONCE(*mem, value);
}

static void fw_set_power(enum rogue_fwif_pow_state state)
{
	struct rogue_fwif_sysinit *sysinit = fw_memory(SYSINIT);
	struct rogue_fwif_sysdata *sysdata;

	sysdata = sysinit ? fw_memory(sysinit->fw_sys_data_fw_addr) : NULL;
	if (sysdata)
		WRITE_ONCE(sysdata->pow_state, state);
}

/* To the host. False if there is no room. */
static bool fw_tell(struct rogue_fwif_fwccb_cmd *cmd)
{
	struct rogue_fwif_osinit *osinit = fw_memory(OSINIT);
	struct rogue_fwif_ccb_ctl *ctl;
	bool room = false;
	u32 at, next;

	ctl = osinit ? fw_memory(osinit->firmware_ccbctl_fw_addr) : NULL;
	if (!ctl)
		return false;
	spin_lock(&fw.host_lock);
	at = ctl->write_offset;
	next = (at + 1) & ctl->wrap_mask;
	if (next != READ_ONCE(ctl->read_offset))
		room = fw_copy(osinit->firmware_ccb_fw_addr + at * sizeof(*cmd), cmd,
			       sizeof(*cmd), true);
	if (room)
		/* The command comes before. */
		smp_store_release(&ctl->write_offset, next);
	spin_unlock(&fw.host_lock);
	fw.raise();
	return room;
}

/* Where a job's commands are: what registers of it are used for that. */
static bool fw_find_commands(u32 type, u32 addr, struct fake_job *job)
{
	union {
		struct rogue_fwif_cmd_compute compute;
		struct rogue_fwif_cmd_transfer transfer;
	} cmd;

	switch (type) {
	case ROGUE_FWIF_CCB_CMD_TYPE_CDM:
		if (!fw_read(addr, &cmd.compute, sizeof(cmd.compute)))
			return false;
		job->at = cmd.compute.regs.cdm_ctrl_stream_base;
		job->end = cmd.compute.regs.cdm_context_state_base_addr;
		return true;
	case ROGUE_FWIF_CCB_CMD_TYPE_TQ_3D:
		if (!fw_read(addr, &cmd.transfer, sizeof(cmd.transfer)))
			return false;
		job->at = cmd.transfer.regs.pds_bgnd0_base;
		job->end = cmd.transfer.regs.pds_bgnd1_base;
		return true;
	default:
		return false;
	}
}

/* Addresses of commands have 32 bits, which count from the start of the general heap. */
static bool fw_job(struct fw_queue *queue, u32 type, u32 addr, u64 space)
{
	struct fake_job *job = &queue->job;

	*job = (struct fake_job) {
		.space = space | ROGUE_GENERAL_HEAP_BASE,
	};
	if (WARN_ONCE(!fw_find_commands(type, addr, job), "no job of type %x\n", type))
		return false;
	return fake_engine_run(fw.engine, job) && !READ_ONCE(fw.stuck);
}

/* Of a fence: has all of it come? Of an update: let it come. */
static bool fw_objects(u32 addr, u32 size, bool update)
{
	struct rogue_fwif_ufo ufo;
	u32 *mem;

	for (; size >= sizeof(ufo); size -= sizeof(ufo), addr += sizeof(ufo)) {
		mem = fw_read(addr, &ufo, sizeof(ufo)) ? fw_memory(ufo.addr & ~1) : NULL;
		if (!mem)
			return false;
		if (update)
			/* What the job stored comes before. */
			smp_store_release(mem, ufo.value);
		else if ((s32)(READ_ONCE(*mem) - ufo.value) < 0)
			return false;
	}
	return true;
}

/* False where the queue does not go on. */
static bool fw_queue_command(struct fw_queue *queue, const struct rogue_fwif_ccb_cmd_header *head,
			     u32 addr, u64 space)
{
	switch (head->cmd_type) {
	case ROGUE_FWIF_CCB_CMD_TYPE_FENCE:
	case ROGUE_FWIF_CCB_CMD_TYPE_FENCE_PR:
		return fw_objects(addr, head->cmd_size, false);
	case ROGUE_FWIF_CCB_CMD_TYPE_UPDATE:
		return fw_objects(addr, head->cmd_size, true);
	default:
		return fw_job(queue, head->cmd_type, addr, space);
	}
}

static void fw_queue_kick(struct fw_queue *queue)
{
	if (READ_ONCE(queue->context))
		queue_work(fw.wq, &queue->work);
}

/* Fences that others wait for may have come. */
static void fw_event(void)
{
	unsigned int i;

	for (i = 0; i < QUEUES; i++)
		fw_queue_kick(&fw.queue[i]);
	fw.raise();
}

/* Returns whether there may be more. */
static bool fw_queue_next(struct fw_queue *queue, const struct rogue_fwif_fwcommoncontext *context,
			  struct rogue_fwif_cccb_ctl *ctl, u64 space)
{
	struct rogue_fwif_ccb_cmd_header head;
	u32 at = ctl->read_offset, next = 0;

	if (at == READ_ONCE(queue->end) || !READ_ONCE(fw.running) ||
	    !fw_read(context->ccb_fw_addr + at, &head, sizeof(head)))
		return false;
	if (head.cmd_type != ROGUE_FWIF_CCB_CMD_TYPE_PADDING) {
		next = at + sizeof(head);
		if (!fw_queue_command(queue, &head, context->ccb_fw_addr + next, space))
			return false;
		next += head.cmd_size;
	}
	/* The driver may write there from now on. */
	smp_store_release(&ctl->read_offset, next & ctl->wrap_mask);
	if (head.cmd_type == ROGUE_FWIF_CCB_CMD_TYPE_UPDATE)
		fw_event();
	cond_resched();
	return true;
}

static void fw_queue_work(struct work_struct *work)
{
	struct fw_queue *queue = container_of(work, struct fw_queue, work);
	u32 addr = READ_ONCE(queue->context);
	struct rogue_fwif_fwmemcontext memory;
	struct rogue_fwif_fwcommoncontext context;
	struct rogue_fwif_cccb_ctl *ctl;

	if (!addr || !READ_ONCE(fw.running) || !fw_read(addr, &context, sizeof(context)) ||
	    !fw_read(context.fw_mem_context_fw_addr, &memory, sizeof(memory)))
		return;
	ctl = fw_memory(context.ccbctl_fw_addr);
	while (ctl && fw_queue_next(queue, &context, ctl, memory.pc_dev_paddr >> FAKE_PAGE_SHIFT <<
				    SPACE_SHIFT))
		;
}

/* That of a context, or one that is free for 0; NULL if there is none. */
static struct fw_queue *fw_find_queue(u32 context)
{
	unsigned int i;

	for (i = 0; i < QUEUES; i++)
		if (fw.queue[i].context == context)
			return &fw.queue[i];
	return NULL;
}

static void fw_kick_context(const struct rogue_fwif_kccb_cmd_kick_data *kick)
{
	struct fw_queue *queue = fw_find_queue(kick->context_fw_addr) ?: fw_find_queue(0);

	if (WARN_ONCE(!queue, "too many contexts\n"))
		return;
	WRITE_ONCE(queue->end, kick->client_woff_update);
	WRITE_ONCE(queue->context, kick->context_fw_addr);
	fw_queue_kick(queue);
}

/* The context is about to be freed: nothing of it is used any more. */
static void fw_clean_up(const struct rogue_fwif_cleanup_request *request)
{
	struct fw_queue *queue = NULL;

	if (request->cleanup_type == ROGUE_FWIF_CLEANUP_FWCOMMONCONTEXT)
		queue = fw_find_queue(request->cleanup_data.context_fw_addr);
	if (!queue)
		return;
	WRITE_ONCE(queue->context, 0);
	cancel_work_sync(&queue->work);
}

static void fw_flush(u32 flags)
{
	if (flags & ROGUE_FWIF_MMUCACHEDATA_FLAGS_TLB)
		fake_engine_flush(fw.engine, FAKE_TLB);
	if (flags & ROGUE_FWIF_MMUCACHEDATA_FLAGS_PT)
		fake_engine_flush(fw.engine, FAKE_WALK_CACHE);
}

static void fw_power(const struct rogue_fwif_power_request *request)
{
	struct rogue_fwif_osinit *osinit = fw_memory(OSINIT);
	struct rogue_fwif_osdata *osdata;

	osdata = osinit ? fw_memory(osinit->fw_os_data_fw_addr) : NULL;
	if (!osdata)
		return;
	fw_set_power(request->pow_type == ROGUE_FWIF_POW_OFF_REQ ? ROGUE_FWIF_POW_OFF :
								   ROGUE_FWIF_POW_FORCED_IDLE);
	fw_store(osdata->power_sync_fw_addr, 1);
}

/* Returns what is said of it at once, or 0 for what is answered later. */
static u32 fw_command(const struct rogue_fwif_kccb_cmd *cmd, u32 slot)
{
	switch (cmd->cmd_type) {
	case ROGUE_FWIF_KCCB_CMD_KICK:
		fw_kick_context(&cmd->cmd_data.cmd_kick_data);
		break;
	case ROGUE_FWIF_KCCB_CMD_MMUCACHE:
		if (READ_ONCE(fw.slow) && slot < KCCB_SLOTS) {
			set_bit(slot, fw.late_slots);
			queue_work(fw.wq, &fw.late);
			return 0;
		}
		fw_flush(cmd->cmd_data.mmu_cache_data.cache_flags);
		break;
	case ROGUE_FWIF_KCCB_CMD_CLEANUP:
		fw_clean_up(&cmd->cmd_data.cleanup_data);
		break;
	case ROGUE_FWIF_KCCB_CMD_POW:
		fw_power(&cmd->cmd_data.pow_data);
		break;
	case ROGUE_FWIF_KCCB_CMD_FREELIST_GROW_UPDATE:
		fw.growth = cmd->cmd_data.free_list_gs_data;
		/* Pairs with firmware_overflow(). */
		smp_store_release(&fw.grown, true);
		wake_up(&fw.wait);
		break;
	default:
		break;
	}
	return ROGUE_FWIF_KCCB_RTN_SLOT_CMD_EXECUTED;
}

/* Flushes that took longer; all that is known is forgotten. */
static void fw_late_work(struct work_struct *work)
{
	struct rogue_fwif_osinit *osinit = fw_memory(OSINIT);
	DECLARE_BITMAP(slots, KCCB_SLOTS);
	u32 slot;

	/* Who asks later is answered later. */
	bitmap_zero(slots, KCCB_SLOTS);
	for (slot = 0; slot < KCCB_SLOTS; slot++)
		if (test_and_clear_bit(slot, fw.late_slots))
			__set_bit(slot, slots);
	fw_flush(~0);
	for_each_set_bit(slot, slots, KCCB_SLOTS)
		if (osinit)
			fw_store(osinit->kernel_ccb_rtn_slots_fw_addr + slot * sizeof(u32),
				 ROGUE_FWIF_KCCB_RTN_SLOT_CMD_EXECUTED);
	fw.raise();
}

static void fw_commands(void)
{
	struct rogue_fwif_osinit *osinit = fw_memory(OSINIT);
	struct rogue_fwif_kccb_cmd cmd;
	struct rogue_fwif_ccb_ctl *ctl;
	struct rogue_fwif_osdata *osdata;
	u32 slot, answer;

	ctl = osinit ? fw_memory(osinit->kernel_ccbctl_fw_addr) : NULL;
	osdata = osinit ? fw_memory(osinit->fw_os_data_fw_addr) : NULL;
	if (WARN_ON_ONCE(!ctl || !osdata))
		return;
	while ((slot = ctl->read_offset) != READ_ONCE(ctl->write_offset)) {
		if (!fw_read(osinit->kernel_ccb_fw_addr + slot * sizeof(cmd), &cmd, sizeof(cmd)))
			break;
		answer = fw_command(&cmd, slot);
		if (answer)
			fw_store(osinit->kernel_ccb_rtn_slots_fw_addr + slot * sizeof(u32), answer);
		osdata->kccb_cmds_executed++;
		/* What is said of it comes before. */
		smp_store_release(&ctl->read_offset, (slot + 1) & ctl->wrap_mask);
	}
	fw.raise();
}

void firmware_kick(void)
{
	mutex_lock(&fw.lock);
	if (fw.running && !READ_ONCE(fw.stuck))
		fw_commands();
	mutex_unlock(&fw.lock);
}

/* Pages that were added are different ones, and nobody else's. Returns the first of them. */
static u64 fw_added_pages(struct fake_engine *engine, u64 space, u64 addr, u32 nr)
{
	u32 i, *entry, first = 0, last = 0;

	for (i = 0; i < nr; i++) {
		entry = fw_access(space, addr + i * sizeof(*entry));
		if (!entry || *entry == last || !pfn_valid(*entry) ||
		    !page_count(pfn_to_page(*entry))) {
			atomic_inc(&engine->counts->malformed);
			return 0;
		}
		last = *entry;
		first = first ?: last;
	}
	return first;
}

/* A page of a free list, which the driver lets grow for that. It is filled from its end. */
u64 firmware_overflow(struct fake_engine *engine, const struct fake_job *job)
{
	struct rogue_fwif_fwccb_cmd cmd = { .cmd_type = ROGUE_FWIF_FWCCB_CMD_FREELIST_GROW };
	struct rogue_fwif_freelist list;
	u64 pfn;

	cmd.cmd_data.cmd_free_list_gs.freelist_id = job->heap;
	WRITE_ONCE(fw.grown, false);
	if (!fw_tell(&cmd))
		return 0;
	/* Pairs with fw_command(). */
	wait_event(fw.wait, smp_load_acquire(&fw.grown) || !READ_ONCE(fw.running));
	if (!fw.grown || !fw_read(fw.growth.freelist_fw_addr, &list, sizeof(list)))
		return 0;
	pfn = fw_added_pages(engine, job->space, list.freelist_dev_addr +
			     (list.max_pages - fw.growth.new_pages) * sizeof(u32),
			     fw.growth.delta_pages);
	if (!pfn)
		return 0;
	WRITE_ONCE(fw.managed_pfn, pfn);
	/* Another page may have been there. */
	fw_flush(~0);
	return MANAGED_BASE | pfn << FAKE_PAGE_SHIFT;
}

/* It asks to be started again, and answers nothing until it is. */
void firmware_fatal(struct fake_engine *engine, const struct fake_job *job)
{
	struct rogue_fwif_fwccb_cmd cmd = {
		.cmd_type = ROGUE_FWIF_FWCCB_CMD_REQUEST_GPU_RESTART,
	};

	WRITE_ONCE(fw.stuck, true);
	fw_tell(&cmd);
}

/* What runs does not go on. */
void firmware_stop(void)
{
	unsigned int i;

	mutex_lock(&fw.lock);
	if (!fw.running) {
		mutex_unlock(&fw.lock);
		return;
	}
	WRITE_ONCE(fw.running, false);
	mutex_unlock(&fw.lock);
	wake_up(&fw.wait);
	fake_engine_reset(fw.engine);
	cancel_work_sync(&fw.late);
	for (i = 0; i < QUEUES; i++) {
		cancel_work_sync(&fw.queue[i].work);
		WRITE_ONCE(fw.queue[i].context, 0);
	}
}

void firmware_boot(u64 catalogue)
{
	struct rogue_fwif_sysinit *sysinit;

	mutex_lock(&fw.lock);
	fw.space = catalogue >> FAKE_PAGE_SHIFT << SPACE_SHIFT;
	bitmap_zero(fw.late_slots, KCCB_SLOTS);
	WRITE_ONCE(fw.stuck, false);
	sysinit = fw_memory(SYSINIT);
	if (!WARN_ON_ONCE(!sysinit)) {
		fw_set_power(ROGUE_FWIF_POW_IDLE);
		WRITE_ONCE(fw.running, true);
		WRITE_ONCE(sysinit->firmware_started, true);
		fw.raise();
	}
	mutex_unlock(&fw.lock);
}

void firmware_init(struct fake_engine *engine, struct workqueue_struct *wq, void (*raise)(void))
{
	unsigned int i;

	mutex_init(&fw.lock);
	spin_lock_init(&fw.host_lock);
	init_waitqueue_head(&fw.wait);
	INIT_WORK(&fw.late, fw_late_work);
	for (i = 0; i < QUEUES; i++)
		INIT_WORK(&fw.queue[i].work, fw_queue_work);
	fw.engine = engine;
	fw.wq = wq;
	fw.raise = raise;
}
