// SPDX-License-Identifier: GPL-2.0
/* Heaps of panfrost: buffers that get their pages, 2 MiB at a time, by faults of the GPU. */
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

#define HEAP	(32 * MIB)
#define CHUNK	(2 * MIB)

#define FLUSH_POLLS	"/sys/kernel/debug/panfrost-model/flush_polls"

struct port_bo panfrost_heap(int fd, uint64_t size)
{
	struct port_bo bo = { .fd = fd, .size = size };

	KT_OK(panfrost_create_with(&bo, PANFROST_BO_NOEXEC | PANFROST_BO_HEAP));
	return bo;
}

static struct engine_cmd at(enum engine_op op, const struct port_bo *bo, uint64_t offset,
			    uint32_t value, uint64_t size)
{
	return (struct engine_cmd) { op, bo->va + offset, value, WORDS(size) };
}

/* What fdinfo says of a file. */
static uint64_t resident(int fd)
{
	char path[64], text[4096], *line, *unit;
	uint64_t value;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	KT_OK(file_read(path, text, sizeof(text)));
	line = strstr(text, "drm-resident-memory:");
	if (!line)
		return 0;
	value = strtoull(line + strlen("drm-resident-memory:"), &unit, 10);
	if (!strncmp(unit, " KiB", 4))
		return value << 10;
	return !strncmp(unit, " MiB", 4) ? value << 20 : value;
}

void heap_grows(void)
{
	struct port_bo heap = panfrost_heap(port_open(), HEAP);
	const struct port_bo *bos[] = { &heap };
	struct engine_cmd fills[] = {
		at(ENGINE_FILL, &heap, 64, 10, 256),
		/* From one piece into the next. */
		at(ENGINE_FILL, &heap, 2 * CHUNK - 128, 1000, 256),
	}, checks[] = {
		at(ENGINE_CHECK, &heap, 64, 10, 256),
		at(ENGINE_CHECK, &heap, 2 * CHUNK - 128, 1000, 256),
		/* What nobody has written is zero. */
		at(ENGINE_CHECK, &heap, 2 * CHUNK + 128, 0, 4),
		at(ENGINE_CHECK, &heap, 5 * CHUNK, 0, 4),
	};

	run(fills, ARRAY_SIZE(fills), bos, 1);
	figure("resident_of_heap", resident(heap.fd), "bytes");
	KT_EQ(resident(heap.fd), 3 * CHUNK);
	run(checks, ARRAY_SIZE(checks), bos, 1);
	KT_EQ(resident(heap.fd), 4 * CHUNK);
	bo_close(&heap);
	KT_EQ(resident(heap.fd), 0);
	KT_SYS(close(heap.fd));
}

static void rebind(bool snoops)
{
	KT_OK(file_write("/sys/bus/platform/drivers/panfrost/unbind", "panfrost"));
	KT_OK(file_write("/sys/kernel/debug/panfrost-model/snoops", snoops ? "Y" : "N"));
	KT_OK(file_write("/sys/bus/platform/drivers/panfrost/bind", "panfrost"));
}

/*
 * Before it has lost its power once, the driver hears of no fault. Bound again it never loses it,
 * but what hangs has it reset.
 */
static void hang_once(void)
{
	struct port_bo bo = bo_new(port_open(), PAGE);
	const struct port_bo *bos[] = { &bo };
	struct engine_cmd cmd = { .op = ENGINE_HANG };

	run(&cmd, 1, bos, 1);
	KT_SYS(close(bo.fd));
}

/* On a device that does not snoop, memory is write-combined. The last test: see hang_once(). */
void heap_that_nobody_snoops(void)
{
	struct port_bo bo;
	pid_t child;
	int status;

	if (!port_is_ported())
		KT_SKIP("closing it oopses on x86");
	if (!access("/sys/kernel/debug/dma-api", F_OK))
		KT_SKIP("io-pgtable syncs what it has not mapped: the DMA API complains");
	child = fork();
	KT_SYS(child);
	if (!child) {
		rebind(false);
		hang_once();
		bo = bo_new_mapped(port_open(), 16 * PAGE);
		fill(bo.map, bo.size, 1);
		verify(bo.map, bo.size, 1);
		KT_SYS(close(bo.fd));
		bo_unmap(&bo);
		heap_grows();
		_exit(0);
	}
	KT_SYS(waitpid(child, &status, 0));
	rebind(true);
	KT_EQ(status, 0);
}

