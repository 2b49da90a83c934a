// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>

#include "display.h"
#include "file.h"
#include "ktap.h"
#include "vuma_client.h"

/* What a display shows of a pixel. */
#define RGB	0x00ffffffu
/* CRCs that are looked at. */
#define FRAMES	3

/* A name that the display's object of this type has. */
static uint32_t property(const struct display *d, uint32_t object, uint32_t type,
			 const char *name)
{
	drmModeObjectProperties *props = drmModeObjectGetProperties(d->fd, object, type);
	uint32_t i, id = 0;

	KT_TRUE(props);
	for (i = 0; i < props->count_props && !id; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(d->fd, props->props[i]);

		KT_TRUE(prop);
		if (!strcmp(prop->name, name))
			id = prop->prop_id;
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(props);
	if (!id)
		KT_FAIL("no property %s", name);
	return id;
}

void request_add(const struct display *d, drmModeAtomicReq *req, uint32_t object, uint32_t type,
		 const char *name, uint64_t value)
{
	KT_GE(drmModeAtomicAddProperty(req, object, property(d, object, type, name), value), 0);
}

struct drm_mode_modeinfo display_mode(uint32_t width, uint32_t height, uint32_t hz)
{
	struct drm_mode_modeinfo mode = {
		.hdisplay = width, .hsync_start = width + 8, .hsync_end = width + 16,
		.htotal = width + 64, .vdisplay = height, .vsync_start = height + 2,
		.vsync_end = height + 4, .vtotal = height + 36, .name = "test",
	};

	mode.clock = (uint64_t)mode.htotal * mode.vtotal * hz / 1000;
	return mode;
}

static void find_outputs(struct display *d, const drmModeRes *res)
{
	int i;

	for (i = 0; i < res->count_connectors; i++) {
		drmModeConnector *c = drmModeGetConnector(d->fd, res->connectors[i]);

		KT_TRUE(c);
		if (c->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
			d->writeback = c->connector_id;
		else
			d->connector = c->connector_id;
		drmModeFreeConnector(c);
	}
	KT_NE(d->connector, 0);
}

/* The only one that is not a cursor or an overlay. */
static void find_plane(struct display *d, const drmModePlaneRes *planes)
{
	uint32_t i;

	for (i = 0; i < planes->count_planes; i++) {
		drmModeObjectProperties *props;
		uint32_t type, j;

		d->plane = planes->planes[i];
		type = property(d, d->plane, DRM_MODE_OBJECT_PLANE, "type");
		props = drmModeObjectGetProperties(d->fd, d->plane, DRM_MODE_OBJECT_PLANE);
		KT_TRUE(props);
		for (j = 0; props->props[j] != type; j++)
			;
		type = props->prop_values[j];
		drmModeFreeObjectProperties(props);
		if (type == DRM_PLANE_TYPE_PRIMARY)
			return;
	}
	KT_FAIL("no primary plane");
}

struct display display_of(int fd)
{
	struct display d = { .fd = fd };
	drmModePlaneRes *planes;
	drmModeRes *res;

	KT_SYS(drmSetClientCap(d.fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1));
	KT_SYS(drmSetClientCap(d.fd, DRM_CLIENT_CAP_ATOMIC, 1));
	KT_SYS(drmSetClientCap(d.fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1));
	res = drmModeGetResources(d.fd);
	planes = drmModeGetPlaneResources(d.fd);
	KT_TRUE(res && planes);
	KT_EQ(res->count_crtcs, 1);
	d.crtc = res->crtcs[0];
	find_plane(&d, planes);
	find_outputs(&d, res);
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(res);
	return d;
}

int picture_wrap(const struct display *d, uint32_t handle, uint32_t width, uint32_t height,
		 uint32_t pitch, uint32_t *fb)
{
	const uint32_t handles[4] = { handle }, pitches[4] = { pitch }, offsets[4] = { 0 };

	return drmModeAddFB2(d->fd, width, height, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
			     fb, 0);
}

struct picture picture_new(const struct display *d, uint32_t width, uint32_t height)
{
	struct drm_mode_create_dumb dumb = { .width = width, .height = height, .bpp = 32 };
	struct drm_mode_map_dumb map = { 0 };
	struct picture p = { .width = width, .height = height, .crc = d->crc };

	KT_OK(vuma_ioctl(d->fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb));
	p.handle = dumb.handle;
	map.handle = dumb.handle;
	p.pitch = dumb.pitch;
	p.size = dumb.size;
	KT_OK(vuma_ioctl(d->fd, DRM_IOCTL_MODE_MAP_DUMB, &map));
	p.pixels = KT_MAPPED(mmap(NULL, p.size, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd,
				  map.offset));
	KT_OK(picture_wrap(d, p.handle, width, height, p.pitch, &p.fb));
	return p;
}

void picture_fill(const struct picture *p, uint64_t seed)
{
	uint64_t i;

	for (i = 0; i < p->size / sizeof(*p->pixels); i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		p->pixels[i] = seed >> 32;
	}
}

uint32_t crc32_of(uint32_t crc, uint32_t word)
{
	unsigned int bit;

	crc ^= word;
	for (bit = 0; bit < 32; bit++)
		crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	return crc;
}

static uint32_t crc_of(const struct picture *p, uint32_t x, uint32_t y, uint32_t width,
		       uint32_t height)
{
	uint32_t crc = 0, row, i;

	for (row = y; row < y + height; row++) {
		const uint32_t *line = p->pixels + row * p->pitch / sizeof(*p->pixels);

		for (i = x; i < x + width; i++)
			crc = p->crc ? p->crc(crc, line[i]) : crc32_of(crc, line[i] & RGB);
	}
	return crc;
}

uint32_t picture_crc_at(const struct picture *p, uint32_t x, uint32_t y)
{
	return crc_of(p, x, y, WIDTH, HEIGHT);
}

uint32_t picture_crc(const struct picture *p)
{
	return crc_of(p, 0, 0, p->width, p->height);
}

static drmModeAtomicReq *request_new(void)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	KT_TRUE(req);
	return req;
}

void request_mode(const struct display *d, drmModeAtomicReq *req, bool on)
{
	request_add(d, req, d->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", on ? d->mode : 0);
	request_add(d, req, d->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", on);
	request_add(d, req, d->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", on ? d->crtc : 0);
	if (!on && d->writeback)
		request_add(d, req, d->writeback, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", 0);
}

void request_plane(const struct display *d, drmModeAtomicReq *req, uint32_t fb, uint32_t x,
		   uint32_t y)
{
	const struct {
		const char *name;
		uint64_t value;
	} props[] = {
		{ "FB_ID", fb }, { "CRTC_ID", fb ? d->crtc : 0 },
		{ "SRC_X", (uint64_t)x << 16 }, { "SRC_Y", (uint64_t)y << 16 },
		{ "SRC_W", (uint64_t)WIDTH << 16 }, { "SRC_H", (uint64_t)HEIGHT << 16 },
		{ "CRTC_X", 0 }, { "CRTC_Y", 0 }, { "CRTC_W", WIDTH }, { "CRTC_H", HEIGHT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(props); i++)
		request_add(d, req, d->plane, DRM_MODE_OBJECT_PLANE, props[i].name, props[i].value);
}

int request_commit(const struct display *d, drmModeAtomicReq *req, uint32_t flags)
{
	int ret = drmModeAtomicCommit(d->fd, req, flags, NULL);

	drmModeAtomicFree(req);
	return ret;
}

void display_show(const struct display *d, const struct picture *p)
{
	drmModeAtomicReq *req = request_new();

	request_mode(d, req, true);
	request_plane(d, req, p->fb, 0, 0);
	KT_OK(request_commit(d, req, DRM_MODE_ATOMIC_ALLOW_MODESET));
}

void display_off(const struct display *d)
{
	drmModeAtomicReq *req = request_new();

	request_mode(d, req, false);
	request_plane(d, req, 0, 0, 0);
	KT_OK(request_commit(d, req, DRM_MODE_ATOMIC_ALLOW_MODESET));
}

int display_flip(const struct display *d, uint32_t fb, int fence)
{
	drmModeAtomicReq *req = request_new();

	request_add(d, req, d->plane, DRM_MODE_OBJECT_PLANE, "FB_ID", fb);
	if (fence >= 0)
		request_add(d, req, d->plane, DRM_MODE_OBJECT_PLANE, "IN_FENCE_FD", fence);
	return request_commit(d, req, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT);
}

uint32_t display_event(const struct display *d)
{
	struct pollfd poll_fd = { .fd = d->fd, .events = POLLIN };
	struct drm_event_vblank event;

	KT_SYS(poll(&poll_fd, 1, -1));
	KT_EQ(read(d->fd, &event, sizeof(event)), sizeof(event));
	KT_EQ(event.base.type, DRM_EVENT_FLIP_COMPLETE);
	KT_EQ(event.crtc_id, d->crtc);
	return event.sequence;
}

void display_write_back(const struct display *d, const struct picture *to)
{
	drmModeAtomicReq *req = request_new();
	int fence = -1;

	request_add(d, req, d->writeback, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", d->crtc);
	request_add(d, req, d->writeback, DRM_MODE_OBJECT_CONNECTOR, "WRITEBACK_FB_ID", to->fb);
	request_add(d, req, d->writeback, DRM_MODE_OBJECT_CONNECTOR, "WRITEBACK_OUT_FENCE_PTR",
		    (uintptr_t)&fence);
	KT_OK(request_commit(d, req, DRM_MODE_ATOMIC_ALLOW_MODESET));
	KT_GE(fence, 0);
	KT_SYS(poll(&(struct pollfd){ .fd = fence, .events = POLLIN }, 1, -1));
	KT_SYS(close(fence));
}

/* The next frame, and its CRC. */
static uint32_t next_crc(struct display *d, uint32_t *crc)
{
	char line[64], *end;
	uint32_t frame;
	ssize_t len;

	if (!d->crcs)
		d->crcs = open_debugfs(d->fd, "crtc-0/crc/data", "r");
	KT_TRUE(d->crcs);
	/* One for each read, and more than text. */
	len = read(fileno(d->crcs), line, sizeof(line) - 1);
	KT_SYS(len);
	line[len] = 0;
	frame = strtoul(line, &end, 0);
	*crc = strtoul(end, NULL, 0);
	KT_TRUE(end > line);
	return frame;
}

/* Closed again: who does not read makes them overflow. */
static void end_crcs(struct display *d)
{
	fclose(d->crcs);
	d->crcs = NULL;
}

void display_await_crc(struct display *d, uint32_t crc)
{
	uint32_t got;

	do
		next_crc(d, &got);
	while (got != crc);
	end_crcs(d);
}

void display_expect_crc(struct display *d, uint32_t first, uint32_t crc)
{
	unsigned int seen = 0;
	uint32_t got;

	while (seen < FRAMES) {
		/* Frame numbers wrap. */
		if ((int32_t)(next_crc(d, &got) - first) < 0)
			continue;
		KT_EQ(got, crc);
		seen++;
	}
	end_crcs(d);
}
