/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_USERPTR_H_
#define _DRM_GEM_UMA_USERPTR_H_

#include <linux/bits.h>
#include <linux/types.h>

struct dma_buf;

/* Devices only read it; the process need not be able to write it either. */
#define GEM_UMA_USERPTR_READONLY	BIT(0)

struct dma_buf *gem_uma_userptr_export(u64 addr, u64 size, u32 flags);
bool gem_uma_userptr_is_readonly(const struct dma_buf *dma_buf);

#endif
