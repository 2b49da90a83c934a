// SPDX-License-Identifier: GPL-2.0
/*
 * GPU address spaces: addresses that the kernel chooses.
 *
 * Locks: the mutex of the addresses of a VM, taken before any resv; then the lock of an
 * object's users. Neighbours: bind, which maps, and the VM, which unmaps.
 */
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <drm/drm_exec.h>
#include <drm/drm_mm.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_vm_implicit.h>

#include "gem_uma_vm_types.h"

/**
 * DOC: Implicit addresses
 *
 * On the implicit path user space names objects, and the kernel maps each of them as a whole
 * when it is used first in a VM. It stays mapped when the job has ended: an object that is
 * used again, as each of the buffers of a page flip is, costs nothing.
 *
 * The va holds its object, as every va does, so references cannot tell when nobody wants
 * the object any more. Users can; they are counted apart, in
 * :c:type:`struct gem_uma_vm_users <gem_uma_vm_users>`: handles, by the open and close
 * hooks of the object; exported dma-bufs, until they are released; pins for scanout. While
 * there is one, by whatever way the next handle is made, the address survives: also when a
 * client closes its handle and imports the dma-buf again for each frame. With the last one
 * the object is unmapped from all VMs, and what is left is plain references.
 *
 * All this is within one device. Importing a dma-buf of another device creates an object,
 * which ends with its last handle: a client that imports it again for each frame has it
 * mapped and unmapped for each.
 *
 * An address is busy from gem_uma_vm_implicit_get(), which gives a job all of its addresses
 * at once, to gem_uma_vm_implicit_put(), which the driver calls when the job has ended, and
 * idle otherwise. Busy ones keep the VM from being unmapped. Idle ones go
 *
 * - with the last user of the object;
 * - with the VM;
 * - by gem_uma_vm_implicit_trim();
 * - the least recently used first, if an address is needed and none is free;
 * - all of them, if that was not enough because what is free is in pieces.
 *
 * One that is busy goes when it becomes idle, if its object has no user by then or the VM
 * was closed.
 *
 * Memory reclaim can free no address: that takes locks that it must not wait for. It
 * evicts the object as from any VM. The page-table entries and the pages go, the address
 * stays, and the next job that uses it maps it again. Jobs bring back only what they use:
 * evicted objects that are merely idle in the VM stay evicted.
 *
 * A file takes one path or the other, gem_uma_vm_latch(), and a VM has one of them: no
 * bind of user space can meet an implicit address.
 */

/* The addresses of a VM; freed with it. */
struct gem_uma_vm_implicit_set {
	struct gem_uma_vm *vm;
	/* Protects all that follows, and the vas in the tree. */
	struct mutex lock;
	struct drm_mm mm;
	struct rb_root by_obj;
	/* The least recently used first. */
	struct list_head idle;
	unsigned long nr_idle;
	/* While there are any, they keep the VM active. */
	unsigned long nr_busy;
	bool closed;
	/* Changes when an address may have become free; waiters then try again. */
	unsigned long nr_put;
	wait_queue_head_t wait;
};

/* An object in a VM. What the tree has of it holds VM and object. */
struct gem_uma_vm_implicit {
	struct gem_uma_vm_implicit_set *set;
	struct gem_uma_vm_users *users;
	struct drm_gpuva *va;
	struct drm_mm_node addr;
	struct rb_node by_obj;
	/* Jobs that use it; it is on both lists if there are none. */
	unsigned long busy;
	struct list_head idle_of_vm;
	struct list_head idle_of_obj;
};

static void gem_uma_vm_users_unmap_work(struct work_struct *work);

/**
 * gem_uma_vm_users_init() - nobody uses an object yet
 * @users: part of the object
 * @obj: object
 *
 * Context: any.
 */
