/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_USERPTR_H_
#define _DRM_GEM_UMA_USERPTR_H_

#include <linux/bits.h>
#include <linux/types.h>

struct dma_buf;
struct dma_buf_attach_ops;
struct dma_buf_attachment;
struct dma_fence;

/* Devices only read it; the process need not be able to write it either. */
#define GEM_UMA_USERPTR_READONLY	BIT(0)
/* Nothing is pinned: device mappings follow what the process does with its memory. */
#define GEM_UMA_USERPTR_NOTIFIER	BIT(1)

/**
 * struct gem_uma_userptr_driver - what a driver does for GEM_UMA_USERPTR_NOTIFIER
 */
struct gem_uma_userptr_driver {
	/**
	 * @overdue: a process wants to change memory that jobs use, and has waited for long, or
	 * ends. False: @fence is of no job of this driver. True: it is, and signals soon. A job
	 * that the device has is stopped. One that is queued never runs, and its fence waits
	 * neither for jobs of other clients nor for what that job was to wait for.
	 *
	 * Callable from memory reclaim, with resvs of anybody held: takes spinlocks only, does
	 * not sleep or allocate, and drops no last reference.
	 */
	bool (*overdue)(struct dma_fence *fence);
};

/*
 * Of attachments whose importer looks before each job; others cannot have such memory. Their
 * importer_priv is the struct gem_uma_userptr_driver.
 */
extern const struct dma_buf_attach_ops gem_uma_userptr_importer;

struct dma_buf *gem_uma_userptr_export(u64 addr, u64 size, u32 flags);
bool gem_uma_userptr_is_readonly(const struct dma_buf *dma_buf);
bool gem_uma_userptr_is_watched(const struct dma_buf *dma_buf);
bool gem_uma_userptr_any_watched(void);
bool gem_uma_userptr_is_stale(const struct dma_buf_attachment *attach);
int gem_uma_userptr_lookup(struct dma_buf *dma_buf);
void gem_uma_userptr_publish_begin(void);
void gem_uma_userptr_publish_end(void);

#endif
