// SPDX-License-Identifier: GPL-2.0
/* Implicit addresses: when they come, how long they stay, and who has none. */
#include "arena.h"
#include "gate.h"
#include "legacy.h"

#define MIB	VUMA_MIB
#define BUFS	3
#define FRAMES	1000
#define SIZE	(64 * PAGE)

#define MAPS	DRM_VUMA_PARAM_VM_MAPS
#define UNMAPS	DRM_VUMA_PARAM_VM_UNMAPS
#define IDLE	DRM_VUMA_PARAM_VM_IDLE

static void expect_3_maps(int fd, uint64_t calls)
{
	legacy_wait_param(fd, IDLE, BUFS);
	KT_EQ(legacy_param(fd, MAPS), BUFS);
	KT_EQ(legacy_param(fd, UNMAPS), 0);
	/* And the page tables say the same, when the first frames are over. */
	KT_EQ(engine_counter(fd, "maps"), calls);
}

static void flips(void)
{
	struct before b = look();
	struct vuma_bo bufs[BUFS];
	uint64_t va[BUFS], calls = 0;
	int fd = dev_open(0), i;

	for (i = 0; i < BUFS; i++)
		bufs[i] = bo_new_mapped(fd, SIZE, 0);
	for (i = 0; i < FRAMES; i++) {
		struct vuma_bo *bo = &bufs[i % BUFS];
		uint64_t at;

		KT_OK(vuma_scanout_pin(fd, bo->handle));
		at = legacy_touch(bo, i);
		KT_OK(vuma_scanout_unpin(fd, bo->handle));
		if (i < BUFS)
			va[i] = at;
		KT_EQ(at, va[i % BUFS]);
		if (i == BUFS - 1)
			calls = engine_counter(fd, "maps");
	}
	expect_3_maps(fd, calls);
	for (i = FRAMES - BUFS; i < FRAMES; i++)
		KT_EQ(*(uint64_t *)bufs[i % BUFS].map, i);
	for (i = 0; i < BUFS; i++)
		KT_OK(vuma_bo_fini(&bufs[i]));
	legacy_wait_param(fd, UNMAPS, BUFS);
	legacy_wait_param(fd, IDLE, 0);
	KT_SYS(close(fd));
	expect_closed(&b, BUFS);
}

/* As compositors do that keep nothing but the file descriptors of the dma-bufs. */
static void flips_with_import(void)
{
	struct before b = look();
	int dmabufs[BUFS], fd = dev_open(0), i;
	struct vuma_bo bo;
	uint64_t calls = 0;

	for (i = 0; i < BUFS; i++) {
		bo = bo_new(fd, SIZE, 0);
		dmabufs[i] = export_bo(&bo);
		KT_OK(vuma_bo_fini(&bo));
	}
	for (i = 0; i < FRAMES; i++) {
		bo = import_bo(fd, dmabufs[i % BUFS], SIZE);
		legacy_touch(&bo, i);
		KT_OK(vuma_bo_fini(&bo));
		if (i == BUFS - 1)
			calls = engine_counter(fd, "maps");
	}
	expect_3_maps(fd, calls);
	for (i = 0; i < BUFS; i++) {
		bo = import_bo(fd, dmabufs[i], SIZE);
		legacy_expect(&bo, FRAMES - 1 - (FRAMES - 1 - i) % BUFS);
		KT_OK(vuma_bo_fini(&bo));
	}
	/* Each result buffer of legacy_expect() was one of its own. */
	legacy_wait_param(fd, UNMAPS, BUFS);
	legacy_wait_param(fd, IDLE, BUFS);
	for (i = 0; i < BUFS; i++)
		KT_SYS(close(dmabufs[i]));
	legacy_wait_param(fd, UNMAPS, 2 * BUFS);
	legacy_wait_param(fd, IDLE, 0);
	KT_SYS(close(fd));
	expect_closed(&b, 2 * BUFS);
}

