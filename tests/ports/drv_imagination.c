// SPDX-License-Identifier: GPL-2.0
/*
 * imagination: addresses are user space's. What a VM maps stays in memory, so this client maps
 * what a job names, and unmaps it when the job has ended.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/pvr_drm.h>
#include <xf86drm.h>

#include "file.h"
#include "port.h"
#include "vuma_client.h"

#define POWER		"/sys/bus/platform/devices/powervr/power/control"
/* The general heap; the start of it is the firmware's. */
#define HEAP		0x8000000000ull
#define FIRST_VA	0x00100000
#define LONG		100000000000ll
/* Of a free list. */
#define LIST_PAGES	256
#define LIST_FIRST	64
#define LIST_GROWTH	16

enum { COMPUTE, TRANSFER, QUEUES };

/* Of a file: what it has made. */
struct client {
	uint32_t vm, syncobj;
	uint32_t context[QUEUES];
	uint32_t next_va;
	/* What is mapped for the last job. */
	struct port_bo mapped[64];
	unsigned int nr_mapped;
};

/* By file descriptor. */
static struct client clients[64];

static int map_at(int fd, uint32_t vm, const struct port_bo *bo, uint64_t offset, uint32_t va,
		  uint64_t size)
{
	struct drm_pvr_ioctl_vm_map_args args = {
		.vm_context_handle = vm, .device_addr = HEAP + va, .handle = bo->handle,
		.offset = offset, .size = size,
	};

	return port_ioctl(fd, DRM_IOCTL_PVR_VM_MAP, &args);
}

static int unmap_at(int fd, uint32_t vm, uint32_t va, uint64_t size)
{
	struct drm_pvr_ioctl_vm_unmap_args args = {
		.vm_context_handle = vm, .device_addr = HEAP + va, .size = size,
	};

	return port_ioctl(fd, DRM_IOCTL_PVR_VM_UNMAP, &args);
}

static int new_vm(int fd, uint32_t *vm)
{
	struct drm_pvr_ioctl_create_vm_context_args args = {};
	int ret = port_ioctl(fd, DRM_IOCTL_PVR_CREATE_VM_CONTEXT, &args);

	*vm = args.handle;
	return ret;
}

/* Streams begin with their length, which has 64 bits. */
static int new_context(int fd, uint32_t vm, uint32_t type, uint32_t *context)
{
	uint64_t state[8] = { sizeof(state) };
	bool compute = type == DRM_PVR_CTX_TYPE_COMPUTE;
	struct drm_pvr_ioctl_create_context_args args = {
		.type = type, .priority = DRM_PVR_CTX_PRIORITY_NORMAL, .vm_context_handle = vm,
		.static_context_state = compute ? (uintptr_t)state : 0,
		.static_context_state_len = compute ? sizeof(state) : 0,
	};
	int ret = port_ioctl(fd, DRM_IOCTL_PVR_CREATE_CONTEXT, &args);

	*context = args.handle;
	return ret;
}

/* A descriptor may be another file by now, which has no VM. */
static struct client *client_of(int fd)
{
	struct client *c = &clients[fd];

	KT_LT((size_t)fd, ARRAY_SIZE(clients));
	if (c->vm && unmap_at(fd, c->vm, 0xf0000000, PAGE) == -ENOENT)
		return c;
	*c = (struct client) { .next_va = FIRST_VA };
	KT_OK(new_vm(fd, &c->vm));
	KT_OK(new_context(fd, c->vm, DRM_PVR_CTX_TYPE_COMPUTE, &c->context[COMPUTE]));
	KT_OK(new_context(fd, c->vm, DRM_PVR_CTX_TYPE_TRANSFER_FRAG, &c->context[TRANSFER]));
	KT_OK(vuma_syncobj_create(fd, false, &c->syncobj));
	return c;
}

/* Where it is when a job names it. */
static int imagination_look_up(struct port_bo *bo)
{
	struct client *c = client_of(bo->fd);

	bo->va = c->next_va;
	c->next_va += bo->size;
	KT_GE(c->next_va, bo->va);
	return 0;
}

