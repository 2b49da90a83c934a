// SPDX-License-Identifier: GPL-2.0
/* Heaps as buffers: handles, and what the CPU sees. */
#include <pthread.h>
#include <sys/resource.h>

#include "cgroup.h"
#include "common.h"
#include "file.h"
#include "gate.h"
#include "heap.h"

#define KIB	VUMA_KIB
#define MIB	VUMA_MIB
#define GRANULE	(64 * KIB)
/* The last granule is short. */
#define SIZE	(MIB + PAGE)
/* What all of it takes. */
#define ALL	(MIB + GRANULE)

/* A heap with a handle instead of the one that the rig has. */
static struct vuma_bo heap_bo(struct heap_rig *r, uint64_t size)
{
	KT_OK(vuma_heap_fini(&r->heap, &r->vm));
	KT_OK(vuma_heap_init_bo(&r->heap, &r->vm, size, GRANULE, DRM_VUMA_HEAP_FAIL_JOB));
	KT_NE(r->heap.handle, 0);
	return (struct vuma_bo){ .fd = r->fd, .handle = r->heap.handle, .size = size };
}

static struct heap_rig rig_new(void)
{
	return heap_rig_new(SIZE, GRANULE, 0, DRM_VUMA_HEAP_FAIL_JOB);
}

/* A job is freed some time after its fence. */
static void let_jobs_go(const struct heap_rig *r)
{
	KT_WAIT(!heap_stat(r->fd, "active"));
}

static bool drop_caches(void)
{
	return !file_write("/proc/sys/vm/drop_caches", "2");
}

/* What is resident are granules, in the ioctl as in fdinfo. */
static void counted(void)
{
	struct heap_rig r = rig_new();
	uint64_t total = fdinfo(r.fd, "drm-total-memory");
	uint64_t resident = fdinfo(r.fd, "drm-resident-memory");
	struct vuma_bo bo = heap_bo(&r, SIZE);
	struct drm_vuma_bo_query query = bo_query(&bo);

	KT_EQ(query.size, SIZE);
	KT_EQ(query.resident, 0);
	KT_EQ(query.status, 0);
	KT_EQ(query.create_flags & ~DRM_VUMA_BO_WC, DRM_VUMA_BO_DISCARD_ON_RECLAIM);
	KT_EQ(fdinfo(r.fd, "drm-total-memory"), total + SIZE);
	KT_EQ(fdinfo(r.fd, "drm-resident-memory"), resident);
	heap_rig_stream(&r, GRANULE + 8, 0);
	query = bo_query(&bo);
	KT_EQ(query.resident, 2 * GRANULE);
	KT_EQ(query.status, DRM_VUMA_BO_STATUS_RESIDENT | DRM_VUMA_BO_STATUS_GPU_MAPPED);
	KT_GE(fdinfo(r.fd, "drm-resident-memory"), resident + 2 * GRANULE);
	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va + SIZE - 8, 8, 1, 0));
	KT_EQ(bo_query(&bo).resident, 3 * GRANULE);
	KT_OK(vuma_bo_fini(&bo));
	KT_EQ(fdinfo(r.fd, "drm-total-memory"), total);
	/* The heap does not need its handle. */
	heap_rig_stream(&r, SIZE, 0);
}

/* CPU and GPU work on the same memory, and there are no holes. */
static void mapped(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE);
	uint64_t *word;

	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va + GRANULE, GRANULE, 5, 7));
	KT_OK(vuma_bo_map(&bo));
	word = bo.map;
	KT_EQ(bo_query(&bo).resident, ALL);
	KT_EQ(bo_status(&bo), DRM_VUMA_BO_STATUS_RESIDENT | DRM_VUMA_BO_STATUS_GPU_MAPPED |
	      DRM_VUMA_BO_STATUS_PINNED | DRM_VUMA_BO_STATUS_CPU_MAPPED);
	verify_pattern(word, GRANULE, 0, 0);
	verify_pattern(word + GRANULE / 8, GRANULE, 5, 7);
	verify_pattern(word + 2 * GRANULE / 8, SIZE - 2 * GRANULE, 0, 0);
	word[SIZE / 8 - 1] = 42;
	verify_checksum(&r.vm, r.heap.va + SIZE - 8, 8, 42, 0, &r.out, r.out_va);
	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, SIZE, 11, 13));
	verify_pattern(word, SIZE, 11, 13);
	KT_OK(vuma_bo_sync(r.fd, bo.handle, DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE, 0, SIZE));
	verify_pattern(word, SIZE, 11, 13);
	KT_RET(vuma_bo_sync(r.fd, bo.handle, DRM_VUMA_BO_SYNC_CLEAN, SIZE, 8), -EINVAL);
}

