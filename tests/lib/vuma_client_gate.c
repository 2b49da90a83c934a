// SPDX-License-Identifier: GPL-2.0
/* The client's part that is about gates. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "vuma_client.h"

enum { WORD_OPEN, WORD_REACHED };

int vuma_gate_init(struct vuma_gate *gate, int fd)
{
	int ret;

	memset(gate, 0, sizeof(*gate));
	ret = vuma_bo_init(&gate->bo, fd, 2 * sizeof(uint64_t), 0);
	if (ret)
		return ret;
	ret = vuma_bo_map(&gate->bo);
	if (ret)
		vuma_bo_fini(&gate->bo);
	return ret;
}

int vuma_gate_map(struct vuma_gate *gate, struct vuma_vm *vm)
{
	return vuma_vm_map_bo(vm, &gate->bo, &gate->addr);
}

int vuma_gate_fini(struct vuma_gate *gate)
{
	return vuma_bo_fini(&gate->bo);
}

void vuma_gate_cmds(const struct vuma_gate *gate, struct drm_vuma_cmd *cmds)
{
	cmds[0] = vuma_cmd_fill(gate->addr + WORD_REACHED * sizeof(uint64_t), sizeof(uint64_t),
				1, 0);
	cmds[1] = vuma_cmd_wait(gate->addr + WORD_OPEN * sizeof(uint64_t),
				DRM_VUMA_WAIT_NOT_EQUAL, 0, ~0ull);
}

int vuma_gate_submit(const struct vuma_gate *gate, const struct vuma_vm *vm, uint32_t out)
{
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS];

	vuma_gate_cmds(gate, cmds);
	return vuma_submit_one(vm->fd, vm->id, cmds, VUMA_GATE_CMDS, out);
}

int vuma_gate_await(const struct vuma_gate *gate, int64_t timeout_ns)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	const uint64_t *word = gate->bo.map;
	int64_t start = vuma_now_ns();

	while (!__atomic_load_n(&word[WORD_REACHED], __ATOMIC_ACQUIRE)) {
		if (vuma_now_ns() - start > timeout_ns)
			return -ETIME;
		nanosleep(&nap, NULL);
	}
	return 0;
}

void vuma_gate_open(struct vuma_gate *gate)
{
	uint64_t *word = gate->bo.map;

	__atomic_store_n(&word[WORD_OPEN], 1, __ATOMIC_RELEASE);
}

void vuma_gate_shut(struct vuma_gate *gate)
{
	memset(gate->bo.map, 0, 2 * sizeof(uint64_t));
}
