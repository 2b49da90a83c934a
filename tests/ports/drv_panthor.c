// SPDX-License-Identifier: GPL-2.0
/*
 * panthor: addresses are user space's. Each file has one address space, in which a buffer has
 * an address for as long as it has its handle, and one group of command streams, the queues.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "drv_panthor.h"
#include "file.h"
#include "vuma_client.h"

#define DRIVER		"/sys/bus/platform/drivers/panthor"
#define POWER		"/sys/bus/platform/devices/panthor/power/control"
#define MODEL		"/sys/kernel/debug/panthor-model/"
#define QUEUES		3
#define FIRST_VA	0x10000000
#define HUGE		(2 * MIB)
#define LONG		100000000000ll

/* Of a file: what it has made. */
struct client {
	uint32_t vm, group, syncobj;
	uint32_t next_va;
};

/* By file descriptor. */
static struct client clients[64];

#define ARRAY_OF(_array, _count) \
	{ .stride = sizeof(*(_array)), .count = (_count), .array = (uintptr_t)(_array) }

static int new_vm(int fd, uint32_t *vm)
{
	struct drm_panthor_vm_create args = { .user_va_range = 1ull << 40 };
	int ret = port_ioctl(fd, DRM_IOCTL_PANTHOR_VM_CREATE, &args);

	*vm = args.id;
	return ret;
}

static int new_group(int fd, uint32_t vm, uint32_t *group)
{
	struct drm_panthor_queue_create queues[QUEUES] = {
		{ .priority = 1, .ringbuf_size = 4096 }, { .priority = 1, .ringbuf_size = 4096 },
		{ .priority = 1, .ringbuf_size = 4096 },
	};
	struct drm_panthor_group_create args = {
		.queues = ARRAY_OF(queues, QUEUES), .priority = PANTHOR_GROUP_PRIORITY_MEDIUM,
		.max_compute_cores = 1, .max_fragment_cores = 1, .max_tiler_cores = 1,
		.compute_core_mask = 1, .fragment_core_mask = 1, .tiler_core_mask = 1,
		.vm_id = vm,
	};
	int ret = port_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_CREATE, &args);

	*group = args.group_handle;
	return ret;
}

/* A descriptor may be another file by now, which has no address space. */
static struct client *client_of(int fd)
{
	struct client *c = &clients[fd];
	struct drm_panthor_vm_get_state state = { .vm_id = c->vm };

	KT_LT((size_t)fd, ARRAY_SIZE(clients));
	if (c->vm && !port_ioctl(fd, DRM_IOCTL_PANTHOR_VM_GET_STATE, &state))
		return c;
	*c = (struct client) { .next_va = FIRST_VA };
	KT_OK(new_vm(fd, &c->vm));
	KT_OK(new_group(fd, c->vm, &c->group));
	KT_OK(vuma_syncobj_create(fd, false, &c->syncobj));
	return c;
}

static int bind_ops(int fd, uint32_t vm, uint32_t flags, struct drm_panthor_vm_bind_op *ops,
		    unsigned int nr)
{
	struct drm_panthor_vm_bind args = {
		.vm_id = vm, .flags = flags, .ops = ARRAY_OF(ops, nr),
	};

	return port_ioctl(fd, DRM_IOCTL_PANTHOR_VM_BIND, &args);
}

struct drm_panthor_vm_bind_op panthor_map_op(const struct port_bo *bo, uint64_t offset,
					     uint64_t va, uint64_t size)
{
	return (struct drm_panthor_vm_bind_op) {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP, .bo_handle = bo->handle,
		.bo_offset = offset, .va = va, .size = size,
	};
}

struct drm_panthor_vm_bind_op panthor_unmap_op(uint64_t va, uint64_t size)
{
	return (struct drm_panthor_vm_bind_op) {
		.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_UNMAP, .va = va, .size = size,
	};
}

int panthor_bind_ops(int fd, struct drm_panthor_vm_bind_op *ops, unsigned int nr)
{
	return bind_ops(fd, client_of(fd)->vm, 0, ops, nr);
}

/* Large buffers can have large pages. */
static uint32_t new_va(struct client *c, uint64_t size)
{
	uint32_t align = size < HUGE ? PAGE : HUGE;
	uint32_t va = (c->next_va + align - 1) & ~(align - 1);

	c->next_va = va + size;
	KT_GE(c->next_va, va);
	return va;
}