static int create_with(struct port_bo *bo, uint64_t flags)
{
	struct drm_pvr_ioctl_create_bo_args args = { .size = bo->size, .flags = flags };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PVR_CREATE_BO, &args);

	bo->handle = args.handle;
	return ret ? ret : imagination_look_up(bo);
}

static int imagination_create(struct port_bo *bo)
{
	return create_with(bo, DRM_PVR_BO_ALLOW_CPU_USERSPACE_ACCESS);
}

static int imagination_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_pvr_ioctl_get_bo_mmap_offset_args args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PVR_GET_BO_MMAP_OFFSET, &args);

	*offset = args.offset;
	return ret;
}

static void map_all(struct client *c, const struct port_job *job)
{
	unsigned int i;

	KT_EQ(c->nr_mapped, 0);
	for (i = 0; i < job->nr_bos; i++) {
		const struct port_bo *bo = job->bos[i];

		KT_OK(map_at(bo->fd, c->vm, bo, 0, bo->va, bo->size));
		c->mapped[c->nr_mapped++] = *bo;
	}
}

static int submit_jobs(int fd, struct drm_pvr_job *jobs, unsigned int nr)
{
	struct drm_pvr_ioctl_submit_jobs_args args = { .jobs = DRM_PVR_OBJ_ARRAY(nr, jobs) };

	return port_ioctl(fd, DRM_IOCTL_PVR_SUBMIT_JOBS, &args);
}

/* The registers of a job that say where its commands are, as the model has it. */
struct stream {
	uint32_t length, padding;
	uint64_t start, end;
	uint64_t rest[19];
};

/* Of those that the driver asks for. */
static uint32_t stream_size(unsigned int queue)
{
	return queue == COMPUTE ? 8 + 3 * 8 + 4 : 8 + 4 * 8 + 72 + 15 * 4;
}

static void make_stream(struct stream *stream, unsigned int queue, uint64_t start, uint64_t size)
{
	memset(stream, 0, sizeof(*stream));
	stream->length = stream_size(queue);
	if (queue == COMPUTE) {
		/* The first register is not one of them. */
		stream->end = start;
		stream->rest[0] = start + size;
	} else {
		stream->start = start;
		stream->end = start + size;
	}
}

static int submit_between(int fd, unsigned int queue, uint32_t va, unsigned int nr,
			  uint32_t before, uint32_t after)
{
	struct drm_pvr_sync_op syncs[] = {
		{ .handle = after, .flags = DRM_PVR_SYNC_OP_FLAG_SIGNAL },
		{ .handle = before, .flags = DRM_PVR_SYNC_OP_FLAG_WAIT },
	};
	struct stream stream;
	struct drm_pvr_job job = {
		.type = queue == COMPUTE ? DRM_PVR_JOB_TYPE_COMPUTE :
					   DRM_PVR_JOB_TYPE_TRANSFER_FRAG,
		.context_handle = client_of(fd)->context[queue],
		.cmd_stream = (uintptr_t)&stream, .cmd_stream_len = stream_size(queue),
		.sync_ops = DRM_PVR_OBJ_ARRAY(before ? 2 : 1, syncs),
	};

	make_stream(&stream, queue, va, nr * sizeof(struct engine_cmd));
	return submit_jobs(fd, &job, 1);
}

static int submit(int fd, unsigned int queue, const struct port_job *job)
{
	struct client *c = client_of(fd);

	map_all(c, job);
	return submit_between(fd, queue, job->commands->va, job->nr_commands, 0, c->syncobj);
}

static int submit_compute(int fd, const struct port_job *job)
{
	return submit(fd, COMPUTE, job);
}

static int submit_transfer(int fd, const struct port_job *job)
{
	return submit(fd, TRANSFER, job);
}

static const struct port_queue imagination_queues[] = {
	{ "compute", submit_compute },
	{ "transfer", submit_transfer },
};

