// SPDX-License-Identifier: GPL-2.0
/*
 * SCANOUT_PIN and SCANOUT_UNPIN: what a display would hold on to.
 */

#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
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
	/** @mm: to which the memory is charged, with a grab of it. */
	struct mm_struct *mm;
	/** @count: how often it was pinned. */
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

/* Anybody who may render may pin: no more than they may mlock(). */
static int vuma_scanout_charge(struct vuma_scanout *scanout, struct drm_gem_object *obj)
{
	int ret = account_locked_vm(current->mm, obj->size >> PAGE_SHIFT, true);

	if (ret)
		return ret;
	mmgrab(current->mm);
	scanout->mm = current->mm;
	return 0;
}

static void vuma_scanout_uncharge(struct vuma_scanout *scanout, struct drm_gem_object *obj)
{
	account_locked_vm(scanout->mm, obj->size >> PAGE_SHIFT, false);
	mmdrop(scanout->mm);
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

/* Not with the lock of the list: charging takes the mmap lock. */
static struct vuma_scanout *vuma_scanout_create(struct drm_gem_object *obj)
{
	struct vuma_scanout *scanout = kzalloc(sizeof(*scanout), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!scanout)
		return ERR_PTR(-ENOMEM);
	ret = vuma_scanout_charge(scanout, obj);
	if (ret)
		goto err_free;
	ret = vuma_scanout_pin_pages(obj);
	if (ret)
		goto err_uncharge;
	drm_gem_object_get(obj);
	gem_uma_vm_users_get(vuma_bo_users(obj));
	scanout->obj = obj;
	return scanout;

err_uncharge:
	vuma_scanout_uncharge(scanout, obj);
err_free:
	kfree(scanout);
	return ERR_PTR(ret);
}

/* Without a lock: the last user unmaps. */
static void vuma_scanout_free(struct vuma_scanout *scanout)
{
	struct drm_gem_object *obj = scanout->obj;

	vuma_scanout_uncharge(scanout, obj);
	gem_uma_vm_users_put(vuma_bo_users(obj));
	drm_gem_object_put(obj);
	kfree(scanout);
}

static void vuma_scanout_destroy(struct vuma_scanout *scanout)
{
	struct drm_gem_object *obj = scanout->obj;

	dma_resv_lock(obj->resv, NULL);
	obj->funcs->unpin(obj);
	dma_resv_unlock(obj->resv);
	vuma_scanout_free(scanout);
}

/* Counts one more pin; lists @fresh, and sets it to NULL, if there was none. */
static int vuma_scanout_count(struct vuma_file *vfile, struct drm_gem_object *obj,
			      struct vuma_scanout **fresh)
{
	struct vuma_scanout *scanout;
	int ret;

	ret = mutex_lock_interruptible(&vfile->scanout_lock);
	if (ret)
		return ret;
	scanout = vuma_scanout_find(vfile, obj);
	if (!scanout && *fresh) {
		scanout = *fresh;
		*fresh = NULL;
		list_add(&scanout->link, &vfile->scanouts);
	}
	if (!scanout)
		ret = -ENOENT;
	else if (scanout->count == U32_MAX)
		ret = -EOVERFLOW;
	else
		scanout->count++;
	mutex_unlock(&vfile->scanout_lock);
	return ret;
}

static int vuma_scanout_pin(struct vuma_file *vfile, struct drm_gem_object *obj)
{
	struct vuma_scanout *fresh = NULL;
	int ret;

	if (drm_gem_is_imported(obj) || obj->resv != &obj->_resv)
		return -EINVAL;
	ret = vuma_scanout_count(vfile, obj, &fresh);
	if (ret != -ENOENT)
		return ret;
	fresh = vuma_scanout_create(obj);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	ret = vuma_scanout_count(vfile, obj, &fresh);
	/* Another thread may have been faster. */
	if (fresh)
		vuma_scanout_destroy(fresh);
	return ret;
}

static int vuma_scanout_unpin(struct vuma_file *vfile, struct drm_gem_object *obj)
{
	struct vuma_scanout *scanout, *last = NULL;
	int ret;

	/* A signal ends the wait: others may hold it for as long as a restore takes. */
	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	mutex_lock(&vfile->scanout_lock);
	scanout = vuma_scanout_find(vfile, obj);
	if (!scanout) {
		ret = -EINVAL;
	} else if (!--scanout->count) {
		list_del(&scanout->link);
		last = scanout;
	}
	mutex_unlock(&vfile->scanout_lock);
	if (last)
		obj->funcs->unpin(obj);
	dma_resv_unlock(obj->resv);

	if (last)
		vuma_scanout_free(last);
	return ret;
}

static int vuma_scanout_do(struct drm_file *file, const struct drm_vuma_scanout *args,
			   int (*change)(struct vuma_file *vfile, struct drm_gem_object *obj))
{
	struct drm_gem_object *obj;
	int ret;

	if (args->flags)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	ret = change(to_vuma_file(file), obj);
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
 * @vfile: file that is being closed
 */
void vuma_scanout_fini(struct vuma_file *vfile)
{
	struct vuma_scanout *scanout, *next;

	list_for_each_entry_safe(scanout, next, &vfile->scanouts, link)
		vuma_scanout_destroy(scanout);
	INIT_LIST_HEAD(&vfile->scanouts);
}
