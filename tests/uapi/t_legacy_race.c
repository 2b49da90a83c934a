// SPDX-License-Identifier: GPL-2.0
/* Implicit addresses: users of a buffer that come and go, and the last of them, in threads. */
#include "legacy.h"

#define BUFS	3
#define SIZE	(64 * PAGE)

#define MAPS	DRM_VUMA_PARAM_VM_MAPS
#define UNMAPS	DRM_VUMA_PARAM_VM_UNMAPS
#define IDLE	DRM_VUMA_PARAM_VM_IDLE

struct storm {
	int dmabufs[BUFS];
	atomic_bool stop;
	atomic_uint jobs;
};

/* A file of its own each round, or the same: the buffer is intact, as it always has users. */
static void *storm_thread(void *arg)
{
	struct drm_vuma_submit_legacy args = { .flags = DRM_VUMA_LEGACY_TRIM };
	struct storm *s = arg;
	unsigned int i;
	int fd = dev_open(0);

	for (i = 0; !atomic_load(&s->stop); i++) {
		struct vuma_bo bo = import_bo(fd, s->dmabufs[i % BUFS], SIZE);
		struct drm_vuma_legacy_bo use = vuma_legacy_bo(bo.handle, LEGACY_WRITE);
		struct drm_vuma_cmd cmd = vuma_cmd_fill(LEGACY_AT(0, 0), SIZE, 9, 1);

		KT_OK(vuma_submit_legacy(fd, &use, 1, &cmd, 1, 0, 0));
		KT_OK(vuma_bo_fini(&bo));
		atomic_fetch_add(&s->jobs, 1);
		if (i % 7 == 3)
			KT_OK(vuma_ioctl(fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args));
		if (i % 16 == 15) {
			KT_SYS(close(fd));
			fd = dev_open(0);
		}
	}
	KT_SYS(close(fd));
	return NULL;
}

static void users_race(void)
{
	struct before b = look();
	const int turns = ktap_slow() > 1 ? 4 : 10;
	int fd = dev_open(0), i, turn;
	pthread_t threads[4];
	struct vuma_bo bo;

	for (turn = 0; turn < turns; turn++) {
		struct storm s = { .stop = false };

		for (i = 0; i < BUFS; i++) {
			bo = bo_new(fd, SIZE, 0);
			s.dmabufs[i] = export_bo(&bo);
			KT_OK(vuma_bo_fini(&bo));
		}
		for (i = 0; i < 4; i++)
			KT_EQ(pthread_create(&threads[i], NULL, storm_thread, &s), 0);
		while (atomic_load(&s.jobs) < 100)
			usleep(1000);
		atomic_store(&s.stop, true);
		for (i = 0; i < 4; i++)
			KT_EQ(pthread_join(threads[i], NULL), 0);
		bo = import_bo(fd, s.dmabufs[0], SIZE);
		legacy_expect(&bo, 9);
		KT_OK(vuma_bo_fini(&bo));
		for (i = 0; i < BUFS; i++)
			KT_SYS(close(s.dmabufs[i]));
	}
	KT_SYS(close(fd));
	expect_nothing_left(&b);
}

static unsigned int last_users(void)
{
	return ktap_slow() > 1 ? 60 : 2000;
}

/* Its only user goes while its only job ends, a little sooner or later. */
static void last_handle(int fd, unsigned int round)
{
	struct vuma_bo bo = bo_new(fd, PAGE, 0);
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(bo.handle, 0);
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	volatile unsigned int delay = round % 64 * 100;

	KT_OK(vuma_submit_legacy(fd, &use, 1, &nop, 1, 0, 0));
	while (delay)
		delay--;
	KT_OK(vuma_bo_fini(&bo));
}

/* Here there are two, a dma-buf and the handle of its import, and either can be the last. */
static void last_dmabuf(int fd, unsigned int round)
{
	struct vuma_bo bo = bo_new(fd, PAGE, 0);
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_legacy_bo use;
	int dmabuf = export_bo(&bo);

	KT_OK(vuma_bo_fini(&bo));
	bo = import_bo(fd, dmabuf, PAGE);
	use = vuma_legacy_bo(bo.handle, 0);
	KT_OK(vuma_submit_legacy(fd, &use, 1, &nop, 1, 0, 0));
	if (round % 2)
		KT_SYS(close(dmabuf));
	KT_OK(vuma_bo_fini(&bo));
	if (!(round % 2))
		KT_SYS(close(dmabuf));
}

struct last {
	int fd;
	void (*use)(int fd, unsigned int round);
};

static void *last_thread(void *arg)
{
	const struct last *last = arg;
	unsigned int i;

	for (i = 0; i < last_users(); i++)
		last->use(last->fd, i);
	return NULL;
}

/* Whether the job or the user is the last, nothing stays: while the file is still open. */
static void last_users_race(void)
{
	struct before b = look();
	struct last last[4];
	pthread_t threads[4];
	int fd = dev_open(0), i;

	for (i = 0; i < 4; i++) {
		last[i] = (struct last) { fd, i % 2 ? last_dmabuf : last_handle };
		KT_EQ(pthread_create(&threads[i], NULL, last_thread, &last[i]), 0);
	}
	for (i = 0; i < 4; i++)
		KT_EQ(pthread_join(threads[i], NULL), 0);
	KT_EQ(legacy_param(fd, MAPS), 4 * last_users());
	legacy_wait_param(fd, UNMAPS, 4 * last_users());
	legacy_wait_param(fd, IDLE, 0);
	KT_SYS(close(fd));
	expect_nothing_left(&b);
}

static const struct ktap_test tests[] = {
	{ .name = "legacy_last_users_race_sparse-H3", .run = last_users_race },
	{ .name = "legacy_users_and_trim_race", .run = users_race },
};

TEST_PROGRAM(tests, NULL);
