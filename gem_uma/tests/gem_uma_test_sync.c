// SPDX-License-Identifier: GPL-2.0
/* Tests of the sync part, and of access by the CPU to a turn-key object. */
#include <linux/dma-fence.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/prandom.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_sync.h"

static int sync_do(struct sync_rig *rig, u64 offset, u64 size, enum gem_uma_sync_op op)
{
	struct gem_uma_sync_range range = { offset, size };

	return gem_uma_object_sync(rig->uobj, range, op);
}

/* That and nothing else: a piece for each mapped page of the range. Then forgets it. */
static void sync_expect(struct kunit *test, struct sync_rig *rig, const unsigned long *mapped,
			u64 offset, u64 size, bool invalidate)
{
	u64 at, end = offset + size, next;
	unsigned int i = 0;

	for (at = offset; at < end; at = next) {
		next = min(end, ALIGN_DOWN(at, PAGE_SIZE) + PAGE_SIZE);
		if (mapped && !test_bit(at >> PAGE_SHIFT, mapped))
			continue;
		sync_expect_one(test, rig, &i, 'c', at, next - at);
		if (invalidate)
			sync_expect_one(test, rig, &i, 'i', at, next - at);
	}
	KUNIT_EXPECT_EQ(test, sync_log.nr, i);
	sync_forget();
}

static void sync_pieces_are_exact_uma_A4_A11(struct kunit *test)
{
	static const struct { u64 offset, size; } ranges[] = {
		{ 0, 1 }, { 100, 2 * PAGE_SIZE }, { PAGE_SIZE, PAGE_SIZE },
		{ PAGES * PAGE_SIZE - 1, 1 }, { 3 * PAGE_SIZE - 1, 2 }, { 0, PAGES * PAGE_SIZE },
	};
	struct sync_rig rig = sync_rig(test);
	unsigned int i;

	/* The last range is all of it. */
	sync_write(test, &rig);
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, ranges[i].offset, ranges[i].size,
						 GEM_UMA_SYNC_CLEAN));
		sync_expect(test, &rig, NULL, ranges[i].offset, ranges[i].size, false);
		KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, ranges[i].offset, ranges[i].size,
						 GEM_UMA_SYNC_CLEAN_INVALIDATE));
		sync_expect(test, &rig, NULL, ranges[i].offset, ranges[i].size, true);
	}
}

static void sync_bad_input_is_EINVAL(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	enum gem_uma_sync_op op = GEM_UMA_SYNC_CLEAN;

	KUNIT_EXPECT_EQ(test, sync_do(&rig, 0, rig.size + 1, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync_do(&rig, rig.size, 1, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync_do(&rig, rig.size + 1, 0, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync_do(&rig, U64_MAX, 0, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync_do(&rig, 1, U64_MAX, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync_do(&rig, U64_MAX - 4095, 4096, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync_do(&rig, 0, 1, GEM_UMA_SYNC_CLEAN_INVALIDATE + 1), -EINVAL);
	/* Bad is bad, also where there would be nothing to do. */
	rig.mock->udev.coherent = true;
	KUNIT_EXPECT_EQ(test, sync_do(&rig, 0, rig.size + 1, op), -EINVAL);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 0);
}

static void sync_has_nothing_to_do_uma_A3(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	struct gem_uma_cpu_map wc = { .mode = GEM_UMA_CACHE_WC };
	struct gem_uma_sync_range all = { 0, rig.size };

	/* Never touched, and it stays so. */
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, 0, rig.size, GEM_UMA_SYNC_CLEAN_INVALIDATE));
	KUNIT_EXPECT_EQ(test, gem_uma_backing_resident(&rig.uobj->backing), 0);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_backing_has_content(&rig.uobj->backing));
	KUNIT_EXPECT_EQ(test, sync_log.nr, 0);

	sync_map_page(test, &rig, 0);
	sync_write(test, &rig);
	sync_forget();
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, 0, 0, GEM_UMA_SYNC_CLEAN));
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, rig.size, 0, GEM_UMA_SYNC_CLEAN));
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, PAGE_SIZE, PAGE_SIZE, GEM_UMA_SYNC_CLEAN));
	scoped_guard(object, rig.uobj)
		KUNIT_EXPECT_EQ(test, 0, gem_uma_sync_locked(&wc, &rig.uobj->dev_map, all,
							     GEM_UMA_SYNC_CLEAN));
	rig.mock->udev.coherent = true;
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, 0, rig.size, GEM_UMA_SYNC_CLEAN_INVALIDATE));
	KUNIT_EXPECT_EQ(test, sync_log.nr, 0);
	rig.mock->udev.coherent = false;
}