/* For the last job of the file. */
static int imagination_wait(const struct port_bo *bo)
{
	struct client *c = client_of(bo->fd);
	int ret = vuma_syncobj_wait(bo->fd, c->syncobj, LONG);

	while (c->nr_mapped) {
		const struct port_bo *mapped = &c->mapped[--c->nr_mapped];

		KT_OK(unmap_at(bo->fd, c->vm, mapped->va, mapped->size));
	}
	return ret;
}

static struct engine_cmd check_at(uint32_t va, uint64_t size, uint32_t value)
{
	return (struct engine_cmd) { ENGINE_CHECK, va, value, WORDS(size) };
}

static void run_mapped(const struct port_bo *commands, const struct engine_cmd *cmds,
		       unsigned int nr)
{
	run_by(commands, 0, cmds, nr, NULL, 0);
	verify_engine();
}

/* A mapping replaces the middle of another, and what is left is in two. */
static void map_over(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo commands = bo_new_mapped(fd, PAGE);
	struct port_bo a = bo_new_mapped(fd, 4 * MIB), b = bo_new_mapped(fd, 16 * PAGE);
	uint64_t hole = MIB + 3 * PAGE, behind = hole + b.size;
	struct engine_cmd checks[] = {
		check_at(a.va, hole, 100), check_at(a.va + hole, b.size, 7),
		check_at(a.va + behind, a.size - behind, 100 + WORDS(behind)),
	};

	fill(a.map, a.size, 100);
	fill(b.map, b.size, 7);
	KT_OK(map_at(fd, c->vm, &a, 0, a.va, a.size));
	checks[1] = check_at(a.va, a.size, 100);
	run_mapped(&commands, checks, 2);
	KT_OK(map_at(fd, c->vm, &b, 0, a.va + hole, b.size));
	checks[1] = check_at(a.va + hole, b.size, 7);
	run_mapped(&commands, checks, 3);
	/* Whole again, from four pieces of two buffers. */
	KT_OK(map_at(fd, c->vm, &b, 8 * PAGE, a.va, 2 * PAGE));
	checks[0] = check_at(a.va, 2 * PAGE, 7 + WORDS(8 * PAGE));
	run_mapped(&commands, checks, 1);
	KT_OK(map_at(fd, c->vm, &a, 0, a.va, a.size));
	checks[0] = check_at(a.va, hole, 100);
	checks[1] = check_at(a.va, a.size, 100);
	run_mapped(&commands, checks, 2);
	KT_RET(unmap_at(fd, c->vm, a.va, hole), -ENOENT);
	KT_OK(unmap_at(fd, c->vm, a.va, a.size));
	KT_RET(map_at(fd, c->vm, &a, 4 * MIB, a.va, PAGE), -EINVAL);
	KT_RET(map_at(fd, c->vm, &a, 0, 0, 1ull << 40), -EINVAL);
}

/* A job that fills a page, waits for a word of the CPU's, and fills the page again. */
struct waiting {
	struct port_bo commands, flag, page;
};

static struct waiting start_waiting(int fd)
{
	struct client *c = client_of(fd);
	struct waiting w = {
		bo_new_mapped(fd, PAGE), bo_new_mapped(fd, PAGE), bo_new_mapped(fd, PAGE),
	};
	struct engine_cmd cmds[] = {
		cmd_fill(&w.page, 1), { ENGINE_WAIT, w.flag.va, 1, 1 }, cmd_fill(&w.page, 2),
	};
	volatile uint32_t *last = &w.page.map[WORDS(PAGE) - 1];
	unsigned int turn;

	memcpy(w.commands.map, cmds, sizeof(cmds));
	KT_OK(map_at(fd, c->vm, &w.commands, 0, w.commands.va, PAGE));
	KT_OK(map_at(fd, c->vm, &w.flag, 0, w.flag.va, PAGE));
	KT_OK(map_at(fd, c->vm, &w.page, 0, w.page.va, PAGE));
	KT_OK(submit_between(fd, COMPUTE, w.commands.va, ARRAY_SIZE(cmds), 0, c->syncobj));
	for (turn = 0; turn < 1000 && *last != WORDS(PAGE); turn++)
		usleep(10000);
	KT_EQ(*last, WORDS(PAGE));
	return w;
}