static int panthor_look_up(struct port_bo *bo)
{
	struct client *c = client_of(bo->fd);
	struct drm_panthor_vm_bind_op op;

	bo->va = new_va(c, bo->size);
	op = panthor_map_op(bo, 0, bo->va, bo->size);
	return bind_ops(bo->fd, c->vm, 0, &op, 1);
}

static int create_with(struct port_bo *bo, uint32_t flags, uint32_t vm)
{
	struct drm_panthor_bo_create args = {
		.size = bo->size, .flags = flags, .exclusive_vm_id = vm,
	};
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PANTHOR_BO_CREATE, &args);

	bo->handle = args.handle;
	return ret;
}

struct port_bo panthor_bo_unbound(int fd, uint64_t size)
{
	struct port_bo bo = { .fd = fd, .size = size };

	KT_OK(create_with(&bo, 0, 0));
	return bo;
}

static int panthor_create(struct port_bo *bo)
{
	int ret = create_with(bo, 0, 0);

	return ret ? ret : panthor_look_up(bo);
}

static void panthor_release(const struct port_bo *bo)
{
	struct drm_panthor_vm_bind_op op = panthor_unmap_op(bo->va, bo->size);

	KT_OK(bind_ops(bo->fd, client_of(bo->fd)->vm, 0, &op, 1));
}

static int panthor_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_panthor_bo_mmap_offset args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PANTHOR_BO_MMAP_OFFSET, &args);

	*offset = args.offset;
	return ret;
}

static int submit_to(int fd, uint32_t queue, uint64_t stream, uint32_t size,
		     struct drm_panthor_sync_op *syncs, unsigned int nr)
{
	struct drm_panthor_queue_submit submit = {
		.queue_index = queue, .stream_addr = stream, .stream_size = size,
		.latest_flush = 1, .syncs = ARRAY_OF(syncs, nr),
	};
	struct drm_panthor_group_submit args = {
		.group_handle = client_of(fd)->group, .queue_submits = ARRAY_OF(&submit, 1),
	};

	return port_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_SUBMIT, &args);
}

static struct drm_panthor_sync_op sync_op(uint32_t handle, uint32_t flags)
{
	return (struct drm_panthor_sync_op) { .flags = flags, .handle = handle };
}

static int submit(int fd, uint32_t queue, const struct port_job *job)
{
	struct drm_panthor_sync_op done = sync_op(client_of(fd)->syncobj,
						  DRM_PANTHOR_SYNC_OP_SIGNAL);

	return submit_to(fd, queue, job->commands->va,
			 job->nr_commands * sizeof(struct engine_cmd), &done, 1);
}

static int submit_vertex(int fd, const struct port_job *job)
{
	return submit(fd, 0, job);
}

static int submit_fragment(int fd, const struct port_job *job)
{
	return submit(fd, 1, job);
}

static int submit_compute(int fd, const struct port_job *job)
{
	return submit(fd, 2, job);
}

static const struct port_queue panthor_queues[] = {
	{ "vertex", submit_vertex },
	{ "fragment", submit_fragment },
	{ "compute", submit_compute },
};

/* For the last job of the file. */
static int panthor_wait(const struct port_bo *bo)
{
	return vuma_syncobj_wait(bo->fd, client_of(bo->fd)->syncobj, LONG);
}

/* Waits for one syncobj, if it is not 0, and signals another. */
static int submit_between(int fd, const struct port_bo *commands, unsigned int nr, uint32_t before,
			  uint32_t after)
{
	struct drm_panthor_sync_op syncs[] = {
		sync_op(after, DRM_PANTHOR_SYNC_OP_SIGNAL),
		sync_op(before, DRM_PANTHOR_SYNC_OP_WAIT),
	};

	return submit_to(fd, 0, commands->va, nr * sizeof(struct engine_cmd), syncs,
			 before ? 2 : 1);
}

static uint32_t new_syncobj(int fd)
{
	uint32_t handle;

	KT_OK(vuma_syncobj_create(fd, false, &handle));
	return handle;
}

static struct engine_cmd check_at(uint64_t va, uint64_t size, uint32_t value)
{
	return (struct engine_cmd) { ENGINE_CHECK, va, value, WORDS(size) };
}

