// SPDX-License-Identifier: GPL-2.0
/* What only panfrost has, but for heaps. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <drm/panfrost_drm.h>

#include "drv_panfrost.h"
#include "file.h"
#include "vuma_client.h"

#define SIZE		(64 * PAGE)
#define PARAMETERS	"/sys/module/panfrost/parameters/"
#define DUMPS		"/sys/class/devcoredump"

static int advise(const struct port_bo *bo, uint32_t madv, uint32_t *retained)
{
	struct drm_panfrost_madvise args = { .handle = bo->handle, .madv = madv };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_PANFROST_MADVISE, &args);

	*retained = args.retained;
	return ret;
}

static void not_needed(const struct port_bo *bo)
{
	uint32_t retained;

	KT_OK(advise(bo, PANFROST_MADV_DONTNEED, &retained));
	KT_EQ(retained, 1);
}

static uint32_t needed(const struct port_bo *bo)
{
	uint32_t retained;

	KT_OK(advise(bo, PANFROST_MADV_WILLNEED, &retained));
	return retained;
}

static void purge(void)
{
	unsigned int turn;

	for (turn = 0; turn < 10; turn++)
		KT_OK(file_write("/proc/sys/vm/drop_caches", "3"));
}

static void purged_if_not_needed(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), 4 * MIB), kept = bo_new_mapped(bo.fd, MIB);
	const struct port_bo *bos[] = { &bo, &kept };
	struct engine_cmd cmds[] = { cmd_fill(&bo, 1), cmd_fill(&kept, 2) };
	uint32_t retained;

	run(cmds, 2, bos, 2);
	not_needed(&bo);
	not_needed(&kept);
	KT_EQ(needed(&kept), 1);
	purge();
	KT_EQ(needed(&bo), 0);
	KT_EQ(needed(&kept), 1);
	verify(kept.map, kept.size, 2);
	bo.handle = 4711;
	KT_RET(advise(&bo, PANFROST_MADV_DONTNEED, &retained), -ENOENT);
}

/* What others may have is kept, whatever comes first. */
static void kept_if_exported(void)
{
	struct port_bo first = bo_new_mapped(port_open(), SIZE);
	struct port_bo second = bo_new_mapped(first.fd, SIZE), theirs;
	const struct port_bo *bos[] = { &first, &second };
	struct engine_cmd cmds[] = { cmd_fill(&first, 1), cmd_fill(&second, 2) };
	uint32_t retained;
	int dmabuf;

	run(cmds, 2, bos, 2);
	dmabuf = bo_export(&first);
	not_needed(&first);
	not_needed(&second);
	KT_GE(bo_export(&second), 0);
	purge();
	verify(first.map, SIZE, 1);
	verify(second.map, SIZE, 2);
	KT_EQ(needed(&first), 1);
	KT_EQ(needed(&second), 1);
	/* Of two users, neither can say so. */
	theirs = bo_import(port_open(), dmabuf, SIZE);
	KT_RET(advise(&first, PANFROST_MADV_DONTNEED, &retained), -EINVAL);
	KT_RET(advise(&theirs, PANFROST_MADV_DONTNEED, &retained), -EINVAL);
	bo_close(&theirs);
	not_needed(&first);
}

int panfrost_sync(const struct port_bo *bo, uint32_t type, uint32_t offset, uint32_t size)
{
	struct drm_panfrost_bo_sync_op op = {
		.handle = bo->handle, .type = type, .offset = offset, .size = size,
	};
	struct drm_panfrost_sync_bo args = { .ops = (uintptr_t)&op, .op_count = 1 };

	return port_ioctl(bo->fd, DRM_IOCTL_PANFROST_SYNC_BO, &args);
}

static int label(const struct port_bo *bo, const char *text)
{
	struct drm_panfrost_set_label_bo args = {
		.handle = bo->handle, .label = (uintptr_t)text,
	};

	return port_ioctl(bo->fd, DRM_IOCTL_PANFROST_SET_LABEL_BO, &args);
}

static struct drm_panfrost_query_bo_info query(const struct port_bo *bo)
{
	struct drm_panfrost_query_bo_info args = { .handle = bo->handle };

