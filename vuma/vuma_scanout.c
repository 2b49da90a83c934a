// SPDX-License-Identifier: GPL-2.0
/*
 * SCANOUT_PIN and SCANOUT_UNPIN: buffers that a display would keep in memory.
 */

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include <drm/drm_gem.h>
#include <drm/vuma_drm.h>

#include "vuma_drv.h"
#include "vuma_vm.h"

/**
 * struct vuma_scanout - a buffer that a file has pinned
 */
struct vuma_scanout {
	/** @link: in &vuma_file.scanouts. */
	struct list_head link;
	/** @obj: the buffer; a reference, a user and a pin. */
	struct drm_gem_object *obj;
	/** @user: who is charged for the memory; a reference. */
	struct user_struct *user;
	/** @count: how often it was pinned; protected by &vuma_file.scanout_lock. */
	u32 count;
};

static struct vuma_scanout *vuma_scanout_find(struct vuma_file *vfile, struct drm_gem_object *obj)
{
	struct vuma_scanout *scanout;

	lockdep_assert_held(&vfile->scanout_lock);
	list_for_each_entry(scanout, &vfile->scanouts, link)
		if (scanout->obj == obj)
			return scanout;
	return NULL;
}

/*
 * Anybody who may render may pin, but no user more than RLIMIT_MEMLOCK. The user is charged
 * and not the process: processes can share the file, and the file can outlive them.
 */
static int vuma_scanout_charge(struct user_struct *user, size_t size)
{
	long limit = min_t(unsigned long, rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT, LONG_MAX);
	long old = atomic_long_read(&user->locked_vm), pages = size >> PAGE_SHIFT;

	do {
		if (pages > limit - old && !capable(CAP_IPC_LOCK))
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, old + pages));
	return 0;
}

/**
 * vuma_locked_charge - charge the caller's user for memory that nobody can reclaim
 * @size: bytes
 *
 * Return: who is charged, for vuma_locked_uncharge(); or ERR_PTR(-ENOMEM).
 */
struct user_struct *vuma_locked_charge(size_t size)
{
	struct user_struct *user = get_current_user();
	int ret = vuma_scanout_charge(user, size);

	if (!ret)
		return user;
	free_uid(user);
	return ERR_PTR(ret);
}

/**
 * vuma_locked_uncharge - undo vuma_locked_charge()
 * @user: who was charged
 * @size: as it was then
 */
void vuma_locked_uncharge(struct user_struct *user, size_t size)
{
	atomic_long_sub(size >> PAGE_SHIFT, &user->locked_vm);
	free_uid(user);
}

static int vuma_scanout_pin_pages(struct drm_gem_object *obj)
{
	int ret = dma_resv_lock_interruptible(obj->resv, NULL);

	if (ret)
		return ret;
	ret = obj->funcs->pin(obj);
	dma_resv_unlock(obj->resv);
	return ret;
}

static struct vuma_scanout *vuma_scanout_create(struct vuma_file *vfile,
						struct drm_gem_object *obj)
{
	struct vuma_scanout *scanout = kzalloc_obj(*scanout, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!scanout)
		return ERR_PTR(-ENOMEM);
	scanout->user = vuma_locked_charge(obj->size);
	ret = PTR_ERR_OR_ZERO(scanout->user);
	if (ret)
		goto err_free;
	ret = vuma_scanout_pin_pages(obj);
	if (ret)
		goto err_uncharge;
	drm_gem_object_get(obj);
	gem_uma_vm_users_get(vuma_bo_users(obj));
	scanout->obj = obj;
	list_add(&scanout->link, &vfile->scanouts);
	return scanout;

err_uncharge:
	vuma_locked_uncharge(scanout->user, obj->size);
err_free:
	kfree(scanout);
	return ERR_PTR(ret);
}

/* The pages are unpinned. */
static void vuma_scanout_destroy(struct vuma_scanout *scanout)
{
	struct drm_gem_object *obj = scanout->obj;

	list_del(&scanout->link);
	vuma_locked_uncharge(scanout->user, obj->size);
	gem_uma_vm_users_put(vuma_bo_users(obj));
	drm_gem_object_put(obj);
	kfree(scanout);
}

static int vuma_scanout_pin(struct vuma_file *vfile, struct drm_gem_object *obj)
{
	struct vuma_scanout *scanout;

	if (drm_gem_is_imported(obj) || obj->resv != &obj->_resv)
		return -EINVAL;
	scanout = vuma_scanout_find(vfile, obj) ?: vuma_scanout_create(vfile, obj);
	if (IS_ERR(scanout))
		return PTR_ERR(scanout);
	if (scanout->count == U32_MAX)
		return -EOVERFLOW;
	scanout->count++;
	return 0;
}

static int vuma_scanout_unpin(struct vuma_file *vfile, struct drm_gem_object *obj)
{
	struct vuma_scanout *scanout = vuma_scanout_find(vfile, obj);
	int ret;

	if (!scanout)
		return -EINVAL;
	if (scanout->count > 1) {
		scanout->count--;
		return 0;
	}
	/* A signal ends the wait: others may hold it for as long as a restore takes. */
	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	obj->funcs->unpin(obj);
	dma_resv_unlock(obj->resv);
	vuma_scanout_destroy(scanout);
	return 0;
}

static int vuma_scanout_do(struct drm_file *file, const struct drm_vuma_scanout *args,
			   int (*change)(struct vuma_file *vfile, struct drm_gem_object *obj))
{
	struct vuma_file *vfile = to_vuma_file(file);
	struct drm_gem_object *obj;
	int ret;

	if (args->flags)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	ret = mutex_lock_interruptible(&vfile->scanout_lock);
	if (!ret) {
		ret = change(vfile, obj);
		mutex_unlock(&vfile->scanout_lock);
	}
	drm_gem_object_put(obj);
	return ret;
}

/**
 * vuma_ioctl_scanout_pin - DRM_IOCTL_VUMA_SCANOUT_PIN
 * @drm: the device
 * @data: struct drm_vuma_scanout
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_scanout_pin(struct drm_device *drm, void *data, struct drm_file *file)
{
	return vuma_scanout_do(file, data, vuma_scanout_pin);
}

/**
 * vuma_ioctl_scanout_unpin - DRM_IOCTL_VUMA_SCANOUT_UNPIN
 * @drm: the device
 * @data: struct drm_vuma_scanout
 * @file: the caller's file
 *
 * Return: 0 or a negative error.
 */
int vuma_ioctl_scanout_unpin(struct drm_device *drm, void *data, struct drm_file *file)
{
	return vuma_scanout_do(file, data, vuma_scanout_unpin);
}

/**
 * vuma_scanout_fini - unpin all
 * @vfile: file that is closed
 *
 * Context: waits for resvs that others may hold for as long as a restore takes.
 */
void vuma_scanout_fini(struct vuma_file *vfile)
{
	struct vuma_scanout *scanout, *next;

	list_for_each_entry_safe(scanout, next, &vfile->scanouts, link) {
		struct drm_gem_object *obj = scanout->obj;

		dma_resv_lock(obj->resv, NULL);
		obj->funcs->unpin(obj);
		dma_resv_unlock(obj->resv);
		vuma_scanout_destroy(scanout);
	}
}
