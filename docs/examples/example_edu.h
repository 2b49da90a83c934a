/* SPDX-License-Identifier: GPL-2.0 */
/* The ioctl of example_edu.c. */
#ifndef EXAMPLE_EDU_H
#define EXAMPLE_EDU_H

#include "drm.h"

/* Longest copy, in bytes: the device takes 100 ms for each 2 KiB and direction. */
#define EXAMPLE_EDU_MAX		8192

/*
 * Copies bytes between two buffers, by the device. Returns when it is done.
 *
 * -EINVAL: empty, outside of a buffer, or pad is not 0; -E2BIG: more than EXAMPLE_EDU_MAX;
 * -ENOENT: no such buffer; -EIO: the device cannot reach it, or does not answer; -ENODEV:
 * unplugged.
 */
struct example_edu_copy {
	__u32 dst;	/* handle */
	__u32 src;	/* handle */
	__u64 dst_offset;	/* bytes */
	__u64 src_offset;	/* bytes */
	__u64 size;	/* bytes */
	__u32 src_runs;	/* out: how many ranges of addresses of the device it came from */
	__u32 pad;	/* 0 */
};

#define DRM_IOCTL_EXAMPLE_EDU_COPY \
	DRM_IOWR(DRM_COMMAND_BASE, struct example_edu_copy)

#endif
