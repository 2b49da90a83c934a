// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: somebody else's buffer.
 *
 * Owns the table that the exporter maps. Lock: the resv, which is the exporter's. Neighbours:
 * dev_map below, which describes the table; prime above, where the attachment comes from.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>

#include <drm/gem_uma/gem_uma_object.h>

#include "gem_uma_object_internal.h"

/**
 * gem_uma_object_import_map_locked() - have the exporter map an import
 * @uobj: import
 *
 * All of it: a part cannot be asked for.
 *
 * Context: resv held; may sleep, reclaim and do I/O.
 *
 * Return: 0; -ENODEV after unplug; as gem_uma_dev_map_init_sgt(), or the exporter's errno.
 */
int gem_uma_object_import_map_locked(struct gem_uma_object *uobj)
{
	struct dma_buf_attachment *attach = uobj->base.import_attach;
	struct sg_table *sgt;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	if (uobj->import_sgt)
		return 0;
	if (READ_ONCE(uobj->udev->unplugged))
		return -ENODEV;
	sgt = dma_buf_map_attachment(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = gem_uma_dev_map_init_sgt(&uobj->dev_map, &uobj->base, uobj->udev->dma_dev, sgt);
	if (ret)
		dma_buf_unmap_attachment(attach, sgt, DMA_BIDIRECTIONAL);
	else
		uobj->import_sgt = sgt;
	return ret;
}

/**
 * gem_uma_object_import_unmap_locked() - give back what was mapped of an import
 * @uobj: import, of which no page table of the device has an address
 *
 * It is mapped again when it is populated.
 *
 * Context: resv held; may sleep.
 */
void gem_uma_object_import_unmap_locked(struct gem_uma_object *uobj)
{
	struct dma_buf_attachment *attach = uobj->base.import_attach;

	dma_resv_assert_held(uobj->base.resv);
	/* Until the core has set the attachment, the table is not ours. */
	if (!uobj->import_sgt || !attach)
		return;
	gem_uma_dev_map_fini(&uobj->dev_map);
	dma_buf_unmap_attachment(attach, uobj->import_sgt, DMA_BIDIRECTIONAL);
	uobj->import_sgt = NULL;
}
EXPORT_SYMBOL_GPL(gem_uma_object_import_unmap_locked);
