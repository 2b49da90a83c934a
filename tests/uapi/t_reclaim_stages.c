// SPDX-License-Identifier: GPL-2.0
/* What is taken first, what kswapd does about jobs, and what debugfs shows. */
#include <sys/sysinfo.h>

#include "arena.h"
#include "gate.h"

#define MIB	VUMA_MIB
#define SIZE	(8 * MIB)
/* Columns of a stage, in the order of the file. */
enum column { RUNS, LOOKED, OBJECTS, PAGES, BUSY, LOCKED, SPARED, WAITS, NS, COLUMNS };

/* A number of a stage of the device, as it is now. */
static uint64_t stage_count(int fd, const char *stage, enum column column)
{
	unsigned long long n[COLUMNS];
	bool found = false;
	char line[256], name[32];
	FILE *file = open_debugfs(fd, "reclaim", "r");

	if (!file)
		KT_SKIP("no debugfs");
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%31s %llu %llu %llu %llu %llu %llu %llu %llu %llu", name,
			       &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7],
			       &n[8]) == 1 + COLUMNS && !strcmp(name, stage);
	fclose(file);
	if (!found)
		KT_FAIL("no stage %s in the file reclaim", stage);
	return n[column];
}

/* Buffers that nobody maps, that one VM maps, and that two map. */
struct tiers {
	struct cgroup cg;
	int fd;
	struct vuma_vm first, second;
	struct vuma_bo unused, one, shared;
	uint64_t one_va, shared_va;
};

static struct vuma_bo filled(int fd, uint64_t seed)
{
	struct vuma_bo bo = bo_new_mapped(fd, SIZE, 0);

	vuma_pattern_fill(bo.map, SIZE, seed, 7);
	KT_OK(vuma_bo_unmap(&bo));
	return bo;
}

static struct tiers tiers_new(void)
{
	struct tiers s;

	s.cg = arena_enter("a");
	s.fd = dev_open(0);
	s.first = vm_new(s.fd);
	s.second = vm_new(s.fd);
	/* What is dearest is the oldest, so that age alone would take it first. */
	s.shared = filled(s.fd, 3);
	s.one = filled(s.fd, 2);
	s.unused = filled(s.fd, 1);
	s.shared_va = vm_map_bo(&s.first, &s.shared);
	KT_OK(vuma_vm_map(&s.second, s.shared.handle, s.shared_va, 0, SIZE, 0));
	s.one_va = vm_map_bo(&s.first, &s.one);
	/* A job makes all of a VM resident. */
	run_cmd(&s.first, vuma_cmd_spin(1));
	run_cmd(&s.second, vuma_cmd_spin(1));
	return s;
}

static void verify(const struct vuma_bo *given, uint64_t seed)
{
	struct vuma_bo bo = *given;

	KT_OK(vuma_bo_map(&bo));
	verify_pattern(bo.map, SIZE, seed, 7);
	KT_OK(vuma_bo_unmap(&bo));
}

static void cheap_before_costly(void)
{
	struct tiers s = tiers_new();
	uint64_t unused, one, shared;
	int i;

	KT_EQ(bo_query(&s.unused).resident, SIZE);
	KT_EQ(bo_query(&s.one).resident, SIZE);
	KT_EQ(bo_query(&s.shared).resident, SIZE);
	for (i = 0; i < 64 && bo_query(&s.shared).resident; i++) {
		arena_squeeze(&s.cg, MIB);
		/* In this order: what goes meanwhile does so from the left. */
		shared = bo_query(&s.shared).resident;
		one = bo_query(&s.one).resident;
		unused = bo_query(&s.unused).resident;
		if (one < SIZE)
			KT_EQ(unused, 0);
		if (shared < SIZE)
			KT_EQ(one, 0);
	}
	KT_EQ(bo_query(&s.shared).resident, 0);
	verify(&s.unused, 1);
	verify(&s.one, 2);
	verify(&s.shared, 3);
}

