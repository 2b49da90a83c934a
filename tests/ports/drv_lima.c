// SPDX-License-Identifier: GPL-2.0
/*
 * lima: the geometry processor of Mali-400 and -450 has a heap, which the driver doubles while
 * the job stands.
 *
 * As it is, the driver must never free a heap that is not wholly there: on x86 it oopses then.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm/lima_drm.h>
#include <xf86drm.h>

#include "file.h"
#include "port.h"
#include "vuma_client.h"

#define BOTH	(LIMA_SUBMIT_BO_READ | LIMA_SUBMIT_BO_WRITE)
#define PARAMETERS	"/sys/module/lima/parameters/"
#define DUMP	"/sys/devices/platform/lima/error"

/* What a heap begins with, in pages. */
#define HEAP_FIRST	8

/* Registers of a frame of the geometry processor. */
enum gp_register {
	VERTEX_START,
	VERTEX_END,
	PLBU_START,
	PLBU_END,
	HEAP_START,
	HEAP_END,
};

static int create(struct port_bo *bo, uint32_t flags)
{
	struct drm_lima_gem_create args = { .size = bo->size, .flags = flags };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_LIMA_GEM_CREATE, &args);

	bo->handle = args.handle;
	return ret;
}

static int info(const struct port_bo *bo, struct drm_lima_gem_info *args)
{
	*args = (struct drm_lima_gem_info) { .handle = bo->handle };
	return port_ioctl(bo->fd, DRM_IOCTL_LIMA_GEM_INFO, args);
}

static int lima_look_up(struct port_bo *bo)
{
	struct drm_lima_gem_info args;
	int ret = info(bo, &args);

	bo->va = args.va;
	return ret;
}

static int lima_create(struct port_bo *bo)
{
	return create(bo, 0) ?: lima_look_up(bo);
}

static int lima_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_lima_gem_info args;
	int ret = info(bo, &args);

	*offset = args.offset;
	return ret;
}

static int lima_wait(const struct port_bo *bo)
{
	struct drm_lima_gem_wait args = {
		.handle = bo->handle, .op = LIMA_GEM_WAIT_READ | LIMA_GEM_WAIT_WRITE,
		.timeout_ns = INT64_MAX,
	};

	return port_ioctl(bo->fd, DRM_IOCTL_LIMA_GEM_WAIT, &args);
}

/* In the first context of a file, which is made when it is needed. */
static int submit(int fd, const struct port_job *job, uint32_t pipe, void *frame, size_t size)
{
	struct drm_lima_gem_submit_bo bos[64];
	struct drm_lima_gem_submit args = {
		.pipe = pipe, .nr_bos = job->nr_bos, .bos = (uintptr_t)bos,
		.frame = (uintptr_t)frame, .frame_size = size,
	};
	struct drm_lima_ctx_create ctx = {};
	unsigned int i;
	int ret;

	for (i = 0; i < job->nr_bos; i++)
		bos[i] = (struct drm_lima_gem_submit_bo) { job->bos[i]->handle, BOTH };
	ret = port_ioctl(fd, DRM_IOCTL_LIMA_GEM_SUBMIT, &args);
	if (ret != -ENOENT)
		return ret;
	KT_OK(port_ioctl(fd, DRM_IOCTL_LIMA_CTX_CREATE, &ctx));
	KT_EQ(ctx.id, 0);
	return port_ioctl(fd, DRM_IOCTL_LIMA_GEM_SUBMIT, &args);
}

static uint32_t end_of(const struct port_job *job)
{
	return job->commands->va + job->nr_commands * sizeof(struct engine_cmd);
}

static int submit_vertex(int fd, const struct port_job *job)
{
	struct drm_lima_gp_frame frame = {
		.frame[VERTEX_START] = job->commands->va, .frame[VERTEX_END] = end_of(job),
	};

	return submit(fd, job, LIMA_PIPE_GP, &frame, sizeof(frame));
}

static int submit_plbu(int fd, const struct port_job *job)
{
	struct drm_lima_gp_frame frame = {
		.frame[PLBU_START] = job->commands->va, .frame[PLBU_END] = end_of(job),
	};

	return submit(fd, job, LIMA_PIPE_GP, &frame, sizeof(frame));
}

static int submit_pixels(int fd, const struct port_job *job)
{
	struct drm_lima_m400_pp_frame frame = {
		.num_pp = 1, .plbu_array_address[0] = job->commands->va, .frame[1] = end_of(job),
	};

	return submit(fd, job, LIMA_PIPE_PP, &frame, sizeof(frame));
}

