// SPDX-License-Identifier: GPL-2.0
/* Unloads and loads the module of the driver. Runs alone, and as the last. */
#include <sys/syscall.h>

#include "arena.h"
#include "rig.h"

/* Parameters that the module was loaded with, to load it so again. */
static char parameters[256];

static void remember_parameters(void)
{
	static const char *const names[] = { "ndev", "job_timeout_ms" };
	char path[128], value[32];
	size_t i, used = 0;
	FILE *file;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", driver, names[i]);
		file = fopen(path, "r");
		if (!file)
			KT_FAIL("%s: %s", path, strerror(errno));
		KT_EQ(fscanf(file, "%31s", value), 1);
		fclose(file);
		used += snprintf(parameters + used, sizeof(parameters) - used, " %s=%s", names[i],
				 value);
	}
}

static int unload(void)
{
	return syscall(SYS_delete_module, driver, O_NONBLOCK) ? -errno : 0;
}

static void load_with(const char *more)
{
	char command[400];

	/* Where one is given twice, the last counts. */
	snprintf(command, sizeof(command), "modprobe %s%s%s", driver, parameters, more);
	KT_EQ(system(command), 0);
	KT_WAIT(vuma_count(driver, VUMA_NODE_RENDER));
}

static void load(void)
{
	load_with("");
}

/* References go when the last of what was in use is really freed. */
static void unload_when_free(void)
{
	int ret;

	KT_WAIT((ret = unload()) != -EAGAIN && ret != -EBUSY);
	KT_OK(ret);
}

static void cleanup(void)
{
	char command[400];

	arena_cleanup();
	/* So that the next test, or job, finds a driver. */
	snprintf(command, sizeof(command), "modprobe %s", driver);
	if (!vuma_count(driver, VUMA_NODE_RENDER) && system(command))
		ktap_bail_out("cannot load %s again", driver);
}

/* Busy: -EAGAIN, as for any module with references. */
static void expect_in_use(const char *what)
{
	int ret = unload();

	if (ret != -EAGAIN)
		KT_FAIL("with %s: delete_module returned %d, expected -EAGAIN", what, ret);
}

static void refuses_while_used(void)
{
	struct vuma_bo bo;
	int fd, dmabuf;
	char *map;

	remember_parameters();
	fd = dev_open(0);
	expect_in_use("an open file");
	bo = bo_new_mapped(fd, 64 * PAGE, 0);
	stamp_pages(bo.map, 64, 0);
	dmabuf = export_bo(&bo);
	KT_SYS(close(fd));
	expect_in_use("a mapping and a dma-buf");
	verify_pages(bo.map, 64, 0, 0);
	KT_SYS(munmap(bo.map, bo.size));
	expect_in_use("a dma-buf");
	map = KT_MAPPED(mmap(NULL, 64 * PAGE, PROT_READ, MAP_SHARED, dmabuf, 0));
	KT_SYS(close(dmabuf));
	expect_in_use("a mapping of a dma-buf");
	verify_pages(map, 64, 0, 0);
	KT_SYS(munmap(map, 64 * PAGE));
	unload_when_free();
	load();
}

static void many_times(void)
{
	int i;

	remember_parameters();
	for (i = 0; i < 8; i++) {
		int fd = dev_open(0);
		struct vuma_vm vm = vm_new(fd);
		struct vuma_bo bo = bo_new_mapped(fd, 64 * PAGE, 0);

		run_cmd(&vm, vuma_cmd_fill(vm_map_bo(&vm, &bo), bo.size, i, 1));
		verify_pattern(bo.map, bo.size, i, 1);
		KT_SYS(munmap(bo.map, bo.size));
		KT_SYS(close(fd));
		unload_when_free();
		KT_EQ(vuma_count(driver, VUMA_NODE_RENDER), 0);
		load();
	}
}

/* Clients that use whatever is there unless they are told to keep out, until they are killed. */
static void use(const atomic_bool *keep_out)
{
	for (;;) {
		int fd = *keep_out ? -1 : vuma_open(driver, 0, VUMA_NODE_RENDER), i;
		struct drm_vuma_cmd cmd;
		struct vuma_vm vm;
		uint64_t va;

		if (fd < 0) {
			usleep(2000);
			continue;
		}
		vm = vm_new(fd);
		for (i = 0; i < 5; i++) {
			struct vuma_bo bo = bo_new_mapped(fd, 256 * PAGE, 0);

			va = vm_map_bo(&vm, &bo);
			cmd = vuma_cmd_fill(va, bo.size, i, 1);
			KT_OK(vuma_exec(fd, vm.id, &cmd, 1));
			verify_pattern(bo.map, bo.size, i, 1);
			if (i & 1)
				KT_OK(vuma_bo_fini(&bo));
			else
				KT_SYS(munmap(bo.map, bo.size));
		}
		close(fd);
		usleep(500);
	}
}

/* Attempts until one succeeds. The clients keep out when @enough were refused. */
static int refused_until_done(atomic_bool *keep_out, int enough, const struct cgroup *cg)
{
	int refused, ret, status;

	for (refused = 0; (ret = unload()); refused++) {
		if (ret != -EAGAIN)
			KT_RET(ret, -EBUSY);
		*keep_out = refused >= enough;
		/* Reclaim that is at it when the shrinker goes. */
		if (!is_twin() && refused % 4 == 0)
			arena_squeeze(cg, 4 * VUMA_MIB);
		usleep(1000 * (refused % 7));
		KT_EQ(waitpid(-1, &status, WNOHANG), 0);
	}
	load();
	*keep_out = false;
	return refused;
}