static void numbers_add_up(void)
{
	static const char *const names[] = { "unused", "one-vm", "shared" };
	const struct vuma_bo *bos[3];
	struct tiers s = tiers_new();
	uint64_t before[3], written, scans;
	unsigned int i;

	bos[0] = &s.unused;
	bos[1] = &s.one;
	bos[2] = &s.shared;
	for (i = 0; i < 3; i++)
		before[i] = stage_count(s.fd, names[i], PAGES);
	/* munmap() tells nobody: the first chunk is found where it was filed when written. */
	before[0] += stage_count(s.fd, "cpu-mapped", PAGES);
	written = stage_count(s.fd, "evicted", PAGES);
	scans = stage_count(s.fd, "cpu-mapped", RUNS);
	for (i = 0; i < 64 && bo_query(&s.shared).resident; i++)
		arena_squeeze(&s.cg, MIB);
	for (i = 0; i < 3; i++) {
		uint64_t pages = stage_count(s.fd, names[i], PAGES) - before[i];

		KT_EQ(bo_query(bos[i]).evicted, SIZE);
		if (!i)
			/* And what was written of it before the next chunk went. */
			KT_GE(pages + stage_count(s.fd, "cpu-mapped", PAGES), SIZE / PAGE);
		else
			KT_EQ(pages, SIZE / PAGE);
	}
	/* How many of them the system has written by itself is its business. */
	KT_GE(stage_count(s.fd, "evicted", PAGES) - written, 1);
	KT_GE(stage_count(s.fd, "cpu-mapped", RUNS) - scans, 1);
	KT_GE(stage_count(s.fd, "cpu-mapped", NS), 1);
}

/* How often kswapd has waited for jobs. */
static uint64_t waits(int fd)
{
	return stage_count(fd, "one-vm", WAITS) + stage_count(fd, "shared", WAITS);
}

/* What the device has done about pressure, for whoever reads of a failure. */
static void note_stages(int fd)
{
	FILE *file = open_debugfs(fd, "reclaim", "r");
	char line[256];

	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ktap_note("%s", line);
	}
	fclose(file);
}

/*
 * Go around in more memory than there is, until kswapd has waited. The content compresses
 * well. Who gets to scan the device, kswapd or the allocation that it is too late for, is
 * up to the kernel: one round may be all the latter's.
 */
static void press_until_waited(int fd)
{
	uint64_t before = waits(fd), at, size;
	struct sysinfo info;
	unsigned int round;
	char *mem;

	KT_SYS(sysinfo(&info));
	size = (info.totalram * info.mem_unit / (16 * MIB) + 16) * 16 * MIB;
	mem = KT_MAPPED(mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
	for (round = 0; waits(fd) == before; round++) {
		for (at = 0; at < size && waits(fd) == before; at += 16 * MIB)
			memset(mem + at, 0x5a + round, 16 * MIB);
		if (round == 8)
			note_stages(fd);
	}
	KT_SYS(munmap(mem, size));
}

/* The machine is short of memory, and all that is left has jobs. */
static void kswapd_waits_for_jobs(void)
{
	struct tiers s = tiers_new();
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct gate gate = gate_new(s.fd);

	KT_OK(vuma_bo_fini(&s.unused));
	KT_OK(submit_after(&s.first, &nop, 1, gate.in, 0));
	KT_OK(cgroup_leave());
	press_until_waited(s.fd);
	gate_open(&gate);
	verify(&s.one, 2);
	verify(&s.shared, 3);
}

static const struct ktap_test tests[] = {
	{ .name = "reclaim_cheap_stages_before_costly", .run = cheap_before_costly },
	{ .name = "reclaim_numbers_of_stages_add_up", .run = numbers_add_up },
	{ .name = "reclaim_kswapd_waits_for_jobs_panthor-29_panthor-38",
	  .run = kswapd_waits_for_jobs },
};

TEST_PROGRAM(tests, arena_cleanup);
