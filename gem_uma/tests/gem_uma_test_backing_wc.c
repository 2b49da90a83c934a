// SPDX-License-Identifier: GPL-2.0
/* Tests of page attributes: how the kernel itself maps the pages of a write-combined object. */
#include <linux/cpumask.h>
#include <linux/kprobes.h>
#include <linux/pgtable.h>
#include <linux/sched.h>

#include <drm/gem_uma/gem_uma_sync.h>

#include "gem_uma_test_object.h"
#include "gem_uma_user.h"

#define CHUNK	GEM_UMA_BACKING_CHUNK

/* A call that changes attributes, watched. */
struct wc_probe {
	struct kprobe kp;
	unsigned int calls;
	unsigned long pages;
};

static int wc_enter(struct kprobe *kp, struct pt_regs *regs);

/* That there is one keeps the probe from being turned into a jump. */
static void wc_leave(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}

#define WC_PROBE(symbol) \
	{ .kp = { .symbol_name = (symbol), .pre_handler = wc_enter, .post_handler = wc_leave } }

enum wc_call { WC_ARRAY, WC_FOLIO, WB_ARRAY, WB_FOLIO, WC_CALLS };

static struct wc_probe wc_probes[WC_CALLS];
/* Whose calls count, and how many to @wc_probes[WC_ARRAY] succeed until one fails. */
static struct task_struct *wc_task;
static int wc_left = -1;

/* Entered instead of the function, with its arguments and its return address. */
static noinline int wc_fail(void)
{
	return -EINVAL;
}

static int wc_enter(struct kprobe *kp, struct pt_regs *regs)
{
	struct wc_probe *probe = container_of(kp, struct wc_probe, kp);

	if (current != READ_ONCE(wc_task))
		return 0;
	probe->calls++;
	probe->pages += (int)regs->si;
	if (probe != &wc_probes[WC_ARRAY] || wc_left < 0 || wc_left--)
		return 0;
	instruction_pointer_set(regs, (unsigned long)wc_fail);
	return 1;
}

static void wc_watch_end(void *unused)
{
	unsigned int i;

	WRITE_ONCE(wc_task, NULL);
	for (i = 0; i < WC_CALLS; i++)
		if (wc_probes[i].kp.addr)
			unregister_kprobe(&wc_probes[i].kp);
}

static void wc_watch(struct kunit *test)
{
	static const struct wc_probe fresh[WC_CALLS] = {
		[WC_ARRAY] = WC_PROBE("set_pages_array_wc"), [WC_FOLIO] = WC_PROBE("set_memory_wc"),
		[WB_ARRAY] = WC_PROBE("set_pages_array_wb"), [WB_FOLIO] = WC_PROBE("set_memory_wb"),
	};
	unsigned int i;

	memcpy(wc_probes, fresh, sizeof(wc_probes));
	wc_left = -1;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, wc_watch_end, NULL));
	for (i = 0; i < WC_CALLS; i++)
		KUNIT_ASSERT_EQ(test, 0, register_kprobe(&wc_probes[i].kp));
	WRITE_ONCE(wc_task, current);
}

/* So many calls for so many pages, since this was last asked. */
static void wc_expect_calls(struct kunit *test, enum wc_call array, unsigned int calls,
			    unsigned long pages)
{
	struct wc_probe *a = &wc_probes[array], *f = &wc_probes[array + 1];

	KUNIT_EXPECT_EQ(test, a->calls + f->calls, calls);
	KUNIT_EXPECT_EQ(test, a->pages + f->pages, pages);
	a->calls = 0;
	f->calls = 0;
	a->pages = 0;
	f->pages = 0;
}

static void wc_expect_no_calls(struct kunit *test)
{
	wc_expect_calls(test, WC_ARRAY, 0, 0);
	wc_expect_calls(test, WB_ARRAY, 0, 0);
}

