// SPDX-License-Identifier: GPL-2.0
/* Setting up what belongs to a memory cgroup, and failing: it keeps no reference. */
#include <linux/cgroup.h>
#include <linux/file.h>
#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

#include "gem_uma_inject.h"

/* Returns references on the cgroup, after its counter was made readable. */
static long inject_memcg_refs(struct mem_cgroup *memcg)
{
	return atomic_long_read(&memcg->css.refcnt.data->count);
}

/* Owned by a cgroup that is not the root, whose references nobody counts. */
static int inject_init_owned(struct gem_uma_mock *mock, struct mem_cgroup *memcg,
			     const char *symbol, long value)
{
	struct gem_uma_object *uobj = kzalloc_obj(*uobj, GFP_KERNEL);
	struct mem_cgroup *old;
	int ret;

	if (!uobj)
		return -ENOMEM;
	old = set_active_memcg(memcg);
	gem_uma_inject_arm_call(gem_uma_inject_find(symbol), value, 1);
	ret = gem_uma_object_init(uobj, &mock->udev, PAGE_SIZE, 0, NULL);
	gem_uma_inject_disarm_call();
	set_active_memcg(old);
	if (ret)
		kfree(uobj);
	else
		drm_gem_object_put(&uobj->base);
	return ret;
}

static void inject_expect_no_memcg_ref(struct kunit *test, struct gem_uma_mock *mock,
				       struct mem_cgroup *memcg, const char *symbol, long value)
{
	const unsigned int rounds = 64;
	unsigned int i;
	long before;

	/* What is set up for the cgroup once. */
	KUNIT_EXPECT_EQ(test, inject_init_owned(mock, memcg, symbol, value), value);
	before = inject_memcg_refs(memcg);
	for (i = 0; i < rounds; i++)
		KUNIT_EXPECT_EQ(test, inject_init_owned(mock, memcg, symbol, value), value);
	flush_delayed_fput();
	/* Caches of the system may have some. */
	KUNIT_EXPECT_LT_MSG(test, inject_memcg_refs(memcg) - before, rounds / 2, "%s", symbol);
}

/* A case of the suite gem_uma_inject. */
void inject_failed_init_gives_the_cgroup_back(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct mem_cgroup *memcg = NULL;
	struct cgroup *cgroup;

	if (!gem_uma_inject_can_fail_calls())
		kunit_skip(test, "no kprobes");
	cgroup = cgroup_get_from_path("/gem-uma-kunit");
	if (IS_ERR(cgroup))
		kunit_skip(test, "no cgroup: tests/kunit/inject-setup.sh makes it");
	rcu_read_lock();
	memcg = mem_cgroup_from_css(rcu_dereference(cgroup->subsys[memory_cgrp_id]));
	rcu_read_unlock();
	KUNIT_EXPECT_NOT_NULL(test, memcg);
	if (memcg) {
		percpu_ref_switch_to_atomic_sync(&memcg->css.refcnt);
		gem_uma_inject_watch(true);
		inject_expect_no_memcg_ref(test, mock, memcg, "shmem_file_setup", -ENFILE);
		inject_expect_no_memcg_ref(test, mock, memcg, "drm_gem_create_mmap_offset",
					   -ENOSPC);
		gem_uma_inject_watch(false);
	}
	cgroup_put(cgroup);
}