static const struct port_queue lima_queues[] = {
	{ "vertex", submit_vertex },
	{ "plbu", submit_plbu },
	{ "pixels", submit_pixels },
};

enum { ON_VERTEX, ON_PLBU, ON_PIXELS };

/* A frame that both pixel processors work on; the second one's list begins with the second. */
static void both_processors(int fd)
{
	struct port_bo commands = bo_new_mapped(fd, PAGE), out = bo_new_mapped(fd, 8 * PAGE);
	const struct port_bo *bos[] = { &commands, &out };
	struct port_job job = { .commands = &commands, .bos = bos, .nr_bos = 2 };
	struct drm_lima_m400_pp_frame frame = { .num_pp = 2, .frame[1] = commands.va + PAGE };
	struct engine_cmd *cmds = (struct engine_cmd *)commands.map;

	cmds[0] = (struct engine_cmd) { ENGINE_FILL, out.va, 50, WORDS(4 * PAGE) };
	cmds[1] = (struct engine_cmd) { .op = ENGINE_END };
	cmds[2] = (struct engine_cmd) { ENGINE_FILL, out.va + 4 * PAGE, 70, WORDS(4 * PAGE) };
	cmds[3] = (struct engine_cmd) { .op = ENGINE_END };
	frame.plbu_array_address[0] = commands.va;
	frame.plbu_array_address[1] = commands.va + 2 * sizeof(*cmds);
	KT_OK(submit(fd, &job, LIMA_PIPE_PP, &frame, sizeof(frame)));
	KT_OK(lima_wait(&out));
	verify(out.map, 4 * PAGE, 50);
	verify(out.map + WORDS(4 * PAGE), 4 * PAGE, 70);
	verify_engine();
	frame.num_pp = 3;
	KT_RET(submit(fd, &job, LIMA_PIPE_PP, &frame, sizeof(frame)), -EINVAL);
}

/* Both lists of a frame of the geometry processor. */
static void both_lists(int fd)
{
	struct port_bo commands = bo_new_mapped(fd, PAGE), out = bo_new_mapped(fd, 2 * PAGE);
	const struct port_bo *bos[] = { &commands, &out };
	struct port_job job = { .commands = &commands, .bos = bos, .nr_bos = 2 };
	uint32_t middle = commands.va + sizeof(struct engine_cmd);
	struct drm_lima_gp_frame frame = {
		.frame[VERTEX_START] = commands.va, .frame[VERTEX_END] = middle,
		.frame[PLBU_START] = middle, .frame[PLBU_END] = middle + sizeof(struct engine_cmd),
	};
	struct engine_cmd *cmds = (struct engine_cmd *)commands.map;
	unsigned int i;

	for (i = 0; i < 50; i++) {
		cmds[0] = (struct engine_cmd) { ENGINE_FILL, out.va, i, WORDS(PAGE) };
		cmds[1] = (struct engine_cmd) { ENGINE_FILL, out.va + PAGE, i + 1, WORDS(PAGE) };
		KT_OK(submit(fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame)));
		KT_OK(lima_wait(&out));
		verify(out.map, PAGE, i);
		verify(out.map + WORDS(PAGE), PAGE, i + 1);
	}
	verify_engine();
}

static void lima_special(void)
{
	int fd = port_open();

	both_processors(fd);
	both_lists(fd);
}