	KT_OK(port_ioctl(bo->fd, DRM_IOCTL_PANFROST_QUERY_BO_INFO, &args));
	return args;
}

static struct port_bo import_of_vuma(int fd)
{
	struct vuma_bo theirs;
	int vuma = vuma_open("vuma", 0, VUMA_NODE_RENDER), dmabuf;

	KT_GE(vuma, 0);
	KT_OK(vuma_bo_init(&theirs, vuma, SIZE, 0));
	dmabuf = vuma_prime_export(vuma, theirs.handle, O_CLOEXEC | O_RDWR);
	KT_GE(dmabuf, 0);
	return bo_import(fd, dmabuf, SIZE);
}

static void ioctls_of_buffers(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), SIZE), code = { .fd = bo.fd, .size = SIZE };
	struct port_bo theirs = import_of_vuma(bo.fd), heap = { .fd = bo.fd, .size = MIB };
	const struct port_bo *bos[] = { &code };
	static char longer[5000];
	uint32_t retained;

	KT_RET(panfrost_create_with(&heap, PANFROST_BO_HEAP), -EINVAL);
	KT_RET(panfrost_create_with(&heap, PANFROST_BO_HEAP | PANFROST_BO_NOEXEC |
				    PANFROST_BO_WB_MMAP), -EINVAL);
	KT_OK(panfrost_create_with(&code, 0));
	KT_EQ(code.va % SIZE, 0);

	struct engine_cmd cmd = cmd_fill(&code, 5);

	run(&cmd, 1, bos, 1);
	/* It snoops, so all is cached. */
	KT_EQ(query(&bo).create_flags, PANFROST_BO_NOEXEC | PANFROST_BO_WB_MMAP);
	KT_EQ(query(&code).create_flags, PANFROST_BO_WB_MMAP);
	KT_EQ(query(&theirs).extra_flags, DRM_PANFROST_BO_IS_IMPORTED);
	KT_EQ(query(&theirs).create_flags, 0);

	KT_OK(panfrost_sync(&bo, PANFROST_BO_SYNC_CPU_CACHE_FLUSH, 0, SIZE));
	KT_OK(panfrost_sync(&bo, PANFROST_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE, 100, 1));
	KT_RET(panfrost_sync(&bo, PANFROST_BO_SYNC_CPU_CACHE_FLUSH, 1, SIZE), -EINVAL);
	KT_RET(panfrost_sync(&bo, PANFROST_BO_SYNC_CPU_CACHE_FLUSH, SIZE, ~0u), -EINVAL);
	KT_RET(panfrost_sync(&bo, 7, 0, SIZE), -EINVAL);
	KT_RET(panfrost_sync(&theirs, PANFROST_BO_SYNC_CPU_CACHE_FLUSH, 0, SIZE), -EINVAL);

	KT_OK(label(&bo, "a label"));
	KT_OK(label(&bo, ""));
	KT_OK(label(&bo, NULL));
	memset(longer, 'x', sizeof(longer) - 1);
	KT_RET(label(&bo, longer), -E2BIG);
	longer[4000] = '\0';
	KT_OK(label(&bo, longer));

	KT_OK(advise(&theirs, PANFROST_MADV_DONTNEED, &retained));
	KT_EQ(retained, 1);
}

/* Two files have the same addresses, and memory of their own. */
static void files_are_apart(void)
{
	struct port_bo bo[2], commands[2];
	const struct port_bo *all[2][2];
	unsigned int i, round;

	for (i = 0; i < 2; i++) {
		bo[i] = bo_new_mapped(port_open(), SIZE);
		commands[i] = bo_new_mapped(bo[i].fd, PAGE);
		all[i][0] = &bo[i];
		all[i][1] = &commands[i];
	}
	KT_EQ(bo[0].va, bo[1].va);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 2; i++) {
			struct port_job job = {
				.commands = &commands[i], .nr_commands = 1,
				.bos = all[i], .nr_bos = 2,
			};

			*(struct engine_cmd *)commands[i].map =
				cmd_fill(&bo[i], 1000 * i + round);
			KT_OK(panfrost_submit(bo[i].fd, &job, round % 2, 0));
		}
		for (i = 0; i < 2; i++) {
			KT_OK(port->wait(&bo[i]));
			verify(bo[i].map, SIZE, 1000 * i + round);
		}
	}
	verify_engine();
}

