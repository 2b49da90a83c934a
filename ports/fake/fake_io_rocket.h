/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What only rocket asks of its surroundings: a node of the device tree for each core, reset
 * lines, and cache maintenance, which the model counts. Its device does not snoop.
 */
#ifndef _FAKE_IO_ROCKET_H_
#define _FAKE_IO_ROCKET_H_

#include <linux/dma-mapping.h>
#include <linux/reset.h>

struct device_node *FAKE(next_node)(struct device_node *prev);
int FAKE(reset)(struct device *dev, struct reset_control_bulk_data *lines, bool on);
void FAKE(clean)(size_t size);
void FAKE(invalidate)(size_t size);

#undef for_each_compatible_node
#define for_each_compatible_node(node, type, compatible) \
	for (node = FAKE(next_node)(NULL); node; node = FAKE(next_node)(node))
#define of_device_is_available(node) ((node) != NULL)

/* The lines are known by where the driver keeps them: it asks for them once. */
#define devm_reset_control_bulk_get_exclusive(dev, nr, lines) FAKE(reset)(dev, lines, false)
#define reset_control_bulk_assert(nr, lines) FAKE(reset)(NULL, lines, true)
#define reset_control_bulk_deassert(nr, lines) FAKE(reset)(NULL, lines, false)

static inline size_t fake_table_size(const struct sg_table *sgt)
{
	struct scatterlist *sg;
	size_t size = 0;
	int i;

	for_each_sgtable_sg(sgt, sg, i)
		size += sg->length;
	return size;
}

/* As it is, the driver maintains all of a buffer. */
#define dma_sync_sgtable_for_device(dev, sgt, dir) FAKE(clean)(fake_table_size(sgt))
#define dma_sync_sgtable_for_cpu(dev, sgt, dir) FAKE(invalidate)(fake_table_size(sgt))

/* Ported. */
#if IS_ENABLED(CONFIG_DRM_GEM_UMA)
#include <drm/gem_uma/gem_uma_device.h>

static inline void fake_clean(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	FAKE(clean)(piece->size);
}

static inline void fake_invalidate(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	FAKE(invalidate)(piece->size);
}

static inline int fake_device_init(struct gem_uma_device *udev, struct drm_device *drm,
				   const struct gem_uma_device_config *config)
{
	static const struct gem_uma_sync_ops ops = {
		.clean = fake_clean, .invalidate = fake_invalidate,
	};
	struct gem_uma_device_config recorded = *config;

	recorded.sync_ops = &ops;
	return gem_uma_device_init(udev, drm, &recorded);
}

#define gem_uma_device_init(udev, drm, config) fake_device_init(udev, drm, config)
#endif

#endif