/* What the ioctls do not take. */
static void refusals(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), PAGE), none = { .fd = bo.fd, .size = PAGE };
	const struct port_bo *bos[] = { &bo, &bo };
	struct port_job job = { .commands = &bo, .nr_commands = 1, .bos = bos, .nr_bos = 1 };
	struct drm_lima_gp_frame frame = { .frame[VERTEX_START] = PAGE, .frame[VERTEX_END] = 0 };
	struct drm_lima_get_param param = { .param = DRM_LIMA_PARAM_NUM_PP };
	struct drm_lima_gem_info args;

	KT_OK(port_ioctl(bo.fd, DRM_IOCTL_LIMA_GET_PARAM, &param));
	KT_EQ(param.value, 2);
	param.pad = 1;
	KT_RET(port_ioctl(bo.fd, DRM_IOCTL_LIMA_GET_PARAM, &param), -EINVAL);
	KT_RET(create(&none, 1 << 1), -EINVAL);
	none.size = 0;
	KT_RET(create(&none, 0), -EINVAL);
	none.handle = bo.handle + 100;
	KT_RET(info(&none, &args), -ENOENT);
	KT_RET(submit(bo.fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame)), -EINVAL);
	frame.frame[VERTEX_START] = 0;
	KT_RET(submit(bo.fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame)), -EINVAL);
	frame.frame[VERTEX_END] = PAGE;
	KT_RET(submit(bo.fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame) - 4), -EINVAL);
	KT_RET(submit(bo.fd, &job, 2, &frame, sizeof(frame)), -EINVAL);
	bos[0] = &none;
	KT_RET(submit(bo.fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame)), -ENOENT);
	bos[0] = &bo;
	job.nr_bos = 2;
	KT_RET(submit(bo.fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame)), -EALREADY);
	job.nr_bos = 0;
	KT_RET(submit(bo.fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame)), -EINVAL);
}

static struct port_bo heap_new(int fd, unsigned int pages)
{
	struct port_bo heap = { .fd = fd, .size = pages * PAGE };

	KT_OK(create(&heap, LIMA_BO_FLAG_HEAP));
	KT_OK(lima_look_up(&heap));
	return heap;
}

/* What the geometry processor leaves in a page of the heap. */
static uint32_t seed(unsigned int page)
{
	return page * 10000 + 7;
}

struct heap_job {
	int fd;
	struct port_bo commands, out;
};

static struct heap_job heap_job_new(int fd)
{
	return (struct heap_job) {
		.fd = fd, .commands = bo_new_mapped(fd, 8 * PAGE), .out = bo_new_mapped(fd, PAGE),
	};
}

/* The last word of the commands: a job does not begin while it is 0. */
static void heap_gate(const struct heap_job *h, bool open)
{
	volatile uint32_t *gate = h->commands.map + WORDS(h->commands.size) - 1;

	*gate = open;
}

/* A job that takes so many pages of the heap, one after the other, once its gate is open. */
static void heap_start(const struct heap_job *h, const struct port_bo *heap, unsigned int pages)
{
	struct engine_cmd *cmds = (struct engine_cmd *)h->commands.map;
	const struct port_bo *bos[] = { &h->commands, &h->out, heap };
	struct port_job job = {
		.commands = &h->commands, .nr_commands = pages + 1, .bos = bos, .nr_bos = 3,
	};
	struct drm_lima_gp_frame frame = {
		.frame[PLBU_START] = h->commands.va, .frame[PLBU_END] = end_of(&job),
		.frame[HEAP_START] = heap->va, .frame[HEAP_END] = heap->va,
	};
	unsigned int i;

	KT_LT((pages + 1) * sizeof(*cmds), h->commands.size);
	cmds[0] = (struct engine_cmd) { ENGINE_WAIT, h->commands.va + h->commands.size - 4, 1, 1 };
	for (i = 0; i < pages; i++)
		cmds[i + 1] = (struct engine_cmd) {
			ENGINE_OVERFLOW, h->out.va, seed(i), WORDS(PAGE),
		};
	KT_OK(submit(h->fd, &job, LIMA_PIPE_GP, &frame, sizeof(frame)));
}

/* Returns true if it ran. */
static bool heap_take(const struct heap_job *h, const struct port_bo *heap, unsigned int pages)
{
	uint64_t jobs = engine_count("jobs");

	heap_gate(h, true);
	heap_start(h, heap, pages);
	KT_OK(lima_wait(&h->out));
	/* Pages in use stay where they are. */
	KT_EQ(engine_count("remapped"), 0);
	return engine_count("jobs") > jobs;
}

/* The pixel processor finds what the geometry processor has left. */
static void heap_check(const struct heap_job *h, const struct port_bo *heap, unsigned int pages)
{
	struct engine_cmd *cmds = (struct engine_cmd *)h->commands.map;
	const struct port_bo *bos[] = { &h->commands, heap };
	struct port_job job = {
		.commands = &h->commands, .nr_commands = pages, .bos = bos, .nr_bos = 2,
	};
	unsigned int i;

	for (i = 0; i < pages; i++)
		cmds[i] = (struct engine_cmd) {
			ENGINE_CHECK, heap->va + i * PAGE, seed(i), WORDS(PAGE),
		};
	KT_OK(submit_pixels(h->fd, &job));
	KT_OK(lima_wait(&h->commands));
	verify_engine();
}

