// SPDX-License-Identifier: GPL-2.0
/*
 * Two devices, of which one snoops the CPU's cache and the other does not, as the DMA API has
 * it. There is no model of a cache here: what is looked at is the maintenance itself.
 */
#include "arena.h"

#define PAGES	8
#define SIZE	(PAGES * PAGE)
#define CLEAN		DRM_VUMA_BO_SYNC_CLEAN
#define INVALIDATE	DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE
#define TRACEFS	"/sys/kernel/tracing/"
#define TO_DEVICE	"dma_sync_single_for_device"
#define TO_CPU		"dma_sync_single_for_cpu"

static void trace_write(const char *name, const char *text)
{
	char path[96];
	int ret;

	snprintf(path, sizeof(path), TRACEFS "%s", name);
	ret = file_write(path, text);
	if (ret == -ENOENT)
		KT_SKIP("no %s", path);
	KT_OK(ret);
}

/* Opening it to write it anew is what empties it. */
static void trace_clear(void)
{
	FILE *file = fopen(TRACEFS "trace", "w");

	KT_TRUE(file);
	KT_EQ(fclose(file), 0);
}

static void trace_on(void)
{
	trace_write("events/dma/" TO_DEVICE "/enable", "1");
	trace_write("events/dma/" TO_CPU "/enable", "1");
}

static void trace_off(void)
{
	file_write(TRACEFS "events/dma/enable", "0");
	arena_cleanup();
}

/* Bytes of a device that such events were about. */
static uint64_t trace_bytes(int fd, const char *event)
{
	FILE *file = fopen(TRACEFS "trace", "r");
	char line[512], name[64], prefix[160];
	uint64_t sum = 0;

	KT_TRUE(file);
	KT_OK(vuma_sysfs(fd, NULL, 0, name, sizeof(name)));
	snprintf(prefix, sizeof(prefix), " %s: %s ", event, name);
	while (fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, prefix) ? strstr(line, " size=") : NULL;

		if (at)
			sum += strtoull(at + 6, NULL, 0);
	}
	fclose(file);
	return sum;
}

/* A device of that kind: each has to be there. */
static int device(bool coherent)
{
	unsigned int i, count = vuma_count(driver, VUMA_NODE_RENDER);
	uint64_t value;
	int fd;

	for (i = 0; i < count; i++) {
		fd = dev_open(i);
		KT_OK(vuma_get_param(fd, DRM_VUMA_PARAM_COHERENT, 0, &value));
		if (value == coherent)
			return fd;
	}
	KT_FAIL("no device that %s", coherent ? "snoops" : "does not snoop");
}

/* A buffer whose pages the device has addresses for, and the CPU has written to. */
static struct vuma_bo used(struct vuma_vm *vm, int fd)
{
	struct vuma_bo bo = bo_new_mapped(fd, SIZE, 0);

	*vm = vm_new(fd);
	run_cmd(vm, vuma_cmd_fill(vm_map_bo(vm, &bo), SIZE, 1, 3));
	vuma_pattern_fill(bo.map, SIZE, 2, 3);
	return bo;
}

static void maintained(void)
{
	int fd = device(false);
	struct vuma_vm vm;
	struct vuma_bo bo = used(&vm, fd);

	trace_on();
	trace_clear();
	KT_OK(vuma_bo_sync(fd, bo.handle, CLEAN, 0, SIZE));
	KT_EQ(trace_bytes(fd, TO_DEVICE), SIZE);
	KT_EQ(trace_bytes(fd, TO_CPU), 0);
	trace_clear();
	KT_OK(vuma_bo_sync(fd, bo.handle, INVALIDATE, PAGE, 2 * PAGE));
	KT_EQ(trace_bytes(fd, TO_CPU), 2 * PAGE);
	/* A part of a page is a part of it. */
	trace_clear();
	KT_OK(vuma_bo_sync(fd, bo.handle, INVALIDATE, PAGE - 64, 128));
	KT_EQ(trace_bytes(fd, TO_CPU), 128);
}

static void not_maintained(void)
{
	int fd = device(true);
	struct vuma_vm vm;
	struct vuma_bo bo = used(&vm, fd);

	trace_on();
	trace_clear();
	KT_OK(vuma_bo_sync(fd, bo.handle, CLEAN, 0, SIZE));
	KT_OK(vuma_bo_sync(fd, bo.handle, INVALIDATE, 0, SIZE));
	KT_EQ(trace_bytes(fd, TO_DEVICE), 0);
	KT_EQ(trace_bytes(fd, TO_CPU), 0);
}

/* Memory for a buffer comes from the CPU's cache, so what was zeroed or swapped in is cleaned. */
static void maintained_when_it_comes_back(void)
{
	struct cgroup cg = arena_enter("a");
	int fd = device(false);
	struct vuma_vm vm;
	struct vuma_bo bo = used(&vm, fd), out = bo_new_mapped(fd, PAGE, 0);
	uint64_t va = vm_map_bo(&vm, &bo), out_va = vm_map_bo(&vm, &out);

	arena_evict(&cg, &bo, 1);
	verify_checksum(&vm, va, SIZE, 2, 3, &out, out_va);
	arena_evict(&cg, &bo, 1);
	verify_pattern(bo.map, SIZE, 2, 3);
}

/* What one of them wrote, the other reads. */
static void shared(intptr_t owner_is_coherent)
{
	int fd = device(owner_is_coherent), other = device(!owner_is_coherent);
	struct vuma_vm vm, there;
	struct vuma_bo bo = used(&vm, fd), import, out = bo_new_mapped(other, PAGE, 0);
	uint64_t va, out_va;

	import = import_bo(other, export_bo(&bo), SIZE);
	there = vm_new(other);
	va = vm_map_bo(&there, &import);
	out_va = vm_map_bo(&there, &out);
	verify_checksum(&there, va, SIZE, 2, 3, &out, out_va);
	run_cmd(&there, vuma_cmd_fill(va, SIZE, 3, 3));
	KT_OK(vuma_bo_sync(fd, bo.handle, INVALIDATE, 0, SIZE));
	verify_pattern(bo.map, SIZE, 3, 3);
}

static const struct ktap_test tests[] = {
	{ .name = "coherent_no_sync_reaches_a_device_that_snoops", .run = not_maintained },
	{ .name = "coherent_sync_is_of_these_bytes_by_the_DMA_API", .run = maintained },
	{ .name = "coherent_content_survives_eviction_without_snooping",
	  .run = maintained_when_it_comes_back },
	{ .name = "coherent_export_to_one_that_does_not_snoop", .run_arg = shared, .arg = true },
	{ .name = "coherent_export_to_one_that_snoops", .run_arg = shared, .arg = false },
};

TEST_PROGRAM(tests, trace_off);
