// SPDX-License-Identifier: GPL-2.0
/* What debuggers see of a mapping: ptrace, /proc/pid/mem, process_vm_readv. */
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "arena.h"

#define PAGES	8

/* A stopped child that has a BO mapped, and its /proc/pid/mem. */
struct debuggee {
	pid_t pid;
	int mem;
};

static struct debuggee debuggee_new(void)
{
	struct debuggee d;
	char path[32];
	int status;

	d.pid = fork_child();
	if (!d.pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	KT_EQ(waitpid(d.pid, &status, 0), d.pid);
	KT_TRUE(WIFSTOPPED(status));
	snprintf(path, sizeof(path), "/proc/%d/mem", d.pid);
	d.mem = open(path, O_RDWR | O_CLOEXEC);
	KT_SYS(d.mem);
	return d;
}

static void debuggee_end(const struct debuggee *d)
{
	KT_SYS(close(d->mem));
	KT_SYS(ptrace(PTRACE_DETACH, d->pid, NULL, NULL));
	join_child(d->pid);
}

static void debug_all_pages(const struct vuma_bo *bo, const struct debuggee *d)
{
	unsigned long page;
	uint64_t word;
	char *addr;

	for (page = 0; page < PAGES; page++) {
		addr = (char *)bo->map + page * PAGE;
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, d->pid, addr, NULL);
		KT_EQ(errno, 0);
		KT_EQ(word, page_word(1, page));
		KT_SYS(ptrace(PTRACE_POKEDATA, d->pid, addr, (void *)page_word(2, page)));
	}
}

/* Across page borders, at once. */
static void debug_by_file(const struct vuma_bo *bo, const struct debuggee *d, unsigned int id)
{
	const size_t size = PAGES * PAGE;
	char *copy = malloc(size);

	KT_TRUE(copy);
	KT_EQ(pread(d->mem, copy, size, (uintptr_t)bo->map), (ssize_t)size);
	verify_pages(copy, PAGES, id, 0);
	stamp_pages(copy, PAGES, id + 1);
	KT_EQ(pwrite(d->mem, copy, size, (uintptr_t)bo->map), (ssize_t)size);
	free(copy);
}

static void debugged(intptr_t flags)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, flags);
	struct debuggee d;

	not_on_twin("gem-shmem has no access callback");
	stamp_pages(bo.map, PAGES, 1);
	d = debuggee_new();
	debug_all_pages(&bo, &d);
	verify_pages(bo.map, PAGES, 2, 0);
	debug_by_file(&bo, &d, 2);
	verify_pages(bo.map, PAGES, 3, 0);
	debuggee_end(&d);
}

/* What was evicted comes back to be read; what a debugger wrote outlives the next time. */
static void debug_evicted(void)
{
	struct debuggee d;
	struct cgroup cg;
	struct vuma_bo bo;

	not_on_twin("gem-shmem has no access callback");
	cg = arena_enter("a");
	bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	stamp_pages(bo.map, PAGES, 1);
	d = debuggee_new();
	arena_evict(&cg, &bo, 1);
	debug_all_pages(&bo, &d);
	arena_evict(&cg, &bo, 1);
	debug_by_file(&bo, &d, 2);
	arena_evict(&cg, &bo, 1);
	verify_pages(bo.map, PAGES, 3, 0);
	debuggee_end(&d);
}

static void debug_protections(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	struct debuggee d;

	not_on_twin("gem-shmem has no access callback");
	stamp_pages(bo.map, PAGES, 1);
	KT_SYS(mprotect(bo.map, PAGE, PROT_NONE));
	d = debuggee_new();
	/* Reading goes past the protection, writing does not: the mapping is shared. */
	errno = 0;
	KT_EQ((uint64_t)ptrace(PTRACE_PEEKDATA, d.pid, bo.map, NULL), page_word(1, 0));
	KT_EQ(errno, 0);
	KT_EQ(ptrace(PTRACE_POKEDATA, d.pid, bo.map, NULL), -1);
	KT_EQ(errno, EIO);
	debuggee_end(&d);
	KT_SYS(mprotect(bo.map, PAGE, PROT_READ));
	verify_pages(bo.map, PAGES, 1, 0);
}

/* These need references on pages, which a buffer gives nobody: a clear no. */
static void no_page_references(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	struct iovec local, remote = { bo.map, PAGE };
	struct debuggee d;
	char word[8];

	stamp_pages(bo.map, PAGES, 1);
	local = (struct iovec){ word, sizeof(word) };
	d = debuggee_new();
	KT_EQ(process_vm_readv(d.pid, &local, 1, &remote, 1, 0), -1);
	KT_EQ(errno, EFAULT);
	KT_EQ(process_vm_writev(d.pid, &local, 1, &remote, 1, 0), -1);
	KT_EQ(errno, EFAULT);
	debuggee_end(&d);
	verify_pages(bo.map, PAGES, 1, 0);
}

static const struct ktap_test tests[] = {
	{ .name = "access_debugger_reads_and_writes_rev-F8", .run_arg = debugged, .arg = 0 },
	{ .name = "access_debugger_of_a_write_combined_buffer_rev-F8",
	  .run_arg = debugged, .arg = DRM_VUMA_BO_WC },
	{ .name = "access_debugger_restores_the_evicted_rev-F8", .run = debug_evicted },
	{ .name = "access_debugger_cannot_write_past_the_protection", .run = debug_protections },
	{ .name = "access_by_page_references_is_EFAULT_rev-F8", .run = no_page_references },
};

TEST_PROGRAM(tests, arena_cleanup);
