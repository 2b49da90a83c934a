// SPDX-License-Identifier: GPL-2.0
/* Buffers beside tmpfs, where memory ends: what is larger than a limit, or thrashes. */
#include "gate.h"
#include "peer.h"

#define MIB	VUMA_MIB
#define STEP	0x9e3779b97f4a7c15ull
/* An object, and the limit that it exceeds. */
#define LARGE	(ktap_slow() > 1 ? 32 * MIB : 64 * MIB)
#define LIMIT	(ktap_slow() > 1 ? 16 * MIB : 24 * MIB)

/* Memory of a tmpfs file, or of a buffer: both are written and read in the same way. */
static void *tmpfs_new(uint64_t size)
{
	int fd = memfd_create("tmpfs", MFD_CLOEXEC);
	void *map;

	KT_SYS(fd);
	KT_SYS(ftruncate(fd, size));
	map = KT_MAPPED(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	KT_SYS(close(fd));
	return map;
}

static void *buffer_new(uint64_t size)
{
	return bo_new_mapped(dev_open(0), size, 0).map;
}

/* All of them have the lock of their VM. */
static void *private_new(uint64_t size)
{
	static struct vuma_vm vm;
	struct vuma_bo bo = { .size = size };

	if (!vm.id)
		vm = vm_new(dev_open(0));
	bo.fd = vm.fd;
	KT_OK(vuma_bo_create_private(vm.fd, vm.id, size, 0, &bo.handle));
	KT_OK(vuma_bo_map(&bo));
	return bo.map;
}

static const struct source {
	const char *name;
	void *(*new)(uint64_t size);
} sources[] = {
	{ "tmpfs", tmpfs_new },
	{ "buffers", buffer_new },
	{ "buffers of one VM", private_new },
};

static struct cgroup limited(uint64_t max)
{
	struct cgroup cg;

	need_reclaim();
	cg = arena_enter("a");
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", (unsigned long long)max));
	return cg;
}

/* One object that is larger than the limit is slow, and right. */
static void larger_than_the_limit(void)
{
	const uint64_t size = LARGE;
	struct cgroup cg = limited(LIMIT);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		void *map = sources[i].new(size);

		vuma_pattern_fill(map, size, i, STEP);
		verify_pattern(map, size, i, STEP);
		KT_SYS(munmap(map, size));
	}
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
}

static uint64_t vmstat(const char *key)
{
	char word[64];
	unsigned long long value;
	FILE *file = fopen("/proc/vmstat", "r");

	KT_TRUE(file);
	while (fscanf(file, "%63s %llu", word, &value) == 2)
		if (!strcmp(word, key)) {
			fclose(file);
			return value;
		}
	KT_FAIL("no %s in /proc/vmstat", key);
}

/* Pages that random copies between two objects bring back from swap. */
static uint64_t thrash(const struct source *source, uint64_t size)
{
	char *a = source->new(size), *b = source->new(size);
	uint64_t seed = 11, before, in;
	int i;

	vuma_pattern_fill(a, size, 1, STEP);
	vuma_pattern_fill(b, size, 2, STEP);
	before = vmstat("pswpin");
	for (i = 0; i < 4000; i++) {
		uint64_t from = vuma_random(&seed) % (size / PAGE);
		uint64_t to = vuma_random(&seed) % (size / PAGE);

		*(volatile uint64_t *)(b + to * PAGE) = *(volatile uint64_t *)(a + from * PAGE);
	}
	in = vmstat("pswpin") - before;
	ktap_note("%s: %llu pages came back", source->name, (unsigned long long)in);
	KT_SYS(munmap(a, size));
	KT_SYS(munmap(b, size));
	return in;
}

/* Swap traffic of single pages is about that of tmpfs. */
static void single_pages(void)
{
	uint64_t of_tmpfs;
	size_t i;

	limited(32 * MIB);
	of_tmpfs = thrash(&sources[0], 20 * MIB);
	KT_GE(of_tmpfs, 1);
	for (i = 1; i < ARRAY_SIZE(sources); i++)
		KT_LE(2 * thrash(&sources[i], 20 * MIB), 3 * of_tmpfs);
}

static void zero_all(const struct vuma_bo *bo)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	KT_SYS(zero);
	KT_EQ(read(zero, bo->map, bo->size), (ssize_t)bo->size);
}

/* read() faults page by page, and each page takes the place of another. */
static void read_into_it(void)
{
	const uint64_t size = LARGE;
	struct vuma_bo bo;

	limited(LIMIT);
	bo = bo_new_mapped(dev_open(0), size, 0);
	vuma_pattern_fill(bo.map, size, 1, STEP);
	zero_all(&bo);
	verify_pattern(bo.map, size, 0, 0);
}

