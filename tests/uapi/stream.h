/* SPDX-License-Identifier: GPL-2.0 */
/* Jobs of a VM, one after the other for as long as it takes. */
#ifndef STREAM_H
#define STREAM_H

#include <pthread.h>
#include <stdatomic.h>

#include "vuma_client.h"

struct stream {
	const struct vuma_vm *vm;
	pthread_t thread;
	atomic_bool stop;
	/* Two are in flight from then on. */
	atomic_bool flows;
};

/* @stream is zeroed. */
void stream_start(struct stream *stream, const struct vuma_vm *vm);
void stream_end(struct stream *stream);

#endif /* STREAM_H */