void gem_uma_vm_users_init(struct gem_uma_vm_users *users, struct drm_gem_object *obj)
{
	users->obj = obj;
	atomic_set(&users->nr, 0);
	spin_lock_init(&users->lock);
	INIT_LIST_HEAD(&users->idle);
	INIT_WORK(&users->unmap_work, gem_uma_vm_users_unmap_work);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_users_init);

/**
 * gem_uma_vm_users_get() - one more user of an object
 * @users: of the object
 *
 * Context: any.
 */
void gem_uma_vm_users_get(struct gem_uma_vm_users *users)
{
	atomic_inc(&users->nr);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_users_get);

static void gem_uma_vm_implicit_set_idle(struct gem_uma_vm_implicit *im)
{
	struct gem_uma_vm_implicit_set *set = im->set;

	list_add_tail(&im->idle_of_vm, &set->idle);
	WRITE_ONCE(set->nr_idle, set->nr_idle + 1);
	spin_lock(&im->users->lock);
	list_add(&im->idle_of_obj, &im->users->idle);
	spin_unlock(&im->users->lock);
}

static void gem_uma_vm_implicit_clear_idle(struct gem_uma_vm_implicit *im)
{
	struct gem_uma_vm_implicit_set *set = im->set;

	spin_lock(&im->users->lock);
	list_del(&im->idle_of_obj);
	spin_unlock(&im->users->lock);
	list_del(&im->idle_of_vm);
	WRITE_ONCE(set->nr_idle, set->nr_idle - 1);
}

static int gem_uma_vm_implicit_cmp(const void *key, const struct rb_node *node)
{
	const struct gem_uma_vm_implicit *im = rb_entry(node, struct gem_uma_vm_implicit, by_obj);
	const struct gem_uma_vm_users *users = key;

	return users < im->users ? -1 : users > im->users;
}

static bool gem_uma_vm_implicit_less(struct rb_node *a, const struct rb_node *b)
{
	return gem_uma_vm_implicit_cmp(rb_entry(a, struct gem_uma_vm_implicit, by_obj)->users,
				       b) < 0;
}

static struct gem_uma_vm_implicit *gem_uma_vm_implicit_find(struct gem_uma_vm_implicit_set *set,
							    struct gem_uma_vm_users *users)
{
	struct rb_node *node = rb_find(users, &set->by_obj, gem_uma_vm_implicit_cmp);

	return node ? rb_entry(node, struct gem_uma_vm_implicit, by_obj) : NULL;
}

/*
 * Unmap an idle object and forget its address. Returns false if @wait is false and a resv was
 * locked. @gone keeps the object until the mutex is unlocked: freeing it can take long, and
 * can end a user of another object.
 */
static bool gem_uma_vm_implicit_drop(struct gem_uma_vm_implicit *im, bool wait,
				     struct list_head *gone)
{
	struct gem_uma_vm_implicit_set *set = im->set;

	lockdep_assert_held(&set->lock);
	drm_gem_object_get(im->users->obj);
	if (!gem_uma_vm_unmap_va(set->vm, im->va, wait)) {
		drm_gem_object_put(im->users->obj);
		return false;
	}
	gem_uma_vm_implicit_clear_idle(im);
	rb_erase(&im->by_obj, &set->by_obj);
	drm_mm_remove_node(&im->addr);
	list_add_tail(&im->idle_of_vm, gone);
	return true;
}

static void gem_uma_vm_implicit_free(struct list_head *gone)
{
	struct gem_uma_vm_implicit *im, *next;

	list_for_each_entry_safe(im, next, gone, idle_of_vm) {
		drm_gem_object_put(im->users->obj);
		kfree(im);
	}
}

static void gem_uma_vm_implicit_drop_all(struct gem_uma_vm_implicit_set *set,
					 struct list_head *gone)
{
	struct gem_uma_vm_implicit *im, *next;

	list_for_each_entry_safe(im, next, &set->idle, idle_of_vm)
		gem_uma_vm_implicit_drop(im, true, gone);
}

