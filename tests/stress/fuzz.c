// SPDX-License-Identifier: GPL-2.0
#include "fuzz.h"

#define BAD_PTR_CHANCE	24
#define NS_PER_WAIT	2000000

enum kind {
	ANY,		/* unused, or for the kernel to fill in: anything, mostly 0 */
	HANDLE, VM, SYNCOBJ, DMABUF,
	FLAGS,		/* of the mask @max */
	ENUM,		/* up to @max */
	SIZE, VA, OFFSET, RANGE, NUMBER,
	PAGES,		/* bytes, up to @max: never more, as memory of ours comes behind it */
	BO_ADDR,	/* of a BO in the list of SUBMIT_LEGACY */
	COUNT,		/* of an array whose limit is @max */
	SYNC_COUNT,	/* mostly none: those that have no fence yet are errors */
	CORE_COUNT,	/* of one without a limit: the core warns when it is out of memory */
	RELATIVE, ABSOLUTE,
	ARRAY,		/* a pointer to array @max: good, bad (1), or ARRAY_NONE */
};

#define ARRAY_NONE	2

struct field {
	uint16_t off, width;
	uint8_t kind;
	uint32_t max;
};

#define F(_type, _member, _kind, _max) \
	{ offsetof(struct _type, _member), sizeof(((struct _type *)0)->_member), _kind, _max }

/* And one that ends them. */
#define MAX_FIELDS	11
#define MAX_PINS	32
#define MAX_ERRORS	8

/*
 * The errors of vuma are those of include/uapi/drm/vuma_drm.h: the rules for all ioctls
 * (COMMON below), and each struct's own. Those of the core are what its functions return.
 */
struct type {
	const char *name;
	unsigned long request;
	uint32_t size;
	struct field fields[MAX_FIELDS];
	int errors[MAX_ERRORS];
	/* Elements of the arrays, by their pointer's number. */
	const struct field *elements[FUZZ_ARRAYS];
	uint32_t strides[FUZZ_ARRAYS];
	/* Where the kernel puts a new handle, id or file descriptor, plus 1. */
	uint16_t result;
	enum kind result_kind;
};

static const int common[] = { EINVAL, ENOENT, EFAULT, ENODEV, EINTR };

static const struct field op_fields[] = {
	F(drm_vuma_bind_op, op, ENUM, 1), F(drm_vuma_bind_op, flags, FLAGS, 1),
	F(drm_vuma_bind_op, handle, HANDLE, 0), F(drm_vuma_bind_op, pad, ANY, 0),
	F(drm_vuma_bind_op, va, VA, 0), F(drm_vuma_bind_op, bo_offset, OFFSET, 0),
	F(drm_vuma_bind_op, range, RANGE, 0), { 0 },
};

static const struct field range_fields[] = {
	F(drm_vuma_bo_sync_range, handle, HANDLE, 0),
	F(drm_vuma_bo_sync_range, op, ENUM, DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE),
	F(drm_vuma_bo_sync_range, offset, OFFSET, 0),
	F(drm_vuma_bo_sync_range, size, RANGE, 0), { 0 },
};

static const struct field cmd_fields[] = {
	F(drm_vuma_cmd, opcode, ENUM, DRM_VUMA_OP_SPIN), F(drm_vuma_cmd, flags, ANY, 0),
	F(drm_vuma_cmd, dst, VA, 0), F(drm_vuma_cmd, src, VA, 0), F(drm_vuma_cmd, src2, VA, 0),
	F(drm_vuma_cmd, size, RANGE, 0), F(drm_vuma_cmd, arg0, NUMBER, 300),
	F(drm_vuma_cmd, arg1, NUMBER, 3), F(drm_vuma_cmd, reserved, ANY, 0), { 0 },
};

static const struct field bo_cmd_fields[] = {
	F(drm_vuma_cmd, opcode, ENUM, DRM_VUMA_OP_SPIN), F(drm_vuma_cmd, flags, ANY, 0),
	F(drm_vuma_cmd, dst, BO_ADDR, 0), F(drm_vuma_cmd, src, BO_ADDR, 0),
	F(drm_vuma_cmd, src2, BO_ADDR, 0), F(drm_vuma_cmd, size, RANGE, 0),
	F(drm_vuma_cmd, arg0, NUMBER, 300), F(drm_vuma_cmd, arg1, NUMBER, 3),
	F(drm_vuma_cmd, reserved, ANY, 0), { 0 },
};

