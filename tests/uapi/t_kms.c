// SPDX-License-Identifier: GPL-2.0
/* The display: what it shows, told by CRCs and by what it writes to memory. */
#include "arena.h"
#include "gate.h"
#include "kms.h"

static struct vuma_bo bo_of(const struct display *d, const struct picture *p)
{
	return (struct vuma_bo){ .fd = d->fd, .handle = p->handle, .size = p->size };
}

static void shows(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT);

	picture_fill(&p, 1);
	display_show(&d, &p);
	display_expect_crc(&d, 0, picture_crc(&p));
}

/* Nothing has to be flipped for that: a display reads its memory all the time. */
static void shows_what_is_drawn(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT);

	display_show(&d, &p);
	display_expect_crc(&d, 0, 0);
	picture_fill(&p, 2);
	display_await_crc(&d, picture_crc(&p));
}

/* The window into a larger picture, to its last pixel. */
static void pans(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH + 100, HEIGHT + 50);
	unsigned int i;

	picture_fill(&p, 3);
	display_show(&d, &p);
	for (i = 0; i <= 50; i += 25) {
		drmModeAtomicReq *req = drmModeAtomicAlloc();

		request_plane(&d, req, p.fb, 2 * i, i);
		KT_OK(request_commit(&d, req, 0));
		display_await_crc(&d, picture_crc_at(&p, 2 * i, i));
	}
}

static void black(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT);
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	picture_fill(&p, 4);
	display_show(&d, &p);
	request_plane(&d, req, 0, 0, 0);
	KT_OK(request_commit(&d, req, 0));
	/* The CRC of zeroes. */
	display_await_crc(&d, 0);
	display_off(&d);
	display_show(&d, &p);
	display_expect_crc(&d, 0, picture_crc(&p));
}

static void flips(void)
{
	struct display d = display_open(0);
	struct picture p[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = picture_new(&d, WIDTH, HEIGHT);
		picture_fill(&p[i], 10 + i);
	}
	display_show(&d, &p[0]);
	for (i = 1; i < 10; i++) {
		const struct picture *next = &p[i % ARRAY_SIZE(p)];

		KT_OK(display_flip(&d, next->fb, -1));
		display_expect_crc(&d, display_event(&d), picture_crc(next));
	}
}

static void legacy_ioctls(void)
{
	struct drm_mode_modeinfo mode = display_mode(WIDTH, HEIGHT, 60);
	struct display d = display_open(0);
	struct picture a = picture_new(&d, WIDTH, HEIGHT), b = picture_new(&d, WIDTH, HEIGHT);

	picture_fill(&a, 20);
	picture_fill(&b, 21);
	KT_OK(drmModeSetCrtc(d.fd, d.crtc, a.fb, 0, 0, &d.connector, 1,
			     (drmModeModeInfo *)&mode));
	display_expect_crc(&d, 0, picture_crc(&a));
	KT_OK(drmModePageFlip(d.fd, d.crtc, b.fb, DRM_MODE_PAGE_FLIP_EVENT, NULL));
	display_expect_crc(&d, display_event(&d), picture_crc(&b));
	KT_OK(drmModeSetCrtc(d.fd, d.crtc, 0, 0, 0, NULL, 0, NULL));
}

/* What is shown is written, and nothing beside it. */
static void writes_back(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT), to = picture_new(&d, WIDTH, HEIGHT);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		picture_fill(&p, 30 + i);
		picture_fill(&to, 40 + i);
		display_show(&d, &p);
		display_write_back(&d, &to);
		KT_EQ(picture_crc(&to), picture_crc(&p));
		/* Nothing is shown in the highest byte. */
		KT_EQ(to.pixels[0], p.pixels[0] & 0xffffff);
	}
}

