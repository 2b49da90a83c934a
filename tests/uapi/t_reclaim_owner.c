// SPDX-License-Identifier: GPL-2.0
/* Whose memory it is, where owners meet: shared VMs, passed files, forks, competition. */
#include <sys/socket.h>

#include "peer.h"

#define MIB	VUMA_MIB
#define SIZE	((ktap_slow() > 1 ? 4 : 8) * MIB)
/* Squeezes that a test may need until something has happened. */
#define TRIES	100

static struct cgroup top(void)
{
	struct cgroup cg;

	snprintf(cg.path, sizeof(cg.path), "/sys/fs/cgroup/vuma-test");
	return cg;
}

/* A protected owner, who is then squeezed together with nobody else. */
struct protected {
	struct cgroup parent, cg;
	struct vuma_bo bo;
};

static struct protected protected_new(const char *file)
{
	struct protected p;

	need_reclaim();
	p.parent = arena_new("p");
	p.cg = arena_new("p/a");
	KT_OK(cgroup_write(&p.parent, file, "%llu", 2 * SIZE));
	KT_OK(cgroup_write(&p.cg, file, "%llu", 2 * SIZE));
	KT_OK(cgroup_enter(&p.cg));
	p.bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(p.bo.map, SIZE, 1, 3);
	/* The squeeze comes from outside: its own limit would be no protection's business. */
	KT_OK(cgroup_leave());
	return p;
}

/* memory.low is best effort: with nothing else left, the protected pay. */
static void low_yields_last(void)
{
	struct protected p = protected_new("memory.low");
	struct cgroup above = top();
	int tries;

	for (tries = 0; tries < TRIES && bo_query(&p.bo).resident; tries++)
		arena_squeeze(&above, SIZE);
	expect_evicted(&p.bo);
	KT_GE(arena_event(&p.cg, "low"), 1);
	verify_pattern(p.bo.map, SIZE, 1, 3);
}

static void min_never_yields(void)
{
	struct protected p = protected_new("memory.min");
	struct cgroup above = top();
	int tries;

	for (tries = 0; tries < 20; tries++)
		arena_squeeze(&above, SIZE);
	expect_untouched(&p.bo);
	expect_near(arena_stat(&p.cg, "shmem"), SIZE);
	/* And it is for no other reason that it stayed. */
	KT_OK(cgroup_write(&p.cg, "memory.min", "0"));
	for (tries = 0; tries < TRIES && bo_query(&p.bo).resident; tries++)
		arena_squeeze(&above, SIZE);
	expect_evicted(&p.bo);
	verify_pattern(p.bo.map, SIZE, 1, 3);
}

/* Under a limit of the parent, the child that is protected by nothing pays alone. */
static void min_under_the_parents_limit(void)
{
	struct protected p = protected_new("memory.min");
	struct cgroup b = arena_new("p/b");
	struct vuma_bo bos[4];
	unsigned int evictions = 0;
	int i;

	KT_OK(cgroup_write(&p.parent, "memory.max", "%llu", 3 * SIZE));
	KT_OK(cgroup_enter(&b));
	for (i = 0; i < 4; i++) {
		bos[i] = bo_new_mapped(p.bo.fd, SIZE, 0);
		vuma_pattern_fill(bos[i].map, SIZE, i, 5);
	}
	for (i = 0; i < 4; i++) {
		verify_pattern(bos[i].map, SIZE, i, 5);
		evictions += bo_query(&bos[i]).evictions;
	}
	KT_GE(evictions, 1);
	expect_untouched(&p.bo);
	KT_EQ(arena_event(&p.parent, "oom_kill"), 0);
	KT_OK(cgroup_leave());
	verify_pattern(p.bo.map, SIZE, 1, 3);
}