/* A job stands seven times, and each time there is more. */
static void heap_grows(void)
{
	struct heap_job h = heap_job_new(port_open());
	struct port_bo heap = heap_new(h.fd, 1024);

	KT_TRUE(heap_take(&h, &heap, 1000));
	verify(h.out.map, PAGE, seed(999));
	heap_check(&h, &heap, 1000);
	/* What is there is used again. */
	KT_TRUE(heap_take(&h, &heap, 600));
	heap_check(&h, &heap, 1000);
	bo_close(&heap);
}

/* A job that needs more than there can be fails, and nobody waits for it. */
static void heap_full(void)
{
	struct heap_job h = heap_job_new(port_open());
	struct port_bo heap = heap_new(h.fd, HEAP_FIRST);

	KT_FALSE(heap_take(&h, &heap, HEAP_FIRST + 1));
	KT_TRUE(heap_take(&h, &heap, HEAP_FIRST));
	heap_check(&h, &heap, HEAP_FIRST);
}

static void need_dumps(void)
{
	if (!port_is_ported())
		KT_SKIP("the driver oopses when it dumps a job: 7.3 does not tell whose it is");
}

static void need_half_heaps(void)
{
	if (!port_is_ported())
		KT_SKIP("the helper oopses when a heap is freed that has not grown to its end");
}

static void heap_half_grown(void)
{
	struct heap_job h = heap_job_new(port_open());
	struct cgroup cg;
	uint64_t before;
	unsigned int i;

	need_half_heaps();
	cg = tenant("one");
	before = charged(&cg);
	for (i = 0; i < 100; i++) {
		struct port_bo heap = heap_new(h.fd, 1024);

		/* A heap that no job has used; one that has not grown; one that has. */
		if (i % 3)
			KT_TRUE(heap_take(&h, &heap, i % 3 == 1 ? 2 : 20));
		bo_close(&heap);
	}
	verify_engine();
	KT_LE(charged(&cg), before + 2 * MIB);
}

/* Who has made a heap pays for what it grows to. */
static void shrink_by(const struct cgroup *cg, uint64_t bytes)
{
	KT_GE(charged(cg), bytes);
	KT_OK(reclaim_to(cg, charged(cg) - bytes));
}

/* What the geometry processor left is there when the pixel processor needs it. */
static void heap_between_evictions(void)
{
	struct cgroup cg = tenant("one");
	struct heap_job h = heap_job_new(port_open());
	struct port_bo heap = heap_new(h.fd, 1024);

	KT_TRUE(heap_take(&h, &heap, 1000));
	shrink_by(&cg, 3 * MIB);
	heap_check(&h, &heap, 1000);
	shrink_by(&cg, 3 * MIB);
	KT_TRUE(heap_take(&h, &heap, 1000));
	heap_check(&h, &heap, 1000);
}

/* It grows on from what was there before it was evicted. */
static void heap_grows_after_eviction(void)
{
	struct port_bo heap;
	struct heap_job h;
	struct cgroup cg;

	need_half_heaps();
	cg = tenant("one");
	h = heap_job_new(port_open());
	heap = heap_new(h.fd, 4096);
	KT_TRUE(heap_take(&h, &heap, 600));
	shrink_by(&cg, 2 * MIB);
	KT_TRUE(heap_take(&h, &heap, 1100));
	heap_check(&h, &heap, 1100);
}

/* While a job stands, others lose their memory; and if there are none, it fails, and ends. */
static void heap_beyond_limit(void)
{
	struct port_bo heap, idle;
	struct heap_job h;
	struct cgroup cg;

	need_half_heaps();
	cg = tenant("one");
	h = heap_job_new(port_open());
	heap = heap_new(h.fd, 4096);
	KT_TRUE(heap_take(&h, &heap, 2));
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", (unsigned long long)charged(&cg) + MIB));
	KT_FALSE(heap_take(&h, &heap, 1100));
	KT_OK(cgroup_write(&cg, "memory.max", "max"));
	KT_TRUE(heap_take(&h, &heap, 2));
	idle = bo_new_mapped(h.fd, 16 * MIB);
	fill(idle.map, idle.size, 3);
	KT_OK(cgroup_write(&cg, "memory.max", "%llu", (unsigned long long)charged(&cg) + MIB));
	KT_TRUE(heap_take(&h, &heap, 1100));
	heap_check(&h, &heap, 1100);
	verify(idle.map, idle.size, 3);
}

