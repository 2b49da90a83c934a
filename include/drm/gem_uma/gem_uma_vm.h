/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_VM_H_
#define _DRM_GEM_UMA_VM_H_

#include <linux/atomic.h>
#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_exec.h>
#include <drm/drm_gem.h>
#include <drm/drm_gpuvm.h>

struct dma_fence;
struct drm_device;
struct gem_uma_vm;
struct gem_uma_vm_bind;
struct gem_uma_vm_implicit_set;
struct page;

/* Levels of page tables that can be described. */
#define GEM_UMA_VM_LEVELS	6

/**
 * struct gem_uma_vm_geometry - the shape of a device's page tables
 */
struct gem_uma_vm_geometry {
	/**
	 * @leaves: sizes that an entry, or a group of entries, can map; or-ed. Where a
	 * level has none although a higher one has, each bind allocates all tables that
	 * replace the larger leaf.
	 */
	u64 leaves;
	/** @levels: number of levels, 1 to GEM_UMA_VM_LEVELS. */
	unsigned int levels;
	/**
	 * @shift: by level, log2 of the bytes that an entry covers; [0] is the lowest
	 * level, [levels - 1] the root.
	 */
	u8 shift[GEM_UMA_VM_LEVELS];
};

/**
 * struct gem_uma_vm_tables - page tables allocated ahead
 *
 * The driver decides how @first leads to the others.
 */
struct gem_uma_vm_tables {
	/** @first: the driver's; NULL if there are none. */
	void *first;
	/**
	 * @prot_before: GEM_UMA_VM_* of the mapping that the start of an unmapped range cuts:
	 * of what stays mapped before the range. For hardware whose entries do not say it.
	 */
	u32 prot_before;
	/** @prot_after: the same of its end, and of what stays mapped after the range. */
	u32 prot_after;
};

/* Jobs may not write through the mapping. Other bits belong to the driver. */
#define GEM_UMA_VM_READONLY	BIT(0)
/* Memory of the VM is behind a sparse range, instead of null entries. */
#define GEM_UMA_VM_DUMMY	BIT(1)
/* First bit that the driver can use. */
#define GEM_UMA_VM_PROT_DRIVER	BIT(8)

/**
 * struct gem_uma_vm_ops - what only the driver knows
 *
 * Page-table functions are called with &gem_uma_vm.op_lock held and, but for @alloc_tables
 * and @free_tables, in sections that others wait for: they must not allocate, take a resv,
 * or drop a last reference.
 *
 * @unmap and @flush are also called in memory reclaim, which only tries op_lock. They can
 * take a lock of the driver under which nothing is allocated; lockdep finds out if
 * fs_reclaim is acquired around it once. That goes for @begin as well, if @wait is false.
 *
 * @begin, @map, @map_null, @unmap and @flush are also called when the device has been unplugged,
 * and never inside of drm_dev_enter(): a bind on the queue, an eviction and the end of a VM do
 * not ask for the device. Page tables in memory can be written all the same. What needs
 * registers, a flush of the TLB above all, enters by itself, and succeeds if it cannot: a
 * device that is gone makes no more accesses.
 */