/* Returns a VM where the object is idle, with a reference. Its va holds another one. */
static struct gem_uma_vm *gem_uma_vm_users_first(struct gem_uma_vm_users *users)
{
	struct gem_uma_vm_implicit *im;
	struct gem_uma_vm *vm = NULL;

	spin_lock(&users->lock);
	im = list_first_entry_or_null(&users->idle, struct gem_uma_vm_implicit, idle_of_obj);
	if (im)
		vm = gem_uma_vm_get(im->set->vm);
	spin_unlock(&users->lock);
	return vm;
}

/* Returns false if @wait is false and a lock was not free. */
static bool gem_uma_vm_implicit_forget(struct gem_uma_vm_implicit_set *set,
				       struct gem_uma_vm_users *users, bool wait)
{
	struct gem_uma_vm_implicit *im;
	bool done = true;
	LIST_HEAD(gone);

	if (wait)
		mutex_lock(&set->lock);
	else if (!mutex_trylock(&set->lock))
		return false;
	im = gem_uma_vm_implicit_find(set, users);
	if (im && !im->busy)
		done = gem_uma_vm_implicit_drop(im, wait, &gone);
	mutex_unlock(&set->lock);
	gem_uma_vm_implicit_free(&gone);
	return done;
}

/* The same for all VMs. A new user of the object ends it. */
static bool gem_uma_vm_users_unmap(struct gem_uma_vm_users *users, bool wait)
{
	struct gem_uma_vm *vm;
	bool done = true;

	while (done && !atomic_read(&users->nr) && (vm = gem_uma_vm_users_first(users))) {
		done = gem_uma_vm_implicit_forget(vm->implicit, users, wait);
		gem_uma_vm_put(vm);
	}
	return done;
}

static void gem_uma_vm_users_unmap_work(struct work_struct *work)
{
	struct gem_uma_vm_users *users = container_of(work, struct gem_uma_vm_users, unmap_work);
	struct drm_device *drm = users->obj->dev;

	gem_uma_vm_users_unmap(users, true);
	drm_gem_object_put(users->obj);
	gem_uma_vm_driver_put(drm);
}

/**
 * gem_uma_vm_users_put() - remove one user of an object
 * @users: users of the object, of which the caller has a reference
 *
 * The last user unmaps the object where it is idle. A work item does that if a VM or the
 * object is locked. Where a job uses the object, the end of the job unmaps it.
 *
 * Context: may sleep; waits for no resv. Not for what fences wait for.
 */
void gem_uma_vm_users_put(struct gem_uma_vm_users *users)
{
	if (!atomic_dec_and_test(&users->nr) || gem_uma_vm_users_unmap(users, false))
		return;
	/* Whoever holds the resv of a VM may be waiting for memory. */
	gem_uma_vm_driver_get(users->obj->dev);
	drm_gem_object_get(users->obj);
	if (queue_work(gem_uma_vm_unmap_wq, &users->unmap_work))
		return;
	drm_gem_object_put(users->obj);
	gem_uma_vm_driver_put(users->obj->dev);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_users_put);

static void gem_uma_vm_implicit_wake(struct gem_uma_vm_implicit_set *set)
{
	WRITE_ONCE(set->nr_put, set->nr_put + 1);
	wake_up_all(&set->wait);
}

static void gem_uma_vm_implicit_close(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_implicit_set *set = vm->implicit;
	LIST_HEAD(gone);

	mutex_lock(&set->lock);
	set->closed = true;
	gem_uma_vm_implicit_wake(set);
	gem_uma_vm_implicit_drop_all(set, &gone);
	mutex_unlock(&set->lock);
	gem_uma_vm_implicit_free(&gone);
}

static void gem_uma_vm_implicit_fini(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_implicit_set *set = vm->implicit;

	WARN_ON_ONCE(!RB_EMPTY_ROOT(&set->by_obj));
	drm_mm_takedown(&set->mm);
	mutex_destroy(&set->lock);
	kfree(set);
}

