// SPDX-License-Identifier: GPL-2.0
/*
 * Syncobjs to wait for and to signal, as SUBMIT and VM_BIND take them.
 */

#include <linux/dma-fence-chain.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_syncobj.h>
#include <drm/vuma_drm.h>

#include "vuma_sync.h"

/**
 * vuma_syncs_copy - copy an array from user space
 * @ptr: the user's pointer
 * @nr: number of entries, may be 0
 * @flags: what is allowed in them
 *
 * Return: the copy, to be freed with kfree(), or an ERR_PTR.
 */
struct drm_vuma_sync *vuma_syncs_copy(u64 ptr, u32 nr, u32 flags)
{
	struct drm_vuma_sync *syncs;
	u32 i;

	syncs = memdup_array_user(u64_to_user_ptr(ptr), nr, sizeof(*syncs));
	if (IS_ERR(syncs))
		return syncs;

	for (i = 0; i < nr; i++) {
		if (syncs[i].flags & ~flags) {
			kfree(syncs);
			return ERR_PTR(-EINVAL);
		}
	}
	return syncs;
}

/**
 * vuma_outs_alloc - make room
 * @outs: zeroed
 * @nr: for so many syncobjs
 *
 * Return: 0 or -ENOMEM.
 */
int vuma_outs_alloc(struct vuma_outs *outs, u32 nr)
{
	outs->out = kcalloc(nr, sizeof(*outs->out), GFP_KERNEL_ACCOUNT);
	return outs->out ? 0 : -ENOMEM;
}

/**
 * vuma_outs_add - allocate all that signalling a syncobj needs
 * @outs: with room
 * @file: the caller's file
 * @sync: which syncobj
 *
 * Return: 0, -ENOENT or -ENOMEM.
 */
int vuma_outs_add(struct vuma_outs *outs, struct drm_file *file,
		  const struct drm_vuma_sync *sync)
{
	struct vuma_out_sync *out = &outs->out[outs->nr];

	out->syncobj = drm_syncobj_find(file, sync->handle);
	if (!out->syncobj)
		return -ENOENT;
	outs->nr++;

	out->point = sync->point;
	if (!sync->point)
		return 0;
	out->chain = dma_fence_chain_alloc();
	return out->chain ? 0 : -ENOMEM;
}

/**
 * vuma_outs_signal - let syncobjs follow a fence; does not fail
 * @outs: the syncobjs
 * @fence: the fence
 */
void vuma_outs_signal(struct vuma_outs *outs, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < outs->nr; i++) {
		struct vuma_out_sync *out = &outs->out[i];

		if (out->chain)
			drm_syncobj_add_point(out->syncobj, no_free_ptr(out->chain), fence,
					      out->point);
		else
			drm_syncobj_replace_fence(out->syncobj, fence);
	}
}

/**
 * vuma_outs_free - put the syncobjs and free what was allocated
 * @outs: the syncobjs, signalled or not
 */
void vuma_outs_free(struct vuma_outs *outs)
{
	u32 i;

	for (i = 0; i < outs->nr; i++) {
		drm_syncobj_put(outs->out[i].syncobj);
		dma_fence_chain_free(outs->out[i].chain);
	}
	kfree(outs->out);
}
