// SPDX-License-Identifier: GPL-2.0
/*
 * Every operation, failing in every way.
 *
 * For each row of gem_uma_inject_rows*.c: each allocation fails once, each call that can
 * fail does so once with each errno, each callback returns what it may return. Afterwards
 * counts are where they were, nothing is half done, and the same operation succeeds.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/platform_device.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/writeback.h>

#include <drm/drm_vma_manager.h>

#include "gem_uma_inject.h"
#include "gem_uma_space.h"

/* More failures of one kind than any operation has. */
#define INJECT_LIMIT	3000

static const char * const inject_count_names[GEM_UMA_INJECT_COUNTS] = {
	[GEM_UMA_INJECT_SUPERS] = "tmpfs mounts",
	[GEM_UMA_INJECT_FILES] = "files without object",
	[GEM_UMA_INJECT_OBJECTS] = "objects of the device",
	[GEM_UMA_INJECT_REFS] = "references",
	[GEM_UMA_INJECT_PINS] = "pins",
	[GEM_UMA_INJECT_MMAPS] = "mmaps",
	[GEM_UMA_INJECT_VMAPS] = "vmaps",
	[GEM_UMA_INJECT_CLIENTS] = "clients",
	[GEM_UMA_INJECT_CLIENT_BYTES] = "bytes of the client",
	[GEM_UMA_INJECT_LABEL] = "labels",
	[GEM_UMA_INJECT_RESIDENT] = "resident pages of the device",
	[GEM_UMA_INJECT_HELD] = "held pages",
	[GEM_UMA_INJECT_KNOWN] = "known pages",
	[GEM_UMA_INJECT_MAPPED] = "pages mapped for DMA",
	[GEM_UMA_INJECT_FILED] = "state in reclaim",
	[GEM_UMA_INJECT_SPACES] = "spaces and their objects",
	[GEM_UMA_INJECT_SPACE_REFS] = "references of the space",
	[GEM_UMA_INJECT_SPACE_VAS] = "mappings",
	[GEM_UMA_INJECT_SPACE_TABLES] = "page tables",
	[GEM_UMA_INJECT_SPACE_EVICTED] = "evicted objects",
	[GEM_UMA_INJECT_SPACE_BO_REFS] = "references of what is mapped",
};

struct inject_counts {
	long n[GEM_UMA_INJECT_COUNTS];
};

enum inject_kind {
	INJECT_NOTHING,
	INJECT_ALLOCATION,
	INJECT_CALL,
	INJECT_CALLBACK,
	INJECT_SPACE_CALLBACK,
};

/* What is to fail in one attempt. */
struct inject_fault {
	enum inject_kind kind;
	unsigned int nth;
	unsigned int call;
	long value;
	char name[80];
};

struct inject_totals {
	unsigned long allocations;
	unsigned long calls;
	unsigned long callbacks;
};

static struct inject_totals inject_all;
/* How often each call was made to fail, in all rows. */
static unsigned long *inject_reached;
/* A row ended at its first finding, with failures left untried. */
static bool inject_stopped;

static bool inject_is_ours(const struct gem_uma_inject_rig *rig)
{
	return rig->uobj && !gem_uma_object_is_imported(rig->uobj);
}

static void inject_count_super(struct super_block *sb, void *n)
{
	(*(long *)n)++;
}

static long inject_supers(void)
{
	struct file_system_type *type = get_fs_type("tmpfs");
	long n = 0;

	iterate_supers_type(type, inject_count_super, &n);
	return n;
}

static long inject_inodes(struct super_block *sb)
{
	struct list_head *inode;
	long n = 0;

	spin_lock(&sb->s_inode_list_lock);
	list_for_each(inode, &sb->s_inodes)
		n++;
	spin_unlock(&sb->s_inode_list_lock);
	return n;
}

static long inject_objects(struct gem_uma_device *udev)
{
	/* A device whose init failed has no list. */
	return udev->objects.next ? list_count_nodes(&udev->objects) : 0;
}

static void inject_count_object(const struct gem_uma_inject_rig *rig,
				struct inject_counts *c)
{
	struct gem_uma_object *uobj = rig->uobj;

