// SPDX-License-Identifier: GPL-2.0
/* Implicit addresses when something goes wrong halfway, and when files end. */
#include "legacy.h"

#define SIZE	(64 * PAGE)
#define BUFS	3

#define MAPS	DRM_VUMA_PARAM_VM_MAPS
#define UNMAPS	DRM_VUMA_PARAM_VM_UNMAPS
#define IDLE	DRM_VUMA_PARAM_VM_IDLE

struct set {
	int fd;
	struct vuma_bo bos[BUFS];
	struct drm_vuma_legacy_bo use[BUFS];
};

static struct set set_new(void)
{
	struct set s = { .fd = dev_open(0) };
	int i;

	for (i = 0; i < BUFS; i++) {
		s.bos[i] = bo_new_mapped(s.fd, SIZE, 0);
		stamp_pages(s.bos[i].map, SIZE / PAGE, i);
		s.use[i] = vuma_legacy_bo(s.bos[i].handle, LEGACY_WRITE);
	}
	return s;
}

static int set_submit(struct set *s)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	return vuma_submit_legacy(s->fd, s->use, BUFS, &nop, 1, 0, 0);
}

static void set_close(struct set *s)
{
	int i;

	for (i = 0; i < BUFS; i++)
		KT_SYS(munmap(s->bos[i].map, SIZE));
	KT_SYS(close(s->fd));
}

/* Read by jobs: by the way through the page tables. */
static void set_expect(struct set *s)
{
	int i;

	for (i = 0; i < BUFS; i++) {
		verify_pages(s->bos[i].map, SIZE / PAGE, i, 0);
		legacy_expect(&s->bos[i], page_word(i, 0));
	}
}

/* Whichever of the allocations fails: what is done stays, and the next call does the rest. */
static void no_tables(void)
{
	struct before b = look();
	unsigned int nth;

	for (nth = 1; nth < 50; nth++) {
		struct set s = set_new();
		int ret;

		debugfs_fail(s.fd, "fail-tables", nth);
		ret = set_submit(&s);
		debugfs_fail(s.fd, "fail-tables", 0);
		if (ret)
			KT_RET(ret, -ENOMEM);
		KT_OK(set_submit(&s));
		legacy_wait_param(s.fd, IDLE, BUFS);
		KT_EQ(legacy_param(s.fd, MAPS), BUFS);
		KT_EQ(legacy_param(s.fd, UNMAPS), 0);
		set_expect(&s);
		set_close(&s);
		expect_nothing_left(&b);
		if (!ret)
			break;
	}
	/* One for each buffer, at least; and then there were no more to fail. */
	KT_GE(nth, BUFS + 1);
	KT_LE(nth, 49);
}

/* From then on the VM is of no use; everything else is. */
static void no_writing(void)
{
	struct before b = look();
	struct set s = set_new(), other;

	debugfs_fail(s.fd, "fail-map", 2);
	KT_RET(set_submit(&s), -EIO);
	debugfs_fail(s.fd, "fail-map", 0);
	KT_RET(set_submit(&s), -EIO);
	other = set_new();
	KT_OK(set_submit(&other));
	set_expect(&other);
	verify_pages(s.bos[0].map, SIZE / PAGE, 0, 0);
	/* Its handles can be closed like any. */
	KT_OK(vuma_bo_close(s.fd, s.bos[1].handle));
	set_close(&s);
	set_close(&other);
	expect_nothing_left(&b);
}