static const struct gem_uma_vm_hooks gem_uma_vm_implicit_hooks = {
	.close = gem_uma_vm_implicit_close,
	.free = gem_uma_vm_implicit_fini,
};

/**
 * gem_uma_vm_implicit_init() - have the kernel choose the addresses of a VM
 * @vm: VM in which nothing was bound
 *
 * gem_uma_vm_bind_create() refuses the VM afterwards.
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0 or -ENOMEM.
 */
int gem_uma_vm_implicit_init(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_implicit_set *set = kzalloc_obj(*set, GFP_KERNEL_ACCOUNT);

	if (!set)
		return -ENOMEM;
	set->vm = vm;
	mutex_init(&set->lock);
	set->by_obj = RB_ROOT;
	INIT_LIST_HEAD(&set->idle);
	init_waitqueue_head(&set->wait);
	drm_mm_init(&set->mm, vm->base.mm_start, vm->base.mm_range);
	vm->implicit = set;
	vm->hooks = &gem_uma_vm_implicit_hooks;
	return 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_implicit_init);

/* The alignment with which the largest leaves can map the memory. */
static u64 gem_uma_vm_implicit_align(struct gem_uma_vm *vm, u64 size)
{
	u64 leaves = vm->geometry->leaves;

	while (leaves & (leaves - 1) && size < rounddown_pow_of_two(leaves))
		leaves &= ~rounddown_pow_of_two(leaves);
	return rounddown_pow_of_two(leaves);
}

/*
 * Large leaves are a preference, for which no other object loses its address. @packed ones
 * leave no gap between them, so that all that is free is in one piece if all are.
 */
static int gem_uma_vm_implicit_insert(struct gem_uma_vm_implicit *im, bool packed)
{
	struct gem_uma_vm_implicit_set *set = im->set;
	u64 leaves = set->vm->geometry->leaves, size = im->users->obj->size, align;
	int ret;

	align = packed ? leaves & -leaves : gem_uma_vm_implicit_align(set->vm, size);
	for (;;) {
		ret = drm_mm_insert_node_generic(&set->mm, &im->addr, size, align, 0,
						 DRM_MM_INSERT_BEST);
		leaves &= align - 1;
		if (ret != -ENOSPC || !leaves)
			return ret;
		align = rounddown_pow_of_two(leaves);
	}
}

static int gem_uma_vm_implicit_place(struct gem_uma_vm_implicit *im, bool packed,
				     struct list_head *gone)
{
	struct gem_uma_vm_implicit_set *set = im->set;
	int ret;

	for (;;) {
		ret = gem_uma_vm_implicit_insert(im, packed);
		if (ret != -ENOSPC || list_empty(&set->idle))
			return ret;
		gem_uma_vm_implicit_drop(list_first_entry(&set->idle,
							  struct gem_uma_vm_implicit,
							  idle_of_vm), true, gone);
	}
}

static int gem_uma_vm_implicit_map(struct gem_uma_vm_implicit *im)
{
	struct gem_uma_vm *vm = im->set->vm;
	const struct gem_uma_vm_op op = {
		.type = GEM_UMA_VM_MAP,
		.va = im->addr.start,
		.range = im->addr.size,
		.obj = im->users->obj,
	};
	struct gem_uma_vm_bind *bind;
	int ret;

	bind = gem_uma_vm_bind_prepare(vm, &op, 1);
	if (IS_ERR(bind))
		return PTR_ERR(bind);
	ret = gem_uma_vm_bind_commit(bind, NULL);
	/* Mapped, or not: it is in the tree in both cases where it was entered. */
	dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
	im->va = drm_gpuva_find(&vm->base, op.va, op.range);
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));
	if (im->va)
		return 0;
	return ret == -ENOENT && READ_ONCE(vm->error) ? -EIO : ret;
}

