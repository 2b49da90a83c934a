/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Syncobjs to wait for and to signal.
 */
#ifndef _VUMA_SYNC_H_
#define _VUMA_SYNC_H_

#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_file;
struct drm_syncobj;
struct drm_vuma_sync;

/**
 * struct vuma_out_sync - a syncobj to signal, with all that this needs
 */
struct vuma_out_sync {
	/** @syncobj: a reference. */
	struct drm_syncobj *syncobj;
	/** @chain: for a timeline point, else NULL. */
	struct dma_fence_chain *chain;
	/** @point: the point, or 0. */
	u64 point;
};

/**
 * struct vuma_outs - all syncobjs that one ioctl signals
 */
struct vuma_outs {
	/** @out: what to signal. */
	struct vuma_out_sync *out;
	/** @nr: entries of @out that hold something. */
	u32 nr;
};

struct drm_vuma_sync *vuma_syncs_copy(u64 ptr, u32 nr, u32 flags);
int vuma_outs_alloc(struct vuma_outs *outs, u32 nr);
int vuma_outs_add(struct vuma_outs *outs, struct drm_file *file,
		  const struct drm_vuma_sync *sync);
void vuma_outs_signal(struct vuma_outs *outs, struct dma_fence *fence);
void vuma_outs_free(struct vuma_outs *outs);

#endif /* _VUMA_SYNC_H_ */