/* A hole in a mapping that may have large pages, with something else in it. */
static void split_mapping(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo a = bo_new_mapped(fd, 4 * MIB), b = bo_new_mapped(fd, 16 * PAGE);
	uint64_t hole = MIB + 3 * PAGE, behind = hole + b.size;
	struct drm_panthor_vm_bind_op ops[] = {
		panthor_unmap_op(a.va + hole, b.size), panthor_map_op(&b, 0, a.va + hole, b.size),
	};
	struct engine_cmd checks[] = {
		check_at(a.va, hole, 100), check_at(a.va + hole, b.size, 7),
		check_at(a.va + behind, a.size - behind, 100 + WORDS(behind)),
	};
	struct engine_cmd whole = check_at(a.va, a.size, 100);
	const struct port_bo *bos[] = { &a, &b };

	fill(a.map, a.size, 100);
	fill(b.map, b.size, 7);
	/* What no job has used may not be in the page table yet. */
	run(&whole, 1, bos, 1);
	KT_OK(bind_ops(fd, c->vm, 0, ops, 2));
	run(checks, ARRAY_SIZE(checks), bos, 2);
	/* As it was; without the hole first, as one operation replaces what is there. */
	ops[0] = panthor_map_op(&a, hole, a.va + hole, b.size);
	KT_OK(bind_ops(fd, c->vm, 0, ops, 1));
	checks[1] = whole;
	run(checks, 2, bos, 2);
	bo_close(&a);
	bo_close(&b);
}

/* Job, binding and job again, in order by syncobjs alone. */
static void bind_async(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo commands = bo_new_mapped(fd, PAGE), a = bo_new(fd, 64 * PAGE);
	struct port_bo b = { .fd = fd, .size = a.size };
	uint32_t first = new_syncobj(fd), bound = new_syncobj(fd), last = new_syncobj(fd);
	struct drm_panthor_sync_op syncs[] = {
		sync_op(first, DRM_PANTHOR_SYNC_OP_WAIT),
		sync_op(bound, DRM_PANTHOR_SYNC_OP_SIGNAL),
	};
	struct drm_panthor_vm_bind_op op;
	struct engine_cmd *cmds = (struct engine_cmd *)commands.map;

	KT_OK(create_with(&b, 0, 0));
	bo_map(&b);
	fill(b.map, b.size, 9);
	cmds[0] = cmd_fill(&a, 500);
	cmds[4] = check_at(a.va, a.size, 9);
	op = panthor_map_op(&b, 0, a.va, b.size);
	op.syncs = (struct drm_panthor_obj_array)ARRAY_OF(syncs, 2);
	KT_OK(submit_between(fd, &commands, 1, 0, first));
	KT_OK(bind_ops(fd, c->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
	commands.va += 4 * sizeof(*cmds);
	KT_OK(submit_between(fd, &commands, 1, bound, last));
	KT_OK(vuma_syncobj_wait(fd, last, LONG));
	verify_engine();
	bo_map(&a);
	verify(a.map, a.size, 500);
}

/* Of one address space alone: shares its resv, and is not lent to others. */
static void exclusive(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo bo = { .fd = fd, .size = 64 * PAGE };
	const struct port_bo *bos[] = { &bo };
	struct drm_panthor_vm_destroy end = {};
	struct drm_panthor_vm_bind_op op;
	struct engine_cmd cmd;
	uint32_t other;

	KT_OK(create_with(&bo, DRM_PANTHOR_BO_NO_MMAP, c->vm));
	KT_OK(panthor_look_up(&bo));
	KT_RET(vuma_prime_export(fd, bo.handle, DRM_CLOEXEC), -EINVAL);
	cmd = cmd_fill(&bo, 3);
	run(&cmd, 1, bos, 1);
	cmd = cmd_check(&bo, 3);
	run(&cmd, 1, bos, 1);
	KT_OK(new_vm(fd, &other));
	op = panthor_map_op(&bo, 0, FIRST_VA, bo.size);
	KT_RET(bind_ops(fd, other, 0, &op, 1), -EINVAL);
	end.id = other;
	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_VM_DESTROY, &end));
	bo_close(&bo);
}

