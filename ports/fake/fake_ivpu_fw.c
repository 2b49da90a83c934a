// SPDX-License-Identifier: GPL-2.0
/*
 * What the firmware of the model of an NPU does: it says that it has started, answers messages,
 * and takes jobs from the queues of which it was told. Scheduling is the kernel's, as for
 * firmware up to version 3.23 of the interface. A job is an array of commands for the engine.
 *
 * Locks: the firmware's, a leaf; taken in the driver's interrupt handler, too.
 */
#include <linux/workqueue.h>

#include "ivpu/ivpu_drv.h"
#include "ivpu/vpu_boot_api.h"
#include "ivpu/vpu_jsm_api.h"

#include "fake_ivpu.h"

#define DOORBELLS	256
#define FIFO_SIZE	64
/* Messages that are under way at a time. */
#define SLOTS		16
#define PAYLOAD_SIZE	512

struct model_queue {
	u64 base;
	u32 nr_entries;
	u32 ssid;
	bool on;
};

static struct {
	struct fake_engine *engine;
	struct workqueue_struct *wq;
	struct work_struct jobs;
	/* Protects what follows. */
	spinlock_t lock;
	struct model_queue queues[DOORBELLS];
	u32 fifo[FIFO_SIZE];
	unsigned int head, level;
	u64 headers, payloads;
	unsigned int slot;
	u64 heartbeat;
} fw;

/* In the context of the firmware. */
static bool fw_copy(u64 addr, void *buf, size_t size, bool write)
{
	struct fake_job job = { .resets = atomic_read(&fw.engine->resets) };
	size_t n;
	void *mem;

	for (; size; size -= n, addr += n, buf += n) {
		n = min(size, FAKE_PAGE_SIZE - addr % FAKE_PAGE_SIZE);
		mem = fake_engine_access(fw.engine, &job, addr, write);
		if (!mem)
			return false;
		memcpy(write ? mem : buf, write ? buf : mem, n);
	}
	return true;
}

u32 fake_ivpu_fw_level(void)
{
	return READ_ONCE(fw.level);
}

u32 fake_ivpu_fw_pop(void)
{
	unsigned long flags;
	u32 addr = U32_MAX;

	spin_lock_irqsave(&fw.lock, flags);
	if (fw.level) {
		addr = fw.fifo[fw.head++ % FIFO_SIZE];
		fw.level--;
	}
	spin_unlock_irqrestore(&fw.lock, flags);
	return addr;
}

static void fw_push(u32 addr)
{
	unsigned long flags;

	spin_lock_irqsave(&fw.lock, flags);
	if (fw.level < FIFO_SIZE)
		fw.fifo[(fw.head + fw.level++) % FIFO_SIZE] = addr;
	spin_unlock_irqrestore(&fw.lock, flags);
	fake_ivpu_raise();
}

static void fw_send(u16 channel, const struct vpu_jsm_msg *msg)
{
	struct ivpu_ipc_hdr header = {
		.data_addr = IVPU_IPC_BOOT_MSG_DATA_ADDR, .data_size = sizeof(*msg),
		.channel = channel, .src_node = 1, .status = IVPU_IPC_HDR_ALLOCATED,
	};
	unsigned long flags;
	unsigned int slot;
	u64 at;

	spin_lock_irqsave(&fw.lock, flags);
	slot = fw.slot++ % SLOTS;
	spin_unlock_irqrestore(&fw.lock, flags);
	at = fw.headers + slot * sizeof(header);
	if (msg) {
		header.data_addr = fw.payloads + slot * PAYLOAD_SIZE;
		if (!fw_copy(header.data_addr, (void *)msg, sizeof(*msg), true))
			return;
	}
	if (fw_copy(at, &header, sizeof(header), true))
		fw_push(at);
}

void fake_ivpu_fw_boot(void)
{
	static struct vpu_boot_params params;

	if (!fw_copy(MODEL_BOOT_PARAMS, &params, sizeof(params), false))
		return;
	fw.headers = params.ipc_header_area_start;
	fw.payloads = params.ipc_payload_area_start;
	fw_send(IVPU_IPC_CHAN_BOOT_MSG, NULL);
}

/* Jobs that run end by the reset of the engine, which is next. */
void fake_ivpu_fw_stop(void)
{
	unsigned long flags;

	spin_lock_irqsave(&fw.lock, flags);
	memset(fw.queues, 0, sizeof(fw.queues));
	fw.level = 0;
	spin_unlock_irqrestore(&fw.lock, flags);
}

static void fw_set_queue(u32 db, const struct model_queue *queue)
{
	unsigned long flags;

	spin_lock_irqsave(&fw.lock, flags);
	fw.queues[db % DOORBELLS] = *queue;
	spin_unlock_irqrestore(&fw.lock, flags);
}

