// SPDX-License-Identifier: GPL-2.0
/* Memory of a process that jobs work on, and that nobody pins. */
#include <sys/resource.h>
#include <sys/socket.h>

#include "arena.h"
#include "file.h"
#include "gate.h"
#include "legacy.h"
#include "peer.h"

#define PAGES	16
#define SIZE	(PAGES * PAGE)
#define MIB	VUMA_MIB
#define NOTIFIER	DRM_VUMA_USERPTR_NOTIFIER
#define READONLY	DRM_VUMA_USERPTR_READONLY

static void *memory_new(size_t size)
{
	return KT_MAPPED(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0));
}

static int memory_file(size_t size)
{
	int file = memfd_create("userptr", MFD_CLOEXEC);

	KT_SYS(file);
	KT_SYS(ftruncate(file, size));
	return file;
}

static void *file_map(int file, size_t size)
{
	return KT_MAPPED(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
}

/* A BO of memory of the process, in a VM with a place for results. */
struct user {
	char *at;
	uint64_t size;
	struct vuma_bo bo, out;
	struct vuma_vm vm;
	uint64_t va, out_va;
};

/* How long who changes memory waits for jobs, which then are ended. */
static void patience(const char *ms)
{
	KT_OK(file_write("/sys/module/gem_uma/parameters/userptr_wait_ms", ms));
}

static struct user user_at(int fd, void *at, uint64_t size, uint32_t flags)
{
	struct user u = { .at = at, .size = size, .bo = { .fd = fd, .size = size } };
	int ret = vuma_bo_create_userptr(fd, at, size, NOTIFIER | flags, &u.bo.handle);

	if (ret == -EOPNOTSUPP)
		not_on_twin("it has no BO_USERPTR");
	KT_OK(ret);
	/* Not for tests to run into, on whatever host. */
	if (!geteuid())
		patience("600000");
	u.vm = vm_new(fd);
	u.out = bo_new_mapped(fd, PAGE, 0);
	u.out_va = vm_map_bo(&u.vm, &u.out);
	u.va = 1ull << 40;
	KT_OK(vuma_vm_map(&u.vm, u.bo.handle, u.va, 0, size,
			  flags & READONLY ? DRM_VUMA_BIND_READONLY : 0));
	return u;
}

static struct user user_new(void)
{
	char *at = memory_new(SIZE);

	vuma_pattern_fill(at, SIZE, 1, 3);
	return user_at(dev_open(0), at, SIZE, 0);
}

static void expect_gpu_sees(const struct user *u, uint64_t start, uint64_t step)
{
	verify_checksum(&u->vm, u->va, u->size, start, step, &u->out, u->out_va);
}

static void gpu_fill(const struct user *u, uint64_t start)
{
	run_cmd(&u->vm, vuma_cmd_fill(u->va, u->size, start, 3));
}

static int try_job(const struct user *u)
{
	struct drm_vuma_cmd fill = vuma_cmd_fill(u->va, 8, 99, 0);

	return vuma_submit_one(u->vm.fd, u->vm.id, &fill, 1, 0);
}

/* A job that stands at a gate, and fills the memory behind it. */
struct standing {
	struct vuma_gate gate;
	uint32_t done;
};

static struct standing job_stand(struct user *u, uint64_t start)
{
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS + 1];
	struct standing job;

	KT_OK(vuma_gate_init(&job.gate, u->vm.fd));
	KT_OK(vuma_gate_map(&job.gate, &u->vm));
	vuma_gate_cmds(&job.gate, cmds);
	cmds[VUMA_GATE_CMDS] = vuma_cmd_fill(u->va, u->size, start, 3);
	job.done = syncobj_new(u->vm.fd);
	KT_OK(vuma_submit_one(u->vm.fd, u->vm.id, cmds, VUMA_GATE_CMDS + 1, job.done));
	KT_OK(vuma_gate_await(&job.gate, FOREVER));
	return job;
}

/*
 * Reclaim passes over pages that a CPU has touched, and not yet put on a list; it begins with
 * those of its own CPU. Where pages are large, few others come and push them out.
 */