static int sync_bo(const struct port_bo *bo, uint32_t type, uint64_t offset, uint64_t size)
{
	struct drm_panthor_bo_sync_op op = {
		.handle = bo->handle, .type = type, .offset = offset, .size = size,
	};
	struct drm_panthor_bo_sync args = { .ops = ARRAY_OF(&op, 1) };

	return port_ioctl(bo->fd, DRM_IOCTL_PANTHOR_BO_SYNC, &args);
}

static void tell_and_ask(void)
{
	int fd = port_open();
	struct port_bo bo = { .fd = fd, .size = 4 * PAGE }, hidden = { .fd = fd, .size = PAGE };
	struct drm_panthor_bo_query_info info = {};
	struct drm_panthor_bo_set_label label = { .label = (uintptr_t)"a\nlabel" };
	uint64_t offset;

	KT_OK(create_with(&bo, DRM_PANTHOR_BO_WB_MMAP, 0));
	bo_map(&bo);
	KT_OK(sync_bo(&bo, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH, 0, bo.size));
	fill(bo.map, bo.size, 1);
	KT_OK(sync_bo(&bo, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE, 5, PAGE));
	KT_OK(sync_bo(&bo, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH, bo.size, 0));
	KT_RET(sync_bo(&bo, 2, 0, PAGE), -EINVAL);
	KT_RET(sync_bo(&bo, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH, PAGE, bo.size), -EINVAL);
	KT_RET(sync_bo(&bo, DRM_PANTHOR_BO_SYNC_CPU_CACHE_FLUSH, -1ull, 2), -EINVAL);
	verify(bo.map, bo.size, 1);
	info.handle = bo.handle;
	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_BO_QUERY_INFO, &info));
	KT_EQ(info.create_flags, DRM_PANTHOR_BO_WB_MMAP);
	KT_EQ(info.extra_flags, 0);
	label.handle = bo.handle;
	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_BO_SET_LABEL, &label));
	KT_OK(create_with(&hidden, DRM_PANTHOR_BO_NO_MMAP, 0));
	KT_RET(panthor_mmap_offset(&hidden, &offset), -EPERM);
}

/* What is written there is lost, and nothing else. */
static void sparse(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo range = { .fd = fd, .size = 5 * MIB }, seen = bo_new_mapped(fd, PAGE);
	const struct port_bo *bos[] = { &seen };
	struct drm_panthor_vm_bind_op op;
	struct engine_cmd cmds[2];

	range.va = new_va(c, range.size);
	op = panthor_map_op(&range, 0, range.va, range.size);
	op.bo_handle = 0;
	op.flags |= DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE;
	KT_RET(bind_ops(fd, c->vm, 0, &op, 1), -EINVAL);
	op.flags |= DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
	KT_OK(bind_ops(fd, c->vm, 0, &op, 1));
	cmds[0] = cmd_fill(&range, 1);
	cmds[1] = cmd_fill(&seen, 2);
	run(cmds, 2, bos, 1);
	op = panthor_unmap_op(range.va + 10 * PAGE, 3 * MIB);
	KT_OK(bind_ops(fd, c->vm, 0, &op, 1));
	cmds[0] = (struct engine_cmd) { ENGINE_FILL, range.va + 3 * MIB + 10 * PAGE, 1, 2048 };
	run(cmds, 2, bos, 1);
	verify(seen.map, PAGE, 2);
	op = panthor_unmap_op(range.va, range.size);
	KT_OK(bind_ops(fd, c->vm, 0, &op, 1));
}

/* Its second step alone: address spaces, too, are the library's. */
static bool vms_are_ported(void)
{
	return !access("/sys/module/gem_uma_gpuvm/holders/panthor", F_OK);
}

/* A reset waits for whoever writes page tables, so it is not for ever; unmapping a hole is not. */
static void sparse_without_end(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct drm_panthor_vm_bind_op op = panthor_unmap_op(1ull << 41, (1ull << 40) + HUGE);
	const uint32_t unmap = op.flags;

	if (!vms_are_ported())
		KT_SKIP("the original writes all of it");
	op.flags = DRM_PANTHOR_VM_BIND_OP_TYPE_MAP | DRM_PANTHOR_VM_BIND_OP_MAP_SPARSE |
		   DRM_PANTHOR_VM_BIND_OP_MAP_NOEXEC;
	KT_RET(bind_ops(fd, c->vm, 0, &op, 1), -E2BIG);
	op.size -= HUGE;
	KT_OK(bind_ops(fd, c->vm, 0, &op, 1));
	op.flags = unmap;
	KT_OK(bind_ops(fd, c->vm, 0, &op, 1));
}

