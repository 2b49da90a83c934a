// SPDX-License-Identifier: GPL-2.0
/* Jobs that wait in the queue of a file: what they cost, and what becomes of them. */
#include <poll.h>
#include <sys/socket.h>

#include <xf86drm.h>

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
	KT_OK(vuma_syncobj_create(plug.vm.fd, false, &plug.done));
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
	uint32_t done, done_there;
	int file, status, i;

	KT_OK(vuma_syncobj_create(plug.vm.fd, false, &done));
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

static const struct ktap_test tests[] = {
	{ .name = "queue_closed_by_the_kernel_waits_for_nothing_rev-V3", .run = collected_file },
};

TESTS(tests);

int main(int argc, char **argv)
{
	return test_main(&suite, argc, argv);
}