/* What is asked for is taken, about as much, and a lack of it is told. */
static void reclaim_takes_what_it_is_asked_for(void)
{
	enum { COUNT = 16, PART = 4 };
	uint64_t before, after, resident = 0;
	struct vuma_bo bos[COUNT];
	struct cgroup cg = arena_enter("a");
	int fd, i;

	fd = dev_open(0);
	for (i = 0; i < COUNT; i++) {
		bos[i] = bo_new_mapped(fd, MIB, 0);
		vuma_pattern_fill(bos[i].map, MIB, i, 3);
	}
	before = arena_current(&cg);
	KT_OK(cgroup_reclaim(&cg, PART * MIB));
	after = arena_current(&cg);
	KT_GE(before - after, PART * MIB - SLACK);
	for (i = 0; i < COUNT; i++)
		resident += bo_query(&bos[i]).resident;
	/* The core scans in large steps, but not everything for a quarter of it. */
	KT_GE(resident, COUNT / 4 * MIB);
	KT_RET(cgroup_reclaim(&cg, 1024 * MIB), -EAGAIN);
	for (i = 0; i < COUNT; i++)
		verify_pattern(bos[i].map, MIB, i, 3);
}

/* Creates, exports over the socket, and lives on. */
static void exports_buffer(const struct peer *peer, void *arg)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), SIZE, 0);

	vuma_pattern_fill(bo.map, SIZE, 7, 3);
	fd_send(*(int *)arg, export_bo(&bo));
	peer_next(peer);
	verify_pattern(bo.map, SIZE, 8, 3);
}

/* One VM binds buffers of two cgroups: each pays, and is asked, for its own. */
static void two_owners_in_one_vm(void)
{
	struct vuma_bo mine, theirs, out;
	uint64_t mine_va, their_va, out_va;
	struct cgroup a, b;
	struct vuma_vm vm;
	struct peer peer;
	int sock[2], fd;

	need_reclaim();
	KT_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	a = arena_enter("a");
	b = arena_new("b");
	peer = peer_start(&b, exports_buffer, &sock[1]);
	peer_next(&peer);
	fd = dev_open(0);
	theirs = import_bo(fd, fd_receive(sock[0]), SIZE);
	mine = bo_new_mapped(fd, SIZE, 0);
	vuma_pattern_fill(mine.map, SIZE, 1, 3);
	out = bo_new_mapped(fd, PAGE, 0);
	vm = vm_new(fd);
	mine_va = vm_map_bo(&vm, &mine);
	their_va = vm_map_bo(&vm, &theirs);
	out_va = vm_map_bo(&vm, &out);
	verify_checksum(&vm, their_va, SIZE, 7, 3, &out, out_va);
	expect_near(arena_stat(&a, "shmem"), SIZE);
	expect_near(arena_stat(&b, "shmem"), SIZE);

	arena_evict(&b, &theirs, 1);
	KT_EQ(bo_query(&mine).evictions, 0);
	/* Our submit brings it back, on their account. */
	run_cmd(&vm, vuma_cmd_fill(their_va, SIZE, 8, 3));
	expect_near(arena_stat(&a, "shmem"), SIZE);
	expect_near(arena_stat(&b, "shmem"), SIZE);

	arena_evict(&a, &mine, 1);
	KT_EQ(bo_query(&theirs).evicted, SIZE);
	verify_checksum(&vm, mine_va, SIZE, 1, 3, &out, out_va);
	peer_end(&peer);
}

struct forked {
	struct vuma_bo ours, theirs;
};

/* In a cgroup of its own since the fork, on files from before. */
static void allocates_after_fork(const struct peer *peer, void *arg)
{
	struct forked *shared = arg;

	(void)peer;
	stamp_pages(shared->ours.map, SIZE / PAGE, 0);
	KT_OK(vuma_bo_init(&shared->theirs, shared->ours.fd, SIZE, 0));
	KT_OK(vuma_bo_map(&shared->theirs));
	stamp_pages(shared->theirs.map, SIZE / PAGE, 1);
	KT_OK(vuma_bo_unmap(&shared->theirs));
}