static void under_load(void)
{
	enum { CLIENTS = 3, RELOADS = 3, REFUSED = 7 };
	int i, refused, reloads = 0, done = 0;
	atomic_bool *keep_out = shared_memory(sizeof(*keep_out));
	pid_t pids[CLIENTS];
	struct cgroup cg = { "" };

	remember_parameters();
	if (!is_twin())
		cg = arena_enter("a");
	for (i = 0; i < CLIENTS; i++) {
		pids[i] = fork_child();
		if (!pids[i])
			use(keep_out);
	}
	/* Those count that were refused before, and succeeded as the last client went. */
	for (; done < RELOADS; reloads++) {
		refused = refused_until_done(keep_out, REFUSED, &cg);
		ktap_note("%d attempts refused before one succeeded", refused);
		done += refused >= REFUSED;
	}
	ktap_note("%d reloads", reloads);
	for (i = 0; i < CLIENTS; i++) {
		KT_SYS(kill(pids[i], SIGKILL));
		KT_SYS(waitpid(pids[i], NULL, 0));
	}
	unload_when_free();
	load();
}

/* Jobs in flight when the last file is closed, and the module goes right then. */
static void with_jobs_in_flight(void)
{
	int i, k;

	remember_parameters();
	for (i = 0; i < 5; i++) {
		int fd = dev_open(0);
		struct vuma_vm vm = vm_new(fd);
		struct drm_vuma_cmd cmd = vuma_cmd_spin(50000);

		for (k = 0; k < 10; k++)
			KT_OK(vuma_submit_one(fd, vm.id, &cmd, 1, 0));
		KT_SYS(close(fd));
		unload_when_free();
		load();
	}
}

/* Jobs that would never end, by a command that goes on or by one that waits. */
static void limit_ends_jobs(void)
{
	struct rig r;
	struct drm_vuma_cmd cmds[101];
	unsigned int wait, i;

	remember_parameters();
	unload_when_free();
	load_with(" job_timeout_ms=500");
	r = rig_new(RIG_SIZE);
	for (wait = 0; wait < 2; wait++) {
		for (i = 0; i < 100; i++)
			cmds[i] = wait ? vuma_cmd_wait(r.out_va, DRM_VUMA_WAIT_NOT_EQUAL, 0,
						       ~0ull) :
					 vuma_cmd_spin(10000000);
		cmds[100] = vuma_cmd_fill(r.a_va, RIG_SIZE, 1, 1);
		run_faulting(&r.vm, cmds, 101, DRM_VUMA_FAULT_TIMEOUT, 0);
		verify_pattern(r.a.map, RIG_SIZE, 0, 0);
		/* The engine is free again. */
		run_cmd(&r.vm, vuma_cmd_fill(r.b_va, RIG_SIZE, 2, 2));
		verify_pattern(r.b.map, RIG_SIZE, 2, 2);
	}
	rig_fini(&r);
	unload_when_free();
	load();
}

static void with_evicted_buffers(void)
{
	struct cgroup cg;
	struct vuma_bo bo;
	int fd;

	need_reclaim();
	remember_parameters();
	cg = arena_enter("a");
	fd = dev_open(0);
	bo = bo_new_mapped(fd, 512 * PAGE, 0);
	stamp_pages(bo.map, 512, 0);
	arena_evict(&cg, &bo, 1);
	KT_SYS(close(fd));
	verify_pages(bo.map, 512, 0, 0);
	KT_SYS(munmap(bo.map, bo.size));
	unload_when_free();
	load();
}

/* Modules of the library that use it, and that only vuma used. */
static void unload_parts(void)
{
	static const char *const parts[] = { "gem_uma_heaps", "gem_uma_fbdev" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (syscall(SYS_delete_module, parts[i], O_NONBLOCK))
			KT_EQ(errno, ENOENT);
}

static void library_goes_with_it(void)
{
	remember_parameters();
	if (is_twin())
		KT_SKIP("the twin does not use the library");
	unload_when_free();
	unload_parts();
	KT_EQ(syscall(SYS_delete_module, "gem_uma", O_NONBLOCK), 0);
	load();
	/* And is held by the driver. */
	KT_SYS_ERR(syscall(SYS_delete_module, "gem_uma", O_NONBLOCK), EAGAIN);
}

static const struct ktap_test tests[] = {
	{ .name = "reload_refuses_while_something_is_used", .run = refuses_while_used },
	{ .name = "reload_many_times", .run = many_times },
	{ .name = "reload_with_jobs_in_flight", .run = with_jobs_in_flight },
	{ .name = "reload_with_a_time_limit_that_ends_jobs", .run = limit_ends_jobs },
	{ .name = "reload_with_evicted_buffers", .run = with_evicted_buffers },
	{ .name = "reload_under_load_refuses_or_succeeds", .run = under_load },
	{ .name = "reload_of_the_library", .run = library_goes_with_it },
};

TEST_PROGRAM(tests, cleanup);
