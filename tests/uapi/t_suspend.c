// SPDX-License-Identifier: GPL-2.0
/* Suspend and hibernation: what is evicted for it, and that nothing is lost. */
#include <dirent.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sysinfo.h>

#include "arena.h"
#include "file.h"

#define MIB		VUMA_MIB
#define SIZE		(4 * MIB)

#define POWER		"/sys/power/"
#define TEST_DELAY	"/sys/module/suspend/parameters/pm_test_delay"
#define DRI		"/sys/kernel/debug/dri"
/* Pages by helpers, so far. */
#define RESTORED	"/sys/module/gem_uma/parameters/restored_ahead"

#define WHEN_HIBERNATE	1
#define WHEN_SUSPEND	2

/* Skips unless the file offers the word. */
static void need_word(const char *path, const char *word)
{
	char text[256];

	if (file_read(path, text, sizeof(text)))
		KT_SKIP("no %s in this kernel", path);
	if (!strstr(text, word))
		KT_SKIP("%s does not offer %s", path, word);
}

/* A file of the device in debugfs: the minor with the files of the part. */
static void debugfs_path(char *path, size_t len, const char *name)
{
	DIR *dir = opendir(DRI);
	struct dirent *entry;

	if (!dir)
		KT_SKIP("no debugfs");
	while ((entry = readdir(dir))) {
		snprintf(path, len, DRI "/%.32s/%s", entry->d_name, name);
		if (!access(path, F_OK))
			break;
	}
	closedir(dir);
	if (!entry)
		KT_FAIL("%s is nowhere in " DRI, name);
}

/* For all devices: the name in debugfs does not tell which one is opened first. */
static void set_pm(const char *name, unsigned int value)
{
	DIR *dir = opendir(DRI);
	char path[128], text[16];
	struct dirent *entry;
	int done = 0;

	if (!dir)
		KT_SKIP("no debugfs");
	snprintf(text, sizeof(text), "%u", value);
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), DRI "/%.32s/%s", entry->d_name, name);
		if (access(path, F_OK))
			continue;
		KT_OK(file_write(path, text));
		done++;
	}
	closedir(dir);
	KT_GE(done, 1);
}

static void set_when(unsigned int when)
{
	set_pm("pm_when", when);
}

static void default_again(void)
{
	DIR *dir = opendir(DRI);
	struct dirent *entry;
	char path[128];

	file_write(POWER "pm_test", "none");
	file_write(POWER "image_size", "0");
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), DRI "/%.32s/pm_when", entry->d_name);
		file_write(path, "1");
		snprintf(path, sizeof(path), DRI "/%.32s/pm_timeout_ms", entry->d_name);
		file_write(path, "2000");
	}
	if (dir)
		closedir(dir);
	arena_cleanup();
}

/* Stops before the devices are touched, or does it really. */
static void need_sleep(const char *state, const char *level)
{
	not_on_twin("its pages cannot be reclaimed");
	need_word(POWER "state", state);
	if (strcmp(level, "none")) {
		need_word(POWER "pm_test", level);
		file_write(TEST_DELAY, "1");
	}
	KT_OK(file_write(POWER "pm_test", level));
}

static void sleep_now(const char *state)
{
	int ret = file_write(POWER "state", state);

	if (ret)
		KT_FAIL("%s: %s", state, strerror(-ret));
}

struct sleeper {
	struct vuma_vm vm;
	struct vuma_bo bo, mapped, out;
	uint64_t va, out_va;
};

/* One that only the GPU maps, one that only the CPU maps. */
static struct sleeper sleeper_new(void)
{
	struct sleeper s;
	int fd = dev_open(0);

	s.vm = vm_new(fd);
	s.bo = bo_new(fd, SIZE, 0);
	s.mapped = bo_new_mapped(fd, SIZE, 0);
	s.out = bo_new_mapped(fd, PAGE, 0);
	s.va = vm_map_bo(&s.vm, &s.bo);
	s.out_va = vm_map_bo(&s.vm, &s.out);
	run_cmd(&s.vm, vuma_cmd_fill(s.va, SIZE, 1, 3));
	vuma_pattern_fill(s.mapped.map, SIZE, 2, 3);
	return s;
}

