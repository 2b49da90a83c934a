/* SPDX-License-Identifier: GPL-2.0 */
/* What the parts of the random model test share: the model, its operations, its checks. */
#ifndef _GEM_UMA_MODEL_H_
#define _GEM_UMA_MODEL_H_

#include <linux/dma-buf.h>
#include <linux/prandom.h>

#include <drm/gem_uma/gem_uma_stats.h>

#include "gem_uma_mock_vm.h"

#define MODEL_BUFS	6
#define MODEL_VMS	3
#define MODEL_SEGS	8
#define MODEL_JOBS	4
/* Pages of a VM; bindings are placed at random and must not overlap. */
#define MODEL_VM_PAGES	2048

/* A buffer, as we know it. */
struct model_buf {
	/* NULL: the slot is free. */
	struct gem_uma_mock_buf *buf;
	struct file *file;
	unsigned long pages;
	/* The word in each page. */
	u32 *shadow;
	/* Page frame of each page, 0 if not resident; made by each check. */
	unsigned long *pfn;
	/* We have a reference; without it, only mappings keep the buffer. */
	bool handle;
	unsigned int vmaps;
	unsigned int pins;
	struct iosys_map map;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	/* What the buffer counted when last checked. */
	u64 evicted;
	u64 restored;
};

/* A piece of a CPU mapping; nr is 0 in a free slot. */
struct model_seg {
	struct model_buf *mb;
	unsigned long addr;
	pgoff_t pgoff;
	unsigned long nr;
};

struct model_config {
	const char *name;
	unsigned int bufs;
	unsigned long max_pages;
	bool huge;
	/* One of so many steps is done: large buffers are slow to check. */
	unsigned int divisor;
};

struct model {
	struct kunit *test;
	const struct model_config *config;
	struct gem_uma_mock *mock;
	struct gem_uma_mock_gpu *gpu;
	struct gem_uma_mock_vm *vms[MODEL_VMS];
	struct device *importer;
	struct gem_uma_client client;
	struct model_buf bufs[MODEL_BUFS];
	struct model_seg segs[MODEL_SEGS];
	struct rnd_state rnd;
	unsigned long long seed;
	unsigned int step;
	const char *op;
	unsigned long hint;
	/* Allocations fail on demand in this kernel. */
	bool can_inject;
	/* Fail which allocation of the next operation, 0 for none. */
	unsigned int inject;
	bool injected;
	/* What freed buffers counted. */
	u64 evicted;
	u64 restored;
	unsigned int failed;
};

static inline u32 model_random(struct model *m, u32 limit)
{
	return limit ? prandom_u32_state(&m->rnd) % limit : 0;
}

static inline struct gem_uma_object *model_uobj(struct model_buf *mb)
{
	return &mb->buf->base;
}

static inline void model_lock(struct model_buf *mb)
{
	dma_resv_lock(model_uobj(mb)->base.resv, NULL);
}

static inline void model_unlock(struct model_buf *mb)
{
	dma_resv_unlock(model_uobj(mb)->base.resv);
}

static inline bool model_is_busy(struct model_buf *mb)
{
	return !dma_resv_test_signaled(model_uobj(mb)->base.resv, DMA_RESV_USAGE_BOOKKEEP);
}

static inline struct model_buf *model_find(struct model *m, const struct gem_uma_mock_buf *buf)
{
	unsigned int i;

	for (i = 0; i < MODEL_BUFS; i++)
		if (m->bufs[i].buf == buf)
			return &m->bufs[i];
	return NULL;
}

static inline unsigned int model_count_segs(struct model *m, const struct model_buf *mb)
{
	unsigned int i, n = 0;

	for (i = 0; i < MODEL_SEGS; i++)
		n += m->segs[i].nr && m->segs[i].mb == mb;
	return n;
}

const char *gem_uma_model_run(struct model *m);
void gem_uma_model_finish_job(struct model *m, struct gem_uma_mock_job *job);
void gem_uma_model_detach(struct model_buf *mb);
const char *gem_uma_model_check(struct model *m);

#endif