/* The flip waits for the job that draws, and that for a gate. */
static void waits_for_a_fence(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT), next = picture_new(&d, WIDTH, HEIGHT);
	struct vuma_bo bo = bo_of(&d, &next);
	struct gate gate = gate_new(d.fd);
	struct vuma_vm vm = vm_new(d.fd);
	uint32_t drawn = syncobj_new(d.fd);
	struct drm_vuma_cmd fill;
	uint32_t first;
	int fence;

	picture_fill(&p, 50);
	display_show(&d, &p);
	fill = vuma_cmd_fill(vm_map_bo(&vm, &bo), bo.size, 0x123456789abcdefull, 3);
	KT_OK(submit_after(&vm, &fill, 1, gate.in, drawn));
	KT_SYS(drmSyncobjExportSyncFile(d.fd, drawn, &fence));
	KT_OK(display_flip(&d, next.fb, fence));
	KT_SYS(close(fence));
	display_expect_crc(&d, 0, picture_crc(&p));
	/* One flip at a time. */
	KT_RET(display_flip(&d, p.fb, -1), -EBUSY);
	gate_open(&gate);
	first = display_event(&d);
	display_expect_crc(&d, first, picture_crc(&next));
	verify_pattern(next.pixels, next.size, 0x123456789abcdefull, 3);
}

/* What another device made, through its dma-buf. */
static void shows_an_import(void)
{
	struct display d = display_open(0);
	struct vuma_bo theirs = bo_new_mapped(dev_open(1), WIDTH * HEIGHT * 4, 0), ours;
	struct picture p = {
		.size = theirs.size, .width = WIDTH, .height = HEIGHT, .pitch = WIDTH * 4,
		.pixels = theirs.map,
	};
	int dmabuf = export_bo(&theirs);

	picture_fill(&p, 60);
	ours = import_bo(d.fd, dmabuf, theirs.size);
	KT_OK(picture_wrap(&d, ours.handle, WIDTH, HEIGHT, p.pitch, &p.fb));
	display_show(&d, &p);
	display_expect_crc(&d, 0, picture_crc(&p));
	/* While it is shown, nobody else needs to have it. */
	KT_OK(vuma_bo_close(d.fd, ours.handle));
	KT_SYS(close(dmabuf));
	picture_fill(&p, 61);
	display_await_crc(&d, picture_crc(&p));
}

/* Whoever shows it need not keep anything of it. */
static void outlives_its_handle(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT), next = picture_new(&d, WIDTH, HEIGHT);
	uint32_t crc;

	picture_fill(&p, 70);
	crc = picture_crc(&p);
	display_show(&d, &p);
	KT_SYS(munmap(p.pixels, p.size));
	KT_OK(vuma_bo_close(d.fd, p.handle));
	display_expect_crc(&d, 0, crc);
	KT_OK(display_flip(&d, next.fb, -1));
	display_expect_crc(&d, display_event(&d), 0);
}

#define IDLE	8
#define PAGES	64

static void evict(const struct cgroup *cg, const struct vuma_bo *bos, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		KT_WAIT((arena_squeeze(cg, VUMA_MIB), !bo_query(&bos[i]).resident));
}

/* Everything goes but what is shown; and that, when something else is. */
static void reclaims_others(void)
{
	struct display d = display_open(0);
	struct cgroup cg = arena_enter("a");
	struct vuma_bo idle[IDLE], bos[2];
	struct picture p[2];
	unsigned int i, turn;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = picture_new(&d, WIDTH, HEIGHT);
		picture_fill(&p[i], 80 + i);
		bos[i] = bo_of(&d, &p[i]);
	}
	for (i = 0; i < IDLE; i++) {
		idle[i] = bo_new_mapped(d.fd, PAGES * PAGE, 0);
		stamp_pages(idle[i].map, PAGES, i);
	}
	display_show(&d, &p[0]);
	for (turn = 1; turn <= 4; turn++) {
		unsigned int on = turn % 2;

		KT_OK(display_flip(&d, p[on].fb, -1));
		evict(&cg, idle, IDLE);
		display_expect_crc(&d, display_event(&d), picture_crc(&p[on]));
		/* The commit ends after its event. */
		KT_WAIT(!(bo_status(&bos[!on]) & DRM_VUMA_BO_STATUS_PINNED));
		evict(&cg, &bos[!on], 1);
		KT_EQ(bo_query(&bos[on]).resident, bos[on].size);
		KT_TRUE(bo_status(&bos[on]) & DRM_VUMA_BO_STATUS_PINNED);
		display_expect_crc(&d, 0, picture_crc(&p[on]));
		for (i = 0; i < IDLE; i++)
			verify_pages(idle[i].map, PAGES, i, 0);
	}
}