/* The tiler's memory grows while its job waits. */
static void tiler_heap(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo out = bo_new_mapped(fd, 16 * PAGE);
	const struct port_bo *bos[] = { &out };
	struct drm_panthor_tiler_heap_create heap = {
		.vm_id = c->vm, .initial_chunk_count = 1, .chunk_size = 128 << 10,
		.max_chunks = 8, .target_in_flight = 4,
	};
	struct drm_panthor_tiler_heap_destroy end = {};
	struct engine_cmd cmds[2];
	unsigned int i;

	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &heap));
	cmds[0] = (struct engine_cmd) {
		ENGINE_HEAP, heap.tiler_heap_ctx_gpu_va, heap.tiler_heap_ctx_gpu_va >> 32, 0,
	};
	for (i = 0; i < 5; i++) {
		cmds[1] = cmd_fill(&out, 40 + i);
		cmds[1].op = ENGINE_OVERFLOW;
		run(cmds, 2, bos, 1);
		verify(out.map, out.size, 40 + i);
	}
	end.handle = heap.handle;
	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_DESTROY, &end));
	bo_close(&out);
}

/*
 * A bind waits for the job that makes it grow: who maps the new chunk must not wait for that. What
 * comes first keeps the job from being over when the bind is asked for.
 */
static void tiler_heap_before_bind(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo commands = bo_new_mapped(fd, PAGE), large = bo_new(fd, 16 * MIB);
	struct port_bo unbound = panthor_bo_unbound(fd, 64 * PAGE);
	struct drm_panthor_tiler_heap_create heap = {
		.vm_id = c->vm, .initial_chunk_count = 1, .chunk_size = 128 << 10,
		.max_chunks = 8, .target_in_flight = 4,
	};
	uint32_t first = new_syncobj(fd), grown = new_syncobj(fd), bound = new_syncobj(fd);
	struct drm_panthor_sync_op syncs[] = {
		sync_op(grown, DRM_PANTHOR_SYNC_OP_WAIT),
		sync_op(bound, DRM_PANTHOR_SYNC_OP_SIGNAL),
	};
	struct engine_cmd *cmds = (struct engine_cmd *)commands.map;
	struct drm_panthor_vm_bind_op op;
	int status;

	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &heap));
	cmds[0] = cmd_fill(&large, 1);
	cmds[1] = cmd_fill(&large, 2);
	cmds[4] = (struct engine_cmd) {
		ENGINE_HEAP, heap.tiler_heap_ctx_gpu_va, heap.tiler_heap_ctx_gpu_va >> 32, 0,
	};
	cmds[5] = cmd_fill(&large, 3);
	cmds[5].op = ENGINE_OVERFLOW;
	cmds[5].words = WORDS(16 * PAGE);
	op = panthor_map_op(&unbound, 0, new_va(c, unbound.size), unbound.size);
	op.syncs = (struct drm_panthor_obj_array)ARRAY_OF(syncs, 2);
	KT_OK(submit_between(fd, &commands, 2, 0, first));
	commands.va += 4 * sizeof(*cmds);
	KT_OK(submit_between(fd, &commands, 2, first, grown));
	KT_OK(bind_ops(fd, c->vm, DRM_PANTHOR_VM_BIND_ASYNC, &op, 1));
	KT_OK(vuma_syncobj_wait(fd, bound, LONG));
	KT_OK(vuma_syncobj_status(fd, grown, &status));
	KT_EQ(status, 1);
	verify_engine();
}

/* A worker makes it grow, which is in no cgroup. */
static void tiler_heap_is_charged(void)
{
	struct cgroup cg = tenant("one");
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo out = bo_new_mapped(fd, PAGE), commands = bo_new_mapped(fd, PAGE);
	const struct port_bo *bos[] = { &out };
	struct drm_panthor_tiler_heap_create heap = {
		.vm_id = c->vm, .initial_chunk_count = 1, .chunk_size = HUGE,
		.max_chunks = 8, .target_in_flight = 4,
	};
	struct engine_cmd cmds[2] = { {}, cmd_fill(&out, 1) };
	uint64_t before;
	unsigned int i;

	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &heap));
	cmds[0] = (struct engine_cmd) {
		ENGINE_HEAP, heap.tiler_heap_ctx_gpu_va, heap.tiler_heap_ctx_gpu_va >> 32, 0,
	};
	cmds[1].op = ENGINE_OVERFLOW;
	before = charged(&cg);
	for (i = 0; i < 5; i++)
		run_by(&commands, 0, cmds, 2, bos, 1);
	verify_engine();
	figure("heap_charged", charged(&cg) - before, "bytes");
	/* What is charged in advance is less than a chunk. */
	KT_GE(charged(&cg), before + 4 * HUGE);
}

