// SPDX-License-Identifier: GPL-2.0
/*
 * SUBMIT: makes a VM resident and queues a job.
 *
 * All that can fail comes before the job is armed; all that needs memory comes
 * before a fence of the job is visible to anybody.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_syncobj.h>

#include "vuma_drv.h"
#include "vuma_job.h"
#include "vuma_legacy.h"
#include "vuma_sync.h"
#include "vuma_vm.h"

/**
 * struct vuma_submit - a SUBMIT in progress
 */
struct vuma_submit {
	/** @file: the caller's file. */
	struct drm_file *file;
	/** @args: what the caller asks for. */
	const struct drm_vuma_submit *args;
	/** @job: the job, until the scheduler owns it. */
	struct vuma_job *job;
	/** @outs: what to signal. */
	struct vuma_outs outs;
};

static void vuma_job_destroy(struct vuma_job *job)
{
	/* First: as long as it uses the VM, nothing else unmaps what is its. */
	vuma_legacy_free(job->legacy);
	if (job->armed)
		gem_uma_vm_unuse(&job->vm->base);
	kvfree(job->cmds);
	vuma_file_put(job->vfile);
	if (job->vm)
		vuma_vm_put(job->vm);
	/* Keeps the device, which the others need to go. */
	vuma_fence_put(job->fence);
	kfree(job);
}

static void vuma_job_free_work(struct work_struct *work)
{
	vuma_job_destroy(container_of(work, struct vuma_job, free_work));
}

/**
 * vuma_job_free_later - free a job that the scheduler is done with
 * @job: the job
 *
 * It may be the last user of its VM, and of the device. Neither can go from the
 * scheduler's worker: the first takes locks that are held while waiting for jobs,
 * the second stops this worker.
 */
void vuma_job_free_later(struct vuma_job *job)
{
	drm_sched_job_cleanup(&job->base);
	queue_work(vuma_put_wq, &job->free_work);
}

static struct vuma_job *vuma_job_create(struct vuma_file *vfile)
{
	struct vuma_job *job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);

	if (!job)
		return NULL;

	job->fence = vuma_fence_create(vfile->vdev);
	if (!job->fence) {
		kfree(job);
		return NULL;
	}

	job->vdev = vfile->vdev;
	job->vfile = vfile;
	kref_get(&vfile->kref);
	INIT_WORK(&job->run_work, vuma_engine_run);
	INIT_WORK(&job->free_work, vuma_job_free_work);
	return job;
}

static int vuma_submit_get_cmds(struct vuma_submit *submit)
{
	const struct drm_vuma_submit *args = submit->args;
	struct drm_vuma_cmd *cmds;

	cmds = vmemdup_array_user(u64_to_user_ptr(args->cmds), args->cmd_count, sizeof(*cmds));
	if (IS_ERR(cmds))
		return PTR_ERR(cmds);

	submit->job->cmds = cmds;
	submit->job->cmd_count = args->cmd_count;
	return vuma_cmds_check(cmds, args->cmd_count, submit->job->legacy);
}

static int vuma_submit_get_in_syncs(struct vuma_submit *submit)
{
	struct drm_vuma_sync *syncs;
	int ret = 0;
	u32 i;

	if (!submit->args->in_sync_count)
		return 0;
	syncs = vuma_syncs_copy(submit->args->in_syncs, submit->args->in_sync_count, 0);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);

	for (i = 0; i < submit->args->in_sync_count && !ret; i++)
		ret = drm_sched_job_add_syncobj_dependency(&submit->job->base, submit->file,
							   syncs[i].handle, syncs[i].point);
	kfree(syncs);
	return ret;
}

static int vuma_submit_get_out_syncs(struct vuma_submit *submit)
{
	u32 i, nr = submit->args->out_sync_count;
	struct drm_vuma_sync *syncs;
	int ret;

	if (!nr)
		return 0;
	syncs = vuma_syncs_copy(submit->args->out_syncs, nr, 0);
	if (IS_ERR(syncs))
		return PTR_ERR(syncs);

	ret = vuma_outs_alloc(&submit->outs, nr);
	for (i = 0; i < nr && !ret; i++)
		ret = vuma_outs_add(&submit->outs, submit->file, &syncs[i]);
	kfree(syncs);
	return ret;
}