/* A job finds it as the last one left it; what it names is there before it runs. */
void heap_is_reclaimed(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo heap = panfrost_heap(port_open(), HEAP);
	struct port_bo other = bo_new(heap.fd, PAGE);
	const struct port_bo *named[] = { &heap }, *others[] = { &other };
	struct engine_cmd fill = at(ENGINE_FILL, &heap, 0, 7, HEAP / 2);
	struct engine_cmd check = at(ENGINE_CHECK, &heap, 0, 7, HEAP / 2);
	uint64_t waits;

	run(&fill, 1, named, 1);
	KT_GE(charged(&cg), HEAP / 2);
	KT_OK(reclaim_to(&cg, HEAP / 4));
	waits = engine_count("waits");
	run(&check, 1, named, 1);
	KT_EQ(engine_count("waits"), waits);
	KT_OK(reclaim_to(&cg, HEAP / 4));
	run(&check, 1, others, 1);
	KT_GT(engine_count("waits"), waits);
}

/* The job that needs too much fails at once, or does not: the next one is as good as ever. */
void heap_beyond_limit(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo heap = panfrost_heap(port_open(), HEAP);
	struct port_bo commands = bo_new_mapped(heap.fd, PAGE);
	struct port_bo bo = bo_new_mapped(heap.fd, 64 * PAGE);
	const struct port_bo *heaps[] = { &heap }, *bos[] = { &bo };
	struct engine_cmd cmd = at(ENGINE_FILL, &heap, 0, 7, HEAP);
	uint64_t faults = engine_count("faults");

	KT_OK(cgroup_write(&cg, "memory.max", "%llu", HEAP / 2));
	run_by(&commands, 0, &cmd, 1, heaps, 1);
	figure("jobs_that_failed", engine_count("faults") - faults, "jobs");
	figure("charged_at_limit", charged(&cg), "bytes");
	bo_close(&heap);
	cmd = cmd_fill(&bo, 8);
	run_by(&commands, 0, &cmd, 1, bos, 1);
	verify(bo.map, bo.size, 8);
	KT_EQ(engine_wrong("stale"), 0);
	KT_EQ(engine_wrong("gone"), 0);
	panfrost_sleep();
}

/* Over memory.high a task sleeps. The thread that serves the faults of all files must not. */
void heap_over_high(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo heap = panfrost_heap(port_open(), HEAP);
	struct port_bo commands = bo_new_mapped(heap.fd, PAGE);
	const struct port_bo *bos[] = { &heap };
	struct engine_cmd fill = at(ENGINE_FILL, &heap, 0, 7, HEAP / 2);
	struct engine_cmd check = at(ENGINE_CHECK, &heap, 0, 7, HEAP / 2);

	run_by(&commands, 0, &check, 0, bos, 1);
	KT_OK(cgroup_write(&cg, "memory.high", "%llu", HEAP / 8));
	run_by(&commands, 0, &fill, 1, bos, 1);
	KT_OK(cgroup_write(&cg, "memory.high", "max"));
	run_by(&commands, 0, &check, 1, bos, 1);
	verify_engine();
}

/* What the MMU does not forget, nobody else gets: pages stay until it has forgotten them. */
static void reclaim_from_stuck_mmu(void)
{
	struct cgroup cg = tenant("one");
	struct port_bo heap = panfrost_heap(port_open(), HEAP);
	const struct port_bo *bos[] = { &heap };
	struct engine_cmd fill = at(ENGINE_FILL, &heap, 0, 7, HEAP / 2);
	struct engine_cmd check = at(ENGINE_CHECK, &heap, 0, 7, HEAP / 2);
	uint64_t flushes;
	unsigned int turn;

	run(&fill, 1, bos, 1);
	flushes = engine_count("flushes");
	KT_OK(file_write(FLUSH_POLLS, "1000000"));
	for (turn = 0; turn < 20 && engine_count("flushes") == flushes; turn++) {
		if (turn % 2)
			cgroup_reclaim(&cg, PAGE);
		else
			KT_OK(file_write("/proc/sys/vm/drop_caches", "2"));
	}
	KT_GT(engine_count("flushes"), flushes);
	KT_EQ(resident(heap.fd), HEAP / 2);
	KT_OK(file_write(FLUSH_POLLS, "0"));
	KT_OK(reclaim_to(&cg, HEAP / 4));
	run(&check, 1, bos, 1);
}