static const struct field bo_fields[] = {
	F(drm_vuma_legacy_bo, handle, HANDLE, 0), F(drm_vuma_legacy_bo, flags, FLAGS, 1),
	F(drm_vuma_legacy_bo, va, ANY, 0), { 0 },
};

static const struct field sync_fields[] = {
	F(drm_vuma_sync, handle, SYNCOBJ, 0), F(drm_vuma_sync, flags, ANY, 0),
	F(drm_vuma_sync, point, NUMBER, 8), { 0 },
};

static const struct field u32_fields[] = { { 0, 4, SYNCOBJ, 0 }, { 0 } };
static const struct field u64_fields[] = { { 0, 8, NUMBER, 8 }, { 0 } };

#define VUMA(_name, _type, ...) \
	.name = #_name, .request = DRM_IOCTL_VUMA_##_name, .size = sizeof(struct _type), \
	.fields = { __VA_ARGS__ }
#define CORE(_name, _type, ...) \
	.name = #_name, .request = DRM_IOCTL_##_name, .size = sizeof(struct _type), \
	.fields = { __VA_ARGS__ }
#define RESULT(_type, _member, _kind) \
	.result = offsetof(struct _type, _member) + 1, .result_kind = _kind

static const struct type types[] = {
	{ VUMA(GET_PARAM, drm_vuma_get_param,
	       F(drm_vuma_get_param, param, ENUM, 12), F(drm_vuma_get_param, vm_id, VM, 0),
	       F(drm_vuma_get_param, value, ANY, 0)) },
	{ VUMA(BO_CREATE, drm_vuma_bo_create,
	       F(drm_vuma_bo_create, size, SIZE, 0), F(drm_vuma_bo_create, flags, FLAGS, 15),
	       F(drm_vuma_bo_create, handle, ANY, 0)),
	  .errors = { ENOMEM, E2BIG }, RESULT(drm_vuma_bo_create, handle, HANDLE) },
	{ VUMA(BO_MMAP_OFFSET, drm_vuma_bo_mmap_offset,
	       F(drm_vuma_bo_mmap_offset, handle, HANDLE, 0),
	       F(drm_vuma_bo_mmap_offset, flags, ANY, 0),
	       F(drm_vuma_bo_mmap_offset, offset, ANY, 0)), .errors = { EPERM } },
	{ VUMA(BO_QUERY, drm_vuma_bo_query,
	       F(drm_vuma_bo_query, handle, HANDLE, 0), F(drm_vuma_bo_query, flags, ANY, 0),
	       F(drm_vuma_bo_query, pad, ANY, 0)) },
	{ VUMA(BO_MADVISE, drm_vuma_bo_madvise,
	       F(drm_vuma_bo_madvise, handle, HANDLE, 0),
	       F(drm_vuma_bo_madvise, advice, ENUM, DRM_VUMA_MADV_DISCARD),
	       F(drm_vuma_bo_madvise, offset, OFFSET, 0),
	       F(drm_vuma_bo_madvise, size, RANGE, 0),
	       F(drm_vuma_bo_madvise, retained, ANY, 0), F(drm_vuma_bo_madvise, pad, ANY, 0)),
	  .errors = { EPERM, EBUSY, ENOMEM, EIO } },
	{ VUMA(BO_SET_LABEL, drm_vuma_bo_set_label,
	       F(drm_vuma_bo_set_label, handle, HANDLE, 0),
	       F(drm_vuma_bo_set_label, flags, ANY, 0),
	       F(drm_vuma_bo_set_label, label, ARRAY, 0),
	       F(drm_vuma_bo_set_label, len, COUNT, DRM_VUMA_LABEL_MAX),
	       F(drm_vuma_bo_set_label, pad, ANY, 0)), .errors = { E2BIG } },
	{ VUMA(BO_WAIT, drm_vuma_bo_wait,
	       F(drm_vuma_bo_wait, handle, HANDLE, 0), F(drm_vuma_bo_wait, flags, FLAGS, 1),
	       F(drm_vuma_bo_wait, timeout_ns, RELATIVE, 0)), .errors = { ETIME, EBUSY } },
	{ VUMA(VM_CREATE, drm_vuma_vm_create,
	       F(drm_vuma_vm_create, flags, ANY, 0), F(drm_vuma_vm_create, vm_id, ANY, 0)),
	  .errors = { ENOSPC, ENOMEM, EBUSY }, RESULT(drm_vuma_vm_create, vm_id, VM) },
	{ VUMA(VM_DESTROY, drm_vuma_vm_destroy,
	       F(drm_vuma_vm_destroy, vm_id, VM, 0), F(drm_vuma_vm_destroy, pad, ANY, 0)) },
	{ VUMA(VM_BIND, drm_vuma_vm_bind,
	       F(drm_vuma_vm_bind, vm_id, VM, 0), F(drm_vuma_vm_bind, flags, ANY, 0),
	       F(drm_vuma_vm_bind, ops, ARRAY, 0),
	       F(drm_vuma_vm_bind, op_count, COUNT, DRM_VUMA_BIND_MAX_OPS),
	       F(drm_vuma_vm_bind, op_done, ANY, 0), F(drm_vuma_vm_bind, syncs, ANY, 0),
	       F(drm_vuma_vm_bind, sync_count, ANY, 0), F(drm_vuma_vm_bind, pad, ANY, 0)),
	  .errors = { ENOMEM, E2BIG, EBUSY, EACCES }, .elements = { op_fields },
	  .strides = { sizeof(struct drm_vuma_bind_op) } },
	{ VUMA(SUBMIT, drm_vuma_submit,
	       F(drm_vuma_submit, vm_id, VM, 0), F(drm_vuma_submit, flags, ANY, 0),
	       F(drm_vuma_submit, cmds, ARRAY, 0), F(drm_vuma_submit, in_syncs, ARRAY, 1),
	       F(drm_vuma_submit, out_syncs, ARRAY, 2),
	       F(drm_vuma_submit, cmd_count, COUNT, 16384),
	       F(drm_vuma_submit, in_sync_count, SYNC_COUNT, DRM_VUMA_SUBMIT_MAX_SYNCS),
	       F(drm_vuma_submit, out_sync_count, SYNC_COUNT, DRM_VUMA_SUBMIT_MAX_SYNCS),
	       F(drm_vuma_submit, pad, ANY, 0)),
	  .errors = { ENOMEM, E2BIG, EBUSY, EIO },
	  .elements = { cmd_fields, sync_fields, sync_fields },
	  .strides = { sizeof(struct drm_vuma_cmd), sizeof(struct drm_vuma_sync),
		       sizeof(struct drm_vuma_sync) } },
	{ VUMA(SUBMIT_LEGACY, drm_vuma_submit_legacy,
	       F(drm_vuma_submit_legacy, flags, FLAGS, DRM_VUMA_LEGACY_TRIM),
	       F(drm_vuma_submit_legacy, bo_count, COUNT, DRM_VUMA_LEGACY_MAX_BOS),
	       F(drm_vuma_submit_legacy, bos, ARRAY, 3),
	       F(drm_vuma_submit_legacy, cmds, ARRAY, 0),
	       F(drm_vuma_submit_legacy, in_syncs, ARRAY, 1),
	       F(drm_vuma_submit_legacy, out_syncs, ARRAY, 2),
	       F(drm_vuma_submit_legacy, cmd_count, NUMBER, 2),
	       F(drm_vuma_submit_legacy, in_sync_count, SYNC_COUNT, DRM_VUMA_SUBMIT_MAX_SYNCS),
	       F(drm_vuma_submit_legacy, out_sync_count, SYNC_COUNT, DRM_VUMA_SUBMIT_MAX_SYNCS),
	       F(drm_vuma_submit_legacy, pad, ANY, 0)),
	  .errors = { ENOMEM, E2BIG, EBUSY, ENOSPC, EACCES, EOPNOTSUPP },
	  .elements = { bo_cmd_fields, sync_fields, sync_fields, bo_fields },
	  .strides = { sizeof(struct drm_vuma_cmd), sizeof(struct drm_vuma_sync),
		       sizeof(struct drm_vuma_sync), sizeof(struct drm_vuma_legacy_bo) } },
	{ VUMA(SCANOUT_PIN, drm_vuma_scanout,
	       F(drm_vuma_scanout, handle, HANDLE, 0), F(drm_vuma_scanout, flags, ANY, 0)),
	  .errors = { ENOMEM, EOVERFLOW } },
	{ VUMA(SCANOUT_UNPIN, drm_vuma_scanout,
	       F(drm_vuma_scanout, handle, HANDLE, 0), F(drm_vuma_scanout, flags, ANY, 0)) },
	{ VUMA(BO_SYNC, drm_vuma_bo_sync,
	       F(drm_vuma_bo_sync, ranges, ARRAY, 0),
	       F(drm_vuma_bo_sync, count, COUNT, DRM_VUMA_BO_SYNC_MAX_RANGES),
	       F(drm_vuma_bo_sync, flags, ANY, 0)),
	  .errors = { ENOMEM, E2BIG }, .elements = { range_fields },
	  .strides = { sizeof(struct drm_vuma_bo_sync_range) } },
	/* Jobs write to arrays that ioctls read. */
	{ VUMA(BO_USERPTR, drm_vuma_bo_userptr,
	       F(drm_vuma_bo_userptr, addr, ARRAY, 0),
	       F(drm_vuma_bo_userptr, size, PAGES, FUZZ_SPACE),
	       F(drm_vuma_bo_userptr, flags, FLAGS,
		 DRM_VUMA_USERPTR_READONLY | DRM_VUMA_USERPTR_NOTIFIER),
	       F(drm_vuma_bo_userptr, handle, ANY, 0)),
	  .errors = { ENOMEM, E2BIG, EOPNOTSUPP }, RESULT(drm_vuma_bo_userptr, handle, HANDLE) },
	{ VUMA(HEAP_CREATE, drm_vuma_heap_create,
	       F(drm_vuma_heap_create, vm_id, VM, 0),
	       F(drm_vuma_heap_create, policy, ENUM, DRM_VUMA_HEAP_LOSE_VM),
	       F(drm_vuma_heap_create, size, SIZE, 0), F(drm_vuma_heap_create, granule, SIZE, 0),
	       F(drm_vuma_heap_create, hint, NUMBER, 65536), F(drm_vuma_heap_create, va, ANY, 0),
	       F(drm_vuma_heap_create, flags, FLAGS, DRM_VUMA_HEAP_HANDLE),
	       F(drm_vuma_heap_create, heap_id, ANY, 0), F(drm_vuma_heap_create, handle, ANY, 0),
	       F(drm_vuma_heap_create, pad, ANY, 0)),
	  .errors = { E2BIG, ENOSPC, ENOMEM, EOPNOTSUPP } },
	{ VUMA(HEAP_DESTROY, drm_vuma_heap_destroy,
	       F(drm_vuma_heap_destroy, vm_id, VM, 0),
	       F(drm_vuma_heap_destroy, heap_id, NUMBER, 17)), .errors = { EOPNOTSUPP } },
	/* Not there at all: what the core says to any unknown number. */
	{ .name = "UNKNOWN", .request = DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_BO_USERPTR + 1,
						 uint64_t[4]), .size = 32,
	  .fields = { { 0, 8, NUMBER, 8 } } },
	{ CORE(GEM_CLOSE, drm_gem_close,
	       F(drm_gem_close, handle, HANDLE, 0), F(drm_gem_close, pad, ANY, 0)) },
	{ CORE(PRIME_HANDLE_TO_FD, drm_prime_handle,
	       F(drm_prime_handle, handle, HANDLE, 0), F(drm_prime_handle, flags, FLAGS, O_RDWR |
							 O_CLOEXEC)),
	  .errors = { ENOMEM, EMFILE, EBUSY, EAGAIN, EPERM },
	  RESULT(drm_prime_handle, fd, DMABUF) },
	{ CORE(PRIME_FD_TO_HANDLE, drm_prime_handle,
	       F(drm_prime_handle, fd, DMABUF, 0), F(drm_prime_handle, flags, ANY, 0)),
	  .errors = { ENOMEM, EBADF, EBUSY }, RESULT(drm_prime_handle, handle, HANDLE) },
	{ CORE(MODE_CREATE_DUMB, drm_mode_create_dumb,
	       F(drm_mode_create_dumb, height, NUMBER, 256),
	       F(drm_mode_create_dumb, width, NUMBER, 256),
	       F(drm_mode_create_dumb, bpp, NUMBER, 33), F(drm_mode_create_dumb, flags, ANY, 0)),
	  .errors = { ENOMEM, E2BIG, EACCES, EOVERFLOW },
	  RESULT(drm_mode_create_dumb, handle, HANDLE) },
	{ CORE(MODE_MAP_DUMB, drm_mode_map_dumb,
	       F(drm_mode_map_dumb, handle, HANDLE, 0), F(drm_mode_map_dumb, pad, ANY, 0)),
	  .errors = { EACCES, EPERM } },
	{ CORE(MODE_DESTROY_DUMB, drm_mode_destroy_dumb,
	       F(drm_mode_destroy_dumb, handle, HANDLE, 0)), .errors = { EACCES } },
	{ CORE(SYNCOBJ_CREATE, drm_syncobj_create,
	       F(drm_syncobj_create, flags, FLAGS, 1), F(drm_syncobj_create, handle, ANY, 0)),
	  .errors = { ENOMEM }, RESULT(drm_syncobj_create, handle, SYNCOBJ) },
	{ CORE(SYNCOBJ_DESTROY, drm_syncobj_destroy,
	       F(drm_syncobj_destroy, handle, SYNCOBJ, 0),
	       F(drm_syncobj_destroy, pad, ANY, 0)) },
	{ CORE(SYNCOBJ_WAIT, drm_syncobj_wait,
	       F(drm_syncobj_wait, handles, ARRAY, 0),
	       F(drm_syncobj_wait, timeout_nsec, ABSOLUTE, 0),
	       F(drm_syncobj_wait, count_handles, CORE_COUNT, 64),
	       F(drm_syncobj_wait, flags, FLAGS, 3), F(drm_syncobj_wait, pad, ANY, 0)),
	  .errors = { ENOMEM, ETIME }, .elements = { u32_fields }, .strides = { 4 } },
	{ CORE(SYNCOBJ_RESET, drm_syncobj_array,
	       F(drm_syncobj_array, handles, ARRAY, 0),
	       F(drm_syncobj_array, count_handles, CORE_COUNT, 64),
	       F(drm_syncobj_array, pad, ANY, 0)),
	  .errors = { ENOMEM }, .elements = { u32_fields }, .strides = { 4 } },
	{ CORE(SYNCOBJ_SIGNAL, drm_syncobj_array,
	       F(drm_syncobj_array, handles, ARRAY, 0),
	       F(drm_syncobj_array, count_handles, CORE_COUNT, 64),
	       F(drm_syncobj_array, pad, ANY, 0)),
	  .errors = { ENOMEM }, .elements = { u32_fields }, .strides = { 4 } },
	{ CORE(SYNCOBJ_TIMELINE_WAIT, drm_syncobj_timeline_wait,
	       F(drm_syncobj_timeline_wait, handles, ARRAY, 0),
	       F(drm_syncobj_timeline_wait, points, ARRAY, 1),
	       F(drm_syncobj_timeline_wait, timeout_nsec, ABSOLUTE, 0),
	       F(drm_syncobj_timeline_wait, count_handles, CORE_COUNT, 64),
	       F(drm_syncobj_timeline_wait, flags, FLAGS, 7)),
	  .errors = { ENOMEM, ETIME }, .elements = { u32_fields, u64_fields },
	  .strides = { 4, 8 } },
	{ CORE(SYNCOBJ_TIMELINE_SIGNAL, drm_syncobj_timeline_array,
	       F(drm_syncobj_timeline_array, handles, ARRAY, 0),
	       F(drm_syncobj_timeline_array, points, ARRAY, 1),
	       F(drm_syncobj_timeline_array, count_handles, CORE_COUNT, 64),
	       F(drm_syncobj_timeline_array, flags, ANY, 0)),
	  .errors = { ENOMEM }, .elements = { u32_fields, u64_fields }, .strides = { 4, 8 } },
	{ CORE(SYNCOBJ_QUERY, drm_syncobj_timeline_array,
	       F(drm_syncobj_timeline_array, handles, ARRAY, 0),
	       F(drm_syncobj_timeline_array, points, ARRAY, 1),
	       F(drm_syncobj_timeline_array, count_handles, CORE_COUNT, 64),
	       F(drm_syncobj_timeline_array, flags, FLAGS, 1)),
	  .errors = { ENOMEM }, .elements = { u32_fields, u64_fields }, .strides = { 4, 8 } },
	{ CORE(SYNCOBJ_TRANSFER, drm_syncobj_transfer,
	       F(drm_syncobj_transfer, src_handle, SYNCOBJ, 0),
	       F(drm_syncobj_transfer, dst_handle, SYNCOBJ, 0),
	       F(drm_syncobj_transfer, src_point, NUMBER, 8),
	       F(drm_syncobj_transfer, dst_point, NUMBER, 8),
	       F(drm_syncobj_transfer, flags, ANY, 0), F(drm_syncobj_transfer, pad, ANY, 0)),
	  .errors = { ENOMEM, ETIME } },
};