static struct gem_uma_vm_implicit *gem_uma_vm_implicit_create(struct gem_uma_vm_implicit_set *set,
							      struct gem_uma_vm_users *users,
							      bool packed, struct list_head *gone)
{
	struct gem_uma_vm_implicit *im;
	int ret;

	im = kzalloc_obj(*im, GFP_KERNEL_ACCOUNT);
	if (!im)
		return ERR_PTR(-ENOMEM);
	im->set = set;
	im->users = users;
	ret = gem_uma_vm_implicit_place(im, packed, gone);
	if (ret)
		goto err_free;
	ret = gem_uma_vm_implicit_map(im);
	if (ret)
		goto err_remove;
	rb_add(&im->by_obj, &set->by_obj, gem_uma_vm_implicit_less);
	gem_uma_vm_implicit_set_idle(im);
	return im;

err_remove:
	drm_mm_remove_node(&im->addr);
err_free:
	kfree(im);
	return ERR_PTR(ret);
}

static int gem_uma_vm_implicit_get_one(struct gem_uma_vm_implicit_set *set,
				       struct gem_uma_vm_users *users, bool packed,
				       struct list_head *gone, struct gem_uma_vm_implicit **result)
{
	struct gem_uma_vm_implicit *im = gem_uma_vm_implicit_find(set, users);

	if (!im)
		im = gem_uma_vm_implicit_create(set, users, packed, gone);
	if (IS_ERR(im))
		return PTR_ERR(im);
	if (!im->busy++) {
		gem_uma_vm_implicit_clear_idle(im);
		/* It is active already, as the VM is not closed. */
		if (!set->nr_busy++)
			atomic_inc(&set->vm->active);
	}
	*result = im;
	return 0;
}

/* Returns true if the caller has to call gem_uma_vm_active_put(), without the mutex. */
static bool gem_uma_vm_implicit_put_one(struct gem_uma_vm_implicit *im, struct list_head *gone)
{
	struct gem_uma_vm_implicit_set *set = im->set;

	lockdep_assert_held(&set->lock);
	if (--im->busy)
		return false;
	set->nr_busy--;
	/* First the list, then the count: the last user does it the other way round. */
	gem_uma_vm_implicit_set_idle(im);
	if (set->closed || !atomic_read(&im->users->nr))
		gem_uma_vm_implicit_drop(im, true, gone);
	return !set->nr_busy;
}

/* All or none. How often the caller has to call gem_uma_vm_active_put() is added to @puts. */
static int gem_uma_vm_implicit_get_all(struct gem_uma_vm_implicit_set *set,
				       struct gem_uma_vm_users *const *users, u32 nr, bool packed,
				       struct list_head *gone, struct gem_uma_vm_implicit **ims,
				       unsigned int *puts)
{
	int ret = 0;
	u32 i = 0;

	lockdep_assert_held(&set->lock);
	while (i < nr && !ret) {
		ret = gem_uma_vm_implicit_get_one(set, users[i], packed, gone, &ims[i]);
		i += !ret;
	}
	while (ret && i)
		*puts += gem_uma_vm_implicit_put_one(ims[--i], gone);
	return ret;
}

/*
 * One lock for all of them, or two callers that have a half of the addresses each would both
 * be refused. With -ENOSPC, @seen is the number of puts so far if another put can help, else
 * ULONG_MAX.
 */
static int gem_uma_vm_implicit_try(struct gem_uma_vm_implicit_set *set,
				   struct gem_uma_vm_users *const *users, u32 nr,
				   struct gem_uma_vm_implicit **ims, unsigned long *seen)
{
	unsigned int puts = 0;
	LIST_HEAD(gone);
	int ret;

