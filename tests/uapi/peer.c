// SPDX-License-Identifier: GPL-2.0
#include <sys/socket.h>

#include "peer.h"

void peer_wait(int fd)
{
	char byte;

	KT_EQ(read(fd, &byte, 1), 1);
}

void peer_go(int fd)
{
	char byte = 0;

	KT_EQ(write(fd, &byte, 1), 1);
}

struct peer peer_start(const struct cgroup *cg,
		       void (*run)(const struct peer *peer, void *arg), void *arg)
{
	struct peer peer, self = { 0 };
	int down[2], up[2];

	KT_SYS(pipe(down));
	KT_SYS(pipe(up));
	peer.pid = fork_child();
	if (!peer.pid) {
		close(down[1]);
		close(up[0]);
		self.from = down[0];
		self.to = up[1];
		KT_OK(cgroup_enter(cg));
		peer_wait(self.from);
		run(&self, arg);
		peer_go(self.to);
		_exit(0);
	}
	close(down[0]);
	close(up[1]);
	peer.to = down[1];
	peer.from = up[0];
	return peer;
}

void peer_next(const struct peer *peer)
{
	peer_go(peer->to);
	peer_wait(peer->from);
}

void peer_end(const struct peer *peer)
{
	peer_next(peer);
	join_child(peer->pid);
}

void expect_near(uint64_t value, uint64_t want)
{
	if (value + SLACK < want || value > want + SLACK)
		KT_FAIL("%llu bytes, expected %llu, give or take %llu",
			(unsigned long long)value, (unsigned long long)want,
			(unsigned long long)SLACK);
}

void fd_send(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(fd))] = { 0 }, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	KT_EQ(sendmsg(sock, &msg, 0), 1);
}

int fd_receive(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd;

	KT_EQ(recvmsg(sock, &msg, 0), 1);
	cmsg = CMSG_FIRSTHDR(&msg);
	KT_TRUE(cmsg && cmsg->cmsg_type == SCM_RIGHTS);
	memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));
	return fd;
}