static void end_waiting(const struct waiting *w)
{
	*(volatile uint32_t *)w->flag.map = 1;
	KT_OK(imagination_wait(&w->page));
}

/* What the MMU knew of the page that was there, it has forgotten when VM_MAP is done. */
static void replaced_while_a_job_runs(void)
{
	int fd = port_open();
	struct port_bo other = bo_new_mapped(fd, PAGE);
	struct waiting w = start_waiting(fd);
	int ret;

	ret = map_at(fd, client_of(fd)->vm, &other, 0, w.page.va, PAGE);
	end_waiting(&w);
	KT_OK(ret);
	verify_engine();
	verify(w.page.map, PAGE, 1);
	verify(other.map, PAGE, 2);
}

static void unmapped_while_a_job_runs(void)
{
	int fd = port_open();
	struct waiting w = start_waiting(fd);
	uint64_t faults = engine_count("faults");
	int ret;

	ret = unmap_at(fd, client_of(fd)->vm, w.page.va, PAGE);
	end_waiting(&w);
	KT_OK(ret);
	verify(w.page.map, PAGE, 1);
	KT_EQ(engine_count("faults") - faults, 1);
	KT_EQ(engine_wrong("stale"), 0);
}

/* What a VM maps stays in memory, and what it does not map any more can go, whole again. */
static void mapped_stays(void)
{
	struct cgroup cg = tenant("one");
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo commands = bo_new_mapped(fd, PAGE);
	struct port_bo a = bo_new_mapped(fd, 8 * MIB), b = bo_new_mapped(fd, 8 * MIB);
	struct engine_cmd cmds[] = { check_at(a.va, a.size, 3), cmd_fill(&a, 4) };
	uint64_t before;

	fill(a.map, a.size, 3);
	fill(b.map, b.size, 5);
	KT_OK(map_at(fd, c->vm, &a, 0, a.va, a.size));
	KT_OK(map_at(fd, c->vm, &a, MIB, b.va, MIB));
	KT_RET(reclaim_to(&cg, MIB), -EAGAIN);
	before = charged(&cg);
	figure("charged_while_mapped", before, "bytes");
	KT_GE(before, a.size);
	run_mapped(&commands, cmds, 2);
	/* Half of it is another's, and then all. */
	KT_OK(map_at(fd, c->vm, &b, 0, a.va + 2 * MIB, 4 * MIB));
	KT_OK(map_at(fd, c->vm, &b, 0, a.va, b.size));
	KT_OK(unmap_at(fd, c->vm, b.va, MIB));
	verify(b.map, b.size, 5);
	KT_OK(reclaim_to(&cg, a.size + 4 * MIB));
	verify(a.map, a.size, 4);
	KT_OK(unmap_at(fd, c->vm, a.va, b.size));
	KT_OK(reclaim_to(&cg, 4 * MIB));
	figure("charged_unmapped", charged(&cg), "bytes");
	verify(a.map, a.size, 4);
	verify(b.map, b.size, 5);
}

static uint64_t kept(const struct cgroup *cg, uint64_t bytes)
{
	unsigned int turn;

	for (turn = 0; turn < 40 && owned(cg) > bytes; turn++)
		usleep(10000 * ktap_slow());
	return owned(cg);
}

/* A file that is closed keeps nothing of what its VMs map. */
static void closed_while_mapped(void)
{
	struct cgroup cg = tenant("one");
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo a = bo_new_mapped(fd, 8 * MIB);
	uint32_t other;

	KT_OK(new_vm(fd, &other));
	fill(a.map, a.size, 3);
	KT_OK(map_at(fd, c->vm, &a, 0, a.va, a.size));
	KT_OK(map_at(fd, other, &a, MIB, a.va, MIB));
	bo_close(&a);
	KT_GE(owned(&cg), a.size);
	KT_SYS(close(fd));
	KT_LE(kept(&cg, 2 * MIB), 2 * MIB);
}

