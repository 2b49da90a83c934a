// SPDX-License-Identifier: GPL-2.0
#include "rig.h"

struct rig rig_new(uint64_t size)
{
	struct rig r = { .fd = dev_open(0) };

	r.vm = vm_new(r.fd);
	r.a = bo_new_mapped(r.fd, size, 0);
	r.b = bo_new_mapped(r.fd, size, 0);
	r.c = bo_new_mapped(r.fd, size, 0);
	r.out = bo_new_mapped(r.fd, PAGE, 0);
	r.vm.next = 0x10000000;
	r.a_va = vm_map_bo(&r.vm, &r.a);
	r.vm.next += VUMA_GIB;
	r.b_va = vm_map_bo(&r.vm, &r.b);
	r.vm.next += VUMA_GIB;
	r.c_va = vm_map_bo(&r.vm, &r.c);
	r.vm.next += VUMA_GIB;
	r.out_va = vm_map_bo(&r.vm, &r.out);
	return r;
}

void rig_fini(struct rig *r)
{
	KT_OK(vuma_bo_fini(&r->a));
	KT_OK(vuma_bo_fini(&r->b));
	KT_OK(vuma_bo_fini(&r->c));
	KT_OK(vuma_bo_fini(&r->out));
	KT_SYS(close(r->fd));
}

void randomize(struct vuma_bo *bo, uint64_t seed)
{
	uint64_t i, *word = bo->map;

	for (i = 0; i < bo->size / 8; i++)
		word[i] = vuma_random(&seed);
}

void expect_words(const struct vuma_bo *bo, const uint64_t *want)
{
	const uint64_t *word = bo->map;
	uint64_t i;

	for (i = 0; i < bo->size / 8; i++)
		if (word[i] != want[i])
			KT_FAIL("word %llu is %#llx, expected %#llx", (unsigned long long)i,
				(unsigned long long)word[i], (unsigned long long)want[i]);
}