/* While somebody looks at it, nothing is lost, and as soon as nobody does, all can be. */
static void kept_while_mapped(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE);
	char *half;

	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, SIZE, 3, 5));
	let_jobs_go(&r);
	KT_OK(vuma_bo_map(&bo));
	KT_TRUE(drop_caches());
	KT_RET(vuma_bo_discard(r.fd, bo.handle, 0, GRANULE), -EBUSY);
	verify_pattern(bo.map, SIZE, 3, 5);
	/* A half of the mapping is enough, also in another process. */
	half = (char *)bo.map + 8 * GRANULE;
	KT_SYS(munmap(bo.map, 8 * GRANULE));
	KT_TRUE(drop_caches());
	verify_pattern(half, SIZE - 8 * GRANULE, 3 + 5 * GRANULE, 5);
	KT_SYS(munmap(half, SIZE - 8 * GRANULE));
	bo.map = NULL;
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_CPU_MAPPED, 0);
	KT_WAIT(drop_caches() && !bo_query(&bo).resident);
	KT_OK(vuma_bo_map(&bo));
	verify_pattern(bo.map, SIZE, 0, 0);
}

static void kept_by_a_child(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE);
	int pipes[2];
	pid_t pid;
	char c = 0;

	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, SIZE, 3, 5));
	let_jobs_go(&r);
	KT_OK(vuma_bo_map(&bo));
	KT_SYS(pipe(pipes));
	pid = fork_child();
	if (!pid) {
		KT_EQ(read(pipes[0], &c, 1), 1);
		verify_pattern(bo.map, SIZE, 3, 5);
		exit(0);
	}
	KT_OK(vuma_bo_unmap(&bo));
	KT_TRUE(drop_caches());
	KT_EQ(bo_query(&bo).resident, ALL);
	KT_EQ(write(pipes[1], &c, 1), 1);
	join_child(pid);
	KT_WAIT(drop_caches() && !bo_query(&bo).resident);
}

static void discarded(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE);

	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, SIZE, 3, 5));
	KT_RET(vuma_bo_discard(r.fd, bo.handle, 0, PAGE), -EINVAL);
	KT_RET(vuma_bo_discard(r.fd, bo.handle, PAGE, GRANULE), -EINVAL);
	KT_RET(vuma_bo_discard(r.fd, bo.handle, 0, SIZE + PAGE), -EINVAL);
	KT_RET(vuma_bo_discard(r.fd, bo.handle, GRANULE, ~0ull - GRANULE + 1), -EINVAL);
	KT_EQ(bo_query(&bo).resident, ALL);
	KT_OK(vuma_bo_discard(r.fd, bo.handle, GRANULE, 2 * GRANULE));
	KT_EQ(bo_query(&bo).resident, ALL - 2 * GRANULE);
	verify_checksum(&r.vm, r.heap.va + 3 * GRANULE, SIZE - 3 * GRANULE,
			3 + 5 * (3 * GRANULE / 8), 5, &r.out, r.out_va);
	KT_OK(vuma_bo_discard(r.fd, bo.handle, 0, SIZE));
	KT_EQ(bo_query(&bo).resident, 0);
	/* SUBMIT has forgotten, too. */
	heap_rig_stream(&r, 8, 0);
	KT_EQ(bo_query(&bo).resident, GRANULE);
	KT_OK(vuma_bo_map(&bo));
	verify_pattern((char *)bo.map + GRANULE, SIZE - GRANULE, 0, 0);
}

