// SPDX-License-Identifier: GPL-2.0
/* Who does what when: the table that the manual shows, row by row. */
#include <drm/gem_uma/gem_uma_transfer.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_sync.h"

/* A kind of device, and of buffer. */
enum sync_kind { SYNC_SNOOPS, SYNC_CACHED, SYNC_WC, SYNC_ALLOWS_WC, SYNC_BOUNCES, SYNC_KINDS };

static const struct gem_uma_sync_range sync_page = { .size = PAGE_SIZE };

static void sync_does_map(struct kunit *test, struct sync_rig *rig)
{
	scoped_guard(object, rig->uobj)
		gem_uma_dev_map_drop_locked(&rig->uobj->dev_map);
	sync_forget();
	sync_map_page(test, rig, 0);
}

static void sync_does_not_write(struct kunit *test, struct sync_rig *rig)
{
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_sync(rig->uobj, sync_page, GEM_UMA_SYNC_CLEAN));
}

static void sync_does_clean(struct kunit *test, struct sync_rig *rig)
{
	sync_write(test, rig);
	sync_does_not_write(test, rig);
}

static void sync_does_invalidate(struct kunit *test, struct sync_rig *rig)
{
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_sync(rig->uobj, sync_page,
						     GEM_UMA_SYNC_CLEAN_INVALIDATE));
}

static void sync_does_begin(struct kunit *test, struct sync_rig *rig)
{
	struct gem_uma_object_access access;
	unsigned int nr;

	access = gem_uma_object_access_begin(rig->uobj, sync_page, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, access.err);
	nr = sync_log.nr;
	gem_uma_object_access_end(&access);
	/* What was only read needs nothing at the end. */
	KUNIT_EXPECT_EQ(test, nr, sync_log.nr);
}

static void sync_does_end(struct kunit *test, struct sync_rig *rig)
{
	struct gem_uma_object_access access;

	access = gem_uma_object_access_begin(rig->uobj, sync_page, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, 0, access.err);
	sync_forget();
	gem_uma_object_access_end(&access);
}

static struct gem_uma_transfer *sync_transfer(struct kunit *test, struct sync_rig *rig)
{
	struct gem_uma_transfer *transfer;

	scoped_guard(object, rig->uobj)
		transfer = gem_uma_transfer_create_locked(&rig->uobj->cpu_map,
							  &rig->uobj->dev_map, sync_page);
	KUNIT_EXPECT_EQ(test, 0, PTR_ERR_OR_ZERO(transfer));
	return transfer;
}

static void sync_does_to_device(struct kunit *test, struct sync_rig *rig)
{
	struct gem_uma_transfer *transfer = sync_transfer(test, rig);

	if (!IS_ERR_OR_NULL(transfer)) {
		gem_uma_transfer_to_device(transfer);
		gem_uma_transfer_destroy(transfer);
	}
}

static void sync_does_to_cpu(struct kunit *test, struct sync_rig *rig)
{
	struct gem_uma_transfer *transfer = sync_transfer(test, rig);

	if (!IS_ERR_OR_NULL(transfer)) {
		gem_uma_transfer_to_cpu(transfer);
		gem_uma_transfer_destroy(transfer);
	}
}

static void sync_does_drop(struct kunit *test, struct sync_rig *rig)
{
	scoped_guard(object, rig->uobj)
		gem_uma_dev_map_drop_locked(&rig->uobj->dev_map);
}

/*
 * c: clean, i: invalidate, of a page that the device may write. The manual has these rows:
 * scripts/check-sync-table.py --write.
 */
static const struct sync_truth {
	const char *what;
	void (*happens)(struct kunit *test, struct sync_rig *rig);
	const char *ops[SYNC_KINDS];
} sync_truths[] = {
	{ "a page is mapped for the device", sync_does_map, { "", "c", "c", "", "c" } },
	{ "BO_SYNC: CLEAN, the CPU wrote", sync_does_clean, { "", "c", "", "", "" } },
	{ "BO_SYNC: CLEAN, it did not", sync_does_not_write, { "", "", "", "", "" } },
	{ "BO_SYNC: CLEAN_INVALIDATE", sync_does_invalidate, { "", "ci", "", "", "" } },
	{ "the kernel begins an access", sync_does_begin, { "", "ci", "", "", "" } },
	{ "the kernel ends one that wrote", sync_does_end, { "", "c", "", "", "" } },
	{ "a transfer to the device", sync_does_to_device, { "", "c", "", "", "c" } },
	{ "a transfer to the CPU", sync_does_to_cpu, { "", "ci", "", "", "i" } },
	{ "the addresses are taken away", sync_does_drop, { "", "ci", "ci", "", "" } },
};

static struct sync_rig sync_rig_kind(struct kunit *test, enum sync_kind kind)
{
	struct sync_rig rig = { .mock = gem_uma_mock_create(test, false), .size = PAGE_SIZE };
	struct gem_uma_device *udev = &rig.mock->udev;
	bool wc = kind == SYNC_WC || kind == SYNC_ALLOWS_WC;

	udev->coherent = kind == SYNC_SNOOPS || kind == SYNC_BOUNCES;
	udev->allow_bounce = kind == SYNC_BOUNCES;
	udev->allow_wc = kind == SYNC_ALLOWS_WC;
	rig.uobj = &gem_uma_mock_object_create(test, rig.mock, PAGE_SIZE,
					       wc ? GEM_UMA_OBJECT_WC : 0)->base;
	KUNIT_EXPECT_EQ(test, rig.uobj->cpu_map.mode == GEM_UMA_CACHE_WC, wc);
	/* Later: a driver with operations of its own has no use of WC. */
	udev->sync_ops = &sync_recorder;
	sync_map_page(test, &rig, 0);
	sync_forget();
	return rig;
}

static void sync_table_is_true(struct kunit *test)
{
	char seen[SEEN + 1];
	unsigned int i, kind, nr, n;

	for (i = 0; i < ARRAY_SIZE(sync_truths); i++) {
		for (kind = 0; kind < SYNC_KINDS; kind++) {
			struct sync_rig rig;

			if (kind == SYNC_ALLOWS_WC && !IS_ENABLED(CONFIG_X86_64))
				continue;
			rig = sync_rig_kind(test, kind);
			sync_truths[i].happens(test, &rig);
			for (nr = 0, n = 0; n < sync_log.nr && n < SEEN; n++)
				if (sync_log.seen[n].what != 'u')
					seen[nr++] = sync_log.seen[n].what;
			seen[nr] = '\0';
			KUNIT_EXPECT_STREQ_MSG(test, seen, sync_truths[i].ops[kind], "%s, kind %u",
					       sync_truths[i].what, kind);
		}
	}
}

static struct kunit_case gem_uma_sync_table_cases[] = {
	KUNIT_CASE(sync_table_is_true),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_sync_table);