/* The addresses go with the VM, though the buffers have users left. */
static void closed_vm(void)
{
	struct before b = look();
	int dmabufs[BUFS], i;
	struct set s = set_new();

	KT_OK(set_submit(&s));
	legacy_wait_param(s.fd, IDLE, BUFS);
	for (i = 0; i < BUFS; i++)
		dmabufs[i] = export_bo(&s.bos[i]);
	KT_EQ(engine_counter(b.fd, "unmaps"), b.unmaps);
	KT_SYS(close(s.fd));
	/* All at once: there was no job. The mappings of the CPU held the file. */
	KT_EQ(engine_counter(b.fd, "unmaps"), b.unmaps);
	for (i = 0; i < BUFS; i++)
		KT_SYS(munmap(s.bos[i].map, SIZE));
	KT_EQ(engine_counter(b.fd, "unmaps"), b.unmaps + BUFS);
	for (i = 0; i < BUFS; i++)
		KT_SYS(close(dmabufs[i]));
	expect_closed(&b, BUFS);
}

/* A program that knows nothing of the device holds the file, and nothing else does. */
static void executed(void)
{
	struct before b = look();
	struct set s = set_new();
	int pipes[2], echo[2];
	char byte = 'x';
	pid_t pid;

	KT_OK(set_submit(&s));
	legacy_wait_param(s.fd, IDLE, BUFS);
	KT_SYS(pipe2(pipes, O_CLOEXEC));
	KT_SYS(pipe2(echo, O_CLOEXEC));
	pid = fork_child();
	if (!pid) {
		KT_SYS(dup2(pipes[0], STDIN_FILENO));
		KT_SYS(dup2(echo[1], STDOUT_FILENO));
		KT_SYS(fcntl(s.fd, F_SETFD, 0));
		execlp("cat", "cat", NULL);
		_exit(127);
	}
	KT_SYS(close(pipes[0]));
	set_close(&s);
	/* The program runs: nothing else of this process is left in it. */
	KT_EQ(write(pipes[1], &byte, 1), 1);
	KT_EQ(read(echo[0], &byte, 1), 1);
	KT_EQ(engine_counter(b.fd, "unmaps"), b.unmaps);
	KT_SYS(close(pipes[1]));
	join_child(pid);
	expect_closed(&b, BUFS);
}

/* With all that a compositor may have, and then a job after the other. */
static void submit_until_killed(int started)
{
	struct drm_vuma_cmd spin = vuma_cmd_spin(20000);
	struct set s = set_new();
	int i;

	for (i = 0; i < BUFS; i++) {
		KT_OK(vuma_scanout_pin(s.fd, s.bos[i].handle));
		KT_GE(vuma_prime_export(s.fd, s.bos[i].handle, DRM_CLOEXEC), 0);
	}
	KT_OK(vuma_submit_legacy(s.fd, s.use, BUFS, &spin, 1, 0, 0));
	KT_EQ(write(started, "", 1), 1);
	for (;;)
		KT_OK(vuma_submit_legacy(s.fd, s.use, BUFS, &spin, 1, 0, 0));
}

static void killed(void)
{
	struct before b = look();
	int pipes[2], status, i;
	char byte;
	pid_t pid;

	KT_SYS(pipe2(pipes, O_CLOEXEC));
	for (i = 0; i < 10; i++) {
		pid = fork_child();
		if (!pid)
			submit_until_killed(pipes[1]);
		KT_EQ(read(pipes[0], &byte, 1), 1);
		usleep(5000 * i);
		KT_SYS(kill(pid, SIGKILL));
		KT_EQ(waitpid(pid, &status, 0), pid);
		KT_TRUE(WIFSIGNALED(status));
		KT_EQ(WTERMSIG(status), SIGKILL);
	}
	expect_nothing_left(&b);
}

static const struct ktap_test tests[] = {
	{ .name = "legacy_no_memory_halfway_loses_nothing", .run = no_tables },
	{ .name = "legacy_page_tables_that_cannot_be_written_are_EIO", .run = no_writing },
	{ .name = "legacy_idle_addresses_go_with_the_vm", .run = closed_vm },
	{ .name = "legacy_file_that_an_executed_program_holds", .run = executed },
	{ .name = "legacy_killed_with_jobs_pins_and_exports", .run = killed },
};

TEST_PROGRAM(tests, NULL);