void heap_of_a_stuck_mmu(void)
{
	pid_t child;
	int status;

	if (!port_is_ported())
		KT_SKIP("it is never evicted");
	port->keep_power(true);
	child = fork();
	KT_SYS(child);
	if (!child) {
		reclaim_from_stuck_mmu();
		_exit(0);
	}
	KT_SYS(waitpid(child, &status, 0));
	KT_OK(file_write(FLUSH_POLLS, "0"));
	port->keep_power(false);
	KT_EQ(status, 0);
}

/* One chunk is there, and works. */
static struct port_bo heap_with_chunk(int fd)
{
	struct port_bo heap = panfrost_heap(fd, HEAP);
	const struct port_bo *bos[] = { &heap };
	struct engine_cmd fill = at(ENGINE_FILL, &heap, 0, 7, PAGE);

	run(&fill, 1, bos, 1);
	return heap;
}

static void verify_heap(const struct port_bo *heap)
{
	const struct port_bo *bos[] = { heap };
	struct engine_cmd cmds[] = {
		at(ENGINE_CHECK, heap, 0, 7, PAGE), at(ENGINE_FILL, heap, 3 * CHUNK, 8, PAGE),
	};

	run(cmds, ARRAY_SIZE(cmds), bos, 1);
}

void heap_is_not_mmapped(void)
{
	struct port_bo heap = heap_with_chunk(port_open());
	uint64_t offset;
	void *map;

	KT_RET(port->mmap_offset(&heap, &offset), -EINVAL);
	if (!port_is_ported())
		KT_SKIP("its dma-buf can be mapped, which oopses at the holes");
	map = mmap(NULL, HEAP, PROT_READ | PROT_WRITE, MAP_SHARED, bo_export(&heap), 0);
	KT_TRUE(map == MAP_FAILED);
	verify_heap(&heap);
}

/* Another device cannot use it, and whoever tries is told. */
void heap_is_not_pinned(void)
{
	struct port_bo heap = heap_with_chunk(port_open());
	struct vuma_bo bo = { .size = HEAP };
	struct drm_vuma_cmd cmd;
	struct vuma_vm vm;
	uint64_t va;
	int ret;

	bo.fd = vuma_open("vuma", 0, VUMA_NODE_RENDER);
	KT_GE(bo.fd, 0);
	KT_OK(vuma_vm_init(&vm, bo.fd));
	ret = vuma_prime_import(bo.fd, bo_export(&heap), &bo.handle);
	if (!ret)
		ret = vuma_vm_map_bo(&vm, &bo, &va);
	if (!ret) {
		cmd = vuma_cmd_fill(va, PAGE, 0, 1);
		ret = vuma_exec(bo.fd, vm.id, &cmd, 1);
	}
	KT_NE(ret, 0);
	verify_heap(&heap);
}

void heap_is_synced(void)
{
	struct port_bo heap = panfrost_heap(port_open(), HEAP);
	const struct port_bo *bos[] = { &heap };
	struct engine_cmd fill = at(ENGINE_FILL, &heap, 0, 7, PAGE);

	if (!port_is_ported())
		KT_SKIP("that populates all of it, or oopses at the holes");
	KT_OK(panfrost_sync(&heap, PANFROST_BO_SYNC_CPU_CACHE_FLUSH, 0, HEAP));
	run(&fill, 1, bos, 1);
	KT_OK(panfrost_sync(&heap, PANFROST_BO_SYNC_CPU_CACHE_FLUSH_AND_INVALIDATE, 0, HEAP));
	KT_EQ(resident(heap.fd), CHUNK);
	verify_heap(&heap);
}

/* Each has its own page table, and the same pages. */
void heap_of_two_files(void)
{
	struct port_bo heap, same;
	const struct port_bo *bos[] = { &same };
	struct engine_cmd cmds[2];

	if (!port_is_ported())
		KT_SKIP("a fault in the second file is repeated for ever");
	heap = heap_with_chunk(port_open());
	same = bo_import(port_open(), bo_export(&heap), HEAP);
	cmds[0] = at(ENGINE_CHECK, &same, 0, 7, PAGE);
	cmds[1] = at(ENGINE_FILL, &same, 3 * CHUNK, 8, PAGE);
	run(cmds, 2, bos, 1);
	bos[0] = &heap;
	cmds[0] = at(ENGINE_CHECK, &heap, 3 * CHUNK, 8, PAGE);
	run(cmds, 1, bos, 1);
	bo_close(&heap);
	bos[0] = &same;
	cmds[0] = at(ENGINE_CHECK, &same, 0, 7, PAGE);
	run(cmds, 1, bos, 1);
}