	c->n[GEM_UMA_INJECT_REFS] = kref_read(&uobj->base.refcount);
	c->n[GEM_UMA_INJECT_PINS] = atomic_read(&uobj->backing.pins);
	c->n[GEM_UMA_INJECT_MMAPS] = gem_uma_cpu_map_mmaps(&uobj->cpu_map);
	c->n[GEM_UMA_INJECT_VMAPS] = uobj->cpu_map.vmaps;
	c->n[GEM_UMA_INJECT_CLIENTS] = uobj->files.nr;
	c->n[GEM_UMA_INJECT_LABEL] = !!uobj->label;
	c->n[GEM_UMA_INJECT_HELD] = uobj->backing.held.pages;
	c->n[GEM_UMA_INJECT_KNOWN] = uobj->backing.held.pages +
				     gem_uma_backing_evicted(&uobj->backing);
	c->n[GEM_UMA_INJECT_MAPPED] = uobj->dev_map.mapped.pages;
	c->n[GEM_UMA_INJECT_FILED] = uobj->reclaim.state;
}

/* Files without object. Those that go take a while: the last put is the system's. */
static long inject_files(const struct gem_uma_inject_rig *rig)
{
	unsigned int i;
	long n = 0;

	for (i = 0; i < 25; i++) {
		flush_delayed_fput();
		n = inject_inodes(rig->sb) - rig->files - inject_objects(&rig->mock->udev);
		if (n <= 0)
			break;
		msleep(20);
	}
	return n;
}

static struct inject_counts inject_count(const struct gem_uma_inject_rig *rig)
{
	struct gem_uma_device *udev = &rig->mock->udev;
	struct inject_counts c = {};

	c.n[GEM_UMA_INJECT_SUPERS] = inject_supers();
	c.n[GEM_UMA_INJECT_FILES] = rig->sb ? inject_files(rig) : 0;
	c.n[GEM_UMA_INJECT_OBJECTS] = inject_objects(udev);
	c.n[GEM_UMA_INJECT_RESIDENT] = atomic_long_read(&udev->resident_pages);
	c.n[GEM_UMA_INJECT_CLIENT_BYTES] = atomic64_read(&rig->client.total) +
					   atomic64_read(&rig->client.resident);
	if (inject_is_ours(rig))
		inject_count_object(rig, &c);
	if (rig->room)
		c.n[GEM_UMA_INJECT_SPACES] = atomic_read(&rig->room->live);
	if (rig->space)
		gem_uma_inject_count_space(rig, c.n);
	if (rig->bo)
		c.n[GEM_UMA_INJECT_SPACE_BO_REFS] = kref_read(&rig->bo->base.refcount);
	return c;
}

static void inject_expect_counts(const struct gem_uma_inject_rig *rig,
				 const struct inject_counts *before, unsigned long except,
				 const char *fault, const char *when)
{
	struct inject_counts now = inject_count(rig);
	unsigned int i;

	for (i = 0; i < GEM_UMA_INJECT_COUNTS; i++)
		if (!(except & BIT(i)))
			KUNIT_EXPECT_EQ_MSG(rig->test, now.n[i], before->n[i],
					    "%s, %s %s, %s", rig->row->name,
					    inject_count_names[i], when, fault);
}

/* Folios that were just added have a reference of this CPU's batch. */
static void inject_drain(struct address_space *mapping)
{
	struct folio_batch fbatch;
	pgoff_t next = 0;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &next, ULONG_MAX, &fbatch))
		folio_batch_release(&fbatch);
}

/* Returns a folio with references that nobody should have, or ULONG_MAX. */
static pgoff_t inject_find_extra_ref(struct gem_uma_object *uobj)
{
	struct address_space *mapping = uobj->backing.file->f_mapping;
	struct gem_uma_backing *b = &uobj->backing;
	pgoff_t next = 0, found = ULONG_MAX;
	struct folio_batch fbatch;
	unsigned int i;

	folio_batch_init(&fbatch);
	while (filemap_get_folios(mapping, &next, ULONG_MAX, &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++) {
			struct folio *folio = fbatch.folios[i];
			/* of the page cache, and of the lookup */
			int refs = folio_nr_pages(folio) + 1;

			refs += gem_uma_backing_is_resident_locked(b, folio->index,
								   folio->index + 1);
			if (!folio_test_writeback(folio) && folio_ref_count(folio) != refs)
				found = folio->index;
		}
		folio_batch_release(&fbatch);
	}
	return found;
}

