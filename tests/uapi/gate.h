/* SPDX-License-Identifier: GPL-2.0 */
/* A fence that the test opens when it likes, and who waits for it. */
#ifndef GATE_H
#define GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vuma_client.h"

/*
 * A job that runs until the test opens the gate. Nothing but the limit of the device for
 * jobs opens it before.
 */
struct gate {
	struct vuma_vm vm;
	struct vuma_gate at;
	/* A syncobj with the fence of the job, in the file that the gate is for. */
	uint32_t in;
};

/*
 * A closed gate for jobs and binds of the file @fd. The job runs on the last device, so
 * that the first is free for others; skips the test if there is but one. Gates open in the
 * order in which they were made.
 */
struct gate gate_new(int fd);
/* The job runs on the first device, where nothing else runs until the gate opens. */
struct gate gate_busy(void);
/* Opens the gate, which is gone then. */
void gate_open(struct gate *gate);

/*
 * Let the first device do everything that waits for no gate: a bind and jobs that came
 * later are done. What is still pending then has waited.
 */
void settle(void);

/* A thread that makes a call which has to wait. */
struct waiter {
	void (*call)(void *arg);
	void *arg;
	pthread_t thread;
	atomic_int tid;
	/* The call has returned. */
	atomic_bool done;
};

/* Returns when the thread sleeps in its call; fails if the call does not wait. */
void waiter_start(struct waiter *waiter);
/* Whether it sleeps just now. */
bool waiter_sleeps(const struct waiter *waiter);
void waiter_join(struct waiter *waiter);

#endif /* GATE_H */
