// SPDX-License-Identifier: GPL-2.0
/*
 * rocket: an NPU whose user space names the tensors of a job, and neither its commands nor its
 * weights. Each file has a domain of the IOMMU, which both cores can be given.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <drm/rocket_accel.h>
#include <xf86drm.h>

#include "port.h"
#include "vuma_client.h"

#define COMMANDS	(PAGE / sizeof(struct engine_cmd))

/* Register commands have 64 bits, those of the engine twice as many. */
#define REGCMDS(nr)	((nr) * 2)

static int rocket_create(struct port_bo *bo)
{
	struct drm_rocket_create_bo args = { .size = bo->size };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_ROCKET_CREATE_BO, &args);

	bo->handle = args.handle;
	bo->va = args.dma_address;
	bo->offset = args.offset;
	return ret;
}

static int prep(const struct port_bo *bo, int64_t timeout_ns)
{
	struct drm_rocket_prep_bo args = { .handle = bo->handle, .timeout_ns = timeout_ns };

	return port_ioctl(bo->fd, DRM_IOCTL_ROCKET_PREP_BO, &args);
}

static int fini(const struct port_bo *bo)
{
	struct drm_rocket_fini_bo args = { .handle = bo->handle };

	return port_ioctl(bo->fd, DRM_IOCTL_ROCKET_FINI_BO, &args);
}

/* No ioctl tells it again, but there has to be such a handle. */
static int rocket_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	*offset = bo->offset;
	return fini(bo);
}

static int rocket_wait(const struct port_bo *bo)
{
	return prep(bo, INT64_MAX);
}

static int submit(int fd, const struct drm_rocket_job *jobs, uint32_t nr)
{
	struct drm_rocket_submit args = {
		.jobs = (uintptr_t)jobs, .job_count = nr, .job_struct_size = sizeof(*jobs),
	};

	return port_ioctl(fd, DRM_IOCTL_ROCKET_SUBMIT, &args);
}

static struct drm_rocket_job job_of(const struct drm_rocket_task *tasks, uint32_t nr)
{
	return (struct drm_rocket_job) {
		.tasks = (uintptr_t)tasks, .task_count = nr, .task_struct_size = sizeof(*tasks),
	};
}

static struct drm_rocket_task task_of(const struct port_job *job)
{
	return (struct drm_rocket_task) { job->commands->va, REGCMDS(job->nr_commands) };
}

/* A task for each command. */
static void tasks_of(const struct port_job *job, struct drm_rocket_task *tasks)
{
	unsigned int i;

	for (i = 0; i < job->nr_commands; i++)
		tasks[i] = (struct drm_rocket_task) {
			job->commands->va + i * sizeof(struct engine_cmd), REGCMDS(1),
		};
}

/* All but the commands, which are what is waited for. */
static unsigned int others_of(const struct port_job *job, uint32_t *handles)
{
	unsigned int i, nr = 0;

	for (i = 0; i < job->nr_bos; i++)
		if (job->bos[i] != job->commands)
			handles[nr++] = job->bos[i]->handle;
	return nr;
}

/* As user space does: what else the job needs, it does not name. */
static int submit_task(int fd, const struct port_job *job)
{
	struct drm_rocket_task task = task_of(job);
	struct drm_rocket_job args = job_of(&task, 1);

	args.out_bo_handles = (uintptr_t)&job->commands->handle;
	args.out_bo_handle_count = 1;
	return submit(fd, &args, 1);
}

/* The cores go from task to task by interrupts. */
static int submit_tasks(int fd, const struct port_job *job)
{
	struct drm_rocket_task tasks[COMMANDS];
	struct drm_rocket_job args = job_of(tasks, job->nr_commands);
	uint32_t handles[64];
	unsigned int nr = others_of(job, handles);

	tasks_of(job, tasks);
	handles[nr++] = job->commands->handle;
	args.out_bo_handles = (uintptr_t)handles;
	args.out_bo_handle_count = nr;
	return submit(fd, &args, 1);
}

/* A job for each command; they come one after the other, since all write the same. */
static int submit_jobs(int fd, const struct port_job *job)
{
	struct drm_rocket_task tasks[COMMANDS];
	struct drm_rocket_job jobs[COMMANDS];
	uint32_t handles[64];
	unsigned int i, nr = others_of(job, handles);

	tasks_of(job, tasks);
	for (i = 0; i < job->nr_commands; i++) {
		jobs[i] = job_of(&tasks[i], 1);
		jobs[i].in_bo_handles = (uintptr_t)handles;
		jobs[i].in_bo_handle_count = nr;
		jobs[i].out_bo_handles = (uintptr_t)&job->commands->handle;
		jobs[i].out_bo_handle_count = 1;
	}
	return submit(fd, jobs, job->nr_commands);
}