/* Jobs of the VM, and their memory, as of any buffer that is private to it. */
static void waited_for(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE);
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS];
	uint32_t out = syncobj_new(r.fd);
	struct vuma_gate gate;

	KT_OK(vuma_gate_init(&gate, r.fd));
	KT_OK(vuma_gate_map(&gate, &r.vm));
	vuma_gate_cmds(&gate, cmds);
	KT_OK(vuma_submit_one(r.fd, r.vm.id, cmds, ARRAY_SIZE(cmds), out));
	KT_OK(vuma_gate_await(&gate, FOREVER));
	KT_RET(vuma_bo_wait(r.fd, bo.handle, 0, 0), -EBUSY);
	vuma_gate_open(&gate);
	KT_OK(vuma_bo_wait(r.fd, bo.handle, 0, FOREVER));
	KT_OK(vuma_bo_discard(r.fd, bo.handle, 0, SIZE));
}

/* A heap is no buffer for anything that may not meet a hole. */
static void refused(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE);
	struct drm_vuma_scanout scanout = { .handle = bo.handle };

	KT_RET(vuma_vm_map(&r.vm, bo.handle, r.vm.start, 0, SIZE, 0), -EINVAL);
	KT_RET(vuma_ioctl(r.fd, DRM_IOCTL_VUMA_SCANOUT_PIN, &scanout), -EINVAL);
	KT_RET(vuma_ioctl(r.fd, DRM_IOCTL_VUMA_SCANOUT_UNPIN, &scanout), -EINVAL);
	KT_RET(vuma_bo_set_label(r.fd, bo.handle, "heap"), -EINVAL);
	KT_RET(vuma_bo_advise(r.fd, bo.handle, DRM_VUMA_MADV_DONTNEED, NULL), -EINVAL);
	KT_RET(vuma_bo_advise(r.fd, bo.handle, DRM_VUMA_MADV_WILLNEED, NULL), -EINVAL);
	KT_RET(vuma_prime_export(r.fd, bo.handle, DRM_RDWR), -EINVAL);
	KT_EQ(bo_query(&bo).resident, 0);
	heap_rig_stream(&r, SIZE, 0);
}

static bool is_detached(const struct vuma_bo *bo)
{
	void *map;
	int ret = vuma_bo_mmap(bo->fd, bo->handle, bo->size, PROT_READ, &map);

	if (!ret)
		KT_SYS(munmap(map, bo->size));
	return ret == -ENODEV;
}

/* Heap, VM and file go; what is mapped stays. */
static void outlived(intptr_t by)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE);
	int witness = dev_open(0);

	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, SIZE, 3, 5));
	KT_OK(vuma_bo_map(&bo));
	if (by == 0)
		KT_OK(vuma_heap_fini(&r.heap, &r.vm));
	else if (by == 1)
		KT_OK(vuma_vm_fini(&r.vm));
	else
		KT_SYS(close(r.fd));
	/* A mapping of any buffer keeps the file, and the heap with it. */
	KT_OK(vuma_bo_unmap(&r.out));
	KT_TRUE(drop_caches());
	verify_pattern(bo.map, SIZE, 3, 5);
	if (by < 2) {
		/* A VM is there until its last job is freed. */
		KT_WAIT(is_detached(&bo));
		KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_GPU_MAPPED, 0);
		KT_EQ(bo_query(&bo).resident, ALL);
		KT_OK(vuma_bo_unmap(&bo));
		KT_EQ(bo_query(&bo).resident, 0);
		KT_OK(vuma_bo_fini(&bo));
	} else {
		KT_OK(vuma_bo_unmap(&bo));
	}
	KT_WAIT(!heap_stat(witness, "heap-pages"));
}

/* The device goes, and nobody's mapping with it. */
static void unplugged(void)
{
	unsigned int last = vuma_count(driver, VUMA_NODE_RENDER) - 1;
	struct heap_rig r = heap_rig_new_on(last, SIZE, GRANULE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct vuma_bo bo = heap_bo(&r, SIZE);
	char id[64], path[160];

	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, SIZE, 3, 5));
	KT_OK(vuma_bo_map(&bo));
	KT_OK(vuma_sysfs(r.fd, NULL, 0, id, sizeof(id)));
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/unbind", driver);
	KT_OK(file_write(path, id));
	verify_pattern(bo.map, SIZE, 3, 5);
	((uint64_t *)bo.map)[0] = 1;
	KT_OK(vuma_bo_unmap(&bo));
	KT_SYS(close(r.fd));
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/bind", driver);
	KT_OK(file_write(path, id));
	KT_WAIT(vuma_count(driver, VUMA_NODE_RENDER) == last + 1);
}

