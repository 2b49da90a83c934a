// SPDX-License-Identifier: GPL-2.0
/* Tests of the numbers: per-file counters, fdinfo, labels, debugfs. */
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/umh.h>

#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_stats.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_object.h"

/* All counters of a file, in pages. */
struct stats_numbers {
	s64 total;
	s64 shared;
	s64 resident;
	s64 evicted;
	s64 evicted_total;
	s64 restored_total;
};

static void stats_expect(struct kunit *test, struct gem_uma_client *client,
			 struct stats_numbers n)
{
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->total), n.total << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->shared), n.shared << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->resident), n.resident << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->evicted), n.evicted << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->evicted_total),
			n.evicted_total << PAGE_SHIFT);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->restored_total),
			n.restored_total << PAGE_SHIFT);
}

static void stats_populate(struct kunit *test, struct gem_uma_object *uobj, u64 size)
{
	dma_resv_lock(uobj->base.resv, NULL);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_populate_locked(uobj, 0, size, DMA_TO_DEVICE));
	dma_resv_unlock(uobj->base.resv);
}

static void stats_open(struct kunit *test, struct gem_uma_client *client,
		       struct gem_uma_object *uobj)
{
	KUNIT_ASSERT_EQ(test, 0, gem_uma_client_open(client, &uobj->files));
}

static void stats_evict_all(struct gem_uma_mock *mock)
{
	gem_uma_reclaim_device_run(&mock->udev, ULONG_MAX);
}

static void stats_open_and_close_balance_panthor_24(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *a = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	struct gem_uma_object *b = &gem_uma_mock_object_create(test, mock, SZ_32K, 0)->base;
	struct gem_uma_client client = {};

	stats_populate(test, b, 3 * PAGE_SIZE);
	stats_expect(test, &client, (struct stats_numbers) {});
	stats_open(test, &client, a);
	stats_expect(test, &client, (struct stats_numbers) { .total = 4 });
	stats_open(test, &client, b);
	stats_expect(test, &client, (struct stats_numbers) { .total = 12, .resident = 3 });
	gem_uma_client_close(&client, &a->files);
	stats_expect(test, &client, (struct stats_numbers) { .total = 8, .resident = 3 });
	gem_uma_client_close(&client, &b->files);
	stats_expect(test, &client, (struct stats_numbers) {});
}

static void stats_two_handles_of_a_file_count_once(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	struct gem_uma_client client = {};

	stats_open(test, &client, uobj);
	stats_open(test, &client, uobj);
	stats_expect(test, &client, (struct stats_numbers) { .total = 4 });
	KUNIT_EXPECT_EQ(test, uobj->files.nr, 1);
	gem_uma_client_close(&client, &uobj->files);
	stats_expect(test, &client, (struct stats_numbers) { .total = 4 });
	gem_uma_client_close(&client, &uobj->files);
	stats_expect(test, &client, (struct stats_numbers) {});
	KUNIT_EXPECT_EQ(test, uobj->files.nr, 0);
}

static void stats_shared_by_files_until_one_is_left(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	const struct stats_numbers alone = { .total = 4, .resident = 4 };
	const struct stats_numbers together = { .total = 4, .shared = 4, .resident = 4 };
	struct gem_uma_client client[3] = {};
	unsigned int i;

	stats_populate(test, uobj, SZ_16K);
	stats_open(test, &client[0], uobj);
	stats_expect(test, &client[0], alone);
	stats_open(test, &client[1], uobj);
	stats_open(test, &client[2], uobj);
	for (i = 0; i < 3; i++)
		stats_expect(test, &client[i], together);
	gem_uma_client_close(&client[1], &uobj->files);
	stats_expect(test, &client[0], together);
	stats_expect(test, &client[1], (struct stats_numbers) {});
	stats_expect(test, &client[2], together);
	gem_uma_client_close(&client[0], &uobj->files);
	stats_expect(test, &client[0], (struct stats_numbers) {});
	stats_expect(test, &client[2], alone);
	gem_uma_client_close(&client[2], &uobj->files);
	stats_expect(test, &client[2], (struct stats_numbers) {});
}