/* The renderer has the handles; of the compositor nothing survives a frame. */
static void flips_of_two_files(void)
{
	struct before b = look();
	int fd = dev_open(0), renderer = dev_open(0), i;
	struct vuma_bo bufs[BUFS], bo;
	uint64_t calls = 0;

	for (i = 0; i < BUFS; i++)
		bufs[i] = bo_new(renderer, SIZE, 0);
	for (i = 0; i < FRAMES / 2; i++) {
		int dmabuf = export_bo(&bufs[i % BUFS]);

		bo = import_bo(fd, dmabuf, SIZE);
		KT_SYS(close(dmabuf));
		legacy_touch(&bo, i);
		KT_OK(vuma_bo_fini(&bo));
		if (i == BUFS - 1)
			calls = engine_counter(fd, "maps");
	}
	expect_3_maps(fd, calls);
	KT_SYS(close(renderer));
	/* An export that no file has goes with the last handle. */
	legacy_wait_param(fd, UNMAPS, BUFS);
	KT_SYS(close(fd));
	expect_closed(&b, BUFS);
}

static void closed_file(void)
{
	struct before b = look();
	int dmabufs[BUFS], fd = dev_open(0), i;

	for (i = 0; i < BUFS; i++) {
		struct vuma_bo bo = bo_new(fd, SIZE, 0);

		legacy_touch(&bo, i);
		dmabufs[i] = export_bo(&bo);
	}
	KT_SYS(close(fd));
	fd = dev_open(0);
	for (i = 0; i < BUFS; i++) {
		struct vuma_bo bo = import_bo(fd, dmabufs[i], SIZE);

		legacy_expect(&bo, i);
		KT_SYS(close(dmabufs[i]));
	}
	KT_SYS(close(fd));
	/* In the second file, with its results. */
	expect_closed(&b, 3 * BUFS);
}

/* Neither handle nor dma-buf, but a pin: of another file, or it could not be undone. */
static void pin_is_a_user(void)
{
	int fd = dev_open(0), display = dev_open(0), dmabuf;
	struct vuma_bo bo = bo_new(fd, SIZE, 0), there;

	legacy_touch(&bo, 1);
	dmabuf = export_bo(&bo);
	there = import_bo(display, dmabuf, SIZE);
	KT_OK(vuma_scanout_pin(display, there.handle));
	KT_SYS(close(dmabuf));
	KT_OK(vuma_bo_fini(&there));
	KT_OK(vuma_bo_fini(&bo));
	legacy_wait_param(fd, IDLE, 1);
	KT_EQ(legacy_param(fd, UNMAPS), 0);
	KT_SYS(close(display));
	legacy_wait_param(fd, UNMAPS, 1);
	KT_EQ(legacy_param(fd, IDLE), 0);
}

static void job_is_a_user(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, SIZE, 0), out = bo_new_mapped(fd, PAGE, 0);
	struct drm_vuma_legacy_bo use[2] = {
		vuma_legacy_bo(bo.handle, LEGACY_WRITE), vuma_legacy_bo(out.handle, LEGACY_WRITE),
	};
	struct drm_vuma_cmd cmds[2] = {
		vuma_cmd_fill(LEGACY_AT(0, SIZE - 8), 8, 77, 0),
		vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(0, SIZE - 8), 8),
	};
	struct gate gate = gate_new(fd);
	uint32_t done = syncobj_new(fd);

	KT_OK(vuma_submit_legacy(fd, use, 2, cmds, 2, gate.in, done));
	KT_OK(vuma_bo_fini(&bo));
	KT_EQ(legacy_param(fd, UNMAPS), 0);
	gate_open(&gate);
	KT_OK(vuma_syncobj_wait(fd, done, FOREVER));
	KT_EQ(*(volatile uint64_t *)out.map, 77);
	legacy_wait_param(fd, UNMAPS, 1);
	legacy_wait_param(fd, IDLE, 1);
}

/* Jobs in flight, of which nothing is left but the jobs. */
static void closed_with_jobs(void)
{
	struct before b = look();
	int i, j;

	for (i = 0; i < 20; i++) {
		int fd = dev_open(0);

		for (j = 0; j < BUFS; j++) {
			struct vuma_bo bo = bo_new(fd, SIZE, 0);
			struct drm_vuma_legacy_bo use = vuma_legacy_bo(bo.handle, LEGACY_WRITE);
			struct drm_vuma_cmd cmds[2] = {
				vuma_cmd_spin(2000), vuma_cmd_fill(LEGACY_AT(0, 0), SIZE, 1, 1),
			};

			KT_OK(vuma_submit_legacy(fd, &use, 1, cmds, 2, 0, 0));
		}
		KT_SYS(close(fd));
	}
	expect_closed(&b, 20 * BUFS);
}

