// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest driver on the turn-key object: buffers that user space can create, map
 * and share, that cost nothing before first use, and that memory pressure can take.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/gem_uma/gem_uma_object.h>

struct example_device {
	struct drm_device drm;
	struct gem_uma_device uma;
};

static int example_dumb_create(struct drm_file *file, struct drm_device *drm,
			       struct drm_mode_create_dumb *args)
{
	struct example_device *edev = container_of(drm, struct example_device, drm);

	return gem_uma_object_dumb_create(file, &edev->uma, args);
}

DEFINE_DRM_GEM_FOPS(example_fops);

static const struct drm_driver example_driver = {
	.driver_features = DRIVER_GEM,
	.dumb_create = example_dumb_create,
	.fops = &example_fops,
	.name = "gem-uma-example",
	.desc = "Example of the turn-key object",
	.major = 1,
};

static int example_probe(struct platform_device *pdev)
{
	const struct gem_uma_device_config config = { .huge = true };
	struct example_device *edev;
	int ret;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	edev = devm_drm_dev_alloc(&pdev->dev, &example_driver, struct example_device, drm);
	if (IS_ERR(edev))
		return PTR_ERR(edev);
	ret = gem_uma_device_init(&edev->uma, &edev->drm, &config);
	if (ret)
		return ret;
	ret = gem_uma_reclaim_device_init(&edev->uma);
	if (ret)
		return ret;
	platform_set_drvdata(pdev, edev);
	return drm_dev_register(&edev->drm, 0);
}

static void example_remove(struct platform_device *pdev)
{
	struct example_device *edev = platform_get_drvdata(pdev);

	drm_dev_unplug(&edev->drm);
	gem_uma_object_unplug_all(&edev->uma);
}

static struct platform_driver example_platform_driver = {
	.probe = example_probe,
	.remove = example_remove,
	.driver = { .name = "gem-uma-example" },
};
module_platform_driver(example_platform_driver);

MODULE_DESCRIPTION("Example of the turn-key object of gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