static void sleeper_check(struct sleeper *s)
{
	verify_checksum(&s->vm, s->va, SIZE, 1, 3, &s->out, s->out_va);
	verify_pattern(s->mapped.map, SIZE, 2, 3);
	/* And it can still be written by both. */
	run_cmd(&s->vm, vuma_cmd_fill(s->va, SIZE, 5, 3));
	verify_checksum(&s->vm, s->va, SIZE, 5, 3, &s->out, s->out_va);
	vuma_pattern_fill(s->mapped.map, SIZE, 6, 3);
	verify_pattern(s->mapped.map, SIZE, 6, 3);
}

static void expect_gone_and_back(struct sleeper *s)
{
	KT_GE(bo_query(&s->bo).evictions, 1);
	KT_GE(bo_query(&s->mapped).evictions, 1);
	sleeper_check(s);
}

static void suspend_leaves_alone(void)
{
	struct sleeper s;

	need_sleep("freeze", "freezer");
	s = sleeper_new();
	sleep_now("freeze");
	expect_untouched(&s.bo);
	expect_untouched(&s.mapped);
	sleeper_check(&s);
}

static void suspend_evicts_if_told(void)
{
	struct sleeper s;

	need_reclaim();
	need_sleep("freeze", "freezer");
	set_when(WHEN_SUSPEND);
	s = sleeper_new();
	sleep_now("freeze");
	expect_gone_and_back(&s);
}

/* Enough for everything, so that the kernel itself has no reason to ask for memory. */
static void large_image(void)
{
	KT_OK(file_write(POWER "image_size", "4294967296"));
}

static void need_hibernation(const char *level, const char *how)
{
	need_reclaim();
	need_sleep("disk", level);
	need_word(POWER "disk", how);
	KT_OK(file_write(POWER "disk", how));
}

static void hibernation_evicts(void)
{
	struct sleeper s;

	need_hibernation("freezer", "shutdown");
	large_image();
	s = sleeper_new();
	sleep_now("disk");
	expect_gone_and_back(&s);
}

/* The task that wants it is in the root; the buffers are everybody's. */
static void hibernation_evicts_all_cgroups(void)
{
	struct cgroup p, a, b;
	struct sleeper s[3];
	int i;

	need_hibernation("freezer", "shutdown");
	large_image();
	p = arena_new("p");
	a = arena_new("p/a");
	b = arena_new("b");
	(void)p;
	KT_OK(cgroup_enter(&a));
	s[0] = sleeper_new();
	KT_OK(cgroup_enter(&b));
	s[1] = sleeper_new();
	KT_OK(cgroup_leave());
	s[2] = sleeper_new();
	sleep_now("disk");
	for (i = 0; i < 3; i++)
		expect_gone_and_back(&s[i]);
}

static void opted_out(void)
{
	struct sleeper s;

	need_hibernation("freezer", "shutdown");
	large_image();
	set_when(0);
	s = sleeper_new();
	sleep_now("disk");
	expect_untouched(&s.bo);
	expect_untouched(&s.mapped);
	sleeper_check(&s);
}

/* What a job uses stays where it is, and keeps nobody awake. */
static void busy_does_not_block(void)
{
	struct drm_vuma_cmd cmds[2];
	struct sleeper s, idle;
	uint32_t syncobj;

	need_hibernation("freezer", "shutdown");
	large_image();
	s = sleeper_new();
	idle = sleeper_new();
	cmds[0] = vuma_cmd_spin(6000000);
	cmds[1] = vuma_cmd_fill(s.va, SIZE, 9, 3);
	syncobj = syncobj_new(s.vm.fd);
	KT_OK(vuma_submit_one(s.vm.fd, s.vm.id, cmds, 2, syncobj));
	sleep_now("disk");
	wait_job(s.vm.fd, syncobj, 0);
	verify_checksum(&s.vm, s.va, SIZE, 9, 3, &s.out, s.out_va);
	expect_gone_and_back(&idle);
}

/*
 * More than half of the memory, held by objects or, on a kernel that keeps freed memory for
 * KASAN, and metadata of each allocation, by both: an image of that has no place to be made
 * in, unless objects are evicted.
 */