/* Evicted and restored by whoever: the files are told at once. */
static void stats_follow_eviction_and_restore_panthor_24(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_32K, 0)->base;
	struct gem_uma_client early = {}, late = {};

	gem_uma_mock_needs_swap(test);
	stats_open(test, &early, uobj);
	gem_uma_mock_fill(test, uobj, 1);
	stats_expect(test, &early, (struct stats_numbers) { .total = 8, .resident = 8 });
	stats_evict_all(mock);
	stats_expect(test, &early, (struct stats_numbers) {
			.total = 8, .evicted = 8, .evicted_total = 8 });
	stats_open(test, &late, uobj);
	stats_expect(test, &late, (struct stats_numbers) {
			.total = 8, .shared = 8, .evicted = 8 });
	stats_populate(test, uobj, 2 * PAGE_SIZE);
	stats_expect(test, &early, (struct stats_numbers) {
			.total = 8, .shared = 8, .resident = 2, .evicted = 6,
			.evicted_total = 8, .restored_total = 2 });
	stats_expect(test, &late, (struct stats_numbers) {
			.total = 8, .shared = 8, .resident = 2, .evicted = 6,
			.restored_total = 2 });
	/* What a file caused stays with it. */
	gem_uma_client_close(&early, &uobj->files);
	stats_expect(test, &early, (struct stats_numbers) {
			.evicted_total = 8, .restored_total = 2 });
	gem_uma_client_close(&late, &uobj->files);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 8);
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.restored_pages), 2);
}

/* Changes while nobody looks are not told to the next who comes. */
static void stats_changes_without_files_are_not_counted(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	struct gem_uma_client client = {};

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, uobj, 1);
	stats_evict_all(mock);
	stats_populate(test, uobj, SZ_16K);
	stats_open(test, &client, uobj);
	stats_expect(test, &client, (struct stats_numbers) { .total = 4, .resident = 4 });
	stats_evict_all(mock);
	stats_expect(test, &client, (struct stats_numbers) {
			.total = 4, .evicted = 4, .evicted_total = 4 });
	gem_uma_client_close(&client, &uobj->files);
}

/* The system drops clean pages and tells nobody; the next scan finds out. */
static void stats_follow_the_loss_of_clean_pages(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_32K, 0)->base;
	struct gem_uma_client client = {};

	gem_uma_mock_needs_swap(test);
	stats_open(test, &client, uobj);
	scoped_guard(gem_uma_resv, uobj->base.resv) {
		KUNIT_ASSERT_EQ(test, gem_uma_backing_populate_locked(&uobj->backing, 0, 8), 0);
		gem_uma_backing_mark_dirty_locked(&uobj->backing, 0, 2);
		KUNIT_ASSERT_EQ(test, uobj->reclaim.ops->evict(&uobj->reclaim, ULONG_MAX), 8);
		gem_uma_object_update_locked(uobj);
	}
	gem_uma_mock_drop_clean(uobj);
	KUNIT_ASSERT_EQ(test, gem_uma_backing_in_memory(&uobj->backing), 2);
	gem_uma_reclaim_device_run(&mock->udev, 2);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(&uobj->backing), 2);
	stats_expect(test, &client, (struct stats_numbers) {
			.total = 8, .evicted = 2, .evicted_total = 8 });
	gem_uma_client_close(&client, &uobj->files);
}

/* Evicted so often that the counter is full: still evicted, and still counted as such. */
static void stats_full_counter_of_evictions_stays_panthor_25(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;

	gem_uma_mock_needs_swap(test);
	gem_uma_mock_fill(test, uobj, 1);
	uobj->backing.evictions = U32_MAX;
	stats_evict_all(mock);
	KUNIT_EXPECT_EQ(test, uobj->backing.evictions, U32_MAX);
	KUNIT_EXPECT_EQ(test, gem_uma_backing_evicted(&uobj->backing), 4);
}