static void in_many_vms(void)
{
	struct before b = look();
	struct vuma_bo bo = bo_new(dev_open(0), SIZE, 0), there;
	int files[64], dmabuf = export_bo(&bo);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++) {
		files[i] = dev_open(0);
		there = import_bo(files[i], dmabuf, SIZE);
		legacy_touch(&there, i);
		KT_OK(vuma_bo_fini(&there));
	}
	legacy_expect(&bo, ARRAY_SIZE(files) - 1);
	KT_SYS(close(dmabuf));
	for (i = 0; i < ARRAY_SIZE(files); i++)
		KT_EQ(legacy_param(files[i], UNMAPS), 0);
	KT_OK(vuma_bo_fini(&bo));
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		legacy_wait_param(files[i], UNMAPS, 1);
		KT_SYS(close(files[i]));
	}
	KT_SYS(close(bo.fd));
	/* And once each: the BO in its own file, and the result there. */
	expect_closed(&b, ARRAY_SIZE(files) + 2);
}

static void imported(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), SIZE, 0);
	int fd = dev_open(1);
	struct vuma_bo there = import_bo(fd, export_bo(&bo), SIZE);

	legacy_touch(&there, 5);
	KT_EQ(*(volatile uint64_t *)bo.map, 5);
	legacy_touch(&bo, 6);
	legacy_expect(&there, 6);
	KT_OK(vuma_bo_fini(&there));
	legacy_wait_param(fd, UNMAPS, 2);
}

static void reclaimed(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bos[2];
	uint64_t va;
	int fd;

	fd = dev_open(0);
	bos[0] = bo_new(fd, 2 * MIB, 0);
	bos[1] = bo_new(fd, 2 * MIB, 0);
	va = legacy_touch(&bos[0], 0x1111);
	legacy_touch(&bos[1], 0x2222);
	legacy_wait_param(fd, IDLE, 2);
	arena_evict(&cg, bos, 2);
	expect_evicted(&bos[0]);
	KT_EQ(legacy_param(fd, MAPS), 2);
	KT_EQ(legacy_param(fd, UNMAPS), 2);

	legacy_expect(&bos[0], 0x1111);
	KT_EQ(bo_query(&bos[0]).resident, bos[0].size);
	/* With its result buffer; of the other buffer nothing was asked for. */
	KT_EQ(legacy_param(fd, MAPS), 4);
	expect_evicted(&bos[1]);
	KT_EQ(legacy_touch(&bos[0], 0x3333), va);
	legacy_expect(&bos[1], 0x2222);
	legacy_expect(&bos[0], 0x3333);
}

static void reclaimed_and_closed(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;
	int fd;

	fd = dev_open(0);
	bo = bo_new(fd, MIB, 0);
	legacy_touch(&bo, 1);
	legacy_wait_param(fd, IDLE, 1);
	arena_evict(&cg, &bo, 1);
	KT_OK(vuma_bo_fini(&bo));
	legacy_wait_param(fd, IDLE, 0);
	/* It was not mapped any more. */
	KT_EQ(legacy_param(fd, UNMAPS), 1);
}

/* A file whose VM has room for four buffers of one MiB. */
static int narrow_file(struct vuma_bo *bos, unsigned int nr)
{
	int fd = dev_open(0);
	unsigned int i;

	for (i = 0; i < nr; i++)
		bos[i] = bo_new(fd, MIB, 0);
	legacy_va_mib(4);
	KT_OK(vuma_submit_legacy(fd, NULL, 0, NULL, 0, 0, 0));
	legacy_va_mib(0);
	return fd;
}

static void pressure(void)
{
	struct vuma_bo bos[8];
	int fd = narrow_file(bos, 8), i;

	for (i = 0; i < 64; i++) {
		if (i >= 8)
			legacy_expect(&bos[i % 8], i - 8);
		legacy_touch(&bos[i % 8], i);
	}
	KT_GE(legacy_param(fd, UNMAPS), 64);
	for (i = 0; i < 8; i++)
		legacy_expect(&bos[i], 56 + i);
}

static void touch_and_wait(const struct vuma_bo *bo, uint64_t idle)
{
	legacy_touch(bo, 1);
	legacy_wait_param(bo->fd, IDLE, idle);
}

