// SPDX-License-Identifier: GPL-2.0
/* Tests of the reclaim part: what the core asks of a shrinker, cgroups and nodes. */
#include <linux/cgroup.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>
#include <linux/shrinker.h>
#include <linux/umh.h>

#include "gem_uma_fake.h"

static struct shrink_control reclaim_sc(gfp_t gfp, unsigned long nr_pages)
{
	return (struct shrink_control) {
		.gfp_mask = gfp, .nid = first_memory_node, .nr_to_scan = nr_pages,
	};
}

/* As the core asks: inside of reclaim. */
static unsigned long reclaim_shrink_count(struct gem_uma_fake_room *room,
					  struct shrink_control *sc)
{
	struct shrinker *shrinker = room->rdev->shrinker;

	return shrinker->count_objects(shrinker, sc);
}

static unsigned long reclaim_shrink_scan(struct gem_uma_fake_room *room,
					 struct shrink_control *sc)
{
	struct shrinker *shrinker = room->rdev->shrinker;
	unsigned long ret;

	fs_reclaim_acquire(sc->gfp_mask);
	ret = shrinker->scan_objects(shrinker, sc);
	fs_reclaim_release(sc->gfp_mask);
	return ret;
}

static void reclaim_count_of_nothing_is_EMPTY_panthor_27(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 0);

	gem_uma_mock_needs_swap(test);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), SHRINK_EMPTY);
	gem_uma_fake_create(room, NULL, 0);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), SHRINK_EMPTY);
}

static void reclaim_count_is_in_pages(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 0);

	gem_uma_mock_needs_swap(test);
	gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 7);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 7);
	gem_uma_fake_filed(room, 1, GEM_UMA_DEV_MAPPED, 13);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 20);
}

/* Writing to swap is I/O. */
static void reclaim_evicted_are_written_only_with_IO_panthor_45(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_EVICTED, 7);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL & ~__GFP_IO, 7);

	gem_uma_mock_needs_swap(test);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 0);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, fake->writebacks + fake->evicts, 0);
	sc.gfp_mask = GFP_KERNEL;
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 7);
	/* Written, not freed: they counted when they were evicted. */
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 0);
	KUNIT_EXPECT_EQ(test, sc.nr_scanned, 7);
	KUNIT_EXPECT_EQ(test, fake->writebacks, 1);
}

/* What it wrote is freed by the LRU, to which it has to get back. */
static void reclaim_kswapd_writes_a_bounded_amount_at_once(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 128);
	unsigned int i, scans = 0, writebacks = 0;
	struct gem_uma_fake *fakes[16];

	gem_uma_mock_needs_swap(test);
	for (i = 0; i < ARRAY_SIZE(fakes); i++)
		fakes[i] = gem_uma_fake_filed(room, i, GEM_UMA_EVICTED, 64);
	current->flags |= PF_KSWAPD;
	reclaim_shrink_count(room, &sc);
	while (scans < 8 && reclaim_shrink_scan(room, &sc) != SHRINK_STOP)
		scans++;
	current->flags &= ~PF_KSWAPD;
	for (i = 0; i < ARRAY_SIZE(fakes); i++)
		writebacks += fakes[i]->writebacks;
	KUNIT_EXPECT_EQ(test, scans, 2);
	KUNIT_EXPECT_EQ(test, writebacks, 4);
	/* Others are not kswapd; and it may write again when it is back. */
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 0);
	current->flags |= PF_KSWAPD;
	reclaim_shrink_count(room, &sc);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 0);
	current->flags &= ~PF_KSWAPD;
}

static void reclaim_scan_returns_what_was_freed_panthor_26(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 4);

	gem_uma_mock_needs_swap(test);
	gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 9);
	/* Or the core asks again for the rest of what it has got already. */
	KUNIT_EXPECT_EQ(test, sc.nr_scanned, 9);
}

static void reclaim_scan_of_nothing_is_STOP_panthor_31(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 4);
	struct gem_uma_fake *fake;

	gem_uma_mock_needs_swap(test);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), SHRINK_STOP);
	fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 9);
	fake->evict_ret = -EBUSY;
	/* There is something to look at: not the end, but that much of it was seen. */
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 0);
	KUNIT_EXPECT_GE(test, sc.nr_scanned, 9);
}

static void reclaim_scan_without_FS_is_STOP_panthor_45(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 9);
	struct shrink_control sc = reclaim_sc(GFP_NOFS, 4);

	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, fake->evicts, 0);
}