static void sync_costs_what_the_range_is_uma_A11(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, SZ_8M);

	KUNIT_ASSERT_EQ(test, 0, object_populate(rig.uobj, 0, rig.size));
	sync_write(test, &rig);
	sync_forget();
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, SZ_4M + 64, SZ_4K, GEM_UMA_SYNC_CLEAN));
	KUNIT_EXPECT_EQ(test, sync_log.bytes, SZ_4K);
	KUNIT_EXPECT_LE(test, sync_log.nr, 2);
}

static void sync_ends_when_killed_unless_it_must_finish(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, SZ_8M);
	struct gem_uma_sync_range all = { 0, rig.size };
	struct gem_uma_object *uobj = rig.uobj;
	int ret;

	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, rig.size));
	sync_write(test, &rig);
	sync_forget();
	object_lock(uobj);
	gem_uma_mock_set_killed(true);
	ret = gem_uma_sync_locked(&uobj->cpu_map, &uobj->dev_map, all, GEM_UMA_SYNC_CLEAN);
	gem_uma_mock_set_killed(false);
	KUNIT_EXPECT_EQ(test, ret, -EINTR);
	KUNIT_EXPECT_GE(test, sync_log.bytes, SZ_2M);
	KUNIT_EXPECT_LT(test, sync_log.bytes, SZ_8M);
	sync_forget();
	gem_uma_mock_set_killed(true);
	gem_uma_sync_finish_locked(&uobj->cpu_map, &uobj->dev_map, all, GEM_UMA_SYNC_CLEAN);
	gem_uma_mock_set_killed(false);
	object_unlock(uobj);
	KUNIT_EXPECT_EQ(test, sync_log.bytes, SZ_8M);
}

/* In one run, from where the device may write to where it may not. */
static void sync_invalidates_only_what_the_device_writes(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	u64 cleaned = 0, invalidated = 0;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, object_populate_clean(rig.uobj, 0, rig.size));
	KUNIT_ASSERT_EQ(test, 0, object_populate(rig.uobj, 2 * PAGE_SIZE, 3 * PAGE_SIZE));
	sync_forget();
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, 100, rig.size - 100, GEM_UMA_SYNC_CLEAN_INVALIDATE));
	KUNIT_ASSERT_LE(test, sync_log.nr, SEEN);
	for (i = 0; i < sync_log.nr; i++) {
		const struct sync_seen *seen = &sync_log.seen[i];

		if (seen->what == 'c') {
			cleaned += seen->size;
			continue;
		}
		KUNIT_EXPECT_EQ(test, seen->what, 'i');
		KUNIT_EXPECT_EQ(test, seen->offset, (2 * PAGE_SIZE) + invalidated);
		invalidated += seen->size;
	}
	KUNIT_EXPECT_EQ(test, cleaned, rig.size - 100);
	KUNIT_EXPECT_EQ(test, invalidated, 3 * PAGE_SIZE);
}

/* Mapping cleans; taking the addresses away cleans and invalidates. */
static void sync_comes_with_addresses_uma_B4(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		sync_map_page(test, &rig, i);
	sync_expect(test, &rig, NULL, 0, rig.size, false);
	scoped_guard(object, rig.uobj)
		gem_uma_dev_map_drop_locked(&rig.uobj->dev_map);
	KUNIT_ASSERT_EQ(test, sync_log.nr, 2 * PAGES + 1);
	for (i = 0; i < 2 * PAGES; i++) {
		KUNIT_EXPECT_EQ(test, sync_log.seen[i].what, i % 2 ? 'i' : 'c');
		KUNIT_EXPECT_EQ(test, sync_log.seen[i].offset, i / 2 * PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, sync_log.seen[i].what, 'u');
	/* What the device has no address of needs no sync. */
	sync_forget();
	KUNIT_EXPECT_EQ(test, 0, sync_do(&rig, 0, rig.size, GEM_UMA_SYNC_CLEAN));
	KUNIT_EXPECT_EQ(test, sync_log.nr, 0);
}

/* A driver that transfers gets its bounce buffer filled once, and nothing copied back. */
static void sync_of_bounce_buffers_is_the_drivers(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);

	rig.mock->udev.coherent = true;
	rig.mock->udev.allow_bounce = true;
	sync_map_page(test, &rig, 0);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 1);
	scoped_guard(object, rig.uobj)
		gem_uma_dev_map_drop_locked(&rig.uobj->dev_map);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 1);
}