struct gem_uma_vm_ops {
	/**
	 * @alloc_tables: allocate so many page tables. May sleep and reclaim; op_lock is
	 * not held. On failure nothing is left in @tables. 0 or -ENOMEM.
	 */
	int (*alloc_tables)(struct gem_uma_vm *vm, struct gem_uma_vm_tables *tables,
			    unsigned long nr);
	/** @free_tables: free those that were not used. op_lock is not held. */
	void (*free_tables)(struct gem_uma_vm *vm, struct gem_uma_vm_tables *tables);
	/**
	 * @begin: entries in a range are about to change. The device may be kept from using
	 * the range until @flush, so that jobs see all of the change or nothing: @flush follows
	 * for the same range, also after an error of what comes between. NULL: nothing to do.
	 *
	 * An error means that @flush will not be called. Without @wait it says: not now, and
	 * nothing was changed. With @wait it obliges the driver as one of @unmap does, and
	 * entries are removed all the same.
	 */
	int (*begin)(struct gem_uma_vm *vm, u64 va, u64 len, bool wait);
	/**
	 * @map: write leaves of @leaf bytes where nothing is mapped. @va, @addr and @len
	 * are multiples of @leaf. An error means that the hardware, or a bug, is in the
	 * way: the VM is not usable any more.
	 */
	int (*map)(struct gem_uma_vm *vm, u64 va, dma_addr_t addr, u64 len, u64 leaf,
		   u32 prot, struct gem_uma_vm_tables *tables);
	/**
	 * @map_null: write leaves that read as zero and swallow writes. NULL if the
	 * hardware has no such thing.
	 */
	int (*map_null)(struct gem_uma_vm *vm, u64 va, u64 len, u64 leaf,
			struct gem_uma_vm_tables *tables);
	/**
	 * @unmap: clear a range, which may have holes, and keep what lies outside of it
	 * mapped: a large leaf that its borders cut becomes smaller ones, out of @tables.
	 * @tables is NULL where no leaf is cut. Errors as for @map, but never -ENOMEM.
	 * What was mapped is freed after an error, too: the driver has to stop the device
	 * from using the VM before it returns one.
	 */
	int (*unmap)(struct gem_uma_vm *vm, u64 va, u64 len,
		     struct gem_uma_vm_tables *tables);
	/**
	 * @flush: no access may use older entries afterwards. NULL: nothing to do, also for
	 * @begin. An error obliges the driver as one of @unmap does.
	 */
	int (*flush)(struct gem_uma_vm *vm, u64 va, u64 len);

	/**
	 * @populate: make a range of an object usable; its resv is held. With
	 * DMA_TO_DEVICE, jobs only read it.
	 */
	int (*populate)(struct drm_gem_object *obj, u64 offset, u64 size,
			enum dma_data_direction dir);
	/**
	 * @prefetch: a range will be populated soon: begin to read it, if that takes
	 * long, and return. Its resv is held. NULL: nothing to do.
	 */
	void (*prefetch)(struct drm_gem_object *obj, u64 offset, u64 size);
	/** @is_resident: would @populate have nothing to do? Its resv is held. */
	bool (*is_resident)(struct drm_gem_object *obj, u64 offset, u64 size,
			    enum dma_data_direction dir);
	/**
	 * @run: the longest run, at most @size bytes, that starts at @offset and is
	 * contiguous for the device. Its resv is held.
	 */
	int (*run)(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr,
		   u64 *len);
	/** @changed: the object is mapped in more or fewer places. Its resv is held. */
	void (*changed)(struct drm_gem_object *obj);
	/** @free: the last reference is gone, and the page tables are empty. */
	void (*free)(struct gem_uma_vm *vm);
};

/**
 * struct gem_uma_vm - one GPU address space, embedded by the driver
 */
struct gem_uma_vm {
	/** @base: the tree of mappings, protected by the resv of the VM. */
	struct drm_gpuvm base;
	/** @ops: the driver's part. */
	const struct gem_uma_vm_ops *ops;
	/** @geometry: of the page tables. */
	const struct gem_uma_vm_geometry *geometry;
	/**
	 * @op_lock: protects the page tables. Taken in sections that fences depend
	 * on: nothing may be allocated under it. Reclaim trylocks it.
	 */
	struct mutex op_lock;
	/**
	 * @maps: vas whose page-table entries were written so far, those that came back
	 * after an eviction included; protected by op_lock.
	 */
	u64 maps;
	/** @unmaps: how often such entries were cleared; protected by op_lock. */
	u64 unmaps;
	/**
	 * @tree_lock: held where the tree is changed, beside the resv of the VM, so that
	 * gem_uma_vm_lookup() needs no resv. Nothing is allocated under it.
	 */
	struct mutex tree_lock;
	/**
	 * @bos: objects that are mapped, &struct gem_uma_vm_bo; protected by the resv of
	 * the VM.
	 */
	struct list_head bos;

	/* private: */