static const struct port_queue rocket_queues[] = {
	{ "task", submit_task },
	{ "tasks", submit_tasks },
	{ "jobs", submit_jobs },
};

/* What the ioctls do not take. */
static void refusals(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), PAGE), none = { .fd = bo.fd };
	struct drm_rocket_prep_bo prep_args = { .handle = bo.handle, .reserved = 1 };
	struct drm_rocket_fini_bo fini_args = { .handle = bo.handle, .reserved = 1 };
	struct drm_rocket_job job = {};
	struct drm_rocket_submit args = {
		.jobs = (uintptr_t)&job, .job_count = 1, .job_struct_size = sizeof(job) - 1,
	};
	struct vuma_bo theirs;
	uint32_t handle;
	int dmabuf, vuma = vuma_open("vuma", 0, VUMA_NODE_RENDER);

	none.handle = bo.handle + 100;
	KT_RET(prep(&none, 0), -ENOENT);
	KT_RET(fini(&none), -ENOENT);
	KT_RET(port_ioctl(bo.fd, DRM_IOCTL_ROCKET_PREP_BO, &prep_args), -EINVAL);
	KT_RET(port_ioctl(bo.fd, DRM_IOCTL_ROCKET_FINI_BO, &fini_args), -EINVAL);
	KT_RET(port_ioctl(bo.fd, DRM_IOCTL_ROCKET_SUBMIT, &args), -EINVAL);
	args.job_struct_size++;
	args.reserved = 1;
	KT_RET(port_ioctl(bo.fd, DRM_IOCTL_ROCKET_SUBMIT, &args), -EINVAL);
	args.reserved = 0;
	args.jobs = 0;
	KT_RET(port_ioctl(bo.fd, DRM_IOCTL_ROCKET_SUBMIT, &args), -EFAULT);
	args.job_count = 0;
	KT_OK(port_ioctl(bo.fd, DRM_IOCTL_ROCKET_SUBMIT, &args));
	KT_GE(vuma, 0);
	KT_OK(vuma_bo_init(&theirs, vuma, PAGE, 0));
	dmabuf = vuma_prime_export(vuma, theirs.handle, DRM_CLOEXEC | DRM_RDWR);
	KT_GE(dmabuf, 0);
	KT_RET(vuma_prime_import(bo.fd, dmabuf, &handle), -EINVAL);
}

/* A job that cannot be run is not dropped without a word. */
static void refused_jobs(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), PAGE);
	struct drm_rocket_task task = { bo.va, REGCMDS(1) };
	uint32_t handle = bo.handle, none = bo.handle + 100;
	struct drm_rocket_job job = job_of(&task, 0);
	uint64_t jobs = engine_count("jobs");

	KT_RET(submit(bo.fd, &job, 1), -EINVAL);
	job.task_count = 1;
	task.regcmd_count = 0;
	KT_RET(submit(bo.fd, &job, 1), -EINVAL);
	task.regcmd_count = REGCMDS(1);
	job.task_struct_size--;
	KT_RET(submit(bo.fd, &job, 1), -EINVAL);
	job.task_struct_size++;
	job.in_bo_handles = (uintptr_t)&none;
	job.in_bo_handle_count = 1;
	KT_RET(submit(bo.fd, &job, 1), -ENOENT);
	job.in_bo_handles = (uintptr_t)&handle;
	job.out_bo_handles = (uintptr_t)&handle;
	job.out_bo_handle_count = 1;
	KT_RET(submit(bo.fd, &job, 1), -EALREADY);
	KT_EQ(engine_count("jobs"), jobs);
}

/* The device does not snoop: the CPU's caches are made to agree with memory, for that buffer. */
static void prep_and_fini(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), 64 * PAGE);
	struct port_bo other = bo_new_mapped(bo.fd, 16 * PAGE);
	const struct port_bo *bos[] = { &bo, &other };
	struct engine_cmd cmds[] = { cmd_fill(&bo, 1), cmd_fill(&other, 2) };
	uint64_t cleaned, invalidated;

	run(cmds, ARRAY_SIZE(cmds), bos, ARRAY_SIZE(bos));
	invalidated = engine_count("invalidated");
	KT_OK(rocket_wait(&bo));
	KT_EQ(engine_count("invalidated") - invalidated, 64);
	verify(bo.map, bo.size, 1);
	fill(bo.map, bo.size, 3);
	cleaned = engine_count("cleaned");
	KT_OK(fini(&bo));
	KT_EQ(engine_count("cleaned") - cleaned, 64);
	KT_EQ(engine_count("invalidated") - invalidated, 64);
}

/*
 * A job that has used a buffer without naming it waits for its gate, and then looks at what
 * is there again.
 */