/* What an entry of the kernel's page table says of the cache. */
static bool wc_is_wc_at(struct kunit *test, const void *vaddr, unsigned int *level)
{
	pteval_t mask = _PAGE_PWT | _PAGE_PCD;
	pte_t *pte = lookup_address((unsigned long)vaddr, level);

	KUNIT_ASSERT_NOT_NULL(test, pte);
	return (pte_val(*pte) & mask) == (pgprot_val(pgprot_writecombine(__pgprot(0))) & mask);
}

static bool wc_is_wc(struct kunit *test, struct page *page)
{
	unsigned int level;

	return wc_is_wc_at(test, page_address(page), &level);
}

struct wc_rig {
	struct gem_uma_mock *mock;
	struct gem_uma_object *uobj;
	struct gem_uma_mock_object *mobj;
	struct gem_uma_backing *b;
};

static struct wc_rig wc_rig_flags(struct kunit *test, unsigned long pages, u32 flags)
{
	struct wc_rig rig = { .mock = gem_uma_mock_create(test, flags & GEM_UMA_OBJECT_HUGE) };

	rig.mock->udev.allow_wc = true;
	rig.mobj = gem_uma_mock_object_create(test, rig.mock, pages << PAGE_SHIFT, flags);
	rig.uobj = &rig.mobj->base;
	rig.b = &rig.uobj->backing;
	wc_watch(test);
	return rig;
}

static struct wc_rig wc_rig(struct kunit *test, unsigned long pages)
{
	return wc_rig_flags(test, pages, GEM_UMA_OBJECT_WC);
}

static int wc_populate(struct wc_rig *rig, pgoff_t start, pgoff_t end)
{
	guard(object)(rig->uobj);
	return gem_uma_backing_populate_locked(rig->b, start, end);
}

static void wc_release(struct wc_rig *rig)
{
	guard(object)(rig->uobj);
	gem_uma_cpu_map_zap_locked(&rig->uobj->cpu_map);
	gem_uma_dev_map_drop_locked(&rig->uobj->dev_map);
	gem_uma_backing_release_locked(rig->b);
}

KUNIT_DEFINE_ACTION_WRAPPER(wc_put_page, put_page, struct page *);

/* A page that stays where it is, whoever gives it up. */
static struct page *wc_page(struct kunit *test, struct wc_rig *rig, pgoff_t pgoff)
{
	struct page *page = gem_uma_user_page(test, rig->uobj, pgoff);

	get_page(page);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, wc_put_page, page));
	return page;
}

static void wc_expect_all(struct kunit *test, struct wc_rig *rig, pgoff_t start, pgoff_t end)
{
	pgoff_t pgoff;

	for (pgoff = start; pgoff < end; pgoff++)
		KUNIT_ASSERT_TRUE_MSG(test,
				      wc_is_wc(test, gem_uma_user_page(test, rig->uobj, pgoff)),
				      "page %lu", pgoff);
}

/* From the moment it is held until right before it is given back, whoever does that. */
static void wc_lasts_while_a_page_is_held_sparse_B9(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 3);
	struct page *pages[3];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rig.uobj->cpu_map.mode, GEM_UMA_CACHE_WC);
	gem_uma_mock_fill(test, rig.uobj, 5);
	for (i = 0; i < 3; i++) {
		pages[i] = wc_page(test, &rig, i);
		KUNIT_EXPECT_TRUE(test, wc_is_wc(test, pages[i]));
	}
	wc_release(&rig);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, wc_is_wc(test, pages[i]));
	/* Restored: what is there again is, and nothing else. */
	KUNIT_EXPECT_EQ(test, 0, wc_populate(&rig, 1, 2));
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, pages[0]));
	wc_expect_all(test, &rig, 1, 2);
	gem_uma_mock_expect_content(test, rig.uobj, 5);
	wc_expect_all(test, &rig, 0, 3);
	for (i = 0; i < 3; i++)
		pages[i] = wc_page(test, &rig, i);
	gem_uma_mock_object_put(test, rig.mobj);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, wc_is_wc(test, pages[i]));
}

