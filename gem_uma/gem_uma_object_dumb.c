// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: buffers for those who draw with the CPU and show the result.
 *
 * Owns nothing and takes no lock. Neighbour: the object, above which it lies.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/sizes.h>

#include <drm/drm_dumb_buffers.h>
#include <drm/drm_gem.h>
#include <drm/drm_mode.h>
#include <drm/gem_uma/gem_uma_object.h>

/* Lines begin where a cache line does. */
#define GEM_UMA_DUMB_PITCH	SZ_64

/**
 * gem_uma_object_dumb_create() - the body of &drm_driver.dumb_create
 * @file: the caller's file
 * @udev: device, with gem_uma_reclaim_device_init() done
 * @args: width, height and bpp in; pitch, size and handle out
 *
 * Nobody who draws into it knows what to sync. Where the device does not snoop, the object is
 * write-combined.
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0; -EINVAL for a size of 0, or one that exceeds 32 bits; or as
 * gem_uma_object_create() or drm_gem_handle_create().
 */
int gem_uma_object_dumb_create(struct drm_file *file, struct gem_uma_device *udev,
			       struct drm_mode_create_dumb *args)
{
	struct gem_uma_object *uobj;
	int ret;

	ret = drm_mode_size_dumb(udev->drm, args, GEM_UMA_DUMB_PITCH, 0);
	if (ret)
		return ret;
	uobj = gem_uma_object_create(udev, args->size, GEM_UMA_OBJECT_WC);
	if (IS_ERR(uobj))
		return PTR_ERR(uobj);
	ret = drm_gem_handle_create(file, &uobj->base, &args->handle);
	drm_gem_object_put(&uobj->base);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_dumb_create);
