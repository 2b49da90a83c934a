// SPDX-License-Identifier: GPL-2.0
/*
 * The commands of the engine: a table tells what each takes and how it is executed.
 *
 * They are executed while others wait for the fence of the job: no memory is allocated,
 * and the only locks taken are those of the page tables and of accesses, for one piece.
 */

#include <linux/ktime.h>
#include <linux/nospec.h>
#include <linux/wait.h>

#include "vuma_cmd.h"
#include "vuma_drv.h"
#include "vuma_heap.h"
#include "vuma_job.h"
#include "vuma_vm.h"

/* How much is done under a lock at once. */
#define VUMA_CHUNK_BYTES	SZ_64K
#define VUMA_CHUNK_HOPS		256
/* How often OP_WAIT looks. */
#define VUMA_LOOK_NS		(NSEC_PER_MSEC / 2)

/* Which fields an opcode uses. */
#define USES_DST	BIT(0)
#define USES_SRC	BIT(1)
#define USES_SRC2	BIT(2)
#define USES_SIZE	BIT(3)
#define USES_ARG0	BIT(4)
#define USES_ARG1	BIT(5)

struct vuma_piece;
struct vuma_run;

/**
 * struct vuma_opcode - one command
 */
struct vuma_opcode {
	/** @run: executes it. NULL: there is no such command. */
	void (*run)(struct vuma_run *run, const struct drm_vuma_cmd *cmd);
	/** @piece: does a part of it, where @run is vuma_run_stream(). */
	void (*piece)(const struct drm_vuma_cmd *cmd, struct vuma_piece *piece);
	/** @arg0_max: largest arg0. */
	u64 arg0_max;
	/** @uses: USES_*; other fields are 0. */
	u32 uses;
	/** @dst_size: bytes written at dst when all is done; 0: size bytes, as it goes. */
	u32 dst_size;
	/** @flags_max: largest flags. */
	u32 flags_max;
};

/**
 * struct vuma_run - a job being executed
 */
struct vuma_run {
	/** @job: the job. */
	struct vuma_job *job;
	/** @vm: its address space. */
	struct vuma_vm *vm;
	/** @op: of the command that is executed. */
	const struct vuma_opcode *op;
	/** @fault: why it stops, if it does. */
	enum drm_vuma_fault fault;
	/** @fault_addr: the access that faulted. */
	u64 fault_addr;
	/** @render: what a heap has can be worked off, to go on after @fault. */
	bool render;
};

/**
 * struct vuma_piece - the part of a command done at once, and sums so far
 */
struct vuma_piece {
	/** @dst: where to write. */
	u64 *dst;
	/** @src: what to read. */
	const u64 *src;
	/** @src2: what else to read. */
	const u64 *src2;
	/** @first: index of the first word in the command. */
	u64 first;
	/** @nr: number of words. */
	u64 nr;
	/** @sum: results of COMPARE and CHECKSUM. */
	u64 sum[2];
};

static enum drm_vuma_fault vuma_job_abort(struct vuma_job *job)
{
	if (READ_ONCE(job->vdev->gone))
		return DRM_VUMA_FAULT_UNPLUG;
	if (vuma_job_is_canceled(job))
		return DRM_VUMA_FAULT_CANCELED;
	if (READ_ONCE(job->vm->lost))
		return DRM_VUMA_FAULT_LOST;
	return READ_ONCE(job->abort);
}

static bool vuma_run_stopped(struct vuma_run *run)
{
	run->fault = vuma_job_abort(run->job);
	return run->fault;
}

/*
 * Accesses come between two changes of the tables, each of which is made under op_lock as a
 * whole. For the access itself access_lock is enough: reclaim tries op_lock, and would never
 * find it free.
 */
static void vuma_run_lock(struct vuma_run *run)
{
	mutex_lock(&run->vm->base.op_lock);
	mutex_lock(&run->vm->access_lock);
	mutex_unlock(&run->vm->base.op_lock);
}

/*
 * Ends an access. Returns true if it met a hole in a heap that has memory now: then it has
 * to be made again. The pointers of a CHASE may be anything.
 */
static bool vuma_run_unlock(struct vuma_run *run)
{
	mutex_unlock(&run->vm->access_lock);
	if (run->fault != DRM_VUMA_FAULT_UNMAPPED || !IS_ALIGNED(run->fault_addr, sizeof(u64)))
		return false;
	run->fault = vuma_heap_fault(run->vm, run->fault_addr, &run->render);
	if (!run->fault)
		run->fault_addr = 0;
	return !run->fault;
}