static void stats_label_is_checked(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	char *text = gem_uma_mock_zalloc(test, GEM_UMA_LABEL_MAX + 1);
	unsigned int c;

	memset(text, 'x', GEM_UMA_LABEL_MAX + 1);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_set_label(uobj, "scanout 0", 9));
	KUNIT_EXPECT_STREQ(test, uobj->label, "scanout 0");

	KUNIT_EXPECT_EQ(test, -E2BIG,
			gem_uma_object_set_label(uobj, text, GEM_UMA_LABEL_MAX + 1));
	KUNIT_EXPECT_EQ(test, -E2BIG, gem_uma_object_set_label(uobj, text, SIZE_MAX));
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_set_label(uobj, NULL, 1));
	for (c = 0; c < 0x20; c++) {
		text[3] = c;
		KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_set_label(uobj, text, 8));
	}
	text[3] = 0x7f;
	KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_set_label(uobj, text, 8));
	/* Refused is not changed. */
	KUNIT_EXPECT_STREQ(test, uobj->label, "scanout 0");

	text[3] = 'x';
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_set_label(uobj, text, GEM_UMA_LABEL_MAX));
	KUNIT_EXPECT_EQ(test, strlen(uobj->label), GEM_UMA_LABEL_MAX);
	/* Not terminated: only so many bytes are looked at. */
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_set_label(uobj, "ab\ncd", 2));
	KUNIT_EXPECT_STREQ(test, uobj->label, "ab");
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_set_label(uobj, "", 0));
	KUNIT_EXPECT_STREQ(test, uobj->label, "");
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_set_label(uobj, NULL, 0));
	KUNIT_EXPECT_NULL(test, uobj->label);
}

static void stats_fdinfo_text(struct kunit *test)
{
	char *text = gem_uma_mock_zalloc(test, 1024);
	struct drm_print_iterator iter = { .data = text, .remain = 1023 };
	struct drm_printer p = drm_coredump_printer(&iter);
	struct gem_uma_client client = {
		.total = ATOMIC64_INIT(1000 * SZ_1K),
		.shared = ATOMIC64_INIT(200 * SZ_1K),
		.resident = ATOMIC64_INIT(30 * SZ_1K),
		.evicted = ATOMIC64_INIT(4 * SZ_1K),
		.evicted_total = ATOMIC64_INIT(5 * (s64)SZ_1G),
		.restored_total = ATOMIC64_INIT(6 * SZ_1K),
	};

	gem_uma_client_show_fdinfo(&client, "mock", &p);
	KUNIT_EXPECT_STREQ(test, text,
			   "drm-total-memory:\t1000 KiB\n"
			   "drm-shared-memory:\t200 KiB\n"
			   "drm-resident-memory:\t30 KiB\n"
			   "drm-purgeable-memory:\t0 KiB\n"
			   "mock-evicted-memory:\t4 KiB\n"
			   "mock-evicted-total:\t5242880 KiB\n"
			   "mock-restored-total:\t6 KiB\n");
}

/*
 * Files as user space sees them, by a shell of its own: a kernel thread need not see any
 * file system. $1 is the file, $2 what the command is about.
 */
static int stats_debugfs(struct gem_uma_mock *mock, const char *command, const char *name,
			 const char *text)
{
	char path[96];
	char *argv[] = { "/bin/sh", "-c", (char *)command, "sh", path, (char *)text, NULL };
	char *envp[] = { "PATH=/bin:/usr/bin", NULL };

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/%s", mock->drm.unique, name);
	return call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC);
}

static void stats_debugfs_create(struct kunit *test, struct gem_uma_mock *mock)
{
	if (!IS_ERR_OR_NULL(mock->drm.debugfs_root))
		gem_uma_stats_debugfs_init(&mock->udev);
	if (stats_debugfs(mock, "test -e \"$1\"", "gems", ""))
		kunit_skip(test, "needs a user space with debugfs");
}

/*
 * The first %s heads the last columns, each other one this thread as the creator. A
 * line without a label ends in a space. b has been given another creator.
 */
static const char stats_gems_text[] =
	"size-KiB resident  evicted evictions pins mmaps files flags %s\n"
	"      16       16        0         0    1     1     0 ---   -             %-24s\x20\n"
	"      32        8       24         1    0     0     1 ---   evicted       %s frame\n"
	"      16       16        0         0    0     0     0 ---   purgeable     %-24s\x20\n"
	"      16       16        0         0    0     0     0 i--   -             %-24s there\n"
	"resident 40 KiB, evicted so far 32 KiB, restored so far 8 KiB";

