// SPDX-License-Identifier: GPL-2.0
/*
 * Failures on demand.
 *
 * Allocations fail by current->fail_nth, which the kernel has with CONFIG_FAULT_INJECTION.
 * Everything else fails by a kprobe at the entry of the function: for the task of the test,
 * and from the wanted call on once, it continues in a function of ours, which has the
 * place of the original and returns what it was told.
 */
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "gem_uma_inject.h"

/*
 * What gem_uma imports that can fail without an allocation of the task being the cause,
 * or long before one. Not every kernel has all of them. An errno is also its ERR_PTR.
 */
const struct gem_uma_inject_call gem_uma_inject_calls[] = {
	/* pages */
	{ "shmem_get_folio", { -ENOMEM, -EIO, -ENOSPC, -EINTR } },
	{ "shmem_file_setup", { -ENFILE } },
	{ "shmem_file_setup_with_mnt", { -ENFILE } },
	/* Given back locked, as if there were no swap. */
	{ "shmem_writepage", { AOP_WRITEPAGE_ACTIVATE }, .swap = true,
	  .newer = "shmem_write_folio" },
	{ "shmem_write_folio", { AOP_WRITEPAGE_ACTIVATE }, .swap = true },
	/* DMA */
	{ "dma_map_page_attrs", { DMA_MAPPING_ERROR } },
	{ "gem_uma_device_bounces", { true } },
	/* device */
	{ "get_fs_type", .null = true },
	{ "fs_context_for_mount", { -ENOMEM } },
	{ "vfs_parse_fs_string", { -EINVAL }, .newer = "vfs_parse_fs_qstr" },
	{ "vfs_parse_fs_qstr", { -EINVAL } },
	{ "fc_mount", { -EPERM }, .newer = "fc_mount_longterm" },
	{ "fc_mount_longterm", { -EPERM } },
	{ "shrinker_alloc", .null = true },
	{ "__list_lru_init", { -ENOMEM } },
	/* object */
	{ "drm_gem_create_mmap_offset", { -ENOSPC } },
	{ "sg_alloc_table_from_pages_segment", { -ENOMEM } },
	{ "drm_gem_prime_export", { -ENOMEM } },
	{ "dma_resv_wait_timeout", { -ERESTARTSYS } },
	{ "dma_buf_vmap", { -EINVAL } },
	/* page attributes */
	{ "set_pages_array_wc", { -EINVAL } },
	{ "set_memory_wc", { -ENOMEM } },
	/* CPU mappings */
	{ "vmap", .null = true },
	{ "apply_to_page_range", { -ENOMEM, -EINVAL } },
	{ "vmf_insert_pfn_pmd", { (__force long)VM_FAULT_OOM, (__force long)VM_FAULT_SIGBUS,
				  (__force long)VM_FAULT_FALLBACK } },
	{ "mm_get_unmapped_area", { -ENOMEM } },
	{ "shmem_get_unmapped_area", { -ENOMEM } },
	/* locks: a signal, or somebody else who holds it */
	{ "ww_mutex_lock_interruptible", { -EINTR } },
	{ "ww_mutex_trylock", .null = true },
	/* the other half of a pair */
	{ "dma_unmap_page_attrs", .counted = true },
	{ "vunmap", .counted = true },
};

const unsigned int gem_uma_inject_nr_calls = ARRAY_SIZE(gem_uma_inject_calls);

unsigned int gem_uma_inject_nr_values(unsigned int call)
{
	const struct gem_uma_inject_call *c = &gem_uma_inject_calls[call];
	unsigned int n = 0;

	if (c->counted)
		return 0;
	while (n < GEM_UMA_INJECT_VALUES && c->values[n])
		n++;
	return n + c->null;
}

long gem_uma_inject_value(unsigned int call, unsigned int i)
{
	const struct gem_uma_inject_call *c = &gem_uma_inject_calls[call];

	return i < GEM_UMA_INJECT_VALUES ? c->values[i] : 0;
}

/* Index of a symbol of the table, or -ENOENT. */
int gem_uma_inject_find(const char *symbol)
{
	unsigned int i;

	for (i = 0; i < gem_uma_inject_nr_calls; i++)
		if (!strcmp(gem_uma_inject_calls[i].symbol, symbol))
			return i;
	return -ENOENT;
}

bool gem_uma_inject_can_fail_allocations(void)
{
	return IS_ENABLED(CONFIG_FAILSLAB) && IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC);
}

#ifdef CONFIG_FAULT_INJECTION
void gem_uma_inject_arm_allocation(unsigned int nth)
{
	WRITE_ONCE(current->fail_nth, nth);
}

/* Returns whether it was reached. */
bool gem_uma_inject_disarm_allocation(void)
{
	bool reached = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return reached;
}
#else
void gem_uma_inject_arm_allocation(unsigned int nth)
{
}

bool gem_uma_inject_disarm_allocation(void)
{
	return false;
}
#endif

