// SPDX-License-Identifier: GPL-2.0
/* Heaps. */
#include "vuma_client.h"

static int vuma_heap_create(struct vuma_heap *heap, const struct vuma_vm *vm,
			    struct drm_vuma_heap_create *args)
{
	int ret;

	args->vm_id = vm->id;
	ret = vuma_ioctl(vm->fd, DRM_IOCTL_VUMA_HEAP_CREATE, args);
	if (!ret)
		*heap = (struct vuma_heap){ .id = args->heap_id, .handle = args->handle,
					    .va = args->va, .size = args->size };
	return ret;
}

int vuma_heap_init(struct vuma_heap *heap, const struct vuma_vm *vm, uint64_t size,
		   uint64_t granule, uint64_t hint, uint32_t policy)
{
	struct drm_vuma_heap_create args = {
		.policy = policy, .size = size, .granule = granule, .hint = hint,
	};

	return vuma_heap_create(heap, vm, &args);
}

int vuma_heap_init_bo(struct vuma_heap *heap, const struct vuma_vm *vm, uint64_t size,
		      uint64_t granule, uint32_t policy)
{
	struct drm_vuma_heap_create args = {
		.policy = policy, .size = size, .granule = granule,
		.flags = DRM_VUMA_HEAP_HANDLE,
	};

	return vuma_heap_create(heap, vm, &args);
}

int vuma_heap_fini(const struct vuma_heap *heap, const struct vuma_vm *vm)
{
	struct drm_vuma_heap_destroy args = { .vm_id = vm->id, .heap_id = heap->id };

	return vuma_ioctl(vm->fd, DRM_IOCTL_VUMA_HEAP_DESTROY, &args);
}

struct drm_vuma_cmd vuma_cmd_stream(uint64_t dst, uint64_t heap, uint64_t size, uint64_t start,
				    uint64_t step)
{
	return (struct drm_vuma_cmd){
		.opcode = DRM_VUMA_OP_STREAM, .dst = dst, .src = heap, .size = size,
		.arg0 = start, .arg1 = step,
	};
}
