// SPDX-License-Identifier: GPL-2.0
/* The table of objects in debugfs: who created each, and on which list of reclaim it is. */
#include <sys/prctl.h>

#include "common.h"

#define SIZE	(16 * PAGE)

/* A line of the table, as a script would take it apart: words, and the rest is the label. */
struct gem {
	unsigned long long size_kib;
	char flags[8];
	char state[32];
	int tgid;
	/* As it is printed, and so without a space. */
	char comm[80];
};

static bool parse_line(char *line, const char *label, struct gem *gem)
{
	char creator[96], *colon;
	int end = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%llu %*u %*u %*u %*u %*u %*u %7s %31s %95s %n", &gem->size_kib,
		   gem->flags, gem->state, creator, &end) != 4 || strcmp(line + end, label))
		return false;
	colon = strchr(creator, ':');
	KT_TRUE(colon);
	gem->tgid = atoi(creator);
	snprintf(gem->comm, sizeof(gem->comm), "%s", colon + 1);
	return true;
}

/* The one object of the device with that label. */
static struct gem gem_of(int fd, const char *label)
{
	FILE *file = open_debugfs(fd, "gems", "r");
	unsigned int found = 0;
	struct gem gem, other;
	char line[512];

	KT_TRUE(file);
	while (fgets(line, sizeof(line), file)) {
		if (!parse_line(line, label, &other))
			continue;
		gem = other;
		found++;
	}
	fclose(file);
	KT_EQ(found, 1);
	return gem;
}

static struct vuma_bo bo_labelled(int fd, uint32_t flags, const char *label)
{
	struct vuma_bo bo = bo_new(fd, SIZE, flags);

	KT_OK(vuma_bo_set_label(fd, bo.handle, label));
	return bo;
}

static void set_name(const char *name)
{
	KT_SYS(prctl(PR_SET_NAME, name));
}

static void expect_text(const char *text, const char *want)
{
	if (strcmp(text, want))
		KT_FAIL("\"%s\" instead of \"%s\"", text, want);
}

static void expect_creator(int fd, const char *label, pid_t tgid, const char *comm)
{
	struct gem gem = gem_of(fd, label);

	KT_EQ(gem.size_kib, SIZE >> 10);
	KT_EQ(gem.tgid, tgid);
	expect_text(gem.comm, comm);
}

static void expect_state(int fd, const char *label, const char *state)
{
	expect_text(gem_of(fd, label).state, state);
}

static void creator_is_this_process(void)
{
	int fd;

	not_on_twin("it has no such table");
	fd = dev_open(0);
	set_name("first-name");
	bo_labelled(fd, 0, "mine");
	expect_creator(fd, "mine", getpid(), "first-name");
	/* What it was called then: the process may be gone by the time somebody looks. */
	set_name("second-name");
	bo_labelled(fd, 0, "mine too");
	expect_creator(fd, "mine", getpid(), "first-name");
	expect_creator(fd, "mine too", getpid(), "second-name");
}

static void creator_is_the_child(void)
{
	pid_t pid;
	int fd;

	not_on_twin("it has no such table");
	fd = dev_open(0);
	set_name("parent");
	bo_labelled(fd, 0, "the parent's");
	pid = fork_child();
	if (!pid) {
		set_name("child");
		bo_labelled(fd, 0, "the child's");
		_exit(0);
	}
	join_child(pid);
	expect_creator(fd, "the child's", pid, "child");
	expect_creator(fd, "the parent's", getpid(), "parent");
}

static void *create_in_thread(void *fd)
{
	set_name("thread");
	bo_labelled(*(int *)fd, 0, "of a thread");
	return NULL;
}

static void creator_of_a_thread_is_its_process(void)
{
	pthread_t thread;
	int fd;

	not_on_twin("it has no such table");
	fd = dev_open(0);
	set_name("process");
	KT_EQ(pthread_create(&thread, NULL, create_in_thread, &fd), 0);
	KT_EQ(pthread_join(thread, NULL), 0);
	expect_creator(fd, "of a thread", getpid(), "process");
}