static void pressure_lru(void)
{
	struct vuma_bo bos[5];
	int fd = narrow_file(bos, 5), i;

	for (i = 0; i < 4; i++)
		touch_and_wait(&bos[i], i + 1);
	touch_and_wait(&bos[0], 4);
	KT_EQ(legacy_param(fd, UNMAPS), 0);
	touch_and_wait(&bos[4], 4);
	KT_EQ(legacy_param(fd, UNMAPS), 1);
	KT_EQ(legacy_param(fd, MAPS), 5);
	for (i = 2; i < 6; i++)
		touch_and_wait(&bos[i % 5], 4);
	/* The second was the victim. */
	KT_EQ(legacy_param(fd, MAPS), 5);
	legacy_touch(&bos[1], 1);
	KT_EQ(legacy_param(fd, MAPS), 6);
}

struct list_of_4 {
	int fd;
	struct drm_vuma_legacy_bo *use;
};

static void submit_list(void *arg)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct list_of_4 *list = arg;

	KT_OK(vuma_submit_legacy(list->fd, list->use, 4, &nop, 1, 0, 0));
}

static void pressure_by_a_list(void)
{
	struct drm_vuma_legacy_bo use[5];
	struct vuma_bo bos[5];
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int fd = narrow_file(bos, 5), i;
	struct list_of_4 list = { .fd = fd, .use = use + 1 };
	struct waiter waiter = { .call = submit_list, .arg = &list };
	struct gate gate = gate_new(fd);

	for (i = 0; i < 5; i++)
		use[i] = vuma_legacy_bo(bos[i].handle, LEGACY_WRITE);
	KT_RET(vuma_submit_legacy(fd, use, 5, &nop, 1, 0, 0), -ENOSPC);
	/* What stands in the way of the second is the job of the first: it waits. */
	KT_OK(vuma_submit_legacy(fd, use, 4, &nop, 1, gate.in, 0));
	waiter_start(&waiter);
	gate_open(&gate);
	waiter_join(&waiter);
	legacy_touch(&bos[0], 1);
}

struct half {
	int fd;
	struct vuma_bo bos[3];
	unsigned int jobs;
};

/* Three of the four places that there are, over and over. */
static void *half_thread(void *arg)
{
	struct half *h = arg;
	struct drm_vuma_legacy_bo use[3];
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int i;

	for (h->jobs = 0; h->jobs < 40; h->jobs++) {
		for (i = 0; i < 3; i++)
			use[i] = vuma_legacy_bo(h->bos[i].handle, LEGACY_WRITE);
		KT_OK(vuma_submit_legacy(h->fd, use, 3, &nop, 1, 0, 0));
	}
	return NULL;
}

/* Either is in the other's way, and neither is ever told that there is no room. */
static void pressure_by_two(void)
{
	struct half halves[2];
	pthread_t threads[2];
	struct vuma_bo bos[6];
	int fd = narrow_file(bos, 6), i;

	for (i = 0; i < 2; i++) {
		halves[i].fd = fd;
		memcpy(halves[i].bos, &bos[3 * i], sizeof(halves[i].bos));
		KT_EQ(pthread_create(&threads[i], NULL, half_thread, &halves[i]), 0);
	}
	for (i = 0; i < 2; i++)
		KT_EQ(pthread_join(threads[i], NULL), 0);
	legacy_wait_param(fd, DRM_VUMA_PARAM_VM_JOBS, 80);
	KT_LE(legacy_param(fd, IDLE), 4);
}

/* It waits for a job, and can be told to stop. */
static void pressure_interrupted(void)
{
	struct drm_vuma_legacy_bo use[4], last;
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_submit_legacy args = { .bo_count = 1, .bos = (uintptr_t)&last };
	struct vuma_bo bos[5];
	int fd = narrow_file(bos, 5), i;
	struct gate gate = gate_new(fd);

	for (i = 0; i < 4; i++)
		use[i] = vuma_legacy_bo(bos[i].handle, 0);
	last = vuma_legacy_bo(bos[4].handle, 0);
	KT_OK(vuma_submit_legacy(fd, use, 4, &nop, 1, gate.in, 0));
	alarm_on();
	KT_RET(vuma_ioctl_once(fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args), -EINTR);
	alarm_off();
	KT_EQ(legacy_param(fd, IDLE), 0);
	gate_open(&gate);
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args));
	KT_NE(last.va, 0);
}

