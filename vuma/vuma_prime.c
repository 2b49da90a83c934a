// SPDX-License-Identifier: GPL-2.0
/*
 * PRIME: the core's, but an exported dma-buf counts as a user of its buffer.
 */

#include <linux/dma-buf.h>
#include <linux/module.h>

#include <drm/drm_gem.h>
#include <drm/drm_prime.h>

#include "vuma_drv.h"
#include "vuma_vm.h"

static void vuma_prime_release(struct dma_buf *dma_buf)
{
	gem_uma_vm_users_put(vuma_bo_users(dma_buf->priv));
	drm_gem_dmabuf_release(dma_buf);
}

/* Nobody may have asked for an offset yet; mappings are found by it. */
static int vuma_prime_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	u64 offset;
	int ret = vuma_bo_mmap_offset(dma_buf->priv, &offset);

	return ret ?: drm_gem_dmabuf_mmap(dma_buf, vma);
}

static int vuma_prime_begin_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	return vuma_bo_begin_cpu_access(dma_buf->priv, dir);
}

static int vuma_prime_end_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	return vuma_bo_end_cpu_access(dma_buf->priv);
}

static const struct dma_buf_ops vuma_prime_ops = {
	.attach = drm_gem_map_attach,
	.detach = drm_gem_map_detach,
	.map_dma_buf = drm_gem_map_dma_buf,
	.unmap_dma_buf = drm_gem_unmap_dma_buf,
	.release = vuma_prime_release,
	.mmap = vuma_prime_mmap,
	.begin_cpu_access = vuma_prime_begin_cpu_access,
	.end_cpu_access = vuma_prime_end_cpu_access,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
};

/**
 * vuma_prime_export - &drm_gem_object_funcs.export
 * @obj: buffer
 * @flags: of the file
 *
 * Return: the dma-buf or an ERR_PTR.
 */
struct dma_buf *vuma_prime_export(struct drm_gem_object *obj, int flags)
{
	struct dma_buf_export_info info = {
		.exp_name = vuma_driver.name,
		.owner = vuma_driver.fops->owner,
		.ops = &vuma_prime_ops,
		.size = obj->size,
		.flags = flags,
		.priv = obj,
		.resv = obj->resv,
	};
	struct dma_buf *dma_buf;

	/* First, or the new dma-buf might be released before it is counted. */
	gem_uma_vm_users_get(vuma_bo_users(obj));
	dma_buf = drm_gem_dmabuf_export(obj->dev, &info);
	if (IS_ERR(dma_buf))
		gem_uma_vm_users_put(vuma_bo_users(obj));
	return dma_buf;
}

/**
 * vuma_prime_import - &drm_driver.gem_prime_import
 * @drm: the device
 * @dma_buf: what to import
 *
 * The core recognises only dma-bufs with its own operations.
 *
 * Return: the buffer, with a reference, or an ERR_PTR.
 */
struct drm_gem_object *vuma_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = dma_buf->priv;

	if (dma_buf->ops != &vuma_prime_ops || obj->dev != drm)
		return drm_gem_prime_import(drm, dma_buf);
	drm_gem_object_get(obj);
	return obj;
}

MODULE_IMPORT_NS("DMA_BUF");
