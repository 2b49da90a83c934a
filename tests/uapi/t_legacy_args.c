// SPDX-License-Identifier: GPL-2.0
/* Implicit addresses: which of the two paths a file takes, arguments, scanout. */
#include <sys/resource.h>

#include "legacy.h"

#define SIZE	(16 * PAGE)
#define RACES	400
#define SUBMIT	DRM_IOCTL_VUMA_SUBMIT_LEGACY
#define MAX_VA	0x40000000ull

static int vm_create(int fd)
{
	struct drm_vuma_vm_create create = { 0 };

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_CREATE, &create);
}

/* No buffers and no commands: it decides the path and does nothing. */
static int legacy_nothing(int fd)
{
	return vuma_submit_legacy(fd, NULL, 0, NULL, 0, 0, 0);
}

static void expect_legacy(int fd)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_bind_op op = vuma_op_unmap(MAX_VA, PAGE);
	uint32_t id;

	for (id = 0; id < 2; id++) {
		KT_RET(vuma_vm_bind(fd, id, &op, 1, NULL), -EBUSY);
		KT_RET(vuma_submit_one(fd, id, &nop, 1, 0), -EBUSY);
	}
	KT_RET(vm_create(fd), -EBUSY);
	for (id = 1; id < 3; id++) {
		struct drm_vuma_vm_destroy destroy = { .vm_id = id };
		uint32_t handle;

		KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_DESTROY, &destroy), -ENOENT);
		KT_RET(vuma_bo_create_private(fd, id, SIZE, 0, &handle), -ENOENT);
	}
	KT_OK(legacy_nothing(fd));
}

static void expect_bind(int fd)
{
	uint64_t value;

	KT_RET(legacy_nothing(fd), -EBUSY);
	KT_OK(vm_create(fd));
	KT_RET(vuma_get_param(fd, DRM_VUMA_PARAM_VM_MAPS, 0, &value), -ENOENT);
}

static void first_decides(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo;

	KT_OK(legacy_nothing(fd));
	expect_legacy(fd);
	bo = bo_new(fd, SIZE, 0);
	legacy_touch(&bo, 1);
	expect_legacy(fd);

	fd = dev_open(0);
	KT_OK(vm_create(fd));
	expect_bind(fd);
}

/* Files of one device, and of one process, are on their own. */
static void each_file(void)
{
	int a = dev_open(0), b = dev_open(0);

	KT_OK(legacy_nothing(a));
	KT_OK(vm_create(b));
	expect_legacy(a);
	expect_bind(b);
}

/* Still open to both afterwards. */
static void expect_undecided(int fd)
{
	uint64_t value;

	KT_RET(vuma_get_param(fd, DRM_VUMA_PARAM_VM_MAPS, 0, &value), -ENOENT);
}

static void failures_decide_nothing(void)
{
	struct drm_vuma_bind_op op = vuma_op_unmap(MAX_VA, PAGE);
	struct drm_vuma_submit_legacy args = { .flags = 1u << 31 };
	struct drm_vuma_vm_create create = { .flags = 1 };
	struct drm_vuma_cmd nop = vuma_cmd_nop(), wild = vuma_cmd_fill(PAGE, 8, 0, 0);
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(99, 0);
	int fd = dev_open(0), turn;

	for (turn = 0; turn < 2; turn++) {
		KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args), -EINVAL);
		KT_RET(vuma_submit_legacy(fd, &use, 1, NULL, 0, 0, 0), -ENOENT);
		KT_RET(vuma_submit_legacy(fd, &use, 2000, NULL, 0, 0, 0), -E2BIG);
		KT_RET(vuma_submit_legacy(fd, NULL, 0, &wild, 1, 0, 0), -EINVAL);
		KT_RET(vuma_submit_legacy(fd, NULL, 0, &nop, 1, 99, 0), -ENOENT);
		KT_RET(vuma_submit_legacy(fd, NULL, 0, &nop, 1, 0, 99), -ENOENT);
		KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_CREATE, &create), -EINVAL);
		KT_RET(vuma_vm_bind(fd, 1, &op, 1, NULL), -ENOENT);
		KT_RET(vuma_submit_one(fd, 1, &nop, 1, 0), -ENOENT);
		expect_undecided(fd);
		if (turn)
			break;
		/* What they left open, a bind can take. */
		KT_OK(vm_create(fd));
		expect_bind(fd);
		fd = dev_open(0);
	}
	KT_OK(legacy_nothing(fd));
	expect_legacy(fd);
}