struct gated {
	struct port_bo bo, commands, flags;
};

static struct gated gated_new(int fd)
{
	struct gated g = {
		.bo = bo_new(fd, 4 * MIB), .commands = bo_new_mapped(fd, PAGE),
		.flags = bo_new_mapped(fd, PAGE),
	};

	return g;
}

static void gated_start(const struct gated *g, uint32_t value)
{
	const struct port_bo *bos[] = { &g->commands };
	struct engine_cmd cmds[] = {
		cmd_fill(&g->bo, value),
		{ ENGINE_FILL, g->flags.va, 1, 1 },
		{ ENGINE_WAIT, g->flags.va + 4, 1, 1 },
		cmd_check(&g->bo, value),
	};
	struct port_job job = {
		.commands = &g->commands, .nr_commands = ARRAY_SIZE(cmds), .bos = bos, .nr_bos = 1,
	};
	volatile uint32_t *flag = g->flags.map;

	memcpy(g->commands.map, cmds, sizeof(cmds));
	flag[0] = 0;
	flag[1] = 0;
	KT_OK(submit_task(g->commands.fd, &job));
	KT_WAIT(flag[0] == 1);
}

static void gated_open(const struct gated *g)
{
	((volatile uint32_t *)g->flags.map)[1] = 1;
	KT_OK(rocket_wait(&g->commands));
}

static void prep_waits(void)
{
	struct gated g = gated_new(port_open());

	gated_start(&g, 5);
	KT_RET(prep(&g.commands, 0), -EBUSY);
	KT_RET(prep(&g.commands, vuma_now_ns() + VUMA_SEC / 20), -ETIMEDOUT);
	/* What no job writes, nobody waits for. */
	KT_OK(prep(&g.flags, 0));
	gated_open(&g);
	KT_OK(prep(&g.commands, 0));
	verify_engine();
}

/* Reclaim takes nothing of a file while a job runs that may use it, and all of it afterwards. */
static void kept_while_a_job_runs(void)
{
	struct cgroup cg = tenant("one");
	struct gated g = gated_new(port_open());
	uint64_t before;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		gated_start(&g, 9 + i);
		before = charged(&cg);
		cgroup_reclaim(&cg, before);
		cgroup_reclaim(&cg, before);
		KT_GE(charged(&cg), g.bo.size);
		gated_open(&g);
		verify_engine();
		reclaim_to(&cg, before - 3 * MIB);
		if (port_is_ported())
			KT_LE(charged(&cg), before - 3 * MIB);
	}
}

/* A handle is closed meanwhile: the pages are gone, and the IOMMU knows that. */
static void closed_while_a_job_runs(void)
{
	struct gated g = gated_new(port_open());
	uint64_t faults;

	gated_start(&g, 7);
	faults = engine_wrong("faults");
	bo_close(&g.bo);
	gated_open(&g);
	KT_EQ(engine_wrong("faults") - faults, 4 * MIB / PAGE);
	KT_EQ(engine_wrong("stale"), 0);
	KT_EQ(engine_wrong("gone"), 0);
}

/* Each time, the IOMMU forgets what is taken away, and maps nothing over what is there. */
static void evicting_forgets(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo = bo_new(port_open(), 16 * MIB);
	const struct port_bo *bos[] = { &bo };
	uint64_t remapped = engine_count("remapped");
	struct engine_cmd cmds[2];
	unsigned int i;

	cmds[0] = cmd_fill(&bo, 0);
	run(cmds, 1, bos, 1);
	for (i = 0; i < 4; i++) {
		KT_OK(reclaim_to(&cg, 8 * MIB));
		KT_EQ(engine_count("owed"), 0);
		cmds[0] = cmd_check(&bo, i);
		cmds[1] = cmd_fill(&bo, i + 1);
		run(cmds, 2, bos, 1);
		KT_EQ(engine_count("remapped"), remapped);
	}
}

struct worker {
	struct port_bo bo, commands;
};

static struct worker worker_new(void)
{
	struct worker w = { .bo = bo_new(port_open(), 4 * MIB) };

	w.commands = bo_new_mapped(w.bo.fd, PAGE);
	return w;
}

static void worker_works(const struct worker *w, struct engine_cmd cmd)
{
	run_by(&w->commands, 0, &cmd, 1, NULL, 0);
}