	if (mutex_lock_interruptible(&set->lock))
		return -EINTR;
	ret = set->closed ? -ENOENT : gem_uma_vm_implicit_get_all(set, users, nr, false,
								     &gone, ims, &puts);
	/* There is room, but in pieces, and the caller's own objects may be in the way. */
	if (ret == -ENOSPC && !set->nr_busy) {
		gem_uma_vm_implicit_drop_all(set, &gone);
		ret = gem_uma_vm_implicit_get_all(set, users, nr, true, &gone, ims, &puts);
	}
	*seen = set->nr_busy ? set->nr_put : ULONG_MAX;
	mutex_unlock(&set->lock);
	while (puts--)
		gem_uma_vm_active_put(set->vm);
	gem_uma_vm_implicit_free(&gone);
	return ret;
}

/**
 * gem_uma_vm_implicit_get() - find out, or choose, where objects are in a VM
 * @vm: VM of the implicit path, of which the caller has a reference
 * @users: of the objects, of each of which the caller has a reference
 * @nr: how many; not 0
 * @ims: result: the addresses, each busy until gem_uma_vm_implicit_put()
 *
 * Idle objects may lose their addresses. If that is not enough, the caller waits until busy
 * ones become idle. While one is busy the VM is not unmapped, even if it is closed.
 *
 * Callers have no order: a new one takes what is free although others wait. A caller that
 * needs much can wait for as long as others come that need little.
 *
 * Context: may sleep and reclaim, for as long as jobs take; takes resvs. The caller has
 * no busy addresses yet, or it may wait for itself.
 *
 * Return: 0, or, with nothing in @ims: -ENOSPC if there is no room for all of them
 * together, -ENOMEM, -EINTR or -ERESTARTSYS, -ENODEV, -ENOENT if the VM was closed, -EIO
 * if it is unusable, -EINVAL for an object that is private to another VM.
 */
int gem_uma_vm_implicit_get(struct gem_uma_vm *vm, struct gem_uma_vm_users *const *users,
			    u32 nr, struct gem_uma_vm_implicit **ims)
{
	struct gem_uma_vm_implicit_set *set = vm->implicit;
	unsigned long seen;
	u64 size = 0;
	int ret;
	u32 i;

	/* They fit into no VM: no other object loses its address for them. */
	for (i = 0; i < nr; i++)
		if (check_add_overflow(size, (u64)users[i]->obj->size, &size) ||
		    size > vm->base.mm_range)
			return -ENOSPC;
	for (;;) {
		ret = gem_uma_vm_implicit_try(set, users, nr, ims, &seen);
		if (ret != -ENOSPC || seen == ULONG_MAX)
			return ret;
		ret = wait_event_interruptible(set->wait, READ_ONCE(set->nr_put) != seen);
		if (ret)
			return ret;
	}
}
EXPORT_SYMBOL_GPL(gem_uma_vm_implicit_get);

/**
 * gem_uma_vm_implicit_put() - a job that used an address has ended
 * @im: one of those that gem_uma_vm_implicit_get() gave
 *
 * The caller has references of the VM and of the object.
 *
 * Context: may sleep; takes resvs. Not for what fences wait for.
 */
void gem_uma_vm_implicit_put(struct gem_uma_vm_implicit *im)
{
	struct gem_uma_vm_implicit_set *set = im->set;
	LIST_HEAD(gone);
	bool last;

	mutex_lock(&set->lock);
	last = gem_uma_vm_implicit_put_one(im, &gone);
	gem_uma_vm_implicit_wake(set);
	mutex_unlock(&set->lock);
	if (last)
		gem_uma_vm_active_put(set->vm);
	gem_uma_vm_implicit_free(&gone);
}
EXPORT_SYMBOL_GPL(gem_uma_vm_implicit_put);

/**
 * gem_uma_vm_implicit_address() - where an object is
 * @im: what gem_uma_vm_implicit_get() gave
 *
 * Context: any.
 *
 * Return: the GPU address of its first byte.
 */
u64 gem_uma_vm_implicit_address(const struct gem_uma_vm_implicit *im)
{
	return im->addr.start;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_implicit_address);

