// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: executes the commands of one job at a time, in a worker that plays
 * the hardware.
 *
 * Everything here happens while others wait for the fence: no memory is allocated,
 * and the only lock taken is the one of the page tables, piece by piece.
 */

#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "vuma_drv.h"
#include "vuma_job.h"
#include "vuma_vm.h"

/* How much is done under the lock of the page tables at once. */
#define VUMA_CHUNK_BYTES	SZ_64K
#define VUMA_CHUNK_HOPS		256
/* How often OP_WAIT looks. */
#define VUMA_LOOK_NS		(NSEC_PER_MSEC / 2)

static unsigned int job_timeout_ms = 60000;
module_param(job_timeout_ms, uint, 0444);
MODULE_PARM_DESC(job_timeout_ms, "longest time a job may run, in milliseconds");

/**
 * struct vuma_run - a job being executed
 */
struct vuma_run {
	/** @job: the job. */
	struct vuma_job *job;
	/** @vm: its address space. */
	struct vuma_vm *vm;
	/** @fault: why it stops, if it does. */
	enum drm_vuma_fault fault;
	/** @fault_addr: the access that faulted. */
	u64 fault_addr;
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

typedef void (*vuma_piece_fn)(const struct drm_vuma_cmd *cmd, struct vuma_piece *piece);

static enum drm_vuma_fault vuma_job_abort(struct vuma_job *job)
{
	if (READ_ONCE(job->vdev->gone))
		return DRM_VUMA_FAULT_UNPLUG;
	if (READ_ONCE(job->vfile->killed))
		return DRM_VUMA_FAULT_CANCELED;
	return READ_ONCE(job->abort);
}

static bool vuma_run_stopped(struct vuma_run *run)
{
	run->fault = vuma_job_abort(run->job);
	return run->fault;
}

/* Returns NULL on a fault; else *len is what is contiguous, at most what it was. */
static void *vuma_run_ptr(struct vuma_run *run, u64 va, bool write, u64 *len)
{
	void *ptr;

	lockdep_assert_held(&run->vm->base.op_lock);
	run->fault = vuma_mmu_translate(&run->vm->mmu, va, write, &ptr, len);
	if (!run->fault)
		return ptr;

	run->fault_addr = va;
	return NULL;
}

static bool vuma_run_store(struct vuma_run *run, u64 va, u64 word)
{
	u64 len = sizeof(u64), *ptr;

	mutex_lock(&run->vm->base.op_lock);
	ptr = vuma_run_ptr(run, va, true, &len);
	if (ptr)
		WRITE_ONCE(*ptr, word);
	mutex_unlock(&run->vm->base.op_lock);
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

static const struct {
	vuma_piece_fn fn;
	bool src, src2;
	/* dst is written piece by piece; else the sums are, at the end. */
	bool dst;
} vuma_stream_ops[] = {
	[DRM_VUMA_OP_FILL] = { vuma_piece_fill, false, false, true },
	[DRM_VUMA_OP_COPY] = { vuma_piece_copy, true, false, true },
	[DRM_VUMA_OP_ADD] = { vuma_piece_add, true, true, true },
	[DRM_VUMA_OP_COMPARE] = { vuma_piece_compare, true, true, false },
	[DRM_VUMA_OP_CHECKSUM] = { vuma_piece_checksum, true, false, false },
};

/* Translates what the next piece needs; *len becomes what all of it has in one piece. */
static bool vuma_piece_map(struct vuma_run *run, const struct drm_vuma_cmd *cmd,
			   struct vuma_piece *piece, u64 done, u64 *len)
{
	if (vuma_stream_ops[cmd->opcode].src)
		piece->src = vuma_run_ptr(run, cmd->src + done, false, len);
	if (vuma_stream_ops[cmd->opcode].src2 && !run->fault)
		piece->src2 = vuma_run_ptr(run, cmd->src2 + done, false, len);
	if (vuma_stream_ops[cmd->opcode].dst && !run->fault)
		piece->dst = vuma_run_ptr(run, cmd->dst + done, true, len);
	return !run->fault;
}

/* Does the next piece; *done is in bytes. */
static bool vuma_run_piece(struct vuma_run *run, const struct drm_vuma_cmd *cmd,
			   struct vuma_piece *piece, u64 *done)
{
	u64 len = min_t(u64, cmd->size - *done, VUMA_CHUNK_BYTES);

	mutex_lock(&run->vm->base.op_lock);
	if (vuma_piece_map(run, cmd, piece, *done, &len)) {
		piece->first = *done / sizeof(u64);
		piece->nr = len / sizeof(u64);
		vuma_stream_ops[cmd->opcode].fn(cmd, piece);
		*done += len;
	}
	mutex_unlock(&run->vm->base.op_lock);
	return !run->fault;
}

static void vuma_run_stream(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	struct vuma_piece piece = { };
	u64 done = 0;

	if (cmd->opcode == DRM_VUMA_OP_COMPARE)
		piece.sum[1] = U64_MAX;

	while (done < cmd->size)
		if (vuma_run_stopped(run) || !vuma_run_piece(run, cmd, &piece, &done))
			return;

	if (!vuma_stream_ops[cmd->opcode].dst && vuma_run_store(run, cmd->dst, piece.sum[0]))
		vuma_run_store(run, cmd->dst + sizeof(u64), piece.sum[1]);
}

/* Follows at most VUMA_CHUNK_HOPS pointers from *p. */
static bool vuma_run_hops(struct vuma_run *run, u64 *p, u64 *hops)
{
	u64 i, n = min_t(u64, *hops, VUMA_CHUNK_HOPS);
	u64 *ptr = NULL;

	mutex_lock(&run->vm->base.op_lock);
	for (i = 0; i < n; i++) {
		u64 len = sizeof(u64);

		if (!IS_ALIGNED(*p, sizeof(u64))) {
			run->fault = DRM_VUMA_FAULT_UNMAPPED;
			run->fault_addr = *p;
			break;
		}
		ptr = vuma_run_ptr(run, *p, false, &len);
		if (!ptr)
			break;
		*p = READ_ONCE(*ptr);
	}
	mutex_unlock(&run->vm->base.op_lock);
	*hops -= i;
	return i == n;
}

static void vuma_run_chase(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	u64 p = cmd->src, hops = cmd->arg0;

	while (hops)
		if (vuma_run_stopped(run) || !vuma_run_hops(run, &p, &hops))
			return;

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
	mutex_lock(&run->vm->base.op_lock);
	ptr = vuma_run_ptr(run, cmd->src, false, &len);
	if (ptr)
		word = READ_ONCE(*ptr);
	mutex_unlock(&run->vm->base.op_lock);
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

static void vuma_run_cmd(struct vuma_run *run, const struct drm_vuma_cmd *cmd)
{
	switch (cmd->opcode) {
	case DRM_VUMA_OP_NOP:
		break;
	case DRM_VUMA_OP_CHASE:
		vuma_run_chase(run, cmd);
		break;
	case DRM_VUMA_OP_SPIN:
		vuma_run_spin(run, cmd);
		break;
	case DRM_VUMA_OP_WAIT:
		vuma_run_wait(run, cmd);
		break;
	default:
		vuma_run_stream(run, cmd);
		break;
	}
}

static int vuma_fault_errno(enum drm_vuma_fault fault)
{
	switch (fault) {
	case DRM_VUMA_FAULT_NONE:
		return 0;
	case DRM_VUMA_FAULT_TIMEOUT:
		return -ETIME;
	case DRM_VUMA_FAULT_UNPLUG:
		return -ENODEV;
	case DRM_VUMA_FAULT_CANCELED:
		return -ECANCELED;
	default:
		return -EFAULT;
	}
}

/**
 * vuma_engine_run - execute a job and signal its fence
 * @work: &vuma_job.run_work
 */
void vuma_engine_run(struct work_struct *work)
{
	struct vuma_job *job = container_of(work, struct vuma_job, run_work);
	struct vuma_run run = { .job = job, .vm = job->vm };
	struct dma_fence *fence = dma_fence_get(&job->fence->base);
	bool cookie = dma_fence_begin_signalling();
	ktime_t start = ktime_get();
	u32 i;

	for (i = 0; i < job->cmd_count && !run.fault && !vuma_run_stopped(&run); i++) {
		vuma_run_cmd(&run, &job->cmds[i]);
		cond_resched();
	}

	atomic64_add(ktime_to_ns(ktime_sub(ktime_get(), start)), &job->vfile->busy_ns);
	vuma_vm_job_done(job->vm, run.fault, run.fault_addr);
	if (run.fault)
		dma_fence_set_error(fence, vuma_fault_errno(run.fault));
	/* The job can be freed as soon as this is signalled. */
	dma_fence_signal(fence);
	dma_fence_end_signalling(cookie);
	dma_fence_put(fence);
}

static struct dma_fence *vuma_sched_run_job(struct drm_sched_job *base)
{
	struct vuma_job *job = to_vuma_job(base);

	if (READ_ONCE(job->vdev->gone)) {
		vuma_vm_job_done(job->vm, DRM_VUMA_FAULT_UNPLUG, 0);
		vuma_fence_fail(job->fence, -ENODEV);
	} else if (READ_ONCE(job->vfile->cancelled)) {
		vuma_fence_fail(job->fence, -ECANCELED);
	} else {
		vuma_fence_start(job->fence);
		queue_work(job->vdev->engine.run_wq, &job->run_work);
	}
	return dma_fence_get(&job->fence->base);
}

/*
 * The engine is asked to stop and does so at the next piece, so this is a reset
 * that always works. It comes before drm_sched_stop(), which would take the fence
 * away from the job, and with it the error; and no other job may start before.
 */
static enum drm_gpu_sched_stat vuma_sched_timedout_job(struct drm_sched_job *base)
{
	struct vuma_job *job = to_vuma_job(base);
	struct vuma_engine *engine = &job->vdev->engine;

	drm_sched_wqueue_stop(&engine->sched);
	WRITE_ONCE(job->abort, DRM_VUMA_FAULT_TIMEOUT);
	wake_up_all(&engine->stop);
	flush_work(&job->run_work);
	drm_sched_stop(&engine->sched, base);
	drm_sched_start(&engine->sched, 0);
	return DRM_GPU_SCHED_STAT_RESET;
}

static void vuma_sched_free_job(struct drm_sched_job *base)
{
	vuma_job_free_later(to_vuma_job(base));
}

static const struct drm_sched_backend_ops vuma_sched_ops = {
	.run_job = vuma_sched_run_job,
	.timedout_job = vuma_sched_timedout_job,
	.free_job = vuma_sched_free_job,
};

static void vuma_engine_fini(struct drm_device *drm, void *arg)
{
	struct vuma_engine *engine = arg;

	drm_sched_fini(&engine->sched);
	destroy_workqueue(engine->reset_wq);
	destroy_workqueue(engine->run_wq);
}

/**
 * vuma_engine_init - create the engine of a device
 * @vdev: the device
 *
 * It goes with the last reference of the device, not with the hardware: clients
 * that still hold files and fences need it until then.
 *
 * Return: 0 or a negative error.
 */
int vuma_engine_init(struct vuma_device *vdev)
{
	struct vuma_engine *engine = &vdev->engine;
	struct drm_sched_init_args args = {
		.ops = &vuma_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = 1,
		.timeout = msecs_to_jiffies(job_timeout_ms),
		.name = "vuma",
		.dev = vdev->drm.dev,
	};
	int ret = -ENOMEM;

	init_waitqueue_head(&engine->stop);
	engine->fence_context = dma_fence_context_alloc(1);

	engine->run_wq = alloc_ordered_workqueue("%s-run", WQ_MEM_RECLAIM, vuma_bo_driver_name);
	if (!engine->run_wq)
		return ret;
	engine->reset_wq = alloc_ordered_workqueue("%s-reset", WQ_MEM_RECLAIM,
						   vuma_bo_driver_name);
	if (!engine->reset_wq)
		goto err_run;

	args.timeout_wq = engine->reset_wq;
	ret = drm_sched_init(&engine->sched, &args);
	if (ret)
		goto err_reset;
	return drmm_add_action_or_reset(&vdev->drm, vuma_engine_fini, engine);

err_reset:
	destroy_workqueue(engine->reset_wq);
err_run:
	destroy_workqueue(engine->run_wq);
	return ret;
}

/**
 * vuma_engine_unplug - the hardware went away
 * @vdev: the device, unplugged
 *
 * Jobs that wait fail when their turn comes.
 */
void vuma_engine_unplug(struct vuma_device *vdev)
{
	WRITE_ONCE(vdev->gone, true);
	wake_up_all(&vdev->engine.stop);
	flush_workqueue(vdev->engine.run_wq);
}
