// SPDX-License-Identifier: GPL-2.0
/*
 * What the firmware of a Mali-G610's microcontroller does, for the model of that device. The
 * firmware's file, which fw_panthor.py makes, is nothing but the memory through which driver
 * and firmware talk; where it is, is found as the microcontroller finds it, by the page table
 * of address space 0.
 *
 * Requests of the driver are answered before its write to the doorbell returns, so no timeout
 * of the driver's depends on how fast the host is. Command streams are run by a worker for each
 * slot of a group. Known are the instructions that the driver wraps a job in; what they call is
 * an array of commands for the engine.
 *
 * Locks: the firmware's, around what a doorbell asks for; then that of a slot, around events.
 */
#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "panthor/panthor_fw.h"
#include "panthor/panthor_fw_regs.h"

#include "fake_panthor.h"

/* As fw_panthor.py lays out what both share. */
#define SHARED		0x04000000
#define GROUPS		3
#define GROUP_OFFSET	0x1000
#define GROUP_STRIDE	0x800
#define STREAMS		8
#define STREAM_OFFSET	0x40
#define STREAM_STRIDE	0x10

/* Of the answer, the rest follows the request. */
#define GROUP_EVENTS	(CSG_SYNC_UPDATE | CSG_IDLE | CSG_PROGRESS_TIMER_EVENT)

/* What a fault is said to be. */
#define FAULT_UNRECOVERABLE	0x41
#define FAULT_OOM		0x60

/* Where memory begins in the chunk of a heap, and what its descriptor has of the address. */
#define CHUNK_HEADER	64
#define CHUNK_ADDR	GENMASK_ULL(47, 12)

enum instruction {
	MOVE48 = 1,
	MOVE32 = 2,
	CALL = 32,
	STORE_STATE = 40,
	ERROR_BARRIER = 47,
	SYNC_ADD64 = 51,
};

/* A slot of the firmware's for a group of command streams. */
struct csf_group {
	struct work_struct work;
	/* Protects what is written of events. */
	spinlock_t lock;
	/* The worker waits for the driver, or to be stopped. */
	wait_queue_head_t wait;
	bool running;
	/* The address space was disabled by a fault: nothing goes on. */
	bool faulted;
	/* A job waited when the group was stopped; it begins again when that goes on. */
	bool broken_off;
	/* It has done something since it was last said to be idle. */
	bool worked;
	/* Of the stream that runs. */
	struct fake_job job;
	unsigned int stream;
	u64 regs[256];
};

static struct {
	/* One request after the other. */
	struct mutex lock;
	struct csf_group group[GROUPS];
	/* As the register has it. */
	u32 status;
	struct fake_engine *engine;
	struct workqueue_struct *wq;
	/* Raises the interrupt of jobs. */
	void (*raise)(u32 bits);
} csf;

u32 csf_status(void)
{
	return READ_ONCE(csf.status);
}

/* Nothing of the address space goes on. */
void csf_fault(u32 space)
{
	unsigned int i;

	for (i = 0; i < GROUPS; i++)
		if (csf.group[i].job.space >> SPACE_SHIFT == space)
			WRITE_ONCE(csf.group[i].faulted, true);
}

/* Memory of the microcontroller, which never crosses a page here. */
static void *csf_mcu(u64 addr)
{
	struct fake_job none = { .resets = atomic_read(&csf.engine->resets) };

	return fake_engine_access(csf.engine, &none, addr, true);
}

static void *csf_group_control(unsigned int nr)
{
	return csf_mcu(SHARED + GROUP_OFFSET + nr * GROUP_STRIDE);
}

static bool csf_find_group(unsigned int nr, struct panthor_fw_csg_input_iface **in,
			   struct panthor_fw_csg_output_iface **out)
{
	struct panthor_fw_csg_control_iface *control = csf_group_control(nr);

	*in = control ? csf_mcu(control->input_va) : NULL;
	*out = control ? csf_mcu(control->output_va) : NULL;
	return *in && *out;
}

static bool csf_find_stream(unsigned int nr, unsigned int stream,
			    struct panthor_fw_cs_input_iface **in,
			    struct panthor_fw_cs_output_iface **out)
{
	struct panthor_fw_cs_control_iface *control = csf_group_control(nr);

