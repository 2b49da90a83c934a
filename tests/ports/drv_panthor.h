/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of panthor alone share. */
#ifndef DRV_PANTHOR_H
#define DRV_PANTHOR_H

#include <drm/panthor_drm.h>

#include "port.h"

/* In the address space that the file has; in this order. */
int panthor_bind_ops(int fd, struct drm_panthor_vm_bind_op *ops, unsigned int nr);
struct drm_panthor_vm_bind_op panthor_map_op(const struct port_bo *bo, uint64_t offset,
					     uint64_t va, uint64_t size);
struct drm_panthor_vm_bind_op panthor_unmap_op(uint64_t va, uint64_t size);
/* One that is bound nowhere. */
struct port_bo panthor_bo_unbound(int fd, uint64_t size);
/* So many pages of buffers of the root cgroup, whoever has them. */
void panthor_shrink(int fd, uint64_t pages);

void panthor_bind_random(void);

#endif
