/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of reclaim start from. */
#ifndef TENANT_H
#define TENANT_H

#include "arena.h"

/* The test's cgroup, a file, a VM, and a BO with a place for results. */
struct tenant {
	struct cgroup cg;
	int fd;
	struct vuma_vm vm;
	struct vuma_bo bo, out;
	uint64_t va, out_va;
};

/* The result page is in the VM; the BO is not, and nobody has touched it. */
struct tenant tenant_new(uint64_t size, uint32_t flags);
/* All of the BO, at va. */
void tenant_bind(struct tenant *s);
/* For the end of imports: the last references of a closed file are dropped by a work item. */
void tenant_wait_unpinned(const struct tenant *s);

#endif /* TENANT_H */