static void inject_expect_refs(const struct gem_uma_inject_rig *rig, const char *fault)
{
	struct gem_uma_object *uobj = rig->uobj;
	pgoff_t page = 0;
	unsigned int i;

	/* The system may be looking at a folio just now. */
	for (i = 0; i < 20 && page != ULONG_MAX; i++) {
		if (i)
			msleep(20);
		inject_drain(uobj->backing.file->f_mapping);
		scoped_guard(gem_uma_resv, uobj->base.resv)
			page = inject_find_extra_ref(uobj);
	}
	KUNIT_EXPECT_EQ_MSG(rig->test, page, ULONG_MAX, "%s: references of page %lu, %s",
			    rig->row->name, page, fault);
}

static void inject_expect_sets(const struct gem_uma_inject_rig *rig, const char *fault)
{
	struct gem_uma_backing *b = &rig->uobj->backing;
	struct gem_uma_dev_map *dmap = &rig->uobj->dev_map;
	unsigned long mapped = 0;
	struct gem_uma_extent e = {};

	dma_resv_lock(rig->uobj->base.resv, NULL);
	for (; gem_uma_page_set_next(&dmap->mapped, e.end, b->nr_pages, &e);
	     mapped += e.end - e.start)
		KUNIT_EXPECT_TRUE_MSG(rig->test,
				      gem_uma_backing_is_resident_locked(b, e.start, e.end),
				      "pages %lu to %lu, %s", e.start, e.end, fault);
	KUNIT_EXPECT_EQ_MSG(rig->test, mapped, dmap->mapped.pages, "%s", fault);
	dma_resv_unlock(rig->uobj->base.resv);
}

static unsigned int inject_vmas(const struct gem_uma_inject_rig *rig)
{
	struct vm_area_struct *vma;
	unsigned int n = 0;

	VMA_ITERATOR(vmi, current->mm, 0);

	mmap_read_lock(current->mm);
	for_each_vma(vmi, vma)
		n += vma->vm_private_data == &rig->uobj->base;
	mmap_read_unlock(current->mm);
	return n;
}

/* What is true at any time, whatever failed. */
static void inject_expect_sane(const struct gem_uma_inject_rig *rig, const char *fault)
{
	struct gem_uma_object *uobj = rig->uobj;
	struct kunit *test = rig->test;
	long dma = gem_uma_inject_balance("dma_map_page_attrs", "dma_unmap_page_attrs");

#ifdef CONFIG_PSI
	KUNIT_EXPECT_FALSE_MSG(test, current->in_memstall, "a stall without end, %s", fault);
#endif
	if (!inject_is_ours(rig)) {
		bool dummy = rig->space && rig->space->base.dummy;
		const char *bad = rig->space ? space_check(rig->space, true) : NULL;

		KUNIT_EXPECT_NULL_MSG(test, bad, "%s, %s", bad, fault);
		if (gem_uma_inject_can_fail_calls())
			KUNIT_EXPECT_EQ_MSG(test, dma, dummy + gem_uma_inject_granules(rig),
					    "DMA mappings without object, %s", fault);
		return;
	}
	if (gem_uma_inject_can_fail_calls())
		KUNIT_EXPECT_EQ_MSG(test, dma, uobj->dev_map.starts.pages,
				    "DMA mappings, %s", fault);
	KUNIT_EXPECT_EQ_MSG(test, atomic_long_read(&rig->mock->udev.resident_pages),
			    uobj->backing.held.pages, "%s", fault);
	KUNIT_EXPECT_EQ_MSG(test, !!uobj->cpu_map.vmaps, !!uobj->cpu_map.vaddr, "%s", fault);
	if (atomic_read(&uobj->backing.pins))
		KUNIT_EXPECT_EQ_MSG(test, uobj->backing.held.pages, uobj->backing.nr_pages,
				    "pinned, %s", fault);
	else if (uobj->backing.held.pages)
		KUNIT_EXPECT_NE_MSG(test, uobj->reclaim.state, GEM_UMA_UNRECLAIMABLE,
				    "has pages and is not known to reclaim, %s", fault);
	if (rig->row->mm)
		KUNIT_EXPECT_EQ_MSG(test, inject_vmas(rig),
				    gem_uma_cpu_map_mmaps(&uobj->cpu_map), "%s", fault);
	inject_expect_sets(rig, fault);
	inject_expect_refs(rig, fault);
}