/* Another file's address space has what the heap has become. */
static void heap_of_two_files(void)
{
	struct heap_job h = heap_job_new(port_open()), other = heap_job_new(port_open());
	struct port_bo heap = heap_new(h.fd, 256), same;

	same = bo_import(other.fd, bo_export(&heap), heap.size);
	KT_TRUE(heap_take(&h, &heap, 200));
	heap_check(&h, &heap, 200);
	heap_check(&other, &same, 200);
}

/* A job is in the queue behind one that has the heap of both grow. */
static void heap_grown_for_another_file(void)
{
	struct heap_job h = heap_job_new(port_open()), other = heap_job_new(port_open());
	struct port_bo heap = heap_new(h.fd, 256), same;
	uint64_t jobs = engine_count("jobs");

	same = bo_import(other.fd, bo_export(&heap), heap.size);
	heap_gate(&h, false);
	heap_start(&h, &heap, 200);
	heap_gate(&other, true);
	heap_start(&other, &same, 200);
	heap_gate(&h, true);
	KT_OK(lima_wait(&h.out));
	KT_OK(lima_wait(&other.out));
	verify_engine();
	KT_EQ(engine_count("jobs"), jobs + 2);
	heap_check(&h, &heap, 200);
	heap_check(&other, &same, 200);
}

/* Asks for its address until killed. What it was told by then is in @told: yes, and no. */
static void look_up_all_the_time(const struct port_bo *bo, volatile unsigned int *told)
{
	struct drm_lima_gem_info args;
	int ret;

	do {
		ret = info(bo, &args);
		told[ret != 0]++;
	} while (!ret || ret == -ENOENT);
	_exit(1);
}

/* A handle is closed while another task, which has the same file, asks for its address. */
static void closed_while_looked_up(void)
{
	volatile unsigned int *told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct port_bo bo;
	uint32_t handle;
	unsigned int i;
	int dmabuf, status;
	pid_t child;

	if (!port_is_ported())
		KT_SKIP("the driver oopses when the handle is closed too soon");
	KT_TRUE(told != MAP_FAILED);
	bo = bo_new(port_open(), PAGE);
	handle = bo.handle;
	dmabuf = bo_export(&bo);
	child = fork();
	KT_SYS(child);
	if (!child)
		look_up_all_the_time(&bo, told);
	for (i = 0; i < 1000 || !told[0] || !told[1]; i++) {
		bo_close(&bo);
		KT_OK(vuma_prime_import(bo.fd, dmabuf, &bo.handle));
		KT_EQ(bo.handle, handle);
	}
	KT_SYS(kill(child, SIGKILL));
	KT_SYS(waitpid(child, &status, 0));
	KT_TRUE(WIFSIGNALED(status));
}

/* Nobody else maps a heap: it has no end yet. */
static void heap_is_the_devices(void)
{
	struct port_bo heap = heap_new(port_open(), HEAP_FIRST);
	struct vuma_bo theirs = { .size = heap.size };
	int dmabuf = bo_export(&heap), ret;
	struct drm_vuma_cmd cmd;
	struct vuma_vm vm;
	uint64_t offset, va = 0;

	KT_OK(lima_mmap_offset(&heap, &offset));
	KT_TRUE(mmap(NULL, heap.size, PROT_READ, MAP_SHARED, heap.fd, offset) == MAP_FAILED);
	KT_EQ(errno, EINVAL);
	KT_TRUE(mmap(NULL, heap.size, PROT_READ, MAP_SHARED, dmabuf, 0) == MAP_FAILED);
	KT_EQ(errno, EINVAL);
	theirs.fd = vuma_open("vuma", 0, VUMA_NODE_RENDER);
	KT_GE(theirs.fd, 0);
	KT_OK(vuma_vm_init(&vm, theirs.fd));
	/* It learns that when it maps the heap for its device: by the first job, at the latest. */
	ret = vuma_prime_import(theirs.fd, dmabuf, &theirs.handle) ?:
	      vuma_vm_map_bo(&vm, &theirs, &va);
	cmd = vuma_cmd_fill(va, heap.size, 1, 1);
	KT_RET(ret ?: vuma_exec(theirs.fd, vm.id, &cmd, 1), -EINVAL);
}