/* The text as it is for objects that this thread created. */
static const char *stats_gems_expected(struct kunit *test)
{
	char *text = gem_uma_mock_zalloc(test, 1024);
	char me[40];

	snprintf(me, sizeof(me), "%d:%s", task_tgid_nr(current), current->comm);
	KUNIT_ASSERT_LT(test, snprintf(text, 1024, stats_gems_text,
				       "state         creator                  label", me,
				       "7:a\\040b\\134\\012\\344\\303", me, me), 1024);
	return text;
}

static void stats_gems_lists_all_objects_panthor_83(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *a = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	struct gem_uma_object *b = &gem_uma_mock_object_create(test, mock, SZ_32K, 0)->base;
	struct gem_uma_mock *exporter = gem_uma_mock_create(test, false);
	struct gem_uma_object *c, *there;
	struct gem_uma_client client = {};
	struct object_import im;
	bool retained;

	gem_uma_mock_needs_swap(test);
	stats_debugfs_create(test, mock);
	gem_uma_mock_fill(test, b, 1);
	stats_evict_all(mock);
	stats_populate(test, b, 2 * PAGE_SIZE);
	stats_open(test, &client, b);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_set_label(b, "frame", 5));
	/* As of a process that chose its name badly. */
	b->creator = (struct gem_uma_object_creator) { 7, "a b\\\n\xe4\xc3" };
	scoped_guard(gem_uma_resv, a->base.resv)
		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_pin(&a->base));
	gem_uma_mock_mmap(test, &a->base, SZ_16K, 0);
	c = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	gem_uma_mock_fill(test, c, 2);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_advise(c, false, &retained));
	there = &gem_uma_mock_object_create(test, exporter, SZ_16K, 0)->base;
	object_import_create(test, &im, mock, there);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_set_label(im.uobj, "there", 5));

	KUNIT_EXPECT_EQ(test, 0,
			stats_debugfs(mock, "test \"$(cat \"$1\")\" = \"$2\"", "gems",
				      stats_gems_expected(test)));
	drm_gem_object_put(&im.uobj->base);
	scoped_guard(gem_uma_resv, a->base.resv)
		gem_uma_object_unpin(&a->base);
	gem_uma_client_close(&client, &b->files);
}

static void stats_shrink_evicts_as_many_pages(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj[3];
	static const char write[] = "echo \"$2\" >\"$1\"";
	unsigned int i;

	gem_uma_mock_needs_swap(test);
	stats_debugfs_create(test, mock);
	for (i = 0; i < ARRAY_SIZE(uobj); i++) {
		uobj[i] = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
		gem_uma_mock_fill(test, uobj[i], i);
	}
	KUNIT_EXPECT_EQ(test, 0, stats_debugfs(mock, write, "shrink", "5"));
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 8);
	KUNIT_EXPECT_NE(test, 0, stats_debugfs(mock, write, "shrink", "five"));
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 8);
	KUNIT_EXPECT_EQ(test, 0, stats_debugfs(mock, write, "shrink",
					       "18446744073709551615"));
	KUNIT_EXPECT_EQ(test, atomic64_read(&mock->udev.evicted_pages), 12);
}

static struct kunit_case gem_uma_stats_cases[] = {
	KUNIT_CASE(stats_open_and_close_balance_panthor_24),
	KUNIT_CASE(stats_two_handles_of_a_file_count_once),
	KUNIT_CASE(stats_shared_by_files_until_one_is_left),
	KUNIT_CASE(stats_follow_eviction_and_restore_panthor_24),
	KUNIT_CASE(stats_changes_without_files_are_not_counted),
	KUNIT_CASE(stats_follow_the_loss_of_clean_pages),
	KUNIT_CASE(stats_full_counter_of_evictions_stays_panthor_25),
	KUNIT_CASE(stats_label_is_checked),
	KUNIT_CASE(stats_fdinfo_text),
	KUNIT_CASE(stats_gems_lists_all_objects_panthor_83),
	KUNIT_CASE(stats_shrink_evicts_as_many_pages),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_stats);