/* A DRM device that an attempt can throw away. */
static void inject_begin_device(struct gem_uma_inject_rig *rig)
{
	struct kunit *test = rig->test;

	rig->own = gem_uma_mock_platform();
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->own);
	rig->mock = gem_uma_mock_alloc_on(&rig->own->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig->mock);
}

static void inject_begin_object(struct gem_uma_inject_rig *rig)
{
	struct kunit *test = rig->test;

	rig->mobj = kzalloc_obj(*rig->mobj, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rig->mobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_init(&rig->mobj->base, &rig->mock->udev,
						     rig->row->size, rig->row->flags,
						     &gem_uma_mock_object_ops));
	atomic_inc(&rig->mock->live);
	rig->uobj = &rig->mobj->base;
}

static void inject_begin(struct gem_uma_inject_rig *rig)
{
	rig->seed++;
	if (rig->row->own_device)
		inject_begin_device(rig);
	if (rig->row->size)
		inject_begin_object(rig);
	if (rig->row->begin)
		rig->row->begin(rig);
}

static void inject_end(struct gem_uma_inject_rig *rig)
{
	if (rig->row->end)
		rig->row->end(rig);
	if (rig->row->size)
		drm_gem_object_put(&rig->mobj->base.base);
	rig->uobj = NULL;
	rig->mobj = NULL;
	/* Or what the next one counts before it begins would be gone in its end. */
	if (rig->room)
		space_room_settle(rig->room);
	if (rig->own)
		platform_device_unregister(rig->own);
	rig->own = NULL;
}

/* Returns whether the failure took place; @ret is the result of the operation. */
static bool inject_run(struct gem_uma_inject_rig *rig, const struct inject_fault *fault,
		       int *ret)
{
	bool reached = true;

	switch (fault->kind) {
	case INJECT_NOTHING:
		*ret = rig->row->run(rig);
		break;
	case INJECT_ALLOCATION:
		gem_uma_inject_arm_allocation(fault->nth);
		*ret = rig->row->run(rig);
		reached = gem_uma_inject_disarm_allocation();
		break;
	case INJECT_CALL:
		gem_uma_inject_arm_call(fault->call, fault->value, fault->nth);
		*ret = rig->row->run(rig);
		reached = gem_uma_inject_disarm_call();
		break;
	case INJECT_SPACE_CALLBACK:
		space_fail(rig->room, fault->call, fault->nth, 1, fault->value);
		*ret = rig->row->run(rig);
		reached = rig->room->failed;
		space_fail(rig->room, fault->call, 1, 0, 0);
		break;
	case INJECT_CALLBACK:
		rig->mobj->evict_errno = fault->value;
		*ret = rig->row->run(rig);
		rig->mobj->evict_errno = 0;
		break;
	}
	return reached;
}

static void inject_expect_errno(const struct gem_uma_inject_rig *rig,
				const struct inject_fault *fault, int ret)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rig->row->errnos) && rig->row->errnos[i]; i++)
		if (ret == rig->row->errnos[i])
			return;
	if (fault->kind >= INJECT_CALLBACK && ret == fault->value)
		return;
	KUNIT_FAIL(rig->test, "%s returned %d, which is not documented, %s",
		   rig->row->name, ret, fault->name);
}

/* One failure, and life after it. Returns whether it took place. */
static bool inject_attempt(struct gem_uma_inject_rig *rig, const struct inject_fault *fault)
{
	struct inject_counts before;
	bool reached;
	int ret;

	inject_begin(rig);
	before = inject_count(rig);
	reached = inject_run(rig, fault, &ret);
	if (!rig->row->own_device)
		inject_expect_sane(rig, fault->name);
	if (ret) {
		inject_expect_errno(rig, fault, ret);
		inject_expect_counts(rig, &before, rig->row->changes, fault->name,
				     "after the failure");
		ret = rig->row->run(rig);
		KUNIT_EXPECT_EQ_MSG(rig->test, ret, 0, "%s again after %s", rig->row->name,
				    fault->name);
		if (!rig->row->own_device)
			inject_expect_sane(rig, fault->name);
	}
	if (!ret) {
		if (rig->row->check)
			rig->row->check(rig);
		if (rig->row->undo)
			rig->row->undo(rig);
		inject_expect_counts(rig, &before, rig->row->remains |
				     (rig->row->undo ? 0 : rig->row->changes), fault->name,
				     "after all was undone");
	}
	inject_end(rig);
	return reached;
}