static void large_share_of_memory(void)
{
	enum { MOST = 512, BO_MIB = 4 };
	struct vuma_bo bos[MOST];
	struct sysinfo info;
	int fd, i, count;

	need_hibernation("freezer", "shutdown");
	KT_SYS(sysinfo(&info));
	count = info.totalram * info.mem_unit * (ktap_slow() > 1 ? 4 : 6) / 10 / (BO_MIB * MIB);
	if (count > MOST)
		KT_SKIP("more memory than this test fills");
	if (info.freeswap * info.mem_unit < (uint64_t)count * BO_MIB * MIB)
		KT_SKIP("less swap than the buffers need");
	fd = dev_open(0);
	for (i = 0; i < count; i++) {
		bos[i] = bo_new_mapped(fd, BO_MIB * MIB, 0);
		vuma_pattern_fill(bos[i].map, bos[i].size, i, 3);
	}
	/* Else it depends on the host's speed how much the kernel has to ask for. */
	set_pm("pm_timeout_ms", 600000);
	sleep_now("disk");
	KT_GE(fdinfo(fd, "vuma-evicted-total"), (uint64_t)count * BO_MIB * MIB / 2);
	for (i = 0; i < count; i++)
		verify_pattern(bos[i].map, bos[i].size, i, 3);
}

static void stats_tell(void)
{
	char path[128], text[128];
	struct sleeper s;

	need_hibernation("freezer", "shutdown");
	large_image();
	s = sleeper_new();
	sleep_now("disk");
	debugfs_path(path, sizeof(path), "pm_stats");
	KT_OK(file_read(path, text, sizeof(text)));
	KT_TRUE(strstr(text, "last done"));
	expect_gone_and_back(&s);
}

/* An event that came in after user space had looked: stay awake, and do not even begin. */
static void wakeup_comes_first(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLWAKEUP };
	char path[128], text[128];
	uint64_t one = 1;
	struct sleeper s;
	int epoll, fd;

	need_hibernation("freezer", "shutdown");
	large_image();
	s = sleeper_new();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	fd = eventfd(0, EFD_CLOEXEC);
	KT_SYS(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	if (file_read(POWER "wakeup_count", text, sizeof(text)) ||
	    file_write(POWER "wakeup_count", text))
		KT_SKIP("no wakeup_count in this kernel");
	KT_EQ(write(fd, &one, sizeof(one)), sizeof(one));
	/* Asking for it makes the kernel forget it: it must not be lost on us. */
	KT_RET(file_write(POWER "state", "disk"), -EBUSY);
	expect_untouched(&s.bo);
	expect_untouched(&s.mapped);
	debugfs_path(path, sizeof(path), "pm_stats");
	KT_OK(file_read(path, text, sizeof(text)));
	KT_TRUE(strstr(text, "last wakeup"));
	/* Without the event it works again. */
	close(epoll);
	close(fd);
	sleep_now("disk");
	expect_gone_and_back(&s);
}

/* The devices go to sleep, too, and come back. */
static void devices_suspended(void)
{
	struct sleeper s;

	need_reclaim();
	need_sleep("freeze", "devices");
	set_when(WHEN_SUSPEND);
	s = sleeper_new();
	sleep_now("freeze");
	expect_gone_and_back(&s);
}

/* Helpers have brought back pages since the text was read. */
static bool helped_since(const char *before)
{
	char now[32];

	KT_OK(file_read(RESTORED, now, sizeof(now)));
	return strcmp(now, before);
}

/*
 * Evicts and restores until the freezer has ended a submit in the middle of a restore, and
 * helpers were at it, too. Then the rest of it is restored. @first: the total that is above
 * what was restored before, or 0 while nothing is being restored.
 */
static void restore_until_frozen(const struct cgroup *cg, const struct vuma_vm *vm,
				 const struct vuma_bo *bos, unsigned int count,
				 atomic_ullong *first)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_submit args = {
		.vm_id = vm->id, .cmds = (uintptr_t)&nop, .cmd_count = 1,
	};
	uint64_t start, done;
	bool middle = false;
	char before[32];
	int ret;

	KT_OK(file_read(RESTORED, before, sizeof(before)));
	do {
		arena_evict(cg, bos, count);
		start = fdinfo(vm->fd, "vuma-restored-total");
		*first = start + 1;
		while ((ret = vuma_ioctl_once(vm->fd, DRM_IOCTL_VUMA_SUBMIT, &args))) {
			*first = 0;
			KT_RET(ret, -EINTR);
			done = fdinfo(vm->fd, "vuma-restored-total") - start;
			middle |= done && done < count * bos[0].size;
		}
		*first = 0;
	} while (!middle || !helped_since(before));
}

