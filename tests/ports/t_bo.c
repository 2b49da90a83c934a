// SPDX-License-Identifier: GPL-2.0
/* Buffers, and what the CPU maps of them. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "port.h"

#define PAGES	64

void create_to_destroy(void)
{
	static const uint64_t sizes[] = { PAGE, 3 * PAGE, MIB + PAGE, 4 * MIB };
	int fd = port_open();
	uint64_t offset;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct port_bo bo = bo_new_mapped(fd, sizes[i]);

		fill(bo.map, bo.size, i * 1000);
		verify(bo.map, bo.size, i * 1000);
		bo_close(&bo);
		KT_RET(port->mmap_offset(&bo, &offset), -ENOENT);
	}
	KT_SYS(close(fd));
}

void zero_before_use(void)
{
	int fd = port_open();
	unsigned int i;
	uint64_t j;

	for (i = 0; i < 8; i++) {
		struct port_bo bo = bo_new_mapped(fd, MIB);

		for (j = 0; j < WORDS(bo.size); j++)
			KT_EQ(bo.map[j], 0);
		fill(bo.map, bo.size, 0xdead0000);
		bo_close(&bo);
	}
}

void thousand_cycles(void)
{
	struct cgroup cg = tenant("one");
	int fd = port_open();
	uint64_t before = 0, after;
	unsigned int i;

	for (i = 0; i < 1000 + 100; i++) {
		struct port_bo bo = bo_new_mapped(fd, 16 * PAGE);

		stamp(bo.map, 16);
		verify_stamps(bo.map, 16, 0);
		bo_close(&bo);
		/* Caches of the kernel are filled then. */
		if (i == 100)
			before = charged(&cg);
	}
	after = charged(&cg);
	figure("kept_by_1000_cycles", after > before ? after - before : 0, "bytes");
	KT_LE(after, before + 2 * MIB);
}

/* Two mappings of a buffer are the same memory. */
void mmap_twice(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), PAGES * PAGE), again = bo;

	again.map = NULL;
	bo_map(&again);
	stamp(bo.map, PAGES);
	verify_stamps(again.map, PAGES, 0);
	bo_unmap(&again);
	verify_stamps(bo.map, PAGES, 0);
}

/* Pages are faulted in when the VMA is no longer what was mapped. */
void mmap_vma_splits(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), PAGES * PAGE), split = bo;

	stamp(bo.map, PAGES);
	split.map = NULL;
	bo_map(&split);
	KT_SYS(munmap((char *)split.map + 10 * PAGE, 6 * PAGE));
	KT_SYS(mprotect((char *)split.map + 30 * PAGE, 10 * PAGE, PROT_READ));
	verify_stamps(split.map + 50 * WORDS(PAGE), 14, 50);
	verify_stamps(split.map + 30 * WORDS(PAGE), 10, 30);
	verify_stamps(split.map + 16 * WORDS(PAGE), 14, 16);
	verify_stamps(split.map, 10, 0);
}

void mmap_moved(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), PAGES * PAGE), moved = bo;
	void *to;

	stamp(bo.map, PAGES);
	moved.map = NULL;
	bo_map(&moved);
	to = mmap(NULL, 20 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	KT_TRUE(to != MAP_FAILED);
	to = mremap((char *)moved.map + 20 * PAGE, 20 * PAGE, 20 * PAGE,
		    MREMAP_MAYMOVE | MREMAP_FIXED, to);
	KT_TRUE(to != MAP_FAILED);
	verify_stamps(to, 20, 20);
	verify_stamps(moved.map, 20, 0);
	verify_stamps(moved.map + 40 * WORDS(PAGE), 24, 40);
}

void dmabuf_mmap_at_offset(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), PAGES * PAGE);
	int dmabuf = bo_export(&bo);
	uint32_t *map;

	stamp(bo.map, PAGES);
	map = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 5 * PAGE);
	KT_TRUE(map != MAP_FAILED);
	verify_stamps(map, 8, 5);
	KT_SYS(munmap((char *)map + 2 * PAGE, 2 * PAGE));
	verify_stamps(map + 4 * WORDS(PAGE), 4, 9);
	map[7 * WORDS(PAGE) + 1] = 4711;
	KT_EQ(((volatile uint32_t *)bo.map)[12 * WORDS(PAGE) + 1], 4711);
	map = mmap(NULL, 8 * PAGE, PROT_READ, MAP_SHARED, dmabuf, (PAGES - 7) * PAGE);
	KT_TRUE(map == MAP_FAILED);
}

#define USERS	2

/* Who uses the buffer until there is no device. */
static void start_users(const struct port_bo *bo, pid_t *users)
{
	unsigned int i;

	for (i = 0; port->use && i < USERS; i++) {
		users[i] = fork();
		KT_SYS(users[i]);
		if (!users[i]) {
			while (!port->use(bo))
				;
			_exit(0);
		}
	}
}

static void await_users(const pid_t *users)
{
	unsigned int i;
	int status;

	for (i = 0; port->use && i < USERS; i++) {
		KT_SYS(waitpid(users[i], &status, 0));
		KT_EQ(status, 0);
	}
}

/*
 * Files that are open keep what they have, and reclaim can take it. Commands that come too
 * late keep nothing.
 */
void unbind_with_open_files(void)
{
	pid_t users[USERS];
	struct port_bo bo;
	struct cgroup cg;
	unsigned int turn;
	int ret;

	if (port->no_unbind && !(port->bind && port_is_ported()))
		KT_SKIP("%s", port->no_unbind);
	cg = tenant("one");
	bo = bo_new_mapped(port_open(), 8 * MIB);
	fill(bo.map, bo.size, 70);
	if (port->use)
		KT_OK(port->use(&bo));
	start_users(&bo, users);
	port->bind(false);
	await_users(users);
	verify(bo.map, bo.size, 70);
	ret = reclaim_to(&cg, bo.size / 2);
	figure("charged_unbound", charged(&cg), "bytes");
	verify(bo.map, bo.size, 70);
	bo_unmap(&bo);
	KT_SYS(close(bo.fd));
	for (turn = 0; turn < 40 && owned(&cg) > bo.size / 2; turn++)
		usleep(10000 * ktap_slow());
	figure("kept_after_close", owned(&cg), "bytes");
	KT_LE(owned(&cg), bo.size / 2);
	port->bind(true);
	bo = bo_new_mapped(port_open(), MIB);
	fill(bo.map, bo.size, 71);
	verify(bo.map, bo.size, 71);
	bo_close(&bo);
	KT_OK(ret);
}