struct race {
	pthread_barrier_t start;
	atomic_int fd;
	/* How each call ended; UNKNOWN before. */
	atomic_int legacy, create, bind;
};

#define UNKNOWN	1

/* Some of the time, so that both do. */
static void let_the_other_win(atomic_int *other, bool now)
{
	while (now && atomic_load(other) == UNKNOWN)
		sched_yield();
}

static void *race_legacy(void *arg)
{
	struct race *race = arg;
	int i;

	for (i = 0; i < RACES; i++) {
		pthread_barrier_wait(&race->start);
		let_the_other_win(&race->create, i % 4 == 1);
		race->legacy = legacy_nothing(atomic_load(&race->fd));
		pthread_barrier_wait(&race->start);
	}
	return NULL;
}

static void *race_create(void *arg)
{
	struct race *race = arg;
	int i;

	for (i = 0; i < RACES; i++) {
		pthread_barrier_wait(&race->start);
		let_the_other_win(&race->legacy, i % 4 == 3);
		race->create = vm_create(atomic_load(&race->fd));
		pthread_barrier_wait(&race->start);
	}
	return NULL;
}

/* With the id that the VM will have, if there will be one. */
static void *race_vm_bind(void *arg)
{
	struct drm_vuma_bind_op op = vuma_op_sparse(MAX_VA, PAGE, 0);
	struct race *race = arg;
	int i;

	for (i = 0; i < RACES; i++) {
		pthread_barrier_wait(&race->start);
		race->bind = vuma_vm_bind(atomic_load(&race->fd), 1, &op, 1, NULL);
		pthread_barrier_wait(&race->start);
	}
	return NULL;
}

static void paths_race(void)
{
	unsigned int legacy = 0, bind = 0, i;
	pthread_t threads[3];
	struct race race;

	KT_EQ(pthread_barrier_init(&race.start, NULL, 4), 0);
	KT_EQ(pthread_create(&threads[0], NULL, race_legacy, &race), 0);
	KT_EQ(pthread_create(&threads[1], NULL, race_create, &race), 0);
	KT_EQ(pthread_create(&threads[2], NULL, race_vm_bind, &race), 0);
	for (i = 0; i < RACES; i++) {
		int fd = dev_open(0);

		atomic_store(&race.fd, fd);
		race.legacy = UNKNOWN;
		race.create = UNKNOWN;
		pthread_barrier_wait(&race.start);
		pthread_barrier_wait(&race.start);
		if (race.legacy) {
			KT_RET(race.legacy, -EBUSY);
			KT_OK(race.create);
			if (race.bind)
				KT_RET(race.bind, -ENOENT);
			expect_bind(fd);
			bind++;
		} else {
			KT_RET(race.create, -EBUSY);
			if (race.bind != -ENOENT)
				KT_RET(race.bind, -EBUSY);
			expect_legacy(fd);
			legacy++;
		}
		KT_SYS(close(fd));
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KT_EQ(pthread_join(threads[i], NULL), 0);
	ktap_note("%u files took implicit addresses, %u took VM_BIND", legacy, bind);
	KT_GE(legacy, 1);
	KT_GE(bind, 1);
}

static void *same_path(void *arg)
{
	struct vuma_bo *bo = arg;

	legacy_touch(bo, 3);
	return NULL;
}

/* Those that agree all succeed, and there is one VM. */
static void same_path_race(void)
{
	pthread_t threads[4];
	int i, j;

	for (i = 0; i < 50; i++) {
		struct vuma_bo bo = bo_new(dev_open(0), SIZE, 0);

		for (j = 0; j < 4; j++)
			KT_EQ(pthread_create(&threads[j], NULL, same_path, &bo), 0);
		for (j = 0; j < 4; j++)
			KT_EQ(pthread_join(threads[j], NULL), 0);
		KT_EQ(legacy_param(bo.fd, DRM_VUMA_PARAM_VM_MAPS), 1);
		KT_EQ(legacy_param(bo.fd, DRM_VUMA_PARAM_VM_JOBS), 4);
		KT_SYS(close(bo.fd));
	}
}

static void bad_args(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, SIZE, 0);
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(bo.handle, 0);
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_submit_legacy args = {
		.bo_count = 1, .bos = (uintptr_t)&use, .cmds = (uintptr_t)&nop, .cmd_count = 1,
	};

	EXPECT_EACH_BIT(fd, SUBMIT, args, flags, DRM_VUMA_LEGACY_TRIM, -EINVAL);
	EXPECT_EACH_BIT(fd, SUBMIT, args, pad, 0, -EINVAL);
	for (use.flags = 2; use.flags; use.flags <<= 1)
		EXPECT_ERROR(fd, SUBMIT, args, -EINVAL);
	EXPECT_BAD(fd, SUBMIT, args, bo_count, DRM_VUMA_LEGACY_MAX_BOS + 1, -E2BIG);
	EXPECT_BAD(fd, SUBMIT, args, cmd_count, 16385, -E2BIG);
	EXPECT_BAD(fd, SUBMIT, args, in_sync_count, DRM_VUMA_SUBMIT_MAX_SYNCS + 1, -E2BIG);
	EXPECT_BAD(fd, SUBMIT, args, out_sync_count, DRM_VUMA_SUBMIT_MAX_SYNCS + 1, -E2BIG);
	/* Whatever is signalled has a job. */
	args.out_sync_count = 1;
	EXPECT_BAD(fd, SUBMIT, args, cmd_count, 0, -EINVAL);
	args.out_sync_count = 0;
	EXPECT_BAD(fd, SUBMIT, args, out_syncs, (uintptr_t)&use, -EINVAL);
	EXPECT_BAD(fd, SUBMIT, args, bos, 8, -EFAULT);
	EXPECT_BAD(fd, SUBMIT, args, cmds, 8, -EFAULT);
	expect_undecided(fd);
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_VUMA_SUBMIT_LEGACY, &args));
}