/* Returns NULL on a fault; else *len is what is contiguous, at most what it was. */
static void *vuma_run_ptr(struct vuma_run *run, u64 va, bool write, u64 *len)
{
	void *ptr;

	lockdep_assert_held(&run->vm->access_lock);
	run->fault = vuma_mmu_translate(&run->vm->mmu, va, write, &ptr, len);
	if (!run->fault)
		return ptr;

	run->fault_addr = va;
	return NULL;
}

static bool vuma_run_store(struct vuma_run *run, u64 va, u64 word)
{
	u64 len = sizeof(u64), *ptr;

	do {
		vuma_run_lock(run);
		ptr = vuma_run_ptr(run, va, true, &len);
		if (ptr)
			WRITE_ONCE(*ptr, word);
	} while (vuma_run_unlock(run));
	return ptr;
}

static void vuma_piece_fill(const struct drm_vuma_cmd *cmd, struct vuma_piece *piece)
{
	u64 i, word = cmd->arg0 + piece->first * cmd->arg1;

	for (i = 0; i < piece->nr; i++, word += cmd->arg1)
		piece->dst[i] = word;
}

static void vuma_piece_copy(const struct drm_vuma_cmd *cmd, struct vuma_piece *piece)
{
	memcpy(piece->dst, piece->src, piece->nr * sizeof(u64));
}

static void vuma_piece_add(const struct drm_vuma_cmd *cmd, struct vuma_piece *piece)
{
	u64 i;

	for (i = 0; i < piece->nr; i++)
		piece->dst[i] = piece->src[i] + piece->src2[i];
}

static void vuma_piece_compare(const struct drm_vuma_cmd *cmd, struct vuma_piece *piece)
{
	u64 i;

	for (i = 0; i < piece->nr; i++) {
		if (piece->src[i] == piece->src2[i])
			continue;
		if (!piece->sum[0]++)
			piece->sum[1] = (piece->first + i) * sizeof(u64);
	}
}

static void vuma_piece_checksum(const struct drm_vuma_cmd *cmd, struct vuma_piece *piece)
{
	u64 i;

	for (i = 0; i < piece->nr; i++) {
		piece->sum[0] += piece->src[i];
		piece->sum[1] += piece->sum[0];
	}
}

/* Translates what the next piece needs; *len becomes what all of it has in one piece. */
static bool vuma_piece_map(struct vuma_run *run, const struct drm_vuma_cmd *cmd,
			   struct vuma_piece *piece, u64 done, u64 *len)
{
	if (run->op->uses & USES_SRC)
		piece->src = vuma_run_ptr(run, cmd->src + done, false, len);
	if (run->op->uses & USES_SRC2 && !run->fault)
		piece->src2 = vuma_run_ptr(run, cmd->src2 + done, false, len);
	if (!run->op->dst_size && !run->fault)
		piece->dst = vuma_run_ptr(run, cmd->dst + done, true, len);
	return !run->fault;
}

/* Does the next piece; *done is in bytes. */
static bool vuma_run_piece(struct vuma_run *run, const struct drm_vuma_cmd *cmd,
			   struct vuma_piece *piece, u64 *done)
{
	u64 len;

	do {
		len = min_t(u64, cmd->size - *done, VUMA_CHUNK_BYTES);
		vuma_run_lock(run);
		if (vuma_piece_map(run, cmd, piece, *done, &len)) {
			piece->first = *done / sizeof(u64);
			piece->nr = len / sizeof(u64);
			run->op->piece(cmd, piece);
			*done += len;
		}
	} while (vuma_run_unlock(run));
	return !run->fault;
}

static void vuma_run_stream(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	struct vuma_piece piece = { };
	u64 done = 0;

	if (cmd->opcode == DRM_VUMA_OP_COMPARE)
		piece.sum[1] = U64_MAX;

	while (done < cmd->size) {
		if (vuma_run_stopped(run) || !vuma_run_piece(run, cmd, &piece, &done))
			return;
		cond_resched_tasks_rcu_qs();
	}

	if (run->op->dst_size && vuma_run_store(run, cmd->dst, piece.sum[0]))
		vuma_run_store(run, cmd->dst + sizeof(u64), piece.sum[1]);
}