unsigned int fuzz_types(void)
{
	return ARRAY_SIZE(types);
}

const char *fuzz_name(const struct fuzz_input *input)
{
	return types[input->type].name;
}

bool fuzz_can_succeed(const struct fuzz_input *input)
{
	const struct type *type = &types[input->type];

	return type->errors[0] != EOPNOTSUPP && strcmp(type->name, "UNKNOWN");
}

bool fuzz_documented(const struct fuzz_input *input, int error)
{
	const struct type *type = &types[input->type];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(common); i++)
		if (common[i] == -error)
			return true;
	for (i = 0; i < MAX_ERRORS && type->errors[i]; i++)
		if (type->errors[i] == -error)
			return true;
	return !error;
}

static uint64_t below(uint64_t *rng, uint64_t limit)
{
	return (vuma_random(rng) >> 16) % limit;
}

static bool one_in(uint64_t *rng, uint64_t n)
{
	return !below(rng, n);
}

/* Near a border of what 2, 32, 48 or 64 bits hold. */
static uint64_t odd_number(uint64_t *rng)
{
	return (1ull << below(rng, 64)) + below(rng, 5) - 2;
}

static uint64_t value_of(const struct field *f, uint64_t *rng)
{
	switch (f->kind) {
	/* The lowest that is free is given out first, so low ones are likely to exist. */
	case HANDLE:
		return below(rng, below(rng, FUZZ_HANDLES) + 1) + 1;
	case VM:
	case SYNCOBJ:
		return below(rng, below(rng, FUZZ_IDS) + 1) + 1;
	case DMABUF:
		return below(rng, FUZZ_DMABUFS);
	case FLAGS:
		return vuma_random(rng) & f->max;
	case ENUM:
		return below(rng, f->max + 1);
	case SIZE:
		return (1 + below(rng, 64)) << (one_in(rng, 4) ? 14 : 12);
	case VA:
		/* A few places, so that calls meet each other. */
		return 0x200000 * (1 + below(rng, 4)) + below(rng, 64) * GPU_PAGE;
	case BO_ADDR:
		return DRM_VUMA_LEGACY_ADDR(below(rng, 3), below(rng, 16) * GPU_PAGE);
	case OFFSET:
		return below(rng, 16) * GPU_PAGE;
	case RANGE:
		return (1 + below(rng, 64)) * (one_in(rng, 8) ? 8 : GPU_PAGE);
	case NUMBER:
		return below(rng, f->max + 1);
	case PAGES:
		return below(rng, f->max / PAGE + 1) * PAGE;
	case SYNC_COUNT:
		return one_in(rng, 4) ? below(rng, 3) : 0;
	case COUNT:
	case CORE_COUNT:
		return one_in(rng, 64) ? f->max + below(rng, 2) : 1 + below(rng, 3);
	case RELATIVE:
	case ABSOLUTE:
		return below(rng, NS_PER_WAIT) * below(rng, 2);
	case ARRAY:
		return one_in(rng, BAD_PTR_CHANCE) ? 1 : 0;
	default:
		return 0;
	}
}