/* The exporter's own, which it would otherwise evict, and have us forget. */
static void reclaim_leaves_an_import(void)
{
	struct display d = display_open(0);
	struct cgroup cg = arena_enter("a");
	struct picture p = { .width = WIDTH, .height = HEIGHT, .pitch = WIDTH * 4 };
	struct vuma_bo theirs, idle, ours;
	unsigned int turn;

	theirs = bo_new_mapped(dev_open(1), WIDTH * HEIGHT * 4, 0);
	p.size = theirs.size;
	p.pixels = theirs.map;
	ours = import_bo(d.fd, export_bo(&theirs), theirs.size);
	KT_OK(picture_wrap(&d, ours.handle, WIDTH, HEIGHT, p.pitch, &p.fb));
	idle = bo_new_mapped(d.fd, PAGES * PAGE, 0);
	for (turn = 0; turn < 3; turn++) {
		picture_fill(&p, 100 + turn);
		display_show(&d, &p);
		stamp_pages(idle.map, PAGES, turn);
		evict(&cg, &idle, 1);
		KT_EQ(bo_query(&theirs).resident, theirs.size);
		display_expect_crc(&d, 0, picture_crc(&p));
		display_off(&d);
		evict(&cg, &theirs, 1);
	}
}

static void purged_is_not_shown(void)
{
	struct display d = display_open(0);
	struct picture p = picture_new(&d, WIDTH, HEIGHT), gone = picture_new(&d, WIDTH, HEIGHT);
	struct vuma_bo bo = bo_of(&d, &gone);
	FILE *shrink = open_debugfs(d.fd, "shrink", "w");

	KT_TRUE(shrink);
	setbuf(shrink, NULL);
	picture_fill(&p, 90);
	picture_fill(&gone, 91);
	display_show(&d, &p);
	bo_advise(&bo, DRM_VUMA_MADV_DONTNEED);
	KT_WAIT(fputs("1000000\n", shrink) >= 0 && bo_status(&bo) & DRM_VUMA_BO_STATUS_PURGED);
	KT_RET(display_flip(&d, gone.fb, -1), -EFAULT);
	display_expect_crc(&d, 0, picture_crc(&p));
}

static const struct ktap_test tests[] = {
	{ .name = "kms_shows_a_dumb_buffer", .run = shows },
	{ .name = "kms_shows_what_is_drawn_without_a_flip", .run = shows_what_is_drawn },
	{ .name = "kms_pans_to_the_last_pixel", .run = pans },
	{ .name = "kms_without_a_plane_is_black", .run = black },
	{ .name = "kms_flip_is_seen_from_its_event_on", .run = flips },
	{ .name = "kms_legacy_ioctls_set_flip_and_turn_off", .run = legacy_ioctls },
	{ .name = "kms_writeback_is_what_is_shown", .run = writes_back },
	{ .name = "kms_flip_waits_for_its_fence", .run = waits_for_a_fence },
	{ .name = "kms_shows_an_import", .run = shows_an_import },
	{ .name = "kms_picture_outlives_its_handle", .run = outlives_its_handle },
	{ .name = "kms_reclaim_leaves_what_is_shown", .run = reclaims_others },
	{ .name = "kms_reclaim_leaves_an_import_that_is_shown", .run = reclaim_leaves_an_import },
	{ .name = "kms_purged_buffer_is_EFAULT_and_not_shown", .run = purged_is_not_shown },
};

TEST_PROGRAM(tests, arena_cleanup);
