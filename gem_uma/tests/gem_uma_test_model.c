// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a few buffers, all invariants checked after each.
 *
 * The content of every page is one word, of which a shadow is kept. It is written through
 * CPU mappings, through vmaps and by jobs of a mock GPU; whoever looks has to see it. One
 * task does everything, so what is found can be repeated: a failure prints the seed.
 *
 * Invariants, checked by gem_uma_model_check() and by the mock GPU:
 *  I1  nothing resident: no DMA address, no vmap, no pin, no PTE of anybody, and no fence
 *      was busy when that came to be
 *  I2  on a list exactly if not unreclaimable, and on that of the state
 *  I3  counters of lists, device and files are the sums over the buffers
 *  I4  a mapped VA has all of its PTEs, to resident pages; one that is not has none
 *  I5  DMA addresses belong to resident pages; a vmap has its pin
 *  I6  no lock is held after an operation
 *  I7  a scan ends although jobs do not
 *  I8  CPU, kernel, GPU and shadow agree; what can be written is dirty, and by the CPU
 *      counted
 *  I10 nothing is unmapped under a job, and no job starts without its pages
 * I9, on what a bind has allocated before it can be seen, is checked by vm_random: here are
 * no binds.
 */
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sizes.h>

#include "gem_uma_model.h"

static unsigned long long seed;
module_param(seed, ullong, 0444);
MODULE_PARM_DESC(seed, "of the random operations; 0 for another one each time");

static unsigned int steps = 3000;
module_param(steps, uint, 0444);
MODULE_PARM_DESC(steps, "random operations");

static void model_expect(struct model *m, const char *bad)
{
	if (!bad)
		bad = gem_uma_model_check(m);
	KUNIT_ASSERT_NULL_MSG(m->test, bad, "seed %llu, step %u, %s: %s", m->seed, m->step,
			      m->op, bad);
}

/* Is failing on demand compiled in and switched on? */
static bool model_can_inject(void)
{
	bool can = false;
#ifdef CONFIG_FAULT_INJECTION
	void *p;

	current->fail_nth = 1;
	p = kmalloc(64, GFP_KERNEL);
	can = !p;
	current->fail_nth = 0;
	kfree(p);
#endif
	return can;
}

/* Jobs end, page tables go, then the device; content stays and comes back. */
static void model_unplug(struct model *m)
{
	struct gem_uma_mock_job *job, *next;
	unsigned int i;
	unsigned long p;
	u32 word;

	m->op = "end of jobs";
	list_for_each_entry_safe(job, next, &m->gpu->jobs, link)
		gem_uma_model_finish_job(m, job);
	for (i = 0; i < MODEL_VMS; i++)
		gem_uma_mock_vm_unbind(m->vms[i], 0, MODEL_VM_PAGES);
	model_expect(m, NULL);
	m->op = "unplug";
	gem_uma_object_unplug_all(&m->mock->udev);
	for (i = 0; i < MODEL_BUFS; i++)
		if (m->bufs[i].buf && model_uobj(&m->bufs[i])->dev_map.mapped.pages)
			model_expect(m, "a DMA address after unplug");
	model_expect(m, NULL);
	m->op = "scan after unplug";
	gem_uma_reclaim_device_run(&m->mock->udev, ULONG_MAX);
	model_expect(m, NULL);
	m->op = "read after unplug";
	for (i = 0; i < MODEL_SEGS; i++)
		for (p = 0; p < m->segs[i].nr; p++)
			if (get_user(word, (u32 __user *)(m->segs[i].addr + (p << PAGE_SHIFT))) ||
			    word != m->segs[i].mb->shadow[m->segs[i].pgoff + p])
				model_expect(m, "I8: content is lost");
	model_expect(m, NULL);
}

