// SPDX-License-Identifier: GPL-2.0
/* Jobs that wait in the queue of a file: what they cost, and what becomes of them. */
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "arena.h"
#include "rig.h"

#define LONG_WAIT	(60 * VUMA_SEC)

/* A job of a file of its own stands in the engine until the gate is opened. */
struct plug {
	struct vuma_vm vm;
	struct vuma_gate gate;
	uint32_t done;
};

static struct plug plug_new(void)
{
	struct plug plug = { .vm = vm_new(dev_open(0)) };

	KT_OK(vuma_gate_init(&plug.gate, plug.vm.fd));
	KT_OK(vuma_gate_map(&plug.gate, &plug.vm));
	plug.done = syncobj_new(plug.vm.fd);
	KT_OK(vuma_gate_submit(&plug.gate, &plug.vm, plug.done));
	KT_OK(vuma_gate_await(&plug.gate, LONG_WAIT));
	return plug;
}

static void plug_pull(struct plug *plug)
{
	int status;

	vuma_gate_open(&plug->gate);
	KT_OK(vuma_job_wait(plug->vm.fd, plug->done, LONG_WAIT, &status));
	KT_EQ(status, 0);
}

/*
 * Leaves the file to sockets that hold each other, and to nobody else: the kernel's own
 * collector closes it.
 */
