// SPDX-License-Identifier: GPL-2.0
/*
 * Content that is given up, against jobs, faults, reclaim, VM_BIND and unplug.
 *
 * Stands for panthor-85 (madvise against purge), panthor-46, and the rule that content is
 * there as a whole or gone as a whole: nobody ever sees a part of it, and a job that was
 * taken has what it was queued for.
 */
#include "crew.h"
#include "sheet.h"

#define MIB	VUMA_MIB
#define PAGES	32

/* Their signal handlers are the process's. */
static pthread_mutex_t touch_lock = PTHREAD_MUTEX_INITIALIZER;

static int touch(const void *at, uint64_t *word)
{
	int sig;

	pthread_mutex_lock(&touch_lock);
	sig = try_read(at, word);
	pthread_mutex_unlock(&touch_lock);
	return sig;
}

/* A buffer in a VM, with a place for results in it. */
struct room {
	int fd;
	struct vuma_bo bo, out;
	struct vuma_vm vm;
	uint64_t va, out_va;
};

static struct room room_new(int fd, uint64_t size, uint32_t flags)
{
	struct room r = { .fd = fd };

	r.bo = bo_new_mapped(fd, size, flags);
	r.out = bo_new_mapped(fd, PAGE, 0);
	r.vm = vm_new(fd);
	r.va = vm_map_bo(&r.vm, &r.bo);
	r.out_va = vm_map_bo(&r.vm, &r.out);
	return r;
}

static void room_fini(struct room *r)
{
	KT_EQ(vm_param(&r->vm, DRM_VUMA_PARAM_VM_FAULTS), 0);
	KT_OK(vuma_vm_fini(&r->vm));
	KT_OK(vuma_bo_fini(&r->out));
	KT_OK(vuma_bo_fini(&r->bo));
}

/* Checksum by a job; false if the VM took none, because of a purged buffer. */
static bool room_sum(struct room *r, uint64_t start, uint64_t step)
{
	struct drm_vuma_cmd cmd = vuma_cmd_checksum(r->out_va, r->va, r->bo.size);
	volatile uint64_t *sums = r->out.map;
	uint64_t a, b;
	int status, ret;

	ret = vuma_run(r->fd, r->vm.id, &cmd, 1, FOREVER, &status);
	if (ret == -EFAULT)
		return false;
	KT_OK(ret);
	KT_OK(status);
	vuma_pattern_checksum(r->bo.size, start, step, &a, &b);
	KT_EQ(sums[0], a);
	KT_EQ(sums[1], b);
	return true;
}

static void expect_purged(struct room *r)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	uint64_t word;

	KT_EQ(bo_status(&r->bo) & (DRM_VUMA_BO_STATUS_PURGED | DRM_VUMA_BO_STATUS_RESIDENT),
	      DRM_VUMA_BO_STATUS_PURGED);
	KT_EQ(touch(r->bo.map, &word), SIGBUS);
	KT_RET(vuma_submit_one(r->fd, r->vm.id, &nop, 1, 0), -EFAULT);
	KT_EQ(bo_advise(&r->bo, DRM_VUMA_MADV_WILLNEED), 0);
}

/* Whatever happens between "not needed" and "needed", it is all there, or it is purged. */
static void doubt(struct worker *w, struct room *r, uint64_t round)
{
	uint64_t word, page = worker_below(w, PAGES);
	int sig;

	switch (worker_below(w, 4)) {
	case 0:
		sig = touch((char *)r->bo.map + page * PAGE, &word);
		if (sig)
			KT_EQ(sig, SIGBUS);
		else
			KT_EQ(word, round + page * PAGE / 8 * 3);
		break;
	case 1:
		room_sum(r, round, 3);
		break;
	case 2:
		usleep(worker_below(w, 20000));
		break;
	}
}

static void owner(struct worker *w)
{
	int fd = dev_open(0);
	uint64_t round = 0, purges = 0;
	uint32_t flags = w->index & 1 ? DRM_VUMA_BO_HUGE : 0;
	struct room r = room_new(fd, PAGES * PAGE, flags);

	for (; worker_again(w); round++) {
		if (worker_below(w, 2))
			vuma_pattern_fill(r.bo.map, r.bo.size, round, 3);
		else
			run_cmd(&r.vm, vuma_cmd_fill(r.va, r.bo.size, round, 3));
		bo_advise(&r.bo, DRM_VUMA_MADV_DONTNEED);
		doubt(w, &r, round);
		if (bo_advise(&r.bo, DRM_VUMA_MADV_WILLNEED)) {
			verify_pattern(r.bo.map, r.bo.size, round, 3);
			KT_TRUE(room_sum(&r, round, 3));
			continue;
		}
		purges++;
		expect_purged(&r);
		room_fini(&r);
		r = room_new(fd, PAGES * PAGE, flags);
	}
	ktap_note("%llu of %llu were purged", (unsigned long long)purges,
		  (unsigned long long)round);
	room_fini(&r);
}