static void *try_mmap(const struct port_bo *bo)
{
	uint64_t offset;

	KT_OK(imagination_mmap_offset(bo, &offset));
	return mmap(NULL, bo->size, PROT_READ, MAP_SHARED, bo->fd, offset);
}

/* For firmware and parameter manager only: neither for the CPU, nor for jobs, nor for others. */
static void protected(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo bo = { .fd = fd, .size = 4 * PAGE }, none = bo;
	struct port_bo commands = bo_new_mapped(fd, PAGE);
	struct engine_cmd cmd;
	uint64_t faults;

	KT_RET(create_with(&none, DRM_PVR_BO_PM_FW_PROTECT |
			   DRM_PVR_BO_ALLOW_CPU_USERSPACE_ACCESS), -EINVAL);
	KT_RET(create_with(&none, 1ull << 63), -EINVAL);
	none.size = PAGE / 2;
	KT_RET(create_with(&none, 0), -EINVAL);
	KT_OK(create_with(&bo, DRM_PVR_BO_PM_FW_PROTECT));
	KT_TRUE(try_mmap(&bo) == MAP_FAILED);
	KT_EQ(errno, EINVAL);
	KT_RET(vuma_prime_export(fd, bo.handle, DRM_CLOEXEC), -EPERM);
	KT_OK(map_at(fd, c->vm, &bo, 0, bo.va, bo.size));
	cmd = cmd_fill(&bo, 1);
	faults = engine_count("faults");
	run_by(&commands, 0, &cmd, 1, NULL, 0);
	KT_EQ(engine_count("faults") - faults, bo.size / PAGE);
}

/* The device's alone; its dma-buf can be imported, and not mapped. */
static void not_for_the_cpu(void)
{
	int fd = port_open(), dmabuf;
	struct port_bo bo = { .fd = fd, .size = 16 * PAGE };
	struct port_bo out = bo_new_mapped(fd, bo.size);
	const struct port_bo *bos[] = { &bo, &out };
	struct engine_cmd cmds[2];
	uint32_t handle;
	int vuma;

	KT_OK(create_with(&bo, DRM_PVR_BO_BYPASS_DEVICE_CACHE));
	KT_TRUE(try_mmap(&bo) == MAP_FAILED);
	KT_EQ(errno, EINVAL);
	cmds[0] = cmd_fill(&bo, 11);
	cmds[1] = cmd_copy(&out, &bo);
	run(cmds, 2, bos, 2);
	verify(out.map, out.size, 11);
	dmabuf = bo_export(&bo);
	KT_TRUE(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, 0) == MAP_FAILED);
	KT_EQ(errno, EINVAL);
	vuma = vuma_open("vuma", 0, VUMA_NODE_RENDER);
	KT_GE(vuma, 0);
	KT_OK(vuma_prime_import(vuma, dmabuf, &handle));
}

/* The parameter manager is given pages by number; the job stores into one. */
static void free_list_grows(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo list = { .fd = fd, .size = PAGE }, out = bo_new_mapped(fd, PAGE);
	struct port_bo commands = bo_new_mapped(fd, PAGE);
	struct drm_pvr_ioctl_create_free_list_args args = {
		.initial_num_pages = LIST_FIRST, .max_num_pages = LIST_PAGES,
		.grow_num_pages = LIST_GROWTH, .grow_threshold = 10, .vm_context_handle = c->vm,
	};
	struct drm_pvr_ioctl_destroy_free_list_args end = {};
	struct engine_cmd cmds[2] = { { ENGINE_HEAP, 1, 0, 0 } };
	unsigned int i;

	KT_OK(create_with(&list, DRM_PVR_BO_PM_FW_PROTECT));
	KT_OK(map_at(fd, c->vm, &list, 0, list.va, list.size));
	KT_OK(map_at(fd, c->vm, &out, 0, out.va, out.size));
	args.free_list_gpu_addr = HEAP + list.va;
	KT_OK(port_ioctl(fd, DRM_IOCTL_PVR_CREATE_FREE_LIST, &args));
	for (i = 0; i < 8; i++) {
		cmds[1] = cmd_fill(&out, 40 + i);
		cmds[1].op = ENGINE_OVERFLOW;
		run_mapped(&commands, cmds, 2);
		verify(out.map, out.size, 40 + i);
	}
	end.handle = args.handle;
	KT_OK(port_ioctl(fd, DRM_IOCTL_PVR_DESTROY_FREE_LIST, &end));
	args.free_list_gpu_addr = HEAP + out.va;
	KT_RET(port_ioctl(fd, DRM_IOCTL_PVR_CREATE_FREE_LIST, &args), -EINVAL);
}

