/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of a framebuffer, as the display reaches it.
 */
#ifndef _VUMA_FRAME_H_
#define _VUMA_FRAME_H_

#include <linux/dma-direction.h>
#include <linux/types.h>

struct drm_framebuffer;
struct drm_gem_object;

/* Bytes of a pixel: all is XRGB8888. */
#define VUMA_FRAME_PIXEL	4u

/**
 * struct vuma_frame - memory that stays where it is while the display uses it
 *
 * What the device reaches, behind the modelled cache if there is one. Constant after
 * creation, so it is read without a lock.
 */
struct vuma_frame {
	/** @obj: whose memory; a reference, a user, and vuma_bo_show_locked() of it. */
	struct drm_gem_object *obj;
	/** @start: of the first pixel, in bytes from the first of @pages. */
	u32 start;
	/** @pitch: bytes from a line to the next. */
	u32 pitch;
	/** @nr_pages: how many of @pages there are. */
	pgoff_t nr_pages;
	/** @pages: the addresses at which the CPU finds them. */
	void *pages[] __counted_by(nr_pages);
};

struct vuma_frame *vuma_frame_create(struct drm_framebuffer *fb, enum dma_data_direction dir);
void vuma_frame_destroy(struct vuma_frame *frame);
bool vuma_frame_allowed(const struct drm_framebuffer *fb);
void vuma_frame_read(const struct vuma_frame *frame, u32 x, u32 y, u32 *line, u32 width);
void vuma_frame_write(const struct vuma_frame *frame, u32 y, const u32 *line, u32 width);

#endif /* _VUMA_FRAME_H_ */