static bool vuma_run_hop(struct vuma_run *run, u64 *p)
{
	u64 len = sizeof(u64), *ptr;

	if (!IS_ALIGNED(*p, sizeof(u64))) {
		run->fault = DRM_VUMA_FAULT_UNMAPPED;
		run->fault_addr = *p;
		return false;
	}
	ptr = vuma_run_ptr(run, *p, false, &len);
	if (ptr)
		*p = READ_ONCE(*ptr);
	return ptr;
}

/* Follows at most VUMA_CHUNK_HOPS pointers from *p. */
static bool vuma_run_hops(struct vuma_run *run, u64 *p, u64 *hops)
{
	u64 i, n;

	do {
		n = min_t(u64, *hops, VUMA_CHUNK_HOPS);
		vuma_run_lock(run);
		for (i = 0; i < n && vuma_run_hop(run, p); i++)
			;
		*hops -= i;
	} while (vuma_run_unlock(run));
	return i == n;
}

static void vuma_run_chase(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	u64 p = cmd->src, hops = cmd->arg0;

	while (hops) {
		if (vuma_run_stopped(run) || !vuma_run_hops(run, &p, &hops))
			return;
		cond_resched_tasks_rcu_qs();
	}

	vuma_run_store(run, cmd->dst, p);
}

/* The engine is busy; that no CPU is, is the point of an engine. */
static void vuma_run_spin(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	if (!cmd->arg0)
		return;
	wait_event_hrtimeout(run->job->vdev->engine.stop, vuma_run_stopped(run),
			     ns_to_ktime(cmd->arg0 * NSEC_PER_USEC));
}

static bool vuma_wait_holds(const struct drm_vuma_cmd *cmd, u64 word)
{
	word &= cmd->arg1;
	switch (cmd->flags) {
	case DRM_VUMA_WAIT_EQUAL:
		return word == cmd->arg0;
	case DRM_VUMA_WAIT_NOT_EQUAL:
		return word != cmd->arg0;
	default:
		return word >= cmd->arg0;
	}
}

/* Returns false if the wait is over, for better or worse. */
static bool vuma_wait_look(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	u64 len = sizeof(u64), word = 0, *ptr;

	/* Translated for each look: what is mapped there can change. */
	do {
		vuma_run_lock(run);
		ptr = vuma_run_ptr(run, cmd->src, false, &len);
		if (ptr)
			word = READ_ONCE(*ptr);
	} while (vuma_run_unlock(run));
	if (!ptr)
		return false;

	if (vuma_wait_holds(cmd, word)) {
		/* The next command sees what was written before the word. */
		smp_rmb();
		return false;
	}
	if (READ_ONCE(run->job->vfile->exited))
		run->fault = DRM_VUMA_FAULT_CANCELED;
	return !run->fault;
}

static void vuma_run_wait(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	while (!vuma_run_stopped(run) && vuma_wait_look(run, cmd))
		wait_event_hrtimeout(run->job->vdev->engine.stop, vuma_run_stopped(run),
				     VUMA_LOOK_NS);
}

/**
 * struct vuma_tiler - a STREAM in progress
 */
struct vuma_tiler {
	/** @done: bytes written. */
	u64 done;
	/** @at: bytes in the heap, since the engine last worked them off. */
	u64 at;
	/** @most: most bytes that were in the heap. */
	u64 most;
	/** @renders: how often they were worked off before the end. */
	u64 renders;
	/** @list: sums over what was worked off. */
	struct vuma_piece list;
};

/* Writes the next piece of the list. */
static bool vuma_tiler_write(struct vuma_run *run, const struct drm_vuma_cmd *cmd,
			     struct vuma_tiler *tiler)
{
	struct vuma_piece piece = { .first = tiler->done / sizeof(u64) };
	u64 len;

	do {
		len = min_t(u64, cmd->size - tiler->done, VUMA_CHUNK_BYTES);
		vuma_run_lock(run);
		piece.dst = vuma_run_ptr(run, cmd->src + tiler->at, true, &len);
		if (piece.dst) {
			piece.nr = len / sizeof(u64);
			vuma_piece_fill(cmd, &piece);
			tiler->at += len;
			tiler->done += len;
		}
	} while (vuma_run_unlock(run));
	return piece.dst;
}