/* Begins at the end: restoring begins at the start, and reads the first one itself. */
static void gem_uma_vm_implicit_prefetch_locked(struct gem_uma_vm *vm,
						struct gem_uma_vm_implicit **ims, u32 first,
						u32 nr)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	struct gem_uma_vm_ahead ahead = {};

	drm_gpuvm_resv_assert_held(&vm->base);
	if (!vm->ops->prefetch)
		return;
	while (--nr > first) {
		struct drm_gpuvm_bo *vm_bo = ims[nr]->va->vm_bo;

		dma_resv_assert_held(vm_bo->obj->resv);
		if (vm_bo->evicted && !gem_uma_vm_bo_prefetch_locked(&ahead, vm_bo))
			break;
	}
}

static int gem_uma_vm_implicit_restore_locked(struct gem_uma_vm *vm,
					      struct gem_uma_vm_implicit **ims, u32 nr)
	__must_hold(drm_gpuvm_resv(&vm->base))
{
	int ret = 0;
	u32 i;

	drm_gpuvm_resv_assert_held(&vm->base);
	for (i = 0; i < nr && !ret; i++)
		if (ims[i]->va->vm_bo->evicted)
			ret = gem_uma_vm_bo_restore_locked(ims[i]->va->vm_bo);
	return ret;
}

/**
 * gem_uma_vm_implicit_validate_locked() - make objects resident and mapped
 * @vm: VM
 * @exec: locks the VM and the objects
 * @ims: busy addresses in @vm
 * @nr: how many
 *
 * The page tables are written when it returns: nothing in such a VM ever waits on the
 * queue. On failure, what was made resident stays so, and the call can be repeated.
 *
 * Context: resvs held; may sleep, reclaim and do I/O.
 *
 * Return: as gem_uma_vm_validate_locked().
 */
int gem_uma_vm_implicit_validate_locked(struct gem_uma_vm *vm, struct drm_exec *exec,
					struct gem_uma_vm_implicit **ims, u32 nr)
{
	struct dma_fence *fence = NULL;
	int ret;
	u32 i;

	drm_gpuvm_resv_assert_held(&vm->base);
	for (i = 0; i < nr; i++)
		if (ims[i]->va->vm_bo->evicted)
			break;
	if (i == nr)
		return READ_ONCE(vm->error) ? -EIO : 0;
	ret = gem_uma_vm_rebind_begin_locked(vm);
	if (ret)
		return ret;
	gem_uma_vm_implicit_prefetch_locked(vm, ims, i, nr);
	ret = gem_uma_vm_implicit_restore_locked(vm, ims, nr);
	ret = gem_uma_vm_rebind_end_locked(vm, exec, ret, &fence);
	drm_WARN_ON_ONCE(vm->base.drm, fence);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_implicit_validate_locked);

/**
 * gem_uma_vm_implicit_trim() - unmap all that is idle
 * @vm: VM
 *
 * Context: may sleep; takes resvs.
 *
 * Return: how many objects that were.
 */
unsigned long gem_uma_vm_implicit_trim(struct gem_uma_vm *vm)
{
	struct gem_uma_vm_implicit_set *set = vm->implicit;
	unsigned long nr;
	LIST_HEAD(gone);

	mutex_lock(&set->lock);
	nr = set->nr_idle;
	gem_uma_vm_implicit_drop_all(set, &gone);
	mutex_unlock(&set->lock);
	gem_uma_vm_implicit_free(&gone);
	return nr;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_implicit_trim);

/**
 * gem_uma_vm_implicit_nr_idle() - count the objects that have an address and no job
 * @vm: VM
 *
 * Context: any.
 *
 * Return: how many; 0 in a VM of the other path.
 */
unsigned long gem_uma_vm_implicit_nr_idle(struct gem_uma_vm *vm)
{
	return vm->implicit ? READ_ONCE(vm->implicit->nr_idle) : 0;
}
EXPORT_SYMBOL_GPL(gem_uma_vm_implicit_nr_idle);
