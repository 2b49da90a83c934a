// SPDX-License-Identifier: GPL-2.0
/* Tests of the cpu_map part: faults made by hand, where flags and locks matter. */
#include <linux/pgtable.h>
#include <linux/sched/signal.h>

#include <drm/gem_uma/gem_uma_cpu_map.h>

#include "gem_uma_user.h"

/* sparse knows it as a type of its own. */
#define FAULT(_ret)	((__force u32)(_ret))

/* A fault made by hand. Something close by was touched: the page tables are there. */
static struct vm_area_struct *cpu_map_vma(struct kunit *test, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(current->mm, addr);

	KUNIT_ASSERT_NOT_NULL(test, vma);
	KUNIT_ASSERT_LE(test, vma->vm_start, addr);
	return vma;
}

#define CPU_MAP_FAULT(test, addr, fault_flags) {		\
	.vma = cpu_map_vma(test, addr),				\
	.address = (addr),					\
	.real_address = (addr),					\
	.flags = (fault_flags),					\
	.pmd = pmd_off(current->mm, addr),			\
}

#define MAY_RETRY	(FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE | FAULT_FLAG_INTERRUPTIBLE)

/* A signal for this task, which is a kernel thread, and how to forget it. */
static void cpu_map_signal(int sig)
{
	allow_signal(sig);
	send_sig(sig, current, 1);
}

static void cpu_map_no_signal(int sig)
{
	disallow_signal(sig);
	flush_signals(current);
}

static void cpu_map_fault_beyond_the_object_is_SIGBUS(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 4);

	gem_uma_user_get(test, room.addr);
	mmap_read_lock(current->mm);
	dma_resv_lock(room.obj->resv, NULL);
	{
		struct vm_fault vmf = {
			.vma = cpu_map_vma(test, room.addr),
			.address = room.addr + room.size,
			.pmd = pmd_off(current->mm, room.addr),
		};

		KUNIT_EXPECT_EQ(test, FAULT(gem_uma_cpu_map_fault_locked(room.cmap, &vmf, 0)),
				FAULT(VM_FAULT_SIGBUS));
	}
	dma_resv_unlock(room.obj->resv);
	mmap_read_unlock(current->mm);
}

static void cpu_map_fault_of_other_sizes_falls_back(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 4);

	gem_uma_user_get(test, room.addr);
	mmap_read_lock(current->mm);
	dma_resv_lock(room.obj->resv, NULL);
	{
		struct vm_fault vmf = CPU_MAP_FAULT(test, room.addr, 0);

		KUNIT_EXPECT_EQ(test, FAULT(VM_FAULT_FALLBACK),
				FAULT(gem_uma_cpu_map_fault_locked(room.cmap, &vmf, PMD_ORDER)));
		KUNIT_EXPECT_EQ(test, FAULT(VM_FAULT_FALLBACK),
				FAULT(gem_uma_cpu_map_fault_locked(room.cmap, &vmf, 1)));
		KUNIT_EXPECT_EQ(test, FAULT(VM_FAULT_FALLBACK),
				FAULT(gem_uma_cpu_map_fault_locked(room.cmap, &vmf,
								   PUD_SHIFT - PAGE_SHIFT)));
		KUNIT_EXPECT_EQ(test, 0, FAULT(gem_uma_cpu_map_map_pages(&vmf, 0, 3)));
	}
	dma_resv_unlock(room.obj->resv);
	mmap_read_unlock(current->mm);
}

static void cpu_map_fault_lock_uncontended(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 4);

	gem_uma_user_get(test, room.addr);
	mmap_read_lock(current->mm);
	{
		struct vm_fault vmf = CPU_MAP_FAULT(test, room.addr, MAY_RETRY);

		KUNIT_EXPECT_EQ(test, FAULT(gem_uma_cpu_map_fault_begin(room.cmap, &vmf)), 0);
		KUNIT_EXPECT_TRUE(test, dma_resv_is_locked(room.obj->resv));
		gem_uma_cpu_map_fault_end(room.cmap, VM_FAULT_NOPAGE);
	}
	mmap_read_unlock(current->mm);
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(room.obj->resv));
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 2);
}

/* How a fault gets a resv that another task holds. */
struct cpu_map_contended {
	const char *name;
	unsigned int flags;
	/* For how long it is held, 0 for longer than the fault lasts. */
	unsigned int ms;
	bool signal;
	/* What comes out of it. */
	vm_fault_t ret;
	bool keeps_mmap_lock;
	bool has_resv;
};

static const struct cpu_map_contended cpu_map_contended[] = {
	{ "first try waits without the mmap lock", MAY_RETRY | FAULT_FLAG_USER, 100, false,
	  VM_FAULT_RETRY, false, false },
	{ "a signal ends the wait", MAY_RETRY | FAULT_FLAG_USER, 0, true,
	  VM_FAULT_RETRY, false, false },
	{ "NOWAIT does not wait", MAY_RETRY | FAULT_FLAG_RETRY_NOWAIT, 0, false,
	  VM_FAULT_RETRY, true, false },
	{ "second try waits with the mmap lock", MAY_RETRY | FAULT_FLAG_TRIED | FAULT_FLAG_USER,
	  100, false, 0, true, true },
	{ "no retry waits with the mmap lock", FAULT_FLAG_USER, 100, false, 0, true, true },
	{ "a signal is taken by the way out", FAULT_FLAG_USER, 0, true,
	  VM_FAULT_NOPAGE, true, false },
	{ "the kernel waits in spite of a signal", 0, 100, true, 0, true, true },
};