/* It may not grow: the job fails, and the next one does not. */
static void tiler_heap_full(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo out = bo_new_mapped(fd, PAGE);
	const struct port_bo *bos[] = { &out };
	struct drm_panthor_tiler_heap_create heap = {
		.vm_id = c->vm, .initial_chunk_count = 1, .chunk_size = 128 << 10,
		.max_chunks = 1, .target_in_flight = 4,
	};
	struct engine_cmd cmds[2] = { {}, cmd_fill(&out, 1) };
	int status;

	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_TILER_HEAP_CREATE, &heap));
	cmds[0] = (struct engine_cmd) {
		ENGINE_HEAP, heap.tiler_heap_ctx_gpu_va, heap.tiler_heap_ctx_gpu_va >> 32, 0,
	};
	cmds[1].op = ENGINE_OVERFLOW;
	run(cmds, 2, bos, 1);
	KT_OK(vuma_syncobj_status(fd, c->syncobj, &status));
	KT_EQ(status, -EINVAL);
	KT_EQ(((volatile uint32_t *)out.map)[1], 0);
	cmds[1].op = ENGINE_FILL;
	run(cmds, 2, bos, 1);
	KT_OK(vuma_syncobj_status(fd, c->syncobj, &status));
	KT_EQ(status, 1);
	verify(out.map, PAGE, 1);
}

/* Who has nothing to do with the fault goes on after the reset, with all that was there. */
static void reset(void)
{
	int fd = port_open(), other = port_open();
	struct port_bo kept = bo_new(other, MIB), lost = bo_new_mapped(fd, PAGE);
	const struct port_bo *kept_bos[] = { &kept }, *lost_bos[] = { &lost };
	struct drm_panthor_group_get_state state = { .group_handle = client_of(fd)->group };
	struct engine_cmd cmd = cmd_fill(&kept, 60), fatal = { .op = ENGINE_FATAL };

	run(&cmd, 1, kept_bos, 1);
	run(&fatal, 1, lost_bos, 1);
	KT_OK(port_ioctl(fd, DRM_IOCTL_PANTHOR_GROUP_GET_STATE, &state));
	KT_EQ(state.state & DRM_PANTHOR_GROUP_STATE_FATAL_FAULT,
	      DRM_PANTHOR_GROUP_STATE_FATAL_FAULT);
	cmd = cmd_check(&kept, 60);
	run(&cmd, 1, kept_bos, 1);
	KT_OK(new_group(fd, client_of(fd)->vm, &client_of(fd)->group));
	cmd = cmd_fill(&lost, 61);
	run(&cmd, 1, lost_bos, 1);
	verify(lost.map, PAGE, 61);
}

/*
 * A command of the MMU is never over. What happens to the mapping is the driver's affair, but
 * the GPU is reset, and all others go on. @look: at the state of the MMU, the first before a
 * lock, the third before a flush.
 */
