// SPDX-License-Identifier: GPL-2.0
/* Tests of what the turn-key object has for drivers with a display. */
#include <linux/idr.h>
#include <linux/sizes.h>

#include <drm/drm_file.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem_atomic_helper.h>
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
	struct iosys_map map[2];
	struct drm_framebuffer fb;
	struct drm_shadow_plane_state state;
};

static struct kms_rig *kms_rig(struct kunit *test)
{
	struct kms_rig *rig = gem_uma_mock_zalloc(test, sizeof(*rig));
	unsigned int i;

	rig->mock = gem_uma_mock_create(test, false);
	rig->mock->udev.sync_ops = &kms_sync_ops;
	rig->mock->udev.coherent = false;
	rig->fb.format = drm_format_info(DRM_FORMAT_NV12);
	rig->state.base.fb = &rig->fb;
	for (i = 0; i < 2; i++) {
		rig->uobj[i] = &gem_uma_mock_object_create(test, rig->mock, SZ_16K, 0)->base;
		rig->fb.obj[i] = &rig->uobj[i]->base;
		KUNIT_ASSERT_EQ(test, 0, object_populate(rig->uobj[i], 0, SZ_16K));
		scoped_guard(object, rig->uobj[i])
			KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(rig->fb.obj[i],
								     &rig->map[i]));
		rig->state.data[i] = rig->map[i];
		iosys_map_incr(&rig->state.data[i], 64);
	}
	memset(&kms_log, 0, sizeof(kms_log));
	return rig;
}

static void kms_rig_fini(struct kms_rig *rig)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		scoped_guard(object, rig->uobj[i])
			gem_uma_object_vunmap(rig->fb.obj[i], &rig->map[i]);
}

static void kms_plane_access_syncs_before_it_gives_addresses(struct kunit *test)
{
	struct kms_rig *rig = kms_rig(test);
	unsigned int i;

	scoped_class(gem_uma_object_plane_access, access, &rig->state.base) {
		KUNIT_EXPECT_EQ(test, access.err, 0);
		KUNIT_EXPECT_EQ(test, kms_log.invalidated, 2 * SZ_16K);
		for (i = 0; i < 2; i++) {
			KUNIT_EXPECT_PTR_EQ(test, access.data[i].vaddr, rig->map[i].vaddr + 64);
			KUNIT_EXPECT_EQ(test, atomic_read(&rig->uobj[i]->accesses), 1);
		}
		KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&access.data[2]));
	}
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&rig->uobj[i]->accesses), 0);
	kms_rig_fini(rig);
}

static void kms_plane_access_that_fails_leaves_none_open(struct kunit *test)
{
	struct kms_rig *rig = kms_rig(test);
	struct gem_uma_object_plane_access access;

	WRITE_ONCE(rig->uobj[1]->backing.content, GEM_UMA_CONTENT_PURGED);
	access = gem_uma_object_plane_access_begin(&rig->state.base);
	KUNIT_EXPECT_EQ(test, access.err, -EFAULT);
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&access.data[0]));
	KUNIT_EXPECT_EQ(test, atomic_read(&rig->uobj[0]->accesses), 0);
	gem_uma_object_plane_access_end(&access);
	KUNIT_EXPECT_EQ(test, atomic_read(&rig->uobj[0]->accesses), 0);
	WRITE_ONCE(rig->uobj[1]->backing.content, GEM_UMA_CONTENT_NEEDED);
	kms_rig_fini(rig);
}

static void kms_plane_access_without_a_framebuffer(struct kunit *test)
{
	struct drm_shadow_plane_state *state = gem_uma_mock_zalloc(test, sizeof(*state));
	struct gem_uma_object_plane_access access;

	access = gem_uma_object_plane_access_begin(&state->base);
	KUNIT_EXPECT_EQ(test, access.err, 0);
	KUNIT_EXPECT_TRUE(test, iosys_map_is_null(&access.data[0]));
	gem_uma_object_plane_access_end(&access);
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

static void kms_dumb_is_as_large_as_the_picture(struct kunit *test)
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

static void kms_print_info_tells_where_the_pages_are(struct kunit *test)
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

static struct kunit_case gem_uma_object_kms_cases[] = {
	KUNIT_CASE(kms_plane_access_syncs_before_it_gives_addresses),
	KUNIT_CASE(kms_plane_access_that_fails_leaves_none_open),
	KUNIT_CASE(kms_plane_access_without_a_framebuffer),
	KUNIT_CASE(kms_dumb_is_as_large_as_the_picture),
	KUNIT_CASE(kms_dumb_that_is_too_large_is_EINVAL),
	KUNIT_CASE(kms_dumb_is_write_combined_where_nobody_syncs),
	KUNIT_CASE(kms_print_info_tells_where_the_pages_are),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_object_kms);