/* Everything that is mapped, private buffers included. */
static void vuma_submit_mark_used(struct vuma_vm *vm)
{
	struct drm_gpuva *va;

	drm_gpuvm_for_each_va(va, &vm->base.base)
		if (va->gem.obj)
			vuma_bo_mark_used(va->gem.obj);
}

static void vuma_submit_add_fence_locked(struct vuma_submit *submit,
					 struct drm_gpuvm_exec *vm_exec, struct dma_fence *fence)
	__must_hold(drm_gpuvm_resv(vm_exec->vm))
{
	struct vuma_job *job = submit->job;

	drm_gpuvm_resv_assert_held(vm_exec->vm);
	if (job->legacy) {
		vuma_legacy_add_fence_locked(job->legacy, fence);
		return;
	}
	vuma_submit_mark_used(job->vm);
	drm_gpuvm_exec_resv_add_fence(vm_exec, fence, DMA_RESV_USAGE_BOOKKEEP,
				      DMA_RESV_USAGE_BOOKKEEP);
	gem_uma_vm_wrote_locked(&job->vm->base, fence);
}

/* From here on nothing fails. */
static void vuma_submit_push(struct vuma_submit *submit, struct drm_gpuvm_exec *vm_exec)
	__must_hold(drm_gpuvm_resv(vm_exec->vm))
{
	struct vuma_job *job = submit->job;
	struct vuma_file *vfile = job->vfile;
	struct dma_fence *fence;

	mutex_lock(&vfile->submit_lock);
	drm_sched_job_arm(&job->base);
	fence = dma_fence_get(&job->base.s_fence->finished);
	vuma_submit_add_fence_locked(submit, vm_exec, fence);
	vuma_outs_signal(&submit->outs, fence);
	/* The scheduler owns it now, and may have freed it by the next line. */
	drm_sched_entity_push_job(&job->base);
	submit->job = NULL;
	mutex_unlock(&vfile->submit_lock);

	dma_fence_put(fence);
}

static int vuma_submit_locked(struct vuma_submit *submit, struct drm_gpuvm_exec *vm_exec)
	__must_hold(drm_gpuvm_resv(vm_exec->vm))
{
	struct gem_uma_vm *vm = &submit->job->vm->base;
	struct vuma_job *job = submit->job;
	struct dma_fence *fence;
	int ret;

	drm_gpuvm_resv_assert_held(vm_exec->vm);
	ret = gem_uma_vm_use_locked(vm);
	if (ret)
		return ret;
	/* Undone with the job. */
	job->armed = true;
	if (job->legacy)
		ret = vuma_legacy_validate_locked(job->legacy, &vm_exec->exec, job, &fence);
	else
		ret = gem_uma_vm_validate_locked(vm, &vm_exec->exec, &fence);
	if (ret)
		return ret;
	if (fence)
		ret = drm_sched_job_add_dependency(&job->base, fence);
	if (!ret)
		vuma_submit_push(submit, vm_exec);
	return ret;
}

static int vuma_submit_lock(struct vuma_job *job, struct drm_gpuvm_exec *vm_exec)
{
	int ret;

	if (!job->legacy)
		return drm_gpuvm_exec_lock(vm_exec);
	ret = vuma_legacy_lock(job->legacy, &vm_exec->exec);
	if (ret)
		drm_exec_fini(&vm_exec->exec);
	return ret;
}

static int vuma_submit_run(struct vuma_submit *submit)
{
	struct vuma_job *job = submit->job;
	struct drm_gpuvm_exec vm_exec = {
		.vm = &job->vm->base.base,
		.flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
		/* The job's, and that of what has to be mapped for it. */
		.num_fences = 2,
	};
	int ret, idx;

	if (!drm_dev_enter(&job->vdev->drm, &idx))
		return -ENODEV;

	ret = vuma_submit_lock(job, &vm_exec);
	if (!ret) {
		drm_gpuvm_resv_assert_held(vm_exec.vm);
		ret = vuma_submit_locked(submit, &vm_exec);
		drm_gpuvm_exec_unlock(&vm_exec);
	}
	drm_dev_exit(idx);
	return ret;
}