/* An allocation that waits for reclaim fails by default only in theory. */
static int gem_uma_inject_prove(struct kunit_suite *suite)
{
	void *small, *large;

	if (!gem_uma_inject_can_fail_allocations())
		return 0;
	gem_uma_inject_arm_allocation(1);
	small = kmalloc(32, GFP_KERNEL);
	gem_uma_inject_arm_allocation(1);
	large = (void *)__get_free_page(GFP_HIGHUSER & ~__GFP_HIGHMEM);
	gem_uma_inject_disarm_allocation();
	kfree(small);
	free_page((unsigned long)large);
	if (!small && !large)
		return 0;
	kunit_err(suite, "allocations do not fail: run tests/kunit/inject-setup.sh before");
	return -EINVAL;
}

#ifdef CONFIG_KPROBES

struct gem_uma_inject_probe {
	struct kprobe kp;
	bool registered;
	unsigned long hits;
	unsigned long failed;
};

static struct gem_uma_inject_probe gem_uma_inject_probes[ARRAY_SIZE(gem_uma_inject_calls)];
/* Whose calls count. */
static struct task_struct *gem_uma_inject_task;
/* What is to fail: that probe, when so many more calls have come. */
static struct gem_uma_inject_probe *gem_uma_inject_armed;
static unsigned int gem_uma_inject_left;
static long gem_uma_inject_result;

/* Entered instead of the function, with its arguments and its return address. */
static noinline long gem_uma_inject_return(void)
{
	return READ_ONCE(gem_uma_inject_result);
}

static int gem_uma_inject_pre(struct kprobe *kp, struct pt_regs *regs)
{
	struct gem_uma_inject_probe *probe = container_of(kp, struct gem_uma_inject_probe, kp);

	/* The trap itself counts as one level of interrupt on x86. */
	if (current != READ_ONCE(gem_uma_inject_task) || in_serving_softirq() ||
	    hardirq_count() > HARDIRQ_OFFSET)
		return 0;
	probe->hits++;
	if (probe != READ_ONCE(gem_uma_inject_armed) || --gem_uma_inject_left)
		return 0;
	WRITE_ONCE(gem_uma_inject_armed, NULL);
	probe->failed++;
	instruction_pointer_set(regs, (unsigned long)gem_uma_inject_return);
	return 1;
}

/* That there is one keeps the probe from being turned into a jump. */
static void gem_uma_inject_post(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

bool gem_uma_inject_can_fail_calls(void)
{
	return IS_ENABLED(CONFIG_X86_64);
}

#if defined(CONFIG_KRETPROBES) && defined(CONFIG_FAULT_INJECTION)

/* While one of these is at work: how far the task was from its failure. */
struct gem_uma_inject_spared {
	unsigned int fail_nth;
};

static int gem_uma_inject_spare(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct gem_uma_inject_spared *spared = (struct gem_uma_inject_spared *)ri->data;

	spared->fail_nth = READ_ONCE(current->fail_nth);
	if (!spared->fail_nth)
		return 1;
	WRITE_ONCE(current->fail_nth, 0);
	return 0;
}

static int gem_uma_inject_resume(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct gem_uma_inject_spared *spared = (struct gem_uma_inject_spared *)ri->data;

	WRITE_ONCE(current->fail_nth, spared->fail_nth);
	return 0;
}

#define GEM_UMA_INJECT_SPARE(symbol)					\
	{								\
		.kp.symbol_name = (symbol),				\
		.entry_handler = gem_uma_inject_spare,			\
		.handler = gem_uma_inject_resume,			\
		.data_size = sizeof(struct gem_uma_inject_spared),	\
	}

/* What looks over our shoulders gives up without memory: their allocations do not fail. */
static struct kretprobe gem_uma_inject_spares[] = {
	GEM_UMA_INJECT_SPARE("kmemleak_alloc"),
	GEM_UMA_INJECT_SPARE("kmemleak_alloc_percpu"),
	GEM_UMA_INJECT_SPARE("kmemleak_scan_area"),
	GEM_UMA_INJECT_SPARE("kmemleak_vmalloc"),
	GEM_UMA_INJECT_SPARE("debug_dma_map_page"),
	GEM_UMA_INJECT_SPARE("debug_dma_map_phys"),
	GEM_UMA_INJECT_SPARE("debug_dma_map_sg"),
	GEM_UMA_INJECT_SPARE("debug_object_activate"),
	GEM_UMA_INJECT_SPARE("debug_object_assert_init"),
	GEM_UMA_INJECT_SPARE("debug_object_init"),
	GEM_UMA_INJECT_SPARE("debug_object_init_on_stack"),
};

static bool gem_uma_inject_spared[ARRAY_SIZE(gem_uma_inject_spares)];

static void gem_uma_inject_register_spares(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gem_uma_inject_spares); i++) {
		/* Registered again, it must be as it was. */
		gem_uma_inject_spares[i].kp.addr = NULL;
		gem_uma_inject_spares[i].kp.flags = 0;
		/* Not every kernel has all of them. */
		gem_uma_inject_spared[i] = !register_kretprobe(&gem_uma_inject_spares[i]);
	}
}