static void trim(void)
{
	struct drm_vuma_submit_legacy args = { .flags = DRM_VUMA_LEGACY_TRIM };
	struct vuma_bo bos[4];
	struct drm_vuma_legacy_bo use;
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int fd = dev_open(0), i;
	struct gate gate;

	for (i = 0; i < 4; i++) {
		bos[i] = bo_new(fd, SIZE, 0);
		legacy_touch(&bos[i], i);
	}
	legacy_wait_param(fd, IDLE, 4);
	gate = gate_new(fd);
	use = vuma_legacy_bo(bos[0].handle, 0);
	KT_OK(vuma_submit_legacy(fd, &use, 1, &nop, 1, gate.in, 0));
	KT_EQ(legacy_param(fd, IDLE), 3);
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args));
	KT_EQ(legacy_param(fd, IDLE), 0);
	KT_EQ(legacy_param(fd, UNMAPS), 3);
	gate_open(&gate);
	legacy_wait_param(fd, IDLE, 1);
	for (i = 0; i < 4; i++)
		legacy_expect(&bos[i], i);
}

/* Without a job the kernel only says where things would be. */
static void addresses(void)
{
	struct drm_vuma_legacy_bo use[4];
	struct vuma_bo bos[4];
	int fd = dev_open(0), i, j, turn;
	uint64_t va[4];

	for (i = 0; i < 4; i++)
		bos[i] = bo_new(fd, (i + 1) * MIB, 0);
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < 4; i++)
			use[i] = vuma_legacy_bo(bos[i].handle, 0);
		KT_OK(vuma_submit_legacy(fd, use, 4, NULL, 0, 0, 0));
		for (i = 0; i < 4; i++) {
			KT_NE(use[i].va, 0);
			for (j = 0; j < i; j++)
				KT_TRUE(use[i].va >= use[j].va + bos[j].size ||
					use[j].va >= use[i].va + bos[i].size);
			if (turn)
				KT_EQ(use[i].va, va[i]);
			va[i] = use[i].va;
		}
	}
	KT_EQ(legacy_param(fd, DRM_VUMA_PARAM_VM_JOBS), 0);
	KT_EQ(legacy_param(fd, MAPS), 0);
	KT_EQ(legacy_param(fd, IDLE), 4);
	KT_EQ(bo_query(&bos[0]).resident, 0);
	/* They are the real ones: a pointer in memory is one. */
	KT_OK(vuma_bo_map(&bos[1]));
	((uint64_t *)bos[1].map)[0] = va[1] + 16;
	((uint64_t *)bos[1].map)[2] = 4242;
	use[0].flags = LEGACY_WRITE;
	legacy_run(fd, use, 2, vuma_cmd_chase(LEGACY_AT(0, 0), LEGACY_AT(1, 0), 2));
	legacy_expect(&bos[0], 4242);
}

/* A job that writes @word to the buffer, or one that says what it reads there. */
struct access {
	struct vuma_bo bo, out;
	uint32_t flags, done;
	uint64_t word;
};

static struct access access_new(struct vuma_bo bo, uint32_t flags, uint64_t word)
{
	struct access a = { .bo = bo, .flags = flags, .word = word };

	a.out = bo_new_mapped(bo.fd, PAGE, 0);
	a.done = syncobj_new(bo.fd);
	return a;
}

static void access_submit(const struct access *a, uint32_t in)
{
	struct drm_vuma_legacy_bo use[2] = {
		vuma_legacy_bo(a->bo.handle, a->flags),
		vuma_legacy_bo(a->out.handle, LEGACY_WRITE),
	};
	struct drm_vuma_cmd cmd = a->flags ? vuma_cmd_fill(LEGACY_AT(0, 0), 8, a->word, 0) :
		vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(0, 0), 8);

	KT_OK(vuma_submit_legacy(a->bo.fd, use, 2, &cmd, 1, in, a->done));
}

static void access_expect(const struct access *a, uint64_t read)
{
	KT_OK(vuma_syncobj_wait(a->bo.fd, a->done, FOREVER));
	KT_EQ(*(volatile uint64_t *)a->out.map, a->flags ? 0 : read);
}

enum { FIRST_WRITES = 1, SECOND_WRITES = 2 };

