// SPDX-License-Identifier: GPL-2.0
/* The display: bad input, devices that do not snoop, and devices that go. */
#include <drm_fourcc.h>

#include "gate.h"
#include "hotplug.h"
#include "kms.h"

/* Bad input is refused by the check alone, and by the commit, and changes nothing. */
static void expect_refused(const struct display *d, void (*fill)(const struct display *d,
								 drmModeAtomicReq *req,
								 uint32_t arg),
			   uint32_t arg, int error)
{
	static const uint32_t flags[] = {
		DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET,
		DRM_MODE_ATOMIC_ALLOW_MODESET,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();

		fill(d, req, arg);
		KT_RET(request_commit(d, req, flags[i]), error);
	}
}

static void set_fb(const struct display *d, drmModeAtomicReq *req, uint32_t fb)
{
	request_plane(d, req, fb, 0, 0);
}

static void set_writeback(const struct display *d, drmModeAtomicReq *req, uint32_t fb)
{
	request_add(d, req, d->writeback, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", d->crtc);
	request_add(d, req, d->writeback, DRM_MODE_OBJECT_CONNECTOR, "WRITEBACK_FB_ID", fb);
}

static void set_mode(const struct display *d, drmModeAtomicReq *req, uint32_t blob)
{
	request_add(d, req, d->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", blob);
}

/* A plane does what the property says, which this one does not. */
static void set_crtc_w(const struct display *d, drmModeAtomicReq *req, uint32_t width)
{
	request_add(d, req, d->plane, DRM_MODE_OBJECT_PLANE, "CRTC_W", width);
}

static void set_crtc_x(const struct display *d, drmModeAtomicReq *req, uint32_t x)
{
	request_add(d, req, d->plane, DRM_MODE_OBJECT_PLANE, "CRTC_X", x);
}

static void set_src_x(const struct display *d, drmModeAtomicReq *req, uint32_t x)
{
	request_add(d, req, d->plane, DRM_MODE_OBJECT_PLANE, "SRC_X", (uint64_t)x << 16);
}

static struct picture shown(struct display *d)
{
	struct picture p = picture_new(d, WIDTH, HEIGHT);

	picture_fill(&p, 7);
	display_show(d, &p);
	return p;
}

static void bad_planes(void)
{
	struct display d = display_open(0);
	struct picture p = shown(&d), small = picture_new(&d, WIDTH - 1, HEIGHT);

	expect_refused(&d, set_fb, small.fb, -ENOSPC);
	expect_refused(&d, set_fb, d.crtc, -EINVAL);
	expect_refused(&d, set_src_x, 1, -ENOSPC);
	expect_refused(&d, set_crtc_x, 1, -EINVAL);
	expect_refused(&d, set_crtc_w, 2 * WIDTH, -ERANGE);
	expect_refused(&d, set_crtc_w, WIDTH / 2, -ERANGE);
	display_expect_crc(&d, 0, picture_crc(&p));
}

static void bad_modes(void)
{
	const struct drm_mode_modeinfo good = display_mode(WIDTH, HEIGHT, 60);
	struct drm_mode_modeinfo modes[] = {
		display_mode(WIDTH, HEIGHT, 241), display_mode(8192, HEIGHT, 60),
		good, good, good,
	};
	struct display d = display_open(0);
	struct picture p = shown(&d);
	uint32_t blob;
	size_t i;

	modes[2].clock = 1;
	modes[3].flags = DRM_MODE_FLAG_INTERLACE;
	modes[4].flags = DRM_MODE_FLAG_DBLSCAN;
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		KT_OK(drmModeCreatePropertyBlob(d.fd, &modes[i], sizeof(modes[i]), &blob));
		expect_refused(&d, set_mode, blob, -EINVAL);
	}
	display_expect_crc(&d, 0, picture_crc(&p));
}

static void bad_writebacks(void)
{
	struct display d = display_open(0);
	struct picture p = shown(&d), wide = picture_new(&d, WIDTH + 1, HEIGHT);
	struct picture high = picture_new(&d, WIDTH, HEIGHT + 1);

	expect_refused(&d, set_writeback, wide.fb, -EINVAL);
	expect_refused(&d, set_writeback, high.fb, -EINVAL);
	display_expect_crc(&d, 0, picture_crc(&p));
}

static void bad_framebuffers(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT);
	const uint32_t handles[4] = { p.handle }, offsets[4] = { 0 }, late[4] = { 4 };
	const uint32_t pitches[4] = { p.pitch };
	uint32_t fb;

	KT_RET(picture_wrap(&d, p.handle, WIDTH, HEIGHT, WIDTH * 4 - 1, &fb), -EINVAL);
	KT_RET(picture_wrap(&d, p.handle, WIDTH, HEIGHT + 1, p.pitch, &fb), -EINVAL);
	KT_RET(picture_wrap(&d, p.handle, 4097, 1, 4 * 4097, &fb), -EINVAL);
	KT_RET(picture_wrap(&d, 99, WIDTH, HEIGHT, p.pitch, &fb), -ENOENT);
	KT_RET(drmModeAddFB2(d.fd, WIDTH, HEIGHT, DRM_FORMAT_XRGB8888, handles, pitches, late, &fb,
			     0), -EINVAL);
	KT_RET(drmModeAddFB2(d.fd, WIDTH, HEIGHT, DRM_FORMAT_RGB565, handles, pitches, offsets, &fb,
			     0), -EINVAL);
}