static void gem_uma_inject_unregister_spares(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gem_uma_inject_spares); i++)
		if (gem_uma_inject_spared[i])
			unregister_kretprobe(&gem_uma_inject_spares[i]);
}

#else

static void gem_uma_inject_register_spares(void)
{
}

static void gem_uma_inject_unregister_spares(void)
{
}

#endif

static int gem_uma_inject_register(struct kunit_suite *suite)
{
	unsigned int i;
	int ret;

	gem_uma_inject_register_spares();
	if (!gem_uma_inject_can_fail_calls())
		return 0;
	for (i = 0; i < gem_uma_inject_nr_calls; i++) {
		struct gem_uma_inject_probe *probe = &gem_uma_inject_probes[i];

		*probe = (struct gem_uma_inject_probe) {
			.kp.symbol_name = gem_uma_inject_calls[i].symbol,
			.kp.pre_handler = gem_uma_inject_pre,
			.kp.post_handler = gem_uma_inject_post,
		};
		ret = register_kprobe(&probe->kp);
		probe->registered = !ret;
		if (ret && ret != -ENOENT) {
			kunit_err(suite, "no probe at %s: %d", probe->kp.symbol_name, ret);
			return ret;
		}
	}
	return 0;
}

/* Calls of the current task are counted from here on. */
void gem_uma_inject_watch(bool on)
{
	unsigned int i;

	WRITE_ONCE(gem_uma_inject_task, NULL);
	for (i = 0; on && i < gem_uma_inject_nr_calls; i++) {
		gem_uma_inject_probes[i].hits = 0;
		gem_uma_inject_probes[i].failed = 0;
	}
	if (on)
		WRITE_ONCE(gem_uma_inject_task, current);
}

/* Does this kernel have it, and nothing newer? */
bool gem_uma_inject_is_called(unsigned int call)
{
	const char *newer = gem_uma_inject_calls[call].newer;

	if (newer && gem_uma_inject_probes[gem_uma_inject_find(newer)].registered)
		return false;
	return gem_uma_inject_probes[call].registered;
}

unsigned long gem_uma_inject_hits(unsigned int call)
{
	return gem_uma_inject_probes[call].hits;
}

/* Calls of @up that were let through, less those of @down. */
long gem_uma_inject_balance(const char *up, const char *down)
{
	struct gem_uma_inject_probe *u = &gem_uma_inject_probes[gem_uma_inject_find(up)];
	struct gem_uma_inject_probe *d = &gem_uma_inject_probes[gem_uma_inject_find(down)];

	return (long)(u->hits - u->failed) - (long)d->hits;
}

void gem_uma_inject_arm_call(unsigned int call, long value, unsigned int nth)
{
	gem_uma_inject_left = nth;
	gem_uma_inject_result = value;
	WRITE_ONCE(gem_uma_inject_armed, &gem_uma_inject_probes[call]);
}

/* Returns whether it was reached. */
bool gem_uma_inject_disarm_call(void)
{
	bool reached = !READ_ONCE(gem_uma_inject_armed);

	WRITE_ONCE(gem_uma_inject_armed, NULL);
	return reached;
}

void gem_uma_inject_exit(void)
{
	unsigned int i;

	gem_uma_inject_watch(false);
	gem_uma_inject_unregister_spares();
	for (i = 0; i < gem_uma_inject_nr_calls; i++)
		if (gem_uma_inject_probes[i].registered)
			unregister_kprobe(&gem_uma_inject_probes[i].kp);
}

#else /* CONFIG_KPROBES */

bool gem_uma_inject_can_fail_calls(void)
{
	return false;
}

static int gem_uma_inject_register(struct kunit_suite *suite)
{
	return 0;
}

void gem_uma_inject_watch(bool on)
{
}

bool gem_uma_inject_is_called(unsigned int call)
{
	return false;
}

unsigned long gem_uma_inject_hits(unsigned int call)
{
	return 0;
}

long gem_uma_inject_balance(const char *up, const char *down)
{
	return 0;
}

void gem_uma_inject_arm_call(unsigned int call, long value, unsigned int nth)
{
}

bool gem_uma_inject_disarm_call(void)
{
	return false;
}

void gem_uma_inject_exit(void)
{
}

#endif

/*
 * Make calls and allocations ready to fail. Returns 0, or a negative errno where the kernel
 * is able to but not set up.
 */
int gem_uma_inject_init(struct kunit_suite *suite)
{
	int ret;

	ret = gem_uma_inject_prove(suite);
	if (!ret)
		ret = gem_uma_inject_register(suite);
	if (ret)
		gem_uma_inject_exit();
	return ret;
}
