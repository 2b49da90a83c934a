// SPDX-License-Identifier: GPL-2.0
/* Operations that give content up, and are made to fail. */
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/module.h>

#include <drm/drm_prime.h>

#include "gem_uma_inject.h"

#define DISCARD_START	3
#define DISCARD_PAGES	4

static void begin_filled(struct gem_uma_inject_rig *rig)
{
	gem_uma_mock_fill(rig->test, rig->uobj, rig->seed);
}

static int run_advise(struct gem_uma_inject_rig *rig)
{
	bool retained = false;
	int ret = gem_uma_object_advise(rig->uobj, false, &retained);

	KUNIT_EXPECT_EQ(rig->test, retained, !ret);
	KUNIT_EXPECT_EQ(rig->test, !ret,
			gem_uma_backing_content(&rig->uobj->backing) == GEM_UMA_CONTENT_PURGEABLE);
	return ret;
}

static void undo_advise(struct gem_uma_inject_rig *rig)
{
	bool retained;

	KUNIT_EXPECT_EQ(rig->test, 0, gem_uma_object_advise(rig->uobj, true, &retained));
	gem_uma_mock_expect_content(rig->test, rig->uobj, rig->seed);
}

static int run_discard(struct gem_uma_inject_rig *rig)
{
	return gem_uma_object_discard(rig->uobj, DISCARD_START * PAGE_SIZE,
				     DISCARD_PAGES * PAGE_SIZE);
}

/* Page tables in use at first, so that it has to come again. */
static int run_discard_again(struct gem_uma_inject_rig *rig)
{
	int ret;

	rig->mobj->busy = 2;
	ret = run_discard(rig);
	rig->mobj->busy = 0;
	return ret;
}

static void check_discard(struct gem_uma_inject_rig *rig)
{
	struct gem_uma_backing *b = &rig->uobj->backing;

	KUNIT_EXPECT_EQ(rig->test, gem_uma_backing_resident(b), INJECT_PAGES - DISCARD_PAGES);
	KUNIT_EXPECT_EQ(rig->test, gem_uma_backing_in_memory(b), INJECT_PAGES - DISCARD_PAGES);
}

static int run_purge_export(struct gem_uma_inject_rig *rig)
{
	rig->dmabuf = gem_uma_object_export(&rig->uobj->base, O_RDWR);
	return PTR_ERR_OR_ZERO(rig->dmabuf);
}

static void undo_purge_export(struct gem_uma_inject_rig *rig)
{
	dma_buf_put(rig->dmabuf);
	flush_delayed_fput();
}

const struct gem_uma_inject_row gem_uma_inject_purge_rows[GEM_UMA_INJECT_PURGE_ROWS] = {
	{
		.name = "advise", .covers = { "gem_uma_object_advise" },
		.size = INJECT_SIZE,
		.begin = begin_filled, .run = run_advise, .undo = undo_advise,
		.errnos = { -EINTR }, .calls = 1,
	}, {
		.name = "discard",
		.covers = { "gem_uma_object_discard", "gem_uma_object_discard_locked",
			    "gem_uma_backing_discard_locked" },
		.size = INJECT_SIZE,
		.begin = begin_filled, .run = run_discard, .check = check_discard,
		.errnos = { -ENOMEM, -EINTR },
		.changes = BIT(GEM_UMA_INJECT_MAPPED), .remains = GEM_UMA_INJECT_PAGES,
		.allocations = 1, .calls = 1,
	}, {
		.name = "discard_again", .covers = { "gem_uma_object_discard" },
		.size = INJECT_SIZE,
		.begin = begin_filled, .run = run_discard_again, .check = check_discard,
		.errnos = { -ERESTARTSYS, -ENOMEM, -EINTR },
		.changes = BIT(GEM_UMA_INJECT_MAPPED), .remains = GEM_UMA_INJECT_PAGES,
		.allocations = 1, .calls = 3,
	}, {
		.name = "purge_export",
		.covers = { "gem_uma_object_export", "gem_uma_object_share" },
		.size = INJECT_SIZE, .run = run_purge_export, .undo = undo_purge_export,
		.errnos = { -ENOMEM, -EAGAIN }, .allocations = 1, .calls = 2,
	},
};

MODULE_IMPORT_NS("DMA_BUF");
