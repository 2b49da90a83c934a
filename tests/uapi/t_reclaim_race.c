// SPDX-License-Identifier: GPL-2.0
/* Reclaim beside jobs, ends, idle addresses and readers. tests/stress has the other races. */
#include "arena.h"
#include "legacy.h"

#define MIB	VUMA_MIB
#define SECONDS	((ktap_slow() > 1 ? 2 : 3) * ktap_factor())
#define RACERS	4

/* What races: @count threads, of which each is told its index. */
static struct race {
	atomic_bool stop;
	/* How many each thread has done. */
	atomic_ullong rounds[RACERS];
	/* Something was evicted. */
	atomic_bool evicted;
} now;

static struct cgroup cg;
static struct vuma_bo shared_bo;
static int shared_fd;

static void enter(void)
{
	cg = arena_enter("a");
	shared_fd = dev_open(0);
}

/* Begins round @round of a thread; false when the race is over. */
static bool again(void *arg, uint64_t round)
{
	atomic_store(&now.rounds[(uintptr_t)arg], round);
	return !atomic_load(&now.stop);
}

static void look_at(const struct vuma_bo *bo)
{
	if (bo_query(bo).evictions)
		atomic_store(&now.evicted, true);
}

static void *reclaimer(void *arg)
{
	(void)arg;
	while (!atomic_load(&now.stop)) {
		arena_squeeze(&cg, 8 * MIB);
		if (shared_bo.handle)
			look_at(&shared_bo);
	}
	return NULL;
}

static bool all_have_rounds(unsigned int count)
{
	while (count--)
		if (!atomic_load(&now.rounds[count]))
			return false;
	return true;
}

/*
 * Threads beside one that reclaims all the time: for a few seconds, and until each of them
 * has done a round and, if @evicts, something was evicted.
 */
static void race(unsigned int count, void *(*fn)(void *), bool evicts)
{
	pthread_t reclaim, threads[RACERS];
	uintptr_t i;

	KT_LE(count, RACERS);
	KT_EQ(pthread_create(&reclaim, NULL, reclaimer, NULL), 0);
	for (i = 0; i < count; i++)
		KT_EQ(pthread_create(&threads[i], NULL, fn, (void *)i), 0);
	sleep(SECONDS);
	KT_WAIT(all_have_rounds(count));
	KT_WAIT(!evicts || atomic_load(&now.evicted));
	atomic_store(&now.stop, true);
	for (i = 0; i < count; i++)
		KT_EQ(pthread_join(threads[i], NULL), 0);
	KT_EQ(pthread_join(reclaim, NULL), 0);
}

/* Fills and sums by jobs; in odd threads the CPU checks in between. */
static void *gpu_user(void *arg)
{
	int fd = dev_open(0);
	struct vuma_vm vm = vm_new(fd);
	struct vuma_bo bo = bo_new_mapped(fd, 2 * MIB, (uintptr_t)arg & 2 ? DRM_VUMA_BO_HUGE : 0);
	struct vuma_bo out = bo_new_mapped(fd, PAGE, 0);
	uint64_t va = vm_map_bo(&vm, &bo), out_va = vm_map_bo(&vm, &out), round = 0;

	for (; again(arg, round); round++) {
		run_cmd(&vm, vuma_cmd_fill(va, bo.size, round, 3));
		if ((uintptr_t)arg & 1)
			verify_pattern(bo.map, bo.size, round, 3);
		verify_checksum(&vm, va, bo.size, round, 3, &out, out_va);
		look_at(&bo);
	}
	return NULL;
}

static void jobs(void)
{
	enter();
	race(4, gpu_user, true);
}

/* panthor-6, -50, -51: objects end while reclaim looks at them. */
static void *closer(void *arg)
{
	uint64_t round = 0, seed = (uintptr_t)arg + 1;

	for (; again(arg, round); round++) {
		int fd = dev_open(0), i;
		struct vuma_vm vm = vm_new(fd);
		struct vuma_bo bos[8];

		for (i = 0; i < 8; i++) {
			bos[i] = bo_new_mapped(fd, (1 + vuma_random(&seed) % 64) * PAGE, 0);
			stamp_pages(bos[i].map, bos[i].size / PAGE, i);
			vm_map_bo(&vm, &bos[i]);
		}
		run_cmd(&vm, vuma_cmd_nop());
		for (i = 0; i < 8; i++) {
			verify_pages(bos[i].map, bos[i].size / PAGE, i, 0);
			if (vuma_random(&seed) & 1)
				KT_OK(vuma_bo_fini(&bos[i]));
		}
		if (vuma_random(&seed) & 1)
			KT_OK(vuma_vm_fini(&vm));
		KT_SYS(close(fd));
		for (i = 0; i < 8; i++)
			if (bos[i].handle)
				KT_SYS(munmap(bos[i].map, bos[i].size));
	}
	return NULL;
}

