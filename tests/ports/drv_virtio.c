// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-gpu: the device is QEMU's, and what it shows is what the host has.
 *
 * QEMU's monitor is behind a port of the guest's, and leaves pictures of the screen where
 * both see them: SCREEN names the file as the host does.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm/virtgpu_drm.h>
#include <xf86drm.h>

#include "display.h"
#include "file.h"
#include "port.h"

#define DRIVER	"/sys/bus/virtio/drivers/virtio_gpu"
#define MONITOR	"org.gem-uma.mon"
#define SCREEN	"/out/screen.ppm"

/* As the protocol has it: blue is the first byte. */
#define FORMAT_XRGB	2
#define TARGET_2D	2
/* As virgl has it. */
#define FORMAT_R8	64
#define TARGET_BUFFER	0
#define BIND_VERTICES	(1 << 4)

/* The port of that name, opened. */
static FILE *monitor_open(void)
{
	char path[300], name[64];
	struct dirent *e;
	FILE *mon;
	DIR *dir;

	dir = opendir("/sys/class/virtio-ports");
	KT_TRUE(dir);
	while ((e = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", e->d_name);
		if (file_read(path, name, sizeof(name)) || strncmp(name, MONITOR, strlen(MONITOR)))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", e->d_name);
		closedir(dir);
		mon = fopen(path, "r+");
		KT_TRUE(mon);
		setvbuf(mon, NULL, _IONBF, 0);
		return mon;
	}
	KT_FAIL("QEMU's monitor has no port");
}

/* Its answers come in lines; others tell what has happened meanwhile. */
static void monitor_ask(FILE *mon, const char *request)
{
	char line[1024];

	KT_GE(fprintf(mon, "%s\n", request), 0);
	do
		KT_TRUE(fgets(line, sizeof(line), mon));
	while (!strstr(line, "\"id\": \"t\""));
	if (strstr(line, "\"error\""))
		KT_FAIL("QEMU: %s", line);
}

static void screenshot(void)
{
	const char *host = getenv("SCREEN");
	char request[512];
	FILE *mon;

	if (!host)
		KT_FAIL("SCREEN is not set");
	mon = monitor_open();
	/* Once only, as it says of the second time. */
	KT_GE(fprintf(mon, "{\"execute\":\"qmp_capabilities\"}\n"), 0);
	snprintf(request, sizeof(request),
		 "{\"execute\":\"screendump\",\"id\":\"t\",\"arguments\":{\"filename\":\"%s\"}}",
		 host);
	monitor_ask(mon, request);
	fclose(mon);
}

/* A picture of that size, three bytes for each pixel. */
static bool is_picture(FILE *shot, const struct picture *p)
{
	unsigned int width, height, x, y;
	unsigned char rgb[3];

	if (fscanf(shot, "P6 %u %u 255", &width, &height) != 2 || !isspace(fgetc(shot)))
		return false;
	if (width != p->width || height != p->height)
		return false;
	for (y = 0; y < height; y++) {
		const uint32_t *line = p->pixels + y * (p->pitch / sizeof(*p->pixels));

		for (x = 0; x < width; x++) {
			if (fread(rgb, sizeof(rgb), 1, shot) != 1 ||
			    (line[x] & 0xffffff) != (uint32_t)(rgb[0] << 16 | rgb[1] << 8 | rgb[2]))
				return false;
		}
	}
	return true;
}

static bool virtio_shows(const struct picture *p)
{
	FILE *shot;
	bool is;

	screenshot();
	shot = fopen(SCREEN, "r");
	KT_TRUE(shot);
	is = is_picture(shot, p);
	fclose(shot);
	return is;
}

static int virtio_use(const struct port_bo *bo)
{
	struct drm_virtgpu_3d_transfer_to_host args = {
		.bo_handle = bo->handle,
		.box = { .w = PAGE / 4, .h = bo->size / PAGE, .d = 1 },
	};

	return port_ioctl(bo->fd, DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, &args);
}

/* On the bus between the driver and PCI. */
static void virtio_bind(bool on)
{
	static char device[256];
	struct dirent *e;
	DIR *dir;

	if (!on) {
		dir = opendir(DRIVER);
		KT_TRUE(dir);
		while ((e = readdir(dir)))
			if (!strncmp(e->d_name, "virtio", 6))
				snprintf(device, sizeof(device), "%s", e->d_name);
		closedir(dir);
	}
	KT_NE(device[0], 0);
	KT_OK(file_write(on ? DRIVER "/bind" : DRIVER "/unbind", device));
}

/* A picture that nobody copies to the host but who draws it. */
static struct picture resource_new(const struct display *d)
{
	struct picture p = { .width = WIDTH, .height = HEIGHT, .pitch = WIDTH * 4 };
	struct drm_virtgpu_resource_create create = {
		.target = TARGET_2D, .format = FORMAT_XRGB, .width = WIDTH, .height = HEIGHT,
		.depth = 1, .array_size = 1, .size = WIDTH * HEIGHT * 4,
	};
	struct port_bo bo = { .fd = d->fd, .size = create.size };

	KT_OK(port_ioctl(d->fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create));
	p.handle = create.bo_handle;
	p.size = create.size;
	bo.handle = create.bo_handle;
	bo_map(&bo);
	p.pixels = bo.map;
	KT_OK(picture_wrap(d, p.handle, p.width, p.height, p.pitch, &p.fb));
	return p;
}

static void transfer(const struct display *d, const struct picture *p)
{
	struct drm_virtgpu_3d_transfer_to_host args = {
		.bo_handle = p->handle, .box = { .w = WIDTH, .h = HEIGHT, .d = 1 },
	};

	KT_OK(port_ioctl(d->fd, DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, &args));
	drmModeDirtyFB(d->fd, p->fb, NULL, 0);
}

static void await_host(const struct port_bo *bo)
{
	struct drm_virtgpu_3d_wait args = { .handle = bo->handle };
	int ret;

	do
		ret = port_ioctl(bo->fd, DRM_IOCTL_VIRTGPU_WAIT, &args);
	while (ret == -EBUSY);
	KT_OK(ret);
}

/* What the host has of a buffer of 3D comes back, to where its pages are by then. */
static void read_back(int fd)
{
	struct drm_virtgpu_resource_create create = {
		.target = TARGET_BUFFER, .format = FORMAT_R8, .bind = BIND_VERTICES,
		.width = 4 * MIB, .height = 1, .depth = 1, .array_size = 1, .size = 4 * MIB,
	};
	struct port_bo bo = { .fd = fd, .size = create.size };
	struct drm_virtgpu_3d_box box = { .w = create.width, .h = 1, .d = 1 };
	struct drm_virtgpu_3d_transfer_to_host to = { .box = box };
	struct drm_virtgpu_3d_transfer_from_host from = { .box = box };
	struct cgroup cg = tenant("other");
	unsigned int i;

	KT_OK(port_ioctl(fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &create));
	bo.handle = create.bo_handle;
	to.bo_handle = create.bo_handle;
	from.bo_handle = create.bo_handle;
	bo_map(&bo);
	for (i = 0; i < 6; i++) {
		fill(bo.map, bo.size, i);
		KT_OK(port_ioctl(fd, DRM_IOCTL_VIRTGPU_TRANSFER_TO_HOST, &to));
		await_host(&bo);
		cgroup_reclaim(&cg, charged(&cg));
		usleep(20000 * ktap_slow());
		fill(bo.map, bo.size, 100 + i);
		if (i % 2)
			cgroup_reclaim(&cg, charged(&cg));
		KT_OK(port_ioctl(fd, DRM_IOCTL_VIRTGPU_TRANSFER_FROM_HOST, &from));
		await_host(&bo);
		verify(bo.map, bo.size, i);
	}
	bo_close(&bo);
}

/* Of a device that has 3D. */
static bool has_3d(int fd)
{
	int value = 0;
	struct drm_virtgpu_getparam args = {
		.param = VIRTGPU_PARAM_3D_FEATURES, .value = (uintptr_t)&value,
	};

	KT_OK(port_ioctl(fd, DRM_IOCTL_VIRTGPU_GETPARAM, &args));
	return value;
}

/*
 * The host has what was transferred, whatever becomes of the pages; and what is transferred
 * next it finds where they are by then.
 */
static void virtio_special(void)
{
	struct display d = display_of(port_open());
	struct drm_mode_modeinfo mode = display_mode(WIDTH, HEIGHT, 60);
	struct picture p, old;
	struct cgroup cg;
	unsigned int i;

	if (has_3d(d.fd))
		read_back(d.fd);
	KT_OK(drmModeCreatePropertyBlob(d.fd, &mode, sizeof(mode), &d.mode));
	cg = tenant("one");
	p = resource_new(&d);
	old = p;
	old.pixels = malloc(p.size);
	KT_TRUE(old.pixels);
	display_show(&d, &p);
	for (i = 0; i < 6; i++) {
		picture_fill(&p, i);
		transfer(&d, &p);
		while (!virtio_shows(&p))
			usleep(10000);
		memcpy(old.pixels, p.pixels, p.size);
		/* Without swap space for all of it, and in a driver without reclaim, it stays. */
		cgroup_reclaim(&cg, charged(&cg));
		usleep(20000 * ktap_slow());
		picture_fill(&p, 100 + i);
		KT_TRUE(virtio_shows(&old));
	}
	display_off(&d);
}

const struct port_driver port_virtio = {
	.name = "virtio",
	.drm_name = "virtio_gpu",
	.primary = true,
	.no_import = "virtio-gpu imports only what its host can map, and this host cannot",
	.bind = virtio_bind,
	.no_unbind = "virtio-gpu as it is keeps the buffers of what it cannot queue any more",
	.create = dumb_create,
	.mmap_offset = dumb_mmap_offset,
	.use = virtio_use,
	.special = virtio_special,
	.shows = virtio_shows,
};