	/* How many keep it active: the owner, jobs, binds on the queue. Unmapped at 0. */
	atomic_t active;
	/* The owner closed it; protected by the resv of the VM. */
	bool closed;
	/* Set once, when page tables could not be written; read without a lock. */
	int error;

	/* Being entered into the tree, and not queued or executed yet; under tree_lock. */
	struct gem_uma_vm_bind *entering;

	/* Binds that wait for their turn, or are being executed. */
	spinlock_t queue_lock;
	struct list_head queue;
	/* Fences of the queue; the number is protected by the resv of the VM. */
	u64 fence_context;
	u64 fence_seqno;

	/* Tables allocated for binds that are not finished. */
	atomic_long_t tables;
	wait_queue_head_t tables_wait;

	/* What a validation collects; protected by the resv of the VM. */
	struct gem_uma_vm_bind *rebind;
	/* The fence of the last validation that went to the queue; NULL if none ever did. */
	struct dma_fence *rebound;

	/* Memory behind sparse ranges: allocated once, under the resv of the VM. */
	struct page *dummy;
	unsigned int dummy_order;
	dma_addr_t dummy_addr;
	struct list_head dummy_link;

	/* Addresses that the kernel chooses, else NULL; set before anybody else knows the VM. */
	struct gem_uma_vm_implicit_set *implicit;
	/* What they do when the VM ends; set together. */
	const struct gem_uma_vm_hooks *hooks;
};

/**
 * struct gem_uma_vm_exec - a VM and objects that are locked together
 */
struct gem_uma_vm_exec {
	/** @exec: for drm_gpuvm_resv_add_fence() and validation. */
	struct drm_exec exec;

	/* private: */
	struct gem_uma_vm *vm;
	unsigned int fences;
	/* The object that was contended; a reference, as nothing else may hold it. */
	struct drm_gem_object *contended;
	/* All are locked. */
	bool locked;
};

#define to_gem_uma_vm(gpuvm)	container_of(gpuvm, struct gem_uma_vm, base)

/**
 * struct gem_uma_vm_bo - an object in a VM
 */
struct gem_uma_vm_bo {
	/** @base: the kernel's part. */
	struct drm_gpuvm_bo base;
	/** @link: in &gem_uma_vm.bos; protected by the resv of the VM. */
	struct list_head link;
	/** @live: vas that are not evicted; protected by the resv of the object. */
	unsigned long live;
};

/**
 * struct gem_uma_va - a range of an object, or a sparse range, in a VM
 */
struct gem_uma_va {
	/** @base: the kernel's part. */
	struct drm_gpuva base;
	/** @link: among those not used yet, or to be freed. */
	struct list_head link;
	/** @prot: GEM_UMA_VM_*. */
	u32 prot;
	/**
	 * @evicted: there are no page-table entries, or there will be none when the
	 * queue has run; protected by the resv of the object.
	 */
	bool evicted;
};

#define to_gem_uma_vm_bo(vm_bo)	container_of(vm_bo, struct gem_uma_vm_bo, base)

#define to_gem_uma_va(va)	container_of(va, struct gem_uma_va, base)

/**
 * enum gem_uma_vm_op_type - what an operation does
 */
enum gem_uma_vm_op_type {
	/** @GEM_UMA_VM_MAP: map a range of an object; replaces what was there. */
	GEM_UMA_VM_MAP,
	/** @GEM_UMA_VM_UNMAP: unmap a range; holes in it are fine. */
	GEM_UMA_VM_UNMAP,
	/** @GEM_UMA_VM_SPARSE: make a range accessible without an object. */
	GEM_UMA_VM_SPARSE,
};

/**
 * struct gem_uma_vm_op - one operation of a bind
 */
struct gem_uma_vm_op {
	/** @type: what. */
	enum gem_uma_vm_op_type type;
	/** @prot: GEM_UMA_VM_*, not for unmap. */
	u32 prot;
	/** @va: GPU address. */
	u64 va;
	/** @range: bytes. */
	u64 range;
	/** @obj: for map, else NULL. */
	struct drm_gem_object *obj;
	/** @offset: for map, in the object. */
	u64 offset;
};