/* The first finding says it all. */
static bool inject_has_failed(const struct gem_uma_inject_rig *rig)
{
	return READ_ONCE(rig->test->status) == KUNIT_FAILURE;
}

static void inject_allocations(struct gem_uma_inject_rig *rig, struct inject_totals *totals)
{
	struct inject_fault fault = { .kind = INJECT_ALLOCATION };

	if (!gem_uma_inject_can_fail_allocations() || rig->row->only)
		return;
	for (fault.nth = 1; fault.nth < INJECT_LIMIT; fault.nth++) {
		snprintf(fault.name, sizeof(fault.name), "allocation %u failed", fault.nth);
		if (!inject_attempt(rig, &fault) || inject_has_failed(rig))
			break;
		totals->allocations++;
	}
	KUNIT_EXPECT_LT(rig->test, fault.nth, INJECT_LIMIT);
}

static void inject_value(struct gem_uma_inject_rig *rig, unsigned int call, long value,
			 struct inject_totals *totals)
{
	struct inject_fault fault = { .kind = INJECT_CALL, .call = call, .value = value };

	for (fault.nth = 1; fault.nth < INJECT_LIMIT; fault.nth++) {
		snprintf(fault.name, sizeof(fault.name), "call %u of %s returned %ld",
			 fault.nth, gem_uma_inject_calls[call].symbol, value);
		if (!inject_attempt(rig, &fault) || inject_has_failed(rig))
			break;
		totals->calls++;
		inject_reached[call]++;
	}
	KUNIT_EXPECT_LT(rig->test, fault.nth, INJECT_LIMIT);
}

/* Only what the operation calls: others were counted before and after it. */
static void inject_calls(struct gem_uma_inject_rig *rig, struct inject_totals *totals)
{
	unsigned long *hits;
	unsigned int i, v;
	int ret;

	hits = gem_uma_mock_zalloc(rig->test, gem_uma_inject_nr_calls * sizeof(*hits));
	inject_begin(rig);
	for (i = 0; i < gem_uma_inject_nr_calls; i++)
		hits[i] = gem_uma_inject_hits(i);
	ret = rig->row->run(rig);
	for (i = 0; i < gem_uma_inject_nr_calls; i++)
		hits[i] = gem_uma_inject_hits(i) - hits[i];
	KUNIT_EXPECT_EQ_MSG(rig->test, ret, 0, "%s", rig->row->name);
	if (!ret && rig->row->undo)
		rig->row->undo(rig);
	inject_end(rig);
	for (i = 0; !ret && i < gem_uma_inject_nr_calls; i++) {
		if (inject_has_failed(rig))
			break;
		if (!hits[i] || (rig->row->only &&
				 strcmp(rig->row->only, gem_uma_inject_calls[i].symbol)))
			continue;
		for (v = 0; v < gem_uma_inject_nr_values(i); v++)
			inject_value(rig, i, gem_uma_inject_value(i, v), totals);
	}
}

static void inject_callbacks(struct gem_uma_inject_rig *rig, struct inject_totals *totals)
{
	struct inject_fault fault = { .kind = INJECT_CALLBACK };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rig->row->callbacks) && rig->row->callbacks[i]; i++) {
		fault.value = rig->row->callbacks[i];
		snprintf(fault.name, sizeof(fault.name), "ops->evict returned %ld", fault.value);
		inject_attempt(rig, &fault);
		totals->callbacks++;
	}
}

/* What a driver of address spaces may return, but for errors of its device. */
static void inject_space_callbacks(struct gem_uma_inject_rig *rig, struct inject_totals *totals)
{
	const struct gem_uma_inject_return *returns = gem_uma_inject_returns;
	struct inject_fault fault = { .kind = INJECT_SPACE_CALLBACK };
	unsigned int i;

	for (i = 0; i < GEM_UMA_INJECT_RETURNS && !inject_has_failed(rig); i++) {
		fault.call = returns[i].which;
		fault.value = returns[i].value;
		for (fault.nth = 1; fault.nth < INJECT_LIMIT; fault.nth++) {
			snprintf(fault.name, sizeof(fault.name), "call %u of ops->%s returned %d",
				 fault.nth, returns[i].name, returns[i].value);
			if (!inject_attempt(rig, &fault) || inject_has_failed(rig))
				break;
			totals->callbacks++;
		}
	}
	KUNIT_EXPECT_GE(rig->test, totals->callbacks, rig->row->space_callbacks);
}