/* Of a BO of N MiB, N/2 calls when it comes and N/2 when it goes; none when it is mapped. */
static void wc_takes_one_call_for_a_chunk(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 4 * CHUNK);
	unsigned long addr;

	KUNIT_EXPECT_EQ(test, 0, wc_populate(&rig, 0, 4 * CHUNK));
	wc_expect_calls(test, WC_ARRAY, 4, 4 * CHUNK);
	KUNIT_EXPECT_EQ(test, 0, wc_populate(&rig, 0, 4 * CHUNK));
	addr = gem_uma_mock_mmap(test, &rig.uobj->base, 4 * CHUNK << PAGE_SHIFT, 0);
	gem_uma_user_put(test, addr, 1);
	gem_uma_user_put(test, addr + (3 * CHUNK << PAGE_SHIFT), 1);
	KUNIT_EXPECT_EQ(test, 0, object_populate(rig.uobj, 0, rig.uobj->base.size));
	wc_expect_no_calls(test);
	wc_release(&rig);
	wc_expect_calls(test, WB_ARRAY, 4, 4 * CHUNK);
	wc_expect_calls(test, WC_ARRAY, 0, 0);
}

/* Pages of a chunk that came one by one go together. */
static void wc_of_scattered_pages_ends_by_chunk(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 2 * CHUNK);
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < 2 * CHUNK; pgoff += CHUNK / 4)
		KUNIT_EXPECT_EQ(test, 0, wc_populate(&rig, pgoff, pgoff + 1));
	wc_expect_calls(test, WC_ARRAY, 8, 8);
	wc_release(&rig);
	wc_expect_calls(test, WB_ARRAY, 2, 8);
}

/* The kernel's own entry for a huge folio is not split. */
static void wc_of_a_huge_folio_keeps_its_entry(struct kunit *test)
{
	struct wc_rig rig = wc_rig_flags(test, CHUNK, GEM_UMA_OBJECT_WC | GEM_UMA_OBJECT_HUGE);
	struct page *page;

	if (!rig.mock->udev.huge_mnt)
		kunit_skip(test, "no huge folios in this kernel");
	KUNIT_ASSERT_EQ(test, 0, wc_populate(&rig, 0, 1));
	page = wc_page(test, &rig, 0);
	if (folio_nr_pages(page_folio(page)) != CHUNK)
		kunit_skip(test, "no huge folio to be had");
	wc_expect_all(test, &rig, 0, CHUNK);
	/* For an array of its pages, the entry would be split. */
	KUNIT_EXPECT_EQ(test, wc_probes[WC_FOLIO].calls, 1);
	wc_expect_calls(test, WC_ARRAY, 1, CHUNK);
	wc_release(&rig);
	KUNIT_EXPECT_EQ(test, wc_probes[WB_FOLIO].calls, 1);
	wc_expect_calls(test, WB_ARRAY, 1, CHUNK);
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, page));
}

/* References, without those of batches of this CPU. */
static int wc_count(struct wc_rig *rig, struct page *page)
{
	gem_uma_mock_drop_clean(rig->uobj);
	return page_count(page);
}

/* With half of a step done already. */
static void wc_that_fails_loses_nothing(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 2 * CHUNK);
	struct page *first, *last;
	int refs[2];

	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	gem_uma_mock_fill(test, rig.uobj, 7);
	first = wc_page(test, &rig, 0);
	last = wc_page(test, &rig, 2 * CHUNK - 1);
	wc_release(&rig);
	refs[0] = wc_count(&rig, first);
	refs[1] = wc_count(&rig, last);
	wc_left = 1;
	KUNIT_EXPECT_EQ(test, -ENOMEM, wc_populate(&rig, 0, 2 * CHUNK));
	KUNIT_EXPECT_EQ(test, wc_left, -1);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 0);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&rig.mock->udev.resident_pages), 0);
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, first));
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, last));
	KUNIT_EXPECT_LE(test, wc_count(&rig, first), refs[0]);
	KUNIT_EXPECT_LE(test, wc_count(&rig, last), refs[1]);
	gem_uma_mock_expect_content(test, rig.uobj, 7);
	wc_expect_all(test, &rig, 0, 2 * CHUNK);
}

