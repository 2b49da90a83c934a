/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vuma, the virtual UMA GPU: what its source files share.
 */
#ifndef _VUMA_DRV_H_
#define _VUMA_DRV_H_

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_ioctl.h>
#include <drm/gpu_scheduler.h>

#include "vuma_bo.h"

struct dma_fence;
struct gem_uma_reserve;
struct user_struct;
struct vuma_vm;

#define VUMA_UAPI_MAJOR		1
#define VUMA_UAPI_MINOR		9

#define VUMA_MAX_DEVICES	16

/* Commands of one SUBMIT: 1 MiB of user memory copied, at most. */
#define VUMA_MAX_CMDS		16384
#define VUMA_MAX_VMS		256
/* Offsets for mmap() of the BOs of one file, in bytes: an eighth of what a device has. */
#define VUMA_MAX_OFFSETS	BIT_ULL(37)
/* What jobs of one file may take of the kernel's memory, and each beside its commands. */
#define VUMA_MAX_QUEUED		(16u * 1024 * 1024)
#define VUMA_JOB_COST		2048u
#define VUMA_CMD_MAX_SIZE	BIT_ULL(40)
#define VUMA_SPIN_MAX_US	(10u * 1000 * 1000)

/**
 * struct vuma_engine - the one engine of a device
 *
 * The scheduler hands it one job at a time; a worker of @run_wq plays hardware.
 */
struct vuma_engine {
	/** @sched: orders the jobs of all files. */
	struct drm_gpu_scheduler sched;
	/** @run_wq: where the commands are executed. */
	struct workqueue_struct *run_wq;
	/** @reset_wq: where the scheduler's timeout handler runs. */
	struct workqueue_struct *reset_wq;
	/** @stop: woken when a running job has to stop. */
	wait_queue_head_t stop;
	/** @fence_context: of the hardware fences. */
	u64 fence_context;
	/** @fence_seqno: of the last hardware fence. */
	atomic64_t fence_seqno;
};

/**
 * struct vuma_counters - what debugfs shows; monotonic, except @tables
 */
struct vuma_counters {
	/** @jobs: finished, good or bad. */
	atomic64_t jobs;
	/** @failed: of @jobs, those that ended with an error. */
	atomic64_t failed;
	/** @walks: page-table walks. */
	atomic64_t walks;
	/** @maps: calls that wrote leaves; one for each contiguous piece of memory. */
	atomic64_t maps;
	/** @unmaps: calls that cleared a range. */
	atomic64_t unmaps;
	/** @leaves: entries written, by size: 4K, 64K, 2M. */
	atomic64_t leaves[3];
	/** @splits: 2M entries that had to become 4K entries. */
	atomic64_t splits;
	/** @tables: page tables that exist now, in all VMs. */
	atomic64_t tables;
};

/**
 * struct vuma_device - one virtual GPU
 */
struct vuma_device {
	/** @drm: the DRM device. */
	struct drm_device drm;
	/** @bo: owned by the backend of the buffer objects. */
	struct vuma_bo_device *bo;
	/** @reserve: memory for heaps; NULL for a backend without. */
	struct gem_uma_reserve *reserve;
	/** @engine: executes the jobs. */
	struct vuma_engine engine;
	/** @counters: for debugfs. */
	struct vuma_counters counters;
	/** @fail_map: debugfs: writing page tables fails when this counts down to 0. */
	atomic_t fail_map;
	/** @fail_tables: debugfs: allocating page tables fails when this counts down to 0. */
	atomic_t fail_tables;
	/** @gone: set once at unplug; jobs fail from then on. */
	bool gone;
};

/**
 * struct vuma_file - one open file, and its jobs' share of it
 *
 * Jobs and BOs outlive the file, so this is reference counted.
 */
