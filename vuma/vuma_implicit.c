// SPDX-License-Identifier: GPL-2.0
/*
 * SUBMIT_LEGACY: finds out where buffers are, and makes a job of it.
 *
 * Everything that is wrong with a request is found before the path of the file is
 * decided, and before a buffer gets an address.
 */

#include <linux/dma-resv.h>
#include <linux/moduleparam.h>
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/vuma_drm.h>

#include "vuma_drv.h"
#include "vuma_implicit.h"
#include "vuma_job.h"
#include "vuma_vm.h"

/* DRM_VUMA_LEGACY_ADDR() */
#define VUMA_IMPLICIT_INDEX_SHIFT	48
#define VUMA_IMPLICIT_OFFSET_MASK	(BIT_ULL(VUMA_IMPLICIT_INDEX_SHIFT) - 1)

/* The job's two, should buffers share a resv, and that of what has to be mapped. */
#define VUMA_IMPLICIT_FENCES	3

static unsigned int legacy_va_mib;
module_param(legacy_va_mib, uint, 0644);
MODULE_PARM_DESC(legacy_va_mib,
		 "addresses of a implicit VM that is created from now on, in MiB (default 0: all)");

/**
 * struct vuma_implicit - the buffers of a job, and where they are
 */
struct vuma_implicit {
	/** @vm: where they are; a reference, NULL before they are anywhere. */
	struct vuma_vm *vm;
	/** @user: the caller's array. */
	u64 user;
	/** @trim: unmap what is idle first. */
	bool trim;
	/** @nr: entries of the arrays. */
	u32 nr;
	/** @nr_ims: of @ims that are valid. */
	u32 nr_ims;
	/** @flags: DRM_VUMA_LEGACY_BO_*. */
	u32 *flags;
	/** @objs: buffers, each with a reference; NULL at the end of those found. */
	struct drm_gem_object **objs;
	/** @users: the same, as the library knows them. */
	struct gem_uma_vm_users **users;
	/** @ims: their addresses. */
	struct gem_uma_vm_implicit **ims;
};

/**
 * vuma_implicit_vm_lookup - find the VM of the implicit path
 * @vfile: the file
 *
 * Return: the VM with a reference, NULL if there is none yet.
 */
struct vuma_vm *vuma_implicit_vm_lookup(struct vuma_file *vfile)
{
	/* Set once, and put when the file is closed. */
	struct vuma_vm *vm = smp_load_acquire(&vfile->implicit);

	return vm ? vuma_vm_get(vm) : NULL;
}

static struct vuma_vm *vuma_implicit_vm_create(struct vuma_device *vdev)
{
	u64 size = (u64)READ_ONCE(legacy_va_mib) << 20;
	u64 end = size ? min(VUMA_VA_START + size, VUMA_VA_END) : VUMA_VA_END;
	struct vuma_vm *vm = vuma_vm_create(vdev, end);
	int ret;

	if (IS_ERR(vm))
		return vm;
	ret = gem_uma_vm_implicit_init(&vm->base);
	if (ret) {
		gem_uma_vm_close(&vm->base);
		return ERR_PTR(ret);
	}
	return vm;
}

/* Decides the path when there is a VM for it: what fails decides nothing. */
static struct vuma_vm *vuma_implicit_vm_get(struct vuma_file *vfile)
{
	struct vuma_vm *vm = vuma_implicit_vm_lookup(vfile);
	int ret;

	if (vm)
		return vm;
	if (atomic_read(&vfile->path) == GEM_UMA_VM_PATH_BIND)
		return ERR_PTR(-EBUSY);
	vm = vuma_implicit_vm_create(vfile->vdev);
	if (IS_ERR(vm))
		return vm;
	ret = gem_uma_vm_latch(&vfile->path, GEM_UMA_VM_PATH_IMPLICIT);
	/* Others of the same path may have been faster. */
	if (ret || cmpxchg(&vfile->implicit, NULL, vm))
		gem_uma_vm_close(&vm->base);
	return ret ? ERR_PTR(ret) : vuma_implicit_vm_lookup(vfile);
}

static void vuma_implicit_put_addresses(struct vuma_implicit *implicit)
{
	while (implicit->nr_ims)
		gem_uma_vm_implicit_put(implicit->ims[--implicit->nr_ims]);
}