/* A list that can be read and not written: the address has nowhere to go. */
static void readonly_list(void)
{
	struct drm_vuma_cmd fill = vuma_cmd_fill(LEGACY_AT(0, 0), 8, 1, 0);
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, SIZE, 0);
	struct drm_vuma_legacy_bo *use;

	use = KT_MAPPED(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0));
	*use = vuma_legacy_bo(bo.handle, LEGACY_WRITE);
	KT_SYS(mprotect(use, PAGE, PROT_READ));
	KT_RET(vuma_submit_legacy(fd, use, 1, &fill, 1, 0, 0), -EFAULT);
	KT_EQ(legacy_param(fd, DRM_VUMA_PARAM_VM_JOBS), 0);
	KT_EQ(*(volatile uint64_t *)bo.map, 0);
	legacy_touch(&bo, 2);
}

static void bad_address(void)
{
	int fd = dev_open(0);
	struct vuma_bo a = bo_new(fd, SIZE, 0), b = bo_new(fd, SIZE, 0);
	struct drm_vuma_legacy_bo use[2] = {
		vuma_legacy_bo(a.handle, 0), vuma_legacy_bo(b.handle, LEGACY_WRITE),
	};
	const struct drm_vuma_cmd bad[] = {
		vuma_cmd_fill(LEGACY_AT(0, 0), 8, 0, 0),
		vuma_cmd_fill(LEGACY_AT(1, SIZE), 8, 0, 0),
		vuma_cmd_fill(LEGACY_AT(1, SIZE - 8), 16, 0, 0),
		vuma_cmd_fill(LEGACY_AT(1, 0), SIZE + 8, 0, 0),
		vuma_cmd_fill(LEGACY_AT(1, 4), 8, 0, 0),
		vuma_cmd_fill(LEGACY_AT(1, (1ull << 48) - 8), 16, 0, 0),
		vuma_cmd_fill(LEGACY_AT(2, 0), 8, 0, 0),
		vuma_cmd_fill(LEGACY_AT(0xfffe, 0), 8, 0, 0),
		vuma_cmd_fill(0x40000000, 8, 0, 0),
		vuma_cmd_fill(0, 8, 0, 0),
		vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(0, SIZE), 8),
		vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(2, 0), 8),
		vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(1, 8), 16),
		vuma_cmd_add(LEGACY_AT(1, 0), LEGACY_AT(0, 0), LEGACY_AT(0, SIZE - 8), 16),
		vuma_cmd_compare(LEGACY_AT(1, SIZE - 8), LEGACY_AT(0, 0), LEGACY_AT(0, 0), 8),
		vuma_cmd_checksum(LEGACY_AT(0, 0), LEGACY_AT(1, 0), 8),
		vuma_cmd_chase(LEGACY_AT(1, SIZE), LEGACY_AT(0, 0), 1),
		vuma_cmd_chase(LEGACY_AT(1, 0), LEGACY_AT(0, SIZE), 1),
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		int ret = vuma_submit_legacy(fd, use, 2, &bad[i], 1, 0, 0);

		if (ret != -EINVAL)
			KT_FAIL("command %zu: %d, expected -EINVAL", i, ret);
	}
	expect_undecided(fd);
	legacy_run(fd, use, 2, vuma_cmd_fill(LEGACY_AT(1, 0), SIZE, 0, 0));
	legacy_run(fd, use, 2, vuma_cmd_add(LEGACY_AT(1, SIZE - 8), LEGACY_AT(0, SIZE - 8),
					    LEGACY_AT(1, SIZE - 8), 8));
	KT_EQ(legacy_param(fd, DRM_VUMA_PARAM_VM_FAULTS), 0);
}