int gem_uma_vm_init(struct gem_uma_vm *vm, const char *name, struct drm_device *drm,
		    const struct gem_uma_vm_ops *ops,
		    const struct gem_uma_vm_geometry *geometry, u64 start, u64 end);
void gem_uma_vm_close(struct gem_uma_vm *vm);
void gem_uma_vm_unplug(struct drm_device *drm);
struct drm_gem_object *gem_uma_vm_lookup(struct gem_uma_vm *vm, u64 va, u64 *offset);
int gem_uma_vm_active_get_locked(struct gem_uma_vm *vm)
	__must_hold(drm_gpuvm_resv(&vm->base));
void gem_uma_vm_active_put(struct gem_uma_vm *vm);

int gem_uma_vm_lock(struct gem_uma_vm_exec *lock, struct gem_uma_vm *vm, bool interruptible,
		    unsigned int fences,
		    int (*objects)(struct gem_uma_vm_exec *lock, void *data), void *data);
int gem_uma_vm_lock_all(struct gem_uma_vm_exec *lock, struct gem_uma_vm *vm,
			unsigned int fences);
int gem_uma_vm_lock_obj(struct gem_uma_vm_exec *lock, struct drm_gem_object *obj);
void gem_uma_vm_unlock(struct gem_uma_vm_exec *lock);

int gem_uma_vm_validate_locked(struct gem_uma_vm *vm, struct drm_exec *exec,
			       struct dma_fence **fence)
	__must_hold(drm_gpuvm_resv(&vm->base));
bool gem_uma_vm_is_evicted_locked(struct gem_uma_vm *vm, bool (*which)(struct drm_gem_object *obj))
	__must_hold(drm_gpuvm_resv(&vm->base));
int gem_uma_vm_bo_evict_locked(struct drm_gem_object *obj)
	__must_hold(obj->resv);
unsigned int gem_uma_vm_bo_vms_locked(struct drm_gem_object *obj)
	__must_hold(obj->resv);

struct gem_uma_vm_bind *gem_uma_vm_bind_create(struct gem_uma_vm *vm,
					       const struct gem_uma_vm_op *ops, u32 nr);
int gem_uma_vm_bind_add_dependency(struct gem_uma_vm_bind *bind, struct dma_fence *fence);
int gem_uma_vm_bind_commit(struct gem_uma_vm_bind *bind, struct dma_fence **fence);
int gem_uma_vm_bind_commit_direct(struct gem_uma_vm_bind *bind, bool interruptible);
void gem_uma_vm_bind_destroy(struct gem_uma_vm_bind *bind);

/**
 * gem_uma_vm_get() - take a reference
 * @vm: VM
 *
 * Context: any.
 *
 * Return: @vm.
 */
static inline struct gem_uma_vm *gem_uma_vm_get(struct gem_uma_vm *vm)
{
	drm_gpuvm_get(&vm->base);
	return vm;
}

/**
 * gem_uma_vm_put() - drop a reference
 * @vm: VM
 *
 * Context: may sleep if it is the last.
 */
static inline void gem_uma_vm_put(struct gem_uma_vm *vm)
{
	drm_gpuvm_put(&vm->base);
}

/**
 * gem_uma_vm_is_private() - does an object share the resv of a VM?
 * @vm: VM
 * @obj: object
 *
 * Context: any.
 *
 * Return: true if it can only be used in this VM.
 */
static inline bool gem_uma_vm_is_private(struct gem_uma_vm *vm, struct drm_gem_object *obj)
{
	return obj->resv == drm_gpuvm_resv(&vm->base);
}

/**
 * gem_uma_vm_resv_object() - whose resv private objects share
 * @vm: VM
 *
 * Set &drm_gem_object.resv to that of this object before the private one is initialized,
 * and hold a reference of it until the private one is freed. Objects with a resv that is
 * neither their own, an exporter's, nor the VM's cannot be mapped.
 *
 * Context: any.
 *
 * Return: the object.
 */
static inline struct drm_gem_object *gem_uma_vm_resv_object(struct gem_uma_vm *vm)
{
	return vm->base.r_obj;
}

#endif