/* What fails before this has decided nothing for the file. */
static int vuma_submit_begin_legacy(struct vuma_job *job)
{
	struct vuma_legacy *legacy = job->legacy;
	int ret = vuma_legacy_begin(legacy, job->vfile);

	if (ret)
		return ret;
	job->vm = vuma_vm_get(legacy->vm);
	vuma_legacy_relocate(legacy, job);
	return 0;
}

static int vuma_submit_prepare(struct vuma_submit *submit)
{
	int ret;

	ret = vuma_submit_get_in_syncs(submit);
	if (!ret)
		ret = vuma_submit_get_out_syncs(submit);
	if (!ret && submit->job->legacy)
		ret = vuma_submit_begin_legacy(submit->job);
	return ret;
}

/**
 * vuma_submit_job - make a job and queue it
 * @file: the caller's file
 * @args: commands and syncs
 * @vm: where it runs; NULL with @legacy
 * @legacy: buffers with implicit addresses, or NULL; not the caller's any more
 *
 * Return: 0 or a negative error.
 */
int vuma_submit_job(struct drm_file *file, const struct drm_vuma_submit *args,
		    struct vuma_vm *vm, struct vuma_legacy *legacy)
{
	struct vuma_submit the_submit = { .file = file, .args = args };
	struct vuma_submit *submit = &the_submit;
	struct vuma_file *vfile = to_vuma_file(file);
	struct vuma_job *job;
	int ret;

	job = vuma_job_create(vfile);
	if (!job) {
		vuma_legacy_free(legacy);
		return -ENOMEM;
	}
	if (vm)
		job->vm = vuma_vm_get(vm);
	job->legacy = legacy;
	submit->job = job;

	ret = vuma_submit_get_cmds(submit);
	if (ret)
		goto out_job;
	ret = drm_sched_job_init(&job->base, &vfile->entity, 1, vfile, submit->file->client_id);
	if (ret)
		goto out_job;

	ret = vuma_submit_prepare(submit);
	if (!ret)
		ret = vuma_submit_run(submit);
	vuma_outs_free(&submit->outs);

	if (submit->job)
		drm_sched_job_cleanup(&job->base);
out_job:
	if (submit->job)
		vuma_job_destroy(job);
	return ret;
}

/**
 * vuma_ioctl_submit - DRM_IOCTL_VUMA_SUBMIT
 * @drm: the device
 * @data: struct drm_vuma_submit
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_vuma_submit *args = data;
	struct vuma_vm *vm;
	int ret;

	if (args->flags || args->pad || !args->cmd_count)
		return -EINVAL;
	if (args->cmd_count > VUMA_MAX_CMDS ||
	    args->in_sync_count > DRM_VUMA_SUBMIT_MAX_SYNCS ||
	    args->out_sync_count > DRM_VUMA_SUBMIT_MAX_SYNCS)
		return -E2BIG;
	if (vuma_path_is_legacy(to_vuma_file(file)))
		return -EBUSY;

	vm = vuma_vm_lookup(to_vuma_file(file), args->vm_id);
	if (!vm)
		return -ENOENT;
	ret = vuma_submit_job(file, args, vm, NULL);
	vuma_vm_put(vm);
	return ret;
}

static bool vuma_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* Which fields an opcode uses. */
#define USES_DST	BIT(0)
#define USES_SRC	BIT(1)
#define USES_SRC2	BIT(2)
#define USES_SIZE	BIT(3)
#define USES_ARG0	BIT(4)
#define USES_ARG1	BIT(5)