/* By one handle, and by two that lead to the same object. */
static void listed_twice(void)
{
	int fd = dev_open_primary(0);
	struct vuma_bo a = bo_new(fd, SIZE, 0), b = bo_new(fd, SIZE, 0);
	struct drm_vuma_legacy_bo use[3] = {
		vuma_legacy_bo(a.handle, 0), vuma_legacy_bo(b.handle, 0),
		vuma_legacy_bo(a.handle, 0),
	};
	struct drm_gem_flink name = { .handle = a.handle };
	struct drm_gem_open again = { 0 };

	KT_RET(vuma_submit_legacy(fd, use, 3, NULL, 0, 0, 0), -EINVAL);
	KT_SYS(drmIoctl(fd, DRM_IOCTL_GEM_FLINK, &name));
	again.name = name.name;
	KT_SYS(drmIoctl(fd, DRM_IOCTL_GEM_OPEN, &again));
	KT_NE(again.handle, a.handle);
	use[2].handle = again.handle;
	KT_RET(vuma_submit_legacy(fd, use, 3, NULL, 0, 0, 0), -EINVAL);
	expect_undecided(fd);
	KT_OK(vuma_submit_legacy(fd, use, 2, NULL, 0, 0, 0));
	/* Two handles are two users. */
	KT_OK(vuma_bo_close(fd, a.handle));
	KT_EQ(legacy_param(fd, DRM_VUMA_PARAM_VM_IDLE), 2);
	KT_OK(vuma_bo_close(fd, again.handle));
	legacy_wait_param(fd, DRM_VUMA_PARAM_VM_IDLE, 1);
}

static void foreign_handle(void)
{
	int fd = dev_open(0), other = dev_open(0);
	struct vuma_bo bo = bo_new(other, SIZE, 0);
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(bo.handle, 0);

	KT_RET(vuma_submit_legacy(fd, &use, 1, NULL, 0, 0, 0), -ENOENT);
	use.handle = 0;
	KT_RET(vuma_submit_legacy(fd, &use, 1, NULL, 0, 0, 0), -ENOENT);
	KT_RET(vuma_scanout_pin(fd, bo.handle), -ENOENT);
	KT_RET(vuma_scanout_unpin(fd, bo.handle), -ENOENT);
	expect_undecided(fd);
}

/* A name is the only way by which one gets to another file. */
static void private_bo(void)
{
	int binder = dev_open_primary(0), fd = dev_open_primary(0);
	struct vuma_vm vm = vm_new(binder);
	struct drm_vuma_legacy_bo use;
	struct drm_gem_flink name = { 0 };
	struct drm_gem_open there = { 0 };

	not_on_twin("it has no private buffers");
	KT_OK(vuma_bo_create_private(binder, vm.id, SIZE, 0, &name.handle));
	KT_RET(vuma_scanout_pin(binder, name.handle), -EINVAL);
	KT_SYS(drmIoctl(binder, DRM_IOCTL_GEM_FLINK, &name));
	there.name = name.name;
	KT_SYS(drmIoctl(fd, DRM_IOCTL_GEM_OPEN, &there));
	use = vuma_legacy_bo(there.handle, 0);
	KT_RET(vuma_submit_legacy(fd, &use, 1, NULL, 0, 0, 0), -EINVAL);
	expect_undecided(fd);
}