/* What would take for ever, or all memory, is not tried. */
static uint64_t random_value(const struct field *f, uint64_t *rng)
{
	if (!one_in(rng, 32))
		return value_of(f, rng);
	switch (f->kind) {
	case SIZE:
		return one_in(rng, 2) ? 0 : 1ull << (48 + below(rng, 16));
	case RANGE:
		return one_in(rng, 2) ? below(rng, 64) : 1ull << (44 + below(rng, 20));
	case RELATIVE:
		return -below(rng, 1000);
	case CORE_COUNT:
		return below(rng, 10000);
	case NUMBER:
	case PAGES:
	case ARRAY:
		return value_of(f, rng);
	default:
		return odd_number(rng);
	}
}

static void fill(uint8_t *data, const struct field *fields, uint64_t *rng)
{
	for (; fields->width; fields++) {
		uint64_t value = random_value(fields, rng);

		memcpy(data + fields->off, &value, fields->width);
	}
}

static void fill_array(struct fuzz_input *input, unsigned int array, uint64_t *rng)
{
	const struct type *type = &types[input->type];
	uint32_t at, i;

	if (!type->elements[array]) {
		for (i = 0; i < FUZZ_ARRAY; i++)
			input->arrays[array][i] = one_in(rng, 64) ? 0 : 'a' + below(rng, 26);
		return;
	}
	for (at = 0; at + type->strides[array] <= FUZZ_ARRAY; at += type->strides[array])
		fill(&input->arrays[array][at], type->elements[array], rng);
}