/* An address space, and the file that objects are mapped through. */
static void inject_setup_mm(struct gem_uma_inject_rig *rig)
{
	unsigned long addr = kunit_vm_mmap(rig->test, NULL, PAGE_SIZE, PAGE_SIZE, PROT_READ,
					   MAP_PRIVATE | MAP_ANONYMOUS, 0);

	KUNIT_ASSERT_FALSE(rig->test, IS_ERR_VALUE(addr));
	/* Each attempt puts its object there. */
	rig->file = gem_uma_mock_file_of(rig->test, &rig->mock->drm, NULL);
}

static void inject_setup(struct gem_uma_inject_rig *rig)
{
	struct file *file;

	/* Batches of folios are drained on this CPU only. */
	set_cpus_allowed_ptr(current, cpumask_of(raw_smp_processor_id()));
	if (rig->row->own_device)
		return;
	if (rig->row->space) {
		rig->room = space_room_create(rig->test);
		rig->mock = rig->room->mock;
		return;
	}
	rig->mock = gem_uma_mock_create(rig->test, rig->row->huge);
	if (rig->row->incoherent)
		rig->mock->udev.coherent = false;
	rig->mock->udev.allow_wc = rig->row->allow_wc && IS_ENABLED(CONFIG_X86_64);
	file = rig->mock->udev.huge_mnt ?
	       shmem_file_setup_with_mnt(rig->mock->udev.huge_mnt, "probe", PAGE_SIZE,
					 mk_vma_flags(VMA_NORESERVE_BIT)) :
	       shmem_file_setup("probe", PAGE_SIZE, mk_vma_flags(VMA_NORESERVE_BIT));
	KUNIT_ASSERT_FALSE(rig->test, IS_ERR(file));
	rig->sb = file_inode(file)->i_sb;
	rig->files = inject_inodes(rig->sb) - 1;
	fput(file);
	if (rig->row->mm)
		inject_setup_mm(rig);
}

static void inject_row(struct kunit *test)
{
	const struct gem_uma_inject_row *row = test->param_value;
	struct gem_uma_inject_rig *rig;
	struct inject_totals totals = {};

	if (!gem_uma_inject_can_fail_allocations() && !gem_uma_inject_can_fail_calls())
		kunit_skip(test, "neither fault injection nor kprobes");
	if (row->swap && get_nr_swap_pages() <= 0)
		kunit_skip(test, "no swap");
	rig = gem_uma_mock_zalloc(test, sizeof(*rig));
	rig->test = test;
	rig->row = row;
	inject_setup(rig);

	gem_uma_inject_watch(true);
	/* What is done once only would otherwise be counted as left behind. */
	inject_attempt(rig, &(struct inject_fault) { .name = "nothing failed" });
	inject_allocations(rig, &totals);
	if (gem_uma_inject_can_fail_calls())
		inject_calls(rig, &totals);
	inject_callbacks(rig, &totals);
	if (row->space)
		inject_space_callbacks(rig, &totals);
	gem_uma_inject_watch(false);

	kunit_info(test, "%s injected: %lu allocations, %lu calls, %lu callbacks", row->name,
		   totals.allocations, totals.calls, totals.callbacks);
	if (gem_uma_inject_can_fail_allocations())
		KUNIT_EXPECT_GE(test, totals.allocations, row->allocations);
	if (gem_uma_inject_can_fail_calls())
		KUNIT_EXPECT_GE(test, totals.calls, row->calls);
	inject_stopped |= inject_has_failed(rig);
	inject_all.allocations += totals.allocations;
	inject_all.calls += totals.calls;
	inject_all.callbacks += totals.callbacks;
}

/* Rows with an address space are reported apart. */
static void inject_map_row(struct kunit *test)
{
	inject_row(test);
}

/* As are those with an address space of a GPU. */
static void inject_vm_row(struct kunit *test)
{
	inject_row(test);
}