/* All that we hold; also after a failure, when the address space is gone already. */
static void model_release(void *data)
{
	struct model *m = data;
	unsigned int i;

	for (i = 0; i < MODEL_BUFS; i++) {
		struct model_buf *mb = &m->bufs[i];

		if (!mb->buf || !mb->handle)
			continue;
		gem_uma_model_detach(mb);
		model_lock(mb);
		for (; mb->vmaps; mb->vmaps--)
			gem_uma_object_vunmap(&model_uobj(mb)->base, &mb->map);
		for (; mb->pins; mb->pins--)
			gem_uma_object_unpin(&model_uobj(mb)->base);
		model_unlock(mb);
		gem_uma_client_close(&m->client, &model_uobj(mb)->files);
		mb->handle = false;
		drm_gem_object_put(&model_uobj(mb)->base);
	}
}

static void model_close_all(struct model *m)
{
	unsigned int i;

	m->op = "close of all";
	for (i = 0; i < MODEL_SEGS; i++)
		if (m->segs[i].nr) {
			vm_munmap(m->segs[i].addr, m->segs[i].nr << PAGE_SHIFT);
			m->segs[i].nr = 0;
		}
	model_release(m);
	model_expect(m, NULL);
	KUNIT_EXPECT_TRUE(m->test, list_empty(&m->mock->udev.objects));
	KUNIT_EXPECT_EQ(m->test, atomic_long_read(&m->mock->udev.resident_pages), 0);
}

static struct model *model_create(struct kunit *test, const struct model_config *config)
{
	struct model *m = gem_uma_mock_zalloc(test, sizeof(*m));
	unsigned int i;

	m->test = test;
	m->config = config;
	m->op = "begin";
	m->mock = gem_uma_mock_create(test, config->huge);
	m->importer = gem_uma_mock_parent(test);
	m->gpu = gem_uma_mock_gpu_create(test, m->mock);
	for (i = 0; i < MODEL_VMS; i++)
		m->vms[i] = gem_uma_mock_vm_create(m->gpu);
	for (i = 0; i < config->bufs; i++) {
		m->bufs[i].shadow = gem_uma_mock_zalloc(test, config->max_pages * sizeof(u32));
		m->bufs[i].pfn = gem_uma_mock_zalloc(test, config->max_pages * sizeof(long));
	}
	/* So that there is an address space; and where mappings go, aligned for PMDs. */
	m->hint = SZ_1G;
	kunit_vm_mmap(test, NULL, 0, PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_NOT_NULL(test, current->mm);
	m->can_inject = model_can_inject();
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, model_release, m));
	m->seed = seed ?: get_random_u32();
	prandom_seed_state(&m->rnd, m->seed);
	return m;
}

static const struct model_config model_configs[] = {
	{ "small buffers", MODEL_BUFS, 24, false, 1 },
	{ "chunks", 2, 2 * GEM_UMA_MOCK_HUGE - 7, false, 10 },
	{ "huge folios", 2, 2 * GEM_UMA_MOCK_HUGE - 7, true, 10 },
};

static void model_config_desc(const struct model_config *config, char *desc)
{
	strscpy(desc, config->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(model, model_configs, model_config_desc);

static void model_invariants_hold_after_every_operation(struct kunit *test)
{
	struct model *m = model_create(test, test->param_value);
	unsigned int last = steps / m->config->divisor;
	ktime_t begin = ktime_get();

	gem_uma_mock_needs_swap(test);
	kunit_log(KERN_INFO, test, "    # seed: %llu", m->seed);
	for (m->step = 0; m->step < last; m->step++)
		model_expect(m, gem_uma_model_run(m));
	model_unplug(m);
	model_close_all(m);
	kunit_log(KERN_INFO, test,
		  "    # %u steps in %lld ms, %u page table writes, %u errors asked for%s, %lld pages evicted, %lld restored",
		  last, ktime_ms_delta(ktime_get(), begin), (unsigned int)m->gpu->logged,
		  m->failed, m->can_inject ? "" : " (allocations cannot fail on demand here)",
		  atomic64_read(&m->mock->udev.evicted_pages),
		  atomic64_read(&m->mock->udev.restored_pages));
}

static struct kunit_case gem_uma_model_cases[] = {
	KUNIT_CASE_PARAM_ATTR(model_invariants_hold_after_every_operation, model_gen_params,
			      { .speed = KUNIT_SPEED_SLOW }),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_model);