static void pin_args(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, SIZE, 0), there;
	struct drm_vuma_scanout args = { .handle = bo.handle };
	int dmabuf;

	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_SCANOUT_PIN, args, flags, 0, -EINVAL);
	KT_RET(vuma_scanout_unpin(fd, bo.handle), -EINVAL);
	KT_OK(vuma_scanout_pin(fd, bo.handle));
	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_SCANOUT_UNPIN, args, flags, 0, -EINVAL);
	KT_OK(vuma_scanout_unpin(fd, bo.handle));
	KT_RET(vuma_scanout_unpin(fd, bo.handle), -EINVAL);
	/* A pin belongs to the file that made it. */
	dmabuf = export_bo(&bo);
	there = (struct vuma_bo) { .fd = dev_open(0) };
	KT_OK(vuma_prime_import(there.fd, dmabuf, &there.handle));
	KT_OK(vuma_scanout_pin(fd, bo.handle));
	KT_RET(vuma_scanout_unpin(there.fd, there.handle), -EINVAL);
	/* Either path may pin. */
	KT_OK(vm_create(there.fd));
	KT_OK(vuma_scanout_pin(there.fd, there.handle));
	need_devices(2);
	there.fd = dev_open(1);
	KT_OK(vuma_prime_import(there.fd, dmabuf, &there.handle));
	KT_RET(vuma_scanout_pin(there.fd, there.handle), -EINVAL);
}

static bool pinned(const struct vuma_bo *bo)
{
	return bo_status(bo) & DRM_VUMA_BO_STATUS_PINNED;
}

static void pins_are_counted(void)
{
	int fd = dev_open(0), display = dev_open(0), dmabuf, i;
	struct vuma_bo bo = bo_new(fd, SIZE, 0), there = { .fd = display };

	not_on_twin("what has pages is pinned");
	for (i = 0; i < 5; i++)
		KT_OK(vuma_scanout_pin(fd, bo.handle));
	KT_EQ(bo_query(&bo).resident, bo.size);
	for (i = 0; i < 5; i++) {
		KT_TRUE(pinned(&bo));
		KT_OK(vuma_scanout_unpin(fd, bo.handle));
	}
	KT_FALSE(pinned(&bo));

	dmabuf = export_bo(&bo);
	KT_OK(vuma_prime_import(display, dmabuf, &there.handle));
	KT_OK(vuma_scanout_pin(display, there.handle));
	/* Not by the handle that it was pinned with: by any of the file. */
	KT_OK(vuma_bo_close(display, there.handle));
	KT_TRUE(pinned(&bo));
	KT_OK(vuma_prime_import(display, dmabuf, &there.handle));
	KT_OK(vuma_scanout_unpin(display, there.handle));
	KT_FALSE(pinned(&bo));
	KT_OK(vuma_scanout_pin(display, there.handle));
	KT_OK(vuma_scanout_pin(display, there.handle));
	KT_TRUE(pinned(&bo));
	KT_SYS(close(display));
	KT_FALSE(pinned(&bo));
}

/* Without any capability, and with a limit of two buffers. */
static void become_nobody(void)
{
	const struct rlimit limit = { 2 * SIZE, 2 * SIZE };

	KT_SYS(setrlimit(RLIMIT_MEMLOCK, &limit));
	KT_SYS(setresgid(65534, 65534, 65534));
	KT_SYS(setresuid(65534, 65534, 65534));
}

static void pin_as_nobody(int fd, int other)
{
	struct vuma_bo bos[3], more = bo_new(other, SIZE, 0);
	int i;

	for (i = 0; i < 3; i++)
		bos[i] = bo_new(fd, SIZE, 0);
	become_nobody();
	for (i = 0; i < 2; i++)
		KT_OK(vuma_scanout_pin(fd, bos[i].handle));
	KT_RET(vuma_scanout_pin(fd, bos[2].handle), -ENOMEM);
	KT_RET(vuma_scanout_unpin(fd, bos[2].handle), -EINVAL);
	KT_RET(vuma_scanout_pin(other, more.handle), -ENOMEM);
	/* What is pinned already costs nothing, until the last of the pins goes. */
	KT_OK(vuma_scanout_pin(fd, bos[0].handle));
	KT_OK(vuma_scanout_unpin(fd, bos[0].handle));
	KT_RET(vuma_scanout_pin(fd, bos[2].handle), -ENOMEM);
	KT_OK(vuma_scanout_unpin(fd, bos[0].handle));
	KT_OK(vuma_scanout_pin(other, more.handle));
	KT_RET(vuma_scanout_pin(fd, bos[2].handle), -ENOMEM);
	KT_SYS(close(other));
	KT_OK(vuma_scanout_pin(fd, bos[2].handle));
}