static void straighten_ops(struct drm_vuma_bind_op *op, size_t count)
{
	for (; count--; op++)
		if (op->op == DRM_VUMA_BIND_UNMAP)
			*op = vuma_op_unmap(op->va, op->range);
}

/* What an opcode does not use has to be 0, which chance alone would hardly find. */
static void straighten_cmds(struct drm_vuma_cmd *cmd, size_t count)
{
	for (; count--; cmd++) {
		struct drm_vuma_cmd old = *cmd;

		switch (old.opcode) {
		case DRM_VUMA_OP_FILL:
			*cmd = vuma_cmd_fill(old.dst, old.size, old.arg0, old.arg1);
			break;
		case DRM_VUMA_OP_COPY:
			*cmd = vuma_cmd_copy(old.dst, old.src, old.size);
			break;
		case DRM_VUMA_OP_ADD:
			*cmd = vuma_cmd_add(old.dst, old.src, old.src2, old.size);
			break;
		case DRM_VUMA_OP_COMPARE:
			*cmd = vuma_cmd_compare(old.dst, old.src, old.src2, old.size);
			break;
		case DRM_VUMA_OP_CHECKSUM:
			*cmd = vuma_cmd_checksum(old.dst, old.src, old.size);
			break;
		case DRM_VUMA_OP_CHASE:
			*cmd = vuma_cmd_chase(old.dst, old.src, old.arg0);
			break;
		case DRM_VUMA_OP_SPIN:
			*cmd = vuma_cmd_spin(old.arg0);
			break;
		default:
			*cmd = vuma_cmd_nop();
		}
	}
}

