/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_VM_IMPLICIT_H_
#define _DRM_GEM_UMA_VM_IMPLICIT_H_

#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <drm/gem_uma/gem_uma_vm.h>

struct gem_uma_vm_implicit;

/**
 * enum gem_uma_vm_path - who decides on addresses
 */
enum gem_uma_vm_path {
	/** @GEM_UMA_VM_PATH_NONE: not decided yet. */
	GEM_UMA_VM_PATH_NONE,
	/** @GEM_UMA_VM_PATH_BIND: user space, by VM_BIND. */
	GEM_UMA_VM_PATH_BIND,
	/** @GEM_UMA_VM_PATH_IMPLICIT: the kernel, when an object is used. */
	GEM_UMA_VM_PATH_IMPLICIT,
};

/**
 * gem_uma_vm_latch() - choose the path of a file, once
 * @path: of the file; &enum gem_uma_vm_path, zeroed
 * @want: GEM_UMA_VM_PATH_BIND or GEM_UMA_VM_PATH_IMPLICIT
 *
 * The first caller decides, for good. To be called when nothing else can fail.
 *
 * Context: any.
 *
 * Return: 0, or -EBUSY if it is the other one.
 */
static inline int gem_uma_vm_latch(atomic_t *path, enum gem_uma_vm_path want)
{
	int old = atomic_cmpxchg(path, GEM_UMA_VM_PATH_NONE, want);

	return old == GEM_UMA_VM_PATH_NONE || old == want ? 0 : -EBUSY;
}

/**
 * struct gem_uma_vm_users - who wants an object to keep its implicit addresses
 *
 * Embedded in the driver's object. References are no measure: an address holds one, too.
 * A user is a handle, an exported dma-buf, or a pin for scanout.
 */
struct gem_uma_vm_users {
	/** @obj: the object that this is a part of. */
	struct drm_gem_object *obj;
	/** @nr: users. */
	atomic_t nr;
	/** @lock: protects @idle; a leaf. */
	spinlock_t lock;
	/** @idle: its addresses in VMs that no job uses. */
	struct list_head idle;
	/** @unmap_work: unmaps it there; queued with references of object and driver. */
	struct work_struct unmap_work;
};

void gem_uma_vm_users_init(struct gem_uma_vm_users *users, struct drm_gem_object *obj);
void gem_uma_vm_users_get(struct gem_uma_vm_users *users);
void gem_uma_vm_users_put(struct gem_uma_vm_users *users);

int gem_uma_vm_implicit_init(struct gem_uma_vm *vm);
int gem_uma_vm_implicit_get(struct gem_uma_vm *vm, struct gem_uma_vm_users *const *users,
			    u32 nr, struct gem_uma_vm_implicit **ims);
void gem_uma_vm_implicit_put(struct gem_uma_vm_implicit *im);
u64 gem_uma_vm_implicit_address(const struct gem_uma_vm_implicit *im);
int gem_uma_vm_implicit_validate_locked(struct gem_uma_vm *vm, struct drm_exec *exec,
					struct gem_uma_vm_implicit **ims, u32 nr)
	__must_hold(drm_gpuvm_resv(&vm->base));
unsigned long gem_uma_vm_implicit_trim(struct gem_uma_vm *vm);
unsigned long gem_uma_vm_implicit_nr_idle(struct gem_uma_vm *vm);

#endif
