/* SPDX-License-Identifier: GPL-2.0 */
/* Another process, in a cgroup of its own, that is led by the test. */
#ifndef PEER_H
#define PEER_H

#include "arena.h"

/* Page tables, slabs and stacks, beside the pages of buffers. */
#define SLACK	((ktap_slow() > 1 ? 1 : 2) * VUMA_MIB)

/* A process in a cgroup of its own, which does one thing after the other. */
struct peer {
	pid_t pid;
	int to, from;
};

void peer_wait(int fd);
void peer_go(int fd);

/*
 * Runs @run in the cgroup, from the first peer_next() on; it gets the pipe ends as a peer
 * of its own. When it returns, its last thing is done.
 */
struct peer peer_start(const struct cgroup *cg,
		       void (*run)(const struct peer *peer, void *arg), void *arg);

/*
 * The test lets the peer do the next thing, and waits until it is done. The peer says that
 * a thing is done, and waits for the next.
 */
void peer_next(const struct peer *peer);
/* The same, with the last thing. */
void peer_end(const struct peer *peer);

/* A file descriptor over a socket, as between a client and a compositor. */
void fd_send(int sock, int fd);
int fd_receive(int sock);

/* Charges settle in batches per CPU; a difference is meant up to that. */
void expect_near(uint64_t value, uint64_t want);

#endif /* PEER_H */
