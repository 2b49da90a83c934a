// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a framebuffer, as the display reaches it.
 *
 * The display is a part of the device: it reads what the device's jobs wrote, and what the
 * CPU wrote and cleaned. It has no page tables, so what it uses stays pinned.
 */
#include <linux/dma-direct.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <drm/drm_device.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>

#include "vuma_drv.h"
#include "vuma_frame.h"
#include "vuma_vm.h"

/**
 * vuma_frame_allowed - may the display use this framebuffer?
 * @fb: framebuffer
 *
 * A buffer that is private to a VM shares its resv: a flip would wait for all jobs of it.
 *
 * Return: true if so.
 */
bool vuma_frame_allowed(const struct drm_framebuffer *fb)
{
	const struct drm_gem_object *obj = fb->obj[0];

	return drm_gem_is_imported(obj) || obj->resv == &obj->_resv;
}

static int vuma_frame_fill_locked(struct vuma_frame *frame, u64 first)
	__must_hold(frame->obj->resv)
{
	struct device *dev;
	dma_addr_t addr;
	pgoff_t at = 0;
	u64 len;
	int ret;

	dma_resv_assert_held(frame->obj->resv);
	dev = drm_dev_dma_dev(frame->obj->dev);
	while (at < frame->nr_pages) {
		if (fatal_signal_pending(current))
			return -EINTR;
		ret = vuma_bo_extent_locked(frame->obj, (first + at) << PAGE_SHIFT,
					    (u64)(frame->nr_pages - at) << PAGE_SHIFT, &addr, &len);
		if (ret)
			return ret;
		for (; len; len -= PAGE_SIZE, addr += PAGE_SIZE)
			frame->pages[at++] = phys_to_virt(dma_to_phys(dev, addr));
		cond_resched();
	}
	return 0;
}

static int vuma_frame_pin_locked(struct vuma_frame *frame, u64 first, enum dma_data_direction dir)
	__must_hold(frame->obj->resv)
{
	struct drm_gem_object *obj = frame->obj;
	int ret;

	dma_resv_assert_held(obj->resv);
	ret = vuma_bo_show_locked(obj);
	if (ret)
		return ret;
	ret = vuma_bo_populate_locked(obj, first << PAGE_SHIFT,
				      (u64)frame->nr_pages << PAGE_SHIFT, dir);
	if (!ret)
		ret = vuma_frame_fill_locked(frame, first);
	if (ret)
		vuma_bo_hide_locked(obj);
	return ret;
}

/**
 * vuma_frame_create - pin what the display is going to use
 * @fb: framebuffer
 * @dir: DMA_TO_DEVICE to show it, DMA_FROM_DEVICE to write to it
 *
 * Return: the frame or an ERR_PTR.
 */
struct vuma_frame *vuma_frame_create(struct drm_framebuffer *fb, enum dma_data_direction dir)
{
	u64 start = fb->offsets[0], first = start >> PAGE_SHIFT, end;
	struct drm_gem_object *obj = fb->obj[0];
	struct vuma_frame *frame;
	pgoff_t nr;
	int ret;

	/* The core has checked that this is inside of the object. */
	end = start + (u64)fb->pitches[0] * (fb->height - 1) + (u64)fb->width * VUMA_FRAME_PIXEL;
	nr = DIV_ROUND_UP_ULL(end, PAGE_SIZE) - first;
	frame = kvzalloc(struct_size(frame, pages, nr), GFP_KERNEL_ACCOUNT);
	if (!frame)
		return ERR_PTR(-ENOMEM);
	frame->nr_pages = nr;
	frame->start = offset_in_page(start);
	frame->pitch = fb->pitches[0];
	frame->obj = obj;
	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		goto err_free;
	ret = vuma_frame_pin_locked(frame, first, dir);
	dma_resv_unlock(obj->resv);
	if (ret)
		goto err_free;
	drm_gem_object_get(obj);
	gem_uma_vm_users_get(vuma_bo_users(obj));
	return frame;

err_free:
	kvfree(frame);
	return ERR_PTR(ret);
}

/**
 * vuma_frame_destroy - the display does not use it any more
 * @frame: the frame, or NULL
 *
 * Context: waits for a resv that others may hold for as long as a restore takes.
 */
void vuma_frame_destroy(struct vuma_frame *frame)
{
	struct drm_gem_object *obj;

	if (!frame)
		return;
	obj = frame->obj;
	dma_resv_lock(obj->resv, NULL);
	vuma_bo_hide_locked(obj);
	dma_resv_unlock(obj->resv);
	gem_uma_vm_users_put(vuma_bo_users(obj));
	drm_gem_object_put(obj);
	kvfree(frame);
}

/* The rest of the page at @at, or what is left of @len. */
static void *vuma_frame_piece(const struct vuma_frame *frame, u64 at, size_t *len)
{
	*len = min_t(size_t, *len, PAGE_SIZE - offset_in_page(at));
	return frame->pages[at >> PAGE_SHIFT] + offset_in_page(at);
}

static u64 vuma_frame_at(const struct vuma_frame *frame, u32 x, u32 y)
{
	return frame->start + (u64)y * frame->pitch + (u64)x * VUMA_FRAME_PIXEL;
}

/**
 * vuma_frame_read - read a part of a line
 * @frame: the frame
 * @x: first pixel
 * @y: line
 * @line: result
 * @width: number of pixels
 */
void vuma_frame_read(const struct vuma_frame *frame, u32 x, u32 y, u32 *line, u32 width)
{
	size_t left = width * VUMA_FRAME_PIXEL, len;
	u64 at = vuma_frame_at(frame, x, y);
	void *to = line;
	const void *from;

	for (; left; left -= len, at += len, to += len) {
		len = left;
		from = vuma_frame_piece(frame, at, &len);
		memcpy(to, from, len);
	}
}

/**
 * vuma_frame_write - write the beginning of a line
 * @frame: the frame
 * @y: line
 * @line: pixels
 * @width: number of pixels
 */
void vuma_frame_write(const struct vuma_frame *frame, u32 y, const u32 *line, u32 width)
{
	size_t left = width * VUMA_FRAME_PIXEL, len;
	u64 at = vuma_frame_at(frame, 0, y);
	const void *from = line;
	void *to;

	for (; left; left -= len, at += len, from += len) {
		len = left;
		to = vuma_frame_piece(frame, at, &len);
		memcpy(to, from, len);
	}
}
