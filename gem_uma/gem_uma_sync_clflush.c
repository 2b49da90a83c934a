// SPDX-License-Identifier: GPL-2.0
/*
 * Cache maintenance for devices of x86 that do not snoop.
 *
 * Owns nothing, takes no lock. Neighbours: sync and dev_map, which call it through
 * &struct gem_uma_sync_ops.
 */
#include <linux/export.h>
#include <linux/io.h>

#include <drm/drm_cache.h>
#include <drm/gem_uma/gem_uma_sync.h>

/* Has a fence on both sides, as &struct gem_uma_sync_ops wants (uma-A12). */
static void gem_uma_sync_clflush(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	drm_clflush_virt_range(phys_to_virt(piece->phys), piece->size);
}

/* The instruction does not write lines back without dropping them: the clean before it did. */
static void gem_uma_sync_clflush_done(struct device *dev,
				      const struct gem_uma_sync_piece *piece)
{
}

/*
 * For &gem_uma_device_config.sync_ops of a driver that knows that its device does not snoop.
 * The DMA API of x86 takes all devices for coherent.
 */
const struct gem_uma_sync_ops gem_uma_sync_clflush_ops = {
	.clean = gem_uma_sync_clflush,
	.invalidate = gem_uma_sync_clflush_done,
};
EXPORT_SYMBOL_GPL(gem_uma_sync_clflush_ops);