static void any_name_is_one_word(void)
{
	static const struct {
		const char *name, *shown;
	} names[] = {
		{ "", "" },
		{ " ", "\\040" },
		{ "two words", "two\\040words" },
		{ "line\nline", "line\\012line" },
		{ "tab\t\r\x1b[2J", "tab\\011\\015\\033[2J" },
		{ "back\\040", "back\\134040" },
		{ "7:colon %s", "7:colon\\040%s" },
		{ "\xc3\xa4\xff\x7f", "\\303\\244\\377\\177" },
		{ "\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01",
		  "\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001\\001" },
	};
	char label[32];
	size_t i;
	int fd;

	not_on_twin("it has no such table");
	fd = dev_open(0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		set_name(names[i].name);
		snprintf(label, sizeof(label), "odd name  %zu", i);
		bo_labelled(fd, 0, label);
		expect_creator(fd, label, getpid(), names[i].shown);
	}
}

static void import_is_listed(void)
{
	struct vuma_bo bo, there;
	int fd, other, dmabuf;
	pid_t pid;

	not_on_twin("it has no such table");
	need_devices(2);
	fd = dev_open(0);
	other = dev_open(1);
	set_name("exporter");
	bo = bo_labelled(fd, 0, "exported");
	dmabuf = export_bo(&bo);
	pid = fork_child();
	if (!pid) {
		set_name("importer");
		there = import_bo(other, dmabuf, SIZE);
		KT_OK(vuma_bo_set_label(other, there.handle, "imported"));
		_exit(0);
	}
	join_child(pid);
	expect_creator(fd, "exported", getpid(), "exporter");
	expect_creator(other, "imported", pid, "importer");
	expect_text(gem_of(fd, "exported").flags, "-x-");
	/* On no list: the one is the exporter's, the other has no pages yet. */
	KT_EQ(gem_of(other, "imported").flags[0], 'i');
	expect_state(other, "imported", "-");
	expect_state(fd, "exported", "-");
}

static void state_follows_use(void)
{
	struct vuma_vm vm, second;
	struct vuma_bo bo, idle;
	int fd;

	not_on_twin("it has no such table");
	fd = dev_open(0);
	vm = vm_new(fd);
	second = vm_new(fd);
	bo = bo_labelled(fd, 0, "bo");
	expect_state(fd, "bo", "-");
	KT_OK(vuma_bo_map(&bo));
	stamp_pages(bo.map, SIZE / PAGE, 0);
	expect_state(fd, "bo", "cpu-mapped");
	idle = bo_labelled(fd, 0, "idle");
	run_cmd(&vm, vuma_cmd_fill(vm_map_bo(&vm, &idle), SIZE, 1, 0));
	expect_state(fd, "idle", "one-vm");
	run_cmd(&vm, vuma_cmd_fill(vm_map_bo(&vm, &bo), SIZE, 1, 0));
	expect_state(fd, "bo", "one-vm");
	run_cmd(&second, vuma_cmd_fill(vm_map_bo(&second, &bo), SIZE, 1, 0));
	expect_state(fd, "bo", "shared");

	KT_EQ(bo_advise(&bo, DRM_VUMA_MADV_DONTNEED), 1);
	expect_state(fd, "bo", "purgeable");
	expect_state(fd, "idle", "one-vm");
	KT_EQ(bo_advise(&bo, DRM_VUMA_MADV_WILLNEED), 1);
	expect_state(fd, "bo", "shared");

	bo = bo_labelled(fd, DRM_VUMA_BO_DISCARD_ON_RECLAIM, "scratch");
	run_cmd(&vm, vuma_cmd_fill(vm_map_bo(&vm, &bo), SIZE, 1, 0));
	expect_state(fd, "scratch", "discardable");
}

static const struct ktap_test tests[] = {
	{ .name = "gems_creator_is_this_process", .run = creator_is_this_process },
	{ .name = "gems_creator_is_the_child_that_made_it", .run = creator_is_the_child },
	{ .name = "gems_creator_of_a_thread_is_its_process",
	  .run = creator_of_a_thread_is_its_process },
	{ .name = "gems_any_name_of_a_process_is_one_word", .run = any_name_is_one_word },
	{ .name = "gems_import_is_listed_with_its_importer_panthor-83", .run = import_is_listed },
	{ .name = "gems_state_follows_use", .run = state_follows_use },
};

TEST_PROGRAM(tests, NULL);