static void unbind_of_a_stuck_mmu(intptr_t look)
{
	int fd = port_open(), other = port_open(), ret;
	struct port_bo bo = bo_new(fd, MIB), kept = bo_new(other, MIB);
	const struct port_bo *bos[] = { &bo }, *kept_bos[] = { &kept };
	struct drm_panthor_vm_bind_op op = panthor_unmap_op(bo.va, bo.size);
	struct engine_cmd cmd = cmd_fill(&bo, 70);
	uint64_t resets;
	char text[8];

	/* Without power it would know nothing. */
	KT_OK(file_write(POWER, "on"));
	run(&cmd, 1, bos, 1);
	cmd = cmd_fill(&kept, 71);
	run(&cmd, 1, kept_bos, 1);
	resets = engine_count("resets");
	snprintf(text, sizeof(text), "%d", (int)look);
	KT_OK(file_write(MODEL "stuck_at", text));
	ret = bind_ops(fd, client_of(fd)->vm, 0, &op, 1);
	while (engine_count("resets") == resets)
		usleep(1000);
	KT_OK(file_write(POWER, "auto"));
	if (ret) {
		cmd = cmd_check(&bo, 70);
		run(&cmd, 1, bos, 1);
	}
	cmd = cmd_check(&kept, 71);
	run(&cmd, 1, kept_bos, 1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	KT_SYS(clock_gettime(CLOCK_MONOTONIC, &ts));
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Of the buffers of a file; where nothing is, the original has no such line. */
static uint64_t resident(int fd)
{
	uint64_t bytes = 0;
	int ret = vuma_fdinfo(getpid(), fd, "drm-resident-memory", &bytes);

	KT_TRUE(!ret || ret == -ENOENT);
	return ret ? 0 : bytes;
}

void panthor_shrink(int fd, uint64_t pages)
{
	FILE *file = open_debugfs(fd, "shrink", "w");

	KT_TRUE(file);
	fprintf(file, "%llu", (unsigned long long)pages);
	KT_EQ(fclose(file), 0);
}

/*
 * By the driver's own door for tests, which is for buffers of the root cgroup. What the MMU knew
 * of them is forgotten before their pages go; without power, it would know nothing.
 */
static void evict_and_restore(void)
{
	int fd = port_open();
	struct port_bo bo = bo_new_mapped(fd, 16 * MIB);
	const struct port_bo *bos[] = { &bo };
	struct engine_cmd check = cmd_check(&bo, 21), end = {};
	uint64_t pages = bo.size / PAGE, start, evicted, flushes;
	unsigned int turn;

	KT_OK(file_write(POWER, "on"));
	fill(bo.map, bo.size, 21);
	run(&check, 1, bos, 1);
	KT_EQ(resident(fd), bo.size);
	flushes = engine_count("flushes");
	start = now_ns();
	/* And some of what others have left. */
	for (turn = 0; turn < 10 && resident(fd); turn++)
		panthor_shrink(fd, pages + 512);
	evicted = now_ns();
	KT_EQ(resident(fd), 0);
	KT_GT(engine_count("flushes"), flushes);
	KT_OK(file_write(POWER, "auto"));
	run(&end, 1, bos, 1);
	figure("restore_ns_per_page", (now_ns() - evicted) / pages, "ns");
	figure("evict_ns_per_page", (evicted - start) / pages, "ns");
	run(&check, 1, bos, 1);
	bo_close(&bo);
}

static const struct ktap_test panthor_tests[] = {
	{ .name = "bind_splits", .run = split_mapping },
	{ .name = "bind_async", .run = bind_async },
	{ .name = "bind_sparse", .run = sparse },
	{ .name = "bind_sparse_without_end", .run = sparse_without_end },
	{ .name = "bind_random", .run = panthor_bind_random },
	{ .name = "exclusive_to_a_vm", .run = exclusive },
	{ .name = "told_and_asked", .run = tell_and_ask },
	{ .name = "heap_grows", .run = tiler_heap },
	{ .name = "heap_before_bind", .run = tiler_heap_before_bind },
	{ .name = "heap_is_charged", .run = tiler_heap_is_charged },
	{ .name = "heap_full", .run = tiler_heap_full },
	{ .name = "evict_and_restore", .run = evict_and_restore },
	{ .name = "reset", .run = reset },
	{ .name = "unbind_of_a_stuck_mmu", .run_arg = unbind_of_a_stuck_mmu, .arg = 1 },
	{ .name = "unbind_of_an_mmu_that_gets_stuck", .run_arg = unbind_of_a_stuck_mmu, .arg = 3 },
};

static void panthor_bind(bool on)
{
	KT_OK(file_write(on ? DRIVER "/bind" : DRIVER "/unbind", "panthor"));
}

const struct port_driver port_panthor = {
	.name = "panthor",
	.create = panthor_create,
	.look_up = panthor_look_up,
	.mmap_offset = panthor_mmap_offset,
	.release = panthor_release,
	.queues = panthor_queues,
	.nr_queues = ARRAY_SIZE(panthor_queues),
	.wait = panthor_wait,
	.tests = panthor_tests,
	.nr_tests = ARRAY_SIZE(panthor_tests),
	.whole_vm = true,
	.bind = panthor_bind,
};