/* What was held before the failure stays so. */
static void wc_that_fails_keeps_what_is_held(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 4 * CHUNK);

	KUNIT_ASSERT_EQ(test, 0, wc_populate(&rig, CHUNK - 1, CHUNK));
	wc_left = 0;
	KUNIT_EXPECT_EQ(test, -ENOMEM, wc_populate(&rig, 0, 4 * CHUNK));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(rig.b), 1);
	wc_expect_all(test, &rig, CHUNK - 1, CHUNK);
	KUNIT_EXPECT_EQ(test, 0, wc_populate(&rig, 0, 4 * CHUNK));
	wc_expect_all(test, &rig, 0, 4 * CHUNK);
}

/* A chunk is evicted, a page discarded: others stay as they are. */
static void wc_ends_for_what_is_given_up_only(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 2 * CHUNK);
	struct gem_uma_extent chunk;
	struct page *gone, *discarded;

	gem_uma_mock_fill(test, rig.uobj, 3);
	gone = wc_page(test, &rig, 1);
	discarded = wc_page(test, &rig, CHUNK + 1);
	scoped_guard(object, rig.uobj) {
		gem_uma_dev_map_drop_locked(&rig.uobj->dev_map);
		KUNIT_EXPECT_TRUE(test, gem_uma_backing_next_chunk_locked(rig.b, 0, &chunk));
		KUNIT_EXPECT_EQ(test, CHUNK, gem_uma_backing_release_chunk_locked(rig.b, &chunk));
		KUNIT_EXPECT_EQ(test, 0, gem_uma_backing_discard_locked(rig.b, CHUNK + 1,
									CHUNK + 2));
	}
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, gone));
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, discarded));
	wc_expect_all(test, &rig, CHUNK, CHUNK + 1);
	wc_expect_all(test, &rig, CHUNK + 2, 2 * CHUNK);
	KUNIT_EXPECT_EQ(test, 0, wc_populate(&rig, 0, 2 * CHUNK));
	wc_expect_all(test, &rig, 0, 2 * CHUNK);
}

/* As a scan does it, with what a purge gives up. */
static void wc_ends_in_reclaim(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, CHUNK + 3);
	struct page *page;
	bool retained;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, rig.uobj, 11);
	page = wc_page(test, &rig, CHUNK);
	KUNIT_EXPECT_EQ(test, CHUNK + 3, object_evict_all(rig.mock));
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, page));
	gem_uma_mock_expect_content(test, rig.uobj, 11);
	page = wc_page(test, &rig, CHUNK);
	KUNIT_EXPECT_TRUE(test, wc_is_wc(test, page));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_advise(rig.uobj, false, &retained));
	object_evict_all(rig.mock);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_content(rig.b), GEM_UMA_CONTENT_PURGED);
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, page));
}

/* All mappings of a page say the same. */
static void wc_is_what_every_mapping_says(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 4);
	struct gem_uma_user_pte pte;
	struct iosys_map map;
	unsigned long addr;
	unsigned int level;

	addr = gem_uma_mock_mmap(test, &rig.uobj->base, 4 * PAGE_SIZE, 0);
	gem_uma_user_put(test, addr, 42);
	pte = gem_uma_user_look(addr);
	KUNIT_ASSERT_TRUE(test, pte.present);
	KUNIT_EXPECT_EQ(test, pgprot_val(pte.prot), pgprot_val(pgprot_writecombine(pte.prot)));
	KUNIT_EXPECT_TRUE(test, wc_is_wc(test, pfn_to_page(pte.pfn)));
	scoped_guard(object, rig.uobj)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(&rig.uobj->base, &map));
	KUNIT_EXPECT_TRUE(test, wc_is_wc_at(test, map.vaddr, &level));
	KUNIT_EXPECT_EQ(test, *(u32 *)map.vaddr, 42);
	scoped_guard(object, rig.uobj)
		gem_uma_object_vunmap(&rig.uobj->base, &map);
}