/* A device maps all of it at once, or nothing. */
static void job_that_needs_all(void)
{
	const uint64_t size = LARGE;
	struct cgroup cg = limited(LIMIT);
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, size, 0);
	struct vuma_vm vm = vm_new(fd);
	uint64_t va = vm_map_bo(&vm, &bo);
	struct drm_vuma_cmd fill = vuma_cmd_fill(va, size, 5, STEP);

	vuma_pattern_fill(bo.map, size, 1, STEP);
	KT_EQ(vuma_submit_one(fd, vm.id, &fill, 1, 0), -ENOMEM);
	verify_pattern(bo.map, size, 1, STEP);
	/* A part of it is not too much, once there is room. */
	arena_squeeze(&cg, LIMIT);
	KT_OK(vuma_vm_unmap(&vm, va, size));
	KT_OK(vuma_vm_map(&vm, bo.handle, va, 0, LIMIT / 2, 0));
	run_cmd(&vm, vuma_cmd_fill(va, LIMIT / 2, 5, STEP));
	verify_pattern(bo.map, LIMIT / 2, 5, STEP);
	vuma_pattern_fill(bo.map, size, 7, STEP);
	verify_pattern(bo.map, size, 7, STEP);
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
}

/*
 * A buffer beyond the limit, charged to it, of which a job that stands at the gate uses a
 * part. The test itself is not under the limit any more.
 */
static struct vuma_bo large_and_busy(struct gate *gate)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int fd = dev_open(0);
	struct vuma_bo bo;
	struct vuma_vm vm;

	limited(LIMIT);
	bo = bo_new_mapped(fd, LARGE, 0);
	KT_OK(cgroup_leave());
	vm = vm_new(fd);
	KT_OK(vuma_vm_map(&vm, bo.handle, MIB, 0, MIB, 0));
	*gate = gate_busy();
	KT_OK(vuma_submit_one(fd, vm.id, &nop, 1, 0));
	return bo;
}

static void fill_all(void *bo)
{
	struct vuma_bo *b = bo;

	vuma_pattern_fill(b->map, b->size, 1, STEP);
}

/* Whoever evicts for pages of the same buffer waits for its jobs, without its lock. */
static void bind_beside_a_wait(void)
{
	struct gate gate;
	struct vuma_bo bo = large_and_busy(&gate);
	struct waiter waiter = { .call = fill_all, .arg = &bo };
	struct vuma_vm vm = vm_new(bo.fd);

	waiter_start(&waiter);
	KT_OK(vuma_vm_map(&vm, bo.handle, MIB, 0, MIB, 0));
	KT_OK(vuma_vm_unmap(&vm, MIB, MIB));
	KT_FALSE(atomic_load(&waiter.done));
	gate_open(&gate);
	waiter_join(&waiter);
	verify_pattern(bo.map, bo.size, 1, STEP);
}

static void query_beside_a_wait(void)
{
	struct gate gate;
	struct vuma_bo bo = large_and_busy(&gate);
	struct waiter waiter = { .call = fill_all, .arg = &bo };

	waiter_start(&waiter);
	KT_GE(bo_query(&bo).resident, MIB);
	KT_FALSE(atomic_load(&waiter.done));
	gate_open(&gate);
	waiter_join(&waiter);
	verify_pattern(bo.map, bo.size, 1, STEP);
}

static void until_it_waits_in(pid_t pid, const char *function)
{
	char path[32], at[64];

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	do {
		FILE *file = fopen(path, "r");

		KT_TRUE(file);
		if (!fgets(at, sizeof(at), file))
			at[0] = 0;
		fclose(file);
		/* It must not have ended instead. */
		KT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	} while (strcmp(at, function));
}

/* The kernel itself touches the pages, and waits for a job that does not end. */
static void read_that_is_killed(void)
{
	struct gate gate;
	struct vuma_bo bo = large_and_busy(&gate);
	pid_t pid = fork_child();
	int status;

	if (!pid) {
		zero_all(&bo);
		_exit(0);
	}
	until_it_waits_in(pid, "dma_fence_default_wait");
	KT_SYS(kill(pid, SIGKILL));
	KT_SYS(waitpid(pid, &status, 0));
	KT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	gate_open(&gate);
}

static const struct ktap_test tests[] = {
	{ .name = "beyond_one_buffer_larger_than_memory_max_rev-F2", .run = larger_than_the_limit },
	{ .name = "beyond_read_into_one_buffer_is_not_short_rev-F2", .run = read_into_it },
	{ .name = "beyond_a_job_that_needs_all_of_it_is_ENOMEM_rev-F2", .run = job_that_needs_all },
	{ .name = "beyond_read_that_waits_for_a_job_can_be_killed_rev-F2",
	  .run = read_that_is_killed },
	{ .name = "beyond_query_waits_for_nobody_rev-F5", .run = query_beside_a_wait },
	{ .name = "beyond_a_fault_waits_for_jobs_without_resv_rev-P1", .run = bind_beside_a_wait },
	{ .name = "beyond_single_pages_come_back_as_those_of_tmpfs_rev-F7", .run = single_pages },
};

TEST_PROGRAM(tests, arena_cleanup);