static void inject_purge_row(struct kunit *test)
{
	inject_row(test);
}

static void inject_heap_row(struct kunit *test)
{
	inject_row(test);
}

static void inject_row_name(const struct gem_uma_inject_row *row, char *desc)
{
	strscpy(desc, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(inject_row, gem_uma_inject_rows, inject_row_name);
KUNIT_ARRAY_PARAM(inject_map_row, gem_uma_inject_map_rows, inject_row_name);
KUNIT_ARRAY_PARAM(inject_vm_row, gem_uma_inject_vm_rows, inject_row_name);
KUNIT_ARRAY_PARAM(inject_purge_row, gem_uma_inject_purge_rows, inject_row_name);
KUNIT_ARRAY_PARAM(inject_heap_row, gem_uma_inject_heap_rows, inject_row_name);

/* A call that no row makes fail is not tested, whatever the table says. */
static void inject_every_call_was_made_to_fail(struct kunit *test)
{
	unsigned int i;

	if (!gem_uma_inject_can_fail_calls())
		kunit_skip(test, "no kprobes");
	if (inject_stopped)
		kunit_skip(test, "a row has failed");
	/* The tables are full. */
	KUNIT_EXPECT_NOT_NULL(test, gem_uma_inject_rows[GEM_UMA_INJECT_ROWS - 1].run);
	KUNIT_EXPECT_NOT_NULL(test, gem_uma_inject_map_rows[GEM_UMA_INJECT_MAP_ROWS - 1].run);
	KUNIT_EXPECT_NOT_NULL(test, gem_uma_inject_vm_rows[GEM_UMA_INJECT_VM_ROWS - 1].run);
	KUNIT_EXPECT_NOT_NULL(test,
			      gem_uma_inject_purge_rows[GEM_UMA_INJECT_PURGE_ROWS - 1].run);
	KUNIT_EXPECT_NOT_NULL(test, gem_uma_inject_heap_rows[GEM_UMA_INJECT_HEAP_ROWS - 1].run);
	for (i = 0; i < gem_uma_inject_nr_calls; i++)
		if (gem_uma_inject_is_called(i) && gem_uma_inject_nr_values(i) &&
		    (get_nr_swap_pages() > 0 || !gem_uma_inject_calls[i].swap))
			KUNIT_EXPECT_NE_MSG(test, inject_reached[i], 0, "%s",
					    gem_uma_inject_calls[i].symbol);
	kunit_info(test, "injected: %lu (%lu allocations, %lu calls, %lu callbacks)",
		   inject_all.allocations + inject_all.calls + inject_all.callbacks,
		   inject_all.allocations, inject_all.calls, inject_all.callbacks);
}

static struct kunit_case gem_uma_inject_cases[] = {
	KUNIT_CASE_PARAM(inject_row, inject_row_gen_params),
	KUNIT_CASE_PARAM(inject_map_row, inject_map_row_gen_params),
	KUNIT_CASE_PARAM(inject_vm_row, inject_vm_row_gen_params),
	KUNIT_CASE_PARAM(inject_purge_row, inject_purge_row_gen_params),
	KUNIT_CASE_PARAM(inject_heap_row, inject_heap_row_gen_params),
#ifdef CONFIG_MEMCG
	KUNIT_CASE(inject_failed_init_gives_the_cgroup_back),
#endif
	KUNIT_CASE(inject_every_call_was_made_to_fail),
	{}
};

static int gem_uma_inject_suite_init(struct kunit_suite *suite)
{
	inject_all = (struct inject_totals) {};
	inject_stopped = false;
	inject_reached = kcalloc(gem_uma_inject_nr_calls, sizeof(*inject_reached), GFP_KERNEL);
	return inject_reached ? gem_uma_inject_init(suite) : -ENOMEM;
}

static void gem_uma_inject_suite_exit(struct kunit_suite *suite)
{
	gem_uma_inject_exit();
	kfree(inject_reached);
	inject_reached = NULL;
}

static struct kunit_suite gem_uma_inject_suite = {
	.name = "gem_uma_inject",
	.suite_init = gem_uma_inject_suite_init,
	.suite_exit = gem_uma_inject_suite_exit,
	.test_cases = gem_uma_inject_cases,
};

kunit_test_suite(gem_uma_inject_suite);