static void reclaim_without_swap_nothing_counts_panthor_46(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 9);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 4);

	if (get_nr_swap_pages() > 0)
		kunit_skip(test, "needs a system without swap space");
	/* Not EMPTY: there may be swap later. */
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 0);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 4), 0);
	KUNIT_EXPECT_EQ(test, fake->evicts, 0);
}

static void reclaim_lists_are_of_nodes(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 4);
	struct gem_uma_fake *fake;
	int nid, other = NUMA_NO_NODE;

	gem_uma_mock_needs_swap(test);
	for_each_node_state(nid, N_NORMAL_MEMORY)
		if (nid != first_memory_node)
			other = nid;
	if (other == NUMA_NO_NODE)
		kunit_skip(test, "needs two NUMA nodes");
	fake = gem_uma_fake_filed(room, 0, GEM_UMA_UNUSED, 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 9);
	scoped_guard(gem_uma_resv, fake->base.resv)
		gem_uma_reclaim_update_locked(&fake->reclaim, 9, other);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), SHRINK_EMPTY);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), SHRINK_STOP);
	sc.nid = other;
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 9);
}

#if IS_ENABLED(CONFIG_MEMCG)
/* Not the one that objects are charged to, which exists. */
#define RECLAIM_CGROUP	"gem-uma-kunit-lists"

static int reclaim_user_command(char *command)
{
	char *argv[] = { "/bin/sh", "-c", command, NULL };
	char *envp[] = { "PATH=/bin:/usr/bin:/sbin:/usr/sbin", NULL };

	return call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC);
}

static void reclaim_cgroup_remove(void *unused)
{
	reclaim_user_command("rmdir /sys/fs/cgroup/" RECLAIM_CGROUP);
}

static void reclaim_cgroup_put(void *css)
{
	css_put(css);
}

/* Only user space makes cgroups; the test is skipped where there is none. */
static struct mem_cgroup *reclaim_cgroup_create(struct kunit *test)
{
	struct cgroup_subsys_state *css;
	struct cgroup *cgrp;

	if (mem_cgroup_disabled() ||
	    reclaim_user_command("mkdir /sys/fs/cgroup/" RECLAIM_CGROUP))
		kunit_skip(test, "needs a user space with cgroups");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, reclaim_cgroup_remove, NULL));
	cgrp = cgroup_get_from_path("/" RECLAIM_CGROUP);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, cgrp);
	css = cgroup_get_e_css(cgrp, &memory_cgrp_subsys);
	cgroup_put(cgrp);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, reclaim_cgroup_put, css));
	return mem_cgroup_from_css(css);
}

static void reclaim_lists_are_of_cgroups_panthor_37(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 4);
	struct gem_uma_fake *mine, *others;
	struct mem_cgroup *memcg;

	gem_uma_mock_needs_swap(test);
	memcg = reclaim_cgroup_create(test);
	mine = gem_uma_fake_create(room, memcg, 0);
	mine->evict_ret = 9;
	gem_uma_fake_file(mine, GEM_UMA_UNUSED, 9);
	others = gem_uma_fake_filed(room, 1, GEM_UMA_UNUSED, 9);

	KUNIT_EXPECT_EQ(test, reclaim_run(room, 100), 9);
	KUNIT_EXPECT_EQ(test, mine->evicts, 0);
	KUNIT_EXPECT_EQ(test, others->evicts, 1);
	sc.memcg = memcg;
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 9);
	KUNIT_EXPECT_EQ(test, mine->evicts, 1);
	KUNIT_EXPECT_EQ(test, others->evicts, 1);
}

/* What cannot be swapped must not be evicted: its owner would only fault it in again. */
static void reclaim_cgroup_without_swap_keeps_all_panthor_46(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 4);
	struct gem_uma_fake *fake;

	gem_uma_mock_needs_swap(test);
	sc.memcg = reclaim_cgroup_create(test);
	fake = gem_uma_fake_create(room, sc.memcg, 0);
	fake->evict_ret = 9;
	gem_uma_fake_file(fake, GEM_UMA_UNUSED, 9);
	KUNIT_ASSERT_EQ(test, 0, reclaim_user_command("echo 0 >/sys/fs/cgroup/" RECLAIM_CGROUP
						      "/memory.swap.max"));
	/* Not EMPTY: the limit may be raised. */
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 0);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), SHRINK_STOP);
	KUNIT_EXPECT_EQ(test, fake->evicts, 0);
	KUNIT_EXPECT_EQ(test, 0, reclaim_user_command("echo max >/sys/fs/cgroup/" RECLAIM_CGROUP
						      "/memory.swap.max"));
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 9);
}