/* Two files, which know nothing of each other but the buffer. */
static void order(intptr_t who)
{
	uint32_t first = who & FIRST_WRITES ? LEGACY_WRITE : 0;
	uint32_t second = who & SECOND_WRITES ? LEGACY_WRITE : 0;
	struct vuma_bo bo = bo_new_mapped(dev_open(0), SIZE, 0);
	struct access a = access_new(bo, first, 2);
	struct access b = access_new(import_bo(dev_open(0), export_bo(&bo), SIZE), second, 3);
	struct gate gate = gate_new(bo.fd);

	*(volatile uint64_t *)bo.map = 1;
	access_submit(&a, gate.in);
	access_submit(&b, 0);
	settle();
	KT_RET(vuma_syncobj_wait(b.bo.fd, b.done, who ? 0 : FOREVER), who ? -ETIME : 0);
	KT_RET(vuma_bo_wait(bo.fd, bo.handle, DRM_VUMA_BO_WAIT_READ, 0), who ? -EBUSY : 0);
	KT_RET(vuma_bo_wait(bo.fd, bo.handle, 0, 0), -EBUSY);
	gate_open(&gate);
	access_expect(&a, 1);
	access_expect(&b, first ? 2 : 1);
	KT_EQ(*(volatile uint64_t *)bo.map, second ? 3 : first ? 2 : 1);
}

static void forked(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, SIZE, 0);
	struct drm_vuma_vm_create create = { 0 };
	uint64_t va = legacy_touch(&bo, 1);
	pid_t pid = fork_child();

	if (!pid) {
		KT_EQ(legacy_touch(&bo, 2), va);
		KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_CREATE, &create), -EBUSY);
		_exit(0);
	}
	join_child(pid);
	KT_EQ(*(volatile uint64_t *)bo.map, 2);
	KT_EQ(legacy_touch(&bo, 3), va);
	KT_EQ(legacy_param(fd, MAPS), 1);
	KT_EQ(legacy_param(fd, UNMAPS), 0);
}

static const struct ktap_test tests[] = {
	{ .name = "legacy_1000_flips_are_3_maps_and_no_unmap", .run = flips },
	{ .name = "legacy_1000_flips_with_import_each_are_3_maps_and_no_unmap",
	  .run = flips_with_import },
	{ .name = "legacy_flips_of_two_files_are_3_maps_and_no_unmap", .run = flips_of_two_files },
	{ .name = "legacy_file_closed_before_its_dmabufs", .run = closed_file },
	{ .name = "legacy_pin_keeps_the_address", .run = pin_is_a_user },
	{ .name = "legacy_job_keeps_the_address", .run = job_is_a_user },
	{ .name = "legacy_file_closed_with_jobs_leaves_nothing", .run = closed_with_jobs },
	{ .name = "legacy_last_user_unmaps_from_all_vms_sparse-H5", .run = in_many_vms },
	{ .name = "legacy_import_of_another_device", .run = imported },
	{ .name = "legacy_reclaimed_is_mapped_again_when_it_is_used", .run = reclaimed },
	{ .name = "legacy_reclaimed_and_closed", .run = reclaimed_and_closed },
	{ .name = "legacy_address_pressure_keeps_contents", .run = pressure },
	{ .name = "legacy_address_pressure_takes_the_least_recently_used", .run = pressure_lru },
	{ .name = "legacy_address_pressure_of_one_list", .run = pressure_by_a_list },
	{ .name = "legacy_address_pressure_of_two_is_no_ENOSPC", .run = pressure_by_two },
	{ .name = "legacy_address_pressure_can_be_interrupted", .run = pressure_interrupted },
	{ .name = "legacy_trim_takes_all_that_is_idle", .run = trim },
	{ .name = "legacy_addresses_without_a_job", .run = addresses },
	{ .name = "legacy_read_comes_after_write", .run_arg = order, .arg = FIRST_WRITES },
	{ .name = "legacy_write_comes_after_read", .run_arg = order, .arg = SECOND_WRITES },
	{ .name = "legacy_write_comes_after_write",
	  .run_arg = order, .arg = FIRST_WRITES | SECOND_WRITES },
	{ .name = "legacy_reads_are_not_ordered", .run_arg = order, .arg = 0 },
	{ .name = "legacy_fork_shares_the_addresses", .run = forked },
};

static void cleanup(void)
{
	legacy_va_mib(0);
	arena_cleanup();
}

TEST_PROGRAM(tests, cleanup);