/* All of the dump of jobs that failed. */
static uint32_t *dump_read(size_t *size)
{
	uint32_t *dump = malloc(MIB);
	int fd = open(DUMP, O_RDONLY);
	ssize_t n;

	KT_TRUE(dump);
	KT_SYS(fd);
	for (*size = 0; *size < MIB; *size += n) {
		n = read(fd, (char *)dump + *size, MIB - *size);
		KT_SYS(n);
		if (!n)
			break;
	}
	close(fd);
	return dump;
}

/* The content of a buffer at @va in the dump of one job, and its size; NULL if it is not there. */
static const uint32_t *dump_find(const uint32_t *dump, size_t size, uint32_t va, uint32_t *found)
{
	/* In words: 8 of the file, 4 of the job; of each chunk 4, and what it holds. */
	const uint32_t *chunk = dump + 8 + 4, *end = dump + size / sizeof(*dump);

	KT_EQ(dump[0], 0x414d494c);
	KT_EQ(dump[2], 1);
	for (; chunk < end; chunk += 4 + WORDS(chunk[1])) {
		if (chunk[0] == 1 && chunk[2] == va) {
			*found = chunk[1];
			return chunk + 4;
		}
	}
	return NULL;
}

/* A job that names a heap reaches where there is nothing. What is told of it is in @found. */
static void fail_and_dump(const struct heap_job *h, const struct port_bo *heap, uint32_t pages)
{
	const struct port_bo *bos[] = { &h->commands, heap };
	struct port_job job = {
		.commands = &h->commands, .nr_commands = 1, .bos = bos, .nr_bos = 2,
	};
	const uint32_t *content;
	uint32_t size, i;
	uint32_t *dump;
	size_t all;

	KT_OK(file_write(DUMP, "0"));
	KT_OK(file_write(PARAMETERS "max_error_tasks", "1"));
	*(struct engine_cmd *)h->commands.map =
		(struct engine_cmd) { ENGINE_CHECK, 0xf0000000, 0, 1 };
	KT_OK(submit_pixels(h->fd, &job));
	KT_OK(lima_wait(&h->commands));
	KT_OK(file_write(PARAMETERS "max_error_tasks", "0"));
	dump = dump_read(&all);
	content = dump_find(dump, all, heap->va, &size);
	KT_TRUE(content);
	KT_EQ(size, pages * PAGE);
	for (i = 0; i < pages; i++)
		verify(content + i * WORDS(PAGE), PAGE, seed(i));
	content = dump_find(dump, all, h->commands.va, &size);
	KT_TRUE(content);
	KT_EQ(size, h->commands.size);
	KT_EQ(memcmp(content, h->commands.map, size), 0);
	KT_OK(file_write(DUMP, "0"));
}

/* Who wants to know why a job failed finds what the heap held, as far as there is one. */
static void heap_dumped(void)
{
	struct port_bo heap;
	struct heap_job h;

	need_dumps();
	h = heap_job_new(port_open());
	heap = heap_new(h.fd, HEAP_FIRST);
	KT_TRUE(heap_take(&h, &heap, HEAP_FIRST));
	fail_and_dump(&h, &heap, HEAP_FIRST);
	heap = heap_new(h.fd, 4096);
	KT_TRUE(heap_take(&h, &heap, 32));
	fail_and_dump(&h, &heap, 32);
}

/*
 * A job runs meanwhile that has reached a buffer without naming it. What the MMU knows by then
 * is forgotten, too.
 */
static void evicted_while_a_job_runs(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo = bo_new(port_open(), 4 * MIB), commands = bo_new_mapped(bo.fd, PAGE);
	struct port_bo flags = bo_new_mapped(bo.fd, PAGE);
	const struct port_bo *bos[] = { &bo }, *named[] = { &commands, &flags };
	struct engine_cmd fill_it = cmd_fill(&bo, 9), cmds[] = {
		cmd_check(&bo, 9),
		{ ENGINE_FILL, flags.va, 1, 1 },
		{ ENGINE_WAIT, flags.va + 4, 1, 1 },
		cmd_check(&bo, 9),
	};
	struct port_job job = {
		.commands = &commands, .nr_commands = ARRAY_SIZE(cmds), .bos = named, .nr_bos = 2,
	};
	volatile uint32_t *flag = flags.map;
	uint64_t faults;
	unsigned int i;
	int ret;

	for (i = 0; i < port->nr_queues; i++) {
		run_unchecked(i, &fill_it, 1, bos, 1);
		faults = engine_count("faults");
		memcpy(commands.map, cmds, sizeof(cmds));
		flag[0] = 0;
		flag[1] = 0;
		KT_OK(port->queues[i].submit(bo.fd, &job));
		KT_WAIT(flag[0] == 1);
		KT_EQ(engine_count("faults"), faults);
		ret = reclaim_to(&cg, charged(&cg) - 3 * MIB);
		flag[1] = 1;
		KT_OK(lima_wait(&commands));
		KT_OK(ret);
		KT_EQ(engine_count("faults") - faults, bo.size / PAGE);
		KT_EQ(engine_wrong("stale"), 0);
		KT_EQ(engine_wrong("gone"), 0);
	}
}