static void leave_to_collector(int fd)
{
	union {
		char buf[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf, .msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int pair[2], fds[3];

	KT_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	fds[0] = fd;
	fds[1] = pair[0];
	fds[2] = pair[1];
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
	KT_EQ(sendmsg(pair[0], &msg, 0), 1);
	KT_SYS(close(fd));
	KT_SYS(close(pair[0]));
	KT_SYS(close(pair[1]));
}

/* It runs when a socket is closed, and cannot be waited for. */
static void collect(void)
{
	int pair[2];

	KT_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	KT_SYS(close(pair[0]));
	KT_SYS(close(pair[1]));
}

/* Until the reader sees that the collector has closed the other end. */
static void expect_collected_pipe(void)
{
	int pipes[2];
	struct pollfd end = { .events = POLLIN };

	KT_SYS(pipe2(pipes, O_CLOEXEC));
	leave_to_collector(pipes[1]);
	end.fd = pipes[0];
	do
		collect();
	while (poll(&end, 1, 20) == 0);
	KT_TRUE(end.revents & POLLHUP);
	KT_SYS(close(pipes[0]));
}

/* Others' files end though the jobs of this one have not started, and do not start. */
static void collected_file(void)
{
	struct plug plug = plug_new();
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct vuma_vm vm = vm_new(dev_open(0));
	uint32_t done = syncobj_new(plug.vm.fd);
	uint32_t done_there;
	int file, status, i;

	KT_SYS(drmSyncobjHandleToFD(plug.vm.fd, done, &file));
	KT_SYS(drmSyncobjFDToHandle(vm.fd, file, &done_there));
	KT_SYS(close(file));
	for (i = 0; i < 3; i++)
		KT_OK(vuma_submit_one(vm.fd, vm.id, &nop, 1, done_there));
	leave_to_collector(vm.fd);
	expect_collected_pipe();
	/* It was before the engine was free. */
	KT_RET(vuma_syncobj_wait(plug.vm.fd, plug.done, 0), -ETIME);
	plug_pull(&plug);
	KT_OK(vuma_job_wait(plug.vm.fd, done, LONG_WAIT, &status));
	KT_RET(status, -ECANCELED);
	expect_collected_pipe();
}

/* Each of its files has a job that cannot start; waiting for each would take a second. */
static void exit_with_many_files(void)
{
	enum { FILES = 20 };
	struct plug plug = plug_new();
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int ready[2], i;
	int64_t start;
	pid_t pid;
	char byte = 0;

	KT_SYS(pipe2(ready, O_CLOEXEC));
	pid = fork_child();
	if (!pid) {
		for (i = 0; i < FILES; i++) {
			struct vuma_vm vm = vm_new(dev_open(0));

			KT_OK(vuma_submit_one(vm.fd, vm.id, &nop, 1, 0));
		}
		KT_EQ(write(ready[1], &byte, 1), 1);
		_exit(0);
	}
	KT_EQ(read(ready[0], &byte, 1), 1);
	start = vuma_now_ns();
	join_child(pid);
	KT_LE(vuma_now_ns() - start, FILES * VUMA_SEC / 2);
	KT_RET(vuma_syncobj_wait(plug.vm.fd, plug.done, 0), -ETIME);
	plug_pull(&plug);
}

static struct drm_vuma_cmd *many_nops(uint64_t *max)
{
	struct drm_vuma_cmd *cmds;

	KT_OK(vuma_get_param(dev_open(0), DRM_VUMA_PARAM_MAX_CMDS, 0, max));
	cmds = calloc(*max, sizeof(*cmds));
	KT_TRUE(cmds);
	return cmds;
}

static void charged(void)
{
	enum { JOBS = 8 };
	struct plug plug = plug_new();
	struct cgroup cg = arena_enter("a");
	struct vuma_vm vm = vm_new(dev_open(0));
	uint64_t max, before;
	struct drm_vuma_cmd *cmds = many_nops(&max);
	int i;

	before = arena_stat(&cg, "kernel");
	for (i = 0; i < JOBS; i++)
		KT_OK(vuma_submit_one(vm.fd, vm.id, cmds, max, 0));
	/* Without what the counters of CPUs have not told yet. */
	KT_GE(arena_stat(&cg, "kernel"), before + JOBS * max * sizeof(*cmds) - VUMA_MIB);
	plug_pull(&plug);
	run_cmd(&vm, vuma_cmd_nop());
}

static void beyond_the_limit(void)
{
	struct plug plug = plug_new();
	struct cgroup cg = arena_enter("a");
	struct vuma_vm vm = vm_new(dev_open(0));
	struct drm_vuma_cmd *cmds;
	uint64_t max;
	int i, ret = 0;

	cmds = many_nops(&max);
	KT_OK(cgroup_write(&cg, "memory.max", "%llu",
			   (unsigned long long)(arena_current(&cg) + 4 * VUMA_MIB)));
	KT_OK(cgroup_write(&cg, "memory.swap.max", "0"));
	for (i = 0; i < 12 && !ret; i++)
		ret = vuma_submit_one(vm.fd, vm.id, cmds, max, 0);
	KT_RET(ret, -ENOMEM);
	KT_EQ(arena_event(&cg, "oom_kill"), 0);
	plug_pull(&plug);
	KT_OK(cgroup_write(&cg, "memory.max", "max"));
	run_cmds(&vm, cmds, max);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void alarms(long usecs)
{
	struct itimerval timer = { .it_interval.tv_usec = usecs, .it_value.tv_usec = usecs };

	KT_SYS(setitimer(ITIMER_REAL, &timer, NULL));
}

/* Fills the queue until a submit waits, which an alarm ends. */
static unsigned int fill_queue(struct drm_vuma_submit *args, int fd, unsigned int limit)
{
	unsigned int jobs;
	int ret = 0;

	for (jobs = 0; jobs < limit; jobs++) {
		ret = vuma_ioctl_once(fd, DRM_IOCTL_VUMA_SUBMIT, args);
		if (ret)
			break;
	}
	KT_RET(ret, -EINTR);
	return jobs;
}

static void bounded(void)
{
	static const struct { uint32_t cmds, least, most; } rows[] = {
		{ 16384, 4, 16 }, { 1024, 100, 256 },
	};
	const struct sigaction action = { .sa_handler = on_alarm };
	uint64_t max;
	struct drm_vuma_cmd *cmds = many_nops(&max);
	unsigned int jobs;
	size_t i;

	KT_SYS(sigaction(SIGALRM, &action, NULL));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct plug plug = plug_new();
		struct vuma_vm vm = vm_new(dev_open(0));
		struct drm_vuma_submit args = {
			.vm_id = vm.id, .cmds = (uintptr_t)cmds, .cmd_count = rows[i].cmds,
		};

		alarms(500000);
		jobs = fill_queue(&args, vm.fd, rows[i].most + 1);
		alarms(0);
		KT_GE(jobs, rows[i].least);
		/* Another file has room of its own. */
		KT_OK(vuma_submit_one(plug.vm.fd, plug.vm.id, cmds, 1, 0));
		plug_pull(&plug);
		run_cmds(&vm, cmds, rows[i].cmds);
		KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_JOBS), jobs + 1);
	}
}

static const struct ktap_test tests[] = {
	{ .name = "queue_closed_by_the_kernel_waits_for_nothing_rev-V3", .run = collected_file },
	{ .name = "queue_exit_with_many_files_waits_for_none_rev-R6", .run = exit_with_many_files },
	{ .name = "queue_is_charged_to_the_caller_rev-V4", .run = charged },
	{ .name = "queue_beyond_memory_max_is_ENOMEM_rev-V4", .run = beyond_the_limit },
	{ .name = "queue_of_a_file_is_bounded_rev-V4", .run = bounded },
};

TEST_PROGRAM(tests, arena_cleanup);