/* Of files that are as large, those lose their memory first whose jobs are longer ago. */
static void idle_file_goes_first(void)
{
	struct cgroup cg = tenant("one");
	struct worker w[8];
	uint64_t mapped;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(w); i++) {
		w[i] = worker_new();
		worker_works(&w[i], cmd_fill(&w[i].bo, i));
	}
	usleep(300000);
	/* It was the first to be mapped. A job that is not freed yet would keep it in any case. */
	worker_works(&w[0], cmd_check(&w[0].bo, 0));
	usleep(300000);
	KT_OK(reclaim_to(&cg, charged(&cg) - MIB));
	mapped = engine_count("mapped");
	worker_works(&w[0], cmd_check(&w[0].bo, 0));
	KT_EQ(engine_count("mapped"), mapped);
	for (i = 1; i < ARRAY_SIZE(w); i++)
		worker_works(&w[i], cmd_check(&w[i].bo, i));
	figure("mapped_again", (engine_count("mapped") - mapped) * PAGE, "bytes");
	KT_GE(engine_count("mapped") - mapped, w[1].bo.size / PAGE);
	verify_engine();
}

/* Both cores at work, for files that have different memory at the same address. */
static void two_files(void)
{
	struct gated a = gated_new(port_open()), b = gated_new(port_open());
	unsigned int i;

	KT_EQ(a.bo.va, b.bo.va);
	for (i = 0; i < 10; i++) {
		gated_start(&a, 1000 + i);
		gated_start(&b, 2000 + i);
		gated_open(&b);
		gated_open(&a);
	}
	verify_engine();
	bo_map(&a.bo);
	bo_map(&b.bo);
	verify(a.bo.map, a.bo.size, 1009);
	verify(b.bo.map, b.bo.size, 2009);
}

/* A dma-buf keeps the domain of a file that has been closed, and nothing keeps it after that. */
static void domain_outlives_the_file(void)
{
	struct port_bo bo;
	const struct port_bo *bos[] = { &bo };
	struct engine_cmd cmd;
	uint32_t *map;
	int dmabuf;

	if (!port_is_ported())
		KT_SKIP("%s", port->no_export);
	/* Those of earlier tests may be on their way. */
	KT_WAIT(!engine_count("domains"));
	bo = bo_new_mapped(port_open(), PAGE);
	KT_EQ(engine_count("domains"), 1);
	cmd = cmd_fill(&bo, 4);
	run(&cmd, 1, bos, 1);
	dmabuf = bo_export(&bo);
	bo_close(&bo);
	KT_SYS(close(bo.fd));
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, 0);
	KT_TRUE(map != MAP_FAILED);
	verify(map, PAGE, 4);
	KT_EQ(engine_count("domains"), 1);
	KT_SYS(munmap(map, PAGE));
	KT_SYS(close(dmabuf));
	KT_WAIT(!engine_count("domains"));
}

/* A core that stands is reset, its job ends, and what it used can be taken. */
static void reset_after_hang(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo = bo_new(port_open(), 16 * MIB);
	const struct port_bo *bos[] = { &bo };
	struct engine_cmd hang = { .op = ENGINE_HANG }, cmd = cmd_fill(&bo, 3);
	uint64_t jobs;

	run(&cmd, 1, bos, 1);
	jobs = engine_count("jobs");
	run(&hang, 1, bos, 1);
	KT_EQ(engine_count("jobs"), jobs);
	if (port_is_ported())
		KT_OK(reclaim_to(&cg, 8 * MIB));
	cmd = cmd_check(&bo, 3);
	run(&cmd, 1, bos, 1);
	KT_EQ(engine_count("jobs"), jobs + 1);
}

static const struct ktap_test rocket_tests[] = {
	{ .name = "refusals", .run = refusals },
	{ .name = "refused_jobs", .run = refused_jobs },
	{ .name = "prep_and_fini", .run = prep_and_fini },
	{ .name = "prep_waits", .run = prep_waits },
	{ .name = "kept_while_a_job_runs", .run = kept_while_a_job_runs },
	{ .name = "closed_while_a_job_runs", .run = closed_while_a_job_runs },
	{ .name = "evicting_forgets", .run = evicting_forgets },
	{ .name = "idle_file_goes_first", .run = idle_file_goes_first },
	{ .name = "two_files", .run = two_files },
	{ .name = "domain_outlives_the_file", .run = domain_outlives_the_file },
	{ .name = "reset_after_hang", .run = reset_after_hang },
};

const struct port_driver port_rocket = {
	.name = "rocket",
	.accel = true,
	.whole_vm = true,
	.no_import = "rocket has no ioctl that tells the address of an import",
	.no_export = "rocket uses its file's memory when a buffer outlives it",
	.no_unbind = "rocket frees its schedulers under files that are open",
	.create = rocket_create,
	.mmap_offset = rocket_mmap_offset,
	.queues = rocket_queues,
	.nr_queues = ARRAY_SIZE(rocket_queues),
	.wait = rocket_wait,
	.tests = rocket_tests,
	.nr_tests = ARRAY_SIZE(rocket_tests),
};