/* Without any capability, and with a limit of some granules. */
static void become_nobody(uint64_t bytes)
{
	const struct rlimit limit = { bytes, bytes };

	KT_SYS(setrlimit(RLIMIT_MEMLOCK, &limit));
	KT_SYS(setresgid(65534, 65534, 65534));
	KT_SYS(setresuid(65534, 65534, 65534));
}

static void child_maps_as_nobody(void)
{
	struct heap_rig r = rig_new(), s = rig_new();
	struct vuma_bo bo = heap_bo(&r, SIZE), other = heap_bo(&s, SIZE);
	char *half;
	pid_t pid;

	become_nobody(2 * ALL - GRANULE);
	KT_OK(vuma_bo_map(&bo));
	KT_RET(vuma_bo_map(&other), -ENOMEM);
	/* In another process, too. */
	pid = fork_child();
	if (!pid) {
		KT_RET(vuma_bo_map(&other), -ENOMEM);
		_exit(0);
	}
	join_child(pid);
	KT_EQ(bo_query(&other).resident, 0);
	/* A half of it has as much memory as all of it. */
	half = (char *)bo.map + 8 * GRANULE;
	KT_SYS(munmap(bo.map, 8 * GRANULE));
	KT_RET(vuma_bo_map(&other), -ENOMEM);
	KT_SYS(munmap(half, SIZE - 8 * GRANULE));
	bo.map = NULL;
	KT_OK(vuma_bo_map(&other));
	KT_RET(vuma_bo_map(&bo), -ENOMEM);
	KT_OK(vuma_bo_unmap(&other));
	KT_OK(vuma_bo_map(&bo));
	/* What is charged counts for the next pin of any kind, and once. */
	KT_OK(vuma_bo_fini(&bo));
	KT_OK(vuma_bo_map(&other));
}

/* What is mapped cannot be reclaimed, so it is limited as that of mlock() is. */
static void maps_are_charged(void)
{
	pid_t pid = fork_child();

	if (!pid) {
		child_maps_as_nobody();
		exit(0);
	}
	join_child(pid);
}

struct discarder {
	const struct vuma_bo *bo;
	int stop;
};

static void *discard_thread(void *arg)
{
	struct discarder *d = arg;

	while (!__atomic_load_n(&d->stop, __ATOMIC_RELAXED))
		KT_OK(vuma_bo_discard(d->bo->fd, d->bo->handle, 0, d->bo->size));
	return NULL;
}

/* What a submit has prepared is there when the job begins: none meets a hole. */
static void kept_for_who_comes(void)
{
	struct heap_rig r = heap_rig_new(SIZE, GRANULE, 0, DRM_VUMA_HEAP_FAIL_JOB);
	struct drm_vuma_heap_create args = {
		.vm_id = r.vm.id, .policy = DRM_VUMA_HEAP_FAIL_JOB, .size = SIZE,
		.granule = GRANULE, .hint = SIZE, .flags = DRM_VUMA_HEAP_HANDLE,
	};
	struct discarder d = {};
	struct vuma_bo bo;
	pthread_t thread;
	int i;

	KT_OK(vuma_heap_fini(&r.heap, &r.vm));
	KT_OK(vuma_ioctl(r.fd, DRM_IOCTL_VUMA_HEAP_CREATE, &args));
	r.heap = (struct vuma_heap){ .id = args.heap_id, .va = args.va, .size = SIZE };
	bo = (struct vuma_bo){ .fd = r.fd, .handle = args.handle, .size = SIZE };
	d.bo = &bo;
	/* Faults find no memory. */
	heap_block(r.fd, ~0u);
	KT_EQ(pthread_create(&thread, NULL, discard_thread, &d), 0);
	for (i = 0; i < 500; i++)
		run_cmd(&r.vm, vuma_cmd_fill(r.heap.va + SIZE - GRANULE, 8, i, 0));
	__atomic_store_n(&d.stop, 1, __ATOMIC_RELAXED);
	KT_EQ(pthread_join(thread, NULL), 0);
	heap_block(r.fd, 0);
}