static void sync_random_ranges(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	unsigned long mapped = 0;
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, 13);
	for (i = 0; i < 2000; i++) {
		sync_write(test, &rig);
		u64 offset = prandom_u32_state(&rnd) % rig.size;
		u64 size = prandom_u32_state(&rnd) % (rig.size - offset + 1);
		bool invalidate = prandom_u32_state(&rnd) % 2;

		if (i % 50 == 0) {
			scoped_guard(object, rig.uobj)
				gem_uma_dev_map_drop_locked(&rig.uobj->dev_map);
			mapped = 0;
		}
		if (i % 5 == 0) {
			pgoff_t pgoff = prandom_u32_state(&rnd) % PAGES;

			sync_map_page(test, &rig, pgoff);
			mapped |= BIT(pgoff);
		}
		sync_forget();
		KUNIT_ASSERT_EQ(test, 0, sync_do(&rig, offset, size, invalidate ?
						 GEM_UMA_SYNC_CLEAN_INVALIDATE :
						 GEM_UMA_SYNC_CLEAN));
		sync_expect(test, &rig, &mapped, offset, size, invalidate);
	}
}

static int sync_access(struct sync_rig *rig, enum dma_data_direction dir, unsigned int *begun)
{
	struct gem_uma_sync_range range = { 1, PAGE_SIZE - 2 };

	CLASS(gem_uma_object_access, access)(rig->uobj, range, dir);
	if (access.err)
		return access.err;
	*begun = sync_log.nr;
	return atomic_read(&rig->uobj->accesses);
}

static void sync_access_invalidates_and_cleans_uma_B3(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	unsigned int begun = 0, i = 0;

	KUNIT_EXPECT_EQ(test, sync_access(&rig, DMA_FROM_DEVICE, &begun), 1);
	KUNIT_EXPECT_EQ(test, begun, 2);
	sync_expect(test, &rig, NULL, 1, PAGE_SIZE - 2, true);
	/* Also to write: the rest of its lines is the device's. */
	KUNIT_EXPECT_EQ(test, sync_access(&rig, DMA_TO_DEVICE, &begun), 1);
	KUNIT_EXPECT_EQ(test, begun, 2);
	sync_expect_one(test, &rig, &i, 'c', 1, PAGE_SIZE - 2);
	sync_expect_one(test, &rig, &i, 'i', 1, PAGE_SIZE - 2);
	sync_expect_one(test, &rig, &i, 'c', 1, PAGE_SIZE - 2);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&rig.uobj->accesses), 0);
}

static void sync_access_is_ended_once(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	struct gem_uma_sync_range bad = { 0, rig.size + 1 }, good = { 0, 64 };
	struct gem_uma_object_access access;

	access = gem_uma_object_access_begin(rig.uobj, bad, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, access.err, -EINVAL);
	gem_uma_object_access_end(&access);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 0);
	access = gem_uma_object_access_begin(rig.uobj, good, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, access.err, 0);
	gem_uma_object_access_end(&access);
	gem_uma_object_access_end(&access);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&rig.uobj->accesses), 0);
}

/* A job that is armed in between may not see what the CPU wrote. */
static void sync_access_that_writes_is_known(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	struct gem_uma_sync_range range = { 0, 64 };
	struct gem_uma_object_access access;

	access = gem_uma_object_access_begin(rig.uobj, range, DMA_FROM_DEVICE);
	KUNIT_EXPECT_FALSE(test, gem_uma_object_is_written_here(rig.uobj));
	gem_uma_object_access_end(&access);
	access = gem_uma_object_access_begin(rig.uobj, range, DMA_TO_DEVICE);
	KUNIT_EXPECT_TRUE(test, gem_uma_object_is_written_here(rig.uobj));
	gem_uma_object_access_end(&access);
	KUNIT_EXPECT_FALSE(test, gem_uma_object_is_written_here(rig.uobj));
	gem_uma_object_mark_used_at(rig.uobj, ktime_get_mono_fast_ns());
}