/* Two queues, in order by a syncobj alone. */
static void queues_in_order(void)
{
	int fd = port_open();
	struct client *c = client_of(fd);
	struct port_bo commands = bo_new_mapped(fd, PAGE), a = bo_new_mapped(fd, 64 * PAGE);
	struct engine_cmd *cmds = (struct engine_cmd *)commands.map;
	uint32_t between, after, i;

	KT_OK(vuma_syncobj_create(fd, false, &between));
	KT_OK(vuma_syncobj_create(fd, false, &after));
	KT_OK(map_at(fd, c->vm, &commands, 0, commands.va, commands.size));
	KT_OK(map_at(fd, c->vm, &a, 0, a.va, a.size));
	for (i = 0; i < 20; i++) {
		cmds[0] = cmd_fill(&a, i);
		cmds[1] = cmd_check(&a, i);
		cmds[2] = cmd_fill(&a, i + 1);
		KT_OK(submit_between(fd, i % QUEUES, commands.va, 1, 0, between));
		KT_OK(submit_between(fd, !(i % QUEUES), commands.va + sizeof(*cmds), 2, between,
				     after));
		KT_OK(vuma_syncobj_wait(fd, after, LONG));
		verify_engine();
		verify(a.map, a.size, i + 1);
	}
}

/*
 * The firmware stops answering, and is started again with all that it was given. A file that was
 * open keeps its buffers.
 */
static void reset(void)
{
	struct port_bo a = bo_new_mapped(port_open(), 16 * PAGE), b;
	const struct port_bo *as[] = { &a }, *bs[] = { &b };
	struct engine_cmd fatal = { .op = ENGINE_FATAL }, cmd = cmd_fill(&a, 1);

	run(&cmd, 1, as, 1);
	run_unchecked(0, &fatal, 1, as, 1);
	b = bo_import(port_open(), bo_export(&a), a.size);

	struct engine_cmd cmds[] = { cmd_check(&b, 1), cmd_fill(&b, 2) };

	run(cmds, 2, bs, 1);
	verify(a.map, a.size, 2);
}

static const struct ktap_test imagination_tests[] = {
	{ .name = "map_over", .run = map_over },
	{ .name = "replaced_while_a_job_runs", .run = replaced_while_a_job_runs },
	{ .name = "unmapped_while_a_job_runs", .run = unmapped_while_a_job_runs },
	{ .name = "mapped_stays", .run = mapped_stays },
	{ .name = "closed_while_mapped", .run = closed_while_mapped },
	{ .name = "protected", .run = protected },
	{ .name = "not_for_the_cpu", .run = not_for_the_cpu },
	{ .name = "free_list_grows", .run = free_list_grows },
	{ .name = "queues_in_order", .run = queues_in_order },
	{ .name = "reset", .run = reset },
};

static void imagination_keep_power(bool on)
{
	KT_OK(file_write(POWER, on ? "on" : "auto"));
}

const struct port_driver port_imagination = {
	.name = "imagination",
	.drm_name = "powervr",
	.no_unbind = "imagination takes down the firmware's heap under files that are open",
	.create = imagination_create,
	.look_up = imagination_look_up,
	.mmap_offset = imagination_mmap_offset,
	.queues = imagination_queues,
	.nr_queues = ARRAY_SIZE(imagination_queues),
	.wait = imagination_wait,
	.keep_power = imagination_keep_power,
	.tests = imagination_tests,
	.nr_tests = ARRAY_SIZE(imagination_tests),
};