static void child_maps_too_much(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, 40 * MIB);

	KT_RET(vuma_bo_map(&bo), -ENOMEM);
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_PINNED, 0);
	KT_OK(vuma_bo_discard(r.fd, bo.handle, 0, 40 * MIB));
	heap_rig_stream(&r, MIB, 0);
	KT_OK(vuma_bo_fini(&bo));
	bo = heap_bo(&r, SIZE);
	KT_OK(vuma_bo_map(&bo));
	verify_pattern(bo.map, SIZE, 0, 0);
}

/* All or nothing, also where the cgroup has no room. Nobody is killed. */
static void too_large_for_memory_max(void)
{
	struct cgroup cg;
	uint64_t kills;
	pid_t pid;

	KT_OK(cgroup_create(&cg, "t_heap_bo"));
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", (unsigned long long)(24 * MIB)));
	pid = fork_child();
	if (!pid) {
		KT_OK(cgroup_enter(&cg));
		child_maps_too_much();
		exit(0);
	}
	join_child(pid);
	KT_OK(cgroup_read_key(&cg, "memory.events", "oom_kill", &kills));
	KT_EQ(kills, 0);
	KT_OK(cgroup_destroy(&cg));
}

static void child_idles(const struct cgroup *cg)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, 8 * MIB), other = bo_new_mapped(r.fd, 4 * MIB, 0);

	memset(other.map, 1, other.size);
	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, 8 * MIB, 3, 5));
	let_jobs_go(&r);
	KT_EQ(bo_query(&bo).resident, 8 * MIB);
	/* Whether that was all that it was asked for says nothing here. */
	KT_WAIT((cgroup_reclaim(cg, MIB), !bo_query(&bo).resident));
	/* A job has the memory back. */
	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, 8 * MIB, 3, 5));
}

/* Reclaim in a cgroup takes its heaps, and those of no other. */
static void reclaimed_in_a_cgroup(void)
{
	struct heap_rig r = rig_new();
	struct vuma_bo bo = heap_bo(&r, MIB);
	struct cgroup cg;
	pid_t pid;

	run_cmd(&r.vm, vuma_cmd_fill(r.heap.va, MIB, 3, 5));
	let_jobs_go(&r);
	KT_OK(cgroup_create(&cg, "t_heap_bo"));
	pid = fork_child();
	if (!pid) {
		KT_OK(cgroup_enter(&cg));
		child_idles(&cg);
		exit(0);
	}
	join_child(pid);
	KT_EQ(bo_query(&bo).resident, MIB);
	KT_OK(cgroup_destroy(&cg));
}

static const struct ktap_test tests[] = {
	{ .name = "heap_bo_is_counted_by_granules", .run = counted },
	{ .name = "heap_bo_mapped_has_no_holes_sparse-S1", .run = mapped },
	{ .name = "heap_bo_is_kept_while_mapped", .run = kept_while_mapped },
	{ .name = "heap_bo_is_kept_by_a_child", .run = kept_by_a_child },
	{ .name = "heap_bo_discarded_by_range", .run = discarded },
	{ .name = "heap_bo_is_busy_with_its_vm", .run = waited_for },
	{ .name = "heap_bo_is_refused_elsewhere", .run = refused },
	{ .name = "heap_bo_outlives_its_heap", .run_arg = outlived, .arg = 0 },
	{ .name = "heap_bo_outlives_its_vm", .run_arg = outlived, .arg = 1 },
	{ .name = "heap_bo_outlives_its_file", .run_arg = outlived, .arg = 2 },
	{ .name = "heap_bo_unplugged_stays_mapped", .run = unplugged },
	{ .name = "heap_bo_maps_are_charged_to_the_user_rev-B1", .run = maps_are_charged },
	{ .name = "heap_bo_discard_leaves_what_a_submit_prepared_rev-B2",
	  .run = kept_for_who_comes },
	{ .name = "heap_bo_too_large_for_memory_max", .run = too_large_for_memory_max },
	{ .name = "heap_bo_is_reclaimed_in_its_cgroup", .run = reclaimed_in_a_cgroup },
};

TEST_PROGRAM(tests, NULL);
