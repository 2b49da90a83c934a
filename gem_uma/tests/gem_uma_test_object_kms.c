// SPDX-License-Identifier: GPL-2.0
/* Tests of what the turn-key object has for drivers with a display. */
#include <linux/completion.h>
#include <linux/dma-fence.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/sizes.h>

#include <drm/drm_file.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_mode.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_plane.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_object.h"

/* Bytes that the device's backend was told to handle. */
static struct {
	u64 cleaned, invalidated;
} kms_log;

static void kms_clean(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	kms_log.cleaned += piece->size;
}

static void kms_invalidate(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	kms_log.invalidated += piece->size;
}

static const struct gem_uma_sync_ops kms_sync_ops = {
	.clean = kms_clean, .invalidate = kms_invalidate,
};

/* A plane that shows a framebuffer of two objects, on a device that does not snoop. */
struct kms_rig {
	struct gem_uma_mock *mock;
	struct gem_uma_object *uobj[2];
	struct drm_framebuffer fb;
	struct gem_uma_object_plane_state state;
};

static struct kms_rig *kms_rig(struct kunit *test)
{
	struct kms_rig *rig = gem_uma_mock_zalloc(test, sizeof(*rig));
	unsigned int i;

	rig->mock = gem_uma_mock_create(test, false);
	rig->mock->udev.sync_ops = &kms_sync_ops;
	rig->mock->udev.coherent = false;
	rig->fb.format = drm_format_info(DRM_FORMAT_NV12);
	rig->fb.offsets[1] = 64;
	rig->state.shadow.base.fb = &rig->fb;
	for (i = 0; i < 2; i++) {
		rig->uobj[i] = &gem_uma_mock_object_create(test, rig->mock, SZ_16K, 0)->base;
		rig->fb.obj[i] = &rig->uobj[i]->base;
		KUNIT_ASSERT_EQ(test, 0, object_populate(rig->uobj[i], 0, SZ_16K));
	}
	memset(&kms_log, 0, sizeof(kms_log));
	return rig;
}

static void kms_expect_nothing_open(struct kunit *test, struct kms_rig *rig)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&rig->uobj[i]->accesses), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&rig->uobj[i]->backing.pins), 0);
		KUNIT_EXPECT_NULL(test, rig->state.transfers[i]);
		KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&rig->state.shadow.data[i]));
	}
}

struct kms_commit {
	struct kms_rig *rig;
	const struct iosys_map *data;
	struct completion done;
};

/* What signals fences takes no resv, as lockdep would tell. */
static int kms_commit_run(void *arg)
{
	struct kms_commit *commit = arg;
	bool cookie = dma_fence_begin_signalling();

	commit->data = gem_uma_object_plane_read(&commit->rig->state.shadow.base);
	dma_fence_end_signalling(cookie);
	complete(&commit->done);
	return 0;
}

/*
 * The caches are right when the addresses are there, and not before (uma-B2), although the
 * resvs are held by others, who may wait for the fence of the commit.
 */
static void kms_plane_is_read_without_a_resv(struct kunit *test)
{
	struct kms_rig *rig = kms_rig(test);
	struct kms_commit *commit = gem_uma_mock_zalloc(test, sizeof(*commit));
	struct task_struct *task;
	unsigned int i;

	init_completion(&commit->done);
	commit->rig = rig;
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_plane_begin(&rig->state));
	KUNIT_EXPECT_EQ(test, kms_log.invalidated, 0);
	scoped_guard(object, rig->uobj[0]) {
		task = kthread_run(kms_commit_run, commit, "gem-uma-commit");
		if (!IS_ERR(task))
			wait_for_completion(&commit->done);
	}
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_EXPECT_EQ(test, kms_log.invalidated, 2 * SZ_16K);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_PTR_EQ(test, commit->data[i].vaddr,
				    rig->state.shadow.map[i].vaddr + 64 * i);
		KUNIT_EXPECT_GT(test, atomic_read(&rig->uobj[i]->backing.pins), 0);
	}
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&commit->data[2]));
	gem_uma_object_plane_end(&rig->state);
	kms_expect_nothing_open(test, rig);
}