static const char *sync_fence_name(struct dma_fence *fence)
{
	return "gem-uma-test-sync";
}

static const struct dma_fence_ops sync_fence_ops = {
	.get_driver_name = sync_fence_name, .get_timeline_name = sync_fence_name,
};

static DEFINE_SPINLOCK(sync_fence_lock);

/* A job of the object that writes. The caller signals and puts. */
static struct dma_fence *sync_fence(struct kunit *test, struct gem_uma_object *uobj)
{
	struct dma_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	dma_fence_init(fence, &sync_fence_ops, &sync_fence_lock, dma_fence_context_alloc(1), 1);
	guard(object)(uobj);
	KUNIT_ASSERT_EQ(test, 0, dma_resv_reserve_fences(uobj->base.resv, 1));
	dma_resv_add_fence(uobj->base.resv, fence, DMA_RESV_USAGE_WRITE);
	return fence;
}

struct sync_reader {
	struct sync_rig *rig;
	struct completion started, done;
	int ret;
};

static int sync_read(void *data)
{
	struct sync_reader *reader = data;
	unsigned int begun;

	complete(&reader->started);
	reader->ret = sync_access(reader->rig, DMA_FROM_DEVICE, &begun);
	complete(&reader->done);
	return 0;
}

static void sync_access_waits_for_jobs_first_uma_B2(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	struct sync_reader *reader = gem_uma_mock_zalloc(test, sizeof(*reader));
	struct dma_fence *fence = sync_fence(test, rig.uobj);
	struct task_struct *task;
	unsigned int i;

	reader->rig = &rig;
	init_completion(&reader->started);
	init_completion(&reader->done);
	sync_log.fence = fence;
	task = kthread_run(sync_read, reader, "gem-uma-sync");
	if (!IS_ERR(task)) {
		wait_for_completion(&reader->started);
		/* Time to go wrong. */
		msleep(50);
	}
	dma_fence_signal(fence);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&reader->done);
	KUNIT_EXPECT_EQ(test, reader->ret, 1);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 2);
	for (i = 0; i < sync_log.nr && i < SEEN; i++)
		KUNIT_EXPECT_FALSE(test, sync_log.seen[i].busy);
	sync_forget();
	dma_fence_put(fence);
}

static void sync_import_is_the_exporters(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	struct gem_uma_mock *importer = gem_uma_mock_create(test, false);
	struct gem_uma_sync_range all = { 0, rig.size }, bad = { 1, rig.size };
	struct gem_uma_object_access access;
	struct object_import im;

	object_import_create(test, &im, importer, rig.uobj);
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_sync(im.uobj, all, GEM_UMA_SYNC_CLEAN));
	access = gem_uma_object_access_begin(im.uobj, bad, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, access.err, -EINVAL);
	access = gem_uma_object_access_begin(im.uobj, all, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, access.err, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&im.uobj->accesses), 1);
	gem_uma_object_access_end(&access);
	KUNIT_EXPECT_EQ(test, atomic_read(&im.uobj->accesses), 0);
	drm_gem_object_put(&im.uobj->base);
}

static void sync_of_purged_is_EFAULT(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	bool retained;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_advise(rig.uobj, false, &retained));
	object_evict_all(rig.mock);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_content(&rig.uobj->backing), GEM_UMA_CONTENT_PURGED);
	sync_forget();
	KUNIT_EXPECT_EQ(test, -EFAULT, sync_do(&rig, 0, 1, GEM_UMA_SYNC_CLEAN));
	KUNIT_EXPECT_EQ(test, sync_log.nr, 0);
}

/* No WC mapping where nobody would clean: the DMA API takes the device for coherent. */
static void sync_WC_of_a_driver_with_ops_is_EINVAL(struct kunit *test)
{
	struct gem_uma_device_config config = { .sync_ops = &sync_recorder };
	struct gem_uma_mock *mock = gem_uma_mock_alloc(test);
	struct gem_uma_object *uobj;

	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reclaim_device_init(&mock->udev));
	KUNIT_EXPECT_FALSE(test, mock->udev.coherent);
	KUNIT_EXPECT_PTR_EQ(test, mock->udev.sync_ops, &sync_recorder);
	uobj = gem_uma_object_create(&mock->udev, PAGE_SIZE, GEM_UMA_OBJECT_WC);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(uobj), -EINVAL);
	if (!IS_ERR(uobj))
		drm_gem_object_put(&uobj->base);
}

