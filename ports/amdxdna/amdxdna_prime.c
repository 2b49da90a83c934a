// SPDX-License-Identifier: GPL-2.0
/*
 * How amdxdna exports.
 *
 * Operations are the library's, but for mmap(): where another process imports a buffer and maps
 * that, the device finds it through these page tables. HMM and get_user_pages() refuse those of
 * the library, which have no pages. So the VMA of a dma-buf has pages, and pins the buffer.
 *
 * A dma-buf that comes back is an object of its own: a buffer belongs to one client.
 */
/* First: some headers of the driver's do not include what they use. */
#include <linux/mm.h>

#include <linux/dma-buf.h>
#include <linux/err.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_prime.h>
#include <drm/drm_print.h>
#include <drm/gem_uma/gem_uma_object_prime.h>

#include "amdxdna_gem.h"

static struct gem_uma_backing *amdxdna_prime_backing(struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = vma->vm_private_data;

	return &to_gem_uma_object(obj)->backing;
}

static void amdxdna_prime_vm_open(struct vm_area_struct *vma)
{
	struct gem_uma_backing *b = amdxdna_prime_backing(vma);

	/* That of the VMA it was made of is still there, so this takes no lock. */
	drm_WARN_ON_ONCE(b->udev->drm, gem_uma_backing_pin(b));
	drm_gem_vm_open(vma);
}

static void amdxdna_prime_vm_close(struct vm_area_struct *vma)
{
	amdxdna_uma_unpin(to_xdna_obj(vma->vm_private_data));
	drm_gem_vm_close(vma);
}

/* Of what madvise() has thrown out, or a moved VMA has not. */
static vm_fault_t amdxdna_prime_vm_fault(struct vm_fault *vmf)
{
	struct page *page;

	page = gem_uma_backing_pinned_page(amdxdna_prime_backing(vmf->vma), vmf->pgoff);
	if (!page)
		return VM_FAULT_SIGBUS;
	return vmf_insert_page(vmf->vma, vmf->address, page);
}

static const struct vm_operations_struct amdxdna_prime_vm_ops = {
	.open = amdxdna_prime_vm_open,
	.close = amdxdna_prime_vm_close,
	.fault = amdxdna_prime_vm_fault,
};

/* All at once: the device does not wait for a fault. */
static int amdxdna_prime_fill(struct gem_uma_backing *b, struct vm_area_struct *vma)
{
	unsigned long at, nr = vma_pages(vma);
	int ret = 0;

	for (at = 0; !ret && at < nr; at++) {
		ret = vm_insert_page(vma, vma->vm_start + (at << PAGE_SHIFT),
				     gem_uma_backing_pinned_page(b, vma->vm_pgoff + at));
		cond_resched();
	}
	return ret;
}

/* The core has looked whether the VMA is inside of the dma-buf. */
static int amdxdna_prime_mmap(struct dma_buf *dma_buf, struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = dma_buf->priv;
	struct amdxdna_gem_obj *abo = to_xdna_obj(obj);
	int ret;

	if (vma_is_cow_mapping(vma))
		return -EINVAL;
	ret = amdxdna_uma_pin(abo);
	if (ret)
		return ret;
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTDUMP);
	ret = amdxdna_prime_fill(&abo->base.backing, vma);
	if (ret) {
		amdxdna_uma_unpin(abo);
		return ret;
	}
	drm_gem_object_get(obj);
	vma->vm_private_data = obj;
	vma->vm_ops = &amdxdna_prime_vm_ops;
	return 0;
}

static void amdxdna_prime_release(struct dma_buf *dma_buf)
{
	gem_uma_object_prime_release(&amdxdna_prime, dma_buf);
}

static const struct dma_buf_ops amdxdna_prime_ops = {
	.pin = gem_uma_object_prime_pin,
	.unpin = gem_uma_object_prime_unpin,
	.map_dma_buf = gem_uma_object_prime_map,
	.unmap_dma_buf = gem_uma_object_prime_unmap,
	.release = amdxdna_prime_release,
	.mmap = amdxdna_prime_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
	.begin_cpu_access = gem_uma_object_prime_begin,
	.end_cpu_access = gem_uma_object_prime_end,
};

struct dma_buf *amdxdna_prime_export(struct drm_gem_object *obj, int flags)
{
	return gem_uma_object_prime_export(&amdxdna_prime, obj, flags);
}

struct drm_gem_object *amdxdna_gem_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	return gem_uma_object_prime_import(&amdxdna_prime, drm, dma_buf);
}

const struct gem_uma_object_prime amdxdna_prime = {
	.ops = &amdxdna_prime_ops,
	.export = amdxdna_prime_export,
	.import = amdxdna_gem_prime_import,
	.separate = true,
};

/* Is it the dma-buf of that object? Its handle may be another one's by now. */
static bool amdxdna_prime_is_of(struct dma_buf *dma_buf, struct drm_gem_object *obj)
{
	if (obj->import_attach)
		return obj->import_attach->dmabuf == dma_buf;
	return dma_buf->ops == &amdxdna_prime_ops && dma_buf->priv == obj;
}

/* The core gives an import on as the dma-buf that it is. Memory of a process is not to be. */
int amdxdna_prime_handle_to_fd(struct drm_device *drm, struct drm_file *file, u32 handle,
			       u32 flags, int *fd)
{
	struct drm_gem_object *obj = drm_gem_object_lookup(file, handle);
	struct dma_buf *dma_buf;
	int ret;

	if (!obj)
		return -ENOENT;
	if (to_xdna_obj(obj)->private_buffer) {
		drm_gem_object_put(obj);
		return -EOPNOTSUPP;
	}
	dma_buf = drm_gem_prime_handle_to_dmabuf(drm, file, handle, flags);
	if (IS_ERR(dma_buf)) {
		drm_gem_object_put(obj);
		return PTR_ERR(dma_buf);
	}
	ret = amdxdna_prime_is_of(dma_buf, obj) ? dma_buf_fd(dma_buf, flags) : -ENOENT;
	drm_gem_object_put(obj);
	if (ret < 0) {
		dma_buf_put(dma_buf);
		return ret;
	}
	*fd = ret;
	return 0;
}