static void kms_plane_that_fails_to_begin_has_ended(struct kunit *test)
{
	struct kms_rig *rig = kms_rig(test);

	WRITE_ONCE(rig->uobj[1]->backing.content, GEM_UMA_CONTENT_PURGED);
	KUNIT_EXPECT_EQ(test, -EFAULT, gem_uma_object_plane_begin(&rig->state));
	kms_expect_nothing_open(test, rig);
	WRITE_ONCE(rig->uobj[1]->backing.content, GEM_UMA_CONTENT_NEEDED);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_plane_begin(&rig->state));
	gem_uma_object_plane_end(&rig->state);
	kms_expect_nothing_open(test, rig);
}

static void kms_plane_without_a_framebuffer(struct kunit *test)
{
	struct gem_uma_object_plane_state *state = gem_uma_mock_zalloc(test, sizeof(*state));

	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_plane_begin(state));
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(gem_uma_object_plane_read(&state->shadow.base)));
	gem_uma_object_plane_end(state);
}

/* As much of a file as handles need. */
static struct drm_file *kms_file(struct kunit *test)
{
	struct drm_file *file = gem_uma_mock_zalloc(test, sizeof(*file));

	idr_init_base(&file->object_idr, 1);
	spin_lock_init(&file->table_lock);
	mutex_init(&file->prime.lock);
	return file;
}

static void kms_dumb_is_as_large_as_the_picture_ports_G7(struct kunit *test)
{
	static const struct drm_mode_create_dumb cases[] = {
		{ .width = 1, .height = 1, .bpp = 32, .pitch = 64, .size = PAGE_SIZE },
		{ .width = 640, .height = 480, .bpp = 32, .pitch = 2560, .size = 300 * SZ_4K },
		{ .width = 33, .height = 64, .bpp = 16, .pitch = 128, .size = 2 * SZ_4K },
		{ .width = 65, .height = 1, .bpp = 8, .pitch = 128, .size = PAGE_SIZE },
	};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct drm_file *file = kms_file(test);
	struct drm_gem_object *obj;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_mode_create_dumb args = cases[i];

		KUNIT_ASSERT_EQ(test, 0, gem_uma_object_dumb_create(file, &mock->udev, &args));
		KUNIT_EXPECT_EQ(test, args.pitch, cases[i].pitch);
		KUNIT_EXPECT_EQ(test, args.size, PAGE_ALIGN(cases[i].size));
		obj = drm_gem_object_lookup(file, args.handle);
		KUNIT_ASSERT_NOT_NULL(test, obj);
		KUNIT_EXPECT_EQ(test, obj->size, args.size);
		KUNIT_EXPECT_EQ(test, gem_uma_object_rss(obj), 0);
		drm_gem_object_put(obj);
		KUNIT_EXPECT_EQ(test, 0, drm_gem_handle_delete(file, args.handle));
	}
	idr_destroy(&file->object_idr);
}

