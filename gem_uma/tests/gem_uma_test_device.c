// SPDX-License-Identifier: GPL-2.0
/* Tests of the device part. */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>

#include "gem_uma_mock.h"

static void device_init_learns_the_facts(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct gem_uma_device *udev = &mock->udev;

	KUNIT_EXPECT_PTR_EQ(test, udev->drm, &mock->drm);
	KUNIT_EXPECT_PTR_EQ(test, udev->dma_dev, mock->drm.dev);
	KUNIT_EXPECT_NULL(test, udev->huge_mnt);
	KUNIT_EXPECT_FALSE(test, udev->allow_bounce);
	KUNIT_EXPECT_FALSE(test, udev->unplugged);
	KUNIT_EXPECT_TRUE(test, list_empty(&udev->objects));
	KUNIT_EXPECT_EQ(test, atomic_long_read(&udev->resident_pages), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&udev->evicted_pages), 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&udev->restored_pages), 0);
}

static void device_pages_never_set_up_the_oom_killer(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);

	KUNIT_EXPECT_TRUE(test, mock->udev.gfp & __GFP_RETRY_MAYFAIL);
	/* Held pages cannot move. */
	KUNIT_EXPECT_FALSE(test, mock->udev.gfp & __GFP_MOVABLE);
}

static void device_that_reaches_little_gets_low_pages(struct kunit *test)
{
	struct gem_uma_device_config config = {};
	struct gem_uma_mock *mock = gem_uma_mock_alloc(test);

	*mock->drm.dev->dma_mask = DMA_BIT_MASK(24);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_EXPECT_TRUE(test, mock->udev.gfp & __GFP_DMA32);
	KUNIT_EXPECT_FALSE(test, mock->udev.gfp & __GFP_HIGHMEM);
}

/* What the DMA API says of it does not count. */
static void device_with_physical_addresses_reaches_all_virtio_L2(struct kunit *test)
{
	struct gem_uma_device_config config = { .physical = true };
	struct gem_uma_mock *mock = gem_uma_mock_alloc(test);

	*mock->drm.dev->dma_mask = DMA_BIT_MASK(24);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_EXPECT_FALSE(test, mock->udev.gfp & __GFP_DMA32);
	KUNIT_EXPECT_TRUE(test, mock->udev.coherent);
	KUNIT_EXPECT_EQ(test, mock->udev.max_run, SZ_1G >> PAGE_SHIFT);
}

static void device_max_run_is_what_one_call_takes(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);

	KUNIT_EXPECT_GE(test, mock->udev.max_run, 1);
	KUNIT_EXPECT_LE(test, mock->udev.max_run, SZ_1G >> PAGE_SHIFT);
	KUNIT_EXPECT_LE(test, mock->udev.max_run << PAGE_SHIFT,
			dma_max_mapping_size(mock->drm.dev));
}

static void device_config_is_kept(struct kunit *test)
{
	struct gem_uma_device_config config = { .allow_bounce = true };
	struct gem_uma_mock *mock = gem_uma_mock_alloc(test);

	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_EXPECT_TRUE(test, mock->udev.allow_bounce);
}

static void device_huge_mounts_are_of_their_own(struct kunit *test)
{
	struct gem_uma_mock *one = gem_uma_mock_create(test, true);
	struct gem_uma_mock *two = gem_uma_mock_create(test, true);

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "no huge folios in this kernel");
	KUNIT_ASSERT_NOT_NULL(test, one->udev.huge_mnt);
	KUNIT_ASSERT_NOT_NULL(test, two->udev.huge_mnt);
	KUNIT_EXPECT_PTR_NE(test, one->udev.huge_mnt->mnt_sb, two->udev.huge_mnt->mnt_sb);
	KUNIT_EXPECT_STREQ(test, one->udev.huge_mnt->mnt_sb->s_type->name, "tmpfs");
}

static void device_count_super(struct super_block *sb, void *n)
{
	(*(unsigned int *)n)++;
}

static unsigned int device_count_mounts(void)
{
	unsigned int n = 0;

	iterate_supers_type(get_fs_type("tmpfs"), device_count_super, &n);
	return n;
}

static void device_takes_its_mount_with_it(struct kunit *test)
{
	struct gem_uma_device_config config = { .huge = true };
	unsigned int before = device_count_mounts();
	struct platform_device *parent = gem_uma_mock_platform();
	struct gem_uma_mock *mock;

	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
		kunit_skip(test, "no huge folios in this kernel");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, parent);
	mock = gem_uma_mock_alloc_on(&parent->dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_EXPECT_EQ(test, device_count_mounts(), before + 1);
	platform_device_unregister(parent);
	KUNIT_EXPECT_EQ(test, device_count_mounts(), before);
}

static void device_bounces_when_addresses_disagree(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t addr;

	KUNIT_ASSERT_NOT_NULL(test, page);
	addr = dma_map_page(mock->drm.dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, dma_mapping_error(mock->drm.dev, addr), 0);
	KUNIT_EXPECT_FALSE(test, gem_uma_device_bounces(&mock->udev, addr, page_to_phys(page)));
	KUNIT_EXPECT_TRUE(test, gem_uma_device_bounces(&mock->udev, addr,
						       page_to_phys(page) + PAGE_SIZE));
	dma_unmap_page(mock->drm.dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);

	gem_uma_mock_bounce(mock, true);
	addr = dma_map_page(mock->drm.dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, dma_mapping_error(mock->drm.dev, addr), 0);
	KUNIT_EXPECT_TRUE(test, gem_uma_device_bounces(&mock->udev, addr, page_to_phys(page)));
	dma_unmap_page(mock->drm.dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	gem_uma_mock_bounce(mock, false);
	__free_page(page);
}

/* Addresses of others than the direct mapping say nothing about copies. */
static void device_address_of_other_dma_ops_is_no_bounce_rev_C10(struct kunit *test)
{
	static const struct dma_map_ops ops = {};
	struct gem_uma_mock *mock = gem_uma_mock_create(test, false);

	KUNIT_EXPECT_TRUE(test, gem_uma_device_bounces(&mock->udev, SZ_1G, SZ_1M));
	set_dma_ops(mock->drm.dev, &ops);
	if (get_dma_ops(mock->drm.dev))
		KUNIT_EXPECT_FALSE(test, gem_uma_device_bounces(&mock->udev, SZ_1G, SZ_1M));
	else
		kunit_skip(test, "this kernel has the direct mapping and IOMMUs only");
	set_dma_ops(mock->drm.dev, NULL);
}

static struct kunit_case gem_uma_device_cases[] = {
	KUNIT_CASE(device_init_learns_the_facts),
	KUNIT_CASE(device_pages_never_set_up_the_oom_killer),
	KUNIT_CASE(device_that_reaches_little_gets_low_pages),
	KUNIT_CASE(device_with_physical_addresses_reaches_all_virtio_L2),
	KUNIT_CASE(device_max_run_is_what_one_call_takes),
	KUNIT_CASE(device_config_is_kept),
	KUNIT_CASE(device_huge_mounts_are_of_their_own),
	KUNIT_CASE(device_takes_its_mount_with_it),
	KUNIT_CASE(device_bounces_when_addresses_disagree),
	KUNIT_CASE(device_address_of_other_dma_ops_is_no_bounce_rev_C10),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_device);

MODULE_DESCRIPTION("Unit tests of gem-uma");
MODULE_AUTHOR("The gem-uma authors");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_LICENSE("GPL");