/* One of many counts when it is there; with one buffer alone it has to be tried. */
static bool restore_has_begun(int fd, intptr_t count, uint64_t first)
{
	return first && (count == 1 || fdinfo(fd, "vuma-restored-total") >= first);
}

/*
 * A restore takes as long as it takes, by the task and by helpers. Neither lets the freezer
 * wait for all of it, and both go on afterwards.
 */
static void restore_does_not_block(intptr_t most)
{
	const uint64_t size = most > 1 ? PAGE : 128 * MIB;
	/* lockdep reports it if more than 2047 locks are held together. */
	const bool few = most > 2000 && !access("/proc/lockdep", F_OK);
	const intptr_t count = few ? 2000 : most;
	struct vuma_bo *bos = calloc(count, sizeof(*bos));
	atomic_ullong *first = shared_memory(sizeof(*first));
	struct cgroup cg;
	struct vuma_vm vm;
	intptr_t i;
	pid_t pid;
	int fd, status;

	KT_TRUE(bos);
	need_reclaim();
	need_sleep("freeze", "freezer");
	file_write(TEST_DELAY, "0");
	cg = arena_enter("a");
	fd = dev_open(0);
	vm = vm_new(fd);
	for (i = 0; i < count; i++) {
		bos[i] = bo_new_mapped(fd, size, 0);
		vuma_pattern_fill(bos[i].map, size, i, 3);
		vm_map_bo(&vm, &bos[i]);
	}
	pid = fork_child();
	if (!pid) {
		restore_until_frozen(&cg, &vm, bos, count, first);
		_exit(0);
	}
	while (!waitpid(pid, &status, WNOHANG)) {
		if (restore_has_begun(fd, count, *first))
			sleep_now("freeze");
		else
			usleep(500);
	}
	KT_EQ(status, 0);
	for (i = 0; i < count; i++) {
		KT_EQ(bo_query(&bos[i]).resident, size);
		verify_pattern(bos[i].map, size, i, 3);
	}
	free(bos);
}

static bool has_swap_on_disk(void)
{
	char text[1024];

	return !file_read("/proc/swaps", text, sizeof(text)) && strstr(text, "/dev/vd");
}

/* Written to the disk, read back, and gone on from there: this is another life. */
static void really_hibernated(void)
{
	struct sleeper s;

	need_hibernation("none", "test_resume");
	if (!has_swap_on_disk())
		KT_SKIP("no swap on a disk");
	s = sleeper_new();
	sleep_now("disk");
	expect_gone_and_back(&s);
}

static const struct ktap_test tests[] = {
	{ .name = "suspend_leaves_buffers_alone", .run = suspend_leaves_alone },
	{ .name = "suspend_evicts_if_the_driver_says_so", .run = suspend_evicts_if_told },
	{ .name = "hibernation_evicts_what_is_idle", .run = hibernation_evicts },
	{ .name = "hibernation_evicts_of_all_cgroups", .run = hibernation_evicts_all_cgroups },
	{ .name = "hibernation_leaves_alone_who_opted_out", .run = opted_out },
	{ .name = "hibernation_is_not_blocked_by_a_job", .run = busy_does_not_block },
	{ .name = "hibernation_of_a_large_share_of_memory", .run = large_share_of_memory },
	{ .name = "hibernation_tells_what_it_did", .run = stats_tell },
	{ .name = "hibernation_gives_way_to_a_wakeup", .run = wakeup_comes_first },
	{ .name = "suspend_of_devices_and_back", .run = devices_suspended },
	{ .name = "suspend_is_not_blocked_by_a_restore",
	  .run_arg = restore_does_not_block, .arg = 1 },
	{ .name = "suspend_is_not_blocked_by_many_restores",
	  .run_arg = restore_does_not_block, .arg = 8192 },
	{ .name = "hibernation_to_disk_and_back", .run = really_hibernated },
};

TEST_PROGRAM(tests, default_again);
