/* SPDX-License-Identifier: GPL-2.0 */
/* A fence that the test opens when it likes: vgem's. */
#ifndef GATE_H
#define GATE_H

#include <stdint.h>

struct gate {
	int vgem;
	uint32_t fence;
};

/*
 * Put a fence that is not signalled into the binary syncobj @syncobj of @fd. It opens by
 * itself after 10 seconds, which tests must not need. Skips the test without vgem.
 */
struct gate gate_new(int fd, uint32_t syncobj);
void gate_open(struct gate *gate);

#endif /* GATE_H */