/* The creator pays, not the owner of the file, and not the writer. */
static void charge_after_fork(void)
{
	struct forked *shared = shared_memory(sizeof(*shared));
	struct cgroup a, b;
	struct peer peer;

	a = arena_enter("a");
	b = arena_new("b");
	shared->ours = bo_new_mapped(dev_open(0), SIZE, 0);
	peer = peer_start(&b, allocates_after_fork, shared);
	peer_end(&peer);
	expect_near(arena_stat(&a, "shmem"), SIZE);
	expect_near(arena_stat(&b, "shmem"), SIZE);
	/* The child is gone. Its buffer is in our file, and still on its account. */
	arena_evict(&b, &shared->theirs, 1);
	expect_untouched(&shared->ours);
	KT_OK(vuma_bo_map(&shared->theirs));
	verify_pages(shared->theirs.map, SIZE / PAGE, 1, 0);
	expect_near(arena_stat(&b, "shmem"), SIZE);
	verify_pages(shared->ours.map, SIZE / PAGE, 0, 0);
}

/* Is sent a DRM file and a dma-buf, and uses both. */
static void uses_passed_files(const struct peer *peer, void *arg)
{
	struct forked *shared = arg;
	int sock = shared->theirs.fd, fd, dmabuf;
	void *map;

	(void)peer;
	fd = fd_receive(sock);
	dmabuf = fd_receive(sock);
	map = KT_MAPPED(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0));
	stamp_pages(map, SIZE / PAGE, 0);
	KT_OK(vuma_bo_init(&shared->theirs, fd, SIZE, 0));
	KT_OK(vuma_bo_map(&shared->theirs));
	stamp_pages(shared->theirs.map, SIZE / PAGE, 1);
	KT_OK(vuma_bo_unmap(&shared->theirs));
}