/* The job goes on, and reclaim finds what the file has no handle of any more. */
static void closed_while_a_job_runs(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo bo = bo_new(port_open(), 4 * MIB), commands = bo_new_mapped(bo.fd, PAGE);
	const struct port_bo *bos[] = { &bo, &commands };
	struct port_job job = {
		.commands = &commands, .nr_commands = 1, .bos = bos, .nr_bos = 2,
	};
	int dmabuf = bo_export(&bo), ret;
	uint32_t sync, *map;

	KT_OK(vuma_syncobj_create(bo.fd, false, &sync));
	*(struct engine_cmd *)commands.map = cmd_fill(&bo, 3);
	KT_OK(panfrost_submit(bo.fd, &job, 0, sync));
	bo_close(&bo);
	reclaim_to(&cg, bo.size / 2);
	KT_OK(vuma_syncobj_wait(bo.fd, sync, 100000000000ll));
	ret = reclaim_to(&cg, bo.size / 2);
	map = mmap(NULL, bo.size, PROT_READ, MAP_SHARED, dmabuf, 0);
	KT_TRUE(map != MAP_FAILED);
	verify(map, bo.size, 3);
	verify_engine();
	if (port_is_ported())
		KT_OK(ret);
}

static int counters_enable(int fd, bool on)
{
	struct drm_panfrost_perfcnt_enable args = { .enable = on };

	return port_ioctl(fd, DRM_IOCTL_PANFROST_PERFCNT_ENABLE, &args);
}

/* The GPU writes them into a buffer that nobody names. */
static void counters(void)
{
	static uint32_t values[448];
	struct drm_panfrost_perfcnt_dump args = { .buf_ptr = (uintptr_t)values };
	struct cgroup cg = tenant("one");
	int fd = port_open(), other = port_open();
	unsigned int sample;

	KT_OK(file_write(PARAMETERS "unstable_ioctls", "Y"));
	KT_RET(port_ioctl(fd, DRM_IOCTL_PANFROST_PERFCNT_DUMP, &args), -EINVAL);
	KT_OK(counters_enable(fd, true));
	KT_RET(counters_enable(other, true), -EBUSY);
	for (sample = 1; sample < 4; sample++) {
		KT_OK(port_ioctl(fd, DRM_IOCTL_PANFROST_PERFCNT_DUMP, &args));
		verify(values, sizeof(values), sample * 1000);
		cgroup_reclaim(&cg, 64 * MIB);
		KT_OK(file_write("/proc/sys/vm/drop_caches", "3"));
	}
	KT_OK(counters_enable(fd, false));
	KT_OK(counters_enable(other, true));
	KT_SYS(close(other));
	KT_OK(counters_enable(fd, true));
	verify_engine();
}

/* A dump, or -1. */
static int open_dump(void)
{
	struct dirent *entry;
	DIR *dir = opendir(DUMPS);
	char path[300];
	int fd = -1;

	KT_TRUE(dir);
	while (fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), DUMPS "/%s/data", entry->d_name);
		fd = entry->d_name[0] == '.' ? -1 : open(path, O_RDWR);
	}
	closedir(dir);
	return fd;
}

static void remove_dump(int fd)
{
	KT_SYS(write(fd, "1", 1));
	close(fd);
}

/* All of it; it is removed. */
static char *take_dump(void)
{
	char *data = malloc(8 * MIB);
	int fd = open_dump();
	size_t used = 0;
	ssize_t got;

	KT_TRUE(data);
	KT_GE(fd, 0);
	do {
		got = read(fd, data + used, 8 * MIB - used);
		KT_SYS(got);
		used += got;
	} while (got);
	remove_dump(fd);
	return data;
}