static void settle_pages(void)
{
	void *page = memory_new(PAGE);
	cpu_set_t all, one;
	int cpu;

	KT_SYS(sched_getaffinity(0, sizeof(all), &all));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		KT_SYS(sched_setaffinity(0, sizeof(one), &one));
		KT_SYS(madvise(page, PAGE, MADV_COLD));
	}
	KT_SYS(sched_setaffinity(0, sizeof(all), &all));
	KT_SYS(munmap(page, PAGE));
}

/* Whoever changes the memory sleeps until the job has ended, and the job ends well. */
static void expect_waits(struct user *u, uint64_t start, void (*call)(void *arg))
{
	struct standing job = job_stand(u, start);
	struct waiter waiter = { .call = call, .arg = u };
	int status;

	settle_pages();
	waiter_start(&waiter);
	vuma_gate_open(&job.gate);
	waiter_join(&waiter);
	KT_OK(vuma_job_wait(u->vm.fd, job.done, 0, &status));
	KT_EQ(status, 0);
}

static void both_see_it(void)
{
	struct user u = user_new();

	KT_EQ(bo_status(&u.bo) & DRM_VUMA_BO_STATUS_IMPORTED, DRM_VUMA_BO_STATUS_IMPORTED);
	KT_EQ(bo_status(&u.bo) & DRM_VUMA_BO_STATUS_PINNED, 0);
	expect_gpu_sees(&u, 1, 3);
	gpu_fill(&u, 9);
	verify_pattern(u.at, SIZE, 9, 3);
	vuma_pattern_fill(u.at, SIZE, 4, 3);
	expect_gpu_sees(&u, 4, 3);
}

static void no_limit(void)
{
	struct rlimit none = {};
	uint32_t handle;
	struct user u;
	int fd;
	char *at;

	fd = dev_open(0);
	at = memory_new(SIZE);
	KT_SYS(setrlimit(RLIMIT_MEMLOCK, &none));
	KT_SYS(setresgid(65534, 65534, 65534));
	KT_SYS(setresuid(65534, 65534, 65534));
	u = user_at(fd, at, SIZE, 0);
	gpu_fill(&u, 1);
	verify_pattern(at, SIZE, 1, 3);
	KT_RET(vuma_bo_create_userptr(fd, at, SIZE, 0, &handle), -ENOMEM);
}

static void call_munmap(void *arg)
{
	struct user *u = arg;

	KT_SYS(munmap(u->at, u->size));
}

/* Of shared memory, so that somebody can see what the job left. */
static void munmap_waits(void)
{
	int file = memory_file(SIZE);
	char *view = file_map(file, SIZE), *at = file_map(file, SIZE);
	struct user u = user_at(dev_open(0), at, SIZE, 0);

	expect_waits(&u, 5, call_munmap);
	verify_pattern(view, SIZE, 5, 3);
	KT_RET(try_job(&u), -EFAULT);
	verify_pattern(view, SIZE, 5, 3);
}

