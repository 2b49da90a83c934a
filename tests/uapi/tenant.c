// SPDX-License-Identifier: GPL-2.0
#include "tenant.h"

struct tenant tenant_new(uint64_t size, uint32_t flags)
{
	struct tenant s;

	s.cg = arena_enter("a");
	s.fd = dev_open(0);
	s.vm = vm_new(s.fd);
	s.bo = bo_new(s.fd, size, flags);
	s.out = bo_new_mapped(s.fd, PAGE, 0);
	s.va = 0x40000000;
	s.out_va = 0x20000000;
	KT_OK(vuma_vm_map(&s.vm, s.out.handle, s.out_va, 0, PAGE, 0));
	return s;
}

void tenant_bind(struct tenant *s)
{
	KT_OK(vuma_vm_map(&s->vm, s->bo.handle, s->va, 0, s->bo.size, 0));
}

void tenant_wait_unpinned(const struct tenant *s)
{
	KT_WAIT(!(bo_status(&s->bo) & DRM_VUMA_BO_STATUS_PINNED));
}