static void closing(void)
{
	enter();
	race(4, closer, false);
}

static void idler_close(struct vuma_bo *bo, int dmabuf)
{
	if (dmabuf < 0)
		return;
	KT_OK(vuma_bo_fini(bo));
	KT_SYS(close(dmabuf));
}

/*
 * Idle addresses that are evicted, trimmed and looked up. The buffer has an address in
 * two VMs, and in one of them it is alone with the buffers of the other threads.
 */
static void *idler(void *arg)
{
	struct drm_vuma_submit_legacy trim = { .flags = DRM_VUMA_LEGACY_TRIM };
	struct vuma_bo bo, there = { .fd = dev_open(0) };
	uint64_t round = 0;
	int dmabuf = -1;

	for (; again(arg, round); round++) {
		/* The last user of the one before goes, while its job may still be there. */
		if (round % 8 == 0) {
			idler_close(&bo, dmabuf);
			bo = bo_new(shared_fd, MIB, 0);
			dmabuf = vuma_prime_export(shared_fd, bo.handle, DRM_CLOEXEC | DRM_RDWR);
			KT_GE(dmabuf, 0);
		}
		KT_OK(vuma_prime_import(there.fd, dmabuf, &there.handle));
		legacy_touch(&bo, round);
		legacy_expect(&there, round);
		look_at(&bo);
		if (round % 3 == 1)
			KT_OK(vuma_ioctl(shared_fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &trim));
		KT_OK(vuma_bo_fini(&there));
	}
	idler_close(&bo, dmabuf);
	KT_SYS(close(there.fd));
	return NULL;
}

static void idle_addresses(void)
{
	enter();
	race(3, idler, true);
	KT_GE(legacy_param(shared_fd, DRM_VUMA_PARAM_VM_MAPS), 4);
	/* Evicted, trimmed or without a user: each was unmapped once, with the file open. */
	legacy_wait_param(shared_fd, DRM_VUMA_PARAM_VM_UNMAPS,
			  legacy_param(shared_fd, DRM_VUMA_PARAM_VM_MAPS));
	legacy_wait_param(shared_fd, DRM_VUMA_PARAM_VM_IDLE, 0);
}

/* Not by a shell: signals of a child disturb those who ask for reclaim meanwhile. */
static void read_gems(void)
{
	FILE *file = open_debugfs(shared_fd, "gems", "r");
	unsigned int bytes = 0;

	KT_TRUE(file);
	while (fgetc(file) != EOF)
		bytes++;
	KT_TRUE(feof(file));
	KT_GE(bytes, 1);
	fclose(file);
}

/* The label, the numbers and the lists, read while all of it moves. */
static void *reader(void *arg)
{
	uint64_t round = 0;

	if (arg)
		return closer(arg);
	for (; again(arg, round); round++) {
		read_gems();
		KT_LE(fdinfo(shared_fd, "drm-resident-memory"), shared_bo.size);
		KT_LE(bo_query(&shared_bo).resident, shared_bo.size);
	}
	return NULL;
}

static void reading(void)
{
	enter();
	shared_bo = bo_new_mapped(shared_fd, 256 * PAGE, 0);
	stamp_pages(shared_bo.map, 256, 0);
	race(3, reader, false);
}

static const struct ktap_test tests[] = {
	{ .name = "race_jobs", .run = jobs },
	{ .name = "race_close_panthor-6_panthor-50_panthor-51", .run = closing },
	{ .name = "race_idle_addresses_sparse-H3", .run = idle_addresses },
	{ .name = "race_statistics_readers_panthor-89", .run = reading },
};

TEST_PROGRAM(tests, arena_cleanup);