/* Its fences are those of all of the VM. */
static void private_buffer(void)
{
	struct display d = display_open(0);
	struct picture p = shown(&d);
	struct vuma_vm vm = vm_new(d.fd);
	uint32_t handle, fb;

	KT_OK(vuma_bo_create_private(d.fd, vm.id, p.size, 0, &handle));
	KT_OK(picture_wrap(&d, handle, WIDTH, HEIGHT, p.pitch, &fb));
	expect_refused(&d, set_fb, fb, -EINVAL);
	expect_refused(&d, set_writeback, fb, -EINVAL);
	display_expect_crc(&d, 0, picture_crc(&p));
}

static void bad_crc_source(void)
{
	struct display d = display_open(0);
	FILE *file;

	shown(&d);
	file = open_debugfs(d.fd, "crtc-0/crc/control", "w");
	KT_TRUE(file);
	setbuf(file, NULL);
	KT_SYS_ERR(fputs("nothing", file) < 0 ? -1 : 0, EINVAL);
	KT_TRUE(fputs("auto", file) >= 0);
	fclose(file);
}

/* The device that is not coherent; -1 if both are. */
static int incoherent(void)
{
	uint64_t coherent;
	unsigned int i;

	for (i = 0; i < vuma_count(driver, VUMA_NODE_RENDER); i++) {
		KT_OK(vuma_get_param(dev_open(i), DRM_VUMA_PARAM_COHERENT, 0, &coherent));
		if (!coherent)
			return i;
	}
	return -1;
}

static void not_snooping(void)
{
	int index = incoherent();
	struct vuma_bo bo;
	struct display d;
	struct picture p, to;
	uint32_t before;

	if (index < 0)
		KT_SKIP("all devices snoop");
	d = display_open(index);
	/* Write-combined: nobody who draws with the CPU alone knows what to sync. */
	p = shown(&d);
	display_expect_crc(&d, 0, picture_crc(&p));
	bo = bo_new_mapped(d.fd, p.size, 0);
	p.size = bo.size;
	p.pixels = bo.map;
	KT_OK(picture_wrap(&d, bo.handle, WIDTH, HEIGHT, p.pitch, &p.fb));
	picture_fill(&p, 8);
	KT_OK(vuma_bo_sync(d.fd, bo.handle, DRM_VUMA_BO_SYNC_CLEAN, 0, bo.size));
	display_show(&d, &p);
	before = picture_crc(&p);
	display_expect_crc(&d, 0, before);
	picture_fill(&p, 9);
	display_expect_crc(&d, 0, before);
	KT_OK(vuma_bo_sync(d.fd, bo.handle, DRM_VUMA_BO_SYNC_CLEAN, 0, bo.size));
	display_await_crc(&d, picture_crc(&p));
	/* And the other way around. */
	to = picture_new(&d, WIDTH, HEIGHT);
	display_write_back(&d, &to);
	KT_EQ(picture_crc(&to), picture_crc(&p));
}

/* The flip waits for a job, which the unplug ends; its event comes, and pixels stay. */
static void unplug_beside_a_flip(void)
{
	struct display d = display_open(last_device());
	struct picture p = shown(&d), next = picture_new(&d, WIDTH, HEIGHT);
	struct gate gate = gate_new(d.fd);
	uint32_t crc;
	int fence;

	picture_fill(&next, 11);
	crc = picture_crc(&next);
	KT_SYS(drmSyncobjExportSyncFile(d.fd, gate.in, &fence));
	KT_OK(display_flip(&d, next.fb, fence));
	KT_SYS(close(fence));
	unplug(d.fd);
	display_event(&d);
	KT_RET(drmModePageFlip(d.fd, d.crtc, p.fb, 0, NULL), -ENODEV);
	KT_EQ(picture_crc(&next), crc);
	replug();
	KT_RET(drmModePageFlip(d.fd, d.crtc, p.fb, 0, NULL), -ENODEV);
	KT_SYS(close(d.fd));
	d = display_open(last_device());
	p = shown(&d);
	display_expect_crc(&d, 0, picture_crc(&p));
}

/* As it is, with CRCs being read. */
static void unplug_what_is_shown(void)
{
	struct display d = display_open(last_device());
	struct picture p = shown(&d), to = picture_new(&d, WIDTH, HEIGHT);
	FILE *crcs = open_debugfs(d.fd, "crtc-0/crc/data", "r");
	char line[64];

	KT_TRUE(crcs);
	KT_SYS(read(fileno(crcs), line, sizeof(line)));
	display_write_back(&d, &to);
	unplug(d.fd);
	fclose(crcs);
	KT_SYS(close(d.fd));
	KT_EQ(picture_crc(&to), picture_crc(&p));
	replug();
}

static const struct ktap_test tests[] = {
	{ .name = "kms_bad_plane_changes_nothing", .run = bad_planes },
	{ .name = "kms_bad_mode_is_EINVAL_and_changes_nothing", .run = bad_modes },
	{ .name = "kms_bad_writeback_is_EINVAL_and_changes_nothing", .run = bad_writebacks },
	{ .name = "kms_bad_framebuffer_is_EINVAL", .run = bad_framebuffers },
	{ .name = "kms_private_buffer_is_EINVAL", .run = private_buffer },
	{ .name = "kms_unknown_crc_source_is_EINVAL", .run = bad_crc_source },
	{ .name = "kms_reads_memory_behind_the_cache", .run = not_snooping },
	{ .name = "kms_unplug_ends_a_flip_that_waits", .run = unplug_beside_a_flip },
	{ .name = "kms_unplug_beside_crcs_and_writeback", .run = unplug_what_is_shown },
};

TEST_PROGRAM(tests, rebind_all);
