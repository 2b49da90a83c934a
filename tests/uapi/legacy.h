/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of implicit addresses share. */
#ifndef LEGACY_H
#define LEGACY_H

#include "common.h"

#define LEGACY_WRITE	DRM_VUMA_LEGACY_BO_WRITE
#define LEGACY_AT	DRM_VUMA_LEGACY_ADDR

/* A param of the file's VM for implicit addresses. */
uint64_t legacy_param(int fd, uint32_t param);
/* The same, when what jobs leave behind is gone: it is not waited for by fences. */
void legacy_wait_param(int fd, uint32_t param, uint64_t want);

/* Run one command, which must succeed. */
void legacy_run(int fd, struct drm_vuma_legacy_bo *bos, uint32_t nr, struct drm_vuma_cmd cmd);
/* Use one BO, by one word written to its start; returns its address. */
uint64_t legacy_touch(const struct vuma_bo *bo, uint64_t word);
/* The first word of each of @nr BOs, read by jobs. */
void legacy_expect(const struct vuma_bo *bo, uint64_t word);

/* A counter in debugfs. */
uint64_t engine_counter(int fd, const char *name);
/* Objects of the device, as debugfs lists them; 0 on the twin, which lists none. */
unsigned int objects_of_device(int fd);

/* The device as it was, to be compared with what is left in the end. */
struct before {
	int fd;
	uint64_t unmaps, tables;
	unsigned int objects;
};

struct before look(void);
/* All files but that of @b are closed, and nothing is left of them. */
void expect_nothing_left(const struct before *b);
/* The same, and each mapping was cleared once. */
void expect_closed(const struct before *b, unsigned int unmaps);

/* Addresses of legacy VMs from now on, in MiB; 0 for all. */
void legacy_va_mib(unsigned int mib);

#endif /* LEGACY_H */