/* What need not be kept counts, and goes, where nothing can be swapped. */
static void reclaim_cgroup_without_swap_is_purged_panthor_46(struct kunit *test)
{
	static const enum gem_uma_reclaim_state states[] = {
		GEM_UMA_NEVER_WRITTEN, GEM_UMA_PURGEABLE, GEM_UMA_DISCARDABLE,
	};
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct shrink_control sc = reclaim_sc(GFP_KERNEL, 4);
	struct gem_uma_fake *fake;
	unsigned int i;

	sc.memcg = reclaim_cgroup_create(test);
	KUNIT_ASSERT_EQ(test, 0, reclaim_user_command("echo 0 >/sys/fs/cgroup/" RECLAIM_CGROUP
						      "/memory.swap.max"));
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		fake = gem_uma_fake_create(room, sc.memcg, i);
		fake->evict_ret = 9;
		fake->evict_state = GEM_UMA_UNRECLAIMABLE;
		gem_uma_fake_file(fake, states[i], 9);
	}
	KUNIT_EXPECT_EQ(test, reclaim_shrink_count(room, &sc), 27);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), 9);
	KUNIT_EXPECT_EQ(test, reclaim_shrink_scan(room, &sc), SHRINK_STOP);
	KUNIT_ASSERT_EQ(test, room->nr_order, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, room->order[i], 2 - i);
}

/* No shrinker is asked about a cgroup that was removed: its objects go to the parent. */
static void reclaim_objects_of_a_removed_cgroup_are_found(struct kunit *test)
{
	struct gem_uma_fake_room *room = gem_uma_fake_room_create(test);
	struct gem_uma_fake *before, *after;
	struct mem_cgroup *memcg;
	unsigned int ms;

	gem_uma_mock_needs_swap(test);
	memcg = reclaim_cgroup_create(test);
	before = gem_uma_fake_create(room, memcg, 0);
	after = gem_uma_fake_create(room, memcg, 1);
	before->evict_ret = 1;
	after->evict_ret = 1;
	gem_uma_fake_file(before, GEM_UMA_UNUSED, 1);
	kunit_release_action(test, reclaim_cgroup_remove, NULL);
	/* The rest of it is done later. */
	for (ms = 0; ms < 10000 && mem_cgroup_online(memcg); ms += 20)
		msleep(20);
	KUNIT_ASSERT_FALSE(test, mem_cgroup_online(memcg));
	gem_uma_fake_file(after, GEM_UMA_UNUSED, 1);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 2), 2);
	KUNIT_EXPECT_EQ(test, before->evicts, 1);
	KUNIT_EXPECT_EQ(test, after->evicts, 1);
	/* Filing again what was filed before the removal. */
	gem_uma_fake_file(before, GEM_UMA_DEV_MAPPED, 1);
	KUNIT_EXPECT_EQ(test, reclaim_run(room, 1), 1);
}
#endif

static struct kunit_case gem_uma_shrinker_cases[] = {
	KUNIT_CASE(reclaim_count_of_nothing_is_EMPTY_panthor_27),
	KUNIT_CASE(reclaim_count_is_in_pages),
	KUNIT_CASE(reclaim_evicted_are_written_only_with_IO_panthor_45),
	KUNIT_CASE(reclaim_kswapd_writes_a_bounded_amount_at_once),
	KUNIT_CASE(reclaim_scan_returns_what_was_freed_panthor_26),
	KUNIT_CASE(reclaim_scan_of_nothing_is_STOP_panthor_31),
	KUNIT_CASE(reclaim_scan_without_FS_is_STOP_panthor_45),
	KUNIT_CASE(reclaim_without_swap_nothing_counts_panthor_46),
	KUNIT_CASE(reclaim_lists_are_of_nodes),
#if IS_ENABLED(CONFIG_MEMCG)
	KUNIT_CASE(reclaim_lists_are_of_cgroups_panthor_37),
	KUNIT_CASE(reclaim_cgroup_without_swap_keeps_all_panthor_46),
	KUNIT_CASE(reclaim_cgroup_without_swap_is_purged_panthor_46),
	KUNIT_CASE(reclaim_objects_of_a_removed_cgroup_are_found),
#endif
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_shrinker);