/* What failed has done nothing, and can be repeated when there is memory again. */
static void unmapped_is_efault(void)
{
	struct user u = user_new();
	struct vuma_vm other;
	struct vuma_bo bo;
	uint64_t va;

	gpu_fill(&u, 1);
	KT_SYS(munmap(u.at + SIZE / 2, SIZE / 2));
	KT_RET(try_job(&u), -EFAULT);
	KT_RET(try_job(&u), -EFAULT);
	verify_pattern(u.at, SIZE / 2, 1, 3);
	/* Only of that VM. */
	bo = bo_new_mapped(u.vm.fd, PAGE, 0);
	other = vm_new(u.vm.fd);
	va = vm_map_bo(&other, &bo);
	run_cmd(&other, vuma_cmd_fill(va, PAGE, 2, 3));
	verify_pattern(bo.map, PAGE, 2, 3);
	/* What is there now is meant, whatever it is. */
	KT_MAPPED(mmap(u.at + SIZE / 2, SIZE / 2, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	memset(u.at, 0, SIZE / 2);
	expect_gpu_sees(&u, 0, 0);
	gpu_fill(&u, 3);
	verify_pattern(u.at, SIZE, 3, 3);
	/* Without the BO the VM does not need the memory. */
	KT_SYS(munmap(u.at, SIZE));
	KT_RET(try_job(&u), -EFAULT);
	KT_OK(vuma_vm_unmap(&u.vm, u.va, SIZE));
	run_cmd(&u.vm, vuma_cmd_nop());
}

static void call_dontneed(void *arg)
{
	struct user *u = arg;

	KT_SYS(madvise(u->at, u->size, MADV_DONTNEED));
}

static void dontneed(void)
{
	struct user u = user_new();

	expect_waits(&u, 5, call_dontneed);
	verify_pattern(u.at, SIZE, 0, 0);
	expect_gpu_sees(&u, 0, 0);
	gpu_fill(&u, 6);
	KT_SYS(madvise(u.at, PAGE, MADV_DONTNEED));
	gpu_fill(&u, 7);
	verify_pattern(u.at, SIZE, 7, 3);
}

static void call_mremap(void *arg)
{
	struct user *u = arg;

	u->at = KT_MAPPED(mremap(u->at, SIZE, 2 * SIZE, MREMAP_MAYMOVE));
}

/* An address is meant, and not what was there. */
static void moved_away(void)
{
	struct user u;
	char *at = memory_new(2 * SIZE), *old;

	/* Something behind, so that it has to move. */
	vuma_pattern_fill(at, SIZE, 1, 3);
	u = user_at(dev_open(0), at, SIZE, 0);
	old = u.at;
	expect_waits(&u, 5, call_mremap);
	KT_TRUE(u.at != old);
	verify_pattern(u.at, SIZE, 5, 3);
	KT_RET(try_job(&u), -EFAULT);
	verify_pattern(u.at, SIZE, 5, 3);
}

static void call_mprotect(void *arg)
{
	struct user *u = arg;

	KT_SYS(mprotect(u->at, u->size, PROT_READ));
}

static void read_only(void)
{
	struct user u = user_new(), ro;
	uint32_t handle;

	expect_waits(&u, 5, call_mprotect);
	KT_RET(try_job(&u), -EFAULT);
	verify_pattern(u.at, SIZE, 5, 3);
	KT_RET(vuma_bo_create_userptr(u.vm.fd, u.at, SIZE, NOTIFIER, &handle), -EFAULT);
	ro = user_at(u.vm.fd, u.at, SIZE, READONLY);
	expect_gpu_sees(&ro, 5, 3);
	KT_SYS(mprotect(u.at, SIZE, PROT_READ | PROT_WRITE));
	vuma_pattern_fill(u.at, SIZE, 6, 3);
	expect_gpu_sees(&ro, 6, 3);
	gpu_fill(&u, 7);
	expect_gpu_sees(&ro, 7, 3);
}

/* What was never written is the zero page for who only reads. */
static void read_only_follows_the_first_write(void)
{
	struct user ro = user_at(dev_open(0), memory_new(SIZE), SIZE, READONLY);

	expect_gpu_sees(&ro, 0, 0);
	vuma_pattern_fill(ro.at, SIZE, 1, 3);
	expect_gpu_sees(&ro, 1, 3);
}

static void forked(void)
{
	struct user u = user_new();
	int to_child[2], to_parent[2];
	pid_t pid;
	char c;

	gpu_fill(&u, 1);
	KT_SYS(pipe(to_child));
	KT_SYS(pipe(to_parent));
	pid = fork_child();
	if (!pid) {
		KT_EQ(read(to_child[0], &c, 1), 1);
		/* As it was at fork(), whatever the parent's GPU did since. */
		verify_pattern(u.at, SIZE, 1, 3);
		memset(u.at, 0x55, SIZE);
		KT_EQ(write(to_parent[1], "c", 1), 1);
		KT_EQ(read(to_child[0], &c, 1), 1);
		_exit(0);
	}
	gpu_fill(&u, 2);
	verify_pattern(u.at, SIZE, 2, 3);
	KT_EQ(write(to_child[1], "p", 1), 1);
	KT_EQ(read(to_parent[0], &c, 1), 1);
	expect_gpu_sees(&u, 2, 3);
	gpu_fill(&u, 3);
	verify_pattern(u.at, SIZE, 3, 3);
	KT_EQ(write(to_child[1], "p", 1), 1);
	join_child(pid);
	expect_gpu_sees(&u, 3, 3);
}

/* A job that never ends does not keep a process from changing its memory. */
static void overdue(void)
{
	struct user u = user_new();
	struct standing job = job_stand(&u, 5);
	uint32_t next = syncobj_new(u.vm.fd);
	struct drm_vuma_cmd fill = vuma_cmd_fill(u.va, SIZE, 6, 3);

	KT_OK(vuma_submit_one(u.vm.fd, u.vm.id, &fill, 1, next));
	patience("50");
	KT_SYS(madvise(u.at, SIZE, MADV_DONTNEED));
	wait_job(u.vm.fd, job.done, -ECANCELED);
	wait_job(u.vm.fd, next, -ECANCELED);
	verify_pattern(u.at, SIZE, 0, 0);
	patience("600000");
	/* The file is as good as ever. */
	gpu_fill(&u, 7);
	verify_pattern(u.at, SIZE, 7, 3);
}

/* Where its jobs wait, when a process is killed. */
enum waits_for { WAITS_FOR_NOTHING, WAITS_FOR_THE_ENGINE, WAITS_FOR_A_FENCE, BIND_WAITS };

static void killed_child(enum waits_for what, int ready)
{
	int fd = dev_open(0);
	struct user u = user_at(fd, memory_new(SIZE), SIZE, 0);
	struct drm_vuma_cmd fill = vuma_cmd_fill(u.va, SIZE, 1, 3);
	struct drm_vuma_bind_op op = vuma_op_map(u.bo.handle, 2ull << 40, 0, SIZE, 0);
	struct drm_vuma_sync in = {};
	struct gate gate;

	if (what == WAITS_FOR_NOTHING || what == BIND_WAITS)
		job_stand(&u, 1);
	if (what == WAITS_FOR_A_FENCE || what == BIND_WAITS) {
		gate = gate_new(fd);
		in.handle = gate.in;
	}
	if (what == BIND_WAITS) {
		KT_OK(vuma_vm_bind_async(fd, u.vm.id, &op, 1, &in, 1));
	} else {
		KT_OK(submit_after(&u.vm, &fill, 1, in.handle, 0));
		KT_OK(submit_after(&u.vm, &fill, 1, 0, 0));
	}
	KT_EQ(write(ready, "c", 1), 1);
	for (;;)
		pause();
}

/* Nobody opens the gates before the child is gone. */
static void killed(intptr_t what)
{
	struct gate busy = {};
	int pipes[2], status;
	pid_t pid;
	char c;

	if (what == WAITS_FOR_THE_ENGINE)
		busy = gate_busy();
	KT_SYS(pipe(pipes));
	pid = fork_child();
	if (!pid)
		killed_child(what, pipes[1]);
	KT_EQ(read(pipes[0], &c, 1), 1);
	KT_SYS(kill(pid, SIGKILL));
	KT_EQ(waitpid(pid, &status, 0), pid);
	KT_TRUE(WIFSIGNALED(status));
	if (what == WAITS_FOR_THE_ENGINE)
		gate_open(&busy);
	settle();
}

/* The memory is the child's, the file and the gate are the parent's, too. */
static void process_ends(void)
{
	int fd = dev_open(0), pair[2];
	struct shared {
		struct user u;
		struct standing job;
	} *shared = shared_memory(sizeof(*shared));
	struct vuma_gate gate;
	pid_t pid;
	char c;

	KT_OK(vuma_gate_init(&gate, fd));
	KT_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = fork_child();
	if (!pid) {
		struct drm_vuma_cmd cmds[VUMA_GATE_CMDS + 1];
		struct user u = user_at(fd, memory_new(SIZE), SIZE, 0);

		KT_OK(vuma_gate_map(&gate, &u.vm));
		vuma_gate_cmds(&gate, cmds);
		cmds[VUMA_GATE_CMDS] = vuma_cmd_fill(u.va, SIZE, 1, 3);
		shared->job.done = syncobj_new(fd);
		KT_OK(vuma_submit_one(fd, u.vm.id, cmds, VUMA_GATE_CMDS + 1, shared->job.done));
		KT_OK(vuma_submit_one(fd, u.vm.id, cmds + VUMA_GATE_CMDS, 1, 0));
		shared->u = u;
		KT_OK(vuma_gate_await(&gate, FOREVER));
		KT_EQ(write(pair[1], "c", 1), 1);
		_exit(0);
	}
	KT_EQ(read(pair[0], &c, 1), 1);
	join_child(pid);
	wait_job(fd, shared->job.done, -ECANCELED);
	KT_RET(try_job(&shared->u), -EFAULT);
	KT_OK(vuma_vm_unmap(&shared->u.vm, shared->u.va, SIZE));
	run_cmd(&shared->u.vm, vuma_cmd_nop());
}

/* Only what the process itself needs is left in memory. */
static void swap_out(const struct cgroup *cg)
{
	KT_WAIT((arena_squeeze(cg, MIB), arena_stat(cg, "anon")) <= MIB);
}

/* As the kernel takes any memory that is not used: here nobody has used the GPU since. */
static void swapped(void)
{
	uint64_t size = 8 * MIB;
	struct cgroup cg;
	struct user u;
	char *at;

	need_reclaim();
	cg = arena_enter("a");
	at = memory_new(size);
	vuma_pattern_fill(at, size, 1, 0x9e3779b97f4a7c15);
	u = user_at(dev_open(0), at, size, 0);
	expect_gpu_sees(&u, 1, 0x9e3779b97f4a7c15);
	swap_out(&cg);
	expect_gpu_sees(&u, 1, 0x9e3779b97f4a7c15);
	run_cmd(&u.vm, vuma_cmd_fill(u.va, size, 2, 0x9e3779b97f4a7c15));
	swap_out(&cg);
	verify_pattern(at, size, 2, 0x9e3779b97f4a7c15);
	expect_gpu_sees(&u, 2, 0x9e3779b97f4a7c15);
}

static void call_pageout(void *arg)
{
	struct user *u = arg;

	KT_SYS(madvise(u->at, u->size, MADV_PAGEOUT));
}

static void reclaim_waits(void)
{
	struct user u;

	need_reclaim();
	u = user_new();
	expect_waits(&u, 5, call_pageout);
	expect_gpu_sees(&u, 5, 3);
	verify_pattern(u.at, SIZE, 5, 3);
}

/* Huge pages that are split, freed in part, and moved about. */
static void huge(void)
{
	uint64_t size = 4 * MIB;
	struct user u;
	char *at;

	at = memory_new(size + 2 * MIB);
	at += -(uintptr_t)at & (2 * MIB - 1);
	madvise(at, size, MADV_HUGEPAGE);
	vuma_pattern_fill(at, size, 1, 3);
	u = user_at(dev_open(0), at, size, 0);
	expect_gpu_sees(&u, 1, 3);
	file_write("/proc/sys/vm/compact_memory", "1");
	expect_gpu_sees(&u, 1, 3);
	KT_SYS(madvise(at + 5 * PAGE, PAGE, MADV_DONTNEED));
	gpu_fill(&u, 2);
	verify_pattern(at, size, 2, 3);
	KT_SYS(mprotect(at + 2 * MIB, PAGE, PROT_READ));
	KT_RET(try_job(&u), -EFAULT);
	KT_SYS(mprotect(at + 2 * MIB, PAGE, PROT_READ | PROT_WRITE));
	gpu_fill(&u, 3);
	file_write("/proc/sys/vm/compact_memory", "1");
	verify_pattern(at, size, 3, 3);
	expect_gpu_sees(&u, 3, 3);
}

static void of_a_file(void)
{
	int file = memory_file(SIZE);
	char *view = file_map(file, SIZE);
	struct user u;

	vuma_pattern_fill(view, SIZE, 1, 3);
	u = user_at(dev_open(0), file_map(file, SIZE), SIZE, 0);
	expect_gpu_sees(&u, 1, 3);
	gpu_fill(&u, 2);
	verify_pattern(view, SIZE, 2, 3);
	KT_SYS(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SIZE));
	expect_gpu_sees(&u, 0, 0);
	gpu_fill(&u, 3);
	verify_pattern(view, SIZE, 3, 3);
	KT_SYS(ftruncate(file, SIZE / 2));
	KT_RET(try_job(&u), -EFAULT);
	verify_pattern(view, SIZE / 2, 3, 3);
	KT_SYS(ftruncate(file, SIZE));
	gpu_fill(&u, 4);
	verify_pattern(view, SIZE, 4, 3);
}

/* Identical pages that the kernel makes one, of which a job writes. */
static void merged(void)
{
	static const char shared[] = "/sys/kernel/mm/ksm/pages_sharing";
	struct user u;
	char text[32];

	if (access(shared, F_OK))
		KT_SKIP("this kernel merges no pages");
	u = user_new();
	memset(u.at, 0x5a, SIZE);
	gpu_fill(&u, 1);
	memset(u.at, 0x5a, SIZE);
	expect_gpu_sees(&u, 0x5a5a5a5a5a5a5a5a, 0);
	KT_OK(file_write("/sys/kernel/mm/ksm/sleep_millisecs", "1"));
	KT_OK(file_write("/sys/kernel/mm/ksm/run", "1"));
	KT_SYS(madvise(u.at, SIZE, MADV_MERGEABLE));
	KT_WAIT(!file_read(shared, text, sizeof(text)) && strtoul(text, NULL, 0) >= PAGES - 1);
	run_cmd(&u.vm, vuma_cmd_fill(u.va + PAGE, PAGE, 1, 3));
	verify_pattern(u.at, PAGE, 0x5a5a5a5a5a5a5a5a, 0);
	verify_pattern(u.at + PAGE, PAGE, 1, 3);
	verify_pattern(u.at + 2 * PAGE, SIZE - 2 * PAGE, 0x5a5a5a5a5a5a5a5a, 0);
	KT_OK(file_write("/sys/kernel/mm/ksm/run", "2"));
	KT_OK(file_write("/sys/kernel/mm/ksm/run", "0"));
}

static void call_submit(void *arg)
{
	struct user *u = arg;
	struct drm_vuma_cmd fill = vuma_cmd_fill(u->va, u->size, 6, 3);

	KT_OK(vuma_submit_one(u->vm.fd, u->vm.id, &fill, 1, 0));
}

/*
 * A job that was queued before the memory was bound has no fence there, so it must not find
 * the memory in its page tables: nobody would wait for it.
 */
static void older_jobs(void)
{
	struct user u = user_new();
	struct waiter waiter = { .call = call_submit, .arg = &u };
	uint64_t second = u.va + SIZE;
	struct standing job;

	gpu_fill(&u, 1);
	KT_OK(vuma_vm_unmap(&u.vm, u.va, SIZE));
	u.va = u.out_va;
	u.size = PAGE;
	job = job_stand(&u, 0);
	u.va = second;
	u.size = SIZE;
	KT_OK(vuma_vm_map(&u.vm, u.bo.handle, second, 0, SIZE, 0));
	/* Of the BO that has DMA addresses, too. */
	waiter_start(&waiter);
	/* Who unmaps it does not have to wait for that job. */
	KT_SYS(madvise(u.at, SIZE, MADV_DONTNEED));
	vuma_gate_open(&job.gate);
	waiter_join(&waiter);
	run_cmd(&u.vm, vuma_cmd_nop());
	verify_pattern(u.at, SIZE, 6, 3);
}

/* A bind waits as long as its user wants. Who waits for it keeps nobody from the VM. */
static void bind_waits(void)
{
	struct user u = user_new();
	struct waiter waiter = { .call = call_submit, .arg = &u };
	struct vuma_vm other = vm_new(u.vm.fd);
	struct gate gate = gate_new(u.vm.fd);
	struct drm_vuma_bind_op op = vuma_op_map(u.bo.handle, u.va, 0, SIZE, 0);
	struct drm_vuma_sync in = { .handle = gate.in };

	gpu_fill(&u, 1);
	KT_OK(vuma_vm_bind_async(u.vm.fd, other.id, &op, 1, &in, 1));
	patience("0");
	KT_SYS(madvise(u.at, SIZE, MADV_DONTNEED));
	waiter_start(&waiter);
	KT_OK(vuma_vm_map(&u.vm, u.out.handle, u.va + SIZE, 0, PAGE, 0));
	KT_OK(vuma_vm_unmap(&u.vm, u.va + SIZE, PAGE));
	gate_open(&gate);
	waiter_join(&waiter);
	run_cmd(&u.vm, vuma_cmd_nop());
	verify_pattern(u.at, SIZE, 6, 3);
	patience("600000");
}

/* The first of two is looked up, but it is the second that is missing, or the reverse. */
static void two_in_a_vm(intptr_t swap)
{
	struct user u = user_new();
	char *at = memory_new(SIZE), *gone = swap ? u.at : at, *kept = swap ? at : u.at;
	uint32_t handle;

	KT_OK(vuma_bo_create_userptr(u.vm.fd, at, SIZE, NOTIFIER, &handle));
	KT_OK(vuma_vm_map(&u.vm, handle, u.va + SIZE, 0, SIZE, 0));
	gpu_fill(&u, 1);
	KT_SYS(munmap(gone, SIZE));
	KT_RET(try_job(&u), -EFAULT);
	KT_SYS(madvise(kept, SIZE, MADV_DONTNEED));
	KT_RET(try_job(&u), -EFAULT);
	KT_RET(try_job(&u), -EFAULT);
	KT_OK(vuma_vm_unmap(&u.vm, swap ? u.va : u.va + SIZE, SIZE));
	run_cmd(&u.vm, vuma_cmd_fill(swap ? u.va + SIZE : u.va, SIZE, 2, 3));
	verify_pattern(kept, SIZE, 2, 3);
}

/* The beginning is swapped out again when the end is there. */
static void too_large(void)
{
	uint64_t size = 12 * MIB;
	struct cgroup cg;
	struct user u;

	need_reclaim();
	cg = arena_enter("a");
	u = user_at(dev_open(0), memory_new(size), size, 0);
	gpu_fill(&u, 1);
	/* On a debug kernel, some megabytes are of what nobody can take away. */
	KT_OK(cgroup_write(&cg, "memory.max", "9M"));
	KT_RET(try_job(&u), -ENOMEM);
	KT_OK(cgroup_write(&cg, "memory.max", "max"));
	KT_OK(try_job(&u));
}

static void two_spaces(void)
{
	struct user u = user_new(), v;

	need_devices(2);
	v = user_at(dev_open(1), u.at, SIZE, 0);
	expect_gpu_sees(&v, 1, 3);
	gpu_fill(&u, 2);
	expect_gpu_sees(&v, 2, 3);
	KT_SYS(madvise(u.at, SIZE, MADV_DONTNEED));
	/* One of them has looked the pages up, and the other has to notice, too. */
	expect_gpu_sees(&u, 0, 0);
	gpu_fill(&v, 3);
	verify_pattern(u.at, SIZE, 3, 3);
	expect_gpu_sees(&u, 3, 3);
	KT_SYS(munmap(u.at, SIZE));
	KT_RET(try_job(&v), -EFAULT);
	KT_RET(try_job(&u), -EFAULT);
}

/* Another process may use it, and means the memory of the first. */
static void of_another_process(const struct peer *peer, void *arg)
{
	struct user *u = arg;

	gpu_fill(u, 2);
	peer_next(peer);
	gpu_fill(u, 3);
}

static void by_another_process(void)
{
	struct cgroup cg = arena_new("a");
	struct user u = user_new();
	struct peer peer;

	peer = peer_start(&cg, of_another_process, &u);
	peer_next(&peer);
	verify_pattern(u.at, SIZE, 2, 3);
	KT_SYS(madvise(u.at, SIZE, MADV_DONTNEED));
	peer_end(&peer);
	verify_pattern(u.at, SIZE, 3, 3);
}

static void refused(void)
{
	struct user u = user_new();
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(u.bo.handle, LEGACY_WRITE);
	struct drm_vuma_cmd cmd = vuma_cmd_fill(LEGACY_AT(0, 0), 8, 1, 0);
	int file = dev_open(0);
	struct vuma_bo bo;
	uint32_t handle;

	/* Jobs of others could keep the process waiting. */
	KT_RET(vuma_prime_export(u.vm.fd, u.bo.handle, DRM_CLOEXEC), -EPERM);
	KT_RET(vuma_prime_export(u.vm.fd, u.bo.handle, DRM_CLOEXEC | DRM_RDWR), -EPERM);
	/* Other jobs of a VM with implicit addresses could reach it. */
	KT_OK(vuma_bo_create_userptr(file, u.at, SIZE, NOTIFIER, &use.handle));
	KT_RET(vuma_submit_legacy(file, &use, 1, &cmd, 1, 0, 0), -EOPNOTSUPP);
	KT_RET(vuma_submit_legacy(file, &use, 1, NULL, 0, 0, 0), -EOPNOTSUPP);
	KT_RET(vuma_scanout_pin(u.vm.fd, u.bo.handle), -EINVAL);
	/* What has no pages of its own. */
	bo = bo_new_mapped(u.vm.fd, SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	KT_RET(vuma_bo_create_userptr(u.vm.fd, bo.map, SIZE, NOTIFIER, &handle), -EFAULT);
	KT_SYS(munmap(u.at, PAGE));
	KT_RET(vuma_bo_create_userptr(u.vm.fd, u.at, SIZE, NOTIFIER, &handle), -EFAULT);
	KT_RET(vuma_bo_create_userptr(u.vm.fd, u.at, SIZE, NOTIFIER | 4, &handle), -EINVAL);
}

static const struct ktap_test tests[] = {
	{ .name = "notifier_CPU_and_GPU_share_the_memory", .run = both_see_it },
	{ .name = "notifier_RLIMIT_MEMLOCK_is_no_limit", .run = no_limit },
	{ .name = "notifier_munmap_waits_for_jobs", .run = munmap_waits },
	{ .name = "notifier_unmapped_is_EFAULT_until_mapped_again", .run = unmapped_is_efault },
	{ .name = "notifier_MADV_DONTNEED_waits_and_is_zero", .run = dontneed },
	{ .name = "notifier_mremap_moves_it_away_from_the_GPU", .run = moved_away },
	{ .name = "notifier_mprotect_is_EFAULT_for_who_writes", .run = read_only },
	{ .name = "notifier_read_only_follows_the_first_write",
	  .run = read_only_follows_the_first_write },
	{ .name = "notifier_fork_gives_each_its_own", .run = forked },
	{ .name = "notifier_overdue_jobs_are_ended_rev-N1", .run = overdue },
	{ .name = "notifier_killed_process_ends_its_job_rev-N1",
	  .run_arg = killed, .arg = WAITS_FOR_NOTHING },
	{ .name = "notifier_killed_process_waits_for_no_engine_rev-N1",
	  .run_arg = killed, .arg = WAITS_FOR_THE_ENGINE },
	{ .name = "notifier_killed_process_waits_for_no_fence_rev-N1",
	  .run_arg = killed, .arg = WAITS_FOR_A_FENCE },
	{ .name = "notifier_killed_process_waits_for_no_bind_rev-N1",
	  .run_arg = killed, .arg = BIND_WAITS },
	{ .name = "notifier_process_ends_its_jobs", .run = process_ends },
	{ .name = "notifier_two_in_a_vm_and_one_is_gone_rev-N2", .run_arg = two_in_a_vm, .arg = 0 },
	{ .name = "notifier_two_in_a_vm_and_the_other_is_gone_rev-N2",
	  .run_arg = two_in_a_vm, .arg = 1 },
	{ .name = "notifier_submit_waits_for_a_bind_without_locks_rev-N6", .run = bind_waits },
	{ .name = "notifier_larger_than_memory_is_ENOMEM_rev-N4", .run = too_large },
	{ .name = "notifier_swapped_out_and_in", .run = swapped },
	{ .name = "notifier_reclaim_waits_for_jobs", .run = reclaim_waits },
	{ .name = "notifier_huge_pages_split_and_moved", .run = huge },
	{ .name = "notifier_file_is_punched_and_truncated", .run = of_a_file },
	{ .name = "notifier_merged_pages_come_apart", .run = merged },
	{ .name = "notifier_older_jobs_do_not_reach_it", .run = older_jobs },
	{ .name = "notifier_two_devices_notice_both", .run = two_spaces },
	{ .name = "notifier_used_by_another_process", .run = by_another_process },
	{ .name = "notifier_refused_where_nobody_looks_rev-N5", .run = refused },
};

TEST_PROGRAM(tests, arena_cleanup);