static const struct {
	u32 uses;
	/* Bytes written at dst where that is not size. */
	u32 dst_size;
	u64 arg0_max;
	u32 flags_max;
} vuma_opcodes[] = {
	[DRM_VUMA_OP_NOP] = { },
	[DRM_VUMA_OP_FILL] = { USES_DST | USES_SIZE | USES_ARG0 | USES_ARG1, 0, U64_MAX },
	[DRM_VUMA_OP_COPY] = { USES_DST | USES_SRC | USES_SIZE },
	[DRM_VUMA_OP_ADD] = { USES_DST | USES_SRC | USES_SRC2 | USES_SIZE },
	[DRM_VUMA_OP_COMPARE] = { USES_DST | USES_SRC | USES_SRC2 | USES_SIZE, 16 },
	[DRM_VUMA_OP_CHECKSUM] = { USES_DST | USES_SRC | USES_SIZE, 16 },
	[DRM_VUMA_OP_CHASE] = { USES_DST | USES_SRC | USES_ARG0, 8, U32_MAX },
	[DRM_VUMA_OP_SPIN] = { USES_ARG0, 0, VUMA_SPIN_MAX_US },
	[DRM_VUMA_OP_WAIT] = { USES_SRC | USES_ARG0 | USES_ARG1, 0, U64_MAX,
			       DRM_VUMA_WAIT_AT_LEAST },
};

/* What is not used has a size of 0. */
static bool vuma_addr_valid(const struct vuma_legacy *legacy, u64 addr, u64 size, bool write)
{
	if (!size)
		return !addr;
	if (!IS_ALIGNED(addr, sizeof(u64)))
		return false;
	return legacy ? vuma_legacy_valid(legacy, addr, size, write) : vuma_range_valid(addr, size);
}

static bool vuma_cmd_overlaps(const struct drm_vuma_cmd *cmd, u64 src, u64 dst_size)
{
	if (cmd->opcode == DRM_VUMA_OP_ADD && src == cmd->dst)
		return false;
	return vuma_overlap(cmd->dst, dst_size, src, cmd->size);
}

static bool vuma_cmd_valid(const struct drm_vuma_cmd *cmd, const struct vuma_legacy *legacy)
{
	u64 dst_size, src_size;
	bool sized;
	u32 uses;

	/* STREAM has an entry of zeroes, as NOP has. */
	if (cmd->opcode >= ARRAY_SIZE(vuma_opcodes) || cmd->opcode == DRM_VUMA_OP_STREAM ||
	    cmd->flags > vuma_opcodes[cmd->opcode].flags_max || cmd->reserved)
		return false;

	uses = vuma_opcodes[cmd->opcode].uses;
	sized = uses & USES_SIZE;
	dst_size = vuma_opcodes[cmd->opcode].dst_size ?: cmd->size;
	src_size = sized ? cmd->size : sizeof(u64);

	if (sized != !!cmd->size || !IS_ALIGNED(cmd->size, sizeof(u64)) ||
	    cmd->size > VUMA_CMD_MAX_SIZE)
		return false;
	if (cmd->arg0 > vuma_opcodes[cmd->opcode].arg0_max || (cmd->arg1 && !(uses & USES_ARG1)))
		return false;
	if (!vuma_addr_valid(legacy, cmd->dst, uses & USES_DST ? dst_size : 0, true) ||
	    !vuma_addr_valid(legacy, cmd->src, uses & USES_SRC ? src_size : 0, false) ||
	    !vuma_addr_valid(legacy, cmd->src2, uses & USES_SRC2 ? src_size : 0, false))
		return false;

	/* The pointers of a CHASE may lead anywhere. */
	if (!sized)
		return true;
	return !((uses & USES_SRC) && vuma_cmd_overlaps(cmd, cmd->src, dst_size)) &&
	       !((uses & USES_SRC2) && vuma_cmd_overlaps(cmd, cmd->src2, dst_size));
}

/**
 * vuma_cmds_check - check commands before they are queued
 * @cmds: the commands
 * @nr: how many
 * @legacy: the buffers that they name; NULL if they have addresses
 *
 * Whether the addresses are mapped is found out when the engine uses them.
 *
 * Return: 0 or -EINVAL.
 */
int vuma_cmds_check(const struct drm_vuma_cmd *cmds, u32 nr, const struct vuma_legacy *legacy)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (!vuma_cmd_valid(&cmds[i], legacy))
			return -EINVAL;
	return 0;
}