	if (!control)
		return false;
	control = (void *)control + STREAM_OFFSET + stream * STREAM_STRIDE;
	*in = csf_mcu(control->input_va);
	*out = csf_mcu(control->output_va);
	return *in && *out;
}

/* An event is pending while answer and request differ. */
static void csf_group_event(struct csf_group *group, u32 event)
{
	struct panthor_fw_csg_output_iface *out;
	struct panthor_fw_csg_input_iface *in;
	u32 nr = group - csf.group;

	if (!csf_find_group(nr, &in, &out))
		return;
	spin_lock(&group->lock);
	WRITE_ONCE(out->ack, (out->ack & ~event) | (~READ_ONCE(in->req) & event));
	spin_unlock(&group->lock);
	csf.raise(JOB_INT_CSG_IF(nr));
}

static bool csf_stream_answered(struct panthor_fw_cs_input_iface *in,
				struct panthor_fw_cs_output_iface *out, u32 event)
{
	return !((READ_ONCE(in->req) ^ READ_ONCE(out->ack)) & event);
}

/* An event of the stream that runs, and what the driver says to it. False if it is stopped. */
static bool csf_stream_event(struct csf_group *group, u32 event,
			     struct panthor_fw_cs_input_iface *cs_in,
			     struct panthor_fw_cs_output_iface *cs_out)
{
	struct panthor_fw_csg_output_iface *out;
	struct panthor_fw_csg_input_iface *in;
	u32 nr = group - csf.group;

	if (!csf_find_group(nr, &in, &out))
		return false;
	spin_lock(&group->lock);
	WRITE_ONCE(cs_out->ack, (cs_out->ack & ~event) | (~READ_ONCE(cs_in->req) & event));
	/* One that was not seen yet stays pending. */
	WRITE_ONCE(out->cs_irq_req, (out->cs_irq_req & ~BIT(group->stream)) |
				    (~READ_ONCE(in->cs_irq_ack) & BIT(group->stream)));
	spin_unlock(&group->lock);
	csf.raise(JOB_INT_CSG_IF(nr));
	wait_event(group->wait, csf_stream_answered(cs_in, cs_out, event) ||
		   !READ_ONCE(group->running));
	group->broken_off = !csf_stream_answered(cs_in, cs_out, event);
	return !group->broken_off;
}

/*
 * The tiler's heap is used up. Without a chunk, and without a handler for that, the job is at
 * fault.
 */
u64 csf_overflow(struct fake_engine *engine, const struct fake_job *job)
{
	struct csf_group *group = container_of(job, struct csf_group, job);
	struct panthor_fw_cs_output_iface *out;
	struct panthor_fw_cs_input_iface *in;

	if (!csf_find_stream(group - csf.group, group->stream, &in, &out))
		return 0;
	WRITE_ONCE(in->heap_start, 0);
	out->heap_address = job->heap;
	out->heap_vt_start = 1;
	out->heap_vt_end = 0;
	out->heap_frag_end = 0;
	if (!csf_stream_event(group, CS_TILER_OOM, in, out))
		return 0;
	if (in->heap_start)
		return (in->heap_start & CHUNK_ADDR) + CHUNK_HEADER;
	out->fault = FAULT_OOM;
	out->fault_info = 0;
	csf_stream_event(group, CS_FAULT, in, out);
	return 0;
}

/* Nothing of the group goes on; the driver resets the device. */
void csf_fatal(struct fake_engine *engine, const struct fake_job *job)
{
	struct csf_group *group = container_of(job, struct csf_group, job);
	struct panthor_fw_cs_output_iface *out;
	struct panthor_fw_cs_input_iface *in;

	WRITE_ONCE(group->faulted, true);
	if (!csf_find_stream(group - csf.group, group->stream, &in, &out))
		return;
	out->fatal = FAULT_UNRECOVERABLE;
	out->fatal_info = 0;
	csf_stream_event(group, CS_FATAL, in, out);
}

static bool csf_call(struct csf_group *group, u64 start, u64 size)
{
	struct fake_job *job = &group->job;

	job->at = start;
	job->end = start + size;
	job->heap = 0;
	return fake_engine_run(csf.engine, job) && !READ_ONCE(group->faulted) &&
	       !group->broken_off;
}

/* Of a word in memory. */
static bool csf_store(struct csf_group *group, u64 addr, u64 value, bool add)
{
	u64 *mem = fake_engine_access(csf.engine, &group->job, addr, true);

	if (!mem)
		return false;
	WRITE_ONCE(*mem, value + (add ? READ_ONCE(*mem) : 0));
	return true;
}

