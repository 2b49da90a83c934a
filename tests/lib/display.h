/* SPDX-License-Identifier: GPL-2.0 */
/* A display with one CRTC, led by the test through the atomic ioctl. */
#ifndef DISPLAY_H
#define DISPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

/* Small: a debug kernel computes CRCs slowly. */
#define WIDTH	256u
#define HEIGHT	64u

struct display {
	/* The file through which it is led, and by which debugfs knows it. */
	int fd;
	uint32_t crtc, plane, connector;
	/* The connector that writes to memory, or 0. */
	uint32_t writeback;
	/* Blob of a mode of WIDTH and HEIGHT. */
	uint32_t mode;
	/* CRCs while they are read, or NULL. */
	FILE *crcs;
	/* The CRC with one more pixel, of a device that has its own idea of it, or NULL. */
	uint32_t (*crc)(uint32_t crc, uint32_t pixel);
};

/* A framebuffer with memory of its own, mapped. */
struct picture {
	uint32_t handle, fb, width, height, pitch;
	uint64_t size;
	uint32_t *pixels;
	uint32_t (*crc)(uint32_t crc, uint32_t pixel);
};

/* The one that is led through this file, perhaps by somebody else. */
struct display display_of(int fd);
struct drm_mode_modeinfo display_mode(uint32_t width, uint32_t height, uint32_t hz);

struct picture picture_new(const struct display *d, uint32_t width, uint32_t height);
/* Around a buffer that is there, with lines of @pitch bytes: 0, or -errno. */
int picture_wrap(const struct display *d, uint32_t handle, uint32_t width, uint32_t height,
		 uint32_t pitch, uint32_t *fb);
/* Adds a word to a CRC. */
uint32_t crc32_of(uint32_t crc, uint32_t word);
/* Random pixels, also in what is not shown of them. */
void picture_fill(const struct picture *p, uint64_t seed);
/* The CRC of what the display shows of it, from (x, y) on; and of all of it. */
uint32_t picture_crc_at(const struct picture *p, uint32_t x, uint32_t y);
uint32_t picture_crc(const struct picture *p);

/* A property, by its name, in a request. */
void request_add(const struct display *d, drmModeAtomicReq *req, uint32_t object, uint32_t type,
		 const char *name, uint64_t value);
/* Turns it on, or off; and shows @fb on the plane, from (x, y) on; 0: nothing. */
void request_mode(const struct display *d, drmModeAtomicReq *req, bool on);
void request_plane(const struct display *d, drmModeAtomicReq *req, uint32_t fb, uint32_t x,
		   uint32_t y);
/* Frees the request. 0, or -errno. */
int request_commit(const struct display *d, drmModeAtomicReq *req, uint32_t flags);

/* Waits until it is shown. */
void display_show(const struct display *d, const struct picture *p);
void display_off(const struct display *d);
/* Does not wait, and has an event. @fence: a sync file, or -1. 0, or -errno. */
int display_flip(const struct display *d, uint32_t fb, int fence);
/* The event: the frame from which on it is shown. */
uint32_t display_event(const struct display *d);
/* Copies what is shown into @to. */
void display_write_back(const struct display *d, const struct picture *to);

/* The CRC of some frame from @first on has to be that, however many come before. */
void display_await_crc(struct display *d, uint32_t crc);
/* Each from the frame @first on is that; looks at some. */
void display_expect_crc(struct display *d, uint32_t first, uint32_t crc);

#endif /* DISPLAY_H */
