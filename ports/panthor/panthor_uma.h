/* SPDX-License-Identifier: GPL-2.0 */
/* panthor's buffers on gem-uma: what the driver's structures embed. */
#ifndef _PANTHOR_UMA_H_
#define _PANTHOR_UMA_H_

#include <linux/kref.h>

#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct gem_uma_object_prime;
struct mem_cgroup;
struct panthor_gem_object;
struct panthor_vm;
struct sg_table;

/**
 * struct panthor_uma - of the device
 */
struct panthor_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
	/** @prime: how buffers are exported; set at probe. */
	const struct gem_uma_object_prime *prime;
	/** @funcs: of all buffers; set at probe. */
	const struct drm_gem_object_funcs *funcs;
	/** @shrunk: pages that the last write to the debugfs file has freed; any value will do. */
	unsigned long shrunk;
};

/**
 * struct panthor_uma_activity - when the GPU last used a VM, and whose that is
 *
 * Of the VM, and of the buffers that it was the first to map, which may outlive it. A VM can be
 * without, where memory was short.
 */
struct panthor_uma_activity {
	/** @ref: references. */
	struct kref ref;
	/** @memcg: of who made the VM, with a reference; NULL without memory cgroups. */
	struct mem_cgroup *memcg;
	/** @at: in nanoseconds, as ktime_get_mono_fast_ns(); set and read without a lock. */
	u64 at;
};

struct panthor_uma_activity *panthor_uma_activity_create(void);
void panthor_uma_activity_put(struct panthor_uma_activity *activity);
struct panthor_uma_activity *panthor_vm_activity(struct panthor_vm *vm);
void panthor_uma_mark_active(struct panthor_uma_activity *activity);
void panthor_uma_share_activity(struct panthor_gem_object *bo,
				struct panthor_uma_activity *activity);

struct sg_table *panthor_uma_make_sgt_locked(struct panthor_gem_object *bo, u64 offset,
					     u64 size);
struct sg_table *panthor_uma_pin(struct panthor_gem_object *bo, u64 offset, u64 size);
void panthor_uma_unpin(struct panthor_gem_object *bo);
void panthor_uma_free_sgt(struct sg_table *sgt);
int panthor_uma_restore_locked(struct panthor_gem_object *bo);
int panthor_uma_get_for_export(struct gem_uma_object *uobj);

#endif