/* Makes an answer of a message. */
static void fw_answer(struct vpu_jsm_msg *msg)
{
	struct vpu_ipc_msg_payload_register_db *reg = &msg->payload.register_db;
	struct model_queue queue = {};

	switch (msg->type) {
	case VPU_JSM_MSG_REGISTER_DB:
		queue.base = reg->jobq_base;
		queue.ssid = reg->host_ssid;
		queue.nr_entries = (reg->jobq_size - sizeof(struct vpu_job_queue_header)) /
				   sizeof(union vpu_jobq_slot);
		queue.on = true;
		fallthrough;
	case VPU_JSM_MSG_UNREGISTER_DB:
		fw_set_queue(reg->db_idx, &queue);
		break;
	case VPU_JSM_MSG_PWR_D0I3_ENTER:
		/* It loses its power next, and looks at no queue any more. */
		flush_work(&fw.jobs);
		break;
	case VPU_JSM_MSG_QUERY_ENGINE_HB:
		msg->payload.query_engine_hb_done.heartbeat = ++fw.heartbeat;
		break;
	}
	/* Of those that the driver sends to such firmware. */
	msg->type += VPU_JSM_MSG_ASYNC_CMD_DONE - VPU_JSM_MSG_ASYNC_CMD;
	msg->result = VPU_JSM_STATUS_SUCCESS;
	msg->status = VPU_JSM_MSG_ALLOCATED;
}

void fake_ivpu_fw_message(u32 addr)
{
	u32 free = VPU_JSM_MSG_FREE;
	struct ivpu_ipc_hdr header;
	struct vpu_jsm_msg msg;

	if (!fw_copy(addr, &header, sizeof(header), false) ||
	    !fw_copy(header.data_addr, &msg, sizeof(msg), false))
		return;
	fw_copy(header.data_addr + offsetof(struct vpu_jsm_msg, status), &free, sizeof(free), true);
	header.status = IVPU_IPC_HDR_FREE;
	fw_copy(addr, &header, sizeof(header), true);
	fw_answer(&msg);
	fw_send(header.channel, &msg);
}

void fake_ivpu_fw_doorbell(unsigned int db)
{
	queue_work(fw.wq, &fw.jobs);
}

static bool fw_run(const struct model_queue *queue, const struct vpu_job_queue_entry *entry)
{
	struct vpu_jsm_msg msg = {
		.type = VPU_JSM_MSG_JOB_DONE, .status = VPU_JSM_MSG_ALLOCATED,
		.payload.job_done = { .job_id = entry->job_id, .host_ssid = queue->ssid },
	};
	struct fake_job job = {
		.at = entry->batch_buf_addr, .end = entry->batch_buf_addr + FAKE_PAGE_SIZE,
		.space = (u64)queue->ssid << MODEL_SSID_SHIFT,
	};

	if (!fake_engine_run(fw.engine, &job))
		return false;
	fw_send(VPU_IPC_CHAN_JOB_RET, &msg);
	return true;
}

static void fw_serve(const struct model_queue *queue)
{
	struct vpu_job_queue_header header;
	struct vpu_job_queue_entry entry;
	u64 at;

	while (fw_copy(queue->base, &header, sizeof(header), false) &&
	       header.head != header.tail && header.head < queue->nr_entries) {
		at = queue->base + sizeof(header) + header.head * sizeof(union vpu_jobq_slot);
		if (!fw_copy(at, &entry, sizeof(entry), false) || !fw_run(queue, &entry))
			return;
		header.head = (header.head + 1) % queue->nr_entries;
		if (!fw_copy(queue->base + offsetof(struct vpu_job_queue_header, head),
			     &header.head, sizeof(header.head), true))
			return;
	}
}

static void fw_jobs(struct work_struct *work)
{
	struct model_queue queue;
	unsigned long flags;
	unsigned int db;

	for (db = 0; db < DOORBELLS; db++) {
		spin_lock_irqsave(&fw.lock, flags);
		queue = fw.queues[db];
		spin_unlock_irqrestore(&fw.lock, flags);
		if (queue.on)
			fw_serve(&queue);
	}
}

/* Undone by fake_ivpu_fw_fini(), also where it fails. */
int fake_ivpu_fw_init(struct fake_engine *engine)
{
	fw.engine = engine;
	spin_lock_init(&fw.lock);
	INIT_WORK(&fw.jobs, fw_jobs);
	fw.wq = alloc_workqueue("ivpu-firmware", WQ_UNBOUND, 0);
	return fw.wq ? 0 : -ENOMEM;
}

void fake_ivpu_fw_fini(void)
{
	if (fw.wq)
		destroy_workqueue(fw.wq);
}