static void kms_dumb_that_is_too_large_is_EINVAL(struct kunit *test)
{
	static const struct drm_mode_create_dumb cases[] = {
		{ .width = 0, .height = 1, .bpp = 32 },
		{ .width = 1, .height = 0, .bpp = 32 },
		{ .width = U32_MAX, .height = 1, .bpp = 32 },
		{ .width = U32_MAX / 4, .height = 1, .bpp = 32 },
		{ .width = SZ_64K, .height = SZ_64K, .bpp = 32 },
		{ .width = SZ_64K / 4, .height = SZ_64K, .bpp = 32 },
		{ .width = SZ_64K / 4, .height = SZ_64K - 1, .bpp = 32, .size = 1 },
	};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct drm_file *file = kms_file(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_mode_create_dumb args = cases[i];

		/* The last one is the largest that there is. */
		if (args.size) {
			KUNIT_ASSERT_EQ(test, 0, gem_uma_object_dumb_create(file, &mock->udev,
									    &args));
			KUNIT_EXPECT_EQ(test, 0, drm_gem_handle_delete(file, args.handle));
			continue;
		}
		KUNIT_EXPECT_EQ(test, -EINVAL, gem_uma_object_dumb_create(file, &mock->udev,
									  &args));
		KUNIT_EXPECT_EQ(test, args.handle, 0);
	}
	KUNIT_EXPECT_TRUE(test, idr_is_empty(&file->object_idr));
	idr_destroy(&file->object_idr);
}

static void kms_dumb_is_write_combined_where_nobody_syncs(struct kunit *test)
{
	struct drm_mode_create_dumb args = { .width = 8, .height = 8, .bpp = 32 };
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct drm_file *file = kms_file(test);
	struct drm_gem_object *obj;

	mock->udev.coherent = false;
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_dumb_create(file, &mock->udev, &args));
	obj = drm_gem_object_lookup(file, args.handle);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, to_gem_uma_object(obj)->cpu_map.mode, GEM_UMA_CACHE_WC);
	drm_gem_object_put(obj);
	KUNIT_EXPECT_EQ(test, 0, drm_gem_handle_delete(file, args.handle));
	idr_destroy(&file->object_idr);
}

static void kms_print_info_tells_where_the_pages_are_ports_G9(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;
	char *text = gem_uma_mock_zalloc(test, 1024);
	struct drm_print_iterator iter = { .data = text, .remain = 1023 };
	struct drm_printer p = drm_coredump_printer(&iter);

	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_8K));
	KUNIT_ASSERT_PTR_EQ(test, uobj->base.funcs->print_info, &gem_uma_object_print_info);
	uobj->base.funcs->print_info(&p, 1, &uobj->base);
	KUNIT_EXPECT_STREQ(test, text,
			   "\tresident=8192\n"
			   "\tevicted=0\n"
			   "\tevictions=0\n"
			   "\tpins=0\n"
			   "\tmmaps=0\n"
			   "\tcached=yes\n");
}

/* What fdinfo and debugfs tell: pages in memory, and all of an import. */
static void kms_rss_follows_the_pages_ports_G9(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_object *uobj = &gem_uma_mock_object_create(test, mock, SZ_16K, 0)->base;

	gem_uma_mock_needs_swap(test);
	KUNIT_ASSERT_PTR_EQ(test, uobj->base.funcs->rss, &gem_uma_object_rss);
	KUNIT_EXPECT_EQ(test, uobj->base.funcs->rss(&uobj->base), 0);
	KUNIT_ASSERT_EQ(test, 0, object_populate(uobj, 0, SZ_8K));
	KUNIT_EXPECT_EQ(test, uobj->base.funcs->rss(&uobj->base), SZ_8K);
	object_evict_all(mock);
	KUNIT_EXPECT_EQ(test, uobj->base.funcs->rss(&uobj->base), 0);
}

static struct kunit_case gem_uma_object_kms_cases[] = {
	KUNIT_CASE(kms_plane_is_read_without_a_resv),
	KUNIT_CASE(kms_plane_that_fails_to_begin_has_ended),
	KUNIT_CASE(kms_plane_without_a_framebuffer),
	KUNIT_CASE(kms_dumb_is_as_large_as_the_picture_ports_G7),
	KUNIT_CASE(kms_dumb_that_is_too_large_is_EINVAL),
	KUNIT_CASE(kms_dumb_is_write_combined_where_nobody_syncs),
	KUNIT_CASE(kms_print_info_tells_where_the_pages_are_ports_G9),
	KUNIT_CASE(kms_rss_follows_the_pages_ports_G9),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_object_kms);