/* The physical page behind an address of ours, or 0. */
static uint64_t page_frame(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	KT_SYS(fd);
	KT_EQ(pread(fd, &entry, sizeof(entry), (uintptr_t)addr / PAGE * sizeof(entry)),
	      sizeof(entry));
	close(fd);
	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

/* From now on, memory comes from the last node, which is above 4 GiB. False if there is none. */
static bool prefer_memory_above(void)
{
	unsigned long node, nodes;
	uint32_t *page;
	char text[64];

	if (file_read("/sys/devices/system/node/has_memory", text, sizeof(text)) ||
	    !strchr(text, '-'))
		return false;
	node = strtoul(strchr(text, '-') + 1, NULL, 10);
	KT_LT(node, 8 * sizeof(nodes));
	nodes = 1ul << node;
	KT_SYS(syscall(SYS_set_mempolicy, MPOL_PREFERRED, &nodes, 8 * sizeof(nodes)));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	KT_TRUE(page != MAP_FAILED);
	page[0] = 1;
	return page_frame(page) >= 1ull << 20;
}

/*
 * The bus has 32 bits, and there is more memory than that, where a page would come from first.
 * An entry of a page table cannot say where that is: it would be another one.
 */
static void reach_of_32_bits(void)
{
	struct cgroup cg = tenant("one");
	const struct port_bo *bos[1];
	struct port_bo bo;

	if (!prefer_memory_above())
		KT_SKIP("no memory above 4 GiB");
	bo = bo_new_mapped(port_open(), 16 * MIB);
	bos[0] = &bo;

	struct engine_cmd cmds[] = { cmd_check(&bo, 1), cmd_fill(&bo, 2) };

	fill(bo.map, bo.size, 1);
	run(cmds, 2, bos, 1);
	verify(bo.map, bo.size, 2);
	/* From swap, pages come back to where the device reaches them. */
	cgroup_reclaim(&cg, charged(&cg));
	verify(bo.map, bo.size, 2);
	run(cmds + 1, 1, bos, 1);
	verify(bo.map, bo.size, 2);
}

static const struct ktap_test lima_tests[] = {
	{ .name = "refusals", .run = refusals },
	{ .name = "reach_of_32_bits", .run = reach_of_32_bits },
	{ .name = "evicted_while_a_job_runs", .run = evicted_while_a_job_runs },
	{ .name = "heap_grows", .run = heap_grows },
	{ .name = "heap_full", .run = heap_full },
	{ .name = "heap_half_grown", .run = heap_half_grown },
	{ .name = "heap_between_evictions", .run = heap_between_evictions },
	{ .name = "heap_grows_after_eviction", .run = heap_grows_after_eviction },
	{ .name = "heap_beyond_limit", .run = heap_beyond_limit },
	{ .name = "heap_of_two_files", .run = heap_of_two_files },
	{ .name = "heap_grown_for_another_file", .run = heap_grown_for_another_file },
	{ .name = "closed_while_looked_up", .run = closed_while_looked_up },
	{ .name = "heap_is_the_devices", .run = heap_is_the_devices },
	{ .name = "heap_dumped", .run = heap_dumped },
};

const struct port_driver port_lima = {
	.name = "lima",
	.no_unbind = "lima frees its device under files that are open",
	.create = lima_create,
	.look_up = lima_look_up,
	.mmap_offset = lima_mmap_offset,
	.queues = lima_queues,
	.nr_queues = ARRAY_SIZE(lima_queues),
	.wait = lima_wait,
	.special = lima_special,
	.tests = lima_tests,
	.nr_tests = ARRAY_SIZE(lima_tests),
};