static void vuma_implicit_free(struct vuma_implicit *implicit)
{
	u32 i;

	vuma_implicit_put_addresses(implicit);
	if (implicit->vm)
		vuma_vm_put(implicit->vm);
	for (i = 0; i < implicit->nr && implicit->objs[i]; i++)
		drm_gem_object_put(implicit->objs[i]);
	kvfree(implicit->objs);
	kvfree(implicit->users);
	kvfree(implicit->ims);
	kvfree(implicit->flags);
	kfree(implicit);
}

static struct vuma_implicit *vuma_implicit_alloc(const struct drm_vuma_submit_legacy *args)
{
	struct vuma_implicit *implicit = kzalloc_obj(*implicit, GFP_KERNEL_ACCOUNT);
	u32 nr = args->bo_count;

	if (!implicit)
		return NULL;
	implicit->user = args->bos;
	implicit->trim = args->flags & DRM_VUMA_LEGACY_TRIM;
	if (!nr)
		return implicit;
	implicit->flags = kvcalloc(nr, sizeof(*implicit->flags), GFP_KERNEL_ACCOUNT);
	implicit->objs = kvcalloc(nr, sizeof(*implicit->objs), GFP_KERNEL_ACCOUNT);
	implicit->users = kvcalloc(nr, sizeof(*implicit->users), GFP_KERNEL_ACCOUNT);
	implicit->ims = kvcalloc(nr, sizeof(*implicit->ims), GFP_KERNEL_ACCOUNT);
	if (!implicit->flags || !implicit->objs || !implicit->users || !implicit->ims) {
		vuma_implicit_free(implicit);
		return NULL;
	}
	implicit->nr = nr;
	return implicit;
}

static int vuma_implicit_look_up(struct vuma_implicit *implicit, struct drm_file *file,
				 const struct drm_vuma_legacy_bo *bos)
{
	struct drm_gem_object *obj;
	u32 i;

	for (i = 0; i < implicit->nr; i++) {
		if (bos[i].flags & ~DRM_VUMA_LEGACY_BO_WRITE)
			return -EINVAL;
		obj = drm_gem_object_lookup(file, bos[i].handle);
		if (!obj)
			return -ENOENT;
		implicit->objs[i] = obj;
		implicit->users[i] = vuma_bo_users(obj);
		implicit->flags[i] = bos[i].flags;
		/* Private to a VM, which is never this one. */
		if (!drm_gem_is_imported(obj) && obj->resv != &obj->_resv)
			return -EINVAL;
		/* Other jobs can reach it, as long as it has an address. */
		if (vuma_bo_is_watched(obj))
			return -EOPNOTSUPP;
		/* No address for what no job can use; later than here, the job finds out. */
		if (vuma_bo_is_purged(obj))
			return -EFAULT;
	}
	return 0;
}

static int vuma_implicit_cmp(const void *a, const void *b)
{
	const struct drm_gem_object *x = *(struct drm_gem_object *const *)a;
	const struct drm_gem_object *y = *(struct drm_gem_object *const *)b;

	return x < y ? -1 : x > y;
}

/* One buffer can have several handles, so the handles do not tell. */
static int vuma_implicit_check_twice(struct vuma_implicit *implicit)
{
	struct drm_gem_object **sorted;
	int ret = 0;
	u32 i;

	sorted = kvmemdup(implicit->objs, implicit->nr * sizeof(*sorted), GFP_KERNEL);
	if (!sorted)
		return -ENOMEM;
	sort(sorted, implicit->nr, sizeof(*sorted), vuma_implicit_cmp, NULL);
	for (i = 1; i < implicit->nr && !ret; i++)
		ret = sorted[i] == sorted[i - 1] ? -EINVAL : 0;
	kvfree(sorted);
	return ret;
}

static int vuma_implicit_get_bos(struct vuma_implicit *implicit, struct drm_file *file)
{
	struct drm_vuma_legacy_bo *bos;
	int ret;

	if (!implicit->nr)
		return 0;
	bos = vmemdup_array_user(u64_to_user_ptr(implicit->user), implicit->nr, sizeof(*bos));
	if (IS_ERR(bos))
		return PTR_ERR(bos);
	ret = vuma_implicit_look_up(implicit, file, bos);
	kvfree(bos);
	return ret ?: vuma_implicit_check_twice(implicit);
}