static void remove_array(struct fuzz_input *input, uint32_t array)
{
	const uint64_t none = ARRAY_NONE;
	const struct field *f;

	for (f = types[input->type].fields; f->width; f++)
		if (f->kind == ARRAY && f->max == array)
			memcpy(input->args + f->off, &none, f->width);
}

/* A count of 0 and a pointer do not go together. In-syncs are array 1, out-syncs array 2. */
static void straighten_syncs(struct fuzz_input *input)
{
	const struct field *f;
	uint32_t count, array = 1;

	for (f = types[input->type].fields; f->width; f++) {
		if (f->kind != SYNC_COUNT)
			continue;
		memcpy(&count, input->args + f->off, sizeof(count));
		if (!count)
			remove_array(input, array);
		array++;
	}
}

/* Few numbers are a power of two, and most hints are larger than most heaps. */
static void straighten_heap(struct drm_vuma_heap_create *heap)
{
	uint64_t pages = heap->size / PAGE % 1024 + 1;

	*heap = (struct drm_vuma_heap_create){
		.vm_id = heap->vm_id,
		.policy = DRM_VUMA_HEAP_RENDER + heap->policy % DRM_VUMA_HEAP_LOSE_VM,
		.size = pages * PAGE,
		.granule = (uint64_t)PAGE << heap->granule / PAGE % 10,
		.hint = heap->hint % (pages * PAGE + 1),
	};
}