struct vuma_file {
	/** @kref: one for the open file, one for each job, one for each BO created with it. */
	struct kref kref;
	/** @vdev: the device; a reference. */
	struct vuma_device *vdev;
	/** @close_work: ends what only the open file can use, for a kernel thread. */
	struct work_struct close_work;
	/** @free_work: frees it. */
	struct rcu_work free_work;
	/** @bo: owned by the backend of the buffer objects. */
	struct vuma_bo_client *bo;
	/** @path: who decides on addresses, &enum gem_uma_vm_path. */
	atomic_t path;
	/** @vms: struct vuma_vm by id; each entry holds a reference. */
	struct xarray vms;
	/** @implicit: the VM of SUBMIT_LEGACY; set once, a reference. */
	struct vuma_vm *implicit;
	/** @scanout_lock: guards @scanouts; taken before resv. */
	struct mutex scanout_lock;
	/** @scanouts: struct vuma_scanout: what is pinned. */
	struct list_head scanouts;
	/** @entity: the queue that keeps the jobs of the file in order; goes with the last. */
	struct drm_sched_entity entity;
	/** @deadline: in jiffies; jobs fail whose turn comes later. Set on close, else 0. */
	u64 deadline;
	/** @exited: set once, when a process that exits closes it; OP_WAIT ends. */
	bool exited;
	/** @jobs_lock: guards what follows; a leaf, but for the locks of fences. */
	spinlock_t jobs_lock;
	/** @jobs: struct vuma_job: queued and not ended; in order. */
	struct list_head jobs;
	/** @queued_nr: of the last job that was queued; counts from 1. */
	u64 queued_nr;
	/** @running_nr: of the job that the engine has, until others see that it ended; or 0. */
	u64 running_nr;
	/** @canceled_nr: jobs up to this one end. Read without the lock. */
	u64 canceled_nr;
	/** @submit_lock: makes arming and queueing a job one step. */
	struct mutex submit_lock;
	/** @offset_lock: makes counting a BO and giving it an offset for mmap() one step. */
	struct mutex offset_lock;
	/** @offsets: bytes of its BOs and heaps that have one; more only under @offset_lock. */
	atomic64_t offsets;
	/** @queued: bytes that the jobs take, as they are counted; at most VUMA_MAX_QUEUED. */
	atomic_t queued;
	/** @room: woken when @queued becomes less. */
	wait_queue_head_t room;
	/** @busy_ns: time the engine spent on the jobs of this file. */
	atomic64_t busy_ns;
};

#define to_vuma_device(d)	container_of(d, struct vuma_device, drm)

static inline struct vuma_file *to_vuma_file(struct drm_file *file)
{
	return file->driver_priv;
}

/*
 * Puts that may be the last of a VM or of a device, deferred from places that
 * must not do them. Module wide, because they may outlive the device.
 */
extern struct workqueue_struct *vuma_put_wq;

/* Not const: a backend may add hooks of its own in vuma_bo_module_init(). */
extern struct drm_driver vuma_driver;

extern const struct drm_ioctl_desc vuma_ioctls[];
extern const int vuma_num_ioctls;

void vuma_file_put(struct vuma_file *vfile);
struct user_struct *vuma_locked_charge(size_t size);
void vuma_locked_uncharge(struct user_struct *user, size_t size);
bool vuma_fence_overdue(struct dma_fence *fence);
void vuma_scanout_fini(struct vuma_file *vfile);
int vuma_ioctl_scanout_pin(struct drm_device *drm, void *data, struct drm_file *file);
int vuma_ioctl_scanout_unpin(struct drm_device *drm, void *data, struct drm_file *file);
int vuma_dumb_create(struct drm_file *file, struct drm_device *drm,
		     struct drm_mode_create_dumb *args);
int vuma_dumb_map_offset(struct drm_file *file, struct drm_device *drm, u32 handle, u64 *offset);

int vuma_engine_init(struct vuma_device *vdev);
void vuma_engine_unplug(struct vuma_device *vdev);

#endif /* _VUMA_DRV_H_ */