/* False where the stream does not go on. */
static bool csf_instruction(struct csf_group *group, u64 instruction)
{
	u64 addr = group->regs[instruction >> 40 & 0xff];
	u64 value = group->regs[instruction >> 32 & 0xff];

	switch (instruction >> 56) {
	case MOVE48:
		group->regs[instruction >> 48 & 0xff] = instruction & GENMASK_ULL(47, 0);
		return true;
	case MOVE32:
		group->regs[instruction >> 48 & 0xff] = lower_32_bits(instruction);
		return true;
	case CALL:
		return csf_call(group, addr, value);
	case STORE_STATE:
		return csf_store(group, addr, ktime_get_ns(), false);
	case SYNC_ADD64:
		if (!csf_store(group, addr, value, true))
			return false;
		csf_group_event(group, CSG_SYNC_UPDATE);
		return true;
	default:
		return true;
	}
}

/*
 * It is stopped between two jobs, so that none is run twice. Returns whether it has nothing
 * left to do.
 */
static bool csf_run_stream(struct csf_group *group, unsigned int stream)
{
	struct panthor_fw_ringbuf_output_iface *ring_out;
	struct panthor_fw_ringbuf_input_iface *ring_in;
	struct panthor_fw_cs_output_iface *out;
	struct panthor_fw_cs_input_iface *in;
	u64 at, *mem;

	if (!csf_find_stream(group - csf.group, stream, &in, &out) ||
	    (READ_ONCE(out->ack) & CS_STATE_MASK) != CS_STATE_START)
		return true;
	ring_in = csf_mcu(in->ringbuf_input);
	ring_out = csf_mcu(in->ringbuf_output);
	if (!ring_in || !ring_out)
		return true;
	group->stream = stream;
	for (at = ring_out->extract; at != READ_ONCE(ring_in->insert); ) {
		if (READ_ONCE(group->faulted) ||
		    (at == ring_out->extract && !READ_ONCE(group->running)))
			return false;
		mem = fake_engine_access(csf.engine, &group->job, in->ringbuf_base +
					 (at & (in->ringbuf_size - 1)), false);
		if (!mem || !csf_instruction(group, *mem))
			return false;
		group->worked = true;
		at += sizeof(*mem);
		if (*mem >> 56 == ERROR_BARRIER || at == READ_ONCE(ring_in->insert))
			WRITE_ONCE(ring_out->extract, at);
		cond_resched();
	}
	return true;
}

static void csf_group_work(struct work_struct *work)
{
	struct csf_group *group = container_of(work, struct csf_group, work);
	bool idle = true;
	unsigned int i;

	for (i = 0; i < STREAMS; i++)
		idle &= csf_run_stream(group, i);
	if (idle && group->worked && READ_ONCE(group->running)) {
		group->worked = false;
		csf_group_event(group, CSG_IDLE);
	}
}

static void csf_group_kick(unsigned int nr)
{
	if (READ_ONCE(csf.group[nr].running))
		queue_work(csf.wq, &csf.group[nr].work);
}

static void csf_group_start(unsigned int nr, u32 space)
{
	struct csf_group *group = &csf.group[nr];

	group->job = (struct fake_job) {
		.space = (u64)space << SPACE_SHIFT,
		.resets = atomic_read(&csf.engine->resets),
	};
	WRITE_ONCE(group->faulted, false);
	group->broken_off = false;
	WRITE_ONCE(group->running, true);
}

/* A job that runs comes to its end, unless it waits. */
static void csf_group_stop(unsigned int nr)
{
	struct csf_group *group = &csf.group[nr];

	WRITE_ONCE(group->running, false);
	wake_up(&group->wait);
	cancel_work_sync(&group->work);
}

static void csf_stop_all(void)
{
	unsigned int i;

	for (i = 0; i < GROUPS; i++)
		csf_group_stop(i);
}