static bool vuma_implicit_addr_valid(const struct vuma_job *job, u64 addr, u64 size, bool write)
{
	const struct vuma_implicit *implicit = job->implicit;
	u64 index = (addr >> VUMA_IMPLICIT_INDEX_SHIFT) - 1;
	u64 offset = addr & VUMA_IMPLICIT_OFFSET_MASK;

	/* It wraps if the address has no index. */
	if (index >= implicit->nr)
		return false;
	/* User space chose it. */
	index = array_index_nospec(index, implicit->nr);
	if (write && !(implicit->flags[index] & DRM_VUMA_LEGACY_BO_WRITE))
		return false;
	return size <= implicit->objs[index]->size && offset <= implicit->objs[index]->size - size;
}

static int vuma_implicit_get_addresses(struct vuma_implicit *implicit)
{
	int ret = 0;

	if (implicit->nr)
		ret = gem_uma_vm_implicit_get(&implicit->vm->base, implicit->users, implicit->nr,
					      implicit->ims);
	if (!ret)
		implicit->nr_ims = implicit->nr;
	return ret;
}

static int vuma_implicit_tell_addresses(struct vuma_implicit *implicit)
{
	struct drm_vuma_legacy_bo __user *bos = u64_to_user_ptr(implicit->user);
	u32 i;

	for (i = 0; i < implicit->nr; i++)
		if (put_user(gem_uma_vm_implicit_address(implicit->ims[i]), &bos[i].va))
			return -EFAULT;
	return 0;
}

/* Decides the path, and finds out where the buffers are. */
static int vuma_implicit_begin(struct vuma_implicit *implicit, struct vuma_file *vfile)
{
	struct vuma_vm *vm = vuma_implicit_vm_get(vfile);
	int ret;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	implicit->vm = vm;
	if (implicit->trim)
		gem_uma_vm_implicit_trim(&vm->base);
	ret = vuma_implicit_get_addresses(implicit);
	return ret ?: vuma_implicit_tell_addresses(implicit);
}

static u64 vuma_implicit_address(struct vuma_implicit *implicit, u64 addr)
{
	u64 index = (addr >> VUMA_IMPLICIT_INDEX_SHIFT) - 1;

	if (!addr)
		return 0;
	/* It was checked, but the CPU may be ahead of that. */
	index = array_index_nospec(index, implicit->nr);
	return gem_uma_vm_implicit_address(implicit->ims[index]) +
	       (addr & VUMA_IMPLICIT_OFFSET_MASK);
}

/* Puts addresses into the commands, which were checked. */
static void vuma_implicit_relocate(struct vuma_implicit *implicit, struct vuma_job *job)
{
	struct drm_vuma_cmd *cmd;

	for (cmd = job->cmds; cmd < job->cmds + job->cmd_count; cmd++) {
		cmd->dst = vuma_implicit_address(implicit, cmd->dst);
		cmd->src = vuma_implicit_address(implicit, cmd->src);
		cmd->src2 = vuma_implicit_address(implicit, cmd->src2);
	}
}

/* What fails before the path is decided has decided nothing for the file. */
static int vuma_implicit_job_begin(struct vuma_job *job)
{
	int ret = vuma_implicit_begin(job->implicit, job->vfile);

	if (ret)
		return ret;
	job->vm = vuma_vm_get(job->implicit->vm);
	vuma_implicit_relocate(job->implicit, job);
	return 0;
}

static int vuma_implicit_lock_objs(struct gem_uma_vm_exec *lock, void *data)
{
	struct vuma_implicit *implicit = data;
	int ret = 0;
	u32 i;

	for (i = 0; i < implicit->nr && !ret; i++)
		ret = gem_uma_vm_lock_obj(lock, implicit->objs[i]);
	return ret;
}

static int vuma_implicit_job_lock(struct vuma_job *job, struct gem_uma_vm_exec *lock)
{
	return gem_uma_vm_lock(lock, &job->vm->base, true, VUMA_IMPLICIT_FENCES,
			       vuma_implicit_lock_objs, job->implicit);
}

/* The job comes after who uses its buffers. */
static int vuma_implicit_job_validate_locked(struct vuma_job *job, struct drm_exec *exec,
					     struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&job->vm->base.base))
{
	struct vuma_implicit *implicit = job->implicit;
	int ret = 0;
	u32 i;

	drm_gpuvm_resv_assert_held(&implicit->vm->base.base);
	*fence = NULL;
	for (i = 0; i < implicit->nr && !ret; i++)
		ret = drm_sched_job_add_implicit_dependencies(&job->base, implicit->objs[i],
							      implicit->flags[i]);
	if (ret)
		return ret;
	return gem_uma_vm_implicit_validate_locked(&implicit->vm->base, exec, implicit->ims,
						   implicit->nr);
}