/* One process pins and exits; another, with the same file, can pin only what is left. */
static void pin_in_two_processes(int fd, int other)
{
	struct vuma_bo bos[3];
	pid_t pid;
	int i;

	for (i = 0; i < 3; i++)
		bos[i] = bo_new(i == 1 ? other : fd, SIZE, 0);
	become_nobody();
	pid = fork_child();
	if (!pid) {
		KT_OK(vuma_scanout_pin(fd, bos[0].handle));
		_exit(0);
	}
	join_child(pid);
	KT_OK(vuma_scanout_pin(other, bos[1].handle));
	KT_RET(vuma_scanout_pin(fd, bos[2].handle), -ENOMEM);
	KT_OK(vuma_scanout_unpin(fd, bos[0].handle));
	KT_RET(vuma_scanout_unpin(fd, bos[0].handle), -EINVAL);
	KT_OK(vuma_scanout_pin(fd, bos[2].handle));
}

static void *pin_thread(void *arg)
{
	struct vuma_bo *bo = arg;

	KT_OK(vuma_scanout_pin(bo->fd, bo->handle));
	return NULL;
}

/* It is charged once, and as many pins are there as were made. */
static void pin_in_threads(int fd, int other)
{
	struct vuma_bo more = bo_new(other, SIZE, 0), third = bo_new(other, SIZE, 0);
	pthread_t threads[4];
	int turn, i;

	become_nobody();
	for (turn = 0; turn < 200; turn++) {
		struct vuma_bo bo = bo_new(fd, SIZE, 0);

		for (i = 0; i < 4; i++)
			KT_EQ(pthread_create(&threads[i], NULL, pin_thread, &bo), 0);
		for (i = 0; i < 4; i++)
			KT_EQ(pthread_join(threads[i], NULL), 0);
		KT_OK(vuma_scanout_pin(other, more.handle));
		KT_RET(vuma_scanout_pin(other, third.handle), -ENOMEM);
		KT_OK(vuma_scanout_unpin(other, more.handle));
		for (i = 0; i < 4; i++)
			KT_OK(vuma_scanout_unpin(fd, bo.handle));
		KT_RET(vuma_scanout_unpin(fd, bo.handle), -EINVAL);
		KT_OK(vuma_bo_fini(&bo));
	}
}

static void in_child(void (*test)(int fd, int other))
{
	pid_t pid = fork_child();

	if (!pid) {
		test(dev_open(0), dev_open(0));
		_exit(0);
	}
	join_child(pid);
}

/* Pinned memory cannot be reclaimed, so it is limited as that of mlock() is. */
static void pins_are_charged(void)
{
	in_child(pin_as_nobody);
}

static void pins_of_processes(void)
{
	in_child(pin_in_two_processes);
}

static void pins_race(void)
{
	in_child(pin_in_threads);
}

static const struct ktap_test tests[] = {
	{ .name = "legacy_first_use_decides_the_path_sparse-H10", .run = first_decides },
	{ .name = "legacy_each_file_has_its_path", .run = each_file },
	{ .name = "legacy_failures_decide_nothing", .run = failures_decide_nothing },
	{ .name = "legacy_paths_race_for_a_fresh_file_sparse-H10", .run = paths_race },
	{ .name = "legacy_same_path_races_for_one_vm", .run = same_path_race },
	{ .name = "legacy_bad_argument_is_EINVAL_and_decides_nothing", .run = bad_args },
	{ .name = "legacy_list_that_cannot_be_written_is_EFAULT", .run = readonly_list },
	{ .name = "legacy_bad_address_is_EINVAL", .run = bad_address },
	{ .name = "legacy_listed_twice_is_EINVAL", .run = listed_twice },
	{ .name = "legacy_foreign_handle_is_ENOENT", .run = foreign_handle },
	{ .name = "legacy_private_buffer_is_EINVAL_sparse-F16", .run = private_bo },
	{ .name = "scanout_bad_pin_is_EINVAL", .run = pin_args },
	{ .name = "scanout_pins_are_counted", .run = pins_are_counted },
	{ .name = "scanout_pins_are_limited_as_mlock", .run = pins_are_charged },
	{ .name = "scanout_pins_are_charged_to_the_user_rev-R2", .run = pins_of_processes },
	{ .name = "scanout_first_pins_race", .run = pins_race },
};

TEST_PROGRAM(tests, NULL);