static void charge_after_passing(void)
{
	struct forked *shared = shared_memory(sizeof(*shared));
	struct cgroup a, b;
	struct peer peer;
	int sock[2], fd;

	need_reclaim();
	KT_SYS(socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	shared->theirs.fd = sock[1];
	a = arena_new("a");
	b = arena_new("b");
	peer = peer_start(&b, uses_passed_files, shared);
	KT_OK(cgroup_enter(&a));
	fd = dev_open(0);
	shared->ours = bo_new(fd, SIZE, 0);
	fd_send(sock[0], fd);
	fd_send(sock[0], export_bo(&shared->ours));
	peer_end(&peer);
	shared->theirs.fd = fd;
	expect_near(arena_stat(&a, "shmem"), SIZE);
	expect_near(arena_stat(&b, "shmem"), SIZE);
	arena_evict(&a, &shared->ours, 1);
	KT_EQ(bo_query(&shared->theirs).evictions, 0);
	KT_OK(vuma_bo_map(&shared->ours));
	verify_pages(shared->ours.map, SIZE / PAGE, 0, 0);
}

/* Child and parent are removed, one after the other: what is above them owns it. */
static void dying_parent(void)
{
	struct cgroup p, a, above = top();
	struct vuma_bo bo;
	int tries;

	need_reclaim();
	p = arena_new("p");
	a = arena_new("p/a");
	KT_OK(cgroup_enter(&a));
	bo = bo_new_mapped(dev_open(0), SIZE, 0);
	vuma_pattern_fill(bo.map, SIZE / 2, 1, 3);
	KT_OK(cgroup_leave());
	KT_OK(cgroup_remove(&a));
	KT_OK(cgroup_remove(&p));
	vuma_pattern_fill(bo.map, SIZE, 1, 3);
	expect_near(arena_stat(&above, "shmem"), SIZE);
	for (tries = 0; tries < TRIES && bo_query(&bo).resident; tries++)
		arena_squeeze(&above, 64 * MIB);
	expect_evicted(&bo);
	/* Comes back, and goes again: it was filed where it is looked for. */
	verify_pattern(bo.map, SIZE, 1, 3);
	expect_near(arena_stat(&above, "shmem"), SIZE);
	for (tries = 0; tries < TRIES && bo_query(&bo).resident; tries++)
		arena_squeeze(&above, 64 * MIB);
	KT_EQ(bo_query(&bo).evicted, 2 * SIZE);
	verify_pattern(bo.map, SIZE, 1, 3);
}

/* One page in each of many 2 MiB ranges needs a page table each, of 4 KiB. */
static void page_tables_are_charged(void)
{
	enum { COUNT = 512 };
	struct cgroup cg = arena_enter("a");
	struct vuma_vm vm;
	struct vuma_bo bo;
	uint64_t before;
	int i;

	bo = bo_new(dev_open(0), PAGE, 0);
	vm = vm_new(bo.fd);
	/* Entries exist only for what is resident. */
	KT_OK(vuma_vm_map(&vm, bo.handle, 0x10000000, 0, PAGE, 0));
	run_cmd(&vm, vuma_cmd_fill(0x10000000, PAGE, 1, 3));
	before = arena_stat(&cg, "kernel");
	for (i = 0; i < COUNT; i++)
		KT_OK(vuma_vm_map(&vm, bo.handle, 0x40000000 + i * 2 * MIB, 0, PAGE, 0));
	KT_GE(arena_stat(&cg, "kernel") - before, COUNT * GPU_PAGE);
}

/* What two competitors share. */
struct race {
	_Atomic int go, stop;
	_Atomic uint64_t rounds[2];
	/* How often each one's buffers were evicted while it raced. */
	uint64_t evictions[2];
	uint64_t goal;
};

struct racer {
	struct race *race;
	int index;
};

static uint64_t evictions_of(const struct vuma_bo *bos, int count)
{
	uint64_t sum = 0;

	while (count--)
		sum += bo_query(&bos[count]).evictions;
	return sum;
}

/* Uses one buffer after the other, by CPU and GPU in turn, all of them checked. */
static void races(const struct peer *peer, void *arg)
{
	enum { COUNT = 12 };
	struct racer *racer = arg;
	struct race *race = racer->race;
	int fd = dev_open(0), i, n;
	struct vuma_bo bos[COUNT], out = bo_new_mapped(fd, PAGE, 0);
	struct vuma_vm vms[COUNT];
	uint64_t before;

	for (i = 0; i < COUNT; i++) {
		bos[i] = bo_new_mapped(fd, MIB, 0);
		vuma_pattern_fill(bos[i].map, MIB, i, 3);
		vms[i] = vm_new(fd);
		KT_OK(vuma_vm_map(&vms[i], out.handle, 0x20000000, 0, PAGE, 0));
		KT_OK(vuma_vm_map(&vms[i], bos[i].handle, 0x40000000, 0, MIB, 0));
	}
	before = evictions_of(bos, COUNT);
	peer_go(peer->to);
	KT_WAIT(race->go);
	for (n = 0; !race->stop; n++) {
		i = n % COUNT;
		if (n / COUNT & 1)
			verify_pattern(bos[i].map, MIB, i, 3);
		else
			verify_checksum(&vms[i], 0x40000000, MIB, i, 3, &out, 0x20000000);
		if (++race->rounds[racer->index] >= race->goal)
			race->stop = 1;
	}
	race->evictions[racer->index] = evictions_of(bos, COUNT) - before;
	peer_wait(peer->from);
}

/* One race. Returns whether the slower one has a twentieth of the rounds of the other. */
static bool race_once(struct race *race, const struct cgroup *cg)
{
	struct racer racers[2];
	struct peer peer[2];
	int i, fast;

	memset(race, 0, sizeof(*race));
	race->goal = ktap_slow() > 1 ? 24 : 240;
	for (i = 0; i < 2; i++) {
		racers[i] = (struct racer) { race, i };
		peer[i] = peer_start(&cg[i], races, &racers[i]);
		peer_next(&peer[i]);
	}
	/* The one whose buffers are filled first would have got around before the other. */
	race->go = 1;
	for (i = 0; i < 2; i++)
		peer_next(&peer[i]);
	for (i = 0; i < 2; i++)
		join_child(peer[i].pid);
	ktap_note("rounds: %llu and %llu, evictions: %llu and %llu",
		  (unsigned long long)race->rounds[0], (unsigned long long)race->rounds[1],
		  (unsigned long long)race->evictions[0], (unsigned long long)race->evictions[1]);
	fast = race->rounds[1] > race->rounds[0];
	KT_GE(race->rounds[!fast], 1);
	KT_GE(race->evictions[!fast], 1);
	/* Whoever is ahead pays, too: if not as much as the other, then not far less. */
	KT_GE(race->evictions[fast] * 4, race->evictions[!fast]);
	return race->rounds[!fast] >= race->goal / 20;
}

/*
 * Two cgroups of equal weight share what is less than both use. The first at the goal ends
 * the race. The one whose buffers are all in memory is many times faster, and reclaim finds
 * those of the other cold: a tenth of the rounds is common. One race of ten showed less
 * than a twentieth, so three in a row do not.
 */
static void equals_both_advance(void)
{
	struct race *race = shared_memory(sizeof(*race));
	struct cgroup p, cg[2];
	bool advance = false;
	int i;

	need_reclaim();
	p = arena_new("p");
	cg[0] = arena_new("p/a");
	cg[1] = arena_new("p/b");
	KT_OK(cgroup_write(&p, "memory.max", "%llu", 16 * MIB));
	for (i = 0; i < 3 && !advance; i++)
		advance = race_once(race, cg);
	KT_TRUE(advance);
	KT_EQ(arena_event(&p, "oom_kill"), 0);
	/* Else there was nothing to share. */
	KT_GE(arena_event(&p, "max"), 1);
}

static int many_idle(void)
{
	return ktap_slow() > 1 ? 300 : 10000;
}

static void holds_many(const struct peer *peer, void *arg)
{
	int fd = dev_open(0), count = many_idle(), i;

	(void)arg;
	for (i = 0; i < count; i++) {
		struct vuma_bo bo = bo_new_mapped(fd, PAGE, 0);

		*(volatile uint64_t *)bo.map = i;
		KT_OK(vuma_bo_unmap(&bo));
	}
	peer_next(peer);
	KT_EQ(fdinfo(fd, "vuma-evicted-total"), 0);
	KT_EQ(fdinfo(fd, "drm-resident-memory"), count * PAGE);
}

/* Pressure of one client never even starts on the many idle buffers of another. */
static void idle_neighbour(void)
{
	enum { COUNT = 8 };
	struct vuma_bo bos[COUNT], out;
	struct cgroup a, b;
	struct peer peer;
	int fd, i, n;

	need_reclaim();
	b = arena_new("b");
	peer = peer_start(&b, holds_many, NULL);
	peer_next(&peer);
	a = arena_enter("a");
	KT_OK(cgroup_write(&a, "memory.max", "%llu", COUNT / 2 * MIB + 4 * MIB));
	fd = dev_open(0);
	out = bo_new_mapped(fd, PAGE, 0);
	for (i = 0; i < COUNT; i++) {
		bos[i] = bo_new_mapped(fd, MIB, 0);
		vuma_pattern_fill(bos[i].map, MIB, i, 3);
	}
	for (n = 0; n < 3 * COUNT; n++) {
		struct vuma_vm vm = vm_new(fd);

		i = n % COUNT;
		KT_OK(vuma_vm_map(&vm, out.handle, 0x20000000, 0, PAGE, 0));
		KT_OK(vuma_vm_map(&vm, bos[i].handle, 0x40000000, 0, MIB, 0));
		verify_checksum(&vm, 0x40000000, MIB, i, 3, &out, 0x20000000);
		KT_OK(vuma_vm_fini(&vm));
	}
	/* Else there was no pressure. */
	KT_GE(fdinfo(fd, "vuma-evicted-total"), COUNT * MIB);
	peer_end(&peer);
}

/* The sums that fdinfo shows in O(1) are those of the buffers, through evictions too. */
static void fdinfo_adds_up(void)
{
	enum { COUNT = 24 };
	uint64_t resident = 0, evicted = 0, restored = 0, total = 0, seed = 4711;
	struct vuma_bo bos[COUNT];
	struct cgroup cg = arena_enter("a");
	int fd, i, round;

	fd = dev_open(0);
	for (i = 0; i < COUNT; i++) {
		bos[i] = bo_new_mapped(fd, (1 + i % 5) * 64 * VUMA_KIB, 0);
		total += bos[i].size;
	}
	for (round = 0; round < 6; round++) {
		for (i = 0; i < COUNT; i++)
			if (vuma_random(&seed) & 1)
				vuma_pattern_fill(bos[i].map, bos[i].size / 2, i, 3);
		arena_squeeze(&cg, MIB);
		resident = 0;
		evicted = 0;
		restored = 0;
		for (i = 0; i < COUNT; i++) {
			struct drm_vuma_bo_query q = bo_query(&bos[i]);

			resident += q.resident;
			evicted += q.evicted;
			restored += q.restored;
		}
		KT_EQ(fdinfo(fd, "drm-total-memory"), total);
		KT_EQ(fdinfo(fd, "drm-resident-memory"), resident);
		KT_EQ(fdinfo(fd, "vuma-evicted-total"), evicted);
		KT_EQ(fdinfo(fd, "vuma-restored-total"), restored);
	}
	KT_GE(evicted, MIB);
	KT_GE(restored, PAGE);
}

/* Nobody reclaims for a removed cgroup, so what comes back is its parent's to pay. */
static void removed_owner_has_no_limit(void)
{
	struct cgroup parent, owner;
	struct vuma_bo bos[2];
	int i, round, fd;

	need_reclaim();
	parent = arena_new("p");
	owner = arena_new("p/a");
	KT_OK(cgroup_write(&owner, "memory.max", "%llu", SIZE + SIZE / 2));
	KT_OK(cgroup_enter(&owner));
	fd = dev_open(0);
	for (i = 0; i < 2; i++) {
		bos[i] = bo_new_mapped(fd, SIZE, 0);
		vuma_pattern_fill(bos[i].map, SIZE, i, 5);
	}
	KT_OK(cgroup_leave());
	KT_OK(cgroup_remove(&owner));
	for (round = 0; round < 3; round++)
		for (i = 0; i < 2; i++)
			verify_pattern(bos[i].map, SIZE, i, 5);
	for (i = 0; i < 2; i++)
		KT_EQ(bo_query(&bos[i]).resident, SIZE);
	KT_EQ(arena_event(&parent, "oom_kill"), 0);
}

static const struct ktap_test tests[] = {
	{ .name = "memcg_memory_low_yields_when_nothing_else_is_left", .run = low_yields_last },
	{ .name = "memcg_memory_min_never_yields", .run = min_never_yields },
	{ .name = "memcg_memory_min_protects_under_the_parents_limit",
	  .run = min_under_the_parents_limit },
	{ .name = "memcg_memory_reclaim_takes_what_it_is_asked_for",
	  .run = reclaim_takes_what_it_is_asked_for },
	{ .name = "memcg_two_owners_in_one_vm", .run = two_owners_in_one_vm },
	{ .name = "memcg_charge_after_fork_is_the_creators", .run = charge_after_fork },
	{ .name = "memcg_charge_after_fd_passing_is_the_creators", .run = charge_after_passing },
	{ .name = "memcg_dying_parent_leaves_to_what_is_above", .run = dying_parent },
	{ .name = "memcg_removed_owner_has_no_limit_rev-C4", .run = removed_owner_has_no_limit },
	{ .name = "memcg_page_tables_are_charged", .run = page_tables_are_charged },
	{ .name = "fairness_two_equals_that_thrash_both_advance", .run = equals_both_advance },
	{ .name = "fairness_many_idle_buffers_are_left_alone", .run = idle_neighbour },
	{ .name = "fdinfo_adds_up_through_evictions", .run = fdinfo_adds_up },
};

TEST_PROGRAM(tests, arena_cleanup);