/* Requests to the streams of a group; one that is new to the slot has no events. */
static void csf_answer_streams(unsigned int nr, bool starts)
{
	u32 mask = starts ? ~0 : CS_REQ_MASK;
	struct panthor_fw_cs_output_iface *out;
	struct panthor_fw_cs_input_iface *in;
	unsigned int i;

	for (i = 0; i < STREAMS; i++) {
		if (!csf_find_stream(nr, i, &in, &out))
			continue;
		spin_lock(&csf.group[nr].lock);
		WRITE_ONCE(out->ack, (READ_ONCE(in->req) & mask) | (out->ack & ~mask));
		spin_unlock(&csf.group[nr].lock);
		out->status_blocked_reason = CS_STATUS_BLOCKED_REASON_UNBLOCKED;
		out->status_scoreboards = 0;
	}
}

/* What the driver wants of a group, and of its streams. */
static void csf_answer_group(unsigned int nr)
{
	struct panthor_fw_csg_output_iface *out;
	struct panthor_fw_csg_input_iface *in;
	bool starts = false, changed;
	u32 req, state;

	if (!csf_find_group(nr, &in, &out))
		return;
	req = READ_ONCE(in->req);
	state = req & CSG_STATE_MASK;
	changed = (req ^ out->ack) & ~GROUP_EVENTS;
	if ((req ^ out->ack) & CSG_STATE_MASK) {
		csf_group_stop(nr);
		starts = state == CSG_STATE_START || state == CSG_STATE_RESUME;
		if (starts)
			csf_group_start(nr, in->config);
	}
	if (changed)
		csf_answer_streams(nr, starts);
	WRITE_ONCE(out->doorbell_ack, READ_ONCE(in->doorbell_req));
	spin_lock(&csf.group[nr].lock);
	WRITE_ONCE(out->ack, (req & ~GROUP_EVENTS) | (out->ack & GROUP_EVENTS));
	spin_unlock(&csf.group[nr].lock);
	wake_up(&csf.group[nr].wait);
	csf_group_kick(nr);
	if (changed)
		csf.raise(JOB_INT_CSG_IF(nr));
}

static void csf_answer_all(void)
{
	struct panthor_fw_global_control_iface *control = csf_mcu(SHARED);
	struct panthor_fw_global_output_iface *out;
	struct panthor_fw_global_input_iface *in;
	u32 req, bells;
	unsigned int i;

	in = control ? csf_mcu(control->input_va) : NULL;
	out = control ? csf_mcu(control->output_va) : NULL;
	if (!in || !out)
		return;
	req = READ_ONCE(in->req);
	if (req & ~out->ack & GLB_HALT) {
		csf_stop_all();
		WRITE_ONCE(csf.status, MCU_STATUS_HALT);
	}
	bells = READ_ONCE(in->doorbell_req) ^ out->doorbell_ack;
	WRITE_ONCE(out->doorbell_ack, READ_ONCE(in->doorbell_req));
	for (i = 0; i < GROUPS; i++)
		if (bells & BIT(i))
			csf_answer_group(i);
	if (req != out->ack) {
		WRITE_ONCE(out->ack, req);
		csf.raise(JOB_INT_GLOBAL_IF);
	}
}

void csf_doorbell(u32 nr)
{
	mutex_lock(&csf.lock);
	if (csf_status() == MCU_STATUS_ENABLED) {
		if (nr == CSF_GLB_DOORBELL_ID)
			csf_answer_all();
		else if (nr <= GROUPS)
			csf_group_kick(nr - 1);
	}
	mutex_unlock(&csf.lock);
}

/* All that it has to say when it starts is in memory already. */
void csf_boot(bool on)
{
	mutex_lock(&csf.lock);
	if (!on)
		csf_stop_all();
	WRITE_ONCE(csf.status, on ? MCU_STATUS_ENABLED : MCU_STATUS_DISABLED);
	if (on)
		csf.raise(JOB_INT_GLOBAL_IF);
	mutex_unlock(&csf.lock);
}

/* The driver has stopped it before, or is about to start it. */
void csf_reset(void)
{
	WRITE_ONCE(csf.status, MCU_STATUS_DISABLED);
}

void csf_init(struct fake_engine *engine, struct workqueue_struct *wq, void (*raise)(u32 bits))
{
	unsigned int i;

	mutex_init(&csf.lock);
	csf.engine = engine;
	csf.wq = wq;
	csf.raise = raise;
	for (i = 0; i < GROUPS; i++) {
		INIT_WORK(&csf.group[i].work, csf_group_work);
		spin_lock_init(&csf.group[i].lock);
		init_waitqueue_head(&csf.group[i].wait);
	}
}