static void straighten(struct fuzz_input *input)
{
	const struct field *elements = types[input->type].elements[0];
	void *array = input->arrays[0];

	if (elements == op_fields)
		straighten_ops(array, FUZZ_ARRAY / sizeof(struct drm_vuma_bind_op));
	else if (elements == cmd_fields || elements == bo_cmd_fields)
		straighten_cmds(array, FUZZ_ARRAY / sizeof(struct drm_vuma_cmd));
	else if (types[input->type].request == DRM_IOCTL_VUMA_HEAP_CREATE)
		straighten_heap((void *)input->args);
	straighten_syncs(input);
}

void fuzz_make(struct fuzz_input *input, uint64_t *rng)
{
	const struct type *type;
	unsigned int i;

	memset(input, 0, sizeof(*input));
	input->type = below(rng, ARRAY_SIZE(types));
	/* The heart of it, more often. */
	if (one_in(rng, 3))
		input->type = 8 + below(rng, 3);
	type = &types[input->type];
	input->file = below(rng, FUZZ_FILES);
	/* But a file descriptor that nobody is told of could never be closed. */
	if (type->result_kind != DMABUF && one_in(rng, 64))
		input->size = below(rng, FUZZ_ARGS);
	fill(input->args, type->fields, rng);
	for (i = 0; i < FUZZ_ARRAYS; i++)
		fill_array(input, i, rng);
	if (!one_in(rng, 8))
		straighten(input);
}

static void mutate_fields(uint8_t *data, const struct field *fields, uint64_t *rng)
{
	unsigned int n = 0;
	uint64_t value;

	while (fields[n].width)
		n++;
	if (!n)
		return;
	fields += below(rng, n);
	value = random_value(fields, rng);
	memcpy(data + fields->off, &value, fields->width);
}