/* Reads the list, after which the heap is empty. */
static bool vuma_tiler_render(struct vuma_run *run, const struct drm_vuma_cmd *cmd,
			      struct vuma_tiler *tiler)
{
	u64 at = 0, len;

	while (at < tiler->at) {
		if (vuma_run_stopped(run))
			return false;
		do {
			len = min_t(u64, tiler->at - at, VUMA_CHUNK_BYTES);
			vuma_run_lock(run);
			tiler->list.src = vuma_run_ptr(run, cmd->src + at, false, &len);
			if (tiler->list.src) {
				tiler->list.nr = len / sizeof(u64);
				vuma_piece_checksum(cmd, &tiler->list);
				at += len;
			}
		} while (vuma_run_unlock(run));
		if (!tiler->list.src)
			return false;
		cond_resched_tasks_rcu_qs();
	}
	tiler->most = max(tiler->most, tiler->at);
	tiler->at = 0;
	return true;
}

static void vuma_tiler_store(struct vuma_run *run, const struct drm_vuma_cmd *cmd,
			     const struct vuma_tiler *tiler)
{
	const u64 words[] = { tiler->list.sum[0], tiler->list.sum[1], tiler->renders,
			      tiler->most };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!vuma_run_store(run, cmd->dst + i * sizeof(u64), words[i]))
			return;
}

/* Where the heap says so, a list that finds no room is worked off, and goes on from there. */
static void vuma_run_tiler(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	struct vuma_tiler tiler = {};

	while (tiler.done < cmd->size) {
		if (vuma_run_stopped(run))
			return;
		if (vuma_tiler_write(run, cmd, &tiler)) {
			cond_resched_tasks_rcu_qs();
			continue;
		}
		if (!run->render || !tiler.at)
			return;
		run->fault = DRM_VUMA_FAULT_NONE;
		run->fault_addr = 0;
		run->render = false;
		if (!vuma_tiler_render(run, cmd, &tiler))
			return;
		tiler.renders++;
	}
	if (vuma_tiler_render(run, cmd, &tiler))
		vuma_tiler_store(run, cmd, &tiler);
}

static void vuma_run_nop(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
}

static const struct vuma_opcode vuma_opcodes[] = {
	[DRM_VUMA_OP_NOP] = { .run = vuma_run_nop },
	[DRM_VUMA_OP_FILL] = {
		.run = vuma_run_stream, .piece = vuma_piece_fill,
		.uses = USES_DST | USES_SIZE | USES_ARG0 | USES_ARG1, .arg0_max = U64_MAX,
	},
	[DRM_VUMA_OP_COPY] = {
		.run = vuma_run_stream, .piece = vuma_piece_copy,
		.uses = USES_DST | USES_SRC | USES_SIZE,
	},
	[DRM_VUMA_OP_ADD] = {
		.run = vuma_run_stream, .piece = vuma_piece_add,
		.uses = USES_DST | USES_SRC | USES_SRC2 | USES_SIZE,
	},
	[DRM_VUMA_OP_COMPARE] = {
		.run = vuma_run_stream, .piece = vuma_piece_compare,
		.uses = USES_DST | USES_SRC | USES_SRC2 | USES_SIZE, .dst_size = 16,
	},
	[DRM_VUMA_OP_CHECKSUM] = {
		.run = vuma_run_stream, .piece = vuma_piece_checksum,
		.uses = USES_DST | USES_SRC | USES_SIZE, .dst_size = 16,
	},
	[DRM_VUMA_OP_CHASE] = {
		.run = vuma_run_chase,
		.uses = USES_DST | USES_SRC | USES_ARG0, .dst_size = 8, .arg0_max = U32_MAX,
	},
	[DRM_VUMA_OP_STREAM] = {
		.run = vuma_run_tiler,
		.uses = USES_DST | USES_SRC | USES_SIZE | USES_ARG0 | USES_ARG1,
		.dst_size = 32, .arg0_max = U64_MAX,
	},
	[DRM_VUMA_OP_SPIN] = {
		.run = vuma_run_spin,
		.uses = USES_ARG0, .arg0_max = VUMA_SPIN_MAX_US,
	},
	[DRM_VUMA_OP_WAIT] = {
		.run = vuma_run_wait,
		.uses = USES_SRC | USES_ARG0 | USES_ARG1, .arg0_max = U64_MAX,
		.flags_max = DRM_VUMA_WAIT_AT_LEAST,
	},
};