/* Only for objects that ask, on devices that allow it. */
static void wc_is_not_for_others(struct kunit *test)
{
	struct wc_rig rig = wc_rig_flags(test, 4, 0);
	struct gem_uma_object *forced;

	KUNIT_EXPECT_EQ(test, rig.uobj->cpu_map.mode, GEM_UMA_CACHE_WB);
	KUNIT_EXPECT_EQ(test, 0, wc_populate(&rig, 0, 4));
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, gem_uma_user_page(test, rig.uobj, 0)));
	rig.mock->udev.allow_wc = false;
	forced = &gem_uma_mock_object_create(test, rig.mock, PAGE_SIZE, GEM_UMA_OBJECT_WC)->base;
	KUNIT_EXPECT_EQ(test, forced->cpu_map.mode, GEM_UMA_CACHE_WB);
	KUNIT_EXPECT_EQ(test, 0, object_populate(forced, 0, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, wc_is_wc(test, gem_uma_user_page(test, forced, 0)));
	wc_release(&rig);
	wc_expect_no_calls(test);
}

/* What a driver declares; one with cache maintenance of its own, and none of the DMA API. */
static void wc_is_what_the_driver_declares(struct kunit *test)
{
	struct gem_uma_device_config config = {
		.sync_ops = &gem_uma_sync_clflush_ops, .allow_wc = true,
	};
	struct gem_uma_mock *mock = gem_uma_mock_alloc(test);
	struct gem_uma_object *uobj;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reclaim_device_init(&mock->udev));
	KUNIT_EXPECT_TRUE(test, mock->udev.allow_wc);
	KUNIT_EXPECT_FALSE(test, mock->udev.coherent);
	uobj = &gem_uma_mock_object_create(test, mock, PAGE_SIZE, GEM_UMA_OBJECT_WC)->base;
	KUNIT_EXPECT_EQ(test, uobj->cpu_map.mode, GEM_UMA_CACHE_WC);
	uobj = &gem_uma_mock_object_create(test, mock, PAGE_SIZE, 0)->base;
	KUNIT_EXPECT_EQ(test, uobj->cpu_map.mode, GEM_UMA_CACHE_WB);

	/* Those that a hypervisor plays are coherent. */
	mock = gem_uma_mock_alloc(test);
	config = (struct gem_uma_device_config) { .physical = true, .allow_wc = true };
	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_EXPECT_FALSE(test, mock->udev.allow_wc);
}

/* Nobody has to be asked for a device that is gone. */
static void wc_of_unplugged_is_restored(struct kunit *test)
{
	struct wc_rig rig = wc_rig(test, 4);

	gem_uma_mock_fill(test, rig.uobj, 13);
	wc_release(&rig);
	gem_uma_object_unplug_all(&rig.mock->udev);
	gem_uma_mock_expect_content(test, rig.uobj, 13);
	wc_expect_all(test, &rig, 0, 4);
}

static struct kunit_case gem_uma_backing_wc_cases[] = {
	KUNIT_CASE(wc_lasts_while_a_page_is_held_sparse_B9),
	KUNIT_CASE(wc_takes_one_call_for_a_chunk),
	KUNIT_CASE(wc_of_scattered_pages_ends_by_chunk),
	KUNIT_CASE(wc_of_a_huge_folio_keeps_its_entry),
	KUNIT_CASE(wc_that_fails_loses_nothing),
	KUNIT_CASE(wc_that_fails_keeps_what_is_held),
	KUNIT_CASE(wc_ends_for_what_is_given_up_only),
	KUNIT_CASE(wc_ends_in_reclaim),
	KUNIT_CASE(wc_is_what_every_mapping_says),
	KUNIT_CASE(wc_is_not_for_others),
	KUNIT_CASE(wc_is_what_the_driver_declares),
	KUNIT_CASE(wc_of_unplugged_is_restored),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_backing_wc);