static void verify_dump(const char *dump, const struct port_bo **bos, unsigned int nr)
{
	const struct panfrost_dump_object_header *hdr = (const void *)dump;
	const uint64_t *map = NULL;
	unsigned int bo = 0;

	KT_EQ(hdr->reghdr.nbos, nr);
	for (; hdr->type != PANFROSTDUMP_BUF_TRAILER; hdr++) {
		KT_EQ(hdr->magic, PANFROSTDUMP_MAGIC);
		if (hdr->type == PANFROSTDUMP_BUF_BOMAP)
			map = (const void *)(dump + hdr->file_offset);
		if (hdr->type != PANFROSTDUMP_BUF_BO)
			continue;
		/* A heap cannot be mapped. */
		KT_EQ(hdr->bomap.valid, !!bos[bo]->map);
		if (bos[bo]->map) {
			KT_EQ(hdr->bomap.iova, bos[bo]->va);
			KT_NE(map[hdr->bomap.data[0]], 0);
			KT_EQ(memcmp(dump + hdr->file_offset, bos[bo]->map, bos[bo]->size), 0);
		}
		bo++;
	}
	KT_EQ(bo, nr);
}

/* Somebody else works all the time. */
static void bystander(const volatile bool *over)
{
	struct port_bo bo = bo_new_mapped(port_open(), SIZE);
	const struct port_bo *bos[] = { &bo };
	struct engine_cmd cmd;
	uint32_t i;

	for (i = 0; !*over; i++) {
		cmd = cmd_fill(&bo, i);
		run(&cmd, 1, bos, 1);
		verify(bo.map, SIZE, i);
	}
	_exit(0);
}

/* A job that hangs is dumped, and ends; nobody else notices. */
static void dump_of_a_job(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), SIZE), heap = panfrost_heap(bo.fd, 2 * MIB);
	struct port_bo commands = bo_new_mapped(bo.fd, PAGE);
	const struct port_bo *bos[] = { &bo, &heap, &commands };
	struct port_job job = {
		.commands = &commands, .nr_commands = 3, .bos = bos, .nr_bos = 3,
	};
	struct engine_cmd cmds[] = {
		cmd_fill(&bo, 9), { ENGINE_FILL, heap.va, 1, 4 }, { .op = ENGINE_HANG },
	};
	volatile bool *over = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status, fd;
	pid_t child;

	KT_TRUE(over != MAP_FAILED);
	while ((fd = open_dump()) >= 0)
		remove_dump(fd);
	KT_OK(file_write(PARAMETERS "dump_core", "Y"));
	memcpy(commands.map, cmds, sizeof(cmds));
	child = fork();
	KT_SYS(child);
	if (!child)
		bystander(over);
	KT_OK(panfrost_submit(bo.fd, &job, 0, 0));
	KT_OK(port->wait(&bo));
	verify(bo.map, SIZE, 9);
	verify_dump(take_dump(), bos, 3);
	*over = true;
	KT_SYS(waitpid(child, &status, 0));
	KT_EQ(status, 0);
	run(cmds, 2, bos, 2);
}

const struct ktap_test panfrost_tests[PANFROST_TESTS] = {
	{ .name = "heap_grows", .run = heap_grows },
	{ .name = "heap_is_reclaimed", .run = heap_is_reclaimed },
	{ .name = "heap_beyond_limit", .run = heap_beyond_limit },
	{ .name = "heap_over_high", .run = heap_over_high },
	{ .name = "heap_of_a_stuck_mmu", .run = heap_of_a_stuck_mmu },
	{ .name = "heap_is_not_mmapped", .run = heap_is_not_mmapped },
	{ .name = "heap_is_not_pinned", .run = heap_is_not_pinned },
	{ .name = "heap_is_synced", .run = heap_is_synced },
	{ .name = "heap_of_two_files", .run = heap_of_two_files },
	{ .name = "purged_if_not_needed", .run = purged_if_not_needed },
	{ .name = "kept_if_exported", .run = kept_if_exported },
	{ .name = "ioctls_of_buffers", .run = ioctls_of_buffers },
	{ .name = "files_are_apart", .run = files_are_apart },
	{ .name = "closed_while_a_job_runs", .run = closed_while_a_job_runs },
	{ .name = "counters", .run = counters },
	{ .name = "dump_of_a_job", .run = dump_of_a_job },
	{ .name = "heap_that_nobody_snoops", .run = heap_that_nobody_snoops },
};