/* A range that was discarded is zero, and no other is. */
static void discarder(struct worker *w)
{
	int fd = dev_open(0);
	uint64_t size = w->index & 1 ? 4 * MIB : PAGES * PAGE, round = 0;
	struct room r = room_new(fd, size, w->index & 1 ? DRM_VUMA_BO_HUGE : 0);
	struct drm_vuma_cmd fill;

	for (; worker_again(w); round++) {
		uint64_t from = worker_below(w, size / PAGE), to;
		uint64_t pages = 1 + worker_below(w, size / PAGE - from);
		char *map = r.bo.map;

		from *= PAGE;
		to = from + pages * PAGE;
		fill = vuma_cmd_fill(r.va, size, round, 3);
		/* It has to wait for the job. */
		KT_OK(vuma_submit_one(fd, r.vm.id, &fill, 1, 0));
		KT_OK(vuma_bo_discard(fd, r.bo.handle, from, to - from));
		verify_pattern(map, from, round, 3);
		verify_pattern(map + from, to - from, 0, 0);
		verify_pattern(map + to, size - to, round + to / 8 * 3, 3);
	}
	room_fini(&r);
}

/* Lost at any time, but not within a job, and each page as a whole. */
static void scratch(struct worker *w)
{
	int fd = dev_open(0);
	struct room r = room_new(fd, PAGES * PAGE, DRM_VUMA_BO_DISCARD_ON_RECLAIM);
	uint64_t round = 1, lost = 0, i;

	for (; worker_again(w); round++) {
		struct drm_vuma_cmd cmds[2] = {
			vuma_cmd_fill(r.va, r.bo.size, round, 3),
			vuma_cmd_checksum(r.out_va, r.va, r.bo.size),
		};
		volatile uint64_t *sums = r.out.map, *words = r.bo.map;
		uint64_t a, b;

		run_cmds(&r.vm, cmds, 2);
		vuma_pattern_checksum(r.bo.size, round, 3, &a, &b);
		KT_EQ(sums[0], a);
		KT_EQ(sums[1], b);
		for (i = 0; i < PAGES; i++) {
			uint64_t word = words[i * PAGE / 8];

			lost += !word;
			if (word)
				KT_EQ(word, round + i * PAGE / 8 * 3);
		}
	}
	ktap_note("%llu pages were lost", (unsigned long long)lost);
	room_fini(&r);
}

static void advice(void)
{
	static const enum window windows[] = {
		WINDOW_PURGE, WINDOW_DISCARD, WINDOW_ZAP, WINDOW_DROP, WINDOW_REFILE,
		WINDOW_VALIDATED, WINDOW_POPULATE,
	};
	struct crew crew = CREW(windows, 1);

	crew_enter_cgroup(&crew);
	crew_add(&crew, "owner", 2, owner, NULL);
	crew_add(&crew, "discarder", 2, discarder, NULL);
	crew_add(&crew, "scratch", 1, scratch, NULL);
	crew_add(&crew, "bystander", 1, bystander, NULL);
	crew_race(&crew);
}

/* Several threads say different things about one buffer, which may end purged. */
static void quarreller(struct worker *w)
{
	struct room *room = w->arg;
	struct vuma_bo *bo = &room->bo;
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	uint64_t word;
	int ret;

	while (worker_again(w)) {
		switch (worker_below(w, 5)) {
		case 0:
			bo_advise(bo, DRM_VUMA_MADV_DONTNEED);
			break;
		case 1:
			bo_advise(bo, DRM_VUMA_MADV_WILLNEED);
			break;
		case 2:
			ret = vuma_bo_discard(bo->fd, bo->handle, 0, PAGE);
			if (ret)
				KT_RET(ret, -EFAULT);
			break;
		case 3:
			ret = vuma_submit_one(bo->fd, room->vm.id, &nop, 1, 0);
			if (ret)
				KT_RET(ret, -EFAULT);
			break;
		default:
			ret = touch((char *)bo->map + worker_below(w, PAGES) * PAGE, &word);
			if (ret)
				KT_EQ(ret, SIGBUS);
			break;
		}
	}
}

static void one_buffer(void)
{
	struct crew crew = { .squeezes = SQUEEZE_ANY, .squeezers = 1 };
	struct room *room = calloc(1, sizeof(*room));

	KT_TRUE(room);
	crew_enter_cgroup(&crew);
	*room = room_new(dev_open(0), PAGES * PAGE, 0);
	crew_add(&crew, "quarreller", 4, quarreller, room);
	crew_add(&crew, "bystander", 1, bystander, NULL);
	crew_race(&crew);
	free(room);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_madvise_panthor-85", .run = advice },
	{ .name = "stress_madvise_of_one_buffer_by_many", .run = one_buffer },
};

STRESS_PROGRAM(tests, arena_cleanup);