static void cpu_map_contended_desc(const struct cpu_map_contended *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(cpu_map_contended, cpu_map_contended, cpu_map_contended_desc);

static void cpu_map_fault_lock_contended_panthor_71_72(struct kunit *test)
{
	const struct cpu_map_contended *c = test->param_value;
	struct gem_uma_user room = gem_uma_user_create(test, 4);
	struct gem_uma_mock_holder *holder;
	vm_fault_t ret;

	gem_uma_user_get(test, room.addr);
	holder = gem_uma_mock_hold(test, room.obj, c->ms);
	if (c->signal)
		cpu_map_signal(SIGUSR1);
	mmap_read_lock(current->mm);
	{
		struct vm_fault vmf = CPU_MAP_FAULT(test, room.addr, c->flags);

		ret = gem_uma_cpu_map_fault_begin(room.cmap, &vmf);
	}
	/* lockdep tells if it is not so. */
	if (c->keeps_mmap_lock)
		mmap_read_unlock(current->mm);
	KUNIT_EXPECT_EQ(test, FAULT(ret), FAULT(c->ret));
	if (c->has_resv)
		gem_uma_cpu_map_fault_end(room.cmap, VM_FAULT_NOPAGE);
	if (c->signal)
		cpu_map_no_signal(SIGUSR1);
	gem_uma_mock_unhold(test, holder);
	KUNIT_EXPECT_FALSE(test, dma_resv_is_locked(room.obj->resv));
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 2);
}

/* Pages come in without the mmap lock, and the object stays although the VMA can go. */
static void cpu_map_populate_drops_the_lock_and_retries(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 64);
	vm_fault_t ret;

	gem_uma_user_get(test, room.addr + 63 * PAGE_SIZE);
	KUNIT_EXPECT_FALSE(test, gem_uma_user_is_resident(room.uobj, 0));
	mmap_read_lock(current->mm);
	{
		struct vm_fault vmf = CPU_MAP_FAULT(test, room.addr, MAY_RETRY);

		/* Its own page of PTEs is there if both ends share it; else it is made. */
		ret = gem_uma_cpu_map_fault_begin(room.cmap, &vmf);
		KUNIT_ASSERT_EQ(test, FAULT(ret), 0);
		ret = gem_uma_cpu_map_fault_locked(room.cmap, &vmf, 0);
	}
	KUNIT_EXPECT_EQ(test, FAULT(ret), FAULT(VM_FAULT_RETRY));
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 3);
	gem_uma_cpu_map_fault_end(room.cmap, ret);
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 2);
	KUNIT_EXPECT_TRUE(test, gem_uma_user_is_resident(room.uobj, 0));
	/* The lock is free: a writer gets it, or lockdep complains. */
	mmap_write_lock(current->mm);
	mmap_write_unlock(current->mm);
	KUNIT_EXPECT_FALSE(test, gem_uma_user_look(room.addr).present);
}

static void cpu_map_populate_without_retry_keeps_the_lock(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 64);
	vm_fault_t ret;

	gem_uma_user_get(test, room.addr + 63 * PAGE_SIZE);
	mmap_read_lock(current->mm);
	{
		struct vm_fault vmf = CPU_MAP_FAULT(test, room.addr, FAULT_FLAG_USER);

		KUNIT_ASSERT_EQ(test, FAULT(gem_uma_cpu_map_fault_begin(room.cmap, &vmf)), 0);
		ret = gem_uma_cpu_map_fault_locked(room.cmap, &vmf, 0);
	}
	KUNIT_EXPECT_EQ(test, FAULT(ret), FAULT(VM_FAULT_NOPAGE));
	gem_uma_cpu_map_fault_end(room.cmap, ret);
	mmap_read_unlock(current->mm);
	KUNIT_EXPECT_TRUE(test, gem_uma_user_look(room.addr).present);
	KUNIT_EXPECT_EQ(test, kref_read(&room.obj->refcount), 2);
}

static void cpu_map_populate_of_a_killed_task_is_NOPAGE(struct kunit *test)
{
	struct gem_uma_user room = gem_uma_user_create(test, 64);
	vm_fault_t ret;

	gem_uma_user_get(test, room.addr + 63 * PAGE_SIZE);
	cpu_map_signal(SIGKILL);
	mmap_read_lock(current->mm);
	{
		struct vm_fault vmf = CPU_MAP_FAULT(test, room.addr, 0);

		KUNIT_ASSERT_EQ(test, FAULT(gem_uma_cpu_map_fault_begin(room.cmap, &vmf)), 0);
		ret = gem_uma_cpu_map_fault_locked(room.cmap, &vmf, 0);
	}
	gem_uma_cpu_map_fault_end(room.cmap, ret);
	mmap_read_unlock(current->mm);
	cpu_map_no_signal(SIGKILL);
	KUNIT_EXPECT_EQ(test, FAULT(ret), FAULT(VM_FAULT_NOPAGE));
	KUNIT_EXPECT_FALSE(test, gem_uma_user_is_resident(room.uobj, 0));
	KUNIT_EXPECT_EQ(test, gem_uma_user_get(test, room.addr), 0);
}

static struct kunit_case gem_uma_cpu_fault_cases[] = {
	KUNIT_CASE(cpu_map_fault_beyond_the_object_is_SIGBUS),
	KUNIT_CASE(cpu_map_fault_of_other_sizes_falls_back),
	KUNIT_CASE(cpu_map_fault_lock_uncontended),
	KUNIT_CASE(cpu_map_populate_drops_the_lock_and_retries),
	KUNIT_CASE(cpu_map_populate_without_retry_keeps_the_lock),
	KUNIT_CASE(cpu_map_populate_of_a_killed_task_is_NOPAGE),
	KUNIT_CASE_PARAM(cpu_map_fault_lock_contended_panthor_71_72,
			 cpu_map_contended_gen_params),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_cpu_fault);
