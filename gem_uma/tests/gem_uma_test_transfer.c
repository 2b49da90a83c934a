// SPDX-License-Identifier: GPL-2.0
/* Tests of transfers. */
#include <linux/kthread.h>

#include <drm/gem_uma/gem_uma_transfer.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_sync.h"

/* Pages that the device may write, that it only reads, and that it has no address of. */
static const char transfer_pages[PAGES] = { 'w', 'w', 'r', '-', 'r', 'w', '-', 'w' };

static struct gem_uma_transfer *transfer_create(struct sync_rig *rig, u64 offset, u64 size)
{
	struct gem_uma_sync_range range = { offset, size };

	guard(object)(rig->uobj);
	return gem_uma_transfer_create_locked(&rig->uobj->cpu_map, &rig->uobj->dev_map, range);
}

static struct sync_rig transfer_rig(struct kunit *test, bool bounce)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	pgoff_t i;

	rig.mock->udev.coherent = bounce;
	rig.mock->udev.allow_bounce = bounce;
	for (i = 0; i < PAGES; i++) {
		if (transfer_pages[i] == '-')
			continue;
		KUNIT_ASSERT_EQ(test, 0,
				object_populate_dir(rig.uobj, i * PAGE_SIZE, PAGE_SIZE,
						    transfer_pages[i] == 'r' ? DMA_TO_DEVICE :
									       DMA_BIDIRECTIONAL));
	}
	sync_forget();
	return rig;
}