void fuzz_mutate(struct fuzz_input *input, uint64_t *rng)
{
	const struct type *type = &types[input->type];
	unsigned int array = below(rng, FUZZ_ARRAYS);
	uint32_t stride = type->strides[array];

	if (one_in(rng, 8))
		input->file = below(rng, FUZZ_FILES);
	if (type->elements[array] && one_in(rng, 2))
		mutate_fields(&input->arrays[array][below(rng, FUZZ_ARRAY / stride) * stride],
			      type->elements[array], rng);
	else
		mutate_fields(input->args, type->fields, rng);
}

static uint8_t *new_room(size_t size)
{
	void *map = KT_MAPPED(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				   -1, 0));

	return map;
}

void fuzz_room_init(struct fuzz_room *room)
{
	unsigned int i;

	room->args = new_room(16 * PAGE);
	for (i = 0; i < FUZZ_ARRAYS; i++)
		room->arrays[i] = new_room(FUZZ_SPACE);
}

/* Numbers that mean something only now: addresses, times, file descriptors. */
static void resolve(struct fuzz_target *target, struct fuzz_room *room,
		    const struct fuzz_input *input)
{
	const struct field *f;
	uint64_t value;

	for (f = types[input->type].fields; f->width; f++) {
		value = 0;
		memcpy(&value, room->args + f->off, f->width);
		if (f->kind == ARRAY && value == ARRAY_NONE)
			value = 0;
		else if (f->kind == ARRAY)
			value = value ? 0xdead0000ull + f->max : (uintptr_t)room->arrays[f->max];
		else if (f->kind == ABSOLUTE)
			value = value ? vuma_now_ns() + (int64_t)value % NS_PER_WAIT : 0;
		else if (f->kind == DMABUF && value < FUZZ_DMABUFS)
			value = atomic_load(&target->dmabufs[value]);
		else
			continue;
		memcpy(room->args + f->off, &value, f->width);
	}
}

/* What was made is closed at once if there are enough, or else remembered. */
static void keep(struct fuzz_target *target, int fd, enum kind kind, uint32_t result)
{
	struct drm_vuma_vm_destroy destroy = { .vm_id = result };
	int old;

	switch (kind) {
	case HANDLE:
		if (result > FUZZ_HANDLES)
			vuma_bo_close(fd, result);
		break;
	case VM:
		if (result > FUZZ_IDS)
			vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_DESTROY, &destroy);
		break;
	case SYNCOBJ:
		if (result > FUZZ_IDS)
			vuma_syncobj_destroy(fd, result);
		break;
	case DMABUF:
		old = atomic_exchange(&target->dmabufs[result % FUZZ_DMABUFS], (int)result);
		if (old >= 0)
			close(old);
		break;
	default:
		break;
	}
}

static void count_pins(struct fuzz_target *target, int fd, unsigned long request,
		       const struct fuzz_room *room)
{
	const struct drm_vuma_scanout *args = (const void *)room->args;
	int pins;

	if (request == DRM_IOCTL_VUMA_SCANOUT_UNPIN)
		atomic_fetch_sub(&target->pins, 1);
	if (request != DRM_IOCTL_VUMA_SCANOUT_PIN)
		return;
	pins = atomic_fetch_add(&target->pins, 1);
	/* The handle may be another buffer's by now: then it is one pin more. */
	if (pins >= MAX_PINS && !vuma_scanout_unpin(fd, args->handle))
		atomic_fetch_sub(&target->pins, 1);
}

int fuzz_run(struct fuzz_target *target, struct fuzz_room *room,
	     const struct fuzz_input *input)
{
	const struct type *type = &types[input->type];
	unsigned long request = type->request;
	int fd = target->files[input->file], ret;
	unsigned int i;
	uint32_t result;

	memset(room->args, 0, 2 * FUZZ_ARGS);
	memcpy(room->args, input->args, sizeof(input->args));
	for (i = 0; i < FUZZ_ARRAYS; i++)
		memcpy(room->arrays[i], input->arrays[i], FUZZ_ARRAY);
	resolve(target, room, input);
	if (input->size)
		request = _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request),
			       input->size);
	ret = vuma_ioctl_once(fd, request, room->args);
	if (!ret)
		count_pins(target, fd, request, room);
	/* With a size too small, the handle may be nowhere. */
	if (!ret && type->result && (!input->size || input->size >= type->result + 3u)) {
		memcpy(&result, room->args + type->result - 1, sizeof(result));
		keep(target, fd, type->result_kind, result);
	}
	return ret < 0 ? ret : 0;
}