static const struct vuma_opcode *vuma_opcode_find(u32 opcode)
{
	if (opcode >= ARRAY_SIZE(vuma_opcodes))
		return NULL;
	/* User space chose it. */
	opcode = array_index_nospec(opcode, ARRAY_SIZE(vuma_opcodes));
	return vuma_opcodes[opcode].run ? &vuma_opcodes[opcode] : NULL;
}

/**
 * vuma_cmds_run - execute the commands of a job
 * @job: the job, with checked commands
 * @fault_addr: result: where it faulted, else 0
 *
 * Context: process context in the signalling section of the job's fence.
 * Return: why the job stopped early, or DRM_VUMA_FAULT_NONE.
 */
enum drm_vuma_fault vuma_cmds_run(struct vuma_job *job, u64 *fault_addr)
{
	struct vuma_run run = { .job = job, .vm = job->vm };
	u32 i;

	for (i = 0; i < job->cmd_count && !run.fault && !vuma_run_stopped(&run); i++) {
		run.op = vuma_opcode_find(job->cmds[i].opcode);
		run.op->run(&run, &job->cmds[i]);
		cond_resched_tasks_rcu_qs();
	}
	*fault_addr = run.fault_addr;
	return run.fault;
}

static bool vuma_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* What is not used has a size of 0. */
static bool vuma_addr_valid(const struct vuma_job *job, u64 addr, u64 size, bool write)
{
	if (!size)
		return !addr;
	return IS_ALIGNED(addr, sizeof(u64)) && job->ops->addr_valid(job, addr, size, write);
}

static bool vuma_cmd_overlaps(const struct drm_vuma_cmd *cmd, u64 src, u64 dst_size)
{
	if (cmd->opcode == DRM_VUMA_OP_ADD && src == cmd->dst)
		return false;
	return vuma_overlap(cmd->dst, dst_size, src, cmd->size);
}

static bool vuma_cmd_addrs_valid(const struct vuma_job *job, const struct vuma_opcode *op,
				 const struct drm_vuma_cmd *cmd)
{
	u64 dst_size = op->dst_size ?: cmd->size;
	bool sized = op->uses & USES_SIZE;
	u64 src_size = sized ? cmd->size : sizeof(u64);

	if (!vuma_addr_valid(job, cmd->dst, op->uses & USES_DST ? dst_size : 0, true) ||
	    !vuma_addr_valid(job, cmd->src, op->uses & USES_SRC ? src_size : 0, false) ||
	    !vuma_addr_valid(job, cmd->src2, op->uses & USES_SRC2 ? src_size : 0, false))
		return false;

	/* It writes there, whatever the path knows of sources. */
	if (cmd->opcode == DRM_VUMA_OP_STREAM && !vuma_heap_range_valid(cmd->src, cmd->size))
		return false;

	/* The pointers of a CHASE may lead anywhere. */
	if (!sized)
		return true;
	return !((op->uses & USES_SRC) && vuma_cmd_overlaps(cmd, cmd->src, dst_size)) &&
	       !((op->uses & USES_SRC2) && vuma_cmd_overlaps(cmd, cmd->src2, dst_size));
}

static bool vuma_cmd_valid(const struct vuma_job *job, const struct drm_vuma_cmd *cmd)
{
	const struct vuma_opcode *op = vuma_opcode_find(cmd->opcode);

	if (!op || cmd->flags > op->flags_max || cmd->reserved)
		return false;
	if (!(op->uses & USES_SIZE) != !cmd->size || !IS_ALIGNED(cmd->size, sizeof(u64)) ||
	    cmd->size > VUMA_CMD_MAX_SIZE)
		return false;
	if (cmd->arg0 > op->arg0_max || (cmd->arg1 && !(op->uses & USES_ARG1)))
		return false;
	return vuma_cmd_addrs_valid(job, op, cmd);
}

/**
 * vuma_cmds_check - check the commands of a job before it is queued
 * @job: the job
 *
 * Whether the addresses are mapped is found out when the engine uses them.
 *
 * Return: 0 or -EINVAL.
 */
int vuma_cmds_check(const struct vuma_job *job)
{
	u32 i;

	for (i = 0; i < job->cmd_count; i++)
		if (!vuma_cmd_valid(job, &job->cmds[i]))
			return -EINVAL;
	return 0;
}