/* Each page of [first, end) that has one of these letters, with these operations. */
static void transfer_expect(struct kunit *test, struct sync_rig *rig, pgoff_t first, pgoff_t end,
			    const char *letters, const char *ops)
{
	unsigned int i = 0;
	const char *op;
	pgoff_t at;

	for (at = first; at < end; at++) {
		if (!strchr(letters, transfer_pages[at]))
			continue;
		for (op = ops; *op; op++)
			sync_expect_one(test, rig, &i, *op, at * PAGE_SIZE, PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, sync_log.nr, i);
	sync_forget();
}

/* What bounces is not cleaned behind the job: its page is older than the bounce buffer. */
static void transfer_is_exact_virtio_L3(struct kunit *test)
{
	static const struct { pgoff_t first, end; } ranges[] = {
		{ 0, PAGES }, { 1, 3 }, { 2, 5 }, { 7, 8 },
	};
	unsigned int i, bounce;

	for (bounce = 0; bounce < 2; bounce++) {
		struct sync_rig rig = transfer_rig(test, bounce);

		for (i = 0; i < ARRAY_SIZE(ranges); i++) {
			pgoff_t first = ranges[i].first, end = ranges[i].end;
			struct gem_uma_transfer *transfer =
				transfer_create(&rig, first * PAGE_SIZE + 1,
						(end - first) * PAGE_SIZE - 1);

			KUNIT_ASSERT_NOT_ERR_OR_NULL(test, transfer);
			gem_uma_transfer_to_device(transfer);
			transfer_expect(test, &rig, first, end, "wr", "c");
			gem_uma_transfer_to_cpu(transfer);
			transfer_expect(test, &rig, first, end, "w", bounce ? "i" : "ci");
			gem_uma_transfer_destroy(transfer);
			KUNIT_EXPECT_EQ(test, sync_log.nr, 0);
		}
	}
}

/* One run of pages that the device may write up to some page, and only reads from there. */
static void transfer_splits_a_run_where_writes_end(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	struct gem_uma_transfer *transfer;
	unsigned int i;
	u64 at = 0;

	KUNIT_ASSERT_EQ(test, 0, object_populate_clean(rig.uobj, 0, rig.size));
	KUNIT_ASSERT_EQ(test, 0, object_populate(rig.uobj, 0, 3 * PAGE_SIZE));
	transfer = transfer_create(&rig, 0, rig.size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, transfer);
	for (i = 0; i < transfer->nr; i++) {
		KUNIT_EXPECT_EQ(test, transfer->pieces[i].sync.offset, at);
		KUNIT_EXPECT_EQ(test, transfer->pieces[i].write, at < 3 * PAGE_SIZE);
		at += transfer->pieces[i].sync.size;
		if (!transfer->pieces[i].write)
			continue;
		KUNIT_EXPECT_LE(test, at, 3 * PAGE_SIZE);
	}
	KUNIT_EXPECT_EQ(test, at, rig.size);
	gem_uma_transfer_destroy(transfer);
}

static void transfer_of_nothing_is_NULL(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	struct gem_uma_cpu_map wc = { .mode = GEM_UMA_CACHE_WC };
	struct gem_uma_sync_range all = { 0, rig.size };

	KUNIT_EXPECT_NULL(test, transfer_create(&rig, 0, rig.size));
	sync_map_page(test, &rig, 0);
	KUNIT_EXPECT_NULL(test, transfer_create(&rig, PAGE_SIZE, PAGE_SIZE));
	scoped_guard(object, rig.uobj)
		KUNIT_EXPECT_NULL(test, gem_uma_transfer_create_locked(&wc, &rig.uobj->dev_map,
								       all));
	rig.mock->udev.coherent = true;
	KUNIT_EXPECT_NULL(test, transfer_create(&rig, 0, rig.size));
	rig.mock->udev.coherent = false;
	gem_uma_transfer_destroy(NULL);
}

static void transfer_bad_range_is_EINVAL(struct kunit *test)
{
	struct sync_rig rig = transfer_rig(test, false);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(transfer_create(&rig, 0, 0)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(transfer_create(&rig, 1, rig.size)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(transfer_create(&rig, PAGE_SIZE, U64_MAX)), -EINVAL);
}

static void transfer_of_the_killed_is_EINTR(struct kunit *test)
{
	struct sync_rig rig = transfer_rig(test, false);
	struct gem_uma_transfer *transfer;

	gem_uma_mock_set_killed(true);
	transfer = transfer_create(&rig, 0, rig.size);
	gem_uma_mock_set_killed(false);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(transfer), -EINTR);
}

struct transfer_job {
	struct gem_uma_transfer *transfer;
	struct completion done;
};

static int transfer_run(void *data)
{
	struct transfer_job *job = data;
	bool cookie = dma_fence_begin_signalling();

	gem_uma_transfer_to_device(job->transfer);
	gem_uma_transfer_to_cpu(job->transfer);
	dma_fence_end_signalling(cookie);
	complete(&job->done);
	return 0;
}

/* The job ends while somebody who waits for it holds the resv. */
static void transfer_takes_no_resv_virtio_L3(struct kunit *test)
{
	struct sync_rig rig = transfer_rig(test, false);
	struct transfer_job *job = gem_uma_mock_zalloc(test, sizeof(*job));
	struct task_struct *task;

	init_completion(&job->done);
	job->transfer = transfer_create(&rig, 0, rig.size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, job->transfer);
	scoped_guard(object, rig.uobj) {
		task = kthread_run(transfer_run, job, "gem-uma-transfer");
		if (!IS_ERR(task))
			wait_for_completion(&job->done);
	}
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, task);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 6 + 2 * 4);
	gem_uma_transfer_destroy(job->transfer);
}

static void transfer_keeps_the_object(struct kunit *test)
{
	struct sync_rig rig = transfer_rig(test, false);
	struct gem_uma_transfer *transfer = transfer_create(&rig, 0, rig.size);
	unsigned int refs = kref_read(&rig.uobj->base.refcount);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, transfer);
	gem_uma_transfer_destroy(transfer);
	KUNIT_EXPECT_EQ(test, kref_read(&rig.uobj->base.refcount), refs - 1);
}

static struct kunit_case gem_uma_transfer_cases[] = {
	KUNIT_CASE(transfer_is_exact_virtio_L3),
	KUNIT_CASE(transfer_splits_a_run_where_writes_end),
	KUNIT_CASE(transfer_of_nothing_is_NULL),
	KUNIT_CASE(transfer_bad_range_is_EINVAL),
	KUNIT_CASE(transfer_of_the_killed_is_EINTR),
	KUNIT_CASE(transfer_takes_no_resv_virtio_L3),
	KUNIT_CASE(transfer_keeps_the_object),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_transfer);