#if IS_ENABLED(CONFIG_X86_64) && IS_ENABLED(CONFIG_KPROBES)
/* What the instruction was used on. */
static struct sync_flushed {
	unsigned long addr, size;
} sync_flushed[2 * PAGES];
static unsigned int sync_nr_flushed;

/* One task flushes at a time. */
static int sync_see_flush(struct kprobe *probe, struct pt_regs *regs)
{
	if (sync_nr_flushed < ARRAY_SIZE(sync_flushed))
		sync_flushed[sync_nr_flushed] = (struct sync_flushed) { regs->di, regs->si };
	sync_nr_flushed++;
	return 0;
}

/* Each piece once, however it is synced: the instruction cleans and invalidates. */
static void sync_clflush_is_of_the_pieces_uma_A12(struct kunit *test)
{
	static const enum gem_uma_sync_op ops[] = {
		GEM_UMA_SYNC_CLEAN, GEM_UMA_SYNC_CLEAN_INVALIDATE,
	};
	struct sync_rig rig = sync_rig(test);
	unsigned int i;
	int ret;

	sync_write(test, &rig);
	rig.mock->udev.sync_ops = &gem_uma_sync_clflush_ops;
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		struct kprobe probe = {
			.symbol_name = "drm_clflush_virt_range", .pre_handler = sync_see_flush,
		};

		sync_nr_flushed = 0;
		KUNIT_ASSERT_EQ(test, 0, register_kprobe(&probe));
		ret = sync_do(&rig, PAGE_SIZE - 64, PAGE_SIZE, ops[i]);
		unregister_kprobe(&probe);
		KUNIT_EXPECT_EQ(test, ret, 0);
		KUNIT_ASSERT_EQ(test, sync_nr_flushed, 2);
		KUNIT_EXPECT_EQ(test, sync_flushed[0].addr,
				(unsigned long)phys_to_virt(sync_phys(test, &rig, PAGE_SIZE - 64)));
		KUNIT_EXPECT_EQ(test, sync_flushed[0].size, 64);
		KUNIT_EXPECT_EQ(test, sync_flushed[1].addr,
				(unsigned long)phys_to_virt(sync_phys(test, &rig, PAGE_SIZE)));
		KUNIT_EXPECT_EQ(test, sync_flushed[1].size, PAGE_SIZE - 64);
	}
}
#else
static void sync_clflush_is_of_the_pieces_uma_A12(struct kunit *test)
{
	kunit_skip(test, "needs x86, and kprobes");
}
#endif

static struct kunit_case gem_uma_sync_cases[] = {
	KUNIT_CASE(sync_clflush_is_of_the_pieces_uma_A12),
	KUNIT_CASE(sync_pieces_are_exact_uma_A4_A11),
	KUNIT_CASE(sync_bad_input_is_EINVAL),
	KUNIT_CASE(sync_has_nothing_to_do_uma_A3),
	KUNIT_CASE(sync_costs_what_the_range_is_uma_A11),
	KUNIT_CASE(sync_ends_when_killed_unless_it_must_finish),
	KUNIT_CASE(sync_invalidates_only_what_the_device_writes),
	KUNIT_CASE(sync_comes_with_addresses_uma_B4),
	KUNIT_CASE(sync_of_bounce_buffers_is_the_drivers),
	KUNIT_CASE(sync_random_ranges),
	KUNIT_CASE(sync_access_invalidates_and_cleans_uma_B3),
	KUNIT_CASE(sync_access_is_ended_once),
	KUNIT_CASE(sync_access_that_writes_is_known),
	KUNIT_CASE(sync_access_waits_for_jobs_first_uma_B2),
	KUNIT_CASE(sync_import_is_the_exporters),
	KUNIT_CASE(sync_of_purged_is_EFAULT),
	KUNIT_CASE(sync_WC_of_a_driver_with_ops_is_EINVAL),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_sync);
