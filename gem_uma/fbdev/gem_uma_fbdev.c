// SPDX-License-Identifier: GPL-2.0
/*
 * A console, and /dev/fb, on a dumb buffer of turn-key objects.
 *
 * Owns the memory that fbdev draws into. Lock: that of the fbdev helper. Neighbours: the
 * object, below, whose driver makes the buffer; the fbdev helper, which calls.
 */
#include <linux/dma-direction.h>
#include <linux/export.h>
#include <linux/fb.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include <drm/drm_client.h>
#include <drm/drm_drv.h>
#include <drm/drm_fb_helper.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_fbdev.h>
#include <drm/gem_uma/gem_uma_object.h>

/**
 * DOC: fbdev
 *
 * A driver with a display and dumb buffers has ``GEM_UMA_FBDEV_DRIVER_OPS`` in its
 * &struct drm_driver, and calls drm_client_setup() once the device is registered.
 *
 * User space and the console draw into memory that no device knows. What was drawn is copied
 * line by line, some twenty times a second, in an access by the CPU that has a beginning and
 * an end. So nobody else maps the object's pages, and while something else is shown, reclaim
 * can take them.
 */

/* The module of the driver stays while user space has the device open. */
static int gem_uma_fbdev_open(struct fb_info *info, int user)
{
	struct drm_fb_helper *helper = info->par;

	return user && !try_module_get(helper->dev->driver->fops->owner) ? -ENODEV : 0;
}

static int gem_uma_fbdev_release(struct fb_info *info, int user)
{
	struct drm_fb_helper *helper = info->par;

	if (user)
		module_put(helper->dev->driver->fops->owner);
	return 0;
}

static void gem_uma_fbdev_destroy(struct fb_info *info)
{
	struct drm_fb_helper *helper = info->par;
	void *shadow = info->screen_buffer;

	if (!helper->dev)
		return;
	fb_deferred_io_cleanup(info);
	drm_fb_helper_fini(helper);
	vfree(shadow);
	drm_client_buffer_delete(helper->buffer);
	/* The last that is done: the helper goes with the client. */
	drm_client_release(&helper->client);
}

FB_GEN_DEFAULT_DEFERRED_SYSMEM_OPS(gem_uma_fbdev, drm_fb_helper_damage_range,
				   drm_fb_helper_damage_area);

static const struct fb_ops gem_uma_fbdev_ops = {
	.owner = THIS_MODULE,
	.fb_open = gem_uma_fbdev_open,
	.fb_release = gem_uma_fbdev_release,
	FB_DEFAULT_DEFERRED_OPS(gem_uma_fbdev),
	DRM_FB_HELPER_DEFAULT_OPS,
	.fb_destroy = gem_uma_fbdev_destroy,
};

static int gem_uma_fbdev_copy(struct drm_fb_helper *helper, struct gem_uma_sync_range lines)
{
	struct gem_uma_object *uobj = to_gem_uma_object(helper->fb->obj[0]);
	struct iosys_map map;
	int ret;

	CLASS(gem_uma_object_access, access)(uobj, lines, DMA_TO_DEVICE);
	if (access.err)
		return access.err;
	ret = drm_client_buffer_vmap_local(helper->buffer, &map);
	if (ret)
		return ret;
	iosys_map_memcpy_to(&map, lines.offset, helper->info->screen_buffer + lines.offset,
			    lines.size);
	drm_client_buffer_vunmap_local(helper->buffer);
	return 0;
}

static int gem_uma_fbdev_dirty(struct drm_fb_helper *helper, struct drm_clip_rect *clip)
{
	struct drm_framebuffer *fb = helper->fb;
	struct gem_uma_sync_range lines;
	int ret;

	if (clip->x1 >= clip->x2 || clip->y1 >= clip->y2)
		return 0;
	lines.offset = (u64)clip->y1 * fb->pitches[0];
	lines.size = (u64)(clip->y2 - clip->y1) * fb->pitches[0];
	scoped_guard(mutex, &helper->lock)
		ret = gem_uma_fbdev_copy(helper, lines);
	if (!ret && fb->funcs->dirty)
		ret = fb->funcs->dirty(fb, NULL, 0, 0, clip, 1);
	if (ret)
		drm_dbg_kms(helper->dev, "fbdev: lines were lost: %d\n", ret);
	return ret;
}

static const struct drm_fb_helper_funcs gem_uma_fbdev_helper_funcs = {
	.fb_dirty = gem_uma_fbdev_dirty,
};

static int gem_uma_fbdev_init_info(struct drm_fb_helper *helper,
				   struct drm_fb_helper_surface_size *sizes)
{
	struct fb_info *info = helper->info;
	size_t size = helper->fb->obj[0]->size;
	int ret;

	drm_fb_helper_fill_info(info, helper, sizes);
	info->fbops = &gem_uma_fbdev_ops;
	info->flags |= FBINFO_VIRTFB | FBINFO_READS_FAST;
	info->fix.smem_len = size;
	info->screen_buffer = vzalloc(size);
	if (!info->screen_buffer)
		return -ENOMEM;
	helper->fbdefio.delay = HZ / 20;
	helper->fbdefio.deferred_io = drm_fb_helper_deferred_io;
	info->fbdefio = &helper->fbdefio;
	ret = fb_deferred_io_init(info);
	if (ret)
		vfree(info->screen_buffer);
	return ret;
}

/**
 * gem_uma_fbdev_probe() - &drm_driver.fbdev_probe
 * @helper: fbdev helper, without a buffer
 * @sizes: what is wanted
 *
 * The driver's dumb buffers have to be &struct gem_uma_object.
 *
 * Context: may sleep and reclaim.
 *
 * Return: 0, -ENOMEM, or what the driver's dumb_create or fb_create returns.
 */
int gem_uma_fbdev_probe(struct drm_fb_helper *helper, struct drm_fb_helper_surface_size *sizes)
{
	struct drm_client_buffer *buffer;
	int ret;

	buffer = drm_client_buffer_create_dumb(&helper->client, sizes->surface_width,
					       sizes->surface_height,
					       drm_driver_legacy_fb_format(helper->dev,
									   sizes->surface_bpp,
									   sizes->surface_depth));
	if (IS_ERR(buffer))
		return PTR_ERR(buffer);
	helper->funcs = &gem_uma_fbdev_helper_funcs;
	helper->buffer = buffer;
	helper->fb = buffer->fb;
	ret = gem_uma_fbdev_init_info(helper, sizes);
	if (ret) {
		helper->fb = NULL;
		helper->buffer = NULL;
		drm_client_buffer_delete(buffer);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_fbdev_probe);

MODULE_DESCRIPTION("fbdev emulation for drivers on gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
