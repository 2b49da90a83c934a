// SPDX-License-Identifier: GPL-2.0
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