static int vuma_implicit_job_add_transfers_locked(struct vuma_job *job)
	__must_hold(drm_gpuvm_resv(&job->vm->base.base))
{
	struct vuma_implicit *implicit = job->implicit;
	int ret = 0;
	u32 i;

	drm_gpuvm_resv_assert_held(&job->vm->base.base);
	for (i = 0; i < implicit->nr && !ret; i++)
		ret = vuma_bo_add_transfer_locked(implicit->objs[i], &job->transfers);
	return ret;
}

static void vuma_implicit_job_add_fence_locked(struct vuma_job *job,
					       struct drm_exec *exec,
					       struct dma_fence *fence)
	__must_hold(drm_gpuvm_resv(&job->vm->base.base))
{
	struct vuma_implicit *implicit = job->implicit;
	u64 now = ktime_get_mono_fast_ns();
	u32 i;

	drm_gpuvm_resv_assert_held(&job->vm->base.base);
	dma_resv_add_fence(drm_gpuvm_resv(&job->vm->base.base), fence, DMA_RESV_USAGE_BOOKKEEP);
	for (i = 0; i < implicit->nr; i++) {
		dma_resv_add_fence(implicit->objs[i]->resv, fence,
				   implicit->flags[i] ? DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);
		vuma_bo_mark_used(implicit->objs[i], now);
	}
}

static void vuma_implicit_job_free(struct vuma_job *job)
{
	vuma_implicit_free(job->implicit);
}

static const struct vuma_job_ops vuma_implicit_job_ops = {
	.begin = vuma_implicit_job_begin,
	.addr_valid = vuma_implicit_addr_valid,
	.lock = vuma_implicit_job_lock,
	.validate_locked = vuma_implicit_job_validate_locked,
	.add_transfers_locked = vuma_implicit_job_add_transfers_locked,
	.add_fence_locked = vuma_implicit_job_add_fence_locked,
	.free = vuma_implicit_job_free,
};

/* The arguments of SUBMIT, without a VM. */
static struct drm_vuma_submit vuma_implicit_submit(const struct drm_vuma_submit_legacy *args)
{
	return (struct drm_vuma_submit){
		.cmds = args->cmds,
		.in_syncs = args->in_syncs,
		.out_syncs = args->out_syncs,
		.cmd_count = args->cmd_count,
		.in_sync_count = args->in_sync_count,
		.out_sync_count = args->out_sync_count,
	};
}

static int vuma_implicit_check(const struct drm_vuma_submit_legacy *args,
			       const struct drm_vuma_submit *submit)
{
	if (args->flags & ~DRM_VUMA_LEGACY_TRIM || args->pad)
		return -EINVAL;
	if (!args->cmd_count && (args->in_sync_count || args->out_sync_count))
		return -EINVAL;
	if (args->bo_count > DRM_VUMA_LEGACY_MAX_BOS)
		return -E2BIG;
	return vuma_submit_check(submit);
}

static int vuma_implicit_queue(struct vuma_implicit *implicit, struct drm_file *file,
			       const struct drm_vuma_submit *submit)
{
	struct vuma_file *vfile = to_vuma_file(file);
	struct vuma_job *job;
	int ret;

	ret = vuma_implicit_get_bos(implicit, file);
	if (ret)
		goto out_free;
	if (!submit->cmd_count) {
		ret = vuma_implicit_begin(implicit, vfile);
		goto out_free;
	}
	job = vuma_job_create(vfile, &vuma_implicit_job_ops, submit->cmd_count);
	if (IS_ERR(job)) {
		ret = PTR_ERR(job);
		goto out_free;
	}
	job->implicit = implicit;
	return vuma_submit_job(job, file, submit);

out_free:
	vuma_implicit_free(implicit);
	return ret;
}

/**
 * vuma_ioctl_submit_legacy - DRM_IOCTL_VUMA_SUBMIT_LEGACY
 * @drm: the device
 * @data: struct drm_vuma_submit_legacy
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_submit_legacy(struct drm_device *drm, void *data, struct drm_file *file)
{
	const struct drm_vuma_submit_legacy *args = data;
	const struct drm_vuma_submit submit = vuma_implicit_submit(args);
	struct vuma_implicit *implicit;
	int ret;

	ret = vuma_implicit_check(args, &submit);
	if (ret)
		return ret;
	implicit = vuma_implicit_alloc(args);
	if (!implicit)
		return -ENOMEM;
	return vuma_implicit_queue(implicit, file, &submit);
}
